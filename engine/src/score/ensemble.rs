//! What several models say together.

use std::cell::RefCell;
use std::sync::Arc;

use super::batch::Batch;
use super::Scorer;
use crate::model::{Body, Encoding, Ensemble, Feature, Join, Member, Model, Task};

thread_local! {
    /// A row of a member, and the answers of all members; kept so that a row costs no allocation.
    static ROOM: RefCell<(Vec<f64>, Vec<f64>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// An answer is not more than this, so that a mean is a number.
const MOST: f64 = 1e300;

/// The members of an ensemble, ready to score.
#[derive(Debug)]
pub(super) struct Members {
    members: Vec<One>,
    /// What joins their answers, where that is a model.
    last: Option<Box<Scorer>>,
}

#[derive(Debug)]
struct One {
    scorer: Scorer,
    cells: Vec<Cell>,
}

/// Where a cell of a member's row comes from.
#[derive(Debug)]
enum Cell {
    /// From a number, as it is.
    Number(usize),
    /// From a number, times this.
    Scaled(usize, f64),
    /// From a level: what stands for each of them and, last, for all other texts.
    Level(usize, Vec<f64>),
}

impl Cell {
    fn new(scorer: &Scorer, at: usize, place: usize, own: &Feature, given: &Feature) -> Cell {
        match (&own.encoding, &given.encoding) {
            (Encoding::Token { idf: own, .. }, Encoding::Token { idf: given, .. }) if own != given => {
                Cell::Scaled(place, own / given)
            }
            (encoding, given) if encoding.is_category() => {
                let levels = encoding.levels();
                let code = |level: &String| levels.binary_search(level).unwrap_or(levels.len()) as f64;
                let codes = given.levels().iter().map(code).chain([levels.len() as f64]);
                Cell::Level(place, codes.map(|code| scorer.place(at, code)).collect())
            }
            _ => Cell::Number(place),
        }
    }

    /// The feature of the ensemble that is read.
    fn place(&self) -> usize {
        match self {
            Cell::Number(place) | Cell::Scaled(place, _) | Cell::Level(place, _) => *place,
        }
    }

    /// What stands in the member's row for a cell.
    #[inline]
    fn of(&self, cell: f64) -> f64 {
        match self {
            Cell::Number(_) => cell,
            Cell::Scaled(_, by) => cell * by,
            Cell::Level(_, values) if !cell.is_nan() => {
                values.get(cell.max(0.0) as usize).or(values.last()).copied().unwrap_or(f64::NAN)
            }
            Cell::Level(..) => f64::NAN,
        }
    }
}

impl Members {
    /// The members of a model; `None` where it is no ensemble.
    pub fn new(model: &Model) -> Option<Members> {
        let Body::Ensemble(Ensemble { members, join }) = &model.body else { return None };
        let one = |member: &Member| {
            let scorer = Scorer::of(Arc::clone(&member.model));
            let own = member.places.iter().zip(&member.model.features).enumerate();
            let cells = own.map(|(at, (place, own))| {
                let place = *place as usize;
                Cell::new(&scorer, at, place, own, &model.features[place])
            });
            let cells = cells.collect();
            One { scorer, cells }
        };
        let last = match join {
            Join::Mean(_) | Join::Effects(_) => None,
            Join::Model(last) => Some(Box::new(Scorer::of(Arc::clone(last)))),
        };
        Some(Members { members: members.iter().map(one).collect(), last })
    }

    /// Whether some answer can depend on each of so many features.
    pub fn used(&self, features: usize) -> Vec<bool> {
        let mut used = vec![false; features];
        for one in &self.members {
            one.cells.iter().enumerate().for_each(|(f, cell)| used[cell.place()] |= one.scorer.uses(f));
        }
        used
    }

    /// The scorer of each member.
    pub fn scorers(&self) -> impl Iterator<Item = &Scorer> {
        self.members.iter().map(|one| &one.scorer)
    }

    /// The scorer of the model that joins answers.
    pub fn last(&self) -> Option<&Scorer> {
        self.last.as_deref()
    }

    /// The row of a member.
    pub fn row(&self, member: usize, row: &[f64], out: &mut Vec<f64>) {
        out.clear();
        out.extend(self.members[member].cells.iter().map(|cell| cell.of(row[cell.place()])));
    }

    /// Write the answer to an encoded row.
    pub fn predict(&self, body: &Ensemble, task: &Task, row: &[f64], out: &mut [f64]) {
        ROOM.with_borrow_mut(|(own, said)| {
            let own_outputs = own_outputs(body, out.len());
            said.clear();
            said.resize(self.members.len() * own_outputs, f64::NAN);
            for (at, said) in said.chunks_exact_mut(own_outputs).enumerate() {
                self.row(at, row, own);
                self.members[at].scorer.predict(own, said);
            }
            self.join(body, task, said, out);
        });
    }

    /// From the answers of all members to one.
    fn join(&self, body: &Ensemble, task: &Task, said: &[f64], out: &mut [f64]) {
        match (&body.join, &self.last) {
            (Join::Mean(weights), _) => {
                let outputs = out.len();
                let total: f64 = weights.iter().sum();
                let is_class = matches!(task, Task::Classification { .. });
                for (output, out) in out.iter_mut().enumerate() {
                    let own = said.iter().skip(output).step_by(outputs);
                    let sum: f64 = own.zip(weights).map(|(said, weight)| weight / total * held(*said)).sum();
                    *out = if is_class { sum.clamp(0.0, 1.0) } else { sum };
                }
            }
            (Join::Effects(effects), _) => {
                // Between two probabilities there is no more than 1.
                let most = match task {
                    Task::Uplift { classes, .. } if !classes.is_empty() => 1.0,
                    _ => f64::MAX,
                };
                let (largest, out) = match out {
                    [largest, each @ ..] if !each.is_empty() => (Some(largest), each),
                    out => (None, out),
                };
                for (out, effects) in out.iter_mut().zip(effects.chunks_exact(said.len().max(1))) {
                    let sum: f64 = said.iter().zip(effects).map(|(said, effect)| effect * held(*said)).sum();
                    *out = sum.clamp(-most, most);
                }
                if let Some(largest) = largest {
                    *largest = out.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                }
            }
            (Join::Model(_), Some(last)) => last.predict(said, out),
            (Join::Model(_), None) => {}
        }
    }

    /// Whether many rows at a time are quicker for some member.
    pub fn gain_from_batches(&self) -> bool {
        self.scorers().any(Scorer::gains_from_batches)
    }

    /// About how many nanoseconds a row takes.
    pub fn nanoseconds(&self) -> f64 {
        let one = |one: &One| 10.0 + one.cells.len() as f64 + one.scorer.nanoseconds();
        self.members.iter().map(one).sum::<f64>() + self.last.as_ref().map_or(10.0, |last| last.nanoseconds())
    }

    /// Bytes of the members.
    pub fn bytes(&self) -> usize {
        let cell = |cell: &Cell| match cell {
            Cell::Level(_, values) => values.capacity() * 8 + std::mem::size_of::<Cell>(),
            _ => std::mem::size_of::<Cell>(),
        };
        let one = |one: &One| one.scorer.memory() + one.cells.iter().map(cell).sum::<usize>();
        self.members.iter().map(one).sum::<usize>() + self.last.as_ref().map_or(0, |last| last.memory())
    }
}

#[inline]
fn held(said: f64) -> f64 {
    if said.is_nan() {
        0.0
    } else {
        said.clamp(-MOST, MOST)
    }
}

/// Numbers of an answer of a member.
fn own_outputs(body: &Ensemble, outputs: usize) -> usize {
    match body.join {
        Join::Effects(_) => 1,
        Join::Mean(_) | Join::Model(_) => outputs,
    }
}

/// What members need for many rows.
#[derive(Debug)]
pub(super) struct Room {
    batches: Vec<Batch>,
    columns: Vec<Vec<f64>>,
    said: Vec<f64>,
    row: Vec<f64>,
}

impl Room {
    /// For the members of a scorer, with the instructions of a level.
    pub fn new(members: &Members, level: super::Level) -> Room {
        let batches = members.scorers().map(|scorer| Batch::with_level(scorer, level)).collect();
        Room { batches, columns: Vec::new(), said: Vec::new(), row: Vec::new() }
    }

    /// Write the answers to rows given by column.
    pub fn predict(
        &mut self,
        members: &Members,
        (body, task): (&Ensemble, &Task),
        columns: &[&[f64]],
        outputs: usize,
        out: &mut [f64],
    ) {
        let rows = out.len() / outputs;
        let own = own_outputs(body, outputs);
        self.said.clear();
        self.said.resize(members.members.len() * rows * own, f64::NAN);
        let all = members.members.iter().zip(&mut self.batches).zip(self.said.chunks_exact_mut((rows * own).max(1)));
        for ((one, batch), said) in all {
            self.columns.resize_with(self.columns.len().max(one.cells.len()), Vec::new);
            for (column, cell) in self.columns.iter_mut().zip(&one.cells) {
                column.clear();
                column.extend(columns[cell.place()][..rows].iter().map(|value| cell.of(*value)));
            }
            let cells: Vec<&[f64]> = self.columns[..one.cells.len()].iter().map(Vec::as_slice).collect();
            batch.predict(&one.scorer, &cells, said);
        }
        for (row, answer) in out.chunks_exact_mut(outputs).enumerate() {
            self.row.clear();
            for said in self.said.chunks_exact(rows * own) {
                self.row.extend_from_slice(&said[row * own..][..own]);
            }
            members.join(body, task, &self.row, answer);
        }
    }
}

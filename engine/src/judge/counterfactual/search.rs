//! The search through changes of one column and of two, in full.

use rayon::prelude::*;

use super::beam;
use super::bound::Bound;
use super::candidates::{candidates, Candidate, Changeable};
use super::tester::Tester;
use super::{Alternative, Change, Found, Goal, Start, Wish};
use crate::control::Control;
use crate::error::Result;
use crate::judge::given::Given;
use crate::score::Scorer;

/// Pairs of values of two columns that are scored at most; what is found among fewer than all is not proven.
const MOST_PAIRS: usize = 1 << 22;

/// A column with its candidates.
pub(super) struct Column {
    pub argument: usize,
    pub candidates: Vec<Candidate>,
}

/// A change of some columns that reaches the goal, by places of columns and of their candidates.
#[derive(Debug, Clone)]
pub(super) struct Hit {
    pub at: Vec<(usize, usize)>,
    pub distance: f64,
    pub after: f64,
    pub margin: f64,
    pub proven: bool,
}

impl Hit {
    /// Whether it is better than another of the same columns: nearer, or as near and further beyond the goal.
    pub fn beats(&self, other: &Hit) -> bool {
        self.distance < other.distance || self.distance == other.distance && self.margin > other.margin
    }
}

/// Search the smallest changes of a row that take the answer to the goal.
pub fn search(
    scorer: &Scorer,
    start: Start<'_>,
    columns: &[Changeable],
    wish: Wish,
    control: &Control,
) -> Result<Found> {
    let mut tester = Tester::new(scorer, start, wish.goal);
    let (before, margin) = tester.one(&[]);
    if margin >= 0.0 {
        return Ok(Found { before, there: true, alternatives: Vec::new() });
    }
    let mut own = Vec::with_capacity(columns.len());
    for column in columns {
        let candidates = candidates(scorer, start, column, control)?;
        if !candidates.is_empty() {
            own.push(Column { argument: column.argument, candidates });
        }
    }
    let columns = own;
    let mut hits = Vec::new();
    if wish.most_changes >= 1 {
        hits = ones(&mut tester, &columns, control)?;
    }
    if hits.len() < wish.alternatives && wish.most_changes >= 2 {
        hits.extend(twos(scorer, start, wish.goal, &columns, &hits, control)?);
    }
    if hits.len() < wish.alternatives && wish.most_changes >= 3 {
        beam::extend(&mut tester, &columns, wish, &mut hits, control)?;
    }
    sort(&mut hits);
    hits.truncate(wish.alternatives);
    let stepless = scorer.model().body.as_trees().is_none();
    let alternatives = hits.into_iter().map(|hit| alternative(&columns, hit, stepless)).collect();
    Ok(Found { before, there: false, alternatives })
}

/// Fewest changes first, then the nearest.
fn sort(hits: &mut [Hit]) {
    hits.sort_by(|a, b| {
        let by_size = a.at.len().cmp(&b.at.len()).then(a.distance.total_cmp(&b.distance));
        by_size.then(b.margin.total_cmp(&a.margin)).then_with(|| a.at.cmp(&b.at))
    });
}

/// The best change of each column that reaches the goal by itself.
fn ones(tester: &mut Tester<'_>, columns: &[Column], control: &Control) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for at in 0..columns.len() {
        hits.extend(nearest(tester, &[], columns, at, f64::INFINITY, control)?.0);
    }
    Ok(hits)
}

/// With some changes, the best candidate of a further column whose distance is at most `most`; and how many were scored.
pub(super) fn nearest(
    tester: &mut Tester<'_>,
    fixed: &[(usize, usize)],
    columns: &[Column],
    place: usize,
    most: f64,
    control: &Control,
) -> Result<(Option<Hit>, usize)> {
    let column = &columns[place];
    let changes: Vec<(usize, &Given)> = fixed.iter().map(|&place| change(columns, place)).collect();
    let before: f64 = fixed.iter().map(|&(c, v)| columns[c].candidates[v].distance).sum();
    let (mut best, mut scored): (Option<Hit>, usize) = (None, 0);
    let count = column.candidates.partition_point(|c| c.distance <= most);
    for from in (0..count).step_by(tester.rows) {
        control.check()?;
        let part = &column.candidates[from..(from + tester.rows).min(count)];
        // What is further than the best is not better.
        if best.as_ref().is_some_and(|b| part[0].distance + before > b.distance) {
            break;
        }
        let rows = part.iter().map(|candidate| {
            let mut row = changes.clone();
            row.push((column.argument, &candidate.value));
            row
        });
        let answers = tester.test(rows);
        scored += part.len();
        for (i, ((after, margin), candidate)) in answers.into_iter().zip(part).enumerate() {
            if margin >= 0.0 {
                let mut at = fixed.to_vec();
                at.push((place, from + i));
                let hit = Hit { at, distance: before + candidate.distance, after, margin, proven: true };
                if best.as_ref().is_none_or(|best| hit.beats(best)) {
                    best = Some(hit);
                }
            }
        }
    }
    Ok((best, scored))
}

/// The column and the value of a place.
pub(super) fn change(columns: &[Column], (column, candidate): (usize, usize)) -> (usize, &Given) {
    (columns[column].argument, &columns[column].candidates[candidate].value)
}

/// The best change of each pair of columns that reaches the goal together, where none does by itself.
fn twos(
    scorer: &Scorer,
    start: Start<'_>,
    goal: Goal,
    columns: &[Column],
    ones: &[Hit],
    control: &Control,
) -> Result<Vec<Hit>> {
    let reaches = |at: usize| ones.iter().any(|hit| hit.at[0].0 == at);
    let rest: Vec<usize> = (0..columns.len()).filter(|&at| !reaches(at)).collect();
    let pairs: Vec<(usize, usize)> =
        rest.iter().enumerate().flat_map(|(i, &a)| rest[i + 1..].iter().map(move |&b| (a, b))).collect();
    control.start(pairs.len() as u64);
    let search = |&(a, b): &(usize, usize)| {
        // The shorter list is gone through from outside, so that more is scored at a time.
        let shorter = columns[a].candidates.len() <= columns[b].candidates.len();
        let hit = pair(scorer, start, goal, columns, if shorter { (a, b) } else { (b, a) }, control);
        control.advance(1);
        hit
    };
    Ok(pairs.par_iter().map(search).collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn pair(
    scorer: &Scorer,
    start: Start<'_>,
    goal: Goal,
    columns: &[Column],
    (outer, inner): (usize, usize),
    control: &Control,
) -> Result<Option<Hit>> {
    let mut tester = Tester::new(scorer, start, goal);
    let mut free = vec![false; scorer.model().features.len()];
    tester.features(columns[inner].argument).into_iter().for_each(|f| free[f] = true);
    let mut bound = Bound::new(scorer);
    if let Some(bound) = &mut bound {
        let mut both = free.clone();
        tester.features(columns[outer].argument).into_iter().for_each(|f| both[f] = true);
        if !bound.may_reach(start.cells, &both, goal) {
            return Ok(None);
        }
    }
    let (mut best, mut scored): (Option<Hit>, usize) = (None, 0);
    let first = columns[inner].candidates.first().map_or(0.0, |c| c.distance);
    for (at, candidate) in columns[outer].candidates.iter().enumerate() {
        control.check()?;
        let left = best.as_ref().map_or(f64::INFINITY, |best| best.distance - candidate.distance);
        if first > left {
            break;
        }
        if scored > MOST_PAIRS {
            best.iter_mut().for_each(|best| best.proven = false);
            break;
        }
        let row = tester.changed(&[(columns[outer].argument, &candidate.value)]);
        if bound.as_mut().is_some_and(|bound| !bound.may_reach(row, &free, goal)) {
            continue;
        }
        let (hit, rows) = nearest(&mut tester, &[(outer, at)], columns, inner, left, control)?;
        scored += rows;
        if let Some(hit) = hit.filter(|hit| best.as_ref().is_none_or(|best| hit.beats(best))) {
            best = Some(hit);
        }
    }
    Ok(best)
}

/// Where what numbers say has no steps, not all of their values are looked at.
fn alternative(columns: &[Column], hit: Hit, stepless: bool) -> Alternative {
    let change = |&(column, candidate): &(usize, usize)| {
        let Column { argument, candidates } = &columns[column];
        Change {
            argument: *argument,
            to: candidates[candidate].value.clone(),
            distance: candidates[candidate].distance,
        }
    };
    let mut changes: Vec<Change> = hit.at.iter().map(change).collect();
    changes.sort_by(|a, b| b.distance.total_cmp(&a.distance).then(a.argument.cmp(&b.argument)));
    let all = !stepless || changes.iter().all(|change| matches!(change.to, Given::Text(_)));
    Alternative { changes, distance: hit.distance, after: hit.after, proven: hit.proven && all }
}

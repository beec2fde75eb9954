//! What a training saw that its metrics do not tell: how much better the model is on the rows it learned from, how it got so tree by
//! tree, and on which segments of rows it is at its worst. It is kept with the version, so that a report needs no row.

mod overfit;
mod segments;
mod trees;

pub(super) use overfit::verdict;
pub use overfit::Overfitting;
pub use segments::WorstSegment;
pub use trees::TreesPoint;

use serde::{Deserialize, Serialize};

use crate::control::Control;
use crate::data::Holdout;
use crate::error::Result;
use crate::judge;
use crate::learn::{exposure, Target};
use crate::model::HeldRows;
use crate::score::Scorer;

use super::judged::{actual, judge_rows, score_columns, Known};
use super::Parts;

/// The most training rows that a training judges itself on.
const MOST_SEEN: usize = 10_000;
/// The most cells of a sample: where columns are many, rows are fewer.
const MOST_CELLS: usize = 4_000_000;
/// Walks of a row down a tree that judging training rows may take, and the fewest rows.
const MOST_WALKS: usize = 20_000_000;
const FEWEST_SEEN: usize = 500;
/// The most held-out rows that segments are looked for among.
const MOST_HELD: usize = 10_000;

/// What is kept with a version. JSON; what an older version did not write is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Insight {
    /// The metrics on rows that the model learned from.
    pub training: Vec<TrainingMetric>,
    /// How many rows those are.
    pub rows: u64,
    /// The model after its first trees, on training and held-out rows.
    pub trees: Vec<TreesPoint>,
    /// The losses of a network, epoch by epoch.
    pub epochs: Vec<EpochPoint>,
    /// Where the model is at its worst, the worst first.
    pub segments: Vec<WorstSegment>,
    /// How many segments were looked at.
    pub looked: u64,
    /// Whether the model learned its rows by heart.
    pub overfitting: Option<Overfitting>,
    /// What the doctor said of the training rows.
    pub findings: Vec<String>,
    /// The columns of the source, those that are not learned from too.
    pub columns: Vec<String>,
    /// The trials of the search that found its learner or parameters, the best first.
    pub leaderboard: Vec<Standing>,
}

/// How a trial of a search did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standing {
    /// 1 for the best; equal scores have the same rank.
    pub rank: u32,
    /// The learner.
    pub algorithm: String,
    /// The options that it has of its own.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// What trials were compared by.
    pub metric: String,
    /// Its mean over the folds; `None` without one.
    pub score: Option<f64>,
    /// Its standard deviation over the folds.
    pub deviation: Option<f64>,
    /// The rows that it learned from (of the largest fold).
    pub rows: u64,
    /// The seconds it took.
    pub seconds: f64,
    /// Whether the model was trained so.
    pub chosen: bool,
    /// Why it has no score.
    pub note: String,
}

/// What a network said after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochPoint {
    /// The epoch, from 1.
    pub epoch: u32,
    /// The mean loss of training rows while it went: log loss, or squared error of a number.
    pub training_loss: f64,
    /// That of watched rows after it.
    pub validation_loss: Option<f64>,
    /// Whether its weights are kept.
    pub kept: bool,
}

/// A metric on training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingMetric {
    /// Its name.
    pub metric: String,
    /// Its value.
    pub value: f64,
}

impl Insight {
    /// Read what was kept with a version; what is not understood is empty.
    pub fn read(bytes: &[u8]) -> Insight {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// The bytes to keep.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// A metric on the training rows.
    pub fn training(&self, metric: &str) -> Option<f64> {
        self.training.iter().find(|m| m.metric == metric).map(|m| m.value)
    }
}

/// Training rows with what is true of them, by column as learning encodes them.
pub(in crate::learn) struct Seen {
    pub(in crate::learn::train) columns: Vec<Vec<f64>>,
    pub(in crate::learn::train) known: Known,
}

impl Seen {
    /// How many of the training rows are looked at: none where no row is held out to compare them with.
    pub fn count(holdout: &Holdout, columns: usize) -> usize {
        if holdout.held.is_empty() {
            0
        } else {
            holdout.train.len().min(most_rows(columns, MOST_SEEN))
        }
    }

    /// The first `count` training rows, whose values stand at the end of the columns of the held-out rows.
    pub fn split(held: &mut [Vec<f64>], count: usize, parts: &Parts) -> Seen {
        let columns = held.iter_mut().map(|column| column.split_off(column.len().saturating_sub(count))).collect();
        let first = |values: &Option<Vec<f64>>| values.as_ref().map(|v| v[..count.min(v.len())].to_vec());
        let target = match &parts.target {
            Target::Class { codes, classes } => Target::Class { codes: codes[..count].to_vec(), classes: *classes },
            Target::Number(values) => Target::Number(values[..count].to_vec()),
        };
        let known =
            Known { actual: actual(target), weight: first(&parts.weight), offset: first(&parts.offset), twins: 0 };
        Seen { columns, known }
    }
}

/// What training and held-out rows say of a model; of no segment of fewer than `least` rows. The rows are in the order of a hash, so the first of them are a fair sample.
pub(super) fn look(
    scorer: &Scorer,
    seen: Seen,
    (held_columns, held, held_offset): (&[Vec<f64>], &HeldRows, Option<&[f64]>),
    least: u64,
    control: &Control,
) -> Result<Insight> {
    let Known { actual, weight, offset, .. } = seen.known;
    let trees = match scorer.model().body.as_ensemble() {
        Some(_) => scorer.model().body.walks().max(1),
        None => scorer.model().body.as_trees().map_or(1, |(trees, _)| trees.roots.len().max(1)),
    };
    let rows = seen.columns.first().map_or(0, Vec::len).min((MOST_WALKS / trees).max(FEWEST_SEEN));
    let columns: Vec<Vec<f64>> = seen.columns.iter().map(|column| column[..rows].to_vec()).collect();
    let mut scores = super::score_encoded(scorer, &columns, control)?;
    let offset = offset.map(|offset| offset[..rows].to_vec());
    offset.iter().for_each(|offset| exposure::expect(&mut scores, offset));
    let weight = weight.map(|w| w[..rows].to_vec());
    let own = HeldRows { outputs: held.outputs, scores, actual: actual.first(rows), weight };
    let metrics = judge_rows(scorer, &own).0;
    let compared = judge::compared(&scorer.model().task);
    let kept = metrics.iter().filter(|m| compared.contains(&m.name.as_ref()));
    let training = kept.filter_map(|m| Some(TrainingMetric { metric: m.name.to_string(), value: m.value? })).collect();
    let trees =
        trees::curve(scorer, [(&columns, &own, offset.as_deref()), (held_columns, held, held_offset)], control)?;
    let (segments, looked) = segments::worst(scorer, held_columns, &first(held, MOST_HELD), least, control)?;
    Ok(Insight { training, rows: own.rows() as u64, trees, segments, looked, ..Insight::default() })
}

/// The first rows.
fn first(rows: &HeldRows, most: usize) -> HeldRows {
    let count = rows.rows().min(most);
    HeldRows {
        outputs: rows.outputs,
        scores: rows.scores[..count * rows.outputs as usize].to_vec(),
        actual: rows.actual.first(count),
        weight: rows.weight.as_ref().map(|w| w[..count].to_vec()),
    }
}

/// The rows of a sample of at most `most`.
fn most_rows(columns: usize, most: usize) -> usize {
    (MOST_CELLS / columns.max(1)).clamp(500, most)
}

/// Rows given by column as learning encodes them, as [`Scorer::predict`] takes them.
fn placed(scorer: &Scorer, columns: &[Vec<f64>], count: usize) -> Vec<Vec<f64>> {
    let place = |(f, column): (usize, &Vec<f64>)| column[..count].iter().map(|&cell| scorer.place(f, cell)).collect();
    columns.iter().enumerate().map(place).collect()
}

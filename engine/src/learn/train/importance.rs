//! What columns are worth to a model, as it is told.

use serde_json::json;

use super::judged::{judge_rows, score_columns};
use crate::control::Control;
use crate::data::mix;
use crate::error::Result;
use crate::judge::importance::{mean_shap, of_splits, permutation, Estimate, Shuffle};
use crate::judge::more_is_better;
use crate::judge::shap::{columns, has_scores, Explained};
use crate::learn::exposure;
use crate::model::{Additive, Body, HeldActual, HeldRows, Model, Trees};
use crate::score::Scorer;

/// The most held-out rows that a training takes for it.
const MOST_ROWS: usize = 50_000;
/// How often a training shuffles a column.
const REPEATS: usize = 10;

/// What a column is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Importance {
    /// The column.
    pub feature: String,
    /// What for.
    pub value: f64,
    /// How that was found: gain, split, spread, mean_abs_shap or permutation.
    pub kind: &'static str,
    /// The interval that holds it in 95 of 100 samples of rows, where chance comes in.
    pub interval: Option<(f64, f64)>,
}

/// Columns of a kind, the most important first.
fn ranked(columns: &[Explained], kind: &'static str, values: impl Iterator<Item = Estimate>) -> Vec<Importance> {
    let importance = |(column, Estimate { value, low, high }): (&Explained, Estimate)| Importance {
        feature: column.name.clone(),
        value,
        kind,
        interval: (kind == "permutation").then_some((low, high)),
    };
    let mut all: Vec<Importance> = columns.iter().zip(values).map(importance).collect();
    all.sort_by(|a, b| b.value.total_cmp(&a.value));
    all
}

fn exact(value: f64) -> Estimate {
    Estimate { value, low: value, high: value }
}

/// What the splits of trees say.
fn by_splits(trees: &Trees, columns: &[Explained]) -> Vec<Importance> {
    let splits = of_splits(trees, columns);
    let mut all = ranked(columns, "gain", splits.iter().map(|(gain, _)| exact(*gain)));
    all.extend(ranked(columns, "split", splits.iter().map(|(_, count)| exact(*count as f64))));
    all
}

/// What the terms of a sum say: by column the standard deviation of that, as far as it is known.
fn by_terms(body: &Additive, model: &Model, columns: &[Explained]) -> Vec<Importance> {
    let spread = |column: &Explained| {
        let own = column.features.iter().filter_map(|f| Some((*f, &model.features.get(*f)?.stats)));
        exact(own.map(|(f, stats)| body.spread(f, stats)).map(|s| s * s).sum::<f64>().sqrt())
    };
    ranked(columns, "spread", columns.iter().map(spread))
}

/// What a model says by itself.
pub fn by_model(model: &Model, columns: &[Explained]) -> Vec<Importance> {
    match (&model.body, model.body.as_trees()) {
        (_, Some((trees, _))) => by_splits(trees, columns),
        (Body::Additive(body), _) => by_terms(body, model, columns),
        _ => Vec::new(),
    }
}

/// Rows with what is true of them.
#[derive(Debug)]
pub struct Judged {
    /// By feature, each cell as [`Scorer::predict`] takes it.
    pub cells: Vec<Vec<f64>>,
    /// The truth, if it is known.
    pub actual: HeldActual,
    /// The weight of each row.
    pub weight: Option<Vec<f64>>,
    /// What exposure and offset add to the score of each row.
    pub offset: Option<Vec<f64>>,
}

/// The rows in an order that does not depend on how they came, so that they are drawn and shuffled alike.
fn in_one_order(rows: Judged, control: &Control) -> Result<Judged> {
    let Judged { mut cells, mut actual, mut weight, mut offset } = rows;
    let count = cells.first().map_or(0, Vec::len);
    let mut hashes: Vec<u64> = control.filled(count, 0)?;
    let add = |hashes: &mut [u64], values: &[f64]| {
        hashes.iter_mut().zip(values).for_each(|(hash, value)| *hash = mix(*hash, (value + 0.0).to_bits()));
    };
    for column in cells.iter().chain(&weight).chain(&offset) {
        control.check()?;
        add(&mut hashes, column);
    }
    match &actual {
        HeldActual::Class(codes) => hashes.iter_mut().zip(codes).for_each(|(h, code)| *h = mix(*h, u64::from(*code))),
        HeldActual::Number(values) => add(&mut hashes, values),
        HeldActual::Treated { outcome, arms } => {
            add(&mut hashes, outcome);
            hashes.iter_mut().zip(arms).for_each(|(h, arm)| *h = mix(*h, u64::from(*arm)));
        }
        HeldActual::None => {}
    }
    let mut order: Vec<u32> = control.vec(count)?;
    order.extend(0..count as u32);
    order.sort_by_key(|row| hashes[*row as usize]);
    control.release_vec(hashes);
    let mut sorted: Vec<f64> = control.vec(count)?;
    for column in cells.iter_mut().chain(&mut weight).chain(&mut offset) {
        control.check()?;
        sorted.clear();
        sorted.extend(order.iter().map(|row| column[*row as usize]));
        column.copy_from_slice(&sorted);
    }
    match &mut actual {
        HeldActual::Class(codes) => *codes = order.iter().map(|row| codes[*row as usize]).collect(),
        HeldActual::Number(values) => *values = order.iter().map(|row| values[*row as usize]).collect(),
        HeldActual::Treated { outcome, arms } => {
            *outcome = order.iter().map(|row| outcome[*row as usize]).collect();
            *arms = order.iter().map(|row| arms[*row as usize]).collect();
        }
        HeldActual::None => {}
    }
    control.release_vec(sorted);
    control.release_vec(order);
    Ok(Judged { cells, actual, weight, offset })
}

/// What rows say: Shapley values, and, where the truth is known, what the headline metric loses. The metric is named where it is undefined on these rows,
/// so that nothing can be lost.
pub fn by_rows(
    scorer: &Scorer,
    rows: Judged,
    columns: &[Explained],
    shuffle: Shuffle,
    control: &Control,
) -> Result<(Vec<Importance>, Option<&'static str>)> {
    let Judged { mut cells, actual, weight, offset } = in_one_order(rows, control)?;
    control.stage(2);
    let mut all = match has_scores(scorer.model()) {
        true => ranked(columns, "mean_abs_shap", mean_shap(scorer, &cells, columns, control)?.into_iter().map(exact)),
        false => Vec::new(),
    };
    control.end_stage();
    if actual == HeldActual::None {
        return Ok((all, None));
    }
    let score = |cells: &[Vec<f64>]| {
        let mut scores = score_columns(scorer, cells, control)?;
        offset.iter().for_each(|offset| exposure::expect(&mut scores, offset));
        Ok(scores)
    };
    let mut held = HeldRows { outputs: scorer.outputs() as u32, scores: Vec::new(), actual, weight: None };
    let mut name = None;
    let metric = |scores: &[f64], mut drawn: Vec<f64>| {
        weight.iter().for_each(|weight| drawn.iter_mut().zip(weight).for_each(|(drawn, weight)| *drawn *= weight));
        held.scores.clear();
        held.scores.extend_from_slice(scores);
        held.weight = Some(drawn);
        let (metrics, headline) = judge_rows(scorer, &held);
        name = headline;
        let better = more_is_better(headline?);
        let value = metrics.into_iter().find(|metric| Some(&*metric.name) == headline)?.value?;
        Some(if better { value } else { -value })
    };
    match permutation(&mut cells, columns, shuffle, control, score, metric)? {
        Some(losses) => all.extend(ranked(columns, "permutation", losses.into_iter())),
        None => return Ok((all, name)),
    }
    Ok((all, None))
}

/// What held-out rows, given by column as learning encodes them, say of a model: JSON to be kept with its version.
pub(super) fn of_holdout(
    scorer: &Scorer,
    encoded: &[Vec<f64>],
    held: &HeldRows,
    offset: Option<&[f64]>,
    seed: u64,
    control: &Control,
) -> Result<Vec<u8>> {
    let rows = held.rows().min(MOST_ROWS);
    let mut cells = Vec::with_capacity(encoded.len());
    for (feature, column) in encoded.iter().enumerate() {
        let mut own: Vec<f64> = control.vec(rows)?;
        own.extend(column[..rows].iter().map(|&cell| scorer.place(feature, cell)));
        cells.push(own);
    }
    let actual = held.actual.first(rows);
    let first = |values: &[f64]| values[..rows].to_vec();
    let judged = Judged { cells, actual, weight: held.weight.as_deref().map(first), offset: offset.map(first) };
    let shuffle = Shuffle { repeats: REPEATS, seed };
    let before = control.used();
    let (all, _) = by_rows(scorer, judged, &columns(scorer.model()), shuffle, control)?;
    control.release(control.used().saturating_sub(before) + rows * encoded.len() * size_of::<f64>());
    Ok(encode(&all))
}

fn encode(all: &[Importance]) -> Vec<u8> {
    let row = |i: &Importance| {
        let (low, high) = i.interval.unzip();
        json!({"feature": i.feature, "importance": i.value, "kind": i.kind, "low": low, "high": high})
    };
    serde_json::Value::Array(all.iter().map(row).collect()).to_string().into_bytes()
}

/// Read what was kept with a version; what is not understood is passed over.
pub fn read_importance(bytes: &[u8]) -> Vec<Importance> {
    let rows: Vec<serde_json::Value> = serde_json::from_slice(bytes).unwrap_or_default();
    let row = |row: &serde_json::Value| {
        let kind = ["mean_abs_shap", "permutation"].into_iter().find(|kind| row["kind"].as_str() == Some(kind))?;
        let interval = row["low"].as_f64().zip(row["high"].as_f64());
        Some(Importance {
            feature: row["feature"].as_str()?.to_owned(),
            value: row["importance"].as_f64()?,
            kind,
            interval,
        })
    };
    rows.iter().filter_map(row).collect()
}

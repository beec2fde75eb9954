//! Partial dependence: what a model answers on average where a column has a value, whatever the other columns have (Friedman 2001).
//!
//! By brute force, as scikit-learn's `method="brute"`: every row of a sample is given the value and scored. With a column go its parts and all that the
//! model's cleaning makes of it. Beside the mean stand the quantiles of the rows' answers (the individual conditional expectations of Goldstein et al.
//! 2015), which part where the value counts for more in some rows than in others.

mod grid;

pub use grid::{Grid, Of, Point};

use rayon::prelude::*;

use super::given::{encode, Encoder, Given, Sample, Source};
use crate::control::Control;
use crate::data::{Chunked, ColumnData, Dictionary, Numbers, MISSING};
use crate::error::{Error, Result};
use crate::model::{Argument, Input, InputKind, Model, Task};
use crate::score::{Batch, Scorer};

/// The share of rows whose answer is below [`Effect::low`], and above [`Effect::high`].
pub const TAIL: f64 = 0.1;

/// Rows that are scored between two looks for a cancel.
const ROWS: usize = 1024;

/// What is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// A column as it comes, by its place among [`Model::arguments`].
    Column(usize),
    /// One feature by itself: a part of a date, an element of an array, a token of a text, or what the cleaning makes.
    Feature(usize),
}

impl Along {
    /// The column or feature of a name; columns come first.
    pub fn find(model: &Model, name: &str) -> Option<Along> {
        let column = model.arguments().iter().position(|a| a.name() == name);
        let feature = || model.features.iter().position(|f| f.name == name);
        let made = || model.inputs.iter().find(|i: &&Input| i.name == name).map(|i| i.first as usize);
        column.map(Along::Column).or_else(|| feature().or_else(made).map(Along::Feature))
    }

    /// Whether it can be varied as a whole: arrays and free texts can by their features alone.
    pub fn is_whole(self, model: &Model) -> bool {
        match self {
            Along::Column(at) => {
                model.arguments().get(at).is_some_and(|a| !matches!(a.kind(), InputKind::Array | InputKind::Text))
            }
            Along::Feature(_) => true,
        }
    }
}

/// What the answers to all rows of a sample are at a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Their mean, weighted as training was.
    pub mean: f64,
    /// What [`TAIL`] of the rows are below.
    pub low: f64,
    /// What [`TAIL`] of the rows are above.
    pub high: f64,
}

/// How the answer depends on one column, or on two.
#[derive(Debug)]
pub struct Dependence {
    /// A grid for each of the columns.
    pub grids: Vec<Grid>,
    /// An effect for each point, or each pair of points, those of the first grid apart.
    pub effects: Vec<Effect>,
    /// The rows at each point or pair of points.
    pub rows: Vec<u64>,
}

/// How the answer depends on one column or two, over grids of the values that rows have, by a sample of the rows. Of several classes the probability of
/// `class` is looked at.
pub fn dependence(
    scorer: &Scorer,
    source: &Source<'_>,
    sample: &Sample,
    alongs: &[Along],
    most: usize,
    class: Option<usize>,
    control: &Control,
) -> Result<Dependence> {
    let model = scorer.model();
    let mut grids = Vec::with_capacity(alongs.len());
    for &along in alongs {
        let grid = match along {
            Along::Column(argument) => {
                let place = source.places.get(argument).and_then(|&(first, _)| source.table.columns.get(first));
                let column = place.ok_or_else(|| Error::Internal("a column was not read".into()))?;
                match &column.data {
                    ColumnData::Number(numbers) if along.kind(model) == InputKind::Category => {
                        Grid::new(model, along, &spelt(numbers, control)?, most, control)?
                    }
                    data => Grid::new(model, along, data, most, control)?,
                }
            }
            Along::Feature(feature) => {
                let values = derived(scorer, source, feature, control)?;
                Grid::new(model, along, &values, most, control)?
            }
        };
        grids.push(grid);
    }
    let effects = effects(scorer, sample, &grids.iter().collect::<Vec<_>>(), class, control)?;
    let rows = match &grids[..] {
        [one, two] => one.pairs(two),
        grids => grids.iter().flat_map(|grid| grid.points.iter().map(|p| p.rows)).collect(),
    };
    Ok(Dependence { grids, effects, rows })
}

/// The effect at each point of a grid, or at each pair of points of two, those of the first grid apart.
pub fn effects(
    scorer: &Scorer,
    sample: &Sample,
    grids: &[&Grid],
    class: Option<usize>,
    control: &Control,
) -> Result<Vec<Effect>> {
    let count = grids.iter().map(|grid| grid.points.len()).product::<usize>() * usize::from(!grids.is_empty());
    control.start(count as u64);
    let cells = encode(scorer, sample, control)?;
    let effect = |at: usize| {
        let mut rest = at;
        let mut settings: Vec<(Along, &Given)> = Vec::with_capacity(grids.len());
        for grid in grids.iter().rev() {
            settings.push((grid.along, &grid.points[rest % grid.points.len()].value));
            rest /= grid.points.len();
        }
        let effect = effect(scorer, sample, &cells, &settings, class, control);
        control.advance(1);
        effect
    };
    let effects = (0..count).into_par_iter().map(effect).collect();
    cells.into_iter().for_each(|column| control.release_vec(column));
    effects
}

/// The answers to the rows where some columns have given values.
fn effect(
    scorer: &Scorer,
    sample: &Sample,
    cells: &[Vec<f64>],
    settings: &[(Along, &Given)],
    class: Option<usize>,
    control: &Control,
) -> Result<Effect> {
    let (rows, outputs) = (sample.rows.len(), scorer.outputs());
    let changed = change(scorer, sample, settings, control)?;
    let mut batch = Batch::new(scorer);
    let mut answers: Vec<(f64, f64)> = control.vec(rows)?;
    let mut out = vec![f64::NAN; ROWS.min(rows) * outputs];
    for from in (0..rows).step_by(ROWS) {
        control.check()?;
        let to = (from + ROWS).min(rows);
        let mut part: Vec<&[f64]> = cells.iter().map(|column| &column[from..to]).collect();
        for (feature, values) in &changed {
            part[*feature] = match &values[..] {
                [] => &[],
                values => &values[from..to],
            };
        }
        let out = &mut out[..(to - from) * outputs];
        batch.predict(scorer, &part, out);
        for (i, out) in out.chunks_exact(outputs).enumerate() {
            let weight = sample.weights.as_ref().and_then(|w| w.get(from + i)).copied().unwrap_or(1.0);
            answers.push((answer(&scorer.model().task, out, class), weight));
        }
    }
    changed.into_iter().for_each(|(_, values)| control.release_vec(values));
    let effect = summary(&mut answers);
    control.release_vec(answers);
    Ok(effect)
}

/// The features that change where some columns have given values, with their cells.
fn change(
    scorer: &Scorer,
    sample: &Sample,
    settings: &[(Along, &Given)],
    control: &Control,
) -> Result<Vec<(usize, Vec<f64>)>> {
    let rows = sample.rows.len();
    let (mut encoder, mut row) = (Encoder::new(scorer), vec![f64::NAN; scorer.model().features.len()]);
    let columns = |along: &Along| match along {
        Along::Column(argument) => Some(*argument),
        Along::Feature(_) => None,
    };
    let is_raw = settings.iter().filter_map(|(along, _)| columns(along)).any(|argument| encoder.is_raw(argument));
    let mut features: Vec<usize> = Vec::new();
    for (along, _) in settings {
        match along {
            Along::Column(argument) => features.extend(encoder.features(scorer, *argument)),
            Along::Feature(feature) => features.push(*feature),
        }
    }
    features.sort_unstable();
    features.dedup();
    let mut changed: Vec<(usize, Vec<f64>)> =
        features.iter().map(|&f| Ok((f, control.vec(rows)?))).collect::<Result<_>>()?;
    let set = |encoder: &mut Encoder, row: &mut [f64]| {
        for (along, value) in settings {
            if let Along::Column(argument) = along {
                encoder.set(scorer, *argument, value, row);
            }
        }
        if is_raw {
            encoder.clean(scorer, row);
        }
        for (along, value) in settings {
            if let Along::Feature(feature) = along {
                row[*feature] = match value {
                    Given::Text(text) => scorer.category(*feature, text.as_bytes()),
                    value => value.as_number(),
                };
            }
        }
    };
    if !is_raw {
        // The same in all rows.
        set(&mut encoder, &mut row);
        changed.iter_mut().for_each(|(feature, values)| values.resize(rows, row[*feature]));
        return Ok(changed);
    }
    for (i, values) in sample.rows.iter().enumerate() {
        if i % 64 == 0 {
            control.check()?;
        }
        for (argument, value) in values.iter().enumerate() {
            if encoder.is_raw(argument) {
                encoder.set(scorer, argument, value, &mut row);
            }
        }
        set(&mut encoder, &mut row);
        changed.iter_mut().for_each(|(feature, values)| values.push(row[*feature]));
    }
    Ok(changed)
}

/// The number that is looked at of what [`Scorer::predict`] wrote: of classes the probability of `class`, or of the positive one.
pub fn answer(task: &Task, out: &[f64], class: Option<usize>) -> f64 {
    match (task, out, class) {
        (Task::Classification { positive, .. }, [p], Some(class)) if class != *positive as usize => 1.0 - p,
        (_, [p], _) => *p,
        (_, out, class) => out.get(class.unwrap_or(0)).copied().unwrap_or(f64::NAN),
    }
}

/// Mean and quantiles of answers with their weights.
fn summary(answers: &mut [(f64, f64)]) -> Effect {
    let total: f64 = answers.iter().map(|(_, weight)| weight).sum();
    let sum: f64 = answers.iter().map(|(answer, weight)| answer * weight).sum();
    answers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    // The smallest answer that at least a share of the weight does not exceed.
    let quantile = |share: f64| {
        let mut below = 0.0;
        let mut all = answers.iter().filter(|(_, weight)| *weight > 0.0);
        let reached = all.find(|(_, weight)| {
            below += weight;
            below >= share * total
        });
        reached.or(answers.last()).map_or(f64::NAN, |(answer, _)| *answer)
    };
    Effect { mean: sum / total, low: quantile(TAIL), high: quantile(1.0 - TAIL) }
}

/// Numbers that stand for categories, as the texts that they are to a model.
fn spelt(numbers: &Numbers, control: &Control) -> Result<ColumnData> {
    let (mut codes, mut dictionary) = (Chunked::default(), Dictionary::default());
    for (i, number) in numbers.iter().enumerate() {
        if i % ROWS == 0 {
            control.check()?;
        }
        let code = match number.is_nan() {
            true => MISSING,
            false => dictionary.code(format!("{number}").as_bytes(), control)?,
        };
        codes.push(code, control)?;
    }
    Ok(ColumnData::Category { codes, dictionary })
}

/// The values of a feature in all rows.
fn derived(scorer: &Scorer, source: &Source<'_>, feature: usize, control: &Control) -> Result<ColumnData> {
    let is_text = scorer.model().features.get(feature).is_some_and(|f| f.encoding.is_category());
    let (mut encoder, mut row) = (Encoder::new(scorer), vec![f64::NAN; scorer.model().features.len()]);
    let (mut numbers, mut codes, mut dictionary) = (Numbers::default(), Chunked::default(), Dictionary::default());
    // What the feature is made of: its own column, or all that the model cleans.
    let arguments = scorer.model().arguments();
    let is_own = |a: &Argument<'_>| match a {
        Argument::Input(input) => (input.first as usize..(input.first + input.count) as usize).contains(&feature),
        Argument::Raw(..) => true,
    };
    let needed: Vec<usize> = (0..arguments.len()).filter(|&at| is_own(&arguments[at])).collect();
    for r in 0..source.table.rows {
        if r % 64 == 0 {
            control.check()?;
        }
        for &argument in &needed {
            encoder.set(scorer, argument, &source.value(argument, r), &mut row);
        }
        encoder.clean(scorer, &mut row);
        if is_text {
            let code = match encoder.made_text(feature) {
                Some(text) => dictionary.code(text.as_bytes(), control)?,
                None => MISSING,
            };
            codes.push(code, control)?;
        } else {
            numbers.push(row[feature], control)?;
        }
    }
    Ok(if is_text { ColumnData::Category { codes, dictionary } } else { ColumnData::Number(numbers) })
}

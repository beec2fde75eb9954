//! What is kept of the segments of a clustering, so that they can be described and named; and which numbers they have.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{Column, ColumnData, CHUNK};
use crate::error::{Error, Result};
use crate::judge::segments;
use crate::learn::kmeans::{coder, Seen};
use crate::learn::sum::sums;
use crate::model::{Body, Candidate, Covariance, Model, SegmentFacts, SegmentFeature, SegmentValue};

use super::Run;

/// Numbers that are kept of all segments and features together, at most: more are of no use to who reads them.
const MOST_CELLS: usize = 1 << 22;

/// Pairs of an old and a new segment among which numbers are handed on.
const MOST_PAIRS: usize = 1 << 22;

/// The version that a clustering takes the place of.
#[derive(Debug, Clone)]
pub struct OldSegments {
    /// Its model.
    pub model: Model,
    /// What is known of its segments, if that was kept.
    pub facts: Option<SegmentFacts>,
}

/// The rows to describe.
pub(super) struct Described<'a> {
    /// The training rows, by their places in the table.
    pub train: &'a [u32],
    /// Their weights.
    pub weight: Option<&'a [f64]>,
    /// The columns of the features.
    pub columns: &'a [usize],
    /// The training rows, segment by segment.
    pub order: &'a [u32],
    /// What the space told, and the silhouette of each segment.
    pub seen: Seen,
    pub silhouettes: Vec<Option<f64>>,
}

impl Run<'_> {
    /// Describe the segments of a model, number them as those of the version before, and name them. The model and what was found of it get the numbers, too.
    pub(super) fn segments(&mut self, model: &mut Model, rows: Described<'_>) -> Result<SegmentFacts> {
        let Some(body) = model.body.as_segments() else {
            return Err(Error::Internal("a clustering has no centres".into()));
        };
        let count = body.sizes.len();
        let mut facts =
            SegmentFacts { sizes: body.sizes.clone(), names: vec![Vec::new(); count], ..SegmentFacts::default() };
        let cells: usize = model.features.iter().map(|f| 4 + f.encoding.levels().len()).sum::<usize>() * count;
        let least = self.request.options.min_group;
        facts.weights = self.weights_of(&rows, &facts.sizes)?;
        facts.silhouette = rows.silhouettes.clone();
        facts.spread.clone_from(&rows.seen.spread);
        facts.typical = vec![Vec::new(); count];
        if cells <= MOST_CELLS {
            for (feature, &column) in model.features.iter().zip(rows.columns) {
                let column = &self.request.table.columns[column];
                facts.features.push(of_feature(column, feature, &rows, &facts.sizes, least, self.control)?);
            }
            if least <= 1 {
                facts.typical = self.typical(model, &rows);
            }
        } else {
            self.notices.push(format!("the {count} segments are too many to be described by so many columns"));
        }
        facts.value = self.segment_value(&rows, &facts.sizes)?;
        facts.map.clone_from(&rows.seen.map);
        if least > 1 {
            (facts.map.points, facts.map.segments) = (Vec::new(), Vec::new());
        }
        let kept = self.number(model, &mut facts)?;
        facts.names = segments::names(model, &facts, kept);
        Ok(facts)
    }

    /// Say how many segments there are, and by what rule.
    pub(super) fn tell_chosen(&mut self, candidates: &[Candidate]) {
        let Some(chosen) = candidates.iter().find(|c| c.chosen) else { return };
        let least = candidates.iter().all(|c| c.icl >= chosen.icl);
        let why = match least {
            _ if chosen.icl.is_none() => "by their Bayesian information criterion",
            true => "by their integrated completed likelihood",
            false => "by their silhouette, as their likelihood grows without end",
        };
        self.notices.push(format!(
            "{} of 1 to {} segments are chosen {why}: orchard.segment_candidates lists them",
            chosen.n_clusters,
            candidates.last().map_or(0, |c| c.n_clusters)
        ));
    }

    fn weights_of(&self, rows: &Described<'_>, sizes: &[u64]) -> Result<Vec<f64>> {
        let Some(weight) = rows.weight else { return Ok(sizes.iter().map(|s| *s as f64).collect()) };
        parts(rows.order, sizes)
            .map(|part| {
                let [sum] = sums(0..part.len(), self.control, |r| [part[r].iter().map(|&i| weight[i as usize]).sum()])?;
                Ok(sum)
            })
            .collect()
    }

    /// The rows nearest to the centres, encoded.
    fn typical(&self, model: &Model, rows: &Described<'_>) -> Vec<Vec<f64>> {
        let columns = &self.request.table.columns;
        let coders: Vec<_> =
            model.features.iter().zip(rows.columns).map(|(f, &c)| coder(&columns[c], &f.encoding)).collect();
        let row = |place: &u32| coders.iter().map(|code| code.get(rows.train[*place as usize])).collect::<Vec<f64>>();
        rows.seen.typical.iter().map(|places| places.iter().flat_map(row).collect()).collect()
    }

    /// What the rows of each segment are worth.
    fn segment_value(&self, rows: &Described<'_>, sizes: &[u64]) -> Result<Option<SegmentValue>> {
        let Some(place) = self.request.value else { return Ok(None) };
        let column = &self.request.table.columns[place];
        let ColumnData::Number(values) = &column.data else {
            return Err(Error::Internal("the value column is not a number".into()));
        };
        let mut out = SegmentValue { column: column.name.clone(), ..SegmentValue::default() };
        for part in parts(rows.order, sizes) {
            let [count, total] = sums(0..part.len(), self.control, |r| {
                part[r]
                    .iter()
                    .map(|&i| values.get(rows.train[i as usize] as usize))
                    .filter(|v| v.is_finite())
                    .fold([0.0, 0.0], |[count, total], v| [count + 1.0, total + v])
            })?;
            // The sum of a few rows would tell what they are.
            let told = count as u64 >= self.request.options.min_group && f64::is_finite(total);
            out.rows.push(if told { count as u64 } else { 0 });
            out.total.push(if told { total } else { 0.0 });
        }
        Ok(Some(out))
    }

    /// Give the segments the numbers that they had in the version before, and say which of their names they keep.
    fn number(&mut self, model: &mut Model, facts: &mut SegmentFacts) -> Result<Vec<Option<Vec<crate::model::Trait>>>> {
        let Some(old) = self.request.old_segments.take().filter(|_| self.request.options.keep_numbers) else {
            return Ok(Vec::new());
        };
        let Some(body) = old.model.body.as_segments() else { return Ok(Vec::new()) };
        let (before, now) = (body.sizes.len(), facts.sizes.len());
        if before.saturating_mul(now) > MOST_PAIRS {
            self.notices.push("the segments are too many to keep their numbers".to_owned());
            return Ok(Vec::new());
        }
        let distances = segments::distances(&old.model, model, facts, self.control)?;
        if distances.is_empty() {
            return Ok(Vec::new());
        }
        let matched = segments::assign(&distances, before, self.control)?;
        self.control.release_vec(distances);
        let numbers = segments::numbers(&matched);
        let mut moved: Vec<String> = matched
            .iter()
            .zip(&numbers)
            .filter_map(|(old, new)| Some((*old.as_ref()?, *new)).filter(|(old, new)| old != new))
            .map(|(old, new)| format!("{} is now {}", old + 1, new + 1))
            .collect();
        if !moved.is_empty() {
            moved.sort();
            self.notices.push(format!("there are fewer segments than before: segment {}", moved.join(", ")));
        }
        renumber(model, facts, &numbers);
        let mut place = vec![None; now];
        matched.iter().zip(&numbers).for_each(|(old, new)| place[*new] = *old);
        let Some(known) = &old.facts else { return Ok(Vec::new()) };
        Ok(segments::keep_names((&old.model, known), (model, facts), &place))
    }
}

/// The rows of each segment.
fn parts<'a>(order: &'a [u32], sizes: &'a [u64]) -> impl Iterator<Item = &'a [u32]> {
    let mut first = 0;
    sizes.iter().map(move |size| {
        let part = &order[first..first + *size as usize];
        first += part.len();
        part
    })
}

fn of_feature(
    column: &Column,
    feature: &crate::model::Feature,
    rows: &Described<'_>,
    sizes: &[u64],
    least: u64,
    control: &Control,
) -> Result<SegmentFeature> {
    control.check()?;
    let code = coder(column, &feature.encoding);
    // The rows' order jumps about in the column, which is looked at several times.
    let mut cells: Vec<f64> = control.filled(rows.train.len(), 0.0)?;
    cells.par_chunks_mut(CHUNK).zip(rows.train.par_chunks(CHUNK)).try_for_each(|(cells, rows)| {
        control.check()?;
        code.fill(rows, cells);
        Ok::<(), Error>(())
    })?;
    let value = |i: u32| cells[i as usize];
    let weight = |i: u32| rows.weight.map_or(1.0, |w| w[i as usize]);
    let mut out = SegmentFeature::default();
    for part in parts(rows.order, sizes) {
        if feature.encoding.is_category() {
            let cells = feature.encoding.levels().len() + 1;
            let (missing, levels) = levels_of(part, cells, &value, &weight, least, control)?;
            out.levels.extend(levels);
            out.missing.push(missing);
            out.known.push(0.0);
            out.mean.push(0.0);
            out.stddev.push(0.0);
            continue;
        }
        let moments = moments_of(part, &value, &weight, least, control)?;
        out.missing.push(moments[0]);
        out.known.push(moments[1]);
        out.mean.push(moments[2]);
        out.stddev.push(moments[3]);
    }
    control.release_vec(cells);
    Ok(out)
}

/// The weight of missing and of finite numbers, and mean and standard deviation of these.
fn moments_of(
    part: &[u32],
    value: &(impl Fn(u32) -> f64 + Sync),
    weight: &(impl Fn(u32) -> f64 + Sync),
    least: u64,
    control: &Control,
) -> Result<[f64; 4]> {
    let [missing_rows, rows, missing, known, sum] = sums(0..part.len(), control, |r| {
        part[r].iter().fold([0.0; 5], |mut s, &i| {
            let (v, w) = (value(i), weight(i));
            if v.is_nan() {
                (s[0], s[2]) = (s[0] + 1.0, s[2] + w);
            } else if v.is_finite() {
                (s[1], s[3], s[4]) = (s[1] + 1.0, s[3] + w, s[4] + w * v);
            }
            s
        })
    })?;
    let missing = if missing_rows as u64 >= least { missing } else { 0.0 };
    let mean = sum / known;
    if (rows as u64) < least || !mean.is_finite() {
        return Ok([missing, 0.0, 0.0, 0.0]);
    }
    let [squares] = sums(0..part.len(), control, |r| {
        let apart = |&i: &u32| {
            let v = value(i);
            if v.is_finite() {
                weight(i) * (v - mean) * (v - mean)
            } else {
                0.0
            }
        };
        [part[r].iter().map(apart).sum()]
    })?;
    let stddev = (squares / known).sqrt();
    Ok([missing, known, mean, if stddev.is_finite() { stddev } else { 0.0 }])
}

/// The weight of missing values and of each level, last of all others; levels of too few rows are among these.
fn levels_of(
    part: &[u32],
    cells: usize,
    value: &(impl Fn(u32) -> f64 + Sync),
    weight: &(impl Fn(u32) -> f64 + Sync),
    least: u64,
    control: &Control,
) -> Result<(f64, Vec<f64>)> {
    // Behind the levels stands what is missing.
    let chunk = |part: &[u32]| {
        control.check()?;
        let (mut rows, mut weights) = (vec![0u64; cells + 1], vec![0.0; cells + 1]);
        for &i in part {
            let v = value(i);
            let at = if v.is_nan() { cells } else { (v as usize).min(cells - 1) };
            rows[at] += 1;
            weights[at] += weight(i);
        }
        Ok((rows, weights))
    };
    let chunks: Result<Vec<_>> = part.par_chunks(CHUNK).map(chunk).collect();
    let (mut rows, mut weights) = (vec![0u64; cells + 1], vec![0.0; cells + 1]);
    for (r, w) in chunks? {
        rows.iter_mut().zip(r).for_each(|(a, b)| *a += b);
        weights.iter_mut().zip(w).for_each(|(a, b)| *a += b);
    }
    let (mut missing, other) = (weights[cells], cells - 1);
    for level in 0..other {
        if rows[level] < least {
            weights[other] += std::mem::take(&mut weights[level]);
        }
    }
    if rows[cells] < least {
        weights[other] += std::mem::take(&mut missing);
    }
    weights.truncate(cells);
    Ok((missing, weights))
}

/// Put segment i at the place `numbers[i]`, in the model and in what is known of it.
fn renumber(model: &mut Model, facts: &mut SegmentFacts, numbers: &[usize]) {
    fn put<T: Clone>(values: &mut [T], numbers: &[usize]) {
        let width = values.len() / numbers.len().max(1);
        let before = values.to_vec();
        for (from, to) in numbers.iter().enumerate() {
            values[to * width..(to + 1) * width].clone_from_slice(&before[from * width..(from + 1) * width]);
        }
    }
    if let Some(body) = model.body.as_segments_mut() {
        put(&mut body.centres, numbers);
        put(&mut body.sizes, numbers);
    }
    if let Body::Density(body) = &mut model.body {
        body.numbers.iter_mut().for_each(|number| *number = numbers[*number as usize] as u32);
    }
    if let Body::Mixture(body) = &mut model.body {
        put(&mut body.log_weights, numbers);
        put(&mut body.log_peaks, numbers);
        if body.covariance != Covariance::Tied {
            put(&mut body.precisions, numbers);
        }
    }
    put(&mut facts.sizes, numbers);
    put(&mut facts.weights, numbers);
    put(&mut facts.spread, numbers);
    put(&mut facts.silhouette, numbers);
    put(&mut facts.typical, numbers);
    for f in &mut facts.features {
        for part in [&mut f.missing, &mut f.known, &mut f.mean, &mut f.stddev, &mut f.levels] {
            put(part, numbers);
        }
    }
    if let Some(value) = &mut facts.value {
        put(&mut value.rows, numbers);
        put(&mut value.total, numbers);
    }
    put(&mut facts.map.centres, numbers);
    put(&mut facts.map.spread, numbers);
    facts.map.segments.iter_mut().for_each(|s| *s = numbers[*s as usize] as u32);
}

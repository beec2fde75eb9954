//! Levels in the order of what they say of the target, without letting a row vote on its own place.
//!
//! A column of thousands of levels (ads, sites) has many levels of few rows. Were they put in order by their own means within a node, the
//! best subset would be the levels that were lucky there: training would look splendid and scores would be 0 and 1. So such a column is
//! turned into a number before the tree grows: each training row gets the mean of its level over the rows of *other* folds (Micci-Barreca
//! 2001 for the smoothed mean; cross-fitting as in CatBoost's ordered statistics), and scoring gets the mean over all rows. The tree cuts
//! that number; the model keeps the number of each level.

use std::ops::Range;

use super::bin::{codes, edges, BinKind, BinnedFeature};
use super::Target;
use crate::control::Control;
use crate::data::CHUNK;
use crate::error::Result;

/// Folds of the cross-fit.
pub(super) const FOLDS: usize = 5;

/// Keeps draws of folds apart from whatever else hashes.
pub(super) const FOLD: u64 = 0x3f84_d5b5_b547_0917;

/// Rows of the overall mean that are added to each level.
const SMOOTH: f64 = 20.0;

/// The fold of a row, by a hash of its place: in canonical order rows with the same features lie in the order of their targets, so that
/// folds by place alone would give each a fair share of every target, and within a fold twins would differ more often than they do.
pub(super) fn fold_of(row: usize) -> usize {
    ((crate::data::mix(row as u64, FOLD) >> 32) as usize * FOLDS) >> 32
}

/// Statistics of one level: a class's weights, or weight and weighted value.
fn width(target: &Target) -> usize {
    match target {
        Target::Class { classes, .. } => *classes,
        Target::Number(_) => 2,
    }
}

fn add(target: &Target, row: usize, weight: f64, stat: &mut [f64]) {
    match target {
        Target::Class { codes, .. } => stat[codes[row] as usize] += weight,
        Target::Number(values) => {
            stat[0] += weight;
            stat[1] += weight * values[row];
        }
    }
}

/// Make of a feature of more than `most_subset_levels` levels an ordered one, with the number of each level and, last, of all others for
/// scoring; `None` for other features.
///
/// `weight` is of the rows, in canonical order like the feature's codes, so that folds by position are folds at random. Only the first
/// `fit_rows` say anything of a level; the others get the numbers that scoring would give them. The number of all other levels stands for at
/// least `least` rows; where they have fewer it is that of a level without a row.
pub fn order(
    feature: &BinnedFeature,
    target: &Target,
    weight: Option<&[f64]>,
    fit_rows: usize,
    most_subset_levels: usize,
    (max_bins, least): (usize, u64),
    control: &Control,
) -> Result<Option<(BinnedFeature, Vec<f64>)>> {
    let BinKind::Category { levels } = feature.kind else { return Ok(None) };
    if levels <= most_subset_levels {
        return Ok(None);
    }
    let rows = target.len();
    let width = width(target);
    let code = |r: usize| feature.codes.get(r);
    // Levels, then "other"; missing rows take no part.
    let slots = levels + 1;
    let weight = |r: usize| weight.map_or(1.0, |w| w[r]);
    let mut all: Vec<f64> = control.vec(slots * width)?;
    all.resize(slots * width, 0.0);
    let mut total = vec![0.0; width];
    for r in 0..fit_rows {
        if r % CHUNK == 0 {
            control.check()?;
        }
        add(target, r, weight(r), &mut total);
        if code(r) < slots {
            add(target, r, weight(r), &mut all[code(r) * width..][..width]);
        }
    }
    let scale = Scale::new(target, &all, &total, width);
    let mut keys: Vec<f64> = all.chunks_exact(width).map(|stat| scale.key(stat.iter().copied())).collect();
    if least > 1 && ((0..fit_rows).filter(|&r| code(r) == levels).count() as u64) < least {
        keys[levels] = scale.key(std::iter::repeat_n(0.0, width));
    }
    let mut values: Vec<f64> = control.filled(rows, f64::NAN)?;
    let mut part: Vec<f64> = control.vec(slots * width)?;
    for fold in 0..FOLDS {
        part.clear();
        part.resize(slots * width, 0.0);
        let own = |rows: Range<usize>| rows.filter(|&r| fold_of(r) == fold && code(r) < slots);
        let chunks = || (0..fit_rows).step_by(CHUNK).map(|start| start..(start + CHUNK).min(fit_rows));
        for chunk in chunks() {
            control.check()?;
            own(chunk).for_each(|r| add(target, r, weight(r), &mut part[code(r) * width..][..width]));
        }
        for chunk in chunks() {
            control.check()?;
            for r in own(chunk) {
                let at = code(r) * width;
                values[r] = scale.key(all[at..at + width].iter().zip(&part[at..at + width]).map(|(a, p)| a - p));
            }
        }
    }
    (fit_rows..rows).filter(|&r| code(r) < slots).for_each(|r| values[r] = keys[code(r)]);
    let mut sorted: Vec<f64> = control.vec(rows)?;
    sorted.extend(values[..fit_rows].iter().copied().filter(|v| !v.is_nan()));
    crate::data::sort(&mut sorted, f64::total_cmp, control)?;
    let (low, high) = edges(&sorted, max_bins);
    control.release_vec(sorted);
    let missing = low.len() as u32;
    // Numbers of rows that took no part can lie beyond the last bin.
    let last = missing.saturating_sub(1);
    let bin = |v: f64| if v.is_nan() { missing } else { (high.partition_point(|&h| h < v) as u32).min(last) };
    let codes = codes(&values, low.len() + 1, bin, control)?;
    for v in [all, part, values] {
        control.release_vec(v);
    }
    Ok(Some((BinnedFeature { codes, kind: BinKind::Ordered { low, high } }, keys)))
}

/// How statistics become one number.
struct Scale {
    prior: Vec<f64>,
    axis: Vec<f64>,
    number: bool,
}

impl Scale {
    fn new(target: &Target, all: &[f64], total: &[f64], width: usize) -> Self {
        let number = matches!(target, Target::Number(_));
        let weight: f64 = if number { total[0] } else { total.iter().sum() };
        let prior: Vec<f64> = total.iter().map(|t| t / weight.max(f64::MIN_POSITIVE)).collect();
        let mut scale = Scale { prior, axis: Vec::new(), number };
        if !number && width > 2 {
            scale.axis = scale.principal(all, width);
        }
        scale
    }

    /// The number of a level; finite, also where sums of huge targets are not.
    fn key(&self, stat: impl Iterator<Item = f64> + Clone) -> f64 {
        let key = self.smoothed(stat);
        if key.is_nan() {
            0.0
        } else {
            key.clamp(f64::MIN, f64::MAX)
        }
    }

    fn smoothed(&self, stat: impl Iterator<Item = f64> + Clone) -> f64 {
        if self.number {
            let mut stat = stat;
            let weight = stat.next().unwrap_or(0.0).max(0.0);
            let sum = stat.next().unwrap_or(0.0);
            return (sum + SMOOTH * self.prior[1]) / (weight + SMOOTH);
        }
        let weight: f64 = stat.clone().sum();
        let mut share = stat.zip(&self.prior).map(|(s, p)| (s + SMOOTH * p) / (weight + SMOOTH));
        match self.prior.len() {
            0 | 1 => 0.0,
            2 => share.nth(1).unwrap_or(0.0),
            _ => share.zip(&self.axis).map(|(s, a)| s * a).sum(),
        }
    }

    /// The first principal component of the levels' class shares, by the power method.
    fn principal(&self, all: &[f64], width: usize) -> Vec<f64> {
        let mut axis: Vec<f64> = (0..width).map(|i| 1.0 + i as f64 / width as f64).collect();
        for _ in 0..20 {
            let mut next = vec![0.0; width];
            for stat in all.chunks_exact(width) {
                let weight: f64 = stat.iter().sum();
                let off = |i: usize| (stat[i] + SMOOTH * self.prior[i]) / (weight + SMOOTH) - self.prior[i];
                let along: f64 = (0..width).map(|i| axis[i] * off(i)).sum();
                next.iter_mut().enumerate().for_each(|(i, n)| *n += weight * along * off(i));
            }
            let norm = next.iter().map(|x| x * x).sum::<f64>().sqrt();
            if norm <= 0.0 || !norm.is_finite() {
                break;
            }
            axis = next.into_iter().map(|x| x / norm).collect();
        }
        axis
    }
}

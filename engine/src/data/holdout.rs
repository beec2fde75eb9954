//! The honest holdout: which rows a model is judged on and never learns from.
//!
//! A row is drawn by a hash of its features, the seed and its copy number among rows of the same features: the target has no say, arrival
//! order does not matter, and a table of few distinct rows still falls apart into two samples of the same population.

use super::order::mix;
use super::RowHashes;
use crate::control::Control;
use crate::error::Result;

/// Keeps draws by a seed apart from whatever else hashes with it.
pub(super) const DRAW: u64 = 0x082e_fa98_ec4e_6c89;

/// How to draw the holdout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HoldoutPlan {
    /// The share held out, 0 to below 1.
    pub share: f64,
    /// The seed of the draw.
    pub seed: u64,
}

/// What decides a row's place in the draw.
#[derive(Clone, Copy)]
pub enum Draw<'a> {
    /// Each row by itself; within each class (of `classes` in all) the share is exact.
    Rows {
        /// The number of classes; 1 for regression.
        classes: usize,
    },
    /// The latest rows: those with the greatest time; rows without a time count as the earliest.
    Time(&'a dyn Fn(u32) -> f64),
    /// Whole groups, by the hash of the group.
    Group(&'a dyn Fn(u32) -> u64),
}

/// Rows by part, as indexes in order of arrival, each part in canonical order.
#[derive(Debug, Default)]
pub struct Holdout {
    /// The rows to learn from.
    pub train: Vec<u32>,
    /// The rows to judge on.
    pub held: Vec<u32>,
    /// How many held-out rows have a row with the same features among the training rows.
    pub twins: usize,
    /// The last rows of `train` that are for watching, not for learning.
    pub watched: usize,
}

/// Set a share of the training rows of `holdout` aside for watching, by the same draw. `rows` are those of [`split`], as it left them.
pub fn watch(
    holdout: &mut Holdout,
    rows: &mut Vec<RowHashes>,
    plan: HoldoutPlan,
    draw: Draw<'_>,
    control: &Control,
) -> Result<()> {
    rows.retain(|r| r.rest == 0);
    let second = split(rows, plan, draw, control)?;
    holdout.watched = second.held.len();
    holdout.train.clear();
    holdout.train.extend_from_slice(&second.train);
    holdout.train.extend_from_slice(&second.held);
    control.release_vec(second.train);
    control.release_vec(second.held);
    Ok(())
}

/// Split rows in canonical order into training and holdout. Overwrites `rest`.
pub fn split(rows: &mut [RowHashes], plan: HoldoutPlan, draw: Draw<'_>, control: &Control) -> Result<Holdout> {
    let wanted = (rows.len() as f64 * plan.share).round() as usize;
    let wanted = wanted.min(rows.len().saturating_sub(1));
    // Each arm leaves in `rest` 1 for a held-out row and 0 for a training row.
    if wanted == 0 {
        rows.iter_mut().for_each(|r| r.rest = 0);
    } else {
        match draw {
            Draw::Rows { classes } => {
                number_copies(rows, plan.seed);
                draw_rows(rows, wanted, plan.share, classes, control)?;
            }
            Draw::Time(time) => {
                number_copies(rows, plan.seed);
                draw_latest(rows, wanted, time, control)?;
            }
            Draw::Group(group) => draw_groups(rows, wanted, plan.seed, group, control)?,
        }
    }
    control.check()?;
    let held = rows.iter().filter(|r| r.rest == 1).count();
    let mut out = Holdout { train: control.vec(rows.len() - held)?, held: control.vec(held)?, ..Holdout::default() };
    for run in rows.chunk_by(|a, b| a.features == b.features) {
        let before = (out.train.len(), out.held.len());
        for r in run {
            if r.rest == 1 { &mut out.held } else { &mut out.train }.push(r.row);
        }
        if out.train.len() > before.0 {
            out.twins += out.held.len() - before.1;
        }
    }
    Ok(out)
}

/// The places in the draw of rows in canonical order, given one after the other: by a row's features and its number among the rows of the
/// same features. Rows that differ in their target alone are copies too: were each target counted by itself, the first of each would be
/// drawn together, and the row judged on would lack the twin that gainsays it.
pub(super) fn places(seed: u64) -> impl FnMut(&RowHashes) -> u64 {
    let mut previous = None;
    let mut copy = 0u64;
    move |r| {
        copy = if previous == Some(r.features) { copy + 1 } else { 0 };
        previous = Some(r.features);
        mix(mix(r.features, seed ^ DRAW), copy)
    }
}

/// Replace `rest` by the row's place in the draw.
fn number_copies(rows: &mut [RowHashes], seed: u64) {
    let mut place = places(seed);
    rows.iter_mut().for_each(|r| r.rest = place(r));
}

/// Hold out the rows drawn first within each class, the exact share of each by largest remainder.
fn draw_rows(rows: &mut [RowHashes], wanted: usize, share: f64, classes: usize, control: &Control) -> Result<()> {
    let mut sizes = vec![0usize; classes];
    rows.iter().for_each(|r| sizes[r.class as usize] += 1);
    let quotas = quotas(&sizes, wanted, share);
    for (c, &quota) in quotas.iter().enumerate() {
        control.check()?;
        let limit = if quota == 0 {
            None
        } else {
            let mut draws: Vec<u64> = control.vec(sizes[c])?;
            draws.extend(rows.iter().filter(|r| r.class as usize == c).map(|r| r.rest));
            let limit = if draws.is_empty() {
                None
            } else {
                let nth = (quota - 1).min(draws.len() - 1);
                Some(*draws.select_nth_unstable(nth).1)
            };
            control.release_vec(draws);
            limit
        };
        let mut taken = 0;
        for r in rows.iter_mut().filter(|r| r.class as usize == c) {
            let hold = limit.is_some_and(|l| r.rest <= l) && taken < quota;
            taken += usize::from(hold);
            r.rest = u64::from(hold);
        }
    }
    Ok(())
}

/// How many rows of each class are held out: together `wanted`, each class its share, at least one row of a class stays.
fn quotas(sizes: &[usize], wanted: usize, share: f64) -> Vec<usize> {
    let mut quotas: Vec<usize> =
        sizes.iter().map(|&n| ((n as f64 * share).floor() as usize).min(n.saturating_sub(1))).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    let remainder = |c: usize| sizes[c] as f64 * share - (sizes[c] as f64 * share).floor();
    order.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)).then(a.cmp(&b)));
    let mut missing = wanted.saturating_sub(quotas.iter().sum());
    for c in order {
        if missing > 0 && quotas[c] + 1 < sizes[c] {
            quotas[c] += 1;
            missing -= 1;
        }
    }
    quotas
}

fn draw_latest(rows: &mut [RowHashes], wanted: usize, time: &dyn Fn(u32) -> f64, control: &Control) -> Result<()> {
    let key = |row: u32| {
        let t = time(row);
        if t.is_nan() {
            f64::NEG_INFINITY
        } else {
            t
        }
    };
    let mut draws: Vec<(f64, u64, u32)> = control.vec(rows.len())?;
    draws.extend(rows.iter().enumerate().map(|(i, r)| (key(r.row), r.rest, i as u32)));
    draws.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    rows.iter_mut().for_each(|r| r.rest = 0);
    draws[..wanted].iter().for_each(|d| rows[d.2 as usize].rest = 1);
    control.release_vec(draws);
    Ok(())
}

fn draw_groups(
    rows: &mut [RowHashes],
    wanted: usize,
    seed: u64,
    group: &dyn Fn(u32) -> u64,
    control: &Control,
) -> Result<()> {
    let mut draws: Vec<(u64, u32)> = control.vec(rows.len())?;
    draws.extend(rows.iter().enumerate().map(|(i, r)| (mix(group(r.row), seed ^ DRAW), i as u32)));
    draws.sort_unstable();
    rows.iter_mut().for_each(|r| r.rest = 0);
    let mut held = 0;
    for run in draws.chunk_by(|a, b| a.0 == b.0) {
        // A group is taken while that brings the total nearer to what is wanted, and one group always stays.
        let nearer = (held + run.len()).abs_diff(wanted) < held.abs_diff(wanted);
        if nearer && held + run.len() < rows.len() {
            held += run.len();
            run.iter().for_each(|d| rows[d.1 as usize].rest = 1);
        }
        if held >= wanted {
            break;
        }
    }
    control.release_vec(draws);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(n: u32, distinct: u32) -> Vec<RowHashes> {
        let mut v: Vec<RowHashes> = (0..n)
            .map(|row| RowHashes {
                features: mix(u64::from(row % distinct), 7),
                rest: u64::from(row / distinct % 2),
                row,
                class: 0,
            })
            .collect();
        v.sort_unstable();
        v
    }

    #[test]
    fn shares_are_exact_by_class() {
        let control = Control::default();
        let class = |row: u32| u32::from(row.is_multiple_of(10));
        let mut r = rows(10_000, 10_000);
        r.iter_mut().for_each(|r| r.class = class(r.row));
        let plan = HoldoutPlan { share: 0.2, seed: 1 };
        let h = split(&mut r, plan, Draw::Rows { classes: 2 }, &control).unwrap();
        assert_eq!(h.held.len(), 2_000);
        assert_eq!(h.held.iter().filter(|&&x| class(x) == 1).count(), 200);
        assert_eq!(h.train.len(), 8_000);
        assert_eq!(h.twins, 0);
    }

    #[test]
    fn few_distinct_rows_fall_apart_evenly() {
        let control = Control::default();
        let mut r = rows(120_000, 120);
        let plan = HoldoutPlan { share: 0.2, seed: 3 };
        let h = split(&mut r, plan, Draw::Rows { classes: 1 }, &control).unwrap();
        assert_eq!(h.held.len(), 24_000);
        assert_eq!(h.twins, 24_000);
        let mut by_combination = [0; 120];
        h.held.iter().for_each(|&x| by_combination[x as usize % 120] += 1);
        assert!(by_combination.iter().all(|&n| (120..280).contains(&n)), "{by_combination:?}");
    }

    /// Pairs of rows that differ in their target alone are drawn one row by itself, not both or none.
    #[test]
    fn twins_of_other_targets_are_parted_like_any() {
        let mut r = rows(10_000, 5_000);
        r.iter_mut().for_each(|r| r.class = r.rest as u32);
        let plan = HoldoutPlan { share: 0.5, seed: 1 };
        let h = split(&mut r, plan, Draw::Rows { classes: 2 }, &Control::default()).unwrap();
        let held: std::collections::HashSet<u32> = h.held.iter().copied().collect();
        let both = (0..5_000).filter(|r| held.contains(r) && held.contains(&(r + 5_000))).count();
        assert!((1_150..1_350).contains(&both), "{both} of 5000 pairs are held out whole, not a quarter");
    }

    #[test]
    fn time_takes_the_latest_and_groups_stay_whole() {
        let control = Control::default();
        let plan = HoldoutPlan { share: 0.25, seed: 3 };
        let mut r = rows(1_000, 1_000);
        let h = split(&mut r, plan, Draw::Time(&|row| f64::from(row)), &control).unwrap();
        assert_eq!(h.held.len(), 250);
        assert!(h.held.iter().all(|&x| x >= 750));
        let mut r = rows(1_000, 1_000);
        let h = split(&mut r, plan, Draw::Group(&|row| u64::from(row % 40)), &control).unwrap();
        assert_eq!(h.held.len(), 250);
        let groups: std::collections::BTreeSet<u32> = h.held.iter().map(|x| x % 40).collect();
        assert_eq!(groups.len(), 10);
    }

    #[test]
    fn the_smallest_tables_keep_a_training_row() {
        let control = Control::default();
        for n in 0..5 {
            for share in [0.0, 0.2, 0.5, 0.99] {
                let mut r = rows(n, n.max(1));
                let plan = HoldoutPlan { share, seed: 0 };
                let h = split(&mut r, plan, Draw::Rows { classes: 1 }, &control).unwrap();
                assert_eq!(h.train.len() + h.held.len(), n as usize);
                assert!(n == 0 || !h.train.is_empty());
            }
        }
    }
}

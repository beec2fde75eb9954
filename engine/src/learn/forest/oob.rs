//! What a forest says of its training rows, each judged by the trees that did not see it (Breiman 1996).

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering::Relaxed};

use super::grow::Plan;
use crate::control::Control;
use crate::error::Result;
use crate::judge::Metric;
use crate::learn::train::MOST_HELD_ROWS;
use crate::learn::Target;
use crate::model::{HeldActual, HeldRows, Task, Trees, LEAF};

/// The most numbers that are summed up: rows times outputs.
const MOST_NUMBERS: usize = 1 << 24;
/// A leaf's number in whole steps, so that sums are the same in any order: the range of all answers has so many.
const STEPS: f64 = (1u64 << 40) as f64;

/// A node for walks by codes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Step {
    pub feature: u32,
    /// The left child, with the right one after it; 0 for a leaf.
    pub child: u32,
    /// The place of a set plus one; 0 for a number.
    pub set: u32,
    /// The last code that goes left.
    pub last: u8,
    pub missing_left: bool,
}

/// A tree for walks by codes.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub steps: Vec<Step>,
}

/// Answers for training rows.
#[derive(Debug)]
pub struct OutOfBag {
    /// The rows by their place among the training rows, ascending.
    pub rows: Vec<u32>,
    /// Their answers: the mean of the leaves, row by row.
    pub scores: Vec<f64>,
}

impl OutOfBag {
    /// The rows as held-out rows are kept, with answers as a scorer gives them.
    pub fn held(self, target: &Target, weight: Option<&[f64]>, task: &Task) -> HeldRows {
        let OutOfBag { rows, mut scores } = self;
        let outputs = scores.len() / rows.len().max(1);
        match task {
            Task::Classification { classes, positive } if classes.len() == 1 => {
                scores.fill(if *positive == 0 { 1.0 } else { 0.0 });
            }
            Task::Classification { classes, positive: 0 } if classes.len() == 2 => {
                scores.iter_mut().for_each(|p| *p = 1.0 - *p);
            }
            _ => {}
        }
        let rows = || rows.iter().map(|&r| r as usize);
        let actual = match target {
            Target::Class { codes, .. } => HeldActual::Class(rows().map(|r| codes[r]).collect()),
            Target::Number(values) => HeldActual::Number(rows().map(|r| values[r]).collect()),
        };
        let weight = weight.map(|w| rows().map(|r| w[r]).collect());
        HeldRows { outputs: outputs as u32, scores, actual, weight }
    }
}

/// Those of the metrics of out-of-bag answers that are shown beside the metrics of held-out rows.
pub fn oob_metrics(metrics: &[Metric]) -> Vec<Metric> {
    let shown = ["roc_auc", "log_loss", "accuracy", "rmse", "r2"];
    let rows = metrics.iter().find(|m| m.name == "rows").and_then(|m| m.value).unwrap_or(0.0);
    let metrics = metrics.iter().filter(|m| shown.contains(&m.name.as_ref()));
    let note = |m: &Metric| match m.value {
        Some(_) => format!("out-of-bag: of {rows} training rows, each judged by the trees that did not see it"),
        None => m.note.clone(),
    };
    metrics.map(|m| Metric { name: format!("oob_{}", m.name).into(), note: note(m), ..m.clone() }).collect()
}

/// Sums up what trees say of rows.
pub(super) struct Judge {
    outputs: usize,
    rows: Vec<u32>,
    sums: Vec<AtomicI64>,
    trees: Vec<AtomicU32>,
    /// The smallest answer, and the range of answers.
    low: f64,
    range: f64,
}

impl Judge {
    /// Judge all rows, or so many of them, spread evenly, as are kept.
    pub fn new(target: &Target, control: &Control) -> Result<Judge> {
        let outputs = match target {
            Target::Class { classes, .. } if *classes > 2 => *classes,
            _ => 1,
        };
        let (low, high) = match target {
            Target::Class { .. } => (0.0, 1.0),
            Target::Number(values) => values.iter().fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v))),
        };
        let all = target.len();
        let count = all.min(MOST_HELD_ROWS).min(MOST_NUMBERS / outputs);
        let mut rows: Vec<u32> = control.vec(count)?;
        rows.extend((0..count).map(|i| (i as u64 * all as u64 / count as u64) as u32));
        let mut sums = control.vec(count * outputs)?;
        sums.resize_with(count * outputs, AtomicI64::default);
        let mut trees = control.vec(count)?;
        trees.resize_with(count, AtomicU32::default);
        // Half the range, so that it is finite.
        Ok(Judge { outputs, rows, sums, trees, low, range: high / 2.0 - low / 2.0 })
    }

    /// Add what a tree says of the rows it did not see.
    pub fn add(&self, plan: &Plan<'_>, drawn: &[u8], trees: &Trees, walk: &Walk, control: &Control) -> Result<()> {
        for (i, &row) in self.rows.iter().enumerate() {
            if i % 8192 == 0 {
                control.check()?;
            }
            let row = row as usize;
            if drawn[row] > 0 {
                continue;
            }
            let leaf = match plan.row(row) {
                Some(codes) => walk.leaf(plan, trees, |f| codes[f]),
                None => walk.leaf(plan, trees, |f| plan.columns[f][row]),
            };
            let start = trees.left[leaf] as usize;
            let values = &trees.values[start..start + self.outputs];
            for (sum, value) in self.sums[i * self.outputs..].iter().zip(values) {
                let share = (value / 2.0 - self.low / 2.0) / self.range;
                let steps = if share.is_finite() { (share * STEPS).round() as i64 } else { 0 };
                sum.fetch_add(steps, Relaxed);
            }
            self.trees[i].fetch_add(1, Relaxed);
        }
        Ok(())
    }

    /// The answers for the rows that some tree did not see; `None` where there is no such row.
    pub fn answers(self, control: &Control) -> Result<Option<OutOfBag>> {
        let Judge { outputs, rows, sums, trees, low, range } = self;
        let known = || trees.iter().enumerate().filter(|t| t.1.load(Relaxed) > 0);
        let mut found =
            OutOfBag { rows: control.vec(known().count())?, scores: control.vec(known().count() * outputs)? };
        for (i, count) in known() {
            found.rows.push(rows[i]);
            let count = f64::from(count.load(Relaxed));
            found.scores.extend(sums[i * outputs..(i + 1) * outputs].iter().map(|sum| {
                let share = sum.load(Relaxed) as f64 / STEPS / count;
                low + share * range + share * range
            }));
        }
        control.release_vec(rows);
        control.release_vec(sums);
        control.release_vec(trees);
        Ok(if found.rows.is_empty() { None } else { Some(found) })
    }
}

impl Walk {
    /// The leaf where a row ends.
    #[inline]
    fn leaf(&self, plan: &Plan<'_>, trees: &Trees, code: impl Fn(usize) -> u8) -> usize {
        let mut node = 0;
        while trees.feature[node] != LEAF {
            let step = &self.steps[node];
            let feature = step.feature as usize;
            let code = code(feature);
            let left = if usize::from(code) + 1 == plan.bins[feature] {
                step.missing_left
            } else if step.set > 0 {
                trees.contains(trees.sets[step.set as usize - 1], u32::from(code))
            } else {
                code <= step.last
            };
            node = step.child as usize + usize::from(!left);
        }
        node
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::bin::{BinKind, BinnedFeature, Codes};
    use crate::learn::forest::draw::Draws;
    use crate::learn::forest::{fit, ForestParams};
    use crate::score::walk;

    /// Two numbers and a category, all with missing values; and the rows as scoring sees them.
    fn features(rows: usize) -> (Vec<BinnedFeature>, Vec<Vec<f64>>) {
        let code = |r: usize, k: usize, bins: usize| (crate::data::mix(r as u64, k as u64) % bins as u64) as u8;
        let mut features = Vec::new();
        let mut seen = vec![Vec::new(); rows];
        for (k, bins) in [40usize, 9, 7].into_iter().enumerate() {
            let codes: Vec<u8> = (0..rows).map(|r| code(r, k, bins)).collect();
            for (row, &code) in seen.iter_mut().zip(&codes) {
                row.push(if usize::from(code) + 1 == bins { f64::NAN } else { f64::from(code) });
            }
            let values: Vec<f64> = (0..bins - 1).map(|b| b as f64).collect();
            let kind = match k {
                2 => BinKind::Category { levels: bins - 2 },
                _ => BinKind::Number { low: values.clone(), high: values },
            };
            features.push(BinnedFeature { codes: Codes::U8(codes), kind });
        }
        (features, seen)
    }

    #[test]
    fn answers_are_the_means_of_the_trees_that_did_not_see_a_row() {
        let control = Control::default();
        let rows = 700;
        let (features, seen) = features(rows);
        let noise = |r: usize| crate::data::mix(r as u64, 99) % 100;
        let class = |r: usize, n: u64| ((noise(r) + 3 * u64::from(seen[r][0] > 20.0)) % n) as u32;
        for target in [
            Target::Class { codes: (0..rows).map(|r| class(r, 2)).collect(), classes: 2 },
            Target::Class { codes: (0..rows).map(|r| class(r, 5)).collect(), classes: 5 },
            Target::Number((0..rows).map(|r| noise(r) as f64 * 1e9 - 3e10).collect()),
        ] {
            for random_cuts in [false, true] {
                let params = ForestParams { n_estimators: 6, random_cuts, seed: 7, ..ForestParams::default() };
                let found = fit(&features, &target, None, &params, &control).unwrap();
                let oob = found.oob.unwrap();
                let draws = Draws::new(rows, None, &params, &control).unwrap();
                let outputs = found.trees.outputs as usize;
                let (mut expected_rows, mut expected) = (Vec::new(), Vec::new());
                let mut sums = vec![(0.0, vec![0.0; outputs]); rows];
                for tree in 0..6 {
                    let mut drawn = vec![0; rows];
                    draws.draw(&mut draws.random(tree), &mut drawn);
                    for r in (0..rows).filter(|&r| drawn[r] == 0) {
                        let leaf = walk::leaf(&found.trees, tree, &seen[r]);
                        sums[r].0 += 1.0;
                        found.trees.leaf(leaf).each(|output, value| sums[r].1[output] += value);
                    }
                }
                for (r, (count, sum)) in sums.iter().enumerate().filter(|s| s.1 .0 > 0.0) {
                    expected_rows.push(r as u32);
                    expected.extend(sum.iter().map(|s| s / count));
                }
                assert_eq!(oob.rows, expected_rows);
                let range = expected.iter().fold(1.0f64, |most, v| most.max(v.abs()));
                let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-11 * range;
                assert!(oob.scores.iter().zip(&expected).all(near));
            }
        }
    }

    #[test]
    fn answers_of_a_scorer() {
        let task = |classes: &[&str], positive| Task::Classification {
            classes: classes.iter().map(|c| (*c).to_owned()).collect(),
            positive,
        };
        let held = |classes: &[&str], positive| {
            let oob = OutOfBag { rows: vec![0, 2], scores: vec![0.25, 1.0] };
            let target = Target::Class { codes: vec![0, 1, 1], classes: classes.len() };
            oob.held(&target, Some(&[1.0, 2.0, 3.0]), &task(classes, positive))
        };
        let rows = held(&["no", "yes"], 1);
        assert_eq!((&rows.scores, &rows.weight), (&vec![0.25, 1.0], &Some(vec![1.0, 3.0])));
        assert_eq!(rows.actual, HeldActual::Class(vec![0, 1]));
        assert_eq!(held(&["no", "yes"], 0).scores, [0.75, 0.0]);
        assert_eq!(held(&["no"], 0).scores, [1.0, 1.0]);
        assert_eq!(held(&["no"], 1).scores, [0.0, 0.0]);
    }
}

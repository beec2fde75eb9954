//! The tree learner against a naive search: at every node of a grown tree, no split that the rules allow gains more.

use orchard_engine::control::Control;
use orchard_engine::data::Column;
use orchard_engine::learn::bin::{bin, BinParams, Binned};
use orchard_engine::learn::tree::{fit, Criterion, TreeParams};
use orchard_engine::learn::Target;
use orchard_engine::model::{Trees, LEAF};
use proptest::prelude::*;

/// Rows of two numbers (NaN is missing) and a category (`None` is missing), with a target and a weight.
#[derive(Debug, Clone)]
struct Rows {
    numbers: [Vec<f64>; 2],
    category: Vec<Option<u8>>,
    classes: Vec<u32>,
    values: Vec<f64>,
    weight: Vec<f64>,
}

fn rows() -> impl Strategy<Value = Rows> {
    let number = || prop_oneof![8 => (-6i32..6).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    let category = prop_oneof![6 => (0u8..5).prop_map(Some), 1 => Just(None)];
    prop::collection::vec((number(), number(), category, 0u32..2, -5i32..5, 1u8..4), 2..40).prop_map(|v| Rows {
        numbers: [v.iter().map(|r| r.0).collect(), v.iter().map(|r| r.1).collect()],
        category: v.iter().map(|r| r.2).collect(),
        classes: v.iter().map(|r| r.3).collect(),
        values: v.iter().map(|r| f64::from(r.4)).collect(),
        weight: v.iter().map(|r| f64::from(r.5)).collect(),
    })
}

/// The features as the learner takes them, and as scoring does.
fn features(rows: &Rows, control: &Control) -> (Vec<Binned>, Vec<Vec<f64>>) {
    let all: Vec<u32> = (0..rows.classes.len() as u32).collect();
    let params = BinParams { max_bins: 1000, min_category_rows: 1 };
    let texts: Vec<Option<String>> = rows.category.iter().map(|c| c.map(|c| format!("level {c}"))).collect();
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    let mut columns = [
        Column::from_numbers("a", &rows.numbers[0], control).unwrap(),
        Column::from_numbers("b", &rows.numbers[1], control).unwrap(),
        Column::from_texts("c", &texts, control).unwrap(),
    ];
    // Every row is held out as well, so that `held` says what scoring sees.
    let binned: Vec<Binned> = columns.iter_mut().map(|c| bin(c, &all, &all, &params, control).unwrap()).collect();
    let seen = binned.iter().map(|b| b.held.clone()).collect();
    (binned, seen)
}

struct Problem<'a> {
    rows: &'a Rows,
    seen: &'a [Vec<f64>],
    levels: usize,
    regression: bool,
    least: usize,
}

impl Problem<'_> {
    /// The explained sum of a set of rows.
    fn score(&self, set: &[usize]) -> f64 {
        let w = |i: &usize| self.rows.weight[*i];
        let total: f64 = set.iter().map(w).sum();
        if total == 0.0 {
            return 0.0;
        }
        if self.regression {
            let sum: f64 = set.iter().map(|i| w(i) * self.rows.values[*i]).sum();
            return sum * sum / total;
        }
        let one: f64 = set.iter().filter(|&&i| self.rows.classes[i] == 1).map(w).sum();
        (one * one + (total - one) * (total - one)) / total
    }

    fn gain(&self, set: &[usize], left: impl Fn(usize) -> bool) -> Option<f64> {
        let (l, r): (Vec<usize>, Vec<usize>) = set.iter().partition(|&&i| left(i));
        let allowed = l.len() >= self.least && r.len() >= self.least;
        allowed.then(|| self.score(&l) + self.score(&r) - self.score(set))
    }

    /// The best gain of any split of the set.
    fn best(&self, set: &[usize]) -> f64 {
        let mut best: f64 = 0.0;
        let mut take = |gain: Option<f64>| best = best.max(gain.unwrap_or(0.0));
        for missing_left in [false, true] {
            for values in &self.seen[..2] {
                for &cut in set {
                    let t = values[cut];
                    if !t.is_nan() {
                        take(self.gain(set, |i| if values[i].is_nan() { missing_left } else { values[i] <= t }));
                    }
                }
            }
            let Some(codes) = self.seen.get(2) else { continue };
            for subset in 0u32..1 << self.levels {
                let left = |i: usize| if codes[i].is_nan() { missing_left } else { subset >> codes[i] as u32 & 1 == 1 };
                let some = set.iter().any(|&i| !codes[i].is_nan() && left(i));
                if some {
                    take(self.gain(set, left));
                }
            }
        }
        best
    }

    fn goes_left(&self, trees: &Trees, node: usize, row: usize) -> bool {
        let value = self.seen[trees.feature[node] as usize][row];
        if value.is_nan() {
            trees.missing_left[node]
        } else if trees.set[node] > 0 {
            trees.contains(trees.sets[trees.set[node] as usize - 1], value as u32)
        } else {
            value <= trees.threshold[node]
        }
    }

    /// Walk the tree with its rows and compare each node with the naive search.
    fn check(&self, trees: &Trees, depth: u32) -> Result<(), TestCaseError> {
        let whole: f64 = self.rows.weight.iter().sum();
        let mut stack = vec![(0usize, (0..self.rows.classes.len()).collect::<Vec<_>>(), 0)];
        while let Some((node, set, at)) = stack.pop() {
            prop_assert_eq!(trees.rows[node] as usize, set.len());
            let best = self.best(&set);
            if trees.feature[node] == LEAF {
                prop_assert!(at == depth || best < 1e-9, "a leaf at depth {} could gain {}", at, best);
                let total: f64 = set.iter().map(|&i| self.rows.weight[i]).sum();
                let answer =
                    |i: usize| if self.regression { self.rows.values[i] } else { f64::from(self.rows.classes[i]) };
                let mean = set.iter().map(|&i| self.rows.weight[i] * answer(i)).sum::<f64>() / total;
                prop_assert!((trees.values[trees.left[node] as usize] - mean).abs() < 1e-9);
                continue;
            }
            let gain = trees.gain[node] * whole;
            prop_assert!((gain - best).abs() < 1e-9, "gain {} where {} was possible", gain, best);
            let (l, r): (Vec<usize>, Vec<usize>) = set.iter().partition(|&&i| self.goes_left(trees, node, i));
            prop_assert!(l.len() >= self.least && r.len() >= self.least);
            stack.push((trees.left[node] as usize, l, at + 1));
            stack.push((trees.right[node] as usize, r, at + 1));
        }
        Ok(())
    }
}

proptest! {
    /// With larger leaves asked for, the best subset of levels need not be a prefix of their order, so numbers are alone then.
    #[test]
    fn no_node_has_a_better_split(rows in rows(), regression in any::<bool>(), depth in 1u32..4, least in 1usize..4) {
        let control = Control::default();
        let (binned, seen) = features(&rows, &control);
        let levels = binned[2].encoding.levels().len();
        let target = if regression {
            Target::Number(rows.values.clone())
        } else {
            Target::Class { codes: rows.classes.clone(), classes: 2 }
        };
        let params = TreeParams {
            criterion: if regression { Criterion::SquaredError } else { Criterion::Gini },
            max_depth: depth,
            min_samples_leaf: least as u64,
            cat_smooth: 0.0,
            ..TreeParams::default()
        };
        let used = if least > 1 { 2 } else { 3 };
        let features: Vec<_> = binned.into_iter().take(used).map(|b| b.feature).collect();
        let trees = fit(&features, &target, Some(&rows.weight), &params, &control).unwrap();
        let problem = Problem { rows: &rows, seen: &seen[..used], levels, regression, least };
        problem.check(&trees, depth)?;
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let control = Control::default();
    let n = 5000u32;
    let mixed = |i: u32, k: u32| i.wrapping_mul(2_654_435_761).wrapping_add(k * 97) >> 7;
    let rows = Rows {
        numbers: [0, 1].map(|k| (0..n).map(|i| f64::from(mixed(i, k) % 1000)).collect()),
        category: (0..n).map(|i| Some((mixed(i, 2) % 5) as u8)).collect(),
        classes: (0..n).map(|i| u32::from(mixed(i, 0) % 1000 + mixed(i, 3) % 700 > 800)).collect(),
        values: (0..n).map(|i| f64::from(mixed(i, 4) % 10)).collect(),
        weight: vec![1.0; n as usize],
    };
    let (binned, _) = features(&rows, &control);
    let features: Vec<_> = binned.into_iter().map(|b| b.feature).collect();
    let target = Target::Class { codes: rows.classes, classes: 2 };
    let grow = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit(&features, &target, None, &TreeParams::default(), &control).unwrap())
    };
    let one = grow(1);
    assert!(one.nodes() > 10);
    assert_eq!(one, grow(2));
    assert_eq!(one, grow(3));
}

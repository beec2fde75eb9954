//! Forests: trees against a naive search, the same trees by every way, weights as repeated rows, threads change nothing.
#![allow(missing_docs)]

mod naive;

use naive::{features, rows, Problem, Rows};
use orchard_engine::control::Control;
use orchard_engine::learn::bin::{BinKind, BinnedFeature, Codes};
use orchard_engine::learn::forest::{fit, Forest, ForestParams, Part};
use orchard_engine::learn::tree::Criterion;
use orchard_engine::learn::Target;
use orchard_engine::model::{Trees, LEAF};
use orchard_engine::score::walk;
use orchard_engine::Error;
use proptest::prelude::*;

/// One tree that sees every row and every feature, and is grown to the end.
fn whole() -> ForestParams {
    ForestParams {
        n_estimators: 1,
        max_features: Some(Part::Share(1.0)),
        min_samples_leaf: Some(1),
        bootstrap: false,
        cat_smooth: 0.0,
        ..ForestParams::default()
    }
}

fn grow(binned: &[BinnedFeature], target: &Target, weight: Option<&[f64]>, params: &ForestParams) -> Forest {
    fit(binned, target, weight, params, &Control::default()).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Two,
    Three,
    Number,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![Just(Kind::Two), Just(Kind::Three), Just(Kind::Number)]
}

/// The target of a kind; the classes of the rows become what it says.
fn target(rows: &mut Rows, kind: Kind) -> Target {
    match kind {
        Kind::Two => Target::Class { codes: rows.classes.clone(), classes: 2 },
        Kind::Three => {
            rows.classes = rows.values.iter().map(|v| (*v as i32).rem_euclid(3) as u32).collect();
            Target::Class { codes: rows.classes.clone(), classes: 3 }
        }
        Kind::Number => Target::Number(rows.values.clone()),
    }
}

proptest! {
    /// With larger leaves or three classes, the best subset of levels need not be a prefix of their order, so numbers are alone then.
    #[test]
    fn no_node_has_a_better_split(
        mut rows in rows(), kind in kind(), depth in 1u32..4, least in 1usize..4, weighted in any::<bool>(),
    ) {
        let control = Control::default();
        let (binned, seen) = features(&rows, &control);
        let levels = binned[2].encoding.levels().len();
        let target = target(&mut rows, kind);
        if !weighted {
            rows.weight.fill(1.0);
        }
        let params = ForestParams {
            criterion: if kind == Kind::Number { Criterion::SquaredError } else { Criterion::Gini },
            max_depth: depth,
            min_samples_leaf: Some(least as u64),
            ..whole()
        };
        let used = if least > 1 || kind == Kind::Three { 2 } else { 3 };
        let features: Vec<_> = binned.into_iter().take(used).map(|b| b.feature).collect();
        let found = grow(&features, &target, weighted.then_some(&rows.weight), &params);
        prop_assert!(found.oob.is_none());
        let problem = Problem { rows: &rows, seen: &seen[..used], levels, regression: kind == Kind::Number, least };
        problem.check(&found.trees, depth)?;
    }

    /// A row of weight 3 is three rows: the splits are the same, and so are the leaves.
    #[test]
    fn a_weight_is_a_number_of_rows(rows in rows(), kind in kind(), tries in 1u64..4, random_cuts in any::<bool>(), seed in 0u64..99) {
        let control = Control::default();
        let mut rows = rows;
        let many: Vec<usize> =
            (0..rows.weight.len()).flat_map(|i| std::iter::repeat_n(i, rows.weight[i] as usize)).collect();
        let mut repeated = Rows {
            numbers: [0, 1].map(|k| many.iter().map(|&i| rows.numbers[k][i]).collect()),
            category: many.iter().map(|&i| rows.category[i]).collect(),
            classes: many.iter().map(|&i| rows.classes[i]).collect(),
            values: many.iter().map(|&i| rows.values[i]).collect(),
            weight: vec![1.0; many.len()],
        };
        let params = ForestParams { n_estimators: 3, max_features: Some(Part::Count(tries)), cat_smooth: 1.0, random_cuts, seed, ..whole() };
        let features = |rows: &Rows| features(rows, &control).0.into_iter().map(|b| b.feature).collect::<Vec<_>>();
        let (once, again) = (target(&mut rows, kind), target(&mut repeated, kind));
        let weighted = grow(&features(&rows), &once, Some(&rows.weight), &params).trees;
        let plain = grow(&features(&repeated), &again, None, &params).trees;
        prop_assert_eq!((&weighted.feature, &weighted.threshold, &weighted.words), (&plain.feature, &plain.threshold, &plain.words));
        prop_assert_eq!(&weighted.missing_left, &plain.missing_left);
        prop_assert_eq!(&weighted.cover, &plain.cover);
        prop_assert!(weighted.values.iter().zip(&plain.values).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    /// Random cuts part the rows as they say, and stop only where nothing can be parted.
    #[test]
    fn random_cuts_are_cuts(mut rows in rows(), kind in kind(), seed in 0u64..99) {
        let control = Control::default();
        let (binned, seen) = features(&rows, &control);
        let levels = binned[2].encoding.levels().len();
        let target = target(&mut rows, kind);
        let params = ForestParams { random_cuts: true, seed, ..whole() };
        let features: Vec<_> = binned.into_iter().map(|b| b.feature).collect();
        let trees = grow(&features, &target, Some(&rows.weight), &params).trees;
        let problem = Problem { rows: &rows, seen: &seen, levels, regression: kind == Kind::Number, least: 1 };
        let total: f64 = rows.weight.iter().sum();
        let mut stack = vec![(0usize, (0..rows.classes.len()).collect::<Vec<_>>())];
        while let Some((node, set)) = stack.pop() {
            prop_assert_eq!(trees.rows[node] as usize, set.len());
            if trees.feature[node] == LEAF {
                // A cut of two bins may be drawn that gains nothing; of one number it always is the same.
                let one = |values: &[f64]| values.windows(2).all(|w| w[0] == w[1]);
                let said: Vec<f64> = set.iter().map(|&i| if kind == Kind::Number { rows.values[i] } else { f64::from(rows.classes[i]) }).collect();
                if set.len() == 2 && !one(&said) {
                    prop_assert!(problem.best(&set) == 0.0, "two rows that can be parted are one leaf");
                }
                continue;
            }
            let gain = problem.gain(&set, |i| problem.goes_left(&trees, node, i));
            prop_assert!(gain.is_some_and(|g| (g - trees.gain[node] * total).abs() < 1e-9), "{:?} and {}", gain, trees.gain[node] * total);
            let (l, r) = set.iter().partition(|&&i| problem.goes_left(&trees, node, i));
            stack.push((trees.left[node] as usize, l));
            stack.push((trees.right[node] as usize, r));
        }
    }
}

/// A number in 0..1000 that looks drawn.
fn mixed(i: u32, k: u32) -> u32 {
    let mut h = i.wrapping_mul(0x9e37_79b9) ^ k.wrapping_mul(0x85eb_ca6b);
    h = (h ^ h >> 16).wrapping_mul(0x7feb_352d);
    h = (h ^ h >> 15).wrapping_mul(0x846c_a68b);
    (h ^ h >> 16) % 1000
}

fn many(n: u32) -> Rows {
    let signal = |i: u32| mixed(i, 0) * 2 + mixed(i, 1) + 300 * u32::from(mixed(i, 2) % 5 == 2);
    Rows {
        numbers: [0, 1].map(|k| {
            let value = |i| if mixed(i, 7 + k) < 50 { f64::NAN } else { f64::from(mixed(i, k) / 5) };
            (0..n).map(value).collect()
        }),
        category: (0..n).map(|i| Some((mixed(i, 2) % 5) as u8)).collect(),
        classes: (0..n).map(|i| u32::from(signal(i) + mixed(i, 3) > 2100)).collect(),
        values: (0..n).map(|i| f64::from(signal(i) + mixed(i, 4)) / 100.0).collect(),
        weight: (0..n).map(|i| f64::from(mixed(i, 5) % 3)).collect(),
    }
}

fn binned(rows: &Rows) -> Vec<BinnedFeature> {
    features(rows, &Control::default()).0.into_iter().map(|b| b.feature).collect()
}

/// What the mean of the trees is for a row.
fn mean(trees: &Trees, row: &[f64]) -> f64 {
    let values = (0..trees.roots.len()).map(|t| trees.leaf(walk::leaf(trees, t, row)).at(0));
    values.sum::<f64>() / trees.roots.len() as f64
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let mut rows = many(3000);
    let features = binned(&rows);
    for kind in [Kind::Two, Kind::Three, Kind::Number] {
        let target = target(&mut rows, kind);
        for weight in [None, Some(rows.weight.as_slice())] {
            for params in [
                ForestParams { n_estimators: 7, ..ForestParams::default() },
                ForestParams { n_estimators: 5, max_leaf_nodes: Some(20), ..ForestParams::extra_trees() },
            ] {
                let with = |threads| {
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                    pool.install(|| grow(&features, &target, weight, &params))
                };
                let one = with(1);
                assert!(one.trees.nodes() > 50);
                assert_eq!(one.oob.is_some(), params.bootstrap);
                for again in [with(2), with(3)] {
                    assert!(one.trees == again.trees);
                    assert_eq!(one.oob.as_ref().map(|o| &o.scores), again.oob.as_ref().map(|o| &o.scores));
                }
            }
        }
    }
}

/// The nodes of all trees, a node before its children and the left one before the right.
fn nodes(trees: &Trees) -> Vec<(u32, f64, bool, u64, f64, Vec<f64>)> {
    let mut found = Vec::new();
    for &root in &trees.roots {
        let mut stack = vec![root as usize];
        while let Some(node) = stack.pop() {
            let mut values = Vec::new();
            if trees.feature[node] == LEAF {
                values.extend(trees.leaf(node).numbers(trees.outputs as usize));
            } else {
                stack.extend([trees.right[node] as usize, trees.left[node] as usize]);
            }
            let (threshold, missing_left) = (trees.threshold[node], trees.missing_left[node]);
            found.push((trees.feature[node], threshold, missing_left, trees.rows[node], trees.gain[node], values));
        }
    }
    found
}

#[test]
fn a_branch_grown_from_a_copy_is_the_same() {
    // With features beyond those that are copied there are no copies; that they are constant changes nothing else.
    let mut rows = many(40_000);
    let constant = || BinnedFeature {
        codes: Codes::U8(vec![0; 40_000]),
        kind: BinKind::Number { low: vec![1.0], high: vec![1.0] },
    };
    for kind in [Kind::Two, Kind::Three, Kind::Number] {
        // With three classes levels are ordered by a class that is drawn, and branches draw in another order.
        let used = if kind == Kind::Three { 2 } else { 3 };
        let few: Vec<_> = binned(&rows).into_iter().take(used).collect();
        let wide: Vec<_> = binned(&rows).into_iter().take(used).chain((0..130).map(|_| constant())).collect();
        let target = target(&mut rows, kind);
        let params = ForestParams { n_estimators: 2, bootstrap: true, cat_smooth: 10.0, ..whole() };
        let (a, b) = (grow(&few, &target, None, &params), grow(&wide, &target, None, &params));
        assert!(a.trees.nodes() > 1000);
        assert!(nodes(&a.trees) == nodes(&b.trees), "{kind:?}");
        assert_eq!(a.oob.map(|o| o.scores), b.oob.map(|o| o.scores));
    }
}

#[test]
fn leaves_are_as_many_and_as_deep_as_is_allowed() {
    let rows = many(5000);
    let features = binned(&rows);
    let target = Target::Class { codes: rows.classes.clone(), classes: 2 };
    let leaves = |t: &Trees| t.feature.iter().filter(|&&f| f == LEAF).count();
    let params = ForestParams { max_leaf_nodes: Some(9), ..whole() };
    assert_eq!(leaves(&grow(&features, &target, None, &params).trees), 9);
    let params = ForestParams { max_depth: 3, ..whole() };
    let trees = grow(&features, &target, None, &params).trees;
    assert_eq!(leaves(&trees), 8);
    // The leaves that gain most come first: nine of them explain at least what the eight of depth three do.
    let gain = |t: &Trees| t.gain.iter().sum::<f64>();
    assert!(
        gain(&grow(&features, &target, None, &ForestParams { max_leaf_nodes: Some(9), ..whole() }).trees)
            >= gain(&trees)
    );
    let params = ForestParams { min_samples_leaf: Some(100), bootstrap: true, ..whole() };
    let trees = grow(&features, &target, None, &params).trees;
    assert!((0..trees.nodes()).all(|n| trees.rows[n] >= 100) && trees.rows[0] == 5000);
    let params = ForestParams { min_samples_split: 1000, ..whole() };
    let trees = grow(&features, &target, None, &params).trees;
    assert!((0..trees.nodes()).all(|n| trees.feature[n] == LEAF || trees.rows[n] >= 1000));
    let params = ForestParams { min_impurity_decrease: 0.01, ..whole() };
    let trees = grow(&features, &target, None, &params).trees;
    assert!(trees.nodes() > 1 && trees.feature.iter().zip(&trees.gain).all(|(&f, &g)| f == LEAF || g >= 0.01));
    let params = ForestParams { bootstrap: true, max_samples: Some(Part::Share(0.1)), ..whole() };
    assert_eq!(grow(&features, &target, None, &params).trees.rows[0], 500);
    let params = ForestParams { bootstrap: true, max_samples: Some(Part::Count(77)), ..whole() };
    assert_eq!(grow(&features, &target, None, &params).trees.rows[0], 77);
}

#[test]
fn class_weights_do_not_bend_probabilities() {
    let mut rows = many(20_000);
    for kind in [Kind::Two, Kind::Three] {
        let target = target(&mut rows, kind);
        let ones = rows.classes.iter().filter(|&&c| c == 1).count() as f64 / 20_000.0;
        let (features, seen): (Vec<_>, Vec<_>) = {
            let (binned, seen) = features(&rows, &Control::default());
            (binned.into_iter().map(|b| b.feature).collect(), seen)
        };
        for weight in [None, Some(vec![1.5; 20_000])] {
            let params = ForestParams {
                n_estimators: 20,
                class_weight: Some(vec![0.5, 9.0, 1.0][..if kind == Kind::Two { 2 } else { 3 }].to_vec()),
                ..ForestParams::default()
            };
            let trees = grow(&features, &target, weight.as_deref(), &params).trees;
            let plain =
                grow(&features, &target, weight.as_deref(), &ForestParams { class_weight: None, ..params }).trees;
            assert!(trees.feature != plain.feature, "class weights steer nothing");
            let class = if kind == Kind::Two { 0 } else { 1 };
            let p = |r: usize| {
                let row: Vec<f64> = seen.iter().map(|c| c[r]).collect();
                let values = (0..20).map(|t| trees.leaf(walk::leaf(&trees, t, &row)).at(class));
                values.sum::<f64>() / 20.0
            };
            let mean = (0..20_000).map(p).sum::<f64>() / 20_000.0;
            assert!((mean - ones).abs() < 0.01, "{kind:?}: {mean}, not {ones}");
        }
    }
}

#[test]
fn out_of_bag_answers_are_those_of_rows_not_seen() {
    // Labels without any signal: whoever judges a row by a tree that saw it finds one.
    let mut rows = many(4000);
    rows.classes = (0..4000).map(|i| mixed(i, 11) % 2).collect();
    let features = binned(&rows);
    let target = Target::Class { codes: rows.classes.clone(), classes: 2 };
    let params = ForestParams { n_estimators: 60, min_samples_leaf: Some(1), ..ForestParams::default() };
    let oob = grow(&features, &target, None, &params).oob.unwrap();
    assert_eq!(oob.rows, (0..4000).collect::<Vec<u32>>());
    let right = (0..4000).filter(|&i| (oob.scores[i] > 0.5) == (rows.classes[i] == 1)).count();
    assert!((1850..2150).contains(&right), "{right} of 4000");
    // A single tree leaves about e^-1 of the rows out.
    let oob = grow(&features, &target, None, &ForestParams { n_estimators: 1, ..params }).oob.unwrap();
    assert!((1350..1600).contains(&oob.rows.len()), "{}", oob.rows.len());
    assert!(grow(&features, &target, None, &ForestParams { oob_score: Some(false), ..ForestParams::default() })
        .oob
        .is_none());
}

#[test]
fn forests_learn() {
    let rows = many(8000);
    let (binned, seen) = features(&rows, &Control::default());
    let binned: Vec<_> = binned.into_iter().map(|b| b.feature).collect();
    let target = Target::Number(rows.values.clone());
    for params in [ForestParams::default(), ForestParams::extra_trees()] {
        let params = ForestParams { n_estimators: 30, criterion: Criterion::SquaredError, ..params };
        let trees = grow(&binned, &target, None, &params).trees;
        let row = |r: usize| seen.iter().map(|c| c[r]).collect::<Vec<_>>();
        let error = (0..8000).map(|r| (mean(&trees, &row(r)) - rows.values[r]).powi(2)).sum::<f64>() / 8000.0;
        // Of noise alone there is a variance of 1000^2 / 12 / 100^2 = 8.3; missing values add to it.
        assert!(error < 10.0, "{error}");
    }
}

#[test]
fn odd_targets_and_weights_have_answers() {
    let rows = many(500);
    let features = binned(&rows);
    let sane = |target: &Target, weight: Option<&[f64]>, low: f64, high: f64| {
        for params in [ForestParams::default(), ForestParams::extra_trees()] {
            let params = ForestParams { n_estimators: 4, ..params };
            let found = grow(&features, target, weight, &params);
            let trees = &found.trees;
            assert!(trees.values.iter().all(|v| (low..=high).contains(v)), "{:?}", trees.values);
            assert!(trees.cover.iter().all(|c| c.is_finite() && *c > 0.0) && trees.gain.iter().all(|g| !g.is_nan()));
            for score in found.oob.iter().flat_map(|o| &o.scores) {
                assert!((low - high.abs() * 1e-9..=high + high.abs() * 1e-9).contains(score), "{score}");
            }
        }
    };
    sane(&Target::Class { codes: vec![0; 500], classes: 1 }, None, 1.0, 1.0);
    sane(&Target::Class { codes: vec![1; 500], classes: 2 }, None, 1.0, 1.0);
    sane(&Target::Class { codes: vec![2; 500], classes: 5 }, None, 0.0, 1.0);
    sane(&Target::Number(vec![7.25; 500]), None, 7.25, 7.25);
    sane(&Target::Number(rows.values.iter().map(|v| v * 3e306).collect()), None, 0.0, f64::MAX);
    sane(&Target::Number(rows.values.iter().map(|v| (v - 12.0) * 4e306).collect()), None, f64::MIN, f64::MAX);
    sane(&Target::Number(rows.values.iter().map(|v| v * 1e-310).collect()), None, 0.0, 1e-300);
    let class = Target::Class { codes: rows.classes.clone(), classes: 2 };
    let three = Target::Class { codes: rows.values.iter().map(|v| *v as u32 % 3).collect(), classes: 3 };
    for weight in
        [vec![0.0; 500], vec![1e308; 500], vec![1e-308; 500], (0..500).map(|i| f64::from(i % 7 == 0)).collect()]
    {
        sane(&class, Some(&weight), 0.0, 1.0);
        sane(&three, Some(&weight), 0.0, 1.0);
        sane(&Target::Number(rows.values.clone()), Some(&weight), 0.0, 100.0);
    }
}

#[test]
fn rows_without_weight_are_not_there() {
    let rows = many(3000);
    let features = binned(&rows);
    let params = ForestParams { n_estimators: 3, min_samples_leaf: Some(2), ..ForestParams::default() };
    let mut other = rows.classes.clone();
    other.iter_mut().zip(&rows.weight).filter(|(_, w)| **w == 0.0).for_each(|(c, _)| *c = 1 - *c);
    let grow = |codes: &[u32]| {
        grow(&features, &Target::Class { codes: codes.to_vec(), classes: 2 }, Some(&rows.weight), &params)
    };
    assert!(grow(&rows.classes).trees == grow(&other).trees);
}

#[test]
fn a_run_can_be_stopped_and_bounded() {
    let rows = many(5000);
    let features = binned(&rows);
    let target = Target::Class { codes: rows.classes.clone(), classes: 2 };
    let control = Control::default();
    control.cancel();
    let fit = |control: &Control| fit(&features, &target, None, &ForestParams::default(), control);
    assert!(matches!(fit(&control), Err(Error::Cancelled)));
    let control = Control::new(100_000);
    assert!(matches!(fit(&control), Err(Error::OutOfMemory { .. })));
    let control = Control::default();
    let found = fit(&control).unwrap();
    let trees = &found.trees;
    let oob = found.oob.unwrap();
    let kept = trees.nodes() * 49 + (trees.values.len() + trees.words.len() + trees.sets.len()) * 8;
    assert_eq!(control.used(), kept + oob.rows.len() * 4 + oob.scores.len() * 8, "memory is counted for ever");
}

#[test]
fn parts_of_features() {
    let of = |part: Part, n| part.of(n);
    assert_eq!((of(Part::Sqrt, 12), of(Part::Log2, 12), of(Part::Sqrt, 1), of(Part::Log2, 1)), (3, 3, 1, 1));
    assert_eq!((of(Part::Share(0.5), 7), of(Part::Share(1e-9), 7), of(Part::Share(1.0), 7)), (4, 1, 7));
    assert_eq!((of(Part::Count(3), 7), of(Part::Count(u64::MAX), 7), of(Part::Sqrt, 0)), (3, 7, 1));
}

//! The tree learner against a naive search: at every node of a grown tree, no split that the rules allow gains more.

mod naive;

use naive::{features, rows, Problem, Rows};
use orchard_engine::control::Control;
use orchard_engine::learn::tree::{fit, Criterion, TreeParams};
use orchard_engine::learn::Target;
use proptest::prelude::*;

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

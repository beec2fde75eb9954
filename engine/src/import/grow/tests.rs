//! A foreign tree and ours send every row to the same leaf.

use super::*;
use crate::score::walk;

/// Numbers that are pseudo-random.
fn draws(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// A tree of 20 nodes over two features, some of them behind two others, and six leaves of their own number.
fn tree(draw: &mut impl FnMut(u64) -> u64, grower: &mut Grower) -> Result<Vec<Node>> {
    let mut nodes = Vec::new();
    for at in 0..20 {
        let (above, upto) = (draw(6) as f64, draw(8) as f64);
        let range = Range { above: (draw(3) > 0).then_some(above), upto: (draw(9) > 0).then_some(upto) };
        let range = Range { upto: range.upto.filter(|upto| range.above.is_none_or(|above| above <= *upto)), ..range };
        let of = Of::Numbers(range);
        let test = grower.test(Test { feature: draw(2) as u32, of, missing: draw(2) > 0, turned: draw(2) > 0 })?;
        let mut child = || at + 1 + draw(25 - at as u64) as usize;
        nodes.push(Node::Split { test, yes: child(), no: child(), cover: 1.0 });
    }
    nodes.extend((0..6).map(|at| Node::Leaf { at, cover: 1.0 }));
    Ok(nodes)
}

fn foreign(nodes: &[Node], tests: &[Test], row: &[f64]) -> usize {
    let mut at = 0;
    loop {
        let Node::Split { test, yes, no, .. } = nodes[at] else { return at };
        let test = &tests[test];
        let Of::Numbers(range) = test.of else { return at };
        let value = row[test.feature as usize];
        let among = if value.is_nan() { test.missing } else { range.contains(value) };
        at = if among != test.turned { yes } else { no };
    }
}

#[test]
fn a_row_ends_where_the_foreign_tree_sends_it() {
    let control = Control::default();
    let mut draw = draws(1);
    let leaves: Vec<f64> = (0..6).map(f64::from).collect();
    for _ in 0..300 {
        let mut grower = Grower::new(1, &control);
        let nodes = tree(&mut draw, &mut grower).expect("tests");
        grower.tree(0, nodes.len(), |at| nodes[at], &leaves).expect("a tree");
        let values: Vec<f64> =
            (0..18).map(|i| f64::from(i) / 2.0 - 0.5).chain([f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).collect();
        for &a in &values {
            for &b in &values {
                let leaf = walk::leaf(&grower.trees, 0, &[a, b]);
                let found = grower.trees.values[grower.trees.left[leaf] as usize];
                let Node::Leaf { at, .. } = nodes[foreign(&nodes, &grower.tests, &[a, b])] else { panic!("no leaf") };
                assert_eq!(found, at as f64, "{a} {b}");
            }
        }
    }
}

#[test]
fn a_chain_of_equalities_stays_small() {
    let control = Control::default();
    let mut grower = Grower::new(1, &control);
    let tests: Vec<usize> = (0..100)
        .map(|i| {
            let range = Range { above: Some(f64::from(i) - 0.5), upto: Some(f64::from(i)) };
            grower.test(Test { feature: 0, of: Of::Numbers(range), missing: false, turned: false }).expect("a test")
        })
        .collect();
    let node = |at: usize| match tests.get(at) {
        Some(&test) => Node::Split { test, yes: 100, no: at + 1, cover: 0.0 },
        None => Node::Leaf { at: at - 100, cover: 0.0 },
    };
    grower.tree(0, 102, node, &[1.0, 0.0]).expect("a tree");
    assert!(grower.trees.nodes() < 500, "{}", grower.trees.nodes());
}

#[test]
fn circles_and_missing_leaves_are_refused() {
    let control = Control::new(1 << 20);
    let mut grower = Grower::new(1, &control);
    let range = Range { above: None, upto: Some(1.0) };
    let test = Test { feature: 0, of: Of::Numbers(range), missing: false, turned: false };
    let test = grower.test(test).expect("a test");
    let round = |_| Node::Split { test, yes: 0, no: 1, cover: 0.0 };
    assert!(grower.tree(0, 2, round, &[0.0]).is_err());
    let lost = |_| Node::Leaf { at: 3, cover: 0.0 };
    assert!(grower.tree(0, 1, lost, &[0.0]).is_err());
}

//! Scoring: exact answers of small models, and the quick layout against the plain walk.
#![allow(missing_docs)]

mod samples;

use orchard_engine::model::*;
use orchard_engine::score::link::{logistic, softmax};
use orchard_engine::score::{choose, mixture, walk, Batch, Level, Scorer};
use proptest::prelude::*;

fn predict(scorer: &Scorer, row: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; scorer.outputs()];
    scorer.predict(row, &mut out);
    out
}

/// Rows scored at once.
fn in_a_batch(scorer: &Scorer, level: Level, rows: &[Vec<f64>]) -> Vec<f64> {
    let features = scorer.model().features.len();
    let columns: Vec<Vec<f64>> = (0..features).map(|f| rows.iter().map(|row| row[f]).collect()).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let mut out = vec![NAN; rows.len() * scorer.outputs()];
    Batch::with_level(scorer, level).predict(scorer, &columns, &mut out);
    out
}

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

#[test]
fn a_tree_takes_every_path() {
    let s = Scorer::new(samples::tree());
    let p = |bid, device: Option<&str>, e2| {
        let device = device.map_or(NAN, |d| s.category(1, d.as_bytes()));
        predict(&s, &[bid, device, NAN, e2])[0]
    };
    // Left by bid, then by device: phone and "other" are in the set.
    assert_eq!(p(2.5, Some("phone"), 0.0), 0.25);
    assert_eq!(p(-INF, Some("never seen"), 0.0), 0.25);
    assert_eq!(p(2.0, Some("tablet"), 0.0), 1.0);
    assert_eq!(p(2.0, Some(""), 0.0), 1.0);
    // A missing bid goes left; a missing device goes right.
    assert_eq!(p(NAN, None, 0.0), 1.0);
    // Right by bid, then by e[2] <= -0: a zero of either sign goes left, a missing one right.
    assert_eq!(p(2.500_000_000_000_000_4, None, 0.0), 0.0);
    assert_eq!(p(INF, None, -0.0), 0.0);
    assert_eq!(p(3.0, None, f64::MIN_POSITIVE), 0.625);
    assert_eq!(p(3.0, None, NAN), 0.625);
}

#[test]
fn categories_have_places() {
    let s = Scorer::new(samples::tree());
    let places: Vec<f64> =
        ["", "phone", "tablet", "TABLET", "zzz"].iter().map(|t| s.category(1, t.as_bytes())).collect();
    // The one set of the tree has phone and what is not among the levels.
    let (inside, outside) = (places[1], places[0]);
    assert!(inside != outside);
    assert_eq!(places, [outside, inside, outside, inside, inside]);
    assert_eq!(s.category(1, b"\xff\xfe"), inside, "bytes that are no text");
    assert!(s.category(0, b"phone").is_nan(), "a number has no levels");
    assert_eq!(
        [0.0, 1.0, 2.0, 3.0, 1e18, -5.0].map(|code| s.place(1, code)),
        [outside, inside, outside, inside, inside, outside]
    );
    assert!(s.place(1, NAN).is_nan());
    assert_eq!(s.place(0, 0.25), 0.25, "a number is what it is");
    assert_eq!([0, 1, 2, 3].map(|f| s.uses(f)), [true, true, false, true]);
    let k = Scorer::new(samples::kmeans());
    assert_eq!([0.0, 1.0, 2.0].map(|code| k.place(1, code)), [0.0, 1.0, 2.0]);
}

#[test]
fn ordered_texts_are_compared_by_their_numbers() {
    let s = Scorer::new(samples::ordered());
    let p = |text: &str| predict(&s, &[s.category(0, text.as_bytes())])[0];
    assert_eq!([p("a"), p("b"), p("c"), p("d"), p("never seen")], [0.75, 0.5, 0.25, 0.75, 0.25]);
    assert_eq!(predict(&s, &[NAN])[0], 0.25, "missing goes left, then right");
    assert_eq!(s.category(0, b"a"), s.category(0, b"d"), "no split tells them apart");
    let codes = [0.0, 1.0, 2.0, 3.0, 4.0, 9.0].map(|code| predict(&s, &[s.place(0, code)])[0]);
    assert_eq!(codes, [0.75, 0.5, 0.25, 0.75, 0.25, 0.25]);
}

#[test]
fn the_answer_is_about_the_positive_class() {
    let mut flipped = samples::tree();
    flipped.task = samples::classes(&["no", "yes"], 0);
    let (s, f) = (Scorer::new(samples::tree()), Scorer::new(flipped));
    for row in samples::rows(4) {
        assert_eq!(predict(&f, &row)[0], 1.0 - predict(&s, &row)[0]);
        assert_eq!(f.class(&predict(&f, &row)), s.class(&predict(&s, &row)));
    }
    assert_eq!(s.class(&[0.5]), Some(0), "of equals the first, as in scikit-learn");
    assert_eq!(f.class(&[0.5]), Some(0));
    assert_eq!(s.class(&[0.51]), Some(1));
}

#[test]
fn one_class_is_certain() {
    let mut known = samples::one_class();
    known.task = samples::classes(&["true"], 0);
    assert_eq!(predict(&Scorer::new(known), &[1.0]), [1.0]);
    let never = Scorer::new(samples::one_class());
    assert_eq!(predict(&never, &[1.0]), [0.0]);
    assert_eq!(never.class(&[0.0]), Some(0));
}

#[test]
fn many_classes_and_values() {
    let s = Scorer::new(samples::multiclass());
    assert_eq!(predict(&s, &[7.0]), [0.5, 0.25, 0.25]);
    assert_eq!(predict(&s, &[NAN]), [0.0, 0.125, 0.875]);
    assert_eq!(s.class(&[0.5, 0.25, 0.25]), Some(0));
    assert_eq!(s.class(&[0.2, 0.4, 0.4]), Some(1));
    let s = Scorer::new(samples::regression());
    assert_eq!([predict(&s, &[-INF])[0], predict(&s, &[NAN])[0], predict(&s, &[-1e308])[0]], [-12.5, -12.5, 1e300]);
    assert_eq!(s.class(&[1.0]), None);
}

#[test]
fn many_trees_are_summed_and_linked() {
    let s = Scorer::new(samples::boosted());
    // "ad-00" and "ad-71" are in the set of two words.
    let p = |x, ad: &str| predict(&s, &[x, s.category(1, ad.as_bytes())])[0];
    assert_eq!(p(1.0, "ad-00"), 1.0 - logistic(-1.0 + 0.125 - 0.5));
    assert_eq!(p(1.5, "ad-71"), 1.0 - logistic(2.0 + 0.125 - 0.5));
    assert_eq!(p(1.5, "ad-72"), 1.0 - logistic(2.0 - 0.75 - 0.5));
    assert_eq!(p(1.5, "other"), 1.0 - logistic(2.0 - 0.75 - 0.5));
    let s = Scorer::new(samples::softmax());
    let mut expected = [1.0 / 2.0 + 0.1, 902.0 / 2.0 + 0.2, 4.0 / 2.0 + 0.3];
    softmax(&mut expected);
    assert_eq!(predict(&s, &[1.0]), expected);
    let mut log = samples::regression();
    if let Body::Trees(t) = &mut log.body {
        t.link = Link::Log;
        t.base = vec![0.5];
    }
    assert_eq!(predict(&Scorer::new(log), &[NAN])[0], libm::exp(-12.0));
}

#[test]
fn the_nearest_centre_wins() {
    let s = Scorer::new(samples::kmeans());
    let at = |spend, city: Option<&str>| predict(&s, &[spend, city.map_or(NAN, |c| s.category(1, c.as_bytes()))])[0];
    assert_eq!(at(2.0, Some("Lyon")), 1.0);
    assert_eq!(at(-3.0, Some("Lyon")), 2.0);
    // Missing spend is filled with 2; a missing city and one never seen share a dimension.
    assert_eq!(at(NAN, None), 1.0);
    assert_eq!(at(-9.0, None), at(-9.0, Some("Nice")));
    assert_eq!([at(INF, None), at(-INF, Some("Paris"))], [1.0, 2.0]);
}

/// Trees whose splits are drawn from `draw`: each is grown by splitting its last leaf, or the leaf that the draw names.
fn drawn(trees: usize, leaves: usize, chain: bool, outputs: u32, draw: &mut impl FnMut() -> u32) -> Model {
    let levels: Vec<String> = (0..60).map(|i| format!("{i:02}")).collect();
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    let features = vec![samples::number("a"), samples::number("b"), samples::category("c", &levels)];
    let special = [NAN, INF, -INF, 0.0, -0.0, f64::MIN_POSITIVE / 8.0, f64::MAX];
    let mut t = samples::empty(outputs, if outputs == 1 { Link::Logistic } else { Link::Softmax });
    for _ in 0..trees {
        let root = t.feature.len() as u32;
        t.roots.push(root);
        let mut children: Vec<Option<u32>> = vec![None];
        for _ in 1..leaves {
            let open: Vec<usize> = (0..children.len()).filter(|&n| children[n].is_none()).collect();
            let pick = if chain { open.len() - 1 } else { draw() as usize % open.len() };
            children[open[pick]] = Some(children.len() as u32);
            children.extend([None, None]);
        }
        for next in children {
            let feature = draw() % 3;
            match next {
                None => samples::leaf(&mut t, &vec![f64::from(draw()) / 1e10 - 0.2; outputs as usize]),
                Some(next) if feature == 2 => {
                    let words = [u64::from(draw()) << 32 | u64::from(draw())];
                    samples::split_set(&mut t, 2, &words, draw().is_multiple_of(2), root + next, root + next + 1);
                }
                Some(next) => {
                    let at = draw() as usize;
                    let threshold =
                        if at.is_multiple_of(50) { special[1 + at % 6] } else { f64::from(draw() % 100_000) };
                    samples::split(&mut t, feature, threshold, draw().is_multiple_of(2), root + next, root + next + 1);
                }
            }
        }
    }
    let task = if outputs == 1 { samples::classes(&["n", "y"], 1) } else { samples::classes(&["a", "b", "c"], 0) };
    samples::model(features, task, Body::Trees(t))
}

#[test]
fn blocks_of_rows_agree_with_single_rows() {
    let mut state = 7u64;
    let mut draw = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let special = [NAN, INF, -INF, 0.0, -0.0, f64::MIN_POSITIVE / 8.0, -f64::MIN_POSITIVE, f64::MAX];
    let rows: Vec<Vec<f64>> = (0..800)
        .map(|i| {
            let mut number = |skip: u32| match draw() % 9 {
                0 => special[draw() as usize % special.len()],
                _ => f64::from(draw() % 100_000 + skip),
            };
            let (a, b) = (number(0), number(1));
            vec![a, b, if i % 7 == 0 { NAN } else { f64::from(draw() % 62) }]
        })
        .collect();
    let models = [
        (1, 1, false, 1),
        (4, 1, false, 1),
        (5, 2, true, 1),
        (9, 16, false, 1),
        (100, 31, false, 1),
        (40, 64, false, 3),
        (20, 65, false, 1),
        // More thresholds of a feature than a byte tells apart, in the trees together and in one tree.
        (12, 256, true, 1),
        (6, 257, false, 1),
        (4, 256, true, 3),
        (5000, 8, false, 1),
    ];
    for (trees, leaves, chain, outputs) in models {
        let model = drawn(trees, leaves, chain, outputs, &mut draw);
        model.validate().unwrap();
        let scorer = Scorer::new(model.clone());
        let placed: Vec<Vec<f64>> = rows.iter().map(|row| (0..3).map(|f| scorer.place(f, row[f])).collect()).collect();
        let stored = |row: &Vec<f64>| vec![row[0], row[1], if row[2] > 60.0 { 60.0 } else { row[2] }];
        let expected: Vec<f64> = rows.iter().flat_map(|row| oracle(&model, &stored(row))).collect();
        for level in Level::ALL.into_iter().filter(|level| level.is_there()) {
            // Other tests may run meanwhile: they have the same answers with every level.
            assert!(choose(Some(level)));
            let found: Vec<f64> = placed.iter().flat_map(|row| predict(&scorer, row)).collect();
            let same = found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "{trees} trees of {leaves} leaves, row by row by {level:?}");
            for n in [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 191, 193, 255, 256, 257, 511, 513, 800] {
                let found = in_a_batch(&scorer, level, &placed[..n]);
                let expected = &expected[..n * scorer.outputs()];
                let same = found.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{trees} trees of {leaves} leaves, {n} rows by {level:?}");
            }
        }
        choose(None);
    }
}

#[test]
fn centres_of_many_rows_are_those_of_single_rows() {
    let model = samples::kmeans();
    let scorer = Scorer::new(model);
    let rows: Vec<Vec<f64>> = samples::rows(2)
        .iter()
        .map(|row| vec![row[0], if row[1].is_nan() { NAN } else { f64::from(walk::code(row[1]).min(9)) }])
        .collect();
    let expected: Vec<f64> = rows.iter().flat_map(|row| predict(&scorer, row)).collect();
    for level in Level::ALL {
        for n in [0, 1, 31, rows.len()] {
            assert_eq!(in_a_batch(&scorer, level, &rows[..n]), expected[..n], "{n} rows by {level:?}");
        }
    }
}

#[test]
fn the_most_probable_component_wins() {
    let rows: Vec<Vec<f64>> = samples::rows(2)
        .iter()
        .map(|row| vec![row[0], if row[1].is_nan() { NAN } else { f64::from(walk::code(row[1]).min(9)) }])
        .collect();
    for (_, covariance) in Covariance::NAMED {
        let scorer = Scorer::new(samples::mixture(covariance));
        let Body::Mixture(body) = &scorer.model().body else { panic!("no mixture") };
        let mut scratch = Vec::new();
        for row in &rows {
            // By the definition: y = factor (x - mean), and the density falls with the square of its length.
            let spend = if row[0].is_nan() { 2.0 } else { row[0].clamp(-10.0, 10.0) };
            let mut point = [(spend - 1.0) * 0.5, 0.0, 0.0];
            let city = if row[1].is_nan() { 1 } else { [0, 9, 1][(row[1] as usize).min(2)] };
            if city < 2 {
                point[1 + city] = 0.75;
            }
            let density = |c: usize| {
                let apart: Vec<f64> = (0..3).map(|j| point[j] - body.clusters.centres[c * 3 + j]).collect();
                let first = covariance.first(c, 3);
                let p = |i: usize, j: usize| match covariance {
                    Covariance::Full | Covariance::Tied if j <= i => body.precisions[first + i * (i + 1) / 2 + j],
                    Covariance::Diagonal if i == j => body.precisions[first + i],
                    Covariance::Spherical if i == j => body.precisions[first],
                    _ => 0.0,
                };
                let far: f64 = (0..3).map(|i| (0..3).map(|j| p(i, j) * apart[j]).sum::<f64>().powi(2)).sum();
                (body.log_weights[c] + body.log_peaks[c] - 0.5 * far, far)
            };
            let (a, b) = (density(0), density(1));
            let shares = mixture::memberships(body, row, &mut scratch);
            let expected = 1.0 / (1.0 + (b.0 - a.0).exp());
            assert!((shares[0] - expected).abs() < 1e-9 && (shares[0] + shares[1] - 1.0).abs() < 1e-12);
            let all = a.0.max(b.0) + (1.0 + (-(a.0 - b.0).abs()).exp()).ln();
            assert!((mixture::log_density(body, row, &mut scratch) - all).abs() < 1e-9 * all.abs().max(1.0));
            let (segment, far) = mixture::most_probable(body, row, &mut scratch);
            if (a.0 - b.0).abs() > 1e-9 {
                assert_eq!(segment, u32::from(b.0 > a.0));
                let own = if segment == 0 { a.1 } else { b.1 };
                assert!((far - own).abs() < 1e-9 * own.max(1.0));
            }
            assert_eq!(predict(&scorer, row), [f64::from(segment) + 1.0]);
        }
        let expected: Vec<f64> = rows.iter().flat_map(|row| predict(&scorer, row)).collect();
        for level in Level::ALL {
            for n in [0, 1, 31, 33, rows.len()] {
                assert_eq!(in_a_batch(&scorer, level, &rows[..n]), expected[..n], "{n} rows by {level:?}");
            }
        }
    }
}

/// Of numbers beyond all measure there is an answer, too.
#[test]
fn densities_that_vanish_leave_the_first_component() {
    let mut model = samples::mixture(Covariance::Full);
    if let Body::Mixture(body) = &mut model.body {
        body.precisions.iter_mut().for_each(|p| *p *= 1e300);
    }
    let scorer = Scorer::new(model);
    let Body::Mixture(body) = &scorer.model().body else { panic!("no mixture") };
    assert_eq!(predict(&scorer, &[9.0, 0.0]), [1.0]);
    assert_eq!(mixture::memberships(body, &[9.0, 0.0], &mut Vec::new()), [1.0, 0.0]);
}

/// A curve by its definition.
fn curved(curve: &Curve, p: f64) -> f64 {
    match curve {
        Curve::Sigmoid { slope, intercept } => {
            let p = p.clamp(1e-15, 1.0 - 1e-15);
            logistic(slope * libm::log(p / (1.0 - p)) + intercept)
        }
        Curve::Isotonic { from, to } => {
            for i in 0..from.len() {
                if p <= from[i] {
                    let Some(last) = i.checked_sub(1) else { return to[0] };
                    let line = to[last] + (to[i] - to[last]) * ((p - from[last]) / (from[i] - from[last]));
                    return line.clamp(to[last], to[i]);
                }
            }
            to[to.len() - 1]
        }
    }
}

/// The plain way: walk each tree, add the leaves up in eight lanes, mean, base, link.
fn oracle(model: &Model, row: &[f64]) -> Vec<f64> {
    let (trees, curves) = model.body.as_trees().expect("trees");
    let mut lanes = vec![[0.0; 8]; trees.outputs as usize];
    for tree in 0..trees.roots.len() {
        let leaf = walk::leaf(trees, tree, row);
        let start = trees.left[leaf] as usize;
        match trees.right[leaf] {
            0 => lanes.iter_mut().zip(&trees.values[start..]).for_each(|(o, v)| o[tree % 8] += v),
            one => lanes[one as usize - 1][tree % 8] += trees.values[start],
        }
    }
    let join = |l: &[f64; 8]| ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
    let mut out: Vec<f64> = lanes.iter().map(join).collect();
    for (o, base) in out.iter_mut().zip(&trees.base) {
        *o = if trees.average { *o / trees.roots.len() as f64 } else { *o } + base;
    }
    match trees.link {
        Link::Identity => {}
        Link::Logistic => out[0] = logistic(out[0]),
        Link::Softmax => softmax(&mut out),
        Link::Log => out[0] = libm::exp(out[0]),
    }
    out.iter_mut().zip(curves).for_each(|(p, curve)| *p = curved(curve, *p));
    if curves.len() > 1 {
        let total: f64 = out.iter().sum();
        out.iter_mut().for_each(|p| *p = if total > 0.0 { *p / total } else { 1.0 / curves.len() as f64 });
    }
    if let Task::Classification { classes, positive: 0 } = &model.task {
        if classes.len() == 2 {
            out[0] = 1.0 - out[0];
        }
    }
    out
}

/// A tree by random choices, in an order of nodes that is not breadth first.
fn grow(t: &mut Trees, levels: u32, choices: &mut impl Iterator<Item = u32>, values: &[f64], one: Option<u32>) {
    let root = t.feature.len() as u32;
    t.roots.push(root);
    // Shapes first: open nodes are split until the choices say stop; children get the next two indexes.
    let mut shape: Vec<Option<(u32, u32)>> = vec![None];
    let mut open = vec![0usize];
    while let Some(at) = (!open.is_empty()).then(|| choices.next().unwrap_or(0) as usize % open.len()) {
        let node = open.swap_remove(at);
        if shape.len() > 40 || choices.next().unwrap_or(0).is_multiple_of(4) {
            continue;
        }
        let next = shape.len() as u32;
        let swap = choices.next().unwrap_or(0) % 2;
        shape[node] = Some((root + next + swap, root + next + 1 - swap));
        shape.extend([None, None]);
        open.extend([next as usize, next as usize + 1]);
    }
    for children in shape {
        let pick = choices.next().unwrap_or(1);
        match children {
            None => {
                let leaf: Vec<f64> = (0..t.outputs).map(|k| values[(pick + k) as usize % values.len()]).collect();
                match one {
                    Some(output) => samples::leaf_of(t, output, leaf[0]),
                    None => samples::leaf(t, &leaf),
                }
            }
            Some((l, r)) if pick.is_multiple_of(3) => {
                let words: Vec<u64> =
                    (0..levels.div_ceil(64).min(pick % 4)).map(|w| (u64::from(pick) * 0x9e37_79b9) << w).collect();
                samples::split_set(t, 2, &words, pick.is_multiple_of(2), l, r);
            }
            Some((l, r)) => {
                let thresholds = [-1.0, -0.0, 0.0, 1.0, 2.5, 63.0, 1e300, INF, -INF];
                samples::split(t, pick % 2, thresholds[pick as usize % thresholds.len()], pick % 5 < 2, l, r);
            }
        }
    }
}

proptest! {
    #[test]
    fn the_layout_agrees_with_the_walk(
        choices in prop::collection::vec(any::<u32>(), 1..600),
        trees in prop_oneof![1usize..5, 6usize..30],
        kind in 0usize..6,
        kinds in 0u8..3,
        base in -2.0f64..2.0,
        few in any::<bool>(),
        calibrated in any::<bool>(),
    ) {
        let count = if few { 40 } else { 130 };
        let levels: Vec<String> = (0..count).map(|i| format!("{i:03}")).collect();
        let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
        let features = vec![samples::number("a"), samples::number("b"), samples::category("c", &levels)];
        let (task, outputs, link) = match kind {
            0 => (samples::classes(&["n", "y"], 0), 1, Link::Logistic),
            1 => (samples::classes(&["n", "y"], 1), 1, Link::Identity),
            2 => (samples::classes(&["a", "b", "c"], 0), 3, Link::Softmax),
            3 => (Task::Regression, 1, Link::Log),
            4 => (samples::classes(&["n", "y"], 0), 1, Link::Identity),
            _ => (Task::Regression, 1, Link::Identity),
        };
        let probabilities = matches!(kind, 1 | 4);
        let values: &[f64] = if probabilities { &[0.0, 0.1, 0.7, 1.0, 0.3] } else { &[-0.0, 1.5, -2.25, 1e3, 0.1, -700.0] };
        let mut t = samples::empty(outputs, link);
        t.average = probabilities || choices[0].is_multiple_of(2);
        t.base = vec![if probabilities { 0.0 } else { base }; outputs as usize];
        let mut next = choices.iter().copied();
        // Trees of one class each, of all, or some of either kind.
        let one = |tree: usize| match (outputs > 1 && trees > 1, kinds) {
            (true, 0) => Some(tree as u32 % outputs),
            (true, 1) if tree % 2 == 1 => Some(tree as u32 * 7 % outputs),
            _ => None,
        };
        (0..trees).for_each(|tree| grow(&mut t, count + 1, &mut next, values, one(tree)));
        let curve = |k: u32| match choices[choices.len() / 2].wrapping_add(k) % 2 {
            0 => Curve::Sigmoid { slope: 0.5 + f64::from(k), intercept: base },
            _ => Curve::Isotonic { from: vec![0.05, 0.3, 0.7, 0.9], to: vec![0.0, 0.25, 0.25, 1.0 - 0.1 * f64::from(k)] },
        };
        let classification = matches!(task, Task::Classification { .. });
        let curves = if calibrated && classification { (0..outputs).map(curve).collect() } else { Vec::new() };
        let model = samples::model(features, task, Body::trees(t, curves));
        model.validate().unwrap();
        prop_assert_eq!(&decode(&encode(&model).unwrap()).unwrap(), &model);
        let scorer = Scorer::new(model.clone());
        prop_assert!(!few || scorer.takes_keys() == (trees == 1));
        for (code, level) in levels.iter().enumerate() {
            let (mut key, place) = (Scorer::missing_key(), scorer.category(2, level.as_bytes()));
            scorer.set_category_key(2, level.as_bytes(), &mut key);
            prop_assert_eq!(place, scorer.place(2, code as f64));
            prop_assert_eq!(key, scorer.key(2, place));
        }
        let placed: Vec<Vec<f64>> =
            samples::rows(3).iter().map(|row| (0..3).map(|f| scorer.place(f, row[f])).collect()).collect();
        let expected: Vec<f64> = placed.iter().flat_map(|row| predict(&scorer, row)).collect();
        for level in Level::ALL {
            let found = in_a_batch(&scorer, level, &placed);
            prop_assert!(found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{:?}", level);
        }
        for row in samples::rows(3) {
            let mut stored = row.clone();
            if !stored[2].is_nan() {
                stored[2] = f64::from(walk::code(stored[2]).min(count));
            }
            let placed: Vec<f64> = (0..3).map(|f| scorer.place(f, row[f])).collect();
            let (found, expected) = (predict(&scorer, &placed), oracle(&model, &stored));
            prop_assert_eq!(
                found.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
                expected.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
                "row {:?}: {:?} and {:?}", row, found, expected
            );
            if scorer.takes_keys() {
                let keys: Vec<_> = (0..3).map(|f| scorer.key(f, placed[f])).collect();
                let mut out = vec![NAN; scorer.outputs()];
                scorer.predict_keys(&keys, &mut out);
                prop_assert_eq!(
                    found.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
                    out.iter().map(|v| v.to_bits()).collect::<Vec<_>>()
                );
            }
        }
    }
}

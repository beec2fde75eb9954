//! Shapley values against all subsets of the features, counted one by one.
#![allow(missing_docs)]

mod random_trees;
mod samples;

use orchard_engine::control::Control;
use orchard_engine::judge::shap::{columns, features, has_scores, is_asked, Part, Shap};
use orchard_engine::model::*;
use orchard_engine::score::{choose, walk, Level, Scorer};
use orchard_engine::Error;
use random_trees::{placed, random_row, random_trees, Random};

/// What a tree says when the features of `known` are known.
fn expect(trees: &Trees, node: usize, row: &[f64], known: usize, output: usize) -> f64 {
    if trees.feature[node] == LEAF {
        return trees.leaf(node).at(output);
    }
    let (left, right) = (trees.left[node] as usize, trees.right[node] as usize);
    let below = |child: usize| expect(trees, child, row, known, output);
    if known >> trees.feature[node] & 1 == 1 {
        return below(if walk::goes_left(trees, node, row) { left } else { right });
    }
    let share = |child: usize| if trees.cover[node] > 0.0 { trees.cover[child] / trees.cover[node] } else { 0.5 };
    share(left) * below(left) + share(right) * below(right)
}

/// What all trees say, and the Shapley value of each feature.
fn naive(trees: &Trees, row: &[f64], output: usize) -> (f64, Vec<f64>) {
    let features = row.len();
    let scale = if trees.average { trees.roots.len() as f64 } else { 1.0 };
    let score = |known: usize| -> f64 {
        let sum: f64 = trees.roots.iter().map(|&root| expect(trees, root as usize, row, known, output)).sum();
        sum / scale + trees.base[output]
    };
    let scores: Vec<f64> = (0..1 << features).map(score).collect();
    let factorial = |n: usize| (1..=n).map(|k| k as f64).product::<f64>();
    let value = |feature: usize| {
        let others = (0..1usize << features).filter(|known| known >> feature & 1 == 0);
        others
            .map(|known| {
                let size = known.count_ones() as usize;
                let weight = factorial(size) * factorial(features - size - 1) / factorial(features);
                weight * (scores[known | 1 << feature] - scores[known])
            })
            .sum()
    };
    (scores[0], (0..features).map(value).collect())
}

fn explain(shap: &mut Shap<'_>, rows: &[Vec<f64>], output: usize) -> (f64, Vec<f64>) {
    let features = rows[0].len();
    let columns: Vec<Vec<f64>> = (0..features).map(|f| rows.iter().map(|row| row[f]).collect()).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let mut out = vec![f64::NAN; rows.len() * features];
    let mean = shap.explain(&columns, output, &mut out, &Control::default()).unwrap();
    (mean, out)
}

#[test]
fn values_are_those_of_all_subsets() {
    let control = Control::default();
    for seed in 0..300 {
        let mut rng = Random(seed);
        let outputs = if seed % 5 == 0 { 3 } else { 1 };
        let (features, trees) = random_trees(&mut rng, outputs);
        if trees.cover.iter().all(|c| *c == 0.0) {
            continue;
        }
        let task = if outputs == 3 { samples::classes(&["a", "b", "c"], 2) } else { Task::Regression };
        let model = samples::model(features.clone(), task, Body::Trees(trees.clone()));
        model.validate().unwrap();
        let scorer = Scorer::new(model);
        let mut shap = Shap::new(&scorer, &control).unwrap();
        let rows: Vec<Vec<f64>> = (0..40).map(|_| random_row(&mut rng, &features)).collect();
        let given: Vec<Vec<f64>> = rows.iter().map(|row| placed(&scorer, row)).collect();
        for output in 0..outputs as usize {
            let (mean, all) = explain(&mut shap, &given, output);
            for (r, row) in rows.iter().enumerate() {
                let (base, expected) = naive(&trees, row, output);
                assert!((mean - base).abs() < 1e-13, "seed {seed}: mean {mean}, not {base}");
                let found = &all[r * row.len()..][..row.len()];
                for (f, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    assert!(
                        (found - expected).abs() < 1e-13,
                        "seed {seed}, row {r}, feature {f}: {found}, not {expected}"
                    );
                }
                let (same_mean, same) = explain(&mut shap, &given[r..=r], output);
                assert!(same_mean == mean && same == found, "seed {seed}: a row alone and among others");
            }
        }
    }
}

/// What the trees say of a row, from the walk alone.
fn raw(trees: &Trees, row: &[f64], output: usize) -> f64 {
    let leaf = |tree: usize| trees.leaf(walk::leaf(trees, tree, row)).at(output);
    let sum: f64 = (0..trees.roots.len()).map(leaf).sum();
    let scale = if trees.average { trees.roots.len() as f64 } else { 1.0 };
    sum / scale + trees.base[output]
}

fn near(a: f64, b: f64, scale: f64) -> bool {
    (a - b).abs() <= 1e-12 * scale.max(1.0) || a == b
}

/// What a model says that is asked is its answers, and contributions sum to them.
fn sums_to_answers(name: &str, scorer: &Scorer, control: &Control) {
    let mut shap = Shap::new(scorer, control).unwrap();
    let count = scorer.model().features.len();
    for row in samples::rows(count).into_iter().step_by(11) {
        let given = placed(scorer, &row);
        let mut answers = vec![0.0; scorer.outputs()];
        scorer.predict(&given, &mut answers);
        for (output, answer) in answers.iter().enumerate() {
            let (mean, values) = explain(&mut shap, std::slice::from_ref(&given), output);
            let sum = mean + values.iter().sum::<f64>();
            assert!((sum - answer).abs() <= 1e-9 * answer.abs().max(1.0), "{name} {output}: {sum}, not {answer}");
        }
    }
}

#[test]
fn explanations_sum_to_score_and_answer() {
    let control = Control::default();
    for (name, model) in samples::all() {
        let scorer = Scorer::new(model.clone());
        let Some((trees, _)) = model.body.as_trees() else {
            assert_eq!(Shap::new(&scorer, &control).is_ok(), has_scores(&model) || is_asked(&model), "{name}");
            if is_asked(&model) {
                sums_to_answers(name, &scorer, &control);
            }
            continue;
        };
        let mut shap = Shap::new(&scorer, &control).unwrap();
        let classes = model.classes();
        let count = model.features.len();
        let mut rows: Vec<Vec<f64>> = samples::rows(count).into_iter().step_by(7).collect();
        for (f, feature) in model.features.iter().enumerate().filter(|(_, f)| f.encoding.is_category()) {
            // A scorer never says of a text more than that it is none of the levels.
            let levels = feature.encoding.levels().len() as f64;
            rows.iter_mut().filter(|row| !row[f].is_nan()).for_each(|row| row[f] = row[f].floor().clamp(0.0, levels));
        }
        for (explained, one) in [(columns(&model), false), (features(&model), true)] {
            let mut all: Vec<usize> = explained.iter().flat_map(|c| c.features.clone()).collect();
            all.sort_unstable();
            assert_eq!(all, (0..count).collect::<Vec<_>>(), "{name}: every feature is in one column");
            assert!(!one || explained.len() == count);
            for class in std::iter::once(None).chain((0..classes.len()).map(Some)) {
                for row in &rows {
                    // Keys of levels stand for themselves only in the stored trees.
                    let is_ordered = |f: usize| matches!(model.features[f].encoding, Encoding::Ordered { .. });
                    let placed: Vec<f64> = (0..count).map(|f| scorer.place(f, row[f])).collect();
                    let cells: Vec<&[f64]> = placed.iter().map(std::slice::from_ref).collect();
                    let found = shap.answers(&cells, &explained, class, &control).unwrap().remove(0);
                    let mut out = vec![0.0; scorer.outputs()];
                    scorer.predict(&placed, &mut out);
                    let positive = match &model.task {
                        Task::Classification { positive, .. } => *positive as usize,
                        _ => 0,
                    };
                    let flip = classes.len() <= 2 && class.is_some_and(|class| class != positive);
                    let answer = match out[..] {
                        [p] if flip => 1.0 - p,
                        [p] => p,
                        _ => out[found.class],
                    };
                    let sum = found.sum();
                    let size = |f: fn(&Part) -> f64| {
                        f(&found.base).abs() + found.columns.iter().map(|p| f(p).abs()).sum::<f64>()
                    };
                    assert!(
                        near(sum.response, answer, size(|p| p.response)),
                        "{name} {row:?}: {} of {answer}",
                        sum.response
                    );
                    if classes.len() == 1 || (0..count).any(is_ordered) {
                        continue;
                    }
                    let output = if out.len() > 1 { found.class } else { 0 };
                    let mut expected = raw(trees, row, output);
                    if classes.len() == 2 && (positive == 0) != flip {
                        expected = if trees.link == Link::Identity { 1.0 - expected } else { -expected };
                    }
                    assert!(
                        near(sum.score, expected, size(|p| p.score)),
                        "{name} {row:?}: {} of {expected}",
                        sum.score
                    );
                }
            }
        }
    }
}

#[test]
fn classes_move_each_other() {
    // Three classes with random scores and curves: what raises one lowers another, and all probabilities are met.
    let control = Control::default();
    for seed in 0..60 {
        let mut rng = Random(seed);
        let (features_of, mut trees) = random_trees(&mut rng, 3);
        if trees.cover[0] == 0.0 {
            continue;
        }
        let curves: Vec<Curve> = match seed % 3 {
            0 => Vec::new(),
            1 => (0..3)
                .map(|_| Curve::Sigmoid { slope: rng.number(0.0, 3.0), intercept: rng.number(-1.0, 1.0) })
                .collect(),
            _ => (0..3).map(|_| Curve::Isotonic { from: vec![0.1, 0.4, 0.9], to: vec![0.0, 0.6, 1.0] }).collect(),
        };
        trees.base.iter_mut().for_each(|base| *base *= 3.0);
        let model =
            samples::model(features_of.clone(), samples::classes(&["a", "b", "c"], 2), Body::trees(trees, curves));
        model.validate().unwrap();
        let scorer = Scorer::new(model);
        let mut shap = Shap::new(&scorer, &control).unwrap();
        let explained = columns(scorer.model());
        let row = placed(&scorer, &random_row(&mut rng, &features_of));
        let cells: Vec<&[f64]> = row.iter().map(std::slice::from_ref).collect();
        let mut out = [0.0; 3];
        scorer.predict(&row, &mut out);
        let mut total = vec![0.0; explained.len()];
        for (class, answer) in out.iter().enumerate() {
            let found = shap.answers(&cells, &explained, Some(class), &control).unwrap().remove(0);
            assert!((found.sum().response - answer).abs() < 1e-12, "seed {seed}, class {class}");
            total.iter_mut().zip(&found.columns).for_each(|(total, part)| *total += part.response);
        }
        // Probabilities sum to 1 before and after, so what a column does to all of them sums to nothing; the quadrature, whose rest is
        // spread over the columns, is good to this.
        assert!(total.iter().all(|total| total.abs() < 1e-6), "seed {seed}: {total:?}");
    }
}

#[test]
fn every_instruction_set_says_the_same() {
    let mut rng = Random(77);
    let (features_of, trees) = random_trees(&mut rng, 1);
    let model = samples::model(features_of.clone(), Task::Regression, Body::Trees(trees));
    let scorer = Scorer::new(model);
    let rows: Vec<Vec<f64>> = (0..100).map(|_| placed(&scorer, &random_row(&mut rng, &features_of))).collect();
    let mut shap = Shap::new(&scorer, &Control::default()).unwrap();
    let mut all = Vec::new();
    for level in Level::ALL {
        if choose(Some(level)) {
            all.push(explain(&mut shap, &rows, 0));
        } else {
            println!("skipped ({})", level.name());
        }
    }
    choose(None);
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

/// A tree that asks of features in turn, each time leaving a leaf behind.
fn chain(splits: u32, count: u32) -> Model {
    let features: Vec<Feature> = (0..count).map(|i| samples::number(&format!("n{i}"))).collect();
    let mut trees = samples::empty(1, Link::Identity);
    trees.roots = vec![0];
    for i in 0..splits {
        samples::split(&mut trees, i % count, 0.0, i % 2 == 0, 2 * i + 1, 2 * i + 2);
        samples::leaf(&mut trees, &[f64::from(i % 7)]);
    }
    samples::leaf(&mut trees, &[10.0]);
    for node in 0..trees.nodes() {
        trees.cover[node] = if trees.feature[node] == LEAF { 1.0 } else { f64::from(splits + 1 - node as u32 / 2) };
    }
    let model = samples::model(features, Task::Regression, Body::Trees(trees));
    model.validate().unwrap();
    model
}

#[test]
fn long_paths_are_explained() {
    for (splits, count) in [(300, 300), (40_000, 3), (1_000, 100)] {
        let scorer = Scorer::new(chain(splits, count));
        let trees = scorer.model().body.as_trees().unwrap().0.clone();
        let mut shap = Shap::new(&scorer, &Control::default()).unwrap();
        let mut rng = Random(u64::from(count));
        for positive in [0.5, 0.99, 1.0] {
            let row: Vec<f64> = (0..count).map(|_| if rng.chance(positive) { 1.0 } else { -1.0 }).collect();
            let (mean, values) = explain(&mut shap, std::slice::from_ref(&row), 0);
            let sum = mean + values.iter().sum::<f64>();
            assert!(near(sum, raw(&trees, &row, 0), 10.0), "{splits} splits of {count}: {sum}");
        }
    }
}

#[test]
fn memory_is_bounded_and_a_run_can_be_cancelled() {
    let scorer = Scorer::new(chain(40_000, 3));
    let cells = [vec![1.0; 64], vec![1.0; 64], vec![1.0; 64]];
    let cells: Vec<&[f64]> = cells.iter().map(Vec::as_slice).collect();
    let mut out = vec![0.0; 64 * 3];
    let tight = Control::new(1 << 20);
    assert!(matches!(Shap::new(&scorer, &tight), Err(Error::OutOfMemory { .. })));
    let little = Control::new(32 << 20);
    let found = Shap::new(&scorer, &little).unwrap().explain(&cells, 0, &mut out, &little);
    assert!(matches!(found, Err(Error::OutOfMemory { .. })));
    let control = Control::default();
    let mut shap = Shap::new(&scorer, &control).unwrap();
    shap.explain(&cells, 0, &mut out, &control).unwrap();
    shap.release(&control);
    assert_eq!(control.used(), 0, "all that was counted is given back");
    let mut shap = Shap::new(&scorer, &control).unwrap();
    control.cancel();
    assert!(matches!(shap.explain(&cells, 0, &mut out, &control), Err(Error::Cancelled)));
}

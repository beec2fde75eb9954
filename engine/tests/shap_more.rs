//! Interventional Shapley values and interactions against all subsets of the features, counted one by one.
#![allow(missing_docs)]

mod random_trees;
mod samples;

use orchard_engine::control::Control;
use orchard_engine::judge::shap::{columns, features, interaction_values, interactions, Shap};
use orchard_engine::model::*;
use orchard_engine::score::{walk, Scorer};
use random_trees::{placed, random_row, random_trees, Random};

fn factorial(n: usize) -> f64 {
    (1..=n).map(|k| k as f64).product()
}

/// The Shapley values of a game of so many players.
fn shapley(players: usize, game: &[f64]) -> Vec<f64> {
    let value = |player: usize| {
        let others = (0..1usize << players).filter(|known| known >> player & 1 == 0);
        others
            .map(|known| {
                let size = known.count_ones() as usize;
                let weight = factorial(size) * factorial(players - size - 1) / factorial(players);
                weight * (game[known | 1 << player] - game[known])
            })
            .sum()
    };
    (0..players).map(value).collect()
}

/// Half of the Shapley interaction index of two players.
fn interaction(players: usize, game: &[f64], a: usize, b: usize) -> f64 {
    let (one, two) = (1usize << a, 1usize << b);
    let others = (0..1usize << players).filter(|known| known & (one | two) == 0);
    others
        .map(|known| {
            let size = known.count_ones() as usize;
            let weight = factorial(size) * factorial(players - size - 2) / factorial(players - 1) / 2.0;
            weight * (game[known | one | two] - game[known | one] - game[known | two] + game[known])
        })
        .sum()
}

/// What all trees say of a row.
fn raw(trees: &Trees, row: &[f64], output: usize) -> f64 {
    let leaf = |tree: usize| trees.leaf(walk::leaf(trees, tree, row)).at(output);
    let scale = if trees.average { trees.roots.len() as f64 } else { 1.0 };
    (0..trees.roots.len()).map(leaf).sum::<f64>() / scale + trees.base[output]
}

/// What a tree says when the features of `known` are known.
fn expect(trees: &Trees, node: usize, row: &[f64], known: usize) -> f64 {
    if trees.feature[node] == LEAF {
        return trees.leaf(node).at(0);
    }
    let (left, right) = (trees.left[node] as usize, trees.right[node] as usize);
    let below = |child: usize| expect(trees, child, row, known);
    if known >> trees.feature[node] & 1 == 1 {
        return below(if walk::goes_left(trees, node, row) { left } else { right });
    }
    let share = |child: usize| if trees.cover[node] > 0.0 { trees.cover[child] / trees.cover[node] } else { 0.5 };
    share(left) * below(left) + share(right) * below(right)
}

fn by_column(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    (0..rows[0].len()).map(|f| rows.iter().map(|row| row[f]).collect()).collect()
}

#[test]
fn interventional_values_are_those_of_all_mixtures() {
    let control = Control::default();
    for seed in 0..120 {
        let mut rng = Random(seed);
        let outputs = if seed % 5 == 0 { 3 } else { 1 };
        let (features, mut trees) = random_trees(&mut rng, outputs);
        if seed % 4 == 0 {
            // Counts of rows are not needed.
            trees.cover.iter_mut().for_each(|c| *c = 0.0);
        }
        let task = if outputs == 3 { samples::classes(&["a", "b", "c"], 2) } else { Task::Regression };
        let scorer = Scorer::new(samples::model(features.clone(), task, Body::Trees(trees.clone())));
        let draw =
            |rng: &mut Random, n: usize| -> Vec<Vec<f64>> { (0..n).map(|_| random_row(rng, &features)).collect() };
        let (rows, background) = (draw(&mut rng, 9), draw(&mut rng, 7));
        let place = |rows: &[Vec<f64>]| by_column(&rows.iter().map(|row| placed(&scorer, row)).collect::<Vec<_>>());
        let (given, against) = (place(&rows), place(&background));
        let cells: Vec<&[f64]> = given.iter().map(Vec::as_slice).collect();
        let mut shap = Shap::against(&scorer, &against, &control).unwrap();
        for output in 0..outputs as usize {
            let mut out = vec![f64::NAN; rows.len() * features.len()];
            let mean = shap.explain(&cells, output, &mut out, &control).unwrap();
            for (row, found) in rows.iter().zip(out.chunks(features.len())) {
                let score = |known: usize| -> f64 {
                    let mixed = |other: &Vec<f64>| {
                        let mix = |f: usize| if known >> f & 1 == 1 { row[f] } else { other[f] };
                        raw(&trees, &(0..row.len()).map(mix).collect::<Vec<_>>(), output)
                    };
                    background.iter().map(mixed).sum::<f64>() / background.len() as f64
                };
                let game: Vec<f64> = (0..1 << row.len()).map(score).collect();
                assert!((mean - game[0]).abs() < 1e-12, "seed {seed}: mean {mean}, not {}", game[0]);
                for (found, expected) in found.iter().zip(shapley(row.len(), &game)) {
                    assert!((found - expected).abs() < 1e-12, "seed {seed}: {found}, not {expected}");
                }
            }
        }
        shap.release(&control);
    }
    assert_eq!(control.used(), 0, "all memory was given back");
}

#[test]
fn interactions_are_those_of_all_subsets() {
    let control = Control::default();
    for seed in 0..120 {
        let mut rng = Random(seed);
        let (features, trees) = random_trees(&mut rng, 1);
        if trees.cover.iter().all(|c| *c == 0.0) {
            continue;
        }
        let scorer = Scorer::new(samples::model(features.clone(), Task::Regression, Body::Trees(trees.clone())));
        let rows: Vec<Vec<f64>> = (0..6).map(|_| random_row(&mut rng, &features)).collect();
        let given = by_column(&rows.iter().map(|row| placed(&scorer, row)).collect::<Vec<_>>());
        let cells: Vec<&[f64]> = given.iter().map(Vec::as_slice).collect();
        let columns = columns(scorer.model());
        let found = interaction_values(&scorer, &trees, &cells, &columns, 0, &control).unwrap();
        let scale = if trees.average { trees.roots.len() as f64 } else { 1.0 };
        let count = features.len();
        let mut sizes = vec![0.0; count * (count - 1) / 2];
        for (row, found) in rows.iter().zip(found.chunks(count * (count - 1) / 2)) {
            let score = |known: usize| -> f64 {
                trees.roots.iter().map(|&root| expect(&trees, root as usize, row, known)).sum::<f64>() / scale
            };
            let game: Vec<f64> = (0..1 << count).map(score).collect();
            let mut next = 0;
            for a in 0..count {
                for b in a + 1..count {
                    let expected = interaction(count, &game, a, b);
                    assert!(
                        (found[next] - expected).abs() < 1e-12,
                        "seed {seed}, {a} {b}: {}, not {expected}",
                        found[next]
                    );
                    sizes[next] += expected.abs() / rows.len() as f64;
                    next += 1;
                }
            }
        }
        let means = interactions(&scorer, &given, &columns, &control).unwrap();
        assert!(means.iter().zip(&sizes).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

#[test]
fn values_and_interactions_agree_where_a_path_is_long() {
    // More features than a word of a mask has bits.
    let count = 70u32;
    let control = Control::default();
    let mut trees = samples::empty(1, Link::Identity);
    trees.roots.push(0);
    for f in 0..count {
        samples::split(&mut trees, f, 0.5, false, 2 * f + 1, 2 * f + 2);
        samples::leaf(&mut trees, &[f64::from(f)]);
    }
    samples::leaf(&mut trees, &[100.0]);
    for node in (0..trees.nodes()).rev() {
        trees.cover[node] = match trees.feature[node] {
            LEAF => 1.0,
            _ => trees.cover[trees.left[node] as usize] + trees.cover[trees.right[node] as usize],
        };
    }
    let all: Vec<Feature> = (0..count).map(|f| samples::number(&format!("n{f}"))).collect();
    let scorer = Scorer::new(samples::model(all, Task::Regression, Body::Trees(trees.clone())));
    let rows = [vec![1.0; 70], vec![0.0; 70], (0..70).map(|f| f64::from(u8::from(f < 66))).collect()];
    let given = by_column(&rows);
    let cells: Vec<&[f64]> = given.iter().map(Vec::as_slice).collect();
    let mut out = vec![f64::NAN; rows.len() * 70];
    let mut shap = Shap::against(&scorer, &given, &control).unwrap();
    let mean = shap.explain(&cells, 0, &mut out, &control).unwrap();
    for (row, out) in rows.iter().zip(out.chunks(70)) {
        assert!((mean + out.iter().sum::<f64>() - raw(&trees, row, 0)).abs() < 1e-9);
    }
    let pairs = interaction_values(&scorer, &trees, &cells, &features(scorer.model()), 0, &control).unwrap();
    assert!(pairs.iter().all(|v| v.is_finite()) && pairs.iter().any(|v| *v != 0.0));
}

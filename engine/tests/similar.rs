//! Proximity against the leaves of a walk, tree by tree.
#![allow(missing_docs)]

mod random_trees;
mod samples;

use orchard_engine::judge::similar::Likeness;
use orchard_engine::model::*;
use orchard_engine::score::{walk, Scorer};
use random_trees::{placed, random_row, random_trees, Random};

#[test]
fn proximity_is_the_share_of_leaves_in_common() {
    for seed in 0..100 {
        let mut rng = Random(seed);
        let (features, trees) = random_trees(&mut rng, if seed % 3 == 0 { 3 } else { 1 });
        let task = if seed % 3 == 0 { samples::classes(&["a", "b", "c"], 0) } else { Task::Regression };
        let scorer = Scorer::new(samples::model(features.clone(), task, Body::Trees(trees.clone())));
        let rows: Vec<Vec<f64>> = (0..10).map(|_| random_row(&mut rng, &features)).collect();
        let mut likeness = Likeness::new(&scorer, &placed(&scorer, &rows[0]));
        for row in &rows {
            let same = |&tree: &usize| walk::leaf(&trees, tree, &rows[0]) == walk::leaf(&trees, tree, row);
            let count = (0..trees.roots.len()).filter(same).count() as f64;
            let distance = likeness.distance(&scorer, &placed(&scorer, row));
            assert!((likeness.similarity(distance) - count / trees.roots.len() as f64).abs() < 1e-12, "seed {seed}");
        }
    }
    let scorer = Scorer::new(samples::kmeans());
    let rows = samples::rows(scorer.model().features.len());
    let mut likeness = Likeness::new(&scorer, &rows[0]);
    assert_eq!(likeness.distance(&scorer, &rows[0]), 0.0);
    assert_eq!(likeness.similarity(0.0), 1.0);
    assert!(rows.iter().any(|row| likeness.distance(&scorer, row) > 0.0));
}

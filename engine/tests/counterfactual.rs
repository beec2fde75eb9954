//! Counterfactuals against all changes there are, tried one by one.
#![allow(missing_docs)]

mod samples;

use orchard_engine::control::Control;
use orchard_engine::judge::counterfactual::{search, Changeable, Goal, Limits, Start, Trend, Wish};
use orchard_engine::judge::given::{Encoder, Given};
use orchard_engine::model::*;
use orchard_engine::score::Scorer;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ x >> 31) % end
    }

    fn number(&mut self) -> f64 {
        self.below(4001) as f64 / 1000.0 - 2.0
    }
}

const LEVELS: [&str; 5] = ["a", "b", "c", "d", "e"];
/// Whole numbers of the columns are below this.
const END: i64 = 12;

/// Trees over three whole numbers, a text and a truth value.
fn random_model(rng: &mut Random, outputs: u32, link: Link) -> Model {
    let mut trees = samples::empty(outputs, link);
    for _ in 0..6 {
        let root = trees.nodes();
        trees.roots.push(root as u32);
        let (mut made, mut pending, mut next) = (0, 1, root + 1);
        while pending > 0 {
            pending -= 1;
            if made < 6 {
                made += 1;
                let (left, right) = (next as u32, next as u32 + 1);
                (next, pending) = (next + 2, pending + 2);
                let missing = rng.below(2) == 0;
                match rng.below(5) as u32 {
                    3 => samples::split_set(&mut trees, 3, &[rng.below(64)], missing, left, right),
                    4 => samples::split(&mut trees, 4, 0.5, missing, left, right),
                    f => samples::split(&mut trees, f, rng.below(END as u64 * 2) as f64 / 2.0, missing, left, right),
                }
            } else {
                let values: Vec<f64> = (0..outputs).map(|_| rng.number()).collect();
                samples::leaf(&mut trees, &values);
            }
        }
    }
    let mut features: Vec<Feature> = (0..3).map(|i| samples::number(&format!("n{i}"))).collect();
    features.push(samples::category("c", &LEVELS));
    features.push(samples::number("b"));
    let task = match outputs {
        1 if link == Link::Identity => Task::Regression,
        1 => samples::classes(&["no", "yes"], (rng.below(2)) as u32),
        _ => samples::classes(&["x", "y", "z"], 0),
    };
    let mut model = samples::model(features, task, Body::Trees(trees));
    model.inputs[4].kind = InputKind::Boolean;
    model
}

fn predict(scorer: &Scorer, row: &[Given]) -> Vec<f64> {
    let mut cells = vec![f64::NAN; row.len()];
    Encoder::new(scorer).put(scorer, row, &mut cells);
    let mut out = vec![f64::NAN; scorer.outputs()];
    scorer.predict(&cells, &mut out);
    out
}

fn reaches(scorer: &Scorer, row: &[Given], goal: Goal) -> bool {
    let out = predict(scorer, row);
    match goal {
        Goal::AtLeast(_, at) => out[0] >= at,
        Goal::Below(_, at) => out[0] < at,
        Goal::Class(class) => (0..out.len()).all(|k| k == class || out[class] > out[k]),
    }
}

/// Every value a column can have, with its distance from the row's.
fn all_values(column: usize, from: &Given, spread: f64, mean: f64) -> Vec<(Given, f64)> {
    match column {
        3 => LEVELS.iter().map(|l| (Given::Text((*l).into()), 1.0)).filter(|(v, _)| v != from).collect(),
        4 => [0.0, 1.0].map(|v| (Given::Number(v), 1.0)).into_iter().filter(|(v, _)| v != from).collect(),
        _ => (-2..END + 2)
            .map(|v| v as f64)
            .map(|v| match from {
                Given::Number(own) => (Given::Number(v), (v - own).abs() / spread),
                _ => (Given::Number(v), 1.0 + (v - mean).abs() / spread),
            })
            .filter(|(v, _)| v != from)
            .collect(),
    }
}

#[test]
fn one_and_two_changes_are_the_smallest_there_are() {
    let control = Control::default();
    let mut rng = Random(7);
    let (mut found_ones, mut found_twos, mut found_none) = (0, 0, 0);
    for round in 0..300u64 {
        let (outputs, link) =
            [(1, Link::Identity), (1, Link::Logistic), (3, Link::Softmax), (1, Link::Log)][round as usize % 4];
        let link = if link == Link::Log { Link::Identity } else { link };
        let scorer = Scorer::new(random_model(&mut rng, outputs, link));
        let stats = scorer.model().features[0].stats.clone();
        let row: Vec<Given> = (0..5)
            .map(|column| match column {
                _ if rng.below(6) == 0 => Given::Missing,
                3 => Given::Text(LEVELS[rng.below(5) as usize].into()),
                4 => Given::Number(rng.below(2) as f64),
                _ => Given::Number(rng.below(END as u64) as f64),
            })
            .collect();
        let own = predict(&scorer, &row);
        let goal = match (outputs, link) {
            (3, _) => Goal::Class(rng.below(3) as usize),
            (_, Link::Logistic) => Goal::AtLeast(None, own[0] + rng.below(40) as f64 / 100.0),
            _ if rng.below(2) == 0 => Goal::AtLeast(None, own[0] + 0.5 + rng.below(500) as f64 / 100.0),
            _ => Goal::Below(None, own[0] - rng.below(500) as f64 / 100.0),
        };
        let columns: Vec<Changeable> =
            (0..5).map(|argument| Changeable { argument, whole: true, ..Default::default() }).collect();
        let mut cells = vec![f64::NAN; 5];
        Encoder::new(&scorer).put(&scorer, &row, &mut cells);
        let start = Start { given: &row, cells: &cells };
        let wish = Wish { goal, most_changes: 2, alternatives: 100 };
        let found = search(&scorer, start, &columns, wish, &control).unwrap();
        if reaches(&scorer, &row, goal) {
            assert!(found.there && found.alternatives.is_empty());
            continue;
        }
        // The smallest distance of each set of columns of which none reaches the goal by fewer.
        let values: Vec<Vec<(Given, f64)>> = (0..5).map(|c| all_values(c, &row[c], stats.stddev, stats.mean)).collect();
        let best_of = |changes: &[usize]| -> Option<f64> {
            let mut best: Option<f64> = None;
            let second = changes.get(1).map_or(vec![(Given::Missing, 0.0)], |&c| values[c].clone());
            for (a, from_a) in &values[changes[0]] {
                for (b, from_b) in &second {
                    let mut own = row.clone();
                    own[changes[0]] = a.clone();
                    if let Some(&c) = changes.get(1) {
                        own[c] = b.clone();
                    }
                    if reaches(&scorer, &own, goal) {
                        let distance = from_a + from_b;
                        best = Some(best.map_or(distance, |best| best.min(distance)));
                    }
                }
            }
            best
        };
        let mut expected: Vec<(Vec<usize>, f64)> = Vec::new();
        for c in 0..5 {
            expected.extend(best_of(&[c]).map(|distance| (vec![c], distance)));
        }
        found_ones += expected.len();
        let alone: Vec<usize> = expected.iter().map(|(c, _)| c[0]).collect();
        for a in 0..5 {
            for b in a + 1..5 {
                if !alone.contains(&a) && !alone.contains(&b) {
                    let pair = best_of(&[a, b]).map(|distance| (vec![a, b], distance));
                    found_twos += usize::from(pair.is_some());
                    expected.extend(pair);
                }
            }
        }
        found_none += usize::from(expected.is_empty());
        expected.sort_by(|a, b| a.0.len().cmp(&b.0.len()).then(a.1.total_cmp(&b.1)));
        assert_eq!(found.alternatives.len(), expected.len(), "round {round}: {found:?} {expected:?}");
        for alternative in &found.alternatives {
            let mut set: Vec<usize> = alternative.changes.iter().map(|c| c.argument).collect();
            set.sort_unstable();
            let (_, distance) = expected.iter().find(|(own, _)| *own == set).expect("such columns");
            assert!((alternative.distance - distance).abs() < 1e-9, "round {round}: {alternative:?}, not {distance}");
            assert!(alternative.proven);
            let mut own = row.clone();
            alternative.changes.iter().for_each(|c| own[c.argument] = c.to.clone());
            assert!(reaches(&scorer, &own, goal));
        }
        let order: Vec<(usize, f64)> = found.alternatives.iter().map(|a| (a.changes.len(), a.distance)).collect();
        assert!(order.is_sorted_by(|a, b| a.0 < b.0 || a.0 == b.0 && a.1 <= b.1 + 1e-12));
    }
    assert!(found_ones > 50 && found_twos > 50 && found_none > 10, "{found_ones} {found_twos} {found_none}");
}

#[test]
fn more_changes_than_two_are_found_by_the_beam() {
    // All three numbers must be above their thresholds.
    let mut trees = samples::empty(1, Link::Identity);
    for feature in 0..3 {
        let root = trees.nodes() as u32;
        trees.roots.push(root);
        samples::split(&mut trees, feature, 5.5, true, root + 1, root + 2);
        samples::leaf(&mut trees, &[0.0]);
        samples::leaf(&mut trees, &[1.0]);
    }
    let features = (0..4).map(|i| samples::number(&format!("n{i}"))).collect();
    let scorer = Scorer::new(samples::model(features, Task::Regression, Body::Trees(trees)));
    let row = vec![Given::Number(1.0), Given::Number(2.0), Given::Number(5.0), Given::Number(0.0)];
    let cells = [1.0, 2.0, 5.0, 0.0];
    let start = Start { given: &row, cells: &cells };
    let columns: Vec<Changeable> =
        (0..4).map(|argument| Changeable { argument, whole: true, ..Default::default() }).collect();
    let control = Control::default();
    let wish = Wish { goal: Goal::AtLeast(None, 2.5), most_changes: 3, alternatives: 3 };
    let found = search(&scorer, start, &columns, wish, &control).unwrap();
    assert_eq!(found.alternatives.len(), 1);
    let alternative = &found.alternatives[0];
    assert!(!alternative.proven);
    assert!(alternative.changes.iter().all(|c| c.to == Given::Number(6.0)));
    assert_eq!(alternative.changes[0].argument, 0, "the largest change first");
    // Within limits there is nothing.
    let mut limited = columns.clone();
    limited[1].limits = Limits { trend: Some(Trend::Decrease), ..Default::default() };
    assert!(search(&scorer, start, &limited, wish, &control).unwrap().alternatives.is_empty());
    limited[1].limits = Limits { minimum: Some(7.5), ..Default::default() };
    let found = search(&scorer, start, &limited, wish, &control).unwrap();
    assert!(found.alternatives[0].changes.iter().any(|c| c.argument == 1 && c.to == Given::Number(8.0)));
    let wish = Wish { most_changes: 2, ..wish };
    assert!(search(&scorer, start, &columns, wish, &control).unwrap().alternatives.is_empty());
}

//! Champion and challenger on the same rows: how much better the one is, and whether that may be chance.
//!
//! The interval of the difference is that of a paired bootstrap (Efron, Tibshirani 1993): rows are drawn with their two scores, so what makes a row
//! hard for both does not count. Classes are drawn each by itself, as the holdout is; rows of groups are drawn a whole group at a time (cluster
//! bootstrap), because they are not independent. Each draw has its own stream of numbers, so the interval does not depend on threads.

use rayon::prelude::*;

use super::ranked::order;
use super::uplift::Resampled;
use super::{calibration::quantile, clip, more_is_better, most_probable, Interval};
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;
use crate::model::{Axis, Body, HeldActual, HeldRows, Model, Task};

/// Draws of the bootstrap.
const DRAWS: usize = 1000;
/// The share of draws in which the metric must be defined.
const ENOUGH: f64 = 0.9;
/// What parts the numbers of the draws from others of the same seed.
const STREAM: u64 = 0x636f_6e74_6573_7400;

/// Two models on the same rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Contest {
    /// The metric.
    pub metric: &'static str,
    /// Its value for the model that is deployed; `None` where it is undefined on these rows.
    pub champion: Option<f64>,
    /// Its value for the new one.
    pub challenger: Option<f64>,
    /// How much better the new one is: above 0 whether more of the metric is better or less.
    pub gain: Option<f64>,
    /// Where the gain lies with a confidence of 95 %.
    pub interval: Option<Interval>,
    /// Rows both were judged on.
    pub rows: usize,
}

/// The metrics that two models of a task can be compared by, the usual one first.
pub fn metrics(task: &Task) -> &'static [&'static str] {
    match task {
        Task::Classification { classes, .. } if classes.len() <= 2 => {
            &["roc_auc", "pr_auc", "log_loss", "brier", "accuracy"]
        }
        Task::Classification { .. } => &["accuracy", "log_loss"],
        Task::Regression => &["rmse", "mae"],
        Task::Clustering => &["silhouette"],
        Task::Uplift { .. } => &["qini"],
        Task::Recommendation => &["ndcg_at_10"],
        Task::Anomaly | Task::Reduction | Task::Forecast | Task::Lifetime => &[],
    }
}

/// The metrics that a model can be compared with another of its kind by, the usual one first. Densities of a mixture are those of numbers; where there are
/// categories, the dimensions of these are others with every new level, and segments are compared first.
pub fn metrics_of(model: &Model) -> &'static [&'static str] {
    match &model.body {
        Body::Mixture(body) if body.clusters.axes.iter().all(|axis| matches!(axis, Axis::Number { .. })) => {
            &["log_likelihood", "silhouette"]
        }
        Body::Mixture(_) => &["silhouette", "log_likelihood"],
        Body::Recommender(body) if body.explicit => &["rmse", "ndcg_at_10"],
        _ => metrics(&model.task),
    }
}

/// Compare two models by one of the [`metrics`] of the task: `champion` has the scores of the rows of `challenger`, in as many numbers a row. Rows
/// of one of `groups` are drawn together.
pub fn contest(
    metric: &'static str,
    task: &Task,
    champion: &[f64],
    challenger: &HeldRows,
    groups: Option<&[u64]>,
    seed: u64,
    control: &Control,
) -> Result<Contest> {
    let pair = [champion, &challenger.scores].map(|scores| Side::new(metric, task, scores, challenger));
    let draw = match (groups, &challenger.actual) {
        (Some(groups), _) => Draw::groups(groups),
        (None, HeldActual::Class(classes)) => Draw::strata(classes),
        (None, HeldActual::Treated { arms, .. }) => Draw::strata(arms),
        _ => Draw::strata(&vec![0; challenger.rows()]),
    };
    compare(metric, pair, &draw, (challenger.rows(), challenger.weight.as_deref()), seed, control)
}

/// Compare two models by the mean of what each says of the rows, more being better.
pub fn contest_of_means(
    metric: &'static str,
    pair: [Vec<f64>; 2],
    groups: Option<&[u64]>,
    seed: u64,
    control: &Control,
) -> Result<Contest> {
    let rows = pair[0].len();
    let draw = groups.map_or_else(|| Draw::strata(&vec![0; rows]), Draw::groups);
    compare(metric, pair.map(|of| Side::Mean { of, root: false }), &draw, (rows, None), seed, control)
}

fn compare(
    metric: &'static str,
    pair: [Side; 2],
    draw: &Draw,
    (rows, weight): (usize, Option<&[f64]>),
    seed: u64,
    control: &Control,
) -> Result<Contest> {
    let more_is_better = more_is_better(metric);
    let gain = |[champion, challenger]: [Option<f64>; 2]| {
        let (champion, challenger) = champion.zip(challenger)?;
        Some(if more_is_better { challenger - champion } else { champion - challenger })
    };
    let w = |row: usize| weight.map_or(1.0, |w| w[row]);
    let [champion, challenger] = [0, 1].map(|side: usize| pair[side].value(&w));
    let mut found = Contest { metric, champion, challenger, gain: gain([champion, challenger]), interval: None, rows };
    if found.gain.is_none() {
        return Ok(found);
    }
    control.start(DRAWS as u64);
    let draws = (0..DRAWS as u64).into_par_iter().map_init(Vec::new, |times: &mut Vec<u32>, number| {
        control.check()?;
        if times.is_empty() {
            *times = control.filled(rows, 0)?;
        }
        draw.draw(&mut Random::new(seed ^ STREAM, number), times);
        let w = |row: usize| f64::from(times[row]) * w(row);
        control.advance(1);
        Ok(gain([0, 1].map(|side: usize| pair[side].value(&w))))
    });
    let mut gains: Vec<f64> = draws.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    if gains.len() as f64 >= ENOUGH * DRAWS as f64 {
        gains.sort_unstable_by(f64::total_cmp);
        found.interval = Some((quantile(&gains, 0.025), quantile(&gains, 0.975)));
    }
    Ok(found)
}

/// What is known of the rows by one of the models.
enum Side {
    /// A number a row, whose mean, or its root, is the metric.
    Mean { of: Vec<f64>, root: bool },
    /// The rows from the highest score down, a list a score, and whether each is positive.
    Ranked { ties: Vec<Vec<(u32, bool)>>, precision: bool },
    /// The rows of each treatment from the highest score down.
    Uplift(Resampled),
}

impl Side {
    fn new(metric: &str, task: &Task, scores: &[f64], rows: &HeldRows) -> Side {
        let outputs = (rows.outputs as usize).max(1);
        match (task, &rows.actual) {
            (Task::Classification { positive, .. }, HeldActual::Class(actual)) if outputs == 1 => {
                let is_positive = |row: usize| actual[row] == *positive;
                if metric == "roc_auc" || metric == "pr_auc" {
                    let order = order(scores);
                    let ties = order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]);
                    let ties = ties.map(|tie| tie.iter().map(|&row| (row, is_positive(row as usize))).collect());
                    return Side::Ranked { ties: ties.collect(), precision: metric == "pr_auc" };
                }
                let of = |(row, p): (usize, &f64)| match (metric, is_positive(row)) {
                    ("log_loss", yes) => -libm::log(clip(if yes { *p } else { 1.0 - p })),
                    ("brier", yes) => (p - f64::from(u8::from(yes))).powi(2),
                    (_, yes) => f64::from(u8::from((*p >= 0.5) == yes)),
                };
                Side::Mean { of: scores.iter().enumerate().map(of).collect(), root: false }
            }
            (_, HeldActual::Class(actual)) => {
                let of = |(said, class): (&[f64], &u32)| match metric {
                    "log_loss" => -libm::log(clip(said[*class as usize] / said.iter().sum::<f64>())),
                    _ => f64::from(u8::from(most_probable(said) == *class as usize)),
                };
                Side::Mean { of: scores.chunks_exact(outputs).zip(actual).map(of).collect(), root: false }
            }
            (_, HeldActual::Number(actual)) => {
                let root = metric == "rmse";
                let of = |(p, a): (&f64, &f64)| if root { (p - a) * (p - a) } else { (p - a).abs() };
                Side::Mean { of: scores.iter().zip(actual).map(of).collect(), root }
            }
            (_, HeldActual::Treated { outcome, arms }) => Side::Uplift(Resampled::new(scores, rows, outcome, arms)),
            (_, HeldActual::None) => Side::Mean { of: Vec::new(), root: false },
        }
    }

    /// The metric where rows have these weights.
    fn value(&self, weight: &impl Fn(usize) -> f64) -> Option<f64> {
        let found = match self {
            Side::Mean { of, root } => {
                let (mut sum, mut total) = (0.0, 0.0);
                for (row, value) in of.iter().enumerate() {
                    let w = weight(row);
                    sum += w * value;
                    total += w;
                }
                let mean = sum / total;
                if *root {
                    mean.sqrt()
                } else {
                    mean
                }
            }
            Side::Uplift(rows) => rows.value(weight),
            Side::Ranked { ties, precision } => ranked(ties, *precision, weight),
        };
        Some(found).filter(|value| value.is_finite())
    }
}

/// The area under the ROC curve, ties counted half, or the average precision.
fn ranked(ties: &[Vec<(u32, bool)>], precision: bool, weight: &impl Fn(usize) -> f64) -> f64 {
    let (mut positives, mut negatives, mut area) = (0.0, 0.0, 0.0);
    for tie in ties {
        let (mut yes, mut no) = (0.0, 0.0);
        for &(row, positive) in tie {
            *(if positive { &mut yes } else { &mut no }) += weight(row as usize);
        }
        if precision {
            let above = positives + yes + negatives + no;
            area += if above > 0.0 { yes * (positives + yes) / above } else { 0.0 };
        } else {
            area += no * (positives + yes / 2.0);
        }
        positives += yes;
        negatives += no;
    }
    area / if precision { positives } else { positives * negatives }
}

/// How rows are drawn.
enum Draw {
    /// Each stratum by itself, rows one by one.
    Strata(Vec<Vec<u32>>),
    /// Whole groups.
    Groups(Vec<Vec<u32>>),
}

impl Draw {
    fn strata(of: &[u32]) -> Draw {
        let mut strata: Vec<Vec<u32>> = vec![Vec::new(); of.iter().max().map_or(0, |most| *most as usize + 1)];
        of.iter().enumerate().for_each(|(row, stratum)| strata[*stratum as usize].push(row as u32));
        Draw::Strata(strata)
    }

    fn groups(of: &[u64]) -> Draw {
        let mut rows: Vec<(u64, u32)> = of.iter().enumerate().map(|(row, group)| (*group, row as u32)).collect();
        rows.sort_unstable();
        let groups = rows.chunk_by(|a, b| a.0 == b.0).map(|group| group.iter().map(|(_, row)| *row).collect());
        Draw::Groups(groups.collect())
    }

    /// How many times each row is drawn.
    fn draw(&self, random: &mut Random, times: &mut [u32]) {
        let mut below = |count: usize| ((u128::from(random.next()) * count as u128) >> 64) as usize;
        times.fill(0);
        match self {
            Draw::Strata(strata) => strata.iter().for_each(|rows| {
                (0..rows.len()).for_each(|_| times[rows[below(rows.len())] as usize] += 1);
            }),
            Draw::Groups(groups) => (0..groups.len()).for_each(|_| {
                groups[below(groups.len())].iter().for_each(|row| times[*row as usize] += 1);
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::loss::tests::{same, two, value};
    use crate::judge::{binary, multiclass, regression};
    use proptest::prelude::*;

    fn held(scores: Vec<f64>, actual: HeldActual) -> HeldRows {
        HeldRows { outputs: 1, scores, actual, weight: None }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        /// Each number is the one that the metrics have, and a model beside itself gains nothing.
        #[test]
        fn they_are_the_metrics(rows in prop::collection::vec((0u8..8, 0u32..3, 1u8..4), 2..40)) {
            let control = Control::default();
            let weight: Vec<f64> = rows.iter().map(|r| f64::from(r.2)).collect();
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 7.0).collect();
            let codes: Vec<u32> = rows.iter().map(|r| r.1 % 2).collect();
            let truth: Vec<bool> = codes.iter().map(|c| *c == 1).collect();
            let own = HeldRows { weight: Some(weight.clone()), ..held(scores.clone(), HeldActual::Class(codes)) };
            let all = binary(&scores, &truth, Some(&weight), 0.5);
            for name in metrics(&two()) {
                let found = contest(name, &two(), &scores, &own, None, 1, &control).unwrap();
                prop_assert!(same(found.champion, value(&all, name)), "{name}");
                prop_assert_eq!(found.gain, found.champion.map(|_| 0.0));
                prop_assert!(found.interval.is_none_or(|i| i == (0.0, 0.0)));
            }
            let numbers: Vec<f64> = rows.iter().map(|r| f64::from(r.1)).collect();
            let all = regression(&scores, &numbers, Some(&weight));
            let own = HeldRows { actual: HeldActual::Number(numbers), ..own };
            for name in metrics(&Task::Regression) {
                let found = contest(name, &Task::Regression, &scores, &own, None, 1, &control).unwrap();
                prop_assert!(same(found.challenger, value(&all, name)), "{name}");
            }
            let classes: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
            let proba: Vec<f64> = rows.iter().flat_map(|r| {
                let x = f64::from(r.0) / 7.0;
                [x / 2.0, 1.0 - x, x / 2.0]
            }).collect();
            let actual: Vec<u32> = rows.iter().map(|r| r.1).collect();
            let all = multiclass(&proba, &actual, &classes, Some(&weight));
            let task = Task::Classification { classes, positive: 0 };
            let own = HeldRows { outputs: 3, scores: proba.clone(), actual: HeldActual::Class(actual), weight: Some(weight) };
            for name in metrics(&task) {
                let found = contest(name, &task, &proba, &own, None, 1, &control).unwrap();
                prop_assert!(same(found.champion, value(&all, name)), "{name}");
            }
        }
    }

    /// Numbers that look drawn at random, the same everywhere.
    fn noise(count: usize, stream: u64) -> Vec<f64> {
        let mut random = Random::new(5, stream);
        (0..count).map(|_| random.unit() - 0.5).collect()
    }

    /// The standard error of a mean of differences is known: the interval of the bootstrap is as wide.
    #[test]
    fn the_interval_is_as_wide_as_theory_says() {
        let n = 4000;
        let (a, b) = (noise(n, 1), noise(n, 2));
        let better: Vec<f64> = a.iter().map(|x| x.abs() + 0.02).collect();
        let own = held(b.iter().map(|x| x.abs()).collect(), HeldActual::Number(vec![0.0; n]));
        let found = contest("mae", &Task::Regression, &better, &own, None, 3, &Control::default()).unwrap();
        let differences: Vec<f64> = better.iter().zip(&own.scores).map(|(a, b)| a - b).collect();
        let mean = differences.iter().sum::<f64>() / n as f64;
        let error = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n as f64 / n as f64).sqrt();
        let (low, high) = found.interval.unwrap();
        assert!((found.gain.unwrap() - mean).abs() < 1e-12);
        assert!(((high - low) / (2.0 * 1.96 * error) - 1.0).abs() < 0.1, "{low} {high} {error}");
        assert!(low < mean && mean < high);
    }

    /// Twenty copies of each row say no more than one, where they are drawn together.
    #[test]
    fn groups_are_drawn_whole() {
        let (n, copies) = (200, 20);
        let spread =
            |stream: u64| noise(n, stream).into_iter().flat_map(|x| vec![x.abs(); copies]).collect::<Vec<f64>>();
        let own = held(spread(1), HeldActual::Number(vec![0.0; n * copies]));
        let champion = spread(2);
        let groups: Vec<u64> = (0..n * copies).map(|i| (i / copies) as u64).collect();
        let width = |groups: Option<&[u64]>| {
            let found = contest("mae", &Task::Regression, &champion, &own, groups, 3, &Control::default()).unwrap();
            found.interval.map(|(low, high)| high - low).unwrap()
        };
        let ratio = width(Some(&groups)) / width(None);
        assert!((3.9..5.1).contains(&ratio), "{ratio}, not the root of {copies}");
    }

    #[test]
    fn what_is_undefined_is_not_compared() {
        let own = held(vec![0.2, 0.3], HeldActual::Class(vec![0, 0]));
        let found = contest("roc_auc", &two(), &[0.1, 0.2], &own, None, 1, &Control::default()).unwrap();
        assert_eq!((found.champion, found.gain, found.interval), (None, None, None));
        let found = contest("accuracy", &two(), &[0.1, 0.9], &own, None, 1, &Control::default()).unwrap();
        assert_eq!((found.champion, found.challenger, found.gain), (Some(0.5), Some(1.0), Some(0.5)));
        let silhouettes = [vec![0.1, 0.2, 0.3], vec![0.2, 0.3, 0.4]];
        let found = contest_of_means("silhouette", silhouettes, None, 1, &Control::default()).unwrap();
        assert!(found.gain.is_some_and(|gain| (gain - 0.1).abs() < 1e-12));
        assert!(found.interval.is_some_and(|(low, _)| low > 0.09));
    }
}

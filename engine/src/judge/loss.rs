//! The loss of rows, and that of saying the same of all: how much a model knows.

use super::interval::{around_positive, effective, ratio_error, share};
use super::{binary, clip, most_probable, sum, total_weight, weight_of, Interval};
use crate::model::{HeldActual, HeldRows, Task};

/// What a row lost: its log loss, or the square of its error.
fn losses(task: &Task, rows: &HeldRows) -> Vec<f64> {
    let outputs = (rows.outputs as usize).max(1);
    match (task, &rows.actual) {
        (Task::Classification { positive, .. }, HeldActual::Class(actual)) if outputs == 1 => {
            let of = |(p, class): (&f64, &u32)| -libm::log(if class == positive { clip(*p) } else { clip(1.0 - p) });
            rows.scores.iter().zip(actual).map(of).collect()
        }
        (_, HeldActual::Class(actual)) => {
            let of = |(said, class): (&[f64], &u32)| {
                let own = said.get(*class as usize).copied().unwrap_or(0.0);
                -libm::log(clip(own / said.iter().sum::<f64>()))
            };
            rows.scores.chunks_exact(outputs).zip(actual).map(of).collect()
        }
        (_, HeldActual::Number(actual)) => rows.scores.iter().zip(actual).map(|(p, a)| (p - a) * (p - a)).collect(),
        _ => Vec::new(),
    }
}

/// The mean log loss of classes, or the mean squared error of a number; `None` without rows.
pub fn mean_loss(task: &Task, rows: &HeldRows) -> Option<f64> {
    let weight = rows.weight.as_deref();
    let losses = losses(task, rows);
    let total = total_weight(losses.len(), weight);
    let mean = sum(losses.iter().enumerate().map(|(i, loss)| weight_of(weight, i) * loss)) / total;
    Some(mean).filter(|mean| mean.is_finite())
}

/// The mean loss of one who says of all rows what they are on average: the shares of the classes, or the mean. It is what these rows
/// themselves would allow a constant, so no constant does better.
pub fn constant_loss(task: &Task, rows: &HeldRows) -> Option<f64> {
    let weight = rows.weight.as_deref();
    let found = match (task, &rows.actual) {
        (Task::Classification { classes, .. }, HeldActual::Class(actual)) => {
            let mut shares = vec![0.0; classes.len()];
            for (i, class) in actual.iter().enumerate() {
                if let Some(share) = shares.get_mut(*class as usize) {
                    *share += weight_of(weight, i);
                }
            }
            let total: f64 = shares.iter().sum();
            let entropy = |share: &f64| -(share / total) * libm::log(share / total);
            if total > 0.0 {
                sum(shares.iter().filter(|s| **s > 0.0).map(entropy))
            } else {
                f64::NAN
            }
        }
        (_, HeldActual::Number(actual)) => {
            let total = total_weight(actual.len(), weight);
            let mean = sum(actual.iter().enumerate().map(|(i, a)| weight_of(weight, i) * a)) / total;
            sum(actual.iter().enumerate().map(|(i, a)| weight_of(weight, i) * (a - mean) * (a - mean))) / total
        }
        _ => f64::NAN,
    };
    Some(found).filter(|loss| loss.is_finite())
}

/// The headline metric by itself, with its interval where it is known: roc_auc, accuracy or rmse, as [`super::binary`] and the others define them.
pub fn headline_of(task: &Task, rows: &HeldRows) -> Option<(f64, Option<Interval>)> {
    let weight = rows.weight.as_deref();
    match (task, &rows.actual) {
        (Task::Classification { classes, positive }, HeldActual::Class(actual)) if classes.len() <= 2 => {
            let truth: Vec<bool> = actual.iter().map(|class| class == positive).collect();
            binary::area(&rows.scores, &truth, weight)
        }
        (Task::Classification { .. }, HeldActual::Class(_)) => {
            let (_, truth) = said_and_true(task, rows);
            let total = total_weight(truth.len(), weight);
            let right = sum(truth.iter().enumerate().map(|(i, right)| weight_of(weight, i) * right)) / total;
            let count = effective((0..truth.len()).map(|i| weight_of(weight, i)));
            right.is_finite().then(|| (right, share(right, count)))
        }
        (Task::Regression, _) => {
            let squares = losses(task, rows);
            let mean = mean_loss(task, rows)?;
            let error = ratio_error(squares.iter().map(|s| (*s, 1.0)), weight);
            let reach = around_positive(mean, error);
            Some((mean.sqrt(), reach.map(|(low, high)| (low.sqrt(), high.sqrt()))))
        }
        _ => None,
    }
}

/// The headline metric by itself.
pub fn headline_value(task: &Task, rows: &HeldRows) -> Option<f64> {
    headline_of(task, rows).map(|found| found.0)
}

/// What was said of each row and what came true, as numbers that are alike on average where the model is right on average: probability and
/// 0 or 1, of several classes the probability of the most probable one and whether it was right, or the numbers themselves.
pub fn said_and_true(task: &Task, rows: &HeldRows) -> (Vec<f64>, Vec<f64>) {
    let outputs = (rows.outputs as usize).max(1);
    match (task, &rows.actual) {
        (Task::Classification { positive, .. }, HeldActual::Class(actual)) if outputs == 1 => {
            (rows.scores.clone(), actual.iter().map(|class| f64::from(u8::from(class == positive))).collect())
        }
        (_, HeldActual::Class(actual)) => {
            let of = |(said, class): (&[f64], &u32)| {
                let best = most_probable(said);
                (said[best], f64::from(u8::from(best == *class as usize)))
            };
            rows.scores.chunks_exact(outputs).zip(actual).map(of).unzip()
        }
        (_, HeldActual::Number(actual)) => (rows.scores.clone(), actual.clone()),
        _ => (Vec::new(), Vec::new()),
    }
}

/// The mean of values, and its standard error where there are two rows or more.
pub fn mean_and_error(values: &[f64], weight: Option<&[f64]>) -> (Option<f64>, Option<f64>) {
    let total = total_weight(values.len(), weight);
    let mean = sum(values.iter().enumerate().map(|(i, value)| weight_of(weight, i) * value)) / total;
    (Some(mean).filter(|m| m.is_finite()), ratio_error(values.iter().map(|v| (*v, 1.0)), weight))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::judge::{binary, multiclass, regression, Metric};
    use proptest::prelude::*;

    pub fn two() -> Task {
        Task::Classification { classes: vec!["no".into(), "yes".into()], positive: 1 }
    }

    pub fn value(metrics: &[Metric], name: &str) -> Option<f64> {
        metrics.iter().find(|m| m.name == name).and_then(|m| m.value)
    }

    pub fn same(a: Option<f64>, b: Option<f64>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-12 * a.abs().max(1.0),
            (a, b) => a.is_none() && b.is_none(),
        }
    }

    proptest! {
        /// Each number is the one that the metrics have.
        #[test]
        fn they_are_the_metrics(rows in prop::collection::vec((0u8..8, 0u32..3, 1u8..4), 1..50)) {
            let weight = Some(rows.iter().map(|r| f64::from(r.2)).collect::<Vec<f64>>());
            let scores: Vec<f64> = rows.iter().map(|r| f64::from(r.0) / 7.0).collect();
            let codes: Vec<u32> = rows.iter().map(|r| r.1 % 2).collect();
            let truth: Vec<bool> = codes.iter().map(|c| *c == 1).collect();
            let held = HeldRows { outputs: 1, scores: scores.clone(), actual: HeldActual::Class(codes), weight: weight.clone() };
            let metrics = binary(&scores, &truth, weight.as_deref(), 0.5);
            prop_assert!(same(mean_loss(&two(), &held), value(&metrics, "log_loss")));
            prop_assert!(same(headline_value(&two(), &held), value(&metrics, "roc_auc")));
            prop_assert_eq!(
                headline_of(&two(), &held).and_then(|h| h.1),
                metrics.iter().find(|m| m.name == "roc_auc").and_then(|m| m.interval)
            );
            let base = value(&metrics, "base_rate").unwrap();
            let constant = HeldRows { scores: vec![base; rows.len()], ..held.clone() };
            let best = constant_loss(&two(), &held);
            prop_assert!(base == 0.0 || base == 1.0 || same(best, mean_loss(&two(), &constant)));

            let numbers: Vec<f64> = rows.iter().map(|r| f64::from(r.1)).collect();
            let metrics = regression(&scores, &numbers, weight.as_deref());
            let held = HeldRows { actual: HeldActual::Number(numbers), ..held };
            prop_assert!(same(headline_value(&Task::Regression, &held), value(&metrics, "rmse")));
            let skill = 1.0 - mean_loss(&Task::Regression, &held).unwrap() / constant_loss(&Task::Regression, &held).unwrap();
            prop_assert!(same(Some(skill).filter(|s| s.is_finite()), value(&metrics, "r2")));

            let classes: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
            let proba: Vec<f64> = rows.iter().flat_map(|r| {
                let x = f64::from(r.0) / 7.0;
                [x / 2.0, 1.0 - x, x / 2.0]
            }).collect();
            let actual: Vec<u32> = rows.iter().map(|r| r.1).collect();
            let metrics = multiclass(&proba, &actual, &classes, weight.as_deref());
            let task = Task::Classification { classes, positive: 0 };
            let held = HeldRows { outputs: 3, scores: proba, actual: HeldActual::Class(actual), weight };
            prop_assert!(same(headline_value(&task, &held), value(&metrics, "accuracy")));
            prop_assert!(same(mean_loss(&task, &held), value(&metrics, "log_loss")));
        }
    }

    #[test]
    fn no_rows_have_no_loss() {
        let none = HeldRows { outputs: 1, scores: vec![], actual: HeldActual::Class(vec![]), weight: None };
        assert_eq!(
            (mean_loss(&two(), &none), constant_loss(&two(), &none), headline_value(&two(), &none)),
            (None, None, None)
        );
        assert_eq!(mean_and_error(&[], None), (None, None));
    }
}

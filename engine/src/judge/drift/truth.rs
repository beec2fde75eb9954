//! What came true of what a model said, once that is known: whether it is still as good as on the rows held out by training.

use crate::judge::interval::Z;
use crate::judge::{headline, more_is_better, Metric};
use crate::model::Task;

/// What came true of scores.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Truth {
    /// The metric that says most.
    pub metric: Option<&'static str>,
    /// Its value.
    pub value: Option<f64>,
    /// Where it lies with a confidence of 95 %.
    pub interval: Option<(f64, f64)>,
    /// Its value on the rows held out by training.
    pub reference: Option<f64>,
    /// Whether it is worse than there by more than was allowed, and not by chance.
    pub is_worse: bool,
    /// What was predicted on average: a probability or a number.
    pub predicted: Option<f64>,
    /// What was true on average.
    pub actual: Option<f64>,
    /// Whether the two differ by more than was allowed, and not by chance.
    pub is_biased: bool,
}

/// Compare the metrics of rows with those of the held-out rows. The headline may be worse by `max_drop`, and what is predicted on average may be off
/// by the share `max_bias` of what is true; both must be certain at 95 %.
pub fn truth(task: &Task, metrics: &[Metric], reference: &[Metric], max_drop: f64, max_bias: f64) -> Truth {
    let name = headline(task);
    let find = |of: &[Metric], name: &str| of.iter().find(|m| m.name == name).cloned();
    let Some(now) = find(metrics, name) else { return Truth::default() };
    let before = find(reference, name);
    let more_is_better = more_is_better(name);
    let error = |metric: &Metric| metric.interval.map_or(0.0, |(low, high)| (high - low) / (2.0 * Z));
    let is_worse = before.as_ref().is_some_and(|before| {
        let Some((was, is)) = before.value.zip(now.value) else { return false };
        let lost = if more_is_better { was - is } else { is - was };
        lost - Z * error(before).hypot(error(&now)) > max_drop
    });
    let value = |name: &str| find(metrics, name).and_then(|m| m.value);
    let (predicted, actual, is_certain) = match task {
        Task::Regression => {
            let (actual, off) = (value("mean_actual"), find(metrics, "mean_error"));
            let is_certain = off.as_ref().and_then(|m| m.interval).is_some_and(|(low, high)| low > 0.0 || high < 0.0);
            let predicted = actual.zip(off.and_then(|m| m.value)).map(|(actual, off)| actual + off);
            (predicted, actual, is_certain)
        }
        Task::Classification { classes, .. } if classes.len() <= 2 => {
            let (predicted, rate) = (value("mean_predicted"), find(metrics, "base_rate"));
            let interval = rate.as_ref().and_then(|m| m.interval);
            let is_certain = predicted.zip(interval).is_some_and(|(p, (low, high))| p < low || p > high);
            (predicted, rate.and_then(|m| m.value), is_certain)
        }
        _ => (None, None, false),
    };
    let off = predicted.zip(actual).map(|(predicted, actual)| (predicted - actual).abs() > max_bias * actual.abs());
    Truth {
        metric: Some(name),
        value: now.value,
        interval: now.interval,
        reference: before.and_then(|before| before.value),
        is_worse,
        predicted,
        actual,
        is_biased: is_certain && off == Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{binary, regression};

    fn two() -> Task {
        Task::Classification { classes: vec!["no".into(), "yes".into()], positive: 1 }
    }

    /// Rows of ten probabilities, of which the share that is said, or half of it, comes true; `sure` says how far they are apart.
    fn judged(copies: usize, share: f64, sure: f64) -> Vec<Metric> {
        let (mut said, mut truth) = (Vec::new(), Vec::new());
        for i in 0..10 {
            let p = 0.5 + sure * (f64::from(i) / 9.0 - 0.5);
            for copy in 0..copies {
                said.push(p);
                truth.push((copy as f64) < (p * share * copies as f64).round());
            }
        }
        binary(&said, &truth, None, 0.5)
    }

    #[test]
    fn uplift_is_worse_where_its_coefficient_falls() {
        let treatments = vec!["mail".to_owned()];
        let task = Task::Uplift { treatments, control: "none".into(), classes: Vec::new(), positive: 0 };
        let qini = |value: f64| vec![Metric::new("qini", Some(value), "")];
        assert!(truth(&task, &qini(0.1), &qini(0.3), 0.05, 0.1).is_worse);
        assert!(!truth(&task, &qini(0.3), &qini(0.1), 0.05, 0.1).is_worse);
    }

    #[test]
    fn what_is_certain_is_said() {
        let before = judged(100, 1.0, 0.8);
        let same = truth(&two(), &judged(100, 1.0, 0.8), &before, 0.0, 0.1);
        assert!(!same.is_worse && !same.is_biased);
        assert_eq!((same.value, same.metric), (same.reference, Some("roc_auc")));
        let worse = truth(&two(), &judged(100, 1.0, 0.3), &before, 0.0, 0.1);
        assert!(worse.is_worse && !worse.is_biased);
        assert!(!truth(&two(), &judged(100, 1.0, 0.3), &before, 0.5, 0.1).is_worse);
        // Ten rows prove nothing.
        assert!(!truth(&two(), &judged(1, 1.0, 0.3), &before, 0.0, 0.1).is_worse);
        let half = truth(&two(), &judged(100, 0.5, 0.8), &before, 0.0, 0.1);
        assert!(half.is_biased && half.predicted > half.actual);
        assert!(!truth(&two(), &judged(100, 0.5, 0.8), &before, 0.0, 1.5).is_biased);
    }

    #[test]
    fn numbers_are_off_too() {
        let actual: Vec<f64> = (0..200).map(f64::from).collect();
        let said =
            |off: f64| actual.iter().enumerate().map(|(i, a)| a + off + (i % 3) as f64 - 1.0).collect::<Vec<f64>>();
        let judge = |off: f64| regression(&said(off), &actual, None);
        let found = truth(&Task::Regression, &judge(30.0), &judge(0.0), 1.0, 0.1);
        assert!(found.is_worse && found.is_biased && found.metric == Some("rmse"));
        let found = truth(&Task::Regression, &judge(0.5), &judge(0.0), 1.0, 0.1);
        assert!(!found.is_worse && !found.is_biased);
    }
}

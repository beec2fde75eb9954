//! Rows in buckets by their scores: what the best tenth brings.

use super::ranked::order;
use super::{weight_of, Sum};

/// A bucket of a lift table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Its rows.
    pub rows: usize,
    /// The weighted mean of the truth: the share of positives, or the mean of the target; `None` where all weigh nothing.
    pub actual: Option<f64>,
    /// The weighted mean of the scores.
    pub predicted: Option<f64>,
    /// The share of the whole truth in this bucket and those before; `None` where that is not above 0.
    pub cumulative_gain: Option<f64>,
    /// How many times the mean of all rows the truth of this bucket is.
    pub lift: Option<f64>,
    /// The same of this bucket and those before.
    pub cumulative_lift: Option<f64>,
    /// The lowest score.
    pub lowest: f64,
    /// The highest score.
    pub highest: f64,
}

/// At most `count` buckets of as equal numbers of rows as can be, the highest scores first.
///
/// Rows of one score that fall into several buckets are shared out evenly, so that the order in which they come cannot flatter: a model that
/// says the same of all rows has a lift of 1 everywhere.
pub fn lift(scores: &[f64], actual: &[f64], weight: Option<&[f64]>, count: usize) -> Vec<Bucket> {
    let order = order(scores);
    let rows = order.len();
    let count = count.min(rows);
    // The mean weight and weighted truth of the rows of each place.
    let mut places: Vec<(f64, f64)> = Vec::with_capacity(rows);
    for tie in order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]) {
        let weights: Sum = tie.iter().map(|&i| weight_of(weight, i as usize)).collect();
        let truth: Sum = tie.iter().map(|&i| weight_of(weight, i as usize) * actual[i as usize]).collect();
        let size = tie.len() as f64;
        places.extend(std::iter::repeat_n((weights.get() / size, truth.get() / size), tie.len()));
    }
    let all: Sum = places.iter().map(|p| p.1).collect();
    let weights: Sum = places.iter().map(|p| p.0).collect();
    let (all, weights) = (all.get(), weights.get());
    let mean = (weights > 0.0).then(|| all / weights);
    let times = |value: Option<f64>| Some(value? / mean.filter(|m| *m > 0.0)?);
    let (mut truth_so_far, mut weight_so_far) = (Sum::default(), Sum::default());
    let bucket = |b: usize| {
        let (from, to) = (b * rows / count, (b + 1) * rows / count);
        let weight: f64 = places[from..to].iter().map(|p| p.0).collect::<Sum>().get();
        let truth = places[from..to].iter().map(|p| p.1).collect::<Sum>().get();
        let said = (from..to).map(|i| places[i].0 * scores[order[i] as usize]).collect::<Sum>().get();
        truth_so_far.add(truth);
        weight_so_far.add(weight);
        let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        Bucket {
            rows: to - from,
            actual: share(truth, weight),
            predicted: share(said, weight),
            cumulative_gain: share(truth_so_far.get(), all),
            lift: times(share(truth, weight)),
            cumulative_lift: times(share(truth_so_far.get(), weight_so_far.get())),
            lowest: scores[order[to - 1] as usize],
            highest: scores[order[from] as usize],
        }
    };
    (0..count).map(bucket).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_do_not_flatter() {
        let actual: Vec<f64> = (0..100).map(|i| f64::from(u8::from(i < 10))).collect();
        for bucket in lift(&[0.1; 100], &actual, None, 10) {
            assert_eq!(bucket.rows, 10);
            assert!((bucket.lift.unwrap() - 1.0).abs() < 1e-12 && (bucket.actual.unwrap() - 0.1).abs() < 1e-12);
        }
    }

    #[test]
    fn the_best_come_first() {
        let scores: Vec<f64> = (0..101).map(|i| f64::from(i) / 100.0).collect();
        let actual: Vec<f64> = scores.iter().map(|s| f64::from(u8::from(*s > 0.9))).collect();
        let buckets = lift(&scores, &actual, None, 10);
        assert_eq!(buckets.iter().map(|b| b.rows).sum::<usize>(), 101);
        assert_eq!((buckets[0].actual, buckets[0].cumulative_gain), (Some(1.0), Some(1.0)));
        assert!(
            (buckets[0].lift.unwrap() - 10.1).abs() < 1e-12
                && (buckets[9].cumulative_lift.unwrap() - 1.0).abs() < 1e-12
        );
        assert_eq!((buckets[9].lowest, buckets[0].highest), (0.0, 1.0));
        assert!(lift(&[], &[], None, 10).is_empty());
        assert_eq!(lift(&[1.0, 2.0], &[0.0, 0.0], None, 10)[0].lift, None);
        assert_eq!(lift(&[1.0, 2.0], &[0.0, 1.0], Some(&[0.0, 0.0]), 1)[0].actual, None);
    }
}

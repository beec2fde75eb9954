//! From scores to a decision: every cut that is worth a look, what it finds, and what it earns.

use super::ranked::order;
use super::{weight_of, Sum};

/// What contacting a row brings and costs.
#[derive(Debug, Clone, Copy)]
pub enum Money<'a> {
    /// The same for all rows.
    Flat(f64),
    /// One number a row; NaN counts as 0.
    Rows(&'a [f64]),
}

impl Money<'_> {
    fn of(&self, row: usize) -> f64 {
        match self {
            Money::Flat(value) => *value,
            Money::Rows(values) => Some(values[row]).filter(|v| !v.is_nan()).unwrap_or(0.0),
        }
    }
}

/// A cut: rows whose score is at least the threshold are contacted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// The threshold; infinite where nobody is contacted.
    pub threshold: f64,
    /// The contacted rows.
    pub contacted: usize,
    /// The weighted share of rows contacted.
    pub contacted_share: Option<f64>,
    /// The share of positives among those; `None` where there are none.
    pub precision: Option<f64>,
    /// The share of the positives that are found; `None` where there is no positive.
    pub recall: Option<f64>,
    /// The harmonic mean of both; `None` where there is no positive and nobody is contacted.
    pub f1: Option<f64>,
    /// The value of the positives found less the cost of all contacts; `None` where neither is given.
    pub profit: Option<f64>,
    /// Whether no other cut has more profit, or without values a higher f1; of equals the one with the fewest contacts.
    pub best: bool,
}

/// The useful cuts, the highest first: nobody, and each score that a positive row has. Between them a cut finds no more and costs more.
pub fn thresholds(
    scores: &[f64],
    positive: &[bool],
    weight: Option<&[f64]>,
    value_per_positive: Option<Money<'_>>,
    cost_per_contact: Option<Money<'_>>,
) -> Vec<Threshold> {
    let order = order(scores);
    let w = |row: usize| weight_of(weight, row);
    let total = (0..scores.len()).map(w).collect::<Sum>().get();
    let positives = (0..scores.len()).filter(|row| positive[*row]).map(w).collect::<Sum>().get();
    let money = value_per_positive.is_some() || cost_per_contact.is_some();
    let gain = |row: usize| {
        let value = value_per_positive.filter(|_| positive[row]).map_or(0.0, |money| money.of(row));
        w(row) * (value - cost_per_contact.map_or(0.0, |money| money.of(row)))
    };
    let (mut contacted, mut found, mut reached, mut profit) = (0, Sum::default(), Sum::default(), Sum::default());
    let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    let mut cuts = vec![Threshold {
        threshold: f64::INFINITY,
        contacted: 0,
        contacted_share: share(0.0, total),
        precision: None,
        recall: share(0.0, positives),
        f1: share(0.0, positives),
        profit: money.then_some(0.0),
        best: false,
    }];
    for tie in order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]) {
        let rows = || tie.iter().map(|&i| i as usize);
        for row in rows() {
            reached.add(w(row));
            profit.add(gain(row));
            if positive[row] {
                found.add(w(row));
            }
        }
        contacted += tie.len();
        if rows().any(|row| positive[row]) {
            let (found, reached) = (found.get(), reached.get());
            cuts.push(Threshold {
                threshold: scores[tie[0] as usize],
                contacted,
                contacted_share: share(reached, total),
                precision: share(found, reached),
                recall: share(found, positives),
                f1: share(2.0 * found, positives + reached),
                profit: money.then(|| profit.get()),
                best: false,
            });
        }
    }
    let worth = |cut: &Threshold| if money { cut.profit } else { cut.f1 };
    let mut best: Option<(usize, f64)> = None;
    for (i, cut) in cuts.iter().enumerate() {
        if let Some(value) = worth(cut).filter(|v| best.is_none_or(|b| *v > b.1)) {
            best = Some((i, value));
        }
    }
    if let Some((i, _)) = best {
        cuts[i].best = true;
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_cut_is_marked() {
        let scores = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
        let positive = [true, false, true, false, false, true];
        let cuts = thresholds(&scores, &positive, None, Some(Money::Flat(10.0)), Some(Money::Flat(4.0)));
        let found: Vec<(f64, f64)> = cuts.iter().map(|c| (c.threshold, c.profit.unwrap())).collect();
        assert_eq!(found, [(f64::INFINITY, 0.0), (0.9, 6.0), (0.7, 8.0), (0.4, 6.0)]);
        assert_eq!(cuts.iter().map(|c| c.best).collect::<Vec<_>>(), [false, false, true, false]);
        let costs = [1.0, 1.0, 1.0, 1.0, 1.0, 100.0];
        let cuts = thresholds(&scores, &positive, None, Some(Money::Rows(&[3.0; 6])), Some(Money::Rows(&costs)));
        assert_eq!(cuts.iter().position(|c| c.best), Some(2));
        // Where every contact loses, nobody is contacted.
        let cuts = thresholds(&scores, &positive, None, None, Some(Money::Flat(1.0)));
        assert!(cuts[0].best && cuts[0].contacted == 0);
        let by_f1 = thresholds(&scores, &positive, None, None, None);
        assert_eq!((by_f1[2].f1, by_f1[2].best, by_f1[2].profit), (Some(2.0 / 3.0), true, None));
        assert!(thresholds(&[], &[], None, None, None)[0].contacted_share.is_none());
    }
}

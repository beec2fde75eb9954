//! The scores of trials: by fold, in the mean, in rank.

use crate::error::{Error, Result};
use crate::judge::more_is_better;

/// How a trial did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scored {
    /// The metric on each fold of its last round; `None` where it is undefined.
    pub folds: Vec<Option<f64>>,
    /// Their mean; `None` when the metric is undefined on a fold on which it is not for other trials.
    pub mean: Option<f64>,
    /// Their standard deviation (population); `None` without a mean or with one fold.
    pub deviation: Option<f64>,
    /// The last round it took part in, from 1.
    pub round: usize,
    /// Rows it learned from in that round (of the largest fold).
    pub rows: usize,
    /// The mean number of iterations over the folds, where the learner has some.
    pub iterations: Option<f64>,
    /// Seconds over all rounds and folds.
    pub seconds: f64,
    /// 1 for the best; equal scores have the same rank.
    pub rank: usize,
    /// Whether this is the one to train with.
    pub best: bool,
    /// Why it has no score, if it was tried.
    pub note: String,
}

/// The scores of a search under way.
pub(super) struct Scores {
    trials: Vec<Scored>,
    iterations: Vec<Vec<u32>>,
    metric: &'static str,
    greater: bool,
    /// Why the metric was undefined the last time.
    why: String,
}

impl Scores {
    pub fn new(trials: usize, metric: &'static str) -> Scores {
        let greater = more_is_better(metric);
        let (iterations, why) = (vec![Vec::new(); trials], String::new());
        Scores { trials: vec![Scored::default(); trials], iterations, metric, greater, why }
    }

    pub fn begin_round(&mut self, alive: &[usize], round: usize, rows: usize) {
        for &t in alive {
            let seconds = self.trials[t].seconds;
            self.trials[t] = Scored { round, rows, seconds, ..Scored::default() };
            self.iterations[t].clear();
        }
    }

    /// Note how a trial did on the next fold.
    pub fn add(&mut self, trial: usize, score: Option<f64>, why: String, iterations: Option<u32>, seconds: f64) {
        let own = &mut self.trials[trial];
        own.folds.push(score);
        own.seconds += seconds;
        self.iterations[trial].extend(iterations);
        if score.is_none() {
            self.why = why;
        }
    }

    /// Put back what was known of a trial before a round that it did not end; it took so many seconds more.
    pub fn give_up(&mut self, trial: usize, before: Scored, seconds: f64, note: String) {
        let seconds = before.seconds + seconds;
        self.trials[trial] = Scored { seconds, note, ..before };
    }

    /// What is known of a trial.
    pub fn of(&self, trial: usize) -> &Scored {
        &self.trials[trial]
    }

    /// Take the means. Folds on which no trial has a score count for none of them.
    ///
    /// Fails with [`Error::InvalidData`] when no trial has a mean.
    pub fn end_round(&mut self, alive: &[usize], notices: &mut Vec<String>) -> Result<()> {
        let count = alive.first().map_or(0, |&t| self.trials[t].folds.len());
        let judged = |f: &usize| alive.iter().any(|&t| self.trials[t].folds[*f].is_some());
        let judged: Vec<usize> = (0..count).filter(judged).collect();
        for &t in alive {
            let iterations = &self.iterations[t];
            let total: f64 = iterations.iter().map(|&n| f64::from(n)).sum();
            let own = &mut self.trials[t];
            own.iterations = (!iterations.is_empty()).then(|| total / iterations.len() as f64);
            let scores: Option<Vec<f64>> = judged.iter().map(|&f| own.folds[f]).collect();
            if let Some(scores) = scores.filter(|s| !s.is_empty()) {
                let n = scores.len() as f64;
                let mean = scores.iter().sum::<f64>() / n;
                own.mean = Some(mean);
                let squares: f64 = scores.iter().map(|s| (s - mean) * (s - mean)).sum();
                own.deviation = (scores.len() > 1).then(|| (squares / n).sqrt());
            }
        }
        if alive.iter().all(|&t| self.trials[t].mean.is_none()) {
            return Err(Error::InvalidData {
                message: format!("no trial has a {} to be compared by", self.metric),
                detail: format!("Where it is undefined, {}.", self.why),
                hint: match count {
                    1 => "Try other parameters.".into(),
                    _ => "Compare by another \"metric\", give fewer folds with \"cv\", or read more rows.".into(),
                },
            });
        }
        if judged.len() < count {
            let notice = format!(
                "{} of {count} folds do not count because the {} is undefined there: {}",
                count - judged.len(),
                self.metric,
                self.why
            );
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        Ok(())
    }

    /// What trials are put in order by: the last round, then the mean, then their own order.
    fn compare(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let worst = f64::NEG_INFINITY;
        let key = |t: usize| self.trials[t].mean.map_or(worst, |m| if self.greater { m } else { -m });
        self.trials[b].round.cmp(&self.trials[a].round).then(key(b).total_cmp(&key(a))).then(a.cmp(&b))
    }

    /// Trials, the best first.
    pub fn in_order(&self, trials: &[usize]) -> Vec<usize> {
        let mut order = trials.to_vec();
        order.sort_by(|&a, &b| self.compare(a, b));
        order
    }

    /// The best `count` of the trials, in their own order.
    pub fn survivors(&self, alive: &[usize], count: usize) -> Vec<usize> {
        let mut order = alive.to_vec();
        order.sort_by(|&a, &b| self.compare(a, b));
        order.truncate(count);
        order.sort_unstable();
        order
    }
}

/// Put all trials in rank.
pub(super) fn ranks(mut scores: Scores) -> Vec<Scored> {
    let mut order: Vec<usize> = (0..scores.trials.len()).collect();
    order.sort_by(|&a, &b| scores.compare(a, b));
    let mut rank = 1;
    for (i, &t) in order.iter().enumerate() {
        let before = i.checked_sub(1).map(|b| &scores.trials[order[b]]);
        let own = &scores.trials[t];
        if before.is_none_or(|b| (b.round, b.mean) != (own.round, own.mean)) {
            rank = i + 1;
        }
        let own = &mut scores.trials[t];
        (own.rank, own.best) = (rank, i == 0);
    }
    scores.trials
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(metric: &'static str, folds: &[&[Option<f64>]]) -> Scores {
        let mut scores = Scores::new(folds.len(), metric);
        let all: Vec<usize> = (0..folds.len()).collect();
        scores.begin_round(&all, 1, 10);
        for f in 0..folds[0].len() {
            (0..folds.len()).for_each(|t| scores.add(t, folds[t][f], "of a reason".into(), None, 0.0));
        }
        scores
    }

    #[test]
    fn greater_and_smaller_are_told_apart_and_equals_share_a_rank() {
        let rows: &[&[Option<f64>]] =
            &[&[Some(0.5), Some(0.75)], &[Some(0.9), Some(0.9)], &[Some(0.25), Some(1.0)], &[Some(0.1), Some(0.1)]];
        let ranked = |metric| {
            let mut s = scores(metric, rows);
            s.end_round(&[0, 1, 2, 3], &mut Vec::new()).unwrap();
            ranks(s)
        };
        let up = ranked("roc_auc");
        assert_eq!(up.iter().map(|s| s.rank).collect::<Vec<_>>(), [2, 1, 2, 4]);
        assert_eq!(up.iter().map(|s| s.best).collect::<Vec<_>>(), [false, true, false, false]);
        assert!((up[0].mean.unwrap() - 0.625).abs() < 1e-15 && (up[0].deviation.unwrap() - 0.125).abs() < 1e-15);
        let down = ranked("rmse");
        assert_eq!(down.iter().map(|s| s.rank).collect::<Vec<_>>(), [2, 4, 2, 1]);
        assert!(down[3].best);
    }

    #[test]
    fn undefined_scores_do_not_flatter() {
        let rows: &[&[Option<f64>]] = &[&[Some(0.9), None, None], &[Some(0.5), Some(0.5), None]];
        let mut s = scores("precision", rows);
        let mut notices = Vec::new();
        s.end_round(&[0, 1], &mut notices).unwrap();
        assert_eq!(notices, ["1 of 3 folds do not count because the precision is undefined there: of a reason"]);
        let ranked = ranks(s);
        assert_eq!((ranked[0].mean, ranked[0].rank), (None, 2));
        assert_eq!((ranked[1].mean, ranked[1].best), (Some(0.5), true));
        let mut none = scores("roc_auc", &[&[None, None]]);
        let message = none.end_round(&[0], &mut Vec::new()).unwrap_err().to_string();
        assert_eq!(message, "no trial has a roc_auc to be compared by");
    }

    #[test]
    fn the_best_survive_in_their_own_order() {
        let rows: &[&[Option<f64>]] = &[&[Some(0.5)], &[None], &[Some(0.9)], &[Some(0.7)], &[Some(0.5)]];
        let mut s = scores("roc_auc", rows);
        s.end_round(&[0, 1, 2, 3, 4], &mut Vec::new()).unwrap();
        assert_eq!(s.survivors(&[0, 1, 2, 3, 4], 2), [2, 3]);
        assert_eq!(s.survivors(&[0, 1, 2, 3, 4], 3), [0, 2, 3]);
        assert_eq!(s.survivors(&[0, 1, 4], 1), [0]);
        s.begin_round(&[2, 3], 2, 20);
        s.add(2, Some(0.1), String::new(), Some(5), 1.0);
        s.add(3, Some(0.2), String::new(), Some(6), 1.0);
        s.end_round(&[2, 3], &mut Vec::new()).unwrap();
        let ranked = ranks(s);
        assert_eq!(ranked.iter().map(|s| s.rank).collect::<Vec<_>>(), [3, 5, 2, 1, 3]);
        assert_eq!((ranked[3].rows, ranked[3].iterations, ranked[3].best), (20, Some(6.0), true));
    }
}

//! The loss on rows that trees do not learn from.

use super::objective::Objective;
use super::scores::Scores;
use crate::control::Control;
use crate::error::Result;
use crate::learn::sum::{sum, sums};
use crate::learn::Target;
use crate::score::link::{logistic, softmax};

impl Scores<'_> {
    /// The mean loss of the rows behind those the trees learn from, in the units of [`Scores::units`].
    pub fn validation_loss(&self, control: &Control) -> Result<f64> {
        let rows = self.fit_rows..self.rows.target.len();
        let total = sum(rows.clone(), control, |r| self.weight(r))?;
        let share = 1.0 / total.max(f64::MIN_POSITIVE);
        let [loss] = sums(rows, control, |part| {
            let mut row_scores = vec![0.0; self.scores.len()];
            let loss = |r: usize| {
                row_scores.iter_mut().zip(&self.scores).for_each(|(to, s)| *to = s[r]);
                // Each row is divided for itself, so that a sum of huge values does not overflow.
                self.weight(r) * share * self.loss(r, &mut row_scores)
            };
            [part.map(loss).sum()]
        })?;
        Ok(loss)
    }

    fn loss(&self, row: usize, scores: &mut [f64]) -> f64 {
        let s = scores[0];
        match (self.objective, self.rows.target) {
            (Objective::Binary, Target::Class { codes, .. }) => {
                let p = logistic(if codes[row] == 1 { s } else { -s });
                -libm::log(p.max(1e-300))
            }
            (_, Target::Class { codes, .. }) => {
                softmax(scores);
                -libm::log(scores[codes[row] as usize].max(1e-300))
            }
            (objective, Target::Number(values)) => {
                let (y, alpha, rho) = (values[row], self.alpha(), self.params.tweedie_variance_power);
                match objective {
                    Objective::AbsoluteError | Objective::Quantile => {
                        if s < y {
                            alpha * (y - s)
                        } else {
                            (1.0 - alpha) * (s - y)
                        }
                    }
                    Objective::Poisson => libm::exp(s - self.centre) - y * self.units.0 * s,
                    Objective::Tweedie => {
                        let (s, y) = (s - self.centre, y * self.scale);
                        libm::exp((2.0 - rho) * s) / (2.0 - rho) - y * libm::exp((1.0 - rho) * s) / (1.0 - rho)
                    }
                    _ => ((0.5 * s - 0.5 * y) * (2.0 * self.units.0)).powi(2),
                }
            }
        }
    }
}

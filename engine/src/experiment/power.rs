//! How many rows a test needs, what it would find with so many, and the least effect that it would find.

use super::distribution::{noncentral_t_tails, normal_isf, normal_sf, t_isf};
use super::Alternative;
use crate::error::{Error, Result};

/// What is to be tested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Design {
    /// Two shares, by the z-test with the pooled variance under the null hypothesis (Fleiss, Levin and Paik 2003, chapter 4), as statsmodels'
    /// `power_proportions_2indep`.
    Proportions,
    /// Two shares, by the difference of their arcsines (Cohen's h), as statsmodels' `NormalIndPower`.
    Arcsine,
    /// Two means of this standard deviation, by the t-test, as statsmodels' `TTestIndPower`.
    Means {
        /// The standard deviation of a row.
        stddev: f64,
    },
}

/// A test before it is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// What is tested.
    pub design: Design,
    /// What the control has.
    pub baseline: f64,
    /// Rows of the variant per row of the control.
    pub ratio: f64,
    /// The error of the first kind.
    pub alpha: f64,
    /// What speaks for a difference.
    pub alternative: Alternative,
}

/// The most rows of a control that are thought of.
const MOST_ROWS: f64 = 1e15;

impl Plan {
    /// The standardised effect: Cohen's h of shares, d of means.
    pub fn effect_size(&self, effect: f64) -> f64 {
        match self.design {
            Design::Means { stddev } => effect / stddev,
            _ => 2.0 * (asin_root(self.baseline + effect) - asin_root(self.baseline)),
        }
    }

    /// The power of a test with so many rows of the control.
    pub fn power(&self, effect: f64, rows: f64) -> f64 {
        let tail = self.alternative.tail(self.alpha);
        let (above, below) = match self.design {
            Design::Proportions => {
                let (p1, p2, k) = (self.baseline, self.baseline + effect, self.ratio);
                let pooled = (p1 + k * p2) / (1.0 + k);
                let null = libm::sqrt(pooled * (1.0 - pooled) * (1.0 + 1.0 / k));
                let spread = libm::sqrt(p1 * (1.0 - p1) + p2 * (1.0 - p2) / k);
                let (critical, shift) = (normal_isf(tail) * null, effect * libm::sqrt(rows));
                if spread == 0.0 {
                    // From 0 to 1 or the other way round: nothing is left to chance.
                    (f64::from(u8::from(shift > critical)), f64::from(u8::from(-shift > critical)))
                } else {
                    (normal_sf((critical - shift) / spread), normal_sf((critical + shift) / spread))
                }
            }
            Design::Arcsine => {
                let shift = self.effect_size(effect) / libm::sqrt(1.0 / rows + 1.0 / (rows * self.ratio));
                let critical = normal_isf(tail);
                (normal_sf(critical - shift), normal_sf(critical + shift))
            }
            Design::Means { stddev } => {
                let all = rows * (1.0 + self.ratio);
                let df = all - 2.0;
                if df <= 0.0 {
                    return 0.0;
                }
                let shift = effect / stddev / libm::sqrt(1.0 / rows + 1.0 / (rows * self.ratio));
                let critical = t_isf(tail, df);
                (noncentral_t_tails(critical, df, shift).0, noncentral_t_tails(-critical, df, shift).1)
            }
        };
        match self.alternative {
            Alternative::TwoSided => (above + below).min(1.0),
            Alternative::Larger => above,
            Alternative::Smaller => below,
        }
    }

    /// The rows of the control, not rounded, with which an effect is found with this power.
    pub fn rows(&self, effect: f64, power: f64) -> Result<f64> {
        // Fewer than two rows of a side are no test.
        let least = 2.0_f64.max(2.0 / self.ratio);
        let (mut low, mut high) = (least, least);
        if self.power(effect, low) >= power {
            return Ok(least);
        }
        while self.power(effect, high) < power {
            low = high;
            high *= 2.0;
            if high > MOST_ROWS {
                return Err(Error::option(
                    "no number of rows finds this effect",
                    "The effect must be on the side that the alternative says, and not so small that more than 1e15 rows are needed.",
                ));
            }
        }
        for _ in 0..100 {
            let middle = 0.5 * (low + high);
            if self.power(effect, middle) < power {
                low = middle;
            } else {
                high = middle;
            }
            if high - low <= 1e-13 * high {
                break;
            }
        }
        Ok(high)
    }

    /// The least effect that so many rows of the control find with this power; `None` where no share up to 1, or down to 0, is enough.
    pub fn minimum_effect(&self, rows: f64, power: f64) -> Option<f64> {
        let sign = if self.alternative == Alternative::Smaller { -1.0 } else { 1.0 };
        let most = match self.design {
            Design::Means { stddev } => {
                let mut most = stddev;
                while self.power(sign * most, rows) < power && most < stddev * 1e9 {
                    most *= 2.0;
                }
                most
            }
            _ if sign > 0.0 => 1.0 - self.baseline,
            _ => self.baseline,
        };
        if self.power(sign * most, rows) < power {
            return None;
        }
        let (mut low, mut high) = (0.0, most);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if self.power(sign * middle, rows) < power {
                low = middle;
            } else {
                high = middle;
            }
            if high - low <= 1e-15 * high {
                break;
            }
        }
        Some(sign * high)
    }
}

fn asin_root(share: f64) -> f64 {
    libm::asin(libm::sqrt(share.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_powers_and_effects_agree() {
        for design in [Design::Proportions, Design::Arcsine, Design::Means { stddev: 0.4 }] {
            for alternative in [Alternative::TwoSided, Alternative::Larger, Alternative::Smaller] {
                for ratio in [0.25, 1.0, 3.0] {
                    let plan = Plan { design, baseline: 0.2, ratio, alpha: 0.05, alternative };
                    let effect = if alternative == Alternative::Smaller { -0.03 } else { 0.03 };
                    let rows = plan.rows(effect, 0.8).unwrap();
                    assert!((plan.power(effect, rows) - 0.8).abs() < 1e-9, "{plan:?}");
                    let found = plan.minimum_effect(rows, 0.8).unwrap();
                    assert!((found - effect).abs() < 1e-9, "{plan:?} {found}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_found_is_said() {
        let plan = Plan {
            design: Design::Proportions,
            baseline: 0.2,
            ratio: 1.0,
            alpha: 0.05,
            alternative: Alternative::Larger,
        };
        assert!(plan.rows(-0.1, 0.8).is_err() && plan.rows(0.0, 0.8).is_err());
        assert_eq!(plan.minimum_effect(2.0, 0.999), None);
        assert_eq!(Plan { baseline: 0.0, ..plan }.power(1.0, 50.0), 1.0);
    }
}

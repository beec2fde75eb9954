//! Which arm to show next, and with which probability.

use super::posterior::{best, Posterior};
use super::sample::LARGEST;
use crate::control::Control;
use crate::error::{Error, Result};

/// How an arm is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Each with the probability that it is the best (Thompson 1933).
    Thompson,
    /// The one that may be the best yet (Auer, Cesa-Bianchi and Fischer 2002, UCB1).
    Ucb,
    /// The best so far, but for a share of the choices.
    EpsilonGreedy,
}

impl Method {
    /// The names.
    pub const NAMES: [&'static str; 3] = ["thompson", "ucb", "epsilon_greedy"];

    /// The method of a name.
    pub fn parse(name: &str) -> Option<Method> {
        match name {
            "thompson" => Some(Method::Thompson),
            "ucb" => Some(Method::Ucb),
            "epsilon_greedy" => Some(Method::EpsilonGreedy),
            _ => None,
        }
    }
}

/// What an arm has brought.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Arm {
    /// How often it was shown.
    pub trials: f64,
    /// What it brought in all.
    pub reward: f64,
    /// The sum of the squared deviations of rewards from their mean.
    pub squares: f64,
}

impl Arm {
    /// The mean reward.
    pub fn mean(&self) -> Option<f64> {
        (self.trials > 0.0).then(|| self.reward / self.trials)
    }
}

/// How arms are chosen.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// The method.
    pub method: Method,
    /// The share of choices that is spread over all arms alike.
    pub epsilon: f64,
    /// How far UCB goes beyond the mean, in the widths of UCB1.
    pub exploration: f64,
    /// Whether rewards are shares of successes.
    pub binary: bool,
    /// What is believed of an arm without a trial: successes and failures.
    pub prior: [f64; 2],
}

/// The probability of each arm to be chosen; they sum to 1.
pub fn propensities(arms: &[Arm], policy: &Policy, control: &Control) -> Result<Vec<f64>> {
    if arms.is_empty() {
        return Err(Error::data(
            "there is no arm to choose",
            "Give a source with a row for each arm, or for each trial of an arm.",
        ));
    }
    let count = arms.len() as f64;
    let chosen = match policy.method {
        Method::Thompson => best(&posteriors(arms, policy), control)?.probability,
        Method::Ucb => {
            let untried = |arm: &Arm| arm.trials <= 0.0;
            if arms.iter().any(untried) {
                greatest(arms.iter().map(|arm| f64::from(u8::from(untried(arm)))))
            } else {
                let all: f64 = arms.iter().map(|a| a.trials).sum();
                // UCB1 is of rewards from 0 to 1; of others a width is that of their spread.
                let unit = if policy.binary { 1.0 } else { 2.0 * spread(arms) };
                greatest(arms.iter().map(|a| {
                    a.reward / a.trials
                        + policy.exploration * unit * libm::sqrt(2.0 * libm::log(all.max(1.0)) / a.trials)
                }))
            }
        }
        Method::EpsilonGreedy => {
            let least = -f64::MAX;
            // An arm that was never tried must be, once.
            match arms.iter().any(|a| a.trials <= 0.0) {
                true => greatest(arms.iter().map(|a| f64::from(u8::from(a.trials <= 0.0)))),
                false => greatest(arms.iter().map(|a| a.mean().unwrap_or(least))),
            }
        }
    };
    Ok(chosen.into_iter().map(|p| (1.0 - policy.epsilon) * p + policy.epsilon / count).collect())
}

/// What is believed of each arm.
fn posteriors(arms: &[Arm], policy: &Policy) -> Vec<Posterior> {
    if policy.binary {
        let [a, b] = policy.prior;
        return arms
            .iter()
            .map(|arm| Posterior::Beta { a: a + arm.reward, b: b + (arm.trials - arm.reward) })
            .collect();
    }
    // Rewards of any size: one spread for all, and one trial of the mean of all that each arm is believed to have had.
    let trials: f64 = arms.iter().map(|a| a.trials).sum();
    let mean = if trials > 0.0 { arms.iter().map(|a| a.reward).sum::<f64>() / trials } else { 0.0 };
    let spread = spread(arms);
    let normal = |arm: &Arm| {
        let trials = arm.trials + 1.0;
        Posterior::Normal { mean: (arm.reward + mean) / trials, sd: spread / libm::sqrt(trials) }
    };
    arms.iter().map(normal).collect()
}

/// The standard deviation of rewards about the mean of their arm.
fn spread(arms: &[Arm]) -> f64 {
    let squares: f64 = arms.iter().map(|a| a.squares).sum();
    let df: f64 = arms.iter().map(|a| (a.trials - 1.0).max(0.0)).sum();
    let spread = if df > 0.0 { libm::sqrt(squares / df) } else { 0.0 };
    if spread > 0.0 {
        return spread;
    }
    // Rewards that do not vary, or of one trial each: as far as the arms are apart, or a bit.
    let (low, high) =
        arms.iter().filter_map(Arm::mean).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), m| (l.min(m), h.max(m)));
    if high > low {
        high - low
    } else {
        (high.abs() * 1e-3).clamp(1e-3, LARGEST)
    }
}

/// Those of the greatest value, each as often.
fn greatest(values: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
    let count = values.clone().filter(|v| *v == most).count().max(1) as f64;
    values.map(|v| if v == most { 1.0 / count } else { 0.0 }).collect()
}

/// The place of the arm that a number from 0 to 1 draws; `None` where nothing has a propensity.
pub fn draw(propensities: &[f64], uniform: f64) -> Option<usize> {
    let usable = |p: f64| p > 0.0 && p.is_finite();
    let total: f64 = propensities.iter().copied().filter(|p| usable(*p)).sum();
    let mut left = uniform * total;
    let mut last = None;
    for (i, &p) in propensities.iter().enumerate().filter(|(_, p)| usable(**p)) {
        last = Some(i);
        if left < p {
            break;
        }
        left -= p;
    }
    last
}

/// A number from 0 to 1, below 1, that a key stands for: the first 52 bits of its MD5, so that SQL has it as
/// `('x' || left(md5(key), 13))::bit(52)::bigint / 2 ^ 52`.
pub fn uniform(key: &[u8]) -> f64 {
    let digest = md5::compute(key);
    let bits = digest.iter().take(7).fold(0u64, |bits, byte| (bits << 8) | u64::from(*byte)) >> 4;
    bits as f64 / (1u64 << 52) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POLICY: Policy =
        Policy { method: Method::Thompson, epsilon: 0.0, exploration: 1.0, binary: true, prior: [1.0, 1.0] };

    fn of(arms: &[(f64, f64)], policy: Policy) -> Vec<f64> {
        let arms: Vec<Arm> = arms.iter().map(|&(trials, reward)| Arm { trials, reward, squares: trials }).collect();
        propensities(&arms, &policy, &Control::default()).unwrap()
    }

    #[test]
    fn methods_do_what_they_are_named_for() {
        let arms = [(1000.0, 50.0), (1000.0, 70.0), (10.0, 0.0)];
        let thompson = of(&arms, POLICY);
        assert!(thompson[1] > thompson[0] && thompson[2] > 0.1, "{thompson:?}");
        assert_eq!(of(&arms, Policy { method: Method::Ucb, ..POLICY }), [0.0, 0.0, 1.0]);
        assert_eq!(of(&arms, Policy { method: Method::Ucb, exploration: 0.0, ..POLICY }), [0.0, 1.0, 0.0]);
        let greedy = of(&arms, Policy { method: Method::EpsilonGreedy, epsilon: 0.3, ..POLICY });
        assert!(greedy.iter().zip([0.1, 0.8, 0.1]).all(|(a, b)| (a - b).abs() < 1e-12), "{greedy:?}");
        // Ties are shared, arms without a trial come first.
        assert_eq!(of(&[(1.0, 0.5), (2.0, 1.0)], Policy { method: Method::EpsilonGreedy, ..POLICY }), [0.5, 0.5]);
        assert_eq!(of(&[(1.0, 1.0), (0.0, 0.0)], Policy { method: Method::EpsilonGreedy, ..POLICY }), [0.0, 1.0]);
        assert_eq!(of(&[(1.0, 1.0), (0.0, 0.0)], Policy { method: Method::Ucb, ..POLICY }), [0.0, 1.0]);
        assert_eq!(of(&[(0.0, 0.0)], POLICY), [1.0]);
        assert!(propensities(&[], &POLICY, &Control::default()).is_err());
    }

    #[test]
    fn draws_follow_propensities_and_md5() {
        assert_eq!(draw(&[0.2, 0.0, 0.8], 0.0), Some(0));
        assert_eq!(draw(&[0.2, 0.0, 0.8], 0.2), Some(2));
        assert_eq!(draw(&[0.2, 0.0, 0.8], 0.999_999), Some(2));
        assert_eq!(draw(&[0.0, f64::NAN, -1.0], 0.5), None);
        // md5('a') is 0cc175b9c0f1b...
        assert!((uniform(b"a") - (0x0cc1_75b9_c0f1_b6a8_u64 >> 12) as f64 / (1u64 << 52) as f64).abs() < 1e-16);
        let mean: f64 = (0..10_000).map(|i| uniform(format!("{i}").as_bytes())).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.01);
    }

    proptest! {
        #[test]
        fn propensities_sum_to_one(
            arms in prop::collection::vec((0.0f64..1e5, 0.0f64..=1.0, 0.0f64..10.0), 1..12),
            method in 0usize..3, epsilon in 0.0f64..=1.0, binary: bool,
        ) {
            let method = Method::parse(Method::NAMES[method]).unwrap();
            let arms: Vec<Arm> = arms.iter().map(|&(trials, share, square)| {
                Arm { trials: trials.floor(), reward: (trials.floor() * share).floor(), squares: square * trials.floor() }
            }).collect();
            let found = propensities(&arms, &Policy { method, epsilon, binary, ..POLICY }, &Control::default()).unwrap();
            prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{found:?}");
            prop_assert!(found.iter().all(|p| *p >= epsilon / arms.len() as f64 * 0.999 && *p <= 1.0 + 1e-12), "{found:?}");
        }
    }
}

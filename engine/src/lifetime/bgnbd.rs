//! When customers buy and when they leave: the beta-geometric / negative binomial model (Fader, Hardie and Lee, "Counting your customers the easy way", 2005).
//!
//! A customer buys at a rate of their own, gamma distributed over customers with shape r and scale 1/alpha, and after each purchase leaves for ever with a
//! probability of their own, beta distributed with a and b.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::events::{parts, Customer};
use super::maximum::{minimise, Minimum};
use crate::control::Control;
use crate::error::{Error, Result};

/// The parameters. Frozen, as models keep them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Shape of the rates.
    pub r: f64,
    /// Their scale, in periods.
    pub alpha: f64,
    /// Of leaving.
    pub a: f64,
    /// Of staying.
    pub b: f64,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The parameters.
    pub parameters: Parameters,
    /// Their standard errors, in the order r, alpha, a, b.
    pub errors: [Option<f64>; 4],
    /// The logarithm of the likelihood.
    pub log_likelihood: f64,
    /// Whether the maximum was found.
    pub converged: bool,
}

/// Customers with the same purchases.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Group {
    frequency: u32,
    recency: f64,
    age: f64,
    customers: f64,
}

/// More purchases of one customer than this are refused: some thousand years of days.
const MOST_PURCHASES: u32 = 1_000_000;

/// Fit the model. `penalizer` holds parameters near 0, as in `lifetimes`; 0 does nothing.
pub fn fit(customers: &[Customer], penalizer: f64, control: &Control) -> Result<Fitted> {
    if customers.iter().all(|c| c.frequency == 0) {
        return Err(Error::data(
            "no customer has come back on another day",
            "Give the purchases of a longer time; a model of coming back needs some that did.",
        ));
    }
    let groups = groups(customers, control)?;
    let most = groups.iter().map(|g| g.frequency).max().unwrap_or(0);
    if most > MOST_PURCHASES {
        return Err(Error::data(
            format!("a customer has more than {MOST_PURCHASES} days with a purchase"),
            "Is it the column of the customer?",
        ));
    }
    control.reserve((most as usize + 1) * 40)?;
    let total: f64 = groups.iter().map(|g| g.customers).sum();
    // Times are measured by the mean age, so that periods do not change the path of the search.
    let unit = (groups.iter().map(|g| g.age * g.customers).sum::<f64>() / total).max(f64::MIN_POSITIVE);
    let of = |logs: &[f64; 4]| likelihood(logs, &groups, most, unit, penalizer, control);
    let start = [0.0, 0.0, 0.0, 0.7];
    let found: Minimum<4> = minimise(start, &of, control)?;
    let [r, alpha, a, b] = found.logs.map(libm::exp);
    let parameters = Parameters { r, alpha: alpha * unit, a, b };
    let of_all = |i: usize| found.covariance.map(|c| libm::sqrt(c[i][i] / total));
    // Of a logarithm to the number itself.
    let scales = [r, alpha * unit, a, b];
    let mut errors = [None; 4];
    errors.iter_mut().enumerate().for_each(|(i, e)| *e = of_all(i).map(|s| s * scales[i]));
    Ok(Fitted {
        parameters,
        errors,
        log_likelihood: -found.value * total - total_of_units(&groups, unit),
        converged: found.converged,
    })
}

/// What measuring times by another unit adds to the logarithm of the likelihood: one factor a purchase.
fn total_of_units(groups: &[Group], unit: f64) -> f64 {
    groups.iter().map(|g| g.customers * f64::from(g.frequency)).sum::<f64>() * libm::log(unit)
}

/// Customers with the same frequency, recency and age are one group.
fn groups(customers: &[Customer], control: &Control) -> Result<Vec<Group>> {
    let mut all = control.vec(customers.len())?;
    all.extend(customers.iter().map(|c| Group {
        frequency: c.frequency,
        recency: c.recency,
        age: c.age,
        customers: 1.0,
    }));
    let order = |a: &Group, b: &Group| {
        a.frequency.cmp(&b.frequency).then(a.recency.total_cmp(&b.recency)).then(a.age.total_cmp(&b.age))
    };
    crate::data::par_sort(&mut all, &order, control)?;
    all.dedup_by(|next, kept| {
        let same = order(next, kept).is_eq();
        if same {
            kept.customers += next.customers;
        }
        same
    });
    Ok(all)
}

/// Sums of logarithms and of inverses from a parameter on, by how many: logs of ratios of gamma functions, and their slopes.
struct Ladder {
    logs: Vec<f64>,
    inverses: Vec<f64>,
}

impl Ladder {
    fn new(from: f64, most: u32) -> Ladder {
        let (mut log, mut inverse) = (0.0, 0.0);
        let (mut logs, mut inverses) = (vec![0.0], vec![0.0]);
        for i in 0..most {
            log += libm::log(from + f64::from(i));
            inverse += 1.0 / (from + f64::from(i));
            logs.push(log);
            inverses.push(inverse);
        }
        Ladder { logs, inverses }
    }

    fn at(&self, count: u32) -> (f64, f64) {
        let of = |list: &[f64]| list.get(count as usize).copied().unwrap_or(f64::NAN);
        (of(&self.logs), of(&self.inverses))
    }
}

/// The negative mean logarithm of the likelihood, and its slopes by the logarithms of the parameters.
fn likelihood(
    logs: &[f64; 4],
    groups: &[Group],
    most: u32,
    unit: f64,
    penalizer: f64,
    control: &Control,
) -> Result<(f64, [f64; 4])> {
    control.check()?;
    let [r, alpha, a, b] = logs.map(libm::exp);
    let (of_r, of_b, of_both) = (Ladder::new(r, most), Ladder::new(b, most), Ladder::new(a + b, most));
    let log_alpha = logs[1];
    let sums: Vec<[f64; 5]> = parts(groups.len())
        .map(|part| {
            let mut sums = [0.0; 5];
            for g in groups.get(part).unwrap_or_default() {
                let x = f64::from(g.frequency);
                let (age, recency) = (alpha + g.age / unit, alpha + g.recency / unit);
                let (log_age, log_recency) = (libm::log(age), libm::log(recency));
                let ((r_log, r_slope), (b_log, b_slope), (ab_log, ab_slope)) =
                    (of_r.at(g.frequency), of_b.at(g.frequency), of_both.at(g.frequency));
                let stays = -(r + x) * log_age;
                let (both, gone, last) = if g.frequency > 0 {
                    let last = b + x - 1.0;
                    let left = logs[2] - libm::log(last) - (r + x) * log_recency;
                    let most = stays.max(left);
                    let both = most + libm::log(libm::exp(stays - most) + libm::exp(left - most));
                    (both, libm::exp(left - both), last)
                } else {
                    (stays, 0.0, 1.0)
                };
                let here = 1.0 - gone;
                let term = r_log + r * log_alpha + b_log - ab_log + both;
                let by_r = r_slope + log_alpha - here * log_age - gone * log_recency;
                let by_alpha = r / alpha - (r + x) * (here / age + gone / recency);
                let by_a = -ab_slope + gone / a;
                let by_b = b_slope - ab_slope - gone / last;
                let terms = [term, by_r * r, by_alpha * alpha, by_a * a, by_b * b];
                sums.iter_mut().zip(terms).for_each(|(s, t)| *s += g.customers * t);
            }
            sums
        })
        .collect();
    let total: f64 = groups.iter().map(|g| g.customers).sum();
    let mut sum = [0.0; 5];
    sums.iter().for_each(|part| sum.iter_mut().zip(part).for_each(|(s, p)| *s += p));
    let parameters = [r, alpha, a, b];
    let mut slopes = [0.0; 4];
    for ((slope, s), p) in slopes.iter_mut().zip(sum.iter().skip(1)).zip(parameters) {
        *slope = -s / total + 2.0 * penalizer * p * p;
    }
    let value = -sum[0] / total + penalizer * parameters.iter().map(|p| p * p).sum::<f64>();
    Ok((value, slopes))
}

/// Terms of a series that are this large, as a power of e, cancel too much of each other.
const CANCEL: f64 = 5.0;

/// The most purchases that are counted one by one.
const MOST_COUNTED: u32 = 200_000;

/// The logarithm of a chance that adds nothing.
const NOTHING: f64 = -50.0;

impl Parameters {
    /// The names.
    pub const NAMES: [&'static str; 4] = ["r", "alpha", "a", "b"];

    /// The values in the order of the names.
    pub fn values(&self) -> [f64; 4] {
        [self.r, self.alpha, self.a, self.b]
    }

    /// How much more likely a customer has left than not.
    fn odds(&self, customer: &Customer) -> f64 {
        if customer.frequency == 0 {
            return 0.0;
        }
        let x = f64::from(customer.frequency);
        let power = (self.r + x) * libm::log((self.alpha + customer.age) / (self.alpha + customer.recency));
        libm::exp(power) * (self.a / (self.b + x - 1.0))
    }

    /// The probability that a customer has not left. One who never came back can only not have: leaving follows a repeated purchase.
    pub fn alive(&self, customer: &Customer) -> f64 {
        1.0 / (1.0 + self.odds(customer))
    }

    /// The purchases that are to be expected of a customer in so many periods from now on.
    ///
    /// Equation 10 of the paper has a hypergeometric function whose series overflows for many purchases, and a factor that is infinite for a = 1. By Euler's
    /// transformation its parameters do not grow with the purchases, and the factor goes into the series.
    pub fn purchases(&self, customer: &Customer, periods: f64) -> f64 {
        let Parameters { r, alpha, a, b } = *self;
        let x = f64::from(customer.frequency);
        let z = periods / (alpha + customer.age + periods);
        if z <= 0.0 {
            return 0.0;
        }
        let log = libm::log1p(-z);
        let (p, c) = (a + b - 1.0 - r, a + b + x);
        if p * z < -CANCEL {
            return self.counted(x, z, log) / (1.0 + self.odds(customer));
        }
        // The sum over n of (p)_n (a)_(n-1) / (c)_(n-1) / n! z^n.
        let mut term = p * z;
        let mut series = term;
        for i in 1..200_000 {
            let n = f64::from(i);
            term *= (p + n) / (n + 1.0) * ((a + n - 1.0) / (c + n - 1.0)) * z;
            series += term;
            if term.abs() <= series.abs() * 1e-17 || term == 0.0 {
                break;
            }
        }
        let shrink = a - 1.0;
        let expected = if shrink > 0.0 {
            // The series is as large as the power is small, so that they are multiplied first; where the power is none, nobody is left who buys.
            let left = libm::exp(shrink * log);
            let more = if left > 0.0 { left * series } else { 0.0 };
            -libm::expm1(shrink * log) * (c - 1.0) / shrink - more
        } else {
            let ratio = if shrink == 0.0 { log } else { libm::expm1(shrink * log) / shrink };
            -ratio * (c - 1.0 + shrink * series) - series
        };
        (expected / (1.0 + self.odds(customer))).max(0.0)
    }

    /// The same of a customer who is there, where terms of that series would cancel, as they do where customers buy much alike: over the number of purchases that there would be if nobody left,
    /// which is negative binomial, how many of them come before the customer leaves. All terms are positive.
    fn counted(&self, x: f64, z: f64, log: f64) -> f64 {
        let Parameters { r, a, b, .. } = *self;
        let (size, last) = (r + x, a + b + x - 1.0);
        let mean = size * z / (1.0 - z);
        // The logarithm of the chance of n purchases; of so many, how many come, and the chance of another times `last`.
        let (mut chance, mut come, mut next) = (size * log, 0.0, last);
        let (mut expected, mut known) = (0.0, 0.0);
        for i in 0..MOST_COUNTED {
            let n = f64::from(i);
            let share = libm::exp(chance);
            (expected, known) = (expected + share * come, known + share);
            if n > mean && chance < NOTHING {
                return expected;
            }
            chance += libm::log((size + n) / (n + 1.0) * z);
            // `last` alone may be 0 or less.
            come += if i == 0 { 1.0 } else { next / (last + n) };
            next = if i == 0 { b + x } else { next * (b + x + n) / (last + n) };
        }
        expected + (1.0 - known).max(0.0) * come
    }
}

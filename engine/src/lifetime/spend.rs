//! What customers spend: the gamma-gamma model (Fader and Hardie, "The Gamma-Gamma model of monetary value", 2013).
//!
//! What a purchase of a customer brings is gamma distributed with shape p about a mean of their own, the scales of which are gamma distributed over customers
//! with q and v. q is above 1, so that the mean of all is known.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::events::{parts, Customer};
use super::maximum::{digamma, minimise, Minimum};
use crate::control::Control;
use crate::error::Result;

/// The parameters. Frozen, as models keep them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Shape of amounts.
    pub p: f64,
    /// Shape of their scales.
    pub q: f64,
    /// Scale of those.
    pub v: f64,
}

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The parameters.
    pub parameters: Parameters,
    /// Their standard errors, in the order p, q, v.
    pub errors: [Option<f64>; 3],
    /// Customers that it is fitted to.
    pub customers: usize,
    /// Whether the maximum was found.
    pub converged: bool,
}

/// The fewest customers that tell three parameters.
const FEWEST: usize = 10;

/// Fit the model to those who came back and spent something; `None` where they are fewer than ten, or all spend the same.
pub fn fit(customers: &[Customer], control: &Control) -> Result<Option<Fitted>> {
    let mut known: Vec<(u32, f64)> = control.vec(customers.len())?;
    known.extend(customers.iter().filter(|c| c.frequency > 0 && c.spend > 0.0).map(|c| (c.frequency, c.spend)));
    if known.len() < FEWEST {
        return Ok(None);
    }
    crate::data::par_sort(
        &mut known,
        &|a: &(u32, f64), b: &(u32, f64)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)),
        control,
    )?;
    let count = known.len() as f64;
    let mean = known.iter().map(|k| k.1 / count).sum::<f64>();
    let (least, most) = known.iter().fold((f64::INFINITY, 0.0_f64), |(l, m), k| (l.min(k.1), m.max(k.1)));
    if most - least <= 1e-9 * mean {
        return Ok(None);
    }
    // Amounts are measured by their mean, so that currencies do not change the path of the search.
    known.iter_mut().for_each(|k| k.1 /= mean);
    // What depends on the number of purchases alone is reckoned once for each of them.
    let mut counts: Vec<(f64, f64)> = Vec::new();
    for of_one in known.chunk_by(|a, b| a.0 == b.0) {
        counts.push((of_one.first().map_or(0.0, |k| f64::from(k.0)), of_one.len() as f64));
    }
    let logs: f64 = known.iter().map(|k| f64::from(k.0) * libm::log(f64::from(k.0) * k.1)).sum();
    let only: f64 = known.iter().map(|k| libm::log(k.1)).sum();
    let of = |at: &[f64; 3]| {
        control.check()?;
        let (p, q1, v) = (libm::exp(at[0]), libm::exp(at[1]), libm::exp(at[2]));
        let q = 1.0 + q1;
        let log_v = at[2];
        // By p, q and v.
        let mut sum = [
            p * logs - only + count * (q * log_v - libm::lgamma(q)),
            logs,
            count * (log_v - digamma(q)),
            count * q / v,
        ];
        for &(x, n) in &counts {
            let (px, both) = (p * x, p * x + q);
            let (upper, lower) = (digamma(both), digamma(px));
            sum[0] += n * (libm::lgamma(both) - libm::lgamma(px));
            sum[1] += n * x * (upper - lower);
            sum[2] += n * upper;
        }
        let rest: Vec<[f64; 4]> = parts(known.len())
            .map(|part| {
                let mut sum = [0.0; 4];
                for &(x, m) in known.get(part).unwrap_or_default() {
                    let x = f64::from(x);
                    let (log, over, both) = (libm::log(v + x * m), 1.0 / (v + x * m), p * x + q);
                    let terms = [both * log, x * log, log, both * over];
                    sum.iter_mut().zip(terms).for_each(|(s, t)| *s -= t);
                }
                sum
            })
            .collect();
        rest.iter().for_each(|part| sum.iter_mut().zip(part).for_each(|(s, r)| *s += r));
        Ok((-sum[0] / count, [-sum[1] * p / count, -sum[2] * q1 / count, -sum[3] * v / count]))
    };
    let found: Minimum<3> = minimise([1.0, 0.7, 0.0], &of, control)?;
    let [p, q1, v] = found.logs.map(libm::exp);
    let scales = [p, q1, v * mean];
    let mut errors = [None; 3];
    errors
        .iter_mut()
        .enumerate()
        .for_each(|(i, e)| *e = found.covariance.map(|c| libm::sqrt(c[i][i] / count) * scales[i]));
    let parameters = Parameters { p, q: 1.0 + q1, v: v * mean };
    Ok(Some(Fitted { parameters, errors, customers: known.len(), converged: found.converged }))
}

impl Parameters {
    /// The names.
    pub const NAMES: [&'static str; 3] = ["p", "q", "v"];

    /// The values in the order of the names.
    pub fn values(&self) -> [f64; 3] {
        [self.p, self.q, self.v]
    }

    /// The mean amount that is to be expected of a customer: between their own and that of all.
    pub fn mean(&self, customer: &Customer) -> f64 {
        let x = f64::from(customer.frequency);
        let weight = self.p * x / (self.p * x + self.q - 1.0);
        (1.0 - weight) * (self.v * self.p / (self.q - 1.0)) + weight * customer.spend.max(0.0)
    }
}

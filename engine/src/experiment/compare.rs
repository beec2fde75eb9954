//! Variants against a control.
//!
//! Shares are compared by the z-test of two proportions with the pooled variance, with the interval of Newcombe ("Interval estimation for the difference between
//! independent proportions", 1998, method 10) or Wald's; means by Welch's t-test; ratios of sums by the delta method (Deng, Knoblich and Lu, "Applying the delta
//! method in metric analytics", 2018). A covariate that was measured before takes its part out of the variance (CUPED: Deng, Xu, Kohavi and Walker 2013).

use super::correct::Correction;
use super::distribution::{normal_isf, normal_sf, t_isf, t_sf};
use super::posterior::{best, Posterior};
use super::sample::{Experiment, Moments};
use super::sequential::Mixture;
use super::Alternative;
use crate::control::Control;
use crate::error::Result;

/// How the interval of a difference of shares is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval {
    /// Of the two intervals of Wilson.
    Newcombe,
    /// Of the standard error.
    Wald,
}

impl Interval {
    /// The names.
    pub const NAMES: [&'static str; 2] = ["newcombe", "wald"];

    /// The interval of a name.
    pub fn parse(name: &str) -> Option<Interval> {
        match name {
            "newcombe" => Some(Interval::Newcombe),
            "wald" => Some(Interval::Wald),
            _ => None,
        }
    }
}

/// How variants are compared.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The error of the first kind, of this look where there are several.
    pub alpha: f64,
    /// What speaks for a difference.
    pub alternative: Alternative,
    /// The interval of shares.
    pub interval: Interval,
    /// For several comparisons together.
    pub correction: Correction,
    /// For tests that may be looked at at any time.
    pub mixture: Option<Mixture>,
    /// Whether the second column is a denominator.
    pub ratio: bool,
    /// Whether it is a covariate.
    pub covariate: bool,
}

/// A variant against the control. What is not known is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The segment.
    pub segment: Option<String>,
    /// The place of the variant.
    pub variant: usize,
    /// Rows, or units, of the control and the variant.
    pub rows: [f64; 2],
    /// What they have on average: a share, a mean (adjusted where there is a covariate), a ratio.
    pub mean: [Option<f64>; 2],
    /// The difference.
    pub difference: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// The difference as a share of the control.
    pub relative: Option<f64>,
    /// Its interval.
    pub relative_interval: Option<(f64, f64)>,
    /// The statistic.
    pub statistic: Option<f64>,
    /// Degrees of freedom, of t-tests.
    pub df: Option<f64>,
    /// The p-value.
    pub p_value: Option<f64>,
    /// The same with the correction.
    pub adjusted: Option<f64>,
    /// The share of the variance that the covariate takes out.
    pub variance_reduction: Option<f64>,
    /// The probability that this variant is the best of all, with the control.
    pub probability_best: Option<f64>,
    /// What is lost on average by choosing it.
    pub expected_loss: Option<f64>,
    /// The test.
    pub test: &'static str,
}

/// The mean of a variant with the variance of that mean.
#[derive(Debug, Clone, Copy)]
struct Estimate {
    mean: f64,
    /// Of one row, so that it is not divided by their number.
    variance: f64,
    rows: f64,
}

impl Estimate {
    fn of_mean(&self) -> f64 {
        self.variance / self.rows
    }
}

/// Compare all variants with the control, by segment.
pub fn compare(
    experiment: &Experiment,
    control_at: usize,
    settings: &Settings,
    control: &Control,
) -> Result<Vec<Comparison>> {
    let mut all = Vec::new();
    for (name, moments) in &experiment.segments {
        control.check()?;
        let (estimates, reduction) = estimates(moments, experiment.binary, settings);
        let (probability, loss) = beliefs(moments, &estimates, experiment.binary, control)?;
        let Some(reference) = estimates.get(control_at).copied() else { continue };
        for (variant, estimate) in estimates.iter().enumerate().filter(|(v, _)| *v != control_at) {
            let rows = [control_at, variant].map(|v| moments.get(v).map_or(0.0, |m| m.count));
            let mut found = Comparison {
                segment: name.clone(),
                variant,
                rows,
                mean: [reference.map(|e| e.mean), estimate.map(|e| e.mean)],
                difference: None,
                interval: None,
                relative: None,
                relative_interval: None,
                statistic: None,
                df: None,
                p_value: None,
                adjusted: None,
                variance_reduction: reduction,
                probability_best: probability.get(variant).copied().flatten(),
                expected_loss: loss.get(variant).copied().flatten(),
                test: test(experiment.binary, settings),
            };
            if let (Some(a), Some(b)) = (reference, *estimate) {
                fill(&mut found, a, b, experiment.binary, settings);
            }
            all.push(found);
        }
    }
    let p_values: Vec<Option<f64>> = all.iter().map(|c| c.p_value).collect();
    for (comparison, adjusted) in all.iter_mut().zip(settings.correction.adjust(&p_values)) {
        comparison.adjusted = adjusted;
    }
    Ok(all)
}

fn test(binary: bool, settings: &Settings) -> &'static str {
    match (settings.mixture.is_some(), settings.ratio, settings.covariate, binary) {
        (true, true, _, _) => "always_valid_ratio",
        (true, _, true, _) => "always_valid_cuped",
        (true, _, _, true) => "always_valid_proportions",
        (true, ..) => "always_valid_means",
        (_, true, _, _) => "delta_method",
        (_, _, true, _) => "welch_t_cuped",
        (_, _, _, true) => "proportions_z",
        _ => "welch_t",
    }
}

/// What is known of each variant, and the share of the variance that a covariate explains.
fn estimates(moments: &[Moments], binary: bool, settings: &Settings) -> (Vec<Option<Estimate>>, Option<f64>) {
    if settings.ratio {
        let ratio = |m: &Moments| {
            let [y, x] = m.mean;
            let r = y / x;
            let spread = m.squares[0] - 2.0 * r * m.products + r * r * m.squares[1];
            let variance = spread.max(0.0) / (m.count - 1.0) / (x * x);
            (m.count >= 2.0 && x != 0.0).then_some(Estimate { mean: r, variance, rows: m.count })
        };
        return (moments.iter().map(ratio).collect(), None);
    }
    if settings.covariate {
        return adjusted(moments);
    }
    let estimate = |m: &Moments| {
        let variance = if binary { m.mean[0] * (1.0 - m.mean[0]) } else { m.variance() };
        let enough = if binary { m.count >= 1.0 } else { m.count >= 2.0 };
        enough.then_some(Estimate { mean: m.mean[0], variance, rows: m.count })
    };
    (moments.iter().map(estimate).collect(), None)
}

/// Means without what the covariate explains, with one slope for all variants, that of the sums within them.
fn adjusted(moments: &[Moments]) -> (Vec<Option<Estimate>>, Option<f64>) {
    let known: f64 = moments.iter().map(|m| m.known).sum();
    let overall = if known > 0.0 { moments.iter().map(|m| m.known * m.mean[1]).sum::<f64>() / known } else { 0.0 };
    // Where the past of a unit is not known, it is that of the mean of all.
    let filled: Vec<(f64, f64, f64)> = moments
        .iter()
        .map(|m| {
            let unknown = m.count - m.known;
            let apart = m.mean[1] - overall;
            let mean = if m.count > 0.0 { m.known * apart / m.count } else { 0.0 };
            // About the mean of all units of the variant, by the theorem of Steiner.
            let squares = m.squares[1] + m.known * (apart - mean) * (apart - mean) + unknown * mean * mean;
            (mean, squares, m.products + apart * m.drift)
        })
        .collect();
    let (sxx, sxy) = filled.iter().fold((0.0, 0.0), |(sxx, sxy), f| (sxx + f.1, sxy + f.2));
    let syy: f64 = moments.iter().map(|m| m.squares[0]).sum();
    let theta = if sxx > 0.0 { sxy / sxx } else { 0.0 };
    let spread = |m: &Moments, f: &(f64, f64, f64)| (m.squares[0] - 2.0 * theta * f.2 + theta * theta * f.1).max(0.0);
    let left: f64 = moments.iter().zip(&filled).map(|(m, f)| spread(m, f)).sum();
    let estimate = |(m, f): (&Moments, &(f64, f64, f64))| {
        let variance = spread(m, f) / (m.count - 1.0);
        (m.count >= 2.0).then_some(Estimate { mean: m.mean[0] - theta * f.0, variance, rows: m.count })
    };
    (moments.iter().zip(&filled).map(estimate).collect(), (syy > 0.0).then_some(1.0 - left / syy))
}

/// The probability of each variant to be the best, and what is lost by choosing it.
#[allow(clippy::type_complexity, reason = "two lists")]
fn beliefs(
    moments: &[Moments],
    estimates: &[Option<Estimate>],
    binary: bool,
    control: &Control,
) -> Result<(Vec<Option<f64>>, Vec<Option<f64>>)> {
    let posterior = |(m, e): (&Moments, &Option<Estimate>)| {
        if binary {
            let ones = (m.mean[0] * m.count).round();
            return e.map(|_| Posterior::Beta { a: 1.0 + ones, b: 1.0 + m.count - ones });
        }
        let e = (*e)?;
        let sd = libm::sqrt(e.of_mean());
        // A spread of nothing tells no distribution.
        (sd > e.mean.abs() * 1e-14 && sd > 0.0).then_some(Posterior::Normal { mean: e.mean, sd })
    };
    let all: Vec<Option<Posterior>> = moments.iter().zip(estimates).map(posterior).collect();
    let known: Vec<Posterior> = all.iter().copied().flatten().collect();
    if known.len() < 2 {
        return Ok((vec![None; all.len()], vec![None; all.len()]));
    }
    let found = best(&known, control)?;
    let mut probabilities = found.probability.iter();
    let probability = all.iter().map(|p| p.and_then(|_| probabilities.next().copied())).collect();
    let loss = all.iter().map(|p| p.map(|p| (found.greatest - p.mean()).max(0.0))).collect();
    Ok((probability, loss))
}

/// The test of a variant `b` against the control `a`.
fn fill(found: &mut Comparison, a: Estimate, b: Estimate, binary: bool, settings: &Settings) {
    let Settings { alpha, alternative, .. } = *settings;
    let tail = alternative.tail(alpha);
    let (va, vb) = (a.of_mean(), b.of_mean());
    let difference = b.mean - a.mean;
    let error = libm::sqrt(va + vb);
    // Where nothing varies but by rounding, there is no test.
    let varies = error > 1e-14 * (a.mean.abs() + b.mean.abs()) && error > 0.0;
    found.difference = Some(difference);
    found.relative = (a.mean > 0.0).then(|| difference / a.mean);
    let proportions = binary && !settings.ratio && !settings.covariate;
    let mut critical = None;
    if let Some(mixture) = settings.mixture {
        let rows = a.rows + b.rows;
        critical = Some(mixture.width(rows, alpha));
        if varies {
            found.statistic = Some(difference / error);
            found.p_value = Some(mixture.p_value(difference / error, rows));
        }
    } else if proportions {
        let pooled = (a.mean * a.rows + b.mean * b.rows) / (a.rows + b.rows);
        let null = libm::sqrt(pooled * (1.0 - pooled) * (1.0 / a.rows + 1.0 / b.rows));
        if null > 0.0 {
            found.statistic = Some(difference / null);
            found.p_value = Some(alternative.p_value(difference / null, normal_sf));
        }
        critical = Some(normal_isf(tail));
        if settings.interval == Interval::Newcombe {
            found.interval = Some(newcombe(a, b, normal_isf(tail)));
        }
    } else if settings.ratio {
        critical = Some(normal_isf(tail));
        if varies {
            found.statistic = Some(difference / error);
            found.p_value = Some(alternative.p_value(difference / error, normal_sf));
        }
    } else if varies {
        // Satterthwaite's degrees of freedom, by shares so that nothing overflows.
        let share = va / (va + vb);
        let df = 1.0 / (share * share / (a.rows - 1.0) + (1.0 - share) * (1.0 - share) / (b.rows - 1.0));
        found.df = Some(df);
        found.statistic = Some(difference / error);
        found.p_value = Some(alternative.p_value(difference / error, |t| t_sf(t, df)));
        critical = Some(t_isf(tail, df));
    }
    let Some(critical) = critical.filter(|_| varies || proportions) else { return };
    if found.interval.is_none() && varies {
        found.interval = Some((difference - critical * error, difference + critical * error));
    }
    found.interval = found.interval.map(|(low, high)| alternative.open(low, high));
    let Some(relative) = found.relative else { return };
    if proportions && b.mean > 0.0 {
        // Katz and others 1978: the logarithm of the ratio.
        let error = libm::sqrt((1.0 - a.mean) / (a.rows * a.mean) + (1.0 - b.mean) / (b.rows * b.mean));
        let log = libm::log(b.mean / a.mean);
        let (low, high) = (libm::expm1(log - critical * error), libm::expm1(log + critical * error));
        found.relative_interval = Some(alternative.open(low, high));
    } else if !proportions {
        let ratio = b.mean / a.mean;
        let error = libm::sqrt(vb + ratio * ratio * va) / a.mean;
        found.relative_interval = Some(alternative.open(relative - critical * error, relative + critical * error));
    }
}

/// Newcombe's interval of the difference of `b` and `a`.
fn newcombe(a: Estimate, b: Estimate, z: f64) -> (f64, f64) {
    let wilson = |e: Estimate| {
        let zz = z * z;
        let middle = (e.mean + zz / (2.0 * e.rows)) / (1.0 + zz / e.rows);
        let half = z * libm::sqrt(e.variance / e.rows + zz / (4.0 * e.rows * e.rows)) / (1.0 + zz / e.rows);
        (middle - half, middle + half)
    };
    let ((la, ua), (lb, ub)) = (wilson(a), wilson(b));
    let difference = b.mean - a.mean;
    (difference - libm::hypot(b.mean - lb, ua - a.mean), difference + libm::hypot(ub - b.mean, a.mean - la))
}

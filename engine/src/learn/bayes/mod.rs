//! Naive Bayes: each feature says how much likelier its value is in each class, as if no two features knew of each other.
//!
//! Numbers have a normal distribution in each class, or are counts of one multinomial, or truth values; truth values and levels of categories have a smoothed share
//! in each class (Laplace), and words of a free text are a multinomial of their own. As the logarithms of likelihoods add up, the model is a sum of what features
//! say. A missing value says nothing, in training and where rows are scored; nor does a level that training did not see.
//!
//! linfa-bayes 0.8 was read and is not used: it has one distribution for all columns, no categorical one, no weights of rows and nothing for a missing value,
//! at which its prediction panics (the greatest of numbers that are none); probabilities come from exponentials of sums that are not taken from the
//! greatest first, so that of many columns all are 0 and no probability is a number; equal classes are told by the order of a hash.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::CHUNK;
use crate::error::{Error, Result};
use crate::learn::bin::{finite_ends, LARGEST};
use crate::learn::means::means;
use crate::learn::Target;
use crate::model::{additive, Additive, Encoding, Feature, FitStatistics, Input, InputKind, Link, Term};

/// What numbers are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Normal in each class.
    Gaussian,
    /// Counts of one multinomial in each class.
    Multinomial,
    /// Truth values.
    Bernoulli,
}

impl Distribution {
    /// All, by name.
    pub const NAMED: [(&str, Distribution); 3] = [
        ("gaussian", Distribution::Gaussian),
        ("multinomial", Distribution::Multinomial),
        ("bernoulli", Distribution::Bernoulli),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Distribution::NAMED.iter().find(|named| named.1 == self).map_or("", |named| named.0)
    }
}

/// How likelihoods are learned. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct BayesParams {
    /// What numbers are taken for.
    pub distribution: Distribution,
    /// The rows that are added to each level, word or count.
    pub alpha: f64,
    /// The share of the largest variance that is added to all.
    pub var_smoothing: f64,
    /// Whether classes are as frequent as in training; equally frequent otherwise.
    pub fit_prior: bool,
    /// The fewest training rows of a level that is not pooled with the rare ones.
    pub min_category_rows: u64,
    /// The fewest training rows that a level, a normal distribution or an end of a number stands for, for the sake of privacy.
    pub min_group: u64,
}

impl Default for BayesParams {
    fn default() -> Self {
        BayesParams {
            distribution: Distribution::Gaussian,
            alpha: 1.0,
            var_smoothing: 1e-9,
            fit_prior: true,
            min_category_rows: 10,
            min_group: 1,
        }
    }
}

/// The rows to learn from, in canonical order.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The columns they come from.
    pub inputs: &'a [Input],
    /// What the columns are made into.
    pub features: &'a [Feature],
    /// The features as scoring takes them, a number a row.
    pub columns: &'a [Vec<f64>],
    /// The classes.
    pub target: &'a Target,
    /// The weight of each row.
    pub weight: Option<&'a [f64]>,
}

/// Nothing that a feature says is more than this.
const MOST: f64 = 1e280;
/// The score of a class that training rows are never of.
const NEVER: f64 = -50.0;
/// The logarithm of 2 pi.
const LOG_TAU: f64 = 1.837_877_066_409_345_5;

/// A feature with what each class says of it.
enum Said {
    /// Normal in each class: means, told from `shift`, and variances; those of all rows where a class has no value.
    Normal { low: f64, high: f64, shift: f64, variance: f64, by_class: Vec<Option<(f64, f64)>> },
    /// `constant + slope * value` in each class.
    Line { low: f64, high: f64, by_class: Vec<(f64, f64)> },
    /// Level by level, that of all others last, a number a class; none where training saw no row.
    Levels { by_level: Vec<Option<Vec<f64>>> },
}

/// Learn what each class says of each feature.
///
/// Fails with [`Error::InvalidData`] for numbers that the distribution cannot have, and when cancelled.
pub fn fit(rows: Rows<'_>, params: &BayesParams, control: &Control) -> Result<Additive> {
    let Target::Class { codes, classes } = rows.target else {
        return Err(Error::Internal("a naive Bayes model of a number".into()));
    };
    let classes = (*classes).max(1);
    let weight = |row: usize| rows.weight.map_or(1.0, |w| w[row]);
    let counts = by_class(codes, classes, &|row| Some((0, weight(row))), 1, control)?;
    let whole: f64 = counts.iter().sum();
    let present = counts.iter().filter(|w| **w > 0.0).count();
    let prior = |k: usize| match (counts[k] > 0.0, params.fit_prior) {
        (false, _) => NEVER,
        (true, true) => libm::log(counts[k] / whole),
        (true, false) => -libm::log(present as f64),
    };
    let priors: Vec<f64> = (0..classes).map(prior).collect();
    let kind = |feature: usize| rows.inputs.iter().find(|i| (i.first..i.first + i.count).contains(&(feature as u32)));
    let mut said: Vec<Option<Said>> = Vec::with_capacity(rows.features.len());
    let mut numbers: Vec<usize> = Vec::new();
    let mut words: Vec<Vec<usize>> = Vec::new();
    for (at, feature) in rows.features.iter().enumerate() {
        control.check()?;
        let input = kind(at);
        let is_boolean = input.is_some_and(|i| i.kind == InputKind::Boolean);
        said.push(match (&feature.encoding, additive::levels(feature)) {
            (_, Some(count)) => Some(levels(&rows.columns[at], count, (codes, classes), &weight, params, control)?),
            // How long a text is says nothing beside its words.
            (Encoding::Words, _) => None,
            (Encoding::Token { .. }, _) => {
                let first = input.map_or(0, |i| i.first);
                match words.last_mut().filter(|own| own.first().is_some_and(|w| *w as u32 > first)) {
                    Some(own) if input.is_some_and(|i| own[0] < (i.first + i.count) as usize) => own.push(at),
                    _ => words.push(vec![at]),
                }
                None
            }
            _ if is_boolean || params.distribution == Distribution::Bernoulli => {
                Some(bernoulli(&feature.name, &rows.columns[at], (codes, classes), &weight, params, control)?)
            }
            _ if params.distribution == Distribution::Multinomial => {
                numbers.push(at);
                None
            }
            _ => Some(normal(&rows.columns[at], (codes, classes), &weight, params.min_group, control)?),
        });
    }
    for own in words.iter().chain(std::iter::once(&numbers)).filter(|own| !own.is_empty()) {
        for (at, curve) in multinomial(rows, own, (codes, classes), &weight, params, control)? {
            said[at] = Some(curve);
        }
    }
    let largest =
        said.iter().flatten().map(|own| if let Said::Normal { variance, .. } = own { *variance } else { 0.0 });
    let smoothing = params.var_smoothing * largest.fold(0.0, f64::max);
    let mut body = body(&said, &priors, smoothing);
    body.means = means(&body, rows.columns, rows.weight, control)?;
    Ok(body)
}

/// The sum of the logarithms of likelihoods, or of two classes the difference of theirs.
fn body(said: &[Option<Said>], priors: &[f64], smoothing: f64) -> Additive {
    let classes = priors.len();
    let outputs = if classes > 2 { classes } else { 1 };
    let joined = |by_class: Vec<f64>| -> Vec<f64> {
        match by_class.as_slice() {
            _ if outputs > 1 => by_class,
            [first, second] => vec![second - first],
            _ => vec![0.0],
        }
    };
    let mut intercept = joined(priors.to_vec());
    let nothing = || vec![0.0; outputs];
    let mut terms = Vec::with_capacity(said.len());
    for own in said {
        terms.push(match own {
            None => Term::Number {
                low: 0.0,
                high: 0.0,
                shift: 0.0,
                slope: nothing(),
                square: Vec::new(),
                missing: nothing(),
            },
            Some(Said::Levels { by_level }) => {
                let level = |own: &Option<Vec<f64>>| own.clone().map_or_else(nothing, joined);
                Term::Levels { values: by_level.iter().flat_map(level).collect(), missing: nothing() }
            }
            Some(Said::Line { low, high, by_class }) => {
                let constant = joined(by_class.iter().map(|c| c.0).collect());
                intercept.iter_mut().zip(&constant).for_each(|(sum, c)| *sum += c);
                Term::Number {
                    low: *low,
                    high: *high,
                    shift: 0.0,
                    slope: joined(by_class.iter().map(|c| c.1).collect()),
                    square: Vec::new(),
                    missing: constant.iter().map(|c| 0.0 - c).collect(),
                }
            }
            Some(Said::Normal { low, high, shift, variance, by_class }) => {
                let of = |own: &Option<(f64, f64)>| {
                    let (mean, variance) = own.unwrap_or((0.0, *variance));
                    let variance = (variance + smoothing).max(f64::MIN_POSITIVE);
                    let constant = -0.5 * (LOG_TAU + libm::log(variance) + mean * mean / variance);
                    [constant, mean / variance, -0.5 / variance].map(|x| x.clamp(-MOST, MOST))
                };
                let all: Vec<[f64; 3]> = by_class.iter().map(of).collect();
                let of = |at: usize| joined(all.iter().map(|own| own[at]).collect());
                let constant = of(0);
                intercept.iter_mut().zip(&constant).for_each(|(sum, c)| *sum += c);
                let missing = constant.iter().map(|c| 0.0 - c).collect();
                Term::Number { low: *low, high: *high, shift: *shift, slope: of(1), square: of(2), missing }
            }
        });
    }
    let link = if outputs > 1 { Link::Softmax } else { Link::Logistic };
    let (means, fit) = (Vec::new(), FitStatistics { dispersion: 1.0, ..FitStatistics::default() });
    Additive { outputs: outputs as u32, intercept, terms, means, link, coefficients: Vec::new(), fit }
}

/// Sums over rows by class and slot; `of` gives the slot and number of a row.
fn by_class(
    codes: &[u32],
    classes: usize,
    of: &(dyn Fn(usize) -> Option<(usize, f64)> + Sync),
    slots: usize,
    control: &Control,
) -> Result<Vec<f64>> {
    let part = |(c, part): (usize, &[u32])| {
        control.check()?;
        let mut sums = vec![0.0; classes * slots];
        for (i, &class) in part.iter().enumerate() {
            if let Some((slot, value)) = of(c * CHUNK + i) {
                sums[class as usize * slots + slot] += value;
            }
        }
        Ok(sums)
    };
    let parts: Result<Vec<Vec<f64>>> = codes.par_chunks(CHUNK).enumerate().map(part).collect();
    let mut total = vec![0.0; classes * slots];
    parts?.iter().for_each(|part| total.iter_mut().zip(part).for_each(|(t, p)| *t += p));
    Ok(total)
}

type Classes<'a> = (&'a [u32], usize);

/// Shares of levels.
fn levels(
    column: &[f64],
    count: usize,
    (codes, classes): Classes<'_>,
    weight: &(impl Fn(usize) -> f64 + Sync),
    params: &BayesParams,
    control: &Control,
) -> Result<Said> {
    let level = |row: usize| (!column[row].is_nan()).then(|| (column[row].max(0.0) as usize).min(count));
    let sums = by_class(codes, classes, &|row| Some((level(row)?, weight(row))), count + 1, control)?;
    let mut rows = vec![0u64; count + 1];
    (0..column.len()).filter_map(level).for_each(|level| rows[level] += 1);
    let there = |l: usize| rows[l] >= params.min_group && (0..classes).any(|k| sums[k * (count + 1) + l] > 0.0);
    let seen: Vec<bool> = (0..=count).map(there).collect();
    let known = seen.iter().filter(|seen| **seen).count() as f64;
    let own = |l: usize| -> Vec<f64> {
        let share = |k: usize| {
            let of_class = &sums[k * (count + 1)..][..count + 1];
            let all: f64 = of_class.iter().sum();
            logarithm(of_class[l] + params.alpha, all + params.alpha * known)
        };
        (0..classes).map(share).collect()
    };
    Ok(Said::Levels { by_level: (0..=count).map(|l| seen[l].then(|| own(l))).collect() })
}

/// The logarithm of a share; of nothing that of next to nothing.
fn logarithm(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        libm::log((part / whole).max(1e-10))
    } else {
        0.0
    }
}

/// Means and variances.
fn normal(
    column: &[f64],
    (codes, classes): Classes<'_>,
    weight: &(impl Fn(usize) -> f64 + Sync),
    least: u64,
    control: &Control,
) -> Result<Said> {
    let (low, high) = finite_ends(column, least);
    let value = |row: usize| {
        let x = column[row];
        let x = if x.is_infinite() { x.clamp(low, high) } else { x }.clamp(-LARGEST, LARGEST);
        (!x.is_nan()).then_some(x)
    };
    let totals = by_class(codes, classes, &|row| value(row).map(|_| (0, weight(row))), 1, control)?;
    let sums = by_class(codes, classes, &|row| Some((0, weight(row) * value(row)?)), 1, control)?;
    let mean = |k: usize| if totals[k] > 0.0 { sums[k] / totals[k] } else { 0.0 };
    let means: Vec<f64> = (0..classes).map(mean).collect();
    let apart = |row: usize| Some(value(row)? - means[codes[row] as usize]);
    let squares = by_class(codes, classes, &|row| Some((0, weight(row) * apart(row)? * apart(row)?)), 1, control)?;
    let whole: f64 = totals.iter().sum();
    let shift = if whole > 0.0 { sums.iter().sum::<f64>() / whole } else { 0.0 };
    // The variance of all rows is that within classes and that between them.
    let both = |k: usize| squares[k] + totals[k] * (means[k] - shift) * (means[k] - shift);
    let variance = if whole > 0.0 { (0..classes).map(both).sum::<f64>() / whole } else { 0.0 };
    let rows = by_class(codes, classes, &|row| value(row).map(|_| (0, 1.0)), 1, control)?;
    let own =
        |k: usize| (totals[k] > 0.0 && rows[k] as u64 >= least).then(|| (means[k] - shift, squares[k] / totals[k]));
    Ok(Said::Normal { low, high, shift, variance, by_class: (0..classes).map(own).collect() })
}

/// Shares of truth values.
fn bernoulli(
    name: &str,
    column: &[f64],
    (codes, classes): Classes<'_>,
    weight: &(impl Fn(usize) -> f64 + Sync),
    params: &BayesParams,
    control: &Control,
) -> Result<Said> {
    if column.iter().any(|x| !x.is_nan() && *x != 0.0 && *x != 1.0) {
        return Err(Error::data(
            format!("column \"{name}\" has numbers other than 0 and 1, which \"distribution\": \"bernoulli\" is for"),
            "Compare it with a limit in the source, or leave \"distribution\" out.",
        ));
    }
    let slot = |row: usize| (!column[row].is_nan()).then(|| (usize::from(column[row] > 0.5), weight(row)));
    let sums = by_class(codes, classes, &slot, 2, control)?;
    let own = |k: usize| {
        let (no, yes) = (sums[k * 2], sums[k * 2 + 1]);
        let whole = no + yes + 2.0 * params.alpha;
        let (no, yes) = (logarithm(no + params.alpha, whole), logarithm(yes + params.alpha, whole));
        (no, yes - no)
    };
    Ok(Said::Line { low: 0.0, high: 1.0, by_class: (0..classes).map(own).collect() })
}

/// Shares of several features of one sum.
fn multinomial(
    rows: Rows<'_>,
    own: &[usize],
    (codes, classes): Classes<'_>,
    weight: &(impl Fn(usize) -> f64 + Sync),
    params: &BayesParams,
    control: &Control,
) -> Result<Vec<(usize, Said)>> {
    let mut sums = Vec::with_capacity(own.len());
    for &at in own {
        let column = &rows.columns[at];
        if column.iter().any(|x| *x < 0.0 || x.is_infinite()) {
            return Err(Error::data(
                format!(
                    "column \"{}\" has numbers that are negative or infinite, which are no counts",
                    rows.features[at].name
                ),
                "Leave it out, or leave \"distribution\" out.",
            ));
        }
        let value = |row: usize| Some((0, weight(row) * column[row])).filter(|v| !v.1.is_nan());
        sums.push(by_class(codes, classes, &value, 1, control)?);
    }
    let whole: Vec<f64> = (0..classes).map(|k| sums.iter().map(|s| s[k] + params.alpha).sum()).collect();
    let of = |(&at, sums): (&usize, &Vec<f64>)| {
        let (low, high) = finite_ends(&rows.columns[at], params.min_group);
        let line = |k: usize| (0.0, logarithm(sums[k] + params.alpha, whole[k]));
        (at, Said::Line { low, high, by_class: (0..classes).map(line).collect() })
    };
    Ok(own.iter().zip(&sums).map(of).collect())
}

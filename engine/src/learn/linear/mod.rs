//! Linear models: least squares, ridge, lasso and elastic net, logistic regression and generalized linear models.
//!
//! What is made small is the sum of the losses of rows (half the squared error, the log loss, half the deviance of a family) and a penalty of the
//! coefficients of scaled columns, never of the intercept. Newton's method with expected second derivatives (iteratively reweighted least squares) goes
//! there in a few passes; with a penalty on absolute values each step is found by coordinate descent; where coefficients are very many, L-BFGS goes by
//! slopes alone.
//!
//! linfa-logistic and linfa-elasticnet were read first: they take neither weights nor offsets, hold each level of a category as a dense column, tell no standard
//! errors of log-odds (and intervals of 1.645 standard errors as those of 95 %), and multiply with kernels that are chosen at run time, so that bytes would
//! depend on the processor.

mod absolute;
mod body;
mod choose;
mod design;
mod family;
mod logistic;
mod many;
mod pass;
pub(super) mod solve;

pub use family::Family;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::options::Algorithm;
use crate::learn::Target;
use crate::model::{Additive, Feature};

use absolute::Quadratic;
use design::Design;
use pass::{Depth, Problem, Sums};
use solve::Factor;

/// The most coefficients of which a square is made.
pub const MOST_SQUARE: usize = 2048;
/// Products of a pass over rows beyond which several classes go by slopes alone.
const MOST_PRODUCTS: f64 = 1e11;
/// Halvings of a step that does not lower what is made small.
const HALVINGS: u32 = 30;
/// Rows from which on a part of them is gone to first, and the part.
const MANY_ROWS: usize = 100_000;
const PART: usize = 16;
/// A step as small as this ends that: all rows say something else by about as much.
const NEAR: f64 = 1e-3;
/// The score of a class that training rows are never of.
const NEVER: f64 = -50.0;

/// How coefficients are found. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearParams {
    /// The penalty; `None` to find the one with the least error in five folds.
    pub alpha: Option<f64>,
    /// Whether the penalty is for a row, and not for all of them.
    pub per_row: bool,
    /// The share of the penalty that is on absolute values.
    pub l1_ratio: f64,
    /// The most steps.
    pub max_iter: u32,
    /// How near a step must come to no step at all, in units of scaled coefficients.
    pub tol: f64,
    /// The fewest training rows of a level that is not pooled with the rare ones.
    pub min_category_rows: u64,
    /// The fewest training rows that a level, a missing value or an end of a number stands for, for the sake of privacy.
    pub min_group: u64,
    /// The variance power of the objective tweedie.
    pub power: f64,
}

impl Default for LinearParams {
    fn default() -> Self {
        LinearParams {
            alpha: Some(0.0),
            per_row: false,
            l1_ratio: 0.0,
            max_iter: 100,
            tol: 1e-8,
            min_category_rows: 10,
            min_group: 1,
            power: 1.5,
        }
    }
}

impl LinearParams {
    /// The defaults of an algorithm.
    pub fn of(algorithm: Algorithm) -> LinearParams {
        let usual = LinearParams::default();
        match algorithm {
            Algorithm::LogisticRegression | Algorithm::Glm | Algorithm::Ridge => {
                LinearParams { alpha: Some(1.0), ..usual }
            }
            Algorithm::ElasticNet => LinearParams { alpha: None, per_row: true, l1_ratio: 0.5, ..usual },
            Algorithm::Lasso => LinearParams { alpha: None, per_row: true, l1_ratio: 1.0, ..usual },
            _ => usual,
        }
    }
}

/// The rows to learn from, in canonical order.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// What the columns are.
    pub features: &'a [Feature],
    /// The columns as scoring takes them, a number a row.
    pub columns: &'a [Vec<f64>],
    /// What is to be predicted.
    pub target: &'a Target,
    /// The weight of each row.
    pub weight: Option<&'a [f64]>,
    /// What is added to each row's score.
    pub offset: Option<&'a [f64]>,
}

/// What was found.
#[derive(Debug)]
pub struct LinearFit {
    /// The model.
    pub body: Additive,
    /// Features that say nothing beyond those before them.
    pub aliased: Vec<usize>,
    /// Whether the coefficients were found to the tolerance asked for.
    pub converged: bool,
    /// The penalty that was found, if it was to be.
    pub alpha: Option<f64>,
}

/// Coefficients of scaled columns.
struct Solution {
    coefficients: Vec<f64>,
    /// The factor of the second derivatives; none where they were not taken.
    factor: Option<Factor>,
    loss: f64,
    /// That of the intercept alone.
    null_loss: f64,
    iterations: u32,
    converged: bool,
}

/// Find the coefficients of a family. `class_weight` weighs rows by their class; probabilities are corrected for it.
///
/// Fails with [`Error::InvalidData`] for a target that the family cannot have, with [`Error::OutOfMemory`] when the budget does not hold the rows as
/// numbers and the square of the coefficients, and when cancelled.
pub fn fit(
    rows: Rows<'_>,
    family: Family,
    params: &LinearParams,
    class_weight: Option<&[f64]>,
    control: &Control,
) -> Result<LinearFit> {
    let before = control.used();
    let fit = fit_counted(rows, family, params, class_weight, control);
    control.release(control.used().saturating_sub(before));
    fit
}

fn fit_counted(
    rows: Rows<'_>,
    family: Family,
    params: &LinearParams,
    class_weight: Option<&[f64]>,
    control: &Control,
) -> Result<LinearFit> {
    let count = rows.target.len();
    let mut weight: Option<Vec<f64>> = rows.weight.map(<[f64]>::to_vec);
    control.reserve(count * 16)?;
    if let (Some(by_class), Target::Class { codes, .. }) = (class_weight, rows.target) {
        let own = weight.get_or_insert_with(|| vec![1.0; count]);
        own.iter_mut().zip(codes).for_each(|(w, &class)| *w *= by_class[class as usize]);
    }
    let (target, classes): (Vec<f64>, Vec<u32>) = match rows.target {
        Target::Number(values) => {
            family.check(values)?;
            (values.clone(), Vec::new())
        }
        // Of two classes the second has a score; of more those that there are have one each.
        Target::Class { codes, classes } => {
            let mut seen = vec![false; *classes];
            let weighed = |row: usize| weight.as_ref().is_none_or(|w| w[row] > 0.0);
            codes.iter().enumerate().filter(|(row, _)| weighed(*row)).for_each(|(_, &c)| seen[c as usize] = true);
            let present: Vec<u32> = (0..*classes as u32).filter(|c| seen[*c as usize] || *classes <= 2).collect();
            let place = |c: &u32| present.binary_search(c).unwrap_or(0) as f64;
            (codes.iter().map(place).collect(), present)
        }
    };
    let outputs = match rows.target {
        Target::Class { classes, .. } if *classes > 2 => classes.to_owned(),
        _ => 1,
    };
    let scored = if outputs > 1 { classes.len() } else { 1 };
    let penalized = params.alpha != Some(0.0);
    let design = Design::new(rows.features, rows.columns, weight.as_deref(), penalized, params.min_group, control)?;
    let family = match family {
        Family::Binomial if outputs > 1 => Family::Multinomial,
        family => family,
    };
    let problem = Problem {
        design: &design,
        family,
        outputs: scored,
        target: &target,
        weight: weight.as_deref(),
        offset: rows.offset,
    };
    let whole = weight.as_ref().map_or(count as f64, |w| w.iter().sum());
    let start = start(&problem, whole, control)?;
    // One class only, or nothing to learn from: the intercept is all there is.
    let constant = design.dimensions == 1 && rows.offset.is_none() && family != Family::Gaussian;
    let lone = matches!(family, Family::Binomial | Family::Multinomial) && {
        let first = target.first().copied().unwrap_or(0.0);
        let weighed = |row: usize| weight.as_ref().is_none_or(|w| w[row] > 0.0);
        target.iter().enumerate().all(|(row, t)| *t == first || !weighed(row)) || scored < 2 && outputs > 1
    };
    let found = params.alpha.is_none().then(|| choose::alpha(&problem, params, &start, control)).transpose()?;
    let strength = found.or(params.alpha).unwrap_or(0.0) * if params.per_row { whole } else { 1.0 };
    let solution = if lone || constant && strength == 0.0 && family.is_canonical() {
        let loss = problem.pass(&start, 0..count, Depth::Slope, control)?.loss;
        Solution { coefficients: start, factor: None, loss, null_loss: loss, iterations: 1, converged: true }
    } else {
        solve(&problem, start, (strength, params.l1_ratio), params, control)?
    };
    let known = body::Known {
        strength: found.or(params.alpha).unwrap_or(0.0),
        l1_ratio: params.l1_ratio,
        class_weight,
        outputs,
        classes: &classes,
        rows,
    };
    let (body, aliased) = body::additive(&problem, &solution, &known, control)?;
    let converged = solution.converged;
    let aliased = if converged { aliased } else { Vec::new() };
    design.release(control);
    Ok(LinearFit { body, aliased, converged, alpha: found })
}

/// Coefficients of which only intercepts are not 0: those of the mean target.
fn start(problem: &Problem<'_>, whole: f64, control: &Control) -> Result<Vec<f64>> {
    let mut coefficients = vec![0.0; problem.size()];
    let (dimensions, rows) = (problem.design.dimensions, problem.design.rows);
    let weight = |row: usize| problem.weight.map_or(1.0, |w| w[row]);
    let mean = |of: &(dyn Fn(usize) -> f64 + Sync)| {
        Ok::<f64, Error>(crate::learn::sum::sum(0..rows, control, |row| weight(row) * of(row))? / whole)
    };
    match problem.family {
        Family::Multinomial => {
            for k in 0..problem.outputs {
                let share = mean(&|row| f64::from(u8::from(problem.target[row] as usize == k)))?;
                coefficients[k * dimensions] = libm::log(share.max(1e-12));
            }
        }
        Family::Tweedie(_) if problem.offset.is_some() => {
            let offset = |row: usize| problem.offset.map_or(0.0, |o| o[row]);
            let most = (0..rows).map(offset).fold(f64::MIN, f64::max);
            let exposed = mean(&|row| libm::exp(offset(row) - most))?;
            let target = mean(&|row| problem.target[row])?;
            coefficients[0] = libm::log(target.max(1e-300)) - libm::log(exposed.max(1e-300)) - most;
        }
        family => coefficients[0] = family.score_of(mean(&|row| problem.target[row])?),
    }
    Ok(coefficients)
}

/// Go from `start` to the coefficients with the least loss and penalty.
fn solve(
    problem: &Problem<'_>,
    start: Vec<f64>,
    (strength, l1_ratio): (f64, f64),
    params: &LinearParams,
    control: &Control,
) -> Result<Solution> {
    let (size, dimensions) = (problem.size(), problem.design.dimensions);
    let by = |share: f64| -> Vec<f64> {
        let of = |i: usize| if i.is_multiple_of(dimensions) { 0.0 } else { strength * share };
        (0..size).map(of).collect()
    };
    let (absolute, square) = (by(l1_ratio), by(1.0 - l1_ratio));
    let lean = strength * l1_ratio > 0.0;
    let filled = (problem.design.width + problem.design.categories) as f64 * problem.outputs as f64;
    let heavy = problem.outputs > 1 && filled * filled * problem.design.rows as f64 > MOST_PRODUCTS;
    if size > MOST_SQUARE && lean {
        return Err(Error::data(
            format!("{size} coefficients are too many for a penalty on absolute values, which takes {MOST_SQUARE}"),
            "Pool rare levels with a larger \"min_category_rows\", leave columns out, or give \"l1_ratio\": 0.",
        ));
    }
    let mut x = start;
    if size > MOST_SQUARE || heavy && !lean {
        let many::Found { loss, null_loss, passes, converged } =
            many::descend(problem, &mut x, &square, params.max_iter, params.tol, control)?;
        return Ok(Solution { coefficients: x, factor: None, loss, null_loss, iterations: passes, converged });
    }
    // The second derivatives, their factor, and a copy of both while steps are taken.
    control.reserve(problem.curve_bytes().saturating_mul(2))?;
    let rows = problem.design.rows;
    let penalties = (absolute.as_slice(), square.as_slice());
    let goes_on = problem.outputs == 1 && problem.family != Family::Gaussian;
    let (first, null_loss) = match goes_on && rows >= MANY_ROWS {
        true => {
            let null_loss = problem.lone_loss(x[0], control)?;
            // Rows are in the order of a hash, so the first are drawn fairly: what they say is near what all say, and takes a part of the time.
            let few = rows / PART;
            let less = |all: &[f64]| all.iter().map(|p| p / PART as f64).collect::<Vec<f64>>();
            let (fewer, lesser) = (less(&absolute), less(&square));
            let near = newton(problem, x.clone(), 0..few, (&fewer, &lesser), (NEAR, params.max_iter), control)?;
            (if near.converged && near.x.iter().all(|v| v.is_finite()) { near.x } else { x }, Some(null_loss))
        }
        false => (x, None),
    };
    let found = newton(problem, first, 0..rows, penalties, (params.tol, params.max_iter), control)?;
    let converged = found.converged || found.stands && strength > 0.0;
    let factor = (!lean).then_some(found.factor);
    Ok(Solution {
        coefficients: found.x,
        factor,
        loss: found.loss,
        null_loss: null_loss.unwrap_or(found.first_loss),
        iterations: found.passes,
        converged,
    })
}

/// What Newton's method found.
struct Walk {
    x: Vec<f64>,
    factor: Factor,
    loss: f64,
    /// That of the start.
    first_loss: f64,
    passes: u32,
    /// Whether the last step was small enough.
    converged: bool,
    /// Whether it got nowhere any more.
    stands: bool,
}

/// Go from `x` to where some rows' loss and the penalties are least, in at most so many passes, until steps are as small as `tol`.
fn newton(
    problem: &Problem<'_>,
    mut x: Vec<f64>,
    rows: std::ops::Range<usize>,
    (absolute, square): (&[f64], &[f64]),
    (tol, max_iter): (f64, u32),
    control: &Control,
) -> Result<Walk> {
    let lean = absolute.iter().any(|p| *p > 0.0);
    let value = |x: &[f64], sums: &Sums| sums.loss + Quadratic::penalty(x, absolute, square);
    let mut sums = problem.pass(&x, rows.clone(), Depth::Curve, control)?;
    let first_loss = sums.loss;
    let (mut passes, mut converged, mut stands, mut aliased) = (1, false, false, None);
    let mut factor;
    loop {
        control.check()?;
        factor = Factor::new(&sums.curve, square, control)?;
        // What had something to say at first and has no more is beyond all limits.
        if *aliased.get_or_insert_with(|| factor.aliased.clone()) != factor.aliased {
            break;
        }
        let mut step: Vec<f64> = if lean {
            let quadratic = Quadratic { matrix: &sums.curve, side: &side(&sums, &x), absolute, square };
            let mut next = x.clone();
            quadratic.descend(&mut next, tol * 1e-3, control)?;
            next.iter().zip(&x).map(|(a, b)| b - a).collect()
        } else {
            let mut step: Vec<f64> = sums.slope.iter().zip(&x).zip(square).map(|((g, x), s)| g + s * x).collect();
            factor.solve(&mut step);
            step
        };
        let far = step.iter().zip(&x).map(|(s, x)| s.abs() / x.abs().max(1.0)).fold(0.0, f64::max);
        // A step of Newton's method leaves the square of itself, others a part.
        let enough = if problem.family.is_canonical() { tol.sqrt().min(1e-6).max(tol) } else { tol };
        let last = far <= enough;
        if passes >= max_iter && !last {
            break;
        }
        let now = value(&x, &sums);
        let mut halvings = 0;
        loop {
            let next: Vec<f64> = x.iter().zip(&step).map(|(x, s)| x - s).collect();
            let depth = if last { Depth::Slope } else { Depth::Curve };
            let found = problem.pass(&next, rows.clone(), depth, control)?;
            passes += 1;
            let there = value(&next, &found);
            if there.is_finite() && there <= now + now.abs() * 1e-12 {
                x = next;
                // The second derivatives are those of one small step before.
                let curve = if last { std::mem::take(&mut sums.curve) } else { Vec::new() };
                sums = if last { Sums { curve, ..found } } else { found };
                converged = last;
                break;
            }
            halvings += 1;
            if halvings > HALVINGS {
                converged = last;
                break;
            }
            step.iter_mut().for_each(|s| *s *= 0.5);
        }
        if last || halvings > HALVINGS {
            break;
        }
        // What has no end gets nowhere any more. With a penalty it is there, as near as rounding lets it.
        if now - value(&x, &sums) <= now.abs() * 1e-13 && passes > 12 {
            stands = true;
            break;
        }
    }
    Ok(Walk { x, factor, loss: sums.loss, first_loss, passes, converged, stands })
}

/// The slope of the quadratic around `x`, at 0.
fn side(sums: &Sums, x: &[f64]) -> Vec<f64> {
    let size = x.len();
    let mut side = sums.slope.clone();
    for (j, value) in x.iter().enumerate().filter(|(_, value)| **value != 0.0) {
        side.iter_mut().zip(&sums.curve[j * size..][..size]).for_each(|(s, m)| *s -= m * value);
    }
    side
}

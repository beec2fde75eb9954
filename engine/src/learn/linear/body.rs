//! From coefficients of scaled columns to a model: what each feature says in its own units, and coefficients with their standard errors.

use super::design::{Design, Entry, NONE};
use super::family::Family;
use super::pass::Problem;
use super::solve::Factor;
use super::{Rows, Solution, NEVER};
use crate::control::Control;
use crate::error::Result;
use crate::learn::means::means;
use crate::learn::sum::sums;
use crate::model::additive::Part;
use crate::model::{Additive, Coefficient, FitStatistics, Term};

/// What is known beside the solution.
pub(super) struct Known<'a> {
    pub strength: f64,
    pub l1_ratio: f64,
    pub class_weight: Option<&'a [f64]>,
    /// The outputs of the model.
    pub outputs: usize,
    /// The classes that training saw, each with a score, where there are more than two.
    pub classes: &'a [u32],
    pub rows: Rows<'a>,
}

/// A sum of scaled coefficients: places and what they are multiplied by.
type Mix = Vec<(usize, f64)>;

/// The model, and the features that say nothing beyond those before them.
pub(super) fn additive(
    problem: &Problem<'_>,
    solution: &Solution,
    known: &Known<'_>,
    control: &Control,
) -> Result<(Additive, Vec<usize>)> {
    let (design, outputs) = (problem.design, known.outputs);
    let of_output = |output: usize| -> Option<&[f64]> {
        let scored = match problem.outputs {
            1 => Some(0),
            _ => known.classes.binary_search(&(output as u32)).ok(),
        };
        scored.map(|k| &solution.coefficients[k * design.dimensions..][..design.dimensions])
    };
    let (intercept, terms) = terms(design, outputs, &of_output, known.class_weight);
    let (degrees, dispersion) = dispersion(problem, solution, control)?;
    let coefficients = coefficients(problem, solution, known, dispersion, control)?;
    let [least, weight] = sums(0..design.rows, control, |part| {
        let mut out = [0.0; 2];
        for row in part {
            let w = problem.weight.map_or(1.0, |w| w[row]);
            out[0] += w * problem.family.least(problem.target[row]);
            out[1] += w;
        }
        out
    })?;
    let deviance = |loss: f64| if weight > 0.0 { 2.0 * (loss - least) } else { 0.0 };
    let fit = FitStatistics {
        degrees,
        dispersion,
        deviance: finite(deviance(solution.loss)),
        null_deviance: finite(deviance(solution.null_loss)),
        alpha: known.strength,
        l1_ratio: known.l1_ratio,
        iterations: solution.iterations,
    };
    let mut body = Additive {
        outputs: outputs as u32,
        intercept,
        terms,
        means: Vec::new(),
        link: problem.family.link(),
        coefficients,
        fit,
    };
    body.means = means(&body, known.rows.columns, problem.weight, control)?;
    Ok((body, aliased(design, solution)))
}

fn finite(x: f64) -> f64 {
    if x.is_nan() {
        0.0
    } else {
        x.clamp(f64::MIN, f64::MAX)
    }
}

/// Intercepts, and what each feature says.
fn terms<'a>(
    design: &Design,
    outputs: usize,
    of_output: &impl Fn(usize) -> Option<&'a [f64]>,
    class_weight: Option<&[f64]>,
) -> (Vec<f64>, Vec<Term>) {
    // Weights of classes shift what every row has by their logarithm.
    let shift = |output: usize| match class_weight {
        Some(by_class) if outputs > 1 => libm::log(by_class[output]),
        Some(&[first, second]) => libm::log(second) - libm::log(first),
        _ => 0.0,
    };
    let mut intercept: Vec<f64> =
        (0..outputs).map(|output| of_output(output).map_or(NEVER, |own| own[0]) - shift(output)).collect();
    let mut terms = Vec::with_capacity(design.entries.len());
    for entry in &design.entries {
        let own = |output: usize, dimension: u32| match of_output(output) {
            Some(own) if dimension != NONE => own[dimension as usize],
            _ => 0.0,
        };
        let all = |dimension: u32| -> Vec<f64> { (0..outputs).map(|output| own(output, dimension)).collect() };
        terms.push(match entry {
            Entry::Number { dimension, missing, shift, deviation, low, high } => {
                let slope: Vec<f64> = match *dimension {
                    NONE => vec![0.0; outputs],
                    _ => all(*dimension).into_iter().map(|slope| finite(slope / deviation)).collect(),
                };
                let mut said = all(*missing);
                for (output, slope) in slope.iter().enumerate() {
                    // What a number says is told from 0, what a missing one says from the mean.
                    intercept[output] = finite(intercept[output] - slope * shift);
                    said[output] = finite(said[output] + slope * shift);
                }
                Term::Number { low: *low, high: *high, shift: 0.0, slope, square: Vec::new(), missing: said }
            }
            Entry::Levels { dimensions, missing, weights, .. } => {
                let seen = |at: usize| weights[at] > 0.0;
                let dimension = |at: usize| dimensions.get(at).copied().unwrap_or(*missing);
                let whole: f64 = weights.iter().sum();
                // What training did not see is taken as the mean of what it saw.
                let usual: Vec<f64> = (0..outputs)
                    .map(|output| {
                        let said = weights.iter().enumerate().map(|(at, w)| w * own(output, dimension(at)));
                        if whole > 0.0 {
                            said.sum::<f64>() / whole
                        } else {
                            0.0
                        }
                    })
                    .collect();
                let said = |at: usize| if seen(at) { all(dimension(at)) } else { usual.clone() };
                Term::Levels { values: (0..dimensions.len()).flat_map(said).collect(), missing: said(dimensions.len()) }
            }
        });
    }
    (intercept, terms)
}

/// Degrees of freedom and the dispersion: Pearson's, of the rows that count.
fn dispersion(problem: &Problem<'_>, solution: &Solution, control: &Control) -> Result<(f64, f64)> {
    if problem.family.has_known_dispersion() {
        return Ok((0.0, 1.0));
    }
    let free = match &solution.factor {
        Some(factor) => factor.aliased.iter().filter(|aliased| !**aliased).count(),
        None => solution.coefficients.iter().filter(|x| **x != 0.0).count(),
    };
    let [squares, rows] = sums(0..problem.design.rows, control, |part| {
        let (mut out, mut score) = ([0.0; 2], [0.0]);
        for row in part {
            let w = problem.weight.map_or(1.0, |w| w[row]);
            problem.scores(&solution.coefficients, row, &mut score);
            let mean = match problem.family {
                Family::Tweedie(_) => libm::exp(score[0]),
                _ => score[0],
            };
            let apart = problem.target[row] - mean;
            out[0] += w * apart * apart / problem.family.variance(score[0]);
            out[1] += f64::from(u8::from(w > 0.0));
        }
        out
    })?;
    let degrees = (rows - free as f64).max(0.0);
    Ok((degrees, if degrees > 0.0 { finite(squares / degrees) } else { 0.0 }))
}

/// Features all of whose dimensions are left out.
fn aliased(design: &Design, solution: &Solution) -> Vec<usize> {
    let Some(factor) = &solution.factor else { return Vec::new() };
    // Of several outputs the last ones have nothing to say where there is no penalty.
    let out = |dimension: u32| dimension != NONE && factor.aliased.get(dimension as usize) == Some(&true);
    let gone = |entry: &Entry| match entry {
        Entry::Number { dimension, .. } => out(*dimension),
        Entry::Levels { dimensions, .. } => {
            let own = || dimensions.iter().filter(|d| **d != NONE);
            own().count() > 0 && own().all(|d| out(*d))
        }
    };
    design.entries.iter().enumerate().filter(|(_, entry)| gone(entry)).map(|(at, _)| at).collect()
}

/// The coefficients as they are read, output by output: the intercept is the score of a row whose numbers are 0 and whose levels are the references.
fn coefficients(
    problem: &Problem<'_>,
    solution: &Solution,
    known: &Known<'_>,
    dispersion: f64,
    control: &Control,
) -> Result<Vec<Coefficient>> {
    let (design, mut all) = (problem.design, Vec::new());
    for scored in 0..problem.outputs {
        let output = if problem.outputs == 1 { 0 } else { known.classes[scored] };
        let first = scored * design.dimensions;
        let at = |dimension: u32, factor: f64| -> Mix {
            if dimension == NONE {
                Vec::new()
            } else {
                vec![(first + dimension as usize, factor)]
            }
        };
        let mut intercept: Mix = vec![(first, 1.0)];
        let mut read: Vec<(u32, Part, Mix)> = Vec::new();
        for (feature, entry) in design.entries.iter().enumerate() {
            let feature = feature as u32;
            match entry {
                Entry::Number { dimension, missing, shift, deviation, .. } => {
                    if *dimension != NONE {
                        intercept.extend(at(*dimension, -shift / deviation));
                        read.push((feature, Part::Whole, at(*dimension, 1.0 / deviation)));
                    } else {
                        read.push((feature, Part::Whole, Vec::new()));
                    }
                    if *missing != NONE {
                        read.push((feature, Part::Missing, at(*missing, 1.0)));
                    }
                }
                Entry::Levels { dimensions, missing, reference, weights } => {
                    let dimension = |level: usize| dimensions.get(level).copied().unwrap_or(*missing);
                    intercept.extend(at(dimension(*reference), 1.0));
                    for level in (0..weights.len()).filter(|level| weights[*level] > 0.0) {
                        let is_missing = level == dimensions.len();
                        let part = match (level == *reference, is_missing) {
                            (true, true) => Part::MissingReference,
                            (true, false) => Part::Reference(level as u32),
                            (false, true) => Part::Missing,
                            (false, false) => Part::Level(level as u32),
                        };
                        let mut mix = Vec::new();
                        if level != *reference {
                            mix.extend(at(dimension(level), 1.0));
                            mix.extend(at(dimension(*reference), -1.0));
                        }
                        read.push((feature, part, mix));
                    }
                }
            }
        }
        read.insert(0, (Coefficient::INTERCEPT, Part::Whole, intercept));
        for (feature, of, mix) in read {
            control.check()?;
            let value = mix.iter().map(|(at, factor)| solution.coefficients[*at] * factor).sum::<f64>();
            let std_error = std_error(solution.factor.as_ref(), &mix, dispersion, solution.coefficients.len());
            all.push(Coefficient { feature, of, output, value: finite(value), std_error });
        }
    }
    Ok(all)
}

/// The standard error of a sum of coefficients; none where it is not known.
fn std_error(factor: Option<&Factor>, mix: &Mix, dispersion: f64, size: usize) -> Option<f64> {
    let factor = factor?;
    if mix.is_empty() || mix.iter().all(|(at, _)| factor.aliased[*at]) {
        return None;
    }
    let mut side = vec![0.0; size];
    mix.iter().for_each(|(at, by)| side[*at] += by);
    factor.half(&mut side);
    let error = (dispersion * side.iter().map(|x| x * x).sum::<f64>()).sqrt();
    Some(error).filter(|e| e.is_finite())
}

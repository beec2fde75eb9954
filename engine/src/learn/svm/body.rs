//! From what machines came to to a model.

use super::curve::Line;
use super::newton::Numbers;
use super::{Learned, Rows, SvmParams};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::kmeans::width;
use crate::learn::Target;
use crate::model::additive::Part;
use crate::model::{Additive, Axis, Coefficient, FitStatistics, Link, Machine, Term};

fn link(target: &Target) -> Link {
    match target {
        Target::Class { classes, .. } if *classes > 2 => Link::Softmax,
        Target::Class { .. } => Link::Logistic,
        Target::Number(_) => Link::Identity,
    }
}

/// What a machine says after its line: what each of its parts is multiplied by, and the intercept.
fn intercepts(full: &[&Learned], lines: &[Line]) -> Vec<f64> {
    full.iter().zip(lines).map(|(own, line)| line.slope * own.intercept + line.intercept).collect()
}

/// A model of points, of those that say something.
pub(super) fn machine(
    rows: &Rows<'_>,
    target: &Target,
    gamma: f64,
    points: &[f64],
    full: &[&Learned],
    lines: &[Line],
    control: &Control,
) -> Result<Machine> {
    let said = |p: usize| full.iter().zip(lines).map(move |(own, line)| line.slope * own.weights[p]);
    let count = full.first().map_or(0, |own| own.weights.len());
    let (points, weights) = kept(rows, points, count, &said, control)?;
    let outputs = full.len() as u32;
    let intercept = intercepts(full, lines);
    let dimensions = rows.dimensions as u32;
    let link = link(target);
    Ok(Machine { axes: rows.axes.to_vec(), dimensions, gamma, points, outputs, weights, intercept, link })
}

/// A model of how like the training rows a row is.
pub(super) fn like(rows: &Rows<'_>, gamma: f64, points: &[f64], said: &[f64], control: &Control) -> Result<Machine> {
    let (points, weights) = kept(rows, points, said.len(), &|p| std::iter::once(said[p]), control)?;
    let dimensions = rows.dimensions as u32;
    let (outputs, intercept, link) = (1, vec![0.0], Link::Identity);
    Ok(Machine { axes: rows.axes.to_vec(), dimensions, gamma, points, outputs, weights, intercept, link })
}

/// The points that say something, and what they say. The model keeps them, so their memory is counted.
fn kept<I: Iterator<Item = f64>>(
    rows: &Rows<'_>,
    points: &[f64],
    count: usize,
    said: &impl Fn(usize) -> I,
    control: &Control,
) -> Result<(Vec<f64>, Vec<f64>)> {
    let d = rows.dimensions;
    let speaks = |p: &usize| said(*p).any(|w| w != 0.0);
    let number = (0..count).filter(speaks).count();
    let outputs = said(0).size_hint().0.max(1);
    let (mut own, mut weights) = (control.vec(number.saturating_mul(d))?, control.vec(number.saturating_mul(outputs))?);
    for p in (0..count).filter(speaks) {
        own.extend_from_slice(&points[p * d..(p + 1) * d]);
        weights.extend(said(p));
    }
    let all: f64 = weights.iter().map(|w: &f64| w.abs()).sum();
    if !all.is_finite() {
        return Err(Error::data(
            "the numbers of the rows are too large to learn from",
            "Divide the target or the weights by a number.",
        ));
    }
    Ok((own, weights))
}

/// A model that adds what each feature says.
pub(super) fn additive(
    rows: &Rows<'_>,
    target: &Target,
    numbers: &Numbers<'_>,
    full: &[&Learned],
    lines: &[Line],
    params: &SvmParams,
    control: &Control,
) -> Result<Additive> {
    let outputs = full.len();
    let mut weights: Vec<f64> = control.vec(rows.count)?;
    weights.extend((0..rows.count as u32).map(|i| rows.weight(i)));
    let sums = numbers.across(&weights, control)?;
    control.release_vec(weights);
    let all = sums.last().copied().unwrap_or(1.0);
    let slope = |o: usize, dimension: usize| lines[o].slope * full[o].weights[dimension];
    let intercept = intercepts(full, lines);
    let (mut terms, mut means, mut coefficients) = (Vec::new(), Vec::new(), Vec::new());
    let mut tell = |feature: u32, of: Part, said: &[f64]| {
        let own = said.iter().enumerate();
        coefficients.extend(own.map(|(o, v)| Coefficient {
            feature,
            of,
            output: o as u32,
            value: *v,
            std_error: None,
        }));
    };
    tell(Coefficient::INTERCEPT, Part::Whole, &intercept);
    let mut first = 0;
    for ((axis, feature), at) in rows.axes.iter().zip(rows.features).zip(0..) {
        let own: Vec<usize> = (first..first + width(axis)).collect();
        first += width(axis);
        means.extend((0..outputs).map(|o| own.iter().map(|&k| slope(o, k) * (sums[k] / all)).sum::<f64>()));
        let term = term(axis, outputs, &|o, k| slope(o, own[k]))?;
        match &term {
            Term::Number { slope, missing, .. } => {
                tell(at, Part::Whole, slope);
                if feature.stats.missing > 0 {
                    tell(at, Part::Missing, missing);
                }
            }
            Term::Levels { values, missing } => tell_levels(axis, values, missing, &mut |of, said| tell(at, of, said)),
        }
        terms.push(term);
    }
    let numbers = terms.iter().flat_map(|term| match term {
        Term::Number { slope, missing, .. } => slope.iter().chain(missing),
        Term::Levels { values, missing } => values.iter().chain(missing),
    });
    let is_sound = numbers.chain(&means).chain(&intercept).all(|x| x.is_finite() && x.abs() < 1e290);
    if !is_sound {
        return Err(Error::data(
            "the numbers of the rows are too large to learn from",
            "Divide the target or the columns by a number.",
        ));
    }
    let fit = FitStatistics { alpha: 1.0 / params.c, ..FitStatistics::default() };
    let fit = if fit.alpha.is_finite() { fit } else { FitStatistics::default() };
    Ok(Additive { outputs: outputs as u32, intercept, terms, means, link: link(target), coefficients, fit })
}

/// What a feature says, given what each of its dimensions does.
fn term(axis: &Axis, outputs: usize, slope: &dyn Fn(usize, usize) -> f64) -> Result<Term> {
    let each = |of: &dyn Fn(usize) -> f64| -> Vec<f64> { (0..outputs).map(of).collect() };
    match axis {
        Axis::Number { fill, shift, scale, low, high } => Ok(Term::Number {
            low: *low,
            high: *high,
            shift: *shift,
            slope: each(&|o| slope(o, 0) * scale),
            square: Vec::new(),
            missing: each(&|o| slope(o, 0) * scale * (fill - shift)),
        }),
        Axis::Category { dimension, missing, scale, count } => {
            let of = |at: u32, o: usize| if at < *count { slope(o, at as usize) * scale } else { 0.0 };
            let values = dimension.iter().flat_map(|&at| (0..outputs).map(move |o| (at, o))).map(|(at, o)| of(at, o));
            Ok(Term::Levels { values: values.collect(), missing: each(&|o| of(*missing, o)) })
        }
        Axis::Logarithm { .. } | Axis::Element { .. } => Err(Error::option(
            "\"kernel\": \"linear\" is for numbers as they are",
            "Leave \"scaling\" and \"distance\" out, or take the kernel \"rbf\".",
        )),
    }
}

/// Tell what levels that were seen say.
fn tell_levels(axis: &Axis, values: &[f64], missing: &[f64], tell: &mut impl FnMut(Part, &[f64])) {
    let Axis::Category { dimension, missing: place, count, .. } = axis else { return };
    let outputs = missing.len().max(1);
    for ((at, dimension), said) in dimension.iter().enumerate().zip(values.chunks_exact(outputs)) {
        if dimension < count {
            tell(Part::Level(at as u32), said);
        }
    }
    if place < count {
        tell(Part::Missing, missing);
    }
}

//! Coefficients as they are read, with the tests of Wald (1943).

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::model::additive::Part;
use crate::model::{Additive, Body, Coefficient, DatePart, Encoding, Ensemble, Join, Link, Model, Task};

/// The normal quantile of a 95 % interval.
const NORMAL: f64 = 1.959_963_984_540_054;

/// A row of the coefficients.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The class, where there are more than two.
    pub class: Option<String>,
    /// The feature; `None` for the intercept.
    pub feature: Option<String>,
    /// The level of a category or of a part of a date.
    pub level: Option<String>,
    /// intercept, number, level, reference or missing.
    pub kind: &'static str,
    /// What one more of a number, or the level in place of the reference, does to the score.
    pub coefficient: f64,
    /// Its standard error, if it is known.
    pub std_error: Option<f64>,
    /// The coefficient over its standard error.
    pub statistic: Option<f64>,
    /// How often chance alone gives a statistic as far from 0.
    pub p_value: Option<f64>,
    /// Ends of the interval that holds the coefficient in 95 of 100 samples.
    pub interval: Option<(f64, f64)>,
    /// `exp` of the coefficient, where the score is one of log-odds or a logarithm.
    pub odds_ratio: Option<f64>,
}

/// What stands for all levels that have no coefficient of their own, and for a missing value.
const OTHER: &str = "(other)";
const MISSING: &str = "(missing)";

/// The coefficients of a linear model, or of the one that joins the members of an ensemble; `None` of another one. Of two classes they are of the log-odds of the positive one.
pub fn coefficients(model: &Model) -> Option<Vec<Row>> {
    // Of an ensemble those of what joins its members.
    let model = match &model.body {
        Body::Ensemble(Ensemble { join: Join::Model(last), .. }) => last,
        _ => model,
    };
    let Body::Additive(body) = &model.body else { return None };
    if body.coefficients.is_empty() {
        return None;
    }
    let turned = matches!(&model.task, Task::Classification { classes, positive: 0 } if classes.len() == 2);
    Some(body.coefficients.iter().map(|c| row(model, body, c, if turned { -1.0 } else { 1.0 })).collect())
}

fn row(model: &Model, body: &Additive, coefficient: &Coefficient, sign: f64) -> Row {
    let feature = model.features.get(coefficient.feature as usize);
    let level = |at: u32| match feature.map(|f| &f.encoding) {
        Some(Encoding::Category { levels }) => levels.get(at as usize).cloned().unwrap_or_else(|| OTHER.to_owned()),
        Some(Encoding::Part(part)) if at < DatePart::end(*part) => at.to_string(),
        _ => OTHER.to_owned(),
    };
    let (kind, level) = match coefficient.of {
        Part::Whole if feature.is_none() => ("intercept", None),
        Part::Whole => ("number", None),
        Part::Level(at) => ("level", Some(level(at))),
        Part::Reference(at) => ("reference", Some(level(at))),
        Part::Missing => ("missing", Some(MISSING.to_owned())),
        Part::MissingReference => ("reference", Some(MISSING.to_owned())),
    };
    let value = coefficient.value * sign + 0.0;
    let error = coefficient.std_error.filter(|e| *e > 0.0);
    let statistic = error.map(|e| value / e);
    let student = Some(body.fit.degrees).filter(|d| *d > 0.0).and_then(|d| StudentsT::new(0.0, 1.0, d).ok());
    let (p, wide) = match &student {
        Some(t) => (statistic.map(|s| (2.0 * t.sf(s.abs())).min(1.0)), t.inverse_cdf(0.975)),
        None => (statistic.map(|s| libm::erfc(s.abs() / std::f64::consts::SQRT_2)), NORMAL),
    };
    // Without a degree of freedom nothing is known of errors.
    let known = student.is_some() || body.fit.dispersion == 1.0;
    Row {
        class: match &model.task {
            Task::Classification { classes, .. } if classes.len() > 2 => {
                classes.get(coefficient.output as usize).cloned()
            }
            _ => None,
        },
        feature: feature.map(|f| f.name.clone()),
        level,
        kind,
        coefficient: value,
        std_error: error,
        statistic: statistic.filter(|_| known),
        p_value: p.filter(|_| known),
        interval: error.filter(|_| known).map(|e| (value - wide * e, value + wide * e)),
        odds_ratio: (body.link != Link::Identity).then(|| libm::exp(value)).filter(|v| v.is_finite()),
    }
}

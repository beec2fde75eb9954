//! `orchard.sample_size`, `orchard.test_power`, `orchard.minimum_detectable_effect` and `orchard.sequential_boundaries`: a test before it is made.

use orchard_engine::control::Control;
use orchard_engine::experiment::power::{Design, Plan};
use orchard_engine::experiment::sequential::{boundaries, Spending, MOST_LOOKS};
use orchard_engine::experiment::Alternative;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::Value;

use super::choices::{Choices, USUAL};
use crate::error::{given, report, Failure, Result};
use crate::interrupt;

/// The options of a plan.
const OPTIONS: &[(&str, &str)] = &[
    ("stddev", "a positive number"),
    ("ratio", "a number from 0.001 to 1000"),
    ("alternative", "two-sided, larger or smaller"),
    ("method", "normal or arcsine"),
    ("relative", "true or false"),
];

/// The rows that an effect needs.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn sample_size(
    baseline: Option<f64>,
    effect: Option<f64>,
    power: Option<f64>,
    alpha: Option<f64>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(rows_control, i64),
        name!(rows_variant, i64),
        name!(rows_total, i64),
        name!(effect_size, f64),
        name!(achieved_power, f64),
        name!(test, &'static str),
    ),
> {
    let row = report(|| {
        let power = between(given(power, "power")?, "power")?;
        let (plan, relative) = plan(baseline, alpha, options.as_ref().map(|o| &o.0))?;
        let effect = effect_of(effect, &plan, relative)?;
        // A count is whole; one that is whole but for rounding is not counted up.
        let whole = |rows: f64| (rows * (1.0 - 1e-12)).ceil();
        let rows = plan.rows(effect, power)?;
        let (a, b) = (whole(rows), whole(rows * plan.ratio));
        let achieved = Plan { ratio: b / a, ..plan }.power(effect, a);
        Ok((a as i64, b as i64, (a + b) as i64, plan.effect_size(effect), achieved, test(&plan)))
    });
    TableIterator::once(row)
}

/// The power of a test.
#[pg_extern(sql = false)]
fn test_power(
    baseline: Option<f64>,
    effect: Option<f64>,
    rows: Option<i64>,
    alpha: Option<f64>,
    options: Option<crate::json::JsonArgument>,
) -> f64 {
    report(|| {
        let (plan, relative) = plan(baseline, alpha, options.as_ref().map(|o| &o.0))?;
        let effect = effect_of(effect, &plan, relative)?;
        Ok(plan.power(effect, count(rows)?))
    })
}

/// The least effect that a test finds.
#[pg_extern(sql = false)]
fn minimum_detectable_effect(
    baseline: Option<f64>,
    rows: Option<i64>,
    power: Option<f64>,
    alpha: Option<f64>,
    options: Option<crate::json::JsonArgument>,
) -> Option<f64> {
    report(|| {
        let power = between(given(power, "power")?, "power")?;
        let (plan, relative) = plan(baseline, alpha, options.as_ref().map(|o| &o.0))?;
        let found = plan.minimum_effect(count(rows)?, power);
        Ok(found.map(|effect| if relative { effect / plan.baseline } else { effect }))
    })
}

fn between(value: f64, what: &str) -> Result<f64> {
    match value > 0.0 && value < 1.0 {
        true => Ok(value),
        false => Err(Failure::argument(format!("{what} must be between 0 and 1"))
            .hint("Usual are a power of 0.8 and an alpha of 0.05.")),
    }
}

fn count(rows: Option<i64>) -> Result<f64> {
    match given(rows, "rows")? {
        rows @ 2..=1_000_000_000_000_000 => Ok(rows as f64),
        _ => Err(Failure::argument("rows must be from 2 to 1e15").hint("It is the number of rows of the control.")),
    }
}

/// What is planned, and whether effects are shares of the baseline.
fn plan(baseline: Option<f64>, alpha: Option<f64>, options: Option<&Value>) -> Result<(Plan, bool)> {
    let baseline = given(baseline, "baseline")?;
    let alpha = between(given(alpha, "alpha")?, "alpha")?;
    let choices = Choices::new(options, OPTIONS, "{\"stddev\": 12.5, \"ratio\": 1}", USUAL)?;
    choices.apart("stddev", "method")?;
    let stddev = choices.number_if("stddev", |n| n > 0.0 && n <= 1e100)?;
    let arcsine = choices.word("method", |name| match name {
        "normal" => Some(false),
        "arcsine" => Some(true),
        _ => None,
    })?;
    let design = match (stddev, arcsine) {
        (Some(stddev), _) => Design::Means { stddev },
        (None, Some(true)) => Design::Arcsine,
        (None, _) => Design::Proportions,
    };
    let ratio = choices.number("ratio", 0.001..=1000.0)?.unwrap_or(1.0);
    let alternative = choices.word("alternative", Alternative::parse)?.unwrap_or_default();
    let relative = choices.flag("relative")?.unwrap_or(false);
    if stddev.is_none() && !(0.0..1.0).contains(&baseline) {
        return Err(Failure::argument("baseline must be a share from 0 to below 1")
            .hint("For a mean, give its standard deviation with the option \"stddev\"."));
    }
    if baseline.is_nan() || baseline.abs() > 1e100 {
        return Err(
            Failure::argument("baseline must be a number from -1e100 to 1e100").hint("It is the mean of the control.")
        );
    }
    if relative && baseline == 0.0 {
        return Err(Failure::argument("an effect relative to a baseline of 0 is no effect")
            .hint("Leave the option \"relative\" out and give the effect as a difference."));
    }
    Ok((Plan { design, baseline, ratio, alpha, alternative }, relative))
}

fn effect_of(effect: Option<f64>, plan: &Plan, relative: bool) -> Result<f64> {
    let effect = given(effect, "effect")?;
    let effect = if relative { effect * plan.baseline } else { effect };
    if effect == 0.0 || effect.is_nan() || effect.abs() > 1e100 {
        return Err(Failure::argument("effect must be a number other than 0").hint(
            "It is the difference that the test should find, such as 0.01 for a share that rises from 0.10 to 0.11.",
        ));
    }
    if !matches!(plan.design, Design::Means { .. }) && !(-1e-12..=1.0 + 1e-12).contains(&(plan.baseline + effect)) {
        return Err(Failure::argument("baseline and effect together must be a share from 0 to 1")
            .detail(format!("They sum up to {}.", plan.baseline + effect))
            .hint(
                "For an effect in parts of the baseline, use the option \"relative\"; for a mean, give \"stddev\".",
            ));
    }
    Ok(effect)
}

fn test(plan: &Plan) -> &'static str {
    match plan.design {
        Design::Proportions => "proportions_z",
        Design::Arcsine => "proportions_arcsine",
        Design::Means { .. } => "t",
    }
}

/// The options of `orchard.sequential_boundaries`.
const LOOKS_OPTIONS: &[(&str, &str)] = &[
    ("information", "an array of numbers that rise to at most 1, one a look"),
    ("alternative", "two-sided, larger or smaller"),
];

/// The boundaries of a test that is looked at several times.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn sequential_boundaries(
    looks: Option<i32>,
    alpha: Option<f64>,
    spending: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (name!(look, i32), name!(information, f64), name!(alpha_spent, f64), name!(boundary, f64), name!(p_value, f64)),
> {
    let rows = report(|| {
        let looks = match given(looks, "looks")? {
            looks @ 1.. if looks as usize <= MOST_LOOKS => looks as usize,
            _ => {
                return Err(Failure::argument(format!("looks must be from 1 to {MOST_LOOKS}"))
                    .hint("With the option \"sequential\" of orchard.ab_test one may look at any time."))
            }
        };
        let alpha = between(given(alpha, "alpha")?, "alpha")?;
        let name = given(spending, "spending")?;
        let spending = Spending::parse(name).ok_or_else(|| {
            Failure::argument(format!("unknown spending \"{name}\""))
                .hint(format!("Valid are {}.", Spending::NAMES.join(" and ")))
        })?;
        let choices =
            Choices::new(options.as_ref().map(|o| &o.0), LOOKS_OPTIONS, "{\"information\": [0.3, 0.6, 1]}", USUAL)?;
        let alternative = choices.word("alternative", Alternative::parse)?.unwrap_or_default();
        let numbers =
            |v: &Value| v.as_array().and_then(|list| list.iter().map(Value::as_f64).collect::<Option<Vec<_>>>());
        let information = choices.read("information", numbers)?;
        let equal = || (1..=looks).map(|i| i as f64 / looks as f64).collect();
        let information: Vec<f64> = information.unwrap_or_else(equal);
        if information.len() != looks {
            return Err(choices.wrong("information"));
        }
        let sign = if alternative == Alternative::Smaller { -1.0 } else { 1.0 };
        let (control, two_sided) = (Control::default(), alternative == Alternative::TwoSided);
        let found = interrupt::run("orchard.sequential_boundaries", &control, || {
            boundaries(&information, alpha, spending, two_sided, &control)
        })?;
        let row = |(i, b): (usize, &orchard_engine::experiment::sequential::Boundary)| {
            (i as i32 + 1, b.information, b.spent, sign * b.z, b.p_value)
        };
        Ok(found.iter().enumerate().map(row).collect::<Vec<_>>())
    });
    TableIterator::new(rows)
}

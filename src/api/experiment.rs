//! `orchard.ab_test`: what a test of variants says.

use orchard_engine::control::Control;
use orchard_engine::experiment::compare::{compare, Comparison, Interval, Settings};
use orchard_engine::experiment::correct::Correction;
use orchard_engine::experiment::sample::{self, Aggregate, Columns, Experiment, MOST_VARIANTS};
use orchard_engine::experiment::sequential::{boundaries, Mixture, Spending, MOST_LOOKS};
use orchard_engine::experiment::Alternative;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::Value;

use super::asked::{data, no_rows, read_roles, Need};
use super::choices::{as_text, Choices, USUAL};
use crate::error::{given, report, Failure, Result};
use crate::{interrupt, settings, source};

/// The options of `orchard.ab_test`.
const OPTIONS: &[(&str, &str)] = &[
    ("control", "a value of the column of the variant"),
    ("alpha", "a number between 0 and 1"),
    ("alternative", "two-sided, larger or smaller"),
    ("correction", "none, bonferroni, holm or benjamini-hochberg"),
    ("interval", "newcombe or wald"),
    ("denominator", "the name of a column of numbers"),
    ("covariate", "the name of a column of numbers"),
    ("unit", "the name of a column"),
    ("aggregate", "sum, mean or max"),
    ("segment", "the name of a column"),
    ("sequential", "true or false"),
    ("sequential_rows", "a number of at least 1"),
    ("looks", "a whole number from 1 to 100"),
    ("look", "a whole number from 1 to the number of looks"),
    ("spending", "obrien_fleming or pocock"),
];

type Row = (
    String,
    String,
    Option<String>,
    i64,
    i64,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<bool>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    &'static str,
);

/// Compare variants with a control.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn ab_test(
    source: Option<&str>,
    variant: Option<&str>,
    metric: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(variant_name, String),
        name!(control_name, String),
        name!(segment, Option<String>),
        name!(rows_control, i64),
        name!(rows_variant, i64),
        name!(mean_control, Option<f64>),
        name!(mean_variant, Option<f64>),
        name!(difference, Option<f64>),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(relative_difference, Option<f64>),
        name!(relative_low, Option<f64>),
        name!(relative_high, Option<f64>),
        name!(statistic, Option<f64>),
        name!(df, Option<f64>),
        name!(p_value, Option<f64>),
        name!(adjusted_p_value, Option<f64>),
        name!(significant, Option<bool>),
        name!(variance_reduction, Option<f64>),
        name!(probability_best, Option<f64>),
        name!(expected_loss, Option<f64>),
        name!(test, &'static str),
    ),
> {
    TableIterator::new(report(|| run(source, variant, metric, options.as_ref().map(|o| &o.0))))
}

/// How a test is to be made.
struct Asked<'a> {
    control: Option<String>,
    alpha: f64,
    alternative: Alternative,
    correction: Correction,
    interval: Option<Interval>,
    denominator: Option<&'a str>,
    covariate: Option<&'a str>,
    unit: Option<&'a str>,
    aggregate: Option<Aggregate>,
    segment: Option<&'a str>,
    mixture: Option<Mixture>,
}

/// Rows at which the interval of a sequential test is narrowest, unless it is said.
const SEQUENTIAL_ROWS: f64 = 5_000.0;

impl<'a> Asked<'a> {
    fn parse(options: Option<&'a Value>, control: &Control) -> Result<Asked<'a>> {
        let choices = Choices::new(options, OPTIONS, "{\"control\": \"a\", \"alpha\": 0.05}", USUAL)?;
        choices.apart("denominator", "covariate")?;
        choices.apart("sequential", "looks")?;
        choices.needs("aggregate", "unit")?;
        choices.needs("look", "looks")?;
        choices.needs("looks", "look")?;
        choices.needs("spending", "looks")?;
        choices.needs("sequential_rows", "sequential")?;
        let alternative = choices.word("alternative", Alternative::parse)?.unwrap_or_default();
        let mut alpha = choices.share("alpha")?.unwrap_or(0.05);
        let sequential = choices.flag("sequential")?.unwrap_or(false);
        let rows = choices.number("sequential_rows", 1.0..=1e15)?.unwrap_or(SEQUENTIAL_ROWS);
        if sequential {
            if alternative != Alternative::TwoSided {
                return Err(Failure::argument("a test that may be looked at at any time is two-sided")
                    .hint("Leave the option \"alternative\" or the option \"sequential\" out."));
            }
            choices.apart("sequential", "interval")?;
        }
        let interval = choices.word("interval", Interval::parse)?;
        let mixture = sequential.then(|| Mixture::tightest_at(rows, alpha));
        let whole = |key: &str, most: u64| choices.integer(key, 1..=most).map(|n| n.map(|n| n as usize));
        let looks = whole("looks", MOST_LOOKS as u64)?;
        let look = whole("look", looks.unwrap_or(MOST_LOOKS) as u64)?;
        let spending = choices.word("spending", Spending::parse)?.unwrap_or(Spending::ObrienFleming);
        if let (Some(looks), Some(look)) = (looks, look) {
            // Only the looks up to this one matter.
            let information: Vec<f64> = (1..=look).map(|i| i as f64 / looks as f64).collect();
            let two_sided = alternative == Alternative::TwoSided;
            let found = boundaries(&information, alpha, spending, two_sided, control)?;
            alpha = found.last().map_or(alpha, |b| b.p_value);
        }
        Ok(Asked {
            control: choices.read("control", as_text)?,
            alpha,
            alternative,
            correction: choices.word("correction", Correction::parse)?.unwrap_or(Correction::Holm),
            interval,
            denominator: choices.text("denominator")?,
            covariate: choices.text("covariate")?,
            unit: choices.text("unit")?,
            aggregate: choices.word("aggregate", Aggregate::parse)?,
            segment: choices.text("segment")?,
            mixture,
        })
    }
}

fn run(source: Option<&str>, variant: Option<&str>, metric: Option<&str>, options: Option<&Value>) -> Result<Vec<Row>> {
    let source = given(source, "source")?;
    let (variant, metric) = (given(variant, "variant")?, given(metric, "metric")?);
    let control = Control::new(settings::max_memory());
    let asked = Asked::parse(options, &control)?;
    let all = [
        ("variant", Some(variant), false),
        ("metric", Some(metric), true),
        ("denominator", asked.denominator, true),
        ("covariate", asked.covariate, true),
        ("unit", asked.unit, false),
        ("segment", asked.segment, false),
    ];
    let needs: Vec<Need<'_>> =
        all.iter().filter_map(|&(role, name, number)| name.map(|name| Need { role, name, number })).collect();
    let rows = read_roles(&source::describe(source)?, &needs, &control)?;
    let some = |role: &str, name: Option<&str>| name.map(|_| data(&rows, role)).transpose();
    let columns = Columns {
        variant: data(&rows, "variant")?,
        metric: data(&rows, "metric")?,
        denominator: some("denominator", asked.denominator)?,
        covariate: some("covariate", asked.covariate)?,
        unit: some("unit", asked.unit)?,
        segment: some("segment", asked.segment)?,
        rows: rows.table.rows,
        called: ("variant", MOST_VARIANTS),
    };
    let experiment = interrupt::run("orchard.ab_test", &control, || sample::read(&columns, asked.aggregate, &control))?;
    tell_left_out(&experiment, &asked);
    let at = control_of(&experiment, asked.control.as_deref())?;
    let plain = asked.denominator.is_none() && asked.covariate.is_none();
    if asked.interval.is_some() && !(experiment.binary && plain) {
        return Err(Failure::argument(
            "option \"interval\" is of shares, and this metric is compared by its mean or ratio",
        )
        .hint("Leave it out."));
    }
    let how = Settings {
        alpha: asked.alpha,
        alternative: asked.alternative,
        interval: asked.interval.unwrap_or(Interval::Newcombe),
        correction: asked.correction,
        mixture: asked.mixture,
        ratio: asked.denominator.is_some(),
        covariate: asked.covariate.is_some(),
    };
    let found = interrupt::run("orchard.ab_test", &control, || compare(&experiment, at, &how, &control))?;
    let name = |i: usize| experiment.variants.get(i).cloned().unwrap_or_default();
    Ok(found.into_iter().map(|c| row(c, &name, at, asked.alpha)).collect())
}

fn row(c: Comparison, name: &dyn Fn(usize) -> String, at: usize, alpha: f64) -> Row {
    let ends = |interval: Option<(f64, f64)>| (interval.map(|i| i.0), interval.map(|i| i.1));
    let ((low, high), (relative_low, relative_high)) = (ends(c.interval), ends(c.relative_interval));
    (
        name(c.variant),
        name(at),
        c.segment,
        c.rows[0] as i64,
        c.rows[1] as i64,
        c.mean[0],
        c.mean[1],
        c.difference,
        low,
        high,
        c.relative,
        relative_low,
        relative_high,
        c.statistic,
        c.df,
        c.p_value,
        c.adjusted,
        c.adjusted.map(|p| p <= alpha),
        c.variance_reduction,
        c.probability_best,
        c.expected_loss,
        c.test,
    )
}

fn tell_left_out(experiment: &Experiment, asked: &Asked<'_>) {
    let left_out = experiment.left_out;
    if left_out.rows > 0 {
        let more = [(asked.denominator, "a denominator"), (asked.unit, "a unit"), (asked.segment, "a segment")];
        let more: String = more.iter().filter(|(o, _)| o.is_some()).map(|(_, word)| format!(", {word}")).collect();
        notice!("{} rows without a variant{more} or a finite metric are left out; where a missing metric means 0, write coalesce(metric, 0) in the source", left_out.rows);
    }
    if left_out.units > 0 {
        notice!("{} units have rows of more than one variant and are left out", left_out.units);
    }
    if left_out.without_covariate > 0 {
        let what = if asked.unit.is_some() { "units" } else { "rows" };
        notice!("{} {what} without a covariate are taken to have its mean", left_out.without_covariate);
    }
}

/// Names that a control has.
const CONTROLS: [&str; 3] = ["control", "a", "baseline"];

/// The place of the control.
fn control_of(experiment: &Experiment, asked: Option<&str>) -> Result<usize> {
    let names = &experiment.variants;
    if names.is_empty() {
        return Err(no_rows("the source has no row with a variant", "Give a source with a row for each user or view."));
    }
    if names.len() < 2 {
        return Err(no_rows(
            &format!("the source has one variant only: \"{}\"", names.first().map_or("", String::as_str)),
            "Give the rows of the control, too.",
        ));
    }
    if let Some(asked) = asked {
        return names.iter().position(|n| n == asked).ok_or_else(|| {
            Failure::argument(format!("the source has no variant \"{asked}\""))
                .detail(format!("Its variants are {}.", list(names)))
                .hint("Name variants as the source spells them.")
        });
    }
    let usual = CONTROLS.iter().find_map(|usual| names.iter().position(|n| n.eq_ignore_ascii_case(usual)));
    if usual.is_none() {
        let first = names.first().map_or("", String::as_str);
        notice!("the control is \"{first}\", the first of the variants; name another with the option \"control\"");
    }
    Ok(usual.unwrap_or(0))
}

/// Names in quotes, the first of many.
fn list(names: &[String]) -> String {
    let told: Vec<String> = names.iter().take(100).map(|n| format!("\"{n}\"")).collect();
    told.join(", ")
}

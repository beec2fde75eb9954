//! `orchard.ab_test` and `orchard.sample_ratio`: what a test of variants says, and whether its rows were shared out as they should have been.

use std::collections::BTreeMap;

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, MISSING};
use orchard_engine::experiment::compare::{compare, Comparison, Interval, Settings};
use orchard_engine::experiment::correct::Correction;
use orchard_engine::experiment::distribution::chi2_sf;
use orchard_engine::experiment::sample::{self, Aggregate, Columns, Experiment, MOST_VARIANTS};
use orchard_engine::experiment::sequential::{boundaries, Mixture, Spending, MOST_LOOKS};
use orchard_engine::experiment::Alternative;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;
use serde_json::{Map, Value};

use super::budget::is_number;
use super::judged::not_numbers;
use super::train::{check_names, no_column};
use crate::error::{given, report, Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Described, Rows, Wanted};
use crate::{interrupt, settings};

/// Options by their key, each with its type in words.
pub(super) struct Keys<'a> {
    map: &'a Map<String, Value>,
    all: &'a [(&'a str, &'a str)],
}

/// No options at all.
static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

impl<'a> Keys<'a> {
    /// The options, of which none is unknown.
    pub(super) fn parse(options: Option<&'a Value>, all: &'a [(&'a str, &'a str)], example: &str) -> Result<Keys<'a>> {
        let map = match options {
            None => &*NONE,
            Some(Value::Object(map)) => map,
            Some(_) => {
                return Err(
                    Failure::argument("options must be a JSON object").hint(format!("Write for example '{example}'."))
                )
            }
        };
        if let Some(key) = map.keys().find(|key| all.iter().all(|o| o.0 != *key)) {
            let names: Vec<&str> = all.iter().map(|o| o.0).collect();
            return Err(Failure::argument(format!("unrecognized option \"{key}\""))
                .hint(format!("Valid options are {}.", names.join(", "))));
        }
        Ok(Keys { map, all })
    }

    /// The error for a value that cannot be.
    pub(super) fn wrong(&self, key: &str) -> Failure {
        let must = self.all.iter().find(|o| o.0 == key).map_or("", |o| o.1);
        Failure::argument(format!("option \"{key}\" must be {must}")).hint("Leave it out for what is usual.")
    }

    /// The value, where there is one that is not null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|v| !v.is_null())
    }

    /// What `of` makes of the value.
    pub(super) fn read<T>(&self, key: &str, of: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>> {
        self.get(key).map(|v| of(v).ok_or_else(|| self.wrong(key))).transpose()
    }

    /// A number that is usable.
    pub(super) fn number(&self, key: &str, usable: impl Fn(f64) -> bool) -> Result<Option<f64>> {
        self.read(key, |v| v.as_f64().filter(|n| usable(*n)))
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.read(key, Value::as_str)
    }

    /// One of some words.
    pub(super) fn word<T>(&self, key: &str, of: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        self.read(key, |v| v.as_str().and_then(&of))
    }

    /// A share between 0 and 1.
    pub(super) fn share(&self, key: &str) -> Result<Option<f64>> {
        self.number(key, |n| n > 0.0 && n < 1.0)
    }

    /// Refuse an option that says nothing without another.
    pub(super) fn needs(&self, key: &str, other: &str) -> Result<()> {
        match self.get(key).is_some() && self.get(other).is_none() {
            true => Err(Failure::argument(format!("option \"{key}\" needs the option \"{other}\""))
                .hint(format!("Give \"{other}\", too, or leave \"{key}\" out."))),
            false => Ok(()),
        }
    }

    /// Refuse two options together.
    pub(super) fn apart(&self, key: &str, other: &str) -> Result<()> {
        match self.get(key).is_some() && self.get(other).is_some() {
            true => Err(Failure::argument(format!("options \"{key}\" and \"{other}\" cannot be used together"))
                .hint("Leave one of them out.")),
            false => Ok(()),
        }
    }
}

/// A text, number or truth value as SQL casts it to text.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A column that is needed.
#[derive(Clone, Copy)]
pub(super) struct Need<'a> {
    /// What it is called in the query.
    pub role: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Whether it is numbers; else its text is read.
    pub number: bool,
}

/// The columns of a source that are needed, read by their roles.
pub(super) fn read_roles(described: &Described, needs: &[Need<'_>], control: &Control) -> Result<Rows> {
    check_names(&described.attributes)?;
    let mut list = Vec::with_capacity(needs.len());
    for need in needs {
        let Some(attribute) = described.attributes.iter().find(|a| a.name == need.name) else {
            return Err(no_column(need.name, &described.attributes));
        };
        let (name, role) = (quote_identifier(need.name), quote_identifier(need.role));
        if need.number {
            let reader = attribute.readable()?;
            if !is_number(reader) && reader != Reader::Bool {
                return Err(not_numbers(attribute));
            }
            list.push(format!("s.{name} AS {role}"));
        } else {
            // The text of a date or an enum is what a reader knows it by.
            list.push(format!("s.{name}::pg_catalog.text AS {role}"));
        }
    }
    read_query(&format!("SELECT {} FROM ({}\n) AS s", list.join(", "), described.query), control)
}

/// Read a query of our own, whose columns are all texts and numbers.
pub(super) fn read_query(query: &str, control: &Control) -> Result<Rows> {
    let wanted = |a: &Attribute| {
        let reader = a.readable()?;
        Ok(Some(Wanted { reader, number: !reader.is_category() }))
    };
    source::read(query, &mut |attributes| attributes.iter().map(wanted).collect(), control)
}

/// The values of a role.
pub(super) fn data<'a>(rows: &'a Rows, role: &str) -> Result<&'a ColumnData> {
    let column = rows.column(role).ok_or_else(|| Failure::internal("a column was not read"))?;
    rows.table.columns.get(column.first).map(|c| &c.data).ok_or_else(|| Failure::internal("a column was not kept"))
}

/// The error for a source that has nothing to tell.
pub(super) fn no_rows(message: &str, hint: &str) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_DATA_EXCEPTION, message).hint(hint)
}

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
        let keys = Keys::parse(options, OPTIONS, "{\"control\": \"a\", \"alpha\": 0.05}")?;
        keys.apart("denominator", "covariate")?;
        keys.apart("sequential", "looks")?;
        keys.needs("aggregate", "unit")?;
        keys.needs("look", "looks")?;
        keys.needs("looks", "look")?;
        keys.needs("spending", "looks")?;
        keys.needs("sequential_rows", "sequential")?;
        let alternative = keys.word("alternative", Alternative::parse)?.unwrap_or_default();
        let mut alpha = keys.share("alpha")?.unwrap_or(0.05);
        let sequential = keys.read("sequential", Value::as_bool)?.unwrap_or(false);
        let rows = keys.number("sequential_rows", |n| (1.0..=1e15).contains(&n))?.unwrap_or(SEQUENTIAL_ROWS);
        if sequential {
            if alternative != Alternative::TwoSided {
                return Err(Failure::argument("a test that may be looked at at any time is two-sided")
                    .hint("Leave the option \"alternative\" or the option \"sequential\" out."));
            }
            keys.apart("sequential", "interval")?;
        }
        let interval = keys.word("interval", Interval::parse)?;
        let mixture = sequential.then(|| Mixture::tightest_at(rows, alpha));
        let whole = |key: &str, most: u64| {
            keys.read(key, |v| v.as_u64().filter(|n| (1..=most).contains(n)).map(|n| n as usize))
        };
        let looks = whole("looks", MOST_LOOKS as u64)?;
        let look = whole("look", looks.unwrap_or(MOST_LOOKS) as u64)?;
        let spending = keys.word("spending", Spending::parse)?.unwrap_or(Spending::ObrienFleming);
        if let (Some(looks), Some(look)) = (looks, look) {
            // Only the looks up to this one matter.
            let information: Vec<f64> = (1..=look).map(|i| i as f64 / looks as f64).collect();
            let two_sided = alternative == Alternative::TwoSided;
            let found = boundaries(&information, alpha, spending, two_sided, control)?;
            alpha = found.last().map_or(alpha, |b| b.p_value);
        }
        Ok(Asked {
            control: keys.read("control", as_text)?,
            alpha,
            alternative,
            correction: keys.word("correction", Correction::parse)?.unwrap_or(Correction::Holm),
            interval,
            denominator: keys.text("denominator")?,
            covariate: keys.text("covariate")?,
            unit: keys.text("unit")?,
            aggregate: keys.word("aggregate", Aggregate::parse)?,
            segment: keys.text("segment")?,
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

/// The options of `orchard.sample_ratio`.
const RATIO_OPTIONS: &[(&str, &str)] = &[("unit", "the name of a column"), ("alpha", "a number between 0 and 1")];

type RatioRow = (String, i64, f64, f64, f64, f64, i32, f64, &'static str);

/// Whether variants have as many rows as they should.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn sample_ratio(
    source: Option<&str>,
    variant: Option<&str>,
    expected: Option<crate::json::JsonArgument>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(variant_name, String),
        name!(rows, i64),
        name!(expected_rows, f64),
        name!(share, f64),
        name!(expected_share, f64),
        name!(statistic, f64),
        name!(df, i32),
        name!(p_value, f64),
        name!(verdict, &'static str),
    ),
> {
    let (expected, options) = (expected.as_ref().map(|o| &o.0), options.as_ref().map(|o| &o.0));
    TableIterator::new(report(|| ratio(source, variant, expected, options)))
}

/// Below this a mismatch is sure enough to look for its cause (Fabijan and others, "Diagnosing sample ratio mismatch", 2019).
const MISMATCH: f64 = 0.001;

fn ratio(
    source: Option<&str>,
    variant: Option<&str>,
    expected: Option<&Value>,
    options: Option<&Value>,
) -> Result<Vec<RatioRow>> {
    let source = given(source, "source")?;
    let variant = given(variant, "variant")?;
    let keys = Keys::parse(options, RATIO_OPTIONS, "{\"unit\": \"user_id\"}")?;
    let alpha = keys.share("alpha")?.unwrap_or(MISMATCH);
    let unit = keys.text("unit")?;
    let expected = shares(expected)?;
    let control = Control::new(settings::max_memory());
    let described = source::describe(source)?;
    check_names(&described.attributes)?;
    for name in [Some(variant), unit].into_iter().flatten() {
        if !described.attributes.iter().any(|a| a.name == name) {
            return Err(no_column(name, &described.attributes));
        }
    }
    // Counted by the server: a count is the same in any order.
    let variant = quote_identifier(variant);
    let counted = match unit {
        None => "*".to_owned(),
        Some(unit) => format!("DISTINCT (s.{}::pg_catalog.text) COLLATE \"C\"", quote_identifier(unit)),
    };
    let query = format!(
        "SELECT v AS variant, n AS rows FROM (SELECT (s.{variant}::pg_catalog.text) COLLATE \"C\" AS v, pg_catalog.count({counted})::pg_catalog.float8 AS n FROM ({}\n) AS s WHERE s.{variant}::pg_catalog.text IS NOT NULL GROUP BY GROUPING SETS ((1), ())) AS c",
        described.query
    );
    let rows = read_query(&query, &control)?;
    let (names, numbers) = (data(&rows, "variant")?, data(&rows, "rows")?);
    let mut counts: BTreeMap<String, f64> = BTreeMap::new();
    let mut distinct = 0.0;
    for row in 0..rows.table.rows {
        let (ColumnData::Category { codes, dictionary }, ColumnData::Number(n)) = (names, numbers) else {
            return Err(Failure::internal("a column was read as another kind"));
        };
        match codes.get(row) {
            MISSING => distinct = n.get(row),
            code => {
                if counts.len() >= MOST_VARIANTS {
                    return Err(no_rows(
                        &format!("the source has more than {MOST_VARIANTS} variants"),
                        "Is it the column of the variant? If so, group its values in the source.",
                    ));
                }
                counts.insert(String::from_utf8_lossy(dictionary.text(code)).into_owned(), n.get(row));
            }
        }
    }
    let total: f64 = counts.values().sum();
    if unit.is_some() && total > distinct {
        notice!("{} units have rows of more than one variant and are counted in each", total - distinct);
    }
    verdict(counts, expected, alpha)
}

/// The shares that are asked for.
fn shares(expected: Option<&Value>) -> Result<Option<BTreeMap<String, f64>>> {
    let wrong = || {
        Failure::argument("expected must be a JSON object of positive numbers by variant")
            .hint("Write for example '{\"control\": 0.9, \"green\": 0.1}'; the numbers need not sum up to 1.")
    };
    match expected {
        None => Ok(None),
        Some(Value::Object(map)) if !map.is_empty() => {
            let share = |(name, value): (&String, &Value)| {
                let share = value.as_f64().filter(|n| *n > 0.0 && *n <= 1e15)?;
                Some((name.clone(), share))
            };
            map.iter().map(share).collect::<Option<_>>().map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

fn verdict(
    mut counts: BTreeMap<String, f64>,
    expected: Option<BTreeMap<String, f64>>,
    alpha: f64,
) -> Result<Vec<RatioRow>> {
    if let Some(expected) = &expected {
        if let Some(unknown) = counts.keys().find(|name| !expected.contains_key(*name)) {
            return Err(Failure::argument(format!(
                "expected does not say what share variant \"{unknown}\" should have"
            ))
            .hint("Name all variants of the source, or leave those rows out."));
        }
        for name in expected.keys() {
            counts.entry(name.clone()).or_insert(0.0);
        }
    }
    let total: f64 = counts.values().sum();
    if total == 0.0 {
        return Err(no_rows("the source has no row with a variant", "Give a source with a row for each user or view."));
    }
    if counts.len() < 2 {
        let one = counts.keys().next().map_or("", String::as_str);
        return Err(no_rows(
            &format!("the source has one variant only: \"{one}\""),
            "Say with expected which variants there should be.",
        ));
    }
    let all: f64 = expected.as_ref().map_or(counts.len() as f64, |e| e.values().sum());
    let share = |name: &str| expected.as_ref().map_or(1.0, |e| e.get(name).copied().unwrap_or(0.0)) / all;
    let statistic: f64 = counts
        .iter()
        .map(|(name, n)| {
            let expected = total * share(name);
            (n - expected) * (n - expected) / expected
        })
        .sum();
    let df = counts.len() - 1;
    let p_value = chi2_sf(statistic, df as f64);
    let verdict = if p_value < alpha { "mismatch" } else { "ok" };
    let row = |(name, n): (&String, &f64)| {
        let share = share(name);
        (name.clone(), *n as i64, total * share, n / total, share, statistic, df as i32, p_value, verdict)
    };
    Ok(counts.iter().map(row).collect())
}

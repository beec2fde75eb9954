//! `orchard.sample_ratio`: whether the rows of a test were shared out as they should have been.

use std::collections::BTreeMap;

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, MISSING};
use orchard_engine::experiment::distribution::chi2_sf;
use orchard_engine::experiment::sample::MOST_VARIANTS;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;
use serde_json::Value;

use super::asked::{data, no_rows, read_query};
use super::choices::{Choices, USUAL};
use super::train::{check_names, find};
use crate::error::{given, report, Failure, Result};
use crate::{settings, source};

/// The options of `orchard.sample_ratio`.
const OPTIONS: &[(&str, &str)] = &[("unit", "the name of a column"), ("alpha", "a number between 0 and 1")];

type Row = (String, i64, f64, f64, f64, f64, i32, f64, &'static str);

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
) -> Result<Vec<Row>> {
    let source = given(source, "source")?;
    let variant = given(variant, "variant")?;
    let choices = Choices::new(options, OPTIONS, "{\"unit\": \"user_id\"}", USUAL)?;
    let alpha = choices.share("alpha")?.unwrap_or(MISMATCH);
    let unit = choices.text("unit")?;
    let expected = shares(expected)?;
    let control = Control::new(settings::max_memory());
    let described = source::describe(source)?;
    check_names(&described.attributes)?;
    for name in [Some(variant), unit].into_iter().flatten() {
        find(name, &described.attributes)?;
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

fn verdict(mut counts: BTreeMap<String, f64>, expected: Option<BTreeMap<String, f64>>, alpha: f64) -> Result<Vec<Row>> {
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

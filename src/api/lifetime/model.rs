//! Models of customers that are kept: how they are learned, what they hold, and how good they were.

use orchard_engine::control::Control;
use orchard_engine::judge::Metric;
use orchard_engine::learn::options::Algorithm;
use orchard_engine::learn::train::{lifetime, Outcome, RowCounts, CUSTOMER_FEATURES};
use orchard_engine::lifetime::bgnbd;
use orchard_engine::lifetime::events::{customers, Customer, Events};
use orchard_engine::lifetime::spend;
use orchard_engine::lifetime::trial::{before, judge, Span};
use orchard_engine::lifetime::worth::{mean_amount, Amounts};
use orchard_engine::model::{Body, Lifetime};
use orchard_engine::score::Scorer;
use pgrx::datum::Date;
use pgrx::iter::TableIterator;
use pgrx::pg_sys;
use pgrx::prelude::*;
use serde_json::Value;

use super::{events, fit, purchases, Asked};
use crate::api::apart::{given_options, only};
use crate::api::choices::{Choices, USUAL};
use crate::api::train::{Job, Types};
use crate::catalog::{self, cache, store, Found};
use crate::error::{report, Failure, Result};
use crate::{interrupt, settings};

/// The column of customers where none is named.
const CUSTOMER: &str = "customer_id";
/// The options that name columns.
pub(super) const COLUMNS: [&str; 3] = ["customer_column", "time_column", "value_column"];

/// The columns and options of a training.
struct Roles {
    customer: String,
    time: String,
    amount: Option<String>,
    asked: Asked,
}

impl Roles {
    fn new(options: &Value) -> Result<Roles> {
        let (given, known) = given_options(options, Algorithm::BgNbd);
        let choices = Choices::new(Some(&given), &known, r#"{"time_column": "ordered_at"}"#, USUAL)?;
        let text = |key: &str| choices.text(key).map(|t| t.map(str::to_owned));
        let time = text("time_column")?.ok_or_else(|| {
            Failure::argument("algorithm \"bg_nbd\" needs the option \"time_column\"")
                .hint("Name the column of the times of purchases.")
        })?;
        let (customer, amount) = (text("customer_column")?, text("value_column")?);
        let asked = only(&given, |key| !COLUMNS.contains(&key));
        Ok(Roles {
            customer: customer.unwrap_or_else(|| CUSTOMER.to_owned()),
            time,
            amount,
            asked: Asked::parse(Some(&asked), true)?,
        })
    }

    fn columns(&self) -> [Option<&str>; 3] {
        [Some(&self.customer), Some(&self.time), self.amount.as_deref()]
    }
}

/// What is taken of amounts: by their model, or by a mean where they are too few for it.
pub(super) fn amounts_of(spend: Option<&spend::Fitted>, customers: &[Customer], with_amount: bool) -> Amounts {
    match (spend, with_amount) {
        (_, false) => Amounts::None,
        (Some(spend), true) => Amounts::Model(spend.parameters),
        (None, true) => Amounts::Mean(mean_amount(customers)),
    }
}

/// Learn when the customers of the source of a job buy, and judge that by its last days.
pub(in crate::api) fn learn(job: &Job<'_>, options: &Value, control: &Control) -> Result<(Outcome, Types)> {
    let roles = Roles::new(options)?;
    let Roles { asked, amount, .. } = &roles;
    let rows = purchases(Some(job.source), roles.columns(), control)?;
    let events = events(&rows, amount.is_some(), asked.end, control)?;
    let end = asked.end.unwrap_or(events.last_day);
    let metrics = match held_out(&events, end, job.options.holdout) {
        None => Vec::new(),
        Some(from) => trial(&events, Span { end: from, until: end, period: asked.period }, &roles, control)?,
    };
    let models = fit(&events, asked, amount.is_some(), control)?;
    let body = Lifetime {
        period: asked.period,
        end,
        times: models.times.parameters,
        amounts: amounts_of(models.spend.as_ref(), &models.customers, amount.is_some()),
        horizon: asked.horizon,
        discount_rate: asked.discount_rate,
    };
    let held = metrics.iter().find(|m| m.name == "customers").and_then(|m| m.value).unwrap_or(0.0) as usize;
    let counts = RowCounts { read: rows.table.rows, training: events.events.len(), held };
    let metric = (!metrics.is_empty()).then_some("rmse");
    let outcome = Outcome::of(Scorer::new(lifetime(body)?), metrics, metric, counts)?;
    let types = CUSTOMER_FEATURES.iter();
    let types = types.map(|name| ((*name).to_owned(), pg_sys::FLOAT8OID, "double precision".to_owned())).collect();
    Ok((outcome, types))
}

/// The last day that is known where a share of the days is held out; `None` where that is none.
fn held_out(events: &Events, end: i32, share: f64) -> Option<i32> {
    let first = events.events.iter().map(|e| e.day).min()?;
    let days = (f64::from(end - first) * share).floor() as i32;
    (days > 0).then(|| end - days)
}

/// Learn from the purchases before a day, and judge by those after it; nothing where those before are too few to learn from.
fn trial(events: &Events, span: Span, roles: &Roles, control: &Control) -> Result<Vec<Metric>> {
    let with_amount = roles.amount.is_some();
    let found = interrupt::run("orchard.train", control, || {
        let past = before(events, span.end, control)?;
        let known = customers(&past, span.end, span.period, control)?;
        if known.iter().all(|c| c.frequency == 0) {
            return Ok(None);
        }
        let times = bgnbd::fit(&known, roles.asked.penalizer, control)?;
        let spend = if with_amount { spend::fit(&known, control)? } else { None };
        let amounts = amounts_of(spend.as_ref(), &known, with_amount);
        judge(events, &past, span, &times.parameters, amounts, control).map(Some)
    })?;
    if found.is_none() {
        notice!("nobody came back before the days that are held out, so nobody knows how good the model is");
    }
    Ok(found.unwrap_or_default())
}

/// The kept parameters of a model, which must be one of customers.
pub(super) fn kept(found: &Found) -> Result<Lifetime> {
    match &cache::deployed(found)?.model().body {
        Body::Lifetime(body) => Ok(body.clone()),
        _ => Err(Failure::argument(format!(
            "model \"{}.{}\" does not expect purchases of customers",
            found.row.schema, found.row.name
        ))
        .hint("Train one: orchard.train('name', 'source', algorithm => 'bg_nbd', options => '{\"time_column\": \"ordered_at\"}').")),
    }
}

/// The parameters that a model keeps.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn lifetime_parameters_of(
    model: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(model, &'static str),
        name!(parameter, &'static str),
        name!(value, f64),
        name!(standard_error, Option<f64>),
        name!(customers, Option<i64>),
    ),
> {
    TableIterator::new(report(|| {
        let body = kept(&catalog::of_argument(model)?)?;
        let times = bgnbd::Parameters::NAMES.iter().zip(body.times.values());
        let mut all: Vec<_> = times.map(|(name, value)| ("bg_nbd", *name, value, None, None)).collect();
        if let Amounts::Model(spend) = body.amounts {
            let named = spend::Parameters::NAMES.iter().zip(spend.values());
            all.extend(named.map(|(name, value)| ("gamma_gamma", *name, value, None, None)));
        }
        Ok(all)
    }))
}

/// How good the kept parameters were, by what customers of a source did after the training.
pub(in crate::api) fn evaluate(found: &Found, source: &str) -> Result<Vec<Metric>> {
    let roles = Roles::new(&store::options(&found.deployed()?)?)?;
    let body = kept(found)?;
    let control = Control::new(settings::max_memory());
    let rows = purchases(Some(source), roles.columns(), &control)?;
    let all = events(&rows, roles.amount.is_some(), None, &control)?;
    let end = Date::saturating_from_raw(body.end);
    if all.last_day <= body.end {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATA_EXCEPTION,
            format!("the source has no purchase after {end}, the last day that the model knows"),
        )
        .hint("Give the purchases of before and after, or leave the source out for the metrics of the training."));
    }
    interrupt::run("orchard.evaluate", &control, || {
        let past = before(&all, body.end, &control)?;
        let span = Span { end: body.end, until: all.last_day, period: body.period };
        judge(&all, &past, span, &body.times, body.amounts, &control)
    })
}

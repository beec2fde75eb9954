//! `orchard.lifetime_value`, `orchard.lifetime_parameters` and `orchard.cohort_retention`: what customers are worth, and how many come back.

pub(super) mod model;

use orchard_engine::control::Control;
use orchard_engine::data::ColumnData;
use orchard_engine::learn::options::{self, Algorithm};
use orchard_engine::lifetime::cohorts::{cohorts, Period};
use orchard_engine::lifetime::events::{customers, read, Customer, Events};
use orchard_engine::lifetime::worth::{worth, Ahead, Amounts};
use orchard_engine::lifetime::{bgnbd, spend};
use orchard_engine::model::Lifetime;
use pgrx::datum::Date;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;
use serde_json::Value;

use super::asked::{data, no_rows, read_query};
use super::budget::is_number;
use super::choices::{Choices, USUAL};
use super::judged::not_numbers;
use super::train::{check_names, find};
use crate::catalog;
use crate::error::{given, report, Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Rows};
use crate::{interrupt, settings};

/// The options of the verbs: those of a training but its columns, and the model that takes its place.
fn known(looks_ahead: bool) -> Vec<(&'static str, &'static str)> {
    let trained = options::given(Algorithm::BgNbd).into_iter().filter(|o| !model::COLUMNS.contains(&o.0));
    let all = trained.chain([("model", "the name of a model of customers")]);
    all.filter(|o| looks_ahead || !["horizon", "discount_rate", "model"].contains(&o.0)).collect()
}

/// Days of a mean month.
const MONTH: f64 = 30.4375;

/// What is asked for.
struct Asked {
    /// Days of a period.
    period: f64,
    horizon: f64,
    discount_rate: f64,
    end: Option<i32>,
    penalizer: f64,
}

impl Asked {
    /// The options of a verb; those that look ahead only where it does.
    fn parse(options: Option<&Value>, looks_ahead: bool) -> Result<Asked> {
        let all = known(looks_ahead);
        let choices = Choices::new(options, &all, "{\"period\": \"week\"}", USUAL)?;
        // A period with the periods of a year.
        let (period, year) = choices
            .word("period", |name| match name {
                "day" => Some((1.0, 365.0)),
                "week" => Some((7.0, 52.0)),
                "month" => Some((MONTH, 12.0)),
                _ => None,
            })?
            .unwrap_or((7.0, 52.0));
        let end = match choices.text("observation_end")? {
            None => None,
            Some(text) => {
                Some(day_of(text).ok_or_else(|| choices.wrong("observation_end").hint("Write it as year-month-day."))?)
            }
        };
        Ok(Asked {
            period,
            horizon: if looks_ahead { choices.number("horizon", 0.0..=10_000.0)?.unwrap_or(year) } else { year },
            discount_rate: if looks_ahead { choices.number("discount_rate", 0.0..=1.0)?.unwrap_or(0.0) } else { 0.0 },
            end,
            penalizer: choices.number("penalizer", 0.0..=1_000.0)?.unwrap_or(0.0),
        })
    }
}

impl Asked {
    /// What is asked of a kept model, whose own options stand where none is given.
    fn of(body: &Lifetime, options: Option<&Value>) -> Result<Asked> {
        let given = |key: &str| options.and_then(|o| o.get(key)).is_some_and(|v| !v.is_null());
        if let Some(key) = ["period", "penalizer"].into_iter().find(|key| given(key)) {
            return Err(Failure::argument(format!("option \"{key}\" is that of the model"))
                .hint("Leave it out, or leave out the option \"model\"."));
        }
        let asked = Asked::parse(options, true)?;
        Ok(Asked {
            period: body.period,
            horizon: if given("horizon") { asked.horizon } else { body.horizon },
            discount_rate: if given("discount_rate") { asked.discount_rate } else { body.discount_rate },
            ..asked
        })
    }
}

/// The model that options name, if they name one.
fn kept_model(options: Option<&Value>) -> Result<Option<Lifetime>> {
    let all = known(true);
    let choices = Choices::new(options, &all, "{\"period\": \"week\"}", USUAL)?;
    choices.text("model")?.map(|name| model::kept(&catalog::of_argument(Some(name))?)).transpose()
}

/// The day of a text such as 2026-06-30, counted from 2000-01-01.
fn day_of(text: &str) -> Option<i32> {
    let mut parts = text.splitn(3, '-');
    let year: i32 = parts.next().filter(|y| y.len() == 4)?.parse().ok()?;
    let month: u8 = parts.next().filter(|m| m.len() == 2)?.parse().ok()?;
    let day: u8 = parts.next().filter(|d| d.len() == 2)?.parse().ok()?;
    Date::new(year, month, day).ok().map(|d| d.to_pg_epoch_days())
}

/// The purchases of a source, by day of the session's time zone.
fn purchases(source: Option<&str>, columns: [Option<&str>; 3], control: &Control) -> Result<Rows> {
    let source = given(source, "source")?;
    let [customer, time, amount] = columns;
    let (customer, time) = (given(customer, "customer")?, given(time, "event_time")?);
    let described = source::describe(source)?;
    check_names(&described.attributes)?;
    let find = |name: &str| find(name, &described.attributes);
    find(customer)?;
    let of_time = find(time)?;
    if !matches!(of_time.needed()?, Reader::Date | Reader::Timestamp | Reader::Timestamptz | Reader::Clock(_)) {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
            format!("column \"{}\" has type {}, not a date or a timestamp", of_time.name, of_time.type_name),
        )
        .hint("Cast it in the source, for example by orchard.parse_timestamp."));
    }
    let mut list = vec![
        format!("s.{}::pg_catalog.text AS customer", quote_identifier(customer)),
        format!("s.{}::pg_catalog.date AS day", quote_identifier(time)),
    ];
    if let Some(amount) = amount {
        let attribute = find(amount)?;
        if !is_number(attribute.needed()?) {
            return Err(not_numbers(attribute));
        }
        list.push(format!("s.{} AS amount", quote_identifier(amount)));
    }
    read_query(&format!("SELECT {} FROM ({}\n) AS s", list.join(", "), described.query), control)
}

/// Purchases as the engine takes them.
fn events(rows: &Rows, with_amount: bool, end: Option<i32>, control: &Control) -> Result<Events> {
    let (customer, day) = (data(rows, "customer")?, data(rows, "day")?);
    let amount = with_amount.then(|| data(rows, "amount")).transpose()?;
    let count = rows.table.rows;
    let found = interrupt::run("orchard.lifetime_value", control, || read(customer, day, amount, count, end, control))?;
    if found.left_out > 0 {
        let what =
            if with_amount { "a customer, a finite time or a finite amount" } else { "a customer or a finite time" };
        notice!("{} rows without {what} are left out", found.left_out);
    }
    if found.events.is_empty() {
        return Err(no_rows(
            "the source has no purchase",
            "Give a source with a row for each purchase, up to the end of the observation.",
        ));
    }
    Ok(found)
}

/// What is fitted.
struct Models {
    customers: Vec<Customer>,
    times: bgnbd::Fitted,
    spend: Option<spend::Fitted>,
}

fn fit(events: &Events, asked: &Asked, with_amount: bool, control: &Control) -> Result<Models> {
    let end = asked.end.unwrap_or(events.last_day);
    let models = interrupt::run("orchard.lifetime_value", control, || {
        let customers = customers(events, end, asked.period, control)?;
        let times = bgnbd::fit(&customers, asked.penalizer, control)?;
        let spend = if with_amount { spend::fit(&customers, control)? } else { None };
        Ok(Models { customers, times, spend })
    })?;
    if !models.times.converged || models.times.errors.iter().any(Option::is_none) {
        notice!("the likelihood of the purchases has no clear maximum: the parameters are not to be relied on, though the predictions may be; \"penalizer\": 0.01 holds them");
    }
    if with_amount && models.spend.is_none() {
        notice!(
            "fewer than ten customers came back and paid, or all paid the same: their mean is what is expected of all"
        );
    }
    Ok(models)
}

type Row = (String, i64, i64, f64, f64, f64, f64, f64, Option<f64>, Option<f64>, Option<f64>);

/// What customers are worth.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn lifetime_value(
    source: Option<&str>,
    customer: Option<&str>,
    event_time: Option<&str>,
    amount: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(customer_name, String),
        name!(purchases, i64),
        name!(frequency, i64),
        name!(recency, f64),
        name!(age, f64),
        name!(alive, f64),
        name!(churn, f64),
        name!(expected_purchases, f64),
        name!(mean_amount, Option<f64>),
        name!(expected_amount, Option<f64>),
        name!(value, Option<f64>),
    ),
> {
    let columns = [customer, event_time, amount];
    TableIterator::new(report(|| values(source, columns, options.as_ref().map(|o| &o.0))))
}

fn values(source: Option<&str>, columns: [Option<&str>; 3], options: Option<&Value>) -> Result<Vec<Row>> {
    let kept = kept_model(options)?;
    let asked = match &kept {
        None => Asked::parse(options, true)?,
        Some(body) => Asked::of(body, options)?,
    };
    let control = Control::new(settings::max_memory());
    let with_amount = columns[2].is_some();
    let rows = purchases(source, columns, &control)?;
    let events = events(&rows, with_amount, asked.end, &control)?;
    let (customers, times, amounts) = match kept {
        None => {
            let models = fit(&events, &asked, with_amount, &control)?;
            let amounts = model::amounts_of(models.spend.as_ref(), &models.customers, with_amount);
            (models.customers, models.times.parameters, amounts)
        }
        Some(body) => {
            let end = asked.end.unwrap_or(events.last_day);
            let known =
                interrupt::run("orchard.lifetime_value", &control, || customers(&events, end, asked.period, &control))?;
            (known, body.times, if with_amount { body.amounts } else { Amounts::None })
        }
    };
    if with_amount && amounts == Amounts::None {
        return Err(Failure::argument("the model was trained without amounts")
            .hint("Leave amount out, or train the model with the option \"value_column\"."));
    }
    let made = interrupt::run("orchard.lifetime_value", &control, || {
        // The rows of the answer, with their names.
        control.reserve(customers.len() * (std::mem::size_of::<Row>() + 32))?;
        let ahead = Ahead { horizon: asked.horizon, discount_rate: asked.discount_rate };
        worth(&customers, &times, amounts, ahead, &control)
    })?;
    let ColumnData::Category { dictionary, .. } = data(&rows, "customer")? else {
        return Err(Failure::internal("a text was read as a number"));
    };
    let name = |customer: u32| {
        let code = events.codes.get(customer as usize).copied().unwrap_or_default();
        String::from_utf8_lossy(dictionary.text(code)).into_owned()
    };
    Ok(customers
        .iter()
        .zip(made)
        .map(|(c, w)| {
            let own = (with_amount && c.frequency > 0).then_some(c.spend);
            let frequency = i64::from(c.frequency);
            (
                name(c.customer),
                i64::from(c.rows),
                frequency,
                c.recency,
                c.age,
                w.alive,
                1.0 - w.alive,
                w.purchases,
                own,
                w.amount,
                w.value,
            )
        })
        .collect())
}

/// The parameters of the models.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn lifetime_parameters(
    source: Option<&str>,
    customer: Option<&str>,
    event_time: Option<&str>,
    amount: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(model, &'static str),
        name!(parameter, &'static str),
        name!(value, f64),
        name!(standard_error, Option<f64>),
        name!(customers, i64),
    ),
> {
    let columns = [customer, event_time, amount];
    TableIterator::new(report(|| {
        let asked = Asked::parse(options.as_ref().map(|o| &o.0), false)?;
        let control = Control::new(settings::max_memory());
        let with_amount = amount.is_some();
        let rows = purchases(source, columns, &control)?;
        let events = events(&rows, with_amount, asked.end, &control)?;
        let models = fit(&events, &asked, with_amount, &control)?;
        let mut all = Vec::new();
        let times = &models.times;
        let count = models.customers.len() as i64;
        let named = bgnbd::Parameters::NAMES.iter().zip(times.parameters.values()).zip(times.errors);
        all.extend(named.map(|((name, value), error)| ("bg_nbd", *name, value, error, count)));
        all.push(("bg_nbd", "log_likelihood", times.log_likelihood, None, count));
        if let Some(spend) = &models.spend {
            let named = spend::Parameters::NAMES.iter().zip(spend.parameters.values()).zip(spend.errors);
            all.extend(
                named.map(|((name, value), error)| ("gamma_gamma", *name, value, error, spend.customers as i64)),
            );
        }
        Ok(all)
    }))
}

/// The options of `orchard.cohort_retention`.
const COHORT_OPTIONS: &[(&str, &str)] =
    &[("period", "day, week, month, quarter or year"), ("amount", "the name of a column of numbers")];

/// How many of a cohort come back.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn cohort_retention(
    source: Option<&str>,
    customer: Option<&str>,
    event_time: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(cohort, Date),
        name!(period_number, i32),
        name!(customers, i64),
        name!(active, i64),
        name!(retention, f64),
        name!(revenue, Option<f64>),
    ),
> {
    TableIterator::new(report(|| {
        let options = options.as_ref().map(|o| &o.0);
        let choices = Choices::new(options, COHORT_OPTIONS, "{\"period\": \"month\"}", USUAL)?;
        let period = choices.word("period", Period::parse)?.unwrap_or(Period::Month);
        let amount = choices.text("amount")?;
        let control = Control::new(settings::max_memory());
        let rows = purchases(source, [customer, event_time, amount], &control)?;
        let events = events(&rows, amount.is_some(), None, &control)?;
        let cells = interrupt::run("orchard.cohort_retention", &control, || {
            cohorts(&events, period, events.last_day, &control)
        })?;
        let row = |cell: &orchard_engine::lifetime::cohorts::Cell| {
            let share = cell.active as f64 / cell.customers as f64;
            let revenue = amount.map(|_| cell.revenue);
            let cohort = Date::saturating_from_raw(cell.cohort);
            (cohort, cell.number, cell.customers as i64, cell.active as i64, share, revenue)
        };
        Ok(cells.iter().map(row).collect::<Vec<_>>())
    }))
}

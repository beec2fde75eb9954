//! `orchard.allocate_budget`: how to share a budget out among campaigns.

use orchard_engine::control::Control;
use orchard_engine::decide::adstock::{fit_carried, in_order, Dated};
use orchard_engine::decide::budget::{allocate, fit, Campaign, Period, Response};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;
use rayon::prelude::*;
use serde_json::{Map, Value};

use super::asked::{data, numbers, text_at};
use super::attribute::days;
use super::choices::{Advice, Choices};
use super::judged::not_numbers;
use super::train::{check_names, find};
use crate::error::{given, report, Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Rows, Wanted};
use crate::{interrupt, settings};

/// The options, with their types in words.
const OPTIONS: [(&str, &str); 6] = [
    ("budget", "a number from 0 to 1e100"),
    ("minimum", "a number from 0 to 1e100, or an object of such numbers by campaign"),
    ("maximum", "a number from 0 to 1e100, or an object of such numbers by campaign"),
    ("reach", "a number from 1 to 1e100"),
    ("event_time", "the name of a column"),
    ("decay", DECAY),
];

/// What a decay may be.
pub(super) const DECAY: &str = "a number from 0 to 0.99, or an object of such numbers by campaign";

/// How many times the most that was ever spent on a campaign it may get, where no maximum is given.
const USUAL_REACH: f64 = 2.0;

/// More campaigns than this are refused.
const MOST_CAMPAIGNS: usize = 100_000;

type Row = (String, i64, f64, f64, f64, f64, f64, &'static str, Option<f64>);

/// Share a budget out.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn allocate_budget(
    source: Option<&str>,
    campaign: Option<&str>,
    spend: Option<&str>,
    outcome: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(campaign_name, String),
        name!(periods, i64),
        name!(current_spend, f64),
        name!(allocated_spend, f64),
        name!(current_outcome, f64),
        name!(expected_outcome, f64),
        name!(marginal, f64),
        name!(curve, &'static str),
        name!(r2, Option<f64>),
    ),
> {
    let options = options.as_ref().map(|o| &o.0);
    TableIterator::new(report(|| run(source, [campaign, spend, outcome], options)))
}

struct Options {
    budget: Option<f64>,
    minimum: Limits,
    maximum: Limits,
    reach: f64,
    /// The column of the time of a period; with it what was spent works on.
    event_time: Option<String>,
    decay: Limits,
}

/// A number of all campaigns, or of each.
pub(super) enum Limits {
    None,
    All(f64),
    Each(Map<String, Value>),
}

impl Limits {
    /// Those of an option, from 0 to `most`.
    pub(super) fn read(choices: &Choices<'_>, key: &str, most: f64) -> Result<Limits> {
        let limit = |value: &Value| value.as_f64().filter(|n| (0.0..=most).contains(n));
        let limits = choices.read(key, |value| match value {
            Value::Object(each) => each.values().all(|v| limit(v).is_some()).then(|| Limits::Each(each.clone())),
            value => limit(value).map(Limits::All),
        });
        Ok(limits?.unwrap_or(Limits::None))
    }

    /// The number of a campaign.
    pub(super) fn of(&self, campaign: &str) -> Option<f64> {
        match self {
            Limits::None => None,
            Limits::All(limit) => Some(*limit),
            Limits::Each(map) => map.get(campaign).and_then(Value::as_f64),
        }
    }

    /// An error where a campaign has a number and is not there.
    pub(super) fn check(&self, histories: &[History]) -> Result<()> {
        let Limits::Each(map) = self else { return Ok(()) };
        match map.keys().find(|key| histories.iter().all(|history| history.name != **key)) {
            None => Ok(()),
            Some(unknown) => Err(Failure::argument(format!("the source has no campaign \"{unknown}\""))
                .hint("Name campaigns as the source spells them.")),
        }
    }
}

impl Options {
    fn parse(options: Option<&Value>) -> Result<Options> {
        let advice =
            Advice::Hint("The budget is what all campaigns get in one period; without one it is what they get now.");
        let choices = Choices::new(options, &OPTIONS, r#"{"budget": 1000, "minimum": {"search": 100}}"#, advice)?;
        let event_time = choices.text("event_time")?.map(str::to_owned);
        let decay = Limits::read(&choices, "decay", MOST_DECAY)?;
        if event_time.is_none() && !matches!(decay, Limits::None) {
            return Err(Failure::argument("option \"decay\" needs \"event_time\"")
                .hint("Name the column of the time of each period: what was spent works on from one to the next."));
        }
        Ok(Options {
            budget: choices.number("budget", 0.0..=LARGEST)?,
            minimum: Limits::read(&choices, "minimum", LARGEST)?,
            maximum: Limits::read(&choices, "maximum", LARGEST)?,
            reach: choices.number("reach", 1.0..=LARGEST)?.unwrap_or(USUAL_REACH),
            event_time,
            decay,
        })
    }
}

/// The largest amount that is reckoned with: the squares of larger ones would be infinite.
const LARGEST: f64 = 1e100;

/// More of what works may not last from one period to the next.
pub(super) const MOST_DECAY: f64 = 0.99;

/// A campaign as it was.
pub(super) struct History {
    pub(super) name: String,
    /// In the order of their times where these were read.
    pub(super) periods: Vec<Dated>,
}

impl History {
    /// What was spent in a period on average.
    pub(super) fn mean(&self) -> f64 {
        self.periods.iter().map(|p| p.period.spend).sum::<f64>() / self.periods.len().max(1) as f64
    }

    /// The most that was spent in a period.
    pub(super) fn most(&self) -> f64 {
        self.periods.iter().map(|p| p.period.spend).fold(0.0, f64::max)
    }
}

/// The slope of a curve at a spend. That of a power at 0 is infinite, so it is asked for a little beyond.
pub(super) fn marginal(history: &History, response: &Response, spend: f64) -> f64 {
    response.slope(spend.max(history.most() * 1e-3).max(f64::MIN_POSITIVE))
}

fn run(source: Option<&str>, columns: [Option<&str>; 3], options: Option<&Value>) -> Result<Vec<Row>> {
    let source = given(source, "source")?;
    let [campaign, spend, outcome] = columns;
    let names = [given(campaign, "campaign")?, given(spend, "spend")?, given(outcome, "outcome")?];
    let options = Options::parse(options)?;
    let control = Control::new(settings::max_memory());
    let histories = read(source, names, options.event_time.as_deref(), &control)?;
    for limits in [&options.minimum, &options.maximum, &options.decay] {
        limits.check(&histories)?;
    }
    let (rows, notices) =
        interrupt::run("orchard.allocate_budget", &control, || Ok(share(&histories, &options, &control)))??;
    for notice in notices {
        notice!("{notice}");
    }
    Ok(rows)
}

/// Read the campaigns of a source: the columns of campaign, spend and outcome, and of the time of a period where it counts.
pub(super) fn read(source: &str, names: [&str; 3], time: Option<&str>, control: &Control) -> Result<Vec<History>> {
    let described = source::describe(source)?;
    let names: Vec<&str> = names.into_iter().chain(time).collect();
    choose(&described.attributes, &names)?;
    let unit = time.and_then(|time| described.attributes.iter().find(|a| a.name == time)).map(days).transpose()?;
    let columns: Vec<String> = names.iter().map(quote_identifier).collect();
    let (c, others) = (&columns[0], &columns[1..]);
    // The text of a date is what a reader knows it by.
    let query =
        format!("SELECT s.{c}::pg_catalog.text AS {c}, s.{} FROM ({}\n) AS s", others.join(", s."), described.query);
    let rows = source::read(&query, &mut |attributes| choose(attributes, &names), control)?;
    histories(&rows, &names, unit, control)
}

/// What each campaign gets.
fn share(histories: &[History], options: &Options, control: &Control) -> Result<(Vec<Row>, Vec<String>)> {
    let mut notices = Vec::new();
    let of = |history: &History| {
        control.check()?;
        match options.event_time {
            None => {
                let mut periods: Vec<Period> = control.vec(history.periods.len())?;
                periods.extend(history.periods.iter().map(|p| p.period));
                let found = fit(&periods, control);
                control.release_vec(periods);
                found
            }
            Some(_) => {
                let carried = fit_carried(&history.periods, options.decay.of(&history.name), control)?;
                Ok(carried.map(|carried| carried.response))
            }
        }
    };
    let responses = histories.par_iter().map(of).collect::<orchard_engine::Result<Vec<Option<Response>>>>()?;
    let known: Vec<(&History, Response)> =
        histories.iter().zip(responses).filter_map(|(history, response)| Some((history, response?))).collect();
    if known.is_empty() {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_DATA_EXCEPTION,
            "no campaign has a period with a spend and an outcome",
        )
        .hint("Give a source with a row for each campaign and period."));
    }
    let campaigns: Vec<Campaign> = known
        .iter()
        .map(|(history, response)| {
            let minimum = options.minimum.of(&history.name).unwrap_or(0.0);
            // Where nothing tells what more money would bring, no more is spent than was.
            let reach = if response.assumed { 1.0 } else { options.reach };
            let usual = (history.most() * reach).max(minimum);
            let maximum = options.maximum.of(&history.name).unwrap_or(usual);
            Campaign { response: *response, minimum, maximum }
        })
        .collect();
    if let Some(at) = campaigns.iter().position(|c| c.minimum > c.maximum) {
        return Err(Failure::argument(format!("campaign \"{}\" has a minimum above its maximum", known[at].0.name))
            .hint("Lower the one or raise the other."));
    }
    let assumed = known.iter().filter(|(history, response)| response.assumed && history.most() > 0.0).count();
    if assumed > 0 {
        notices.push(format!("the spending of {assumed} campaigns hardly differs, so what more money brings is assumed (its square root), and they get no more than they had"));
    }
    let now: f64 = known.iter().map(|(history, _)| history.mean()).sum();
    let budget = options.budget.unwrap_or(now);
    let least: f64 = campaigns.iter().map(|c| c.minimum).sum();
    if least > budget * (1.0 + 1e-12) {
        return Err(Failure::argument("the minima of the campaigns exceed the budget")
            .detail(format!("They sum up to {least}, the budget is {budget}."))
            .hint("Lower them, or raise the budget."));
    }
    let shares = allocate(&campaigns, budget, control)?;
    let mut rows: Vec<Row> = known
        .iter()
        .zip(&shares)
        .map(|((history, response), share)| {
            (
                history.name.clone(),
                history.periods.len() as i64,
                history.mean(),
                *share,
                response.at(history.mean()),
                response.at(*share),
                marginal(history, response, *share),
                response.shape.name(),
                response.r2,
            )
        })
        .collect();
    rows.sort_by(|a, b| b.3.total_cmp(&a.3).then_with(|| a.0.cmp(&b.0)));
    Ok((rows, notices))
}

/// Read the columns of campaign, spend and outcome, and of the time if it is there.
fn choose(attributes: &[Attribute], names: &[&str]) -> Result<Vec<Option<Wanted>>> {
    check_names(attributes)?;
    for (i, name) in names.iter().enumerate() {
        let attribute = find(name, attributes)?;
        if names[..i].contains(name) {
            let hint = match i {
                3 => "Campaign, spend, outcome and the time of a period are columns of their own.",
                _ => "Campaign, spend and outcome are three columns.",
            };
            return Err(Failure::argument(format!("column \"{name}\" is named twice")).hint(hint));
        }
        let reader = attribute.needed()?;
        if (i == 1 || i == 2) && !is_number(reader) {
            return Err(not_numbers(attribute));
        }
    }
    let wanted = |a: &Attribute| match names.iter().position(|name| *name == a.name) {
        Some(at) => a.needed().map(|reader| Some(Wanted { reader, number: at > 0 })),
        None => Ok(None),
    };
    attributes.iter().map(wanted).collect()
}

/// Whether a type's values are numbers.
pub(super) fn is_number(reader: Reader) -> bool {
    matches!(reader, Reader::Int2 | Reader::Int4 | Reader::Int8 | Reader::Float4 | Reader::Float8 | Reader::Numeric)
}

/// The periods of each campaign, in an order that does not depend on that of the rows.
fn histories(rows: &Rows, names: &[&str], unit: Option<f64>, control: &Control) -> Result<Vec<History>> {
    let (campaigns, spends, outcomes) = (data(rows, names[0])?, numbers(rows, names[1])?, numbers(rows, names[2])?);
    let times = unit.map(|unit| Ok::<_, Failure>((numbers(rows, names[3])?, unit))).transpose()?;
    let mut all: std::collections::BTreeMap<String, Vec<Dated>> = std::collections::BTreeMap::new();
    let mut without = 0u64;
    for row in 0..rows.table.rows {
        if row % 65_536 == 0 {
            control.check()?;
        }
        let name = text_at(campaigns, row);
        let period = Period { spend: spends.get(row), outcome: outcomes.get(row) };
        let time = times.map_or(0.0, |(times, unit)| times.get(row) / unit + 0.0);
        let usable = (0.0..=LARGEST).contains(&period.spend) && period.outcome.abs() <= LARGEST && time.is_finite();
        match name.filter(|_| usable) {
            Some(name) => {
                if all.len() >= MOST_CAMPAIGNS && !all.contains_key(&name) {
                    return Err(Failure::argument(format!("the source has more than {MOST_CAMPAIGNS} campaigns"))
                        .hint("Group them in the source."));
                }
                let own = all.entry(name).or_default();
                control.room(own, 1)?;
                own.push(Dated { time, period });
            }
            None => without += 1,
        }
    }
    if without > 0 {
        let time = if times.is_some() { ", a time" } else { "" };
        notice!("{without} rows without a campaign{time}, a spend of 0 or more or an outcome are left out");
    }
    let history = |(name, mut periods): (String, Vec<Dated>)| {
        match unit {
            Some(_) => periods = in_order(periods),
            None => periods.sort_by(|a, b| {
                let (a, b) = (a.period, b.period);
                a.spend.total_cmp(&b.spend).then(a.outcome.total_cmp(&b.outcome))
            }),
        }
        History { name, periods }
    };
    Ok(all.into_iter().map(history).collect())
}

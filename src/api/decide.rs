//! `orchard.best_action`: which offers to make to whom.

mod apart;
mod pairs;
mod sides;

use orchard_engine::control::Control;
use orchard_engine::decide::{self, Problem};
use orchard_engine::model::Task;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::JsonB;
use serde_json::Value;

use pairs::Pairs;
use sides::Sides;

use super::amount::Amount;
use super::choices::{Advice, Choices};
use crate::catalog::{self, cache, store};
use crate::error::{given, report, Failure, Result};
use crate::{interrupt, settings};

/// The options of `orchard.best_action`, with their types in words.
const OPTIONS: [(&str, &str); 7] = [
    ("value", "a number or the name of a column"),
    ("cost", "a number or the name of a column"),
    ("capacity", "a whole number or the name of a column of the candidates"),
    ("budget", "a number of at least 0"),
    ("top", "a whole number of at least 1"),
    ("key", "an array of columns of the source"),
    ("candidate_key", "an array of columns of the candidates"),
];

/// More offers a row than this are refused.
const MOST_OFFERS: u64 = 100_000;

type Row = (JsonB, JsonB, f64, f64, f64, i32);

/// The offers that earn most.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn best_action(
    model: Option<&str>,
    source: Option<&str>,
    candidates: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(key, JsonB),
        name!(candidate, JsonB),
        name!(score, f64),
        name!(expected_profit, f64),
        name!(cost, f64),
        name!(rank, i32),
    ),
> {
    let options = options.as_ref().map(|o| &o.0);
    TableIterator::new(report(|| run(model, source, candidates, options)))
}

fn run(
    model: Option<&str>,
    source: Option<&str>,
    candidates: Option<&str>,
    options: Option<&Value>,
) -> Result<Vec<Row>> {
    let found = catalog::of_argument(model)?;
    let (source, candidates) = (given(source, "source")?, given(candidates, "candidates")?);
    let scorer = cache::deployed(&found)?;
    match &scorer.model().task {
        Task::Clustering | Task::Anomaly | Task::Reduction | Task::Recommendation | Task::Forecast | Task::Lifetime => {
            return Err(Failure::argument("a model without a target predicts nothing that an offer could earn")
                .hint("Name a model of two classes, or one that predicts an amount."))
        }
        Task::Classification { classes, .. } if classes.len() > 2 => {
            return Err(Failure::argument("a model of more than two classes has no one probability of success")
                .hint("Train a model of whether an offer succeeds, with the offer among the features."))
        }
        _ => {}
    }
    let options = Options::parse(options)?;
    let treatment = match scorer.model().task {
        Task::Uplift { .. } => store::options(&found.deployed()?)?["treatment"].as_str().map(str::to_owned),
        _ => None,
    };
    let sides = Sides::new(source, candidates, (scorer.model(), treatment), &options)?;
    let control = Control::new(settings::max_memory());
    let pairs = match scorer.model().cleaning {
        None => apart::read(&sides, &scorer, &options, &control)?,
        Some(_) if sides.treatment.is_some() => {
            return Err(Failure::argument("a model of uplift that cleans its columns cannot choose among candidates")
                .hint("Clean the source by orchard.clean, train on that, and give it here."))
        }
        // What it makes of a row may need columns of both sides.
        Some(_) => Pairs::together(&sides.query(&found, &options), &control)?,
    };
    let per_row = options.top;
    let assignment = interrupt::run("orchard.best_action", &control, || {
        let problem = Problem {
            offers: pairs.offers.len(),
            profit: &pairs.profit,
            cost: &pairs.cost,
            capacity: &pairs.capacity,
            budget: options.budget,
            per_row,
        };
        decide::assign(&problem, &control)
    })?;
    let more = match assignment.profit > 0.0 {
        true => format!(" ({:.2} % more)", 100.0 * (assignment.bound / assignment.profit - 1.0).max(0.0)),
        false => String::new(),
    };
    notice!(
        "{} offers are expected to earn {:.2} and cost {:.2}; no choice earns more than {:.2}{more}",
        assignment.choices.len(),
        // No offer earns 0, which may have a sign.
        assignment.profit + 0.0,
        assignment.cost,
        assignment.bound + 0.0,
    );
    let mut made = Vec::with_capacity(assignment.choices.len());
    let (mut before, mut rank) = (u32::MAX, 0);
    for choice in assignment.choices {
        rank = if choice.row == before { rank + 1 } else { 1 };
        before = choice.row;
        let at = choice.row as usize * pairs.offers.len() + choice.offer as usize;
        let json = |text: &str| JsonB(serde_json::from_str(text).unwrap_or(Value::Null));
        let (key, offer) = (&pairs.keys[choice.row as usize], &pairs.offers[choice.offer as usize]);
        made.push((json(key), json(offer), pairs.score[at], pairs.profit[at], pairs.cost[at], rank));
    }
    Ok(made)
}

struct Options {
    value: Amount,
    cost: Amount,
    capacity: Option<Amount>,
    budget: Option<f64>,
    top: usize,
    key: Option<Vec<String>>,
    candidate_key: Option<Vec<String>>,
}

impl Options {
    fn parse(options: Option<&Value>) -> Result<Options> {
        let advice = Advice::Hint(
            "What is not given is 1 for the value, 0 for the cost, 1 for top, and no limit for the others.",
        );
        let choices = Choices::new(options, &OPTIONS, r#"{"value": 40, "cost": "price", "budget": 1000}"#, advice)?;
        let amount = |key: &str| choices.read(key, Amount::read);
        let capacity = amount("capacity")?;
        if matches!(&capacity, Some(Amount::Flat(n)) if *n < 0.0 || n.fract() != 0.0) {
            return Err(choices.wrong("capacity"));
        }
        let cost = amount("cost")?.unwrap_or(Amount::Flat(0.0));
        if matches!(&cost, Amount::Flat(n) if *n < 0.0) {
            return Err(negative_cost());
        }
        Ok(Options {
            value: amount("value")?.unwrap_or(Amount::Flat(1.0)),
            cost,
            capacity,
            budget: choices.number_if("budget", |b| b >= 0.0 && b.is_finite())?,
            top: choices.integer("top", 1..=MOST_OFFERS)?.unwrap_or(1) as usize,
            key: choices.columns("key")?,
            candidate_key: choices.columns("candidate_key")?,
        })
    }
}

fn negative_cost() -> Failure {
    Failure::argument("a cost must not be negative").hint("Add what an offer brings in any case to its value.")
}

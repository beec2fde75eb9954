//! `orchard.best_action`: which offers to make to whom.

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, MISSING};
use orchard_engine::decide::{self, Problem};
use orchard_engine::model::{Model, Task};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;
use pgrx::JsonB;
use serde_json::{Map, Value};

use super::amount::Amount;
use super::score::{call, key_object, naming};
use super::train::{check_names, no_column};
use crate::catalog::name::ModelName;
use crate::catalog::{self, cache, Found};
use crate::error::{given, report, Failure, Result};
use crate::source::{self, Attribute, Described, Rows, Wanted};
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
    let options = options.map_or_else(|| Value::Object(Map::new()), |o| o.0);
    TableIterator::new(report(|| run(model, source, candidates, &options)))
}

fn run(model: Option<&str>, source: Option<&str>, candidates: Option<&str>, options: &Value) -> Result<Vec<Row>> {
    let found = catalog::find(&ModelName::parse(given(model, "model")?)?)?;
    let (source, candidates) = (given(source, "source")?, given(candidates, "candidates")?);
    let scorer = cache::deployed(&found)?;
    match &scorer.model().task {
        Task::Clustering => {
            return Err(Failure::argument("a clustering predicts nothing that an offer could earn")
                .hint("Name a model of two classes, or one that predicts an amount."))
        }
        Task::Classification { classes, .. } if classes.len() > 2 => {
            return Err(Failure::argument("a model of more than two classes has no one probability of success")
                .hint("Train a model of whether an offer succeeds, with the offer among the features."))
        }
        _ => {}
    }
    let options = Options::parse(options)?;
    let sides = Sides::new(source, candidates, scorer.model(), &options)?;
    let control = Control::new(settings::max_memory());
    let rows = source::read(&sides.query(&found, &options), &mut choose, &control)?;
    let pairs = Pairs::of(&rows, &control)?;
    drop(rows);
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
    notice!(
        "{} offers are expected to earn {:.2} and cost {:.2}; no choice earns more than {:.2} ({:.2} % more)",
        assignment.choices.len(),
        assignment.profit,
        assignment.cost,
        assignment.bound,
        100.0 * assignment.gap()
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
    fn parse(options: &Value) -> Result<Options> {
        let names = || OPTIONS.map(|o| o.0).join(", ");
        let Value::Object(map) = options else {
            return Err(Failure::argument("options must be a JSON object")
                .hint("Write for example '{\"value\": 40, \"cost\": \"price\", \"budget\": 1000}'."));
        };
        if let Some(key) = map.keys().find(|key| OPTIONS.iter().all(|o| o.0 != *key)) {
            return Err(Failure::argument(format!("unrecognized option \"{key}\""))
                .hint(format!("Valid options are {}.", names())));
        }
        let wrong = |key: &str| {
            let must = OPTIONS.iter().find(|o| o.0 == key).map_or("", |o| o.1);
            Failure::argument(format!("option \"{key}\" must be {must}"))
                .hint("What is not given is 1 for the value, 0 for the cost, 1 for top, and no limit for the others.")
        };
        let value = |key: &str| map.get(key).filter(|v| !v.is_null());
        let amount = |key: &str| value(key).map(|v| Amount::read(v).ok_or_else(|| wrong(key))).transpose();
        let names_of = |key: &str| match value(key) {
            None => Ok(None),
            Some(Value::Array(list)) if !list.is_empty() => {
                let names = list.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
                names.map(Some).ok_or_else(|| wrong(key))
            }
            Some(_) => Err(wrong(key)),
        };
        let capacity = amount("capacity")?;
        if matches!(&capacity, Some(Amount::Flat(n)) if *n < 0.0 || n.fract() != 0.0) {
            return Err(wrong("capacity"));
        }
        let cost = amount("cost")?.unwrap_or(Amount::Flat(0.0));
        if matches!(&cost, Amount::Flat(n) if *n < 0.0) {
            return Err(negative_cost());
        }
        let budget = match value("budget") {
            None => None,
            Some(v) => Some(v.as_f64().filter(|b| *b >= 0.0 && b.is_finite()).ok_or_else(|| wrong("budget"))?),
        };
        let top = match value("top") {
            None => 1,
            Some(v) => v.as_u64().filter(|n| (1..=MOST_OFFERS).contains(n)).ok_or_else(|| wrong("top"))?,
        };
        Ok(Options {
            value: amount("value")?.unwrap_or(Amount::Flat(1.0)),
            cost,
            capacity,
            budget,
            top: top as usize,
            key: names_of("key")?,
            candidate_key: names_of("candidate_key")?,
        })
    }
}

fn negative_cost() -> Failure {
    Failure::argument("a cost must not be negative").hint("Add what an offer brings in any case to its value.")
}

/// Source and candidates, and which of them has each column of the model.
struct Sides {
    source: Described,
    candidates: Described,
    /// Each column of the model, and whether the candidates have it.
    inputs: Vec<(String, bool)>,
    key: Vec<String>,
    candidate_key: Vec<String>,
}

impl Sides {
    fn new(source: &str, candidates: &str, model: &Model, options: &Options) -> Result<Sides> {
        let (source, candidates) = (source::describe(source)?, source::describe(candidates)?);
        check_names(&source.attributes)?;
        check_names(&candidates.attributes)?;
        let has = |side: &Described, name: &str| side.attributes.iter().any(|a| a.name == name);
        let input = |name: &str| match (has(&source, name), has(&candidates, name)) {
            (true, true) => Err(Failure::argument(format!("source and candidates both have the column \"{name}\""))
                .hint("Leave it out of one of them, or rename it there: column AS name.")),
            (false, false) => Err(Failure::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("neither source nor candidates have the column \"{name}\", which the model reads"),
            )
            .hint("Add it in a query: SELECT ..., expression AS name FROM ...")),
            (_, candidate) => Ok((name.to_owned(), candidate)),
        };
        let inputs: Vec<(String, bool)> = model.arguments().iter().map(|a| input(a.name())).collect::<Result<_>>()?;
        for amount in [&options.value, &options.cost] {
            if let Some(name) = amount.column() {
                input(name).map_err(|e| match has(&source, name) {
                    true => e,
                    false => no_column(name, &[source.attributes.as_slice(), &candidates.attributes].concat()),
                })?;
            }
        }
        if let Some(Amount::Column(name)) = &options.capacity {
            if !has(&candidates, name) {
                return Err(no_column(name, &candidates.attributes));
            }
        }
        let key = keys(&source, options.key.as_deref(), &inputs, false)?;
        let candidate_key = keys(&candidates, options.candidate_key.as_deref(), &inputs, true)?;
        Ok(Sides { source, candidates, inputs, key, candidate_key })
    }

    /// The query of all pairs: the places of row and candidate, their keys with the first pair of each, score, value, cost and capacity.
    fn query(&self, found: &Found, options: &Options) -> String {
        let taken = |name: &str| {
            let all = self.source.attributes.iter().chain(&self.candidates.attributes);
            all.map(|a| a.name.as_str()).any(|n| n == name)
        };
        let free = |start: &str| {
            let mut name = start.to_owned();
            while taken(&name) {
                name.push('_');
            }
            name
        };
        let place = quote_identifier(free("place"));
        let column =
            |name: &str, candidate: bool| format!("{}.{}", if candidate { "c" } else { "s" }, quote_identifier(name));
        let side_of = |name: &str| self.candidates.attributes.iter().any(|a| a.name == name);
        let amount = |amount: &Amount| match amount {
            Amount::Flat(number) => format!("{number:?}::pg_catalog.float8"),
            Amount::Column(name) => format!("{}::pg_catalog.float8", column(name, side_of(name))),
        };
        let capacity = match &options.capacity {
            None => "NULL::pg_catalog.float8".to_owned(),
            Some(Amount::Flat(number)) => format!("{number:?}::pg_catalog.float8"),
            Some(Amount::Column(name)) => format!("{}::pg_catalog.float8", column(name, true)),
        };
        let helpers =
            ["row_place", "offer_place", "row_key", "offer_key", "offer_value", "offer_cost", "offer_capacity"]
                .map(|name| quote_identifier(free(name)));
        let key = |alias: &str, names: &[String], first: &str| {
            let object = key_object(alias, names);
            format!("CASE WHEN {first}.{place} OPERATOR(pg_catalog.=) 1 THEN ({object})::pg_catalog.text END")
        };
        let made = [
            format!("s.{place}"),
            format!("c.{place}"),
            key("s", &self.key, "c"),
            key("c", &self.candidate_key, "s"),
            amount(&options.value),
            amount(&options.cost),
            capacity,
        ];
        let inputs = self
            .inputs
            .iter()
            .map(|(name, candidate)| format!("{} AS {}", column(name, *candidate), quote_identifier(name)));
        let columns: Vec<String> =
            inputs.chain(made.iter().zip(&helpers).map(|(sql, name)| format!("{sql} AS {name}"))).collect();
        let arguments: Vec<String> = self.inputs.iter().map(|i| format!("r.{}", quote_identifier(&i.0))).collect();
        let score = call(found, "number", &arguments, "r");
        let shown: Vec<String> = helpers.iter().map(|name| format!("r.{name}")).collect();
        let numbered =
            |query: &str| format!("(SELECT x.*, pg_catalog.row_number() OVER () AS {place} FROM ({query}\n) AS x)");
        format!(
            "WITH s AS MATERIALIZED {}, c AS MATERIALIZED {} SELECT {}, {score} AS score FROM (SELECT {} FROM s CROSS JOIN c) AS r",
            numbered(&self.source.query),
            numbered(&self.candidates.query),
            shown.join(", "),
            columns.join(", ")
        )
    }
}

/// The columns that name a row of a side; all of them where the model reads all.
fn keys(side: &Described, asked: Option<&[String]>, inputs: &[(String, bool)], candidate: bool) -> Result<Vec<String>> {
    let is_read = |name: &str| inputs.iter().any(|input| input.0 == name && input.1 == candidate);
    let found = naming(asked.map(<[String]>::to_vec), side, is_read)?;
    match found.is_empty() {
        true => Ok(side.attributes.iter().map(|a| a.name.clone()).collect()),
        false => Ok(found),
    }
}

fn choose(attributes: &[Attribute]) -> Result<Vec<Option<Wanted>>> {
    attributes.iter().map(|a| a.readable().map(|reader| Some(Wanted { reader, number: true }))).collect()
}

/// All pairs, the offers of a row side by side.
struct Pairs {
    keys: Vec<String>,
    offers: Vec<String>,
    capacity: Vec<Option<u64>>,
    score: Vec<f64>,
    profit: Vec<f64>,
    cost: Vec<f64>,
}

impl Pairs {
    fn of(rows: &Rows, control: &Control) -> Result<Pairs> {
        let column = |i: usize| rows.columns.get(i).map(|c| &rows.table.columns[c.first].data);
        let numbers = |i: usize| match column(i) {
            Some(ColumnData::Number(values)) => Ok(values),
            _ => Err(Failure::internal("a column of pairs was read as texts")),
        };
        let text = |i: usize, row: usize| match column(i) {
            Some(ColumnData::Category { codes, dictionary }) if codes.get(row) != MISSING => {
                Some(String::from_utf8_lossy(dictionary.text(codes.get(row))).into_owned())
            }
            _ => None,
        };
        let (row_of, offer_of) = (numbers(0)?, numbers(1)?);
        let (values, costs, capacities, scores) = (numbers(4)?, numbers(5)?, numbers(6)?, numbers(7)?);
        let most = |places: &orchard_engine::data::Numbers| places.iter().fold(0.0, f64::max) as usize;
        let (count, offers) = (most(row_of), most(offer_of));
        let mut pairs = Pairs {
            keys: vec![String::new(); count],
            offers: vec![String::new(); offers],
            capacity: vec![None; offers],
            score: control.filled(count * offers, f64::NAN)?,
            profit: control.filled(count * offers, f64::NAN)?,
            cost: control.filled(count * offers, 0.0)?,
        };
        for i in 0..rows.table.rows {
            let (row, offer) = (row_of.get(i) as usize - 1, offer_of.get(i) as usize - 1);
            let at = row * offers + offer;
            let (value, cost) = (values.get(i), costs.get(i));
            if cost < 0.0 {
                return Err(negative_cost());
            }
            pairs.score[at] = scores.get(i);
            // What has no value or cost is not offered.
            pairs.profit[at] = scores.get(i) * value - cost;
            pairs.cost[at] = if cost.is_nan() { 0.0 } else { cost };
            if row == 0 {
                let capacity = capacities.get(i);
                pairs.capacity[offer] = (!capacity.is_nan()).then(|| capacity.max(0.0) as u64);
                pairs.offers[offer] = text(3, i).unwrap_or_default();
            }
            if offer == 0 {
                pairs.keys[row] = text(2, i).unwrap_or_default();
            }
        }
        Ok(pairs)
    }
}

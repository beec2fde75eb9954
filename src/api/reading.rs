//! `orchard.rules`, `tree_diagram`, `to_sql` and `to_pmml`: what a model has learned, to be read, drawn and run elsewhere.

use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::judge::read::{self, sql, Format, Rule, Telling, Words};
use orchard_engine::model::{Argument, InputKind, Model};
use orchard_engine::score::Scorer;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use crate::catalog::{self, cache, relations, store, Found};
use crate::error::{report, Failure, Result};
use crate::source::clock;
use crate::{interrupt, settings};

/// The deepest tree that is drawn.
const DEEPEST: i32 = 12;

/// A tree of a model as text, a row a node.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn rules(
    model: Option<&str>,
    tree: Option<i32>,
    class: Option<&str>,
    max_depth: Option<i32>,
    levels: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(line, String),
        name!(node, i32),
        name!(parent, Option<i32>),
        name!(depth, i32),
        name!(leaf, bool),
        name!(condition, String),
        name!(rule, String),
        name!(rows, Option<i64>),
        name!(share, Option<f64>),
        name!(value, f64),
        name!(label, Option<String>),
        name!(classes, Option<pgrx::JsonB>),
    ),
> {
    let all = report(|| {
        let (found, scorer) = open(model)?;
        let depth = match max_depth {
            Some(depth) => {
                usize::try_from(depth).map_err(|_| Failure::argument("max_depth must not be negative").hint(ALL))?
            }
            None => usize::MAX,
        };
        let (words, target) = (words(scorer.model(), levels)?, target(&found)?);
        let (scorer, tree, control): (&Scorer, i32, _) =
            (&scorer, tree.unwrap_or(1), Control::new(settings::max_memory()));
        let telling = Telling { tree, class, max_depth: depth, words, target: &target };
        let read = || read::rules(scorer, &telling, &control);
        interrupt::run("orchard.rules", &control, read)
    });
    TableIterator::new(all.into_iter().map(|rule| {
        let Rule { line, node, parent, depth, leaf, condition, rule, rows, share, value, label, classes, .. } = rule;
        let parent = (parent > 0).then_some(parent);
        (line, node, parent, depth, leaf, condition, rule, rows, share, value, label, classes.map(pgrx::JsonB))
    }))
}

/// What to do for a whole tree.
const ALL: &str = "Give NULL for the whole tree.";

/// A tree of a model as a drawing.
#[pg_extern(sql = false)]
fn tree_diagram(
    model: Option<&str>,
    tree: Option<i32>,
    format: Option<&str>,
    max_depth: Option<i32>,
    class: Option<&str>,
    levels: Option<i32>,
) -> String {
    report(|| {
        let (found, scorer) = open(model)?;
        let format = match format.unwrap_or("svg") {
            "svg" => Format::Svg,
            "dot" => Format::Dot,
            other => {
                return Err(Failure::argument(format!("unknown format \"{other}\""))
                    .hint("Valid formats are svg, which browsers show, and dot, which Graphviz draws."))
            }
        };
        let depth = match max_depth.unwrap_or(4) {
            depth @ 0..=DEEPEST => depth as usize,
            _ => {
                return Err(Failure::argument(format!("max_depth must be between 0 and {DEEPEST}"))
                    .hint("orchard.rules tells the whole tree."))
            }
        };
        let (words, target) = (words(scorer.model(), levels)?, target(&found)?);
        let (scorer, tree, control): (&Scorer, i32, _) =
            (&scorer, tree.unwrap_or(1), Control::new(settings::max_memory()));
        let telling = Telling { tree, class, max_depth: depth, words, target: &target };
        let draw = || read::diagram(scorer, &telling, format, &control);
        interrupt::run("orchard.tree_diagram", &control, draw)
    })
}

/// A model as an expression of plain SQL.
#[pg_extern(sql = false)]
fn to_sql(model: Option<&str>, class: Option<&str>, alias: Option<&str>, cleaned: Option<bool>) -> String {
    report(|| {
        let (found, scorer) = open(model)?;
        check_zones(scorer.model())?;
        let cleaned = cleaned.unwrap_or(false) && scorer.model().cleaning.is_some();
        let columns = columns(&found, scorer.model(), alias, cleaned)?;
        let (scorer, control): (&Scorer, _) = (&scorer, Control::new(settings::max_memory()));
        let request = sql::Request { class, columns: &columns, cleaned, quote: sql::quoted };
        let text = interrupt::run("orchard.to_sql", &control, || sql::expression(scorer, &request, &control))?;
        if text.len() >= LONG {
            notice!(
                "the expression has {:.1} MB: run it with SET jit = off, as compiling it takes minutes and gigabytes and cannot be cancelled",
                text.len() as f64 / 1e6
            );
        }
        Ok(text)
    })
}

/// Bytes of an expression whose compiling by PostgreSQL's JIT is warned of.
const LONG: usize = 1_000_000;

/// A model as PMML.
#[pg_extern(sql = false)]
fn to_pmml(model: Option<&str>, cleaned: Option<bool>) -> String {
    report(|| {
        let (found, scorer) = open(model)?;
        let (target, cleaned) = (target(&found)?, cleaned.unwrap_or(false));
        let name = found.row.name.clone();
        let (scorer, control): (&Scorer, _) = (&scorer, Control::new(settings::max_memory()));
        interrupt::run("orchard.to_pmml", &control, || read::pmml(scorer, &name, &target, cleaned, &control))
    })
}

/// A model that the caller may use.
fn open(model: Option<&str>) -> Result<(Found, Rc<Scorer>)> {
    let found = catalog::of_argument(model)?;
    let scorer = cache::deployed(&found)?;
    Ok((found, scorer))
}

/// The name of what a model predicts.
fn target(found: &Found) -> Result<String> {
    let usual = cache::deployed(found)?.model().task.prediction();
    Ok(store::target(&found.deployed()?)?.unwrap_or_else(|| usual.to_owned()))
}

fn words(model: &Model, levels: Option<i32>) -> Result<Words<'_>> {
    match levels.unwrap_or(5) {
        levels @ 1..=10_000 => Ok(Words { model, levels: levels as usize, isolated: false }),
        _ => Err(Failure::argument("levels must be between 1 and 10000")
            .hint("It is how many levels are named in a condition.")),
    }
}

/// The columns of a row as SQL names them.
fn columns(found: &Found, model: &Model, alias: Option<&str>, cleaned: bool) -> Result<Vec<sql::Column>> {
    let prefix = alias.map_or_else(String::new, |alias| format!("{}.", quote_identifier(alias)));
    let column = |name: &str, numeric| sql::Column { text: format!("{prefix}{}", quote_identifier(name)), numeric };
    if cleaned {
        return Ok(model.inputs.iter().map(|input| column(&input.name, false)).collect());
    }
    let types = relations::arguments(&found.row.id)?.unwrap_or_default();
    let arguments = model.arguments();
    let is_one_each = types.len() == arguments.len();
    let numeric = |at: usize, argument: &Argument<'_>| {
        argument.kind() == InputKind::Category && is_one_each && types.get(at) == Some(&pg_sys::NUMERICOID)
    };
    Ok(arguments.iter().enumerate().map(|(at, argument)| column(argument.name(), numeric(at, argument))).collect())
}

/// The zones of the model's columns must mean the same in SQL.
fn check_zones(model: &Model) -> Result<()> {
    let of_inputs = model.inputs.iter().filter_map(|input| model.zone(input));
    let of_columns = model.cleaning.iter().flat_map(|c| &c.columns).filter_map(|column| column.zone.as_deref());
    of_inputs.chain(of_columns).try_for_each(clock::check_in_sql)
}

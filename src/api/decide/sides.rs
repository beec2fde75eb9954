//! Source and candidates of an assignment.

use orchard_engine::model::Model;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use super::{Amount, Options};
use crate::api::budget::is_number;
use crate::api::judged::not_numbers;
use crate::api::score::{call, key_object, naming};
use crate::api::train::{check_names, no_column};
use crate::catalog::Found;
use crate::error::{Failure, Result};
use crate::source::{self, Described};

/// Source and candidates, and which of them has each column of the model.
pub(super) struct Sides {
    pub source: Described,
    pub candidates: Described,
    /// Each column of the model, and whether the candidates have it.
    pub inputs: Vec<(String, bool)>,
    pub key: Vec<String>,
    pub candidate_key: Vec<String>,
    /// Of a model of uplift, the column of the candidates that says which treatment each is.
    pub treatment: Option<String>,
}

impl Sides {
    pub fn new(
        source: &str,
        candidates: &str,
        (model, treatment): (&Model, Option<String>),
        options: &Options,
    ) -> Result<Sides> {
        let (source, candidates) = (source::describe(source)?, source::describe(candidates)?);
        check_names(&source.attributes)?;
        check_names(&candidates.attributes)?;
        let has = |side: &Described, name: &str| side.attributes.iter().any(|a| a.name == name);
        let input = |name: &str| match (has(&source, name), has(&candidates, name)) {
            (true, true) => Err(in_both(name)),
            (false, false) => Err(Failure::new(
                PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                format!("neither source nor candidates have the column \"{name}\", which the model reads"),
            )
            .hint("Add it in a query: SELECT ..., expression AS name FROM ...")),
            (_, candidate) => Ok((name.to_owned(), candidate)),
        };
        let inputs: Vec<(String, bool)> = model.arguments().iter().map(|a| input(a.name())).collect::<Result<_>>()?;
        if let Some(name) = &treatment {
            if !has(&candidates, name) {
                return Err(Failure::new(
                    PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
                    format!("the candidates have no column \"{name}\", which says which treatment each is"),
                )
                .hint("Names keep their case: write them as the model was trained."));
            }
            if let Some((name, _)) = inputs.iter().find(|(_, of_candidates)| *of_candidates) {
                return Err(Failure::argument(format!("column \"{name}\", which the model reads, is one of the candidates"))
                    .hint("What a treatment changes is predicted from the columns of the source: rename it in the candidates."));
            }
        }
        let number = |side: &Described, name: &str| match side.attributes.iter().find(|a| a.name == name) {
            Some(attribute) if !attribute.reader.is_some_and(is_number) => Err(not_numbers(attribute)),
            found => Ok(found.is_some()),
        };
        for amount in [&options.value, &options.cost] {
            let Some(name) = amount.column() else { continue };
            match (number(&source, name)?, number(&candidates, name)?) {
                (true, true) => return Err(in_both(name)),
                (false, false) => return Err(in_neither(name, &source, &candidates)),
                _ => {}
            }
        }
        if let Some(Amount::Column(name)) = &options.capacity {
            if !number(&candidates, name)? {
                return Err(no_column(name, &candidates.attributes));
            }
        }
        let key = keys(&source, options.key.as_deref(), &inputs, false)?;
        let candidate_key = keys(&candidates, options.candidate_key.as_deref(), &inputs, true)?;
        Ok(Sides { source, candidates, inputs, key, candidate_key, treatment })
    }

    /// The columns that name a row of a side.
    pub fn key_of(&self, candidate: bool) -> &[String] {
        if candidate {
            &self.candidate_key
        } else {
            &self.key
        }
    }

    /// The query of all pairs: the places of row and candidate, their keys with the first pair of each, score, value, cost and capacity.
    pub fn query(&self, found: &Found, options: &Options) -> String {
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

fn in_both(name: &str) -> Failure {
    Failure::argument(format!("source and candidates both have the column \"{name}\""))
        .hint("Leave it out of one of them, or rename it there: column AS name.")
}

fn in_neither(name: &str, source: &Described, candidates: &Described) -> Failure {
    let names = |side: &Described| {
        let names: Vec<String> = side.attributes.iter().take(50).map(|a| format!("\"{}\"", a.name)).collect();
        names.join(", ")
    };
    Failure::new(
        PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
        format!("neither source nor candidates have the column \"{name}\""),
    )
    .detail(format!("The source has {}; the candidates have {}.", names(source), names(candidates)))
    .hint("Names keep their case: write them as the source shows them.")
}

/// The columns that name a row of a side: those asked for, else the primary key. Of others a row of the source is named by what the model does not read, or
/// by all where it reads all; a candidate by all its columns, as often what the model reads of it is its name.
fn keys(side: &Described, asked: Option<&[String]>, inputs: &[(String, bool)], candidate: bool) -> Result<Vec<String>> {
    let is_read = |name: &str| !candidate && inputs.iter().any(|input| input.0 == name && !input.1);
    let found = naming(asked.map(<[String]>::to_vec), side, is_read)?;
    match found.is_empty() {
        true => Ok(side.attributes.iter().map(|a| a.name.clone()).collect()),
        false => Ok(found),
    }
}

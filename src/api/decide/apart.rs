//! Source and candidates read one after the other, and scored without a row for each pair.

use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, MISSING};
use orchard_engine::decide;
use orchard_engine::model::{Argument, InputKind, Model, Task};
use orchard_engine::score::Scorer;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;

use super::pairs::Pairs;
use super::sides::Sides;
use super::{negative_cost, Amount, Options};
use crate::api::judged::{encode, reader_for};
use crate::api::score::key_object;
use crate::error::{Failure, Result};
use crate::interrupt;
use crate::source::{self, Attribute, Described, Rows, Wanted};

/// One side: its features, the text of each row's key, and the amounts that it has.
struct Side {
    features: decide::Side,
    keys: Vec<String>,
    value: Option<Vec<f64>>,
    cost: Option<Vec<f64>>,
    capacity: Option<Vec<f64>>,
    /// The treatment that each candidate is, by its place among those of the model, counted from 1; 0 for none, `None` for one that the model does not know.
    arms: Option<Vec<Option<u32>>>,
}

/// Read both sides and score their pairs, by a model that cleans nothing.
pub(super) fn read(sides: &Sides, scorer: &Rc<Scorer>, options: &Options, control: &Control) -> Result<Pairs> {
    let rows = side(sides, false, scorer, options, control)?;
    let offers = side(sides, true, scorer, options, control)?;
    let (count, width) = (rows.keys.len(), offers.keys.len());
    let model: &Scorer = scorer;
    let (ours, theirs) = (&rows.features, &offers.features);
    let score = interrupt::run("orchard.best_action", control, || match &offers.arms {
        Some(arms) => decide::treatments(model, ours, arms, control),
        None => decide::pairs(model, ours, theirs, control),
    })?;
    let mut profit: Vec<f64> = control.vec(score.len())?;
    let mut costs: Vec<f64> = control.vec(score.len())?;
    let amount =
        |of_rows: &Option<Vec<f64>>, of_offers: &Option<Vec<f64>>, flat: &Amount, row: usize, offer: usize| match (
            of_rows, of_offers, flat,
        ) {
            (Some(values), ..) => values[row],
            (_, Some(values), _) => values[offer],
            (.., Amount::Flat(number)) => *number,
            _ => f64::NAN,
        };
    for row in 0..count {
        pgrx::check_for_interrupts!();
        for offer in 0..width {
            let value = amount(&rows.value, &offers.value, &options.value, row, offer);
            let cost = amount(&rows.cost, &offers.cost, &options.cost, row, offer);
            if cost < 0.0 {
                return Err(negative_cost());
            }
            // What has no value or cost is not offered.
            profit.push(score[row * width + offer] * value - cost);
            costs.push(if cost.is_nan() { 0.0 } else { cost });
        }
    }
    let limit = |offer: usize| match (&offers.capacity, &options.capacity) {
        (Some(values), _) => Some(values[offer]).filter(|c| !c.is_nan()),
        (None, Some(Amount::Flat(number))) => Some(*number),
        _ => None,
    };
    let capacity = (0..width).map(|offer| limit(offer).map(|c| c.max(0.0) as u64)).collect();
    Ok(Pairs { keys: rows.keys, offers: offers.keys, capacity, score, profit, cost: costs })
}

/// Read a side.
fn side(sides: &Sides, candidate: bool, scorer: &Rc<Scorer>, options: &Options, control: &Control) -> Result<Side> {
    let described = if candidate { &sides.candidates } else { &sides.source };
    let key = sides.key_of(candidate);
    let arguments = scorer.model().arguments();
    let own = |name: &str| sides.inputs.iter().any(|(input, of)| input == name && *of == candidate);
    let has = |name: &str| described.attributes.iter().any(|a| a.name == name);
    let mut selected: Vec<String> =
        arguments.iter().filter(|a| own(a.name())).map(|a| format!("s.{}", quote_identifier(a.name()))).collect();
    let free = |start: &str| free_name(described, start);
    let amounts = [
        (Some(&options.value), free("offer_value")),
        (Some(&options.cost), free("offer_cost")),
        (options.capacity.as_ref().filter(|_| candidate), free("offer_capacity")),
    ];
    for (amount, name) in &amounts {
        if let Some(column) = amount.and_then(Amount::column).filter(|column| has(column)) {
            let (column, name) = (quote_identifier(column), quote_identifier(name));
            selected.push(format!("s.{column}::pg_catalog.float8 AS {name}"));
        }
    }
    let key_name = free("side_key");
    selected.push(format!("({})::pg_catalog.text AS {}", key_object("s", key), quote_identifier(&key_name)));
    let arm_name = free("offer_treatment");
    if let Some(treatment) = sides.treatment.as_ref().filter(|_| candidate) {
        selected.push(format!("s.{}::pg_catalog.text AS {}", quote_identifier(treatment), quote_identifier(&arm_name)));
    }
    let query = format!("SELECT {} FROM ({}\n) AS s", selected.join(", "), described.query);
    let mut choose = |attributes: &[Attribute]| {
        let wanted = |a: &Attribute| match arguments.iter().find(|i| i.name() == a.name && own(i.name())) {
            Some(Argument::Input(input)) => {
                let number = input.kind != InputKind::Category;
                reader_for(scorer, input, a).map(|reader| Some(Wanted { reader, number }))
            }
            _ => a.readable().map(|reader| Some(Wanted { reader, number: a.name != key_name && a.name != arm_name })),
        };
        attributes.iter().map(wanted).collect()
    };
    let rows = source::read(&query, &mut choose, control)?;
    let numbers = |name: &str| -> Option<Vec<f64>> {
        match &rows.table.columns[rows.column(name)?.first].data {
            ColumnData::Number(values) => Some(values.iter().collect()),
            ColumnData::Category { .. } => None,
        }
    };
    let [value, cost, capacity] = amounts.map(|(_, name)| numbers(&name));
    let arms = match &sides.treatment {
        Some(_) if candidate => Some(arms(&rows, &arm_name, scorer.model())?),
        _ => None,
    };
    let features = encode(scorer, &rows, control)?;
    let is_own = |feature: usize| {
        let input = scorer.model().inputs.iter().find(|i| (i.first..i.first + i.count).contains(&(feature as u32)));
        input.is_some_and(|input| own(&input.name))
    };
    let features = features.into_iter().enumerate().map(|(f, values)| is_own(f).then_some(values)).collect();
    let features = decide::Side { features, rows: rows.table.rows };
    Ok(Side { features, keys: keys(&rows, &key_name)?, value, cost, capacity, arms })
}

/// Which treatment each candidate is.
fn arms(rows: &Rows, name: &str, model: &Model) -> Result<Vec<Option<u32>>> {
    let Task::Uplift { treatments, control, .. } = &model.task else { return Ok(Vec::new()) };
    let all: Vec<&String> = std::iter::once(control).chain(treatments).collect();
    let place = |text: String| all.iter().position(|name| **name == text).map(|at| at as u32);
    let found: Vec<Option<u32>> = keys(rows, name)?.into_iter().map(place).collect();
    let unknown = found.iter().filter(|arm| arm.is_none()).count();
    if unknown > 0 {
        notice!("{unknown} candidates are no treatment that the model knows, and are not offered");
    }
    Ok(found)
}

/// A name that no column of a side has.
fn free_name(described: &Described, start: &str) -> String {
    let mut name = start.to_owned();
    while described.attributes.iter().any(|a| a.name == name) {
        name.push('_');
    }
    name
}

/// The text of each row's key.
fn keys(rows: &Rows, name: &str) -> Result<Vec<String>> {
    let column = rows.column(name).ok_or_else(|| Failure::internal("a key was not read"))?;
    match &rows.table.columns[column.first].data {
        ColumnData::Category { codes, dictionary } => Ok(codes
            .iter()
            .map(|code| match code {
                MISSING => String::new(),
                code => String::from_utf8_lossy(dictionary.text(code)).into_owned(),
            })
            .collect()),
        ColumnData::Number(_) => Err(Failure::internal("a key was read as numbers")),
    }
}

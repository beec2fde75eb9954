//! `orchard.recommend`, `orchard.recommend_all`, `orchard.similar_items`, and how a training of a recommender reads its source.

use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::data::ColumnData;
use orchard_engine::judge::Metric;
use orchard_engine::learn::train::{judge_recommender, Interacted};
use orchard_engine::model::{InputKind, Task};
use orchard_engine::score::recommender::{Basket, Liked, Shelf, Wanted, Who};
use orchard_engine::score::Scorer;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::Value;

use super::asked::text_at;
use super::attribute::days;
use super::judged::{encode_column, not_numbers};
use super::train::{check_names, find, no_column, special_columns, Job};
use crate::catalog::{self, cache, store, Found};
use crate::error::{given, report, Failure, Result};
use crate::source::types::Reader;
use crate::source::{self, Attribute, Rows, SourceColumn, Wanted as Read};
use crate::{interrupt, settings};

/// The most items that are named to a user.
const MOST_ITEMS: i32 = 100_000;
/// Items of a user that are given as a reason.
const REASONS: usize = 2;
/// Items that a notice names.
const MOST_NAMED: usize = 5;

/// The items that a user likes most.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn recommend(
    model: Option<&str>,
    user_id: Option<&str>,
    n: Option<i32>,
    filter: Option<&str>,
    include_seen: Option<bool>,
    attributes: Option<crate::json::JsonArgument>,
    basket: Option<Vec<Option<String>>>,
) -> TableIterator<'static, (name!(rank, i32), name!(item, String), name!(score, f64), name!(reason, String))> {
    TableIterator::new(report(|| {
        let (_, scorer) = recommender(model)?;
        let shelf = shelf(&scorer)?;
        let control = Control::new(settings::max_memory());
        let allowed = filter.map(|filter| allowed(&scorer, filter, &control)).transpose()?;
        let wanted = Wanted { count: count(n)?, allowed: allowed.as_deref(), seen: include_seen.unwrap_or(false) };
        let row = described(&scorer, attributes.map(|a| a.0))?;
        let basket = match (user_id, basket) {
            (Some(_), Some(_)) => {
                return Err(Failure::argument("user_id and basket cannot be given together")
                    .hint("Name a user, or the items that somebody has."));
            }
            (_, basket) => held(&shelf, basket.unwrap_or_default()),
        };
        let who = match user_id.and_then(|name| shelf.user(name)) {
            Some(user) => Who::Known(user),
            None if !basket.is_empty() => Who::Having(&basket),
            // Where nothing is known that describes somebody, there is nobody alike.
            None => Who::Other(&row),
        };
        let found = shelf.top(who, wanted);
        let items: Vec<u32> = found.iter().map(|liked| liked.0).collect();
        let reasons = shelf.reasons(who, &items, REASONS);
        let alike = matches!(who, Who::Other(_)) && shelf.is_described(&row);
        let rows: Vec<(i32, String, f64, String)> = found
            .iter()
            .zip(reasons)
            .zip(1..)
            .map(|((liked, because), rank)| {
                (rank, shelf.item_name(liked.0 as usize), liked.1, reason(&shelf, &because, alike))
            })
            .collect();
        Ok(rows)
    }))
}

/// The items of a basket that the model knows; a notice names the others.
fn held(shelf: &Shelf<'_>, names: Vec<Option<String>>) -> Basket {
    let (mut items, mut unknown) = (Vec::new(), Vec::new());
    for name in names.into_iter().flatten() {
        match shelf.item(&name) {
            Some(item) => items.push(item as u32),
            None => unknown.push(format!("\"{name}\"")),
        }
    }
    if !unknown.is_empty() {
        let more = if unknown.len() > MOST_NAMED { ", ..." } else { "" };
        let named = &unknown[..unknown.len().min(MOST_NAMED)];
        notice!("items of the basket that the model does not know are left out: {}{more}", named.join(", "));
    }
    shelf.basket(items)
}

/// Why an item is recommended.
fn reason(shelf: &Shelf<'_>, because: &[u32], alike: bool) -> String {
    let names: Vec<String> = because.iter().map(|item| shelf.item_name(*item as usize)).collect();
    match (names.is_empty(), alike) {
        (false, _) => format!("because of {}", names.join(", ")),
        (true, true) => "popular with users alike".to_owned(),
        (true, false) => "popular".to_owned(),
    }
}

/// The items that each user likes most.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn recommend_all(
    model: Option<&str>,
    n: Option<i32>,
    users: Option<&str>,
    filter: Option<&str>,
    include_seen: Option<bool>,
) -> TableIterator<'static, (name!(user_id, String), name!(rank, i32), name!(item, String), name!(score, f64))> {
    let (scorer, asked, lists) = report(|| {
        let (_, scorer) = recommender(model)?;
        let control = Control::new(settings::max_memory());
        let shelf = shelf(&scorer)?;
        let allowed = filter.map(|filter| allowed(&scorer, filter, &control)).transpose()?;
        let wanted = Wanted { count: count(n)?, allowed: allowed.as_deref(), seen: include_seen.unwrap_or(false) };
        let asked = match users {
            Some(source) => asked(&scorer, source, &control)?,
            None => (0..shelf.body().user_count()).map(|user| Asked::Known(user as u32)).collect(),
        };
        let whose: Vec<Who<'_>> = asked.iter().map(Asked::who).collect();
        let shared: &Scorer = &scorer;
        let lists = interrupt::run("orchard.recommend_all", &control, || match shared.shelf() {
            Some(shelf) => shelf.top_of_all(&whose, wanted, &control),
            None => Ok(Vec::new()),
        })?;
        drop(whose);
        Ok((scorer, asked, lists))
    });
    let rows = asked.into_iter().zip(lists).flat_map(move |(user, list): (Asked, Vec<Liked>)| {
        let scorer = scorer.clone();
        let name = match (&user, scorer.shelf()) {
            (Asked::Known(user), Some(shelf)) => shelf.user_name(*user as usize),
            (Asked::Other(name, _), _) => name.clone(),
            (Asked::Known(_), None) => String::new(),
        };
        list.into_iter().zip(1..).map(move |((item, score), rank)| {
            let item = scorer.shelf().map_or_else(String::new, |shelf| shelf.item_name(item as usize));
            (name.clone(), rank, item, score)
        })
    });
    TableIterator::new(rows)
}

/// The items most like an item.
#[pg_extern(sql = false)]
fn similar_items(
    model: Option<&str>,
    item_id: Option<&str>,
    n: Option<i32>,
) -> TableIterator<'static, (name!(rank, i32), name!(item, String), name!(similarity, f64))> {
    TableIterator::new(report(|| {
        let (found, scorer) = recommender(model)?;
        let shelf = shelf(&scorer)?;
        let name = given(item_id, "item_id")?;
        let count = count(n)?;
        let item = shelf.item(name).ok_or_else(|| {
            Failure::argument(format!("model \"{}.{}\" knows no item \"{name}\"", found.row.schema, found.row.name))
                .hint("Name an item that was in the rows of its training.")
        })?;
        let found = shelf.similar(item, count).ok_or_else(|| {
            Failure::argument("a model of what is popular knows no items that are alike").hint(
                "Train an algorithm als, item_knn, association_rules or content, or name columns that describe items: \"item_columns\".",
            )
        })?;
        let rows: Vec<(i32, String, f64)> =
            found.iter().zip(1..).map(|(liked, rank)| (rank, shelf.item_name(liked.0 as usize), liked.1)).collect();
        Ok(rows)
    }))
}

/// The model of an argument, which must be one that recommends.
pub(super) fn recommender(model: Option<&str>) -> Result<(Found, Rc<Scorer>)> {
    let found = catalog::of_argument(model)?;
    let scorer = cache::deployed(&found)?;
    if scorer.model().task != Task::Recommendation {
        return Err(Failure::argument(format!(
            "model \"{}.{}\" does not recommend items to users",
            found.row.schema, found.row.name
        ))
        .hint("Train one: orchard.train('name', 'source', algorithm => 'als')."));
    }
    Ok((found, scorer))
}

pub(super) fn shelf(scorer: &Scorer) -> Result<Shelf<'_>> {
    scorer.shelf().ok_or_else(|| Failure::internal("the model is no recommender"))
}

fn count(n: Option<i32>) -> Result<usize> {
    match n.unwrap_or(10) {
        n @ 1..=MOST_ITEMS => Ok(n as usize),
        _ => Err(Failure::argument(format!("n must be between 1 and {MOST_ITEMS}"))
            .hint("It is how many items are named to a user.")),
    }
}

/// A user for whom items are sought.
enum Asked {
    Known(u32),
    /// Somebody else, and what is known of them.
    Other(String, Vec<f64>),
}

impl Asked {
    fn who(&self) -> Who<'_> {
        match self {
            Asked::Known(user) => Who::Known(*user as usize),
            Asked::Other(_, row) => Who::Other(row),
        }
    }
}

/// The column of a source that names users or items: by its name, or the only one.
fn naming<'a>(attributes: &'a [Attribute], name: &str) -> Result<&'a Attribute> {
    match attributes {
        [only] => Ok(only),
        all => find(name, all),
    }
}

/// Read the column that names users or items, and those that are `beside` it where they are there.
fn read_names(source: &str, name: &str, beside: &[(String, Reader)], control: &Control) -> Result<(Rows, String)> {
    let mut column = String::new();
    let mut choose = |attributes: &[Attribute]| {
        // The only column is what is meant, whatever it is called.
        if attributes.len() > 1 {
            check_names(attributes)?;
        }
        let named = naming(attributes, name)?;
        column.clone_from(&named.name);
        let wanted = |a: &Attribute| {
            if a.name == named.name {
                return role(a).map(|reader| Some(Read { reader, number: false }));
            }
            match beside.iter().find(|b| b.0 == a.name) {
                Some((_, reader)) => a.needed().map(|own| Some(Read { reader: own, number: !reader.is_category() })),
                None => Ok(None),
            }
        };
        attributes.iter().map(wanted).collect()
    };
    let rows = source::read(source, &mut choose, control)?;
    Ok((rows, column))
}

/// What stands in a column that names users or items.
fn name_at(column: &SourceColumn, rows: &Rows, row: usize) -> Option<String> {
    text_at(&rows.table.columns[column.first].data, row)
}

fn column<'a>(rows: &'a Rows, name: &str) -> Result<&'a SourceColumn> {
    rows.column(name).ok_or_else(|| Failure::internal("a column was not read"))
}

/// By item whether a query names it.
fn allowed(scorer: &Scorer, filter: &str, control: &Control) -> Result<Vec<bool>> {
    let shelf = shelf(scorer)?;
    let item = &scorer.model().inputs[1].name;
    let (rows, name) = read_names(filter, item, &[], control)?;
    let own = column(&rows, &name)?;
    let mut allowed: Vec<bool> = control.filled(shelf.body().item_count(), false)?;
    for row in 0..rows.table.rows {
        if row % 65_536 == 0 {
            pgrx::check_for_interrupts!();
        }
        let item = name_at(own, &rows, row).and_then(|name| shelf.item(&name));
        item.into_iter().for_each(|item| allowed[item] = true);
    }
    Ok(allowed)
}

/// The users that a source names, each once, in its order.
fn asked(scorer: &Scorer, source: &str, control: &Control) -> Result<Vec<Asked>> {
    let shelf = shelf(scorer)?;
    let model = scorer.model();
    let features: Vec<usize> = shelf.body().user_traits.columns.iter().map(|c| c.feature as usize).collect();
    let is_text = |feature: usize| model.features[feature].encoding.is_category();
    let beside: Vec<(String, Reader)> = features
        .iter()
        .map(|f| (model.inputs[*f].name.clone(), if is_text(*f) { Reader::Text } else { Reader::Float8 }))
        .collect();
    let (rows, name) = read_names(source, &model.inputs[0].name, &beside, control)?;
    let own = column(&rows, &name)?;
    let mut columns: Vec<(usize, Vec<f64>)> = Vec::new();
    for feature in features {
        if let Some(column) = rows.column(&model.inputs[feature].name).filter(|c| c.attribute.name != name) {
            columns.push((feature, encode_column(scorer, feature, column, &rows, control)?));
        }
    }
    let mut met = std::collections::HashSet::new();
    let mut all = Vec::new();
    for row in 0..rows.table.rows {
        if row % 65_536 == 0 {
            pgrx::check_for_interrupts!();
        }
        let Some(name) = name_at(own, &rows, row) else { continue };
        if met.contains(&name) {
            continue;
        }
        control.reserve(2 * name.len() + 96 + columns.len() * 8)?;
        met.insert(name.clone());
        all.push(match shelf.user(&name) {
            Some(user) => Asked::Known(user as u32),
            None if columns.is_empty() => Asked::Other(name, Vec::new()),
            None => {
                let mut own = vec![f64::NAN; model.features.len()];
                columns.iter().for_each(|(feature, values)| own[*feature] = values[row]);
                Asked::Other(name, own)
            }
        });
    }
    Ok(all)
}

/// What JSON says of somebody who is not known, as a row of features.
fn described(scorer: &Scorer, attributes: Option<Value>) -> Result<Vec<f64>> {
    let model = scorer.model();
    let map = match attributes {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(map)) => map,
        Some(_) => {
            return Err(Failure::argument("attributes must be a JSON object")
                .hint("Write for example '{\"country\": \"DE\"}', by the names of the \"user_columns\"."))
        }
    };
    let columns = &shelf(scorer)?.body().user_traits.columns;
    let mut row = vec![f64::NAN; model.features.len()];
    for (key, value) in &map {
        let Some(column) = columns.iter().find(|c| model.inputs[c.feature as usize].name == *key) else {
            let names: Vec<&str> = columns.iter().map(|c| model.inputs[c.feature as usize].name.as_str()).collect();
            let valid = match names.is_empty() {
                true => "Nothing describes users of this model: it was trained without \"user_columns\".".to_owned(),
                false => format!("Valid names are {}.", names.join(", ")),
            };
            return Err(Failure::argument(format!("no column \"{key}\" describes users of the model")).hint(valid));
        };
        let feature = column.feature as usize;
        let is_category = model.features[feature].encoding.is_category();
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Null => continue,
            other => other.to_string(),
        };
        row[feature] = match (is_category, model.inputs[feature].kind, value) {
            (true, ..) => scorer.category(feature, text.as_bytes()),
            (false, InputKind::Boolean, Value::Bool(flag)) => f64::from(u8::from(*flag)),
            (false, ..) => text.trim().parse().unwrap_or(f64::NAN),
        };
    }
    Ok(row)
}

/// The reader of a column that names users or items.
fn role(a: &Attribute) -> Result<Reader> {
    let reader = a.needed()?;
    let numbers = matches!(
        reader,
        Reader::Int2 | Reader::Int4 | Reader::Int8 | Reader::Float4 | Reader::Float8 | Reader::Numeric | Reader::Exact
    );
    if reader.is_category() || numbers {
        return Ok(reader);
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
        format!("column \"{}\" has type {}, which does not name users or items", a.name, a.type_name),
    )
    .hint("Cast it to text in the source."))
}

/// Which columns a training reads: those of the user and the item, those that describe them, the rating, weight and time.
pub(super) fn choose(job: &Job<'_>, attributes: &[Attribute]) -> Result<Vec<Option<Read>>> {
    let _ = job.columns.set(attributes.iter().map(|a| a.name.clone()).collect());
    let options = &job.options.recommend;
    let special: Vec<&str> = special_columns(job).collect();
    for name in options.columns().map(String::as_str).chain(special.iter().copied()) {
        if attributes.iter().any(|a| a.name == name) {
            continue;
        }
        let failure = no_column(name, attributes);
        return Err(match name {
            _ if name == options.user_column => failure.hint("Name the column of users by the option \"user_column\"."),
            _ if name == options.item_column => failure.hint("Name the column of items by the option \"item_column\"."),
            _ => failure,
        });
    }
    let is_role = |name: &str| options.columns().any(|own| own == name);
    if let Some(name) = special.iter().find(|name| is_role(name)) {
        return Err(Failure::argument(format!(
            "column \"{name}\" names or describes users or items, and is the target, weight or time too"
        ))
        .hint("Name another column for one of them."));
    }
    let wanted = |a: &Attribute| {
        let names = a.name == options.user_column || a.name == options.item_column;
        let reader = match a.name.as_str() {
            _ if names => role(a)?,
            name if is_role(name) => a.needed()?,
            name if special.contains(&name) => a.needed()?,
            _ => return Ok(None),
        };
        let measured = special.contains(&a.name.as_str());
        let is_array = matches!(reader, Reader::Array(_));
        if job.options.time_column.as_ref() == Some(&a.name) {
            days(a)?;
        }
        if measured && (is_array || reader.is_category()) {
            return Err(not_numbers(a));
        }
        if is_array {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!("column \"{}\" has type {}, which describes no users or items", a.name, a.type_name),
            )
            .hint("Write it as a text that lists its values: array_to_string(column, '|')."));
        }
        Ok(Some(Read { reader, number: measured }))
    };
    attributes.iter().map(wanted).collect()
}

/// The metrics of a model on rows of a source: what training saw of them is left out.
pub(super) fn evaluate(found: &Found, scorer: &Scorer, source: &str) -> Result<Vec<Metric>> {
    let model = scorer.model();
    let version = found.deployed()?;
    let (target, options) = (store::target(&version)?, store::options(&version)?);
    let k = options["k"].as_u64().unwrap_or(10) as usize;
    let names = [model.inputs[0].name.clone(), model.inputs[1].name.clone()];
    let control = Control::new(settings::max_memory());
    let mut choose = |attributes: &[Attribute]| {
        check_names(attributes)?;
        for name in names.iter().chain(&target) {
            if !attributes.iter().any(|a| a.name == *name) {
                return Err(no_column(name, attributes));
            }
        }
        let wanted = |a: &Attribute| match () {
            () if names.contains(&a.name) => role(a).map(|reader| Some(Read { reader, number: false })),
            () if target.as_ref() == Some(&a.name) => match a.needed()? {
                reader if reader.is_category() || matches!(reader, Reader::Array(_)) => Err(not_numbers(a)),
                reader => Ok(Some(Read { reader, number: true })),
            },
            () => Ok(None),
        };
        attributes.iter().map(wanted).collect()
    };
    let rows = source::read(source, &mut choose, &control)?;
    let (users, items) = (column(&rows, &names[0])?, column(&rows, &names[1])?);
    let rating = target.as_deref().map(|target| column(&rows, target)).transpose()?;
    let shelf = shelf(scorer)?;
    let mut met: Vec<Interacted> = control.vec(rows.table.rows)?;
    for row in 0..rows.table.rows {
        if row % 65_536 == 0 {
            pgrx::check_for_interrupts!();
        }
        let (Some(user), Some(item)) = (name_at(users, &rows, row), name_at(items, &rows, row)) else { continue };
        let value = match rating.map(|column| &rows.table.columns[column.first].data) {
            Some(ColumnData::Number(values)) => values.get(row),
            _ => 1.0,
        };
        if value.is_finite() {
            met.push(Interacted::new(shelf.user(&user), &user, shelf.item(&item), &item, value));
        }
    }
    let (metrics, known) =
        interrupt::run("orchard.evaluate", &control, || judge_recommender(scorer, met, k, &control))?;
    if known > 0 {
        notice!("{known} rows of users and items that training saw together are left out");
    }
    Ok(metrics)
}

//! `orchard.forget_categories`: texts of the data are taken out of the stored versions of a model.

use orchard_engine::learn::train::Insight;
use orchard_engine::model::{
    decode, decode_baseline, decode_segments, encode, encode_baseline, encode_segments, Forgotten, Model,
};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::{json, Value};

use super::manage::owned;
use crate::catalog::relations::{self, ChunkKind, Id};
use crate::catalog::versions::{self, Rewritten};
use crate::catalog::{self, cache, store, Found};
use crate::error::{given, report, Failure, Result};

type Row = (i32, String, i64);

/// Names in a message at most.
const MOST_NAMED: usize = 20;

/// Take categories out of every version of a model.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn forget_categories(
    model: Option<&str>,
    feature: Option<&str>,
    categories: Option<Vec<Option<String>>>,
) -> TableIterator<'static, (name!(version, i32), name!(column_name, String), name!(forgotten, i64))> {
    TableIterator::new(report(|| {
        catalog::check_writable(c"orchard.forget_categories()");
        let model = given(model, "model")?;
        let wish = Wish { feature, categories: named(categories)? };
        let found = owned(model)?;
        store::lock(&found.row.schema, &found.row.name);
        // Whoever held the lock may have changed the model since the statement began.
        relations::under_new_snapshot(|| {
            let found = owned(model)?;
            store::hold(&found.row)?;
            versions::check_newest(&found.row.id)?;
            forget(&found, &wish)
        })
    }))
}

/// What is to be forgotten.
struct Wish<'a> {
    feature: Option<&'a str>,
    /// `None` for all.
    categories: Option<Vec<String>>,
}

/// The categories that are named; NULL for all is meant, a NULL among them or none at all is a slip.
fn named(categories: Option<Vec<Option<String>>>) -> Result<Option<Vec<String>>> {
    let Some(categories) = categories else { return Ok(None) };
    if categories.is_empty() {
        return Err(Failure::argument("categories must name at least one").hint("NULL forgets all."));
    }
    let all: Option<Vec<String>> = categories.into_iter().collect();
    all.map(Some).ok_or_else(|| {
        Failure::argument("a category must not be null")
            .hint("A missing value is not remembered by name; leave it out of the array.")
    })
}

fn forget(found: &Found, wish: &Wish<'_>) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut missed = wish.categories.clone().unwrap_or_default();
    let mut seen = Seen::default();
    // One at a time, as models may be large. What turns out to be wrong takes all of it back.
    for (number, id) in relations::versions(&found.row.id)? {
        pgrx::check_for_interrupts!();
        let Some(bytes) = relations::chunks(&id, ChunkKind::Model)? else { continue };
        let mut model = decode(&bytes)?;
        drop(bytes);
        seen.look(wish, &model, &id)?;
        let forgotten = model.forget(wish.feature, wish.categories.as_deref());
        missed.retain(|category| forgotten.missed.contains(category));
        if forgotten.is_empty() {
            continue;
        }
        tell_recipe(number, &id, &forgotten)?;
        put(found, wish, (number, &id), &model, &forgotten)?;
        let of = |(column, texts): (&String, &Vec<String>)| (number, column.clone(), texts.len() as i64);
        rows.extend(forgotten.texts.iter().map(of));
    }
    seen.check(found, wish)?;
    tell(found, wish, &missed, rows.is_empty());
    Ok(rows)
}

/// What was seen of the versions.
#[derive(Default)]
struct Seen {
    versions: usize,
    /// Whether one of them has the column that was named.
    has_column: bool,
    /// Whether it is the target of one.
    is_target: bool,
    /// The columns of which they remember categories.
    columns: Vec<String>,
}

impl Seen {
    fn look(&mut self, wish: &Wish<'_>, model: &Model, id: &Id) -> Result<()> {
        self.versions += 1;
        let Some(feature) = wish.feature.filter(|_| !self.has_column) else { return Ok(()) };
        self.has_column = model.knows_column(feature);
        if !self.has_column {
            self.is_target |= store::target(id)?.as_deref() == Some(feature);
            for own in model.remembered() {
                if !self.columns.contains(&own.column) {
                    self.columns.push(own.column);
                }
            }
        }
        Ok(())
    }

    /// There must be a version, and the column must be one of some version's.
    fn check(&self, found: &Found, wish: &Wish<'_>) -> Result<()> {
        let row = &found.row;
        let feature = match wish.feature {
            _ if self.versions == 0 => return Err(catalog::no_version(row)),
            Some(feature) if !self.has_column => feature,
            _ => return Ok(()),
        };
        if self.is_target {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
                format!("classes of target \"{feature}\" cannot be forgotten"),
            )
            .detail("They are what the model predicts.")
            .hint("Train a model without their rows, or drop this one with orchard.drop_model."));
        }
        let detail = match self.columns.is_empty() {
            true => "It remembers categories of no column.".to_owned(),
            false => format!("It remembers categories of {}.", quoted(&self.columns)),
        };
        Err(Failure::new(
            PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            format!("model \"{}.{}\" has no feature \"{feature}\"", row.schema, row.name),
        )
        .detail(detail)
        .hint("Names keep their case: write them as orchard.model_card shows them."))
    }
}

/// Names in quotes, not too many.
fn quoted(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(MOST_NAMED).map(|name| format!("\"{name}\"")).collect();
    match names.len().saturating_sub(MOST_NAMED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Store a version that has forgotten.
fn put(found: &Found, wish: &Wish<'_>, (number, id): (i32, &Id), model: &Model, forgotten: &Forgotten) -> Result<()> {
    let mut parts = vec![(ChunkKind::Model, encode(model)?)];
    if let Some(bytes) = relations::chunks(id, ChunkKind::Baseline)? {
        let mut baseline = decode_baseline(&bytes)?;
        forgotten.in_baseline(&mut baseline);
        parts.push((ChunkKind::Baseline, encode_baseline(&baseline)?));
    }
    if let Some(bytes) = relations::chunks(id, ChunkKind::Segments)? {
        let mut facts = decode_segments(&bytes)?;
        forgotten.in_segments(model, &mut facts);
        parts.push((ChunkKind::Segments, encode_segments(&facts)?));
    }
    if let Some(bytes) = relations::chunks(id, ChunkKind::Insight)? {
        let mut insight = Insight::read(&bytes);
        forgotten.in_insight(&mut insight);
        parts.push((ChunkKind::Insight, insight.write()));
    }
    if let Some(bytes) = relations::chunks(id, ChunkKind::Importance)? {
        let mut importance: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        importance.as_array_mut().into_iter().flatten().for_each(|row| rename(row, "feature", forgotten));
        parts.push((ChunkKind::Importance, importance.to_string().into_bytes()));
    }
    let features = features(store::features(id)?, model, forgotten).to_string();
    let categories: usize = forgotten.texts.values().map(Vec::len).sum();
    // How many, and not which: the history is to be kept.
    let details = json!({"feature": wish.feature, "categories": categories}).to_string();
    let new = Rewritten {
        number,
        id: *id,
        features: &features,
        parts: &parts,
        renamed: forgotten.renamed(),
        details: &details,
    };
    versions::rewrite(&found.row.id, &new)?;
    cache::drop_version(id);
    Ok(())
}

fn rename(object: &mut Value, key: &str, forgotten: &Forgotten) {
    let Some(name) = object[key].as_str().map(|name| forgotten.name(name).to_owned()) else { return };
    object[key] = Value::String(name);
}

/// What the catalogue says of the features, in their new order and by their new names.
fn features(listed: Value, model: &Model, forgotten: &Forgotten) -> Value {
    let Value::Array(mut list) = listed else { return listed };
    if list.len() == forgotten.order().len() {
        list = forgotten.order().iter().map(|old| list[*old as usize].clone()).collect();
        for (entry, feature) in list.iter_mut().zip(&model.features) {
            if entry.get("levels").is_some() {
                entry["levels"] = json!(feature.encoding.levels().len());
            }
        }
    }
    for entry in &mut list {
        rename(entry, "name", forgotten);
        rename(entry, "column", forgotten);
    }
    Value::Array(list)
}

/// Say where the recipe, which is kept as somebody wrote it, still names what was forgotten.
fn tell_recipe(number: i32, id: &Id, forgotten: &Forgotten) -> Result<()> {
    let source = relations::version_text(id, "source")?.unwrap_or_default();
    let options = store::options(id)?.to_string();
    let is_named = |text: &String| {
        let in_sql = format!("'{}'", text.replace('\'', "''"));
        source.contains(&in_sql) || options.contains(&Value::String(text.clone()).to_string())
    };
    if forgotten.texts.values().flatten().any(is_named) {
        notice!(
            "the source or the options of version {number} name a forgotten category and are kept as they were written"
        );
    }
    Ok(())
}

/// Say what was not there to be forgotten. It is no error: a job that forgets may run twice, and over many models.
fn tell(found: &Found, wish: &Wish<'_>, missed: &[String], nothing: bool) {
    let model = format!("{}.{}", found.row.schema, found.row.name);
    let of = wish.feature.map_or_else(String::new, |feature| format!(" of \"{feature}\""));
    if !missed.is_empty() {
        notice!("no version of model \"{model}\" remembers these categories{of}: {}", quoted(missed));
    } else if nothing {
        notice!("no version of model \"{model}\" remembers a category{of}");
    }
}

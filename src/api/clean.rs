//! `orchard.clean` and `orchard.clean_sql`: steps fitted on a source and written as a view in plain SQL.

use orchard_engine::clean::fit::{self, Change, CleanInput, Fitted};
use orchard_engine::clean::program::{self, Cast, Kind, Source, SourceSql};
use orchard_engine::clean::step::{Action, Step, STEPS};
use orchard_engine::control::Control;
use orchard_engine::data::Column;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::spi::quote_identifier;
use serde_json::Value;

mod target;

use super::train::check_names;
use crate::error::{given, report, Failure, Result};
use crate::source::deparse::{self, FromItem};
use crate::source::types::Reader;
use crate::source::{self, clock, Attribute, Wanted};
use crate::{interrupt, settings};
use target::Target;

/// Make a view, or a table, of a source with its columns cleaned.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn clean(
    source: Option<&str>,
    target: Option<&str>,
    steps: Option<crate::json::JsonArgument>,
    materialize: Option<bool>,
    replace: Option<bool>,
) -> TableIterator<
    'static,
    (name!(column_name, Option<String>), name!(step, String), name!(detail, String), name!(changed, i64)),
> {
    let (materialize, replace) = (materialize.unwrap_or(false), replace.unwrap_or(false));
    let changes = report(|| make(source, target, steps, materialize, replace));
    TableIterator::new(changes.into_iter().map(|c| {
        let column = (!c.column.is_empty()).then_some(c.column);
        (column, c.step.to_owned(), c.detail, c.changed as i64)
    }))
}

/// The query that `orchard.clean` makes a view of.
#[pg_extern(sql = false)]
fn clean_sql(source: Option<&str>, steps: Option<crate::json::JsonArgument>) -> String {
    report(|| {
        let source = given(source, "source")?;
        Ok(fitted(source, &deparse::from_item(source)?, steps)?.0)
    })
}

/// The steps that there are, with their parameters.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn cleaning_steps() -> TableIterator<
    'static,
    (
        name!(step, String),
        name!(parameter, Option<String>),
        name!(r#type, Option<String>),
        name!(default_value, Option<pgrx::JsonB>),
        name!(meaning, String),
    ),
> {
    let rows = STEPS.iter().flat_map(|s| {
        let about = (s.name.to_owned(), None, None, None, s.meaning.to_owned());
        let parameters = s.parameters.iter().map(|p| {
            let default = serde_json::from_str(p.default).ok().map(pgrx::JsonB);
            (s.name.to_owned(), Some(p.key.to_owned()), Some(p.type_text.to_owned()), default, p.meaning.to_owned())
        });
        std::iter::once(about).chain(parameters)
    });
    TableIterator::new(rows)
}

/// All letters of a text in one case.
#[pg_extern(sql = false)]
fn change_case(value: &str, to: &str) -> String {
    report(|| match to {
        "lower" => Ok(program::change_case(value, program::Case::Lower)),
        "upper" => Ok(program::change_case(value, program::Case::Upper)),
        other => Err(Failure::argument(format!("unknown case \"{other}\"")).hint("Valid cases are lower and upper.")),
    })
}

fn make(
    source: Option<&str>,
    target: Option<&str>,
    steps: Option<crate::json::JsonArgument>,
    materialize: bool,
    replace: bool,
) -> Result<Vec<Change>> {
    crate::catalog::check_writable(c"orchard.clean()");
    let source = given(source, "source")?;
    let target = Target::parse(given(target, "target")?, materialize)?;
    let from = deparse::from_item(source)?;
    target.check(&from)?;
    let (query, changes) = fitted(source, &from, steps)?;
    target.make(&query, replace)?;
    Ok(changes)
}

/// The query, and what the steps did.
fn fitted(source: &str, from: &FromItem, steps: Option<crate::json::JsonArgument>) -> Result<(String, Vec<Change>)> {
    let steps = match &steps {
        Some(steps) => steps.0.clone(),
        None => suggested(source)?,
    };
    let steps = Step::parse(&steps)?;
    let control = Control::new(settings::max_memory());
    // Rows that are alike have the same digits.
    let digits = steps.iter().any(|step| matches!(step.action, Action::DropDuplicates { .. }));
    let (inputs, mut casts, rows) = read(source, digits, &control)?;
    collate(&inputs, &mut casts, from)?;
    let all = (0..rows as u32).collect();
    let Fitted { program, filters, changes, .. } =
        interrupt::run("orchard.clean", &control, || fit::fit(inputs, &steps, all, (true, 1), None, &control))?;
    for (i, cast) in casts.iter().enumerate() {
        match cast {
            Cast::Clock(zone) if program.is_read(i as u32) => clock::check_in_sql(zone)?,
            _ => {}
        }
    }
    let source = SourceSql { from: &from.sql, casts: &casts, quote: &|name| quote_identifier(name) };
    let notes = notes(&changes);
    Ok((program.select(&source, &filters, &notes), changes))
}

/// Let texts of a collation in which different ones may be equal be compared by their bytes, as the engine does.
fn collate(inputs: &[CleanInput], casts: &mut [Cast], from: &FromItem) -> Result<()> {
    let shapes = source::shape(&format!("SELECT * FROM {} AS s", from.sql))?;
    let columns = inputs.iter().zip(casts).zip(&shapes);
    for ((_, cast), shape) in columns.filter(|((input, _), _)| input.source.kind == Kind::Text) {
        let collated = shape.collation != pg_sys::Oid::INVALID && matches!(cast, Cast::None | Cast::Text);
        // SAFETY: a collation of the catalogue; raises where it is gone; main thread.
        if collated && !unsafe { pg_sys::get_collation_isdeterministic(shape.collation) } {
            *cast = Cast::Collated;
        }
    }
    Ok(())
}

/// The steps that the profile of a source suggests.
fn suggested(source: &str) -> Result<Value> {
    let attributes = source::describe(source)?.attributes;
    let columns = super::profile::look(Some(source))?;
    let drops = |step: &Value| step["step"] == "drop_column";
    // Of one row every column is constant.
    let all_go = columns.iter().all(|column| column.profile.steps.iter().any(drops));
    let mut steps = Vec::new();
    for column in columns {
        let attribute = attributes.iter().find(|a| a.name == column.name);
        // Some types are looked at as texts, but not cleaned.
        let is_cleaned = attribute.map_or(Ok(Kind::Other), |a| meaning(a).map(|m| m.0))? != Kind::Other;
        steps.extend(column.profile.steps.into_iter().filter(|s| if drops(s) { !all_go } else { is_cleaned }));
    }
    Ok(Value::Array(steps))
}

/// A comment a step and column.
fn notes(changes: &[Change]) -> Vec<(String, Vec<String>)> {
    let named = changes.iter().filter(|c| !c.column.is_empty());
    named.map(|c| (c.column.clone(), vec![format!("{}: {} ({} changed)", c.step, c.detail, c.changed)])).collect()
}

/// The columns of a source, how SQL casts them, and the number of rows.
fn read(source: &str, digits: bool, control: &Control) -> Result<(Vec<CleanInput>, Vec<Cast>, usize)> {
    let mut described = Vec::new();
    let rows = {
        let mut choose = |attributes: &[Attribute]| {
            check_names(attributes)?;
            described = attributes.to_vec();
            attributes.iter().map(wanted).collect()
        };
        match digits {
            true => source::read_with_digits(source, &mut choose, control)?,
            false => source::read(source, &mut choose, control)?,
        }
    };
    let count = rows.table.rows;
    let mut columns: Vec<Option<Column>> = rows.table.columns.into_iter().map(Some).collect();
    let mut inputs = Vec::new();
    let mut casts = Vec::new();
    for attribute in &described {
        let (mut kind, mut cast) = meaning(attribute)?;
        let found = rows.columns.iter().find(|c| c.attribute.name == attribute.name);
        if found.is_some_and(|c| c.reader == Reader::Exact) {
            // Digits that a float8 cannot tell apart are compared as texts.
            (kind, cast) = (Kind::Text, Cast::Exact);
        }
        let mut take = |c: &source::SourceColumn| columns.get_mut(c.first).and_then(Option::take);
        let column = found.and_then(&mut take);
        let beside = rows.columns.iter().filter(|c| c.attribute.name == attribute.name).nth(1);
        let digits = beside.and_then(&mut take);
        let respelt = [pg_sys::TEXTOID, pg_sys::VARCHAROID, pg_sys::BPCHAROID];
        let fixed = !respelt.contains(&attribute.base);
        inputs.push(CleanInput { source: Source { name: attribute.name.clone(), kind }, column, digits, fixed });
        casts.push(cast);
    }
    Ok((inputs, casts, count))
}

/// Columns that can be cleaned are read, numbers as numbers.
fn wanted(attribute: &Attribute) -> Result<Option<Wanted>> {
    let reader = match attribute.reader {
        Some(Reader::Timestamptz) => Some(Reader::Clock(clock::session()?)),
        reader => reader,
    };
    let reader = reader.filter(|r| Kind::of(r.kind()) != Kind::Other);
    Ok(reader.map(|reader| Wanted { reader, number: reader != Reader::Int8 }))
}

/// What a column is to the steps, and how SQL makes it that.
fn meaning(attribute: &Attribute) -> Result<(Kind, Cast)> {
    Ok(match attribute.reader {
        Some(Reader::Int2 | Reader::Int4 | Reader::Int8) => (Kind::Number, Cast::Number),
        Some(Reader::Numeric) if !attribute.limited => (Kind::Number, Cast::Numeric),
        Some(Reader::Float4 | Reader::Float8 | Reader::Numeric) => (Kind::Number, Cast::NumberOrNan),
        Some(Reader::Timestamptz) => (Kind::Timestamptz, Cast::Clock(clock::session()?.name().to_owned())),
        Some(Reader::Text) if attribute.base == pg_sys::TEXTOID => (Kind::Text, Cast::None),
        Some(reader) => match Kind::of(reader.kind()) {
            Kind::Text => (Kind::Text, Cast::Text),
            kind => (kind, Cast::None),
        },
        None => (Kind::Other, Cast::None),
    })
}

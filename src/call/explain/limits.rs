//! Which columns of a row may change, and to what.

use orchard_engine::judge::counterfactual::{Changeable, Limits, Trend};
use orchard_engine::model::{self, Argument, InputKind, Model};
use pgrx::PgSqlErrorCode;
use serde_json::Value;

use crate::call::text;
use crate::error::{Failure, Result};

/// The columns that may change: those that are asked for, else all but those that are fixed.
pub(super) fn changeable(
    model: &Model,
    changeable: Option<Vec<Option<String>>>,
    fixed: Option<Vec<Option<String>>>,
    limits: Option<&Value>,
) -> Result<Vec<Changeable>> {
    let arguments = model.arguments();
    let place = |name: &str| arguments.iter().position(|a| a.name() == name).ok_or_else(|| no_column(model, name));
    let places = |names: Option<Vec<Option<String>>>| {
        names.map(|names| names.iter().flatten().map(|name| place(name)).collect::<Result<Vec<_>>>()).transpose()
    };
    let (asked, fixed) = (places(changeable)?, places(fixed)?.unwrap_or_default());
    for &at in asked.iter().flatten() {
        if fixed.contains(&at) {
            let message = format!("column \"{}\" is both changeable and fixed", arguments[at].name());
            return Err(Failure::argument(message).hint("Name it in one of the lists."));
        }
        if !can_change(&arguments[at]) {
            let what = if arguments[at].kind() == InputKind::Array { "an array" } else { "a free text" };
            let message = format!("column \"{}\" is {what}, whose changes have no smallest one", arguments[at].name());
            return Err(Failure::argument(message).hint("Leave it out of changeable."));
        }
    }
    let mut all: Vec<Changeable> = (0..arguments.len())
        .filter(|at| asked.as_ref().is_none_or(|asked| asked.contains(at)))
        .filter(|at| !fixed.contains(at) && can_change(&arguments[*at]))
        .map(|argument| Changeable { argument, ..Changeable::default() })
        .collect();
    let none = serde_json::Map::new();
    let map = match limits {
        None | Some(Value::Null) => &none,
        Some(Value::Object(map)) => map,
        Some(_) => {
            return Err(Failure::argument("limits must be a JSON object")
                .hint("Write for example '{\"age\": \"increase\", \"bid\": {\"min\": 0, \"max\": 5}, \"device\": [\"phone\", \"tablet\"]}'."))
        }
    };
    for (name, limit) in map {
        let at = place(name)?;
        let own = read(name, arguments[at].kind(), limit)?;
        all.iter_mut().filter(|c| c.argument == at).for_each(|c| c.limits = own.clone());
    }
    Ok(all)
}

fn can_change(argument: &Argument<'_>) -> bool {
    !matches!(argument.kind(), InputKind::Array | InputKind::Text)
}

fn no_column(model: &Model, name: &str) -> Failure {
    let names: Vec<String> = model.arguments().iter().map(|a| a.name().to_owned()).collect();
    Failure::new(PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN, format!("the model reads no column \"{name}\""))
        .detail(format!("It reads {}.", names.join(", ")))
}

/// What limits a column: a trend, bounds, or a list of values.
fn read(name: &str, kind: InputKind, limit: &Value) -> Result<Limits> {
    let wrong = || {
        Failure::argument(format!("the limit of column \"{name}\" is not valid")).hint(match kind {
            InputKind::Category => "Give a list of the texts it may be.",
            _ => "Give \"increase\", \"decrease\", or an object with some of \"min\", \"max\" and \"trend\".",
        })
    };
    let trend = |value: &Value| match value.as_str() {
        Some("increase") => Ok(Some(Trend::Increase)),
        Some("decrease") => Ok(Some(Trend::Decrease)),
        _ => Err(wrong()),
    };
    match limit {
        Value::Array(list) if kind == InputKind::Category => {
            let text = |value: &Value| match value {
                Value::String(text) => Ok(text.clone()),
                Value::Number(number) => Ok(number.to_string()),
                _ => Err(wrong()),
            };
            Ok(Limits { levels: Some(list.iter().map(text).collect::<Result<_>>()?), ..Limits::default() })
        }
        Value::String(_) if kind != InputKind::Category => Ok(Limits { trend: trend(limit)?, ..Limits::default() }),
        Value::Object(map) if kind != InputKind::Category => {
            let mut limits = Limits::default();
            for (key, value) in map {
                match key.as_str() {
                    "trend" => limits.trend = trend(value)?,
                    "min" => limits.minimum = Some(number(kind, value).ok_or_else(wrong)?),
                    "max" => limits.maximum = Some(number(kind, value).ok_or_else(wrong)?),
                    _ => return Err(wrong()),
                }
            }
            if matches!((limits.minimum, limits.maximum), (Some(min), Some(max)) if min > max) {
                let message = format!("the limit of column \"{name}\" has a min above its max");
                return Err(Failure::argument(message).hint("Swap them."));
            }
            Ok(limits)
        }
        _ => Err(wrong()),
    }
}

/// The number of a bound, or of a date or time that is written as one.
fn number(kind: InputKind, value: &Value) -> Option<f64> {
    let number = match (kind, value) {
        (InputKind::Date, Value::String(text)) => model::day(text::timestamp(text)?.0),
        (kind, Value::String(text)) if kind.is_moment() => text::timestamp(text)?.0,
        (InputKind::Interval, Value::String(text)) => text::interval(text),
        (_, Value::Number(number)) if !kind.is_moment() => number.as_f64()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

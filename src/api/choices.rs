//! The options of a verb over a source: a JSON object whose keys and types are checked before anything is read.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::error::{Failure, Result};

/// The options that a verb knows, each with its type in words.
pub(super) type Known = [(&'static str, &'static str)];

/// What is said of a value that an option cannot have, besides what it must be.
#[derive(Clone, Copy)]
pub(super) enum Advice {
    /// What it is.
    Given,
    /// A hint for all options.
    Hint(&'static str),
    /// A hint for an option.
    Of(fn(&str) -> String),
}

/// What is usual where nothing is given says all.
pub(super) const USUAL: Advice = Advice::Hint("Leave it out for what is usual.");

/// The options that were given, of those that are known.
pub(super) struct Choices<'a> {
    map: &'a Map<String, Value>,
    known: &'a Known,
    advice: Advice,
}

/// No options at all.
static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

impl<'a> Choices<'a> {
    /// Check the keys. `example` is an object that may be written.
    pub(super) fn new(
        options: Option<&'a Value>,
        known: &'a Known,
        example: &str,
        advice: Advice,
    ) -> Result<Choices<'a>> {
        let map = match options {
            None => &*NONE,
            Some(Value::Object(map)) => map,
            Some(_) => {
                return Err(
                    Failure::argument("options must be a JSON object").hint(format!("Write for example '{example}'."))
                )
            }
        };
        if let Some(key) = map.keys().find(|key| known.iter().all(|o| o.0 != *key)) {
            let names: Vec<&str> = known.iter().map(|o| o.0).collect();
            return Err(Failure::argument(format!("unrecognized option \"{key}\""))
                .hint(format!("Valid options are {}.", names.join(", "))));
        }
        Ok(Choices { map, known, advice })
    }

    /// The error of a value that an option cannot have.
    pub(super) fn wrong(&self, key: &str) -> Failure {
        let must = self.known.iter().find(|o| o.0 == key).map_or("", |o| o.1);
        let failure = Failure::argument(format!("option \"{key}\" must be {must}"));
        match self.advice {
            Advice::Given => {
                failure.detail(self.map.get(key).map_or_else(String::new, |value| format!("It is {value}.")))
            }
            Advice::Hint(hint) => failure.hint(hint),
            Advice::Of(hint) => failure.hint(hint(key)),
        }
    }

    /// The value of an option; NULL is as if it were not there.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// What `of` makes of the value.
    pub(super) fn read<T>(&self, key: &str, of: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>> {
        self.value(key).map(|value| of(value).ok_or_else(|| self.wrong(key))).transpose()
    }

    /// A number.
    pub(super) fn number(&self, key: &str, range: RangeInclusive<f64>) -> Result<Option<f64>> {
        self.number_if(key, |n| range.contains(&n))
    }

    /// A number that is usable.
    pub(super) fn number_if(&self, key: &str, usable: impl Fn(f64) -> bool) -> Result<Option<f64>> {
        self.read(key, |value| value.as_f64().filter(|n| usable(*n)))
    }

    /// A share between 0 and 1.
    pub(super) fn share(&self, key: &str) -> Result<Option<f64>> {
        self.number_if(key, |n| n > 0.0 && n < 1.0)
    }

    /// A whole number; 3.0 is one.
    pub(super) fn whole(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>> {
        let whole = |n: f64| (n.fract() == 0.0 && (0.0..=1e15).contains(&n)).then_some(n as u64);
        self.read(key, |value| value.as_u64().or_else(|| value.as_f64().and_then(whole)).filter(|n| range.contains(n)))
    }

    /// A whole number, written as one.
    pub(super) fn integer(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>> {
        self.read(key, |value| value.as_u64().filter(|n| range.contains(n)))
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.read(key, Value::as_str)
    }

    /// One of some words.
    pub(super) fn word<T>(&self, key: &str, of: impl Fn(&str) -> Option<T>) -> Result<Option<T>> {
        self.read(key, |value| value.as_str().and_then(&of))
    }

    /// A truth value.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.read(key, Value::as_bool)
    }

    /// A text or several.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<&'a str>>> {
        self.read(key, |value| match value {
            Value::String(one) => Some(vec![one.as_str()]),
            Value::Array(all) => all.iter().map(Value::as_str).collect(),
            _ => None,
        })
    }

    /// Names of columns in an array, at least one.
    pub(super) fn columns(&self, key: &str) -> Result<Option<Vec<String>>> {
        self.read(key, |value| {
            let names = value.as_array().filter(|names| !names.is_empty())?;
            names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
        })
    }

    /// Refuse an option that says nothing without another.
    pub(super) fn needs(&self, key: &str, other: &str) -> Result<()> {
        match self.value(key).is_some() && self.value(other).is_none() {
            true => Err(Failure::argument(format!("option \"{key}\" needs the option \"{other}\""))
                .hint(format!("Give \"{other}\", too, or leave \"{key}\" out."))),
            false => Ok(()),
        }
    }

    /// Refuse two options together.
    pub(super) fn apart(&self, key: &str, other: &str) -> Result<()> {
        match self.value(key).is_some() && self.value(other).is_some() {
            true => Err(Failure::argument(format!("options \"{key}\" and \"{other}\" cannot be used together"))
                .hint("Leave one of them out.")),
            false => Ok(()),
        }
    }
}

/// A text, number or truth value as SQL casts it to text.
pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

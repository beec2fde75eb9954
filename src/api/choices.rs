//! The options of a verb over a source: a JSON object whose keys and types are checked before anything is read.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::error::{Failure, Result};

/// The options that a verb knows, each with its type in words.
pub(super) type Known = [(&'static str, &'static str)];

/// The options that were given, of those that are known.
pub(super) struct Choices<'a> {
    map: &'a Map<String, Value>,
    known: &'a Known,
}

impl<'a> Choices<'a> {
    /// Check the keys. `example` is an object that may be written.
    pub(super) fn new(options: &'a Value, known: &'a Known, example: &str) -> Result<Choices<'a>> {
        let Value::Object(map) = options else {
            return Err(
                Failure::argument("options must be a JSON object").hint(format!("Write for example '{example}'."))
            );
        };
        if let Some(key) = map.keys().find(|key| known.iter().all(|o| o.0 != *key)) {
            let names: Vec<&str> = known.iter().map(|o| o.0).collect();
            return Err(Failure::argument(format!("unrecognized option \"{key}\""))
                .hint(format!("Valid options are {}.", names.join(", "))));
        }
        Ok(Choices { map, known })
    }

    /// The error of a value that an option cannot have.
    pub(super) fn wrong(&self, key: &str) -> Failure {
        let must = self.known.iter().find(|o| o.0 == key).map_or("", |o| o.1);
        let given = self.map.get(key).map_or_else(String::new, |value| format!("It is {value}."));
        Failure::argument(format!("option \"{key}\" must be {must}")).detail(given)
    }

    /// The value of an option; NULL is as if it were not there.
    pub(super) fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    fn get<T>(&self, key: &str, of: impl Fn(&'a Value) -> Option<T>) -> Result<Option<T>> {
        self.value(key).map(|value| of(value).ok_or_else(|| self.wrong(key))).transpose()
    }

    /// A number.
    pub(super) fn number(&self, key: &str, range: RangeInclusive<f64>) -> Result<Option<f64>> {
        self.get(key, |value| value.as_f64().filter(|n| range.contains(n)))
    }

    /// A whole number; 3.0 is one.
    pub(super) fn whole(&self, key: &str, range: RangeInclusive<u64>) -> Result<Option<u64>> {
        let whole = |n: f64| (n.fract() == 0.0 && (0.0..=1e15).contains(&n)).then_some(n as u64);
        self.get(key, |value| value.as_u64().or_else(|| value.as_f64().and_then(whole)).filter(|n| range.contains(n)))
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        self.get(key, Value::as_str)
    }

    /// A truth value.
    pub(super) fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.get(key, Value::as_bool)
    }

    /// A text or several.
    pub(super) fn texts(&self, key: &str) -> Result<Option<Vec<&'a str>>> {
        self.get(key, |value| match value {
            Value::String(one) => Some(vec![one.as_str()]),
            Value::Array(all) => all.iter().map(Value::as_str).collect(),
            _ => None,
        })
    }
}

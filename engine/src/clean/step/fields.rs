//! The members of a step's JSON object, each checked when it is taken.

use serde_json::{Map, Value};

use super::spec::StepSpec;
use super::Scalar;
use crate::error::{Error, Result};

/// The object of a step whose name is known.
pub(super) struct Fields<'a> {
    pub spec: &'static StepSpec,
    pub map: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The value of a key; a null counts as absent.
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|v| !v.is_null())
    }

    fn wrong(&self, key: &str) -> Error {
        let parameter = self.spec.parameters.iter().find(|p| p.key == key);
        let must = parameter.map_or("another value", |p| p.type_text);
        Error::option(
            format!("parameter \"{key}\" of step \"{}\" must be {must}", self.spec.name),
            parameter.map_or_else(String::new, |p| format!("It is {}.", p.meaning)),
        )
    }

    /// Refuse a key that would change nothing, as what it goes `with` is not there.
    pub fn only_with(&self, key: &str, there: bool, with: &str, hint: &str) -> Result<()> {
        match self.value(key) {
            Some(_) if !there => {
                Err(Error::option(format!("parameter \"{key}\" of step \"{}\" needs {with}", self.spec.name), hint))
            }
            _ => Ok(()),
        }
    }

    /// Take a value by `read`, which is `None` for one that is not allowed.
    pub fn get<T>(&self, key: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>> {
        self.value(key).map(|v| read(v).ok_or_else(|| self.wrong(key))).transpose()
    }

    /// The same, for one that must be there.
    pub fn need<T>(&self, key: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<T> {
        self.get(key, read)?.ok_or_else(|| {
            Error::option(
                format!("step \"{}\" needs the parameter \"{key}\"", self.spec.name),
                format!("Its parameters are {}.", self.spec.keys()),
            )
        })
    }

    pub fn text(&self, key: &str) -> Result<Option<String>> {
        self.get(key, |v| v.as_str().map(str::to_owned))
    }

    pub fn boolean(&self, key: &str, default: bool) -> Result<bool> {
        Ok(self.get(key, Value::as_bool)?.unwrap_or(default))
    }

    pub fn number(&self, key: &str, low: f64, high: f64) -> Result<Option<f64>> {
        self.get(key, |v| v.as_f64().filter(|n| (low..=high).contains(n)))
    }

    pub fn integer(&self, key: &str, low: u64, high: u64) -> Result<Option<u64>> {
        self.get(key, |v| integer(v).filter(|n| (low..=high).contains(n)))
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        self.get(key, |v| words.iter().find(|(word, _)| v.as_str() == Some(*word)).map(|(_, value)| *value))
    }

    /// One word or a list of them, each once.
    pub fn choices<T: Copy + PartialEq>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<Vec<T>>> {
        self.get(key, |v| {
            let names = texts(v).filter(|n| !n.is_empty())?;
            let find = |n: &String| words.iter().find(|(word, _)| n == word).map(|(_, value)| *value);
            let found: Vec<T> = names.iter().map(find).collect::<Option<_>>()?;
            let once = found.iter().enumerate().all(|(i, a)| !found[..i].contains(a));
            once.then_some(found)
        })
    }
}

/// A text, or an array of texts, each once.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    let list: Vec<String> = match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(list) => list.iter().map(|v| v.as_str().map(str::to_owned)).collect::<Option<_>>()?,
        _ => return None,
    };
    let mut sorted: Vec<&String> = list.iter().collect();
    sorted.sort();
    sorted.windows(2).all(|w| w[0] != w[1]).then_some(list)
}

/// A text, number or truth value.
pub(super) fn scalar(value: &Value) -> Option<Scalar> {
    match value {
        Value::String(text) => Some(Scalar::Text(text.clone())),
        Value::Bool(truth) => Some(Scalar::Number(f64::from(u8::from(*truth)))),
        Value::Number(number) => number.as_f64().filter(|n| n.is_finite()).map(|n| Scalar::Number(n + 0.0)),
        _ => None,
    }
}

/// One that values are compared with. A whole number keeps all its digits: rounded, it would be another id.
pub(super) fn compared(value: &Value) -> Option<Scalar> {
    match value.as_u64().or(value.as_i64().map(i64::unsigned_abs)) {
        Some(size) if size > EXACT_WHOLE => Some(Scalar::Text(value.to_string())),
        _ => scalar(value),
    }
}

/// An array of them, not empty.
pub(super) fn scalars(value: &Value) -> Option<Vec<Scalar>> {
    value.as_array().filter(|a| !a.is_empty())?.iter().map(compared).collect()
}

/// Double precision tells whole numbers apart up to here.
const EXACT_WHOLE: u64 = 1 << 53;

fn integer(value: &Value) -> Option<u64> {
    let exact = |f: f64| (f.fract() == 0.0 && (0.0..9e15).contains(&f)).then_some(f as u64);
    value.as_u64().or_else(|| value.as_f64().and_then(exact))
}

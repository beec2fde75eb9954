//! Reading options out of a JSON object by a table of what there is.

use serde_json::{Map, Value};

use super::window::Window;
use crate::error::{Error, Result};
use crate::learn::options::{did_you_mean, nearest, shorten};

/// An option.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The key.
    pub key: &'static str,
    /// What its value must be, after "must be".
    pub type_text: &'static str,
    /// Its default as JSON; `null` where there is none.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

impl Spec {
    /// The default; `None` where there is none.
    pub fn default_value(&self) -> Option<Value> {
        serde_json::from_str(self.default).ok().filter(|v: &Value| !v.is_null())
    }
}

/// The options of a call over their defaults.
pub(super) struct Given {
    call: &'static str,
    specs: &'static [Spec],
    values: Map<String, Value>,
}

impl Given {
    /// Take the options of `call`; an unknown key is an error that lists the valid ones. null is the default.
    pub fn read(call: &'static str, specs: &'static [Spec], options: &Value) -> Result<Given> {
        let Value::Object(options) = options else {
            return Err(Error::option("options must be a JSON object", "For example '{\"replace\": true}'."));
        };
        let keys = || specs.iter().map(|s| s.key);
        let mut values = Map::new();
        for (key, value) in options {
            if !keys().any(|k| k == key) {
                let guess = nearest(key, keys()).map_or_else(String::new, did_you_mean);
                let valid = keys().collect::<Vec<_>>().join(", ");
                return Err(Error::option(
                    format!("unrecognized option \"{}\"", shorten(key)),
                    format!("{guess}Valid options for {call} are: {valid}."),
                ));
            }
            if !value.is_null() {
                values.insert(key.clone(), value.clone());
            }
        }
        Ok(Given { call, specs, values })
    }

    /// What an option is, given or by default, as `convert` takes it; `None` where it is neither.
    fn get<T>(&self, key: &str, convert: impl Fn(&Value) -> Option<T>) -> Result<Option<T>> {
        let spec = self.specs.iter().find(|s| s.key == key);
        let spec = spec.ok_or_else(|| Error::Internal(format!("{} has no option \"{key}\"", self.call)))?;
        let Some(value) = self.values.get(key).cloned().or_else(|| spec.default_value()) else { return Ok(None) };
        let wrong = || {
            Error::option(
                format!("option \"{key}\" must be {}", spec.type_text),
                format!("\"{key}\" is {}. Given was {}.", spec.meaning, shorten(&value.to_string())),
            )
        };
        convert(&value).map(Some).ok_or_else(wrong)
    }

    /// Whether an option was given.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// A truth value.
    pub fn boolean(&self, key: &str) -> Result<bool> {
        Ok(self.get(key, Value::as_bool)?.unwrap_or(false))
    }

    /// A text that is not empty.
    pub fn text(&self, key: &str) -> Result<Option<String>> {
        self.get(key, name)
    }

    /// One of some words.
    pub fn word(&self, key: &str, words: &[&'static str]) -> Result<Option<&'static str>> {
        self.get(key, |v| words.iter().find(|w| v.as_str() == Some(**w)).copied())
    }

    /// A text that may be empty.
    pub fn any_text(&self, key: &str) -> Result<String> {
        Ok(self.get(key, |v| v.as_str().map(str::to_owned))?.unwrap_or_default())
    }

    /// A list of names, each once.
    pub fn names(&self, key: &str) -> Result<Vec<String>> {
        let names = self.get(key, list(name))?.unwrap_or_default();
        once(key, &names, |n| n.clone())?;
        Ok(names)
    }

    /// A list of some words, each once.
    pub fn words(&self, key: &str, words: &[&'static str]) -> Result<Vec<&'static str>> {
        let found = self.get(key, list(|v| words.iter().find(|w| v.as_str() == Some(**w)).copied()))?;
        let found = found.unwrap_or_default();
        once(key, &found, |w| (*w).to_owned())?;
        Ok(found)
    }

    /// A list of windows, each once.
    pub fn windows(&self, key: &str) -> Result<Vec<Window>> {
        let windows = self.get(key, list(|v| v.as_str().and_then(Window::parse)))?.unwrap_or_default();
        once(key, &windows, Window::suffix)?;
        Ok(windows)
    }

    /// A length of time.
    pub fn length(&self, key: &str) -> Result<Option<Window>> {
        self.get(key, |v| v.as_str().and_then(Window::parse).filter(|w| *w != Window::All))
    }

    /// A length of time that is always the same.
    pub fn pause(&self, key: &str) -> Result<Option<Window>> {
        self.get(key, |v| v.as_str().and_then(Window::parse).filter(Window::is_steady))
    }

    /// An object of names and counts from 1 to `most`.
    pub fn counts(&self, key: &str, most: u64) -> Result<Vec<(String, usize)>> {
        let count = |(name, count): (&String, &Value)| {
            let count = count.as_u64().filter(|n| (1..=most).contains(n))?;
            (!name.is_empty()).then_some((name.clone(), count as usize))
        };
        Ok(self.get(key, |v| v.as_object()?.iter().map(count).collect())?.unwrap_or_default())
    }
}

fn name(value: &Value) -> Option<String> {
    value.as_str().filter(|s| !s.is_empty() && !s.contains('\0')).map(str::to_owned)
}

/// An array of what `one` takes, or one of it alone.
fn list<T>(one: impl Fn(&Value) -> Option<T>) -> impl Fn(&Value) -> Option<Vec<T>> {
    move |value| match value {
        Value::Array(values) => values.iter().map(&one).collect(),
        value => Some(vec![one(value)?]),
    }
}

/// Nothing twice in a list.
fn once<T>(key: &str, values: &[T], text: impl Fn(&T) -> String) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    match values.iter().map(text).find(|text| !seen.insert(text.clone())) {
        Some(text) => Err(Error::option(format!("option \"{key}\" has \"{}\" twice", shorten(&text)), "Name it once.")),
        None => Ok(()),
    }
}

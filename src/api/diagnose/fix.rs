//! What mends a finding, as SQL: a query to take as the source, or arguments of `orchard.train`.

use orchard_engine::clean::doctor::Fix;
use pgrx::spi::{quote_identifier, quote_literal};
use serde_json::{json, Map, Value};

use crate::source::types::Reader;
use crate::source::{Attribute, Described};

/// Writes fixes for one source.
pub struct Writer {
    /// What stands after FROM.
    from: String,
    target: Option<String>,
    attributes: Vec<Attribute>,
    /// The names of the columns that were read.
    read: Vec<String>,
    /// The options that were given.
    given: Map<String, Value>,
}

impl Writer {
    /// A writer; `read` are the columns that were looked at.
    pub fn new(
        source: &str,
        target: Option<&str>,
        described: Described,
        read: Vec<String>,
        given: Map<String, Value>,
    ) -> Writer {
        let query = described.query;
        let own = source.trim().trim_end_matches(';') == query;
        let from = match query.strip_prefix("SELECT * FROM ").filter(|_| !own) {
            Some(relation) => relation.to_owned(),
            // A comment at the end of the query must not swallow the bracket.
            None if query.contains("--") => format!("({query}\n) AS source"),
            None => format!("({query}) AS source"),
        };
        Writer { from, target: target.map(str::to_owned), attributes: described.attributes, read, given }
    }

    /// The fix as SQL; `None` where there is none.
    pub fn sql(&self, fix: &Fix) -> Option<String> {
        let from = &self.from;
        match fix {
            Fix::Nothing => None,
            Fix::Exclude(columns) => without(&self.given, columns).map(|options| argument(&options)),
            Fix::Options(options) => Some(argument(&self.with(options))),
            Fix::Learner(name, options) => {
                Some(format!("algorithm => {}, {}", quote_literal(name), argument(&self.with(options))))
            }
            Fix::Distinct if self.read.len() == self.attributes.len() => Some(format!("SELECT DISTINCT * FROM {from}")),
            Fix::Distinct => Some(format!("SELECT DISTINCT ON ({}) * FROM {from}", self.names(None))),
            Fix::KnownTarget => self.target().map(|t| format!("SELECT * FROM {from} WHERE {}", known(t))),
            Fix::Conflicts => self.target().map(|t| self.conflicts(t)),
            Fix::Pooled(column, rows) => Some(self.pooled(column, *rows)),
            Fix::Numbers(column, sign, nothing) => {
                let sign = sign.map_or_else(String::new, |s| format!(", {}", quote_literal(s.to_string())));
                Some(
                    self.replacing(column, |name| {
                        format!("orchard.parse_number({}{sign})", without_these(name, nothing))
                    }),
                )
            }
            Fix::Moments(column, format, nothing) => {
                let format = match format.as_str() {
                    "" => String::new(),
                    format => format!(", {}", quote_literal(format)),
                };
                Some(self.replacing(column, |name| {
                    format!("orchard.parse_timestamp({}{format})", without_these(name, nothing))
                }))
            }
        }
    }

    fn target(&self) -> Option<&Attribute> {
        self.attributes.iter().find(|a| Some(&a.name) == self.target.as_ref())
    }

    /// The columns that were read, but for one.
    fn names(&self, except: Option<&str>) -> String {
        let names = self.read.iter().filter(|n| Some(n.as_str()) != except);
        names.map(quote_identifier).collect::<Vec<_>>().join(", ")
    }

    fn conflicts(&self, target: &Attribute) -> String {
        let (from, features, name) = (&self.from, self.names(Some(&target.name)), quote_identifier(&target.name));
        format!(
            "SELECT {features}, count(*) AS rows, array_agg(DISTINCT {name}) AS labels FROM {from} WHERE {name} IS NOT NULL GROUP BY {features} HAVING count(DISTINCT {name}) > 1"
        )
    }

    fn pooled(&self, column: &str, rows: usize) -> String {
        self.replacing(column, |name| {
            format!(
                "CASE WHEN {name} IS NOT NULL AND count(*) OVER (PARTITION BY {name}) < {rows} THEN 'other' ELSE {name}::text END"
            )
        })
    }

    /// All columns, one of them made by an expression of its name.
    fn replacing(&self, column: &str, expression: impl Fn(&str) -> String) -> String {
        let shown = |a: &Attribute| {
            let name = quote_identifier(&a.name);
            if a.name == column {
                format!("{} AS {name}", expression(&name))
            } else {
                name
            }
        };
        let columns: Vec<String> = self.attributes.iter().map(shown).collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.from)
    }

    /// The options that were given, with others.
    fn with(&self, options: &Value) -> Map<String, Value> {
        let mut all = self.given.clone();
        all.extend(options.as_object().cloned().unwrap_or_default());
        all
    }
}

/// A column in which these texts are NULL.
fn without_these(name: &str, nothing: &[String]) -> String {
    nothing.iter().fold(name.to_owned(), |column, text| format!("nullif({column}, {})", quote_literal(text)))
}

/// Where the target is one that can be learned.
fn known(target: &Attribute) -> String {
    let name = quote_identifier(&target.name);
    match target.reader {
        Some(Reader::Float4 | Reader::Float8 | Reader::Numeric) => {
            format!("{name} NOT IN ('NaN', 'Infinity', '-Infinity')")
        }
        Some(Reader::Date | Reader::Timestamp | Reader::Timestamptz) => format!("isfinite({name})"),
        _ => format!("{name} IS NOT NULL"),
    }
}

/// Options by which columns are left out besides; `None` where that would leave none.
pub fn without(given: &Map<String, Value>, columns: &[String]) -> Option<Map<String, Value>> {
    let mut options = given.clone();
    if let Some(Value::Array(features)) = options.get_mut("features") {
        features.retain(|f| !columns.iter().any(|c| f.as_str() == Some(c.as_str())));
        return (!features.is_empty()).then_some(options);
    }
    let mut excluded = match options.get("exclude") {
        Some(Value::Array(list)) => list.clone(),
        _ => Vec::new(),
    };
    for column in columns.iter().map(|c| json!(c)) {
        if !excluded.contains(&column) {
            excluded.push(column);
        }
    }
    options.insert("exclude".to_owned(), Value::Array(excluded));
    Some(options)
}

/// Options as an argument of `orchard.train`.
pub fn argument(options: &Map<String, Value>) -> String {
    let shown = |value: &Value| match value {
        Value::Array(list) => format!("[{}]", list.iter().map(Value::to_string).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    };
    let pairs: Vec<String> = options.iter().map(|(k, v)| format!("{}: {}", json!(k), shown(v))).collect();
    format!("options => {}", quote_literal(format!("{{{}}}", pairs.join(", "))))
}

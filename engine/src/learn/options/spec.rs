//! One option: its type, its range, the check of a value and the words for it.

use serde_json::{Map, Value};

use super::{Algorithm, ClassWeight, Clean, Options};
use crate::clean::step::Step;
use crate::error::{Error, Result};
use crate::learn::ensemble::{self, Chosen};
use crate::learn::forest::Part;
use crate::learn::kmeans::Init;

/// The most segments.
pub(super) const MOST_CLUSTERS: usize = 10_000;
/// The most that a column counts in a clustering.
const MOST_WEIGHT: f64 = 1e6;

/// What values an option takes, and where a checked one goes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A whole number from the first to the second; `8.0` will do.
    Integer(u64, u64, fn(&mut Options, u64)),
    /// The same, or null or `"auto"`, by which none is given.
    IntegerOrAuto(u64, u64, fn(&mut Options, Option<u64>)),
    /// Up to so many whole numbers, each from the second to the third.
    Integers(usize, u64, u64, fn(&mut Options, Vec<u64>)),
    /// A number from the first to below the second; of any size when the second is infinite.
    Number(f64, f64, fn(&mut Options, f64)),
    /// A number above 0.
    Positive(fn(&mut Options, f64)),
    /// A number above 0 and up to 1.
    Share(fn(&mut Options, f64)),
    /// A number from 0 to 1.
    Fraction(fn(&mut Options, f64)),
    /// One of these words, a share of the whole above 0 and up to 1, or a whole number of at least 1.
    Part(&'static [(&'static str, Part)], fn(&mut Options, Part)),
    /// true or false.
    Boolean(fn(&mut Options, bool)),
    /// One of these words.
    Choice(&'static [&'static str], fn(&mut Options, &'static str)),
    /// The name of a column.
    Column(fn(&mut Options, String)),
    /// Names of columns, each once; a single name will do. At least as many as the first says.
    Columns(usize, fn(&mut Options, Vec<String>)),
    /// A label: text, number or boolean.
    Label(fn(&mut Options, String)),
    /// `"balanced"`, or an object of labels and weights.
    ClassWeight(fn(&mut Options, ClassWeight)),
    /// An object of column names and 1, 0 or -1.
    Directions(fn(&mut Options, Vec<(String, i8)>)),
    /// An object of column names and numbers of at least 0.
    Weights(fn(&mut Options, Vec<(String, f64)>)),
    /// Lists of column names, each name once in its list.
    Groups(fn(&mut Options, Vec<Vec<String>>)),
    /// `"auto"`, or an array of cleaning steps.
    Clean(fn(&mut Options, Clean)),
    /// Numbers of at least 0.
    Numbers(fn(&mut Options, Vec<f64>)),
    /// Names of learners, or objects of a name and options.
    Estimators(fn(&mut Options, Chosen)),
    /// The name of a learner, or an object of a name and options.
    Estimator(fn(&mut Options, (Algorithm, Map<String, Value>))),
    /// What is read by whoever reads the source; in words what it must be.
    Given(&'static str),
    /// `"k-means++"`, `"k-means||"`, `"random"`, or an array of objects of columns and values.
    Init(fn(&mut Options, Init)),
}

/// One option.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The key.
    pub key: &'static str,
    /// Who takes it.
    pub algorithms: &'static [Algorithm],
    /// What values it takes.
    pub kind: Kind,
    /// Reads the default out of the default options; null where there is none.
    pub(super) default: fn(&Options) -> Value,
    /// What other tools call it: good for a guess, not accepted.
    pub(super) elsewhere: &'static [&'static str],
    /// What it means: a noun clause without a full stop.
    pub meaning: &'static str,
}

impl Spec {
    /// Its type and range in words, to follow "must be": `an integer between 1 and 64`.
    pub fn type_text(&self) -> String {
        match self.kind {
            Kind::Integer(low, u64::MAX, _) => format!("an integer of at least {low}"),
            Kind::Integer(low, high, _) => format!("an integer between {low} and {high}"),
            Kind::IntegerOrAuto(low, high, _) => format!("an integer between {low} and {high}, null or \"auto\""),
            Kind::Integers(most, low, high, _) => format!("an array of up to {most} integers between {low} and {high}"),
            Kind::Number(low, f64::INFINITY, _) => format!("a number of at least {low}"),
            Kind::Number(low, below, _) => format!("a number of at least {low} and below {below}"),
            Kind::Positive(_) => "a number above 0".into(),
            Kind::Share(_) => "a number above 0 and up to 1".into(),
            Kind::Fraction(_) => "a number between 0 and 1".into(),
            Kind::Part([], _) => "a share above 0 and up to 1 or an integer of at least 1".into(),
            Kind::Part(words, _) => {
                let words: Vec<&str> = words.iter().map(|w| w.0).collect();
                format!("one of {}, a share above 0 and up to 1 or an integer of at least 1", quoted(&words))
            }
            Kind::Boolean(_) => "true or false".into(),
            Kind::Choice(words, _) => format!("one of {}", quoted(words)),
            Kind::Column(_) => "the name of a column".into(),
            Kind::Columns(0, _) => "an array of column names".into(),
            Kind::Columns(..) => "an array of at least one column name".into(),
            Kind::Label(_) if self.key == "control" => "a value of the treatment: a text, number or boolean".into(),
            Kind::Label(_) => "a label of the target: a text, number or boolean".into(),
            Kind::ClassWeight(_) => "\"balanced\" or an object of labels and weights above 0".into(),
            Kind::Directions(_) => "an object of column names and 1, 0 or -1".into(),
            Kind::Weights(_) => format!("an object of column names and numbers of at least 0 and up to {MOST_WEIGHT}"),
            Kind::Groups(_) => "an array of arrays of column names".into(),
            Kind::Clean(_) => "\"auto\" or an array of cleaning steps".into(),
            Kind::Numbers(_) => format!("an array of numbers of at least 0 and up to {MOST_WEIGHT}"),
            Kind::Estimators(_) => {
                "an array of algorithms, each a name or an object of \"algorithm\" and \"options\"".into()
            }
            Kind::Estimator(_) => "an algorithm, by its name or as an object of \"algorithm\" and \"options\"".into(),
            Kind::Given(words) => words.into(),
            Kind::Init(_) => {
                "\"k-means++\", \"k-means||\", \"random\" or an array of objects of columns and values, one a segment"
                    .into()
            }
        }
    }

    /// Its default for a learner; `None` where there is none.
    pub fn default_value(&self, algorithm: Algorithm) -> Option<Value> {
        Some((self.default)(&Options::new(algorithm))).filter(|v| !v.is_null())
    }

    /// Check a value that is not null.
    pub(crate) fn check(&self, value: &Value, algorithm: Algorithm) -> Result<()> {
        self.set(&mut Options::new(algorithm), value, algorithm)
    }

    /// Whether null is a value of its own, and not the default.
    pub(super) fn takes_null(&self) -> bool {
        matches!(self.kind, Kind::IntegerOrAuto(..))
    }

    /// Check a value that is not null and put it into the options of a learner.
    pub(super) fn set(&self, options: &mut Options, value: &Value, algorithm: Algorithm) -> Result<()> {
        let wrong = || self.wrong(value, algorithm);
        match self.kind {
            Kind::Integer(low, high, set) => {
                set(options, integer(value).filter(|v| (low..=high).contains(v)).ok_or_else(wrong)?);
            }
            Kind::IntegerOrAuto(low, high, set) => {
                let asked = integer(value).filter(|v| (low..=high).contains(v));
                let auto = value.is_null() || value.as_str() == Some("auto");
                set(options, if auto { None } else { Some(asked.ok_or_else(wrong)?) });
            }
            Kind::Integers(most, low, high, set) => {
                let one = |v: &Value| integer(v).filter(|v| (low..=high).contains(v));
                let all = value.as_array().filter(|all| all.len() <= most);
                set(options, all.and_then(|all| all.iter().map(one).collect()).ok_or_else(wrong)?);
            }
            Kind::Number(low, below, set) => {
                set(options, value.as_f64().filter(|v| *v >= low && *v < below).ok_or_else(wrong)?);
            }
            Kind::Positive(set) => {
                set(options, value.as_f64().filter(|v| *v > 0.0 && v.is_finite()).ok_or_else(wrong)?);
            }
            Kind::Fraction(set) => {
                set(options, value.as_f64().filter(|v| (0.0..=1.0).contains(v)).ok_or_else(wrong)?);
            }
            Kind::Share(set) => set(options, value.as_f64().filter(|v| *v > 0.0 && *v <= 1.0).ok_or_else(wrong)?),
            Kind::Part(words, set) => set(options, part(words, value).ok_or_else(wrong)?),
            Kind::Given(_) => {}
            Kind::Boolean(set) => set(options, value.as_bool().ok_or_else(wrong)?),
            Kind::Choice(words, set) => {
                set(options, words.iter().find(|w| value.as_str() == Some(**w)).ok_or_else(wrong)?);
            }
            Kind::Column(set) => set(options, column(value).ok_or_else(wrong)?),
            Kind::Columns(least, set) => {
                let names = columns(value).filter(|names| names.len() >= least).ok_or_else(wrong)?;
                self.check_once(&names)?;
                set(options, names);
            }
            Kind::Label(set) => set(options, label(value).ok_or_else(wrong)?),
            Kind::ClassWeight(set) => set(options, class_weight(value).ok_or_else(wrong)?),
            Kind::Directions(set) => set(options, directions(value).ok_or_else(wrong)?),
            Kind::Weights(set) => set(options, weights(value).ok_or_else(wrong)?),
            Kind::Clean(set) => match value {
                Value::Array(_) => set(options, Clean::Steps(Step::parse(value)?)),
                value if value.as_str() == Some("auto") => set(options, Clean::Auto),
                _ => return Err(wrong()),
            },
            Kind::Numbers(set) => set(options, numbers(value).ok_or_else(wrong)?),
            Kind::Estimators(set) => set(options, ensemble::read(value, algorithm)?),
            Kind::Estimator(set) => set(options, ensemble::read_one(value, &format!("option \"{}\"", self.key), None)?),
            Kind::Init(set) => set(options, init(value).ok_or_else(wrong)?),
            Kind::Groups(set) => {
                let groups = groups(value).ok_or_else(wrong)?;
                groups.iter().try_for_each(|names| self.check_once(names))?;
                set(options, groups);
            }
        }
        Ok(())
    }

    /// No name twice in a list.
    fn check_once(&self, names: &[String]) -> Result<()> {
        match names.iter().enumerate().find_map(|(i, n)| names[..i].contains(n).then_some(n)) {
            Some(name) => {
                Err(Error::option(format!("option \"{}\" names column \"{name}\" twice", self.key), "Name it once."))
            }
            None => Ok(()),
        }
    }

    /// The error for a value that does not fit.
    fn wrong(&self, value: &Value, algorithm: Algorithm) -> Error {
        let mut hint = format!("\"{}\" is {}", self.key, self.meaning);
        if let Some(default) = self.default_value(algorithm) {
            hint += &format!(", by default {default}");
        }
        hint += &format!(". Given was {}", shorten(&value.to_string()));
        // '{"max_depth": "8"}' is the slip of those who write SQL by hand.
        let unquoted = value.as_str().and_then(|s| serde_json::from_str::<Value>(s.trim()).ok());
        hint += match (self.kind, unquoted) {
            (
                Kind::Integer(..)
                | Kind::IntegerOrAuto(..)
                | Kind::Number(..)
                | Kind::Positive(_)
                | Kind::Share(_)
                | Kind::Fraction(_)
                | Kind::Part(..),
                Some(Value::Number(_)),
            )
            | (Kind::Boolean(_), Some(Value::Bool(_))) => ": write it without quotes.",
            _ => ".",
        };
        Error::option(format!("option \"{}\" must be {}", self.key, self.type_text()), hint)
    }
}

/// A whole number that is not negative; `8.0` is one.
fn integer(value: &Value) -> Option<u64> {
    // Beyond 2^53 an f64 does not say which whole number was meant.
    let whole = |f: f64| (f.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&f)).then_some(f as u64);
    value.as_u64().or_else(|| value.as_f64().and_then(whole))
}

/// A word, a share or a count. 1 is one of the whole, 1.0 all of it.
fn part(words: &[(&str, Part)], value: &Value) -> Option<Part> {
    if let Some(word) = value.as_str() {
        return words.iter().find(|w| w.0 == word).map(|w| w.1);
    }
    let share = || value.as_f64().filter(|v| value.is_f64() && *v > 0.0 && *v <= 1.0).map(Part::Share);
    share().or_else(|| integer(value).filter(|n| *n >= 1).map(Part::Count))
}

fn column(value: &Value) -> Option<String> {
    value.as_str().filter(|s| !s.is_empty()).map(str::to_owned)
}

fn columns(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(names) => names.iter().map(column).collect(),
        one => Some(vec![column(one)?]),
    }
}

fn directions(value: &Value) -> Option<Vec<(String, i8)>> {
    let direction = |(name, way): (&String, &Value)| {
        let way = way.as_f64().filter(|w| [-1.0, 0.0, 1.0].contains(w))?;
        (!name.is_empty()).then(|| (name.clone(), way as i8))
    };
    value.as_object()?.iter().map(direction).collect()
}

fn weights(value: &Value) -> Option<Vec<(String, f64)>> {
    let weight = |(name, weight): (&String, &Value)| {
        let weight = weight.as_f64().filter(|w| (0.0..=MOST_WEIGHT).contains(w))?;
        (!name.is_empty()).then(|| (name.clone(), weight))
    };
    value.as_object().filter(|object| !object.is_empty())?.iter().map(weight).collect()
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    let number = |value: &Value| value.as_f64().filter(|v| (0.0..=MOST_WEIGHT).contains(v));
    value.as_array()?.iter().map(number).collect()
}

fn groups(value: &Value) -> Option<Vec<Vec<String>>> {
    let group = |names: &Value| names.as_array().filter(|n| !n.is_empty())?.iter().map(column).collect();
    value.as_array()?.iter().map(group).collect()
}

fn init(value: &Value) -> Option<Init> {
    match value {
        Value::String(word) => Init::NAMED.into_iter().find(|named| named.0 == word).map(|named| named.1),
        Value::Array(centres) if (1..=MOST_CLUSTERS).contains(&centres.len()) => {
            let centre = |value: &Value| value.as_object().filter(|object| !object.is_empty()).cloned();
            centres.iter().map(centre).collect::<Option<_>>().map(Init::Given)
        }
        _ => None,
    }
}

/// A label as the classes of a target are spelled.
fn label(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(n) if n.is_f64() => n.as_f64().map(|f| format!("{f}")),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn class_weight(value: &Value) -> Option<ClassWeight> {
    match value {
        Value::String(word) if word == "balanced" => Some(ClassWeight::Balanced),
        Value::Object(map) if !map.is_empty() => {
            let weight = |(label, weight): (&String, &Value)| {
                weight.as_f64().filter(|w| *w > 0.0 && w.is_finite()).map(|w| (label.clone(), w))
            };
            map.iter().map(weight).collect::<Option<_>>().map(ClassWeight::Map)
        }
        _ => None,
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", ")
}

/// At most 60 letters of what was given, for a message.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The name that is most likely meant, if one is near.
pub(crate) fn nearest<'a>(given: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given: String = given.chars().take(64).collect::<String>().to_lowercase().replace(['-', ' '], "_");
    let far = 1 + given.len() / 4;
    let inside = |name: &str| given.len() >= 4 && name.len() >= 3 && (name.contains(&given) || given.contains(name));
    let near = |name: &'a str| {
        let d = distance(given.as_bytes(), name.as_bytes());
        // A name inside the other is a better guess than one a few letters away.
        let d = if inside(name) { d.min(far) } else { d };
        // Of a name that would be another in all its letters nobody thought.
        (d <= far && d < name.len()).then_some((d, name))
    };
    names.filter_map(near).min_by_key(|(d, _)| *d).map(|(_, name)| name)
}

/// The edit distance of Levenshtein (1966).
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let best = (corner + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_textbook() {
        assert_eq!(distance(b"kitten", b"sitting"), 3);
        assert_eq!(distance(b"", b"abc"), 3);
        assert_eq!(distance(b"abc", b""), 3);
        assert_eq!(distance(b"same", b"same"), 0);
    }

    #[test]
    fn guesses_are_near() {
        let names = ["max_depth", "max_bins", "seed", "tol"];
        let guess = |given| nearest(given, names.into_iter());
        assert_eq!(guess("max_dept"), Some("max_depth"));
        assert_eq!(guess("Max-Depth"), Some("max_depth"));
        assert_eq!(guess("depth"), Some("max_depth"));
        assert_eq!(guess("maxbin"), Some("max_bins"));
        assert_eq!(guess("learning_rate"), None);
        assert_eq!(guess(""), None);
        assert_eq!(nearest("weeks", ["k"].into_iter()), None);
        assert_eq!(nearest("a", ["k"].into_iter()), None);
    }
}

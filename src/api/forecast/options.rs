//! The options of the verbs about time series.

use orchard_engine::forecast::auto::Method;
use orchard_engine::forecast::calendar::{self, Step};
use orchard_engine::forecast::gather::{Aggregate, Missing, Rules};
use serde_json::{Map, Value};

use crate::error::{Failure, Result};

/// The options, with their types in words.
const OPTIONS: [(&str, &str); 9] = [
    ("method", "the name of a method, or an array of such"),
    ("level", "a number above 0 and below 1"),
    ("season", "a whole number of steps from 1 to 10000, or an array of at most 4 of them"),
    ("frequency", "a step such as day, week or 15 minutes; of plain numbers, a number above 0"),
    ("missing", "interpolate, zero or previous"),
    ("aggregate", "auto, sum or mean"),
    ("nonnegative", "true or false"),
    ("origins", "a whole number from 1 to 1000"),
    ("hierarchy", "true or false"),
];

/// The longest season.
const LONGEST: u64 = 10_000;

/// Options as they were given.
pub struct Options {
    /// The methods; empty for the usual.
    pub methods: Vec<Method>,
    /// The share of values that an interval should hold.
    pub level: Option<f64>,
    /// The seasons; `None` for those that the step usually has.
    pub seasons: Option<Vec<usize>>,
    /// What to do with rows.
    pub rules: Rules,
    /// Whether values are never below 0.
    pub nonnegative: Option<bool>,
    /// Whether sums are forecast too.
    pub hierarchy: bool,
    /// How many origins a forecast is judged from.
    pub origins: usize,
}

impl Options {
    /// Read the options of a verb that takes those named.
    pub fn parse(options: &Value, taken: &[&str], numbers: bool) -> Result<Options> {
        let Value::Object(map) = options else {
            return Err(Failure::argument("options must be a JSON object")
                .hint("Write for example '{\"frequency\": \"day\", \"missing\": \"zero\"}'."));
        };
        if let Some(key) = map.keys().find(|key| !taken.contains(&key.as_str())) {
            return Err(Failure::argument(format!("unrecognized option \"{key}\""))
                .hint(format!("Valid options are {}.", taken.join(", "))));
        }
        let value = |key: &str| map.get(key).filter(|v| !v.is_null());
        let text = |key: &str| match value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(wrong(key)),
        };
        let level = match value("level") {
            None => None,
            Some(v) => Some(v.as_f64().filter(|l| *l > 0.0 && *l < 1.0).ok_or_else(|| wrong("level"))?),
        };
        let missing = match text("missing")? {
            None | Some("interpolate") => Missing::Interpolate,
            Some("zero") => Missing::Zero,
            Some("previous") => Missing::Previous,
            Some(_) => return Err(wrong("missing")),
        };
        let aggregate = match text("aggregate")? {
            None | Some("auto") => Aggregate::Auto,
            Some("sum") => Aggregate::Sum,
            Some("mean") => Aggregate::Mean,
            Some(_) => return Err(wrong("aggregate")),
        };
        let flag = |key: &str| value(key).map(|v| v.as_bool().ok_or_else(|| wrong(key))).transpose();
        let origins = match value("origins") {
            None => 5,
            Some(v) => v.as_u64().filter(|n| (1..=1000).contains(n)).ok_or_else(|| wrong("origins"))? as usize,
        };
        let rules = Rules { step: step(map, numbers)?, aggregate, missing };
        Ok(Options {
            methods: methods(value("method"))?,
            level,
            seasons: seasons(value("season"))?,
            rules,
            nonnegative: flag("nonnegative")?,
            hierarchy: flag("hierarchy")?.unwrap_or(false),
            origins,
        })
    }
}

fn wrong(key: &str) -> Failure {
    let must = OPTIONS.iter().find(|o| o.0 == key).map_or("", |o| o.1);
    let hint = match key {
        "frequency" => format!("Steps are {}, with a whole number before them or not.", calendar::names()),
        "method" => format!("Methods are {}.", Method::ALL.map(Method::name).join(", ")),
        "missing" => "It says what stands where there is no row; in a table of sales that may be zero.".to_owned(),
        "aggregate" => "It says how the rows of one step become one value.".to_owned(),
        "season" => "A season of 7 is a week of days; 1 is none.".to_owned(),
        "level" => "It is the share of the values that an interval should hold: 0.95, say.".to_owned(),
        "nonnegative" => {
            "It says whether values are never below 0; if not given, the values themselves tell.".to_owned()
        }
        "hierarchy" => "It says whether the sums over groups are forecast too, so that all add up.".to_owned(),
        _ => "More origins tell more and take more time.".to_owned(),
    };
    Failure::argument(format!("option \"{key}\" must be {must}")).hint(hint)
}

fn step(map: &Map<String, Value>, numbers: bool) -> Result<Option<Step>> {
    let Some(value) = map.get("frequency").filter(|v| !v.is_null()) else { return Ok(None) };
    if numbers {
        let step = value.as_f64().filter(|n| *n > 0.0 && *n <= 1e15);
        return step.map(|n| Some(Step::Number(n))).ok_or_else(|| {
            wrong("frequency")
                .hint("The times are plain numbers, so their step is one. Make dates of them in the source to name it.")
        });
    }
    value.as_str().and_then(Step::parse).map(Some).ok_or_else(|| wrong("frequency"))
}

fn seasons(value: Option<&Value>) -> Result<Option<Vec<usize>>> {
    let one = |v: &Value| v.as_u64().filter(|n| (1..=LONGEST).contains(n)).map(|n| n as usize);
    let list = match value {
        None => return Ok(None),
        Some(Value::Array(list)) if list.len() <= 4 => list.iter().map(one).collect::<Option<Vec<_>>>(),
        Some(v) => one(v).map(|n| vec![n]),
    };
    let mut list = list.ok_or_else(|| wrong("season"))?;
    list.retain(|n| *n > 1);
    list.sort_unstable();
    list.dedup();
    Ok(Some(list))
}

fn methods(value: Option<&Value>) -> Result<Vec<Method>> {
    let one = |v: &Value| Method::ALL.into_iter().find(|m| v.as_str() == Some(m.name()));
    let list = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(one).collect::<Option<Vec<_>>>(),
        Some(v) => one(v).map(|m| vec![m]),
    };
    list.ok_or_else(|| wrong("method"))
}

//! The options of the verbs about time series.

use orchard_engine::forecast::auto::Method;
use orchard_engine::forecast::calendar::{self, Step};
use orchard_engine::forecast::gather::{Aggregate, Missing, Rules};
use orchard_engine::learn::options::{given, Algorithm};
use serde_json::Value;

use crate::api::choices::{Advice, Choices};
use crate::error::{Failure, Result};

/// The options of a forecast, made by the verb or kept as a model.
pub const FORECAST: [&str; 10] = [
    "method",
    "level",
    "season",
    "frequency",
    "missing",
    "aggregate",
    "nonnegative",
    "hierarchy",
    "regressors",
    "holidays",
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
    /// Columns of what is known besides values.
    pub regressors: Vec<String>,
    /// Days that have a name.
    pub holidays: Option<Days>,
}

/// Where holidays are.
pub enum Days {
    /// Days since 2000-01-01 with their names.
    Given(Vec<(i64, String)>),
    /// In a table or a query.
    Source(String),
}

impl Options {
    /// Read the options of a verb that takes those named.
    pub fn parse(options: Option<&Value>, taken: &[&str], numbers: bool) -> Result<Options> {
        let known: Vec<_> = given(Algorithm::Forecast).into_iter().filter(|o| taken.contains(&o.0)).collect();
        let example = r#"{"frequency": "day", "missing": "zero"}"#;
        let choices = Choices::new(options, &known, example, Advice::Of(hint))?;
        let missing = choices.word("missing", |word| match word {
            "interpolate" => Some(Missing::Interpolate),
            "zero" => Some(Missing::Zero),
            "previous" => Some(Missing::Previous),
            _ => None,
        })?;
        let aggregate = choices.word("aggregate", |word| match word {
            "auto" => Some(Aggregate::Auto),
            "sum" => Some(Aggregate::Sum),
            "mean" => Some(Aggregate::Mean),
            _ => None,
        })?;
        let rules = Rules {
            step: step(&choices, numbers)?,
            aggregate: aggregate.unwrap_or(Aggregate::Auto),
            missing: missing.unwrap_or(Missing::Interpolate),
        };
        choices.apart("regressors", "hierarchy")?;
        let method = |v: &Value| Method::ALL.into_iter().find(|m| v.as_str() == Some(m.name()));
        let made = Options {
            methods: choices.read("method", |v| one_or_more(v, usize::MAX, method))?.unwrap_or_default(),
            level: choices.share("level")?,
            seasons: seasons(&choices)?,
            rules,
            nonnegative: choices.flag("nonnegative")?,
            hierarchy: choices.flag("hierarchy")?.unwrap_or(false),
            origins: choices.integer("origins", 1..=1000)?.unwrap_or(5) as usize,
            regressors: choices.columns("regressors")?.unwrap_or_default(),
            holidays: choices.read("holidays", days)?,
        };
        if made.holidays.is_some() && numbers {
            return Err(Failure::argument("option \"holidays\" is for times that are dates")
                .hint("The times are plain numbers. Make dates of them in the source."));
        }
        made.check_methods()?;
        Ok(made)
    }

    /// Refuse a method that has nothing to go by.
    fn check_methods(&self) -> Result<()> {
        let known = !self.regressors.is_empty() || self.holidays.is_some();
        match self.methods.contains(&Method::Regression) && !known {
            true => {
                Err(Failure::argument("method \"dynamic_regression\" needs the option \"regressors\" or \"holidays\"")
                    .hint("Name columns whose values are known for the steps to be forecast, or take another method."))
            }
            false => Ok(()),
        }
    }
}

/// What an option that cannot be so is for.
fn hint(key: &str) -> String {
    match key {
        "frequency" => format!("Steps are {}, with a whole number before them or not.", calendar::names()),
        "method" => format!("Methods are {}.", Method::ALL.map(Method::name).join(", ")),
        "missing" => "It says what stands where there is no row; in a table of sales that may be zero.".to_owned(),
        "aggregate" => "It says how the rows of one step become one value.".to_owned(),
        "season" => "A season of 7 is a week of days; 1 is none.".to_owned(),
        "level" => "It is the share of the values that an interval should hold: 0.95, say.".to_owned(),
        "nonnegative" => {
            "It says whether values are never below 0; if not given, the values themselves tell.".to_owned()
        }
        "regressors" => {
            "They are columns of the source, whose values to come stand in rows without a value.".to_owned()
        }
        "holidays" => {
            r#"Write for example ["2024-12-25"], {"christmas": ["2024-12-25"]}, or the name of a table of dates."#
                .to_owned()
        }
        "hierarchy" => "It says whether the sums over groups are forecast too, so that all add up.".to_owned(),
        _ => "More origins tell more and take more time.".to_owned(),
    }
}

fn step(choices: &Choices<'_>, numbers: bool) -> Result<Option<Step>> {
    if !numbers {
        return choices.word("frequency", Step::parse);
    }
    let step = choices.number_if("frequency", |n| n > 0.0 && n <= 1e15).map_err(|failure| {
        failure.hint("The times are plain numbers, so their step is one. Make dates of them in the source to name it.")
    })?;
    Ok(step.map(Step::Number))
}

fn seasons(choices: &Choices<'_>) -> Result<Option<Vec<usize>>> {
    let one = |v: &Value| v.as_u64().filter(|n| (1..=LONGEST).contains(n)).map(|n| n as usize);
    let list = choices.read("season", |v| one_or_more(v, 4, one))?;
    Ok(list.map(|mut list| {
        list.retain(|n| *n > 1);
        list.sort_unstable();
        list.dedup();
        list
    }))
}

/// The day of a date written as 2024-12-25.
fn date(value: &Value) -> Option<i64> {
    let mut parts = value.as_str()?.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let days = calendar::from_civil(year, month, day);
    ((1..=9999).contains(&year) && calendar::civil(days) == (year, month, day)).then_some(days)
}

/// Holidays as they are given.
fn days(value: &Value) -> Option<Days> {
    let dates = |value: &Value| one_or_more(value, usize::MAX, date);
    match value {
        Value::String(source) => Some(Days::Source(source.clone())),
        Value::Array(_) => Some(Days::Given(dates(value)?.into_iter().map(|day| (day, String::new())).collect())),
        Value::Object(names) => {
            let mut all = Vec::new();
            for (name, value) in names {
                all.extend(dates(value)?.into_iter().map(|day| (day, name.clone())));
            }
            Some(Days::Given(all))
        }
        _ => None,
    }
}

/// What `one` makes of a value, or of each of an array of at most so many.
fn one_or_more<T>(value: &Value, most: usize, one: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    match value {
        Value::Array(list) if list.len() <= most => list.iter().map(one).collect(),
        value => one(value).map(|n| vec![n]),
    }
}

//! Models that are not learned from rows of columns: forecasts of series and expectations of customers.

use super::Outcome;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::forecast::calendar::Calendar;
use crate::forecast::Outlook;
use crate::judge::Metric;
use crate::lifetime::worth::Amounts;
use crate::model::forecast::{Forecast, MOST_GROUPS, NONE};
use crate::model::{
    encode, Baseline, Body, Encoding, Feature, FeatureBaseline, FeatureStats, Input, InputKind, Lifetime, Model, Task,
};
use crate::score::Scorer;

/// Rows that a model is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// Rows read.
    pub read: usize,
    /// Those that it learned from.
    pub training: usize,
    /// Those that it was judged on.
    pub held: usize,
}

impl Outcome {
    /// A model of which columns are not looked at one by one, and how it was judged.
    pub fn of(scorer: Scorer, metrics: Vec<Metric>, metric: Option<&'static str>, rows: Rows) -> Result<Outcome> {
        let features = vec![FeatureBaseline::default(); scorer.model().features.len()];
        let baseline =
            Baseline { rows: rows.training as u64, held_rows: rows.held as u64, features, scores: Vec::new() };
        Ok(Outcome {
            bytes: encode(scorer.model())?,
            scorer,
            held: None,
            metrics,
            metric,
            importance: None,
            insight: super::Insight::default(),
            baseline,
            segments: None,
            contest: None,
            rows: rows.read,
            training_rows: rows.training,
            holdout_rows: rows.held,
            notices: Vec::new(),
            timings: Vec::new(),
        })
    }
}

/// A column that is a feature as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainColumn {
    /// Its name.
    pub name: String,
    /// What it holds: a number, a truth value, a category, or a moment.
    pub kind: InputKind,
    /// The zone on whose clocks moments with a zone are read.
    pub zone: Option<String>,
}

/// The value of a column by which a series is told apart; `None` for NULL.
pub type KeyPart = Option<Box<[u8]>>;

/// A series and its forecast.
#[derive(Debug)]
pub struct Told<'a> {
    /// What tells it apart, in the order of the columns.
    pub key: &'a [KeyPart],
    /// How many of the columns count: fewer than all for a sum over the others.
    pub depth: usize,
    /// The first step that is forecast.
    pub first: i64,
    /// The mean size of the errors of the seasonal naive forecast.
    pub scale: f64,
    /// The forecast.
    pub outlook: &'a Outlook,
}

/// What all series have in common.
#[derive(Debug)]
pub struct Common {
    /// The columns that tell series apart.
    pub groups: Vec<PlainColumn>,
    /// The column of the times.
    pub time: PlainColumn,
    /// The times of the steps.
    pub calendar: Calendar,
    /// The steps that are forecast.
    pub horizon: usize,
    /// The share of the values that an interval should hold.
    pub level: f64,
}

/// A model of the forecasts of some series, in their order.
pub fn forecasts(common: Common, series: &[Told<'_>], control: &Control) -> Result<Model> {
    let Common { groups, time, calendar, horizon, level } = common;
    if groups.len() > MOST_GROUPS {
        return Err(Error::option(
            format!("a model of forecasts takes at most {MOST_GROUPS} group columns"),
            "Join some of them to one in the source.",
        ));
    }
    control.reserve(series.len().saturating_mul(horizon.saturating_mul(24).saturating_add(64 + groups.len() * 4)))?;
    let width = groups.len();
    let mut body = Forecast {
        calendar,
        horizon: horizon as u32,
        level,
        numbers: Vec::with_capacity(width),
        keys: vec![NONE; series.len() * width],
        depths: series.iter().map(|s| s.depth as u32).collect(),
        first: series.iter().map(|s| s.first).collect(),
        methods: Vec::new(),
        method: Vec::with_capacity(series.len()),
        scales: series.iter().map(|s| if s.scale.is_finite() { s.scale } else { 0.0 }).collect(),
        mean: Vec::with_capacity(series.len() * horizon),
        low: Vec::with_capacity(series.len() * horizon),
        high: Vec::with_capacity(series.len() * horizon),
    };
    let mut features = Vec::with_capacity(width + 1);
    for (column, group) in groups.iter().enumerate() {
        let part = |s: &Told<'_>| s.key.get(column).filter(|_| column < s.depth).and_then(Option::as_deref).map(text);
        let mut levels: Vec<String> = Vec::new();
        let mut numbers: Vec<f64> = Vec::new();
        let places = body.keys.iter_mut().skip(column).step_by(width.max(1));
        if group.kind == InputKind::Category {
            levels.extend(series.iter().filter_map(part));
            levels.sort_unstable();
            levels.dedup();
            for (place, own) in places.zip(series) {
                let at = part(own).and_then(|text| levels.binary_search(&text).ok());
                *place = at.map_or(NONE, |at| at as u32);
            }
        } else {
            let number = |s: &Told<'_>| part(s).and_then(|text| number_of(&text));
            numbers.extend(series.iter().filter_map(number));
            numbers.sort_by(f64::total_cmp);
            numbers.dedup();
            for (place, own) in places.zip(series) {
                let at = number(own).and_then(|n| numbers.binary_search_by(|other| other.total_cmp(&n)).ok());
                *place = at.map_or(NONE, |at| at as u32);
            }
        }
        features.push(feature(group, levels));
        body.numbers.push(numbers);
    }
    features.push(feature(&time, Vec::new()));
    for own in series {
        let name = own.outlook.method.name();
        let at = body.methods.iter().position(|m| m == name).unwrap_or_else(|| {
            body.methods.push(name.to_owned());
            body.methods.len() - 1
        });
        body.method.push(at as u32);
        body.mean.extend(&own.outlook.mean);
        body.low.extend(&own.outlook.low);
        body.high.extend(&own.outlook.high);
    }
    let columns = groups.iter().chain([&time]);
    let model =
        Model { inputs: inputs(columns), features, task: Task::Forecast, body: Body::Forecast(body), cleaning: None };
    model.validate()?;
    Ok(model)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The number of a text, with truth values as 1 and 0.
pub fn number_of(text: &str) -> Option<f64> {
    match text {
        "true" => Some(1.0),
        "false" => Some(0.0),
        // Both zeros are one.
        text => text.parse().ok().filter(|n: &f64| n.is_finite()).map(|n| n + 0.0),
    }
}

/// A column as a feature of its own.
fn feature(column: &PlainColumn, levels: Vec<String>) -> Feature {
    let encoding = match (column.kind, &column.zone) {
        (InputKind::Category, _) => Encoding::Category { levels },
        (InputKind::Timestamptz, Some(zone)) => Encoding::Clock { zone: zone.clone() },
        _ => Encoding::Number,
    };
    Feature { name: column.name.clone(), encoding, stats: FeatureStats::default() }
}

fn inputs<'a>(columns: impl Iterator<Item = &'a PlainColumn>) -> Vec<Input> {
    columns.zip(0..).map(|(c, first)| Input { name: c.name.clone(), kind: c.kind, first, count: 1 }).collect()
}

/// The names of the features of customers; the last only where there are amounts.
pub const CUSTOMER_FEATURES: [&str; 4] = ["frequency", "recency", "age", "mean_amount"];

/// A model of customers.
pub fn lifetime(body: Lifetime) -> Result<Model> {
    let count = if body.amounts == Amounts::None { 3 } else { 4 };
    let columns: Vec<PlainColumn> = CUSTOMER_FEATURES[..count]
        .iter()
        .map(|name| PlainColumn { name: (*name).to_owned(), kind: InputKind::Number, zone: None })
        .collect();
    let features = columns.iter().map(|column| feature(column, Vec::new())).collect();
    let model = Model {
        inputs: inputs(columns.iter()),
        features,
        task: Task::Lifetime,
        body: Body::Lifetime(body),
        cleaning: None,
    };
    model.validate()?;
    Ok(model)
}

//! Cleaning steps, as the user writes them: `[{"step": "trim"}, {"step": "impute", "columns": "age", "strategy": "median"}]`.

mod fields;
mod read;
mod spec;

pub use spec::{Parameter, StepSpec, STEPS};

use serde_json::Value;

use super::program::{Case, Comparison, MomentPart};
use super::text::{Form, Method};
use crate::error::{Error, Result};

/// More steps than this are refused.
const MOST_STEPS: usize = 10_000;

/// To which columns a step is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Columns {
    /// To all that it can be done to.
    All,
    /// To those of a kind: text, number, boolean, date or timestamp.
    Kind(&'static str),
    /// To these.
    Named(Vec<String>),
}

/// What stands for a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The mean.
    Mean,
    /// The median.
    Median,
    /// The value that occurs most often.
    MostFrequent,
    /// A value that is given.
    Constant,
}

/// A value of a rule or of a map: JSON's text, number or truth value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A number, 0 or 1 for a truth value.
    Number(f64),
}

/// Where a range comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fences {
    /// Quartiles, less and more `factor` times their distance (Tukey, Exploratory data analysis, 1977).
    Iqr,
    /// The mean, less and more `factor` standard deviations.
    Zscore,
    /// The median, less and more `factor` times 1.4826 times the median distance from it.
    Mad,
}

/// What happens to outliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutlierAction {
    /// They become the end of the range.
    Clip,
    /// They become missing values.
    Null,
    /// They stay, and a column says which they are.
    Flag,
    /// Their rows go.
    Drop,
}

/// How bins are cut.
#[derive(Debug, Clone, PartialEq)]
pub enum Bins {
    /// So many of one width.
    Width(usize),
    /// So many of one share of the rows.
    Quantile(usize),
    /// At these edges.
    Edges(Vec<f64>),
}

/// The numbers of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextPart {
    /// Characters.
    Characters,
    /// Words.
    Words,
    /// Digits.
    Digits,
    /// Capital letters.
    Capitals,
}

/// What values become that a map does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Other {
    /// What suits: texts and numbers stay, but texts among which others become numbers are missing values.
    Default,
    /// They stay.
    Stay,
    /// This text, or a missing value.
    Becomes(Option<String>),
}

/// A rule by which a row goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// The column has no value.
    IsNull(String),
    /// The column compares so to a value.
    Compare(String, Comparison, Scalar),
    /// The column is one of these.
    In(String, Vec<Scalar>),
}

impl Rule {
    /// The column that it looks at.
    pub fn column(&self) -> &String {
        match self {
            Rule::IsNull(name) | Rule::Compare(name, ..) | Rule::In(name, _) => name,
        }
    }
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the parameters are described where the user finds them: in STEPS")]
pub enum Action {
    Trim,
    NormalizeUnicode { form: Form },
    StripTextMarks,
    Case { to: Case },
    Placeholders { values: Option<Vec<Scalar>> },
    ParseNumber { comma: Option<bool>, plain: Option<bool> },
    ParseBoolean { yes: Vec<String>, no: Vec<String> },
    ParseTimestamp { format: Option<String>, date: Option<bool> },
    MapValues { values: Vec<(String, Option<Scalar>)>, other: Other },
    MergeLevels { max_distance: Option<usize>, accents: bool },
    RareLevels { min_rows: u64, min_share: f64, max_levels: Option<usize>, other: String },
    Impute { strategy: Option<Strategy>, fill_value: Option<Scalar>, by: Option<String>, indicator: bool },
    Clip { low: Option<f64>, high: Option<f64> },
    Winsorize { lower_quantile: f64, upper_quantile: f64 },
    Outliers { method: Fences, factor: Option<f64>, action: OutlierAction },
    Standardize,
    MinMaxScale { low: f64, high: f64 },
    RobustScale,
    Log,
    Bin(Bins),
    OneHot { max_levels: usize, keep: bool },
    Ordinal { order: Option<Vec<Scalar>> },
    FrequencyEncode,
    TargetEncode { target: Option<String>, key: Option<String>, folds: usize, smooth: f64 },
    DateParts { parts: Vec<MomentPart>, keep: bool },
    Ratio { numerator: String, denominator: String, name: Option<String> },
    Difference { left: String, right: String, name: Option<String> },
    TextFeatures { parts: Vec<TextPart>, keep: bool },
    MaskPersonal { method: Method, salt: String },
    DropColumn,
    DropDuplicates { key: Option<Vec<String>>, order: Option<String>, last: bool },
    DropRows { rules: Vec<Rule> },
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// To what it is done.
    pub columns: Columns,
    /// What it does.
    pub action: Action,
}

impl Step {
    /// The columns that it reads beside those to which it is done.
    pub fn reads(&self) -> Vec<&str> {
        let reads: Vec<&String> = match &self.action {
            Action::Impute { by, .. } => by.iter().collect(),
            Action::TargetEncode { target, key, .. } => target.iter().chain(key).collect(),
            Action::Ratio { numerator, denominator, .. } => vec![numerator, denominator],
            Action::Difference { left, right, .. } => vec![left, right],
            Action::DropDuplicates { key, order, .. } => key.iter().flatten().chain(order).collect(),
            Action::DropRows { rules } => rules.iter().map(Rule::column).collect(),
            _ => Vec::new(),
        };
        reads.into_iter().map(String::as_str).collect()
    }

    /// The steps of a JSON array.
    ///
    /// Fails with [`Error::InvalidOption`], which lists what is valid, for an unknown step or parameter and for a bad value.
    pub fn parse(steps: &Value) -> Result<Vec<Step>> {
        let Value::Array(steps) = steps else {
            return Err(Error::option(
                "steps must be an array of objects",
                "Write [{\"step\": \"trim\", \"columns\": \"name\"}, ...].",
            ));
        };
        if steps.len() > MOST_STEPS {
            return Err(Error::option(format!("more than {MOST_STEPS} steps"), "Give steps several columns at once."));
        }
        steps.iter().map(read::step).collect()
    }
}

//! The profile of a source: what each column is, what is in it, what is wrong with it and how that is mended; in one pass and in memory
//! that does not grow with the rows.
//!
//! [`Collector`] takes a column's values as they come, [`Collector::finish`] judges them. Texts are looked at as different values, never
//! row by row. What is said is exact while the different values fit into the column's share of the memory ([`Sizes`]), and drawn from
//! sketches beyond ([`ColumnProfile::exact`] says which).

mod checks;
mod collect;
mod ids;
mod moments;
pub(in crate::clean) mod names;
mod numbers;
pub mod report;
mod role;
mod steps;
mod texts;
mod values;

pub use collect::{digits, number, Collector};
pub use moments::Moments;
pub use role::{Kind, Role};
pub use values::{Known, Sizes, Values};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Wrong for learning or for a reader.
    Warning,
}

/// Something that is wrong, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A clause.
    pub text: String,
}

/// A frequent value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frequent {
    /// Its bytes: a text, the key of a code, the bits of a number and, where those are not all of it, its [`digits`].
    pub value: Vec<u8>,
    /// Whether there were more bytes.
    pub cut: bool,
    /// Its rows, or at least those.
    pub rows: u64,
}

/// The fractions whose quantiles a profile shows, with their names.
pub const FRACTIONS: [(&str, f64); 7] =
    [("p01", 0.01), ("p05", 0.05), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p95", 0.95), ("p99", 0.99)];

/// Numbers in ranges of equal width.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    /// Where the first range begins and the last one ends. Numbers below or above are in the first or last one.
    pub low: f64,
    /// See `low`.
    pub high: f64,
    /// The rows of each range.
    pub rows: Vec<u64>,
}

/// What is known of the numbers of a column, or of those in its texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// The mean.
    pub mean: Option<f64>,
    /// The standard deviation, as SQL's `stddev`.
    pub stddev: Option<f64>,
    /// The skewness.
    pub skewness: Option<f64>,
    /// The values at [`FRACTIONS`], or nothing.
    pub quantiles: Vec<f64>,
    /// The bounds beyond which a number is an outlier: three interquartile ranges from the quartiles.
    pub fences: Option<(f64, f64)>,
    /// The numbers beyond them.
    pub outliers: Option<u64>,
    /// The distribution.
    pub histogram: Histogram,
}

/// What is known of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnProfile {
    /// What it is.
    pub role: Role,
    /// All rows.
    pub rows: u64,
    /// Rows without a value.
    pub nulls: u64,
    /// Different values; `None` where they were not looked at.
    pub distinct: Option<u64>,
    /// Whether counts of values are exact.
    pub exact: bool,
    /// The first text in the order of bytes, and the last.
    pub text_range: Option<(Vec<u8>, Vec<u8>)>,
    /// Its numbers, or those in its texts.
    pub summary: Summary,
    /// The most frequent values, at most ten.
    pub top: Vec<Frequent>,
    /// Rows by which the counts of `top` may be too low.
    pub missed: u64,
    /// Texts of nothing but white space.
    pub blanks: Option<u64>,
    /// Rows with a text or number that stands for a missing value.
    pub placeholders: Option<u64>,
    /// The average length of a text in bytes.
    pub average_length: Option<f64>,
    /// What is wrong, the worst first.
    pub findings: Vec<Finding>,
    /// The steps that mend it, in order.
    pub steps: Vec<serde_json::Value>,
}

impl ColumnProfile {
    /// What is wrong as one text.
    pub fn issue(&self) -> Option<String> {
        let texts: Vec<&str> = self.findings.iter().map(|f| f.text.as_str()).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    /// The worst severity.
    pub fn severity(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).max()
    }

    fn find(&mut self, severity: Severity, text: impl Into<String>) {
        self.findings.push(Finding { severity, text: text.into() });
    }

    /// What stands before a number of rows that comes from a sample.
    fn about(&self) -> &'static str {
        if self.exact {
            ""
        } else {
            "about "
        }
    }

    /// A clause of rows that have texts of a kind: those of the values that are known stand for all.
    fn rows_that(&self, rows: u64, verb: Verb, what: &str) -> String {
        format!("{}{}", self.about(), rows_that(rows, self.rows, verb, what))
    }
}

/// A verb of one row, and of several.
type Verb = (&'static str, &'static str);
const ARE: Verb = ("is", "are");
const HAVE: Verb = ("has", "have");

/// A clause of so many rows: `1 row (0.1 %) is NaN`.
fn rows_that(rows: u64, all: u64, verb: Verb, what: &str) -> String {
    format!("{} {} {what}", rows_of(rows, all), if rows == 1 { verb.0 } else { verb.1 })
}

/// A number of rows with its share of all.
fn rows_of(rows: u64, all: u64) -> String {
    match share(rows, all) {
        Some(share) => format!("{} ({share} %)", row_count(rows)),
        None => row_count(rows),
    }
}

/// The same for within brackets.
fn rows_inside(rows: u64, all: u64) -> String {
    match share(rows, all) {
        Some(share) => format!("{}, {share} %", row_count(rows)),
        None => row_count(rows),
    }
}

fn row_count(rows: u64) -> String {
    format!("{rows} {}", if rows == 1 { "row" } else { "rows" })
}

fn share(rows: u64, all: u64) -> Option<String> {
    let share = 100.0 * rows as f64 / all as f64;
    match all {
        0 => None,
        _ if share > 0.0 && share < 0.1 => Some("below 0.1".to_owned()),
        _ => Some(format!("{share:.1}")),
    }
}

//! What the doctor says.

use serde_json::{json, Value};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A model learned so would flatter, or nothing can be learned.
    Error,
    /// A model learned so is likely worse than it need be, or its metrics are.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// What is wrong. Of equal severity, what comes first here is shown first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    Leak,
    TargetMissing,
    OneClass,
    TooManyClasses,
    TooFewRows,
    DuplicateRows,
    LabelConflicts,
    TargetImbalance,
    TargetOutliers,
    TimeOrder,
    MissingDependsOnTarget,
    TextNumbers,
    TextDates,
    IdLike,
    Constant,
    NearConstant,
    MostlyMissing,
    HighCardinality,
    RareLevels,
    IdenticalColumns,
    CorrelatedColumns,
    UnsupportedType,
}

impl Kind {
    /// Its term in SQL.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Leak => "leak",
            Kind::TargetMissing => "target_missing",
            Kind::OneClass => "one_class",
            Kind::TooManyClasses => "too_many_classes",
            Kind::TooFewRows => "too_few_rows",
            Kind::DuplicateRows => "duplicate_rows",
            Kind::LabelConflicts => "label_conflicts",
            Kind::TargetImbalance => "target_imbalance",
            Kind::TargetOutliers => "target_outliers",
            Kind::TimeOrder => "time_order",
            Kind::MissingDependsOnTarget => "missing_depends_on_target",
            Kind::TextNumbers => "text_numbers",
            Kind::TextDates => "text_dates",
            Kind::IdLike => "id_like",
            Kind::Constant => "constant",
            Kind::NearConstant => "near_constant",
            Kind::MostlyMissing => "mostly_missing",
            Kind::HighCardinality => "high_cardinality",
            Kind::RareLevels => "rare_levels",
            Kind::IdenticalColumns => "identical_columns",
            Kind::CorrelatedColumns => "correlated_columns",
            Kind::UnsupportedType => "unsupported_type",
        }
    }
}

/// What mends it; the caller writes it as SQL.
#[derive(Debug, Clone, PartialEq)]
pub enum Fix {
    /// Nothing that SQL could do.
    Nothing,
    /// These columns are left out.
    Exclude(Vec<String>),
    /// Other options of a training.
    Options(Value),
    /// A learner and its options.
    Learner(&'static str, Value),
    /// Every row once.
    Distinct,
    /// Rows whose target is known.
    KnownTarget,
    /// A look at rows that are alike but for their target.
    Conflicts,
    /// The levels of a column with fewer than so many rows become one.
    Pooled(String, usize),
    /// The texts of a column become numbers; with the decimal sign, where it is certain, and the texts that are numbers but stand for nothing.
    Numbers(String, Option<char>, Vec<String>),
    /// The texts of a column become moments of a format, each by itself where it is empty, but for those that stand for nothing.
    Moments(String, String, Vec<String>),
}

/// One thing the doctor found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub kind: Kind,
    /// Where it is; `None` for the whole table.
    pub column: Option<String>,
    /// A sentence with the numbers.
    pub detail: String,
    /// What mends it.
    pub fix: Fix,
    /// How strong it is among its kind.
    pub weight: f64,
}

impl Finding {
    /// A finding about the whole table.
    pub fn new(severity: Severity, kind: Kind, detail: String) -> Self {
        Finding { severity, kind, column: None, detail, fix: Fix::Nothing, weight: 0.0 }
    }

    /// A finding about a column.
    pub fn of(severity: Severity, kind: Kind, column: &str, detail: String) -> Self {
        Finding { column: Some(column.to_owned()), ..Finding::new(severity, kind, detail) }
    }

    /// What mends it.
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = fix;
        self
    }

    /// How strong it is.
    pub fn weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// Mended by leaving the column out.
    pub fn exclude(self) -> Self {
        let column = self.column.clone();
        self.fix(Fix::Exclude(column.into_iter().collect()))
    }

    /// Mended by other options.
    pub fn option(self, key: &str, value: impl Into<Value>) -> Self {
        self.fix(Fix::Options(json!({key: value.into()})))
    }
}

/// A number of things, one of them without the plural.
pub fn counted(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// A part of a whole in percent: two digits that count.
pub fn percent(part: f64, whole: f64) -> String {
    let share = if whole > 0.0 { 100.0 * part / whole } else { 0.0 };
    match share {
        s if s >= 99.95 && part < whole => "99.9 %".into(),
        s if s >= 10.0 || s == 0.0 => format!("{s:.1} %"),
        s if s >= 0.1 => format!("{s:.2} %"),
        s if s >= 0.001 => format!("{s:.4} %"),
        _ => "under 0.001 %".into(),
    }
}

/// Worst first; of each kind only so many are kept, and the last says how many more there are.
pub fn arrange(mut findings: Vec<Finding>, most: usize) -> Vec<Finding> {
    // Stable: what is equal keeps the order of the columns.
    findings.sort_by(|a, b| a.severity.cmp(&b.severity).then(a.kind.cmp(&b.kind)).then(b.weight.total_cmp(&a.weight)));
    let mut kept: Vec<Finding> = Vec::new();
    for same in findings.chunk_by(|a, b| (a.severity, a.kind) == (b.severity, b.kind)) {
        kept.extend(same.iter().take(most).cloned());
        if same.len() > most {
            let more = format!("{} more columns have this finding.", same.len() - most);
            kept.push(Finding::new(same[0].severity, same[0].kind, more));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_first_and_no_kind_floods() {
        let many = (0..30).map(|i| {
            Finding::of(Severity::Info, Kind::RareLevels, &format!("c{i}"), String::new()).weight(f64::from(i % 7))
        });
        let last = Finding::new(Severity::Error, Kind::UnsupportedType, String::new());
        let found = arrange(many.chain([last.clone()]).collect(), 10);
        assert_eq!(found.len(), 12);
        assert_eq!(found[0], last);
        assert_eq!(found[1].column.as_deref(), Some("c6"));
        assert_eq!(found[11].detail, "20 more columns have this finding.");
        assert!(arrange(Vec::new(), 10).is_empty());
    }

    #[test]
    fn shares_are_never_rounded_to_all_or_nothing() {
        let shown: Vec<String> =
            [(0.0, 7.0), (1.0, 3.0), (9999.0, 10_000.0), (7.0, 7.0), (3.0, 4000.0), (1.0, 1e9), (1.0, 0.0)]
                .iter()
                .map(|&(a, b)| percent(a, b))
                .collect();
        assert_eq!(shown, ["0.0 %", "33.3 %", "99.9 %", "100.0 %", "0.0750 %", "under 0.001 %", "0.0 %"]);
    }
}

//! The target column: task, classes, positive class.

use crate::clean::parse::{self, Decimal};
use crate::control::Control;
use crate::data::{Column, ColumnData, Table, MISSING};
use crate::error::{Error, Result};
use crate::learn::boost::{BoostParams, Objective};
use crate::learn::forest::ForestParams;
use crate::learn::options::{ClassWeight, Options};
use crate::learn::train::SourceInput;
use crate::learn::tree::{Criterion, TreeParams};
use crate::learn::Target;
use crate::model::{InputKind, Task};

/// The most classes a target may have.
pub const MOST_CLASSES: usize = 1000;

/// The labels of a classification, in their order.
#[derive(Debug, Clone)]
pub struct Labels {
    /// The labels: false before true, numbers by value, texts in C order.
    pub labels: Vec<String>,
    /// The index of the positive class.
    pub positive: usize,
}

/// How the target column is read.
#[derive(Debug)]
pub struct Prepared {
    column: usize,
    classes: Option<Classes>,
}

#[derive(Debug)]
pub(super) struct Classes {
    pub(super) labels: Labels,
    /// The class of a dictionary code.
    by_code: Vec<u32>,
    /// The classes' numbers in ascending order; empty for texts.
    numbers: Vec<f64>,
}

impl Classes {
    /// The classes of a column, which are at most [`MOST_CLASSES`].
    pub(super) fn of(column: &Column, kind: InputKind) -> Result<Classes> {
        let classes = match &column.data {
            ColumnData::Category { .. } => Some(text_classes(column, &[])?),
            ColumnData::Number(_) => number_classes(column, kind, Some("classification"), &[])?,
        };
        classes.ok_or_else(|| Error::Internal("a column has no classes".into()))
    }

    /// The class of a row; `None` where it has none.
    pub(super) fn class(&self, data: &ColumnData, row: u32) -> Option<u32> {
        match data {
            ColumnData::Category { codes, .. } => match codes.get(row as usize) {
                MISSING => None,
                code => self.by_code.get(code as usize).copied(),
            },
            ColumnData::Number(values) => {
                let value = values.get(row as usize);
                value.is_finite().then(|| self.numbers.partition_point(|&n| n < value) as u32)
            }
        }
    }
}

/// Whether a label is a number with a decimal sign, or with thousands apart.
fn reads_as_amount(label: &str) -> bool {
    let reads = |decimal| parse::number(label, decimal).is_some();
    label.contains(['.', ',']) && (reads(Decimal::Point) || reads(Decimal::Comma))
}

impl Prepared {
    /// Decide task and classes; where the options say nothing, as `previous`, the task of the model that is trained again.
    pub fn new(
        table: &Table,
        target: &SourceInput,
        options: &Options,
        previous: Option<&Task>,
        notices: &mut Vec<String>,
    ) -> Result<Self> {
        let column = &table.columns[target.first];
        let is_text = matches!(column.data, ColumnData::Category { .. });
        let asked = options.objective.map(|o| if o == "log_loss" { "classification" } else { "regression" });
        let task = options.task.as_deref().or(asked).or(match previous {
            Some(Task::Classification { .. }) => Some("classification"),
            Some(Task::Regression) if !is_text => Some("regression"),
            _ => None,
        });
        let (known, usual) = match previous {
            Some(Task::Classification { classes, positive }) => {
                (classes.as_slice(), classes.get(*positive as usize).map(String::as_str))
            }
            _ => (&[][..], None),
        };
        let classes = match &column.data {
            ColumnData::Category { .. } if task == Some("regression") => {
                return Err(Error::data(
                    format!("target \"{}\" is not a number, so it cannot be a regression", target.name),
                    "Leave out the option \"task\", or cast the target in the source; of linear models logistic_regression learns classes.",
                ))
            }
            ColumnData::Category { .. } => Some(text_classes(column, known)?),
            ColumnData::Number(_) => number_classes(column, target.kind, task, known)?,
        };
        let Some(mut classes) = classes else {
            if options.positive_class.is_some() {
                return Err(Error::option("option \"positive_class\" needs a classification", "Leave it out."));
            }
            return Ok(Prepared { column: target.first, classes: None });
        };
        let labels = &mut classes.labels;
        labels.positive = positive(labels, target.kind, options.positive_class.as_deref(), usual)?;
        match labels.labels.len() {
            0 => {}
            1 => notices.push(format!("the target has one class only, \"{}\"", labels.labels[0])),
            2 => notices.push(format!("the positive class is \"{}\"", labels.labels[labels.positive])),
            count if is_text && labels.labels.iter().all(|l| reads_as_amount(l)) => notices.push(format!(
                "the target is text, so its {count} values are learned as classes; read it as a number in the source to learn that"
            )),
            _ => {}
        }
        Ok(Prepared { column: target.first, classes: Some(classes) })
    }

    /// A number in a column of the table.
    pub(super) fn number(column: usize) -> Self {
        Prepared { column, classes: None }
    }

    /// Targets as numbers: of two classes 1 for the positive one and 0 for the other.
    pub(super) fn values(&self, target: Target, control: &Control) -> Result<Vec<f64>> {
        match target {
            Target::Number(values) => Ok(values),
            Target::Class { codes, .. } => {
                let positive = self.classes.as_ref().map_or(0, |c| c.labels.positive as u32);
                let mut values = control.vec(codes.len())?;
                values.extend(codes.iter().map(|code| f64::from(u8::from(*code == positive))));
                control.release_vec(codes);
                Ok(values)
            }
        }
    }

    /// Whether the target of a row can be learned: not NULL, NaN or infinite.
    pub fn is_known(&self, table: &Table, row: u32) -> bool {
        match &table.columns[self.column].data {
            ColumnData::Number(v) => v.get(row as usize).is_finite(),
            ColumnData::Category { codes, .. } => codes.get(row as usize) != MISSING,
        }
    }

    /// The number of strata of the holdout.
    pub fn strata(&self) -> usize {
        self.classes.as_ref().map_or(1, |c| c.labels.labels.len().max(1))
    }

    /// The stratum of a row whose target is known.
    pub fn stratum(&self, table: &Table, row: u32) -> u32 {
        match (&self.classes, &table.columns[self.column].data) {
            (None, _) => 0,
            (Some(c), ColumnData::Category { codes, .. }) => c.by_code[codes.get(row as usize) as usize],
            (Some(c), ColumnData::Number(v)) => {
                let value = v.get(row as usize);
                c.numbers.partition_point(|&n| n < value) as u32
            }
        }
    }

    /// The targets of rows.
    pub fn target(&self, table: &Table, rows: &[u32], control: &Control) -> Result<Target> {
        match (&self.classes, &table.columns[self.column].data) {
            (None, ColumnData::Number(v)) => {
                let mut values = control.vec(rows.len())?;
                values.extend(rows.iter().map(|&r| v.get(r as usize)));
                Ok(Target::Number(values))
            }
            (None, _) => Err(Error::Internal("a text target has no classes".into())),
            (Some(c), _) => {
                let mut codes = control.vec(rows.len())?;
                codes.extend(rows.iter().map(|&r| self.stratum(table, r)));
                Ok(Target::Class { codes, classes: c.labels.labels.len() })
            }
        }
    }

    /// The task of the model.
    pub fn task(&self) -> Task {
        match &self.classes {
            None => Task::Regression,
            Some(c) => Task::Classification { classes: c.labels.labels.clone(), positive: c.labels.positive as u32 },
        }
    }

    /// The labels of a classification.
    pub fn labels(&self) -> Option<Labels> {
        self.classes.as_ref().map(|c| c.labels.clone())
    }

    /// Whether the score of boosted trees rises (1) or falls (-1) with what is predicted; `None` for more than two classes.
    pub fn rising(&self) -> Option<i8> {
        match &self.classes {
            None => Some(1),
            Some(c) if c.labels.labels.len() > 2 => None,
            // Trees speak of the second class.
            Some(c) if c.labels.labels.len() == 2 && c.labels.positive == 0 => Some(-1),
            Some(_) => Some(1),
        }
    }

    /// The parameters of the tree, with criterion and class weights for this target.
    pub fn tree_params(&self, options: &Options, target: &Target) -> Result<TreeParams> {
        let mut params = options.tree.clone();
        params.criterion = criterion(params.criterion, options, target)?;
        params.class_weight = self.class_weight(options, target)?;
        Ok(params)
    }

    /// The parameters of a forest, with criterion and class weights for this target.
    pub fn forest_params(&self, options: &Options, target: &Target) -> Result<ForestParams> {
        let mut params = options.forest.clone();
        params.criterion = criterion(params.criterion, options, target)?;
        params.class_weight = self.class_weight(options, target)?;
        Ok(params)
    }

    /// The parameters of boosting, with objective and class weights for this target.
    pub fn boost_params(&self, options: &Options, target: &Target) -> Result<BoostParams> {
        let mut params = options.boost.clone();
        params.objective = options.objective.map(|name| match name {
            "squared_error" => Objective::SquaredError,
            "absolute_error" => Objective::AbsoluteError,
            "quantile" => Objective::Quantile,
            "poisson" => Objective::Poisson,
            "tweedie" => Objective::Tweedie,
            _ => Objective::of(target),
        });
        params.class_weight = self.class_weight(options, target)?;
        if let Some(weight) = options.scale_pos_weight {
            let labels = self.classes.as_ref().map(|c| &c.labels).filter(|l| l.labels.len() <= 2);
            let labels = labels
                .ok_or_else(|| Error::option("option \"scale_pos_weight\" needs two classes", "Leave it out."))?;
            if weight <= 0.0 {
                return Err(Error::option("option \"scale_pos_weight\" must be above 0", "Leave it out for 1."));
            }
            params.class_weight = Some((0..2).map(|c| if c == labels.positive { weight } else { 1.0 }).collect());
        }
        Ok(params)
    }

    /// The weight of each class, if they differ.
    pub fn class_weight(&self, options: &Options, target: &Target) -> Result<Option<Vec<f64>>> {
        match (&options.class_weight, &self.classes, target) {
            (ClassWeight::None, _, _) => Ok(None),
            (_, None, _) | (_, _, Target::Number(_)) => {
                Err(Error::option("option \"class_weight\" needs a classification", "Leave it out."))
            }
            (ClassWeight::Balanced, Some(_), Target::Class { codes, classes }) => {
                let mut counts = vec![0u64; *classes];
                codes.iter().for_each(|&c| counts[c as usize] += 1);
                let weight = |&n: &u64| if n == 0 { 1.0 } else { codes.len() as f64 / (*classes as f64 * n as f64) };
                Ok(Some(counts.iter().map(weight).collect()))
            }
            (ClassWeight::Map(map), Some(c), _) => {
                let mut weights = vec![1.0; c.labels.labels.len()];
                for (label, weight) in map {
                    match c.labels.labels.iter().position(|l| l == label) {
                        Some(i) => weights[i] = *weight,
                        None => {
                            return Err(Error::option(
                                format!("\"class_weight\" names \"{label}\", which is not a class of the target"),
                                format!("The classes are: {}.", c.labels.labels.join(", ")),
                            ))
                        }
                    }
                }
                Ok(Some(weights))
            }
        }
    }
}

/// The criterion asked for, if it fits the target, or the usual one.
fn criterion(asked: Criterion, options: &Options, target: &Target) -> Result<Criterion> {
    let regression = matches!(target, Target::Number(_));
    match (asked, regression, options.criterion_given) {
        (Criterion::SquaredError, false, true) => Err(Error::option(
            "criterion \"squared_error\" needs a regression",
            "Use \"gini\" or \"entropy\" for a classification.",
        )),
        (Criterion::Gini | Criterion::Entropy, true, true) => {
            Err(Error::option("this criterion needs a classification", "Use \"squared_error\" for a regression."))
        }
        (_, true, _) => Ok(Criterion::SquaredError),
        (Criterion::SquaredError, false, false) => Ok(Criterion::Gini),
        (asked, false, _) => Ok(asked),
    }
}

fn too_many(column: &Column) -> Error {
    Error::data(
        format!("target \"{}\" has more than {MOST_CLASSES} classes", column.name),
        "Choose a target with fewer values, or pool the rare ones in the source; amounts kept as text are read with the option \"clean\": \"auto\".",
    )
}

/// The labels of a text column, together with those `known` before.
fn text_classes(column: &Column, known: &[String]) -> Result<Classes> {
    let ColumnData::Category { dictionary, .. } = &column.data else {
        return Err(Error::Internal("a text target is not a category".into()));
    };
    if dictionary.len() > MOST_CLASSES {
        return Err(too_many(column));
    }
    let text = |code: u32| String::from_utf8_lossy(dictionary.text(code)).into_owned();
    let own: Vec<String> = (0..dictionary.len() as u32).map(text).collect();
    let mut labels: Vec<String> = own.iter().chain(known).cloned().collect();
    labels.sort_unstable();
    labels.dedup();
    if labels.len() > MOST_CLASSES {
        return Err(too_many(column));
    }
    let by_code = own.iter().map(|label| labels.partition_point(|l| l < label) as u32).collect();
    Ok(Classes { labels: Labels { labels, positive: 0 }, by_code, numbers: Vec::new() })
}

/// The classes of a column of numbers or truth values, together with those `known` before; `None` for a regression.
fn number_classes(column: &Column, kind: InputKind, task: Option<&str>, known: &[String]) -> Result<Option<Classes>> {
    let ColumnData::Number(values) = &column.data else {
        return Err(Error::Internal("a number target is not a number".into()));
    };
    if task == Some("regression") {
        return Ok(None);
    }
    let most = if task == Some("classification") { MOST_CLASSES } else { 2 };
    let known = known.iter().filter_map(|label| match label.as_str() {
        "false" => Some(0.0),
        "true" => Some(1.0),
        number => number.parse::<f64>().ok().filter(|v| v.is_finite()),
    });
    let mut distinct: Vec<f64> = known.collect();
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    for v in values.iter().filter(|v| v.is_finite()) {
        let at = distinct.partition_point(|&d| d < v);
        if distinct.get(at) != Some(&v) {
            if distinct.len() == most {
                return if most == 2 { Ok(None) } else { Err(too_many(column)) };
            }
            distinct.insert(at, v + 0.0);
        }
    }
    if distinct.len() < 2 && kind != InputKind::Boolean && task.is_none() {
        return Ok(None);
    }
    let label = |&v: &f64| match kind {
        InputKind::Boolean => if v != 0.0 { "true" } else { "false" }.to_owned(),
        _ => format!("{v}"),
    };
    let labels = distinct.iter().map(label).collect();
    Ok(Some(Classes { labels: Labels { labels, positive: 0 }, by_code: Vec::new(), numbers: distinct }))
}

/// The positive class: the option, else the one of before, else true or 1, else the last.
fn positive(labels: &Labels, kind: InputKind, option: Option<&str>, previous: Option<&str>) -> Result<usize> {
    let names = &labels.labels;
    let last = names.len().saturating_sub(1);
    let Some(wanted) = option else {
        if let Some(kept) = names.iter().position(|l| Some(l.as_str()) == previous) {
            return Ok(kept);
        }
        if names.len() == 1 && matches!(names[0].as_str(), "false" | "0") {
            // The positive class did not occur: its probability is 0.
            return Ok(1);
        }
        let usual = names.iter().position(|l| l == "true" || l == "1");
        return Ok(usual.unwrap_or(last));
    };
    let wanted = match (kind, wanted) {
        (InputKind::Boolean, "t" | "1") => "true",
        (InputKind::Boolean, "f" | "0") => "false",
        (_, other) => other,
    };
    names.iter().position(|l| l == wanted).ok_or_else(|| {
        Error::option(
            format!("\"positive_class\" is \"{wanted}\", which is not a class of the target"),
            format!("The classes are: {}.", names.join(", ")),
        )
    })
}

//! The columns of a row, and what is made of them.

use crate::error::{Error, Result};
use crate::judge::read::xml::{is_legal, Xml};
use crate::model::{DatePart, Encoding, InputKind, Model, Task};
use crate::score::Scorer;

/// The first year of dates and timestamps.
const EPOCH: &str = "2000";

/// A column that is read.
struct Column {
    name: String,
    operation: &'static str,
    data: &'static str,
}

/// A field that is made of a column.
struct Derived {
    name: String,
    column: String,
    how: How,
}

enum How {
    Days,
    Seconds,
    Format(&'static str),
    Weekday,
}

/// The fields of a model.
pub(super) struct Fields {
    columns: Vec<Column>,
    derived: Vec<Derived>,
    /// By feature, its field.
    names: Vec<Option<String>>,
    /// By feature, whether it is a truth value.
    truths: Vec<bool>,
    /// The field of what is predicted.
    pub target: String,
}

impl Fields {
    /// For the features that the score of a model depends on.
    ///
    /// # Errors
    /// Where PMML cannot hold one.
    pub fn new(scorer: &Scorer, target: &str) -> Result<Fields> {
        let model = scorer.model();
        let mut fields = Fields {
            columns: Vec::new(),
            derived: Vec::new(),
            names: vec![None; model.features.len()],
            truths: vec![false; model.features.len()],
            target: target.to_owned(),
        };
        for input in &model.inputs {
            let first = input.first as usize;
            let used: Vec<usize> =
                (first..first + input.count as usize).filter(|feature| scorer.uses(*feature)).collect();
            if used.is_empty() {
                continue;
            }
            let mut column =
                |name: &str, operation, data| fields.columns.push(Column { name: name.to_owned(), operation, data });
            match input.kind {
                InputKind::Text => {
                    return Err(Error::data(
                        format!("PMML cannot find the words of column \"{}\" as the model does", input.name),
                        "Train a model without \"text_columns\".",
                    ))
                }
                InputKind::Array => used.iter().for_each(|f| column(&model.features[*f].name, "continuous", "double")),
                InputKind::Number | InputKind::Interval => column(&input.name, "continuous", "double"),
                InputKind::Boolean => column(&input.name, "categorical", "boolean"),
                InputKind::Category => column(&input.name, "categorical", "string"),
                InputKind::Date => column(&input.name, "ordinal", "date"),
                InputKind::Timestamp | InputKind::Timestamptz => column(&input.name, "ordinal", "dateTime"),
            }
            for feature in used {
                fields.truths[feature] = input.kind == InputKind::Boolean;
                fields.names[feature] = Some(fields.feature(model, &input.name, input.kind, feature));
            }
        }
        fields.check()?;
        Ok(fields)
    }

    /// The field of a feature, which is made if need be.
    fn feature(&mut self, model: &Model, column: &str, kind: InputKind, feature: usize) -> String {
        let own = &model.features[feature];
        let how = match (&own.encoding, kind) {
            (Encoding::Part(DatePart::Month), _) => How::Format("%m"),
            (Encoding::Part(DatePart::Day), _) => How::Format("%d"),
            (Encoding::Part(DatePart::Hour), _) => How::Format("%H"),
            (Encoding::Part(DatePart::Weekday), _) => How::Weekday,
            (_, InputKind::Date) => How::Days,
            (_, InputKind::Timestamp | InputKind::Timestamptz) => How::Seconds,
            _ => return own.name.clone(),
        };
        let name = match how {
            How::Days => format!("{}.days", own.name),
            How::Seconds => format!("{}.seconds", own.name),
            _ => own.name.clone(),
        };
        self.derived.push(Derived { name: name.clone(), column: column.to_owned(), how });
        name
    }

    /// No two fields may have one name, and XML cannot hold every character.
    fn check(&self) -> Result<()> {
        let derived = self.derived.iter().map(|field| field.name.as_str());
        let mut names: Vec<&str> = self.columns.iter().map(|field| field.name.as_str()).chain(derived).collect();
        names.push(&self.target);
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = format!("two fields of the PMML would have the name \"{}\"", twice[0]);
            return Err(Error::data(message, "Rename the column in the query, and train the model anew."));
        }
        names.iter().try_for_each(|name| legal(name, "a column"))
    }

    /// The field of a feature.
    pub fn name(&self, feature: usize) -> &str {
        self.names.get(feature).and_then(Option::as_deref).unwrap_or_default()
    }

    /// Whether a feature is a truth value.
    pub fn is_truth(&self, feature: usize) -> bool {
        self.truths.get(feature).copied().unwrap_or(false)
    }

    /// Write the columns and what is made of them.
    pub fn dictionary(&self, model: &Model, xml: &mut Xml<'_, '_>) -> Result<()> {
        xml.open("DataDictionary", &[])?;
        let target = self.target.as_str();
        match &model.task {
            Task::Classification { classes, .. } => {
                xml.open("DataField", &[("name", target), ("optype", "categorical"), ("dataType", "string")])?;
                for class in classes {
                    legal(class, "a class")?;
                    xml.empty("Value", &[("value", class)])?;
                }
                xml.close()?;
            }
            _ => xml.empty("DataField", &[("name", target), ("optype", "continuous"), ("dataType", "double")])?,
        }
        for column in &self.columns {
            xml.empty("DataField", &[("name", &column.name), ("optype", column.operation), ("dataType", column.data)])?;
        }
        xml.close()?;
        if self.derived.is_empty() {
            return Ok(());
        }
        xml.open("TransformationDictionary", &[])?;
        for field in &self.derived {
            xml.open("DerivedField", &[("name", &field.name), ("optype", "continuous"), ("dataType", "double")])?;
            let column = [("field", field.column.as_str())];
            match field.how {
                How::Days => days(&column, xml)?,
                How::Seconds => {
                    xml.open("Apply", &[("function", "dateSecondsSinceYear")])?;
                    xml.empty("FieldRef", &column)?;
                    integer(EPOCH, xml)?;
                    xml.close()?;
                }
                How::Format(format) => {
                    xml.open("Apply", &[("function", "formatDatetime")])?;
                    xml.empty("FieldRef", &column)?;
                    xml.text("Constant", &[("dataType", "string")], format)?;
                    xml.close()?;
                }
                // 2000-01-01 was a Saturday: Monday is 1.
                How::Weekday => {
                    xml.open("Apply", &[("function", "+")])?;
                    xml.open("Apply", &[("function", "modulo")])?;
                    xml.open("Apply", &[("function", "+")])?;
                    days(&column, xml)?;
                    integer("5", xml)?;
                    xml.close()?;
                    integer("7", xml)?;
                    xml.close()?;
                    integer("1", xml)?;
                    xml.close()?;
                }
            }
            xml.close()?;
        }
        xml.close()
    }

    /// Write the columns that a model of the document reads, with the target where it predicts that.
    pub fn schema(&self, predicts: bool, xml: &mut Xml<'_, '_>) -> Result<()> {
        xml.open("MiningSchema", &[])?;
        if predicts {
            xml.empty("MiningField", &[("name", &self.target), ("usageType", "target")])?;
        }
        for column in &self.columns {
            xml.empty("MiningField", &[("name", &column.name), ("invalidValueTreatment", "asIs")])?;
        }
        xml.close()
    }

    /// The same without the columns, of a model that reads what came of others.
    pub fn bare_schema(&self, outputs: usize, xml: &mut Xml<'_, '_>) -> Result<()> {
        xml.open("MiningSchema", &[])?;
        xml.empty("MiningField", &[("name", &self.target), ("usageType", "target")])?;
        for output in 0..outputs {
            xml.empty("MiningField", &[("name", &super::score(output))])?;
        }
        xml.close()
    }
}

fn days(column: &[(&'static str, &str)], xml: &mut Xml<'_, '_>) -> Result<()> {
    xml.open("Apply", &[("function", "dateDaysSinceYear")])?;
    xml.empty("FieldRef", column)?;
    integer(EPOCH, xml)?;
    xml.close()
}

fn integer(value: &str, xml: &mut Xml<'_, '_>) -> Result<()> {
    xml.text("Constant", &[("dataType", "integer")], value)
}

/// Fail for a text that XML cannot hold.
pub(super) fn legal(text: &str, what: &str) -> Result<()> {
    match text.chars().all(is_legal) {
        true => Ok(()),
        false => Err(Error::data(
            format!("{what} has a control character, which XML cannot hold"),
            "Remove it in the query, and train the model anew.",
        )),
    }
}

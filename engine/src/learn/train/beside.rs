//! The cleaning of the columns that are no features: the target, and those of weights, exposures, offsets, times and groups.
//!
//! It comes before all else, as rows are held out by what they say, and it is done to all rows: so it may read and respell, and learns nothing.

use serde_json::Value;

use super::clean::suggested;
use super::{Run, SourceInput};
use crate::clean::fit::{fit, CleanInput, Fitted};
use crate::clean::program::{Kind, Source};
use crate::clean::step::{Action, Columns, Step};
use crate::data::{Column, ColumnData};
use crate::error::{Error, Result};
use crate::learn::options::Clean;

impl Run<'_> {
    /// The columns that are no features.
    pub(super) fn not_features(&self) -> impl Iterator<Item = &SourceInput> {
        self.request.target.iter().chain(&self.request.beside)
    }

    /// Do the steps that name a column which is no feature.
    pub(super) fn clean_beside(&mut self) -> Result<()> {
        let Some(clean) = self.request.options.clean.clone() else { return Ok(()) };
        let columns: Vec<SourceInput> = self.not_features().filter(|i| i.count == 1).cloned().collect();
        let mut steps = Vec::new();
        match &clean {
            Clean::Steps(all) => {
                let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
                for step in all {
                    steps.extend(self.of_beside(step, &names)?);
                }
            }
            Clean::Auto => {
                let rows: Vec<u32> = (0..self.request.table.rows as u32).collect();
                let mut found = Vec::new();
                for column in &columns {
                    found.extend(self.suggested_beside(column, &rows)?);
                }
                steps = Step::parse(&Value::Array(found))?;
            }
        }
        if !steps.is_empty() {
            self.do_beside(&columns, &steps)?;
        }
        self.check_beside()
    }

    fn do_beside(&mut self, columns: &[SourceInput], steps: &[Step]) -> Result<()> {
        let named =
            |step: &Step, name: &str| matches!(&step.columns, Columns::Named(names) if names.iter().any(|n| n == name));
        let columns: Vec<&SourceInput> = columns.iter().filter(|c| steps.iter().any(|s| named(s, &c.name))).collect();
        let table = &mut self.request.table;
        let take = |input: &&SourceInput| {
            let column = std::mem::replace(&mut table.columns[input.first], Column::number(input.name.clone()));
            CleanInput {
                source: Source { name: input.name.clone(), kind: Kind::of(input.kind) },
                column: Some(column),
                digits: None,
                fixed: false,
            }
        };
        let inputs = columns.iter().map(take).collect();
        let rows = (0..self.request.table.rows as u32).collect();
        let least = self.request.options.min_group;
        let Fitted { program, changes, columns: made, .. } =
            fit(inputs, steps, rows, (false, least), None, self.control)?;
        self.tell(&changes);
        let kinds = program.kinds().unwrap_or_default();
        for ((input, output), column) in columns.into_iter().zip(&program.outputs).zip(made) {
            let (Some(column), Some(kind)) = (column, kinds.get(output.register as usize)) else { continue };
            self.request.table.columns[input.first] = column;
            let made = SourceInput { kind: kind.input(), integer: false, uuid: false, fixed: false, ..input.clone() };
            match &mut self.request.target {
                Some(target) if target.name == input.name => *target = made,
                _ => self.request.beside.iter_mut().filter(|b| b.name == input.name).for_each(|b| *b = made.clone()),
            }
        }
        self.beside_program = Some(program);
        Ok(())
    }

    /// A step as it is done to those of the columns `names` that it names.
    fn of_beside(&self, step: &Step, names: &[&str]) -> Result<Option<Step>> {
        let Columns::Named(all) = &step.columns else { return Ok(None) };
        let own: Vec<String> = all.iter().filter(|n| names.contains(&n.as_str())).cloned().collect();
        let Some(first) = own.first() else { return Ok(None) };
        let target = self.request.target.as_ref().is_some_and(|t| own.contains(&t.name));
        // What needs to be learned from rows would see the rows that are held out.
        let fixed = match step.action {
            Action::Trim
            | Action::NormalizeUnicode { .. }
            | Action::StripTextMarks
            | Action::Case { .. }
            | Action::Placeholders { .. }
            | Action::ParseNumber { .. }
            | Action::ParseBoolean { .. }
            | Action::MapValues { .. }
            | Action::Clip { .. } => true,
            Action::ParseTimestamp { .. } => !target,
            _ => false,
        };
        if !fixed {
            let (what, more) = match target {
                true => ("the target", ""),
                false => ("column", " parse_timestamp,"),
            };
            let name = self.request.target.as_ref().filter(|_| target).map_or(first, |t| &t.name);
            return Err(Error::option(
                format!("step \"{}\" cannot be done to {what} \"{name}\"", step.name),
                format!("These can: trim, normalize_unicode, strip_text_marks, case, placeholders, parse_number, parse_boolean,{more} map_values, clip."),
            ));
        }
        Ok(Some(Step { columns: Columns::Named(own), ..step.clone() }))
    }

    /// The steps that a column suggests. Labels and groups keep their words: amounts and truth values are read, and of others only what is not meant
    /// to differ goes. Weights and times are read.
    fn suggested_beside(&self, column: &SourceInput, rows: &[u32]) -> Result<Vec<Value>> {
        let values = &self.request.table.columns[column.first];
        let least = self.request.options.min_group;
        let steps = suggested(values, column, rows, least, self.control)?;
        let is = |step: &Value, names: &[&str]| names.iter().any(|name| step["step"] == *name);
        let target = self.request.target.as_ref().is_some_and(|t| t.name == column.name);
        let labels = match target {
            true => !steps.iter().any(|s| is(s, &["parse_number", "parse_boolean"])),
            false => self.request.groups.contains(&column.first),
        };
        let spelling = ["trim", "normalize_unicode", "strip_text_marks", "placeholders", "merge_levels"];
        Ok(steps.into_iter().filter(|s| !labels || is(s, &spelling)).collect())
    }

    /// Every row's weight, exposure, offset and time must be a number by now.
    fn check_beside(&self) -> Result<()> {
        let request = &self.request;
        let measured = [
            (request.weight, "weight"),
            (request.exposure, "exposure"),
            (request.offset, "offset"),
            (request.time, "time"),
            (request.value, "value"),
        ];
        for (column, what) in measured.into_iter().filter_map(|(column, what)| Some((column?, what))) {
            let column = &request.table.columns[column];
            if matches!(column.data, ColumnData::Category { .. }) {
                return Err(Error::data(
                    format!("{what} column \"{}\" is a text", column.name),
                    "Name it in a step of \"clean\" that reads it: parse_number, or parse_timestamp for times.",
                ));
            }
        }
        Ok(())
    }
}

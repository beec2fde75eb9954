//! The cleaning of the columns to learn from: fitted on the training rows, done to all, and kept with the model.

use serde_json::Value;

use super::{Cleaning, Run, SourceInput};
use crate::clean::fit::{fit, Change, CleanInput, Fitted, Teacher};
use crate::clean::profile::{self, Collector, Sizes};
use crate::clean::program::{copy, text_of, Kind, Source};
use crate::clean::step::{Action, Bins, Columns, Step};
use crate::clean::text::{is_blank, trim_space};
use crate::control::Control;
use crate::data::{Column, ColumnData, Holdout, RowHashes, MISSING};
use crate::error::{Error, Result};
use crate::learn::options::Clean;
use crate::learn::target::Prepared;
use crate::learn::Target;
use crate::model::{InputKind, Model, RawColumn};

/// Changes that are told one by one.
const MOST_TOLD: usize = 40;

/// What looking at a column may take.
const MEMORY: usize = 8 << 20;

/// The moment after which a date would be odd: the year 2100, so that a model does not depend on the day it is trained.
const NOW: f64 = 36_525.0 * 86_400.0;

/// Inputs as they came.
pub(crate) struct RawInputs {
    columns: Vec<(usize, Column)>,
    inputs: Vec<SourceInput>,
    count: usize,
}

impl Run<'_> {
    /// The model with the cleaning that its inputs come from.
    pub(super) fn with_cleaning(&self, model: Model) -> Model {
        Model { cleaning: self.cleaning.clone(), ..model }
    }

    /// The cleaning that is asked for; columns that are masked need one too.
    pub(super) fn cleaning_asked(&self) -> Option<Clean> {
        let none = || (!self.masked.is_empty()).then(|| Clean::Steps(Vec::new()));
        self.request.options.clean.clone().or_else(none)
    }

    /// The step that masks columns of personal data. The key is no secret to who may read the model's bytes; it comes from the seed, so that the
    /// same rows make the same bytes.
    fn mask(&self) -> Result<Vec<Step>> {
        let salt = format!("orchard {}", self.request.options.seed);
        let step =
            serde_json::json!({"step": "mask_personal", "columns": self.masked, "method": "hash_all", "salt": salt});
        Step::parse(&Value::Array(vec![step]))
    }

    /// Whether the steps learn from rows: then what they know of a row that is judged must not come from it. Formats and spellings do not count.
    pub fn learns_cleaning(&self) -> bool {
        let learns = |step: &Step| {
            matches!(
                step.action,
                Action::MergeLevels { .. }
                    | Action::RareLevels { .. }
                    | Action::Impute { .. }
                    | Action::Winsorize { .. }
                    | Action::Outliers { .. }
                    | Action::Standardize
                    | Action::MinMaxScale { .. }
                    | Action::RobustScale
                    | Action::Bin(Bins::Width(_) | Bins::Quantile(_))
                    | Action::OneHot { .. }
                    | Action::Ordinal { .. }
                    | Action::FrequencyEncode
                    | Action::TargetEncode { .. }
            )
        };
        matches!(&self.request.options.clean, Some(Clean::Steps(steps)) if steps.iter().any(learns))
    }

    /// The inputs as they came, to be cleaned again after [`Run::restore`].
    pub fn raw_inputs(&self) -> Result<RawInputs> {
        let cleaned = self.request.inputs.iter().filter(|i| i.count == 1 && Kind::of(i.kind) != Kind::Other);
        let copy =
            |input: &SourceInput| Ok((input.first, copy(&self.request.table.columns[input.first], self.control)?));
        Ok(RawInputs {
            columns: cleaned.map(copy).collect::<Result<_>>()?,
            inputs: self.request.inputs.clone(),
            count: self.request.table.columns.len(),
        })
    }

    /// Put the inputs back as they came.
    pub fn restore(&mut self, raw: RawInputs) {
        let columns = &mut self.request.table.columns;
        columns.drain(raw.count..).for_each(|mut made| made.release(self.control));
        for (at, column) in raw.columns {
            std::mem::replace(&mut columns[at], column).release(self.control);
        }
        self.request.inputs = raw.inputs;
        self.cleaning = None;
    }

    /// Do [`Run::clean`], and leave out of `rows` those that the steps drop.
    pub fn clean_rows(
        &mut self,
        holdout: &mut Holdout,
        all: Vec<u32>,
        rows: &mut Vec<RowHashes>,
        prepared: Option<&Prepared>,
    ) -> Result<Vec<u32>> {
        let all = self.clean(holdout, all, rows, prepared)?;
        let mut kept = vec![false; self.request.table.rows];
        holdout.train.iter().for_each(|r| kept[*r as usize] = true);
        rows.retain(|r| kept[r.row as usize]);
        Ok(all)
    }

    /// Fit the steps on the training rows of `holdout` and do them to all rows; rows that the steps drop are not learned from. `rows` are the
    /// hashes of the training rows at least; `all` are the rows to learn from again.
    pub fn clean(
        &mut self,
        holdout: &mut Holdout,
        mut all: Vec<u32>,
        rows: &[RowHashes],
        prepared: Option<&Prepared>,
    ) -> Result<Vec<u32>> {
        let Some(clean) = self.cleaning_asked() else { return Ok(all) };
        let least = self.request.options.min_group;
        let beside: Vec<String> = self.not_features().map(|i| i.name.clone()).collect();
        let mut steps = match clean {
            Clean::Auto => {
                let mut steps = Vec::new();
                for input in
                    self.request.inputs.iter().filter(|i| i.count == 1 && !i.fixed && !self.masked.contains(&i.name))
                {
                    let column = &self.request.table.columns[input.first];
                    let found = suggested(column, input, &holdout.train, least, self.control)?;
                    steps.extend(found.into_iter().map(of_feature));
                }
                Step::parse(&Value::Array(steps))?
            }
            Clean::Steps(steps) => steps.into_iter().filter_map(|s| without(s, &beside)).collect(),
        };
        if !self.masked.is_empty() {
            steps.splice(0..0, self.mask()?);
        }
        let reads = |step: &Step| step.reads().iter().find_map(|name| beside.iter().find(|b| b == name)).cloned();
        if let Some((step, name)) = steps.iter().find_map(|step| Some((step, reads(step)?))) {
            return Err(Error::option(
                format!("step \"{}\" reads \"{name}\", which is no feature", step.name),
                "A row that is scored need not have it: clean by the features, or change the rows in the source.",
            ));
        }
        let encodes = steps.iter().any(|s| matches!(s.action, Action::TargetEncode { .. }));
        let taught = if encodes { Some(self.taught(holdout, rows, prepared)?) } else { None };
        let teacher = taught.as_ref().map(|(target, hashes)| Teacher { target, hashes });
        let inputs = self.take_inputs();
        let before = holdout.train.clone();
        let raw = self.request.inputs.clone();
        let fitted = fit(inputs, &steps, before, (false, least), teacher, self.control)?;
        self.tell(&fitted.changes);
        let Fitted { mut program, columns, rows: kept, .. } = fitted;
        if let Some(made) = program.outputs.iter().find(|o| beside.contains(&o.name)) {
            return Err(Error::option(
                format!("a step would make a second column \"{}\", which is no feature", made.name),
                "Give the new column another \"name\".",
            ));
        }
        drop_rows(holdout, &mut all, &kept, self.request.table.rows);
        if holdout.train.is_empty() {
            return Err(Error::data("the cleaning leaves no row to learn from", "Drop fewer rows."));
        }
        self.put_outputs(&program, columns, &raw);
        self.mark_texts()?;
        self.choose()?;
        let names: Vec<&str> = self.request.inputs.iter().map(|i| i.name.as_str()).collect();
        program.keep(&names);
        let column = |source: &Source| {
            let kind = raw.iter().find(|i| i.name == source.name).map_or(source.kind.input(), |i| i.kind);
            let zone = self.request.zone.clone().filter(|_| source.kind == Kind::Timestamptz);
            RawColumn { name: source.name.clone(), kind, zone }
        };
        let columns = program.inputs.iter().map(column).collect();
        let target = self.beside_program.clone();
        self.cleaning = Some(Cleaning { columns, program, target });
        self.lap("clean");
        Ok(all)
    }

    /// The inputs with their values, which the table then has no more.
    fn take_inputs(&mut self) -> Vec<CleanInput> {
        let table = &mut self.request.table;
        let take = |input: &SourceInput| {
            let kind = if input.count == 1 { Kind::of(input.kind) } else { Kind::Other };
            let source = Source { name: input.name.clone(), kind };
            let column = &mut table.columns[input.first];
            let empty = || Column::number(input.name.clone());
            let column = (kind != Kind::Other).then(|| std::mem::replace(column, empty()));
            CleanInput { source, column, digits: None, fixed: input.fixed }
        };
        self.request.inputs.iter().map(take).collect()
    }

    /// Put what the steps made into the table, as the columns to learn from.
    fn put_outputs(
        &mut self,
        program: &crate::clean::program::Program,
        columns: Vec<Option<Column>>,
        raw: &[SourceInput],
    ) {
        let kinds = program.kinds().unwrap_or_default();
        let mut inputs = Vec::new();
        for (output, column) in program.outputs.iter().zip(columns) {
            let as_it_came = raw.get(output.register as usize).cloned();
            let Some(mut column) = column else {
                inputs.extend(as_it_came);
                continue;
            };
            column.name.clone_from(&output.name);
            let first = self.request.table.columns.len();
            self.request.table.columns.push(column);
            let kind = kinds[output.register as usize].input();
            let made = SourceInput {
                name: output.name.clone(),
                kind,
                integer: false,
                uuid: false,
                fixed: false,
                first,
                count: 1,
            };
            inputs.push(as_it_came.map_or(made, |input| SourceInput { name: output.name.clone(), first, ..input }));
        }
        self.request.inputs = inputs;
    }

    /// What `target_encode` learns from: the target and a hash of each row.
    fn taught(
        &self,
        holdout: &Holdout,
        rows: &[RowHashes],
        prepared: Option<&Prepared>,
    ) -> Result<(Vec<f64>, Vec<u64>)> {
        let refuse = |what: &str| {
            Err(Error::option(
                format!("step \"target_encode\" needs a target of numbers or of two classes, not {what}"),
                "Leave the step out: trees learn from categories as they are.",
            ))
        };
        let Some(prepared) = prepared else { return refuse("none") };
        let count = self.request.table.rows;
        let (mut target, mut hashes) = (self.control.filled(count, f64::NAN)?, self.control.filled(count, 0)?);
        match prepared.target(&self.request.table, &holdout.train, self.control)? {
            Target::Number(values) => {
                holdout.train.iter().zip(&values).for_each(|(row, v)| target[*row as usize] = *v);
            }
            Target::Class { codes, classes } if classes <= 2 => {
                holdout.train.iter().zip(&codes).for_each(|(row, c)| target[*row as usize] = f64::from(*c));
            }
            Target::Class { .. } => return refuse("more classes"),
        }
        rows.iter().for_each(|r| hashes[r.row as usize] = r.features ^ self.request.options.seed);
        Ok((target, hashes))
    }

    pub(super) fn tell(&mut self, changes: &[Change]) {
        let told = changes.iter().filter(|c| c.changed > 0);
        let line = |c: &Change| {
            let what = if c.column.is_empty() { "rows".to_owned() } else { format!("column \"{}\"", c.column) };
            format!("{what}: {}, {} ({} changed)", c.step, c.detail, c.changed)
        };
        self.notices.extend(told.clone().take(MOST_TOLD).map(line));
        if told.clone().count() > MOST_TOLD {
            self.notices.push(format!("{} more cleaning steps changed something", told.count() - MOST_TOLD));
        }
    }
}

/// Leave rows out that are not among those kept of the training rows.
fn drop_rows(holdout: &mut Holdout, all: &mut Vec<u32>, kept: &[u32], rows: usize) {
    if kept.len() == holdout.train.len() {
        return;
    }
    let mut gone = vec![false; rows];
    holdout.train.iter().for_each(|r| gone[*r as usize] = true);
    kept.iter().for_each(|r| gone[*r as usize] = false);
    let first_watched = holdout.train.len() - holdout.watched;
    holdout.watched = holdout.train[first_watched..].iter().filter(|r| !gone[**r as usize]).count();
    holdout.train.retain(|r| !gone[*r as usize]);
    all.retain(|r| !gone[*r as usize]);
}

/// A suggested step for a feature, which nobody reads: spellings that no row of the training has are the same as others too.
fn of_feature(step: Value) -> Value {
    match step["step"].as_str() {
        Some("merge_levels") => serde_json::json!({"step": "case", "columns": step["columns"], "to": "lower"}),
        _ => step,
    }
}

/// A step without these among its columns; `None` when none is left.
fn without(mut step: Step, beside: &[String]) -> Option<Step> {
    if let Columns::Named(names) = &mut step.columns {
        names.retain(|n| !beside.contains(n));
        if names.is_empty() {
            return None;
        }
    }
    Some(step)
}

/// The steps that the profile of a column suggests, of its values in some rows.
pub(super) fn suggested(
    column: &Column,
    input: &SourceInput,
    rows: &[u32],
    least: u64,
    control: &Control,
) -> Result<Vec<Value>> {
    let kind = match (&column.data, input.kind) {
        (ColumnData::Category { .. }, _) => profile::Kind::Text,
        (ColumnData::Number(_), InputKind::Number) if input.integer => profile::Kind::Integer,
        (ColumnData::Number(_), InputKind::Number) => profile::Kind::Number,
        _ => return Ok(Vec::new()),
    };
    let sizes = Sizes::of(1, MEMORY);
    control.reserve(sizes.total())?;
    let mut collector = Collector::new(kind, &sizes);
    for (i, &row) in rows.iter().enumerate() {
        if i % (1 << 14) == 0 {
            control.check()?;
        }
        match &column.data {
            ColumnData::Number(values) => match values.get(row as usize) {
                value if value.is_nan() => collector.null(),
                value if kind == profile::Kind::Integer => collector.integer(value as i64)?,
                value => collector.number(value)?,
            },
            ColumnData::Category { codes, dictionary } => match codes.get(row as usize) {
                MISSING => collector.null(),
                code => collector.text(dictionary.text(code))?,
            },
        }
    }
    let profile = collector.finish(&input.name, rows.len() as u64, NOW)?;
    control.release(sizes.total());
    let mends = |step: &Value| step["step"] != "drop_column";
    let steps = profile.steps.into_iter().filter(mends);
    Ok(if least > 1 {
        steps.filter_map(|step| told_often(step, column, rows, least)).collect()
    } else {
        steps.collect()
    })
}

/// A suggested step without the values for nothing that fewer than `least` rows have; `None` when it has nothing to do then.
fn told_often(mut step: Value, column: &Column, rows: &[u32], least: u64) -> Option<Value> {
    let Some(values) = step.get_mut("values").and_then(Value::as_array_mut) else { return Some(step) };
    let count = |value: &Value| match &column.data {
        ColumnData::Number(numbers) => {
            rows.iter().filter(|r| Some(numbers.get(**r as usize)) == value.as_f64()).count()
        }
        ColumnData::Category { codes, dictionary } => {
            let is = |code: u32| {
                let text = text_of(dictionary, code);
                value
                    .as_str()
                    .is_some_and(|value| if value.is_empty() { is_blank(&text) } else { trim_space(&text) == value })
            };
            let named: Vec<bool> = (0..dictionary.len() as u32).map(is).collect();
            rows.iter().filter(|r| named.get(codes.get(**r as usize) as usize) == Some(&true)).count()
        }
    };
    values.retain(|value| count(value) as u64 >= least);
    (!values.is_empty()).then_some(step)
}

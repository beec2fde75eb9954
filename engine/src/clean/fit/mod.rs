//! Fitting steps on rows: what each step needs to know is learned from the rows, and the steps become a [`Program`].
//!
//! Everything that is learned comes from sorted values and counts, so it does not depend on the order of the rows.

mod derive;
mod encode;
mod impute;
mod levels;
mod number;
mod parse;
mod rows;
mod stats;
mod text;

use std::cell::Cell;

use super::program::{apply, Kind, NumberOp, Op, Output, Program, ReadOp, RowFilters, Source, TextOp};
use super::step::{Action, Columns, Step, STEPS};
use crate::control::Control;
use crate::data::{Column, ColumnData, Dictionary, MISSING};
use crate::error::{Error, Result};

/// A name is cut to this many bytes, as PostgreSQL does.
const LONGEST_NAME: usize = 63;

/// Operations that may build on each other: a planner copies what is nested so often as it is deep.
const DEEPEST: usize = 100;

/// Columns that steps may make.
const MOST_COLUMNS: usize = 1_600;

/// A column to clean.
#[derive(Debug)]
pub struct CleanInput {
    /// Name and kind.
    pub source: Source,
    /// The values; `None` for a column that cannot be read and is passed on.
    pub column: Option<Column>,
    /// The digits of numbers that a float8 may not tell apart, which tell rows apart.
    pub digits: Option<Column>,
    /// Whether its texts are those of a type that has its own spelling, such as uuid and enums: a step for all columns does not respell them.
    pub fixed: bool,
}

/// Steps that only respell or read texts.
const RESPELLING: [&str; 9] = [
    "trim",
    "normalize_unicode",
    "strip_text_marks",
    "case",
    "merge_levels",
    "mask_personal",
    "parse_number",
    "parse_boolean",
    "parse_timestamp",
];

/// What `target_encode` learns from in a training, where every row has its own target and the rows are put into folds beforehand.
#[derive(Debug, Clone, Copy)]
pub struct Teacher<'a> {
    /// The target of every row.
    pub target: &'a [f64],
    /// A hash of every row, which puts it into a fold.
    pub hashes: &'a [u64],
}

/// What one step did to one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The column; empty for a step on rows.
    pub column: String,
    /// The step.
    pub step: &'static str,
    /// What it does, in words.
    pub detail: String,
    /// Values changed, or rows that went.
    pub changed: u64,
}

/// Fitted steps.
#[derive(Debug)]
pub struct Fitted {
    /// What they do to a row.
    pub program: Program,
    /// Which rows go.
    pub filters: RowFilters,
    /// What they did, in order.
    pub changes: Vec<Change>,
    /// The values of the program's outputs, of all rows; `None` where the column could not be read.
    pub columns: Vec<Option<Column>>,
    /// The rows that stay, of those it was fitted on.
    pub rows: Vec<u32>,
}

/// Fit steps on `rows` of the inputs and do them to all rows.
///
/// `plain` is whether plain SQL is wanted where a step does not say, `least` the fewest rows that a level, a group or an end of a range which is
/// learned stands for. Fails with [`Error::InvalidOption`] for a column that is not there
/// or that a step cannot be done to. Memory of the columns must be counted in `control`; that of the result is.
pub fn fit(
    inputs: Vec<CleanInput>,
    steps: &[Step],
    rows: Vec<u32>,
    (plain, least): (bool, u64),
    teacher: Option<Teacher<'_>>,
    control: &Control,
) -> Result<Fitted> {
    let program = Program::new(inputs.iter().map(|i| i.source.clone()).collect());
    let live = |(i, input): (usize, &CleanInput)| {
        let Source { name, kind } = input.source.clone();
        Live { name, register: i as u32, kind, fixed: input.fixed }
    };
    let live = inputs.iter().enumerate().map(live).collect();
    let count = inputs.len();
    let (mut columns, mut digits) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut kinds = Vec::with_capacity(count);
    for input in inputs {
        kinds.push(input.source.kind);
        columns.push(input.column);
        digits.push(input.digits);
    }
    let mut cleaner = Cleaner {
        live,
        depths: vec![0; count],
        kinds,
        columns,
        digits,
        program,
        filters: RowFilters::default(),
        changes: Vec::new(),
        rows,
        plain,
        least,
        teacher,
        control,
        borrowed: Cell::new(0),
    };
    for step in steps {
        control.check()?;
        cleaner.step(step)?;
    }
    cleaner.finish()
}

/// A column as it is after the steps so far.
#[derive(Debug, Clone)]
struct Live {
    name: String,
    register: u32,
    kind: Kind,
    /// See [`CleanInput::fixed`].
    fixed: bool,
}

struct Cleaner<'a> {
    program: Program,
    filters: RowFilters,
    changes: Vec<Change>,
    /// The columns there are, in order.
    live: Vec<Live>,
    /// What each register holds.
    kinds: Vec<Kind>,
    /// How many operations lie under each register.
    depths: Vec<usize>,
    /// The values of registers that are still needed.
    columns: Vec<Option<Column>>,
    /// See [`CleanInput::digits`].
    digits: Vec<Option<Column>>,
    rows: Vec<u32>,
    /// Whether plain SQL is wanted.
    plain: bool,
    /// The fewest rows that a level, a group or an end of a range stands for.
    least: u64,
    teacher: Option<Teacher<'a>>,
    control: &'a Control,
    /// Bytes that are counted until the end of a step on a column.
    borrowed: Cell<usize>,
}

impl Cleaner<'_> {
    /// Count what a step on a column takes until its end.
    fn borrow(&self, bytes: usize) -> Result<()> {
        self.control.reserve(bytes)?;
        self.borrowed.set(self.borrowed.get() + bytes);
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        match &step.action {
            Action::Ratio { numerator, denominator, name } => self.ratio(step, numerator, denominator, name.as_deref()),
            Action::Difference { left, right, name } => self.difference(step, left, right, name.as_deref()),
            Action::DropDuplicates { key, order, last } => {
                self.drop_duplicates(key.as_deref(), order.as_deref(), *last)
            }
            Action::DropRows { rules } => self.drop_rows(rules),
            _ => {
                for name in self.targets(step)? {
                    self.control.check()?;
                    if let Some(live) = self.find(&name).cloned() {
                        self.column(step, &live)?;
                    }
                    self.control.release(self.borrowed.take());
                }
                Ok(())
            }
        }
    }

    /// The columns that a step is done to.
    fn targets(&self, step: &Step) -> Result<Vec<String>> {
        let spec = STEPS.iter().find(|s| s.name == step.name);
        let takes = |kind: Kind| spec.is_some_and(|s| s.kinds.contains(&kind_word(kind)));
        let respells = RESPELLING.contains(&step.name);
        let of = |wanted: &dyn Fn(Kind) -> bool| {
            let suits = |l: &&Live| takes(l.kind) && wanted(l.kind) && !(respells && l.fixed);
            self.live.iter().filter(suits).map(|l| l.name.clone()).collect()
        };
        match &step.columns {
            Columns::All => Ok(of(&|_| true)),
            Columns::Kind(word) => Ok(of(&|kind| kind_word(kind) == *word)),
            Columns::Named(names) => {
                for name in names {
                    let live = self.need(name)?;
                    if step.name != "drop_column" && !takes(live.kind) {
                        let kinds = spec.map_or(String::new(), |s| s.kinds.join(", "));
                        return Err(Error::option(
                            format!(
                                "step \"{}\" cannot be done to column \"{name}\", which is {}",
                                step.name,
                                live.kind.name()
                            ),
                            format!("It is for columns of these kinds: {kinds}."),
                        ));
                    }
                }
                Ok(names.clone())
            }
        }
    }

    fn column(&mut self, step: &Step, live: &Live) -> Result<()> {
        let named = matches!(step.columns, Columns::Named(_));
        match &step.action {
            Action::Trim => self.text(step, live, TextOp::FoldSpace, "white space".into()),
            Action::NormalizeUnicode { form } => {
                self.text(step, live, TextOp::Normalize(*form), "normal form, no invisible characters".into())
            }
            Action::StripTextMarks => self.text(step, live, TextOp::StripMark, "marks of spreadsheets".into()),
            Action::Case { to } => self.case(step, live, *to),
            Action::MaskPersonal { method, salt } => {
                let op = Op::Mask { from: live.register, method: *method, salt: salt.clone() };
                self.replace(step.name, live, op, "personal data hidden".into())
            }
            Action::Placeholders { values } => self.placeholders(step, live, values.as_deref()),
            Action::ParseNumber { comma, plain } => self.parse_number(step, live, *comma, *plain, named),
            Action::ParseBoolean { yes, no } => self.parse_boolean(step, live, yes, no, named),
            Action::ParseTimestamp { format, date } => {
                self.parse_timestamp(step, live, format.as_deref(), *date, named)
            }
            Action::MapValues { values, other } => self.map_values(step, live, values, other),
            Action::MergeLevels { max_distance, accents } => self.merge_levels(step, live, *max_distance, *accents),
            Action::RareLevels { min_rows, min_share, max_levels, other } => {
                self.rare_levels(step, live, (*min_rows, *min_share, *max_levels), other)
            }
            Action::Impute { strategy, fill_value, by, indicator } => {
                self.impute(step, live, *strategy, fill_value.as_ref(), by.as_deref(), *indicator)
            }
            Action::Clip { low, high } => {
                self.clip(step, live, low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY))
            }
            Action::Winsorize { lower_quantile, upper_quantile } => {
                self.winsorize(step, live, *lower_quantile, *upper_quantile)
            }
            Action::Outliers { method, factor, action } => self.outliers(step, live, *method, *factor, *action),
            Action::Standardize => self.standardize(step, live),
            Action::MinMaxScale { low, high } => self.min_max_scale(step, live, *low, *high),
            Action::RobustScale => self.robust_scale(step, live),
            Action::Log => {
                let op = Op::Number { from: live.register, op: NumberOp::Log };
                self.replace(step.name, live, op, "ln(1 + x)".into())
            }
            Action::Bin(bins) => self.bin(step, live, bins),
            Action::OneHot { max_levels, keep } => self.one_hot(step, live, *max_levels, *keep),
            Action::Ordinal { order } => self.ordinal(step, live, order.as_deref()),
            Action::FrequencyEncode => self.frequency_encode(step, live),
            Action::TargetEncode { target, key, folds, smooth } => {
                self.target_encode(step, live, target.as_deref(), key.as_deref(), *folds, *smooth)
            }
            Action::DateParts { parts, keep } => self.date_parts(step, live, parts, *keep),
            Action::TextFeatures { parts, keep } => self.text_features(step, live, parts, *keep),
            Action::DropColumn => {
                let rows = self.rows.len() as u64;
                self.note(step.name, &live.name, "left out".into(), rows);
                self.remove(&live.name);
                Ok(())
            }
            // Done to rows or pairs of columns.
            Action::Ratio { .. }
            | Action::Difference { .. }
            | Action::DropDuplicates { .. }
            | Action::DropRows { .. } => Ok(()),
        }
    }

    /// Do an operation and let its result take the column's place.
    fn replace(&mut self, step: &'static str, live: &Live, op: Op, detail: String) -> Result<()> {
        let register = self.push(op, &live.name)?;
        let (changed, lost) = self.changed(live.register, register);
        let detail = match lost {
            0 => detail,
            n => format!("{detail}; {n} could not be read and are NULL"),
        };
        self.note(step, &live.name, detail, changed);
        self.put(&live.name, register);
        Ok(())
    }

    fn text(&mut self, step: &Step, live: &Live, op: TextOp, detail: String) -> Result<()> {
        self.replace(step.name, live, Op::Text { from: live.register, op }, detail)
    }

    fn number(&mut self, step: &Step, live: &Live, op: NumberOp, detail: String) -> Result<()> {
        self.replace(step.name, live, Op::Number { from: live.register, op }, detail)
    }

    fn read(&mut self, step: &Step, live: &Live, op: ReadOp, detail: String) -> Result<()> {
        self.replace(step.name, live, Op::Read { from: live.register, op }, detail)
    }

    /// Do an operation and make a column of its result.
    fn add(&mut self, step: &'static str, name: &str, op: Op, detail: String) -> Result<()> {
        let name = cut(name);
        if self.find(&name).is_some() {
            return Err(Error::option(
                format!("step \"{step}\" would make a second column \"{name}\""),
                "Rename the column in the source, or leave it out before with the step drop_column.",
            ));
        }
        if self.live.len() >= MOST_COLUMNS {
            return Err(Error::option(
                format!("the steps would make more than {MOST_COLUMNS} columns"),
                "Make fewer with \"max_levels\" or \"columns\".",
            ));
        }
        let register = self.push(op, &name)?;
        let kind = self.kind(register);
        let changed = self.present(register);
        self.note(step, &name, detail, changed);
        self.live.push(Live { name, register, kind, fixed: false });
        Ok(())
    }

    /// A name that no column has: cut names of different levels may be the same.
    fn free_name(&self, name: &str) -> String {
        let start = cut_to(name, LONGEST_NAME - 6);
        let numbered = (2..).map(|n| format!("{start}_{n}"));
        let mut names = std::iter::once(cut(name)).chain(numbered);
        names.find(|n| self.find(n).is_none()).unwrap_or_else(|| cut(name))
    }

    /// Do an operation: the register of its result.
    fn push(&mut self, op: Op, name: &str) -> Result<u32> {
        let reads = op.reads();
        let left = reads[0].unwrap_or(0);
        let right = reads[1].unwrap_or(left);
        let Some(kind) = op.kind(&self.kinds) else {
            return Err(Error::Internal(format!("a cleaning step met a column \"{name}\" of another kind")));
        };
        let depth = self.depths[left as usize].max(self.depths[right as usize]) + 1;
        if depth > DEEPEST {
            return Err(Error::option(
                format!("more than {DEEPEST} steps build on each other in column \"{name}\""),
                "Give fewer steps, or clean what a first call has cleaned.",
            ));
        }
        let kinds = [self.kind(left), self.kind(right)];
        let column = {
            let columns = [self.values(left, name)?, self.values(right, name)?];
            apply(&op, kinds, columns, name, self.control)?
        };
        self.program.ops.push(op);
        self.depths.push(depth);
        self.kinds.push(kind);
        self.columns.push(Some(column));
        Ok(self.columns.len() as u32 - 1)
    }

    /// Let a register take the place of a column.
    fn put(&mut self, name: &str, register: u32) {
        let kind = self.kind(register);
        if let Some(live) = self.live.iter_mut().find(|l| l.name == name) {
            let old = std::mem::replace(&mut live.register, register);
            live.kind = kind;
            self.let_go(old);
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(at) = self.live.iter().position(|l| l.name == name) {
            let gone = self.live.remove(at);
            self.let_go(gone.register);
        }
    }

    /// Drop the values of a register that no column shows.
    fn let_go(&mut self, register: u32) {
        if self.live.iter().all(|l| l.register != register) {
            if let Some(mut column) = self.columns[register as usize].take() {
                column.release(self.control);
            }
        }
    }

    fn kind(&self, register: u32) -> Kind {
        self.kinds.get(register as usize).copied().unwrap_or(Kind::Other)
    }

    fn values(&self, register: u32, name: &str) -> Result<&Column> {
        self.columns.get(register as usize).and_then(Option::as_ref).ok_or_else(|| {
            Error::option(format!("column \"{name}\" is of a type that cannot be cleaned"), "Cast it in the source.")
        })
    }

    fn find(&self, name: &str) -> Option<&Live> {
        self.live.iter().find(|l| l.name == name)
    }

    fn need(&self, name: &str) -> Result<&Live> {
        self.find(name).ok_or_else(|| {
            let names: Vec<String> = self.live.iter().take(100).map(|l| format!("\"{}\"", l.name)).collect();
            Error::option(
                format!("there is no column \"{name}\" to clean"),
                format!("The columns at this step are {}.", names.join(", ")),
            )
        })
    }

    fn note(&mut self, step: &'static str, column: &str, detail: String, changed: u64) {
        self.changes.push(Change { column: column.to_owned(), step, detail, changed });
    }

    /// A column of texts by its codes.
    fn codes(&self, live: &Live) -> Result<(&crate::data::Chunked<u32>, &Dictionary)> {
        match &self.values(live.register, &live.name)?.data {
            ColumnData::Category { codes, dictionary } => Ok((codes, dictionary)),
            ColumnData::Number(_) => Err(Error::Internal("a column of texts holds numbers".into())),
        }
    }

    /// Values of the rows that differ, and those that were there and are not any more though the kind is another.
    fn changed(&self, before: u32, after: u32) -> (u64, u64) {
        let of = |register: u32| self.columns[register as usize].as_ref().map(|c| &c.data);
        let (Some(old), Some(new)) = (of(before), of(after)) else { return (0, 0) };
        let retyped = self.kind(before) != self.kind(after);
        let (mut changed, mut lost) = (0, 0);
        for &row in &self.rows {
            let row = row as usize;
            let (was, is) = (is_present(old, row), is_present(new, row));
            let differs = match (was, is) {
                (true, true) => retyped || !is_same(old, new, row),
                (a, b) => a != b,
            };
            changed += u64::from(differs);
            lost += u64::from(retyped && was && !is);
        }
        (changed, lost)
    }

    /// Rows with a value.
    fn present(&self, register: u32) -> u64 {
        let Some(column) = &self.columns[register as usize] else { return 0 };
        self.rows.iter().filter(|r| is_present(&column.data, **r as usize)).count() as u64
    }

    fn finish(mut self) -> Result<Fitted> {
        if self.live.is_empty() {
            return Err(Error::option("the steps leave no column", "Drop fewer columns."));
        }
        self.program.outputs =
            self.live.iter().map(|l| Output { name: l.name.clone(), register: l.register }).collect();
        let mut columns = Vec::with_capacity(self.live.len());
        for live in &self.live {
            columns.push(self.columns[live.register as usize].take());
        }
        for mut column in self.columns.into_iter().chain(self.digits).flatten() {
            column.release(self.control);
        }
        let Cleaner { program, filters, changes, rows, .. } = self;
        Ok(Fitted { program, filters, changes, columns, rows })
    }
}

/// The word by which `"kind"` names a kind.
fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "number",
        Kind::Boolean => "boolean",
        Kind::Text => "text",
        Kind::Date => "date",
        Kind::Timestamp | Kind::Timestamptz => "timestamp",
        Kind::Other => "other",
    }
}

fn is_present(data: &ColumnData, row: usize) -> bool {
    match data {
        ColumnData::Number(values) => !values.get(row).is_nan(),
        ColumnData::Category { codes, .. } => codes.get(row) != MISSING,
    }
}

fn is_same(a: &ColumnData, b: &ColumnData, row: usize) -> bool {
    match (a, b) {
        (ColumnData::Number(a), ColumnData::Number(b)) => a.get(row) == b.get(row),
        (ColumnData::Category { codes: a, dictionary: d }, ColumnData::Category { codes: b, dictionary: e }) => {
            d.hash(a.get(row)) == e.hash(b.get(row))
        }
        _ => false,
    }
}

/// A name as PostgreSQL cuts it.
fn cut(name: &str) -> String {
    cut_to(name, LONGEST_NAME).to_owned()
}

/// The whole characters among the first bytes of a name.
fn cut_to(name: &str, most: usize) -> &str {
    let mut end = name.len().min(most);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

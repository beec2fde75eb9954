//! Steps on rows.

use super::{is_present, Cleaner, Live};
use crate::clean::parse;
use crate::clean::program::{Comparison, Distinct, Kind, NumberOp, Op, ReadOp};
use crate::clean::step::{Rule, Scalar};
use crate::data::{Column, ColumnData, MISSING};
use crate::error::{Error, Result};
use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

impl Cleaner<'_> {
    /// Drop the rows in which one of some truth registers is true: how many went.
    pub(super) fn drop_where(&mut self, registers: &[u32]) -> Result<u64> {
        let before = self.rows.len();
        for &register in registers {
            if let Some(Column { data: ColumnData::Number(values), .. }) = &self.columns[register as usize] {
                self.rows.retain(|r| values.get(*r as usize) != 1.0);
            }
            match self.filters.distinct {
                None => self.filters.before.push(register),
                Some(_) => self.filters.after.push(register),
            }
            self.let_go(register);
        }
        Ok((before - self.rows.len()) as u64)
    }

    pub(super) fn drop_rows(&mut self, rules: &[Rule]) -> Result<()> {
        let mut registers = Vec::new();
        let mut words = Vec::new();
        for rule in rules {
            let (op, text) = self.rule(rule)?;
            registers.push(self.push(op, rule.column())?);
            words.push(text);
        }
        let gone = self.drop_where(&registers)?;
        self.note("drop_rows", "", format!("rows where {} go", words.join(" or ")), gone);
        Ok(())
    }

    fn rule(&self, rule: &Rule) -> Result<(Op, String)> {
        let live = self.need(rule.column())?;
        let (from, name) = (live.register, &live.name);
        let scalars: &[Scalar] = match rule {
            Rule::IsNull(_) => return Ok((Op::IsMissing { from }, format!("{name} is null"))),
            Rule::Compare(_, _, value) => std::slice::from_ref(value),
            Rule::In(_, values) => values,
        };
        let op = match live.kind {
            Kind::Text => {
                Op::Read { from, op: ReadOp::IsIn { values: texts_of(live, scalars)?, negate: negates(live, rule)? } }
            }
            _ => {
                let numbers: Vec<f64> = scalars.iter().map(|s| number_of(live, s)).collect::<Result<_>>()?;
                let op = match (rule, numbers.first()) {
                    (Rule::Compare(_, comparison, _), Some(value)) => NumberOp::Compare(*comparison, *value),
                    _ => NumberOp::IsIn(numbers),
                };
                Op::Number { from, op }
            }
        };
        let shown: Vec<String> = scalars.iter().map(Scalar::show).collect();
        let sign = match rule {
            Rule::Compare(_, comparison, _) => comparison.sql(),
            _ => "in",
        };
        Ok((op, format!("{name} {sign} {}", shown.join(", "))))
    }

    pub(super) fn drop_duplicates(&mut self, key: Option<&[String]>, order: Option<&str>, last: bool) -> Result<()> {
        if self.filters.distinct.is_some() {
            return Err(Error::option(
                "step \"drop_duplicates\" can be there once",
                "Name all columns in one \"key\".",
            ));
        }
        let keys: Vec<Live> = match key {
            Some(names) => names.iter().map(|n| self.need(n).cloned()).collect::<Result<_>>()?,
            None => self.live.clone(),
        };
        if let Some(other) = keys.iter().find(|l| self.columns[l.register as usize].is_none()) {
            return Err(Error::option(
                format!("rows cannot be compared by column \"{}\", which is {}", other.name, other.kind.name()),
                "Name columns in \"key\".",
            ));
        }
        let order = order.map(|o| self.need(o).cloned()).transpose()?;
        if let Some(order) =
            order.as_ref().filter(|o| o.kind == Kind::Text || self.columns[o.register as usize].is_none())
        {
            return Err(Error::option(
                format!("rows cannot be put in order by column \"{}\", which is {}", order.name, order.kind.name()),
                "Name a column of numbers, dates or timestamps, or parse it in a step before.",
            ));
        }
        let before = self.rows.len();
        let best = self.best_rows(&keys, order.as_ref(), last)?;
        self.rows.retain(|row| best.contains(row));
        let gone = (before - self.rows.len()) as u64;
        let names: Vec<&str> = key.into_iter().flatten().map(String::as_str).collect();
        let what = if names.is_empty() {
            "rows that are alike".to_owned()
        } else {
            format!("rows of the same {}", names.join(", "))
        };
        let which = match (&order, last) {
            (None, _) => "any one".to_owned(),
            (Some(order), false) => format!("the first by {}", order.name),
            (Some(order), true) => format!("the last by {}", order.name),
        };
        self.note("drop_duplicates", "", format!("of {what} {which} stays"), gone);
        let keys = keys.iter().map(|l| l.register).collect();
        self.filters.distinct = Some(Distinct { keys, order: order.map(|o| o.register), last });
        Ok(())
    }

    /// The row that stays of each that are alike.
    fn best_rows(&self, keys: &[Live], order: Option<&Live>, last: bool) -> Result<hashbrown::HashSet<u32>> {
        let mut columns: Vec<&ColumnData> =
            keys.iter().map(|l| self.values(l.register, &l.name).map(|c| &c.data)).collect::<Result<_>>()?;
        // Columns as they came are compared by all their digits, as in the view.
        let digits = keys.iter().filter_map(|l| self.digits.get(l.register as usize)?.as_ref());
        columns.extend(digits.map(|column| &column.data));
        let order = order.map(|o| self.values(o.register, &o.name).map(|c| &c.data)).transpose()?;
        // A missing value comes last, whatever the direction.
        let rank = |row: u32| match order {
            Some(data @ ColumnData::Number(values)) if is_present(data, row as usize) => {
                if last {
                    -values.get(row as usize)
                } else {
                    values.get(row as usize)
                }
            }
            Some(_) => f64::INFINITY,
            None => 0.0,
        };
        self.control.reserve(self.rows.len() * 2 * std::mem::size_of::<(u128, u32, f64)>())?;
        let mut best: HashMap<u128, (u32, f64)> = HashMap::new();
        for (i, &row) in self.rows.iter().enumerate() {
            if i % (1 << 14) == 0 {
                self.control.check()?;
            }
            let rank = rank(row);
            let found = best.entry(hash(&columns, row)).or_insert((row, rank));
            if rank < found.1 {
                *found = (row, rank);
            }
        }
        self.control.release(self.rows.len() * 2 * std::mem::size_of::<(u128, u32, f64)>());
        Ok(best.into_values().map(|(row, _)| row).collect())
    }
}

/// A hash of cells, long enough that no two rows of a table share one by chance.
fn hash(columns: &[&ColumnData], row: u32) -> u128 {
    let mut bytes = Vec::with_capacity(columns.len() * 8);
    for data in columns {
        let word = match data {
            ColumnData::Number(values) => (values.get(row as usize) + 0.0).to_bits(),
            ColumnData::Category { codes, dictionary } => match codes.get(row as usize) {
                MISSING => u64::MAX,
                code => dictionary.hash(code),
            },
        };
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    u128::from(xxh3_64_with_seed(&bytes, 1)) << 64 | u128::from(xxh3_64_with_seed(&bytes, 2))
}

/// Seconds from 2000-01-01 within which a float8 tells every microsecond from the next, about 285 years.
const EXACT_SECONDS: f64 = 9e9;

fn other_type(live: &Live) -> Error {
    let hint = match live.kind {
        Kind::Date => "Write the date as \"2026-01-31\".",
        Kind::Timestamp | Kind::Timestamptz => {
            "Write the timestamp as \"2026-01-31 10:00:00\", between the years 1716 and 2284."
        }
        _ => "Parse the column in a step before, or write the value as the column holds it.",
    };
    Error::option(
        format!(
            "a rule of step \"drop_rows\" compares column \"{}\", which is {}, with another type",
            live.name,
            live.kind.name()
        ),
        hint,
    )
}

fn texts_of(live: &Live, scalars: &[Scalar]) -> Result<Vec<String>> {
    let text = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => Ok(text.clone()),
        Scalar::Number(_) => Err(other_type(live)),
    };
    scalars.iter().map(text).collect()
}

/// Whether a rule of texts holds for those that are not its.
fn negates(live: &Live, rule: &Rule) -> Result<bool> {
    match rule {
        Rule::Compare(_, Comparison::NotEqual, _) => Ok(true),
        Rule::Compare(_, Comparison::Equal, _) | Rule::In(..) | Rule::IsNull(_) => Ok(false),
        // Texts have no order that every database agrees on.
        Rule::Compare(_, comparison, _) => Err(Error::option(
            format!(
                "a rule of step \"drop_rows\" compares column \"{}\", which is a text, by {}",
                live.name,
                comparison.sql()
            ),
            "Use \"=\", \"<>\" or \"in\", or parse the column in a step before.",
        )),
    }
}

/// A value as a column of numbers, truth values or moments holds it.
fn number_of(live: &Live, scalar: &Scalar) -> Result<f64> {
    let found = match (live.kind, scalar) {
        (Kind::Number | Kind::Boolean, Scalar::Number(number)) => Some(*number),
        // A whole number of more digits than double precision has, as the steps are read.
        (Kind::Number, Scalar::Text(text)) => {
            text.parse::<i128>().ok().filter(|n| n.unsigned_abs() > 1 << 53).map(|n| n as f64)
        }
        (Kind::Date, Scalar::Text(text)) => moment_of(live.kind, text),
        (Kind::Timestamp | Kind::Timestamptz, Scalar::Text(text)) => {
            moment_of(live.kind, text).filter(|seconds| seconds.abs() < EXACT_SECONDS)
        }
        _ => None,
    };
    found.ok_or_else(|| other_type(live))
}

/// A date or timestamp as ISO 8601 writes it, as a column of dates or of timestamps holds it.
pub(super) fn moment_of(kind: Kind, text: &str) -> Option<f64> {
    let micros = moment(text)?;
    match kind {
        Kind::Date => (micros % parse::DAY == 0).then_some((micros / parse::DAY) as f64),
        _ => Some(micros as f64 / 1e6),
    }
}

/// The microseconds of such a text, without an offset: that of the column's clocks.
fn moment(text: &str) -> Option<i64> {
    let text = text.replace('T', " ");
    ["YYYY-MM-DD", "YYYY-MM-DD HH24:MI", "YYYY-MM-DD HH24:MI:SS"]
        .iter()
        .find_map(|format| parse::timestamp(&text, parse::TimestampFormat::compile(format).ok().as_ref()))
}

impl Scalar {
    /// As it stands in a sentence.
    pub(super) fn show(&self) -> String {
        match self {
            Scalar::Text(text) => format!("\"{text}\""),
            Scalar::Number(number) => format!("{number}"),
        }
    }
}

//! Steps on rows.

use super::{is_present, Cleaner, Live};
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
        let fits = |scalar: &Scalar| match scalar {
            Scalar::Text(_) => live.kind == Kind::Text,
            Scalar::Number(_) => live.kind.is_numeric(),
        };
        let scalars: &[Scalar] = match rule {
            Rule::IsNull(_) => return Ok((Op::IsMissing { from }, format!("{name} is null"))),
            Rule::Compare(_, _, value) => std::slice::from_ref(value),
            Rule::In(_, values) => values,
        };
        if !scalars.iter().all(fits) {
            return Err(Error::option(
                format!(
                    "a rule of step \"drop_rows\" compares column \"{name}\", which is {}, with another type",
                    live.kind.name()
                ),
                "Parse the column in a step before, or write the value as the column holds it.",
            ));
        }
        let (texts, numbers) = split(scalars);
        let op = match (rule, live.kind) {
            (Rule::Compare(_, comparison, _), Kind::Text) => {
                Op::Read { from, op: ReadOp::IsIn { values: texts, negate: *comparison == Comparison::NotEqual } }
            }
            (_, Kind::Text) => Op::Read { from, op: ReadOp::IsIn { values: texts, negate: false } },
            (Rule::Compare(_, comparison, _), _) => {
                let value = numbers.first().copied().unwrap_or(f64::NAN);
                Op::Number { from, op: NumberOp::Compare(*comparison, value) }
            }
            _ => Op::Number { from, op: NumberOp::IsIn(numbers) },
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
        let columns: Vec<&ColumnData> =
            keys.iter().map(|l| self.values(l.register, &l.name).map(|c| &c.data)).collect::<Result<_>>()?;
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

fn split(scalars: &[Scalar]) -> (Vec<String>, Vec<f64>) {
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for scalar in scalars {
        match scalar {
            Scalar::Text(text) => texts.push(text.clone()),
            Scalar::Number(number) => numbers.push(*number),
        }
    }
    (texts, numbers)
}

impl Rule {
    fn column(&self) -> &str {
        match self {
            Rule::IsNull(name) | Rule::Compare(name, ..) | Rule::In(name, _) => name,
        }
    }
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

//! Steps that make numbers of levels.

use std::collections::HashMap;

use super::{Cleaner, Live};
use crate::clean::program::{fold, text_of, Kind, Levels, NumberOp, Op, Pair, PairOp, ReadOp};
use crate::clean::step::{Scalar, Step};
use crate::data::{Column, ColumnData, Numbers, MISSING};
use crate::error::{Error, Result};

/// Levels that get a number of their own.
const MOST_LEVELS: usize = 100_000;

impl Cleaner<'_> {
    pub(super) fn one_hot(&mut self, step: &Step, live: &Live, max_levels: usize, keep: bool) -> Result<()> {
        let from = live.register;
        let columns: Vec<(String, Op)> = if live.kind == Kind::Text {
            let levels = self.levels(live)?;
            levels
                .into_iter()
                .take(max_levels)
                .map(|l| (l.text.clone(), Op::Read { from, op: ReadOp::Is(l.text) }))
                .collect()
        } else {
            let levels = self.number_levels(live)?;
            let levels = levels.into_iter().take(max_levels);
            levels.map(|(v, _)| (format!("{v}"), Op::Number { from, op: NumberOp::Is(v) })).collect()
        };
        for (level, op) in columns {
            let name = self.free_name(&format!("{}_{level}", live.name));
            self.add(step.name, &name, op, format!("1 where {} is {level}", live.name))?;
        }
        if !keep {
            self.remove(&live.name);
        }
        Ok(())
    }

    pub(super) fn ordinal(&mut self, step: &Step, live: &Live, order: Option<&[Scalar]>) -> Result<()> {
        if live.kind != Kind::Text {
            let values: Vec<f64> = match order {
                Some(order) => order.iter().filter_map(Scalar::number).collect(),
                None => {
                    let mut values: Vec<f64> = self.number_levels(live)?.iter().map(|l| l.0).collect();
                    values.sort_by(f64::total_cmp);
                    values
                }
            };
            self.few(step, live, values.len())?;
            let detail = format!("{} levels", values.len());
            return self.number(step, live, NumberOp::Place(values), detail);
        }
        let levels: Vec<String> = match order {
            Some(order) => order.iter().map(Scalar::text).collect(),
            None => {
                let mut levels: Vec<String> = self.levels(live)?.into_iter().map(|l| l.text).collect();
                levels.sort();
                levels
            }
        };
        self.few(step, live, levels.len())?;
        let detail = format!("{} levels", levels.len());
        let places = levels.into_iter().zip(1..).map(|(level, place)| (level, f64::from(place)));
        self.read(step, live, ReadOp::Map(Levels::new(places.collect(), f64::NAN)), detail)
    }

    /// The column as texts: a number by its digits.
    fn as_levels(&mut self, step: &Step, live: &Live) -> Result<Live> {
        if live.kind == Kind::Text {
            return Ok(live.clone());
        }
        let refuse = |why: &str| {
            Err(Error::option(
                format!("step \"{}\" cannot be done to column \"{}\": {why}", step.name, live.name),
                "It is for texts, whole numbers and truth values; cut other numbers into bins before.",
            ))
        };
        if !live.kind.is_numeric() {
            return refuse(&format!("it is {}", live.kind.name()));
        }
        let ColumnData::Number(values) = &self.values(live.register, &live.name)?.data else {
            return Err(Error::Internal("a column of numbers holds texts".into()));
        };
        if values.iter().any(|v| v.is_finite() && v.fract() != 0.0) {
            return refuse("its numbers are no levels");
        }
        let register = self.push(Op::Spell { from: live.register }, &live.name)?;
        Ok(Live { register, kind: Kind::Text, ..live.clone() })
    }

    fn few(&self, step: &Step, live: &Live, levels: usize) -> Result<()> {
        if levels <= MOST_LEVELS {
            return Ok(());
        }
        Err(Error::option(
            format!("column \"{}\" has more than {MOST_LEVELS} levels for step \"{}\"", live.name, step.name),
            "Make rare levels one with the step rare_levels before.",
        ))
    }

    pub(super) fn frequency_encode(&mut self, step: &Step, live: &Live) -> Result<()> {
        let spelt = self.as_levels(step, live)?;
        let mut levels = self.all_levels(&spelt)?;
        let rows: u64 = levels.iter().map(|l| l.rows).sum();
        levels.retain(|level| level.rows >= self.least);
        self.few(step, live, levels.len())?;
        let detail = format!("{} levels", levels.len());
        let shares = levels.into_iter().map(|l| (l.text, l.rows as f64 / rows as f64)).collect();
        let op = Op::Read { from: spelt.register, op: ReadOp::Map(Levels::new(shares, 0.0)) };
        self.replace(step.name, live, op, detail)
    }

    pub(super) fn target_encode(
        &mut self,
        step: &Step,
        live: &Live,
        target: Option<&str>,
        key: Option<&str>,
        folds: usize,
        smooth: f64,
    ) -> Result<()> {
        let spelt = self.as_levels(step, live)?;
        let levels = self.levels(&spelt)?.len();
        self.few(step, live, levels)?;
        let detail = format!("{levels} levels, {folds} folds");
        if let (Some(teacher), None, None) = (self.teacher, target, key) {
            return self.encode_by_teacher(step, live, &spelt, teacher, folds, smooth, detail);
        }
        let (Some(target), Some(key)) = (target, key) else {
            return Err(Error::option(
                "step \"target_encode\" needs \"target\" and \"key\"",
                "Name the target, and a column such as the primary key whose hash puts each row into a fold.",
            ));
        };
        let key = self.need(key)?.clone();
        let key = self.as_levels(step, &key)?;
        let target = self.need(target)?.clone();
        if !target.kind.is_numeric() {
            return Err(Error::option(
                format!("column \"{}\" of \"target\" is {}", target.name, target.kind.name()),
                "Name a column of numbers or truth values.",
            ));
        }
        let (codes, keys) = self.codes(&key)?;
        let fold_of = |row: u32| match codes.get(row as usize) {
            MISSING => fold(None, folds),
            code => fold(Some(&text_of(keys, code)), folds),
        };
        let ColumnData::Number(values) = &self.values(target.register, &target.name)?.data else {
            return Err(Error::Internal("a target of numbers holds texts".into()));
        };
        let tables = self.tables(&spelt, folds, smooth, &fold_of, &|row| values.get(row as usize))?;
        let pair = Pair { left: spelt.register, right: key.register, op: PairOp::ByFold(tables[..folds].to_vec()) };
        self.replace(step.name, live, Op::Pair(pair), detail)
    }

    /// The mean target of each level in the rows outside of each fold, and last in all rows: what is smoothed is the mean of all those rows.
    fn tables(
        &self,
        live: &Live,
        folds: usize,
        smooth: f64,
        fold_of: &dyn Fn(u32) -> usize,
        target: &dyn Fn(u32) -> f64,
    ) -> Result<Vec<Levels>> {
        let counts = self.counts(live)?;
        let (codes, dictionary) = self.codes(live)?;
        // Sums by level and fold; of whole numbers of moderate size they do not depend on the order, others are sorted first.
        let mut rows: Vec<(u32, usize, f64)> = self.control.vec(self.rows.len())?;
        for &row in &self.rows {
            let (code, value) = (codes.get(row as usize), target(row));
            if value.is_finite() {
                rows.push((code, fold_of(row), value));
            }
        }
        rows.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        // Sums of each level, and a table a fold with its texts.
        let texts: usize = (0..dictionary.len() as u32).map(|code| dictionary.text(code).len()).sum();
        self.borrow((folds + 1) * (texts + dictionary.len() * (16 + 2 * std::mem::size_of::<(String, f64)>())))?;
        let mut all = vec![(0.0, 0.0); folds];
        let mut levels: HashMap<u32, Vec<(f64, f64)>> = HashMap::new();
        for (code, fold, value) in &rows {
            for sums in [
                Some(&mut all),
                (*code != MISSING && counts[*code as usize] >= self.least)
                    .then(|| levels.entry(*code).or_insert_with(|| vec![(0.0, 0.0); folds])),
            ]
            .into_iter()
            .flatten()
            {
                sums[*fold].0 += value;
                sums[*fold].1 += 1.0;
            }
        }
        self.control.release_vec(rows);
        let outside = |sums: &[(f64, f64)], fold: usize| {
            let others = sums.iter().enumerate().filter(|(f, _)| *f != fold);
            others.fold((0.0, 0.0), |t, (_, s)| (t.0 + s.0, t.1 + s.1))
        };
        let table = |fold: usize| {
            let (sum, count) = outside(&all, fold);
            let prior = if count > 0.0 { sum / count } else { 0.0 };
            let mean = |sums: &[(f64, f64)]| {
                let (sum, count) = outside(sums, fold);
                let weight = count + smooth;
                if weight > 0.0 {
                    (sum + smooth * prior) / weight
                } else {
                    prior
                }
            };
            let numbers = levels.iter().map(|(code, sums)| (text_of(dictionary, *code).into_owned(), mean(sums) + 0.0));
            Levels::new(numbers.collect(), prior + 0.0)
        };
        Ok((0..=folds).map(table).collect())
    }

    /// A training: its own rows get the mean of the other folds, every other row that of all.
    #[allow(clippy::too_many_arguments, reason = "the parameters of one step")]
    fn encode_by_teacher(
        &mut self,
        step: &Step,
        live: &Live,
        spelt: &Live,
        teacher: super::Teacher<'_>,
        folds: usize,
        smooth: f64,
        detail: String,
    ) -> Result<()> {
        let fold_of = |row: u32| (teacher.hashes[row as usize] % folds as u64) as usize;
        let tables = self.tables(spelt, folds, smooth, &fold_of, &|row| teacher.target[row as usize])?;
        let own: Vec<(u32, f64)> = {
            let (codes, dictionary) = self.codes(spelt)?;
            let of = |row: &u32| match codes.get(*row as usize) {
                MISSING => (*row, f64::NAN),
                code => (*row, tables[fold_of(*row)].of(&text_of(dictionary, code))),
            };
            self.rows.iter().map(of).collect()
        };
        let all = tables.into_iter().next_back().unwrap_or_else(|| Levels::new(HashMap::new(), 0.0));
        self.replace(step.name, live, Op::Read { from: spelt.register, op: ReadOp::Map(all) }, detail)?;
        // The values of the training rows are put where the others already are.
        let Some(register) = self.find(&live.name).map(|l| l.register as usize) else { return Ok(()) };
        let Some(Column { data: ColumnData::Number(values), .. }) = &mut self.columns[register] else { return Ok(()) };
        let mut numbers: Vec<f64> = self.control.vec(values.len())?;
        numbers.extend(values.iter());
        own.into_iter().for_each(|(row, value)| numbers[row as usize] = value);
        let mut out = Numbers::default();
        for &value in &numbers {
            out.push(value, self.control)?;
        }
        values.release(self.control);
        *values = out;
        self.control.release_vec(numbers);
        Ok(())
    }
}

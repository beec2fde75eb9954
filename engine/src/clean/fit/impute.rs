//! Filling missing values.

use std::collections::{BTreeMap, HashMap};

use super::stats::Sorted;
use super::{Cleaner, Live};
use crate::clean::program::{text_of, GroupFill, Kind, Levels, NumberOp, Op, TextOp};
use crate::clean::shown;
use crate::clean::step::{Scalar, Step, Strategy};
use crate::data::{ColumnData, MISSING};
use crate::error::{Error, Result};

impl Cleaner<'_> {
    pub(super) fn impute(
        &mut self,
        step: &Step,
        live: &Live,
        strategy: Option<Strategy>,
        fill_value: Option<&Scalar>,
        by: Option<&str>,
        indicator: bool,
    ) -> Result<()> {
        if indicator {
            let op = Op::IsMissing { from: live.register };
            let name = self.free_name(&format!("{}_missing", live.name));
            self.add(step.name, &name, op, "whether the value was missing".into())?;
        }
        let default = if live.kind == Kind::Number { Strategy::Median } else { Strategy::MostFrequent };
        let strategy = strategy.unwrap_or(default);
        if live.kind == Kind::Text {
            return self.impute_text(step, live, strategy, fill_value, by);
        }
        if let Some(by) = by {
            return self.impute_by(step, live, strategy, by);
        }
        let value = match strategy {
            Strategy::Constant => match fill_value {
                Some(Scalar::Number(value)) => Some(*value),
                _ => return Err(wrong(step, live, "a text cannot fill it")),
            },
            _ => {
                let sorted = self.sorted(live)?;
                let value = typical(&sorted, strategy);
                self.done(sorted);
                value
            }
        };
        let Some(value) = value else { return self.nothing(step, live, "no value to learn from") };
        if live.kind == Kind::Boolean && value != 0.0 && value != 1.0 {
            return Err(wrong(step, live, "only true or false can fill it"));
        }
        let shown = match live.kind {
            Kind::Boolean => (value == 1.0).to_string(),
            _ => shown(value),
        };
        self.number(step, live, NumberOp::Fill(value + 0.0), format!("{} {shown}", word(strategy)))
    }

    fn impute_text(
        &mut self,
        step: &Step,
        live: &Live,
        strategy: Strategy,
        fill_value: Option<&Scalar>,
        by: Option<&str>,
    ) -> Result<()> {
        if let Some(by) = by {
            return match strategy {
                Strategy::MostFrequent => self.impute_text_by(step, live, by),
                _ => Err(wrong(step, live, "a group of texts has a most frequent one alone")),
            };
        }
        let value = match (strategy, fill_value) {
            (Strategy::Constant, Some(value)) => Some(value.text()),
            (Strategy::MostFrequent, _) => self.levels(live)?.first().map(|l| l.text.clone()),
            _ => return Err(wrong(step, live, "a text has no mean or median")),
        };
        match value {
            Some(value) => {
                let detail = format!("{} \"{value}\"", word(strategy));
                self.text(step, live, TextOp::Fill(value), detail)
            }
            None => self.nothing(step, live, "no value to learn from"),
        }
    }

    fn impute_by(&mut self, step: &Step, live: &Live, strategy: Strategy, by: &str) -> Result<()> {
        let group = self.groups(by)?;
        let (codes, dictionary) = self.codes(&group)?;
        let ColumnData::Number(values) = &self.values(live.register, &live.name)?.data else {
            return Err(Error::Internal("a column of numbers holds texts".into()));
        };
        let mut pairs = self.control.vec::<(u32, f64)>(self.rows.len())?;
        for &row in &self.rows {
            let (code, value) = (codes.get(row as usize), values.get(row as usize));
            if code != MISSING && value.is_finite() {
                pairs.push((code, value + 0.0));
            }
        }
        pairs.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut numbers = HashMap::new();
        for run in pairs.chunk_by(|a, b| a.0 == b.0) {
            let sorted = Sorted { values: run.iter().map(|p| p.1).collect(), least: self.least };
            if let (Some((code, _)), Some(value)) = (run.first(), typical(&sorted, strategy)) {
                numbers.insert(text_of(dictionary, *code).into_owned(), value + 0.0);
            }
        }
        self.control.release_vec(pairs);
        let sorted = self.sorted(live)?;
        let other = typical(&sorted, strategy).unwrap_or(f64::NAN) + 0.0;
        self.done(sorted);
        let detail = format!("{} of {} groups of {by}, {} for others", word(strategy), numbers.len(), shown(other));
        let fill = GroupFill { from: live.register, group: group.register, levels: Levels::new(numbers, other) };
        self.replace(step.name, live, Op::GroupFill(fill), detail)?;
        self.let_go(group.register);
        Ok(())
    }

    /// The groups of a column, as texts.
    fn groups(&mut self, by: &str) -> Result<Live> {
        let group = self.need(by)?.clone();
        match group.kind {
            Kind::Text => Ok(group),
            Kind::Number | Kind::Boolean => {
                let register = self.push(Op::Spell { from: group.register }, by)?;
                Ok(Live { register, kind: Kind::Text, ..group })
            }
            _ => Err(Error::option(
                format!("column \"{by}\" of \"by\" is {}", group.kind.name()),
                "Name a column of texts, whole numbers or truth values.",
            )),
        }
    }

    fn impute_text_by(&mut self, step: &Step, live: &Live, by: &str) -> Result<()> {
        let group = self.groups(by)?;
        let (codes, dictionary) = self.codes(&group)?;
        let (values, levels) = self.codes(live)?;
        let mut pairs = self.control.vec::<(u32, u32)>(self.rows.len())?;
        for &row in &self.rows {
            let (code, value) = (codes.get(row as usize), values.get(row as usize));
            if code != MISSING && value != MISSING {
                pairs.push((code, value));
            }
        }
        pairs.sort_unstable();
        let mut fills = BTreeMap::new();
        for run in pairs.chunk_by(|a, b| a.0 == b.0) {
            // Of equals the first in C order, as for a whole column.
            let values = run.chunk_by(|a, b| a.1 == b.1).map(|same| (same.len(), text_of(levels, same[0].1)));
            let best = values.reduce(|a, b| if (b.0, &a.1) > (a.0, &b.1) { b } else { a });
            if let Some((_, text)) = best.filter(|(rows, _)| *rows as u64 >= self.least) {
                fills.insert(text_of(dictionary, run[0].0).into_owned(), Some(text.into_owned()));
            }
        }
        self.control.release_vec(pairs);
        let Some(other) = self.levels(live)?.first().map(|level| level.text.clone()) else {
            self.let_go(group.register);
            return self.nothing(step, live, "no value to learn from");
        };
        let detail =
            format!("{} of {} groups of {by}, \"{other}\" for others", word(Strategy::MostFrequent), fills.len());
        let (from, to) = fills.into_iter().unzip();
        let map = TextOp::Map { from, to, other: Some(Some(other.clone())) };
        let of_group = self.push(Op::Text { from: group.register, op: map }, &live.name)?;
        let fill = self.push(Op::Text { from: of_group, op: TextOp::Fill(other) }, &live.name)?;
        self.replace(step.name, live, Op::Coalesce { from: live.register, other: fill }, detail)?;
        [group.register, of_group, fill].into_iter().for_each(|register| self.let_go(register));
        Ok(())
    }
}

/// The value that stands for others.
fn typical(sorted: &Sorted, strategy: Strategy) -> Option<f64> {
    match strategy {
        Strategy::Mean => sorted.mean(),
        Strategy::Median => sorted.quantile(0.5),
        Strategy::MostFrequent => {
            // Of equals the smallest, as scikit-learn does.
            let runs = sorted.values.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0]));
            let most = runs.reduce(|best, run| if run.0 > best.0 { run } else { best });
            most.filter(|(rows, _)| *rows as u64 >= sorted.least).map(|(_, value)| value)
        }
        Strategy::Constant => None,
    }
}

fn word(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Mean => "mean",
        Strategy::Median => "median",
        Strategy::MostFrequent => "most frequent",
        Strategy::Constant => "constant",
    }
}

fn wrong(step: &Step, live: &Live, why: &str) -> Error {
    Error::option(
        format!("step \"{}\" cannot fill column \"{}\", which is {}: {why}", step.name, live.name, live.kind.name()),
        "Choose another \"strategy\" or \"fill_value\".",
    )
}

//! Steps that make columns of others.

use super::{Cleaner, Live};
use crate::clean::program::{Kind, MomentPart, NumberOp, Op, Pair, PairOp, ReadOp};
use crate::clean::step::{Step, TextPart};
use crate::error::{Error, Result};

impl Cleaner<'_> {
    pub(super) fn ratio(&mut self, step: &Step, a: &str, b: &str, name: Option<&str>) -> Result<()> {
        let name = name.map_or_else(|| format!("{a}_per_{b}"), str::to_owned);
        self.pair(step, a, b, &name, PairOp::Ratio, format!("{a} / {b}"))
    }

    pub(super) fn difference(&mut self, step: &Step, a: &str, b: &str, name: Option<&str>) -> Result<()> {
        let name = name.map_or_else(|| format!("{a}_minus_{b}"), str::to_owned);
        let moments = self.need(a)?.kind.is_moment();
        let (op, unit) = if moments { (PairOp::Days, " in days") } else { (PairOp::Difference, "") };
        self.pair(step, a, b, &name, op, format!("{a} - {b}{unit}"))
    }

    fn pair(&mut self, step: &Step, a: &str, b: &str, name: &str, op: PairOp, detail: String) -> Result<()> {
        let (left, right) = (self.need(a)?.clone(), self.need(b)?.clone());
        let op = Op::Pair(Pair { left: left.register, right: right.register, op });
        if op.kind(&self.kinds).is_none() {
            return Err(Error::option(
                format!(
                    "step \"{}\" cannot be done to \"{a}\", which is {}, and \"{b}\", which is {}",
                    step.name,
                    left.kind.name(),
                    right.kind.name()
                ),
                "Name two columns of numbers, or for a difference two dates or two timestamps without time zone.",
            ));
        }
        self.add(step.name, name, op, detail)
    }

    pub(super) fn date_parts(&mut self, step: &Step, live: &Live, parts: &[MomentPart], keep: bool) -> Result<()> {
        let of_day = |part: &MomentPart| !matches!(part, MomentPart::Hour | MomentPart::Minute);
        if live.kind == Kind::Date && !parts.iter().any(of_day) {
            return Err(Error::option(
                format!("step \"date_parts\" can make nothing of column \"{}\": a date has no time", live.name),
                "Name parts such as month and weekday, or columns of timestamps.",
            ));
        }
        for part in parts {
            if live.kind == Kind::Date && !of_day(part) {
                continue;
            }
            let name = MomentPart::ALL.iter().find(|(.., p)| p == part).map_or("part", |p| p.0);
            let op = Op::Number { from: live.register, op: NumberOp::Part(*part) };
            self.add(step.name, &format!("{}_{name}", live.name), op, format!("{name} of {}", live.name))?;
        }
        if !keep {
            self.remove(&live.name);
        }
        Ok(())
    }

    pub(super) fn text_features(&mut self, step: &Step, live: &Live, parts: &[TextPart], keep: bool) -> Result<()> {
        for part in parts {
            let name = TextPart::ALL.iter().find(|(_, p)| p == part).map_or("part", |p| p.0);
            let op = match part {
                TextPart::Characters => ReadOp::Characters,
                TextPart::Words => ReadOp::Words,
                TextPart::Digits => ReadOp::Digits,
                TextPart::Capitals => ReadOp::Capitals,
            };
            let op = Op::Read { from: live.register, op };
            self.add(step.name, &format!("{}_{name}", live.name), op, format!("{name} of {}", live.name))?;
        }
        if !keep {
            self.remove(&live.name);
        }
        Ok(())
    }
}

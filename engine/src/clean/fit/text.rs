//! Steps that change how a text is written.

use super::{Cleaner, Live};
use crate::clean::program::{text_of, Case, Kind, NumberOp, TextOp};
use crate::clean::step::{Scalar, Step};
use crate::clean::text;
use crate::error::Result;

impl Cleaner<'_> {
    pub(super) fn case(&mut self, step: &Step, live: &Live, case: Case) -> Result<()> {
        let (_, dictionary) = self.codes(live)?;
        let ascii = (0..dictionary.len() as u32).all(|code| dictionary.text(code).is_ascii());
        let detail = match case {
            Case::Lower => "small letters",
            Case::Upper => "capital letters",
        };
        let op = if ascii { TextOp::AsciiCase(case) } else { TextOp::Case(case) };
        self.text(step, live, op, detail.into())
    }

    pub(super) fn placeholders(&mut self, step: &Step, live: &Live, values: Option<&[Scalar]>) -> Result<()> {
        if live.kind == Kind::Text {
            let found = match values {
                Some(values) => values.iter().map(Scalar::text).collect(),
                None => self.found_placeholders(live)?,
            };
            if found.is_empty() {
                return self.nothing(step, live, "no placeholders");
            }
            let shown: Vec<String> = found.iter().take(10).map(|v| format!("\"{v}\"")).collect();
            let detail = format!("{}{} become NULL", shown.join(", "), if found.len() > 10 { ", ..." } else { "" });
            return self.text(step, live, TextOp::NullIf(found), detail);
        }
        let numbers: Vec<f64> = values.unwrap_or_default().iter().filter_map(Scalar::number).collect();
        if numbers.is_empty() {
            return self.nothing(step, live, "no numbers among the placeholders");
        }
        let shown: Vec<String> = numbers.iter().map(|v| format!("{v}")).collect();
        self.number(step, live, NumberOp::NullIf(numbers), format!("{} become NULL", shown.join(", ")))
    }

    /// The texts of a column that stand for nothing, in C order.
    fn found_placeholders(&self, live: &Live) -> Result<Vec<String>> {
        let counts = self.counts(live)?;
        let (_, dictionary) = self.codes(live)?;
        let present = (0..dictionary.len() as u32).filter(|c| counts[*c as usize] >= self.least.max(1));
        let texts = present.map(|code| text_of(dictionary, code).into_owned());
        let mut found: Vec<String> = texts.filter(|t| text::is_blank(t) || text::is_placeholder(t)).collect();
        found.sort();
        Ok(found)
    }
}

impl Scalar {
    /// As a text column holds it.
    pub(super) fn text(&self) -> String {
        match self {
            Scalar::Text(text) => text.clone(),
            Scalar::Number(number) => format!("{number}"),
        }
    }

    /// As a column of numbers holds it; `None` for a text that is no number.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Scalar::Text(text) => match text.as_str() {
                "true" => Some(1.0),
                "false" => Some(0.0),
                text => text.trim().parse().ok().filter(|n: &f64| n.is_finite()),
            },
            Scalar::Number(number) => Some(*number),
        }
    }
}

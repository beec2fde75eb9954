//! Steps that change how a text is written.

use super::rows::moment_of;
use super::{Cleaner, Live};
use crate::clean::program::{text_of, Case, Kind, NumberOp, TextOp};
use crate::clean::step::{Columns, Scalar, Step};
use crate::clean::text;
use crate::error::{Error, Result};

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
        let named = !matches!(step.columns, Columns::All);
        let held: Vec<(f64, String)> = values.unwrap_or_default().iter().filter_map(|v| v.held_by(live)).collect();
        if !named && live.kind != Kind::Number {
            // 1 and 0 may be meant for other columns than those of truth values, and few columns are of moments.
            return Ok(());
        }
        if held.is_empty() && named {
            return Err(unfit(live, values.is_none()));
        }
        if held.is_empty() {
            return self.nothing(step, live, "no numbers among the placeholders");
        }
        let (numbers, shown): (Vec<f64>, Vec<String>) = held.into_iter().unzip();
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

/// The error of placeholders of which a column can hold none.
fn unfit(live: &Live, missing: bool) -> Error {
    let (name, kind) = (&live.name, live.kind.name());
    let message = match missing {
        true => format!("step \"placeholders\" needs \"values\" for column \"{name}\", which is {kind}"),
        false => format!("step \"placeholders\" has no value that column \"{name}\", which is {kind}, can hold"),
    };
    let valid = match live.kind {
        Kind::Boolean => "Write true or false, as in \"values\": [false].",
        Kind::Date => "Write dates, as in \"values\": [\"9999-12-31\"].",
        Kind::Timestamp | Kind::Timestamptz => "Write timestamps, as in \"values\": [\"1970-01-01 00:00:00\"].",
        _ => "Write numbers, as in \"values\": [-999].",
    };
    Error::option(message, valid)
}

impl Scalar {
    /// As a column of numbers, truth values or moments holds it, and in words; `None` for a value that it cannot hold.
    fn held_by(&self, live: &Live) -> Option<(f64, String)> {
        match live.kind {
            Kind::Boolean => self.number().filter(|n| [0.0, 1.0].contains(n)).map(|n| (n, (n == 1.0).to_string())),
            Kind::Date | Kind::Timestamp | Kind::Timestamptz => match self {
                Scalar::Text(text) => moment_of(live.kind, text).map(|n| (n, text.clone())),
                Scalar::Number(_) => None,
            },
            _ => self.number().map(|n| (n, n.to_string())),
        }
    }

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

//! Steps that read what stands in texts.

use super::{Cleaner, Live};
use crate::clean::parse::{self, Decimal};
use crate::clean::profile::names;
use crate::clean::program::{plain_number, text_of, DigitsOf, Kind, NumberOp, Op, ReadOp, TextOp};
use crate::clean::step::Step;
use crate::clean::text::{fold_space, is_placeholder};
use crate::error::{Error, Result};

/// Whether a step would leave nothing of texts of which some mean something.
fn is_lost(texts: &[(String, u64)], reads: impl Fn(&str) -> bool) -> bool {
    !texts.iter().any(|(text, _)| reads(text)) && !texts.iter().all(|(text, _)| is_placeholder(text))
}

/// The error of a step that would leave nothing of a column.
fn unreadable(step: &Step, live: &Live, hint: &str) -> Error {
    Error::option(format!("step \"{}\" can read no value of column \"{}\"", step.name, live.name), hint)
}

/// A step for all columns reads those of which it can read this share of the rows.
const ENOUGH: f64 = 0.99;

impl Cleaner<'_> {
    /// The texts of a column with their rows.
    fn texts(&self, live: &Live) -> Result<Vec<(String, u64)>> {
        let counts = self.counts(live)?;
        let (_, dictionary) = self.codes(live)?;
        let present = (0..dictionary.len() as u32).filter(|c| counts[*c as usize] > 0);
        let bytes = |code: u32| dictionary.text(code).len() + std::mem::size_of::<(String, u64)>();
        self.borrow(present.clone().map(bytes).sum())?;
        let of = |code: u32| (text_of(dictionary, code).into_owned(), counts[code as usize]);
        let mut texts: Vec<(String, u64)> = present.map(of).collect();
        texts.sort_unstable();
        Ok(texts)
    }

    pub(super) fn parse_number(
        &mut self,
        step: &Step,
        live: &Live,
        comma: Option<bool>,
        plain: Option<bool>,
        named: bool,
    ) -> Result<()> {
        let texts = self.texts(live)?;
        let values = || texts.iter().map(|(t, rows)| (t.as_str(), *rows));
        let found = parse::number_format(values());
        let is_code = || texts.iter().any(|(text, _)| parse::is_code(text)) || parse::are_letter_codes(values());
        if !named && (!found.as_ref().is_some_and(|(_, share)| *share >= ENOUGH) || is_code()) {
            return Ok(());
        }
        let comma = comma.or(match found {
            Some((Decimal::Comma, _)) => Some(true),
            Some((Decimal::Point, _)) => Some(false),
            _ => None,
        });
        let sign = if comma == Some(true) { "decimal comma" } else { "decimal point" };
        let decimal = match comma {
            Some(true) => Decimal::Comma,
            Some(false) => Decimal::Point,
            None => Decimal::Detect,
        };
        if is_lost(&texts, |text| parse::number(text, decimal).is_some()) {
            return Err(unreadable(step, live, "Leave the step out, or change the texts with map_values before."));
        }
        if let Some(comma) = comma {
            for percent in [false, true] {
                // Where all are shares in percent, a later number without the sign is of no known unit.
                let wanted = plain.unwrap_or(self.plain || percent);
                let plain = |text: &str| plain_number(text, comma, percent).is_some();
                if wanted && !texts.is_empty() && texts.iter().all(|(t, _)| plain(t)) {
                    let detail = format!("{sign}{}", if percent { ", percent" } else { "" });
                    return self.read(step, live, ReadOp::PlainNumber { comma, percent }, detail);
                }
            }
        }
        let detail = if comma.is_some() { sign } else { "decimal sign by value" };
        self.read(step, live, ReadOp::Number { comma }, detail.into())
    }

    /// The column without white space at its ends.
    fn trimmed(&mut self, live: &Live) -> Result<Live> {
        let inputs = self.program.inputs.len();
        let made_by = |register: u32| (register as usize).checked_sub(inputs).and_then(|k| self.program.ops.get(k));
        let mut register = live.register;
        // Values that become NULL leave the others as they are.
        while let Some(Op::Text { from, op: TextOp::NullIf(_) }) = made_by(register) {
            register = *from;
        }
        if let Some(Op::Text { op: TextOp::FoldSpace | TextOp::Normalize(_), .. }) = made_by(register) {
            return Ok(live.clone());
        }
        let register = self.push(Op::Text { from: live.register, op: TextOp::FoldSpace }, &live.name)?;
        Ok(Live { register, ..live.clone() })
    }

    pub(super) fn parse_boolean(
        &mut self,
        step: &Step,
        live: &Live,
        yes: &[String],
        no: &[String],
        named: bool,
    ) -> Result<()> {
        let trimmed = self.trimmed(live)?;
        let texts = self.texts(&trimmed)?;
        let given = !yes.is_empty() || !no.is_empty();
        let folded = |words: &[String]| words.iter().map(|word| fold_space(word).into_owned()).collect::<Vec<String>>();
        let (mut yes, mut no) = (folded(yes), folded(no));
        if !given {
            yes.extend(parse::TRUE.map(str::to_owned));
            no.extend(parse::FALSE.map(str::to_owned));
            for (text, _) in texts.iter().filter(|(_, rows)| *rows >= self.least) {
                let list = match parse::boolean(text) {
                    Some(true) => &mut yes,
                    Some(false) => &mut no,
                    None => continue,
                };
                let lower = text.to_ascii_lowercase();
                if !list.contains(&lower) {
                    list.push(lower);
                }
            }
        }
        let read = |text: &str| yes.contains(&text.to_ascii_lowercase()) || no.contains(&text.to_ascii_lowercase());
        let rows: u64 = texts.iter().map(|(_, rows)| rows).sum();
        let readable: u64 = texts.iter().filter(|(t, _)| read(t)).map(|(_, rows)| rows).sum();
        let words = texts.iter().map(|(text, _)| text.as_str());
        let sure = given || parse::are_booleans(words, names::is_truth(&live.name));
        if !named && (rows == 0 || (readable as f64) < ENOUGH * rows as f64 || !sure) {
            self.let_go(trimmed.register);
            return Ok(());
        }
        if is_lost(&texts, read) {
            return Err(unreadable(step, live, "Give its words, such as \"true\": \"open\", \"false\": \"closed\"."));
        }
        let shown: Vec<&str> = texts.iter().map(|(t, _)| t.as_str()).filter(|t| read(t)).take(6).collect();
        let detail = format!("read {}", shown.join(", "));
        let op = Op::Read { from: trimmed.register, op: ReadOp::Boolean { yes, no } };
        self.replace(step.name, live, op, detail)?;
        self.let_go(trimmed.register);
        Ok(())
    }

    pub(super) fn parse_timestamp(
        &mut self,
        step: &Step,
        live: &Live,
        format: Option<&str>,
        date: Option<bool>,
        named: bool,
    ) -> Result<()> {
        if live.kind == Kind::Number {
            return if named { self.parse_digits(step, live, format, date) } else { Ok(()) };
        }
        let texts = self.texts(live)?;
        let compiled = format.map(parse::TimestampFormat::compile).transpose()?;
        let found = match format {
            Some(_) => None,
            None => parse::timestamp_format(texts.iter().map(|(t, rows)| (t.as_str(), *rows))),
        };
        if !named && format.is_none() && !found.as_ref().is_some_and(|(_, share)| *share >= ENOUGH) {
            return Ok(());
        }
        let (mut format, mut compiled) = (format.map(str::to_owned), compiled);
        if let Some((found, _)) = found {
            let fitting = parse::TimestampFormat::compile(&found)?;
            // What the format cannot read is not lost where each value says by itself what it is.
            if parse::forms(texts.iter().map(|(text, _)| text.as_str()), &fitting) != parse::Forms::Each {
                (format, compiled) = (Some(found), Some(fitting));
            }
        }
        let read = |text: &str| parse::timestamp(text, compiled.as_ref());
        if named && is_lost(&texts, |text| read(text).is_some()) {
            return Err(unreadable(step, live, "Give the format, such as \"DD.MM.YYYY HH24:MI\"."));
        }
        let mut moments = texts.iter().filter_map(|(text, _)| read(text));
        let date = date.unwrap_or_else(|| moments.all(|m| m % parse::DAY == 0));
        let detail = format.clone().unwrap_or_else(|| "format by value".into());
        self.read(step, live, if date { ReadOp::Date(format) } else { ReadOp::Timestamp(format) }, detail)
    }

    /// Dates and timestamps that are written as whole numbers.
    fn parse_digits(&mut self, step: &Step, live: &Live, format: Option<&str>, date: Option<bool>) -> Result<()> {
        let Some((_, digits)) = DigitsOf::ALL.iter().find(|(known, _)| format == Some(*known)) else {
            let formats: Vec<&str> = DigitsOf::ALL.iter().map(|(format, _)| *format).collect();
            return Err(Error::option(
                format!(
                    "step \"{}\" reads the numbers of column \"{}\" by certain formats alone",
                    step.name, live.name
                ),
                format!("Give one of {}, or cast the column to text in the source.", formats.join(", ")),
            ));
        };
        let to = match date.unwrap_or(matches!(digits, DigitsOf::Day | DigitsOf::Month)) {
            true => Kind::Date,
            false => Kind::Timestamp,
        };
        let op = Op::Number { from: live.register, op: NumberOp::Digits(*digits, to) };
        let register = self.push(op, &live.name)?;
        let (changed, lost) = self.changed(live.register, register);
        if changed > 0 && lost == changed {
            return Err(unreadable(step, live, "Give the format of its digits."));
        }
        let detail = digits.format().to_owned();
        let detail = if lost == 0 { detail } else { format!("{detail}; {lost} could not be read and are NULL") };
        self.note(step.name, &live.name, detail, changed);
        self.put(&live.name, register);
        Ok(())
    }
}

//! Steps that read what stands in texts.

use super::{Cleaner, Live};
use crate::clean::parse::{self, Decimal};
use crate::clean::program::{plain_number, text_of, ReadOp};
use crate::clean::step::Step;
use crate::error::{Error, Result};

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
        plain: bool,
        named: bool,
    ) -> Result<()> {
        let texts = self.texts(live)?;
        let values = || texts.iter().map(|(t, rows)| (t.as_str(), *rows));
        let found = parse::number_format(values());
        let is_code = || texts.iter().any(|(text, _)| parse::is_code(text));
        if !named && (!found.as_ref().is_some_and(|(_, share)| *share >= ENOUGH) || is_code()) {
            return Ok(());
        }
        let comma = comma.or(match found {
            Some((Decimal::Comma, _)) => Some(true),
            Some((Decimal::Point, _)) => Some(false),
            _ => None,
        });
        let sign = if comma == Some(true) { "decimal comma" } else { "decimal point" };
        if let Some(comma) = comma.filter(|_| plain) {
            for percent in [false, true] {
                let plain = |text: &str| plain_number(text, comma, percent).is_some();
                if texts.iter().all(|(t, _)| plain(t)) {
                    let detail = format!("{sign}{}", if percent { ", percent" } else { "" });
                    return self.read(step, live, ReadOp::PlainNumber { comma, percent }, detail);
                }
            }
        }
        let detail = if comma.is_some() { sign } else { "decimal sign by value" };
        self.read(step, live, ReadOp::Number { comma }, detail.into())
    }

    pub(super) fn parse_boolean(
        &mut self,
        step: &Step,
        live: &Live,
        yes: &[String],
        no: &[String],
        named: bool,
    ) -> Result<()> {
        let texts = self.texts(live)?;
        let given = !yes.is_empty() || !no.is_empty();
        let (mut yes, mut no) = (yes.to_vec(), no.to_vec());
        if !given {
            yes.extend(parse::TRUE.map(str::to_owned));
            no.extend(parse::FALSE.map(str::to_owned));
            for (text, _) in &texts {
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
        let sure = given || parse::are_booleans(texts.iter().map(|(text, _)| text.as_str()));
        if !named && (rows == 0 || (readable as f64) < ENOUGH * rows as f64 || !sure) {
            return Ok(());
        }
        let shown: Vec<&str> = texts.iter().map(|(t, _)| t.as_str()).filter(|t| read(t)).take(6).collect();
        self.read(step, live, ReadOp::Boolean { yes, no }, format!("read {}", shown.join(", ")))
    }

    pub(super) fn parse_timestamp(
        &mut self,
        step: &Step,
        live: &Live,
        format: Option<&str>,
        date: Option<bool>,
        named: bool,
    ) -> Result<()> {
        let texts = self.texts(live)?;
        let compiled = format.map(parse::TimestampFormat::compile).transpose()?;
        let found = match format {
            Some(_) => None,
            None => parse::timestamp_format(texts.iter().map(|(t, rows)| (t.as_str(), *rows))),
        };
        if !named && format.is_none() && !found.as_ref().is_some_and(|(_, share)| *share >= ENOUGH) {
            return Ok(());
        }
        let format = format.map(str::to_owned).or(found.map(|(format, _)| format));
        let compiled = match (&format, compiled) {
            (_, Some(compiled)) => Some(compiled),
            (Some(format), None) => Some(parse::TimestampFormat::compile(format)?),
            (None, None) => None,
        };
        let mut moments = texts.iter().filter_map(|(t, _)| parse::timestamp(t, compiled.as_ref())).peekable();
        if moments.peek().is_none() && named && !texts.is_empty() {
            return Err(Error::option(
                format!("step \"parse_timestamp\" can read no value of column \"{}\"", live.name),
                "Give the format, such as \"DD.MM.YYYY HH24:MI\".",
            ));
        }
        let date = date.unwrap_or_else(|| moments.all(|m| m % parse::DAY == 0));
        let detail = format.clone().unwrap_or_else(|| "format by value".into());
        self.read(step, live, if date { ReadOp::Date(format) } else { ReadOp::Timestamp(format) }, detail)
    }
}

//! Texts read row by row, once there are too many different ones to keep: so that the numbers and moments in them are known exactly.

use super::super::moments::Moments;
use super::super::numbers::summary;
use super::super::values::{Sizes, Values};
use super::super::Summary;
use super::look;
use crate::clean::parse::{self, Decimal, TimestampFormat};
use crate::clean::sketch::Quantiles;
use crate::clean::text::is_placeholder;
use crate::error::Result;

/// Microseconds of a second.
const SECOND: f64 = 1e6;
/// Rows after which it is clear whether the texts are still of the type.
const TRIED: u64 = 10_000;

/// How texts are read.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    /// As numbers.
    Number(Decimal),
    /// As moments of a format, in seconds since 2000-01-01.
    Moment(TimestampFormat),
}

impl Read {
    /// What a text is.
    #[inline]
    pub fn read(&self, text: &str) -> Option<f64> {
        match self {
            Read::Number(decimal) => parse::number(text, *decimal),
            Read::Moment(format) => parse::timestamp(text, Some(format)).map(|t| t as f64 / SECOND),
        }
    }
}

/// The texts read so far.
#[derive(Debug)]
pub struct Parsed {
    read: Read,
    moments: Moments,
    quantiles: Quantiles,
    low: Option<(f64, String)>,
    high: Option<(f64, String)>,
    unread: u64,
    /// The first code among numbers, with the rows of all; or the first moment of another form.
    code: Option<(String, u64)>,
    other: Option<(String, u64)>,
    /// The first text that is neither read nor for nothing, with the rows of all.
    odd: Option<(String, u64)>,
    /// The format with day and month the other way round, and the rows that only it reads.
    swapped: Option<TimestampFormat>,
    contrary: u64,
}

impl Parsed {
    /// Begin with all values so far, where they are of a type.
    pub fn begin(values: &Values, sizes: &Sizes) -> Result<Option<Parsed>> {
        let known = values.known();
        let looked = look(&known);
        let pairs = || looked.real.iter().filter(|v| !v.cut).map(|v| (&*v.text, v.rows));
        let moment = || {
            let (format, _) = parse::timestamp_format(pairs())?;
            TimestampFormat::compile(&format).ok().map(Read::Moment)
        };
        let number = parse::number_format(pairs()).map(|(decimal, _)| Read::Number(decimal));
        let Some(read) = number.or_else(moment) else { return Ok(None) };
        let swapped = match &read {
            Read::Moment(format) => format.day_and_month_swapped(),
            Read::Number(_) => None,
        };
        let mut parsed = Parsed {
            read,
            moments: Moments::default(),
            quantiles: Quantiles::new(sizes.k),
            low: None,
            high: None,
            unread: 0,
            code: None,
            other: None,
            odd: None,
            swapped,
            contrary: 0,
        };
        for value in known {
            let Ok(text) = std::str::from_utf8(value.value) else { continue };
            parsed.take(text, value.rows)?;
        }
        Ok(Some(parsed))
    }

    /// Take a text of so many rows.
    #[inline]
    pub fn take(&mut self, text: &str, rows: u64) -> Result<()> {
        let Some(value) = self.read.read(text) else {
            self.unread += rows;
            self.take_unread(text, rows);
            return Ok(());
        };
        if matches!(self.read, Read::Number(_)) && (parse::is_code(text) || parse::is_lettered_code(text)) {
            count(&mut self.code, text, rows);
        }
        self.moments.add_rows(value, rows);
        match rows {
            1 => self.quantiles.insert(value)?,
            _ => self.quantiles.insert_rows(value, rows)?,
        }
        if self.low.as_ref().is_none_or(|(low, _)| value < *low) {
            self.low = Some((value, text.to_owned()));
        }
        if self.high.as_ref().is_none_or(|(high, _)| value > *high) {
            self.high = Some((value, text.to_owned()));
        }
        Ok(())
    }

    #[cold]
    fn take_unread(&mut self, text: &str, rows: u64) {
        if is_placeholder(text) {
            return;
        }
        let is_moment = matches!(self.read, Read::Moment(_));
        if self.swapped.as_ref().is_some_and(|format| parse::timestamp(text, Some(format)).is_some()) {
            self.contrary += rows;
        } else if is_moment && parse::timestamp(text, None).is_some() {
            count(&mut self.other, text, rows);
        } else {
            count(&mut self.odd, text, rows);
        }
    }

    /// A code among the numbers, and the rows of all.
    pub fn code(&self) -> Option<(&str, u64)> {
        self.code.as_ref().map(|(text, rows)| (text.as_str(), *rows))
    }

    /// A text that is neither read nor for nothing, and the rows of all.
    pub fn odd(&self) -> Option<(&str, u64)> {
        self.odd.as_ref().map(|(text, rows)| (text.as_str(), *rows))
    }

    /// A moment of another form, and the rows of all.
    pub fn other(&self) -> Option<(&str, u64)> {
        self.other.as_ref().map(|(text, rows)| (text.as_str(), *rows))
    }

    /// The rows of dates of which day and month stand the other way round.
    pub fn contrary(&self) -> u64 {
        self.contrary
    }

    /// Whether going on is of no use: too many texts are of another type.
    pub fn is_hopeless(&self) -> bool {
        self.unread > TRIED && self.unread > self.quantiles.count()
    }

    /// How the texts were read.
    pub fn how(&self) -> &Read {
        &self.read
    }

    /// The sorted numbers with the rows they stand for.
    pub fn items(&self) -> Result<Vec<(f64, u64)>> {
        self.quantiles.items()
    }

    /// What the numbers say.
    pub fn summary(&self, items: &[(f64, u64)]) -> Summary {
        summary(items, &self.moments)
    }

    /// The texts of the smallest and the largest.
    pub fn range(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let bytes = |end: &Option<(f64, String)>| end.as_ref().map(|(_, text)| text.clone().into_bytes());
        bytes(&self.low).zip(bytes(&self.high))
    }
}

/// Count rows of texts of which the least is kept, so that their order does not matter.
fn count(found: &mut Option<(String, u64)>, text: &str, rows: u64) {
    match found {
        Some((known, all)) => {
            *all += rows;
            if text < known.as_str() {
                text.clone_into(known);
            }
        }
        None => *found = Some((text.to_owned(), rows)),
    }
}

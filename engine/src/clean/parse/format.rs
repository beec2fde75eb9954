//! Formats of timestamps in the letters of PostgreSQL's `to_timestamp`.

use crate::error::{Error, Result};

/// A piece of a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Token {
    /// White space, at least one.
    #[default]
    Blank,
    Year,
    /// 00 to 69 are 2000 to 2069, 70 to 99 are 1970 to 1999.
    YearOfCentury,
    Month,
    /// `Jan`.
    MonthShort,
    /// `January`.
    MonthFull,
    Day,
    DayOfYear,
    Hour24,
    Hour12,
    Minute,
    Second,
    /// Milliseconds or microseconds as the digits of a fraction; `pointed` means with the point before it, and then both may be missing.
    Fraction {
        micros: bool,
        pointed: bool,
    },
    /// AM or PM.
    HalfDay,
    /// `Z`, `UTC`, `GMT`, an offset from them such as `+02:00`, or `GMT+0200`.
    Zone,
    ZoneHour,
    ZoneMinute,
    WeekdayShort,
    WeekdayFull,
    /// `st`, `nd`, `rd`, `th`.
    Ordinal,
    /// Seconds since 1970-01-01 UTC, with a fraction or without.
    Epoch,
    /// Milliseconds since 1970-01-01 UTC.
    EpochMillis,
    /// This very character.
    Literal(char),
}

impl Token {
    /// Whether digits stand for it, so that beside another such piece its width must be full.
    pub(super) fn is_number(self) -> bool {
        use Token::*;
        matches!(
            self,
            Year | YearOfCentury
                | Month
                | Day
                | DayOfYear
                | Hour24
                | Hour12
                | Minute
                | Second
                | Fraction { pointed: false, .. }
        )
    }
}

/// The patterns by their letters; where one begins another, the longer comes first.
const LETTERS: [(&str, Token); 27] = [
    ("YYYY", Token::Year),
    ("YY", Token::YearOfCentury),
    ("MONTH", Token::MonthFull),
    ("MON", Token::MonthShort),
    ("MM", Token::Month),
    ("MI", Token::Minute),
    ("MS", Token::Fraction { micros: false, pointed: false }),
    ("DDD", Token::DayOfYear),
    ("DD", Token::Day),
    ("DAY", Token::WeekdayFull),
    ("DY", Token::WeekdayShort),
    ("HH24", Token::Hour24),
    ("HH12", Token::Hour12),
    ("HH", Token::Hour12),
    ("SS", Token::Second),
    ("FF3", Token::Fraction { micros: false, pointed: false }),
    ("FF6", Token::Fraction { micros: true, pointed: false }),
    ("US", Token::Fraction { micros: true, pointed: false }),
    ("A.M.", Token::HalfDay),
    ("P.M.", Token::HalfDay),
    ("AM", Token::HalfDay),
    ("PM", Token::HalfDay),
    ("TZH", Token::ZoneHour),
    ("TZM", Token::ZoneMinute),
    ("TZ", Token::Zone),
    ("OF", Token::Zone),
    ("TH", Token::Ordinal),
];

/// What a format may consist of, for messages.
pub const PATTERNS: &str = "YYYY, YY, MM, Mon, Month, DD, DDD, Dy, Day, TH, HH24, HH12, HH, MI, SS, MS, US, FF3, FF6, AM, PM, TZ, TZH, TZM, OF, \
    \"quoted text\", or EPOCH or EPOCH_MS alone";

/// The longest format in characters.
const LONGEST: usize = 200;

/// A format that was compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampFormat {
    pub(super) tokens: Vec<Token>,
}

impl TimestampFormat {
    /// Compile a format; an error names what is not known or missing in it.
    pub fn compile(format: &str) -> Result<TimestampFormat> {
        let invalid = |why: &str| {
            Error::option(
                format!("invalid timestamp format \"{format}\": {why}"),
                format!("The patterns are {PATTERNS}."),
            )
        };
        if format.len() > LONGEST {
            return Err(Error::option(
                "the timestamp format is too long",
                format!("A format has at most {LONGEST} bytes."),
            ));
        }
        match format.trim().to_ascii_uppercase().as_str() {
            "EPOCH" => return Ok(TimestampFormat { tokens: vec![Token::Epoch] }),
            "EPOCH_MS" => return Ok(TimestampFormat { tokens: vec![Token::EpochMillis] }),
            _ => {}
        }
        let mut tokens = Vec::new();
        let mut rest = format.trim();
        while let Some(c) = rest.chars().next() {
            let len = match c {
                '"' => {
                    let text = rest.get(1..).unwrap_or_default();
                    let end = text.find('"').ok_or_else(|| invalid("a quotation mark is not closed"))?;
                    tokens.extend(text.chars().take(text.get(..end).unwrap_or_default().chars().count()).map(literal));
                    end + 2
                }
                _ if c.is_ascii_alphabetic() => letters(rest, &mut tokens).ok_or_else(|| {
                    let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                    invalid(&format!("\"{}\" is not a pattern", rest.get(..end).unwrap_or_default()))
                })?,
                _ => {
                    tokens.push(literal(c));
                    c.len_utf8()
                }
            };
            rest = rest.get(len..).unwrap_or_default();
        }
        tokens.dedup_by(|a, b| *a == Token::Blank && *b == Token::Blank);
        join_fractions(&mut tokens);
        let year = tokens.iter().filter(|t| matches!(t, Token::Year | Token::YearOfCentury)).count();
        if year != 1 {
            return Err(invalid(if year == 0 { "it has no year" } else { "it has several years" }));
        }
        Ok(TimestampFormat { tokens })
    }
}

impl TimestampFormat {
    /// The same with day and month the other way round, where both are numbers side by side.
    pub fn day_and_month_swapped(&self) -> Option<TimestampFormat> {
        let ((Token::Day, Token::Month) | (Token::Month, Token::Day)) = (*self.tokens.first()?, *self.tokens.get(2)?)
        else {
            return None;
        };
        let mut tokens = self.tokens.clone();
        tokens.swap(0, 2);
        Some(TimestampFormat { tokens })
    }
}

fn literal(c: char) -> Token {
    if crate::clean::text::is_space(c) {
        Token::Blank
    } else {
        // Texts are read with the signs of ASCII.
        Token::Literal(super::digits::plain(c))
    }
}

/// Read one pattern; its length.
fn letters(rest: &str, tokens: &mut Vec<Token>) -> Option<usize> {
    let starts = |letters: &str| {
        rest.as_bytes().get(..letters.len()).is_some_and(|b| b.eq_ignore_ascii_case(letters.as_bytes()))
    };
    // FM changes how PostgreSQL writes; when reading, no number needs its zeros here.
    if starts("FM") {
        return Some(2);
    }
    // THH24 is the T of ISO 8601 before an hour, not the ordinal of a day.
    let found = LETTERS.iter().find(|(letters, _)| starts(letters));
    if let Some((letters, token)) = found.filter(|_| !starts("THH")) {
        tokens.push(*token);
        return Some(letters.len());
    }
    // The T of ISO 8601, and Z as it stands there.
    match rest.as_bytes().first()? {
        b'T' | b't' => tokens.push(Token::Literal('T')),
        b'Z' => tokens.push(Token::Literal('Z')),
        _ => return None,
    }
    Some(1)
}

/// A fraction behind a point or comma takes it along.
fn join_fractions(tokens: &mut Vec<Token>) {
    let mut i = 1;
    while i < tokens.len() {
        if let (Token::Literal('.' | ','), Token::Fraction { micros, .. }) = (tokens[i - 1], tokens[i]) {
            tokens[i - 1] = Token::Fraction { micros, pointed: true };
            tokens.remove(i);
        }
        i += 1;
    }
}

/// Write a format in PostgreSQL's letters.
pub(super) fn write(tokens: &[Token]) -> String {
    let mut out = String::new();
    let mut quoted = false;
    for &token in tokens {
        let letter = matches!(token, Token::Literal(c) if c.is_alphanumeric());
        if letter != quoted {
            out.push('"');
            quoted = letter;
        }
        match token {
            Token::Literal(c) => out.push(c),
            _ => out.push_str(name(token)),
        }
    }
    if quoted {
        out.push('"');
    }
    out
}

fn name(token: Token) -> &'static str {
    match token {
        Token::Blank | Token::Literal(_) => " ",
        Token::Year => "YYYY",
        Token::YearOfCentury => "YY",
        Token::Month => "MM",
        Token::MonthShort => "Mon",
        Token::MonthFull => "Month",
        Token::Day => "DD",
        Token::DayOfYear => "DDD",
        Token::Hour24 => "HH24",
        Token::Hour12 => "HH12",
        Token::Minute => "MI",
        Token::Second => "SS",
        Token::Fraction { micros: true, pointed: true } => ".US",
        Token::Fraction { micros: false, pointed: true } => ".MS",
        Token::Fraction { micros: true, pointed: false } => "US",
        Token::Fraction { micros: false, pointed: false } => "MS",
        Token::HalfDay => "AM",
        Token::Zone => "TZ",
        Token::ZoneHour => "TZH",
        Token::ZoneMinute => "TZM",
        Token::WeekdayShort => "Dy",
        Token::WeekdayFull => "Day",
        Token::Ordinal => "th",
        Token::Epoch => "EPOCH",
        Token::EpochMillis => "EPOCH_MS",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_written_as_they_are_read() {
        for format in [
            "YYYY-MM-DD",
            "YYYY-MM-DD\"T\"HH24:MI:SS.USTZ",
            "Dy, DD Mon YYYY HH24:MI:SS TZ",
            "Month DDth, YYYY HH12:MI AM",
            "YYYYMMDDHH24MISS",
            "YYYY\"年\"MM\"月\"DD\"日\"",
            "EPOCH",
            "EPOCH_MS",
        ] {
            assert_eq!(write(&TimestampFormat::compile(format).unwrap().tokens), format);
        }
        assert_eq!(
            write(&TimestampFormat::compile("fmdd.fmmm.yyyyThh24:mi:ss,ms").unwrap().tokens),
            "DD.MM.YYYY\"T\"HH24:MI:SS.MS"
        );
    }

    #[test]
    fn what_is_not_known_is_named() {
        for (format, message) in [
            ("YYYY-QQ", "invalid timestamp format \"YYYY-QQ\": \"QQ\" is not a pattern"),
            ("HH24:MI", "invalid timestamp format \"HH24:MI\": it has no year"),
            ("", "invalid timestamp format \"\": it has no year"),
            ("YYYY YYYY", "invalid timestamp format \"YYYY YYYY\": it has several years"),
            ("YYYY\"x", "invalid timestamp format \"YYYY\"x\": a quotation mark is not closed"),
        ] {
            assert_eq!(TimestampFormat::compile(format).unwrap_err().to_string(), message);
        }
    }
}

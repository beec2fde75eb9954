//! Moments as people write them.

use super::digits::ascii;
use super::format::{TimestampFormat, Token};
use super::infer::candidates;
use super::months::month;
use crate::clean::text::trim_space;
use crate::model::days;

/// Seconds from 1970-01-01 to 2000-01-01.
const UNIX: i64 = 946_684_800;
/// Microseconds of a second.
const SECOND: i64 = 1_000_000;
/// Microseconds of a day.
pub const DAY: i64 = 86_400 * SECOND;
/// No moment has a longer text.
pub(super) const LONGEST: usize = 128;

/// The days of the week in full; their short names are the first three letters.
pub(super) const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The days of the week of Japan and China, and of Korea, from Monday.
const WEEKDAY_SIGNS: [[char; 7]; 2] =
    [['月', '火', '水', '木', '金', '土', '日'], ['월', '화', '수', '목', '금', '토', '일']];
/// What follows them where they are written in full.
const WEEKDAY_ENDINGS: [&str; 2] = ["曜日", "요일"];

/// The day of the week, from Monday, 0, with the bytes that its sign and, unless it is `short`, its ending have.
pub(super) fn weekday_sign(text: &str, short: bool) -> Option<(usize, usize)> {
    let sign = text.chars().next()?;
    WEEKDAY_SIGNS.iter().zip(WEEKDAY_ENDINGS).find_map(|(signs, ending)| {
        let place = signs.iter().position(|known| *known == sign)?;
        let rest = text.get(sign.len_utf8()..)?;
        let ending = if short { "" } else { ending };
        rest.starts_with(ending).then_some((place, sign.len_utf8() + ending.len()))
    })
}

/// The moment of a text in microseconds since 2000-01-01, in UTC where the text has an offset.
///
/// Without a format the text must say by itself what it is: where several readings are possible and differ (`03/04/2024`), and for days,
/// hours or offsets that do not exist, the answer is `None`.
pub fn timestamp(text: &str, format: Option<&TimestampFormat>) -> Option<i64> {
    let text = trim_space(text);
    if text.len() > LONGEST {
        return None;
    }
    let text = ascii(text);
    match format {
        Some(format) => read(&text, &format.tokens),
        None => detected(&text).ok().flatten(),
    }
}

/// Whether a text can be read as several moments, so that [`timestamp`] needs a format.
pub fn is_ambiguous(text: &str) -> bool {
    let text = trim_space(text);
    text.len() <= LONGEST && detected(&ascii(text)) == Err(Ambiguous)
}

/// A text has several readings.
#[derive(Debug, PartialEq, Eq)]
struct Ambiguous;

/// The one reading of a text, if there is any.
fn detected(text: &str) -> Result<Option<i64>, Ambiguous> {
    if let Some(fields) = iso(text.as_bytes()) {
        return Ok(moment(&fields));
    }
    let (mut found, mut ambiguous) = (None, false);
    candidates(text, |tokens| {
        if let Some(moment) = read(text, tokens) {
            ambiguous |= found.is_some_and(|other| other != moment);
            found = Some(moment);
        }
        ambiguous
    });
    if ambiguous {
        Err(Ambiguous)
    } else {
        Ok(found)
    }
}

/// The forms that most columns have, `2024-01-03` and `2024-01-03 10:20:30`, without the detour over a format.
fn iso(text: &[u8]) -> Option<Fields> {
    let separators: &[(usize, u8)] = match text.len() {
        10 => &[(4, b'-'), (7, b'-')],
        19 => &[(4, b'-'), (7, b'-'), (13, b':'), (16, b':')],
        _ => return None,
    };
    let separated = separators.iter().all(|&(at, separator)| text[at] == separator);
    if !separated || text.len() > 10 && !matches!(text[10], b' ' | b'T') {
        return None;
    }
    let number = |at: usize, len: usize| {
        text.get(at..at + len)?
            .iter()
            .try_fold(0, |value, b| b.is_ascii_digit().then(|| value * 10 + i64::from(b - b'0')))
    };
    let mut fields =
        Fields { year: number(0, 4)?, month: Some(number(5, 2)?), day: Some(number(8, 2)?), ..Fields::default() };
    if text.len() > 10 {
        (fields.hour, fields.minute, fields.second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    }
    Some(fields)
}

/// What was read of a moment.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    /// From Monday, 1, to Sunday, 7.
    weekday: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    twelve: bool,
    pm: bool,
    offset: i64,
    offset_minutes: i64,
    /// The whole moment, where the text is an epoch.
    moment: Option<i64>,
}

/// A text that is read from its start.
struct Cursor<'a> {
    rest: &'a str,
}

impl Cursor<'_> {
    fn digits(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    fn letters(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_alphabetic).count()
    }

    fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }

    /// A number of `least` to `most` digits; further digits are left.
    fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let len = self.digits().min(most);
        if len < least {
            return None;
        }
        let value = self.rest.bytes().take(len).fold(0, |value, b| value * 10 + i64::from(b - b'0'));
        self.skip(len);
        Some(value)
    }

    fn eat(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = self.rest.as_bytes().get(..word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word.as_bytes()));
        if found {
            self.skip(word.len());
        }
        found
    }

    /// The month of a name; behind a short one `point` lets a point be left out.
    fn month(&mut self, short: bool, point: bool) -> Option<i64> {
        let len = self.rest.find(|c: char| !c.is_alphabetic()).unwrap_or(self.rest.len());
        let month = month(self.rest.get(..len)?, short)?;
        self.skip(len);
        if short && point {
            self.eat('.');
        }
        Some(month)
    }

    /// The day of the week of a name, from Monday, 1: of the whole name or its first three letters, or of a sign.
    fn weekday(&mut self, short: bool) -> Option<i64> {
        let word = self.rest.get(..self.letters())?;
        let named = WEEKDAYS.iter().position(|name| is_name(word, name, short)).map(|place| (place, word.len()));
        let (place, len) = named.or_else(|| weekday_sign(self.rest, short))?;
        self.skip(len);
        Some(place as i64 + 1)
    }

    /// Digits of a fraction, as microseconds; what is beyond them rounds.
    fn fraction(&mut self) -> Option<i64> {
        let len = self.digits();
        if len == 0 {
            return None;
        }
        let (mut value, mut scale) = (0, 100_000);
        for b in self.rest.bytes().take(len.min(6)) {
            value += i64::from(b - b'0') * scale;
            scale /= 10;
        }
        let round = len > 6 && self.rest.as_bytes().get(6).is_some_and(|b| *b >= b'5');
        self.skip(len);
        Some(value + i64::from(round))
    }
}

/// Whether a word is a name, in full or by its first three letters.
pub(super) fn is_name(word: &str, name: &str, short: bool) -> bool {
    if short {
        word.len() == 3 && name.as_bytes().get(..3).is_some_and(|b| b.eq_ignore_ascii_case(word.as_bytes()))
    } else {
        word.eq_ignore_ascii_case(name)
    }
}

/// Read a whole text by a format.
pub(super) fn read(text: &str, tokens: &[Token]) -> Option<i64> {
    let mut cursor = Cursor { rest: text };
    let mut fields = Fields::default();
    for (i, &token) in tokens.iter().enumerate() {
        let beside = |j: Option<usize>| j.and_then(|j| tokens.get(j)).is_some_and(|t| t.is_number());
        let full = token.is_number() && (beside(i.checked_sub(1)) || beside(Some(i + 1)));
        let pointed = tokens.get(i + 1) == Some(&Token::Literal('.'));
        take(&mut cursor, &mut fields, token, full, pointed)?;
    }
    if !cursor.rest.is_empty() {
        return None;
    }
    fields.moment.or_else(|| moment(&fields))
}

/// Read one piece; `full` is set where its number must have its full width, `pointed` where a point is the next one.
fn take(cursor: &mut Cursor, fields: &mut Fields, token: Token, full: bool, pointed: bool) -> Option<()> {
    let least = |width| if full { width } else { 1 };
    match token {
        Token::Blank => {
            let rest = cursor.rest.trim_start_matches(crate::clean::text::is_space);
            if rest.len() == cursor.rest.len() {
                return None;
            }
            cursor.rest = rest;
        }
        Token::Literal(c) => {
            let found = cursor.eat(c) || c.is_ascii_alphabetic() && cursor.eat(c.to_ascii_lowercase());
            return found.then_some(());
        }
        Token::Year => fields.year = cursor.number(4, 4)?,
        Token::YearOfCentury => {
            let year = cursor.number(2, 2)?;
            fields.year = if year < 70 { 2000 + year } else { 1900 + year };
        }
        Token::Month => fields.month = Some(cursor.number(least(2), 2)?),
        // Newspapers shorten the long names of one column alone: Sept. 3, June 1.
        Token::MonthShort => {
            fields.month = Some(cursor.month(true, !pointed).or_else(|| cursor.month(false, false))?);
        }
        Token::MonthFull => fields.month = Some(cursor.month(false, false)?),
        Token::Day => fields.day = Some(cursor.number(least(2), 2)?),
        Token::DayOfYear => fields.day_of_year = Some(cursor.number(least(3), 3)?),
        Token::Hour24 => fields.hour = cursor.number(least(2), 2)?,
        Token::Hour12 => {
            fields.hour = cursor.number(least(2), 2)?;
            fields.twelve = true;
        }
        Token::Minute => fields.minute = cursor.number(least(2), 2)?,
        Token::Second => fields.second = cursor.number(least(2), 2)?,
        Token::Fraction { pointed: false, .. } => fields.micros = cursor.fraction()?,
        Token::Fraction { pointed: true, .. } => {
            if cursor.eat('.') || cursor.eat(',') {
                fields.micros = cursor.fraction()?;
            }
        }
        Token::HalfDay => {
            // As in Spain: p. m.
            fields.pm = ["pm", "p.m.", "p. m."].iter().any(|word| cursor.eat_word(word));
            if !fields.pm && !["am", "a.m.", "a. m."].iter().any(|word| cursor.eat_word(word)) {
                return None;
            }
            fields.twelve = true;
        }
        Token::Zone => fields.offset = zone(cursor)?,
        Token::ZoneHour => {
            let sign = sign(cursor)?;
            fields.offset = sign * 3600 * cursor.number(2, 2).filter(|h| *h <= 15)?;
            fields.offset_minutes = sign * 60;
        }
        Token::ZoneMinute => fields.offset += fields.offset_minutes * cursor.number(2, 2).filter(|m| *m < 60)?,
        Token::WeekdayShort => fields.weekday = Some(cursor.weekday(true)?),
        Token::WeekdayFull => fields.weekday = Some(cursor.weekday(false)?),
        Token::Ordinal => {
            let found = ["st", "nd", "rd", "th", "er"].iter().any(|ending| cursor.eat_word(ending));
            return found.then_some(());
        }
        Token::Epoch | Token::EpochMillis => fields.moment = Some(epoch(cursor, token == Token::EpochMillis)?),
    }
    Some(())
}

fn sign(cursor: &mut Cursor) -> Option<i64> {
    if cursor.eat('+') {
        Some(1)
    } else {
        (cursor.eat('-') || cursor.eat('\u{2212}')).then_some(-1)
    }
}

/// An offset from UTC in seconds.
fn zone(cursor: &mut Cursor) -> Option<i64> {
    let named = cursor.eat_word("utc") || cursor.eat_word("gmt") || cursor.eat_word("z");
    let Some(sign) = sign(cursor) else { return named.then_some(0) };
    let hours = cursor.number(1, 2).filter(|h| *h <= 15)?;
    let minutes = if cursor.eat(':') || cursor.digits() == 2 { cursor.number(2, 2)? } else { 0 };
    (minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Seconds, with a fraction or without, or milliseconds since 1970-01-01, between the years 1 and 9999.
fn epoch(cursor: &mut Cursor, millis: bool) -> Option<i64> {
    let sign = sign(cursor).unwrap_or(1);
    let most = if millis { 15 } else { 12 };
    let value = cursor.number(1, most)?;
    let micros = if !millis && cursor.eat('.') { cursor.fraction()? } else { 0 };
    let moment = sign * (value * if millis { 1000 } else { SECOND } + micros) - UNIX * SECOND;
    (days(1, 1, 1) * DAY..days(10_000, 1, 1) * DAY).contains(&moment).then_some(moment)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The days of a month.
fn length(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The moment of what was read; `None` where it does not exist.
fn moment(fields: &Fields) -> Option<i64> {
    let (year, month, day) = (fields.year, fields.month.unwrap_or(1), fields.day.unwrap_or(1));
    let mut hour = fields.hour;
    if fields.twelve {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if fields.pm { 12 } else { 0 };
    }
    let real = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=length(year, month)).contains(&day);
    if !real || hour > 23 || fields.minute > 59 || fields.second > 59 {
        return None;
    }
    let date = match fields.day_of_year {
        None => days(year, month, day),
        Some(_) if fields.month.is_some() || fields.day.is_some() => return None,
        Some(n) if (1..=365 + i64::from(is_leap(year))).contains(&n) => days(year, 1, 1) + n - 1,
        Some(_) => return None,
    };
    // A day that is not of its month's week: one of the two is wrong, and nobody can tell which.
    if fields.weekday.is_some_and(|weekday| weekday != (date + 5).rem_euclid(7) + 1) {
        return None;
    }
    let seconds = hour * 3600 + fields.minute * 60 + fields.second - fields.offset;
    Some(date * DAY + seconds * SECOND + fields.micros)
}

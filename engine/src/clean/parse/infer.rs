//! The formats that a single text may have, told from its shape.

mod clock;

use super::format::Token;
use super::months::month;
use super::shape::Shape;
use super::timestamp::{is_name, weekday_sign, LONGEST, WEEKDAYS};
use crate::clean::text::is_space;

/// The signs of the year, the month and the day in Japan and China, and in Korea.
const DATE_SIGNS: [[char; 3]; 2] = [['年', '月', '日'], ['년', '월', '일']];

/// In which orders a date may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Orders {
    #[default]
    One,
    /// Day and month, or month and day.
    DayMonth,
    /// These, or year, month and day of two digits each.
    All,
}

/// The formats that a trimmed text may have, one after the other until `stop` says so; none where it looks like no moment.
pub(super) fn candidates(text: &str, mut stop: impl FnMut(&[Token]) -> bool) {
    if text.len() > LONGEST {
        return;
    }
    let mut scan = Scan { rest: text, shape: Shape::default(), orders: Orders::One, both: false, time: false };
    if scan.moment().is_none() || !scan.rest.is_empty() {
        return;
    }
    let Scan { mut shape, orders, both, .. } = scan;
    let count = match orders {
        Orders::One => 1,
        Orders::DayMonth => 2,
        Orders::All => 3,
    };
    for order in 0..count {
        match order {
            0 => {} // as it was told: the day, the month, the year
            1 => shape.swap(Token::Day, Token::Month),
            // From month, day, year to year, month, day.
            _ => {
                shape.swap(Token::Day, Token::Month);
                shape.swap(Token::Day, Token::YearOfCentury);
            }
        }
        if stop(shape.tokens()) {
            return;
        }
        // May is a short and a full name.
        if both {
            shape.swap(Token::MonthShort, Token::MonthFull);
            if stop(shape.tokens()) {
                return;
            }
            shape.swap(Token::MonthShort, Token::MonthFull);
        }
    }
}

/// A text whose shape is being told.
struct Scan<'a> {
    rest: &'a str,
    shape: Shape,
    orders: Orders,
    /// The month is a short and a full name.
    both: bool,
    /// The time came before the year.
    time: bool,
}

impl<'a> Scan<'a> {
    fn digits(&self) -> usize {
        self.rest.bytes().take_while(u8::is_ascii_digit).count()
    }

    fn word(&self) -> &'a str {
        let len = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        self.rest.get(..len).unwrap_or_default()
    }

    fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }

    /// Whether the next digits are those of a year from 1900 to 2099: where little else tells a date from another number, only these count.
    fn is_of_our_time(&self) -> bool {
        self.rest.starts_with("19") || self.rest.starts_with("20")
    }

    /// Take `len` bytes as a piece.
    fn take(&mut self, len: usize, token: Token) -> Option<()> {
        self.skip(len);
        self.shape.push(token)
    }

    fn next(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Take a character if it is the next one.
    fn literal(&mut self, c: char) -> Option<bool> {
        let is = self.next() == Some(c);
        if is {
            self.take(c.len_utf8(), Token::Literal(c))?;
        }
        Some(is)
    }

    /// Take white space if there is some.
    fn blank(&mut self) -> Option<bool> {
        let rest = self.rest.trim_start_matches(is_space);
        let is = rest.len() < self.rest.len();
        if is {
            self.rest = rest;
            self.shape.push(Token::Blank)?;
        }
        Some(is)
    }

    /// Take a separator of the parts of a date.
    fn separator(&mut self) -> Option<char> {
        let c = self.next()?;
        match c {
            '-' | '/' | '.' => self.take(1, Token::Literal(c))?,
            _ if self.blank()? => return Some(' '),
            _ => return None,
        }
        Some(c)
    }

    fn moment(&mut self) -> Option<()> {
        self.weekday()?;
        match self.digits() {
            0 => self.month_first()?,
            4 => self.year_first()?,
            1 | 2 => self.day_first()?,
            8 => self.compact(8)?,
            12 | 14 if self.rest.len() == self.digits() => return self.compact(self.digits()),
            10 if self.shape.len() == 0 => return self.epoch(Token::Epoch),
            13 if self.shape.len() == 0 => return self.epoch(Token::EpochMillis),
            _ => return None,
        }
        if self.rest.is_empty() || self.time {
            return Some(());
        }
        match self.next()? {
            'T' | 't' => self.take(1, Token::Literal('T'))?,
            ',' => {
                self.literal(',')?;
                self.blank()?;
            }
            // As the logs of web servers have it.
            ':' => drop(self.literal(':')?),
            // 2024年1月3日10時20分
            _ if matches!(self.shape.tokens().last(), Some(Token::Literal('日' | '일'))) => drop(self.blank()?),
            _ => drop(self.blank()?.then_some(())?),
        }
        self.time(true)
    }

    fn weekday(&mut self) -> Option<()> {
        let word = self.word();
        let short = WEEKDAYS.iter().any(|name| is_name(word, name, true));
        if short || WEEKDAYS.iter().any(|name| is_name(word, name, false)) {
            self.take(word.len(), if short { Token::WeekdayShort } else { Token::WeekdayFull })?;
            let comma = self.literal(',')?;
            (self.blank()? || comma).then_some(())?;
        }
        Some(())
    }

    /// Take the name of a month if it is next, and the point behind a short one unless points part the date.
    fn month_name(&mut self, pointed: bool) -> Option<bool> {
        let end = self.rest.find(|c: char| !c.is_alphabetic()).unwrap_or(self.rest.len());
        let word = self.rest.get(..end)?;
        let (short, full) = (month(word, true).is_some(), month(word, false).is_some());
        if !short && !full {
            return Some(false);
        }
        self.both = short && full;
        self.take(end, if short { Token::MonthShort } else { Token::MonthFull })?;
        if short && !pointed && self.next() == Some('.') {
            self.skip(1);
        }
        Some(true)
    }

    /// Take the `of` of English, and the `de` of Spanish and Portuguese, between the parts of a date, with the white space behind it.
    fn of(&mut self) -> Option<()> {
        let word = self.word();
        // 3rd of January, but not 3 of January, as of a list.
        let ordinal = matches!(self.shape.tokens(), [.., Token::Ordinal, Token::Blank]);
        let is_of = matches!(word, "de" | "del") || ordinal && word == "of";
        if !is_of {
            return Some(());
        }
        word.chars().try_for_each(|c| self.take(1, Token::Literal(c)))?;
        self.blank()?.then_some(())
    }

    fn day(&mut self) -> Option<()> {
        let len = self.digits();
        (1..=2).contains(&len).then_some(())?;
        self.take(len, Token::Day)
    }

    /// `st`, `nd`, `rd`, `th` behind a day.
    fn ordinal(&mut self) -> Option<()> {
        if matches!(self.word().to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th" | "er") {
            self.take(2, Token::Ordinal)?;
        }
        Some(())
    }

    fn year(&mut self, two_digits: bool) -> Option<()> {
        match self.digits() {
            4 => self.take(4, Token::Year),
            2 if two_digits => self.take(2, Token::YearOfCentury),
            _ => None,
        }
    }

    /// Take the day of the week behind a date: `2024年1月3日(水)`.
    fn weekday_in_brackets(&mut self) -> Option<()> {
        if self.literal('(')? {
            let full = weekday_sign(self.rest, false).map(|(_, len)| (len, Token::WeekdayFull));
            let (len, token) = full.or_else(|| Some((weekday_sign(self.rest, true)?.1, Token::WeekdayShort)))?;
            self.take(len, token)?;
            self.literal(')')?.then_some(())?;
        }
        Some(())
    }

    /// `2024-01-03`, `2024/1/3`, `2024-Jan-03`, `2024年1月3日`, `2024년 1월 3일`, `2024. 1. 3.`, `2024-01`.
    fn year_first(&mut self) -> Option<()> {
        let of_our_time = self.is_of_our_time();
        self.take(4, Token::Year)?;
        for [year, month, day] in DATE_SIGNS {
            if self.literal(year)? {
                self.blank()?;
                self.number(Token::Month)?;
                self.literal(month)?.then_some(())?;
                self.blank()?;
                self.number(Token::Day)?;
                self.literal(day)?.then_some(())?;
                return self.weekday_in_brackets();
            }
        }
        let separator = self.separator()?;
        // As in Korea.
        let apart = separator == '.' && self.blank()?;
        if self.month_name(separator == '.')? {
            (self.separator()? == separator).then_some(())?;
            return self.day();
        }
        if separator == ' ' {
            return None;
        }
        self.number(Token::Month)?;
        if self.rest.is_empty() {
            return (separator != '.' && of_our_time).then_some(());
        }
        (self.separator()? == separator).then_some(())?;
        if apart {
            self.blank()?.then_some(())?;
        }
        self.day()?;
        if apart {
            self.literal('.')?;
        }
        Some(())
    }

    fn number(&mut self, token: Token) -> Option<()> {
        let len = self.digits();
        (1..=2).contains(&len).then_some(())?;
        self.take(len, token)
    }

    /// `03/04/2024`, `3.4.2024`, `03-04-24`, `3 Jan 2024`, `3 Jan 24`, `3rd January 2024`, `03-Jan-2024`, `3. März 2024`, `3. 6. 2022`, `3 de enero de 2024`, `04/2024`, `03JAN2024`.
    fn day_first(&mut self) -> Option<()> {
        self.day()?;
        // As SAS writes dates: 03JAN2024
        if matches!(self.shape.tokens(), [.., Token::Day]) && self.word().len() == 3 && self.month_name(true)? {
            return self.year(false);
        }
        self.ordinal()?;
        let separator = self.separator()?;
        let apart = separator == '.' && self.blank()?; // 3. January 2024, 3. 6. 2022
        if separator == ' ' {
            self.of()?;
        }
        if self.month_name(separator == '.' && !apart)? {
            self.literal(',')?;
            let next = self.separator()?;
            (next == separator || next == ' ').then_some(())?;
            if next == ' ' {
                self.of()?;
            }
            return self.year(true);
        }
        if self.digits() == 4 && matches!(separator, '/' | '-') && self.is_of_our_time() {
            self.shape.swap(Token::Day, Token::Month);
            return self.year(false);
        }
        if separator == ' ' {
            return None;
        }
        self.number(Token::Month)?;
        (self.separator()? == separator).then_some(())?;
        if apart {
            self.blank()?;
        }
        let short = self.digits() == 2;
        self.year(!apart)?;
        self.orders = match separator {
            '.' => Orders::One, // the point is of countries where the day comes first
            '-' if short => Orders::All,
            _ => Orders::DayMonth,
        };
        Some(())
    }

    /// `Jan 3, 2024`, `January 3rd 2024`, `Jan-03-2024`, `Jan-03-24`, `Jan 2024`, `Jan 3 10:20:30 2024`.
    fn month_first(&mut self) -> Option<()> {
        self.month_name(false)?.then_some(())?;
        let separator = self.separator()?;
        if separator == ' ' {
            self.of()?;
        }
        if self.digits() == 4 {
            return self.year(false);
        }
        self.day()?;
        self.ordinal()?;
        if self.literal(',')? {
            self.blank()?;
            return self.year(false);
        }
        (self.separator()? == separator).then_some(())?;
        if self.digits() < 4 && separator == ' ' {
            self.time(false)?;
            self.time = true;
            self.blank()?.then_some(())?;
        }
        self.year(separator == '-')
    }

    /// `20240103`, with or without a time of 4 or 6 digits.
    fn compact(&mut self, len: usize) -> Option<()> {
        self.is_of_our_time().then_some(())?;
        for (width, token) in [(4, Token::Year), (2, Token::Month), (2, Token::Day)] {
            self.take(width, token)?;
        }
        if len > 8 {
            self.compact_time()?;
        }
        Some(())
    }

    fn epoch(&mut self, token: Token) -> Option<()> {
        let fraction = match self.rest.split_once('.') {
            Some((whole, fraction)) => {
                let digits = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
                (token == Token::Epoch && digits).then_some(self.rest.len() - whole.len())?
            }
            None => 0,
        };
        self.take(self.digits() + fraction, token)
    }
}

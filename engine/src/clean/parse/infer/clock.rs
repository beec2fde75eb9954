//! The times of day behind dates.

use super::super::format::Token;
use super::Scan;
use crate::clean::text::is_space;

/// The signs of the hour, the minute and the second in Japan, in China and in Korea.
const TIME_SIGNS: [[char; 3]; 3] = [['時', '分', '秒'], ['时', '分', '秒'], ['시', '분', '초']];

impl Scan<'_> {
    /// `1020` or `102030`.
    pub(super) fn compact_time(&mut self) -> Option<()> {
        let len = self.digits();
        matches!(len, 4 | 6).then_some(())?;
        self.take(2, Token::Hour24)?;
        self.take(2, Token::Minute)?;
        if len == 6 {
            self.take(2, Token::Second)?;
        }
        Some(())
    }

    /// `10:20`, `10:20:30.5`, `102030`, `10:20 PM`, `10 PM`, and with `zone` an offset.
    pub(super) fn time(&mut self, zone: bool) -> Option<()> {
        let hour = self.shape.len();
        match self.digits() {
            4 | 6 => self.compact_time()?,
            1 | 2 => {
                self.number(Token::Hour24)?;
                if self.time_with_signs()? {
                    return Some(());
                }
                if self.literal(':')? {
                    self.number(Token::Minute)?;
                    if self.literal(':')? {
                        self.number(Token::Second)?;
                    }
                } else if !self.rest.trim_start_matches(is_space).starts_with(['a', 'A', 'p', 'P']) {
                    return None;
                }
            }
            _ => return None,
        }
        let seconds = self.shape.tokens().last() == Some(&Token::Second);
        if seconds && matches!(self.next(), Some('.' | ',')) {
            self.skip(1);
            let len = self.digits();
            (len > 0).then_some(())?;
            self.take(len, Token::Fraction { micros: len != 3, pointed: true })?;
        }
        if zone {
            self.half_day(hour)?;
            self.zone()?;
        }
        Some(())
    }

    /// Take `時20分30秒` behind the hour.
    fn time_with_signs(&mut self) -> Option<bool> {
        for [hour, minute, second] in TIME_SIGNS {
            if self.literal(hour)? {
                self.blank()?;
                if self.digits() > 0 {
                    self.number(Token::Minute)?;
                    self.literal(minute)?.then_some(())?;
                    self.blank()?;
                }
                if self.digits() > 0 {
                    self.number(Token::Second)?;
                    self.literal(second)?.then_some(())?;
                }
                return Some(true);
            }
        }
        Some(false)
    }

    fn half_day(&mut self, hour: usize) -> Option<()> {
        let rest = self.rest.trim_start_matches(is_space);
        let found = ["am", "pm", "a.m.", "p.m.", "a. m.", "p. m."]
            .iter()
            .find(|word| rest.as_bytes().get(..word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word.as_bytes())));
        if let Some(word) = found {
            self.blank()?;
            self.take(word.len(), Token::HalfDay)?;
            self.shape.set(hour, Token::Hour12)?;
        }
        Some(())
    }

    fn zone(&mut self) -> Option<()> {
        if self.rest.is_empty() {
            return Some(());
        }
        self.blank()?;
        // The reader of the format says whether it is one.
        self.take(self.rest.len(), Token::Zone)
    }
}

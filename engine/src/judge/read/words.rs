//! Conditions as an analyst would say them.

use super::split::{Split, Test};
use crate::clean::program::{spell_moment, Kind};
use crate::model::{DatePart, Encoding, Feature, Input, InputKind, Model};

/// Letters of a level that are shown.
const SHOWN: usize = 40;

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Says conditions on the columns of a model.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// The model.
    pub model: &'a Model,
    /// The levels that are named; of more, how many there are.
    pub levels: usize,
    /// Whether names that are written from right to left are kept apart from what stands around them, for drawings.
    pub isolated: bool,
}

/// What is known of a feature: the values it can still have.
#[derive(Debug, Clone)]
pub(super) struct Known {
    /// The feature.
    pub feature: usize,
    /// Above this.
    low: f64,
    /// At most this.
    high: f64,
    /// By code, whether it can be; empty for a number.
    levels: Vec<bool>,
    /// Whether it can be missing.
    missing: bool,
}

impl Known {
    /// Nothing.
    pub fn nothing(model: &Model, feature: usize) -> Known {
        let encoding = &model.features[feature].encoding;
        let codes = if encoding.is_category() { encoding.levels().len() + 1 } else { 0 };
        Known { feature, low: f64::NEG_INFINITY, high: f64::INFINITY, levels: vec![true; codes], missing: true }
    }

    /// And that a split sent it to a side.
    pub fn add(&mut self, split: &Split<'_>, left: bool) {
        self.missing &= split.missing_left == left;
        match split.test {
            // What is left of the largest number is everything that is there.
            Test::Number(threshold) if left => self.high = self.high.min(threshold),
            Test::Number(threshold) => self.low = self.low.max(threshold),
            test => self.levels.iter_mut().enumerate().for_each(|(code, can)| *can &= test.is_left(code) == left),
        }
    }
}

impl Words<'_> {
    /// What a split asks of its left side.
    pub(super) fn question(&self, split: &Split<'_>, left: bool) -> String {
        let mut known = Known::nothing(self.model, split.feature);
        known.add(split, left);
        self.condition(&known)
    }

    /// A name or level. What would turn round the text beside it in a drawing is replaced.
    pub(super) fn own(&self, text: &str) -> String {
        if !self.isolated {
            return text.to_owned();
        }
        let text = text.replace(['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}'], "\u{fffd}");
        let text = text.replace(['\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}'], "\u{fffd}");
        match text.chars().any(is_right_to_left) {
            true => format!("\u{2068}{text}\u{2069}"),
            false => text,
        }
    }

    /// What is known of a feature.
    pub(super) fn condition(&self, known: &Known) -> String {
        let feature = &self.model.features[known.feature];
        let (values, whole) = match feature.encoding.is_category() {
            true => self.levels(feature, &known.levels),
            false => self.range(known),
        };
        // Where training saw none, where a missing value would go is of no interest.
        let missing = known.missing && feature.stats.missing > 0;
        match (values, missing || whole && known.missing) {
            (None, _) => format!("{} is missing", self.own(&feature.name)),
            (Some(_), _) if whole && !known.missing => format!("{} is not missing", self.own(&feature.name)),
            (Some(_), true) if whole => format!("{} is anything", self.own(&feature.name)),
            (Some(values), true) => format!("{values} or missing"),
            (Some(values), false) => values,
        }
    }

    /// The numbers that can be, `None` for none at all, and whether these are all numbers.
    fn range(&self, known: &Known) -> (Option<String>, bool) {
        let feature = &self.model.features[known.feature];
        let (low, high) = (known.low, known.high);
        if low >= f64::MAX || high < f64::MIN {
            return (None, false);
        }
        let (from, to) = (low >= f64::MIN, high < f64::MAX);
        let Some(input) = input_of(self.model, known.feature) else { return (None, false) };
        let name = &self.own(&feature.name);
        let text = match (&feature.encoding, input.kind) {
            (_, InputKind::Boolean) if (0.0..1.0).contains(&low) => format!("{name} is true"),
            (_, InputKind::Boolean) if (0.0..1.0).contains(&high) => format!("{name} is false"),
            (Encoding::Token { token, idf }, _) => token_words(&self.own(&input.name), token, low / idf, high / idf),
            (Encoding::Part(part), _) => whole(name, low, high, &|n| part_text(*part, n)),
            (Encoding::Words, _) => whole(name, low, high, &|n| format!("{n}")),
            (_, InputKind::Date) => whole(name, low, high, &|n| spell_moment(Kind::Date, n)),
            (_, kind) => {
                let shown = |value: f64| match kind {
                    InputKind::Timestamp | InputKind::Timestamptz => {
                        spell_moment(Kind::Timestamp, (value * 1e6).floor() / 1e6).replace('T', " ")
                    }
                    InputKind::Interval => interval(value),
                    _ => rounded(value),
                };
                match (from, to) {
                    (true, true) => format!("{} < {name} <= {}", shown(low), shown(high)),
                    (true, false) => format!("{name} > {}", shown(low)),
                    _ => format!("{name} <= {}", shown(high)),
                }
            }
        };
        (Some(text), !from && !to)
    }

    /// The levels that can be, `None` for none at all, and whether these are all texts.
    fn levels(&self, feature: &Feature, can: &[bool]) -> (Option<String>, bool) {
        let Some((other, own)) = can.split_last() else { return (None, false) };
        let count = own.iter().filter(|can| **can).count();
        let name = &self.own(&feature.name);
        if !other && count == 0 {
            return (None, false);
        }
        let all = *other && count == own.len();
        let text = match (count, own.len() - count) {
            (0, _) => format!("{name} is any other"),
            // Of few that cannot be it is shorter to say which.
            (count, others) if *other && others > 0 && (others < count || count > self.levels) => {
                self.listed(feature, own, false)
            }
            _ if *other && feature.stats.level_rows.last().is_some_and(|rows| *rows > 0) => {
                format!("{} or any other", self.listed(feature, own, true))
            }
            _ => self.listed(feature, own, true),
        };
        (Some(text), all)
    }

    /// The levels that can be, or those that cannot.
    fn listed(&self, feature: &Feature, can: &[bool], wanted: bool) -> String {
        let mut codes: Vec<usize> = (0..can.len()).filter(|code| can[*code] == wanted).collect();
        let more = codes.len().saturating_sub(self.levels.max(1));
        if more > 0 {
            // The most frequent ones say most.
            let rows = |code: usize| feature.stats.level_rows.get(code).copied().unwrap_or(0);
            codes.sort_by_key(|code| std::cmp::Reverse(rows(*code)));
            codes.truncate(self.levels.max(1));
        }
        let levels = feature.encoding.levels();
        let texts: Vec<String> = codes.iter().map(|code| self.own(&quoted(&levels[*code]))).collect();
        let name = self.own(&feature.name);
        match (&texts[..], more, wanted) {
            ([one], 0, true) => format!("{name} = {one}"),
            ([one], 0, false) => format!("{name} <> {one}"),
            (_, more, wanted) => {
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{name} {}in ({}{more})", if wanted { "" } else { "not " }, texts.join(", "))
            }
        }
    }
}

/// The input of a feature.
pub(super) fn input_of(model: &Model, feature: usize) -> Option<&Input> {
    let after = model.inputs.partition_point(|input| input.first as usize <= feature);
    model.inputs.get(after.checked_sub(1)?)
}

/// Whether a character is of a script that is written from right to left.
fn is_right_to_left(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

/// A level between quotes, cut where it is long, on one line.
fn quoted(level: &str) -> String {
    let mut text: String = level.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if level.chars().count() > SHOWN {
        text += "...";
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Whole numbers above one and up to another.
fn whole(name: &str, low: f64, high: f64, shown: &dyn Fn(f64) -> String) -> String {
    let (first, last) = (low.floor() + 1.0, high.floor());
    match (low >= f64::MIN, high < f64::MAX) {
        (true, true) if first == last => format!("{name} = {}", shown(first)),
        (true, true) => format!("{name} from {} to {}", shown(first), shown(last)),
        (true, false) => format!("{name} >= {}", shown(first)),
        _ => format!("{name} <= {}", shown(last)),
    }
}

fn part_text(part: DatePart, n: f64) -> String {
    const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let day = (part == DatePart::Weekday).then(|| DAYS.get((n as usize).checked_sub(1)?)).flatten();
    match day {
        Some(day) => format!("{n} ({day})"),
        None => format!("{n}"),
    }
}

/// How often a text has a word: more often than one number and at most as often as another.
fn token_words(column: &str, token: &str, low: f64, high: f64) -> String {
    let (first, last) = (low.floor() + 1.0, high.floor());
    match (first >= 1.0, high < f64::MAX) {
        (false, true) if last < 1.0 => format!("{column} is without the word '{token}'"),
        (false, _) => format!("{column} has the word '{token}' at most {last} times"),
        (true, false) if first == 1.0 => format!("{column} has the word '{token}'"),
        (true, false) => format!("{column} has the word '{token}' at least {first} times"),
        (true, true) if first == last => format!("{column} has the word '{token}' {first} times"),
        (true, true) => format!("{column} has the word '{token}' {first} to {last} times"),
    }
}

/// A time span.
fn interval(seconds: f64) -> String {
    if seconds.abs() > 1e12 {
        return format!("{} s", rounded(seconds));
    }
    let size = seconds.abs();
    let (days, rest) = ((size / DAY).floor(), size % DAY);
    let (hours, minutes, left) = ((rest / 3600.0).floor(), (rest % 3600.0 / 60.0).floor(), rest % 60.0);
    let sign = if seconds < 0.0 { "-" } else { "" };
    let days = if days > 0.0 { format!("{days} days ") } else { String::new() };
    format!("{sign}{days}{hours:02}:{minutes:02}:{:02}", left.floor())
}

/// A number with six digits, or all of its whole ones.
pub(super) fn rounded(x: f64) -> String {
    let size = x.abs();
    if !x.is_finite() || size == 0.0 {
        return format!("{}", x + 0.0);
    }
    if !(1e-4..1e15).contains(&size) {
        let text = format!("{x:.5e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{exponent}", trimmed(digits));
    }
    let whole = size.log10().floor() as i32 + 1;
    if whole > 6 {
        // Ids and seconds are told apart by their last digits.
        return format!("{x}");
    }
    let text = format!("{x:.*}", (6 - whole).clamp(0, 12) as usize);
    trimmed(&text).to_owned()
}

fn trimmed(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_but_keep_their_whole_digits() {
        let cases = [
            (4.949_999_999_999_999, "4.95"),
            (0.0, "0"),
            (-0.0, "0"),
            (1_234_567.5, "1234567.5"),
            (0.000_012_345_678, "1.23457e-5"),
            (17.5, "17.5"),
            (-3.0, "-3"),
            (0.1 + 0.2, "0.3"),
        ];
        for (x, text) in cases {
            assert_eq!(rounded(x), text);
        }
        assert_eq!(interval(90_061.0), "1 days 01:01:01");
        assert_eq!(interval(-5.0), "-00:00:05");
    }

    #[test]
    fn words_are_counted() {
        assert_eq!(token_words("ad", "shoes", f64::NEG_INFINITY, 0.5), "ad is without the word 'shoes'");
        assert_eq!(token_words("ad", "shoes", 0.5, f64::INFINITY), "ad has the word 'shoes'");
        assert_eq!(token_words("ad", "shoes", 0.5, 1.5), "ad has the word 'shoes' 1 times");
        assert_eq!(whole("hour", 5.5, 6.5, &|n| n.to_string()), "hour = 6");
        assert_eq!(whole("hour", 5.5, f64::INFINITY, &|n| n.to_string()), "hour >= 6");
    }
}

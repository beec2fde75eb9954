//! Explanations in words.

/// Letters of a value that are shown.
const SHOWN: usize = 40;

/// What contributions are measured in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// Points of the probability, of a class where there are more than two.
    Probability(Option<String>),
    /// What the model predicts, by its name.
    Value(String),
}

impl Unit {
    /// What is explained.
    pub fn subject(&self) -> String {
        match self {
            Unit::Probability(None) => "the probability".to_owned(),
            Unit::Probability(Some(class)) => format!("the probability of {class}"),
            Unit::Value(name) => name.clone(),
        }
    }

    fn amount(&self, response: f64) -> String {
        match self {
            Unit::Probability(_) => format!("{} points", rounded(response.abs() * 100.0, 1)),
            Unit::Value(_) => rounded(response.abs(), 2),
        }
    }

    /// "The mean row has a probability of 3.1 %." as a clause.
    pub fn base(&self, response: f64) -> String {
        format!("{} starts at {}", self.subject(), self.answer(response))
    }

    /// An answer: `3.1 %`, or the value.
    pub fn answer(&self, response: f64) -> String {
        match self {
            Unit::Probability(_) => format!("{} %", rounded(response * 100.0, 1)),
            Unit::Value(_) => rounded(response, 2),
        }
    }

    /// What a column does to the answer: `hour = 23 lowers the probability by 3.1 points`.
    pub fn contribution(&self, column: &str, value: Option<&str>, response: f64) -> String {
        format!("{} {}", named(column, value), self.verb(response, &self.subject()))
    }

    /// The same of a value that says nothing to the model, as a text given to a column of numbers.
    pub fn contribution_of_unread(&self, column: &str, value: &str, response: f64) -> String {
        format!("{column} = {} counts as missing, which {}", shown(value), self.verb(response, &self.subject()))
    }

    /// What several columns do, and all others together.
    pub fn summary(&self, columns: &[(String, Option<String>, f64)], others: f64) -> String {
        let mut clauses = Vec::with_capacity(columns.len() + 1);
        for (at, (column, value, response)) in columns.iter().enumerate() {
            let subject = if at == 0 { self.subject() } else { "it".to_owned() };
            clauses.push(format!("{} {}", named(column, value.as_deref()), self.verb(*response, &subject)));
        }
        if others != 0.0 {
            let subject = if clauses.is_empty() { self.subject() } else { "it".to_owned() };
            let verb = self.verb(others, &subject).replacen("raises", "raise", 1).replacen("lowers", "lower", 1);
            clauses.push(format!("all other columns together {verb}"));
        }
        clauses.join("; ")
    }

    fn verb(&self, response: f64, subject: &str) -> String {
        if response > 0.0 {
            format!("raises {subject} by {}", self.amount(response))
        } else if response < 0.0 {
            format!("lowers {subject} by {}", self.amount(response))
        } else {
            format!("does not change {subject}")
        }
    }
}

fn named(column: &str, value: Option<&str>) -> String {
    match value {
        None => format!("{column} is missing, which"),
        Some(value) => format!("{column} = {}", shown(value)),
    }
}

/// A value, or its beginning where it is long.
pub(in crate::judge) fn shown(value: &str) -> String {
    match value.chars().count() > SHOWN {
        true => format!("{}...", value.chars().take(SHOWN).collect::<String>()),
        false => short(value).to_owned(),
    }
}

/// A number without the zeros that its type writes behind it.
fn short(value: &str) -> &str {
    let is_decimal = value.contains('.') && value.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    if is_decimal {
        value.trim_end_matches('0').trim_end_matches('.')
    } else {
        value
    }
}

/// A number with some decimals, or more where its first two digits need them.
fn rounded(x: f64, decimals: usize) -> String {
    if !x.is_finite() {
        return format!("{x}");
    }
    let size = x.abs();
    if size >= 1e15 || size > 0.0 && size < 1e-12 {
        return format!("{x:.2e}");
    }
    let digits = if size > 0.0 { 1 - size.log10().floor() as i32 } else { 0 };
    format!("{x:.*}", decimals.max(digits.max(0) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_plain() {
        let unit = Unit::Probability(None);
        assert_eq!(unit.contribution("hour", Some("23"), -0.031), "hour = 23 lowers the probability by 3.1 points");
        assert_eq!(unit.contribution("ad", None, 0.0), "ad is missing, which does not change the probability");
        let unread = unit.contribution_of_unread("bid", "abc", 0.031);
        assert_eq!(unread, "bid = abc counts as missing, which raises the probability by 3.1 points");
        assert_eq!(unit.base(0.25), "the probability starts at 25.0 %");
        assert_eq!(unit.contribution("bid", Some("4.500"), 0.5), "bid = 4.5 raises the probability by 50.0 points");
        let class = Unit::Probability(Some("gold".into()));
        let long = "x".repeat(60);
        let expected = format!("t = {}... raises the probability of gold by 0.0012 points", "x".repeat(40));
        assert_eq!(class.contribution("t", Some(&long), 0.000_012_3), expected);
        let value = Unit::Value("revenue".into());
        assert_eq!(value.contribution("bid", Some("2"), 1234.567), "bid = 2 raises revenue by 1234.57");
        let columns = [("a".into(), Some("1".into()), 0.5), ("b".into(), None, -0.25)];
        assert_eq!(
            value.summary(&columns, -1.0),
            "a = 1 raises revenue by 0.50; b is missing, which lowers it by 0.25; all other columns together lower it by 1.00"
        );
        assert_eq!(value.summary(&[], 2.0), "all other columns together raise revenue by 2.00");
    }

    #[test]
    fn numbers_are_short() {
        for (x, decimals, expected) in [
            (3.12, 1, "3.1"),
            (0.0, 1, "0.0"),
            (0.04, 1, "0.040"),
            (0.5, 1, "0.50"),
            (1e20, 2, "1.00e20"),
            (0.0123, 2, "0.012"),
        ] {
            assert_eq!(rounded(x, decimals), expected, "{x}");
        }
    }
}

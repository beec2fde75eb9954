//! Counterfactuals in words.

use crate::judge::shap::{shown, Unit};

/// What some changes do: `bid = 2.5 instead of 1.5 raises the probability from 12.3 % to 51.0 %`. Each is a column with its value before and after.
pub fn sentence(unit: &Unit, changes: &[(&str, Option<String>, Option<String>)], before: f64, after: f64) -> String {
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "no value".to_owned(), shown);
    let clauses: Vec<String> = changes
        .iter()
        .map(|(column, from, to)| format!("{column} = {} instead of {}", value(to), value(from)))
        .collect();
    let subject = match &clauses[..] {
        [] => return format!("{} is {} already", unit.subject(), unit.answer(before)),
        [one] => one.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    };
    let verb = match (after > before, clauses.len()) {
        (true, 1) => "raises",
        (true, _) => "raise",
        (false, 1) => "lowers",
        (false, _) => "lower",
    };
    format!("{subject} {verb} {} from {} to {}", unit.subject(), unit.answer(before), unit.answer(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_plain() {
        let one = [("bid", Some("1.5".to_owned()), Some("2.5".to_owned()))];
        assert_eq!(
            sentence(&Unit::Probability(None), &one, 0.123, 0.51),
            "bid = 2.5 instead of 1.5 raises the probability from 12.3 % to 51.0 %"
        );
        let two = [("device", None, Some("phone".to_owned())), ("hour", Some("3".to_owned()), Some("9".to_owned()))];
        assert_eq!(
            sentence(&Unit::Value("revenue".into()), &two, 20.0, 4.0),
            "device = phone instead of no value and hour = 9 instead of 3 lower revenue from 20.00 to 4.00"
        );
        assert_eq!(sentence(&Unit::Probability(None), &[], 0.7, 0.7), "the probability is 70.0 % already");
    }
}

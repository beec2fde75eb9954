//! What the name of a column gives away.

/// Words for what is known only when the case is closed.
const OUTCOMES: [&str; 51] = [
    "duration",
    "outcome",
    "result",
    "results",
    "closed",
    "resolved",
    "resolution",
    "refund",
    "refunded",
    "refunds",
    "chargeback",
    "paid",
    "converted",
    "conversion",
    "conversions",
    "cancelled",
    "canceled",
    "cancellation",
    "churned",
    "ended",
    "end",
    "returned",
    "completed",
    "completion",
    "delivered",
    "shipped",
    "won",
    "lost",
    "approved",
    "rejected",
    "disposition",
    "final",
    "settled",
    "settlement",
    "succeeded",
    "failed",
    "finished",
    "fulfilled",
    "expired",
    "terminated",
    "termination",
    "unsubscribed",
    "purchased",
    "bought",
    "redeemed",
    "collected",
    "recovered",
    "defaulted",
    "writeoff",
    "exit",
    "exited",
];
/// Words that put an outcome into the past, where it is known.
const BEFORE: [&str; 9] = ["previous", "prev", "prior", "last", "past", "former", "earlier", "historical", "before"];
/// Words for what tells rows apart.
const IDENTIFIERS: [&str; 13] =
    ["id", "ids", "key", "uuid", "guid", "nr", "no", "number", "serial", "index", "idx", "pk", "rownum"];

/// The words of a name, in lower case: parted at underscores, blanks and the humps of camelCase.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (lower && c.is_uppercase()) {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.iter_mut().last().into_iter().for_each(|w| w.extend(c.to_lowercase()));
        }
        lower = c.is_lowercase();
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Whether a name is that of an outcome.
pub fn is_outcome(name: &str) -> bool {
    let words = words(name);
    let any = |list: &[&str]| words.iter().any(|w| list.contains(&w.as_str()));
    any(&OUTCOMES) && !any(&BEFORE)
}

/// Whether a name is that of an identifier.
pub fn is_identifier(name: &str) -> bool {
    words(name).iter().any(|w| IDENTIFIERS.contains(&w.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_name_are_told_apart() {
        let outcomes = ["duration", "call_duration", "refundAmount", "Closed Date", "days to conversion", "RESULT"];
        assert!(outcomes.iter().all(|n| is_outcome(n)));
        let others =
            ["", "poutcome", "previous_outcome", "last result", "endowment", "week", "paidless", "___", "日本"];
        assert!(!others.iter().any(|n| is_outcome(n)));
        assert!(
            is_identifier("PassengerId") && is_identifier("order no") && !is_identifier("idle") && !is_identifier("")
        );
    }
}

//! Lines of a text: `key=value`, where a value is often a list of numbers.

use super::wrong;
use crate::error::Result;

/// What stands behind `key=` at the beginning of a line.
pub fn value<'a>(section: &'a str, key: &str) -> Option<&'a str> {
    section.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

pub fn required<'a>(section: &'a str, key: &str) -> Result<&'a str> {
    value(section, key).ok_or_else(|| wrong(&format!("the text has no {key}")))
}

pub fn parse<T: std::str::FromStr>(word: &str) -> Result<T> {
    word.parse().map_err(|_| {
        let shown: String = word.chars().take(40).collect();
        wrong(&format!("\"{shown}\" is no number of its place"))
    })
}

/// The numbers of a list; none where there is no such key.
pub fn list<T: std::str::FromStr>(section: &str, key: &str) -> Result<Vec<T>> {
    let words = value(section, key).unwrap_or_default();
    // Counted first, so that the list takes no more memory than its text allows.
    let mut list = Vec::with_capacity(words.split_whitespace().count());
    for word in words.split_whitespace() {
        list.push(parse(word)?);
    }
    Ok(list)
}

/// The numbers of a list of which there are `len`, or none where the text may leave them out.
pub fn counts(section: &str, key: &str, len: usize) -> Result<Vec<f64>> {
    let mut counts: Vec<f64> = list(section, key)?;
    if counts.is_empty() {
        counts.resize(len, 0.0);
    }
    let fits = counts.len() == len && counts.iter().all(|count| count.is_finite() && *count >= 0.0);
    fits.then_some(counts).ok_or_else(|| wrong(&format!("the list {key} of a tree does not fit its nodes")))
}

//! Whole numbers of which every row has another one: names of the rows, or amounts that are many.

use super::names;

/// How many times as far as there are rows serial numbers reach, where some are gone.
const GAPS: f64 = 3.0;
/// Digits from which on numbers that all have as many are given, not counted or measured.
const DIGITS: u32 = 5;
/// The share of them that must have as many digits.
const ALIKE: f64 = 0.95;

/// Whether such numbers name their rows: they follow each other, have all as many digits, or the column says so.
pub fn are_ids(name: &str, mut numbers: Vec<f64>) -> bool {
    if names::is_amount(name) {
        return false;
    }
    if names::is_code(name) || names::is_running(name) {
        return true;
    }
    numbers.retain(|number| number.is_finite());
    let range = |least: f64, most: f64| most - least;
    let ends = (numbers.iter().copied().reduce(f64::min), numbers.iter().copied().reduce(f64::max));
    let (Some(low), Some(high)) = ends else { return true };
    if range(low, high) <= GAPS * numbers.len() as f64 {
        return true;
    }
    let digits = |number: f64| number.abs().max(1.0).log10().floor() as u32 + 1;
    let mut lengths = [0u32; 400];
    for number in &numbers {
        if let Some(length) = lengths.get_mut(digits(*number) as usize) {
            *length += 1;
        }
    }
    let most = lengths.iter().copied().enumerate().max_by_key(|(_, count)| *count);
    most.is_some_and(|(length, count)| length as u32 >= DIGITS && f64::from(count) >= ALIKE * numbers.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_and_long_ones_are_ids() {
        let numbers = |of: &dyn Fn(u32) -> f64| (1..=200).map(of).collect::<Vec<f64>>();
        assert!(
            are_ids("c", numbers(&|i| f64::from(i) * 2.0)) && are_ids("c", numbers(&|i| 1e9 + f64::from(i * i) * 1e3))
        );
        let amounts = numbers(&|i| f64::from(i).powi(3));
        assert!(
            !are_ids("c", amounts.clone())
                && are_ids("customer_id", amounts)
                && !are_ids("revenue", numbers(&f64::from))
        );
        assert!(are_ids("c", vec![]) && are_ids("c", vec![f64::MAX, -f64::MAX, f64::NAN]));
    }
}

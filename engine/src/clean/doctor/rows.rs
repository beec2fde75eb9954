//! Rows that are there twice, and rows that contradict each other.

use crate::data::{RowHashes, UNKNOWN};

use super::finding::{percent, Finding, Fix, Kind, Severity};
use super::limits;

fn common_divisor(mut a: usize, mut b: usize) -> usize {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Look at rows in canonical order: hashes of the features and of the target.
pub fn look(rows: &[RowHashes], classes: bool, target: Option<&str>) -> Vec<Finding> {
    let (mut duplicates, mut combinations, mut known, mut in_conflict, mut right) = (0, 0, 0usize, 0, 0);
    let mut counts: Vec<usize> = Vec::new();
    // How often every row is there: a table that was loaded twice has no row an odd number of times.
    let mut times = 0;
    for alike in rows.chunk_by(|a, b| a.features == b.features) {
        combinations += 1;
        for copies in alike.chunk_by(|a, b| a.rest == b.rest) {
            duplicates += copies.len() - 1;
            times = common_divisor(times, copies.len());
        }
        // Of one class a run: equal targets have equal hashes.
        counts.clear();
        for same in alike.chunk_by(|a, b| a.class == b.class) {
            if same[0].class != UNKNOWN {
                counts.push(same.len());
            }
        }
        let all: usize = counts.iter().sum();
        known += all;
        right += counts.iter().max().copied().unwrap_or(0);
        if counts.len() > 1 {
            in_conflict += all;
        }
    }
    let few = (combinations as f64) < limits::FEW_COMBINATIONS * rows.len() as f64;
    let mut found = Vec::new();
    if duplicates > 0 {
        let share = duplicates as f64 / rows.len() as f64;
        let loaded = times > 1 && combinations >= limits::MANY_COMBINATIONS;
        let nature = match few {
            _ if loaded => format!(" Every row is there {times} times or a multiple, as if the table had been loaded so often."),
            true if combinations == 1 => " All rows have the same features, so that may be their nature.".to_owned(),
            true => format!(" There are only {combinations} combinations of features, so that may be their nature."),
            false => " They count twice in learning, and a row that is judged may have its twin in training. Leave them if they are cases of their own that look alike.".to_owned(),
        };
        let are = if duplicates == 1 { "row is an exact copy" } else { "rows are exact copies" };
        let detail =
            format!("{duplicates} {are} of another ({}).{nature}", percent(duplicates as f64, rows.len() as f64));
        let warn = loaded || (!few && share >= limits::DUPLICATES);
        let severity = if warn { Severity::Warning } else { Severity::Info };
        found.push(Finding::new(severity, Kind::DuplicateRows, detail).fix(Fix::Distinct));
    }
    if classes && in_conflict > 0 {
        let share = in_conflict as f64 / known as f64;
        let detail = format!(
            "{in_conflict} rows ({}) are alike in every other column but have different values of \"{}\"; no model of these columns is right on more than {} of the rows.",
            percent(in_conflict as f64, known as f64),
            target.unwrap_or_default(),
            percent(right as f64, known as f64)
        );
        let severity = if !few && share >= limits::CONFLICTS { Severity::Warning } else { Severity::Info };
        let column = target.map(str::to_owned);
        found.push(Finding { column, ..Finding::new(severity, Kind::LabelConflicts, detail).fix(Fix::Conflicts) });
    }
    found
}

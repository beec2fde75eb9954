//! Values whose lack says something of the target.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;
use crate::learn::train::{is_missing, Request};

use super::finding::{percent, Finding, Kind, Severity};
use super::limits;
use super::sample::{Answer, Sample};

/// Look at every column that has missing values.
pub fn look(request: &Request, sample: &Sample, labels: &[String], control: &Control) -> Result<Vec<Finding>> {
    let one = |input: &crate::learn::train::SourceInput| {
        control.check()?;
        let missing: Vec<bool> = sample.rows.iter().map(|&r| is_missing(&request.table, input.first, r)).collect();
        let gone = missing.iter().filter(|m| **m).count() as u64;
        if gone.min(sample.len() as u64 - gone) < limits::MISSING_ROWS {
            return Ok(None);
        }
        let told = match &sample.answer {
            Answer::Nothing => None,
            Answer::Classes { codes, counts } => classes(&missing, codes, counts, labels),
            Answer::Numbers { ranks, .. } => numbers(&missing, ranks),
        };
        Ok(told.filter(|t| t.0 >= limits::MISSING_EFFECT.0).map(|(effect, detail)| {
            let severity = if effect >= limits::MISSING_EFFECT.1 { Severity::Warning } else { Severity::Info };
            let detail = format!(
                "\"{}\" is missing in {detail} Make sure that it is missing for the same reason when the model is used.{}",
                input.name,
                sample.said()
            );
            Finding::of(severity, Kind::MissingDependsOnTarget, &input.name, detail).exclude().weight(effect)
        }))
    };
    let found: Result<Vec<Option<Finding>>> = request.inputs.par_iter().filter(|i| i.count == 1).map(one).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Cramér's V of missing and class, and the classes in which it differs most.
fn classes(missing: &[bool], codes: &[u32], counts: &[u64], labels: &[String]) -> Option<(f64, String)> {
    let mut gone = vec![0u64; counts.len()];
    for (m, &c) in missing.iter().zip(codes) {
        if let Some(n) = gone.get_mut(c as usize) {
            *n += u64::from(*m);
        }
    }
    let rows = missing.len() as f64;
    let all = gone.iter().sum::<u64>() as f64;
    let share = all / rows;
    let of = |c: usize| gone[c] as f64 / counts[c] as f64;
    let large = |c: &usize| counts[*c] >= limits::MISSING_ROWS;
    let chi: f64 = (0..counts.len())
        .filter(|&c| counts[c] > 0)
        .map(|c| counts[c] as f64 * (of(c) - share) * (of(c) - share) / (share * (1.0 - share)))
        .sum();
    let low = (0..counts.len()).filter(large).min_by(|&a, &b| of(a).total_cmp(&of(b)))?;
    let high = (0..counts.len()).filter(large).max_by(|&a, &b| of(a).total_cmp(&of(b)))?;
    let part = |c: usize| percent(gone[c] as f64, counts[c] as f64);
    let (low_label, high_label) = (labels.get(low)?, labels.get(high)?);
    let effect = (chi / rows).sqrt();
    let said = format!(
        "{} of the rows of class \"{low_label}\" and {} of \"{high_label}\" (Cramér's V {effect:.2}).",
        part(low),
        part(high)
    );
    Some((effect, said))
}

/// Half of Cohen's d between the ranks of rows with and without.
fn numbers(missing: &[bool], ranks: &[f64]) -> Option<(f64, String)> {
    let d = cohen(missing, ranks)?;
    let gone = missing.iter().filter(|m| **m).count();
    let side = if d > 0.0 { "higher" } else { "lower" };
    let said = format!(
        "{} of the rows, where the target is {side} than elsewhere (Cohen's d of ranks {:.2}).",
        percent(gone as f64, missing.len() as f64),
        d.abs()
    );
    Some((d.abs() / 2.0, said))
}

/// By how many standard deviations the mean of the marked rows lies above that of the others.
pub fn cohen(marked: &[bool], values: &[f64]) -> Option<f64> {
    let mean = |which: bool| {
        let chosen = || marked.iter().zip(values).filter(move |(m, _)| **m == which).map(|(_, v)| *v);
        let n = chosen().count();
        (n > 0).then(|| chosen().sum::<f64>() / n as f64)
    };
    let (with, without) = (mean(true)?, mean(false)?);
    let within: f64 = marked.iter().zip(values).map(|(m, v)| (v - if *m { with } else { without }).powi(2)).sum();
    let deviation = (within / values.len() as f64).sqrt();
    (deviation > 0.0).then(|| (with - without) / deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_are_those_of_the_textbook() {
        let d = cohen(&[true, true, false, false], &[3.0, 5.0, 1.0, 3.0]).unwrap();
        assert!((d - 2.0).abs() < 1e-12);
        assert_eq!(cohen(&[true, false], &[1.0, 2.0]), None);
        assert_eq!(cohen(&[], &[]), None);
        // 2 x 2 table 30 10 / 10 30: phi = (900 - 100) / 1600.
        let missing: Vec<bool> = (0..80).map(|i| i < 40).collect();
        let codes: Vec<u32> = (0..80).map(|i| u32::from(i >= 30 && !(40..50).contains(&i))).collect();
        let labels = ["a".to_owned(), "b".to_owned()];
        let (v, said) = classes(&missing, &codes, &[40, 40], &labels).unwrap();
        assert!((v - 0.5).abs() < 1e-12);
        assert!(said.starts_with("25.0 % of the rows of class \"b\" and 75.0 % of \"a\""), "{said}");
    }
}

//! Scores that are sums of what features say.

use super::link::{unlink, Answer};
use crate::model::{Additive, Task};

/// Write the scores of an encoded row, before the link.
#[inline]
pub fn sums(body: &Additive, row: &[f64], out: &mut [f64]) {
    out.copy_from_slice(&body.intercept);
    body.terms.iter().zip(row).for_each(|(term, &value)| term.add(value, out));
}

/// Write the answers of an encoded row, as many as the body has outputs.
#[inline]
pub(super) fn predict(body: &Additive, task: &Task, row: &[f64], out: &mut [f64]) {
    sums(body, row, out);
    respond(body, task, out);
}

/// From scores to answers.
pub(super) fn respond(body: &Additive, task: &Task, out: &mut [f64]) {
    unlink(body.link, matches!(task, Task::Classification { .. }), out);
    Answer::of(task).turn(out);
}

/// About how many nanoseconds a row takes.
pub(super) fn nanoseconds(body: &Additive) -> f64 {
    20.0 + body.terms.len() as f64 * (2.0 + f64::from(body.outputs))
}

/// Bytes on the heap.
pub(super) fn bytes(body: &Additive) -> usize {
    use crate::model::Term;
    let of = |term: &Term| match term {
        Term::Number { slope, square, missing, .. } => slope.len() + square.len() + missing.len(),
        Term::Levels { values, missing } => values.len() + missing.len(),
    };
    let numbers = body.terms.iter().map(of).sum::<usize>() + body.intercept.len();
    numbers * 8 + body.terms.len() * 96 + body.coefficients.len() * 40
}

//! Columns that give the target away: they say it, add up to it, or are known only once it is.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{ColumnData, Table, MISSING};
use crate::error::Result;
use crate::learn::train::{Request, SourceInput};
use crate::model::InputKind;

use super::finding::{rounded, Finding, Fix, Kind, Severity};
use super::limits;
use super::matrix::Matrix;
use super::names::is_outcome;
use super::sample::{Answer, Sample};
use super::sums::{self, Sum};
use super::{alone, together};

/// How deep to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Depth {
    /// With a model of what the other columns reach together.
    Model,
    /// What costs little beside a training.
    Quick,
}

/// A column that is suspected.
struct Suspect {
    input: usize,
    severity: Severity,
    weight: f64,
    detail: String,
    /// Whether what the other columns reach has yet to be said.
    compare: bool,
    /// The rows it was computed on.
    rows: usize,
}

/// Look for leaks.
pub fn look(
    request: &Request,
    target: &str,
    labels: &[String],
    sample: &Sample,
    matrix: &Matrix,
    depth: Depth,
    control: &Control,
) -> Result<Vec<Finding>> {
    if sample.len() < limits::ID_ROWS {
        return Ok(Vec::new());
    }
    let scores = alone::scores(&request.table, &request.inputs, sample, control)?;
    let mut suspects = perfect(request, target, &scores, sample);
    let sums = match &sample.answer {
        Answer::Numbers { values, .. } => {
            let of_rows: Vec<f64> = matrix.rows.iter().filter_map(|&p| values.get(p as usize)).copied().collect();
            sums::find(&matrix.columns, &of_rows, control)?
        }
        _ => Vec::new(),
    };
    for sum in &sums {
        suspects.extend(parts(request, target, sum, matrix.rows.len(), &suspects));
    }
    if suspects.is_empty() {
        suspects.extend(outcome(request, target, &scores, sample));
    }
    suspects.extend(one_sided(request, target, labels, sample, (&scores, &suspects), control)?);
    if suspects.iter().any(|s| s.compare) {
        let without: Vec<usize> = suspects.iter().map(|s| s.input).collect();
        let reached = match depth {
            Depth::Model => together::reach(request, &without, sample, control)?,
            Depth::Quick => None,
        };
        suspects.iter_mut().filter(|s| s.compare).for_each(|s| compare(s, reached, &scores, sample));
    }
    Ok(findings(request, sample, suspects))
}

fn findings(request: &Request, sample: &Sample, suspects: Vec<Suspect>) -> Vec<Finding> {
    let name = |s: &Suspect| request.inputs[s.input].name.clone();
    let errors: Vec<String> = suspects.iter().filter(|s| s.severity == Severity::Error).map(name).collect();
    let finding = |s: &Suspect| {
        let detail = format!("{}{}", s.detail, sample.said_of(s.rows));
        let finding = Finding::of(s.severity, Kind::Leak, &name(s), detail).weight(s.weight);
        match s.severity {
            Severity::Error => finding.fix(Fix::Exclude(errors.clone())),
            _ => finding.exclude(),
        }
    };
    suspects.iter().map(finding).collect()
}

/// A score with its name.
fn named(score: f64, sample: &Sample) -> String {
    match &sample.answer {
        Answer::Classes { counts, .. } if counts.len() > 2 => {
            format!("mean AUC of one class against the rest {score:.3}")
        }
        Answer::Classes { .. } => format!("AUC {score:.3}"),
        _ => format!("R2 of ranks {score:.3}"),
    }
}

/// Columns that say the target alone.
fn perfect(request: &Request, target: &str, scores: &[f64], sample: &Sample) -> Vec<Suspect> {
    let near = scores.iter().enumerate().filter(|(_, &s)| s >= limits::NEAR_PERFECT);
    near.map(|(input, &score)| Suspect {
        input,
        severity: Severity::Error,
        weight: score,
        detail: format!(
            "\"{}\" alone says almost all of \"{target}\" ({})",
            request.inputs[input].name,
            named(score, sample)
        ),
        compare: true,
        rows: sample.len(),
    })
    .collect()
}

/// The two columns of a sum, unless they are suspects already.
fn parts(request: &Request, target: &str, sum: &Sum, rows: usize, suspects: &[Suspect]) -> Vec<Suspect> {
    let [a, b] = sum.inputs.map(|i| request.inputs[i].name.as_str());
    let [x, y] = sum.factors;
    let made = match sum.product {
        true => format!(
            "\"{target}\" is proportional to \"{a}\" to the power of {x:.3} times \"{b}\" to the power of {y:.3}"
        ),
        false => format!(
            "\"{target}\" is {} times \"{a}\" plus {} times \"{b}\", but for a constant",
            rounded(x),
            rounded(y)
        ),
    };
    let detail = format!("{made} (R2 {:.6}).", sum.r2);
    let new = sum.inputs.into_iter().filter(|i| !suspects.iter().any(|s| s.input == *i));
    new.map(|input| Suspect {
        input,
        severity: Severity::Error,
        weight: 1.0,
        detail: detail.clone(),
        compare: false,
        rows,
    })
    .collect()
}

/// The strongest column, if its name is that of an outcome.
fn outcome(request: &Request, target: &str, scores: &[f64], sample: &Sample) -> Option<Suspect> {
    let best = (0..scores.len()).reduce(|best, i| if scores[i] > scores[best] { i } else { best })?;
    let next =
        (0..scores.len()).filter(|&i| i != best).reduce(|next, i| if scores[i] > scores[next] { i } else { next });
    let (least, chance) = match &sample.answer {
        Answer::Nothing => return None,
        Answer::Classes { .. } => (limits::OUTCOME_AUC, 0.5),
        Answer::Numbers { .. } => (limits::OUTCOME_R2, 0.0),
    };
    let second = next.map_or(chance, |i| scores[i].max(chance));
    let name = &request.inputs[best].name;
    if !is_outcome(name) || scores[best] < least || scores[best] < second + limits::OUTCOME_MARGIN {
        return None;
    }
    let other = match next {
        Some(i) => format!(" more than any other column (\"{}\": {second:.3})", request.inputs[i].name),
        None => String::new(),
    };
    let detail = format!(
        "\"{name}\" has the name of an outcome and alone says{other} of \"{target}\" ({})",
        named(scores[best], sample)
    );
    Some(Suspect {
        input: best,
        severity: Severity::Error,
        weight: scores[best],
        detail,
        compare: true,
        rows: sample.len(),
    })
}

/// Say what the others reach together; where it is as much, the suspicion is weaker.
fn compare(suspect: &mut Suspect, reached: Option<f64>, scores: &[f64], sample: &Sample) {
    let score = scores[suspect.input];
    let Some(reached) = reached else {
        suspect.detail.push('.');
        return;
    };
    suspect.detail.push_str(&format!("; a model of the other columns reaches {}.", named(reached, sample)));
    let easy = match score >= limits::NEAR_PERFECT {
        // The target may be that easy.
        true => reached >= limits::NEAR_PERFECT,
        false => score < reached - limits::OUTCOME_SHORT,
    };
    if easy {
        suspect.severity = Severity::Warning;
    }
}

/// Columns that are missing or 0, or are not, only where the target is something.
fn one_sided(
    request: &Request,
    target: &str,
    labels: &[String],
    sample: &Sample,
    (scores, suspects): (&[f64], &[Suspect]),
    control: &Control,
) -> Result<Vec<Suspect>> {
    let Answer::Classes { codes, counts } = &sample.answer else { return Ok(Vec::new()) };
    let one = |(i, input): (usize, &SourceInput)| {
        control.check()?;
        let known = input.count != 1 || suspects.iter().any(|s| s.input == i);
        let zero = matches!(input.kind, InputKind::Number | InputKind::Interval | InputKind::Boolean);
        for what in [Side::Missing, Side::Zero].into_iter().filter(|w| !known && (*w == Side::Missing || zero)) {
            if let Some((detail, expected)) =
                divided(&request.table, input, what, target, labels, sample, codes, counts)
            {
                let sure = is_outcome(&input.name) && scores[i] >= limits::DIVIDED_AUC;
                let severity = if sure { Severity::Error } else { Severity::Warning };
                let weight = -1.0 / expected;
                return Ok(Some(Suspect { input: i, severity, weight, detail, compare: false, rows: sample.len() }));
            }
        }
        Ok(None)
    };
    let found: Result<Vec<Option<Suspect>>> = request.inputs.par_iter().enumerate().map(one).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// What divides the rows in two.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Missing,
    Zero,
}

impl Side {
    fn holds(self, table: &Table, column: usize, row: u32) -> bool {
        match (&table.columns[column].data, self) {
            (ColumnData::Number(v), Side::Missing) => v.get(row as usize).is_nan(),
            (ColumnData::Number(v), Side::Zero) => v.get(row as usize) == 0.0,
            (ColumnData::Category { codes, .. }, Side::Missing) => codes.get(row as usize) == MISSING,
            (ColumnData::Category { .. }, Side::Zero) => false,
        }
    }
}

/// A class that never is on one of the sides though many of its rows should be, as a sentence, and how many.
#[allow(clippy::too_many_arguments)]
fn divided(
    table: &Table,
    input: &SourceInput,
    what: Side,
    target: &str,
    labels: &[String],
    sample: &Sample,
    codes: &[u32],
    counts: &[u64],
) -> Option<(String, f64)> {
    let mut inside = vec![0u64; counts.len()];
    for (&row, &class) in sample.rows.iter().zip(codes) {
        if what.holds(table, input.first, row) {
            *inside.get_mut(class as usize)? += 1;
        }
    }
    let rows = sample.len() as f64;
    let within = inside.iter().sum::<u64>();
    let share = within as f64 / rows;
    if share.min(1.0 - share) < limits::SIDE_SHARE {
        return None;
    }
    // The class and side of which most rows are wanting.
    let mut most: Option<(f64, usize, bool)> = None;
    for class in 0..counts.len() {
        for (holds, seen, part) in [(true, inside[class], share), (false, counts[class] - inside[class], 1.0 - share)] {
            let expected = counts[class] as f64 * part;
            if seen == 0 && expected >= limits::EXPECTED_ROWS && most.is_none_or(|m| expected > m.0) {
                most = Some((expected, class, holds));
            }
        }
    }
    let (expected, class, holds) = most?;
    let name = &input.name;
    let state = match (what, holds) {
        (Side::Missing, true) => format!("\"{name}\" is missing"),
        (Side::Missing, false) => format!("\"{name}\" is known"),
        (Side::Zero, true) => format!("\"{name}\" is {}", if input.kind == InputKind::Boolean { "false" } else { "0" }),
        (Side::Zero, false) => {
            format!("\"{name}\" is not {}", if input.kind == InputKind::Boolean { "false" } else { "0" })
        }
    };
    let side = if holds { within } else { sample.len() as u64 - within };
    let detail = format!(
        "Of the {side} rows where {state}, none has \"{target}\" = {}, though {expected:.0} would by chance: it may be known only afterwards.",
        labels.get(class).map_or("", String::as_str)
    );
    Some((detail, expected))
}

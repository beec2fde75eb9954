//! The target: missing, of one class, rare, far out; and whether there are rows enough.

use crate::clean::exact;
use crate::control::Control;
use crate::data::{sort, ColumnData, RowHashes, UNKNOWN};
use crate::error::Result;
use crate::learn::target::Prepared;
use crate::learn::train::{Request, SourceInput};
use serde_json::json;

use super::finding::{counted, percent, Finding, Fix, Kind, Severity};
use super::limits;

/// Look at the target; `rows` are all rows.
pub fn look(
    request: &Request,
    target: &SourceInput,
    prepared: &Prepared,
    rows: &[RowHashes],
    control: &Control,
) -> Result<Vec<Finding>> {
    let name = &target.name;
    let known = rows.iter().filter(|r| r.class != UNKNOWN).count();
    let mut found = Vec::new();
    if known < rows.len() {
        let missing = rows.len() - known;
        let share = missing as f64 / rows.len() as f64;
        let detail = format!(
            "\"{name}\" is missing in {missing} of {} rows ({}); they cannot be learned from.",
            rows.len(),
            percent(missing as f64, rows.len() as f64)
        );
        let (severity, fix) = match () {
            () if known == 0 => (Severity::Error, Fix::Nothing),
            () if share >= limits::TARGET_MISSING => (Severity::Warning, Fix::KnownTarget),
            () => (Severity::Info, Fix::KnownTarget),
        };
        found.push(Finding::of(severity, Kind::TargetMissing, name, detail).fix(fix));
    }
    if known == 0 {
        return Ok(found);
    }
    match prepared.labels() {
        Some(labels) => found.extend(classes(request, name, &labels.labels, labels.positive, rows)),
        None => found.extend(numbers(request, target, known, control)?),
    }
    Ok(found)
}

fn too_few(rows: usize, why: String) -> Finding {
    let fix = Fix::Learner("random_forest", json!({"holdout": 0}));
    let detail = format!(
        "{why}; metrics of so few rows are largely chance. A forest is judged by the rows that each tree did not draw."
    );
    Finding::new(Severity::Warning, Kind::TooFewRows, detail).fix(fix).weight(-(rows as f64))
}

/// Rows enough for the columns there are?
fn enough(request: &Request, known: usize) -> Option<Finding> {
    let features: usize = request.inputs.iter().map(|i| i.count).sum();
    if known < limits::FEW_ROWS.0 {
        return Some(too_few(
            known,
            format!("There {} {} to learn from", if known == 1 { "is" } else { "are" }, counted(known, "row")),
        ));
    }
    (known < limits::FEW_ROWS.2 * features)
        .then(|| too_few(known, format!("There are {known} rows for {features} features")))
}

fn classes(request: &Request, name: &str, labels: &[String], positive: usize, rows: &[RowHashes]) -> Vec<Finding> {
    let mut counts = vec![0u64; labels.len()];
    rows.iter().for_each(|r| counts.get_mut(r.class as usize).into_iter().for_each(|n| *n += 1));
    let known: u64 = counts.iter().sum();
    let seen: Vec<usize> = (0..counts.len()).filter(|&c| counts[c] > 0).collect();
    let share = |c: usize| percent(counts[c] as f64, known as f64);
    if let [only] = seen[..] {
        let all = counted(known as usize, "row");
        let detail = format!("\"{name}\" is \"{}\" in all of {all}, so there is nothing to tell apart.", labels[only]);
        return vec![Finding::of(Severity::Error, Kind::OneClass, name, detail)];
    }
    let mut found = Vec::new();
    // Of equal counts the first.
    let Some(&least) = seen.iter().min_by_key(|&&c| counts[c]) else { return found };
    let few = counts[least];
    if few < limits::FEW_ROWS.1 {
        let small = seen.iter().filter(|&&c| counts[c] < limits::FEW_ROWS.1).count();
        let why = match small {
            1 => format!("Class \"{}\" of \"{name}\" has {few} of {known} rows", labels[least]),
            _ => format!(
                "{small} of the {} classes of \"{name}\" have fewer than {} rows, \"{}\" only {few}",
                seen.len(),
                limits::FEW_ROWS.1,
                labels[least]
            ),
        };
        found.push(Finding { column: Some(name.to_owned()), ..too_few(few as usize, why) });
    } else {
        found.extend(enough(request, known as usize));
    }
    let part = few as f64 / known as f64;
    if seen.len() == 2 && part < limits::IMBALANCE.0 {
        let rare = part < limits::IMBALANCE.1 || few < limits::IMBALANCE.2;
        let severity = if rare { Severity::Warning } else { Severity::Info };
        let which = if least == positive { "positive" } else { "other" };
        let detail = format!(
            "The {which} class \"{}\" of \"{name}\" has {few} of {known} rows ({}). Accuracy says little then; look at pr_auc and the lift.",
            labels[least],
            share(least)
        );
        found.push(Finding::of(severity, Kind::TargetImbalance, name, detail).option("class_weight", "balanced"));
    }
    found
}

fn numbers(request: &Request, target: &SourceInput, known: usize, control: &Control) -> Result<Vec<Finding>> {
    let name = &target.name;
    let mut found: Vec<Finding> = enough(request, known).into_iter().collect();
    let ColumnData::Number(values) = &request.table.columns[target.first].data else { return Ok(found) };
    let mut sorted = control.vec(values.len())?;
    sorted.extend(values.iter().filter(|v| v.is_finite()));
    sort(&mut sorted, f64::total_cmp, control)?;
    let at = |share: f64| sorted.get((sorted.len() as f64 * share) as usize).copied().unwrap_or(0.0);
    let (low, high) = (at(0.25), at(0.75));
    let reach = (high - low) * limits::OUTLIER_RANGES;
    let (first, last) = (at(0.0), sorted.last().copied().unwrap_or(0.0));
    let outside = sorted.iter().filter(|&&v| v < low - reach || v > high + reach).count();
    control.release_vec(sorted);
    if reach > 0.0 && outside > 0 {
        let (count, word) = (outside, if outside == 1 { "row lies" } else { "rows lie" });
        let detail = format!(
            "{count} {word} more than {} interquartile ranges beyond the quartiles of \"{name}\" ({} and {}); it goes from {} to {}. They outweigh the rest in a squared error.",
            limits::OUTLIER_RANGES,
            exact(low),
            exact(high),
            exact(first),
            exact(last)
        );
        found.push(
            Finding::of(Severity::Warning, Kind::TargetOutliers, name, detail).option("objective", "absolute_error"),
        );
    }
    Ok(found)
}

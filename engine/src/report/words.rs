//! What a report says in words.

use super::facts::Facts;
use super::plot::theme::{number, percent};
use crate::judge::{headline_of, lift, mean_and_error, said_and_true};
use crate::learn::train::WorstSegment;
use crate::model::Task;

/// A number that is looked at first, and what it means.
#[derive(Debug, Clone, PartialEq)]
pub struct Tile {
    /// What it is.
    pub name: String,
    /// The number.
    pub value: String,
    /// A few words on it.
    pub note: String,
}

/// A metric as it is written: in percent where it is a share of rows.
pub fn metric_text(name: &str, value: f64) -> String {
    const SHARES: [&str; 10] = [
        "explained_variance_ratio",
        "accuracy",
        "precision",
        "recall",
        "f1",
        "base_rate",
        "mean_predicted",
        "selection_rate",
        "false_positive_rate",
        "expected_calibration_error",
    ];
    match name {
        _ if SHARES.contains(&name) => percent(value),
        "rows" => count(value as u64),
        "clusters" | "n_clusters" | "n_components" => format!("{value:.0}"),
        _ if name.starts_with("size_") => count(value as u64),
        _ if value != 0.0 && value.abs() < 10.0 => format!("{value:.4}"),
        _ => number(value),
    }
}

/// A count with its thousands set apart.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// The first paragraph.
pub fn summary(facts: &Facts) -> String {
    let learned = count(facts.training_rows);
    let rows = match (facts.judged_on, facts.holdout_rows) {
        (Some(rows), _) => {
            format!("It learned from {learned} rows and is judged on {} rows of the given source, which may include some of them.", count(rows))
        }
        (None, held) if held == 0 || !facts.task.has_target() => format!("It learned from {learned} rows."),
        (None, held) if facts.training_rows + held > facts.rows => format!(
            "It learned from {learned} rows; {} of them judged a model of the same kind that had not seen them.",
            count(held)
        ),
        (None, held) => format!("It learned from {learned} rows and is judged on {} others.", count(held)),
    };
    let columns = match facts.columns.len() {
        1 => "one column".to_owned(),
        many => format!("{many} columns"),
    };
    format!("From {columns} the model says {}. {rows}", facts.says())
}

/// The numbers that are looked at first.
pub fn tiles(facts: &Facts) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let tile = |name: &str, value: String, note: String| Tile { name: name.to_owned(), value, note };
    if let Some(metric) = facts.metric.as_deref().and_then(|name| facts.metric(name)) {
        if let Some(value) = metric.value {
            let note = match metric.interval {
                Some((low, high)) if low.is_finite() && high.is_finite() => {
                    format!("between {} and {}", metric_text(&metric.name, low), metric_text(&metric.name, high))
                }
                _ => metric.note.clone(),
            };
            tiles.push(tile(&metric.name, metric_text(&metric.name, value), note));
        }
    }
    match &facts.task {
        Task::Classification { classes, .. } => {
            let class = facts.class();
            if let Some(j) = facts.judged(class).filter(|j| classes.len() <= 2 && j.scores.len() >= FEW_ROWS) {
                if let Some(best) = lift(&j.scores, &j.actual, j.weight, 10).first().and_then(|b| b.lift) {
                    let note = "positives in the best tenth, against the average".to_owned();
                    tiles.push(tile("lift of the best tenth", format!("{} x", number(best)), note));
                }
            }
            if let Some(rate) = facts.value("base_rate") {
                let note = match classes.len() {
                    0..=2 => format!("share of {}", class.map_or("", |c| facts.class_name(c))),
                    _ => "share of the most frequent class".to_owned(),
                };
                tiles.push(tile("base rate", percent(rate), note));
            }
            if let Some(error) = facts.value("expected_calibration_error") {
                let chance = chance_error(facts)
                    .map_or_else(String::new, |chance| format!("; about {} is chance", percent(chance)));
                let note = format!("mean distance of said and true{chance}");
                tiles.push(tile("calibration error", percent(error), note));
            }
        }
        Task::Regression => {
            if let Some(r2) = facts.value("r2") {
                tiles.push(tile("variance explained", percent(r2), format!("r2 on {}", facts.judged_rows())));
            }
            if let Some(mean) = facts.value("mean_actual") {
                tiles.push(tile("mean", number(mean), "of the target".to_owned()));
            }
        }
        Task::Clustering => {
            tiles.push(tile("segments", facts.sizes.len().to_string(), "learned".to_owned()));
            if let Some(share) = facts.value("noise_share") {
                tiles.push(tile("in none", percent(share), "of the rows are in no dense part".to_owned()));
            }
        }
        Task::Reduction => tiles.push(tile("components", facts.components.len().to_string(), "kept".to_owned())),
        Task::Uplift { .. } => {
            for (name, note) in [("ate", "average effect"), ("uplift_at_30", "effect on the best 30 % of the rows")] {
                if let Some(value) = facts.value(name) {
                    tiles.push(tile(name, number(value), note.to_owned()));
                }
            }
        }
        Task::Anomaly => {
            if let Some(score) = facts.value("score_p99") {
                tiles.push(tile("99 of 100 rows", metric_text("score_p99", score), "or less".to_owned()));
            }
        }
        Task::Recommendation => {
            if let Some(share) = facts.value("coverage") {
                tiles.push(tile("coverage", percent(share), "of the items are recommended to somebody".to_owned()));
            }
        }
        Task::Forecast => {
            if let Some(share) = facts.value("coverage") {
                tiles.push(tile("coverage", percent(share), "of the values held back are in the intervals".to_owned()));
            }
        }
        Task::Lifetime => {
            if let Some(ratio) = facts.value("calibration") {
                tiles.push(tile("calibration", number(ratio), "purchases expected for each that came".to_owned()));
            }
        }
    }
    tiles
}

/// Fewer rows than these are few.
const FEW_ROWS: usize = 200;

/// The calibration error that a model that is right would have on as many rows, by chance alone: the mean distance of a share of ten bins from its
/// expectation.
fn chance_error(facts: &Facts) -> Option<f64> {
    const BINS: usize = 10;
    let j = facts.judged(facts.class())?;
    let mut bins = [(0.0f64, 0.0f64); BINS];
    for score in j.scores.iter().filter(|s| s.is_finite()) {
        let bin = &mut bins[((score * BINS as f64) as usize).min(BINS - 1)];
        bin.0 += 1.0;
        bin.1 += score * (1.0 - score);
    }
    let rows: f64 = bins.iter().map(|b| b.0).sum();
    // The mean distance of a normal number from its mean is the root of 2 over pi standard deviations.
    let distance: f64 = bins.iter().map(|b| (b.1.max(0.0) * std::f64::consts::FRAC_2_PI).sqrt()).sum();
    (rows > 0.0).then(|| distance / rows)
}

/// Whether what is said is off on all rows together by more than chance: said and true.
pub fn bias(facts: &Facts) -> Option<(f64, f64)> {
    let held = facts.held.as_ref()?;
    let (said, truth) = said_and_true(&facts.task, held);
    let off: Vec<f64> = said.iter().zip(&truth).map(|(s, t)| s - t).collect();
    let weight = held.weight.as_deref();
    let (Some(mean), Some(error)) = mean_and_error(&off, weight) else { return None };
    (error > 0.0 && mean.abs() > 3.0 * error)
        .then(|| Some((mean_and_error(&said, weight).0?, mean_and_error(&truth, weight).0?)))?
}

/// How good the model is, in a sentence, and whether it can be used.
pub fn verdict(facts: &Facts) -> String {
    if let Some((message, detail)) = &facts.overfitting {
        return format!("Careful: {message}. {detail}");
    }
    let Some(held) = facts.held.as_ref().filter(|h| h.rows() > 0) else {
        return "No rows were held out, so nothing is known of how it does on new rows.".to_owned();
    };
    let Some((value, interval)) = headline_of(&facts.task, held) else {
        return "How good it is cannot be told on the held-out rows.".to_owned();
    };
    match &facts.task {
        Task::Classification { classes, .. } if classes.len() <= 2 => {
            let word = match value {
                v if v >= 0.9 => "very well",
                v if v >= 0.8 => "well",
                v if v >= 0.7 => "fairly well",
                v if v >= 0.6 => "weakly",
                _ => "hardly",
            };
            let sure = match interval {
                Some((low, _)) if low <= 0.5 => " There are too few rows to be sure that it does at all.",
                _ => "",
            };
            let class = facts.class().map_or("", |c| facts.class_name(c));
            format!(
                "It tells rows apart {word}: of two rows, one {class} and one not, it gives the right one the higher score in {} of cases.{sure}",
                percent(value)
            )
        }
        Task::Classification { .. } => {
            let usual = facts.value("base_rate").map_or_else(String::new, |rate| {
                format!(" Saying the most frequent class of all would be right in {}.", percent(rate))
            });
            format!("It names the right class in {} of the {}.{usual}", percent(value), facts.judged_rows())
        }
        Task::Regression => {
            let explained = facts.value("r2").map_or_else(String::new, |r2| {
                if r2 > 0.0 {
                    format!(" That is {} of the variance explained.", percent(r2))
                } else {
                    " That is no better than saying the mean of all rows.".to_owned()
                }
            });
            let typical = facts.value("median_error").map_or_else(String::new, |error| {
                format!("Half of its answers are within {} of what came true. ", number(error))
            });
            format!("{typical}The root of the mean squared error is {}.{explained}", number(value))
        }
        Task::Uplift { .. } => match value {
            v if v > 0.0 => {
                "It puts rows that a treatment changes more before others, better than chance does.".to_owned()
            }
            _ => "It tells no better than chance which rows a treatment changes more.".to_owned(),
        },
        Task::Clustering | Task::Anomaly | Task::Reduction | Task::Recommendation | Task::Forecast | Task::Lifetime => {
            String::new()
        }
    }
}

/// A segment in a sentence.
pub fn segment(facts: &Facts, segment: &WorstSegment) -> String {
    let text = |value: f64| match facts.task {
        Task::Regression => number(value),
        _ => percent(value),
    };
    format!(
        "{} {}: {} (said {}, true {}, {} rows)",
        segment.feature,
        segment.values,
        segment.problem,
        text(segment.predicted),
        text(segment.actual),
        count(segment.rows)
    )
}

/// When not to use the model, each a sentence.
pub fn limits(facts: &Facts) -> Vec<String> {
    let mut all = Vec::new();
    if let Some((message, _)) = &facts.overfitting {
        all.push(format!("For decisions that cost money, as long as {message}."));
    }
    let lines = !facts.coefficients.is_empty() && facts.members.is_empty();
    let is_trees = facts.task.gives_scores() && !lines;
    match facts.held.as_ref().map_or(0, crate::model::HeldRows::rows) {
        0 if facts.task.has_target() => all
            .push("For anything that costs money: it was judged on no row, so nobody knows how good it is.".to_owned()),
        rows if facts.task.has_target() && rows < FEW_ROWS => {
            all.push("For fine distinctions: it was judged on few rows, so its metrics are rough.".to_owned());
        }
        _ => {}
    }
    if let Some((said, truth)) = bias(facts) {
        let text = |value: f64| if facts.task == Task::Regression { number(value) } else { percent(value) };
        all.push(format!(
            "Where sums count: on the {} it says {} on average where {} is true.",
            facts.judged_rows(),
            text(said),
            text(truth)
        ));
    }
    if let Some(stories) = &facts.segments {
        all.extend(super::segments::doubts(stories));
    }
    all.push(
        "For rows of another kind than those it learned from: other countries, channels, seasons or prices.".to_owned(),
    );
    let ranged: Vec<&str> =
        facts.columns.iter().filter(|c| c.holds.contains(" to ")).map(|c| c.name.as_str()).take(3).collect();
    if !ranged.is_empty() && is_trees {
        let how = match facts.algorithm.as_str() {
            "knn" => "the nearest rows answer there, however far they are",
            "neural_network" => "the network answers there as at the edge",
            "svm" => "far from all rows that it saw it answers the same everywhere",
            "one_class_svm" => "there everything is unlike what it saw",
            "voting" | "stacking" => "each member answers there in its own way: trees as at the edge, lines go on",
            _ => "trees answer there as at the edge",
        };
        all.push(format!("Outside the ranges it saw ({}): {how}.", ranged.join(", ")));
    }
    if !ranged.is_empty() && lines {
        all.push(format!("Outside the ranges it saw ({}): lines go on there for ever.", ranged.join(", ")));
    }
    if facts.columns.iter().any(|c| c.holds.contains("levels")) {
        all.push(
            "For texts that it has not seen, such as new campaigns: it answers, but as for the rare ones together."
                .to_owned(),
        );
    }
    let chance = chance_error(facts).unwrap_or(f64::INFINITY);
    if let Some(error) = facts.value("expected_calibration_error").filter(|e| *e > 0.05 && *e > 2.0 * chance) {
        all.push(format!(
            "Where the probability itself counts, as in bids: it is off by {} on average. Train with \"calibration\".",
            percent(error)
        ));
    }
    for found in facts.insight.segments.iter().take(3) {
        all.push(format!("Without care where {}.", segment(facts, found)));
    }
    for finding in facts.insight.findings.iter().take(3) {
        all.push(format!("Before this is looked at: {finding}"));
    }
    all.push("As a cause: it knows what goes together, not what would happen if a column were changed.".to_owned());
    all
}

/// Texts of a column that are listed, the characters of each, and columns.
const MOST_TEXTS: usize = 20;
const MOST_LETTERS: usize = 60;
const MOST_COLUMNS: usize = 100;

/// What the model remembers by name: of what, and which texts.
pub fn remembered(facts: &Facts) -> Vec<(String, String)> {
    let mut all = Vec::new();
    if let Task::Classification { classes, .. } = &facts.task {
        let classes: Vec<(String, Option<u64>)> = classes.iter().map(|class| (class.clone(), None)).collect();
        let target = facts.target.as_deref().unwrap_or("the target");
        all.push((format!("{target}, {} classes", count(classes.len() as u64)), listed(&classes)));
    }
    let more = facts.remembered.len().saturating_sub(MOST_COLUMNS);
    for own in facts.remembered.iter().take(MOST_COLUMNS) {
        let kind = match own.texts.len() {
            1 => own.kind.one(),
            _ => own.kind.name(),
        };
        all.push((format!("{}, {} {kind}", own.column, count(own.texts.len() as u64)), listed(&own.texts)));
    }
    if more > 0 {
        all.push((format!("{} more columns", count(more as u64)), "not listed here".to_owned()));
    }
    if all.is_empty() {
        all.push(("nothing".to_owned(), "it knows numbers, dates and truth values alone".to_owned()));
    }
    all
}

/// Some texts with their rows, where these are known.
fn listed(texts: &[(String, Option<u64>)]) -> String {
    let short = |text: &str| match text.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None if text.is_empty() => "(empty)".to_owned(),
        None => text.to_owned(),
    };
    let one = |(text, rows): &(String, Option<u64>)| match rows {
        Some(rows) => format!("{} ({})", short(text), count(*rows)),
        None => short(text),
    };
    let shown: Vec<String> = texts.iter().take(MOST_TEXTS).map(one).collect();
    match texts.len().saturating_sub(MOST_TEXTS) {
        0 => shown.join(", "),
        more => format!("{} and {} more", shown.join(", "), count(more as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
        assert_eq!(metric_text("accuracy", 0.8231), "82.3 %");
        assert_eq!(metric_text("roc_auc", 0.8231), "0.8231");
        assert_eq!(metric_text("rmse", 12_345.0), "12.35k");
        assert_eq!([metric_text("size_7", 5.0), metric_text("rows", 9768.0)], ["5", "9\u{202f}768"]);
    }
}

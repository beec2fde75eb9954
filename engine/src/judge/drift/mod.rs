//! Whether rows are still like those that a model learned from, feature by feature, and whether what it says of them is.
//!
//! The population stability index (PSI) compares the shares of bins: the sum of `(q - p) ln(q / p)`, with half a row added to each bin so that an
//! empty one does not make it infinite. Numbers have ten bins at quantiles of the training rows, categories their most frequent levels; NULL, and a
//! level that the model does not know, have bins of their own. The Kolmogorov-Smirnov statistic (KS) is the largest distance of two cumulative
//! distributions.
//!
//! Of rows that have not changed the PSI is not 0 but about `(bins - 1) (1/n + 1/m)`, as it is a multiple of a chi-squared variable (Yurdakul,
//! Naranjo, Journal of Risk Model Validation 2020); so nothing is called drift that chance would do once in a hundred times.

mod observe;
mod truth;

pub use observe::{observe, Observed};
pub use truth::{truth, Truth};

use super::most_probable;
use crate::model::{Baseline, DatePart, Encoding, FeatureStats, InputKind, Model, NumberBins, Task};

/// Bins of a number.
const BINS: usize = 10;
/// Levels with a bin of their own.
const LEVELS: usize = 20;
/// Bins that scores are remembered by.
const SCORE_BINS: usize = 256;
/// What is added to the rows of each bin.
const SMOOTHING: f64 = 0.5;
/// The quantile of the normal distribution that leaves 1 % above.
const Z: f64 = 2.326_347_874_040_841;

/// From which PSI on a feature has moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// A little.
    pub moderate: f64,
    /// Much.
    pub drifted: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { moderate: 0.1, drifted: 0.25 }
    }
}

/// What is said of a feature; the later the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// There is nothing to compare with.
    NotJudged,
    /// Chance alone could do as much.
    TooFewRows,
    /// As in training.
    Stable,
    /// It moved a little.
    Moderate,
    /// It moved much.
    Drifted,
}

impl Verdict {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::NotJudged => "not judged",
            Verdict::TooFewRows => "too few rows",
            Verdict::Stable => "stable",
            Verdict::Moderate => "moderate",
            Verdict::Drifted => "drifted",
        }
    }
}

/// What became of a feature, or of the score.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// Its name.
    pub feature: String,
    /// The population stability index.
    pub psi: Option<f64>,
    /// The Kolmogorov-Smirnov statistic of a number.
    pub ks: Option<f64>,
    /// The share of the rows without a value.
    pub null_rate: Option<f64>,
    /// The share of the rows whose level the model does not know, or whose number is beyond all of training.
    pub unseen_rate: Option<f64>,
    /// What to think of it.
    pub verdict: Verdict,
    /// The PSI that chance would reach once in a hundred times.
    pub chance: Option<f64>,
    /// The share of the training rows without a value.
    pub training_null_rate: Option<f64>,
    /// The share of the held-out rows whose level the model does not know.
    pub training_unseen_rate: Option<f64>,
    /// The rows.
    pub rows: u64,
    /// The rows of training they are compared with.
    pub training_rows: u64,
    /// What else there is to know.
    pub note: &'static str,
}

/// The population stability index of rows by bin, with the number of bins that have rows.
pub fn psi(training: &[f64], now: &[f64]) -> (f64, usize) {
    let used: Vec<(f64, f64)> =
        training.iter().copied().zip(now.iter().copied()).filter(|(a, b)| a + b > 0.0).collect();
    let total = |of: fn(&(f64, f64)) -> f64| used.iter().map(|bin| of(bin) + SMOOTHING).sum::<f64>();
    let (all, all_now) = (total(|bin| bin.0), total(|bin| bin.1));
    let of = |(a, b): &(f64, f64)| {
        let (p, q) = ((a + SMOOTHING) / all, (b + SMOOTHING) / all_now);
        (q - p) * libm::log(q / p)
    };
    (used.iter().map(of).sum(), used.len())
}

/// The PSI that chance reaches once in a hundred times, of so many bins and rows: the quantile of the chi-squared variable by Wilson and Hilferty
/// (1931).
pub fn chance(bins: usize, rows: f64, now: f64) -> f64 {
    let free = bins.saturating_sub(1) as f64;
    if free == 0.0 {
        return 0.0;
    }
    let ninth = 2.0 / (9.0 * free);
    let root = 1.0 - ninth + Z * ninth.sqrt();
    free * root * root * root * (1.0 / rows + 1.0 / now)
}

/// The Kolmogorov-Smirnov statistic of numbers in bins, and of others: those inside each bin, and those before each bin and behind the last. It is
/// exact where bins have one value; else both are compared where bins begin and end.
pub fn ks(bins: &NumberBins, inside: &[u64], gaps: &[u64]) -> Option<f64> {
    let (all, all_now) = (bins.total() as f64, (inside.iter().sum::<u64>() + gaps.iter().sum::<u64>()) as f64);
    if all == 0.0 || all_now == 0.0 {
        return None;
    }
    let (mut below, mut below_now, mut most) = (0u64, 0u64, 0.0f64);
    for (bin, rows) in bins.rows.iter().enumerate() {
        below_now += gaps[bin];
        most = most.max((below as f64 / all - below_now as f64 / all_now).abs());
        below += rows;
        below_now += inside[bin];
        most = most.max((below as f64 / all - below_now as f64 / all_now).abs());
    }
    Some(most)
}

/// Compare what was observed of the features of rows with what training saw; without a baseline, as old versions have none, numbers are not judged.
pub fn features(
    model: &Model,
    baseline: Option<&Baseline>,
    observed: &[Option<Observed>],
    limits: Limits,
) -> Vec<Drift> {
    let mut found = Vec::new();
    for input in &model.inputs {
        for at in input.first as usize..(input.first + input.count) as usize {
            let (Some(feature), Some(Some(own))) = (model.features.get(at), observed.get(at)) else { continue };
            let known = baseline.and_then(|b| b.features.get(at).map(|feature| (b, feature)));
            let mut drift = match &feature.encoding {
                Encoding::Category { levels } | Encoding::Ordered { levels, .. } => {
                    let held = known.map_or((0, 0), |(b, feature)| (b.held_rows, feature.held_unseen));
                    category(&feature.stats, levels.len(), held, own, limits)
                }
                _ => number(&feature.stats, known.and_then(|k| k.1.numbers.as_ref()), own, limits),
            };
            drift.feature.clone_from(&feature.name);
            if drift.verdict > Verdict::Stable {
                let span = observed
                    .get(input.first as usize)
                    .and_then(Option::as_ref)
                    .map_or(0.0, |own| own.range.1 - own.range.0);
                if let Some(note) = passes(input.kind, &feature.encoding, span) {
                    (drift.verdict, drift.note) = (Verdict::NotJudged, note);
                }
            }
            found.push(drift);
        }
    }
    found
}

/// Why a feature of a moment is different without drift, if it is: moments of later rows are later, and parts of them come back only after a while.
fn passes(kind: InputKind, encoding: &Encoding, span: f64) -> Option<&'static str> {
    let days = if kind == InputKind::Date { span + 1.0 } else { span / 86_400.0 };
    match encoding {
        _ if !kind.is_moment() => None,
        Encoding::Part(DatePart::Weekday) => (days < 7.0).then_some("the rows are of less than a week"),
        Encoding::Part(DatePart::Hour) => (days < 1.0).then_some("the rows are of less than a day"),
        _ => Some("time moves on"),
    }
}

/// Compare what a model says of rows with what it said of others `before`, in as many numbers a row; of segments, with those of the training rows.
pub fn scores(model: &Model, before: Option<&[f64]>, now: &[f64], outputs: usize, limits: Limits) -> Drift {
    let sizes = model.body.as_segments().map(|body| &body.sizes);
    let mut drift = match (before, &model.task) {
        (_, Task::Clustering) => {
            let sizes = sizes.map_or(&[][..], Vec::as_slice);
            let mut own = vec![0u64; sizes.len()];
            for segment in now {
                own.get_mut((*segment as usize).wrapping_sub(1)).into_iter().for_each(|rows| *rows += 1);
            }
            let mut sizes = sizes.to_vec();
            if let Some(noise) = model.body.noise() {
                own.push(now.iter().filter(|segment| segment.is_nan()).count() as u64);
                sizes.push(noise);
            }
            labels(&sizes, &own, limits)
        }
        (Some(before), Task::Classification { classes, .. }) if classes.len() > 2 => {
            let count = |scores: &[f64]| {
                let mut rows = vec![0u64; classes.len()];
                scores.chunks_exact(outputs).for_each(|said| rows[most_probable(said)] += 1);
                rows
            };
            let best = |scores: &[f64]| -> Vec<f64> {
                scores.chunks_exact(outputs).map(|said| said[most_probable(said)]).collect()
            };
            let drift = labels(&count(before), &count(now), limits);
            let (bins, own) = of_scores(&best(before), &best(now));
            Drift { ks: ks(&bins, &own.inside, &own.gaps), ..drift }
        }
        (_, Task::Reduction) => Drift {
            note: "components are many numbers: look at the columns",
            ..nothing(now.len() as u64 / outputs.max(1) as u64)
        },
        (Some(before), _) => {
            // Of several treatments the first number is what the best of them changes, which is the answer.
            let answers = |scores: &[f64]| -> Vec<f64> { scores.chunks(outputs.max(1)).map(|said| said[0]).collect() };
            let (bins, own) = match outputs {
                0 | 1 => of_scores(before, now),
                _ => of_scores(&answers(before), &answers(now)),
            };
            let drift = number(&FeatureStats::default(), Some(&bins), &own, limits);
            Drift { training_null_rate: Some(0.0), ..drift }
        }
        (None, _) => Drift { note: "no rows were held out", ..nothing(now.len() as u64 / outputs.max(1) as u64) },
    };
    "(score)".clone_into(&mut drift.feature);
    drift
}

fn of_scores(before: &[f64], now: &[f64]) -> (NumberBins, Observed) {
    let mut sorted: Vec<f64> = before.iter().filter(|v| !v.is_nan()).map(|v| v + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let bins = NumberBins::of_sorted(&sorted, SCORE_BINS);
    let own = Observed::numbers(Some(&bins), now.iter().copied());
    (bins, own)
}

fn nothing(rows: u64) -> Drift {
    Drift {
        feature: String::new(),
        psi: None,
        ks: None,
        null_rate: None,
        unseen_rate: None,
        verdict: Verdict::NotJudged,
        chance: None,
        training_null_rate: None,
        training_unseen_rate: None,
        rows,
        training_rows: 0,
        note: "",
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn number(stats: &FeatureStats, bins: Option<&NumberBins>, own: &Observed, limits: Limits) -> Drift {
    let drift = Drift { null_rate: share(own.missing, own.rows), ..nothing(own.rows) };
    let Some(bins) = bins.filter(|bins| bins.total() + stats.missing > 0) else {
        return Drift { note: "this version keeps no distribution of its training rows: train it again", ..drift };
    };
    let (mut training, mut now, mut first) = (Vec::new(), Vec::new(), 0);
    for end in bins.ends(BINS) {
        training.push(bins.rows[first..end].iter().sum::<u64>() as f64);
        now.push((own.inside[first..end].iter().sum::<u64>() + own.gaps[first..end].iter().sum::<u64>()) as f64);
        first = end;
    }
    let behind = own.gaps.last().copied().unwrap_or(0);
    match now.last_mut() {
        Some(last) => *last += behind as f64,
        None => {
            // All was NULL in training.
            training.push(0.0);
            now.push(behind as f64);
        }
    }
    training.push(stats.missing as f64);
    now.push(own.missing as f64);
    let training_rows = bins.total() + stats.missing;
    let beyond = own.gaps.first().copied().unwrap_or(0) + if own.gaps.len() > 1 { behind } else { 0 };
    judged(
        Drift {
            ks: ks(bins, &own.inside, &own.gaps),
            unseen_rate: share(beyond, own.rows),
            training_null_rate: share(stats.missing, training_rows),
            training_unseen_rate: Some(0.0),
            training_rows,
            ..drift
        },
        &training,
        &now,
        limits,
    )
}

/// Of `held` rows, which are the first of the pair, the second had an unknown level.
fn category(stats: &FeatureStats, levels: usize, held: (u64, u64), own: &Observed, limits: Limits) -> Drift {
    let drift = Drift {
        null_rate: share(own.missing, own.rows),
        unseen_rate: share(own.unseen, own.rows),
        ..nothing(own.rows)
    };
    let known: u64 = stats.level_rows.iter().sum();
    if stats.level_rows.len() != levels + 1 || known + stats.missing == 0 {
        return Drift { note: "this version does not know how many training rows had each level", ..drift };
    }
    let mut order: Vec<usize> = (0..levels).collect();
    order.sort_by(|&a, &b| stats.level_rows[b].cmp(&stats.level_rows[a]).then(a.cmp(&b)));
    let rest = order.split_off(levels.min(LEVELS));
    let mut training: Vec<f64> = order.iter().map(|level| stats.level_rows[*level] as f64).collect();
    let mut now: Vec<f64> = order.iter().map(|level| own.inside[*level] as f64).collect();
    training.push(rest.iter().map(|level| stats.level_rows[*level]).sum::<u64>() as f64);
    now.push(rest.iter().map(|level| own.inside[*level]).sum::<u64>() as f64);
    let pooled = stats.level_rows[levels];
    let unseen = match share(held.1, held.0) {
        // What training rows say of unknown levels flatters: they made the levels known.
        Some(unseen) => {
            let there = share(known, known + stats.missing).unwrap_or(0.0);
            let all = known as f64;
            let scale = (all * (1.0 - (unseen / there).min(1.0))) / (known - pooled).max(1) as f64;
            training.iter_mut().for_each(|rows| *rows *= scale);
            training.push(all * (unseen / there).min(1.0));
            now.push(own.unseen as f64);
            unseen
        }
        None => {
            if let (Some(training), Some(now)) = (training.last_mut(), now.last_mut()) {
                *training += pooled as f64;
                *now += own.unseen as f64;
            }
            pooled as f64 / (known + stats.missing) as f64
        }
    };
    training.push(stats.missing as f64);
    now.push(own.missing as f64);
    let training_rows = known + stats.missing;
    judged(
        Drift {
            training_null_rate: share(stats.missing, training_rows),
            training_unseen_rate: Some(unseen),
            training_rows,
            ..drift
        },
        &training,
        &now,
        limits,
    )
}

/// Labels or segments, which every row has.
fn labels(training: &[u64], now: &[u64], limits: Limits) -> Drift {
    let numbers = |rows: &[u64]| rows.iter().map(|rows| *rows as f64).collect::<Vec<f64>>();
    let drift = Drift { training_rows: training.iter().sum(), ..nothing(now.iter().sum()) };
    judged(drift, &numbers(training), &numbers(now), limits)
}

fn judged(drift: Drift, training: &[f64], now: &[f64], limits: Limits) -> Drift {
    if drift.rows == 0 {
        return Drift { verdict: Verdict::TooFewRows, ..drift };
    }
    let (psi, bins) = psi(training, now);
    let chance = chance(bins, drift.training_rows as f64, drift.rows as f64);
    let verdict = match psi > chance {
        true if psi >= limits.drifted => Verdict::Drifted,
        true if psi >= limits.moderate => Verdict::Moderate,
        // A drift could hide in what chance does.
        false if chance >= limits.drifted => Verdict::TooFewRows,
        _ => Verdict::Stable,
    };
    Drift { psi: Some(psi), chance: Some(chance), verdict, ..drift }
}

/// Whether a feature of an input is compared at all: the weights of single tokens are too many, and say little each.
pub fn is_compared(kind: InputKind, encoding: &Encoding) -> bool {
    !(kind == InputKind::Text && matches!(encoding, Encoding::Token { .. }))
}

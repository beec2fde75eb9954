//! Judging numbers.

mod codes;
mod ends;

use serde_json::{json, Value};

use super::collect::{general, is_unique, Numbers};
use super::ids::are_ids;
use super::role::{Kind, Role};
use super::Severity::{Note, Warning};
use super::{rows_inside, rows_that, steps, ColumnProfile, Histogram, Moments, Summary, ARE, FRACTIONS};
use crate::clean::shown;
use crate::clean::sketch::Ranks;
use crate::error::Result;

/// Ranges of a histogram.
const RANGES: usize = 24;
/// Interquartile ranges from the quartiles to the fences.
const FENCE: f64 = 3.0;
/// Rows that a placeholder has at least, and their share where it is -1.
const FEW: u64 = 3;
const SHARE: f64 = 0.01;
/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// Judge a column of numbers, truth values or moments.
pub fn judge(profile: &mut ColumnProfile, name: &str, kind: Kind, numbers: &Numbers, now: f64) -> Result<()> {
    let items = items(numbers)?;
    let filled = profile.rows - profile.nulls;
    if kind == Kind::Boolean {
        profile.summary.mean = numbers.moments.mean();
    } else {
        profile.summary = summary(&items, &numbers.moments);
    }
    let distinct = profile.distinct.unwrap_or(0);
    profile.role = match kind {
        _ if filled == 0 || filled == numbers.nan => Role::Empty,
        _ if distinct == 1 && profile.nulls == 0 && numbers.nan == 0 && profile.rows > 1 => Role::Constant,
        Kind::Boolean => Role::Boolean,
        Kind::Date => Role::Date,
        Kind::Timestamp | Kind::Timestamptz => Role::Timestamp,
        Kind::Interval => Role::Interval,
        _ if is_flag(numbers) => Role::Boolean,
        _ if numbers.whole
            && numbers.infinite == 0
            && is_unique(distinct, filled, numbers.values.is_exact())
            && are_ids(name, items.iter().map(|item| item.0).collect()) =>
        {
            Role::Id
        }
        _ => Role::Number,
    };
    if matches!(kind, Kind::Date | Kind::Timestamp | Kind::Timestamptz) {
        // A mean of moments is a moment, not a number; their quantiles say it.
        (profile.summary.mean, profile.summary.stddev, profile.summary.skewness) = (None, None, None);
        (profile.summary.fences, profile.summary.outliers) = (None, None);
        let found = ends::judge(profile, kind, &counted(numbers, &items));
        profile.placeholders = Some(found.iter().map(|(_, rows)| rows).sum());
        let scale = if kind == Kind::Date { DAY } else { 1.0 };
        let others: Vec<(f64, u64)> =
            items.iter().filter(|(value, _)| found.iter().all(|(end, _)| end != value)).copied().collect();
        moments(profile, &others, scale, now, true);
        if !found.is_empty() {
            let values = found.iter().map(|(value, _)| json!(ends::spell(kind, *value))).collect();
            profile.steps.push(steps::placeholders(name, values));
        }
    }
    if profile.role == Role::Number {
        let found = judge_ends(profile, &counted(numbers, &items), numbers.whole);
        profile.placeholders = Some(found.iter().map(|(_, rows)| rows).sum());
        if !found.is_empty() {
            let values: Vec<Value> = found.iter().map(|(value, _)| json!(*value as i64)).collect();
            profile.steps.push(steps::placeholders(name, values));
        }
    }
    if matches!(profile.role, Role::Number | Role::Id) && numbers.whole {
        codes::say(profile, name, kind, numbers);
    }
    if numbers.nan > 0 {
        profile.find(Note, rows_that(numbers.nan, profile.rows, ARE, "NaN"));
    }
    if numbers.infinite > 0 {
        profile.find(Warning, rows_that(numbers.infinite, profile.rows, ARE, "infinite"));
    }
    general(profile, name);
    Ok(())
}

/// Whether all numbers are 0 or 1, and both are there.
fn is_flag(numbers: &Numbers) -> bool {
    let known = numbers.values.known();
    numbers.values.is_exact() && known.len() == 2 && known.iter().all(|k| [0.0, 1.0].contains(&numbers.number(k.value)))
}

/// The numbers with their rows, in order: all of them while they fit, or what the quantiles kept.
fn items(numbers: &Numbers) -> Result<Vec<(f64, u64)>> {
    if !numbers.values.is_exact() {
        return numbers.quantiles.items();
    }
    let mut all = frequent(numbers);
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(all)
}

fn frequent(numbers: &Numbers) -> Vec<(f64, u64)> {
    numbers.values.known().iter().map(|k| (numbers.number(k.value), k.rows)).collect()
}

/// The finite ones among items, with the counts of the frequent ones.
fn counted(numbers: &Numbers, items: &[(f64, u64)]) -> Vec<(f64, u64)> {
    let mut all = items.to_vec();
    if !numbers.values.is_exact() {
        all.iter_mut().for_each(|(_, rows)| *rows = 0);
        all.extend(frequent(numbers));
    }
    all.retain(|(value, _)| value.is_finite());
    sort(&mut all);
    all
}

/// What the sorted numbers and their moments say.
pub fn summary(items: &[(f64, u64)], moments: &Moments) -> Summary {
    let ranks = Ranks::of(items.to_vec());
    let quantiles: Vec<f64> = FRACTIONS.iter().filter_map(|(_, fraction)| ranks.at(*fraction)).collect();
    let mut summary = Summary {
        mean: moments.mean(),
        stddev: moments.stddev(),
        skewness: moments.skewness(),
        quantiles,
        ..Summary::default()
    };
    if let [_, _, low, _, high, ..] = summary.quantiles[..] {
        let reach = FENCE * (high - low);
        if reach > 0.0 && reach.is_finite() {
            let fences = (low - reach, high + reach);
            summary.fences = Some(fences);
            let beyond = items.iter().filter(|(value, _)| *value < fences.0 || *value > fences.1);
            summary.outliers = Some(beyond.map(|(_, rows)| rows).sum());
        }
    }
    summary.histogram = histogram(items, &summary).unwrap_or_default();
    summary
}

/// The numbers in ranges of equal width; far ones are in the ranges at the ends, so that they do not hide the others.
fn histogram(items: &[(f64, u64)], summary: &Summary) -> Option<Histogram> {
    let finite = || items.iter().filter(|(value, _)| value.is_finite());
    let (first, last) = (finite().next()?.0, finite().next_back()?.0);
    let [below, .., above] = summary.quantiles[..] else { return None };
    let near = 1.5 * (above - below);
    let (low, high) = (first.max(below - near), last.min(above + near));
    if !(high > low && (high - low).is_finite()) {
        return None;
    }
    let mut rows = vec![0u64; RANGES];
    for (value, weight) in finite() {
        let range = ((value - low) / (high - low) * RANGES as f64).floor().clamp(0.0, RANGES as f64 - 1.0) as usize;
        rows[range] += weight;
    }
    Some(Histogram { low, high, rows })
}

/// Say which numbers at the ends are for a missing value and which are far out; answer the former, with their rows. `known` is sorted.
fn judge_ends(profile: &mut ColumnProfile, known: &[(f64, u64)], whole: bool) -> Vec<(f64, u64)> {
    let ends = ends(known, whole);
    for (meaning, says) in [
        (Meaning::Missing, "stand for a missing value, far from all other numbers"),
        (Meaning::Nines, "may stand for a missing value, far from all other numbers"),
        (Meaning::MinusOne, "may stand for a missing value, the only number below 0"),
    ] {
        let texts: Vec<String> = ends
            .iter()
            .filter(|end| end.meaning == meaning)
            .map(|end| format!("{} ({})", end.value, rows_inside(end.rows, profile.rows)))
            .collect();
        if !texts.is_empty() {
            let severity = if meaning == Meaning::Missing { Warning } else { Note };
            profile.find(severity, format!("{says}: {}", texts.join(", ")));
        }
    }
    say_outliers(profile, &ends);
    ends.iter().filter(|end| end.meaning == Meaning::Missing).map(|end| (end.value, end.rows)).collect()
}

/// What a number at an end may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// -99, -999, ...: nothing else is written so.
    Missing,
    /// 99, 999, ..., and the ends of an integer: a price of 999 or the end of a scale are written so too.
    Nines,
    /// -1 among counts: a balance or a temperature may be -1.
    MinusOne,
}

/// A number at an end that is not like the others.
#[derive(Debug, Clone, Copy)]
struct End {
    value: f64,
    rows: u64,
    meaning: Meaning,
}

/// Numbers at the ends that may stand for a missing value: 9, 99, 999 ... of either sign that are farther from all others than those are from
/// each other, and -1 as the only negative among many whole numbers. `known` is sorted.
fn ends(known: &[(f64, u64)], whole: bool) -> Vec<End> {
    let all: u64 = known.iter().map(|(_, rows)| rows).sum();
    let mut found = Vec::new();
    let mut rest = known;
    while let [first, others @ ..] = rest {
        let Some(end) = end(*first, others, all, whole) else { break };
        found.push(end);
        rest = others;
    }
    while let [others @ .., last] = rest {
        let Some(end) = end(*last, others, all, whole) else { break };
        found.push(end);
        rest = others;
    }
    found
}

fn end((value, rows): (f64, u64), others: &[(f64, u64)], all: u64, whole: bool) -> Option<End> {
    let ([(low, _), .., (high, _)], true) = (others, others.len() >= 3 && rows >= FEW) else { return None };
    let nines = |value: f64| (2..=9).any(|digits| value.abs() == 10f64.powi(digits) - 1.0);
    // The ends of an integer.
    let limit = value == f64::from(i32::MAX) || value == f64::from(i32::MIN);
    let gap = if value < *low { low - value } else { value - high };
    let meaning = match () {
        _ if limit && gap > high - low => Meaning::Nines,
        // Among balances and longitudes a number below zero may be one of them.
        _ if nines(value) && gap > high - low => {
            match value < 0.0 && others.iter().all(|(v, _)| *v >= 0.0 || nines(*v)) {
                true => Meaning::Missing,
                false => Meaning::Nines,
            }
        }
        _ if value == -1.0 && whole && *low >= 0.0 && others.len() > 10 && rows as f64 >= SHARE * all as f64 => {
            Meaning::MinusOne
        }
        _ => return None,
    };
    Some(End { value, rows, meaning })
}

/// Say how many numbers are far out, but for those of which something was said.
fn say_outliers(profile: &mut ColumnProfile, ends: &[End]) {
    let said: u64 = ends.iter().map(|end| end.rows).sum();
    let outliers = profile.summary.outliers.map(|outliers| outliers.saturating_sub(said));
    if let (Some(outliers @ 1..), Some((low, high))) = (outliers, profile.summary.fences) {
        let far = format!(
            "more than {FENCE} interquartile ranges from the quartiles, below {} or above {}",
            shown(low),
            shown(high)
        );
        let about = if profile.exact { "" } else { "about " };
        profile.find(Note, format!("{about}{}", rows_that(outliers, profile.rows, ARE, &far)));
    }
    if let Some(skewness) = profile.summary.skewness.filter(|s| s.abs() > 10.0) {
        profile.find(Note, format!("very skewed ({skewness:.0})"));
    }
}

/// What is wrong with moments; `scale` is the seconds of their unit, `calendar` whether it is said that they may be of another one.
fn moments(profile: &mut ColumnProfile, items: &[(f64, u64)], scale: f64, now: f64, calendar: bool) {
    let finite = items.iter().filter(|(value, _)| value.is_finite());
    let year = 365.25 * DAY;
    let (mut future, mut far, mut old, mut all) = (0u64, 0u64, 0u64, 0u64);
    for (value, rows) in finite {
        let seconds = value * scale;
        all += rows;
        if seconds > now + 50.0 * year {
            far += rows;
        } else if seconds > now + DAY {
            future += rows;
        } else if seconds < -100.0 * year {
            old += rows;
        }
    }
    // Where most are so, it is not they that are wrong.
    let other = |rows: u64, say: &str| match calendar && rows * 2 > all {
        true => format!("{say}, or of another calendar, such as the Buddhist, the Nepalese or the Islamic one"),
        false => say.to_owned(),
    };
    let rows = profile.rows;
    if far > 0 {
        profile.find(Warning, rows_that(far, rows, ARE, &other(far, "more than 50 years in the future")));
    }
    if future > 0 {
        profile.find(Note, rows_that(future, rows, ARE, "in the future"));
    }
    if old > 0 {
        profile.find(Warning, rows_that(old, rows, ARE, &other(old, "before 1900")));
    }
}

/// Judge the numbers that texts are, and answer which stand for a missing value. `all` is what is known of every row's number where
/// not all different texts are: `numbers` are of those that are.
pub fn judge_parsed(
    profile: &mut ColumnProfile,
    mut numbers: Vec<(f64, u64)>,
    all: Option<(Summary, Vec<(f64, u64)>)>,
) -> Vec<(f64, u64)> {
    sort(&mut numbers);
    let mut moments = Moments::default();
    numbers.iter().for_each(|(value, rows)| moments.add_rows(*value, *rows));
    profile.summary = match all {
        None => summary(&numbers, &moments),
        Some((summary, items)) => {
            // The sketch has every range, the known texts have the counts.
            numbers.extend(items.iter().map(|(value, _)| (*value, 0)));
            sort(&mut numbers);
            summary
        }
    };
    let whole = numbers.iter().all(|(value, _)| value.fract() == 0.0);
    judge_ends(profile, &numbers, whole)
}

/// Sort numbers and join equal ones.
fn sort(numbers: &mut Vec<(f64, u64)>) {
    numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
    numbers.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        kept.1 += if same { next.1 } else { 0 };
        same
    });
}

/// Judge the moments that texts are, in seconds since 2000-01-01, and answer which stand for none; `sure` is whether their counts are exact.
pub fn judge_parsed_moments(profile: &mut ColumnProfile, seconds: &[(f64, u64)], now: f64, sure: bool) -> Vec<f64> {
    let mut known = seconds.to_vec();
    sort(&mut known);
    let kind = if sure { Kind::Timestamp } else { Kind::Timestamptz };
    let found: Vec<f64> = ends::judge(profile, kind, &known).into_iter().map(|(value, _)| value).collect();
    known.retain(|(value, _)| !found.contains(value));
    moments(profile, &known, 1.0, now, false);
    found
}

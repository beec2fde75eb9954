//! What segments are called: a few plain words by what sets each apart, different for each, the same for the same rows.

use std::collections::HashSet;

use super::effects::{kind, Effect, What};
use super::shown::value_of;
use crate::clean::shown;
use crate::model::{InputKind, Model, SegmentFacts, Trait, TraitKind};

/// A second trait is told where it is as large as this (Cohen's "large").
const LARGE: f64 = 0.8;
/// Below this (Cohen's "medium") in all respects, a segment is still an average one when it is trained again.
const MEDIUM: f64 = 0.5;
/// Traits of a name at most.
const MOST_TRAITS: usize = 4;
/// Letters of a column or level that a name shows.
const MOST_LETTERS: usize = 30;

/// Levels that say nothing without their column.
const VAGUE: [&str; 18] = [
    "yes", "no", "true", "false", "other", "others", "none", "unknown", "high", "low", "medium", "null", "missing",
    "new", "old", "default", "active", "inactive",
];

/// Name all segments; those that have a name `kept` keep it.
pub fn names(model: &Model, facts: &SegmentFacts, kept: Vec<Option<Vec<Trait>>>) -> Vec<Vec<Trait>> {
    let count = facts.sizes.len();
    let traits: Vec<Vec<(Trait, f64)>> = (0..count).map(|s| traits(model, facts, s)).collect();
    let kept: Vec<Option<Vec<Trait>>> = kept.into_iter().chain(std::iter::repeat(None)).take(count).collect();
    let fixed: Vec<bool> = kept.iter().map(Option::is_some).collect();
    let first = |s: usize| {
        let many = traits[s].get(1).is_some_and(|second| second.1 >= LARGE);
        let named: Vec<Trait> = traits[s].iter().take(1 + usize::from(many)).map(|t| t.0).collect();
        if named.is_empty() {
            vec![Trait { feature: 0, kind: TraitKind::Average }]
        } else {
            named
        }
    };
    let mut names: Vec<Vec<Trait>> = kept.into_iter().enumerate().map(|(s, k)| k.unwrap_or_else(|| first(s))).collect();
    // More traits where some are called the same.
    for _ in 0..MOST_TRAITS {
        let mut changed = false;
        for s in alike(model, &names) {
            let next = traits[s].get(names[s].len()).filter(|_| !fixed[s] && names[s].len() < MOST_TRAITS);
            if let Some((next, _)) = next.filter(|_| names[s][0].kind != TraitKind::Average) {
                names[s].push(*next);
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for s in alike(model, &names).into_iter().filter(|s| !fixed[*s]) {
        if let Some(about) = about(model, facts, s) {
            // The value says more than that it is high or low.
            names[s].retain(|t| t.feature != about.feature && t.kind != TraitKind::Average);
            names[s].push(about);
        }
    }
    let mut taken: HashSet<String> = (0..count).filter(|s| fixed[*s]).map(|s| key(model, &names[s])).collect();
    for s in (0..count).filter(|s| !fixed[*s]) {
        if !taken.insert(key(model, &names[s])) {
            names[s].push(Trait { feature: 0, kind: TraitKind::Number(s as u32 + 1) });
            taken.insert(key(model, &names[s]));
        }
    }
    names
}

/// The segments that are called as another one is.
fn alike(model: &Model, names: &[Vec<Trait>]) -> Vec<usize> {
    let keys: Vec<String> = names.iter().map(|name| key(model, name)).collect();
    let mut count = std::collections::HashMap::new();
    keys.iter().for_each(|key| *count.entry(key.as_str()).or_insert(0u32) += 1);
    (0..names.len()).filter(|s| count[keys[*s].as_str()] > 1).collect()
}

/// What a name says, in whatever order.
fn key(model: &Model, traits: &[Trait]) -> String {
    let mut words: Vec<String> = traits.iter().map(|t| words(model, t)).collect();
    words.sort_unstable();
    words.join("\0")
}

/// What may be said of a segment, at most one of a column, with its size: what it has before what it lacks.
fn traits(model: &Model, facts: &SegmentFacts, segment: usize) -> Vec<(Trait, f64)> {
    let mut all: Vec<(Trait, f64)> = Vec::new();
    for effect in Effect::all(model, facts, segment) {
        if let Some(kind) = said(model, &effect) {
            let feature = effect.feature as u32;
            if !all.iter().any(|(t, _)| t.feature == feature) {
                all.push((Trait { feature, kind }, effect.effect.abs()));
            }
        }
    }
    all.sort_by_key(|(t, _)| matches!(t.kind, TraitKind::Without(_) | TraitKind::False));
    all
}

fn said(model: &Model, effect: &Effect) -> Option<TraitKind> {
    let more = effect.effect > 0.0;
    match effect.what {
        What::Number => Some(if more { TraitKind::High } else { TraitKind::Low }),
        What::True => Some(match (more, effect.inside >= 0.5) {
            (true, true) => TraitKind::True,
            (true, false) => TraitKind::High,
            (false, true) => TraitKind::Low,
            (false, false) => TraitKind::False,
        }),
        What::Level(level) if more => {
            Some(if effect.inside >= 0.5 { TraitKind::Level(level) } else { TraitKind::Often(level) })
        }
        What::Level(level) => (effect.inside <= 0.05).then_some(TraitKind::Without(level)),
        What::Missing => more.then_some(TraitKind::Missing),
    }
    .filter(|_| model.features.get(effect.feature).is_some())
}

/// The number of a segment that is farthest from that of the others, as it is.
fn about(model: &Model, facts: &SegmentFacts, segment: usize) -> Option<Trait> {
    let all = (0..facts.features.len())
        .filter(|f| kind(model, *f) != InputKind::Boolean)
        .filter_map(|f| Effect::one(model, facts, segment, f, What::Number));
    let farthest = all.reduce(|a, b| if b.effect.abs() > a.effect.abs() { b } else { a })?;
    let value = shown(farthest.inside).parse().unwrap_or(farthest.inside);
    Some(Trait { feature: farthest.feature as u32, kind: TraitKind::About(value) })
}

/// The name of a segment.
pub fn name(model: &Model, traits: &[Trait]) -> String {
    let mut out = String::new();
    for t in traits {
        if !out.is_empty() {
            out += if matches!(t.kind, TraitKind::Number(_)) { " " } else { ", " };
        }
        out += &words(model, t);
    }
    out
}

fn words(model: &Model, t: &Trait) -> String {
    let of = t.feature as usize;
    let feature = model.features.get(of);
    let column = || cut(&feature.map_or("", |f| f.name.as_str()).replace('_', " "));
    let level = |level: u32| level_words(model, of, level as usize, &column());
    let kind = kind(model, of);
    match (t.kind, kind) {
        (TraitKind::High, InputKind::Boolean) => format!("often {}", column()),
        (TraitKind::Low, InputKind::Boolean) => format!("seldom {}", column()),
        (TraitKind::High, InputKind::Date | InputKind::Timestamp | InputKind::Timestamptz) => {
            format!("late {}", column())
        }
        (TraitKind::Low, InputKind::Date | InputKind::Timestamp | InputKind::Timestamptz) => {
            format!("early {}", column())
        }
        (TraitKind::High, InputKind::Interval) => format!("long {}", column()),
        (TraitKind::Low, InputKind::Interval) => format!("short {}", column()),
        (TraitKind::High, _) => format!("high {}", column()),
        (TraitKind::Low, _) => format!("low {}", column()),
        (TraitKind::Level(l), _) => level(l),
        (TraitKind::Often(l), _) => format!("often {}", level(l)),
        (TraitKind::Without(l), _) => format!("not {}", level(l)),
        (TraitKind::True, _) => column(),
        (TraitKind::False, _) => format!("not {}", column()),
        (TraitKind::Missing, _) => format!("without {}", column()),
        (TraitKind::About(value), kind) => match value_of(value, kind) {
            serde_json::Value::String(text) => format!("{} about {text}", column()),
            _ => format!("{} about {}", column(), shown(format!("{value:.2e}").parse().unwrap_or(value))),
        },
        (TraitKind::Average, _) => "average".to_owned(),
        (TraitKind::Number(number), _) => format!("#{number}"),
    }
}

/// A level by itself where it says enough, else behind its column.
fn level_words(model: &Model, feature: usize, level: usize, column: &str) -> String {
    let levels = |f: usize| model.features.get(f).map_or(&[][..], |f| f.encoding.levels());
    let text = levels(feature).get(level).map_or("", String::as_str);
    let elsewhere = (0..model.features.len()).any(|f| f != feature && levels(f).iter().any(|l| l == text));
    let plain =
        text.chars().filter(|c| c.is_alphabetic()).count() >= 3 && text.chars().next().is_some_and(char::is_alphabetic);
    let shown = cut(text);
    match plain && !elsewhere && !VAGUE.contains(&text.to_lowercase().as_str()) {
        true => shown,
        false => format!("{column} {shown}"),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The names of another version for the segments that still are what these say; `before` is by segment the one of the other version.
pub fn keep_names(
    (other, of_other): (&Model, &SegmentFacts),
    (model, facts): (&Model, &SegmentFacts),
    before: &[Option<usize>],
) -> Vec<Option<Vec<Trait>>> {
    let keep = |(segment, before): (usize, &Option<usize>)| {
        let name = of_other.names.get((*before)?)?;
        let same: Option<Vec<Trait>> = name.iter().map(|t| translated(other, model, t)).collect();
        same.filter(|name| !name.is_empty() && name.iter().all(|t| holds(model, facts, segment, t)))
    };
    before.iter().enumerate().map(keep).collect()
}

/// A trait by the features and levels of another model.
fn translated(other: &Model, model: &Model, t: &Trait) -> Option<Trait> {
    if matches!(t.kind, TraitKind::Average | TraitKind::Number(_)) {
        return Some(*t);
    }
    let old = other.features.get(t.feature as usize)?;
    let feature = model.features.iter().position(|f| f.name == old.name)?;
    let level = |level: u32| {
        let text = old.encoding.levels().get(level as usize)?;
        model.features[feature].encoding.levels().iter().position(|l| l == text).map(|l| l as u32)
    };
    let kind = match t.kind {
        TraitKind::Level(l) => TraitKind::Level(level(l)?),
        TraitKind::Often(l) => TraitKind::Often(level(l)?),
        TraitKind::Without(l) => TraitKind::Without(level(l)?),
        kind => kind,
    };
    Some(Trait { feature: feature as u32, kind })
}

/// Whether a trait is still true of a segment, with some room, so that names do not change for little.
fn holds(model: &Model, facts: &SegmentFacts, segment: usize, t: &Trait) -> bool {
    let feature = t.feature as usize;
    let number = if kind(model, feature) == InputKind::Boolean { What::True } else { What::Number };
    let is = |what, test: &dyn Fn(&Effect) -> bool| {
        Effect::one(model, facts, segment, feature, what).is_some_and(|e| test(&e))
    };
    match t.kind {
        TraitKind::High => is(number, &|e| e.effect >= super::effects::SMALL),
        TraitKind::Low => is(number, &|e| e.effect <= -super::effects::SMALL),
        TraitKind::Level(l) => is(What::Level(l), &|e| e.effect > 0.0 && e.inside >= 0.4),
        TraitKind::Often(l) => is(What::Level(l), &|e| e.effect >= 0.1),
        TraitKind::Without(l) => is(What::Level(l), &|e| e.effect < 0.0 && e.inside <= 0.1),
        TraitKind::True => is(What::True, &|e| e.effect > 0.0 && e.inside >= 0.4),
        TraitKind::False => is(What::True, &|e| e.effect < 0.0 && e.inside <= 0.6),
        TraitKind::Missing => is(What::Missing, &|e| e.effect >= 0.1),
        TraitKind::About(value) => is(What::Number, &|e| {
            let stddev = ((e.inside - e.others) / e.effect).abs();
            stddev.is_finite() && (e.inside - value).abs() <= 0.25 * stddev
        }),
        TraitKind::Average => Effect::all(model, facts, segment).first().is_none_or(|e| e.effect.abs() < MEDIUM),
        TraitKind::Number(number) => number as usize == segment + 1,
    }
}

//! Segments as a page shows them, made of what is known of them.

use super::plot::theme::{number, percent};
use super::plot::{MapCentre, SegmentPlane};
use super::words::count;
use crate::judge::segments::{self, Effect, What};
use crate::model::{InputKind, Model, SegmentFacts, SegmentMap};

/// What is told of a segment, and columns and segments of a table of profiles, at most.
const MOST_APART: usize = 5;
const MOST_COLUMNS: usize = 40;
pub(super) const MOST_SEGMENTS: usize = 24;
/// Columns that name a direction of the map.
const MOST_NAMED: usize = 2;

/// Segments for people.
#[derive(Debug, Clone, Default)]
pub struct SegmentStories {
    /// Each segment.
    pub all: Vec<SegmentStory>,
    /// By column, its name and what it is in each segment.
    pub profile: Vec<(String, Vec<String>)>,
    /// Where rows and segments lie; `None` where there is no map.
    pub map: Option<SegmentPlane>,
    /// The column that says what rows are worth.
    pub value_column: Option<String>,
}

/// A segment for people.
#[derive(Debug, Clone, Default)]
pub struct SegmentStory {
    /// Its name.
    pub name: String,
    /// Its training rows.
    pub size: u64,
    /// Their share.
    pub share: f64,
    /// What sets it apart, each a clause.
    pub apart: Vec<String>,
    /// The row nearest to its centre: columns and values.
    pub typical: Vec<(String, String)>,
    /// What a row is worth on average, all are together, and their share of all.
    pub value: Option<(f64, f64, Option<f64>)>,
    /// The mean silhouette coefficient.
    pub silhouette: Option<f64>,
}

/// Tell the segments of a model.
pub fn stories(model: &Model, facts: &SegmentFacts) -> SegmentStories {
    let total = facts.sizes.iter().sum::<u64>().max(1) as f64;
    let of = |i: usize| SegmentStory {
        name: segments::name(model, &facts.names[i]),
        size: facts.sizes[i],
        share: facts.sizes[i] as f64 / total,
        apart: apart(model, facts, i),
        typical: typical(model, facts, i),
        value: value(facts, i),
        silhouette: facts.silhouette[i],
    };
    let all: Vec<SegmentStory> = (0..facts.sizes.len()).map(of).collect();
    let map = plane(model, &facts.map, &all);
    SegmentStories {
        profile: profile(model, facts),
        map,
        value_column: facts.value.as_ref().map(|v| v.column.clone()),
        all,
    }
}

fn value(facts: &SegmentFacts, segment: usize) -> Option<(f64, f64, Option<f64>)> {
    let value = facts.value.as_ref().filter(|v| v.rows[segment] > 0)?;
    let (total, all) = (value.total[segment], value.total.iter().sum::<f64>());
    Some((total / value.rows[segment] as f64, total, (all > 0.0 && total >= 0.0).then(|| total / all)))
}

/// A value of JSON as a page shows it.
fn text_of(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => "–".to_owned(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(n) => n.as_f64().map_or_else(String::new, number),
        serde_json::Value::Array(values) => {
            let more = if values.len() > 3 { ", …" } else { "" };
            format!("[{}{more}]", values.iter().take(3).map(text_of).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// What sets a segment apart, the largest difference of each column.
fn apart(model: &Model, facts: &SegmentFacts, segment: usize) -> Vec<String> {
    let mut all: Vec<Effect> = Vec::new();
    for effect in Effect::all(model, facts, segment) {
        if all.len() < MOST_APART && all.iter().all(|e| e.feature != effect.feature) {
            all.push(effect);
        }
    }
    all.iter().map(|e| clause(model, e)).collect()
}

/// What differs, as a clause.
fn clause(model: &Model, e: &Effect) -> String {
    let feature = &model.features[e.feature];
    let column = &feature.name;
    let shares = || format!("in {} of its rows, {} of the others", percent(e.inside), percent(e.others));
    match e.what {
        What::Number => {
            let kind = segments::kind(model, e.feature);
            let write = |v: f64| text_of(&segments::value_of(v, kind));
            format!("{column}: {} on average, {} in the others", write(e.inside), write(e.others))
        }
        What::Level(level) => {
            let level = feature.encoding.levels().get(level as usize).map_or("", String::as_str);
            format!("{column}: {level} {}", shares())
        }
        What::True => format!("{column}: true {}", shares()),
        What::Missing => format!("{column}: missing {}", shares()),
    }
}

fn typical(model: &Model, facts: &SegmentFacts, segment: usize) -> Vec<(String, String)> {
    let Some(serde_json::Value::Array(rows)) = segments::typical(model, facts, segment) else { return Vec::new() };
    let first = rows.first().and_then(serde_json::Value::as_object);
    first.into_iter().flatten().take(MOST_COLUMNS).map(|(name, value)| (name.clone(), text_of(value))).collect()
}

/// What each column is in each segment: the mean, or the most frequent level with its share.
fn profile(model: &Model, facts: &SegmentFacts) -> Vec<(String, Vec<String>)> {
    if facts.features.is_empty() {
        return Vec::new();
    }
    let shown = facts.sizes.len().min(MOST_SEGMENTS);
    let centres: Vec<serde_json::Value> = (0..shown).map(|i| segments::centre(model, facts, i)).collect();
    let cell = |centre: &serde_json::Value, name: &str, kind: InputKind| {
        let own = &centre[name];
        match kind {
            InputKind::Boolean => {
                own["true"].as_f64().map_or_else(|| "–".to_owned(), |share| format!("true {}", percent(share)))
            }
            InputKind::Category => match own["level"].as_str() {
                Some(level) => format!("{level} {}", percent(own["shares"][level].as_f64().unwrap_or(0.0))),
                None => "–".to_owned(),
            },
            _ => text_of(&own["mean"]),
        }
    };
    let row = |input: &crate::model::Input| {
        (input.name.clone(), centres.iter().map(|c| cell(c, &input.name, input.kind)).collect())
    };
    model.inputs.iter().take(MOST_COLUMNS).map(row).collect()
}

fn plane(model: &Model, map: &SegmentMap, all: &[SegmentStory]) -> Option<SegmentPlane> {
    if map.variance.len() != 2 {
        return None;
    }
    let axis = |direction: usize| {
        let share = map.variance[direction];
        let mut order: Vec<(usize, f64)> = map.loadings[direction].iter().copied().enumerate().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let named: Vec<&str> = order
            .iter()
            .take(MOST_NAMED)
            .filter(|(_, share)| *share >= 0.15)
            .filter_map(|(f, _)| model.features.get(*f).map(|f| f.name.as_str()))
            .collect();
        let named = if named.is_empty() { "many columns".to_owned() } else { named.join(", ") };
        format!("mostly {named} ({} of the variance)", percent(share))
    };
    let at = |i: usize| (map.centres[2 * i], map.centres[2 * i + 1]);
    let spread = |i: usize| [map.spread[3 * i], map.spread[3 * i + 1], map.spread[3 * i + 2]];
    let centre = |(i, story): (usize, &SegmentStory)| MapCentre {
        at: at(i),
        spread: spread(i),
        name: format!("{} {}", i + 1, story.name),
    };
    let points = map.points.chunks_exact(2).map(|p| (f64::from(p[0]), f64::from(p[1])));
    Some(SegmentPlane {
        axes: [axis(0), axis(1)],
        centres: all.iter().enumerate().map(centre).collect(),
        points: points.zip(map.segments.iter().map(|s| *s as usize)).collect(),
    })
}

impl SegmentStory {
    /// Its rows and their share, and its worth, in words.
    pub fn size_text(&self) -> String {
        format!("{} rows, {}", count(self.size), percent(self.share))
    }
}

/// When the segments are not to be trusted, each a sentence.
pub(super) fn doubts(stories: &SegmentStories) -> Vec<String> {
    let mut all = Vec::new();
    let named = |(i, s): (usize, &SegmentStory)| format!("{} ({})", i + 1, s.name);
    let weak: Vec<String> = stories
        .all
        .iter()
        .enumerate()
        .filter(|(_, s)| s.silhouette.is_some_and(|silhouette| silhouette < 0.1))
        .take(10)
        .map(named)
        .collect();
    if !weak.is_empty() {
        all.push(format!(
            "For single rows of segment {}: rows there are about as near to another centre (a silhouette below 0.1).",
            weak.join(", ")
        ));
    }
    let plain: Vec<String> =
        stories.all.iter().enumerate().filter(|(_, s)| s.apart.is_empty()).take(10).map(named).collect();
    if !plain.is_empty() && stories.all.len() > 1 {
        all.push(format!("To talk to segment {}: no column sets it apart from the others.", plain.join(", ")));
    }
    let few: Vec<String> = stories.all.iter().enumerate().filter(|(_, s)| s.size < 30).take(10).map(named).collect();
    if !few.is_empty() {
        all.push(format!("For figures of segment {}: fewer than 30 rows.", few.join(", ")));
    }
    all.push("As if they were nature: a clustering cuts any rows into as many groups as it is asked for. orchard.stability says which are found again in other samples.".to_owned());
    all
}

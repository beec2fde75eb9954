//! Centres, differences and typical rows as JSON.

use serde_json::{json, Map, Value};

use super::effects::{kind, Effect, What};
use crate::clean::shown;
use crate::judge::given::shown_number;
use crate::model::{Input, InputKind, Model, SegmentFacts};

/// Levels of a category that a centre names, and differences that are told.
const MOST_LEVELS: usize = 10;
const MOST_EFFECTS: usize = 10;

/// What stands for all levels that a model does not tell apart.
const OTHER: &str = "(other)";

/// A number with six digits.
fn round(value: f64) -> Value {
    shown(value + 0.0).parse::<f64>().map_or(Value::Null, |v| json!(v))
}

/// A value of a column of a kind: dates, times and time spans as texts that PostgreSQL reads.
pub fn value_of(value: f64, kind: InputKind) -> Value {
    match kind {
        _ if value.is_nan() => Value::Null,
        InputKind::Boolean => json!(value != 0.0),
        InputKind::Date => json!(shown_number(value.round(), kind)),
        InputKind::Timestamp | InputKind::Timestamptz | InputKind::Interval => json!(shown_number(value.round(), kind)),
        _ => round(value),
    }
}

/// The centre of a segment in the units of the columns: an object of columns.
pub fn centre(model: &Model, facts: &SegmentFacts, segment: usize) -> Value {
    let mut out = Map::new();
    for input in &model.inputs {
        if let Some(of_column) = of_column(model, facts, segment, input) {
            out.insert(input.name.clone(), of_column);
        }
    }
    Value::Object(out)
}

fn of_column(model: &Model, facts: &SegmentFacts, segment: usize, input: &Input) -> Option<Value> {
    let (first, count) = (input.first as usize, input.count as usize);
    let own = facts.features.get(first..first + count)?;
    let one = own.first()?;
    let weight = facts.weights.get(segment).copied().unwrap_or(0.0);
    let of_all = |part: f64| if weight > 0.0 { round(part / weight) } else { Value::Null };
    let missing = of_all(one.missing[segment]);
    let cells = one.levels.len() / facts.weights.len().max(1);
    if cells > 0 {
        let levels = model.features[first].encoding.levels();
        let shares = &one.levels[segment * cells..(segment + 1) * cells];
        let mut order: Vec<usize> = (0..levels.len()).filter(|&l| shares[l] > 0.0).collect();
        order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
        let named: Map<String, Value> =
            order.iter().take(MOST_LEVELS).map(|&l| (levels[l].clone(), of_all(shares[l]))).collect();
        let other: f64 = order.iter().skip(MOST_LEVELS).map(|&l| shares[l]).sum::<f64>() + shares[cells - 1];
        let most = order.first().map(|&l| levels[l].clone());
        return Some(json!({"level": most, "shares": named, "other": of_all(other), "missing": missing}));
    }
    let known = |f: &crate::model::SegmentFeature| f.known[segment] > 0.0;
    let mean = |f: &crate::model::SegmentFeature| if known(f) { f.mean[segment] } else { f64::NAN };
    Some(match input.kind {
        InputKind::Boolean => json!({"true": round(mean(one)), "missing": missing}),
        InputKind::Array => json!({"mean": own.iter().map(|f| round(mean(f))).collect::<Vec<_>>(), "missing": missing}),
        kind => {
            let stddev = if known(one) { one.stddev[segment] } else { f64::NAN };
            let stddev = match kind {
                InputKind::Timestamp | InputKind::Timestamptz => value_of(stddev, InputKind::Interval),
                InputKind::Date => value_of(stddev * 86_400.0, InputKind::Interval),
                kind => value_of(stddev, kind),
            };
            json!({"mean": value_of(mean(one), kind), "stddev": stddev, "missing": missing})
        }
    })
}

/// What sets a segment apart, the largest effects first: an array of objects.
pub fn distinctive(model: &Model, facts: &SegmentFacts, segment: usize) -> Value {
    Effect::all(model, facts, segment).iter().take(MOST_EFFECTS).map(|e| told(model, e)).collect()
}

fn told(model: &Model, e: &Effect) -> Value {
    let feature = &model.features[e.feature];
    let kind = kind(model, e.feature);
    if e.what == What::Number {
        let value = |v: f64| value_of(v, kind);
        return json!({
            "column": feature.name, "kind": "mean", "value": value(e.inside), "others": value(e.others),
            "overall": value(e.overall), "effect": round(e.effect),
        });
    }
    let level = match e.what {
        What::Level(level) => feature.encoding.levels().get(level as usize).map_or(Value::Null, |l| json!(l)),
        What::True => json!("true"),
        _ => Value::Null,
    };
    // Half a row more on either side, so that there is always an answer (Haldane 1956).
    let odds = |share: f64, weight: f64| libm::log((share * weight + 0.5) / ((1.0 - share) * weight + 0.5));
    let log_odds = odds(e.inside, e.weights.0) - odds(e.others, e.weights.1);
    let what = if e.what == What::Missing { "missing" } else { "level" };
    json!({
        "column": feature.name, "kind": what, "value": level, "share": round(e.inside), "others": round(e.others),
        "overall": round(e.overall), "lift": round(e.inside / e.overall), "log_odds": round(log_odds),
        "effect": round(e.effect),
    })
}

/// The rows nearest to the centre: an array of objects of columns; `None` where none are kept.
pub fn typical(model: &Model, facts: &SegmentFacts, segment: usize) -> Option<Value> {
    let rows = facts.typical.get(segment).filter(|rows| !rows.is_empty())?;
    Some(rows.chunks_exact(model.features.len().max(1)).map(|row| row_of(model, row)).collect())
}

fn row_of(model: &Model, row: &[f64]) -> Value {
    let cell = |input: &Input| {
        let own = &row[input.first as usize..(input.first + input.count) as usize];
        let value = match (input.kind, own) {
            (InputKind::Array, own) => own.iter().map(|v| value_of(*v, InputKind::Number)).collect(),
            (InputKind::Category, [code]) if !code.is_nan() => {
                let levels = model.features[input.first as usize].encoding.levels();
                json!(levels.get(*code as usize).map_or(OTHER, String::as_str))
            }
            (kind @ (InputKind::Timestamp | InputKind::Timestamptz | InputKind::Date), [v]) if !v.is_nan() => {
                json!(shown_number(*v, kind))
            }
            (kind, own) => value_of(own.first().copied().unwrap_or(f64::NAN), kind),
        };
        (input.name.clone(), value)
    };
    Value::Object(model.inputs.iter().map(cell).collect())
}

//! What sets a segment apart from the others, by effect sizes that can be compared: of numbers the standardised mean difference (Cohen's d with the
//! standard deviation of all rows), of shares Cohen's h (Cohen 1988). 0.2 is small, 0.5 medium, 0.8 large.

use crate::model::{InputKind, Model, SegmentFacts, SegmentFeature};

/// Below this an effect is not worth a word.
pub(super) const SMALL: f64 = 0.2;

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The mean of a number.
    Number,
    /// The share of rows with a level.
    Level(u32),
    /// The share of rows that are true.
    True,
    /// The share of rows without a value.
    Missing,
}

/// How a segment differs from the others in one respect.
#[derive(Debug, Clone, PartialEq)]
pub struct Effect {
    /// The feature.
    pub feature: usize,
    /// What differs.
    pub what: What,
    /// The mean or share in the segment.
    pub inside: f64,
    /// That of the rows of all other segments.
    pub others: f64,
    /// That of all rows.
    pub overall: f64,
    /// The weight of rows that it is of, and that of rows of other segments.
    pub weights: (f64, f64),
    /// The effect size, below 0 where the segment has less.
    pub effect: f64,
}

/// The kind of the column that a feature is made of.
pub(crate) fn kind(model: &Model, feature: usize) -> InputKind {
    let own = |i: &&crate::model::Input| (i.first as usize..(i.first + i.count) as usize).contains(&feature);
    model.inputs.iter().find(own).map_or(InputKind::Number, |i| i.kind)
}

impl Effect {
    /// All that sets a segment apart from the others by more than a little, the largest effects first. With one segment there is nothing.
    pub fn all(model: &Model, facts: &SegmentFacts, segment: usize) -> Vec<Effect> {
        let mut all = Vec::new();
        for f in 0..facts.features.len() {
            Effect::of_feature(model, facts, segment, f, &mut all);
        }
        all.retain(|e| e.effect.abs() >= SMALL);
        // A stable sort: equals stay in the order of columns and levels.
        all.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
        all
    }

    /// How a segment differs in one respect; `None` where there is nothing to compare.
    pub fn one(model: &Model, facts: &SegmentFacts, segment: usize, feature: usize, what: What) -> Option<Effect> {
        let mut all = Vec::new();
        Effect::of_feature(model, facts, segment, feature, &mut all);
        all.into_iter().find(|e| e.what == what)
    }

    fn of_feature(model: &Model, facts: &SegmentFacts, segment: usize, feature: usize, out: &mut Vec<Effect>) {
        let (Some(own), Some(weight)) = (facts.features.get(feature), facts.weights.get(segment)) else { return };
        let all: f64 = facts.weights.iter().sum();
        let of = |what, inside: f64, total: f64, (here, there): (f64, f64)| {
            share(inside, total, (here, there)).map(|(inside, others, overall, effect)| Effect {
                feature,
                what,
                inside,
                others,
                overall,
                weights: (here, there),
                effect,
            })
        };
        let parts = (*weight, all - weight);
        let cells = own.levels.len() / facts.weights.len().max(1);
        if cells == 0 {
            match kind(model, feature) {
                InputKind::Boolean => {
                    let total = own.known.iter().zip(&own.mean).map(|(w, m)| w * m).sum();
                    let known: f64 = own.known.iter().sum();
                    let here = own.known[segment];
                    out.extend(of(What::True, here * own.mean[segment], total, (here, known - here)));
                }
                _ => out.extend(number(own, segment, feature)),
            }
        }
        // The last cell is that of all other levels, of which nothing can be said.
        for level in 0..cells.saturating_sub(1) {
            let total = own.levels.iter().skip(level).step_by(cells).sum();
            out.extend(of(What::Level(level as u32), own.levels[segment * cells + level], total, parts));
        }
        out.extend(of(What::Missing, own.missing[segment], own.missing.iter().sum(), parts));
    }
}

/// The mean of a segment against that of the others.
fn number(own: &SegmentFeature, segment: usize, feature: usize) -> Option<Effect> {
    let here = own.known[segment];
    let (mut known, mut sum) = (0.0, 0.0);
    for (w, m) in own.known.iter().zip(&own.mean) {
        (known, sum) = (known + w, sum + w * m);
    }
    let there = known - here;
    if here <= 0.0 || there <= 0.0 {
        return None;
    }
    let (inside, overall) = (own.mean[segment], sum / known);
    let others = (sum - here * inside) / there;
    let moments = own.known.iter().zip(&own.mean).zip(&own.stddev);
    let variance: f64 = moments.map(|((w, m), s)| w * (s * s + (m - overall) * (m - overall))).sum::<f64>() / known;
    let effect = (inside - others) / variance.sqrt();
    effect.is_finite().then_some(Effect {
        feature,
        what: What::Number,
        inside,
        others,
        overall,
        weights: (here, there),
        effect,
    })
}

/// A share inside, among others and overall, and Cohen's h; `None` where nothing or everything has it, or one side is empty.
fn share(inside: f64, total: f64, (here, there): (f64, f64)) -> Option<(f64, f64, f64, f64)> {
    if here <= 0.0 || there <= 0.0 || total <= 0.0 || total >= here + there {
        return None;
    }
    let p = |part: f64, whole: f64| (part / whole).clamp(0.0, 1.0);
    let (inside, others, overall) = (p(inside, here), p(total - inside, there), p(total, here + there));
    let angle = |p: f64| 2.0 * libm::asin(p.sqrt());
    Some((inside, others, overall, angle(inside) - angle(others)))
}

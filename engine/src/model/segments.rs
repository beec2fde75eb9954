//! What training saw of the segments of a clustering, kept with a version so that they can be described, named and found again.
//!
//! Shares and means are of training rows, weighted as these were. What "min_group" forbids to tell is not here: a level of too few rows of a segment
//! counts as one of the other levels, and no row stands here as it is.

use serde::{Deserialize, Serialize};

use super::codec::{decode_as, encode_as, Kind};
use super::Model;
use crate::error::{Error, Result};

/// What is known of the segments. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SegmentFacts {
    /// The training rows of each segment.
    pub sizes: Vec<u64>,
    /// The weight of these.
    pub weights: Vec<f64>,
    /// By segment, the mean squared distance of a row to the centre, in the scaled space.
    pub spread: Vec<f64>,
    /// By segment, the mean silhouette coefficient of a sample of its rows; `None` where there is none.
    pub silhouette: Vec<Option<f64>>,
    /// In the order of the features of the model; none where segments and columns are too many to be described.
    pub features: Vec<SegmentFeature>,
    /// By segment, the rows nearest to its centre, the nearest first: encoded, a feature after the other.
    pub typical: Vec<Vec<f64>>,
    /// What each segment is called.
    pub names: Vec<Vec<Trait>>,
    /// The column that says what rows are worth.
    pub value: Option<SegmentValue>,
    /// Where rows and segments lie on a plane.
    pub map: SegmentMap,
    /// The numbers of segments among which one was chosen.
    pub candidates: Vec<Candidate>,
}

/// A feature, segment by segment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SegmentFeature {
    /// The weight of rows with a missing value.
    pub missing: Vec<f64>,
    /// The weight of rows with a finite number; 0 of a category, and where these are fewer rows than a group must have.
    pub known: Vec<f64>,
    /// The mean of these numbers; 0 where there are none.
    pub mean: Vec<f64>,
    /// Their standard deviation.
    pub stddev: Vec<f64>,
    /// Of a category, for each segment the weight of the rows of each level and, last, of all others; empty for a number.
    pub levels: Vec<f64>,
}

/// What rows of segments are worth.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SegmentValue {
    /// The column.
    pub column: String,
    /// By segment, the rows that have a value.
    pub rows: Vec<u64>,
    /// The sum of their values.
    pub total: Vec<f64>,
}

/// A plane through the scaled space: the two directions in which rows differ most.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SegmentMap {
    /// Of how much of the variance each direction tells, 0 to 1; empty where there is no map.
    pub variance: Vec<f64>,
    /// By direction, the share of each feature in it.
    pub loadings: Vec<Vec<f64>>,
    /// Where the centres are: two numbers each.
    pub centres: Vec<f64>,
    /// By segment, the variances along both directions and the covariance of its rows: three numbers each.
    pub spread: Vec<f64>,
    /// Where a sample of rows is: two numbers each; none where rows must not be told.
    pub points: Vec<f32>,
    /// The segment of each, from 0.
    pub segments: Vec<u32>,
}

/// A number of segments that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The number.
    pub n_clusters: u32,
    /// The sum of squared distances to the centres, in the scaled space, of the rows looked at.
    pub inertia: f64,
    /// The mean silhouette coefficient; `None` for one segment.
    pub silhouette: Option<f64>,
    /// The Bayesian information criterion of a mixture of Gaussians, the smaller the better.
    pub bic: Option<f64>,
    /// The integrated completed likelihood: the same plus twice the entropy of the memberships, the smaller the better.
    pub icl: Option<f64>,
    /// The mean adjusted Rand index of segments found on halves of the rows, 1 where both find the same; `None` for one segment.
    pub stability: Option<f64>,
    /// Whether it was chosen.
    pub chosen: bool,
}

/// One of the words that a segment is called by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trait {
    /// The feature.
    pub feature: u32,
    /// What is said of it.
    pub kind: TraitKind,
}

/// What is said of a feature. Frozen: its number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum TraitKind {
    /// Numbers above those of others.
    High,
    /// Numbers below those of others.
    Low,
    /// Most rows have this level.
    Level(u32),
    /// More rows than elsewhere have this level.
    Often(u32),
    /// Hardly any row has this level, which others do.
    Without(u32),
    /// Most rows are true.
    True,
    /// Most rows are false.
    False,
    /// Rows are more often without a value.
    Missing,
    /// Numbers around this one.
    About(f64),
    /// Nothing stands out; the feature says nothing.
    Average,
    /// The segment of this number: nothing else tells it from another.
    Number(u32),
}

impl SegmentFacts {
    /// Prove that all parts are of the segments and features of a model.
    ///
    /// Fails with [`Error::InvalidModel`].
    pub fn check(&self, model: &Model) -> Result<()> {
        let fail = |what: &str| Err(Error::InvalidModel(format!("what is kept of segments is not valid: {what}")));
        let Some(body) = model.body.as_segments() else { return fail("the model has none") };
        if self.sizes != body.sizes {
            return fail("they are not those of the model");
        }
        if !self.features.is_empty() && self.features.len() != model.features.len() {
            return fail("they have other features");
        }
        for (own, feature) in self.features.iter().zip(&model.features) {
            let cells = if feature.encoding.is_category() { feature.encoding.levels().len() + 1 } else { 0 };
            if own.levels.len() != cells * self.sizes.len() {
                return fail("a feature has other levels");
            }
        }
        let width = model.features.len();
        if self.typical.iter().any(|rows| width == 0 || !rows.len().is_multiple_of(width)) {
            return fail("a typical row is not whole");
        }
        if self.map.loadings.iter().any(|loadings| loadings.len() != width) {
            return fail("the map has other features");
        }
        let levels = |f: &u32| model.features.get(*f as usize).map_or(0, |f| f.encoding.levels().len());
        let known = |named: &Trait| match named.kind {
            TraitKind::Level(level) | TraitKind::Often(level) | TraitKind::Without(level) => {
                (level as usize) < levels(&named.feature)
            }
            TraitKind::Average | TraitKind::Number(_) => true,
            _ => (named.feature as usize) < width,
        };
        if !self.names.iter().flatten().all(known) {
            return fail("a name says what is not there");
        }
        Ok(())
    }

    fn validate(&self) -> Result<()> {
        let fail = |what: &str| Err(Error::InvalidModel(format!("what is kept of segments is not valid: {what}")));
        let count = self.sizes.len();
        let one_each = [self.weights.len(), self.spread.len(), self.silhouette.len(), self.names.len()];
        if count == 0 || one_each.iter().any(|len| *len != count) || self.typical.len() != count {
            return fail("parts are missing");
        }
        if self.sizes.iter().try_fold(0u64, |sum, size| sum.checked_add(*size)).is_none() {
            return fail("the rows are too many");
        }
        let measure = |values: &[f64]| values.iter().all(|v| v.is_finite() && *v >= 0.0);
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        for f in &self.features {
            let same = [&f.missing, &f.known, &f.mean, &f.stddev].iter().all(|part| part.len() == count);
            let right = measure(&f.missing) && measure(&f.known) && finite(&f.mean) && measure(&f.stddev);
            if !same || !right || !measure(&f.levels) || !f.levels.len().is_multiple_of(count) {
                return fail("a feature is not of its segments");
            }
        }
        if let Some(value) = &self.value {
            if value.rows.len() != count || value.total.len() != count || !finite(&value.total) {
                return fail("the values are not of its segments");
            }
        }
        if !measure(&self.weights) || !measure(&self.spread) || !finite_or_none(&self.silhouette) {
            return fail("a number is not finite");
        }
        self.map.validate(count)
    }
}

fn finite_or_none(values: &[Option<f64>]) -> bool {
    values.iter().flatten().all(|v| v.is_finite())
}

impl SegmentMap {
    fn validate(&self, count: usize) -> Result<()> {
        let there = !self.variance.is_empty();
        let size = |each: usize| if there { count * each } else { 0 };
        let fits = self.variance.len() == if there { 2 } else { 0 }
            && self.loadings.len() == self.variance.len()
            && self.centres.len() == size(2)
            && self.spread.len() == size(3)
            && self.points.len() == 2 * self.segments.len()
            && (there || self.points.is_empty())
            && self.segments.iter().all(|s| (*s as usize) < count);
        let mut numbers =
            self.variance.iter().chain(&self.centres).chain(&self.spread).chain(self.loadings.iter().flatten());
        match fits && numbers.all(|v| v.is_finite()) && self.points.iter().all(|v| v.is_finite()) {
            true => Ok(()),
            false => Err(Error::InvalidModel("what is kept of segments is not valid: the map is not whole".into())),
        }
    }
}

/// The bytes of what is known of segments. Fails with [`Error::InvalidModel`] when it is not valid.
pub fn encode_segments(facts: &SegmentFacts) -> Result<Vec<u8>> {
    facts.validate()?;
    encode_as(Kind::Segments, facts)
}

/// What [`encode_segments`] wrote. Fails with [`Error::InvalidModel`] for anything else.
pub fn decode_segments(bytes: &[u8]) -> Result<SegmentFacts> {
    let facts: SegmentFacts = decode_as(Kind::Segments, bytes)?;
    facts.validate()?;
    Ok(facts)
}

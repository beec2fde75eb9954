//! Several models that answer together, stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::validate::ensure;
use super::{Body, Encoding, Feature, Model, Task};
use crate::error::Result;

/// The most members.
pub const MOST_MEMBERS: usize = 100;

/// Models whose answers are joined. Each reads rows of its own, which are made of a row of the ensemble. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ensemble {
    /// The models, at least one.
    pub members: Vec<Member>,
    /// How their answers become one.
    pub join: Join,
}

/// A model of an ensemble. Frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The name of its learner.
    pub algorithm: String,
    /// By feature of the member, the feature of the ensemble that it is made of: the same number, or the same text with levels of its own.
    pub places: Vec<u32>,
    /// The member, of the task of the ensemble unless that is uplift, and no ensemble itself. Scorers of it share it.
    #[serde(with = "stored")]
    pub model: Arc<Model>,
}

/// How answers become one. Frozen: variants are only added at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Join {
    /// Their mean, each by its weight.
    Mean(Vec<f64>),
    /// What a model says whose features are the answers, member by member: of two classes the probability of the positive one, of more the probability of
    /// each, of a number the number.
    Model(#[serde(with = "stored")] Arc<Model>),
    /// The effect of each treatment, a sum over all members: what the answer of each is multiplied by, treatment by treatment. Members predict a class or a number each, of the two kinds.
    Effects(Vec<f64>),
}

/// A member as it is written. Its body is one of a closed list, so that no bytes make reading go deeper than one ensemble.
mod stored {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::model::{Additive, Body, Calibrated, Feature, Input, Machine, Model, Neighbors, Network, Task, Trees};

    /// Frozen: variants are only added at the end, here and in [`Owned`].
    #[derive(Serialize)]
    enum Borrowed<'a> {
        Trees(&'a Trees),
        Calibrated(&'a Calibrated),
        Additive(&'a Additive),
        Neighbors(&'a Neighbors),
        Network(&'a Network),
        Machine(&'a Machine),
    }

    #[derive(Deserialize)]
    enum Owned {
        Trees(Trees),
        Calibrated(Calibrated),
        Additive(Additive),
        Neighbors(Neighbors),
        Network(Network),
        Machine(Machine),
    }

    pub(super) fn serialize<S: Serializer>(model: &Arc<Model>, to: S) -> Result<S::Ok, S::Error> {
        let body = match &model.body {
            Body::Trees(body) => Borrowed::Trees(body),
            Body::Calibrated(body) => Borrowed::Calibrated(body),
            Body::Additive(body) => Borrowed::Additive(body),
            Body::Neighbors(body) => Borrowed::Neighbors(body),
            Body::Network(body) => Borrowed::Network(body),
            Body::Machine(body) => Borrowed::Machine(body),
            Body::KMeans(_)
            | Body::Projection(_)
            | Body::Density(_)
            | Body::Mixture(_)
            | Body::Ensemble(_)
            | Body::Recommender(_)
            | Body::Forecast(_)
            | Body::Lifetime(_) => {
                return Err(serde::ser::Error::custom("a member of another kind"));
            }
        };
        (&model.inputs, &model.features, &model.task, body).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Model>, D::Error> {
        let (inputs, features, task, body) = <(Vec<Input>, Vec<Feature>, Task, Owned)>::deserialize(from)?;
        let body = match body {
            Owned::Trees(body) => Body::Trees(body),
            Owned::Calibrated(body) => Body::Calibrated(body),
            Owned::Additive(body) => Body::Additive(body),
            Owned::Neighbors(body) => Body::Neighbors(body),
            Owned::Network(body) => Body::Network(body),
            Owned::Machine(body) => Body::Machine(body),
        };
        Ok(Arc::new(Model { inputs, features, task, body, cleaning: None }))
    }
}

/// Members are models of the task that read features which are there, and what joins them reads their answers.
pub(super) fn validate(body: &Ensemble, features: &[Feature], task: &Task, outputs: usize) -> Result<()> {
    let Ensemble { members, join } = body;
    let treatments = match task {
        Task::Uplift { treatments, .. } => Some(treatments.len()),
        _ => None,
    };
    ensure(task.has_target() || treatments.is_some(), || "an ensemble for another task".into())?;
    ensure((1..=MOST_MEMBERS).contains(&members.len()), || format!("{} members", members.len()))?;
    for Member { algorithm, places, model } in members {
        ensure(!algorithm.is_empty() && !algorithm.contains('\0'), || "a member without a name".into())?;
        // Checked first, so that this goes no deeper.
        ensure(is_member(&model.body) && model.cleaning.is_none(), || "a member that cannot be one".into())?;
        let fits = match treatments {
            Some(_) => model.task.has_target() && model.classes().len() <= 2,
            None => model.task == *task,
        };
        ensure(fits, || format!("member {algorithm:?} is for another task"))?;
        model.validate()?;
        ensure(places.len() == model.features.len(), || {
            format!("the features of member {algorithm:?} have no places")
        })?;
        for (place, own) in places.iter().zip(&model.features) {
            let fits = |feature: &Feature| feature.encoding.is_category() == own.encoding.is_category();
            ensure(features.get(*place as usize).is_some_and(fits), || {
                format!("feature {:?} of member {algorithm:?} is made of another kind", own.name)
            })?;
        }
    }
    match join {
        Join::Effects(effects) => {
            let all = treatments.map(|treatments| treatments * members.len());
            ensure(all == Some(effects.len()), || "the effects do not fit the members".into())?;
            ensure(effects.iter().all(|e| e.abs() <= 1.0), || "an effect counts more than once".into())
        }
        Join::Mean(_) | Join::Model(_) if treatments.is_some() => ensure(false, || "uplift is no mean".into()),
        Join::Mean(weights) => {
            ensure(weights.len() == members.len(), || "the weights do not fit the members".into())?;
            ensure(weights.iter().all(|w| *w >= 0.0 && w.is_finite()), || "a weight is negative or not finite".into())?;
            let sum = weights.iter().sum::<f64>();
            ensure(sum > 0.0 && sum.is_finite(), || "the weights of members are all 0 or too large".into())
        }
        Join::Model(model) => {
            let is_sum = matches!(model.body, Body::Additive(_)) && model.cleaning.is_none();
            ensure(is_sum && model.task == *task, || "what joins members is no sum of what they say".into())?;
            model.validate()?;
            let numbers = model.features.iter().all(|f| f.encoding == Encoding::Number);
            ensure(numbers && model.features.len() == members.len() * outputs, || {
                "what joins members does not read their answers".into()
            })
        }
    }
}

/// Whether a body can be that of a member.
fn is_member(body: &Body) -> bool {
    match body {
        Body::Trees(_)
        | Body::Calibrated(_)
        | Body::Additive(_)
        | Body::Neighbors(_)
        | Body::Network(_)
        | Body::Machine(_) => true,
        Body::KMeans(_)
        | Body::Projection(_)
        | Body::Density(_)
        | Body::Mixture(_)
        | Body::Ensemble(_)
        | Body::Recommender(_)
        | Body::Forecast(_)
        | Body::Lifetime(_) => false,
    }
}

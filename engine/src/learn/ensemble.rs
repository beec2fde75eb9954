//! Several learners together: which they are, and how they are joined.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::learn::options::{find_own, specs, Algorithm, Options};
use crate::model::MOST_MEMBERS;

/// Members by their learners, each with options of its own.
pub type Chosen = Vec<(Algorithm, Map<String, Value>)>;

/// How members are chosen and joined. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct EnsembleParams {
    /// The members that are asked for, each with options of its own; the usual ones when `None`.
    pub estimators: Option<Chosen>,
    /// What each answer counts in the mean; all the same when `None`.
    pub weights: Option<Vec<f64>>,
    /// Folds in which training rows are answered by members that did not see them.
    pub folds: usize,
    /// The options of the ensemble that are those of its members, too.
    pub common: Map<String, Value>,
}

impl Default for EnsembleParams {
    fn default() -> Self {
        EnsembleParams { estimators: None, weights: None, folds: 5, common: Map::new() }
    }
}

/// A member to be.
#[derive(Debug, Clone)]
pub struct Estimator {
    /// Its learner.
    pub algorithm: Algorithm,
    /// All its options.
    pub options: Options,
}

/// Options of an ensemble that members have from it, where they have them at all.
const COMMON: &[&str] = &["seed", "min_group", "date_parts", "text_columns", "max_text_features", "class_weight"];

/// The members that are taken without an option.
const USUAL: [Algorithm; 2] = [Algorithm::GradientBoosting, Algorithm::RandomForest];

impl EnsembleParams {
    /// Keep what members have from the options given for the ensemble, where it is not the default.
    pub(super) fn share(&mut self, given: &Map<String, Value>, ensemble: Algorithm) {
        let usual =
            |key: &str| specs(ensemble).find(|spec| spec.key == key).and_then(|spec| spec.default_value(ensemble));
        let shared = given.iter().filter(|(key, value)| {
            COMMON.contains(&key.as_str()) && !value.is_null() && usual(key).as_ref() != Some(*value)
        });
        self.common = shared.map(|(key, value)| (key.clone(), value.clone())).collect();
    }

    /// The learners, as far as they are known before the target is.
    pub fn algorithms(&self, classification: bool) -> Vec<Algorithm> {
        match &self.estimators {
            Some(all) => all.iter().map(|(algorithm, _)| *algorithm).collect(),
            None => {
                let linear = if classification { Algorithm::LogisticRegression } else { Algorithm::Ridge };
                USUAL.into_iter().chain([linear]).collect()
            }
        }
    }

    /// The columns that options of members name.
    pub fn named_columns(&self) -> Vec<String> {
        // They were checked before.
        let members = self.estimators.as_ref().and_then(|_| self.members(true).ok()).unwrap_or_default();
        let named = members.into_iter().flat_map(|member| {
            let Options { monotone_constraints, interaction_constraints, feature_weights, .. } = member.options;
            let directions = monotone_constraints.into_iter().map(|c| c.0);
            directions
                .chain(interaction_constraints.into_iter().flatten())
                .chain(feature_weights.into_iter().map(|w| w.0))
        });
        named.collect()
    }

    /// The members with their options.
    ///
    /// Fails with [`Error::InvalidOption`] that names the place of an option that is wrong.
    pub fn members(&self, classification: bool) -> Result<Vec<Estimator>> {
        let own = |at: usize| self.estimators.as_ref().and_then(|all| all.get(at)).map(|(_, own)| own);
        let member = |(at, algorithm): (usize, Algorithm)| {
            let placed = |error| of_place(error, at, algorithm);
            let mut options = Map::new();
            for (key, value) in &self.common {
                if specs(algorithm).any(|spec| spec.key == key) {
                    options.insert(key.clone(), value.clone());
                }
            }
            for (key, value) in own(at).into_iter().flatten() {
                find_own(key, algorithm).map_err(placed)?;
                options.insert(key.clone(), value.clone());
            }
            let min_group = self.common.get("min_group");
            if let Some(least) = min_group.filter(|_| !options.contains_key("min_group")) {
                // Its rows would be kept as they are: the learner says so.
                options.insert("min_group".into(), least.clone());
            }
            // Without free texts there is nothing to limit.
            if !options.contains_key("text_columns") && own(at).is_none_or(|own| !own.contains_key("max_text_features"))
            {
                options.remove("max_text_features");
            }
            let options = Options::parse(&Value::Object(options), algorithm).map_err(placed)?;
            Ok(Estimator { algorithm, options })
        };
        self.algorithms(classification).into_iter().enumerate().map(member).collect()
    }

    /// The task that the members leave, given the one that is asked for.
    pub(super) fn task(&self, asked: Option<&str>) -> Result<Option<String>> {
        let mut task = asked.map(|task| (task.to_owned(), "the option \"task\"".to_owned()));
        if self.estimators.is_none() {
            return Ok(task.map(|task| task.0));
        }
        for (at, Estimator { algorithm, options }) in self.members(true)?.into_iter().enumerate() {
            let by_objective = options.objective.map(|o| if o == "log_loss" { "classification" } else { "regression" });
            let Some(own) = algorithm.task().or(by_objective) else { continue };
            let name = format!("estimator {} ({})", at + 1, algorithm.name());
            match &task {
                Some((known, by)) if known != own => {
                    return Err(Error::option(
                        format!("{name} is for a {own}, but {by} for a {known}"),
                        "All members of an ensemble answer the same question: take learners of one task.",
                    ))
                }
                Some(_) => {}
                None => task = Some((own.to_owned(), name)),
            }
        }
        Ok(task.map(|task| task.0))
    }

    /// What no option can see by itself.
    pub(super) fn check(&self, algorithm: Algorithm) -> Result<()> {
        let members = self.members(true)?;
        if let Some(weights) = &self.weights {
            if weights.len() != members.len() {
                return Err(Error::option(
                    format!("option \"weights\" has {} numbers for {} estimators", weights.len(), members.len()),
                    "Give one for each, in their order.",
                ));
            }
            if weights.iter().all(|w| *w == 0.0) {
                return Err(Error::option("all numbers of option \"weights\" are 0", "Give one above 0."));
            }
        }
        let weighs = |member: &Estimator| specs(member.algorithm).any(|spec| spec.key == "class_weight");
        if self.common.contains_key("class_weight") && !members.iter().any(weighs) {
            return Err(Error::option(
                format!("no estimator of this {} takes \"class_weight\"", algorithm.name()),
                "Leave it out, or take an estimator that does: trees and logistic_regression do.",
            ));
        }
        Ok(())
    }
}

/// Say which estimator an error is of.
fn of_place(error: Error, at: usize, algorithm: Algorithm) -> Error {
    match error {
        Error::InvalidOption { message, hint } => {
            Error::InvalidOption { message: format!("estimator {} ({}): {message}", at + 1, algorithm.name()), hint }
        }
        other => other,
    }
}

const EXAMPLE: &str =
    "Write for example [\"random_forest\", {\"algorithm\": \"knn\", \"options\": {\"n_neighbors\": 15}}].";

/// The estimators that a value names; the error says what is wrong of which. `ensemble` is for whom.
pub(super) fn read(value: &Value, ensemble: Algorithm) -> Result<Chosen> {
    let Value::Array(list) = value else {
        return Err(Error::option("option \"estimators\" must be an array of algorithms", EXAMPLE));
    };
    if !(2..=MOST_MEMBERS).contains(&list.len()) {
        return Err(Error::option(
            format!("option \"estimators\" names {}, but an ensemble has from 2 to {MOST_MEMBERS}", list.len()),
            EXAMPLE,
        ));
    }
    let one = |(at, value)| read_one(value, &format!("estimator {}", at + 1), Some(ensemble));
    list.iter().enumerate().map(one).collect()
}

/// The learner that a value names, a member of an ensemble if there is one; the error says of `whom` something is wrong.
pub(super) fn read_one(
    value: &Value,
    whom: &str,
    ensemble: Option<Algorithm>,
) -> Result<(Algorithm, Map<String, Value>)> {
    let example = match ensemble {
        Some(_) => EXAMPLE,
        None => "Write for example \"random_forest\" or {\"algorithm\": \"knn\", \"options\": {\"n_neighbors\": 15}}.",
    };
    let (name, options) = match value {
        Value::String(name) => (name.as_str(), Map::new()),
        Value::Object(object) => {
            if let Some(key) = object.keys().find(|key| !matches!(key.as_str(), "algorithm" | "options")) {
                let message = format!("{whom} has an unrecognized key \"{key}\"");
                return Err(Error::option(message, "An estimator has \"algorithm\" and, if need be, \"options\"."));
            }
            let Some(name) = object.get("algorithm").and_then(Value::as_str) else {
                return Err(Error::option(format!("{whom} names no algorithm"), example));
            };
            let options = match object.get("options") {
                None | Some(Value::Null) => Map::new(),
                Some(Value::Object(options)) => options.clone(),
                Some(_) => {
                    let message = format!("the options of {whom} ({name}) must be a JSON object");
                    return Err(Error::option(message, example));
                }
            };
            (name, options)
        }
        _ => return Err(Error::option(format!("{whom} must be a name or an object"), example)),
    };
    let algorithm = match name.eq_ignore_ascii_case("auto") {
        true => Err(Error::option(format!("{whom} cannot be \"auto\""), "Name a learner.")),
        false => Algorithm::parse(name, true).map_err(|error| match error {
            Error::InvalidOption { message, hint } => Error::option(format!("{whom}: {message}"), hint),
            other => other,
        }),
    }?;
    if !algorithm.can_be_member() {
        let names: Vec<&str> = Algorithm::members().map(Algorithm::name).collect();
        return Err(Error::option(
            match ensemble {
                Some(ensemble) => format!("{whom} ({}) cannot be a member of {}", algorithm.name(), ensemble.name()),
                None => format!("{whom} cannot be {}", algorithm.name()),
            },
            format!(
                "Members are learners that predict a target and are no ensembles themselves: {}.",
                names.join(", ")
            ),
        ));
    }
    Ok((algorithm, options))
}

//! A search among learners: which of them is best for a table, found by cross-validation within a time.
//!
//! Candidates stand in an order in which the quick ones that often win come first, so that a short time finds a good one; a long time tries
//! variants of them, too. Of a large table all are compared on a part of the rows first, and the best go on to all. What is found depends on how
//! quick the machine is, so models that are found so are not the same bytes from run to run; their options are kept, and a training with these is.

use std::time::Instant;

use serde_json::{json, Map, Value};

use super::grid::{Search, Trial};
use super::{searched, Trials, TuneParams, Tuned};
use crate::control::Control;
use crate::data::{folds, RowHashes};
use crate::error::{Error, Result};
use crate::learn::options::{specs, Algorithm, Options, BUDGET};
use crate::learn::target::Prepared;
use crate::learn::train::{Request, Run};
use crate::model::InputKind;

/// Folds.
const FOLDS: usize = 5;
/// With fewer rows nothing is compared.
const FEWEST_ROWS: usize = 5 * FOLDS;
/// From so many rows to learn from on, candidates are compared on fewer first.
const MANY_ROWS: usize = 50_000;
/// Rows of that first round.
const FIRST_ROWS: usize = 20_000;
/// Of so many candidates one goes on to all rows.
const FACTOR: usize = 3;
/// The most rows among which neighbours are looked for.
const MOST_COMPARED: usize = 50_000;

/// A learner with options of its own.
type Candidate = (Algorithm, Value);

/// The seconds of a search for `auto`, taken out of its options; `None` where none are given.
///
/// Fails with [`Error::InvalidOption`] for what is not a number above 0.
pub fn parse_budget(options: &mut Value) -> Result<Option<f64>> {
    let Some(given) = options.as_object_mut().and_then(|map| map.remove(BUDGET.key)) else { return Ok(None) };
    if given.is_null() {
        return Ok(None);
    }
    BUDGET.check(&given, Algorithm::GradientBoosting)?;
    Ok(given.as_f64())
}

/// Search among the learners that have all the options given, then train the best of those that were judged within `budget` seconds. The options of
/// `request` are those of one of them. Memory of `request.table` must already be counted in `control`.
pub fn auto(request: Request, given: &Value, budget: f64, warn: bool, control: &Control) -> Result<Tuned> {
    let mut fixed = given.as_object().cloned().unwrap_or_default();
    // No held-out row is seen by the search, so what is kept may as well know all.
    fixed.entry("refit").or_insert(Value::Bool(true));
    let (run, prepared) = Run::new(request, control)?;
    let prepared = run.predicted(prepared)?;
    let trials = trials(&run, &prepared, &fixed)?;
    let search =
        Search { trials, params: TuneParams::default(), fixed, notices: Vec::new(), warn, budget: Some(budget) };
    searched(run, Some(prepared), &search)
}

/// The candidates for a target, those first that are tried first.
fn candidates(classification: bool) -> Vec<Candidate> {
    use Algorithm::{
        DecisionTree, ElasticNet, ExtraTrees, Glm, GradientBoosting, Knn, Lasso, LogisticRegression, NaiveBayes,
        NeuralNetwork, RandomForest, Ridge, Stacking, Svm, Voting,
    };
    let linear = if classification { LogisticRegression } else { Ridge };
    let boosting = |own: Value| (GradientBoosting, own);
    let mut all = vec![
        boosting(json!({})),
        (linear, json!({})),
        (RandomForest, json!({})),
        boosting(json!({"learning_rate": 0.03, "n_estimators": 1500})),
        boosting(json!({"max_leaf_nodes": 8, "learning_rate": 0.05, "n_estimators": 1000})),
    ];
    if classification {
        all.push((NaiveBayes, json!({})));
    }
    all.extend([
        (ExtraTrees, json!({})),
        boosting(json!({"subsample": 0.8, "colsample_bytree": 0.6, "reg_lambda": 5})),
        (Knn, json!({"n_neighbors": 25, "weights": "distance"})),
        (NeuralNetwork, json!({})),
        (Stacking, json!({})),
        (Voting, json!({})),
        (Svm, json!({})),
        boosting(json!({"max_leaf_nodes": 63, "min_samples_leaf": 40, "reg_lambda": 10})),
        (linear, json!({"alpha": 30})),
        (linear, json!({"alpha": 0.03})),
        (RandomForest, json!({"max_features": 0.5})),
        (ExtraTrees, json!({"max_features": 0.7, "min_samples_leaf": 5})),
        (Knn, json!({"n_neighbors": 7})),
        (NeuralNetwork, json!({"normalization": "layer", "dropout": 0.1, "learning_rate": 0.003})),
        (Svm, json!({"kernel": "linear"})),
        (DecisionTree, json!({"max_depth": 6, "min_samples_leaf": 20})),
    ]);
    if !classification {
        all.extend([(ElasticNet, json!({})), (Lasso, json!({})), (Glm, json!({}))]);
    }
    all
}

/// The candidates that can have the options given, with all their options.
fn trials(run: &Run<'_>, prepared: &Prepared, fixed: &Map<String, Value>) -> Result<Vec<Trial>> {
    let request = &run.request;
    let classification = prepared.labels().is_some();
    let zoned = request.inputs.iter().any(|input| input.kind == InputKind::Timestamptz);
    let has = |algorithm: Algorithm, key: &str| specs(algorithm).any(|spec| spec.key == key);
    let fits = |(algorithm, own): &Candidate| {
        let taken = fixed.keys().all(|key| has(*algorithm, key));
        let new = own.as_object().into_iter().flatten().all(|(key, _)| !fixed.contains_key(key));
        // Who makes no parts of a moment would read it on other clocks.
        let reads = !zoned || has(*algorithm, "date_parts");
        taken && new && reads && (!algorithm.is_spaced() || request.table.rows <= MOST_COMPARED)
    };
    let trial = |(algorithm, own): Candidate| {
        let parameters = own.as_object().cloned().unwrap_or_default();
        let mut options = fixed.clone();
        options.extend(parameters.clone());
        Ok(Trial { algorithm, parameters, options: Options::parse(&Value::Object(options), algorithm)? })
    };
    let mut all: Vec<Trial> = candidates(classification).into_iter().filter(fits).map(trial).collect::<Result<_>>()?;
    // What is trained where nothing was judged in time.
    let given = Value::Object(fixed.clone());
    let usual = Algorithm::choose(&given, true, Some(request.table.rows)).0;
    if !all.iter().any(|t| t.algorithm == usual && t.parameters.is_empty()) {
        all.push(trial((usual, json!({})))?);
    }
    let first = all.iter().position(|t| t.algorithm == usual && t.parameters.is_empty()).unwrap_or(0);
    // The default comes first where there is no score.
    let usual = all.remove(first);
    all.insert(0, usual);
    Ok(all)
}

impl Trials<'_, '_> {
    /// Judge candidates one after the other until the time is used; what came of it.
    pub(super) fn within(&mut self, budget: f64, rows: &[RowHashes], prepared: &Prepared) -> Result<String> {
        let control = self.run.control;
        let began = Instant::now();
        let name = |trial: &Trial| match trial.parameters.is_empty() {
            true => trial.algorithm.name().to_owned(),
            false => format!("{} {}", trial.algorithm.name(), Value::Object(trial.parameters.clone())),
        };
        let least = FEWEST_ROWS * prepared.strata().min(4);
        let seed = self.run.request.options.seed;
        let parted = match rows.len() < least {
            true => None,
            false => match self.run.draw(Some(prepared), |draw| folds(rows, FOLDS, seed ^ 2, draw, control)) {
                Ok(parts) => Some(parts),
                // Too few groups.
                Err(Error::InvalidData { .. }) => None,
                Err(error) => return Err(error),
            },
        };
        let Some(parts) = parted else {
            return Ok(format!(
                "there are too few rows or groups to compare learners in {FOLDS} folds, so {} is learned",
                name(&self.search.trials[0])
            ));
        };
        let most = (0..FOLDS).map(|f| parts.learning_rows(f)).max().unwrap_or(0);
        let everyone: Vec<usize> = (0..self.search.trials.len()).collect();
        let halves = most > MANY_ROWS;
        control.stage((everyone.len() * FOLDS) as u64 + 1);
        control.set_deadline(Some(if halves { budget / 2.0 } else { budget }));
        let first = if halves { FIRST_ROWS } else { most };
        let mut found = self.round(&everyone, (1, first, most), (rows, &parts), prepared);
        if halves && found.is_ok() {
            let judged: Vec<usize> = everyone.iter().copied().filter(|t| self.scores.of(*t).mean.is_some()).collect();
            let best = self.scores.in_order(&judged);
            let going = best.len().div_ceil(FACTOR);
            control.set_deadline(Some(budget - began.elapsed().as_secs_f64()));
            found = self.round(&best[..going], (2, most, most), (rows, &parts), prepared);
        }
        control.set_deadline(None);
        found?;
        parts.release(control);
        let judged = everyone.iter().filter(|t| self.scores.of(**t).mean.is_some()).count();
        let best = self.scores.in_order(&everyone).first().copied().unwrap_or(0);
        Ok(match self.scores.of(best).mean {
            None => format!(
                "no learner was judged within {budget} seconds, so {} is learned: give \"time_budget\" more of them",
                name(&self.search.trials[0])
            ),
            Some(mean) => format!(
                "{} is the best of {judged} of {} candidates, those judged within {budget} seconds, with a mean {} of {mean:.4}; orchard.leaderboard shows all",
                name(&self.search.trials[best]),
                everyone.len(),
                self.metric,
            ),
        })
    }

    /// Judge some candidates, each on all folds; those for whom there is no time are left as they were.
    fn round(
        &mut self,
        trials: &[usize],
        (number, wanted, most): (usize, usize, usize),
        (rows, parts): (&[RowHashes], &crate::data::Folds),
        prepared: &Prepared,
    ) -> Result<()> {
        let control = self.run.control;
        for &trial in trials {
            let clock = Instant::now();
            let (used, before) = (control.used(), self.scores.of(trial).clone());
            let inputs = self.run.request.inputs.clone();
            let told = self.run.notices.len();
            self.scores.begin_round(&[trial], number, wanted);
            let judged = (0..FOLDS).try_for_each(|fold| {
                control.check()?;
                let learning = parts.learning_rows(fold);
                let own = (learning as u128 * wanted as u128 / most.max(1) as u128) as usize;
                let counted = control.used();
                self.on_fold(rows, parts, fold, own.max(1), &[trial], prepared)?;
                control.release(control.used().saturating_sub(counted));
                Ok(())
            });
            let judged = judged.and_then(|()| self.scores.end_round(&[trial], &mut self.run.notices));
            self.run.request.inputs = inputs;
            control.release(control.used().saturating_sub(used));
            let seconds = clock.elapsed().as_secs_f64();
            match judged {
                Ok(()) => {}
                Err(Error::OutOfTime) => {
                    self.run.notices.truncate(told);
                    let note =
                        if before.mean.is_none() { "its time was over before all folds were judged" } else { "" };
                    self.scores.give_up(trial, before, seconds, note.to_owned());
                    return Ok(());
                }
                // What cannot learn from these rows is out of the race.
                Err(error @ (Error::InvalidData { .. } | Error::InvalidOption { .. } | Error::OutOfMemory { .. })) => {
                    self.run.notices.truncate(told);
                    self.scores.give_up(trial, before, seconds, error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

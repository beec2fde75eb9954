//! A search for parameters: every trial is judged on folds of the training rows, the best is then trained as any model is.
//!
//! The holdout is set aside first and no trial sees it, so the score of the final model is one that nothing was chosen by. Bins, the
//! numbers of wide categories and the rows that early stopping watches are made from what a fold learns from alone. Trials follow one
//! another, each using all threads: so memory holds one at a time, and those that bin alike share a fold's bins.

mod auto;
mod grid;
mod halving;
mod scores;

pub use auto::{auto, parse_budget};
pub use grid::{Search, Trial};
pub use scores::Scored;

use std::time::Instant;

use serde_json::Value;

use crate::clean::doctor::Finding;
use crate::control::Control;
use crate::data::{folds, split, Draw, Folds, Holdout, HoldoutPlan, Role, RowHashes};
use crate::error::{Error, Result};
use crate::judge;
use crate::learn::kmeans::gaussian;
use crate::learn::options::{Algorithm, Options};
use crate::learn::target::Prepared;
use crate::learn::train::{judge_rows, score_encoded, Features, Outcome, Parts, Request, Run, Standing};
use crate::learn::{density, kmeans, Unlabelled};
use crate::model::{HeldRows, Task};
use crate::score::Scorer;
use halving::Round;
use scores::{ranks, Scores};

/// Which trials are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SearchKind {
    /// Every combination.
    #[default]
    Grid,
    /// Combinations drawn at random.
    Random,
    /// All on few rows, the better ones on more.
    Halving,
}

/// How parameters are searched for. Names are scikit-learn's; `None` is the default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TuneParams {
    /// Which trials are made.
    pub search: SearchKind,
    /// Trials drawn at random.
    pub n_iter: Option<usize>,
    /// Folds.
    pub cv: Option<usize>,
    /// What trials are compared by.
    pub metric: Option<&'static str>,
    /// How many times more rows a round of halving has than the one before.
    pub factor: Option<usize>,
    /// The rows a trial learns from in the first round of halving.
    pub min_resources: Option<usize>,
}

/// What came out.
#[derive(Debug)]
pub struct Tuned {
    /// The trials in the order of [`Search::trials`].
    pub trials: Vec<Scored>,
    /// The best of them.
    pub best: usize,
    /// What they were compared by.
    pub metric: &'static str,
    /// The training with the best parameters.
    pub outcome: Outcome,
    /// What would make its metrics lie, if that was asked for.
    pub warnings: Vec<Finding>,
    /// The learner of the best trial.
    pub algorithm: Algorithm,
    /// The options that make `orchard.train` do what the best trial did.
    pub options: Value,
}

/// Segments are judged in their space, so all trials must have the same.
fn check_spaces(trials: &[Trial]) -> Result<()> {
    let space = |trial: &Trial| {
        let Options { kmeans, feature_weights, cosine, .. } = &trial.options;
        (kmeans.scaling, feature_weights.clone(), *cosine, kmeans.gamma)
    };
    let first = trials.first().map(space);
    match trials.iter().all(|trial| Some(space(trial)) == first) {
        true => Ok(()),
        false => Err(Error::option(
            "segments cannot be compared where their distances are not the same",
            "Give \"scaling\", \"feature_weights\", \"distance\" and \"gamma\" as options, not in the grid.",
        )),
    }
}

/// Search, then train with the best parameters. The options of `request` are overruled by those of the trials. Memory of
/// `request.table` must already be counted in `control`.
pub fn tune(mut request: Request, search: &Search, control: &Control) -> Result<Tuned> {
    if matches!(request.algorithm, Algorithm::IsolationForest | Algorithm::OneClassSvm) {
        return Err(Error::option(
            format!("trials of {} have nothing that they could be compared by", request.algorithm.name()),
            "Train with orchard.train, and look at orchard.anomalies.",
        ));
    }
    if request.algorithm.is_uplift() {
        return Err(Error::option(
            format!("{} is not tuned", request.algorithm.name()),
            "Tune its base learner on the target, and give what was found as options of \"base_learner\".",
        ));
    }
    if request.algorithm == Algorithm::Pca {
        return Err(Error::option(
            "trials of components have nothing that they could be compared by",
            "Train with orchard.train, and look at orchard.explained_variance.",
        ));
    }
    if request.algorithm.is_clustering() {
        check_spaces(&search.trials)?;
    }
    request.options = search.trials[0].options.clone();
    let (run, prepared) = Run::new(request, control)?;
    searched(run, prepared, search)
}

/// Make the trials of a search, then train with the best.
fn searched(mut run: Run<'_>, prepared: Option<Prepared>, search: &Search) -> Result<Tuned> {
    let control = run.control;
    run.take(&search.trials[0]);
    run.notices.extend(search.notices.iter().cloned());
    let task = prepared.as_ref().map_or(Task::Clustering, Prepared::task);
    let metric = metric(search, task, run.request.algorithm)?;
    let mut rows = run.rows(prepared.as_ref())?;
    let warnings = match &prepared {
        Some(prepared) if search.warn => run.warnings(prepared, &rows)?,
        _ => Vec::new(),
    };
    let all = run.rows_to_refit(&rows)?;
    let mut holdout = run.split(&mut rows, prepared.as_ref())?;
    rows.retain(|r| r.rest == 0);
    run.check_groups(&holdout.train, prepared.as_ref())?;
    run.lap("split");
    // What is learned from rows is learned anew of each fold.
    let by_fold = prepared.is_some() && run.learns_cleaning();
    let mut all = match by_fold {
        true => all,
        false => run.clean_rows(&mut holdout, all, &mut rows, prepared.as_ref())?,
    };
    let began = Instant::now();
    let mut trials = Trials { run: &mut run, search, metric, scores: Scores::new(search.trials.len(), metric) };
    let told = match (&prepared, search.budget) {
        (Some(prepared), Some(budget)) => Some(trials.within(budget, &rows, prepared)?),
        (Some(prepared), None) => trials.on_folds(&rows, prepared).map(|()| None)?,
        (None, _) => trials.of_segments(&holdout).map(|()| None)?,
    };
    let scored = ranks(trials.scores);
    run.lap_since("search", began);
    let best = scored.iter().position(|s| s.best).unwrap_or(0);
    run.take(&search.trials[best]);
    if by_fold {
        all = run.clean_rows(&mut holdout, all, &mut rows, prepared.as_ref())?;
    }
    run.watch(&mut holdout, &mut rows, prepared.as_ref())?;
    control.release_vec(rows);
    let mut outcome = run.learn(holdout, all, prepared)?;
    control.end_stage();
    let chosen = &scored[best];
    outcome.notices.push(told.unwrap_or_else(|| {
        format!(
            "trial {} of {} is the best, with a {}{metric} of {:.4}: {}",
            best + 1,
            scored.len(),
            if chosen.folds.len() > 1 { "mean " } else { "" },
            chosen.mean.unwrap_or(f64::NAN),
            Value::Object(search.trials[best].parameters.clone())
        )
    }));
    outcome.insight.leaderboard = standings(&scored, search, metric);
    let (algorithm, options) = (search.trials[best].algorithm, search.training_options(best));
    Ok(Tuned { trials: scored, best, metric, outcome, warnings, algorithm, options })
}

/// The trials that were made, the best first, to be kept with the version.
fn standings(scored: &[Scored], search: &Search, metric: &'static str) -> Vec<Standing> {
    let made = scored.iter().zip(&search.trials).filter(|(own, _)| own.round > 0 || !own.note.is_empty());
    let standing = |(own, trial): (&Scored, &Trial)| Standing {
        rank: own.rank as u32,
        algorithm: trial.algorithm.name().to_owned(),
        options: trial.parameters.clone(),
        metric: metric.to_owned(),
        score: own.mean,
        deviation: own.deviation,
        rows: own.rows as u64,
        seconds: own.seconds,
        chosen: own.best,
        note: own.note.clone(),
    };
    let mut all: Vec<Standing> = made.map(standing).collect();
    all.sort_by_key(|own| own.rank);
    all
}

impl Run<'_> {
    /// Take the learner and the options of a trial.
    fn take(&mut self, trial: &Trial) {
        self.request.algorithm = trial.algorithm;
        self.request.options = trial.options.clone();
    }
}

/// What the trials are compared by.
fn metric(search: &Search, task: Task, algorithm: Algorithm) -> Result<&'static str> {
    let (usual, there) = match (&task, algorithm) {
        // More components are always more likely on the rows they are made of; the criterion has a price for them.
        (Task::Clustering, Algorithm::GaussianMixture) => ("bic", vec!["bic", "silhouette"]),
        (Task::Clustering, _) => ("silhouette", vec!["silhouette"]),
        _ => (judge::headline(&task), judge::compared(&task)),
    };
    let Some(asked) = search.params.metric else { return Ok(usual) };
    there.iter().find(|m| **m == asked).copied().ok_or_else(|| {
        let task = match &task {
            Task::Classification { classes, .. } if classes.len() > 2 => "a classification of more than two classes",
            Task::Classification { .. } => "a classification",
            Task::Regression => "a regression",
            Task::Clustering => "segments",
            Task::Anomaly => "anomaly scores",
            Task::Reduction => "components",
            Task::Uplift { .. } => "uplift",
            Task::Recommendation => "recommendations",
            Task::Forecast => "forecasts",
            Task::Lifetime => "values of customers",
        };
        Error::option(
            format!("metric \"{asked}\" is not one of {task}"),
            format!("Those that trials can be compared by are: {}.", there.join(", ")),
        )
    })
}

/// The trials of a search under way.
struct Trials<'a, 'b> {
    run: &'a mut Run<'b>,
    search: &'a Search,
    metric: &'static str,
    scores: Scores,
}

impl Trials<'_, '_> {
    /// Judge trials on folds of the training rows `rows`.
    fn on_folds(&mut self, rows: &[RowHashes], prepared: &Prepared) -> Result<()> {
        let params = &self.search.params;
        let control = self.run.control;
        let (count, seed) = (params.cv.unwrap_or(5), self.run.request.options.seed);
        let stratified = self.run.request.time.is_none() && self.run.request.groups.is_empty();
        if stratified {
            self.tell_rare_classes(rows, prepared, count);
        }
        let parts = self.run.draw(Some(prepared), |draw| folds(rows, count, seed ^ 2, draw, control))?;
        let most = (0..count).map(|f| parts.learning_rows(f)).max().unwrap_or(0);
        let everyone = self.search.trials.len();
        let rounds = match params.search {
            SearchKind::Halving => {
                let classes = prepared.labels().map_or(1, |l| l.labels.len().max(1));
                let (factor, smallest) = (params.factor.unwrap_or(3), count * 2 * classes);
                halving::rounds(everyone, most, factor, params.min_resources, smallest)?
            }
            _ => vec![Round { rows: most, survivors: everyone }],
        };
        let last = rounds.len() - 1;
        let going = |round: usize| if round == 0 { everyone } else { rounds[round - 1].survivors };
        let stages: usize = (0..rounds.len()).map(|r| going(r) * count).sum();
        control.stage(stages as u64 + 1);
        let mut alive: Vec<usize> = (0..everyone).collect();
        for (number, round) in rounds.iter().enumerate() {
            self.scores.begin_round(&alive, number + 1, round.rows);
            for fold in 0..count {
                let learning = parts.learning_rows(fold);
                let wanted = (learning as u128 * round.rows as u128 / most.max(1) as u128) as usize;
                for alike in self.alike(&alive) {
                    let before = control.used();
                    self.on_fold(rows, &parts, fold, wanted.max(1), &alike, prepared)?;
                    control.release(control.used().saturating_sub(before));
                }
            }
            self.scores.end_round(&alive, &mut self.run.notices)?;
            if number < last {
                alive = self.scores.survivors(&alive, round.survivors);
            }
        }
        parts.release(control);
        Ok(())
    }

    /// The trials in groups that bin a fold in the same way, and watch the same rows.
    fn alike(&mut self, trials: &[usize]) -> Vec<Vec<usize>> {
        let mut groups: Vec<(_, Vec<usize>)> = Vec::new();
        for &trial in trials {
            self.run.take(&self.search.trials[trial]);
            let key = self.run.features_key();
            match groups.iter_mut().find(|g| g.0 == key) {
                Some(group) => group.1.push(trial),
                None => groups.push((key, vec![trial])),
            }
        }
        groups.into_iter().map(|g| g.1).collect()
    }

    /// Judge trials that bin alike on a fold, having learned from `wanted` of its rows.
    fn on_fold(
        &mut self,
        rows: &[RowHashes],
        parts: &Folds,
        fold: usize,
        wanted: usize,
        trials: &[usize],
        prepared: &Prepared,
    ) -> Result<()> {
        let clock = Instant::now();
        self.run.take(&self.search.trials[trials[0]]);
        let said = (self.run.notices.len(), self.run.timings.len());
        let holdout = self.fold_rows(rows, parts, fold, wanted, prepared)?;
        let raw = self.run.learns_cleaning().then(|| self.run.raw_inputs()).transpose()?;
        let judged = self.judge(rows, holdout, (trials, clock), raw.is_some(), prepared);
        if let Some(raw) = raw {
            self.run.restore(raw);
        }
        self.run.notices.truncate(said.0);
        self.run.timings.truncate(said.1);
        judged
    }

    /// Judge trials that bin alike on the held rows of a fold.
    fn judge(
        &mut self,
        rows: &[RowHashes],
        mut holdout: Holdout,
        (trials, clock): (&[usize], Instant),
        cleans: bool,
        prepared: &Prepared,
    ) -> Result<()> {
        if cleans {
            self.run.clean(&mut holdout, Vec::new(), rows, Some(prepared))?;
        }
        let mut parts = self.run.parts(&holdout, prepared)?;
        let mut made = self.run.features(&parts.rows(&holdout), true)?;
        let mut held = parts.take_held();
        let shared = clock.elapsed().as_secs_f64() / trials.len() as f64;
        for &trial in trials {
            let clock = Instant::now();
            let before = self.run.control.used();
            self.run.take(&self.search.trials[trial]);
            let (score, why, iterations) = self.score(&mut made, &parts, &holdout, &mut held, prepared)?;
            self.run.control.release(self.run.control.used().saturating_sub(before));
            self.run.control.end_stage();
            self.scores.add(trial, score, why, iterations, shared + clock.elapsed().as_secs_f64());
        }
        Ok(())
    }

    /// The rows of a fold: `wanted` of those to learn from, and those to judge on.
    fn fold_rows(
        &mut self,
        rows: &[RowHashes],
        parts: &Folds,
        fold: usize,
        wanted: usize,
        prepared: &Prepared,
    ) -> Result<Holdout> {
        let control = self.run.control;
        let learning = parts.learning_rows(fold);
        let mut own: Vec<RowHashes> = control.vec(learning)?;
        let mut held = control.vec(rows.len() - learning)?;
        for (position, row) in rows.iter().enumerate() {
            match parts.role(fold, position) {
                Role::Learn => own.push(*row),
                Role::Judge => held.push(row.row),
                Role::Rest => {}
            }
        }
        control.check()?;
        let share = 1.0 - wanted as f64 / learning.max(1) as f64;
        let plan = HoldoutPlan { share, seed: self.run.request.options.seed ^ 3 };
        let sample = split(&mut own, plan, Draw::Rows { classes: prepared.strata() }, control)?;
        own.retain(|r| r.rest == 0);
        let mut holdout = Holdout { train: sample.train, held, ..Holdout::default() };
        self.run.watch(&mut holdout, &mut own, Some(prepared))?;
        Ok(holdout)
    }

    /// Learn with the options at hand and judge on the held rows: the score, why there is none, and the iterations.
    fn score(
        &mut self,
        made: &mut Features,
        parts: &Parts,
        holdout: &Holdout,
        held: &mut HeldRows,
        prepared: &Prepared,
    ) -> Result<(Option<f64>, String, Option<u32>)> {
        let grown = self.run.grow(made, &parts.rows(holdout), prepared, true)?;
        let scorer = Scorer::new(Run::model(grown.body, made.inputs.clone(), made.features.clone(), prepared));
        held.outputs = scorer.outputs() as u32;
        held.scores = score_encoded(&scorer, &made.held, self.run.control)?;
        parts.expect(&mut held.scores);
        let metrics = judge_rows(&scorer, held).0;
        held.scores = Vec::new();
        let found = metrics.into_iter().find(|m| m.name == self.metric);
        let found = found.ok_or_else(|| Error::Internal(format!("there is no metric {}", self.metric)))?;
        Ok((found.value, found.note, grown.iterations))
    }

    /// Judge segments by the rows they are made of.
    fn of_segments(&mut self, holdout: &Holdout) -> Result<()> {
        let control = self.run.control;
        let everyone: Vec<usize> = (0..self.search.trials.len()).collect();
        control.stage(everyone.len() as u64 + 1);
        self.scores.begin_round(&everyone, 1, holdout.train.len());
        let weight = self.run.weights(&holdout.train)?;
        let used = self.run.used_columns();
        for &trial in &everyone {
            let clock = Instant::now();
            let before = control.used();
            self.run.take(&self.search.trials[trial]);
            let params = self.run.kmeans_params()?;
            let Options { density: own, mixture, .. } = self.run.request.options.clone();
            let table = &mut self.run.request.table;
            let rows = Unlabelled { features: &used, train: &holdout.train, held: &[], weight: weight.as_deref() };
            let why = "one segment has no silhouette".to_owned();
            let (score, iterations) = match self.run.request.algorithm {
                Algorithm::Dbscan => {
                    let found = density::fit(table, rows, (&own, &params), true, control)?;
                    (found.segments.silhouette, None)
                }
                Algorithm::GaussianMixture => {
                    let fit = gaussian::fit(table, rows, &mixture, true, control)?;
                    let bic = fit.bic(rows.train.len());
                    let score = if self.metric == "bic" { Some(bic) } else { fit.segments.silhouette };
                    (score.filter(|score| score.is_finite()), Some(fit.segments.iterations))
                }
                _ => {
                    let fit = kmeans::fit(table, rows, &params, true, control)?;
                    (fit.silhouette, Some(fit.iterations))
                }
            };
            control.release(control.used().saturating_sub(before));
            control.end_stage();
            self.scores.add(trial, score, why, iterations, clock.elapsed().as_secs_f64());
        }
        if let Some(weight) = weight {
            control.release_vec(weight);
        }
        self.scores.end_round(&everyone, &mut self.run.notices)
    }

    /// Tell of classes that not every fold can have.
    fn tell_rare_classes(&mut self, rows: &[RowHashes], prepared: &Prepared, count: usize) {
        let Some(labels) = prepared.labels() else { return };
        let mut sizes = vec![0usize; labels.labels.len()];
        rows.iter().for_each(|r| sizes[r.class as usize] += 1);
        let rare = labels.labels.iter().zip(&sizes).filter(|(_, n)| (1..count).contains(*n));
        let rare: Vec<String> = rare.map(|(label, n)| format!("\"{label}\" ({n})")).collect();
        if !rare.is_empty() {
            self.run.notices.push(format!(
                "some classes have fewer rows to learn from than there are folds ({count}): {}",
                rare.join(", ")
            ));
        }
    }
}

//! A training from beginning to end: rows to judge on are set aside, columns become features, a learner learns, the model is judged.

use std::time::Instant;

use crate::control::Control;
use crate::data::{
    canonical_order, split, watch, ColumnData, Draw, Holdout, HoldoutPlan, RowHashes, Table, MISSING, UNKNOWN,
};
use crate::error::{Error, Result};
use crate::judge::{self, Metric};
use crate::learn::options::{Algorithm, Options};
use crate::learn::target::{Labels, Prepared};
use crate::learn::{bin, boost, columns, kmeans, ordered, parts, tree, Target};
use crate::model::{encode, Body, Encoding, Feature, HeldActual, HeldRows, Input, InputKind, Model, Task, Trees};
use crate::score::Scorer;

/// The most held-out rows that are kept with a version.
pub const MOST_HELD_ROWS: usize = 200_000;

/// A column of the source by its place in the table.
#[derive(Debug, Clone)]
pub struct SourceInput {
    /// The name.
    pub name: String,
    /// What it holds.
    pub kind: InputKind,
    /// Whether its numbers are whole by type.
    pub integer: bool,
    /// Whether it is a uuid.
    pub uuid: bool,
    /// Its first column in the table.
    pub first: usize,
    /// The number of its columns.
    pub count: usize,
}

/// What to learn from what.
#[derive(Debug)]
pub struct Request {
    /// The values.
    pub table: Table,
    /// The columns to make features of.
    pub inputs: Vec<SourceInput>,
    /// The target column.
    pub target: Option<SourceInput>,
    /// The column of the rows' weights.
    pub weight: Option<usize>,
    /// The column of the rows' times.
    pub time: Option<usize>,
    /// The columns of the rows' groups.
    pub groups: Vec<usize>,
    /// The zone on whose clocks columns of [`InputKind::Timestamptz`] were read, if there are any.
    pub zone: Option<String>,
    /// The learner.
    pub algorithm: Algorithm,
    /// Its options.
    pub options: Options,
    /// The task of the model that is trained again, whose kind, classes and positive class are kept.
    pub previous: Option<Task>,
}

/// What came out.
#[derive(Debug)]
pub struct Outcome {
    /// The encoded model.
    pub bytes: Vec<u8>,
    /// The model and how it scores.
    pub scorer: Scorer,
    /// The held-out rows, encoded; `None` when nothing was held out.
    pub held: Option<Vec<u8>>,
    /// Metrics on the held-out rows; of a clustering, on the training rows.
    pub metrics: Vec<Metric>,
    /// The headline metric.
    pub metric: Option<&'static str>,
    /// Rows read.
    pub rows: usize,
    /// Rows learned from.
    pub training_rows: usize,
    /// Rows held out.
    pub holdout_rows: usize,
    /// What the user should know.
    pub notices: Vec<String>,
    /// Seconds of each phase.
    pub timings: Vec<(&'static str, f64)>,
}

/// Run a training. Memory of `request.table` must already be counted in `control`.
pub fn train(request: Request, control: &Control) -> Result<Outcome> {
    let mut run = Run { request, control, notices: Vec::new(), timings: Vec::new(), clock: Instant::now() };
    run.request.inputs = columns::choose(&run.request, &mut run.notices)?;
    if run.request.inputs.is_empty() {
        return Err(Error::data(
            "the source has no column to learn from",
            "Name columns with the option \"features\".",
        ));
    }
    let prepared = match &run.request.target {
        Some(target) => Some(Prepared::new(
            &run.request.table,
            target,
            &run.request.options,
            run.request.previous.as_ref(),
            &mut run.notices,
        )?),
        None => None,
    };
    let holdout = run.split(prepared.as_ref())?;
    run.lap("split");
    match run.request.algorithm {
        Algorithm::DecisionTree => run.tree(holdout, prepared),
        Algorithm::GradientBoosting => run.boost(holdout, prepared),
        Algorithm::KMeans => run.kmeans(holdout),
    }
}

/// Targets and weights of the training and the held-out rows.
struct Parts {
    target: Target,
    held_target: Target,
    weight: Option<Vec<f64>>,
    held_weight: Option<Vec<f64>>,
}

impl Parts {
    fn rows<'a>(&'a self, holdout: &'a Holdout) -> RowsOf<'a> {
        RowsOf {
            train: &holdout.train,
            watched: holdout.watched,
            held: &holdout.held,
            target: &self.target,
            weight: self.weight.as_deref(),
        }
    }

    fn boost_rows(&self) -> boost::Rows<'_> {
        boost::Rows { target: &self.target, weight: self.weight.as_deref(), offset: None }
    }
}

/// The rows that features are made for.
struct RowsOf<'a> {
    train: &'a [u32],
    watched: usize,
    held: &'a [u32],
    target: &'a Target,
    weight: Option<&'a [f64]>,
}

/// Columns after binning.
#[derive(Default)]
struct Features {
    /// The columns, with their features numbered from 0.
    inputs: Vec<Input>,
    binned: Vec<bin::BinnedFeature>,
    /// While some rows are watched: what stands for a feature whose numbers depend on the target, made without those rows.
    watching: Vec<Option<bin::BinnedFeature>>,
    features: Vec<Feature>,
    /// The held-out rows, by column.
    held: Vec<Vec<f64>>,
}

impl Features {
    /// Add a feature, with what stands for it `while_watching` some rows.
    fn push(&mut self, name: String, binned: bin::Binned, watching: Option<bin::BinnedFeature>, while_watching: bool) {
        self.binned.push(binned.feature);
        self.features.push(Feature { name, encoding: binned.encoding, stats: binned.stats });
        self.held.push(binned.held);
        if while_watching {
            self.watching.push(watching);
        }
    }
}

struct Run<'a> {
    request: Request,
    control: &'a Control,
    notices: Vec<String>,
    timings: Vec<(&'static str, f64)>,
    clock: Instant,
}

impl Run<'_> {
    fn lap(&mut self, phase: &'static str) {
        self.timings.push((phase, self.clock.elapsed().as_secs_f64()));
        self.clock = Instant::now();
    }

    /// Choose the rows to judge on, and say so.
    fn split(&mut self, prepared: Option<&Prepared>) -> Result<Holdout> {
        let request = &self.request;
        let features: Vec<usize> = request.inputs.iter().flat_map(|i| i.first..i.first + i.count).collect();
        let target = request.target.as_ref().map(|t| t.first);
        let rest: Vec<usize> = target
            .into_iter()
            .chain(request.weight)
            .chain(request.time)
            .chain(request.groups.iter().copied())
            .collect();
        let class = |row: u32| match prepared {
            None => 0,
            Some(p) if p.is_known(&request.table, row) => p.stratum(&request.table, row),
            Some(_) => UNKNOWN,
        };
        let mut rows = canonical_order(&request.table, &features, &rest, &class, self.control)?;
        if prepared.is_some() {
            rows.retain(|r| r.class != UNKNOWN);
            let dropped = request.table.rows - rows.len();
            if dropped > 0 {
                self.notices.push(format!("{dropped} rows without a usable target are left out"));
            }
        }
        if rows.is_empty() {
            return Err(Error::data("the source has no row to learn from", "Check the source and its target column."));
        }
        check_weights(request, &rows)?;
        let plan = HoldoutPlan { share: request.options.holdout, seed: request.options.seed };
        let table = &request.table;
        let time_value = |row: u32| match &table.columns[request.time.unwrap_or(0)].data {
            ColumnData::Number(v) => v.get(row as usize),
            ColumnData::Category { .. } => f64::NAN,
        };
        let group_value = |row: u32| request.groups.iter().fold(0, |h, &c| columns::fold_cell(h, table, c, row));
        let draw = match (request.time, request.groups.is_empty()) {
            (Some(_), true) => Draw::Time(&time_value),
            (None, false) => Draw::Group(&group_value),
            (Some(_), false) => {
                return Err(Error::option(
                    "options \"time_column\" and \"group_columns\" cannot be used together",
                    "Give one of them.",
                ))
            }
            (None, true) => Draw::Rows { classes: prepared.map_or(1, Prepared::strata) },
        };
        let mut holdout = split(&mut rows, plan, draw, self.control)?;
        let boost = &request.options.boost;
        if request.algorithm == Algorithm::GradientBoosting && boost.early_stopping_rounds.is_some() {
            let plan = HoldoutPlan { share: boost.validation_fraction, seed: plan.seed ^ 1 };
            watch(&mut holdout, &mut rows, plan, draw, self.control)?;
        }
        self.control.release_vec(rows);
        Ok(holdout)
    }

    fn weights(&self, rows: &[u32]) -> Result<Option<Vec<f64>>> {
        let Some(column) = self.request.weight else { return Ok(None) };
        let ColumnData::Number(values) = &self.request.table.columns[column].data else {
            return Err(Error::Internal("the weight column is not a number".into()));
        };
        let mut weights = self.control.vec(rows.len())?;
        weights.extend(rows.iter().map(|&r| values.get(r as usize)));
        Ok(Some(weights))
    }

    /// Turn columns into features: binned for the learner, encoded for scoring. The last `watched` of `train` say nothing of a level.
    fn features(&mut self, rows: &RowsOf<'_>, params: &bin::BinParams, most_subset_levels: usize) -> Result<Features> {
        let used: Vec<usize> = self.request.inputs.iter().flat_map(|i| i.first..i.first + i.count).collect();
        for (i, column) in self.request.table.columns.iter_mut().enumerate() {
            if !used.contains(&i) {
                column.release(self.control);
            }
        }
        let mut out = Features::default();
        self.control.start(used.len() as u64 * 2);
        for input in self.request.inputs.clone() {
            let first = out.features.len();
            for c in input.first..input.first + input.count {
                self.control.check()?;
                self.column_features(&input, c, rows, params, most_subset_levels, &mut out)?;
                self.control.advance(1);
            }
            let count = (out.features.len() - first) as u32;
            out.inputs.push(Input { name: input.name, kind: input.kind, first: first as u32, count });
        }
        self.lap("bin");
        Ok(out)
    }

    /// Turn one column of the table into features, and give its memory back.
    fn column_features(
        &mut self,
        input: &SourceInput,
        column: usize,
        rows: &RowsOf<'_>,
        params: &bin::BinParams,
        most_subset_levels: usize,
        out: &mut Features,
    ) -> Result<()> {
        let column = &mut self.request.table.columns[column];
        let name = column.name.clone();
        let parts = match &column.data {
            ColumnData::Number(values) if input.kind.is_moment() && self.request.options.date_parts => {
                parts::bin(values, input.kind, rows.train, rows.held, params, self.control)?
            }
            _ => Vec::new(),
        };
        let b = bin::bin(column, rows.train, rows.held, params, self.control)?;
        let fit_rows = rows.train.len() - rows.watched;
        let order = |fit_rows: usize| {
            let (target, weight) = (rows.target, rows.weight);
            ordered::order(&b.feature, target, weight, fit_rows, most_subset_levels, params.max_bins, self.control)
        };
        let watching = if rows.watched > 0 { order(fit_rows)?.map(|ordered| ordered.0) } else { None };
        let (feature, encoding) = match (b.encoding, order(rows.train.len())?) {
            (Encoding::Category { levels }, Some((feature, keys))) => {
                b.feature.codes.release(self.control);
                (feature, Encoding::Ordered { levels, keys })
            }
            (Encoding::Number, _) if input.kind == InputKind::Timestamptz => {
                let zone = self.request.zone.clone();
                let zone = zone.ok_or_else(|| Error::Internal("a timestamp with time zone has no zone".into()))?;
                (b.feature, Encoding::Clock { zone })
            }
            (encoding, _) => (b.feature, encoding),
        };
        let whole = bin::Binned { feature, encoding, stats: b.stats, held: b.held };
        out.push(name.clone(), whole, watching, rows.watched > 0);
        for (part, binned) in parts {
            out.push(format!("{name}.{}", part.name()), binned, None, rows.watched > 0);
        }
        Ok(())
    }

    fn tree(mut self, holdout: Holdout, prepared: Option<Prepared>) -> Result<Outcome> {
        let (prepared, parts) = self.parts(&holdout, prepared)?;
        let params = prepared.tree_params(&self.request.options, &parts.target)?;
        let exact_splitter = self.request.options.exact;
        let mut bin_params = params.bin_params();
        if exact_splitter {
            bin_params.max_bins = bin::MOST_BINS;
        }
        let made = self.features(&parts.rows(&holdout), &bin_params, params.max_subset_levels)?;
        let weight = parts.weight.as_deref();
        let trees = if exact_splitter {
            tree::fit_exact(&made.binned, &parts.target, weight, &params, self.control)?
        } else {
            tree::fit(&made.binned, &parts.target, weight, &params, self.control)?
        };
        self.finish_trees(trees, made, holdout, prepared, parts)
    }

    fn boost(mut self, holdout: Holdout, prepared: Option<Prepared>) -> Result<Outcome> {
        let (prepared, parts) = self.parts(&holdout, prepared)?;
        let mut params = prepared.boost_params(&self.request.options, &parts.target)?;
        let mut made = self.features(&parts.rows(&holdout), &params.bin_params(), params.max_subset_levels)?;
        let rows = holdout.train.len();
        if holdout.watched > 0 {
            // How many trees are enough is found on rows that they do not see; then as many are grown on all rows.
            let watching = std::mem::take(&mut made.watching);
            let seen: Vec<_> = made.binned.iter().zip(&watching).map(|(b, w)| w.as_ref().unwrap_or(b)).collect();
            let found = boost::fit(&seen, parts.boost_rows(), rows - holdout.watched, &params, self.control)?;
            for feature in watching.into_iter().flatten() {
                feature.codes.release(self.control);
            }
            if found.iterations < params.n_estimators {
                self.notices.push(format!(
                    "{} iterations are enough: {} more did not lower the loss of {} watched rows",
                    found.iterations,
                    found.losses.len() - found.iterations as usize,
                    holdout.watched
                ));
            }
            params.n_estimators = found.iterations;
            self.lap("watch");
        }
        params.early_stopping_rounds = None;
        let seen: Vec<_> = made.binned.iter().collect();
        let found = boost::fit(&seen, parts.boost_rows(), rows, &params, self.control)?;
        self.finish_trees(found.trees, made, holdout, prepared, parts)
    }

    /// Targets and weights of the rows, and how the target is read.
    fn parts(&self, holdout: &Holdout, prepared: Option<Prepared>) -> Result<(Prepared, Parts)> {
        let name = self.request.algorithm.name();
        let prepared = prepared
            .ok_or_else(|| Error::option(format!("algorithm \"{name}\" needs a target"), "Give target => 'column'."))?;
        let table = &self.request.table;
        let parts = Parts {
            target: prepared.target(table, &holdout.train, self.control)?,
            held_target: prepared.target(table, &holdout.held, self.control)?,
            weight: self.weights(&holdout.train)?,
            held_weight: self.weights(&holdout.held)?,
        };
        Ok((prepared, parts))
    }

    fn finish_trees(
        mut self,
        trees: Trees,
        made: Features,
        holdout: Holdout,
        prepared: Prepared,
        parts: Parts,
    ) -> Result<Outcome> {
        drop(made.binned);
        self.lap("grow");
        let model =
            Model { inputs: made.inputs, features: made.features, task: prepared.task(), body: Body::Trees(trees) };
        let actual = match parts.held_target {
            Target::Class { codes, .. } => HeldActual::Class(codes),
            Target::Number(values) => HeldActual::Number(values),
        };
        let Holdout { train, twins, .. } = holdout;
        self.finish(model, train.len(), made.held, actual, parts.held_weight, twins, prepared.labels())
    }

    fn kmeans(mut self, holdout: Holdout) -> Result<Outcome> {
        let Holdout { train, held, .. } = holdout;
        let weight = self.weights(&train)?;
        let held_weight = self.weights(&held)?;
        let used: Vec<usize> = self.request.inputs.iter().flat_map(|i| i.first..i.first + i.count).collect();
        let params = kmeans::KMeansParams { seed: self.request.options.seed, ..self.request.options.kmeans.clone() };
        let fit = kmeans::fit(&mut self.request.table, &used, &train, &held, weight.as_deref(), &params, self.control)?;
        self.lap("cluster");
        let columns = &self.request.table.columns;
        let features = used.iter().zip(fit.encodings).zip(fit.stats);
        let features = features
            .map(|((&c, encoding), stats)| Feature { name: columns[c].name.clone(), encoding, stats })
            .collect();
        let metrics = judge::clustering(fit.body.inertia, fit.silhouette, &fit.body.sizes);
        let model = Model { inputs: self.inputs(), features, task: Task::Clustering, body: Body::KMeans(fit.body) };
        let mut outcome = self.finish(model, train.len(), fit.held, HeldActual::None, held_weight, 0, None)?;
        outcome.metric = Some(if fit.silhouette.is_some() { "silhouette" } else { "inertia" });
        outcome.metrics = metrics;
        Ok(outcome)
    }

    /// The inputs with their features numbered from 0.
    fn inputs(&self) -> Vec<Input> {
        let mut first = 0;
        let numbered = self.request.inputs.iter().map(|i| {
            let input = Input { name: i.name.clone(), kind: i.kind, first, count: i.count as u32 };
            first += i.count as u32;
            input
        });
        numbered.collect()
    }

    /// Encode the model and judge it on the rows it has not seen.
    #[allow(clippy::too_many_arguments)]
    fn finish(
        mut self,
        model: Model,
        training_rows: usize,
        mut held_columns: Vec<Vec<f64>>,
        actual: HeldActual,
        weight: Option<Vec<f64>>,
        twins: usize,
        labels: Option<Labels>,
    ) -> Result<Outcome> {
        let bytes = encode(&model)?;
        let scorer = Scorer::new(model);
        let holdout_rows = held_columns.first().map_or(0, Vec::len);
        let mut held_rows = None;
        let (mut metrics, mut metric) = (Vec::new(), None);
        if holdout_rows > 0 {
            place_columns(&scorer, &mut held_columns);
            let scores = score_columns(&scorer, &held_columns, self.control)?;
            let mut held = HeldRows { outputs: scorer.outputs() as u32, scores, actual, weight };
            (metrics, metric) = judge_rows(&scorer, &held);
            if twins > 0 && labels.is_some() {
                self.notices.push(format!(
                    "{twins} of {holdout_rows} held-out rows have a twin with the same features in training"
                ));
            }
            shorten(&mut held);
            held_rows = Some(crate::model::encode_held(&held)?);
        }
        self.lap("judge");
        Ok(Outcome {
            bytes,
            scorer,
            held: held_rows,
            metrics,
            metric,
            rows: self.request.table.rows,
            training_rows,
            holdout_rows,
            notices: self.notices,
            timings: self.timings,
        })
    }
}

/// Weights are finite and not negative.
fn check_weights(request: &Request, rows: &[RowHashes]) -> Result<()> {
    let Some(column) = request.weight else { return Ok(()) };
    let column = &request.table.columns[column];
    let bad = |w: f64| !w.is_finite() || w < 0.0;
    match &column.data {
        ColumnData::Number(values) if rows.iter().any(|r| bad(values.get(r.row as usize))) => Err(Error::InvalidData {
            message: format!("weight column \"{}\" has a value that is missing, negative or infinite", column.name),
            detail: String::new(),
            hint: "Give every row a weight of 0 or more.".into(),
        }),
        ColumnData::Number(values) if rows.iter().all(|r| values.get(r.row as usize) == 0.0) => Err(Error::data(
            format!("all weights in column \"{}\" are zero", column.name),
            "Give some row a weight above 0.",
        )),
        ColumnData::Number(_) => Ok(()),
        ColumnData::Category { .. } => Err(Error::data(
            format!("weight column \"{}\" is not a number", column.name),
            "Name a numeric column as \"sample_weight\".",
        )),
    }
}

/// Turn columns as learning encodes them into what stands in a row.
fn place_columns(scorer: &Scorer, columns: &mut [Vec<f64>]) {
    for (feature, column) in columns.iter_mut().enumerate() {
        column.iter_mut().for_each(|cell| *cell = scorer.place(feature, *cell));
    }
}

/// Score rows given by column, each cell as [`Scorer::predict`] takes it.
pub fn score_columns(scorer: &Scorer, columns: &[Vec<f64>], control: &Control) -> Result<Vec<f64>> {
    let rows = columns.first().map_or(0, Vec::len);
    let outputs = scorer.outputs();
    let mut scores: Vec<f64> = control.vec(rows * outputs)?;
    let mut row = vec![f64::NAN; columns.len()];
    let mut out = vec![f64::NAN; outputs];
    for r in 0..rows {
        if r % 4096 == 0 {
            control.check()?;
        }
        row.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[r]);
        scorer.predict(&row, &mut out);
        scores.extend_from_slice(&out);
    }
    Ok(scores)
}

/// The metrics of scored rows, and the name of the headline.
pub fn judge_rows(scorer: &Scorer, held: &HeldRows) -> (Vec<Metric>, Option<&'static str>) {
    let weight = held.weight.as_deref();
    match (&scorer.model().task, &held.actual) {
        (Task::Classification { classes, positive }, HeldActual::Class(actual)) if classes.len() <= 2 => {
            let positives: Vec<bool> = actual.iter().map(|c| c == positive).collect();
            (judge::binary(&held.scores, &positives, weight, 0.5), Some("roc_auc"))
        }
        (Task::Classification { classes, .. }, HeldActual::Class(actual)) => {
            (judge::multiclass(&held.scores, actual, classes, weight), Some("accuracy"))
        }
        (Task::Regression, HeldActual::Number(actual)) => {
            (judge::regression(&held.scores, actual, weight), Some("rmse"))
        }
        _ => (Vec::new(), None),
    }
}

/// Keep at most [`MOST_HELD_ROWS`]; the rows are in the order of a hash, so the first are a fair sample.
fn shorten(held: &mut HeldRows) {
    held.scores.truncate(MOST_HELD_ROWS * held.outputs as usize);
    match &mut held.actual {
        HeldActual::Class(v) => v.truncate(MOST_HELD_ROWS),
        HeldActual::Number(v) => v.truncate(MOST_HELD_ROWS),
        HeldActual::None => {}
    }
    if let Some(weight) = &mut held.weight {
        weight.truncate(MOST_HELD_ROWS);
    }
}

/// Whether a cell is missing.
pub fn is_missing(table: &Table, column: usize, row: u32) -> bool {
    match &table.columns[column].data {
        ColumnData::Number(v) => v.get(row as usize).is_nan(),
        ColumnData::Category { codes, .. } => codes.get(row as usize) == MISSING,
    }
}

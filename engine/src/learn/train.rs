//! A training from beginning to end: rows to judge on are set aside, columns become features, a learner learns, the model is judged.

use std::time::Instant;

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{
    canonical_order, split, watch, ColumnData, Draw, Holdout, HoldoutPlan, RowHashes, Table, MISSING, UNKNOWN,
};
use crate::error::{Error, Result};
use crate::judge::{self, Metric};
use crate::learn::calibrate::Method;
use crate::learn::fold::{Fold, Learned};
use crate::learn::options::{Algorithm, Options};
use crate::learn::target::{Labels, Prepared};
use crate::learn::{
    bin, boost, calibrate, columns, constraints, enough, exposure, forest, kmeans, ordered, parts, text, tree, Target,
};
use crate::model::{
    encode, Body, Curve, Encoding, Feature, HeldActual, HeldRows, Input, InputKind, Model, Task, Trees,
};
use crate::score::{curve, Scorer};

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
    /// The column of the rows' exposures.
    pub exposure: Option<usize>,
    /// The column of the rows' offsets.
    pub offset: Option<usize>,
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
    /// The held-out rows with what a model said that has not seen them, encoded; `None` when nothing was held out.
    pub held: Option<Vec<u8>>,
    /// Metrics on the held-out rows; of a clustering, on the training rows.
    pub metrics: Vec<Metric>,
    /// The headline metric.
    pub metric: Option<&'static str>,
    /// Rows read.
    pub rows: usize,
    /// Rows that the model learned from; with the option "refit" the held-out rows are among them.
    pub training_rows: usize,
    /// Rows that were held out to judge on.
    pub holdout_rows: usize,
    /// What the user should know.
    pub notices: Vec<String>,
    /// Seconds of each phase.
    pub timings: Vec<(&'static str, f64)>,
}

/// Run a training. Memory of `request.table` must already be counted in `control`.
pub fn train(request: Request, control: &Control) -> Result<Outcome> {
    let (mut run, prepared) = Run::new(request, control)?;
    let mut rows = run.rows(prepared.as_ref())?;
    let all = run.rows_to_refit(&rows)?;
    let mut holdout = run.split(&mut rows, prepared.as_ref())?;
    run.watch(&mut holdout, &mut rows, prepared.as_ref())?;
    control.release_vec(rows);
    run.lap("split");
    run.learn(holdout, all, prepared)
}

/// Targets and weights of the training and the held-out rows.
pub(super) struct Parts {
    target: Target,
    held_target: Target,
    weight: Option<Vec<f64>>,
    held_weight: Option<Vec<f64>>,
    /// What is added to scores: offsets and logarithms of exposures.
    offset: Option<Vec<f64>>,
    held_offset: Option<Vec<f64>>,
    /// With an offset: the target for each unit of exposure and the weight of such a rate, for what is learned of levels beforehand.
    rates: Option<(Target, Vec<f64>)>,
    /// Where probabilities are to be calibrated: the fold of each row.
    folds: Option<Vec<u8>>,
}

impl Parts {
    /// The held-out rows, not scored yet, which this then knows no more of.
    pub(super) fn take_held(&mut self) -> HeldRows {
        let target = std::mem::replace(&mut self.held_target, Target::Number(Vec::new()));
        HeldRows { outputs: 1, scores: Vec::new(), actual: actual(target), weight: self.held_weight.take() }
    }

    pub(super) fn rows<'a>(&'a self, holdout: &'a Holdout) -> RowsOf<'a> {
        RowsOf {
            train: &holdout.train,
            watched: holdout.watched,
            held: &holdout.held,
            target: &self.target,
            weight: self.weight.as_deref(),
            offset: self.offset.as_deref(),
            rates: self.rates.as_ref(),
            folds: self.folds.as_deref(),
        }
    }

    /// Turn what a model says of the held-out rows into what is expected of them.
    pub(super) fn expect(&self, scores: &mut [f64]) {
        self.held_offset.iter().for_each(|offset| exposure::expect(scores, offset));
    }
}

/// What is true of held-out rows.
fn actual(target: Target) -> HeldActual {
    match target {
        Target::Class { codes, .. } => HeldActual::Class(codes),
        Target::Number(values) => HeldActual::Number(values),
    }
}

/// What is known of the held-out rows.
struct Known {
    actual: HeldActual,
    weight: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
    twins: usize,
}

/// The rows that features are made for, in canonical order.
pub struct RowsOf<'a> {
    /// The training rows.
    pub train: &'a [u32],
    /// How many of them, the last, early stopping watches: they say nothing of a level or a word.
    pub watched: usize,
    /// The rows held out.
    pub held: &'a [u32],
    /// Of the training rows.
    pub target: &'a Target,
    /// Of the training rows.
    pub weight: Option<&'a [f64]>,
    offset: Option<&'a [f64]>,
    rates: Option<&'a (Target, Vec<f64>)>,
    folds: Option<&'a [u8]>,
}

impl<'a> RowsOf<'a> {
    /// The target and weights by which levels and words are judged: of a rate, what a unit of exposure has.
    pub fn told(&self) -> (&'a Target, Option<&'a [f64]>) {
        match self.rates {
            Some((rates, weight)) => (rates, Some(weight.as_slice())),
            None => (self.target, self.weight),
        }
    }

    fn boost(&self) -> boost::Rows<'a> {
        boost::Rows { target: self.target, weight: self.weight, offset: self.offset }
    }
}

/// Columns after binning.
#[derive(Default)]
pub(super) struct Features {
    /// The columns, with their features numbered from 0.
    pub inputs: Vec<Input>,
    binned: Vec<bin::BinnedFeature>,
    /// While some rows are watched: what stands for a feature whose numbers depend on the target, made without those rows.
    watching: Vec<Option<bin::BinnedFeature>>,
    /// While folds are to make numbers of their own: the levels of a feature that is cut by numbers.
    levels: Vec<Option<bin::BinnedFeature>>,
    pub features: Vec<Feature>,
    /// The held-out rows, by column.
    pub held: Vec<Vec<f64>>,
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

/// What a learner made of features.
pub(super) struct Grown {
    pub body: Body,
    /// How many iterations of boosting were enough.
    pub iterations: Option<u32>,
}

/// A training under way. What it learns with is [`Request::options`] at the time.
pub(super) struct Run<'a> {
    pub request: Request,
    pub control: &'a Control,
    pub notices: Vec<String>,
    pub timings: Vec<(&'static str, f64)>,
    clock: Instant,
    /// Whether [`enough`] finds the number of iterations of boosting, and no rows are watched.
    folds: bool,
    /// Whether a model that is judged already is learned again from all rows.
    refitting: bool,
    /// Training rows with what the trees that did not see them say.
    oob: Option<HeldRows>,
}

impl<'a> Run<'a> {
    /// Choose the columns to learn from, and decide how the target is read.
    pub fn new(request: Request, control: &'a Control) -> Result<(Self, Option<Prepared>)> {
        let mut run = Run {
            request,
            control,
            notices: Vec::new(),
            timings: Vec::new(),
            clock: Instant::now(),
            folds: false,
            refitting: false,
            oob: None,
        };
        run.mark_texts()?;
        run.request.inputs = columns::choose(&run.request, &mut run.notices)?;
        if run.request.inputs.is_empty() {
            return Err(Error::data(
                "the source has no column to learn from",
                "Name columns with the option \"features\".",
            ));
        }
        let Request { table, target, options, previous, .. } = &run.request;
        let prepared = match target {
            Some(target) => Some(Prepared::new(table, target, options, previous.as_ref(), &mut run.notices)?),
            None => None,
        };
        Ok((run, prepared))
    }

    pub fn lap(&mut self, phase: &'static str) {
        self.timings.push((phase, self.clock.elapsed().as_secs_f64()));
        self.clock = Instant::now();
    }

    /// Take the columns that are named as free text for that.
    fn mark_texts(&mut self) -> Result<()> {
        let Request { inputs, options, table, .. } = &mut self.request;
        for input in inputs.iter_mut().filter(|i| options.text_columns.contains(&i.name)) {
            if !matches!(table.columns[input.first].data, ColumnData::Category { .. }) {
                return Err(Error::data(
                    format!("column \"{}\" of option \"text_columns\" is not a text", input.name),
                    "Leave it out there.",
                ));
            }
            input.kind = InputKind::Text;
        }
        Ok(())
    }

    /// Note a phase that had phases of its own, which are forgotten.
    pub fn lap_since(&mut self, phase: &'static str, began: Instant) {
        self.timings.push((phase, began.elapsed().as_secs_f64()));
        self.clock = Instant::now();
    }

    /// The rows with a usable target, in canonical order.
    pub fn rows(&mut self, prepared: Option<&Prepared>) -> Result<Vec<RowHashes>> {
        let request = &self.request;
        let features = self.used_columns();
        let target = request.target.as_ref().map(|t| t.first);
        let rest: Vec<usize> = target
            .into_iter()
            .chain(request.weight)
            .chain(request.exposure)
            .chain(request.offset)
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
        exposure::check(request, &rows)?;
        Ok(rows)
    }

    /// With the option "refit" all rows, in canonical order; without it none.
    pub fn rows_to_refit(&self, rows: &[RowHashes]) -> Result<Vec<u32>> {
        let mut all = self.control.vec(if self.request.options.refit { rows.len() } else { 0 })?;
        if self.request.options.refit {
            all.extend(rows.iter().map(|r| r.row));
        }
        Ok(all)
    }

    /// Choose the rows to judge on. `rows` are then marked as [`split`] leaves them.
    pub fn split(&self, rows: &mut [RowHashes], prepared: Option<&Prepared>) -> Result<Holdout> {
        let plan = HoldoutPlan { share: self.request.options.holdout, seed: self.request.options.seed };
        self.draw(prepared, |draw| split(rows, plan, draw, self.control))
    }

    /// The share of the training rows that the learner watches to find out when to stop.
    pub fn watched_share(&self) -> Option<f64> {
        let boost = &self.request.options.boost;
        let watches = self.request.algorithm == Algorithm::GradientBoosting && boost.early_stopping_rounds.is_some();
        watches.then_some(boost.validation_fraction)
    }

    /// Whether the training rows are so few, and drawn one by one, that folds tell more than a watched part.
    fn search_by_folds(&self, holdout: &Holdout, prepared: Option<&Prepared>) -> bool {
        let request = &self.request;
        let rows = holdout.train.len();
        let one_by_one = request.time.is_none() && request.groups.is_empty();
        self.watched_share().is_some_and(|share| share > 0.0)
            && one_by_one
            && prepared.is_some_and(|p| p.labels().is_some())
            && (4 * enough::FOLDS..=enough::FEW_ROWS).contains(&rows)
    }

    /// Set training rows aside for the learner to watch, if it does; where they are few it is to look at folds of them instead.
    pub fn watch(
        &mut self,
        holdout: &mut Holdout,
        rows: &mut Vec<RowHashes>,
        prepared: Option<&Prepared>,
    ) -> Result<()> {
        self.folds = self.search_by_folds(holdout, prepared);
        let Some(share) = self.watched_share().filter(|_| !self.folds) else { return Ok(()) };
        let plan = HoldoutPlan { share, seed: self.request.options.seed ^ 1 };
        self.draw(prepared, |draw| watch(holdout, rows, plan, draw, self.control))
    }

    /// Say to `part` how rows are drawn.
    pub fn draw<T>(&self, prepared: Option<&Prepared>, part: impl FnOnce(Draw<'_>) -> Result<T>) -> Result<T> {
        let request = &self.request;
        let table = &request.table;
        let time_value = |row: u32| match &table.columns[request.time.unwrap_or(0)].data {
            ColumnData::Number(v) => v.get(row as usize),
            ColumnData::Category { .. } => f64::NAN,
        };
        let group_value = |row: u32| request.groups.iter().fold(0, |h, &c| columns::fold_cell(h, table, c, row));
        part(match (request.time, request.groups.is_empty()) {
            (Some(_), true) => Draw::Time(&time_value),
            (None, false) => Draw::Group(&group_value),
            (Some(_), false) => {
                return Err(Error::option(
                    "options \"time_column\" and \"group_columns\" cannot be used together",
                    "Give one of them.",
                ))
            }
            (None, true) => Draw::Rows { classes: prepared.map_or(1, Prepared::strata) },
        })
    }

    /// The weights of rows, if they have some.
    pub fn weights(&self, rows: &[u32]) -> Result<Option<Vec<f64>>> {
        let Some(column) = self.request.weight else { return Ok(None) };
        let ColumnData::Number(values) = &self.request.table.columns[column].data else {
            return Err(Error::Internal("the weight column is not a number".into()));
        };
        let mut weights = self.control.vec(rows.len())?;
        weights.extend(rows.iter().map(|&r| values.get(r as usize)));
        Ok(Some(weights))
    }

    /// Learn with the options at hand and judge; with `all` rows given, then learn from them what is kept.
    pub fn learn(mut self, holdout: Holdout, all: Vec<u32>, prepared: Option<Prepared>) -> Result<Outcome> {
        let mut outcome = match self.request.algorithm {
            Algorithm::KMeans => self.kmeans(holdout)?,
            _ => self.supervised(holdout, all, &self.predicted(prepared)?)?,
        };
        outcome.notices = self.notices;
        outcome.timings = self.timings;
        Ok(outcome)
    }

    /// The target of a learner that needs one.
    pub fn predicted(&self, prepared: Option<Prepared>) -> Result<Prepared> {
        let name = self.request.algorithm.name();
        prepared
            .ok_or_else(|| Error::option(format!("algorithm \"{name}\" needs a target"), "Give target => 'column'."))
    }

    fn supervised(&mut self, holdout: Holdout, all: Vec<u32>, prepared: &Prepared) -> Result<Outcome> {
        let refit = !all.is_empty() && !holdout.held.is_empty();
        let before = self.control.used();
        let (mut outcome, iterations) = self.judged(holdout, prepared, refit)?;
        if refit {
            // All that was learned from a part is gone; the table is still there.
            self.control.release(self.control.used().saturating_sub(before));
            self.refit(&mut outcome, all, iterations, prepared)?;
        }
        Ok(outcome)
    }

    /// Learn from the training rows and judge on the others; columns are kept for another time if asked.
    fn judged(&mut self, holdout: Holdout, prepared: &Prepared, keep: bool) -> Result<(Outcome, Option<u32>)> {
        let parts = self.parts(&holdout, prepared)?;
        let mut made = self.features(&parts.rows(&holdout), keep)?;
        let grown = self.grow(&mut made, &parts.rows(&holdout), prepared, false)?;
        let Features { inputs, binned, features, held, .. } = made;
        drop(binned);
        self.lap("grow");
        let model = Self::model(grown.body, inputs, features, prepared);
        let Holdout { train, twins, .. } = holdout;
        let Parts { held_target, held_weight, held_offset, .. } = parts;
        let known = Known { actual: actual(held_target), weight: held_weight, offset: held_offset, twins };
        let outcome = self.finish(model, train.len(), &held, known, prepared.labels())?;
        Ok((outcome, grown.iterations))
    }

    /// Learn again from all rows, as many iterations as were found.
    fn refit(
        &mut self,
        outcome: &mut Outcome,
        all: Vec<u32>,
        iterations: Option<u32>,
        prepared: &Prepared,
    ) -> Result<()> {
        if let Some(iterations) = iterations {
            self.request.options.boost.n_estimators = iterations;
            self.request.options.boost.early_stopping_rounds = None;
        }
        self.folds = false;
        self.refitting = true;
        let everything = Holdout { train: all, ..Holdout::default() };
        let parts = self.parts(&everything, prepared)?;
        let mut made = self.features(&parts.rows(&everything), false)?;
        let grown = self.grow(&mut made, &parts.rows(&everything), prepared, false)?;
        drop(made.binned);
        let model = Self::model(grown.body, made.inputs, made.features, prepared);
        outcome.bytes = encode(&model)?;
        outcome.scorer = Scorer::new(model);
        outcome.training_rows = everything.train.len();
        self.notices.push(format!(
            "the metrics are those of a model learned without the {} held-out rows; the model that is kept was then learned from all {}",
            outcome.holdout_rows, outcome.training_rows
        ));
        self.lap("refit");
        Ok(())
    }

    /// The columns of the features.
    pub fn used_columns(&self) -> Vec<usize> {
        self.request.inputs.iter().flat_map(|i| i.first..i.first + i.count).collect()
    }

    /// How the learner wants its columns: binned so, and cut as one number beyond so many levels.
    pub fn bin_params(&self) -> (bin::BinParams, usize) {
        let Options { tree, forest, boost, exact, .. } = &self.request.options;
        match self.request.algorithm {
            Algorithm::RandomForest | Algorithm::ExtraTrees => (forest.bin_params(), forest.max_subset_levels),
            Algorithm::GradientBoosting => (boost.bin_params(), boost.max_subset_levels),
            _ => {
                let bins = tree.bin_params();
                let max_bins = if *exact { bin::MOST_BINS } else { bins.max_bins };
                (bin::BinParams { max_bins, ..bins }, tree.max_subset_levels)
            }
        }
    }

    /// The options that features depend on; trials that have them in common can share features.
    pub fn features_key(&self) -> impl PartialEq {
        let options = &self.request.options;
        let rates = (options.exposure.is_some() || options.offset.is_some()).then_some(options.objective);
        let columns = (options.max_text_features, options.monotone_constraints.clone());
        let calibrated = options.calibration != Method::None;
        (self.bin_params(), columns, rates, self.watched_share(), calibrated)
    }

    /// Turn columns into features: binned for the learner, encoded for scoring. The last `watched` of `train` say nothing of a level.
    /// Columns give their memory back as they go, unless they are to be `kept`.
    pub fn features(&mut self, rows: &RowsOf<'_>, keep: bool) -> Result<Features> {
        let bins = self.bin_params();
        let used = self.used_columns();
        let request = &mut self.request;
        let others = request.target.as_ref().map(|t| t.first).into_iter().chain(request.weight).chain(request.time);
        let others = others.chain(request.exposure).chain(request.offset);
        let kept: Vec<usize> = others.chain(request.groups.iter().copied()).filter(|_| keep).collect();
        for (i, column) in request.table.columns.iter_mut().enumerate() {
            if !used.contains(&i) && !kept.contains(&i) {
                column.release(self.control);
            }
        }
        let mut out = Features::default();
        self.control.start(used.len() as u64 * 2);
        for input in self.request.inputs.clone() {
            let first = out.features.len();
            for c in input.first..input.first + input.count {
                self.control.check()?;
                self.column_features(&input, c, rows, bins, keep, &mut out)?;
                self.control.advance(1);
            }
            let count = (out.features.len() - first) as u32;
            out.inputs.push(Input { name: input.name, kind: input.kind, first: first as u32, count });
        }
        self.lap("bin");
        Ok(out)
    }

    /// Turn one column of the table into features, and give its memory back unless it is to be `kept`.
    fn column_features(
        &mut self,
        input: &SourceInput,
        column: usize,
        rows: &RowsOf<'_>,
        (params, most_subset_levels): (bin::BinParams, usize),
        keep: bool,
        out: &mut Features,
    ) -> Result<()> {
        let column = &mut self.request.table.columns[column];
        let name = column.name.clone();
        if input.kind == InputKind::Text {
            let most = self.request.options.max_text_features;
            let (words, tokens) = text::bin(column, keep, rows, !self.folds, most, &params, self.control)?;
            out.push(format!("{name}.words"), words, None, rows.watched > 0);
            for (token, binned) in tokens {
                out.push(format!("{name}:{token}"), binned, None, rows.watched > 0);
            }
            return Ok(());
        }
        let options = &self.request.options;
        let (b, parts) = if input.kind.is_moment() && options.date_parts && !options.is_monotone(&name) {
            parts::bin(column, input.kind, rows.train, rows.held, &params, self.control)?
        } else {
            (bin::bin(column, rows.train, rows.held, &params, self.control)?, Vec::new())
        };
        if !keep {
            column.release(self.control);
        }
        let fit_rows = rows.train.len() - rows.watched;
        let order = |fit_rows: usize| {
            let (target, weight) = rows.told();
            ordered::order(&b.feature, target, weight, fit_rows, most_subset_levels, params.max_bins, self.control)
        };
        let watching = if rows.watched > 0 { order(fit_rows)?.map(|ordered| ordered.0) } else { None };
        let (feature, encoding) = match (b.encoding, order(rows.train.len())?) {
            (Encoding::Category { levels }, Some((feature, keys))) => {
                if self.folds || rows.folds.is_some() {
                    out.levels.resize_with(out.binned.len(), || None);
                    out.levels.push(Some(b.feature));
                } else {
                    b.feature.codes.release(self.control);
                }
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

    /// Run the learner with the options at hand. What watching needs of the features is dropped unless they are to be `kept`.
    pub fn grow(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared, keep: bool) -> Result<Grown> {
        match self.request.algorithm {
            Algorithm::DecisionTree => self.tree(made, rows, prepared),
            Algorithm::RandomForest | Algorithm::ExtraTrees => self.forest(made, rows, prepared, keep),
            Algorithm::GradientBoosting => self.boost(made, rows, prepared, keep),
            Algorithm::KMeans => Err(Error::Internal("k-means grows no tree".into())),
        }
    }

    fn forest(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared, keep: bool) -> Result<Grown> {
        let mut params = prepared.forest_params(&self.request.options, rows.target)?;
        let control = self.control;
        if keep || self.refitting {
            // A trial and a model that is judged already have no use for more judgement.
            params.oob_score = Some(false);
        }
        let found = forest::fit(&made.binned, rows.target, rows.weight, &params, control)?;
        params.oob_score = Some(false);
        let curves = self.calibrate(made, rows, |fold| {
            Ok(forest::fit(&fold.features, fold.rows().target, fold.rows().weight, &params, control)?.trees)
        })?;
        if let Some(oob) = found.oob {
            let mut held = oob.held(rows.target, rows.weight, &prepared.task());
            let outputs = held.outputs as usize;
            held.scores.chunks_exact_mut(outputs).for_each(|said| curve::calibrate(&curves, said));
            self.oob = Some(held);
        }
        Ok(Grown { body: Body::trees(found.trees, curves), iterations: None })
    }

    fn tree(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared) -> Result<Grown> {
        let params = prepared.tree_params(&self.request.options, rows.target)?;
        let (exact, control) = (self.request.options.exact, self.control);
        let fit = |features: &[bin::BinnedFeature], target: &Target, weight: Option<&[f64]>| match exact {
            true => tree::fit_exact(features, target, weight, &params, control),
            false => tree::fit(features, target, weight, &params, control),
        };
        let trees = fit(&made.binned, rows.target, rows.weight)?;
        let curves = self.calibrate(made, rows, |fold| fit(&fold.features, fold.rows().target, fold.rows().weight))?;
        Ok(Grown { body: Body::trees(trees, curves), iterations: None })
    }

    /// Fit curves for the probabilities of trees that `fit` grows, if that is asked for.
    fn calibrate(
        &mut self,
        made: &mut Features,
        rows: &RowsOf<'_>,
        fit: impl Fn(&Fold) -> Result<Trees>,
    ) -> Result<Vec<Curve>> {
        let Some(folds) = rows.folds else { return Ok(Vec::new()) };
        let method = self.request.options.calibration;
        let learned = Self::learned(made, rows, self.bin_params());
        let curves = calibrate::curves(method, &learned, folds, fit, &mut self.notices, self.control)?;
        self.lap("calibrate");
        Ok(curves)
    }

    /// What folds learn from.
    fn learned<'b>(
        made: &'b mut Features,
        rows: &RowsOf<'b>,
        (bins, most_subset_levels): (bin::BinParams, usize),
    ) -> Learned<'b> {
        made.levels.resize_with(made.binned.len(), || None);
        Learned {
            binned: &made.binned,
            levels: &made.levels,
            rows: rows.boost(),
            numbers: rows.told(),
            most_subset_levels,
            max_bins: bins.max_bins,
        }
    }

    fn boost(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared, keep: bool) -> Result<Grown> {
        let mut params = prepared.boost_params(&self.request.options, rows.target)?;
        constraints::apply(&mut params, &self.request.options, &made.inputs, prepared, &mut self.notices)?;
        let (all, watched) = (rows.train.len(), rows.watched);
        if watched > 0 {
            // How many trees are enough is found on rows that they do not see; then as many are grown on all rows.
            let watching = std::mem::take(&mut made.watching);
            let seen: Vec<_> = made.binned.iter().zip(&watching).map(|(b, w)| w.as_ref().unwrap_or(b)).collect();
            let found = boost::fit(&seen, rows.boost(), all - watched, &params, self.control)?;
            if keep {
                made.watching = watching;
            } else {
                watching.into_iter().flatten().for_each(|feature| feature.codes.release(self.control));
            }
            if found.iterations < params.n_estimators {
                self.notices.push(format!(
                    "{} iterations are enough: {} more did not lower the loss of {watched} watched rows",
                    found.iterations,
                    found.losses.len() - found.iterations as usize,
                ));
            }
            params.n_estimators = found.iterations;
            self.lap("watch");
        }
        if self.folds && params.early_stopping_rounds.is_some() {
            let learned = Self::learned(made, rows, self.bin_params());
            let (iterations, tried) = enough::iterations(&learned, &params, self.control)?;
            if !keep && rows.folds.is_none() {
                let levels = std::mem::take(&mut made.levels);
                levels.into_iter().flatten().for_each(|feature| feature.codes.release(self.control));
            }
            if tried > iterations as usize {
                self.notices.push(format!(
                    "{iterations} iterations are enough: {} more did not lower the loss of rows left out, in {} folds",
                    tried - iterations as usize,
                    enough::FOLDS
                ));
            }
            params.n_estimators = iterations;
            self.lap("watch");
        }
        params.early_stopping_rounds = None;
        let seen: Vec<_> = made.binned.iter().collect();
        let found = boost::fit(&seen, rows.boost(), all, &params, self.control)?;
        let control = self.control;
        let fit = |fold: &Fold| {
            let seen: Vec<_> = fold.features.iter().collect();
            Ok(boost::fit(&seen, fold.rows(), fold.fit_rows, &params, control)?.trees)
        };
        let curves = self.calibrate(made, rows, fit)?;
        Ok(Grown { body: Body::trees(found.trees, curves), iterations: Some(params.n_estimators) })
    }

    /// Targets and weights of the rows.
    pub fn parts(&self, holdout: &Holdout, prepared: &Prepared) -> Result<Parts> {
        let table = &self.request.table;
        let mut parts = Parts {
            target: prepared.target(table, &holdout.train, self.control)?,
            held_target: prepared.target(table, &holdout.held, self.control)?,
            weight: self.weights(&holdout.train)?,
            held_weight: self.weights(&holdout.held)?,
            offset: exposure::offsets(&self.request, &holdout.train, self.control)?,
            held_offset: exposure::offsets(&self.request, &holdout.held, self.control)?,
            rates: None,
            folds: None,
        };
        if self.request.options.calibration != Method::None {
            let Target::Class { codes, .. } = &parts.target else {
                return Err(Error::option("option \"calibration\" needs a classification", "Leave it out."));
            };
            let groups = &self.request.groups;
            let group = |i: usize| groups.iter().fold(0, |h, &c| columns::fold_cell(h, table, c, holdout.train[i]));
            let group: Option<&dyn Fn(usize) -> u64> = if groups.is_empty() { None } else { Some(&group) };
            parts.folds = Some(calibrate::folds(codes, group, self.control)?);
        }
        if let Some(offset) = &parts.offset {
            let counts = self.request.options.objective == Some("poisson");
            parts.rates = Some(exposure::rates(&parts.target, counts, parts.weight.as_deref(), offset, self.control)?);
        }
        Ok(parts)
    }

    /// The model of what was grown.
    pub fn model(body: Body, inputs: Vec<Input>, features: Vec<Feature>, prepared: &Prepared) -> Model {
        Model { inputs, features, task: prepared.task(), body }
    }

    fn kmeans(&mut self, holdout: Holdout) -> Result<Outcome> {
        let Holdout { train, held, .. } = holdout;
        let weight = self.weights(&train)?;
        let held_weight = self.weights(&held)?;
        let used = self.used_columns();
        let params = kmeans::KMeansParams { seed: self.request.options.seed, ..self.request.options.kmeans.clone() };
        let fit = kmeans::fit(
            &mut self.request.table,
            &used,
            &train,
            &held,
            weight.as_deref(),
            &params,
            false,
            self.control,
        )?;
        self.lap("cluster");
        let columns = &self.request.table.columns;
        let features = used.iter().zip(fit.encodings).zip(fit.stats);
        let features = features
            .map(|((&c, encoding), stats)| Feature { name: columns[c].name.clone(), encoding, stats })
            .collect();
        let metrics = judge::clustering(fit.body.inertia, fit.silhouette, &fit.body.sizes);
        let model = Model { inputs: self.inputs(), features, task: Task::Clustering, body: Body::KMeans(fit.body) };
        let known = Known { actual: HeldActual::None, weight: held_weight, offset: None, twins: 0 };
        let mut outcome = self.finish(model, train.len(), &fit.held, known, None)?;
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
    fn finish(
        &mut self,
        model: Model,
        training_rows: usize,
        held_columns: &[Vec<f64>],
        known: Known,
        labels: Option<Labels>,
    ) -> Result<Outcome> {
        let Known { actual, weight, offset, twins } = known;
        let bytes = encode(&model)?;
        let scorer = Scorer::new(model);
        let holdout_rows = held_columns.first().map_or(0, Vec::len);
        let mut held_rows = None;
        let (mut metrics, mut metric) = (Vec::new(), None);
        if holdout_rows > 0 {
            let mut scores = score_encoded(&scorer, held_columns, self.control)?;
            offset.iter().for_each(|offset| exposure::expect(&mut scores, offset));
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
        if let Some(oob) = self.oob.take() {
            let (judged, headline) = judge_rows(&scorer, &oob);
            let named = forest::oob_metrics(&judged);
            if held_rows.is_none() {
                self.notices.push(format!(
                    "no rows are held out, so the model is judged on {} training rows, each by the trees that did not see it",
                    oob.rows()
                ));
                held_rows = Some(crate::model::encode_held(&oob)?);
                (metrics, metric) = (judged, headline);
            }
            metrics.extend(named);
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
            notices: Vec::new(),
            timings: Vec::new(),
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

/// Score rows given by column, each cell as [`Scorer::predict`] takes it.
pub fn score_columns(scorer: &Scorer, columns: &[Vec<f64>], control: &Control) -> Result<Vec<f64>> {
    score_cells(scorer, columns, |_, cell| cell, control)
}

/// Score rows given by column as learning encodes them.
pub(super) fn score_encoded(scorer: &Scorer, columns: &[Vec<f64>], control: &Control) -> Result<Vec<f64>> {
    score_cells(scorer, columns, |feature, cell| scorer.place(feature, cell), control)
}

fn score_cells(
    scorer: &Scorer,
    columns: &[Vec<f64>],
    cell: impl Fn(usize, f64) -> f64 + Sync,
    control: &Control,
) -> Result<Vec<f64>> {
    let rows = columns.first().map_or(0, Vec::len);
    let outputs = scorer.outputs();
    let mut scores: Vec<f64> = control.vec(rows * outputs)?;
    scores.resize(rows * outputs, f64::NAN);
    const PART: usize = 1024;
    scores.par_chunks_mut(PART * outputs).enumerate().try_for_each(|(part, out)| {
        control.check()?;
        let mut row = vec![f64::NAN; columns.len()];
        for (i, out) in out.chunks_exact_mut(outputs).enumerate() {
            let r = part * PART + i;
            row.iter_mut().enumerate().for_each(|(f, value)| *value = cell(f, columns[f][r]));
            scorer.predict(&row, out);
        }
        Ok(())
    })?;
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

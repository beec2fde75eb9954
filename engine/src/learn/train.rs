//! A training from beginning to end: rows to judge on are set aside, columns become features, a learner learns, the model is judged.

mod additive;
mod apart;
mod baseline;
mod beside;
mod clean;
mod contest;
mod density;
mod ensemble;
mod features;
mod grow;
mod importance;
mod insight;
mod isolation;
mod judged;
mod machine;
mod mixture;
mod neighbors;
mod network;
mod recommend;
mod reduction;
mod rows;
mod segments;
mod sizes;
mod space;
mod uplift;

use std::time::Instant;

use crate::clean::doctor::{self, Finding};
use crate::clean::program::Program;
use crate::control::Control;
use crate::data::{ColumnData, Holdout, Permutation, RowHashes, Table, MISSING};
use crate::error::{Error, Result};
use crate::judge::contest::Contest;
use crate::judge::{self, Metric};
use crate::learn::network::Former;
use crate::learn::options::{Algorithm, Options};
use crate::learn::target::Prepared;
use crate::learn::uplift::Arms;
use crate::learn::{columns, exposure, kmeans, personal, Unlabelled};
use crate::model::{
    encode, Baseline, Body, Cleaning, Feature, HeldActual, HeldRows, Input, InputKind, Model, SegmentFacts, Task,
};
use crate::score::Scorer;

pub use apart::{
    forecasts, lifetime, number_of, Common, KeyPart, PlainColumn, Rows as RowCounts, Told, CUSTOMER_FEATURES,
};
pub use contest::Champion;
use contest::Rival;
pub(super) use features::Features;
pub use features::RowsOf;
pub use importance::{by_model, by_rows, read_importance, Importance, Judged};
use insight::Seen;
pub use insight::{EpochPoint, Insight, Overfitting, Standing, TrainingMetric, TreesPoint, WorstSegment};
pub(super) use judged::score_encoded;
use judged::{actual, Known};
pub use judged::{judge_rows, score_columns, MOST_HELD_ROWS};
pub use recommend::{judge_recommender, Interacted};
pub(super) use rows::Parts;
use segments::Described;
pub use segments::OldSegments;
pub use sizes::{learning_curve, SizePoint};

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
    /// Whether its type says which texts there can be, so that none is respelt: a uuid or an enum.
    pub fixed: bool,
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
    /// The columns of weights, exposures, offsets, times and groups, as far as they may be cleaned.
    pub beside: Vec<SourceInput>,
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
    /// The column of the rows' treatments.
    pub treatment: Option<SourceInput>,
    /// The column of what rows are worth, by which segments are described.
    pub value: Option<usize>,
    /// The zone on whose clocks columns of [`InputKind::Timestamptz`] were read, if there are any.
    pub zone: Option<String>,
    /// The learner.
    pub algorithm: Algorithm,
    /// Its options.
    pub options: Options,
    /// The task of the model that is trained again, whose kind, classes and positive class are kept.
    pub previous: Option<Task>,
    /// The version whose segments hand their numbers and names on.
    pub old_segments: Option<OldSegments>,
    /// The network of the version before, for the option "warm_start".
    pub former: Option<Former>,
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
    /// What held-out rows say of the worth of columns, if asked for: [`read_importance`].
    pub importance: Option<Vec<u8>>,
    /// What training saw that the metrics do not tell.
    pub insight: Insight,
    /// How the features of the training rows were distributed.
    pub baseline: Baseline,
    /// What is known of the segments of a clustering.
    pub segments: Option<SegmentFacts>,
    /// How the model does beside the one that it was trained to replace, on the held-out rows, if there are some.
    pub contest: Option<Contest>,
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
    Ok(train_and_warn(request, false, control)?.0)
}

/// Run a training, and if asked look for what would make its metrics lie. The model is the same.
pub fn train_and_warn(request: Request, warn: bool, control: &Control) -> Result<(Outcome, Vec<Finding>)> {
    train_beside(request, None, warn, control)
}

/// The same, and compare what comes out with a champion, on the held-out rows: the outcome has the contest.
pub fn train_beside(
    request: Request,
    champion: Option<&Champion<'_>>,
    warn: bool,
    control: &Control,
) -> Result<(Outcome, Vec<Finding>)> {
    if request.algorithm.recommends() {
        return Ok((recommend::recommend(request, champion, control)?, Vec::new()));
    }
    let (mut run, prepared) = Run::new(request, control)?;
    if let Some(champion) = champion {
        run.check_task(champion, prepared.as_ref())?;
    }
    let mut rows = run.rows(prepared.as_ref())?;
    run.lap("order");
    let warnings = match &prepared {
        Some(prepared) if warn => run.warnings(prepared, &rows)?,
        _ => Vec::new(),
    };
    let all = run.rows_to_refit(&rows)?;
    let mut holdout = run.split(&mut rows, prepared.as_ref())?;
    if let Some(champion) = champion {
        run.meet(champion, &holdout, prepared.as_ref())?;
    }
    run.watch(&mut holdout, &mut rows, prepared.as_ref())?;
    run.lap("split");
    let all = run.clean(&mut holdout, all, &rows, prepared.as_ref())?;
    control.release_vec(rows);
    Ok((run.learn(holdout, all, prepared)?, warnings))
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
    /// The columns of personal data that are masked.
    masked: Vec<String>,
    /// What is done to columns before they become features.
    cleaning: Option<Cleaning>,
    /// What was done to the target and other columns that are no features.
    beside_program: Option<Program>,
    /// Training rows with what the trees that did not see them say.
    oob: Option<HeldRows>,
    /// Whether members of an ensemble learn from the same table, each from columns of its own.
    sharing: bool,
    /// How many iterations of boosting were enough for each member of an ensemble.
    member_iterations: Vec<Option<u32>>,
    /// What a model that is to be replaced says of the held-out rows.
    rival: Option<Rival>,
    /// The losses of a network, epoch by epoch.
    epochs: Vec<EpochPoint>,
    /// Who was treated, where it is to be learned what that changes.
    arms: Option<Arms>,
}

impl<'a> Run<'a> {
    /// Choose the columns to learn from, and decide how the target is read.
    pub fn new(request: Request, control: &'a Control) -> Result<(Self, Option<Prepared>)> {
        if request.algorithm.stands_alone() {
            return Err(Error::option(
                format!("algorithm \"{}\" is trained by orchard.train alone", request.algorithm.name()),
                "Train models of some options, and compare what orchard.evaluate says of them.",
            ));
        }
        if request.algorithm.recommends() {
            return Err(Error::option(
                format!(
                    "algorithm \"{}\" learns from users and items, so it is trained by orchard.train alone",
                    request.algorithm.name()
                ),
                "Train models of some options, and compare what orchard.evaluate says of them.",
            ));
        }
        let mut run = Run {
            request,
            control,
            notices: Vec::new(),
            timings: Vec::new(),
            clock: Instant::now(),
            folds: false,
            refitting: false,
            masked: Vec::new(),
            cleaning: None,
            beside_program: None,
            oob: None,
            sharing: false,
            member_iterations: Vec::new(),
            rival: None,
            epochs: Vec::new(),
            arms: None,
        };
        run.clean_beside()?;
        run.masked = personal::look(&mut run.request, &mut run.notices, control)?;
        if run.cleaning_asked().is_none() {
            run.mark_texts()?;
            run.choose()?;
        }
        let Request { table, target, options, previous, .. } = &run.request;
        let prepared = match target {
            Some(target) => {
                let previous = previous.as_ref().map(contest::of_outcome);
                Some(Prepared::new(table, target, options, previous.as_deref(), &mut run.notices)?)
            }
            None => None,
        };
        run.check_outcome(prepared.as_ref())?;
        run.arms = run.read_arms()?;
        Ok((run, prepared))
    }

    /// Leave out the columns that identify rows.
    fn choose(&mut self) -> Result<()> {
        self.request.inputs = columns::choose(&self.request, &mut self.notices)?;
        if self.request.inputs.is_empty() {
            return Err(Error::data(
                "the source has no column to learn from",
                "Name columns with the option \"features\".",
            ));
        }
        Ok(())
    }

    pub fn lap(&mut self, phase: &'static str) {
        self.timings.push((phase, self.clock.elapsed().as_secs_f64()));
        self.clock = Instant::now();
    }

    /// What the user should be warned of. A lack of memory for that is none for the training.
    pub fn warnings(&mut self, prepared: &Prepared, rows: &[RowHashes]) -> Result<Vec<Finding>> {
        let before = self.control.used();
        let found = doctor::warnings(&self.request, prepared, rows, self.control);
        self.control.release(self.control.used().saturating_sub(before));
        self.lap("warnings");
        match found {
            Err(Error::OutOfMemory { .. }) => Ok(Vec::new()),
            found => found,
        }
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

    /// Learn with the options at hand and judge; with `all` rows given, then learn from them what is kept.
    pub fn learn(mut self, holdout: Holdout, all: Vec<u32>, prepared: Option<Prepared>) -> Result<Outcome> {
        self.check_groups(if all.is_empty() { &holdout.train } else { &all }, prepared.as_ref())?;
        let mut outcome = match self.request.algorithm {
            Algorithm::KMeans | Algorithm::KPrototypes | Algorithm::GaussianMixture | Algorithm::Dbscan => {
                self.clustering(holdout)?
            }
            Algorithm::IsolationForest => self.isolation(holdout)?,
            Algorithm::OneClassSvm => self.one_class(holdout)?,
            Algorithm::Pca => self.reduction(holdout)?,
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
        // What a treatment changes in a row is not seen, so there is no saying how well it was learned by heart.
        let count = if self.arms.is_some() { 0 } else { Seen::count(&holdout, self.used_columns().len()) };
        let mut shown: Vec<u32> = self.control.vec(holdout.held.len() + count)?;
        shown.extend(holdout.held.iter().chain(&holdout.train[..count]));
        let mut made = self.features(&RowsOf { held: &shown, ..parts.rows(&holdout) }, keep)?;
        self.control.release_vec(shown);
        let grown = self.grow(&mut made, &parts.rows(&holdout), prepared, false)?;
        let baseline =
            made.baseline(holdout.train.len(), holdout.held.len(), self.request.options.min_group, self.control)?;
        let Features { inputs, binned, features, mut held, .. } = made;
        drop(binned);
        self.lap("grow");
        let model = self.model_of(grown.body, inputs, features, prepared);
        let seen = (count > 0).then(|| Seen::split(&mut held, count, &parts));
        let Holdout { train, held: held_rows, twins, .. } = holdout;
        let Parts { held_target, held_weight, held_offset, .. } = parts;
        let actual = match &self.arms {
            Some(arms) => self.treated(arms, held_target, &held_rows, prepared)?,
            None => actual(held_target),
        };
        let known = Known { actual, weight: held_weight, offset: held_offset, twins };
        let labels = prepared.labels().filter(|_| self.arms.is_none());
        let mut outcome = self.finish(model, train.len(), (&held, known), seen, labels)?;
        outcome.baseline = baseline;
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
            self.request.options.end_after(iterations);
        }
        self.folds = false;
        self.refitting = true;
        let everything = Holdout { train: all, ..Holdout::default() };
        let parts = self.parts(&everything, prepared)?;
        let shown = baseline::scored(&everything.train, outcome.scorer.outputs());
        let offset = exposure::offsets(&self.request, &shown, self.control)?;
        let mut made = self.features(&RowsOf { held: &shown, ..parts.rows(&everything) }, false)?;
        let grown = self.grow(&mut made, &parts.rows(&everything), prepared, false)?;
        let baseline = made.baseline(everything.train.len(), 0, self.request.options.min_group, self.control)?;
        let before = std::mem::take(&mut outcome.baseline);
        let mut baseline = baseline::with_held(baseline, &made.features, before, &outcome.scorer.model().features);
        drop(made.binned);
        let model = self.model_of(grown.body, made.inputs, made.features, prepared);
        let model = self.with_cleaning(model);
        outcome.bytes = encode(&model)?;
        outcome.scorer = Scorer::new(model);
        baseline.scores = score_encoded(&outcome.scorer, &made.held, self.control)?;
        offset.iter().for_each(|offset| exposure::expect(&mut baseline.scores, offset));
        outcome.baseline = baseline;
        outcome.training_rows = everything.train.len();
        self.notices.push(format!(
            "the metrics are those of a model learned without the {} held-out rows; the model that is kept was then learned from all {}",
            outcome.holdout_rows, outcome.training_rows
        ));
        self.lap("refit");
        Ok(())
    }

    /// The model of what was grown by the learner that was asked for.
    fn model_of(&self, body: Body, inputs: Vec<Input>, features: Vec<Feature>, prepared: &Prepared) -> Model {
        let model = Self::model(body, inputs, features, prepared);
        match &self.arms {
            Some(arms) => Model { task: Self::uplift_task(arms, prepared), ..model },
            None => model,
        }
    }

    /// The model of what was grown.
    pub fn model(body: Body, inputs: Vec<Input>, features: Vec<Feature>, prepared: &Prepared) -> Model {
        Model { inputs, features, task: prepared.task(), body, cleaning: None }
    }

    /// Bring the rows of the table into canonical order, the held-out ones last, where they are all that it has: what looks at columns more
    /// than once then reads them from end to end.
    fn permute(&mut self, train: &mut [u32], held: &mut [u32]) -> Result<()> {
        let table = &mut self.request.table;
        let Some(order) = Permutation::of(&[train, held], table.rows, self.control)? else { return Ok(()) };
        table.permute(&order, self.control)?;
        order.release(self.control);
        train.iter_mut().chain(held).zip(0..).for_each(|(row, place)| *row = place);
        Ok(())
    }

    /// Find segments, describe and number them.
    fn clustering(&mut self, holdout: Holdout) -> Result<Outcome> {
        let Holdout { mut train, mut held, .. } = holdout;
        self.permute(&mut train, &mut held)?;
        let weight = self.weights(&train)?;
        let held_weight = self.weights(&held)?;
        let used = self.used_columns();
        let bins = self.number_bins(&used, &train)?;
        let rows = Unlabelled { features: &used, train: &train, held: &held, weight: weight.as_deref() };
        let (mut fit, body, likelihood) = match self.request.algorithm {
            Algorithm::GaussianMixture => self.mixture(rows)?,
            Algorithm::Dbscan => self.dbscan(rows).map(|(fit, body)| (fit, body, None))?,
            _ => self.kmeans(rows).map(|(fit, body)| (fit, body, None))?,
        };
        self.lap("cluster");
        if fit.given_up > 0 {
            let left = body.as_segments().map_or(0, |body| body.sizes.len());
            let why = match self.request.options.min_group {
                1 => "were the most probable one of no row".to_owned(),
                least => format!("had fewer rows than \"min_group\" {least}"),
            };
            self.notices.push(format!(
                "{} of the segments {why}, and their rows went to others: {left} are left",
                fit.given_up
            ));
        }
        let columns = &self.request.table.columns;
        let features = used.iter().zip(std::mem::take(&mut fit.encodings)).zip(std::mem::take(&mut fit.stats));
        let features = features
            .map(|((&c, encoding), stats)| Feature { name: columns[c].name.clone(), encoding, stats })
            .collect();
        let mut model = Model { inputs: self.inputs(), features, task: Task::Clustering, body, cleaning: None };
        let inertia = model.body.as_segments().map_or(f64::NAN, |body| body.inertia);
        let rows = Described {
            train: &train,
            weight: weight.as_deref(),
            columns: &used,
            order: &fit.order,
            seen: std::mem::take(&mut fit.seen),
            silhouettes: std::mem::take(&mut fit.silhouettes),
        };
        let mut facts = self.segments(&mut model, rows)?;
        facts.candidates = std::mem::take(&mut fit.candidates);
        self.tell_chosen(&facts.candidates);
        self.lap("describe");
        let mut metrics = judge::clustering(inertia, fit.silhouette, &facts.sizes, model.body.noise());
        self.control.release_vec(fit.order);
        let known = Known { actual: HeldActual::None, weight: held_weight, offset: None, twins: 0 };
        let least = self.request.options.min_group;
        let baseline = baseline::of_clusters(&model, bins, train.len(), &fit.held, least);
        let mut outcome = self.finish(model, train.len(), (&fit.held, known), None, None)?;
        outcome.baseline = baseline;
        outcome.segments = Some(facts);
        outcome.contest = self.contest_of_segments(&outcome.scorer, &fit.held)?;
        outcome.metric = Some(match (&likelihood, fit.silhouette) {
            (Some(_), _) => "log_likelihood",
            (None, Some(_)) => "silhouette",
            (None, None) => "inertia",
        });
        if let Some(likelihood) = likelihood {
            metrics.splice(..0, likelihood);
        }
        outcome.metrics = metrics;
        Ok(outcome)
    }

    fn kmeans(&mut self, rows: Unlabelled<'_>) -> Result<(kmeans::KMeansFit, Body)> {
        let params = kmeans::KMeansParams { describe: true, ..self.kmeans_params()? };
        let mut fit = kmeans::fit(&mut self.request.table, rows, &params, true, self.control)?;
        self.tell_bent(rows.features, &fit.body.axes);
        let body = Body::KMeans(std::mem::take(&mut fit.body));
        Ok((fit, body))
    }
}

/// Whether a cell is missing.
pub fn is_missing(table: &Table, column: usize, row: u32) -> bool {
    match &table.columns[column].data {
        ColumnData::Number(v) => v.get(row as usize).is_nan(),
        ColumnData::Category { codes, .. } => codes.get(row as usize) == MISSING,
    }
}

//! A training whose model is to replace another one: both are judged on the rows that the new one does not learn from.

use crate::data::Holdout;
use crate::error::{Error, Result};
use crate::judge::contest::{contest, contest_of_means, Contest};
use crate::judge::given::{encode, Sample, Source};
use crate::learn::kmeans::{coefficients, width, SAMPLE};
use crate::learn::target::Prepared;
use crate::learn::{columns, exposure};
use crate::model::{Axis, Body, Feature, HeldRows, Mixture, Model, Task};
use crate::score::{kmeans, mixture, Scorer};

use super::{score_columns, Run, MOST_HELD_ROWS};

/// Rows that are made features of at a time.
const BLOCK: usize = 4096;

/// The model that is to be replaced.
#[derive(Debug)]
pub struct Champion<'a> {
    /// The model.
    pub scorer: &'a Scorer,
    /// For each of its arguments the first column of the table and their number.
    pub places: Vec<(usize, usize)>,
    /// The metric by which the two are compared, one of [`crate::judge::contest::metrics`].
    pub metric: &'static str,
}

/// What it says of the held-out rows, the first [`MOST_HELD_ROWS`] of them.
pub(super) struct Rival {
    metric: &'static str,
    scores: Vec<f64>,
    task: Task,
    groups: Option<Vec<u64>>,
    /// The logarithm of the density of each row in the units of the columns, and the dimensions that it is one of, where the metric is that of densities.
    densities: Vec<f64>,
    dimensions: Vec<(String, usize)>,
}

/// The task of what comes of rows, where what is predicted is how that changes.
pub(super) fn of_outcome(task: &Task) -> std::borrow::Cow<'_, Task> {
    match task {
        Task::Uplift { classes, .. } if classes.is_empty() => std::borrow::Cow::Owned(Task::Regression),
        Task::Uplift { classes, positive, .. } => {
            std::borrow::Cow::Owned(Task::Classification { classes: classes.clone(), positive: *positive })
        }
        task => std::borrow::Cow::Borrowed(task),
    }
}

impl Run<'_> {
    /// The task must be the same, so that who uses the model is not surprised.
    pub(super) fn check_task(&self, champion: &Champion<'_>, prepared: Option<&Prepared>) -> Result<()> {
        let Some(target) = self.request.target.as_ref() else { return Ok(()) };
        let other =
            |message: String| Err(Error::data(message, "Mend the source, or train the model anew by orchard.train."));
        let before = of_outcome(&champion.scorer.model().task);
        match (&*before, prepared.map(Prepared::task)) {
            (Task::Classification { classes, .. }, Some(Task::Classification { classes: now, .. })) => {
                let new = now.iter().find(|class| !classes.contains(class));
                match new.filter(|_| classes.len() <= 2 && now.len() > 2) {
                    None => Ok(()),
                    Some(new) => other(format!(
                        "target \"{}\" has the value \"{new}\", but the model tells two classes apart",
                        target.name
                    )),
                }
            }
            (Task::Regression, Some(Task::Classification { .. })) => {
                other(format!("target \"{}\" is no number any more, which the model predicts", target.name))
            }
            (Task::Classification { .. }, Some(Task::Regression)) => {
                other(format!("target \"{}\" is a number, but the model predicts classes", target.name))
            }
            _ => Ok(()),
        }
    }

    /// Let the champion score the held-out rows, as long as their columns are there.
    pub(super) fn meet(
        &mut self,
        champion: &Champion<'_>,
        holdout: &Holdout,
        prepared: Option<&Prepared>,
    ) -> Result<()> {
        let rows = &holdout.held[..holdout.held.len().min(MOST_HELD_ROWS)];
        let table = &self.request.table;
        let source = Source { table, places: champion.places.clone(), weight: None };
        let mut scores = self.control.vec(rows.len() * champion.scorer.outputs())?;
        let mut densities = Vec::new();
        for block in rows.chunks(BLOCK) {
            let before = self.control.used();
            let sample = Sample { rows: block.iter().map(|row| source.row(*row as usize)).collect(), weights: None };
            let columns = encode(champion.scorer, &sample, self.control)?;
            scores.extend(score_columns(champion.scorer, &columns, self.control)?);
            if let (Body::Mixture(body), "log_likelihood") = (&champion.scorer.model().body, champion.metric) {
                let volume = mixture::log_volume(body);
                densities.extend(mixture::log_densities(body, &columns, self.control)?.iter().map(|x| x + volume));
            }
            drop((sample, columns));
            self.control.release(self.control.used().saturating_sub(before));
        }
        if let Some(offset) = exposure::offsets(&self.request, rows, self.control)? {
            exposure::expect(&mut scores, &offset);
        }
        let task = prepared.map_or(Task::Clustering, Prepared::task);
        let scores = by_class(scores, &champion.scorer.model().task, &task);
        let groups = &self.request.groups;
        let group = |row: &u32| groups.iter().fold(0, |hash, &column| columns::fold_cell(hash, table, column, *row));
        let groups = (!groups.is_empty()).then(|| rows.iter().map(group).collect());
        let dimensions = dimensions(champion.scorer.model());
        let rival = Rival { metric: champion.metric, scores, task, groups, densities, dimensions };
        self.rival = (!rows.is_empty()).then_some(rival);
        self.lap("champion");
        Ok(())
    }

    /// Compare a new model, which says this of the held-out rows, with the champion.
    pub(super) fn contest(&self, scorer: &Scorer, held: &HeldRows) -> Result<Option<Contest>> {
        let Some(Rival { metric, scores, task, groups, .. }) = &self.rival else { return Ok(None) };
        if !scorer.model().task.is_answer() {
            return Ok(None);
        }
        if scores.len() * held.actual.len() == 0 || scores.len() / held.actual.len() != held.outputs as usize {
            // Treatments came or went, so answers are no longer the same.
            return Ok(None);
        }
        let count = scores.len() / (held.outputs as usize).max(1);
        let rows = HeldRows {
            outputs: held.outputs,
            scores: held.scores[..scores.len()].to_vec(),
            actual: held.actual.first(count),
            weight: held.weight.as_ref().map(|w| w[..count].to_vec()),
        };
        let seed = self.request.options.seed;
        contest(metric, task, scores, &rows, groups.as_deref(), seed, self.control).map(Some)
    }

    /// Compare segments with those of the champion, by the silhouette coefficients of held-out rows in the space of the new ones, whose scales are
    /// today's. The rows are a sample of those.
    pub(super) fn contest_of_segments(&mut self, scorer: &Scorer, held: &[Vec<f64>]) -> Result<Option<Contest>> {
        let (Some(rival), Some(body)) = (&self.rival, scorer.model().body.as_segments()) else { return Ok(None) };
        if let (Body::Mixture(mixture), "log_likelihood") = (&scorer.model().body, rival.metric) {
            let found = contest_of_densities(scorer.model(), mixture, rival, held, self)?;
            if found.gain.is_none() {
                self.notices.push(NOT_COMPARED.to_owned());
            }
            return Ok(Some(found));
        }
        let step = rival.scores.len().div_ceil(SAMPLE).max(1);
        let sample: Vec<usize> = (0..rival.scores.len()).step_by(step).collect();
        let dimensions = body.dimensions as usize;
        let mut points: Vec<f64> = self.control.vec(sample.len() * dimensions)?;
        let (mut own, mut scratch) = (Vec::with_capacity(sample.len()), Vec::new());
        for &row in &sample {
            self.control.check()?;
            let cells: Vec<f64> = held.iter().map(|column| column[row]).collect();
            let mut said = [f64::NAN];
            scorer.predict(&cells, &mut said);
            own.push(segment(said[0]));
            kmeans::point(body, &cells, &mut scratch);
            points.extend_from_slice(&scratch);
        }
        let before: Vec<Option<u32>> = sample.iter().map(|row| segment(rival.scores[*row])).collect();
        let silhouettes = |labels: &[Option<u32>]| {
            // Rows of no segment are as good as alone in one.
            let inside: Vec<usize> = (0..labels.len()).filter(|row| labels[*row].is_some()).collect();
            let known: Vec<u32> = labels.iter().flatten().copied().collect();
            let segments = known.iter().max().map_or(0, |most| *most as usize + 1);
            let row = |row: &usize| &points[row * dimensions..(row + 1) * dimensions];
            let values: Vec<f64> = inside.iter().flat_map(row).copied().collect();
            let found = coefficients(&values, dimensions, &known, segments, self.control)?;
            let mut all = vec![0.0; if found.is_empty() { 0 } else { labels.len() }];
            inside.iter().zip(found).for_each(|(row, coefficient)| all[*row] = coefficient);
            Ok(all)
        };
        let pair = [silhouettes(&before)?, silhouettes(&own)?];
        let groups = rival.groups.as_ref().map(|groups| sample.iter().map(|row| groups[*row]).collect::<Vec<u64>>());
        contest_of_means(rival.metric, pair, groups.as_deref(), self.request.options.seed, self.control).map(Some)
    }
}

/// The segment, from 0, of what a clustering says.
fn segment(said: f64) -> Option<u32> {
    (said >= 1.0).then(|| said as u32 - 1)
}

/// Said where two mixtures cannot be compared by densities.
const NOT_COMPARED: &str = "the two versions see other columns, levels or constants, so their densities say nothing of each other: compare them by metric => 'silhouette'";

/// Compare a mixture with the champion by the logarithms of the densities of held-out rows, in the units of the columns. Where the two see other
/// dimensions, the metric is undefined.
fn contest_of_densities(
    model: &Model,
    body: &Mixture,
    rival: &Rival,
    held: &[Vec<f64>],
    run: &Run<'_>,
) -> Result<Contest> {
    let rows = rival.scores.len();
    let undefined =
        Contest { metric: rival.metric, champion: None, challenger: None, gain: None, interval: None, rows };
    if rival.densities.len() != rows || dimensions(model) != rival.dimensions {
        return Ok(undefined);
    }
    let columns: Vec<Vec<f64>> = held.iter().map(|column| column[..rows].to_vec()).collect();
    let volume = mixture::log_volume(body);
    let mut own = mixture::log_densities(body, &columns, run.control)?;
    own.iter_mut().for_each(|x| *x += volume);
    let (seed, groups) = (run.request.options.seed, rival.groups.as_deref());
    contest_of_means(rival.metric, [rival.densities.clone(), own], groups, seed, run.control)
}

/// The features of a clustering and how many dimensions of each vary.
fn dimensions(model: &Model) -> Vec<(String, usize)> {
    let axes = model.body.as_segments().map_or(&[][..], |body| &body.axes);
    let varies = |axis: &Axis| match axis {
        Axis::Number { scale, .. } | Axis::Category { scale, .. } => *scale > 0.0,
        Axis::Logarithm { .. } | Axis::Element { .. } => true,
    };
    let of = |(feature, axis): (&Feature, &Axis)| (feature.name.clone(), if varies(axis) { width(axis) } else { 0 });
    model.features.iter().zip(axes).map(of).collect()
}

/// Scores with a number for each class of a task, where there are many; a class that the model does not know is never predicted.
fn by_class(scores: Vec<f64>, own: &Task, task: &Task) -> Vec<f64> {
    let (Task::Classification { classes, .. }, Task::Classification { classes: all, .. }) = (own, task) else {
        return scores;
    };
    if classes == all || classes.len() <= 2 {
        return scores;
    }
    let place = |class: &String| classes.iter().position(|own| own == class);
    let places: Vec<Option<usize>> = all.iter().map(place).collect();
    let row = |said: &[f64]| places.iter().map(|at| at.map_or(0.0, |at| said[at])).collect::<Vec<f64>>();
    scores.chunks_exact(classes.len()).flat_map(row).collect()
}

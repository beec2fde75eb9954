//! How a model gets better with more rows: trainings on parts of the training rows, judged on the same held-out rows.

use crate::control::Control;
use crate::data::{split, Draw, Holdout, HoldoutPlan};
use crate::error::{Error, Result};
use crate::judge::Metric;
use crate::learn::exposure;
use crate::model::HeldRows;
use crate::score::Scorer;

use super::insight::Seen;
use super::{judge_rows, score_encoded, Request, RowsOf, Run};

/// A training on a part of the rows.
#[derive(Debug, Clone)]
pub struct SizePoint {
    /// The rows it learned from.
    pub rows: usize,
    /// These and the rows that were watched.
    drawn: usize,
    /// Metrics on a sample of these.
    pub training: Vec<Metric>,
    /// Metrics on the held-out rows.
    pub holdout: Vec<Metric>,
}

/// Train on each of the `shares` of the training rows, which lie above 0 and up to 1, as [`super::train`] does; nothing is kept. The smaller parts are
/// drawn by the hash of the rows. Memory of `request.table` must already be counted in `control`.
///
/// Fails where nothing is held out, with a clustering, and as a training does.
pub fn learning_curve(request: Request, shares: &[f64], control: &Control) -> Result<Vec<SizePoint>> {
    if !request.algorithm.needs_target() || request.algorithm.is_uplift() {
        return Err(Error::option(
            format!("a model of \"{}\" has no learning curve", request.algorithm.name()),
            "orchard.evaluate judges it.",
        ));
    }
    let (mut run, prepared) = Run::new(request, control)?;
    let prepared = run.predicted(prepared)?;
    let mut rows = run.rows(Some(&prepared))?;
    let mut parted = run.split(&mut rows, Some(&prepared))?;
    if parted.held.is_empty() {
        return Err(Error::option(
            "no rows are held out, so there is nothing to judge on",
            "Train with the option \"holdout\".",
        ));
    }
    rows.retain(|r| r.rest == 0);
    // What is learned from rows is learned anew of each part.
    let by_part = run.learns_cleaning();
    if !by_part {
        run.clean_rows(&mut parted, Vec::new(), &mut rows, Some(&prepared))?;
    }
    control.stage(shares.len() as u64 + 1);
    let mut points = Vec::new();
    for share in shares {
        let before = control.used();
        let mut own = control.vec(rows.len())?;
        own.extend_from_slice(&rows);
        let mut holdout = Holdout { train: parted.train.clone(), held: parted.held.clone(), ..Holdout::default() };
        if *share < 1.0 {
            let plan = HoldoutPlan { share: 1.0 - share, seed: run.request.options.seed ^ 3 };
            holdout.train = split(&mut own, plan, Draw::Rows { classes: prepared.strata() }, control)?.train;
            own.retain(|r| r.rest == 0);
        }
        // Of so few rows nothing can be learned that stands for groups, and of a handful several shares are the same part.
        let too_few = (holdout.train.len() as u64) < 2 * run.request.options.min_group;
        if too_few || points.last().is_some_and(|before: &SizePoint| before.drawn == holdout.train.len()) {
            drop(own);
            control.release(control.used().saturating_sub(before));
            control.end_stage();
            continue;
        }
        let drawn = holdout.train.len();
        run.watch(&mut holdout, &mut own, Some(&prepared))?;
        let raw = by_part.then(|| run.raw_inputs()).transpose()?;
        if raw.is_some() {
            run.clean(&mut holdout, Vec::new(), &own, Some(&prepared))?;
        }
        points.push(SizePoint { drawn, ..run.on_part(&holdout, &prepared)? });
        if let Some(raw) = raw {
            run.restore(raw);
        }
        drop(own);
        control.release(control.used().saturating_sub(before));
        control.end_stage();
    }
    Ok(points)
}

impl Run<'_> {
    /// Learn from the training rows and judge on them and on the others.
    fn on_part(&mut self, holdout: &Holdout, prepared: &crate::learn::target::Prepared) -> Result<SizePoint> {
        let mut parts = self.parts(holdout, prepared)?;
        let count = Seen::count(holdout, self.used_columns().len());
        let shown: Vec<u32> = holdout.held.iter().chain(&holdout.train[..count]).copied().collect();
        let mut made = self.features(&RowsOf { held: &shown, ..parts.rows(holdout) }, true)?;
        let grown = self.grow(&mut made, &parts.rows(holdout), prepared, true)?;
        let scorer = Scorer::new(Run::model(grown.body, made.inputs, made.features, prepared));
        let Seen { columns, known } = Seen::split(&mut made.held, count, &parts);
        let judge = |columns: &[Vec<f64>], mut rows: HeldRows, offset: Option<&[f64]>| {
            rows.outputs = scorer.outputs() as u32;
            rows.scores = score_encoded(&scorer, columns, self.control)?;
            offset.iter().for_each(|offset| exposure::expect(&mut rows.scores, offset));
            Ok::<_, Error>(judge_rows(&scorer, &rows).0)
        };
        let own = HeldRows { outputs: 1, scores: Vec::new(), actual: known.actual, weight: known.weight };
        let training = judge(&columns, own, known.offset.as_deref())?;
        let held = parts.take_held();
        let holdout_metrics = judge(&made.held, held, parts.held_offset.as_deref())?;
        Ok(SizePoint { rows: holdout.train.len(), drawn: 0, training, holdout: holdout_metrics })
    }
}

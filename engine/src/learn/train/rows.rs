//! Which rows are learned from and which are judged on, with their targets, weights and offsets.

use crate::data::{canonical_order, split, watch, ColumnData, Draw, Holdout, HoldoutPlan, RowHashes, UNKNOWN};
use crate::error::{Error, Result};
use crate::learn::calibrate::{self, Method};
use crate::learn::options::Algorithm;
use crate::learn::target::Prepared;
use crate::learn::{columns, enough, exposure, Target};
use crate::model::HeldRows;

use super::judged::actual;
use super::{Request, RowsOf, Run};

/// Targets and weights of the training and the held-out rows.
pub(in crate::learn) struct Parts {
    pub(super) target: Target,
    pub(super) held_target: Target,
    pub(super) weight: Option<Vec<f64>>,
    pub(super) held_weight: Option<Vec<f64>>,
    /// What is added to scores: offsets and logarithms of exposures.
    pub(super) offset: Option<Vec<f64>>,
    pub(super) held_offset: Option<Vec<f64>>,
    /// With an offset: the target for each unit of exposure and the weight of such a rate, for what is learned of levels beforehand.
    pub(super) rates: Option<(Target, Vec<f64>)>,
    /// Where probabilities are to be calibrated: the fold of each row.
    pub(super) folds: Option<Vec<u8>>,
}

impl Parts {
    /// The held-out rows, not scored yet, which this then knows no more of.
    pub(in crate::learn) fn take_held(&mut self) -> HeldRows {
        let target = std::mem::replace(&mut self.held_target, Target::Number(Vec::new()));
        HeldRows { outputs: 1, scores: Vec::new(), actual: actual(target), weight: self.held_weight.take() }
    }

    pub(in crate::learn) fn rows<'a>(&'a self, holdout: &'a Holdout) -> RowsOf<'a> {
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
    pub(in crate::learn) fn expect(&self, scores: &mut [f64]) {
        self.held_offset.iter().for_each(|offset| exposure::expect(scores, offset));
    }
}

impl Run<'_> {
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
            .chain(request.value)
            .chain(request.groups.iter().copied())
            .chain(request.treatment.as_ref().map(|t| t.first))
            .collect();
        let arms = self.arms.as_ref();
        let class = |row: u32| match prepared {
            None => 0,
            Some(p) if p.is_known(&request.table, row) => {
                let own = p.stratum(&request.table, row);
                match arms.map(|arms| (arms, arms.arm(&request.table, row))) {
                    None => own,
                    Some((arms, Some(arm))) => own * arms.count() as u32 + arm,
                    Some((_, None)) => UNKNOWN,
                }
            }
            Some(_) => UNKNOWN,
        };
        let mut rows = canonical_order(&request.table, &features, &rest, &class, self.control)?;
        if prepared.is_some() {
            rows.retain(|r| r.class != UNKNOWN);
            let dropped = request.table.rows - rows.len();
            if dropped > 0 {
                let or = if arms.is_some() { " or a treatment" } else { "" };
                self.notices.push(format!("{dropped} rows without a usable target{or} are left out"));
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

    /// With the option "min_group": the rows, and those of each class, must be as many.
    pub fn check_groups(&self, rows: &[u32], prepared: Option<&Prepared>) -> Result<()> {
        let least = self.request.options.min_group;
        if (rows.len() as u64) < least {
            return Err(Error::data(
                format!("there are {} rows to learn from, fewer than \"min_group\" {least}", rows.len()),
                "Give more rows or a smaller \"min_group\".",
            ));
        }
        let Some((prepared, labels)) = prepared.and_then(|p| Some((p, p.labels()?))).filter(|_| least > 1) else {
            return Ok(());
        };
        let mut counts = vec![0u64; labels.labels.len()];
        for row in rows {
            counts[prepared.stratum(&self.request.table, *row) as usize] += 1;
        }
        let rare = counts.iter().zip(&labels.labels).find(|(count, _)| **count < least);
        rare.map_or(Ok(()), |(count, label)| {
            let target = self.request.target.as_ref().map_or("", |t| t.name.as_str());
            Err(Error::data(
                format!(
                    "class \"{label}\" of target \"{target}\" has {count} {} to learn from, fewer than \"min_group\" {least}",
                    if *count == 1 { "row" } else { "rows" }
                ),
                "Leave its rows out or pool rare classes in the source, or give a smaller \"min_group\".",
            ))
        })
    }

    /// Choose the rows to judge on. `rows` are then marked as [`split`] leaves them.
    pub fn split(&self, rows: &mut [RowHashes], prepared: Option<&Prepared>) -> Result<Holdout> {
        let plan = HoldoutPlan { share: self.request.options.holdout, seed: self.request.options.seed };
        self.draw(prepared, |draw| split(rows, plan, draw, self.control))
    }

    /// The share of the training rows that the learner watches to find out when to stop.
    pub fn watched_share(&self) -> Option<f64> {
        let options = &self.request.options;
        let (rounds, share) = match self.request.algorithm {
            Algorithm::GradientBoosting => (options.boost.early_stopping_rounds, options.boost.validation_fraction),
            Algorithm::NeuralNetwork => (options.network.early_stopping_rounds, options.network.validation_fraction),
            _ => (None, 0.0),
        };
        rounds.map(|_| share)
    }

    /// Whether the training rows are so few, and drawn one by one, that folds tell more than a watched part.
    pub(super) fn search_by_folds(&self, holdout: &Holdout) -> bool {
        let request = &self.request;
        let rows = holdout.train.len();
        let one_by_one = request.time.is_none() && request.groups.is_empty();
        request.algorithm == Algorithm::GradientBoosting
            && self.watched_share().is_some_and(|share| share > 0.0)
            && one_by_one
            && (4 * enough::FOLDS..=enough::FEW_ROWS).contains(&rows)
    }

    /// Set training rows aside for the learner to watch, if it does; where they are few it is to look at folds of them instead.
    pub fn watch(
        &mut self,
        holdout: &mut Holdout,
        rows: &mut Vec<RowHashes>,
        prepared: Option<&Prepared>,
    ) -> Result<()> {
        self.folds = self.search_by_folds(holdout);
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
            (None, true) => Draw::Rows { classes: super::uplift::strata(prepared, self.arms.as_ref()) },
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
        let asked = self.request.options.calibration != Method::None;
        // What a machine says becomes a probability by what it says of rows left out.
        if asked || (self.request.algorithm == Algorithm::Svm && matches!(parts.target, Target::Class { .. })) {
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
}

/// Weights are finite and not negative.
pub(super) fn check_weights(request: &Request, rows: &[RowHashes]) -> Result<()> {
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

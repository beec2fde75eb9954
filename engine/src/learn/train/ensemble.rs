//! The training of ensembles: each member by itself, then what joins them.

use crate::control::Control;
use crate::data::{folds, mix, Holdout, Role, RowHashes};
use crate::error::{Error, Result};
use crate::learn::bin::{self, BinKind, BinParams, BinnedFeature, Codes};
use crate::learn::ensemble::Estimator;
use crate::learn::linear::{self, Family, LinearParams};
use crate::learn::options::{specs, Algorithm};
use crate::learn::target::Prepared;
use crate::learn::Target;
use crate::model::{Body, Encoding, Ensemble, Feature, Input, InputKind, Join, Member, Model};
use crate::score::Scorer;

use super::grow::Grown;
use super::{score_encoded, Features, RowsOf, Run, SourceInput};

/// Keeps the folds of a stack apart from whatever else hashes.
pub(super) const FOLD: u64 = 0x6a09_e667_f3bc_c909;

/// A member that has learned.
pub(super) struct Fitted {
    model: Model,
    /// The held-out rows by column, as it encodes them.
    held: Vec<Vec<f64>>,
    iterations: Option<u32>,
}

impl Run<'_> {
    /// Learn members and join them. What is made of columns then holds all that some member looks at; where trials share it (`keep`) it may hold more.
    pub(super) fn ensemble(
        &mut self,
        made: &mut Features,
        rows: &RowsOf<'_>,
        prepared: &Prepared,
        keep: bool,
    ) -> Result<Grown> {
        let own = (self.request.algorithm, self.request.options.clone(), self.request.inputs.clone());
        self.sharing = true;
        let body = self.joined(made, rows, prepared, keep);
        self.sharing = false;
        // Also where it failed: a search goes on with other trials.
        (self.request.algorithm, self.request.options, self.request.inputs) = own;
        self.folds = false;
        Ok(Grown { body: Body::Ensemble(body?), iterations: None })
    }

    fn joined(&mut self, made: &mut Features, rows: &RowsOf<'_>, prepared: &Prepared, keep: bool) -> Result<Ensemble> {
        let (stacks, params) = (self.request.algorithm == Algorithm::Stacking, self.request.options.ensemble.clone());
        let (seed, least) = (self.request.options.seed, self.request.options.min_group);
        let estimators = params.members(prepared.labels().is_some())?;
        let names = names(&estimators);
        let inputs = self.request.inputs.clone();
        let before = std::mem::take(&mut self.member_iterations);
        let known = |at: usize| if self.refitting { before.get(at).copied().flatten() } else { None };
        let known: Vec<Option<u32>> = (0..estimators.len()).map(known).collect();
        let join = match stacks {
            false => Join::Mean(params.weights.unwrap_or_else(|| vec![1.0; estimators.len()])),
            true => {
                let said = (self.notices.len(), self.timings.len());
                let all = (&estimators[..], &names[..], &known[..]);
                let model = self.stacked(all, &inputs, rows, prepared, (params.folds, seed, least))?;
                self.notices.truncate(said.0);
                self.timings.truncate(said.1);
                self.lap("folds");
                Join::Model(std::sync::Arc::new(model))
            }
        };
        let mut fitted = Vec::with_capacity(estimators.len());
        for ((estimator, name), iterations) in estimators.iter().zip(&names).zip(known) {
            let said = (self.notices.len(), self.timings.len());
            let one = self.member(estimator, &inputs, (rows.train, rows.held), iterations, prepared)?;
            self.timings.truncate(said.1);
            self.notices[said.0..].iter_mut().for_each(|notice| *notice = format!("{name}: {notice}"));
            self.member_iterations.push(one.iterations);
            fitted.push(one);
        }
        self.lap("members");
        Ok(Ensemble { members: self.gather(made, names, fitted, keep)?, join })
    }

    /// Members that have learned, by their names, as those of one model. What is made of columns then holds all that some member looks at, and, unless they are
    /// to be `kept`, no level that none of them knows.
    pub(super) fn gather(
        &self,
        made: &mut Features,
        names: Vec<String>,
        fitted: Vec<Fitted>,
        keep: bool,
    ) -> Result<Vec<Member>> {
        unite(made, &fitted, self.control)?;
        let placed: Vec<Vec<u32>> = fitted.iter().map(|one| places(made, &one.model)).collect::<Result<_>>()?;
        if !keep {
            prune(made, &placed, &fitted);
        }
        let member = |((algorithm, places), one): ((String, Vec<u32>), Fitted)| {
            one.held.into_iter().for_each(|column| self.control.release_vec(column));
            Member { algorithm, places, model: std::sync::Arc::new(one.model) }
        };
        Ok(names.into_iter().zip(placed).zip(fitted).map(member).collect())
    }

    /// What a member of some rows answers to others. Of what it takes only the answers stay counted.
    pub(super) fn answers(
        &mut self,
        estimator: &Estimator,
        inputs: &[SourceInput],
        rows: (&[u32], &[u32]),
        iterations: Option<u32>,
        prepared: &Prepared,
    ) -> Result<Vec<f64>> {
        let before = self.control.used();
        let fitted = self.member(estimator, inputs, rows, iterations, prepared)?;
        let scorer = Scorer::new(fitted.model);
        let said = score_encoded(&scorer, &fitted.held, self.control)?;
        drop((scorer, fitted.held));
        self.control.release(self.control.used().saturating_sub(before + std::mem::size_of_val(said.as_slice())));
        Ok(said)
    }

    /// Learn a member from training rows, in canonical order, and encode held-out rows for it.
    pub(super) fn member(
        &mut self,
        estimator: &Estimator,
        inputs: &[SourceInput],
        (train, held): (&[u32], &[u32]),
        iterations: Option<u32>,
        prepared: &Prepared,
    ) -> Result<Fitted> {
        self.turn_to(estimator, inputs)?;
        if let Some(iterations) = iterations {
            self.request.options.end_after(iterations);
        }
        let copy = |rows: &[u32]| {
            let mut own = self.control.vec(rows.len())?;
            own.extend_from_slice(rows);
            Ok::<Vec<u32>, Error>(own)
        };
        let mut holdout = Holdout { train: copy(train)?, held: copy(held)?, ..Holdout::default() };
        let mut hashes = self.hashes(train, prepared)?;
        self.watch(&mut holdout, &mut hashes, Some(prepared))?;
        self.control.release_vec(hashes);
        let parts = self.parts(&holdout, prepared)?;
        let mut made = self.features(&parts.rows(&holdout), true)?;
        let grown = self.grow(&mut made, &parts.rows(&holdout), prepared, true)?;
        let model = Run::model(grown.body, made.inputs, made.features, prepared);
        Ok(Fitted { model, held: made.held, iterations: grown.iterations })
    }

    /// Take the learner and the options of a member, and the columns that it can read.
    pub(in crate::learn) fn turn_to(&mut self, estimator: &Estimator, inputs: &[SourceInput]) -> Result<()> {
        let has = |key: &str| specs(estimator.algorithm).any(|spec| spec.key == key);
        let (reads, parts) = (has("text_columns"), has("date_parts"));
        let own = inputs.iter().filter(|input| reads || input.kind != InputKind::Text).cloned();
        // Whoever makes no parts of a moment takes it as the number it is.
        let own = own.map(|input| match input.kind {
            InputKind::Timestamptz if !parts => SourceInput { kind: InputKind::Timestamp, ..input },
            _ => input,
        });
        self.request.inputs = own.collect();
        self.request.algorithm = estimator.algorithm;
        self.request.options = estimator.options.clone();
        if self.request.inputs.is_empty() {
            return Err(Error::data(
                format!("there is no column that {} can learn from: it reads no free text", estimator.algorithm.name()),
                "Leave the estimator out.",
            ));
        }
        Ok(())
    }

    /// What stands for the hashes of rows that are in canonical order already: their places there.
    pub(super) fn hashes(&self, rows: &[u32], prepared: &Prepared) -> Result<Vec<RowHashes>> {
        let mut hashes = self.control.vec(rows.len())?;
        hashes.extend(rows.iter().enumerate().map(|(place, &row)| RowHashes {
            features: mix(place as u64, FOLD),
            rest: 0,
            row,
            class: prepared.stratum(&self.request.table, row),
        }));
        Ok(hashes)
    }

    /// What members say of training rows that they did not see, and a linear model of that.
    fn stacked(
        &mut self,
        (estimators, names, iterations): (&[Estimator], &[String], &[Option<u32>]),
        inputs: &[SourceInput],
        rows: &RowsOf<'_>,
        prepared: &Prepared,
        (count, seed, least): (usize, u64, u64),
    ) -> Result<Model> {
        let control = self.control;
        let hashes = self.hashes(rows.train, prepared)?;
        let parts = self.draw(Some(prepared), |draw| folds(&hashes, count, seed ^ FOLD, draw, control));
        let parts = parts.map_err(|error| match error {
            Error::InvalidData { message, detail, .. } => {
                let hint = "Give fewer \"folds\", read more rows, or use voting, which needs none.".to_owned();
                Error::InvalidData { message, detail, hint }
            }
            other => other,
        })?;
        control.release_vec(hashes);
        let labels = prepared.labels().map(|l| l.labels);
        let outputs = labels.as_ref().map_or(1, |l| if l.len() > 2 { l.len() } else { 1 });
        let mut said: Vec<Vec<f64>> = Vec::new();
        for _ in 0..estimators.len() * outputs {
            said.push(control.filled(rows.train.len(), f64::NAN)?);
        }
        let mut answered: Vec<bool> = control.filled(rows.train.len(), false)?;
        for fold in 0..count {
            let before = control.used();
            let places = |role: Role| {
                let parts = &parts;
                (0..rows.train.len()).filter(move |&i| parts.role(fold, i) == role)
            };
            let learn: Vec<u32> = places(Role::Learn).map(|i| rows.train[i]).collect();
            let judge: Vec<usize> = places(Role::Judge).collect();
            let held: Vec<u32> = judge.iter().map(|&i| rows.train[i]).collect();
            control.reserve(learn.len() * 4 + held.len() * 12)?;
            judge.iter().for_each(|&i| answered[i] = true);
            for (at, (estimator, iterations)) in estimators.iter().zip(iterations).enumerate() {
                let scores = self.answers(estimator, inputs, (&learn, &held), *iterations, prepared)?;
                for (scores, &row) in scores.chunks_exact(outputs).zip(&judge) {
                    (0..outputs).for_each(|output| said[at * outputs + output][row] = scores[output]);
                }
                control.release_vec(scores);
            }
            drop((learn, judge, held));
            control.release(control.used().saturating_sub(before));
        }
        parts.release(control);
        // By time, the first rows are answered by nobody.
        let order: Vec<u32> = (0..rows.train.len() as u32).filter(|&i| answered[i as usize]).collect();
        let target = rows.target.pick(&order, control)?;
        let weight: Option<Vec<f64>> = rows.weight.map(|w| order.iter().map(|&i| w[i as usize]).collect());
        if weight.as_ref().is_some_and(|w| w.iter().all(|w| *w == 0.0)) {
            return Err(Error::data(
                "all rows that members answer in folds have a weight of 0",
                "Give more rows a weight above 0, or use voting.",
            ));
        }
        let plain = BinParams { max_bins: 0, min_category_rows: 1, min_group: least };
        let (mut features, mut columns) = (Vec::new(), Vec::new());
        for (at, column) in said.into_iter().enumerate() {
            // No answer is beyond this, so that its square is a number.
            let value = |i: u32| column[i as usize].clamp(-MOST, MOST);
            let binned = bin::bin_numbers(&value, &order, &order, &plain, control)?;
            let name = match &labels {
                Some(labels) if outputs > 1 => format!("{}: {}", names[at / outputs], labels[at % outputs]),
                _ => names[at / outputs].clone(),
            };
            features.push(Feature { name, encoding: Encoding::Number, stats: binned.stats });
            columns.push(binned.held);
            control.release_vec(column);
        }
        let (family, learner) = match &target {
            Target::Class { .. } => (Family::Binomial, Algorithm::LogisticRegression),
            Target::Number(_) => (Family::Gaussian, Algorithm::Ridge),
        };
        let params = LinearParams { min_group: least, ..LinearParams::of(learner) };
        let learned = linear::Rows {
            features: &features,
            columns: &columns,
            target: &target,
            weight: weight.as_deref(),
            offset: None,
        };
        let found = linear::fit(learned, family, &params, None, control)?;
        columns.into_iter().for_each(|column| control.release_vec(column));
        let input = |(first, feature): (u32, &Feature)| Input {
            name: feature.name.clone(),
            kind: InputKind::Number,
            first,
            count: 1,
        };
        let inputs = (0..).zip(&features).map(input).collect();
        Ok(Run::model(Body::Additive(found.body), inputs, features, prepared))
    }
}

/// An answer is not more than this to what joins members.
const MOST: f64 = 1e100;

/// The names of members, each once.
fn names(estimators: &[Estimator]) -> Vec<String> {
    let of = |at: usize| estimators[at].algorithm.name();
    let name = |at: usize| {
        let before = (0..at).filter(|&other| of(other) == of(at)).count();
        match before {
            0 => of(at).to_owned(),
            before => format!("{} {}", of(at), before + 1),
        }
    };
    (0..estimators.len()).map(name).collect()
}

fn token(feature: &Feature) -> Option<&str> {
    match &feature.encoding {
        Encoding::Token { token, .. } => Some(token),
        _ => None,
    }
}

/// Add the words that some member looks at and others do not.
fn unite(made: &mut Features, fitted: &[Fitted], control: &Control) -> Result<()> {
    if !made.inputs.iter().any(|input| input.kind == InputKind::Text) {
        return Ok(());
    }
    let mut own = std::mem::take(&mut made.features)
        .into_iter()
        .zip(std::mem::take(&mut made.binned))
        .zip(std::mem::take(&mut made.held));
    for input in &mut made.inputs {
        let mut all: Vec<((Feature, BinnedFeature), Vec<f64>)> = own.by_ref().take(input.count as usize).collect();
        if input.kind == InputKind::Text {
            for one in fitted {
                let Some(theirs) = one.model.inputs.iter().find(|i| i.name == input.name) else { continue };
                for f in theirs.first as usize..(theirs.first + theirs.count) as usize {
                    let feature = &one.model.features[f];
                    if all.iter().any(|((known, _), _)| token(known) == token(feature)) {
                        continue;
                    }
                    let mut held = control.vec(one.held[f].len())?;
                    held.extend_from_slice(&one.held[f]);
                    let kind = BinKind::Number { low: Vec::new(), high: Vec::new() };
                    let nothing = BinnedFeature { codes: Codes::U8(Vec::new()), kind };
                    all.push(((feature.clone(), nothing), held));
                }
            }
            // What is no word, their number, comes first.
            all.sort_by(|a, b| token(&a.0 .0).cmp(&token(&b.0 .0)));
        }
        (input.first, input.count) = (made.features.len() as u32, all.len() as u32);
        for ((feature, binned), held) in all {
            made.features.push(feature);
            made.binned.push(binned);
            made.held.push(held);
        }
    }
    Ok(())
}

/// By feature of a member, the feature that it is made of.
fn places(made: &Features, member: &Model) -> Result<Vec<u32>> {
    let mut places = Vec::with_capacity(member.features.len());
    for input in &member.inputs {
        let all = made.inputs.iter().find(|i| i.name == input.name);
        for at in 0..input.count {
            let own = &member.features[(input.first + at) as usize];
            let found = all.and_then(|all| {
                let mut range = all.first..all.first + all.count;
                let is = |f: &u32| match (&own.encoding, &made.features[*f as usize].encoding) {
                    (Encoding::Part(own), Encoding::Part(other)) => own == other,
                    (Encoding::Token { token: own, .. }, Encoding::Token { token: other, .. }) => own == other,
                    _ => false,
                };
                match own.encoding {
                    Encoding::Part(_) | Encoding::Token { .. } => range.find(is),
                    _ => range.nth(at as usize),
                }
            });
            places.push(
                found.ok_or_else(|| Error::Internal(format!("feature \"{}\" of a member has no place", own.name)))?,
            );
        }
    }
    Ok(places)
}

/// Forget the levels that no member tells apart from others.
fn prune(made: &mut Features, placed: &[Vec<u32>], fitted: &[Fitted]) {
    for (at, feature) in made.features.iter_mut().enumerate() {
        let Encoding::Category { levels } = &mut feature.encoding else { continue };
        let mut known = vec![false; levels.len()];
        for (places, one) in placed.iter().zip(fitted) {
            for (own, _) in one.model.features.iter().zip(places).filter(|(_, place)| **place as usize == at) {
                for level in own.encoding.levels() {
                    if let Ok(place) = levels.binary_search(level) {
                        known[place] = true;
                    }
                }
            }
        }
        let kept = known.iter().filter(|known| **known).count();
        // By old code, that of other levels last, the new one.
        let mut next = 0;
        let number = |known: &bool| {
            if *known {
                next += 1;
                f64::from(next - 1)
            } else {
                kept as f64
            }
        };
        let mut codes: Vec<f64> = known.iter().map(number).collect();
        codes.push(kept as f64);
        let rows = &mut feature.stats.level_rows;
        if rows.len() == codes.len() {
            let mut all = vec![0; kept + 1];
            rows.iter().zip(&codes).for_each(|(rows, code)| all[*code as usize] += rows);
            *rows = all;
        }
        let mut keep = known.into_iter();
        levels.retain(|_| keep.next().unwrap_or(false));
        for cell in made.held[at].iter_mut().filter(|cell| !cell.is_nan()) {
            *cell = codes.get(*cell as usize).copied().unwrap_or(kept as f64);
        }
    }
}

//! The training of models of uplift: by learners of what is to be expected with and without a treatment (Kuenzel, Sekhon, Bickel, Yu 2019; Nie, Wager 2021), or by
//! trees that part rows by what it changes.

use std::sync::Arc;

use crate::data::{folds, Column, Role};
use crate::error::{Error, Result};
use crate::learn::ensemble::Estimator;
use crate::learn::options::Algorithm;
use crate::learn::target::Prepared;
use crate::learn::tree::{self, UpliftRows};
use crate::learn::uplift::Arms;
use crate::learn::Target;
use crate::model::{Body, Ensemble, HeldActual, Join, Member, Model, Task};

use super::ensemble::{Fitted, FOLD};
use super::grow::Grown;
use super::{Features, RowsOf, Run, SourceInput};

/// Effects are shared out by chances of being treated that are no nearer to 0 and 1 than this.
const LEAST_CHANCE: f64 = 0.01;

/// What uplift is learned from.
struct Learned<'a> {
    inputs: Vec<SourceInput>,
    base: Estimator,
    effect: Estimator,
    /// The training rows, and what came of each.
    train: &'a [u32],
    outcome: Vec<f64>,
    weight: Option<&'a [f64]>,
    /// The treatment of each, counted from 1; 0 for none.
    arms: Vec<u32>,
    held: &'a [u32],
    prepared: &'a Prepared,
}

impl Learned<'_> {
    /// The training rows of an arm, by their places.
    fn of(&self, arm: u32) -> Vec<usize> {
        (0..self.train.len()).filter(|at| self.arms[*at] == arm).collect()
    }

    fn rows(&self, places: &[usize]) -> Vec<u32> {
        places.iter().map(|at| self.train[*at]).collect()
    }

    fn weight(&self, at: usize) -> f64 {
        self.weight.map_or(1.0, |weight| weight[at])
    }

    /// The chance that a row of two arms has the treatment.
    fn chance(&self, treated: &[usize], control: &[usize]) -> f64 {
        let sum = |places: &[usize]| places.iter().map(|at| self.weight(*at)).sum::<f64>();
        let (treated, control) = (sum(treated), sum(control));
        (treated / (treated + control)).clamp(LEAST_CHANCE, 1.0 - LEAST_CHANCE)
    }
}

/// Members by name, and what each counts in the effect of each treatment.
struct Joined {
    members: Vec<(String, Fitted)>,
    /// Treatment, member, and what its answer is multiplied by.
    effects: Vec<(usize, usize, f64)>,
}

impl Run<'_> {
    /// Read who was treated.
    pub(super) fn read_arms(&self) -> Result<Option<Arms>> {
        if !self.request.algorithm.is_uplift() {
            return Ok(None);
        }
        let Some(column) = &self.request.treatment else {
            return Err(Error::option(
                format!("algorithm \"{}\" needs the option \"treatment\"", self.request.algorithm.name()),
                "Name the column that says who was treated: {\"treatment\": \"column\"}.",
            ));
        };
        let previous = match &self.request.previous {
            Some(Task::Uplift { control, .. }) => Some(control.as_str()),
            _ => None,
        };
        let control = self.request.options.uplift.control.as_deref().or(previous);
        Arms::new(&self.request.table, column, control).map(Some)
    }

    /// Two classes, or numbers.
    pub(super) fn check_outcome(&self, prepared: Option<&Prepared>) -> Result<()> {
        match prepared.and_then(Prepared::labels) {
            Some(labels) if self.request.algorithm.is_uplift() && labels.labels.len() > 2 => Err(Error::data(
                format!(
                    "the target has {} classes, and uplift is that of one of two, or of a number",
                    labels.labels.len()
                ),
                "Make a column of true and false in the source, or a number.",
            )),
            _ => Ok(()),
        }
    }

    /// The task of a model of uplift.
    pub(super) fn uplift_task(arms: &Arms, prepared: &Prepared) -> Task {
        let (classes, positive) = match prepared.task() {
            Task::Classification { classes, positive } => (classes, positive),
            _ => (Vec::new(), 0),
        };
        Task::Uplift { treatments: arms.treatments(), control: arms.control().to_owned(), classes, positive }
    }

    /// The arm of each row.
    fn arms_of(&self, arms: &Arms, rows: &[u32]) -> Result<Vec<u32>> {
        let mut found = self.control.vec(rows.len())?;
        found.extend(rows.iter().map(|row| arms.arm(&self.request.table, *row).unwrap_or(0)));
        Ok(found)
    }

    /// What is true of held-out rows of a model of uplift: what came of them and who was treated.
    pub(super) fn treated(&self, arms: &Arms, target: Target, held: &[u32], prepared: &Prepared) -> Result<HeldActual> {
        let arms = self.arms_of(arms, held)?;
        Ok(HeldActual::Treated { outcome: prepared.values(target, self.control)?, arms })
    }

    /// Learn how much treatments change what comes of rows.
    pub(super) fn uplift(
        &mut self,
        made: &mut Features,
        rows: &RowsOf<'_>,
        prepared: &Prepared,
        arms: &Arms,
        keep: bool,
    ) -> Result<Grown> {
        let train = rows.train;
        let codes = self.arms_of(arms, train)?;
        let treatments = arms.treatments();
        for arm in 0..arms.count() {
            if !codes.contains(&(arm as u32)) {
                let label = if arm == 0 { arms.control() } else { &treatments[arm - 1] };
                return Err(Error::data(
                    format!("no training row has the treatment \"{label}\""),
                    "Read more rows, or leave the treatment out in the source.",
                ));
            }
        }
        let everything: Vec<u32> = (0..train.len() as u32).collect();
        let outcome = prepared.values(rows.target.pick(&everything, self.control)?, self.control)?;
        if matches!(self.request.algorithm, Algorithm::UpliftTree | Algorithm::UpliftForest) {
            return self.uplift_trees(made, outcome, rows.weight, &codes, &treatments);
        }
        let own = (self.request.algorithm, self.request.options.clone(), self.request.inputs.clone());
        let own_weight = self.request.weight;
        let columns = self.request.table.columns.len();
        let estimators = self.request.options.ensemble.members(prepared.labels().is_some())?;
        let [base, effect] = <[Estimator; 2]>::try_from(estimators)
            .map_err(|_| Error::Internal("uplift is not learned by two learners".into()))?;
        let learned = Learned {
            inputs: own.2.clone(),
            base,
            effect,
            train,
            outcome,
            weight: rows.weight,
            arms: codes,
            held: rows.held,
            prepared,
        };
        self.sharing = true;
        let joined = match own.0 {
            Algorithm::TLearner => self.t_learner(&learned, &treatments),
            Algorithm::XLearner => self.x_learner(&learned, &treatments),
            _ => self.r_learner(&learned, &treatments, own.1.uplift.folds, own.1.seed),
        };
        self.sharing = false;
        // Also where it failed, as nothing else is to see them.
        (self.request.algorithm, self.request.options, self.request.inputs) = own;
        self.request.weight = own_weight;
        for mut column in self.request.table.columns.drain(columns..) {
            column.release(self.control);
        }
        self.folds = false;
        self.lap("members");
        let Joined { members, effects: counted } = joined?;
        let (names, fitted): (Vec<String>, Vec<Fitted>) = members.into_iter().unzip();
        let members = self.gather(made, names, fitted, keep)?;
        let mut effects = vec![0.0; treatments.len() * members.len()];
        for (treatment, member, factor) in counted {
            effects[treatment * members.len() + member] += factor;
        }
        let body = Ensemble { members, join: Join::Effects(effects) };
        Ok(Grown { body: Body::Ensemble(body), iterations: None })
    }

    /// Trees on all features as they are.
    fn uplift_trees(
        &mut self,
        made: &Features,
        outcome: Vec<f64>,
        weight: Option<&[f64]>,
        arms: &[u32],
        treatments: &[String],
    ) -> Result<Grown> {
        let options = &self.request.options;
        let forest = options.uplift.forest(self.request.algorithm, made.binned.len(), options.seed);
        let rows = UpliftRows { outcome: &outcome, arms, count: treatments.len() + 1, weight };
        let trees = tree::fit_uplift(&made.binned, &rows, &options.tree, &forest, self.control)?;
        let member = |output: usize| {
            let body = Body::trees(tree::one_output(&trees, output), Vec::new());
            let (inputs, features) = (made.inputs.clone(), made.features.clone());
            let model = Model { inputs, features, task: Task::Regression, body, cleaning: None };
            let places = (0..made.features.len() as u32).collect();
            Member { algorithm: treatments[output].clone(), places, model: Arc::new(model) }
        };
        let count = treatments.len();
        let effects = (0..count * count).map(|at| f64::from(u8::from(at / count == at % count))).collect();
        let body = Ensemble { members: (0..count).map(member).collect(), join: Join::Effects(effects) };
        Ok(Grown { body: Body::Ensemble(body), iterations: None })
    }

    /// A model of what is to be expected for each arm: the effect is what is expected with the treatment, less what is expected without.
    fn t_learner(&mut self, learned: &Learned<'_>, treatments: &[String]) -> Result<Joined> {
        let mut joined = Joined { members: Vec::new(), effects: Vec::new() };
        for arm in 0..=treatments.len() {
            let rows = learned.rows(&learned.of(arm as u32));
            let one = self.learn_one(&learned.base, learned, (&rows, learned.held), learned.prepared)?;
            let name = if arm == 0 {
                "expected without treatment".into()
            } else {
                format!("expected with {}", treatments[arm - 1])
            };
            match arm {
                0 => (0..treatments.len()).for_each(|treatment| joined.effects.push((treatment, 0, -1.0))),
                arm => joined.effects.push((arm - 1, arm, 1.0)),
            }
            joined.members.push((name, one));
        }
        Ok(joined)
    }

    /// What came of treated rows, less what would be expected without treatment, is learned from these, and what would be expected with it less what came of the others from those;
    /// the effect is the mean of both, each counting more where the other has more rows.
    fn x_learner(&mut self, learned: &Learned<'_>, treatments: &[String]) -> Result<Joined> {
        let mut joined = Joined { members: Vec::new(), effects: Vec::new() };
        let control = learned.of(0);
        let effect = self.add_column("effect");
        let all_treated: Vec<usize> = (0..learned.train.len()).filter(|at| learned.arms[*at] != 0).collect();
        let without = self.expected(learned, &control, &all_treated)?;
        for (treatment, name) in treatments.iter().enumerate() {
            let treated = learned.of(treatment as u32 + 1);
            let with = self.expected(learned, &treated, &control)?;
            let mut values: Vec<f64> = self.control.filled(self.request.table.rows, f64::NAN)?;
            for (at, said) in
                all_treated.iter().zip(&without).filter(|(at, _)| learned.arms[**at] as usize == treatment + 1)
            {
                values[learned.train[*at] as usize] = learned.outcome[*at] - said;
            }
            for (at, said) in control.iter().zip(&with) {
                values[learned.train[*at] as usize] = said - learned.outcome[*at];
            }
            self.set_column(effect, values)?;
            let chance = learned.chance(&treated, &control);
            for (places, factor, of) in
                [(&control, chance, "without treatment"), (&treated, 1.0 - chance, "with treatment")]
            {
                let rows = learned.rows(places);
                let target = Prepared::number(effect);
                let one = self.learn_one(&learned.effect, learned, (&rows, learned.held), &target)?;
                joined.effects.push((treatment, joined.members.len(), factor));
                joined.members.push((format!("effect of {name} on rows {of}"), one));
            }
        }
        Ok(joined)
    }

    /// What is to be expected whatever the arm is found in folds; how far a row is from that, over how far its arm is from chance, is what the effect is learned from, weighed by the square of
    /// the latter.
    fn r_learner(&mut self, learned: &Learned<'_>, treatments: &[String], count: usize, seed: u64) -> Result<Joined> {
        let mut joined = Joined { members: Vec::new(), effects: Vec::new() };
        let (effect, weight) = (self.add_column("effect"), self.add_column("weight"));
        let own_weight = self.request.weight;
        let control = learned.of(0);
        for (treatment, name) in treatments.iter().enumerate() {
            let treated = learned.of(treatment as u32 + 1);
            let chance = learned.chance(&treated, &control);
            let mut both: Vec<usize> = treated.iter().chain(&control).copied().collect();
            both.sort_unstable();
            let said = self.expected_in_folds(learned, &both, count, seed)?;
            let mut values: Vec<f64> = self.control.filled(self.request.table.rows, f64::NAN)?;
            let mut weights: Vec<f64> = self.control.filled(self.request.table.rows, 0.0)?;
            let mut answered = Vec::with_capacity(both.len());
            for (at, said) in both.iter().zip(&said).filter(|(_, said)| !said.is_nan()) {
                let from_chance = if learned.arms[*at] == 0 { -chance } else { 1.0 - chance };
                let row = learned.train[*at] as usize;
                values[row] = (learned.outcome[*at] - said) / from_chance;
                weights[row] = from_chance * from_chance * learned.weight(*at);
                answered.push(*at);
            }
            self.set_column(effect, values)?;
            self.set_column(weight, weights)?;
            let rows = learned.rows(&answered);
            let target = Prepared::number(effect);
            self.request.weight = Some(weight);
            let one = self.learn_one(&learned.effect, learned, (&rows, learned.held), &target);
            self.request.weight = own_weight;
            joined.effects.push((treatment, joined.members.len(), 1.0));
            joined.members.push((format!("effect of {name}"), one?));
        }
        Ok(joined)
    }

    /// Do something with a learner of which no more is said than of an ensemble's members.
    fn quietly<T>(&mut self, learn: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let said = (self.notices.len(), self.timings.len());
        let found = learn(self);
        self.notices.truncate(said.0);
        self.timings.truncate(said.1);
        found
    }

    fn learn_one(
        &mut self,
        estimator: &Estimator,
        learned: &Learned<'_>,
        rows: (&[u32], &[u32]),
        prepared: &Prepared,
    ) -> Result<Fitted> {
        self.quietly(|run| run.member(estimator, &learned.inputs, rows, None, prepared))
    }

    /// What a model of some rows expects of others.
    fn expected(&mut self, learned: &Learned<'_>, from: &[usize], of: &[usize]) -> Result<Vec<f64>> {
        let (train, held) = (learned.rows(from), learned.rows(of));
        self.quietly(|run| run.answers(&learned.base, &learned.inputs, (&train, &held), None, learned.prepared))
    }

    /// What models that did not see them expect of rows; NaN where the holdout is by time and nothing came before.
    fn expected_in_folds(&mut self, learned: &Learned<'_>, of: &[usize], count: usize, seed: u64) -> Result<Vec<f64>> {
        let control = self.control;
        let rows = learned.rows(of);
        let hashes = self.hashes(&rows, learned.prepared)?;
        let parts = self.draw(Some(learned.prepared), |draw| folds(&hashes, count, seed ^ FOLD, draw, control))?;
        control.release_vec(hashes);
        let mut said: Vec<f64> = control.filled(of.len(), f64::NAN)?;
        for fold in 0..count {
            let places =
                |role: Role| -> Vec<usize> { (0..of.len()).filter(|i| parts.role(fold, *i) == role).collect() };
            let (learn, judge) = (places(Role::Learn), places(Role::Judge));
            let from: Vec<usize> = learn.iter().map(|i| of[*i]).collect();
            let asked: Vec<usize> = judge.iter().map(|i| of[*i]).collect();
            let answers = self.expected(learned, &from, &asked)?;
            judge.iter().zip(&answers).for_each(|(i, answer)| said[*i] = *answer);
            control.release_vec(answers);
        }
        parts.release(control);
        Ok(said)
    }

    /// A column of numbers to learn from, beside those of the source.
    fn add_column(&mut self, name: &str) -> usize {
        self.request.table.columns.push(Column::number(name));
        self.request.table.columns.len() - 1
    }

    fn set_column(&mut self, column: usize, values: Vec<f64>) -> Result<()> {
        let name = self.request.table.columns[column].name.clone();
        self.request.table.columns[column].release(self.control);
        self.request.table.columns[column] = Column::from_numbers(&name, &values, self.control)?;
        self.control.release_vec(values);
        Ok(())
    }
}

/// Rows by their arms and classes, so that each has its share of the held-out rows.
pub(super) fn strata(prepared: Option<&Prepared>, arms: Option<&Arms>) -> usize {
    prepared.map_or(1, Prepared::strata) * arms.map_or(1, Arms::count)
}

//! Shapley values of the features of a row: what each adds to the score, compared with the mean.
//!
//! They are those of path-dependent TreeSHAP (Lundberg et al. 2020, algorithm 2), exactly: what is not known of a row is averaged over the
//! training rows that took each branch; with a background, over its rows (algorithm 3, interventional). The sum over the features is the score less the mean, on the scale on which trees are
//! added: log-odds for boosted trees of a classification, probabilities for other trees of one, logarithms of the value with a log link, else values.
//! Models that are neither trees nor sums are asked ([`asked`]), so what they add up to are answers.

mod additive;
mod asked;
mod background;
mod columns;
mod explain;
mod interactions;
mod kernel;
mod masks;
mod plan;
mod quadrature;
mod response;
mod sentence;

pub use columns::{columns, features, Explained, Value};
pub use explain::{answers, Explanation, Part};
pub use interactions::{interaction_values, interactions};
pub(in crate::judge) use sentence::shown;
pub use sentence::Unit;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Body, Link, Model, Task, Trees, LEAF};
use crate::score::Scorer;
use crate::simd::run_wide;

use background::Background;
use kernel::{Space, Tree};
use plan::Plan;
use quadrature::Point;

/// Rows that go through a tree side by side.
const ROWS: usize = 32;

/// Explains rows of a model of trees, of one that adds what features say, or of another that predicts a target, which is asked; keeps what it needs from one call to the next.
#[derive(Debug)]
pub struct Shap<'a> {
    scorer: &'a Scorer,
    outputs: usize,
    link: Link,
    turn: Turn,
    /// The trees and how one of them is walked; without them features are added, or the model is asked.
    trees: Option<(&'a Trees, Plan)>,
    /// By number of points.
    rules: Vec<Vec<Point>>,
    many: Space<ROWS>,
    one: Space<1>,
    /// What stands for what is not known; shares of training rows where there is none.
    background: Option<Background<'a>>,
}

impl<'a> Shap<'a> {
    /// Rows that are best given at once, or a multiple of them.
    pub const ROWS: usize = ROWS * 16;

    /// For the rows of a scorer.
    ///
    /// # Errors
    /// Without scores, or where trees do not say how many training rows took each branch.
    pub fn new(scorer: &'a Scorer, control: &Control) -> Result<Shap<'a>> {
        let Some(trees) = trees_of(scorer)? else { return Shap::make(scorer, None, None, control) };
        let mut splits = (0..trees.nodes()).filter(|&node| trees.feature[node] != LEAF).peekable();
        if splits.peek().is_some() && splits.all(|node| trees.cover[node] == 0.0) {
            return Err(Error::data(
                "the model does not say how many training rows took each branch, so its scores cannot be explained",
                "Give a background, import it again from a text that has the counts, or train it anew.",
            ));
        }
        Shap::make(scorer, Some(trees), None, control)
    }

    /// Compared with the rows of a background, given by column as [`Scorer::predict`] takes their cells, of which there must be one: interventional values
    /// instead of path-dependent ones.
    ///
    /// # Errors
    /// Without scores.
    pub fn against(scorer: &'a Scorer, background: &'a [Vec<f64>], control: &Control) -> Result<Shap<'a>> {
        assert_eq!(background.len(), scorer.model().features.len(), "a column a feature");
        Shap::make(scorer, trees_of(scorer)?, Some(Background(background)), control)
    }

    fn make(
        scorer: &'a Scorer,
        trees: Option<&'a Trees>,
        background: Option<Background<'a>>,
        control: &Control,
    ) -> Result<Shap<'a>> {
        let (outputs, link) = match (trees, &scorer.model().body) {
            (Some(trees), _) => (trees.outputs, trees.link),
            (None, Body::Additive(body)) => (body.outputs, body.link),
            // What is asked are answers.
            _ => (scorer.outputs() as u32, Link::Identity),
        };
        let trees = trees.map(|trees| Ok::<_, Error>((trees, Plan::new(scorer, trees, control)?))).transpose()?;
        let turn = if is_asked(scorer.model()) { Turn::Keep } else { Turn::of(&scorer.model().task, link) };
        let (outputs, rules) = (outputs as usize, Vec::new());
        Ok(Shap { scorer, outputs, link, turn, trees, rules, many: Space::new(), one: Space::new(), background })
    }

    /// Give back what was counted of the memory it holds.
    pub fn release(self, control: &Control) {
        self.trees.into_iter().for_each(|(_, plan)| plan.release(control));
        self.many.release(control);
        self.one.release(control);
        self.rules.into_iter().for_each(|rule| control.release_vec(rule));
    }

    /// How many different scores a row has: the number of classes when there are more than two, else 1.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Explain rows that are given by column, each cell as [`Scorer::predict`] takes it: `out` has a number a feature for each row, row by row.
    /// Returns the mean score, which with the numbers of a row sums to its score.
    ///
    /// Of two classes the score is that of the positive one. Panics where there is not a column a feature, all of one length, or `out` is of another
    /// length.
    pub fn explain(&mut self, columns: &[&[f64]], output: usize, out: &mut [f64], control: &Control) -> Result<f64> {
        let features = self.scorer.model().features.len();
        assert_eq!(columns.len(), features, "a column a feature");
        assert!(columns.iter().all(|column| column.len() * features == out.len()), "a cell a row");
        let rows = out.len() / features.max(1);
        if let Body::Additive(body) = &self.scorer.model().body {
            let mean = additive::explain(body, columns, self.background, output, out, control)?;
            out.iter_mut().for_each(|value| *value *= self.turn.sign());
            return Ok(self.turn.score(mean));
        }
        if is_asked(self.scorer.model()) {
            return asked::explain(self.scorer, columns, self.background, output, out, control);
        }
        let mean = if let Some(background) = self.background {
            self.compare(background, columns, output, out, control)?
        } else if rows == 1 {
            // A lone row must not pay for those that are not beside it.
            let mut space = std::mem::replace(&mut self.one, Space::new());
            let mean = self.run(&mut space, columns, output, out, control);
            self.one = space;
            mean?
        } else {
            let mut space = std::mem::replace(&mut self.many, Space::new());
            let mean = self.run(&mut space, columns, output, out, control);
            self.many = space;
            mean?
        };
        let Some((trees, _)) = &self.trees else { return Ok(mean) };
        let scale = if trees.average { trees.roots.len() as f64 } else { 1.0 };
        out.iter_mut().for_each(|value| *value = *value / scale * self.turn.sign());
        Ok(self.turn.score(mean / scale + trees.base.get(output).copied().unwrap_or(0.0)))
    }

    /// Explain rows by a background, a tree at a time; without what is done to the sum of all trees.
    fn compare(
        &mut self,
        background: Background<'_>,
        columns: &[&[f64]],
        output: usize,
        out: &mut [f64],
        control: &Control,
    ) -> Result<f64> {
        out.fill(0.0);
        let rows = columns.first().map_or(0, |column| column.len());
        let (mut mean, mut masks) = (0.0, background::room(rows, background));
        let scorer = self.scorer;
        let Some((trees, plan)) = &mut self.trees else { return Ok(mean) };
        for tree in 0..trees.roots.len() {
            plan.fill(scorer, trees, tree, output, control)?;
            mean += background.add(scorer, plan, columns, out, &mut masks, control)?;
        }
        masks.into_iter().for_each(|masks| masks.release(control));
        Ok(mean)
    }

    /// Explain row after row, a tree at a time; without what is done to the sum of all trees.
    fn run<const N: usize>(
        &mut self,
        space: &mut Space<N>,
        columns: &[&[f64]],
        output: usize,
        out: &mut [f64],
        control: &Control,
    ) -> Result<f64> {
        let features = columns.len();
        let rows = columns.first().map_or(0, |column| column.len());
        let mut values: Vec<[f64; N]> = control.filled(rows.div_ceil(N).saturating_mul(features), [0.0; N])?;
        let mut cells: Vec<&[f64]> = control.vec(features)?;
        let mut mean = 0.0;
        let count = self.trees.as_ref().map_or(0, |(trees, _)| trees.roots.len());
        for tree in 0..count {
            let Some((trees, plan)) = &mut self.trees else { break };
            plan.fill(self.scorer, trees, tree, output, control)?;
            mean += plan.mean;
            let (depth, points) = (plan.depth, plan.features.div_ceil(2).max(1));
            self.need_rule(points, control)?;
            space.grow(depth, points, control)?;
            let Some((_, plan)) = &self.trees else { break };
            let rule = &self.rules[points];
            for (block, values) in values.chunks_exact_mut(features.max(1)).enumerate() {
                control.check()?;
                let (from, to) = (block * N, (block * N + N).min(rows));
                cells.clear();
                cells.extend(columns.iter().map(|column| &column[from..to]));
                let (scorer, columns) = (self.scorer, &cells[..]);
                run_wide(Tree { scorer, plan, rule, columns, space, values });
            }
        }
        for (row, out) in out.chunks_exact_mut(features.max(1)).enumerate() {
            let own = &values[row / N * features..][..features];
            out.iter_mut().zip(own).for_each(|(to, from)| *to = from[row % N]);
        }
        control.release_vec(values);
        control.release_vec(cells);
        Ok(mean)
    }

    fn need_rule(&mut self, points: usize, control: &Control) -> Result<()> {
        while self.rules.len() <= points {
            self.rules.push(Vec::new());
        }
        if self.rules[points].is_empty() {
            self.rules[points] = quadrature::rule(points, control)?;
        }
        Ok(())
    }
}

/// Whether a model has scores that are explained column by column: trees, and sums of what columns say.
pub fn has_scores(model: &Model) -> bool {
    model.body.as_trees().is_some() || matches!(model.body, Body::Additive(_))
}

/// Whether a model predicts a target, and how is not looked into: it is asked.
pub fn is_asked(model: &Model) -> bool {
    model.task.is_answer() && !has_scores(model)
}

/// The trees of a scorer; `None` where features are added instead, or the model is asked.
fn trees_of(scorer: &Scorer) -> Result<Option<&Trees>> {
    if let Some((does, look)) = scorer.model().task.apart() {
        return Err(Error::data(format!("the model {does}, which has no contributions of columns"), look));
    }
    match scorer.model().body.as_trees() {
        Some((trees, _)) => Ok(Some(trees)),
        None if scorer.model().task.is_answer() => Ok(None),
        None if scorer.model().task == Task::Reduction => {
            Err(Error::data("components have no scores to explain", "orchard.components tells what they are made of."))
        }
        None if matches!(scorer.model().body, Body::Machine(_)) => Err(Error::data(
            "a machine with a radial kernel has no contributions of columns",
            "Take an isolation_forest, which has contributions.",
        )),
        None if matches!(scorer.model().body, Body::Ensemble(_)) => Err(Error::data(
            "an ensemble has no contributions of columns",
            "orchard.importance of a source tells what columns are worth, orchard.partial_dependence how the answer goes with them.",
        )),
        None => Err(Error::data(
            "a clustering has no scores to explain",
            "Compare the row with the centres of the segments.",
        )),
    }
}

/// How the score that is explained comes from that of the trees.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// It is the same.
    Keep,
    /// It is that of the other class, as log-odds.
    Negate,
    /// It is that of the other class, as a probability.
    Complement,
    /// Training saw one class only.
    Constant(f64),
}

impl Turn {
    fn of(task: &Task, link: Link) -> Turn {
        match task {
            Task::Classification { classes, positive } if classes.len() == 1 => {
                Turn::Constant(if *positive == 0 { 1.0 } else { 0.0 })
            }
            Task::Classification { classes, positive: 0 } if classes.len() == 2 => match link {
                Link::Identity => Turn::Complement,
                _ => Turn::Negate,
            },
            _ => Turn::Keep,
        }
    }

    /// What a difference is multiplied by.
    fn sign(self) -> f64 {
        match self {
            Turn::Keep => 1.0,
            Turn::Negate | Turn::Complement => -1.0,
            Turn::Constant(_) => 0.0,
        }
    }

    /// From a score of the trees to the score that is explained, and back.
    fn score(self, score: f64) -> f64 {
        match self {
            Turn::Keep => score,
            Turn::Negate => -score,
            Turn::Complement => 1.0 - score,
            Turn::Constant(score) => score,
        }
    }
}

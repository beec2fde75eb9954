//! Support vector machines (Cortes, Vapnik 1995): classes and numbers by a linear or a radial kernel, and rows unlike the others (Schölkopf et al. 2001).
//!
//! With the radial kernel a few thousand places are learned exactly, by the steps of LIBSVM ([`smo`]); beyond that a machine is found in the space that
//! kernels with some landmarks span ([`newton`]), as it is in the space of the columns with the linear one. Rows at the same place are one point with
//! their weight. Classes are told from the rest one by one, and what the machines say becomes log-odds by what was said of rows left out, in five folds
//! ([`curve`]): probabilities are those of the classes as they are, whatever their weights while learning.
//!
//! linfa-svm 0.8 was read first and is not used: a weight is one of a class and not of a row; the matrix of kernels is made by linfa-kernel, whole, to
//! double precision and without a bound of memory or a look for a cancel, and there is nothing for rows of which it has no room; Platt's sigmoid is fitted
//! on what a machine says of the rows that it learned by heart, which makes probabilities too sure; nothing parts several classes but votes of sigmoids.

mod body;
mod curve;
mod newton;
mod one_class;
mod rows;
mod smo;

pub use one_class::fit_one_class;

use rayon::prelude::*;

use super::random::Random;
use super::Target;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::calibrate::FOLDS;
use crate::model::{Axis, Body, Feature};
use crate::score::machine::{numbers, room, Beside};
use curve::{Line, Seen};
use newton::{Loss, Numbers};
use rows::Places;
use smo::{Problem, Square};

/// The most places that a radial kernel is learned of exactly, where that is left open.
pub const EXACT: usize = 5_000;
/// Landmarks where there are more.
const LANDMARKS: usize = 500;
/// The most kernels of rows with landmarks that are kept; with more places some are drawn.
const MOST_KERNELS: usize = 1 << 25;
/// Rows of the rarest class whose answers are calibrated, of rows that are learned from quickly.
const ENOUGH: f64 = 1_000.0;
/// With less weight than this rows say what they are themselves.
const FEWEST: f64 = 20.0;

/// How like each other rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Likeness {
    /// `exp(-gamma * squared distance)`.
    Radial,
    /// The product of their numbers.
    Linear,
}

impl Likeness {
    /// All, by name.
    pub const NAMED: [(&'static str, Likeness); 2] = [("rbf", Likeness::Radial), ("linear", Likeness::Linear)];

    /// Its name.
    pub fn name(self) -> &'static str {
        Likeness::NAMED.iter().find(|named| named.1 == self).map_or("", |named| named.0)
    }
}

/// How machines learn. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct SvmParams {
    /// The kernel.
    pub kernel: Likeness,
    /// What a row costs that is on the wrong side.
    pub c: f64,
    /// The width of the radial kernel; without it 1 over the dimensions and their variance.
    pub gamma: Option<f64>,
    /// How far a number may be off at no cost, in standard deviations of the target.
    pub epsilon: f64,
    /// The share of rows that may be outside.
    pub nu: f64,
    /// Landmarks; without it as many as are needed.
    pub n_components: Option<u32>,
    /// The most steps.
    pub max_iter: u32,
    /// How far slopes may differ at the end.
    pub tol: f64,
    /// The seed of what is drawn.
    pub seed: u64,
}

impl Default for SvmParams {
    fn default() -> Self {
        SvmParams {
            kernel: Likeness::Radial,
            c: 1.0,
            gamma: None,
            epsilon: 0.1,
            nu: 0.1,
            n_components: None,
            max_iter: 1_000_000,
            tol: 1e-3,
            seed: 42,
        }
    }
}

/// The training rows in the space, in canonical order.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    /// The features.
    pub features: &'a [Feature],
    /// How they enter the space.
    pub axes: &'a [Axis],
    /// The number of dimensions.
    pub dimensions: usize,
    /// Rows x dimensions.
    pub values: &'a [f64],
    /// How many rows there are.
    pub count: usize,
    /// The weights of rows, where they differ.
    pub weight: Option<&'a [f64]>,
}

impl<'a> Rows<'a> {
    fn row(&self, i: u32) -> &'a [f64] {
        let d = self.dimensions;
        self.values.get(i as usize * d..(i as usize + 1) * d).unwrap_or(&[])
    }

    fn weight(&self, i: u32) -> f64 {
        self.weight.and_then(|w| w.get(i as usize)).copied().unwrap_or(1.0)
    }
}

/// What came out.
#[derive(Debug)]
pub struct Fit {
    /// The model.
    pub body: Body,
    /// Whether all machines reached their ends.
    pub settled: bool,
    /// Landmarks, where the machine is not exact, and the places that were learned from where some were drawn.
    pub landmarks: Option<(usize, Option<usize>)>,
}

/// What a machine is to learn.
struct Goal {
    /// By place 1 or -1, or the number.
    target: Vec<f64>,
    loss: Loss,
    /// By place.
    cost: Vec<f64>,
}

/// What a machine came to: what each place, landmark or dimension says, the intercept, and what is said of each place, the intercept with it.
struct Learned {
    weights: Vec<f64>,
    intercept: f64,
    said: Vec<f64>,
    settled: bool,
}

/// What machines learn from.
enum Teacher<'a> {
    Exact(Square),
    Sums(Numbers<'a>),
}

impl Teacher<'_> {
    /// Learn from the places that cost something, from what was `learned` of all of them on.
    fn learn(
        &self,
        goal: &Goal,
        cost: &[f64],
        from: Option<&Learned>,
        params: &SvmParams,
        control: &Control,
    ) -> Result<Learned> {
        match self {
            Teacher::Exact(square) => {
                let problem = match goal.loss {
                    Loss::Hinge => {
                        let end = |which: f64| {
                            goal.target.iter().zip(cost).map(|(y, c)| if *y == which { y * c } else { 0.0 }).collect()
                        };
                        Problem {
                            weights: vec![0.0; cost.len()],
                            low: end(-1.0),
                            high: end(1.0),
                            gain: goal.target.clone(),
                        }
                    }
                    Loss::Beyond(epsilon) => {
                        let nothing = || vec![0.0; cost.len()];
                        let twice = |first: Vec<f64>, second: Vec<f64>| [first, second].concat();
                        let gain = |by: f64| goal.target.iter().map(|z| z + by).collect();
                        Problem {
                            weights: vec![0.0; 2 * cost.len()],
                            low: twice(nothing(), cost.iter().map(|c| -c).collect()),
                            high: twice(cost.to_vec(), nothing()),
                            gain: twice(gain(-epsilon), gain(epsilon)),
                        }
                    }
                };
                let found = smo::solve(square, problem, params.tol, params.max_iter, control)?;
                let smo::Solved { weights, mut said, intercept, settled } = found;
                said.iter_mut().for_each(|s| *s += intercept);
                Ok(Learned { weights, intercept, said, settled })
            }
            Teacher::Sums(numbers) => {
                let start = from.map_or_else(Vec::new, |l| l.weights.iter().copied().chain([l.intercept]).collect());
                let mut found = numbers.solve(goal.loss, &goal.target, cost, start, control)?;
                let intercept = found.coefficients.pop().unwrap_or(0.0);
                Ok(Learned { weights: found.coefficients, intercept, said: found.said, settled: found.settled })
            }
        }
    }

    /// Whether machines are learned side by side, and not each by all threads.
    fn is_exact(&self) -> bool {
        matches!(self, Teacher::Exact(_))
    }
}

/// Learn classes or numbers; `folds` has the fold of each row of classes. Fails without a row of weight, when cancelled, and out of memory.
pub fn fit(
    rows: Rows<'_>,
    target: &Target,
    folds: Option<&[u8]>,
    class_weight: Option<&[f64]>,
    params: &SvmParams,
    control: &Control,
) -> Result<Fit> {
    control.start(4);
    let before = control.used();
    let mut places = match params.kernel {
        Likeness::Linear => Places::whole(&rows, target, folds, control)?,
        Likeness::Radial => Places::distinct(&rows, target, folds, control)?,
    };
    let gamma = params.gamma.map_or_else(|| rows::gamma(&rows, control), Ok)?;
    let most = params.n_components.map_or(EXACT, |n| n as usize);
    let is_exact = params.kernel == Likeness::Radial && places.count() <= most;
    let width = params.n_components.map_or(LANDMARKS, |n| n as usize);
    let mut drawn = None;
    if params.kernel == Likeness::Radial && !is_exact && places.count() > (MOST_KERNELS / width).max(width) {
        places.draw((MOST_KERNELS / width).max(width), &mut Random::new(params.seed, 1), control)?;
        drawn = Some(places.count());
    }
    control.advance(1);
    let scale = places.standardize();
    let goals = goals(&places, class_weight, params);
    let (mut marks, mut kernels, mut among) = (Vec::new(), Vec::new(), Vec::new());
    let d = rows.dimensions;
    let teacher = match params.kernel {
        Likeness::Linear => {
            Teacher::Sums(Numbers { values: &places.points, width: d, rows: places.count(), penalty: None })
        }
        Likeness::Radial if is_exact => Teacher::Exact(Square::new(&places.points, places.count(), d, gamma, control)?),
        Likeness::Radial => {
            marks = places.landmarks(width, &mut Random::new(params.seed, 0), control)?;
            control.reserve(8 * numbers(width, d))?;
            let beside = Beside::new(&marks, width, d);
            among = of_landmarks(&beside, (&marks, width), d, gamma, control)?;
            kernels = of_landmarks(&beside, (&places.points, places.count()), d, gamma, control)?;
            Teacher::Sums(Numbers { values: &kernels, width, rows: places.count(), penalty: Some(&among) })
        }
    };
    control.advance(1);
    let learned = learn_all(&teacher, &goals, &places, params, control)?;
    control.advance(1);
    let settled = learned.iter().all(|(full, _)| full.settled);
    let lines = match target {
        Target::Number(_) => vec![Line { slope: scale.1, intercept: scale.0 }],
        Target::Class { .. } => calibrated(&learned, &places, control)?,
    };
    let full: Vec<&Learned> = learned.iter().map(|(full, _)| full).collect();
    let body = match params.kernel {
        Likeness::Linear => {
            let Teacher::Sums(numbers) = &teacher else {
                return Err(Error::Internal("a linear machine has no rows".into()));
            };
            Body::Additive(body::additive(&rows, target, numbers, &full, &lines, params, control)?)
        }
        Likeness::Radial => {
            let points: &[f64] = if is_exact { &places.points } else { &marks };
            Body::Machine(body::machine(&rows, target, gamma, points, &full, &lines, control)?)
        }
    };
    control.advance(1);
    drop((teacher, learned));
    drop((kernels, among, marks, places));
    control.release(control.used().saturating_sub(before));
    let landmarks = (params.kernel == Likeness::Radial && !is_exact).then_some((width, drawn));
    Ok(Fit { body, settled, landmarks })
}

/// The kernels of points with landmarks, points x landmarks.
fn of_landmarks(
    beside: &Beside,
    (points, count): (&[f64], usize),
    d: usize,
    gamma: f64,
    control: &Control,
) -> Result<Vec<f64>> {
    let width = beside.count();
    let mut out: Vec<f64> = control.filled(count.saturating_mul(width), 0.0)?;
    let init = || vec![0.0; room(width)];
    out.par_chunks_mut(width.max(1)).enumerate().try_for_each_init(init, |kernels, (i, out)| {
        if i % 16 == 0 {
            control.check()?;
        }
        smo::kernels(beside, gamma, &points[i * d..(i + 1) * d], kernels);
        out.copy_from_slice(&kernels[..width]);
        Ok::<(), Error>(())
    })?;
    Ok(out)
}

/// What the machines are to learn: one of numbers or of two classes, else one a class.
fn goals(places: &Places<'_>, class_weight: Option<&[f64]>, params: &SvmParams) -> Vec<Goal> {
    let weighed =
        |class: Option<u32>| class_weight.zip(class).and_then(|(w, c)| w.get(c as usize)).copied().unwrap_or(1.0);
    let cost: Vec<f64> = (0..places.count()).map(|p| params.c * places.weights[p] * weighed(places.class(p))).collect();
    let of_class = |class: u32| Goal {
        target: places.classes.iter().map(|c| if *c == class { 1.0 } else { -1.0 }).collect(),
        loss: Loss::Hinge,
        cost: cost.clone(),
    };
    match places.outputs {
        _ if !places.numbers.is_empty() => {
            vec![Goal { target: places.numbers.clone(), loss: Loss::Beyond(params.epsilon), cost }]
        }
        1 => vec![of_class(1)],
        outputs => (0..outputs as u32).map(of_class).collect(),
    }
}

/// A machine of all rows and those of rows without a fold, with the fold.
type WithFolds = (Learned, Vec<(u8, Vec<f64>)>);

/// Learn all machines.
fn learn_all(
    teacher: &Teacher<'_>,
    goals: &[Goal],
    places: &Places<'_>,
    params: &SvmParams,
    control: &Control,
) -> Result<Vec<WithFolds>> {
    let folds = if teacher.is_exact() { FOLDS } else { places.enough_folds() };
    // What is kept of each.
    control.reserve(8 * places.count().saturating_mul(goals.len() * (FOLDS + 2)))?;
    let without = |goal: &Goal, fold: u8| -> Option<Vec<f64>> {
        let cost: Vec<f64> = (0..places.count()).map(|p| goal.cost[p] * places.without(p, fold)).collect();
        // Without rows on both sides there is nothing to be told apart.
        let has = |side: f64| goal.target.iter().zip(&cost).any(|(y, c)| *y == side && *c > 0.0);
        (has(1.0) && has(-1.0)).then_some(cost)
    };
    let own = |goal: &Goal| teacher.learn(goal, &goal.cost, None, params, control);
    let fold = |goal: &Goal, fold: u8, from: &Learned| {
        let Some(cost) = without(goal, fold) else { return Ok(None) };
        Ok::<_, Error>(Some((fold, teacher.learn(goal, &cost, Some(from), params, control)?.said)))
    };
    let is_judged = !places.folds.is_empty();
    if !teacher.is_exact() {
        return goals
            .iter()
            .map(|goal| {
                let full = own(goal)?;
                let mut others = Vec::new();
                for f in (0..folds as u8).filter(|_| is_judged) {
                    others.extend(fold(goal, f, &full)?);
                }
                Ok((full, others))
            })
            .collect();
    }
    let nothing = Learned { weights: Vec::new(), intercept: 0.0, said: Vec::new(), settled: true };
    goals
        .par_iter()
        .map(|goal| {
            let folds = if is_judged { folds as u8 } else { 0 };
            let (full, others) = rayon::join(
                || own(goal),
                || (0..folds).into_par_iter().map(|f| fold(goal, f, &nothing)).collect::<Result<Vec<_>>>(),
            );
            Ok((full?, others?.into_iter().flatten().collect()))
        })
        .collect()
}

/// What becomes of what machines say: log-odds, by what they said of rows left out.
fn calibrated(learned: &[WithFolds], places: &Places<'_>, control: &Control) -> Result<Vec<Line>> {
    let (mut classes, mut weights) = (Vec::new(), Vec::new());
    let mut said: Vec<Vec<f64>> = vec![Vec::new(); learned.len()];
    for fold in 0..FOLDS as u8 {
        let of = |others: &[(u8, Vec<f64>)]| others.iter().position(|(f, _)| *f == fold);
        let Some(found) = learned.iter().map(|(_, others)| of(others)).collect::<Option<Vec<usize>>>() else {
            continue;
        };
        for p in 0..places.count() {
            let weight = places.of_fold(p, fold);
            if weight > 0.0 {
                classes.push(places.classes[p]);
                weights.push(weight);
                said.iter_mut()
                    .zip(learned)
                    .zip(&found)
                    .for_each(|((said, (_, others)), at)| said.push(others[*at].1[p]));
            }
        }
    }
    if weights.iter().sum::<f64>() < FEWEST {
        classes = places.classes.clone();
        weights = places.weights.clone();
        said = learned.iter().map(|(full, _)| full.said.clone()).collect();
    }
    Seen { said: &said, classes: &classes, weights: &weights }.lines(control)
}

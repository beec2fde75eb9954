//! From the leaves of a row to the answer.

use super::curve::calibrate;
use crate::model::{Curve, Link, Task, Trees};

/// What is done to the sum of the leaves after the link, to answer the question of the task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Answer {
    /// Nothing.
    AsItIs,
    /// `1 - p`: of two classes the stored probability is the second's, and the positive class is the first.
    Complement,
    /// Training saw one class only.
    Constant(f64),
}

impl Answer {
    /// The answer to a task.
    pub fn of(task: &Task) -> Answer {
        match task {
            Task::Classification { classes, positive } if classes.len() == 1 => {
                Answer::Constant(if *positive == 0 { 1.0 } else { 0.0 })
            }
            Task::Classification { classes, positive: 0 } if classes.len() == 2 => Answer::Complement,
            _ => Answer::AsItIs,
        }
    }

    /// Turn what comes out of the link into the answer.
    #[inline(always)]
    pub fn turn(self, sums: &mut [f64]) {
        match self {
            Answer::AsItIs => {}
            Answer::Complement => sums[0] = 1.0 - sums[0],
            Answer::Constant(p) => sums[0] = p,
        }
    }
}

/// Partial sums of leaves: tree `t` is added to lane `t % LANES`, so that a sum is the same in one register or many.
pub const LANES: usize = 8;

/// The sum of all lanes, in the one order that every layout keeps.
#[inline]
pub fn join(sums: &[f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Turn sums of leaves, starting from 0 and joined by [`join`], into answers: the mean if the trees are averaged, plus the base, through
/// the link and the curves. `sums` has an entry an output.
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
#[allow(unsafe_code)]
pub(super) fn finish(trees: &Trees, curves: &[Curve], answer: Answer, probabilities: bool, sums: &mut [f64]) {
    raw(trees, sums);
    respond(trees, curves, answer, probabilities, sums);
}

/// The part of [`finish`] behind what the trees say.
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
#[allow(unsafe_code)]
pub(super) fn respond(trees: &Trees, curves: &[Curve], answer: Answer, probabilities: bool, sums: &mut [f64]) {
    unlink(trees.link, probabilities, sums);
    calibrate(curves, sums);
    answer.turn(sums);
}

/// The part of [`finish`] up to the link, with it.
pub(crate) fn link(trees: &Trees, probabilities: bool, sums: &mut [f64]) {
    raw(trees, sums);
    unlink(trees.link, probabilities, sums);
}

/// What the trees say: the sum or mean of the leaves, plus the base.
fn raw(trees: &Trees, sums: &mut [f64]) {
    for (sum, base) in sums.iter_mut().zip(&trees.base) {
        if trees.average {
            *sum /= trees.roots.len() as f64;
        }
        *sum += base;
    }
}

/// The link alone.
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
#[allow(unsafe_code)]
pub(crate) fn unlink(link: Link, probabilities: bool, sums: &mut [f64]) {
    match link {
        // Leaves may be beyond 0 and 1 by a rounding.
        Link::Identity if probabilities => sums.iter_mut().for_each(|p| *p = p.clamp(0.0, 1.0)),
        Link::Identity => {}
        Link::Logistic => sums.iter_mut().for_each(|x| *x = logistic(*x)),
        Link::Softmax => softmax(sums),
        Link::Log => sums.iter_mut().for_each(|x| *x = libm::exp(*x)),
    }
}

/// `1 / (1 + exp(-x))`, accurate on both sides; 0 and 1 at the infinities.
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
#[allow(unsafe_code)]
pub fn logistic(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + libm::exp(-x))
    } else {
        let e = libm::exp(x);
        e / (1.0 + e)
    }
}

/// Replace log-odds by probabilities. The greatest is taken off first, so that nothing overflows; infinite sums (of leaves near
/// the largest number) count as the largest number.
pub fn softmax(sums: &mut [f64]) {
    let mut greatest = f64::MIN;
    for x in sums.iter_mut() {
        *x = x.clamp(f64::MIN, f64::MAX);
        greatest = greatest.max(*x);
    }
    let mut total = 0.0;
    for x in sums.iter_mut() {
        *x = libm::exp(*x - greatest);
        total += *x;
    }
    sums.iter_mut().for_each(|x| *x /= total);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logistic_is_accurate_and_total() {
        assert_eq!(logistic(0.0), 0.5);
        assert_eq!(logistic(f64::INFINITY), 1.0);
        assert_eq!(logistic(f64::NEG_INFINITY), 0.0);
        assert!(logistic(-700.0) > 0.0);
        for x in [0.1, 1.0, 5.0, 30.0] {
            assert!((logistic(x) + logistic(-x) - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn softmax_never_overflows() {
        let mut sums = [f64::INFINITY, 0.0, f64::NEG_INFINITY];
        softmax(&mut sums);
        assert_eq!(sums, [1.0, 0.0, 0.0]);
        let mut sums = [1000.0, 1000.0];
        softmax(&mut sums);
        assert_eq!(sums, [0.5, 0.5]);
        let mut sums = [1.0, 2.0, 3.0];
        softmax(&mut sums);
        assert!((sums[2] - 0.665_240_955_774_821_6).abs() < 1e-15);
    }
}

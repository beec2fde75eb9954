//! How unlike the training rows a row is: the one-class machine (Schölkopf, Platt, Shawe-Taylor, Smola, Williamson 2001).

use super::rows::{gamma, Places};
use super::smo::{solve, Problem, Solved, Square};
use super::{body, Rows, SvmParams, EXACT};
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;
use crate::learn::Target;
use crate::model::Machine;

/// What came out.
#[derive(Debug)]
pub struct OneClass {
    /// The model.
    pub body: Machine,
    /// Whether the machine reached its end.
    pub settled: bool,
    /// The places that were learned from, where some were drawn.
    pub drawn: Option<usize>,
}

/// Learn which rows are unlike the others. Fails without a row of weight, when cancelled, and out of memory.
pub fn fit_one_class(rows: Rows<'_>, params: &SvmParams, control: &Control) -> Result<OneClass> {
    control.start(3);
    let before = control.used();
    let nothing = Target::Number(Vec::new());
    let mut places = Places::distinct(&rows, &nothing, None, control)?;
    let gamma = params.gamma.map_or_else(|| gamma(&rows, control), Ok)?;
    let mut drawn = None;
    if places.count() > EXACT {
        places.draw(EXACT, &mut Random::new(params.seed, 0), control)?;
        drawn = Some(EXACT);
    }
    control.advance(1);
    let square = Square::new(&places.points, places.count(), rows.dimensions, gamma, control)?;
    // All weigh `nu` of what they may; the first ones to begin with.
    let mut left = params.nu * places.weights.iter().sum::<f64>();
    let start = |own: &f64| {
        let taken = own.min(left);
        left -= taken;
        taken
    };
    let weights: Vec<f64> = places.weights.iter().map(start).collect();
    let nothing = vec![0.0; places.count()];
    let problem = Problem { weights, low: nothing.clone(), high: places.weights.clone(), gain: nothing };
    let Solved { weights, intercept, settled, .. } = solve(&square, problem, params.tol, params.max_iter, control)?;
    control.advance(1);
    // At the boundary the sum is 1.
    let edge = if -intercept > 0.0 { -intercept } else { 1.0 };
    let said: Vec<f64> = weights.iter().map(|w| w / edge).collect();
    let body = body::like(&rows, gamma, &places.points, &said, control)?;
    square.release(control);
    drop(places);
    control.release(control.used().saturating_sub(before));
    Ok(OneClass { body, settled, drawn })
}

//! Values of the past that were not to be expected.
//!
//! A model says what it expects of each value one step ahead. What is far off by the deviation of all errors (by their median, which single values do not move) is
//! unusual. An unusual value would mislead the model for the steps after it, so it is put right and the model fitted again, a few times.

use super::auto::Fitted;
use super::optimise::Workspace;
use super::outlook::{forecast, Given, Settings};
use crate::control::Control;
use crate::error::Result;

/// What was expected of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unusual {
    /// Its place.
    pub at: usize,
    /// What was expected.
    pub expected: f64,
    /// How far off is usual, to either side.
    pub width: f64,
    /// How many deviations it is off.
    pub score: f64,
}

/// Rounds of putting right.
const ROUNDS: usize = 3;
/// Below so many values nothing is usual.
const LEAST: usize = 8;
/// The median of the sizes of normal errors, as a share of their deviation.
const NORMAL: f64 = 0.674_489_750_196_081_7;

/// The unusual values of a series, in their order. Values that were filled in are not judged.
pub fn unusual(
    y: &[f64],
    filled: &[bool],
    settings: &Settings,
    work: &mut Workspace<'_>,
    control: &Control,
) -> Result<Vec<Unusual>> {
    // Only values that the model looks at are judged.
    let from = super::outlook::recent(y.len(), &settings.seasons);
    let (y, filled) = (&y[from..], filled.get(from..).unwrap_or_default());
    let n = y.len();
    if n < LEAST {
        return Ok(Vec::new());
    }
    let settings = Settings { horizon: 1, ..settings.clone() };
    let mut right = y.to_vec();
    let mut method = settings.method;
    let mut found: Vec<Unusual> = Vec::new();
    let mut expected = vec![0.0; n];
    for _ in 0..ROUNDS {
        let Some(outlook) =
            forecast(&right, Given::default(), &Settings { method, ..settings.clone() }, work, control)?
        else {
            break;
        };
        // A choice that was made stays, so that rounds differ by the values alone.
        method = outlook.method;
        let scaled: Vec<f64> = right.iter().map(|v| v / outlook.scale).collect();
        outlook.model.fitted(&scaled, &mut expected);
        expected.iter_mut().for_each(|e| *e *= outlook.scale);
        let relative = is_relative(&outlook.model) && expected.iter().all(|e| *e > 0.0);
        let unit = |i: usize| if relative { expected[i] } else { 1.0 };
        let mut sizes: Vec<f64> = (0..n).map(|i| ((y[i] - expected[i]) / unit(i)).abs()).filter(|e| *e > 0.0).collect();
        if sizes.len() < LEAST / 2 {
            break;
        }
        sizes.sort_by(f64::total_cmp);
        let deviation = sizes[sizes.len() / 2] / NORMAL;
        let z = super::interval::quantile(settings.level, n);
        let now: Vec<Unusual> = (0..n)
            .filter(|i| !filled.get(*i).copied().unwrap_or(false))
            .map(|at| {
                let width = z * deviation * unit(at);
                let score = (y[at] - expected[at]) / (deviation * unit(at));
                Unusual { at, expected: expected[at], width, score }
            })
            .filter(|u| u.score.abs() > z)
            .collect();
        let same = now.len() == found.len() && now.iter().zip(&found).all(|(a, b)| a.at == b.at);
        found = now;
        if same {
            break;
        }
        right.copy_from_slice(y);
        for one in &found {
            right[one.at] = one.expected;
        }
    }
    found.iter_mut().for_each(|u| u.at += from);
    Ok(found)
}

/// Whether errors grow with what is expected.
fn is_relative(model: &Fitted) -> bool {
    match model {
        Fitted::Ets(model) => model.form.relative,
        Fitted::Theta(model) => model.multiplied,
        Fitted::Mean(models) => models.iter().any(is_relative),
        _ => false,
    }
}

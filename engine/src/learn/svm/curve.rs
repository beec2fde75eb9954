//! From what a machine says to log-odds: sigmoids of what was said of rows left out (Platt 1999, by the method of Lin, Lin, Weng 2007).
//!
//! Of several classes each has a slope and an intercept, and the probabilities are the softmax of all. Given what the others say, those of one class are a
//! sigmoid with an offset, so that they are found class by class until none moves.

use crate::control::Control;
use crate::error::Result;
use crate::learn::sum::sums;

/// What a class makes of what is said: `slope * said + intercept`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub slope: f64,
    pub intercept: f64,
}

/// What is looked at: by class and row what was said, by row the class and the weight.
pub(super) struct Seen<'a> {
    pub said: &'a [Vec<f64>],
    pub classes: &'a [u32],
    pub weights: &'a [f64],
}

/// Steps of a sigmoid.
const MOST_STEPS: u32 = 100;
/// Halvings of a step.
const HALVINGS: u32 = 30;
/// Rounds over the classes.
const MOST_ROUNDS: u32 = 30;

impl Seen<'_> {
    /// The lines of all classes; of two the one of the second.
    pub fn lines(&self, control: &Control) -> Result<Vec<Line>> {
        let rows = self.classes.len();
        let outputs = self.said.len();
        let mut lines = vec![Line { slope: 0.0, intercept: 0.0 }; outputs];
        let mut offsets: Vec<f64> = control.filled(rows, 0.0)?;
        if outputs == 1 {
            lines[0] = self.line(0, 1, &offsets, lines[0], control)?;
            control.release_vec(offsets);
            return Ok(lines);
        }
        let mut scores: Vec<f64> = control.filled(rows * outputs, 0.0)?;
        for _ in 0..MOST_ROUNDS {
            let mut moved = 0.0f64;
            for k in 0..outputs {
                control.check()?;
                for (offset, scores) in offsets.iter_mut().zip(scores.chunks_exact(outputs)) {
                    let others = || scores.iter().enumerate().filter(|(o, _)| *o != k).map(|(_, s)| *s);
                    let most = others().fold(f64::NEG_INFINITY, f64::max);
                    *offset = -(most + libm::log(others().map(|s| libm::exp(s - most)).sum::<f64>()));
                }
                let line = self.line(k, k as u32, &offsets, lines[k], control)?;
                for (scores, said) in scores.chunks_exact_mut(outputs).zip(&self.said[k]) {
                    let score = line.slope * said + line.intercept;
                    moved = moved.max((score - scores[k]).abs());
                    scores[k] = score;
                }
                lines[k] = line;
            }
            if moved < 1e-4 {
                break;
            }
        }
        control.release_vec(scores);
        control.release_vec(offsets);
        Ok(lines)
    }

    /// The line of a class, given what all others say.
    fn line(&self, output: usize, class: u32, offsets: &[f64], start: Line, control: &Control) -> Result<Line> {
        let said = &self.said[output];
        let rows = self.classes.len();
        let [hits, all] = sums(0..rows, control, |part| {
            part.fold([0.0, 0.0], |[hits, all], i| {
                let own = self.weights[i];
                [hits + if self.classes[i] == class { own } else { 0.0 }, all + own]
            })
        })?;
        if all.is_nan() || all <= 0.0 {
            return Ok(start);
        }
        // No row is quite sure of its class.
        let (high, low) = ((hits + 1.0) / (hits + 2.0), 1.0 / (all - hits + 2.0));
        let target = |i: usize| if self.classes[i] == class { high } else { low };
        let look = |line: Line| {
            sums(0..rows, control, |part| {
                let mut out = [0.0; 6];
                for i in part {
                    let score = line.slope * said[i] + line.intercept + offsets[i];
                    let (w, t) = (self.weights[i], target(i));
                    let small = libm::exp(-score.abs());
                    let p = if score >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
                    out[0] += w * (score.max(0.0) - t * score + libm::log1p(small));
                    let (d, h) = (w * (p - t), w * p * (1.0 - p));
                    out[1] += d * said[i];
                    out[2] += d;
                    out[3] += h * said[i] * said[i];
                    out[4] += h * said[i];
                    out[5] += h;
                }
                out
            })
        };
        let found = newton(&look, start, true)?;
        // A machine that is worse than none says nothing.
        if found.slope > 0.0 {
            return Ok(found);
        }
        newton(&look, Line { slope: 0.0, intercept: start.intercept }, false)
    }
}

/// Where the loss is least.
fn newton(look: &impl Fn(Line) -> Result<[f64; 6]>, start: Line, tilts: bool) -> Result<Line> {
    let mut line = start;
    let mut seen = look(line)?;
    for _ in 0..MOST_STEPS {
        let [loss, a, b, aa, ab, bb] = seen;
        let (aa, bb) = (aa + 1e-12, bb + 1e-12);
        let whole = aa * bb - ab * ab;
        let (da, db) = match tilts && whole > 1e-14 * aa * bb {
            true => ((b * ab - a * bb) / whole, (a * ab - b * aa) / whole),
            false => (0.0, -b / bb),
        };
        let down = a * da + b * db;
        if down.is_nan() || down >= -1e-13 * (1.0 + loss.abs()) {
            break;
        }
        let mut part = 1.0;
        let mut lower = None;
        for _ in 0..HALVINGS {
            let next = Line { slope: line.slope + part * da, intercept: line.intercept + part * db };
            let there = look(next)?;
            if there[0].is_finite() && there[0] <= loss + 1e-4 * part * down {
                lower = Some((next, there));
                break;
            }
            part /= 2.0;
        }
        let Some((next, there)) = lower else { break };
        (line, seen) = (next, there);
    }
    Ok(line)
}

//! The derivatives of the loss, rounded at random to integers that histograms add up.

use rayon::prelude::*;

use super::Scores;
use crate::control::Control;
use crate::data::CHUNK;
use crate::error::Result;
use crate::learn::boost::histogram::Pair;
use crate::learn::boost::objective::{exp, Objective, POISSON_MARGIN};
use crate::learn::Target;

/// Rows whose derivatives are taken at one go.
const BLOCK: usize = 1024;

impl Scores<'_> {
    /// Derive the loss by the scores of an output, for every row a tree may learn from.
    pub fn derive(&mut self, output: usize, iteration: u32, control: &Control) -> Result<()> {
        // With n rows no sum of n pairs may leave its half of a sum.
        let most = ((i64::from(i32::MAX) / self.fit_rows.max(1) as i64).clamp(1, 32_767)) as f64;
        let mut pairs = std::mem::take(&mut self.pairs);
        let bounds = self.bounds(output, control)?;
        self.quanta = (bounds.0.max(1e-30) / most, bounds.1.max(1e-30) / most);
        let (inverse_first, inverse_second) = ((1.0 / self.quanta.0) as f32, (1.0 / self.quanta.1) as f32);
        let salt = salt(self.params.seed, iteration, output);
        let limit = most as f32;
        let this = &*self;
        pairs.par_chunks_mut(CHUNK).enumerate().try_for_each(|(chunk, out)| {
            control.check()?;
            let start = chunk * CHUNK;
            this.each(output, start, out.len(), |block, first, second| {
                let row = (start + block) as u32;
                let out = &mut out[block..block + first.len()];
                for (((i, out), &first), &second) in (0u32..).zip(out).zip(first).zip(second) {
                    let (a, b) = noise(salt, row + i);
                    let first = ((first * inverse_first).clamp(-limit, limit) + a + 40_000.0) as i32 - 40_000;
                    let second = ((second * inverse_second).clamp(0.0, limit) + b) as i32;
                    *out = Pair::new(first.clamp(-32_767, 32_767) as i16, second.clamp(0, 32_767) as u16);
                }
            });
            Ok(())
        })?;
        self.pairs = pairs;
        Ok(())
    }

    /// Bounds of the absolute derivatives.
    fn bounds(&self, output: usize, control: &Control) -> Result<(f64, f64)> {
        let heaviest = self.heaviest;
        match self.objective {
            Objective::Binary | Objective::Multiclass => Ok((heaviest, heaviest * 0.25 * self.multiclass_factor())),
            Objective::AbsoluteError | Objective::Quantile => Ok((heaviest, heaviest)),
            _ => {
                let part = |c: usize| {
                    control.check()?;
                    let mut most = (0f32, 0f32);
                    let start = c * CHUNK;
                    self.each(output, start, CHUNK.min(self.fit_rows - start), |_, first, second| {
                        let most_of = |values: &[f32]| values.iter().fold(0f32, |m, v| m.max(v.abs()));
                        most = (most.0.max(most_of(first)), most.1.max(most_of(second)));
                    });
                    Ok(most)
                };
                let parts = (0..self.fit_rows.div_ceil(CHUNK)).into_par_iter().map(part);
                let most = parts.try_reduce(|| (0.0, 0.0), |a, b| Ok((a.0.max(b.0), a.1.max(b.1))))?;
                Ok((f64::from(most.0), f64::from(most.1)))
            }
        }
    }

    fn multiclass_factor(&self) -> f64 {
        match self.scores.len() {
            1 => 1.0,
            k => k as f64 / (k as f64 - 1.0),
        }
    }

    /// Hand the two derivatives of `rows` rows from `start` on to `take`, a block of rows after the other with its place among them.
    ///
    /// Plain loops over slices of one length, which the compiler turns into vector instructions.
    #[inline]
    fn each(&self, output: usize, start: usize, rows: usize, mut take: impl FnMut(usize, &[f32], &[f32])) {
        let (mut first, mut second) = ([0f32; BLOCK], [0f32; BLOCK]);
        for block in (0..rows).step_by(BLOCK) {
            let len = BLOCK.min(rows - block);
            let (first, second) = (&mut first[..len], &mut second[..len]);
            self.derivatives(output, start + block, first, second);
            if !self.is_plain() {
                for (i, (g, h)) in first.iter_mut().zip(second.iter_mut()).enumerate() {
                    let w = self.weight(start + block + i) as f32;
                    (*g, *h) = (w * *g, w * *h);
                }
            }
            take(block, first, second);
        }
    }

    /// The two derivatives of rows from `start` on, without their weights.
    fn derivatives(&self, output: usize, start: usize, first: &mut [f32], second: &mut [f32]) {
        let len = first.len();
        let scores = &self.scores[output][start..start + len];
        let out = first.iter_mut().zip(second);
        match (self.objective, self.rows.target) {
            (Objective::Binary, Target::Class { codes, .. }) => {
                let rows = scores.iter().zip(&codes[start..start + len]);
                for ((g, h), (&s, &y)) in out.zip(rows) {
                    let p = 1.0 / (1.0 + exp(-(s as f32)));
                    (*g, *h) = (p - y as f32, p * (1.0 - p));
                }
            }
            (Objective::Multiclass, Target::Class { codes, classes }) => {
                let factor = self.multiclass_factor() as f32;
                let rows = self.probabilities[start * classes..].chunks_exact(*classes).zip(&codes[start..start + len]);
                for ((g, h), (p, &y)) in out.zip(rows) {
                    let (p, hit) = (p[output], if y as usize == output { 1.0 } else { 0.0 });
                    (*g, *h) = (p - hit, factor * p * (1.0 - p));
                }
            }
            (objective, Target::Number(values)) => {
                let (alpha, rho) = (self.alpha(), self.params.tweedie_variance_power);
                let (centre, unit) = (self.centre, self.units.0);
                let rows = scores.iter().zip(&values[start..start + len]);
                match objective {
                    Objective::AbsoluteError | Objective::Quantile => {
                        for ((g, h), (&s, &y)) in out.zip(rows) {
                            (*g, *h) = ((if s < y { -alpha } else { 1.0 - alpha }) as f32, 1.0);
                        }
                    }
                    Objective::Poisson => {
                        for ((g, h), (&s, &y)) in out.zip(rows) {
                            let e = f64::from(exp((s - centre) as f32));
                            (*g, *h) = ((e - y * unit) as f32, (e * POISSON_MARGIN) as f32);
                        }
                    }
                    Objective::Tweedie => {
                        for ((g, h), (&s, &y)) in out.zip(rows) {
                            let low = f64::from(exp(((1.0 - rho) * (s - centre)) as f32));
                            let high = f64::from(exp(((2.0 - rho) * (s - centre)) as f32));
                            let y = y * self.scale;
                            *g = (high - y * low) as f32;
                            *h = ((2.0 - rho) * high - (1.0 - rho) * y * low) as f32;
                        }
                    }
                    // Halves, as the difference of two huge values is beyond every number.
                    _ => {
                        for ((g, h), (&s, &y)) in out.zip(rows) {
                            (*g, *h) = (((0.5 * s - 0.5 * y) * (2.0 * unit)) as f32, 1.0);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

fn salt(seed: u64, iteration: u32, output: usize) -> u32 {
    let mixed = crate::data::mix(seed ^ 0xa458_fea3_f493_3d7e, u64::from(iteration) << 32 | output as u64);
    (mixed ^ mixed >> 32) as u32
}

/// Two numbers from 0 to below 1 for a row (the finalizer of MurmurHash3).
#[inline]
pub(super) fn noise(salt: u32, row: u32) -> (f32, f32) {
    let mut h = row.wrapping_mul(0x9e37_79b9) ^ salt;
    h = (h ^ h >> 16).wrapping_mul(0x85eb_ca6b);
    h = (h ^ h >> 13).wrapping_mul(0xc2b2_ae35);
    h ^= h >> 16;
    ((h >> 16) as f32 / 65_536.0, (h & 0xffff) as f32 / 65_536.0)
}

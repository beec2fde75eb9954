//! What is drawn: the rows of a tree, the features of a node, cuts.

use super::ForestParams;
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;

/// The rows that trees are drawn from.
#[derive(Debug)]
pub(super) struct Draws {
    /// The number of all rows.
    pub rows: usize,
    /// The rows that weigh something; `None` for all.
    eligible: Option<Vec<u32>>,
    /// Rows a tree draws with replacement; `None` when it sees every row once.
    count: Option<usize>,
    /// Weights of usual size; `None` where all are 1.
    pub weight: Option<Vec<f64>>,
    /// What weights were divided by.
    pub unit: f64,
    seed: u64,
}

impl Draws {
    /// Rows without weight say nothing and are not drawn; but where no row has weight all are alike.
    pub fn new(rows: usize, weight: Option<&[f64]>, params: &ForestParams, control: &Control) -> Result<Draws> {
        let mut draws = Draws { rows, eligible: None, count: None, weight: None, unit: 1.0, seed: params.seed };
        let most = weight.map_or(0.0, |w| w.iter().copied().fold(0.0, f64::max));
        if let (Some(weight), true) = (weight, most > 0.0) {
            // Sums and their products are to stay far from the ends of what an f64 holds.
            if !(1e-60..1e60).contains(&most) {
                draws.unit = most;
            }
            let mut own: Vec<f64> = control.vec(rows)?;
            own.extend(weight.iter().map(|w| w / draws.unit));
            if own.contains(&0.0) {
                let mut eligible: Vec<u32> = control.vec(rows)?;
                eligible.extend((0..rows as u32).filter(|&r| own[r as usize] > 0.0));
                draws.eligible = Some(eligible);
            }
            draws.weight = Some(own);
        }
        if params.bootstrap {
            let all = draws.eligible.as_ref().map_or(rows, Vec::len);
            draws.count = Some(params.max_samples.map_or(all, |part| part.of(all)));
        }
        Ok(draws)
    }

    /// The numbers that the growing of a tree draws from.
    pub fn random(&self, tree: usize) -> Random {
        Random::new(self.seed, tree as u64)
    }

    /// Write how often a tree sees each row.
    pub fn draw(&self, random: &mut Random, drawn: &mut [u8]) {
        match (self.count, &self.eligible) {
            (None, None) => drawn.fill(1),
            (None, Some(eligible)) => {
                drawn.fill(0);
                eligible.iter().for_each(|&r| drawn[r as usize] = 1);
            }
            (Some(count), None) => {
                drawn.fill(0);
                for _ in 0..count {
                    let times = &mut drawn[random.below(self.rows)];
                    // 256 draws of one row among so many do not happen.
                    *times = times.saturating_add(1);
                }
            }
            (Some(count), Some(eligible)) => {
                drawn.fill(0);
                for _ in 0..count {
                    let times = &mut drawn[eligible[random.below(eligible.len())] as usize];
                    *times = times.saturating_add(1);
                }
            }
        }
    }

    pub fn release(self, control: &Control) {
        self.eligible.into_iter().for_each(|v| control.release_vec(v));
        self.weight.into_iter().for_each(|v| control.release_vec(v));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_drawn_with_replacement_and_never_without_weight() {
        let control = Control::default();
        let params = ForestParams::default();
        let draws = Draws::new(10_000, None, &params, &control).unwrap();
        let mut drawn = vec![9; 10_000];
        draws.draw(&mut draws.random(3), &mut drawn);
        assert_eq!(drawn.iter().map(|&d| u32::from(d)).sum::<u32>(), 10_000);
        let never = drawn.iter().filter(|&&d| d == 0).count() as f64 / 10_000.0;
        assert!((never - (-1.0f64).exp()).abs() < 0.02, "{never}");
        let mut again = vec![0; 10_000];
        draws.draw(&mut draws.random(4), &mut again);
        assert_ne!(drawn, again);
        let weight: Vec<f64> = (0..10_000).map(|r| f64::from(r % 2)).collect();
        let draws = Draws::new(10_000, Some(&weight), &params, &control).unwrap();
        draws.draw(&mut draws.random(3), &mut drawn);
        assert!(drawn.iter().step_by(2).all(|&d| d == 0));
        assert_eq!(drawn.iter().map(|&d| u32::from(d)).sum::<u32>(), 5000);
    }
}

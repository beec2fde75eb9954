//! The rows of each tree.

use super::IsolationParams;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::learn::random::Random;

/// Draws of a row that is drawn already, for each row that is wanted, after which there are few of weight.
const TRIES: usize = 20;
/// Trees between two looks for a cancel.
const CHECK: usize = 16;

/// The rows drawn for each tree.
pub(crate) struct Draws {
    /// Rows that any tree drew, each once, ascending.
    rows: Vec<u32>,
    /// The places among them of each tree's rows, ascending, tree after tree.
    places: Vec<u32>,
    /// Where the places of each tree begin, and where the last end.
    starts: Vec<usize>,
}

impl Draws {
    /// Rows that any tree drew, each once.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    pub fn trees(&self) -> usize {
        self.starts.len() - 1
    }

    /// The places of a tree's rows among [`Draws::rows`].
    pub fn places(&self, tree: usize) -> &[u32] {
        &self.places[self.starts[tree]..self.starts[tree + 1]]
    }

    pub fn release(self, control: &Control) {
        control.release_vec(self.rows);
        control.release_vec(self.places);
    }
}

/// Draw rows for each tree, without replacement, of more weight more often; a row without weight is never drawn.
///
/// Fails with [`Error::OutOfMemory`], or where no row has weight.
pub(crate) fn draw(rows: usize, weight: Option<&[f64]>, params: &IsolationParams, control: &Control) -> Result<Draws> {
    let wanted = params.max_samples.of(rows);
    let running = match weight {
        Some(weight) => {
            let mut running: Vec<f64> = control.vec(rows)?;
            let mut sum = 0.0;
            running.extend(weight.iter().map(|w| {
                sum += w;
                sum
            }));
            if !(sum > 0.0 && sum.is_finite()) {
                return Err(Error::data(
                    "the weights of the rows have no sum",
                    "Give weights of which some are above 0.",
                ));
            }
            Some(running)
        }
        None => None,
    };
    let trees = params.n_estimators as usize;
    let mut places: Vec<u32> = control.vec(trees.saturating_mul(wanted))?;
    let mut drawn = Set(control.filled(rows.div_ceil(64), 0)?);
    let mut starts = vec![0];
    for tree in 0..trees {
        if tree % CHECK == 0 {
            control.check()?;
        }
        let mut random = Random::new(params.seed, 2 * tree as u64);
        match &running {
            Some(running) => by_weight(running, wanted, &mut random, &mut drawn),
            None => alike(rows, wanted, &mut random, &mut drawn),
        }
        drawn.take(&mut places);
        starts.push(places.len());
    }
    control.release_vec(drawn.0);
    if let Some(running) = running {
        control.release_vec(running);
    }
    let mut all: Vec<u32> = control.vec(places.len())?;
    all.extend_from_slice(&places);
    control.check()?;
    all.sort_unstable();
    all.dedup();
    for place in &mut places {
        *place = all.partition_point(|row| row < place) as u32;
    }
    Ok(Draws { rows: all, places, starts })
}

/// Rows that are drawn, a bit each.
struct Set(Vec<u64>);

impl Set {
    /// Whether a row was not drawn before.
    fn insert(&mut self, row: usize) -> bool {
        let (word, bit) = (&mut self.0[row / 64], 1 << (row % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }

    /// Put the rows that are drawn into `rows`, ascending; then none is.
    fn take(&mut self, rows: &mut Vec<u32>) {
        for (i, word) in self.0.iter_mut().enumerate() {
            while *word != 0 {
                rows.push((i * 64) as u32 + word.trailing_zeros());
                *word &= *word - 1;
            }
        }
    }
}

/// Draw `wanted` of `rows`, each as likely (Floyd's way of drawing without replacement).
fn alike(rows: usize, wanted: usize, random: &mut Random, drawn: &mut Set) {
    for last in rows - wanted..rows {
        if !drawn.insert(random.below(last + 1)) {
            drawn.insert(last);
        }
    }
}

/// Draw at most `wanted` rows, one after the other, by the running sums of their weights.
fn by_weight(running: &[f64], wanted: usize, random: &mut Random, drawn: &mut Set) {
    let total = running.last().copied().unwrap_or(0.0);
    let mut count = 0;
    for _ in 0..wanted.saturating_mul(TRIES) {
        let share = random.unit() * total;
        // The first row whose sum is above it, which has weight.
        let row = running.partition_point(|sum| *sum <= share).min(running.len() - 1);
        count += usize::from(drawn.insert(row));
        if count >= wanted {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_drawn_once_a_tree_and_never_without_weight() {
        let control = Control::default();
        let params = IsolationParams::default();
        let draws = draw(10_000, None, &params, &control).unwrap();
        assert_eq!(draws.trees(), 100);
        let mut times = vec![0u32; 10_000];
        for tree in 0..100 {
            let own = draws.places(tree);
            assert_eq!(own.len(), 256);
            assert!(own.is_sorted_by(|a, b| a < b));
            own.iter().for_each(|place| times[draws.rows()[*place as usize] as usize] += 1);
        }
        // Drawn 2.56 times on average: never by about e^-2.56 of the rows.
        let never = times.iter().filter(|t| **t == 0).count() as f64 / 10_000.0;
        assert!((never - 0.0773).abs() < 0.01, "{never}");
        let weight: Vec<f64> = (0..10_000).map(|r| f64::from(r % 2)).collect();
        let draws = draw(10_000, Some(&weight), &params, &control).unwrap();
        assert!(draws.rows().iter().all(|row| row % 2 == 1));
        assert!(draw(3, Some(&[0.0; 3]), &params, &control).is_err());
        assert_eq!(draw(3, None, &params, &control).unwrap().rows(), [0, 1, 2]);
    }
}

//! The search for the conjunction of levels that is furthest from the rest.
//!
//! A conjunction has no more rows than each of its conditions, so one of too few rows is not gone into any further (Agrawal and Srikant 1994). Those that are
//! left are few: no more than two divided by the least share of each combination of dimensions.

use rayon::prelude::*;

use super::levels::LOOK;
use super::moments::{Pair, Test};
use super::tuples::{pair, Tuples, OF_RATIO, OF_SUM};
use super::{Options, MOST_DEPTH};
use crate::control::Control;
use crate::error::Result;

/// What is searched.
pub struct Search<'a> {
    /// The number of levels of each dimension.
    pub sizes: Vec<usize>,
    /// The sums of all rows, also of those that were put aside.
    pub total: Pair,
    /// How a segment is compared.
    pub test: Test,
    /// The limits.
    pub options: &'a Options,
}

/// The segment that stands out most.
#[derive(Debug, Clone, PartialEq)]
pub struct Best {
    /// The place of the dimension among those that are searched, and the number of its level.
    pub conditions: Vec<(usize, u16)>,
    /// How many standard errors its change is from what the rest did.
    pub z: f64,
    score: f64,
}

/// The candidates by the number of their conditions less 1: how many, and the best of them.
#[derive(Default)]
struct Tally {
    count: [usize; MOST_DEPTH],
    best: [Option<Best>; MOST_DEPTH],
}

impl Tally {
    /// Take another in that comes later. Of equals the first is kept.
    fn with(mut self, other: Tally) -> Tally {
        for (depth, (count, best)) in other.count.into_iter().zip(other.best).enumerate() {
            self.count[depth] += count;
            let is_better = match (&self.best[depth], &best) {
                (_, None) => false,
                (None, _) => true,
                (Some(old), Some(new)) => new.score > old.score,
            };
            if is_better {
                self.best[depth] = best;
            }
        }
        self
    }
}

/// The conjunctions of a combination of dimensions that have enough rows.
struct Cells {
    dimensions: Vec<usize>,
    /// Their levels, a run of as many as there are dimensions each.
    levels: Vec<u16>,
    /// Their sums.
    sums: Vec<f64>,
    /// The number of the cell of each key, 0 for none.
    numbers: Vec<u16>,
}

impl Search<'_> {
    /// The segment that stands out most of what is left, if one does beyond chance.
    ///
    /// Deeper segments are more in number, so the best of them is further off by chance alone: half the square of its standard errors, which is the logarithm of
    /// how unlikely they are, is lowered by that of the number of candidates so far down. Of equals that of the fewest conditions is taken, then the first.
    pub fn best(&self, tuples: &Tuples, control: &Control) -> Result<Option<Best>> {
        match tuples.ratio {
            true => self.best_of::<{ 2 * OF_RATIO }>(tuples, control),
            false => self.best_of::<{ 2 * OF_SUM }>(tuples, control),
        }
    }

    fn best_of<const W: usize>(&self, tuples: &Tuples, control: &Control) -> Result<Option<Best>> {
        let left = tuples.total(control)?;
        let dimensions = self.sizes.len();
        let mut tasks: Vec<(usize, Option<usize>)> = (0..dimensions).map(|a| (a, None)).collect();
        if self.options.max_depth > 1 {
            tasks.extend((0..dimensions).flat_map(|a| (a + 1..dimensions).map(move |b| (a, Some(b)))));
        }
        control.start(tasks.len() as u64);
        let tallies: Vec<Result<Tally>> = tasks
            .into_par_iter()
            .map(|(first, second)| {
                let tally = self.task::<W>(tuples, &left, (first, second), control);
                control.advance(1);
                tally
            })
            .collect();
        let mut all = Tally::default();
        for tally in tallies {
            all = all.with(tally?);
        }
        let candidates: usize = all.count.iter().sum();
        let (mut so_far, mut best): (usize, Option<(f64, Best)>) = (0, None);
        for (count, own) in all.count.into_iter().zip(all.best) {
            so_far += count;
            let Some(own) = own else { continue };
            let worth = own.score * own.score / 2.0 - libm::log(so_far as f64);
            if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                best = Some((worth, own));
            }
        }
        // Two tests of each candidate (Bonferroni).
        let by_chance = |best: &Best| 2.0 * candidates as f64 * libm::erfc(best.score / std::f64::consts::SQRT_2);
        Ok(best.map(|(_, best)| best).filter(|best| by_chance(best) <= self.options.alpha))
    }

    /// All segments of one dimension, or of two and those that come after them.
    fn task<const W: usize>(
        &self,
        tuples: &Tuples,
        left: &Pair,
        (first, second): (usize, Option<usize>),
        control: &Control,
    ) -> Result<Tally> {
        let mut tally = Tally::default();
        let Some(second) = second else {
            let cells = self.cells::<W>(tuples, None, first, control)?;
            self.judge(&cells, left, tuples.centre, &mut tally, control)?;
            cells.release(control);
            return Ok(tally);
        };
        // The numbers of levels of a dimension serve as cells of the first.
        let start = Cells {
            dimensions: vec![first],
            levels: (1..=self.sizes[first] as u16).collect(),
            sums: Vec::new(),
            numbers: Vec::new(),
        };
        self.deeper::<W>(tuples, left, (&start, &tuples.ids[first]), second..second + 1, &mut tally, control)?;
        Ok(tally)
    }

    /// Add one of some dimensions to cells, and go on from there. So deep as the option says.
    fn deeper<const W: usize>(
        &self,
        tuples: &Tuples,
        left: &Pair,
        (parents, numbers): (&Cells, &[u16]),
        dimensions: std::ops::Range<usize>,
        tally: &mut Tally,
        control: &Control,
    ) -> Result<()> {
        for dimension in dimensions {
            let cells = self.cells::<W>(tuples, Some((parents, numbers)), dimension, control)?;
            self.judge(&cells, left, tuples.centre, tally, control)?;
            let next = dimension + 1..self.sizes.len();
            if cells.dimensions.len() < self.options.max_depth && !cells.levels.is_empty() && !next.is_empty() {
                let size = self.sizes[dimension];
                let mut own: Vec<u16> = control.vec(tuples.len())?;
                let level = &tuples.ids[dimension];
                own.extend(numbers.iter().zip(level).map(|(p, l)| cells.numbers[key(*p, *l, size)]));
                self.deeper::<W>(tuples, left, (&cells, &own), next, tally, control)?;
                control.release_vec(own);
            }
            cells.release(control);
        }
        Ok(())
    }

    /// The conjunctions of cells with the levels of a dimension that have enough rows, and their sums.
    fn cells<const W: usize>(
        &self,
        tuples: &Tuples,
        parents: Option<(&Cells, &[u16])>,
        dimension: usize,
        control: &Control,
    ) -> Result<Cells> {
        let size = self.sizes[dimension];
        let level = &tuples.ids[dimension];
        let (above, run) = parents
            .map_or((1, 0), |(cells, _)| (cells.levels.len() / cells.dimensions.len().max(1), cells.dimensions.len()));
        let keys = above * size + 1;
        let key_of = |tuple: usize| match parents {
            Some((_, numbers)) => key(numbers[tuple], level[tuple], size),
            None => usize::from(level[tuple]),
        };
        let mut weights: Vec<[f64; 2]> = control.filled(keys, [0.0; 2])?;
        for (tuple, weight) in tuples.weights.iter().enumerate() {
            if tuple.is_multiple_of(LOOK) {
                control.check()?;
            }
            let own = &mut weights[key_of(tuple)];
            *own = [own[0] + weight[0], own[1] + weight[1]];
        }
        let least = self.total.map(|side| self.options.min_share * side.n);
        let enough = |w: &[f64; 2]| (0..2).any(|p| w[p] > 0.0 && w[p] >= least[p]);
        let mut numbers: Vec<u16> = control.filled(keys, 0)?;
        let mut dimensions = parents.map_or_else(Vec::new, |(cells, _)| cells.dimensions.clone());
        dimensions.push(dimension);
        let mut levels: Vec<u16> = Vec::new();
        let mut found: u16 = 0;
        for (at, weight) in weights.iter().enumerate().skip(1) {
            if !enough(weight) || found == u16::MAX {
                continue;
            }
            found += 1;
            numbers[at] = found;
            control.room(&mut levels, run + 1)?;
            if let Some((cells, _)) = parents {
                let parent = (at - 1) / size * run;
                levels.extend_from_slice(&cells.levels[parent..parent + run]);
            }
            levels.push(((at - 1) % size + 1) as u16);
        }
        control.release_vec(weights);
        let mut sums: Vec<f64> = control.filled((usize::from(found) + 1) * W, 0.0)?;
        for (tuple, own) in tuples.sums.as_chunks::<W>().0.iter().enumerate() {
            if tuple.is_multiple_of(LOOK) {
                control.check()?;
            }
            let number = usize::from(numbers[key_of(tuple)]);
            if number > 0 {
                let cell = &mut sums[number * W..(number + 1) * W];
                cell.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
            }
        }
        Ok(Cells { dimensions, levels, sums, numbers })
    }

    /// Compare cells with what else is left.
    fn judge(&self, cells: &Cells, left: &Pair, centre: f64, tally: &mut Tally, control: &Control) -> Result<()> {
        control.check()?;
        let depth = cells.dimensions.len();
        let width = if self.test.ratio { OF_RATIO } else { OF_SUM } * 2;
        let mut own = Tally::default();
        for (levels, sums) in cells.levels.chunks_exact(depth).zip(cells.sums.chunks_exact(width).skip(1)) {
            own.count[depth - 1] += 1;
            let Some(verdict) = self.test.verdict(&pair(sums, centre), left) else { continue };
            let best = &mut own.best[depth - 1];
            if best.as_ref().is_none_or(|best| verdict.score > best.score) {
                let conditions = cells.dimensions.iter().copied().zip(levels.iter().copied()).collect();
                *best = Some(Best { conditions, z: verdict.z, score: verdict.score });
            }
        }
        *tally = std::mem::take(tally).with(own);
        Ok(())
    }
}

impl Cells {
    fn release(self, control: &Control) {
        control.release_vec(self.levels);
        control.release_vec(self.sums);
        control.release_vec(self.numbers);
    }
}

/// The place of a cell and a level among all such, 0 where one of them is none.
#[inline]
fn key(parent: u16, level: u16, size: usize) -> usize {
    match (parent, level) {
        (0, _) | (_, 0) => 0,
        (parent, level) => (usize::from(parent) - 1) * size + usize::from(level),
    }
}

//! Starts: greedy k-means++ with 2 + ln k candidates a centre, as scikit-learn's; k-means|| (Bahmani and others 2012); rows drawn.

use rayon::prelude::*;

use super::assign::Assignment;
use super::definition::Definition;
use super::lloyd::{distance, own_distance, BLOCK};
use super::screen::Screen;
use super::{Init, Points};
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;
use crate::simd::{run_wide, Kernel};

/// Rounds of k-means||, and how many times `k` rows each draws, as the paper finds to be enough.
const ROUNDS: u64 = 5;
const OVERSAMPLING: f64 = 2.0;

/// At most `k` centres, all different; fewer where there are fewer different rows of positive weight.
pub(super) fn centres(
    points: &Points<'_>,
    screen: &mut Option<Screen>,
    init: &Init,
    k: usize,
    random: &mut Random,
    control: &Control,
) -> Result<Vec<f64>> {
    match init {
        Init::PlusPlus | Init::Given(_) => plus_plus(points, k, random, control),
        Init::Parallel => parallel(points, screen, k, random, control),
        Init::Random => drawn(points, k, random, control),
    }
}

pub(super) fn plus_plus(points: &Points<'_>, k: usize, random: &mut Random, control: &Control) -> Result<Vec<f64>> {
    let trials = 2 + libm::log(k as f64) as usize;
    let mut state = Nearest::new(points, control)?;
    let first = state.pick(points, random.unit());
    let mut centres = state.take(points, first);
    state.totals = state.try_out(points, &[], control)?;
    for _ in 1..k {
        if state.total() <= 0.0 {
            break;
        }
        let candidates: Vec<usize> = (0..trials).map(|_| state.pick(points, random.unit())).collect();
        let potentials = state.try_out(points, &candidates, control)?;
        let of = |c: usize| potentials.iter().skip(c).step_by(trials);
        let mut best = (f64::INFINITY, 0);
        for c in 0..trials {
            let potential: f64 = of(c).sum();
            if potential < best.0 {
                best = (potential, c);
            }
        }
        state.totals = of(best.1).copied().collect();
        centres.extend(state.take(points, candidates[best.1]));
    }
    state.release(control);
    Ok(centres)
}

/// How far rows are from the nearest of the centres that were chosen.
struct Nearest {
    /// Weight times squared distance, without the centre that is pending.
    nearest: Vec<f64>,
    /// The centre that was chosen last, until all rows were compared with it.
    pending: Vec<f64>,
    /// The sum over each block of rows, the pending centre included; of weights before there is a centre.
    totals: Vec<f64>,
}

impl Nearest {
    fn new(points: &Points<'_>, control: &Control) -> Result<Nearest> {
        let n = points.rows();
        let block = |b: usize| (b * BLOCK..((b + 1) * BLOCK).min(n)).map(|i| points.weight(i)).sum();
        let totals = (0..n.div_ceil(BLOCK)).map(block).collect();
        Ok(Nearest { nearest: control.filled(n, f64::INFINITY)?, pending: Vec::new(), totals })
    }

    fn release(self, control: &Control) {
        control.release_vec(self.nearest);
    }

    fn total(&self) -> f64 {
        self.totals.iter().sum()
    }

    /// Choose a row as a centre.
    fn take(&mut self, points: &Points<'_>, row: usize) -> Vec<f64> {
        self.pending = points.row(row).to_vec();
        self.pending.clone()
    }

    /// Compare all rows with the pending centre, and find what the sum over each block would be with each of the candidates as another
    /// centre; with none, what it is. Block by block, candidate by candidate.
    fn try_out(&mut self, points: &Points<'_>, candidates: &[usize], control: &Control) -> Result<Vec<f64>> {
        let d = points.dimensions;
        let mut tried: Vec<f64> = candidates.iter().flat_map(|&c| points.row(c)).copied().collect();
        tried.append(&mut self.pending);
        let is_pending = tried.len() / d > candidates.len();
        let definition = Definition::new(&tried, d);
        let width = candidates.len().max(1);
        let mut totals = vec![0.0; self.totals.len() * width];
        let blocks = self.nearest.par_chunks_mut(BLOCK).zip(totals.par_chunks_mut(width)).enumerate();
        blocks.try_for_each(|(b, (nearest, totals))| {
            control.check()?;
            run_wide(TryOut { points, first: b * BLOCK, definition: &definition, is_pending, nearest, totals });
            Ok(())
        })?;
        Ok(totals)
    }

    /// The row at which the running sum passes `share` of the total; of equals the first, of none the last that counts.
    fn pick(&self, points: &Points<'_>, share: f64) -> usize {
        let wanted = share * self.total();
        let (mut before, mut last) = (0.0, 0);
        for (b, total) in self.totals.iter().enumerate().filter(|t| *t.1 > 0.0) {
            last = b;
            if before + total > wanted {
                break;
            }
            before += total;
        }
        let first = last * BLOCK;
        let mut found = first;
        let is_first = self.pending.is_empty() && self.nearest.first().is_some_and(|x| x.is_infinite());
        for i in first..(first + BLOCK).min(points.rows()) {
            let weight = points.weight(i);
            let own = match (is_first, self.pending.is_empty()) {
                (true, _) => weight,
                (_, true) => self.nearest[i],
                _ => self.nearest[i].min(weight * distance(points.row(i), &self.pending)),
            };
            if own > 0.0 {
                found = i;
                before += own;
                if before > wanted {
                    break;
                }
            }
        }
        found
    }
}

/// What [`Nearest::try_out`] does with a block.
struct TryOut<'a> {
    points: &'a Points<'a>,
    first: usize,
    /// The candidates, and then the pending centre if there is one.
    definition: &'a Definition,
    is_pending: bool,
    nearest: &'a mut [f64],
    totals: &'a mut [f64],
}

impl Kernel for TryOut<'_> {
    #[inline(always)]
    fn run(self) {
        let mut room = self.definition.room();
        let candidates = self.definition.k() - usize::from(self.is_pending);
        for (row, nearest) in (self.first..).zip(self.nearest) {
            let weight = self.points.weight(row);
            self.definition.distances(self.points.row(row), &mut room);
            let far = room.as_flattened();
            if self.is_pending {
                *nearest = nearest.min(weight * far[candidates]);
            }
            if candidates == 0 {
                self.totals[0] += *nearest;
            }
            for (total, far) in self.totals.iter_mut().zip(&far[..candidates]) {
                *total += nearest.min(weight * far);
            }
        }
    }
}

/// The centres of k-means||: in each round rows are drawn by their share of the sum of squared distances, many at once; k-means++ then
/// chooses among them, each with the weight of the rows it is nearest to.
fn parallel(
    points: &Points<'_>,
    screen: &mut Option<Screen>,
    k: usize,
    random: &mut Random,
    control: &Control,
) -> Result<Vec<f64>> {
    let (n, d) = (points.rows(), points.dimensions);
    let state = Nearest::new(points, control)?;
    let first = state.pick(points, random.unit());
    state.release(control);
    let mut centres = points.row(first).to_vec();
    for round in 0..=ROUNDS {
        let mut near = Assignment::new(points, centres.len() / d, control)?;
        near.step(points, screen, &centres, control)?;
        if round == ROUNDS {
            let weight: Vec<f64> = (0..centres.len() / d).map(|c| near.sums.weight(c)).collect();
            near.finish(control);
            let candidates =
                Points { values: &centres, dimensions: d, weight: Some(&weight), restraints: points.restraints };
            return plus_plus(&candidates, k, random, control);
        }
        let mut far: Vec<f64> = control.filled(n, 0.0)?;
        let labels = near.labels.par_chunks(BLOCK);
        let totals: Result<Vec<f64>> = far
            .par_chunks_mut(BLOCK)
            .zip(labels)
            .enumerate()
            .map(|(b, (far, labels))| {
                control.check()?;
                let rows = far.iter_mut().zip(labels).zip(b * BLOCK..);
                rows.for_each(|((far, &l), i)| *far = points.weight(i) * own_distance(points, i, l, &centres));
                Ok(far.iter().sum())
            })
            .collect();
        let total: f64 = totals?.iter().sum();
        let seed = random.next();
        for (i, far) in far.iter().enumerate().filter(|_| total > 0.0) {
            if Random::new(seed, i as u64).unit() * total < OVERSAMPLING * k as f64 * far {
                centres.extend_from_slice(points.row(i));
            }
        }
        control.release_vec(far);
        near.finish(control);
    }
    Ok(centres)
}

/// Different rows, drawn with their weights and without replacement: those with the least of exponential numbers (Efraimidis, Spirakis
/// 2006).
fn drawn(points: &Points<'_>, k: usize, random: &mut Random, control: &Control) -> Result<Vec<f64>> {
    let n = points.rows();
    let seed = random.next();
    let mut keys: Vec<(f64, u32)> = control.vec(n)?;
    for i in (0..n).filter(|&i| points.weight(i) > 0.0) {
        if i % BLOCK == 0 {
            control.check()?;
        }
        let unit = Random::new(seed, i as u64).unit();
        keys.push((-libm::log(1.0 - unit) / points.weight(i), i as u32));
    }
    let order = |a: &(f64, u32), b: &(f64, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    // Mostly the first few are enough; where they are too much alike, all are looked at.
    let few = k.saturating_mul(4).min(keys.len());
    if few < keys.len() {
        keys.select_nth_unstable_by(few, order);
    }
    let mut seen = std::collections::HashSet::new();
    let mut centres = Vec::new();
    for part in [0..few, few..keys.len()] {
        let part = &mut keys[part];
        if seen.len() >= k {
            break;
        }
        part.sort_unstable_by(order);
        for (_, row) in part {
            let row = points.row(*row as usize);
            if seen.len() < k && seen.insert(row.iter().map(|x| (x + 0.0).to_bits()).collect::<Vec<u64>>()) {
                centres.extend_from_slice(row);
            }
        }
    }
    control.release_vec(keys);
    Ok(centres)
}

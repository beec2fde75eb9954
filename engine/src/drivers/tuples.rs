//! Rows of the same levels in all dimensions are one tuple, with the sums that are needed of them.
//!
//! Tuples are in the order of their levels, and the sums of each do not depend on the order of its rows, so that all that is summed up from tuples in their order
//! is the same whatever the order of the rows was.

use hashbrown::hash_table::{Entry, HashTable};

use super::levels::{Levels, LOOK};
use super::moments::{Pair, Side};
use super::{Period, Values};
use crate::control::Control;
use crate::data::{mix, par_sort};
use crate::error::{Error, Result};

/// Sums of a tuple in one period: of a sum `[y, n, yy, ee]`, n being the rows.
pub(super) const OF_SUM: usize = 4;

/// Of a ratio `[y, n, m, nn, ee, en]`.
pub(super) const OF_RATIO: usize = 6;

/// Bits of a key.
const BITS: u32 = 63;

/// Whole numbers up to this are added without rounding.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The tuples.
#[derive(Debug)]
pub struct Tuples {
    /// The number of the level of each, by dimension; 0 is a level that is no condition.
    pub(super) ids: Vec<Vec<u16>>,
    /// The weights of each before and after.
    pub(super) weights: Vec<[f64; 2]>,
    /// The sums of each before and after.
    pub(super) sums: Vec<f64>,
    /// Whether the metric is a ratio.
    pub(super) ratio: bool,
    /// Whether no row has a metric below 0.
    pub positive: bool,
    /// About what the squares are: a whole number where all are, else the rate of all, as squares of large numbers that hardly differ would tell nothing.
    pub centre: f64,
}

/// Make tuples of the rows of both periods.
pub(super) fn tuples(
    periods: [&Period<'_>; 2],
    values: [Values; 2],
    kept: &[(usize, Levels)],
    control: &Control,
) -> Result<Tuples> {
    let (ids, places) = places(periods, &values, kept, control)?;
    let count = places.2;
    let ratio = periods[0].denominator.is_some();
    let width = if ratio { OF_RATIO } else { OF_SUM };
    let mut sums = control.filled(count * width * 2, 0.0)?;
    let (mut positive, mut whole, mut squares) = (true, true, 0.0);
    for values in &values {
        for (metric, weight) in values.metric.chunks(LOOK).zip(values.weight.chunks(LOOK)) {
            control.check()?;
            for (y, n) in metric.iter().zip(weight).filter(|(_, n)| !n.is_nan()) {
                positive &= *y >= 0.0;
                whole &= y.fract() == 0.0 && n.fract() == 0.0;
                squares += (y * y).max(n * n);
            }
        }
    }
    whole &= squares < EXACT;
    let mut centre = 0.0;
    if whole {
        for (which, (values, places)) in values.iter().zip([&places.0, &places.1]).enumerate() {
            for (row, (place, (y, n))) in places.iter().zip(values.metric.iter().zip(&values.weight)).enumerate() {
                if row.is_multiple_of(LOOK) {
                    control.check()?;
                }
                if !n.is_nan() {
                    let at = (*place as usize * 2 + which) * width;
                    add(&mut sums[at..at + width], *y, *n, 0.0);
                }
            }
        }
    } else {
        let [a, b] = &values;
        let (a, b) = rayon::join(|| sorted(a, &places.0, count, control), || sorted(b, &places.1, count, control));
        let groups = [a?, b?];
        let mut total = [0.0; 2];
        for tuple in 0..count {
            for group in groups.iter().map(|g| g.of(tuple)) {
                for part in group.chunks(LOOK) {
                    control.check()?;
                    total = part.iter().fold(total, |[y, n], row| [y + row.0, n + row.1]);
                }
            }
        }
        centre = Some(total[0] / total[1]).filter(|c| c.is_finite()).unwrap_or(0.0);
        for tuple in 0..count {
            for (which, group) in groups.iter().enumerate() {
                let at = (tuple * 2 + which) * width;
                for part in group.of(tuple).chunks(LOOK) {
                    control.check()?;
                    part.iter().for_each(|row| add(&mut sums[at..at + width], row.0, row.1, centre));
                }
            }
        }
        groups.into_iter().for_each(|g| g.release(control));
    }
    let mut weights = control.vec(count)?;
    weights.extend(sums.chunks_exact(2 * width).map(|s| [s[1], s[width + 1]]));
    for values in values {
        control.release_vec(values.metric);
        control.release_vec(values.weight);
    }
    control.release_vec(places.0);
    control.release_vec(places.1);
    Ok(Tuples { ids, weights, sums, ratio, positive, centre })
}

/// Add a row to the sums of its tuple.
fn add(sums: &mut [f64], y: f64, n: f64, centre: f64) {
    let off = y - centre * n;
    match sums {
        [all_y, all_n, m, nn, ee, en] => {
            *all_y += y;
            *all_n += n;
            *m += 1.0;
            *nn += n * n;
            *ee += off * off;
            *en += off * n;
        }
        [all_y, all_n, yy, ee] => {
            *all_y += y;
            *all_n += n;
            *yy += y * y;
            *ee += off * off;
        }
        _ => {}
    }
}

/// The sums of a part of the tuples as they are told.
pub(super) fn pair(sums: &[f64], centre: f64) -> Pair {
    let side = |sums: &[f64]| match *sums {
        [y, n, m, nn, ee, en] => Side { y, n, m, yy: 0.0, nn, ee, en },
        [y, n, yy, ee] => Side { y, n, m: n, yy, nn: n, ee, en: y - centre * n },
        _ => Side::default(),
    };
    let (before, after) = sums.split_at(sums.len() / 2);
    [side(before), side(after)]
}

impl Tuples {
    /// Sums of one tuple in both periods.
    pub(super) fn width(&self) -> usize {
        2 * if self.ratio { OF_RATIO } else { OF_SUM }
    }

    /// The number of tuples.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// The sums of all that are left.
    pub fn total(&self, control: &Control) -> Result<Pair> {
        let mut total = vec![0.0; self.width()];
        for (tuple, sums) in self.sums.chunks_exact(self.width()).enumerate() {
            if tuple.is_multiple_of(LOOK) {
                control.check()?;
            }
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
        Ok(pair(&total, self.centre))
    }

    /// Take the tuples of a segment away; what they sum to comes back.
    pub fn take(&mut self, conditions: &[(usize, u16)], control: &Control) -> Result<Pair> {
        let width = self.width();
        let mut own = vec![0.0; width];
        let mut kept = 0;
        for tuple in 0..self.len() {
            if tuple.is_multiple_of(LOOK) {
                control.check()?;
            }
            let sums = tuple * width..(tuple + 1) * width;
            if conditions.iter().all(|(dimension, id)| self.ids[*dimension][tuple] == *id) {
                own.iter_mut().zip(&self.sums[sums]).for_each(|(own, sum)| *own += sum);
                continue;
            }
            self.ids.iter_mut().for_each(|ids| ids[kept] = ids[tuple]);
            self.weights[kept] = self.weights[tuple];
            self.sums.copy_within(sums, kept * width);
            kept += 1;
        }
        self.ids.iter_mut().for_each(|ids| ids.truncate(kept));
        self.weights.truncate(kept);
        self.sums.truncate(kept * width);
        Ok(pair(&own, self.centre))
    }
}

/// The rows of a period by tuple, those of each sorted.
struct Groups {
    starts: Vec<u32>,
    rows: Vec<(f64, f64)>,
}

impl Groups {
    fn of(&self, tuple: usize) -> &[(f64, f64)] {
        &self.rows[self.starts[tuple] as usize..self.starts[tuple + 1] as usize]
    }

    fn release(self, control: &Control) {
        control.release_vec(self.starts);
        control.release_vec(self.rows);
    }
}

fn sorted(values: &Values, places: &[u32], count: usize, control: &Control) -> Result<Groups> {
    let usable = || places.iter().zip(values.metric.iter().zip(&values.weight)).filter(|(_, (_, n))| !n.is_nan());
    let mut starts: Vec<u32> = control.filled(count + 1, 0)?;
    for (row, (place, _)) in usable().enumerate() {
        if row.is_multiple_of(LOOK) {
            control.check()?;
        }
        starts[*place as usize] += 1;
    }
    let mut next = 0;
    for start in &mut starts {
        let own = *start;
        *start = next;
        next += own;
    }
    control.check()?;
    let mut ends = control.vec(count + 1)?;
    ends.extend_from_slice(&starts);
    let mut rows = control.filled(next as usize, (0.0, 0.0))?;
    for (row, (place, (y, n))) in usable().enumerate() {
        if row.is_multiple_of(LOOK) {
            control.check()?;
        }
        let end = &mut ends[*place as usize];
        rows[*end as usize] = (*y, *n);
        *end += 1;
    }
    control.release_vec(ends);
    let compare = |a: &(f64, f64), b: &(f64, f64)| a.0.total_cmp(&b.0).then_with(|| a.1.total_cmp(&b.1));
    for tuple in 0..count {
        par_sort(&mut rows[starts[tuple] as usize..starts[tuple + 1] as usize], &compare, control)?;
    }
    Ok(Groups { starts, rows })
}

/// The tuple of each row before and after, and how many tuples there are.
type Places = (Vec<u32>, Vec<u32>, usize);

/// The levels of all tuples by dimension, and the tuple of each row. Levels are packed into keys of 63 bits, which are ranked where there is no room for more.
fn places(
    periods: [&Period<'_>; 2],
    values: &[Values; 2],
    kept: &[(usize, Levels)],
    control: &Control,
) -> Result<(Vec<Vec<u16>>, Places)> {
    let mut keys = [control.filled(periods[0].table.rows, 0u64)?, control.filled(periods[1].table.rows, 0u64)?];
    let mut ids: Vec<Vec<u16>> = Vec::new();
    let (mut used, mut packed) = (0, Vec::new());
    for (dimension, levels) in kept {
        let bits = usize::BITS - levels.names.len().leading_zeros();
        if used + bits > BITS {
            let ranked = rank(&mut keys, values, control)?;
            unpack(&mut ids, &packed, &ranked, control)?;
            packed.clear();
            used = u64::BITS - (ranked.len() as u64).leading_zeros();
            control.release_vec(ranked);
        }
        for (which, period) in periods.iter().enumerate() {
            let keys = &mut keys[which];
            levels.each(which, period.dimension(*dimension)?, control, |row, id| {
                keys[row] = keys[row] << bits | u64::from(id);
            })?;
        }
        used += bits;
        packed.push(bits);
    }
    let ranked = rank(&mut keys, values, control)?;
    unpack(&mut ids, &packed, &ranked, control)?;
    let narrow = |keys: Vec<u64>| -> Result<Vec<u32>> {
        let mut places = control.vec(keys.len())?;
        places.extend(keys.iter().map(|key| *key as u32));
        control.release_vec(keys);
        Ok(places)
    };
    let [before, after] = keys;
    let count = ranked.len();
    control.release_vec(ranked);
    Ok((ids, (narrow(before)?, narrow(after)?, count)))
}

/// Replace the keys of usable rows by their ranks among all that there are, which come back in order.
fn rank(keys: &mut [Vec<u64>; 2], values: &[Values; 2], control: &Control) -> Result<Vec<u64>> {
    let mut all: Vec<u64> = Vec::new();
    let mut table: HashTable<u32> = HashTable::new();
    let mut counted = 0;
    for (keys, values) in keys.iter_mut().zip(values) {
        for (row, (key, weight)) in keys.iter_mut().zip(&values.weight).enumerate() {
            if row.is_multiple_of(LOOK) {
                control.check()?;
            }
            if weight.is_nan() {
                continue;
            }
            if table.capacity() == table.len() {
                let more = table.capacity().max(64);
                control.reserve(more * 5)?;
                counted += more * 5;
                table
                    .try_reserve(more, |at| mix(all[*at as usize], 0))
                    .map_err(|_| Error::OutOfMemory { needed: more * 5, limit: 0 })?;
            }
            let found = table.entry(mix(*key, 0), |at| all[*at as usize] == *key, |at| mix(all[*at as usize], 0));
            *key = match found {
                Entry::Occupied(entry) => u64::from(*entry.get()),
                Entry::Vacant(entry) => {
                    let at = all.len() as u32;
                    control.room(&mut all, 1)?;
                    all.push(*key);
                    entry.insert(at);
                    u64::from(at)
                }
            };
        }
    }
    drop(table);
    control.release(counted);
    let mut order: Vec<u32> = control.vec(all.len())?;
    order.extend(0..all.len() as u32);
    par_sort(&mut order, &|a, b| all[*a as usize].cmp(&all[*b as usize]), control)?;
    let mut ranks: Vec<u32> = control.filled(all.len(), 0)?;
    order.iter().zip(0..).for_each(|(at, rank)| ranks[*at as usize] = rank);
    for (keys, values) in keys.iter_mut().zip(values) {
        for (keys, weights) in keys.chunks_mut(LOOK).zip(values.weight.chunks(LOOK)) {
            control.check()?;
            for (key, weight) in keys.iter_mut().zip(weights) {
                *key = if weight.is_nan() { 0 } else { u64::from(ranks[*key as usize]) };
            }
        }
    }
    par_sort(&mut all, &u64::cmp, control)?;
    control.release_vec(order);
    control.release_vec(ranks);
    Ok(all)
}

/// The levels of ranked keys: those of the dimensions that were ranked before are looked up, the others taken from the key.
fn unpack(ids: &mut Vec<Vec<u16>>, packed: &[u32], ranked: &[u64], control: &Control) -> Result<()> {
    let all: u32 = packed.iter().sum();
    for own in ids.iter_mut() {
        let mut next = control.vec(ranked.len())?;
        next.extend(ranked.iter().map(|key| own[(*key >> all) as usize]));
        control.release_vec(std::mem::replace(own, next));
    }
    let mut shift = all;
    for bits in packed {
        shift -= bits;
        let mut own = control.vec(ranked.len())?;
        own.extend(ranked.iter().map(|key| (*key >> shift & ((1 << bits) - 1)) as u16));
        ids.push(own);
    }
    control.check()
}

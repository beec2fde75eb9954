//! What is worked out of all columns of rows at once: each sum in the order of the rows, as of a column by itself.

use crate::model::Axis;
use crate::simd::Kernel;

/// Columns that are looked at side by side.
const SIDE: usize = 8;

/// The columns of rows of `d` numbers, some side by side and what is left over one by one.
macro_rules! by_side {
    ($d:expr, |$first:ident, $side:ident| $work:expr) => {{
        let whole = $d / SIDE * SIDE;
        for $first in (0..whole).step_by(SIDE) {
            const $side: usize = SIDE;
            $work;
        }
        for $first in whole..$d {
            const $side: usize = 1;
            $work;
        }
    }};
}

/// Some of the numbers from a place on.
#[inline(always)]
fn some<const N: usize>(numbers: &[f64], first: usize) -> [f64; N] {
    numbers.get(first..).and_then(|numbers| numbers.first_chunk()).copied().unwrap_or([0.0; N])
}

/// The same numbers, written back.
#[inline(always)]
fn put<const N: usize>(numbers: &mut [f64], first: usize, some: [f64; N]) {
    if let Some(to) = numbers.get_mut(first..).and_then(|numbers| numbers.first_chunk_mut()) {
        *to = some;
    }
}

/// The smallest and largest finite number of each column, how many are missing, and the sums of weights and of weighted finite numbers.
pub(super) struct Ends {
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    pub missing: Vec<f64>,
    total: Vec<f64>,
    weighted: Vec<f64>,
}

impl Ends {
    /// Of no rows.
    pub fn new(d: usize) -> Ends {
        let zeros = || vec![0.0; d];
        Ends {
            low: vec![f64::INFINITY; d],
            high: vec![f64::NEG_INFINITY; d],
            missing: zeros(),
            total: zeros(),
            weighted: zeros(),
        }
    }

    /// With those of the rows that come next.
    pub fn join(&mut self, next: &Ends) {
        let plus = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        self.low.iter_mut().zip(&next.low).for_each(|(low, next)| *low = low.min(*next));
        self.high.iter_mut().zip(&next.high).for_each(|(high, next)| *high = high.max(*next));
        plus(&mut self.missing, &next.missing);
        plus(&mut self.total, &next.total);
        plus(&mut self.weighted, &next.weighted);
    }

    /// No more rows come: columns without a finite number end at 0.
    pub fn close(&mut self) {
        for (low, high) in self.low.iter_mut().zip(&mut self.high).filter(|(low, high)| low > high) {
            (*low, *high) = (0.0, 0.0);
        }
    }

    /// The means, between the ends.
    pub fn means(&self) -> Vec<f64> {
        let sums = self.total.iter().zip(&self.weighted);
        let ends = self.low.iter().zip(&self.high);
        let mean = |((total, weighted), (low, high)): ((&f64, &f64), (&f64, &f64))| {
            if *total > 0.0 {
                (weighted / total).clamp(*low, *high)
            } else {
                *low
            }
        };
        sums.zip(ends).map(mean).collect()
    }
}

/// Rows that [`Ends`] are to know of.
pub(super) struct Look<'a> {
    pub values: &'a [f64],
    pub weight: Option<&'a [f64]>,
    pub ends: &'a mut Ends,
}

impl Look<'_> {
    #[inline(always)]
    fn side<const N: usize>(&mut self, d: usize, first: usize) {
        let ends = &mut *self.ends;
        let (mut low, mut high) = (some::<N>(&ends.low, first), some::<N>(&ends.high, first));
        let mut missing = some::<N>(&ends.missing, first);
        let (mut total, mut weighted) = (some::<N>(&ends.total, first), some::<N>(&ends.weighted, first));
        for (i, row) in self.values.chunks_exact(d).enumerate() {
            let (row, weight) = (some::<N>(row, first), self.weight.map_or(1.0, |weight| weight[i]));
            for lane in 0..N {
                let v = row[lane];
                let is_finite = v.abs() < f64::INFINITY;
                low[lane] = if is_finite && (low[lane] >= v) { v } else { low[lane] };
                high[lane] = if is_finite && (high[lane] <= v) { v } else { high[lane] };
                missing[lane] += if v.is_nan() { 1.0 } else { 0.0 };
                total[lane] += if is_finite { weight } else { 0.0 };
                weighted[lane] += if is_finite { weight * v } else { 0.0 };
            }
        }
        put(&mut ends.low, first, low);
        put(&mut ends.high, first, high);
        put(&mut ends.missing, first, missing);
        put(&mut ends.total, first, total);
        put(&mut ends.weighted, first, weighted);
    }
}

impl Kernel for Look<'_> {
    #[inline(always)]
    fn run(mut self) {
        let d = self.ends.low.len();
        by_side!(d, |first, N| self.side::<N>(d, first));
    }
}

/// The sum of weights; and of each column the sums of the second and third powers of what numbers differ by from the mean, and how many are
/// between the ends. A missing number stands at the mean, an infinite one at an end.
pub(super) struct Moments {
    pub all: f64,
    pub squares: Vec<f64>,
    pub cubes: Vec<f64>,
    pub inside: Vec<f64>,
}

impl Moments {
    /// Of no rows.
    pub fn new(d: usize) -> Moments {
        Moments { all: 0.0, squares: vec![0.0; d], cubes: vec![0.0; d], inside: vec![0.0; d] }
    }

    /// With those of the rows that come next.
    pub fn join(&mut self, next: &Moments) {
        let plus = |to: &mut [f64], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        self.all += next.all;
        plus(&mut self.squares, &next.squares);
        plus(&mut self.cubes, &next.cubes);
        plus(&mut self.inside, &next.inside);
    }
}

/// Rows that [`Moments`] are to know of.
pub(super) struct Apart<'a> {
    pub values: &'a [f64],
    pub weight: Option<&'a [f64]>,
    pub ends: &'a Ends,
    pub means: &'a [f64],
    pub moments: &'a mut Moments,
}

impl Apart<'_> {
    #[inline(always)]
    fn side<const N: usize>(&mut self, d: usize, first: usize) {
        let (low, high) = (some::<N>(&self.ends.low, first), some::<N>(&self.ends.high, first));
        let mean = some::<N>(self.means, first);
        let moments = &mut *self.moments;
        let (mut squares, mut cubes) = (some::<N>(&moments.squares, first), some::<N>(&moments.cubes, first));
        let mut inside = some::<N>(&moments.inside, first);
        for (i, row) in self.values.chunks_exact(d).enumerate() {
            let (row, weight) = (some::<N>(row, first), self.weight.map_or(1.0, |weight| weight[i]));
            for lane in 0..N {
                let v = row[lane];
                let apart = if v.is_nan() { 0.0 } else { between(v, low[lane], high[lane]) - mean[lane] };
                let square = weight * apart * apart;
                squares[lane] += square;
                cubes[lane] += square * apart;
                inside[lane] += if (low[lane] < v) & (v < high[lane]) { 1.0 } else { 0.0 };
            }
        }
        put(&mut moments.squares, first, squares);
        put(&mut moments.cubes, first, cubes);
        put(&mut moments.inside, first, inside);
    }
}

impl Kernel for Apart<'_> {
    #[inline(always)]
    fn run(mut self) {
        let d = self.means.len();
        for i in 0..self.values.len() / d {
            self.moments.all += self.weight.map_or(1.0, |weight| weight[i]);
        }
        by_side!(d, |first, N| self.side::<N>(d, first));
    }
}

/// A number between two ends, of which the first is not above the second.
#[inline(always)]
fn between(v: f64, low: f64, high: f64) -> f64 {
    let v = if v < low { low } else { v };
    if v > high {
        high
    } else {
        v
    }
}

/// What [`super::place`] does with the numbers of each column, where that is a shift and a scale; of others nothing.
#[derive(Default)]
pub(super) struct Linear {
    /// 1 of such columns and 0 of others.
    does: Vec<f64>,
    fill: Vec<f64>,
    shift: Vec<f64>,
    scale: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl Linear {
    /// The columns of the next axis.
    pub fn push(&mut self, axis: &Axis) {
        let (does, own) = match axis {
            Axis::Number { fill, shift, scale, low, high } => (1.0, [*fill, *shift, *scale, *low, *high]),
            _ => (0.0, [0.0; 5]),
        };
        let wide = self.does.len() + super::width(axis);
        self.does.resize(wide, does);
        let columns = [&mut self.fill, &mut self.shift, &mut self.scale, &mut self.low, &mut self.high];
        columns.into_iter().zip(own).for_each(|(column, own)| column.resize(wide, own));
    }
}

/// Rows whose numbers are to be shifted and scaled.
pub(super) struct Scale<'a> {
    pub linear: &'a Linear,
    pub values: &'a mut [f64],
}

impl Scale<'_> {
    #[inline(always)]
    fn side<const N: usize>(&mut self, d: usize, first: usize) {
        let Linear { does, fill, shift, scale, low, high } = self.linear;
        let [does, fill, shift] = [does, fill, shift].map(|numbers| some::<N>(numbers, first));
        let [scale, low, high] = [scale, low, high].map(|numbers| some::<N>(numbers, first));
        for row in self.values.chunks_exact_mut(d) {
            let mut own = some::<N>(row, first);
            for lane in 0..N {
                let v = own[lane];
                let known = if v.is_nan() { fill[lane] } else { between(v, low[lane], high[lane]) };
                own[lane] = if does[lane] > 0.0 { (known - shift[lane]) * scale[lane] } else { v };
            }
            put(row, first, own);
        }
    }
}

impl Kernel for Scale<'_> {
    #[inline(always)]
    fn run(mut self) {
        let d = self.linear.does.len();
        by_side!(d, |first, N| self.side::<N>(d, first));
    }
}

/// The sum of each column's numbers, or of the squares of what they differ by from their means.
pub(super) struct Sums<'a> {
    pub values: &'a [f64],
    pub means: Option<&'a [f64]>,
    pub sums: &'a mut [f64],
}

impl Sums<'_> {
    #[inline(always)]
    fn side<const N: usize>(&mut self, d: usize, first: usize) {
        let mut sums = some::<N>(self.sums, first);
        let means = self.means.map_or([0.0; N], |means| some::<N>(means, first));
        for row in self.values.chunks_exact(d) {
            let row = some::<N>(row, first);
            for lane in 0..N {
                let apart = row[lane] - means[lane];
                sums[lane] += if self.means.is_some() { apart * apart } else { row[lane] };
            }
        }
        put(self.sums, first, sums);
    }
}

impl Kernel for Sums<'_> {
    #[inline(always)]
    fn run(mut self) {
        let d = self.sums.len();
        by_side!(d, |first, N| self.side::<N>(d, first));
    }
}

#[cfg(test)]
mod tests {
    use super::super::space::place;
    use super::*;
    use crate::simd::{run_at, Level};

    /// Numbers of all kinds, the same each time.
    fn draw(i: usize) -> f64 {
        let bits =
            (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        match bits >> 60 {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => 0.0,
            _ => (bits << 8 >> 8) as f64 / (1u64 << 52) as f64 - 3.0,
        }
    }

    #[test]
    fn columns_side_by_side_are_columns_by_themselves() {
        let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
        for (d, level) in [1, 7, 8, 19].into_iter().flat_map(|d| Level::ALL.map(|level| (d, level))) {
            let values: Vec<f64> = (0..300 * d).map(draw).collect();
            let weights: Vec<f64> = (0..300).map(|i| f64::from(i % 5) * 0.3).collect();
            let column = |c: usize| values[c..].iter().step_by(d).copied().collect::<Vec<f64>>();
            for weight in [None, Some(&weights[..])] {
                let of = |i: usize| weight.map_or(1.0, |weight| weight[i]);
                let (mut ends, mut moments) = (Ends::new(d), Moments::new(d));
                run_at(level, Look { values: &values, weight, ends: &mut ends });
                ends.close();
                let means = ends.means();
                run_at(level, Apart { values: &values, weight, ends: &ends, means: &means, moments: &mut moments });
                let (mut squares, mut linear) = (vec![0.0; d], Linear::default());
                run_at(level, Sums { values: &values, means: Some(&means), sums: &mut squares });
                let axes: Vec<Axis> = (0..d)
                    .map(|c| Axis::Number {
                        fill: 0.5,
                        shift: means[c],
                        scale: 1.7,
                        low: ends.low[c],
                        high: ends.high[c],
                    })
                    .collect();
                axes.iter().for_each(|axis| linear.push(axis));
                let mut scaled = values.clone();
                run_at(level, Scale { linear: &linear, values: &mut scaled });
                for (c, axis) in axes.iter().enumerate() {
                    let own = column(c);
                    let (mut total, mut weighted, mut far) = (0.0, 0.0, 0.0);
                    for (i, v) in own.iter().enumerate().filter(|v| v.1.is_finite()) {
                        (total, weighted) = (total + of(i), weighted + of(i) * v);
                    }
                    let finite = || own.iter().copied().filter(|v| v.is_finite());
                    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::MIN, f64::max));
                    let mean: f64 = weighted / total;
                    assert_eq!((low, high, mean.to_bits()), (ends.low[c], ends.high[c], means[c].to_bits()));
                    assert_eq!(own.iter().filter(|v| v.is_nan()).count() as f64, ends.missing[c]);
                    let mut sums = [0.0; 3];
                    for (i, &v) in own.iter().enumerate() {
                        let apart = if v.is_nan() { 0.0 } else { v.clamp(low, high) - mean };
                        let square = of(i) * apart * apart;
                        sums = [
                            sums[0] + square,
                            sums[1] + square * apart,
                            sums[2] + f64::from(u8::from(low < v && v < high)),
                        ];
                        far += (v - mean) * (v - mean);
                    }
                    assert_eq!(bits(&sums), bits(&[moments.squares[c], moments.cubes[c], moments.inside[c]]));
                    assert!(far.to_bits() == squares[c].to_bits() || far.is_nan() && squares[c].is_nan());
                    let mut cell = [0.0];
                    for (v, scaled) in own.iter().zip(scaled[c..].iter().step_by(d)) {
                        place(axis, *v, &mut cell, 0);
                        assert_eq!(cell[0].to_bits(), scaled.to_bits());
                    }
                }
            }
        }
    }
}

//! Two sums say all of a set of rows for two classes and for numbers: its weight, and the weight of class 1 or the weighted sum.

use std::ops::{AddAssign, Sub};

use crate::error::{Error, Result};
use crate::learn::Target;

/// A row of a tree: its index, how often it was drawn, and what it says.
pub(super) trait Item: Copy + Default + Send {
    /// The index of the row.
    fn row(self) -> usize;
    /// The same row elsewhere.
    fn at(self, row: u32) -> Self;
}

/// The sums of a set of rows.
pub(super) trait Sum: Copy + Default + AddAssign + Sub<Output = Self> + Send {
    /// Drawn rows.
    fn rows(self) -> u64;
}

/// How rows become sums and sums become answers.
pub(super) trait Kind: Send {
    type Item: Item;
    type Sum: Sum;

    /// A row that was drawn `times`.
    fn item(&self, row: u32, times: u8) -> Self::Item;
    /// What it adds to a sum.
    fn sum(item: Self::Item) -> Self::Sum;
    /// The weight and the other sum, as splits see them.
    fn parts(&self, sum: Self::Sum) -> (f64, f64);
    /// Whether no split can part what the rows say. Where this costs a look at many rows, they are looked at until two differ.
    fn is_pure(&self, sum: Self::Sum, items: &[Self::Item]) -> bool;
    /// What a leaf answers.
    fn value(&self, sum: Self::Sum) -> f64;
    /// The weight without that of the classes.
    fn cover(&self, sum: Self::Sum) -> f64;
    /// Whether the other sum is of class 1, with class 0 making up the weight.
    fn classes(&self) -> bool;
    /// The square of what values were divided by.
    fn square_unit(&self) -> f64 {
        1.0
    }
}

/// Two classes without sample weights: one integer holds both counts.
pub(super) struct Counts<'a> {
    codes: &'a [u32],
    /// The class that is counted.
    class: u32,
    class_weight: [f64; 2],
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CountItem {
    row: u32,
    /// Draws in the upper half, draws of class 1 in the lower.
    pair: u32,
}

/// Draws in the upper half, draws of class 1 in the lower.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CountSum(u64);

impl<'a> Counts<'a> {
    pub fn new(codes: &'a [u32], target: &Target, class_weight: Option<&[f64]>) -> Counts<'a> {
        // Of a single class the probability is 1.
        let class = u32::from(matches!(target, Target::Class { classes: 2.., .. }));
        let class_weight = match class_weight {
            Some(&[zero, one]) => [zero, one],
            _ => [1.0; 2],
        };
        Counts { codes, class, class_weight }
    }
}

impl Item for CountItem {
    #[inline]
    fn row(self) -> usize {
        self.row as usize
    }

    #[inline]
    fn at(self, row: u32) -> Self {
        CountItem { row, ..self }
    }
}

impl AddAssign for CountSum {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

impl Sub for CountSum {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        CountSum(self.0.wrapping_sub(other.0))
    }
}

impl Sum for CountSum {
    #[inline]
    fn rows(self) -> u64 {
        self.0 >> 32
    }
}

impl CountSum {
    #[inline]
    fn ones(self) -> u64 {
        self.0 & 0xffff_ffff
    }
}

impl Kind for Counts<'_> {
    type Item = CountItem;
    type Sum = CountSum;

    #[inline]
    fn item(&self, row: u32, times: u8) -> CountItem {
        let times = u32::from(times);
        CountItem { row, pair: (times << 16) | (times * u32::from(self.codes[row as usize] == self.class)) }
    }

    #[inline]
    fn sum(item: CountItem) -> CountSum {
        CountSum(u64::from(item.pair >> 16) << 32 | u64::from(item.pair & 0xffff))
    }

    #[inline]
    fn parts(&self, sum: CountSum) -> (f64, f64) {
        let ones = self.class_weight[1] * sum.ones() as f64;
        (self.class_weight[0] * (sum.rows() - sum.ones()) as f64 + ones, ones)
    }

    fn is_pure(&self, sum: CountSum, _: &[CountItem]) -> bool {
        sum.ones() == 0 || sum.ones() == sum.rows()
    }

    fn value(&self, sum: CountSum) -> f64 {
        sum.ones() as f64 / sum.rows().max(1) as f64
    }

    fn cover(&self, sum: CountSum) -> f64 {
        sum.rows() as f64
    }

    fn classes(&self) -> bool {
        true
    }
}

/// Numbers less their centre, in units in which none is beyond 2.
struct Scaled<'a> {
    values: &'a [f64],
    /// A power of two, so that a division loses nothing.
    unit: f64,
    centre: f64,
    low: f64,
    high: f64,
}

impl<'a> Scaled<'a> {
    fn new(values: &'a [f64], weight: Option<&[f64]>) -> Scaled<'a> {
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
        let most = low.abs().max(high.abs());
        let unit = if most > 0.0 && most.is_finite() { libm::exp2(libm::floor(libm::log2(most))) } else { 1.0 };
        let weight = |r: usize| weight.map_or(1.0, |w| w[r]);
        let (mut sum, mut total) = (0.0, 0.0);
        for (r, v) in values.iter().enumerate() {
            sum += weight(r) * (v / unit);
            total += weight(r);
        }
        // A rough centre does, and one of few digits keeps sums of whole numbers exact.
        let centre = libm::round(sum / total * 65_536.0) / 65_536.0;
        let centre = if centre.is_finite() { centre } else { 0.0 };
        Scaled { values, unit, centre, low, high }
    }

    #[inline]
    fn get(&self, row: u32) -> f64 {
        self.values[row as usize] / self.unit - self.centre
    }

    /// Rounding must not carry an answer beyond what was seen.
    fn value(&self, mean: f64) -> f64 {
        let mean = if mean.is_finite() { mean } else { 0.0 };
        ((self.centre + mean) * self.unit).clamp(self.low, self.high)
    }

    fn square_unit(&self) -> f64 {
        self.unit * self.unit
    }
}

/// Numbers without sample weights.
pub(super) struct Values<'a>(Scaled<'a>);

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ValueItem {
    row: u32,
    times: u32,
    sum: f64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ValueSum {
    rows: f64,
    sum: f64,
}

impl<'a> Values<'a> {
    pub fn new(values: &'a [f64]) -> Values<'a> {
        Values(Scaled::new(values, None))
    }
}

impl Item for ValueItem {
    #[inline]
    fn row(self) -> usize {
        self.row as usize
    }

    #[inline]
    fn at(self, row: u32) -> Self {
        ValueItem { row, ..self }
    }
}

impl AddAssign for ValueSum {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum += other.sum;
    }
}

impl Sub for ValueSum {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        ValueSum { rows: self.rows - other.rows, sum: self.sum - other.sum }
    }
}

impl Sum for ValueSum {
    #[inline]
    fn rows(self) -> u64 {
        self.rows as u64
    }
}

impl Kind for Values<'_> {
    type Item = ValueItem;
    type Sum = ValueSum;

    #[inline]
    fn item(&self, row: u32, times: u8) -> ValueItem {
        ValueItem { row, times: u32::from(times), sum: f64::from(times) * self.0.get(row) }
    }

    #[inline]
    fn sum(item: ValueItem) -> ValueSum {
        ValueSum { rows: f64::from(item.times), sum: item.sum }
    }

    #[inline]
    fn parts(&self, sum: ValueSum) -> (f64, f64) {
        (sum.rows, sum.sum)
    }

    fn is_pure(&self, _: ValueSum, items: &[ValueItem]) -> bool {
        let mean = |i: &ValueItem| i.sum / f64::from(i.times);
        items.split_first().is_none_or(|(first, rest)| rest.iter().all(|i| mean(i) == mean(first)))
    }

    fn value(&self, sum: ValueSum) -> f64 {
        self.0.value(sum.sum / sum.rows)
    }

    fn cover(&self, sum: ValueSum) -> f64 {
        sum.rows
    }

    fn classes(&self) -> bool {
        false
    }

    fn square_unit(&self) -> f64 {
        self.0.square_unit()
    }
}

/// Two classes or numbers with sample weights.
pub(super) struct Weights<'a> {
    answers: Answers<'a>,
    weight: Option<&'a [f64]>,
    /// What weights were divided by.
    unit: f64,
    class_weight: [f64; 2],
}

enum Answers<'a> {
    Classes { codes: &'a [u32], class: u32 },
    Numbers(Scaled<'a>),
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WeightItem {
    row: u32,
    times: u32,
    weight: f64,
    sum: f64,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct WeightSum {
    rows: f64,
    weight: f64,
    sum: f64,
}

impl<'a> Weights<'a> {
    pub fn new(
        target: &'a Target,
        weight: Option<&'a [f64]>,
        unit: f64,
        class_weight: Option<&[f64]>,
    ) -> Result<Weights<'a>> {
        let answers = match target {
            Target::Number(values) => Answers::Numbers(Scaled::new(values, weight)),
            Target::Class { codes, classes } if *classes <= 2 => {
                Answers::Classes { codes, class: u32::from(*classes > 1) }
            }
            Target::Class { .. } => return Err(Error::Internal("two sums for more than two classes".into())),
        };
        let class_weight = match class_weight {
            Some(&[zero, one]) => [zero, one],
            _ => [1.0; 2],
        };
        Ok(Weights { answers, weight, unit, class_weight })
    }
}

impl Item for WeightItem {
    #[inline]
    fn row(self) -> usize {
        self.row as usize
    }

    #[inline]
    fn at(self, row: u32) -> Self {
        WeightItem { row, ..self }
    }
}

impl AddAssign for WeightSum {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.rows += other.rows;
        self.weight += other.weight;
        self.sum += other.sum;
    }
}

impl Sub for WeightSum {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        WeightSum { rows: self.rows - other.rows, weight: self.weight - other.weight, sum: self.sum - other.sum }
    }
}

impl Sum for WeightSum {
    #[inline]
    fn rows(self) -> u64 {
        self.rows as u64
    }
}

impl Kind for Weights<'_> {
    type Item = WeightItem;
    type Sum = WeightSum;

    #[inline]
    fn item(&self, row: u32, times: u8) -> WeightItem {
        let weight = f64::from(times) * self.weight.map_or(1.0, |w| w[row as usize]);
        let (weight, sum) = match &self.answers {
            Answers::Numbers(values) => (weight, weight * values.get(row)),
            Answers::Classes { codes, class } => {
                let is = codes[row as usize] == *class;
                let weight = weight * self.class_weight[usize::from(is)];
                (weight, if is { weight } else { 0.0 })
            }
        };
        WeightItem { row, times: u32::from(times), weight, sum }
    }

    #[inline]
    fn sum(item: WeightItem) -> WeightSum {
        WeightSum { rows: f64::from(item.times), weight: item.weight, sum: item.sum }
    }

    #[inline]
    fn parts(&self, sum: WeightSum) -> (f64, f64) {
        (sum.weight, sum.sum)
    }

    fn is_pure(&self, sum: WeightSum, items: &[WeightItem]) -> bool {
        match &self.answers {
            Answers::Classes { .. } => sum.sum == 0.0 || items.iter().all(|i| i.sum == i.weight),
            Answers::Numbers(_) => {
                let mean = |i: &WeightItem| i.sum / i.weight;
                items.split_first().is_none_or(|(first, rest)| rest.iter().all(|i| mean(i) == mean(first)))
            }
        }
    }

    fn value(&self, sum: WeightSum) -> f64 {
        match &self.answers {
            Answers::Numbers(values) => values.value(sum.sum / sum.weight),
            Answers::Classes { .. } => {
                let [zero, one] = self.truth(sum);
                let share = one / (zero + one);
                if share.is_finite() {
                    share.clamp(0.0, 1.0)
                } else {
                    0.0
                }
            }
        }
    }

    fn cover(&self, sum: WeightSum) -> f64 {
        let weight = match &self.answers {
            Answers::Numbers(_) => sum.weight,
            Answers::Classes { .. } => self.truth(sum).iter().sum(),
        };
        (weight * self.unit).min(f64::MAX)
    }

    fn classes(&self) -> bool {
        matches!(self.answers, Answers::Classes { .. })
    }

    fn square_unit(&self) -> f64 {
        match &self.answers {
            Answers::Numbers(values) => values.square_unit(),
            Answers::Classes { .. } => 1.0,
        }
    }
}

impl Weights<'_> {
    /// The weights of both classes without those of the classes.
    fn truth(&self, sum: WeightSum) -> [f64; 2] {
        [(sum.weight - sum.sum).max(0.0) / self.class_weight[0], sum.sum / self.class_weight[1]]
    }
}

//! Forecasts of series, stored: what is expected of each at each of the next steps.

use serde::{Deserialize, Serialize};

use super::validate::ensure;
use super::{Feature, Task};
use crate::error::Result;
use crate::forecast::calendar::Calendar;

/// The most columns that tell series apart.
pub const MOST_GROUPS: usize = 16;
/// In the key of a series: no value.
pub const NONE: u32 = u32::MAX;
/// No forecast is beyond.
const MOST_STEPS: u32 = 100_000;

/// The forecasts of series. Frozen: a changed field is a new format version.
///
/// The features of the model are those of the columns that tell series apart and, last, that of the time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The times of the steps.
    pub calendar: Calendar,
    /// The steps that are forecast.
    pub horizon: u32,
    /// The share of the values that an interval should hold.
    pub level: f64,
    /// By column that tells series apart its values where they are numbers, ascending; none where they are levels of the feature.
    pub numbers: Vec<Vec<f64>>,
    /// Series by series and column by column the place of its value, or [`NONE`].
    pub keys: Vec<u32>,
    /// By series how many of the columns, from the first on, tell it apart: all, but of a sum over the others.
    pub depths: Vec<u32>,
    /// By series the first step that is forecast.
    pub first: Vec<i64>,
    /// The names of methods.
    pub methods: Vec<String>,
    /// By series which of them it is forecast by.
    pub method: Vec<u32>,
    /// By series the mean size of the errors of the seasonal naive forecast in its past, which is what errors are measured by; 0 where it is not known.
    pub scales: Vec<f64>,
    /// Series by series and step by step what is expected.
    pub mean: Vec<f64>,
    /// The lower end of the interval; NaN where nothing tells.
    pub low: Vec<f64>,
    /// Its upper end.
    pub high: Vec<f64>,
}

impl Forecast {
    /// The number of series.
    pub fn series(&self) -> usize {
        self.first.len()
    }

    /// The columns that tell series apart.
    pub fn groups(&self) -> usize {
        self.numbers.len()
    }

    /// The key of a series.
    pub fn key(&self, series: usize) -> &[u32] {
        self.keys.get(series * self.groups()..(series + 1) * self.groups()).unwrap_or_default()
    }

    /// Where the forecast of a series for a step is in the lists of them; `None` for a step that is not forecast.
    pub fn place(&self, series: usize, step: i64) -> Option<usize> {
        let ahead = step.checked_sub(*self.first.get(series)?)?;
        let ahead = u32::try_from(ahead).ok().filter(|ahead| *ahead < self.horizon)?;
        Some(series * self.horizon as usize + ahead as usize)
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        let numbers: usize = self.numbers.iter().map(|n| n.capacity() * 8 + 24).sum();
        let eights = self.first.capacity()
            + self.scales.capacity()
            + self.mean.capacity()
            + self.low.capacity()
            + self.high.capacity();
        let fours = self.keys.capacity() + self.depths.capacity() + self.method.capacity();
        numbers + eights * 8 + fours * 4 + self.methods.iter().map(|m| m.capacity() + 24).sum::<usize>()
    }

    /// Keep the levels of a feature that stood at these places, in their new order; series of others have no value there.
    pub(super) fn recode(&mut self, feature: u32, kept: &[usize]) {
        let (column, groups) = (feature as usize, self.groups());
        if column >= groups {
            return;
        }
        let mut place = vec![NONE; kept.iter().max().map_or(0, |last| last + 1)];
        kept.iter().zip(0..).for_each(|(old, new)| place[*old] = new);
        for key in self.keys.chunks_exact_mut(groups) {
            key[column] = place.get(key[column] as usize).copied().unwrap_or(NONE);
        }
    }
}

/// Series have keys, times and forecasts that fit.
pub(super) fn validate(body: &Forecast, features: &[Feature], task: &Task) -> Result<()> {
    ensure(*task == Task::Forecast, || "forecasts for another task".into())?;
    let (series, groups) = (body.series(), body.groups());
    ensure(groups <= MOST_GROUPS && features.len() == groups + 1, || format!("{groups} groups"))?;
    ensure((1..=MOST_STEPS).contains(&body.horizon), || format!("{} steps", body.horizon))?;
    ensure(body.level > 0.0 && body.level < 1.0, || "the level of intervals is no share".into())?;
    ensure(body.keys.len() == series * groups, || "keys do not fit the series".into())?;
    let own = [body.depths.len(), body.method.len(), body.scales.len()];
    ensure(own.iter().all(|len| *len == series), || "the lists of the series differ in length".into())?;
    ensure(body.depths.iter().all(|d| *d as usize <= groups), || "a series has more groups than there are".into())?;
    ensure(body.methods.iter().all(|m| !m.is_empty() && !m.contains('\0')), || "a method without a name".into())?;
    ensure(body.method.iter().all(|m| (*m as usize) < body.methods.len()), || "a method is not there".into())?;
    ensure(body.scales.iter().all(|s| s.is_finite() && *s >= 0.0), || "a scale is not finite".into())?;
    for (column, (numbers, feature)) in body.numbers.iter().zip(features).enumerate() {
        let is_category = feature.encoding.is_category();
        ensure(!is_category || numbers.is_empty(), || "numbers of a category".into())?;
        let ascending = numbers.is_sorted_by(|a, b| a < b) && numbers.iter().all(|n| n.is_finite());
        ensure(ascending, || "numbers do not ascend".into())?;
        let known = if is_category { feature.encoding.levels().len() } else { numbers.len() };
        let there = |key: &[u32]| key[column] == NONE || (key[column] as usize) < known;
        ensure(body.keys.chunks_exact(groups).all(there), || "a value of a key is not there".into())?;
    }
    let sound = |first: &i64| {
        first
            .checked_add(i64::from(body.horizon))
            .is_some_and(|end| body.calendar.is_sound(*first) && body.calendar.is_sound(end))
    };
    ensure(body.calendar.is_sound(0) && body.first.iter().all(sound), || "the times of a series are not sound".into())?;
    let count = series.checked_mul(body.horizon as usize);
    let fits = |list: &[f64]| Some(list.len()) == count && list.iter().all(|v| !v.is_infinite());
    ensure([&body.mean, &body.low, &body.high].iter().all(|list| fits(list)), || {
        "forecasts do not fit the series".into()
    })
}

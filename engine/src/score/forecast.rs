//! Forecasts by the key of a series and a time.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::forecast::calendar::{Step, DAY, FAR};
use crate::model::forecast::{Forecast, MOST_GROUPS, NONE};
use crate::model::{InputKind, Model};

/// The series by their keys, made when they are first needed.
#[derive(Debug, Default)]
pub(crate) struct Index {
    series: OnceLock<HashMap<Box<[u32]>, u32>>,
}

/// About how many nanoseconds a prediction takes.
pub(super) const NANOSECONDS: f64 = 80.0;

impl Index {
    /// Bytes on the heap, as if it was made.
    pub fn bytes(body: &Forecast) -> usize {
        body.series() * (body.groups() * 4 + 32)
    }

    fn series(&self, body: &Forecast) -> &HashMap<Box<[u32]>, u32> {
        self.series.get_or_init(|| {
            let mut order: Vec<u32> = (0..body.series() as u32).collect();
            // Where a sum and a series of unknown groups have one key, it is the series that is meant; of equals the first.
            order.sort_by_key(|s| (body.depths[*s as usize], std::cmp::Reverse(*s)));
            order.into_iter().map(|s| (body.key(s as usize).into(), s)).collect()
        })
    }
}

/// A model that forecasts, to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Outlooks<'a> {
    model: &'a Model,
    body: &'a Forecast,
    index: &'a Index,
}

impl<'a> Outlooks<'a> {
    pub(super) fn new(model: &'a Model, body: &'a Forecast, index: &'a Index) -> Self {
        Outlooks { model, body, index }
    }

    /// The stored model.
    pub fn body(&self) -> &'a Forecast {
        self.body
    }

    /// The series that the first features of a row name.
    pub fn series(&self, row: &[f64]) -> Option<usize> {
        let groups = self.body.groups();
        let mut key = [NONE; MOST_GROUPS];
        for (column, place) in key.iter_mut().enumerate().take(groups) {
            let value = *row.get(column)?;
            if value.is_nan() {
                continue;
            }
            *place = match self.model.features[column].encoding.levels() {
                [] => self.body.numbers[column].binary_search_by(|n| n.total_cmp(&(value + 0.0))).ok()? as u32,
                levels if (value as usize) < levels.len() => value as u32,
                _ => return None,
            };
        }
        self.index.series(self.body).get(&key[..groups]).map(|series| *series as usize)
    }

    /// The step in which a time lies that stands in a row.
    pub fn step(&self, time: f64) -> Option<i64> {
        let calendar = &self.body.calendar;
        if matches!(calendar.step, Step::Number(_)) {
            return time.is_finite().then(|| calendar.index_of(time));
        }
        let microseconds = match self.model.inputs.last().map(|input| input.kind) {
            Some(InputKind::Date) => time * DAY as f64,
            _ => libm::round(time * 1e6),
        };
        (microseconds.abs() < FAR as f64).then(|| calendar.index(microseconds as i64))
    }

    /// What is expected of the series at the time that stand in a row; NaN where it is not forecast.
    pub fn predict(&self, row: &[f64]) -> f64 {
        let of = || {
            let step = self.step(*row.get(self.body.groups())?)?;
            let place = self.body.place(self.series(row)?, step)?;
            self.body.mean.get(place).copied()
        };
        of().unwrap_or(f64::NAN)
    }

    /// The value by which a column tells a series apart: a text or a number; `None` for none.
    pub fn value(&self, series: usize, column: usize) -> Option<Value<'a>> {
        let place = self.body.key(series).get(column).filter(|place| **place != NONE)?;
        match self.model.features[column].encoding.levels().get(*place as usize) {
            Some(level) => Some(Value::Text(level)),
            None => self.body.numbers[column].get(*place as usize).map(|n| Value::Number(*n)),
        }
    }
}

/// A value that tells series apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A level of a category.
    Text(&'a str),
    /// A number.
    Number(f64),
}

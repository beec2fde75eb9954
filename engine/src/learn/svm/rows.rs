//! The places that machines learn from.

use std::borrow::Cow;

use super::Rows;
use crate::control::Control;
use crate::data::CHUNK;
use crate::error::{Error, Result};
use crate::learn::alike::Alike;
use crate::learn::calibrate::FOLDS;
use crate::learn::random::Random;
use crate::learn::sum::sums;
use crate::learn::Target;
use crate::model::neighbors::FARTHEST;

/// Places with the weight of their rows, of one class or number each.
pub(super) struct Places<'a> {
    /// Places x dimensions.
    pub points: Cow<'a, [f64]>,
    /// The machines.
    pub outputs: usize,
    /// By place; empty of numbers.
    pub classes: Vec<u32>,
    /// By place; empty of classes.
    pub numbers: Vec<f64>,
    /// By place.
    pub weights: Vec<f64>,
    /// By place and fold the weight of the rows that are in it; empty where there are none.
    pub folds: Vec<f64>,
    dimensions: usize,
}

impl<'a> Places<'a> {
    fn new(points: Cow<'a, [f64]>, dimensions: usize, target: &Target) -> Places<'a> {
        let outputs = match target {
            Target::Class { classes, .. } if *classes > 2 => *classes,
            _ => 1,
        };
        let empty = Vec::new;
        Places { points, outputs, classes: Vec::new(), numbers: empty(), weights: empty(), folds: empty(), dimensions }
    }

    /// Each row for itself.
    pub fn whole(rows: &Rows<'a>, target: &Target, folds: Option<&[u8]>, control: &Control) -> Result<Places<'a>> {
        let n = rows.count;
        let mut own = Places::new(Cow::Borrowed(rows.values), rows.dimensions, target);
        own.reserve(n, target, folds.is_some(), control)?;
        for i in 0..n as u32 {
            own.add(&[i], rows, target, folds);
        }
        own.check()
    }

    /// Rows with the same numbers, and of the same class or number, are one.
    pub fn distinct(rows: &Rows<'a>, target: &Target, folds: Option<&[u8]>, control: &Control) -> Result<Places<'a>> {
        let other = |a: u32, b: u32| match target {
            Target::Class { codes, .. } => codes.get(a as usize).cmp(&codes.get(b as usize)),
            Target::Number(values) => values[a as usize].total_cmp(&values[b as usize]),
        };
        let has_target = !target.is_empty();
        let other = |a: u32, b: u32| if has_target { other(a, b) } else { std::cmp::Ordering::Equal };
        let alike = Alike::new(rows.count, |i| rows.weight(i) > 0.0, |i| rows.row(i), other, control)?;
        let count = alike.count();
        let mut points: Vec<f64> = control.vec(count.saturating_mul(rows.dimensions))?;
        let mut own = Places::new(Cow::Borrowed(&[]), rows.dimensions, target);
        own.reserve(count, target, folds.is_some(), control)?;
        for at in 0..count {
            if at % CHUNK == 0 {
                control.check()?;
            }
            let group = alike.group(at);
            points.extend(rows.row(group[0]).iter().map(|x| x.clamp(-FARTHEST, FARTHEST) + 0.0));
            own.add(group, rows, target, folds);
        }
        alike.release(control);
        own.points = Cow::Owned(points);
        own.check()
    }

    fn reserve(&mut self, count: usize, target: &Target, folds: bool, control: &Control) -> Result<()> {
        match target {
            Target::Class { .. } => self.classes = control.vec(count)?,
            Target::Number(_) => self.numbers = control.vec(count)?,
        }
        self.weights = control.vec(count)?;
        if folds {
            self.folds = control.vec(count.saturating_mul(FOLDS))?;
        }
        Ok(())
    }

    fn add(&mut self, group: &[u32], rows: &Rows<'_>, target: &Target, folds: Option<&[u8]>) {
        self.weights.push(group.iter().map(|i| rows.weight(*i)).sum());
        let first = group.first().map_or(0, |i| *i as usize);
        match target {
            Target::Class { codes, .. } => self.classes.push(codes.get(first).copied().unwrap_or(0)),
            Target::Number(values) => self.numbers.extend(values.get(first)),
        }
        if let Some(folds) = folds {
            let mut own = [0.0; FOLDS];
            group.iter().for_each(|i| own[folds[*i as usize] as usize % FOLDS] += rows.weight(*i));
            self.folds.extend(own);
        }
    }

    fn check(self) -> Result<Self> {
        let all: f64 = self.weights.iter().sum();
        if self.weights.is_empty() || all <= 0.0 {
            return Err(Error::data("no row to learn from has a weight", "Give some row a weight above 0."));
        }
        if !all.is_finite() {
            return Err(Error::data("the weights of the rows are too large to be added", "Divide them by a number."));
        }
        Ok(self)
    }

    /// The number of places.
    pub fn count(&self) -> usize {
        self.weights.len()
    }

    /// The class of a place; `None` of numbers.
    pub fn class(&self, place: usize) -> Option<u32> {
        self.classes.get(place).copied()
    }

    /// The weight of the rows of a place that are in a fold.
    pub fn of_fold(&self, place: usize, fold: u8) -> f64 {
        self.folds.get(place * FOLDS + fold as usize).copied().unwrap_or(0.0)
    }

    /// The share of the weight of a place that is left without a fold.
    pub fn without(&self, place: usize, fold: u8) -> f64 {
        let (own, all) = (&self.folds[place * FOLDS..(place + 1) * FOLDS], self.weights[place]);
        let left: f64 = own.iter().enumerate().filter(|(f, _)| *f != fold as usize).map(|(_, w)| w).sum();
        if all > 0.0 {
            (left / all).min(1.0)
        } else {
            0.0
        }
    }

    /// So many folds have enough rows of each class to tell what its answers mean.
    pub fn enough_folds(&self) -> usize {
        let most = self.classes.iter().max().map_or(1, |most| *most as usize + 1);
        let mut rows = vec![0.0; most];
        self.classes.iter().zip(&self.weights).for_each(|(c, w)| rows[*c as usize] += w);
        let rarest = rows.iter().copied().filter(|r| *r > 0.0).fold(f64::INFINITY, f64::min);
        let wanted = (super::ENOUGH * FOLDS as f64 / rarest).ceil();
        if wanted >= 1.0 {
            (wanted as usize).min(FOLDS)
        } else {
            1
        }
    }

    /// Less the mean and over the standard deviation, which are told; numbers that do not differ become 0.
    pub fn standardize(&mut self) -> (f64, f64) {
        if self.numbers.is_empty() {
            return (0.0, 1.0);
        }
        let all: f64 = self.weights.iter().sum();
        // Halved, so that no difference is infinite.
        let mean: f64 = self.numbers.iter().zip(&self.weights).map(|(z, w)| w / all * z).sum();
        let most = self.numbers.iter().fold(0.0f64, |most, z| most.max((z / 2.0 - mean / 2.0).abs()));
        let square = |z: &f64| {
            let part = (z / 2.0 - mean / 2.0) / most;
            part * part
        };
        let spread =
            self.numbers.iter().zip(&self.weights).map(|(z, w)| w / all * square(z)).sum::<f64>().sqrt() * most;
        let is_sound = most > 0.0 && spread > 0.0 && spread.is_finite() && (2.0 * spread).is_finite();
        for z in &mut self.numbers {
            *z = if is_sound { (*z / 2.0 - mean / 2.0) / spread } else { 0.0 };
        }
        (mean, if is_sound { 2.0 * spread } else { 0.0 })
    }

    /// Keep so many places, each as likely, and let them weigh as all did.
    pub fn draw(&mut self, wanted: usize, random: &mut Random, control: &Control) -> Result<()> {
        let (all, d) = (self.count(), self.dimensions);
        let kept = some(all, wanted, random, control)?;
        let by = all as f64 / kept.len().max(1) as f64;
        let mut points: Vec<f64> = control.vec(kept.len().saturating_mul(d))?;
        kept.iter().for_each(|p| points.extend_from_slice(&self.points[*p as usize * d..(*p as usize + 1) * d]));
        self.points = Cow::Owned(points);
        let of = |values: &[f64], size: usize, by: f64| -> Vec<f64> {
            if values.is_empty() {
                return Vec::new();
            }
            kept.iter()
                .flat_map(|p| values[*p as usize * size..(*p as usize + 1) * size].iter().map(move |x| x * by))
                .collect()
        };
        self.weights = of(&self.weights, 1, by);
        self.folds = of(&self.folds, FOLDS, by);
        self.numbers = of(&self.numbers, 1, 1.0);
        if !self.classes.is_empty() {
            self.classes = kept.iter().map(|p| self.classes[*p as usize]).collect();
        }
        control.release_vec(kept);
        Ok(())
    }

    /// So many of the places, each as likely.
    pub fn landmarks(&self, wanted: usize, random: &mut Random, control: &Control) -> Result<Vec<f64>> {
        let d = self.dimensions;
        let kept = some(self.count(), wanted, random, control)?;
        let mut marks: Vec<f64> = control.vec(wanted.saturating_mul(d))?;
        kept.iter().for_each(|p| marks.extend_from_slice(&self.points[*p as usize * d..(*p as usize + 1) * d]));
        control.release_vec(kept);
        Ok(marks)
    }
}

/// `wanted` of `all` places, ascending.
fn some(all: usize, wanted: usize, random: &mut Random, control: &Control) -> Result<Vec<u32>> {
    let mut places: Vec<u32> = control.vec(all)?;
    places.extend(0..all as u32);
    for i in 0..wanted.min(all) {
        let other = i + random.below(all - i);
        places.swap(i, other);
    }
    places.truncate(wanted);
    places.sort_unstable();
    Ok(places)
}

/// 1 over the dimensions and the variance of all their numbers: the "scale" of scikit-learn.
pub(super) fn gamma(rows: &Rows<'_>, control: &Control) -> Result<f64> {
    let d = rows.dimensions;
    let held = |x: f64| x.clamp(-FARTHEST, FARTHEST);
    let of = |each: &(dyn Fn(f64) -> f64 + Sync)| {
        sums(0..rows.count, control, |part| {
            let row = |i: usize| rows.weight(i as u32) * rows.row(i as u32).iter().map(|x| each(held(*x))).sum::<f64>();
            [part.map(row).sum()]
        })
    };
    let [all] = sums(0..rows.count, control, |part| [part.map(|i| rows.weight(i as u32)).sum()])?;
    let cells = all * d as f64;
    let mean = of(&|x| x)?[0] / cells;
    let variance = of(&|x| (x - mean) * (x - mean))?[0] / cells;
    let gamma = 1.0 / (d as f64 * variance);
    Ok(if gamma > 0.0 && gamma.is_finite() { gamma } else { 1.0 })
}

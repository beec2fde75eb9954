//! Boosted trees over lags: one model of all series together, which learns what single series are too short to tell.
//!
//! Every series is taken relative to its own level and size, so that a shop that sells tens teaches of one that sells thousands. A row of what is learned from is a step
//! `h` after an origin: what the values before the origin say (the last ones, means, the same phase of seasons before), the calendar of the step, and what is known of it
//! besides. Each step is forecast directly, with `h` as one more feature: errors of one step are no errors of the next. Shares of the values that are held back from a
//! second model say how far off forecasts are.

use rayon::prelude::*;

use super::auto::Expected;
use super::beside::Beside;
use super::gather::Series;
use super::outlook::{recent, Settings};
use super::season::mean;
use crate::control::Control;
use crate::data::{mix, Column};
use crate::error::Result;
use crate::learn::bin;
use crate::learn::boost::{self, BoostParams};
use crate::learn::Target;
use crate::model::Trees;
use crate::score::walk;

/// What trees expect of a series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Boosted {
    /// Of the next values.
    pub expected: Expected,
    /// At origins in the past, the latest first, by trees that had seen nothing after the earliest: how many values came after it, what was expected, and the errors.
    pub past: Vec<(usize, Expected, Vec<f64>)>,
}

/// Origins in the past.
const ORIGINS: usize = 3;
/// The most rows that trees are grown on: of more, as many are drawn.
const MOST_ROWS: u64 = 200_000;
/// Values that must lie before an origin, at least.
const LEAST: usize = 8;
/// With more columns besides, each is one feature and not three.
const MANY_COLUMNS: usize = 16;
/// Cycles of a season that are looked at.
const CYCLES: usize = 4;

/// A series as rows are made of it.
struct Frame<'a> {
    y: &'a [f64],
    /// The step of the first value.
    first: i64,
    columns: Vec<Vec<f64>>,
    /// Sums of all before, of the values, their sizes and the columns.
    sums: Vec<f64>,
    sizes: Vec<f64>,
    column_sums: Vec<Vec<f64>>,
}

fn running(values: &[f64], of: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut sum = 0.0;
    std::iter::once(0.0)
        .chain(values.iter().map(|v| {
            sum += of(*v);
            sum
        }))
        .collect()
}

/// The mean of the values from one place on and before another, by their running sums; NaN of none.
fn between(sums: &[f64], from: usize, to: usize) -> f64 {
    if to > from {
        (sums[to] - sums[from]) / (to - from) as f64
    } else {
        f64::NAN
    }
}

/// The level is the mean of a season, unless that is longer than this.
const LONGEST_WINDOW: usize = 31;

/// How rows are made, the same for all series.
struct Layout<'a> {
    seasons: Vec<usize>,
    /// Values whose mean is the level.
    window: usize,
    beside: &'a Beside,
    horizon: usize,
}

impl<'a> Frame<'a> {
    fn new(series: &'a Series, layout: &Layout<'_>) -> Frame<'a> {
        let from = recent(series.values.len(), &layout.seasons);
        let y = &series.values[from..];
        let columns: Vec<Vec<f64>> =
            layout.beside.columns(series, layout.horizon).iter().map(|c| c[from..].to_vec()).collect();
        Frame {
            y,
            first: series.first.saturating_add(from as i64),
            sums: running(y, |v| v),
            sizes: running(y, f64::abs),
            column_sums: columns.iter().map(|c| running(c, |v| v)).collect(),
            columns,
        }
    }

    /// The level and the size at an origin.
    fn level(&self, origin: usize, layout: &Layout<'_>) -> (f64, f64) {
        let from = |windows: usize| origin.saturating_sub(windows * layout.window);
        let size = between(&self.sizes, from(8), origin);
        (between(&self.sums, from(1), origin), if size > 0.0 { size } else { 1.0 })
    }

    /// What an origin says, whatever the step: put at the end of a row.
    fn origin(&self, origin: usize, layout: &Layout<'_>, row: &mut Vec<f64>) {
        let (level, size) = self.level(origin, layout);
        let w = layout.window;
        let relative = |v: f64| (v - level) / size;
        for lag in 1..=3 {
            row.push(origin.checked_sub(lag).map_or(f64::NAN, |i| relative(self.y[i])));
        }
        let window = |from: usize, to: usize| match origin.checked_sub(from) {
            Some(from) => relative(between(&self.sums, from, origin - to)),
            None => f64::NAN,
        };
        row.extend([window(3, 0), window(2 * w, w), window(4 * w, 0)]);
        let before = &self.y[origin.saturating_sub(4 * w)..origin];
        let middle = mean(before);
        let spread = before.iter().map(|v| (v - middle).abs()).sum::<f64>() / before.len().max(1) as f64;
        let zeros = before.iter().filter(|v| **v == 0.0).count() as f64;
        row.extend([spread / size, zeros / before.len().max(1) as f64, libm::log(size)]);
    }

    /// What is known of a step after an origin: put at the end of a row.
    fn step(&self, origin: usize, h: usize, layout: &Layout<'_>, row: &mut Vec<f64>) {
        let (level, size) = self.level(origin, layout);
        let w = layout.window;
        let at = origin + h - 1;
        row.push(h as f64);
        // The same phase of the cycles before, the latest of which is before the origin.
        let phase = |p: usize, cycle: usize| at.checked_sub(p * (h.div_ceil(p) + cycle));
        for &p in &layout.seasons {
            let value = |cycle: usize| phase(p, cycle).map(|i| self.y[i]);
            let all: Vec<f64> = (0..CYCLES).map_while(value).collect();
            row.extend((0..2).map(|i| all.get(i).map_or(f64::NAN, |v| (v - level) / size)));
            row.push(if all.is_empty() { f64::NAN } else { (mean(&all) - level) / size });
            if p > w {
                // Around that step a cycle ago, relative to what was before the origin a cycle ago.
                let by = p * h.div_ceil(p);
                let moved = at.checked_sub(by + 3).zip(origin.checked_sub(by + w));
                row.push(moved.map_or(f64::NAN, |(around, before)| {
                    let end = (around + 7).min(origin);
                    (between(&self.sums, around, end) - between(&self.sums, before, before + w)) / size
                }));
            }
        }
        row.extend(layout.beside.parts(self.first.saturating_add(at as i64)));
        let few = self.columns.len() <= MANY_COLUMNS;
        for (column, sums) in self.columns.iter().zip(&self.column_sums) {
            row.push(column[at]);
            if few {
                row.push(column[at] - between(sums, origin.saturating_sub(w), origin));
                let before = layout.seasons.first().and_then(|p| phase(*p, 0));
                row.push(before.map_or(f64::NAN, |i| column[i]));
            }
        }
    }

    fn row(&self, origin: usize, h: usize, layout: &Layout<'_>, row: &mut Vec<f64>) {
        row.clear();
        self.origin(origin, layout, row);
        self.step(origin, h, layout, row);
    }

    /// The first origin that tells enough.
    fn start(layout: &Layout<'_>) -> usize {
        LEAST.max(layout.window + 1)
    }

    /// How many steps each of the origins in the past is judged by; 0 where the series is too short for any.
    fn held(&self, layout: &Layout<'_>) -> usize {
        let room = self.y.len().saturating_sub(Self::start(layout) + LEAST);
        layout.horizon.min(room / (ORIGINS + 1))
    }
}

/// Rows to learn from.
struct Learned {
    /// A feature each.
    columns: Vec<Vec<f64>>,
    target: Vec<f64>,
}

/// The rows of all frames, each of which is known before a place.
fn learned(frames: &[Frame<'_>], ends: &[usize], layout: &Layout<'_>, control: &Control) -> Result<Learned> {
    let start = Frame::start(layout);
    // Of each origin as many steps as there are, but no more than are forecast.
    let rows_of = |end: &usize| {
        let (origins, horizon) = (end.saturating_sub(start) as u64, layout.horizon as u64);
        let last = origins.min(horizon);
        (origins - last) * horizon + last * (last + 1) / 2
    };
    let all: u64 = ends.iter().map(rows_of).sum();
    // One of so many is drawn.
    let thin = all.div_ceil(MOST_ROWS).max(1);
    let of = |(s, frame): (usize, &Frame<'_>)| -> Result<(Vec<f64>, Vec<f64>)> {
        control.check()?;
        let (mut rows, mut target, mut row) = (Vec::new(), Vec::new(), Vec::new());
        for origin in start..ends[s] {
            let (level, size) = frame.level(origin, layout);
            for h in 1..=layout.horizon.min(ends[s] - origin) {
                if mix(mix(s as u64, origin as u64), h as u64) % thin == 0 {
                    frame.row(origin, h, layout, &mut row);
                    rows.extend_from_slice(&row);
                    target.push(((frame.y[origin + h - 1] - level) / size).clamp(-MOST, MOST));
                }
            }
        }
        control.reserve((rows.len() + target.len()) * 8)?;
        Ok((rows, target))
    };
    let parts: Vec<(Vec<f64>, Vec<f64>)> = frames.par_iter().enumerate().map(of).collect::<Result<_>>()?;
    let count: usize = parts.iter().map(|p| p.1.len()).sum();
    let width = parts.iter().find(|p| !p.1.is_empty()).map_or(0, |p| p.0.len() / p.1.len());
    let mut columns = Vec::with_capacity(width);
    for feature in 0..width {
        let mut column = control.vec(count)?;
        parts.iter().for_each(|p| column.extend(p.0.iter().skip(feature).step_by(width)));
        columns.push(column);
    }
    let mut target = control.vec(count)?;
    for (rows, part) in parts {
        control.release((rows.len() + part.len()) * 8);
        target.extend(part);
    }
    Ok(Learned { columns, target })
}

/// No value is learned from as farther from its level than so many sizes.
const MOST: f64 = 20.0;

/// Trees of rows.
fn grow(learned: Learned, control: &Control) -> Result<Option<Trees>> {
    let rows = learned.target.len();
    if rows < 2 * LEAST {
        return Ok(None);
    }
    let small = rows < SMALL;
    let params = BoostParams {
        n_estimators: if small { 100 } else { 200 },
        learning_rate: 0.05,
        max_leaf_nodes: if small { 8 } else { 31 },
        min_samples_leaf: if small { 5 } else { 20 },
        colsample_bytree: 0.7,
        subsample: 0.8,
        early_stopping_rounds: None,
        ..BoostParams::default()
    };
    let places: Vec<u32> = (0..rows as u32).collect();
    let mut binned = Vec::with_capacity(learned.columns.len());
    for values in learned.columns {
        let mut column = Column::from_numbers("", &values, control)?;
        binned.push(bin::bin(&column, &places, &[], &params.bin_params(), control)?.feature);
        column.release(control);
        control.release_vec(values);
    }
    let target = Target::Number(learned.target);
    let features: Vec<_> = binned.iter().collect();
    let trees = boost::fit(&features, boost::Rows::new(&target), rows, &params, control)?.trees;
    binned.into_iter().for_each(|feature| feature.codes.release(control));
    if let Target::Number(target) = target {
        control.release_vec(target);
    }
    Ok(Some(trees))
}

/// Below so many rows trees are small.
const SMALL: usize = 3000;

/// What trees say of a row.
fn say(trees: &Trees, row: &[f64]) -> f64 {
    let leaf = |tree: usize| trees.leaf(walk::leaf(trees, tree, row)).at(0);
    trees.base.first().copied().unwrap_or(0.0) + (0..trees.roots.len()).map(leaf).sum::<f64>()
}

/// The means expected after an origin.
fn means(trees: &Trees, frame: &Frame<'_>, origin: usize, horizon: usize, layout: &Layout<'_>) -> Vec<f64> {
    let (level, size) = frame.level(origin, layout);
    let mut row = Vec::new();
    let mut of = |h: usize| {
        frame.row(origin, h, layout, &mut row);
        level + size * say(trees, &row)
    };
    (1..=horizon).map(&mut of).collect()
}

/// The line of the squares starts from no less than the rest of this share of their mean: a few errors of the first step may be small by chance.
const STEEPEST: f64 = 0.8;

/// How the squares of errors, each relative to the size of its series, grow with the step: a line that does not fall.
fn growth(squares: &[(f64, f64)]) -> (f64, f64) {
    let counted = || squares.iter().enumerate().filter(|s| s.1 .1 > 0.0).map(|(h, s)| (h as f64, s.0 / s.1, s.1));
    let weight: f64 = counted().map(|c| c.2).sum();
    if weight <= 0.0 {
        return (f64::NAN, 0.0);
    }
    let (x, y) = counted().fold((0.0, 0.0), |(x, y), c| (x + c.0 * c.2 / weight, y + c.1 * c.2 / weight));
    let (xx, xy) =
        counted().fold((0.0, 0.0), |(xx, xy), c| (xx + (c.0 - x) * (c.0 - x) * c.2, xy + (c.0 - x) * (c.1 - y) * c.2));
    let slope = if xx > 0.0 && x > 0.0 { (xy / xx).clamp(0.0, STEEPEST * y / x) } else { 0.0 };
    (y - slope * x, slope)
}

/// What trees expect of each series; `None` for one too short.
pub fn boost(series: &[Series], settings: &Settings, control: &Control) -> Result<Vec<Option<Boosted>>> {
    let seasons: Vec<usize> = settings.seasons.iter().copied().filter(|p| *p > 1).take(2).collect();
    let window = seasons.first().copied().filter(|p| *p <= LONGEST_WINDOW).unwrap_or(4).max(4);
    let layout = Layout { seasons, window, beside: &settings.beside, horizon: settings.horizon };
    let mut frames: Vec<Frame<'_>> = control.vec(series.len())?;
    for one in series {
        let columns = one.beside.len() + settings.beside.holidays.columns();
        control.reserve((one.values.len() + settings.horizon).saturating_mul(16 * (columns + 2)))?;
        frames.push(Frame::new(one, &layout));
    }
    let held: Vec<usize> = frames.iter().map(|f| f.held(&layout)).collect();
    let before: Vec<usize> = frames.iter().zip(&held).map(|(f, held)| f.y.len() - ORIGINS * held).collect();
    let ends: Vec<usize> = frames.iter().map(|f| f.y.len()).collect();
    let all = |ends: &[usize]| grow(learned(&frames, ends, &layout, control)?, control);
    let (Some(past), Some(now)) = (all(&before)?, all(&ends)?) else { return Ok(vec![None; series.len()]) };
    let of = |(frame, held): (&Frame<'_>, &usize)| -> Result<Option<Boosted>> {
        control.check()?;
        if *held == 0 {
            return Ok(None);
        }
        let n = frame.y.len();
        let at = |i: usize| {
            let back = i * held;
            let origin = n - back;
            let mean = means(&past, frame, origin, *held, &layout);
            let errors = frame.y[origin..].iter().zip(&mean).map(|(y, m)| y - m).collect();
            (back, Expected { mean, variance: Vec::new() }, errors)
        };
        let mean = means(&now, frame, n, layout.horizon, &layout);
        Ok(Some(Boosted { expected: Expected { mean, variance: Vec::new() }, past: (1..=ORIGINS).map(at).collect() }))
    };
    let mut made: Vec<Option<Boosted>> = frames.par_iter().zip(&held).map(of).collect::<Result<_>>()?;
    let mut squares = vec![(0.0, 0.0); settings.horizon];
    for (frame, one) in frames.iter().zip(&made) {
        for (back, _, errors) in one.iter().flat_map(|b| &b.past) {
            let (_, size) = frame.level(frame.y.len() - back, &layout);
            for (sum, e) in squares.iter_mut().zip(errors) {
                *sum = (sum.0 + (e / size) * (e / size), sum.1 + 1.0);
            }
        }
    }
    let (least, slope) = growth(&squares);
    for (frame, one) in frames.iter().zip(&mut made) {
        let Some(one) = one else { continue };
        let said = |origin: usize, mean: &[f64]| {
            let (_, size) = frame.level(origin, &layout);
            (0..mean.len()).map(|h| size * size * (least + slope * h as f64)).collect()
        };
        one.expected.variance = said(frame.y.len(), &one.expected.mean);
        for (back, expected, _) in &mut one.past {
            expected.variance = said(frame.y.len() - *back, &expected.mean);
        }
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::auto::Method;

    /// Shops of different sizes that all sell by half more in promotions.
    fn shops(count: usize, n: usize, ahead: usize) -> Vec<Series> {
        let shop = |s: usize| {
            let hash = |t: usize| mix(s as u64 + 1, t as u64) % 1000;
            let promotion: Vec<f64> = (0..n + ahead).map(|t| f64::from(u8::from(hash(t) < 200))).collect();
            let value = |t: usize| {
                let season = 1.0 + 0.2 * libm::sin(t as f64 * std::f64::consts::TAU / 7.0);
                10f64.powi(s as i32 % 4)
                    * season
                    * (1.0 + 0.5 * promotion[t])
                    * (1.0 + hash(t + 5000) as f64 / 20_000.0)
            };
            Series { values: (0..n).map(value).collect(), beside: vec![promotion.clone()], ..Series::default() }
        };
        (0..count).map(shop).collect()
    }

    fn settings(horizon: usize) -> Settings {
        Settings {
            method: Method::BoostedLags,
            horizon,
            level: 0.95,
            seasons: vec![7],
            nonnegative: None,
            beside: Beside::default(),
        }
    }

    #[test]
    fn trees_learn_promotions_of_all_series_together_whatever_the_threads() {
        let (mut all, truth) = (shops(12, 60, 7), shops(12, 67, 0));
        all.push(Series { beside: vec![Vec::new()], ..Series::default() });
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| boost(&all, &settings(7), &Control::default()).unwrap())
        };
        let made = run(1);
        assert_eq!(made, run(3));
        let (mut off, mut count) = (0.0, 0.0);
        for (one, truth) in made.iter().zip(&truth) {
            let one = one.as_ref().unwrap();
            assert_eq!((one.expected.mean.len(), one.past.len()), (7, ORIGINS));
            for (m, t) in one.expected.mean.iter().zip(&truth.values[60..]) {
                off += (m / t - 1.0).abs();
                count += 1.0;
            }
        }
        assert!(off / count < 0.08, "{}", off / count);
        assert_eq!(made[12], None);
    }

    #[test]
    fn a_few_values_have_no_trees() {
        let made = boost(&shops(2, 12, 3), &settings(3), &Control::default()).unwrap();
        assert_eq!(made, [None, None]);
        assert!(boost(&[], &settings(3), &Control::default()).unwrap().is_empty());
    }

    #[test]
    fn the_line_of_errors_does_not_fall_and_starts_above_0() {
        let (least, slope) = growth(&[(0.0, 4.0), (4.0, 4.0), (8.0, 4.0)]);
        assert!((least - 0.2).abs() < 1e-12 && (slope - 0.8).abs() < 1e-12);
        assert_eq!(growth(&[(8.0, 4.0), (4.0, 4.0)]), (1.5, 0.0));
        assert!(growth(&[(0.0, 0.0)]).0.is_nan());
    }
}

//! Steps on numbers.

use super::stats::Sorted;
use super::{Cleaner, Live};
use crate::clean::program::{NumberOp, Op};
use crate::clean::shown;
use crate::clean::step::{Bins, Fences, OutlierAction, Step};
use crate::error::Result;

/// Scales outside of this are no use, and could overflow.
const SCALES: std::ops::RangeInclusive<f64> = 1e-100..=1e100;

/// The median distance of normal data, as a share of its standard deviation, inverted.
const MAD_SCALE: f64 = 1.4826;

impl Cleaner<'_> {
    pub(super) fn clip(&mut self, step: &Step, live: &Live, low: f64, high: f64) -> Result<()> {
        let detail = match (low.is_finite(), high.is_finite()) {
            (true, true) => format!("to {} .. {}", shown(low), shown(high)),
            (true, false) => format!("to at least {}", shown(low)),
            _ => format!("to at most {}", shown(high)),
        };
        self.number(step, live, NumberOp::Clip(low, high), detail)
    }

    pub(super) fn winsorize(&mut self, step: &Step, live: &Live, lower: f64, upper: f64) -> Result<()> {
        let sorted = self.sorted(live)?;
        let ends = sorted.quantile(lower).zip(sorted.quantile(upper));
        self.done(sorted);
        match ends {
            Some((low, high)) => self.clip(step, live, low, high),
            None => self.nothing(step, live, "no numbers to clip"),
        }
    }

    pub(super) fn outliers(
        &mut self,
        step: &Step,
        live: &Live,
        method: Fences,
        factor: Option<f64>,
        action: OutlierAction,
    ) -> Result<()> {
        let sorted = self.sorted(live)?;
        let fences = fences(&sorted, method, factor);
        self.done(sorted);
        let Some((low, high)) = fences else { return self.nothing(step, live, "no spread to measure by") };
        let range = format!("outside of {} .. {}", shown(low), shown(high));
        let flag = Op::Number { from: live.register, op: NumberOp::IsOutside(low, high) };
        match action {
            OutlierAction::Clip => self.clip(step, live, low, high),
            OutlierAction::Null => self.number(step, live, NumberOp::NullOutside(low, high), format!("NULL {range}")),
            OutlierAction::Flag => {
                let name = self.free_name(&format!("{}_outlier", live.name));
                self.add(step.name, &name, flag, range)
            }
            OutlierAction::Drop => {
                let register = self.push(flag, &live.name)?;
                let gone = self.drop_where(&[register])?;
                self.note(step.name, &live.name, format!("rows {range} go"), gone);
                Ok(())
            }
        }
    }

    pub(super) fn standardize(&mut self, step: &Step, live: &Live) -> Result<()> {
        let sorted = self.sorted(live)?;
        let (mean, deviation) = (sorted.mean().unwrap_or(0.0), sorted.deviation().unwrap_or(1.0));
        self.done(sorted);
        let detail = format!("mean {}, standard deviation {}", shown(mean), shown(deviation));
        self.scale(step, live, mean, deviation, detail)
    }

    pub(super) fn robust_scale(&mut self, step: &Step, live: &Live) -> Result<()> {
        let sorted = self.sorted(live)?;
        let median = sorted.quantile(0.5).unwrap_or(0.0);
        let spread = sorted.quantile(0.75).unwrap_or(1.0) - sorted.quantile(0.25).unwrap_or(0.0);
        self.done(sorted);
        let detail = format!("median {}, distance of the quartiles {}", shown(median), shown(spread));
        self.scale(step, live, median, spread, detail)
    }

    pub(super) fn min_max_scale(&mut self, step: &Step, live: &Live, low: f64, high: f64) -> Result<()> {
        let sorted = self.sorted(live)?;
        let (least, most) = (sorted.first().unwrap_or(0.0), sorted.last().unwrap_or(1.0));
        self.done(sorted);
        let scale = (most - least) / (high - low);
        let detail = format!("{} .. {} to {} .. {}", shown(least), shown(most), shown(low), shown(high));
        // low + (x - least) / scale
        self.scale(step, live, least - low * sound(scale), scale, detail)
    }

    fn scale(&mut self, step: &Step, live: &Live, shift: f64, scale: f64, detail: String) -> Result<()> {
        // Of a tiny shift a quotient could underflow.
        let shift = if SCALES.contains(&shift.abs()) { shift } else { 0.0 };
        self.number(step, live, NumberOp::Scale { shift, scale: sound(scale) }, detail)
    }

    pub(super) fn bin(&mut self, step: &Step, live: &Live, bins: &Bins) -> Result<()> {
        let sorted = self.sorted(live)?;
        let mut edges = match bins {
            Bins::Edges(edges) => edges.clone(),
            Bins::Quantile(n) => (1..*n).filter_map(|i| sorted.quantile(i as f64 / *n as f64)).collect(),
            Bins::Width(n) => match sorted.first().zip(sorted.last()) {
                Some((low, high)) => (1..*n).map(|i| low + (high - low) * (i as f64 / *n as f64)).collect(),
                None => Vec::new(),
            },
        };
        edges.retain(|e| e.is_finite());
        edges.iter_mut().for_each(|e| *e += 0.0);
        edges.dedup();
        self.done(sorted);
        let detail = format!("{} bins", edges.len() + 1);
        self.number(step, live, NumberOp::Bin(edges), detail)
    }

    /// Say that a step had nothing to do.
    pub(super) fn nothing(&mut self, step: &Step, live: &Live, why: &str) -> Result<()> {
        self.note(step.name, &live.name, why.to_owned(), 0);
        Ok(())
    }
}

/// A scale that can divide.
fn sound(scale: f64) -> f64 {
    if SCALES.contains(&scale) {
        scale
    } else {
        1.0
    }
}

/// The range beyond which a number is an outlier; `None` where half of the numbers are alike, so that there is no measure.
fn fences(sorted: &Sorted, method: Fences, factor: Option<f64>) -> Option<(f64, f64)> {
    let (low, high, spread) = match method {
        Fences::Iqr => {
            let (low, high) = (sorted.quantile(0.25)?, sorted.quantile(0.75)?);
            (low, high, factor.unwrap_or(1.5) * (high - low))
        }
        Fences::Zscore => {
            let mean = sorted.mean()?;
            (mean, mean, factor.unwrap_or(3.0) * sorted.deviation()?)
        }
        Fences::Mad => {
            let median = sorted.quantile(0.5)?;
            (median, median, factor.unwrap_or(3.5) * MAD_SCALE * sorted.median_distance()?)
        }
    };
    (spread > 0.0 && spread.is_finite()).then_some((low - spread, high + spread))
}

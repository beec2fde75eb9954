//! The components of a row.

use crate::control::Control;
use crate::error::Result;
use crate::learn::kmeans::{place, width};
use crate::learn::pca::lanes::dot;
use crate::learn::pca::FARTHEST;
use crate::model::{Axis, Projection};
use crate::simd::{run_wide, Kernel};

/// Write the components of an encoded row, as many as the model has. `scratch` holds the row in the space.
pub fn transform(body: &Projection, row: &[f64], scratch: &mut Vec<f64>, out: &mut [f64]) {
    point(body, row, scratch);
    run_wide(Project { body, point: scratch, out });
}

/// An encoded row in the space, around the mean. All numbers are finite, and so are their squares.
pub fn point(body: &Projection, row: &[f64], out: &mut Vec<f64>) {
    out.clear();
    out.resize(body.dimensions as usize, 0.0);
    let mut first = 0;
    for (axis, &value) in body.axes.iter().zip(row) {
        match axis {
            // A row beyond those of training is as far out as it is.
            Axis::Number { fill, shift, scale, low, high } => {
                let value = if value.is_nan() { *fill } else { value };
                let value = if value.is_infinite() { value.clamp(*low, *high) } else { value };
                out[first] = (value - shift) * scale;
            }
            axis => {
                place(axis, value, out, first);
            }
        }
        first += width(axis);
    }
    for (x, mean) in out.iter_mut().zip(&body.mean) {
        let apart = *x - mean;
        *x = if apart.is_nan() { 0.0 } else { apart.clamp(-FARTHEST, FARTHEST) };
    }
}

/// How far a point goes in each direction.
struct Project<'a> {
    body: &'a Projection,
    point: &'a [f64],
    out: &'a mut [f64],
}

impl Kernel for Project<'_> {
    #[inline(always)]
    fn run(self) {
        for ((out, direction), variance) in self.out.iter_mut().zip(self.body.directions()).zip(&self.body.variance) {
            let far = dot(self.point, direction);
            *out = if self.body.whiten { far / variance.sqrt() } else { far };
        }
    }
}

/// How much of what rows differ from the mean their components tell.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Told {
    /// Rows.
    pub rows: u64,
    /// The weight of these.
    pub weight: f64,
    /// The weighted sum of squared distances to the mean.
    pub all: f64,
    /// The part of it along the components.
    pub told: f64,
}

impl Told {
    /// The share that is told; `None` where rows do not differ from the mean.
    pub fn share(&self) -> Option<f64> {
        (self.all > 0.0).then(|| (self.told / self.all).min(1.0))
    }

    /// The mean squared error of the numbers of rows that are made again of their components, in the space of so many dimensions.
    pub fn error(&self, dimensions: u32) -> Option<f64> {
        (self.weight > 0.0 && dimensions > 0)
            .then(|| (self.all - self.told).max(0.0) / self.weight / f64::from(dimensions))
    }
}

/// Look at encoded rows, given by column. Fails when cancelled.
pub fn told(body: &Projection, columns: &[Vec<f64>], weight: Option<&[f64]>, control: &Control) -> Result<Told> {
    let rows = columns.first().map_or(0, Vec::len);
    let mut out = Told { rows: rows as u64, ..Told::default() };
    let (mut row, mut point, mut components) =
        (vec![f64::NAN; columns.len()], Vec::new(), vec![0.0; body.variance.len()]);
    for r in 0..rows {
        if r % 64 == 0 {
            control.check()?;
        }
        row.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[r]);
        transform(body, &row, &mut point, &mut components);
        let w = weight.and_then(|w| w.get(r)).copied().unwrap_or(1.0);
        let far = |variance: &f64| if body.whiten { *variance } else { 1.0 };
        out.weight += w;
        out.all += w * point.iter().map(|x| x * x).sum::<f64>();
        out.told += w * components.iter().zip(&body.variance).map(|(x, v)| x * x * far(v)).sum::<f64>();
    }
    Ok(out)
}

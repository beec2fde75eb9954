//! Skewed numbers: many small and few large ones, as what customers spend. Scaled as they are, the few that are large would be segments of their own,
//! and all others one.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::CHUNK;
use crate::error::Result;
use crate::learn::sum::sums;
use crate::model::Axis;

/// The logarithm of `1 + |x| / unit`, with the sign of `x`.
#[inline]
pub(crate) fn curve(x: f64, unit: f64) -> f64 {
    libm::log1p((x.abs() / unit).min(f64::MAX)).copysign(x)
}

/// The number that [`curve`] has this value of.
pub(super) fn inverse(value: f64, unit: f64) -> f64 {
    (unit * libm::expm1(value.abs()).min(f64::MAX)).min(f64::MAX).copysign(value)
}

/// The axis of numbers by their logarithm, with its scale multiplied; `None` where they are then not less skewed than `skewness`, or all alike.
///
/// The unit is the median of the sizes of numbers that are not 0, but for its bits below the first: so the unit of a column, as cents or euros, makes next
/// to no difference, and no value of a row is kept.
pub(super) fn axis(
    value: &(impl Fn(usize) -> f64 + Sync),
    rows: usize,
    weight: Option<&[f64]>,
    (low, high): (f64, f64),
    skewness: f64,
    by: f64,
    control: &Control,
) -> Result<Option<Axis>> {
    let weight = |i: usize| weight.map_or(1.0, |w| w[i]);
    let Some(unit) = unit(value, rows, &weight, (low, high), control)? else { return Ok(None) };
    let mut bent: Vec<f64> = control.filled(rows, f64::NAN)?;
    bent.par_chunks_mut(CHUNK).enumerate().try_for_each(|(c, bent)| {
        control.check()?;
        let values = (c * CHUNK..).map(value);
        bent.iter_mut().zip(values).filter(|(_, v)| !v.is_nan()).for_each(|(bent, v)| {
            *bent = curve(v.clamp(low, high), unit);
        });
        Ok::<(), crate::error::Error>(())
    })?;
    let [total, weighted] = sums(0..rows, control, |part| {
        let known = part.filter(|&i| !bent[i].is_nan());
        known.fold([0.0, 0.0], |[total, weighted], i| [total + weight(i), weighted + weight(i) * bent[i]])
    })?;
    let mean = if total > 0.0 { weighted / total } else { 0.0 };
    let [all, squares, cubes] = sums(0..rows, control, |part| {
        part.fold([0.0; 3], |[all, squares, cubes], i| {
            let apart = if bent[i].is_nan() { 0.0 } else { bent[i] - mean };
            let square = weight(i) * apart * apart;
            [all + weight(i), squares + square, cubes + square * apart]
        })
    })?;
    control.release_vec(bent);
    let stddev = (squares / all).sqrt();
    let is_less = (cubes / all / (stddev * stddev * stddev)).abs() < skewness;
    // Rounding makes a spread of its own.
    if !(is_less && stddev > 1e-9 * mean.abs() && stddev.is_finite()) {
        return Ok(None);
    }
    Ok(Some(Axis::Logarithm { unit, fill: mean, shift: mean, scale: by / stddev, low, high }))
}

/// The largest power of 2 that is not above the weighted median of the sizes of numbers that are not 0.
fn unit(
    value: &(impl Fn(usize) -> f64 + Sync),
    rows: usize,
    weight: &(impl Fn(usize) -> f64 + Sync),
    (low, high): (f64, f64),
    control: &Control,
) -> Result<Option<f64>> {
    let mut sizes: Vec<(f64, f64)> = control.vec(rows)?;
    let known = (0..rows).map(|i| (value(i).clamp(low, high).abs(), weight(i)));
    sizes.extend(known.filter(|(size, weight)| *size > 0.0 && *weight > 0.0));
    crate::data::sort(&mut sizes, |a, b| a.0.total_cmp(&b.0), control)?;
    let mut left = sizes.iter().map(|s| s.1).sum::<f64>() / 2.0;
    let median = sizes.iter().find(|(_, weight)| {
        left -= weight;
        left <= 0.0
    });
    let median = median.or(sizes.last()).map(|s| s.0);
    control.release_vec(sizes);
    Ok(median.filter(|m| m.is_normal()).map(|m| f64::from_bits(m.to_bits() & 0x7ff0_0000_0000_0000)))
}

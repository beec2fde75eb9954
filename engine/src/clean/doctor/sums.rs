//! Two columns that together make up the target: a sum (casual + registered = total) or, in logarithms, a product (price x quantity).

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;

use super::limits;
use super::matrix::Numbers;

/// Two columns, with which factors (or powers) they make up the target, and how much of its variance they explain.
#[derive(Debug, Clone, PartialEq)]
pub struct Sum {
    /// Their places among the inputs.
    pub inputs: [usize; 2],
    /// Their factors, or powers.
    pub factors: [f64; 2],
    /// The share of variance.
    pub r2: f64,
    /// Whether they are multiplied.
    pub product: bool,
}

/// The pairs of columns that make up the target; no column is in two of them.
pub fn find(columns: &[Numbers], target: &[f64], control: &Control) -> Result<Vec<Sum>> {
    let mut found = of(columns, target, false, control)?;
    let logarithms = |n: &Numbers| logarithms(&n.values).and_then(|values| Numbers::new(n.input, values));
    if let (true, Some(target)) = (found.is_empty(), logarithms_all(target)) {
        let columns: Vec<Numbers> = columns.iter().filter_map(logarithms).collect();
        found = of(&columns, &target, true, control)?;
    }
    Ok(found)
}

/// The logarithms of numbers above 0; `None` where one is not.
fn logarithms(values: &[f64]) -> Option<Vec<f64>> {
    let positive = values.iter().all(|&v| v > 0.0 || v.is_nan());
    positive.then(|| values.iter().map(|&v| libm::log(v)).collect())
}

fn logarithms_all(values: &[f64]) -> Option<Vec<f64>> {
    if values.iter().any(|v| v.is_nan()) {
        None
    } else {
        logarithms(values)
    }
}

fn of(columns: &[Numbers], target: &[f64], product: bool, control: &Control) -> Result<Vec<Sum>> {
    let Some(y) = Numbers::new(0, target.to_vec()) else { return Ok(Vec::new()) };
    let with_target: Vec<f64> = columns.par_iter().map(|c| c.r(&y)).collect();
    let row = |i: usize| {
        control.check()?;
        let found = (i + 1..columns.len()).filter_map(|j| {
            let (a, b) = (with_target[i], with_target[j]);
            let best = (a * a).max(b * b);
            // What one column explains alone is not for two to explain.
            if best >= limits::EXACT_SUM {
                return None;
            }
            let r = columns[i].r(&columns[j]);
            let rest = 1.0 - r * r;
            let told = (a * a + b * b - 2.0 * a * b * r) / rest;
            // Missing values make this a guess; what follows is exact.
            if rest < 1e-9 || !(0.98..=1.5).contains(&told) {
                return None;
            }
            let sum = fit(&columns[i], &columns[j], target, product)?;
            (sum.r2 >= limits::EXACT_SUM && 1.0 - sum.r2 <= 0.1 * (1.0 - best)).then_some(sum)
        });
        Ok(found.collect::<Vec<Sum>>())
    };
    let found: Result<Vec<Vec<Sum>>> = (0..columns.len()).into_par_iter().map(row).collect();
    let mut all: Vec<Sum> = found?.into_iter().flatten().collect();
    all.sort_by(|a, b| b.r2.total_cmp(&a.r2));
    let mut kept: Vec<Sum> = Vec::new();
    for sum in all {
        if !kept.iter().any(|k| k.inputs.iter().any(|i| sum.inputs.contains(i))) {
            kept.push(sum);
        }
    }
    Ok(kept)
}

/// The least squares of the target on two columns, on the rows in which all have a value.
fn fit(a: &Numbers, b: &Numbers, target: &[f64], product: bool) -> Option<Sum> {
    let rows = || {
        let both = a.values.iter().zip(&b.values).zip(target);
        both.map(|((&a, &b), &y)| (a, b, y)).filter(|(a, b, y)| !a.is_nan() && !b.is_nan() && !y.is_nan())
    };
    let n = rows().count() as f64;
    if n < 20.0 {
        return None;
    }
    let mean = |of: &dyn Fn((f64, f64, f64)) -> f64| rows().map(of).sum::<f64>() / n;
    let (ma, mb, my) = (mean(&|r| r.0), mean(&|r| r.1), mean(&|r| r.2));
    let product_of = |f: &dyn Fn(f64, f64, f64) -> f64| rows().map(|(a, b, y)| f(a - ma, b - mb, y - my)).sum::<f64>();
    let (aa, ab, bb) = (product_of(&|a, _, _| a * a), product_of(&|a, b, _| a * b), product_of(&|_, b, _| b * b));
    let (ay, by, yy) = (product_of(&|a, _, y| a * y), product_of(&|_, b, y| b * y), product_of(&|_, _, y| y * y));
    let determinant = aa * bb - ab * ab;
    let factors = [(ay * bb - by * ab) / determinant, (by * aa - ay * ab) / determinant];
    let left = product_of(&|a, b, y| (y - factors[0] * a - factors[1] * b).powi(2));
    let r2 = 1.0 - left / yy;
    r2.is_finite().then_some(Sum { inputs: [a.input, b.input], factors, r2, product })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u64, n: usize) -> Vec<f64> {
        let mut state = seed;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            1.0 + (state >> 40) as f64 / 1e6
        };
        (0..n).map(|_| draw()).collect()
    }

    fn found(columns: Vec<Vec<f64>>, target: &[f64]) -> Vec<Sum> {
        let columns: Vec<Numbers> =
            columns.into_iter().enumerate().filter_map(|(i, values)| Numbers::new(i, values)).collect();
        find(&columns, target, &Control::default()).unwrap()
    }

    #[test]
    fn sums_and_products_are_found_and_nothing_else() {
        let (a, b, c) = (noise(1, 500), noise(2, 500), noise(3, 500));
        let with = |f: &dyn Fn(usize) -> f64| (0..500).map(f).collect::<Vec<f64>>();
        let sum = found(vec![a.clone(), c.clone(), b.clone()], &with(&|i| a[i] + 2.0 * b[i] + 3.0));
        assert_eq!(sum.len(), 1);
        assert_eq!((sum[0].inputs, sum[0].product), ([0, 2], false));
        assert!((sum[0].factors[0] - 1.0).abs() < 1e-9 && (sum[0].factors[1] - 2.0).abs() < 1e-9);
        let product = found(vec![a.clone(), c.clone(), b.clone()], &with(&|i| a[i] * b[i]));
        assert!(product.len() == 1 && product[0].product && product[0].inputs == [0, 2]);
        // A third part, noise, or one column that says it all: no sum of two.
        assert!(found(vec![a.clone(), b.clone()], &with(&|i| a[i] + b[i] + 0.3 * c[i])).is_empty());
        assert!(found(vec![a.clone(), b.clone()], &c).is_empty());
        assert!(found(vec![a.clone(), b.clone()], &a).is_empty());
        let mut gaps = a.clone();
        gaps.iter_mut().step_by(3).for_each(|v| *v = f64::NAN);
        assert_eq!(found(vec![gaps, b.clone()], &with(&|i| a[i] + b[i])).len(), 1);
        assert!(found(vec![vec![1.0; 500], vec![f64::NAN; 500]], &c).is_empty());
        assert!(found(Vec::new(), &[]).is_empty());
    }
}

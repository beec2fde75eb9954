//! Correlations of columns of numbers, on a sample.

use rayon::prelude::*;

use crate::control::Control;
use crate::data::ColumnData;
use crate::error::Result;
use crate::learn::train::Request;
use crate::model::InputKind;

use super::limits;
use super::sample::spaced;

/// A column of numbers.
pub struct Numbers {
    /// Its place among the inputs.
    pub input: usize,
    /// Its values; what is not finite is NaN.
    pub values: Vec<f64>,
    /// With mean 0 and length 1, if no value is missing.
    scaled: Option<Vec<f64>>,
}

/// The columns that can be correlated.
pub struct Matrix {
    /// Those that vary.
    pub columns: Vec<Numbers>,
    /// The places in the sample of their rows.
    pub rows: Vec<u32>,
    counted: usize,
}

impl Matrix {
    /// The first [`limits::PAIR_COLUMNS`] columns of numbers on as many rows of the sample as `work` multiplications allow.
    pub fn new(request: &Request, sample: &[u32], work: usize, control: &Control) -> Result<Matrix> {
        let varies = |kind| {
            matches!(
                kind,
                InputKind::Number
                    | InputKind::Boolean
                    | InputKind::Interval
                    | InputKind::Date
                    | InputKind::Timestamp
                    | InputKind::Timestamptz
            )
        };
        let inputs: Vec<usize> = (0..request.inputs.len())
            .filter(|&i| request.inputs[i].count == 1 && varies(request.inputs[i].kind))
            .take(limits::PAIR_COLUMNS)
            .collect();
        let most = pair_rows(inputs.len(), work);
        let places: Vec<u32> = (0..sample.len() as u32).collect();
        let places: Vec<u32> = spaced(&places, most).collect();
        let counted = inputs.len() * places.len() * 2 * std::mem::size_of::<f64>();
        control.reserve(counted)?;
        let column = |&input: &usize| {
            control.check()?;
            let ColumnData::Number(numbers) = &request.table.columns[request.inputs[input].first].data else {
                return Ok(None);
            };
            let values = places.iter().filter_map(|&p| sample.get(p as usize)).map(|&r| numbers.get(r as usize));
            Ok(Numbers::new(input, values.collect()))
        };
        let columns: Result<Vec<Option<Numbers>>> = inputs.par_iter().map(column).collect();
        Ok(Matrix { columns: columns?.into_iter().flatten().collect(), rows: places, counted })
    }

    /// A matrix of no column.
    pub fn none() -> Matrix {
        Matrix { columns: Vec::new(), rows: Vec::new(), counted: 0 }
    }

    /// Give the memory back to the budget.
    pub fn release(self, control: &Control) {
        control.release(self.counted);
    }
}

/// Rows on which all pairs of so many columns can be compared.
pub fn pair_rows(columns: usize, work: usize) -> usize {
    (2 * work / (columns * columns).max(1)).clamp(200, limits::PAIR_ROWS)
}

impl Numbers {
    /// A column; `None` where it does not vary.
    pub fn new(input: usize, mut values: Vec<f64>) -> Option<Numbers> {
        values.iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = f64::NAN);
        let present: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
        if present.len() < 3 {
            return None;
        }
        let mean = present.iter().sum::<f64>() / present.len() as f64;
        let length = present.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>().sqrt();
        if !(length.is_finite() && length > 0.0) {
            return None;
        }
        let complete = present.len() == values.len();
        let scaled = complete.then(|| values.iter().map(|v| (v - mean) / length).collect());
        Some(Numbers { input, values, scaled })
    }

    /// Pearson's r with another column, on the rows in which both have a value; 0 where those are few.
    pub fn r(&self, other: &Numbers) -> f64 {
        match (&self.scaled, &other.scaled) {
            (Some(a), Some(b)) => dot(a, b),
            _ => {
                let both = self.values.iter().zip(&other.values).filter(|(a, b)| !a.is_nan() && !b.is_nan());
                let (a, b): (Vec<f64>, Vec<f64>) = both.unzip();
                if a.len() < limits::PAIR_LEAST {
                    return 0.0;
                }
                match (Numbers::new(0, a), Numbers::new(0, b)) {
                    (Some(a), Some(b)) => dot(a.scaled.as_deref().unwrap_or(&[]), b.scaled.as_deref().unwrap_or(&[])),
                    _ => 0.0,
                }
            }
        }
    }
}

/// The sum of products, in eight lanes: the same on every machine, and quick.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    for (a, b) in a.chunks(8).zip(b.chunks(8)) {
        lanes.iter_mut().zip(a.iter().zip(b)).for_each(|(lane, (a, b))| *lane += a * b);
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_is_pearsons() {
        let a = Numbers::new(0, vec![1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let b = Numbers::new(1, vec![2.0, 1.0, 4.0, 3.0, 5.0]).unwrap();
        assert!((a.r(&b) - 0.8).abs() < 1e-12);
        let rows = || (0..60).map(f64::from);
        let falling = |gap: u32| rows().map(|i| if i as u32 % 3 < gap { f64::INFINITY } else { -i }).collect();
        let (all, gaps) = (Numbers::new(0, rows().collect()).unwrap(), Numbers::new(2, falling(1)).unwrap());
        assert!((all.r(&gaps) + 1.0).abs() < 1e-12 && (gaps.r(&all) + 1.0).abs() < 1e-12);
        // Of 20 rows something follows, of 19 nothing.
        let mut few = Numbers::new(3, falling(2)).unwrap();
        assert!((all.r(&few) + 1.0).abs() < 1e-12);
        few.values[2] = f64::NAN;
        assert_eq!(all.r(&few), 0.0);
        assert!(Numbers::new(0, vec![7.0; 9]).is_none() && Numbers::new(0, vec![f64::NAN; 9]).is_none());
        assert!(Numbers::new(0, vec![1e308, -1e308, 1e308]).is_none());
        assert!(Numbers::new(0, Vec::new()).is_none());
    }
}

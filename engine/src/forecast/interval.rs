//! How far off a forecast may be.
//!
//! Variances of models tell too little: they take the model and its parameters for true. So the errors of forecasts from origins in the past are compared with them,
//! first those of the series itself, by the mean of their squares, shrunken towards the usual ratio where the past is short; then, where many series are forecast
//! together, those of all of them, step by step: the width that would have held the share of the values that is asked for (a conformal calibration across series).

use super::auto::Expected;
use super::croston::Croston;
use super::season::mean;

/// What the past of a forecast says of its errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// The deviations that the model says, by step ahead.
    deviations: Vec<f64>,
    /// The sizes of errors in the past over what the model said then: by origin and step.
    past: Vec<Vec<f64>>,
    /// How many values the series has.
    n: usize,
}

/// A first guess of how much larger squared errors are than models say, and as how many origins it counts. (This and what follows was measured on the M3, M1 and tourism
/// series.)
const USUAL_RATIO: f64 = 1.2;
const USUAL_WEIGHT: f64 = 4.0;
/// They are larger by so much of the square of how far ahead a step is, as a share of the length of the series: trends do not go on as they were.
const FAR_RATIO: f64 = 50.0;
/// What many series say together counts for at most this share. Their pasts flatter a little, as the forms of the models were chosen by all values.
const POOLED: f64 = 0.5;
/// No origin counts for more than this ratio.
const MOST: f64 = 1e6;

/// How much larger squared errors of a step ahead are than a model of so many values says.
fn farther(h: usize, n: usize) -> f64 {
    let ahead = (h + 1) as f64 / n.max(1) as f64;
    1.0 + FAR_RATIO * ahead * ahead
}

impl Spread {
    /// Of what is expected, and of what was in the past.
    pub fn new<'a>(
        expected: &Expected,
        past: impl Iterator<Item = (usize, &'a (Expected, Vec<f64>))>,
        n: usize,
    ) -> Spread {
        let over = |(back, (said, errors)): (usize, &(Expected, Vec<f64>))| {
            let known = n - back;
            let of = |(h, (e, v)): (usize, (&f64, &f64))| e.abs() / (v * farther(h, known)).max(1e-300).sqrt();
            errors.iter().zip(&said.variance).enumerate().map(of).collect()
        };
        let deviation = |(h, v): (usize, &f64)| (v.max(0.0) * farther(h, n)).sqrt();
        let deviations = expected.variance.iter().enumerate().map(deviation).collect();
        Spread { deviations, past: past.map(over).collect(), n }
    }

    /// The ratio of squared errors to the variances of the model, by all origins but one.
    fn ratio(&self, without: Option<usize>) -> f64 {
        let (mut sum, mut origins) = (0.0, 0.0);
        for (_, sizes) in self.past.iter().enumerate().filter(|(i, _)| Some(*i) != without) {
            let squares: Vec<f64> = sizes.iter().map(|s| s * s).collect();
            sum += mean(&squares).min(MOST);
            origins += 1.0;
        }
        ((USUAL_WEIGHT * USUAL_RATIO + sum) / (USUAL_WEIGHT + origins)).max(1.0)
    }

    /// How far from what is expected the interval reaches, by step.
    pub fn widths(&self, level: f64, pool: Option<&Pool>) -> Vec<f64> {
        let ratio = self.ratio(None).sqrt();
        let usual = quantile(level, self.n);
        let reach = |h: usize| pool.map_or(usual, |pool| pool.reach(h, usual));
        self.deviations.iter().enumerate().map(|(h, d)| d * ratio * reach(h)).collect()
    }
}

/// What the pasts of many series say together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pool {
    /// By step: how many deviations held the share of the errors, and how much that tells.
    reach: Vec<(f64, f64)>,
}

impl Pool {
    /// Of spreads, for intervals that hold a share of the values. `None` of one series: it tells no more than itself.
    pub fn new<'a>(spreads: impl Iterator<Item = &'a Spread>, level: f64) -> Option<Pool> {
        let mut sizes: Vec<Vec<f64>> = Vec::new();
        let mut series: Vec<f64> = Vec::new();
        for spread in spreads {
            let longest = spread.past.iter().map(Vec::len).max().unwrap_or(0);
            if longest > sizes.len() {
                sizes.resize(longest, Vec::new());
                series.resize(longest, 0.0);
            }
            series[..longest].iter_mut().for_each(|s| *s += 1.0);
            for (i, past) in spread.past.iter().enumerate() {
                let ratio = spread.ratio(Some(i)).sqrt();
                sizes.iter_mut().zip(past).for_each(|(all, size)| all.push(size / ratio));
            }
        }
        let reach = |(all, series): (&mut Vec<f64>, &f64)| {
            all.sort_by(f64::total_cmp);
            // So many series lie beyond: of few, chance says more than they do.
            let beyond = series * (1.0 - level);
            (at(all, level), POOLED * beyond / (beyond + 1.0))
        };
        let reach: Vec<(f64, f64)> = sizes.iter_mut().zip(&series).map(reach).collect();
        (series.first().is_some_and(|s| *s > 1.0)).then_some(Pool { reach })
    }

    /// How many deviations the interval of a step reaches, where `usual` are without the pool. Beyond the steps that were looked at it is as at the last of them.
    fn reach(&self, h: usize, usual: f64) -> f64 {
        let (found, weight) = self.reach.get(h).or(self.reach.last()).copied().unwrap_or((usual, 0.0));
        weight * found + (1.0 - weight) * usual
    }
}

/// The quantile of values in their order.
fn at(sorted: &[f64], share: f64) -> f64 {
    let n = sorted.len() as f64;
    let place = (share * (n + 1.0) - 1.0).clamp(0.0, n - 1.0);
    let (i, part) = (place.floor() as usize, place.fract());
    sorted[i] + part * (sorted[(i + 1).min(sorted.len() - 1)] - sorted[i])
}

/// How many deviations hold a share of the values.
pub(super) fn quantile(level: f64, n: usize) -> f64 {
    use statrs::distribution::{ContinuousCDF, StudentsT};
    let freedom = (n as f64 - 3.0).max(1.0);
    StudentsT::new(0.0, 1.0, freedom).map_or(1.96, |t| t.inverse_cdf(0.5 + level / 2.0))
}

/// Demand with zeros is not normal: the interval is that of the values themselves around what was expected of them.
pub(super) fn sparse(model: &Croston, y: &[f64], expected: &Expected, level: f64) -> (Vec<f64>, Vec<f64>) {
    let mut fitted = vec![0.0; y.len()];
    model.fitted(y, &mut fitted);
    let mut errors: Vec<f64> = y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    errors.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    let (low, high) = (at(&errors, tail), at(&errors, 1.0 - tail));
    let around = |by: f64| expected.mean.iter().map(|m| m + by).collect();
    (around(low), around(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(size: f64, n: usize) -> Spread {
        let expected = Expected { mean: vec![10.0; 3], variance: vec![1.0; 3] };
        let past = [(3, (expected.clone(), vec![size, -size, size])), (6, (expected.clone(), vec![size; 3]))];
        Spread::new(&expected, past.iter().map(|p| (p.0, &p.1)), n)
    }

    #[test]
    fn errors_of_the_past_widen_intervals_and_never_narrow_them() {
        let usual = quantile(0.95, 1000);
        let of = |size: f64| spread(size, 1000).widths(0.95, None)[0];
        assert!((of(0.1) / usual - 1.0).abs() < 1e-3 && of(3.0) > 1.5 * usual);
        let far = spread(1.0, 20).widths(0.95, None);
        assert!(far[0] < far[1] && far[1] < far[2], "{far:?}");
    }

    #[test]
    fn many_series_say_together_how_far_errors_reach() {
        // All errors are as large as one deviation: no interval need reach farther.
        let all: Vec<Spread> = (0..1000).map(|_| spread(1.0, 1000)).collect();
        let pool = Pool::new(all.iter(), 0.95).unwrap();
        let (alone, together) = (all[0].widths(0.95, None), all[0].widths(0.95, Some(&pool)));
        assert!(together[0] < 0.8 * alone[0] && together[0] > 1.0, "{together:?} {alone:?}");
        assert_eq!(Pool::new(all[..1].iter(), 0.95), None);
        assert_eq!(Pool::new([].into_iter(), 0.95), None);
        // A few tell little.
        let few = Pool::new(all[..2].iter(), 0.95).unwrap();
        assert!(all[0].widths(0.95, Some(&few))[0] > 0.9 * alone[0]);
    }
}

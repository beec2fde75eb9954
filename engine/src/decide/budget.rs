//! How to share a budget out among campaigns, by what their spending brought so far.
//!
//! What a campaign brings is taken as a concave function of what is spent on it: the first hundred brings more than the next. Three such curves are
//! fitted by least squares and the one with the least error is kept: a power, an exponential that saturates, and a hyperbola that does (Michaelis and Menten
//! 1913; Hill's curve of exponent 1), each with or without what comes by itself. For concave curves the best allocation is that in which the last unit of
//! money brings the same everywhere, which is found by halving (Lagrange; "water filling").

use crate::control::Control;
use crate::data::sort;
use crate::error::Result;

/// A period of a campaign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// What was spent, not negative.
    pub spend: f64,
    /// What it brought.
    pub outcome: f64,
}

/// What a curve is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// `gain * spend ^ bend`.
    Power,
    /// `gain * (1 - exp(-spend / bend))`.
    Exponential,
    /// `gain * spend / (spend + bend)`.
    Hyperbola,
}

impl Shape {
    /// All.
    pub const ALL: [Shape; 3] = [Shape::Power, Shape::Exponential, Shape::Hyperbola];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Power => "power",
            Shape::Exponential => "exponential",
            Shape::Hyperbola => "hyperbola",
        }
    }

    /// The curve of gain 1.
    fn at(self, spend: f64, bend: f64) -> f64 {
        match self {
            Shape::Power => libm::pow(spend, bend),
            Shape::Exponential => -libm::expm1(-spend / bend),
            Shape::Hyperbola => spend / (spend + bend),
        }
    }

    /// Its slope.
    fn slope(self, spend: f64, bend: f64) -> f64 {
        match self {
            Shape::Power => bend * libm::pow(spend, bend - 1.0),
            Shape::Exponential => libm::exp(-spend / bend) / bend,
            Shape::Hyperbola => bend / (spend + bend).powi(2),
        }
    }
}

/// What a campaign brings by what is spent on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    /// The curve.
    pub shape: Shape,
    /// How high it goes.
    pub gain: f64,
    /// How soon it bends.
    pub bend: f64,
    /// What comes without spending.
    pub base: f64,
    /// The share of the variance of the outcomes that it explains; `None` where they do not vary.
    pub r2: Option<f64>,
    /// Whether the bend is assumed, as spends hardly differ.
    pub assumed: bool,
}

impl Response {
    /// What is to be expected.
    pub fn at(&self, spend: f64) -> f64 {
        self.base + self.gain * self.shape.at(spend, self.bend)
    }

    /// What the next unit of money would bring.
    pub fn slope(&self, spend: f64) -> f64 {
        if self.gain == 0.0 {
            0.0
        } else {
            self.gain * self.shape.slope(spend, self.bend)
        }
    }
}

/// Bends that are tried of each curve.
const BENDS: usize = 60;
/// Different spends from which on what comes by itself is told apart.
const LEVELS: usize = 5;
/// The bend of a power where spends hardly differ, so that nothing tells it: the square root, by which twice the money brings 1.4 times as much.
const USUAL_BEND: f64 = 0.5;

/// Fit the curve of a campaign. Without a period that has both numbers there is none; without spending nothing is to be gained.
pub fn fit(periods: &[Period], control: &Control) -> Result<Option<Response>> {
    let mut known: Vec<Period> = control.vec(periods.len())?;
    known.extend(periods.iter().filter(|p| p.spend.is_finite() && p.spend >= 0.0 && p.outcome.is_finite()));
    let mut heights: Vec<f64> = control.filled(known.len(), 0.0)?;
    let found = fit_known(&known, &mut heights, control);
    control.release_vec(heights);
    control.release_vec(known);
    found
}

/// The same of periods that have both numbers. `heights` is as long as they are.
fn fit_known(known: &[Period], heights: &mut [f64], control: &Control) -> Result<Option<Response>> {
    if known.is_empty() {
        return Ok(None);
    }
    let most = known.iter().map(|p| p.spend).fold(0.0, f64::max);
    let mut spends: Vec<f64> = control.vec(known.len())?;
    spends.extend(known.iter().map(|p| p.spend));
    sort(&mut spends, f64::total_cmp, control)?;
    spends.dedup();
    let count = known.len() as f64;
    let mean = known.iter().map(|p| p.outcome).sum::<f64>() / count;
    let spread: f64 = known.iter().map(|p| (p.outcome - mean).powi(2)).sum();
    // What there is without spending shows where there were such periods.
    let with_none = spends.first() == Some(&0.0);
    let (different, levels) = (spends.len(), spends.len() - usize::from(with_none));
    control.release_vec(spends);
    let assumed = levels < 3;
    // That spending changes nothing is believed where it varied.
    let flat = Response { shape: Shape::Power, gain: 0.0, bend: USUAL_BEND, base: mean, r2: None, assumed };
    let mut best: Option<(f64, Response)> = (different > 1 || most <= 0.0).then_some((spread, flat));
    let mut consider = |shape: Shape, bend: f64, with_base: bool| {
        control.check()?;
        // The heights of a curve of gain 1 are asked for several times.
        heights.iter_mut().zip(known).for_each(|(height, p)| *height = shape.at(p.spend, bend));
        let Some((gain, base)) = line(known, heights, with_base) else { return Ok(()) };
        let response = Response { shape, gain, bend, base, r2: None, assumed };
        let error: f64 =
            known.iter().zip(heights.iter()).map(|(p, height)| (p.outcome - (base + gain * height)).powi(2)).sum();
        if error.is_finite() && best.as_ref().is_none_or(|(least, _)| error < least * (1.0 - 1e-9)) {
            best = Some((error, response));
        }
        Ok::<(), crate::Error>(())
    };
    if most > 0.0 && assumed {
        consider(Shape::Power, USUAL_BEND, with_none)?;
    } else if most > 0.0 {
        for with_base in [false, true].into_iter().filter(|with| !with || with_none || levels >= LEVELS) {
            for i in 0..BENDS {
                let share = (i as f64 + 0.5) / BENDS as f64;
                consider(Shape::Power, 0.05 + 0.95 * share, with_base)?;
                // From bends far below what was spent to far above, where a curve is all but a line.
                let bend = most * libm::pow(10.0, -2.0 + 3.5 * share);
                consider(Shape::Exponential, bend, with_base)?;
                consider(Shape::Hyperbola, bend, with_base)?;
            }
        }
    }
    Ok(best.map(|(error, response)| Response { r2: (spread > 0.0).then(|| 1.0 - error / spread), ..response }))
}

/// The gain and base of least squares, neither below 0, of a curve of gain 1 with these heights.
fn line(periods: &[Period], heights: &[f64], with_base: bool) -> Option<(f64, f64)> {
    let count = periods.len() as f64;
    let sum = |of: fn(f64, f64) -> f64| periods.iter().zip(heights).map(|(p, &x)| of(x, p.outcome)).sum::<f64>();
    let (x, y, xx, xy) = (sum(|x, _| x), sum(|_, y| y), sum(|x, _| x * x), sum(|x, y| x * y));
    let through = (xx > 0.0).then(|| ((xy / xx).max(0.0), 0.0))?;
    if !with_base {
        return Some(through);
    }
    let spread = xx - x * x / count;
    if spread <= xx * 1e-12 {
        return Some(through);
    }
    let gain = (xy - x * y / count) / spread;
    let base = (y - gain * x) / count;
    match (gain < 0.0, base < 0.0) {
        (true, _) => Some((0.0, (y / count).max(0.0))),
        (_, true) => Some(through),
        _ => Some((gain, base)),
    }
}

/// A campaign that may get a share.
#[derive(Debug, Clone, Copy)]
pub struct Campaign {
    /// What it brings.
    pub response: Response,
    /// What it must get.
    pub minimum: f64,
    /// What it may get.
    pub maximum: f64,
}

/// Halvings of the range of slopes.
const HALVINGS: usize = 200;

/// Share a budget out so that what all campaigns bring together is most. What the maxima do not let in is not spent; where the minima exceed the budget, they
/// are what each gets.
pub fn allocate(campaigns: &[Campaign], budget: f64, control: &Control) -> Result<Vec<f64>> {
    // What each would take if the last unit of money must bring so much.
    let taken = |slope: f64| -> Vec<f64> { campaigns.iter().map(|c| at_slope(c, slope)).collect() };
    let total = |shares: &[f64]| shares.iter().sum::<f64>();
    let all: Vec<f64> = campaigns.iter().map(|c| if c.response.gain > 0.0 { c.maximum } else { c.minimum }).collect();
    if total(&all) <= budget {
        return Ok(all);
    }
    let least: Vec<f64> = campaigns.iter().map(|c| c.minimum).collect();
    if total(&least) >= budget {
        return Ok(least);
    }
    let (mut low, mut high) = (0.0, 1.0);
    while total(&taken(high)) > budget && high < 1e300 {
        high *= 4.0;
    }
    for _ in 0..HALVINGS {
        control.check()?;
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        match total(&taken(middle)) > budget {
            true => low = middle,
            false => high = middle,
        }
    }
    // Of curves that are all but lines one takes the whole of what is left: between the two slopes lies the budget.
    let (mut shares, more) = (taken(high), taken(low));
    let mut left = budget - total(&shares);
    for (share, more) in shares.iter_mut().zip(more) {
        let add = (more - *share).clamp(0.0, left.max(0.0));
        *share += add;
        left -= add;
    }
    Ok(shares)
}

/// What a campaign takes until the next unit would bring less than `slope`.
fn at_slope(campaign: &Campaign, slope: f64) -> f64 {
    let Campaign { response, minimum, maximum } = campaign;
    if response.gain <= 0.0 || response.slope(minimum.max(f64::MIN_POSITIVE)) <= slope {
        return *minimum;
    }
    if response.slope(*maximum) >= slope {
        return *maximum;
    }
    let (mut low, mut high) = (*minimum, *maximum);
    for _ in 0..100 {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            break;
        }
        match response.slope(middle) > slope {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(periods: &[Period]) -> Option<Response> {
        super::fit(periods, &Control::default()).unwrap()
    }

    fn periods(of: impl Fn(f64) -> f64) -> Vec<Period> {
        (1..=40).map(|i| f64::from(i) * 25.0).map(|spend| Period { spend, outcome: of(spend) }).collect()
    }

    #[test]
    fn curves_are_found_again() {
        for (of, name) in [
            (Box::new(|s: f64| 3.0 * s.powf(0.6)) as Box<dyn Fn(f64) -> f64>, "power"),
            (Box::new(|s: f64| 40.0 + 500.0 * (1.0 - (-s / 300.0).exp())), "exponential"),
            (Box::new(|s: f64| 900.0 * s / (s + 400.0)), "hyperbola"),
        ] {
            let found = fit(&periods(&of)).unwrap();
            assert_eq!(found.shape.name(), name);
            assert!(found.r2.unwrap() > 0.999, "{found:?}");
            for spend in [100.0, 500.0, 1000.0] {
                assert!((found.at(spend) / of(spend) - 1.0).abs() < 0.03, "{found:?} {spend}");
            }
        }
    }

    #[test]
    fn what_tells_nothing_has_no_curve() {
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[Period { spend: 0.0, outcome: 5.0 }]).map(|r| (r.gain, r.base)), Some((0.0, 5.0)));
        // With and without spending alike: spending brings nothing, whatever comes by itself.
        let on_off: Vec<Period> =
            (0..20).map(|i| Period { spend: f64::from(i % 2) * 100.0, outcome: 1000.0 + f64::from(i % 2) }).collect();
        let found = fit(&on_off).unwrap();
        assert!((found.at(0.0) - 1000.0).abs() < 1e-6 && (found.at(200.0) - 1001.4).abs() < 0.1, "{found:?}");
        let loss: Vec<Period> =
            [(100.0, -50.0), (50.0, -43.0), (10.0, -47.0)].map(|(spend, outcome)| Period { spend, outcome }).to_vec();
        let found = fit(&loss).unwrap();
        assert!(found.gain == 0.0 && (found.base + 46.666).abs() < 0.01, "{found:?}");
        assert_eq!(
            fit(&[Period { spend: f64::NAN, outcome: 5.0 }, Period { spend: 1.0, outcome: f64::INFINITY }]),
            None
        );
        let one = fit(&[Period { spend: 100.0, outcome: 50.0 }]).unwrap();
        assert_eq!((one.shape, one.bend, one.r2), (Shape::Power, USUAL_BEND, None));
        assert!((one.at(100.0) - 50.0).abs() < 1e-9);
        // More money, less success: nothing is to be gained.
        assert_eq!(fit(&periods(|s| 1000.0 - s)).unwrap().gain, 0.0);
    }

    proptest! {
        /// The budget and the limits are kept, and no move of money from one campaign to another brings more.
        #[test]
        fn allocations_are_best(
            curves in prop::collection::vec((0usize..3, 0.0f64..100.0, 0.05f64..1.0, 0.0f64..50.0, 0.0f64..500.0), 1..6),
            budget in 0.0f64..2000.0,
        ) {
            let campaigns: Vec<Campaign> = curves.iter().map(|&(shape, gain, bend, minimum, more)| {
                let shape = Shape::ALL[shape];
                let bend = if shape == Shape::Power { bend } else { bend * 800.0 };
                Campaign { response: Response { shape, gain, bend, base: 1.0, r2: None, assumed: false }, minimum, maximum: minimum + more }
            }).collect();
            let shares = allocate(&campaigns, budget, &Control::default()).unwrap();
            let least: f64 = campaigns.iter().map(|c| c.minimum).sum();
            prop_assert!(shares.iter().sum::<f64>() <= budget.max(least) + 1e-6);
            for (share, c) in shares.iter().zip(&campaigns) {
                prop_assert!(*share >= c.minimum - 1e-9 && *share <= c.maximum + 1e-9);
            }
            let earned = |shares: &[f64]| shares.iter().zip(&campaigns).map(|(s, c)| c.response.at(*s)).sum::<f64>();
            let all = earned(&shares);
            for from in 0..campaigns.len() {
                for to in 0..campaigns.len() {
                    let mut other = shares.clone();
                    let moved = (other[from] - campaigns[from].minimum).min(campaigns[to].maximum - other[to]).min(5.0);
                    other[from] -= moved;
                    other[to] += moved;
                    prop_assert!(earned(&other) <= all + 1e-6 * all.abs().max(1.0));
                }
            }
        }
    }
}

//! What is spent works on: curves of what a campaign brings by what was spent on it now and before.
//!
//! Each period keeps a share of what worked in the one before (geometric adstock, Broadbent 1979): `a[t] = (1 - decay) spend[t] + decay a[t - 1]`. By the
//! factor of the new spending the same spending for ever works as much as it is, so that a curve over `a` is one over what is spent a period in the long run,
//! and a budget can be shared out by it. The decay is that with which the curve of [`super::budget`] explains most.

use super::budget::{fit, Period, Response};
use crate::control::Control;
use crate::error::Result;

/// A period of a campaign, with its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dated {
    /// When, in any unit.
    pub time: f64,
    /// What was spent and what came.
    pub period: Period,
}

/// What a campaign brings, by what is spent in the long run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Carried {
    /// The share of what works that still works a period later, from 0 to below 1.
    pub decay: f64,
    /// The curve.
    pub response: Response,
    /// What the best curve without a decay explains.
    pub r2_without: Option<f64>,
}

impl Carried {
    /// The periods after which half is left; 0 without a decay.
    pub fn half_life(&self) -> f64 {
        match self.decay > 0.0 {
            true => -std::f64::consts::LN_2 / libm::log(self.decay),
            false => 0.0,
        }
    }
}

/// The decays that are tried first are these many steps apart from 0 to below 1.
const STEPS: u32 = 20;
/// And then this many between two of them.
const FINE: u32 = 10;
/// Fewer periods than this tell nothing of a decay.
const LEAST: usize = 10;

/// Periods in their order in time, those of the same time as one.
pub fn in_order(mut dated: Vec<Dated>) -> Vec<Dated> {
    dated.sort_by(|a, b| {
        let spends = || a.period.spend.total_cmp(&b.period.spend);
        let outcomes = || a.period.outcome.total_cmp(&b.period.outcome);
        a.time.total_cmp(&b.time).then_with(spends).then_with(outcomes)
    });
    dated.dedup_by(|next, kept| {
        let same = next.time == kept.time;
        if same {
            kept.period.spend += next.period.spend;
            kept.period.outcome += next.period.outcome;
        }
        same
    });
    dated
}

/// The periods with what works in place of what was spent. `dated` is from [`in_order`].
///
/// A period is the shortest time between two; in those between, of which nothing is known, nothing was spent. `works` is what works before the first.
pub fn carried(dated: &[Dated], decay: f64, mut works: f64, control: &Control) -> Result<Vec<Period>> {
    let step = dated.windows(2).map(|pair| pair[1].time - pair[0].time).fold(f64::INFINITY, f64::min);
    let mut before: Option<f64> = None;
    let one = |d: &Dated| {
        let periods = before.map_or(1.0, |before| ((d.time - before) / step).round().max(1.0));
        works = (1.0 - decay) * d.period.spend + libm::pow(decay, periods) * works;
        before = Some(d.time);
        Period { spend: works, outcome: d.period.outcome }
    };
    let mut periods = control.vec(dated.len())?;
    periods.extend(dated.iter().map(one));
    Ok(periods)
}

/// Fit the curve of a campaign with the decay that explains most, or with a given one. `None` as of [`fit`].
///
/// A decay is one number more to choose, so it must explain more than chance would: it is believed where Schwarz's criterion is better with it.
pub fn fit_carried(dated: &[Dated], decay: Option<f64>, control: &Control) -> Result<Option<Carried>> {
    let mean = dated.iter().map(|d| d.period.spend).sum::<f64>() / dated.len().max(1) as f64;
    // Nobody says whether the campaign began with the first period or ran on: what explains more is taken.
    let from = |decay: f64, works: f64| {
        let periods = carried(dated, decay, works, control)?;
        let found = fit(&periods, control);
        control.release_vec(periods);
        found
    };
    let with = |decay: f64| {
        let ran = from(decay, mean)?;
        if decay == 0.0 {
            return Ok::<_, crate::error::Error>(ran);
        }
        let began = from(decay, 0.0)?;
        let r2 = |response: &Option<Response>| response.and_then(|response| response.r2);
        Ok(if r2(&began) > r2(&ran) { began } else { ran })
    };
    let Some(without) = with(0.0)? else { return Ok(None) };
    let r2_without = without.r2;
    let of = |decay: f64, response: Response| Some(Carried { decay, response, r2_without });
    if let Some(decay) = decay {
        return Ok(with(decay)?.and_then(|response| of(decay, response)));
    }
    let (Some(first), false) = (r2_without, without.assumed || dated.len() < LEAST) else {
        return Ok(of(0.0, without));
    };
    let mut best = (0.0, without, first);
    let consider = |decay: f64, best: &mut (f64, Response, f64)| {
        if let Some((response, r2)) = with(decay)?.and_then(|response| Some((response, response.r2?))) {
            if r2 > best.2 {
                *best = (decay, response, r2);
            }
        }
        Ok::<_, crate::error::Error>(())
    };
    for step in 1..STEPS {
        consider(f64::from(step) / f64::from(STEPS), &mut best)?;
    }
    let around = best.0;
    for step in 1..2 * FINE {
        let decay = around + (f64::from(step) / f64::from(FINE) - 1.0) / f64::from(STEPS);
        if decay > 0.0 && decay < 1.0 && step != FINE {
            consider(decay, &mut best)?;
        }
    }
    let count = dated.len() as f64;
    let (decay, response, r2) = best;
    // n ln(error) + ln(n) for the number more; nothing is left of the error where all is explained.
    let pays =
        count * libm::log((1.0 - r2).max(1e-300)) + libm::log(count) < count * libm::log((1.0 - first).max(1e-300));
    Ok(if pays { of(decay, response) } else { of(0.0, without) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spending that goes up and down, and what it brings by a hyperbola of what works of it.
    fn history(decay: f64, noise: f64) -> Vec<Dated> {
        let mut works = 0.0;
        let one = |t: u32| {
            let spend = if t % 7 < 3 { 0.0 } else { f64::from(t * 53 % 400) };
            works = (1.0 - decay) * spend + decay * works;
            let chance = f64::from(t * 7919 % 101) / 101.0 - 0.5;
            let outcome = 20.0 + 500.0 * works / (works + 150.0) + noise * chance;
            Dated { time: f64::from(t), period: Period { spend, outcome } }
        };
        (0..300).map(one).collect()
    }

    #[test]
    fn decays_are_found_again() {
        for decay in [0.0, 0.3, 0.55, 0.8] {
            let found = fit_carried(&history(decay, 3.0), None, &Control::default()).unwrap().unwrap();
            assert!((found.decay - decay).abs() < 0.04, "{decay}: {found:?}");
            assert!(found.response.r2.unwrap() > 0.95, "{found:?}");
            for spend in [50.0_f64, 150.0, 250.0] {
                let true_outcome = 20.0 + 500.0 * spend / (spend + 150.0);
                assert!((found.response.at(spend) / true_outcome - 1.0).abs() < 0.05, "{decay} {spend}: {found:?}");
            }
        }
        let found = fit_carried(&history(0.5, 10.0), Some(0.2), &Control::default()).unwrap().unwrap();
        assert_eq!(found.decay, 0.2);
        assert!((Carried { decay: 0.5, ..found }.half_life() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_chance_brings_has_no_decay() {
        let mut chance = history(0.0, 0.0);
        chance.iter_mut().enumerate().for_each(|(i, d)| d.period.outcome = ((i * i * 7919) % 1009) as f64);
        assert_eq!(fit_carried(&chance, None, &Control::default()).unwrap().unwrap().decay, 0.0);
        assert_eq!(fit_carried(&history(0.7, 0.0)[..9], None, &Control::default()).unwrap().unwrap().decay, 0.0);
        assert!(fit_carried(&[], None, &Control::default()).unwrap().is_none());
        let constant: Vec<Dated> =
            (0..20).map(|t| Dated { time: f64::from(t), period: Period { spend: 5.0, outcome: 3.0 } }).collect();
        let found = fit_carried(&constant, None, &Control::default()).unwrap().unwrap();
        assert!(found.decay == 0.0 && found.response.assumed && found.half_life() == 0.0);
        let cancelled = Control::default();
        cancelled.cancel();
        assert!(fit_carried(&constant, None, &cancelled).is_err());
    }

    #[test]
    fn gaps_are_periods_without_spending_and_a_time_is_one_period() {
        let at = |time: f64, spend: f64| Dated { time, period: Period { spend, outcome: 1.0 } };
        let dated = in_order(vec![at(40.0, 8.0), at(10.0, 4.0), at(20.0, 1.0), at(20.0, 3.0)]);
        assert_eq!(
            dated.iter().map(|d| (d.time, d.period.spend, d.period.outcome)).collect::<Vec<_>>(),
            [(10.0, 4.0, 1.0), (20.0, 4.0, 2.0), (40.0, 8.0, 1.0)]
        );
        let carried =
            |dated: &[Dated], decay: f64, works: f64| carried(dated, decay, works, &Control::default()).unwrap();
        let spends = |decay: f64| carried(&dated, decay, 16.0 / 3.0).iter().map(|p| p.spend).collect::<Vec<f64>>();
        assert_eq!(spends(0.0), [4.0, 4.0, 8.0]);
        let mean = 16.0 / 3.0;
        let (first, second) = (2.0 + mean / 2.0, 2.0 + (2.0 + mean / 2.0) / 2.0);
        assert_eq!(spends(0.5), [first, second, 4.0 + second / 4.0]);
        // The same for ever works as it is.
        let steady: Vec<Dated> = (0..50).map(|t| at(f64::from(t), 7.0)).collect();
        assert!(carried(&steady, 0.9, 7.0).iter().all(|p| (p.spend - 7.0).abs() < 1e-12));
    }
}

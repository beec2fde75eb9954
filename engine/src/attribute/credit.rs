//! The methods that share conversions among channels.

use super::{look, markov, Journeys, View};
use crate::control::Control;
use crate::error::Result;

/// How conversions are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// All to the first touch.
    FirstTouch,
    /// All to the last touch.
    LastTouch,
    /// The same to each touch.
    Linear,
    /// Given shares to the first and the last touch, the rest to those between.
    PositionBased,
    /// Half as much to a touch that was one half-life earlier.
    TimeDecay,
    /// By what would be lost without the channel in a Markov chain of the journeys (Anderl, Becker, von Wangenheim and Schumann 2016).
    Markov,
    /// The Shapley value of the game in which channels win together the conversions of the journeys that they could have made without the others (Shapley
    /// 1953). The game is a sum of games of one journey each, in which its channels alone count and none can be missed, so that its value is the same for
    /// each (Zhao, Mahboobi and Bagheri 2018): it is exact for any number of channels.
    Shapley,
}

impl Method {
    /// All.
    pub const ALL: [Method; 7] = [
        Method::FirstTouch,
        Method::LastTouch,
        Method::Linear,
        Method::PositionBased,
        Method::TimeDecay,
        Method::Markov,
        Method::Shapley,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Method::FirstTouch => "first_touch",
            Method::LastTouch => "last_touch",
            Method::Linear => "linear",
            Method::PositionBased => "position_based",
            Method::TimeDecay => "time_decay",
            Method::Markov => "markov",
            Method::Shapley => "shapley",
        }
    }
}

/// What methods are told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// The share of the first touch of [`Method::PositionBased`].
    pub first: f64,
    /// That of the last touch; both together are 1 at most.
    pub last: f64,
    /// The days in which a touch loses half its weight by [`Method::TimeDecay`].
    pub half_life: f64,
    /// How many touches back a state of [`Method::Markov`] goes, at least 1.
    pub order: usize,
}

/// What a channel gets.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Credit {
    /// Conversions.
    pub conversions: f64,
    /// Their value.
    pub value: f64,
    /// The share of conversions that would be lost without the channel; only of [`Method::Markov`].
    pub removal_effect: Option<f64>,
}

/// Share the conversions of journeys among `channels` channels.
pub fn attribute(
    journeys: &Journeys,
    channels: usize,
    method: Method,
    weights: &Weights,
    control: &Control,
) -> Result<Vec<Credit>> {
    if method == Method::Markov {
        return markov::attribute(journeys, channels, weights.order, control);
    }
    let mut credits: Vec<Credit> = control.filled(channels, Credit::default())?;
    let mut shares: Vec<f64> = Vec::new();
    for (index, journey) in journeys.iter().enumerate().filter(|(_, journey)| journey.conversions > 0.0) {
        look(index, control)?;
        shares.clear();
        control.room(&mut shares, journey.channels.len())?;
        share(method, weights, journey, &mut shares);
        let all: f64 = shares.iter().sum();
        for (&channel, share) in journey.channels.iter().zip(&shares) {
            let credit = &mut credits[channel as usize];
            credit.conversions += journey.conversions * (share / all);
            credit.value += journey.value * (share / all);
        }
    }
    control.release_vec(shares);
    Ok(credits)
}

/// The weight of each touch of a journey, which need not sum up to 1.
fn share(method: Method, weights: &Weights, journey: View<'_>, shares: &mut Vec<f64>) {
    let count = journey.channels.len();
    let only = |at: usize| (0..count).map(move |i| if i == at { 1.0 } else { 0.0 });
    match method {
        Method::FirstTouch => shares.extend(only(0)),
        Method::LastTouch => shares.extend(only(count - 1)),
        Method::Linear | Method::Markov => shares.extend((0..count).map(|_| 1.0)),
        Method::PositionBased => {
            let between = (1.0 - weights.first - weights.last).max(0.0);
            // Of one or two touches none is between, and where the ends have no share, there they are alike.
            let ends = if weights.first + weights.last > 0.0 { (weights.first, weights.last) } else { (1.0, 1.0) };
            shares.extend((0..count).map(|i| match (count, i) {
                (1, _) => 1.0,
                (2, 0) => ends.0,
                (2, _) => ends.1,
                (_, 0) => weights.first,
                (_, i) if i + 1 == count => weights.last,
                (_, _) => between / (count - 2) as f64,
            }));
        }
        Method::TimeDecay => {
            // Only the differences of ages count, so that the last touch never loses its weight.
            let last = journey.ages.last().copied().unwrap_or(0.0);
            shares.extend(journey.ages.iter().map(|age| libm::exp2((last - age) / weights.half_life)));
        }
        Method::Shapley => {
            // Each channel once, at its first touch; the same to each.
            let mut seen: Vec<u32> = journey.channels.to_vec();
            seen.sort_unstable();
            seen.dedup();
            let mut left = vec![true; seen.len()];
            shares.extend(journey.channels.iter().map(|channel| match seen.binary_search(channel) {
                Ok(at) if std::mem::replace(&mut left[at], false) => 1.0,
                _ => 0.0,
            }));
        }
    }
}

//! What a customer is worth, by both models together.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bgnbd::Parameters;
use super::events::Customer;
use super::spend;
use crate::control::Control;
use crate::data::par_sort;
use crate::error::Result;

/// What amounts are taken to be. Frozen, as models keep it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Amounts {
    /// There are none.
    None,
    /// By the gamma-gamma model.
    Model(spend::Parameters),
    /// A customer's own mean, and this one for those who never came back.
    Mean(Option<f64>),
}

impl Amounts {
    /// What a purchase of a customer is expected to bring.
    pub fn of(&self, customer: &Customer) -> Option<f64> {
        match self {
            Amounts::None => None,
            Amounts::Model(spend) => Some(spend.mean(customer)),
            Amounts::Mean(_) if customer.frequency > 0 => Some(customer.spend),
            Amounts::Mean(mean) => *mean,
        }
    }
}

/// How far is looked ahead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ahead {
    /// So many periods.
    pub horizon: f64,
    /// By how much less money of a period later is worth.
    pub discount_rate: f64,
}

impl Ahead {
    /// The purchases to expect of a customer, and the same with those of later periods counting less.
    pub fn purchases(&self, customer: &Customer, times: &Parameters) -> (f64, f64) {
        let purchases = times.purchases(customer, self.horizon);
        if self.discount_rate <= 0.0 {
            return (purchases, purchases);
        }
        let (mut before, mut sum) = (0.0, 0.0);
        for i in 1..=self.horizon.ceil() as u32 {
            let until = times.purchases(customer, f64::from(i).min(self.horizon));
            sum += (until - before) * libm::pow(1.0 + self.discount_rate, -f64::from(i));
            before = until;
        }
        (purchases, sum)
    }
}

/// What a customer is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worth {
    /// The probability that they are still there.
    pub alive: f64,
    /// The purchases to expect within the horizon.
    pub purchases: f64,
    /// The amount of each.
    pub amount: Option<f64>,
    /// What all of them are worth now.
    pub value: Option<f64>,
}

/// The mean of the amounts of those who came back.
pub fn mean_amount(customers: &[Customer]) -> Option<f64> {
    let back = customers.iter().filter(|c| c.frequency > 0);
    let (sum, count) = back.fold((0.0, 0.0), |(sum, count), c| (sum + c.spend, count + 1.0));
    (count > 0.0).then_some(sum / count)
}

/// What customers are worth. Where there are no amounts, nothing is discounted.
pub fn worth(
    customers: &[Customer],
    times: &Parameters,
    amounts: Amounts,
    ahead: Ahead,
    control: &Control,
) -> Result<Vec<Worth>> {
    let discount_rate = if amounts == Amounts::None { 0.0 } else { ahead.discount_rate };
    let ahead = Ahead { discount_rate, ..ahead };
    // Customers with the same purchases have the same future, which is reckoned once; only amounts are their own.
    let mut places: Vec<u32> = control.vec(customers.len())?;
    places.extend(0..customers.len() as u32);
    let at = |place: &u32| customers.get(*place as usize);
    let key = |c: &Customer| (c.frequency, c.recency.to_bits(), c.age.to_bits());
    let order = |a: &u32, b: &u32| at(a).map(key).cmp(&at(b).map(key)).then(a.cmp(b));
    par_sort(&mut places, &order, control)?;
    let groups: Vec<&[u32]> = places.chunk_by(|a, b| at(a).map(key) == at(b).map(key)).collect();
    let future = |group: &&[u32]| {
        control.check()?;
        let Some(c) = group.first().and_then(at) else { return Ok((0.0, 0.0, 0.0)) };
        let (purchases, discounted) = ahead.purchases(c, times);
        Ok((times.alive(c), purchases, discounted))
    };
    let futures: Vec<(f64, f64, f64)> = groups.par_iter().map(future).collect::<Result<_>>()?;
    let nothing = Worth { alive: 0.0, purchases: 0.0, amount: None, value: None };
    let mut worth = control.filled(customers.len(), nothing)?;
    for (group, (alive, purchases, discounted)) in groups.iter().zip(futures) {
        control.check()?;
        for place in *group {
            let (Some(c), Some(to)) = (at(place), worth.get_mut(*place as usize)) else { continue };
            let amount = amounts.of(c);
            *to = Worth { alive, purchases, amount, value: amount.map(|a| a * discounted) };
        }
    }
    drop(groups);
    control.release_vec(places);
    Ok(worth)
}

//! Prices of money and offers for all rows.
//!
//! One after the other is set to where demand meets supply (coordinate descent on the dual), first for a part of the rows, from there for all. Where that comes to rest short of the least bound, as it can
//! where many rows are alike, steps along the subgradient go on (Polyak 1969).

use rayon::prelude::*;

use super::{Problem, CLOSE};
use crate::control::Control;
use crate::error::Result;

/// Sweeps over all prices at most.
const SWEEPS: usize = 40;
/// A sweep that lowers the bound by no more than this share is the last, over some of the rows and over all.
const ENOUGH_OF_SOME: f64 = 1e-3;
const ENOUGH: f64 = 1e-4;
/// Steps along the subgradient at most.
const STEPS: usize = 300;
/// Steps without a lower bound after which they are halved.
const PATIENCE: usize = 8;
/// Halvings of the range in which the price of money lies.
const HALVINGS: usize = 30;
/// The same near the price of the sweep before, and how near that is.
const HALVINGS_NEAR: usize = 14;
const NEAR: f64 = 0.02;
/// Rows that a thread looks at between two looks for a cancel.
const PART: usize = 4096;

/// Prices are found for every eighth row before they are for all, as long as these are so many.
const SHARE: usize = 8;
const LEAST: usize = 1000;

/// Some of the rows, and as much of the limits.
struct Sample {
    profit: Vec<f64>,
    cost: Vec<f64>,
    capacity: Vec<Option<u64>>,
    budget: Option<f64>,
}

impl Sample {
    /// Every `step`th row.
    fn of(problem: &Problem<'_>, step: usize, control: &Control) -> Result<Sample> {
        let rows = problem.rows().div_ceil(step);
        let (mut profit, mut cost) = (control.vec(rows * problem.offers)?, control.vec(rows * problem.offers)?);
        for row in (0..problem.rows()).step_by(step) {
            let pairs = row * problem.offers..(row + 1) * problem.offers;
            profit.extend_from_slice(&problem.profit[pairs.clone()]);
            cost.extend_from_slice(&problem.cost[pairs]);
        }
        let capacity = problem.capacity.iter().map(|c| c.map(|c| c.div_ceil(step as u64))).collect();
        Ok(Sample { profit, cost, capacity, budget: problem.budget.map(|b| b / step as f64) })
    }

    fn problem<'a>(&'a self, all: &Problem<'_>) -> Problem<'a> {
        let Sample { profit, cost, capacity, budget } = self;
        Problem { offers: all.offers, profit, cost, capacity, budget: *budget, per_row: all.per_row }
    }

    fn release(self, control: &Control) {
        control.release_vec(self.profit);
        control.release_vec(self.cost);
    }
}

/// The prices of money and of each offer.
#[derive(Debug, Clone)]
pub(super) struct Prices {
    pub(super) money: f64,
    pub(super) offers: Vec<f64>,
}

/// What rows like best at prices.
#[derive(Debug, Clone)]
pub(super) struct Demand {
    /// The dual value: no assignment earns more.
    pub(super) bound: f64,
    /// What it all costs.
    spent: f64,
    /// Rows of each offer.
    taken: Vec<u64>,
}

impl Problem<'_> {
    /// What an offer earns at prices; below 0 for one that is never made.
    #[inline]
    pub(super) fn reduced(&self, at: usize, offer: usize, prices: &Prices) -> f64 {
        let profit = self.profit[at];
        if self.is_open(at) {
            profit - prices.money * self.cost[at] - prices.offers[offer]
        } else {
            -1.0
        }
    }

    /// The best offers of a row at prices, the best first, all above 0: into `best`.
    fn best(&self, row: usize, prices: &Prices, count: usize, best: &mut Vec<(f64, usize)>) {
        best.clear();
        if count <= 2 {
            // As below, without moving anything: most rows get one offer, and most time goes here.
            let ((mut first, mut at_first), (mut second, mut at_second)) = ((0.0, usize::MAX), (0.0, usize::MAX));
            for offer in 0..self.offers {
                let value = self.reduced(row * self.offers + offer, offer, prices);
                if value > first {
                    (second, at_second) = (first, at_first);
                    (first, at_first) = (value, offer);
                } else if value > second {
                    (second, at_second) = (value, offer);
                }
            }
            let found = [(first, at_first), (second, at_second)];
            best.extend(found.into_iter().take(count).filter(|b| b.1 != usize::MAX));
            return;
        }
        for offer in 0..self.offers {
            let value = self.reduced(row * self.offers + offer, offer, prices);
            if value <= 0.0 || best.len() == count && best.last().is_none_or(|last| value <= last.0) {
                continue;
            }
            let place = best.partition_point(|b| b.0 >= value);
            best.truncate(count - 1);
            best.insert(place.min(best.len()), (value, offer));
        }
    }

    /// What rows like best at prices.
    pub(super) fn demand(&self, prices: &Prices, control: &Control) -> Result<Demand> {
        let parts = self.rows().div_ceil(PART);
        let none = || Demand { bound: 0.0, spent: 0.0, taken: vec![0; self.offers] };
        let part = |part: usize| {
            control.check()?;
            let mut demand = none();
            let mut best = Vec::new();
            for row in part * PART..((part + 1) * PART).min(self.rows()) {
                self.best(row, prices, self.per_row, &mut best);
                for &(reduced, offer) in &best {
                    demand.bound += reduced;
                    demand.spent += self.cost[row * self.offers + offer];
                    demand.taken[offer] += 1;
                }
            }
            Ok(demand)
        };
        // Added up in the order of the parts, whoever reckons them.
        let sums: Vec<Demand> = (0..parts).into_par_iter().map(part).collect::<Result<_>>()?;
        let mut all = none();
        for sum in &sums {
            all.bound += sum.bound;
            all.spent += sum.spent;
            all.taken.iter_mut().zip(&sum.taken).for_each(|(all, part)| *all += part);
        }
        all.bound += self.budget.map_or(0.0, |b| b * prices.money);
        let priced = self.capacity.iter().zip(&prices.offers).filter_map(|(c, price)| c.map(|c| c as f64 * price));
        all.bound += priced.sum::<f64>();
        Ok(all)
    }

    /// Set the price of money to the least at which all that is liked can be paid.
    fn price_money(&self, prices: &mut Prices, control: &Control) -> Result<()> {
        let Some(budget) = self.budget else { return Ok(()) };
        let near = prices.money;
        let mut is_paid = |money: f64| {
            prices.money = money;
            Ok::<_, crate::error::Error>(self.demand(prices, control)?.spent <= budget)
        };
        let halve = |mut low: f64, mut high: f64, times: usize, is_paid: &mut dyn FnMut(f64) -> Result<bool>| {
            for _ in 0..times {
                let middle = low + (high - low) / 2.0;
                match is_paid(middle)? {
                    true => high = middle,
                    false => low = middle,
                }
            }
            Ok::<f64, crate::error::Error>(high)
        };
        // From sweep to sweep it moves little.
        let (below, above) = (near * (1.0 - NEAR), near * (1.0 + NEAR));
        if near > 0.0 && is_paid(above)? && !is_paid(below)? {
            prices.money = halve(below, above, HALVINGS_NEAR, &mut is_paid)?;
            return Ok(());
        }
        if is_paid(0.0)? {
            return Ok(());
        }
        // No offer is worth its cost at the greatest return of all.
        let open = (0..self.profit.len()).filter(|at| self.is_open(*at) && self.cost[*at] > 0.0);
        let returns = open.map(|at| self.profit[at] / self.cost[at]);
        prices.money = halve(0.0, returns.fold(0.0, f64::max), HALVINGS, &mut is_paid)?;
        Ok(())
    }

    /// Set the price of an offer to the least at which not too many rows like it.
    fn price_offer(&self, offer: usize, prices: &mut Prices, control: &Control) -> Result<()> {
        let Some(capacity) = self.capacity.get(offer).copied().flatten() else { return Ok(()) };
        prices.offers[offer] = 0.0;
        let part = |part: usize| {
            control.check()?;
            let (mut gains, mut best) = (Vec::new(), Vec::new());
            for row in part * PART..((part + 1) * PART).min(self.rows()) {
                let own = self.reduced(row * self.offers + offer, offer, prices);
                if own <= 0.0 {
                    continue;
                }
                // What the row would take instead: the last of its best others.
                self.best(row, prices, self.per_row + 1, &mut best);
                let mut others = best.iter().filter(|b| b.1 != offer);
                let instead = others.nth(self.per_row - 1).map_or(0.0, |b| b.0);
                if own > instead {
                    gains.push(own - instead);
                }
            }
            Ok(gains)
        };
        // Twice the room of the gains: those of the parts, and all together.
        let counted = 2 * self.rows() * size_of::<f64>();
        control.reserve(counted)?;
        let parts = (0..self.rows().div_ceil(PART)).into_par_iter().map(part);
        let mut gains: Vec<f64> = parts.collect::<Result<Vec<Vec<f64>>>>()?.concat();
        let place = usize::try_from(capacity).unwrap_or(usize::MAX);
        if place < gains.len() {
            let (_, price, _) = gains.select_nth_unstable_by(place, |a: &f64, b: &f64| b.total_cmp(a));
            prices.offers[offer] = *price;
        }
        control.release(counted);
        Ok(())
    }

    /// Prices at which the bound is low, and the bound.
    ///
    /// They are found for few rows first: what those come to is near enough that all rows take few sweeps.
    pub(super) fn prices(&self, control: &Control) -> Result<(Prices, f64)> {
        let mut prices = Prices { money: 0.0, offers: vec![0.0; self.offers] };
        let mut step = 1;
        while self.rows() / (step * SHARE) >= LEAST {
            step *= SHARE;
        }
        while step > 1 {
            let sample = Sample::of(self, step, control)?;
            (prices, _) = sample.problem(self).settle(prices, ENOUGH_OF_SOME, control)?;
            sample.release(control);
            step /= SHARE;
        }
        self.settle(prices, ENOUGH, control)
    }

    /// Sweeps over the prices, as long as each lowers the bound by a share of it; the best, and the bound.
    fn settle(&self, mut prices: Prices, enough: f64, control: &Control) -> Result<(Prices, f64)> {
        let mut best = (prices.clone(), self.demand(&prices, control)?.bound);
        for _ in 0..SWEEPS {
            self.price_money(&mut prices, control)?;
            for offer in 0..self.offers {
                self.price_offer(offer, &mut prices, control)?;
            }
            let value = self.demand(&prices, control)?.bound;
            let is_still = value >= best.1 * (1.0 - enough);
            if value < best.1 {
                best = (prices.clone(), value);
            }
            if is_still || best.1 <= 0.0 {
                break;
            }
        }
        Ok(best)
    }

    /// Lower the bound by steps against the demand that exceeds a limit, as long as they are of use; `earned` is what some assignment earns.
    ///
    /// Limits are of different sizes, so each price is moved by the share by which its limit is exceeded.
    pub(super) fn polish(&self, mut best: (Prices, f64), earned: f64, control: &Control) -> Result<(Prices, f64)> {
        let (mut prices, mut reach, mut still) = (best.0.clone(), 1.0, 0);
        for _ in 0..STEPS {
            if best.1 - earned <= CLOSE * best.1 || reach < 1e-3 {
                break;
            }
            let demand = self.demand(&prices, control)?;
            if demand.bound < best.1 {
                best = (prices.clone(), demand.bound);
                still = 0;
            } else {
                still += 1;
            }
            if still >= PATIENCE {
                (prices, reach, still) = (best.0.clone(), reach / 2.0, 0);
                continue;
            }
            // Shares of the limits that are left, below 0 where they are exceeded; a price of 0 cannot fall.
            let left = |price: f64, limit: f64, used: f64| match limit - used {
                left if limit <= 0.0 || price <= 0.0 && left >= 0.0 => 0.0,
                left => left / limit,
            };
            let money = self.budget.map_or(0.0, |budget| left(prices.money, budget, demand.spent));
            let offer = |(offer, capacity): (usize, &Option<u64>)| {
                capacity.map_or(0.0, |c| left(prices.offers[offer], c as f64, demand.taken[offer] as f64))
            };
            let offers: Vec<f64> = self.capacity.iter().enumerate().map(offer).collect();
            let size = money * money + offers.iter().map(|o| o * o).sum::<f64>();
            if size <= 0.0 {
                break;
            }
            let step = reach * (demand.bound - earned) / size;
            if let Some(budget) = self.budget.filter(|b| *b > 0.0) {
                prices.money = (prices.money - step * money / budget).max(0.0);
            }
            for ((price, left), capacity) in prices.offers.iter_mut().zip(&offers).zip(self.capacity) {
                if let Some(capacity) = capacity.filter(|c| *c > 0) {
                    *price = (*price - step * left / capacity as f64).max(0.0);
                }
            }
        }
        Ok(best)
    }
}

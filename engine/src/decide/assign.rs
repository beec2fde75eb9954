//! The assignment of offers to rows that earns most under a budget, capacities of the offers and a limit of offers a row.
//!
//! The linear program has a variable for each row and offer, far too many for a general solver; but it falls apart into rows once money and
//! offers have prices (Lagrangian relaxation: Geoffrion 1974). Prices are found by setting one after the other to where demand meets
//! supply (coordinate descent on the dual). Where that comes to rest short of the least bound, as it can where many rows are alike, steps along
//! the subgradient go on (Polyak 1969). The dual value at these prices is a bound that no assignment beats, and rounding at the
//! prices gives an assignment whose distance from the bound is told.

use rayon::prelude::*;

use crate::control::Control;
use crate::error::Result;

/// Sweeps over all prices at most.
const SWEEPS: usize = 40;
/// A sweep that lowers the bound by no more than this share is the last but a few.
const ENOUGH: f64 = 1e-4;
/// A gap that needs no more steps, and steps at most.
const CLOSE: f64 = 1e-3;
const STEPS: usize = 300;
/// Steps without a lower bound after which they are halved.
const PATIENCE: usize = 8;
/// Pairs of offers, one made and one not, up to which one is tried in the place of another, and rounds of that.
const MOST_SWAPS: usize = 200_000;
const ROUNDS: usize = 10;
/// Halvings of the range in which the price of money lies.
const HALVINGS: usize = 30;
/// Rows that a thread looks at between two looks for a cancel.
const PART: usize = 4096;

/// What is to be decided. `profit` and `cost` have a number for each row and offer, the offers of a row side by side.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Offers.
    pub offers: usize,
    /// What an offer earns in expectation, its cost taken off; an offer of 0 or less, or NaN, is never made.
    pub profit: &'a [f64],
    /// What an offer costs, not negative.
    pub cost: &'a [f64],
    /// How many rows may get each offer; `None` for as many as like.
    pub capacity: &'a [Option<u64>],
    /// What all offers may cost; `None` for no limit.
    pub budget: Option<f64>,
    /// Offers that a row gets at most.
    pub per_row: usize,
}

/// An offer to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Choice {
    /// The row.
    pub row: u32,
    /// The offer.
    pub offer: u32,
}

/// What was decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The offers, by row and then the best first.
    pub choices: Vec<Choice>,
    /// What they earn.
    pub profit: f64,
    /// What they cost.
    pub cost: f64,
    /// What no assignment earns more than.
    pub bound: f64,
}

impl Assignment {
    /// How far the profit may be from the best one, as a share of the bound.
    pub fn gap(&self) -> f64 {
        if self.bound > 0.0 {
            ((self.bound - self.profit) / self.bound).max(0.0)
        } else {
            0.0
        }
    }
}

/// The prices of money and of each offer.
#[derive(Debug, Clone)]
struct Prices {
    money: f64,
    offers: Vec<f64>,
}

impl Problem<'_> {
    fn rows(&self) -> usize {
        self.profit.len() / self.offers.max(1)
    }

    /// Whether an offer can be made at all: it earns something, and the budget reaches for it alone.
    #[inline]
    fn is_open(&self, at: usize) -> bool {
        let profit = self.profit[at];
        profit > 0.0 && profit < f64::INFINITY && self.budget.is_none_or(|budget| self.cost[at] <= budget)
    }

    /// What an offer earns at prices; below 0 for one that is never made.
    #[inline]
    fn reduced(&self, at: usize, offer: usize, prices: &Prices) -> f64 {
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
    fn demand(&self, prices: &Prices, control: &Control) -> Result<Demand> {
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
        prices.money = 0.0;
        if self.demand(prices, control)?.spent <= budget {
            return Ok(());
        }
        // No offer is worth its cost at the greatest return of all.
        let open = (0..self.profit.len()).filter(|at| self.is_open(*at) && self.cost[*at] > 0.0);
        let returns = open.map(|at| self.profit[at] / self.cost[at]);
        let (mut low, mut high) = (0.0, returns.fold(0.0, f64::max));
        for _ in 0..HALVINGS {
            prices.money = low + (high - low) / 2.0;
            match self.demand(prices, control)?.spent <= budget {
                true => high = prices.money,
                false => low = prices.money,
            }
        }
        prices.money = high;
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
    fn prices(&self, control: &Control) -> Result<(Prices, f64)> {
        let mut prices = Prices { money: 0.0, offers: vec![0.0; self.offers] };
        let mut best = (prices.clone(), self.demand(&prices, control)?.bound);
        let mut still = 0;
        for _ in 0..SWEEPS {
            self.price_money(&mut prices, control)?;
            for offer in 0..self.offers {
                self.price_offer(offer, &mut prices, control)?;
            }
            let value = self.demand(&prices, control)?.bound;
            still = if value < best.1 * (1.0 - ENOUGH) { 0 } else { still + 1 };
            if value < best.1 {
                best = (prices.clone(), value);
            }
            if still >= 2 || best.1 <= 0.0 {
                break;
            }
        }
        Ok(best)
    }
}

/// What rows like best at prices.
#[derive(Debug, Clone)]
struct Demand {
    /// The dual value: no assignment earns more.
    bound: f64,
    /// What it all costs.
    spent: f64,
    /// Rows of each offer.
    taken: Vec<u64>,
}

impl Problem<'_> {
    /// Lower the bound by steps against the demand that exceeds a limit, as long as they are of use; `earned` is what some assignment earns.
    ///
    /// Limits are of different sizes, so each price is moved by the share by which its limit is exceeded.
    fn polish(&self, best: &mut (Prices, f64), earned: f64, control: &Control) -> Result<()> {
        let (mut prices, mut reach, mut still) = (best.0.clone(), 1.0, 0);
        for _ in 0..STEPS {
            if best.1 - earned <= CLOSE * best.1 || reach < 1e-3 {
                break;
            }
            let demand = self.demand(&prices, control)?;
            if demand.bound < best.1 {
                *best = (prices.clone(), demand.bound);
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
        Ok(())
    }

    /// The assignment that takes the most valuable offers first.
    fn filled_by(&self, value: impl Fn(usize) -> f64, control: &Control) -> Result<(Vec<Choice>, f64, f64)> {
        let mut filled = Filled::new(self, control)?;
        filled.take_by(value, |_| true, control)?;
        Ok(filled.end(control))
    }

    /// Put an offer in the place of another wherever that earns more, as long as there are few of both.
    fn swap(&self, found: &mut (Vec<Choice>, f64, f64), control: &Control) -> Result<()> {
        let (choices, profit, spent) = found;
        let place = |c: &Choice| c.row as usize * self.offers + c.offer as usize;
        let open: Vec<usize> = (0..self.profit.len()).filter(|at| self.is_open(*at)).collect();
        if open.len().saturating_mul(choices.len().max(1)) > MOST_SWAPS {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            control.check()?;
            let mut better = false;
            for &at in &open {
                let (row, offer) = (at / self.offers, at % self.offers);
                if choices.iter().any(|c| place(c) == at) {
                    continue;
                }
                let of_row = choices.iter().filter(|c| c.row as usize == row).count();
                let of_offer = choices.iter().filter(|c| c.offer as usize == offer).count() as u64;
                let capacity = self.capacity.get(offer).copied().flatten().unwrap_or(u64::MAX);
                let fits = |out: &Choice| {
                    let old = place(out);
                    of_row - usize::from(out.row as usize == row) < self.per_row
                        && of_offer - u64::from(out.offer as usize == offer) < capacity
                        && self.budget.is_none_or(|b| *spent - self.cost[old] + self.cost[at] <= b)
                };
                let gain = |out: &Choice| self.profit[at] - self.profit[place(out)];
                let worst = (0..choices.len()).filter(|i| gain(&choices[*i]) > 1e-12 && fits(&choices[*i]));
                let best = worst.max_by(|a, b| gain(&choices[*a]).total_cmp(&gain(&choices[*b])).then(b.cmp(a)));
                if let Some(i) = best {
                    *spent += self.cost[at] - self.cost[place(&choices[i])];
                    *profit += gain(&choices[i]);
                    choices[i] = Choice { row: row as u32, offer: offer as u32 };
                    better = true;
                }
            }
            // What a swap leaves of the budget may pay for one more.
            for &at in &open {
                let (row, offer) = (at / self.offers, at % self.offers);
                let capacity = self.capacity.get(offer).copied().flatten().unwrap_or(u64::MAX);
                let fits = choices.iter().filter(|c| c.row as usize == row).count() < self.per_row
                    && (choices.iter().filter(|c| c.offer as usize == offer).count() as u64) < capacity
                    && self.budget.is_none_or(|b| *spent + self.cost[at] <= b)
                    && choices.iter().all(|c| place(c) != at);
                if fits {
                    *spent += self.cost[at];
                    *profit += self.profit[at];
                    choices.push(Choice { row: row as u32, offer: offer as u32 });
                    better = true;
                }
            }
            if !better {
                break;
            }
        }
        Ok(())
    }

    /// The assignment at prices, what is left going to offers by the value of `rest`.
    fn filled_with(
        &self,
        prices: &Prices,
        rest: impl Fn(usize) -> f64,
        control: &Control,
    ) -> Result<(Vec<Choice>, f64, f64)> {
        let mut filled = Filled::new(self, control)?;
        // At the prices first, then whatever there is still room for.
        let reduced = |at: usize| self.reduced(at, at % self.offers, prices);
        filled.take_by(reduced, |at| reduced(at) >= -1e-9 * self.profit[at].abs(), control)?;
        filled.take_by(rest, |_| true, control)?;
        Ok(filled.end(control))
    }

    /// The best assignment at prices, what is left of the budget going to the most profitable offers, or to those that bring most for their cost.
    fn filled(&self, prices: &Prices, control: &Control) -> Result<(Vec<Choice>, f64, f64)> {
        let by_profit = self.filled_with(prices, |at| self.profit[at], control)?;
        if self.budget.is_none() {
            return Ok(by_profit);
        }
        let by_return =
            self.filled_with(prices, |at| self.profit[at] / self.cost[at].max(f64::MIN_POSITIVE), control)?;
        Ok(if by_return.1 > by_profit.1 { by_return } else { by_profit })
    }
}

/// Assign offers to rows. Memory is counted in `control`.
pub fn assign(problem: &Problem<'_>, control: &Control) -> Result<Assignment> {
    if problem.offers == 0 || problem.per_row == 0 {
        return Ok(Assignment { choices: Vec::new(), profit: 0.0, cost: 0.0, bound: 0.0 });
    }
    let mut best = problem.prices(control)?;
    let mut found = problem.filled(&best.0, control)?;
    if best.1 - found.1 > CLOSE * best.1 {
        problem.polish(&mut best, found.1, control)?;
        let other = problem.filled(&best.0, control)?;
        if other.1 > found.1 {
            found = other;
        }
    }
    if best.1 - found.1 > CLOSE * best.1 {
        // Few large offers under a tight budget are no matter of prices, nor are many that are alike.
        let by_profit = problem.filled_by(|at| problem.profit[at], control)?;
        let returns = |at: usize| problem.profit[at] / problem.cost[at].max(f64::MIN_POSITIVE);
        let by_return = problem.filled_by(returns, control)?;
        for other in [by_profit, by_return] {
            if other.1 > found.1 {
                found = other;
            }
        }
        // What was earned by them says how low the bound may still lie.
        problem.polish(&mut best, found.1, control)?;
        let other = problem.filled(&best.0, control)?;
        if other.1 > found.1 {
            found = other;
        }
        problem.swap(&mut found, control)?;
    }
    let (mut choices, _, cost) = found;
    let value = |c: &Choice| problem.profit[c.row as usize * problem.offers + c.offer as usize];
    choices.sort_unstable_by(|a, b| a.row.cmp(&b.row).then(value(b).total_cmp(&value(a))).then(a.offer.cmp(&b.offer)));
    let profit: f64 = choices.iter().map(value).sum();
    Ok(Assignment { choices, profit, cost, bound: best.1.max(profit) })
}

/// An assignment as it fills up.
struct Filled<'a> {
    problem: &'a Problem<'a>,
    choices: Vec<Choice>,
    /// Offers of each row, and rows of each offer.
    of_row: Vec<u32>,
    of_offer: Vec<u64>,
    taken: Vec<bool>,
    spent: f64,
}

impl<'a> Filled<'a> {
    fn new(problem: &'a Problem<'a>, control: &Control) -> Result<Filled<'a>> {
        Ok(Filled {
            problem,
            choices: Vec::new(),
            of_row: control.filled(problem.rows(), 0)?,
            of_offer: vec![0; problem.offers],
            taken: control.filled(problem.profit.len(), false)?,
            spent: 0.0,
        })
    }

    /// The choices, what they earn and what they cost.
    fn end(self, control: &Control) -> (Vec<Choice>, f64, f64) {
        let Filled { problem, choices, of_row, taken, spent, .. } = self;
        control.release_vec(of_row);
        control.release_vec(taken);
        let profit = choices.iter().map(|c| problem.profit[c.row as usize * problem.offers + c.offer as usize]).sum();
        (choices, profit, spent)
    }

    /// Make the offers that pass, the most valuable first, while there is room.
    fn take_by(
        &mut self,
        value: impl Fn(usize) -> f64,
        passes: impl Fn(usize) -> bool,
        control: &Control,
    ) -> Result<()> {
        let problem = self.problem;
        let open = |at: &usize| problem.is_open(*at) && !self.taken[*at] && self.fits(*at) && passes(*at);
        let mut order: Vec<u64> = control.vec(problem.profit.len())?;
        order.extend((0..problem.profit.len()).filter(open).map(|at| at as u64));
        control.check()?;
        order.sort_unstable_by(|&a, &b| value(b as usize).total_cmp(&value(a as usize)).then(a.cmp(&b)));
        for (i, &at) in order.iter().enumerate() {
            if i % 65_536 == 0 {
                control.check()?;
            }
            let at = at as usize;
            if self.fits(at) {
                let (row, offer) = (at / problem.offers, at % problem.offers);
                self.of_row[row] += 1;
                self.of_offer[offer] += 1;
                self.spent += problem.cost[at];
                self.taken[at] = true;
                self.choices.push(Choice { row: row as u32, offer: offer as u32 });
            }
        }
        control.release_vec(order);
        Ok(())
    }

    /// Whether there is room for an offer.
    fn fits(&self, at: usize) -> bool {
        let (row, offer) = (at / self.problem.offers, at % self.problem.offers);
        (self.of_row[row] as usize) < self.problem.per_row
            && self.problem.capacity.get(offer).copied().flatten().is_none_or(|c| self.of_offer[offer] < c)
            && self.problem.budget.is_none_or(|b| self.spent + self.problem.cost[at] <= b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The best of all assignments, by trying them all.
    fn naive(problem: &Problem<'_>) -> f64 {
        fn go(problem: &Problem<'_>, at: usize, of_row: usize, of_offer: &mut Vec<u64>, spent: f64) -> f64 {
            if at == problem.profit.len() {
                return 0.0;
            }
            let (offer, first) = (at % problem.offers, at.is_multiple_of(problem.offers));
            let of_row = if first { 0 } else { of_row };
            let without = go(problem, at + 1, of_row, of_offer, spent);
            let fits = problem.profit[at] > 0.0
                && of_row < problem.per_row
                && problem.capacity[offer].is_none_or(|c| of_offer[offer] < c)
                && problem.budget.is_none_or(|b| spent + problem.cost[at] <= b);
            if !fits {
                return without;
            }
            of_offer[offer] += 1;
            let with = problem.profit[at] + go(problem, at + 1, of_row + 1, of_offer, spent + problem.cost[at]);
            of_offer[offer] -= 1;
            with.max(without)
        }
        go(problem, 0, 0, &mut vec![0; problem.offers], 0.0)
    }

    proptest! {
        /// Every limit is kept, the bound is one, and the assignment is not far from the best there is.
        #[test]
        fn assignments_are_sound(
            numbers in prop::collection::vec((-2i32..20, 0u8..6), 12),
            capacity in prop::collection::vec(prop::option::of(0u64..4), 3),
            budget in prop::option::of(0u8..20),
            per_row in 1usize..3,
        ) {
            let profit: Vec<f64> = numbers.iter().map(|n| f64::from(n.0)).collect();
            let cost: Vec<f64> = numbers.iter().map(|n| f64::from(n.1)).collect();
            let budget = budget.map(f64::from);
            let problem = Problem { offers: 3, profit: &profit, cost: &cost, capacity: &capacity, budget, per_row };
            let found = assign(&problem, &Control::default()).unwrap();
            let best = naive(&problem);
            prop_assert!(found.profit <= best + 1e-9 && best <= found.bound + 1e-9, "{found:?} {best}");
            prop_assert!(budget.is_none_or(|b| found.cost <= b + 1e-9));
            for (offer, capacity) in capacity.iter().enumerate() {
                let made = found.choices.iter().filter(|c| c.offer as usize == offer).count() as u64;
                prop_assert!(capacity.is_none_or(|c| made <= c));
            }
            for row in 0..4 {
                prop_assert!(found.choices.iter().filter(|c| c.row == row).count() <= per_row);
            }
            if budget.is_none() && capacity.iter().all(Option::is_none) {
                prop_assert!((found.profit - best).abs() < 1e-9);
            }
        }
    }

    /// As `orchard.best_action` meets them with a small tree: rows of four kinds, costs far apart, a budget and capacities. Where all are alike the
    /// bound stays some percent above what can be earned.
    #[test]
    fn ties_under_a_budget_come_close_to_the_best() {
        let (rows, offers) = (1_000, 6);
        let probability = |row: usize, offer: usize| (10 + 5 * (row % 4) + 4 * ((row % 4 + offer) % 3)) as f64 / 100.0;
        let costs = [0.1, 0.5, 2.0, 1.0, 0.2, 0.7];
        let cost: Vec<f64> = (0..rows * offers).map(|i| costs[i % offers]).collect();
        let profit: Vec<f64> = (0..rows * offers)
            .map(|i| probability(i / offers, i % offers) * (3 + (i % offers) * 7 % 5) as f64 - costs[i % offers])
            .collect();
        for (most, budget) in [(60, 20.0), (200, 50.0)] {
            let capacity = vec![Some(most); offers];
            let problem =
                Problem { offers, profit: &profit, cost: &cost, capacity: &capacity, budget: Some(budget), per_row: 1 };
            let found = assign(&problem, &Control::default()).unwrap();
            assert!(found.gap() < 0.12, "{most} {budget}: {} of {}", found.profit, found.bound);
            assert!(found.cost <= budget + 1e-9);
        }
    }

    /// What one would see at once: an offer beyond the budget bounds nothing, and one large offer can be worth more than a small one.
    #[test]
    fn large_offers_are_weighed() {
        let none = [None];
        let problem = |profit, cost, budget| Problem {
            offers: 1,
            profit,
            cost,
            capacity: &none,
            budget: Some(budget),
            per_row: 1,
        };
        let found = assign(&problem(&[0.99, 10.0], &[1.0, 90.0], 90.0), &Control::default()).unwrap();
        assert_eq!((found.profit, found.cost), (10.0, 90.0));
        let found = assign(&problem(&[1.0, 989.0], &[1.0, 11.0], 10.0), &Control::default()).unwrap();
        assert_eq!((found.profit, found.bound), (1.0, 1.0));
        let found = assign(&problem(&[f64::INFINITY, 2.0], &[0.0, 1.0], 10.0), &Control::default()).unwrap();
        assert_eq!(found.choices, [Choice { row: 1, offer: 0 }]);
    }

    /// Rows of few kinds, as trees that have few leaves score them: prices alone part no two rows of a kind.
    #[test]
    fn rows_that_are_alike_come_close_to_the_bound() {
        let (rows, offers) = (3_000, 3);
        let kind = |row: usize| row % 4;
        let cost = vec![0.1; rows * offers];
        let worth = [[0.9, 0.3, 0.6], [0.9, 0.8, 0.5], [0.2, 0.3, 0.9], [0.9, 0.85, 0.8]];
        let profit: Vec<f64> = (0..rows * offers).map(|i| worth[kind(i / offers)][i % offers]).collect();
        let capacity = [Some(700), Some(900), Some(300)];
        for budget in [None, Some(150.0), Some(90.0)] {
            let problem = Problem { offers, profit: &profit, cost: &cost, capacity: &capacity, budget, per_row: 1 };
            let found = assign(&problem, &Control::default()).unwrap();
            assert!(found.gap() < 0.005, "{budget:?}: {} of {}", found.profit, found.bound);
        }
    }

    #[test]
    fn many_rows_come_close_to_the_bound() {
        let (rows, offers) = (5_000, 8);
        let draw = |i: usize, salt: u64| crate::data::mix(i as u64, salt) as f64 / u64::MAX as f64;
        let cost: Vec<f64> = (0..rows * offers).map(|i| 0.5 + (i % offers) as f64 * 0.3).collect();
        let profit: Vec<f64> = (0..rows * offers).map(|i| 20.0 * draw(i, 1) * draw(i / offers, 2) - cost[i]).collect();
        let capacity: Vec<Option<u64>> = (0..offers as u64).map(|o| (o != 3).then_some(200 + 50 * o)).collect();
        let problem =
            Problem { offers, profit: &profit, cost: &cost, capacity: &capacity, budget: Some(1_500.0), per_row: 2 };
        let found = assign(&problem, &Control::default()).unwrap();
        assert!(found.gap() < 0.002, "{} of {}", found.profit, found.bound);
        assert!(found.cost <= 1_500.0);
        let nothing = Problem { budget: Some(0.0), ..problem };
        assert_eq!(assign(&nothing, &Control::default()).unwrap().choices.len(), 0);
    }
}

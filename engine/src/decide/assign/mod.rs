//! The assignment of offers to rows that earns most under a budget, capacities of the offers and a limit of offers a row.
//!
//! The linear program has a variable for each row and offer, far too many for a general solver; but it falls apart once money and offers have
//! prices (Lagrangian relaxation: Geoffrion 1974). Rows of few kinds, as small trees make them, are assigned kind by kind, exactly for a price of money
//! ([`kinds`]). Otherwise prices are found for all rows ([`prices`]). The dual value at the prices is a bound that no assignment beats, and
//! an assignment filled up at the prices ([`made`]), and made better row by row where that is far ([`passing`]), tells its distance from the bound.

mod kinds;
mod made;
mod passing;
mod prices;
#[cfg(test)]
mod tests;

use crate::control::Control;
use crate::error::Result;

use kinds::Kinds;
use made::Made;
use passing::Passing;
use prices::Prices;

/// A gap that needs no more work, as a share of the bound.
const CLOSE: f64 = 1e-3;

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

    /// What an offer brings for its cost.
    fn returns(&self, at: usize) -> f64 {
        self.profit[at] / self.cost[at].max(f64::MIN_POSITIVE)
    }

    /// How many rows may get an offer.
    fn room(&self, offer: usize) -> u64 {
        self.capacity.get(offer).copied().flatten().unwrap_or(u64::MAX)
    }
}

/// The lowest bound that was found, with its prices, and the best assignment.
struct Search<'a> {
    problem: &'a Problem<'a>,
    control: &'a Control,
    prices: Prices,
    bound: f64,
    made: Made<'a>,
}

impl<'a> Search<'a> {
    /// Nothing assigned, at the first prices of rows or kinds.
    fn new(problem: &'a Problem<'a>, control: &'a Control) -> Result<Search<'a>> {
        let made = Made::new(problem, control)?;
        if let Some(kinds) = Kinds::of(problem, control)? {
            if let Some(solved) = kinds.solve(control)? {
                let bound = problem.demand(&solved.prices, control)?.bound;
                let mut search = Search { problem, control, prices: solved.prices, bound, made };
                search.keep(kinds.made(&solved.counts, control)?)?;
                return Ok(search);
            }
        }
        let (prices, bound) = problem.prices(control)?;
        let mut search = Search { problem, control, prices, bound, made };
        search.fill()?;
        Ok(search)
    }

    /// Whether more work may be of use.
    fn is_far(&self) -> bool {
        self.bound - self.made.profit > CLOSE * self.bound
    }

    /// Take an assignment, with whatever there is room for, if it earns more than the best so far. What is left of the budget goes to the most
    /// profitable offers, or to those that bring most for their cost.
    fn keep(&mut self, made: Made<'a>) -> Result<()> {
        let problem = self.problem;
        if problem.budget.is_some() {
            let mut by_return = made.copy(self.control)?;
            by_return.take_by(|at| problem.returns(at), |_| true, self.control)?;
            self.keep_better(by_return);
        }
        let mut by_profit = made;
        by_profit.take_by(|at| problem.profit[at], |_| true, self.control)?;
        self.keep_better(by_profit);
        Ok(())
    }

    fn keep_better(&mut self, made: Made<'a>) {
        let worse = match made.profit > self.made.profit {
            true => std::mem::replace(&mut self.made, made),
            false => made,
        };
        worse.release(self.control);
    }

    /// Assign at the prices.
    fn fill(&mut self) -> Result<()> {
        let (problem, prices) = (self.problem, &self.prices);
        let mut made = Made::new(problem, self.control)?;
        let reduced = |at: usize| problem.reduced(at, at % problem.offers, prices);
        made.take_by(reduced, |at| reduced(at) >= -1e-9 * problem.profit[at].abs(), self.control)?;
        self.keep(made)
    }

    /// Pass rows on from offer to offer.
    fn pass(&mut self) -> Result<()> {
        let Some(passing) = Passing::of(&self.made, self.problem, self.control) else { return Ok(()) };
        if let Some(made) = passing.pass(self.prices.money, self.control)? {
            self.keep(made)?;
        }
        Ok(())
    }

    /// Lower the bound, and assign at the new prices.
    fn improve(&mut self) -> Result<()> {
        let best = (self.prices.clone(), self.bound);
        (self.prices, self.bound) = self.problem.polish(best, self.made.profit, self.control)?;
        self.fill()
    }
}

/// Assign offers to rows. Memory is counted in `control`.
pub fn assign(problem: &Problem<'_>, control: &Control) -> Result<Assignment> {
    if problem.offers == 0 || problem.per_row == 0 {
        return Ok(Assignment { choices: Vec::new(), profit: 0.0, cost: 0.0, bound: 0.0 });
    }
    let mut search = Search::new(problem, control)?;
    if search.is_far() {
        search.pass()?;
    }
    if search.is_far() {
        search.improve()?;
    }
    if search.is_far() {
        // Few large offers under a tight budget are no matter of prices.
        search.keep(Made::new(problem, control)?)?;
        // What was earned by them says how low the bound may still lie.
        search.improve()?;
        search.made.swap(control)?;
        if search.is_far() {
            search.pass()?;
        }
    }
    let Search { made, bound, .. } = search;
    let cost = made.spent;
    let mut choices = made.release(control);
    let value = |c: &Choice| problem.profit[c.row as usize * problem.offers + c.offer as usize];
    choices.sort_unstable_by(|a, b| a.row.cmp(&b.row).then(value(b).total_cmp(&value(a))).then(a.offer.cmp(&b.offer)));
    let profit: f64 = choices.iter().map(value).sum();
    Ok(Assignment { choices, profit, cost, bound: bound.max(profit) })
}

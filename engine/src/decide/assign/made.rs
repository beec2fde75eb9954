//! An assignment as it fills up.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::{Choice, Problem};
use crate::control::Control;
use crate::error::Result;

/// Pairs of offers, one made and one not, up to which one is tried in the place of another, and rounds of that.
const MOST_SWAPS: usize = 200_000;
const ROUNDS: usize = 10;

/// The first pairs, one of so many, are sorted and made before the others.
const FIRST: usize = 64;
/// Pairs between two looks for a cancel.
const PART: usize = 65_536;

/// Offers that are made, and the room that is left.
pub(super) struct Made<'a> {
    problem: &'a Problem<'a>,
    pub(super) choices: Vec<Choice>,
    /// What they earn and cost.
    pub(super) profit: f64,
    pub(super) spent: f64,
    /// Offers of each row, and rows of each offer.
    of_row: Vec<u32>,
    of_offer: Vec<u64>,
    taken: Vec<bool>,
}

impl<'a> Made<'a> {
    /// Nothing.
    pub(super) fn new(problem: &'a Problem<'a>, control: &Control) -> Result<Made<'a>> {
        Ok(Made {
            problem,
            choices: Vec::new(),
            profit: 0.0,
            spent: 0.0,
            of_row: control.filled(problem.rows(), 0)?,
            of_offer: vec![0; problem.offers],
            taken: control.filled(problem.profit.len(), false)?,
        })
    }

    /// The same once more.
    pub(super) fn copy(&self, control: &Control) -> Result<Made<'a>> {
        let mut copy = Made::new(self.problem, control)?;
        for choice in &self.choices {
            copy.make(self.place(choice));
        }
        Ok(copy)
    }

    /// The choices; what was counted is given back.
    pub(super) fn release(self, control: &Control) -> Vec<Choice> {
        control.release_vec(self.of_row);
        control.release_vec(self.taken);
        self.choices
    }

    /// The place of a choice among all pairs.
    fn place(&self, choice: &Choice) -> usize {
        choice.row as usize * self.problem.offers + choice.offer as usize
    }

    fn choice(&self, at: usize) -> Choice {
        Choice { row: (at / self.problem.offers) as u32, offer: (at % self.problem.offers) as u32 }
    }

    /// Make an offer.
    pub(super) fn make(&mut self, at: usize) {
        let choice = self.choice(at);
        self.count(at);
        self.choices.push(choice);
    }

    fn count(&mut self, at: usize) {
        self.of_row[at / self.problem.offers] += 1;
        self.of_offer[at % self.problem.offers] += 1;
        self.profit += self.problem.profit[at];
        self.spent += self.problem.cost[at];
        self.taken[at] = true;
    }

    /// Make the offer `at` in the place of the `i`th choice.
    fn replace(&mut self, i: usize, at: usize) {
        let old = self.place(&self.choices[i]);
        self.of_row[old / self.problem.offers] -= 1;
        self.of_offer[old % self.problem.offers] -= 1;
        self.profit -= self.problem.profit[old];
        self.spent -= self.problem.cost[old];
        self.taken[old] = false;
        self.count(at);
        self.choices[i] = self.choice(at);
    }

    /// Make the offers that pass, the most valuable first, while there is room.
    pub(super) fn take_by(
        &mut self,
        value: impl Fn(usize) -> f64,
        passes: impl Fn(usize) -> bool + Sync,
        control: &Control,
    ) -> Result<()> {
        let problem = self.problem;
        let is_open = |at: &usize| problem.is_open(*at) && self.fits(*at) && passes(*at);
        let open = |part: usize| {
            control.check()?;
            Ok((part * PART..((part + 1) * PART).min(problem.profit.len())).filter(is_open).count())
        };
        let parts = (0..problem.profit.len().div_ceil(PART)).into_par_iter();
        let mut order: Vec<(f64, u64)> = control.vec(parts.map(open).sum::<Result<usize>>()?)?;
        order.extend((0..problem.profit.len()).filter(is_open).map(|at| (value(at), at as u64)));
        let by_value = |a: &(f64, u64), b: &(f64, u64)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        // Where little room is left, the first of them use it up.
        let first = order.len() / FIRST;
        if first > 0 {
            order.select_nth_unstable_by(first, by_value);
            let (first, _) = order.split_at_mut(first);
            control.check()?;
            self.take(first, by_value, control)?;
        }
        control.check()?;
        order.drain(..first);
        order.retain(|(_, at)| self.fits(*at as usize));
        self.take(&mut order, by_value, control)?;
        control.release_vec(order);
        Ok(())
    }

    /// Make the offers, in an order, while there is room.
    fn take(
        &mut self,
        offers: &mut [(f64, u64)],
        order: impl Fn(&(f64, u64), &(f64, u64)) -> Ordering + Sync,
        control: &Control,
    ) -> Result<()> {
        offers.par_sort_unstable_by(order);
        for (i, (_, at)) in offers.iter().enumerate() {
            if i % PART == 0 {
                control.check()?;
            }
            if self.fits(*at as usize) {
                self.make(*at as usize);
            }
        }
        Ok(())
    }

    /// Whether an offer is not made yet and there is room for it.
    fn fits(&self, at: usize) -> bool {
        self.fits_beside(at, None)
    }

    /// Whether there is room for an offer when a choice goes.
    fn fits_beside(&self, at: usize, gone: Option<&Choice>) -> bool {
        let (row, offer) = (at / self.problem.offers, at % self.problem.offers);
        let in_row = gone.is_some_and(|gone| gone.row as usize == row);
        let in_offer = gone.is_some_and(|gone| gone.offer as usize == offer);
        let freed = gone.map_or(0.0, |gone| self.problem.cost[self.place(gone)]);
        !self.taken[at]
            && (self.of_row[row] as usize) < self.problem.per_row + usize::from(in_row)
            && self.of_offer[offer] < self.problem.room(offer).saturating_add(u64::from(in_offer))
            && self.problem.budget.is_none_or(|b| self.spent - freed + self.problem.cost[at] <= b)
    }

    /// Put an offer in the place of another wherever that earns more, as long as there are few of both.
    pub(super) fn swap(&mut self, control: &Control) -> Result<()> {
        let problem = self.problem;
        let open: Vec<usize> = (0..problem.profit.len()).filter(|at| problem.is_open(*at)).collect();
        if open.len().saturating_mul(self.choices.len().max(1)) > MOST_SWAPS {
            return Ok(());
        }
        for _ in 0..ROUNDS {
            control.check()?;
            let before = self.profit;
            for &at in open.iter() {
                if self.taken[at] {
                    continue;
                }
                let gain = |i: usize| problem.profit[at] - problem.profit[self.place(&self.choices[i])];
                let worse = (0..self.choices.len())
                    .filter(|i| gain(*i) > 1e-12 && self.fits_beside(at, Some(&self.choices[*i])));
                if let Some(i) = worse.max_by(|a, b| gain(*a).total_cmp(&gain(*b)).then(b.cmp(a))) {
                    self.replace(i, at);
                }
            }
            // What swaps leave of the budget may pay for more.
            for &at in &open {
                if self.fits(at) {
                    self.make(at);
                }
            }
            if self.profit <= before {
                break;
            }
        }
        Ok(())
    }
}

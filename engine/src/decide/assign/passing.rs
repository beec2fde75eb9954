//! An assignment made better by passing rows on from offer to offer.
//!
//! At a price of money what is left is an assignment of rows to offers that have room for so many. Its residual network has a node for each offer, and
//! one for what is free: a row that gives an offer up for another is an arc between the two, of the best such row. As long as there is a cycle of arcs
//! that gains, it is gone through (Klein 1967); where there is none, the assignment is the best at this price. The price is found between one at which
//! too much is spent and one that keeps the budget, and between their assignments the cycles are gone through as far as the budget reaches.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::made::Made;
use super::Problem;
use crate::control::Control;
use crate::error::Result;

/// More offers are not worth it: a cycle is looked for among the squares of their number.
const MOST_OFFERS: usize = 64;
/// Prices of money that are tried.
const PRICES: usize = 14;
/// A gain below this share of the greatest is none.
const NOTHING: f64 = 1e-10;
/// What sums of costs may differ by, as a share.
const ROUNDING: f64 = 1e-11;
/// Arcs that are looked at in all, of which each step looks at all there are.
const MOST_LOOKS: usize = 400_000_000;
/// Steps between two looks for a cancel.
const CHECK: usize = 64;

/// What an arc gains by a row.
#[derive(Debug, Clone, Copy)]
struct Move {
    gain: f64,
    row: u32,
}

impl PartialEq for Move {
    fn eq(&self, other: &Move) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Move {}

impl PartialOrd for Move {
    fn partial_cmp(&self, other: &Move) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Move {
    fn cmp(&self, other: &Move) -> Ordering {
        self.gain.total_cmp(&other.gain).then(other.row.cmp(&self.row))
    }
}

/// An assignment that is being made better.
pub(super) struct Passing<'a> {
    problem: &'a Problem<'a>,
    /// The price of money.
    money: f64,
    state: State,
    /// By arc, from and to, what rows gain by it; what is no longer true is dropped when it comes up.
    arcs: Vec<BinaryHeap<Move>>,
    /// Moves kept, those when they were last made anew, and the bytes that are counted for them.
    moves: usize,
    fresh: usize,
    counted: usize,
    /// Steps that may still be taken.
    steps: usize,
    /// The greatest profit.
    scale: f64,
}

#[derive(Clone)]
struct State {
    taken: Vec<bool>,
    of_row: Vec<u32>,
    of_offer: Vec<u64>,
    spent: f64,
}

impl<'a> Passing<'a> {
    /// Of an assignment; `None` where it would take too long or too much memory.
    pub(super) fn of(made: &Made<'a>, problem: &'a Problem<'a>, control: &Control) -> Option<Passing<'a>> {
        if problem.offers > MOST_OFFERS || problem.offers < 2 {
            return None;
        }
        let (rows, pairs) = (problem.rows(), problem.profit.len());
        // An arc from each offer of a row and from its free place to each other offer, twice as they may become, and two states.
        let most = (problem.per_row.min(problem.offers) + 1).saturating_mul(pairs).saturating_add(rows);
        let counted = most.saturating_mul(2 * size_of::<Move>()).saturating_add(2 * (pairs + 4 * rows));
        control.reserve(counted).ok()?;
        let state =
            State { taken: vec![false; pairs], of_row: vec![0; rows], of_offer: vec![0; problem.offers], spent: 0.0 };
        let nodes = problem.offers + 1;
        let scale = (0..pairs).filter(|at| problem.is_open(*at)).fold(0.0, |s: f64, at| s.max(problem.profit[at]));
        let arcs = (0..nodes * nodes).map(|_| BinaryHeap::new()).collect();
        let mut passing = Passing {
            problem,
            money: 0.0,
            state,
            arcs,
            moves: 0,
            fresh: 0,
            counted,
            steps: MOST_LOOKS / (nodes * nodes),
            scale,
        };
        for choice in &made.choices {
            passing.turn(choice.row as usize * problem.offers + choice.offer as usize);
        }
        Some(passing)
    }

    /// The best assignment within the budget, from a price of money near the best one; `None` where none within it was found.
    pub(super) fn pass(mut self, money: f64, control: &Control) -> Result<Option<Made<'a>>> {
        let found = self.within_budget(money, control);
        control.release(self.counted);
        if !found? {
            return Ok(None);
        }
        let mut made = Made::new(self.problem, control)?;
        (0..self.state.taken.len()).filter(|at| self.state.taken[*at]).for_each(|at| made.make(at));
        Ok(Some(made))
    }

    fn within_budget(&mut self, mut money: f64, control: &Control) -> Result<bool> {
        self.price(money);
        self.improve(None, control)?;
        let Some(budget) = self.problem.budget else { return Ok(true) };
        // Whoever adds the costs up in another order must not find more.
        let budget = budget * (1.0 - ROUNDING);
        // The prices at which too much and not too much is spent that are nearest to each other.
        let (mut over, mut within): (Option<f64>, Option<(f64, State)>) = (None, None);
        let mut step = (money * 0.01).max(1e-6 * self.greatest_return());
        for _ in 0..PRICES {
            match self.state.spent > budget {
                true => over = Some(money),
                false => within = Some((money, self.state.clone())),
            }
            money = match (over, &within) {
                (Some(low), Some((high, _))) if high - low <= 1e-9 * high => break,
                (Some(low), Some((high, _))) => low + (high - low) / 2.0,
                (Some(low), None) => low + step,
                (None, Some((high, _))) if *high <= 0.0 => break,
                (None, Some((high, _))) => (high - step).max(0.0),
                (None, None) => break,
            };
            step *= 4.0;
            self.price(money);
            self.improve(None, control)?;
        }
        let Some((_, state)) = within else { return Ok(false) };
        self.state = state;
        if let Some(low) = over {
            self.price(low);
            self.improve(Some(budget), control)?;
        }
        Ok(true)
    }

    fn greatest_return(&self) -> f64 {
        let paid = (0..self.state.taken.len()).filter(|at| self.problem.is_open(*at) && self.problem.cost[*at] > 0.0);
        paid.map(|at| self.problem.returns(at)).filter(|r| r.is_finite()).fold(0.0, f64::max)
    }

    fn value(&self, at: usize) -> f64 {
        self.problem.profit[at] - self.money * self.problem.cost[at]
    }

    /// Make an offer, or unmake it.
    fn turn(&mut self, at: usize) {
        let state = &mut self.state;
        let (row, offer) = (at / self.problem.offers, at % self.problem.offers);
        state.taken[at] = !state.taken[at];
        match state.taken[at] {
            true => {
                state.of_row[row] += 1;
                state.of_offer[offer] += 1;
                state.spent += self.problem.cost[at];
            }
            false => {
                state.of_row[row] -= 1;
                state.of_offer[offer] -= 1;
                state.spent -= self.problem.cost[at];
            }
        }
    }

    /// Set the price of money.
    fn price(&mut self, money: f64) {
        self.money = money;
        self.arcs.iter_mut().for_each(BinaryHeap::clear);
        self.moves = 0;
        // Sums that were added to and taken from for long are made anew.
        let taken = self.state.taken.iter().zip(self.problem.cost);
        self.state.spent = taken.filter(|(taken, _)| **taken).map(|(_, cost)| cost).sum();
        let mut arcs: Vec<Vec<Move>> = self.arcs.iter_mut().map(|heap| std::mem::take(heap).into_vec()).collect();
        for row in 0..self.problem.rows() {
            self.moves += self.each_move(row, |arc, of| arcs[arc].push(of));
        }
        self.arcs = arcs.into_iter().map(BinaryHeap::from).collect();
        self.fresh = self.moves;
    }

    /// All that a row can do, by arc; how many that is.
    fn each_move(&self, row: usize, mut each: impl FnMut(usize, Move)) -> usize {
        let offers = self.problem.offers;
        let at = |offer: usize| row * offers + offer;
        let open = |offer: usize| !self.state.taken[at(offer)] && self.problem.is_open(at(offer));
        let mut moves = 0;
        let mut push = |from: usize, to: usize, gain: f64| {
            each(from * (offers + 1) + to, Move { gain, row: row as u32 });
            moves += 1;
        };
        for from in (0..offers).filter(|offer| self.state.taken[at(*offer)]) {
            let lost = self.value(at(from));
            push(from, offers, -lost);
            (0..offers).filter(|to| open(*to)).for_each(|to| push(from, to, self.value(at(to)) - lost));
        }
        if (self.state.of_row[row] as usize) < self.problem.per_row {
            for to in (0..offers).filter(|to| open(*to)) {
                let gain = self.value(at(to));
                if gain > 0.0 {
                    push(offers, to, gain);
                }
            }
        }
        moves
    }

    /// The best row of an arc that can still go it.
    fn best(&mut self, from: usize, to: usize) -> Option<Move> {
        let offers = self.problem.offers;
        let (state, per_row) = (&self.state, self.problem.per_row);
        let arc = &mut self.arcs[from * (offers + 1) + to];
        while let Some(top) = arc.peek() {
            let row = top.row as usize;
            let gives = match from == offers {
                true => (state.of_row[row] as usize) < per_row,
                false => state.taken[row * offers + from],
            };
            if gives && (to == offers || !state.taken[row * offers + to]) {
                return Some(*top);
            }
            arc.pop();
            self.moves -= 1;
        }
        None
    }

    /// Go through cycles that gain while there are any; with a limit of money only as long as it is kept.
    fn improve(&mut self, limit: Option<f64>, control: &Control) -> Result<()> {
        let nodes = self.problem.offers + 1;
        let mut gains = vec![f64::NEG_INFINITY; nodes * nodes];
        while self.steps > 0 {
            self.steps -= 1;
            if self.steps.is_multiple_of(CHECK) {
                control.check()?;
            }
            for from in 0..nodes {
                for to in (0..nodes).filter(|to| *to != from) {
                    gains[from * nodes + to] = self.gain(from, to);
                }
            }
            let Some(cycle) = cycle(&gains, nodes, NOTHING * self.scale) else { break };
            let turns = self.turns(&cycle);
            let cost = |at: &usize| match self.state.taken[*at] {
                true => -self.problem.cost[*at],
                false => self.problem.cost[*at],
            };
            if limit.is_some_and(|limit| self.state.spent + turns.iter().map(cost).sum::<f64>() > limit) {
                break;
            }
            turns.iter().for_each(|at| self.turn(*at));
            let mut rows: Vec<usize> = turns.iter().map(|at| at / self.problem.offers).collect();
            rows.dedup();
            for row in rows {
                let mut new = Vec::with_capacity(2 * nodes);
                self.moves += self.each_move(row, |arc, of| new.push((arc, of)));
                new.into_iter().for_each(|(arc, of)| self.arcs[arc].push(of));
            }
            if self.moves > 2 * self.fresh + nodes {
                self.price(self.money);
            }
        }
        Ok(())
    }

    /// Whether nothing need be done for an arc: what comes from what is free makes room at an offer that lets a row go, and an offer with room keeps
    /// one more.
    fn is_idle(&self, from: usize, to: usize) -> bool {
        let free = self.problem.offers;
        from == free && self.state.of_offer[to] > 0 || to == free && self.state.of_offer[from] < self.problem.room(from)
    }

    /// What is done for an arc: the best row, or none where that gains no less.
    fn done(&mut self, from: usize, to: usize) -> Option<Move> {
        let is_idle = self.is_idle(from, to);
        self.best(from, to).filter(|best| !is_idle || best.gain > 0.0)
    }

    /// What an arc gains.
    fn gain(&mut self, from: usize, to: usize) -> f64 {
        let otherwise = if self.is_idle(from, to) { 0.0 } else { f64::NEG_INFINITY };
        self.done(from, to).map_or(otherwise, |best| best.gain)
    }

    /// The offers that are made and unmade along a cycle, a row's side by side.
    fn turns(&mut self, cycle: &[usize]) -> Vec<usize> {
        let free = self.problem.offers;
        let mut turns = Vec::with_capacity(2 * cycle.len());
        for (i, &from) in cycle.iter().enumerate() {
            let to = cycle[(i + 1) % cycle.len()];
            if let Some(best) = self.done(from, to) {
                let row = best.row as usize * free;
                turns.extend([from, to].into_iter().filter(|node| *node != free).map(|offer| row + offer));
            }
        }
        turns
    }
}

/// A cycle along which gains sum up to more than nothing, by its nodes (Bellman 1958; Ford 1956).
fn cycle(gains: &[f64], nodes: usize, nothing: f64) -> Option<Vec<usize>> {
    let mut reached = vec![0.0; nodes];
    let mut before = vec![usize::MAX; nodes];
    for _ in 0..=nodes {
        let mut changed = false;
        for from in 0..nodes {
            for to in 0..nodes {
                let value = reached[from] + gains[from * nodes + to];
                if value > reached[to] + nothing {
                    (reached[to], before[to]) = (value, from);
                    changed = true;
                }
            }
        }
        if !changed {
            return None;
        }
        if let Some(cycle) = closed(&before) {
            let gain: f64 = (0..cycle.len()).map(|i| gains[cycle[i] * nodes + cycle[(i + 1) % cycle.len()]]).sum();
            return (gain > nothing).then_some(cycle);
        }
    }
    None
}

/// A cycle of what comes before what, in the order in which it is gone through.
fn closed(before: &[usize]) -> Option<Vec<usize>> {
    let mut seen = vec![usize::MAX; before.len()];
    for start in 0..before.len() {
        let mut node = start;
        while node != usize::MAX && seen[node] == usize::MAX {
            seen[node] = start;
            node = before[node];
        }
        if node == usize::MAX || seen[node] != start {
            continue;
        }
        let mut cycle = vec![node];
        let mut at = before[node];
        while at != node {
            cycle.push(at);
            at = before[at];
        }
        cycle.reverse();
        return Some(cycle);
    }
    None
}

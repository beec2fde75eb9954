//! Rows that are alike, taken together.
//!
//! Where the rows are of few kinds, so many of a kind take an offer, and at a price of money that is a transportation problem: solved exactly by the most
//! valuable augmenting paths (Jewell 1958; Busacker and Gowen 1960). What it earns is a convex and piecewise linear function of the price, whose
//! least value is found by cutting the lines on both sides of it (Dinkelbach 1967). There one assignment keeps the budget and one, as good, does not;
//! they differ by cycles, which are gone through as far as the budget reaches.

use std::collections::HashMap;

use super::made::Made;
use super::{Prices, Problem};
use crate::control::Control;
use crate::data::mix;
use crate::error::Result;

/// Pairs of a kind and an offer at most.
const MOST_CELLS: usize = 2048;
/// Cuts at most; each leaves fewer slopes.
const CUTS: usize = 60;
/// A gain below this share of the greatest is none.
const NOTHING: f64 = 1e-12;

/// The kinds of rows of a problem.
pub(super) struct Kinds<'a> {
    problem: &'a Problem<'a>,
    /// The rows of each.
    rows: Vec<Vec<u32>>,
    /// The greatest profit.
    scale: f64,
}

/// How many rows of a kind get an offer, the offers of a kind side by side.
#[derive(Debug, Clone)]
struct Flow {
    counts: Vec<u64>,
    profit: f64,
    spent: f64,
    /// What one more row of each offer would earn.
    offers: Vec<f64>,
}

/// An assignment of kinds, and the prices at which it is the best.
pub(super) struct Solved {
    pub(super) prices: Prices,
    pub(super) counts: Vec<u64>,
}

impl<'a> Kinds<'a> {
    /// The kinds; `None` where there are too many for this to be worth it, or a number that cannot be reckoned with.
    pub(super) fn of(problem: &'a Problem<'a>, control: &Control) -> Result<Option<Kinds<'a>>> {
        let most = MOST_CELLS / problem.offers;
        let mut by_hash: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut kinds: Vec<Vec<u32>> = Vec::new();
        let range = |row: usize| row * problem.offers..(row + 1) * problem.offers;
        // What is never made is alike, whatever it costs.
        let cell = |at: usize| match problem.is_open(at) {
            true => (problem.profit[at].to_bits(), problem.cost[at].to_bits()),
            false => (0, 0),
        };
        // Of the kinds, as long as they are used.
        let counted = problem.rows() * size_of::<u32>();
        control.reserve(counted)?;
        let mut scale = 0.0f64;
        for row in 0..problem.rows() {
            if row % 65_536 == 0 {
                control.check()?;
            }
            let hash = range(row).fold(0, |hash, at| mix(mix(hash, cell(at).0), cell(at).1));
            let alike = by_hash.entry(hash).or_default();
            let same = |kind: &&usize| {
                let first = kinds[**kind][0] as usize;
                range(row).zip(range(first)).all(|(a, b)| cell(a) == cell(b))
            };
            match alike.iter().find(same) {
                Some(&kind) => kinds[kind].push(row as u32),
                None if kinds.len() < most => {
                    alike.push(kinds.len());
                    kinds.push(vec![row as u32]);
                    scale = range(row).filter(|at| problem.is_open(*at)).fold(scale, |s, at| s.max(problem.profit[at]));
                }
                None => {
                    control.release(counted);
                    return Ok(None);
                }
            }
        }
        let reckoned = (scale * problem.rows() as f64 * problem.offers as f64).is_finite() && scale > 0.0;
        Ok(reckoned.then_some(Kinds { problem, rows: kinds, scale }))
    }

    /// The place of an offer to the first row of a kind among all pairs.
    fn at(&self, kind: usize, offer: usize) -> usize {
        self.rows[kind][0] as usize * self.problem.offers + offer
    }

    fn of_kind(&self, kind: usize) -> u64 {
        self.rows[kind].len() as u64
    }

    /// The best assignment and its prices; `None` where they were not found.
    pub(super) fn solve(&self, control: &Control) -> Result<Option<Solved>> {
        let mut beyond = self.flow(0.0, control)?;
        let solved = |money: f64, flow: Flow| {
            Some(Solved { prices: Prices { money, offers: flow.offers }, counts: flow.counts })
        };
        let Some(budget) = self.problem.budget.filter(|b| beyond.spent > *b) else {
            return Ok(solved(0.0, beyond));
        };
        // At twice the greatest return only what is free is worth its cost.
        let cells =
            (0..self.rows.len()).flat_map(|kind| (0..self.problem.offers).map(move |offer| self.at(kind, offer)));
        let paid = cells.filter(|at| self.problem.is_open(*at) && self.problem.cost[*at] > 0.0);
        let high = 2.0 * paid.map(|at| self.problem.returns(at)).fold(0.0, f64::max);
        if !(high * budget).is_finite() || !beyond.spent.is_finite() {
            return Ok(None);
        }
        let mut within = self.flow(high, control)?;
        for _ in 0..CUTS {
            if beyond.spent <= within.spent {
                return Ok(None);
            }
            let money = (beyond.profit - within.profit) / (beyond.spent - within.spent);
            let flow = self.flow(money, control)?;
            let value = |flow: &Flow| flow.profit - money * (flow.spent - budget);
            if value(&flow) <= value(&within) + 1e-9 * value(&within).abs() {
                let counts = self.meet(within, &beyond, budget, control)?;
                return Ok(solved(money, Flow { counts, ..flow }));
            }
            match flow.spent <= budget {
                true => within = flow,
                false => beyond = flow,
            }
        }
        Ok(None)
    }

    /// The best assignment at a price of money without a budget.
    fn flow(&self, money: f64, control: &Control) -> Result<Flow> {
        let (problem, offers) = (self.problem, self.problem.offers);
        let mut flow = Flow { counts: vec![0; self.rows.len() * offers], profit: 0.0, spent: 0.0, offers: Vec::new() };
        let gain = |kind: usize, offer: usize| {
            let at = self.at(kind, offer);
            problem.is_open(at).then(|| problem.profit[at] - money * problem.cost[at])
        };
        let gains: Vec<Option<f64>> = (0..flow.counts.len()).map(|cell| gain(cell / offers, cell % offers)).collect();
        let mut free: Vec<u64> = (0..self.rows.len()).map(|k| self.of_kind(k) * problem.per_row as u64).collect();
        let mut room: Vec<u64> = (0..offers).map(|offer| problem.room(offer)).collect();
        let mut paths = Paths::new(self.rows.len(), offers, NOTHING * self.scale);
        loop {
            control.check()?;
            paths.find(&gains, &flow.counts, &free, |_| false, |kind| self.of_kind(kind));
            let Some(end) = paths.best(&room) else { break };
            // Back along the path: how many can go it, then they do.
            let mut most = room[end];
            paths.walk(end, |cell, forward| {
                most = most.min(match forward {
                    true => self.of_kind(cell / offers) - flow.counts[cell],
                    false => flow.counts[cell],
                });
            });
            let start = paths.start(end);
            most = most.min(free[start]);
            if most == 0 {
                break;
            }
            paths.walk(end, |cell, forward| match forward {
                true => flow.counts[cell] += most,
                false => flow.counts[cell] -= most,
            });
            free[start] -= most;
            room[end] = room[end].saturating_sub(most);
        }
        for (cell, &count) in flow.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let at = self.at(cell / offers, cell % offers);
            flow.profit += count as f64 * problem.profit[at];
            flow.spent += count as f64 * problem.cost[at];
        }
        // One more row of a full offer would come from a kind with rows to spare, or from another offer.
        let used = |offer: usize| (0..self.rows.len()).any(|kind| flow.counts[kind * offers + offer] > 0);
        let used: Vec<bool> = (0..offers).map(used).collect();
        paths.find(&gains, &flow.counts, &free, |offer| used[offer], |kind| self.of_kind(kind));
        flow.offers = (0..offers).map(|j| if room[j] == 0 { paths.to_offer[j].max(0.0) } else { 0.0 }).collect();
        Ok(flow)
    }

    /// What keeps the budget and is nearest to it between two assignments that are as good at its price: each cycle by which they differ is gone
    /// through as often as the budget allows.
    fn meet(&self, within: Flow, beyond: &Flow, budget: f64, control: &Control) -> Result<Vec<u64>> {
        let mut counts = within.counts;
        let mut left: Vec<i64> = beyond.counts.iter().zip(&counts).map(|(b, w)| *b as i64 - *w as i64).collect();
        let mut cycles = Vec::new();
        while let Some((cycle, most)) = self.cycle(&left) {
            control.check()?;
            let often = cycle.iter().map(|(cell, _)| left[*cell].unsigned_abs()).fold(most, u64::min);
            let mut cost = 0.0;
            for &(cell, sign) in &cycle {
                left[cell] -= sign * often as i64;
                cost +=
                    sign as f64 * self.problem.cost[self.at(cell / self.problem.offers, cell % self.problem.offers)];
            }
            cycles.push((cost, often, cycle));
        }
        // What saves comes first.
        cycles.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut spent = within.spent;
        for (cost, often, cycle) in cycles {
            let times = match cost > 0.0 {
                true => ((budget - spent) / cost).floor().clamp(0.0, often as f64) as u64,
                false => often,
            };
            spent += times as f64 * cost;
            for (cell, sign) in cycle {
                counts[cell] = counts[cell].saturating_add_signed(sign * times as i64);
            }
        }
        Ok(counts)
    }

    /// Cells of a cycle, or of a path between two ends, along which the differences `left` can be lessened, each with the sign of its own; and how often
    /// the ends allow it.
    fn cycle(&self, left: &[i64]) -> Option<(Vec<(usize, i64)>, u64)> {
        let offers = self.problem.offers;
        let kinds = self.rows.len();
        let net_of_kind = |kind: usize| left[kind * offers..(kind + 1) * offers].iter().sum::<i64>();
        let net_of_offer = |offer: usize| (0..kinds).map(|kind| left[kind * offers + offer]).sum::<i64>();
        // More rows come in at a kind whose sum grows, or at an offer whose sum falls; without such ends only cycles are left.
        let start = (0..kinds).find(|k| net_of_kind(*k) > 0).map(|k| (true, k));
        let start = start.or_else(|| (0..offers).find(|o| net_of_offer(*o) < 0).map(|o| (false, o)));
        let net = |(is_kind, node): (bool, usize)| if is_kind { net_of_kind(node) } else { net_of_offer(node) };
        let (mut is_kind, mut node) =
            start.or_else(|| left.iter().position(|l| *l > 0).map(|cell| (true, cell / offers)))?;
        let mut path: Vec<(usize, i64)> = Vec::new();
        let mut seen: HashMap<(bool, usize), usize> = HashMap::new();
        loop {
            if let Some(&from) = seen.get(&(is_kind, node)) {
                return Some((path.split_off(from), u64::MAX));
            }
            seen.insert((is_kind, node), path.len());
            let ends = if is_kind { net_of_kind(node) < 0 } else { net_of_offer(node) > 0 };
            if let Some(start) = start.filter(|_| ends && !path.is_empty()) {
                return Some((path, net(start).unsigned_abs().min(net((is_kind, node)).unsigned_abs())));
            }
            // From a kind to an offer that more of its rows get, from an offer to a kind of which fewer do.
            let next = match is_kind {
                true => (0..offers).map(|o| (o, node * offers + o)).find(|(_, cell)| left[*cell] > 0),
                false => (0..kinds).map(|k| (k, k * offers + node)).find(|(_, cell)| left[*cell] < 0),
            };
            let (to, cell) = next?;
            path.push((cell, left[cell].signum()));
            (is_kind, node) = (!is_kind, to);
        }
    }

    /// Offers to rows, as many of each kind as `counts` says.
    pub(super) fn made(&self, counts: &[u64], control: &Control) -> Result<Made<'a>> {
        let offers = self.problem.offers;
        let mut made = Made::new(self.problem, control)?;
        for (kind, rows) in self.rows.iter().enumerate() {
            // Round and round the rows of the kind: no row gets an offer twice, and none gets too many.
            let mut next = rows.iter().cycle();
            for offer in 0..offers {
                for row in next.by_ref().take(counts[kind * offers + offer] as usize) {
                    made.make(*row as usize * offers + offer);
                }
            }
        }
        Ok(made)
    }
}

/// The most valuable paths from kinds with rows to spare to each offer, through offers that rows give up for others.
struct Paths {
    offers: usize,
    nothing: f64,
    to_kind: Vec<f64>,
    to_offer: Vec<f64>,
    /// Where the best path comes from: to a kind the offer given up, to an offer the kind.
    offer_before: Vec<Option<usize>>,
    kind_before: Vec<Option<usize>>,
}

impl Paths {
    fn new(kinds: usize, offers: usize, nothing: f64) -> Paths {
        Paths {
            offers,
            nothing,
            to_kind: vec![0.0; kinds],
            to_offer: vec![0.0; offers],
            offer_before: vec![None; kinds],
            kind_before: vec![None; offers],
        }
    }

    /// Find them, by Bellman and Ford: an assignment that is the best for its size has no cycle that gains, so as many rounds as there are nodes will
    /// do. `begins` names offers at which a path may begin too.
    fn find(
        &mut self,
        gains: &[Option<f64>],
        counts: &[u64],
        free: &[u64],
        begins: impl Fn(usize) -> bool,
        of_kind: impl Fn(usize) -> u64,
    ) {
        let kinds = self.to_kind.len();
        for (to, free) in self.to_kind.iter_mut().zip(free) {
            *to = if *free > 0 { 0.0 } else { f64::NEG_INFINITY };
        }
        for offer in 0..self.offers {
            self.to_offer[offer] = if begins(offer) { 0.0 } else { f64::NEG_INFINITY };
        }
        self.offer_before.fill(None);
        self.kind_before.fill(None);
        for _ in 0..kinds + self.offers {
            let mut changed = false;
            for kind in 0..kinds {
                for offer in 0..self.offers {
                    let cell = kind * self.offers + offer;
                    let Some(gain) = gains[cell] else { continue };
                    if counts[cell] < of_kind(kind) && self.to_kind[kind] + gain > self.to_offer[offer] + self.nothing {
                        self.to_offer[offer] = self.to_kind[kind] + gain;
                        self.kind_before[offer] = Some(kind);
                        changed = true;
                    }
                    if counts[cell] > 0 && self.to_offer[offer] - gain > self.to_kind[kind] + self.nothing {
                        self.to_kind[kind] = self.to_offer[offer] - gain;
                        self.offer_before[kind] = Some(offer);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
    }

    /// The offer with room to which a path gains most, if one gains.
    fn best(&self, room: &[u64]) -> Option<usize> {
        let open = (0..self.offers).filter(|offer| room[*offer] > 0 && self.to_offer[*offer] > self.nothing);
        open.max_by(|a, b| self.to_offer[*a].total_cmp(&self.to_offer[*b]).then(b.cmp(a)))
    }

    /// Go the path to an offer backwards: its cells, and whether the path goes them forward.
    fn walk(&self, end: usize, mut visit: impl FnMut(usize, bool)) -> usize {
        let (mut offer, mut first) = (end, 0);
        // No path is longer than there are nodes.
        for _ in 0..=self.to_kind.len() {
            let Some(kind) = self.kind_before[offer] else { break };
            visit(kind * self.offers + offer, true);
            first = kind;
            let Some(before) = self.offer_before[kind] else { break };
            visit(kind * self.offers + before, false);
            offer = before;
        }
        first
    }

    /// The kind at which the path to an offer begins.
    fn start(&self, end: usize) -> usize {
        self.walk(end, |_, _| {})
    }
}

//! Forecasts of a hierarchy that add up: of each country those of its regions, of all those of the countries.
//!
//! Each node is forecast by itself, then all forecasts are reconciled by weighted least squares, weights being the inverse of their variances (MinT with a
//! diagonal matrix: Wickramasuriya, Athanasopoulos and Hyndman 2019). On a tree this needs no matrix: going up, what a node itself expects and what its children
//! expect together are averaged by their variances; going down, what is left over is shared out among the children by theirs.

use super::gather::{Missing, Series};
use super::outlook::Outlook;
use crate::control::Control;
use crate::error::Result;

/// Nodes in an order in which children come after their parents.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tree {
    /// The parent of each node; `None` for the root.
    pub parent: Vec<Option<usize>>,
    /// The series of a leaf.
    pub leaf: Vec<Option<usize>>,
    /// How many groups tell a node: 0 for the root.
    pub depth: Vec<usize>,
    /// A leaf under each node, whose key begins with that of the node.
    pub example: Vec<usize>,
}

impl Tree {
    /// The tree of keys in their order: a node for every beginning of a key. `same(i, j, depth)` says whether two keys begin alike.
    pub fn new(count: usize, groups: usize, same: impl Fn(usize, usize, usize) -> bool) -> Tree {
        let mut tree = Tree::default();
        let mut path: Vec<usize> = Vec::with_capacity(groups + 1);
        for key in 0..count {
            let shared = match key {
                0 => 0,
                _ => (0..groups).take_while(|depth| same(key - 1, key, *depth + 1)).count() + 1,
            };
            path.truncate(shared);
            for depth in shared..=groups {
                let node = tree.parent.len();
                tree.parent.push(depth.checked_sub(1).and_then(|d| path.get(d).copied()));
                tree.leaf.push((depth == groups).then_some(key));
                tree.depth.push(depth);
                tree.example.push(key);
                path.push(node);
            }
        }
        tree
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.parent.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.parent.is_empty()
    }
}

/// The series of all nodes: those of the leaves go on to the last step of all, those above are their sums.
pub fn sums(
    tree: &Tree,
    leaves: &[Series],
    last: i64,
    missing: Missing,
    seasons: &[usize],
    horizon: usize,
    control: &Control,
) -> Result<Vec<Series>> {
    let mut all: Vec<Series> = control.filled(tree.len(), Series::default())?;
    for node in (0..tree.len()).rev() {
        control.check()?;
        if let Some(leaf) = tree.leaf[node].and_then(|l| leaves.get(l)) {
            control.reserve(leaf.values.len() * 9)?;
            let mut own = leaf.clone();
            go_on(&mut own, last, missing, seasons, horizon, control)?;
            all[node] = own;
        }
        let Some(parent) = tree.parent[node].filter(|p| *p < node) else { continue };
        let (above, below) = all.split_at_mut(node);
        add(&mut above[parent], &below[0], control)?;
    }
    Ok(all)
}

/// Bring a series to the last step: one that misses a few goes on as it was a season ago, one that has ended is 0.
fn go_on(
    one: &mut Series,
    last: i64,
    missing: Missing,
    seasons: &[usize],
    horizon: usize,
    control: &Control,
) -> Result<()> {
    if one.values.is_empty() {
        return Ok(());
    }
    let end = one.first.saturating_add(one.values.len() as i64);
    let gap = usize::try_from(last.saturating_add(1).saturating_sub(end)).unwrap_or(0);
    let ended = gap > horizon || missing == Missing::Zero;
    let n = one.values.len();
    let period = seasons.iter().copied().find(|p| n >= *p).unwrap_or(1);
    control.reserve(gap.saturating_mul(9))?;
    for i in 0..gap {
        let value = if ended { 0.0 } else { one.values[n - period + i % period] };
        one.values.push(value);
    }
    if gap > 0 {
        one.filled.resize(n, false);
        one.filled.resize(n + gap, true);
    }
    Ok(())
}

/// Add a series to another; where either has not begun, it is 0.
fn add(to: &mut Series, one: &Series, control: &Control) -> Result<()> {
    if one.values.is_empty() {
        return Ok(());
    }
    if to.values.is_empty() {
        control.reserve(one.values.len() * 8)?;
        *to = Series { first: one.first, values: one.values.clone(), ..Series::default() };
        return Ok(());
    }
    if one.first < to.first {
        let more = (to.first - one.first) as usize;
        control.reserve(more * 8)?;
        to.values.splice(0..0, std::iter::repeat_n(0.0, more));
        to.first = one.first;
    }
    let from = (one.first - to.first) as usize;
    let len = from + one.values.len();
    if len > to.values.len() {
        control.reserve((len - to.values.len()) * 8)?;
        to.values.resize(len, 0.0);
    }
    for (sum, v) in to.values[from..].iter_mut().zip(&one.values) {
        *sum += v;
    }
    Ok(())
}

/// Let the forecasts of all nodes add up. Intervals move with their means. Nodes without a forecast count as 0.
pub fn reconcile(tree: &Tree, outlooks: &mut [Option<Outlook>], horizon: usize) {
    let n = tree.len();
    let mut nonnegative = true;
    for outlook in outlooks.iter().flatten() {
        nonnegative &= outlook.mean.iter().all(|m| *m >= 0.0) && outlook.low.iter().all(|m| *m >= 0.0 || m.is_nan());
    }
    let (mut mean, mut variance) = (vec![0.0; n], vec![0.0; n]);
    let (mut sum, mut spread, mut children) = (vec![0.0; n], vec![0.0; n], vec![0usize; n]);
    for node in 1..n {
        if let Some(parent) = tree.parent[node] {
            children[parent] += 1;
        }
    }
    for h in 0..horizon {
        sum.fill(0.0);
        spread.fill(0.0);
        for node in (0..n).rev() {
            let (own, wide) = match &outlooks[node] {
                Some(o) => (o.mean[h], (o.high[h] - o.low[h]) / 2.0),
                None => (0.0, 0.0),
            };
            // An interval that is not known tells as little as one as wide as the mean.
            let own_variance = if wide.is_nan() { own * own } else { wide * wide } + 1e-12 * own * own;
            (mean[node], variance[node]) = match children[node] {
                0 => (own, own_variance),
                _ => {
                    let all = own_variance + spread[node];
                    let weight = if all > 0.0 && outlooks[node].is_some() { spread[node] / all } else { 0.0 };
                    (sum[node] + weight * (own - sum[node]), spread[node] * (1.0 - weight))
                }
            };
            if let Some(parent) = tree.parent[node] {
                sum[parent] += mean[node];
                spread[parent] += variance[node];
            }
        }
        // `variance` has what is known going up; `spread` is the sum of it below a node.
        let total = spread.clone();
        let below = sum.clone();
        for node in 1..n {
            let Some(parent) = tree.parent[node] else { continue };
            let left = mean[parent] - below[parent];
            let share =
                if total[parent] > 0.0 { variance[node] / total[parent] } else { 1.0 / children[parent].max(1) as f64 };
            mean[node] += left * share;
        }
        // None below 0 where none was; and sums are those of what is written, to the last bit.
        for node in (0..n).rev() {
            if children[node] == 0 && nonnegative {
                mean[node] = mean[node].max(0.0);
            }
            if children[node] > 0 {
                mean[node] = 0.0;
            }
        }
        for node in (1..n).rev() {
            if let Some(parent) = tree.parent[node] {
                mean[parent] += mean[node];
            }
        }
        for (outlook, mean) in outlooks.iter_mut().zip(&mean) {
            let Some(o) = outlook else { continue };
            let by = mean - o.mean[h];
            o.mean[h] = *mean;
            o.low[h] += by;
            o.high[h] += by;
            if nonnegative {
                o.low[h] = o.low[h].max(0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::auto::{Fitted, Method};
    use crate::forecast::naive;

    fn outlook(mean: f64, width: f64) -> Option<Outlook> {
        let model = Fitted::Naive(naive::fit(naive::Form::Last, &[mean], 1));
        let (low, high) = (vec![mean - width], vec![mean + width]);
        Some(Outlook { mean: vec![mean], low, high, method: Method::Naive, replaced: false, model, scale: 1.0 })
    }

    fn tree() -> Tree {
        let keys = [["a", "x"], ["a", "y"], ["b", "x"]];
        Tree::new(3, 2, |i, j, depth| keys[i][..depth] == keys[j][..depth])
    }

    #[test]
    fn trees_have_a_node_for_each_beginning() {
        let tree = tree();
        assert_eq!(tree.parent, [None, Some(0), Some(1), Some(1), Some(0), Some(4)]);
        assert_eq!(tree.leaf, [None, None, Some(0), Some(1), None, Some(2)]);
        assert_eq!(tree.depth, [0, 1, 2, 2, 1, 2]);
        assert_eq!(tree.example, [0, 0, 0, 1, 2, 2]);
        assert_eq!(Tree::new(1, 0, |_, _, _| true).leaf, [Some(0)]);
    }

    /// The solution by matrices: `S (S'WS)^-1 S'W y` with W the inverse variances.
    #[test]
    fn reconciled_forecasts_are_those_of_weighted_least_squares() {
        let base = [1000.0, 310.0, 100.0, 190.0, 640.0, 650.0];
        let width = [50.0, 30.0, 10.0, 25.0, 40.0, 20.0];
        let mut all: Vec<Option<Outlook>> = base.iter().zip(&width).map(|(m, w)| outlook(*m, *w)).collect();
        reconcile(&tree(), &mut all, 1);
        let got: Vec<f64> = all.iter().flatten().map(|o| o.mean[0]).collect();
        // Made by numpy, see tests/referees/forecast.py.
        let truth = EXPECTED;
        for (a, b) in got.iter().zip(truth) {
            assert!((a - b).abs() < 1e-6, "{got:?}");
        }
        assert_eq!(got[0], got[1] + got[4]);
        let o = all[2].as_ref().unwrap();
        assert!((o.high[0] - o.low[0] - 20.0).abs() < 1e-9);
    }

    const EXPECTED: [f64; 6] =
        [958.810888252, 305.538681948, 102.143266476, 203.395415473, 653.272206304, 653.272206304];
}

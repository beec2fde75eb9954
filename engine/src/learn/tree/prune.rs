//! Minimal cost-complexity pruning (Breiman et al. 1984, chapter 3).

use super::grow::Node;

/// Cut back every branch that lowers the impurity by less than `alpha` a leaf, the weakest first.
pub(super) fn prune(nodes: &mut [Node], alpha: f64) {
    let whole = nodes.first().map_or(1.0, |n| n.cover).max(f64::MIN_POSITIVE);
    loop {
        // Children come after their parents, so one pass from the end knows the branches below.
        let mut leaves = vec![1u64; nodes.len()];
        let mut below: Vec<f64> = nodes.iter().map(|n| n.impurity / whole).collect();
        let mut weakest: Option<(f64, usize)> = None;
        for i in (0..nodes.len()).rev() {
            let Some((left, right)) = nodes[i].children else { continue };
            leaves[i] = leaves[left] + leaves[right];
            below[i] = below[left] + below[right];
        }
        let mut reachable = vec![false; nodes.len()];
        if let Some(root) = reachable.first_mut() {
            *root = true;
        }
        for i in 0..nodes.len() {
            let (true, Some((left, right))) = (reachable[i], nodes[i].children) else { continue };
            reachable[left] = true;
            reachable[right] = true;
            let price = (nodes[i].impurity / whole - below[i]) / (leaves[i] - 1) as f64;
            if weakest.is_none_or(|w| price < w.0) {
                weakest = Some((price, i));
            }
        }
        match weakest {
            Some((price, i)) if price <= alpha => nodes[i].children = None,
            _ => return,
        }
    }
}

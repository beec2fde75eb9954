//! How alike two clusterings of the same rows are.

use std::collections::HashMap;

/// How many rows are in each segment of two clusterings, and in each pair of them.
#[derive(Default)]
struct Rows {
    both: HashMap<(u32, u32), u64>,
    of_a: HashMap<u32, u64>,
    of_b: HashMap<u32, u64>,
}

impl Rows {
    fn count(a: &[u32], b: &[u32]) -> Rows {
        let mut rows = Rows::default();
        for (x, y) in a.iter().zip(b) {
            *rows.both.entry((*x, *y)).or_default() += 1;
            *rows.of_a.entry(*x).or_default() += 1;
            *rows.of_b.entry(*y).or_default() += 1;
        }
        rows
    }
}

/// The adjusted Rand index (Hubert, Arabie 1985) of two clusterings of the same rows: 1 where they are the same, 0 on average where chance made them.
pub fn adjusted_rand(a: &[u32], b: &[u32]) -> f64 {
    let pairs = |n: u64| n as f64 * (n as f64 - 1.0) / 2.0;
    let Rows { both, of_a, of_b } = Rows::count(a, b);
    // Of whole numbers below 2^53 a sum does not depend on its order.
    let together: f64 = both.values().map(|n| pairs(*n)).sum();
    let (first, second): (f64, f64) = (of_a.values().map(|n| pairs(*n)).sum(), of_b.values().map(|n| pairs(*n)).sum());
    let all = pairs(a.len().min(b.len()) as u64);
    let chance = if all > 0.0 { first * second / all } else { 0.0 };
    let most = f64::midpoint(first, second);
    if most - chance > 0.0 {
        (together - chance) / (most - chance)
    } else {
        1.0
    }
}

/// The Jaccard similarity of each segment of `a` with that of `b` which is most like it (Hennig 2007), counting the rows of both; `None` of a segment that
/// none of these rows is in.
pub fn jaccard(a: &[u32], b: &[u32], segments: usize) -> Vec<Option<f64>> {
    let Rows { both, of_a, of_b } = Rows::count(a, b);
    let mut best = vec![None; segments];
    for ((x, y), n) in both {
        let union = of_a[&x] + of_b[&y] - n;
        let similarity = n as f64 / union.max(1) as f64;
        if let Some(best) = best.get_mut(x as usize) {
            *best = Some(best.map_or(similarity, |b: f64| b.max(similarity)));
        }
    }
    best
}

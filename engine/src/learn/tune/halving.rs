//! Successive halving (Jamieson, Talwalkar 2016): all trials learn from few rows, the better ones go on to more.

use crate::error::{Error, Result};

/// What a round of a search does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    /// Rows that the largest fold learns from.
    pub rows: usize,
    /// Trials that go on.
    pub survivors: usize,
}

/// The rounds for `trials` where a fold learns from at most `rows`, as scikit-learn plans them: each has `factor` times the rows of the
/// one before; the first has `least` rows, or so many that the last has as good as all, but no fewer than `smallest`.
pub(super) fn rounds(
    trials: usize,
    rows: usize,
    factor: usize,
    least: Option<usize>,
    smallest: usize,
) -> Result<Vec<Round>> {
    let needed = 1 + floor_log(trials, factor);
    let exhausting = || rows / factor.saturating_pow(needed as u32 - 1);
    let first = least.unwrap_or_else(|| exhausting().max(smallest).min(rows)).max(1);
    if first > rows {
        return Err(Error::option(
            format!("option \"min_resources\" is {first}, but a fold has {rows} rows to learn from"),
            "Give fewer, or leave it out.",
        ));
    }
    let possible = 1 + floor_log(rows / first, factor);
    let mut planned = Vec::new();
    let (mut rows, mut trials) = (first, trials);
    for _ in 0..needed.min(possible) {
        trials = trials.div_ceil(factor);
        planned.push(Round { rows, survivors: trials });
        rows = rows.saturating_mul(factor);
    }
    Ok(planned)
}

/// The greatest `k` with `base^k <= n`, for `n` of at least 1.
fn floor_log(n: usize, base: usize) -> usize {
    let mut k = 0;
    let mut power = base;
    while power <= n {
        k += 1;
        power = power.saturating_mul(base);
        if power == usize::MAX {
            break;
        }
    }
    k
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plan(trials: usize, rows: usize, factor: usize, least: Option<usize>) -> Vec<(usize, usize)> {
        rounds(trials, rows, factor, least, 20).unwrap().into_iter().map(|r| (r.rows, r.survivors)).collect()
    }

    #[test]
    fn plans_are_those_of_scikit_learn() {
        // HalvingGridSearchCV's n_resources_ and n_candidates_ for the same numbers of candidates and samples.
        assert_eq!(plan(27, 1000, 3, None), [(37, 9), (111, 3), (333, 1), (999, 1)]);
        assert_eq!(plan(6, 1000, 3, None), [(333, 2), (999, 1)]);
        assert_eq!(plan(6, 1000, 2, Some(20)), [(20, 3), (40, 2), (80, 1)]);
        assert_eq!(plan(2, 1000, 3, None), [(1000, 1)]);
        assert_eq!(plan(100, 30, 3, None), [(20, 34)]);
        let refused = rounds(9, 100, 3, Some(101), 20).unwrap_err().to_string();
        assert_eq!(refused, "option \"min_resources\" is 101, but a fold has 100 rows to learn from");
    }

    proptest! {
        #[test]
        fn rounds_grow_and_end(trials in 1usize..1000, rows in 1usize..1_000_000, factor in 2usize..100) {
            let planned = rounds(trials, rows, factor, None, 20).unwrap();
            prop_assert!(!planned.is_empty());
            prop_assert!(planned.iter().all(|r| r.rows >= 1 && r.rows <= rows && r.survivors >= 1));
            prop_assert!(planned.windows(2).all(|w| w[1].rows == w[0].rows * factor && w[1].survivors <= w[0].survivors));
        }
    }
}

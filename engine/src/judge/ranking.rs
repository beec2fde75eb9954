//! How good lists of recommended items are, against items that users took or liked later.

use std::sync::LazyLock;

use super::{sum, Metric};

/// The most places of a list that can be judged.
pub const MOST_PLACES: usize = 100;

/// The name of the normalized discounted cumulative gain of the first `k` places of lists, 1 to [`MOST_PLACES`].
pub fn ndcg_name(k: usize) -> &'static str {
    static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| (1..=MOST_PLACES).map(|k| format!("ndcg_at_{k}")).collect());
    NAMES.get(k.wrapping_sub(1)).map_or("ndcg", String::as_str)
}

/// How good the list of a user is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ListQuality {
    /// The share of the places of the list that hold a relevant item.
    pub precision: f64,
    /// The share of relevant items that are in the list.
    pub recall: f64,
    /// Normalized discounted cumulative gain: a hit counts `1 / log2(1 + rank)`, as a share of what the best list would have.
    pub ndcg: f64,
    /// Average precision: the mean of the precision at each hit, over as many hits as there could be.
    pub average_precision: f64,
}

/// The quality of a list, the best item first, cut after `k` places. `relevant` ascends; `unknown` more items are relevant that no list could name.
pub fn quality(list: &[u32], relevant: &[u32], unknown: usize, k: usize) -> ListQuality {
    let all = relevant.len() + unknown;
    if all == 0 || k == 0 {
        return ListQuality::default();
    }
    let gain = |rank: usize| 1.0 / libm::log2(rank as f64 + 2.0);
    let (mut hits, mut gained, mut precisions) = (0.0, 0.0, 0.0);
    for (rank, item) in list.iter().take(k).enumerate() {
        if relevant.binary_search(item).is_ok() {
            hits += 1.0;
            gained += gain(rank);
            precisions += hits / (rank as f64 + 1.0);
        }
    }
    let most = all.min(k);
    ListQuality {
        precision: hits / k as f64,
        recall: hits / all as f64,
        ndcg: gained / (0..most).map(gain).sum::<f64>(),
        average_precision: precisions / most as f64,
    }
}

/// The metrics of the lists of users: their means, the share of items that are in any list, and how good the list would be that names the most popular
/// items. Intervals are those of means over users.
pub fn recommendations(
    lists: &[ListQuality],
    popular: &[ListQuality],
    coverage: f64,
    k: usize,
    what: &str,
) -> Vec<Metric> {
    let of = |name: &str, all: &[ListQuality], value: fn(&ListQuality) -> f64, note: String| {
        let users = all.len() as f64;
        if all.is_empty() {
            return Metric::new(name.to_owned(), None, "no user has held-out items");
        }
        let mean = sum(all.iter().map(value)) / users;
        let spread = sum(all.iter().map(|l| (value(l) - mean) * (value(l) - mean)));
        let error = (spread / (users - 1.0).max(1.0) / users).sqrt();
        let interval = (all.len() > 1).then_some(((mean - 1.96 * error).max(0.0), (mean + 1.96 * error).min(1.0)));
        Metric::new(name.to_owned(), Some(mean), note).between(interval)
    };
    let users = lists.len();
    let popularity = "what a list of the most popular items has";
    vec![
        of(
            &format!("ndcg_at_{k}"),
            lists,
            |l| l.ndcg,
            format!("the mean of {users} users, {what}; hits at the top count more"),
        ),
        of(
            &format!("precision_at_{k}"),
            lists,
            |l| l.precision,
            format!("the share of the first {k} items that are hits"),
        ),
        of(
            &format!("recall_at_{k}"),
            lists,
            |l| l.recall,
            format!("the share of held-out items that are among the first {k}"),
        ),
        of(&format!("map_at_{k}"), lists, |l| l.average_precision, "mean average precision".to_owned()),
        Metric::new(
            "coverage",
            Some(coverage),
            format!("the share of items that are among the first {k} of some user"),
        ),
        of(&format!("popular_ndcg_at_{k}"), popular, |l| l.ndcg, popularity.to_owned()),
        of(&format!("popular_precision_at_{k}"), popular, |l| l.precision, popularity.to_owned()),
        of(&format!("popular_recall_at_{k}"), popular, |l| l.recall, popularity.to_owned()),
        of(&format!("popular_map_at_{k}"), popular, |l| l.average_precision, popularity.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_worked_out_by_hand() {
        let found = quality(&[7, 3, 9, 1], &[1, 3, 8], 1, 4);
        assert_eq!((found.precision, found.recall), (0.5, 0.5));
        let log = |x: f64| 1.0 / x.log2();
        let best = log(2.0) + log(3.0) + log(4.0) + log(5.0);
        assert!((found.ndcg - (log(3.0) + log(5.0)) / best).abs() < 1e-12);
        assert!((found.average_precision - (0.5 + 0.5) / 4.0).abs() < 1e-12);
        assert_eq!(quality(&[1], &[], 0, 4), ListQuality::default());
        assert_eq!(quality(&[1, 2], &[1, 2], 0, 2).ndcg, 1.0);
    }
}

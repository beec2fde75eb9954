//! Folds of cross-validation: the training rows fall apart into parts that take turns at being judged on.
//!
//! As in the holdout, a row's place is a matter of its features, the seed and its number among identical rows; neither the target nor
//! the order of arrival has a say in it, but for the share of each class.

use super::holdout::{places, DRAW};
use super::order::mix;
use super::{Draw, RowHashes};
use crate::control::Control;
use crate::error::{Error, Result};

/// Which fold each row belongs to.
#[derive(Debug)]
pub struct Folds {
    /// By row, in canonical order. Where the window expands, 0 stands for the rows before the first fold.
    part: Vec<u32>,
    count: usize,
    /// Whether a fold learns only from the rows before it.
    expanding: bool,
}

/// What a row is for in a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To learn from.
    Learn,
    /// To judge on.
    Judge,
    /// Not for this fold.
    Rest,
}

impl Folds {
    /// The number of folds.
    pub fn count(&self) -> usize {
        self.count
    }

    /// What the row at `position` is for in a fold, counted from 0.
    pub fn role(&self, fold: usize, position: usize) -> Role {
        let own = self.part[position] as usize;
        match (self.expanding, fold + usize::from(self.expanding)) {
            (_, judged) if own == judged => Role::Judge,
            (true, judged) if own > judged => Role::Rest,
            _ => Role::Learn,
        }
    }

    /// How many rows a fold learns from.
    pub fn learning_rows(&self, fold: usize) -> usize {
        (0..self.part.len()).filter(|&r| self.role(fold, r) == Role::Learn).count()
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        control.release_vec(self.part);
    }
}

/// Part training rows, in canonical order, into `count` folds: by class with exact shares, by whole groups of about equal weight, or by
/// time, where the latest rows fall into `count` equal parts and each is judged by what was learned from all rows before it.
///
/// Fails with [`Error::InvalidData`] when there are too few rows or groups, so that a fold would be empty.
pub fn folds(rows: &[RowHashes], count: usize, seed: u64, draw: Draw<'_>, control: &Control) -> Result<Folds> {
    let few = |n: usize, what: &str| {
        let message = format!("there are {n} {what} to learn from, too few for {count} folds");
        Err(Error::data(message, "Give fewer folds with the option \"cv\", or read more rows."))
    };
    let expanding = matches!(draw, Draw::Time(_));
    if rows.len() < count + usize::from(expanding) {
        return few(rows.len(), "rows");
    }
    let mut part: Vec<u32> = control.filled(rows.len(), 0)?;
    match draw {
        Draw::Rows { .. } => {
            let mut order: Vec<(u32, u64, u32)> = control.vec(rows.len())?;
            order.extend(rows.iter().map(places(seed)).zip(rows).enumerate().map(|(i, (p, r))| (r.class, p, i as u32)));
            super::sort(&mut order, Ord::cmp, control)?;
            // Dealt out class by class without a break, each class and all rows together are shared out evenly.
            order.iter().enumerate().for_each(|(i, o)| part[o.2 as usize] = (i % count) as u32);
            control.release_vec(order);
        }
        Draw::Group(group) => {
            let mut order: Vec<(u64, u32)> = control.vec(rows.len())?;
            order.extend(rows.iter().enumerate().map(|(i, r)| (mix(group(r.row), seed ^ DRAW), i as u32)));
            super::sort(&mut order, Ord::cmp, control)?;
            let mut groups: Vec<&[(u64, u32)]> = order.chunk_by(|a, b| a.0 == b.0).collect();
            if groups.len() < count {
                return few(groups.len(), "groups");
            }
            // The largest first, each into the lightest fold, as scikit-learn's GroupKFold does.
            groups.sort_by(|a, b| b.len().cmp(&a.len()).then(a[0].cmp(&b[0])));
            let mut weights = vec![0usize; count];
            for rows in groups {
                let lightest = (0..count).min_by_key(|&f| weights[f]).unwrap_or(0);
                weights[lightest] += rows.len();
                rows.iter().for_each(|r| part[r.1 as usize] = lightest as u32);
            }
            control.release_vec(order);
        }
        Draw::Time(time) => {
            let key = |t: f64| if t.is_nan() { f64::NEG_INFINITY } else { t };
            let mut order: Vec<(f64, u64, u32)> = control.vec(rows.len())?;
            order.extend(
                rows.iter().map(places(seed)).zip(rows).enumerate().map(|(i, (p, r))| (key(time(r.row)), p, i as u32)),
            );
            super::sort(&mut order, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)), control)?;
            let size = rows.len() / (count + 1);
            let first = rows.len() - size * count;
            for (i, o) in order.iter().enumerate().skip(first) {
                part[o.2 as usize] = 1 + ((i - first) / size) as u32;
            }
            control.release_vec(order);
        }
    }
    control.check()?;
    Ok(Folds { part, count, expanding })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(classes: &[u32], distinct: u32) -> Vec<RowHashes> {
        let row = |(i, &class): (usize, &u32)| RowHashes {
            features: mix(i as u64 % u64::from(distinct), 7),
            rest: 0,
            row: i as u32,
            class,
        };
        let mut rows: Vec<RowHashes> = classes.iter().enumerate().map(row).collect();
        rows.sort_unstable();
        rows
    }

    fn judged(folds: &Folds, rows: &[RowHashes], fold: usize) -> Vec<RowHashes> {
        let judges = |i: &usize| folds.role(fold, *i) == Role::Judge;
        (0..rows.len()).filter(judges).map(|i| rows[i]).collect()
    }

    proptest! {
        #[test]
        fn folds_are_a_partition_with_exact_shares(
            classes in prop::collection::vec(0u32..4, 10..300), count in 2usize..10, distinct in 1u32..400, seed in any::<u64>(),
        ) {
            let rows = rows(&classes, distinct);
            let f = folds(&rows, count, seed, Draw::Rows { classes: 4 }, &Control::default()).unwrap();
            let parts: Vec<Vec<RowHashes>> = (0..count).map(|k| judged(&f, &rows, k)).collect();
            let mut all: Vec<u32> = parts.iter().flatten().map(|r| r.row).collect();
            all.sort_unstable();
            prop_assert!(all.into_iter().eq(0..rows.len() as u32), "every row is judged once");
            for (k, part) in parts.iter().enumerate() {
                prop_assert!(part.len() == rows.len() / count || part.len() == rows.len().div_ceil(count));
                prop_assert_eq!(f.learning_rows(k), rows.len() - part.len());
                for class in 0..4 {
                    let n = classes.iter().filter(|c| **c == class).count();
                    let own = part.iter().filter(|r| r.class == class).count();
                    prop_assert!(own == n / count || own == n.div_ceil(count), "{} of {} in one of {}", own, n, count);
                }
            }
        }

        #[test]
        fn groups_stay_whole(classes in prop::collection::vec(0u32..2, 40..300), count in 2usize..6, seed in any::<u64>()) {
            let rows = rows(&classes, 1000);
            let f = folds(&rows, count, seed, Draw::Group(&|r| u64::from(r % 13)), &Control::default()).unwrap();
            for k in 0..count {
                let groups: std::collections::BTreeSet<u32> = judged(&f, &rows, k).iter().map(|r| r.row % 13).collect();
                prop_assert!(!groups.is_empty());
                let learned = (0..rows.len()).filter(|&i| f.role(k, i) == Role::Learn);
                prop_assert!(learned.into_iter().all(|i| !groups.contains(&(rows[i].row % 13))));
            }
        }

        #[test]
        fn windows_expand(n in 8usize..200, count in 2usize..7, seed in any::<u64>()) {
            let rows = rows(&vec![0; n], 1000);
            let f = folds(&rows, count, seed, Draw::Time(&|r| f64::from(r)), &Control::default()).unwrap();
            let mut end = n - n / (count + 1) * count;
            for k in 0..count {
                let mut part: Vec<usize> = judged(&f, &rows, k).iter().map(|r| r.row as usize).collect();
                part.sort_unstable();
                prop_assert!(part.iter().copied().eq(end..end + n / (count + 1)), "{:?}", part);
                let learned = (0..n).filter(|&i| f.role(k, i) == Role::Learn);
                prop_assert!(learned.into_iter().all(|i| (rows[i].row as usize) < end));
                prop_assert_eq!(f.learning_rows(k), end);
                end += n / (count + 1);
            }
        }
    }

    #[test]
    fn the_order_of_arrival_has_no_say() {
        let forward = rows(&[0, 1, 0, 1, 1, 0, 1, 1, 0, 1], 1000);
        let mut backward = forward.clone();
        backward.iter_mut().for_each(|r| r.row = 9 - r.row);
        let of = |rows: &[RowHashes]| folds(rows, 3, 5, Draw::Rows { classes: 2 }, &Control::default()).unwrap().part;
        assert_eq!(of(&forward), of(&backward));
    }

    #[test]
    fn too_few_rows_or_groups_are_refused() {
        let control = Control::default();
        let message =
            |draw: Draw<'_>, n: usize| folds(&rows(&vec![0; n], 99), 3, 0, draw, &control).unwrap_err().to_string();
        let rows = Draw::Rows { classes: 1 };
        assert_eq!(message(rows, 2), "there are 2 rows to learn from, too few for 3 folds");
        assert_eq!(message(Draw::Time(&|_| 0.0), 3), "there are 3 rows to learn from, too few for 3 folds");
        let groups = Draw::Group(&|r| u64::from(r % 2));
        assert_eq!(message(groups, 50), "there are 2 groups to learn from, too few for 3 folds");
    }
}

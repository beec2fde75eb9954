use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::control::Control;

/// Rows of baskets, a missing item where a basket is empty.
fn rows(baskets: &[Vec<u32>]) -> Vec<(u32, u32)> {
    let rows = |(i, items): (usize, &Vec<u32>)| {
        let row = move |&item: &u32| (i as u32, item);
        let none = items.is_empty().then_some((i as u32, MISSING));
        items.iter().map(row).chain(none).collect::<Vec<_>>()
    };
    baskets.iter().enumerate().flat_map(rows).collect()
}

fn collected(baskets: &[Vec<u32>], width: usize) -> Baskets {
    Baskets::collect(rows(baskets).into_iter(), baskets.len(), width, &Control::default()).unwrap()
}

fn listed(sets: &Itemsets) -> Vec<(Vec<u32>, u32)> {
    (0..sets.len()).map(|i| (sets.get(i).0.to_vec(), sets.get(i).1)).collect()
}

const ALL: Limits = Limits { baskets: 1, length: usize::MAX, most: 1 << 20 };

fn any_rule() -> RuleLimits {
    let (from, to) = (Vec::new(), Vec::new());
    RuleLimits { confidence: 0.0, lift: 0.0, consequents: usize::MAX, from, to, most: 1 << 20 }
}

/// Every set that is in a basket, counted by looking at all subsets of all baskets.
fn naive(baskets: &[Vec<u32>], limits: &Limits) -> Vec<(Vec<u32>, u32)> {
    let mut counts: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
    for basket in baskets {
        let mut items = basket.clone();
        items.sort_unstable();
        items.dedup();
        for mask in 1u32..1 << items.len() {
            let set: Vec<u32> = (0..items.len()).filter(|i| mask >> i & 1 == 1).map(|i| items[i]).collect();
            *counts.entry(set).or_default() += 1;
        }
    }
    let frequent = |(set, count): &(Vec<u32>, u32)| *count >= limits.baskets && set.len() <= limits.length;
    let mut sets: Vec<(Vec<u32>, u32)> = counts.into_iter().filter(frequent).collect();
    sets.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    sets
}

fn baskets() -> impl Strategy<Value = Vec<Vec<u32>>> {
    prop::collection::vec(prop::collection::vec(0u32..9, 0..9), 0..25)
}

proptest! {
    #[test]
    fn itemsets_are_those_of_counting_all(baskets in baskets(), least in 1u32..5, length in 1usize..6) {
        let limits = Limits { baskets: least, length, ..ALL };
        let sets = mine(&collected(&baskets, 9), &limits, &Control::default()).unwrap();
        prop_assert_eq!(listed(&sets), naive(&baskets, &limits));
    }

    #[test]
    fn rules_are_those_of_trying_all(
        baskets in baskets(),
        confidence in 0.0f64..1.0,
        lift in 0.0f64..1.5,
        consequents in 1usize..4,
        allowed in prop::collection::vec(any::<bool>(), 9),
        kind in 0..3,
    ) {
        let all: BTreeMap<Vec<u32>, u32> = naive(&baskets, &ALL).into_iter().collect();
        let sets = mine(&collected(&baskets, 9), &ALL, &Control::default()).unwrap();
        let mut limits = RuleLimits { confidence, lift, consequents, ..any_rule() };
        match kind {
            0 => limits.from = allowed.clone(),
            1 => limits.to = allowed.clone(),
            _ => {}
        }
        let found = rules(&sets, baskets.len(), &limits, &Control::default()).unwrap();
        let mut expected = 0;
        for (set, &both) in &all {
            for mask in 1u32..(1 << set.len()) - 1 {
                let side = |of: u32| (0..set.len()).filter(|i| mask >> i & 1 == of).map(|i| set[i]).collect::<Vec<u32>>();
                let (a, c) = (side(1), side(0));
                let n = baskets.len() as f64;
                let (sa, sc, s) = (f64::from(all[&a]) / n, f64::from(all[&c]) / n, f64::from(both) / n);
                let may = |list: &[bool], items: &[u32]| list.is_empty() || items.iter().all(|&i| list[i as usize]);
                let measures = Measures::new(both, all[&a], all[&c], baskets.len());
                if measures.confidence < confidence || measures.lift < lift || c.len() > consequents || !may(&limits.from, &a) || !may(&limits.to, &c) {
                    continue;
                }
                expected += 1;
                let at = (0..found.len()).find(|&i| found.sides(i) == (&a[..], &c[..]));
                prop_assert!(at.is_some(), "{:?} -> {:?}", a, c);
                prop_assert_eq!(found.baskets(at.unwrap()), both);
                prop_assert_eq!(found.measures(at.unwrap()), measures);
                let near = |x: f64, y: f64| (x - y).abs() < 1e-12 || x == y;
                prop_assert!(near(measures.confidence, s / sa) && near(measures.lift, s / sa / sc));
                prop_assert!(near(measures.leverage, s - sa * sc) && measures.zhang.abs() <= 1.0 + 1e-12);
            }
        }
        prop_assert_eq!(found.len(), expected);
        for i in 1..found.len() {
            prop_assert!(found.measures(i - 1).lift >= found.measures(i).lift);
        }
    }

    #[test]
    fn the_order_of_rows_and_the_threads_do_not_matter(baskets in baskets(), seed in any::<u64>()) {
        let mut shuffled = rows(&baskets);
        let mut state = seed;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(i, (state >> 33) as usize % (i + 1));
        }
        let control = Control::default();
        let other = Baskets::collect(shuffled.into_iter(), baskets.len(), 9, &control).unwrap();
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let alone = one.install(|| mine(&other, &ALL, &control)).unwrap();
        prop_assert_eq!(listed(&alone), listed(&mine(&collected(&baskets, 9), &ALL, &control).unwrap()));
    }
}

#[test]
fn a_share_is_met_as_it_is_shown() {
    for all in 1..2000usize {
        for count in [1, all / 3, all / 2, all].into_iter().filter(|&c| c > 0) {
            assert_eq!(least(count as f64 / all as f64, all), count as u32, "{count} of {all}");
        }
    }
    assert_eq!((least(0.07, 100), least(0.001, 9835), least(1.0, 0), least(0.0, 5)), (7, 10, 1, 1));
}

#[test]
fn baskets_hold_an_item_once_and_count_when_empty() {
    let collected = collected(&[vec![2, 0, 2], vec![], vec![1]], 3);
    assert_eq!((collected.len(), collected.is_empty()), (3, false));
    assert_eq!([0, 1, 2].map(|i| collected.basket(i).to_vec()), [vec![0, 2], vec![], vec![1]]);
    let none = Baskets::collect(std::iter::empty(), 0, 0, &Control::default()).unwrap();
    assert!(none.is_empty() && mine(&none, &ALL, &Control::default()).unwrap().is_empty());
}

#[test]
fn measures_at_their_ends() {
    let always = Measures::new(5, 5, 5, 10);
    assert_eq!((always.confidence, always.conviction, always.zhang), (1.0, f64::INFINITY, 1.0));
    let everywhere = Measures::new(10, 10, 10, 10);
    assert_eq!(
        (everywhere.lift, everywhere.leverage, everywhere.conviction, everywhere.zhang),
        (1.0, 0.0, f64::INFINITY, 0.0)
    );
    let everywhere_else = Measures::new(5, 5, 10, 10);
    assert_eq!((everywhere_else.conviction, everywhere_else.zhang), (f64::INFINITY, 0.0));
    let seldom = Measures::new(1, 5, 6, 10);
    assert!(seldom.zhang < 0.0 && seldom.conviction < 1.0 && seldom.lift < 1.0);
}

/// A basket of very many items with baskets of few, and very many items: a little work is done and memory taken, and too many sets are an error.
#[test]
fn giant_baskets_and_many_items_are_borne() {
    let mut giant: Vec<Vec<u32>> = (0..1000).map(|i| vec![i % 50, i * 7 % 50, 50 + i]).collect();
    giant.push((0..10_000).collect());
    let control = Control::new(64 << 20);
    let few = Limits { baskets: 5, ..ALL };
    let sets = mine(&collected(&giant, 10_000), &few, &control).unwrap();
    assert!(!sets.is_empty() && sets.len() < 2000);
    let error = mine(&collected(&giant, 10_000), &Limits { most: 100_000, ..ALL }, &control).unwrap_err();
    assert_eq!(error.to_string(), "more than 100000 itemsets are frequent");
    let single = mine(&collected(&giant, 10_000), &Limits { length: 1, ..ALL }, &control).unwrap();
    assert_eq!(single.len(), 10_000);
    let wide: Vec<Vec<u32>> = (0..100_000).map(|i| vec![i, (i * 31 + 7) % 100_000, (i * 17 + 1) % 100_000]).collect();
    let sets = mine(&collected(&wide, 100_000), &ALL, &Control::default()).unwrap();
    assert!(sets.len() > 400_000, "{}", sets.len());
}

#[test]
fn memory_is_counted_and_given_back() {
    let baskets: Vec<Vec<u32>> = (0..3000u32).map(|i| (0..12).map(|j| (i * (j + 3) + j * j) % 40).collect()).collect();
    let control = Control::default();
    let collected = Baskets::collect(rows(&baskets).into_iter(), baskets.len(), 40, &control).unwrap();
    let before = control.used();
    let sets = mine(&collected, &Limits { baskets: 20, ..ALL }, &control).unwrap();
    let kept = sets.items.capacity() * 4 + sets.ends.capacity() * 8 + sets.counts.capacity() * 4;
    assert_eq!(control.used() - before, kept);
    let peak = control.peak();
    let tight = Control::new(before + (peak - before) / 2);
    assert!(matches!(mine(&collected, &Limits { baskets: 20, ..ALL }, &tight), Err(Error::OutOfMemory { .. })));
    let cancelled = Control::default();
    cancelled.cancel();
    assert_eq!(mine(&collected, &ALL, &cancelled).unwrap_err(), Error::Cancelled);
    assert_eq!(rules(&sets, 3000, &any_rule(), &cancelled).unwrap_err(), Error::Cancelled);
    let error = rules(&sets, 3000, &RuleLimits { most: 10, ..any_rule() }, &control).unwrap_err();
    assert_eq!(error.to_string(), "more than 10 rules are strong enough");
}

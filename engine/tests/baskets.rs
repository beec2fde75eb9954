//! Itemsets and rules are those of mlxtend. The fixture is made by tests/referees/baskets.py.

use std::collections::BTreeMap;

use orchard_engine::baskets::{least, mine, rules, Baskets, Limits, RuleLimits};
use orchard_engine::control::Control;
use serde_json::Value;

fn items(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect()
}

#[test]
fn itemsets_and_rules_are_those_of_mlxtend() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/baskets.json")).unwrap();
    let list = |key: &str| fixture[key].as_array().unwrap().clone();
    let control = Control::default();
    let listed: Vec<Vec<u32>> = list("baskets").iter().map(items).collect();
    let missing = orchard_engine::data::MISSING;
    let rows: Vec<(u32, u32)> = (0u32..)
        .zip(&listed)
        .flat_map(|(basket, items)| {
            std::iter::once((basket, missing)).chain(items.iter().map(move |&item| (basket, item)))
        })
        .collect();
    let baskets = Baskets::collect(rows.into_iter(), listed.len(), 14, &control).unwrap();
    let limits = Limits { baskets: least(0.04, listed.len()), length: usize::MAX, most: 1 << 20 };
    let sets = mine(&baskets, &limits, &control).unwrap();
    let expected: BTreeMap<Vec<u32>, f64> =
        list("sets").iter().map(|set| (items(&set[0]), set[1].as_f64().unwrap())).collect();
    assert_eq!(sets.len(), expected.len());
    for i in 0..sets.len() {
        let (items, count) = sets.get(i);
        assert!((expected[items] - f64::from(count) / listed.len() as f64).abs() < 1e-12, "{items:?}");
    }
    let limits = RuleLimits {
        confidence: 0.2,
        lift: 0.0,
        consequents: usize::MAX,
        from: Vec::new(),
        to: Vec::new(),
        most: 1 << 20,
    };
    let found = rules(&sets, listed.len(), &limits, &control).unwrap();
    let expected: BTreeMap<(Vec<u32>, Vec<u32>), Value> =
        list("rules").into_iter().map(|rule| ((items(&rule[0]), items(&rule[1])), rule)).collect();
    assert!(found.len() == expected.len() && found.len() > 100, "{} and {}", found.len(), expected.len());
    for i in 0..found.len() {
        let (antecedents, consequents) = found.sides(i);
        let rule = &expected[&(antecedents.to_vec(), consequents.to_vec())];
        let m = found.measures(i);
        let ours = [
            m.support,
            m.confidence,
            m.lift,
            m.leverage,
            m.conviction,
            m.zhang,
            m.antecedent_support,
            m.consequent_support,
        ];
        for (at, ours) in ours.into_iter().enumerate() {
            let theirs = rule[at + 2].as_f64().unwrap_or(f64::INFINITY);
            assert!(ours == theirs || (ours - theirs).abs() < 1e-12 * theirs.abs().max(1.0), "{rule} {at} {ours}");
        }
    }
}

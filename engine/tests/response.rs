//! Adstock is that of pandas, and curves explain as much as scipy's. The fixture is made by tests/referees/response.py.

use orchard_engine::control::Control;
use orchard_engine::decide::adstock::{carried, fit_carried, Dated};
use orchard_engine::decide::budget::Period;
use serde_json::Value;

#[test]
fn curves_are_as_good_as_those_of_scipy() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("fixtures/response.json")).unwrap();
    for case in &cases {
        let numbers =
            |key: &str| case[key].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect::<Vec<f64>>();
        let number = |key: &str| case[key].as_f64().unwrap();
        let (spends, outcomes) = (numbers("spend"), numbers("outcome"));
        let dated: Vec<Dated> = spends
            .iter()
            .zip(outcomes)
            .enumerate()
            .map(|(week, (&spend, outcome))| Dated { time: 7.0 * week as f64, period: Period { spend, outcome } })
            .collect();
        let mean = spends.iter().sum::<f64>() / spends.len() as f64;
        for (ours, theirs) in
            carried(&dated, 0.35, mean, &Control::default()).unwrap().iter().zip(numbers("works_0.35"))
        {
            assert!((ours.spend - theirs).abs() < 1e-9 * theirs.max(1.0), "{} {theirs}", ours.spend);
        }
        let found = fit_carried(&dated, None, &Control::default()).unwrap().unwrap();
        let r2 = found.response.r2.unwrap();
        assert!(r2 > number("r2") - 0.002, "{} {r2} {}", found.decay, number("r2"));
        assert!((found.decay - number("true_decay")).abs() < 0.05, "{} {}", found.decay, number("true_decay"));
    }
}

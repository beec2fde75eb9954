//! Credits are those of ChannelAttribution, whose Markov chain is solved exactly besides. The fixture is made by tests/referees/attribute.py.

use orchard_engine::attribute::{attribute, Credit, Event, Journeys, Method, Parting, Weights};
use orchard_engine::control::Control;
use orchard_engine::data::MISSING;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

#[test]
fn credits_are_those_of_channel_attribution() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/attribute.json")).unwrap();
    let mut events = Vec::new();
    let mut customer = 0;
    for row in fixture["paths"].as_array().unwrap() {
        let path = numbers(&row[0]);
        let [converted, lost, value] = [1, 2, 3].map(|at| row[at].as_f64().unwrap());
        for i in 0..(converted + lost) as u32 {
            for (day, &channel) in path.iter().enumerate() {
                let time = day as f64;
                events.push(Event { customer, channel: channel as u32, time, conversions: 0.0, value: 0.0 });
            }
            if f64::from(i) < converted {
                let (time, value) = (path.len() as f64, value / converted);
                events.push(Event { customer, channel: MISSING, time, conversions: 1.0, value });
            }
            customer += 1;
        }
    }
    let control = Control::default();
    let parting = Parting { lookback: f64::INFINITY, collapse: false };
    let journeys = Journeys::of(events, parting, &control).unwrap();
    assert_eq!(journeys.len(), 3000);
    let weights = Weights { first: 0.4, last: 0.4, half_life: 7.0, order: 1 };
    let of = |method: Method| attribute(&journeys, 5, method, &weights, &control).unwrap();
    let same = |ours: Vec<f64>, key: &str, tolerance: f64| {
        for (ours, theirs) in ours.into_iter().zip(numbers(&fixture[key])) {
            assert!((ours - theirs).abs() <= tolerance * theirs, "{key}: {ours} {theirs}");
        }
    };
    let conversions = |credits: &[Credit]| credits.iter().map(|c| c.conversions).collect::<Vec<_>>();
    let values = |credits: &[Credit]| credits.iter().map(|c| c.value).collect::<Vec<_>>();
    for (method, name) in [(Method::FirstTouch, "first"), (Method::LastTouch, "last"), (Method::Linear, "linear")] {
        let credits = of(method);
        same(conversions(&credits), &format!("{name}_conversions"), 1e-12);
        same(values(&credits), &format!("{name}_value"), 1e-12);
    }
    let markov = of(Method::Markov);
    let effects: Vec<f64> = markov.iter().filter_map(|c| c.removal_effect).collect();
    same(effects.clone(), "effects", 1e-9);
    same(effects, "simulated_effects", 0.015);
    same(conversions(&markov), "simulated_conversions", 0.015);
    same(values(&markov), "simulated_value", 0.02);
}

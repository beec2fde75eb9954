use proptest::prelude::*;

use super::*;
use crate::control::Control;
use crate::error::Error;

const PARTING: Parting = Parting { lookback: f64::INFINITY, collapse: false };
const WEIGHTS: Weights = Weights { first: 0.4, last: 0.4, half_life: 7.0, order: 1 };

fn touch(customer: u32, channel: u32, time: f64) -> Event {
    Event { customer, channel, time, conversions: 0.0, value: 0.0 }
}

fn bought(customer: u32, channel: u32, time: f64, conversions: f64, value: f64) -> Event {
    Event { customer, channel, time, conversions, value }
}

fn parted(events: &[Event], parting: Parting) -> Journeys {
    Journeys::of(events.to_vec(), parting, &Control::default()).unwrap()
}

fn credits(journeys: &Journeys, channels: usize, method: Method, weights: &Weights) -> Vec<Credit> {
    attribute(journeys, channels, method, weights, &Control::default()).unwrap()
}

fn conversions(events: &[Event], channels: usize, method: Method) -> Vec<f64> {
    credits(&parted(events, PARTING), channels, method, &WEIGHTS).iter().map(|c| c.conversions).collect()
}

fn near(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
}

/// Journeys of channels, each of a customer of his own, a day apart, with conversions or none.
fn paths(paths: &[(&[u32], f64)]) -> Vec<Event> {
    let mut events = Vec::new();
    for (customer, (channels, conversions)) in paths.iter().enumerate() {
        for (day, &channel) in channels.iter().enumerate() {
            events.push(touch(customer as u32, channel, day as f64));
        }
        if *conversions > 0.0 {
            let day = channels.len() as f64;
            events.push(bought(customer as u32, MISSING, day, *conversions, 10.0 * conversions));
        }
    }
    events
}

#[test]
fn journeys_end_by_conversions() {
    let events = [
        touch(1, 0, 1.0),
        bought(1, 1, 3.0, 1.0, 5.0),
        touch(1, 2, 4.0),
        // A purchase without a touch after the one before.
        bought(2, MISSING, 1.0, 2.0, 7.0),
        touch(2, 0, 2.0),
        bought(2, MISSING, 2.0, 1.0, 3.0),
        // Nothing but an event that is none.
        touch(3, MISSING, 1.0),
    ];
    let journeys = parted(&events, PARTING);
    let listed: Vec<_> =
        journeys.iter().map(|j| (j.channels.to_vec(), j.ages.to_vec(), j.conversions, j.value)).collect();
    assert_eq!(
        listed,
        [(vec![0], vec![0.0], 1.0, 3.0), (vec![0, 1], vec![2.0, 0.0], 1.0, 5.0), (vec![2], vec![0.0], 0.0, 0.0),]
    );
    assert_eq!(journeys.untouched, (2.0, 7.0));
}

#[test]
fn the_lines_of_an_order_are_one_conversion_after_the_same_touches() {
    let events =
        [touch(0, 1, 1.0), bought(0, MISSING, 2.0, 1.0, 5.0), bought(0, MISSING, 2.0, 1.0, 7.0), touch(0, 1, 3.0)];
    let journeys = parted(&events, PARTING);
    assert_eq!(journeys.iter().map(|j| (j.conversions, j.value)).collect::<Vec<_>>(), [(0.0, 0.0), (2.0, 12.0)]);
    assert_eq!(journeys.untouched, (0.0, 0.0));
    assert_eq!(parted(&events[1..3], PARTING).untouched, (2.0, 12.0));
    assert_eq!(conversions(&events, 2, Method::LastTouch), [0.0, 2.0]);
}

#[test]
fn old_touches_and_repeats_can_be_left_out() {
    let events =
        [touch(0, 0, 0.0), touch(0, 1, 8.0), touch(0, 1, 9.0), touch(0, 0, 9.5), bought(0, MISSING, 10.0, 1.0, 0.0)];
    let of = |parting| parted(&events, parting).get(0).channels.to_vec();
    assert_eq!(of(Parting { lookback: 2.0, ..PARTING }), [1, 1, 0]);
    assert_eq!(of(Parting { collapse: true, ..PARTING }), [0, 1, 0]);
    let kept = parted(&events, Parting { collapse: true, ..PARTING });
    assert_eq!(kept.get(0).ages, [10.0, 1.0, 0.5]);
    let late = parted(&events, Parting { lookback: 0.25, ..PARTING });
    assert!(late.is_empty() && late.untouched.0 == 1.0);
}

#[test]
fn places_and_times_share_as_they_say() {
    let events = paths(&[(&[0, 1, 0, 2], 2.0), (&[1, 2], 1.0), (&[2], 1.0), (&[0, 1], 0.0)]);
    assert!(near(&conversions(&events, 3, Method::FirstTouch), &[2.0, 1.0, 1.0]));
    assert!(near(&conversions(&events, 3, Method::LastTouch), &[0.0, 0.0, 4.0]));
    assert!(near(&conversions(&events, 3, Method::Linear), &[1.0, 1.0, 2.0]));
    assert!(near(&conversions(&events, 3, Method::PositionBased), &[0.8 + 0.2, 0.2 + 0.5, 0.8 + 0.5 + 1.0]));
    assert!(near(&conversions(&events, 3, Method::Shapley), &[2.0 / 3.0, 2.0 / 3.0 + 0.5, 2.0 / 3.0 + 0.5 + 1.0]));
    // A touch a half-life earlier has half the weight.
    let late = [touch(0, 0, 0.0), touch(0, 1, 7.0), bought(0, MISSING, 9.0, 3.0, 30.0)];
    assert!(near(&conversions(&late, 2, Method::TimeDecay), &[1.0, 2.0]));
    let long_ago = [touch(0, 0, 0.0), touch(0, 1, 1.0), bought(0, MISSING, 1e9, 3.0, 30.0)];
    assert!(conversions(&long_ago, 2, Method::TimeDecay).iter().all(|c| *c > 1.4));
}

/// The example of the chain that is worked out by hand: A > B > C converts, A converts not, B > C converts not.
#[test]
fn removal_effects_of_a_chain_worked_out_by_hand() {
    let events = paths(&[(&[0, 1, 2], 1.0), (&[0], 0.0), (&[1, 2], 0.0)]);
    let journeys = parted(&events, PARTING);
    let found = credits(&journeys, 3, Method::Markov, &WEIGHTS);
    // From the start to A 2/3 and to B 1/3; A to B 1/2; B to C 1; C converts 1/2: 2/3 * 1/2 * 1/2 + 1/3 * 1/2 = 1/3.
    let effects: Vec<f64> = found.iter().map(|c| c.removal_effect.unwrap()).collect();
    assert!(near(&effects, &[0.5, 1.0, 1.0]), "{effects:?}");
    assert!(near(&found.iter().map(|c| c.conversions).collect::<Vec<_>>(), &[0.2, 0.4, 0.4]));
    assert!(near(&found.iter().map(|c| c.value).collect::<Vec<_>>(), &[2.0, 4.0, 4.0]));
}

/// Conversions from the start of the chain of states of `order` touches, found by going on step by step; without the channel `without`.
fn by_steps(all: &[(Vec<u32>, f64)], order: usize, without: Option<u32>) -> f64 {
    use std::collections::BTreeMap;
    let mut steps: BTreeMap<Vec<u32>, BTreeMap<Option<Vec<u32>>, f64>> = BTreeMap::new();
    let mut ends: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
    for (path, conversions) in all {
        let weight = if *conversions > 0.0 { *conversions } else { 1.0 };
        let mut state = vec![];
        for at in 0..path.len() {
            let next = path[(at + 1).saturating_sub(order)..=at].to_vec();
            *steps.entry(state).or_default().entry(Some(next.clone())).or_default() += weight;
            state = next;
        }
        *steps.entry(state.clone()).or_default().entry(None).or_default() += weight;
        *ends.entry(state).or_default() += conversions;
    }
    let mut now: BTreeMap<Vec<u32>, f64> = BTreeMap::from([(vec![], 1.0)]);
    let mut converted = 0.0;
    for _ in 0..4000 {
        let mut next: BTreeMap<Vec<u32>, f64> = BTreeMap::new();
        for (state, share) in &now {
            let all: f64 = steps[state].values().sum();
            converted += share * ends.get(state).copied().unwrap_or(0.0) / all;
            for (to, weight) in &steps[state] {
                if let Some(to) = to.clone().filter(|to| to.last().copied() != without || without.is_none()) {
                    *next.entry(to).or_default() += share * weight / all;
                }
            }
        }
        now = next;
    }
    converted
}

/// The Shapley values of the game, by all coalitions.
fn by_coalitions(all: &[(Vec<u32>, f64)], channels: usize) -> Vec<f64> {
    let worth = |coalition: u32| -> f64 {
        all.iter()
            .filter(|(path, _)| path.iter().all(|c| coalition >> c & 1 == 1))
            .map(|(_, conversions)| conversions)
            .sum()
    };
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let n = channels as u32;
    let value = |channel: u32| {
        (0..1u32 << n)
            .filter(|s| s >> channel & 1 == 0)
            .map(|s| {
                let size = s.count_ones();
                factorial(size) * factorial(n - size - 1) / factorial(n) * (worth(s | 1 << channel) - worth(s))
            })
            .sum()
    };
    (0..n).map(value).collect()
}

fn some_paths() -> impl Strategy<Value = Vec<(Vec<u32>, f64)>> {
    let path = (prop::collection::vec(0u32..4, 1..6), prop::sample::select(vec![0.0, 0.0, 1.0, 1.0, 3.0]));
    prop::collection::vec(path, 1..15)
}

fn events_of(all: &[(Vec<u32>, f64)]) -> Vec<Event> {
    paths(&all.iter().map(|(path, conversions)| (&path[..], *conversions)).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn removal_effects_are_those_of_going_step_by_step(all in some_paths(), order in 1usize..4) {
        let journeys = parted(&events_of(&all), PARTING);
        let found = credits(&journeys, 4, Method::Markov, &Weights { order, ..WEIGHTS });
        let whole = by_steps(&all, order, None);
        if whole == 0.0 {
            prop_assert!(found.iter().all(|c| *c == Credit::default()));
            return Ok(());
        }
        for (channel, credit) in found.iter().enumerate() {
            let effect = 1.0 - by_steps(&all, order, Some(channel as u32)) / whole;
            let removal = credit.removal_effect.unwrap();
            prop_assert!((removal - effect).abs() < 1e-9, "{channel}: {removal} {effect}");
        }
    }

    #[test]
    fn shapley_values_are_those_of_all_coalitions(all in some_paths()) {
        let found = credits(&parted(&events_of(&all), PARTING), 4, Method::Shapley, &WEIGHTS);
        for (credit, expected) in found.iter().zip(by_coalitions(&all, 4)) {
            prop_assert!((credit.conversions - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn credits_sum_up_and_do_not_depend_on_the_order_of_rows(
        rows in prop::collection::vec((0u32..6, 0u32..5, 0u32..40, 0u32..4), 1..80),
        half_life in 0.1f64..30.0,
        lookback in 0.0f64..50.0,
        collapse in any::<bool>(),
        rotate in 0usize..80,
    ) {
        let event = |&(customer, channel, time, kind): &(u32, u32, u32, u32)| Event {
            customer,
            channel: if channel == 4 { MISSING } else { channel },
            time: f64::from(time) * 0.7,
            conversions: if kind == 0 { f64::from(time % 3 + 1) } else { 0.0 },
            value: f64::from(time) * 0.1 * f64::from(channel + 1),
        };
        let mut events: Vec<Event> = rows.iter().map(event).collect();
        let journeys = parted(&events, Parting { lookback, collapse });
        let sums = journeys.iter().fold((0.0, 0.0), |sum, j| (sum.0 + j.conversions, sum.1 + j.value));
        let all: f64 = events.iter().map(|e| e.conversions).sum();
        prop_assert!((sums.0 + journeys.untouched.0 - all).abs() < 1e-9);
        let by = rotate % events.len();
        events.rotate_left(by);
        events.reverse();
        // Customers are numbered as they come.
        events.iter_mut().for_each(|e| e.customer = 5 - e.customer);
        let others = parted(&events, Parting { lookback, collapse });
        let weights = Weights { half_life, ..WEIGHTS };
        for method in Method::ALL {
            let found = credits(&journeys, 4, method, &weights);
            prop_assert_eq!(&found, &credits(&others, 4, method, &weights));
            let sum = found.iter().fold((0.0, 0.0), |sum, c| (sum.0 + c.conversions, sum.1 + c.value));
            prop_assert!((sum.0 - sums.0).abs() < 1e-9 && (sum.1 - sums.1).abs() < 1e-7, "{:?} {:?} {:?}", method, sum, sums);
            prop_assert!(found.iter().all(|c| c.conversions >= 0.0));
        }
        let paths = journeys.paths(&Control::default()).unwrap();
        prop_assert_eq!(paths.iter().map(|p| p.journeys).sum::<u64>(), journeys.len() as u64);
        prop_assert!((paths.iter().map(|p| p.conversions).sum::<f64>() - sums.0).abs() < 1e-9);
        prop_assert!(paths.windows(2).all(|p| p[0].conversions >= p[1].conversions));
        for (a, path) in paths.iter().enumerate() {
            prop_assert!(paths[..a].iter().all(|b| journeys.get(b.journey).channels != journeys.get(path.journey).channels));
        }
    }
}

#[test]
fn large_chains_are_solved_and_larger_ones_refused() {
    let many: Vec<(Vec<u32>, f64)> =
        (0..400u32).map(|i| (vec![i % 300, (i * 7) % 300, (i * 13 + 5) % 300], f64::from(i % 2))).collect();
    let found = credits(&parted(&events_of(&many), PARTING), 300, Method::Markov, &WEIGHTS);
    assert!((found.iter().map(|c| c.conversions).sum::<f64>() - 200.0).abs() < 1e-9);
    let effects = by_steps(&many, 1, Some(5));
    let whole = by_steps(&many, 1, None);
    assert!((found[5].removal_effect.unwrap() - (1.0 - effects / whole)).abs() < 1e-9);
    let wide: Vec<(Vec<u32>, f64)> = (0..3000u32).map(|i| (vec![i], 1.0)).collect();
    let journeys = parted(&events_of(&wide), PARTING);
    let error = attribute(&journeys, 3000, Method::Markov, &WEIGHTS, &Control::default()).unwrap_err();
    assert_eq!(error.to_string(), "the journeys have more than 2000 states");
    assert!((credits(&journeys, 3000, Method::Linear, &WEIGHTS)[7].conversions - 1.0).abs() < 1e-12);
}

/// A journey that goes round and round a million times before it ends.
#[test]
fn long_journeys_and_small_memories() {
    let long: Vec<Event> =
        (0..1_000_000u32).map(|i| touch(0, i % 3, f64::from(i))).chain([bought(0, MISSING, 1e6, 1.0, 1.0)]).collect();
    let journeys = parted(&long, PARTING);
    for method in Method::ALL {
        let sum: f64 = credits(&journeys, 3, method, &WEIGHTS).iter().map(|c| c.conversions).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{method:?} {sum}");
    }
    let tight = Control::new(1 << 20);
    assert!(matches!(Journeys::of(long.clone(), PARTING, &tight), Err(Error::OutOfMemory { .. })));
    let cancelled = Control::default();
    cancelled.cancel();
    assert_eq!(Journeys::of(long, PARTING, &cancelled).unwrap_err(), Error::Cancelled);
    let none = parted(&[], PARTING);
    assert!(Method::ALL.iter().all(|&method| credits(&none, 0, method, &WEIGHTS).is_empty()));
}

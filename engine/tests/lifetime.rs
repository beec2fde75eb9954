//! What customers are worth: the figures of the package lifetimes, and what must not change them.
#![allow(missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::Column;
use orchard_engine::lifetime::bgnbd::{self, Parameters};
use orchard_engine::lifetime::cohorts::{cohorts, Period};
use orchard_engine::lifetime::events::{customers, read, Customer, Events};
use orchard_engine::lifetime::spend;
use orchard_engine::lifetime::worth::{mean_amount, worth, Ahead, Amounts};
use orchard_engine::Error;
use proptest::prelude::*;
use serde_json::Value;

/// 2025-01-01, counted from 2000-01-01.
const NEW_YEAR: i32 = 9_132;
/// The end of the observation.
const END: i32 = NEW_YEAR + 330;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/lifetime.json")).unwrap()
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn lists(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(list).collect()
}

fn events(rows: &[(String, f64, f64)], end: Option<i32>, control: &Control) -> Result<Events, Error> {
    let names: Vec<Option<&str>> = rows.iter().map(|r| Some(r.0.as_str())).collect();
    let of = |f: &dyn Fn(&(String, f64, f64)) -> f64| rows.iter().map(f).collect::<Vec<f64>>();
    let free = Control::default();
    let customer = Column::from_texts("customer", &names, &free).unwrap();
    let day = Column::from_numbers("day", &of(&|r| r.1), &free).unwrap();
    let amount = Column::from_numbers("amount", &of(&|r| r.2), &free).unwrap();
    read(&customer.data, &day.data, Some(&amount.data), rows.len(), end, control)
}

/// The rows of the fixture, in an order of their own, with names that sort as the numbers do.
fn rows(fixture: &Value, step: usize) -> Vec<(String, f64, f64)> {
    let rows = lists(&fixture["rows"]);
    let n = rows.len();
    (0..n)
        .map(|i| &rows[(i * step + step / 2) % n])
        .map(|r| (format!("{:04}", r[0] as u32), r[1] + f64::from(NEW_YEAR), r[2]))
        .collect()
}

fn all(fixture: &Value, step: usize) -> Vec<Customer> {
    let control = Control::default();
    customers(&events(&rows(fixture, step), Some(END), &control).unwrap(), END, 7.0, &control).unwrap()
}

#[track_caller]
fn close(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within * expected.abs().max(1e-9), "{found:e} is not {expected:e}");
}

#[test]
fn customers_are_summed_up_as_lifetimes_does() {
    let fixture = fixture();
    let (found, expected) = (all(&fixture, 1), lists(&fixture["summary"]));
    assert_eq!(found.len(), expected.len());
    for (c, row) in found.iter().zip(&expected) {
        assert_eq!(f64::from(c.frequency), row[1], "{c:?} {row:?}");
        close(c.recency, row[2], 1e-12);
        close(c.age, row[3], 1e-12);
        close(c.spend, row[4], 1e-12);
    }
}

#[test]
fn likelihoods_are_greatest_where_lifetimes_finds_them() {
    let fixture = fixture();
    let (control, found) = (Control::default(), all(&fixture, 1));
    let fitted = bgnbd::fit(&found, 0.0, &control).unwrap();
    assert!(fitted.converged && fitted.errors.iter().all(|e| e.is_some_and(|e| e > 0.0)), "{fitted:?}");
    fitted.parameters.values().iter().zip(list(&fixture["bg_nbd"]["parameters"])).for_each(|(f, e)| close(*f, e, 1e-4));
    close(fitted.log_likelihood, -fixture["bg_nbd"]["nll"].as_f64().unwrap() * found.len() as f64, 1e-9);
    let fitted = spend::fit(&found, &control).unwrap().unwrap();
    fitted.parameters.values().iter().zip(list(&fixture["gamma_gamma"])).for_each(|(f, e)| close(*f, e, 1e-4));
}

#[test]
fn predictions_are_those_of_lifetimes() {
    let fixture = fixture();
    let found = all(&fixture, 1);
    let model = Parameters { r: 0.7, alpha: 5.5, a: 0.8, b: 2.5 };
    let of_spend = spend::Parameters { p: 6.0, q: 4.0, v: 15.0 };
    let (alive, mean) = (list(&fixture["alive"]), list(&fixture["spend"]));
    for (i, c) in found.iter().enumerate() {
        close(model.alive(c), alive[i], 1e-10);
        close(of_spend.mean(c), mean[i], 1e-10);
    }
    for (horizon, expected) in fixture["purchases"].as_object().unwrap() {
        for (c, expected) in found.iter().zip(list(expected)) {
            close(model.purchases(c, horizon.parse().unwrap()), expected, 1e-9);
        }
    }
}

#[test]
fn money_later_is_worth_less() {
    let (control, found) = (Control::default(), all(&fixture(), 1));
    let model = Parameters { r: 0.7, alpha: 5.5, a: 0.8, b: 2.5 };
    let of_spend = spend::Parameters { p: 6.0, q: 4.0, v: 15.0 };
    let made = worth(&found, &model, Amounts::Model(of_spend), Ahead { horizon: 10.5, discount_rate: 0.02 }, &control)
        .unwrap();
    for (c, w) in found.iter().zip(&made) {
        // As customer_lifetime_value of lifetimes, a period after the other.
        let until = |i: u32| model.purchases(c, f64::from(i).min(10.5));
        let value: f64 = (1..=11).map(|i| (until(i) - until(i - 1)) * of_spend.mean(c) / 1.02_f64.powi(i as i32)).sum();
        close(w.value.unwrap(), value, 1e-9);
        assert_eq!((w.alive, w.purchases), (model.alive(c), model.purchases(c, 10.5)));
    }
    let plain = worth(
        &found,
        &model,
        Amounts::Mean(mean_amount(&found)),
        Ahead { horizon: 10.5, discount_rate: 0.0 },
        &control,
    )
    .unwrap();
    assert!(found.iter().zip(&plain).all(|(c, w)| c.frequency == 0 || w.amount == Some(c.spend)));
    assert!(worth(&found, &model, Amounts::None, Ahead { horizon: 10.5, discount_rate: 0.5 }, &control)
        .unwrap()
        .iter()
        .all(|w| w.value.is_none()));
}

#[test]
fn the_order_of_rows_and_threads_change_nothing() {
    let fixture = fixture();
    let one = |step: usize, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let found = all(&fixture, step);
            let control = Control::default();
            (bgnbd::fit(&found, 0.0, &control).unwrap(), spend::fit(&found, &control).unwrap(), found)
        })
    };
    let first = one(1, 1);
    assert_eq!(one(7, 3), first);
    assert_eq!(one(11, 2), first);
}

#[test]
fn cohorts_are_those_of_pandas() {
    let fixture = fixture();
    let control = Control::default();
    let events = events(&rows(&fixture, 1), None, &control).unwrap();
    let found = cohorts(&events, Period::Month, events.last_day, &control).unwrap();
    let expected = lists(&fixture["cohorts"]);
    let some: Vec<_> = found.iter().filter(|c| c.active > 0).collect();
    assert_eq!(some.len(), expected.len());
    for (c, row) in some.iter().zip(&expected) {
        assert_eq!([f64::from(c.cohort), f64::from(c.number), c.customers as f64, c.active as f64], row[..4], "{c:?}");
        close(c.revenue, row[4], 1e-12);
    }
    // Every cohort goes on to the last period of all.
    assert_eq!(found.iter().filter(|c| c.number == 0).count(), 7);
    assert_eq!(found.len(), (0..7).map(|i| 12 - i).sum::<usize>());
}

#[test]
fn what_tells_nothing_is_said() {
    let control = Control::default();
    let once: Vec<(String, f64, f64)> = (0..20).map(|i| (format!("{i}"), f64::from(i), 5.0)).collect();
    let found = customers(&events(&once, None, &control).unwrap(), 100, 7.0, &control).unwrap();
    assert!(matches!(bgnbd::fit(&found, 0.0, &control), Err(Error::InvalidData { .. })));
    assert_eq!(spend::fit(&found, &control).unwrap(), None);
    // Everybody comes every day: the model has an end nowhere, and the search stops.
    let always: Vec<(String, f64, f64)> = (0..300).map(|i| (format!("{}", i % 30), f64::from(i / 30), 5.0)).collect();
    let found = customers(&events(&always, None, &control).unwrap(), 9, 7.0, &control).unwrap();
    let fitted = bgnbd::fit(&found, 0.0, &control).unwrap();
    assert!(fitted.parameters.values().iter().all(|p| p.is_finite() && *p > 0.0), "{fitted:?}");
    let expected = fitted.parameters.purchases(&found[0], 4.0);
    assert!(expected > 20.0 && expected < 40.0, "{expected} {fitted:?}");
    assert_eq!(spend::fit(&found, &control).unwrap(), None);
    // Rows that cannot be used.
    let odd = [("a", 1.0, 2.0), ("a", f64::NAN, 2.0), ("b", 3.0, f64::INFINITY), ("c", 1e12, 3.0), ("", 5.0, 1.0)];
    let odd: Vec<_> = odd.iter().map(|(c, d, a)| ((*c).to_owned(), *d, *a)).collect();
    assert_eq!(events(&odd, None, &control).unwrap().left_out, 3);
    assert!(matches!(events(&odd, None, &Control::new(8)), Err(Error::OutOfMemory { .. })));
    let cancelled = Control::default();
    cancelled.cancel();
    assert!(matches!(events(&odd, None, &cancelled), Err(Error::Cancelled)));
}

/// What is to be expected of customers who buy alike, where the series of the paper cancels: by mpmath with 60 digits, equation 10 of Fader, Hardie and Lee (2005).
#[test]
fn customers_who_buy_alike_are_counted() {
    for (parameters, frequency, recency, age, periods, expected) in [
        ([750.0, 750.0, 0.8, 2.4], 3, 5.0, 10.0, 52.0, 16.471_865_318_037_08),
        ([30.0, 20.0, 1.5, 0.2], 0, 0.0, 10.0, 52.0, 1.343_943_827_592_932_3),
        ([0.243, 4.414, 0.793, 2.426], 2, 30.0, 30.4, 39.0, 2.025_010_039_934_887),
    ] {
        let [r, alpha, a, b] = parameters;
        let model = Parameters { r, alpha, a, b };
        let customer = Customer { customer: 0, rows: 1, frequency, recency, age, spend: 1.0 };
        let found = model.purchases(&customer, periods) / model.alive(&customer);
        assert!((found / expected - 1.0).abs() < 1e-10, "{found} {expected}");
    }
}

proptest! {
    /// Whatever the parameters and the customer, predictions are numbers that rise with the horizon, and no more than a customer who stays for ever would buy.
    #[test]
    fn predictions_are_sound(
        logs in prop::array::uniform4(-8.0f64..8.0), frequency in 0u32..3000, recency in 0.0f64..1.0, age in 0.01f64..500.0, t in 0.01f64..1000.0,
    ) {
        let [r, alpha, a, b] = logs.map(f64::exp);
        let model = Parameters { r, alpha, a, b };
        let recency = if frequency == 0 { 0.0 } else { recency * age };
        let customer = Customer { customer: 0, rows: 1, frequency, recency, age, spend: 1.0 };
        let alive = model.alive(&customer);
        prop_assert!((0.0..=1.0).contains(&alive));
        let (near, far) = (model.purchases(&customer, 0.5 * t), model.purchases(&customer, t));
        let most = alive * (r + f64::from(frequency)) * t / (alpha + age);
        prop_assert!(near.is_finite() && far.is_finite(), "{model:?} {customer:?} {near} {far}");
        prop_assert!(near <= far * (1.0 + 1e-6) + 1e-9 && far <= most * (1.0 + 1e-6) + 1e-9, "{model:?} {customer:?} {near} {far} {most}");
    }

    /// Cohorts are those of a naive count.
    #[test]
    fn cohorts_are_counted(rows in prop::collection::vec((0u32..6, 0i32..400, 1u32..100), 1..60)) {
        let control = Control::default();
        let named: Vec<_> = rows.iter().map(|r| (format!("{}", r.0), f64::from(r.1), f64::from(r.2))).collect();
        let found = events(&named, None, &control).unwrap();
        let found = cohorts(&found, Period::Day, found.last_day, &control).unwrap();
        for cell in found {
            let first = |c: u32| rows.iter().filter(|r| r.0 == c).map(|r| r.1).min();
            let of = |c: &u32| first(*c) == Some(cell.cohort);
            let there = |c: &u32| rows.iter().any(|r| r.0 == *c && r.1 == cell.cohort + cell.number);
            prop_assert_eq!((0..6).filter(of).count() as u64, cell.customers);
            prop_assert_eq!((0..6).filter(of).filter(there).count() as u64, cell.active);
            let paid: u32 = rows.iter().filter(|r| first(r.0) == Some(cell.cohort) && r.1 == cell.cohort + cell.number).map(|r| r.2).sum();
            prop_assert_eq!(f64::from(paid), cell.revenue);
        }
    }
}

//! Models that are not of rows of columns: forecasts of series and expectations of customers.

mod samples;

use orchard_engine::control::Control;
use orchard_engine::forecast::auto::Method;
use orchard_engine::forecast::beside::Beside;
use orchard_engine::forecast::calendar::{Calendar, Step, DAY};
use orchard_engine::forecast::gather::Series;
use orchard_engine::forecast::{forecast_all, Settings};
use orchard_engine::judge::forecast::{kept_forecasts, Came};
use orchard_engine::learn::train::{forecasts, Common, KeyPart, PlainColumn, Told};
use orchard_engine::lifetime::events::Customer;
use orchard_engine::lifetime::worth::{worth, Ahead};
use orchard_engine::model::{decode, encode, Body, InputKind, Model};
use orchard_engine::score::forecast::Value;
use orchard_engine::score::Scorer;

fn predict(scorer: &Scorer, row: &[f64]) -> f64 {
    let mut out = [f64::NAN];
    scorer.predict(row, &mut out);
    out[0]
}

#[test]
fn a_row_is_forecast_by_its_series_and_month() {
    let scorer = Scorer::new(samples::forecast());
    // The first step is January 2000.
    let (march, april) = (31.0 + 29.0, 31.0 + 29.0 + 31.0);
    assert_eq!(predict(&scorer, &[0.0, 1.0, march]), 10.0);
    assert_eq!(predict(&scorer, &[0.0, 1.0, march + 30.5]), 10.0);
    assert_eq!(predict(&scorer, &[0.0, 1.0, april]), 11.0);
    assert_eq!(predict(&scorer, &[1.0, 2.5, april]), 21.0);
    assert_eq!(predict(&scorer, &[f64::NAN, f64::NAN, march - 1.0]), 30.5);
    // No day of the past, no day beyond, no series that is not there, and no moment that is none.
    let nothing = [
        [0.0, 1.0, march - 1.0],
        [0.0, 1.0, april + 30.0],
        [0.0, 2.5, march],
        [0.0, 2.0, march],
        [2.0, 1.0, march],
        [0.0, f64::NAN, march],
        [0.0, 1.0, f64::NAN],
        [0.0, 1.0, f64::INFINITY],
        [0.0, 1.0, -1e300],
    ];
    for row in nothing {
        assert!(predict(&scorer, &row).is_nan(), "{row:?}");
    }
    let outlooks = scorer.outlooks().unwrap();
    assert_eq!(outlooks.value(1, 0), Some(Value::Text("south")));
    assert_eq!(outlooks.value(1, 1), Some(Value::Number(2.5)));
    assert_eq!(outlooks.value(2, 0), None);
}

#[test]
fn values_that_came_are_compared_with_what_was_expected() {
    let model = samples::forecast();
    let Body::Forecast(body) = &model.body else { panic!("no forecasts") };
    let came = |series, step, value| Came { series, step, value };
    let all = [came(0, 2, 13.0), came(0, 3, 11.0), came(0, 9, 1e9), came(1, 2, 19.0), came(2, 0, 5.0)];
    let metrics = kept_forecasts(body, &all);
    let value = |name: &str| metrics.iter().find(|m| m.name == name).and_then(|m| m.value).unwrap();
    assert_eq!(value("rows"), 3.0);
    assert_eq!(value("mae"), (3.0 + 0.0 + 1.0) / 3.0);
    assert_eq!(value("rmse"), (10.0_f64 / 3.0).sqrt());
    assert_eq!(value("bias"), 2.0 / 3.0);
    // The second series has no scale.
    assert_eq!(value("mase"), 1.5 / 1.5);
    assert_eq!(value("coverage"), 1.0 / 3.0);
    assert!((value("smape") - (600.0 / 23.0 + 200.0 / 39.0) / 3.0).abs() < 1e-12);
    assert!(kept_forecasts(body, &all[4..]).iter().all(|m| m.name == "rows" || m.value.is_none()));
}

/// A model of a few series.
fn made(groups: &[(&str, InputKind)], keys: &[Vec<KeyPart>]) -> Model {
    let control = Control::default();
    let series: Vec<Series> = (0..keys.len())
        .map(|s| Series {
            first: 0,
            values: (0..30).map(|i| f64::from(i % 7) + s as f64).collect(),
            ..Series::default()
        })
        .collect();
    let settings = Settings {
        method: Method::SeasonalNaive,
        horizon: 3,
        level: 0.8,
        seasons: vec![7],
        nonnegative: None,
        beside: Beside::default(),
    };
    let outlooks = forecast_all(&series, &settings, &control).unwrap();
    let plain = |name: &str, kind| PlainColumn { name: name.into(), kind, zone: None };
    let common = Common {
        groups: groups.iter().map(|(name, kind)| plain(name, *kind)).collect(),
        time: plain("at", InputKind::Timestamp),
        calendar: Calendar::new(Step::Fixed(DAY), &[0]),
        horizon: 3,
        level: 0.8,
    };
    let told: Vec<Told<'_>> = keys
        .iter()
        .zip(&outlooks)
        .map(|(key, outlook)| Told {
            key,
            depth: groups.len(),
            first: 30,
            scale: 1.0,
            outlook: outlook.as_ref().unwrap(),
        })
        .collect();
    forecasts(common, &told, &control).unwrap()
}

#[test]
fn keys_are_texts_numbers_and_truth_values() {
    let text = |t: &str| Some(t.as_bytes().into());
    let keys = [
        vec![text("b"), text("1.50"), text("true")],
        vec![text("a"), text("-0"), text("false")],
        vec![None, None, None],
    ];
    let groups = [("t", InputKind::Category), ("n", InputKind::Number), ("b", InputKind::Boolean)];
    let model = made(&groups, &keys);
    let bytes = encode(&model).unwrap();
    assert_eq!(encode(&decode(&bytes).unwrap()).unwrap(), bytes);
    let scorer = Scorer::new(decode(&bytes).unwrap());
    let at = 31.0 * 86_400.0 + 3_600.0;
    assert_eq!(predict(&scorer, &[scorer.category(0, b"b"), 1.5, 1.0, at]), f64::from(31 % 7));
    assert_eq!(predict(&scorer, &[scorer.category(0, b"a"), 0.0, 0.0, at]), f64::from(31 % 7) + 1.0);
    assert_eq!(predict(&scorer, &[f64::NAN, f64::NAN, f64::NAN, at]), f64::from(31 % 7) + 2.0);
    assert!(predict(&scorer, &[scorer.category(0, b"c"), 1.5, 1.0, at]).is_nan());
}

#[test]
fn a_model_without_groups_has_one_series() {
    let scorer = Scorer::new(made(&[], &[Vec::new()]));
    assert_eq!(predict(&scorer, &[30.0 * 86_400.0]), f64::from(30 % 7));
    assert!(predict(&scorer, &[29.0 * 86_400.0]).is_nan());
}

#[test]
fn a_customer_of_a_row_is_worth_what_one_of_a_source_is() {
    let model = samples::lifetime();
    let Body::Lifetime(body) = model.body.clone() else { panic!("no customers") };
    let (scorer, buys) = (Scorer::new(model), Scorer::new(samples::lifetime_purchases()));
    let control = Control::default();
    let ahead = Ahead { horizon: body.horizon, discount_rate: body.discount_rate };
    for (frequency, recency, age, spend) in
        [(0, 0.0, 30.0, 0.0), (3, 12.5, 20.0, 40.0), (25, 29.0, 30.0, 8.0), (1, 0.5, 0.5, 1e6)]
    {
        let one = Customer { customer: 0, rows: 1, frequency, recency, age, spend };
        let found = worth(&[one], &body.times, body.amounts, ahead, &control).unwrap()[0];
        let row = [f64::from(frequency), recency, age, spend];
        assert_eq!(predict(&scorer, &row), found.value.unwrap());
        assert_eq!(predict(&buys, &row[..3]), found.purchases);
    }
    // Who never came back has no amount of their own, and whose is not known is taken as such.
    assert_eq!(predict(&scorer, &[0.0, 0.0, 9.0, 777.0]), predict(&scorer, &[0.0, 0.0, 9.0, f64::NAN]));
    for row in [[-1.0, 0.0, 5.0, 1.0], [1.0, 6.0, 5.0, 1.0], [f64::NAN, 0.0, 5.0, 1.0], [1.0, 1.0, f64::INFINITY, 1.0]]
    {
        assert!(predict(&scorer, &row).is_nan(), "{row:?}");
    }
}

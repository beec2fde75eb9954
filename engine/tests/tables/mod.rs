//! Tables to train on, as the Postgres layer hands them over.
#![allow(dead_code, missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{Request, SourceInput};
use orchard_engine::model::InputKind;
use serde_json::Value;

/// Numbers from 0 to below 1.
pub fn numbers(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    })
}

/// A column of one number or text a row.
pub fn input(first: usize, name: &str, kind: InputKind) -> SourceInput {
    SourceInput { name: name.into(), kind, integer: false, uuid: false, fixed: false, first, count: 1 }
}

/// A training without a target, weights, times or groups.
pub fn request(table: Table, inputs: Vec<SourceInput>, algorithm: Algorithm, options: Options) -> Request {
    Request {
        table,
        inputs,
        target: None,
        beside: Vec::new(),
        weight: None,
        exposure: None,
        offset: None,
        time: None,
        groups: Vec::new(),
        value: None,
        treatment: None,
        old_segments: None,
        former: None,
        zone: None,
        algorithm,
        options,
        previous: None,
    }
}

/// Rows of clicks: two numbers, one with missing values; a text of three levels, and one of `ads` levels that says nothing of the
/// target when `noise` is asked for, nor does anything else then; the target; a group and a time.
pub struct Clicks {
    pub rows: usize,
    pub ads: usize,
    pub noise: bool,
}

impl Clicks {
    pub fn new(rows: usize) -> Clicks {
        Clicks { rows, ads: 300, noise: false }
    }

    pub fn table(&self, control: &Control) -> Table {
        let mut random = numbers(11);
        let mut draw = || random.next().unwrap();
        let (mut bid, mut hour, mut device, mut ad, mut y, mut group, mut at) =
            (vec![], vec![], vec![], vec![], vec![], vec![], vec![]);
        for i in 0..self.rows {
            let (b, h) = (draw(), (draw() * 24.0).floor());
            let d = ["phone", "tablet", "desktop"][(draw() * 3.0) as usize];
            let a = (draw() * self.ads as f64) as usize;
            let p = if self.noise {
                0.3
            } else {
                0.1 + 0.3 * b + if h > 12.0 { 0.2 } else { 0.0 } + if d == "phone" && b > 0.5 { 0.3 } else { 0.0 }
            };
            bid.push(if i % 11 == 0 { f64::NAN } else { b });
            hour.push(h);
            device.push(d);
            ad.push(format!("ad-{a:05}"));
            y.push(f64::from(u8::from(draw() < p)));
            group.push((i % 37) as f64);
            at.push(draw() * 1e6);
        }
        let texts: Vec<Option<&str>> = ad.iter().map(|a| Some(a.as_str())).collect();
        let devices: Vec<Option<&str>> = device.iter().map(|d| Some(*d)).collect();
        let columns = vec![
            Column::from_numbers("bid", &bid, control).unwrap(),
            Column::from_numbers("hour", &hour, control).unwrap(),
            Column::from_texts("device", &devices, control).unwrap(),
            Column::from_texts("ad", &texts, control).unwrap(),
            Column::from_numbers("y", &y, control).unwrap(),
            Column::from_numbers("group", &group, control).unwrap(),
            Column::from_numbers("at", &at, control).unwrap(),
        ];
        Table { rows: self.rows, columns }
    }

    pub fn request(&self, algorithm: Algorithm, options: &Value, control: &Control) -> Request {
        let options = Options::parse(options, algorithm).unwrap();
        Request {
            table: self.table(control),
            inputs: vec![
                input(0, "bid", InputKind::Number),
                input(1, "hour", InputKind::Number),
                input(2, "device", InputKind::Category),
                input(3, "ad", InputKind::Category),
            ],
            target: algorithm.needs_target().then(|| input(4, "y", InputKind::Number)),
            weight: None,
            exposure: None,
            offset: None,
            time: options.time_column.as_ref().map(|_| 6),
            groups: options.group_columns.iter().map(|_| 5).collect(),
            zone: None,
            algorithm,
            options,
            beside: Vec::new(),
            previous: None,
            value: None,
            treatment: None,
            old_segments: None,
            former: None,
        }
    }
}

//! How long a row takes. Not a test of what is right: run it with `cargo test --release --test score_speed -- --ignored --nocapture`.
#![allow(missing_docs)]

mod samples;

use std::time::Instant;

use orchard_engine::model::*;
use orchard_engine::score::{Moment, Scorer, Text};

/// Whole trees of a depth over eight numbers and a category of 1,000 levels, split at random.
fn forest(trees: usize, depth: u32) -> Model {
    let levels: Vec<String> = (0..1000).map(|i| format!("{i:04}")).collect();
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    let mut features: Vec<Feature> = (0..8).map(|i| samples::number(&format!("f{i}"))).collect();
    features.push(samples::category("c", &levels));
    let mut t = samples::empty(1, Link::Logistic);
    let mut random = numbers();
    for _ in 0..trees {
        let root = t.feature.len() as u32;
        t.roots.push(root);
        let inner = (1 << depth) - 1;
        for n in 0..2 * inner + 1 {
            let (l, r) = (root + 2 * n + 1, root + 2 * n + 2);
            let feature = (random.next().unwrap() * 9.0) as u32;
            match feature {
                _ if n >= inner => samples::leaf(&mut t, &[random.next().unwrap() - 0.5]),
                8 => samples::split_set(&mut t, 8, &[0x0f0f_3355_aa99_6c3a; 16], false, l, r),
                f => samples::split(&mut t, f, random.next().unwrap(), false, l, r),
            }
        }
    }
    samples::model(features, samples::classes(&["n", "y"], 1), Body::Trees(t))
}

/// A tree that asks of every feature in turn, beside a timestamp's parts or a hundred tokens.
fn chain(kind: InputKind, encodings: Vec<Encoding>) -> Scorer {
    let features: Vec<Feature> =
        encodings.into_iter().map(|encoding| Feature { encoding, ..samples::number("x") }).collect();
    let mut t = samples::empty(1, Link::Identity);
    t.roots = vec![0];
    for f in 0..features.len() as u32 {
        samples::split(&mut t, f, 0.5, false, 2 * f + 1, 2 * f + 2);
        samples::leaf(&mut t, &[0.5]);
    }
    samples::leaf(&mut t, &[1.0]);
    let count = features.len() as u32;
    let mut model = samples::model(features, Task::Regression, Body::Trees(t));
    model.inputs = vec![Input { name: "x".into(), kind, first: 0, count }];
    model.validate().unwrap();
    Scorer::new(model)
}

#[test]
#[ignore = "a measurement"]
fn nanoseconds_a_text_and_a_timestamp() {
    let mut words: Vec<String> = (0..100).map(|i| format!("word{i}")).collect();
    words.sort();
    let token = |token| Encoding::Token { token, idf: 1.5 };
    let scorer = chain(InputKind::Text, std::iter::once(Encoding::Words).chain(words.into_iter().map(token)).collect());
    let text = Text::new(&scorer, &scorer.model().inputs[0]).unwrap();
    let mut row = vec![f64::NAN; 101];
    let mut random = numbers();
    let mut next = |n: f64| (random.next().unwrap() * n) as u32;
    let texts: Vec<String> = (0..1000)
        .map(|i| (0..9).map(|_| format!("Word{} ", next(300.0))).collect::<String>() + &i.to_string())
        .collect();
    let long = [texts.concat(), "跑步鞋，".repeat(20_000)];
    let mut time = |name: &str, texts: &[String], rounds: usize| {
        let start = Instant::now();
        let mut sum = 0.0;
        for t in texts.iter().cycle().take(rounds) {
            text.put(t.as_bytes(), &mut row);
            sum += row[0];
        }
        let bytes: usize = texts.iter().cycle().take(rounds).map(String::len).sum();
        let nanos = start.elapsed().as_nanos() as f64;
        println!("{name}: {:.0} ns a text, {:.1} ns a byte (words {sum})", nanos / rounds as f64, nanos / bytes as f64);
    };
    time("texts of ten words", &texts, 1_000_000);
    time("long texts", &long[..1], 1000);
    time("long Chinese texts", &long[1..], 100);
    let parts = [DatePart::Month, DatePart::Day, DatePart::Weekday, DatePart::Hour].map(Encoding::Part);
    let scorer = chain(InputKind::Timestamp, std::iter::once(Encoding::Number).chain(parts).collect());
    let moment = Moment::new(&scorer, &scorer.model().inputs[0]).unwrap();
    let start = Instant::now();
    let mut sum = 0.0;
    for i in 0..10_000_000 {
        moment.put(f64::from(i) * 1234.5, &mut row);
        sum += row[1] + row[2] + row[3] + row[4];
    }
    println!("a timestamp with four parts: {:.1} ns (sum {sum})", start.elapsed().as_nanos() as f64 / 1e7);
}

/// Numbers from 0 to 1 (a linear congruential generator, Knuth's MMIX).
fn numbers() -> impl Iterator<Item = f64> {
    let mut state = 1u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    })
}

#[test]
#[ignore = "a measurement"]
fn nanoseconds_a_row() {
    let mut random = numbers();
    let mut rows: Vec<f64> = (0..9_000_000).map(|_| random.next().unwrap()).collect();
    rows.chunks_mut(9).for_each(|r| r[8] = (r[8] * 1000.0).floor());
    for (trees, depth) in [(1, 1), (1, 8), (1, 16), (100, 6), (100, 14)] {
        let model = forest(trees, depth);
        model.validate().unwrap();
        let scorer = Scorer::new(model);
        let mut out = [0.0];
        let mut sum = 0.0;
        let start = Instant::now();
        for row in rows.chunks_exact(9) {
            scorer.predict(row, &mut out);
            sum += out[0];
        }
        let time = start.elapsed();
        println!("{trees} trees of depth {depth}: {} ns a row (mean {})", time.as_nanos() / 1_000_000, sum / 1e6);
    }
    let scorer = Scorer::new(forest(1, 1));
    let texts: Vec<String> = (0..1100).map(|i| format!("{i:04}")).collect();
    let start = Instant::now();
    let sum: f64 = (0..1_000_000).map(|i| scorer.category(8, texts[i * 7 % 1100].as_bytes())).sum();
    println!("a category: {} ns (mean {})", start.elapsed().as_nanos() / 1_000_000, sum / 1e6);
}

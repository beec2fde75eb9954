//! How long a row takes. Not a test of what is right: run it with `cargo test --release --test score_speed -- --ignored --nocapture`.
#![allow(missing_docs)]

mod samples;

use std::time::Instant;

use orchard_engine::model::*;
use orchard_engine::score::Scorer;

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
    for (trees, depth) in [(1, 1), (1, 8), (1, 16), (100, 6)] {
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

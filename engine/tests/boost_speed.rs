//! How long boosting takes, and how soon it stops. Not a test of what is right: run it with
//! `cargo test --release -p orchard-engine --test boost_speed -- --ignored --nocapture`.
#![allow(missing_docs)]

use std::time::{Duration, Instant};

use orchard_engine::control::Control;
use orchard_engine::learn::bin::{BinKind, BinnedFeature, Codes};
use orchard_engine::learn::boost::{fit, BoostParams, Objective, Rows};
use orchard_engine::learn::Target;

/// Numbers of 64 bits (splitmix64).
fn random(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    })
}

/// Numbers of 255 bins, and a value that half of them say something of.
fn table(rows: usize, columns: usize) -> (Vec<BinnedFeature>, Vec<f64>) {
    let edges: Vec<f64> = (0..255).map(f64::from).collect();
    let codes: Vec<Vec<u8>> =
        (0..columns).map(|c| random(c as u64).take(rows).map(|x| (x % 255) as u8).collect()).collect();
    let mut noise = random(99);
    let value = |r: usize| {
        let signal: f64 = codes.iter().take(columns / 2).map(|c| libm::sin(f64::from(c[r]) / 40.0)).sum();
        signal + (noise.next().unwrap_or(0) % 1000) as f64 / 250.0 - 2.0
    };
    let values = (0..rows).map(value).collect();
    let kind = || BinKind::Number { low: edges.clone(), high: edges.clone() };
    (codes.into_iter().map(|codes| BinnedFeature { codes: Codes::U8(codes), kind: kind() }).collect(), values)
}

fn on<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

#[test]
#[ignore = "a measurement"]
fn seconds_on_one_thread() {
    seconds_a_fit(1);
}

#[test]
#[ignore = "a measurement"]
fn seconds_on_two_threads() {
    seconds_a_fit(2);
}

fn seconds_a_fit(threads: usize) {
    let rows = 1_000_000;
    let (features, values) = table(rows, 12);
    let features: Vec<&BinnedFeature> = features.iter().collect();
    let classes = Target::Class { codes: values.iter().map(|&v| u32::from(v > 0.0)).collect(), classes: 2 };
    let number = Target::Number(values.clone());
    let plain = BoostParams { n_estimators: 20, early_stopping_rounds: None, ..BoostParams::default() };
    let sampled = BoostParams { subsample: 0.5, ..plain.clone() };
    let median = BoostParams { objective: Some(Objective::AbsoluteError), ..plain.clone() };
    let few = BoostParams { max_leaf_nodes: 4, ..plain.clone() };
    let cases = [
        ("binary", &classes, &plain),
        ("subsample", &classes, &sampled),
        ("median", &number, &median),
        ("small trees", &classes, &few),
    ];
    for (name, target, params) in cases {
        let start = Instant::now();
        let found = on(threads, || fit(&features, Rows::new(target), rows, params, &Control::default())).unwrap();
        println!("{name}, {threads} threads: {:.2} s, {} trees", start.elapsed().as_secs_f64(), found.iterations);
    }
}

#[test]
#[ignore = "a measurement"]
fn seconds_until_a_cancelled_fit_ends() {
    let rows = 2_000_000;
    let (features, values) = table(rows, 50);
    let features: Vec<&BinnedFeature> = features.iter().collect();
    let weight: Vec<f64> = (0..rows).map(|r| 1.0 + (r % 3) as f64).collect();
    let number = Target::Number(values);
    for objective in [Objective::SquaredError, Objective::Quantile] {
        for weight in [None, Some(&weight[..])] {
            for threads in [1, 2] {
                let mut slowest = Duration::ZERO;
                for step in 0..12 {
                    let control = Control::default();
                    let params = BoostParams { objective: Some(objective), n_estimators: 50, ..BoostParams::default() };
                    let wait = Duration::from_millis(5 + step * 170);
                    let ended = std::thread::scope(|scope| {
                        let run = scope.spawn(|| {
                            let found = on(threads, || {
                                fit(&features, Rows { target: &number, weight, offset: None }, rows, &params, &control)
                            });
                            (found.is_err(), Instant::now())
                        });
                        std::thread::sleep(wait);
                        let asked = Instant::now();
                        control.cancel();
                        let (stopped, end) = run.join().unwrap();
                        assert!(stopped);
                        end - asked
                    });
                    slowest = slowest.max(ended);
                }
                println!("{objective:?}, weights {}, {threads} threads: {slowest:?}", weight.is_some());
            }
        }
    }
}

//! The kernels of scoring on drawn models: `cargo bench -p orchard-engine --bench kernels [-- FILTER]`. Times are of 4,096 rows, or texts.
#![allow(missing_docs)]

#[path = "../tests/samples/mod.rs"]
mod samples;

use criterion::{criterion_group, criterion_main, BatchSize, BenchmarkId, Criterion, Throughput};
use orchard_engine::model::{Axis, Body, KMeans, Link, Model, Task};
use orchard_engine::score::{choose, Batch, Level, Scorer};

const ROWS: usize = 4096;
const FEATURES: usize = 12;

/// Numbers that look drawn, the same in every run.
fn numbers() -> impl FnMut() -> f64 {
    let mut state = 1u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Trees of as many leaves, grown by splitting any leaf; thresholds are hundredths, as histograms give them.
fn trees(trees: usize, leaves: usize) -> Model {
    let mut draw = numbers();
    let mut t = samples::empty(1, Link::Logistic);
    for _ in 0..trees {
        let root = t.feature.len() as u32;
        t.roots.push(root);
        let mut children: Vec<Option<u32>> = vec![None];
        let mut open = vec![0usize];
        for _ in 1..leaves {
            let node = open.swap_remove((draw() * open.len() as f64) as usize);
            children[node] = Some(children.len() as u32);
            open.extend([children.len(), children.len() + 1]);
            children.extend([None, None]);
        }
        for next in children {
            match next {
                None => samples::leaf(&mut t, &[draw() - 0.5]),
                Some(next) => {
                    let feature = (draw() * FEATURES as f64) as u32;
                    let threshold = (draw() * 100.0).round() / 100.0;
                    samples::split(&mut t, feature, threshold, draw() < 0.5, root + next, root + next + 1);
                }
            }
        }
    }
    let features = (0..FEATURES).map(|f| samples::number(&format!("f{f}"))).collect();
    samples::model(features, samples::classes(&["n", "y"], 1), Body::Trees(t))
}

fn centres(k: usize) -> Model {
    let mut draw = numbers();
    let axis = Axis::Number { fill: 0.5, shift: 0.5, scale: 2.0, low: -9.0, high: 9.0 };
    let body = KMeans {
        axes: vec![axis; FEATURES],
        dimensions: FEATURES as u32,
        centres: (0..k * FEATURES).map(|_| draw() - 0.5).collect(),
        sizes: vec![1; k],
        inertia: 1.0,
    };
    let features = (0..FEATURES).map(|f| samples::number(&format!("f{f}"))).collect();
    samples::model(features, Task::Clustering, Body::KMeans(body))
}

fn scoring(criterion: &mut Criterion) {
    let mut draw = numbers();
    let columns: Vec<Vec<f64>> = (0..FEATURES).map(|_| (0..ROWS).map(|_| draw()).collect()).collect();
    let cells: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let models = [
        ("1 x 256", trees(1, 256)),
        ("100 x 31", trees(100, 31)),
        ("500 x 63", trees(500, 63)),
        ("20 x 5000", trees(20, 5000)),
        ("8 centres", centres(8)),
        ("64 centres", centres(64)),
    ];
    for (name, model) in models {
        let scorer = Scorer::new(model);
        let mut out = vec![0.0; ROWS];
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(ROWS as u64)).sample_size(20);
        for level in Level::ALL.into_iter().filter(|level| level.is_there()) {
            choose(Some(level));
            let mut batch = Batch::with_level(&scorer, level);
            group.bench_function(BenchmarkId::new("many rows", level.name()), |b| {
                b.iter(|| batch.predict(&scorer, &cells, &mut out));
            });
            let mut row = vec![0.0; FEATURES];
            group.bench_function(BenchmarkId::new("row by row", level.name()), |b| {
                b.iter(|| {
                    for (r, out) in out.chunks_exact_mut(1).enumerate() {
                        row.iter_mut().zip(&columns).for_each(|(cell, column)| *cell = column[r]);
                        scorer.predict(&row, out);
                    }
                });
            });
        }
        choose(None);
    }
}

fn looking_up(criterion: &mut Criterion) {
    for levels in [5, 1000, 100_000] {
        let names: Vec<String> = (0..levels).map(|i| format!("ad-{i:06}")).collect();
        let levels: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut t = samples::empty(1, Link::Identity);
        t.roots = vec![0];
        let words: Vec<u64> =
            (0..levels.len().div_ceil(64) as u64).map(|w| w.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        samples::split_set(&mut t, 0, &words, false, 1, 2);
        [0.0, 1.0].iter().for_each(|p| samples::leaf(&mut t, &[*p]));
        let task = samples::classes(&["n", "y"], 1);
        let scorer = Scorer::new(samples::model(vec![samples::category("ad", &levels)], task, Body::Trees(t)));
        let mut draw = numbers();
        let texts: Vec<&[u8]> = (0..ROWS).map(|_| names[(draw() * names.len() as f64) as usize].as_bytes()).collect();
        let mut group = criterion.benchmark_group(format!("{} levels", names.len()));
        group.throughput(Throughput::Elements(ROWS as u64));
        group.bench_function("one by one", |b| {
            b.iter(|| texts.iter().map(|text| scorer.category(0, text)).sum::<f64>())
        });
        group.bench_function("hashed before", |b| {
            b.iter_batched_ref(
                || vec![0; ROWS],
                |hashes| {
                    hashes.iter_mut().zip(&texts).for_each(|(hash, text)| *hash = scorer.category_hash(0, text));
                    hashes.iter().map(|hash| scorer.category_of(0, *hash)).sum::<f64>()
                },
                BatchSize::LargeInput,
            );
        });
    }
}

criterion_group!(benches, scoring, looking_up);
criterion_main!(benches);

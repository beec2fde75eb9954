//! How long a model of LightGBM takes to explain a matrix in memory, with each set of instructions.
//!
//! `cargo bench -p orchard-engine --bench shap -- MODEL MATRIX VALUES THREADS [BACKGROUND]`; benches/shap.py makes model and matrix (rows and columns as u64,
//! then f64 row by row), measures the peers on them, and reads the values: row by row, a number a feature. With the matrix of a background,
//! values are interventional.
#![allow(missing_docs)]

mod common;

use std::io::Write;
use std::time::Instant;

use orchard_engine::control::Control;
use orchard_engine::import::{read_lightgbm, ImportOptions};
use orchard_engine::judge::shap::Shap;
use orchard_engine::score::{choose, Level, Scorer};
use rayon::prelude::*;

use common::Matrix;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [model, matrix, values, threads, background @ ..] = &arguments[..] else {
        println!("usage: shap MODEL MATRIX VALUES THREADS [BACKGROUND] (see benches/shap.py)");
        return;
    };
    let background = background.first().map(|path| Matrix::read(path).columns());
    let text = std::fs::read_to_string(model).expect("a model");
    let matrix = Matrix::read(matrix);
    let (columns, rows, width) = (matrix.columns(), matrix.rows, matrix.width);
    let scorer = Scorer::new(
        read_lightgbm(&text, &ImportOptions::default(), &Control::default()).expect("a model of LightGBM").model,
    );
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse().expect("a number")).build().expect("a pool");
    let control = Control::default();
    let mut out = vec![0.0; rows * width];
    let mut explain = |part: usize| {
        pool.install(|| {
            let parts = out.par_chunks_mut(part * width).enumerate();
            let shap = || match &background {
                Some(background) => Shap::against(&scorer, background, &control).expect("trees"),
                None => Shap::new(&scorer, &control).expect("counts of rows"),
            };
            parts.for_each_init(shap, |shap, (i, out)| {
                let cells: Vec<&[f64]> =
                    columns.iter().map(|column| &column[i * part..][..out.len() / width]).collect();
                shap.explain(&cells, 0, out, &control).expect("memory");
            });
        });
    };
    for level in Level::ALL.into_iter().filter(|level| level.is_there()) {
        choose(Some(level));
        let mut best = [f64::INFINITY; 2];
        // A lone row would go through all of the background.
        let parts: &[usize] = if background.is_some() { &[Shap::ROWS] } else { &[Shap::ROWS, 1] };
        for _ in 0..3 {
            for (best, &part) in best.iter_mut().zip(parts) {
                let start = Instant::now();
                explain(part);
                *best = best.min(start.elapsed().as_secs_f64());
            }
        }
        println!("{} {:.6} {:.6}", level.name(), best[0], best[1]);
    }
    let bytes: Vec<u8> = out.iter().flat_map(|value| value.to_le_bytes()).collect();
    std::fs::File::create(values).and_then(|mut file| file.write_all(&bytes)).expect("a file");
}

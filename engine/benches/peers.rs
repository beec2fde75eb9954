//! How long a model of LightGBM takes to score a matrix in memory, with each set of instructions: many rows at a time, and row by row.
//!
//! `cargo bench -p orchard-engine --bench peers -- MODEL MATRIX PREDICTIONS THREADS`; benches/score.py makes model and matrix (rows and
//! columns as u64, then f64 row by row), measures the peers on them, and reads the predictions.
#![allow(missing_docs)]

mod common;

use std::io::Write;
use std::time::Instant;

use orchard_engine::control::Control;
use orchard_engine::import::{read_lightgbm, ImportOptions};
use orchard_engine::score::{choose, Batch, Level, Scorer};
use rayon::prelude::*;

use common::Matrix;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [model, matrix, predictions, threads] = &arguments[..] else {
        println!("usage: peers MODEL MATRIX PREDICTIONS THREADS (see benches/score.py)");
        return;
    };
    let text = std::fs::read_to_string(model).expect("a model");
    let matrix = Matrix::read(matrix);
    let (columns, Matrix { rows, width, numbers }) = (matrix.columns(), matrix);
    let model =
        read_lightgbm(&text, &ImportOptions::default(), &Control::default()).expect("a model of LightGBM").model;
    let start = Instant::now();
    let scorer = Scorer::new(model);
    println!("layout {:.6} {}", start.elapsed().as_secs_f64(), scorer.memory());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse().expect("a number")).build().expect("a pool");
    for level in Level::ALL.into_iter().filter(|level| level.is_there()) {
        choose(Some(level));
        let mut best = [f64::INFINITY; 2];
        let mut out = vec![0.0; rows];
        for _ in 0..3 {
            let start = Instant::now();
            pool.install(|| {
                const PART: usize = 16 * Batch::ROWS;
                let parts = out.par_chunks_mut(PART).enumerate();
                parts.for_each_init(
                    || Batch::new(&scorer),
                    |batch, (i, out)| {
                        let cells: Vec<&[f64]> =
                            columns.iter().map(|column| &column[i * PART..][..out.len()]).collect();
                        batch.predict(&scorer, &cells, out);
                    },
                );
            });
            best[0] = best[0].min(start.elapsed().as_secs_f64());
        }
        let part = rows.min(100_000);
        let mut one = [0.0];
        for _ in 0..3 {
            let start = Instant::now();
            for (row, many) in numbers.chunks_exact(width).zip(&out).take(part) {
                scorer.predict(row, &mut one);
                assert_eq!(one[0].to_bits(), many.to_bits(), "both ways agree");
            }
            best[1] = best[1].min(start.elapsed().as_secs_f64());
        }
        println!("{} {:.6} {:.6}", level.name(), best[0] / rows as f64 * 1e6, best[1] / part as f64 * 1e6);
        let mut file = std::fs::File::create(predictions).expect("a file");
        out.iter().for_each(|p| file.write_all(&p.to_le_bytes()).expect("room"));
    }
}

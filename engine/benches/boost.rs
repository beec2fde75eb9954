//! How long gradient boosting takes on a matrix in memory: binning and growing, without reading rows or ordering them.
//!
//! `cargo bench -p orchard-engine --bench boost -- MATRIX PREDICTIONS THREADS`; benches/speed.py makes the matrix (rows and columns as
//! u64, then f64 column by column, then a byte a row for the class; the last fifth of the rows is only scored) and reads the predictions.
#![allow(missing_docs)]

use std::io::Write;
use std::time::Instant;

use orchard_engine::control::Control;
use orchard_engine::data::Column;
use orchard_engine::learn::bin::{bin, Binned};
use orchard_engine::learn::boost::{fit, BoostParams, Rows};
use orchard_engine::learn::Target;
use orchard_engine::model::{Body, Feature, Input, InputKind, Model, Task};
use orchard_engine::score::Scorer;
use rayon::prelude::*;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [matrix, predictions, threads] = &arguments[..] else {
        println!("usage: boost MATRIX PREDICTIONS THREADS (see benches/speed.py)");
        return;
    };
    let bytes = std::fs::read(matrix).expect("a matrix");
    let whole = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes")) as usize;
    let (rows, columns) = (whole(0), whole(8));
    let value = |c: usize, r: usize| {
        let at = 16 + (c * rows + r) * 8;
        f64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
    };
    let control = Control::default();
    let learn = rows / 5 * 4;
    let order: Vec<u32> = (0..learn as u32).collect();
    let column = |c: usize| {
        let values: Vec<f64> = (0..learn).map(|r| value(c, r)).collect();
        Column::from_numbers(&format!("f{c}"), &values, &control).expect("memory")
    };
    let mut table: Vec<Column> = (0..columns).map(column).collect();
    let codes = (0..learn).map(|r| u32::from(bytes[16 + columns * rows * 8 + r])).collect();
    let target = Target::Class { codes, classes: 2 };
    let params = BoostParams {
        n_estimators: 100,
        learning_rate: 0.1,
        early_stopping_rounds: None,
        max_leaf_nodes: 31,
        ..BoostParams::default()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.parse().expect("a number")).build().expect("a pool");
    pool.install(|| {
        let start = Instant::now();
        let binned: Vec<Binned> = table
            .par_iter_mut()
            .map(|c| bin(c, &order, &[], &params.bin_params(), &control).expect("memory"))
            .collect();
        let binning = start.elapsed();
        let seen: Vec<_> = binned.iter().map(|b| &b.feature).collect();
        let grown = fit(&seen, Rows::new(&target), learn, &params, &control).expect("trees");
        println!("{:.3} {:.3}", start.elapsed().as_secs_f64(), binning.as_secs_f64());
        let inputs =
            (0..columns as u32).map(|c| Input { name: format!("f{c}"), kind: InputKind::Number, first: c, count: 1 });
        let features = binned.into_iter().enumerate();
        let features = features.map(|(c, b)| Feature { name: format!("f{c}"), encoding: b.encoding, stats: b.stats });
        let model = Model {
            inputs: inputs.collect(),
            features: features.collect(),
            task: Task::Classification { classes: vec!["0".into(), "1".into()], positive: 1 },
            body: Body::Trees(grown.trees),
            cleaning: None,
        };
        let scorer = Scorer::new(model);
        let (mut row, mut out, mut all) = (vec![0.0; columns], [0.0], Vec::with_capacity((rows - learn) * 8));
        for r in learn..rows {
            row.iter_mut().enumerate().for_each(|(c, cell)| *cell = value(c, r));
            scorer.predict(&row, &mut out);
            all.extend_from_slice(&out[0].to_le_bytes());
        }
        std::fs::File::create(predictions).and_then(|mut file| file.write_all(&all)).expect("a file");
    });
}

//! Lloyd's iterations on a file of a script: `cargo bench -p orchard-engine --bench kmeans -- MATRIX CENTRES ITERATIONS THREADS TIMES`.
//! Says the least seconds of all of it and the least processor seconds of all threads, how many iterations there were, and the inertia.
#![allow(missing_docs)]

#[allow(dead_code, reason = "other measurements need more of it")]
mod common;

use std::time::Instant;

use common::Matrix;
use orchard_engine::control::Control;
use orchard_engine::learn::kmeans::lloyd;

/// Processor seconds of the program so far, as Linux counts them in hundredths.
fn processor() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [matrix, centres, iterations, threads, times] = &given[..] else { return };
    let (matrix, centres) = (Matrix::read(matrix), Matrix::read(centres));
    let whole = |text: &String| text.parse::<usize>().expect("a whole number");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(whole(threads)).build().expect("threads");
    let (mut least, mut least_processor) = (f64::INFINITY, f64::INFINITY);
    for time in 1..=whole(times) {
        let (clock, before) = (Instant::now(), processor());
        let control = Control::default();
        let most = whole(iterations) as u32;
        let found = pool
            .install(|| lloyd(&matrix.numbers, matrix.width, None, &centres.numbers, most, 0.0, &control))
            .expect("clusters");
        least = least.min(clock.elapsed().as_secs_f64());
        least_processor = least_processor.min(processor() - before);
        if time == whole(times) {
            println!("{least} {least_processor} {} {}", found.iterations, found.inertia);
        }
    }
}

//! Forged lengths must not make the decoder take memory. One test alone in its process, for it reads the process's own numbers.
#![allow(missing_docs)]

mod samples;

use orchard_engine::model::{decode, encode, reseal};

/// The most address space the process ever had, in kB: it counts what was asked for, even if never touched.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmPeak:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn forged_lengths_take_no_memory() {
    let models: Vec<Vec<u8>> = samples::all().iter().map(|(_, m)| encode(m).unwrap()).collect();
    models.iter().for_each(|m| drop(decode(m).unwrap()));
    let Some(before) = peak() else {
        println!("skipped: no /proc/self/status");
        return;
    };
    for bytes in &models {
        // Every place where a length could stand, with lengths from "a little more" to "more than there is".
        for at in 32..bytes.len() - 8 {
            for length in [1 << 16, 1 << 24, 1 << 32, 1 << 36, 1 << 46, u64::MAX >> 1, u64::MAX] {
                let mut forged = bytes.clone();
                forged[at..at + 8].copy_from_slice(&length.to_le_bytes());
                reseal(&mut forged);
                let _ = decode(&forged);
            }
        }
    }
    let grown = peak().unwrap_or(0) - before;
    assert!(grown < 16 * 1024, "decoding took {grown} kB");
}

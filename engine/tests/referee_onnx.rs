//! Models of scikit-learn in ONNX against what scikit-learn says: `tests/referees/sklearn_models.py` made the fixture.
#![allow(missing_docs)]

mod foreign;

use foreign::{base64, lines, predictions, worst};
use orchard_engine::control::Control;
use orchard_engine::error::Error;
use orchard_engine::import::{ImportOptions, Imported};
use orchard_engine::Result;

fn read(data: &[u8], control: &Control) -> Result<Imported> {
    orchard_engine::import::read_onnx(data, &ImportOptions::default(), control)
}

const FIXTURE: &str = include_str!("fixtures/onnx.jsonl");

#[test]
fn the_same_predictions_as_scikit_learn() {
    for case in lines(FIXTURE) {
        let name = case["name"].as_str().unwrap();
        let model = read(&base64(case["model"].as_str().unwrap()), &Control::new(64 << 20));
        let found = predictions(model.unwrap_or_else(|error| panic!("{name}: {error}")).model, &case["rows"]);
        // The file has its numbers in single precision.
        let worst = worst(&found, &case["predictions"]);
        assert!(worst < 1e-6, "{name}: {worst:e}");
    }
}

#[test]
fn damaged_bytes_are_errors_or_models() {
    for case in lines(FIXTURE).into_iter().step_by(3) {
        let bytes = base64(case["model"].as_str().unwrap());
        let rows = serde_json::json!([case["rows"][0], case["rows"][1]]);
        let try_one = |bytes: &[u8]| match read(bytes, &Control::new(16 << 20)) {
            Ok(model) => drop(predictions(model.model, &rows)),
            Err(Error::InvalidData { .. } | Error::InvalidModel(_) | Error::OutOfMemory { .. }) => {}
            Err(error) => panic!("{error}"),
        };
        for end in (0..bytes.len()).step_by(bytes.len() / 200 + 1) {
            try_one(&bytes[..end]);
        }
        let mut damaged = bytes.clone();
        for at in (0..bytes.len()).step_by(bytes.len() / 400 + 1) {
            for flip in [1 << (at % 8), 0xff] {
                damaged[at] ^= flip;
                try_one(&damaged);
                damaged[at] = bytes[at];
            }
        }
    }
}

#[test]
fn what_ends_inside_the_graph_is_no_model() {
    let bytes = base64(lines(FIXTURE)[0]["model"].as_str().unwrap());
    for end in (0..bytes.len() * 3 / 4).step_by(7) {
        assert!(read(&bytes[..end], &Control::default()).is_err(), "{end}");
    }
}

#[test]
fn a_long_way_round_runs_out_of_memory_or_is_refused() {
    // Every length says more than there is, and every list more than a budget.
    let case = &lines(FIXTURE)[1];
    let bytes = base64(case["model"].as_str().unwrap());
    let error = read(&bytes, &Control::new(1 << 10)).unwrap_err();
    assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
    let cancelled = Control::default();
    cancelled.cancel();
    assert_eq!(read(&bytes, &cancelled), Err(Error::Cancelled));
}

#[test]
fn what_is_not_read_is_refused_by_its_name() {
    let case = lines(FIXTURE).into_iter().find(|case| case["name"] == "tree two float").unwrap();
    let bytes = base64(case["model"].as_str().unwrap());
    for (from, to) in
        [("ZipMap", "MapZip"), ("BRANCH_LEQ", "BRANCH_LEX"), ("NONE", "NINE"), ("ai.onnx.ml", "ai.onnx.mx")]
    {
        let mut other = bytes.clone();
        let places: Vec<usize> =
            (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from.as_bytes())).collect();
        assert!(!places.is_empty(), "{from}");
        places.iter().for_each(|&at| other[at..at + to.len()].copy_from_slice(to.as_bytes()));
        let error = read(&other, &Control::default()).unwrap_err().to_string();
        let named = if from == "ai.onnx.ml" { "TreeEnsembleClassifier" } else { to };
        assert!(error.contains(named), "{error}");
    }
}

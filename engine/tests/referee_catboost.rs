//! Models of CatBoost against what CatBoost says: `tests/referees/catboost_models.py` made the fixture.
#![allow(missing_docs)]

mod foreign;

use foreign::{lines, predictions, worst};
use orchard_engine::control::Control;
use orchard_engine::error::Error;
use orchard_engine::import::{ImportOptions, Imported};
use orchard_engine::Result;

fn read(data: &str, control: &Control) -> Result<Imported> {
    orchard_engine::import::read_catboost(data, &ImportOptions::default(), control)
}

const FIXTURE: &str = include_str!("fixtures/catboost.jsonl");

#[test]
fn the_same_predictions_as_catboost() {
    for case in lines(FIXTURE) {
        let name = case["name"].as_str().unwrap();
        let model = read(case["model"].as_str().unwrap(), &Control::new(64 << 20));
        if let Some(what) = name.strip_prefix("refused: ") {
            let Err(Error::InvalidData { message, hint, .. }) = model else { panic!("{name}") };
            let expected = match what {
                "combinations" => ["several columns together", "max_ctr_complexity=1"],
                "no texts" => ["texts of its categories", "pool=pool"],
                _ => ["MultiRMSE", "regression"],
            };
            assert!(message.contains(expected[0]) && hint.contains(expected[1]), "{message}; {hint}");
            continue;
        }
        let found = predictions(model.unwrap_or_else(|error| panic!("{name}: {error}")).model, &case["rows"]);
        let worst = worst(&found, &case["predictions"]);
        assert!(worst < 1e-12, "{name}: {worst:e}");
    }
}

#[test]
fn damaged_texts_are_errors_or_models() {
    for case in lines(FIXTURE).into_iter().step_by(3) {
        let text = case["model"].as_str().unwrap();
        let rows = serde_json::json!([case["rows"][0], case["rows"][1]]);
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)).step_by(text.len() / 300 + 1) {
            assert!(read(&text[..end], &Control::new(16 << 20)).is_err(), "{end}");
        }
        let mut damaged = text.as_bytes().to_vec();
        for at in (0..damaged.len()).step_by(damaged.len() / 700 + 1) {
            let whole = damaged[at];
            for other in [whole ^ 1 << (at % 7), b'9', b'-', b'"', b'}'] {
                damaged[at] = other;
                if let Ok(text) = std::str::from_utf8(&damaged) {
                    match read(text, &Control::new(16 << 20)) {
                        Ok(model) => drop(predictions(model.model, &rows)),
                        Err(Error::InvalidData { .. } | Error::InvalidModel(_) | Error::OutOfMemory { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
                damaged[at] = whole;
            }
        }
    }
}

#[test]
fn deep_and_wide_texts_are_refused() {
    let head = r#"{"features_info":{"float_features":[{"feature_index":0,"flat_feature_index":0,"borders":[1],"nan_value_treatment":"AsIs"}]},"model_info":{},"trees":["#;
    let split = r#"{"split":{"split_type":"FloatFeature","border":1},"right":{"value":1},"left":"#;
    let deep = head.to_owned() + &split.repeat(100_000);
    assert!(read(&deep, &Control::default()).is_err());
    let wide = head.to_owned() + &"{},".repeat(100_000);
    assert!(read(&wide, &Control::default()).is_err());
    let error = read(&deep, &Control::new(1 << 20)).unwrap_err();
    assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
}

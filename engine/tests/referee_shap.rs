//! Shapley values against those of PyPI's shap on models of LightGBM and XGBoost: `tests/referees/shap_values.py` made the fixture.
#![allow(missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::judge::shap::Shap;
use orchard_engine::model::read_lightgbm;
use orchard_engine::score::Scorer;
use serde_json::Value;

fn rows(value: &Value) -> Vec<Vec<f64>> {
    let numbers = |row: &Value| row.as_array().unwrap().iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn the_same_values_as_shap() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/shap.json")).unwrap();
    let control = Control::default();
    let x = rows(&fixture["x"]);
    let columns: Vec<Vec<f64>> = (0..x[0].len()).map(|f| x.iter().map(|row| row[f]).collect()).collect();
    let cells: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    for case in fixture["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let scorer = Scorer::new(read_lightgbm(case["model"].as_str().unwrap()).unwrap());
        let mut out = vec![f64::NAN; x.len() * x[0].len()];
        Shap::new(&scorer, &control).unwrap().explain(&cells, 0, &mut out, &control).unwrap();
        for (r, (found, expected)) in out.chunks(x[0].len()).zip(rows(&case["values"])).enumerate() {
            let scale = expected.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
            for (f, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let error = (found - expected).abs() / scale;
                assert!(error < 1e-12, "{name}, row {r}, feature {f}: {found}, not {expected}");
            }
        }
    }
}

//! Models of other libraries say of rows what those libraries say (tests/referees/imports.py), and bytes that were cut or changed are refused or
//! answer, but never panic.

use orchard_engine::control::Control;
use orchard_engine::import::{read_lightgbm, read_xgboost, ImportOptions, Imported};
use orchard_engine::model::{decode, encode, Encoding};
use orchard_engine::score::Scorer;
use orchard_engine::Result;
use serde_json::Value;

/// XGBoost sums in single precision, LightGBM in double.
fn tolerance(library: &str) -> f64 {
    if library.starts_with("xgboost") {
        1e-6
    } else {
        1e-12
    }
}

fn lines() -> Vec<Value> {
    let text = include_str!("fixtures/imports.jsonl");
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The bytes of a model.
fn bytes(case: &Value) -> Vec<u8> {
    match case["text"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => from_base64(case["base64"].as_str().unwrap()),
    }
}

fn from_base64(text: &str) -> Vec<u8> {
    let place = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let quads = text.as_bytes().chunks(4);
    quads
        .flat_map(|quad| {
            let digits = quad.iter().filter(|b| **b != b'=').count();
            let bits = quad.iter().fold(0u32, |bits, b| bits << 6 | if *b == b'=' { 0 } else { u32::from(place(*b)) });
            bits.to_be_bytes()[1..digits].to_vec()
        })
        .collect()
}

fn read(case: &Value, bytes: &[u8], control: &Control) -> Result<Imported> {
    let options = ImportOptions::parse(&case["options"]).unwrap();
    match case["library"].as_str().unwrap().starts_with("lightgbm") {
        true => read_lightgbm(&String::from_utf8_lossy(bytes), &options, control),
        false => read_xgboost(bytes, &options, control),
    }
}

/// A row of JSON as the scorer takes it.
fn cells(scorer: &Scorer, names: &[Value], row: &[Value]) -> Vec<f64> {
    let model = scorer.model();
    let cell = |feature: usize| {
        let at = names.iter().position(|name| *name == Value::from(model.inputs[feature].name.as_str())).unwrap();
        match (&row[at], &model.features[feature].encoding) {
            (Value::Null, _) => f64::NAN,
            (Value::Bool(truth), _) => f64::from(u8::from(*truth)),
            (Value::String(text), Encoding::Category { .. }) => scorer.category(feature, text.as_bytes()),
            (Value::Number(number), Encoding::Category { .. }) => {
                scorer.category(feature, number.to_string().as_bytes())
            }
            (value, _) => value.as_f64().unwrap(),
        }
    };
    let mut cells: Vec<f64> = (0..model.features.len()).map(cell).collect();
    if let Some(cleaning) = &model.cleaning {
        // Zeros that are missing values.
        for output in cleaning.program.outputs.iter().filter(|o| o.register as usize >= cleaning.columns.len()) {
            let feature = model.inputs.iter().position(|input| input.name == output.name).unwrap();
            if cells[feature] == 0.0 {
                cells[feature] = f64::NAN;
            }
        }
    }
    cells
}

#[test]
fn models_say_what_their_libraries_say() {
    let lines = lines();
    let (names, rows) = (lines[0]["columns"].as_array().unwrap(), lines[0]["rows"].as_array().unwrap());
    for case in &lines[1..] {
        let (name, library) = (&case["name"], case["library"].as_str().unwrap());
        let control = Control::default();
        let model = read(case, &bytes(case), &control).unwrap_or_else(|e| panic!("{library} {name}: {e:?}")).model;
        assert_eq!(decode(&encode(&model).unwrap()).unwrap(), model, "{name}");
        let scorer = Scorer::new(model);
        let mut out = vec![0.0; scorer.outputs()];
        let mut worst = 0.0f64;
        for (row, answer) in rows.iter().zip(case["answer"].as_array().unwrap()) {
            scorer.predict(&cells(&scorer, names, row.as_array().unwrap()), &mut out);
            let answer = answer.as_array().unwrap();
            assert_eq!(out.len(), answer.len(), "{library} {name}");
            for (own, answer) in out.iter().zip(answer) {
                let answer = answer.as_f64().unwrap();
                worst = worst.max((own - answer).abs() / answer.abs().max(1.0));
            }
        }
        assert!(worst <= tolerance(library), "{library} {name}: {worst:e} apart");
        println!("{library} {name}: at most {worst:e} apart");
    }
}

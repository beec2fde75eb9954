//! Models of other libraries: their fixtures, and what a scorer says of their rows.

use orchard_engine::model::{Encoding, Model};
use orchard_engine::score::Scorer;
use serde_json::Value;

/// The cases of a fixture.
pub fn lines(fixture: &str) -> Vec<Value> {
    fixture.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Of each row what the model predicts.
pub fn predictions(model: Model, rows: &Value) -> Vec<Vec<f64>> {
    let scorer = Scorer::new(model);
    let cell = |(feature, cell): (usize, &Value)| match (&scorer.model().features[feature].encoding, cell) {
        (Encoding::Category { .. }, Value::String(text)) => scorer.category(feature, text.as_bytes()),
        (_, Value::String(text)) => text.parse().unwrap(),
        (_, cell) => cell.as_f64().unwrap_or(f64::NAN),
    };
    let row = |row: &Value| {
        let mut cells: Vec<f64> =
            row.as_array().unwrap().iter().enumerate().take(scorer.model().features.len()).map(cell).collect();
        cells.resize(scorer.model().features.len(), f64::NAN);
        let mut out = vec![0.0; scorer.outputs()];
        scorer.predict(&cells, &mut out);
        out
    };
    rows.as_array().unwrap().iter().map(row).collect()
}

/// The largest difference to what a library predicts, relative where that is above 1.
pub fn worst(found: &[Vec<f64>], expected: &Value) -> f64 {
    let expected = expected.as_array().unwrap();
    assert_eq!(found.len(), expected.len());
    let mut worst = 0.0f64;
    for (found, expected) in found.iter().zip(expected) {
        let expected: Vec<f64> = expected.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            worst = worst.max((found - expected).abs() / expected.abs().max(1.0));
        }
    }
    worst
}

/// The bytes of a text in base64.
#[allow(dead_code, reason = "only some fixtures have bytes")]
pub fn base64(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            _ => 63,
        };
        (bits, held) = (bits << 6 | u32::from(value), held + 6);
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}

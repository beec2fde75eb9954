//! Models of other libraries say of rows what those libraries say (tests/referees/imports.py), and bytes that were cut or changed are refused or
//! answer, but never panic.

use orchard_engine::control::Control;
use orchard_engine::import::{read_lightgbm, read_xgboost, ImportOptions, Imported};
use orchard_engine::model::{decode, encode, Encoding};
use orchard_engine::score::Scorer;
use orchard_engine::{Error, Result};
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
        let at = names.iter().position(|name| name.as_str() == Some(&model.inputs[feature].name)).unwrap();
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

/// Short models of both libraries and of every form.
fn short() -> Vec<(Value, Vec<u8>)> {
    let wanted = [
        "binary",
        "multiclass",
        "codes",
        "zero as missing",
        "dart",
        "multi:softprob in UBJSON",
        "reg:squarederror in UBJSON",
        "exact",
    ];
    let all = lines().into_iter().skip(1).filter(|case| wanted.contains(&case["name"].as_str().unwrap()));
    all.map(|case| {
        let bytes = bytes(&case);
        (case, bytes)
    })
    .collect()
}

/// A model that was read can be kept and answers.
fn answers(imported: Imported) {
    assert!(encode(&imported.model).is_ok());
    let scorer = Scorer::new(imported.model);
    let mut out = vec![0.0; scorer.outputs()];
    for cell in [f64::NAN, -1.0, 0.0, 1e300] {
        scorer.predict(&vec![cell; scorer.model().features.len()], &mut out);
    }
}

#[test]
fn what_is_cut_off_is_refused() {
    for (case, bytes) in short() {
        // Behind its trees a text of LightGBM may lack what it says of training.
        let text = String::from_utf8_lossy(&bytes).find("\nend of trees");
        let end = text.filter(|_| case["library"].as_str().unwrap().starts_with("lightgbm")).unwrap_or(bytes.len());
        for len in (0..end).step_by(13).chain(end.saturating_sub(9)..end) {
            let read = read(&case, &bytes[..len], &Control::default());
            assert!(read.is_err(), "{} up to {len} of {end}", case["name"]);
        }
    }
}

#[test]
fn what_is_changed_is_refused_or_answers() {
    let mut refused = 0;
    for (case, bytes) in short() {
        for bit in (0..bytes.len() * 8).step_by(37) {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            match read(&case, &changed, &Control::default()) {
                Ok(imported) => answers(imported),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn memory_is_counted_and_given_back() {
    for (case, bytes) in short() {
        let control = Control::default();
        read(&case, &bytes, &control).unwrap();
        let peak = control.peak();
        assert!(peak > bytes.len() / 4, "{}", case["name"]);
        for limit in [0, peak / 10, peak / 2, peak - 1] {
            let error = read(&case, &bytes, &Control::new(limit)).unwrap_err();
            assert!(matches!(error, Error::OutOfMemory { .. }), "{} {limit}: {error}", case["name"]);
        }
        assert!(read(&case, &bytes, &Control::new(peak)).is_ok());
        let cancelled = Control::default();
        cancelled.cancel();
        assert_eq!(read(&case, &bytes, &cancelled).unwrap_err(), Error::Cancelled);
    }
}

/// Documents that would take the stack or the memory of whoever believed them.
#[test]
fn hostile_documents_are_refused() {
    let options = ImportOptions::default();
    let refused = |bytes: &[u8]| read_xgboost(bytes, &options, &Control::new(64 << 20)).unwrap_err();
    for (open, count) in [("{\"learner\": ", 300_000), ("{\"a\":", 1_000_000), ("{\"a\":[", 1_000_000)] {
        refused(open.repeat(count).as_bytes());
    }
    for open in [&b"{U\x01a"[..], b"{U\x01a[", b"{U\x07learner"] {
        refused(&open.repeat(300_000));
    }
    // A list whose values take no bytes, or whose length is beyond everything.
    let list =
        |kind: &[u8]| [&b"{U\x07learner{U\x0dfeature_names["[..], kind, b"#L\x7f\xff\xff\xff\xff\xff\xff\xff"].concat();
    for kind in [&b"$Z"[..], b"$T", b"$N", b"$S", b""] {
        refused(&list(kind));
    }
    let names = format!("{{\"learner\": {{\"feature_names\": [{}\"\"]}}}}", "\"\",".repeat(2_000_000));
    assert!(matches!(refused(names.as_bytes()), Error::OutOfMemory { .. }));
    // A chain of splits, deeper than any tree is grown.
    let deep = 5_000;
    let list = |of: &dyn Fn(usize) -> String| (0..deep).map(of).collect::<Vec<_>>().join(" ");
    let text = format!(
        "tree\nversion=v4\nobjective=regression\nfeature_names=a\n\nTree=0\nnum_leaves={}\nsplit_feature={}\nsplit_gain={}\nthreshold={}\n\
         decision_type={}\nleft_child={}\nright_child={}\nleaf_value={} 0\n\nend of trees\n",
        deep + 1, list(&|_| "0".into()), list(&|_| "1".into()), list(&|i| i.to_string()), list(&|_| "2".into()),
        list(&|i| (-1 - i as i64).to_string()), list(&|i| if i + 1 < deep { (i + 1).to_string() } else { (-1 - deep as i64).to_string() }),
        list(&|_| "1".into()),
    );
    let error = read_lightgbm(&text, &options, &Control::default()).unwrap_err();
    assert_eq!(error.to_string(), "a tree is deeper than 1000 splits");
}

//! Bytes of models: they come back, and nothing else comes in.
#![allow(missing_docs)]

mod samples;

use std::path::PathBuf;
use std::sync::Arc;

use orchard_engine::forecast::calendar::Step;
use orchard_engine::lifetime::spend;
use orchard_engine::lifetime::worth::Amounts;
use orchard_engine::model::additive::Part;
use orchard_engine::model::recommender;
use orchard_engine::model::*;
use orchard_engine::model::{Forecast, Lifetime};
use orchard_engine::score::{Cleaned, Moment, Scorer, Text};
use orchard_engine::Error;
use proptest::prelude::*;

/// Bytes before the body.
const HEADER: usize = 32;

fn invalid<T: std::fmt::Debug>(result: orchard_engine::Result<T>) -> String {
    match result {
        Err(Error::InvalidModel(message)) => message,
        other => panic!("expected an invalid model, got {other:?}"),
    }
}

/// Score rows of every kind; the outputs of a classification must be probabilities.
fn score(model: Model) {
    let scorer = Scorer::new(model);
    let mut out = vec![f64::NAN; scorer.outputs()];
    for feature in 0..scorer.model().features.len() {
        for text in ["", "phone", "Paris", "ad-71", "never seen"] {
            scorer.category(feature, text.as_bytes());
        }
    }
    for input in &scorer.model().inputs {
        let mut row = vec![f64::NAN; scorer.model().features.len()];
        let moment = Moment::new(&scorer, input);
        assert_eq!(moment.is_some(), input.kind.is_moment());
        [f64::NAN, f64::INFINITY, 1e300, -1e9, 0.5]
            .iter()
            .for_each(|&v| moment.iter().for_each(|m| m.put(v, &mut row)));
        let text = Text::new(&scorer, input);
        assert_eq!(text.is_some(), input.kind == InputKind::Text);
        [&b"Free Paris, free! \xff"[..], b"", "跑步鞋".as_bytes()]
            .iter()
            .for_each(|t| text.iter().for_each(|x| x.put(t, &mut row)));
        assert_eq!(scorer.model().zone(input).is_some(), input.kind == InputKind::Timestamptz);
    }
    if let Some(mut cleaned) = Cleaned::new(&scorer) {
        let columns = scorer.model().arguments().len();
        for (text, number) in
            [(None, f64::NAN), (Some("7 %"), 7e300), (Some("2024-02-30"), -0.0), (Some("a"), f64::INFINITY)]
        {
            (0..columns).for_each(|i| {
                cleaned.columns().set_text(i, text.map(str::as_bytes));
                cleaned.columns().set_number(i, number);
            });
            cleaned.put(&scorer, &mut vec![f64::NAN; scorer.model().features.len()]);
            assert!(cleaned.made(&scorer).is_object());
        }
    }
    let classification = matches!(scorer.model().task, Task::Classification { .. });
    for row in samples::rows(scorer.model().features.len()) {
        scorer.predict(&row, &mut out);
        assert!(!classification || out.iter().all(|p| (0.0..=1.0).contains(p)), "{out:?}");
    }
    assert!(scorer.memory() > 0);
}

#[test]
fn models_come_back() {
    for (name, model) in samples::all() {
        let bytes = encode(&model).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(decode(&bytes).unwrap(), model, "{name}");
        assert_eq!(encode(&model).unwrap(), bytes, "{name}");
        score(model);
    }
}

/// The bytes of format 1 are a promise. `ORCHARD_BLESS=1` writes the files of a new model; it must not change one that is there.
#[test]
fn golden_bytes_load_for_ever() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let check = |name: &str, made: &[u8]| {
        let path = folder.join(format!("{name}.v1"));
        if std::env::var_os("ORCHARD_BLESS").is_some() && !path.exists() {
            std::fs::write(&path, made).unwrap();
        }
        std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    for (name, model) in samples::all() {
        let golden = check(name, &encode(&model).unwrap());
        assert_eq!(decode(&golden).unwrap(), model, "{name}");
        assert_eq!(encode(&model).unwrap(), golden, "{name}");
    }
    let golden = check("package", &encode_package(&package()).unwrap());
    assert_eq!(decode_package(&golden).unwrap(), package());
    assert_eq!(encode_package(&package()).unwrap(), golden);
    for (name, rows) in held() {
        let golden = check(name, &encode_held(&rows).unwrap());
        assert_eq!(decode_held(&golden).unwrap(), rows, "{name}");
        assert_eq!(encode_held(&rows).unwrap(), golden, "{name}");
    }
    let golden = check("baseline", &encode_baseline(&baseline()).unwrap());
    assert_eq!(decode_baseline(&golden).unwrap(), baseline());
    assert_eq!(encode_baseline(&baseline()).unwrap(), golden);
    let golden = check("segments", &encode_segments(&samples::segments()).unwrap());
    assert_eq!(decode_segments(&golden).unwrap(), samples::segments());
    assert_eq!(encode_segments(&samples::segments()).unwrap(), golden);
}

#[test]
fn facts_of_segments_are_those_of_their_model() {
    let (good, model) = (samples::segments(), samples::kmeans());
    good.check(&model).unwrap();
    let bytes = encode_segments(&good).unwrap();
    for len in 0..bytes.len() {
        invalid(decode_segments(&bytes[..len]));
        let mut forged = bytes[..len].to_vec();
        reseal(&mut forged);
        invalid(decode_segments(&forged));
    }
    let bad = |spoil: fn(&mut SegmentFacts), message: &str| {
        let mut facts = samples::segments();
        spoil(&mut facts);
        let found = encode_segments(&facts).map(|_| ()).and_then(|()| facts.check(&model));
        assert!(invalid(found).contains(message), "{message}");
    };
    bad(|f| f.sizes = vec![30, 13], "not those of the model");
    bad(|f| f.weights = vec![1.0], "parts are missing");
    bad(|f| f.names.clear(), "parts are missing");
    bad(|f| f.features.truncate(1), "other features");
    bad(|f| f.features[0].mean[0] = f64::NAN, "not of its segments");
    bad(|f| f.features[0].known[0] = -1.0, "not of its segments");
    bad(|f| f.features[1].levels.truncate(4), "other levels");
    bad(|f| f.typical[0].truncate(1), "not whole");
    bad(|f| f.names[1][0].feature = 2, "what is not there");
    bad(|f| f.names[0][0].kind = TraitKind::Level(2), "what is not there");
    bad(|f| f.spread[0] = f64::INFINITY, "not finite");
    bad(|f| f.value.iter_mut().for_each(|v| v.total.truncate(1)), "values");
    bad(|f| f.map.segments[0] = 2, "map");
    bad(|f| f.map.points.truncate(1), "map");
    bad(|f| f.map.loadings[0].truncate(1), "map");
    assert!(invalid(good.check(&samples::regression())).contains("has none"));
}

#[test]
fn every_truncation_and_extension_is_an_error() {
    for (_, model) in samples::all() {
        let bytes = encode(&model).unwrap();
        for len in 0..bytes.len() {
            invalid(decode(&bytes[..len]));
            let mut forged = bytes[..len].to_vec();
            reseal(&mut forged);
            invalid(decode(&forged));
        }
        let mut longer = [bytes, vec![0]].concat();
        invalid(decode(&longer));
        reseal(&mut longer);
        assert!(invalid(decode(&longer)).contains("left over"));
    }
}

#[test]
fn every_bit_flip_is_an_error() {
    for (_, model) in samples::all() {
        let mut bytes = encode(&model).unwrap();
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            invalid(decode(&bytes));
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// What a forger can write: the checksum fits, so validate() and the limits stand alone.
#[test]
fn every_forged_bit_flip_is_an_error_or_a_model_that_scores() {
    for (name, model) in samples::all() {
        let bytes = encode(&model).unwrap();
        let mut accepted = 0;
        for bit in HEADER * 8..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            reseal(&mut forged);
            if let Ok(model) = decode(&forged) {
                assert_eq!(encode(&model).unwrap(), forged, "{name}: one value has one spelling");
                score(model);
                accepted += 1;
            }
        }
        // A flip in a number or a letter makes another model.
        assert!(accepted > 0, "{name}");
    }
}

#[test]
fn errors_say_what_is_wrong() {
    let good = encode(&samples::tree()).unwrap();
    assert_eq!(invalid(decode(b"")), "the bytes are not a model of orchard");
    assert_eq!(invalid(decode(b"PK\x03\x04 something else")), "the bytes are not a model of orchard");
    let mut newer = good.clone();
    newer[8..10].copy_from_slice(&7u16.to_le_bytes());
    let message = "the bytes have format version 7, newer than version 1 of this build: update the extension";
    assert_eq!(invalid(decode(&newer)), message);
    assert_eq!(invalid(decode(&newer[..12])), message, "even where the new header is not known");
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(invalid(decode(&damaged)), "the bytes of a model are damaged: the checksum does not match");
    assert!(invalid(decode(&good[..40])).contains("8 bytes are there of"));
    let (_, rows) = held().swap_remove(0);
    assert_eq!(
        invalid(decode(&encode_held(&rows).unwrap())),
        "the bytes are not a model but something else of orchard"
    );
    assert!(invalid(decode_held(&good)).contains("not held-out rows"));
}

fn held() -> Vec<(&'static str, HeldRows)> {
    let class = HeldRows {
        outputs: 2,
        scores: vec![0.25, 0.75, 1.0, 0.0, 0.5, 0.5],
        actual: HeldActual::Class(vec![1, 0, 1]),
        weight: Some(vec![1.0, 0.0, 2.5]),
    };
    let value = HeldRows {
        outputs: 1,
        scores: vec![-1.5, f64::INFINITY],
        actual: HeldActual::Number(vec![-1.0, 1e10]),
        weight: None,
    };
    let none = HeldRows { outputs: 1, scores: Vec::new(), actual: HeldActual::None, weight: None };
    let treated = HeldRows {
        outputs: 3,
        scores: vec![0.25, 0.25, -0.5, 1.0, 0.0, 1.0],
        actual: HeldActual::Treated { outcome: vec![1.0, -2.5], arms: vec![0, 2] },
        weight: Some(vec![1.0, 0.5]),
    };
    vec![("held_class", class), ("held_number", value), ("held_none", none), ("held_treated", treated)]
}

fn baseline() -> Baseline {
    let numbers = NumberBins { low: vec![f64::NEG_INFINITY, 1.5], high: vec![0.0, 1e300], rows: vec![3, 4] };
    let category = FeatureBaseline { numbers: None, held_unseen: 2 };
    let features = vec![FeatureBaseline { numbers: Some(numbers), held_unseen: 0 }, category];
    Baseline { rows: 8, held_rows: 2, features, scores: vec![0.25, f64::INFINITY] }
}

#[test]
fn a_baseline_comes_back_and_nothing_else() {
    let bytes = encode_baseline(&baseline()).unwrap();
    for len in 0..bytes.len() {
        let mut forged = bytes[..len].to_vec();
        invalid(decode_baseline(&forged));
        reseal(&mut forged);
        invalid(decode_baseline(&forged));
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        invalid(decode_baseline(&flipped));
    }
    invalid(decode(&bytes));
    invalid(decode_held(&bytes));
}

fn package() -> Package {
    Package {
        facts: r#"{"algorithm": "decision_tree"}"#.to_owned(),
        parts: vec![(1, vec![0, 1, 255]), (4, Vec::new())],
    }
}

#[test]
fn packages_come_back_and_nothing_else() {
    let bytes = encode_package(&package()).unwrap();
    assert_eq!(decode_package(&bytes).unwrap(), package());
    let refused = |bytes: &[u8]| assert!(matches!(decode_package(bytes), Err(Error::InvalidModel(_))));
    for len in 0..bytes.len() {
        refused(&bytes[..len]);
        let mut forged = bytes[..len].to_vec();
        reseal(&mut forged);
        refused(&forged);
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(&flipped);
    }
    let twice = Package { parts: vec![(1, Vec::new()), (1, Vec::new())], ..package() };
    refused(&encode_package(&twice).unwrap());
    refused(&encode(&samples::tree()).unwrap());
}

#[test]
fn held_rows_come_back_and_nothing_else() {
    for (_, rows) in held() {
        let bytes = encode_held(&rows).unwrap();
        assert_eq!(decode_held(&bytes).unwrap(), rows);
        for len in 0..bytes.len() {
            invalid(decode_held(&bytes[..len]));
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            invalid(decode_held(&flipped));
            reseal(&mut flipped);
            if let Ok(rows) = decode_held(&flipped) {
                rows.validate().unwrap();
            }
        }
    }
    let (_, good) = held().swap_remove(0);
    let bad = [
        HeldRows { outputs: 0, ..good.clone() },
        HeldRows { outputs: 4, ..good.clone() },
        HeldRows { actual: HeldActual::Class(vec![0]), ..good.clone() },
        HeldRows { weight: Some(vec![1.0]), ..good.clone() },
        HeldRows { weight: Some(vec![1.0, -1.0, 1.0]), ..good },
    ];
    bad.iter().for_each(|rows| drop(invalid(encode_held(rows))));
}

/// Change one thing of a good model and expect the message.
fn spoiled(mut model: Model, spoil: impl FnOnce(&mut Model), message: &str) {
    spoil(&mut model);
    let found = invalid(model.validate());
    assert!(found.contains(message), "{found:?} does not say {message:?}");
    assert_eq!(invalid(encode(&model)), found, "what is not valid is not written");
}

fn trees(model: &mut Model) -> &mut Trees {
    match &mut model.body {
        Body::Trees(trees) => trees,
        _ => panic!("no trees"),
    }
}

#[test]
fn validate_finds_what_is_wrong_with_inputs_and_classes() {
    let bad = |spoil: fn(&mut Model), message| spoiled(samples::tree(), spoil, message);
    bad(|m| m.inputs.clear(), "no input");
    bad(|m| m.inputs[1].first = 0, "do not follow");
    bad(|m| m.inputs[2].count = 3, "are not there");
    bad(|m| m.inputs[2].count = 0, "0 features");
    bad(|m| m.inputs[0].count = 2, "2 features");
    bad(|m| drop(m.inputs.pop()), "without an input");
    bad(|m| m.inputs[0].name.clear(), "without a name");
    bad(|m| m.inputs[0].name = "e".into(), "\"e\" is there twice");
    bad(|m| m.inputs[0].kind = InputKind::Category, "differ in kind");
    bad(|m| m.features[3].name.clear(), "without a name");
    bad(|m| m.features[0].stats.level_rows.push(1), "counts of levels");
    bad(|m| m.features[1].stats.level_rows.truncate(1), "do not fit its levels");
    bad(|m| m.features[1] = samples::category("device", &["b", "a"]), "do not ascend");
    bad(|m| m.features[1] = samples::category("device", &["a", "a"]), "do not ascend");
    bad(|m| m.features[1] = samples::category("device", &["a\0"]), "zero byte");
    bad(|m| m.task = samples::classes(&[], 0), "no class");
    bad(|m| m.task = samples::classes(&["a", "a"], 0), "there twice");
    bad(|m| m.task = samples::classes(&["a", "b"], 2), "positive class");
    bad(|m| m.task = samples::classes(&["a", "b", "c"], 2), "1 outputs, not 3");
    bad(|m| m.task = Task::Clustering, "trees for a clustering");
}

#[test]
fn validate_finds_what_is_wrong_with_moments() {
    let bad = |spoil: fn(&mut Model), message| spoiled(samples::moments(), spoil, message);
    bad(|m| m.features[1].encoding = Encoding::Number, "\"at\" and its features differ in kind");
    bad(|m| m.features[0].encoding = Encoding::Part(DatePart::Month), "differ in kind");
    bad(|m| m.features[0].encoding = Encoding::Number, "differ in kind");
    bad(|m| m.features.swap(1, 2), "differ in kind");
    bad(|m| m.features[2].encoding = Encoding::Part(DatePart::Month), "differ in kind");
    bad(|m| m.features[5].encoding = Encoding::Part(DatePart::Hour), "\"on\" and its features differ in kind");
    bad(|m| m.features[4].encoding = Encoding::Clock { zone: "UTC".into() }, "differ in kind");
    bad(|m| m.inputs[0].kind = InputKind::Timestamp, "differ in kind");
    bad(|m| m.inputs[1].kind = InputKind::Interval, "\"on\" has 2 features");
    bad(|m| m.inputs[2].kind = InputKind::Timestamptz, "\"then\" and its features differ in kind");
    bad(|m| m.features[0].encoding = Encoding::Clock { zone: String::new() }, "has no zone");
    bad(|m| m.features[0].encoding = Encoding::Clock { zone: "U\0C".into() }, "has no zone");
    bad(|m| m.features[1].stats.level_rows.push(1), "counts of levels");
}

#[test]
fn validate_finds_what_is_wrong_with_text() {
    let bad = |spoil: fn(&mut Model), message| spoiled(samples::text(), spoil, message);
    let token = |token: &str, idf| Encoding::Token { token: token.into(), idf };
    bad(|m| m.inputs[1].kind = InputKind::Array, "\"copy\" and its features differ in kind");
    bad(|m| m.inputs[1].kind = InputKind::Number, "\"copy\" has 4 features");
    bad(|m| m.inputs[0].kind = InputKind::Text, "\"device\" and its features differ in kind");
    bad(|m| m.features[1].encoding = Encoding::Number, "differ in kind");
    bad(|m| m.features[2].encoding = Encoding::Words, "differ in kind");
    bad(|m| m.features.swap(2, 3), "differ in kind");
    bad(|m| m.features[3].encoding = m.features[2].encoding.clone(), "differ in kind");
    spoiled(samples::text(), |m| m.features[2].encoding = token("", 1.0), "has no token");
    spoiled(samples::text(), |m| m.features[2].encoding = token("a\0", 1.0), "has no token");
    for idf in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        spoiled(samples::text(), |m| m.features[2].encoding = token("free", idf), "is not above 0");
    }
    bad(|m| m.features[1].stats.level_rows.push(1), "counts of levels");
    bad(|m| m.features[4].stats.level_rows.push(1), "counts of levels");
}

#[test]
fn validate_finds_what_is_wrong_with_trees() {
    let bad = |spoil: fn(&mut Trees), message| spoiled(samples::tree(), |m| spoil(trees(m)), message);
    bad(|t| t.roots.clear(), "first tree");
    bad(|t| t.roots = vec![1], "first tree");
    bad(|t| t.roots = vec![0, 0], "do not follow");
    bad(|t| t.roots = vec![0, 7], "has no node");
    bad(|t| t.roots = vec![0, 5], "not after it in its tree");
    bad(|t| t.threshold.truncate(1), "differ in length");
    bad(|t| t.rows.truncate(1), "differ in length");
    bad(|t| t.left[0] = 0, "not after it");
    bad(|t| t.left[2] = 1, "not after it");
    bad(|t| t.right[2] = 7, "not after it");
    bad(|t| t.right[1] = 6, "two parents");
    bad(|t| t.right[0] = 1, "two parents");
    bad(
        |t| {
            t.feature[1] = LEAF;
            t.set[1] = 0;
            (t.left[1], t.right[1]) = (0, 0);
        },
        "node 3 has no parent",
    );
    bad(|t| t.feature[0] = 4, "is not there");
    bad(|t| t.feature[0] = 1, "does not fit its feature");
    bad(|t| t.set[1] = 0, "does not fit its feature");
    bad(|t| t.set[1] = 2, "set of node 1 is not there");
    bad(|t| t.set[4] = 1, "leaf 4 has a split");
    bad(|t| t.left[6] = 4, "numbers of leaf 6");
    bad(|t| t.left[6] = u32::MAX, "numbers of leaf 6");
    bad(|t| t.values.push(0.5), "5 numbers for 4 leaves");
    bad(|t| t.sets[0].len = 2, "not inside the words");
    bad(|t| t.sets[0] = CategorySet { start: u32::MAX, len: u32::MAX }, "not inside the words");
    bad(|t| t.threshold[0] = f64::NAN, "not a number");
    bad(|t| t.values[0] = f64::NAN, "a leaf is not finite");
    bad(|t| t.values[0] = f64::INFINITY, "a leaf is not finite");
    bad(|t| t.values[0] = 1.5, "not probabilities");
    bad(|t| t.cover[0] = -1.0, "cover");
    bad(|t| t.gain[0] = f64::NAN, "gain");
    bad(|t| t.base = vec![], "0 bases, not 1");
    bad(|t| t.base = vec![f64::NAN], "base is not finite");
    bad(|t| t.base = vec![0.5], "base beside probabilities");
    bad(|t| t.link = Link::Softmax, "does not fit the task");
    bad(|t| t.link = Link::Log, "does not fit the task");
    spoiled(samples::boosted(), |m| trees(m).link = Link::Identity, "without a link");
    spoiled(samples::multiclass(), |m| trees(m).values[0] = 0.75, "not probabilities");
    spoiled(samples::class_trees(), |m| trees(m).right[0] = 4, "leaf 0 has a split");
    spoiled(samples::class_trees(), |m| trees(m).right[2] = 2, "the leaves of tree 1 differ");
    spoiled(samples::class_trees(), |m| trees(m).right[0] = 0, "4 numbers for 4 leaves");
    spoiled(samples::class_trees(), |m| trees(m).values.push(0.5), "5 numbers for 4 leaves");
    spoiled(samples::class_trees(), |m| trees(m).left[4] = 4, "the numbers of leaf 4");
    spoiled(samples::multiclass(), |m| trees(m).outputs = u32::MAX, "outputs");
}

#[test]
fn validate_finds_what_is_wrong_with_mixtures() {
    for (_, covariance) in Covariance::NAMED {
        samples::mixture(covariance).validate().unwrap();
        let bad = |spoil: &dyn Fn(&mut Mixture), message| {
            let mut model = samples::mixture(covariance);
            let Body::Mixture(m) = &mut model.body else { panic!("no mixture") };
            spoil(m);
            let error = model.validate().unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        };
        bad(&|m| m.clusters.sizes.truncate(1), "do not fit the segments");
        bad(&|m| m.log_weights.truncate(1), "1 shares and 2 peaks of 2 components");
        bad(&|m| m.log_peaks.push(0.0), "2 shares and 3 peaks of 2 components");
        bad(&|m| m.log_weights[1] = 0.5, "a share of a component is not one");
        bad(&|m| m.log_weights[0] = f64::NEG_INFINITY, "a share of a component is not one");
        bad(&|m| m.log_peaks[0] = f64::NAN, "the density of a component is not finite");
        bad(&|m| m.precisions.truncate(m.precisions.len() - 1), "the precisions do not fit");
        bad(&|m| m.precisions[0] = f64::INFINITY, "a precision is not finite");
        bad(&|m| *m.precisions.last_mut().unwrap() = 0.0, "a precision is not above 0");
        let mut other = samples::mixture(covariance);
        other.task = Task::Regression;
        assert!(other.validate().unwrap_err().to_string().contains("a mixture for another task"));
    }
}

#[test]
fn validate_finds_what_is_wrong_with_kmeans() {
    let bad = |spoil: fn(&mut KMeans), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::KMeans(k) => spoil(k),
            _ => panic!("no k-means"),
        };
        spoiled(samples::kmeans(), spoil, message);
    };
    bad(|k| drop(k.axes.pop()), "axes do not fit");
    bad(|k| k.axes.swap(0, 1), "of another kind");
    bad(|k| k.dimensions = 4, "do not fill");
    bad(|k| k.sizes.clear(), "0 segments");
    bad(|k| k.sizes.truncate(1), "do not fit the segments");
    bad(|k| k.centres.truncate(1), "do not fit the segments");
    bad(|k| k.centres[1] = f64::NAN, "a centre is not finite");
    bad(|k| k.inertia = -1.0, "inertia");
    bad(|k| k.axes[0] = Axis::Number { fill: f64::NAN, shift: 0.0, scale: 1.0, low: 0.0, high: 0.0 }, "not finite");
    bad(|k| k.axes[0] = Axis::Number { fill: 0.0, shift: 0.0, scale: 1.0, low: 1.0, high: 0.0 }, "not finite");
    bad(
        |k| k.axes[1] = Axis::Category { dimension: vec![0, 1], missing: 0, count: 2, scale: 1.0 },
        "does not fit its levels",
    );
    bad(
        |k| k.axes[1] = Axis::Category { dimension: vec![0, 1, 2], missing: 0, count: 2, scale: 1.0 },
        "outside its axis",
    );
    bad(
        |k| k.axes[1] = Axis::Category { dimension: vec![0, 1, 1], missing: 9, count: 2, scale: 1.0 },
        "outside its axis",
    );
    spoiled(samples::kmeans(), |m| m.task = Task::Regression, "k-means for another task");
    let bad = |at: usize, axis: Axis, message| {
        let mut model = samples::spaces();
        if let Body::KMeans(k) = &mut model.body {
            k.axes[at] = axis;
        }
        spoiled(model, |_| (), message);
    };
    let element = |count| Axis::Element { count, scale: 1.0, low: 0.0, high: 1.0 };
    let bent = |unit, low| Axis::Logarithm { unit, fill: 0.0, shift: 0.0, scale: 1.0, low, high: 1.0 };
    bad(2, element(0), "no end");
    bad(2, element(1), "an array of 2 elements has 1");
    bad(2, element(3), "an array of 2 elements has 3");
    bad(1, element(u32::MAX), "an array of 1 elements");
    bad(2, bent(1.0, 0.0), "no end");
    bad(0, bent(0.0, 0.0), "not finite");
    bad(0, bent(1.0, 2.0), "not finite");
    bad(2, Axis::Element { count: 2, scale: f64::NAN, low: 0.0, high: 1.0 }, "not finite");
}

#[test]
fn validate_finds_what_is_wrong_with_sums() {
    let bad = |spoil: fn(&mut Additive), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Additive(a) => spoil(a),
            _ => panic!("no sum"),
        };
        spoiled(samples::additive(), spoil, message);
    };
    bad(|a| a.outputs = 1, "1 outputs, not 3");
    bad(|a| a.intercept.truncate(1), "1 intercepts, not 3");
    bad(|a| a.intercept[0] = f64::NAN, "an intercept is not finite");
    bad(|a| drop(a.terms.pop()), "the terms do not fit");
    bad(|a| a.means.truncate(5), "the means do not fit");
    bad(|a| a.link = Link::Logistic, "does not fit the task");
    bad(|a| a.terms.swap(0, 1), "of another kind");
    bad(
        |a| {
            let (slope, missing) = (vec![0.0; 2], vec![0.0; 3]);
            a.terms[0] = Term::Number { low: 0.0, high: 1.0, shift: 0.0, slope, square: vec![], missing };
        },
        "do not fit the outputs",
    );
    bad(
        |a| {
            let (slope, missing) = (vec![0.0; 3], vec![0.0; 3]);
            a.terms[0] = Term::Number { low: 1.0, high: 0.0, shift: 0.0, slope, square: vec![], missing };
        },
        "the ends of feature",
    );
    bad(|a| a.terms[1] = Term::Levels { values: vec![0.0; 6], missing: vec![0.0; 3] }, "do not fit its levels");
    bad(|a| a.terms[1] = Term::Levels { values: vec![f64::NAN; 9], missing: vec![0.0; 3] }, "is not finite");
    bad(|a| a.coefficients[1].feature = 7, "a coefficient is of no feature");
    bad(|a| a.coefficients[3].of = Part::Level(3), "a coefficient is of no feature");
    bad(|a| a.coefficients[0].output = 3, "a coefficient is of no feature");
    bad(|a| a.coefficients[0].value = f64::INFINITY, "a coefficient is not finite");
    bad(|a| a.coefficients[0].std_error = Some(-1.0), "a coefficient is not finite");
    bad(|a| a.fit.deviance = f64::NAN, "what is known of the fit");
    spoiled(samples::additive(), |m| m.task = Task::Clustering, "for another task");
}

#[test]
fn validate_finds_what_is_wrong_with_components() {
    let bad = |spoil: fn(&mut Projection), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Projection(p) => spoil(p),
            _ => panic!("no components"),
        };
        spoiled(samples::pca(), spoil, message);
    };
    bad(|p| drop(p.axes.pop()), "axes do not fit");
    bad(|p| p.axes.swap(0, 1), "of another kind");
    bad(|p| p.dimensions = 4, "do not fill");
    bad(|p| p.dimensions = 0, "do not fill");
    bad(|p| p.mean.truncate(2), "the mean does not fill");
    bad(|p| p.mean[0] = f64::NAN, "the mean is not finite");
    bad(|p| p.components[5] = f64::INFINITY, "a direction or the mean is not finite");
    bad(|p| p.components.truncate(5), "do not fit the dimensions");
    bad(|p| p.variance.clear(), "0 components of 3 dimensions");
    bad(|p| p.variance = vec![1.0; 4], "4 components of 3 dimensions");
    bad(|p| p.variance[1] = 0.0, "a variance is not above 0");
    bad(|p| p.variance[1] = 9.0, "the variances do not fall");
    bad(|p| p.variance[0] = f64::NAN, "a variance is not above 0");
    bad(|p| p.total_variance = 0.0, "the variance of all");
    spoiled(samples::pca(), |m| m.task = Task::Regression, "components for another task");
    spoiled(samples::class_trees(), |m| m.task = Task::Reduction, "trees for a reduction");
}

#[test]
fn validate_finds_what_is_wrong_with_dense_parts() {
    let bad = |spoil: fn(&mut Density), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Density(d) => spoil(d),
            _ => panic!("no dense parts"),
        };
        spoiled(samples::density(), spoil, message);
    };
    bad(|d| d.clusters.sizes.clear(), "0 segments");
    bad(|d| d.clusters.centres[0] = f64::INFINITY, "a centre is not finite");
    bad(|d| d.eps = 0.0, "the reach of core rows is not above 0");
    bad(|d| d.eps = f64::NAN, "the reach of core rows is not above 0");
    bad(|d| d.eps = f64::INFINITY, "the reach of core rows is not above 0");
    bad(|d| d.min_samples = 0, "a core row needs no row");
    bad(|d| d.labels.clear(), "0 core rows");
    bad(|d| d.labels.push(0), "the core rows do not fit the dimensions");
    bad(|d| d.cores.truncate(8), "the core rows do not fit the dimensions");
    bad(|d| d.cores[2] = f64::NAN, "a core row is not finite");
    bad(|d| d.labels[1] = 2, "a core row is of no segment");
    bad(|d| d.numbers.truncate(1), "the clusters are not the segments");
    bad(|d| d.numbers[0] = 0, "two clusters are one segment");
    bad(|d| d.numbers[0] = 2, "two clusters are one segment");
    bad(|d| d.noise = u64::MAX, "the rows are too many");
    spoiled(samples::density(), |m| m.task = Task::Anomaly, "core rows for another task");
}

#[test]
fn validate_finds_what_is_wrong_with_neighbours() {
    let bad = |spoil: fn(&mut Neighbors), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Neighbors(n) => spoil(n),
            _ => panic!("no neighbours"),
        };
        spoiled(samples::neighbors(), spoil, message);
    };
    bad(|n| n.axes.truncate(1), "the axes do not fit the features");
    bad(|n| n.dimensions = 2, "the axes do not fill the dimensions");
    bad(|n| n.known = Known::Classes(vec![]), "0 points");
    bad(|n| n.known = Known::Classes(vec![0, 1, 2, 0]), "the points do not fit the dimensions");
    bad(|n| n.points.truncate(8), "the points do not fit the dimensions");
    bad(|n| n.points[3] = f64::NAN, "a point is too far out or not a number");
    bad(|n| n.points[3] = -1e200, "a point is too far out or not a number");
    bad(|n| n.weights.truncate(2), "the weights do not fit the points");
    bad(|n| n.weights[1] = 0.0, "a weight is not above 0");
    bad(|n| n.weights[1] = f64::INFINITY, "a weight is not above 0");
    bad(|n| n.weights.fill(1e308), "the weights are too large");
    bad(|n| n.n_neighbors = 0, "no neighbour answers");
    bad(|n| n.known = Known::Classes(vec![0, 1, 3]), "a point is of no class");
    bad(|n| n.known = Known::Numbers(vec![0.0; 3]), "neighbours for another task");
    spoiled(samples::neighbors(), |m| m.task = Task::Regression, "neighbours for another task");
    spoiled(samples::neighbors(), |m| m.task = Task::Clustering, "neighbours for another task");
}

#[test]
fn validate_finds_what_is_wrong_with_a_network() {
    let bad = |spoil: fn(&mut Network), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Network(n) => spoil(n),
            _ => panic!("no network"),
        };
        spoiled(samples::network(), spoil, message);
    };
    bad(|n| n.link = Link::Identity, "link Identity does not fit the task");
    bad(|n| n.link = Link::Logistic, "link Logistic does not fit the task");
    bad(|n| n.scale = f64::NAN, "the scale of answers is not finite");
    bad(|n| n.layers.clear(), "0 layers");
    bad(|n| n.layers = vec![n.layers[1].clone(); 33], "33 layers");
    bad(|n| n.layers.truncate(1), "2 outputs, not 3");
    bad(|n| n.inputs = 5, "the weights do not fit the layers");
    bad(|n| n.inputs = u32::MAX, "the weights do not fit the layers");
    bad(|n| n.layers[0].outputs = 0, "a layer of 0");
    bad(|n| n.layers[0].outputs = 5000, "a layer of 5000");
    bad(|n| n.layers[0].bias.truncate(1), "a layer does not fit");
    bad(|n| n.layers[0].norm = Norm::Layer { gain: vec![1.0], shift: vec![0.0, 0.0] }, "a layer does not fit");
    bad(|n| n.layers[0].weights[3] = f32::NAN, "a weight is not finite");
    bad(|n| n.layers[0].weights[3] = 1e30, "a weight is not finite");
    bad(
        |n| n.layers[1].norm = Norm::Layer { gain: vec![1.0; 3], shift: vec![0.0; 3] },
        "the last layer is brought to a scale",
    );
    bad(|n| n.entries.truncate(2), "the entries do not fit the features");
    bad(|n| n.entries.swap(0, 1), "the entry of feature \"spend\" does not fit");
    let number = |at, missing, low, high| NetworkEntry::Number { at, missing, shift: 0.0, scale: 1.0, low, high };
    let entry = |entry: NetworkEntry, at: usize, message| {
        let spoil = move |m: &mut Model| {
            if let Body::Network(n) = &mut m.body {
                n.entries[at] = entry.clone();
            }
        };
        spoiled(samples::network(), spoil, message);
    };
    entry(number(4, NetworkEntry::NONE, 0.0, 1.0), 0, "the entry of feature \"spend\" does not fit");
    entry(number(0, 4, 0.0, 1.0), 0, "the entry of feature \"spend\" does not fit");
    entry(number(0, 1, 1.0, 0.0), 0, "the entry of feature \"spend\" does not fit");
    entry(number(0, 1, f64::NAN, 0.0), 0, "the entry of feature \"spend\" does not fit");
    entry(NetworkEntry::Levels { values: vec![0.0; 7] }, 1, "the entry of feature \"city\" does not fit");
    let embedding = |at, dimension, count| NetworkEntry::Embedding { at, dimension, values: vec![0.0; count] };
    entry(embedding(3, 2, 6), 2, "the entry of feature \"ad\" does not fit");
    entry(embedding(u32::MAX, 2, 6), 2, "the entry of feature \"ad\" does not fit");
    entry(embedding(2, 0, 0), 2, "the entry of feature \"ad\" does not fit");
    entry(embedding(2, 2, 5), 2, "the entry of feature \"ad\" does not fit");
    spoiled(samples::network(), |m| m.task = Task::Clustering, "a network for another task");
    spoiled(samples::network(), |m| m.task = Task::Regression, "link Softmax does not fit the task");
}

#[test]
fn validate_finds_what_is_wrong_with_recommenders() {
    fn body(m: &mut Model) -> &mut Recommender {
        match &mut m.body {
            Body::Recommender(n) => n,
            _ => panic!("no recommender"),
        }
    }
    let bad =
        |spoil: fn(&mut Recommender), message| spoiled(samples::recommender(), |m: &mut Model| spoil(body(m)), message);
    bad(|n| n.seen.starts[1] = 9, "lists of items of users overlap");
    bad(|n| n.seen.starts[0] = 1, "items of users are not 3 lists");
    bad(|n| n.seen.places[1] = 2, "items of users that are not there");
    bad(|n| n.seen.places[1] = 0, "items of users are there twice");
    bad(|n| n.seen.values[1] = f32::NAN, "numbers of items of users are not finite");
    bad(|n| n.seen.values.truncate(1), "items of users without numbers");
    bad(|n| n.items.truncate(1), "1 of 2 users or items");
    bad(|n| n.items.swap(0, 1), "users or items do not ascend");
    bad(|n| n.users.push(1.0), "3 of 3 users or items");
    bad(|n| n.factors = 0, "0 factors");
    bad(|n| n.factors = 5000, "5000 factors");
    bad(|n| n.user_factors.truncate(5), "the factors do not fit the users");
    bad(|n| n.item_factors.truncate(3), "the factors do not fit the items");
    bad(|n| n.user_bias.push(0.5), "the biases do not fit the users");
    bad(|n| n.item_bias.push(0.5), "the biases do not fit the items");
    bad(|n| n.gram.truncate(3), "the products do not fit the factors");
    bad(|n| n.item_factors[1] = f32::INFINITY, "a factor is too large or not a number");
    bad(|n| n.mean = f64::NAN, "a number is not finite");
    bad(|n| n.low = 1.0, "a number is not finite");
    bad(|n| n.alpha = -1.0, "a number is negative");
    bad(|n| n.neighbors.starts.push(0), "neighbours that nobody asks");
    bad(|n| n.popularity[0] = f64::NAN, "a popularity is not finite");
    bad(|n| n.counts.truncate(1), "the counts do not fit the items");
    bad(|n| n.method = recommender::Method::Content, "2 factors");
    bad(|n| n.user_traits.columns[0].feature = 1, "traits of a feature that is not there");
    bad(|n| n.user_traits.columns[0].cuts.push(1.0), "parts do not ascend");
    bad(|n| n.user_traits.columns[0].levels.places[1] = 2, "traits that are not there");
    bad(|n| n.user_traits.weights[1] = f32::NAN, "the weight of a trait is not finite");
    bad(|n| n.item_traits.weights.push(1.0), "traits without a column");
    spoiled(samples::recommender(), |m| m.task = Task::Regression, "a recommender for another task");
    let bad = |spoil: fn(&mut recommender::Rules), message| {
        spoiled(samples::recommender_rules(), |m: &mut Model| spoil(&mut body(m).rules), message);
    };
    bad(|r| r.both.truncate(3), "4 rules without all of theirs");
    bad(|r| r.firsts.truncate(3), "4 rules without all of theirs");
    bad(|r| r.starts.clear(), "4 rules without all of theirs");
    bad(|r| r.firsts[0] = 1, "rules of items overlap");
    bad(|r| r.firsts[3] = 5, "rules of items overlap");
    bad(|r| r.starts[1] = 0, "antecedents of rules overlap");
    bad(|r| r.antecedents.push(2), "antecedents of rules are not all of them");
    bad(|r| r.consequents[3] = 3, "rules of items that are not there");
    bad(|r| r.antecedents[4] = 3, "rules of items that are not there");
    bad(|r| r.consequents.swap(2, 3), "rules do not ascend");
    bad(|r| r.firsts[1] = 3, "rules do not ascend");
    bad(|r| r.antecedents[2] = 2, "a rule has an item twice");
    bad(|r| r.antecedents[2] = 0, "a rule has an item twice");
    bad(|r| r.both[3] = 0, "a rule counts users who are not there");
    bad(|r| r.both[3] = 3, "a rule counts users who are not there");
    bad(|r| r.before[3] = 4, "a rule counts users who are not there");
    spoiled(samples::recommender_rules(), |m| body(m).explicit = true, "the biases do not fit the users");
    spoiled(samples::recommender(), |m| body(m).rules.starts.push(0), "rules that nobody asks");
    spoiled(samples::recommender_ratings(), |m| body(m).neighbors.places[0] = 2, "neighbours that are not there");
    spoiled(samples::kmeans(), |m| m.task = Task::Recommendation, "k-means for another task");
}

#[test]
fn validate_finds_what_is_wrong_with_forecasts() {
    let bad = |spoil: fn(&mut Forecast), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Forecast(n) => spoil(n),
            _ => panic!("no forecasts"),
        };
        spoiled(samples::forecast(), spoil, message);
    };
    bad(|n| n.horizon = 0, "0 steps");
    bad(|n| n.horizon = 3, "forecasts do not fit the series");
    bad(|n| n.level = 1.0, "the level of intervals is no share");
    bad(|n| n.numbers.pop().map_or((), drop), "1 groups");
    bad(|n| n.numbers[1][0] = 3.0, "numbers do not ascend");
    bad(|n| n.numbers[0].push(1.0), "numbers of a category");
    bad(|n| n.keys[0] = 2, "a value of a key is not there");
    bad(|n| n.keys[1] = 2, "a value of a key is not there");
    bad(|n| n.keys.push(0), "keys do not fit the series");
    bad(|n| n.depths[0] = 3, "a series has more groups than there are");
    bad(|n| n.scales[0] = f64::NAN, "a scale is not finite");
    bad(|n| n.method[0] = 2, "a method is not there");
    bad(|n| n.methods[1].clear(), "a method without a name");
    bad(|n| n.mean[0] = f64::INFINITY, "forecasts do not fit the series");
    bad(|n| n.high.push(1.0), "forecasts do not fit the series");
    bad(|n| n.first[0] = i64::MAX, "the times of a series are not sound");
    bad(|n| n.first[0] = 1 << 40, "the times of a series are not sound");
    bad(|n| n.calendar.step = Step::Months(0), "the times of a series are not sound");
    bad(|n| n.calendar.step = Step::Fixed(-1), "the times of a series are not sound");
    bad(|n| n.calendar.step = Step::Number(f64::NAN), "the times of a series are not sound");
    spoiled(samples::forecast(), |m| m.task = Task::Regression, "forecasts for another task");
    spoiled(samples::kmeans(), |m| m.task = Task::Forecast, "k-means for another task");
}

#[test]
fn validate_finds_what_is_wrong_with_customers() {
    let bad = |spoil: fn(&mut Lifetime), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Lifetime(n) => spoil(n),
            _ => panic!("no customers"),
        };
        spoiled(samples::lifetime(), spoil, message);
    };
    bad(|n| n.period = 0.0, "a parameter is not above 0");
    bad(|n| n.times.alpha = f64::INFINITY, "a parameter is not above 0");
    bad(|n| n.times.a = -1.0, "a parameter is not above 0");
    bad(|n| n.horizon = 1e9, "a horizon of 1000000000");
    bad(|n| n.discount_rate = f64::NAN, "a rate that is no share");
    bad(|n| n.amounts = Amounts::None, "4 features of customers");
    bad(|n| n.amounts = Amounts::Mean(Some(f64::NAN)), "a mean is not finite");
    bad(
        |n| n.amounts = Amounts::Model(spend::Parameters { p: 1.0, q: 1.0, v: 1.0 }),
        "a parameter of amounts is out of range",
    );
    spoiled(samples::lifetime(), |m| m.task = Task::Regression, "customers for another task");
    spoiled(samples::regression(), |m| m.task = Task::Lifetime, "a body for another task than its own");
}

#[test]
fn validate_finds_what_is_wrong_with_machines() {
    let bad = |spoil: fn(&mut Machine), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Machine(n) => spoil(n),
            _ => panic!("no machine"),
        };
        spoiled(samples::machine(), spoil, message);
    };
    bad(|n| n.axes.truncate(1), "the axes do not fit the features");
    bad(|n| n.dimensions = 2, "the axes do not fill the dimensions");
    bad(|n| n.gamma = 0.0, "gamma is not above 0");
    bad(|n| n.gamma = f64::INFINITY, "gamma is not above 0");
    bad(|n| n.outputs = 1, "1 outputs, not 3");
    bad(|n| n.weights.truncate(8), "the weights do not fit the outputs");
    bad(|n| n.weights.truncate(6), "the points do not fit the dimensions");
    bad(|n| n.points[3] = f64::NAN, "a point is too far out or not a number");
    bad(|n| n.points[3] = -1e200, "a point is too far out or not a number");
    bad(|n| n.weights[1] = f64::NAN, "the weights are too large");
    bad(|n| n.weights.fill(1e308), "the weights are too large");
    bad(|n| n.intercept.truncate(1), "1 intercepts, not 3");
    bad(|n| n.intercept[0] = f64::INFINITY, "an intercept is not finite");
    bad(|n| n.link = Link::Logistic, "for another task");
    spoiled(samples::machine(), |m| m.task = Task::Clustering, "trees for a clustering");
    let like = |spoil: fn(&mut Machine)| {
        let mut model = samples::machine();
        model.task = Task::Anomaly;
        if let Body::Machine(n) = &mut model.body {
            (n.outputs, n.weights, n.intercept, n.link) = (1, vec![0.5, 0.25, 1.0], vec![0.0], Link::Identity);
            spoil(n);
        }
        model.validate()
    };
    assert!(like(|_| {}).is_ok());
    assert!(like(|n| n.weights[0] = -1.0).is_err() && like(|n| n.link = Link::Logistic).is_err());
}

#[test]
fn validate_finds_what_is_wrong_with_ensembles() {
    let spoil = |model: fn() -> Model, spoil: fn(&mut Ensemble), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Ensemble(e) => spoil(e),
            _ => panic!("no ensemble"),
        };
        spoiled(model(), spoil, message);
    };
    let bad = |own: fn(&mut Ensemble), message| spoil(samples::voting, own, message);
    bad(|e| e.members.clear(), "0 members");
    bad(|e| e.members[0].algorithm.clear(), "a member without a name");
    bad(|e| e.members[0].places.truncate(1), "have no places");
    bad(|e| e.members[0].places[0] = 3, "is made of another kind");
    bad(|e| e.members[0].places[0] = 1, "is made of another kind");
    bad(|e| Arc::make_mut(&mut e.members[1].model).task = Task::Regression, "is for another task");
    bad(|e| e.members[1].model = Arc::new(samples::voting()), "a member that cannot be one");
    bad(|e| e.members[1].model = Arc::new(samples::kmeans()), "a member that cannot be one");
    bad(|e| e.join = Join::Mean(vec![1.0]), "the weights do not fit the members");
    bad(|e| e.join = Join::Mean(vec![1.0, -1.0, 2.0]), "a weight is negative");
    bad(|e| e.join = Join::Mean(vec![0.0; 3]), "all 0 or too large");
    bad(|e| e.join = Join::Mean(vec![f64::MAX; 3]), "all 0 or too large");
    bad(|e| e.join = Join::Model(Arc::clone(&e.members[1].model)), "no sum of what they say");
    bad(|e| e.join = Join::Model(Arc::clone(&e.members[0].model)), "does not read their answers");
    spoil(
        samples::stacking,
        |e| {
            e.members.pop();
        },
        "does not read their answers",
    );
    spoiled(samples::voting(), |m| m.task = Task::Clustering, "an ensemble for another task");
    let bad = |own: fn(&mut Ensemble), message| spoil(samples::uplift, own, message);
    bad(|e| e.join = Join::Effects(vec![1.0; 5]), "the effects do not fit the members");
    bad(|e| e.join = Join::Effects(vec![1.5; 6]), "counts more than once");
    bad(|e| e.join = Join::Effects(vec![f64::NAN; 6]), "counts more than once");
    bad(|e| e.join = Join::Mean(vec![1.0; 3]), "uplift is no mean");
    bad(|e| e.members[1].model = Arc::new(samples::voting()), "a member that cannot be one");
    let bad = |own: fn(&mut Task), message| spoiled(samples::uplift(), |m| own(&mut m.task), message);
    fn task(treatments: &[&str], control: &str, classes: &[&str]) -> Task {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Task::Uplift { treatments: own(treatments), control: control.into(), classes: own(classes), positive: 1 }
    }
    bad(|t| *t = task(&[], "none", &[]), "no treatment, or too many");
    bad(|t| *t = task(&["call", "call"], "none", &[]), "treatment");
    bad(|t| *t = task(&["call", "none"], "none", &[]), "treatment");
    bad(|t| *t = task(&["call", "a\0"], "none", &[]), "a zero byte in a treatment");
    bad(|t| *t = task(&["call", "letter"], "none", &["a", "b", "c"]), "more than two classes");
    bad(|t| *t = task(&["call"], "none", &[]), "the effects do not fit the members");
    bad(|t| *t = Task::Regression, "the effects do not fit the members");
    spoiled(Model { task: task(&["call"], "none", &[]), ..samples::tree() }, |_| (), "uplift without models");
}

#[test]
fn validate_finds_what_is_wrong_with_curves() {
    let bad = |spoil: fn(&mut Vec<Curve>), message| {
        let spoil = |m: &mut Model| match &mut m.body {
            Body::Calibrated(c) => spoil(&mut c.curves),
            _ => panic!("no curves"),
        };
        spoiled(samples::calibrated(), spoil, message);
    };
    bad(|c| c.clear(), "0 curves, not 1");
    bad(|c| c.push(Curve::Sigmoid { slope: 1.0, intercept: 0.0 }), "2 curves, not 1");
    bad(|c| c[0] = Curve::Sigmoid { slope: -0.5, intercept: 0.0 }, "falls");
    bad(|c| c[0] = Curve::Sigmoid { slope: f64::NAN, intercept: 0.0 }, "not finite");
    bad(|c| c[0] = Curve::Sigmoid { slope: 1.0, intercept: f64::INFINITY }, "not finite");
    type Knots = (fn() -> (Vec<f64>, Vec<f64>), &'static str);
    let knots: [Knots; 7] = [
        (|| (vec![], vec![]), "do not fit"),
        (|| (vec![0.5], vec![0.5, 0.5]), "do not fit"),
        (|| (vec![0.5, 0.5], vec![0.5, 0.5]), "do not ascend"),
        (|| (vec![0.5, 0.25], vec![0.5, 0.5]), "do not ascend"),
        (|| (vec![0.25, 0.5], vec![0.5, 0.25]), "a curve falls"),
        (|| (vec![0.25, 1.5], vec![0.5, 0.75]), "not a probability"),
        (|| (vec![0.25, 0.5], vec![0.5, f64::NAN]), "not a probability"),
    ];
    for (knots, message) in knots {
        let mut model = samples::calibrated();
        if let Body::Calibrated(c) = &mut model.body {
            let (from, to) = knots();
            c.curves[0] = Curve::Isotonic { from, to };
        }
        assert!(invalid(model.validate()).contains(message), "{message}");
    }
    let mut model = samples::regression();
    if let Body::Trees(t) = model.body.clone() {
        model.body = Body::trees(t, vec![Curve::Sigmoid { slope: 1.0, intercept: 0.0 }]);
    }
    assert!(invalid(model.validate()).contains("curves for another task"));
}

proptest! {
    /// Several bytes changed at once, lengths cut and stretched: never a panic.
    #[test]
    fn forged_bytes_never_panic(
        which in 0..samples::all().len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = encode(&samples::all()[which].1).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = decode(&bytes);
        reseal(&mut bytes);
        if let Ok(model) = decode(&bytes) {
            score(model);
        }
    }
}

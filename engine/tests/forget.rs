//! Forgetting categories: their texts go, rows with them are scored as rows with a text never seen, and nobody else's score changes by a bit.
#![allow(missing_docs)]

mod people;
mod tables;

use orchard_engine::judge::segments;
use orchard_engine::learn::options::Algorithm::{
    self, DecisionTree, ExtraTrees, GradientBoosting, KMeans, RandomForest, Stacking, Voting,
};
use orchard_engine::learn::train::Outcome;
use orchard_engine::model::{
    decode, encode, encode_baseline, encode_segments, Forgotten, Model, RememberedKind, Trait,
};
use orchard_engine::score::Scorer;
use people::{has, learn, people, score, Person};
use serde_json::{json, Value};

/// A text that no row has, and that every step leaves as it is.
const NEVER: &str = "0000";

fn trainings() -> Vec<(Algorithm, &'static str, Value)> {
    let filled = json!([
        {"step": "placeholders", "columns": ["city"]}, {"step": "case", "columns": ["city"], "to": "upper"}, {"step": "impute", "columns": ["city"]},
        {"step": "rare_levels", "columns": ["city"], "min_rows": 30, "min_share": 0},
    ]);
    let grouped = json!([
        {"step": "merge_levels", "columns": ["city"]}, {"step": "impute", "columns": ["city"], "by": "country"},
        {"step": "impute", "columns": ["age"], "by": "country"},
    ]);
    let numbers = json!([
        {"step": "target_encode", "columns": ["city"]}, {"step": "frequency_encode", "columns": ["country"]},
        {"step": "map_values", "columns": ["contact"], "values": {"person1@mail.example": "Anna", "person2@mail.example": null}},
    ]);
    let hot = json!([{"step": "trim"}, {"step": "one_hot", "columns": ["city", "country"]}]);
    let ordinal = json!([{"step": "ordinal", "columns": ["city"]}, {"step": "impute", "columns": ["country"]}]);
    let masked = json!([{"step": "impute", "columns": ["city"]}, {"step": "mask_personal", "columns": ["city"], "method": "hash_all", "salt": "s"}]);
    let base = json!({"personal_data": "keep", "min_category_rows": 1});
    let with = |more: Value| {
        let mut all = base.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    vec![
        (DecisionTree, "y", with(json!({"max_depth": 20, "min_samples_leaf": 2}))),
        (DecisionTree, "class", with(json!({"max_subset_levels": 3, "min_samples_leaf": 2, "calibration": "sigmoid"}))),
        (RandomForest, "spend", with(json!({"n_estimators": 10, "text_columns": ["note"]}))),
        (ExtraTrees, "class", with(json!({"n_estimators": 10}))),
        (GradientBoosting, "class", with(json!({"n_estimators": 15, "text_columns": ["note"]}))),
        (GradientBoosting, "y", with(json!({"n_estimators": 40, "max_subset_levels": 250}))),
        (KMeans, "y", json!({"personal_data": "keep", "max_categories": 1000})),
        (KMeans, "y", json!({"clean": filled})),
        (DecisionTree, "y", with(json!({"clean": filled, "min_samples_leaf": 2}))),
        (GradientBoosting, "y", with(json!({"clean": grouped, "n_estimators": 20, "refit": true}))),
        (GradientBoosting, "y", with(json!({"clean": numbers, "n_estimators": 20}))),
        (DecisionTree, "y", with(json!({"clean": hot, "max_depth": 20, "min_samples_leaf": 2}))),
        (DecisionTree, "y", with(json!({"clean": ordinal, "min_samples_leaf": 2}))),
        (DecisionTree, "y", with(json!({"clean": masked, "min_samples_leaf": 2}))),
        (GradientBoosting, "y", with(json!({"clean": "auto", "n_estimators": 20, "text_columns": ["note"]}))),
        (
            Voting,
            "class",
            json!({"personal_data": "keep", "text_columns": ["note"], "estimators": [
                {"algorithm": "gradient_boosting", "options": {"n_estimators": 15, "min_category_rows": 1}}, {"algorithm": "knn", "options": {"max_categories": 1000}},
                {"algorithm": "naive_bayes", "options": {"min_category_rows": 20}},
            ]}),
        ),
        (
            Stacking,
            "y",
            json!({"personal_data": "keep", "clean": filled, "folds": 2, "estimators": [
                {"algorithm": "decision_tree", "options": {"min_samples_leaf": 2, "min_category_rows": 1, "max_subset_levels": 3}}, "logistic_regression",
            ]}),
        ),
    ]
}

/// The bytes of all that is kept, after something was forgotten.
fn bytes(outcome: &Outcome, model: &Model, forgotten: &Forgotten) -> Vec<u8> {
    let mut baseline = outcome.baseline.clone();
    forgotten.in_baseline(&mut baseline);
    let mut insight = outcome.insight.clone();
    forgotten.in_insight(&mut insight);
    let mut bytes = encode(model).unwrap();
    assert_eq!(encode(&decode(&bytes).unwrap()).unwrap(), bytes);
    bytes.extend(encode_baseline(&baseline).unwrap());
    bytes.extend(insight.write());
    if let Some(mut facts) = outcome.segments.clone() {
        facts.check(outcome.scorer.model()).unwrap();
        forgotten.in_segments(model, &mut facts);
        facts.check(model).unwrap();
        bytes.extend(encode_segments(&facts).unwrap());
        let name = |traits: &Vec<Trait>| bytes.extend(segments::name(model, traits).into_bytes());
        facts.names.iter().for_each(name);
    }
    bytes
}

/// A row with a text in place of another one of a column.
fn with(person: &Person, column: &str, text: &str) -> Person {
    let mut person = person.clone();
    match column {
        "city" => person.city = Some(text.to_owned()),
        "country" => person.country = Some(text.to_owned()),
        _ => person.contact = text.to_owned(),
    }
    person
}

#[test]
fn others_are_scored_as_before_to_the_bit() {
    let mut all = people(1200);
    all.iter_mut().filter(|p| p.city.as_deref() == Some("Paris  X")).for_each(|p| p.city = Some("Tokyo".into()));
    let mut all_changed = 0;
    for (algorithm, target, options) in trainings() {
        let outcome = learn(&all, target, algorithm, &options).unwrap();
        let before = Scorer::new(outcome.scorer.model().clone());
        for (column, category) in
            [("city", "Paris"), ("city", "Berlin"), ("country", "IT"), ("contact", "person2@mail.example")]
        {
            if !before.model().knows_column(column) {
                continue;
            }
            let context = format!("{algorithm:?} {options} without {category}");
            let mut model = before.model().clone();
            let forgotten = model.forget(Some(column), Some(&[category.to_owned()]));
            assert!(!forgotten.is_empty(), "{context}");
            let kept = bytes(&outcome, &model, &forgotten);
            // A text is stored behind its length.
            let stored: Vec<u8> = (category.len() as u64).to_le_bytes().into_iter().chain(category.bytes()).collect();
            let plain = category.len() > 3 && has(&kept.to_ascii_lowercase(), category.to_lowercase().as_bytes());
            assert!(!plain && !has(&kept, &stored), "{context}");
            let after = Scorer::new(model);
            let own = |person: &Person| {
                let text = match column {
                    "city" => person.city.as_deref(),
                    "country" => person.country.as_deref(),
                    _ => Some(person.contact.as_str()),
                };
                // Spellings that steps make the same are forgotten together.
                let clean = options.get("clean").map(Value::to_string).unwrap_or_default();
                let same = |text: &str| {
                    text.eq_ignore_ascii_case(category) && (clean.contains("case") || clean.contains("auto"))
                        || clean.contains("merge") && category == "Berlin" && text == "BERLlN"
                };
                text.is_some_and(|text| text == category || same(text))
            };
            let mut changed = 0;
            for person in &all {
                let (was, is) = (score(&before, person), score(&after, person));
                if own(person) {
                    assert_eq!(is, score(&after, &with(person, column, NEVER)), "{context}: {person:?}");
                    changed += usize::from(was != is);
                } else {
                    assert_eq!(was, is, "{context}: {person:?}");
                }
                let unseen = with(person, column, NEVER);
                assert_eq!(score(&before, &unseen), score(&after, &unseen), "{context}: {unseen:?}");
            }
            all_changed += changed;
        }
    }
    assert!(all_changed > 1000, "{all_changed}");
}

#[test]
fn all_of_a_column_and_all_of_all_can_be_forgotten() {
    let all = people(1200);
    for (algorithm, target, options) in trainings() {
        let outcome = learn(&all, target, algorithm, &options).unwrap();
        let before = outcome.scorer.model();
        let remembered = before.remembered();
        assert!(!remembered.is_empty());
        for column in [Some("city"), None] {
            let mut model = before.clone();
            let forgotten = model.forget(column, None);
            let left = model.remembered();
            assert!(left.iter().all(|r| column.is_some_and(|c| r.column != c)), "{algorithm:?} {options}: {left:?}");
            for r in remembered.iter().filter(|r| column.is_none_or(|c| r.column == c)) {
                let own = &forgotten.texts[&r.column];
                assert!(
                    r.texts.iter().all(|(text, _)| own.contains(text)),
                    "{algorithm:?} {options}: {r:?} and {own:?}"
                );
            }
            let kept = bytes(&outcome, &model, &forgotten);
            for city in people::CITIES.iter().chain(&["Xanadu", "BERLlN"]) {
                assert!(!has(&kept, city.as_bytes()), "{algorithm:?} {options}: {city}");
            }
            let (was, is) = (Scorer::new(before.clone()), Scorer::new(model.clone()));
            for person in &all {
                let nobody = Person {
                    city: person.city.as_ref().map(|_| NEVER.into()),
                    country: person.country.as_ref().map(|_| NEVER.into()),
                    contact: NEVER.into(),
                    note: NEVER.into(),
                    ..person.clone()
                };
                let nobody = match column {
                    Some(_) => Person { city: nobody.city, ..person.clone() },
                    None => nobody,
                };
                assert_eq!(score(&was, &nobody), score(&is, &nobody), "{algorithm:?} {options}: {nobody:?}");
                if column.is_some() {
                    assert_eq!(score(&is, person), score(&is, &nobody), "{algorithm:?} {options}: {person:?}");
                }
            }
            // What is forgotten stays so, and there is nothing more to forget.
            assert!(model.forget(column, None).is_empty());
            assert_eq!(encode(&model).unwrap(), encode(&is.model().clone()).unwrap());
        }
    }
}

#[test]
fn words_and_columns_of_one_level_lose_their_names() {
    let all = people(1200);
    let options = json!({"text_columns": ["note"], "n_estimators": 15, "exclude": ["contact"]});
    let outcome = learn(&all, "y", GradientBoosting, &options).unwrap();
    let before = outcome.scorer.model();
    let words = before.remembered().into_iter().find(|r| r.kind == RememberedKind::Words).unwrap();
    assert_eq!((words.column.as_str(), words.texts.len()), ("note", people::WORDS.len()));
    let mut model = before.clone();
    let forgotten = model.forget(Some("note"), Some(&["SHOES".to_owned(), "winter".to_owned()]));
    assert_eq!(forgotten.texts["note"], ["shoes", "winter"]);
    let kept = bytes(&outcome, &model, &forgotten);
    assert!(!has(&kept, b"shoes") && !has(&kept, b"winter") && has(&kept, b"coat"));
    let (was, is) = (Scorer::new(before.clone()), Scorer::new(model));
    for person in &all {
        let words = person.note.split(' ').filter(|w| ["shoes", "winter"].contains(w)).count();
        if words == 0 {
            assert_eq!(score(&was, person), score(&is, person));
        } else {
            let note = person.note.replace("shoes", NEVER).replace("winter", NEVER);
            let other = Person { note, ..person.clone() };
            assert_eq!(score(&is, person), score(&is, &other));
            assert_eq!(score(&was, &other), score(&is, &other));
        }
    }

    let options = json!({"clean": [{"step": "one_hot", "columns": ["city"]}], "exclude": ["contact", "note"]});
    let outcome = learn(&all, "y", DecisionTree, &options).unwrap();
    let mut model = outcome.scorer.model().clone();
    let forgotten = model.forget(Some("city"), Some(&["Paris".to_owned(), "Lima".to_owned()]));
    let mut renamed: Vec<(&str, &str)> = forgotten.renamed().iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    renamed.sort_unstable();
    assert_eq!(renamed, [("city_Lima", "city_#2"), ("city_Paris", "city_#1")]);
    let again = model.forget(Some("city"), Some(&["Rome".to_owned()]));
    assert_eq!(
        again.renamed().iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>(),
        [("city_Rome", "city_#3")]
    );
    model.validate().unwrap();
}

#[test]
fn the_baseline_expects_rows_with_forgotten_levels() {
    let all = people(1200);
    let outcome = learn(&all, "y", DecisionTree, &json!({"exclude": ["contact", "note"]})).unwrap();
    let mut model = outcome.scorer.model().clone();
    let at = model.features.iter().position(|f| f.name == "city").unwrap();
    let known = &model.features[at];
    let berlin = known.encoding.levels().iter().position(|l| l == "Berlin").unwrap();
    let rows = known.stats.level_rows[berlin];
    let before = outcome.baseline.clone();
    let forgotten = model.forget(None, Some(&["Berlin".to_owned()]));
    let mut after = before.clone();
    forgotten.in_baseline(&mut after);
    let expected = rows as f64 / before.rows as f64 * before.held_rows as f64;
    let more = after.features[at].held_unseen - before.features[at].held_unseen;
    assert!((more as f64 - expected).abs() <= 0.5, "{more} and {expected}");
    assert_eq!(model.features[at].stats.level_rows.iter().sum::<u64>(), known_sum(&outcome, at));
}

fn known_sum(outcome: &Outcome, feature: usize) -> u64 {
    outcome.scorer.model().features[feature].stats.level_rows.iter().sum()
}

#[test]
fn a_level_that_looks_as_a_stand_in_is_a_level() {
    let mut all = people(1200);
    all.iter_mut().filter(|p| p.city.as_deref() == Some("Oslo")).for_each(|p| p.city = Some("(#-0-#)".into()));
    let clean = json!([
        {"step": "rare_levels", "columns": ["city"], "min_share": 0.02}, {"step": "impute", "columns": ["city"], "strategy": "constant", "fill_value": "Rome"},
    ]);
    for options in [json!({"exclude": ["contact", "note"]}), json!({"exclude": ["contact", "note"], "clean": clean})] {
        let outcome = learn(&all, "y", DecisionTree, &options).unwrap();
        let before = Scorer::new(outcome.scorer.model().clone());
        let mut model = before.model().clone();
        assert!(!model.forget(Some("city"), Some(&["Rome".to_owned()])).is_empty());
        let after = Scorer::new(model.clone());
        for person in all.iter().filter(|p| p.city.as_deref() != Some("Rome")) {
            assert_eq!(score(&before, person), score(&after, person), "{options}: {person:?}");
        }
        let cities = |model: &Model| model.remembered().into_iter().filter(|r| r.column == "city").collect::<Vec<_>>();
        assert!(cities(&model).iter().any(|r| r.texts.iter().any(|(text, _)| text == "(#-0-#)")));
        assert!(!model.forget(Some("city"), Some(&["(#-0-#)".to_owned()])).is_empty());
        assert!(!cities(&model).iter().any(|r| r.texts.iter().any(|(text, _)| text == "(#-0-#)")));
        assert!(encode(&model).is_ok());
    }
}

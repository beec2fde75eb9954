//! "min_group": nothing that is kept stands for fewer people. "personal_data": what says who somebody is, is not learned from unasked.
#![allow(missing_docs)]

mod people;
mod tables;

use orchard_engine::learn::options::Algorithm::{
    self, DecisionTree, ExtraTrees, GradientBoosting, KMeans, RandomForest,
};
use orchard_engine::model::{Axis, Body, Curve, Encoding};
use people::{has, kept, leaf, learn, message, people, row, ALONE_NUMBERS, ALONE_TEXTS};
use serde_json::{json, Value};

const LEAST: usize = 25;

fn with(base: &Value, more: Value) -> Value {
    let mut all = base.clone();
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

fn trainings() -> Vec<(Algorithm, Value)> {
    let base = json!({"min_group": LEAST, "holdout": 0, "exclude": ["contact"]});
    let own = |algorithm, options| (algorithm, with(&base, options));
    vec![
        own(DecisionTree, json!({"min_samples_leaf": 1, "min_category_rows": 1, "max_depth": 20})),
        own(DecisionTree, json!({"min_samples_leaf": 1, "max_subset_levels": 1, "sample_weight": "weight"})),
        own(DecisionTree, json!({"min_samples_leaf": 1, "splitter": "exact", "sample_weight": "weight"})),
        own(RandomForest, json!({"n_estimators": 12, "min_samples_leaf": 1, "min_category_rows": 1})),
        own(RandomForest, json!({"n_estimators": 12, "max_samples": 0.4, "sample_weight": "weight"})),
        own(RandomForest, json!({"n_estimators": 12, "min_samples_leaf": 1, "max_leaf_nodes": 40})),
        own(ExtraTrees, json!({"n_estimators": 12, "min_samples_leaf": 1, "min_category_rows": 1})),
        own(
            GradientBoosting,
            json!({"n_estimators": 30, "min_samples_leaf": 1, "min_category_rows": 1, "min_child_weight": 0}),
        ),
        own(
            GradientBoosting,
            json!({"n_estimators": 30, "min_samples_leaf": 1, "subsample": 0.5, "sample_weight": "weight", "text_columns": ["note"]}),
        ),
        own(DecisionTree, json!({"min_samples_leaf": 1, "text_columns": ["note"], "calibration": "isotonic"})),
    ]
}

/// The fewest rows of a leaf, over all trees, counted by walking.
fn fewest(model: &orchard_engine::model::Model, all: &[people::Person]) -> usize {
    let (trees, _) = model.body.as_trees().unwrap();
    let rows: Vec<Vec<f64>> = all.iter().map(|person| row(model, person)).collect();
    // A row that is learned from has a number of its own for a category of many levels, so that its leaf may be another one when it is scored.
    let ordered = model.features.iter().any(|f| matches!(f.encoding, Encoding::Ordered { .. }));
    let mut least = usize::MAX;
    for tree in 0..trees.roots.len() {
        let mut counts = std::collections::BTreeMap::new();
        rows.iter().for_each(|row| *counts.entry(leaf(trees, tree, row)).or_insert(0) += 1);
        let end = trees.roots.get(tree + 1).map_or(trees.nodes(), |next| *next as usize);
        let leaves = (trees.roots[tree] as usize..end).filter(|n| trees.feature[*n] == orchard_engine::model::LEAF);
        least = leaves
            .map(|leaf| if ordered { trees.rows[leaf] as usize } else { counts.get(&leaf).copied().unwrap_or(0) })
            .min()
            .unwrap()
            .min(least);
    }
    least
}

#[test]
fn every_leaf_stands_for_a_group() {
    let all = people(1500);
    for target in ["y", "class", "spend"] {
        for (algorithm, options) in trainings() {
            if target == "spend" && options.get("calibration").is_some()
                || target != "y" && options["splitter"] == "exact"
            {
                continue;
            }
            let outcome = learn(&all, target, algorithm, &options).unwrap();
            let least = fewest(outcome.scorer.model(), &all);
            assert!(least >= LEAST, "{algorithm:?} of {target} with {options}: a leaf of {least}");
            // The floor is what does it.
            let free = learn(&all, target, algorithm, &with(&options, json!({"min_group": 1}))).unwrap();
            let free = fewest(free.scorer.model(), &all);
            assert!(free < LEAST, "{algorithm:?} of {target} with {options}: no leaf below {free}");
        }
    }
}

#[test]
fn what_one_person_has_alone_is_not_kept() {
    let all = people(1500);
    let clean = json!([
        {"step": "placeholders", "columns": ["city"]}, {"step": "merge_levels", "columns": ["city"]},
        {"step": "impute", "columns": ["city"], "by": "country"}, {"step": "impute", "columns": ["age"], "by": "country"},
        {"step": "min_max_scale", "columns": ["spend"]}, {"step": "frequency_encode", "columns": ["country"]},
    ]);
    let more = json!([
        {"step": "one_hot", "columns": ["country"], "max_levels": 500}, {"step": "ordinal", "columns": ["city"]},
        {"step": "winsorize", "columns": ["spend"], "lower_quantile": 0, "upper_quantile": 1}, {"step": "bin", "columns": ["age"], "method": "width"},
    ]);
    let encoded = json!([
        {"step": "target_encode", "columns": ["city", "country"]}, {"step": "rare_levels", "columns": ["note"], "min_share": 0},
        {"step": "robust_scale", "columns": ["age"]}, {"step": "outliers", "columns": ["spend"], "factor": 1000},
    ]);
    let mut all_options = trainings();
    let base = json!({"min_group": LEAST, "exclude": ["contact"], "holdout": 0.3});
    for (algorithm, options) in [
        (GradientBoosting, json!({"clean": clean, "importance": true})),
        (DecisionTree, json!({"clean": more, "refit": true})),
        (RandomForest, json!({"clean": encoded, "n_estimators": 10})),
        (GradientBoosting, json!({"clean": "auto", "n_estimators": 10})),
        (KMeans, json!({"max_categories": 1000})),
        (KMeans, json!({"clean": "auto", "n_clusters": 30})),
        (KMeans, json!({"clean": more})),
    ] {
        all_options.push((algorithm, with(&base, options)));
    }
    for (algorithm, options) in all_options {
        let scan = |options: &Value| {
            let outcome = learn(&all, "y", algorithm, options).unwrap();
            let bytes = kept(&outcome);
            let lower = bytes.to_ascii_lowercase();
            let text = |text: &&str| has(&lower, text.to_lowercase().as_bytes());
            let found: Vec<&str> = ALONE_TEXTS.into_iter().filter(text).collect();
            let number = |number: &f64| has(&bytes, &number.to_le_bytes());
            (found, ALONE_NUMBERS.into_iter().filter(number).collect::<Vec<f64>>())
        };
        assert_eq!(scan(&options), (Vec::new(), Vec::new()), "{algorithm:?} with {options}");
        let free = scan(&with(&options, json!({"min_group": 1})));
        assert!(!free.1.is_empty() || !free.0.is_empty(), "{algorithm:?} with {options}");
    }
}

#[test]
fn every_segment_stands_for_a_group() {
    let all = people(400);
    let options = json!({"min_group": LEAST, "n_clusters": 40, "exclude": ["contact", "note"]});
    let outcome = learn(&all, "y", KMeans, &options).unwrap();
    let Body::KMeans(body) = &outcome.scorer.model().body else { panic!("no segments") };
    assert!(body.sizes.iter().all(|size| *size >= LEAST as u64), "{:?}", body.sizes);
    assert!(body.sizes.len() > 3, "{:?}", body.sizes);
    let said = "of the segments had fewer rows than \"min_group\" 25, and their rows went to others";
    assert!(outcome.notices.iter().any(|n| n.contains(said)), "{:?}", outcome.notices);
    for axis in &body.axes {
        let Axis::Number { low, high, .. } = axis else { continue };
        assert!(!ALONE_NUMBERS.contains(low) && !ALONE_NUMBERS.contains(high));
    }
    let free = learn(&all, "y", KMeans, &with(&options, json!({"min_group": 1}))).unwrap();
    let Body::KMeans(free) = &free.scorer.model().body else { panic!("no segments") };
    assert!(free.sizes.iter().any(|size| *size < LEAST as u64));
}

#[test]
fn what_is_too_little_is_an_error() {
    let mut all = people(600);
    all[300].class = "hermit".into();
    let (said, hint) = message(learn(&all, "class", DecisionTree, &json!({"min_group": 5, "holdout": 0})));
    assert_eq!(said, "class \"hermit\" of target \"class\" has 1 row to learn from, fewer than \"min_group\" 5");
    assert!(hint.contains("pool rare classes"), "{hint}");
    learn(&all, "y", DecisionTree, &json!({"min_group": 5, "holdout": 0})).unwrap();
    for algorithm in [DecisionTree, RandomForest, GradientBoosting, KMeans] {
        let (said, _) = message(learn(&all, "y", algorithm, &json!({"min_group": 601, "holdout": 0})));
        assert_eq!(said, "there are 600 rows to learn from, fewer than \"min_group\" 601");
    }
    let (said, hint) =
        message(learn(&all, "y", RandomForest, &json!({"min_group": 200, "max_samples": 0.2, "holdout": 0})));
    assert!(
        said.starts_with("a tree draws ") && said.ends_with(" different rows, fewer than \"min_group\" 200"),
        "{said}"
    );
    assert!(hint.contains("max_samples"), "{hint}");
}

#[test]
fn a_step_of_a_curve_stands_for_a_group() {
    let all = people(1500);
    let options = json!({"min_group": 100, "calibration": "isotonic", "holdout": 0, "exclude": ["contact"]});
    let outcome = learn(&all, "y", DecisionTree, &options).unwrap();
    let (_, curves) = outcome.scorer.model().body.as_trees().unwrap();
    let [Curve::Isotonic { to, .. }] = curves else { panic!("no steps") };
    assert!(to.len() <= 2 * 1500 / 100, "{}", to.len());
}

#[test]
fn the_floor_changes_nothing_where_it_is_one_and_bytes_do_not_depend_on_threads() {
    let all = people(800);
    for (algorithm, options) in trainings().into_iter().chain([(KMeans, json!({"min_group": 25, "n_clusters": 20}))]) {
        if options["splitter"] == "exact" {
            continue; // which promises no such thing
        }
        let run = |threads: usize, options: &Value| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| kept(&learn(&all, "y", algorithm, options).unwrap()))
        };
        assert!(run(1, &options) == run(3, &options), "{algorithm:?} with {options}");
        let mut without = options.clone();
        without.as_object_mut().unwrap().remove("min_group");
        assert!(run(2, &without) == run(1, &with(&options, json!({"min_group": 1}))));
    }
}

#[test]
fn personal_data_is_left_out_masked_kept_or_refused() {
    let all = people(900);
    let base = json!({"n_estimators": 5, "exclude": ["note"], "min_category_rows": 1});
    let run = |more: Value| learn(&all, "y", GradientBoosting, &with(&base, more));
    let names = |outcome: &orchard_engine::learn::train::Outcome| {
        outcome.scorer.model().arguments().iter().map(|a| a.name().to_owned()).collect::<Vec<_>>()
    };
    let all_columns = ["age", "spend", "city", "country", "contact", "member"];
    let without = ["age", "spend", "city", "country", "member"];

    let usual = run(json!({})).unwrap();
    assert_eq!(names(&usual), without);
    let said = "column \"contact\" holds personal data (email) and is left out; \"personal_data\": \"mask\" learns from a keyed hash of it, and naming it in \"features\" keeps it";
    assert!(usual.notices.iter().any(|n| n == said), "{:?}", usual.notices);
    assert!(!has(&kept(&usual), b"mail.example"));

    let keeps = run(json!({"personal_data": "keep"})).unwrap();
    assert_eq!(names(&keeps), all_columns);
    assert!(has(&kept(&keeps), b"person3@mail.example"));
    assert!(!keeps.notices.iter().any(|n| n.contains("personal")));

    let asked = run(json!({"features": all_columns})).unwrap();
    assert_eq!(names(&asked), all_columns);
    let said = "column \"contact\" holds personal data (email) and is kept because it is named";
    assert!(asked.notices.iter().any(|n| n == said), "{:?}", asked.notices);

    for more in [
        json!({}),
        json!({"clean": "auto"}),
        json!({"features": all_columns}),
        json!({"clean": [{"step": "impute", "columns": "age"}]}),
    ] {
        let masks = run(with(&more, json!({"personal_data": "mask"}))).unwrap();
        assert_eq!(names(&masks), all_columns);
        let bytes = kept(&masks);
        assert!(!has(&bytes, b"mail.example") && has(&bytes, b"email:"), "{more}");
        assert!(masks.notices.iter().any(|n| n.ends_with("and is learned from as a keyed hash")));
    }
    // Who masks by a step of his own has seen to it.
    let own = json!([{"step": "mask_personal", "columns": "contact", "method": "hash_all", "salt": "s3cret"}]);
    let own = run(json!({"clean": own})).unwrap();
    assert_eq!(names(&own), all_columns);
    assert!(!has(&kept(&own), b"mail.example"));

    let (said, hint) = message(run(json!({"personal_data": "refuse"})));
    assert_eq!(said, "column \"contact\" holds personal data (email)");
    assert!(hint.contains("\"exclude\""), "{hint}");
    run(json!({"personal_data": "refuse", "exclude": ["contact", "note"]})).unwrap();
}

#[test]
fn what_is_personal_does_not_depend_on_the_order_of_rows() {
    let mut all = people(3000);
    for (i, person) in all.iter_mut().enumerate() {
        person.contact = match i % 12 {
            0 => format!("nobody {i}"),
            _ => format!("p{i}@mail.example"),
        };
    }
    let run = |all: &[people::Person]| learn(all, "y", DecisionTree, &json!({"exclude": ["note"]})).unwrap();
    let forwards = run(&all);
    all.reverse();
    let backwards = run(&all);
    assert!(forwards.bytes == backwards.bytes && forwards.notices == backwards.notices);
    assert!(
        forwards.notices.iter().any(|n| n.contains("personal data (email) and is left out")),
        "{:?}",
        forwards.notices
    );
}

#[test]
fn the_number_of_rare_levels_tells_of_no_few_rows() {
    let all = people(1500);
    let options = json!({"min_group": LEAST, "holdout": 0, "max_subset_levels": 1, "exclude": ["contact", "note"]});
    let last = |options: &Value| {
        let outcome = learn(&all, "y", DecisionTree, options).unwrap();
        let features = &outcome.scorer.model().features;
        let Encoding::Ordered { keys, .. } = &features.iter().find(|f| f.name == "city").unwrap().encoding else {
            panic!("not ordered")
        };
        keys[keys.len() - 1]
    };
    let mean = all.iter().map(|p| p.y).sum::<f64>() / 1500.0;
    assert!((last(&options) - mean).abs() < 1e-12);
    let free = with(&options, json!({"min_group": 1, "min_category_rows": 10}));
    assert!((last(&free) - mean).abs() > 1e-6);
}

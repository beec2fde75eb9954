//! Options: what is accepted, where it goes, and what is said otherwise.
#![allow(missing_docs)]

use orchard_engine::learn::forest::Part;
use orchard_engine::learn::options::{specs, tuning_specs, Algorithm, ClassWeight, Kind, Options};
use orchard_engine::learn::tree::Criterion;
use orchard_engine::Error;
use proptest::prelude::*;
use serde_json::{json, Value};
use Algorithm::{Dbscan, DecisionTree, GradientBoosting, KMeans};

fn tree(value: Value) -> Options {
    Options::parse(&value, DecisionTree).unwrap_or_else(|e| panic!("{value}: {e}"))
}

/// Message and hint.
fn refused(value: Value, algorithm: Algorithm) -> (String, String) {
    match Options::parse(&value, algorithm) {
        Err(Error::InvalidOption { message, hint }) => (message, hint),
        other => panic!("{value} gave {other:?}"),
    }
}

#[test]
fn nothing_given_is_the_default() {
    assert_eq!(tree(json!({})), Options::new(DecisionTree));
    assert_eq!(tree(Value::Null), Options::new(DecisionTree));
    let nulls: serde_json::Map<_, _> = specs(DecisionTree).map(|s| (s.key.to_owned(), Value::Null)).collect();
    assert_eq!(tree(Value::Object(nulls)), Options::new(DecisionTree));
    let defaults = Options::new(DecisionTree);
    assert_eq!((defaults.holdout, defaults.seed, defaults.deploy), (0.2, 42, true));
    let k = Options::new(KMeans).kmeans;
    assert_eq!((k.n_clusters, k.n_init, k.max_iter, k.tol, k.max_categories), (8, 10, 300, 1e-4, 20));
}

#[test]
fn values_arrive() {
    let o = tree(json!({
        "features": ["a", "B c"], "exclude": "d", "holdout": 0, "positive_class": true, "time_column": "at",
        "sample_weight": "w", "task": "classification", "seed": 7, "deploy": false,
        "class_weight": {"yes": 2, "no": 0.5}, "splitter": "exact", "criterion": "log_loss", "max_depth": 8.0,
        "max_leaf_nodes": 31, "min_samples_leaf": 5, "min_samples_split": 9, "min_impurity_decrease": 1e-7, "ccp_alpha": 0.01,
        "max_bins": 255, "min_category_rows": 3,
    }));
    assert_eq!(o.features, Some(vec!["a".into(), "B c".into()]));
    assert_eq!(o.exclude, ["d"]);
    assert_eq!((o.holdout, o.seed, o.deploy, o.exact), (0.0, 7, false, true));
    assert_eq!(o.positive_class.as_deref(), Some("true"));
    assert_eq!((o.time_column.as_deref(), o.sample_weight.as_deref()), (Some("at"), Some("w")));
    assert_eq!(o.task.as_deref(), Some("classification"));
    assert_eq!(o.class_weight, ClassWeight::Map(vec![("yes".into(), 2.0), ("no".into(), 0.5)]));
    assert!(o.criterion_given && o.tree.criterion == Criterion::Entropy);
    assert_eq!((o.tree.max_depth, o.tree.max_leaf_nodes), (8, Some(31)));
    assert_eq!((o.tree.min_samples_leaf, o.tree.min_samples_split), (5, 9));
    assert_eq!((o.tree.min_impurity_decrease, o.tree.ccp_alpha), (1e-7, 0.01));
    assert_eq!((o.tree.max_bins, o.tree.min_category_rows), (255, 3));
    let k = Options::parse(&json!({"n_clusters": 5, "n_init": 3, "max_iter": 9, "tol": 0, "seed": 1}), KMeans)
        .unwrap()
        .kmeans;
    assert_eq!((k.n_clusters, k.n_init, k.max_iter, k.tol, k.seed), (5, 3, 9, 0.0, 1));
    for auto in [Value::Null, json!("auto")] {
        let k = Options::parse(&json!({"n_clusters": auto, "max_clusters": 9}), KMeans).unwrap().kmeans;
        assert_eq!((k.choose, k.max_clusters), (true, 9));
    }
    assert!(!k.choose);
    let (message, _) = refused(json!({"max_clusters": 9}), KMeans);
    assert_eq!(message, "option \"max_clusters\" needs \"n_clusters\": null");
    assert_eq!(tree(json!({"group_columns": ["a", "b"]})).group_columns, ["a", "b"]);
    assert_eq!(tree(json!({"class_weight": "balanced"})).class_weight, ClassWeight::Balanced);
    for (given, label) in
        [(json!(1), "1"), (json!(1.0), "1"), (json!(0.5), "0.5"), (json!(false), "false"), (json!("é"), "é")]
    {
        assert_eq!(tree(json!({"positive_class": given})).positive_class.as_deref(), Some(label));
    }
}

#[test]
fn an_unknown_key_gets_a_guess_and_the_list() {
    let (message, hint) = refused(json!({"max_dept": 3}), DecisionTree);
    assert_eq!(message, "unrecognized option \"max_dept\"");
    let start = "Did you mean \"max_depth\"? Valid options for decision_tree are: features, exclude, clean, holdout, ";
    assert!(hint.starts_with(start) && hint.contains("ccp_alpha") && !hint.contains("n_clusters"), "{hint}");
    for (given, meant) in [("num_leaves", "max_leaf_nodes"), ("random_state", "seed"), ("Max-Depth", "max_depth")] {
        let (_, hint) = refused(json!({ given: 1 }), DecisionTree);
        assert!(hint.starts_with(&format!("Did you mean \"{meant}\"?")), "{hint}");
    }
    let (_, hint) = refused(json!({"k": 5}), KMeans);
    assert!(
        hint.starts_with(
            "Did you mean \"n_clusters\"? It belongs to als, item_knn, association_rules, content, popular. "
        ),
        "{hint}"
    );
    let (_, hint) = refused(json!({"zzzzzzzz": 5}), KMeans);
    assert!(hint.starts_with("Valid options for kmeans are: "), "{hint}");
}

#[test]
fn an_option_of_another_algorithm_says_so() {
    let (message, hint) = refused(json!({"n_clusters": 3}), DecisionTree);
    assert_eq!(message, "option \"n_clusters\" is not an option of decision_tree");
    let owners = "It belongs to kmeans, kprototypes, gaussian_mixture. Valid options for decision_tree are: ";
    assert!(hint.starts_with(owners), "{hint}");
    let (_, hint) = refused(json!({"max_categories": 3}), DecisionTree);
    assert!(
        hint.starts_with("It belongs to kmeans, kprototypes, gaussian_mixture, dbscan, knn, svm, one_class_svm, pca. "),
        "{hint}"
    );
    for key in ["n_clusters", "n_init", "init", "batch_size", "max_iter", "tol", "max_clusters"] {
        let (message, hint) = refused(json!({ key: 3 }), Dbscan);
        assert_eq!(message, format!("option \"{key}\" is not an option of dbscan"));
        assert!(hint.starts_with("It belongs to ") && hint.contains("eps, min_samples, max_categories"), "{hint}");
    }
    let (message, hint) = refused(json!({"eps": 0}), Dbscan);
    assert_eq!(message, "option \"eps\" must be a number above 0");
    assert!(hint.ends_with("Given was 0."), "{hint}");
    assert_eq!(Options::parse(&json!({"eps": null}), Dbscan).unwrap().density.eps, None);
    let o = Options::parse(&json!({"eps": 0.25, "min_samples": 9, "max_categories": 7}), Dbscan).unwrap();
    assert_eq!((o.density.eps, o.density.min_samples, o.kmeans.max_categories), (Some(0.25), 9, 7));
    let (message, hint) = refused(json!({"task": "regression"}), KMeans);
    assert_eq!(message, "option \"task\" is not an option of kmeans");
    let owners =
        "It belongs to decision_tree, random_forest, extra_trees, gradient_boosting, knn, neural_network, svm, voting, stacking, t_learner, x_learner, r_learner, uplift_tree, uplift_forest. ";
    assert!(hint.starts_with(owners), "{hint}");
    let (_, hint) = refused(json!({"weights": "w"}), GradientBoosting);
    assert!(hint.starts_with("Did you mean \"sample_weight\"? It belongs to knn, voting. "), "{hint}");
}

#[test]
fn a_wrong_value_says_what_is_right() {
    let cases = [
        (json!({"max_depth": 65}), "option \"max_depth\" must be an integer between 1 and 64"),
        (json!({"max_depth": 0}), "option \"max_depth\" must be an integer between 1 and 64"),
        (json!({"max_depth": -1}), "option \"max_depth\" must be an integer between 1 and 64"),
        (json!({"max_depth": 2.5}), "option \"max_depth\" must be an integer between 1 and 64"),
        (json!({"max_depth": "8"}), "option \"max_depth\" must be an integer between 1 and 64"),
        (json!({"max_depth": [8]}), "option \"max_depth\" must be an integer between 1 and 64"),
        (json!({"min_samples_leaf": 0}), "option \"min_samples_leaf\" must be an integer of at least 1"),
        (json!({"min_samples_leaf": 1e300}), "option \"min_samples_leaf\" must be an integer of at least 1"),
        (json!({"holdout": 1}), "option \"holdout\" must be a number of at least 0 and below 1"),
        (json!({"holdout": -0.1}), "option \"holdout\" must be a number of at least 0 and below 1"),
        (json!({"ccp_alpha": "a"}), "option \"ccp_alpha\" must be a number of at least 0"),
        (json!({"deploy": 1}), "option \"deploy\" must be true or false"),
        (json!({"splitter": "best"}), "option \"splitter\" must be one of \"histogram\", \"exact\""),
        (json!({"features": []}), "option \"features\" must be an array of at least one column name"),
        (json!({"features": [1]}), "option \"features\" must be an array of at least one column name"),
        (json!({"exclude": {}}), "option \"exclude\" must be an array of column names"),
        (json!({"exclude": ["a", "b", "a"]}), "option \"exclude\" names column \"a\" twice"),
        (json!({"time_column": ""}), "option \"time_column\" must be the name of a column"),
        (
            json!({"positive_class": []}),
            "option \"positive_class\" must be a label of the target: a text, number or boolean",
        ),
        (
            json!({"class_weight": "even"}),
            "option \"class_weight\" must be \"balanced\" or an object of labels and weights above 0",
        ),
        (
            json!({"class_weight": {"a": 0}}),
            "option \"class_weight\" must be \"balanced\" or an object of labels and weights above 0",
        ),
        (json!({"features": ["a", "b"], "exclude": ["b"]}), "options \"features\" and \"exclude\" both name \"b\""),
        (
            json!({"time_column": "t", "group_columns": ["g"]}),
            "options \"time_column\" and \"group_columns\" cannot be used together",
        ),
        (json!([1]), "options must be a JSON object"),
        (json!("max_depth"), "options must be a JSON object"),
    ];
    for (value, message) in cases {
        assert_eq!(refused(value, DecisionTree).0, message);
    }
    let (_, hint) = refused(json!({"max_depth": "6"}), DecisionTree);
    let expected = "\"max_depth\" is the most splits from the root to a leaf, by default 8. Given was \"6\": write it without quotes.";
    assert_eq!(hint, expected);
    let (_, hint) = refused(json!({"deploy": "true"}), DecisionTree);
    assert!(hint.ends_with("Given was \"true\": write it without quotes."), "{hint}");
    let (_, hint) = refused(json!({"max_depth": "é".repeat(500)}), DecisionTree);
    assert!(hint.chars().count() < 200, "{hint}");
}

#[test]
fn algorithms_have_names() {
    assert_eq!(Algorithm::parse("auto", true), Ok(Algorithm::GradientBoosting));
    assert_eq!(Algorithm::parse("auto", false), Ok(KMeans));
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::parse(algorithm.name(), true), Ok(algorithm));
    }
    assert_eq!(Algorithm::parse("KMeans", false), Ok(KMeans));
    let error = |name| match Algorithm::parse(name, true) {
        Err(Error::InvalidOption { message, hint }) => (message, hint),
        other => panic!("{other:?}"),
    };
    let (message, hint) = error("k-means");
    assert_eq!(message, "unrecognized algorithm \"k-means\"");
    assert_eq!(hint, "Did you mean \"kmeans\"? Valid algorithms are: auto, gradient_boosting, random_forest, extra_trees, decision_tree, logistic_regression, linear_regression, ridge, elastic_net, lasso, glm, naive_bayes, knn, neural_network, svm, kmeans, kprototypes, gaussian_mixture, isolation_forest, one_class_svm, pca, dbscan, voting, stacking, x_learner, t_learner, r_learner, uplift_forest, uplift_tree, als, item_knn, association_rules, content, popular, forecast, bg_nbd.");
    assert_eq!(
        error("xgboost").1,
        "Valid algorithms are: auto, gradient_boosting, random_forest, extra_trees, decision_tree, logistic_regression, linear_regression, ridge, elastic_net, lasso, glm, naive_bayes, knn, neural_network, svm, kmeans, kprototypes, gaussian_mixture, isolation_forest, one_class_svm, pca, dbscan, voting, stacking, x_learner, t_learner, r_learner, uplift_forest, uplift_tree, als, item_knn, association_rules, content, popular, forecast, bg_nbd."
    );
}

#[test]
fn options_of_boosting_fit_together() {
    let refused = |value| refused(value, Algorithm::GradientBoosting).0;
    assert_eq!(refused(json!({"alpha": 0.9})), "option \"alpha\" needs \"objective\": \"quantile\"");
    let tweedie = refused(json!({"tweedie_variance_power": 1.2, "objective": "poisson"}));
    assert_eq!(tweedie, "option \"tweedie_variance_power\" needs \"objective\": \"tweedie\"");
    let exposure = refused(json!({"exposure": "hours", "objective": "squared_error"}));
    assert_eq!(exposure, "option \"exposure\" needs \"objective\": \"poisson\" or \"tweedie\"");
    let offset = refused(json!({"offset": "o"}));
    assert_eq!(offset, "option \"offset\" needs \"objective\": \"poisson\" or \"tweedie\"");
    let fraction = refused(json!({"validation_fraction": 0.3, "early_stopping_rounds": 0}));
    assert_eq!(fraction, "option \"validation_fraction\" needs \"early_stopping_rounds\" above 0");
    let task = refused(json!({"objective": "poisson", "task": "classification"}));
    assert_eq!(task, "objective \"poisson\" does not fit the task");
    let weights = refused(json!({"scale_pos_weight": 3, "class_weight": "balanced"}));
    assert_eq!(weights, "options \"scale_pos_weight\" and \"class_weight\" cannot be used together");
}

#[test]
fn constraints_name_columns() {
    let parse = |value| Options::parse(&value, Algorithm::GradientBoosting);
    let o = parse(
        json!({"monotone_constraints": {"a": 1, "b": -1.0, "c": 0}, "interaction_constraints": [["a", "b"], ["b"]]}),
    )
    .unwrap();
    assert_eq!(o.monotone_constraints, [("a".to_owned(), 1), ("b".to_owned(), -1), ("c".to_owned(), 0)]);
    assert_eq!(o.interaction_constraints, [vec!["a", "b"], vec!["b"]]);
    let refused = |value| refused(value, Algorithm::GradientBoosting).0;
    for value in [json!({"a": 2}), json!({"a": "up"}), json!([1, -1]), json!({"": 1}), json!({"a": 0.5})] {
        let message = refused(json!({ "monotone_constraints": value }));
        assert_eq!(message, "option \"monotone_constraints\" must be an object of column names and 1, 0 or -1");
    }
    for value in [json!("a"), json!(["a"]), json!([[]]), json!([[1]]), json!({"a": ["b"]})] {
        let message = refused(json!({ "interaction_constraints": value }));
        assert_eq!(message, "option \"interaction_constraints\" must be an array of arrays of column names");
    }
    let message = refused(json!({"interaction_constraints": [["a"], ["b", "b"]]}));
    assert_eq!(message, "option \"interaction_constraints\" names column \"b\" twice");
}

#[test]
fn options_of_text_fit_together() {
    let refused = |value| refused(value, Algorithm::DecisionTree).0;
    assert_eq!(refused(json!({"max_text_features": 9})), "option \"max_text_features\" needs \"text_columns\"");
    let both = json!({"text_columns": ["a", "b"], "exclude": ["b"]});
    assert_eq!(refused(both), "options \"text_columns\" and \"exclude\" both name \"b\"");
    let unlisted = json!({"text_columns": ["a", "b"], "features": ["b", "c"]});
    assert_eq!(refused(unlisted), "option \"text_columns\" names \"a\", which is not in \"features\"");
    let set = Options::parse(&json!({"text_columns": "a", "features": ["a"]}), Algorithm::DecisionTree).unwrap();
    assert_eq!((set.text_columns, set.max_text_features), (vec!["a".to_string()], 100));
}

#[test]
fn options_of_forests() {
    let forest = |value| Options::parse(&value, Algorithm::RandomForest).unwrap().forest;
    let defaults = forest(json!({}));
    assert_eq!(
        (defaults.n_estimators, defaults.bootstrap, defaults.random_cuts, defaults.max_depth),
        (100, true, false, 64)
    );
    assert_eq!((defaults.max_features, defaults.min_samples_leaf, defaults.max_samples), (None, None, None));
    assert_eq!((defaults.least(1_000_000, false), defaults.least(1_000_000, true)), (200, 50));
    assert_eq!((defaults.least(100, false), defaults.least(100, true)), (5, 3));
    assert_eq!((defaults.tries(12, false), defaults.tries(10, true)), (3, 7));
    let extra = Options::parse(&json!({"seed": 9}), Algorithm::ExtraTrees).unwrap().forest;
    assert_eq!((extra.least(1_000_000, false), extra.least(100, false)), (50, 3));
    assert_eq!((extra.bootstrap, extra.random_cuts, extra.seed, extra.tries(10, true)), (false, true, 9, 10));
    let given = json!({
        "n_estimators": 7, "criterion": "entropy", "max_depth": 5, "max_features": "log2", "max_leaf_nodes": 31, "min_samples_leaf": 2,
        "min_samples_split": 9, "min_impurity_decrease": 1e-7, "bootstrap": true, "max_samples": 0.5, "oob_score": true, "max_bins": 99,
        "min_category_rows": 3, "cat_smooth": 2, "max_subset_levels": 30,
    });
    let f = forest(given);
    assert_eq!((f.n_estimators, f.criterion, f.max_depth), (7, Criterion::Entropy, 5));
    assert_eq!((f.max_features, f.max_leaf_nodes, f.min_samples_leaf), (Some(Part::Log2), Some(31), Some(2)));
    assert_eq!((f.min_samples_split, f.min_impurity_decrease), (9, 1e-7));
    assert_eq!((f.bootstrap, f.max_samples, f.oob_score), (true, Some(Part::Share(0.5)), Some(true)));
    assert_eq!((f.max_bins, f.min_category_rows, f.cat_smooth, f.max_subset_levels), (99, 3, 2.0, 30));
    for (value, part) in [
        (json!("sqrt"), Part::Sqrt),
        (json!("all"), Part::Share(1.0)),
        (json!(1), Part::Count(1)),
        (json!(1.0), Part::Share(1.0)),
        (json!(0.3), Part::Share(0.3)),
        (json!(5.0), Part::Count(5)),
    ] {
        assert_eq!(forest(json!({ "max_features": value })).max_features, Some(part));
    }
    let refused = |value, algorithm| refused(value, algorithm).0;
    let part = "option \"max_features\" must be one of \"sqrt\", \"log2\", \"all\", a share above 0 and up to 1 or an integer of at least 1";
    for wrong in [json!(0), json!(-1), json!(1.5), json!("auto"), json!(true), json!([1]), json!("0.5")] {
        assert_eq!(refused(json!({ "max_features": wrong }), Algorithm::RandomForest), part);
    }
    let samples = "option \"max_samples\" must be a share above 0 and up to 1 or an integer of at least 1";
    assert_eq!(refused(json!({"max_samples": "sqrt"}), Algorithm::RandomForest), samples);
    let bins = "option \"max_bins\" must be an integer between 2 and 255";
    assert_eq!(refused(json!({"max_bins": 256}), Algorithm::ExtraTrees), bins);
    let alone = "option \"max_samples\" needs \"bootstrap\": true";
    assert_eq!(refused(json!({"max_samples": 0.5}), Algorithm::ExtraTrees), alone);
    let alone = "option \"oob_score\" needs \"bootstrap\": true";
    assert_eq!(refused(json!({"oob_score": true, "bootstrap": false}), Algorithm::RandomForest), alone);
}

/// A value other than the default, of the type of the option.
fn example(kind: Kind) -> Value {
    match kind {
        Kind::Integer(low, ..) | Kind::IntegerOrAuto(low, ..) => json!(low + 1),
        Kind::Integers(_, low, ..) => json!([low + 3, low]),
        Kind::Number(low, ..) => json!(low + 0.75),
        Kind::Positive(_) | Kind::Share(_) | Kind::Fraction(_) => json!(0.625),
        Kind::Part(..) => json!(3),
        Kind::Boolean(_) => json!(false),
        Kind::Choice(words, _) => json!(words[words.len() - 1]),
        Kind::Column(_) => json!("a"),
        Kind::Label(_) => json!(3),
        Kind::Columns(..) => json!(["a", "b"]),
        Kind::ClassWeight(_) => json!("balanced"),
        Kind::Directions(_) => json!({"a": 1, "b": -1.0}),
        Kind::Weights(_) => json!({"a": 2, "b": 0}),
        Kind::Groups(_) => json!([["a", "b"], ["b"]]),
        Kind::Clean(_) => json!([{"step": "trim"}]),
        Kind::Init(_) => json!([{"a": 1}, {"a": 2}]),
        Kind::Given(_) => json!("a"),
        // One for each of the usual members.
        Kind::Numbers(_) => json!([1, 0, 2.5]),
        Kind::Estimator(_) => json!({"algorithm": "decision_tree", "options": {"max_depth": 3}}),
        Kind::Estimators(_) => json!(["knn", {"algorithm": "decision_tree", "options": {"max_depth": 3}}]),
    }
}

#[test]
fn every_row_of_the_table_works() {
    for algorithm in Algorithm::ALL {
        let mut seen = Vec::new();
        for spec in specs(algorithm) {
            assert!(!seen.contains(&spec.key), "{} is there twice", spec.key);
            seen.push(spec.key);
            let mut given = json!({ spec.key: example(spec.kind) });
            // Options that mean nothing alone.
            match spec.key {
                "max_samples" if !matches!(algorithm, Algorithm::IsolationForest | Algorithm::UpliftForest) => {
                    given["bootstrap"] = json!(true)
                }
                "max_clusters" => given["n_clusters"] = Value::Null,
                "alpha" if algorithm == Algorithm::GradientBoosting => given["objective"] = json!("quantile"),
                "refit" if !algorithm.recommends() => given["refit"] = json!(true),
                "half_life" => given["time_column"] = json!("a"),
                "tweedie_variance_power" => given["objective"] = json!("tweedie"),
                "max_text_features" => given["text_columns"] = json!(["a"]),
                "exposure" | "offset" => given["objective"] = json!("poisson"),
                "momentum" => given["optimizer"] = json!("sgd"),
                _ => {}
            }
            if spec.default_value(algorithm) == Some(json!(false)) {
                given[spec.key] = json!(true);
            }
            let set = Options::parse(&given, algorithm).unwrap();
            // What others read is not among the options.
            let others = matches!(spec.kind, Kind::Given(_));
            assert!(others || set != Options::new(algorithm), "{} changes nothing", spec.key);
            if let Some(default) = spec.default_value(algorithm) {
                let same = Options::parse(&json!({ spec.key: default }), algorithm).unwrap();
                assert_eq!(same, Options::new(algorithm), "the default of {}", spec.key);
            }
            assert!(!spec.meaning.ends_with('.') && !spec.type_text().is_empty());
        }
    }
}

#[test]
fn a_training_refuses_the_options_of_tuning() {
    for spec in tuning_specs() {
        for algorithm in Algorithm::ALL {
            let (message, hint) = refused(json!({ spec.key: example(spec.kind) }), algorithm);
            assert_eq!(message, format!("option \"{}\" is an option of orchard.tune alone", spec.key));
            assert!(hint.starts_with(&format!("Valid options for {} are: ", algorithm.name())), "{hint}");
            assert!(specs(algorithm).all(|s| s.key != spec.key));
        }
        assert!(!spec.meaning.ends_with('.') && !spec.type_text().is_empty());
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0u8..70).prop_map(|n| Value::from(f64::from(n))),
        "\\PC*".prop_map(Value::from),
        prop::sample::select(vec!["balanced", "exact", "gini", "regression", "1", "true"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("\\PC*", inner), 0..4).prop_map(|v| Value::Object(v.into_iter().collect())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    let keys: Vec<&str> = Algorithm::ALL.into_iter().flat_map(specs).map(|s| s.key).collect();
    prop_oneof![prop::sample::select(keys).prop_map(str::to_owned), "\\PC*"]
}

proptest! {
    /// Whatever is accepted is in range; whatever is not gets a message and a hint.
    #[test]
    fn no_json_panics(pairs in prop::collection::vec((any_key(), any_json()), 0..4), other in any_json()) {
        let object = Value::Object(pairs.into_iter().collect());
        for algorithm in Algorithm::ALL {
            for value in [&object, &other] {
                match Options::parse(value, algorithm) {
                    Ok(o) => {
                        prop_assert!((0.0..1.0).contains(&o.holdout));
                        prop_assert!((1..=64).contains(&o.tree.max_depth) && o.tree.max_leaf_nodes != Some(0));
                        prop_assert!(o.tree.min_samples_leaf >= 1 && o.tree.min_samples_split >= 2 && o.tree.max_bins >= 2);
                        prop_assert!(o.tree.ccp_alpha >= 0.0 && o.tree.ccp_alpha.is_finite());
                        prop_assert!(o.kmeans.n_clusters >= 1 && o.kmeans.tol >= 0.0 && o.kmeans.seed == o.seed);
                        prop_assert!((1..=64).contains(&o.forest.max_depth) && o.forest.n_estimators >= 1 && o.forest.max_bins <= 255);
                        prop_assert!((1..=9).contains(&o.forest.tries(9, true)) && o.forest.least(9, true) >= 1);
                        prop_assert!(o.features.is_none_or(|f| !f.is_empty()));
                    }
                    Err(Error::InvalidOption { message, hint }) => prop_assert!(!message.is_empty() && !hint.is_empty()),
                    Err(e) => prop_assert!(false, "{:?}", e),
                }
            }
        }
    }

    #[test]
    fn no_algorithm_name_panics(name in "\\PC*") {
        let _ = Algorithm::parse(&name, true);
    }
}

#[test]
fn auto_minds_the_options_and_the_rows() {
    let choose = |given: Value, rows| Algorithm::choose(&given, true, rows).0;
    assert_eq!(choose(json!({}), None), Algorithm::GradientBoosting);
    assert_eq!(choose(json!({}), Some(250)), Algorithm::GradientBoosting);
    assert_eq!(choose(json!({"n_estimators": 50}), Some(249)), Algorithm::RandomForest);
    assert_eq!(choose(json!({"learning_rate": 0.1}), Some(10)), Algorithm::GradientBoosting);
    assert_eq!(choose(json!({"ccp_alpha": 0.1}), Some(10)), Algorithm::DecisionTree);
    assert_eq!(choose(json!({"bootstrap": true}), Some(1_000_000)), Algorithm::RandomForest);
    assert_eq!(Algorithm::choose(&json!({}), false, Some(10)).0, Algorithm::KMeans);
}

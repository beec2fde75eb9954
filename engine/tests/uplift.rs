//! Uplift: who a treatment changes is found, whatever the learner, and what must not change a model.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::judge::uplift::{best_treatment, Treated};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{score_columns, train, Outcome, Request};
use orchard_engine::model::{decode, decode_held, InputKind, Task};
use orchard_engine::score::{effects, Scorer};
use orchard_engine::Error;
use serde_json::{json, Value};
use tables::{input, numbers};

const LEARNERS: [Algorithm; 5] =
    [Algorithm::TLearner, Algorithm::XLearner, Algorithm::RLearner, Algorithm::UpliftTree, Algorithm::UpliftForest];

/// Customers of whom those of the north buy more when they have a letter, and the young more when they have a call.
struct Mailing {
    age: Vec<f64>,
    region: Vec<&'static str>,
    arm: Vec<Option<&'static str>>,
    outcome: Vec<f64>,
}

impl Mailing {
    fn new(rows: usize, calls: bool, amounts: bool) -> Mailing {
        let mut random = numbers(5);
        let mut draw = || random.next().unwrap();
        let mut made = Mailing { age: vec![], region: vec![], arm: vec![], outcome: vec![] };
        for i in 0..rows {
            let (age, region) = (20.0 + (draw() * 60.0).floor(), ["north", "south", "east"][(draw() * 3.0) as usize]);
            let kinds = if calls { 3.0 } else { 2.0 };
            let arm = ["none", "letter", "call"][(draw() * kinds) as usize];
            let effect = effect(arm, age, region);
            let level = 0.2 + 0.3 * (age - 20.0) / 60.0 + effect;
            made.outcome.push(if amounts { 10.0 * level + draw() - 0.5 } else { f64::from(u8::from(draw() < level)) });
            made.age.push(if i % 50 == 0 { f64::NAN } else { age });
            made.region.push(region);
            made.arm.push(Some(arm));
        }
        made
    }

    fn table(&self, order: &[usize]) -> Table {
        let control = Control::default();
        let pick = |values: &[f64]| order.iter().map(|r| values[*r]).collect::<Vec<f64>>();
        let regions: Vec<Option<&str>> = order.iter().map(|r| Some(self.region[*r])).collect();
        let arms: Vec<Option<&str>> = order.iter().map(|r| self.arm[*r]).collect();
        let columns = vec![
            Column::from_numbers("age", &pick(&self.age), &control).unwrap(),
            Column::from_texts("region", &regions, &control).unwrap(),
            Column::from_numbers("bought", &pick(&self.outcome), &control).unwrap(),
            Column::from_texts("mail", &arms, &control).unwrap(),
            Column::from_numbers("weight", &order.iter().map(|r| 1.0 + (r % 3) as f64).collect::<Vec<_>>(), &control)
                .unwrap(),
        ];
        Table { rows: order.len(), columns }
    }

    fn learn(
        &self,
        algorithm: Algorithm,
        options: &Value,
        order: &[usize],
        control: &Control,
    ) -> Result<Outcome, Error> {
        let mut all = json!({"treatment": "mail"});
        all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let options = Options::parse(&all, algorithm)?;
        let inputs = vec![input(0, "age", InputKind::Number), input(1, "region", InputKind::Category)];
        let weight = options.sample_weight.is_some().then_some(4);
        let request = tables::request(self.table(order), inputs, algorithm, options);
        let target = Some(input(2, "bought", InputKind::Number));
        let treatment = Some(input(3, "mail", InputKind::Category));
        train(Request { target, treatment, weight, ..request }, control)
    }
}

fn effect(arm: &str, age: f64, region: &str) -> f64 {
    match arm {
        "letter" if region == "north" => 0.3,
        "letter" => -0.05,
        "call" if age < 40.0 => 0.25,
        _ => 0.0,
    }
}

fn quick(algorithm: Algorithm) -> Value {
    match algorithm {
        Algorithm::UpliftForest => json!({"n_estimators": 40}),
        Algorithm::UpliftTree => json!({"min_samples_leaf": 50}),
        _ => json!({"base_learner": {"algorithm": "gradient_boosting", "options": {"n_estimators": 40}}}),
    }
}

fn everything(rows: usize) -> Vec<usize> {
    (0..rows).collect()
}

/// What a model says of some people: the effect of each treatment.
fn said(found: &Outcome, people: &[(f64, &str)]) -> Vec<Vec<f64>> {
    let scorer = &found.scorer;
    let columns =
        vec![people.iter().map(|p| p.0).collect(), people.iter().map(|p| scorer.category(1, p.1.as_bytes())).collect()];
    let answers = score_columns(scorer, &columns, &Control::default()).unwrap();
    answers.chunks_exact(scorer.outputs()).map(|answer| effects(answer).to_vec()).collect()
}

#[test]
fn every_learner_finds_whom_a_letter_changes() {
    for amounts in [false, true] {
        let mailing = Mailing::new(6000, false, amounts);
        for algorithm in LEARNERS {
            let found = mailing.learn(algorithm, &quick(algorithm), &everything(6000), &Control::default()).unwrap();
            assert_eq!(found.metric, Some("qini"));
            let effects = said(&found, &[(50.0, "north"), (50.0, "south"), (30.0, "east"), (f64::NAN, "moon")]);
            let unit = if amounts { 10.0 } else { 1.0 };
            let name = algorithm.name();
            assert!((effects[0][0] / unit - 0.3).abs() < 0.12, "{name} {amounts}: {effects:?}");
            assert!((effects[1][0] / unit + 0.05).abs() < 0.12, "{name} {amounts}: {effects:?}");
            assert!(effects.iter().flatten().all(|e| e.is_finite()), "{name}: {effects:?}");
            let metric = |name: &str| found.metrics.iter().find(|m| m.name == name).and_then(|m| m.value);
            assert!(metric("qini").unwrap() > 0.02, "{name} {amounts}: {:?}", found.metrics);
            assert_eq!(metric("auuc").is_some(), !amounts);
            assert!(metric("uplift_at_30").unwrap() > metric("ate").unwrap(), "{name}: {:?}", found.metrics);
        }
    }
}

#[test]
fn several_treatments_have_an_effect_each() {
    let mailing = Mailing::new(9000, true, false);
    for algorithm in LEARNERS {
        let found = mailing.learn(algorithm, &quick(algorithm), &everything(9000), &Control::default()).unwrap();
        let Task::Uplift { treatments, control, classes, positive } = &found.scorer.model().task else { panic!() };
        assert_eq!((treatments.join(" "), control.as_str()), ("call letter".to_owned(), "none"));
        assert_eq!((classes.join(" "), *positive), ("0 1".to_owned(), 1));
        let effects = said(&found, &[(25.0, "south"), (60.0, "north"), (70.0, "south")]);
        let name = algorithm.name();
        assert_eq!(best_treatment(&effects[0]), 1, "{name}: {effects:?}");
        assert_eq!(best_treatment(&effects[1]), 2, "{name}: {effects:?}");
        assert!(effects[2][1] < 0.1, "{name}: {effects:?}");
        // The largest effect comes first.
        let mut out = vec![0.0; 3];
        found.scorer.predict(&[60.0, found.scorer.category(1, b"north")], &mut out);
        assert_eq!(out[0], out[1].max(out[2]));
        // One row is answered as many are.
        assert_eq!(out[1..], effects[1][..]);
        let held = decode_held(found.held.as_ref().unwrap()).unwrap();
        assert!(Treated::of(&held, 2).qini().unwrap() > 0.02, "{name}");
    }
}

#[test]
fn a_model_does_not_depend_on_threads_or_the_order_of_rows() {
    let mailing = Mailing::new(2000, true, false);
    for algorithm in LEARNERS {
        let options = quick(algorithm);
        let first = mailing.learn(algorithm, &options, &everything(2000), &Control::default()).unwrap();
        let turned: Vec<usize> = (0..2000).map(|i| i * 7 % 2000).collect();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let again = pool.install(|| mailing.learn(algorithm, &options, &turned, &Control::default()).unwrap());
            assert!(again.bytes == first.bytes, "{}", algorithm.name());
            assert!(again.held == first.held, "{}", algorithm.name());
        }
        let model = decode(&first.bytes).unwrap();
        assert_eq!(&model, first.scorer.model());
    }
}

#[test]
fn weights_and_a_refit_are_taken() {
    let mailing = Mailing::new(1500, false, false);
    for algorithm in LEARNERS {
        let mut options = quick(algorithm);
        let plain = mailing.learn(algorithm, &options, &everything(1500), &Control::default()).unwrap();
        options["sample_weight"] = json!("weight");
        let weighed = mailing.learn(algorithm, &options, &everything(1500), &Control::default()).unwrap();
        assert!(plain.bytes != weighed.bytes, "{}", algorithm.name());
        options["refit"] = json!(true);
        let refitted = mailing.learn(algorithm, &options, &everything(1500), &Control::default()).unwrap();
        assert_eq!((refitted.training_rows, refitted.holdout_rows), (1500, weighed.holdout_rows));
        assert_eq!(refitted.metrics, weighed.metrics);
    }
}

#[test]
fn a_cancel_and_too_little_memory_end_it_and_columns_do_not_stay() {
    let mailing = Mailing::new(1500, false, false);
    for algorithm in LEARNERS {
        let control = Control::default();
        control.cancel();
        assert!(matches!(
            mailing.learn(algorithm, &quick(algorithm), &everything(1500), &control),
            Err(Error::Cancelled)
        ));
        let small = Control::new(20_000);
        let failed = mailing.learn(algorithm, &quick(algorithm), &everything(1500), &small);
        assert!(matches!(failed, Err(Error::OutOfMemory { .. })), "{}", algorithm.name());
    }
}

#[test]
fn rows_that_say_nothing_of_a_treatment_are_left_out() {
    let mut mailing = Mailing::new(1000, false, false);
    (0..100).for_each(|row| mailing.arm[row * 7] = None);
    let found = mailing.learn(Algorithm::UpliftTree, &json!({}), &everything(1000), &Control::default()).unwrap();
    assert_eq!(found.training_rows + found.holdout_rows, 900);
    assert!(found.notices.iter().any(|n| n == "100 rows without a usable target or a treatment are left out"));
}

#[test]
fn what_cannot_be_learned_is_told() {
    let refused = |mailing: &Mailing, algorithm, options: Value| match mailing.learn(
        algorithm,
        &options,
        &everything(mailing.age.len()),
        &Control::default(),
    ) {
        Err(Error::InvalidOption { message, .. } | Error::InvalidData { message, .. }) => message,
        other => panic!("{other:?}"),
    };
    let mut mailing = Mailing::new(400, true, false);
    let all = Algorithm::TLearner;
    assert_eq!(
        refused(&mailing, all, json!({"control": "nobody"})),
        "option \"control\" is \"nobody\", which is not a value of \"mail\""
    );
    let own = json!({"base_learner": "kmeans"});
    assert_eq!(refused(&mailing, all, own), "option \"base_learner\" cannot be kmeans");
    let own = json!({"base_learner": {"algorithm": "knn", "options": {"n_neighbours": 3}}});
    assert_eq!(refused(&mailing, all, own), "estimator 1 (knn): unrecognized option \"n_neighbours\"");
    let own = json!({"effect_learner": "logistic_regression"});
    assert_eq!(
        refused(&mailing, Algorithm::XLearner, own),
        "option \"effect_learner\" names logistic_regression, which learns classes, and effects are numbers"
    );
    let own = json!({"base_learner": "ridge", "task": "classification"});
    assert_eq!(
        refused(&mailing, all, own),
        "option \"base_learner\" names ridge, which is for a regression, but the task is classification"
    );
    mailing.outcome.iter_mut().enumerate().for_each(|(row, value)| *value = (row % 3) as f64);
    let own = json!({"task": "classification"});
    assert_eq!(
        refused(&mailing, all, own),
        "the target has 3 classes, and uplift is that of one of two, or of a number"
    );
    mailing.arm.iter_mut().for_each(|arm| *arm = arm.map(|arm| if arm == "none" { "nothing" } else { arm }));
    assert_eq!(refused(&mailing, all, json!({})), "it is not known which value of \"mail\" stands for no treatment");
    mailing.arm.iter_mut().for_each(|arm| *arm = Some("letter"));
    assert_eq!(refused(&mailing, all, json!({})), "treatment column \"mail\" has one value only");
}

#[test]
fn strange_numbers_have_effects() {
    let mut mailing = Mailing::new(600, false, true);
    for row in 0..600 {
        mailing.age[row] = [f64::INFINITY, -1e300, f64::NAN, 0.0][row % 4];
        mailing.outcome[row] *= 1e150;
    }
    for algorithm in LEARNERS {
        let found = mailing.learn(algorithm, &quick(algorithm), &everything(600), &Control::default()).unwrap();
        let effects = said(&found, &[(f64::INFINITY, "north"), (f64::NEG_INFINITY, ""), (f64::NAN, "south")]);
        assert!(effects.iter().flatten().all(|e| e.is_finite()), "{}: {effects:?}", algorithm.name());
    }
}

#[test]
fn bases_of_all_kinds_are_learned() {
    let mailing = Mailing::new(900, false, false);
    for base in ["logistic_regression", "naive_bayes", "decision_tree", "random_forest", "knn"] {
        for algorithm in [Algorithm::TLearner, Algorithm::XLearner, Algorithm::RLearner] {
            let options = json!({"base_learner": base});
            let found = mailing.learn(algorithm, &options, &everything(900), &Control::default()).unwrap();
            let effects = said(&found, &[(50.0, "north")]);
            assert!(effects[0][0].abs() <= 1.0, "{base} {}: {effects:?}", algorithm.name());
        }
    }
}

#[test]
fn a_scorer_of_uplift_says_what_members_say() {
    let mailing = Mailing::new(900, false, false);
    let found = mailing.learn(
        Algorithm::TLearner,
        &json!({"base_learner": "decision_tree"}),
        &everything(900),
        &Control::default(),
    );
    let found = found.unwrap();
    let body = found.scorer.model().body.as_ensemble().unwrap();
    let names: Vec<&str> = body.members.iter().map(|m| m.algorithm.as_str()).collect();
    assert_eq!(names, ["expected without treatment", "expected with letter"]);
    let own: Vec<f64> = body
        .members
        .iter()
        .map(|member| {
            let scorer = Scorer::new((*member.model).clone());
            let mut out = [0.0];
            scorer.predict(&[50.0, scorer.category(1, b"north")], &mut out);
            out[0]
        })
        .collect();
    assert!((said(&found, &[(50.0, "north")])[0][0] - (own[1] - own[0])).abs() < 1e-15);
}

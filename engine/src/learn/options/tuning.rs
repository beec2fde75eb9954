//! The options of `orchard.tune` alone, as rows of a table like those of training, and the options that it does not search over.

use serde_json::json;

use super::spec::{Kind, Spec};
use super::Algorithm;
use crate::judge::COMPARED;
use crate::learn::tune::SearchKind;

/// The most trials of a search.
pub const MOST_TRIALS: u64 = 1_000;

const ALL: &[Algorithm] = &Algorithm::ALL;

/// The option of `auto` that makes it search among learners; [`crate::learn::tune::parse_budget`] reads it.
pub const BUDGET: Spec = Spec {
    key: "time_budget",
    algorithms: &[],
    kind: Kind::Positive(|_, _| ()),
    default: |_| json!(null),
    elsewhere: &["max_runtime_secs", "time_limit", "max_time", "timeout"],
    meaning: "the seconds in which learners are compared by cross-validation, of which the best is trained; without it none are compared",
};

/// What decides the rows, the features or the judgement is the same for every trial; options that name columns are, too.
pub(super) const NOT_SEARCHED: &[&str] = &[
    "holdout",
    "refit",
    "importance",
    "clean",
    "min_group",
    "personal_data",
    "date_parts",
    "task",
    "positive_class",
    "seed",
    "deploy",
];

/// Every option of tuning, in the order they are listed.
#[rustfmt::skip]
pub(super) const TUNING: &[Spec] = &[
    Spec {
        key: "search", algorithms: ALL,
        kind: Kind::Choice(&["grid", "random", "halving"], |o, v| o.tune.search = match v {
            "random" => SearchKind::Random,
            "halving" => SearchKind::Halving,
            _ => SearchKind::Grid,
        }),
        default: |_| json!("grid"),
        elsewhere: &["strategy", "method", "search_method"],
        meaning: "which trials are made: all of the grid, some at random, or all on few rows of which the better ones go on to more",
    },
    Spec {
        key: "n_iter", algorithms: ALL,
        kind: Kind::Integer(1, MOST_TRIALS, |o, v| o.tune.n_iter = Some(v as usize)), default: |_| json!(10),
        elsewhere: &["n_trials", "max_models", "max_evals", "n_candidates"],
        meaning: "the number of trials that are drawn at random",
    },
    Spec {
        key: "cv", algorithms: ALL,
        kind: Kind::Integer(2, 100, |o, v| o.tune.cv = Some(v as usize)), default: |_| json!(5),
        elsewhere: &["folds", "n_folds", "nfolds", "n_splits", "k"], meaning: "the number of folds",
    },
    Spec {
        key: "metric", algorithms: ALL,
        kind: Kind::Choice(&COMPARED, |o, v| o.tune.metric = Some(v)), default: |_| json!(null),
        elsewhere: &["scoring", "score", "eval_metric", "sort_metric"],
        meaning: "what trials are compared by; without it roc_auc, accuracy, rmse, or silhouette, or bic of a gaussian_mixture, as the task is",
    },
    Spec {
        key: "factor", algorithms: ALL,
        kind: Kind::Integer(2, 100, |o, v| o.tune.factor = Some(v as usize)), default: |_| json!(3),
        elsewhere: &["eta", "reduction_factor"],
        meaning: "how many times more rows and fewer trials a round of halving has than the one before",
    },
    Spec {
        key: "min_resources", algorithms: ALL,
        kind: Kind::Integer(1, u32::MAX as u64, |o, v| o.tune.min_resources = Some(v as usize)), default: |_| json!(null),
        elsewhere: &["min_rows"],
        meaning: "the rows that a trial learns from in the first round of halving; without it so many that the last round has all",
    },
];

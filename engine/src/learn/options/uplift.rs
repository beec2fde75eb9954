//! The options of learners of uplift.

use serde_json::json;

use super::spec::{Kind, Spec};
use super::table::{named, FEATURES, MOST_ROWS};
use super::Algorithm::{self, RLearner, TLearner, UpliftForest, UpliftTree, XLearner};
use crate::learn::bin::MOST_BINS;
use crate::learn::tree::{Divergence, DEEPEST};

pub(super) const UPLIFT: &[Algorithm] = &[TLearner, XLearner, RLearner, UpliftTree, UpliftForest];
const META: &[Algorithm] = &[TLearner, XLearner, RLearner];
const TREES: &[Algorithm] = &[UpliftTree, UpliftForest];

/// What splits of trees are to raise.
const CRITERIA: [(&str, Divergence); 4] = [
    ("causal", Divergence::Causal),
    ("euclidean", Divergence::Euclidean),
    ("kl", Divergence::KullbackLeibler),
    ("chi", Divergence::ChiSquared),
];

/// Those that others do not have.
#[rustfmt::skip]
pub(super) const SPECS: &[Spec] = &[
    Spec {
        key: "treatment", algorithms: UPLIFT,
        kind: Kind::Column(|o, v| o.uplift.treatment = Some(v)), default: |o| json!(o.uplift.treatment),
        elsewhere: &["treatment_column", "treatment_col", "arm", "variant", "group_column"],
        meaning: "the column that says which treatment a row had",
    },
    Spec {
        key: "control", algorithms: UPLIFT,
        kind: Kind::Label(|o, v| o.uplift.control = Some(v)), default: |o| json!(o.uplift.control),
        elsewhere: &["control_name", "control_label", "control_group", "baseline"],
        meaning: "the value of \"treatment\" for rows that had none; without it false, 0, \"control\", \"none\" or the like",
    },
    Spec {
        key: "base_learner", algorithms: META,
        kind: Kind::Estimator(|o, v| o.uplift.base = Some(v)), default: |_| json!(null),
        elsewhere: &["learner", "outcome_learner", "estimator", "models", "base_model"],
        meaning: "the learner of what is to be expected, by its name or as {\"algorithm\": ..., \"options\": {...}}; without it gradient_boosting",
    },
    Spec {
        key: "effect_learner", algorithms: &[XLearner, RLearner],
        kind: Kind::Estimator(|o, v| o.uplift.effect = Some(v)), default: |_| json!(null),
        elsewhere: &["treatment_effect_learner", "cate_models", "model_final", "final_learner"],
        meaning: "the learner of what a treatment changes, a number; without it the base learner, for logistic_regression ridge and for naive_bayes gradient_boosting",
    },
    Spec {
        key: "folds", algorithms: &[RLearner],
        kind: Kind::Integer(2, 100, |o, v| o.uplift.folds = v as usize), default: |o| json!(o.uplift.folds),
        elsewhere: &["cv", "n_fold", "n_folds", "n_splits"],
        meaning: "the folds in which training rows are answered by models that did not see them",
    },
    Spec {
        key: "n_estimators", algorithms: &[UpliftForest],
        kind: Kind::Integer(1, 10_000, |o, v| o.uplift.n_estimators = v as u32), default: |o| json!(o.uplift.n_estimators),
        elsewhere: &["ntree", "num_trees", "n_trees"], meaning: "the number of trees",
    },
    Spec {
        key: "criterion", algorithms: TREES,
        kind: Kind::Choice(&["causal", "euclidean", "kl", "chi"], |o, v| o.uplift.criterion = named(&CRITERIA, v)),
        default: |o| json!(CRITERIA.iter().find(|c| c.1 == o.uplift.criterion).map(|c| c.0)),
        elsewhere: &["evaluation_function", "evaluationFunction", "split_criterion"],
        meaning: "what a split is to raise: the squared effect less its variance by chance, the squared effect, or, of two classes, a divergence between treated rows and others",
    },
    Spec {
        key: "max_depth", algorithms: TREES,
        kind: Kind::Integer(1, DEEPEST as u64, |o, v| o.tree.max_depth = v as u32), default: |o| json!(o.tree.max_depth),
        elsewhere: &["maxdepth"], meaning: "the most splits from the root to a leaf",
    },
    Spec {
        key: "min_samples_leaf", algorithms: TREES,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.tree.min_samples_leaf = v), default: |o| json!(o.tree.min_samples_leaf),
        elsewhere: &["min_data_in_leaf", "min_child_samples"], meaning: "the fewest training rows of a leaf",
    },
    Spec {
        key: "min_samples_treatment", algorithms: TREES,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.uplift.min_samples_treatment = v), default: |o| json!(o.uplift.min_samples_treatment),
        elsewhere: &["min_samples_arm"], meaning: "the fewest training rows of each treatment, and of those without one, on either side of a split",
    },
    Spec {
        key: "max_features", algorithms: &[UpliftForest],
        kind: Kind::Part(FEATURES, |o, v| o.uplift.max_features = v), default: |_| json!(0.7),
        elsewhere: &["mtry", "colsample_bynode", "feature_fraction"], meaning: "the features that are tried at a split",
    },
    Spec {
        key: "max_samples", algorithms: &[UpliftForest],
        kind: Kind::Share(|o, v| o.uplift.max_samples = v), default: |o| json!(o.uplift.max_samples),
        elsewhere: &["subsample", "sample_fraction", "subsample_fr"], meaning: "the share of the rows that a tree grows on, drawn without putting back",
    },
    Spec {
        key: "honest", algorithms: TREES,
        kind: Kind::Boolean(|o, v| o.uplift.honest = v), default: |o| json!(o.uplift.honest),
        elsewhere: &["honesty"], meaning: "whether a half of a tree's rows finds its splits and the other half what its leaves say",
    },
    Spec {
        key: "max_bins", algorithms: TREES,
        kind: Kind::Integer(2, MOST_BINS as u64, |o, v| o.tree.max_bins = v as usize), default: |o| json!(o.tree.max_bins),
        elsewhere: &["max_bin"], meaning: "the most bins of a number; exact while it has no more distinct values",
    },
    Spec {
        key: "min_category_rows", algorithms: TREES,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.tree.min_category_rows = v), default: |o| json!(o.tree.min_category_rows),
        elsewhere: &["min_data_per_group", "min_frequency"], meaning: "the fewest training rows of a level that is not pooled with the rare ones",
    },
    Spec {
        key: "cat_smooth", algorithms: TREES,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.tree.cat_smooth = v), default: |o| json!(o.tree.cat_smooth),
        elsewhere: &["smooth", "smoothing"], meaning: "the rows of the node's means added to each level before levels are put in order",
    },
];

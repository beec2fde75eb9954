//! The table of options. A row is an option; its default is read out of [`Options::new`], so that there is one place for it.

use serde_json::json;

use super::spec::{Kind, Spec, MOST_CLUSTERS};
use super::uplift::UPLIFT;
use super::Algorithm::{
    self, Dbscan, DecisionTree, ElasticNet, ExtraTrees, GaussianMixture, Glm, GradientBoosting, IsolationForest,
    KMeans, KPrototypes, Knn, Lasso, LinearRegression, LogisticRegression, NaiveBayes, NeuralNetwork, OneClassSvm, Pca,
    RLearner, RandomForest, Ridge, Stacking, Svm, TLearner, UpliftForest, UpliftTree, Voting, XLearner,
};
use super::Algorithm::{Als, AssociationRules, BgNbd, Content, Forecast, ItemKnn, Popular};
use super::{Options, PersonalData};
use crate::judge::ranking::MOST_PLACES;
use crate::learn::bayes::Distribution;
use crate::learn::bin::MOST_BINS;
use crate::learn::boost;
use crate::learn::calibrate::Method;
use crate::learn::forest::{self, Part};
use crate::learn::kmeans::Scaling;
use crate::learn::network::{Normalization, Optimizer, Schedule};
use crate::learn::recommend::similar::Similarity;
use crate::learn::svm::Likeness;
use crate::learn::tree::{Criterion, DEEPEST};
use crate::model::network::{MOST_LAYERS, WIDEST};
use crate::model::recommender::MOST_FACTORS;
use crate::model::{Activation, Covariance, Weighting};

const ALL: &[Algorithm] = &Algorithm::ALL;
/// Those that learn from columns.
const COLUMNS: &[Algorithm] = &[
    GradientBoosting,
    RandomForest,
    ExtraTrees,
    DecisionTree,
    LogisticRegression,
    LinearRegression,
    Ridge,
    ElasticNet,
    Lasso,
    Glm,
    NaiveBayes,
    Knn,
    NeuralNetwork,
    Svm,
    KMeans,
    KPrototypes,
    GaussianMixture,
    IsolationForest,
    OneClassSvm,
    Pca,
    Dbscan,
    Voting,
    Stacking,
    TLearner,
    XLearner,
    RLearner,
    UpliftTree,
    UpliftForest,
];
/// Those that learn from users and items.
const RECOMMENDERS: &[Algorithm] = &[Als, ItemKnn, AssociationRules, Content, Popular];
const FACTORS: &[Algorithm] = &[Als];
/// Those that learn from series.
const SERIES: &[Algorithm] = &[Forecast];
/// Those that learn from the purchases of customers.
const CUSTOMERS: &[Algorithm] = &[BgNbd];
const ALIKE: &[Algorithm] = &[ItemKnn];
const RULES: &[Algorithm] = &[AssociationRules];
/// Those that read free text.
const READING: &[Algorithm] = &[
    DecisionTree,
    RandomForest,
    ExtraTrees,
    GradientBoosting,
    LogisticRegression,
    LinearRegression,
    Ridge,
    ElasticNet,
    Lasso,
    Glm,
    NaiveBayes,
    NeuralNetwork,
    Voting,
    Stacking,
    TLearner,
    XLearner,
    RLearner,
    UpliftTree,
    UpliftForest,
];
const SUPERVISED: &[Algorithm] = &[
    DecisionTree,
    RandomForest,
    ExtraTrees,
    GradientBoosting,
    LogisticRegression,
    LinearRegression,
    Ridge,
    ElasticNet,
    Lasso,
    Glm,
    NaiveBayes,
    Knn,
    NeuralNetwork,
    Svm,
    Voting,
    Stacking,
    TLearner,
    XLearner,
    RLearner,
    UpliftTree,
    UpliftForest,
];
/// Those whose predictions can be compared with the target: without those of uplift, which come last.
const PREDICTING: &[Algorithm] = SUPERVISED.split_at(SUPERVISED.len() - UPLIFT.len()).0;
/// Those whose classes have weights.
const WEIGHED: &[Algorithm] = &[
    DecisionTree,
    RandomForest,
    ExtraTrees,
    GradientBoosting,
    LogisticRegression,
    NeuralNetwork,
    Svm,
    Voting,
    Stacking,
];
/// Those of trees with a target.
const GROWN: &[Algorithm] = &[DecisionTree, RandomForest, ExtraTrees, GradientBoosting];
const CLASSIFIERS: &[Algorithm] = &[
    DecisionTree,
    RandomForest,
    ExtraTrees,
    GradientBoosting,
    LogisticRegression,
    NaiveBayes,
    Knn,
    NeuralNetwork,
    Svm,
    Voting,
    Stacking,
    TLearner,
    XLearner,
    RLearner,
    UpliftTree,
    UpliftForest,
];
/// Those whose target decides their task.
const EITHER: &[Algorithm] = &[
    DecisionTree,
    RandomForest,
    ExtraTrees,
    GradientBoosting,
    Knn,
    NeuralNetwork,
    Svm,
    Voting,
    Stacking,
    TLearner,
    XLearner,
    RLearner,
    UpliftTree,
    UpliftForest,
];
const LINEAR: &[Algorithm] = &[LogisticRegression, LinearRegression, Ridge, ElasticNet, Lasso, Glm];
/// Those whose penalty has a default.
const PENALIZED: &[Algorithm] = &[LogisticRegression, Glm];
const CHOSEN: &[Algorithm] = &[ElasticNet, Lasso];
const GENERALIZED: &[Algorithm] = &[Glm];
/// Those whose steps have no end in one.
const STEPPED: &[Algorithm] = &[LogisticRegression, ElasticNet, Lasso, Glm];
const TREE: &[Algorithm] = &[DecisionTree];
const FOREST: &[Algorithm] = &[RandomForest, ExtraTrees];
const BAYES: &[Algorithm] = &[NaiveBayes];
const NEIGHBORS: &[Algorithm] = &[Knn];
const NETWORK: &[Algorithm] = &[NeuralNetwork];
/// Those whose distances may be weighed.
const WEIGHTED_SPACE: &[Algorithm] = &[Knn, Svm, OneClassSvm];
const MACHINE: &[Algorithm] = &[Svm];
const ONE_CLASS: &[Algorithm] = &[OneClassSvm];
const MACHINES: &[Algorithm] = &[Svm, OneClassSvm];
const ENSEMBLES: &[Algorithm] = &[Voting, Stacking];
const BOOST: &[Algorithm] = &[GradientBoosting];
const CLUSTER: &[Algorithm] = &[KMeans, KPrototypes];
const PROTOTYPES: &[Algorithm] = &[KPrototypes];
const MIXTURE: &[Algorithm] = &[GaussianMixture];
const DENSITY: &[Algorithm] = &[Dbscan];
/// Those that are told how many segments there are.
const COUNTED: &[Algorithm] = &[KMeans, KPrototypes, GaussianMixture];
/// Those that go by distances, whose scale counts.
const DISTANCES: &[Algorithm] = &[KMeans, KPrototypes, Dbscan, Knn, Svm, OneClassSvm];
/// Those of them whose columns may only describe segments.
const DESCRIBED: &[Algorithm] = &[KMeans, KPrototypes, Dbscan];
/// Those in whose space each of a few levels has a dimension.
const SPACED: &[Algorithm] = &[KMeans, KPrototypes, GaussianMixture, Dbscan, Knn, Svm, OneClassSvm];
const SEGMENTS: &[Algorithm] = &[KMeans, KPrototypes, GaussianMixture, Dbscan];
const ISOLATION: &[Algorithm] = &[IsolationForest];
const COMPONENTS: &[Algorithm] = &[Pca];
const UNSUPERVISED: &[Algorithm] = &[KMeans, KPrototypes, GaussianMixture, IsolationForest, OneClassSvm, Pca, Dbscan];
/// Those whose models keep no row as it is.
const GROUPED: &[Algorithm] = &[
    DecisionTree,
    RandomForest,
    ExtraTrees,
    GradientBoosting,
    LogisticRegression,
    LinearRegression,
    Ridge,
    ElasticNet,
    Lasso,
    Glm,
    NaiveBayes,
    NeuralNetwork,
    KMeans,
    KPrototypes,
    GaussianMixture,
    IsolationForest,
    Pca,
    Voting,
    Stacking,
    TLearner,
    XLearner,
    RLearner,
    UpliftTree,
    UpliftForest,
];
const PARTED: &[Algorithm] = &[
    DecisionTree,
    RandomForest,
    ExtraTrees,
    GradientBoosting,
    LogisticRegression,
    LinearRegression,
    Ridge,
    ElasticNet,
    Lasso,
    Glm,
    NaiveBayes,
    NeuralNetwork,
    IsolationForest,
    Voting,
    Stacking,
    TLearner,
    XLearner,
    RLearner,
    UpliftTree,
    UpliftForest,
];

/// Row counts and leaf counts fit the fields they go to.
pub(super) const MOST_ROWS: u64 = u64::MAX;
const MOST_LEAVES: u64 = 1 << 24;
/// More than any table has, and no sum of a few of them overflows.
const MOST_GROUP: u64 = 1 << 32;

/// What a word of a choice, which is one of them, stands for.
pub(super) fn named<T: Copy, const N: usize>(all: &[(&str, T); N], word: &str) -> T {
    all.iter().find(|named| named.0 == word).unwrap_or(&all[0]).1
}

/// The words for a part of the features.
pub(super) const FEATURES: &[(&str, Part)] = &[("sqrt", Part::Sqrt), ("log2", Part::Log2), ("all", Part::Share(1.0))];

/// Every option of every algorithm, in the order they are listed.
#[rustfmt::skip]
pub(super) const SPECS: &[Spec] = &[
    Spec {
        key: "time_column", algorithms: SERIES,
        kind: Kind::Given("the name of a column"), default: |_| json!(null),
        elsewhere: &["time", "date", "ds", "timestamp_column", "date_column"], meaning: "the column of the times",
    },
    Spec {
        key: "group_columns", algorithms: SERIES,
        kind: Kind::Given("an array of column names"), default: |_| json!(null),
        elsewhere: &["group_by", "series", "id_columns", "time_series_id_col", "unique_id"], meaning: "the columns whose values tell series apart",
    },
    Spec {
        key: "horizon", algorithms: SERIES,
        kind: Kind::Given("a whole number from 1 to 100000"), default: |_| json!(null),
        elsewhere: &["steps", "periods", "h", "forecast_horizon"], meaning: "how many steps are forecast; the usual number for the step without it, 28 days or 12 months",
    },
    Spec {
        key: "method", algorithms: SERIES,
        kind: Kind::Given("the name of a method, or an array of such"), default: |_| json!("auto"),
        elsewhere: &["model", "algorithm"], meaning: "how series are forecast; by what did best in the past of each without it",
    },
    Spec {
        key: "level", algorithms: SERIES,
        kind: Kind::Given("a number above 0 and below 1"), default: |_| json!(0.95),
        elsewhere: &["confidence_level", "confidence", "coverage"], meaning: "the share of the values that an interval should hold",
    },
    Spec {
        key: "season", algorithms: SERIES,
        kind: Kind::Given("a whole number of steps from 1 to 10000, or an array of at most 4 of them"), default: |_| json!(null),
        elsewhere: &["season_length", "seasonal_periods", "seasonality", "period"], meaning: "the length of a season in steps; those that such times usually have without it",
    },
    Spec {
        key: "frequency", algorithms: SERIES,
        kind: Kind::Given("a step such as day, week or 15 minutes; of plain numbers, a number above 0"), default: |_| json!(null),
        elsewhere: &["freq", "data_frequency", "step"], meaning: "the step of the series; found by their times without it",
    },
    Spec {
        key: "missing", algorithms: SERIES,
        kind: Kind::Given("interpolate, zero or previous"), default: |_| json!("interpolate"),
        elsewhere: &["fill", "fillna"], meaning: "what stands at a step without a row",
    },
    Spec {
        key: "aggregate", algorithms: SERIES,
        kind: Kind::Given("auto, sum or mean"), default: |_| json!("auto"),
        elsewhere: &["agg"], meaning: "how the rows of one step become one value",
    },
    Spec {
        key: "nonnegative", algorithms: SERIES,
        kind: Kind::Given("true or false"), default: |_| json!(null),
        elsewhere: &["non_negative"], meaning: "whether values are never below 0; the values themselves tell without it",
    },
    Spec {
        key: "origins", algorithms: SERIES,
        kind: Kind::Given("a whole number from 1 to 1000"), default: |_| json!(1),
        elsewhere: &["n_windows", "folds", "backtests"], meaning: "from how many times in the past forecasts are judged, a horizon apart",
    },
    Spec {
        key: "hierarchy", algorithms: SERIES,
        kind: Kind::Given("true or false"), default: |_| json!(false),
        elsewhere: &["reconcile", "hierarchical"], meaning: "whether sums over groups are forecast too, so that all add up",
    },
    Spec {
        key: "regressors", algorithms: SERIES,
        kind: Kind::Given("an array of names of columns"), default: |_| json!(null),
        elsewhere: &["exogenous", "xreg", "features", "covariates", "x_columns"], meaning: "the columns of what is known besides the values, whose values to come stand in rows without a value",
    },
    Spec {
        key: "holidays", algorithms: SERIES,
        kind: Kind::Given("an array of dates, an object of names with their dates, or the name of a table or a query"), default: |_| json!(null),
        elsewhere: &["holiday_region", "events"], meaning: "the days that are unlike others, by name where they have names",
    },
    Spec {
        key: "customer_column", algorithms: CUSTOMERS,
        kind: Kind::Given("the name of a column"), default: |_| json!("customer_id"),
        elsewhere: &["customer", "customer_id_col", "user_column", "id_column"], meaning: "the column that names customers",
    },
    Spec {
        key: "time_column", algorithms: CUSTOMERS,
        kind: Kind::Given("the name of a column"), default: |_| json!(null),
        elsewhere: &["event_time", "time", "date", "datetime_col", "date_column"], meaning: "the column of the times of purchases",
    },
    Spec {
        key: "value_column", algorithms: CUSTOMERS,
        kind: Kind::Given("the name of a column"), default: |_| json!(null),
        elsewhere: &["amount", "value", "monetary_value_col", "amount_column"], meaning: "the column of what a purchase brings; without it answers are numbers of purchases",
    },
    Spec {
        key: "period", algorithms: CUSTOMERS,
        kind: Kind::Given("day, week or month"), default: |_| json!("week"),
        elsewhere: &["freq", "time_unit"], meaning: "what times are measured in",
    },
    Spec {
        key: "horizon", algorithms: CUSTOMERS,
        kind: Kind::Given("a number of periods from 0 to 10000"), default: |_| json!(null),
        elsewhere: &["t", "time", "periods"], meaning: "how many periods answers look ahead; a year without it",
    },
    Spec {
        key: "discount_rate", algorithms: CUSTOMERS,
        kind: Kind::Given("a number from 0 to 1, of a period"), default: |_| json!(0.0),
        elsewhere: &["discount"], meaning: "by how much less money of a period later is worth",
    },
    Spec {
        key: "observation_end", algorithms: CUSTOMERS,
        kind: Kind::Given("a date, such as 2026-06-30"), default: |_| json!(null),
        elsewhere: &["observation_period_end"], meaning: "the last day that is looked at; that of the last purchase without it",
    },
    Spec {
        key: "penalizer", algorithms: CUSTOMERS,
        kind: Kind::Given("a number from 0 to 1000"), default: |_| json!(0.0),
        elsewhere: &["penalizer_coef", "l2"], meaning: "how much parameters are held near 0",
    },
    Spec {
        key: "holdout", algorithms: CUSTOMERS,
        kind: Kind::Number(0.0, 1.0, |o, v| o.holdout = v), default: |o| json!(o.holdout),
        elsewhere: &["test_size", "validation_fraction"], meaning: "the last share of the days, on which the model is judged before it is learned from all",
    },
    Spec {
        key: "user_column", algorithms: RECOMMENDERS,
        kind: Kind::Column(|o, v| o.recommend.user_column = v), default: |o| json!(o.recommend.user_column),
        elsewhere: &["user", "user_col", "customer_column"], meaning: "the column that names users",
    },
    Spec {
        key: "item_column", algorithms: RECOMMENDERS,
        kind: Kind::Column(|o, v| o.recommend.item_column = v), default: |o| json!(o.recommend.item_column),
        elsewhere: &["item", "item_col", "product_column"], meaning: "the column that names items",
    },
    Spec {
        key: "user_columns", algorithms: RECOMMENDERS,
        kind: Kind::Columns(0, |o, v| o.recommend.user_columns = v), default: |o| json!(o.recommend.user_columns),
        elsewhere: &["user_features", "user_attributes"],
        meaning: "the list of columns that describe users, by which users are served who are not known yet",
    },
    Spec {
        key: "item_columns", algorithms: RECOMMENDERS,
        kind: Kind::Columns(0, |o, v| o.recommend.item_columns = v), default: |o| json!(o.recommend.item_columns),
        elsewhere: &["item_features", "item_attributes", "features"],
        meaning: "the list of columns that describe items; a text may list several things, parted by |, ; or ,",
    },
    Spec {
        key: "time_column", algorithms: RECOMMENDERS,
        kind: Kind::Column(|o, v| o.time_column = Some(v)), default: |o| json!(o.time_column),
        elsewhere: &["timestamp_column", "time", "date_column"], meaning: "the column by which the latest items of each user are held out",
    },
    Spec {
        key: "sample_weight", algorithms: RECOMMENDERS,
        kind: Kind::Column(|o, v| o.sample_weight = Some(v)), default: |o| json!(o.sample_weight),
        elsewhere: &["weight", "weights", "weight_column", "count_column", "strength"],
        meaning: "the column with how often or how strongly a user took the item, or with the weight of each rating",
    },
    Spec {
        key: "half_life", algorithms: RECOMMENDERS,
        kind: Kind::Positive(|o, v| o.recommend.half_life = Some(v)), default: |o| json!(o.recommend.half_life),
        elsewhere: &["decay", "time_decay"],
        meaning: "after how many days a row counts half, in units of the time column where that is a number; all count alike without it",
    },
    Spec {
        key: "k", algorithms: RECOMMENDERS,
        kind: Kind::Integer(1, MOST_PLACES as u64, |o, v| o.recommend.k = v as usize), default: |o| json!(o.recommend.k),
        elsewhere: &["top_k", "at"], meaning: "how many recommended items are judged",
    },
    Spec {
        key: "holdout", algorithms: RECOMMENDERS,
        kind: Kind::Number(0.0, 1.0, |o, v| o.holdout = v), default: |o| json!(o.holdout),
        elsewhere: &["test_size", "validation_fraction"], meaning: "the share of each user's items kept aside to judge the model",
    },
    Spec {
        key: "refit", algorithms: RECOMMENDERS,
        kind: Kind::Boolean(|o, v| o.refit = v), default: |o| json!(o.refit),
        elsewhere: &["retrain_full", "refit_full", "use_all_rows"],
        meaning: "whether the model that is kept is learned again from all rows, the held-out ones too, once it was judged",
    },
    Spec {
        key: "factors", algorithms: FACTORS,
        kind: Kind::Integer(1, MOST_FACTORS as u64, |o, v| o.recommend.als.factors = v as usize), default: |o| json!(o.recommend.als.factors),
        elsewhere: &["n_factors", "rank", "n_components", "num_factors"], meaning: "the number of factors of a user and an item",
    },
    Spec {
        key: "regularization", algorithms: FACTORS,
        kind: Kind::Number(0.0, 1e6, |o, v| o.recommend.als.regularization = Some(v)), default: |o| json!(o.recommend.als.regularization),
        elsewhere: &["reg", "lambda", "reg_all", "l2_reg"],
        meaning: "how much factors are held to 0; without it 0.1 for each rating, or 0.01 for each pair of user and item",
    },
    Spec {
        key: "alpha", algorithms: FACTORS,
        kind: Kind::Number(0.0, 1e6, |o, v| o.recommend.als.alpha = v), default: |o| json!(o.recommend.als.alpha),
        elsewhere: &["wals_alpha", "confidence"], meaning: "how much the strength of an interaction adds to its confidence; not with ratings",
    },
    Spec {
        key: "iterations", algorithms: FACTORS,
        kind: Kind::Integer(1, 10_000, |o, v| o.recommend.als.iterations = Some(v as u32)), default: |o| json!(o.recommend.als.iterations),
        elsewhere: &["n_epochs", "max_iter", "num_iterations", "n_iter"],
        meaning: "how many times users and items are solved in turn; without it 8 with ratings, else 15",
    },
    Spec {
        key: "n_neighbors", algorithms: ALIKE,
        kind: Kind::Integer(1, 10_000, |o, v| o.recommend.similar.n_neighbors = Some(v as usize)), default: |o| json!(o.recommend.similar.n_neighbors),
        elsewhere: &["k", "K", "neighbors"], meaning: "how many like items are kept of each item; without it 200 with ratings, else 50",
    },
    Spec {
        key: "similarity", algorithms: ALIKE,
        kind: Kind::Choice(&["tf_idf", "cosine"], |o, v| o.recommend.similar.similarity = match v {
            "cosine" => Similarity::Cosine,
            _ => Similarity::TfIdf,
        }),
        default: |_| json!("tf_idf"),
        elsewhere: &["metric", "distance", "sim_options"],
        meaning: "how items are compared by who has them: each user alike, or users of many items less; ratings are compared by their correlation",
    },
    Spec {
        key: "min_support", algorithms: RULES,
        kind: Kind::Share(|o, v| o.recommend.rules.min_support = v), default: |o| json!(o.recommend.rules.min_support),
        elsewhere: &["support", "minsup", "supp", "min_supp"], meaning: "the least share of users, or baskets, that have all items of a rule",
    },
    Spec {
        key: "min_confidence", algorithms: RULES,
        kind: Kind::Fraction(|o, v| o.recommend.rules.min_confidence = v), default: |o| json!(o.recommend.rules.min_confidence),
        elsewhere: &["confidence", "min_threshold", "minconf", "conf"],
        meaning: "the least share, of those who have the antecedents of a rule, who have what follows too",
    },
    Spec {
        key: "min_lift", algorithms: RULES,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.recommend.rules.min_lift = v), default: |o| json!(o.recommend.rules.min_lift),
        elsewhere: &["lift"], meaning: "how many times more often than in all what follows must be there at least",
    },
    Spec {
        key: "max_length", algorithms: RULES,
        kind: Kind::IntegerOrAuto(2, 1000, |o, v| o.recommend.rules.max_length = v.map(|v| v as usize)), default: |o| json!(o.recommend.rules.max_length),
        elsewhere: &["max_len", "maxlen", "max_size"],
        meaning: "the most items of a rule, what follows among them; null for any number",
    },
    Spec {
        key: "most", algorithms: RULES,
        kind: Kind::Integer(1, 100_000_000, |o, v| o.recommend.rules.most = v), default: |o| json!(o.recommend.rules.most),
        elsewhere: &["max_rules", "limit"], meaning: "how many sets of items, or rules, are too many",
    },
    Spec {
        key: "features", algorithms: COLUMNS,
        kind: Kind::Columns(1, |o, v| o.features = Some(v)), default: |o| json!(o.features),
        elsewhere: &["columns", "inputs", "include"], meaning: "the list of columns to learn from",
    },
    Spec {
        key: "exclude", algorithms: COLUMNS,
        kind: Kind::Columns(0, |o, v| o.exclude = v), default: |o| json!(o.exclude),
        elsewhere: &["ignore", "ignore_column", "drop", "skip"], meaning: "the list of columns not to learn from",
    },
    Spec {
        key: "clean", algorithms: COLUMNS,
        kind: Kind::Clean(|o, v| o.clean = Some(v)), default: |_| json!(null),
        elsewhere: &["preprocess", "preprocessing", "cleaning", "steps"],
        meaning: "how columns are cleaned before they are learned from, and in every row that is scored: \"auto\" or steps as orchard.clean takes them",
    },
    Spec {
        key: "holdout", algorithms: SUPERVISED,
        kind: Kind::Number(0.0, 1.0, |o, v| o.holdout = v), default: |o| json!(o.holdout),
        elsewhere: &["test_size", "validation_fraction"], meaning: "the share of rows kept aside to judge the model",
    },
    Spec {
        key: "holdout", algorithms: UNSUPERVISED,
        kind: Kind::Number(0.0, 1.0, |o, v| o.holdout = v), default: |o| json!(o.holdout),
        elsewhere: &["test_size"], meaning: "the share of rows kept aside",
    },
    Spec {
        key: "refit", algorithms: SUPERVISED,
        kind: Kind::Boolean(|o, v| o.refit = v), default: |o| json!(o.refit),
        elsewhere: &["retrain_full", "refit_full", "use_all_rows"],
        meaning: "whether the model that is kept is learned again from all rows, the held-out ones too, once it was judged",
    },
    Spec {
        key: "importance", algorithms: PREDICTING,
        kind: Kind::Boolean(|o, v| o.importance = v), default: |o| json!(o.importance),
        elsewhere: &["compute_importance", "feature_importance", "importance_type"],
        meaning: "whether what columns are worth is found on the held-out rows, for orchard.importance",
    },
    Spec {
        key: "time_column", algorithms: COLUMNS,
        kind: Kind::Column(|o, v| o.time_column = Some(v)), default: |o| json!(o.time_column),
        elsewhere: &["timestamp_column", "time", "date_column"], meaning: "the column by which the latest rows are held out",
    },
    Spec {
        key: "group_columns", algorithms: COLUMNS,
        kind: Kind::Columns(0, |o, v| o.group_columns = v), default: |o| json!(o.group_columns),
        elsewhere: &["groups", "group", "group_by"], meaning: "the list of columns whose groups the holdout keeps whole",
    },
    Spec {
        key: "sample_weight", algorithms: COLUMNS,
        kind: Kind::Column(|o, v| o.sample_weight = Some(v)), default: |o| json!(o.sample_weight),
        elsewhere: &["weight", "weights", "weight_column"], meaning: "the column with the weight of each row",
    },
    Spec {
        key: "min_group", algorithms: GROUPED,
        kind: Kind::Integer(1, MOST_GROUP, |o, v| o.min_group = v), default: |o| json!(o.min_group),
        elsewhere: &["k_anonymity", "min_people", "min_cell_size"],
        meaning: "the fewest training rows that a leaf, a level, a word or a segment stands for, for the sake of privacy",
    },
    Spec {
        key: "personal_data", algorithms: COLUMNS,
        kind: Kind::Choice(&["exclude", "mask", "keep", "refuse"], |o, v| o.personal_data = match v {
            "mask" => PersonalData::Mask,
            "keep" => PersonalData::Keep,
            "refuse" => PersonalData::Refuse,
            _ => PersonalData::Exclude,
        }),
        default: |_| json!("exclude"),
        elsewhere: &["pii", "personal", "gdpr"],
        meaning: "what is done with columns of e-mail addresses, telephone numbers and the like that are not named in \"features\": left out, learned from as keyed hashes, kept, or an error",
    },
    Spec {
        key: "date_parts", algorithms: PARTED,
        kind: Kind::Boolean(|o, v| o.date_parts = v), default: |o| json!(o.date_parts),
        elsewhere: &["datetime_features", "date_features", "time_features"],
        meaning: "whether dates and timestamps give month, day, weekday and hour as features of their own",
    },
    Spec {
        key: "text_columns", algorithms: READING,
        kind: Kind::Columns(0, |o, v| o.text_columns = v), default: |o| json!(o.text_columns),
        elsewhere: &["text_features", "text", "free_text"],
        meaning: "the list of columns of free text, of which words become features",
    },
    Spec {
        key: "max_text_features", algorithms: READING,
        kind: Kind::Integer(1, 10_000, |o, v| o.max_text_features = v as usize), default: |o| json!(o.max_text_features),
        elsewhere: &["max_features_text", "vocabulary_size", "max_tokens"],
        meaning: "the most words of a column of free text that become features",
    },
    Spec {
        key: "task", algorithms: EITHER,
        kind: Kind::Choice(&["classification", "regression"], |o, v| o.task = Some(v.into())), default: |o| json!(o.task),
        elsewhere: &["problem_type"], meaning: "what to learn; without it the target's type decides",
    },
    Spec {
        key: "positive_class", algorithms: CLASSIFIERS,
        kind: Kind::Label(|o, v| o.positive_class = Some(v)), default: |o| json!(o.positive_class),
        elsewhere: &["pos_label", "positive"], meaning: "the label whose probability is predicted; without it true, 1 or the last",
    },
    Spec {
        key: "class_weight", algorithms: WEIGHED,
        kind: Kind::ClassWeight(|o, v| o.class_weight = v), default: |_| json!(null),
        elsewhere: &["class_weights", "is_unbalance"], meaning: "the weight of each class while learning",
    },
    Spec {
        key: "calibration", algorithms: GROWN,
        kind: Kind::Choice(&["none", "sigmoid", "isotonic", "auto"], |o, v| o.calibration = match v {
            "sigmoid" => Method::Sigmoid,
            "isotonic" => Method::Isotonic,
            "auto" => Method::Auto,
            _ => Method::None,
        }),
        default: |o| json!(o.calibration.name()),
        elsewhere: &["calibrate", "calibrate_model", "calibration_method"],
        meaning: "the curve through which probabilities go, fitted on training rows that trees did not learn from, in five folds",
    },
    Spec {
        key: "seed", algorithms: ALL,
        // What a JSON number, a bigint and every tool between them carry without loss.
        kind: Kind::Integer(0, i64::MAX as u64, |o, v| o.seed = v), default: |o| json!(o.seed),
        elsewhere: &["random_state", "random_seed"], meaning: "the seed of everything that is drawn",
    },
    Spec {
        key: "deploy", algorithms: ALL,
        kind: Kind::Boolean(|o, v| o.deploy = v), default: |o| json!(o.deploy),
        elsewhere: &["promote"], meaning: "whether the new version is used at once",
    },
    Spec {
        key: "splitter", algorithms: TREE,
        kind: Kind::Choice(&["histogram", "exact"], |o, v| o.exact = v == "exact"),
        default: |o| json!(if o.exact { "exact" } else { "histogram" }),
        elsewhere: &["tree_method"], meaning: "how splits are found; exact is for small tables",
    },
    Spec {
        key: "criterion", algorithms: TREE,
        kind: Kind::Choice(&["gini", "entropy", "log_loss", "squared_error"], set_criterion), default: |_| json!(null),
        elsewhere: &["impurity"], meaning: "what a split is to lower; without it gini, or squared_error for a regression",
    },
    Spec {
        key: "max_depth", algorithms: TREE,
        kind: Kind::Integer(1, DEEPEST as u64, |o, v| o.tree.max_depth = v as u32), default: |o| json!(o.tree.max_depth),
        elsewhere: &["maxdepth"], meaning: "the most splits from the root to a leaf",
    },
    Spec {
        key: "max_leaf_nodes", algorithms: TREE,
        kind: Kind::Integer(2, MOST_LEAVES, |o, v| o.tree.max_leaf_nodes = Some(v as u32)),
        default: |o| json!(o.tree.max_leaf_nodes),
        elsewhere: &["num_leaves", "max_leaves"], meaning: "the most leaves; the tree then grows where the gain is largest",
    },
    Spec {
        key: "min_samples_leaf", algorithms: TREE,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.tree.min_samples_leaf = v), default: |o| json!(o.tree.min_samples_leaf),
        elsewhere: &["min_data_in_leaf", "min_child_samples", "minbucket"], meaning: "the fewest training rows of a leaf",
    },
    Spec {
        key: "min_samples_split", algorithms: TREE,
        kind: Kind::Integer(2, MOST_ROWS, |o, v| o.tree.min_samples_split = v), default: |o| json!(o.tree.min_samples_split),
        elsewhere: &["minsplit"], meaning: "the fewest training rows of a node that is split",
    },
    Spec {
        key: "min_impurity_decrease", algorithms: TREE,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.tree.min_impurity_decrease = v),
        default: |o| json!(o.tree.min_impurity_decrease),
        elsewhere: &["min_gain_to_split", "min_split_gain", "gamma"], meaning: "the least decrease of impurity of a split, times its share of rows",
    },
    Spec {
        key: "ccp_alpha", algorithms: TREE,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.tree.ccp_alpha = v), default: |o| json!(o.tree.ccp_alpha),
        elsewhere: &["cp", "alpha", "pruning"], meaning: "the price of a leaf in minimal cost-complexity pruning",
    },
    Spec {
        key: "max_bins", algorithms: TREE,
        kind: Kind::Integer(2, MOST_BINS as u64, |o, v| o.tree.max_bins = v as usize), default: |o| json!(o.tree.max_bins),
        elsewhere: &["max_bin"], meaning: "the most bins of a number; exact while it has no more distinct values",
    },
    Spec {
        key: "min_category_rows", algorithms: TREE,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.tree.min_category_rows = v), default: |o| json!(o.tree.min_category_rows),
        elsewhere: &["min_data_per_group", "min_frequency"], meaning: "the fewest training rows of a level that is not pooled with the rare ones",
    },
    Spec {
        key: "cat_smooth", algorithms: TREE,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.tree.cat_smooth = v), default: |o| json!(o.tree.cat_smooth),
        elsewhere: &["smooth", "smoothing"], meaning: "the rows of the node's mean added to each level before levels are put in order",
    },
    Spec {
        key: "max_subset_levels", algorithms: TREE,
        kind: Kind::Integer(1, 1 << 20, |o, v| o.tree.max_subset_levels = v as usize), default: |o| json!(o.tree.max_subset_levels),
        elsewhere: &["max_cat_to_onehot", "one_hot_max_size"],
        meaning: "a category of more levels is cut as one number: what its levels say of the target in other rows",
    },
    Spec {
        key: "n_estimators", algorithms: FOREST,
        kind: Kind::Integer(1, 100_000, |o, v| o.forest.n_estimators = v as u32), default: |o| json!(o.forest.n_estimators),
        elsewhere: &["ntree", "num_trees", "num_iterations", "iterations", "n_trees"], meaning: "the number of trees",
    },
    Spec {
        key: "criterion", algorithms: FOREST,
        kind: Kind::Choice(&["gini", "entropy", "log_loss", "squared_error"], set_criterion), default: |_| json!(null),
        elsewhere: &["impurity"], meaning: "what a split is to lower; without it gini, or squared_error for a regression",
    },
    Spec {
        key: "max_depth", algorithms: FOREST,
        kind: Kind::Integer(1, DEEPEST as u64, |o, v| o.forest.max_depth = v as u32), default: |o| json!(o.forest.max_depth),
        elsewhere: &["maxdepth"], meaning: "the most splits from the root to a leaf",
    },
    Spec {
        key: "max_features", algorithms: FOREST,
        kind: Kind::Part(FEATURES, |o, v| o.forest.max_features = Some(v)), default: |_| json!(null),
        elsewhere: &["mtry", "colsample_bynode", "feature_fraction", "max_feature"],
        meaning: "the features tried at a split; without it their square root; for a regression a share of 0.7, or all of extra_trees",
    },
    Spec {
        key: "max_leaf_nodes", algorithms: FOREST,
        kind: Kind::Integer(2, MOST_LEAVES, |o, v| o.forest.max_leaf_nodes = Some(v as u32)),
        default: |o| json!(o.forest.max_leaf_nodes),
        elsewhere: &["num_leaves", "max_leaves", "maxnodes"],
        meaning: "the most leaves of a tree; it then grows where the gain is largest",
    },
    Spec {
        key: "min_samples_leaf", algorithms: FOREST,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.forest.min_samples_leaf = Some(v)),
        default: |o| json!(o.forest.min_samples_leaf),
        elsewhere: &["min_data_in_leaf", "min_child_samples", "nodesize", "min_node_size"],
        meaning: "the fewest drawn rows of a leaf; without it a five-thousandth of the rows and at least 5, for a regression or with extra_trees a twenty-thousandth and at least 3",
    },
    Spec {
        key: "min_samples_split", algorithms: FOREST,
        kind: Kind::Integer(2, MOST_ROWS, |o, v| o.forest.min_samples_split = v), default: |o| json!(o.forest.min_samples_split),
        elsewhere: &["minsplit"], meaning: "the fewest drawn rows of a node that is split",
    },
    Spec {
        key: "min_impurity_decrease", algorithms: FOREST,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.forest.min_impurity_decrease = v),
        default: |o| json!(o.forest.min_impurity_decrease),
        elsewhere: &["min_gain_to_split", "min_split_gain", "gamma"],
        meaning: "the least decrease of impurity of a split, times its share of rows",
    },
    Spec {
        key: "bootstrap", algorithms: &[RandomForest],
        kind: Kind::Boolean(|o, v| o.forest.bootstrap = v), default: |o| json!(o.forest.bootstrap),
        elsewhere: &["replace", "bagging"], meaning: "whether each tree sees rows drawn with replacement, or all",
    },
    Spec {
        key: "bootstrap", algorithms: &[ExtraTrees],
        kind: Kind::Boolean(|o, v| o.forest.bootstrap = v), default: |o| json!(o.forest.bootstrap),
        elsewhere: &["replace", "bagging"], meaning: "whether each tree sees rows drawn with replacement, or all",
    },
    Spec {
        key: "max_samples", algorithms: FOREST,
        kind: Kind::Part(&[], |o, v| o.forest.max_samples = Some(v)), default: |_| json!(null),
        elsewhere: &["subsample", "sample_fraction", "sampsize", "bagging_fraction"],
        meaning: "the rows drawn for a tree, with bootstrap; without it as many as there are",
    },
    Spec {
        key: "oob_score", algorithms: FOREST,
        kind: Kind::Boolean(|o, v| o.forest.oob_score = Some(v)), default: |o| json!(o.forest.oob_score),
        elsewhere: &["oob"], meaning: "whether training rows are judged by the trees that did not see them; without it whenever there is bootstrap",
    },
    Spec {
        key: "max_bins", algorithms: FOREST,
        kind: Kind::Integer(2, forest::MOST_BINS as u64, |o, v| o.forest.max_bins = v as usize), default: |o| json!(o.forest.max_bins),
        elsewhere: &["max_bin"], meaning: "the most bins of a number; exact while it has no more distinct values",
    },
    Spec {
        key: "min_category_rows", algorithms: FOREST,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.forest.min_category_rows = v), default: |o| json!(o.forest.min_category_rows),
        elsewhere: &["min_data_per_group", "min_frequency"], meaning: "the fewest training rows of a level that is not pooled with the rare ones",
    },
    Spec {
        key: "cat_smooth", algorithms: FOREST,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.forest.cat_smooth = v), default: |o| json!(o.forest.cat_smooth),
        elsewhere: &["smooth", "smoothing"], meaning: "the rows of the node's mean added to each level before levels are put in order",
    },
    Spec {
        key: "max_subset_levels", algorithms: FOREST,
        kind: Kind::Integer(1, forest::MOST_SUBSET_LEVELS as u64, |o, v| o.forest.max_subset_levels = v as usize),
        default: |o| json!(o.forest.max_subset_levels),
        elsewhere: &["max_cat_to_onehot", "one_hot_max_size"],
        meaning: "a category of more levels is cut as one number: what its levels say of the target in other rows",
    },
    Spec {
        key: "objective", algorithms: BOOST,
        kind: Kind::Choice(
            &["log_loss", "squared_error", "absolute_error", "quantile", "poisson", "tweedie"], |o, v| o.objective = Some(v)),
        default: |o| json!(o.objective),
        elsewhere: &["loss"], meaning: "what is made small; without it log_loss for a classification and squared_error for a regression",
    },
    Spec {
        key: "n_estimators", algorithms: BOOST,
        kind: Kind::Integer(1, 100_000, |o, v| o.boost.n_estimators = v as u32), default: |o| json!(o.boost.n_estimators),
        elsewhere: &["num_iterations", "num_boost_round", "iterations", "num_trees", "max_iter", "n_trees"],
        meaning: "the most trees, of each class with more than two classes",
    },
    Spec {
        key: "learning_rate", algorithms: BOOST,
        kind: Kind::Share(|o, v| o.boost.learning_rate = v), default: |o| json!(o.boost.learning_rate),
        elsewhere: &["eta", "shrinkage", "shrinkage_rate", "learn_rate"], meaning: "what every leaf is multiplied by",
    },
    Spec {
        key: "max_leaf_nodes", algorithms: BOOST,
        kind: Kind::Integer(2, 65_536, |o, v| o.boost.max_leaf_nodes = v as u32), default: |o| json!(o.boost.max_leaf_nodes),
        elsewhere: &["num_leaves", "max_leaves"], meaning: "the most leaves of a tree",
    },
    Spec {
        key: "max_depth", algorithms: BOOST,
        kind: Kind::Integer(1, DEEPEST as u64, |o, v| o.boost.max_depth = v as u32), default: |o| json!(o.boost.max_depth),
        elsewhere: &["maxdepth", "depth"], meaning: "the most splits from the root to a leaf",
    },
    Spec {
        key: "min_samples_leaf", algorithms: BOOST,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.boost.min_samples_leaf = v), default: |o| json!(o.boost.min_samples_leaf),
        elsewhere: &["min_data_in_leaf", "min_child_samples"], meaning: "the fewest training rows of a leaf, as far as second derivatives tell",
    },
    Spec {
        key: "min_child_weight", algorithms: BOOST,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.boost.min_child_weight = v), default: |o| json!(o.boost.min_child_weight),
        elsewhere: &["min_sum_hessian_in_leaf"], meaning: "the least sum of second derivatives of a leaf",
    },
    Spec {
        key: "min_split_gain", algorithms: BOOST,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.boost.min_split_gain = v), default: |o| json!(o.boost.min_split_gain),
        elsewhere: &["min_gain_to_split", "gamma", "min_impurity_decrease"], meaning: "the least gain of a split",
    },
    Spec {
        key: "reg_alpha", algorithms: BOOST,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.boost.reg_alpha = v), default: |o| json!(o.boost.reg_alpha),
        elsewhere: &["lambda_l1", "l1_regularization", "alpha_l1"], meaning: "the L1 regularization of leaves",
    },
    Spec {
        key: "reg_lambda", algorithms: BOOST,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.boost.reg_lambda = v), default: |o| json!(o.boost.reg_lambda),
        elsewhere: &["lambda_l2", "l2_regularization", "lambda"], meaning: "the L2 regularization of leaves",
    },
    Spec {
        key: "subsample", algorithms: BOOST,
        kind: Kind::Share(|o, v| o.boost.subsample = v), default: |o| json!(o.boost.subsample),
        elsewhere: &["bagging_fraction", "row_sample_rate"], meaning: "the share of rows that a tree sees",
    },
    Spec {
        key: "colsample_bytree", algorithms: BOOST,
        kind: Kind::Share(|o, v| o.boost.colsample_bytree = v), default: |o| json!(o.boost.colsample_bytree),
        elsewhere: &["feature_fraction", "max_features", "col_sample_rate"], meaning: "the share of features that a tree sees",
    },
    Spec {
        key: "early_stopping_rounds", algorithms: BOOST,
        kind: Kind::Integer(0, 100_000, |o, v| o.boost.early_stopping_rounds = (v > 0).then_some(v as u32)),
        default: |o| json!(o.boost.early_stopping_rounds.unwrap_or(0)),
        elsewhere: &["early_stopping", "n_iter_no_change", "stopping_rounds"],
        meaning: "the iterations without a lower validation loss that end the search for their number; 0 for all n_estimators",
    },
    Spec {
        key: "validation_fraction", algorithms: BOOST,
        kind: Kind::Number(0.0, 1.0, |o, v| o.boost.validation_fraction = v), default: |o| json!(o.boost.validation_fraction),
        elsewhere: &["validation_split"], meaning: "the share of the training rows on which early stopping finds the number of iterations",
    },
    Spec {
        key: "scale_pos_weight", algorithms: BOOST,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.scale_pos_weight = Some(v)), default: |o| json!(o.scale_pos_weight),
        elsewhere: &["pos_weight"], meaning: "the weight of the positive class while learning",
    },
    Spec {
        key: "exposure", algorithms: BOOST,
        kind: Kind::Column(|o, v| o.exposure = Some(v)), default: |o| json!(o.exposure),
        elsewhere: &["exposure_column", "trials", "impressions"],
        meaning: "the column of how much each row stands for; what is predicted is the target for each unit of it",
    },
    Spec {
        key: "offset", algorithms: BOOST,
        kind: Kind::Column(|o, v| o.offset = Some(v)), default: |o| json!(o.offset),
        elsewhere: &["init_score", "base_margin", "offset_column", "baseline"],
        meaning: "the column that is added to the logarithm of the expected target while learning",
    },
    Spec {
        key: "monotone_constraints", algorithms: BOOST,
        kind: Kind::Directions(|o, v| o.monotone_constraints = v), default: |_| json!(null),
        elsewhere: &["monotone", "monotonic_cst", "monotone_constraint"],
        meaning: "the columns with which the prediction must not fall (1) or must not rise (-1)",
    },
    Spec {
        key: "interaction_constraints", algorithms: BOOST,
        kind: Kind::Groups(|o, v| o.interaction_constraints = v), default: |_| json!(null),
        elsewhere: &["interaction_cst", "interactions", "interaction_constraint"],
        meaning: "the sets of columns that may meet on a path through a tree; a column in none of them is not used",
    },
    Spec {
        key: "alpha", algorithms: BOOST,
        kind: Kind::Share(|o, v| o.boost.alpha = v), default: |o| json!(o.boost.alpha),
        elsewhere: &["quantile_alpha", "tau"], meaning: "the quantile of the objective \"quantile\"",
    },
    Spec {
        key: "tweedie_variance_power", algorithms: BOOST,
        kind: Kind::Number(1.0, 2.0, |o, v| o.boost.tweedie_variance_power = v.max(1.000_001)),
        default: |o| json!(o.boost.tweedie_variance_power),
        elsewhere: &["tweedie_power"], meaning: "the variance power of the objective \"tweedie\": nearer to 2 for heavier tails",
    },
    Spec {
        key: "max_bins", algorithms: BOOST,
        kind: Kind::Integer(2, boost::MOST_BINS as u64, |o, v| o.boost.max_bins = v as usize), default: |o| json!(o.boost.max_bins),
        elsewhere: &["max_bin"], meaning: "the most bins of a number",
    },
    Spec {
        key: "min_category_rows", algorithms: BOOST,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.boost.min_category_rows = v), default: |o| json!(o.boost.min_category_rows),
        elsewhere: &["min_data_per_group", "min_frequency"], meaning: "the fewest training rows of a level that is not pooled with the rare ones",
    },
    Spec {
        key: "cat_smooth", algorithms: BOOST,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.boost.cat_smooth = v), default: |o| json!(o.boost.cat_smooth),
        elsewhere: &["smooth", "smoothing"], meaning: "what is added to the second derivatives of a level before levels are put in order",
    },
    Spec {
        key: "max_subset_levels", algorithms: BOOST,
        kind: Kind::Integer(1, 250, |o, v| o.boost.max_subset_levels = v as usize), default: |o| json!(o.boost.max_subset_levels),
        elsewhere: &["max_cat_to_onehot", "one_hot_max_size"],
        meaning: "a category of more levels is cut as one number: what its levels say of the target in other rows",
    },
    Spec {
        key: "objective", algorithms: GENERALIZED,
        kind: Kind::Choice(&["poisson", "gamma", "tweedie"], |o, v| o.objective = Some(v)), default: |o| json!(o.objective),
        elsewhere: &["family", "loss", "distribution"],
        meaning: "what the target is: counts, amounts above 0, or amounts of which many are 0",
    },
    Spec {
        key: "tweedie_variance_power", algorithms: GENERALIZED,
        kind: Kind::Number(1.0, 2.0, |o, v| o.linear.power = v.max(1.000_001)), default: |o| json!(o.linear.power),
        elsewhere: &["tweedie_power", "power"], meaning: "the variance power of the objective \"tweedie\": nearer to 2 for heavier tails",
    },
    Spec {
        key: "exposure", algorithms: GENERALIZED,
        kind: Kind::Column(|o, v| o.exposure = Some(v)), default: |o| json!(o.exposure),
        elsewhere: &["exposure_column", "trials", "impressions"],
        meaning: "the column of how much each row stands for; what is predicted is the target for each unit of it",
    },
    Spec {
        key: "offset", algorithms: GENERALIZED,
        kind: Kind::Column(|o, v| o.offset = Some(v)), default: |o| json!(o.offset),
        elsewhere: &["init_score", "base_margin", "offset_column", "baseline"],
        meaning: "the column that is added to the logarithm of the expected target while learning",
    },
    Spec {
        key: "alpha", algorithms: PENALIZED,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.linear.alpha = Some(v)), default: |o| json!(o.linear.alpha),
        elsewhere: &["c", "l2_reg", "lambda", "penalty", "reg_lambda", "regparam", "l2_regularization"],
        meaning: "the penalty of coefficients of scaled columns, beside the sum of the losses of rows; 0 for none (1/C of scikit-learn)",
    },
    Spec {
        key: "alpha", algorithms: &[Ridge],
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.linear.alpha = Some(v)), default: |o| json!(o.linear.alpha),
        elsewhere: &["l2_reg", "lambda", "penalty", "reg_lambda", "regparam", "l2_regularization"],
        meaning: "the penalty of squared coefficients of scaled columns, beside the sum of the squared errors of rows",
    },
    Spec {
        key: "alpha", algorithms: CHOSEN,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.linear.alpha = Some(v)), default: |_| json!(null),
        elsewhere: &["l1_reg", "lambda", "penalty", "reg_alpha", "regparam", "l1_regularization"],
        meaning: "the penalty of coefficients of scaled columns, beside half the mean squared error; without it the one with the least error in five folds",
    },
    Spec {
        key: "l1_ratio", algorithms: PENALIZED,
        kind: Kind::Fraction(|o, v| o.linear.l1_ratio = v), default: |o| json!(o.linear.l1_ratio),
        elsewhere: &["elasticnetparam", "elastic_net_param", "mixing"],
        meaning: "the share of the penalty that is on absolute values, which makes coefficients 0",
    },
    Spec {
        key: "l1_ratio", algorithms: &[ElasticNet],
        kind: Kind::Fraction(|o, v| o.linear.l1_ratio = v), default: |o| json!(o.linear.l1_ratio),
        elsewhere: &["elasticnetparam", "elastic_net_param", "mixing"],
        meaning: "the share of the penalty that is on absolute values, which makes coefficients 0",
    },
    Spec {
        key: "max_iter", algorithms: STEPPED,
        kind: Kind::Integer(1, 100_000, |o, v| o.linear.max_iter = v as u32), default: |o| json!(o.linear.max_iter),
        elsewhere: &["iterations", "max_iterations", "num_iterations"], meaning: "the most steps",
    },
    Spec {
        key: "tol", algorithms: STEPPED,
        kind: Kind::Positive(|o, v| o.linear.tol = v), default: |o| json!(o.linear.tol),
        elsewhere: &["tolerance"], meaning: "how far the last step may move a coefficient of a scaled column",
    },
    Spec {
        key: "min_category_rows", algorithms: LINEAR,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.linear.min_category_rows = v), default: |o| json!(o.linear.min_category_rows),
        elsewhere: &["min_data_per_group", "min_frequency"], meaning: "the fewest training rows of a level that is not pooled with the rare ones",
    },
    Spec {
        key: "distribution", algorithms: BAYES,
        kind: Kind::Choice(&["gaussian", "multinomial", "bernoulli"], |o, v| o.bayes.distribution = named(&Distribution::NAMED, v)),
        default: |o| json!(o.bayes.distribution.name()),
        elsewhere: &["family", "model", "kernel", "event_model"],
        meaning: "what numbers are taken for: normal in each class, counts of one multinomial, or 0 and 1; categories, truth values and words are what they are",
    },
    Spec {
        key: "alpha", algorithms: BAYES,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.bayes.alpha = v), default: |o| json!(o.bayes.alpha),
        elsewhere: &["laplace", "smoothing", "fl"], meaning: "the rows that are added to each level, word or count of each class (Laplace)",
    },
    Spec {
        key: "var_smoothing", algorithms: BAYES,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.bayes.var_smoothing = v), default: |o| json!(o.bayes.var_smoothing),
        elsewhere: &["epsilon", "eps"], meaning: "the share of the largest variance of a number that is added to all variances",
    },
    Spec {
        key: "fit_prior", algorithms: BAYES,
        kind: Kind::Boolean(|o, v| o.bayes.fit_prior = v), default: |o| json!(o.bayes.fit_prior),
        elsewhere: &["prior", "priors", "class_prior"], meaning: "whether classes are as frequent as in training; equally frequent otherwise",
    },
    Spec {
        key: "min_category_rows", algorithms: BAYES,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.bayes.min_category_rows = v), default: |o| json!(o.bayes.min_category_rows),
        elsewhere: &["min_data_per_group", "min_frequency"], meaning: "the fewest training rows of a level that is not pooled with the rare ones",
    },
    Spec {
        key: "hidden_layers", algorithms: NETWORK,
        kind: Kind::Integers(MOST_LAYERS - 1, 1, WIDEST as u64, |o, v| o.network.hidden_layers = v.into_iter().map(|v| v as u32).collect()),
        default: |o| json!(o.network.hidden_layers),
        elsewhere: &["hidden_layer_sizes", "hidden_units", "layers", "hidden", "units"],
        meaning: "the list of how many numbers each hidden layer gives, from the first to the last",
    },
    Spec {
        key: "activation", algorithms: NETWORK,
        kind: Kind::Choice(&["relu", "tanh", "gelu"], |o, v| o.network.activation = named(&Activation::NAMED, v)),
        default: |o| json!(o.network.activation.name()),
        elsewhere: &["activation_fn", "activation_function", "nonlinearity"], meaning: "what hidden layers do to their sums",
    },
    Spec {
        key: "normalization", algorithms: NETWORK,
        kind: Kind::Choice(&["none", "batch", "layer"], |o, v| o.network.normalization = named(&Normalization::NAMED, v)),
        default: |o| json!(o.network.normalization.name()),
        elsewhere: &["batch_normalization", "batch_norm", "layer_norm", "normalisation"],
        meaning: "how the sums of hidden layers are brought to one scale: not at all, each by the rows of its batch, or those of a row by themselves",
    },
    Spec {
        key: "dropout", algorithms: NETWORK,
        kind: Kind::Number(0.0, 1.0, |o, v| o.network.dropout = v), default: |o| json!(o.network.dropout),
        elsewhere: &["dropout_rate", "hidden_dropout_ratios"], meaning: "the share of what hidden layers give that a row goes without while learning",
    },
    Spec {
        key: "optimizer", algorithms: NETWORK,
        kind: Kind::Choice(&["adam", "adamw", "sgd"], |o, v| o.network.optimizer = named(&Optimizer::NAMED, v)),
        default: |o| json!(o.network.optimizer.name()), elsewhere: &["solver", "optimiser"], meaning: "how weights follow slopes",
    },
    Spec {
        key: "learning_rate", algorithms: NETWORK,
        kind: Kind::Positive(|o, v| o.network.learning_rate = v), default: |o| json!(o.network.learning_rate),
        elsewhere: &["learning_rate_init", "eta", "shrinkage", "lr", "learn_rate", "rate"], meaning: "how far a step goes",
    },
    Spec {
        key: "learning_rate_schedule", algorithms: NETWORK,
        kind: Kind::Choice(&["constant", "cosine", "exponential", "plateau"], |o, v| o.network.schedule = named(&Schedule::NAMED, v)),
        default: |o| json!(o.network.schedule.name()),
        elsewhere: &["lr_schedule", "schedule", "lr_scheduler", "decay_schedule"],
        meaning: "how the learning rate changes from epoch to epoch: not at all, to nothing along half a wave, to a hundredth, or by halves where the loss got no lower for four epochs",
    },
    Spec {
        key: "momentum", algorithms: NETWORK,
        kind: Kind::Number(0.0, 1.0, |o, v| o.network.momentum = v), default: |o| json!(o.network.momentum),
        elsewhere: &["nesterov_momentum"], meaning: "what the steps before count in a step of the optimizer sgd",
    },
    Spec {
        key: "weight_decay", algorithms: NETWORK,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.network.weight_decay = Some(v)), default: |o| json!(o.network.weight_decay),
        elsewhere: &["alpha", "l2", "l2_reg", "kernel_regularizer", "reg_lambda"],
        meaning: "the penalty of the squares of weights, with adamw a share of weights that a step takes off; without it 0, with adamw 0.01",
    },
    Spec {
        key: "batch_size", algorithms: NETWORK,
        kind: Kind::Integer(1, 1 << 20, |o, v| o.network.batch_size = v as u32), default: |o| json!(o.network.batch_size),
        elsewhere: &["mini_batch_size", "minibatch_size"], meaning: "the rows of which a step sees the mean slope",
    },
    Spec {
        key: "epochs", algorithms: NETWORK,
        kind: Kind::Integer(1, 100_000, |o, v| o.network.epochs = v as u32), default: |o| json!(o.network.epochs),
        elsewhere: &["max_iter", "n_epochs", "num_epochs", "max_epochs", "n_estimators"], meaning: "how often all training rows are gone through, at most",
    },
    Spec {
        key: "early_stopping_rounds", algorithms: NETWORK,
        kind: Kind::Integer(0, 100_000, |o, v| o.network.early_stopping_rounds = (v > 0).then_some(v as u32)),
        default: |o| json!(o.network.early_stopping_rounds.unwrap_or(0)),
        elsewhere: &["early_stopping", "n_iter_no_change", "stopping_rounds", "patience"],
        meaning: "the epochs without a lower validation loss that end the training, of which the best epoch is kept; 0 for all epochs",
    },
    Spec {
        key: "validation_fraction", algorithms: NETWORK,
        kind: Kind::Number(0.0, 1.0, |o, v| o.network.validation_fraction = v), default: |o| json!(o.network.validation_fraction),
        elsewhere: &["validation_split"], meaning: "the share of the training rows on which early stopping finds the best epoch",
    },
    Spec {
        key: "embedding_dimension", algorithms: NETWORK,
        kind: Kind::IntegerOrAuto(1, 256, |o, v| o.network.embedding_dimension = v.map(|v| v as u32)),
        default: |o| json!(o.network.embedding_dimension),
        elsewhere: &["embedding_size", "embedding_dim", "emb_szs"],
        meaning: "the numbers that stand for a level of a category of more than 32 levels; without it by the number of levels, at most 50",
    },
    Spec {
        key: "min_category_rows", algorithms: NETWORK,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.network.min_category_rows = v), default: |o| json!(o.network.min_category_rows),
        elsewhere: &["min_data_per_group", "min_frequency"], meaning: "the fewest training rows of a level that is not pooled with the rare ones",
    },
    Spec {
        key: "warm_start", algorithms: NETWORK,
        kind: Kind::Boolean(|o, v| o.network.warm_start = v), default: |o| json!(o.network.warm_start),
        elsewhere: &["init_model", "transfer", "continue_training", "checkpoint"],
        meaning: "whether to go on from the weights of the deployed version, which must have the same hidden layers",
    },
    Spec {
        key: "n_neighbors", algorithms: NEIGHBORS,
        kind: Kind::Integer(1, 100_000, |o, v| o.neighbors.n_neighbors = v as u32), default: |o| json!(o.neighbors.n_neighbors),
        elsewhere: &["k", "neighbors", "neighbours", "n_neighbours", "num_neighbors", "kmax"],
        meaning: "the number of nearest training rows that answer; rows count by their weight, and those that are equally far at the last place share it",
    },
    Spec {
        key: "weights", algorithms: NEIGHBORS,
        kind: Kind::Choice(&["uniform", "distance"], |o, v| o.neighbors.weights = named(&Weighting::NAMED, v)),
        default: |o| json!(o.neighbors.weights.name()),
        elsewhere: &["weighting", "weight_function", "voting"],
        meaning: "what each neighbour counts: all the same, or one over its distance, where rows at no distance count alone",
    },
    Spec {
        key: "kernel", algorithms: MACHINE,
        kind: Kind::Choice(&["rbf", "linear"], |o, v| o.svm.kernel = named(&Likeness::NAMED, v)),
        default: |o| json!(o.svm.kernel.name()),
        elsewhere: &["kernel_type", "svm_type"],
        meaning: "how rows are compared: by their distance, or by a sum of what columns say",
    },
    Spec {
        key: "C", algorithms: MACHINE,
        kind: Kind::Positive(|o, v| o.svm.c = v), default: |o| json!(o.svm.c),
        elsewhere: &["cost", "penalty", "regularization"],
        meaning: "what a row costs that is on the wrong side: larger follows the rows more closely",
    },
    Spec {
        key: "gamma", algorithms: MACHINES,
        kind: Kind::Positive(|o, v| o.svm.gamma = Some(v)), default: |o| json!(o.svm.gamma),
        elsewhere: &["sigma", "bandwidth", "kernel_width"],
        meaning: "what squared distances are multiplied by in the kernel exp(-gamma * distance^2); without it 1 over the dimensions of the scaled space and their variance",
    },
    Spec {
        key: "epsilon", algorithms: MACHINE,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.svm.epsilon = v), default: |o| json!(o.svm.epsilon),
        elsewhere: &["eps", "tube"],
        meaning: "how far a predicted number may be off at no cost, in standard deviations of the target",
    },
    Spec {
        key: "nu", algorithms: ONE_CLASS,
        kind: Kind::Share(|o, v| o.svm.nu = v), default: |o| json!(o.svm.nu),
        elsewhere: &["contamination", "outlier_fraction", "outliers_fraction"],
        meaning: "the most of the training rows that are outside, with a score above 0.5",
    },
    Spec {
        key: "n_components", algorithms: MACHINE,
        kind: Kind::Integer(2, 4_000, |o, v| o.svm.n_components = Some(v as u32)), default: |o| json!(o.svm.n_components),
        elsewhere: &["landmarks", "num_components", "rank"],
        meaning: "the landmarks, training rows drawn, by which a radial kernel of more different rows is told; without it up to 5000 different rows are told exactly and more by 500, of a regression by 1500",
    },
    Spec {
        key: "max_iter", algorithms: MACHINES,
        kind: Kind::Integer(1, 1_000_000_000, |o, v| o.svm.max_iter = v as u32), default: |o| json!(o.svm.max_iter),
        elsewhere: &["iterations", "max_iterations", "num_iterations"], meaning: "the most steps of an exact machine",
    },
    Spec {
        key: "tol", algorithms: MACHINES,
        kind: Kind::Positive(|o, v| o.svm.tol = v), default: |o| json!(o.svm.tol),
        elsewhere: &["tolerance"], meaning: "how far the slopes of an exact machine may differ at the end",
    },
    Spec {
        key: "estimators", algorithms: ENSEMBLES,
        kind: Kind::Estimators(|o, v| o.ensemble.estimators = Some(v)), default: |_| json!(null),
        elsewhere: &["models", "base_models", "base_learners", "members", "learners", "algorithms"],
        meaning: "the learners, each by its name or as {\"algorithm\": ..., \"options\": {...}} with options of its own; without it gradient_boosting, random_forest and a linear model",
    },
    Spec {
        key: "weights", algorithms: &[Voting],
        kind: Kind::Numbers(|o, v| o.ensemble.weights = Some(v)), default: |o| json!(o.ensemble.weights),
        elsewhere: &["member_weights", "estimator_weights"],
        meaning: "what each estimator counts in the mean, in their order; without it all count the same",
    },
    Spec {
        key: "folds", algorithms: &[Stacking],
        kind: Kind::Integer(2, 100, |o, v| o.ensemble.folds = v as usize), default: |o| json!(o.ensemble.folds),
        elsewhere: &["cv", "n_folds", "nfolds", "n_splits"],
        meaning: "the folds in which training rows are answered by estimators that did not see them, for the final linear model",
    },
    Spec {
        key: "n_clusters", algorithms: COUNTED,
        kind: Kind::IntegerOrAuto(1, MOST_CLUSTERS as u64, |o, v| match v {
            Some(v) => (o.kmeans.n_clusters, o.kmeans.choose) = (v as u32, false),
            None => o.kmeans.choose = true,
        }),
        default: |o| json!(o.kmeans.n_clusters),
        elsewhere: &["k", "clusters", "segments", "num_clusters", "n_components"],
        meaning: "the number of segments; null or auto to find it",
    },
    Spec {
        key: "max_clusters", algorithms: COUNTED,
        kind: Kind::Integer(2, 100, |o, v| o.kmeans.max_clusters = v as u32), default: |o| json!(o.kmeans.max_clusters),
        elsewhere: &["max_k", "max_segments"], meaning: "the most segments where their number is to be found",
    },
    Spec {
        key: "n_init", algorithms: CLUSTER,
        kind: Kind::Integer(1, 1_000, |o, v| o.kmeans.n_init = v as u32), default: |o| json!(o.kmeans.n_init),
        elsewhere: &["starts", "restarts", "nstart"],
        meaning: "the number of starts, of which the best is kept; with batch_size the best start is gone on with, and centres that are given are one start",
    },
    Spec {
        key: "init", algorithms: CLUSTER,
        kind: Kind::Init(|o, v| o.kmeans.init = v), default: |o| json!(o.kmeans.init.name()),
        elsewhere: &["kmeans_init_method", "init_method", "start", "centers", "initial_centers", "seeding"],
        meaning: "where the centres start: rows far from each other, the same found in few rounds, rows drawn, or the centres given, in the units of the columns",
    },
    Spec {
        key: "batch_size", algorithms: CLUSTER,
        kind: Kind::Integer(1, 100_000_000, |o, v| o.kmeans.batch_size = Some(v as u32)), default: |o| json!(o.kmeans.batch_size),
        elsewhere: &["mini_batch", "minibatch", "batch"],
        meaning: "the rows of a mini-batch, drawn anew for each step; without it every iteration looks at all rows",
    },
    Spec {
        key: "max_iter", algorithms: CLUSTER,
        kind: Kind::Integer(1, 100_000, |o, v| o.kmeans.max_iter = v as u32), default: |o| json!(o.kmeans.max_iter),
        elsewhere: &["iterations", "max_iterations", "num_iterations"], meaning: "the most iterations of a start",
    },
    Spec {
        key: "tol", algorithms: CLUSTER,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.kmeans.tol = v), default: |o| json!(o.kmeans.tol),
        elsewhere: &["tolerance"], meaning: "the movement of the centres, relative to the variance, that ends a start",
    },
    Spec {
        key: "eps", algorithms: DENSITY,
        kind: Kind::Positive(|o, v| o.density.eps = Some(v)), default: |o| json!(o.density.eps),
        elsewhere: &["epsilon", "radius", "max_distance", "distance"],
        meaning: "how far a core row reaches in the scaled space; without it the knee of the distances to the nearest min_samples rows",
    },
    Spec {
        key: "min_samples", algorithms: DENSITY,
        kind: Kind::Integer(1, 1_000_000_000, |o, v| o.density.min_samples = v), default: |o| json!(o.density.min_samples),
        elsewhere: &["min_points", "minpts", "min_pts", "minpoints", "min_cluster_size"],
        meaning: "the rows, itself among them, that a core row has within its reach; rows count by their weight",
    },
    Spec {
        key: "max_categories", algorithms: SPACED,
        kind: Kind::Integer(1, 1_000, |o, v| o.kmeans.max_categories = v as u32), default: |o| json!(o.kmeans.max_categories),
        elsewhere: &["max_levels"], meaning: "the most levels of a category that count on their own",
    },
    Spec {
        key: "covariance_type", algorithms: MIXTURE,
        kind: Kind::Choice(&["full", "tied", "diag", "spherical"], |o, v| o.mixture.covariance = named(&Covariance::NAMED, v)),
        default: |o| json!(o.mixture.covariance.name()),
        elsewhere: &["covariance", "covariance_structure", "model_name", "shape"],
        meaning: "the shapes of segments: each its own, one for all, along the columns alone, or round",
    },
    Spec {
        key: "n_init", algorithms: MIXTURE,
        kind: Kind::Integer(1, 1_000, |o, v| o.mixture.n_init = v as u32), default: |o| json!(o.mixture.n_init),
        elsewhere: &["starts", "restarts", "nstart"], meaning: "the number of starts, of which the most likely is kept",
    },
    Spec {
        key: "max_iter", algorithms: MIXTURE,
        kind: Kind::Integer(1, 100_000, |o, v| o.mixture.max_iter = v as u32), default: |o| json!(o.mixture.max_iter),
        elsewhere: &["iterations", "max_iterations", "num_iterations"], meaning: "the most iterations of a start",
    },
    Spec {
        key: "tol", algorithms: MIXTURE,
        kind: Kind::Number(0.0, f64::INFINITY, |o, v| o.mixture.tol = v), default: |o| json!(o.mixture.tol),
        elsewhere: &["tolerance"], meaning: "the gain of the mean log likelihood of a row that ends a start",
    },
    Spec {
        key: "reg_covar", algorithms: MIXTURE,
        kind: Kind::Number(0.0, 1e6, |o, v| o.mixture.reg_covar = v), default: |o| json!(o.mixture.reg_covar),
        elsewhere: &["regularization", "reg_covariance", "epsilon"],
        meaning: "what is added to the variance of each scaled column, so that no segment is a point",
    },
    Spec {
        key: "n_estimators", algorithms: ISOLATION,
        kind: Kind::Integer(1, 10_000, |o, v| o.isolation.n_estimators = v as u32), default: |o| json!(o.isolation.n_estimators),
        elsewhere: &["ntrees", "n_trees", "num_trees", "trees", "ntree"], meaning: "the number of trees",
    },
    Spec {
        key: "max_samples", algorithms: ISOLATION,
        kind: Kind::Part(&[], |o, v| o.isolation.max_samples = v), default: |_| json!(256),
        elsewhere: &["sample_size", "subsample", "sample_fraction", "psi"], meaning: "the rows drawn for a tree, without replacement",
    },
    Spec {
        key: "max_features", algorithms: ISOLATION,
        kind: Kind::Part(FEATURES, |o, v| o.isolation.max_features = v), default: |_| json!("all"),
        elsewhere: &["mtry", "colsample_bytree", "feature_fraction"], meaning: "the features drawn for a tree",
    },
    Spec {
        key: "min_category_rows", algorithms: ISOLATION,
        kind: Kind::Integer(1, MOST_ROWS, |o, v| o.isolation.min_category_rows = Some(v)), default: |o| json!(o.isolation.min_category_rows),
        elsewhere: &["min_data_per_group", "min_frequency"],
        meaning: "the fewest training rows of a level that is not pooled with the rare ones; without it a tenth of a row among those drawn for a tree",
    },
    Spec {
        key: "scaling", algorithms: DISTANCES,
        kind: Kind::Choice(&["auto", "standard", "log", "none"], |o, v| {
            let named = Scaling::NAMED.iter().find(|named| named.0 == v);
            o.kmeans.scaling = named.map_or(Scaling::Auto, |named| named.1);
        }),
        default: |o| json!(o.kmeans.scaling.name()),
        elsewhere: &["standardize", "standardise", "normalize", "standardize_features", "scale", "scaler"],
        meaning: "how numbers are made comparable: less their mean and over their standard deviation (\"standard\"), by their logarithm and then so (\"log\"), so where they are skewed (\"auto\"), or as they are (\"none\")",
    },
    Spec {
        key: "feature_weights", algorithms: DESCRIBED,
        kind: Kind::Weights(|o, v| o.feature_weights = v), default: |_| json!(null),
        elsewhere: &["column_weights", "weights_by_column", "variable_weights"],
        meaning: "by column, what its squared differences are multiplied by: 0 for a column that only describes segments, 1 for one that is not named",
    },
    Spec {
        key: "feature_weights", algorithms: WEIGHTED_SPACE,
        kind: Kind::Weights(|o, v| o.feature_weights = v), default: |_| json!(null),
        elsewhere: &["column_weights", "weights_by_column", "variable_weights"],
        meaning: "by column, what its squared differences are multiplied by: 0 for a column that does not count, 1 for one that is not named",
    },
    Spec {
        key: "distance", algorithms: DISTANCES,
        kind: Kind::Choice(&["euclidean", "cosine"], |o, v| o.cosine = v == "cosine"),
        default: |o| json!(if o.cosine { "cosine" } else { "euclidean" }),
        elsewhere: &["distance_type", "metric", "affinity", "distance_metric"],
        meaning: "how arrays are compared: number by number, or by the angle between them",
    },
    Spec {
        key: "gamma", algorithms: PROTOTYPES,
        kind: Kind::Number(0.0, 1e12, |o, v| o.kmeans.gamma = Some(v)), default: |o| json!(o.kmeans.gamma),
        elsewhere: &["lambda", "categorical_weight"],
        meaning: "what a level other than that of the centre adds to the squared distance; without it each category counts as much as a number",
    },
    Spec {
        key: "n_components", algorithms: COMPONENTS,
        kind: Kind::Part(&[], |o, v| o.pca.n_components = Some(v)), default: |_| json!(null),
        elsewhere: &["k", "components", "ncomp", "rank", "max_components", "pca_components"],
        meaning: "the number of components, or the share of the variance that they explain together; without it all that there are, up to 256",
    },
    Spec {
        key: "whiten", algorithms: COMPONENTS,
        kind: Kind::Boolean(|o, v| o.pca.whiten = v), default: |o| json!(o.pca.whiten),
        elsewhere: &["whitening"], meaning: "whether components are divided by their standard deviation",
    },
    Spec {
        key: "scale", algorithms: COMPONENTS,
        kind: Kind::Boolean(|o, v| o.pca.scale = v), default: |o| json!(o.pca.scale),
        elsewhere: &["scale.", "standardize", "standardise", "normalize", "scaling", "transform"],
        meaning: "whether columns are brought to one scale first, and not only centred",
    },
    Spec {
        key: "max_categories", algorithms: COMPONENTS,
        kind: Kind::Integer(1, 1_000, |o, v| o.pca.max_categories = v as u32), default: |o| json!(o.pca.max_categories),
        elsewhere: &["max_levels"], meaning: "the most levels of a category that count on their own",
    },
    Spec {
        key: "value_column", algorithms: SEGMENTS,
        kind: Kind::Column(|o, v| o.value_column = Some(v)), default: |o| json!(o.value_column),
        elsewhere: &["value", "money", "amount", "revenue_column"],
        meaning: "the column of what a row is worth, by which segments are described and not made",
    },
    Spec {
        key: "keep_numbers", algorithms: SEGMENTS,
        kind: Kind::Boolean(|o, v| o.keep_numbers = v), default: |o| json!(o.keep_numbers),
        elsewhere: &["keep_labels", "stable_numbers"],
        meaning: "whether segments keep the numbers and names of those of the version before that they are most alike",
    },
];

fn set_criterion(options: &mut Options, word: &'static str) {
    options.criterion_given = true;
    let criterion = match word {
        "gini" => Criterion::Gini,
        "squared_error" => Criterion::SquaredError,
        // log_loss is scikit-learn's other word for it.
        _ => Criterion::Entropy,
    };
    (options.tree.criterion, options.forest.criterion) = (criterion, criterion);
}

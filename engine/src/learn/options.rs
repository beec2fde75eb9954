//! Options: JSON whose keys are the field's own terms, checked before anything is read.
//!
//! One table ([`table`]) says which options there are, for whom, of what type and range, and where the value goes; the check, the
//! messages, `orchard.options` and the README all come from it. A new algorithm is a few rows there.

mod spec;
mod table;
mod tuning;
mod uplift;

pub(crate) use spec::{nearest, shorten};
pub use spec::{Kind, Spec};
pub use tuning::MOST_TRIALS;

use serde_json::{Map, Value};

use crate::clean::step::Step;
use crate::error::{Error, Result};
use crate::learn::bayes::BayesParams;
use crate::learn::boost::BoostParams;
use crate::learn::calibrate::Method;
use crate::learn::density::DensityParams;
use crate::learn::ensemble::EnsembleParams;
use crate::learn::forest::ForestParams;
use crate::learn::isolation::IsolationParams;
use crate::learn::kmeans::gaussian::MixtureParams;
use crate::learn::kmeans::{Init, KMeansParams, Scaling};
use crate::learn::linear::LinearParams;
use crate::learn::neighbors::NeighborsParams;
use crate::learn::network::{NetworkParams, Optimizer};
use crate::learn::pca::PcaParams;
use crate::learn::recommend::RecommendParams;
use crate::learn::svm::{Likeness, SvmParams};
use crate::learn::tree::TreeParams;
use crate::learn::tune::TuneParams;
use crate::learn::uplift::UpliftParams;
use table::SPECS;
pub use tuning::BUDGET;
use tuning::{NOT_SEARCHED, TUNING};

/// A learner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// One decision tree.
    DecisionTree,
    /// The mean of trees grown on rows drawn anew.
    RandomForest,
    /// The mean of trees whose cuts are drawn.
    ExtraTrees,
    /// Trees that each correct those before.
    GradientBoosting,
    /// The log-odds of a class, a sum of what columns say.
    LogisticRegression,
    /// A number, a sum of what columns say, by least squares.
    LinearRegression,
    /// The same with a penalty on squares.
    Ridge,
    /// The same with penalties on absolute values and squares.
    ElasticNet,
    /// The same with a penalty on absolute values.
    Lasso,
    /// The logarithm of a mean, a sum of what columns say: generalized linear models of counts and amounts.
    Glm,
    /// Features that know nothing of each other.
    NaiveBayes,
    /// The rows that are nearest.
    Knn,
    /// Layers of weights.
    NeuralNetwork,
    /// A support vector machine.
    Svm,
    /// k-means clustering.
    KMeans,
    /// k-means whose centres have one level of each category.
    KPrototypes,
    /// Clustering by a mixture of Gaussians.
    GaussianMixture,
    /// Trees whose cuts are drawn, to tell which rows are unlike the others.
    IsolationForest,
    /// A support vector machine that tells which rows are unlike the others.
    OneClassSvm,
    /// Principal components.
    Pca,
    /// Clustering of rows that are dense.
    Dbscan,
    /// The mean of what several learners say.
    Voting,
    /// A linear model of what several learners say.
    Stacking,
    /// What a treatment changes, by a model of rows that had it and one of rows that had none.
    TLearner,
    /// The same, by models of what these two say beside what was.
    XLearner,
    /// The same, by what is left of the target and of the treatment once both are expected.
    RLearner,
    /// A tree that parts rows by what a treatment changes.
    UpliftTree,
    /// Many such trees.
    UpliftForest,
    /// Factors of users and items, by alternating least squares.
    Als,
    /// Items like those that a user has.
    ItemKnn,
    /// Items that follow, by association rules, from those that a user has.
    AssociationRules,
    /// Items that are described as those are that a user has.
    Content,
    /// What most users like.
    Popular,
    /// Forecasts of series, each by the method that did best in its past.
    Forecast,
    /// When customers buy and leave, with what they spend.
    BgNbd,
}

/// Below this many rows `auto` takes a random forest. Defaults on draws from eight tables, its loss by that of boosting, the mean of the
/// tables: 60 rows 0.89, 150 rows 0.95, 400 rows 1.04, 1,000 rows 1.09.
const FEW_ROWS: usize = 250;

impl Algorithm {
    /// All learners, those first that learn best from most tables.
    pub const ALL: [Algorithm; 35] = [
        Algorithm::GradientBoosting,
        Algorithm::RandomForest,
        Algorithm::ExtraTrees,
        Algorithm::DecisionTree,
        Algorithm::LogisticRegression,
        Algorithm::LinearRegression,
        Algorithm::Ridge,
        Algorithm::ElasticNet,
        Algorithm::Lasso,
        Algorithm::Glm,
        Algorithm::NaiveBayes,
        Algorithm::Knn,
        Algorithm::NeuralNetwork,
        Algorithm::Svm,
        Algorithm::KMeans,
        Algorithm::KPrototypes,
        Algorithm::GaussianMixture,
        Algorithm::IsolationForest,
        Algorithm::OneClassSvm,
        Algorithm::Pca,
        Algorithm::Dbscan,
        Algorithm::Voting,
        Algorithm::Stacking,
        Algorithm::XLearner,
        Algorithm::TLearner,
        Algorithm::RLearner,
        Algorithm::UpliftForest,
        Algorithm::UpliftTree,
        Algorithm::Als,
        Algorithm::ItemKnn,
        Algorithm::AssociationRules,
        Algorithm::Content,
        Algorithm::Popular,
        Algorithm::Forecast,
        Algorithm::BgNbd,
    ];

    /// The algorithm of a name, in any case; `auto` is gradient_boosting with a target and kmeans without.
    ///
    /// Fails with [`Error::InvalidOption`] that lists the names.
    pub fn parse(name: &str, has_target: bool) -> Result<Algorithm> {
        if name.eq_ignore_ascii_case("auto") {
            return Ok(if has_target { Algorithm::GradientBoosting } else { Algorithm::KMeans });
        }
        Algorithm::ALL.into_iter().find(|a| name.eq_ignore_ascii_case(a.name())).ok_or_else(|| {
            let names: Vec<&str> = std::iter::once("auto").chain(Algorithm::ALL.map(Algorithm::name)).collect();
            let guess = spec::nearest(name, names.iter().copied()).map_or_else(String::new, did_you_mean);
            Error::option(
                format!("unrecognized algorithm \"{name}\""),
                format!("{guess}Valid algorithms are: {}.", names.join(", ")),
            )
        })
    }

    /// The learner for `auto`, and why: without a target kmeans; with one the first of those that learn best from most tables that has all
    /// the options that are given. Once the `rows` are known the choice may be another.
    pub fn choose(given: &Value, has_target: bool, rows: Option<usize>) -> (Algorithm, String) {
        if !has_target {
            return (Algorithm::KMeans, "there is no target".into());
        }
        let keys = || given.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
        let is_option = |key: &str, algorithm| specs(algorithm).any(|s| s.key == key);
        let fits = |algorithm: &Algorithm| keys().all(|key| is_option(key, *algorithm));
        let first = Algorithm::ALL[0];
        if let Some(rows) = rows.filter(|&rows| rows < FEW_ROWS && fits(&first) && fits(&Algorithm::RandomForest)) {
            return (Algorithm::RandomForest, format!("it learns best from few rows, here {rows}"));
        }
        match Algorithm::ALL.into_iter().filter(|a| a.needs_target() && !a.is_additive()).find(fits) {
            Some(other) if other != first => {
                let key = keys().find(|key| !is_option(key, first)).unwrap_or_default();
                (other, format!("\"{key}\" is not an option of {}", first.name()))
            }
            // Where no learner has all the options, the error lists those of this one.
            _ => (first, "it learns best from most tables".into()),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::DecisionTree => "decision_tree",
            Algorithm::RandomForest => "random_forest",
            Algorithm::ExtraTrees => "extra_trees",
            Algorithm::GradientBoosting => "gradient_boosting",
            Algorithm::LogisticRegression => "logistic_regression",
            Algorithm::LinearRegression => "linear_regression",
            Algorithm::Ridge => "ridge",
            Algorithm::ElasticNet => "elastic_net",
            Algorithm::Lasso => "lasso",
            Algorithm::Glm => "glm",
            Algorithm::NaiveBayes => "naive_bayes",
            Algorithm::Knn => "knn",
            Algorithm::NeuralNetwork => "neural_network",
            Algorithm::Svm => "svm",
            Algorithm::KMeans => "kmeans",
            Algorithm::KPrototypes => "kprototypes",
            Algorithm::GaussianMixture => "gaussian_mixture",
            Algorithm::IsolationForest => "isolation_forest",
            Algorithm::OneClassSvm => "one_class_svm",
            Algorithm::Pca => "pca",
            Algorithm::Dbscan => "dbscan",
            Algorithm::Voting => "voting",
            Algorithm::Stacking => "stacking",
            Algorithm::TLearner => "t_learner",
            Algorithm::XLearner => "x_learner",
            Algorithm::RLearner => "r_learner",
            Algorithm::UpliftTree => "uplift_tree",
            Algorithm::UpliftForest => "uplift_forest",
            Algorithm::Als => "als",
            Algorithm::ItemKnn => "item_knn",
            Algorithm::AssociationRules => "association_rules",
            Algorithm::Content => "content",
            Algorithm::Popular => "popular",
            Algorithm::Forecast => "forecast",
            Algorithm::BgNbd => "bg_nbd",
        }
    }

    /// Whether it finds segments.
    pub fn is_clustering(self) -> bool {
        matches!(self, Algorithm::KMeans | Algorithm::KPrototypes | Algorithm::GaussianMixture | Algorithm::Dbscan)
    }

    /// Whether it learns from columns as scoring reads them, neither binned nor in a space.
    pub fn reads_values(self) -> bool {
        self.is_additive() || self == Algorithm::NeuralNetwork
    }

    /// Whether it learns from users and items, with or without ratings, and not from columns.
    pub fn recommends(self) -> bool {
        matches!(
            self,
            Algorithm::Als | Algorithm::ItemKnn | Algorithm::AssociationRules | Algorithm::Content | Algorithm::Popular
        )
    }

    /// Whether it learns from series or from the purchases of customers, and not from rows of columns.
    pub fn stands_alone(self) -> bool {
        matches!(self, Algorithm::Forecast | Algorithm::BgNbd)
    }

    /// Whether its models have members.
    pub fn is_ensemble(self) -> bool {
        matches!(self, Algorithm::Voting | Algorithm::Stacking)
    }

    /// Whether it learns what a treatment changes.
    pub fn is_uplift(self) -> bool {
        self.is_meta() || matches!(self, Algorithm::UpliftTree | Algorithm::UpliftForest)
    }

    /// Whether it learns that by other learners.
    pub fn is_meta(self) -> bool {
        matches!(self, Algorithm::TLearner | Algorithm::XLearner | Algorithm::RLearner)
    }

    /// Whether it predicts a target as it is, by itself.
    pub fn can_be_member(self) -> bool {
        self.needs_target() && !self.is_ensemble() && !self.is_uplift() && !self.stands_alone()
    }

    /// The learners that can be members of an ensemble.
    pub fn members() -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.into_iter().filter(|a| a.can_be_member())
    }

    /// Whether its score is a sum of what columns say.
    pub fn is_additive(self) -> bool {
        matches!(
            self,
            Algorithm::LogisticRegression
                | Algorithm::LinearRegression
                | Algorithm::Ridge
                | Algorithm::ElasticNet
                | Algorithm::Lasso
                | Algorithm::Glm
                | Algorithm::NaiveBayes
        )
    }

    /// Whether it learns from rows as points of a space.
    pub fn is_spaced(self) -> bool {
        matches!(self, Algorithm::Knn | Algorithm::Svm | Algorithm::OneClassSvm)
    }

    /// The only task it is for; `None` where the target decides, or there is none.
    pub fn task(self) -> Option<&'static str> {
        match self {
            Algorithm::LogisticRegression | Algorithm::NaiveBayes => Some("classification"),
            Algorithm::LinearRegression
            | Algorithm::Ridge
            | Algorithm::ElasticNet
            | Algorithm::Lasso
            | Algorithm::Glm => Some("regression"),
            _ => None,
        }
    }

    /// Whether it learns to predict a column.
    pub fn needs_target(self) -> bool {
        match self {
            Algorithm::DecisionTree
            | Algorithm::RandomForest
            | Algorithm::ExtraTrees
            | Algorithm::GradientBoosting
            | Algorithm::LogisticRegression
            | Algorithm::LinearRegression
            | Algorithm::Ridge
            | Algorithm::ElasticNet
            | Algorithm::Lasso
            | Algorithm::Glm
            | Algorithm::NaiveBayes
            | Algorithm::Knn
            | Algorithm::NeuralNetwork
            | Algorithm::Svm
            | Algorithm::Voting
            | Algorithm::Stacking
            | Algorithm::TLearner
            | Algorithm::XLearner
            | Algorithm::RLearner
            | Algorithm::UpliftTree
            | Algorithm::UpliftForest
            | Algorithm::Forecast => true,
            Algorithm::KMeans
            | Algorithm::KPrototypes
            | Algorithm::GaussianMixture
            | Algorithm::IsolationForest
            | Algorithm::OneClassSvm
            | Algorithm::Pca
            | Algorithm::Dbscan
            | Algorithm::Als
            | Algorithm::ItemKnn
            | Algorithm::AssociationRules
            | Algorithm::Content
            | Algorithm::Popular
            | Algorithm::BgNbd => false,
        }
    }
}

/// Weights of the classes while learning.
#[derive(Debug, Clone, PartialEq)]
pub enum ClassWeight {
    /// All 1.
    None,
    /// Inversely proportional to the classes' rows.
    Balanced,
    /// By label, above 0 and finite; 1 for a class that is not named.
    Map(Vec<(String, f64)>),
}

/// How columns are cleaned.
#[derive(Debug, Clone, PartialEq)]
pub enum Clean {
    /// By what the profile of each column of texts suggests.
    Auto,
    /// By these steps.
    Steps(Vec<Step>),
}

/// What is done with columns of personal data: e-mail addresses, telephone numbers and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PersonalData {
    /// They are left out, unless they are asked for by name.
    Exclude,
    /// A keyed hash of each value is learned from.
    Mask,
    /// They are learned from as they are.
    Keep,
    /// They are an error.
    Refuse,
}

/// Checked options. Whether columns and labels exist is known only when the source is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Columns to use, at least one; all that are left when `None`.
    pub features: Option<Vec<String>>,
    /// Columns not to use; none of them is in `features`.
    pub exclude: Vec<String>,
    /// How columns are cleaned before they are learned from; not at all when `None`.
    pub clean: Option<Clean>,
    /// The share of rows held out, 0 to below 1.
    pub holdout: f64,
    /// Whether the model that is kept is learned again from all rows once it was judged.
    pub refit: bool,
    /// Whether the worth of columns is found on the held-out rows.
    pub importance: bool,
    /// The label of the positive class, spelled as labels are.
    pub positive_class: Option<String>,
    /// The column by which the latest rows are held out; never together with `group_columns`.
    pub time_column: Option<String>,
    /// The columns whose groups are kept whole by the holdout.
    pub group_columns: Vec<String>,
    /// The column of row weights.
    pub sample_weight: Option<String>,
    /// The fewest training rows that anything which is kept stands for: a leaf, a level, a word, a segment.
    pub min_group: u64,
    /// What is done with columns of personal data.
    pub personal_data: PersonalData,
    /// Columns that the model which is trained again reads: whether they hold personal data was decided then.
    pub known_columns: Vec<String>,
    /// Those of them that it masks.
    pub masked_columns: Vec<String>,
    /// Whether dates and timestamps give their parts as features.
    pub date_parts: bool,
    /// Columns of free text.
    pub text_columns: Vec<String>,
    /// The most tokens of a column of free text.
    pub max_text_features: usize,
    /// `classification` or `regression`; by the target when `None`.
    pub task: Option<String>,
    /// The seed of everything drawn.
    pub seed: u64,
    /// Whether the new version is used at once.
    pub deploy: bool,
    /// Weights of the classes.
    pub class_weight: ClassWeight,
    /// Whether the exact splitter is asked for.
    pub exact: bool,
    /// Whether the criterion was named.
    pub criterion_given: bool,
    /// For decision_tree.
    pub tree: TreeParams,
    /// For random_forest and extra_trees; the seed is [`Options::seed`].
    pub forest: ForestParams,
    /// The loss of gradient_boosting, by its name.
    pub objective: Option<&'static str>,
    /// The weight of the positive class.
    pub scale_pos_weight: Option<f64>,
    /// How probabilities are calibrated.
    pub calibration: Method,
    /// The column of how much of time, area or chances a row stands for.
    pub exposure: Option<String>,
    /// The column that is added to the logarithm of the prediction.
    pub offset: Option<String>,
    /// Columns and which way the prediction may go while they rise.
    pub monotone_constraints: Vec<(String, i8)>,
    /// By column, what its squared differences count in a space; 1 for a column that is not named.
    pub feature_weights: Vec<(String, f64)>,
    /// Whether only the direction of an array counts in a space.
    pub cosine: bool,
    /// Sets of columns that may meet; all may where there is none.
    pub interaction_constraints: Vec<Vec<String>>,
    /// For gradient_boosting; the seed is [`Options::seed`].
    pub boost: BoostParams,
    /// For linear models.
    pub linear: LinearParams,
    /// For naive_bayes.
    pub bayes: BayesParams,
    /// For knn.
    pub neighbors: NeighborsParams,
    /// For neural_network; the seed is [`Options::seed`].
    pub network: NetworkParams,
    /// For svm and one_class_svm; the seed is [`Options::seed`].
    pub svm: SvmParams,
    /// For voting and stacking, and for learners of uplift that learn by others.
    pub ensemble: EnsembleParams,
    /// For learners of uplift; the seed is [`Options::seed`].
    pub uplift: UpliftParams,
    /// The column of what a row is worth, which is no feature.
    pub value_column: Option<String>,
    /// Whether segments keep the numbers and names of those of the version before.
    pub keep_numbers: bool,
    /// For kmeans; the seed is [`Options::seed`].
    pub kmeans: KMeansParams,
    /// For gaussian_mixture; what it has in common with kmeans is set there.
    pub mixture: MixtureParams,
    /// For isolation_forest; the seed is [`Options::seed`].
    pub isolation: IsolationParams,
    /// For pca.
    pub pca: PcaParams,
    /// For dbscan.
    pub density: DensityParams,
    /// For learners that recommend; the seed is [`Options::seed`].
    pub recommend: RecommendParams,
    /// For `orchard.tune`; a training does not look at it.
    pub tune: TuneParams,
}

impl Options {
    /// The defaults of an algorithm. What is an algorithm's own comes from the default of its parameters.
    pub fn new(algorithm: Algorithm) -> Options {
        let machine = matches!(algorithm, Algorithm::Svm | Algorithm::OneClassSvm);
        // Levels of machines are 0 and 1, and as many as are seen.
        let max_categories = if machine { 100 } else { KMeansParams::default().max_categories };
        Options {
            features: None,
            exclude: Vec::new(),
            // A clustering is judged on the rows it describes.
            holdout: if algorithm.needs_target() || algorithm.recommends() || algorithm.stands_alone() {
                0.2
            } else {
                0.0
            },
            // Who is recommended items has them all.
            refit: algorithm.recommends(),
            importance: false,
            positive_class: None,
            time_column: None,
            group_columns: Vec::new(),
            sample_weight: None,
            clean: None,
            min_group: 1,
            personal_data: PersonalData::Exclude,
            known_columns: Vec::new(),
            masked_columns: Vec::new(),
            // Parts of a date are no numbers to measure distances by.
            date_parts: !algorithm.is_spaced(),
            text_columns: Vec::new(),
            max_text_features: 100,
            task: algorithm.task().map(str::to_owned),
            seed: 42,
            deploy: true,
            class_weight: ClassWeight::None,
            exact: false,
            criterion_given: false,
            tree: match algorithm.is_uplift() {
                true => UpliftParams::tree(algorithm),
                false => TreeParams::default(),
            },
            forest: match algorithm {
                Algorithm::ExtraTrees => ForestParams::extra_trees(),
                _ => ForestParams::default(),
            },
            objective: (algorithm == Algorithm::Glm).then_some("poisson"),
            scale_pos_weight: None,
            calibration: Method::None,
            exposure: None,
            offset: None,
            monotone_constraints: Vec::new(),
            feature_weights: Vec::new(),
            cosine: false,
            interaction_constraints: Vec::new(),
            boost: BoostParams::default(),
            linear: LinearParams::of(algorithm),
            bayes: BayesParams::default(),
            neighbors: NeighborsParams::default(),
            network: NetworkParams::default(),
            svm: SvmParams::default(),
            ensemble: EnsembleParams {
                estimators: algorithm.is_meta().then(|| UpliftParams::default().estimators()),
                ..EnsembleParams::default()
            },
            uplift: UpliftParams::of(algorithm),
            value_column: None,
            keep_numbers: true,
            kmeans: KMeansParams {
                modes: algorithm == Algorithm::KPrototypes,
                // A row far from all others makes a column skewed, and is what dense parts leave out.
                scaling: match algorithm {
                    Algorithm::Dbscan | Algorithm::Knn | Algorithm::Svm | Algorithm::OneClassSvm => Scaling::Standard,
                    _ => Scaling::Auto,
                },
                gamma: machine.then_some(2.0),
                max_categories,
                ..KMeansParams::default()
            },
            mixture: MixtureParams { max_categories, ..MixtureParams::default() },
            isolation: IsolationParams::default(),
            pca: PcaParams::default(),
            density: DensityParams::default(),
            recommend: RecommendParams::default(),
            tune: TuneParams::default(),
        }
    }

    /// Check the options given for an algorithm: an object, in which null stands for the default.
    ///
    /// Fails with [`Error::InvalidOption`] for an unknown key, another algorithm's key, a value of the wrong type or out of range,
    /// and options that contradict each other.
    pub fn parse(value: &Value, algorithm: Algorithm) -> Result<Options> {
        let mut options = Options::new(algorithm);
        let given = match value {
            Value::Null => return Ok(options),
            Value::Object(map) => map,
            _ => return Err(Error::option("options must be a JSON object", "Write for example '{\"max_depth\": 6}'.")),
        };
        let keeps_rows = algorithm == Algorithm::Dbscan || algorithm.is_spaced();
        if keeps_rows && given.contains_key("min_group") {
            let message =
                format!("option \"min_group\" is not for {}, whose models keep rows as they are", algorithm.name());
            let other = match algorithm {
                Algorithm::Dbscan => "kmeans, whose models keep means",
                Algorithm::OneClassSvm => "isolation_forest, whose leaves stand for groups",
                _ => "gradient_boosting, whose leaves stand for groups",
            };
            return Err(Error::option(message, format!("Leave it out, or use {other}.")));
        }
        for (key, value) in given {
            let spec = find(key, algorithm)?;
            if !value.is_null() || spec.takes_null() {
                spec.set(&mut options, value, algorithm)?;
            }
        }
        options.count_centres(given)?;
        options.kmeans.seed = options.seed;
        options.isolation.seed = options.seed;
        options.svm.seed = options.seed;
        options.boost.seed = options.seed;
        options.forest.seed = options.seed;
        options.tree.min_group = options.min_group;
        options.forest.min_group = options.min_group;
        options.boost.min_group = options.min_group;
        options.kmeans.min_group = options.min_group;
        options.isolation.min_group = options.min_group;
        options.pca.min_group = options.min_group;
        options.linear.min_group = options.min_group;
        options.bayes.min_group = options.min_group;
        options.network.min_group = options.min_group;
        options.network.seed = options.seed;
        options.share_with_mixture();
        if algorithm.is_meta() {
            options.ensemble.estimators = Some(options.uplift.estimators());
            options.ensemble.share(given, algorithm);
            options.check_learners()?;
        }
        if algorithm.is_ensemble() {
            options.ensemble.share(given, algorithm);
            options.task = options.ensemble.task(options.task.as_deref())?;
            options.ensemble.check(algorithm)?;
        }
        options.check_together()?;
        Ok(options)
    }

    /// The learners of uplift are for the task at hand, and for numbers.
    fn check_learners(&mut self) -> Result<()> {
        let members = self.ensemble.members(true)?;
        let [base, effect] = [0, 1].map(|at| members.get(at).map(|m| (m.algorithm, m.options.clone())));
        if let Some((algorithm, _)) = effect.filter(|(algorithm, _)| algorithm.task() == Some("classification")) {
            return Err(Error::option(
                format!(
                    "option \"effect_learner\" names {}, which learns classes, and effects are numbers",
                    algorithm.name()
                ),
                "Name a learner of numbers, for example \"ridge\" or \"gradient_boosting\".",
            ));
        }
        let own = base.and_then(|(algorithm, options)| {
            let by_objective = options.objective.map(|o| if o == "log_loss" { "classification" } else { "regression" });
            algorithm.task().or(by_objective).map(|task| (algorithm, task))
        });
        match (own, self.task.as_deref()) {
            (Some((algorithm, task)), Some(asked)) if task != asked => Err(Error::option(
                format!(
                    "option \"base_learner\" names {}, which is for a {task}, but the task is {asked}",
                    algorithm.name()
                ),
                "Name a learner of that task.",
            )),
            (Some((_, task)), None) => {
                self.task = Some(task.to_owned());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Learn for as many iterations of boosting, or epochs of a network, as are known to be enough.
    pub fn end_after(&mut self, iterations: u32) {
        self.boost.n_estimators = iterations;
        self.boost.early_stopping_rounds = None;
        self.network.last_epoch = Some(iterations);
        self.network.early_stopping_rounds = None;
    }

    /// A mixture has the options of all clusterings from where those are set.
    fn share_with_mixture(&mut self) {
        let KMeansParams { n_clusters, choose, max_clusters, seed, max_categories, min_group, .. } = self.kmeans;
        let own = std::mem::take(&mut self.mixture);
        self.mixture = MixtureParams { n_clusters, choose, max_clusters, seed, max_categories, min_group, ..own };
    }

    /// Where centres are given, there are as many segments.
    fn count_centres(&mut self, given: &Map<String, Value>) -> Result<()> {
        let Init::Given(centres) = &self.kmeans.init else { return Ok(()) };
        let count = centres.len() as u32;
        let but = match self.kmeans.choose {
            true => "is to be found".to_owned(),
            false => format!("is {}", self.kmeans.n_clusters),
        };
        if given.contains_key("n_clusters") && (self.kmeans.choose || self.kmeans.n_clusters != count) {
            return Err(Error::option(
                format!("the number of centres in option \"init\" is {count}, but \"n_clusters\" {but}"),
                "Leave \"n_clusters\" out: there are as many segments as centres.",
            ));
        }
        self.kmeans.n_clusters = count;
        Ok(())
    }

    /// Whether the prediction must not fall, or not rise, with a column: then its parts, which come back every year, are no features.
    pub fn is_monotone(&self, column: &str) -> bool {
        self.monotone_constraints.iter().any(|(name, direction)| name == column && *direction != 0)
    }

    /// What no option can see by itself.
    fn check_together(&self) -> Result<()> {
        let both = self.features.iter().flatten().find(|f| self.exclude.contains(f));
        if let Some(name) = both {
            return Err(Error::option(
                format!("options \"features\" and \"exclude\" both name \"{name}\""),
                "Name the column in one of them.",
            ));
        }
        if let Some(name) = self.text_columns.iter().find(|t| self.exclude.contains(t)) {
            return Err(Error::option(
                format!("options \"text_columns\" and \"exclude\" both name \"{name}\""),
                "Name the column in one of them.",
            ));
        }
        let listed = |t: &&String| self.features.as_ref().is_none_or(|features| features.contains(t));
        if let Some(name) = self.text_columns.iter().find(|t| !listed(t)) {
            return Err(Error::option(
                format!("option \"text_columns\" names \"{name}\", which is not in \"features\""),
                "Name the column in both.",
            ));
        }
        if self.scale_pos_weight.is_some() && self.class_weight != ClassWeight::None {
            return Err(Error::option(
                "options \"scale_pos_weight\" and \"class_weight\" cannot be used together",
                "Give one of them.",
            ));
        }
        self.recommend.check()?;
        let usual = BoostParams::default();
        let needs = |key: &str, other: &str| {
            Error::option(format!("option \"{key}\" needs {other}"), "Give both, or leave it out.")
        };
        if self.max_text_features != 100 && self.text_columns.is_empty() {
            return Err(needs("max_text_features", "\"text_columns\""));
        }
        if self.kmeans.max_clusters != KMeansParams::default().max_clusters && !self.kmeans.choose {
            return Err(needs("max_clusters", "\"n_clusters\": null"));
        }
        if self.forest.max_samples.is_some() && !self.forest.bootstrap {
            return Err(needs("max_samples", "\"bootstrap\": true"));
        }
        if self.forest.oob_score == Some(true) && !self.forest.bootstrap {
            return Err(needs("oob_score", "\"bootstrap\": true"));
        }
        if self.boost.alpha != usual.alpha && self.objective != Some("quantile") {
            return Err(needs("alpha", "\"objective\": \"quantile\""));
        }
        let log_link = matches!(self.objective, Some("poisson" | "tweedie" | "gamma"));
        for (key, given) in [("exposure", &self.exposure), ("offset", &self.offset)] {
            if given.is_some() && !log_link {
                return Err(needs(key, "\"objective\": \"poisson\" or \"tweedie\""));
            }
        }
        let powers = (self.boost.tweedie_variance_power, self.linear.power);
        if powers != (usual.tweedie_variance_power, LinearParams::default().power) && self.objective != Some("tweedie")
        {
            return Err(needs("tweedie_variance_power", "\"objective\": \"tweedie\""));
        }
        if self.boost.validation_fraction != usual.validation_fraction && self.boost.early_stopping_rounds.is_none() {
            return Err(needs("validation_fraction", "\"early_stopping_rounds\" above 0"));
        }
        if self.recommend.half_life.is_some() && self.time_column.is_none() {
            return Err(needs("half_life", "\"time_column\""));
        }
        let (network, usual) = (&self.network, NetworkParams::default());
        if network.validation_fraction != usual.validation_fraction && network.early_stopping_rounds.is_none() {
            return Err(needs("validation_fraction", "\"early_stopping_rounds\" above 0"));
        }
        if network.momentum != usual.momentum && network.optimizer != Optimizer::Sgd {
            return Err(needs("momentum", "\"optimizer\": \"sgd\""));
        }
        let regression = self.objective.is_some_and(|o| o != "log_loss");
        if self.task.as_deref().is_some_and(|task| self.objective.is_some() && (task == "regression") != regression) {
            return Err(Error::option(
                format!("objective \"{}\" does not fit the task", self.objective.unwrap_or_default()),
                "\"log_loss\" is for a classification, the others are for a regression.",
            ));
        }
        let is_bent = self.cosine || matches!(self.kmeans.scaling, Scaling::Log | Scaling::Auto);
        if self.svm.kernel == Likeness::Linear && is_bent {
            return Err(Error::option(
                "option \"kernel\": \"linear\" is for numbers as they are",
                "Leave \"distance\" out and take \"scaling\": \"standard\" or \"none\", or the kernel \"rbf\".",
            ));
        }
        if self.svm.kernel == Likeness::Linear {
            let given = [("gamma", self.svm.gamma.is_some()), ("n_components", self.svm.n_components.is_some())];
            if let Some((key, _)) = given.iter().find(|(_, given)| *given) {
                return Err(needs(key, "\"kernel\": \"rbf\""));
            }
        }
        if self.time_column.is_some() && !self.group_columns.is_empty() {
            return Err(Error::option(
                "options \"time_column\" and \"group_columns\" cannot be used together",
                "Give one of them.",
            ));
        }
        Ok(())
    }
}

/// The options of all algorithms.
fn all_specs() -> impl Iterator<Item = &'static Spec> {
    SPECS.iter().chain(uplift::SPECS)
}

/// The options of an algorithm, in the order they are listed.
pub fn specs(algorithm: Algorithm) -> impl Iterator<Item = &'static Spec> {
    all_specs().filter(move |s| s.algorithms.contains(&algorithm))
}

/// The options of an algorithm that are read by whoever reads its source, with what they must be in words.
pub fn given(algorithm: Algorithm) -> Vec<(&'static str, &'static str)> {
    let words = |spec: &'static Spec| match spec.kind {
        Kind::Given(words) => Some((spec.key, words)),
        _ => None,
    };
    specs(algorithm).filter_map(words).collect()
}

/// The options of `orchard.tune` alone.
pub fn tuning_specs() -> impl Iterator<Item = &'static Spec> {
    TUNING.iter()
}

/// The option of an algorithm that can be searched over, or the error that says why not.
pub(super) fn find_searched(key: &str, algorithm: Algorithm) -> Result<&'static Spec> {
    let spec = find(key, algorithm)?;
    // The source is read once, so columns are what they are.
    let columns = matches!(spec.kind, Kind::Column(_) | Kind::Columns(..));
    if columns || NOT_SEARCHED.contains(&key) {
        return Err(Error::option(
            format!("option \"{key}\" cannot be searched over"),
            "It decides what is compared, so it is the same for all trials: give it in the options.",
        ));
    }
    Ok(spec)
}

/// Whether a key is an option that a member of an ensemble may have of its own, or the error that says why not.
pub(super) fn find_own(key: &str, algorithm: Algorithm) -> Result<()> {
    let spec = find(key, algorithm)?;
    if matches!(spec.kind, Kind::Column(_) | Kind::Columns(..)) || NOT_SEARCHED.contains(&key) {
        return Err(Error::option(
            format!("option \"{key}\" is not one of a single estimator"),
            "It decides which rows and columns there are, or what is kept: give it beside \"estimators\", if the ensemble has it.",
        ));
    }
    Ok(())
}

/// Part what is given to `orchard.tune` into the options of a training, each checked by itself, and those of tuning.
pub(super) fn part(value: &Value, algorithm: Algorithm) -> Result<(Map<String, Value>, TuneParams)> {
    let mut options = Options::new(algorithm);
    let mut training = Map::new();
    let empty = Map::new();
    let given = match value {
        Value::Null => &empty,
        Value::Object(map) => map,
        _ => return Err(Error::option("options must be a JSON object", "Write for example '{\"cv\": 10}'.")),
    };
    for (key, value) in given {
        let tuning = TUNING.iter().find(|s| s.key == key);
        let spec = match tuning {
            Some(spec) => spec,
            None => find(key, algorithm).map_err(|error| with_tuning(key, error))?,
        };
        if !value.is_null() {
            spec.set(&mut options, value, algorithm)?;
            if tuning.is_none() {
                training.insert(key.clone(), value.clone());
            }
        }
    }
    Ok((training, options.tune))
}

/// Add the options of tuning to the error for an unknown key.
fn with_tuning(key: &str, error: Error) -> Error {
    let Error::InvalidOption { message, hint } = error else { return error };
    let keys: Vec<&str> = TUNING.iter().map(|s| s.key).collect();
    let elsewhere = TUNING.iter().find(|s| s.elsewhere.iter().any(|e| e.eq_ignore_ascii_case(key))).map(|s| s.key);
    let guess = elsewhere.or_else(|| spec::nearest(key, keys.iter().copied())).filter(|_| !hint.starts_with("Did"));
    let guess = guess.map_or_else(String::new, did_you_mean);
    Error::option(message, format!("{guess}{hint} Those of orchard.tune are: {}.", keys.join(", ")))
}

/// The spec of a key, or the error that says what would be right.
fn find(key: &str, algorithm: Algorithm) -> Result<&'static Spec> {
    if let Some(spec) = specs(algorithm).find(|s| s.key == key) {
        return Ok(spec);
    }
    let keys: Vec<&str> = specs(algorithm).map(|s| s.key).collect();
    let valid = format!("Valid options for {} are: {}.", algorithm.name(), keys.join(", "));
    let elsewhere = specs(algorithm).find(|s| s.elsewhere.iter().any(|e| e.eq_ignore_ascii_case(key))).map(|s| s.key);
    let owners: Vec<&str> = all_specs().filter(|s| s.key == key).flat_map(|s| s.algorithms).map(|a| a.name()).collect();
    if !owners.is_empty() {
        let message = format!("option \"{key}\" is not an option of {}", algorithm.name());
        let guess = elsewhere.map_or_else(String::new, did_you_mean);
        return Err(Error::option(message, format!("{guess}It belongs to {}. {valid}", owners.join(", "))));
    }
    if key == BUDGET.key {
        return Err(Error::option(format!("option \"{key}\" is an option of auto alone"), valid));
    }
    if TUNING.iter().any(|s| s.key == key) {
        return Err(Error::option(format!("option \"{key}\" is an option of orchard.tune alone"), valid));
    }
    let guess = elsewhere.or_else(|| spec::nearest(key, keys.iter().copied())).map_or_else(String::new, did_you_mean);
    Err(Error::option(format!("unrecognized option \"{}\"", spec::shorten(key)), guess + &valid))
}

pub(crate) fn did_you_mean(name: &str) -> String {
    format!("Did you mean \"{name}\"? ")
}

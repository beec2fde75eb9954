//! What is stored: flat arrays, feature encoders, the versioned codec.
//!
//! Nothing here recurses, so neither reading nor walking a model can overflow a stack. [`Model::validate`] proves every index,
//! after which the prediction core may trust them.

pub mod additive;
mod baseline;
mod cleaning;
mod codec;
mod curve;
mod ensemble;
pub mod forecast;
mod forget;
mod held;
pub mod lifetime;
pub mod machine;
pub(crate) mod mixture;
pub mod neighbors;
pub mod network;
mod package;
mod part;
mod projection;
pub mod recommender;
mod remembered;
mod segments;
mod tree;
mod validate;

pub use additive::{Additive, Coefficient, FitStatistics, Term};
pub use baseline::{decode_baseline, encode_baseline, Baseline, FeatureBaseline, NumberBins};
pub use cleaning::{Argument, Cleaning, RawColumn};
#[doc(hidden)]
pub use codec::reseal;
pub use codec::{decode, encode, FORMAT_VERSION};
pub use curve::{Calibrated, Curve};
pub use ensemble::{Ensemble, Join, Member, MOST_MEMBERS};
pub use forecast::Forecast;
pub use forget::Forgotten;
pub use held::{decode_held, encode_held, HeldActual, HeldRows};
pub use lifetime::Lifetime;
pub use machine::Machine;
pub use mixture::{Covariance, Mixture};
pub use neighbors::{Known, Neighbors, Weighting};
pub use network::{Activation, Layer, Network, NetworkEntry, Norm};
pub use package::{decode_package, encode_package, Package};
pub use part::{date_of, date_text, day, days, DatePart};
pub use projection::Projection;
pub use recommender::Recommender;
pub use remembered::{Remembered, RememberedKind};
pub use segments::{
    decode_segments, encode_segments, Candidate, SegmentFacts, SegmentFeature, SegmentMap, SegmentValue, Trait,
    TraitKind,
};
pub use tree::{CategorySet, Leaf, Link, Trees, LEAF};

use serde::{Deserialize, Serialize};

/// A trained model. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The columns it reads, in the order of the arguments of `predict_<model>`.
    pub inputs: Vec<Input>,
    /// The features made from them, in the order of the inputs.
    pub features: Vec<Feature>,
    /// What it predicts.
    pub task: Task,
    /// How.
    pub body: Body,
    /// What is done to the columns of a row before they are its inputs. It is written beside the rest, so that the bytes of models
    /// without it are what they always were.
    #[serde(skip)]
    pub cleaning: Option<Cleaning>,
}

/// A column the model reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The name of the column.
    pub name: String,
    /// What it holds.
    pub kind: InputKind,
    /// Its first feature in [`Model::features`].
    pub first: u32,
    /// The number of its features: the length of an array, 1 and the parts of a date or timestamp, 1 and
    /// the tokens of a free text, else 1.
    pub count: u32,
}

/// What an input column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputKind {
    /// A number.
    Number,
    /// A truth value; false is 0 and true is 1.
    Boolean,
    /// A text, an enum value, a uuid, or a number too long for a float8.
    Category,
    /// A date, as days since 2000-01-01.
    Date,
    /// A timestamp with or without time zone, as seconds since 2000-01-01.
    Timestamp,
    /// A time span, as seconds (a month counts 30 days).
    Interval,
    /// An array of numbers, one feature an element.
    Array,
    /// A timestamp with time zone, as seconds since 2000-01-01 on the clocks of the zone that stands in its first feature.
    Timestamptz,
    /// A free text, of which the number of words is the first feature and the weights of tokens are the others.
    Text,
}

/// One number the model looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// The column's name, with the element's index for an array (`embedding[3]`) the part of a date (`shown_at.hour`) or the
    /// token of a text (`ad_copy:shoes`).
    pub name: String,
    /// How a value becomes a number.
    pub encoding: Encoding,
    /// What training saw.
    pub stats: FeatureStats,
}

/// How a value becomes a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Encoding {
    /// As it is; NaN is missing.
    Number,
    /// The place of the text among `levels`; `levels.len()` for a text that is not there (rare in training, or never seen);
    /// NaN for NULL.
    Category {
        /// The levels in C order.
        levels: Vec<String>,
    },
    /// The number that stands for the text: what its level says of the target. NaN for NULL.
    Ordered {
        /// The levels in C order.
        levels: Vec<String>,
        /// The number of each level and, last, of a text that is not among them.
        keys: Vec<f64>,
    },
    /// A timestamp with time zone, as a number by the clocks of its zone; NaN is missing.
    Clock {
        /// The zone, by a name that PostgreSQL knows.
        zone: String,
    },
    /// A part of the date or timestamp that is the first feature of the same column.
    Part(DatePart),
    /// The number of words of a free text; NaN for NULL.
    Words,
    /// How often a token occurs in a free text, times its inverse document frequency; NaN for NULL.
    Token {
        /// The token, as [`crate::data::tokens::tokens`] spells it.
        token: String,
        /// The inverse document frequency.
        idf: f64,
    },
}

impl Encoding {
    /// Whether a value is one of some levels.
    pub fn is_category(&self) -> bool {
        matches!(self, Encoding::Category { .. } | Encoding::Ordered { .. })
    }

    /// The levels of a category; none for a number.
    pub fn levels(&self) -> &[String] {
        match self {
            Encoding::Category { levels } | Encoding::Ordered { levels, .. } => levels,
            _ => &[],
        }
    }
}

/// What training saw of a feature, over the rows of the training part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FeatureStats {
    /// Rows with a missing value.
    pub missing: u64,
    /// Smallest number; 0 for a category or where all is missing.
    pub minimum: f64,
    /// Largest number.
    pub maximum: f64,
    /// Mean of the finite numbers.
    pub mean: f64,
    /// Standard deviation of the finite numbers (population).
    pub stddev: f64,
    /// Distinct levels of a category before rare ones were pooled; 0 for a number.
    pub distinct: u64,
    /// Rows of each kept level, then of all others together; empty for a number.
    pub level_rows: Vec<u64>,
}

/// What a model predicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Task {
    /// One of several classes.
    Classification {
        /// The labels in their order: false before true, numbers by value, texts in C order.
        classes: Vec<String>,
        /// The index of the positive class; meaningful for two classes.
        positive: u32,
    },
    /// A number.
    Regression,
    /// A segment.
    Clustering,
    /// How unlike the training rows a row is, from 0 to 1.
    Anomaly,
    /// A few numbers in place of many.
    Reduction,
    /// How much more of the target a treatment brings: the difference between what is expected with it and without.
    Uplift {
        /// The treatments, in their order; an answer has a number for each, after the largest of them where there are several.
        treatments: Vec<String>,
        /// What stands for no treatment.
        control: String,
        /// The classes of the target, at most two; none where it is a number.
        classes: Vec<String>,
        /// The index of the class whose probability is to rise.
        positive: u32,
    },
    /// How much a user likes an item.
    Recommendation,
    /// What a series will be at a time to come.
    Forecast,
    /// What a customer will buy, or is worth.
    Lifetime,
}

impl Task {
    /// Whether there is a target, with which predictions can be compared.
    pub fn has_target(&self) -> bool {
        matches!(self, Task::Classification { .. } | Task::Regression)
    }

    /// The treatments whose effects it predicts; none where it predicts something else.
    pub fn treatments(&self) -> &[String] {
        match self {
            Task::Uplift { treatments, .. } => treatments,
            _ => &[],
        }
    }

    /// Whether it gives a number that can be asked for and explained.
    pub fn is_answer(&self) -> bool {
        self.has_target() || matches!(self, Task::Uplift { .. })
    }

    /// What a model does that does not predict rows from their columns, after "the model", and where to look instead of into its columns.
    pub fn apart(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Task::Recommendation => {
                Some(("recommends items to users", "orchard.recommend gives the reason of each item."))
            }
            Task::Forecast => {
                Some(("forecasts series", "orchard.decompose takes a series apart into its trend and seasons."))
            }
            Task::Lifetime => {
                Some(("expects purchases of customers", "orchard.lifetime_value says what each customer is worth."))
            }
            _ => None,
        }
    }

    /// Whether it gives a row a number that its columns have a part in.
    pub fn gives_scores(&self) -> bool {
        !matches!(self, Task::Clustering | Task::Reduction) && self.apart().is_none()
    }

    /// What a prediction is called where no target has a name.
    pub fn prediction(&self) -> &'static str {
        match self {
            Task::Anomaly => "the anomaly score",
            Task::Reduction => "the components",
            Task::Uplift { .. } => "the uplift",
            Task::Recommendation => "the rating or preference",
            Task::Forecast => "the forecast",
            Task::Lifetime => "the expected value",
            _ => "the value",
        }
    }
}

impl Model {
    /// Whether there are rows that it has no answer to.
    pub fn may_be_silent(&self) -> bool {
        self.body.noise().is_some() || matches!(self.task, Task::Forecast | Task::Lifetime)
    }
}

/// How a model predicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::large_enum_variant, reason = "a model has one body, and it is never moved in a loop")]
pub enum Body {
    /// One decision tree or many.
    Trees(Trees),
    /// Nearest centre.
    KMeans(KMeans),
    /// Trees with calibrated probabilities.
    Calibrated(Calibrated),
    /// Principal components.
    Projection(Projection),
    /// Nearest core row.
    Density(Density),
    /// The most probable component.
    Mixture(Mixture),
    /// A sum of what each feature says.
    Additive(Additive),
    /// The nearest training rows.
    Neighbors(Neighbors),
    /// Layers of weights.
    Network(Network),
    /// Points and what each says of a row that is near.
    Machine(Machine),
    /// Several models together.
    Ensemble(Ensemble),
    /// Users and items.
    Recommender(Recommender),
    /// Series and what is expected of them.
    Forecast(Forecast),
    /// Parameters of customers.
    Lifetime(Lifetime),
}

impl Body {
    /// Trees, with a curve for each output unless there are no curves.
    pub fn trees(trees: Trees, curves: Vec<Curve>) -> Body {
        if curves.is_empty() {
            Body::Trees(trees)
        } else {
            Body::Calibrated(Calibrated { trees, curves })
        }
    }

    /// The trees and the curves of their outputs, which are none where nothing is calibrated; `None` where there are no trees.
    pub fn as_trees(&self) -> Option<(&Trees, &[Curve])> {
        match self {
            Body::Trees(trees) => Some((trees, &[])),
            Body::Calibrated(calibrated) => Some((&calibrated.trees, &calibrated.curves)),
            Body::KMeans(_)
            | Body::Projection(_)
            | Body::Density(_)
            | Body::Mixture(_)
            | Body::Additive(_)
            | Body::Neighbors(_)
            | Body::Network(_)
            | Body::Machine(_)
            | Body::Ensemble(_)
            | Body::Recommender(_)
            | Body::Forecast(_)
            | Body::Lifetime(_) => None,
        }
    }

    /// The space and the segments of a clustering; `None` for trees.
    pub fn as_segments(&self) -> Option<&KMeans> {
        match self {
            Body::KMeans(body) => Some(body),
            Body::Density(body) => Some(&body.clusters),
            Body::Mixture(body) => Some(&body.clusters),
            Body::Trees(_)
            | Body::Calibrated(_)
            | Body::Projection(_)
            | Body::Additive(_)
            | Body::Neighbors(_)
            | Body::Network(_)
            | Body::Machine(_)
            | Body::Ensemble(_)
            | Body::Recommender(_)
            | Body::Forecast(_)
            | Body::Lifetime(_) => None,
        }
    }

    /// As [`Body::as_segments`], to be changed.
    pub(crate) fn as_segments_mut(&mut self) -> Option<&mut KMeans> {
        match self {
            Body::KMeans(body) => Some(body),
            Body::Density(body) => Some(&mut body.clusters),
            Body::Mixture(body) => Some(&mut body.clusters),
            Body::Trees(_)
            | Body::Calibrated(_)
            | Body::Projection(_)
            | Body::Additive(_)
            | Body::Neighbors(_)
            | Body::Network(_)
            | Body::Machine(_)
            | Body::Ensemble(_)
            | Body::Recommender(_)
            | Body::Forecast(_)
            | Body::Lifetime(_) => None,
        }
    }

    /// The members of an ensemble; `None` where there are none.
    pub fn as_ensemble(&self) -> Option<&Ensemble> {
        match self {
            Body::Ensemble(body) => Some(body),
            _ => None,
        }
    }

    /// Trees that a row walks down, or rows that it is compared with, at worst; 1 where it is neither.
    pub fn walks(&self) -> usize {
        match self {
            Body::Ensemble(body) => body.members.iter().map(|m| m.model.body.leaf_walks()).sum(),
            body => body.leaf_walks(),
        }
    }

    /// The same of a body that is no ensemble.
    fn leaf_walks(&self) -> usize {
        match self {
            Body::Neighbors(body) => body.known.len(),
            Body::Machine(body) => body.count(),
            // As much work as so many walks.
            Body::Network(body) => (body.weights() / 64).max(1),
            body => body.as_trees().map_or(1, |(trees, _)| trees.roots.len()),
        }
    }

    /// Training rows that are in no segment; `None` where every row is in one.
    pub fn noise(&self) -> Option<u64> {
        match self {
            Body::Density(body) => Some(body.noise),
            _ => None,
        }
    }
}

/// A k-means model: rows are brought into a space of `dimensions` scaled numbers, where the nearest centre wins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct KMeans {
    /// How each feature enters the space, in the order of [`Model::features`].
    pub axes: Vec<Axis>,
    /// The number of dimensions.
    pub dimensions: u32,
    /// Centres one after the other, `dimensions` numbers each, in the scaled space.
    pub centres: Vec<f64>,
    /// Training rows of each segment.
    pub sizes: Vec<u64>,
    /// Sum over training rows of the weighted squared distance to the nearest centre, in the scaled space.
    pub inertia: f64,
}

/// A DBSCAN model: a row is of the segment of the nearest core row, if that is near enough, else of none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Density {
    /// The space, and the segments: their means, sizes and the inertia of their rows.
    pub clusters: KMeans,
    /// How far a core row reaches in the scaled space.
    pub eps: f64,
    /// The weight of the rows that a core row has within its reach, itself among them.
    pub min_samples: u64,
    /// The distinct core rows one after the other, in the scaled space, in any order; in that of a tree of boxes they are found sooner.
    pub cores: Vec<f64>,
    /// The cluster of each; of equally near core rows that of the lowest counts.
    pub labels: Vec<u32>,
    /// By cluster its segment, from 0.
    pub numbers: Vec<u32>,
    /// Training rows of no segment.
    pub noise: u64,
}

/// How a feature enters the space of a k-means model, or of principal components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Axis {
    /// One dimension: `(value - shift) * scale`; a missing value is taken as `fill`. Infinities are clipped to `low`..`high`.
    Number {
        /// What stands for a missing value, before scaling.
        fill: f64,
        /// Subtracted.
        shift: f64,
        /// Multiplied.
        scale: f64,
        /// Values below are taken as this.
        low: f64,
        /// Values above are taken as this.
        high: f64,
    },
    /// One dimension a level: `scale` in the dimension of the row's level, 0 in the others, all minus `shift`.
    Category {
        /// The dimension of each level and, last, of a level that is not there; `u32::MAX` for none.
        dimension: Vec<u32>,
        /// The dimension of a missing value; `u32::MAX` for none.
        missing: u32,
        /// The number of dimensions of this feature.
        count: u32,
        /// The value that marks the level.
        scale: f64,
    },
    /// One dimension: `(curve(value) - shift) * scale`, where `curve(x)` is the logarithm of `1 + |x| / unit` with the sign of `x`. Infinities are
    /// clipped to `low`..`high`.
    Logarithm {
        /// What counts as 1.
        unit: f64,
        /// What stands for a missing value, on the curve.
        fill: f64,
        /// Subtracted.
        shift: f64,
        /// Multiplied.
        scale: f64,
        /// Values below are taken as this.
        low: f64,
        /// Values above are taken as this.
        high: f64,
    },
    /// One dimension: an element of an array of which only the direction counts. A missing value is 0. Infinities are clipped to `low`..`high`.
    Element {
        /// For the last element of the array the number of all, else 0.
        count: u32,
        /// For the last element the length that the array is brought to, unless it is all 0.
        scale: f64,
        /// Values below are taken as this.
        low: f64,
        /// Values above are taken as this.
        high: f64,
    },
}

impl InputKind {
    /// Whether it is a point in time, of which there can be parts.
    pub fn is_moment(self) -> bool {
        matches!(self, InputKind::Date | InputKind::Timestamp | InputKind::Timestamptz)
    }
}

impl Model {
    /// The zone on whose clocks a column's values are read; `None` where they are read as they stand.
    pub fn zone(&self, input: &Input) -> Option<&str> {
        match &self.features[input.first as usize].encoding {
            Encoding::Clock { zone } => Some(zone),
            _ => None,
        }
    }

    /// The number of classes; 1 for regression and clustering.
    pub fn classes(&self) -> &[String] {
        match &self.task {
            Task::Classification { classes, .. } => classes,
            _ => &[],
        }
    }
}

/// A checksum of stored bytes, to compare two models by.
pub fn checksum(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}

//! Proof that a model's indexes are all in range and its numbers usable, so that the kernels need not look.
//!
//! Bytes may be forged with a fitting checksum, so this stands alone: it assumes nothing, allocates no more than a bit a node and
//! a pointer a name, and takes time linear in the model (but for sorting names).

use super::{
    Axis, Body, CategorySet, Curve, DatePart, Density, Encoding, Feature, Input, InputKind, KMeans, Link, Model,
    Projection, Task, Trees, LEAF,
};
use crate::error::{Error, Result};
use crate::score::MOST_LEVELS;

/// The most features of a model; the node layouts of the kernels keep flags above them.
const MAX_FEATURES: usize = 1 << 24;
/// How far a leaf's probabilities may be off through rounding.
const ROUNDING: f64 = 1e-9;

/// The error of a model that does not hold together.
fn invalid(what: impl std::fmt::Display) -> Error {
    Error::InvalidModel(format!("the model is not valid: {what}"))
}

/// Fail with `what` unless `holds`. The text is made only on failure: it is checked once a node.
#[inline]
pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(invalid(what()))
    }
}

impl Model {
    /// Prove that the model holds together. Afterwards:
    ///
    /// * the features of the inputs follow each other without gap, names are there and distinct, levels strictly ascend;
    /// * every tree is a binary tree whose nodes each have one parent, with children after their parent and inside the tree, so
    ///   that every walk ends; every feature, leaf, set and word a node points to is there;
    /// * thresholds are not NaN; leaves, bases, centres and axes are finite; curves of probabilities never fall; a classifier's leaves are probabilities unless a
    ///   link makes them so;
    /// * the outputs, the link and the body fit the task.
    ///
    /// Fails with [`Error::InvalidModel`] naming the first thing that does not hold.
    pub fn validate(&self) -> Result<()> {
        validate_inputs(&self.inputs, &self.features)?;
        self.validate_cleaning()?;
        for feature in &self.features {
            validate_feature(feature)?;
        }
        self.validate_task()?;
        match &self.body {
            Body::Trees(trees) => {
                let classes = self.outputs_of_task()?;
                validate_trees(trees, &self.features, classes)?;
                validate_link(trees, matches!(self.task, Task::Classification { .. }))?;
                // A score is not above 1.
                let fits = || {
                    trees.link == Link::Log
                        && trees.average
                        && trees.base == [0.0]
                        && trees.values.iter().all(|v| *v <= 0.0)
                };
                ensure(self.task != Task::Anomaly || fits(), || "trees that give no anomaly score".into())
            }
            Body::Calibrated(calibrated) => {
                let outputs = self.outputs_of_task()?;
                ensure(matches!(self.task, Task::Classification { .. }), || "curves for another task".into())?;
                validate_trees(&calibrated.trees, &self.features, outputs)?;
                validate_link(&calibrated.trees, true)?;
                let curves = &calibrated.curves;
                ensure(curves.len() == outputs, || format!("{} curves, not {outputs}", curves.len()))?;
                curves.iter().try_for_each(validate_curve)
            }
            Body::KMeans(kmeans) => {
                ensure(self.task == Task::Clustering, || "k-means for another task".into())?;
                validate_kmeans(kmeans, &self.features)
            }
            Body::Projection(body) => {
                ensure(self.task == Task::Reduction, || "components for another task".into())?;
                validate_projection(body, &self.features)
            }
            Body::Density(density) => {
                ensure(self.task == Task::Clustering, || "core rows for another task".into())?;
                validate_density(density, &self.features)
            }
            Body::Mixture(mixture) => {
                ensure(self.task == Task::Clustering, || "a mixture for another task".into())?;
                super::mixture::validate(mixture, &self.features)
            }
            Body::Additive(body) => {
                let predicts = self.task.has_target();
                ensure(predicts, || "a sum of what features say for another task".into())?;
                super::additive::validate(body, &self.features, &self.task, self.outputs_of_task()?)
            }
            Body::Neighbors(body) => super::neighbors::validate(body, &self.features, &self.task),
            Body::Network(body) => {
                ensure(self.task.has_target(), || "a network for another task".into())?;
                super::network::validate(body, &self.features, &self.task, self.outputs_of_task()?)
            }
            Body::Machine(body) => super::machine::validate(body, &self.features, &self.task, self.outputs_of_task()?),
            Body::Ensemble(body) => {
                ensure(self.task.is_answer(), || "an ensemble for another task".into())?;
                super::ensemble::validate(body, &self.features, &self.task, self.outputs_of_task()?)
            }
            Body::Recommender(body) => super::recommender::validate(body, &self.features, &self.task),
            Body::Forecast(body) => super::forecast::validate(body, &self.features, &self.task),
            Body::Lifetime(body) => super::lifetime::validate(body, &self.features, &self.task),
        }
    }

    fn validate_task(&self) -> Result<()> {
        let (classes, positive) = match &self.task {
            Task::Classification { classes, positive } => (classes, positive),
            Task::Uplift { treatments, control, classes, positive } => {
                let names = || treatments.iter().chain([control]);
                ensure(!treatments.is_empty() && treatments.len() <= super::MOST_MEMBERS, || {
                    "no treatment, or too many".into()
                })?;
                ensure(names().all(|name| !name.contains('\0')), || "a zero byte in a treatment".into())?;
                distinct(names().map(String::as_str), "treatment")?;
                ensure(classes.len() <= 2, || "uplift of more than two classes".into())?;
                ensure(matches!(self.body, Body::Ensemble(_)), || "uplift without models".into())?;
                if classes.is_empty() {
                    return Ok(());
                }
                (classes, positive)
            }
            _ => return Ok(()),
        };
        ensure(!classes.is_empty(), || "no class".into())?;
        ensure(classes.iter().all(|c| !c.contains('\0')), || "a zero byte in a class".into())?;
        distinct(classes.iter().map(String::as_str), "class")?;
        // One class and a positive index of 1: the positive class never occurred.
        let known = classes.len().max(2);
        ensure((*positive as usize) < known, || "the positive class is not among the classes".into())
    }

    /// The numbers a leaf must have.
    fn outputs_of_task(&self) -> Result<usize> {
        match &self.task {
            Task::Classification { classes, .. } if classes.len() > 2 => Ok(classes.len()),
            Task::Classification { .. } | Task::Regression | Task::Anomaly => Ok(1),
            Task::Clustering => Err(invalid("trees for a clustering")),
            Task::Reduction => Err(invalid("trees for a reduction")),
            Task::Uplift { treatments, .. } => Ok(treatments.len()),
            Task::Recommendation => Err(invalid("a body for another task than to recommend")),
            Task::Forecast | Task::Lifetime => Err(invalid("a body for another task than its own")),
        }
    }
}

/// Inputs cover the features one after the other, exactly.
fn validate_inputs(inputs: &[Input], features: &[Feature]) -> Result<()> {
    ensure(!inputs.is_empty(), || "no input".into())?;
    ensure(features.len() <= MAX_FEATURES, || "too many features".into())?;
    let mut next = 0usize;
    for input in inputs {
        let name = &input.name;
        ensure(!name.is_empty() && !name.contains('\0'), || "an input without a name".into())?;
        ensure(input.first as usize == next, || {
            format!("the features of input {name:?} do not follow the one before")
        })?;
        let count = input.count as usize;
        let many = matches!(input.kind, InputKind::Array | InputKind::Text) || input.kind.is_moment();
        ensure(if many { count >= 1 } else { count == 1 }, || format!("input {name:?} has {count} features"))?;
        let Some(own) = features.get(next..next + count) else {
            return Err(invalid(format!("the features of input {name:?} are not there")));
        };
        ensure(fits_kind(input.kind, own), || format!("input {name:?} and its features differ in kind"))?;
        next += count;
    }
    ensure(next == features.len(), || "features without an input".into())?;
    distinct(inputs.iter().map(|i| i.name.as_str()), "input")
}

/// Whether features, at least one, are what a column of a kind is made into.
fn fits_kind(kind: InputKind, own: &[Feature]) -> bool {
    let (first, rest) = (&own[0].encoding, &own[1..]);
    // Parts and tokens ascend, so each is there once.
    let parts = |last: DatePart| {
        let is_part = |f: &Feature| part(f).is_some_and(|p| p <= last);
        rest.iter().all(is_part) && rest.is_sorted_by(|a, b| part(a) < part(b))
    };
    let tokens = || rest.iter().all(|f| token(f).is_some()) && rest.is_sorted_by(|a, b| token(a) < token(b));
    match kind {
        InputKind::Number | InputKind::Boolean | InputKind::Interval | InputKind::Array => {
            own.iter().all(|f| f.encoding == Encoding::Number)
        }
        InputKind::Category => own.iter().all(|f| f.encoding.is_category()),
        InputKind::Date => *first == Encoding::Number && parts(DatePart::Weekday),
        InputKind::Timestamp => *first == Encoding::Number && parts(DatePart::Hour),
        InputKind::Timestamptz => matches!(first, Encoding::Clock { .. }) && parts(DatePart::Hour),
        InputKind::Text => *first == Encoding::Words && tokens(),
    }
}

fn part(feature: &Feature) -> Option<DatePart> {
    match feature.encoding {
        Encoding::Part(part) => Some(part),
        _ => None,
    }
}

fn token(feature: &Feature) -> Option<&str> {
    match &feature.encoding {
        Encoding::Token { token, .. } => Some(token),
        _ => None,
    }
}

fn validate_feature(feature: &Feature) -> Result<()> {
    let name = &feature.name;
    ensure(!name.is_empty() && !name.contains('\0'), || "a feature without a name".into())?;
    let seen = feature.stats.level_rows.len();
    let levels = match &feature.encoding {
        Encoding::Number | Encoding::Part(_) | Encoding::Words => {
            return ensure(seen == 0, || format!("number {name:?} has counts of levels"));
        }
        Encoding::Token { token, idf } => {
            ensure(seen == 0, || format!("number {name:?} has counts of levels"))?;
            ensure(!token.is_empty() && !token.contains('\0'), || format!("feature {name:?} has no token"))?;
            return ensure(*idf > 0.0 && idf.is_finite(), || format!("the weight of feature {name:?} is not above 0"));
        }
        Encoding::Clock { zone } => {
            ensure(seen == 0, || format!("number {name:?} has counts of levels"))?;
            return ensure(!zone.is_empty() && !zone.contains('\0'), || format!("feature {name:?} has no zone"));
        }
        Encoding::Category { levels } => levels,
        Encoding::Ordered { levels, keys } => {
            ensure(keys.len() == levels.len() + 1, || format!("the keys of feature {name:?} do not fit its levels"))?;
            ensure(keys.iter().all(|k| k.is_finite()), || format!("a key of feature {name:?} is not finite"))?;
            levels
        }
    };
    ensure(levels.len() < MOST_LEVELS, || format!("feature {name:?} has too many levels"))?;
    ensure(levels.is_sorted_by(|a, b| a < b), || format!("the levels of feature {name:?} do not ascend"))?;
    ensure(levels.iter().all(|l| !l.contains('\0')), || format!("a zero byte in a level of feature {name:?}"))?;
    ensure(seen == 0 || seen == levels.len() + 1, || format!("the counts of feature {name:?} do not fit its levels"))
}

/// No two names are the same.
fn distinct<'a>(names: impl Iterator<Item = &'a str>, what: &str) -> Result<()> {
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    let twice = sorted.windows(2).find(|w| w[0] == w[1]);
    twice.map_or(Ok(()), |w| Err(invalid(format!("{what} {:?} is there twice", w[0]))))
}

fn validate_trees(trees: &Trees, features: &[Feature], outputs: usize) -> Result<()> {
    let nodes = trees.nodes();
    ensure(trees.outputs as usize == outputs, || format!("{} outputs, not {outputs}", trees.outputs))?;
    ensure(nodes < LEAF as usize, || "too many nodes".into())?;
    let lengths = [
        trees.threshold.len(),
        trees.left.len(),
        trees.right.len(),
        trees.missing_left.len(),
        trees.set.len(),
        trees.cover.len(),
        trees.rows.len(),
        trees.gain.len(),
    ];
    ensure(lengths.iter().all(|&l| l == nodes), || "the arrays of the nodes differ in length".into())?;
    ensure(trees.base.len() == outputs, || format!("{} bases, not {outputs}", trees.base.len()))?;
    ensure(trees.base.iter().all(|v| v.is_finite()), || "a base is not finite".into())?;
    ensure(trees.values.iter().all(|v| v.is_finite()), || "a leaf is not finite".into())?;
    ensure(trees.cover.iter().all(|v| v.is_finite() && *v >= 0.0), || "a cover is negative or not finite".into())?;
    ensure(trees.gain.iter().all(|v| !v.is_nan()), || "a gain is not a number".into())?;
    let words = trees.words.len() as u64;
    let inside = |s: &CategorySet| u64::from(s.start) + u64::from(s.len) <= words;
    ensure(trees.sets.iter().all(inside), || "a set is not inside the words".into())?;
    ensure(trees.roots.first() == Some(&0), || "the first tree does not start at the first node".into())?;
    ensure(trees.roots.is_sorted_by(|a, b| a < b), || "the trees do not follow each other".into())?;
    let mut has_parent = Vec::new();
    has_parent.try_reserve_exact(nodes).map_err(|_| invalid("too many nodes"))?;
    has_parent.resize(nodes, false);
    for (tree, &root) in trees.roots.iter().enumerate() {
        let end = trees.roots.get(tree + 1).map_or(nodes, |&r| r as usize);
        ensure((root as usize) < end && end <= nodes, || format!("tree {tree} has no node"))?;
        let leaves = || (root as usize..end).filter(|node| trees.feature[*node] == LEAF);
        let first = leaves().next().map_or(0, |leaf| trees.right[leaf]);
        ensure(leaves().all(|leaf| trees.right[leaf] == first), || format!("the leaves of tree {tree} differ"))?;
        for node in root as usize..end {
            validate_node(trees, features, node, end, &mut has_parent)?;
            // A node's parent comes before it, so by now it is known.
            ensure(has_parent[node] == (node != root as usize), || format!("node {node} has no parent"))?;
        }
    }
    // Whoever copies the numbers of every leaf needs no more room than is stored here.
    let leaves = || (0..nodes).filter(|node| trees.feature[*node] == LEAF);
    let all = leaves().filter(|leaf| trees.right[*leaf] == 0).count();
    let ones = leaves().count() - all;
    let numbers = all.checked_mul(outputs).and_then(|n| n.checked_add(ones)).filter(|&n| u32::try_from(n).is_ok());
    ensure(numbers == Some(trees.values.len()), || format!("{} numbers for {} leaves", trees.values.len(), all + ones))
}

/// One node of the tree that ends before `end`.
fn validate_node(trees: &Trees, features: &[Feature], node: usize, end: usize, has_parent: &mut [bool]) -> Result<()> {
    let (left, right) = (trees.left[node] as usize, trees.right[node] as usize);
    let set = trees.set[node] as usize;
    ensure(!trees.threshold[node].is_nan(), || format!("the threshold of node {node} is not a number"))?;
    if trees.feature[node] == LEAF {
        // Of one output a leaf speaks only where there are several.
        let one = right <= trees.outputs as usize && trees.outputs > 1;
        ensure((right == 0 || one) && set == 0, || format!("leaf {node} has a split"))?;
        let numbers = if right == 0 { trees.outputs as usize } else { 1 };
        let there = left.checked_add(numbers).is_some_and(|last| last <= trees.values.len());
        return ensure(there, || format!("the numbers of leaf {node} are not there"));
    }
    let Some(feature) = features.get(trees.feature[node] as usize) else {
        return Err(invalid(format!("the feature of node {node} is not there")));
    };
    let category = matches!(feature.encoding, Encoding::Category { .. });
    ensure(category == (set != 0), || format!("the split of node {node} does not fit its feature"))?;
    ensure(set <= trees.sets.len(), || format!("the set of node {node} is not there"))?;
    for child in [left, right] {
        ensure(node < child && child < end, || format!("a child of node {node} is not after it in its tree"))?;
        ensure(!has_parent[child], || format!("node {child} has two parents"))?;
        has_parent[child] = true;
    }
    Ok(())
}

/// The sum of leaves becomes an answer of the task.
fn validate_link(trees: &Trees, classification: bool) -> Result<()> {
    let many = trees.outputs > 1;
    let fits = match trees.link {
        Link::Identity => true,
        // Of several classes each has a probability of its own, and of a number it is a share.
        Link::Logistic => true,
        Link::Softmax => classification && many,
        Link::Log => !classification,
    };
    ensure(fits, || format!("link {:?} does not fit the task", trees.link))?;
    if !(classification && trees.link == Link::Identity) {
        return Ok(());
    }
    // Nothing comes after the sum, so the leaves themselves must be probabilities.
    ensure(trees.roots.len() == 1 || trees.average, || "a sum of probabilities without a link".into())?;
    ensure(trees.base.iter().all(|&b| b == 0.0), || "a base beside probabilities".into())?;
    for node in (0..trees.nodes()).filter(|&n| trees.feature[n] == LEAF) {
        let (leaf, outputs) = (trees.leaf(node), trees.outputs as usize);
        let each = leaf.numbers(outputs).all(|p| (-ROUNDING..=1.0 + ROUNDING).contains(&p));
        let sum = !many || (leaf.numbers(outputs).sum::<f64>() - 1.0).abs() <= ROUNDING * outputs as f64;
        ensure(each && sum, || format!("the numbers of leaf {node} are not probabilities"))?;
    }
    Ok(())
}

/// A curve never falls and stays between 0 and 1.
fn validate_curve(curve: &Curve) -> Result<()> {
    match curve {
        Curve::Sigmoid { slope, intercept } => {
            let fits = slope.is_finite() && *slope >= 0.0 && intercept.is_finite();
            ensure(fits, || "a sigmoid falls or is not finite".into())
        }
        Curve::Isotonic { from, to } => {
            ensure(!from.is_empty() && from.len() == to.len(), || "the knots of a curve do not fit".into())?;
            let inside = |v: &f64| (0.0..=1.0).contains(v);
            ensure(from.iter().chain(to).all(inside), || "a knot is not a probability".into())?;
            ensure(from.is_sorted_by(|a, b| a < b), || "the knots of a curve do not ascend".into())?;
            ensure(to.is_sorted(), || "a curve falls".into())
        }
    }
}

/// The axes of a space, and its dimensions.
pub(super) fn validate_axes(axes: &[Axis], expected: u32, features: &[Feature]) -> Result<()> {
    ensure(axes.len() == features.len(), || "the axes do not fit the features".into())?;
    let (mut dimensions, mut elements) = (0u64, 0u32);
    for (axis, feature) in axes.iter().zip(features) {
        dimensions += validate_axis(axis, feature)?;
        let Axis::Element { count, .. } = axis else {
            ensure(elements == 0, || "an array has no end".into())?;
            continue;
        };
        elements += 1;
        ensure(*count == 0 || *count == elements, || format!("an array of {elements} elements has {count}"))?;
        elements = if *count == 0 { elements } else { 0 };
    }
    ensure(elements == 0, || "an array has no end".into())?;
    ensure(dimensions == u64::from(expected), || "the axes do not fill the dimensions".into())
}

pub(super) fn validate_kmeans(kmeans: &KMeans, features: &[Feature]) -> Result<()> {
    validate_axes(&kmeans.axes, kmeans.dimensions, features)?;
    let (segments, dimensions) = (kmeans.sizes.len(), u64::from(kmeans.dimensions));
    ensure(segments >= 1 && segments <= i32::MAX as usize, || format!("{segments} segments"))?;
    let numbers = (segments as u64).checked_mul(dimensions);
    ensure(numbers == Some(kmeans.centres.len() as u64), || "the centres do not fit the segments".into())?;
    ensure(kmeans.centres.iter().all(|v| v.is_finite()), || "a centre is not finite".into())?;
    ensure(kmeans.inertia.is_finite() && kmeans.inertia >= 0.0, || "the inertia is negative or not finite".into())
}

fn validate_projection(body: &Projection, features: &[Feature]) -> Result<()> {
    ensure(body.axes.len() == features.len(), || "the axes do not fit the features".into())?;
    let mut dimensions = 0u64;
    for (axis, feature) in body.axes.iter().zip(features) {
        let is_plain = matches!(axis, Axis::Number { .. } | Axis::Category { .. });
        ensure(is_plain, || format!("the axis of feature {:?} is bent", feature.name))?;
        dimensions += validate_axis(axis, feature)?;
    }
    ensure(dimensions == u64::from(body.dimensions), || "the axes do not fill the dimensions".into())?;
    ensure(body.mean.len() as u64 == dimensions, || "the mean does not fill the dimensions".into())?;
    let count = body.variance.len() as u64;
    ensure(count >= 1 && count <= dimensions, || format!("{count} components of {dimensions} dimensions"))?;
    let numbers = count.checked_mul(dimensions);
    ensure(numbers == Some(body.components.len() as u64), || "the directions do not fit the dimensions".into())?;
    let finite = body.mean.iter().chain(&body.components).all(|v| v.is_finite());
    ensure(finite, || "a direction or the mean is not finite".into())?;
    // What is divided by is not 0.
    let is_variance = |v: &f64| v.is_finite() && *v > 0.0;
    ensure(body.variance.iter().all(is_variance), || "a variance is not above 0 or not finite".into())?;
    ensure(body.variance.is_sorted_by(|a, b| a >= b), || "the variances do not fall".into())?;
    ensure(is_variance(&body.total_variance), || "the variance of all is not above 0 or not finite".into())
}

/// Core rows are points of the space, and each is of a segment.
fn validate_density(density: &Density, features: &[Feature]) -> Result<()> {
    let Density { clusters, eps, min_samples, cores, labels, numbers, noise } = density;
    validate_kmeans(clusters, features)?;
    ensure(*eps > 0.0 && eps.is_finite(), || "the reach of core rows is not above 0".into())?;
    ensure(*min_samples >= 1, || "a core row needs no row".into())?;
    ensure(clusters.dimensions >= 1, || "the core rows have no dimension".into())?;
    ensure(!labels.is_empty() && u32::try_from(labels.len()).is_ok(), || format!("{} core rows", labels.len()))?;
    let expected = (labels.len() as u64).checked_mul(u64::from(clusters.dimensions));
    ensure(expected == Some(cores.len() as u64), || "the core rows do not fit the dimensions".into())?;
    ensure(cores.iter().all(|v| v.is_finite()), || "a core row is not finite".into())?;
    let segments = clusters.sizes.len();
    ensure(labels.iter().all(|label| (*label as usize) < segments), || "a core row is of no segment".into())?;
    ensure(numbers.len() == segments, || "the clusters are not the segments".into())?;
    let mut sorted = numbers.clone();
    sorted.sort_unstable();
    ensure((0..).zip(&sorted).all(|(i, number): (u32, &u32)| i == *number), || "two clusters are one segment".into())?;
    let rows = clusters.sizes.iter().try_fold(*noise, |sum, size| sum.checked_add(*size));
    ensure(rows.is_some(), || "the rows are too many".into())
}

/// The dimensions of an axis.
fn validate_axis(axis: &Axis, feature: &Feature) -> Result<u64> {
    let name = &feature.name;
    match (axis, &feature.encoding) {
        (Axis::Number { fill, shift, scale, low, high }, Encoding::Number) => {
            let finite = [fill, shift, scale, low, high].iter().all(|v| v.is_finite());
            ensure(finite && low <= high, || format!("the axis of feature {name:?} is not finite"))?;
            Ok(1)
        }
        (Axis::Logarithm { unit, fill, shift, scale, low, high }, Encoding::Number) => {
            let finite = [unit, fill, shift, scale, low, high].iter().all(|v| v.is_finite());
            ensure(finite && low <= high && *unit > 0.0, || format!("the axis of feature {name:?} is not finite"))?;
            Ok(1)
        }
        (Axis::Element { scale, low, high, .. }, Encoding::Number) => {
            let finite = [scale, low, high].iter().all(|v| v.is_finite());
            ensure(finite && low <= high, || format!("the axis of feature {name:?} is not finite"))?;
            Ok(1)
        }
        (Axis::Category { dimension, missing, count, scale }, Encoding::Category { levels }) => {
            ensure(dimension.len() == levels.len() + 1, || {
                format!("the axis of feature {name:?} does not fit its levels")
            })?;
            let inside = |d: &u32| *d == u32::MAX || d < count;
            let all = dimension.iter().all(inside) && inside(missing);
            ensure(all, || format!("a level of feature {name:?} is outside its axis"))?;
            ensure(scale.is_finite(), || format!("the axis of feature {name:?} is not finite"))?;
            Ok(u64::from(*count))
        }
        _ => Err(invalid(format!("the axis of feature {name:?} is of another kind"))),
    }
}

//! The prediction core: the scalar reference, written to be obviously right.
//!
//! A row is one `f64` a feature: a number as it is, a category as its place ([`Scorer::category`]), NaN where it is missing. Every
//! such row has an answer; nothing here fails, nor allocates a row. The rule of a split stands in [`walk`], the order of a sum and the
//! links in [`link`]; whatever is quicker must agree with them bit for bit.

pub mod additive;
mod batch;
mod blocks;
mod centres;
mod cleaned;
pub(crate) mod curve;
mod density;
mod ensemble;
pub mod forecast;
pub mod kmeans;
mod leaves;
mod levels;
mod lifetime;
pub mod link;
pub(crate) mod machine;
mod masks;
pub mod mixture;
mod moment;
pub(crate) mod near;
pub mod neighbors;
pub(crate) mod network;
mod nodes;
mod places;
pub mod projection;
mod quads;
pub mod recommender;
mod text;
pub mod walk;
mod words;

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use crate::model::{Body, Calibrated, Curve, Encoding, KMeans, Model, Task, Trees};
pub use crate::simd::{choose, level, Level};
pub use batch::Batch;
pub use cleaned::Cleaned;
pub(crate) use levels::MOST_LEVELS;
pub use moment::Moment;
pub use quads::Key;
pub use text::Text;

use blocks::Blocks;
use ensemble::Members;
use forecast::Outlooks;
use levels::Levels;
use link::join;
use masks::Masks;
use near::Near;
use network::Net;
use nodes::{place_value, Nodes};
use places::{Layout, Places};
use quads::{missing_key, number_key, place_key, Quads};
use recommender::Shelf;
use words::Words;

/// Numbers of centres from which on many rows at a time are quicker.
const MANY_CENTRES: usize = 32;

/// Bytes of nodes that do not stay in the caches next to the processor.
const FAR_NODES: usize = 1 << 20;

thread_local! {
    /// A row in the scaled space of a k-means model or of components; kept so that a row costs no allocation.
    static SCRATCH: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

/// A model and what is made from it when it is loaded, ready to score rows. Cheap to share between threads.
#[derive(Debug)]
pub struct Scorer {
    model: Arc<Model>,
    /// By feature; `None` for a number.
    levels: Vec<Option<Levels>>,
    /// How the levels of each feature are numbered.
    places: Vec<Places>,
    /// Whether the answer depends on the feature at all.
    used: Vec<bool>,
    /// `None` where there are no trees.
    nodes: Option<Nodes>,
    /// The second layout of a single tree.
    quads: Option<Quads>,
    /// The second layout of many small trees, made when it is first used: where there are `words`, seldom.
    masks: OnceLock<Option<Masks>>,
    /// The layout of many trees for many rows.
    blocks: Option<Blocks>,
    /// The same for one row.
    words: Option<Words>,
    /// The core rows of dense parts, or training rows.
    near: Option<Near>,
    /// The layers of a network.
    net: Option<Net>,
    /// The points of a support vector machine.
    machine: Option<machine::Layout>,
    /// The members of an ensemble.
    members: Option<Members>,
    /// What is made of users and items when it is first needed.
    shelf: recommender::Index,
    /// The series that are forecast, the same.
    outlooks: forecast::Index,
}

impl Scorer {
    /// Make a model ready. It must have passed [`Model::validate`], as one from [`crate::model::decode`] has: its indexes are
    /// trusted from here on, and a false one panics.
    pub fn new(model: Model) -> Scorer {
        Scorer::of(Arc::new(model))
    }

    /// The same of a model that others hold, too.
    fn of(model: Arc<Model>) -> Scorer {
        let (layout, nodes) = match model.body.as_trees() {
            Some((trees, curves)) => {
                let layout = Layout::new(trees, &model.features);
                let nodes = Nodes::new(trees, curves, &model.task, &layout);
                (layout, Some(nodes))
            }
            None => (Layout::plain(model.features.len()), None),
        };
        let members = Members::new(&model);
        let used = members.as_ref().map_or(layout.used, |members| members.used(model.features.len()));
        let table = |(encoding, places): (&Encoding, &Places)| {
            encoding.is_category().then(|| Levels::new(encoding.levels(), |code| places.of(code)))
        };
        let levels = model.features.iter().map(|f| &f.encoding).zip(&layout.places).map(table).collect();
        let outputs = outputs(&model);
        let is_text = |feature: usize| model.features[feature].encoding.is_category();
        let quads = nodes.as_ref().and_then(|nodes| Quads::new(nodes, model.features.len(), outputs, is_text));
        let blocks = nodes.as_ref().and_then(|nodes| Blocks::new(nodes, outputs, model.features.len()));
        let words = blocks.as_ref().and_then(|blocks| Words::new(blocks, outputs));
        let net = network::net(&model.body);
        let near = density::index(&model.body).or_else(|| neighbors::index(&model.body));
        let machine = machine::layout(&model.body);
        Scorer {
            model,
            levels,
            places: layout.places,
            used,
            nodes,
            quads,
            masks: OnceLock::new(),
            blocks,
            words,
            near,
            net,
            machine,
            members,
            shelf: recommender::Index::default(),
            outlooks: forecast::Index::default(),
        }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Whether an answer can depend on the feature; where not, anything may stand for it in a row.
    pub fn uses(&self, feature: usize) -> bool {
        self.used[feature]
    }

    /// What stands in a row for `text` (UTF-8 bytes) of a feature: the place of its level, or of all texts that are not among the
    /// levels (rare in training, or never seen). Levels that the model does not tell apart share a place. NaN, a missing value,
    /// when the feature is a number.
    #[inline]
    pub fn category(&self, feature: usize, text: &[u8]) -> f64 {
        match &self.levels[feature] {
            Some(table) => self.value_of(table.place(text)),
            None => f64::NAN,
        }
    }

    /// The hash of a text of a feature, from which [`Scorer::category_of`] finds what stands in a row for it. Where many texts are hashed before
    /// the first of them is found, their places in memory are there by then. Never [`Scorer::MISSING_HASH`].
    #[inline]
    pub fn category_hash(&self, feature: usize, text: &[u8]) -> u64 {
        self.levels[feature].as_ref().map_or(1, |table| table.hash(text)).max(1)
    }

    /// Stands for a missing text among hashes.
    pub const MISSING_HASH: u64 = 0;

    /// What [`Scorer::category`] says of the text of a hash of the feature.
    #[inline]
    pub fn category_of(&self, feature: usize, hash: u64) -> f64 {
        match &self.levels[feature] {
            Some(table) if hash != Scorer::MISSING_HASH => self.value_of(table.place_of(hash)),
            _ => f64::NAN,
        }
    }

    /// Whether the levels of a feature are so many that looking one up may wait for memory; such features are best looked up first.
    pub fn is_far(&self, feature: usize) -> bool {
        self.levels[feature].as_ref().is_some_and(Levels::is_far)
    }

    /// What stands in a row for a place.
    #[inline]
    fn value_of(&self, place: u32) -> f64 {
        match self.nodes {
            Some(_) => place_value(place),
            None => f64::from(place),
        }
    }

    /// What stands in a row for a value of a feature as learning encodes it: for a level its index, for a text that is not among
    /// the levels their number, for the rest the number itself.
    #[inline]
    pub fn place(&self, feature: usize, code: f64) -> f64 {
        match &self.levels[feature] {
            Some(_) if !code.is_nan() => {
                let levels = self.model.features[feature].encoding.levels().len();
                self.value_of(self.places[feature].of(walk::code(code).min(levels as u32)))
            }
            _ => code,
        }
    }

    /// How many numbers [`Scorer::predict`] writes: the number of classes when there are more than two, the number of
    /// components the number of treatments and one where there are several,
    /// else 1.
    pub fn outputs(&self) -> usize {
        outputs(&self.model)
    }

    /// Whether rows can be given as keys, which is quicker: see [`Scorer::predict_keys`].
    pub fn takes_keys(&self) -> bool {
        self.quads.is_some()
    }

    /// The key of what stands in a row for a value of a feature.
    #[inline]
    pub fn key(&self, feature: usize, value: f64) -> Key {
        match &self.levels[feature] {
            Some(_) if value.is_nan() => missing_key(),
            Some(_) => place_key(value.to_bits() as u32),
            None => number_key(value),
        }
    }

    /// The key of the number of a feature that is no text.
    #[inline]
    pub fn number_key(value: f64) -> Key {
        number_key(value)
    }

    /// The key of a missing value.
    #[inline]
    pub fn missing_key() -> Key {
        missing_key()
    }

    /// Set the key of a text of a feature, as [`Scorer::category`] finds it.
    #[inline(always)]
    pub fn set_category_key(&self, feature: usize, text: &[u8], key: &mut Key) {
        // Written number by number: a pair through memory would wait for its own halves.
        if let Some(table) = &self.levels[feature] {
            let place = i64::from(table.place(text));
            key[0] = place;
            key[1] = place;
        }
    }

    /// Predict a row of one key a feature as [`Scorer::predict`] does; for a scorer that takes keys, nothing is written otherwise.
    ///
    /// Panics when `keys` or `out` is of another length.
    #[inline]
    pub fn predict_keys(&self, keys: &[Key], out: &mut [f64]) {
        let (Some(quads), Some(nodes)) = (&self.quads, &self.nodes) else { return };
        let answer = quads.answer(keys);
        match out {
            [out] => *out = f64::from_bits(answer),
            out => out.copy_from_slice(nodes.answers(answer as usize, out.len())),
        }
    }

    /// Predict a row of one number a feature into `out`, which has [`Scorer::outputs`] places.
    ///
    /// Classification writes the probability of the positive class, or of each class when there are more than two; where training
    /// saw one class only it writes 1 if that is the positive class, else 0. Regression writes the value. Clustering writes the
    /// segment's number, counted from 1, or NaN for a row of none, a reduction its components. Uplift writes the effect of the treatment; of several the largest effect,
    /// then that of each: [`effects`].
    ///
    /// Panics when `row` or `out` is of another length.
    #[inline]
    #[cfg_attr(target_os = "linux", link_section = "orchard_row")]
    #[allow(unsafe_code)]
    pub fn predict(&self, row: &[f64], out: &mut [f64]) {
        assert_eq!(row.len(), self.model.features.len(), "one number a feature");
        match (&self.model.body, &self.nodes) {
            (Body::Trees(trees) | Body::Calibrated(Calibrated { trees, .. }), Some(nodes)) => {
                let by_words = self.words.as_ref().and_then(|words| words.sums(row));
                match (by_words.or_else(|| self.masks().map(|masks| masks.sums(row))), out) {
                    (Some(sums), [out]) => {
                        *out = join(&sums);
                        nodes.finish(trees, std::slice::from_mut(out));
                    }
                    (_, out) => nodes.predict(trees, row, out),
                }
            }
            (Body::KMeans(body), _) => nearest(body, row, out),
            (Body::Projection(body), _) => {
                SCRATCH.with_borrow_mut(|scratch| projection::transform(body, row, scratch, out));
            }
            (Body::Density(body), _) => out[0] = self.dense(body, row),
            (Body::Mixture(body), _) => most_probable(body, row, out),
            (Body::Additive(body), _) => additive::predict(body, &self.model.task, row, out),
            (Body::Neighbors(body), _) => {
                if let Some(near) = &self.near {
                    neighbors::predict(body, near, &self.model.task, row, out);
                }
            }
            (Body::Network(body), _) => {
                if let Some(net) = &self.net {
                    network::predict(body, net, &self.model.task, row, out);
                }
            }
            (Body::Machine(body), _) => {
                if let Some(layout) = &self.machine {
                    machine::predict(body, layout, &self.model.task, row, out);
                }
            }
            (Body::Ensemble(body), _) => {
                if let Some(members) = &self.members {
                    members.predict(body, &self.model.task, row, out);
                }
            }
            (Body::Recommender(body), _) => out[0] = Shelf::new(&self.model, body, &self.shelf).predict(row),
            (Body::Forecast(body), _) => out[0] = Outlooks::new(&self.model, body, &self.outlooks).predict(row),
            (Body::Lifetime(body), _) => out[0] = lifetime::predict(body, row),
            _ => {}
        }
    }

    /// A model that recommends, to be asked; `None` for another.
    pub fn shelf(&self) -> Option<Shelf<'_>> {
        match &self.model.body {
            Body::Recommender(body) => Some(Shelf::new(&self.model, body, &self.shelf)),
            _ => None,
        }
    }

    /// A model that forecasts, to be asked; `None` for another.
    pub fn outlooks(&self) -> Option<Outlooks<'_>> {
        match &self.model.body {
            Body::Forecast(body) => Some(Outlooks::new(&self.model, body, &self.outlooks)),
            _ => None,
        }
    }

    /// What the last layer of a network is given of a row; nothing without one.
    pub(crate) fn hidden(&self, row: &[f64], out: &mut Vec<f64>) {
        match &self.net {
            Some(net) => network::hidden(net, row, out),
            None => out.clear(),
        }
    }

    /// The leaf of a row in each tree, a number that no other leaf has; `out` has one place a tree.
    pub(crate) fn leaves(&self, row: &[f64], out: &mut [u32]) {
        if let Some(nodes) = &self.nodes {
            nodes.leaves(row, out);
        }
    }

    /// The root of a tree in the layout that is walked; for a model of trees.
    pub(crate) fn root(&self, tree: usize) -> u32 {
        self.nodes.as_ref().and_then(|nodes| nodes.roots().get(tree).copied()).unwrap_or(0)
    }

    /// The left child of a split; the right one comes after it.
    pub(crate) fn left_child(&self, node: u32) -> u32 {
        self.nodes.as_ref().map_or(0, |nodes| nodes.left_child(node))
    }

    /// Mark with all bits the rows that go left at a split, given what stands in them for its feature.
    pub(crate) fn mark_left(&self, node: u32, cells: &[f64], marks: &mut [u64]) {
        if let Some(nodes) = &self.nodes {
            nodes.mark_left(node, cells, marks);
        }
    }

    /// From what the trees or the features of a model say of a row, before the link, to what [`Scorer::predict`] writes.
    pub(crate) fn respond(&self, raw: &mut [f64]) {
        if let (Some(nodes), Some((trees, _))) = (&self.nodes, self.model.body.as_trees()) {
            nodes.respond(trees, raw);
        } else if let Body::Additive(body) = &self.model.body {
            additive::respond(body, &self.model.task, raw);
        }
    }

    /// The scorers of the members of an ensemble; none of another model.
    pub fn members(&self) -> impl Iterator<Item = &Scorer> {
        self.members.iter().flat_map(Members::scorers)
    }

    /// The scorer of the model that joins the answers of members, if there is one.
    pub fn last_member(&self) -> Option<&Scorer> {
        self.members.as_ref().and_then(Members::last)
    }

    /// What stands in a row of a member for a row of the ensemble.
    pub(crate) fn member_row(&self, member: usize, row: &[f64], out: &mut Vec<f64>) {
        if let Some(members) = &self.members {
            members.row(member, row, out);
        }
    }

    fn masks(&self) -> Option<&Masks> {
        let make = || {
            let nodes = self.nodes.as_ref().filter(|_| self.outputs() == 1)?;
            let is_text = |feature: usize| self.model.features[feature].encoding.is_category();
            Masks::new(nodes, self.model.features.len(), is_text)
        };
        self.masks.get_or_init(make).as_ref()
    }

    /// The index of the class with the highest probability in what [`Scorer::predict`] wrote, the first of equals as in
    /// scikit-learn; `None` unless the task is a classification.
    pub fn class(&self, out: &[f64]) -> Option<usize> {
        let Task::Classification { classes, positive } = &self.model.task else { return None };
        match classes.len() {
            0 | 1 => Some(0),
            2 if *positive == 0 => Some(usize::from(1.0 - out[0] > out[0])),
            2 => Some(usize::from(out[0] > 1.0 - out[0])),
            _ => Some((1..out.len()).fold(0, |best, k| if out[k] > out[best] { k } else { best })),
        }
    }

    /// Whether [`Batch::predict`] takes much less time for many rows than [`Scorer::predict`] for each.
    pub fn gains_from_batches(&self) -> bool {
        let centres = match &self.model.body {
            Body::KMeans(body) => body.centres.len() >= MANY_CENTRES,
            Body::Mixture(body) => mixture::numbers(body) >= MANY_CENTRES,
            _ => false,
        };
        let members = || self.members.as_ref().is_some_and(Members::gain_from_batches);
        (self.blocks.is_some() || centres || members()) && level() != Level::Scalar
    }

    /// About how many nanoseconds [`Scorer::predict`] takes, for a planner: what was measured of each layout on a processor of 2023.
    pub fn nanoseconds(&self) -> f64 {
        let cleaning = self.model.cleaning.as_ref().map_or(0, |c| c.program.ops.len()) as f64 * OPERATION;
        cleaning
            + match (&self.model.body, &self.nodes) {
                (Body::KMeans(k), _) => 20.0 + k.centres.len() as f64,
                (Body::Projection(p), _) => 50.0 + p.components.len() as f64 / 2.0,
                (Body::Density(body), _) => density::nanoseconds(body),
                (Body::Mixture(m), _) => 20.0 + mixture::numbers(m) as f64,
                (Body::Additive(body), _) => additive::nanoseconds(body),
                (Body::Neighbors(body), _) => neighbors::nanoseconds(body),
                (Body::Network(body), _) => network::nanoseconds(body),
                (Body::Machine(body), _) => machine::nanoseconds(body),
                (Body::Recommender(body), _) => recommender::nanoseconds(body),
                (Body::Forecast(_), _) => forecast::NANOSECONDS,
                (Body::Lifetime(body), _) => lifetime::nanoseconds(body),
                (Body::Ensemble(_), _) => self.members.as_ref().map_or(0.0, Members::nanoseconds),
                (_, Some(nodes)) if self.words.is_some() => {
                    50.0 + nodes.roots().len() as f64 * nodes.depth().mul_add(1.5, -5.0)
                }
                (_, Some(nodes)) if self.blocks.is_some() => 50.0 + nodes.roots().len() as f64 * nodes.depth(),
                (_, Some(nodes)) => {
                    // A walk takes about as many steps as a balanced tree is deep, and waits for memory where there is much of it.
                    let (trees, depth) = (nodes.roots().len() as f64, nodes.depth());
                    trees * depth * if nodes.bytes() > FAR_NODES { 10.0 } else { 3.0 }
                }
                _ => 0.0,
            }
    }

    /// Bytes the scorer holds, as it is counted by a cache.
    pub fn memory(&self) -> usize {
        let tables: usize = self.levels.iter().flatten().map(Levels::bytes).sum();
        let own = tables + self.places.iter().map(Places::bytes).sum::<usize>();
        let nodes = self.nodes.as_ref().map_or(0, Nodes::bytes)
            + self.quads.as_ref().map_or(0, Quads::bytes)
            // Counted before it is made: it is no larger than that, or is not needed.
            + self.masks.get().map_or(masks::TABLE, |masks| masks.as_ref().map_or(0, Masks::bytes))
            + self.blocks.as_ref().map_or(0, Blocks::bytes)
            + self.words.as_ref().map_or(0, Words::bytes)
            + self.near.as_ref().map_or(0, Near::bytes)
            + self.machine.as_ref().map_or(0, machine::Layout::bytes)
            + self.members.as_ref().map_or(0, Members::bytes);
        std::mem::size_of::<Scorer>() + self.levels.capacity() * 120 + own + nodes + model_bytes(&self.model)
    }
}

/// Nanoseconds of an operation of a cleaning, about.
const OPERATION: f64 = 60.0;

/// The number of classes when there are more than two, the number of components, else 1.
/// How many numbers an answer of a model has: [`Scorer::outputs`].
pub fn outputs(model: &Model) -> usize {
    match (&model.task, &model.body) {
        (Task::Classification { classes, .. }, _) if classes.len() > 2 => classes.len(),
        // The largest effect, and, where there are several treatments, that of each.
        (Task::Uplift { treatments, .. }, _) if treatments.len() > 1 => treatments.len() + 1,
        (_, Body::Projection(body)) => body.variance.len(),
        _ => 1,
    }
}

/// The effect of each treatment, in an answer of a model of uplift.
pub fn effects(answer: &[f64]) -> &[f64] {
    match answer {
        [one] => std::slice::from_ref(one),
        [_, each @ ..] => each,
        [] => answer,
    }
}

/// The segment of a row, counted from 1.
fn nearest(body: &KMeans, row: &[f64], out: &mut [f64]) {
    let (segment, _) = SCRATCH.with_borrow_mut(|scratch| kmeans::nearest(body, row, scratch));
    out[0] = f64::from(segment) + 1.0;
}

/// The most probable component of a row, counted from 1.
fn most_probable(body: &crate::model::Mixture, row: &[f64], out: &mut [f64]) {
    let (segment, _) = SCRATCH.with_borrow_mut(|scratch| mixture::most_probable(body, row, scratch));
    out[0] = f64::from(segment) + 1.0;
}

/// Bytes a model holds on the heap.
fn model_bytes(model: &Model) -> usize {
    let text = |s: &String| s.capacity() + std::mem::size_of::<String>();
    let inputs: usize = model.inputs.iter().map(|i| i.name.capacity() + std::mem::size_of_val(i)).sum();
    let features: usize = model
        .features
        .iter()
        .map(|f| {
            let levels: usize = f.encoding.levels().iter().map(text).sum();
            let keys = match &f.encoding {
                Encoding::Ordered { keys, .. } => keys.capacity() * 8,
                Encoding::Clock { zone } => zone.capacity(),
                Encoding::Token { token, .. } => token.capacity(),
                _ => 0,
            };
            std::mem::size_of_val(f) + f.name.capacity() + levels + keys + f.stats.level_rows.capacity() * 8
        })
        .sum();
    let body = match &model.body {
        Body::Trees(t) => trees_bytes(t),
        // The layout has the curves a second time.
        Body::Calibrated(c) => trees_bytes(&c.trees) + 2 * c.curves.iter().map(curve_bytes).sum::<usize>(),
        Body::Projection(p) => (p.components.len() + p.mean.len() + p.variance.len()) * 8 + p.axes.len() * 64,
        Body::KMeans(k) => segments_bytes(k),
        Body::Density(d) => {
            segments_bytes(&d.clusters) + d.cores.capacity() * 8 + (d.labels.capacity() + d.numbers.capacity()) * 4
        }
        Body::Mixture(m) => segments_bytes(&m.clusters) + (m.precisions.len() + 2 * m.log_weights.len()) * 8,
        Body::Additive(body) => additive::bytes(body),
        Body::Neighbors(body) => neighbors::bytes(body),
        Body::Network(body) => network::bytes(body),
        Body::Machine(body) => machine::bytes(body),
        Body::Recommender(body) => body.bytes() + recommender::Index::bytes(body),
        Body::Forecast(body) => body.bytes() + forecast::Index::bytes(body),
        Body::Lifetime(_) => 128,
        // Their scorers count them.
        Body::Ensemble(body) => {
            body.members.iter().map(|m| m.places.capacity() * 4 + m.algorithm.capacity() + 64).sum()
        }
    };
    inputs + features + model.classes().iter().map(text).sum::<usize>() + body
}

fn segments_bytes(k: &KMeans) -> usize {
    (k.centres.len() + k.sizes.len()) * 8 + k.axes.len() * 64
}

fn trees_bytes(t: &Trees) -> usize {
    // 8 + 8 + 8 + 8 for the f64 and u64 of a node, 4 x 4 for its u32, 1 for its bool.
    t.nodes() * 49 + (t.values.len() + t.words.len() + t.sets.len() + t.base.len()) * 8
}

fn curve_bytes(curve: &Curve) -> usize {
    let knots = match curve {
        Curve::Isotonic { from, to } => from.capacity() + to.capacity(),
        Curve::Sigmoid { .. } => 0,
    };
    knots * 8 + std::mem::size_of::<Curve>()
}

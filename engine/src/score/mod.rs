//! The prediction core: the scalar reference, written to be obviously right.
//!
//! A row is one `f64` a feature: a number as it is, a category as its code ([`Scorer::category`]), NaN where it is missing. Every
//! such row has an answer; nothing here fails, nor allocates a row. The rule of a split stands in [`walk`], the order of a sum and the
//! links in [`link`]; whatever is quicker must agree with them bit for bit.

pub mod kmeans;
mod levels;
pub mod link;
mod nodes;
pub mod walk;

use std::cell::RefCell;

use crate::model::{Body, Encoding, Model, Task};
use levels::Levels;
use nodes::Nodes;

thread_local! {
    /// A row in the scaled space of a k-means model; kept so that a row costs no allocation.
    static SCRATCH: RefCell<Vec<f64>> = const { RefCell::new(Vec::new()) };
}

/// A model and what is made from it when it is loaded, ready to score rows. Cheap to share between threads.
#[derive(Debug)]
pub struct Scorer {
    model: Model,
    /// By feature; `None` for a number.
    levels: Vec<Option<Levels>>,
    /// `None` for k-means.
    nodes: Option<Nodes>,
}

impl Scorer {
    /// Make a model ready. It must have passed [`Model::validate`], as one from [`crate::model::decode`] has: its indexes are
    /// trusted from here on, and a false one panics.
    pub fn new(model: Model) -> Scorer {
        let table = |encoding: &Encoding| match encoding {
            Encoding::Number => None,
            Encoding::Category { levels } => Some(Levels::new(levels)),
        };
        let levels = model.features.iter().map(|f| table(&f.encoding)).collect();
        let nodes = match &model.body {
            Body::Trees(trees) => Some(Nodes::new(trees, &model.task)),
            Body::KMeans(_) => None,
        };
        Scorer { model, levels, nodes }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// What stands in a row for `text` (UTF-8 bytes) of a feature: its level's index, or the number of levels for a text that is
    /// not among them (rare in training, or never seen). NaN, a missing value, when the feature is a number.
    pub fn category(&self, feature: usize, text: &[u8]) -> f64 {
        match (&self.levels[feature], &self.model.features[feature].encoding) {
            (Some(table), Encoding::Category { levels }) => f64::from(table.code(levels, text)),
            _ => f64::NAN,
        }
    }

    /// How many numbers [`Scorer::predict`] writes: the number of classes when there are more than two, else 1.
    pub fn outputs(&self) -> usize {
        match &self.model.task {
            Task::Classification { classes, .. } if classes.len() > 2 => classes.len(),
            _ => 1,
        }
    }

    /// Predict a row of one number a feature into `out`, which has [`Scorer::outputs`] places.
    ///
    /// Classification writes the probability of the positive class, or of each class when there are more than two; where training
    /// saw one class only it writes 1 if that is the positive class, else 0. Regression writes the value. Clustering writes the
    /// segment's number, counted from 1.
    ///
    /// Panics when `row` or `out` is of another length.
    #[inline]
    pub fn predict(&self, row: &[f64], out: &mut [f64]) {
        assert_eq!(row.len(), self.model.features.len(), "one number a feature");
        match &self.model.body {
            Body::KMeans(body) => {
                let (segment, _) = SCRATCH.with_borrow_mut(|scratch| kmeans::nearest(body, row, scratch));
                out[0] = f64::from(segment) + 1.0;
            }
            Body::Trees(trees) => {
                if let Some(nodes) = &self.nodes {
                    nodes.predict(trees, row, out);
                }
            }
        }
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

    /// Bytes the scorer holds, as it is counted by a cache.
    pub fn memory(&self) -> usize {
        let own: usize = self.levels.iter().flatten().map(Levels::bytes).sum();
        let nodes = self.nodes.as_ref().map_or(0, Nodes::bytes);
        std::mem::size_of::<Scorer>() + self.levels.capacity() * 40 + own + nodes + model_bytes(&self.model)
    }
}

/// Bytes a model holds on the heap.
fn model_bytes(model: &Model) -> usize {
    let text = |s: &String| s.capacity() + std::mem::size_of::<String>();
    let inputs: usize = model.inputs.iter().map(|i| i.name.capacity() + std::mem::size_of_val(i)).sum();
    let features: usize = model
        .features
        .iter()
        .map(|f| {
            let levels = match &f.encoding {
                Encoding::Category { levels } => levels.iter().map(text).sum(),
                Encoding::Number => 0,
            };
            std::mem::size_of_val(f) + f.name.capacity() + levels + f.stats.level_rows.capacity() * 8
        })
        .sum();
    let body = match &model.body {
        // 8 + 8 + 8 + 8 for the f64 and u64 of a node, 4 x 4 for its u32, 1 for its bool.
        Body::Trees(t) => t.nodes() * 49 + (t.values.len() + t.words.len() + t.sets.len() + t.base.len()) * 8,
        Body::KMeans(k) => (k.centres.len() + k.sizes.len()) * 8 + k.axes.len() * 64,
    };
    inputs + features + model.classes().iter().map(text).sum::<usize>() + body
}

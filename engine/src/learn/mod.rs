//! Learning: from a table to a model.

mod alike;
pub mod bayes;
pub mod bin;
pub mod boost;
pub mod calibrate;
pub mod columns;
pub mod constraints;
pub mod density;
mod enough;
pub mod ensemble;
pub mod exposure;
pub mod few;
pub mod fold;
pub mod forest;
pub mod isolation;
pub mod kmeans;
pub mod linear;
mod means;
pub mod neighbors;
pub mod network;
pub mod options;
pub mod ordered;
pub mod parts;
pub mod pca;
mod personal;
pub(crate) mod random;
pub mod recommend;
pub mod sum;
pub mod svm;
pub mod target;
pub mod text;
pub mod train;
pub mod tree;
pub mod tune;
pub mod uplift;

/// The rows that a learner without a target looks at, by their places in a table, in canonical order.
#[derive(Debug, Clone, Copy)]
pub struct Unlabelled<'a> {
    /// The columns of the features.
    pub features: &'a [usize],
    /// Those that are learned from.
    pub train: &'a [u32],
    /// Those held out.
    pub held: &'a [u32],
    /// The weights of those that are learned from.
    pub weight: Option<&'a [f64]>,
}

/// What the learner is to predict, for the training rows in canonical order.
#[derive(Debug)]
pub enum Target {
    /// The class of each row, below `classes`.
    Class {
        /// Class indexes.
        codes: Vec<u32>,
        /// The number of classes, at least 1.
        classes: usize,
    },
    /// The value of each row, all finite.
    Number(Vec<f64>),
}

impl Target {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Target::Class { codes, .. } => codes.len(),
            Target::Number(values) => values.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

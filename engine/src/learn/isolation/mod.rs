//! Isolation forest: rows that random cuts part from the others soon are unlike them (Liu, Ting, Zhou 2008).
//!
//! Each tree cuts a few rows, drawn without replacement, at random until each is alone or the depth is that of a balanced tree. A row's path is as long as
//! the depth of its leaf and what a search among the leaf's rows would add. Leaves hold the path, as a part of what is usual among so many rows, times
//! -ln 2, so that the exponential of their mean is the score of the paper, `2^(-path / usual path)`: near 1 for what is isolated at once, 0.5 for what is
//! like the others, less for what lies in their midst.

mod draw;
mod grow;

use rayon::prelude::*;

pub(crate) use draw::{draw, Draws};

use crate::control::Control;
use crate::error::Result;
use crate::learn::forest::{self, Part};
use crate::learn::random::Random;
use crate::model::{Feature, Link, Trees};

/// Bytes that a row drawn for a tree may need while the tree grows.
const ROW_BYTES: usize = 4 * 72;

/// How isolation forests grow. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct IsolationParams {
    /// The number of trees.
    pub n_estimators: u32,
    /// The rows drawn for a tree.
    pub max_samples: Part,
    /// The features drawn for a tree.
    pub max_features: Part,
    /// The fewest training rows of a level that is not pooled with the rare ones; where not given, a tenth of a row among those drawn for a tree.
    pub min_category_rows: Option<u64>,
    /// The fewest drawn rows of a leaf.
    pub min_group: u64,
    /// The seed of everything drawn.
    pub seed: u64,
}

impl Default for IsolationParams {
    fn default() -> Self {
        IsolationParams {
            n_estimators: 100,
            max_samples: Part::Count(256),
            max_features: Part::Share(1.0),
            min_category_rows: None,
            min_group: 1,
            seed: 42,
        }
    }
}

impl IsolationParams {
    /// The fewest rows of a level that is known by name, among so many rows. Rarer ones are as good as alone in any tree, so that together they are
    /// rare, or usual where they are many.
    pub fn least_level_rows(&self, rows: usize) -> u64 {
        self.min_category_rows.unwrap_or((rows / self.max_samples.of(rows) / 10) as u64).max(1)
    }
}

/// The mean length of a search for one of `rows` among them in a random tree.
pub(crate) fn usual_path(rows: usize) -> f64 {
    const EULER: f64 = 0.577_215_664_901_532_9;
    match rows {
        0 | 1 => 0.0,
        2 => 1.0,
        n => 2.0 * (libm::log(n as f64 - 1.0) + EULER) - 2.0 * (n as f64 - 1.0) / n as f64,
    }
}

/// Grow the trees on the rows that were drawn for each: their places in `columns`, which hold each feature as scoring takes it.
///
/// Fails when cancelled, out of memory, or where there are more nodes than a model holds.
pub(crate) fn fit(
    features: &[Feature],
    columns: &[&[f64]],
    draws: &Draws,
    params: &IsolationParams,
    control: &Control,
) -> Result<Trees> {
    control.start(draws.trees() as u64);
    let tree = |tree: usize| {
        control.check()?;
        let mut random = Random::new(params.seed, 2 * tree as u64 + 1);
        // A tree has fewer than twice as many nodes as rows, and its vectors may have twice the room they need.
        let most = draws.places(tree).len() * ROW_BYTES;
        control.reserve(most)?;
        let grown = grow::tree(features, columns, draws.places(tree), params, &mut random, control)?;
        control.release(most);
        control.reserve(forest::tree_bytes(&grown))?;
        control.advance(1);
        Ok(grown)
    };
    let grown: Vec<Trees> = (0..draws.trees()).into_par_iter().map(tree).collect::<Result<_>>()?;
    let trees = forest::join(grown, 1, control)?;
    Ok(Trees { link: Link::Log, ..trees })
}

//! Decision trees: CART (Breiman, Friedman, Olshen, Stone 1984) over histograms, with learned directions for missing values and
//! splits of categories into subsets.

mod exact;
mod grow;
mod prune;
mod rows;
mod split;
mod uplift;

pub use exact::{fit_exact, MOST_CELLS};
pub(super) use split::between;
pub use uplift::{fit_uplift, one_output, Divergence, UpliftForest, UpliftRows};

use crate::control::Control;
use crate::error::Result;
use crate::learn::bin::{BinParams, BinnedFeature};
use crate::learn::Target;
use crate::model::Trees;

/// What a split is to lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    /// Gini impurity.
    Gini,
    /// Shannon entropy.
    Entropy,
    /// Squared error around the mean.
    SquaredError,
}

/// How a tree grows. Names are scikit-learn's.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeParams {
    /// What a split is to lower.
    pub criterion: Criterion,
    /// The most splits from the root to a leaf.
    pub max_depth: u32,
    /// The most leaves; the tree then grows where the gain is largest.
    pub max_leaf_nodes: Option<u32>,
    /// The fewest training rows of a leaf.
    pub min_samples_leaf: u64,
    /// The fewest training rows of a node that is split.
    pub min_samples_split: u64,
    /// The least weighted decrease of impurity of a split.
    pub min_impurity_decrease: f64,
    /// The price of a leaf in minimal cost-complexity pruning.
    pub ccp_alpha: f64,
    /// The weight of each class while growing; leaves keep true probabilities.
    pub class_weight: Option<Vec<f64>>,
    /// The most bins of a number.
    pub max_bins: usize,
    /// Levels with fewer training rows are pooled.
    pub min_category_rows: u64,
    /// The fewest rows that a leaf, a level or a bin stands for, whatever the other parameters say.
    pub min_group: u64,
    /// Rows of the node's mean that are added to each level before levels are put in order.
    pub cat_smooth: f64,
    /// A category of more levels is cut as one number, what its levels say of the target in other rows; one of fewer is split into subsets.
    pub max_subset_levels: usize,
}

impl Default for TreeParams {
    fn default() -> Self {
        TreeParams {
            criterion: Criterion::Gini,
            max_depth: 8,
            max_leaf_nodes: None,
            min_samples_leaf: 20,
            min_samples_split: 2,
            min_impurity_decrease: 0.0,
            ccp_alpha: 0.0,
            class_weight: None,
            max_bins: 4096,
            min_category_rows: 10,
            min_group: 1,
            cat_smooth: 10.0,
            max_subset_levels: 16,
        }
    }
}

/// No tree is deeper, whatever the option says.
pub const DEEPEST: u32 = 64;

impl TreeParams {
    /// The fewest training rows of a leaf, all told.
    fn least_rows(&self) -> u64 {
        self.min_samples_leaf.max(self.min_group).max(1)
    }

    /// How the columns are to be binned.
    pub fn bin_params(&self) -> BinParams {
        let (min_category_rows, min_group) = (self.min_category_rows, self.min_group);
        BinParams { max_bins: self.max_bins, min_category_rows, min_group }
    }
}

/// Grow a tree on training rows in canonical order.
///
/// Leaves hold the probability of class 1 (two classes), of each class (more), or the mean; they come from the sample weights alone,
/// so class weights do not bend them. Bytes do not depend on the number of threads. Fails when cancelled or out of memory.
pub fn fit(
    features: &[BinnedFeature],
    target: &Target,
    weight: Option<&[f64]>,
    params: &TreeParams,
    control: &Control,
) -> Result<Trees> {
    let rows = rows::Rows::new(target, weight, params, control)?;
    let mut nodes = grow::grow(features, &rows, params, control)?;
    if params.ccp_alpha > 0.0 {
        prune::prune(&mut nodes, params.ccp_alpha);
    }
    let trees = grow::flatten(&nodes, features);
    rows.release(control);
    Ok(trees)
}

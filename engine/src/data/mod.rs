//! Typed columns: how rows are kept between the query that read them and the learner.
//!
//! A [`Table`] holds one [`Column`] a *feature* (an array of numbers gives one feature an element). Numbers are `f64` with
//! NaN for missing; categories are `u32` codes into a [`Dictionary`] with [`MISSING`] for missing.

mod chunked;
mod dictionary;
mod folds;
mod holdout;
mod keys;
mod numbers;
pub(crate) mod order;
mod permutation;
mod sample;
mod sort;
mod table;
pub mod tokens;

pub use chunked::{Chunked, CHUNK};
pub use dictionary::Dictionary;
pub use folds::{folds, Folds, Role};
pub use holdout::{split, watch, Draw, Holdout, HoldoutPlan};
pub use keys::Keys;
pub use numbers::Numbers;
pub(crate) use order::mix;
pub use order::{canonical_order, RowHashes, UNKNOWN};
pub use permutation::Permutation;
pub use sample::{RowSample, Taken, SAMPLE_BYTES};
pub use sort::{par_sort, sort, sort_numbers};
pub use table::{Column, ColumnData, Table, MISSING};

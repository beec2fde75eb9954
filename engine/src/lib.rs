//! The engine of Orchard: everything about learning, scoring and judging that does not need PostgreSQL.
//!
//! The crate cannot name Postgres, so its threads cannot call it; it is tested and benchmarked without a server.
//!
//! * [`clean`]: what is wrong with columns, and how it is mended.
//! * [`data`]: typed columns as they are read, the canonical row order, the holdout.
//! * [`learn`]: options, binning, decision trees, k-means.
//! * [`model`]: what is stored: flat arrays, encoders, the versioned codec.
//! * [`forecast`]: time series.
//! * [`import`]: models that other libraries have trained.
//! * [`score`]: the prediction core.
//! * [`judge`] has the metrics and explanations.
//! * [`report`] draws them, and writes the page of a model.
//! * [`control`]: how the caller cancels, watches and bounds a run.
//! * [`error`] has the one error type.

pub mod clean;
pub mod control;
pub mod data;
pub mod decide;
pub mod error;
pub mod forecast;
pub mod import;
pub mod judge;
pub mod learn;
pub mod model;
pub mod report;
pub mod score;
mod simd;

pub use error::{Error, Result};

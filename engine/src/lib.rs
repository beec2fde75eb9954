//! The engine of Orchard: everything about learning, scoring and judging that does not need PostgreSQL.
//!
//! The crate cannot name Postgres, so its threads cannot call it; it is tested and benchmarked without a server.
//!
//! * [`attribute`]: which channels brought the conversions.
//! * [`baskets`]: which items are bought together.
//! * [`clean`]: what is wrong with columns, and how it is mended.
//! * [`data`]: typed columns as they are read, the canonical row order, the holdout.
//! * [`drivers`]: why a metric moved.
//! * [`learn`]: options, binning, decision trees, k-means.
//! * [`lifetime`]: what customers are worth, and how many come back.
//! * [`model`]: what is stored: flat arrays, encoders, the versioned codec.
//! * [`experiment`]: tests of variants, bandits, the value of a policy.
//! * [`forecast`]: time series.
//! * [`import`]: models that other libraries have trained.
//! * [`score`]: the prediction core.
//! * [`judge`] has the metrics and explanations.
//! * [`report`] draws them, and writes the page of a model.
//! * [`control`]: how the caller cancels, watches and bounds a run.
//! * [`error`] has the one error type.

pub mod attribute;
pub mod baskets;
pub mod clean;
pub mod control;
pub mod data;
pub mod decide;
pub mod drivers;
pub mod error;
pub mod experiment;
pub mod forecast;
pub mod import;
pub mod judge;
pub mod learn;
pub mod lifetime;
pub mod model;
pub mod report;
pub mod score;
mod simd;

pub use error::{Error, Result};

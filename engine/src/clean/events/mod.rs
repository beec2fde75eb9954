//! Features from tables of events, written as the text of a query that needs nothing of Orchard.
//!
//! What a row is given is of its past alone: each query asks for `event_time < moment` before it asks for anything else, so an event of
//! the row's own moment, or a later one, changes nothing.
//!
//! The text names its functions and types by schema, and compares values only where `pg_catalog` has an operator for just these types,
//! so it means the same under any search_path that does not put other schemas before `pg_catalog`.

mod conditions;
mod features;
mod given;
mod names;
mod options;
mod relation;
mod rfm;
mod sql;
mod touches;
mod window;

#[cfg(test)]
mod tests;

pub use features::{event_features, EventFeatures, Moments};
pub use given::Spec;
pub use options::{EventOptions, RfmOptions, EVENT_FEATURES, RFM};
pub use relation::{Column, Kind, Relation};
pub use rfm::{rfm, AsOf, Rfm};

/// A column of the query, and what it means in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// The name of the column.
    pub name: String,
    /// What it means.
    pub meaning: String,
}

/// A query and the columns it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The text of one SELECT.
    pub text: String,
    /// Its columns in their order.
    pub columns: Vec<Feature>,
}

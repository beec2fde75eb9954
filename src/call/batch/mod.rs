//! Scoring many rows at once in a plan.
//!
//! A call of a function has one row; the kernel for many rows takes a tenth of the time a row. So where a plan computes `predict_<model>`
//! for many rows, a node of our own is put below that computation: it takes rows from the node beneath it, scores some hundreds
//! at a time, and hands them on with the scores as further columns, in place of the calls.
//!
//! Paths are changed when the planner has made all of them, at the end of each query level ([`paths`]); the server itself then finds that a
//! column of the node beneath equals the call, as it does for every expression. What cannot be done so is computed by calls as before:
//! filters, join conditions, queries that lock or change the rows they read, few rows.

mod find;
pub mod list;
mod node;
mod paths;

/// Register the node and listen to the planner; called once when the library is loaded.
pub fn register() {
    node::register();
    paths::listen();
}

//! One file a verb: unpack the arguments, call the engine, return rows.

mod amount;
mod clean;
mod cleaned;
mod curves;
mod decide;
mod dependence;
mod diagnose;
mod evaluate;
mod events;
mod importance;
mod interactions;
mod judged;
mod manage;
mod options;
mod profile;
pub(crate) mod sampled;
pub(crate) mod score;
mod train;
mod tune;
mod web;

//! One file a verb: unpack the arguments, call the engine, return rows.

mod amount;
mod budget;
mod clean;
mod cleaned;
mod curves;
mod decide;
mod dependence;
mod diagnose;
mod evaluate;
mod events;
mod import;
mod importance;
mod insight;
mod interactions;
mod judged;
mod manage;
mod options;
mod profile;
mod reading;
mod report;
pub(crate) mod sampled;
pub(crate) mod score;
mod train;
mod tune;
mod web;

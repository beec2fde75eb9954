//! One file a verb: unpack the arguments, call the engine, return rows.

mod diagnose;
mod evaluate;
mod manage;
mod options;
mod score;
mod train;
mod tune;

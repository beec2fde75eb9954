//! One file a verb: unpack the arguments, call the engine, return rows.

mod evaluate;
mod events;
mod manage;
mod options;
mod score;
mod train;
mod tune;
mod web;

//! Scoring calls. Raw functions of the server's own calling convention: arguments are read where they lie, state is kept by call site.

mod arguments;
pub mod batch;
pub mod cells;
pub mod cleaned;
pub mod explain;
mod json;
mod raw;
mod record;
mod rewrite;
mod site;
pub mod slot;
mod spare;
mod support;
mod text;

//! The text functions: raw functions of the server's own calling convention over the engine's readers.
//!
//! Those that read run without pgrx's guard, as they neither call the server nor own anything while they do; those that write texts, keep
//! something or raise have a guard of their own.

mod parse;
mod value;
mod write;

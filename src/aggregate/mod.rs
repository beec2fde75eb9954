//! The aggregates: sketches of the engine as transition states.
//!
//! A state lies in the memory of its group with all it holds ([`memory::Memory`]), so that it goes with the group, on an ERROR too,
//! and counts for what makes a hashed aggregation spill. It is never dropped.

mod distinct;
mod fractions;
mod memory;
mod quantiles;
mod state;
mod top;
mod value;

pub use value::output_function;

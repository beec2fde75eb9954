//! Looking at columns and mending them: text functions, sketches, the profile, the doctor, and cleaning steps.

pub mod events;
pub mod web;
//!
//! * [`step`]: the steps as the user writes them.
//! * [`fit`](mod@fit): what they learn from rows.
//! * [`program`]: what they do to a row, in SQL and here alike.

pub mod fit;
pub mod parse;
pub mod profile;
pub mod program;
pub mod sketch;
pub mod step;
pub mod text;

//! Looking at columns and mending them: text functions, sketches, the profile, the doctor, and cleaning steps.

pub mod parse;
pub mod profile;
pub mod sketch;
pub mod text;

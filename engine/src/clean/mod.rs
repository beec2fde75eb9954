//! Looking at columns and mending them: text functions, sketches, the profile, the doctor, and cleaning steps.

pub mod doctor;
pub mod parse;
pub mod text;

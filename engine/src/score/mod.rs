//! The prediction core.

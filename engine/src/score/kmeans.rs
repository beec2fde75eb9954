//! The nearest centre.

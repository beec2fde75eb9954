//! Models that other libraries have trained, read from what those libraries write.

mod lightgbm;

pub use lightgbm::read_lightgbm;

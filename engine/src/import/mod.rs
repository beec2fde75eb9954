//! Models that other libraries have trained, read from what those libraries write.

mod catboost;
mod cut;
mod grow;
mod lightgbm;
mod onnx;
mod protobuf;

pub use catboost::read_catboost;
pub use lightgbm::read_lightgbm;
pub use onnx::read_onnx;

/// What is found for the first of the texts as which pandas and NumPy write what is missing: where a model knows one, NULL is taken
/// as it.
fn missing_text<T>(find: impl FnMut(&'static str) -> Option<T>) -> Option<T> {
    ["nan", "None"].into_iter().find_map(find)
}

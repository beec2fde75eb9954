//! What safe code cannot say: instructions for learning and scoring. With `score`, the only place of the engine for unsafe code.

mod prefetch;

pub(crate) use prefetch::prefetch;

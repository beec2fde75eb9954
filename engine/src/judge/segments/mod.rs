//! Segments in words and numbers: where their centres are in the units of the columns, what sets them apart, what they are called, and which of another
//! version they are.

mod agreement;
mod effects;
mod matching;
mod names;
mod shown;

pub use agreement::{adjusted_rand, jaccard};
pub(crate) use effects::kind;
pub use effects::{Effect, What};
pub use matching::{assign, distances, numbers};
pub use names::{keep_names, name, names};
pub use shown::{centre, distinctive, typical, value_of};

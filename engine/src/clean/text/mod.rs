//! Texts made comparable: white space, Unicode, words for nothing, slugs, and personal data.

mod out;
mod personal;
mod placeholder;
mod space;

pub use out::Out;
pub use personal::{mask, personal_kind, Kind, Method, METHODS};
pub use placeholder::{is_nothing, is_placeholder, NOTHING, PLACEHOLDERS};
pub use space::{fold_space, is_blank, is_space, trim_space};

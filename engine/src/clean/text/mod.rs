//! Texts made comparable: white space, Unicode, words for nothing, slugs, and personal data.

mod mark;
mod out;
mod personal;
mod placeholder;
mod slug;
mod space;
mod unicode;

pub use mark::text_mark;
pub use out::{Out, LONGEST};
pub use personal::{mask, personal_kind, Kind, Method, METHODS};
pub use placeholder::{
    is_dotted, is_nothing, is_opposite, is_placeholder, is_same, may_be_code, may_be_level, may_be_name, may_be_state,
    NOTHING, PLACEHOLDERS,
};
pub use slug::slug;
pub use space::{fold_space, is_blank, is_space, trim_space};
pub use unicode::{normalize, Form, FORMS};

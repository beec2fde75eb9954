//! Looking at columns and mending them.
//!
//! * [`parse`] and [`text`]: what stands in texts, and texts made comparable.
//! * [`sketch`]: what many values come to, in little memory; [`profile`]: what a column is and what is wrong with it.
//! * [`doctor`]: what may spoil a training.
//! * [`step`]: cleaning steps as the user writes them; [`fit`](mod@fit): what they learn from rows; [`program`]: what they do to a
//!   row, in SQL and here alike.
//! * [`events`] and [`web`]: features from tables of events, as SQL, and from addresses and user agents.

pub mod doctor;
pub mod events;
pub mod fit;
pub mod parse;
pub mod profile;
pub mod program;
mod shown;
pub mod sketch;
pub mod step;
pub mod text;
pub mod web;

pub(crate) use shown::{exact, shown};

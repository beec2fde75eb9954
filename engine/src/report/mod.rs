//! Reports of a model: charts, a page, a card. They are made of [`Facts`], which the caller gathers.

mod card;
mod coefficients;
mod components;
mod facts;
mod figures;
mod leaderboard;
mod looks;
mod page;
pub mod plot;
mod segments;
mod segments_page;
mod words;

pub use card::markdown;
pub use components::components;
pub use facts::{ColumnFacts, ComponentFacts, Effects, Facts, Influence, Judged, Values};
pub use figures::{draw, Figure};
pub use looks::{effects_of, influences};
pub use page::html;
pub use segments::{stories, SegmentStories, SegmentStory};

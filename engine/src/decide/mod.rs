//! From scores to decisions: who gets which offer, when money, offers and patience are limited, and which campaign gets how much money.

pub mod adstock;
mod assign;
pub mod budget;
mod pairs;

pub use assign::{assign, Assignment, Choice, Problem};
pub use pairs::{pairs, treatments, Side};

//! From scores to decisions: who gets which offer, when money, offers and patience are limited.

mod assign;

pub use assign::{assign, Assignment, Choice, Problem};

//! What web logs hold: URLs and user agents. Every text has an answer, none an error.

pub mod agent;
pub mod url;

#[cfg(test)]
mod tests;

//! A free text in a row: the number of its words and the weights of the tokens that a model knows.

use super::levels::Levels;
use super::Scorer;
use crate::data::tokens;
use crate::model::{Encoding, Input, InputKind};

/// Where a free text goes in a row.
#[derive(Debug)]
pub struct Text {
    first: usize,
    count: usize,
    /// The tokens that a score depends on.
    tokens: Vec<String>,
    /// By token, its feature and its inverse document frequency.
    features: Vec<(usize, f64)>,
    /// From a token to its place among them.
    table: Levels,
}

impl Text {
    /// For an input column of a model; `None` where it is of another kind.
    pub fn new(scorer: &Scorer, input: &Input) -> Option<Text> {
        if input.kind != InputKind::Text {
            return None;
        }
        let (first, count) = (input.first as usize, input.count as usize);
        let (mut tokens, mut features) = (Vec::new(), Vec::new());
        for feature in (first..first + count).filter(|&f| scorer.uses(f)) {
            if let Encoding::Token { token, idf } = &scorer.model().features[feature].encoding {
                tokens.push(token.clone());
                features.push((feature, *idf));
            }
        }
        let table = Levels::new(&tokens, |place| place);
        Some(Text { first, count, tokens, features, table })
    }

    /// Put that there is no text into a row.
    pub fn missing(&self, row: &mut [f64]) {
        row[self.first..self.first + self.count].fill(f64::NAN);
    }

    /// Put a text into a row: the number of its words, then the weight of each token, its occurrences times its inverse document
    /// frequency, as far as a score depends on it. Nothing is allocated.
    pub fn put(&self, text: &[u8], row: &mut [f64]) {
        row[self.first + 1..self.first + self.count].fill(0.0);
        let words = tokens::tokens(text, |token| {
            let place = self.table.place(token) as usize;
            // The table can mistake a token that it does not have for one that it has.
            if self.tokens.get(place).is_some_and(|known| known.as_bytes() == token) {
                row[self.features[place].0] += 1.0;
            }
        });
        row[self.first] = f64::from(words);
        for &(feature, idf) in &self.features {
            row[feature] *= idf;
        }
    }
}

//! What a model remembers by name: the texts of the data that stand in it as they are.

use std::collections::BTreeMap;

use super::{Encoding, InputKind, Model};
use crate::clean::program::{is_like_stand_in, Program, Seeker};

/// The texts that a model knows of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    /// The column.
    pub column: String,
    /// What they are.
    pub kind: RememberedKind,
    /// The texts with the training rows of each, where these are known: the most frequent first, equals in C order.
    pub texts: Vec<(String, Option<u64>)>,
}

/// What texts of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RememberedKind {
    /// Levels of a category.
    Levels,
    /// Words of a free text.
    Words,
    /// What cleaning steps look for or put in.
    Cleaning,
}

impl RememberedKind {
    /// What one of them is called.
    pub fn one(self) -> &'static str {
        match self {
            RememberedKind::Levels => "level",
            RememberedKind::Words => "word",
            RememberedKind::Cleaning => "text of cleaning",
        }
    }

    /// What they are called.
    pub fn name(self) -> &'static str {
        match self {
            RememberedKind::Levels => "levels",
            RememberedKind::Words => "words",
            RememberedKind::Cleaning => "texts of cleaning",
        }
    }
}

impl Model {
    /// All texts that the model knows, but for the classes that it tells apart.
    pub fn remembered(&self) -> Vec<Remembered> {
        let seeker = Seeker::new(&self.seen_program(), None, None);
        let mut all = Vec::new();
        let mut add = |column: &str, kind, mut texts: Vec<(String, Option<u64>)>| {
            // No word of a text can look so.
            let gone = |text: &str| match kind {
                RememberedKind::Words => is_like_stand_in(text),
                RememberedKind::Levels => seeker.is_stand_in(text),
                RememberedKind::Cleaning => false,
            };
            texts.retain(|(text, _)| !gone(text));
            texts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            if !texts.is_empty() {
                all.push(Remembered { column: column.to_owned(), kind, texts });
            }
        };
        for input in &self.inputs {
            let own = &self.features[input.first as usize..(input.first + input.count) as usize];
            if input.kind == InputKind::Text {
                let word = |encoding: &Encoding| match encoding {
                    Encoding::Token { token, .. } => Some((token.clone(), None)),
                    _ => None,
                };
                add(&input.name, RememberedKind::Words, own.iter().filter_map(|f| word(&f.encoding)).collect());
            }
            for feature in own.iter().filter(|f| f.encoding.is_category()) {
                let rows = |i: usize| feature.stats.level_rows.get(i).copied();
                let levels = feature.encoding.levels().iter().enumerate();
                add(&input.name, RememberedKind::Levels, levels.map(|(i, l)| (l.clone(), rows(i))).collect());
            }
        }
        let cleaning = self.cleaning.iter().flat_map(|c| std::iter::once(&c.program).chain(&c.target));
        let mut cleaned: BTreeMap<String, Vec<(String, Option<u64>)>> = BTreeMap::new();
        for (column, text) in cleaning.flat_map(Program::texts) {
            cleaned.entry(column).or_default().push((text, None));
        }
        cleaned.into_iter().for_each(|(column, texts)| add(&column, RememberedKind::Cleaning, texts));
        all
    }
}

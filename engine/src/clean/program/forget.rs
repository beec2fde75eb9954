//! The texts of values that a program knows: whose they are, and how they are forgotten.
//!
//! A text that is forgotten is replaced everywhere by a stand-in, a text that nobody's row has, so that what the program makes of a row without it stays
//! what it was: a missing value that was filled by a forgotten level still becomes what stood for it. Where nothing makes the stand-in, its place
//! goes as well.

use std::collections::{HashMap, HashSet};

use super::seek::{pass, respelt, spelling, Seeker};
use super::text::Levels;
use super::{Op, Pair, PairOp, Program, ReadOp, TextOp};
use crate::clean::parse;

/// What stands for a forgotten text: no letters, so that no step which changes their case changes it.
fn stand_in(number: u64) -> String {
    format!("(#-{number}-#)")
}

fn number_of(text: &str) -> Option<u64> {
    text.strip_prefix("(#-")?.strip_suffix("-#)")?.parse().ok()
}

/// Whether a text looks as what stands for a forgotten one. A row may have such a text by chance, so what matters for scores goes by more than that.
pub(crate) fn is_like_stand_in(text: &str) -> bool {
    number_of(text).is_some()
}

/// Where a text of an operation stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The register whose values it is one of.
    pub register: u32,
    /// Whether the operation makes values of it; else it looks for it.
    pub made: bool,
    /// Whether it is looked for in small letters.
    lower: bool,
    /// Whether it cannot go, as it is all that the operation asks for.
    only: bool,
}

impl Place {
    /// Whether a text here stands for a forgotten one.
    fn is_stand_in(self, text: &str, seeker: &Seeker) -> bool {
        seeker.is_stand_in(text) || self.only && is_like_stand_in(text)
    }
}

/// Hand every text of an operation, whose result is register `own`, to `take`.
fn visit(op: &mut Op, own: u32, take: &mut dyn FnMut(Place, &mut String)) {
    let asked = |register: u32| Place { register, made: false, lower: false, only: false };
    let only = |register: u32| Place { only: true, ..asked(register) };
    let made = Place { made: true, ..asked(own) };
    let mut all = |place: Place, texts: &mut Vec<String>| texts.iter_mut().for_each(|text| take(place, text));
    match op {
        Op::Text { from, op: TextOp::NullIf(values) } => all(asked(*from), values),
        Op::Text { from, op: TextOp::Map { from: texts, to, other } } => {
            all(asked(*from), texts);
            to.iter_mut().flatten().chain(other.iter_mut().flatten()).for_each(|text| take(made, text));
        }
        Op::Text { from, op: TextOp::Keep { levels, other } } => {
            all(asked(*from), levels);
            take(made, other);
        }
        Op::Text { op: TextOp::Fill(text), .. } => take(made, text),
        Op::Read { from, op: ReadOp::Map(levels) } => all(asked(*from), &mut levels.levels),
        Op::Read { from, op: ReadOp::Is(text) } => take(only(*from), text),
        Op::Read { from, op: ReadOp::IsIn { values, .. } } => all(only(*from), values),
        Op::Read { from, op: ReadOp::Boolean { yes, no } } => {
            let place = Place { lower: true, ..asked(*from) };
            all(place, yes);
            all(place, no);
        }
        Op::Pair(Pair { left, op: PairOp::ByFold(folds), .. }) => {
            folds.iter_mut().for_each(|levels| all(asked(*left), &mut levels.levels));
        }
        Op::GroupFill(fill) => all(asked(fill.group), &mut fill.levels.levels),
        _ => {}
    }
}

/// Whether a text is of the extension and not of the rows: the usual words of truth values.
fn is_usual(place: Place, text: &str) -> bool {
    place.lower && (parse::TRUE.contains(&text) || parse::FALSE.contains(&text))
}

/// What stands for the texts that are forgotten, and what they were.
#[derive(Debug, Default)]
pub(crate) struct Renaming {
    of: HashMap<String, String>,
    next: u64,
    /// Texts that were forgotten, by column.
    pub gone: Vec<(String, String)>,
    /// The stand-ins that are new, and how they are respelt.
    own: HashSet<String>,
    /// Those of them that something makes.
    made: HashSet<String>,
}

impl Renaming {
    /// Note a stand-in that is there.
    pub fn see(&mut self, text: &str) {
        self.next = self.next.max(number_of(text).map_or(0, |n| n.saturating_add(1)));
    }

    /// A stand-in that is used nowhere yet.
    pub fn fresh(&mut self) -> String {
        self.next += 1;
        stand_in(self.next - 1)
    }

    /// What stands for a value of a register, and note that it is gone. What steps respell the two to stand for each other too.
    fn rename(&mut self, text: &str, register: u32, seeker: &Seeker) -> String {
        self.note(text, register, seeker);
        if let Some(known) = self.of.get(text) {
            return known.clone();
        }
        let images = seeker.flow(text, register, respelt);
        let known = images.iter().find_map(|(_, image)| self.of.get(image)).cloned();
        let own = known.unwrap_or_else(|| self.fresh());
        self.of.insert(text.to_owned(), own.clone());
        self.own.insert(own.clone());
        // Both go the same way, and are respelt on it.
        let mut open = vec![(register, text.to_owned(), own.clone())];
        let mut seen = HashSet::new();
        while let Some((register, text, own)) = open.pop() {
            for &k in seeker.readers.get(register as usize).into_iter().flatten() {
                let op = &seeker.program.ops[k];
                let Some(made) = respelt(op, &text).filter(|made| seen.insert((k, made.clone()))) else { continue };
                let image = spelling(op, &own).unwrap_or_else(|| own.clone());
                self.of.entry(made.clone()).or_insert_with(|| image.clone());
                self.own.insert(image.clone());
                open.push(((seeker.program.inputs.len() + k) as u32, made, image));
            }
        }
        own
    }

    /// Note that a value of a register is gone.
    pub fn note(&mut self, text: &str, register: u32, seeker: &Seeker) {
        self.gone.push((seeker.column(register).to_owned(), text.to_owned()));
    }

    /// What a level of the model is from now on: `None` where no row gets it any more.
    pub fn level(&self, text: &str) -> Option<&String> {
        self.of.get(text).filter(|own| self.made.contains(*own))
    }
}

impl Program {
    /// The texts of values that it knows, with their columns.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        let seeker = Seeker::new(self, None, None);
        let mut found = Vec::new();
        self.clone().visit(&mut |place, text| {
            if !place.is_stand_in(text, &seeker) && !is_usual(place, text) {
                found.push((seeker.column(place.register).to_owned(), text.clone()));
            }
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    pub(super) fn visit(&mut self, take: &mut dyn FnMut(Place, &mut String)) {
        let first = self.inputs.len();
        self.ops.iter_mut().enumerate().for_each(|(k, op)| visit(op, (first + k) as u32, take));
    }

    /// Forget texts; the registers of the operations that asked for one of them alone, whose columns may be called after it.
    pub(crate) fn forget(&mut self, seeker: &Seeker, renaming: &mut Renaming) -> Vec<u32> {
        self.visit(&mut |_, text| renaming.see(text));
        self.visit(&mut |place, text| {
            let hit = match (&seeker.wanted, place.lower) {
                _ if place.is_stand_in(text, seeker) => false,
                (Some(_), true) => seeker.looks_at(place.register) && seeker.lower.contains(text.as_str()),
                (None, _) if is_usual(place, text) => false,
                _ => seeker.hits(text, place.register),
            };
            if hit {
                *text = renaming.rename(text, place.register, seeker);
            }
        });
        let first = self.inputs.len();
        let mut named = Vec::new();
        for (k, op) in self.ops.iter_mut().enumerate() {
            let own = (first + k) as u32;
            prune(op, renaming);
            let mut made = Vec::new();
            visit(op, own, &mut |place, text| {
                if place.made && renaming.own.contains(text) {
                    made.push(text.clone());
                }
            });
            for text in made {
                let images = seeker.flow(&text, own, pass);
                renaming.made.extend(images.into_iter().map(|image| image.1));
                renaming.made.insert(text);
            }
            if matches!(op, Op::Read { op: ReadOp::Is(text), .. } if renaming.own.contains(text)) {
                named.push(own);
            }
        }
        named
    }
}

/// Bring the lists of an operation in order again, without stand-ins that nothing makes.
fn prune(op: &mut Op, renaming: &Renaming) {
    let there = |text: &String| !renaming.own.contains(text) || renaming.made.contains(text);
    let levels = |levels: &mut Levels| {
        let pairs = std::mem::take(&mut levels.levels).into_iter().zip(std::mem::take(&mut levels.numbers));
        let mut pairs: Vec<(String, f64)> = pairs.filter(|(level, _)| there(level)).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        pairs.dedup_by(|a, b| a.0 == b.0);
        (levels.levels, levels.numbers) = pairs.into_iter().unzip();
    };
    match op {
        Op::Text { op: TextOp::NullIf(values), .. } => values.retain(there),
        Op::Text { op: TextOp::Map { from, to, .. }, .. } => {
            let pairs = std::mem::take(from).into_iter().zip(std::mem::take(to));
            let mut pairs: Vec<(String, Option<String>)> = pairs.filter(|(from, _)| there(from)).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            pairs.dedup_by(|a, b| a.0 == b.0);
            (*from, *to) = pairs.into_iter().unzip();
        }
        Op::Text { op: TextOp::Keep { levels, .. }, .. } => {
            levels.retain(there);
            levels.sort_unstable();
            levels.dedup();
        }
        Op::Read { op: ReadOp::Map(own), .. } => levels(own),
        // One is left, as such a list must have one.
        Op::Read { op: ReadOp::IsIn { values, .. }, .. } if values.iter().any(there) => values.retain(there),
        Op::Read { op: ReadOp::Boolean { yes, no }, .. } => {
            yes.retain(there);
            no.retain(there);
        }
        Op::Pair(Pair { op: PairOp::ByFold(folds), .. }) => folds.iter_mut().for_each(levels),
        Op::GroupFill(fill) => levels(&mut fill.levels),
        _ => {}
    }
}

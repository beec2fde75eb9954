//! The texts of values that a program knows: whose they are, and how they are forgotten.
//!
//! A text that is forgotten is replaced everywhere by a stand-in, a text that nobody's row has, so that what the program makes of a row without it stays
//! what it was: a missing value that was filled by a forgotten level still becomes what stood for it. Where nothing makes the stand-in, its place
//! goes as well.

use std::collections::{HashMap, HashSet};

use super::text::{mask, Levels};
use super::{Kind, Op, Pair, PairOp, Program, ReadOp, TextOp};
use crate::clean::parse;
use crate::data::tokens::tokens;

/// What stands for a forgotten text: no letters, so that no step which changes their case changes it.
fn stand_in(number: u64) -> String {
    format!("(#-{number}-#)")
}

fn number_of(text: &str) -> Option<u64> {
    text.strip_prefix("(#-")?.strip_suffix("-#)")?.parse().ok()
}

/// Whether a text stands for a forgotten one.
fn is_stand_in(text: &str) -> bool {
    number_of(text).is_some()
}

/// Where a text of an operation stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The register whose values it is one of.
    register: u32,
    /// Whether the operation makes values of it; else it looks for it.
    made: bool,
    /// Whether it is looked for in small letters.
    lower: bool,
}

/// Hand every text of an operation, whose result is register `own`, to `take`.
fn visit(op: &mut Op, own: u32, take: &mut dyn FnMut(Place, &mut String)) {
    let asked = |register: u32| Place { register, made: false, lower: false };
    let made = Place { register: own, made: true, lower: false };
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
        Op::Read { from, op: ReadOp::Is(text) } => take(asked(*from), text),
        Op::Read { from, op: ReadOp::IsIn { values, .. } } => all(asked(*from), values),
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

/// What an operation on texts makes of one, where it stays the same value: spelt otherwise, or let through.
fn respelt(op: &Op, text: &str) -> Option<String> {
    match op {
        Op::Text { op: TextOp::NullIf(values), .. } => (!values.iter().any(|v| v == text)).then(|| text.to_owned()),
        Op::Text { op: TextOp::Map { from, other: None, .. }, .. } => {
            (!from.iter().any(|f| f == text)).then(|| text.to_owned())
        }
        Op::Text { op: TextOp::Map { .. }, .. } => None,
        Op::Text { op: TextOp::Keep { levels, .. }, .. } => levels.iter().any(|l| l == text).then(|| text.to_owned()),
        Op::Text { op: TextOp::Fill(_), .. } | Op::Coalesce { .. } => Some(text.to_owned()),
        _ => spelling(op, text),
    }
}

/// What an operation that only spells makes of a text.
fn spelling(op: &Op, text: &str) -> Option<String> {
    match op {
        Op::Text {
            op: op @ (TextOp::FoldSpace | TextOp::Normalize(_) | TextOp::AsciiCase(_) | TextOp::Case(_)),
            ..
        } => op.of(Some(text)).map(std::borrow::Cow::into_owned),
        Op::Mask { method, salt, .. } => mask(text, *method, salt),
        _ => None,
    }
}

/// The same, or the text as it is.
fn pass(op: &Op, text: &str) -> Option<String> {
    Some(spelling(op, text).unwrap_or_else(|| text.to_owned()))
}

/// What is to be forgotten, and where a program as it was before knows it.
#[derive(Debug)]
pub(crate) struct Seeker {
    program: Program,
    /// By register, the operations that read it.
    readers: Vec<Vec<usize>>,
    /// By register, what its values are called: places in `names`.
    domain: Vec<usize>,
    names: Vec<Vec<String>>,
    feature: Option<String>,
    /// `None` for every text.
    wanted: Option<HashSet<String>>,
    /// The same in small letters, as truth values are looked for.
    lower: HashSet<String>,
    /// Those of the names that are one word, spelt as words of free text are.
    words: HashSet<String>,
    /// What steps make of stand-ins that are there, a hash for example.
    stand_ins: HashSet<String>,
}

impl Seeker {
    /// Look in the columns called `feature`, or in all, for `categories`, or for all texts.
    pub fn new(program: &Program, feature: Option<&str>, categories: Option<&[String]>) -> Seeker {
        let count = program.inputs.len() + program.ops.len();
        let mut readers = vec![Vec::new(); count];
        for (k, op) in program.ops.iter().enumerate() {
            op.reads().into_iter().flatten().for_each(|register| readers[register as usize].push(k));
        }
        let (domain, names) = domains(program);
        let mut seeker = Seeker {
            program: program.clone(),
            readers,
            domain,
            names,
            feature: feature.map(str::to_owned),
            wanted: None,
            lower: HashSet::new(),
            words: HashSet::new(),
            stand_ins: HashSet::new(),
        };
        let mut made = Vec::new();
        program.clone().visit(&mut |place, text| {
            if place.made && is_stand_in(text) {
                made.push((place.register, text.clone()));
            }
        });
        for (register, text) in made {
            let images = seeker.flow(&text, register, pass);
            seeker.stand_ins.extend(images.into_iter().map(|image| image.1));
        }
        if let Some(categories) = categories {
            let mut wanted: HashSet<String> = categories.iter().cloned().collect();
            // A name as the table has it stands for what steps respell it to.
            categories.iter().for_each(|category| wanted.extend(seeker.respellings(category)));
            seeker.lower = wanted.iter().map(|text| text.to_ascii_lowercase()).collect();
            seeker.words = categories.iter().filter_map(|text| only_word(text)).collect();
            seeker.wanted = Some(wanted);
        }
        seeker
    }

    /// What steps respell a category to that comes in one of the columns that are looked at.
    fn respellings<'a>(&'a self, category: &'a str) -> impl Iterator<Item = String> + 'a {
        let inputs = (0..self.program.inputs.len() as u32).filter(|input| self.looks_at(*input));
        inputs.flat_map(move |input| self.flow(category, input, respelt)).map(|(_, text)| text)
    }

    /// All that a category may be known as: itself, and how steps and words spell it.
    pub fn spellings(&self, category: &str) -> Vec<String> {
        let own = [category.to_owned(), category.to_ascii_lowercase()];
        own.into_iter().chain(only_word(category)).chain(self.respellings(category)).collect()
    }

    /// Whether the values of a register are of the columns that are looked at.
    pub fn looks_at(&self, register: u32) -> bool {
        self.feature.as_ref().is_none_or(|feature| self.names_of(register).contains(feature))
    }

    fn names_of(&self, register: u32) -> &[String] {
        self.domain.get(register as usize).and_then(|d| self.names.get(*d)).map_or(&[], Vec::as_slice)
    }

    /// The column that the values of a register are of.
    pub fn column(&self, register: u32) -> &str {
        self.names_of(register).first().map_or("", String::as_str)
    }

    /// Whether a text stands for a forgotten one.
    pub fn is_stand_in(&self, text: &str) -> bool {
        is_stand_in(text) || self.stand_ins.contains(text)
    }

    /// Whether a value of a register is to be forgotten: it is one of those that are named, or becomes one of them.
    pub fn hits(&self, text: &str, register: u32) -> bool {
        if self.is_stand_in(text) || !self.looks_at(register) {
            return false;
        }
        let Some(wanted) = &self.wanted else { return true };
        let becomes = |op: &Op, text: &str| match op {
            Op::Text { op: TextOp::Map { from, to, .. }, .. } => match from.iter().position(|f| f == text) {
                Some(i) => to[i].clone(),
                None => respelt(op, text),
            },
            _ => respelt(op, text),
        };
        wanted.contains(text) || self.flow(text, register, becomes).iter().any(|(_, text)| wanted.contains(text))
    }

    /// Whether a word of a free text is to be forgotten; a name that is one word stands for it however it is spelt.
    pub fn hits_word(&self, word: &str, register: u32) -> bool {
        if is_stand_in(word) || !self.looks_at(register) {
            return false;
        }
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(word) || self.words.contains(word))
    }

    /// What becomes of a value of a register further on, with the registers.
    fn flow(&self, text: &str, register: u32, step: impl Fn(&Op, &str) -> Option<String>) -> Vec<(u32, String)> {
        let mut found: Vec<(u32, String)> = Vec::new();
        let mut open = vec![(register, text.to_owned())];
        let first = self.program.inputs.len();
        while let Some((register, text)) = open.pop() {
            for &k in self.readers.get(register as usize).into_iter().flatten() {
                let own = (first + k) as u32;
                let Some(made) = step(&self.program.ops[k], &text) else { continue };
                if !found.iter().any(|(known, same)| *known == own && *same == made) {
                    found.push((own, made.clone()));
                    open.push((own, made));
                }
            }
        }
        found
    }
}

/// The word of a text of one.
fn only_word(text: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    tokens(text.as_bytes(), |token| words.push(String::from_utf8_lossy(token).into_owned()));
    words.pop().filter(|_| words.is_empty())
}

/// By register, the number of what its values are called, and the names: columns as they come, then those that are made.
fn domains(program: &Program) -> (Vec<usize>, Vec<Vec<String>>) {
    let count = program.inputs.len() + program.ops.len();
    let (mut domain, mut same): (Vec<usize>, Vec<usize>) = ((0..count).collect(), (0..count).collect());
    // Where a register comes from: names of columns as they come.
    let mut sources: Vec<Vec<u32>> = (0..program.inputs.len() as u32).map(|i| vec![i]).collect();
    let root = |same: &[usize], mut at: usize| {
        while same[at] != at {
            at = same[at];
        }
        at
    };
    for (k, op) in program.ops.iter().enumerate() {
        let own = program.inputs.len() + k;
        let mut from: Vec<u32> = op.reads().into_iter().flatten().flat_map(|r| sources[r as usize].clone()).collect();
        from.sort_unstable();
        from.dedup();
        sources.push(from);
        match op {
            // Other texts: values of another column, perhaps.
            Op::Text { op: TextOp::Map { .. }, .. } => {}
            Op::Text { from, .. } | Op::Mask { from, .. } => same[own] = root(&same, *from as usize),
            Op::Coalesce { from, other } => {
                let (a, b) = (root(&same, *from as usize), root(&same, *other as usize));
                same[b] = a;
                same[own] = a;
            }
            _ => {}
        }
    }
    domain.iter_mut().enumerate().for_each(|(register, domain)| *domain = root(&same, register));
    let mut names: Vec<Vec<String>> = vec![Vec::new(); count];
    let mut add = |register: usize, name: &String| {
        let own = &mut names[domain[register]];
        if !own.contains(name) {
            own.push(name.clone());
        }
    };
    program.inputs.iter().enumerate().for_each(|(i, source)| add(i, &source.name));
    let kinds = program.kinds().unwrap_or_default();
    let is_text = |register: u32| kinds.get(register as usize) == Some(&Kind::Text);
    program.outputs.iter().filter(|o| is_text(o.register)).for_each(|o| add(o.register as usize, &o.name));
    for register in 0..count {
        if names[domain[register]].is_empty() {
            let own = sources[register].iter().map(|i| program.inputs[*i as usize].name.clone()).collect();
            names[domain[register]] = own;
        }
    }
    (domain, names)
}

/// What stands for the texts that are forgotten, and what they were.
#[derive(Debug, Default)]
pub(crate) struct Renaming {
    of: HashMap<String, String>,
    next: u64,
    /// Texts that were forgotten, by column.
    pub gone: Vec<(String, String)>,
    /// The stand-ins that something makes.
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
        // Both go the same way, and are respelt on it.
        let mut open = vec![(register, text.to_owned(), own.clone())];
        let mut seen = HashSet::new();
        while let Some((register, text, own)) = open.pop() {
            for &k in seeker.readers.get(register as usize).into_iter().flatten() {
                let op = &seeker.program.ops[k];
                let Some(made) = respelt(op, &text).filter(|made| seen.insert((k, made.clone()))) else { continue };
                let image = spelling(op, &own).unwrap_or_else(|| own.clone());
                self.of.entry(made.clone()).or_insert_with(|| image.clone());
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
            if !is_stand_in(text) && !is_usual(place, text) {
                found.push((seeker.column(place.register).to_owned(), text.clone()));
            }
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    fn visit(&mut self, take: &mut dyn FnMut(Place, &mut String)) {
        let first = self.inputs.len();
        self.ops.iter_mut().enumerate().for_each(|(k, op)| visit(op, (first + k) as u32, take));
    }

    /// Forget texts; the registers of the operations that asked for one of them alone, whose columns may be called after it.
    pub(crate) fn forget(&mut self, seeker: &Seeker, renaming: &mut Renaming) -> Vec<u32> {
        self.visit(&mut |_, text| renaming.see(text));
        let asks = |op: &Op| matches!(op, Op::Read { op: ReadOp::Is(text), .. } if is_stand_in(text));
        let asked: Vec<bool> = self.ops.iter().map(asks).collect();
        self.visit(&mut |place, text| {
            let hit = match (&seeker.wanted, place.lower) {
                (_, true) if seeker.wanted.is_some() => {
                    !is_stand_in(text) && seeker.looks_at(place.register) && seeker.lower.contains(text.as_str())
                }
                (None, _) if is_usual(place, text) => false,
                _ => seeker.hits(text, place.register),
            };
            if hit {
                *text = renaming.rename(text, place.register, seeker);
            }
        });
        let first = self.inputs.len();
        let mut named = Vec::new();
        for k in 0..self.ops.len() {
            let own = (first + k) as u32;
            prune(&mut self.ops[k], renaming);
            let mut made = Vec::new();
            visit(&mut self.ops[k], own, &mut |place, text| {
                if place.made && is_stand_in(text) {
                    made.push(text.clone());
                }
            });
            for text in made {
                let images = seeker.flow(&text, own, pass);
                renaming.made.extend(images.into_iter().map(|image| image.1));
                renaming.made.insert(text);
            }
            if !asked[k] && asks(&self.ops[k]) {
                named.push(own);
            }
        }
        named
    }
}

/// Bring the lists of an operation in order again, without stand-ins that nothing makes.
fn prune(op: &mut Op, renaming: &Renaming) {
    let there = |text: &String| !is_stand_in(text) || renaming.made.contains(text);
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

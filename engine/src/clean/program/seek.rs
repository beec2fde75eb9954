//! Looking for texts in a program: whose values its registers hold, and what becomes of a value on its way.

use std::collections::HashSet;

use super::forget::is_like_stand_in;
use super::text::mask;
use super::{Kind, Op, Program, TextOp};
use crate::data::tokens::tokens;

/// What an operation on texts makes of one, where it stays the same value: spelt otherwise, or let through.
pub(super) fn respelt(op: &Op, text: &str) -> Option<String> {
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
pub(super) fn spelling(op: &Op, text: &str) -> Option<String> {
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
pub(super) fn pass(op: &Op, text: &str) -> Option<String> {
    Some(spelling(op, text).unwrap_or_else(|| text.to_owned()))
}

/// What is to be forgotten, and where a program as it was before knows it.
#[derive(Debug)]
pub(crate) struct Seeker {
    pub(super) program: Program,
    /// By register, the operations that read it.
    pub(super) readers: Vec<Vec<usize>>,
    /// By register, what its values are called: places in `names`.
    domain: Vec<usize>,
    names: Vec<Vec<String>>,
    feature: Option<String>,
    /// `None` for every text.
    pub(super) wanted: Option<HashSet<String>>,
    /// The same in small letters, as truth values are looked for.
    pub(super) lower: HashSet<String>,
    /// Those of the names that are one word, spelt as words of free text are.
    words: HashSet<String>,
    /// Stand-ins that operations make, and what steps make of them, a hash for example.
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
            if place.made && is_like_stand_in(text) {
                made.push((place.register, text.clone()));
            }
        });
        for (register, text) in made {
            let images = seeker.flow(&text, register, pass);
            seeker.stand_ins.extend(images.into_iter().map(|image| image.1));
            seeker.stand_ins.insert(text);
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
        self.stand_ins.contains(text)
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
        if is_like_stand_in(word) || !self.looks_at(register) {
            return false;
        }
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(word) || self.words.contains(word))
    }

    /// What becomes of a value of a register further on, with the registers.
    pub(super) fn flow(
        &self,
        text: &str,
        register: u32,
        step: impl Fn(&Op, &str) -> Option<String>,
    ) -> Vec<(u32, String)> {
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

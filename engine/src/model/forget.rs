//! How a model forgets what it remembers by name: levels of categories, words of free text, and texts that its cleaning knows.
//!
//! What a row without a forgotten text is answered stays the same to the last bit. A row with one takes the way of a text that was never seen.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::{
    Axis, Baseline, Body, CategorySet, Encoding, Feature, Input, InputKind, Member, Model, SegmentFacts, TraitKind,
    Trees, LEAF,
};
use crate::clean::program::{Kind, Program, Renaming, Seeker, Source};
use crate::learn::train::Insight;

/// A name is cut to this many bytes, as PostgreSQL does.
const LONGEST_NAME: usize = 63;

/// What was forgotten.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Forgotten {
    /// The texts by column, each once, in C order.
    pub texts: BTreeMap<String, Vec<String>>,
    /// Of the categories that were named, those that the model does not know.
    pub missed: Vec<String>,
    /// Columns and features that were called after a text: the names before and after.
    names: Vec<(String, String)>,
    /// The features in their new order, by their old places.
    order: Vec<u32>,
    /// The training rows of forgotten levels, by the new place of the feature.
    rows: Vec<(usize, u64)>,
    /// By the new place of a feature and by its new code, that of all other levels last, the old one.
    places: Vec<(usize, Vec<usize>)>,
}

impl Model {
    /// The columns that cleaning reads or, without one, those that the model reads.
    pub(super) fn seen_program(&self) -> Program {
        match &self.cleaning {
            Some(cleaning) => cleaning.program.clone(),
            None => {
                let source = |i: &Input| Source { name: i.name.clone(), kind: Kind::of(i.kind) };
                Program::new(self.inputs.iter().map(source).collect())
            }
        }
    }

    /// Whether a column is one that the model reads, or that its cleaning makes.
    pub fn knows_column(&self, name: &str) -> bool {
        self.inputs.iter().any(|i| i.name == name) || self.arguments().iter().any(|a| a.name() == name)
    }

    /// Forget categories of a column, or of all: those that are named, as the table or as the model has them, or all. Classes stay.
    pub fn forget(&mut self, column: Option<&str>, categories: Option<&[String]>) -> Forgotten {
        let before = self.seen_program();
        let seeker = Seeker::new(&before, column, categories);
        let mut renaming = Renaming::default();
        for text in self.features.iter().flat_map(|f| f.encoding.levels()) {
            renaming.see(text);
        }
        let mut forgotten = Forgotten::default();
        if let Some(cleaning) = &mut self.cleaning {
            let named = cleaning.program.forget(&seeker, &mut renaming);
            forgotten.names = self.rename_columns(&named);
        }
        let mut recoded: HashMap<u32, Recoding> = HashMap::new();
        for input in self.inputs.clone() {
            let name = old_name(&forgotten.names, &input.name);
            let Some(register) = before.outputs.iter().find(|o| o.name == name).map(|o| o.register) else { continue };
            for f in input.first..input.first + input.count {
                if let Some(recoding) = self.recode(f, register, &seeker, &mut renaming) {
                    recoded.insert(f, recoding);
                }
            }
            if input.kind == InputKind::Text {
                let renamed = self.forget_words(&input, register, &seeker, &mut renaming);
                forgotten.names.extend(renamed);
            }
        }
        self.body.recode(&recoded);
        if let Body::Ensemble(body) = &mut self.body {
            body.members.iter_mut().for_each(|member| member.forget(&self.features, &recoded));
        }
        let mut rows: Vec<(u32, u64)> = recoded.iter().map(|(f, recoding)| (*f, recoding.rows)).collect();
        rows.sort_unstable();
        forgotten.order = self.sort_words();
        if let Body::Ensemble(body) = &mut self.body {
            body.members.iter_mut().for_each(|member| member.rename(&self.inputs, &self.features));
        }
        let place = |f: u32| forgotten.order.iter().position(|old| *old == f).unwrap_or_default();
        forgotten.rows = rows.into_iter().filter(|(_, rows)| *rows > 0).map(|(f, rows)| (place(f), rows)).collect();
        forgotten.places = recoded.into_iter().map(|(f, recoding)| (place(f), recoding.places)).collect();
        forgotten.places.sort_unstable();
        let gone: HashSet<&String> = renaming.gone.iter().map(|(_, text)| text).collect();
        let missed = |category: &&String| !seeker.spellings(category).iter().any(|text| gone.contains(text));
        forgotten.missed = categories.unwrap_or_default().iter().filter(missed).cloned().collect();
        for (column, text) in std::mem::take(&mut renaming.gone) {
            forgotten.texts.entry(column).or_default().push(text);
        }
        for texts in forgotten.texts.values_mut() {
            texts.sort_unstable();
            texts.dedup();
        }
        forgotten
    }

    /// Give columns that operations make of one level another name than the level's.
    fn rename_columns(&mut self, registers: &[u32]) -> Vec<(String, String)> {
        let Some(cleaning) = &mut self.cleaning else { return Vec::new() };
        let mut renamed = Vec::new();
        let program = &mut cleaning.program;
        for &register in registers {
            let Some(k) = (register as usize).checked_sub(program.inputs.len()) else { continue };
            let from = program.ops[k].reads()[0].unwrap_or(0);
            let column = source_of(program, from);
            let taken = |name: &str, program: &Program| program.outputs.iter().any(|o| o.name == name);
            for at in 0..program.outputs.len() {
                if program.outputs[at].register != register {
                    continue;
                }
                let free = (1..).map(|n| cut(&column, &format!("_#{n}"))).find(|name| !taken(name, program));
                let Some(name) = free else { continue };
                let old = std::mem::replace(&mut program.outputs[at].name, name.clone());
                if let Some(input) = self.inputs.iter_mut().find(|i| i.name == old) {
                    input.name.clone_from(&name);
                    if let Some(feature) = self.features.get_mut(input.first as usize) {
                        feature.name.clone_from(&name);
                    }
                }
                renamed.push((old, name));
            }
        }
        renamed
    }

    /// Take levels out of a feature; `None` where none goes.
    fn recode(&mut self, feature: u32, register: u32, seeker: &Seeker, renaming: &mut Renaming) -> Option<Recoding> {
        let feature = self.features.get_mut(feature as usize).filter(|f| f.encoding.is_category())?;
        let old = feature.encoding.levels().to_vec();
        let hit: Vec<bool> = old.iter().map(|level| seeker.hits(level, register)).collect();
        if !hit.contains(&true) {
            return None;
        }
        // The levels that stay, by their new names, with their old places.
        let mut kept: Vec<(String, usize)> = Vec::new();
        for (at, level) in old.iter().enumerate() {
            match hit[at] {
                false => kept.push((level.clone(), at)),
                true => {
                    renaming.note(level, register, seeker);
                    kept.extend(renaming.level(level).map(|name| (name.clone(), at)));
                }
            }
        }
        Some(keep_levels(feature, kept))
    }

    /// Replace words of a free text by what no text has; the names of their features before and after.
    fn forget_words(
        &mut self,
        input: &Input,
        register: u32,
        seeker: &Seeker,
        renaming: &mut Renaming,
    ) -> Vec<(String, String)> {
        let (own, mut renamed) = (input.first as usize..(input.first + input.count) as usize, Vec::new());
        for feature in &self.features[own.clone()] {
            if let Encoding::Token { token, .. } = &feature.encoding {
                renaming.see(token);
            }
        }
        for feature in &mut self.features[own] {
            let Encoding::Token { token, .. } = &mut feature.encoding else { continue };
            if seeker.hits_word(token, register) {
                renaming.note(token, register, seeker);
                *token = renaming.fresh();
                let name = format!("{}:{token}", input.name);
                renamed.push((std::mem::replace(&mut feature.name, name.clone()), name));
            }
        }
        renamed
    }

    /// Put the words of each text in their order again; the new order of all features by their old places.
    fn sort_words(&mut self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.features.len() as u32).collect();
        for input in self.inputs.iter().filter(|i| i.kind == InputKind::Text) {
            let token = |f: &u32| match &self.features[*f as usize].encoding {
                Encoding::Token { token, .. } => Some(token.as_str()),
                _ => None,
            };
            // What is no word, their number, comes first.
            order[input.first as usize..(input.first + input.count) as usize].sort_by(|a, b| token(a).cmp(&token(b)));
        }
        if order.is_sorted() {
            return order;
        }
        let mut place = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| place[*old as usize] = new as u32);
        self.features = order.iter().map(|old| self.features[*old as usize].clone()).collect();
        if let Some(trees) = self.body.trees_mut() {
            trees.feature.iter_mut().filter(|f| **f != LEAF).for_each(|f| *f = place[*f as usize]);
        }
        if let Body::Additive(body) = &mut self.body {
            body.reorder(&order, &place);
        }
        if let Body::Network(body) = &mut self.body {
            body.reorder(&order);
        }
        if let Body::Ensemble(body) = &mut self.body {
            let places = body.members.iter_mut().flat_map(|member| &mut member.places);
            places.for_each(|f| *f = place[*f as usize]);
        }
        order
    }
}

/// Leave a category the levels that are `kept`, by their new names with their old places.
fn keep_levels(feature: &mut Feature, mut kept: Vec<(String, usize)>) -> Recoding {
    let old = feature.encoding.levels().to_vec();
    kept.sort_unstable();
    kept.dedup_by(|a, b| a.0 == b.0);
    let mut places: Vec<usize> = kept.iter().map(|(_, at)| *at).collect();
    places.push(old.len());
    let mut stays = vec![false; old.len() + 1];
    places.iter().for_each(|at| stays[*at] = true);
    let mut rows = 0;
    let counts = &mut feature.stats.level_rows;
    if counts.len() == old.len() + 1 {
        rows = counts.iter().zip(&stays).filter(|(_, stays)| !**stays).map(|(rows, _)| rows).sum();
        *counts = places.iter().map(|at| counts[*at]).collect();
        if let Some(other) = counts.last_mut() {
            *other = other.saturating_add(rows);
        }
    }
    match &mut feature.encoding {
        Encoding::Category { levels } => *levels = kept.into_iter().map(|k| k.0).collect(),
        Encoding::Ordered { levels, keys } => {
            *keys = places.iter().map(|at| keys[*at]).collect();
            *levels = kept.into_iter().map(|k| k.0).collect();
        }
        _ => {}
    }
    Recoding { places, rows, old }
}

/// How the codes of a feature have changed.
#[derive(Debug)]
struct Recoding {
    /// By new code, that of all other levels last, the old one.
    places: Vec<usize>,
    /// The training rows of the levels that went.
    rows: u64,
    /// The levels as they were.
    old: Vec<String>,
}

impl Body {
    fn trees_mut(&mut self) -> Option<&mut Trees> {
        match self {
            Body::Trees(trees) => Some(trees),
            Body::Calibrated(calibrated) => Some(&mut calibrated.trees),
            Body::KMeans(_)
            | Body::Projection(_)
            | Body::Density(_)
            | Body::Mixture(_)
            | Body::Additive(_)
            | Body::Neighbors(_)
            | Body::Network(_)
            | Body::Machine(_)
            | Body::Ensemble(_)
            | Body::Recommender(_)
            | Body::Forecast(_)
            | Body::Lifetime(_) => None,
        }
    }

    fn recode(&mut self, recoded: &HashMap<u32, Recoding>) {
        if recoded.is_empty() {
            return;
        }
        let axes = match &mut *self {
            Body::Projection(body) => Some(&mut body.axes),
            Body::Neighbors(body) => Some(&mut body.axes),
            Body::Machine(body) => Some(&mut body.axes),
            body => body.as_segments_mut().map(|body| &mut body.axes),
        };
        for (f, axis) in axes.into_iter().flatten().enumerate() {
            if let (Axis::Category { dimension, .. }, Some(recoding)) = (axis, recoded.get(&(f as u32))) {
                *dimension = recoding.places.iter().map(|at| dimension[*at]).collect();
            }
        }
        if let Body::Additive(body) = &mut *self {
            recoded.iter().for_each(|(feature, recoding)| body.recode(*feature, &recoding.places));
        }
        if let Body::Network(body) = &mut *self {
            recoded.iter().for_each(|(feature, recoding)| body.recode(*feature, &recoding.places));
        }
        if let Body::Recommender(body) = &mut *self {
            for (feature, recoding) in recoded {
                // The last place is that of all other levels.
                let kept = recoding.places.split_last().map_or(&[][..], |(_, kept)| kept);
                body.recode(*feature, kept);
            }
        }
        if let Body::Forecast(body) = &mut *self {
            for (feature, recoding) in recoded {
                body.recode(*feature, recoding.places.split_last().map_or(&[][..], |(_, kept)| kept));
            }
        }
        if let Some(trees) = self.trees_mut() {
            trees.recode(recoded);
        }
    }
}

impl Member {
    /// Forget levels as the features of the ensemble did, which are as they are now.
    fn forget(&mut self, features: &[Feature], recoded: &HashMap<u32, Recoding>) {
        let model = Arc::make_mut(&mut self.model);
        let mut own: HashMap<u32, Recoding> = HashMap::new();
        for ((f, feature), place) in (0..).zip(&mut model.features).zip(&self.places) {
            let Some(recoding) = recoded.get(place).filter(|_| feature.encoding.is_category()) else { continue };
            let now = features[*place as usize].encoding.levels();
            let name = |level: &String| {
                let old = recoding.old.binary_search(level).ok()?;
                let new = recoding.places.iter().position(|place| *place == old)?;
                now.get(new).cloned()
            };
            let levels = feature.encoding.levels().iter().enumerate();
            let kept = levels.filter_map(|(at, level)| Some((name(level)?, at))).collect();
            own.insert(f, keep_levels(feature, kept));
        }
        model.body.recode(&own);
    }

    /// Take the names and words of the ensemble, and put words in their order.
    fn rename(&mut self, inputs: &[Input], features: &[Feature]) {
        let model = Arc::make_mut(&mut self.model);
        for (own, place) in model.features.iter_mut().zip(&self.places) {
            let given = &features[*place as usize];
            own.name.clone_from(&given.name);
            if let (Encoding::Token { token: own, .. }, Encoding::Token { token, .. }) =
                (&mut own.encoding, &given.encoding)
            {
                own.clone_from(token);
            }
        }
        for own in &mut model.inputs {
            let place = self.places[own.first as usize];
            if let Some(given) = inputs.iter().find(|i| (i.first..i.first + i.count).contains(&place)) {
                own.name.clone_from(&given.name);
            }
        }
        let order = model.sort_words();
        self.places = order.iter().map(|old| self.places[*old as usize]).collect();
    }
}

impl Trees {
    fn recode(&mut self, recoded: &HashMap<u32, Recoding>) {
        let (mut sets, mut words): (Vec<CategorySet>, Vec<u64>) = (Vec::new(), Vec::new());
        // Nodes may share a set, as long as they mean the same codes.
        let mut known: HashMap<(u32, u32), u32> = HashMap::new();
        for node in 0..self.nodes() {
            if self.feature[node] == LEAF || self.set[node] == 0 {
                continue;
            }
            let (feature, set) = (self.feature[node], self.set[node]);
            let recoding = recoded.get(&feature);
            let key = (set, recoding.map_or(LEAF, |_| feature));
            self.set[node] = *known.entry(key).or_insert_with(|| {
                let old = self.sets[set as usize - 1];
                let start = words.len();
                match recoding {
                    None => words.extend_from_slice(&self.words[old.start as usize..(old.start + old.len) as usize]),
                    Some(recoding) => {
                        words.resize(start + recoding.places.len().div_ceil(64), 0);
                        let left = recoding.places.iter().enumerate().filter(|(_, at)| self.contains(old, **at as u32));
                        left.for_each(|(code, _)| words[start + code / 64] |= 1 << (code % 64));
                        let used = words[start..].iter().rposition(|word| *word != 0).map_or(0, |last| last + 1);
                        words.truncate(start + used);
                    }
                }
                sets.push(CategorySet { start: start as u32, len: (words.len() - start) as u32 });
                sets.len() as u32
            });
        }
        (self.sets, self.words) = (sets, words);
    }
}

impl Forgotten {
    /// Whether nothing was forgotten.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The name that a column or feature has now.
    pub fn name<'a>(&'a self, name: &'a str) -> &'a str {
        self.names.iter().find(|(old, _)| old == name).map_or(name, |(_, new)| new)
    }

    /// Columns that were called after a text, by their names before and after.
    pub fn renamed(&self) -> &[(String, String)] {
        &self.names
    }

    /// The features in their new order, by their old places.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Bring what is kept of the training rows up to the model as it is now.
    pub fn in_baseline(&self, baseline: &mut Baseline) {
        if baseline.features.len() != self.order.len() {
            return;
        }
        baseline.features = self.order.iter().map(|old| baseline.features[*old as usize].clone()).collect();
        for (feature, rows) in &self.rows {
            // How many held-out rows had the levels nobody knows; their share is that of the training rows.
            let share = *rows as f64 / baseline.rows.max(1) as f64;
            let held = (share * baseline.held_rows as f64).round() as u64;
            let unseen = &mut baseline.features[*feature].held_unseen;
            *unseen = unseen.saturating_add(held).min(baseline.held_rows);
        }
    }

    /// Bring what is known of segments up to the model as it is now: what was forgotten counts as one of the other levels, and no name says it.
    pub fn in_segments(&self, model: &Model, facts: &mut SegmentFacts) {
        let count = facts.sizes.len();
        if facts.features.len() == self.order.len() {
            facts.features = self.order.iter().map(|old| facts.features[*old as usize].clone()).collect();
        }
        for (feature, places) in &self.places {
            let Some(own) = facts.features.get_mut(*feature) else { continue };
            let cells = own.levels.len() / count.max(1);
            let Some(other) = cells.checked_sub(1) else { continue };
            own.levels = own
                .levels
                .chunks_exact(cells)
                .flat_map(|old| {
                    let gone = (0..other).filter(|level| !places.contains(level)).map(|level| old[level]).sum::<f64>();
                    let last = places.len() - 1;
                    places
                        .iter()
                        .enumerate()
                        .map(move |(new, at)| old[*at] + if new == last { gone } else { 0.0 })
                        .collect::<Vec<f64>>()
                })
                .collect();
            let new = |old: f64| {
                let known = places.iter().position(|at| *at as f64 == old).unwrap_or(places.len() - 1);
                if old.is_nan() {
                    old
                } else {
                    known as f64
                }
            };
            let width = model.features.len().max(1);
            for rows in &mut facts.typical {
                rows.iter_mut().skip(*feature).step_by(width).for_each(|code| *code = new(*code));
            }
        }
        let known = |t: &super::Trait| {
            let (TraitKind::Level(level) | TraitKind::Often(level) | TraitKind::Without(level)) = t.kind else {
                return Some(*t);
            };
            let places =
                self.places.iter().find(|(feature, _)| *feature == t.feature as usize).map(|(_, places)| places);
            let Some(places) = places else { return Some(*t) };
            let new = places.iter().position(|at| *at == level as usize).filter(|new| new + 1 < places.len())? as u32;
            let kind = match t.kind {
                TraitKind::Level(_) => TraitKind::Level(new),
                TraitKind::Often(_) => TraitKind::Often(new),
                _ => TraitKind::Without(new),
            };
            Some(super::Trait { kind, ..*t })
        };
        let kept = facts.names.iter().map(|name| name.iter().map(known).collect()).collect();
        facts.names = crate::judge::segments::names(model, facts, kept);
    }

    /// Take the texts out of what training saw.
    pub fn in_insight(&self, insight: &mut Insight) {
        insight.segments.retain(|segment| {
            let texts = self.texts.values().flatten();
            !texts.into_iter().any(|text| segment.values == format!("= {text}"))
        });
        for segment in &mut insight.segments {
            segment.feature = self.name(&segment.feature).to_owned();
        }
        let quoted: HashSet<String> = self.names.iter().map(|(old, _)| format!("\"{old}\"")).collect();
        insight.findings.retain(|finding| !quoted.iter().any(|name| finding.contains(name)));
    }
}

fn old_name<'a>(names: &'a [(String, String)], name: &'a str) -> &'a str {
    names.iter().find(|(_, new)| new == name).map_or(name, |(old, _)| old)
}

/// The column that a register comes from.
fn source_of(program: &Program, mut register: u32) -> String {
    while let Some(k) = (register as usize).checked_sub(program.inputs.len()) {
        // Operations read registers before their own.
        register = program.ops[k].reads()[0].unwrap_or(0);
    }
    program.inputs.get(register as usize).map_or_else(String::new, |source| source.name.clone())
}

/// A name with an end, as long as a name may be.
fn cut(name: &str, end: &str) -> String {
    let mut keep = name.len().min(LONGEST_NAME - end.len());
    while !name.is_char_boundary(keep) {
        keep -= 1;
    }
    format!("{}{end}", &name[..keep])
}

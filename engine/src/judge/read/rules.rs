//! A tree as indented text, a line a node.

use super::output::Output;
use super::split::Split;
use super::tree::{Tree, Visit};
use super::words::{rounded, Known, Words};
use crate::control::Control;
use crate::error::Result;
use crate::model::{Model, Task};
use crate::score::Scorer;

/// The condition of a root.
const ALL: &str = "all rows";

/// A node of a tree in words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rule {
    /// The line of the node in the text of the tree.
    pub line: String,
    /// Its number, from 1 for the root, in the order of the lines.
    pub node: i32,
    /// The number of its parent; 0 for the root.
    pub parent: i32,
    /// Splits above it.
    pub depth: i32,
    /// Whether no split follows.
    pub leaf: bool,
    /// What its parent asks.
    pub condition: String,
    /// All that is asked on the way to it, a condition a feature.
    pub rule: String,
    /// The leaves below it, or 1.
    pub leaves: u32,
    /// The training rows that reached it, where that is known.
    pub rows: Option<i64>,
    /// Their share.
    pub share: Option<f64>,
    /// Its number; that of the most probable class where there are several.
    pub value: f64,
    /// The most probable class, where the numbers are probabilities of several.
    pub label: Option<String>,
    /// The probability of each class, where the numbers are probabilities.
    pub classes: Option<serde_json::Value>,
}

/// Which tree is told, and how.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// Its number, from 1.
    pub tree: i32,
    /// The class of the numbers, where one is asked for.
    pub class: Option<&'a str>,
    /// What is deeper is left out.
    pub max_depth: usize,
    /// How conditions are said.
    pub words: Words<'a>,
    /// The name of what is predicted.
    pub target: &'a str,
}

/// The nodes of a tree of a model, each before its children.
///
/// # Errors
/// For a clustering, where there is no such tree or class, without memory, and on a cancel.
pub fn rules(scorer: &Scorer, telling: &Telling<'_>, control: &Control) -> Result<Vec<Rule>> {
    let Telling { tree: number, class, max_depth, words, target } = *telling;
    let model = scorer.model();
    let trees = super::trees(model)?;
    let several = model.classes().len() > 2;
    // A tree of a boosted model of several classes speaks of one of them.
    let output = match (class, several) {
        (None, true) => own_class(model, number),
        _ => Some(Output::of(model, class)?),
    };
    let tree = Tree::new(scorer, number, output, control)?;
    let walk = tree.walk(max_depth, control)?;
    let reader = Reader { model, tree: &tree, output, words, several, walk: &walk };
    let mut all = Vec::new();
    let mut bytes = 0;
    for at in 0..walk.len() {
        control.check()?;
        let mut rule = reader.rule(at);
        if at == 0 {
            let class = output.and_then(|o| model.classes().get(o.class?)).map(String::as_str);
            let meaning = match (class, several) {
                (None, true) => "the probabilities of the classes".to_owned(),
                (class, _) => tree.meaning.words(trees, class, target),
            };
            rule.line = format!("{}; {meaning}", rule.line);
        }
        bytes += rule.line.len() + rule.rule.len() + size_of::<Rule>();
        if bytes > 1 << 20 {
            control.reserve(2 * bytes)?;
            bytes = 0;
        }
        all.push(rule);
    }
    Ok(all)
}

/// The class that a tree of a boosted model of several classes speaks of; `None` where it speaks of all.
fn own_class(model: &Model, number: i32) -> Option<Output> {
    let (trees, _) = model.body.as_trees()?;
    let at = usize::try_from(number).ok()?.checked_sub(1)?;
    if trees.average || trees.roots.len() == 1 {
        return None;
    }
    if let Some(index) = trees.output_of(at) {
        return Some(Output { index, other: false, class: Some(index) });
    }
    let root = *trees.roots.get(at)? as usize;
    let end = trees.roots.get(at + 1).map_or(trees.nodes(), |next| *next as usize);
    let outputs = trees.outputs as usize;
    let spoken = |k: &usize| {
        let leaves = (root..end).filter(|n| trees.feature[*n] == crate::model::LEAF);
        leaves.map(|n| trees.leaf(n).at(*k)).any(|value| value != 0.0)
    };
    let mut all = (0..outputs).filter(spoken);
    let index = all.next().unwrap_or(at % outputs.max(1));
    Some(Output { index, other: false, class: Some(index) })
}

struct Reader<'a> {
    model: &'a Model,
    tree: &'a Tree<'a>,
    output: Option<Output>,
    words: Words<'a>,
    several: bool,
    walk: &'a [Visit],
}

impl Reader<'_> {
    fn rule(&self, at: usize) -> Rule {
        let visit = self.walk[at];
        let trees = self.tree.trees;
        let node = visit.node;
        let all = trees.rows[self.tree.root];
        let rows = (all > 0).then_some(trees.rows[node]);
        let values = self.tree.values(node);
        let best = (1..values.len()).fold(0, |best, k| if values[k] > values[best] { k } else { best });
        let is_leaf = self.tree.leaves(node) == 1;
        let (label, classes) = self.classes(values, best);
        let mut rule = Rule {
            node: at as i32 + 1,
            parent: if at == 0 { 0 } else { visit.parent as i32 + 1 },
            depth: visit.depth as i32,
            leaf: is_leaf,
            rows: rows.map(|rows| rows as i64),
            share: rows.map(|rows| rows as f64 / all as f64),
            value: values[best],
            label,
            classes,
            ..Rule::default()
        };
        rule.leaves = self.tree.leaves(node);
        rule.condition = if at == 0 { ALL.to_owned() } else { self.condition(visit) };
        rule.rule = self.path(at);
        rule.line = self.line(&rule, visit, values);
        rule
    }

    fn line(&self, rule: &Rule, visit: Visit, values: &[f64]) -> String {
        let value = match &rule.label {
            Some(label) => {
                let classes = self.model.classes().iter().zip(values);
                let shares: Vec<String> = classes
                    .take(self.words.levels.max(1))
                    .map(|(class, value)| format!("{class} {}", rounded((value * 1e4).round() / 1e4)))
                    .collect();
                let more = if values.len() > shares.len() { ", ..." } else { "" };
                format!("{label} ({}{more})", shares.join(", "))
            }
            None => rounded(rule.value),
        };
        let rows = match (rule.rows, rule.share) {
            (Some(rows), Some(_)) if rule.depth == 0 => format!(" ({rows} rows)"),
            (Some(rows), Some(share)) => format!(" ({rows} rows, {:.1} %)", share * 100.0),
            _ => String::new(),
        };
        let below = match (rule.leaf, visit.last) {
            (true, _) => " *".to_owned(),
            (false, true) => format!(" ... {} leaves", self.tree.leaves(visit.node)),
            _ => String::new(),
        };
        format!("{}{}: {value}{rows}{below}", "|   ".repeat(visit.depth), rule.condition)
    }

    /// What its parent asks of a node.
    fn condition(&self, visit: Visit) -> String {
        let parent = self.walk[visit.parent].node;
        Split::of(self.model, self.tree.trees, parent).map_or_else(String::new, |s| self.words.question(&s, visit.left))
    }

    /// All that is asked on the way to a node, a condition a feature.
    fn path(&self, at: usize) -> String {
        let mut asked = Vec::new();
        let mut visit = self.walk[at];
        while visit.depth > 0 {
            let parent = self.walk[visit.parent];
            asked.extend(Split::of(self.model, self.tree.trees, parent.node).map(|split| (split, visit.left)));
            visit = parent;
        }
        let mut known: Vec<Known> = Vec::new();
        for (split, left) in asked.iter().rev() {
            match known.iter_mut().find(|known| known.feature == split.feature) {
                Some(known) => known.add(split, *left),
                None => {
                    let mut new = Known::nothing(self.model, split.feature);
                    new.add(split, *left);
                    known.push(new);
                }
            }
        }
        let several = known.len() > 1;
        let conditions: Vec<String> = known
            .iter()
            .map(|known| match self.words.condition(known) {
                text if several && text.contains(" or ") => format!("({text})"),
                text => text,
            })
            .collect();
        match conditions.is_empty() {
            true => ALL.to_owned(),
            false => conditions.join(" and "),
        }
    }

    /// The most probable class and the probability of each, as far as a node says.
    fn classes(&self, values: &[f64], best: usize) -> (Option<String>, Option<serde_json::Value>) {
        let Task::Classification { classes, .. } = &self.model.task else { return (None, None) };
        let are_probabilities = self.tree.meaning != super::output::Meaning::Term;
        let object = |pairs: Vec<(&String, f64)>| {
            serde_json::Value::Object(pairs.into_iter().map(|(class, p)| (class.clone(), p.into())).collect())
        };
        match (self.several, self.output) {
            (true, None) => {
                let pairs = classes.iter().zip(values.iter().copied()).collect();
                (classes.get(best).cloned(), Some(object(pairs)))
            }
            (false, Some(Output { class: Some(class), .. })) if are_probabilities && classes.len() == 2 => {
                let p = |k: usize| if k == class { values[0] } else { 1.0 - values[0] };
                (None, Some(object(classes.iter().enumerate().map(|(k, label)| (label, p(k))).collect())))
            }
            _ => (None, None),
        }
    }
}

//! A tree as a drawing.

mod dot;
mod layout;
mod svg;

use super::out::Out;
use super::rules::{rules, Rule, Telling};
use super::words::{rounded, Words};
use crate::control::Control;
use crate::error::Result;
use crate::score::Scorer;

/// How a drawing is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A picture for browsers.
    Svg,
    /// A text for Graphviz.
    Dot,
}

/// A tree of a model as a drawing.
///
/// # Errors
/// As [`super::rules`].
pub fn diagram(scorer: &Scorer, telling: &Telling<'_>, format: Format, control: &Control) -> Result<String> {
    let words = Words { isolated: true, ..telling.words };
    let rules = rules(scorer, &Telling { words, ..*telling }, control)?;
    let count = scorer.model().body.as_trees().map_or(1, |(trees, _)| trees.roots.len());
    let title = format!("Tree {} of {count}; numbers are {}", telling.tree, meaning(&rules));
    let nodes = nodes(&rules, &words);
    let mut out = Out::new(control);
    match format {
        Format::Svg => svg::write(&nodes, &title, &mut out)?,
        Format::Dot => dot::write(&nodes, &title, &mut out)?,
    }
    Ok(out.finish())
}

/// A node to be drawn.
struct Node {
    /// What it asks, if its children are drawn.
    question: Option<String>,
    /// Its value, and the rows that reached it.
    lines: Vec<String>,
    /// All conditions on the way.
    rule: String,
    /// Where its parent is among the nodes.
    parent: Option<usize>,
    /// Its children, the left one first.
    children: Vec<usize>,
    depth: usize,
    /// How strongly it is coloured, from 0 to 1.
    strength: f64,
}

/// The end of the first line: what the numbers are.
fn meaning(rules: &[Rule]) -> &str {
    rules.first().and_then(|rule| rule.line.rsplit_once("; ")).map_or("", |(_, meaning)| meaning)
}

fn nodes(rules: &[Rule], words: &Words<'_>) -> Vec<Node> {
    let values = || rules.iter().map(|rule| rule.value);
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let mut nodes: Vec<Node> = Vec::with_capacity(rules.len());
    for (at, rule) in rules.iter().enumerate() {
        let value = match &rule.label {
            Some(label) => format!("{} {}", words.own(label), rounded((rule.value * 1e4).round() / 1e4)),
            None => rounded(rule.value),
        };
        let mut lines = vec![value];
        lines.extend(rule.rows.map(|rows| match rule.share {
            Some(share) if share < 1.0 => format!("{rows} rows, {:.1} %", share * 100.0),
            _ => format!("{rows} rows"),
        }));
        if !rule.leaf {
            lines.push(String::new());
        }
        let parent = usize::try_from(rule.parent - 1).ok();
        let strength = if high > low { (rule.value - low) / (high - low) } else { 0.5 };
        if let Some(parent) = parent {
            // The left child comes first: what is true of it is what its parent asks.
            if nodes[parent].question.is_none() {
                nodes[parent].question = Some(rule.condition.clone());
            }
            nodes[parent].children.push(at);
        }
        nodes.push(Node {
            question: None,
            lines,
            rule: rule.rule.clone(),
            parent,
            children: Vec::new(),
            depth: rule.depth as usize,
            strength,
        });
    }
    for (node, rule) in nodes.iter_mut().zip(rules) {
        // The last line was kept for what is not drawn.
        match (rule.leaf, node.question.is_some()) {
            (true, _) => {}
            (false, true) => drop(node.lines.pop()),
            (false, false) => {
                if let Some(line) = node.lines.last_mut() {
                    *line = format!("... {} leaves", rule.leaves);
                }
            }
        }
    }
    nodes
}

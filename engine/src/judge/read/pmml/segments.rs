//! Trees as regressions, whose leaves are summed or averaged.

use super::fields::{legal, Fields};
use super::{digits, score};
use crate::control::Control;
use crate::error::Result;
use crate::judge::read::split::{Split, Test};
use crate::judge::read::xml::Xml;
use crate::model::{Feature, Trees, LEAF};
use crate::score::Scorer;

/// Write the trees of an output as a segment of the chain.
pub(super) fn write(
    scorer: &Scorer,
    trees: &Trees,
    fields: &Fields,
    output: usize,
    control: &Control,
    xml: &mut Xml<'_, '_>,
) -> Result<()> {
    let name = score(output);
    xml.open("Segment", &[("id", &format!("{}", output + 1))])?;
    xml.empty("True", &[])?;
    xml.open("MiningModel", &[("functionName", "regression")])?;
    fields.schema(false, xml)?;
    xml.open("Output", &[])?;
    xml.empty(
        "OutputField",
        &[
            ("name", &name),
            ("optype", "continuous"),
            ("dataType", "double"),
            ("feature", "predictedValue"),
            ("isFinalResult", "false"),
        ],
    )?;
    xml.close()?;
    xml.open("Segmentation", &[("multipleModelMethod", if trees.average { "average" } else { "sum" })])?;
    let count = trees.roots.len();
    let mut written = 0;
    for tree in 0..count {
        let nodes = trees.roots[tree] as usize..trees.roots.get(tree + 1).map_or(trees.nodes(), |next| *next as usize);
        let mut leaves = nodes.clone().filter(|node| trees.feature[*node] == LEAF);
        let value = |node: usize| trees.leaf(node).at(output);
        // A tree of another class adds nothing to a sum; of none at least one is there.
        let is_last = tree + 1 == count && written == 0;
        if !trees.average && !is_last && leaves.all(|node| value(node) == 0.0) {
            continue;
        }
        written += 1;
        control.check()?;
        xml.open("Segment", &[("id", &format!("{}", tree + 1))])?;
        xml.empty("True", &[])?;
        xml.open(
            "TreeModel",
            &[
                ("functionName", "regression"),
                ("missingValueStrategy", "defaultChild"),
                ("splitCharacteristic", "binarySplit"),
            ],
        )?;
        fields.schema(false, xml)?;
        write_tree(scorer, trees, fields, nodes.start, value, control, xml)?;
        xml.close()?;
        xml.close()?;
    }
    for _ in 0..3 {
        xml.close()?;
    }
    Ok(())
}

/// What is still to be written.
enum Task {
    /// A node, and whether its parent sends it what is left: `None` for a root.
    Node(usize, Option<(usize, bool)>),
    Close,
}

fn write_tree(
    scorer: &Scorer,
    trees: &Trees,
    fields: &Fields,
    root: usize,
    value: impl Fn(usize) -> f64,
    control: &Control,
    xml: &mut Xml<'_, '_>,
) -> Result<()> {
    let model = scorer.model();
    let mut tasks = vec![Task::Node(root, None)];
    while let Some(task) = tasks.pop() {
        control.check()?;
        let Task::Node(node, parent) = task else {
            xml.close()?;
            continue;
        };
        let id = (node - root + 1).to_string();
        let rows = trees.rows[node].to_string();
        let mut attributes = vec![("id", id.as_str())];
        if trees.rows[root] > 0 {
            attributes.push(("recordCount", &rows));
        }
        let (score, child);
        match Split::of(model, trees, node) {
            Some(split) => {
                let default = if split.missing_left { trees.left[node] } else { trees.right[node] };
                child = (default as usize - root + 1).to_string();
                attributes.push(("defaultChild", &child));
            }
            None => {
                score = digits(value(node));
                attributes.push(("score", &score));
            }
        }
        xml.open("Node", &attributes)?;
        match parent.and_then(|(parent, left)| Some((Split::of(model, trees, parent)?, left))) {
            Some((split, left)) => predicate(&split, left, &model.features[split.feature], fields, xml)?,
            None => xml.empty("True", &[])?,
        }
        tasks.push(Task::Close);
        if trees.feature[node] != LEAF {
            let [left, right] = [trees.left[node] as usize, trees.right[node] as usize];
            tasks.extend([Task::Node(right, Some((node, false))), Task::Node(left, Some((node, true)))]);
        }
    }
    Ok(())
}

/// That a value goes to a side of a split; of a missing value it says nothing.
fn predicate(split: &Split<'_>, left: bool, feature: &Feature, fields: &Fields, xml: &mut Xml<'_, '_>) -> Result<()> {
    let field = ("field", fields.name(split.feature));
    let simple = |operator: &str, value: &str, xml: &mut Xml<'_, '_>| {
        xml.empty("SimplePredicate", &[field, ("operator", operator), ("value", value)])
    };
    match split.test {
        Test::Number(threshold) if fields.is_truth(split.feature) => {
            let [is_false, is_true] = [0.0, 1.0].map(|truth| (truth <= threshold) == left);
            match (is_false, is_true) {
                (true, false) => simple("equal", "false", xml),
                (false, true) => simple("equal", "true", xml),
                (all, _) => simple(if all { "isNotMissing" } else { "isMissing" }, "", xml),
            }
        }
        Test::Number(threshold) => simple(if left { "lessOrEqual" } else { "greaterThan" }, &digits(threshold), xml),
        test => {
            let levels = feature.encoding.levels();
            let other = test.is_left(levels.len()) == left;
            // Where every other text is on this side, it is told by the levels that are not.
            let listed: Vec<&String> = levels
                .iter()
                .enumerate()
                .filter(|(code, _)| (test.is_left(*code) == left) != other)
                .map(|(_, l)| l)
                .collect();
            listed.iter().try_for_each(|level| legal(level, "a level"))?;
            if listed.is_empty() {
                // One that can be false alone, or true alone, unless the value is missing.
                let name = format!("no level of {}", feature.name);
                return simple(if other { "notEqual" } else { "equal" }, &name, xml);
            }
            if let [one] = listed[..] {
                return simple(if other { "notEqual" } else { "equal" }, one, xml);
            }
            if listed.iter().any(|level| level.is_empty() || level.contains('\\')) {
                // An array could not tell them from what escapes a quote.
                xml.open("CompoundPredicate", &[("booleanOperator", if other { "and" } else { "or" })])?;
                listed.iter().try_for_each(|level| simple(if other { "notEqual" } else { "equal" }, level, xml))?;
                return xml.close();
            }
            xml.open("SimpleSetPredicate", &[field, ("booleanOperator", if other { "isNotIn" } else { "isIn" })])?;
            let quoted: Vec<String> =
                listed.iter().map(|level| format!("\"{}\"", level.replace('"', "\\\""))).collect();
            xml.text("Array", &[("type", "string"), ("n", &listed.len().to_string())], &quoted.join(" "))?;
            xml.close()
        }
    }
}

//! The nodes `TreeEnsembleClassifier` and `TreeEnsembleRegressor`, versions 1 to 3.

use std::collections::{HashMap, HashSet};

use super::super::grow::{Grower, Node as Grown, Of};
use super::super::ImportOptions;
use super::column::{Codes, Column, Mode, Rule, Values};
use super::leaves::Leaves;
use super::proto::{Kind, Node};
use super::{steps, unsupported, wrong};
use crate::control::Control;
use crate::error::Result;
use crate::model::{Task, Trees};

/// What is read of an ensemble.
pub(super) struct Ensemble {
    pub trees: Trees,
    pub task: Task,
}

/// The lists that say what the nodes are, all of one length.
struct Nodes<'a> {
    mode: Vec<&'a str>,
    feature: Vec<i64>,
    value: Vec<f64>,
    /// Whether what is missing says yes; empty where it never does.
    missing: Vec<i64>,
    /// The places of the nodes behind yes and no; a leaf has its number among leaves instead.
    yes: Vec<usize>,
    no: Vec<usize>,
    /// The first node of each tree, and the number of its nodes.
    roots: Vec<(usize, usize)>,
    /// The number of each tree and node, and its place, in order.
    order: Vec<(i64, i64, usize)>,
}

const LEAF: &str = "LEAF";

/// The number of columns that trees ask of an input.
pub(super) fn columns_asked(nodes: &[Node], input: &str, control: &Control) -> Result<usize> {
    let mut most = None;
    for node in nodes.iter().filter(|node| node.kind.starts_with("TreeEnsemble") && node.inputs.first() == Some(&input))
    {
        most = most.max(node.integers("nodes_featureids", control)?.into_iter().max());
    }
    let columns = most.and_then(|most| usize::try_from(most).ok()?.checked_add(1));
    columns.ok_or_else(|| unsupported("an input without its number of columns"))
}

/// The ensemble of a node whose input is `columns`, and the levels of the model's `inputs`.
pub(super) fn read<'a>(
    node: &Node<'a>,
    kind: Kind,
    columns: &[Column<'a>],
    inputs: usize,
    (options, control): (&ImportOptions, &Control),
) -> Result<(Ensemble, Vec<Vec<String>>)> {
    // Trees compare integers as floats.
    let round = steps::round(Kind::Float).filter(|_| matches!(kind, Kind::Int | Kind::Bool));
    let columns: Vec<Column> = columns
        .iter()
        .map(|column| round.map_or(Ok(column.clone()), |round| column.then(round)))
        .collect::<Result<_>>()?;
    let nodes = Nodes::read(node, control)?;
    let leaves = Leaves::read(node, nodes.places(), (nodes.mode.len(), nodes.roots.len()), (options, control))?;
    let levels = levels(&columns, inputs, control)?;
    let mut grower = Grower::new(leaves.outputs, control);
    let tests = nodes.tests(&columns, &levels, &mut grower)?;
    for &(root, size) in &nodes.roots {
        let grown = |at: usize| match nodes.mode[at] {
            LEAF => Grown::Leaf { at: leaves.number[at], cover: 0.0 },
            _ => Grown::Split { test: tests[at], yes: nodes.yes[at], no: nodes.no[at], cover: 0.0 },
        };
        grower.tree(root, size, grown, &leaves.values)?;
    }
    let Leaves { task, link, average, base, .. } = leaves;
    let trees = Trees { link, average, base, ..grower.trees };
    Ok((Ensemble { trees, task }, levels))
}

impl<'a> Nodes<'a> {
    fn read(node: &Node<'a>, control: &Control) -> Result<Nodes<'a>> {
        let list = |name: &str| node.integers(name, control);
        let (trees, numbers) = (list("nodes_treeids")?, list("nodes_nodeids")?);
        let (yes, no) = (list("nodes_truenodeids")?, list("nodes_falsenodeids")?);
        let mut nodes = Nodes {
            mode: node.texts("nodes_modes", control)?,
            feature: list("nodes_featureids")?,
            value: node.reals("nodes_values", control)?,
            missing: list("nodes_missing_value_tracks_true")?,
            yes: control.filled(yes.len(), 0)?,
            no: control.filled(no.len(), 0)?,
            roots: Vec::new(),
            order: control.vec(trees.len())?,
        };
        let count = trees.len();
        let lengths = [numbers.len(), yes.len(), no.len(), nodes.mode.len(), nodes.feature.len(), nodes.value.len()];
        if lengths.iter().any(|len| *len != count) || !matches!(nodes.missing.len(), 0) && nodes.missing.len() != count
        {
            return Err(wrong("the lists of the nodes are of different lengths"));
        }
        if count == 0 {
            return Err(wrong("the ensemble has no trees"));
        }
        nodes.order.extend((0..count).map(|place| (trees[place], numbers[place], place)));
        nodes.order.sort_unstable();
        if nodes.order.windows(2).any(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1)) {
            return Err(wrong("a node is there twice"));
        }
        for place in (0..count).filter(|place| nodes.mode[*place] != LEAF) {
            nodes.yes[place] = nodes.place(trees[place], yes[place])?;
            nodes.no[place] = nodes.place(trees[place], no[place])?;
        }
        nodes.find_roots(&trees, control)?;
        Ok(nodes)
    }

    /// The first node of a tree is its root.
    fn find_roots(&mut self, trees: &[i64], control: &Control) -> Result<()> {
        let mut size: HashMap<i64, usize> = HashMap::new();
        for tree in trees {
            *size.entry(*tree).or_default() += 1;
        }
        control.reserve(size.len() * 96)?;
        let mut seen = HashSet::new();
        for (place, tree) in trees.iter().enumerate() {
            if seen.insert(*tree) {
                self.roots.push((place, size[tree]));
            }
        }
        Ok(())
    }

    fn place(&self, tree: i64, number: i64) -> Result<usize> {
        self.places()(tree, number).ok_or_else(|| wrong("a tree names a node that is not there"))
    }

    /// The place of a node by the numbers of its tree and itself; `None` where it is not there.
    fn places(&self) -> impl Fn(i64, i64) -> Option<usize> + '_ {
        |tree, number| {
            let place = self.order.binary_search_by_key(&(tree, number), |(tree, number, _)| (*tree, *number)).ok()?;
            Some(self.order[place].2)
        }
    }

    /// Add the tests of the nodes, each once; the number of each node's.
    fn tests(&self, columns: &[Column<'a>], levels: &[Vec<String>], grower: &mut Grower) -> Result<Vec<usize>> {
        let mut known: HashMap<(usize, Mode, u64, bool), usize> = HashMap::new();
        let mut tests = grower.control().filled(self.mode.len(), 0)?;
        for place in (0..self.mode.len()).filter(|place| self.mode[*place] != LEAF) {
            let feature = usize::try_from(self.feature[place]).ok().filter(|feature| *feature < columns.len());
            let feature = feature.ok_or_else(|| wrong("a tree names a column that is not there"))?;
            let missing = self.missing.get(place).is_some_and(|missing| *missing != 0);
            let rule = Rule { mode: Mode::of(self.mode[place])?, value: self.value[place], missing };
            if rule.value.is_nan() {
                return Err(wrong("a tree compares with what is not a number"));
            }
            let key = (feature, rule.mode, rule.value.to_bits(), missing);
            if let Some(test) = known.get(&key) {
                tests[place] = *test;
                continue;
            }
            let column = &columns[feature];
            let levels = &levels[column.input as usize];
            let set = |codes: &Codes<'a>, says: &dyn Fn(f64) -> bool| {
                let code = |code: usize| levels.get(code).map_or(codes.other, |level| codes.of(level));
                Ok(Of::Set(grower.set(levels.len() + 1, |level| says(code(level)))?))
            };
            let test = column.test(&rule, set)?;
            grower.control().reserve(96)?;
            tests[place] = grower.test(test)?;
            known.insert(key, tests[place]);
        }
        Ok(tests)
    }
}

/// The texts that encoders know, by input.
fn levels(columns: &[Column], inputs: usize, control: &Control) -> Result<Vec<Vec<String>>> {
    control.reserve(inputs * std::mem::size_of::<Vec<String>>())?;
    let mut levels: Vec<Vec<String>> = vec![Vec::new(); inputs];
    for column in columns {
        let Values::Encoded(codes) = &column.values else { continue };
        for (text, _) in &codes.known {
            control.reserve(text.len() + 2 * std::mem::size_of::<String>())?;
            levels[column.input as usize].push((*text).to_owned());
        }
    }
    for levels in &mut levels {
        levels.sort_unstable();
        levels.dedup();
    }
    Ok(levels)
}

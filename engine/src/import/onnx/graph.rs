//! A walk over the nodes of a graph.

use std::collections::HashMap;
use std::rc::Rc;

use super::super::protobuf::Fields;
use super::super::ImportOptions;
use super::column::{Column, Values};
use super::ensemble::{self, Ensemble};
use super::proto::{Input, Kind, Node, Tensor};
use super::steps;
use super::{unsupported, wrong};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Link, Task, Trees};

/// The most columns of a tensor.
const MOST_COLUMNS: usize = 1 << 20;

/// What stands behind a name.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    /// Columns of inputs, of one type.
    Columns(Kind, Rc<[Column<'a>]>),
    /// A tensor of the graph itself.
    Constant(Tensor<'a>),
    /// What a regressor says.
    Score,
    /// What a classifier says: the class.
    Label,
    /// What a classifier says: the probabilities.
    Probabilities,
}

/// The graph, and what is known of it so far.
pub(super) struct Graph<'a> {
    values: HashMap<&'a str, Value<'a>>,
    /// Name and type of each column of the inputs.
    columns: Vec<(String, Kind)>,
    /// The trees, once they are read.
    ensemble: Option<Ensemble>,
    /// The levels of each of the columns of the inputs; none of a number.
    levels: Vec<Vec<String>>,
    outputs: Vec<&'a str>,
    /// Whether the answer is the exponential of the score.
    exponential: bool,
    options: &'a ImportOptions,
    pub control: &'a Control,
}

impl<'a> Graph<'a> {
    pub fn new(options: &'a ImportOptions, control: &'a Control) -> Graph<'a> {
        Graph {
            values: HashMap::new(),
            columns: Vec::new(),
            ensemble: None,
            levels: Vec::new(),
            outputs: Vec::new(),
            exponential: false,
            options,
            control,
        }
    }

    /// Read a `GraphProto`.
    pub fn read(&mut self, bytes: &'a [u8]) -> Result<()> {
        if bytes.is_empty() {
            return Err(wrong("there is no graph"));
        }
        let (mut inputs, mut nodes) = (Vec::new(), Vec::new());
        for field in Fields::of(bytes) {
            self.control.reserve(2 * (std::mem::size_of::<&[u8]>() + std::mem::size_of::<Node>()))?;
            match field? {
                (1, value) => nodes.push(value.bytes()),
                (5, value) => {
                    let tensor = Tensor::read(value.bytes())?;
                    self.set(tensor.name, Value::Constant(tensor))?;
                }
                (11, value) => inputs.push(Input::read(value.bytes())?),
                (12, value) => self.outputs.push(super::proto::value_name(value.bytes())?),
                (15, _) => return Err(unsupported("a sparse tensor")),
                _ => {}
            }
        }
        let nodes: Vec<Node> = nodes.into_iter().map(|node| Node::read(node, self.control)).collect::<Result<_>>()?;
        for input in inputs {
            // Old graphs list their tensors among the inputs.
            if !self.values.contains_key(input.name) {
                self.input(&input, &nodes)?;
            }
        }
        for node in &nodes {
            self.control.check()?;
            self.node(node)?;
        }
        Ok(())
    }

    fn input(&mut self, input: &Input<'a>, nodes: &[Node<'a>]) -> Result<()> {
        let columns = match input.columns {
            Some(columns) => columns,
            None => ensemble::columns_asked(nodes, input.name, self.control)?,
        };
        if columns + self.columns.len() > MOST_COLUMNS {
            return Err(unsupported("so many columns"));
        }
        // Names, and columns with a step of their own.
        let own = std::mem::size_of::<(String, Kind)>() + 2 * std::mem::size_of::<Column>() + 64;
        self.control.reserve(columns * (own + input.name.len()))?;
        let first = self.columns.len();
        let steps: Rc<[_]> = Rc::new([]);
        let column = |place: usize| Column {
            input: (first + place) as u32,
            values: if input.kind == Kind::Text { Values::Text } else { Values::Number(steps.clone()) },
        };
        // A float is a double that is rounded when it is first looked at.
        let round = steps::round(input.kind);
        let all = (0..columns).map(|place| round.map_or(Ok(column(place)), |round| column(place).then(round)));
        let all: Vec<Column> = all.collect::<Result<_>>()?;
        for place in 0..columns {
            let name = if columns == 1 { input.name.to_owned() } else { format!("{}_{place}", input.name) };
            self.columns.push((name, input.kind));
        }
        self.set_columns(input.name, input.kind, all)
    }

    pub fn set(&mut self, name: &'a str, value: Value<'a>) -> Result<()> {
        self.control.reserve(4 * std::mem::size_of::<(&str, Value)>())?;
        if self.values.insert(name, value).is_some() {
            return Err(wrong("two values of the graph have one name"));
        }
        Ok(())
    }

    pub fn set_columns(&mut self, name: &'a str, kind: Kind, columns: Vec<Column<'a>>) -> Result<()> {
        if columns.len() > MOST_COLUMNS {
            return Err(unsupported("so many columns"));
        }
        for column in &columns {
            self.control.reserve(2 * column.bytes())?;
        }
        self.set(name, Value::Columns(kind, columns.into()))
    }

    /// What stands behind an input of a node.
    pub fn value(&self, node: &Node<'a>, place: usize) -> Result<&Value<'a>> {
        let name = node.inputs.get(place).ok_or_else(|| wrong("a node lacks an input"))?;
        self.values.get(name).ok_or_else(|| wrong("a node names an input that is not there"))
    }

    /// The columns of an input of a node.
    pub fn columns(&self, node: &Node<'a>, place: usize) -> Result<(Kind, Rc<[Column<'a>]>)> {
        match self.value(node, place)? {
            Value::Columns(kind, columns) => Ok((*kind, columns.clone())),
            _ => Err(refused(node)),
        }
    }

    fn node(&mut self, node: &Node<'a>) -> Result<()> {
        if !matches!(node.domain, "" | "ai.onnx" | "ai.onnx.ml") {
            return Err(refused(node));
        }
        let output = *node.outputs.first().ok_or_else(|| wrong("a node has no output"))?;
        if matches!(node.kind, "TreeEnsembleClassifier" | "TreeEnsembleRegressor") {
            let (kind, columns) = self.columns(node, 0)?;
            if self.ensemble.is_some() {
                return Err(unsupported("a second tree ensemble"));
            }
            let (ensemble, levels) =
                ensemble::read(node, kind, &columns, self.columns.len(), (self.options, self.control))?;
            let is_classifier = matches!(ensemble.task, Task::Classification { .. });
            self.ensemble = Some(ensemble);
            self.levels = levels;
            if !is_classifier {
                return self.set(output, Value::Score);
            }
            self.set(output, Value::Label)?;
            return node.outputs.get(1).map_or(Ok(()), |second| self.set(second, Value::Probabilities));
        }
        if node.kind == "Constant" {
            let tensor = node.tensor("value")?.ok_or_else(|| refused(node))?;
            return self.set(output, Value::Constant(tensor));
        }
        match self.value(node, 0)? {
            Value::Columns(..) | Value::Constant(_) => steps::before(self, node, output),
            Value::Score if node.kind == "Exp" && !self.exponential => {
                self.exponential = true;
                self.set(output, Value::Score)
            }
            answer => {
                let answer = answer.clone();
                if !steps::keeps(self, node, &answer)? {
                    return Err(refused(node));
                }
                self.set(output, answer)
            }
        }
    }

    /// The numbers of a constant input of a node.
    pub fn reals(&self, node: &Node<'a>, place: usize) -> Result<Option<Vec<f64>>> {
        match self.value(node, place)? {
            Value::Constant(tensor) => tensor.reals(self.control).map(Some),
            _ => Ok(None),
        }
    }

    /// The integers of a constant input of a node.
    pub fn integers(&self, node: &Node<'a>, place: usize) -> Result<Vec<i64>> {
        match self.value(node, place)? {
            Value::Constant(tensor) => tensor.integers(self.control),
            _ => Err(refused(node)),
        }
    }

    /// The inputs of the model, and the levels of each, which are none for numbers.
    pub fn inputs(&mut self) -> (Vec<(String, Kind)>, Vec<Vec<String>>) {
        (std::mem::take(&mut self.columns), std::mem::take(&mut self.levels))
    }

    /// The trees and what they answer.
    pub fn answer(mut self) -> Result<(Trees, Task)> {
        let Some(Ensemble { mut trees, task }) = self.ensemble.take() else {
            return Err(unsupported("a graph without a tree ensemble"));
        };
        let is_answer =
            |name: &&str| matches!(self.values.get(*name), Some(Value::Score | Value::Label | Value::Probabilities));
        if self.outputs.is_empty() || !self.outputs.iter().all(is_answer) {
            return Err(unsupported("an output that is no prediction"));
        }
        if self.exponential {
            trees.link = Link::Log;
        }
        Ok((trees, task))
    }
}

/// A node that is not read.
pub(super) fn refused(node: &Node) -> Error {
    unsupported(&format!("the node \"{}\"", node.kind.escape_debug()))
}

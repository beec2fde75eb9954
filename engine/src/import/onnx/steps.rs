//! The nodes before and behind the trees, each by its name.

use super::super::missing_text;
use super::column::{Codes, Column, Mode, Operation, Rule, Step, Values};
use super::graph::{refused, Graph, Value};
use super::proto::{Kind, Node};
use super::{unsupported, wrong};
use crate::error::Result;

/// What makes numbers of a type from float8; `None` where they are what they are.
pub(super) fn round(kind: Kind) -> Option<Step> {
    (kind == Kind::Float).then_some(Step { kind: Operation::Round, by: 0.0, float: true })
}

/// Whether a node behind the trees gives what it is given.
pub(super) fn keeps<'a>(graph: &Graph<'a>, node: &Node<'a>, answer: &Value<'a>) -> Result<bool> {
    Ok(match node.kind {
        "Identity" | "Cast" | "Reshape" => true,
        "ZipMap" => matches!(answer, Value::Probabilities),
        "Mul" | "Div" => graph.reals(node, 1)?.is_some_and(|by| by == [1.0]),
        _ => false,
    })
}

/// Set the output of a node before the trees.
pub(super) fn before<'a>(graph: &mut Graph<'a>, node: &Node<'a>, output: &'a str) -> Result<()> {
    let (kind, columns) = match node.kind {
        "Concat" | "FeatureVectorizer" => concat(graph, node)?,
        "Gather" | "ArrayFeatureExtractor" => gather(graph, node)?,
        "Add" | "Sub" | "Mul" | "Div" => arithmetic(graph, node)?,
        kind => {
            let (type_, columns) = graph.columns(node, 0)?;
            match kind {
                "Identity" => (type_, columns.to_vec()),
                "Reshape" | "Flatten" => (type_, reshape(graph, node, &columns)?),
                "Cast" => cast(node, type_, &columns)?,
                "Scaler" => (Kind::Float, scale(graph, node, &columns)?),
                "Imputer" => (type_, impute(graph, node, type_, &columns)?),
                "Binarizer" => (type_, binarize(node, &columns)?),
                "OneHotEncoder" => (Kind::Float, one_hot(graph, node, type_, &columns)?),
                "LabelEncoder" => label(graph, node, type_, &columns)?,
                _ => return Err(refused(node)),
            }
        }
    };
    graph.set_columns(output, kind, columns)
}

type Columns<'a> = Vec<Column<'a>>;

fn concat<'a>(graph: &Graph<'a>, node: &Node<'a>) -> Result<(Kind, Columns<'a>)> {
    if node.kind == "Concat" && !matches!(node.integer("axis")?, Some(1 | -1)) {
        return Err(unsupported("a Concat of rows"));
    }
    let (kind, _) = graph.columns(node, 0)?;
    let mut all = Vec::new();
    for place in 0..node.inputs.len() {
        let (other, columns) = graph.columns(node, place)?;
        if other != kind && node.kind == "Concat" {
            return Err(wrong("a Concat joins columns of several types"));
        }
        graph.control.reserve(columns.len() * 2 * std::mem::size_of::<Column>())?;
        all.extend(columns.iter().cloned());
    }
    if node.kind == "Concat" {
        return Ok((kind, all));
    }
    let step = Step { kind: Operation::Round, by: 0.0, float: true };
    Ok((Kind::Float, all.iter().map(|column| column.then(step)).collect::<Result<_>>()?))
}

fn gather<'a>(graph: &Graph<'a>, node: &Node<'a>) -> Result<(Kind, Columns<'a>)> {
    let (kind, columns) = graph.columns(node, 0)?;
    if node.kind == "Gather" && !matches!(node.integer("axis")?, Some(1 | -1)) {
        return Err(unsupported("a Gather of rows"));
    }
    let indexes = graph.integers(node, 1)?;
    graph.control.reserve(indexes.len() * std::mem::size_of::<Column>())?;
    let column = |index: &i64| usize::try_from(*index).ok().and_then(|index| columns.get(index)).cloned();
    let chosen: Option<Columns> = indexes.iter().map(column).collect();
    Ok((kind, chosen.ok_or_else(|| wrong("a node chooses a column that is not there"))?))
}

/// Arithmetic with numbers of the graph, on either side.
fn arithmetic<'a>(graph: &Graph<'a>, node: &Node<'a>) -> Result<(Kind, Columns<'a>)> {
    let operation = match node.kind {
        "Add" => Operation::Add,
        "Sub" => Operation::Subtract,
        "Mul" => Operation::Multiply,
        _ => Operation::Divide,
    };
    let turns = matches!(operation, Operation::Subtract | Operation::Divide);
    let (place, by) = match (graph.reals(node, 0), graph.reals(node, 1)) {
        (_, Ok(Some(by))) => (0, by),
        (Ok(Some(by)), _) if !turns => (1, by),
        _ => return Err(refused(node)),
    };
    let (kind, columns) = graph.columns(node, place)?;
    if !matches!(kind, Kind::Float | Kind::Double) {
        return Err(refused(node));
    }
    let step = |by| Step { kind: operation, by, float: kind == Kind::Float };
    Ok((kind, each(&columns, &by, |column, by| column.then(step(by)))?))
}

/// A column for each, with its own number or the one that is for all.
fn each<'a>(
    columns: &[Column<'a>],
    by: &[f64],
    make: impl Fn(&Column<'a>, f64) -> Result<Column<'a>>,
) -> Result<Columns<'a>> {
    if by.len() != 1 && by.len() != columns.len() {
        return Err(wrong("a node has another number of numbers than of columns"));
    }
    columns.iter().zip(by.iter().cycle()).map(|(column, by)| make(column, *by)).collect()
}

/// A shape of all rows and as many columns as there are.
fn reshape<'a>(graph: &Graph<'a>, node: &Node<'a>, columns: &[Column<'a>]) -> Result<Columns<'a>> {
    let same = if node.kind == "Flatten" {
        node.integer("axis")?.unwrap_or(1) == 1
    } else {
        let shape = graph.integers(node, 1)?;
        matches!(shape[..], [0 | -1, wide] if wide == -1 || usize::try_from(wide) == Ok(columns.len()))
            && shape != [-1, -1]
    };
    same.then(|| columns.to_vec()).ok_or_else(|| refused(node))
}

fn cast<'a>(node: &Node<'a>, from: Kind, columns: &[Column<'a>]) -> Result<(Kind, Columns<'a>)> {
    let to = Kind::of(node.integer("to")?.unwrap_or(0))?;
    if from == to {
        return Ok((to, columns.to_vec()));
    }
    let step = match (from, to) {
        (Kind::Text, _) | (_, Kind::Text | Kind::Bool) => {
            return Err(unsupported("a Cast to or from texts or truth values"))
        }
        (_, Kind::Float) => round(Kind::Float),
        (Kind::Float | Kind::Double, Kind::Int) => Some(Step { kind: Operation::Truncate, by: 0.0, float: false }),
        _ => None,
    };
    let Some(step) = step else { return Ok((to, columns.to_vec())) };
    Ok((to, columns.iter().map(|column| column.then(step)).collect::<Result<_>>()?))
}

/// `(x - offset) * scale`, in float.
fn scale<'a>(graph: &Graph<'a>, node: &Node<'a>, columns: &[Column<'a>]) -> Result<Columns<'a>> {
    let (offset, scale) = (node.reals("offset", graph.control)?, node.reals("scale", graph.control)?);
    let step = |kind, by| Step { kind, by, float: true };
    let moved = each(columns, &offset, |column, by| column.then(step(Operation::Subtract, by)))?;
    each(&moved, &scale, |column, by| column.then(step(Operation::Multiply, by)))
}

fn impute<'a>(graph: &Graph<'a>, node: &Node<'a>, kind: Kind, columns: &[Column<'a>]) -> Result<Columns<'a>> {
    let replaced = node.float("replaced_value_float")?.unwrap_or(0.0);
    if node.has("imputed_value_int64s") || !replaced.is_nan() || !matches!(kind, Kind::Float | Kind::Double) {
        return Err(unsupported("an Imputer of other values than NaN"));
    }
    let by = node.reals("imputed_value_floats", graph.control)?;
    let step = |by| Step { kind: Operation::Impute, by, float: kind == Kind::Float };
    each(columns, &by, |column, by| column.then(step(by)))
}

fn binarize<'a>(node: &Node<'a>, columns: &[Column<'a>]) -> Result<Columns<'a>> {
    let value = node.float("threshold")?.unwrap_or(0.0);
    let rule = Rule { mode: Mode::Above, value, missing: false };
    columns.iter().map(|column| column.indicator(rule)).collect()
}

fn one_hot<'a>(graph: &Graph<'a>, node: &Node<'a>, kind: Kind, columns: &[Column<'a>]) -> Result<Columns<'a>> {
    let texts = node.texts("cats_strings", graph.control)?;
    let numbers = node.integers("cats_int64s", graph.control)?;
    // With "zeros" off the graph fails for what it does not know; here nothing fails on data, and it is zeros as well.
    let mut all = Vec::new();
    for column in columns {
        graph.control.reserve((texts.len() + numbers.len()) * 2 * (std::mem::size_of::<Column>() + 128))?;
        match (&column.values, kind) {
            (Values::Text, _) => {
                let missing = missing_text(|missing| texts.contains(&missing).then_some(missing));
                for text in &texts {
                    let stands = f64::from(u8::from(missing == Some(*text)));
                    let codes = Codes { known: vec![(text, 1.0)], other: 0.0, missing: stands };
                    all.push(Column { input: column.input, values: Values::Encoded(codes.into()) });
                }
            }
            (_, Kind::Int | Kind::Float | Kind::Double) if texts.is_empty() => {
                for number in &numbers {
                    let rule = Rule { mode: Mode::Equal, value: *number as f64, missing: false };
                    // The encoder looks at integers.
                    let step = Step { kind: Operation::Truncate, by: 0.0, float: false };
                    let whole = if kind == Kind::Int { column.clone() } else { column.then(step)? };
                    all.push(whole.indicator(rule)?);
                }
            }
            _ => return Err(refused(node)),
        }
    }
    Ok(all)
}

/// The number of a text.
fn label<'a>(graph: &Graph<'a>, node: &Node<'a>, kind: Kind, columns: &[Column<'a>]) -> Result<(Kind, Columns<'a>)> {
    let control = graph.control;
    if kind != Kind::Text {
        return Err(unsupported("a LabelEncoder of numbers"));
    }
    let classes = node.texts("classes_strings", control)?;
    let (texts, codes, other, to) = if classes.is_empty() {
        let texts = node.texts("keys_strings", control)?;
        if node.has("values_floats") {
            (texts, node.reals("values_floats", control)?, node.float("default_float")?.unwrap_or(-0.0), Kind::Float)
        } else {
            let values = node.integers("values_int64s", control)?;
            let codes = values.iter().map(|value| *value as f64).collect();
            (texts, codes, node.integer("default_int64")?.unwrap_or(-1) as f64, Kind::Int)
        }
    } else {
        let codes = (0..classes.len()).map(|code| code as f64).collect();
        (classes, codes, node.integer("default_int64")?.unwrap_or(-1) as f64, Kind::Int)
    };
    if texts.len() != codes.len() || texts.is_empty() {
        return Err(refused(node));
    }
    control.reserve(texts.len() * 2 * std::mem::size_of::<(&str, f64)>())?;
    let codes = std::rc::Rc::new(Codes::new(texts.into_iter().zip(codes).collect(), other)?);
    let encode = |column: &Column<'a>| match column.values {
        Values::Text => Ok(Column { input: column.input, values: Values::Encoded(codes.clone()) }),
        _ => Err(unsupported("an encoder behind an encoder")),
    };
    Ok((to, columns.iter().map(encode).collect::<Result<_>>()?))
}

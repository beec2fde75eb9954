//! Reads tree ensembles in ONNX, as skl2onnx and onnxmltools write them of scikit-learn's trees, forests and boosting.
//!
//! The graph is walked once, in its order. Before the ensemble every tensor is a list of columns, each a function of one input
//! ([`column`]); behind it, scores, labels or probabilities. A node that would need more is refused by its name, never read wrongly.
//! See <https://onnx.ai/onnx/operators/>.

mod column;
mod ensemble;
mod graph;
mod leaves;
mod proto;
mod steps;

use super::{check_self_contained, finish, ImportOptions, Imported};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Encoding, InputKind};

use graph::Graph;
use proto::{inner_of, Kind};

/// The model of the bytes of a `ModelProto`. An input of one column has the name it has in the graph; the columns of a wider one
/// have its name with their numbers behind it, `x_0`, `x_1`, ...
///
/// A number is compared as the graph compares it, in float where its input is a float. NULL is NaN, and where an input is a text,
/// the category "nan" or "None" if an encoder knows one, else a category never seen.
///
/// # Errors
/// [`Error::InvalidData`] for bytes that are no such model, or one that needs what is not read, [`Error::InvalidOption`] for options that do not
/// fit it.
pub fn read_onnx(data: &[u8], options: &ImportOptions, control: &Control) -> Result<Imported> {
    check_self_contained(options, "scikit-learn")?;
    let mut graph = Graph::new(options, control);
    // The functions of a model would be nodes of new kinds, which are refused where they stand.
    graph.read(inner_of(data, 7)?)?;
    let (inputs, levels) = graph.inputs();
    let (trees, task) = graph.answer()?;
    let column = |((name, kind), levels)| match kind {
        Kind::Text => (name, InputKind::Category, Encoding::Category { levels }),
        Kind::Bool => (name, InputKind::Boolean, Encoding::Number),
        _ => (name, InputKind::Number, Encoding::Number),
    };
    finish(options, inputs.into_iter().zip(levels).map(column).collect(), trees, task, Vec::new())
}

fn wrong(what: &str) -> Error {
    Error::data(format!("{what}, so it is not an ONNX model"), "Give the bytes that SerializeToString returns.")
}

fn unsupported(what: &str) -> Error {
    Error::data(
        format!("cannot read {what} of an ONNX model"),
        "One tree ensemble is read, behind scalers, imputers of NaN, one-hot and ordinal encoders.",
    )
}

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

use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Body, Encoding, Feature, FeatureStats, Input, InputKind, Model};

use graph::Graph;
use proto::{inner_of, Kind};

/// The model of the bytes of a `ModelProto`. An input of one column has the name it has in the graph; the columns of a wider one
/// have its name with their numbers behind it, `x_0`, `x_1`, ...
///
/// A number is compared as the graph compares it, in float where its input is a float. NULL is NaN, and where an input is a text,
/// the category "nan" or "None" if an encoder knows one, else a category never seen.
///
/// # Errors
/// [`Error::InvalidData`] for bytes that are no such model, or one that needs what is not read.
pub fn read_onnx(bytes: &[u8], control: &Control) -> Result<Model> {
    let mut graph = Graph::new(control);
    // The functions of a model would be nodes of new kinds, which are refused where they stand.
    graph.read(inner_of(bytes, 7)?)?;
    let (inputs, levels) = graph.inputs();
    let (trees, task) = graph.answer()?;
    let mut model = Model { inputs: Vec::new(), features: Vec::new(), task, body: Body::Trees(trees), cleaning: None };
    for (place, ((name, kind), levels)) in inputs.into_iter().zip(levels).enumerate() {
        let (kind, encoding) = match kind {
            Kind::Text => (InputKind::Category, Encoding::Category { levels }),
            Kind::Bool => (InputKind::Boolean, Encoding::Number),
            _ => (InputKind::Number, Encoding::Number),
        };
        model.features.push(Feature { name: name.clone(), encoding, stats: FeatureStats::default() });
        model.inputs.push(Input { name, kind, first: place as u32, count: 1 });
    }
    model.validate()?;
    Ok(model)
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

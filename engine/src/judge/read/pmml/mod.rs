//! A model as PMML 4.4 (<https://dmg.org/pmml/v4-4-1/GeneralStructure.html>).
//!
//! A chain of models: for each output the trees, as regressions whose leaves are summed or averaged, then one that makes the answer of their sums by
//! derived fields: base, link, curves. So every step is the one of [`crate::score`], whatever the task.

mod answer;
mod fields;
mod segments;

use super::out::Out;
use super::xml::Xml;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::Task;
use crate::score::Scorer;

use fields::Fields;

/// A model as PMML. `target` is the name of what is predicted; with `cleaned` the columns are those that the model's cleaning makes.
///
/// # Errors
/// For a clustering, where PMML cannot say what the model does, without memory, where the text gets too long, and on a cancel.
pub fn pmml(scorer: &Scorer, name: &str, target: &str, cleaned: bool, control: &Control) -> Result<String> {
    let model = scorer.model();
    let trees = super::trees(model)?;
    if model.cleaning.is_some() && !cleaned {
        return Err(Error::data(
            "PMML cannot carry the cleaning of the model",
            "Write it over the cleaned columns (cleaned => true), as orchard.cleaned_row shows them.",
        ));
    }
    let fields = Fields::new(scorer, target)?;
    let mut out = Out::new(control);
    out.push("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
    let mut xml = Xml::new(&mut out);
    xml.open("PMML", &[("xmlns", "http://www.dmg.org/PMML-4_4"), ("version", "4.4")])?;
    xml.open("Header", &[("description", name)])?;
    xml.empty("Application", &[("name", "Orchard"), ("version", env!("CARGO_PKG_VERSION"))])?;
    xml.close()?;
    fields.dictionary(model, &mut xml)?;
    if let [class] = model.classes() {
        one_class(name, class, &fields, &mut xml)?;
        xml.close()?;
        return Ok(out.finish());
    }
    let task = if matches!(model.task, Task::Classification { .. }) { "classification" } else { "regression" };
    xml.open("MiningModel", &[("modelName", name), ("functionName", task)])?;
    fields.schema(true, &mut xml)?;
    results(model.classes(), &mut xml)?;
    xml.open("Segmentation", &[("multipleModelMethod", "modelChain")])?;
    let outputs = trees.outputs as usize;
    for output in 0..outputs {
        segments::write(scorer, trees, &fields, output, control, &mut xml)?;
    }
    answer::write(model, trees, &fields, &mut xml)?;
    for _ in 0..3 {
        xml.close()?;
    }
    Ok(out.finish())
}

/// A model that has seen one class only.
fn one_class(name: &str, class: &str, fields: &Fields, xml: &mut Xml<'_, '_>) -> Result<()> {
    xml.open("TreeModel", &[("modelName", name), ("functionName", "classification")])?;
    fields.schema(true, xml)?;
    results(&[class.to_owned()], xml)?;
    xml.open("Node", &[("id", "1"), ("score", class)])?;
    xml.empty("True", &[])?;
    xml.empty("ScoreDistribution", &[("value", class), ("recordCount", "1"), ("probability", "1")])?;
    xml.close()?;
    xml.close()
}

/// The fields that come out: of a classification the probability of each class.
fn results(classes: &[String], xml: &mut Xml<'_, '_>) -> Result<()> {
    if classes.is_empty() {
        return Ok(());
    }
    xml.open("Output", &[])?;
    for class in classes {
        let name = format!("probability({class})");
        xml.empty(
            "OutputField",
            &[
                ("name", &name),
                ("optype", "continuous"),
                ("dataType", "double"),
                ("feature", "probability"),
                ("value", class),
            ],
        )?;
    }
    xml.close()
}

/// The sum of the trees of an output.
fn score(output: usize) -> String {
    format!("orchard.score.{output}")
}

/// A number that reads back to the last bit.
fn digits(x: f64) -> String {
    match x {
        // As XML Schema spells it.
        f64::INFINITY => "INF".to_owned(),
        f64::NEG_INFINITY => "-INF".to_owned(),
        x if x == 0.0 || (1e-5..1e15).contains(&x.abs()) => format!("{}", x + 0.0),
        x => format!("{x:e}"),
    }
}

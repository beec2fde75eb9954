//! From the sums of the trees to the answer, by derived fields.

use super::fields::Fields;
use super::{digits, score};
use crate::error::Result;
use crate::judge::read::xml::Xml;
use crate::model::{Curve, Link, Model, Task, Trees};

/// What log-odds are taken of at least, as where rows are scored.
const LEAST: f64 = 1e-15;

/// An expression of fields and numbers.
enum Term {
    Field(String),
    Number(f64),
    Apply(&'static str, Vec<Term>),
    /// Straight lines between knots of a field.
    Lines(String, Vec<(f64, f64)>),
}

use Term::{Apply, Number};

/// Write the last model of the chain.
pub(super) fn write(model: &Model, trees: &Trees, fields: &Fields, xml: &mut Xml<'_, '_>) -> Result<()> {
    let outputs = trees.outputs as usize;
    let classes = model.classes();
    xml.open("Segment", &[("id", &format!("{}", outputs + 1))])?;
    xml.empty("True", &[])?;
    let task = if classes.is_empty() { "regression" } else { "classification" };
    xml.open("RegressionModel", &[("functionName", task), ("normalizationMethod", "none")])?;
    fields.bare_schema(outputs, xml)?;
    xml.open("LocalTransformations", &[])?;
    let last = derived(model, trees, xml)?;
    xml.close()?;
    match &model.task {
        Task::Classification { classes, .. } if classes.len() == 2 => {
            // The trees speak of the second class.
            table(Some(&classes[1]), (&last[0], 1.0), 0.0, xml)?;
            table(Some(&classes[0]), (&last[0], -1.0), 1.0, xml)?;
        }
        Task::Classification { classes, .. } => {
            classes.iter().zip(&last).try_for_each(|(class, field)| table(Some(class), (field, 1.0), 0.0, xml))?;
        }
        _ => table(None, (&last[0], 1.0), 0.0, xml)?,
    }
    xml.close()?;
    xml.close()
}

fn table(
    class: Option<&str>,
    (field, coefficient): (&String, f64),
    intercept: f64,
    xml: &mut Xml<'_, '_>,
) -> Result<()> {
    let intercept = digits(intercept);
    let mut attributes = vec![("intercept", intercept.as_str())];
    attributes.extend(class.map(|class| ("targetCategory", class)));
    xml.open("RegressionTable", &attributes)?;
    xml.empty("NumericPredictor", &[("name", field), ("coefficient", &digits(coefficient))])?;
    xml.close()
}

/// Write the steps; the names of the last fields, one an output.
fn derived(model: &Model, trees: &Trees, xml: &mut Xml<'_, '_>) -> Result<Vec<String>> {
    let outputs = trees.outputs as usize;
    let probabilities = matches!(model.task, Task::Classification { .. });
    let field = |step: &str, k: usize| Term::Field(name(step, k));
    let all = |step: &str| (0..outputs).map(|k| field(step, k)).collect::<Vec<_>>();
    let mut steps = Steps { xml, outputs };
    steps
        .each("raw", |k| Apply("+", vec![Term::Field(score(k)), Number(trees.base.get(k).copied().unwrap_or(0.0))]))?;
    let raw = |k: usize| field("raw", k);
    match trees.link {
        Link::Identity if probabilities => steps.each("linked", |k| between(raw(k), 0.0, 1.0))?,
        Link::Identity => steps.each("linked", |k| Apply("+", vec![raw(k), Number(0.0)]))?,
        Link::Logistic => steps.each("linked", |k| logistic(raw(k)))?,
        Link::Log => steps.each("linked", |k| Apply("exp", vec![raw(k)]))?,
        Link::Softmax => {
            let greatest = || Apply("max", all("raw"));
            steps.each("power", |k| Apply("exp", vec![Apply("-", vec![raw(k), greatest()])]))?;
            steps.each("linked", |k| Apply("/", vec![field("power", k), Apply("sum", all("power"))]))?;
        }
    }
    let curves = model.body.as_trees().map_or(&[][..], |(_, curves)| curves);
    if curves.is_empty() {
        return Ok((0..outputs).map(|k| name("linked", k)).collect());
    }
    steps.each("curved", |k| match curves.get(k) {
        Some(Curve::Sigmoid { slope, intercept }) => {
            let p = || between(field("linked", k), LEAST, 1.0 - LEAST);
            let odds = Apply("ln", vec![Apply("/", vec![p(), Apply("-", vec![Number(1.0), p()])])]);
            logistic(Apply("+", vec![Apply("*", vec![Number(*slope), odds]), Number(*intercept)]))
        }
        Some(Curve::Isotonic { from, to }) => match (&from[..], &to[..]) {
            ([_], [one]) => Number(*one),
            _ => Term::Lines(name("linked", k), from.iter().copied().zip(to.iter().copied()).collect()),
        },
        None => field("linked", k),
    })?;
    if outputs == 1 {
        return Ok(vec![name("curved", 0)]);
    }
    steps.each("answer", |k| {
        let sum = || Apply("sum", all("curved"));
        let is_some = Apply("greaterThan", vec![sum(), Number(0.0)]);
        Apply("if", vec![is_some, Apply("/", vec![field("curved", k), sum()]), Number(1.0 / outputs as f64)])
    })?;
    Ok((0..outputs).map(|k| name("answer", k)).collect())
}

fn name(step: &str, output: usize) -> String {
    format!("orchard.{step}.{output}")
}

fn between(x: Term, low: f64, high: f64) -> Term {
    Apply("min", vec![Apply("max", vec![x, Number(low)]), Number(high)])
}

fn logistic(x: Term) -> Term {
    let power = Apply("exp", vec![Apply("-", vec![Number(0.0), x])]);
    Apply("/", vec![Number(1.0), Apply("+", vec![Number(1.0), power])])
}

struct Steps<'x, 'a, 'b> {
    xml: &'x mut Xml<'a, 'b>,
    outputs: usize,
}

impl Steps<'_, '_, '_> {
    /// A field an output.
    fn each(&mut self, step: &str, term: impl Fn(usize) -> Term) -> Result<()> {
        for k in 0..self.outputs {
            self.xml
                .open("DerivedField", &[("name", &name(step, k)), ("optype", "continuous"), ("dataType", "double")])?;
            self.write(term(k))?;
            self.xml.close()?;
        }
        Ok(())
    }

    /// Terms are nested by the steps above, never by what a user gives.
    fn write(&mut self, term: Term) -> Result<()> {
        match term {
            Term::Field(name) => self.xml.empty("FieldRef", &[("field", &name)]),
            Number(x) => self.xml.text("Constant", &[("dataType", "double")], &digits(x)),
            Apply(function, terms) => {
                self.xml.open("Apply", &[("function", function)])?;
                terms.into_iter().try_for_each(|term| self.write(term))?;
                self.xml.close()
            }
            Term::Lines(name, knots) => {
                self.xml.open("NormContinuous", &[("field", &name), ("outliers", "asExtremeValues")])?;
                for (from, to) in knots {
                    self.xml.empty("LinearNorm", &[("orig", &digits(from)), ("norm", &digits(to))])?;
                }
                self.xml.close()
            }
        }
    }
}

//! A model as one expression of plain SQL.
//!
//! A single tree is a CASE over the columns of the row. Of several trees the expression is a subquery without a table: the innermost SELECT makes the
//! features once a row, the next one sums the trees, those around it do what comes after the sum. Each is kept from being pulled up (OFFSET 0) where its
//! columns are used more than once. Sums have the order of [`crate::score::link::join`], so they are the same to the last bit.

mod additive;
mod answer;
mod case;
mod cells;
mod clean;
mod condition;
mod ensemble;
mod groups;
mod kmeans;
mod literal;
mod projection;
mod space;

use super::out::Out;
use super::output::Output;
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Body, Model, Task, Trees};
use crate::score::link::LANES;
use crate::score::Scorer;

use answer::Answer;
use case::Case;
use cells::{Cells, Names};

pub use cells::Column;

/// Trees that are added one after the other: a sum of some thousands would overflow the stack of PostgreSQL's parser. A lane with more is summed part by
/// part, which can change the last bits.
const LONG: usize = 1000;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The label of a class.
    pub class: Option<&'a str>,
    /// The columns of the row: [`Model::arguments`], or the inputs of the model where it is `cleaned`.
    pub columns: &'a [Column],
    /// Whether the row is one that the model's cleaning made.
    pub cleaned: bool,
    /// Quotes a name where it must be.
    pub quote: fn(&str) -> String,
}

/// The expression that is equal to what the model says of a row.
///
/// # Errors
/// Where plain SQL cannot say the same, without memory, where the text gets too long, and on a cancel.
pub fn expression(scorer: &Scorer, request: &Request<'_>, control: &Control) -> Result<String> {
    let model = scorer.model();
    let mut out = Out::new(control);
    if let Body::Density(_) = &model.body {
        return Err(Error::option(
            "the model compares a row with all core rows of its training, which no expression can",
            "Call the function of the model, or train an algorithm kmeans, whose centres an expression can hold.",
        ));
    }
    if let Body::Recommender(_) = &model.body {
        return Err(Error::option(
            "the model knows all users and items of its training, which no expression can",
            "Call the function of the model, or keep what orchard.recommend_all returns in a table.",
        ));
    }
    if let Body::Forecast(_) = &model.body {
        return Err(Error::option(
            "the model has a forecast for each series and step, which no expression can hold",
            "Call the function of the model, or keep what orchard.forecast returns in a table.",
        ));
    }
    if let Body::Lifetime(_) = &model.body {
        return Err(Error::option(
            "the model sums a series of terms for each customer, which no expression can",
            "Call the function of the model, or keep what orchard.lifetime_value returns in a table.",
        ));
    }
    if let Body::Network(_) = &model.body {
        return Err(Error::option(
            "the model is a network, whose sums of sums no expression of a sensible length can hold",
            "Call the function of the model, or train an algorithm whose models are trees or sums.",
        ));
    }
    if let Body::Neighbors(_) = &model.body {
        return Err(Error::option(
            "the model compares a row with all rows of its training, which no expression can",
            "Call the function of the model, or train an algorithm whose models are trees or sums.",
        ));
    }
    if let Body::Machine(_) = &model.body {
        return Err(Error::option(
            "the model compares a row with hundreds of others, which no expression can",
            match model.task {
                Task::Anomaly => "Call the function of the model, or train an algorithm isolation_forest.",
                _ => "Call the function of the model, or train with \"kernel\": \"linear\", whose models are sums.",
            },
        ));
    }
    if let Body::Ensemble(body) = &model.body {
        ensemble::write(scorer, body, request, &mut out)?;
        return Ok(out.finish());
    }
    let names = Names::new(scorer, request)?;
    let trees = match &model.body {
        Body::KMeans(_) | Body::Mixture(_) => {
            if request.class.is_some() {
                return Err(Error::option(
                    "a clustering has no classes, so none can be asked for",
                    "Leave \"class\" out.",
                ));
            }
            let mixture = match &model.body {
                Body::Mixture(mixture) => Some(mixture),
                _ => None,
            };
            if let Some(body) = model.body.as_segments() {
                kmeans::write(scorer, body, mixture, &names, &mut out)?;
            }
            return Ok(out.finish());
        }
        Body::Projection(body) => {
            if request.class.is_some() {
                return Err(Error::option(
                    "components have no classes, so none can be asked for",
                    "Leave \"class\" out.",
                ));
            }
            projection::write(scorer, body, &names, &mut out)?;
            return Ok(out.finish());
        }
        Body::Additive(_) => None,
        _ => Some(super::trees(model)?),
    };
    let output = Output::of(model, request.class)?;
    if let Task::Classification { classes, positive } = &model.task {
        if classes.len() == 1 {
            let seen = request.class.is_some() || *positive == 0;
            return Ok(literal::value(f64::from(u8::from(seen))));
        }
    }
    let Some(trees) = trees else {
        if let Body::Additive(body) = &model.body {
            additive::write(scorer, body, output, &names, &mut out)?;
        }
        return Ok(out.finish());
    };
    if trees.roots.len() == 1 && names.is_plain() {
        let cells = Cells::inline(scorer, &names)?;
        let case = Case::new(scorer, trees, &cells, control);
        case.write(0, |leaf| output.answer(scorer, trees, leaf), Some(0), &mut out)?;
        return Ok(out.finish());
    }
    let cells = Cells::staged(scorer, &names, control)?;
    let case = Case::new(scorer, trees, &cells, control);
    let writer = Writer { model, trees, cells: &cells, names: &names, case: &case };
    writer.write(output, scorer, &mut out)?;
    Ok(out.finish())
}

/// A name between quotes, as every database takes it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Writes several trees.
struct Writer<'a> {
    model: &'a Model,
    trees: &'a Trees,
    cells: &'a Cells,
    names: &'a Names<'a>,
    case: &'a Case<'a>,
}

impl Writer<'_> {
    fn write(&self, output: Output, scorer: &Scorer, out: &mut Out<'_>) -> Result<()> {
        if self.trees.roots.len() == 1 {
            out.push("(SELECT ")?;
            self.case.write(0, |leaf| output.answer(scorer, self.trees, leaf), None, out)?;
            out.push("\nFROM ")?;
            self.cells.write(self.names, out)?;
            return out.push(")");
        }
        let outputs: Vec<usize> = match answer::needs_all(self.model, self.trees.link, self.trees.outputs) {
            true => (0..self.trees.outputs as usize).collect(),
            false => vec![output.index],
        };
        let bounds = outputs.iter().map(|k| self.case.bounds(*k)).collect::<Result<Vec<_>>>()?;
        let answer = Answer::new(self.model, self.trees.link, output, &bounds);
        answer.begin(out)?;
        for (i, k) in outputs.iter().enumerate() {
            out.push(if i == 0 { "" } else { ", " })?;
            self.sum(*k, out)?;
            out.push(&format!(" AS y{k}"))?;
        }
        out.push("\nFROM ")?;
        self.cells.write(self.names, out)?;
        answer.end(out)
    }

    /// What the trees say for an output: the sum or mean of the leaves, plus the base.
    fn sum(&self, output: usize, out: &mut Out<'_>) -> Result<()> {
        let count = self.trees.roots.len();
        let mut lanes: Vec<Vec<usize>> = vec![Vec::new(); LANES];
        for tree in 0..count {
            // What adds nothing, as a tree of another class, is left out.
            if !self.case.is_zero(tree, output) {
                lanes[tree % LANES].push(tree);
            }
        }
        let base = self.trees.base.get(output).copied().unwrap_or(0.0);
        out.push(if base == 0.0 { "" } else { "(" })?;
        out.push(if self.trees.average { "(" } else { "" })?;
        // ((a + e) + (c + g)) + ((b + f) + (d + h)), as link::join.
        let order = [0, 4, 2, 6, 1, 5, 3, 7].map(|lane| std::mem::take(&mut lanes[lane]));
        self.part(&order, output, out)?;
        if self.trees.average {
            out.push(&format!(") / {count}"))?;
        }
        match base == 0.0 {
            true => Ok(()),
            false => out.push(&format!(" + {})", literal::value(base))),
        }
    }

    /// The sum of some lanes, half by half.
    fn part(&self, lanes: &[Vec<usize>], output: usize, out: &mut Out<'_>) -> Result<()> {
        if let [lane] = lanes {
            let is_long = lane.len() > LONG;
            for (i, tree) in lane.iter().enumerate() {
                out.push(match (i, i % LONG == 0 && is_long) {
                    (0, true) => "(",
                    (0, false) => "",
                    (_, true) => ")\n+ (",
                    (_, false) => "\n+ ",
                })?;
                self.case.write(*tree, |leaf| leaf.at(output), None, out)?;
            }
            return if is_long { out.push(")") } else { Ok(()) };
        }
        let (first, second) = lanes.split_at(lanes.len() / 2);
        match [first, second].map(|half| half.iter().any(|lane| !lane.is_empty())) {
            [true, true] => {
                out.push("(")?;
                self.part(first, output, out)?;
                out.push(")\n+ (")?;
                self.part(second, output, out)?;
                out.push(")")
            }
            [true, false] => self.part(first, output, out),
            [false, true] => self.part(second, output, out),
            [false, false] if lanes.len() == LANES => out.push(&literal::value(0.0)),
            [false, false] => Ok(()),
        }
    }
}

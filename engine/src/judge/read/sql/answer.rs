//! From the sums of the trees to the answer: base, link, curves, class.

use super::literal::{number, value};
use crate::error::Result;
use crate::judge::read::out::Out;
use crate::judge::read::output::Output;
use crate::model::{Curve, Link, Model, Task};

/// Beyond this `exp` is not asked: PostgreSQL raises where it overflows or underflows.
const MOST: f64 = 700.0;

/// The largest number whose `exp` is finite.
const LAST_EXP: f64 = 709.782_712_893_38;

/// What log-odds are taken of at least, as where rows are scored.
const LEAST: f64 = 1e-15;

/// The columns of a SELECT around those before it.
struct Layer {
    columns: Vec<String>,
}

/// What comes after the sums, which are the columns `s.y0`, `s.y1` ...
pub(super) struct Answer<'a> {
    link: Link,
    curves: &'a [Curve],
    probabilities: bool,
    output: Output,
    /// Between which numbers the sums lie.
    bounds: &'a [(f64, f64)],
}

/// Whether the answer of an output needs the sums of all.
pub(super) fn needs_all(model: &Model, link: Link, outputs: u32) -> bool {
    let curved = model.body.as_trees().is_some_and(|(_, curves)| !curves.is_empty());
    link == Link::Softmax || curved && outputs > 1
}

impl<'a> Answer<'a> {
    pub fn new(model: &'a Model, link: Link, output: Output, bounds: &'a [(f64, f64)]) -> Answer<'a> {
        let curves = model.body.as_trees().map_or(&[][..], |(_, curves)| curves);
        let probabilities = matches!(model.task, Task::Classification { .. });
        Answer { link, curves, probabilities, output, bounds }
    }

    /// Whether the sums are used more than once.
    fn is_sum_repeated(&self) -> bool {
        self.link == Link::Softmax || self.link == Link::Log && !self.is_tame()
    }

    /// Whether `exp` of the sum, or of its negative, is far from overflow.
    fn is_tame(&self) -> bool {
        self.bounds.iter().all(|(low, high)| *low >= -MOST && *high <= MOST)
    }

    /// Write the SELECTs from the answer to the one whose columns are the sums; [`Answer::end`] writes what is behind these.
    pub fn begin(&self, out: &mut Out<'_>) -> Result<()> {
        out.push("(SELECT ")?;
        out.push(&self.last())?;
        for layer in self.layers().iter().rev() {
            out.push("\nFROM (SELECT ")?;
            out.push(&layer.columns.join(", "))?;
        }
        out.push("\nFROM (SELECT ")
    }

    /// Write the ends of all SELECTs.
    pub fn end(&self, out: &mut Out<'_>) -> Result<()> {
        // Used several times, a sum must not be computed as often.
        out.push(if self.is_sum_repeated() { "\nOFFSET 0) AS s" } else { ") AS s" })?;
        self.layers().iter().try_for_each(|Layer { .. }| out.push("\nOFFSET 0) AS s"))?;
        out.push(")")
    }

    /// The SELECTs around the sums, from the innermost on.
    fn layers(&self) -> Vec<Layer> {
        let several = self.bounds.len();
        let mut layers = Vec::new();
        let columns = |of: &dyn Fn(usize) -> String| Layer { columns: (0..several).map(of).collect() };
        if self.link == Link::Softmax {
            let all: Vec<String> = (0..several).map(|k| format!("s.y{k}")).collect();
            let greatest = format!("greatest({}) AS m", all.join(", "));
            layers.push(Layer { columns: all.into_iter().chain([greatest]).collect() });
            layers.push(columns(&|k| format!("exp(greatest(s.y{k} - s.m, {})) AS p{k}", number(-MOST))));
        }
        if self.curves.is_empty() {
            return layers;
        }
        let shares = self.link == Link::Softmax;
        let own = |k: usize| if several == 1 { self.output.index } else { k };
        layers.push(columns(&|k| match shares {
            true => format!("s.p{k} / ({}) AS p{k}", sum("p", several)),
            false => format!("{} AS p{}", self.linked(own(k)), own(k)),
        }));
        let is_sigmoid = |k: usize| matches!(self.curves.get(k), Some(Curve::Sigmoid { .. }));
        layers.push(columns(&|k| match is_sigmoid(own(k)) {
            // Finite log-odds.
            true => format!("least(greatest(s.p{0}, {1}), {2}) AS p{0}", own(k), number(LEAST), number(1.0 - LEAST)),
            false => format!("s.p{0}", own(k)),
        }));
        layers.push(columns(&|k| match self.curves.get(own(k)) {
            Some(curve) => format!("{} AS p{}", curved(curve, &format!("s.p{}", own(k))), own(k)),
            None => format!("s.p{}", own(k)),
        }));
        layers
    }

    /// The answer in terms of the last layer.
    fn last(&self) -> String {
        let (k, several) = (self.output.index, self.bounds.len());
        let answer = match (self.curves.is_empty(), self.link) {
            (true, Link::Softmax) => format!("s.p{k} / ({})", sum("p", several)),
            (true, _) => self.linked(k),
            (false, _) if several == 1 => format!("s.p{k}"),
            (false, _) => {
                let all = sum("p", several);
                format!("CASE WHEN {all} > 0 THEN s.p{k} / ({all}) ELSE {} END", value(1.0 / several as f64))
            }
        };
        match self.output.other && self.probabilities {
            true => format!("1 - {answer}"),
            false => answer,
        }
    }

    /// A sum behind the link, unless that is one of all sums.
    fn linked(&self, k: usize) -> String {
        let y = format!("s.y{k}");
        match self.link {
            Link::Identity if self.probabilities => format!("least(greatest({y}, 0), 1)"),
            Link::Identity | Link::Softmax => y,
            Link::Logistic if self.is_tame() => format!("(1 / (1 + exp(-{y})))"),
            Link::Logistic => format!("(1 / (1 + exp(least(greatest(-{y}, {}), {}))))", number(-MOST), number(MOST)),
            Link::Log if self.is_tame() => format!("exp({y})"),
            Link::Log => format!(
                "CASE WHEN {y} > {} THEN 'Infinity'::float8 WHEN {y} < {} THEN 0 ELSE exp({y}) END",
                number(LAST_EXP),
                number(-MOST)
            ),
        }
    }
}

/// The sum of the columns of all outputs.
fn sum(name: &str, several: usize) -> String {
    (0..several).map(|k| format!("s.{name}{k}")).collect::<Vec<_>>().join(" + ")
}

/// A probability behind a curve.
fn curved(curve: &Curve, p: &str) -> String {
    match curve {
        Curve::Sigmoid { slope, intercept } => format!(
            "(1 / (1 + exp(least(greatest(-({} * ln({p} / (1 - {p})) + {}), {}), {}))))",
            value(*slope),
            value(*intercept),
            number(-MOST),
            number(MOST)
        ),
        Curve::Isotonic { from, to } => {
            let mut text = "CASE".to_owned();
            for i in 0..from.len() {
                let answer = match i.checked_sub(1).filter(|last| to[*last] < to[i]) {
                    // A share that is no smaller than needed: PostgreSQL raises where a product underflows.
                    Some(last) => format!(
                        "{} + {} * greatest(({p} - {}) / {}, 1e-100)",
                        number(to[last]),
                        value(to[i] - to[last]),
                        number(from[last]),
                        value(from[i] - from[last])
                    ),
                    None => value(to[i]),
                };
                text += &format!(" WHEN {p} <= {} THEN {answer}", number(from[i]));
            }
            match to.last() {
                Some(last) => format!("{text} ELSE {} END", value(*last)),
                None => p.to_owned(),
            }
        }
    }
}

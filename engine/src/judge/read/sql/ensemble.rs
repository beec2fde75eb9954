//! The answers of several models as one.

use super::literal::value;
use super::{expression, Column, Output, Request};
use crate::error::{Error, Result};
use crate::judge::read::out::Out;
use crate::model::{Ensemble, Join, Task};
use crate::score::Scorer;

/// Write the answer to a row.
pub(super) fn write(scorer: &Scorer, body: &Ensemble, request: &Request<'_>, out: &mut Out<'_>) -> Result<()> {
    let model = scorer.model();
    if model.cleaning.is_some() && !request.cleaned {
        return Err(Error::option(
            "the cleaning of an ensemble is not written with it",
            "Write the model for rows that are cleaned already: cleaned => true.",
        ));
    }
    let Output { class, .. } = Output::of(model, request.class)?;
    let classes = model.classes();
    // What a member says of a class, or of the number.
    let said = |member: &Scorer, class: Option<&str>, control| {
        let column = |name: &String| {
            let at = model.inputs.iter().position(|input| input.name == *name).and_then(|at| request.columns.get(at));
            at.cloned().ok_or_else(|| Error::Internal("an input of a member without a column".into()))
        };
        let columns: Vec<Column> =
            member.model().inputs.iter().map(|input| column(&input.name)).collect::<Result<_>>()?;
        let own = Request { class, columns: &columns, cleaned: false, quote: request.quote };
        expression(member, &own, control)
    };
    let control = out.control();
    match (&body.join, scorer.last_member()) {
        (Join::Mean(weights), _) => {
            let total: f64 = weights.iter().sum();
            let asked = class.and_then(|class| classes.get(class)).map(String::as_str);
            let is_class = matches!(model.task, Task::Classification { .. });
            out.push(if is_class { "least(" } else { "(" })?;
            let counted = scorer.members().zip(weights).filter(|(_, weight)| **weight > 0.0);
            for (at, (member, weight)) in counted.enumerate() {
                out.push(if at == 0 { "" } else { "\n+ " })?;
                out.push(&format!("{} * ", value(weight / total)))?;
                out.push(&said(member, asked, control)?)?;
            }
            out.push(if is_class { ", 1.0::double precision)" } else { ")" })
        }
        (Join::Effects(effects), _) => {
            // Of each treatment by itself; the largest is what the function of the model says.
            let count = scorer.members().count().max(1);
            let several = effects.len() > count;
            out.push(if several { "greatest(" } else { "(" })?;
            for (at, effects) in effects.chunks_exact(count).enumerate() {
                out.push(if at == 0 { "" } else { ",\n" })?;
                let bounded = matches!(&model.task, Task::Uplift { classes, .. } if !classes.is_empty());
                out.push(if bounded { "least(greatest(" } else { "(" })?;
                let counted = scorer.members().zip(effects).filter(|(_, effect)| **effect != 0.0);
                for (at, (member, effect)) in counted.enumerate() {
                    out.push(if at == 0 { "" } else { "\n+ " })?;
                    out.push(&format!("{} * ", value(*effect)))?;
                    out.push(&said(member, None, control)?)?;
                }
                out.push(if bounded { ", -1.0::double precision), 1.0::double precision)" } else { ")" })?;
            }
            out.push(")")
        }
        (Join::Model(_), Some(last)) => {
            // Of two classes the positive one is asked for, of more each.
            let asked: Vec<Option<&str>> = match classes.len() {
                0..=2 => vec![None],
                _ => classes.iter().map(|class| Some(class.as_str())).collect(),
            };
            let count = scorer.members().count() * asked.len();
            let columns: Vec<Column> =
                (0..count).map(|at| Column { text: format!("o.m{at}"), numeric: false }).collect();
            let own = Request { class: request.class, columns: &columns, cleaned: false, quote: request.quote };
            out.push("(SELECT ")?;
            out.push(&expression(last, &own, control)?)?;
            out.push("\nFROM (SELECT ")?;
            let all = scorer.members().flat_map(|member| asked.iter().map(move |class| (member, *class)));
            for (at, (member, class)) in all.enumerate() {
                out.push(if at == 0 { "" } else { ",\n    " })?;
                out.push(&said(member, class, control)?)?;
                out.push(&format!(" AS m{at}"))?;
            }
            // Each answer is used once more than it should be found.
            out.push("\nOFFSET 0) AS o)")
        }
        (Join::Model(_), None) => Err(Error::Internal("an ensemble without what joins it".into())),
    }
}

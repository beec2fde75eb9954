//! Constraints by column name become constraints by feature.

use crate::error::{Error, Result};
use crate::learn::boost::BoostParams;
use crate::learn::options::Options;
use crate::learn::target::Prepared;
use crate::model::{Input, InputKind};

/// Put the constraints of the options into `params`. All features of a column share its constraint.
///
/// Fails where a constrained column is no feature, or cannot be constrained; `notices` gets what a set of columns leaves out.
pub fn apply(
    params: &mut BoostParams,
    options: &Options,
    inputs: &[Input],
    prepared: &Prepared,
    notices: &mut Vec<String>,
) -> Result<()> {
    let find = |key: &str, name: &str| {
        inputs.iter().find(|i| i.name == name).ok_or_else(|| {
            Error::option(
                format!("option \"{key}\" names column \"{name}\", which is not a feature"),
                "Name columns that the model learns from.",
            )
        })
    };
    let features = inputs.iter().map(|i| (i.first + i.count) as usize).max().unwrap_or(0);
    let own = |input: &Input| input.first as usize..(input.first + input.count) as usize;
    if options.monotone_constraints.iter().any(|c| c.1 != 0) {
        let sign = prepared.rising().ok_or_else(|| {
            Error::option(
                "option \"monotone_constraints\" needs a regression or two classes",
                "Leave it out: the probabilities of several classes cannot all rise.",
            )
        })?;
        params.monotone = vec![0; features];
        for (name, direction) in &options.monotone_constraints {
            let input = find("monotone_constraints", name)?;
            let kind = match input.kind {
                InputKind::Category => Some("category"),
                InputKind::Text => Some("text"),
                _ => None,
            };
            if let Some(kind) = kind.filter(|_| *direction != 0) {
                return Err(Error::option(
                    format!("column \"{name}\" is a {kind}, so it cannot have a monotone constraint"),
                    "Constrain columns that have an order: numbers, booleans, dates and times.",
                ));
            }
            params.monotone[own(input)].fill(direction * sign);
        }
    }
    for set in &options.interaction_constraints {
        let mut together = Vec::new();
        for name in set {
            together.extend(own(find("interaction_constraints", name)?));
        }
        params.interactions.push(together);
    }
    if !options.interaction_constraints.is_empty() {
        let named = |input: &&Input| options.interaction_constraints.iter().any(|set| set.contains(&input.name));
        let rest: Vec<String> = inputs.iter().filter(|i| !named(i)).map(|i| format!("\"{}\"", i.name)).collect();
        if !rest.is_empty() {
            notices.push(format!("not used, being in none of the \"interaction_constraints\": {}", rest.join(", ")));
        }
    }
    Ok(())
}

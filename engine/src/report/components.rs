//! The components of a report.

use maud::{html, Markup};

use super::facts::ComponentFacts;
use super::plot::theme::percent;
use crate::judge::loadings::{dimensions, strongest};
use crate::model::{Body, Model};

/// Components that are told of, and loadings of each.
const MOST_TOLD: usize = 20;
const MOST_LOADINGS: usize = 6;

/// What is told of the components of a model; nothing of another one.
pub fn components(model: &Model) -> Vec<ComponentFacts> {
    let Body::Projection(body) = &model.body else { return Vec::new() };
    let names = dimensions(model, body);
    let name = |at: usize| match &names[at] {
        (feature, Some(level)) => format!("{feature} = {level}"),
        (feature, None) => feature.clone(),
    };
    let of = |(number, direction): (usize, &[f64])| ComponentFacts {
        ratio: body.ratio(number),
        loadings: match number < MOST_TOLD {
            true => strongest(direction).into_iter().take(MOST_LOADINGS).map(|at| (name(at), direction[at])).collect(),
            false => Vec::new(),
        },
    };
    body.directions().enumerate().map(of).collect()
}

/// The strongest loadings of a component in a line.
pub(super) fn line(component: &ComponentFacts) -> String {
    let one = |(name, loading): &(String, f64)| format!("{name} {loading:+.2}");
    component.loadings.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The components, a row each.
pub(super) fn table(all: &[ComponentFacts]) -> Markup {
    html! {
        h2 { "What the components are made of" }
        p.muted { "The columns, and the levels of columns of texts, that say most of each component, with their loadings: a row that has more of a column with a positive loading has more of the component." }
        div.scroll { table {
            thead { tr { th.n { "component" } th.n { "explains" } th { "strongest loadings" } } }
            tbody {
                @for (i, component) in all.iter().take(MOST_TOLD).enumerate() {
                    tr { td.n { (i + 1) } td.n { (percent(component.ratio)) } td dir="auto" { (line(component)) } }
                }
            }
        } }
        @if all.len() > MOST_TOLD {
            p.muted { "And " (all.len() - MOST_TOLD) " more; " code { "orchard.components" } " lists all." }
        }
    }
}

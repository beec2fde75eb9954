//! The trials of a search, and the members of an ensemble.

use maud::{html, Markup};
use serde_json::Value;

use super::facts::Facts;
use super::plot::theme::{number, percent};
use super::words::{count, metric_text};

/// Trials that are told of.
const MOST_TOLD: usize = 20;

/// The trials, the best first.
pub(super) fn trials(facts: &Facts) -> Markup {
    let all = &facts.insight.leaderboard;
    if all.is_empty() {
        return html! {};
    }
    html! {
        h2 { "What it was chosen among" }
        p.muted { "Trials of a search, judged by cross-validation on training rows; the held-out rows took no part in it." }
        div.scroll { table {
            thead { tr { th.n { "rank" } th { "learner" } th { "options" } th.n { "score" } th.n { "± of folds" } th.n { "rows" } th.n { "seconds" } } }
            tbody {
                @for own in all.iter().take(MOST_TOLD) {
                    tr {
                        td.n { @if own.score.is_some() { (own.rank) } }
                        td { (own.algorithm) @if own.chosen { " (chosen)" } @if !own.note.is_empty() { span.note { (own.note) } } }
                        td { @if !own.options.is_empty() { code { (Value::Object(own.options.clone())) } } }
                        td.n { @if let Some(score) = own.score { (metric_text(&own.metric, score)) } }
                        td.n { @if let Some(deviation) = own.deviation { (number(deviation)) } }
                        td.n { (count(own.rows)) }
                        td.n { (number(own.seconds)) }
                    }
                }
            }
        } }
        @if all.len() > MOST_TOLD {
            p.muted { "And " (all.len() - MOST_TOLD) " more; " code { "orchard.leaderboard" } " lists all." }
        }
    }
}

/// The members, and what each counts.
pub(super) fn members(facts: &Facts) -> Markup {
    if facts.members.is_empty() {
        return html! {};
    }
    let total: f64 = facts.members.iter().filter_map(|(_, weight)| *weight).sum();
    html! {
        h2 { "What it is made of" }
        @if total > 0.0 {
            p { "The answer is the mean of what its members say." }
            div.scroll { table {
                thead { tr { th { "member" } th.n { "share" } } }
                tbody { @for (name, weight) in &facts.members { tr { td { (name) } td.n { (percent(weight.unwrap_or(0.0) / total)) } } } }
            } }
        } @else {
            p { "A linear model joins what its members say: " (facts.members.iter().map(|m| m.0.as_str()).collect::<Vec<_>>().join(", ")) ". Its coefficients stand above." }
        }
    }
}

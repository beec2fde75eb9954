//! The coefficients of a report.

use maud::{html, Markup};

use super::plot::theme::number;
use crate::judge::coefficients::Row;

/// Coefficients that are told of.
const MOST_TOLD: usize = 60;

/// What a coefficient is for: `device = phone`.
fn name(row: &Row) -> String {
    match (&row.feature, &row.level) {
        (None, _) => "(intercept)".to_owned(),
        (Some(feature), None) => feature.clone(),
        (Some(feature), Some(level)) => format!("{feature} = {level}"),
    }
}

/// How often chance gives as much, short.
fn chance(p: f64) -> String {
    if p < 0.0001 {
        "< 0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

/// The coefficients, a row each; those of the members of an ensemble, or of columns.
pub(super) fn table(all: &[Row], of_members: bool) -> Markup {
    let classes = all.iter().any(|row| row.class.is_some());
    let ratios = all.iter().any(|row| row.odds_ratio.is_some());
    let text = |value: Option<f64>| value.map_or_else(String::new, number);
    html! {
        h2 { @if of_members { "What members count" } @else { "What columns say" } }
        @if of_members {
            p.muted { "The score is the sum of the coefficients, each times what the member says of a row that it did not see. Members that say nearly the same share what they count." }
        } @else {
            p.muted { "The score is the sum of the coefficients, each times its number; a level counts in place of the one that is named as reference. A coefficient says what goes together with the other columns as they are, not what would happen if the column were changed." }
        }
        div.scroll { table {
            thead { tr {
                @if classes { th { "class" } }
                th { @if of_members { "member" } @else { "column" } } th.n { "coefficient" } th.n { "standard error" } th.n { "p-value" }
                @if ratios { th.n { "odds ratio" } }
            } }
            tbody {
                @for row in all.iter().take(MOST_TOLD) {
                    tr {
                        @if classes { td dir="auto" { (row.class.as_deref().unwrap_or_default()) } }
                        td dir="auto" { (name(row)) }
                        td.n { @if row.kind == "reference" { "reference" } @else { (number(row.coefficient)) } }
                        td.n { (text(row.std_error)) }
                        td.n { (row.p_value.map_or_else(String::new, chance)) }
                        @if ratios { td.n { (text(row.odds_ratio)) } }
                    }
                }
            }
        } }
        @if all.len() > MOST_TOLD {
            p.muted { "And " (all.len() - MOST_TOLD) " more; " code { "orchard.coefficients" } " lists all." }
        }
    }
}

//! The page of a model: one HTML file without scripts, fonts or pictures from elsewhere.

use maud::{html, Markup, PreEscaped, DOCTYPE};

use super::facts::{Effects, Facts};
use super::figures::{draw, effects, Figure};
use super::plot::theme::{dark_rules, number, percent};
use super::words::{self, count, metric_text};
use crate::error::Result;
use crate::model::Task;

const STYLE: &str = include_str!("style.css");

/// More columns are not listed.
const MOST_COLUMNS: usize = 200;

/// Write the page.
pub fn html(facts: &Facts) -> Result<String> {
    let title = format!("{} · version {}", facts.model, facts.version);
    let style = format!("{STYLE}@media screen and (prefers-color-scheme:dark){{{}}}", dark_rules());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(style)) }
            }
            body {
                main {
                    header {
                        p.muted { "Report of a model" }
                        h1 dir="auto" { (facts.model) }
                        p.muted dir="auto" {
                            "version " (facts.version) " · " (facts.algorithm) " · trained " (facts.created) " · owned by " (facts.owner)
                        }
                        p.lead dir="auto" { (words::summary(facts)) }
                        @if facts.overfitting.is_some() {
                            p.warn dir="auto" { (words::verdict(facts)) }
                        } @else if facts.task.has_target() {
                            p dir="auto" { (words::verdict(facts)) }
                        }
                    }
                    (tiles(facts))
                    (judgement(facts)?)
                    (insides(facts)?)
                    (segments(facts))
                    (findings(facts))
                    (limits(facts))
                    (columns(facts))
                    (remembered(facts))
                    (recipe(facts))
                    footer { "Made by Orchard " (env!("CARGO_PKG_VERSION")) ". All numbers are of " (facts.judged_rows()) " unless they say otherwise; intervals hold in 95 of 100 samples of rows." }
                }
            }
        }
    };
    Ok(page.into_string())
}

fn tiles(facts: &Facts) -> Markup {
    html! {
        div.tiles {
            @for tile in words::tiles(facts) {
                div.tile { span { (tile.name) } b { (tile.value) } span { (tile.note) } }
            }
        }
    }
}

fn figure(svg: Option<String>, caption: &str) -> Markup {
    html! {
        @if let Some(svg) = svg {
            figure { (PreEscaped(svg)) figcaption { (caption) } }
        }
    }
}

/// How sure the model is: charts and metrics.
fn judgement(facts: &Facts) -> Result<Markup> {
    let mut figures = Vec::new();
    for (kind, caption) in [
        (Figure::SegmentMap, "The plane on which rows differ most (principal components of the scaled columns). A dot a training row; an ellipse has about 86 % of the rows of its segment. Segments that overlap here may be apart in other directions."),
        (Figure::ExplainedVariance, "Where the lower line falls to nearly nothing, more components tell little more."),
        (Figure::SegmentSizes, "Rows are given the segment whose centre is nearest."),
        (Figure::Lift, "Where both columns are as high, what is predicted comes true; the steeper they fall, the better the model ranks."),
        (Figure::Gain, "The further the line is above the diagonal, the fewer rows must be contacted for the same success."),
        (Figure::Roc, "The area under the curve is roc_auc: 0.5 is chance, 1 is perfect."),
        (Figure::PrecisionRecall, "For rare classes this says more than the ROC curve."),
        (Figure::Calibration, "On the diagonal a score means what it says."),
        (
            Figure::Scores,
            match facts.task {
                Task::Regression => "How often the model says what.",
                _ => "The less the two overlap, the better the model tells them apart.",
            },
        ),
        (Figure::Thresholds, "Choose a threshold by what a contact costs: orchard.thresholds reckons the profit."),
        (Figure::ConfusionMatrix, "Rows of the table are what was true, columns what was predicted."),
        (Figure::Residuals, "A dot a row; the nearer to the line the better."),
        (Figure::Qini, "The further a curve is above its straight line, the better the model tells whom to treat."),
        (Figure::Uplift, "The line should fall, and lie near what was predicted."),
        (Figure::LearningCurve, "Where the line of held-out rows rises while the other falls, more trees only learn by heart."),
    ] {
        if kind.is_for(&facts.task) {
            figures.push(figure(draw(kind, facts, None)?, caption));
        }
    }
    Ok(html! {
        h2 { @if facts.task == Task::Clustering { "Where they are" } @else if facts.task == Task::Reduction { "How much they tell" } @else { "How good it is" } }
        div.figures { @for figure in figures { (figure) } }
        @if let Some(stories) = &facts.segments { (super::segments_page::segments(stories)) }
        @if !facts.coefficients.is_empty() { (super::coefficients::table(&facts.coefficients, !facts.members.is_empty())) }
        @if !facts.components.is_empty() { (super::components::table(&facts.components)) }
        (super::leaderboard::members(facts))
        (super::leaderboard::trials(facts))
        (metrics(facts))
    })
}

fn metrics(facts: &Facts) -> Markup {
    let trained = !facts.insight.training.is_empty();
    let sure = facts.metrics.iter().any(|m| m.interval.is_some());
    html! {
        h2 { "Metrics" }
        div.scroll { table {
            thead { tr {
                th { "metric" } th.n { (facts.judged_rows()) }
                @if sure { th.n { "95 % interval" } }
                @if trained { th.n { "training rows" } }
            } }
            tbody {
                @for metric in &facts.metrics {
                    tr {
                        td { (breakable(&metric.name)) span.note { (metric.note) } }
                        td.n { @match metric.value { Some(value) => (metric_text(&metric.name, value)), None => "undefined" } }
                        @if sure { td.n {
                            @if let Some((low, high)) = metric.interval {
                                (metric_text(&metric.name, low)) " to " (metric_text(&metric.name, high))
                            }
                        } }
                        @if trained {
                            td.n { @if let Some(value) = facts.insight.training(&metric.name) { (metric_text(&metric.name, value)) } }
                        }
                    }
                }
            }
        } }
        @if trained && facts.insight.rows < facts.training_rows {
            p.muted { "The training rows are " (count(facts.insight.rows)) " of the " (count(facts.training_rows)) ", drawn by chance." }
        }
    }
}

/// A name that may be broken where its words end.
fn breakable(name: &str) -> Markup {
    html! { @for (i, word) in name.split('_').enumerate() { @if i > 0 { "_" wbr; } (word) } }
}

/// What the model looks at.
fn insides(facts: &Facts) -> Result<Markup> {
    if !facts.task.gives_scores() {
        return Ok(html! {});
    }
    let importance = match Figure::Importance.is_for(&facts.task) {
        true => figure(
            draw(Figure::Importance, facts, None)?,
            "A column that is worth nothing can be left out of the source.",
        ),
        false => html! {},
    };
    let shap = figure(
        draw(Figure::Shap, facts, None)?,
        "Shapley values of some rows: right of the line the column raises the answer, left it lowers it.",
    );
    let dependence: Vec<Markup> = facts
        .effects
        .iter()
        .map(|e| Ok(figure(Some(effects(facts, e, facts.class())?), caption(e))))
        .collect::<Result<_>>()?;
    Ok(html! {
        h2 { "What it looks at" }
        @if let Some(why) = &facts.without_rows {
            p.muted { (why) }
        }
        div.figures { (importance) (shap) }
        @if !dependence.is_empty() {
            h2 { "How the answer depends on the main columns" }
            p.muted { "Every row of a sample is given the value and scored; the line is the mean of the answers." }
            div.figures { @for figure in dependence { (figure) } }
        }
    })
}

fn caption(effects: &Effects) -> &'static str {
    match effects.values {
        super::facts::Values::Names(_) => "A bar a value: the mean of the answers.",
        _ => "The band holds the answers of eight in ten rows.",
    }
}

fn segments(facts: &Facts) -> Markup {
    if facts.insight.trees.is_empty() && facts.insight.training.is_empty() {
        return html! {};
    }
    let text = |value: f64| match facts.task {
        Task::Regression => number(value),
        _ => percent(value),
    };
    html! {
        h2 { "Where it is at its worst" }
        @if facts.insight.looked == 0 {
            p { "The held-out rows are too few to look at segments of them." }
        } @else if facts.insight.segments.is_empty() {
            p { "Of " (count(facts.insight.looked)) " segments of the held-out rows, by the main columns, none stands out: in each the model is no more off on average, and no surer than it should be, than it is on all rows, as far as chance allows to tell." }
        } @else {
            p.muted { "Segments of held-out rows, of " (count(facts.insight.looked)) " that were looked at, in which the model is off on average, apart from what it is on all rows, or surer than it should be, by more than chance would have it." }
            div.scroll { table {
                thead { tr { th { "segment" } th { "what is wrong" } th.n { "predicted" } th.n { "actual" } th.n { "rows" } } }
                tbody {
                    @for s in &facts.insight.segments {
                        tr {
                            td dir="auto" { (s.feature) " " (s.values) }
                            td { (s.problem) }
                            td.n { (text(s.predicted)) }
                            td.n { (text(s.actual)) }
                            td.n { (count(s.rows)) }
                        }
                    }
                }
            } }
        }
    }
}

fn findings(facts: &Facts) -> Markup {
    if !facts.task.has_target() {
        return html! {};
    }
    html! {
        h2 { "What the doctor says of the data" }
        @if facts.insight.findings.is_empty() {
            p { "The quick look of training found no column that may give the target away. " code { "orchard.diagnose" } " looks at more." }
        } @else {
            ul { @for finding in &facts.insight.findings { li dir="auto" { (finding) } } }
        }
    }
}

fn limits(facts: &Facts) -> Markup {
    html! {
        h2 { "When not to use it" }
        ul { @for limit in words::limits(facts) { li dir="auto" { (limit) } } }
    }
}

fn columns(facts: &Facts) -> Markup {
    html! {
        h2 { "The columns it reads" }
        div.scroll { table {
            thead { tr { th { "column" } th { "type" } th { "holds" } th.n { "missing" } } }
            tbody {
                @for column in facts.columns.iter().take(MOST_COLUMNS) {
                    tr {
                        td dir="auto" { (column.name) } td { (column.type_name) } td dir="auto" { (column.holds) } td.n { (percent(column.missing)) }
                    }
                }
            }
        } }
        @if facts.columns.len() > MOST_COLUMNS {
            p.muted { "And " (facts.columns.len() - MOST_COLUMNS) " more." }
        }
    }
}

fn remembered(facts: &Facts) -> Markup {
    html! {
        h2 { "What it remembers by name" }
        p.muted { "Values of the data that stand in the model as they are; " code { "orchard.forget_categories" } " takes out all but classes." }
        ul { @for (what, texts) in words::remembered(facts) { li dir="auto" { (what) ": " (texts) } } }
    }
}

fn recipe(facts: &Facts) -> Markup {
    html! {
        h2 { "How it was made" }
        p.muted { "Rows read: " (count(facts.rows)) ". Options: " code { (facts.options) } "."
            @if let Some(seconds) = facts.seconds { " It took " (number(seconds)) " seconds." }
            " Trained by Orchard " (facts.extension) "."
        }
        pre { (facts.source) }
        p.muted { "It scores rows as " code { (facts.function) } "." }
    }
}

//! The card of a model in Markdown (Mitchell et al., Model Cards for Model Reporting, 2019).

use std::fmt::Write;

use super::facts::Facts;
use super::plot::theme::percent;
use super::words::{self, count, metric_text};
use crate::model::Task;

/// Write the card.
pub fn markdown(facts: &Facts) -> String {
    let mut out = String::new();
    // Writing to a text does not fail.
    let _ = write(facts, &mut out);
    out
}

fn write(facts: &Facts, out: &mut String) -> std::fmt::Result {
    writeln!(out, "# Model card: {}\n", escape(&facts.model))?;
    writeln!(out, "{}\n", escape(&words::summary(facts)))?;
    if facts.task.has_target() {
        writeln!(out, "{}\n", escape(&words::verdict(facts)))?;
    }
    writeln!(out, "## Model\n")?;
    let mut item = |name: &str, value: &str| writeln!(out, "- {name}: {}", escape(value));
    item("version", &facts.version.to_string())?;
    item("algorithm", &facts.algorithm)?;
    item("trained", &facts.created)?;
    item("owner", &facts.owner)?;
    if let Some(target) = &facts.target {
        item("target", target)?;
    }
    if let Task::Classification { classes, .. } = &facts.task {
        let named: Vec<&str> = classes.iter().take(50).map(String::as_str).collect();
        let more = classes.len().saturating_sub(named.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        item("classes", &format!("{}{more}", named.join(", ")))?;
    }
    item("rows read", &count(facts.rows))?;
    item("rows learned from", &count(facts.training_rows))?;
    item("rows held out", &count(facts.holdout_rows))?;
    item("trained by", &format!("Orchard {}", facts.extension))?;
    writeln!(out, "- options: {}", code(&facts.options))?;
    writeln!(out, "- scores rows as: {}", code(&facts.function))?;
    writeln!(out, "\nLearned from:\n\n{}\n", block(&facts.source))?;

    writeln!(
        out,
        "## Metrics\n\n| metric | {} | 95 % interval | training rows | meaning |\n|---|---:|---:|---:|---|",
        facts.judged_rows()
    )?;
    for metric in &facts.metrics {
        let value = metric.value.map_or_else(|| "undefined".to_owned(), |v| metric_text(&metric.name, v));
        let interval = metric.interval.map_or_else(String::new, |(low, high)| {
            format!("{} to {}", metric_text(&metric.name, low), metric_text(&metric.name, high))
        });
        let training = facts.insight.training(&metric.name).map_or_else(String::new, |v| metric_text(&metric.name, v));
        writeln!(out, "| {} | {value} | {interval} | {training} | {} |", escape(&metric.name), escape(&metric.note))?;
    }

    if let Some(stories) = &facts.segments {
        writeln!(out, "\n## Segments\n")?;
        for (i, story) in stories.all.iter().enumerate() {
            let apart =
                if story.apart.is_empty() { "nothing sets it apart".to_owned() } else { story.apart.join("; ") };
            writeln!(out, "{}. {} ({}): {}", i + 1, escape(&story.name), story.size_text(), escape(&apart))?;
        }
    }
    if !facts.components.is_empty() {
        writeln!(out, "\n## Components\n")?;
        for (i, component) in facts.components.iter().enumerate().filter(|(_, c)| !c.loadings.is_empty()) {
            let line = super::components::line(component);
            writeln!(out, "{}. {} of the variance: {}", i + 1, percent(component.ratio), escape(&line))?;
        }
    }
    if let Some(kind) =
        ["permutation", "mean_abs_shap", "gain"].iter().find(|k| facts.importance.iter().any(|i| i.kind == **k))
    {
        writeln!(out, "\n## What it looks at\n\n| column | {kind} |\n|---|---:|")?;
        let mut own: Vec<_> = facts.importance.iter().filter(|i| i.kind == *kind).collect();
        own.sort_by(|a, b| b.value.total_cmp(&a.value));
        for i in own.iter().take(20) {
            writeln!(out, "| {} | {:.4} |", escape(&i.feature), i.value)?;
        }
    }
    if !facts.insight.segments.is_empty() {
        writeln!(out, "\n## Where it is at its worst\n")?;
        for segment in &facts.insight.segments {
            writeln!(out, "- {}", escape(&words::segment(facts, segment)))?;
        }
    }
    if !facts.insight.findings.is_empty() {
        writeln!(out, "\n## What the doctor says of the data\n")?;
        for finding in &facts.insight.findings {
            writeln!(out, "- {}", escape(finding))?;
        }
    }
    writeln!(out, "\n## When not to use it\n")?;
    for limit in words::limits(facts) {
        writeln!(out, "- {}", escape(&limit))?;
    }
    writeln!(out, "\n## What it remembers by name\n")?;
    for (what, texts) in words::remembered(facts) {
        writeln!(out, "- {}: {}", escape(&what), escape(&texts))?;
    }
    writeln!(out, "\n## Columns\n\n| column | type | holds | missing |\n|---|---|---|---:|")?;
    for column in &facts.columns {
        let missing = percent(column.missing);
        writeln!(
            out,
            "| {} | {} | {} | {missing} |",
            escape(&column.name),
            escape(&column.type_name),
            escape(&column.holds)
        )?;
    }
    Ok(())
}

/// A text whose signs mean nothing to Markdown or HTML.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The longest run of backticks, and one more.
fn fence(text: &str, least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(least.max(longest + 1))
}

fn code(text: &str) -> String {
    let fence = fence(text, 1);
    format!("{fence} {} {fence}", text.replace(['\n', '\r'], " "))
}

fn block(text: &str) -> String {
    let fence = fence(text, 3);
    format!("{fence}sql\n{text}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_escaped() {
        assert_eq!(escape("a|b_c <i> & `x`"), "a\\|b\\_c &lt;i&gt; &amp; \\`x\\`");
        assert_eq!(code("a ``b"), "``` a ``b ```");
        assert!(block("```").starts_with("````sql"));
    }
}

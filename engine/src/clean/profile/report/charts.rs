//! Small pictures, drawn as SVG in the page.

use std::fmt::Write;

use serde_json::Value;

use super::{escape, grouped, json_text, start, Card};
use crate::clean::profile::ColumnProfile;

/// Width and height of a picture in its own units.
const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 72.0;
/// Values that are drawn.
const VALUES: usize = 6;

/// How many rows have a value, one that stands for nothing, or none; as a bar, and in words where that is not all.
pub fn filled(out: &mut String, profile: &ColumnProfile) {
    let label = fill(out, profile);
    if profile.nulls + profile.blanks.unwrap_or(0) + profile.placeholders.unwrap_or(0) > 0 {
        let _ = writeln!(out, "<p class=\"caption\">{label}</p>");
    }
}

/// The bar alone; answers it in words.
pub fn fill(out: &mut String, profile: &ColumnProfile) -> String {
    if profile.rows == 0 {
        return String::new();
    }
    let share = |rows: u64| rows as f64 / profile.rows as f64;
    let none = share(profile.nulls);
    let nothing = share(profile.blanks.unwrap_or(0) + profile.placeholders.unwrap_or(0)).min(1.0 - none);
    let parts = [
        ("filled", 1.0 - none - nothing, "have a value"),
        ("placeholder", nothing, "a blank or placeholder"),
        ("null", none, "are NULL"),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter(|(_, part, _)| *part > 0.0)
        .map(|(_, part, what)| format!("{:.1} % {what}", 100.0 * part))
        .collect();
    let label = said.join(", ");
    let _ = write!(
        out,
        "<svg class=\"fill\" viewBox=\"0 0 {WIDTH} 8\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{label}\"><title>{label}</title>"
    );
    let mut at = 0.0;
    for (class, part, _) in parts {
        let width = part * WIDTH;
        if width > 0.0 {
            let _ = write!(out, "<rect class=\"{class}\" x=\"{at:.1}\" y=\"0\" width=\"{width:.1}\" height=\"8\"/>");
        }
        at += width;
    }
    out.push_str("</svg>\n");
    label
}

/// The distribution of numbers or moments.
pub fn histogram(out: &mut String, card: &Card<'_>) {
    let histogram = &card.profile.summary.histogram;
    let most = histogram.rows.iter().copied().max().unwrap_or(0).max(1) as f64;
    let all: u64 = histogram.rows.iter().sum();
    let step = WIDTH / histogram.rows.len() as f64;
    let label = format!("distribution of {} values", grouped(all));
    let _ = write!(out, "<svg class=\"histogram\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{label}\">");
    for (i, rows) in histogram.rows.iter().enumerate() {
        let height = if *rows > 0 { (*rows as f64 / most * (HEIGHT - 2.0)).max(1.0) } else { 0.0 };
        let _ = write!(
            out,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{} rows</title></rect>",
            i as f64 * step + 0.5,
            HEIGHT - height,
            step - 1.0,
            grouped(*rows)
        );
    }
    out.push_str("</svg>\n");
    // Far numbers are in the outer ranges, so the ends are named by what they mean.
    let (low, high) = (card.minimum.unwrap_or_default(), card.maximum.unwrap_or_default());
    let _ = writeln!(out, "<p class=\"ends\"><span>{}</span><span>{}</span></p>", start(low, 30), start(high, 30));
}

/// The frequent values.
pub fn bars(out: &mut String, card: &Card<'_>) {
    let Some(Value::Array(list)) = card.top else { return };
    let rows = |entry: &Value| entry["rows"].as_u64().unwrap_or(0);
    let most = list.iter().map(rows).max().unwrap_or(0).max(1) as f64;
    if list.is_empty() {
        return;
    }
    out.push_str("<table class=\"values\">\n");
    for entry in list.iter().take(VALUES) {
        let width = 100.0 * rows(entry) as f64 / most;
        let text = json_text(&entry["value"]);
        let shown = if text.is_empty() { "<i>empty text</i>".to_owned() } else { start(&text, 40) };
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\" title=\"{}\">{shown}</th><td><svg viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect class=\"bar\" x=\"0\" y=\"0\" width=\"{width:.1}\" height=\"10\"/></svg></td><td class=\"count\">{}</td></tr>",
            escape(&text.chars().take(200).collect::<String>()),
            grouped(rows(entry))
        );
    }
    out.push_str("</table>\n");
}

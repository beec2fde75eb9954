//! The profile as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere. Everything from the source is
//! escaped.

mod charts;
mod overview;

use std::fmt::Write;

use serde_json::Value;

use super::{ColumnProfile, Severity};

/// One column as it is shown.
#[derive(Debug, Clone, Copy)]
pub struct Card<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub data_type: &'a str,
    /// What is known of it.
    pub profile: &'a ColumnProfile,
    /// The smallest value as its type writes it.
    pub minimum: Option<&'a str>,
    /// The largest value.
    pub maximum: Option<&'a str>,
    /// An object of quantiles by name.
    pub quantiles: Option<&'a Value>,
    /// A list of objects of value and rows.
    pub top: Option<&'a Value>,
}

/// The page of a source.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// What was looked at.
    pub source: &'a str,
    /// Its columns in their order.
    pub columns: &'a [Card<'a>],
}

const STYLE: &str = include_str!("report/style.css");
/// Characters of the source that are shown.
const LONGEST: usize = 300;
/// A longer source is no name but a query.
const NAME: usize = 80;

/// A text for HTML, inside elements and attributes alike.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Characters that a page may not have, or that turn its text around.
            '\0'..='\x08'
            | '\x0b'
            | '\x0c'
            | '\x0e'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => out.push('\u{FFFD}'),
            _ => out.push(c),
        }
    }
    out
}

/// The first characters of a text, escaped.
fn start(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    escape(&shown)
}

/// A number with commas between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of a few digits.
fn rounded(number: f64) -> String {
    match number.abs() {
        a if a == 0.0 || (1e-3..1e7).contains(&a) => {
            let text = format!("{number:.3}");
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => format!("{number:.3e}"),
    }
}

fn json_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(
            || number.to_string(),
            |n| match number.is_f64() {
                true => rounded(n),
                false => number.to_string(),
            },
        ),
        other => other.to_string(),
    }
}

impl Page<'_> {
    /// The page.
    pub fn html(&self) -> String {
        let mut out = String::new();
        let mut order: Vec<(usize, &Card<'_>)> = self.columns.iter().enumerate().collect();
        // The worst first, equal ones as they come.
        order.sort_by_key(|(_, card)| std::cmp::Reverse(card.profile.severity()));
        let _ = write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Profile</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
        );
        self.head(&mut out);
        overview::write(&mut out, self.columns);
        out.push_str("<section class=\"cards\">\n");
        for (position, card) in order {
            write_card(&mut out, position + 1, card);
        }
        out.push_str("</section>\n</main>\n</body>\n</html>\n");
        out
    }

    fn head(&self, out: &mut String) {
        let rows = self.columns.first().map_or(0, |card| card.profile.rows);
        let count = |severity| self.columns.iter().filter(|card| card.profile.severity() == Some(severity)).count();
        let cells = rows.saturating_mul(self.columns.len() as u64);
        let missing: u64 = self.columns.iter().map(|card| missing(card.profile)).sum();
        let share = if cells > 0 { 100.0 * missing as f64 / cells as f64 } else { 0.0 };
        let _ = write!(
            out,
            "<header>\n<p class=\"kicker\">Profile</p>\n<h1{}>{}</h1>\n<dl class=\"totals\">\n\
             <div><dt>rows</dt><dd>{}</dd></div><div><dt>columns</dt><dd>{}</dd></div>\
             <div><dt>to mend</dt><dd>{}</dd></div><div><dt>to know</dt><dd>{}</dd></div><div><dt>cells without a value</dt><dd>{share:.1} %</dd></div>\n</dl>\n\
             <p class=\"legend\"><span class=\"key filled\"></span> value <span class=\"key placeholder\"></span> blank or placeholder \
             <span class=\"key null\"></span> NULL <span class=\"key bar\"></span> rows of a range or value \
             <span class=\"mark warning\">to mend</span> <span class=\"mark note\">to know</span></p>\n</header>\n",
            if self.source.len() > NAME { " class=\"query\"" } else { "" },
            start(self.source, LONGEST),
            grouped(rows),
            self.columns.len(),
            count(Severity::Warning),
            count(Severity::Note),
        );
    }
}

/// Cells without a value that means something.
fn missing(profile: &ColumnProfile) -> u64 {
    profile.nulls + profile.blanks.unwrap_or(0) + profile.placeholders.unwrap_or(0)
}

fn write_card(out: &mut String, position: usize, card: &Card<'_>) {
    let profile = card.profile;
    let class = match profile.severity() {
        Some(Severity::Warning) => "warning",
        Some(Severity::Note) => "note",
        None => "fine",
    };
    let _ = write!(
        out,
        "<article class=\"card {class}\" id=\"c{position}\">\n<div class=\"title\"><span class=\"position\">{position}</span><h2>{}</h2>\
         <span class=\"type\">{}</span><span class=\"role\">{}</span></div>\n",
        start(card.name, 80),
        escape(card.data_type),
        escape(&profile.role.name().replace('_', " "))
    );
    for finding in &profile.findings {
        let (class, label) = match finding.severity {
            Severity::Warning => ("warning", "to mend"),
            Severity::Note => ("note", "to know"),
        };
        let _ = writeln!(
            out,
            "<p class=\"finding\"><span class=\"mark {class}\">{label}</span> {}</p>",
            escape(&finding.text)
        );
    }
    charts::filled(out, profile);
    facts(out, card);
    if profile.summary.histogram.rows.is_empty() {
        charts::bars(out, card);
    } else {
        charts::histogram(out, card);
    }
    if !profile.steps.is_empty() {
        out.push_str("<ul class=\"steps\">\n");
        for step in &profile.steps {
            let _ = writeln!(out, "<li><code>{}</code></li>", escape(&step.to_string()));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</article>\n");
}

fn facts(out: &mut String, card: &Card<'_>) {
    let profile = card.profile;
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(distinct) = profile.distinct {
        let about = if profile.exact { "" } else { "about " };
        facts.push(("different", format!("{about}{}", grouped(distinct))));
    }
    let ends = [("smallest", card.minimum), ("largest", card.maximum)];
    facts.extend(ends.into_iter().filter_map(|(name, text)| text.map(|text| (name, start(text, 40)))));
    let summary = &profile.summary;
    let numbers = [("mean", summary.mean), ("deviation", summary.stddev), ("skewness", summary.skewness)];
    facts.extend(numbers.into_iter().filter_map(|(name, number)| number.map(|n| (name, rounded(n)))));
    if let Some(Value::Object(quantiles)) = card.quantiles {
        let shown = quantiles.iter().filter(|(name, _)| matches!(name.as_str(), "p05" | "p50" | "p95"));
        facts.extend(shown.map(|(name, value)| {
            let name = match name.as_str() {
                "p05" => "5 % below",
                "p50" => "median",
                _ => "5 % above",
            };
            (name, start(&json_text(value), 40))
        }));
    }
    if let Some(length) = profile.average_length {
        facts.push(("average length", rounded(length)));
    }
    if let Some(outliers @ 1..) = summary.outliers {
        facts.push(("outliers", grouped(outliers)));
    }
    out.push_str("<dl class=\"facts\">");
    for (name, value) in facts {
        let _ = write!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    out.push_str("</dl>\n");
}

#[cfg(test)]
mod tests {
    use super::super::{Collector, Kind, Sizes};
    use super::*;

    #[test]
    fn everything_from_the_source_is_escaped() {
        let evil = "</style><script>alert('&\"')</script>\u{202e}\x01";
        let mut collector = Collector::new(Kind::Text, &Sizes::of(1, usize::MAX));
        (0..30).for_each(|i| collector.text(format!("{evil}{}", i % 3).as_bytes()).unwrap());
        let profile = collector.finish(evil, 30, 0.0).unwrap();
        let top = serde_json::json!([{"value": evil, "rows": 10}]);
        let card = Card {
            name: evil,
            data_type: evil,
            profile: &profile,
            minimum: Some(evil),
            maximum: Some(evil),
            quantiles: Some(&serde_json::json!({"p50": evil})),
            top: Some(&top),
        };
        let html = Page { source: evil, columns: &[card] }.html();
        assert!(!html.contains("<script") && !html.contains('\u{202e}') && !html.contains('\x01'));
        assert_eq!(html.matches("</style>").count(), 1);
        assert!(html.contains("&lt;script&gt;alert(&#39;&amp;&quot;&#39;)"));
        assert!(!html.contains("http") && !html.contains("src="));
    }

    #[test]
    fn numbers_are_short_and_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0.0, 1.5, -2.0, 0.12345, 1e9, 1e-9].map(rounded),
            ["0", "1.5", "-2", "0.123", "1.000e9", "1.000e-9"]
        );
    }
}

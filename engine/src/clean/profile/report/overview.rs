//! All columns in one table, in the order of the source.

use std::fmt::Write;

use super::{charts, escape, grouped, json_text, start, Card};
use crate::clean::profile::Severity;

/// Write the table; a name leads to the column's card.
pub fn write(out: &mut String, columns: &[Card<'_>]) {
    if columns.is_empty() {
        return;
    }
    out.push_str(
        "<div class=\"overview\"><table>\n<thead><tr><th></th><th>column</th><th></th><th>role</th><th>with a value</th><th class=\"count\">different</th>\
         <th>smallest</th><th>median</th><th>largest</th></tr></thead>\n<tbody>\n",
    );
    for (i, card) in columns.iter().enumerate() {
        let profile = card.profile;
        let mark = match profile.severity() {
            Some(Severity::Warning) => "<span class=\"mark warning\">to mend</span>",
            Some(Severity::Note) => "<span class=\"mark note\">to know</span>",
            None => "",
        };
        let median = card.quantiles.map(|quantiles| json_text(&quantiles["p50"])).unwrap_or_default();
        let _ = write!(
            out,
            "<tr><td class=\"position\">{0}</td><td><a href=\"#c{0}\">{1}</a></td><td>{mark}</td><td>{2}</td><td class=\"filling\">",
            i + 1,
            start(card.name, 40),
            escape(&profile.role.name().replace('_', " "))
        );
        charts::fill(out, profile);
        let distinct = profile.distinct.map(grouped).unwrap_or_default();
        let about = if profile.exact || distinct.is_empty() { "" } else { "≈ " };
        let _ = writeln!(
            out,
            "</td><td class=\"count\">{about}{distinct}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            start(card.minimum.unwrap_or_default(), 20),
            start(&median, 20),
            start(card.maximum.unwrap_or_default(), 20)
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
}

//! A drawing for Graphviz.

use super::Node;
use crate::error::Result;
use crate::judge::read::out::Out;

pub(super) fn write(nodes: &[Node], title: &str, out: &mut Out<'_>) -> Result<()> {
    out.push("digraph tree {\n")?;
    out.push(&format!("    graph [label={}, labelloc=t, fontname=\"sans-serif\"];\n", quoted(&[title])))?;
    out.push("    node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", color=\"#8a94a0\"];\n")?;
    out.push("    edge [fontname=\"sans-serif\", fontsize=11, color=\"#8a94a0\"];\n")?;
    for (at, node) in nodes.iter().enumerate() {
        let lines: Vec<&str> = node.question.iter().chain(&node.lines).map(String::as_str).collect();
        let strength = (0.06 + 0.5 * node.strength.clamp(0.0, 1.0)) * 255.0;
        out.push(&format!(
            "    n{} [label={}, tooltip={}, fillcolor=\"#2a78d6{:02x}\"];\n",
            at + 1,
            quoted(&lines),
            quoted(&[&node.rule]),
            strength as u8
        ))?;
        if let Some(parent) = node.parent {
            let label = if nodes[parent].children.first() == Some(&at) { "yes" } else { "no" };
            out.push(&format!("    n{} -> n{} [label=\"{label}\"];\n", parent + 1, at + 1))?;
        }
    }
    out.push("}\n")
}

/// Lines as a string of Graphviz, in which a backslash begins an escape.
fn quoted(lines: &[&str]) -> String {
    let plain = |line: &str| -> String {
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        // A line that begins with a name from right to left is still one from left to right.
        let mark = if line.contains('\u{2068}') { "\u{200e}" } else { "" };
        format!("{mark}{}", line.replace('\\', "\\\\").replace('"', "\\\""))
    };
    format!("\"{}\"", lines.iter().map(|line| plain(line)).collect::<Vec<_>>().join("\\n"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes_and_backslashes_stay_what_they_are() {
        assert_eq!(super::quoted(&["a \"b\"", "c\\n\n"]), r#""a \"b\"\nc\\n ""#);
    }
}

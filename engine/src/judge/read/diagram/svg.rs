//! A drawing for browsers: it stands alone, and follows the reader's choice of light or dark.

use unicode_width::UnicodeWidthStr;

use super::layout;
use super::Node;
use crate::error::Result;
use crate::judge::read::out::Out;
use crate::judge::read::xml::Xml;

/// The height of a line of text, and the width of a bold Latin letter of a wide font.
const LINE: f64 = 17.0;
const LETTER: f64 = 7.9;
const PADDING: f64 = 10.0;
const GAP: f64 = 18.0;
/// Between the levels of the tree.
const RISE: f64 = 46.0;
const MARGIN: f64 = 16.0;
/// The most letters of a line.
const MOST: usize = 36;

const STYLE: &str = "svg{background:#fff;color:#1b1f24;font:13px system-ui,'Segoe UI',Roboto,'Noto Sans',sans-serif}\
text{fill:currentColor;text-anchor:middle}\
.q{font-weight:600}\
.e{font-size:11px;opacity:.75}\
.t{text-anchor:start}\
rect{stroke:#8a94a0}\
path{stroke:#8a94a0;fill:none}\
.b{fill:#fff}\
.f{fill:#2a78d6;stroke:none}\
@media (prefers-color-scheme:dark){svg{background:#14171b;color:#e8ecf1}.b{fill:#14171b}.f{fill:#5aa2f5}}";

pub(super) fn write(nodes: &[Node], title: &str, out: &mut Out<'_>) -> Result<()> {
    let lines = |node: &Node| node.lines.len() + usize::from(node.question.is_some());
    let texts = nodes.iter().flat_map(|node| node.question.iter().chain(&node.lines));
    let letters = texts.map(|text| shown(text).width()).max().unwrap_or(0);
    let width = (letters as f64 * LETTER + 2.0 * PADDING).max(90.0);
    let (places, total) = layout::place(nodes, width, GAP);
    let height = nodes.iter().map(lines).max().unwrap_or(0) as f64 * LINE + PADDING;
    let depth = nodes.iter().map(|node| node.depth).max().unwrap_or(0) as f64;
    let heading = LINE * 1.5;
    let wide = (total + 2.0 * MARGIN).max(title.width() as f64 * LETTER + 2.0 * MARGIN);
    let tall = heading + (depth + 1.0) * height + depth * RISE + 2.0 * MARGIN;
    let shift = (wide - total) / 2.0;
    let top = |node: &Node| heading + MARGIN + node.depth as f64 * (height + RISE);
    let n = |x: f64| format!("{:.1}", x);
    let mut xml = Xml::new(out);
    let view = format!("0 0 {wide:.1} {tall:.1}");
    xml.open(
        "svg",
        &[
            ("xmlns", "http://www.w3.org/2000/svg"),
            ("viewBox", &view),
            ("width", &n(wide)),
            ("height", &n(tall)),
            ("role", "img"),
        ],
    )?;
    xml.text("title", &[], title)?;
    xml.text("style", &[], STYLE)?;
    xml.text("text", &[("class", "t"), ("x", &n(MARGIN)), ("y", &n(MARGIN + LINE * 0.7))], title)?;
    for (at, node) in nodes.iter().enumerate() {
        let Some(parent) = node.parent else { continue };
        let (from, to) = ((places[parent] + shift, top(&nodes[parent]) + height), (places[at] + shift, top(node)));
        let middle = (from.1 + to.1) / 2.0;
        let path = format!(
            "M{:.1} {:.1}C{:.1} {:.1} {:.1} {:.1} {:.1} {:.1}",
            from.0, from.1, from.0, middle, to.0, middle, to.0, to.1
        );
        xml.empty("path", &[("d", &path)])?;
        let is_left = nodes[parent].children.first() == Some(&at);
        let label = if is_left { "yes" } else { "no" };
        let aside = if is_left { -14.0 } else { 14.0 };
        xml.text("text", &[("class", "e"), ("x", &n(to.0 + aside)), ("y", &n(to.1 - 6.0))], label)?;
    }
    for (at, node) in nodes.iter().enumerate() {
        let (x, y) = (places[at] + shift, top(node));
        xml.open("g", &[])?;
        xml.text("title", &[], &node.rule)?;
        let place = [("x", n(x - width / 2.0)), ("y", n(y)), ("width", n(width)), ("height", n(height))];
        let strength = format!("{:.2}", 0.06 + 0.5 * node.strength.clamp(0.0, 1.0));
        for (class, opacity) in [("b", "1"), ("f", strength.as_str())] {
            let mut attributes = vec![("class", class), ("fill-opacity", opacity), ("rx", "6")];
            attributes.extend(place.iter().map(|(key, value)| (*key, value.as_str())));
            xml.empty("rect", &attributes)?;
        }
        let texts: Vec<(&str, &String)> =
            node.question.iter().map(|q| ("q", q)).chain(node.lines.iter().map(|line| ("l", line))).collect();
        let first = y + (height - texts.len() as f64 * LINE) / 2.0 + LINE * 0.75;
        for (i, (class, text)) in texts.into_iter().enumerate() {
            let attributes = [("class", class), ("x", &n(x)), ("y", &n(first + i as f64 * LINE))];
            xml.text("text", &attributes, &shown(text))?;
        }
        xml.close()?;
    }
    xml.close()
}

/// A text that fits into a box.
fn shown(text: &str) -> String {
    if text.width() <= MOST {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut isolates = 0_usize;
    for c in text.chars() {
        if short.width() + 2 > MOST {
            break;
        }
        match c {
            '\u{2068}' => isolates += 1,
            '\u{2069}' => isolates = isolates.saturating_sub(1),
            _ => {}
        }
        short.push(c);
    }
    format!("{short}\u{2026}{}", "\u{2069}".repeat(isolates))
}

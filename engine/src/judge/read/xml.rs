//! XML, element by element.

use super::out::Out;
use crate::error::Result;

/// Writes elements into a text.
pub(super) struct Xml<'a, 'b> {
    out: &'b mut Out<'a>,
    open: Vec<&'static str>,
}

/// An attribute.
pub(super) type Attribute<'a> = (&'static str, &'a str);

impl<'a, 'b> Xml<'a, 'b> {
    pub fn new(out: &'b mut Out<'a>) -> Xml<'a, 'b> {
        Xml { out, open: Vec::new() }
    }

    /// Begin an element.
    pub fn open(&mut self, name: &'static str, attributes: &[Attribute<'_>]) -> Result<()> {
        self.start(name, attributes)?;
        self.open.push(name);
        self.out.push(">\n")
    }

    /// An element without content.
    pub fn empty(&mut self, name: &'static str, attributes: &[Attribute<'_>]) -> Result<()> {
        self.start(name, attributes)?;
        self.out.push("/>\n")
    }

    /// An element with a text.
    pub fn text(&mut self, name: &'static str, attributes: &[Attribute<'_>], text: &str) -> Result<()> {
        self.start(name, attributes)?;
        self.out.push(">")?;
        self.out.push(&escaped(text))?;
        self.out.push("</")?;
        self.out.push(name)?;
        self.out.push(">\n")
    }

    /// End the element that was begun last.
    pub fn close(&mut self) -> Result<()> {
        let Some(name) = self.open.pop() else { return Ok(()) };
        self.out.push("</")?;
        self.out.push(name)?;
        self.out.push(">\n")
    }

    fn start(&mut self, name: &str, attributes: &[Attribute<'_>]) -> Result<()> {
        self.out.push("<")?;
        self.out.push(name)?;
        for (key, value) in attributes {
            self.out.push(" ")?;
            self.out.push(key)?;
            self.out.push("=\"")?;
            self.out.push(&escaped(value))?;
            self.out.push("\"")?;
        }
        Ok(())
    }
}

/// Whether XML 1.0 can hold a character.
pub(super) fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// A text as the content of an element or attribute. White space that a reader would change is written by its number; what XML cannot hold becomes
/// the replacement character.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if is_legal(c) => out.push(c),
            _ => out.push(char::REPLACEMENT_CHARACTER),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            escaped("<a b=\"c\">&\n\u{1}\u{5d0}\u{1f600}"),
            "&lt;a b=&quot;c&quot;&gt;&amp;&#10;\u{fffd}\u{5d0}\u{1f600}"
        );
    }
}

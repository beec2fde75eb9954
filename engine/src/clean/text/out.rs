//! Where long texts are written: memory is asked for, not taken, and the caller is called in between.

use crate::error::{Error, Result};

/// Characters between two calls of the caller.
const POLL: u32 = 1 << 16;

/// A text that is being written.
pub struct Out<'a> {
    text: String,
    steps: u32,
    poll: &'a dyn Fn(),
}

impl<'a> Out<'a> {
    /// An empty text; `poll` is called now and then while it is written (it looks for interrupts, and may unwind).
    pub fn new(poll: &'a dyn Fn()) -> Self {
        Out { text: String::new(), steps: 0, poll }
    }

    /// Ask for room, and call the caller when it is time; once for each character of the input.
    #[inline]
    pub fn step(&mut self, bytes: usize) -> Result<()> {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(POLL) {
            (self.poll)();
        }
        self.reserve(bytes)
    }

    #[inline]
    fn reserve(&mut self, bytes: usize) -> Result<()> {
        if self.text.capacity() - self.text.len() < bytes && self.text.try_reserve(bytes).is_err() {
            let limit = self.text.capacity();
            return Err(Error::OutOfMemory { needed: limit.saturating_add(bytes), limit });
        }
        Ok(())
    }

    /// Write a character.
    #[inline]
    pub fn push(&mut self, c: char) -> Result<()> {
        self.reserve(c.len_utf8())?;
        self.text.push(c);
        Ok(())
    }

    /// Write a text.
    #[inline]
    pub fn push_str(&mut self, text: &str) -> Result<()> {
        self.reserve(text.len())?;
        self.text.push_str(text);
        Ok(())
    }

    /// What was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Take back blanks at the end.
    pub fn trim_end(&mut self) {
        let len = self.text.trim_end_matches(' ').len();
        self.text.truncate(len);
    }

    /// The written text.
    pub fn finish(self) -> String {
        self.text
    }
}

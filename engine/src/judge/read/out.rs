//! A text that grows, its memory counted before it is taken.

use crate::control::Control;
use crate::error::{Error, Result};

/// The longest text that PostgreSQL holds.
const MOST: usize = (1 << 30) - 1024;

/// The first room of a text.
const FIRST: usize = 1 << 12;

/// A text that grows.
pub(super) struct Out<'a> {
    text: String,
    control: &'a Control,
}

impl<'a> Out<'a> {
    /// An empty one.
    pub fn new(control: &'a Control) -> Out<'a> {
        Out { text: String::new(), control }
    }

    /// Add a piece.
    ///
    /// # Errors
    /// Without memory, where the text gets too long, and on a cancel.
    pub fn push(&mut self, piece: &str) -> Result<()> {
        let needed = self.text.len().saturating_add(piece.len());
        if needed > self.text.capacity() {
            self.grow(needed)?;
        }
        self.text.push_str(piece);
        Ok(())
    }

    /// What counts its memory.
    pub fn control(&self) -> &'a Control {
        self.control
    }

    /// The text.
    pub fn finish(self) -> String {
        self.text
    }

    #[cold]
    fn grow(&mut self, needed: usize) -> Result<()> {
        self.control.check()?;
        if needed > MOST {
            return Err(Error::data(
                "the text of the model is longer than the 1 GB that PostgreSQL can hold",
                "Train a model of fewer or smaller trees.",
            ));
        }
        let room = needed.max(self.text.capacity().saturating_mul(2)).clamp(FIRST, MOST);
        // As much again for the server's copy.
        self.control.reserve(2 * (room - self.text.capacity()))?;
        let short = |_| Error::OutOfMemory { needed: room, limit: self.control.used() };
        self.text.try_reserve_exact(room - self.text.len()).map_err(short)
    }
}

//! A format on the stack, as it is told from a text.

use super::format::Token;

/// Pieces of the longest shape.
const PIECES: usize = 32;

/// A format on the stack.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pieces: [Token; PIECES],
    len: usize,
}

impl Shape {
    pub(super) fn tokens(&self) -> &[Token] {
        self.pieces.get(..self.len).unwrap_or_default()
    }

    pub(super) fn push(&mut self, token: Token) -> Option<()> {
        *self.pieces.get_mut(self.len)? = token;
        self.len += 1;
        Some(())
    }

    pub(super) fn swap(&mut self, one: Token, other: Token) {
        for piece in self.pieces.iter_mut().take(self.len) {
            if *piece == one {
                *piece = other;
            } else if *piece == other {
                *piece = one;
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn set(&mut self, at: usize, token: Token) -> Option<()> {
        *self.pieces.get_mut(at)? = token;
        Some(())
    }
}

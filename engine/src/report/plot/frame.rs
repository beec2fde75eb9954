//! What all charts have in common: a title and what the colours mean.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::failed;
use super::theme::{self, Shade};
use crate::error::Result;

/// A part of a drawing.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The sizes of texts; the crate draws them at four fifths of that.
pub(super) const TITLE: f64 = 22.0;
pub(super) const TEXT: f64 = 17.0;
/// The room above a chart for its title and its colours.
pub(super) const HEAD: i32 = 62;

/// A style of text.
pub(super) fn font<'a>(size: f64, shade: Shade, h: HPos) -> TextStyle<'a> {
    TextStyle {
        font: ("sans-serif", size).into_font(),
        color: shade.rgb().to_backend_color(),
        pos: Pos::new(h, VPos::Center),
    }
}

/// Write a text.
pub(super) fn write(area: &Area<'_>, text: &str, at: (i32, i32), size: f64, shade: Shade, h: HPos) -> Result<()> {
    area.draw_text(text, &font(size, shade, h), at).map_err(failed)
}

/// What a colour means.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning {
    /// In words.
    pub text: String,
    /// The colour.
    pub shade: Shade,
    /// Whether it is drawn so that what is below shines through.
    pub is_faint: bool,
}

impl Meaning {
    /// Of a colour at its full strength.
    pub fn new(text: impl Into<String>, shade: Shade) -> Meaning {
        Meaning { text: text.into(), shade, is_faint: false }
    }
}

/// Write the title, and below it each colour with its meaning.
pub(super) fn head(area: &Area<'_>, title: &str, meanings: &[Meaning]) -> Result<()> {
    let width = area.dim_in_pixel().0 as i32;
    let letters = ((width - 24) as f64 / (TITLE * theme::LETTER)) as usize;
    write(area, &theme::shorten(title, letters), (12, 18), TITLE, theme::INK, HPos::Left)?;
    let mut x = 12;
    for Meaning { text, shade, is_faint } in meanings {
        let room = if meanings.len() == 1 { 80 } else { 30 };
        let text = &theme::shorten(text, room);
        let wide = theme::width(text, TEXT) as i32 + 30;
        if x + wide > width {
            break;
        }
        let colour = shade.mix(if *is_faint { 0.3 } else { 1.0 });
        let square = Rectangle::new([(x, 37), (x + 10, 47)], colour.filled());
        area.draw(&square).map_err(failed)?;
        write(area, text, (x + 15, 42), TEXT, theme::MUTED, HPos::Left)?;
        x += wide;
    }
    Ok(())
}

/// Say that there is nothing to show.
pub(super) fn empty(area: &Area<'_>) -> Result<()> {
    let (width, height) = area.dim_in_pixel();
    write(area, "nothing to show", (width as i32 / 2, height as i32 / 2), TEXT, theme::MUTED, HPos::Center)
}

//! Counts of one thing by another.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::frame::{empty, head, write, Meaning, HEAD, TEXT};
use super::theme::{self, FIRST};
use super::{drawing, failed, WIDTH};
use crate::error::Result;

/// A square table: rows are what is true, columns what was predicted.
#[derive(Debug, Clone)]
pub struct Grid {
    /// The names of rows and columns.
    pub names: Vec<String>,
    /// Counts, row by row.
    pub counts: Vec<f64>,
}

/// More classes are not drawn.
const MOST: usize = 12;

/// Draw a table whose cells are the darker the larger their share of the row is.
pub fn grid(title: &str, table: &Grid) -> Result<String> {
    let classes = table.names.len();
    let size = if classes <= MOST { 36 } else { 3 };
    let height = HEAD + 46 + size * classes.max(2) as i32;
    drawing(height as u32, |area| {
        head(area, title, &[Meaning::new("share of the rows of an actual class", FIRST)])?;
        if classes == 0 || table.counts.len() != classes * classes {
            return empty(area);
        }
        let left = 190;
        let wide = ((WIDTH as i32 - left - 20) / classes as i32).clamp(1, 120);
        let letters = (f64::from(wide) / (TEXT * theme::LETTER)) as usize;
        let named = classes <= MOST;
        write(area, "actual", (left - 10, HEAD + 2), TEXT, theme::MUTED, HPos::Right)?;
        write(area, "predicted", (left + 2, HEAD + 2), TEXT, theme::MUTED, HPos::Left)?;
        for (i, row) in table.counts.chunks_exact(classes).enumerate() {
            let y = HEAD + 36 + size * i as i32;
            if named {
                let name = theme::shorten(&table.names[i], 22);
                write(area, &name, (left - 10, y + size / 2), TEXT, theme::INK, HPos::Right)?;
                let name = theme::shorten(&table.names[i], letters.max(3));
                let x = left + wide * i as i32 + wide / 2;
                write(area, &name, (x, HEAD + 24), TEXT, theme::INK, HPos::Center)?;
            }
            let whole: f64 = row.iter().sum();
            for (k, count) in row.iter().enumerate() {
                let share = Some(count / whole).filter(|share| (0.0..=1.0).contains(share)).unwrap_or(0.0);
                let x = left + wide * k as i32;
                let cell =
                    Rectangle::new([(x, y), (x + wide - 2, y + size - 2)], FIRST.mix(0.06 + share * 0.5).filled());
                area.draw(&cell).map_err(failed)?;
                if named {
                    let at = (x + wide / 2, y + size / 2);
                    write(area, &theme::number(*count), at, TEXT, theme::INK, HPos::Center)?;
                }
            }
        }
        Ok(())
    })
}

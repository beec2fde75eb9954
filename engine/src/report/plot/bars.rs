//! Bars that lie, each with its name.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::frame::{empty, head, write, Meaning, HEAD, TEXT};
use super::theme::{self, Shade};
use super::{drawing, failed, WIDTH};
use crate::error::Result;

/// A bar.
#[derive(Debug, Clone)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// How long it is; below 0 it goes left.
    pub value: f64,
    /// What is certain about it.
    pub interval: Option<(f64, f64)>,
}

/// The height of a bar with its gap, and the most bars.
const STEP: i32 = 26;
const MOST: usize = 40;
/// The width of names in letters.
const LETTERS: usize = 26;

/// Draw bars from above to below; more than 40 are cut.
pub fn bars(title: &str, meaning: &str, shade: Shade, bars: &[Bar], text: fn(f64) -> String) -> Result<String> {
    let bars: Vec<&Bar> = bars.iter().filter(|b| b.value.is_finite()).take(MOST).collect();
    let height = HEAD + STEP * bars.len().max(3) as i32 + 12;
    drawing(height as u32, |area| {
        head(area, title, &[Meaning::new(meaning, shade)])?;
        if bars.is_empty() {
            return empty(area);
        }
        let widest = bars.iter().map(|b| theme::width(&theme::shorten(&b.name, LETTERS), TEXT)).fold(40.0, f64::max);
        let left = 20 + widest as i32;
        let right = WIDTH as i32 - 74;
        let ends = |b: &&Bar| {
            let (low, high) = b.interval.unwrap_or((b.value, b.value));
            [b.value, low, high].into_iter().filter(|v| v.is_finite())
        };
        let low = bars.iter().flat_map(ends).fold(0.0, f64::min);
        let high = bars.iter().flat_map(ends).fold(0.0, f64::max);
        let span = if high - low > 0.0 { high - low } else { 1.0 };
        let x = |value: f64| left + (f64::from(right - left) * ((value - low) / span).clamp(0.0, 1.0)) as i32;
        for (i, bar) in bars.iter().enumerate() {
            let y = HEAD + STEP * i as i32 + STEP / 2;
            let name = theme::shorten(&bar.name, LETTERS);
            write(area, &name, (left - 8, y), TEXT, theme::INK, HPos::Right)?;
            let (from, to) = (x(bar.value.min(0.0)), x(bar.value.max(0.0)));
            let body = Rectangle::new([(from, y - 7), (to.max(from + 1), y + 7)], shade.rgb().filled());
            area.draw(&body).map_err(failed)?;
            if let Some((low, high)) = bar.interval.filter(|(l, h)| l.is_finite() && h.is_finite()) {
                let whisker = PathElement::new(vec![(x(low), y), (x(high), y)], theme::INK.rgb().stroke_width(1));
                area.draw(&whisker).map_err(failed)?;
                for end in [low, high] {
                    let tick = PathElement::new(vec![(x(end), y - 4), (x(end), y + 4)], theme::INK.rgb());
                    area.draw(&tick).map_err(failed)?;
                }
            }
            let end = bar.interval.map_or(bar.value, |(_, high)| high.max(bar.value)).max(0.0);
            write(area, &text(bar.value), (x(end) + 6, y), TEXT, theme::MUTED, HPos::Left)?;
        }
        let zero = PathElement::new(vec![(x(0.0), HEAD - 2), (x(0.0), height - 12)], theme::MUTED.rgb());
        area.draw(&zero).map_err(failed)
    })
}

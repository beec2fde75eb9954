//! A row of dots for each feature: how far it moves each answer, and whether its value is low or high.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::frame::{empty, head, write, Meaning, HEAD, TEXT};
use super::theme::{self, MISSING, RAMP};
use super::{drawing, failed, WIDTH};
use crate::error::Result;

/// A dot.
#[derive(Debug, Clone, Copy)]
pub struct Dot {
    /// How far the answer is moved.
    pub value: f64,
    /// Where the feature's value lies between the lowest, 0, and the highest, 1; `None` where it is missing or has no order.
    pub level: Option<f64>,
}

/// A feature with its dots.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// The dots, one a row of data.
    pub dots: Vec<Dot>,
}

const STEP: i32 = 34;
const LETTERS: usize = 24;
/// Dots pile up in so many bins.
const BINS: i32 = 120;

/// Draw rows of dots from above to below.
pub fn swarm(title: &str, x: &str, rows: &[Row]) -> Result<String> {
    let height = HEAD + STEP * rows.len().max(2) as i32 + 40;
    drawing(height as u32, |area| {
        let meanings = [("low value", RAMP[0]), ("high value", RAMP[4]), ("missing, or a text", MISSING)];
        head(area, title, &meanings.map(|(text, shade)| Meaning::new(text, shade)))?;
        let values = || rows.iter().flat_map(|r| r.dots.iter().map(|d| d.value).filter(|v| v.is_finite()));
        if values().next().is_none() {
            return empty(area);
        }
        let (low, high) = super::lines::range(values(), Some((0.0, 0.0)));
        let widest = rows.iter().map(|r| theme::width(&theme::shorten(&r.name, LETTERS), TEXT)).fold(40.0, f64::max);
        let (left, right) = (24 + widest as i32, WIDTH as i32 - 36);
        let place = |value: f64| left + (f64::from(right - left) * ((value - low) / (high - low))) as i32;
        let bottom = HEAD + STEP * rows.len() as i32;
        let zero = PathElement::new(vec![(place(0.0), HEAD), (place(0.0), bottom)], theme::MUTED.rgb());
        area.draw(&zero).map_err(failed)?;
        for (i, row) in rows.iter().enumerate() {
            let middle = HEAD + STEP * i as i32 + STEP / 2;
            let line = PathElement::new(vec![(left, middle), (right, middle)], theme::GRID.rgb());
            area.draw(&line).map_err(failed)?;
            write(area, &theme::shorten(&row.name, LETTERS), (left - 10, middle), TEXT, theme::INK, HPos::Right)?;
            let mut piles = std::collections::BTreeMap::new();
            for dot in row.dots.iter().filter(|d| d.value.is_finite()) {
                let bin = (f64::from(BINS) * (dot.value - low) / (high - low)) as i32;
                let pile = piles.entry(bin).or_insert(0i32);
                // Above and below by turns.
                let shift = (*pile + 1) / 2 * if *pile % 2 == 0 { 1 } else { -1 };
                *pile += 1;
                let y = middle + (shift * 2).clamp(-STEP / 2 + 3, STEP / 2 - 3);
                let shade = dot.level.map_or(MISSING, |level| {
                    RAMP[((level.clamp(0.0, 1.0) * RAMP.len() as f64) as usize).min(RAMP.len() - 1)]
                });
                area.draw(&Circle::new((place(dot.value), y), 2, shade.rgb().filled())).map_err(failed)?;
            }
        }
        let step = super::columns::round_step((high - low) / 5.0);
        let first = (low / step).ceil();
        for tick in 0..=((high / step).floor() - first).clamp(0.0, 20.0) as i32 {
            let value = (first + f64::from(tick)) * step;
            write(area, &theme::number(value), (place(value), bottom + 10), TEXT, theme::MUTED, HPos::Center)?;
        }
        write(area, x, ((left + right) / 2, bottom + 28), TEXT, theme::INK, HPos::Center)
    })
}

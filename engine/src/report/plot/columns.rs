//! Columns side by side, by named groups.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::frame::{empty, head, write, Meaning, HEAD, TEXT};
use super::theme;
use super::{drawing, failed, HEIGHT, WIDTH};
use crate::error::Result;

/// A group of columns.
#[derive(Debug, Clone)]
pub struct Column {
    /// The name below it.
    pub name: String,
    /// The height of each column, in the order of the meanings.
    pub values: Vec<f64>,
}

/// The room below for names, and on the left for numbers.
const FOOT: i32 = 54;
const LEFT: i32 = 72;

/// Draw groups of columns, whose heights are written by `text`. `x` and `y` say what the axes are.
pub fn columns(
    title: &str,
    (x, y): (&str, &str),
    meanings: &[Meaning],
    groups: &[Column],
    text: fn(f64) -> String,
) -> Result<String> {
    let finite = |v: &f64| v.is_finite();
    let values = || groups.iter().flat_map(|g| g.values.iter().copied().filter(finite));
    drawing(HEIGHT, |area| {
        head(area, title, meanings)?;
        if values().next().is_none() {
            return empty(area);
        }
        let (low, high) = super::lines::range(values(), Some((0.0, 0.0)));
        let step = round_step((high.max(0.0) - low.min(0.0)) / 4.0);
        let (low, high) = ((low.min(0.0) / step).floor() * step, (high.max(0.0) / step).ceil() * step);
        let (top, bottom) = (HEAD, HEIGHT as i32 - FOOT);
        let right = WIDTH as i32 - 14;
        let at =
            |value: f64| bottom - (f64::from(bottom - top) * ((value - low) / (high - low)).clamp(0.0, 1.0)) as i32;
        for line in 0..=((high - low) / step).round().min(20.0) as i32 {
            let value = low + step * f64::from(line);
            let line = PathElement::new(vec![(LEFT, at(value)), (right, at(value))], theme::GRID.rgb());
            area.draw(&line).map_err(failed)?;
            write(area, &text(value), (LEFT - 6, at(value)), TEXT, theme::MUTED, HPos::Right)?;
        }
        let step = f64::from(right - LEFT) / groups.len() as f64;
        let each = (step * 0.8 / meanings.len().max(1) as f64).max(1.0);
        let letters = (step / (TEXT * theme::LETTER)) as usize;
        // Names that find no room are written for every second, third ... group.
        let widest = groups.iter().map(|g| theme::width(&g.name, TEXT) + 6.0).fold(1.0, f64::max);
        let every = ((widest / step).ceil() as usize).clamp(1, groups.len().div_ceil(6).max(1));
        for (i, group) in groups.iter().enumerate() {
            let start = f64::from(LEFT) + step * i as f64;
            for (k, value) in group.values.iter().enumerate().filter(|(_, v)| v.is_finite()) {
                let Some(Meaning { shade, .. }) = meanings.get(k) else { continue };
                let from = (start + step * 0.1 + each * k as f64) as i32;
                let to = ((start + step * 0.1 + each * (k + 1) as f64) as i32 - 1).max(from + 1);
                let (a, b) = (at(value.max(0.0)), at(value.min(0.0)));
                let body = Rectangle::new([(from, a), (to, b.max(a + 1))], shade.rgb().filled());
                area.draw(&body).map_err(failed)?;
            }
            if i % every == 0 {
                let name = theme::shorten(&group.name, (letters * every).max(4));
                // The outer names stay on the paper.
                let half = (theme::width(&name, TEXT) / 2.0) as i32;
                let middle = ((start + step / 2.0) as i32)
                    .clamp(half.min(WIDTH as i32 / 2), (WIDTH as i32 - half).max(WIDTH as i32 / 2));
                write(area, &name, (middle, bottom + 14), TEXT, theme::MUTED, HPos::Center)?;
            }
        }
        let zero = PathElement::new(vec![(LEFT, at(0.0)), (right, at(0.0))], theme::MUTED.rgb());
        area.draw(&zero).map_err(failed)?;
        write(area, x, ((LEFT + right) / 2, HEIGHT as i32 - 14), TEXT, theme::INK, HPos::Center)?;
        let turned = super::frame::font(TEXT, theme::INK, HPos::Center).transform(FontTransform::Rotate270);
        area.draw_text(y, &turned, (12, (top + bottom) / 2)).map_err(failed)
    })
}

/// The next larger of 1, 2, 2.5 and 5 times a power of ten.
pub(in crate::report) fn round_step(step: f64) -> f64 {
    if !step.is_finite() || step < 1e-300 {
        return 1.0;
    }
    let power = 10f64.powf(step.log10().floor());
    let found =
        [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|by| by * power).find(|rounded| *rounded >= step * 0.999_999);
    found.unwrap_or(step)
}

#[cfg(test)]
mod tests {
    use super::round_step;

    #[test]
    fn steps_are_round() {
        assert_eq!([0.03, 7.0, 1.0, 2600.0, 0.0].map(round_step), [0.05, 10.0, 1.0, 5000.0, 1.0]);
    }
}

//! Lines, points and bands over two axes of numbers.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::frame::{empty, font, head, Meaning, HEAD, TEXT};
use super::theme::{self, Shade};
use super::{drawing, failed, HEIGHT};
use crate::error::Result;

/// An axis.
#[derive(Debug, Clone, Default)]
pub struct Axis {
    /// What it measures.
    pub name: String,
    /// From where to where, at least.
    pub at_least: Option<(f64, f64)>,
    /// Whether its numbers are shares.
    pub shares: bool,
    /// How its numbers are written, where that is not as numbers.
    pub write: Option<fn(f64) -> String>,
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// A line.
    #[default]
    Line,
    /// A line that holds a value until the next.
    Steps,
    /// Points.
    Points,
    /// A line with its points, for few values.
    Both,
    /// What would be, for comparison.
    Reference,
    /// The area between the lower line, given first, and the upper one, given backwards.
    Band,
    /// The same between two lines of steps.
    BandOfSteps,
}

/// One of the lines.
#[derive(Debug, Clone)]
pub struct Line {
    /// What it shows; empty where the chart needs no word for it.
    pub name: String,
    /// Its colour.
    pub shade: Shade,
    /// How it is drawn.
    pub look: Look,
    /// Its points; what is not finite is left out.
    pub points: Vec<(f64, f64)>,
}

/// A chart of lines.
#[derive(Debug, Clone, Default)]
pub struct Lines {
    /// The title.
    pub title: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The lines, the later ones above.
    pub lines: Vec<Line>,
}

/// Draw lines.
pub fn lines(chart: &Lines) -> Result<String> {
    let finite = |p: &&(f64, f64)| p.0.is_finite() && p.1.is_finite();
    let all: Vec<(f64, f64)> = chart.lines.iter().flat_map(|l| l.points.iter().filter(finite)).copied().collect();
    let mut meanings: Vec<Meaning> = Vec::new();
    for line in chart.lines.iter().filter(|l| !l.name.is_empty()) {
        if !meanings.iter().any(|m| m.text == line.name) {
            let is_faint = matches!(line.look, Look::Band | Look::BandOfSteps);
            meanings.push(Meaning { is_faint, ..Meaning::new(line.name.as_str(), line.shade) });
        }
    }
    drawing(HEIGHT, |area| {
        head(area, &chart.title, &meanings)?;
        if all.is_empty() {
            return empty(area);
        }
        let x = range(all.iter().map(|p| p.0), chart.x.at_least);
        let y = range(all.iter().map(|p| p.1), chart.y.at_least);
        let mut plot = ChartBuilder::on(area)
            .margin_top(HEAD)
            .margin_right(28)
            .margin_left(8)
            .margin_bottom(6)
            .x_label_area_size(50)
            .y_label_area_size(70)
            .build_cartesian_2d(x.0..x.1, y.0..y.1)
            .map_err(failed)?;
        let text = |axis: &Axis| {
            let (shares, write) = (axis.shares, axis.write);
            move |v: &f64| match write {
                Some(write) => write(*v),
                None if shares => theme::percent(*v),
                None => theme::number(*v),
            }
        };
        plot.configure_mesh()
            .x_desc(chart.x.name.as_str())
            .y_desc(chart.y.name.as_str())
            .x_labels(6)
            .y_labels(6)
            .x_label_formatter(&text(&chart.x))
            .y_label_formatter(&text(&chart.y))
            .axis_style(theme::MUTED.rgb())
            .bold_line_style(theme::GRID.rgb())
            .light_line_style(TRANSPARENT)
            .label_style(("sans-serif", TEXT).into_font().color(&theme::MUTED.rgb()))
            .axis_desc_style(font(TEXT, theme::INK, HPos::Center))
            .draw()
            .map_err(failed)?;
        for line in &chart.lines {
            let points: Vec<(f64, f64)> = line.points.iter().filter(finite).copied().collect();
            let colour = line.shade.rgb();
            match line.look {
                Look::Band | Look::BandOfSteps => {
                    let points = if line.look == Look::Band { points } else { band_of_steps(&points) };
                    plot.draw_series([Polygon::new(points, line.shade.mix(0.18).filled())]).map_err(failed)?;
                }
                Look::Points => {
                    let dots = points.iter().map(|p| Circle::new(*p, 2, line.shade.mix(0.55).filled()));
                    plot.draw_series(dots).map_err(failed)?;
                }
                Look::Reference => {
                    plot.draw_series(DashedLineSeries::new(points, 5, 4, colour.stroke_width(1))).map_err(failed)?;
                }
                look => {
                    let path = if look == Look::Steps { steps(&points) } else { points.clone() };
                    plot.draw_series(LineSeries::new(path, colour.stroke_width(2))).map_err(failed)?;
                    if look == Look::Both {
                        plot.draw_series(points.iter().map(|p| Circle::new(*p, 3, colour.filled()))).map_err(failed)?;
                    }
                }
            }
        }
        Ok(())
    })
}

/// From the smallest to the largest of the values, and a little more where they are all alike.
pub(super) fn range(values: impl Iterator<Item = f64>, at_least: Option<(f64, f64)>) -> (f64, f64) {
    let start = at_least.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
    let (low, high) = values.fold(start, |(low, high), v| (low.min(v), high.max(v)));
    // Beyond this a difference of two values is not a number any more.
    const MOST: f64 = 1e300;
    let (low, high) = (low.clamp(-MOST, MOST), high.clamp(-MOST, MOST));
    if high - low > (low.abs().max(high.abs())) * 1e-12 {
        return (low, high);
    }
    let around = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
    (low - around, high + around)
}

/// Both lines of a band as steps. What is not finite went in pairs or not at all, so that the lower line is the first half.
fn band_of_steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (lower, upper) = points.split_at(points.len() / 2);
    let upper: Vec<(f64, f64)> = upper.iter().rev().copied().collect();
    let mut path = steps(lower);
    path.extend(steps(&upper).into_iter().rev());
    path
}

fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut path = Vec::with_capacity(points.len() * 2);
    for (i, point) in points.iter().enumerate() {
        if let Some(before) = i.checked_sub(1) {
            path.push((point.0, points[before].1));
        }
        path.push(*point);
    }
    path
}

//! Charts as SVG, drawn by the crate plotters: lines, bars, columns, dots by feature, and tables of counts.
//!
//! A chart never fails for its data: what is not finite is left out, and a chart without a point says so.

mod bars;
mod columns;
mod frame;
mod grid;
mod lines;
mod swarm;
pub mod theme;

pub use bars::{bars, Bar};
pub use columns::{columns, Column};
pub use grid::{grid, Grid};
pub use lines::{lines, Axis, Line, Lines, Look};
pub use swarm::{swarm, Dot, Row};

use crate::error::{Error, Result};

/// The width of charts in pixels.
pub const WIDTH: u32 = 640;
/// The height of charts that have no reason for another.
pub const HEIGHT: u32 = 380;

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Internal(format!("a chart could not be drawn: {error}"))
}

/// Draw on an empty SVG of a size.
fn drawing(height: u32, draw: impl FnOnce(&frame::Area<'_>) -> Result<()>) -> Result<String> {
    use plotters::prelude::*;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        draw(&area)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

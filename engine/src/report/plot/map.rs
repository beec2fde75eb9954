//! Segments on a plane: a dot a row, an ellipse around most of the rows of each segment, and its number at its centre.

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::frame::{empty, head, write, TEXT};
use super::theme::{self, Shade, LINES};
use super::{drawing, failed, WIDTH};
use crate::error::Result;

/// The height, and the rooms above, below and at the sides.
const HEIGHT: u32 = 480;
const TOP: i32 = 44;
const FOOT: i32 = 40;
const SIDE: i32 = 34;
/// An ellipse of so many standard deviations has 86 % of the rows of a normal distribution.
const WIDE: f64 = 2.0;
/// Corners of an ellipse.
const CORNERS: usize = 48;

/// Rows and segments on a plane.
#[derive(Debug, Clone, Default)]
pub struct SegmentPlane {
    /// What the directions are.
    pub axes: [String; 2],
    /// The segments.
    pub centres: Vec<MapCentre>,
    /// Where rows are, and the place of the segment of each.
    pub points: Vec<((f64, f64), usize)>,
}

/// A segment on a plane.
#[derive(Debug, Clone, Default)]
pub struct MapCentre {
    /// Where its centre is.
    pub at: (f64, f64),
    /// The variances of its rows along both directions, and their covariance.
    pub spread: [f64; 3],
    /// Its number and name.
    pub name: String,
}

impl MapCentre {
    /// The corners of its ellipse.
    fn ellipse(&self) -> Vec<(f64, f64)> {
        let [x, y, xy] = self.spread;
        // The axes of the ellipse are the eigenvectors of a symmetric matrix of 2 by 2.
        let (middle, half) = (f64::midpoint(x, y), (((x - y) / 2.0).powi(2) + xy * xy).sqrt());
        let (long, short) = ((middle + half).max(0.0).sqrt() * WIDE, (middle - half).max(0.0).sqrt() * WIDE);
        let angle = 0.5 * libm::atan2(2.0 * xy, x - y);
        let (sin, cos) = (libm::sin(angle), libm::cos(angle));
        let corner = |i: usize| {
            let turn = std::f64::consts::TAU * i as f64 / CORNERS as f64;
            let (a, b) = (long * libm::cos(turn), short * libm::sin(turn));
            (self.at.0 + a * cos - b * sin, self.at.1 + a * sin + b * cos)
        };
        (0..=CORNERS).map(corner).collect()
    }
}

/// A name that is written: its middle, and half of its width.
struct Label {
    x: i32,
    y: i32,
    half: i32,
}

/// The height of a line of names.
const LINE: i32 = 14;

/// Where a name can stand without touching another: at its place or below, no lower than the paper.
fn free((x, y): (i32, i32), half: i32, lowest: i32, taken: &[Label]) -> i32 {
    let touches = |y: i32| taken.iter().any(|t| (t.y - y).abs() < LINE && (t.x - x).abs() < t.half + half);
    (0..).map(|step| y + step * LINE / 2).take_while(|y| *y <= lowest).find(|y| !touches(*y)).unwrap_or(y)
}

fn shade(segment: usize) -> Shade {
    LINES[segment % LINES.len()]
}

/// Draw the map.
pub fn map(title: &str, plane: &SegmentPlane) -> Result<String> {
    drawing(HEIGHT, |area| {
        head(area, title, &[])?;
        let ellipses: Vec<Vec<(f64, f64)>> = plane.centres.iter().map(MapCentre::ellipse).collect();
        let finite = |p: &(f64, f64)| p.0.is_finite() && p.1.is_finite() && p.0.abs() < 1e100 && p.1.abs() < 1e100;
        let all = || plane.points.iter().map(|p| p.0).chain(ellipses.iter().flatten().copied()).filter(finite);
        if all().next().is_none() {
            return empty(area);
        }
        let (left, right) = super::lines::range(all().map(|p| p.0), None);
        let (low, high) = super::lines::range(all().map(|p| p.1), None);
        let (wide, tall) = (WIDTH as i32 - 2 * SIDE, HEIGHT as i32 - TOP - FOOT);
        let place = |p: (f64, f64)| {
            let x = SIDE + (f64::from(wide) * ((p.0 - left) / (right - left)).clamp(0.0, 1.0)) as i32;
            (x, TOP + tall - (f64::from(tall) * ((p.1 - low) / (high - low)).clamp(0.0, 1.0)) as i32)
        };
        let frame = Rectangle::new([(SIDE, TOP), (SIDE + wide, TOP + tall)], theme::GRID.rgb());
        area.draw(&frame).map_err(failed)?;
        for (at, segment) in plane.points.iter().filter(|p| finite(&p.0)) {
            area.draw(&Circle::new(place(*at), 2, shade(*segment).mix(0.45).filled())).map_err(failed)?;
        }
        for (i, ellipse) in ellipses.iter().enumerate() {
            let corners: Vec<(i32, i32)> = ellipse.iter().copied().filter(finite).map(place).collect();
            if corners.len() > 2 {
                area.draw(&PathElement::new(corners, shade(i).rgb().stroke_width(2))).map_err(failed)?;
            }
        }
        let mut taken: Vec<Label> = Vec::new();
        for (i, centre) in plane.centres.iter().enumerate().filter(|c| finite(&c.1.at)) {
            let (x, y) = place(centre.at);
            let name = theme::shorten(&centre.name, 24);
            area.draw(&Circle::new((x, y), 4, shade(i).rgb().filled())).map_err(failed)?;
            let half = (theme::width(&name, TEXT) / 2.0) as i32 + 4;
            // The name stays on the paper, and beside other names as far as there is room.
            let x = x.clamp(half.min(WIDTH as i32 / 2), (WIDTH as i32 - half).max(WIDTH as i32 / 2));
            let y = free((x, (y - 13).max(TOP + 8)), half, TOP + tall - 8, &taken);
            taken.push(Label { x, y, half });
            write(area, &name, (x, y), TEXT, theme::INK, HPos::Center)?;
        }
        let letters = (f64::from(wide) / (TEXT * theme::LETTER)) as usize;
        let below = theme::shorten(&plane.axes[0], letters);
        write(area, &below, (WIDTH as i32 / 2, HEIGHT as i32 - 18), TEXT, theme::MUTED, HPos::Center)?;
        let beside = theme::shorten(&plane.axes[1], (f64::from(tall) / (TEXT * theme::LETTER)) as usize);
        let turned = super::frame::font(TEXT, theme::MUTED, HPos::Center).transform(FontTransform::Rotate270);
        area.draw_text(&beside, &turned, (14, TOP + tall / 2)).map_err(failed)
    })
}

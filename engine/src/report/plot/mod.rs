//! Charts as SVG, drawn by the crate plotters: lines, bars, columns, dots by feature, and tables of counts.
//!
//! A chart never fails for its data: what is not finite is left out, and a chart without a point says so.

mod bars;
mod columns;
mod frame;
mod grid;
mod lines;
mod map;
mod swarm;
pub mod theme;

pub use bars::{bars, Bar};
pub(super) use columns::round_step;
pub use columns::{columns, Column};
pub use frame::Meaning;
pub use grid::{grid, Grid};
pub use lines::{lines, Axis, Line, Lines, Look};
pub use map::{map, MapCentre, SegmentPlane};
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use theme::{FIRST, SECOND};

    /// Numbers as they come and as they should not.
    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            any::<f64>(),
            -1e3..1e3,
            Just(0.0),
            Just(f64::NAN),
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(f64::MAX),
            Just(f64::MIN),
            Just(5e-324),
        ]
    }

    /// Each tag is closed, and no sign of a text is taken for markup.
    fn is_well_formed(svg: &str) -> bool {
        let mut open = Vec::new();
        let mut rest = svg;
        while let Some(start) = rest.find('<') {
            let Some(end) = rest[start..].find('>') else { return false };
            let tag = &rest[start + 1..start + end];
            if let Some(name) = tag.strip_prefix('/') {
                if open.pop() != Some(name.trim().to_owned()) {
                    return false;
                }
            } else if !tag.ends_with('/') {
                open.push(tag.split_whitespace().next().unwrap_or_default().to_owned());
            }
            rest = &rest[start + end + 1..];
        }
        open.is_empty() && svg.starts_with("<svg ") && !svg.contains("NaN") && !svg.contains("inf\"")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Whatever the data and the names, a chart is drawn.
        #[test]
        fn any_data_is_drawn(
            points in prop::collection::vec((number(), number()), 0..40),
            name in "\\PC{0,40}|[<>&\"'\\x00-\\x1f]{0,9}|[\u{5e7f}-\u{5eff}]{0,40}|[\u{5d0}-\u{5ea}]{0,40}",
            look in 0usize..7,
        ) {
            let looks = [
                Look::Line, Look::Steps, Look::Points, Look::Both, Look::Reference, Look::Band, Look::BandOfSteps,
            ];
            let look = looks[look];
            let axis = Axis { name: name.clone(), ..Axis::default() };
            let line = Line { name: name.clone(), shade: FIRST, look, points: points.clone() };
            let chart = Lines { title: name.clone(), x: axis.clone(), y: axis, lines: vec![line] };
            prop_assert!(is_well_formed(&lines(&chart).unwrap()));
            let all: Vec<Bar> = points.iter().map(|&(value, end)| Bar { name: name.clone(), value, interval: Some((value, end)) }).collect();
            prop_assert!(is_well_formed(&bars(&name, &name, FIRST, &all, theme::number).unwrap()));
            let groups: Vec<Column> = points.iter().map(|p| Column { name: name.clone(), values: vec![p.0, p.1] }).collect();
            let meanings = [Meaning::new(name.as_str(), FIRST), Meaning::new(name.as_str(), SECOND)];
            prop_assert!(is_well_formed(&columns(&name, (&name, &name), &meanings, &groups, theme::percent).unwrap()));
            let dots: Vec<Dot> = points.iter().map(|p| Dot { value: p.0, level: Some(p.1) }).collect();
            let row = Row { name: name.clone(), dots };
            prop_assert!(is_well_formed(&swarm(&name, &name, &[row]).unwrap()));
            let spread = points.first().map_or([0.0; 3], |p| [p.0, p.1, p.0]);
            let centres = points.iter().map(|p| MapCentre { at: *p, spread, name: name.clone() }).collect();
            let placed = points.iter().map(|p| (*p, 1)).collect();
            let plane = SegmentPlane { axes: [name.clone(), name.clone()], centres, points: placed };
            prop_assert!(is_well_formed(&map(&name, &plane).unwrap()));
            let classes = points.len().min(5);
            let table = Grid { names: vec![name.clone(); classes], counts: points.iter().flat_map(|p| [p.0; 5]).take(classes * classes).collect() };
            prop_assert!(is_well_formed(&grid(&name, &table).unwrap()));
        }
    }
}

//! Columns as numbers of the scaled space.

use super::cells::{Cells, Holds, Names};
use super::groups::Groups;
use super::literal::{number, value};
use crate::error::{Error, Result};
use crate::judge::read::out::Out;
use crate::learn::kmeans::width;
use crate::model::Axis;
use crate::score::Scorer;

/// What numbers can be multiplied: PostgreSQL raises where a result overflows or underflows.
const SOUND: std::ops::RangeInclusive<f64> = 1e-60..=1e60;

/// Differences below this are none.
pub(super) const LEAST: f64 = 1e-60;

/// Numbers beyond are taken as this.
const FARTHEST: f64 = 1e60;

/// A number that can be multiplied: infinite ones are the ends they lie beyond, and what is as large as that is nearly infinite.
pub(super) fn finite(x: &str, low: f64, high: f64) -> String {
    format!(
        "CASE {x} WHEN {} THEN {} WHEN {} THEN {} ELSE least(greatest({x}, {}), {}) END",
        value(f64::INFINITY),
        number(high),
        value(f64::NEG_INFINITY),
        number(low),
        number(-FARTHEST),
        number(FARTHEST)
    )
}

/// The cells of a row, and from them each dimension of the space; numbers are clipped to the ends of the training rows, or infinite ones alone.
pub(super) fn dimensions(
    scorer: &Scorer,
    axes: &[Axis],
    clipped: bool,
    names: &Names<'_>,
    out: &Out<'_>,
) -> Result<(Cells, Vec<String>)> {
    let model = scorer.model();
    let mut cells = Cells::staged(scorer, names, out.control())?;
    let mut dimensions = Vec::new();
    for (feature, axis) in axes.iter().enumerate() {
        if let Axis::Category { dimension, .. } = axis {
            cells.regroup(feature, Groups::by(dimension), model, names)?;
        }
        let cell = cells.of(feature);
        if cell.holds == Holds::Timestamp {
            return Err(Error::data(
                format!("the moments of column \"{}\" are no numbers of plain SQL", model.features[feature].name),
                "Learn from its epoch, or use the function of the model.",
            ));
        }
        let x = &cell.number();
        match axis {
            Axis::Number { fill, shift, scale, low, high } => {
                let sound = |x: f64| x == 0.0 || SOUND.contains(&x.abs());
                if ![*fill, *shift, *scale, *low, *high].into_iter().all(|x| x.abs() < 1e-300 || sound(x))
                    || !sound(*scale)
                {
                    return Err(Error::data(
                        format!(
                            "the numbers of column \"{}\" are too large or too small for SQL",
                            model.features[feature].name
                        ),
                        "Scale the column, and train the model anew.",
                    ));
                }
                let inside = match clipped {
                    true => format!("least(greatest({x}, {}), {})", number(*low), number(*high)),
                    false => finite(x, *low, *high),
                };
                let of = |x: String| format!("({x} - {}) * {}", number(*shift), value(*scale));
                dimensions.push(format!(
                    "CASE WHEN {x} IS NULL THEN {} WHEN abs({inside} - {}) < {} THEN 0 ELSE {} END",
                    value((fill - shift) * scale),
                    number(*shift),
                    number(LEAST),
                    of(inside.clone())
                ));
            }
            // The logarithms of two machines differ in their last bits, and a row on the border would be in another segment.
            Axis::Logarithm { .. } => {
                return Err(Error::data(
                    format!(
                        "column \"{}\" enters by its logarithm, which plain SQL cannot say to the last bit",
                        model.features[feature].name
                    ),
                    "Train the model with \"scaling\": \"standard\".",
                ))
            }
            Axis::Element { .. } => {
                return Err(Error::data(
                    format!("the direction of column \"{}\" cannot be said in plain SQL", model.features[feature].name),
                    "Train the model without \"distance\": \"cosine\".",
                ))
            }
            Axis::Category { dimension, missing, scale, .. } => {
                let groups = Groups::by(dimension);
                for d in 0..width(axis) as u32 {
                    let group = groups.sample.iter().position(|code| dimension[*code] == d);
                    let zero = value(0.0);
                    let is = match (group, *missing == d) {
                        (Some(g), true) => format!("({x} = {g}) IS NOT FALSE"),
                        (Some(g), false) => format!("{x} = {g}"),
                        (None, true) => format!("{x} IS NULL"),
                        (None, false) => "FALSE".to_owned(),
                    };
                    dimensions.push(format!("CASE WHEN {is} THEN {} ELSE {zero} END", value(*scale)));
                }
            }
        }
    }
    Ok((cells, dimensions))
}

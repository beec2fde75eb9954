//! The components of a row.

use super::cells::Names;
use super::literal::{number, value};
use super::space::{dimensions, LEAST};
use crate::error::Result;
use crate::judge::read::out::Out;
use crate::model::Projection;
use crate::score::Scorer;

/// Write the array of the components of a row. Sums are in the order of the dimensions, so last digits may differ.
pub(super) fn write(scorer: &Scorer, body: &Projection, names: &Names<'_>, out: &mut Out<'_>) -> Result<()> {
    let (cells, dimensions) = dimensions(scorer, &body.axes, false, names, out)?;
    out.push("(SELECT ARRAY[")?;
    for (c, (direction, variance)) in body.directions().zip(&body.variance).enumerate() {
        out.push(if c == 0 { "(" } else { ",\n    (" })?;
        let mut is_first = true;
        for (d, loading) in direction.iter().enumerate().filter(|(_, loading)| loading.abs() >= LEAST) {
            out.push(&format!("{}s.z{d} * {}", if is_first { "" } else { " + " }, number(*loading)))?;
            is_first = false;
        }
        // A direction of length 1 has a loading; that of a model made by hand may have none.
        out.push(if is_first { "0" } else { "" })?;
        out.push(&match body.whiten {
            true => format!(") / {}", value(variance.sqrt())),
            false => ")".to_owned(),
        })?;
    }
    out.push("]::float8[]\nFROM (SELECT ")?;
    for (d, dimension) in dimensions.iter().enumerate() {
        out.push(if d == 0 { "" } else { ",\n    " })?;
        let mean = body.mean.get(d).copied().unwrap_or(0.0);
        let mean = if mean.abs() < LEAST { 0.0 } else { mean };
        out.push(&format!("({dimension}) - {} AS z{d}", number(mean)))?;
    }
    out.push("\nFROM ")?;
    cells.write(names, out)?;
    out.push("\nOFFSET 0) AS s)")
}

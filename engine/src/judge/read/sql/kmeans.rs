//! The nearest centre.

use super::cells::Names;
use super::literal::number;
use super::space::{dimensions, LEAST};
use crate::error::Result;
use crate::judge::read::out::Out;
use crate::model::KMeans;
use crate::score::Scorer;

/// Write the number of the segment of a row: the first centre of the least distance.
pub(super) fn write(scorer: &Scorer, body: &KMeans, names: &Names<'_>, out: &mut Out<'_>) -> Result<()> {
    let (cells, dimensions) = dimensions(scorer, &body.axes, true, names, out)?;
    let segments = body.sizes.len();
    if segments == 1 {
        return out.push("1");
    }
    let wide = body.dimensions as usize;
    let all: Vec<String> = (0..segments).map(|s| format!("s.d{s}")).collect();
    out.push("(SELECT CASE")?;
    for s in 0..segments {
        out.push(&match s + 1 == segments {
            true => format!(" ELSE {} END", s + 1),
            false => format!(" WHEN s.d{s} = s.m THEN {}", s + 1),
        })?;
    }
    out.push(&format!("\nFROM (SELECT {}, least({}) AS m\nFROM (SELECT ", all.join(", "), all.join(", ")))?;
    for (s, centre) in body.centres.chunks_exact(wide.max(1)).enumerate() {
        out.push(if s == 0 { "" } else { ",\n    " })?;
        for (d, c) in centre.iter().enumerate() {
            let c = if c.abs() < LEAST { 0.0 } else { *c };
            out.push(&format!("{0}(s.z{d} - {1}) * (s.z{d} - {1})", if d == 0 { "" } else { " + " }, number(c)))?;
        }
        out.push(&format!(" AS d{s}"))?;
    }
    out.push("\nFROM (SELECT ")?;
    for (d, dimension) in dimensions.iter().enumerate() {
        out.push(if d == 0 { "" } else { ",\n    " })?;
        out.push(&format!("{dimension} AS z{d}"))?;
    }
    out.push("\nFROM ")?;
    cells.write(names, out)?;
    out.push("\nOFFSET 0) AS s\nOFFSET 0) AS s\nOFFSET 0) AS s)")
}

//! The nearest centre, and the most probable component of a mixture.

use super::cells::Names;
use super::literal::{number, value};
use super::space::{dimensions, LEAST};
use crate::error::Result;
use crate::judge::read::out::Out;
use crate::model::{Covariance, KMeans, Mixture};
use crate::score::Scorer;

/// Write the number of the segment of a row: the first centre of the least distance, or of a mixture the first component of the greatest density.
pub(super) fn write(
    scorer: &Scorer,
    body: &KMeans,
    mixture: Option<&Mixture>,
    names: &Names<'_>,
    out: &mut Out<'_>,
) -> Result<()> {
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
    let first = if mixture.is_some() { "greatest" } else { "least" };
    out.push(&format!("\nFROM (SELECT {}, {first}({}) AS m\nFROM (SELECT ", all.join(", "), all.join(", ")))?;
    for (s, centre) in body.centres.chunks_exact(wide.max(1)).enumerate() {
        out.push(if s == 0 { "" } else { ",\n    " })?;
        if let Some(mixture) = mixture {
            log_density(mixture, s, centre, out)?;
        } else {
            for (d, c) in centre.iter().enumerate() {
                let plus = if d == 0 { "" } else { " + " };
                out.push(&format!("{plus}{0} * {0}", apart(d, *c)))?;
            }
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

/// How far a row is from a centre along a dimension.
fn apart(dimension: usize, centre: f64) -> String {
    let centre = if centre.abs() < LEAST { 0.0 } else { centre };
    format!("(s.z{dimension} - {})", number(centre))
}

/// Write the logarithm of the density of a component times its share, in the order in which it is scored.
fn log_density(mixture: &Mixture, component: usize, mean: &[f64], out: &mut Out<'_>) -> Result<()> {
    let (d, kind) = (mean.len(), mixture.covariance);
    let first = kind.first(component, d);
    let own = &mixture.precisions[first..first + kind.width(d)];
    out.push(&format!(
        "{} + ({} - 0.5 * (",
        value(mixture.log_weights[component]),
        number(mixture.log_peaks[component])
    ))?;
    let mut row = 0;
    for (j, m) in mean.iter().enumerate() {
        let term = |(i, p): (usize, &f64)| format!("{} * {}", number(*p), apart(i, mean[i]));
        let along = match kind {
            Covariance::Full | Covariance::Tied => {
                // What is next to nothing adds nothing.
                let terms = own[row..=row + j].iter().enumerate().filter(|(_, p)| p.abs() >= LEAST).map(term);
                row += j + 1;
                terms.collect::<Vec<String>>().join(" + ")
            }
            Covariance::Diagonal => format!("{} * {}", number(own[j]), apart(j, *m)),
            Covariance::Spherical => format!("{} * {}", number(own[0]), apart(j, *m)),
        };
        let along = if along.is_empty() { value(0.0) } else { along };
        out.push(&format!("{}({along}) * ({along})", if j == 0 { "" } else { " + " }))?;
    }
    out.push("))")
}

//! The nearest centre, and the most probable component of a mixture.

use super::cells::{Cells, Names};
use super::groups::Groups;
use super::literal::{number, value};
use crate::error::{Error, Result};
use crate::judge::read::out::Out;
use crate::learn::kmeans::width;
use crate::model::{Axis, Covariance, InputKind, KMeans, Mixture};
use crate::score::Scorer;

/// What numbers can be multiplied: PostgreSQL raises where a result overflows or underflows.
const SOUND: std::ops::RangeInclusive<f64> = 1e-60..=1e60;

/// Differences below this are none.
const LEAST: f64 = 1e-60;

/// Write the number of the segment of a row: the first centre of the least distance, or of a mixture the first component of the greatest density.
pub(super) fn write(
    scorer: &Scorer,
    body: &KMeans,
    mixture: Option<&Mixture>,
    names: &Names<'_>,
    out: &mut Out<'_>,
) -> Result<()> {
    let model = scorer.model();
    let mut cells = Cells::staged(scorer, names, out.control())?;
    let mut dimensions = Vec::new();
    for (feature, axis) in body.axes.iter().enumerate() {
        if let Axis::Category { dimension, .. } = axis {
            cells.regroup(feature, Groups::by(dimension), model, names)?;
        }
        let is_boolean = model.inputs.iter().any(|i| i.first as usize == feature && i.kind == InputKind::Boolean);
        let x = &cells.of(feature).text;
        // Only numbers are compared with numbers.
        let x = &if is_boolean { format!("({x})::int") } else { x.clone() };
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
                let inside = format!("least(greatest({x}, {}), {})", number(*low), number(*high));
                let of = |x: String| format!("({x} - {}) * {}", number(*shift), value(*scale));
                dimensions.push(format!(
                    "CASE WHEN {x} IS NULL THEN {} WHEN abs({inside} - {}) < {} THEN 0 ELSE {} END",
                    value((fill - shift) * scale),
                    number(*shift),
                    number(LEAST),
                    of(inside.clone())
                ));
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

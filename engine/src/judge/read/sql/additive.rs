//! The sum of what columns say.

use super::answer::{needs_all, Answer};
use super::cells::{Cell, Cells, Holds, Names};
use super::groups::Groups;
use super::literal::{number, value};
use super::space::{finite, LEAST};
use crate::error::Result;
use crate::judge::read::out::Out;
use crate::judge::read::output::Output;
use crate::model::{Additive, Encoding, Term};
use crate::score::Scorer;

/// Slopes below this add nothing, and their products would be out of PostgreSQL's range.
const FLATTEST: f64 = 1e-200;

/// Write the answer to a row. Terms are added in the order of scoring.
pub(super) fn write(
    scorer: &Scorer,
    body: &Additive,
    output: Output,
    names: &Names<'_>,
    out: &mut Out<'_>,
) -> Result<()> {
    let model = scorer.model();
    let mut cells = Cells::staged(scorer, names, out.control())?;
    let outputs: Vec<usize> = match needs_all(model, body.link, body.outputs) {
        true => (0..body.outputs as usize).collect(),
        false => vec![output.index],
    };
    for (feature, term) in body.terms.iter().enumerate() {
        if let (Term::Levels { values, .. }, Encoding::Category { .. }) = (term, &model.features[feature].encoding) {
            // Levels that say the same are one.
            let count = body.outputs as usize;
            let said: Vec<u128> = values
                .chunks_exact(count.max(1))
                .map(|own| {
                    xxhash_rust::xxh3::xxh3_128(
                        &own.iter().flat_map(|v| v.to_bits().to_le_bytes()).collect::<Vec<u8>>(),
                    )
                })
                .collect();
            cells.regroup(feature, Groups::by(&said), model, names)?;
        }
    }
    let bounds = vec![(f64::NEG_INFINITY, f64::INFINITY); outputs.len()];
    let answer = Answer::new(model, body.link, output, &bounds);
    answer.begin(out)?;
    for (i, k) in outputs.iter().enumerate() {
        out.push(if i == 0 { "" } else { ",\n    " })?;
        out.push(&value(body.intercept[*k]))?;
        for (feature, term) in body.terms.iter().enumerate() {
            if let Some(text) = said(term, *k, cells.of(feature)) {
                out.push(&format!("\n+ {text}"))?;
            }
        }
        out.push(&format!(" AS y{k}"))?;
    }
    out.push("\nFROM ")?;
    cells.write(names, out)?;
    answer.end(out)
}

/// What a feature says for an output; `None` where that is nothing.
fn said(term: &Term, k: usize, cell: &Cell) -> Option<String> {
    let x = &cell.number();
    match term {
        Term::Number { low, high, shift, slope, square, missing } => {
            let (slope, missing) = (slope[k], missing[k]);
            let square = square.get(k).copied().unwrap_or(0.0);
            if slope == 0.0 && missing == 0.0 && square == 0.0 {
                return None;
            }
            let inside = finite(x, *low, *high);
            let far = match *shift == 0.0 {
                true => format!("({inside})"),
                false => format!("(({inside}) - {})", number(*shift)),
            };
            // What is next to nothing adds nothing: PostgreSQL raises where a product underflows.
            let sound = |by: f64, text: String| match by.abs() < FLATTEST {
                true => value(0.0),
                false => format!("CASE WHEN abs({far}) < {} THEN 0 ELSE {text} END", number(LEAST)),
            };
            let line = sound(slope, format!("{far} * {}", value(slope)));
            let mut text = format!("CASE WHEN {x} IS NULL THEN {} ELSE {line} END", value(missing));
            if square != 0.0 {
                let bow = sound(square, format!("{} * {far} * {far}", value(square)));
                text += &format!("\n+ CASE WHEN {x} IS NULL THEN 0 ELSE {bow} END");
            }
            Some(text)
        }
        Term::Levels { values, missing } => {
            let count = missing.len().max(1);
            let of = |level: usize| values.get(level * count + k).copied().unwrap_or(0.0);
            let last = (values.len() / count).saturating_sub(1);
            let mut text = format!("CASE WHEN {x} IS NULL THEN {}", value(missing[k]));
            match &cell.holds {
                Holds::Group(groups) => {
                    for (group, level) in groups.sample.iter().enumerate().skip(1) {
                        text += &format!(" WHEN {x} = {group} THEN {}", value(of(*level)));
                    }
                }
                _ => {
                    let differs = (0..last).filter(|level| of(*level) != of(last));
                    differs.for_each(|level| text += &format!(" WHEN {x} = {level} THEN {}", value(of(level))));
                }
            }
            Some(format!("{text} ELSE {} END", value(of(last))))
        }
    }
}

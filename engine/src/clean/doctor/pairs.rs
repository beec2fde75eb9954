//! Columns that say the same as another.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::control::Control;
use crate::data::ColumnData;
use crate::error::Result;
use crate::learn::train::Request;

use super::facts::Facts;
use super::finding::{Finding, Kind, Severity};
use super::limits;
use super::matrix::{pair_rows, Matrix};
use super::sample::{binned, spaced, Binned, Sample};

/// Look at all pairs of columns but `identifiers`.
pub fn look(
    request: &Request,
    facts: &[Facts],
    identifiers: &[String],
    sample: &Sample,
    matrix: &Matrix,
    control: &Control,
) -> Result<Vec<Finding>> {
    let (mut found, mut copies) = identical(request, facts);
    if sample.len() < limits::PAIR_LEAST {
        return Ok(found);
    }
    // What numbers the rows is no company for the others.
    copies.extend((0..facts.len()).filter(|&i| identifiers.contains(&request.inputs[i].name)));
    let name = |input: usize| request.inputs[input].name.as_str();
    let numbers: Vec<usize> =
        (0..matrix.columns.len()).filter(|&i| !copies.contains(&matrix.columns[i].input)).collect();
    for (i, j, r) in numeric(matrix, &numbers, control)? {
        let (i, j) = (matrix.columns[i].input, matrix.columns[j].input);
        let detail = format!(
            "\"{}\" says almost the same as \"{}\" (Pearson's r {r:.3}).{}",
            name(j),
            name(i),
            sample.said_of(matrix.rows.len())
        );
        found.push(Finding::of(Severity::Info, Kind::CorrelatedColumns, name(j), detail).exclude().weight(r.abs()));
    }
    let (rows, pairs) = categories(request, facts, sample, &copies, control)?;
    for (i, j, v) in pairs {
        // Of two levels the one with fewer follows from the other.
        let (from, to) = if facts[j].distinct <= facts[i].distinct { (i, j) } else { (j, i) };
        let detail =
            format!("\"{}\" follows from \"{}\" (Cramér's V {v:.3}).{}", name(to), name(from), sample.said_of(rows));
        found.push(Finding::of(Severity::Info, Kind::CorrelatedColumns, name(to), detail).exclude().weight(v));
    }
    // A column that follows from several others is one to leave out, once.
    let mut seen = Vec::new();
    found.sort_by(|a, b| a.severity.cmp(&b.severity).then(b.weight.total_cmp(&a.weight)));
    found.retain(|f| {
        let new = !seen.contains(&f.column);
        seen.push(f.column.clone());
        new
    });
    Ok(found)
}

/// Columns that are another, in every row; and which they are.
fn identical(request: &Request, facts: &[Facts]) -> (Vec<Finding>, Vec<usize>) {
    let mut first: HashMap<(bool, u64), usize> = HashMap::new();
    let (mut found, mut copies) = (Vec::new(), Vec::new());
    for (i, input) in request.inputs.iter().enumerate().filter(|(_, input)| input.count == 1) {
        if facts[i].distinct < 2 {
            continue;
        }
        let text = matches!(request.table.columns[input.first].data, ColumnData::Category { .. });
        let original = *first.entry((text, facts[i].hash)).or_insert(i);
        if original != i {
            let name = &request.inputs[original].name;
            let detail = format!("\"{}\" is equal to \"{name}\" in all {} rows.", input.name, request.table.rows);
            found.push(Finding::of(Severity::Warning, Kind::IdenticalColumns, &input.name, detail).exclude());
            copies.push(i);
        }
    }
    (found, copies)
}

fn numeric(matrix: &Matrix, chosen: &[usize], control: &Control) -> Result<Vec<(usize, usize, f64)>> {
    let row = |at: usize| {
        control.check()?;
        let i = chosen[at];
        let pairs = chosen[at + 1..].iter().map(|&j| (i, j, matrix.columns[i].r(&matrix.columns[j])));
        Ok(pairs.filter(|p| p.2.abs() >= limits::CORRELATED).collect::<Vec<_>>())
    };
    let found: Result<Vec<Vec<_>>> = (0..chosen.len()).into_par_iter().map(row).collect();
    Ok(found?.into_iter().flatten().collect())
}

/// Two columns of categories and their association.
type Pair = (usize, usize, f64);

/// Pairs of categories, or of a category and a number of few values; and the rows they were compared on.
fn categories(
    request: &Request,
    facts: &[Facts],
    sample: &Sample,
    copies: &[usize],
    control: &Control,
) -> Result<(usize, Vec<Pair>)> {
    let text = |i: usize| matches!(request.table.columns[request.inputs[i].first].data, ColumnData::Category { .. });
    let few = |i: &usize| {
        let most = if text(*i) { limits::PAIR_LEVELS } else { limits::MANY_LEVELS };
        request.inputs[*i].count == 1 && !copies.contains(i) && (2..=most).contains(&facts[*i].distinct)
    };
    let inputs: Vec<usize> = (0..request.inputs.len()).filter(few).take(limits::PAIR_COLUMNS).collect();
    // Counting takes some times as long as multiplying.
    let most = pair_rows(inputs.len(), limits::PAIR_WORK / 8);
    let rows: Vec<u32> = spaced(&sample.rows, most).collect();
    let columns: Result<Vec<Binned>> =
        inputs.par_iter().map(|&i| binned(&request.table, request.inputs[i].first, &rows, control)).collect();
    let columns = columns?;
    let row = |a: usize| {
        control.check()?;
        let mut counts = Vec::new();
        let mut found = Vec::new();
        for b in a + 1..inputs.len() {
            if text(inputs[a]) || text(inputs[b]) {
                let v = cramer(&columns[a], &columns[b], &mut counts);
                if v >= limits::CORRELATED {
                    found.push((inputs[a], inputs[b], v));
                }
            }
        }
        Ok(found)
    };
    let found: Result<Vec<Vec<Pair>>> = (0..inputs.len()).into_par_iter().map(row).collect();
    Ok((rows.len(), found?.into_iter().flatten().collect()))
}

/// Cramér's V with the correction of Bergsma (2013) for its bias in small samples; 0 where there are too few rows for the levels.
fn cramer(a: &Binned, b: &Binned, counts: &mut Vec<u32>) -> f64 {
    let n = a.codes.len() as f64;
    let cells = a.bins * b.bins;
    if cells as f64 > 2.0 * n {
        return 0.0;
    }
    counts.clear();
    counts.resize(cells, 0);
    let (mut of_a, mut of_b) = (vec![0.0; a.bins], vec![0.0; b.bins]);
    for (&i, &j) in a.codes.iter().zip(&b.codes) {
        let (i, j) = (i as usize, j as usize);
        if let Some(count) = counts.get_mut(i * b.bins + j) {
            *count += 1;
        }
        of_a[i] += 1.0;
        of_b[j] += 1.0;
    }
    let seen = |of: &[f64]| of.iter().filter(|&&n| n > 0.0).count() as f64;
    let (rows, columns) = (seen(&of_a), seen(&of_b));
    if rows < 2.0 || columns < 2.0 {
        return 0.0;
    }
    let mut share = 0.0;
    for (i, cells) in counts.chunks(b.bins).enumerate() {
        for (&count, &of_b) in cells.iter().zip(&of_b).filter(|(&count, _)| count > 0) {
            share += f64::from(count) * f64::from(count) / (of_a[i] * of_b);
        }
    }
    let bias = |k: f64| k - (k - 1.0) * (k - 1.0) / (n - 1.0);
    let phi = (share - 1.0 - (rows - 1.0) * (columns - 1.0) / (n - 1.0)).max(0.0);
    (phi / (bias(rows).min(bias(columns)) - 1.0).max(f64::MIN_POSITIVE)).sqrt().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn association_is_one_for_names_and_none_for_noise() {
        let n = 2000u32;
        let column = |code: &dyn Fn(u32) -> u32, bins| Binned { codes: (0..n).map(code).collect(), bins };
        let city = column(&|i| i * 7 % 20, 21);
        let region = column(&|i| i * 7 % 20 / 5, 5);
        let noise = column(&|i| (i.wrapping_mul(2_654_435_761) >> 20) % 20, 21);
        let mut counts = Vec::new();
        assert!(cramer(&city, &region, &mut counts) > 0.99);
        assert!(cramer(&region, &city, &mut counts) > 0.99);
        assert!(cramer(&city, &noise, &mut counts) < 0.1);
        assert_eq!(cramer(&city, &column(&|_| 0, 2), &mut counts), 0.0);
        let many = column(&|i| i, n as usize + 1);
        assert_eq!(cramer(&many, &many, &mut counts), 0.0);
    }
}

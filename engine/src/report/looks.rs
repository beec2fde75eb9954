//! What rows of a source say of a model, as a report shows it.

use super::facts::{Effects, Influence, Values};
use crate::judge::partial::{Dependence, Of};
use crate::judge::shap::{Explained, Explanation};
use crate::model::{day, InputKind, Model};

/// How columns move answers: explanations of rows, whose cells are given by feature.
pub fn influences(model: &Model, columns: &[Explained], cells: &[&[f64]], found: &[Explanation]) -> Vec<Influence> {
    let influence = |(i, column): (usize, &Explained)| {
        let first = column.features.first().copied();
        let is_number = first.is_some_and(|f| !model.features[f].encoding.is_category());
        let levels = first.filter(|_| is_number).and_then(|f| cells.get(f)).map(|values| levels(values));
        let rows = found.iter().enumerate().map(|(row, explanation)| {
            let moved = explanation.columns.get(i).map_or(f64::NAN, |part| part.response);
            (moved, levels.as_ref().and_then(|levels| levels.get(row).copied().flatten()))
        });
        Influence { column: column.name.clone(), rows: rows.collect() }
    };
    columns.iter().enumerate().map(influence).collect()
}

/// Where each value lies among the others, from 0 to 1; `None` where it is missing.
fn levels(values: &[f64]) -> Vec<Option<f64>> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1).max(1) as f64;
    let level = |value: &f64| {
        let below = sorted.partition_point(|v| v < value);
        let up_to = sorted.partition_point(|v| v <= value);
        (!value.is_nan()).then(|| (below + up_to).saturating_sub(1) as f64 / 2.0 / last)
    };
    values.iter().map(level).collect()
}

/// The most values of a number that are shown one by one.
const FEW: usize = 12;

/// How the answer depends on the first of the columns; `None` where there is no point. Of many missing or unknown values no number says where they lie,
/// so they are shown among names only.
pub fn effects_of(column: &str, found: &Dependence) -> Option<Effects> {
    let grid = found.grids.first()?;
    // A number of few values is shown by columns, as between them it has none.
    let values = grid.points.iter().filter(|p| p.of == Of::Value).count();
    let is_few = values <= FEW && grid.points.iter().all(|p| !matches!(p.of, Of::Bin(..)));
    let is_named = is_few || matches!(grid.kind, InputKind::Category | InputKind::Text | InputKind::Boolean);
    let shown = |of: Of| is_named || matches!(of, Of::Value | Of::Bin(..));
    let all = || {
        grid.points
            .iter()
            .enumerate()
            .filter(move |(at, p)| shown(p.of) && (p.rows > 0 || !is_named) && *at < found.effects.len())
    };
    let number = |value: f64| match grid.kind {
        InputKind::Timestamp | InputKind::Timestamptz => day(value),
        _ => value,
    };
    let numbers = || all().map(|(_, p)| number(p.value.as_number())).collect();
    let values = match grid.kind {
        _ if is_named => Values::Names(
            all()
                .map(|(_, p)| match p.of {
                    Of::Missing => "missing".to_owned(),
                    Of::Unknown => "any other".to_owned(),
                    _ => match grid.shown(p) {
                        Some(text) if text.trim().is_empty() => "(blank)".to_owned(),
                        text => text.unwrap_or_default(),
                    },
                })
                .collect(),
        ),
        InputKind::Date | InputKind::Timestamp | InputKind::Timestamptz => Values::Days(numbers()),
        _ => Values::Numbers(numbers()),
    };
    let answers =
        all().map(|(at, _)| (found.effects[at].mean, found.effects[at].low, found.effects[at].high)).collect();
    let rows: Vec<u64> = all().map(|(_, p)| p.rows).collect();
    (!rows.is_empty()).then(|| Effects { column: column.to_owned(), values, answers, rows })
}

#[cfg(test)]
mod tests {
    use super::levels;

    #[test]
    fn levels_go_from_0_to_1_and_ties_are_alike() {
        assert_eq!(levels(&[3.0, f64::NAN, 1.0, 2.0]), [Some(1.0), None, Some(0.0), Some(0.5)]);
        assert_eq!(levels(&[5.0, 5.0]), [Some(0.5), Some(0.5)]);
        assert_eq!(levels(&[]), []);
    }
}

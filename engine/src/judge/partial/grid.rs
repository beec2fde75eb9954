//! The values at which the answers of a model are looked at.

use super::Along;
use crate::control::Control;
use crate::data::{ColumnData, Dictionary, MISSING};
use crate::error::Result;
use crate::judge::given::Given;
use crate::model::{Argument, InputKind, Model};

/// Rows between two looks for a cancel.
const CHECK: usize = 1 << 16;
/// The point of a row whose value is shown by none.
const NONE: u32 = u32::MAX;
/// A text that no row has.
const UNKNOWN: &str = "\u{1}unknown\u{1}";

/// The points of a column or feature.
#[derive(Debug)]
pub struct Grid {
    /// What it is a grid of.
    pub along: Along,
    /// What the values are.
    pub kind: InputKind,
    /// The points, numbers from the smallest on, texts from the most frequent on.
    pub points: Vec<Point>,
    /// By row, its point.
    of_row: Vec<u32>,
}

/// A point of a grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The value that rows are given.
    pub value: Given,
    /// Which rows have it.
    pub of: Of,
    /// How many have.
    pub rows: u64,
}

/// The rows that a point stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Of {
    /// Those with the value.
    Value,
    /// Those from a number to a number, both included.
    Bin(f64, f64),
    /// Those without a value.
    Missing,
    /// Those with a text that the model does not know: rare in training, or never seen.
    Unknown,
}

impl Of {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Of::Value => "value",
            Of::Bin(..) => "bin",
            Of::Missing => "missing",
            Of::Unknown => "unknown",
        }
    }
}

impl Grid {
    /// At most so many points, besides those of missing and unknown values, over the values of rows.
    pub fn new(model: &Model, along: Along, values: &ColumnData, most: usize, control: &Control) -> Result<Grid> {
        let kind = along.kind(model);
        match values {
            ColumnData::Number(values) => {
                let mut own = control.vec(values.len())?;
                own.extend(values.iter());
                let grid = numbers(along, kind, &own, most, control);
                control.release_vec(own);
                grid
            }
            ColumnData::Category { codes, dictionary } => {
                let levels = along.levels(model);
                let known = |text: &[u8]| levels.is_none_or(|l| l.binary_search_by(|l| l.as_bytes().cmp(text)).is_ok());
                let (mut points, point_of) = texts(codes.iter(), dictionary, known, most, control)?;
                if levels.is_some() {
                    let rows = point_of.iter().zip(counts(codes.iter(), dictionary.len()));
                    let unknown = rows.filter(|(&point, _)| point == UNKNOWN_POINT).map(|(_, rows)| rows).sum();
                    points.push(Point { value: Given::Text(UNKNOWN.into()), of: Of::Unknown, rows: unknown });
                }
                let unknown_place = (points.len() as u32).saturating_sub(1);
                let mut of_row = control.vec(codes.len())?;
                of_row.extend(codes.iter().map(|code| match point_of.get(code as usize) {
                    Some(&UNKNOWN_POINT) => unknown_place,
                    Some(&point) => point,
                    None => NONE,
                }));
                let missing = codes.iter().filter(|&code| code == MISSING).count();
                Ok(Grid { along, kind, points, of_row }.with_missing(missing, |row| codes.get(row) == MISSING))
            }
        }
    }

    /// Given values, without rows.
    pub fn at(model: &Model, along: Along, values: Vec<Given>) -> Grid {
        let of = |value: &Given| if *value == Given::Missing { Of::Missing } else { Of::Value };
        let points = values.into_iter().map(|value| Point { of: of(&value), value, rows: 0 }).collect();
        Grid { along, kind: along.kind(model), points, of_row: Vec::new() }
    }

    /// The rows of each pair of points of two grids, over the same rows.
    pub(super) fn pairs(&self, other: &Grid) -> Vec<u64> {
        let mut rows = vec![0; self.points.len() * other.points.len()];
        for (&a, &b) in self.of_row.iter().zip(&other.of_row) {
            if a != NONE && b != NONE {
                rows[a as usize * other.points.len() + b as usize] += 1;
            }
        }
        rows
    }

    /// The text of a value of it; `None` for the missing and the unknown.
    pub fn shown(&self, point: &Point) -> Option<String> {
        match point.of {
            Of::Missing | Of::Unknown => None,
            _ => point.value.shown(self.kind),
        }
    }

    fn with_missing(mut self, missing: usize, is_missing: impl Fn(usize) -> bool) -> Grid {
        if missing > 0 {
            let own = self.points.len() as u32;
            self.points.push(Point { value: Given::Missing, of: Of::Missing, rows: missing as u64 });
            self.of_row.iter_mut().enumerate().filter(|(row, _)| is_missing(*row)).for_each(|(_, point)| *point = own);
        }
        self
    }
}

/// Bins of as equal numbers of rows as ties allow, or the values themselves where they are few.
fn numbers(along: Along, kind: InputKind, values: &[f64], most: usize, control: &Control) -> Result<Grid> {
    let mut sorted = control.vec(values.len())?;
    sorted.extend(values.iter().filter(|v| !v.is_nan()).map(|v| v + 0.0));
    crate::data::sort(&mut sorted, f64::total_cmp, control)?;
    let mut points = Vec::new();
    // The first value behind each bin.
    let mut distinct = Vec::new();
    for &value in &sorted {
        if distinct.last() != Some(&value) {
            distinct.push(value);
        }
        if distinct.len() > most {
            break;
        }
    }
    if distinct.len() <= most {
        let point = |&value: &f64| Point { value: Given::Number(value), of: Of::Value, rows: 0 };
        points.extend(distinct.iter().map(point));
    } else {
        let mut from = 0;
        for bin in 1..=most {
            let mut to = (sorted.len() as u128 * bin as u128 / most as u128) as usize;
            if to <= from {
                continue;
            }
            let last = sorted[to - 1];
            to += sorted[to..].partition_point(|v| *v <= last);
            let (value, first) = (sorted[from + (to - from - 1) / 2], sorted[from]);
            let of = if first == last { Of::Value } else { Of::Bin(first, last) };
            points.push(Point { value: Given::Number(value), of, rows: 0 });
            from = to;
        }
    }
    let missing = values.len() - sorted.len();
    control.release_vec(sorted);
    let ends: Vec<f64> =
        points.iter().map(|p| if let Of::Bin(_, end) = p.of { end } else { p.value.as_number() }).collect();
    let mut of_row = control.vec(values.len())?;
    for (i, value) in values.iter().enumerate() {
        if i % CHECK == 0 {
            control.check()?;
        }
        let point = ends.partition_point(|end| end < value);
        let point = if value.is_nan() { NONE } else { point.min(points.len().saturating_sub(1)) as u32 };
        if let Some(point) = points.get_mut(point as usize) {
            point.rows += 1;
        }
        of_row.push(point);
    }
    Ok(Grid { along, kind, points, of_row }.with_missing(missing, |row| values[row].is_nan()))
}

/// The point of a text that the model does not know.
const UNKNOWN_POINT: u32 = u32::MAX - 1;

/// The most frequent known texts, and the point of each code.
fn texts(
    codes: impl Iterator<Item = u32>,
    dictionary: &Dictionary,
    known: impl Fn(&[u8]) -> bool,
    most: usize,
    control: &Control,
) -> Result<(Vec<Point>, Vec<u32>)> {
    let rows = counts(codes, dictionary.len());
    let mut point_of = control.filled(dictionary.len(), UNKNOWN_POINT)?;
    let mut shown: Vec<u32> = Vec::new();
    for code in 0..dictionary.len() as u32 {
        if known(dictionary.text(code)) {
            point_of[code as usize] = NONE;
            if rows[code as usize] > 0 {
                shown.push(code);
            }
        }
    }
    let order = |a: &u32, b: &u32| {
        let by_rows = rows[*b as usize].cmp(&rows[*a as usize]);
        by_rows.then_with(|| dictionary.text(*a).cmp(dictionary.text(*b)))
    };
    crate::data::sort(&mut shown, order, control)?;
    shown.truncate(most);
    let mut points = Vec::with_capacity(shown.len() + 2);
    for &code in &shown {
        point_of[code as usize] = points.len() as u32;
        points.push(Point { value: Given::text(dictionary.text(code)), of: Of::Value, rows: rows[code as usize] });
    }
    Ok((points, point_of))
}

/// Rows of each code.
fn counts(codes: impl Iterator<Item = u32>, levels: usize) -> Vec<u64> {
    let mut rows = vec![0; levels];
    for code in codes {
        if let Some(rows) = rows.get_mut(code as usize) {
            *rows += 1;
        }
    }
    rows
}

impl Along {
    /// What its values are.
    pub fn kind(self, model: &Model) -> InputKind {
        match self {
            Along::Column(argument) => model.arguments().get(argument).map_or(InputKind::Number, Argument::kind),
            Along::Feature(feature) => match model.features.get(feature) {
                Some(f) if f.encoding.is_category() => InputKind::Category,
                // What stands first of a column is the column itself.
                Some(_) => model
                    .inputs
                    .iter()
                    .find(|i| i.first as usize == feature && !matches!(i.kind, InputKind::Array | InputKind::Text))
                    .map_or(InputKind::Number, |i| i.kind),
                None => InputKind::Number,
            },
        }
    }

    /// The texts that the model knows; `None` where what it knows cannot be said of the texts as they come.
    fn levels(self, model: &Model) -> Option<&[String]> {
        let feature = match self {
            Along::Feature(feature) => feature,
            Along::Column(argument) => match model.arguments().get(argument)? {
                Argument::Input(input) => input.first as usize,
                Argument::Raw(..) => return None,
            },
        };
        model.features.get(feature).filter(|f| f.encoding.is_category()).map(|f| f.encoding.levels())
    }
}

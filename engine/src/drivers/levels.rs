//! The levels of a dimension, numbered alike in both periods. Only those that hold enough rows can be conditions; the others are all number 0.

use super::{Options, Period, Values};
use crate::control::Control;
use crate::data::{sort_numbers, ColumnData, Dictionary, MISSING};
use crate::error::{Error, Result};

/// Numbers of more different values than this are put into ranges.
pub const MOST_NUMBERS: usize = 20;

/// Rows between two looks for a cancel.
pub(super) const LOOK: usize = 1 << 16;

/// A little less than the least share is enough here, as sums in the order of the rows may differ in their last digits; the search looks again.
const NEARLY: f64 = 1.0 - 1e-6;

/// A level of a dimension.
#[derive(Debug, Clone, PartialEq)]
pub enum Level {
    /// NULL, or NaN.
    Missing,
    /// A text.
    Text(String),
    /// A number, or a truth value as 0 or 1.
    Number(f64),
    /// Numbers from one, which is in it, to another, which is not; `None` where there is no end.
    Range(Option<f64>, Option<f64>),
}

/// Why a dimension can be no condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// All rows have the same level.
    Constant,
    /// No level has enough rows.
    Rare,
    /// Too many different numbers, and it was not asked for.
    Numbers,
    /// Whole numbers beyond 2^53 in one period alone.
    Mixed,
}

/// The levels of a dimension.
#[derive(Debug)]
pub struct Levels {
    /// Those that may be conditions; the first has the number 1.
    pub names: Vec<Level>,
    coder: Coder,
    /// The number of each value.
    ids: Vec<u16>,
}

/// How the values of both periods become places in one list, whose last is for what is missing.
#[derive(Debug)]
enum Coder {
    /// By the codes of each period.
    Texts([Vec<u32>; 2], Dictionary),
    /// By the numbers, which are sorted.
    Numbers(Vec<f64>),
    /// By the first numbers of all ranges but the first.
    Ranges(Vec<f64>),
}

impl Levels {
    /// Hand the number of the level of each row of a period to `take`.
    pub(super) fn each(
        &self,
        which: usize,
        data: &ColumnData,
        control: &Control,
        mut take: impl FnMut(usize, u16),
    ) -> Result<()> {
        self.coder.each(which, data, control, |row, place| take(row, self.ids.get(place).copied().unwrap_or(0)))
    }
}

impl Coder {
    /// How many places there are.
    fn places(&self) -> usize {
        match self {
            Coder::Texts(_, dictionary) => dictionary.len() + 1,
            Coder::Numbers(values) => values.len() + 1,
            Coder::Ranges(cuts) => cuts.len() + 2,
        }
    }

    fn each(
        &self,
        which: usize,
        data: &ColumnData,
        control: &Control,
        mut take: impl FnMut(usize, usize),
    ) -> Result<()> {
        let look = |row: usize| if row.is_multiple_of(LOOK) { control.check() } else { Ok(()) };
        let missing = self.places() - 1;
        match (self, data) {
            (Coder::Texts(places, _), ColumnData::Category { codes, .. }) => {
                for (row, code) in codes.iter().enumerate() {
                    look(row)?;
                    take(row, if code == MISSING { missing } else { places[which][code as usize] as usize });
                }
            }
            (Coder::Numbers(values), ColumnData::Number(numbers)) => {
                for (row, value) in numbers.iter().enumerate() {
                    look(row)?;
                    take(row, values.binary_search_by(|v| v.total_cmp(&(value + 0.0))).unwrap_or(missing));
                }
            }
            (Coder::Ranges(cuts), ColumnData::Number(numbers)) => {
                for (row, value) in numbers.iter().enumerate() {
                    look(row)?;
                    take(row, if value.is_nan() { missing } else { cuts.partition_point(|cut| *cut <= value) });
                }
            }
            _ => return Err(Error::Internal("a dimension changed its kind".into())),
        }
        Ok(())
    }

    /// The level of a place.
    fn level(&self, place: usize) -> Level {
        if place + 1 == self.places() {
            return Level::Missing;
        }
        match self {
            Coder::Texts(_, dictionary) => {
                Level::Text(String::from_utf8_lossy(dictionary.text(place as u32)).into_owned())
            }
            Coder::Numbers(values) => Level::Number(values[place]),
            Coder::Ranges(cuts) => {
                Level::Range(place.checked_sub(1).and_then(|p| cuts.get(p).copied()), cuts.get(place).copied())
            }
        }
    }
}

/// The levels of a dimension, in the C order of texts or that of numbers, the missing one last.
pub(super) fn levels(
    periods: [&Period<'_>; 2],
    values: &[Values; 2],
    (dimension, named): (usize, bool),
    options: &Options,
    control: &Control,
) -> Result<std::result::Result<Levels, LeftOut>> {
    let data = [periods[0].dimension(dimension)?, periods[1].dimension(dimension)?];
    let coder = match data {
        [ColumnData::Category { dictionary: a, .. }, ColumnData::Category { dictionary: b, .. }] => {
            let mut all = Dictionary::default();
            let mut merged = |own: &Dictionary| -> Result<Vec<u32>> {
                let mut places = control.vec(own.len())?;
                for code in 0..own.len() as u32 {
                    if (code as usize).is_multiple_of(LOOK) {
                        control.check()?;
                    }
                    places.push(all.code(own.text(code), control)?);
                }
                Ok(places)
            };
            let places = [merged(a)?, merged(b)?];
            Coder::Texts(places, all)
        }
        [ColumnData::Number(_), ColumnData::Number(_)] => match distinct(data, control)? {
            Some(values) => Coder::Numbers(values),
            None if named => Coder::Ranges(cuts(data, values, options.bins, control)?),
            None => return Ok(Err(LeftOut::Numbers)),
        },
        _ => return Ok(Err(LeftOut::Mixed)),
    };
    let mut weights: Vec<[f64; 2]> = control.filled(coder.places(), [0.0; 2])?;
    let mut rows: Vec<bool> = control.filled(coder.places(), false)?;
    let mut total = [0.0; 2];
    for (which, data) in data.into_iter().enumerate() {
        coder.each(which, data, control, |row, place| {
            let weight = values[which].weight[row];
            if !weight.is_nan() {
                weights[place][which] += weight;
                rows[place] = true;
                total[which] += weight;
            }
        })?;
    }
    let constant = rows.iter().filter(|is| **is).count() < 2;
    let enough = |w: &[f64; 2]| (0..2).any(|p| w[p] > 0.0 && w[p] >= options.min_share * NEARLY * total[p]);
    let mut places: Vec<usize> = (0..weights.len()).filter(|p| enough(&weights[*p])).collect();
    control.release_vec(weights);
    control.release_vec(rows);
    if constant || places.is_empty() {
        return Ok(Err(if constant { LeftOut::Constant } else { LeftOut::Rare }));
    }
    if let Coder::Texts(_, dictionary) = &coder {
        let key = |place: usize| (place < dictionary.len()).then(|| dictionary.text(place as u32));
        places.sort_by(|a, b| key(*a).is_none().cmp(&key(*b).is_none()).then_with(|| key(*a).cmp(&key(*b))));
    }
    let mut ids = control.filled(coder.places(), 0u16)?;
    for (place, id) in places.iter().zip(1..) {
        ids[*place] = id;
    }
    let names = places.into_iter().map(|place| coder.level(place)).collect();
    Ok(Ok(Levels { names, coder, ids }))
}

/// The different numbers of both periods, sorted; `None` where there are too many.
fn distinct(data: [&ColumnData; 2], control: &Control) -> Result<Option<Vec<f64>>> {
    let mut values: Vec<f64> = Vec::new();
    for numbers in data {
        let ColumnData::Number(numbers) = numbers else { continue };
        for (row, value) in numbers.iter().map(|v| v + 0.0).enumerate() {
            if row.is_multiple_of(LOOK) {
                control.check()?;
            }
            if value.is_nan() {
                continue;
            }
            if let Err(at) = values.binary_search_by(|v| v.total_cmp(&value)) {
                if values.len() == MOST_NUMBERS {
                    return Ok(None);
                }
                values.insert(at, value);
            }
        }
    }
    Ok(Some(values))
}

/// Where ranges of about as many usable rows each begin, both periods together.
fn cuts(data: [&ColumnData; 2], values: &[Values; 2], bins: usize, control: &Control) -> Result<Vec<f64>> {
    let mut all: Vec<f64> = control.vec(values.iter().map(|v| v.weight.len()).sum())?;
    for (numbers, values) in data.into_iter().zip(values) {
        let ColumnData::Number(numbers) = numbers else { continue };
        for (row, (value, weight)) in numbers.iter().zip(&values.weight).enumerate() {
            if row.is_multiple_of(LOOK) {
                control.check()?;
            }
            if !value.is_nan() && !weight.is_nan() {
                all.push(value + 0.0);
            }
        }
    }
    sort_numbers(&mut all, control)?;
    let mut cuts: Vec<f64> = (1..bins).filter_map(|bin| all.get(all.len() * bin / bins).copied()).collect();
    cuts.dedup();
    // A range before the least number would hold none.
    cuts.retain(|cut| all.first().is_some_and(|least| least < cut));
    control.release_vec(all);
    Ok(cuts)
}

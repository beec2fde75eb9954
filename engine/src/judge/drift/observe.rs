//! What the features of rows are, counted by what training knew of them.

use rayon::prelude::*;

use super::is_compared;
use crate::control::Control;
use crate::data::{tokens, ColumnData, Table, CHUNK, MISSING};
use crate::error::Result;
use crate::model::{Baseline, Encoding, Input, Model, NumberBins};

/// The rows of a feature.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// All of them.
    pub rows: u64,
    /// Those without a value.
    pub missing: u64,
    /// Those with a level that the model does not know.
    pub unseen: u64,
    /// Those in each bin of numbers, or of each level.
    pub inside: Vec<u64>,
    /// Those with a number before each bin, and behind the last.
    pub gaps: Vec<u64>,
    /// The least and the largest finite number; above each other where there is none.
    pub range: (f64, f64),
}

impl Default for Observed {
    fn default() -> Self {
        let range = (f64::INFINITY, f64::NEG_INFINITY);
        Observed { rows: 0, missing: 0, unseen: 0, inside: Vec::new(), gaps: Vec::new(), range }
    }
}

impl Observed {
    /// Count numbers; NaN is missing. Without bins only these are counted.
    pub fn numbers(bins: Option<&NumberBins>, values: impl Iterator<Item = f64>) -> Observed {
        let mut own = Observed::for_numbers(bins);
        values.for_each(|value| own.number(bins, value));
        own
    }

    fn for_numbers(bins: Option<&NumberBins>) -> Observed {
        let count = bins.map_or(0, |bins| bins.rows.len());
        Observed { inside: vec![0; count], gaps: vec![0; count + 1], ..Observed::default() }
    }

    #[inline]
    fn number(&mut self, bins: Option<&NumberBins>, value: f64) {
        self.rows += 1;
        if value.is_nan() {
            self.missing += 1;
            return;
        }
        if value.is_finite() {
            self.range = (self.range.0.min(value), self.range.1.max(value));
        }
        if let Some(bins) = bins {
            let at = bins.high.partition_point(|high| *high < value);
            let before = bins.low.get(at).is_none_or(|low| value < *low);
            *(if before { &mut self.gaps[at] } else { &mut self.inside[at] }) += 1;
        }
    }

    /// Count rows of a level, of one that is not known, or of none.
    fn level(&mut self, level: Option<Option<usize>>, rows: u64) {
        self.rows += rows;
        match level {
            None => self.missing += rows,
            Some(level) => match level.and_then(|level| self.inside.get_mut(level)) {
                Some(of_level) => *of_level += rows,
                None => self.unseen += rows,
            },
        }
    }
}

/// Observe the features of the rows of a table: `places` has for each input of the model its first column and their number. `None` stands for what is
/// not compared.
pub fn observe(
    model: &Model,
    baseline: Option<&Baseline>,
    table: &Table,
    places: &[(usize, usize)],
    control: &Control,
) -> Result<Vec<Option<Observed>>> {
    let bins = |feature: usize| baseline.and_then(|b| b.features.get(feature)).and_then(|f| f.numbers.as_ref());
    let of_input = |(input, place): (&Input, &(usize, usize))| {
        let own = input.first as usize..(input.first + input.count) as usize;
        let one = |feature: usize| {
            control.check()?;
            let encoding = &model.features[feature].encoding;
            if !is_compared(input.kind, encoding) {
                return Ok(None);
            }
            let element = feature - own.start;
            let column = match (input.kind, element < place.1) {
                (crate::model::InputKind::Array, true) => place.0 + element,
                // An array that is shorter than in training.
                (crate::model::InputKind::Array, false) => return Ok(Some(all_missing(bins(feature), table.rows))),
                _ => place.0,
            };
            let data = &table.columns[column].data;
            of_feature(encoding, input, bins(feature), data, control).map(Some)
        };
        own.clone().map(one).collect::<Result<Vec<_>>>()
    };
    let all: Result<Vec<Vec<Option<Observed>>>> = model.inputs.par_iter().zip(places).map(of_input).collect();
    Ok(all?.into_iter().flatten().collect())
}

fn all_missing(bins: Option<&NumberBins>, rows: usize) -> Observed {
    Observed { rows: rows as u64, missing: rows as u64, ..Observed::for_numbers(bins) }
}

fn of_feature(
    encoding: &Encoding,
    input: &Input,
    bins: Option<&NumberBins>,
    data: &ColumnData,
    control: &Control,
) -> Result<Observed> {
    match (encoding, data) {
        (Encoding::Category { levels } | Encoding::Ordered { levels, .. }, _) => of_levels(levels, data, control),
        (Encoding::Words, ColumnData::Category { codes, dictionary }) => {
            let mut words: Vec<f64> = control.vec(dictionary.len())?;
            for text in 0..dictionary.len() as u32 {
                if text.is_multiple_of(64) {
                    control.check()?;
                }
                words.push(f64::from(tokens::tokens(dictionary.text(text), |_| {})));
            }
            let value = |code: u32| words.get(code as usize).copied().unwrap_or(f64::NAN);
            let found = numbers(bins, codes.iter().map(value), control);
            control.release_vec(words);
            found
        }
        (Encoding::Part(part), ColumnData::Number(values)) => {
            numbers(bins, values.iter().map(|moment| part.of(input.kind, moment)), control)
        }
        (_, ColumnData::Number(values)) => numbers(bins, values.iter(), control),
        (_, ColumnData::Category { codes, .. }) => Ok(all_missing(bins, codes.len())),
    }
}

fn numbers(bins: Option<&NumberBins>, values: impl Iterator<Item = f64>, control: &Control) -> Result<Observed> {
    let mut own = Observed::for_numbers(bins);
    for (row, value) in values.enumerate() {
        if row % CHUNK == 0 {
            control.check()?;
        }
        own.number(bins, value);
    }
    Ok(own)
}

fn of_levels(levels: &[String], data: &ColumnData, control: &Control) -> Result<Observed> {
    let mut own = Observed { inside: vec![0; levels.len()], ..Observed::default() };
    let place = |text: &[u8]| {
        let text = String::from_utf8_lossy(text);
        levels.binary_search_by(|level| level.as_str().cmp(&text)).ok()
    };
    match data {
        ColumnData::Category { codes, dictionary } => {
            let mut rows: Vec<u64> = control.filled(dictionary.len(), 0)?;
            let mut missing = 0;
            for (row, code) in codes.iter().enumerate() {
                if row % CHUNK == 0 {
                    control.check()?;
                }
                match code {
                    MISSING => missing += 1,
                    code => rows[code as usize] += 1,
                }
            }
            own.level(None, missing);
            rows.iter()
                .enumerate()
                .for_each(|(code, rows)| own.level(Some(place(dictionary.text(code as u32))), *rows));
            control.release_vec(rows);
        }
        ColumnData::Number(values) => {
            for (row, value) in values.iter().enumerate() {
                if row % CHUNK == 0 {
                    control.check()?;
                }
                own.level((!value.is_nan()).then(|| place(format!("{value}").as_bytes())), 1);
            }
        }
    }
    Ok(own)
}

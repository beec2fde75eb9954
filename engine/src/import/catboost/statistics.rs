//! Statistics of one category (CTR): a number for each text, from what training counted.
//!
//! See Prokhorenkova et al., CatBoost: unbiased boosting with categorical features, 2018.

use std::borrow::Cow;
use std::collections::HashMap;

use super::file::{Cell, Ctr, Table};
use super::{unsupported, wrong};
use crate::control::Control;
use crate::error::{Error, Result};

/// A slot of CatBoost's table that holds nothing.
const EMPTY: u64 = u64::MAX;

/// Bytes of a value in a table that has grown.
const VALUE: usize = 64;

/// The numbers of one statistic.
pub(super) struct Statistic {
    /// The category, as CatBoost counts them.
    pub category: usize,
    pub borders: Vec<f32>,
    /// How many texts it knows.
    pub texts: usize,
    values: HashMap<u64, f32>,
    /// Of a text that it does not know.
    unknown: f32,
}

impl Statistic {
    pub fn new(ctr: &Ctr, tables: Option<&HashMap<Cow<str>, Table>>, control: &Control) -> Result<Statistic> {
        let category = match &ctr.elements[..] {
            [one] if one.combination_element == "cat_feature_value" => one.cat_feature_index,
            _ => return Err(combined()),
        };
        let category = category.ok_or_else(|| wrong("a statistic has no category"))?;
        let table = tables.and_then(|tables| tables.get(&ctr.identifier));
        let table = table.ok_or_else(|| wrong("a statistic has no table"))?;
        if table.hash_stride < 2 || table.hash_map.len() % table.hash_stride != 0 {
            return Err(wrong("the table of a statistic is not whole"));
        }
        control.check()?;
        control.reserve((table.hash_map.len() / table.hash_stride + ctr.borders.len()).saturating_mul(VALUE))?;
        let mut values = HashMap::new();
        for row in table.hash_map.chunks_exact(table.hash_stride).filter(|row| row[0].0 != EMPTY) {
            let (good, total) = counts(ctr, table, &row[1..])?;
            values.insert(row[0].0, calculate(ctr, good, total));
        }
        let nothing = match ctr.ctr_type.as_ref() {
            "Counter" | "FeatureFreq" => (0.0, table.counter_denominator as f32),
            _ => (0.0, 0.0),
        };
        Ok(Statistic {
            category,
            borders: ctr.borders.iter().map(|border| *border as f32).collect(),
            texts: values.len(),
            unknown: calculate(ctr, nothing.0, nothing.1),
            values,
        })
    }

    /// Whether it knows the text of a hash.
    pub fn knows(&self, hash: u32) -> bool {
        self.values.contains_key(&key(hash))
    }

    /// The number of the text of a hash.
    pub fn of(&self, hash: Option<u32>) -> f32 {
        hash.and_then(|hash| self.values.get(&key(hash))).copied().unwrap_or(self.unknown)
    }
}

/// As CatBoost calculates it, in float.
fn calculate(ctr: &Ctr, good: f32, total: f32) -> f32 {
    let mean = (good + ctr.prior_numerator as f32) / (total + ctr.prior_denominator as f32);
    (mean + ctr.shift as f32) * ctr.scale as f32
}

/// The two numbers whose quotient is the statistic, of the cells of a text.
fn counts(ctr: &Ctr, table: &Table, cells: &[Cell]) -> Result<(f32, f32)> {
    let sum = |cells: &[Cell]| cells.iter().map(|cell| cell.number()).sum::<f32>();
    let border = ctr.target_border_idx;
    let short = || wrong("the table of a statistic has too few columns");
    match ctr.ctr_type.as_ref() {
        "Counter" | "FeatureFreq" => Ok((cells[0].number(), table.counter_denominator as f32)),
        "BinarizedTargetMeanValue" | "FloatTargetMeanValue" => {
            Ok((cells[0].number(), cells.get(1).ok_or_else(short)?.number()))
        }
        "Buckets" => Ok((cells.get(border).ok_or_else(short)?.number(), sum(cells))),
        // Of two classes the border is not asked for.
        "Borders" if cells.len() == 2 => Ok((cells[1].number(), sum(cells))),
        "Borders" => Ok((sum(border.checked_add(1).and_then(|next| cells.get(next..)).ok_or_else(short)?), sum(cells))),
        other => Err(unsupported(&format!("the statistic \"{}\"", other.escape_debug()))),
    }
}

/// How CatBoost looks up a text in a table: the hash of the text, hashed again as the only part of a combination.
fn key(hash: u32) -> u64 {
    const MULTIPLIER: u64 = 0x4906_ba49_4954_cb65;
    // The hash is a signed number there.
    let hash = i64::from(hash as i32) as u64;
    MULTIPLIER.wrapping_mul(MULTIPLIER.wrapping_mul(hash))
}

fn combined() -> Error {
    Error::data(
        "cannot read a statistic of several columns together of a CatBoost model",
        "Train it with max_ctr_complexity=1, or with a one_hot_max_size that no category exceeds.",
    )
}

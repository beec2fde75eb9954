//! The columns of a model, and what its splits ask of them.

use std::collections::{HashMap, HashSet};

use super::file::{File, Split};
use super::statistics::Statistic;
use super::{unsupported, wrong};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::import::cut::Range;
use crate::import::grow::{Grower, Of, Test};
use crate::import::missing_text;

/// Bytes of a level, in lists that have grown, without its text.
const LEVEL: usize = 128;

/// A column of the model.
pub(super) struct Column {
    pub name: String,
    /// The texts that the model tells apart; `None` for a number.
    pub levels: Option<Vec<String>>,
}

/// The columns, and where the features of CatBoost are among them.
pub(super) struct Features<'a> {
    /// In the order of the columns that CatBoost was given.
    pub columns: Vec<Column>,
    /// The column of a number, and whether a missing value is above all borders.
    floats: HashMap<usize, (usize, bool)>,
    categories: HashMap<usize, Category<'a>>,
    /// The statistics, each with the number of its first split.
    statistics: Vec<(usize, Statistic)>,
}

/// A category.
struct Category<'a> {
    column: usize,
    /// The texts that the model tells apart with their hashes, in the order of the levels.
    levels: Vec<(&'a str, u32)>,
}

impl<'a> Features<'a> {
    /// Of a file.
    pub fn new(file: &'a File, control: &Control) -> Result<Features<'a>> {
        let info = &file.features_info;
        let others = [&info.text_features, &info.embedding_features];
        if others.into_iter().flatten().any(|features| !features.is_empty()) {
            return Err(unsupported("features of texts or embeddings"));
        }
        let texts = info.cat_features_hash.as_deref().unwrap_or_default();
        let mut features = Features {
            columns: Vec::new(),
            floats: HashMap::new(),
            categories: HashMap::new(),
            statistics: statistics(file, control)?,
        };
        // Name and place of each column, and its category if it is one.
        let mut named = Vec::new();
        for float in info.float_features.iter().flatten() {
            let above = match float.nan_value_treatment.as_ref() {
                "AsTrue" => true,
                "AsFalse" | "AsIs" => false,
                other => return Err(unsupported(&format!("the NaN treatment \"{}\"", other.escape_debug()))),
            };
            features.floats.insert(float.feature_index, (float.flat_feature_index, above));
            named.push((float.flat_feature_index, &float.feature_id, None));
        }
        for category in info.categorical_features.iter().flatten() {
            let asked: HashSet<u32> = category.values.iter().flatten().map(|value| *value as u32).collect();
            let own = features.statistics.iter().filter(|(_, own)| own.category == category.feature_index);
            let tables: Vec<&Statistic> = own.map(|(_, own)| own).collect();
            let is_told = |hash| asked.contains(&hash) || tables.iter().any(|table| table.knows(hash));
            let mut levels = Vec::new();
            for text in texts {
                control.check()?;
                if is_told(text.hash) {
                    control.reserve(text.value.0.len() + LEVEL)?;
                    levels.push((text.value.0.as_ref(), text.hash));
                }
            }
            let known: HashSet<u32> = levels.iter().map(|(_, hash)| *hash).collect();
            let all_of = |table: &&Statistic| known.iter().filter(|hash| table.knows(**hash)).count() == table.texts;
            if !asked.is_subset(&known) || !tables.iter().all(all_of) {
                return Err(without_texts());
            }
            levels.sort_unstable();
            let own = levels.iter().map(|(text, _)| (*text).to_owned()).collect();
            named.push((category.flat_feature_index, &category.feature_id, Some(own)));
            let column = category.flat_feature_index;
            features.categories.insert(category.feature_index, Category { column, levels });
        }
        named.sort_unstable_by_key(|(place, ..)| *place);
        if named.iter().enumerate().any(|(place, (other, ..))| place != *other) {
            return Err(wrong("the columns do not follow each other"));
        }
        for (place, name, levels) in named {
            let name = if name.is_empty() { place.to_string() } else { name.as_ref().to_owned() };
            features.columns.push(Column { name, levels });
        }
        Ok(features)
    }

    /// The test of a split, of which yes is on the right in CatBoost.
    pub fn test(&self, split: &Split, grower: &mut Grower) -> Result<Test> {
        match split.split_type.as_ref() {
            "FloatFeature" => {
                let found = self.floats.get(&split.float_feature_index);
                let (column, above) = *found.ok_or_else(|| wrong("a split names a column that is not there"))?;
                // CatBoost looks at floats.
                let border = split.border as f32;
                let of = Of::Numbers(Range::upto(|x| x as f32 <= border));
                Ok(Test { feature: column as u32, of, missing: !above, turned: true })
            }
            "OneHotFeature" => {
                let hash = split.value as u32;
                self.categorical(split.cat_feature_index, grower, |other| other == Some(hash))
            }
            "OnlineCtr" => {
                let place = self.statistics.partition_point(|(first, _)| *first <= split.split_index);
                let found = place.checked_sub(1).and_then(|place| self.statistics.get(place));
                let (first, statistic) = found.ok_or_else(|| wrong("a split names a statistic that is not there"))?;
                let border = split.border as f32;
                if statistic.borders.get(split.split_index - first) != Some(&border) {
                    return Err(wrong("a split of a statistic does not have its border"));
                }
                self.categorical(statistic.category, grower, |hash| statistic.of(hash) > border)
            }
            other => Err(unsupported(&format!("the split \"{}\"", other.escape_debug()))),
        }
    }

    /// The test that holds for the texts of some hashes; `None` is a text that is not known.
    fn categorical(&self, category: usize, grower: &mut Grower, holds: impl Fn(Option<u32>) -> bool) -> Result<Test> {
        let found = self.categories.get(&category);
        let Category { column, levels } = found.ok_or_else(|| wrong("a split names a category that is not there"))?;
        let hash = |code: usize| levels.get(code).map(|(_, hash)| *hash);
        let set = grower.set(levels.len() + 1, |code| holds(hash(code)))?;
        let missing = missing_text(|text| levels.binary_search_by_key(&text, |(level, _)| level).ok());
        let missing = holds(missing.and_then(hash));
        Ok(Test { feature: *column as u32, of: Of::Set(set), missing, turned: false })
    }
}

/// The statistics of a file, each with the number of its first split: numbers and one-hot categories are counted before.
fn statistics(file: &File, control: &Control) -> Result<Vec<(usize, Statistic)>> {
    let info = &file.features_info;
    let borders = |count: Option<usize>| count.unwrap_or(0);
    let floats = info.float_features.iter().flatten().map(|float| borders(float.borders.as_ref().map(Vec::len)));
    let hots =
        info.categorical_features.iter().flatten().map(|category| borders(category.values.as_ref().map(Vec::len)));
    let mut first: usize = floats.chain(hots).sum();
    let mut all = Vec::new();
    for ctr in info.ctrs.iter().flatten() {
        all.push((first, Statistic::new(ctr, file.ctr_data.as_ref(), control)?));
        first += ctr.borders.len();
    }
    Ok(all)
}

fn without_texts() -> Error {
    Error::data(
        "the CatBoost model does not say the texts of its categories",
        "Save it with the pool it was trained on: save_model(..., format=\"json\", pool=pool).",
    )
}

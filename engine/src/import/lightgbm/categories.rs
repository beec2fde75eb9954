//! What the columns hold, and what the codes of categories stand for.
//!
//! Of a pandas data frame LightGBM keeps the categories of every categorical column, in the order of the columns, but not which columns
//! these are. Most texts say that elsewhere (`categorical_feature` among the parameters); columns of ordered categories are no
//! categories for LightGBM but still have theirs in the list.

use serde_json::Value;

use super::super::{check_categories, Grove, ImportOptions, Kind, Names};
use super::text::value;
use super::wrong;
use crate::control::Control;
use crate::error::{Error, Result};

/// What each column holds, from the header of the text, what comes after the trees, the splits and what the caller says.
pub fn kinds(
    header: &str,
    tail: &str,
    grove: &Grove<'_>,
    names: &[String],
    options: &ImportOptions,
    control: &Control,
) -> Result<Vec<Kind>> {
    let largest = grove.largest_codes(names.len());
    let mut kinds = vec![Kind::Number; names.len()];
    let mut known = vec![false; names.len()];
    for (i, name) in names.iter().enumerate() {
        if let Some(values) = options.categories_of(name) {
            check_categories(name, values.len(), largest[i])?;
            kinds[i] = Kind::Category(Names::Texts(values.to_vec()));
            known[i] = true;
        }
    }
    let lists = pandas_categories(tail, control)?;
    let infos: Vec<&str> = value(header, "feature_infos").unwrap_or_default().split_whitespace().collect();
    let asked = declared(tail, names.len());
    let is_asked = |i: usize| asked.binary_search(&i).is_ok();
    let texts: Vec<Vec<String>> = lists.iter().map(|list| list.iter().map(text).collect()).collect::<Result<_>>()?;
    let given: Vec<Option<&[String]>> = names.iter().map(|name| options.categories_of(name)).collect();
    // Of a column that is no category for LightGBM what the caller says decides; else its numbers must be those of an order.
    let may = |list: usize, i: usize, exact: bool| {
        let count = lists[list].len();
        match given[i] {
            _ if is_asked(i) || largest[i].is_some() => largest[i].is_none_or(|code| (code as usize) < count),
            Some(given) => given == texts[list],
            None => infos.get(i).is_some_and(|info| is_order(info, count, exact)),
        }
    };
    let must = |i: usize| is_asked(i) || largest[i].is_some() || given[i].is_some_and(|g| texts.iter().any(|t| t == g));
    let must: Vec<bool> = (0..names.len()).map(must).collect();
    let found = places(lists.len(), &must, |list, i| may(list, i, true));
    match found.or_else(|| places(lists.len(), &must, |list, i| may(list, i, false))) {
        Some(all) => {
            for ((list, texts), i) in lists.iter().zip(texts).zip(all) {
                if !known[i] {
                    kinds[i] = named(list, texts);
                    known[i] = true;
                }
            }
        }
        None if lists.is_empty() => {}
        None if known.iter().zip(&largest).all(|(known, code)| *known || code.is_none()) => {}
        None => return Err(ambiguous(names, &largest)),
    }
    for i in (0..names.len()).filter(|&i| !known[i] && (largest[i].is_some() || is_asked(i))) {
        kinds[i] = Kind::Category(Names::Codes);
    }
    Ok(kinds)
}

/// Bytes of categories in memory for each of the text at most: a number of one digit and a comma become a value in a list that doubles, and a text.
const GROWTH: usize = 48;

/// The lists of categories behind the trees.
fn pandas_categories(tail: &str, control: &Control) -> Result<Vec<Vec<Value>>> {
    let Some(text) = tail.lines().find_map(|line| line.strip_prefix("pandas_categorical:")) else {
        return Ok(Vec::new());
    };
    control.reserve(text.len().saturating_mul(GROWTH))?;
    let lists: Option<Vec<Vec<Value>>> =
        serde_json::from_str(text.trim()).map_err(|_| wrong("its list of pandas' categories cannot be read"))?;
    Ok(lists.unwrap_or_default())
}

/// The columns that the parameters name as categories.
fn declared(tail: &str, features: usize) -> Vec<usize> {
    let parameter = |line: &'_ str| {
        let line = line.strip_prefix("[categorical_feature:")?;
        Some(line.trim_end_matches(']').trim().to_owned())
    };
    let numbers = tail.lines().find_map(parameter).unwrap_or_default();
    let places = numbers.split(',').map(|word| word.trim().parse::<usize>());
    let places: std::result::Result<Vec<usize>, _> = places.collect();
    let mut places = places.unwrap_or_default();
    places.retain(|place| *place < features);
    places.sort_unstable();
    places
}

/// More pairs of a list and a column are not looked through.
const MOST_WAYS: usize = 1 << 26;

/// The column of each list, in their order, so that every column that must have one does; `None` where more than one way is possible, or none.
fn places(lists: usize, must: &[bool], may: impl Fn(usize, usize) -> bool) -> Option<Vec<usize>> {
    let features = must.len();
    if lists.saturating_mul(features) > MOST_WAYS {
        return None;
    }
    // How many ways there are, up to 2, to give the first lists to the first columns so that every category has one.
    let mut ways = vec![vec![0u8; lists + 1]; features + 1];
    ways[0][0] = 1;
    for i in 0..features {
        for list in 0..=lists {
            let skipped = if must[i] { 0 } else { ways[i][list] };
            let taken = if list > 0 && may(list - 1, i) { ways[i][list - 1] } else { 0 };
            ways[i + 1][list] = (skipped + taken).min(2);
        }
    }
    if ways[features][lists] != 1 {
        return None;
    }
    let (mut at, mut list) = (features, lists);
    let mut found = vec![0; lists];
    while at > 0 && list > 0 {
        at -= 1;
        if may(list - 1, at) && ways[at][list - 1] > 0 {
            list -= 1;
            found[list] = at;
        }
    }
    Some(found)
}

/// Whether a column that is a number can be one of so many ordered categories: whole numbers below that, or no number at all. If `exact`, the last
/// category is there.
fn is_order(info: &str, count: usize, exact: bool) -> bool {
    let Some((low, high)) = range(info) else { return info == "none" };
    let last = count as f64 - 1.0;
    low >= 0.0 && low.fract() == 0.0 && high.fract() == 0.0 && (high == last || high < last && !exact)
}

/// The smallest and the largest number of a column, as its information has them.
pub fn range(info: &str) -> Option<(f64, f64)> {
    let (low, high) = info.strip_prefix('[')?.strip_suffix(']')?.split_once(':')?;
    let range = (low.parse::<f64>().ok()?, high.parse::<f64>().ok()?);
    (range.0.is_finite() && range.1.is_finite()).then_some(range)
}

/// A category as a row has it.
fn text(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        _ => Err(wrong("a category is neither a text nor a number")),
    }
}

/// What a column of these categories holds.
fn named(list: &[Value], texts: Vec<String>) -> Kind {
    if list == [Value::Bool(false), Value::Bool(true)] {
        return Kind::Boolean;
    }
    let is_whole = list.iter().all(|value| value.is_i64() || value.is_u64());
    Kind::Category(if is_whole { Names::Numbers(texts) } else { Names::Texts(texts) })
}

fn ambiguous(names: &[String], largest: &[Option<u32>]) -> Error {
    let columns = names.iter().zip(largest).filter(|(_, code)| code.is_some());
    let columns: Vec<String> = columns.map(|(name, _)| format!("\"{name}\"")).take(100).collect();
    Error::InvalidData {
        message: "it is not certain which columns the lists of pandas' categories belong to".to_owned(),
        detail: format!("The columns that are asked for categories are {}.", columns.join(", ")),
        hint: "Give them in option \"categories\": {\"column\": [\"first\", \"second\"]}.".to_owned(),
    }
}

//! What the columns hold, and what the codes of categories stand for.

use super::super::{check_categories, Grove, ImportOptions, Kind, Names};
use super::document::{Categories, Encoded};
use super::wrong;
use crate::error::{Error, Result};

/// What each column holds, from the document, the splits and what the caller says.
pub fn kinds(
    categories: Option<&Categories>,
    types: &[String],
    grove: &Grove<'_>,
    names: &[String],
    options: &ImportOptions,
) -> Result<Vec<Kind>> {
    let largest = grove.largest_codes(names.len());
    let kind = |(i, name): (usize, &String)| {
        let named = match options.categories_of(name) {
            Some(values) => Some(Names::Texts(values.to_vec())),
            None => categories.and_then(|c| c.enc.get(i)).map_or(Ok(None), |encoded| texts(encoded, name))?,
        };
        let kind = types.get(i).map(String::as_str);
        match named {
            Some(named) => {
                if let Names::Texts(names) | Names::Numbers(names) = &named {
                    check_categories(name, names.len(), largest[i])?;
                }
                Ok(Kind::Category(named))
            }
            None if kind == Some("c") || largest[i].is_some() => Ok(Kind::Category(Names::Codes)),
            // So XGBoost calls the truth values of pandas.
            None if kind == Some("i") => Ok(Kind::Boolean),
            None => Ok(Kind::Number),
        }
    };
    names.iter().enumerate().map(kind).collect()
}

/// The categories that the document has of a column; `None` where it has none.
fn texts(encoded: &Encoded, name: &str) -> Result<Option<Names>> {
    let Some(offsets) = &encoded.offsets else {
        let numbers = encoded.values.iter().map(i64::to_string).collect();
        return Ok(Some(Names::Numbers(numbers)));
    };
    if offsets.is_empty() {
        return Ok(None);
    }
    let bytes: Option<Vec<u8>> = encoded.values.iter().map(|&byte| u8::try_from(byte & 0xff).ok()).collect();
    let bytes = bytes.unwrap_or_default();
    if !bytes.is_ascii() {
        // XGBoost 3.1 and 3.2 count letters where they mean bytes, so what such texts were is lost.
        return Err(Error::data(
            format!("the categories of column \"{name}\" are not kept exactly, as they have letters beyond ASCII"),
            format!(
                "Give them, in the order of the training: \"categories\": {{\"{name}\": [\"first\", \"second\"]}}."
            ),
        ));
    }
    let part = |pair: &[i64]| {
        let (from, to) = (usize::try_from(pair[0]).ok()?, usize::try_from(pair[1]).ok()?);
        std::str::from_utf8(bytes.get(from..to)?).ok().map(str::to_owned)
    };
    let texts: Option<Vec<String>> = offsets.windows(2).map(part).collect();
    texts
        .map(|texts| Some(Names::Texts(texts)))
        .ok_or_else(|| wrong("the categories of a feature do not hold together"))
}

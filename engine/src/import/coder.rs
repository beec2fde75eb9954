//! From the codes of categories to the bits of sets.

use super::grove::place;
use super::{Column, Kind, Names};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{CategorySet, Trees};

/// Give a split a set with a bit for every level of its column and one for all other values; the first word of the set.
pub fn new_set(trees: &mut Trees, control: &Control, node: usize, coder: &Coder, bit: bool) -> Result<usize> {
    let (start, last) = (trees.words.len(), coder.levels.len());
    let words = last / 64 + 1;
    control.room(&mut trees.words, words)?;
    trees.words.resize(start + words, if bit { u64::MAX } else { 0 });
    trees.words[start + words - 1] &= u64::MAX >> (63 - last % 64);
    trees.threshold[node] = 0.0;
    control.room(&mut trees.sets, 1)?;
    trees.sets.push(CategorySet { start: place(start)?, len: place(words)? });
    trees.set[node] = place(trees.sets.len())?;
    Ok(start)
}

/// Say whether a place is in a set.
pub fn set_bit(words: &mut [u64], place: usize, bit: bool) {
    let mask = 1 << (place % 64);
    match bit {
        true => words[place / 64] |= mask,
        false => words[place / 64] &= !mask,
    }
}

/// From the codes of a column to places among its levels.
pub struct Coder {
    pub is_category: bool,
    pub is_boolean: bool,
    /// The levels in C order.
    pub levels: Vec<String>,
    /// The known codes, ascending.
    codes: Vec<u32>,
    /// The place of each.
    places: Vec<u32>,
}

impl Coder {
    /// Of a column, for which the splits list these codes.
    pub fn new(column: &Column, listed: Vec<u32>) -> Result<Coder> {
        let plain = |is_boolean| Coder {
            is_category: false,
            is_boolean,
            levels: Vec::new(),
            codes: Vec::new(),
            places: Vec::new(),
        };
        let named = match &column.kind {
            Kind::Number => return Ok(plain(false)),
            Kind::Boolean => return Ok(plain(true)),
            Kind::Category(Names::Texts(names) | Names::Numbers(names)) => {
                (0..names.len() as u32).zip(names.iter().cloned()).collect()
            }
            Kind::Category(Names::Codes) => listed.into_iter().map(|code| (code, code.to_string())).collect(),
        };
        let mut named: Vec<(u32, String)> = named;
        named.sort_by(|a, b| a.1.cmp(&b.1));
        if let Some(twice) = named.windows(2).find(|pair| pair[0].1 == pair[1].1) {
            return Err(Error::data(
                format!("column \"{}\" has the category \"{}\" twice", column.name, twice[0].1),
                "Name each category once in option \"categories\".",
            ));
        }
        let mut order: Vec<(u32, u32)> = named.iter().zip(0..).map(|((code, _), place)| (*code, place)).collect();
        order.sort_unstable();
        let (codes, places) = order.into_iter().unzip();
        let levels = named.into_iter().map(|(_, name)| name).collect();
        Ok(Coder { is_category: true, is_boolean: false, levels, codes, places })
    }

    /// The place of a code; `None` for one that is not known.
    pub fn place(&self, code: u32) -> Option<usize> {
        self.codes.binary_search(&code).ok().map(|at| self.places[at] as usize)
    }

    /// Every code with its place.
    pub fn places(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.codes.iter().zip(&self.places).map(|(code, place)| (*code, *place as usize))
    }
}

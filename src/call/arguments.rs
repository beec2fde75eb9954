//! Arguments as a row: one argument a column.

use orchard_engine::score::{Key, Scorer};
use pgrx::pg_sys::{Datum, NullableDatum};

use super::cleaned::RawRow;
use super::site::Slots;
use super::slot::Slot;
use crate::source::types::{self, Reader, Text};

/// How the arguments of a call become a row, sorted by what is to be done, so that a row costs no decisions. Columns that no split
/// looks at are not read.
pub struct Arguments {
    /// Numbers that need no conversion.
    numbers: Vec<Place>,
    /// Numbers of another type.
    converted: Vec<(Place, Reader)>,
    /// Texts, those of many levels first: the processor goes on while it waits for their memory.
    texts: Vec<Place>,
    /// Argument and slot of the others.
    others: Vec<(usize, Slot)>,
    /// Those that the model cleans.
    raw: Option<RawRow>,
    /// The features of the others, and of what the model cleans.
    other_features: Vec<usize>,
    /// Those that are the same in every row, until the first row has them.
    constants: Vec<(usize, Slot)>,
    /// Whether some argument is the same in every row.
    has_constants: bool,
    /// By feature, where the scorer takes keys.
    keys: Vec<Key>,
}

/// Rows that are scored together.
pub struct Block {
    /// What stands in every row, and room for one.
    pub row: Vec<f64>,
    /// By feature, a number a row.
    pub columns: Vec<Vec<f64>>,
    /// By text, a hash a row.
    hashes: Vec<Vec<u64>>,
}

/// A column whose value is one feature.
#[derive(Clone, Copy)]
struct Place {
    argument: usize,
    feature: usize,
}

impl Arguments {
    /// For a slot an argument, `None` for one that the model cleans, and whether that is a constant.
    pub fn new(scorer: &Scorer, slots: Slots, raw: Option<RawRow>) -> Arguments {
        let features = scorer.model().features.len();
        let (mut numbers, mut converted, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        let (mut others, mut constants) = (Vec::new(), Vec::new());
        for (argument, (slot, constant)) in slots.into_iter().enumerate() {
            let Some(slot) = slot.filter(|slot| slot.is_used(scorer)) else { continue };
            if constant {
                constants.push((argument, slot));
            } else if let Some((feature, reader)) = slot.plain_number() {
                match reader {
                    Reader::Float8 => numbers.push(Place { argument, feature }),
                    reader => converted.push((Place { argument, feature }, reader)),
                }
            } else if let Some(feature) = slot.plain_text() {
                texts.push(Place { argument, feature });
            } else {
                others.push((argument, slot));
            }
        }
        texts.sort_by_key(|place| !scorer.is_far(place.feature));
        let cleaned = raw.iter().flat_map(|raw| raw.features().iter().copied());
        let other_features = others.iter().flat_map(|(_, slot)| slot.features()).chain(cleaned).collect();
        let keys = if scorer.takes_keys() { vec![Scorer::missing_key(); features] } else { Vec::new() };
        let has_constants = !constants.is_empty();
        Arguments { numbers, converted, texts, others, raw, other_features, constants, has_constants, keys }
    }

    /// A block for as many rows.
    pub fn block(&self, scorer: &Scorer, rows: usize) -> Block {
        let features = scorer.model().features.len();
        Block {
            row: vec![f64::NAN; features],
            columns: vec![vec![f64::NAN; rows]; features],
            hashes: vec![vec![Scorer::MISSING_HASH; rows]; self.texts.len()],
        }
    }

    /// Put the arguments into row `r` of a block, all but the places of texts, for which [`Arguments::find`] looks.
    ///
    /// # Safety
    /// `args` are the arguments the slots were made for. May longjmp; no value with a destructor may be alive in the callers.
    #[inline]
    pub unsafe fn put(&mut self, scorer: &Scorer, block: &mut Block, r: usize, args: &[NullableDatum]) {
        if !self.constants.is_empty() {
            self.put_constants(scorer, &mut block.row, args);
            // As the other features of the row are still missing, every column may have them.
            block.columns.iter_mut().zip(&block.row).for_each(|(column, cell)| column.fill(*cell));
        }
        self.put_others(scorer, &mut block.row, args);
        for &feature in &self.other_features {
            block.columns[feature][r] = block.row[feature];
        }
        for (place, hashes) in self.texts.iter().zip(&mut block.hashes) {
            let arg = &args[place.argument];
            hashes[r] = if arg.isnull {
                Scorer::MISSING_HASH
            } else {
                text(arg.value, |bytes| scorer.category_hash(place.feature, bytes))
            };
        }
        for place in &self.numbers {
            block.columns[place.feature][r] = number(&args[place.argument]);
        }
        for (place, reader) in &self.converted {
            block.columns[place.feature][r] = converted(*reader, &args[place.argument]);
        }
    }

    /// Find the texts of the first rows of a block.
    pub fn find(&self, scorer: &Scorer, block: &mut Block, rows: usize) {
        for (place, hashes) in self.texts.iter().zip(&block.hashes) {
            let cells = block.columns[place.feature].iter_mut().zip(hashes).take(rows);
            cells.for_each(|(cell, hash)| *cell = scorer.category_of(place.feature, *hash));
        }
    }

    /// Score a row.
    ///
    /// # Safety
    /// `args` are the arguments the slots were made for. May longjmp; no value with a destructor may be alive in the callers.
    #[inline]
    #[cfg_attr(target_os = "linux", link_section = "orchard_row")]
    pub unsafe fn predict(&mut self, scorer: &Scorer, row: &mut [f64], out: &mut [f64], args: &[NullableDatum]) {
        if !self.constants.is_empty() {
            self.put_constants(scorer, row, args);
        }
        self.put_others(scorer, row, args);
        if scorer.takes_keys() {
            for &feature in &self.other_features {
                self.keys[feature] = scorer.key(feature, row[feature]);
            }
            self.put_keys(scorer, args);
            scorer.predict_keys(&self.keys, out);
        } else {
            self.put_values(scorer, row, args);
            scorer.predict(row, out);
        }
    }

    /// Put the arguments into a row.
    ///
    /// # Safety
    /// As for [`Arguments::predict`].
    pub unsafe fn put_row(&mut self, scorer: &Scorer, row: &mut [f64], args: &[NullableDatum]) {
        if !self.constants.is_empty() {
            self.put_constants(scorer, row, args);
        }
        self.put_others(scorer, row, args);
        self.put_values(scorer, row, args);
    }

    /// What the model cleans.
    pub fn raw(&self) -> Option<&RawRow> {
        self.raw.as_ref()
    }

    /// # Safety
    /// As for [`Arguments::predict`].
    #[inline]
    unsafe fn put_others(&mut self, scorer: &Scorer, row: &mut [f64], args: &[NullableDatum]) {
        for (argument, slot) in &mut self.others {
            let arg = &args[*argument];
            slot.put(scorer, row, if arg.isnull { None } else { Some(arg.value) });
        }
        if let Some(raw) = &mut self.raw {
            raw.put(scorer, row, |place| (!args[place].isnull).then(|| args[place].value));
        }
    }

    /// Put the constants into the row, where they stay.
    ///
    /// # Safety
    /// As for [`Arguments::predict`].
    #[cold]
    unsafe fn put_constants(&mut self, scorer: &Scorer, row: &mut [f64], args: &[NullableDatum]) {
        for (argument, slot) in &mut self.constants {
            let arg = &args[*argument];
            slot.put(scorer, row, if arg.isnull { None } else { Some(arg.value) });
            if scorer.takes_keys() {
                slot.features().for_each(|feature| self.keys[feature] = scorer.key(feature, row[feature]));
            }
        }
        self.constants.clear();
    }

    /// Make ready for another statement; false where that needs new arguments.
    #[cfg_attr(target_os = "linux", link_section = "orchard_row")]
    pub fn renew(&mut self) -> bool {
        // Labels of an enum can have been renamed.
        self.others.iter_mut().for_each(|(_, slot)| slot.forget_labels());
        self.raw.iter_mut().for_each(RawRow::forget_labels);
        !self.has_constants
    }

    /// # Safety
    /// As for [`Arguments::predict`].
    #[inline]
    unsafe fn put_keys(&mut self, scorer: &Scorer, args: &[NullableDatum]) {
        for place in &self.texts {
            let (arg, key) = (&args[place.argument], &mut self.keys[place.feature]);
            if arg.isnull {
                *key = Scorer::missing_key();
            } else {
                text(arg.value, |bytes| scorer.set_category_key(place.feature, bytes, key));
            }
        }
        for place in &self.numbers {
            self.keys[place.feature] = Scorer::number_key(number(&args[place.argument]));
        }
        for (place, reader) in &self.converted {
            self.keys[place.feature] = Scorer::number_key(converted(*reader, &args[place.argument]));
        }
    }

    /// # Safety
    /// As for [`Arguments::predict`].
    #[inline]
    unsafe fn put_values(&mut self, scorer: &Scorer, row: &mut [f64], args: &[NullableDatum]) {
        for place in &self.texts {
            let arg = &args[place.argument];
            row[place.feature] =
                if arg.isnull { f64::NAN } else { text(arg.value, |bytes| scorer.category(place.feature, bytes)) };
        }
        for place in &self.numbers {
            row[place.feature] = number(&args[place.argument]);
        }
        for (place, reader) in &self.converted {
            row[place.feature] = converted(*reader, &args[place.argument]);
        }
    }
}

/// A number that needs no conversion; NaN is missing.
#[inline]
fn number(arg: &NullableDatum) -> f64 {
    if arg.isnull {
        f64::NAN
    } else {
        f64::from_bits(arg.value.value() as u64)
    }
}

/// A number of another type.
///
/// # Safety
/// The argument is of the type of the reader. May longjmp.
#[inline]
unsafe fn converted(reader: Reader, arg: &NullableDatum) -> f64 {
    if arg.isnull {
        f64::NAN
    } else {
        types::number(reader, arg.value)
    }
}

/// Hand the bytes of a text to `take`.
///
/// # Safety
/// `datum` is a non-null text. May longjmp before `take` is called, never after; `take` must not keep the bytes.
#[inline(always)]
unsafe fn text<T>(datum: Datum, take: impl FnOnce(&[u8]) -> T) -> T {
    // One call of `take`, so that it is compiled into the loop.
    let (bytes, long) = match types::short_text(datum) {
        Some(bytes) => (bytes, None),
        None => {
            let text = long(datum);
            (text.bytes(), Some(text))
        }
    };
    let out = take(bytes);
    if let Some(text) = long {
        text.free();
    }
    out
}

/// # Safety
/// As for [`text`].
#[cold]
unsafe fn long(datum: Datum) -> Text {
    Text::of(datum)
}

//! Columns as keys: which rows have the same value.

use hashbrown::hash_table::Entry;
use hashbrown::HashTable;

use super::{mix, ColumnData, MISSING};
use crate::control::Control;
use crate::error::{Error, Result};

/// Rows between two looks for a cancel.
const LOOK: usize = 1 << 16;

/// The codes of a column's rows, which are the same where the values are.
#[derive(Debug)]
pub struct Keys {
    /// The code of each row; [`MISSING`] where there is no value.
    pub codes: Vec<u32>,
    /// The number of different values.
    pub count: usize,
}

impl Keys {
    /// The keys of a column; 0 and -0 are the same.
    pub fn of(column: &ColumnData, control: &Control) -> Result<Keys> {
        let look = |row: usize| if row.is_multiple_of(LOOK) { control.check() } else { Ok(()) };
        match column {
            ColumnData::Category { codes, dictionary } => {
                let mut all = control.vec(codes.len())?;
                for (row, code) in codes.iter().enumerate() {
                    look(row)?;
                    all.push(code);
                }
                Ok(Keys { codes: all, count: dictionary.len() })
            }
            ColumnData::Number(numbers) => {
                let mut all = control.vec(numbers.len())?;
                let mut distinct: Vec<u64> = Vec::new();
                let mut table: HashTable<u32> = HashTable::new();
                let mut counted = 0;
                for (row, number) in numbers.iter().enumerate() {
                    look(row)?;
                    if number.is_nan() {
                        all.push(MISSING);
                        continue;
                    }
                    let bits = (number + 0.0).to_bits();
                    if table.len() == table.capacity() {
                        let more = table.len().max(1024);
                        // An entry takes five bytes, with as much free again.
                        control.reserve(more * 10)?;
                        counted += more * 10;
                        table
                            .try_reserve(more, |&code| hash(distinct[code as usize]))
                            .map_err(|_| Error::OutOfMemory { needed: more * 10, limit: control.left() })?;
                    }
                    let entry = table.entry(
                        hash(bits),
                        |&code| distinct[code as usize] == bits,
                        |&code| hash(distinct[code as usize]),
                    );
                    let code = match entry {
                        Entry::Occupied(entry) => *entry.get(),
                        Entry::Vacant(entry) => {
                            let code = distinct.len() as u32;
                            if code == MISSING {
                                return Err(Error::data(
                                    "a column has more than four billion values",
                                    "Read fewer rows.",
                                ));
                            }
                            entry.insert(code);
                            control.room(&mut distinct, 1)?;
                            distinct.push(bits);
                            code
                        }
                    };
                    all.push(code);
                }
                let count = distinct.len();
                control.release(counted);
                control.release_vec(distinct);
                Ok(Keys { codes: all, count })
            }
        }
    }
}

fn hash(bits: u64) -> u64 {
    mix(bits, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;

    #[test]
    fn equal_values_have_equal_keys() {
        let control = Control::default();
        let numbers = Column::from_numbers("n", &[0.0, 7.5, -0.0, f64::NAN, 7.5, f64::INFINITY], &control).unwrap();
        let keys = Keys::of(&numbers.data, &control).unwrap();
        assert_eq!((keys.codes, keys.count), (vec![0, 1, 0, MISSING, 1, 2], 3));
        let texts = Column::from_texts("t", &[Some("b"), None, Some("a"), Some("b")], &control).unwrap();
        let keys = Keys::of(&texts.data, &control).unwrap();
        assert_eq!((keys.codes, keys.count), (vec![0, MISSING, 1, 0], 2));
        let many: Vec<f64> = (0..200_000).map(|i| f64::from(i % 70_000) * 0.25).collect();
        let keys = Keys::of(&Column::from_numbers("m", &many, &control).unwrap().data, &control).unwrap();
        assert_eq!(keys.count, 70_000);
        assert!((0..70_000).all(|i| keys.codes[i] == i as u32 && keys.codes[i] == keys.codes[i + 70_000]));
    }
}

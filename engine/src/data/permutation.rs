//! The rows of a table brought into another order, so that what is then read in that order lies one after the other.

use bytemuck::Pod;
use rayon::prelude::*;

use super::{Chunked, Column, ColumnData, Numbers, Table, CHUNK};
use crate::control::Control;
use crate::error::{Error, Result};

/// Another order of rows. It is taken in two steps, as places all over a column are slow to write: the rows of each chunk-to-be are brought
/// together in the order they had, and then sorted within the chunk, which stays near.
#[derive(Debug)]
pub struct Permutation {
    /// The chunk that each row goes to.
    chunks: Vec<u16>,
    /// The places within their chunk of the rows that go there, chunk by chunk, in the order they had.
    places: Vec<u16>,
}

impl Permutation {
    /// The rows of all parts one after the other, which are all the rows there are, each once; `None` where they are not, or too many.
    pub fn of(parts: &[&[u32]], rows: usize, control: &Control) -> Result<Option<Permutation>> {
        let is_all = parts.iter().map(|part| part.len()).sum::<usize>() == rows;
        if !is_all || rows.div_ceil(CHUNK) > usize::from(u16::MAX) {
            return Ok(None);
        }
        let mut to: Vec<u32> = control.filled(rows, u32::MAX)?;
        for (place, &row) in parts.iter().copied().flatten().enumerate() {
            if place % CHUNK == 0 {
                control.check()?;
            }
            to[row as usize] = place as u32;
        }
        if to.contains(&u32::MAX) {
            control.release_vec(to);
            return Ok(None);
        }
        let mut chunks: Vec<u16> = control.vec(rows)?;
        chunks.extend(to.iter().map(|place| (*place as usize / CHUNK) as u16));
        let mut places: Vec<u16> = control.filled(rows, 0)?;
        let mut next = firsts(rows);
        for (place, &chunk) in to.iter().zip(&chunks) {
            let next = &mut next[usize::from(chunk)];
            places[*next] = (*place as usize % CHUNK) as u16;
            *next += 1;
        }
        control.release_vec(to);
        Ok(Some(Permutation { chunks, places }))
    }

    /// Give the memory back.
    pub fn release(self, control: &Control) {
        control.release_vec(self.chunks);
        control.release_vec(self.places);
    }

    fn apply<T: Pod>(&self, values: &mut Chunked<T>, room: &mut [u64], control: &Control) -> Result<()> {
        let room: &mut [T] = &mut bytemuck::cast_slice_mut(room)[..self.chunks.len()];
        let mut next = firsts(room.len());
        for (c, chunks) in self.chunks.chunks(CHUNK).enumerate() {
            control.check()?;
            for (value, &chunk) in values.chunk(c).iter().zip(chunks) {
                let next = &mut next[usize::from(chunk)];
                room[*next] = *value;
                *next += 1;
            }
        }
        for (c, (room, places)) in room.chunks(CHUNK).zip(self.places.chunks(CHUNK)).enumerate() {
            control.check()?;
            let chunk = values.chunk_mut(c);
            room.iter().zip(places).for_each(|(value, place)| chunk[usize::from(*place)] = *value);
        }
        Ok(())
    }
}

/// The first row of each chunk.
fn firsts(rows: usize) -> Vec<usize> {
    (0..rows).step_by(CHUNK).collect()
}

impl Table {
    /// Bring the rows of all columns into another order. Takes 8 bytes a row for each thread that works on columns.
    pub fn permute(&mut self, order: &Permutation, control: &Control) -> Result<()> {
        let rows = self.rows;
        // Columns that something else was made of are empty.
        let is_other = |column: &Column| !column.is_empty() && column.len() != rows;
        if order.chunks.len() != rows || self.columns.iter().any(is_other) {
            return Err(Error::Internal("an order is of other rows".into()));
        }
        let columns = self.columns.len().div_ceil(rayon::current_num_threads()).max(1);
        self.columns.par_chunks_mut(columns).try_for_each(|columns| {
            let mut room: Vec<u64> = control.zeroed(rows)?;
            let permute = |column: &mut Column| match &mut column.data {
                ColumnData::Number(Numbers::Bytes(values)) => order.apply(values, &mut room, control),
                ColumnData::Number(Numbers::Wide(values)) => order.apply(values, &mut room, control),
                ColumnData::Category { codes, .. } => order.apply(codes, &mut room, control),
            };
            columns.iter_mut().filter(|column| !column.is_empty()).try_for_each(permute)?;
            control.release_vec(room);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_into_the_order() {
        let control = Control::default();
        let n = 2 * CHUNK + 77;
        let wide: Vec<f64> = (0..n).map(|i| i as f64 + 0.5).collect();
        let bytes: Vec<f64> = (0..n).map(|i| (i % 200) as f64).collect();
        let texts: Vec<String> = (0..n).map(|i| (i % 777).to_string()).collect();
        let texts: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
        let columns = vec![
            Column::from_numbers("a", &wide, &control).unwrap(),
            Column::from_numbers("b", &bytes, &control).unwrap(),
            Column::from_texts("c", &texts, &control).unwrap(),
        ];
        let mut table = Table { rows: n, columns };
        table.columns.push(Column::number("d"));
        let before = control.used();
        // 7 and the number of rows have no divisor in common.
        let order: Vec<u32> = (0..n).map(|i| ((i * 7 + 3) % n) as u32).collect();
        let of = |parts: &[&[u32]]| Permutation::of(parts, n, &control).unwrap();
        let permutation = of(&[&order[..1000], &order[1000..]]).unwrap();
        table.permute(&permutation, &control).unwrap();
        permutation.release(&control);
        assert!(of(&[&order[1..]]).is_none() && of(&[&order[1..], &order[1..2]]).is_none());
        assert_eq!(control.used(), before);
        for (i, &row) in order.iter().enumerate() {
            let row = row as usize;
            let [ColumnData::Number(a), ColumnData::Number(b), ColumnData::Category { codes, dictionary }] =
                [0, 1, 2].map(|c| &table.columns[c].data)
            else {
                panic!("other columns");
            };
            assert_eq!((a.get(i), b.get(i)), (wide[row], bytes[row]));
            assert_eq!(dictionary.text(codes.get(i)), texts[row].unwrap().as_bytes());
        }
    }
}

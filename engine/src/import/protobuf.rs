//! The wire format of protocol buffers, read where it lies.
//!
//! A message is a run of fields, each a number and a value; what a field means is for the caller to say. Nothing is allocated and
//! nothing recurses, so no bytes can make it take more than they are: generated code, which first makes a tree of objects of the
//! whole message, takes up to a hundred times that. See <https://protobuf.dev/programming-guides/encoding/>.

use crate::error::{Error, Result};

/// The value of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    /// An integer, a truth value or an enum.
    Varint(u64),
    /// Eight bytes.
    Wide([u8; 8]),
    /// A text, bytes, a message, or packed numbers.
    Bytes(&'a [u8]),
    /// Four bytes.
    Narrow([u8; 4]),
}

impl<'a> Value<'a> {
    /// The bytes of a field of bytes, else none.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Value::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// The text of a field of text; empty for any other.
    pub fn text(self) -> Result<&'a str> {
        std::str::from_utf8(self.bytes()).map_err(|_| damaged("a text is not UTF-8"))
    }

    /// The integer of a field of integers; 0 for any other.
    pub fn integer(self) -> i64 {
        match self {
            Value::Varint(value) => value as i64,
            _ => 0,
        }
    }
}

/// The fields of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// Of the bytes of a message.
    pub fn of(bytes: &'a [u8]) -> Fields<'a> {
        Fields(bytes)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>)> {
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Varint(varint(&mut self.0)?),
            1 => Value::Wide(fixed(&mut self.0)?),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| short())?;
                Value::Bytes(take(&mut self.0, length)?)
            }
            5 => Value::Narrow(fixed(&mut self.0)?),
            _ => return Err(damaged("a field is of a kind that is not there")),
        };
        Ok((key >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Call `each` for the integers of a field, which may be one or packed.
pub(super) fn integers(value: Value, mut each: impl FnMut(i64) -> Result<()>) -> Result<()> {
    match value {
        Value::Varint(value) => each(value as i64),
        Value::Bytes(mut packed) => {
            while !packed.is_empty() {
                each(varint(&mut packed)? as i64)?;
            }
            Ok(())
        }
        _ => Err(damaged("a number is of a kind that does not fit")),
    }
}

/// Call `each` for the floats of a field, or for its doubles, which may be one or packed.
pub(super) fn reals(value: Value, wide: bool, mut each: impl FnMut(f64) -> Result<()>) -> Result<()> {
    match value {
        Value::Narrow(bytes) if !wide => each(f32::from_le_bytes(bytes).into()),
        Value::Wide(bytes) if wide => each(f64::from_le_bytes(bytes)),
        Value::Bytes(mut packed) => {
            while !packed.is_empty() {
                each(if wide {
                    f64::from_le_bytes(fixed(&mut packed)?)
                } else {
                    f32::from_le_bytes(fixed(&mut packed)?).into()
                })?;
            }
            Ok(())
        }
        _ => Err(damaged("a number is of a kind that does not fit")),
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let [byte] = fixed::<1>(bytes)?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(damaged("a number has too many bytes"))
}

fn fixed<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk::<N>().ok_or_else(short)?;
    *bytes = rest;
    Ok(*first)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let (first, rest) = bytes.split_at_checked(length).ok_or_else(short)?;
    *bytes = rest;
    Ok(first)
}

fn short() -> Error {
    damaged("a part is longer than the whole")
}

fn damaged(what: &str) -> Error {
    Error::data(format!("the bytes are no ONNX model: {what}"), "Give the bytes that SerializeToString returns.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_every_kind_are_read() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 2, b'h', b'i', 0x1d, 0, 0, 0x80, 0x3f, 0x21, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f];
        let fields: Vec<_> = Fields::of(&bytes).collect::<Result<_>>().expect("fields");
        assert_eq!(fields[0], (1, Value::Varint(150)));
        assert_eq!(fields[1], (2, Value::Bytes(b"hi")));
        assert_eq!(fields[2], (3, Value::Narrow(1f32.to_le_bytes())));
        assert_eq!(fields[3], (4, Value::Wide(1f64.to_le_bytes())));
    }

    #[test]
    fn what_ends_early_is_an_error() {
        for bytes in [&[0x08][..], &[0x08, 0x80], &[0x12, 5, 1], &[0x1d, 0, 0], &[0x0b], &[0xff; 12]] {
            assert!(Fields::of(bytes).any(|field| field.is_err()), "{bytes:?}");
        }
    }
}

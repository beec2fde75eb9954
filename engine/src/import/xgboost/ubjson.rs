//! UBJSON (draft 12) as XGBoost writes it, for serde: lists of numbers of one type and counted lists, big endian.

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};

/// Objects and lists inside each other.
const DEEPEST: u32 = 64;

/// What is wrong with the bytes.
#[derive(Debug)]
pub struct Broken(String);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

impl de::Error for Broken {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Broken(what.to_string())
    }
}

type Result<T> = std::result::Result<T, Broken>;

fn broken<T>(what: &str) -> Result<T> {
    Err(Broken(what.to_owned()))
}

/// The value of bytes.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut reader = Reader { bytes, depth: 0 };
    let value = T::deserialize(Value { reader: &mut reader, marker: None })?;
    match reader.bytes {
        [] => Ok(value),
        _ => broken("bytes are left over"),
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    depth: u32,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        match self.bytes.split_at_checked(count) {
            Some((taken, rest)) => {
                self.bytes = rest;
                Ok(taken)
            }
            None => broken("the bytes end too early"),
        }
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.take(N)?.try_into().map_err(|_| Broken("the bytes end too early".to_owned()))
    }

    /// The marker of the next value; one that says nothing is passed by.
    fn marker(&mut self) -> Result<u8> {
        loop {
            match self.byte()? {
                b'N' => {}
                marker => return Ok(marker),
            }
        }
    }

    fn integer(&mut self, marker: u8) -> Result<i64> {
        match marker {
            b'i' => Ok(i64::from(self.byte()? as i8)),
            b'U' => Ok(i64::from(self.byte()?)),
            b'I' => Ok(i64::from(i16::from_be_bytes(self.array()?))),
            b'l' => Ok(i64::from(i32::from_be_bytes(self.array()?))),
            b'L' => Ok(i64::from_be_bytes(self.array()?)),
            _ => broken("a length is not an integer"),
        }
    }

    fn length(&mut self) -> Result<usize> {
        let marker = self.byte()?;
        usize::try_from(self.integer(marker)?).map_err(|_| Broken("a length is below 0".to_owned()))
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Broken("a text is not UTF-8".to_owned()))
    }

    fn next_is(&mut self, byte: u8) -> bool {
        let found = self.bytes.first() == Some(&byte);
        if found {
            self.bytes = &self.bytes[1..];
        }
        found
    }

    /// What stands at the beginning of a list or object: the type of all values, and their number.
    fn opening(&mut self) -> Result<Opening> {
        let marker = if self.next_is(b'$') { Some(self.byte()?) } else { None };
        let left = if self.next_is(b'#') { Some(self.length()?) } else { None };
        match (marker, left) {
            (Some(_), None) => broken("a list of one type has no length"),
            // Others take no bytes, and a length would cost nothing.
            (Some(b'i' | b'U' | b'I' | b'l' | b'L' | b'd' | b'D' | b'S' | b'C' | b'[' | b'{') | None, left) => {
                Ok(Opening { marker, left })
            }
            _ => broken("a list is of a type that takes no bytes"),
        }
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEEPEST {
            return broken("it is nested too deep");
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }
}

struct Opening {
    marker: Option<u8>,
    left: Option<usize>,
}

/// A value whose marker is known or comes next.
struct Value<'r, 'a> {
    reader: &'r mut Reader<'a>,
    marker: Option<u8>,
}

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = Broken;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let reader = self.reader;
        let marker = self.marker.map_or_else(|| reader.marker(), Ok)?;
        match marker {
            b'Z' => visitor.visit_unit(),
            b'T' => visitor.visit_bool(true),
            b'F' => visitor.visit_bool(false),
            b'd' => visitor.visit_f32(f32::from_be_bytes(reader.array()?)),
            b'D' => visitor.visit_f64(f64::from_be_bytes(reader.array()?)),
            b'C' => visitor.visit_char(char::from(reader.byte()?)),
            b'S' | b'H' => visitor.visit_borrowed_str(reader.text()?),
            b'[' => reader.nested(|reader| {
                let opening = reader.opening()?;
                let mut items = Items { reader, opening };
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }),
            b'{' => reader.nested(|reader| {
                let opening = reader.opening()?;
                let mut members = Members(Items { reader, opening });
                let value = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(value)
            }),
            marker => {
                visitor.visit_i64(reader.integer(marker).map_err(|_| Broken("a value has no known type".to_owned()))?)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let marker = self.marker.map_or_else(|| self.reader.marker(), Ok)?;
        match marker {
            b'Z' => visitor.visit_none(),
            marker => visitor.visit_some(Value { reader: self.reader, marker: Some(marker) }),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The values of a list.
struct Items<'r, 'a> {
    reader: &'r mut Reader<'a>,
    opening: Opening,
}

impl Items<'_, '_> {
    /// Whether another value comes; where the number is not known, `close` ends.
    fn more(&mut self, close: u8) -> bool {
        match &mut self.opening.left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None if self.reader.next_is(close) => {
                self.opening.left = Some(0);
                false
            }
            None => true,
        }
    }

    fn end(&mut self) -> Result<()> {
        match self.opening.left {
            Some(0) => Ok(()),
            _ => broken("a list or object has more in it than is read"),
        }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Broken;

    fn next_element_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if !self.more(b']') {
            return Ok(None);
        }
        seed.deserialize(Value { reader: self.reader, marker: self.opening.marker }).map(Some)
    }
}

/// The members of an object.
struct Members<'r, 'a>(Items<'r, 'a>);

impl Members<'_, '_> {
    fn end(&mut self) -> Result<()> {
        self.0.end()
    }
}

impl<'de> MapAccess<'de> for &mut Members<'_, 'de> {
    type Error = Broken;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if !self.0.more(b'}') {
            return Ok(None);
        }
        let key = self.0.reader.text()?;
        seed.deserialize(de::value::BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<T: de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        seed.deserialize(Value { reader: self.0.reader, marker: self.0.opening.marker })
    }
}

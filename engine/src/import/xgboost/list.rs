//! Lists whose growth is counted while a document is read.
//!
//! serde hands no caller's data down to what it makes, so the bytes that are left stand with the thread.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};

use crate::control::Control;
use crate::error::Result;

/// Bytes that lists hold, that they may hold, and that one of them needed beyond.
#[derive(Debug, Clone, Copy, Default)]
struct Bytes {
    used: usize,
    limit: usize,
    needed: usize,
}

thread_local! {
    static BYTES: Cell<Bytes> = const { Cell::new(Bytes { used: 0, limit: 0, needed: 0 }) };
}

/// Read something of lists; the bytes of what was read are counted against `control`, and are the caller's to release.
pub fn counted<T>(control: &Control, read: impl FnOnce() -> Result<T>) -> Result<(T, usize)> {
    BYTES.set(Bytes { used: 0, limit: control.left(), needed: 0 });
    let value = read();
    let bytes = BYTES.take();
    if bytes.needed > 0 {
        // Fails, as there is no room for it.
        control.reserve(bytes.needed)?;
        control.release(bytes.needed);
    }
    let value = value?;
    control.reserve(bytes.used)?;
    Ok((value, bytes.used))
}

/// A list.
pub struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> List<T> {
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

/// Make room for one more, counted first. While a vector moves both its places are there.
fn room<T>(values: &mut Vec<T>) -> bool {
    if values.len() < values.capacity() {
        return true;
    }
    let size = std::mem::size_of::<T>().max(1);
    let capacity = values.capacity().saturating_mul(2).max(4);
    let mut bytes = BYTES.get();
    let needed = bytes.used.saturating_add(capacity.saturating_mul(size));
    if needed > bytes.limit || values.try_reserve_exact(capacity - values.len()).is_err() {
        BYTES.set(Bytes { needed, ..bytes });
        return false;
    }
    bytes.used = needed - values.len() * size;
    BYTES.set(bytes);
    true
}

struct Values<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Values<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> std::result::Result<List<T>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = from.next_element()? {
            if !room(&mut values) {
                return Err(A::Error::custom("it needs too much memory"));
            }
            values.push(value);
        }
        Ok(List(values))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_seq(Values(PhantomData))
    }
}

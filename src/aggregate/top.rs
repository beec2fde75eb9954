//! `orchard.top_values`.

use orchard_engine::clean::sketch::{hash, Top, TopValue};
use pgrx::pg_sys::{Datum, FunctionCallInfo, Oid};

use super::memory::Memory;
use super::state::{self, damaged, State};
use super::value::{self, Other};
use crate::entry;
use crate::entry::argument;
use crate::error::{Failure, Result};
use crate::json;

/// Values that are shown unless another number is asked for.
const DEFAULT: i32 = 10;
/// Values that may be asked for.
const MOST: i32 = 1000;

/// The values, and how many of them are asked for.
struct Asked {
    top: Top<Memory>,
    /// `None` before the first row.
    k: Option<i32>,
    /// The type, and the collation that decides how its values became bytes.
    base: Oid,
    collation: Oid,
}

impl State for Asked {
    fn new(memory: Memory) -> Self {
        let top = Top::new_in(Top::<Memory>::VALUES, Top::<Memory>::BYTES, memory);
        Asked { top, k: None, base: Oid::INVALID, collation: Oid::INVALID }
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        if self.k.is_some() && other.k.is_some() && self.k != other.k {
            return Err(differ());
        }
        if self.k.is_none() {
            (self.k, self.base, self.collation) = (other.k, other.base, other.collation);
        }
        Ok(self.top.merge(&other.top)?)
    }

    fn write(&self) -> Result<Vec<u8>> {
        let mut bytes = self.top.write()?;
        bytes.extend_from_slice(&self.k.unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&u32::from(self.base).to_le_bytes());
        bytes.extend_from_slice(&u32::from(self.collation).to_le_bytes());
        Ok(bytes)
    }

    fn read(bytes: &[u8], memory: Memory) -> Result<Self> {
        let (rest, collation) = bytes.split_last_chunk::<4>().ok_or_else(damaged)?;
        let (rest, base) = rest.split_last_chunk::<4>().ok_or_else(damaged)?;
        let (rest, k) = rest.split_last_chunk::<4>().ok_or_else(damaged)?;
        let [base, collation] = [base, collation].map(|oid| Oid::from(u32::from_le_bytes(*oid)));
        Ok(Asked {
            top: Top::read(rest, memory)?,
            k: Some(i32::from_le_bytes(*k)).filter(|&k| k != 0),
            base,
            collation,
        })
    }
}

fn differ() -> Failure {
    Failure::argument("k must be the same in every row of a group").hint("Give one constant, such as 10.")
}

entry!(top_values_step, pg_finfo_top_values_step, fcinfo => state::call(fcinfo, || step(fcinfo)));
entry!(top_values_final, pg_finfo_top_values_final, fcinfo => state::call(fcinfo, || finish(fcinfo)));
entry!(top_values_combine, pg_finfo_top_values_combine, fcinfo => state::call(fcinfo, || state::combine::<Asked>(fcinfo)));
entry!(top_values_serialize, pg_finfo_top_values_serialize, fcinfo => state::call(fcinfo, || state::serialize::<Asked>(fcinfo)));
entry!(top_values_deserialize, pg_finfo_top_values_deserialize, fcinfo => state::call(fcinfo, || state::deserialize::<Asked>(fcinfo)));

/// # Safety
/// `fcinfo` is the running call's, of (state, value) or (state, value, k).
unsafe fn step(fcinfo: FunctionCallInfo) -> Result<Option<Datum>> {
    let Some(value) = argument(fcinfo, 1) else {
        return Ok(argument(fcinfo, 0));
    };
    let asked = state::of::<Asked>(fcinfo)?;
    let site = value::site(fcinfo, Other::Text)?;
    let k = match (*fcinfo).nargs {
        2 => DEFAULT,
        _ => argument(fcinfo, 2).map_or(0, |k| k.value() as i32),
    };
    if asked.k != Some(k) {
        if asked.k.is_some() {
            return Err(differ());
        }
        if !(1..=MOST).contains(&k) {
            return Err(Failure::argument(format!("k must be between 1 and {MOST}")));
        }
        (asked.k, asked.base, asked.collation) = (Some(k), site.base, (*fcinfo).fncollation);
    }
    site.bytes(value, Other::Text, |bytes| asked.top.insert(bytes, hash(bytes)))?;
    Ok(Some(state::datum(asked)))
}

/// # Safety
/// `fcinfo` is the running call's, of (state).
unsafe fn finish(fcinfo: FunctionCallInfo) -> Result<Option<Datum>> {
    let mut list = json::List::default();
    if let Some(asked) = state::given::<Asked>(fcinfo, 0) {
        let missed = asked.top.missed();
        // Of a count that is mostly the bound of its error, nobody knows whether it is among the highest.
        for shown in
            asked.top.top(asked.k.unwrap_or(0).max(0) as usize)?.into_iter().filter(|shown| shown.rows > missed)
        {
            list.push(json::counted(&value_json(asked, &shown)?, shown.rows, missed, shown.cut));
        }
    }
    Ok(Some(list.jsonb()))
}

/// # Safety
/// The value is of the state.
unsafe fn value_json(asked: &Asked, shown: &TopValue<'_>) -> Result<Vec<u8>> {
    if shown.cut {
        return Ok(json::string(json::clip(shown.value)));
    }
    let text = value::text(asked.base, asked.collation, shown.value)?;
    Ok(json::scalar(asked.base, &text))
}

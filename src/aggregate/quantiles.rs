//! `orchard.approx_quantiles` and `orchard.approx_quantile`.

use orchard_engine::clean::sketch::Quantiles;
use pgrx::pg_sys::{Datum, FunctionCallInfo};
use pgrx::PgSqlErrorCode;

use super::fractions::Array;
use super::memory::Memory;
use super::state::{self, damaged, no_memory, State};
use crate::entry;
use crate::entry::argument;
use crate::error::{Failure, Result};
use crate::source::types::Text;

/// The numbers, and which fractions of them are asked for.
struct Asked {
    sketch: Quantiles<Memory>,
    /// The fractions as they came; `None` before the first row.
    fractions: Option<Fractions>,
    memory: Memory,
}

/// Fractions in the memory of the state.
#[derive(Clone, Copy)]
enum Fractions {
    /// NULL: so is the result.
    Null,
    /// The inside of a `double precision[]`, or of a `double precision`.
    Bytes(&'static [u8]),
}

impl Fractions {
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Fractions::Null => None,
            Fractions::Bytes(bytes) => Some(bytes),
        }
    }
}

impl Asked {
    /// Keep the fractions of a row; those of all rows must be the same.
    fn ask(&mut self, given: Option<&[u8]>, check: Check) -> Result<()> {
        match &self.fractions {
            Some(fractions) if fractions.bytes() == given => Ok(()),
            Some(_) => Err(differ()),
            None => {
                if let Some(given) = given {
                    check(given)?;
                }
                self.keep(given)
            }
        }
    }

    fn keep(&mut self, given: Option<&[u8]>) -> Result<()> {
        self.fractions = Some(match given {
            None => Fractions::Null,
            Some(given) => Fractions::Bytes(copy(given, self.memory)?),
        });
        Ok(())
    }
}

fn copy(bytes: &[u8], memory: Memory) -> Result<&'static [u8]> {
    use orchard_engine::clean::sketch::Allocator;
    let layout = std::alloc::Layout::array::<u8>(bytes.len()).map_err(|_| no_memory())?;
    let mut place = memory.allocate(layout).map_err(|_| no_memory())?;
    // SAFETY: just allocated, of this length; it lives as long as the state, which is never used longer.
    let place = unsafe {
        place.cast::<u8>().as_ptr().write_bytes(0, bytes.len());
        place.as_mut()
    };
    place.copy_from_slice(bytes);
    Ok(place)
}

fn differ() -> Failure {
    Failure::argument("fractions must be the same in every row of a group")
        .hint("Give one constant, such as ARRAY[0.25, 0.5, 0.75].")
}

impl State for Asked {
    fn new(memory: Memory) -> Self {
        Asked { sketch: Quantiles::new_in(Quantiles::<Memory>::K, memory), fractions: None, memory }
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        match (&self.fractions, &other.fractions) {
            (Some(mine), Some(theirs)) if mine.bytes() != theirs.bytes() => return Err(differ()),
            (None, Some(theirs)) => self.keep(theirs.bytes())?,
            _ => {}
        }
        Ok(self.sketch.merge(&other.sketch)?)
    }

    fn write(&self) -> Result<Vec<u8>> {
        let fractions = self.fractions.as_ref().map(Fractions::bytes);
        let len = fractions.flatten().map_or(0, <[u8]>::len) as u32;
        let kind: u8 = match fractions {
            None => 0,
            Some(None) => 1,
            Some(Some(_)) => 2,
        };
        let mut bytes = self.sketch.write()?;
        bytes.try_reserve(len as usize + 5).map_err(|_| no_memory())?;
        bytes.extend_from_slice(fractions.flatten().unwrap_or_default());
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.push(kind);
        Ok(bytes)
    }

    fn read(bytes: &[u8], memory: Memory) -> Result<Self> {
        let (kind, rest) = bytes.split_last().ok_or_else(damaged)?;
        let (rest, len) = rest.split_last_chunk::<4>().ok_or_else(damaged)?;
        let start = rest.len().checked_sub(u32::from_le_bytes(*len) as usize).ok_or_else(damaged)?;
        let (sketch, fractions) = rest.split_at(start);
        let mut asked = Asked { sketch: Quantiles::read(sketch, memory)?, fractions: None, memory };
        match kind {
            0 => {}
            1 => asked.keep(None)?,
            2 => asked.keep(Some(fractions))?,
            _ => return Err(damaged()),
        }
        Ok(asked)
    }
}

entry!(approx_quantiles_step, pg_finfo_approx_quantiles_step, fcinfo => state::call(fcinfo, || {
    step(fcinfo, check_array, |datum, asked, check| asked.ask(datum.map(|d| Text::of(d).bytes()), check))
}));
entry!(approx_quantile_step, pg_finfo_approx_quantile_step, fcinfo => state::call(fcinfo, || {
    step(fcinfo, check_one, |datum, asked, check| {
        let bytes = datum.map(|d| (d.value() as u64).to_ne_bytes());
        asked.ask(bytes.as_ref().map(|b| b.as_slice()), check)
    })
}));
entry!(approx_quantiles_final, pg_finfo_approx_quantiles_final, fcinfo => state::call(fcinfo, || finish_array(fcinfo)));
entry!(approx_quantile_final, pg_finfo_approx_quantile_final, fcinfo => state::call(fcinfo, || finish_one(fcinfo)));
entry!(approx_quantiles_combine, pg_finfo_approx_quantiles_combine, fcinfo => state::call(fcinfo, || state::combine::<Asked>(fcinfo)));
entry!(approx_quantiles_serialize, pg_finfo_approx_quantiles_serialize, fcinfo => state::call(fcinfo, || state::serialize::<Asked>(fcinfo)));
entry!(approx_quantiles_deserialize, pg_finfo_approx_quantiles_deserialize, fcinfo => state::call(fcinfo, || state::deserialize::<Asked>(fcinfo)));

/// Refuses bytes that are no fractions.
type Check = fn(&[u8]) -> Result<()>;

/// # Safety
/// `fcinfo` is the running call's, of (state, number, fractions), and `ask` reads a datum of the type of the fractions.
unsafe fn step(
    fcinfo: FunctionCallInfo,
    check: Check,
    ask: impl FnOnce(Option<Datum>, &mut Asked, Check) -> Result<()>,
) -> Result<Option<Datum>> {
    let Some(value) = argument(fcinfo, 1) else {
        return Ok(argument(fcinfo, 0));
    };
    let asked = state::of::<Asked>(fcinfo)?;
    ask(argument(fcinfo, 2), asked, check)?;
    asked.sketch.insert(f64::from_bits(value.value() as u64))?;
    Ok(Some(state::datum(asked)))
}

fn check_fraction(fraction: f64) -> Result<()> {
    match (0.0..=1.0).contains(&fraction) {
        true => Ok(()),
        false => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
            format!("fraction {fraction} is not between 0 and 1"),
        )),
    }
}

fn check_one(bytes: &[u8]) -> Result<()> {
    check_fraction(one(bytes))
}

fn check_array(bytes: &[u8]) -> Result<()> {
    Array::read(bytes)?.fractions.into_iter().flatten().try_for_each(check_fraction)
}

fn one(bytes: &[u8]) -> f64 {
    bytes.try_into().map_or(f64::NAN, f64::from_ne_bytes)
}

/// # Safety
/// `fcinfo` is the running call's, of (state).
unsafe fn finish_one(fcinfo: FunctionCallInfo) -> Result<Option<Datum>> {
    let Some(asked) = state::given::<Asked>(fcinfo, 0) else { return Ok(None) };
    let Some(bytes) = asked.fractions.as_ref().and_then(Fractions::bytes) else { return Ok(None) };
    let found = asked.sketch.quantiles(&[one(bytes)])?;
    Ok(found.and_then(|values| values.first().map(|value| Datum::from(value.to_bits() as usize))))
}

/// # Safety
/// `fcinfo` is the running call's, of (state).
unsafe fn finish_array(fcinfo: FunctionCallInfo) -> Result<Option<Datum>> {
    let Some(asked) = state::given::<Asked>(fcinfo, 0) else { return Ok(None) };
    let Some(bytes) = asked.fractions.as_ref().and_then(Fractions::bytes) else { return Ok(None) };
    let array = Array::read(bytes)?;
    let asked_for: Vec<f64> = array.fractions.iter().map(|fraction| fraction.unwrap_or(0.0)).collect();
    Ok(asked.sketch.quantiles(&asked_for)?.map(|found| array.shaped(&found)))
}

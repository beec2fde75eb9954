//! `orchard.approx_distinct`.

use orchard_engine::clean::sketch::{hash, Distinct};
use pgrx::pg_sys::{Datum, FunctionCallInfo};

use super::memory::Memory;
use super::state::{self, State};
use super::value::{self, Other};
use crate::entry;
use crate::entry::argument;
use crate::error::Result;

impl State for Distinct<Memory> {
    fn new(memory: Memory) -> Self {
        Distinct::new_in(Distinct::<Memory>::PRECISION, memory)
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        Ok(Distinct::merge(self, other)?)
    }

    fn write(&self) -> Result<Vec<u8>> {
        Ok(Distinct::write(self)?)
    }

    fn read(bytes: &[u8], memory: Memory) -> Result<Self> {
        Ok(Distinct::read(bytes, memory)?)
    }
}

type Sketch = Distinct<Memory>;

entry!(approx_distinct_step, pg_finfo_approx_distinct_step, fcinfo => state::call(fcinfo, || step(fcinfo)));
entry!(approx_distinct_final, pg_finfo_approx_distinct_final, fcinfo => state::call(fcinfo, || {
    let count = state::given::<Sketch>(fcinfo, 0).map_or(0, |sketch| sketch.count());
    // More than a bigint holds only registers say that are all as high as can be.
    Ok(Some(Datum::from(i64::try_from(count).unwrap_or(i64::MAX))))
}));
entry!(approx_distinct_combine, pg_finfo_approx_distinct_combine, fcinfo => state::call(fcinfo, || state::combine::<Sketch>(fcinfo)));
entry!(approx_distinct_serialize, pg_finfo_approx_distinct_serialize, fcinfo => state::call(fcinfo, || state::serialize::<Sketch>(fcinfo)));
entry!(approx_distinct_deserialize, pg_finfo_approx_distinct_deserialize, fcinfo => state::call(fcinfo, || state::deserialize::<Sketch>(fcinfo)));

/// # Safety
/// `fcinfo` is the running call's, of (state, value).
unsafe fn step(fcinfo: FunctionCallInfo) -> Result<Option<Datum>> {
    let Some(value) = argument(fcinfo, 1) else {
        return Ok(argument(fcinfo, 0));
    };
    let sketch = state::of::<Sketch>(fcinfo)?;
    value::site(fcinfo, Other::Hash)?.bytes(value, Other::Hash, |bytes| sketch.insert(hash(bytes)))?;
    Ok(Some(state::datum(sketch)))
}

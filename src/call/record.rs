//! A composite value as a row: its columns matched by name, found once for each row type.

use orchard_engine::model::Argument;
use orchard_engine::score::Scorer;
use pgrx::pg_sys::{self, Datum, Oid};
use pgrx::PgSqlErrorCode;

use super::cleaned::RawRow;
use super::explain::Writer;
use super::slot::Slot;
use crate::error::{Failure, Result};
use crate::source::types;

/// How the rows of one type are taken apart.
#[derive(Default)]
pub struct RecordRow {
    row_type: Option<(Oid, i32)>,
    desc: Option<Desc>,
    /// The attribute (from 0) and the slot of each input column.
    slots: Vec<(usize, Slot)>,
    /// Those that the model cleans.
    raw: Option<RawRow>,
    values: Vec<Datum>,
    nulls: Vec<bool>,
}

/// A private copy of a tuple descriptor.
struct Desc(pg_sys::TupleDesc);

impl Drop for Desc {
    fn drop(&mut self) {
        // SAFETY: the copy was made for this value, outside of any memory context that could be gone.
        unsafe { pg_sys::FreeTupleDesc(self.0) }
    }
}

impl RecordRow {
    /// What the model cleans.
    pub fn raw(&self) -> Option<&RawRow> {
        self.raw.as_ref()
    }

    /// Put the columns of a composite datum into the row.
    ///
    /// # Safety
    /// `datum` is a non-null composite value. May longjmp; no value with a destructor may be alive in the callers.
    pub unsafe fn put(&mut self, scorer: &Scorer, row: &mut [f64], datum: Datum) {
        // A composite that went through a sort or an aggregate may have a short header, so it must be detoasted in full.
        let original = datum.cast_mut_ptr::<pg_sys::varlena>();
        let header = types::raw::pg_detoast_datum(original) as pg_sys::HeapTupleHeader;
        let fields = (*header).t_choice.t_datum;
        let row_type = (fields.datum_typeid, fields.datum_typmod);
        if self.row_type != Some(row_type) {
            self.prepare(scorer, row_type);
        }
        let Some(desc) = &self.desc else { return };
        let mut tuple = pg_sys::HeapTupleData {
            t_len: pgrx::varlena::varsize_any(header.cast()) as u32,
            t_data: header,
            ..Default::default()
        };
        types::raw::heap_deform_tuple(&mut tuple, desc.0, self.values.as_mut_ptr(), self.nulls.as_mut_ptr());
        for (attribute, slot) in &mut self.slots {
            let value = (!self.nulls[*attribute]).then(|| self.values[*attribute]);
            slot.put(scorer, row, value);
        }
        if let Some(raw) = &mut self.raw {
            let (values, nulls) = (&self.values, &self.nulls);
            raw.put(scorer, row, |place| (!nulls[place]).then(|| values[place]));
        }
        if header.cast() != original {
            types::raw::pfree(header.cast());
        }
    }

    /// The texts of columns by their names, of a datum that was just put into a row.
    ///
    /// # Safety
    /// As for [`RecordRow::put`]. Runs under a guard.
    pub unsafe fn texts(&mut self, datum: Datum, names: &[&str]) -> Vec<Option<String>> {
        let Some(desc) = &self.desc else { return Vec::new() };
        let header = pg_sys::pg_detoast_datum(datum.cast_mut_ptr()) as pg_sys::HeapTupleHeader;
        let mut tuple = pg_sys::HeapTupleData {
            t_len: pgrx::varlena::varsize_any(header.cast()) as u32,
            t_data: header,
            ..Default::default()
        };
        pg_sys::heap_deform_tuple(&mut tuple, desc.0, self.values.as_mut_ptr(), self.nulls.as_mut_ptr());
        let text = |name: &&str| {
            let at = (0..self.values.len()).find(|&i| {
                let attribute = crate::compat::attribute(desc.0, i);
                let own = std::ffi::CStr::from_ptr((*attribute).attname.data.as_ptr());
                !(*attribute).attisdropped && own.to_bytes() == name.as_bytes()
            })?;
            let oid = (*crate::compat::attribute(desc.0, at)).atttypid;
            (!self.nulls[at]).then(|| Writer::new(oid).text(self.values[at]))
        };
        names.iter().map(text).collect()
    }

    /// [`RecordRow::look_up`], whose failure is raised.
    ///
    /// # Safety
    /// As for [`RecordRow::put`].
    #[cold]
    unsafe fn prepare(&mut self, scorer: &Scorer, row_type: (Oid, i32)) {
        pg_sys::panic::pgrx_extern_c_guard(|| {
            if let Err(failure) = self.look_up(scorer, row_type) {
                failure.raise();
            }
        });
    }

    /// Find the columns of a row type.
    ///
    /// # Safety
    /// `row_type` is the type and typmod of a live composite value. Main thread, inside a guard.
    unsafe fn look_up(&mut self, scorer: &Scorer, row_type: (Oid, i32)) -> Result<()> {
        // Should it fail midway, nothing of the type before is to be used with what is there then.
        self.row_type = None;
        let shared = pg_sys::lookup_rowtype_tupdesc(row_type.0, row_type.1);
        let attributes: Vec<(String, Oid, bool)> = (0..(*shared).natts as usize)
            .map(|i| {
                let a = crate::compat::attribute(shared, i);
                let name = std::ffi::CStr::from_ptr((*a).attname.data.as_ptr()).to_string_lossy().into_owned();
                (name, (*a).atttypid, (*a).attisdropped)
            })
            .collect();
        let copy = pgrx::PgMemoryContexts::TopMemoryContext.switch_to(|_| pg_sys::CreateTupleDescCopy(shared));
        if (*shared).tdrefcount >= 0 {
            pg_sys::DecrTupleDescRefCount(shared);
        }
        self.desc = Some(Desc(copy));
        self.slots.clear();
        let place = |wanted: &str| attributes.iter().position(|(name, _, dropped)| !dropped && name == wanted);
        for argument in scorer.model().arguments() {
            let Some(at) = place(argument.name()) else { return Err(missing_column(argument.name(), &attributes)) };
            if let Argument::Input(input) = argument {
                self.slots.push((at, Slot::new(scorer, input, attributes[at].1)?));
            }
        }
        self.raw = RawRow::new(scorer, |name| place(name).map(|at| (at, attributes[at].1)))?;
        self.values = vec![Datum::from(0usize); attributes.len()];
        self.nulls = vec![true; attributes.len()];
        self.row_type = Some(row_type);
        Ok(())
    }
}

fn missing_column(name: &str, attributes: &[(String, Oid, bool)]) -> Failure {
    let given: Vec<String> = attributes.iter().filter(|a| !a.2).map(|a| format!("\"{}\"", a.0)).take(100).collect();
    Failure::new(
        PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
        format!("the row has no column \"{name}\", which the model reads"),
    )
    .detail(format!("The row has the columns {}.", given.join(", ")))
    .hint("Columns are matched by name: add the column, or give NULL AS the name.")
}

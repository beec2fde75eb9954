//! Reading a source: any relation or query, in one pass, into typed columns.
//!
//! The query runs with the rights of the caller, in an internal subtransaction that is read-only, through a receiver of our own
//! that takes the executor's slots as they come: no tuple is copied.

pub mod clock;
pub mod deparse;
pub mod numeric;
mod receiver;
mod resolve;
pub mod stream;
pub mod types;

use std::ffi::CString;

use orchard_engine::control::Control;
use orchard_engine::data::{RowSample, Table};
use pgrx::pg_sys::panic::CaughtError;
use pgrx::pg_sys::{self, Oid, PgTryBuilder};
use pgrx::PgSqlErrorCode;

use crate::error::{is_of_the_server, Failure, Result};
pub use receiver::Room;
use receiver::{Receiver, Stop};
pub use resolve::qualified;
use types::Reader;

/// A column of the source, before a row is read.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// The name.
    pub name: String,
    /// The type.
    pub oid: Oid,
    /// Whether the type has a limit of its own, as numeric(10, 2).
    pub limited: bool,
    /// The type, a domain's base type.
    pub base: Oid,
    /// The type as SQL writes it.
    pub type_name: String,
    /// How its values are read; `None` for a type Orchard does not read.
    pub reader: Option<Reader>,
}

impl Attribute {
    /// The reader, or the error that names column and type.
    pub fn readable(&self) -> Result<Reader> {
        self.reader.ok_or_else(|| {
            self.unread("cannot be learned from").hint(format!("Leave it out with options => '{{\"exclude\": [\"{0}\"]}}', or cast it in the source, for example to text.", self.name))
        })
    }

    /// The same of a column that was asked for by its name, and so cannot be left out.
    pub fn needed(&self) -> Result<Reader> {
        self.reader
            .ok_or_else(|| self.unread("is not read").hint("Cast it in the source, for example to text or to numeric."))
    }

    fn unread(&self, why: &str) -> Failure {
        Failure::new(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            format!("column \"{}\" has type {}, which {why}", self.name, self.type_name),
        )
    }
}

/// A column as it was read.
#[derive(Debug, Clone)]
pub struct SourceColumn {
    /// What the source says of it.
    pub attribute: Attribute,
    /// How its values were read; [`Reader::Exact`] where float8 could not tell the numbers apart.
    pub reader: Reader,
    /// Its first column in the table.
    pub first: usize,
    /// The number of its columns: the longest length of an array, else 1.
    pub count: usize,
}

/// Rows by typed column.
#[derive(Debug)]
pub struct Rows {
    /// The columns that were chosen, in the order of the source.
    pub columns: Vec<SourceColumn>,
    /// Their values.
    pub table: Table,
}

impl Rows {
    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&SourceColumn> {
        self.columns.iter().find(|c| c.attribute.name == name)
    }
}

/// How a column is to be read.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The reader of its type.
    pub reader: Reader,
    /// Whether its numbers stay numbers where float8 cannot tell them apart, as those of a target, weight or time.
    pub number: bool,
}

/// Says which columns to read; `None` to pass over one.
pub type Choose<'a> = dyn FnMut(&[Attribute]) -> Result<Vec<Option<Wanted>>> + 'a;

/// Read a source. `choose` is called once the columns are known and before a row is read.
///
/// Columns of whole or exact numbers that need not stay numbers are read again as categories when a value is beyond 2^53; their
/// reader in the result is [`Reader::Exact`].
pub fn read(source: &str, choose: &mut Choose<'_>, control: &Control) -> Result<Rows> {
    read_as(source, choose, control, false)
}

/// The same, of a part of the rows where there is no room for all. With the rows comes how many the source has.
pub fn read_part(source: &str, choose: &mut Choose<'_>, room: Room, control: &Control) -> Result<(Rows, u64)> {
    let mut sample: Option<RowSample> = None;
    let rows = read_within(source, choose, control, (false, Some(room)), &mut sample)?;
    let all = sample.as_ref().map_or(rows.table.rows as u64, RowSample::rows);
    sample.into_iter().for_each(|sample| sample.release(control));
    Ok((rows, all))
}

/// The same, with the digits of numerics that stay numbers: where a float8 may not tell them apart, a category in a second column
/// of the same name says which they are.
pub fn read_with_digits(source: &str, choose: &mut Choose<'_>, control: &Control) -> Result<Rows> {
    read_as(source, choose, control, true)
}

fn read_as(source: &str, choose: &mut Choose<'_>, control: &Control, digits: bool) -> Result<Rows> {
    read_within(source, choose, control, (digits, None), &mut None)
}

fn read_within(
    source: &str,
    choose: &mut Choose<'_>,
    control: &Control,
    (digits, room): (bool, Option<Room>),
    sample: &mut Option<RowSample>,
) -> Result<Rows> {
    let query = resolve::query(source)?;
    let mut exact = Vec::new();
    loop {
        sample.iter_mut().for_each(RowSample::again);
        let mut receiver = Receiver::new(choose, control, &exact, digits).within(room, sample.as_mut());
        in_read_only_subtransaction(|| execute(&query, &mut receiver))?;
        let Some(stop) = receiver.stop.take() else { return receiver.finish() };
        receiver.discard();
        match (stop, &mut *sample) {
            (Stop::Failed(failure), _) => return Err(failure),
            (Stop::NotExact(column), _) => exact.push(column),
            (Stop::NoRoom, Some(sample)) => sample.halve(),
            (Stop::NoRoom, none) => *none = Some(RowSample::half(control)?),
            (Stop::Uncounted, sample) => sample.iter_mut().for_each(RowSample::by_content),
        }
    }
}

/// What is known of a source before it is run.
pub struct Described {
    /// Its query.
    pub query: String,
    /// Its columns.
    pub attributes: Vec<Attribute>,
    /// The columns of its primary key, where it is a table that has one.
    pub primary_key: Vec<String>,
}

/// Parse a source, without running it.
pub fn describe(source: &str) -> Result<Described> {
    let query = resolve::query(source)?;
    let table = resolve::table(source);
    // SAFETY: the descriptor lives as long as the plan; the attributes are copied.
    let attributes = planned(&query, |plan| unsafe { receiver::attributes(plan.resultDesc) })?;
    let primary_key = table.map_or_else(Vec::new, resolve::primary_key);
    Ok(Described { query, attributes, primary_key })
}

/// A column of a relation or query as far as a view or table must keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The name.
    pub name: String,
    /// The type.
    pub oid: Oid,
    /// The modifier of the type.
    pub modifier: i32,
    /// The collation.
    pub collation: Oid,
}

/// The columns of a query, without running it.
pub fn shape(query: &str) -> Result<Vec<Shape>> {
    // SAFETY: the descriptor lives as long as the plan; what is known of its columns is copied.
    planned(query, |plan| unsafe {
        let shape = |i: usize| {
            let attribute = crate::compat::attribute(plan.resultDesc, i);
            let name = std::ffi::CStr::from_ptr((*attribute).attname.data.as_ptr()).to_string_lossy().into_owned();
            let (modifier, collation) = ((*attribute).atttypmod, (*attribute).attcollation);
            Shape { name, oid: (*attribute).atttypid, modifier, collation }
        };
        Ok((0..(*plan.resultDesc).natts as usize).map(shape).collect())
    })
}

/// The tables and views that a query reads, in views too, without running it.
pub fn relations(query: &str) -> Result<Vec<Oid>> {
    planned(query, |plan| {
        let list = plan.relationOids;
        if list.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: a list of oids that lives as long as the plan, which are copied.
        Ok(unsafe { (0..(*list).length as usize).map(|i| (*(*list).elements.add(i)).oid_value).collect() })
    })
}

/// Look at the analysed form of a text that must be one query, which is not run.
fn planned<T>(query: &str, look: impl FnOnce(&pg_sys::CachedPlanSource) -> Result<T>) -> Result<T> {
    let text = c_text(query)?;
    // SAFETY: SPI on the main thread; the text outlives the calls, and a plan of one query has one source, which lives until SPI ends.
    with_spi(|| unsafe {
        let sources = pg_sys::SPI_plan_get_plan_sources(one_query(&text, 0)?);
        look(&*(*(*sources).elements).ptr_value.cast::<pg_sys::CachedPlanSource>())
    })
}

/// Run a query as [`read`] does, and put its rows, which are of the set's columns, into the set that a function returns.
///
/// # Safety
/// `set` is that of the running call, made by the server's InitMaterializedSRF.
pub unsafe fn into_tuplestore(query: &str, set: *mut pg_sys::ReturnSetInfo) -> Result<()> {
    let text = c_text(query)?;
    in_read_only_subtransaction(|| {
        with_spi(|| {
            let plan = one_query(&text, pg_sys::CURSOR_OPT_PARALLEL_OK as i32)?;
            let destination = pg_sys::CreateDestReceiver(pg_sys::CommandDest::DestTuplestore);
            let (store, context) = ((*set).setResult, (*(*set).econtext).ecxt_per_query_memory);
            crate::compat::SetTuplestoreDestReceiverParams(
                destination,
                store,
                context,
                false,
                (*set).setDesc,
                c"the query of a score has other columns than the set".as_ptr(),
            );
            run(plan, destination)
        })
    })
}

/// What a database of another encoding can hold, and neither the engine nor a model: to spell it otherwise would make other values of it.
fn not_utf8(what: String) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED, format!("{what} not valid UTF-8"))
        .hint("Create the database with ENCODING 'UTF8'.")
}

fn c_text(query: &str) -> Result<CString> {
    CString::new(query).map_err(|_| Failure::argument("source must not contain a zero byte"))
}

/// Run `body` with SPI connected. An ERROR in it leaves that to the end of the (sub)transaction, as everywhere.
fn with_spi<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: SPI on the main thread.
    if unsafe { pg_sys::SPI_connect() } != pg_sys::SPI_OK_CONNECT as i32 {
        return Err(Failure::internal("SPI_connect failed"));
    }
    let result = body();
    // SAFETY: connected above.
    unsafe { pg_sys::SPI_finish() };
    result
}

/// The plan of a text that must be one query.
///
/// # Safety
/// Called with SPI connected.
unsafe fn one_query(text: &std::ffi::CStr, options: i32) -> Result<pg_sys::SPIPlanPtr> {
    let plan = pg_sys::SPI_prepare_cursor(text.as_ptr(), 0, std::ptr::null_mut(), options);
    if plan.is_null() || !pg_sys::SPI_is_cursor_plan(plan) {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_FEATURE_NOT_SUPPORTED,
            "source must be one query that returns rows",
        )
        .hint("Give one SELECT, WITH or VALUES statement without INTO."));
    }
    Ok(plan)
}

/// Run a plan, reading only.
///
/// # Safety
/// Called with SPI connected; the plan is from [`one_query`].
unsafe fn run(plan: pg_sys::SPIPlanPtr, dest: *mut pg_sys::DestReceiver) -> Result<()> {
    let options = pg_sys::SPIExecuteOptions {
        params: std::ptr::null_mut(),
        read_only: true,
        allow_nonatomic: false,
        must_return_tuples: true,
        tcount: 0,
        dest,
        owner: std::ptr::null_mut(),
    };
    match pg_sys::SPI_execute_plan_extended(plan, &options) {
        code if code < 0 => Err(Failure::internal(format!("SPI_execute_plan_extended returned {code}"))),
        _ => Ok(()),
    }
}

fn execute(query: &str, receiver: &mut Receiver<'_, '_>) -> Result<()> {
    let text = c_text(query)?;
    // SAFETY: SPI on the main thread inside a subtransaction; text and receiver outlive the calls; an ERROR unwinds as a panic
    // through the guards of pg_sys and is handled by the caller.
    with_spi(|| unsafe { run(one_query(&text, 0)?, receiver.as_dest()) })
}

/// Run `body`, which reads a source, so that an error in it is told and not thrown; a cancel and the like is thrown all the same.
pub fn tell_errors<T>(body: impl FnOnce() -> Result<T>) -> Result<std::result::Result<T, String>> {
    let told = PgTryBuilder::new(std::panic::AssertUnwindSafe(|| in_read_only_subtransaction(body).map(Ok)))
        .catch_others(|error| match &error {
            CaughtError::PostgresError(report) | CaughtError::ErrorReport(report)
                if !is_of_the_server(report.sql_error_code()) =>
            {
                Ok(Err(report.message().to_owned()))
            }
            _ => error.rethrow(),
        })
        .execute();
    told.or_else(|failure| failure.told().map(Err))
}

/// Run `body` in an internal subtransaction in which nothing can be written, and of which nothing stays: a function of the source that
/// changes a setting or the role, or fills a temporary table, has done so for the source alone.
///
/// An ERROR in it is thrown on after the subtransaction was rolled back, so that an exception block of a caller finds its own.
fn in_read_only_subtransaction<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    // SAFETY: a flag of the transaction, on the main thread.
    if unsafe { pg_sys::IsInParallelMode() } {
        // Parallel operations have no subtransactions, and write nothing either.
        return body();
    }
    // SAFETY: the pattern of PL/pgSQL's exception blocks: context and owner are put back on both ways out. XactReadOnly is put
    // back by the end of the subtransaction itself.
    unsafe {
        let context = pg_sys::CurrentMemoryContext;
        let owner = pg_sys::CurrentResourceOwner;
        pg_sys::BeginInternalSubTransaction(std::ptr::null());
        pg_sys::MemoryContextSwitchTo(context);
        pg_sys::XactReadOnly = true;
        let restore = move || {
            pg_sys::MemoryContextSwitchTo(context);
            pg_sys::CurrentResourceOwner = owner;
        };
        let result = PgTryBuilder::new(std::panic::AssertUnwindSafe(body))
            .catch_others(move |error| {
                pg_sys::RollbackAndReleaseCurrentSubTransaction();
                restore();
                error.rethrow()
            })
            .catch_rust_panic(move |error| {
                pg_sys::RollbackAndReleaseCurrentSubTransaction();
                restore();
                error.rethrow()
            })
            .execute();
        pg_sys::RollbackAndReleaseCurrentSubTransaction();
        restore();
        result
    }
}

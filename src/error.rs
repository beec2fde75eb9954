//! Failures of the Postgres layer, and the one place where an error becomes a SQLSTATE, a DETAIL and a HINT.

use orchard_engine::Error;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::{PgLogLevel, PgSqlErrorCode};

/// The layer's result.
pub type Result<T> = std::result::Result<T, Failure>;

/// An error on its way to the client.
#[derive(Debug)]
pub struct Failure {
    code: PgSqlErrorCode,
    message: String,
    detail: String,
    hint: String,
}

impl Failure {
    /// A failure with a SQLSTATE and a lower-case clause.
    pub fn new(code: PgSqlErrorCode, message: impl Into<String>) -> Self {
        Failure { code, message: message.into(), detail: String::new(), hint: String::new() }
    }

    /// A wrong argument (22023).
    pub fn argument(message: impl Into<String>) -> Self {
        Failure::new(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message)
    }

    /// A state that must not happen (XX000).
    pub fn internal(message: impl Into<String>) -> Self {
        Failure::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, message).hint("Please report a bug.")
    }

    /// Say it otherwise.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Say more, as a sentence.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Say what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    /// What it says, where it is of what was asked for, and not of the server's state or of a cancel.
    pub fn told(self) -> Result<String> {
        match is_of_the_server(self.code) {
            true => Err(self),
            false => Ok(self.message),
        }
    }

    /// Raise it as a Postgres ERROR.
    pub fn raise(self) -> ! {
        self.report(PgLogLevel::ERROR);
        unreachable!("an ERROR does not return")
    }

    /// Say it as a Postgres WARNING.
    pub fn warn(self) {
        self.report(PgLogLevel::WARNING);
    }

    fn report(self, level: PgLogLevel) {
        let mut report = ErrorReport::new(self.code, self.message, "orchard");
        if !self.detail.is_empty() {
            report = report.set_detail(self.detail);
        }
        if !self.hint.is_empty() {
            report = report.set_hint(self.hint);
        }
        report.report(level);
    }
}

/// Whether an error is none of what was asked for: a cancel, an end of the server, a lack of memory, a bug.
pub fn is_of_the_server(code: PgSqlErrorCode) -> bool {
    use PgSqlErrorCode::*;
    matches!(
        code,
        ERRCODE_QUERY_CANCELED
            | ERRCODE_ADMIN_SHUTDOWN
            | ERRCODE_CRASH_SHUTDOWN
            | ERRCODE_OUT_OF_MEMORY
            | ERRCODE_DISK_FULL
            | ERRCODE_INTERNAL_ERROR
            | ERRCODE_DATA_CORRUPTED
            | ERRCODE_INDEX_CORRUPTED
            | ERRCODE_T_R_SERIALIZATION_FAILURE
            | ERRCODE_T_R_DEADLOCK_DETECTED
    )
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Cancelled | Error::OutOfTime => Failure::new(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, message),
            Error::OutOfMemory { needed, limit } => Failure::new(
                PgSqlErrorCode::ERRCODE_OUT_OF_MEMORY,
                "the data does not fit into the memory that orchard.max_memory allows",
            )
            .detail(format!("At least {} kB are needed and {} kB are allowed.", needed / 1024, limit / 1024))
            .hint("Raise orchard.max_memory, or read fewer rows or columns."),
            Error::InvalidOption { hint, .. } => Failure::argument(message).hint(hint),
            Error::InvalidData { detail, hint, .. } => {
                Failure::new(PgSqlErrorCode::ERRCODE_DATA_EXCEPTION, message).detail(detail).hint(hint)
            }
            Error::InvalidModel(_) => Failure::new(PgSqlErrorCode::ERRCODE_DATA_CORRUPTED, message),
            Error::Internal(_) => Failure::internal(message),
        }
    }
}

impl From<pgrx::spi::Error> for Failure {
    fn from(error: pgrx::spi::Error) -> Self {
        Failure::internal(format!("catalogue query failed: {error}"))
    }
}

/// An argument that must not be NULL.
pub fn given<T>(value: Option<T>, what: &str) -> Result<T> {
    value.ok_or_else(|| Failure::argument(format!("{what} must not be null")))
}

/// Run the body of a SQL function; its failure becomes an ERROR.
pub fn report<T>(body: impl FnOnce() -> Result<T>) -> T {
    match body() {
        Ok(value) => value,
        Err(failure) => failure.raise(),
    }
}

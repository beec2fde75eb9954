//! The one error type of the engine. The Postgres layer alone turns it into SQLSTATEs.

/// What can go wrong in the engine.
///
/// Messages follow PostgreSQL's style: a lower-case clause without a full stop; `detail` is a sentence; `hint` says what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The caller asked the run to stop.
    #[error("canceling the training on request")]
    Cancelled,
    /// A search has used its time; whoever set a limit goes on with what it has.
    #[error("the search has used its time")]
    OutOfTime,
    /// The run would need more memory than its budget.
    #[error("the data needs more than {limit} bytes of memory")]
    OutOfMemory {
        /// Bytes in use and asked for together.
        needed: usize,
        /// The budget in bytes.
        limit: usize,
    },
    /// An option is unknown or its value is not allowed.
    #[error("{message}")]
    InvalidOption {
        /// The clause.
        message: String,
        /// What is allowed.
        hint: String,
    },
    /// The rows cannot be learned from.
    #[error("{message}")]
    InvalidData {
        /// The clause.
        message: String,
        /// More about it, or empty.
        detail: String,
        /// What to do, or empty.
        hint: String,
    },
    /// Stored bytes are not a model this version can read.
    #[error("{0}")]
    InvalidModel(String),
    /// A state that must not happen.
    #[error("{0}; please report a bug")]
    Internal(String),
}

/// The engine's result.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An [`Error::InvalidData`] with a hint and no detail.
    pub fn data(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Error::InvalidData { message: message.into(), detail: String::new(), hint: hint.into() }
    }

    /// An [`Error::InvalidOption`].
    pub fn option(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Error::InvalidOption { message: message.into(), hint: hint.into() }
    }
}

//! Texts that are numbers, truth values or moments: read without ever failing, and the one format that reads a whole column.
//!
//! A text that cannot be read without a guess is `None`, never a value that may be wrong.

mod boolean;
mod codes;
mod column;
mod digits;
mod format;
mod infer;
mod months;
mod number;
mod plain;
mod shape;
mod timestamp;
mod unit;
mod words;
mod written;

pub use boolean::{are_booleans, boolean, FALSE, TRUE};
pub use codes::{are_letter_codes, is_lettered_code};
pub use column::{
    day_and_month, forms, is_code, is_month, is_season, is_zero, number_format, timestamp_format, Forms, NEARLY_ALL,
};
pub use format::{TimestampFormat, PATTERNS};
pub use number::{number, number_bytes, Decimal};
pub use timestamp::{is_ambiguous, timestamp, DAY};
pub use unit::{may_be_one, unit, Unit};
pub use written::{written, Grouping, Written};

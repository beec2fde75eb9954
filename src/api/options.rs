//! `orchard.options`: what may be set.

use orchard_engine::learn::options::{specs, Algorithm};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use crate::error::report;

/// List the options of an algorithm.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn options(
    algorithm: &str,
) -> TableIterator<
    'static,
    (name!(option, String), name!(r#type, String), name!(default_value, Option<pgrx::JsonB>), name!(meaning, String)),
> {
    let algorithm = report(|| Ok(Algorithm::parse(algorithm, true)?));
    TableIterator::new(
        specs(algorithm)
            .map(|s| (s.key.to_owned(), s.type_text(), s.default_value().map(pgrx::JsonB), s.meaning.to_owned()))
            .collect::<Vec<_>>(),
    )
}

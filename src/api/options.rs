//! `orchard.options`: what may be set.

use orchard_engine::learn::options::{specs, tuning_specs, Algorithm, Spec};
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
    let listed: Vec<&Spec> = match algorithm {
        // Not an algorithm, but it has options of its own.
        "tune" => tuning_specs().collect(),
        name => specs(report(|| Ok(Algorithm::parse(name, true)?))).collect(),
    };
    TableIterator::new(
        listed
            .into_iter()
            .map(|s| (s.key.to_owned(), s.type_text(), s.default_value().map(pgrx::JsonB), s.meaning.to_owned()))
            .collect::<Vec<_>>(),
    )
}

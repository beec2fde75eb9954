//! `orchard.options`: what may be set.

use orchard_engine::clean::events;
use orchard_engine::learn::options::{specs, tuning_specs, Algorithm, Spec, BUDGET};
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
    let of_events = |specs: &[events::Spec]| {
        let row = |s: &events::Spec| {
            (s.key.to_owned(), s.type_text.to_owned(), s.default_value().map(pgrx::JsonB), s.meaning.to_owned())
        };
        TableIterator::new(specs.iter().map(row).collect::<Vec<_>>())
    };
    let (learner, listed): (Algorithm, Vec<&Spec>) = match algorithm {
        // No algorithms, but they have options of their own.
        "tune" => (Algorithm::DecisionTree, tuning_specs().collect()),
        "rfm" => return of_events(events::RFM),
        "event_features" => return of_events(events::EVENT_FEATURES),
        name => {
            let learner = report(|| Ok(Algorithm::parse(name, true)?));
            let own = (name.eq_ignore_ascii_case("auto")).then_some(&BUDGET);
            (learner, specs(learner).chain(own).collect())
        }
    };
    TableIterator::new(
        listed
            .into_iter()
            .map(|s| (s.key.to_owned(), s.type_text(), s.default_value(learner).map(pgrx::JsonB), s.meaning.to_owned()))
            .collect::<Vec<_>>(),
    )
}

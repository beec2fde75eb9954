//! `orchard.interactions`.

use orchard_engine::control::Control;
use orchard_engine::judge::given::encode;
use orchard_engine::judge::shap::{columns, features, interactions as pairs, is_asked};
use orchard_engine::score::Scorer;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use super::sampled::{read, sample_rows, with_source};
use crate::call::explain::check_scores;
use crate::catalog::name::ModelName;
use crate::catalog::{self, cache};
use crate::error::{given, report, Failure, Result};
use crate::{interrupt, settings};

const LABEL: &str = "orchard.interactions";

/// A row of the answer.
type Row = (String, String, f64, Option<f64>, i32);

/// Which pairs of columns a model takes together.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn interactions(
    model: Option<&str>,
    source: Option<&str>,
    derived: Option<bool>,
    sample: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(feature, String),
        name!(feature2, String),
        name!(strength, f64),
        name!(share, Option<f64>),
        name!(rank, i32),
    ),
> {
    TableIterator::new(report(|| run(given(model, "model")?, source, derived.unwrap_or(false), sample)))
}

fn run(model: &str, source: Option<&str>, derived: bool, sample: Option<i32>) -> Result<Vec<Row>> {
    let found = catalog::find(&ModelName::parse(model)?)?;
    let scorer = cache::deployed(&found)?;
    check_scores(scorer.model())?;
    if is_asked(scorer.model()) {
        return Err(Failure::new(
            pgrx::PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            "the model is neither trees nor a sum, so what its columns do together is not known",
        )
        .hint("orchard.partial_dependence of two columns shows how answers depend on both."));
    }
    let most = sample_rows(sample, 1_000)?;
    let control = Control::new(settings::max_memory());
    let read = with_source(&found, source, |source| read(&found, &scorer, source, &control))?;
    let sample = read.sample(LABEL, most, &control)?;
    drop(read);
    let explained = if derived { features(scorer.model()) } else { columns(scorer.model()) };
    let scorer: &Scorer = &scorer;
    let sizes = interrupt::run(LABEL, &control, || {
        let cells = encode(scorer, &sample, &control)?;
        pairs(scorer, &cells, &explained, &control)
    })?;
    let whole: f64 = sizes.iter().sum();
    let names = explained
        .iter()
        .enumerate()
        .flat_map(|(at, a)| explained[at + 1..].iter().map(move |b| (a.name.as_str(), b.name.as_str())));
    let mut found: Vec<(f64, &str, &str)> =
        sizes.iter().zip(names).filter(|(size, _)| **size > 0.0).map(|(size, (a, b))| (*size, a, b)).collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let row = |(at, (size, a, b)): (usize, (f64, &str, &str))| {
        let share = Some(size / whole).filter(|share| share.is_finite());
        (a.to_owned(), b.to_owned(), size, share, at as i32 + 1)
    };
    Ok(found.into_iter().enumerate().map(row).collect())
}

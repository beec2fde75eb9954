//! `orchard.coefficients`: what a linear model has learned.

use orchard_engine::judge::coefficients::{coefficients as read, Row};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use crate::catalog::{self, cache};
use crate::error::{report, Failure};

/// The coefficients of a version of a model, or of the deployed one, with their standard errors.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn coefficients(
    model: Option<&str>,
    version: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(class, Option<String>),
        name!(feature, Option<String>),
        name!(level, Option<String>),
        name!(kind, &'static str),
        name!(coefficient, f64),
        name!(std_error, Option<f64>),
        name!(statistic, Option<f64>),
        name!(p_value, Option<f64>),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(odds_ratio, Option<f64>),
    ),
> {
    let rows = report(|| {
        let found = catalog::of_argument(model)?;
        let scorer = match version {
            Some(number) => cache::version(&catalog::version_id(&found.row, number)?, &found)?,
            None => cache::deployed(&found)?,
        };
        read(scorer.model()).ok_or_else(|| {
            Failure::argument("orchard.coefficients is for linear models")
                .hint("Train one: orchard.train('name', 'source', 'target', 'logistic_regression').")
        })
    });
    TableIterator::new(rows.into_iter().map(|row| {
        let Row { class, feature, level, kind, coefficient, std_error, statistic, p_value, interval, odds_ratio } = row;
        let (low, high) = interval.unzip();
        (class, feature, level, kind, coefficient, std_error, statistic, p_value, low, high, odds_ratio)
    }))
}

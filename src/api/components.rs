//! `orchard.explained_variance` and `orchard.components`: how much the components of a model tell, and what they are made of.

use std::rc::Rc;

use orchard_engine::judge::loadings::{dimensions, strongest};
use orchard_engine::model::{Body, Projection};
use orchard_engine::score::Scorer;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use crate::catalog::{self, cache};
use crate::error::{report, Failure, Result};

/// A version of a model of components.
struct Components(Rc<Scorer>);

impl Components {
    /// Open a version, or the deployed one; the caller must be allowed to use the model.
    fn open(call: &str, model: Option<&str>, version: Option<i32>) -> Result<Components> {
        let found = catalog::of_argument(model)?;
        let scorer = match version {
            Some(number) => cache::version(&catalog::version_id(&found.row, number)?, &found)?,
            None => cache::deployed(&found)?,
        };
        let own = Components(scorer);
        own.body()
            .is_some()
            .then_some(own)
            .ok_or_else(|| Failure::argument(format!("orchard.{call} is for models of components")).hint(HINT))
    }

    fn body(&self) -> Option<&Projection> {
        match &self.0.model().body {
            Body::Projection(body) => Some(body),
            _ => None,
        }
    }
}

const HINT: &str = "Train one: orchard.train('name', 'source', algorithm => 'pca').";

/// How much of the variance each component explains.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn explained_variance(
    model: Option<&str>,
    version: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(component, i32),
        name!(explained_variance, f64),
        name!(explained_variance_ratio, f64),
        name!(cumulative_ratio, f64),
    ),
> {
    let rows = report(|| {
        let own = Components::open("explained_variance", model, version)?;
        let mut sum = 0.0;
        let row = |(number, variance): (usize, &f64), body: &Projection, sum: &mut f64| {
            *sum += body.ratio(number);
            (number as i32 + 1, *variance, body.ratio(number), sum.min(1.0))
        };
        let all = own.body().into_iter().flat_map(|body| body.variance.iter().enumerate().map(move |v| (v, body)));
        Ok(all.map(|(variance, body)| row(variance, body, &mut sum)).collect::<Vec<_>>())
    });
    TableIterator::new(rows)
}

/// What components are made of: a row a component and dimension, the largest loading of a component first.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn components(
    model: Option<&str>,
    version: Option<i32>,
) -> TableIterator<
    'static,
    (name!(component, i32), name!(feature, String), name!(level, Option<String>), name!(loading, f64)),
> {
    let own = report(|| Components::open("components", model, version));
    let names = own.body().map_or_else(Vec::new, |body| dimensions(own.0.model(), body));
    let count = own.body().map_or(0, |body| body.variance.len());
    // One component at a time, as all are as many rows as the model has numbers.
    let rows = (0..count).flat_map(move |number| {
        let direction = own.body().and_then(|body| body.directions().nth(number)).unwrap_or_default();
        let row = |at: usize| {
            let (feature, level) = names.get(at).cloned().unwrap_or_default();
            (number as i32 + 1, feature, level, direction[at])
        };
        strongest(direction).into_iter().map(row).collect::<Vec<_>>()
    });
    TableIterator::new(rows)
}

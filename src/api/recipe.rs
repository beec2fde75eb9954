//! How the deployed version of a model was trained, so that it can be done again.

use std::cell::OnceCell;

use orchard_engine::learn::options::{Algorithm, Options};

use super::train::Job;
use crate::catalog::{relations, store, Found};
use crate::error::Result;

/// What a training was told, but for its source and the settings of its session, which [`super::sampled::with_source`] puts back.
pub(super) struct Recipe {
    target: Option<String>,
    algorithm: Algorithm,
    options: Options,
    /// The options as they were given.
    pub given: serde_json::Value,
}

impl Recipe {
    /// That of the deployed version.
    pub fn of(found: &Found) -> Result<Recipe> {
        let version = found.deployed()?;
        let target = store::target(&version)?;
        let algorithm = relations::version_text(&version, "algorithm")?.unwrap_or_default();
        let algorithm = Algorithm::parse(&algorithm, target.is_some())?;
        let given = store::options(&version)?;
        Ok(Recipe { target, algorithm, options: Options::parse(&given, algorithm)?, given })
    }

    /// The training of a model from a source by this recipe.
    pub fn job<'a>(&'a self, found: &Found, source: &'a str) -> Job<'a> {
        Job {
            schema: found.row.schema.clone(),
            name: found.row.name.clone(),
            source,
            target: self.target.as_deref(),
            algorithm: self.algorithm,
            options: self.options.clone(),
            options_text: self.given.to_string(),
            columns: OnceCell::new(),
        }
    }
}

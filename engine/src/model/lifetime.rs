//! Models of when customers buy and what they spend, stored: a few parameters.

use serde::{Deserialize, Serialize};

use super::validate::ensure;
use super::{Encoding, Feature, Task};
use crate::error::Result;
use crate::lifetime::bgnbd;
use crate::lifetime::worth::Amounts;

/// The most periods that are looked ahead.
pub const MOST_PERIODS: f64 = 10_000.0;

/// A model of customers. Frozen: a changed field is a new format version.
///
/// Its features are the frequency, recency and age of a customer and, where there are amounts, their mean amount.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lifetime {
    /// The days of a period.
    pub period: f64,
    /// The last day of the observation, counted from 2000-01-01.
    pub end: i32,
    /// When customers buy.
    pub times: bgnbd::Parameters,
    /// What they spend.
    pub amounts: Amounts,
    /// The periods that an answer looks ahead.
    pub horizon: f64,
    /// By how much less money of a period later is worth.
    pub discount_rate: f64,
}

/// Parameters are numbers of their ranges, and features those that are asked for.
pub(super) fn validate(body: &Lifetime, features: &[Feature], task: &Task) -> Result<()> {
    ensure(*task == Task::Lifetime, || "customers for another task".into())?;
    let columns = if body.amounts == Amounts::None { 3 } else { 4 };
    ensure(features.len() == columns && features.iter().all(|f| f.encoding == Encoding::Number), || {
        format!("{} features of customers", features.len())
    })?;
    let above = |v: &f64| v.is_finite() && *v > 0.0;
    ensure(above(&body.period) && body.times.values().iter().all(above), || "a parameter is not above 0".into())?;
    ensure((0.0..=MOST_PERIODS).contains(&body.horizon), || format!("a horizon of {}", body.horizon))?;
    ensure((0.0..=1.0).contains(&body.discount_rate), || "a rate that is no share".into())?;
    match &body.amounts {
        Amounts::None => Ok(()),
        Amounts::Mean(mean) => ensure(mean.is_none_or(f64::is_finite), || "a mean is not finite".into()),
        Amounts::Model(spend) => ensure(spend.values().iter().all(above) && spend.q > 1.0, || {
            "a parameter of amounts is out of range".into()
        }),
    }
}

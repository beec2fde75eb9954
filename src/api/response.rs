//! `orchard.response_curve`: what campaigns bring by what is spent on them, now and before.

use orchard_engine::control::Control;
use orchard_engine::decide::adstock::{fit_carried, Carried};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use rayon::prelude::*;
use serde_json::Value;

use super::budget::{marginal, read, History, Limits, DECAY, MOST_DECAY};
use super::choices::{Advice, Choices};
use crate::error::{given, report, Result};
use crate::{interrupt, settings};

/// The options, with their types in words.
const OPTIONS: [(&str, &str); 1] = [("decay", DECAY)];

type Row = (String, i64, f64, f64, &'static str, f64, f64, f64, Option<f64>, Option<f64>, f64, f64, f64);

/// Fit the curve of each campaign.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn response_curve(
    source: Option<&str>,
    campaign: Option<&str>,
    event_time: Option<&str>,
    spend: Option<&str>,
    outcome: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(campaign_name, String),
        name!(periods, i64),
        name!(decay, f64),
        name!(half_life, f64),
        name!(curve, &'static str),
        name!(gain, f64),
        name!(bend, f64),
        name!(base, f64),
        name!(r2, Option<f64>),
        name!(r2_without_decay, Option<f64>),
        name!(current_spend, f64),
        name!(current_outcome, f64),
        name!(marginal, f64),
    ),
> {
    let options = options.as_ref().map(|o| &o.0);
    TableIterator::new(report(|| run(source, event_time, [campaign, spend, outcome], options)))
}

fn run(
    source: Option<&str>,
    event_time: Option<&str>,
    columns: [Option<&str>; 3],
    options: Option<&Value>,
) -> Result<Vec<Row>> {
    let source = given(source, "source")?;
    let [campaign, spend, outcome] = columns;
    let names = [given(campaign, "campaign")?, given(spend, "spend")?, given(outcome, "outcome")?];
    let event_time = given(event_time, "event_time")?;
    let choices = Choices::new(options, &OPTIONS, r#"{"decay": {"search": 0.2}}"#, Advice::Given)?;
    let decays = Limits::read(&choices, "decay", MOST_DECAY)?;
    let control = Control::new(settings::max_memory());
    let histories = read(source, names, Some(event_time), &control)?;
    decays.check(&histories)?;
    let carried = interrupt::run("orchard.response_curve", &control, || {
        let of = |history: &History| fit_carried(&history.periods, decays.of(&history.name), &control);
        histories.par_iter().map(of).collect::<orchard_engine::Result<Vec<Option<Carried>>>>()
    })?;
    let row = |(history, carried): (&History, Option<Carried>)| {
        let carried = carried?;
        let (response, mean) = (carried.response, history.mean());
        Some((
            history.name.clone(),
            history.periods.len() as i64,
            carried.decay,
            carried.half_life(),
            response.shape.name(),
            response.gain,
            response.bend,
            response.base,
            response.r2,
            carried.r2_without,
            mean,
            response.at(mean),
            marginal(history, &response, mean),
        ))
    };
    Ok(histories.iter().zip(carried).filter_map(row).collect())
}

//! `orchard.retrain`: the recipe of a model on today's data, and the new version deployed only where it is better.

use std::rc::Rc;
use std::time::Instant;

use orchard_engine::control::Control;
use orchard_engine::judge;
use orchard_engine::judge::contest::{self, Contest};
use orchard_engine::learn::train::{self, Champion, Outcome};
use orchard_engine::model::{Argument, InputKind, Model, Task};
use orchard_engine::score::Scorer;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::{json, Value};

use super::manage::owned;
use super::recipe::Recipe;
use super::sampled::with_source;
use super::save::save;
use super::train::{check_signature, former, old_segments, read, request, Job, Types};
use super::{apart, diagnose, insight};
use crate::call::slot::kind_name;
use crate::catalog::versions::Event;
use crate::catalog::{cache, relations, store, versions, Found};
use crate::error::{given, report, Failure, Result};
use crate::source::Rows;
use crate::{interrupt, settings};

/// New columns of the source that are named.
const MOST_NAMED: usize = 20;

/// When the new version is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Promote {
    IfBetter,
    Always,
    Never,
}

impl Promote {
    const ALL: [(&'static str, Promote); 3] =
        [("if_better", Promote::IfBetter), ("always", Promote::Always), ("never", Promote::Never)];

    fn parse(text: &str) -> Result<Promote> {
        let found = Promote::ALL.iter().find(|(name, _)| *name == text).map(|(_, promote)| *promote);
        found.ok_or_else(|| {
            Failure::argument(format!("there is no promote => '{text}'"))
                .hint("Valid values are if_better, always and never.")
        })
    }

    fn name(self) -> &'static str {
        Promote::ALL.iter().find(|(_, promote)| *promote == self).map_or("", |(name, _)| name)
    }
}

/// What the caller asks for.
struct Wish<'a> {
    promote: Promote,
    min_gain: f64,
    metric: Option<&'a str>,
}

type Row = (
    String,
    i32,
    Option<i32>,
    &'static str,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    bool,
    &'static str,
    f64,
    i64,
    i64,
);

/// Train a model again by its recipe, and deploy the new version if it is better than the deployed one.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity)]
fn retrain(
    model: Option<&str>,
    promote: Option<&str>,
    min_gain: Option<f64>,
    metric: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(model, String),
        name!(version, i32),
        name!(champion_version, Option<i32>),
        name!(metric, &'static str),
        name!(champion, Option<f64>),
        name!(challenger, Option<f64>),
        name!(difference, Option<f64>),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(promoted, bool),
        name!(reason, &'static str),
        name!(seconds, f64),
        name!(rows, i64),
        name!(holdout_rows, i64),
    ),
> {
    TableIterator::once(report(|| {
        let wish = Wish {
            promote: Promote::parse(promote.unwrap_or("if_better"))?,
            min_gain: min_gain.unwrap_or(0.0),
            metric,
        };
        check_gain(&wish)?;
        crate::catalog::check_writable(c"orchard.retrain()");
        let model = given(model, "model")?;
        let found = owned(model)?;
        store::try_lock(&found.row.schema, &found.row.name)?;
        // Whoever had the lock may have changed the model since the statement began.
        relations::under_new_snapshot(|| run(&owned(model)?, &wish))
    }))
}

fn check_gain(wish: &Wish<'_>) -> Result<()> {
    if !wish.min_gain.is_finite() || wish.min_gain < 0.0 {
        return Err(Failure::argument("min_gain must be a number of 0 or more")
            .hint("It is how much better the new version must be to be deployed, whatever the metric."));
    }
    if wish.min_gain > 0.0 && wish.promote != Promote::IfBetter {
        return Err(Failure::argument(format!("promote => '{}' takes no min_gain", wish.promote.name()))
            .hint("Leave it out, or promote => 'if_better'."));
    }
    Ok(())
}

fn run(found: &Found, wish: &Wish<'_>) -> Result<Row> {
    super::import::check_recipe(found)?;
    let started = Instant::now();
    let scorer = cache::deployed(found)?;
    let metric = metric(scorer.model(), wish)?;
    let champion_version = versions::deployed(&found.row.id)?;
    versions::check_newest(&found.row.id)?;
    with_source(found, None, |source| {
        let recipe = Recipe::of(found)?;
        let mut job = recipe.job(found, source);
        hold_out(found, wish, &scorer, &mut job)?;
        let (mut outcome, types) = learn(found, wish, &scorer, &mut job, metric, &recipe.given)?;
        let contest = outcome.contest.take();
        let (promoted, reason) = decide(wish, contest.as_ref());
        job.options.deploy = promoted;
        let Figures { champion, challenger, difference, low, high } = Figures::of(contest.as_ref());
        let details = json!({
            "promote": wish.promote.name(), "min_gain": wish.min_gain, "metric": metric, "champion_version": champion_version,
            "champion": champion, "challenger": challenger, "difference": difference, "low": low, "high": high,
            "promoted": promoted, "reason": reason, "rows": outcome.rows, "holdout_rows": outcome.holdout_rows,
        })
        .to_string();
        let event = Event { name: "retrain", details: Some(&details) };
        let saved = save(&job, Some(found.clone()), &outcome, &types, started, event)?;
        let (rows, holdout_rows) = (outcome.rows as i64, outcome.holdout_rows as i64);
        let seconds = started.elapsed().as_secs_f64();
        Ok((
            saved.0,
            saved.1,
            champion_version,
            metric,
            champion,
            challenger,
            difference,
            low,
            high,
            promoted,
            reason,
            seconds,
            rows,
            holdout_rows,
        ))
    })
}

/// Make sure that there will be rows to judge on, where they are needed.
fn hold_out(found: &Found, wish: &Wish<'_>, scorer: &Scorer, job: &mut Job<'_>) -> Result<()> {
    if job.options.holdout > 0.0 || wish.promote != Promote::IfBetter {
        return Ok(());
    }
    if scorer.model().task == Task::Clustering {
        // Segments are learned from all rows, unless they are asked for otherwise.
        notice!("a fifth of the rows is held out to compare the segments on");
        job.options.holdout = 0.2;
        return Ok(());
    }
    Err(Failure::new(
        PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
        format!("model \"{}.{}\" is trained without a holdout to judge on", found.row.schema, found.row.name),
    )
    .hint("Write promote => 'always', or train it with a \"holdout\" above 0."))
}

/// Learn the challenger beside the champion, and say what a training says.
fn learn(
    found: &Found,
    wish: &Wish<'_>,
    scorer: &Rc<Scorer>,
    job: &mut Job<'_>,
    metric: &'static str,
    options: &Value,
) -> Result<(Outcome, Types)> {
    let control = Control::new(settings::max_memory());
    if job.algorithm.stands_alone() {
        return apart::learn(job, &control);
    }
    let model = scorer.model();
    // What was decided of a column stays so: whether it holds personal data is not asked again.
    job.options.masked_columns = model.masked_columns();
    job.options.known_columns = model.arguments().iter().map(|a| a.name().to_owned()).collect();
    if model.cleaning.is_none() || job.options.clean.is_none() {
        // It keeps its columns, and so its function, whatever else the source has by now.
        job.options.features = Some(model.arguments().iter().map(|a| a.name().to_owned()).collect());
    }
    let rows = read(job, &control)?;
    if wish.promote != Promote::Never {
        check_signature(found, job, &rows)?;
    }
    let champion = Champion { scorer, places: places(scorer, &rows)?, metric };
    let (mut request, types) = request(job, rows, Some(model.task.clone()))?;
    request.old_segments = old_segments(&found.deployed()?, scorer);
    request.former = former(scorer, &job.options);
    let warn = settings::warnings();
    let label = format!("orchard.retrain {}", job.name);
    let (mut outcome, warnings) =
        interrupt::run(&label, &control, || train::train_beside(request, Some(&champion), warn, &control))?;
    for notice in &outcome.notices {
        notice!("{notice}");
    }
    diagnose::warn(&warnings, options);
    insight::warn(&mut outcome, &warnings, job);
    tell_new(found, model, job)?;
    Ok((outcome, types))
}

/// The metric by which champion and challenger are compared.
fn metric(model: &Model, wish: &Wish<'_>) -> Result<&'static str> {
    let metrics = contest::metrics_of(model);
    let Some(usual) = metrics.first() else {
        // Where nothing is known to be true, no version is better than another.
        if wish.promote == Promote::IfBetter || wish.metric.is_some() {
            let what = match model.task {
                Task::Reduction => "components",
                Task::Forecast => "forecasts",
                Task::Lifetime => "customers",
                _ => "anomaly scores",
            };
            return Err(Failure::argument(format!("models of {what} cannot be compared by a metric"))
                .hint("Write promote => 'always' or promote => 'never', without a metric."));
        }
        return Ok(judge::headline(&model.task));
    };
    let Some(asked) = wish.metric else { return Ok(usual) };
    metrics.iter().find(|name| **name == asked).copied().ok_or_else(|| {
        Failure::argument(format!("models of this task cannot be compared by \"{asked}\""))
            .hint(format!("Valid metrics are {}.", metrics.join(", ")))
    })
}

/// Say which columns the source did not have when the deployed version was trained, as the new one does not learn from them either.
fn tell_new(found: &Found, model: &Model, job: &Job<'_>) -> Result<()> {
    let before = insight::insight(found)?.columns;
    let arguments = model.arguments();
    let is_known = |name: &String| before.contains(name) || arguments.iter().any(|a| a.name() == name);
    let new: Vec<&String> = job.columns.get().into_iter().flatten().filter(|name| !is_known(name)).collect();
    // What versions of before this was kept do not tell.
    if before.is_empty() || new.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = new.iter().take(MOST_NAMED).map(|name| format!("\"{name}\"")).collect();
    let more = match new.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    notice!(
        "the source has new columns, which the model does not use until it is trained by orchard.train: {}{more}",
        named.join(", ")
    );
    Ok(())
}

/// Where the columns are that the deployed version reads, which must be as it learned them.
fn places(scorer: &Rc<Scorer>, rows: &Rows) -> Result<Vec<(usize, usize)>> {
    let place = |argument: &Argument<'_>| {
        let column = rows.column(argument.name()).ok_or_else(|| Failure::internal("a column was not read"))?;
        let (now, then) = (column.reader.kind(), argument.kind());
        let is_text = then == InputKind::Text && now == InputKind::Category;
        if now != then && !is_text {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                format!(
                    "column \"{}\" has type {}, but the model learned it as {}",
                    argument.name(),
                    column.attribute.type_name,
                    kind_name(then)
                ),
            )
            .hint("Cast the column in the source, or train the model anew by orchard.train."));
        }
        Ok((column.first, column.count))
    };
    scorer.model().arguments().iter().map(place).collect()
}

/// What is told of a contest.
#[derive(Default)]
struct Figures {
    champion: Option<f64>,
    challenger: Option<f64>,
    difference: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

impl Figures {
    fn of(contest: Option<&Contest>) -> Figures {
        contest.map_or_else(Figures::default, |c| {
            let (low, high) = c.interval.unzip();
            Figures { champion: c.champion, challenger: c.challenger, difference: c.gain, low, high }
        })
    }
}

/// Whether the new version is deployed, and why.
fn decide(wish: &Wish<'_>, contest: Option<&Contest>) -> (bool, &'static str) {
    match wish.promote {
        Promote::Always => return (true, "promote is always"),
        Promote::Never => return (false, "promote is never"),
        Promote::IfBetter => {}
    }
    let Some(contest) = contest else { return (false, "no rows were held out to judge on") };
    match (contest.gain, contest.interval) {
        (None, _) => (false, "the metric is undefined on the held-out rows"),
        (Some(gain), _) if gain <= 0.0 => (false, "the new version is no better"),
        (_, None) => (false, "the held-out rows are too few to tell chance"),
        (_, Some((low, _))) if low <= 0.0 => (false, "the gain may be chance"),
        (Some(gain), _) if gain < wish.min_gain => (false, "the gain is below min_gain"),
        _ => (true, "the gain is real"),
    }
}

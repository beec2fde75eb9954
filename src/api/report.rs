//! `orchard.report`, `orchard.model_card` and `orchard.plot`: what is known of a version, for people.

use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::judge::coefficients::coefficients;
use orchard_engine::judge::given::encode;
use orchard_engine::judge::partial::{dependence, Along};
use orchard_engine::judge::shap::{answers, columns, has_scores};
use orchard_engine::judge::Metric;
use orchard_engine::learn::train::{by_model, judge_rows, read_importance, Insight};
use orchard_engine::model::{date_text, day, Ensemble, HeldActual, HeldRows, Join, Task};
use orchard_engine::report::{self, ColumnFacts, Facts, Figure};
use orchard_engine::score::Scorer;
use pgrx::prelude::*;
use serde_json::Value;

use super::dependence::along;
use super::evaluate::{overall, stored_metrics};
use super::insight::insight;
use super::judged::{class_at, judged, Wish};
use super::sampled::{read, with_source};
use super::segments::{facts as segment_facts, open};
use crate::catalog::relations::{self, ChunkKind};
use crate::catalog::{self, cache, function, store, Found};
use crate::error::{given, report, Failure, Result};
use crate::{interrupt, settings, source};

/// The page of a model.
#[pg_extern(sql = false)]
fn report_page(model: Option<&str>, source: Option<&str>) -> String {
    report(|| {
        let found = find(model)?;
        Ok(report::html(&facts(&found, source, Rows::All)?)?)
    })
}

/// The page of the segments of a model.
#[pg_extern(sql = false)]
fn segment_report(model: Option<&str>, source: Option<&str>) -> String {
    report(|| {
        let found = open("segment_report", model)?.found;
        Ok(report::html(&facts(&found, source, Rows::All)?)?)
    })
}

/// The card of a model.
#[pg_extern(sql = false)]
fn model_card(model: Option<&str>, source: Option<&str>) -> String {
    report(|| {
        let found = find(model)?;
        Ok(report::markdown(&facts(&found, source, Rows::None)?))
    })
}

/// A chart of a model.
#[pg_extern(sql = false)]
fn plot(
    model: Option<&str>,
    kind: Option<&str>,
    source: Option<&str>,
    class: Option<&str>,
    feature: Option<&str>,
) -> String {
    report(|| {
        let found = find(model)?;
        let kind = given(kind, "kind")?;
        let figure = Figure::parse(kind).ok_or_else(|| {
            let names: Vec<&str> = Figure::ALL.into_iter().map(Figure::name).collect();
            Failure::argument(format!("there is no plot \"{kind}\""))
                .hint(format!("The plots are {}.", names.join(", ")))
        })?;
        let task = cache::deployed(&found)?.model().task.clone();
        if !figure.is_for(&task) {
            let names: Vec<&str> = Figure::ALL.into_iter().filter(|f| f.is_for(&task)).map(Figure::name).collect();
            let hint = match names.is_empty() {
                true => "It has none: orchard.report says in words and numbers what it does.".to_owned(),
                false => format!("Its plots are {}.", names.join(", ")),
            };
            return Err(Failure::argument(format!("there is no plot \"{kind}\" of such a model")).hint(hint));
        }
        let class = class.map(|label| class_of(&task, label)).transpose()?;
        let rows = match (figure, feature) {
            (Figure::PartialDependence, None) => {
                return Err(Failure::argument("a plot of partial dependence needs a feature")
                    .hint("Name a column: feature => 'column'."))
            }
            (Figure::PartialDependence, Some(feature)) => Rows::Feature(feature, class),
            (_, Some(_)) => {
                return Err(Failure::argument(format!("a plot \"{kind}\" takes no feature")).hint("Leave it out."))
            }
            (figure, None) if figure.needs_rows() => Rows::Shap(class),
            _ => Rows::None,
        };
        let facts = facts(&found, source, rows)?;
        let svg = report::draw(figure, &facts, class)?.ok_or_else(|| {
            Failure::new(
                PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
                format!("model \"{}.{}\" has nothing to plot as \"{kind}\"", found.row.schema, found.row.name),
            )
            .hint(match figure {
                Figure::SegmentMap => "It needs two columns that vary, and a version that keeps a map: train it again.",
                _ => {
                    "It needs held-out rows, or a source with the target, and for a learning curve more than one tree."
                }
            })
        })?;
        Ok(report::plot::theme::alone(&svg))
    })
}

fn find(model: Option<&str>) -> Result<Found> {
    catalog::of_argument(model)
}

fn class_of(task: &Task, label: &str) -> Result<usize> {
    let Task::Classification { classes, .. } = task else {
        return Err(Failure::argument("the model predicts a number and has no classes").hint("Leave class out."));
    };
    class_at(classes, label)
}

/// Which facts need rows of the source.
enum Rows<'a> {
    /// None.
    None,
    /// How columns move answers.
    Shap(Option<usize>),
    /// How the answer depends on a column.
    Feature(&'a str, Option<usize>),
    /// What a page has of them.
    All,
}

/// What is known of the deployed version, judged on the rows of a source or on those that were held out.
fn facts(found: &Found, source: Option<&str>, rows: Rows<'_>) -> Result<Facts> {
    let version = found.deployed()?;
    let scorer = cache::deployed(found)?;
    let text = |column: &str| Ok::<_, Failure>(relations::version_text(&version, column)?.unwrap_or_default());
    let number = |column: &str| Ok::<_, Failure>(text(column)?.parse::<u64>().unwrap_or(0));
    let insight = insight(found)?;
    let training_rows = number("training_rows")?;
    let task = scorer.model().task.clone();
    let (metrics, held, held_rows) = judgement(found, &scorer, source)?;
    let overfitting = match source {
        None => insight.overfitting.as_ref().map(|o| (o.message.clone(), o.detail.clone())),
        Some(_) => None,
    };
    let listed: Value = serde_json::from_str(&text("features")?).unwrap_or_default();
    let timings: Value = serde_json::from_str(&text("timings")?).unwrap_or_default();
    let created = text("created_at")?;
    let sizes = scorer.model().body.as_segments().map_or_else(Vec::new, |body| body.sizes.clone());
    let segments = segment_facts(&version, scorer.model())?.map(|known| report::stories(scorer.model(), &known));
    let mut facts = Facts {
        model: found.row.name.clone(),
        function: function::call_name(&found.row.schema, &found.row.name),
        version: text("version")?.parse().unwrap_or(0),
        algorithm: text("algorithm")?,
        target: store::target(&version)?,
        source: text("source")?,
        options: text("options")?,
        created: created.split('.').next().unwrap_or_default().to_owned(),
        owner: relations::function_owner(found.function).map_or_else(String::new, relations::role_name),
        rows: number("rows")?,
        training_rows,
        holdout_rows: number("holdout_rows")?,
        seconds: timings["total"].as_f64(),
        extension: text("extension_version")?,
        columns: column_facts(&listed, training_rows),
        remembered: scorer.model().remembered(),
        metric: relations::version_text(&version, "metric")?,
        metrics,
        held,
        insight: if source.is_some() { Insight { findings: insight.findings, ..Insight::default() } } else { insight },
        overfitting,
        importance: importance(found, &scorer)?,
        influences: Vec::new(),
        effects: Vec::new(),
        sizes,
        segments,
        coefficients: coefficients(scorer.model()).unwrap_or_default(),
        members: members(&scorer),
        components: report::components(scorer.model()),
        exposure: store::options(&version)?["exposure"].as_str().map(str::to_owned),
        judged_on: held_rows,
        without_rows: None,
        task,
    };
    looks(found, &scorer, source, rows, &mut facts)?;
    Ok(facts)
}

/// The members of an ensemble, each with what it counts in the mean.
fn members(scorer: &Scorer) -> Vec<(String, Option<f64>)> {
    let Some(Ensemble { members, join }) = scorer.model().body.as_ensemble() else { return Vec::new() };
    let weight = |at: usize| match join {
        Join::Mean(weights) => weights.get(at).copied(),
        Join::Model(_) | Join::Effects(_) => None,
    };
    members.iter().enumerate().map(|(at, member)| (member.algorithm.clone(), weight(at))).collect()
}

/// Rows of the source that a page or chart looks at.
const MOST_ROWS: usize = 1_000;
/// Rows of these whose answers are explained at most and at least, and how many nodes may be walked for that in all: of a large forest each row takes
/// tens of milliseconds.
const MOST_EXPLAINED: usize = 300;
const FEWEST_EXPLAINED: usize = 40;
const MOST_NODES: usize = 800_000_000;
/// Columns whose dependence a page shows.
const MOST_COLUMNS: usize = 6;
/// Values of a column at which the dependence is shown.
const MOST_POINTS: usize = 20;

/// How many rows are explained.
fn explained_rows(scorer: &Scorer) -> usize {
    let nodes = scorer.model().body.as_trees().map_or(0, |(trees, _)| trees.nodes());
    let walked = nodes.saturating_mul(scorer.outputs()).max(1);
    (MOST_NODES / walked).clamp(FEWEST_EXPLAINED, MOST_EXPLAINED)
}

/// Add what needs rows of the source.
fn looks(found: &Found, scorer: &Rc<Scorer>, source: Option<&str>, rows: Rows<'_>, facts: &mut Facts) -> Result<()> {
    let all = matches!(rows, Rows::All);
    let class = match rows {
        Rows::None => return Ok(()),
        _ if !facts.task.gives_scores() => return Ok(()),
        Rows::Shap(class) | Rows::Feature(_, class) => class.or_else(|| facts.class()),
        Rows::All => facts.class(),
    };
    let control = Control::new(settings::max_memory());
    let reading = || with_source(found, source, |source| read(found, scorer, source, &control));
    const LABEL: &str = "orchard.report";
    let read = match source {
        // A page is of use without them.
        None if all => match source::tell_errors(reading)? {
            Err(why) => {
                facts.without_rows =
                    Some(format!("How columns move answers is not shown, as the source cannot be read now: {why}."));
                return Ok(());
            }
            Ok(read) if read.source().table.rows == 0 => {
                facts.without_rows =
                    Some("How columns move answers is not shown, as the source has no rows now.".to_owned());
                return Ok(());
            }
            Ok(read) => read,
        },
        _ => reading()?,
    };
    let sample = read.sample(LABEL, MOST_ROWS, &control)?;
    let (model, source) = (&**scorer, read.source());
    let is_explained = has_scores(model.model());
    if (all && is_explained) || matches!(rows, Rows::Shap(_)) {
        let explain = || {
            let cells = encode(model, &sample, &control)?;
            // The sample is in the order of a hash, so the first of it are a fair sample as well.
            let rows = explained_rows(model).min(sample.rows.len());
            let cells: Vec<&[f64]> = cells.iter().map(|column| &column[..rows]).collect();
            let own = columns(model.model());
            let found = answers(model, &cells, &own, class, None, &control)?;
            Ok(report::influences(model.model(), &own, &cells, &found))
        };
        facts.influences = interrupt::run(LABEL, &control, explain)?;
    }
    let alongs: Vec<(String, Along)> = match rows {
        Rows::Feature(name, _) => vec![(name.to_owned(), along(model.model(), name)?)],
        Rows::All => {
            let mut order: Vec<&report::Influence> = facts.influences.iter().collect();
            order.sort_by(|a, b| b.size().total_cmp(&a.size()));
            let inputs = model.model().inputs.iter().filter(|_| !is_explained).map(|input| &input.name);
            let names = order.iter().map(|i| &i.column).chain(inputs);
            let named = names.filter_map(|name| Some((name.clone(), Along::find(model.model(), name)?)));
            named.filter(|(_, along)| along.is_whole(model.model())).take(MOST_COLUMNS).collect()
        }
        _ => Vec::new(),
    };
    for (column, along) in alongs {
        let look = || dependence(model, &source, &sample, &[along], MOST_POINTS, class, &control);
        let found = interrupt::run(LABEL, &control, look)?;
        facts.effects.extend(report::effects_of(&column, &found));
    }
    Ok(())
}

/// Metrics, the rows they are of, and how many those are where they are of a source.
fn judgement(
    found: &Found,
    scorer: &Scorer,
    source: Option<&str>,
) -> Result<(Vec<Metric>, Option<HeldRows>, Option<u64>)> {
    let stored = stored_metrics(found)?;
    if !scorer.model().task.gives_scores() {
        let Some(source) = source else { return Ok((stored, None, None)) };
        let metrics = overall(found, Some(source))?;
        let rows = metrics.iter().find(|m| m.name == "rows").and_then(|m| m.value);
        return Ok((metrics, None, Some(rows.map_or(0, |rows| rows as u64))));
    }
    let has_held = relations::chunks(&found.deployed()?, ChunkKind::Held)?.is_some();
    if source.is_none() && !has_held {
        return Ok((stored, None, None));
    }
    let held = judged(found, source, &Wish::default())?.held;
    let known = held.actual != HeldActual::None;
    match source {
        Some(_) => {
            let rows = held.rows() as u64;
            Ok((judge_rows(scorer, &held).0, Some(held).filter(|_| known), Some(rows)))
        }
        None => Ok((stored, Some(held).filter(|_| known), None)),
    }
}

/// The columns of the features that the catalogue lists.
fn column_facts(listed: &Value, training_rows: u64) -> Vec<ColumnFacts> {
    let mut all: Vec<ColumnFacts> = Vec::new();
    for feature in listed.as_array().into_iter().flatten() {
        let text = |key: &str| feature[key].as_str().unwrap_or_default().to_owned();
        if all.iter().any(|c| c.name == text("column")) {
            continue;
        }
        let write = |key: &str| {
            let value = feature[key].as_f64()?;
            Some(match feature["kind"].as_str() {
                Some("date") => date_text(value),
                Some("timestamp" | "timestamptz") => date_text(day(value)),
                _ => report::plot::theme::number(value),
            })
        };
        let holds = match feature["kind"].as_str() {
            Some("category") => format!("{} levels", feature["distinct"].as_u64().unwrap_or(0)),
            Some("boolean") => "true or false".to_owned(),
            Some("text") => "free text".to_owned(),
            Some("array") => "an array of numbers".to_owned(),
            _ => match (write("minimum"), write("maximum")) {
                (Some(low), Some(high)) => format!("{low} to {high}"),
                _ => String::new(),
            },
        };
        let missing = feature["missing"].as_f64().unwrap_or(0.0) / (training_rows.max(1)) as f64;
        all.push(ColumnFacts { name: text("column"), type_name: text("type"), missing, holds });
    }
    all
}

fn importance(found: &Found, scorer: &Scorer) -> Result<Vec<orchard_engine::learn::train::Importance>> {
    let mut all = by_model(scorer.model(), &columns(scorer.model()));
    if let Some(bytes) = relations::chunks(&found.deployed()?, ChunkKind::Importance)? {
        all.extend(read_importance(&bytes));
    }
    Ok(all)
}

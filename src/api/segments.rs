//! `orchard.segments`, `segment_candidates` and `stability`: who the segments of a clustering are, why there are so many, and whether they would be found
//! again.

use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::judge::given::encode;
use orchard_engine::judge::segments;
use orchard_engine::learn::kmeans::{gaussian, stability as stability_of, SegmentStability, Stability};
use orchard_engine::learn::options::Algorithm;
use orchard_engine::model::{decode_segments, Body, Candidate, KMeans, Model, SegmentFacts, Task};
use orchard_engine::score::Scorer;
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use pgrx::JsonB;

use super::sampled::{read, with_source};
use crate::catalog::relations::{self, ChunkKind, Id};
use crate::catalog::{self, cache, Found};
use crate::error::{report, Failure, Result};
use crate::{interrupt, settings};

type Row = (
    i32,
    Option<String>,
    i64,
    f64,
    Option<JsonB>,
    Option<JsonB>,
    Option<JsonB>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
);

/// The segments of a model, a row each.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn segments(
    model: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(segment, i32),
        name!(name, Option<String>),
        name!(size, i64),
        name!(share, f64),
        name!(centre, Option<JsonB>),
        name!(distinctive, Option<JsonB>),
        name!(typical, Option<JsonB>),
        name!(value_mean, Option<f64>),
        name!(value_total, Option<f64>),
        name!(value_share, Option<f64>),
        name!(silhouette, Option<f64>),
        name!(spread, Option<f64>),
    ),
> {
    TableIterator::new(report(|| {
        let Clusters { found, scorer, facts } = open("segments", model)?;
        let sizes = &kmeans(scorer.model())?.sizes;
        let total = (sizes.iter().sum::<u64>() + scorer.model().body.noise().unwrap_or(0)).max(1) as f64;
        let Some(facts) = facts else {
            tell_unknown(&found);
            let plain = |(i, size): (usize, &u64)| {
                let share = *size as f64 / total;
                (number(i), None, *size as i64, share, None, None, None, None, None, None, None, None)
            };
            return Ok(sizes.iter().enumerate().map(plain).collect::<Vec<Row>>());
        };
        Ok((0..sizes.len()).map(|i| row(scorer.model(), &facts, i, total)).collect())
    }))
}

fn row(model: &Model, facts: &SegmentFacts, i: usize, total: f64) -> Row {
    let described = !facts.features.is_empty();
    let value = facts.value.as_ref().filter(|v| v.rows[i] > 0);
    let sum = value.map(|v| v.total[i]);
    let of_all = value.map(|v| v.total.iter().sum::<f64>()).filter(|all| *all != 0.0);
    (
        number(i),
        Some(segments::name(model, &facts.names[i])),
        facts.sizes[i] as i64,
        facts.sizes[i] as f64 / total,
        described.then(|| JsonB(segments::centre(model, facts, i))),
        described.then(|| JsonB(segments::distinctive(model, facts, i))),
        segments::typical(model, facts, i).map(JsonB),
        value.map(|v| v.total[i] / v.rows[i] as f64),
        sum,
        sum.zip(of_all).map(|(sum, all)| sum / all),
        facts.silhouette[i],
        Some(facts.spread[i]),
    )
}

/// The number of a segment; there are never more than fit.
fn number(i: usize) -> i32 {
    i32::try_from(i + 1).unwrap_or(i32::MAX)
}

/// A clustering that the caller may use, with what is known of its segments.
pub(super) struct Clusters {
    pub found: Found,
    pub scorer: Rc<Scorer>,
    pub facts: Option<SegmentFacts>,
}

/// Open the deployed version of a clustering.
pub(super) fn open(call: &str, model: Option<&str>) -> Result<Clusters> {
    let found = catalog::of_argument(model)?;
    let scorer = cache::deployed(&found)?;
    if scorer.model().task != Task::Clustering {
        let what = match scorer.model().task.has_target() {
            true => "predicts a target",
            false => "finds no segments",
        };
        return Err(Failure::argument(format!("orchard.{call} is for segments, and the model {what}"))
            .hint("Train a model without a target, by algorithm => 'kmeans' or 'dbscan'."));
    }
    let facts = facts(&found.deployed()?, scorer.model())?;
    Ok(Clusters { found, scorer, facts })
}

/// What is known of the segments of a version; `None` of one from before it was kept.
pub(super) fn facts(version: &Id, model: &Model) -> Result<Option<SegmentFacts>> {
    let Some(bytes) = relations::chunks(version, ChunkKind::Segments)? else { return Ok(None) };
    let facts = decode_segments(&bytes)?;
    facts.check(model)?;
    Ok(Some(facts))
}

pub(super) fn kmeans(model: &Model) -> Result<&KMeans> {
    model.body.as_segments().ok_or_else(|| Failure::internal("a clustering has no centres"))
}

/// Dense parts are not looked for again: their number is what rows say.
fn check_centres(scorer: &Scorer) -> Result<()> {
    match scorer.model().body.noise() {
        None => Ok(()),
        Some(_) => Err(Failure::argument("orchard.stability is for segments of k-means, and these are dense parts")
            .hint("Train the model on samples of the rows, and compare what orchard.segments says.")),
    }
}

/// Say that a version was trained before segments were described.
pub(super) fn tell_unknown(found: &Found) {
    notice!(
        "the deployed version of model \"{}.{}\" was trained before segments were described: train it again",
        found.row.schema,
        found.row.name
    );
}

/// The numbers of segments that a training looked at.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn segment_candidates(
    model: Option<&str>,
) -> TableIterator<
    'static,
    (
        name!(n_clusters, i32),
        name!(inertia, f64),
        name!(silhouette, Option<f64>),
        name!(bic, Option<f64>),
        name!(icl, Option<f64>),
        name!(stability, Option<f64>),
        name!(chosen, bool),
    ),
> {
    TableIterator::new(report(|| {
        let Clusters { facts, scorer, .. } = open("segment_candidates", model)?;
        let all = facts.map_or_else(Vec::new, |facts| facts.candidates);
        if all.is_empty() && scorer.model().body.noise().is_some() {
            notice!("the number of dense parts follows from \"eps\" and \"min_samples\", so no others were looked at");
        } else if all.is_empty() {
            notice!("the number of segments was given, so no others were looked at: train with \"n_clusters\": null");
        }
        let row = |c: Candidate| (c.n_clusters as i32, c.inertia, c.silhouette, c.bic, c.icl, c.stability, c.chosen);
        Ok(all.into_iter().map(row))
    }))
}

/// Rows that the stability is found of, and the most samples.
const STABILITY_ROWS: usize = 5_000;
const MOST_SAMPLES: i32 = 1_000;

type Stable =
    (Option<i32>, Option<String>, i64, Option<f64>, Option<f64>, Option<f64>, Option<f64>, Option<&'static str>);

/// Whether segments are found again in samples of the rows.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn stability(
    model: Option<&str>,
    source: Option<&str>,
    samples: Option<i32>,
    seed: Option<i64>,
) -> TableIterator<
    'static,
    (
        name!(segment, Option<i32>),
        name!(name, Option<String>),
        name!(rows, i64),
        name!(jaccard, Option<f64>),
        name!(dissolved, Option<f64>),
        name!(recovered, Option<f64>),
        name!(adjusted_rand, Option<f64>),
        name!(verdict, Option<&'static str>),
    ),
> {
    TableIterator::new(report(|| {
        let Clusters { found, scorer, facts } = open("stability", model)?;
        check_centres(&scorer)?;
        let samples = match samples.unwrap_or(50) {
            samples @ 1..=MOST_SAMPLES => samples as u32,
            _ => {
                return Err(Failure::argument(format!("samples must be between 1 and {MOST_SAMPLES}"))
                    .hint("It is how often segments are looked for again."))
            }
        };
        let control = Control::new(settings::max_memory());
        let read = with_source(&found, source, |source| read(&found, &scorer, source, &control))?;
        let sample = read.sample("orchard.stability", STABILITY_ROWS, &control)?;
        drop(read);
        let model: &Scorer = &scorer;
        let (kmeans, seed) = (kmeans(model.model())?, seed.unwrap_or(0) as u64);
        let modes =
            relations::version_text(&found.deployed()?, "algorithm")?.as_deref() == Some(Algorithm::KPrototypes.name());
        let look = || {
            let columns = encode(model, &sample, &control)?;
            let points = orchard_engine::score::kmeans::points(kmeans, &columns, &control)?;
            let (weights, samples) = (sample.weights.as_deref(), (samples, seed));
            match &model.model().body {
                Body::Mixture(body) => gaussian::stability(body, &points, weights, samples, &control),
                _ => stability_of((kmeans, modes), &points, weights, samples, &control),
            }
        };
        let stable = interrupt::run("orchard.stability", &control, look)?;
        Ok(stable_rows(&scorer, facts.as_ref(), &stable))
    }))
}

fn stable_rows(scorer: &Scorer, facts: Option<&SegmentFacts>, stable: &Stability) -> Vec<Stable> {
    let all = stable.segments.iter().map(|s| s.rows).sum::<u64>() as i64;
    let total = (None, None, all, None, None, None, Some(stable.adjusted_rand), None);
    let of = |(i, s): (usize, &SegmentStability)| {
        let name = facts.map(|facts| segments::name(scorer.model(), &facts.names[i]));
        let verdict = s.jaccard.map(|jaccard| match jaccard {
            0.85.. => "stable",
            0.75.. => "mostly stable",
            0.6.. => "a pattern, but its rows are doubtful",
            _ => "not to be trusted",
        });
        (Some(number(i)), name, s.rows as i64, s.jaccard, s.dissolved, s.recovered, None, verdict)
    };
    std::iter::once(total).chain(stable.segments.iter().enumerate().map(of)).collect()
}

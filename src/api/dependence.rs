//! `orchard.partial_dependence`.

use orchard_engine::control::Control;
use orchard_engine::judge::given::Given;
use orchard_engine::judge::partial::{dependence, Along, Dependence, Grid, Of, Point};
use orchard_engine::model::{InputKind, Model, Task};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;

use super::sampled::{read, sample_rows, with_source};
use crate::call::explain::{class_of, which_class};
use crate::catalog::{self, cache};
use crate::error::{given, report, Failure, Result};
use crate::{interrupt, settings};

/// More points of a grid than this are refused.
const MOST_POINTS: i32 = 1_000;

/// A row of the answer: value, number, the other value and number, mean, low, high, rows, what the points stand for and their bounds.
type Row = (
    Option<String>,
    Option<f64>,
    Option<String>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<f64>,
    i64,
    &'static str,
    Option<String>,
    Option<String>,
    Option<&'static str>,
    Option<String>,
    Option<String>,
);

/// How the answers of a model depend on a column, or on two.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments, reason = "the arguments and columns are those of SQL")]
fn partial_dependence(
    model: Option<&str>,
    feature: Option<&str>,
    source: Option<&str>,
    feature2: Option<&str>,
    class: Option<&str>,
    grid: Option<i32>,
    sample: Option<i32>,
) -> TableIterator<
    'static,
    (
        name!(value, Option<String>),
        name!(number, Option<f64>),
        name!(value2, Option<String>),
        name!(number2, Option<f64>),
        name!(prediction, Option<f64>),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(rows, i64),
        name!(kind, &'static str),
        name!(bin_start, Option<String>),
        name!(bin_end, Option<String>),
        name!(kind2, Option<&'static str>),
        name!(bin_start2, Option<String>),
        name!(bin_end2, Option<String>),
    ),
> {
    let rows = report(|| {
        let found = catalog::of_argument(model)?;
        let scorer = cache::deployed(&found)?;
        let task = &scorer.model().task;
        if *task == Task::Clustering {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
                "the model is a clustering, whose segments are no numbers to take the mean of",
            )
            .hint("orchard.evaluate says how large the segments are; count a column by predict_<model>(...) to see what differs."));
        }
        if *task == Task::Reduction {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
                "the model reduces rows to components, which are no one number to take the mean of",
            )
            .hint("orchard.components tells how each component depends on the columns."));
        }
        if let Some((does, look)) = task.apart() {
            return Err(Failure::new(
                PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
                format!("the model {does}, and no column can be varied by itself"),
            )
            .hint(look));
        }
        let mut alongs = vec![along(scorer.model(), given(feature, "feature")?)?];
        if let Some(second) = feature2 {
            let second = along(scorer.model(), second)?;
            if alongs.contains(&second) {
                return Err(Failure::argument("feature and feature2 are the same").hint("Leave feature2 out."));
            }
            alongs.push(second);
        }
        let class = wanted_class(scorer.model(), class)?;
        let usual = if alongs.len() > 1 { 10 } else { 20 };
        let most = match grid.unwrap_or(usual) {
            most @ 1..=MOST_POINTS => most as usize,
            _ => {
                return Err(Failure::argument(format!("grid must be between 1 and {MOST_POINTS}"))
                    .hint("It is the number of values that are looked at."))
            }
        };
        let most_rows = sample_rows(sample, 10_000)?;
        let control = Control::new(settings::max_memory());
        let read = with_source(&found, source, |source| read(&found, &scorer, source, &control))?;
        const LABEL: &str = "orchard.partial_dependence";
        let sample = read.sample(LABEL, most_rows, &control)?;
        let (model, source) = (&*scorer, read.source());
        let found =
            interrupt::run(LABEL, &control, || dependence(model, &source, &sample, &alongs, most, class, &control))?;
        Ok(table(&found))
    });
    TableIterator::new(rows)
}

/// The column or feature of a name.
pub(super) fn along(model: &Model, name: &str) -> Result<Along> {
    let Some(found) = Along::find(model, name) else {
        let names: Vec<String> = model.arguments().iter().map(|a| a.name().to_owned()).collect();
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN,
            format!("the model reads no column \"{name}\""),
        )
        .detail(format!("It reads {}.", names.join(", ")))
        .hint("A part of a column has a name too, as orchard.importance(model, derived => true) lists them."));
    };
    if !found.is_whole(model) {
        let what = if found.kind(model) == InputKind::Array { "an array" } else { "a free text" };
        let own = model.inputs.iter().find(|i| i.name == name);
        let part = own.and_then(|i| model.features.get((i.first + i.count - 1) as usize));
        return Err(Failure::argument(format!("column \"{name}\" is {what}, which has no order of values"))
            .hint(format!("Name one of its features, such as \"{}\".", part.map_or(name, |f| &f.name))));
    }
    Ok(found)
}

/// The class whose probability is looked at; `None` where there is one number.
fn wanted_class(model: &Model, label: Option<&str>) -> Result<Option<usize>> {
    let class = class_of(model, label)?;
    match &model.task {
        Task::Classification { classes, .. } if classes.len() > 2 && class.is_none() => {
            Err(which_class(classes, "Name the one whose probability is meant: class => 'label'."))
        }
        _ => Ok(class),
    }
}

fn table(found: &Dependence) -> Vec<Row> {
    let finite = |value: f64| value.is_finite().then_some(value);
    let (first, second) = (&found.grids[0], found.grids.get(1));
    let width = second.map_or(1, |grid| grid.points.len()).max(1);
    let row = |at: usize| {
        let (effect, rows) = (&found.effects[at], found.rows[at] as i64);
        let (a, b) = (&first.points[at / width], second.map(|grid| (grid, &grid.points[at % width])));
        let [start, end] = bounds(first, a);
        let [start2, end2] = b.map_or([None, None], |(grid, point)| bounds(grid, point));
        (
            first.shown(a),
            number(first, a),
            b.and_then(|(grid, point)| grid.shown(point)),
            b.and_then(|(grid, point)| number(grid, point)),
            finite(effect.mean),
            finite(effect.low),
            finite(effect.high),
            rows,
            a.of.name(),
            start,
            end,
            b.map(|(_, point)| point.of.name()),
            start2,
            end2,
        )
    };
    (0..found.effects.len()).map(row).collect()
}

/// The ends of a bin, or of a value by itself.
fn bounds(grid: &Grid, point: &Point) -> [Option<String>; 2] {
    match point.of {
        Of::Bin(start, end) => [start, end].map(|v| Given::Number(v).shown(grid.kind)),
        _ => [None, None],
    }
}

/// The value where it is a number.
fn number(grid: &Grid, point: &Point) -> Option<f64> {
    matches!(grid.kind, InputKind::Number | InputKind::Boolean)
        .then(|| point.value.as_number())
        .filter(|value| value.is_finite())
}

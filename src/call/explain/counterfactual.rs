//! `orchard.counterfactual`.

use orchard_engine::control::Control;
use orchard_engine::judge::counterfactual::{search, sentence, Alternative, Changeable, Found, Goal, Start, Wish};
use orchard_engine::judge::given::{Given, Sample};
use orchard_engine::judge::shap::Unit;
use orchard_engine::model::{Argument, Task};
use orchard_engine::score::Scorer;
use pgrx::pg_sys::FunctionCallInfo;
use pgrx::IntoDatum;

use super::given::given;
use super::limits::changeable;
use super::row::{named, number, target};
use super::{check_scores, class_of, of_row, unit, which_class};
use crate::api::sampled::{read, with_source};
use crate::call::site::Site;
use crate::catalog::{relations, Found as Model};
use crate::entry;
use crate::entry::value;
use crate::error::{Failure, Result};
use crate::set::Set;
use crate::{interrupt, settings};

/// The threshold of two classes.
const USUAL_THRESHOLD: f64 = 0.5;
/// More changed columns, or alternatives, than this are refused.
const MOST_CHANGES: i32 = 10;
const MOST_ALTERNATIVES: i32 = 100;
/// Rows of a source that are looked at.
const ROWS: usize = 10_000;
/// Values of a column that the model cleans.
const VALUES: usize = 1_000;

entry!(counterfactual, pg_finfo_counterfactual, fcinfo => of_row(fcinfo, rows));

/// Return the changes of a row that was just scored.
///
/// # Safety
/// `fcinfo` is the running call's, the site its own.
unsafe fn rows(fcinfo: FunctionCallInfo, site: &mut Site) -> Result<()> {
    let set = Set::new(fcinfo);
    let scorer = site.scorer.clone();
    let model = scorer.model();
    let thresholdless = || match (model.task.apart(), &model.task) {
        (Some((does, _)), _) => format!("the model {does}, and no column of a row can be changed"),
        (None, Task::Reduction) => "the model reduces rows to components, which have no threshold to cross".to_owned(),
        (None, _) => "the model is a clustering, whose segments have no threshold to cross".to_owned(),
    };
    // An answer is all that is looked at.
    if !model.task.has_target() {
        check_scores(model).map_err(|failure| failure.message(thresholdless()))?;
    }
    let class = class_of(model, value::<String>(fcinfo, 4).as_deref())?;
    let goal = goal(&scorer, &site.out, value(fcinfo, 2), value::<String>(fcinfo, 3).as_deref(), class)?;
    let limits: Option<crate::json::JsonArgument> = value(fcinfo, 7);
    let mut columns = changeable(model, value(fcinfo, 5), value(fcinfo, 6), limits.as_ref().map(|l| &l.0))?;
    let count = |i: usize, name: &str, usual: i32, most: i32| match value(fcinfo, i).unwrap_or(usual) {
        count if (1..=most).contains(&count) => Ok(count as usize),
        _ => Err(Failure::argument(format!("{name} must be between 1 and {most}"))),
    };
    let most_changes = count(8, "max_changes", 3, MOST_CHANGES)?;
    let alternatives = count(9, "alternatives", 3, MOST_ALTERNATIVES)?;
    let row = given(fcinfo, site);
    let found = named(fcinfo)?;
    let control = Control::new(settings::max_memory());
    whole_types(&found, &mut columns, model)?;
    let source: Option<String> = value(fcinfo, 10);
    let arguments = model.arguments();
    let cleans = columns.iter().any(|c| matches!(arguments[c.argument], Argument::Raw(..)));
    // Without a source what training saw is enough, but for columns that the model cleans.
    if source.is_some() || cleans {
        let read = with_source(&found, source.as_deref(), |source| read(&found, &scorer, source, &control))?;
        let sample = read.sample("orchard.counterfactual", ROWS, &control)?;
        for column in &mut columns {
            column.whole |= read.is_whole(column.argument);
            look(column, &sample, matches!(arguments[column.argument], Argument::Raw(..)));
        }
    }
    let wish = Wish { goal, most_changes, alternatives };
    let (shared, cells): (&Scorer, &[f64]) = (&scorer, &site.row);
    let answer = interrupt::run("orchard.counterfactual", &control, || {
        search(shared, Start { given: &row, cells }, &columns, wish, &control)
    })?;
    let target = match &model.task {
        Task::Regression => target(fcinfo)?,
        _ => None,
    };
    let looked = match (&goal, &model.task) {
        (Goal::AtLeast(Some(class), _) | Goal::Below(Some(class), _) | Goal::Class(class), _) => *class,
        (_, Task::Classification { positive, .. }) => *positive as usize,
        _ => 0,
    };
    Answer { set, scorer: &scorer, row: &row, unit: unit(model, looked, target.as_deref()) }.put(&answer, most_changes)
}

/// Where the answer is to go.
fn goal(
    scorer: &Scorer,
    out: &[f64],
    threshold: Option<f64>,
    direction: Option<&str>,
    class: Option<usize>,
) -> Result<Goal> {
    let task = &scorer.model().task;
    let up = match direction {
        None => None,
        Some("increase") => Some(true),
        Some("decrease") => Some(false),
        Some(other) => {
            return Err(Failure::argument(format!("unknown direction \"{other}\""))
                .hint("Valid directions are increase and decrease."))
        }
    };
    let threshold = match (threshold, task) {
        (Some(at), Task::Regression | Task::Anomaly) if at.is_finite() => at,
        (Some(at), Task::Classification { .. }) if (0.0..=1.0).contains(&at) => at,
        (Some(_), Task::Classification { .. }) => {
            return Err(Failure::argument("threshold must be a probability, from 0 to 1"))
        }
        (Some(_), _) => return Err(Failure::argument("threshold must be a finite number")),
        (None, Task::Regression) => {
            return Err(Failure::argument("the model predicts a number, which needs a threshold to cross")
                .hint("Give one: threshold => 100."))
        }
        (None, Task::Classification { classes, .. }) if classes.len() > 2 => {
            return match (class, up) {
                (Some(class), None | Some(true)) => Ok(Goal::Class(class)),
                (Some(_), Some(false)) => Err(Failure::argument("direction decrease needs a threshold")
                    .hint("Give the probability that the class is to fall below.")),
                (None, _) => Err(which_class(classes, "Name the one that is wanted: class => 'label'.")),
            };
        }
        (None, _) => USUAL_THRESHOLD,
    };
    if let (Task::Classification { classes, .. }, None) = (task, class) {
        if classes.len() > 2 {
            return Err(which_class(classes, "Name the one whose probability is meant: class => 'label'."));
        }
    }
    let before = orchard_engine::judge::partial::answer(task, out, class);
    Ok(match up.unwrap_or(before < threshold) {
        true => Goal::AtLeast(class, threshold),
        false => Goal::Below(class, threshold),
    })
}

/// Note which columns are of whole numbers, as far as training noted their types.
fn whole_types(found: &Model, columns: &mut [Changeable], model: &orchard_engine::model::Model) -> Result<()> {
    let text = relations::version_text(&found.deployed()?, "features")?.unwrap_or_default();
    let features: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let arguments = model.arguments();
    for column in columns {
        let name = arguments[column.argument].name();
        let own = features.as_array().into_iter().flatten().find(|f| f["column"] == name);
        let type_name = own.and_then(|f| f["type"].as_str());
        column.whole = matches!(type_name, Some("smallint" | "integer" | "bigint"));
    }
    Ok(())
}

/// Take the spread of a column from the rows of a source, and its values where the model cleans it.
fn look(column: &mut Changeable, sample: &Sample, cleans: bool) {
    let values = || sample.rows.iter().filter_map(|row| row.get(column.argument));
    let mut numbers: Vec<f64> = values().map(Given::as_number).filter(|v| v.is_finite()).collect();
    numbers.sort_unstable_by(f64::total_cmp);
    let at =
        |numbers: &[f64], share: f64| numbers.get((numbers.len().saturating_sub(1) as f64 * share) as usize).copied();
    if let Some(median) = at(&numbers, 0.5) {
        let mut away: Vec<f64> = numbers.iter().map(|v| (v - median).abs()).collect();
        away.sort_unstable_by(f64::total_cmp);
        // As large as the standard deviation of a normal distribution (Rousseeuw and Croux 1993).
        let mad = at(&away, 0.5).map(|mad| mad * 1.4826);
        let quartiles = at(&numbers, 0.75).zip(at(&numbers, 0.25)).map(|(high, low)| (high - low) / 1.349);
        column.spread = [mad, quartiles].into_iter().flatten().find(|s| *s > 0.0);
        column.centre = Some(median);
    }
    if cleans {
        let mut counts: std::collections::HashMap<String, (u64, Given)> = std::collections::HashMap::new();
        for value in values().filter(|v| **v != Given::Missing) {
            counts.entry(format!("{value:?}")).or_insert_with(|| (0, value.clone())).0 += 1;
        }
        let mut seen: Vec<(String, (u64, Given))> = counts.into_iter().collect();
        seen.sort_by(|a, b| b.1 .0.cmp(&a.1 .0).then_with(|| a.0.cmp(&b.0)));
        column.seen = seen.into_iter().take(VALUES).map(|(_, (_, value))| value).collect();
    }
}

/// Puts what was found into the set.
struct Answer<'a> {
    set: Set,
    scorer: &'a Scorer,
    row: &'a [Given],
    unit: Unit,
}

impl Answer<'_> {
    /// # Safety
    /// Runs under a guard, while the set is that of the running call.
    unsafe fn put(&self, found: &Found, most_changes: usize) -> Result<()> {
        for (i, alternative) in found.alternatives.iter().enumerate() {
            self.alternative(i as i32 + 1, found, alternative)?;
        }
        if !found.alternatives.is_empty() {
            return Ok(());
        }
        let (sentence, changes) = match found.there {
            true => (sentence(&self.unit, &[], found.before, found.before), Some(0i32)),
            false => {
                let columns = if most_changes == 1 { "column" } else { "columns" };
                (
                    format!(
                        "no change of up to {most_changes} {columns} was found that takes {} across",
                        self.unit.subject()
                    ),
                    None,
                )
            }
        };
        self.set.put([
            0i32.into_datum(),
            None,
            None,
            None,
            None,
            number(found.before),
            found.there.then_some(found.before).and_then(number),
            changes.into_datum(),
            None,
            sentence.into_datum(),
        ])
    }

    /// # Safety
    /// As for [`Answer::put`].
    unsafe fn alternative(&self, number_of: i32, found: &Found, alternative: &Alternative) -> Result<()> {
        let arguments = self.scorer.model().arguments();
        let named: Vec<(&str, Option<String>, Option<String>)> = alternative
            .changes
            .iter()
            .filter_map(|change| {
                let column = arguments.get(change.argument)?;
                let from = self.row.get(change.argument)?;
                Some((column.name(), from.shown(column.kind()), change.to.shown(column.kind())))
            })
            .collect();
        let sentence = sentence(&self.unit, &named, found.before, alternative.after);
        for (change, (name, from, to)) in alternative.changes.iter().zip(&named) {
            self.set.put([
                number_of.into_datum(),
                (*name).into_datum(),
                from.as_deref().into_datum(),
                to.as_deref().into_datum(),
                number(change.distance),
                number(found.before),
                number(alternative.after),
                (alternative.changes.len() as i32).into_datum(),
                alternative.proven.into_datum(),
                sentence.as_str().into_datum(),
            ])?;
        }
        Ok(())
    }
}

//! Scores that were given to rows in the past, and what came true of them.

use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::judge::drift::{scores, Drift, Limits};
use orchard_engine::model::{HeldRows, Task};
use orchard_engine::score::Scorer;

use super::cleaned::clean_beside;
use super::drift::{baseline, scores_before};
use super::judged::{actual, known, numbers, weights};
use super::train::{check_names, no_column};
use crate::catalog::{cache, store, Found};
use crate::error::{Failure, Result};
use crate::settings;
use crate::source::{self, Attribute, Wanted};

/// The rows of a source that have a score in a column and a target, with how far the scores are from those of the held-out rows.
pub(super) fn scored(
    found: &Found,
    source: &str,
    score: &str,
    limits: Limits,
) -> Result<(Rc<Scorer>, HeldRows, Drift)> {
    let scorer = cache::deployed(found)?;
    let model = scorer.model();
    let target = store::target(&found.deployed()?)?;
    let target = target.filter(|_| scorer.outputs() == 1 && model.task.has_target()).ok_or_else(|| {
        Failure::argument("a column of past scores is for models that give one number to a row")
            .hint("Leave score out: the deployed version then scores the rows.")
    })?;
    let options = store::options(&found.deployed()?)?;
    let weighted = options["sample_weight"].as_str();
    let control = Control::new(settings::max_memory());
    let mut choose = |attributes: &[Attribute]| {
        check_names(attributes)?;
        for name in [score, &target] {
            if !attributes.iter().any(|a| a.name == name) {
                return Err(no_column(name, attributes));
            }
        }
        let wanted = |a: &Attribute| match [Some(score), Some(&target), weighted].contains(&Some(a.name.as_str())) {
            true => a.readable().map(|reader| Some(Wanted { reader, number: true })),
            false => Ok(None),
        };
        attributes.iter().map(wanted).collect()
    };
    let mut rows = source::read(source, &mut choose, &control)?;
    let said = numbers(&rows, score)?;
    if let Some(program) = model.cleaning.as_ref().and_then(|c| c.target.as_ref()) {
        for name in [Some(target.as_str()), weighted].into_iter().flatten() {
            clean_beside(program, &mut rows, name, &control)?;
        }
    }
    let mut truth = actual(&rows, &target, &model.task, true)?;
    truth.keep(|row| said[row].is_finite());
    let weight = weights(&rows, weighted, &truth.known)?;
    if let (Task::Classification { .. }, Some(wrong)) =
        (&model.task, said.iter().find(|p| p.is_finite() && !(0.0..=1.0).contains(*p)))
    {
        return Err(Failure::argument(format!("column \"{score}\" has the value {wrong}, which is no probability"))
            .hint("Name the column of what predict_<model> gave."));
    }
    let there: Vec<f64> = said.iter().copied().filter(|p| p.is_finite()).collect();
    let before = scores_before(found, baseline(found)?.as_ref())?;
    let drift = scores(model, before.as_deref(), &there, 1, limits);
    let judged = HeldRows { outputs: 1, scores: known(&said, &truth.known), actual: truth.held, weight };
    Ok((scorer.clone(), judged, drift))
}

//! What all the columns but the suspects reach together: a small model of a sample says it.

use serde_json::json;

use crate::control::Control;
use crate::data::{Column, ColumnData, Table, MISSING};
use crate::error::{Error, Result};
use crate::learn::options::{Algorithm, Options};
use crate::learn::train::{train, Request, SourceInput};
use crate::model::InputKind;

use super::limits;
use super::sample::{most_rows, spaced, Answer, Sample};

/// The score, of the kind of [`super::alone::scores`], that the inputs reach without some of them; `None` where no model can be learned.
pub fn reach(request: &Request, without: &[usize], sample: &Sample, control: &Control) -> Result<Option<f64>> {
    let before = control.used();
    let reached = learn(request, without, sample, control);
    control.release(control.used().saturating_sub(before));
    match reached {
        Ok(reached) => Ok(reached),
        // What cannot be learned from says nothing.
        Err(Error::InvalidData { .. } | Error::InvalidOption { .. } | Error::InvalidModel(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn learn(request: &Request, without: &[usize], sample: &Sample, control: &Control) -> Result<Option<f64>> {
    let (task, metric) = match &sample.answer {
        Answer::Nothing => return Ok(None),
        Answer::Classes { .. } => ("classification", "roc_auc"),
        Answer::Numbers { .. } => ("regression", "r2"),
    };
    let kept = request.inputs.iter().enumerate().filter(|(i, _)| !without.contains(i)).map(|(_, input)| input);
    let columns: usize = kept.clone().map(|i| i.count).sum();
    let places: Vec<usize> = (0..sample.len()).collect();
    let places: Vec<usize> = spaced(&places, most_rows(limits::TOGETHER_SAMPLE, columns)).collect();
    let mut table = Table { rows: places.len(), columns: Vec::new() };
    let mut inputs = Vec::new();
    for input in kept {
        let first = table.columns.len();
        for column in input.first..input.first + input.count {
            table.columns.push(part(&request.table.columns[column], &places, sample, control)?);
        }
        inputs.push(SourceInput { first, ..input.clone() });
    }
    if inputs.is_empty() {
        return Ok(None);
    }
    let mut target = Column::number("target");
    if let ColumnData::Number(numbers) = &mut target.data {
        places.iter().try_for_each(|&p| numbers.push(answer(&sample.answer, p), control))?;
    }
    let first = table.columns.len();
    table.columns.push(target);
    let options = json!({
        "task": task, "holdout": 0.3, "n_estimators": 60, "early_stopping_rounds": 0, "max_leaf_nodes": 15,
        "learning_rate": 0.15,
    });
    let target = SourceInput {
        name: "target".into(),
        kind: InputKind::Number,
        integer: false,
        uuid: false,
        fixed: false,
        first,
        count: 1,
    };
    let request = Request {
        table,
        inputs,
        target: Some(target),
        weight: None,
        exposure: None,
        offset: None,
        time: None,
        groups: Vec::new(),
        treatment: None,
        zone: request.zone.clone(),
        algorithm: Algorithm::GradientBoosting,
        options: Options::parse(&options, Algorithm::GradientBoosting)?,
        beside: Vec::new(),
        previous: None,
        value: None,
        old_segments: None,
        former: None,
    };
    let outcome = train(request, control)?;
    Ok(outcome.metrics.iter().find(|m| m.name == metric).and_then(|m| m.value))
}

fn answer(answer: &Answer, place: usize) -> f64 {
    match answer {
        Answer::Nothing => f64::NAN,
        Answer::Classes { codes, .. } => codes.get(place).map_or(f64::NAN, |&c| f64::from(c)),
        Answer::Numbers { ranks, .. } => ranks.get(place).copied().unwrap_or(f64::NAN),
    }
}

/// A column of the sample's rows alone.
fn part(column: &Column, places: &[usize], sample: &Sample, control: &Control) -> Result<Column> {
    let rows = places.iter().filter_map(|&p| sample.rows.get(p)).map(|&r| r as usize);
    match &column.data {
        ColumnData::Number(values) => {
            let mut own = Column::number(column.name.as_str());
            if let ColumnData::Number(numbers) = &mut own.data {
                rows.map(|r| values.get(r)).try_for_each(|v| numbers.push(v, control))?;
            }
            Ok(own)
        }
        ColumnData::Category { codes, dictionary } => {
            let mut own = Column::category(column.name.as_str());
            if let ColumnData::Category { codes: own_codes, dictionary: own_texts } = &mut own.data {
                for code in rows.map(|r| codes.get(r)) {
                    let code = match code {
                        MISSING => MISSING,
                        code => own_texts.code(dictionary.text(code), control)?,
                    };
                    own_codes.push(code, control)?;
                }
            }
            Ok(own)
        }
    }
}

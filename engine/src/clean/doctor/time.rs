//! Columns of time, along which the target changes: rows drawn at random then tell a model what came after.

use crate::control::Control;
use crate::data::ColumnData;
use crate::error::Result;
use crate::learn::train::Request;
use crate::model::InputKind;

use super::finding::{rounded, Finding, Kind, Severity};
use super::limits;
use super::missing::cohen;
use super::sample::{Answer, Sample};

/// Look at the dates and timestamps.
pub fn look(request: &Request, sample: &Sample, labels: &[String], control: &Control) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    if request.time.is_some() || !request.groups.is_empty() {
        return Ok(found);
    }
    let is_time = |kind| matches!(kind, InputKind::Date | InputKind::Timestamp | InputKind::Timestamptz);
    for input in request.inputs.iter().filter(|i| is_time(i.kind)) {
        control.check()?;
        let ColumnData::Number(values) = &request.table.columns[input.first].data else { continue };
        let times: Vec<f64> = sample.rows.iter().map(|&r| values.get(r as usize)).collect();
        let mut sorted: Vec<f64> = times.iter().copied().filter(|t| t.is_finite()).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let begin = sorted.len() as f64 * (1.0 - limits::LATEST);
        let Some(&begin) = sorted.get(begin as usize) else { continue };
        if sorted.chunk_by(|a, b| a == b).count() < limits::TIMES {
            continue;
        }
        let latest: Vec<bool> = times.iter().map(|&t| t >= begin).collect();
        let (drift, what) = drift(&latest, &sample.answer, labels);
        let name = &input.name;
        let advice = "a holdout drawn at random would flatter the model; hold the latest rows out instead";
        let (severity, detail) = match drift >= limits::DRIFT {
            true => (
                Severity::Warning,
                format!("Along \"{name}\" the target changes: {what}. So {advice}.{}", sample.said()),
            ),
            false => (
                Severity::Info,
                format!("\"{name}\" orders the rows in time. If the model is to predict what comes later, {advice}."),
            ),
        };
        // A date that says nothing of the target may be one of birth; the only time there is may be that of the row.
        let times = request.inputs.iter().filter(|i| is_time(i.kind)).count();
        if severity == Severity::Info && times > 1 {
            continue;
        }
        found.push(
            Finding::of(severity, Kind::TimeOrder, name, detail).option("time_column", name.as_str()).weight(drift),
        );
    }
    Ok(found)
}

/// How far the latest rows are from the others, and in what.
fn drift(latest: &[bool], answer: &Answer, labels: &[String]) -> (f64, String) {
    let mean = |values: &[f64], which: bool| {
        let chosen = || values.iter().zip(latest).filter(move |(_, l)| **l == which).map(|(v, _)| *v);
        chosen().sum::<f64>() / chosen().count().max(1) as f64
    };
    match answer {
        Answer::Nothing => (0.0, String::new()),
        Answer::Numbers { values, ranks } => {
            let d = cohen(latest, ranks).unwrap_or(0.0).abs();
            let (before, after) = (rounded(mean(values, false)), rounded(mean(values, true)));
            (d, format!("its mean is {before} in the earlier rows and {after} in the latest fifth (Cohen's d of ranks {d:.2})"))
        }
        Answer::Classes { codes, counts } => {
            // One row a class that is frequent enough to say something.
            let classes = (0..counts.len()).filter(|&c| counts[c] >= limits::MISSING_ROWS);
            let told = classes.map(|c| {
                let is: Vec<f64> = codes.iter().map(|&code| f64::from(u8::from(code as usize == c))).collect();
                (cohen(latest, &is).unwrap_or(0.0).abs(), c, mean(&is, false), mean(&is, true))
            });
            let most = told.fold((0.0, 0, 0.0, 0.0), |most, t| if t.0 > most.0 { t } else { most });
            let (d, class, before, after) = most;
            let label = labels.get(class).map_or("", String::as_str);
            let shares =
                format!("{:.1} % of the earlier rows and {:.1} % of the latest fifth", 100.0 * before, 100.0 * after);
            (d, format!("\"{label}\" are {shares} (Cohen's d {d:.2})"))
        }
    }
}

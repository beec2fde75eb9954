//! Explanations of answers, by column.

use rayon::prelude::*;

use super::columns::Explained;
use super::response::{close, slope, Response};
use super::{Shap, Turn};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::{Link, Task};
use crate::score::Scorer;

/// Rows that a thread explains at a time.
const PART: usize = 8 * super::ROWS;

/// A number on both scales.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Part {
    /// On the scale on which trees are added.
    pub score: f64,
    /// On that of the answer: the probability or value.
    pub response: f64,
}

/// The explanation of a row's answer: `base` and the columns sum to it, on both scales.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Explanation {
    /// The class whose probability is explained; 0 for a number.
    pub class: usize,
    /// The answer.
    pub answer: f64,
    /// The mean score, and the answer to that.
    pub base: Part,
    /// One for each column that was asked for.
    pub columns: Vec<Part>,
}

impl Explanation {
    /// The score and the answer.
    pub fn sum(&self) -> Part {
        let sum = |f: fn(&Part) -> f64| f(&self.base) + self.columns.iter().map(f).sum::<f64>();
        Part { score: sum(|p| p.score), response: sum(|p| p.response) }
    }
}

/// Explain the answers to many rows as [`Shap::answers`] does, by a background where there is one, on the threads of the pool this runs in.
pub fn answers(
    scorer: &Scorer,
    cells: &[&[f64]],
    columns: &[Explained],
    class: Option<usize>,
    background: Option<&[Vec<f64>]>,
    control: &Control,
) -> Result<Vec<Explanation>> {
    let rows = cells.first().map_or(0, |column| column.len());
    // Each part goes through the background anew.
    let size = if background.is_some() { 2 * PART } else { PART };
    let explain = |part: usize| {
        let (from, to) = (part * size, (part * size + size).min(rows));
        let cells: Vec<&[f64]> = cells.iter().map(|column| &column[from..to]).collect();
        let mut shap = match background {
            Some(background) => Shap::against(scorer, background, control)?,
            None => Shap::new(scorer, control)?,
        };
        let found = shap.answers(&cells, columns, class, control);
        shap.release(control);
        found
    };
    let parts: Vec<Vec<Explanation>> = (0..rows.div_ceil(size)).into_par_iter().map(explain).collect::<Result<_>>()?;
    Ok(parts.into_iter().flatten().collect())
}

impl Shap<'_> {
    /// Explain the answers to rows given by column, by the columns of [`super::columns`] or [`super::features`]. Of a class, where one is asked for;
    /// else, of two classes of the positive one, of more of each row's most probable.
    pub fn answers(
        &mut self,
        cells: &[&[f64]],
        columns: &[Explained],
        class: Option<usize>,
        control: &Control,
    ) -> Result<Vec<Explanation>> {
        let rows = cells.first().map_or(0, |column| column.len());
        let (features, outputs) = (cells.len(), self.outputs());
        let mut values: Vec<f64> = control.filled(rows.saturating_mul(features), 0.0)?;
        // By row, then output, then column.
        let mut scores: Vec<f64> = control.filled(rows.saturating_mul(outputs).saturating_mul(columns.len()), 0.0)?;
        let mut mean = control.filled(outputs, 0.0)?;
        for output in 0..outputs {
            mean[output] = self.explain(cells, output, &mut values, control)?;
            for (row, values) in values.chunks_exact(features.max(1)).enumerate() {
                let own = &mut scores[(row * outputs + output) * columns.len()..][..columns.len()];
                for (score, column) in own.iter_mut().zip(columns) {
                    *score = column.features.iter().map(|&f| values[f]).sum();
                }
            }
        }
        control.release_vec(values);
        let response = Response::new(control)?;
        let mut row = vec![f64::NAN; features];
        let mut out = vec![f64::NAN; outputs];
        let mut all = control.vec(rows)?;
        for r in 0..rows {
            control.check()?;
            row.iter_mut().zip(cells).for_each(|(cell, column)| *cell = column[r]);
            self.scorer.predict(&row, &mut out);
            let own = &scores[r * outputs * columns.len()..][..outputs * columns.len()];
            all.push(self.answer(&response, &mean, own, &out, class)?);
        }
        control.release_vec(scores);
        Ok(all)
    }

    fn answer(
        &self,
        response: &Response,
        mean: &[f64],
        scores: &[f64],
        out: &[f64],
        class: Option<usize>,
    ) -> Result<Explanation> {
        let several = mean.len() > 1;
        let class = match (&self.scorer.model().task, class) {
            (_, Some(class)) => class,
            (Task::Classification { positive, .. }, None) if !several => *positive as usize,
            _ => self.scorer.class(out).unwrap_or(0),
        };
        let base = self.respond(mean);
        let (first, columns) = if several { (class, scores.len() / mean.len()) } else { (0, scores.len()) };
        let (Some(&from), Some(&low), Some(&high)) = (mean.get(first), base.get(first), out.get(first)) else {
            return Err(Error::Internal(format!("there is no class {class}")));
        };
        let own = &scores[first * columns..][..columns];
        let mut responses = match several {
            true => response.of_classes(self.scorer, self.link, mean, scores, class),
            false => {
                let to = from + own.iter().sum::<f64>();
                let slope = slope(from, to, low, high, |score| self.respond(&[score])[0]);
                own.iter().map(|score| score * slope).collect()
            }
        };
        close(&mut responses, high - low);
        let parts = own.iter().zip(responses).map(|(&score, response)| Part { score, response }).collect();
        let base = Part { score: from, response: low };
        let explanation = Explanation { class, answer: high, base, columns: parts };
        Ok(match &self.scorer.model().task {
            Task::Classification { positive, .. } if !several && class != *positive as usize => self.other(explanation),
            _ => explanation,
        })
    }

    /// The answers to scores.
    fn respond(&self, scores: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = scores.iter().map(|&score| self.turn.score(score)).collect();
        self.scorer.respond(&mut out);
        out
    }

    /// The explanation of the probability of the other class of two.
    fn other(&self, mut explanation: Explanation) -> Explanation {
        let base = &mut explanation.base;
        base.score = match self.turn {
            Turn::Constant(_) => 1.0 - base.score,
            _ if self.link == Link::Identity => 1.0 - base.score,
            _ => -base.score,
        };
        base.response = 1.0 - base.response;
        explanation.answer = 1.0 - explanation.answer;
        for part in &mut explanation.columns {
            (part.score, part.response) = (-part.score, -part.response);
        }
        explanation
    }
}

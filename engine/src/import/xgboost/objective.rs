//! What the trees of a model are for (XGBoost's `src/objective`).

use super::super::{classes, regression, ImportOptions};
use super::{number, unsupported, wrong};
use crate::error::Result;
use crate::model::{Link, Task};

/// The task and the link of an objective.
pub fn task(name: &str, count: usize, options: &ImportOptions) -> Result<(Task, Link)> {
    match name {
        "binary:logistic" => Ok((classes(options, 2)?, Link::Logistic)),
        "multi:softprob" | "multi:softmax" if count > 2 => Ok((classes(options, count)?, Link::Softmax)),
        "multi:softprob" | "multi:softmax" => Err(unsupported(&format!("objective \"{name}\" with {count} classes"))),
        "reg:logistic" => Ok((regression(options)?, Link::Logistic)),
        "count:poisson" | "reg:gamma" | "reg:tweedie" | "survival:cox" | "survival:aft" => {
            Ok((regression(options)?, Link::Log))
        }
        "reg:squarederror"
        | "reg:linear"
        | "reg:squaredlogerror"
        | "reg:pseudohubererror"
        | "reg:absoluteerror"
        | "reg:quantileerror"
        | "reg:expectileerror"
        | "binary:logitraw"
        | "rank:pairwise"
        | "rank:ndcg"
        | "rank:map" => Ok((regression(options)?, Link::Identity)),
        _ => Err(unsupported(&format!("objective \"{name}\""))),
    }
}

/// What is added to the leaves of each output: the score from which training began, in front of the link. It stands in the text as an
/// answer, behind it; since XGBoost 3.1 as a list.
pub fn base(text: &str, link: Link, outputs: usize) -> Result<Vec<f64>> {
    let inner = text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let scores = inner.split(',').map(|word| number::<f32>(word, "base_score").map(f64::from));
    let mut scores: Vec<f64> = scores.collect::<Result<_>>()?;
    if scores.len() == 1 {
        scores.resize(outputs, scores[0]);
    }
    let margin = |score: f64| match link {
        Link::Logistic => -libm::log(1.0 / score - 1.0),
        Link::Log => libm::log(score),
        Link::Identity | Link::Softmax => score,
    };
    let base: Vec<f64> = scores.into_iter().map(margin).collect();
    match base.len() == outputs && base.iter().all(|score| score.is_finite()) {
        true => Ok(base),
        false => Err(wrong("its base_score is not one of its objective")),
    }
}

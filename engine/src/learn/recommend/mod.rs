//! Learners that recommend: alternating least squares, items that are alike, what describes items, rules of what goes with what, and what most users like.
//!
//! They learn from users, items and how a user rated an item or how often it was taken. Users and items are numbers here, in the order of their names,
//! so that nothing depends on the order of rows.

pub mod als;
pub mod rules;
pub mod similar;
pub mod traits;

use crate::control::Control;
use crate::error::{Error, Result};
use crate::model::recommender::Sparse;

/// What a learner that recommends is told.
#[derive(Debug, Clone, PartialEq)]
pub struct RecommendParams {
    /// The column of users.
    pub user_column: String,
    /// The column of items.
    pub item_column: String,
    /// Columns that describe users.
    pub user_columns: Vec<String>,
    /// Columns that describe items.
    pub item_columns: Vec<String>,
    /// The places of a list that are judged.
    pub k: usize,
    /// After how much time an interaction counts half; all count alike without.
    pub half_life: Option<f64>,
    /// For als.
    pub als: als::AlsParams,
    /// For item_knn.
    pub similar: similar::SimilarParams,
    /// For association_rules.
    pub rules: rules::RulesParams,
}

impl Default for RecommendParams {
    fn default() -> Self {
        RecommendParams {
            user_column: "user_id".into(),
            item_column: "item_id".into(),
            user_columns: Vec::new(),
            item_columns: Vec::new(),
            k: 10,
            half_life: None,
            als: als::AlsParams::default(),
            similar: similar::SimilarParams::default(),
            rules: rules::RulesParams::default(),
        }
    }
}

impl RecommendParams {
    /// The columns that are read, in the order of the arguments of the model's function: the user, the item, and what describes them.
    pub fn columns(&self) -> impl Iterator<Item = &String> {
        [&self.user_column, &self.item_column].into_iter().chain(&self.user_columns).chain(&self.item_columns)
    }

    /// No column has two roles.
    pub(crate) fn check(&self) -> Result<()> {
        let all: Vec<&String> = self.columns().collect();
        match all.iter().enumerate().find(|(at, name)| all[..*at].contains(name)) {
            None => Ok(()),
            Some((_, name)) => Err(Error::option(
                format!("column \"{name}\" is named twice"),
                "A column is that of users, that of items, or one that describes either: \"user_column\", \"item_column\", \"user_columns\", \"item_columns\".",
            )),
        }
    }
}

/// Who has what: a list of items a user, ascending, with ratings, or with strengths above 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interactions {
    /// By user.
    pub by_user: Sparse,
    /// The weight of each rating, in the same order; none where ratings count alike, and of strengths.
    pub weights: Vec<f32>,
    /// The number of items.
    pub items: usize,
    /// Whether the numbers are ratings.
    pub explicit: bool,
}

impl Interactions {
    /// The number of users.
    pub fn users(&self) -> usize {
        self.by_user.lists()
    }
}

/// The same lists the other way round: by thing the lists that have it, ascending. The second is where each of these stood before.
pub fn transpose(lists: &Sparse, things: usize, control: &Control) -> Result<(Sparse, Vec<u32>)> {
    let count = lists.places.len();
    let mut starts: Vec<u64> = control.filled(things + 1, 0)?;
    lists.places.iter().for_each(|p| starts[*p as usize + 1] += 1);
    (0..things).for_each(|i| starts[i + 1] += starts[i]);
    let mut next: Vec<u64> = control.vec(things)?;
    next.extend(&starts[..things]);
    let (mut places, mut values): (Vec<u32>, Vec<f32>) = (control.filled(count, 0)?, control.filled(count, 0.0)?);
    let mut from: Vec<u32> = control.filled(count, 0)?;
    let mut at = 0;
    for list in 0..lists.lists() {
        if list % 1024 == 0 {
            control.check()?;
        }
        for (thing, value) in lists.of(list) {
            let to = next[thing] as usize;
            (places[to], values[to], from[to]) = (list as u32, value, at);
            next[thing] += 1;
            at += 1;
        }
    }
    control.release_vec(next);
    Ok((Sparse { starts, places, values }, from))
}

/// By item how many users have it.
pub fn counts(lists: &Sparse, items: usize) -> Vec<u32> {
    let mut counts = vec![0u32; items];
    lists.places.iter().for_each(|p| counts[*p as usize] += 1);
    counts
}

/// The share of users who have each item, each pair counted by its weight if there are some.
pub fn shares(lists: &Sparse, items: usize, weight: Option<&[f32]>) -> Vec<f64> {
    let mut sums = vec![0.0f64; items];
    for (at, item) in lists.places.iter().enumerate() {
        sums[*item as usize] += weight.map_or(1.0, |w| f64::from(w[at]));
    }
    let users = lists.lists().max(1) as f64;
    sums.iter_mut().for_each(|sum| *sum /= users);
    sums
}

/// By how much users and items differ from the mean rating.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Biases {
    /// By user.
    pub users: Vec<f32>,
    /// By item.
    pub items: Vec<f32>,
}

/// Ratings of the mean that are counted with those of a user, and of an item; few ratings say little.
const MORE_OF_USER: f64 = 15.0;
const MORE_OF_ITEM: f64 = 10.0;
/// How many times users and items are looked at.
const TURNS: usize = 10;

/// By how much users and items differ from the mean rating (Koren 2010: "Factor in the neighbors").
pub fn biases(data: &Interactions, mean: f64, control: &Control) -> Result<Biases> {
    let (mut users, mut items) = (vec![0.0f64; data.users()], vec![0.0f64; data.items]);
    let lists = &data.by_user;
    let weight = |at: usize| data.weights.get(at).map_or(1.0, |w| f64::from(*w));
    for _ in 0..TURNS {
        control.check()?;
        let (mut sums, mut totals) = (vec![0.0f64; data.items], vec![MORE_OF_ITEM; data.items]);
        let mut at = 0;
        for (user, bias) in users.iter().enumerate() {
            for (item, value) in lists.of(user) {
                let w = weight(at);
                sums[item] += w * (f64::from(value) - mean - bias);
                totals[item] += w;
                at += 1;
            }
        }
        items.iter_mut().zip(sums.iter().zip(&totals)).for_each(|(bias, (sum, total))| *bias = sum / total);
        at = 0;
        for (user, bias) in users.iter_mut().enumerate() {
            let (mut sum, mut total) = (0.0, MORE_OF_USER);
            for (item, value) in lists.of(user) {
                let w = weight(at);
                sum += w * (f64::from(value) - mean - items[item]);
                total += w;
                at += 1;
            }
            *bias = sum / total;
        }
    }
    let singles = |all: Vec<f64>| all.into_iter().map(|x| x as f32).collect();
    Ok(Biases { users: singles(users), items: singles(items) })
}

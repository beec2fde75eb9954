//! Items that are alike because the same users have them, or rate them alike.
//!
//! Without ratings two items are as alike as the cosine of who has them (Sarwar, Karypis, Konstan, Riedl 2001: "Item-based collaborative filtering
//! recommendation algorithms"), a user of many items saying less by its inverse document frequency unless that is not wanted. With ratings it is the
//! correlation of what is above or below the usual among users who rated both, the nearer to 0 the fewer they are (Koren 2010: "Factor in the neighbors").

use rayon::prelude::*;

use super::{transpose, Biases, Interactions};
use crate::control::Control;
use crate::error::Result;
use crate::model::recommender::Sparse;

/// How items are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Similarity {
    /// Every user counts alike.
    Cosine,
    /// A user of many items counts less.
    TfIdf,
}

/// What is told of neighbours.
#[derive(Debug, Clone, PartialEq)]
pub struct SimilarParams {
    /// Neighbours that are kept of each item; [`USUAL`] or [`USUAL_RATINGS`] where it is not given.
    pub n_neighbors: Option<usize>,
    /// How items are compared without ratings.
    pub similarity: Similarity,
}

impl Default for SimilarParams {
    fn default() -> Self {
        SimilarParams { n_neighbors: None, similarity: Similarity::TfIdf }
    }
}

/// The usual neighbours of an item without ratings.
const USUAL: usize = 50;
/// The usual neighbours with ratings.
const USUAL_RATINGS: usize = 200;
/// Users of whom a correlation is half believed.
const SHRINK: f32 = 100.0;
/// Pairs that are looked at between two looks for a cancel.
const LOOK: usize = 1 << 20;

/// What is known of the pair of an item and another.
#[derive(Clone, Copy, Default)]
struct Pair {
    product: f32,
    own: f32,
    other: f32,
    users: f32,
}

/// The items most like each item, the most alike first, equals in the order of items.
pub fn neighbors(
    data: &Interactions,
    biases: Option<(f64, &Biases)>,
    params: &SimilarParams,
    control: &Control,
) -> Result<Sparse> {
    let lists = &data.by_user;
    let keep = params.n_neighbors.unwrap_or(if biases.is_some() { USUAL_RATINGS } else { USUAL });
    // What each pair of user and item counts.
    let mut values: Vec<f32> = control.vec(lists.values.len())?;
    for user in 0..lists.lists() {
        let count = lists.places_of(user).len() as f64;
        let idf = match params.similarity {
            Similarity::Cosine => 1.0,
            // A user who has all says nothing, but is not alone with nobody.
            Similarity::TfIdf => libm::log((data.items as f64 + 1.0) / (count + 1.0)).max(1e-3),
        };
        values.extend(lists.of(user).map(|(item, value)| match biases {
            Some((mean, biases)) => (f64::from(value) - mean) as f32 - biases.users[user] - biases.items[item],
            None => (f64::from(value).sqrt() * idf) as f32,
        }));
    }
    let (by_item, from) = transpose(lists, data.items, control)?;
    let mut length: Vec<f32> = control.filled(data.items, 0.0)?;
    for (item, value) in lists.places.iter().zip(&values) {
        length[*item as usize] += value * value;
    }
    length.iter_mut().for_each(|x| *x = x.sqrt());
    let threads = rayon::current_num_threads();
    let room = data.items * (std::mem::size_of::<Pair>() + 8);
    control.reserve(room.saturating_mul(threads))?;
    control.start(data.items as u64);
    let of_item = |(pairs, met): &mut (Vec<Pair>, Vec<u32>), item: usize| -> Result<Vec<(f32, u32)>> {
        if pairs.is_empty() {
            pairs.resize(data.items, Pair::default());
        }
        control.check()?;
        met.clear();
        let mut looked = 0;
        let begin = by_item.starts[item] as usize;
        for (at, user) in by_item.places_of(item).iter().enumerate() {
            let own = values[from[begin + at] as usize];
            let first = lists.starts[*user as usize] as usize;
            let others = lists.places_of(*user as usize);
            looked += others.len();
            if looked > LOOK {
                control.check()?;
                looked = 0;
            }
            for (other, value) in others.iter().zip(&values[first..]) {
                let pair = &mut pairs[*other as usize];
                if pair.users == 0.0 {
                    met.push(*other);
                }
                pair.product += own * value;
                pair.users += 1.0;
                if biases.is_some() {
                    pair.own += own * own;
                    pair.other += value * value;
                }
            }
        }
        let mut found: Vec<(f32, u32)> = Vec::with_capacity(met.len());
        for other in met.iter() {
            let pair = std::mem::take(&mut pairs[*other as usize]);
            let alike = match biases {
                Some(_) => {
                    pair.product / (pair.own.sqrt() * pair.other.sqrt())
                        * ((pair.users - 1.0) / (pair.users - 1.0 + SHRINK))
                }
                None => pair.product / (length[item] * length[*other as usize]),
            };
            if *other as usize != item && alike > 0.0 {
                found.push((alike.min(1.0), *other));
            }
        }
        let better = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if found.len() > keep {
            found.select_nth_unstable_by(keep - 1, better);
            found.truncate(keep);
        }
        found.sort_unstable_by(better);
        found.shrink_to_fit();
        control.reserve(found.len() * 8)?;
        control.advance(1);
        Ok(found)
    };
    let found: Vec<Vec<(f32, u32)>> =
        (0..data.items).into_par_iter().map_init(|| (Vec::new(), Vec::new()), of_item).collect::<Result<_>>()?;
    control.release(room.saturating_mul(threads));
    let total: usize = found.iter().map(Vec::len).sum();
    let mut out =
        Sparse { starts: control.vec(data.items + 1)?, places: control.vec(total)?, values: control.vec(total)? };
    out.starts.push(0);
    for list in &found {
        out.places.extend(list.iter().map(|f| f.1));
        out.values.extend(list.iter().map(|f| f.0));
        out.starts.push(out.places.len() as u64);
    }
    drop(found);
    control.release(total * 8);
    [values, length].into_iter().for_each(|v| control.release_vec(v));
    control.release_vec(from);
    super::als::release(by_item, control);
    Ok(out)
}

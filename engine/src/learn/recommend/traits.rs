//! What users and items are described by: the words of texts that are lists, the levels of categories, the parts of numbers.

use std::collections::BTreeMap;

use super::Interactions;
use crate::control::Control;
use crate::error::Result;
use crate::model::recommender::{Sparse, TraitColumn, Traits};

/// The parts of a number, each of about as many things.
const PARTS: usize = 10;
/// The most traits of a text: more are no list but a text.
const MOST_IN_TEXT: usize = 64;
/// As many users of a trait as what they say counts half.
const PRIOR: f64 = 10.0;

/// A column that describes users or items, by user or item.
#[derive(Debug, Clone)]
pub enum Described<'a> {
    /// Indexes of levels; `u32::MAX` for none.
    Levels(&'a [String], Vec<u32>),
    /// Numbers; NaN for none.
    Numbers(Vec<f64>),
}

/// Traits, and by user or item its own.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The columns.
    pub columns: Vec<TraitColumn>,
    /// By user or item its traits, ascending, each 1.
    pub of: Sparse,
    /// The number of traits.
    pub count: usize,
}

/// What a text says: itself, or what it lists between `|`, `;` or `,`.
pub fn parts(text: &str) -> Vec<&str> {
    let mut all: Vec<&str> =
        text.split(['|', ';', ',']).map(str::trim).filter(|part| !part.is_empty()).take(MOST_IN_TEXT).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The traits that columns have. `features` are those of the columns.
pub fn find(columns: &[Described<'_>], features: &[u32], owners: usize, control: &Control) -> Result<Found> {
    let mut found = Found::default();
    let mut own: Vec<Vec<u32>> = Vec::with_capacity(columns.len());
    for (column, feature) in columns.iter().zip(features) {
        control.check()?;
        let (made, codes) = match column {
            Described::Levels(levels, codes) => {
                let mut names: BTreeMap<&str, u32> = BTreeMap::new();
                levels.iter().flat_map(|level| parts(level)).for_each(|part| {
                    names.entry(part).or_insert(0);
                });
                names.values_mut().zip(0..).for_each(|(place, i)| *place = found.count as u32 + i);
                let mut lists = Sparse { starts: vec![0], ..Sparse::default() };
                for level in *levels {
                    lists.places.extend(parts(level).iter().filter_map(|part| names.get(part)));
                    lists.starts.push(lists.places.len() as u64);
                }
                lists.values = vec![1.0; lists.places.len()];
                found.count += names.len();
                (TraitColumn { feature: *feature, cuts: Vec::new(), levels: lists }, codes.clone())
            }
            Described::Numbers(values) => {
                let cuts = cuts(values);
                let levels = Sparse {
                    starts: (0..=cuts.len() as u64 + 1).collect(),
                    places: (0..=cuts.len()).map(|i| (found.count + i) as u32).collect(),
                    values: vec![1.0; cuts.len() + 1],
                };
                found.count += cuts.len() + 1;
                let code = |v: &f64| if v.is_nan() { u32::MAX } else { part_of(&cuts, *v) as u32 };
                let codes = values.iter().map(code).collect();
                (TraitColumn { feature: *feature, cuts, levels }, codes)
            }
        };
        found.columns.push(made);
        own.push(codes);
    }
    found.of.starts.push(0);
    for owner in 0..owners {
        for (column, codes) in found.columns.iter().zip(&own) {
            // A code of none is in no list.
            found.of.places.extend(column.levels.places_of(codes.get(owner).copied().unwrap_or(u32::MAX) as usize));
        }
        found.of.starts.push(found.of.places.len() as u64);
    }
    found.of.values = vec![1.0; found.of.places.len()];
    control.reserve(found.of.bytes())?;
    Ok(found)
}

/// The part of a number.
pub fn part_of(cuts: &[f64], value: f64) -> usize {
    cuts.partition_point(|cut| *cut <= value)
}

/// Where the parts of a number end, so that each has about as many things.
fn cuts(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).map(|v| v + 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut cuts: Vec<f64> = (1..PARTS).filter_map(|i| sorted.get(sorted.len() * i / PARTS).copied()).collect();
    cuts.dedup();
    // What lies below the first value is no part.
    cuts.retain(|cut| sorted.first().is_some_and(|first| cut > first));
    cuts
}

/// What describes items: traits count by their inverse document frequency, and those of an item have length 1 together.
pub fn of_items(found: Found, items: usize) -> Traits {
    let Found { columns, mut of, count } = found;
    if columns.is_empty() {
        return Traits::default();
    }
    let mut having = vec![0u32; count];
    of.places.iter().for_each(|p| having[*p as usize] += 1);
    let weight = |n: &u32| libm::log((1.0 + items as f64) / (1.0 + f64::from(*n))) as f32 + 1.0;
    let weights: Vec<f32> = having.iter().map(weight).collect();
    for item in 0..of.lists() {
        let (from, to) = (of.starts[item] as usize, of.starts[item + 1] as usize);
        let length =
            of.places[from..to].iter().map(|p| weights[*p as usize] * weights[*p as usize]).sum::<f32>().sqrt();
        let (values, places) = (&mut of.values[from..to], &of.places[from..to]);
        values.iter_mut().zip(places).for_each(|(value, p)| *value = weights[*p as usize] / length);
    }
    Traits { columns, weights, of }
}

/// What describes users: by trait the items that its users have, and what they say of them. Without ratings that is the share of its users who have the
/// item, with ratings by how much these are above the usual, if few say so less.
pub fn of_users(found: Found, data: &Interactions, usual: &[f64], control: &Control) -> Result<Traits> {
    let Found { columns, of, count } = found;
    if columns.is_empty() {
        return Ok(Traits::default());
    }
    let mut users: Vec<Vec<u32>> = vec![Vec::new(); count];
    for user in 0..of.lists() {
        of.places_of(user).iter().for_each(|p| users[*p as usize].push(user as u32));
    }
    let mut lists = Sparse { starts: vec![0], ..Sparse::default() };
    let mut weights = Vec::with_capacity(count);
    let mut sums: Vec<(f64, f64)> = control.filled(data.items, (0.0, 0.0))?;
    for own in &users {
        control.check()?;
        let mut met: Vec<u32> = Vec::new();
        for user in own {
            for (item, value) in data.by_user.of(*user as usize) {
                let sum = &mut sums[item];
                if sum.1 == 0.0 {
                    met.push(item as u32);
                }
                sum.0 += if data.explicit { f64::from(value) - usual[item] } else { 1.0 };
                sum.1 += 1.0;
            }
        }
        met.sort_unstable();
        control.reserve(met.len() * 8)?;
        let trust = own.len() as f64 / (own.len() as f64 + PRIOR);
        for item in &met {
            let (sum, number) = std::mem::take(&mut sums[*item as usize]);
            lists.places.push(*item);
            let said = if data.explicit { sum / (number + PRIOR) } else { trust * sum / own.len() as f64 };
            lists.values.push(said as f32);
        }
        lists.starts.push(lists.places.len() as u64);
        weights.push(if data.explicit { 0.0 } else { trust as f32 });
    }
    control.release_vec(sums);
    Ok(Traits { columns, weights, of: lists })
}

//! What a model that recommends says: how much a user likes an item, which items it likes most and why, which items are alike.
//!
//! Whoever asks gets the same numbers: one pair, all items of a user, and all users go over the same terms in the same order.

use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::baskets::Rules;
use crate::control::Control;
use crate::error::Result;
use crate::learn::recommend::traits::part_of;
use crate::learn::recommend::transpose;
use crate::model::recommender::{Method, Recommender, Sparse, TraitColumn, Traits, ITEM, USER};
use crate::model::{Feature, Model};
use crate::simd::product::{Product, Start, LANES};

/// Known items that speak for one that is not known but described.
const SPEAKERS: usize = 10;
/// Users whose products are found at a time.
const BLOCK: usize = 16;
/// What pulls a predicted rating to the usual one, beside what neighbours are alike.
const CALM: f64 = 0.1;

/// What is made of a model when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The factors of items by factor, the numbers of a factor filled up to whole lanes.
    columns: OnceLock<Vec<f32>>,
    /// By trait the items that have it.
    having: OnceLock<Sparse>,
    /// By item the items that have it among their neighbours, ascending.
    near: OnceLock<Sparse>,
}

impl Index {
    /// Bytes on the heap, as if all was made.
    pub fn bytes(body: &Recommender) -> usize {
        body.item_factors.len() * 4 + body.item_traits.of.bytes() + body.neighbors.bytes()
    }
}

/// About how many nanoseconds a prediction takes.
pub(super) fn nanoseconds(body: &Recommender) -> f64 {
    let mean = body.seen.places.len() as f64 / body.user_count().max(1) as f64;
    match body.method {
        Method::Factors => 50.0 + f64::from(body.factors) * 1.2,
        Method::Neighbors => 50.0 + mean * 15.0,
        Method::Content => 50.0 + mean * 10.0 + body.item_traits.weights.len() as f64 * 2.0,
        Method::Popular => 30.0,
        // What it takes to find the rules of two items, and a few of them.
        Method::Rules => 50.0 + mean * 30.0,
    }
}

thread_local! {
    /// Numbers by trait and by item; kept so that a row costs no allocation.
    static ROOM: RefCell<(Vec<f64>, Vec<f64>)> = const { RefCell::new((Vec::new(), Vec::new())) };
}

/// A model that recommends, to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Shelf<'a> {
    model: &'a Model,
    body: &'a Recommender,
    index: &'a Index,
}

/// Items that somebody has of whom nothing else is known.
#[derive(Debug, Clone, Default)]
pub struct Basket {
    /// The items, ascending.
    places: Vec<u32>,
    /// What each counts: that it was taken once, or is rated best.
    values: Vec<f32>,
}

impl Basket {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// For whom items are sought.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// A user of the training.
    Known(usize),
    /// Somebody who has these items.
    Having(&'a Basket),
    /// Somebody else, of whom a row of features tells what describes a user.
    Other(&'a [f64]),
}

/// Somebody who has items.
#[derive(Debug, Clone, Copy)]
struct Owner<'a> {
    /// The user; `None` for somebody who was not in the training.
    user: Option<usize>,
    /// The items, ascending.
    places: &'a [u32],
    /// Their ratings, or strengths.
    values: &'a [f32],
}

impl<'a> Owner<'a> {
    /// The items with their numbers.
    fn items(self) -> impl Iterator<Item = (usize, f32)> + Clone + 'a {
        self.places.iter().map(|place| *place as usize).zip(self.values.iter().copied())
    }

    fn has(self, item: u32) -> bool {
        self.places.binary_search(&item).is_ok()
    }
}

/// Which items are sought.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// How many at most.
    pub count: usize,
    /// By item whether it may be named; all may without.
    pub allowed: Option<&'a [bool]>,
    /// Whether items that the user has are named too.
    pub seen: bool,
}

/// An item and how much a user likes it.
pub type Liked = (u32, f64);

impl<'a> Shelf<'a> {
    pub(super) fn new(model: &'a Model, body: &'a Recommender, index: &'a Index) -> Self {
        Shelf { model, body, index }
    }

    /// The stored model.
    pub fn body(&self) -> &'a Recommender {
        self.body
    }

    fn feature(&self, place: usize) -> &'a Feature {
        &self.model.features[place]
    }

    /// The user or item that stands in a row for its column.
    fn find(&self, place: usize, value: f64) -> Option<usize> {
        let (keys, count) = match place {
            USER => (&self.body.users, self.body.user_count()),
            _ => (&self.body.items, self.body.item_count()),
        };
        if self.feature(place).encoding.is_category() {
            // NaN is no place.
            return Some(value as usize).filter(|at| value >= 0.0 && *at < count);
        }
        keys.binary_search_by(|key| key.partial_cmp(&value).unwrap_or(Ordering::Less)).ok()
    }

    fn find_text(&self, place: usize, text: &str) -> Option<usize> {
        match &self.feature(place).encoding {
            encoding if encoding.is_category() => {
                encoding.levels().binary_search_by(|level| level.as_str().cmp(text)).ok()
            }
            _ => self.find(place, text.trim().parse().ok()?),
        }
    }

    fn name(&self, place: usize, at: usize) -> String {
        let keys = if place == USER { &self.body.users } else { &self.body.items };
        match &self.feature(place).encoding {
            encoding if encoding.is_category() => encoding.levels().get(at).cloned().unwrap_or_default(),
            _ => keys.get(at).map(|key| format!("{key}")).unwrap_or_default(),
        }
    }

    /// The user of a name.
    pub fn user(&self, name: &str) -> Option<usize> {
        self.find_text(USER, name)
    }

    /// The item of a name.
    pub fn item(&self, name: &str) -> Option<usize> {
        self.find_text(ITEM, name)
    }

    /// A basket of items, in any order.
    pub fn basket(&self, mut items: Vec<u32>) -> Basket {
        items.sort_unstable();
        items.dedup();
        let value = if self.body.explicit { self.body.high as f32 } else { 1.0 };
        Basket { values: vec![value; items.len()], places: items }
    }

    fn owner(&self, user: usize) -> Owner<'a> {
        let seen = &self.body.seen;
        Owner { user: Some(user), places: seen.places_of(user), values: seen.values_of(user) }
    }

    /// Whose items are known; `None` for somebody who has none.
    fn owner_of<'b>(&self, who: Who<'b>) -> Option<Owner<'b>>
    where
        'a: 'b,
    {
        match who {
            Who::Known(user) => Some(self.owner(user)),
            Who::Having(basket) => Some(Owner { user: None, places: &basket.places, values: &basket.values }),
            Who::Other(_) => None,
        }
    }

    /// The name of a user.
    pub fn user_name(&self, user: usize) -> String {
        self.name(USER, user)
    }

    /// The name of an item.
    pub fn item_name(&self, item: usize) -> String {
        self.name(ITEM, item)
    }

    /// How much the user of a row likes its item: a rating between the lowest and the highest, or a preference.
    pub(super) fn predict(&self, row: &[f64]) -> f64 {
        let said = match (self.find(USER, row[USER]), self.find(ITEM, row[ITEM])) {
            (Some(user), Some(item)) => self.pair(self.owner(user), item),
            (None, Some(item)) => self.stranger(row, item),
            (user, None) => self.new_item(user, row),
        };
        self.finish(said)
    }

    /// What is said of a user and an item, of which either may not be known.
    pub fn rating(&self, user: Option<usize>, item: Option<usize>) -> f64 {
        let said = match (user, item) {
            (Some(user), Some(item)) => self.pair(self.owner(user), item),
            (None, Some(item)) => self.stranger(&[], item),
            (user, None) => self.new_item(user, &[]),
        };
        self.finish(said)
    }

    /// The items from the one that most users have down.
    pub fn most_popular(&self) -> Vec<u32> {
        let counts = &self.body.counts;
        let mut all: Vec<u32> = (0..counts.len() as u32).collect();
        all.sort_by_key(|item| std::cmp::Reverse(counts[*item as usize]));
        all
    }

    /// A rating is one that could be given.
    fn finish(&self, said: f64) -> f64 {
        match self.body.explicit {
            true => said.clamp(self.body.low, self.body.high),
            false => said,
        }
    }

    /// By how much somebody rates above the mean, where there are ratings.
    fn bias(&self, owner: Owner<'_>) -> f64 {
        owner.user.map_or(0.0, |user| f64::from(self.body.user_bias[user]))
    }

    /// The usual rating of somebody for an item.
    fn usual(&self, owner: Owner<'_>, item: usize) -> f64 {
        let body = self.body;
        match body.explicit {
            true => body.mean + self.bias(owner) + f64::from(body.item_bias[item]),
            false => 0.0,
        }
    }

    /// What the interaction of somebody with an item counts: how far a rating is above the usual, or the root of a strength.
    fn counts(&self, owner: Owner<'_>, item: usize, value: f32) -> f64 {
        match self.body.explicit {
            true => f64::from(value) - self.usual(owner, item),
            false => f64::from(value).sqrt(),
        }
    }

    /// How much somebody who has items likes an item of the training.
    fn pair(&self, owner: Owner<'_>, item: usize) -> f64 {
        let body = self.body;
        match body.method {
            Method::Factors => self.by_factors(owner, item, &self.factors_of(owner)),
            Method::Neighbors => {
                let (mut sum, mut alike) = (0.0, 0.0);
                for (other, value) in owner.items() {
                    if let Some(near) = self.near(other, item) {
                        sum += self.counts(owner, other, value) * near;
                        alike += near;
                    }
                }
                self.of_alike(owner, item, sum, alike)
            }
            Method::Content => ROOM.with_borrow_mut(|(profile, all)| {
                self.profile(owner, profile, all);
                self.by_profile(owner, item, profile, all)
            }),
            Method::Rules => self.rule(owner, item as u32).map_or(0.0, |rule| body.rules.confidence(rule)),
            Method::Popular if body.explicit => self.usual(owner, item),
            Method::Popular => body.popularity[item],
        }
    }

    /// The rule of the highest confidence by which an item follows from some of those that somebody has, of equal ones that of most users.
    fn rule(&self, owner: Owner<'_>, item: u32) -> Option<usize> {
        let rules = &self.body.rules;
        let all = owner.places.iter().flat_map(|first| rules.of_to(*first, item));
        let strength = |rule: usize| (rules.confidence(rule), rules.both[rule]);
        all.filter(|rule| self.holds(*rule, owner)).reduce(|best, rule| match strength(rule) > strength(best) {
            true => rule,
            false => best,
        })
    }

    /// Whether somebody has the antecedents of a rule.
    fn holds(&self, rule: usize, owner: Owner<'_>) -> bool {
        self.body.rules.antecedents_of(rule).iter().all(|item| owner.has(*item))
    }

    fn by_factors(&self, owner: Owner<'_>, item: usize, factors: &[f32]) -> f64 {
        let body = self.body;
        let start = if body.explicit { body.item_bias[item] } else { 0.0 };
        let own = factors.iter().zip(&body.item_factors[item * factors.len()..][..factors.len()]);
        self.raised(owner, own.fold(start, |sum, (a, b)| sum + a * b))
    }

    /// A product of factors with what somebody adds.
    #[inline]
    fn raised(&self, owner: Owner<'_>, product: f32) -> f64 {
        match self.body.explicit {
            true => self.body.mean + self.bias(owner) + f64::from(product),
            false => f64::from(product),
        }
    }

    /// The rules of the model; `None` where it has another method.
    pub fn rules(&self, control: &Control) -> Result<Option<Rules>> {
        let Recommender { method, rules, counts, .. } = self.body;
        if *method != Method::Rules {
            return Ok(None);
        }
        let rule = |at: usize| {
            let consequent = std::slice::from_ref(&rules.consequents[at]);
            let alone = counts[rules.consequents[at] as usize];
            ((rules.antecedents_of(at), consequent), [rules.both[at], rules.before[at], alone])
        };
        Rules::collect((0..rules.len()).map(rule), rules.users as usize, control).map(Some)
    }

    /// The factors of a user, or those that the items of somebody else would have made.
    fn factors_of<'b>(&self, owner: Owner<'b>) -> Cow<'b, [f32]>
    where
        'a: 'b,
    {
        let k = self.body.factors as usize;
        match owner.user {
            Some(user) => Cow::Borrowed(&self.body.user_factors[user * k..][..k]),
            None => Cow::Owned(self.folded(owner)),
        }
    }

    /// The factors that a solution for these items alone has; of items that say nothing, 0.
    fn folded(&self, owner: Owner<'_>) -> Vec<f32> {
        let body = self.body;
        let k = body.factors as usize;
        let mut x = vec![0.0f64; k];
        for (item, value) in owner.items() {
            let own = self.aim(owner, item, value);
            x.iter_mut().zip(&body.item_factors[item * k..][..k]).for_each(|(x, y)| *x += own * f64::from(*y));
        }
        match self.solved(owner) {
            Some(lower) => solve(&lower, k, &mut x),
            None => x.fill(0.0),
        }
        x.iter().map(|x| *x as f32).collect()
    }

    /// What the factors of somebody are solved for at one of the items: how far the rating is above the usual, or the confidence that it was taken.
    fn aim(&self, owner: Owner<'_>, item: usize, value: f32) -> f64 {
        match self.body.explicit {
            true => f64::from(value) - self.usual(owner, item),
            false => 1.0 + self.body.alpha * f64::from(value),
        }
    }

    /// How near an item is to another that has it among its neighbours.
    fn near(&self, other: usize, item: usize) -> Option<f64> {
        let near = self.index.near.get_or_init(|| turned(&self.body.neighbors, self.body.item_count()));
        let at = near.places_of(item).binary_search(&(other as u32)).ok()?;
        near.values_of(item).get(at).map(|near| f64::from(*near))
    }

    /// What items of somebody that are like an item say of it.
    fn of_alike(&self, owner: Owner<'_>, item: usize, sum: f64, alike: f64) -> f64 {
        match self.body.explicit {
            true => self.usual(owner, item) + sum / (alike + CALM),
            false => sum,
        }
    }

    /// By trait what the items of somebody say of it, and how many there are: without ratings the first has length 1.
    fn profile(&self, owner: Owner<'_>, profile: &mut Vec<f64>, all: &mut Vec<f64>) {
        let body = self.body;
        let traits = body.item_traits.weights.len();
        for numbers in [&mut *profile, &mut *all] {
            numbers.clear();
            numbers.resize(traits, 0.0);
        }
        for (item, value) in owner.items() {
            let own = self.counts(owner, item, value);
            for (place, weight) in body.item_traits.of.of(item) {
                profile[place] += own * f64::from(weight);
                all[place] += f64::from(weight);
            }
        }
        if !body.explicit {
            let length = profile.iter().map(|x| x * x).sum::<f64>().sqrt();
            if length > 0.0 {
                profile.iter_mut().for_each(|x| *x /= length);
            }
        }
    }

    fn by_profile(&self, owner: Owner<'_>, item: usize, profile: &[f64], all: &[f64]) -> f64 {
        let (mut sum, mut alike) = (0.0, 0.0);
        for (place, weight) in self.body.item_traits.of.of(item) {
            sum += profile[place] * f64::from(weight);
            alike += all[place] * f64::from(weight);
        }
        match self.body.explicit {
            // All items are alike a little, so more of them are needed to be believed.
            true => self.usual(owner, item) + sum / (alike + 1.0),
            false => sum,
        }
    }

    /// The traits of a user or an item that a row describes.
    fn traits_of<'b>(
        columns: &'b [TraitColumn],
        row: &'b [f64],
        is_category: impl Fn(u32) -> bool + 'b,
    ) -> impl Iterator<Item = usize> + 'b {
        columns.iter().flat_map(move |column| {
            let value = row.get(column.feature as usize).copied().unwrap_or(f64::NAN);
            let list = match is_category(column.feature) {
                _ if value.is_nan() => usize::MAX,
                true => value as usize,
                false => part_of(&column.cuts, value),
            };
            column.levels.places_of(list).iter().map(|place| *place as usize)
        })
    }

    fn described<'b>(&self, traits: &'b Traits, row: &'b [f64]) -> impl Iterator<Item = usize> + 'b
    where
        'a: 'b,
    {
        let features = &self.model.features;
        Self::traits_of(&traits.columns, row, move |feature| features[feature as usize].encoding.is_category())
    }

    /// Whether a row has traits of a user.
    pub fn is_described(&self, row: &[f64]) -> bool {
        self.described(&self.body.user_traits, row).next().is_some()
    }

    /// How much somebody who is not known likes an item.
    fn stranger(&self, row: &[f64], item: usize) -> f64 {
        let body = self.body;
        let (usual, traits) = (body.popularity[item], &body.user_traits);
        let (mut sum, mut count) = (0.0, 0.0);
        for own in self.described(traits, row) {
            let places = traits.of.places_of(own);
            let said = places.binary_search(&(item as u32)).ok().map_or(0.0, |at| traits.of.values_of(own)[at]);
            sum += (1.0 - f64::from(traits.weights[own])) * usual + f64::from(said);
            count += 1.0;
        }
        if count > 0.0 {
            sum / count
        } else {
            usual
        }
    }

    /// How much a user likes an item that is not known: as much as those that are described alike.
    fn new_item(&self, user: Option<usize>, row: &[f64]) -> f64 {
        let body = self.body;
        let usual = match user {
            Some(user) if body.explicit => body.mean + f64::from(body.user_bias[user]),
            _ => body.mean,
        };
        let mut own: Vec<usize> = self.described(&body.item_traits, row).collect();
        own.sort_unstable();
        own.dedup();
        let weight = |place: &usize| f64::from(body.item_traits.weights[*place]);
        let length = own.iter().map(|place| weight(place) * weight(place)).sum::<f64>().sqrt();
        if own.is_empty() || length == 0.0 {
            return usual;
        }
        let own: Vec<(usize, f64)> = own.iter().map(|place| (*place, weight(place) / length)).collect();
        let speakers = self.alike(&own, SPEAKERS, None);
        let (mut sum, mut total) = (0.0, 0.0);
        for (item, near) in speakers {
            let said = match user {
                Some(user) => self.pair(self.owner(user), item as usize),
                None => self.stranger(row, item as usize),
            };
            sum += near * said;
            total += near;
        }
        if total > 0.0 {
            sum / total
        } else {
            usual
        }
    }

    /// The items whose traits are most like these.
    fn alike(&self, own: &[(usize, f64)], most: usize, but: Option<usize>) -> Vec<Liked> {
        let having = self.index.having.get_or_init(|| {
            let traits = &self.body.item_traits;
            turned(&traits.of, traits.weights.len())
        });
        ROOM.with_borrow_mut(|(_, sums)| {
            sums.clear();
            sums.resize(self.body.item_count(), 0.0);
            for (place, weight) in own {
                having.of(*place).for_each(|(item, other)| sums[item] += weight * f64::from(other));
            }
            let found = sums.iter().enumerate().filter(|(item, near)| **near > 0.0 && Some(*item) != but);
            self.best(found.map(|(item, near)| (item as u32, *near)).collect(), most)
        })
    }

    /// The first of items by score; where scores are equal the more popular first, of confidences those of a greater lift.
    fn best(&self, mut all: Vec<Liked>, most: usize) -> Vec<Liked> {
        let Recommender { popularity, counts, method, .. } = self.body;
        let better = |a: &Liked, b: &Liked| {
            let (i, j) = (a.0 as usize, b.0 as usize);
            let tie = || match *method == Method::Rules && a.1 > 0.0 {
                // Of two equal confidences that of the rarer item has the greater lift.
                true => counts[i].cmp(&counts[j]),
                false => popularity[j].total_cmp(&popularity[i]),
            };
            b.1.total_cmp(&a.1).then_with(tie).then(a.0.cmp(&b.0))
        };
        if most == 0 {
            return Vec::new();
        }
        if all.len() > most {
            all.select_nth_unstable_by(most - 1, better);
            all.truncate(most);
        }
        all.sort_unstable_by(better);
        all
    }

    /// What somebody says of all items.
    fn scores(&self, who: Who<'_>, out: &mut Vec<f64>) {
        let body = self.body;
        out.clear();
        let items = 0..body.item_count();
        let owner = match (self.owner_of(who), who) {
            (Some(owner), _) => owner,
            (None, Who::Other(row)) => {
                out.extend(items.map(|item| self.stranger(row, item)));
                return;
            }
            (None, _) => return,
        };
        match body.method {
            Method::Neighbors => {
                out.resize(body.item_count(), 0.0);
                let mut alike = vec![0.0; if body.explicit { out.len() } else { 0 }];
                for (other, value) in owner.items() {
                    let own = self.counts(owner, other, value);
                    for (item, near) in body.neighbors.of(other) {
                        out[item] += own * f64::from(near);
                        alike.get_mut(item).into_iter().for_each(|sum| *sum += f64::from(near));
                    }
                }
                if body.explicit {
                    for (item, (sum, alike)) in out.iter_mut().zip(alike).enumerate() {
                        *sum = self.of_alike(owner, item, *sum, alike);
                    }
                }
            }
            Method::Content => ROOM.with_borrow_mut(|(profile, all)| {
                self.profile(owner, profile, all);
                out.extend(items.map(|item| self.by_profile(owner, item, profile, all)));
            }),
            Method::Factors => {
                let factors = self.factors_of(owner);
                out.extend(items.map(|item| self.by_factors(owner, item, &factors)));
            }
            Method::Rules => {
                let rules = &body.rules;
                out.resize(body.item_count(), 0.0);
                for rule in owner.places.iter().flat_map(|first| rules.of(*first)).filter(|r| self.holds(*r, owner)) {
                    let own = &mut out[rules.consequents[rule] as usize];
                    *own = own.max(rules.confidence(rule));
                }
            }
            Method::Popular => out.extend(items.map(|item| self.pair(owner, item))),
        }
    }

    /// Of the scores of all items those that are wanted.
    fn choose(&self, who: Who<'_>, scores: &[f64], wanted: Wanted<'_>) -> Vec<Liked> {
        let seen = self.owner_of(who).filter(|_| !wanted.seen).map_or(&[][..], |owner| owner.places);
        let mut left = seen.iter().peekable();
        let mut all = Vec::with_capacity(scores.len());
        for (item, score) in scores.iter().enumerate() {
            if left.next_if(|seen| **seen as usize == item).is_some() {
                continue;
            }
            if wanted.allowed.is_none_or(|allowed| allowed[item]) {
                all.push((item as u32, *score));
            }
        }
        let mut found = self.best(all, wanted.count);
        found.iter_mut().for_each(|liked| liked.1 = self.finish(liked.1));
        found
    }

    /// The items that a user likes most, the best first.
    pub fn top(&self, who: Who<'_>, wanted: Wanted<'_>) -> Vec<Liked> {
        let mut scores = Vec::new();
        self.scores(who, &mut scores);
        self.choose(who, &scores, wanted)
    }

    /// The items that each of many users likes most.
    pub fn top_of_all(&self, users: &[Who<'_>], wanted: Wanted<'_>, control: &Control) -> Result<Vec<Vec<Liked>>> {
        let body = self.body;
        let items = body.item_count();
        let most = wanted.count.min(items);
        control.reserve(users.len().saturating_mul(most * 16 + 24))?;
        let width = items.next_multiple_of(LANES);
        let rows = if body.method == Method::Factors { BLOCK } else { 1 };
        let room = (width * 4 * rows + items * 24).saturating_mul(rayon::current_num_threads());
        control.reserve(room + Index::bytes(body))?;
        control.start(users.len() as u64);
        let found: Vec<Vec<Vec<Liked>>> = users
            .par_chunks(BLOCK)
            .map_init(Vec::new, |scores: &mut Vec<f64>, block| {
                control.check()?;
                let products = self.products(block, width);
                let mut out = Vec::with_capacity(block.len());
                for (at, who) in block.iter().enumerate() {
                    control.check()?;
                    match (self.owner_of(*who), products.get(at * width..at * width + items)) {
                        (Some(owner), Some(products)) => {
                            scores.clear();
                            scores.extend(products.iter().map(|product| self.raised(owner, *product)));
                        }
                        _ => self.scores(*who, scores),
                    }
                    let mut list = self.choose(*who, scores, wanted);
                    list.shrink_to_fit();
                    out.push(list);
                }
                control.advance(block.len() as u64);
                Ok(out)
            })
            .collect::<Result<_>>()?;
        control.release(room + Index::bytes(body));
        Ok(found.into_iter().flatten().collect())
    }

    /// The products of the factors of some users and those of all items; nothing without factors.
    fn products(&self, users: &[Who<'_>], width: usize) -> Vec<f32> {
        let body = self.body;
        if body.method != Method::Factors || width == 0 {
            return Vec::new();
        }
        let k = body.factors as usize;
        let columns = self.columns(width);
        let mut a = vec![0.0f32; users.len() * k];
        for (own, who) in a.chunks_exact_mut(k).zip(users) {
            if let Some(owner) = self.owner_of(*who) {
                own.copy_from_slice(&self.factors_of(owner));
            }
        }
        let mut c = vec![0.0f32; users.len() * width];
        let mut bias = body.item_bias.clone();
        bias.resize(width, 0.0);
        let start = if body.explicit { Start::Row(&bias) } else { Start::Zero };
        let (m, n) = (users.len(), width);
        Product { a: &a, a_row: k, a_step: 1, b: columns, b_row: width, c: &mut c, c_row: width, m, n, k, start }.run();
        c
    }

    fn columns(&self, width: usize) -> &[f32] {
        self.index.columns.get_or_init(|| {
            let k = self.body.factors as usize;
            let mut out = vec![0.0f32; k * width];
            for (item, row) in self.body.item_factors.chunks_exact(k).enumerate() {
                row.iter().enumerate().for_each(|(factor, x)| out[factor * width + item] = *x);
            }
            out
        })
    }

    /// By item the items of somebody that say most for it, the first the most, or the antecedents of its rule; none where nothing does.
    pub fn reasons(&self, who: Who<'_>, items: &[u32], most: usize) -> Vec<Vec<u32>> {
        let body = self.body;
        let Some(owner) = self.owner_of(who) else { return vec![Vec::new(); items.len()] };
        let k = body.factors as usize;
        let solved = (body.method == Method::Factors).then(|| self.solved(owner)).flatten();
        let of_item = |item: &u32| {
            if body.method == Method::Rules {
                let rule = self.rule(owner, *item);
                return rule.map_or_else(Vec::new, |rule| body.rules.antecedents_of(rule).to_vec());
            }
            let item = *item as usize;
            let towards = solved.as_ref().map(|lower| {
                let mut x: Vec<f64> = body.item_factors[item * k..][..k].iter().map(|v| f64::from(*v)).collect();
                solve(lower, k, &mut x);
                x
            });
            let said = |(other, value): (usize, f32)| {
                let share = match body.method {
                    Method::Factors => {
                        let towards = towards.as_deref()?;
                        let row = &body.item_factors[other * k..][..k];
                        let product: f64 = row.iter().zip(towards).map(|(a, b)| f64::from(*a) * b).sum();
                        self.aim(owner, other, value) * product
                    }
                    Method::Neighbors => self.counts(owner, other, value) * self.near(other, item)?,
                    Method::Content => {
                        let own = &body.item_traits.of;
                        let near = own.of(item).filter_map(|(place, weight)| {
                            let at = own.places_of(other).binary_search(&(place as u32)).ok()?;
                            Some(f64::from(weight) * f64::from(own.values_of(other)[at]))
                        });
                        self.counts(owner, other, value) * near.sum::<f64>()
                    }
                    Method::Rules | Method::Popular => return None,
                };
                Some((other as u32, share)).filter(|said| said.1 > 0.0 && other != item)
            };
            let found = self.best(owner.items().filter_map(said).collect(), most);
            found.into_iter().map(|liked| liked.0).collect()
        };
        items.iter().map(of_item).collect()
    }

    /// The matrix whose solution the factors of somebody are, as its lower triangle (Cholesky); `None` where it is not positive.
    fn solved(&self, owner: Owner<'_>) -> Option<Vec<f64>> {
        let body = self.body;
        let k = body.factors as usize;
        let mut a: Vec<f64> = match body.explicit {
            true => vec![0.0; k * k],
            false => body.gram.iter().map(|x| f64::from(*x)).collect(),
        };
        let mut held = if body.explicit { 0.0 } else { body.item_count() as f64 };
        for (item, value) in owner.items() {
            let weight = if body.explicit { 1.0 } else { body.alpha * f64::from(value) };
            held += weight;
            let y = &body.item_factors[item * k..][..k];
            for (i, row) in a.chunks_exact_mut(k).enumerate() {
                let own = weight * f64::from(y[i]);
                row[..=i].iter_mut().zip(y).for_each(|(sum, y)| *sum += own * f64::from(*y));
            }
        }
        (0..k).for_each(|i| a[i * k + i] += body.regularization * held + f64::MIN_POSITIVE);
        cholesky(&mut a, k).then_some(a)
    }

    /// The items most like an item, with how alike they are, from 0 to 1; `None` where the model knows no likeness.
    pub fn similar(&self, item: usize, most: usize) -> Option<Vec<Liked>> {
        let body = self.body;
        let k = body.factors as usize;
        match body.method {
            Method::Factors => {
                let row = |item: usize| &body.item_factors[item * k..][..k];
                let dot =
                    |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
                let own = dot(row(item), row(item)).sqrt();
                let near = |other: &usize| {
                    let length = dot(row(*other), row(*other)).sqrt() * own;
                    if length > 0.0 {
                        (dot(row(item), row(*other)) / length).clamp(-1.0, 1.0)
                    } else {
                        0.0
                    }
                };
                let all =
                    (0..body.item_count()).filter(|other| *other != item).map(|other| (other as u32, near(&other)));
                Some(self.best(all.filter(|liked| liked.1 > 0.0).collect(), most))
            }
            Method::Neighbors => {
                let all = body.neighbors.of(item).map(|(other, near)| (other as u32, f64::from(near))).collect();
                Some(self.best(all, most))
            }
            Method::Rules => {
                let rules = &body.rules;
                let alone = rules.of(item as u32).filter(|rule| rules.antecedents_of(*rule).len() == 1);
                let all = alone.map(|rule| (rules.consequents[rule], rules.confidence(rule)));
                Some(self.best(all.collect(), most))
            }
            Method::Content | Method::Popular => {
                if body.item_traits.columns.is_empty() {
                    return None;
                }
                let own: Vec<(usize, f64)> = body.item_traits.of.of(item).map(|(p, w)| (p, f64::from(w))).collect();
                let mut found = self.alike(&own, most, Some(item));
                found.iter_mut().for_each(|liked| liked.1 = liked.1.min(1.0));
                Some(found)
            }
        }
    }
}

/// Lists the other way round, without a budget: they are no larger than the model, whose room is counted.
fn turned(lists: &Sparse, things: usize) -> Sparse {
    transpose(lists, things, &Control::default()).map(|made| made.0).unwrap_or_default()
}

/// The lower triangle whose product with itself is a symmetric matrix, in its place; whether there is one.
fn cholesky(a: &mut [f64], k: usize) -> bool {
    for i in 0..k {
        for j in 0..=i {
            let (above, below) = a.split_at(i * k);
            let row = &below[..k];
            let other = if j == i { row } else { &above[j * k..][..k] };
            let sum: f64 = row[..j].iter().zip(&other[..j]).map(|(a, b)| a * b).sum();
            let value = row[j] - sum;
            if i == j {
                if !(value > 0.0 && value.is_finite()) {
                    return false;
                }
                a[i * k + i] = value.sqrt();
            } else {
                a[i * k + j] = value / a[j * k + j];
            }
        }
    }
    true
}

/// Solve with the lower triangle of a matrix.
fn solve(lower: &[f64], k: usize, x: &mut [f64]) {
    for i in 0..k {
        let sum: f64 = lower[i * k..i * k + i].iter().zip(&*x).map(|(a, b)| a * b).sum();
        x[i] = (x[i] - sum) / lower[i * k + i];
    }
    for i in (0..k).rev() {
        let sum: f64 = (i + 1..k).map(|j| lower[j * k + i] * x[j]).sum();
        x[i] = (x[i] - sum) / lower[i * k + i];
    }
}

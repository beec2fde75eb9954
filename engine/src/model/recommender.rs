//! Models that recommend items to users, stored: who has what, and what tells which items a user may like.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::validate::ensure;
use super::{Feature, Task};
use crate::baskets::Measures;
use crate::error::Result;

/// The most factors of a user or an item.
pub const MOST_FACTORS: usize = 1024;

/// What a factor or a bias is at most.
const MOST: f32 = 1e15;

/// The feature of the user, in [`super::Model::features`].
pub const USER: usize = 0;
/// The feature of the item.
pub const ITEM: usize = 1;

/// Lists of numbered things with a number each, one list after the other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sparse {
    /// Where each list begins, and, last, where the last one ends.
    pub starts: Vec<u64>,
    /// The things.
    pub places: Vec<u32>,
    /// Their numbers.
    pub values: Vec<f32>,
}

impl Sparse {
    /// The number of lists.
    pub fn lists(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The things of a list; none of a list that is not there.
    #[inline]
    pub fn places_of(&self, list: usize) -> &[u32] {
        self.places.get(self.range(list)).unwrap_or_default()
    }

    /// Their numbers.
    #[inline]
    pub fn values_of(&self, list: usize) -> &[f32] {
        self.values.get(self.range(list)).unwrap_or_default()
    }

    /// The things of a list with their numbers.
    #[inline]
    pub fn of(&self, list: usize) -> impl Iterator<Item = (usize, f32)> + Clone + '_ {
        self.places_of(list).iter().map(|p| *p as usize).zip(self.values_of(list).iter().copied())
    }

    #[inline]
    fn range(&self, list: usize) -> std::ops::Range<usize> {
        match (self.starts.get(list), self.starts.get(list + 1)) {
            (Some(from), Some(to)) => *from as usize..*to as usize,
            _ => 0..0,
        }
    }

    /// Whether a thing is in a list, whose things ascend.
    #[inline]
    pub fn has(&self, list: usize, place: u32) -> bool {
        self.places_of(list).binary_search(&place).is_ok()
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        self.starts.capacity() * 8 + (self.places.capacity() + self.values.capacity()) * 4
    }

    /// There are `lists` lists of things below `things`, and no number is infinite. Where they are `ascending` no thing is in a list twice.
    fn validate(&self, what: &str, lists: usize, things: usize, ascending: bool) -> Result<()> {
        ensure(self.starts.len() == lists + 1 && self.starts.first() == Some(&0), || {
            format!("{what} are not {lists} lists")
        })?;
        ensure(self.starts.is_sorted(), || format!("lists of {what} overlap"))?;
        ensure(self.starts.last() == Some(&(self.places.len() as u64)), || {
            format!("lists of {what} are not all of them")
        })?;
        ensure(self.values.len() == self.places.len(), || format!("{what} without numbers"))?;
        ensure(self.places.iter().all(|p| (*p as usize) < things), || format!("{what} that are not there"))?;
        ensure(self.values.iter().all(|v| v.is_finite()), || format!("numbers of {what} are not finite"))?;
        let ascends = |list: usize| self.places_of(list).is_sorted_by(|a, b| a < b);
        ensure(!ascending || (0..lists).all(ascends), || format!("{what} are there twice"))
    }
}

/// How a model finds what a user may like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// Factors of users and items, by alternating least squares.
    Factors,
    /// Items like those that the user has.
    Neighbors,
    /// Items that are described as those are that the user has.
    Content,
    /// What most users like.
    Popular,
    /// What follows from items that the user has.
    Rules,
}

/// Association rules: of those who have some items many have another. They stand by the first of their antecedents, then ascend by what follows and by the
/// other antecedents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// The number of users among whom they were found.
    pub users: u32,
    /// Where the rules begin whose first antecedent is each item, and, last, where the last ones end.
    pub firsts: Vec<u64>,
    /// Where the antecedents of each rule begin, and, last, where those of the last one end.
    pub starts: Vec<u64>,
    /// The antecedents of each rule, ascending.
    pub antecedents: Vec<u32>,
    /// By rule the item that follows.
    pub consequents: Vec<u32>,
    /// By rule the number of users who have all of its items.
    pub both: Vec<u32>,
    /// By rule the number of users who have its antecedents.
    pub before: Vec<u32>,
}

impl Rules {
    /// The number of rules.
    pub fn len(&self) -> usize {
        self.consequents.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.consequents.is_empty()
    }

    /// The antecedents of a rule.
    #[inline]
    pub fn antecedents_of(&self, rule: usize) -> &[u32] {
        &self.antecedents[self.starts[rule] as usize..self.starts[rule + 1] as usize]
    }

    /// Of the users who have the antecedents of a rule the share that has what follows. Equal shares are equal to the last digit, which those of
    /// [`Recommender::measures`], quotients of two supports, need not be.
    #[inline]
    pub fn confidence(&self, rule: usize) -> f64 {
        f64::from(self.both[rule]) / f64::from(self.before[rule])
    }

    /// The rules whose first antecedent is an item.
    #[inline]
    pub fn of(&self, first: u32) -> Range<usize> {
        self.firsts[first as usize] as usize..self.firsts[first as usize + 1] as usize
    }

    /// Those of them by which an item follows.
    pub fn of_to(&self, first: u32, item: u32) -> Range<usize> {
        let own = self.of(first);
        let items = &self.consequents[own.clone()];
        own.start + items.partition_point(|other| *other < item)
            ..own.start + items.partition_point(|other| *other <= item)
    }

    /// Where rules stand, by their antecedents and what follows.
    pub(crate) fn place(antecedents: &[u32], consequent: u32) -> (Option<u32>, u32, &[u32]) {
        (antecedents.first().copied(), consequent, antecedents)
    }

    /// Rules of their antecedents, ascending, what follows, and the numbers of users with all items and with the antecedents, in the order of their places.
    pub(crate) fn collect<'a>(
        users: u32,
        items: usize,
        rules: impl Iterator<Item = (&'a [u32], u32, [u32; 2])>,
    ) -> Rules {
        let mut out = Rules { users, firsts: vec![0; items + 1], starts: vec![0], ..Rules::default() };
        for (antecedents, consequent, [both, before]) in rules {
            let first = antecedents.first().map_or(items, |first| *first as usize);
            out.firsts.get_mut(first + 1).into_iter().for_each(|rules| *rules += 1);
            out.antecedents.extend_from_slice(antecedents);
            out.starts.push(out.antecedents.len() as u64);
            out.consequents.push(consequent);
            out.both.push(both);
            out.before.push(before);
        }
        (0..items).for_each(|item| out.firsts[item + 1] += out.firsts[item]);
        out
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let lists = [&self.antecedents, &self.consequents, &self.both, &self.before];
        let lists: usize = lists.iter().map(|list| list.capacity() * 4).sum();
        (self.firsts.capacity() + self.starts.capacity()) * 8 + lists
    }

    /// Rules are of items that are there, stand in order and count what can be, where so many users have each item.
    fn validate(&self, counts: &[u32]) -> Result<()> {
        let Rules { users, firsts, starts, antecedents, consequents, both, before } = self;
        let (rules, items) = (consequents.len(), counts.len());
        let lengths = [firsts.len(), starts.len(), both.len() + 1, before.len() + 1];
        ensure(lengths == [items + 1, rules + 1, rules + 1, rules + 1], || {
            format!("{rules} rules without all of theirs")
        })?;
        ensure(firsts[0] == 0 && firsts.is_sorted() && firsts[items] == rules as u64, || {
            "rules of items overlap".into()
        })?;
        ensure(starts[0] == 0 && starts.is_sorted_by(|a, b| a < b), || "antecedents of rules overlap".into())?;
        ensure(starts[rules] == antecedents.len() as u64, || "antecedents of rules are not all of them".into())?;
        ensure(antecedents.iter().chain(consequents).all(|item| (*item as usize) < items), || {
            "rules of items that are not there".into()
        })?;
        for item in 0..items as u32 {
            let own = self.of(item);
            let key = |rule: usize| (consequents[rule], self.antecedents_of(rule));
            let ascends = own.clone().skip(1).all(|rule| key(rule - 1) < key(rule));
            ensure(ascends && own.clone().all(|rule| key(rule).1[0] == item), || "rules do not ascend".into())?;
            let is_apart = |rule: usize| key(rule).1.is_sorted_by(|a, b| a < b) && !key(rule).1.contains(&key(rule).0);
            ensure(own.clone().all(is_apart), || "a rule has an item twice".into())?;
            let can_be = |rule: usize| {
                let (before, after) = (before[rule], counts[consequents[rule] as usize]);
                (1..=before.min(after)).contains(&both[rule]) && before.max(after) <= *users
            };
            ensure({ own }.all(can_be), || "a rule counts users who are not there".into())?;
        }
        Ok(())
    }

    /// The rules whose items are all kept, with these at new places.
    fn moved(&self, place: &[Option<u32>], items: usize) -> Rules {
        let new = |item: &u32| place.get(*item as usize).copied().flatten();
        let kept = |rule: usize| {
            let mut antecedents: Vec<u32> = self.antecedents_of(rule).iter().map(new).collect::<Option<_>>()?;
            antecedents.sort_unstable();
            Some((antecedents, new(&self.consequents[rule])?, [self.both[rule], self.before[rule]]))
        };
        let mut kept: Vec<(Vec<u32>, u32, [u32; 2])> = (0..self.len()).filter_map(kept).collect();
        kept.sort_unstable_by(|a, b| Rules::place(&a.0, a.1).cmp(&Rules::place(&b.0, b.1)));
        Rules::collect(self.users, items, kept.iter().map(|rule| (rule.0.as_slice(), rule.1, rule.2)))
    }
}

/// What users or items are described by: the traits of columns, such as a genre or a part of an age.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Traits {
    /// The columns.
    pub columns: Vec<TraitColumn>,
    /// By trait how much it tells: its inverse document frequency, or of users the share of what its own users say in what is said of one.
    pub weights: Vec<f32>,
    /// By item its traits, of length 1 together. Of users: by trait the items that its users have, and how much.
    pub of: Sparse,
}

/// A column of traits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TraitColumn {
    /// The feature, in [`super::Model::features`].
    pub feature: u32,
    /// Of a number: where its parts end, ascending. The traits of parts are in `levels` as those of levels are, one more than ends.
    pub cuts: Vec<f64>,
    /// By level, or part, its traits.
    pub levels: Sparse,
}

/// A model that recommends. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recommender {
    /// How it finds what a user may like.
    pub method: Method,
    /// Whether users rate items: what it says is then a rating, else how much a user prefers an item.
    pub explicit: bool,
    /// The users where their column is a number, ascending; none where they are the levels of the feature.
    pub users: Vec<f64>,
    /// The items, in the same way.
    pub items: Vec<f64>,
    /// By user the items that it has, ascending, with its rating or how often.
    pub seen: Sparse,
    /// The number of factors; 0 without.
    pub factors: u32,
    /// User by user.
    pub user_factors: Vec<f32>,
    /// Item by item.
    pub item_factors: Vec<f32>,
    /// By how much the ratings of a user are above those of others; none without ratings.
    pub user_bias: Vec<f32>,
    /// By how much the ratings of an item are above those of others; none without ratings.
    pub item_bias: Vec<f32>,
    /// The mean rating; 0 without ratings.
    pub mean: f64,
    /// The lowest rating.
    pub low: f64,
    /// The highest rating.
    pub high: f64,
    /// What the factors were held to 0 by.
    pub regularization: f64,
    /// How much more an interaction counts than none.
    pub alpha: f64,
    /// The products of all pairs of columns of the factors of items, to tell which items of a user say most; none with ratings.
    pub gram: Vec<f32>,
    /// By item the items like it, the most alike first; no list at all without neighbours.
    pub neighbors: Sparse,
    /// What follows from what; nothing without rules.
    pub rules: Rules,
    /// By item how much all users like it: the share of users who have it, or a mean rating that few ratings pull towards the mean of all.
    pub popularity: Vec<f64>,
    /// By item how many users have it.
    pub counts: Vec<u32>,
    /// What describes users; no column where nothing does.
    pub user_traits: Traits,
    /// What describes items.
    pub item_traits: Traits,
}

impl Recommender {
    /// The number of users.
    pub fn user_count(&self) -> usize {
        self.seen.lists()
    }

    /// The number of items.
    pub fn item_count(&self) -> usize {
        self.popularity.len()
    }

    /// How strong a rule is.
    pub fn measures(&self, rule: usize) -> Measures {
        let Rules { users, consequents, both, before, .. } = &self.rules;
        Measures::new(both[rule], before[rule], self.counts[consequents[rule] as usize], *users as usize)
    }

    /// Bytes on the heap.
    pub fn bytes(&self) -> usize {
        let numbers = self.users.capacity() + self.items.capacity() + self.popularity.capacity();
        let factors = self.user_factors.capacity() + self.item_factors.capacity();
        let singles = factors
            + self.gram.capacity()
            + self.user_bias.capacity()
            + self.item_bias.capacity()
            + self.counts.capacity();
        let traits = [&self.user_traits, &self.item_traits];
        let column = |c: &TraitColumn| c.cuts.capacity() * 8 + c.levels.bytes() + 64;
        let traits: usize = traits
            .iter()
            .map(|t| t.of.bytes() + t.weights.capacity() * 4 + t.columns.iter().map(column).sum::<usize>())
            .sum();
        numbers * 8 + singles * 4 + self.seen.bytes() + self.neighbors.bytes() + self.rules.bytes() + traits
    }
}

/// Users and items are there, and what is said of them fits.
pub(super) fn validate(body: &Recommender, features: &[Feature], task: &Task) -> Result<()> {
    ensure(*task == Task::Recommendation, || "a recommender for another task".into())?;
    ensure(features.len() > ITEM, || "a recommender without a user and an item".into())?;
    let (users, items) = (body.user_count(), body.item_count());
    ensure(users < u32::MAX as usize && items < u32::MAX as usize, || "too many users or items".into())?;
    for (keys, feature, count) in [(&body.users, USER, users), (&body.items, ITEM, items)] {
        let levels = features[feature].encoding.levels();
        let is_category = features[feature].encoding.is_category();
        let known = if is_category { levels.len() } else { keys.len() };
        ensure(known == count && (!is_category || keys.is_empty()), || format!("{known} of {count} users or items"))?;
        ensure(keys.is_sorted_by(|a, b| a < b) && keys.iter().all(|k| k.is_finite()), || {
            "users or items do not ascend".into()
        })?;
    }
    body.seen.validate("items of users", users, items, true)?;
    let factors = body.factors as usize;
    ensure(factors <= MOST_FACTORS && (factors > 0) == (body.method == Method::Factors), || {
        format!("{factors} factors")
    })?;
    ensure(body.user_factors.len() == users * factors, || "the factors do not fit the users".into())?;
    ensure(body.item_factors.len() == items * factors, || "the factors do not fit the items".into())?;
    let (user_biases, item_biases) = if body.explicit { (users, items) } else { (0, 0) };
    ensure(body.user_bias.len() == user_biases, || "the biases do not fit the users".into())?;
    ensure(body.item_bias.len() == item_biases, || "the biases do not fit the items".into())?;
    let gram = if body.explicit { 0 } else { factors * factors };
    ensure(body.gram.len() == gram, || "the products do not fit the factors".into())?;
    // No product or sum of them is infinite.
    ensure(body.gram.iter().all(|v| v.is_finite()), || "a product of factors is not finite".into())?;
    let numbers = [&body.user_factors, &body.item_factors, &body.user_bias, &body.item_bias];
    ensure(numbers.iter().all(|all| all.iter().all(|v| v.abs() <= MOST)), || {
        "a factor is too large or not a number".into()
    })?;
    let single = [body.mean, body.low, body.high, body.regularization, body.alpha];
    ensure(single.iter().all(|v| v.abs() <= 1e30) && body.low <= body.high, || "a number is not finite".into())?;
    ensure(body.regularization >= 0.0 && body.alpha >= 0.0, || "a number is negative".into())?;
    ensure(body.method != Method::Content || !body.item_traits.columns.is_empty(), || {
        "items that nothing describes".into()
    })?;
    if body.method == Method::Neighbors {
        body.neighbors.validate("neighbours", items, items, false)?;
    } else {
        ensure(body.neighbors == Sparse::default(), || "neighbours that nobody asks".into())?;
    }
    ensure(body.counts.len() == items, || "the counts do not fit the items".into())?;
    if body.method == Method::Rules {
        ensure(!body.explicit, || "rules of ratings".into())?;
        body.rules.validate(&body.counts)?;
    } else {
        ensure(body.rules == Rules::default(), || "rules that nobody asks".into())?;
    }
    ensure(body.popularity.iter().all(|v| v.is_finite()), || "a popularity is not finite".into())?;
    validate_traits(&body.user_traits, features, items, None)?;
    validate_traits(&body.item_traits, features, items, Some(items))
}

/// Traits are there; of items each has its own.
fn validate_traits(traits: &Traits, features: &[Feature], items: usize, owners: Option<usize>) -> Result<()> {
    let Traits { columns, weights, of } = traits;
    if columns.is_empty() {
        return ensure(*traits == Traits::default(), || "traits without a column".into());
    }
    let count = weights.len();
    ensure(weights.iter().all(|w| w.is_finite() && *w >= 0.0), || "the weight of a trait is not finite".into())?;
    for column in columns {
        let Some(feature) = features.get(column.feature as usize).filter(|_| column.feature as usize > ITEM) else {
            return ensure(false, || "traits of a feature that is not there".into());
        };
        let lists = match feature.encoding.is_category() {
            true => feature.encoding.levels().len(),
            false => column.cuts.len() + 1,
        };
        let cuts = &column.cuts;
        let ascending = cuts.is_sorted_by(|a, b| a < b) && cuts.iter().all(|c| c.is_finite());
        ensure(ascending && (cuts.is_empty() || !feature.encoding.is_category()), || "parts do not ascend".into())?;
        column.levels.validate("traits", lists, count, false)?;
    }
    match owners {
        Some(owners) => of.validate("traits of items", owners, count, true),
        None => of.validate("items of traits", count, items, true),
    }
}

impl Sparse {
    /// Some of the lists.
    fn pick(&self, lists: &[usize]) -> Sparse {
        let mut out = Sparse { starts: vec![0], ..Sparse::default() };
        for list in lists {
            out.places.extend(self.places_of(*list));
            out.values.extend(self.values_of(*list));
            out.starts.push(out.places.len() as u64);
        }
        out
    }

    /// The lists with things at new places, without those that have none.
    fn moved(&self, place: &[Option<u32>], ascending: bool) -> Sparse {
        let mut out = Sparse { starts: vec![0], ..Sparse::default() };
        for list in 0..self.lists() {
            let mut own: Vec<(u32, f32)> =
                self.of(list).filter_map(|(thing, value)| Some(((*place.get(thing)?)?, value))).collect();
            if ascending {
                own.sort_unstable_by_key(|own| own.0);
            }
            out.places.extend(own.iter().map(|own| own.0));
            out.values.extend(own.iter().map(|own| own.1));
            out.starts.push(out.places.len() as u64);
        }
        out
    }
}

/// Some of rows of so many numbers.
fn rows_of<T: Copy>(all: &[T], width: usize, kept: &[usize]) -> Vec<T> {
    kept.iter().flat_map(|row| all.get(row * width..(row + 1) * width).unwrap_or_default()).copied().collect()
}

impl Recommender {
    /// Keep the levels of a feature that stood at these places, in their new order: users, items, or what describes them.
    pub(super) fn recode(&mut self, feature: u32, kept: &[usize]) {
        let factors = self.factors as usize;
        match feature as usize {
            USER => {
                self.seen = self.seen.pick(kept);
                self.user_factors = rows_of(&self.user_factors, factors, kept);
                self.user_bias = rows_of(&self.user_bias, 1, kept);
            }
            ITEM => {
                let mut place: Vec<Option<u32>> = vec![None; self.item_count()];
                kept.iter().zip(0..).for_each(|(old, new)| place[*old] = Some(new));
                self.seen = self.seen.moved(&place, true);
                self.item_factors = rows_of(&self.item_factors, factors, kept);
                self.item_bias = rows_of(&self.item_bias, 1, kept);
                self.popularity = rows_of(&self.popularity, 1, kept);
                self.counts = rows_of(&self.counts, 1, kept);
                if self.method == Method::Neighbors {
                    self.neighbors = self.neighbors.pick(kept).moved(&place, false);
                }
                if self.method == Method::Rules {
                    self.rules = self.rules.moved(&place, kept.len());
                }
                if !self.user_traits.columns.is_empty() {
                    self.user_traits.of = self.user_traits.of.moved(&place, true);
                }
                if !self.item_traits.columns.is_empty() {
                    self.item_traits.of = self.item_traits.of.pick(kept);
                }
            }
            _ => {
                let columns = self.user_traits.columns.iter_mut().chain(&mut self.item_traits.columns);
                columns.filter(|c| c.feature == feature).for_each(|c| c.levels = c.levels.pick(kept));
            }
        }
    }
}

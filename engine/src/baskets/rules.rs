//! Association rules: baskets with these items tend to have those.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rayon::prelude::*;

use super::{hash, hash_of, look, Finder, Itemsets};
use crate::control::Control;
use crate::data::par_sort;
use crate::error::{Error, Result};

/// Which rules are wanted.
#[derive(Debug, Clone)]
pub struct RuleLimits {
    /// The least confidence.
    pub confidence: f64,
    /// The least lift.
    pub lift: f64,
    /// The most items of the consequents.
    pub consequents: usize,
    /// By item, whether it may stand among the antecedents; all may where this is empty.
    pub from: Vec<bool>,
    /// By item, whether it may stand among the consequents; all may where this is empty.
    pub to: Vec<bool>,
    /// More rules than this are an error.
    pub most: u64,
}

/// How strong a rule is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// The share of baskets with all its items.
    pub support: f64,
    /// The share of baskets with the antecedents.
    pub antecedent_support: f64,
    /// The share of baskets with the consequents.
    pub consequent_support: f64,
    /// Of the baskets with the antecedents, the share that has the consequents.
    pub confidence: f64,
    /// How many times more often than without the antecedents: 1 where they have nothing to do with each other (Brin, Motwani, Ullman and Tsur 1997).
    pub lift: f64,
    /// By how much the support is above that of independence (Piatetsky-Shapiro 1991).
    pub leverage: f64,
    /// How many times more often the rule would be wrong under independence; infinite for a rule that is never wrong (Brin and others 1997).
    pub conviction: f64,
    /// Zhang's metric, from -1, never together, over 0, independent, to 1, always together (Zhang 2000).
    pub zhang: f64,
}

impl Measures {
    /// From numbers of baskets: with both, with the antecedents, with the consequents, and all.
    pub fn new(both: u32, antecedents: u32, consequents: u32, all: usize) -> Measures {
        let share = |count: u32| f64::from(count) / all as f64;
        let (support, antecedent_support, consequent_support) = (share(both), share(antecedents), share(consequents));
        let confidence = confidence(both, antecedents, all);
        let leverage = support - antecedent_support * consequent_support;
        let conviction = match both == antecedents {
            true => f64::INFINITY,
            false => (1.0 - consequent_support) / (1.0 - confidence),
        };
        let reach = (support * (1.0 - antecedent_support)).max(antecedent_support * (consequent_support - support));
        Measures {
            support,
            antecedent_support,
            consequent_support,
            confidence,
            lift: confidence / consequent_support,
            leverage,
            conviction,
            zhang: if reach == 0.0 { 0.0 } else { leverage / reach },
        }
    }
}

/// The quotient of the two supports, so that a threshold lets in what it lets in elsewhere: 10 of 50 may come out a last digit below 0.2.
fn confidence(both: u32, antecedents: u32, all: usize) -> f64 {
    (f64::from(both) / all as f64) / (f64::from(antecedents) / all as f64)
}

/// A rule, but for its items.
#[derive(Debug, Clone, Copy)]
struct Counts {
    /// Where its items end.
    end: usize,
    /// The number of its consequents, that stand last.
    consequents: u32,
    both: u32,
    antecedent: u32,
    consequent: u32,
}

/// Rules in flat arrays.
#[derive(Debug, Default)]
pub struct Rules {
    items: Vec<u32>,
    rules: Vec<Counts>,
    /// The number of all baskets.
    baskets: usize,
}

impl Rules {
    /// The number of rules.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The antecedents and the consequents of a rule, each ascending.
    pub fn sides(&self, index: usize) -> (&[u32], &[u32]) {
        let start = if index == 0 { 0 } else { self.rules[index - 1].end };
        let rule = self.rules[index];
        let items = &self.items[start..rule.end];
        items.split_at(items.len() - rule.consequents as usize)
    }

    /// The number of baskets with all its items.
    pub fn baskets(&self, index: usize) -> u32 {
        self.rules[index].both
    }

    /// The number of baskets with its antecedents.
    pub fn antecedent_baskets(&self, index: usize) -> u32 {
        self.rules[index].antecedent
    }

    /// How strong a rule is.
    pub fn measures(&self, index: usize) -> Measures {
        let rule = self.rules[index];
        Measures::new(rule.both, rule.antecedent, rule.consequent, self.baskets)
    }

    /// Rules of their sides, and the numbers of baskets with all items, with the antecedents and with the consequents, in the order of [`rules`].
    pub(crate) fn collect<'a>(
        all: impl Iterator<Item = ((&'a [u32], &'a [u32]), [u32; 3])>,
        baskets: usize,
        control: &Control,
    ) -> Result<Rules> {
        let mut rules = Rules { baskets, ..Rules::default() };
        for (at, (sides, counts)) in all.enumerate() {
            look(at, control)?;
            rules.push(sides, counts, control)?;
        }
        sorted(rules, control)
    }

    fn push(&mut self, sides: (&[u32], &[u32]), counts: [u32; 3], control: &Control) -> Result<()> {
        control.room(&mut self.items, sides.0.len() + sides.1.len())?;
        control.room(&mut self.rules, 1)?;
        self.items.extend_from_slice(sides.0);
        self.items.extend_from_slice(sides.1);
        let [both, antecedent, consequent] = counts;
        let consequents = sides.1.len() as u32;
        self.rules.push(Counts { end: self.items.len(), consequents, both, antecedent, consequent });
        Ok(())
    }

    fn add(&mut self, other: &Rules, index: usize, control: &Control) -> Result<()> {
        let Counts { both, antecedent, consequent, .. } = other.rules[index];
        self.push(other.sides(index), [both, antecedent, consequent], control)
    }

    /// Give its memory back.
    pub(crate) fn release(self, control: &Control) {
        control.release_vec(self.items);
        control.release_vec(self.rules);
    }
}

/// Itemsets that a thread takes at once.
const PART: usize = 256;

/// The rules of itemsets out of `baskets` baskets, those of the greatest lift first, then those of most baskets, then by their items.
///
/// The itemsets must hold every subset of each, as [`super::mine`] gives them.
///
/// # Errors
/// [`Error::InvalidData`] when there are more than the limits allow; [`Error::OutOfMemory`], [`Error::Cancelled`].
pub fn rules(sets: &Itemsets, baskets: usize, limits: &RuleLimits, control: &Control) -> Result<Rules> {
    let finder = Finder::new(sets, control)?;
    let found = AtomicU64::new(0);
    control.start(sets.len() as u64);
    let parts: Result<Vec<Rules>> = (0..sets.len().div_ceil(PART))
        .into_par_iter()
        .map(|part| {
            control.check()?;
            let mut rules = Rules { baskets, ..Rules::default() };
            let range = part * PART..((part + 1) * PART).min(sets.len());
            let done = range.len() as u64;
            for index in range {
                of_set(sets.get(index), &finder, limits, &found, &mut rules, control)?;
            }
            control.advance(done);
            Ok(rules)
        })
        .collect();
    let mut all = Rules { baskets, ..Rules::default() };
    for part in parts? {
        control.check()?;
        for index in 0..part.len() {
            all.add(&part, index, control)?;
        }
        part.release(control);
    }
    sorted(all, control)
}

/// By lift, baskets and items.
fn sorted(rules: Rules, control: &Control) -> Result<Rules> {
    // What comes first has the lower number: no lift is below 0, so their bits ascend with them.
    let mut order: Vec<(u64, u32, u32)> = control.vec(rules.len())?;
    for index in 0..rules.len() {
        look(index, control)?;
        order.push((!rules.measures(index).lift.to_bits(), !rules.baskets(index), index as u32));
    }
    let sides = |rule: &(u64, u32, u32)| rules.sides(rule.2 as usize);
    let compare =
        |a: &(u64, u32, u32), b: &(u64, u32, u32)| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| sides(a).cmp(&sides(b)));
    par_sort(&mut order, &compare, control)?;
    let mut all =
        Rules { items: control.vec(rules.items.len())?, rules: control.vec(rules.len())?, ..rules_of(&rules) };
    for (i, &(.., index)) in order.iter().enumerate() {
        look(i, control)?;
        all.add(&rules, index as usize, control)?;
    }
    control.release_vec(order);
    rules.release(control);
    Ok(all)
}

/// No rules, of the same baskets.
fn rules_of(rules: &Rules) -> Rules {
    Rules { baskets: rules.baskets, ..Rules::default() }
}

/// The rules of one set.
///
/// Consequents grow item by item. Antecedents shrink with that and are in more baskets, so the confidence falls: where it is too low, no
/// consequents that go on from there are looked at.
fn of_set(
    (set, both): (&[u32], u32),
    finder: &Finder<'_>,
    limits: &RuleLimits,
    found: &AtomicU64,
    rules: &mut Rules,
    control: &Control,
) -> Result<()> {
    let most = limits.consequents.min(set.len() - 1);
    let may = |allowed: &[bool], item: u32| allowed.get(item as usize).copied().unwrap_or(allowed.is_empty());
    let whole = hash(set);
    // Places of the consequents in the set.
    let mut chosen: Vec<usize> = Vec::new();
    let (mut antecedents, mut consequents) = (Vec::new(), Vec::new());
    let (mut next, mut steps) = (0, 1);
    loop {
        if next == set.len() || chosen.len() == most {
            match chosen.pop() {
                Some(last) => next = last + 1,
                None => return Ok(()),
            }
            continue;
        }
        look(steps, control)?;
        steps += 1;
        chosen.push(next);
        next += 1;
        if !may(&limits.to, set[next - 1]) {
            chosen.pop();
            continue;
        }
        antecedents.clear();
        consequents.clear();
        let mut apart = 0u64;
        let mut at = chosen.iter().peekable();
        for (place, &item) in set.iter().enumerate() {
            match at.next_if(|&&chosen| chosen == place) {
                Some(_) => {
                    consequents.push(item);
                    apart = apart.wrapping_add(hash_of(item));
                }
                None => antecedents.push(item),
            }
        }
        let count = |items: &[u32], hash: u64| {
            finder.count(items, hash).ok_or_else(|| Error::Internal("a subset of a frequent set is missing".into()))
        };
        let antecedent = count(&antecedents, whole.wrapping_sub(apart))?;
        if confidence(both, antecedent, rules.baskets) < limits.confidence {
            chosen.pop();
            continue;
        }
        if !antecedents.iter().all(|&item| may(&limits.from, item)) {
            // More consequents may take the item away that must not stand here.
            continue;
        }
        let consequent = count(&consequents, apart)?;
        if Measures::new(both, antecedent, consequent, rules.baskets).lift < limits.lift {
            continue;
        }
        if found.fetch_add(1, Relaxed) >= limits.most {
            return Err(Error::InvalidData {
                message: format!("more than {} rules are strong enough", limits.most),
                detail: format!("They have a confidence of {} or more.", limits.confidence),
                hint: "Raise \"min_support\", \"min_confidence\" or \"min_lift\", lower \"max_length\" or \"max_consequents\", or raise \"most\"."
                    .into(),
            });
        }
        rules.push((&antecedents, &consequents), [both, antecedent, consequent], control)?;
    }
}

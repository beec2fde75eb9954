//! Association rules that tell what to offer to somebody who has some items: the lists of users are baskets, and one item follows from others.

use super::Interactions;
use crate::baskets::{least, mine, rules, Baskets, Limits, RuleLimits};
use crate::control::Control;
use crate::data::par_sort;
use crate::error::{Error, Result};
use crate::model::recommender::Rules;

/// What is told of rules.
#[derive(Debug, Clone, PartialEq)]
pub struct RulesParams {
    /// The least share of users who have all items of a rule.
    pub min_support: f64,
    /// The least share, of the users who have the antecedents, of those who have what follows.
    pub min_confidence: f64,
    /// The least lift.
    pub min_lift: f64,
    /// The most items of a rule; as many as there are without.
    pub max_length: Option<usize>,
    /// More sets of items, or rules, than this are an error.
    pub most: u64,
}

impl Default for RulesParams {
    fn default() -> Self {
        // Items that have nothing to do with each other, or keep each other away, are no reason to offer one.
        RulesParams { min_support: 0.01, min_confidence: 0.1, min_lift: 1.0, max_length: Some(4), most: 1_000_000 }
    }
}

/// The rules of who has what.
pub fn fit(data: &Interactions, params: &RulesParams, control: &Control) -> Result<Rules> {
    let (lists, users) = (&data.by_user, data.users());
    let rows = (0..users).flat_map(|user| lists.places_of(user).iter().map(move |item| (user as u32, *item)));
    let baskets = Baskets::collect(rows, users, data.items, control)?;
    let length = params.max_length.unwrap_or(usize::MAX);
    let limits = Limits { baskets: least(params.min_support, users), length, most: params.most };
    let sets = mine(&baskets, &limits, control).map_err(advised)?;
    baskets.release(control);
    let limits = RuleLimits {
        confidence: params.min_confidence,
        lift: params.min_lift,
        consequents: 1,
        from: Vec::new(),
        to: Vec::new(),
        most: params.most,
    };
    let found = rules(&sets, users, &limits, control).map_err(advised)?;
    sets.release(control);
    let rule = |at: &u32| {
        let (antecedents, consequents) = found.sides(*at as usize);
        (antecedents, consequents[0])
    };
    let place = |at: &u32| Rules::place(rule(at).0, rule(at).1);
    let mut order: Vec<u32> = control.vec(found.len())?;
    order.extend(0..found.len() as u32);
    par_sort(&mut order, &|a, b| place(a).cmp(&place(b)), control)?;
    let size = |at: &u32| rule(at).0.len() * 4 + 32;
    control.reserve(order.iter().map(size).sum::<usize>() + data.items * 8)?;
    let counts = |at: &u32| [found.baskets(*at as usize), found.antecedent_baskets(*at as usize)];
    let made = Rules::collect(users as u32, data.items, order.iter().map(|at| (rule(at).0, rule(at).1, counts(at))));
    control.release_vec(order);
    found.release(control);
    Ok(made)
}

/// The error of too many sets or rules names what can be told here.
fn advised(error: Error) -> Error {
    match error {
        Error::InvalidData { message, detail, .. } => Error::InvalidData {
            message,
            detail,
            hint: "Raise \"min_support\" or \"min_confidence\", lower \"max_length\", or raise \"most\".".into(),
        },
        other => other,
    }
}

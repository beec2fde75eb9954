//! The training of a model that recommends: rows become who has what, each user's latest or some of its items are set aside to judge on, and what is kept is
//! then learned from all.

use std::cmp::Ordering;
use std::time::Instant;

use rayon::prelude::*;

use crate::control::Control;
use crate::data::{mix, sort, ColumnData, MISSING};
use crate::error::{Error, Result};
use crate::judge::contest::{contest, contest_of_means, Contest};
use crate::judge::ranking::{ndcg_name, quality, recommendations, ListQuality};
use crate::judge::{headline, regression, Metric};
use crate::learn::options::Algorithm;
use crate::learn::recommend::traits::{self, Described};
use crate::learn::recommend::{als, biases, counts, rules, shares, similar, Biases, Interactions};
use crate::model::recommender::{Method, Recommender, Rules, Sparse};
use crate::model::{Body, Encoding, Feature, FeatureStats, HeldActual, HeldRows, Input, InputKind, Model, Task};
use crate::score::recommender::{Liked, Shelf, Wanted, Who};
use crate::score::Scorer;

use super::apart::Rows;
use super::{Champion, Outcome, Request, SourceInput};

/// Rows between two looks for a cancel.
const LOOK: usize = 1 << 16;
/// Seconds of a day.
const DAY: f64 = 86_400.0;
/// The place of a value that is missing.
const NONE: u32 = u32::MAX;

/// What stands in a column that names users or items, or describes them.
struct Names {
    /// The texts in C order; none of numbers.
    levels: Vec<String>,
    /// The numbers, ascending; none of texts.
    numbers: Vec<f64>,
    /// What each is drawn by.
    hashes: Vec<u64>,
    /// By row its place; [`NONE`] where it is missing.
    places: Vec<u32>,
}

impl Names {
    fn count(&self) -> usize {
        self.levels.len() + self.numbers.len()
    }

    fn read(request: &Request, input: &SourceInput, control: &Control) -> Result<Names> {
        let rows = request.table.rows;
        let mut places: Vec<u32> = control.vec(rows)?;
        match &request.table.columns[input.first].data {
            ColumnData::Category { codes, dictionary } => {
                let mut used = control.filled(dictionary.len(), false)?;
                codes.iter().filter(|code| *code != MISSING).for_each(|code| used[code as usize] = true);
                let text = |code: u32| String::from_utf8_lossy(dictionary.text(code)).into_owned();
                let (mut levels, mut hashes) = (Vec::new(), Vec::new());
                let mut place = control.filled(dictionary.len(), NONE)?;
                for (at, code) in dictionary.sorted().into_iter().filter(|code| used[*code as usize]).enumerate() {
                    if at % LOOK == 0 {
                        control.check()?;
                    }
                    let text = text(code);
                    // What is not UTF-8 may be spelled like another.
                    if levels.last() != Some(&text) {
                        control.reserve(text.len() + 32)?;
                        hashes.push(xxhash_rust::xxh3::xxh3_64(text.as_bytes()));
                        levels.push(text);
                    }
                    place[code as usize] = levels.len() as u32 - 1;
                }
                if !levels.is_sorted_by(|a, b| a < b) {
                    return Err(Error::data(
                        format!("column \"{}\" has texts that are not UTF-8", input.name),
                        "Cast them in the source.",
                    ));
                }
                places.extend(codes.iter().map(|code| if code == MISSING { NONE } else { place[code as usize] }));
                control.release_vec(used);
                control.release_vec(place);
                Ok(Names { levels, numbers: Vec::new(), hashes, places })
            }
            ColumnData::Number(values) => {
                let mut numbers: Vec<f64> = control.vec(rows)?;
                numbers.extend(values.iter().filter(|v| v.is_finite()).map(|v| v + 0.0));
                sort(&mut numbers, f64::total_cmp, control)?;
                numbers.dedup();
                for (row, value) in values.iter().enumerate() {
                    if row % LOOK == 0 {
                        control.check()?;
                    }
                    let found = numbers.binary_search_by(|n| n.partial_cmp(&(value + 0.0)).unwrap_or(Ordering::Less));
                    places.push(found.map_or(NONE, |at| at as u32));
                }
                let hashes = numbers.iter().map(|v| mix(v.to_bits(), 0)).collect();
                Ok(Names { levels: Vec::new(), numbers, hashes, places })
            }
        }
    }
}

/// A user and an item that met.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    user: u32,
    item: u32,
    /// The mean rating, or the sum of strengths.
    value: f64,
    /// The sum of weights.
    weight: f64,
    /// When they met last.
    time: f64,
}

/// A training under way.
struct Run<'a> {
    request: &'a Request,
    control: &'a Control,
    explicit: bool,
    users: Names,
    items: Names,
    user_columns: Vec<DescribedColumn>,
    item_columns: Vec<DescribedColumn>,
    pairs: Vec<Pair>,
    /// Which pairs are held out.
    held: Vec<bool>,
    notices: Vec<String>,
}

/// A column that describes users or items.
struct DescribedColumn {
    input: usize,
    names: Option<Names>,
    /// By user or item: the place of its level, or its number.
    codes: Vec<u32>,
    numbers: Vec<f64>,
}

/// A model, and by item of the training its own.
struct Built {
    model: Model,
    item_of: Vec<Option<u32>>,
}

/// Learn a model that recommends, judge it on what is set aside, and compare it with a champion.
pub(super) fn recommend(request: Request, champion: Option<&Champion<'_>>, control: &Control) -> Result<Outcome> {
    let mut clock = Instant::now();
    let mut timings = Vec::new();
    let mut lap = |phase: &'static str| {
        timings.push((phase, clock.elapsed().as_secs_f64()));
        clock = Instant::now();
    };
    let mut run = Run::new(&request, control)?;
    lap("order");
    run.split();
    lap("split");
    let judged = run.build(true)?;
    lap("learn");
    let scorer = Scorer::new(judged.model);
    let Some(shelf) = scorer.shelf() else { return Err(Error::Internal("no recommender was made".into())) };
    let held = run.held.iter().filter(|held| **held).count();
    let mut metrics = Vec::new();
    let mut found = None;
    if held > 0 {
        let lists = run.lists(&shelf)?;
        metrics = run.metrics(&shelf, &judged.item_of, &lists)?;
        if let Some(champion) = champion {
            found = run.contest(champion, &shelf, &judged.item_of, &lists)?;
        }
    }
    lap("judge");
    let refit = request.options.refit && held > 0;
    let scorer = match refit {
        true => Scorer::new(run.build(false)?.model),
        false => scorer,
    };
    if refit {
        run.notices.push(format!(
            "the metrics are those of a model learned without the {held} held-out pairs; the model that is kept was then learned from all {}",
            run.pairs.len()
        ));
        lap("refit");
    }
    let metric = match (metrics.is_empty(), run.explicit) {
        (true, _) => None,
        (_, true) => Some("rmse"),
        (_, false) => Some(ndcg_name(request.options.recommend.k)),
    };
    let training_rows = run.pairs.len() - if refit { 0 } else { held };
    let rows = Rows { read: request.table.rows, training: training_rows, held };
    Ok(Outcome { contest: found, notices: run.notices, timings, ..Outcome::of(scorer, metrics, metric, rows)? })
}

impl<'a> Run<'a> {
    fn new(request: &'a Request, control: &'a Control) -> Result<Run<'a>> {
        let options = &request.options.recommend;
        let [user, item, ..] = request.inputs.as_slice() else {
            return Err(Error::Internal("no user and item columns".into()));
        };
        let users = Names::read(request, user, control)?;
        let items = Names::read(request, item, control)?;
        let explicit = request.target.is_some();
        let mut run = Run {
            request,
            control,
            explicit,
            users,
            items,
            user_columns: Vec::new(),
            item_columns: Vec::new(),
            pairs: Vec::new(),
            held: Vec::new(),
            notices: Vec::new(),
        };
        let mut rows = run.rows()?;
        let kept = rows.len();
        if kept < request.table.rows {
            let what = if explicit { "a user, an item and a finite rating" } else { "a user and an item" };
            run.notices.push(format!("{} rows without {what} are left out", request.table.rows - kept));
        }
        if rows.is_empty() {
            return Err(Error::data(
                "the source has no row to learn from",
                "Give a row for each time that a user took or rated an item.",
            ));
        }
        let described = |columns: &[String], owners: &Names| -> Result<Vec<DescribedColumn>> {
            let places = columns.iter().map(|name| request.inputs.iter().position(|input| input.name == *name));
            places.flatten().map(|at| run.describe(at, owners)).collect()
        };
        let user_columns = described(&options.user_columns, &run.users)?;
        let item_columns = described(&options.item_columns, &run.items)?;
        if request.algorithm == Algorithm::Content && item_columns.is_empty() {
            return Err(Error::option(
                "algorithm \"content\" needs the option \"item_columns\"",
                "Name the columns that describe items, such as a category or a brand.",
            ));
        }
        if request.algorithm == Algorithm::AssociationRules && explicit {
            return Err(Error::option(
                "algorithm \"association_rules\" learns from who has what, and not from ratings",
                "Leave the target out; the source may be a query of the rows that are rated well.",
            ));
        }
        (run.user_columns, run.item_columns) = (user_columns, item_columns);
        run.pairs = join(&mut rows, explicit, control)?;
        control.release_vec(rows);
        Ok(run)
    }

    fn number(&self, column: Option<usize>, row: usize) -> Option<f64> {
        match &self.request.table.columns.get(column?)?.data {
            ColumnData::Number(values) => Some(values.get(row)),
            ColumnData::Category { .. } => None,
        }
    }

    /// The rows that say something.
    fn rows(&self) -> Result<Vec<Pair>> {
        let Request { table, target, weight, time, options, .. } = self.request;
        if let Some(target) = target {
            if matches!(table.columns[target.first].data, ColumnData::Category { .. }) {
                return Err(Error::data(
                    format!("the ratings in column \"{}\" are no numbers", target.name),
                    "Name a column of numbers as the target, or none where a row only says that a user took an item.",
                ));
            }
        }
        let mut rows: Vec<Pair> = self.control.vec(table.rows)?;
        let mut latest = f64::NEG_INFINITY;
        let mut weighed = false;
        for row in 0..table.rows {
            if row % LOOK == 0 {
                self.control.check()?;
            }
            let own = self.number(*weight, row).unwrap_or(1.0);
            if !own.is_finite() || own < 0.0 {
                let name = weight.map_or("", |w| table.columns[w].name.as_str());
                return Err(Error::data(
                    format!("weight column \"{name}\" has a value that is missing, negative or infinite"),
                    "Give every row a weight of 0 or more.",
                ));
            }
            weighed |= own > 0.0;
            let value = match target {
                Some(target) => self.number(Some(target.first), row).unwrap_or(f64::NAN),
                None => own,
            };
            let (user, item) = (self.users.places[row], self.items.places[row]);
            // Ratings are stored as f32, and so that no square is infinite.
            if user == NONE || item == NONE || own == 0.0 || value.is_nan() || value.abs() > 1e12 {
                continue;
            }
            let time = self.number(*time, row).filter(|t| t.is_finite()).unwrap_or(f64::NEG_INFINITY);
            latest = latest.max(time);
            rows.push(Pair { user, item, value, weight: own.min(1e12), time });
        }
        if !weighed && table.rows > 0 {
            let name = weight.map_or("", |w| table.columns[w].name.as_str());
            return Err(Error::data(
                format!("all weights in column \"{name}\" are zero"),
                "Give some row a weight above 0.",
            ));
        }
        if let Some(days) = options.recommend.half_life {
            let kind =
                options.time_column.as_ref().and_then(|name| self.request.beside.iter().find(|b| b.name == *name));
            let unit = match kind.map(|input| input.kind) {
                Some(InputKind::Timestamp | InputKind::Timestamptz) => DAY,
                _ => 1.0,
            };
            for row in &mut rows {
                let age = if row.time.is_finite() { (latest - row.time) / unit } else { f64::INFINITY };
                // What is long ago still is: nothing is counted as less than a thousandth.
                let left = libm::exp2(-age / days).max(1e-3);
                row.weight *= left;
                if !self.explicit {
                    row.value *= left;
                }
            }
        }
        Ok(rows)
    }

    /// What a column says of each user or item: its latest value, of equally late ones the last in order.
    fn describe(&self, input: usize, owners: &Names) -> Result<DescribedColumn> {
        let own = &self.request.inputs[input];
        let is_category = matches!(self.request.table.columns[own.first].data, ColumnData::Category { .. });
        let names = if is_category { Some(Names::read(self.request, own, self.control)?) } else { None };
        let mut codes: Vec<u32> = self.control.filled(if is_category { owners.count() } else { 0 }, NONE)?;
        let mut numbers: Vec<f64> = self.control.filled(if is_category { 0 } else { owners.count() }, f64::NAN)?;
        let mut since: Vec<f64> = self.control.filled(owners.count(), f64::NAN)?;
        for row in 0..self.request.table.rows {
            if row % LOOK == 0 {
                self.control.check()?;
            }
            let owner = owners.places[row];
            if owner == NONE {
                continue;
            }
            let at = owner as usize;
            let time = self.number(self.request.time, row).filter(|t| !t.is_nan()).unwrap_or(f64::NEG_INFINITY);
            let order = if since[at].is_nan() { Ordering::Greater } else { time.total_cmp(&since[at]) };
            let taken = match &names {
                Some(names) => match names.places[row] {
                    NONE => false,
                    place => {
                        let later = order.then(place.cmp(&codes[at])) == Ordering::Greater;
                        if later {
                            codes[at] = place;
                        }
                        later
                    }
                },
                None => match self.number(Some(own.first), row) {
                    Some(value) if !value.is_nan() => {
                        let later = order.then(value.total_cmp(&numbers[at])) == Ordering::Greater;
                        if later {
                            numbers[at] = value + 0.0;
                        }
                        later
                    }
                    _ => false,
                },
            };
            if taken {
                since[at] = time;
            }
        }
        self.control.release_vec(since);
        Ok(DescribedColumn { input, names, codes, numbers })
    }

    /// Hold out a share of the items of each user: the latest where there is a time, else some that the names draw.
    fn split(&mut self) {
        let share = self.request.options.holdout;
        let seed = self.request.options.seed;
        let timed = self.request.time.is_some();
        self.held = vec![false; self.pairs.len()];
        let mut first = 0;
        for own in self.pairs.chunk_by(|a, b| a.user == b.user) {
            let count = own.len();
            let held = ((count as f64 * share).round() as usize).min(count - 1);
            if held > 0 {
                let draw = |pair: &Pair| {
                    mix(mix(seed, self.users.hashes[pair.user as usize]), self.items.hashes[pair.item as usize])
                };
                let mut order: Vec<usize> = (0..count).collect();
                order.sort_unstable_by(|a, b| {
                    let (a, b) = (&own[*a], &own[*b]);
                    let late = if timed { b.time.total_cmp(&a.time) } else { Ordering::Equal };
                    late.then_with(|| draw(a).cmp(&draw(b))).then(a.item.cmp(&b.item))
                });
                order.iter().take(held).for_each(|at| self.held[first + at] = true);
            }
            first += count;
        }
    }

    /// Learn from all pairs, or from those that are not held out.
    fn build(&self, part: bool) -> Result<Built> {
        let control = self.control;
        let is_used = |at: usize| !(part && self.held[at]);
        let mut used = vec![false; self.items.count()];
        let pairs = || self.pairs.iter().enumerate().filter(|(at, _)| is_used(*at)).map(|(_, pair)| pair);
        pairs().for_each(|pair| used[pair.item as usize] = true);
        let mut item_of: Vec<Option<u32>> = vec![None; used.len()];
        let items: Vec<usize> = (0..used.len()).filter(|at| used[*at]).collect();
        items.iter().zip(0..).for_each(|(at, own)| item_of[*at] = Some(own));
        // A user has no pair where all of its rows were left out.
        let mut used = vec![false; self.users.count()];
        pairs().for_each(|pair| used[pair.user as usize] = true);
        let users: Vec<usize> = (0..used.len()).filter(|at| used[*at]).collect();
        let count = pairs().count();
        let mut lists =
            Sparse { starts: control.vec(users.len() + 1)?, places: control.vec(count)?, values: control.vec(count)? };
        let mut weights = control.vec(if self.explicit { count } else { 0 })?;
        lists.starts.push(0);
        let mut last = None;
        for pair in pairs() {
            if last.is_some_and(|user| user != pair.user) {
                lists.starts.push(lists.places.len() as u64);
            }
            last = Some(pair.user);
            lists.places.extend(item_of[pair.item as usize]);
            lists.values.push(pair.value as f32);
            if self.explicit {
                weights.push(pair.weight as f32);
            }
        }
        lists.starts.push(lists.places.len() as u64);
        let data = Interactions { by_user: lists, weights, items: items.len(), explicit: self.explicit };
        let body = self.learn(data, &users, &items)?;
        Ok(Built { model: self.model(body, &users, &items), item_of })
    }

    fn learn(&self, data: Interactions, users: &[usize], items: &[usize]) -> Result<Recommender> {
        let Request { algorithm, options, .. } = self.request;
        let (options, control, explicit) = (&options.recommend, self.control, self.explicit);
        let values = &data.by_user.values;
        let (mut mean, mut low, mut high) = (0.0, 0.0, 0.0);
        if explicit {
            let weight = |at: usize| data.weights.get(at).map_or(1.0, |w| f64::from(*w));
            let (mut sum, mut total) = (0.0, 0.0);
            for (at, value) in values.iter().enumerate() {
                sum += weight(at) * f64::from(*value);
                total += weight(at);
            }
            let ends = values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
            (mean, low, high) = (sum / total, f64::from(ends.0), f64::from(ends.1));
        }
        let usual = if explicit { biases(&data, mean, control)? } else { Biases::default() };
        let popularity: Vec<f64> = match explicit {
            true => usual.items.iter().map(|bias| mean + f64::from(*bias)).collect(),
            false => {
                let aged = options.half_life.map(|_| values.as_slice());
                shares(&data.by_user, data.items, aged)
            }
        };
        let found = self.traits(&self.item_columns, items)?;
        let item_traits = traits::of_items(found, items.len());
        let found = self.traits(&self.user_columns, users)?;
        let user_traits = traits::of_users(found, &data, &popularity, control)?;
        let mut body = Recommender {
            method: Method::Popular,
            explicit,
            users: users.iter().filter_map(|at| self.users.numbers.get(*at).copied()).collect(),
            items: items.iter().filter_map(|at| self.items.numbers.get(*at).copied()).collect(),
            seen: Sparse::default(),
            factors: 0,
            user_factors: Vec::new(),
            item_factors: Vec::new(),
            user_bias: usual.users.clone(),
            item_bias: usual.items.clone(),
            mean,
            low,
            high,
            regularization: 0.0,
            alpha: 0.0,
            gram: Vec::new(),
            neighbors: Sparse::default(),
            rules: Rules::default(),
            popularity,
            counts: counts(&data.by_user, data.items),
            user_traits,
            item_traits,
        };
        match algorithm {
            Algorithm::Als => {
                let params = als::AlsParams { seed: self.request.options.seed, ..options.als.clone() };
                let fit = als::fit(&data, mean, &params, control)?;
                body.method = Method::Factors;
                body.factors = params.factors as u32;
                (body.user_factors, body.item_factors, body.gram) = (fit.users, fit.items, fit.gram);
                (body.user_bias, body.item_bias) = (fit.user_bias, fit.item_bias);
                (body.regularization, body.alpha) = (params.regularization(explicit), params.alpha);
            }
            Algorithm::ItemKnn => {
                let usual = explicit.then_some((mean, &usual));
                body.neighbors = similar::neighbors(&data, usual, &options.similar, control)?;
                body.method = Method::Neighbors;
            }
            Algorithm::AssociationRules => {
                body.rules = rules::fit(&data, &options.rules, control)?;
                body.method = Method::Rules;
            }
            Algorithm::Content => body.method = Method::Content,
            _ => {}
        }
        body.seen = data.by_user;
        Ok(body)
    }

    /// What describes some users or items.
    fn traits(&self, columns: &[DescribedColumn], owners: &[usize]) -> Result<traits::Found> {
        let described: Vec<Described<'_>> = columns
            .iter()
            .map(|column| match &column.names {
                Some(names) => Described::Levels(&names.levels, owners.iter().map(|at| column.codes[*at]).collect()),
                None => Described::Numbers(owners.iter().map(|at| column.numbers[*at]).collect()),
            })
            .collect();
        let features: Vec<u32> = columns.iter().map(|column| column.input as u32).collect();
        traits::find(&described, &features, owners.len(), self.control)
    }

    fn model(&self, body: Recommender, users: &[usize], items: &[usize]) -> Model {
        let inputs = self.request.inputs.iter().zip(0..);
        let inputs = inputs.map(|(input, first)| Input { name: input.name.clone(), kind: input.kind, first, count: 1 });
        let feature = |at: usize, input: &SourceInput| {
            let some = match at {
                0 => Some((&self.users, users)),
                1 => Some((&self.items, items)),
                _ => None,
            };
            let described = self.user_columns.iter().chain(&self.item_columns).find(|c| c.input == at);
            let levels: Option<Vec<String>> = match (some, described) {
                (Some((names, some)), _) if !names.levels.is_empty() => {
                    Some(some.iter().map(|at| names.levels[*at].clone()).collect())
                }
                (None, Some(DescribedColumn { names: Some(names), .. })) => Some(names.levels.clone()),
                _ => None,
            };
            let data = &self.request.table.columns[input.first].data;
            let stats = stats(data, levels.as_deref());
            let is_category = matches!(data, ColumnData::Category { .. });
            let encoding = match is_category {
                true => Encoding::Category { levels: levels.unwrap_or_default() },
                false => Encoding::Number,
            };
            Feature { name: input.name.clone(), encoding, stats }
        };
        let features = self.request.inputs.iter().enumerate().map(|(at, input)| feature(at, input)).collect();
        Model {
            inputs: inputs.collect(),
            features,
            task: Task::Recommendation,
            body: Body::Recommender(body),
            cleaning: None,
        }
    }

    /// The users who have held-out pairs, and these; of more users than can be judged in good time, some that their names draw.
    fn judged(&self) -> Vec<(usize, Vec<Pair>)> {
        let mut all: Vec<(usize, Vec<Pair>)> = Vec::new();
        let mut user = usize::MAX;
        let mut before = NONE;
        for (pair, held) in self.pairs.iter().zip(&self.held) {
            // Every user keeps a pair, so users of the model are those of the pairs in their order.
            if pair.user != before {
                user = user.wrapping_add(1);
                before = pair.user;
            }
            if *held {
                match all.last_mut() {
                    Some((last, pairs)) if *last == user => pairs.push(*pair),
                    _ => all.push((user, vec![*pair])),
                }
            }
        }
        let hash =
            |(_, pairs): &(usize, Vec<Pair>)| pairs.first().map_or(0, |pair| self.users.hashes[pair.user as usize]);
        some(&mut all, self.items.count(), hash);
        all
    }

    /// The held-out items of a user that a good list names: all, or those rated at or above the mean. The second are those that training did not see.
    fn relevant(&self, pairs: &[Pair], item_of: &[Option<u32>], mean: f64) -> (Vec<u32>, usize) {
        let good = pairs.iter().filter(|pair| !self.explicit || pair.value >= mean);
        let items: Vec<Option<u32>> = good.map(|pair| item_of[pair.item as usize]).collect();
        // Pairs of a user ascend by item, and so do the items of the model.
        let unknown = items.iter().filter(|item| item.is_none()).count();
        (items.into_iter().flatten().collect(), unknown)
    }

    /// The first items of each user who is judged, as many as are looked at, or as a contest looks at.
    fn lists(&self, shelf: &Shelf<'_>) -> Result<Vec<Vec<Liked>>> {
        let users: Vec<Who<'_>> = self.judged().iter().map(|(user, _)| Who::Known(*user)).collect();
        let count = self.request.options.recommend.k.max(CONTEST);
        shelf.top_of_all(&users, Wanted { count, allowed: None, seen: false }, self.control)
    }

    fn metrics(&self, shelf: &Shelf<'_>, item_of: &[Option<u32>], lists: &[Vec<Liked>]) -> Result<Vec<Metric>> {
        let k = self.request.options.recommend.k;
        let body = shelf.body();
        let judged = self.judged();
        let mut own: Vec<ListQuality> = Vec::with_capacity(judged.len());
        let mut popular: Vec<ListQuality> = Vec::with_capacity(judged.len());
        let mut named = vec![false; body.item_count()];
        let most = shelf.most_popular();
        for ((user, pairs), list) in judged.iter().zip(lists) {
            self.control.check()?;
            let list: Vec<u32> = list.iter().take(k).map(|liked| liked.0).collect();
            list.iter().for_each(|item| named[*item as usize] = true);
            let (relevant, unknown) = self.relevant(pairs, item_of, body.mean);
            if relevant.len() + unknown == 0 {
                continue;
            }
            own.push(quality(&list, &relevant, unknown, k));
            let usual: Vec<u32> = most.iter().copied().filter(|item| !body.seen.has(*user, *item)).take(k).collect();
            popular.push(quality(&usual, &relevant, unknown, k));
        }
        let coverage = named.iter().filter(|named| **named).count() as f64 / named.len().max(1) as f64;
        let what = match (self.request.time.is_some(), self.explicit) {
            (true, false) => "whose latest items are held out".to_owned(),
            (false, false) => "some of whose items are held out".to_owned(),
            (true, true) => format!("whose latest items are held out, those rated {:.2} or more are hits", body.mean),
            (false, true) => format!("some of whose items are held out, those rated {:.2} or more are hits", body.mean),
        };
        let mut metrics = recommendations(&own, &popular, coverage, k, &what);
        if self.explicit {
            let (said, actual) = self.ratings(shelf, item_of, &judged);
            let all = regression(&said, &actual, None);
            metrics.splice(..0, all.into_iter().filter(|m| matches!(m.name.as_ref(), "rmse" | "mae")));
        }
        Ok(metrics)
    }

    /// What is said of held-out ratings, and what they are.
    fn ratings(
        &self,
        shelf: &Shelf<'_>,
        item_of: &[Option<u32>],
        judged: &[(usize, Vec<Pair>)],
    ) -> (Vec<f64>, Vec<f64>) {
        let held = judged.iter().flat_map(|(user, pairs)| pairs.iter().map(|pair| (*user, pair)));
        held.map(|(user, pair)| {
            let item = item_of[pair.item as usize].map(|item| item as usize);
            (shelf.rating(Some(user), item), pair.value)
        })
        .unzip()
    }

    /// Compare with a champion, which is asked for the same users about the same items: what they have in the training part is named by neither.
    fn contest(
        &self,
        champion: &Champion<'_>,
        shelf: &Shelf<'_>,
        item_of: &[Option<u32>],
        lists: &[Vec<Liked>],
    ) -> Result<Option<Contest>> {
        let Some(other) = champion.scorer.shelf() else { return Ok(None) };
        let judged = self.judged();
        let seed = self.request.options.seed;
        let user_of: Vec<Option<usize>> =
            (0..shelf.body().user_count()).map(|user| other.user(&shelf.user_name(user))).collect();
        let theirs: Vec<Option<usize>> =
            (0..shelf.body().item_count()).map(|item| other.item(&shelf.item_name(item))).collect();
        if champion.metric == "rmse" {
            let (said, actual) = self.ratings(shelf, item_of, &judged);
            let mut before = Vec::with_capacity(said.len());
            let mut groups = Vec::with_capacity(said.len());
            for (user, pairs) in &judged {
                for pair in pairs {
                    let item = item_of[pair.item as usize].and_then(|item| theirs[item as usize]);
                    before.push(other.rating(user_of[*user], item));
                    groups.push(*user as u64);
                }
            }
            let rows = HeldRows { outputs: 1, scores: said, actual: HeldActual::Number(actual), weight: None };
            return contest("rmse", &Task::Regression, &before, &rows, Some(&groups), seed, self.control).map(Some);
        }
        let mean = shelf.body().mean;
        let mut allowed = vec![false; other.body().item_count()];
        theirs.iter().flatten().for_each(|item| allowed[*item] = true);
        let mut back: Vec<u32> = vec![NONE; allowed.len()];
        theirs.iter().zip(0..).for_each(|(their, own)| their.iter().for_each(|their| back[*their] = own));
        let one = |((user, pairs), list): (&(usize, Vec<Pair>), &Vec<Liked>)| -> Result<Option<(f64, f64)>> {
            self.control.check()?;
            let (relevant, unknown) = self.relevant(pairs, item_of, mean);
            if relevant.len() + unknown == 0 {
                return Ok(None);
            }
            let own: Vec<u32> = list.iter().map(|liked| liked.0).collect();
            let has = shelf.body().seen.places_of(*user);
            let who = user_of[*user].map_or(Who::Other(&[]), Who::Known);
            let wanted = Wanted { count: CONTEST + has.len(), allowed: Some(&allowed), seen: true };
            let said = other.top(who, wanted).into_iter().map(|liked| back[liked.0 as usize]);
            let said: Vec<u32> = said.filter(|item| has.binary_search(item).is_err()).take(CONTEST).collect();
            let of = |list: &[u32]| quality(list, &relevant, unknown, CONTEST).ndcg;
            Ok(Some((of(&said), of(&own))))
        };
        let found: Vec<Option<(f64, f64)>> = judged.par_iter().zip(lists).map(one).collect::<Result<_>>()?;
        let (before, now): (Vec<f64>, Vec<f64>) = found.into_iter().flatten().unzip();
        if before.is_empty() {
            return Ok(None);
        }
        contest_of_means(headline(&Task::Recommendation), [before, now], None, seed, self.control).map(Some)
    }
}

/// A user and an item of a source that a model is judged on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interacted {
    /// The user as the model knows it, or a hash of its name; those that are known come first.
    user: (Option<u64>, u64),
    /// The item, in the same way.
    item: (Option<u64>, u64),
    value: f64,
}

impl Interacted {
    /// A user and an item by what the model knows them as and by their names, with a rating where there are ratings.
    pub fn new(user: Option<usize>, user_name: &str, item: Option<usize>, item_name: &str, value: f64) -> Self {
        let hash = |name: &str| xxhash_rust::xxh3::xxh3_64(name.as_bytes());
        let key = |known: Option<usize>, name: &str| (known.map(|at| at as u64), hash(name));
        Interacted { user: key(user, user_name), item: key(item, item_name), value }
    }
}

/// Judge a model on users and items of a source by lists of `k` places; what training saw is left out, and how many rows that are is returned too.
///
/// Users that are not known are recommended what all like.
pub fn judge_recommender(
    scorer: &Scorer,
    mut rows: Vec<Interacted>,
    k: usize,
    control: &Control,
) -> Result<(Vec<Metric>, usize)> {
    let Some(shelf) = scorer.shelf() else { return Err(Error::Internal("the model is no recommender".into())) };
    let body = shelf.body();
    let place = |key: (Option<u64>, u64)| key.0.map(|at| at as usize);
    let before = rows.len();
    rows.retain(|row| match (place(row.user), place(row.item)) {
        (Some(user), Some(item)) => !body.seen.has(user, item as u32),
        _ => true,
    });
    let known = before - rows.len();
    sort(&mut rows, |a, b| (a.user, a.item).cmp(&(b.user, b.item)).then(a.value.total_cmp(&b.value)), control)?;
    let mut users: Vec<&[Interacted]> = rows.chunk_by(|a, b| a.user == b.user).collect();
    some(&mut users, body.item_count(), |own| own.first().map_or(0, |row| mix(row.user.1, 0)));
    let whose: Vec<Who<'_>> = users.iter().map(|own| place(own[0].user).map_or(Who::Other(&[]), Who::Known)).collect();
    let lists = shelf.top_of_all(&whose, Wanted { count: k, allowed: None, seen: false }, control)?;
    let most = shelf.most_popular();
    let (mut own, mut popular): (Vec<ListQuality>, Vec<ListQuality>) = (Vec::new(), Vec::new());
    let mut named = vec![false; body.item_count()];
    for ((rows, who), list) in users.iter().zip(&whose).zip(&lists) {
        control.check()?;
        let list: Vec<u32> = list.iter().map(|liked| liked.0).collect();
        list.iter().for_each(|item| named[*item as usize] = true);
        let (mut relevant, mut unknown) = (Vec::new(), 0);
        for same in rows.chunk_by(|a, b| a.item == b.item) {
            let mean = same.iter().map(|row| row.value / same.len() as f64).sum::<f64>();
            match place(same[0].item) {
                _ if body.explicit && mean < body.mean => {}
                Some(item) => relevant.push(item as u32),
                None => unknown += 1,
            }
        }
        if relevant.len() + unknown == 0 {
            continue;
        }
        relevant.sort_unstable();
        own.push(quality(&list, &relevant, unknown, k));
        let has = |item: &u32| matches!(who, Who::Known(user) if body.seen.has(*user, *item));
        let usual: Vec<u32> = most.iter().copied().filter(|item| !has(item)).take(k).collect();
        popular.push(quality(&usual, &relevant, unknown, k));
    }
    let coverage = named.iter().filter(|named| **named).count() as f64 / named.len().max(1) as f64;
    let what = match body.explicit {
        true => format!("whose items of the source that are rated {:.2} or more are hits", body.mean),
        false => "whose items of the source are hits".to_owned(),
    };
    let mut metrics = recommendations(&own, &popular, coverage, k, &what);
    if body.explicit {
        let said = rows.iter().map(|row| (shelf.rating(place(row.user), place(row.item)), row.value));
        let (said, actual): (Vec<f64>, Vec<f64>) = said.unzip();
        let all = regression(&said, &actual, None);
        metrics.splice(..0, all.into_iter().filter(|m| matches!(m.name.as_ref(), "rmse" | "mae")));
    }
    Ok((metrics, known))
}

/// The places of a list that a contest looks at.
const CONTEST: usize = 10;

/// The most pairs of a user and an item that are looked at to judge lists.
const MOST_JUDGED: usize = 2_000_000_000;
/// So many users are judged at least.
const LEAST_JUDGED: usize = 1_000;

/// Keep as many users as can be judged on lists of so many items in good time: those of the least hashes.
fn some<T>(users: &mut Vec<T>, items: usize, hash: impl Fn(&T) -> u64) {
    let most = (MOST_JUDGED / items.max(1)).max(LEAST_JUDGED);
    if users.len() > most {
        let mut hashes: Vec<u64> = users.iter().map(&hash).collect();
        let (_, limit, _) = hashes.select_nth_unstable(most);
        let limit = *limit;
        users.retain(|user| hash(user) < limit);
    }
}

/// One pair a user and item, from rows of them, in an order that does not depend on that of the rows.
fn join(rows: &mut [Pair], explicit: bool, control: &Control) -> Result<Vec<Pair>> {
    let order = |a: &Pair, b: &Pair| {
        (a.user, a.item)
            .cmp(&(b.user, b.item))
            .then_with(|| a.time.total_cmp(&b.time))
            .then_with(|| a.value.total_cmp(&b.value))
            .then_with(|| a.weight.total_cmp(&b.weight))
    };
    sort(rows, order, control)?;
    let mut pairs: Vec<Pair> = control.vec(rows.len())?;
    for same in rows.chunk_by(|a, b| (a.user, a.item) == (b.user, b.item)) {
        let Some(last) = same.last() else { continue };
        let weight: f64 = same.iter().map(|row| row.weight).sum();
        let value = match explicit {
            true if weight > 0.0 => same.iter().map(|row| row.weight / weight * row.value).sum::<f64>(),
            true => last.value,
            false => same.iter().map(|row| row.value).sum(),
        };
        // Weights are stored as f32, and a pair says something.
        pairs.push(Pair { value: value.min(1e12), weight: weight.clamp(1e-30, 1e12), ..*last });
    }
    Ok(pairs)
}

/// What training saw of a column.
fn stats(data: &ColumnData, levels: Option<&[String]>) -> FeatureStats {
    match data {
        ColumnData::Category { codes, dictionary } => {
            let levels = levels.unwrap_or_default();
            let place: Vec<usize> = (0..dictionary.len() as u32)
                .map(|code| {
                    let text = String::from_utf8_lossy(dictionary.text(code));
                    levels.binary_search_by(|level| level.as_str().cmp(&text)).unwrap_or(levels.len())
                })
                .collect();
            let mut level_rows = vec![0u64; levels.len() + 1];
            let mut missing = 0;
            for code in codes.iter() {
                match code {
                    MISSING => missing += 1,
                    code => level_rows[place[code as usize]] += 1,
                }
            }
            FeatureStats { missing, distinct: levels.len() as u64, level_rows, ..FeatureStats::default() }
        }
        ColumnData::Number(values) => {
            let finite = || values.iter().filter(|v| v.is_finite());
            let count = finite().count() as f64;
            let missing = values.iter().filter(|v| v.is_nan()).count() as u64;
            if count == 0.0 {
                return FeatureStats { missing, ..FeatureStats::default() };
            }
            let mut sorted: Vec<f64> = finite().collect();
            // The sum does not depend on the order of rows.
            sorted.sort_unstable_by(f64::total_cmp);
            let mean = sorted.iter().map(|v| v / count).sum::<f64>();
            let variance = sorted.iter().map(|v| (v - mean) * ((v - mean) / count)).sum::<f64>();
            let ends = (sorted.first().copied().unwrap_or(0.0), sorted.last().copied().unwrap_or(0.0));
            let stddev = Some(variance.sqrt()).filter(|s| s.is_finite()).unwrap_or(f64::MAX);
            FeatureStats { missing, minimum: ends.0, maximum: ends.1, mean, stddev, ..FeatureStats::default() }
        }
    }
}

//! The grid: which parameters are tried. Everything about it is checked before a row is read.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{SearchKind, TuneParams};
use crate::data::mix;
use crate::error::{Error, Result};
use crate::learn::options::{find_searched, part, Algorithm, Kind, Options, Spec, MOST_TRIALS};

/// Trials drawn at random unless the option says otherwise.
const USUAL_DRAWS: usize = 10;

/// Draws for each trial that is wanted, before it is taken for granted that there are no more.
const MOST_DRAWS: usize = 100;

/// Parameters to try.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The learner.
    pub algorithm: Algorithm,
    /// The parameters, as options.
    pub parameters: Map<String, Value>,
    /// All options of the training.
    pub options: Options,
}

/// What is searched over, and how.
#[derive(Debug, Clone)]
pub struct Search {
    /// At least one trial.
    pub trials: Vec<Trial>,
    /// How they are compared.
    pub params: TuneParams,
    /// The options of training that are the same for all trials, as they are given to `orchard.train`.
    pub(super) fixed: Map<String, Value>,
    /// What the user should know.
    pub notices: Vec<String>,
    /// Whether to look for what would make the metrics lie.
    pub warn: bool,
    /// The seconds that a search among learners may take; `None` where all trials are made.
    pub(super) budget: Option<f64>,
}

/// The values of one option.
struct Axis {
    key: String,
    values: Values,
}

enum Values {
    List(Vec<Value>),
    Numbers { low: f64, high: f64, log: bool },
    Integers { low: u64, high: u64, log: bool },
}

impl Search {
    /// Check a grid and the options given with it.
    ///
    /// Fails with [`Error::InvalidOption`] for whatever [`Options::parse`] refuses in any trial, for an option that is not searched
    /// over, and for a grid that is empty, too large, or not for this kind of search.
    pub fn parse(grid: &Value, options: &Value, algorithm: Algorithm) -> Result<Search> {
        let (mut fixed, params) = part(options, algorithm)?;
        check_params(&params, algorithm)?;
        let axes = axes(grid, &fixed, algorithm)?;
        if algorithm.needs_target() && !fixed.contains_key("refit") {
            // A search sees no held-out row, so its score is honest, and what is kept may as well know all rows.
            fixed.insert("refit".into(), Value::Bool(true));
        }
        let seed = Options::parse(&only(&fixed, "seed"), algorithm)?.seed;
        let mut notices = Vec::new();
        let ranges = axes.iter().find(|a| !matches!(a.values, Values::List(_)));
        let draws = match params.search {
            SearchKind::Grid => false,
            SearchKind::Random => true,
            SearchKind::Halving => ranges.is_some() || params.n_iter.is_some(),
        };
        let chosen = match (draws, ranges) {
            (true, _) => drawn(&axes, params.n_iter.unwrap_or(USUAL_DRAWS), seed, &mut notices)?,
            (false, None) => all(&axes)?,
            (false, Some(axis)) => {
                return Err(Error::option(
                    format!("the range of \"{}\" needs \"search\": \"random\" or \"halving\"", axis.key),
                    "Give an array of values instead, or draw from the range.",
                ))
            }
        };
        let trial = |parameters: Map<String, Value>| {
            let mut options = fixed.clone();
            options.extend(parameters.clone());
            Ok(Trial { algorithm, parameters, options: Options::parse(&Value::Object(options), algorithm)? })
        };
        let trials: Vec<Trial> = chosen.into_iter().map(trial).collect::<Result<_>>()?;
        let regression = |t: &Trial| t.options.objective.map(|o| o != "log_loss");
        if trials.iter().any(|t| regression(t) != regression(&trials[0])) {
            return Err(Error::option(
                "the objectives of the grid are not all of one task",
                "\"log_loss\" is for a classification, the others are for a regression.",
            ));
        }
        Ok(Search { trials, params, fixed, notices, warn: false, budget: None })
    }

    /// The options that make `orchard.train` do what a trial does, and the search does with the best.
    pub fn training_options(&self, trial: usize) -> Value {
        let mut options = self.fixed.clone();
        options.extend(self.trials[trial].parameters.clone());
        Value::Object(options)
    }
}

fn only(map: &Map<String, Value>, key: &str) -> Value {
    Value::Object(map.iter().filter(|(k, _)| *k == key).map(|(k, v)| (k.clone(), v.clone())).collect())
}

/// Options of tuning that need one another.
fn check_params(params: &TuneParams, algorithm: Algorithm) -> Result<()> {
    let halving = params.search == SearchKind::Halving;
    if !algorithm.needs_target() && (halving || params.cv.is_some()) {
        let option = if halving { "search" } else { "cv" };
        return Err(Error::option(
            format!("option \"{option}\" is for folds, which {} has not", algorithm.name()),
            "Segments are judged by the rows they are made of: search by \"grid\" or \"random\", without \"cv\".",
        ));
    }
    let needs = |key: &str, kinds: &str| {
        Err(Error::option(format!("option \"{key}\" needs \"search\": {kinds}"), "Give both, or leave it out."))
    };
    match params {
        TuneParams { search: SearchKind::Grid, n_iter: Some(_), .. } => needs("n_iter", "\"random\" or \"halving\""),
        TuneParams { factor: Some(_), .. } if !halving => needs("factor", "\"halving\""),
        TuneParams { min_resources: Some(_), .. } if !halving => needs("min_resources", "\"halving\""),
        _ => Ok(()),
    }
}

fn axes(grid: &Value, fixed: &Map<String, Value>, algorithm: Algorithm) -> Result<Vec<Axis>> {
    let example = "Write for example '{\"max_depth\": [4, 6, 8]}'.";
    let Value::Object(grid) = grid else { return Err(Error::option("the grid must be a JSON object", example)) };
    if grid.is_empty() {
        return Err(Error::option("the grid names no option", example));
    }
    let axis = |(key, value): (&String, &Value)| {
        let spec = find_searched(key, algorithm)?;
        if fixed.contains_key(key) {
            return Err(Error::option(
                format!("option \"{key}\" stands in the grid and in the options"),
                "Leave it out of the options to search over it, or out of the grid.",
            ));
        }
        Ok(Axis { key: key.clone(), values: values(spec, value, algorithm)? })
    };
    grid.iter().map(axis).collect()
}

fn values(spec: &Spec, value: &Value, algorithm: Algorithm) -> Result<Values> {
    let key = spec.key;
    let check = |value: &Value| match value {
        Value::Null => Ok(()),
        given => spec.check(given, algorithm),
    };
    match value {
        Value::Array(list) => {
            if list.is_empty() {
                return Err(Error::option(format!("the grid has no value for \"{key}\""), "Give at least one value."));
            }
            list.iter().try_for_each(check)?;
            if let Some(twice) = list.iter().enumerate().find_map(|(i, v)| list[..i].contains(v).then_some(v)) {
                return Err(Error::option(
                    format!("the grid has {twice} twice for \"{key}\""),
                    "Give each value once.",
                ));
            }
            Ok(Values::List(list.clone()))
        }
        Value::Object(range) if range.contains_key("low") || range.contains_key("high") => {
            self::range(spec, range, algorithm)
        }
        _ => Err(Error::option(
            format!("the grid must have an array of values or a range for \"{key}\""),
            format!("Write for example {{\"{key}\": [{}]}}, or a range as {{\"low\": 1, \"high\": 9}}.", value),
        )),
    }
}

fn range(spec: &Spec, range: &Map<String, Value>, algorithm: Algorithm) -> Result<Values> {
    let wrong = |why: &str| {
        let hint = "A range is {\"low\": number, \"high\": number}, with \"log\": true to draw its logarithm evenly.";
        Err(Error::option(format!("the range of \"{}\" {why}", spec.key), hint))
    };
    if !matches!(spec.kind, Kind::Integer(..) | Kind::Number(..) | Kind::Share(_) | Kind::Fraction(_)) {
        return wrong("is of an option that is no number");
    }
    if let Some(key) = range.keys().find(|k| !matches!(k.as_str(), "low" | "high" | "log")) {
        return wrong(&format!("has an unrecognized key \"{key}\""));
    }
    let log = match range.get("log") {
        None => false,
        Some(Value::Bool(log)) => *log,
        Some(_) => return wrong("must have true or false for \"log\""),
    };
    let (Some(low), Some(high)) = (range.get("low"), range.get("high")) else {
        return wrong("must have \"low\" and \"high\"");
    };
    spec.check(low, algorithm)?;
    spec.check(high, algorithm)?;
    let (Some(from), Some(to)) = (low.as_f64(), high.as_f64()) else { return wrong("must be of numbers") };
    if from >= to {
        return wrong("must have a \"low\" below its \"high\"");
    }
    if log && from <= 0.0 {
        return wrong("must begin above 0 for \"log\": true");
    }
    Ok(match spec.kind {
        // Both ends have passed the check of a whole number.
        Kind::Integer(..) => Values::Integers { low: from as u64, high: to as u64, log },
        _ => Values::Numbers { low: from, high: to, log },
    })
}

/// Every combination of listed values, those of the last option changing first.
fn all(axes: &[Axis]) -> Result<Vec<Map<String, Value>>> {
    let lengths = axes.iter().map(|a| match &a.values {
        Values::List(list) => list.len() as u64,
        _ => 1,
    });
    let count = lengths.fold(1u64, u64::saturating_mul);
    if count > MOST_TRIALS {
        return Err(Error::option(
            format!("the grid has {count} trials, more than {MOST_TRIALS}"),
            "Give fewer values, or draw some of them with \"search\": \"random\".",
        ));
    }
    let mut chosen = vec![Map::new()];
    for axis in axes {
        let Values::List(list) = &axis.values else { continue };
        let longer = |map: &Map<String, Value>, value: &Value| {
            let mut map = map.clone();
            map.insert(axis.key.clone(), value.clone());
            map
        };
        chosen = chosen.iter().flat_map(|map| list.iter().map(|value| longer(map, value))).collect();
    }
    Ok(chosen)
}

/// `wanted` distinct combinations at random; fewer where there are no more.
fn drawn(axes: &[Axis], wanted: usize, seed: u64, notices: &mut Vec<String>) -> Result<Vec<Map<String, Value>>> {
    if axes.iter().all(|a| matches!(a.values, Values::List(_))) {
        let few = all(axes).ok().filter(|chosen| chosen.len() <= wanted);
        if let Some(chosen) = few {
            if chosen.len() < wanted {
                notices.push(format!("the grid has {} trials only, so all of them are made", chosen.len()));
            }
            return Ok(chosen);
        }
    }
    let mut state = mix(seed, 0x452e_90b5_8b1f_4ec1);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(state, 0)
    };
    let mut seen = BTreeSet::new();
    let mut chosen = Vec::new();
    for _ in 0..wanted * MOST_DRAWS {
        if chosen.len() == wanted {
            break;
        }
        let map: Map<String, Value> = axes.iter().map(|a| (a.key.clone(), a.values.draw(next()))).collect();
        if seen.insert(Value::Object(map.clone()).to_string()) {
            chosen.push(map);
        }
    }
    if chosen.len() < wanted {
        notices.push(format!("there are hardly more than {} different trials, so {0} are made", chosen.len()));
    }
    Ok(chosen)
}

impl Values {
    /// One of the values, by 64 random bits.
    fn draw(&self, bits: u64) -> Value {
        let place = |count: u64| ((u128::from(bits) * u128::from(count)) >> 64) as u64;
        let share = (bits >> 11) as f64 / (1u64 << 53) as f64;
        let between = |low: f64, high: f64, log: bool| match log {
            true => libm::exp(libm::log(low) + share * (libm::log(high) - libm::log(low))),
            false => low + share * (high - low),
        };
        match self {
            Values::List(list) => list[place(list.len() as u64) as usize].clone(),
            Values::Integers { low, high, log: false } => Value::from(low + place((high - low).saturating_add(1))),
            Values::Integers { low, high, log: true } => {
                Value::from((between(*low as f64, *high as f64 + 1.0, true) as u64).clamp(*low, *high))
            }
            // Four digits are as many as anyone reads.
            Values::Numbers { low, high, log } => {
                let value = between(*low, *high, *log);
                let short = format!("{value:.3e}").parse().unwrap_or(value);
                Value::from(short.clamp(*low, *high))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(grid: Value, options: Value) -> Result<Search> {
        Search::parse(&grid, &options, Algorithm::GradientBoosting)
    }

    fn parameters(search: &Search) -> Vec<Value> {
        search.trials.iter().map(|t| Value::Object(t.parameters.clone())).collect()
    }

    #[test]
    fn a_grid_is_every_combination() {
        let search = parse(
            json!({"max_depth": [4, 6], "learning_rate": [0.1, 0.2, null]}),
            json!({"subsample": 0.5, "cv": 3, "n_estimators": null}),
        )
        .unwrap();
        let found = parameters(&search);
        assert_eq!(found.len(), 6);
        assert_eq!(found[0], json!({"max_depth": 4, "learning_rate": 0.1}));
        assert_eq!(found[5], json!({"max_depth": 6, "learning_rate": null}));
        assert_eq!(search.params.cv, Some(3));
        let best = &search.trials[3].options;
        assert_eq!((best.boost.max_depth, best.boost.learning_rate, best.boost.subsample), (6, 0.1, 0.5));
        assert!(best.refit);
        let given = json!({"subsample": 0.5, "refit": true, "max_depth": 6, "learning_rate": 0.1});
        assert_eq!(search.training_options(3), given);
    }

    #[test]
    fn random_trials_are_distinct_and_repeatable() {
        let grid = json!({
            "learning_rate": {"low": 0.01, "high": 0.3, "log": true}, "max_leaf_nodes": {"low": 7, "high": 9},
            "class_weight": [null, "balanced"],
        });
        let options = json!({"search": "random", "n_iter": 50});
        let search = parse(grid.clone(), options.clone()).unwrap();
        let found = parameters(&search);
        assert_eq!(found, parameters(&parse(grid.clone(), options).unwrap()));
        assert_ne!(found, parameters(&parse(grid, json!({"search": "random", "n_iter": 50, "seed": 1})).unwrap()));
        let distinct: BTreeSet<String> = found.iter().map(Value::to_string).collect();
        assert_eq!((found.len(), distinct.len()), (50, 50));
        let rates: Vec<f64> = search.trials.iter().map(|t| t.options.boost.learning_rate).collect();
        assert!(rates.iter().all(|r| (0.01..=0.3).contains(r)));
        let below = rates.iter().filter(|r| **r < 0.055).count();
        assert!((15..35).contains(&below), "half of the draws lie below the geometric mean: {below}");
        assert!((7..=9).all(|n| search.trials.iter().any(|t| t.options.boost.max_leaf_nodes == n)));
    }

    #[test]
    fn small_grids_are_tried_in_full() {
        let options = json!({"search": "random", "n_iter": 9});
        let search = parse(json!({"max_depth": [4, 6]}), options.clone()).unwrap();
        assert_eq!((search.trials.len(), search.notices.len()), (2, 1));
        let search = parse(json!({"max_depth": {"low": 4, "high": 6}}), options).unwrap();
        assert_eq!((search.trials.len(), search.notices.len()), (3, 1));
    }

    #[test]
    fn what_cannot_be_searched_is_refused() {
        let long: Vec<u32> = (1..=1001).collect();
        let cases = [
            (json!({}), json!({}), "the grid names no option"),
            (json!([]), json!({}), "the grid must be a JSON object"),
            (json!({"max_dept": [1]}), json!({}), "unrecognized option \"max_dept\""),
            (json!({"n_clusters": [1]}), json!({}), "option \"n_clusters\" is not an option of gradient_boosting"),
            (json!({"cv": [3, 5]}), json!({}), "option \"cv\" is an option of orchard.tune alone"),
            (json!({"seed": [3, 5]}), json!({}), "option \"seed\" cannot be searched over"),
            (json!({"features": [["a"]]}), json!({}), "option \"features\" cannot be searched over"),
            (json!({"exposure": ["a", "b"]}), json!({}), "option \"exposure\" cannot be searched over"),
            (
                json!({"max_depth": [3]}),
                json!({"max_depth": 4}),
                "option \"max_depth\" stands in the grid and in the options",
            ),
            (json!({"max_depth": []}), json!({}), "the grid has no value for \"max_depth\""),
            (json!({"max_depth": [3, 4, 3]}), json!({}), "the grid has 3 twice for \"max_depth\""),
            (json!({"max_depth": 3}), json!({}), "the grid must have an array of values or a range for \"max_depth\""),
            (json!({"max_depth": [0]}), json!({}), "option \"max_depth\" must be an integer between 1 and 64"),
            (
                json!({"max_depth": {"low": 1, "high": 4}}),
                json!({}),
                "the range of \"max_depth\" needs \"search\": \"random\" or \"halving\"",
            ),
            (json!({"n_estimators": long}), json!({}), "the grid has 1001 trials, more than 1000"),
            (json!({"alpha": [0.3]}), json!({}), "option \"alpha\" needs \"objective\": \"quantile\""),
            (
                json!({"objective": ["log_loss", "poisson"]}),
                json!({}),
                "the objectives of the grid are not all of one task",
            ),
            (json!({"max_depth": [3]}), json!([]), "options must be a JSON object"),
            (json!({"max_depth": [3]}), json!({"zzzz": 1}), "unrecognized option \"zzzz\""),
            (json!({"max_depth": [3]}), json!({"cv": 1}), "option \"cv\" must be an integer between 2 and 100"),
            (
                json!({"max_depth": [3]}),
                json!({"n_iter": 3}),
                "option \"n_iter\" needs \"search\": \"random\" or \"halving\"",
            ),
            (json!({"max_depth": [3]}), json!({"factor": 3}), "option \"factor\" needs \"search\": \"halving\""),
            (
                json!({"max_depth": [3]}),
                json!({"min_resources": 3, "search": "random"}),
                "option \"min_resources\" needs \"search\": \"halving\"",
            ),
        ];
        for (grid, options, message) in cases {
            assert_eq!(parse(grid, options).unwrap_err().to_string(), message);
        }
        let ranges = [
            (json!({"low": 5, "high": 4}), "must have a \"low\" below its \"high\""),
            (json!({"low": 5}), "must have \"low\" and \"high\""),
            (json!({"low": 1, "high": 4, "step": 2}), "has an unrecognized key \"step\""),
            (json!({"low": 1, "high": 4, "log": 1}), "must have true or false for \"log\""),
        ];
        for (range, why) in ranges {
            let refused = parse(json!({ "max_depth": range }), json!({"search": "random"})).unwrap_err();
            assert_eq!(refused.to_string(), format!("the range of \"max_depth\" {why}"));
        }
        let random = |grid: Value| parse(grid, json!({"search": "random"})).unwrap_err().to_string();
        let from_zero = json!({"reg_lambda": {"low": 0, "high": 4, "log": true}});
        assert_eq!(random(from_zero), "the range of \"reg_lambda\" must begin above 0 for \"log\": true");
        let word = json!({"objective": {"low": 0, "high": 4}});
        assert_eq!(random(word), "the range of \"objective\" is of an option that is no number");
        let beyond = json!({"max_depth": {"low": 1, "high": 65}});
        assert_eq!(random(beyond), "option \"max_depth\" must be an integer between 1 and 64");
        let segments = |options: Value| {
            Search::parse(&json!({"n_clusters": [2, 3]}), &options, Algorithm::KMeans).unwrap_err().to_string()
        };
        assert_eq!(segments(json!({"cv": 3})), "option \"cv\" is for folds, which kmeans has not");
        assert_eq!(segments(json!({"search": "halving"})), "option \"search\" is for folds, which kmeans has not");
    }

    proptest! {
        #[test]
        fn draws_stay_within_their_range(bits in any::<u64>(), low in 1u64..1000, more in 1u64..100_000, log in any::<bool>()) {
            let whole = Values::Integers { low, high: low + more, log }.draw(bits);
            prop_assert!((low..=low + more).contains(&whole.as_u64().unwrap()));
            let (from, to) = (low as f64 / 7.0, (low + more) as f64 / 7.0);
            let number = Values::Numbers { low: from, high: to, log }.draw(bits);
            prop_assert!((from..=to).contains(&number.as_f64().unwrap()));
        }
    }
}

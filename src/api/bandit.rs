//! `orchard.choose` and `orchard.policy_value`: which arm to show next, with its propensity, and what another policy would have earned.

use orchard_engine::control::Control;
use orchard_engine::data::{ColumnData, MISSING};
use orchard_engine::experiment::bandit::{self, Arm, Method, Policy};
use orchard_engine::experiment::policy::{judge, Logged};
use orchard_engine::experiment::sample::{self, Columns, LARGEST};
use pgrx::iter::TableIterator;
use pgrx::prelude::*;
use serde_json::Value;

use super::asked::{self, data, no_rows, read_query, read_roles, Need};
use super::choices::{as_text, Choices, USUAL};
use super::train::check_names;
use crate::error::{given, report, Failure, Result};
use crate::source::{self, Rows};
use crate::{interrupt, settings};

/// The options of `orchard.choose`.
const OPTIONS: &[(&str, &str)] = &[
    ("method", "thompson, ucb or epsilon_greedy"),
    ("epsilon", "a number from 0 to 1"),
    ("exploration", "a number from 0 to 1000"),
    ("prior", "an array of two numbers from 1 to 1e15: successes and failures"),
    ("trials", "the name of a column of numbers"),
    ("sum_of_squares", "the name of a column of numbers"),
    ("key", "a text or a number"),
];

/// More arms than this are refused.
const MOST_ARMS: usize = 1_000;

type Row = (String, i64, Option<f64>, f64, bool);

/// Choose an arm.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, reason = "the columns of a set are a tuple")]
fn choose(
    source: Option<&str>,
    arm: Option<&str>,
    reward: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(arm_name, String),
        name!(trials, i64),
        name!(mean, Option<f64>),
        name!(propensity, f64),
        name!(chosen, bool),
    ),
> {
    TableIterator::new(report(|| run(source, arm, reward, options.as_ref().map(|o| &o.0))))
}

fn run(source: Option<&str>, arm: Option<&str>, reward: Option<&str>, options: Option<&Value>) -> Result<Vec<Row>> {
    let source = given(source, "source")?;
    let (arm, reward) = (given(arm, "arm")?, given(reward, "reward")?);
    let choices = Choices::new(options, OPTIONS, "{\"method\": \"thompson\"}", USUAL)?;
    choices.needs("sum_of_squares", "trials")?;
    let method = choices.word("method", Method::parse)?.unwrap_or(Method::Thompson);
    let only = |key: &str, of: Method, word: &str| match choices.value(key).is_some() && method != of {
        true => Err(Failure::argument(format!("option \"{key}\" is of the method {word}"))
            .hint("Leave it out, or choose that method.")),
        false => Ok(()),
    };
    only("exploration", Method::Ucb, "ucb")?;
    only("prior", Method::Thompson, "thompson")?;
    let usual = if method == Method::EpsilonGreedy { 0.1 } else { 0.0 };
    let pair = |v: &Value| match v.as_array()?.as_slice() {
        [a, b] => Some([a.as_f64()?, b.as_f64()?]).filter(|p| p.iter().all(|n| (1.0..=1e15).contains(n))),
        _ => None,
    };
    let prior = choices.read("prior", pair)?;
    let trials = choices.text("trials")?;
    let squares = choices.text("sum_of_squares")?;
    let key = choices.read("key", as_text)?;
    let mut policy = Policy {
        method,
        epsilon: choices.number("epsilon", 0.0..=1.0)?.unwrap_or(usual),
        exploration: choices.number("exploration", 0.0..=1000.0)?.unwrap_or(1.0),
        binary: true,
        prior: prior.unwrap_or([1.0, 1.0]),
    };
    let control = Control::new(settings::max_memory());
    let described = source::describe(source)?;
    let mut needs =
        vec![Need { role: "arm", name: arm, number: false }, Need { role: "reward", name: reward, number: true }];
    needs.extend(trials.map(|name| Need { role: "trials", name, number: true }));
    needs.extend(squares.map(|name| Need { role: "squares", name, number: true }));
    let rows = read_roles(&described, &needs, &control)?;
    let (names, arms, binary) = match trials {
        Some(_) => counted(&rows, squares.is_some(), &control)?,
        None => tried(&rows, &control)?,
    };
    policy.binary = binary;
    if prior.is_some() && !binary {
        return Err(Failure::argument("option \"prior\" is of successes and failures, and rewards are other numbers")
            .hint("Leave it out."));
    }
    if names.is_empty() {
        return Err(no_rows(
            "the source has no row with an arm",
            "Give a source with a row for each arm, or for each trial of an arm.",
        ));
    }
    let propensities = interrupt::run("orchard.choose", &control, || bandit::propensities(&arms, &policy, &control))?;
    let uniform = match &key {
        Some(key) => bandit::uniform(key.as_bytes()),
        None => random()?,
    };
    let chosen = bandit::draw(&propensities, uniform);
    let rows = names.into_iter().zip(&arms).zip(&propensities).enumerate();
    Ok(rows.map(|(i, ((name, arm), p))| (name, arm.trials as i64, arm.mean(), *p, chosen == Some(i))).collect())
}

/// A number from 0 to 1, of the server's strong random bits.
fn random() -> Result<f64> {
    let mut bytes = [0u8; 8];
    // SAFETY: fills so many bytes; main thread.
    if !unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), bytes.len()) } {
        return Err(Failure::internal("no random bytes"));
    }
    Ok((u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64)
}

/// Names, what the arms brought, and whether that is 0 or 1 each time.
type Arms = (Vec<String>, Vec<Arm>, bool);

/// Of a row a trial.
fn tried(rows: &Rows, control: &Control) -> Result<Arms> {
    let columns = Columns {
        variant: data(rows, "arm")?,
        metric: data(rows, "reward")?,
        denominator: None,
        covariate: None,
        unit: None,
        segment: None,
        rows: rows.table.rows,
        called: ("arm", MOST_ARMS),
    };
    let found = interrupt::run("orchard.choose", control, || sample::read(&columns, None, control))?;
    if found.left_out.rows > 0 {
        notice!(
            "{} rows without an arm or a finite reward are no trials; they name their arm all the same",
            found.left_out.rows
        );
    }
    let moments = found.segments.into_iter().next().map(|s| s.1).unwrap_or_default();
    let arm = |m: &sample::Moments| {
        let reward = m.mean[0] * m.count;
        Arm { trials: m.count, reward: if found.binary { reward.round() } else { reward }, squares: m.squares[0] }
    };
    Ok((found.variants, moments.iter().map(arm).collect(), found.binary))
}

/// Of rows that are counted already: trials, the sum of rewards, and the sum of their squares.
fn counted(rows: &Rows, with_squares: bool, control: &Control) -> Result<Arms> {
    let ColumnData::Category { codes, dictionary } = data(rows, "arm")? else {
        return Err(Failure::internal("a text was read as a number"));
    };
    if dictionary.len() > MOST_ARMS {
        return Err(no_rows(&format!("the source has more than {MOST_ARMS} arms"), "Group them in the source."));
    }
    let numbers = |role: &str| match data(rows, role)? {
        ColumnData::Number(values) => Ok(values),
        ColumnData::Category { .. } => Err(Failure::internal("a number was read as a text")),
    };
    let (rewards, trials) = (numbers("reward")?, numbers("trials")?);
    let squares = with_squares.then(|| numbers("squares")).transpose()?;
    let mut all: Vec<Vec<[f64; 3]>> = vec![Vec::new(); dictionary.len()];
    let mut without = 0u64;
    for row in 0..rows.table.rows {
        if row % 65_536 == 0 {
            control.check()?;
        }
        let values = [trials.get(row), rewards.get(row), squares.map_or(0.0, |s| s.get(row))];
        let usable = values.iter().all(|v| v.abs() <= LARGEST) && values[0] >= 0.0 && values[2] >= 0.0;
        match (codes.get(row), usable) {
            (MISSING, _) | (_, false) => without += 1,
            (code, true) => {
                if let Some(list) = all.get_mut(code as usize) {
                    control.room(list, 1)?;
                    list.push(values);
                }
            }
        }
    }
    if without > 0 {
        notice!("{without} rows without an arm, trials of 0 or more or a finite reward are left out");
    }
    let (mut names, mut arms) = (Vec::new(), Vec::new());
    for code in dictionary.sorted() {
        let Some(list) = all.get_mut(code as usize) else { continue };
        // The order of the rows is none of the sums.
        list.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])).then(a[2].total_cmp(&b[2])));
        let sum = |i: usize| list.iter().filter_map(|v| v.get(i)).sum::<f64>();
        let (trials, reward, squares) = (sum(0), sum(1), sum(2));
        let name = String::from_utf8_lossy(dictionary.text(code)).into_owned();
        if !with_squares && !(0.0..=trials).contains(&reward) {
            return Err(no_rows(
                &format!("arm \"{name}\" has more successes than trials, or fewer than none"),
                "For rewards other than successes give the column of their sums of squares with the option \"sum_of_squares\".",
            ));
        }
        let of_mean = if reward == 0.0 { 0.0 } else { reward * reward / trials };
        // Rounding may take the one a little below the other.
        if with_squares && of_mean * (1.0 - 1e-9) > squares {
            return Err(no_rows(
                &format!("arm \"{name}\" has rewards whose squares sum up to less than they can"),
                "Give the sum of the squared rewards of the trials: sum(reward ^ 2).",
            ));
        }
        let about = (squares - of_mean).max(0.0);
        names.push(name);
        arms.push(Arm { trials, reward, squares: about });
    }
    Ok((names, arms, !with_squares))
}

/// Choose one of some arms by a key.
#[pg_extern(sql = false)]
fn choose_arm(arms: Vec<Option<String>>, propensities: Vec<Option<f64>>, key: &str) -> Option<String> {
    report(|| {
        if arms.len() != propensities.len() {
            return Err(Failure::argument("arms and propensities must be of the same length")
                .detail(format!("There are {} arms and {} propensities.", arms.len(), propensities.len()))
                .hint("Make both with array_agg(... ORDER BY arm_name)."));
        }
        let usable: Option<Vec<f64>> = propensities.iter().map(|p| p.filter(|p| (0.0..=1e15).contains(p))).collect();
        let chosen = usable.and_then(|usable| bandit::draw(&usable, bandit::uniform(key.as_bytes())));
        let chosen = chosen.ok_or_else(|| {
            Failure::argument("propensities must be numbers of at least 0, not all of them 0")
                .hint("orchard.choose(source, arm, reward) gives those of arms.")
        })?;
        Ok(arms.into_iter().nth(chosen).flatten())
    })
}

/// The options of `orchard.policy_value`.
const POLICY_OPTIONS: &[(&str, &str)] = &[
    ("policy_is", "action or probability"),
    ("predicted", "the name of a column of numbers"),
    ("predicted_policy", "the name of a column of numbers"),
    ("clip", "a positive number"),
    ("alpha", "a number between 0 and 1"),
];

type ValueRow = (&'static str, Option<f64>, Option<f64>, Option<f64>, Option<f64>, i64, f64, f64, f64, i64);

/// What another policy would have earned.
#[pg_extern(sql = false)]
#[allow(clippy::type_complexity, clippy::too_many_arguments, reason = "the columns of a set are a tuple")]
fn policy_value(
    source: Option<&str>,
    action: Option<&str>,
    reward: Option<&str>,
    propensity: Option<&str>,
    policy: Option<&str>,
    options: Option<crate::json::JsonArgument>,
) -> TableIterator<
    'static,
    (
        name!(estimator, &'static str),
        name!(value, Option<f64>),
        name!(standard_error, Option<f64>),
        name!(low, Option<f64>),
        name!(high, Option<f64>),
        name!(rows, i64),
        name!(effective_rows, f64),
        name!(mean_weight, f64),
        name!(max_weight, f64),
        name!(clipped_rows, i64),
    ),
> {
    let columns = [action, reward, propensity, policy];
    TableIterator::new(report(|| value_of(source, columns, options.as_ref().map(|o| &o.0))))
}

fn value_of(source: Option<&str>, columns: [Option<&str>; 4], options: Option<&Value>) -> Result<Vec<ValueRow>> {
    let source = given(source, "source")?;
    let [action, reward, propensity, policy] = columns;
    let (action, reward) = (given(action, "action")?, given(reward, "reward")?);
    let (propensity, policy) = (given(propensity, "propensity")?, given(policy, "policy")?);
    let choices = Choices::new(options, POLICY_OPTIONS, "{\"clip\": 20}", USUAL)?;
    choices.needs("predicted", "predicted_policy")?;
    choices.needs("predicted_policy", "predicted")?;
    let probability = choices.word("policy_is", |word| match word {
        "action" => Some(false),
        "probability" => Some(true),
        _ => None,
    })?;
    let probability = probability.unwrap_or(false);
    let clip = choices.number_if("clip", |n| n > 0.0 && n <= LARGEST)?;
    let alpha = choices.share("alpha")?.unwrap_or(0.05);
    let models = [choices.text("predicted")?, choices.text("predicted_policy")?];
    let control = Control::new(settings::max_memory());
    let described = source::describe(source)?;
    check_names(&described.attributes)?;
    let column = |name: &str, number: bool| asked::column(&described, name, number);
    let action = column(action, false)?;
    let taken = match probability {
        true => column(policy, true)?,
        false => format!(
            "CASE WHEN ({action}::pg_catalog.text COLLATE \"C\") OPERATOR(pg_catalog.=) ({}::pg_catalog.text COLLATE \"C\") THEN 1.0::pg_catalog.float8 WHEN {action}::pg_catalog.text IS NOT NULL AND {}::pg_catalog.text IS NOT NULL THEN 0.0::pg_catalog.float8 END",
            column(policy, false)?,
            column(policy, false)?
        ),
    };
    let mut list = vec![
        format!("{} AS reward", column(reward, true)?),
        format!("{} AS propensity", column(propensity, true)?),
        format!("{taken} AS policy"),
    ];
    for (name, role) in models.iter().zip(["predicted", "predicted_policy"]) {
        list.extend(name.map(|name| Ok::<_, Failure>(format!("{} AS {role}", column(name, true)?))).transpose()?);
    }
    let rows = read_query(&format!("SELECT {} FROM ({}\n) AS s", list.join(", "), described.query), &control)?;
    let with_model = models[0].is_some();
    let numbers = |role: &str| match data(&rows, role)? {
        ColumnData::Number(values) => Ok(values),
        ColumnData::Category { .. } => Err(Failure::internal("a number was read as a text")),
    };
    let columns = [numbers("reward")?, numbers("propensity")?, numbers("policy")?];
    let models = match with_model {
        true => Some([numbers("predicted")?, numbers("predicted_policy")?]),
        false => None,
    };
    let total = rows.table.rows;
    let found = interrupt::run("orchard.policy_value", &control, || {
        let mut logged: Vec<Logged> = control.vec(total)?;
        for row in 0..total {
            if row % 65_536 == 0 {
                control.check()?;
            }
            let [reward, propensity, policy] = columns.map(|c| c.get(row) + 0.0);
            let [predicted, predicted_policy] = models.map_or([0.0; 2], |m| m.map(|c| c.get(row) + 0.0));
            let usable = [reward, predicted, predicted_policy].iter().all(|v| v.abs() <= LARGEST)
                && propensity > 1e-100
                && propensity <= 1.0
                && (0.0..=1.0).contains(&policy);
            if usable {
                logged.push(Logged { reward, propensity, policy, predicted, predicted_policy });
            }
        }
        let judged = judge(&mut logged, clip, alpha, with_model, &control)?;
        let count = logged.len();
        control.release_vec(logged);
        Ok((judged, count))
    })?;
    let ((values, weights), count) = found;
    if count < total {
        let what = if with_model { ", a reward, a policy and predictions" } else { ", a reward and a policy" };
        notice!("{} rows without a propensity above 0 and up to 1{what} are left out, which is right only if they are missing at random", total - count);
    }
    if count == 0 {
        return Err(no_rows(
            "the source has no row with a reward, a propensity and a policy",
            "Give a source with a row for each logged action.",
        ));
    }
    if weights.apart > 4.0 {
        notice!("the weights have a mean of {:.3} in place of 1: propensities are wrong, or the policy takes actions that the log never took", weights.mean);
    }
    let row = |v: orchard_engine::experiment::policy::Value| {
        let (low, high) = (v.interval.map(|i| i.0), v.interval.map(|i| i.1));
        (
            v.estimator,
            v.value,
            v.error,
            low,
            high,
            count as i64,
            weights.effective,
            weights.mean,
            weights.most,
            weights.clipped as i64,
        )
    };
    Ok(values.into_iter().map(row).collect())
}

//! Models that recommend: what is least squares, alike and popular by plain sums, and what must not change a model.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::recommend::{als, similar, Biases, Interactions};
use orchard_engine::learn::train::{judge_recommender, train, train_beside, Champion, Interacted, Outcome, Request};
use orchard_engine::model::recommender::{Recommender, Sparse};
use orchard_engine::model::{decode, encode, Body, InputKind, Model};
use orchard_engine::score::recommender::{Shelf, Wanted, Who};
use orchard_engine::score::{choose, Level, Scorer};
use orchard_engine::Error;
use proptest::prelude::*;
use serde_json::{json, Value};
use tables::{input, numbers};

const ALL: [Algorithm; 5] =
    [Algorithm::Als, Algorithm::ItemKnn, Algorithm::AssociationRules, Algorithm::Content, Algorithm::Popular];

/// All algorithms without ratings, and those with ratings that there are for.
fn cases() -> impl Iterator<Item = (Algorithm, bool)> {
    let both = ALL.into_iter().flat_map(|algorithm| [(algorithm, false), (algorithm, true)]);
    both.filter(|case| *case != (Algorithm::AssociationRules, true))
}

/// Users of two tastes: each takes items of its own half ten times as often.
struct Shop {
    user: Vec<String>,
    item: Vec<f64>,
    rating: Vec<f64>,
    at: Vec<f64>,
    country: Vec<&'static str>,
    genre: Vec<&'static str>,
}

fn shop(users: usize, items: usize) -> Shop {
    let mut random = numbers(5);
    let mut draw = || random.next().unwrap();
    let mut shop = Shop { user: vec![], item: vec![], rating: vec![], at: vec![], country: vec![], genre: vec![] };
    for user in 0..users {
        for item in 0..items {
            let own = user % 2 == item % 2;
            if draw() < if own { 0.5 } else { 0.05 } {
                shop.user.push(format!("u{user:03}"));
                shop.item.push(item as f64 * 2.0 + 1.0);
                shop.rating.push((if own { 4.0 } else { 2.0 }) + draw().round());
                shop.at.push((draw() * 1e6).floor());
                shop.country.push(if user % 2 == 0 { "DE" } else { "FR" });
                shop.genre.push(if item % 2 == 0 { "war|drama" } else { "love, comedy" });
            }
        }
    }
    shop
}

fn request(
    shop: &Shop,
    order: &[usize],
    options: &Value,
    algorithm: Algorithm,
    control: &Control,
) -> Result<Request, Error> {
    let texts = |all: &[&str]| order.iter().map(|r| all[*r].to_owned()).collect::<Vec<String>>();
    let column = |name: &str, all: Vec<String>| {
        let all: Vec<Option<&str>> = all.iter().map(|t| Some(t.as_str())).collect();
        Column::from_texts(name, &all, control).unwrap()
    };
    let number = |name: &str, all: &[f64]| {
        let all: Vec<f64> = order.iter().map(|r| all[*r]).collect();
        Column::from_numbers(name, &all, control).unwrap()
    };
    let columns = vec![
        column("user_id", order.iter().map(|r| shop.user[*r].clone()).collect()),
        number("item_id", &shop.item),
        column("country", texts(&shop.country)),
        column("genre", texts(&shop.genre)),
        number("rating", &shop.rating),
        number("at", &shop.at),
    ];
    let mut given = json!({"user_columns": ["country"], "item_columns": ["genre"]});
    if algorithm == Algorithm::AssociationRules {
        given["min_support"] = json!(0.1);
    }
    let rated = options["rated"] == true;
    for (key, value) in options.as_object().unwrap().iter().filter(|(key, _)| *key != "rated") {
        given[key] = value.clone();
    }
    let parsed = Options::parse(&given, algorithm)?;
    let inputs = vec![
        input(0, "user_id", InputKind::Category),
        input(1, "item_id", InputKind::Number),
        input(2, "country", InputKind::Category),
        input(3, "genre", InputKind::Category),
    ];
    let time = parsed.time_column.as_ref().map(|_| 5);
    let request = tables::request(Table { rows: order.len(), columns }, inputs, algorithm, parsed);
    let target = rated.then(|| input(4, "rating", InputKind::Number));
    Ok(Request { target, time, beside: vec![input(5, "at", InputKind::Number)], ..request })
}

fn learn(shop: &Shop, options: &Value, algorithm: Algorithm) -> Outcome {
    let control = Control::default();
    let order: Vec<usize> = (0..shop.user.len()).collect();
    train(request(shop, &order, options, algorithm, &control).unwrap(), &control).unwrap()
}

fn body(model: &Model) -> &Recommender {
    match &model.body {
        Body::Recommender(body) => body,
        other => panic!("{other:?}"),
    }
}

fn metric(outcome: &Outcome, name: &str) -> f64 {
    outcome.metrics.iter().find(|m| m.name == name).and_then(|m| m.value).unwrap_or_else(|| panic!("{name}"))
}

const ANY: Wanted<'_> = Wanted { count: 1000, allowed: None, seen: false };

/// The order of rows, threads and instructions change no byte of a model.
#[test]
fn a_model_is_the_same_whatever_the_order() {
    let shop = shop(60, 40);
    let rows = shop.user.len();
    for algorithm in ALL {
        for options in [json!({"factors": 5}), json!({"rated": true, "factors": 5, "time_column": "at"})] {
            let mut options = options.clone();
            if algorithm != Algorithm::Als {
                options.as_object_mut().unwrap().remove("factors");
            }
            if algorithm == Algorithm::AssociationRules {
                options.as_object_mut().unwrap().remove("rated");
            }
            let mut all = Vec::new();
            for (step, threads, level) in [(1, 1, Level::Scalar), (101, 4, Level::Avx2), (103, 3, Level::Avx512)] {
                let order: Vec<usize> = (0..rows).map(|i| i * step % rows).collect();
                let mut sorted = order.clone();
                sorted.sort_unstable();
                assert!(sorted.iter().enumerate().all(|(i, r)| i == *r), "{step} and {rows} have a divisor");
                choose(Some(level));
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let control = Control::default();
                let request = request(&shop, &order, &options, algorithm, &control).unwrap();
                all.push(pool.install(|| train(request, &control)).unwrap());
                choose(None);
            }
            for other in &all[1..] {
                assert!(other.bytes == all[0].bytes, "{algorithm:?} {options}");
                assert_eq!(other.metrics, all[0].metrics);
            }
            assert_eq!(decode(&all[0].bytes).unwrap(), *all[0].scorer.model());
        }
    }
}

/// What is named to one user is what is named to all, with what is said of each pair; what a user has is not named.
#[test]
fn one_and_all_are_told_the_same() {
    let shop = shop(50, 30);
    for (algorithm, rated) in cases() {
        let outcome = learn(&shop, &json!({"rated": rated}), algorithm);
        let shelf = outcome.scorer.shelf().unwrap();
        let own = body(outcome.scorer.model());
        let basket = shelf.basket(vec![7, 2, 2, 11]);
        let users: Vec<Who<'_>> = (0..50).map(Who::Known).chain([Who::Having(&basket), Who::Other(&[])]).collect();
        let all = shelf.top_of_all(&users, ANY, &Control::default()).unwrap();
        for (user, list) in users.iter().zip(&all) {
            assert_eq!(*list, shelf.top(*user, ANY));
            let Who::Known(at) = user else { continue };
            assert_eq!(list.len(), 30 - own.seen.places_of(*at).len());
            for (item, score) in list {
                assert!(!own.seen.has(*at, *item));
                let row = [*at as f64, own.items[*item as usize], f64::NAN, f64::NAN];
                let mut out = [0.0];
                outcome.scorer.predict(&row, &mut out);
                assert_eq!(out[0], *score, "{algorithm:?} {rated}");
            }
            assert!(list.is_sorted_by(|a, b| a.1 >= b.1), "{algorithm:?} {rated}");
            let short = Wanted { count: 3, ..ANY };
            assert_eq!(shelf.top(*user, short), list[..3]);
            let items: Vec<u32> = list.iter().map(|l| l.0).collect();
            let most = if algorithm == Algorithm::AssociationRules { 3 } else { 2 };
            for (because, item) in shelf.reasons(*user, &items, 2).iter().zip(&items) {
                assert!(because.len() <= most && because.iter().all(|b| own.seen.has(*at, *b) && b != item));
            }
        }
    }
}

/// Tastes are learned: better than what is popular, ratings better than the mean, and reasons are of one's own taste.
#[test]
fn tastes_are_learned() {
    let shop = shop(80, 60);
    for algorithm in [Algorithm::Als, Algorithm::ItemKnn, Algorithm::AssociationRules, Algorithm::Content] {
        let options = match algorithm {
            Algorithm::Als => json!({"factors": 8}),
            // Long rules of few users hold by chance.
            Algorithm::AssociationRules => json!({"max_length": 2}),
            _ => json!({}),
        };
        let outcome = learn(&shop, &options, algorithm);
        assert_eq!(outcome.metric, Some("ndcg_at_10"));
        let (own, popular) = (metric(&outcome, "ndcg_at_10"), metric(&outcome, "popular_ndcg_at_10"));
        assert!(own > 1.3 * popular, "{algorithm:?} {own} {popular}");
        let shelf = outcome.scorer.shelf().unwrap();
        let list = shelf.top(Who::Known(3), Wanted { count: 10, ..ANY });
        // Items are named by odd numbers, and those of users 1, 3, 5 are every second. The one strongest rule counts, be it that of an item of the other taste.
        let least = if algorithm == Algorithm::AssociationRules { 7 } else { 9 };
        assert!(list.iter().filter(|l| l.0 % 2 == 1).count() >= least, "{algorithm:?} {list:?}");
        let because = shelf.reasons(Who::Known(3), &[list[0].0], 2);
        assert!(because[0].iter().all(|b| b % 2 == 1), "{algorithm:?} {because:?}");
        let similar = shelf.similar(4, 5).unwrap();
        assert!(
            similar.iter().all(|l| l.0 % 2 == 0 && l.0 != 4 && l.1 > 0.0 && l.1 <= 1.0),
            "{algorithm:?} {similar:?}"
        );
    }
    let rmse = |algorithm| {
        let outcome = learn(&shop, &json!({"rated": true}), algorithm);
        assert_eq!(outcome.metric, Some("rmse"));
        metric(&outcome, "rmse")
    };
    // Users and items differ from the mean by nothing: all is in who meets what.
    let usual = rmse(Algorithm::Popular);
    assert!((0.6..0.9).contains(&usual), "{usual}");
    for algorithm in [Algorithm::Als, Algorithm::ItemKnn, Algorithm::Content] {
        let own = rmse(algorithm);
        assert!(own < 0.97 * usual, "{algorithm:?} {own} {usual}");
    }
}

/// The latest items of each user are held out, as the share says.
#[test]
fn the_latest_are_held_out() {
    let mut shop = shop(30, 20);
    // Whoever took the last item took it last.
    shop.at = shop.item.iter().map(|item| if *item == 39.0 { 1e9 } else { *item }).collect();
    let outcome = learn(&shop, &json!({"time_column": "at", "refit": false}), Algorithm::Popular);
    let model = outcome.scorer.model();
    let takers = shop.item.iter().filter(|item| **item == 39.0).count();
    assert!(takers > 5 && !body(model).items.contains(&39.0), "{:?}", body(model).items);
    assert_eq!(outcome.training_rows + outcome.holdout_rows, shop.user.len());
    let share = outcome.holdout_rows as f64 / shop.user.len() as f64;
    assert!((0.15..0.25).contains(&share), "{share}");
    let all = learn(&shop, &json!({"time_column": "at"}), Algorithm::Popular);
    assert!(body(all.scorer.model()).items.contains(&39.0));
    assert_eq!(all.metrics, outcome.metrics);
    let none = learn(&shop, &json!({"holdout": 0}), Algorithm::Popular);
    assert_eq!((none.holdout_rows, none.metrics.len(), none.metric), (0, 0, None));
}

/// Who is not known is recommended what all like, or what users alike like; an item that is not known is as its like.
#[test]
fn cold_starts() {
    let shop = shop(60, 40);
    let outcome = learn(&shop, &json!({}), Algorithm::Als);
    let (scorer, own) = (&outcome.scorer, body(outcome.scorer.model()));
    let shelf = scorer.shelf().unwrap();
    let popular = shelf.top(Who::Other(&[]), Wanted { count: 5, ..ANY });
    let best = own.popularity.iter().copied().fold(0.0, f64::max);
    assert_eq!(popular[0].1, best);
    let mut row = [f64::NAN; 4];
    row[2] = scorer.category(2, b"DE");
    let alike = shelf.top(Who::Other(&row), Wanted { count: 10, ..ANY });
    assert!(alike.iter().all(|l| l.0 % 2 == 0), "{alike:?}");
    assert!(shelf.is_described(&row) && !shelf.is_described(&[]));
    let mut out = [0.0];
    let mut said = |row: [f64; 4]| {
        scorer.predict(&row, &mut out);
        out[0]
    };
    let genre = |text: &str| scorer.category(3, text.as_bytes());
    let (war, love) = (genre("war|drama"), genre("love, comedy"));
    assert!(said([0.0, 1e9, f64::NAN, war]) > said([0.0, 1e9, f64::NAN, love]) + 0.1);
    assert!(said([1.0, 1e9, f64::NAN, war]) + 0.1 < said([1.0, 1e9, f64::NAN, love]));
    // Nothing is known at all.
    assert_eq!(said([f64::NAN; 4]), 0.0);
    assert_eq!(said([60.0, f64::INFINITY, f64::NAN, 7.0]), 0.0);
    let rated = learn(&shop, &json!({"rated": true}), Algorithm::ItemKnn);
    let mean = body(rated.scorer.model()).mean;
    let mut out = [0.0];
    rated.scorer.predict(&[f64::NAN; 4], &mut out);
    assert_eq!(out[0], mean);
}

/// One row, the same row again and again, numbers beyond all bounds, and what is no rating.
#[test]
fn hostile_rows() {
    let row = |item: f64, rating: f64| {
        let mut one = shop(0, 0);
        one.user.push("ann".into());
        (one.item, one.rating, one.at) = (vec![item], vec![rating], vec![f64::NAN]);
        (one.country, one.genre) = (vec![""], vec![""]);
        one
    };
    let finite = |outcome: &Outcome| {
        let shelf = outcome.scorer.shelf().unwrap();
        let users: Vec<Who<'_>> = (0..body(outcome.scorer.model()).user_count()).map(Who::Known).collect();
        let lists = shelf.top_of_all(&users, Wanted { seen: true, ..ANY }, &Control::default()).unwrap();
        assert!(lists.iter().flatten().all(|l| l.1.is_finite()));
    };
    for algorithm in ALL {
        for rated in [false, true] {
            if !cases().any(|case| case == (algorithm, rated)) {
                continue;
            }
            let options = json!({"rated": rated, "time_column": "at", "half_life": 2.0});
            finite(&learn(&row(1.0, 5.0), &options, algorithm));
            let mut same = row(-0.0, 1e12);
            for i in 0..40 {
                same.user.push("ann".into());
                same.item.push(0.0);
                same.rating.push(if i == 3 { -1e12 } else { 1e11 });
                same.at.push(if i % 2 == 0 { f64::INFINITY } else { -1e300 });
                same.country.push("DE");
                same.genre.push("||;,");
            }
            let outcome = learn(&same, &options, algorithm);
            assert_eq!((body(outcome.scorer.model()).item_count(), outcome.training_rows), (1, 1));
            finite(&outcome);
            let control = Control::default();
            for bad in [f64::NAN, f64::INFINITY] {
                let request = request(&row(bad, 1.0), &[0], &options, algorithm, &control).unwrap();
                let error = train(request, &control).unwrap_err().to_string();
                assert_eq!(error, "the source has no row to learn from");
            }
        }
        let control = Control::default();
        let mut wild = shop(30, 20);
        wild.rating.iter_mut().enumerate().for_each(|(i, r)| *r = if i % 2 == 0 { 1e12 } else { -1e12 });
        wild.rating[3] = f64::NAN;
        wild.rating[4] = 1e300;
        let outcome = learn(&wild, &json!({"rated": algorithm != Algorithm::AssociationRules}), algorithm);
        finite(&outcome);
        let all = request(&wild, &(0..wild.user.len()).collect::<Vec<_>>(), &json!({}), algorithm, &control).unwrap();
        control.cancel();
        assert_eq!(train(all, &control).unwrap_err(), Error::Cancelled);
        let little = Control::new(8_000);
        let all = request(&wild, &(0..wild.user.len()).collect::<Vec<_>>(), &json!({}), algorithm, &Control::default())
            .unwrap();
        assert!(matches!(train(all, &little), Err(Error::OutOfMemory { .. })), "{algorithm:?}");
    }
    let error = Options::parse(&json!({"item_columns": ["user_id"]}), Algorithm::Content).unwrap_err().to_string();
    assert_eq!(error, "column \"user_id\" is named twice");
    let error = Options::parse(&json!({"half_life": 3}), Algorithm::Als).unwrap_err().to_string();
    assert_eq!(error, "option \"half_life\" needs \"time_column\"");
    let control = Control::default();
    let small = shop(5, 5);
    let order: Vec<usize> = (0..small.user.len()).collect();
    let own = request(&small, &order, &json!({"item_columns": []}), Algorithm::Content, &control).unwrap();
    assert!(train(own, &control).unwrap_err().to_string().starts_with("algorithm \"content\" needs"));
    let own = request(&small, &order, &json!({"rated": true}), Algorithm::AssociationRules, &control).unwrap();
    let error = train(own, &control).unwrap_err().to_string();
    assert_eq!(error, "algorithm \"association_rules\" learns from who has what, and not from ratings");
    let own = request(&small, &order, &json!({"most": 3}), Algorithm::AssociationRules, &control).unwrap();
    assert_eq!(train(own, &control).unwrap_err().to_string(), "more than 3 itemsets are frequent");
}

/// A user or an item that is forgotten is not known any more; what is said of the others is the same.
#[test]
fn forgetting() {
    let shop = shop(40, 30);
    for (algorithm, rated) in cases() {
        let outcome = learn(&shop, &json!({"rated": rated}), algorithm);
        let mut model = outcome.scorer.model().clone();
        let forgotten = model.forget(Some("user_id"), Some(&["u007".to_owned()]));
        assert_eq!(forgotten.texts["user_id"], ["u007"]);
        let bytes = encode(&model).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("u007"));
        let scorer = Scorer::new(model);
        let (before, after) = (outcome.scorer.shelf().unwrap(), scorer.shelf().unwrap());
        assert_eq!((after.user("u007"), after.body().user_count()), (None, 39));
        for user in ["u006", "u008", "u039"] {
            let of = |shelf: &Shelf<'_>| shelf.top(Who::Known(shelf.user(user).unwrap()), ANY);
            assert_eq!(of(&before), of(&after));
        }
        let mut model = outcome.scorer.model().clone();
        model.forget(Some("genre"), None);
        model.validate().unwrap();
        Scorer::new(model).predict(&[0.0, 1e9, 0.0, 0.0], &mut [0.0]);
    }
}

/// A model is compared with the one it is to replace on what is held out from the new one.
#[test]
fn champions() {
    let shop = shop(80, 60);
    let order: Vec<usize> = (0..shop.user.len()).collect();
    let control = Control::default();
    // One that has not seen what is held out.
    let popular = learn(&shop, &json!({"refit": false}), Algorithm::Popular);
    let beside = |metric, options: &Value, algorithm| {
        let champion = Champion { scorer: &popular.scorer, places: Vec::new(), metric };
        let request = request(&shop, &order, options, algorithm, &control).unwrap();
        train_beside(request, Some(&champion), true, &control).unwrap().0
    };
    let outcome = beside("ndcg_at_10", &json!({}), Algorithm::Als);
    let contest = outcome.contest.unwrap();
    assert!(contest.gain.unwrap() > 0.05 && contest.interval.unwrap().0 > 0.0, "{contest:?}");
    let again = beside("ndcg_at_10", &json!({}), Algorithm::Popular).contest.unwrap();
    assert!(again.gain.unwrap().abs() < 0.05, "{again:?}");
    let rated = learn(&shop, &json!({"rated": true, "refit": false}), Algorithm::Popular);
    let champion = Champion { scorer: &rated.scorer, places: Vec::new(), metric: "rmse" };
    let request = request(&shop, &order, &json!({"rated": true}), Algorithm::ItemKnn, &control).unwrap();
    let contest = train_beside(request, Some(&champion), true, &control).unwrap().0.contest.unwrap();
    assert!(contest.gain.unwrap() > 0.0, "{contest:?}");
}

/// On rows of a source what training saw is left out, and users who are not known are told what is popular.
#[test]
fn judged_on_a_source() {
    let shop = shop(40, 30);
    let outcome = learn(&shop, &json!({"rated": true}), Algorithm::ItemKnn);
    let shelf = outcome.scorer.shelf().unwrap();
    let met = |user: &str, item: f64, value: f64| {
        let name = format!("{item}");
        Interacted::new(shelf.user(user), user, shelf.item(&name), &name, value)
    };
    let control = Control::default();
    let known: Vec<Interacted> =
        (0..shop.user.len()).map(|r| met(&shop.user[r], shop.item[r], shop.rating[r])).collect();
    let (metrics, left_out) = judge_recommender(&outcome.scorer, known, 5, &control).unwrap();
    assert_eq!(left_out, shop.user.len());
    assert!(metrics.iter().all(|m| m.value.is_none() || m.name == "coverage"), "{metrics:?}");
    let best = shelf.item_name(shelf.most_popular()[0] as usize).parse().unwrap();
    let top = shelf.item_name(shelf.top(Who::Other(&[]), Wanted { count: 1, ..ANY })[0].0 as usize).parse().unwrap();
    let (metrics, left_out) = judge_recommender(
        &outcome.scorer,
        vec![met("new", best, 5.0), met("new", top, 5.0), met("new", 1e6, 5.0)],
        5,
        &control,
    )
    .unwrap();
    assert_eq!(left_out, 0);
    let of = |name: &str| metrics.iter().find(|m| m.name == name).and_then(|m| m.value).unwrap();
    assert!(of("recall_at_5") > 0.3 && of("popular_recall_at_5") > 0.3);
    assert!(of("rmse") > 0.0);
}

fn lists(rows: &[Vec<(u32, f32)>]) -> Sparse {
    let mut out = Sparse { starts: vec![0], ..Sparse::default() };
    for row in rows {
        out.places.extend(row.iter().map(|r| r.0));
        out.values.extend(row.iter().map(|r| r.1));
        out.starts.push(out.places.len() as u64);
    }
    out
}

/// Solve a small system by elimination.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    let n = b.len();
    for i in 0..n {
        let pivot = (i..n).max_by(|x, y| a[*x][i].abs().total_cmp(&a[*y][i].abs())).unwrap();
        a.swap(i, pivot);
        b.swap(i, pivot);
        for j in i + 1..n {
            let factor = a[j][i] / a[i][i];
            let own = a[i].clone();
            a[j].iter_mut().zip(&own).skip(i).for_each(|(cell, own)| *cell -= factor * own);
            b[j] -= factor * b[i];
        }
    }
    for i in (0..n).rev() {
        b[i] = (b[i] - (i + 1..n).map(|j| a[i][j] * b[j]).sum::<f64>()) / a[i][i];
    }
    b
}

/// Whoever has the items of a user is told what the user is told, of the same strengths.
#[test]
fn a_basket_is_as_a_user_who_has_it() {
    let shop = shop(50, 30);
    for algorithm in ALL {
        let outcome = learn(&shop, &json!({}), algorithm);
        let shelf = outcome.scorer.shelf().unwrap();
        for user in 0..50 {
            let basket = shelf.basket(shelf.body().seen.places_of(user).to_vec());
            let (known, having) = (shelf.top(Who::Known(user), ANY), shelf.top(Who::Having(&basket), ANY));
            let items: Vec<u32> = known.iter().map(|liked| liked.0).collect();
            let because = |who| shelf.reasons(who, &items, 2);
            assert_eq!(because(Who::Known(user)), because(Who::Having(&basket)));
            match algorithm {
                // The last turn moved the items away from those that the user was solved for.
                Algorithm::Als => {
                    let score = |item: u32| having.iter().find(|liked| liked.0 == item).unwrap().1;
                    assert!(known.iter().all(|liked| (score(liked.0) - liked.1).abs() < 0.05), "{known:?} {having:?}");
                }
                _ => assert_eq!(known, having, "{algorithm:?}"),
            }
        }
    }
}

/// The factors of a basket are what the normal equations say; of ratings, that its items are rated best.
#[test]
fn a_basket_is_folded_in() {
    let shop = shop(40, 30);
    for rated in [false, true] {
        let outcome = learn(&shop, &json!({"rated": rated, "factors": 5}), Algorithm::Als);
        let (shelf, own) = (outcome.scorer.shelf().unwrap(), body(outcome.scorer.model()));
        let k = own.factors as usize;
        let y = |item: usize, f: usize| f64::from(own.item_factors[item * k + f]);
        let usual = |item: usize| own.mean + own.item_bias.get(item).map_or(0.0, |bias| f64::from(*bias));
        let held = [3usize, 4, 20];
        let basket = shelf.basket(held.iter().map(|item| *item as u32).collect());
        let (mut a, mut b) = (vec![vec![0.0; k]; k], vec![0.0; k]);
        for i in 0..k {
            for (j, cell) in a[i].iter_mut().enumerate() {
                let all = if rated { 0.0 } else { (0..own.item_count()).map(|item| y(item, i) * y(item, j)).sum() };
                let weight = if rated { 1.0 } else { own.alpha };
                *cell = all + held.iter().map(|item| weight * y(*item, i) * y(*item, j)).sum::<f64>();
            }
            let known = if rated { 3.0 } else { own.item_count() as f64 + 3.0 * own.alpha };
            a[i][i] += own.regularization * known;
            let aim = |item: usize| if rated { own.high - usual(item) } else { 1.0 + own.alpha };
            b[i] = held.iter().map(|item| aim(*item) * y(*item, i)).sum();
        }
        let x = solve(a, b);
        for (item, score) in shelf.top(Who::Having(&basket), Wanted { seen: true, ..ANY }) {
            let item = item as usize;
            let product: f64 = (0..k).map(|f| x[f] * y(item, f)).sum();
            let expected = if rated { (usual(item) + product).clamp(own.low, own.high) } else { product };
            assert!((score - expected).abs() < 1e-3, "{rated} {item} {score} {expected}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// Items are named by the highest confidence of all sets that somebody has, counted set by set, then by lift, and behind them by their popularity.
    #[test]
    fn rules_are_those_of_trying_all(
        baskets in prop::collection::vec(prop::collection::btree_set(0u32..8, 1..6), 1..25),
        asked in prop::collection::btree_set(0u32..8, 1..8),
        support in 0.01f64..0.3,
        confidence in 0.0f64..0.8,
        lift in 0.0f64..1.3,
        length in 2usize..6,
    ) {
        let rows = || baskets.iter().enumerate().flat_map(|(user, items)| items.iter().map(move |item| (user, *item)));
        let count = rows().count();
        let shop = Shop {
            user: rows().map(|(user, _)| format!("u{user:03}")).collect(),
            item: rows().map(|(_, item)| f64::from(item)).collect(),
            rating: vec![1.0; count],
            at: vec![0.0; count],
            country: vec!["DE"; count],
            genre: vec![""; count],
        };
        let options = json!({"holdout": 0, "min_support": support, "min_confidence": confidence, "min_lift": lift, "max_length": length});
        let outcome = learn(&shop, &options, Algorithm::AssociationRules);
        let shelf = outcome.scorer.shelf().unwrap();
        let known: Vec<u32> = body(outcome.scorer.model()).items.iter().map(|item| *item as u32).collect();
        let n = baskets.len() as f64;
        let users = |set: &[u32]| baskets.iter().filter(|basket| set.iter().all(|item| basket.contains(item))).count() as f64;
        let has: Vec<u32> = asked.into_iter().filter(|item| known.contains(item)).collect();
        let mut expected: Vec<(f64, f64, f64, u32)> = Vec::new();
        for (place, item) in known.iter().enumerate().filter(|(_, item)| !has.contains(item)) {
            let alone = users(&[*item]);
            let (mut best, mut lifted) = (0.0f64, 0.0);
            for mask in 1u32..1 << has.len() {
                let set: Vec<u32> = (0..has.len()).filter(|i| mask >> i & 1 == 1).map(|i| has[i]).collect();
                let (before, both) = (users(&set), users(&[&set[..], &[*item]].concat()));
                let share = (both / n) / (before / n);
                let is_rule = both > 0.0 && set.len() < length && both / n >= support && share >= confidence && share / (alone / n) >= lift;
                if is_rule && both / before > best {
                    (best, lifted) = (both / before, n / alone);
                }
            }
            let popularity = if best > 0.0 { 0.0 } else { alone };
            expected.push((-best, -lifted, -popularity, place as u32));
        }
        expected.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let places: Vec<u32> = (0..known.len() as u32).filter(|place| has.contains(&known[*place as usize])).collect();
        let basket = shelf.basket(places.clone());
        let who = Who::Having(&basket);
        let found = shelf.top(who, ANY);
        let said: Vec<(f64, u32)> = found.iter().map(|liked| (liked.1, liked.0)).collect();
        prop_assert_eq!(said, expected.iter().map(|own| (-own.0, own.3)).collect::<Vec<_>>());
        // Reasons are held by who asks, and the listed rules say the same.
        let listed = shelf.rules(&Control::default()).unwrap().unwrap();
        let items: Vec<u32> = found.iter().map(|liked| liked.0).collect();
        for (because, liked) in shelf.reasons(who, &items, 2).iter().zip(&found) {
            prop_assert_eq!(because.is_empty(), liked.1 == 0.0);
            prop_assert!(because.iter().all(|item| places.contains(item)));
            let rule = (0..listed.len()).find(|rule| listed.sides(*rule) == (&because[..], &[liked.0][..]));
            prop_assert!(because.is_empty() || (listed.measures(rule.unwrap()).confidence - liked.1).abs() < 1e-12);
        }
        for item in 0..known.len() {
            let alone = (0..listed.len()).filter(|rule| listed.sides(*rule).0 == [item as u32]).count();
            let similar = shelf.similar(item, 100).unwrap();
            prop_assert_eq!(similar.len(), alone);
            prop_assert!(similar.is_sorted_by(|a, b| a.1 >= b.1));
        }
    }
}

/// After many turns the factors of items are what the normal equations say, given those of users, for all pairs of user and item.
#[test]
fn factors_without_ratings_solve_their_equations() {
    let mut random = numbers(3);
    let (users, items, k) = (30usize, 20usize, 4usize);
    let rows: Vec<Vec<(u32, f32)>> = (0..users)
        .map(|_| {
            (0..items as u32).filter(|_| random.next().unwrap() < 0.3).map(|i| (i, 1.0 + (i % 3) as f32)).collect()
        })
        .collect();
    let data = Interactions { by_user: lists(&rows), weights: Vec::new(), items, explicit: false };
    let (alpha, lambda) = (2.0, 0.02);
    let params = als::AlsParams { factors: k, regularization: Some(lambda), alpha, iterations: Some(400), seed: 1 };
    let fit = als::fit(&data, 0.0, &params, &Control::default()).unwrap();
    let u = |user: usize, f: usize| f64::from(fit.users[user * k + f]);
    for item in 0..items {
        let strength = |user: usize| rows[user].iter().find(|r| r.0 as usize == item).map(|r| f64::from(r.1));
        let held = lambda * (users as f64 + alpha * (0..users).filter_map(strength).sum::<f64>());
        let mut a = vec![vec![0.0; k]; k];
        let mut b = vec![0.0; k];
        for user in 0..users {
            let c = 1.0 + alpha * strength(user).unwrap_or(0.0);
            for i in 0..k {
                b[i] += if strength(user).is_some() { c * u(user, i) } else { 0.0 };
                for (j, cell) in a[i].iter_mut().enumerate() {
                    *cell += c * u(user, i) * u(user, j) + if i == j && user == 0 { held } else { 0.0 };
                }
            }
        }
        for (f, x) in solve(a, b).into_iter().enumerate() {
            assert!((x - f64::from(fit.items[item * k + f])).abs() < 2e-3, "{item} {f} {x}");
        }
    }
}

/// The same with ratings and biases, for the ratings alone.
#[test]
fn factors_of_ratings_solve_their_equations() {
    let mut random = numbers(9);
    let (users, items, k) = (40usize, 25usize, 3usize);
    let rows: Vec<Vec<(u32, f32)>> = (0..users)
        .map(|_| {
            (0..items as u32)
                .filter_map(|i| match random.next().unwrap() < 0.4 {
                    true => Some((i, (random.next().unwrap() * 5.0).ceil() as f32)),
                    false => None,
                })
                .collect()
        })
        .collect();
    let by_user = lists(&rows);
    let weights: Vec<f32> = by_user.places.iter().map(|p| 1.0 + (p % 2) as f32).collect();
    let data = Interactions { by_user, weights, items, explicit: true };
    let params = als::AlsParams { factors: k, regularization: Some(0.2), alpha: 1.0, iterations: Some(600), seed: 1 };
    let fit = als::fit(&data, 3.0, &params, &Control::default()).unwrap();
    let row = |user: usize| -> Vec<f64> { (0..k).map(|f| f64::from(fit.users[user * k + f])).chain([1.0]).collect() };
    for item in 0..items {
        let mut a = vec![vec![0.0; k + 1]; k + 1];
        let mut b = vec![0.0; k + 1];
        for (user, own) in rows.iter().enumerate() {
            let Some((_, rating)) = own.iter().find(|r| r.0 as usize == item) else { continue };
            let (y, w) = (row(user), 1.0 + (item % 2) as f64);
            let target = f64::from(*rating) - 3.0 - f64::from(fit.user_bias[user]);
            for i in 0..=k {
                b[i] += w * target * y[i];
                for j in 0..=k {
                    a[i][j] += w * y[i] * y[j] + if i == j { 0.2 * w } else { 0.0 };
                }
            }
        }
        let found: Vec<f64> =
            (0..k).map(|f| f64::from(fit.items[item * k + f])).chain([f64::from(fit.item_bias[item])]).collect();
        for (x, own) in solve(a, b).iter().zip(&found) {
            assert!((x - own).abs() < 2e-3, "{item} {x} {own}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    /// Neighbours are those of the largest cosines, or correlations, reckoned pair by pair.
    #[test]
    fn neighbours_are_the_most_alike(rows in prop::collection::vec(prop::collection::btree_map(0u32..12, 1u8..6, 0..9), 1..12), rated: bool, keep in 1usize..6) {
        let own: Vec<Vec<(u32, f32)>> = rows.iter().map(|r| r.iter().map(|(i, v)| (*i, f32::from(*v))).collect()).collect();
        let data = Interactions { by_user: lists(&own), weights: Vec::new(), items: 12, explicit: rated };
        let biases = Biases { users: vec![0.25; own.len()], items: (0..12).map(|i| i as f32 / 24.0).collect() };
        let params = similar::SimilarParams { n_neighbors: Some(keep), similarity: similar::Similarity::Cosine };
        let usual = rated.then_some((2.5, &biases));
        let found = similar::neighbors(&data, usual, &params, &Control::default()).unwrap();
        let value = |user: usize, item: usize| rows[user].get(&(item as u32)).map(|v| match rated {
            true => f64::from(*v) - 2.5 - 0.25 - item as f64 / 24.0,
            false => f64::from(*v).sqrt(),
        });
        for item in 0..12 {
            let alike = |other: usize| {
                let (mut product, mut a, mut b, mut both) = (0.0, 0.0, 0.0, 0.0f64);
                for user in 0..rows.len() {
                    let (x, y) = (value(user, item), value(user, other));
                    let all = !rated || (x.is_some() && y.is_some());
                    if all {
                        a += x.unwrap_or(0.0).powi(2);
                        b += y.unwrap_or(0.0).powi(2);
                    }
                    if let (Some(x), Some(y)) = (x, y) {
                        product += x * y;
                        both += 1.0;
                    }
                }
                let shrunk = if rated { (both - 1.0) / (both - 1.0 + 100.0) } else { 1.0 };
                if a * b > 0.0 { product / (a * b).sqrt() * shrunk } else { 0.0 }
            };
            let mut all: Vec<f64> = (0..12).filter(|o| *o != item).map(alike).filter(|s| *s > 1e-6).collect();
            all.sort_by(|a, b| b.total_cmp(a));
            let list: Vec<(usize, f32)> = found.of(item).filter(|n| n.1 > 1e-6).collect();
            prop_assert_eq!(list.len(), all.len().min(keep));
            for ((other, near), best) in list.iter().zip(&all) {
                prop_assert!((f64::from(*near) - best).abs() < 1e-5, "{} {}", near, best);
                prop_assert!((f64::from(*near) - alike(*other)).abs() < 1e-5);
            }
        }
    }
}

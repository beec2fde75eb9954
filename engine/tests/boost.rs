//! Gradient boosting: the loss falls, threads change nothing, weights and classes mean what they should.
#![allow(missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::Column;
use orchard_engine::learn::bin::{bin, BinKind, BinnedFeature, Codes};
use orchard_engine::learn::boost::{fit, BoostParams, Boosted, Objective, Rows};
use orchard_engine::learn::Target;
use orchard_engine::model::LEAF;
use orchard_engine::score::link::logistic;
use orchard_engine::score::walk;

/// Few and quick trees, each of which counts.
fn plain() -> BoostParams {
    BoostParams { n_estimators: 100, learning_rate: 0.1, early_stopping_rounds: None, ..BoostParams::default() }
}

/// Numbers from 0 to below 1.
fn numbers(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    })
}

struct Data {
    columns: Vec<Vec<f64>>,
    texts: Vec<Option<String>>,
    noise: Vec<f64>,
}

fn data(rows: usize) -> Data {
    let mut random = numbers(3);
    let mut columns = vec![Vec::new(); 3];
    let (mut texts, mut noise) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        columns.iter_mut().for_each(|c| c.push(random.next().unwrap()));
        let level = (random.next().unwrap() * 6.0) as u32;
        texts.push((level < 5).then(|| format!("level {level}")));
        noise.push(random.next().unwrap());
    }
    (0..rows).step_by(7).for_each(|r| columns[1][r] = f64::NAN);
    Data { columns, texts, noise }
}

impl Data {
    fn signal(&self, row: usize) -> f64 {
        let b = if self.columns[1][row].is_nan() { 0.9 } else { self.columns[1][row] };
        let level = self.texts[row].as_deref().map_or(2.0, |t| if t.ends_with('3') { 1.5 } else { 0.0 });
        2.0 * self.columns[0][row] * b + level - 1.2
    }

    fn classes(&self) -> Target {
        let code = |r: usize| u32::from(self.noise[r] < logistic(2.0 * self.signal(r)));
        Target::Class { codes: (0..self.noise.len()).map(code).collect(), classes: 2 }
    }

    /// The binned features, and the rows as scoring sees them.
    fn features(&self, params: &BoostParams) -> (Vec<BinnedFeature>, Vec<Vec<f64>>) {
        let control = Control::default();
        let all: Vec<u32> = (0..self.noise.len() as u32).collect();
        let texts: Vec<Option<&str>> = self.texts.iter().map(Option::as_deref).collect();
        let mut columns: Vec<Column> =
            self.columns.iter().map(|c| Column::from_numbers("x", c, &control).unwrap()).collect();
        columns.push(Column::from_texts("t", &texts, &control).unwrap());
        let binned = columns.iter_mut().map(|c| bin(c, &all, &all, &params.bin_params(), &control).unwrap());
        binned.map(|b| (b.feature, b.held)).unzip()
    }
}

fn boost(data: &Data, target: &Target, weight: Option<&[f64]>, fit_rows: usize, params: &BoostParams) -> Boosted {
    let (features, _) = data.features(params);
    let features: Vec<&BinnedFeature> = features.iter().collect();
    fit(&features, Rows { target, weight, offset: None }, fit_rows, params, &Control::default()).unwrap()
}

/// The sum of leaves and base for each output of a row.
fn sums(found: &Boosted, held: &[Vec<f64>], row: usize) -> Vec<f64> {
    let row: Vec<f64> = held.iter().map(|c| c[row]).collect();
    let mut out = found.trees.base.clone();
    for tree in 0..found.trees.roots.len() {
        let leaf = walk::leaf(&found.trees, tree, &row);
        found.trees.leaf(leaf).each(|output, value| out[output] += value);
    }
    out
}

fn log_loss(data: &Data, found: &Boosted, target: &Target, params: &BoostParams) -> f64 {
    let (_, held) = data.features(params);
    let Target::Class { codes, .. } = target else { panic!("no classes") };
    let rows = codes.len();
    let loss = |r: usize| {
        let s = sums(found, &held, r)[0];
        -libm::log(logistic(if codes[r] == 1 { s } else { -s }))
    };
    (0..rows).map(loss).sum::<f64>() / rows as f64
}

#[test]
fn the_loss_falls_with_every_tree() {
    let data = data(4000);
    let target = data.classes();
    let mut before = f64::INFINITY;
    for n_estimators in [1, 5, 20, 60] {
        let params = BoostParams { n_estimators, ..plain() };
        let found = boost(&data, &target, None, 4000, &params);
        assert_eq!(found.iterations, n_estimators);
        let loss = log_loss(&data, &found, &target, &params);
        assert!(loss < before - 0.005, "{n_estimators} trees: {loss} after {before}");
        before = loss;
    }
}

#[test]
fn threads_change_nothing() {
    let data = data(70_000);
    let target = data.classes();
    let params = BoostParams { n_estimators: 4, subsample: 0.8, colsample_bytree: 0.6, ..plain() };
    let with = |threads: usize, params: &BoostParams| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| boost(&data, &target, None, 70_000, params).trees)
    };
    let few = BoostParams { n_estimators: 3, ..plain() };
    for params in [&params, &few] {
        let one = with(1, params);
        assert!(one == with(2, params) && one == with(3, params));
    }
}

#[test]
fn threads_change_no_sum_of_numbers_and_classes() {
    let rows = 100_000;
    let data = data(rows);
    let mut random = numbers(5);
    let weight: Vec<f64> = (0..rows).map(|_| random.next().unwrap()).collect();
    let value = Target::Number((0..rows).map(|r| (data.signal(r) + data.noise[r] + 1.3).max(0.0)).collect());
    let classes = Target::Class { codes: (0..rows).map(|r| (data.noise[r] * 3.0) as u32).collect(), classes: 3 };
    let cases = [
        (None, &classes),
        (Some(Objective::SquaredError), &value),
        (Some(Objective::Quantile), &value),
        (Some(Objective::Tweedie), &value),
    ];
    for (objective, target) in cases {
        for weight in [None, Some(&weight[..])] {
            let params = BoostParams {
                objective,
                n_estimators: 3,
                early_stopping_rounds: Some(9),
                max_leaf_nodes: 6,
                subsample: 0.9,
                ..plain()
            };
            let with = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| boost(&data, target, weight, 60_000, &params))
            };
            let (one, three) = (with(1), with(3));
            assert!(one.trees == three.trees && one.losses == three.losses, "{objective:?}");
        }
    }
}

#[test]
fn what_the_scores_said_is_what_the_trees_say() {
    // The validation loss comes from the learner's own scores, the other from the stored trees.
    let data = data(3000);
    let target = data.classes();
    let params = BoostParams { n_estimators: 30, early_stopping_rounds: Some(100), ..plain() };
    let found = boost(&data, &target, None, 2000, &params);
    let best = found.losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(found.losses[found.iterations as usize - 1], best);
    let (_, held) = data.features(&params);
    let Target::Class { codes, .. } = &target else { panic!("no classes") };
    let loss = |r: usize| {
        let s = sums(&found, &held, r)[0];
        -libm::log(logistic(if codes[r] == 1 { s } else { -s }))
    };
    let again = (2000..3000).map(loss).sum::<f64>() / 1000.0;
    assert!((again - best).abs() < 1e-9, "{again} and {best}");
}

#[test]
fn early_stopping_keeps_the_best_iteration() {
    let data = data(1500);
    let target = data.classes();
    let params = BoostParams {
        n_estimators: 400,
        learning_rate: 0.3,
        early_stopping_rounds: Some(10),
        min_samples_leaf: 5,
        ..plain()
    };
    let found = boost(&data, &target, None, 1200, &params);
    assert!(found.iterations < 200 && found.losses.len() == found.iterations as usize + 10);
}

#[test]
fn class_weights_do_not_bend_probabilities() {
    let data = data(20_000);
    let target = data.classes();
    let Target::Class { codes, .. } = &target else { panic!("no classes") };
    let truth = codes.iter().map(|&c| f64::from(c)).sum::<f64>() / 20_000.0;
    let params = BoostParams { class_weight: Some(vec![1.0, 7.0]), n_estimators: 50, ..plain() };
    let found = boost(&data, &target, None, 20_000, &params);
    let (_, held) = data.features(&params);
    let mean = (0..20_000).map(|r| logistic(sums(&found, &held, r)[0])).sum::<f64>() / 20_000.0;
    assert!((mean - truth).abs() < 0.02, "{mean}, not {truth}");
}

#[test]
fn objectives_find_what_they_are_for() {
    let data = data(20_000);
    let rows = 20_000;
    let mut random = numbers(17);
    // A skewed amount: its mean, median and quantiles differ by known factors.
    let amount: Vec<f64> =
        (0..rows).map(|r| libm::exp(data.columns[0][r]) * -libm::log(1.0 - random.next().unwrap())).collect();
    let target = Target::Number(amount.clone());
    for (objective, alpha, expected) in [
        (Objective::SquaredError, 0.5, 1.0),
        (Objective::Poisson, 0.5, 1.0),
        (Objective::Tweedie, 0.5, 1.0),
        (Objective::AbsoluteError, 0.5, std::f64::consts::LN_2),
        (Objective::Quantile, 0.9, std::f64::consts::LN_10),
    ] {
        let params =
            BoostParams { objective: Some(objective), alpha, n_estimators: 60, min_samples_leaf: 200, ..plain() };
        let found = boost(&data, &target, None, rows, &params);
        let (_, held) = data.features(&params);
        let log = matches!(objective, Objective::Poisson | Objective::Tweedie);
        let said = |r: usize| if log { libm::exp(sums(&found, &held, r)[0]) } else { sums(&found, &held, r)[0] };
        for (low, high) in [(0.0, 0.3), (0.7, 1.0)] {
            let part: Vec<usize> = (0..rows).filter(|&r| (low..high).contains(&data.columns[0][r])).collect();
            let factor = part.iter().map(|&r| said(r) / libm::exp(data.columns[0][r])).sum::<f64>() / part.len() as f64;
            assert!((factor / expected - 1.0).abs() < 0.06, "{objective:?} at {low}: {factor}, not {expected}");
        }
    }
    let negative = Target::Number(vec![-1.0; rows]);
    let params = BoostParams { objective: Some(Objective::Poisson), ..plain() };
    let (features, _) = data.features(&params);
    let features: Vec<&BinnedFeature> = features.iter().collect();
    assert!(fit(&features, Rows::new(&negative), rows, &params, &Control::default()).is_err());
}

#[test]
fn the_unit_of_the_target_does_not_matter() {
    let data = data(3000);
    let rows = 3000;
    let fitted = |objective, scale: f64, shift: f64| {
        let value = |r: usize| (data.signal(r) + data.noise[r] + shift) * scale;
        let params =
            BoostParams { objective: Some(objective), n_estimators: 60, early_stopping_rounds: Some(5), ..plain() };
        let found = boost(&data, &Target::Number((0..rows).map(value).collect()), None, 2500, &params);
        let (_, held) = data.features(&params);
        let log = objective == Objective::Tweedie;
        let said = |r: usize| sums(&found, &held, r)[0];
        let said = (0..rows).map(|r| if log { libm::exp(said(r)) / scale } else { said(r) / scale });
        (found.iterations, said.collect::<Vec<f64>>(), found.trees)
    };
    for objective in [Objective::SquaredError, Objective::AbsoluteError, Objective::Tweedie] {
        let shift = if objective == Objective::Tweedie { 2.0 } else { 0.0 };
        let (iterations, said, trees) = fitted(objective, 1.0, shift);
        assert!(iterations > 5);
        // Powers of two, so that the values are the same but for their exponent.
        for power in [-1000, -40, 40, 1018] {
            let (i, s, t) = fitted(objective, libm::ldexp(1.0, power), shift);
            assert_eq!(i, iterations, "{objective:?} times 2^{power}");
            assert!(
                t.feature == trees.feature && t.threshold == trees.threshold && t.gain.iter().all(|g| g.is_finite())
            );
            let near = s.iter().zip(&said).all(|(a, b)| (a - b).abs() < 1e-9 * (1.0 + b.abs()));
            assert!(near, "{objective:?} times 2^{power}");
        }
    }
    // Regularization is meant in the unit of the target.
    let count = |scale: f64, min_split_gain: f64| {
        let target = Target::Number((0..rows).map(|r| data.signal(r) * scale).collect());
        boost(&data, &target, None, rows, &BoostParams { n_estimators: 3, min_split_gain, ..plain() }).trees.nodes()
    };
    assert_eq!(count(1.0, 5.0), count(1024.0, 5.0 * 1024.0 * 1024.0));
    assert!(count(1.0, 5.0) < count(1024.0, 5.0) && count(1e-300, 5.0) == 1);
}

#[test]
fn three_classes_sum_to_one_and_fit() {
    let data = data(5000);
    let codes: Vec<u32> =
        (0..5000).map(|r| ((data.signal(r) + data.noise[r]).clamp(-1.0, 1.99) + 1.0) as u32).collect();
    let target = Target::Class { codes: codes.clone(), classes: 3 };
    let params = BoostParams { n_estimators: 40, ..plain() };
    let found = boost(&data, &target, None, 5000, &params);
    assert_eq!((found.trees.outputs, found.trees.roots.len()), (3, 120));
    let (_, held) = data.features(&params);
    let right = (0..5000).filter(|&r| {
        let s = sums(&found, &held, r);
        (0..3).all(|k| s[codes[r] as usize] >= s[k])
    });
    assert!(right.count() > 4000);
}

#[test]
fn a_cancelled_run_ends() {
    let data = data(2000);
    let control = Control::default();
    let params = plain();
    let (features, _) = data.features(&params);
    let features: Vec<&BinnedFeature> = features.iter().collect();
    control.cancel();
    assert!(fit(&features, Rows::new(&data.classes()), 2000, &params, &control).is_err());
}

/// Columns of 64 bins, many enough that a tree takes a while.
fn wide(rows: usize, columns: usize) -> Vec<BinnedFeature> {
    let edges: Vec<f64> = (0..64).map(f64::from).collect();
    let column = |c: usize| {
        let mut random = numbers(c as u64);
        let codes = (0..rows).map(|_| (random.next().unwrap() * 64.0) as u8).collect();
        BinnedFeature { codes: Codes::U8(codes), kind: BinKind::Number { low: edges.clone(), high: edges.clone() } }
    };
    (0..columns).map(column).collect()
}

#[test]
fn a_tree_moves_on_and_stops_when_asked() {
    let rows = 400_000;
    let features = wide(rows, 24);
    let features: Vec<&BinnedFeature> = features.iter().collect();
    let mut random = numbers(1);
    // Nothing that a column says, so that every leaf may be split.
    let target = Target::Number((0..rows).map(|_| (random.next().unwrap() * 1e6).fract()).collect());
    let weight: Vec<f64> = (0..rows).map(|_| random.next().unwrap()).collect();
    for objective in [Objective::SquaredError, Objective::Quantile] {
        let params = BoostParams {
            objective: Some(objective),
            n_estimators: 1,
            max_leaf_nodes: 4096,
            subsample: 0.8,
            ..plain()
        };
        let control = Control::default();
        let (mut steps, mut before) = (0, 0.0);
        let rows_of = Rows { target: &target, weight: Some(&weight), offset: None };
        std::thread::scope(|scope| {
            let run = scope.spawn(|| fit(&features, rows_of, rows, &params, &control).is_err());
            while !run.is_finished() && steps < 5 {
                std::thread::sleep(std::time::Duration::from_millis(1));
                if control.progress() > before {
                    before = control.progress();
                    steps += 1;
                }
            }
            control.cancel();
            let asked = std::time::Instant::now();
            run.join().unwrap();
            // An order more than it takes: other programs may be busy.
            assert!(asked.elapsed().as_millis() < 500, "{objective:?}: {:?}", asked.elapsed());
        });
        assert!(steps == 5 && before < 1.0, "progress inside the only tree: {steps} steps, up to {before}");
    }
}

/// What the score of a row is while one of its features rises.
fn sweep(found: &Boosted, row: &[f64], feature: usize) -> Vec<f64> {
    let mut row = row.to_vec();
    let say = |v: i32| {
        row[feature] = f64::from(v) / 40.0 - 0.1;
        let mut sum = found.trees.base[0];
        for tree in 0..found.trees.roots.len() {
            sum += found.trees.leaf(walk::leaf(&found.trees, tree, &row)).at(0);
        }
        sum
    };
    (0..48).map(say).collect()
}

#[test]
fn a_monotone_constraint_holds_everywhere() {
    let rows = 3000;
    let data = data(rows);
    let mut random = numbers(23);
    let objectives = [
        None,
        Some(Objective::SquaredError),
        Some(Objective::AbsoluteError),
        Some(Objective::Quantile),
        Some(Objective::Poisson),
        Some(Objective::Tweedie),
    ];
    for (case, objective) in objectives.into_iter().enumerate() {
        for weighted in [false, true] {
            // Neither direction is what the data say of both columns.
            let wave = |r: usize| libm::sin(9.0 * data.columns[0][r]) + data.columns[2][r] + data.noise[r];
            let target = match objective {
                None => Target::Class { codes: (0..rows).map(|r| u32::from(wave(r) > 1.0)).collect(), classes: 2 },
                _ => Target::Number((0..rows).map(|r| 100.0 * (wave(r) + 1.0).max(0.0)).collect()),
            };
            let weight: Vec<f64> = (0..rows).map(|_| (random.next().unwrap() * 4.0).floor()).collect();
            let directions = if case % 2 == 0 { [1, 0, -1, 0] } else { [-1, 1, 1, 0] };
            let params = BoostParams {
                objective,
                alpha: 0.7,
                n_estimators: 40,
                min_samples_leaf: 3,
                reg_alpha: if weighted { 0.5 } else { 0.0 },
                subsample: if weighted { 0.7 } else { 1.0 },
                monotone: directions.to_vec(),
                ..plain()
            };
            let found = boost(&data, &target, weighted.then_some(&weight[..]), rows, &params);
            let (_, held) = data.features(&params);
            let mut moved = false;
            for r in (0..rows).step_by(17) {
                let row: Vec<f64> = held.iter().map(|c| c[r]).collect();
                for (feature, direction) in directions.into_iter().enumerate().filter(|d| d.1 != 0) {
                    let said = sweep(&found, &row, feature);
                    let sign = f64::from(direction);
                    // Exactly: not even a rounding goes the other way.
                    assert!(said.windows(2).all(|w| sign * w[0] <= sign * w[1]), "{objective:?} {feature}: {said:?}");
                    moved |= said[0] != said[47];
                }
            }
            assert!(moved, "{objective:?} still learns");
        }
    }
}

#[test]
fn a_constraint_that_the_data_keep_costs_little() {
    let rows = 8000;
    let data = data(rows);
    let target = data.classes();
    let params = BoostParams { n_estimators: 30, min_samples_leaf: 100, ..plain() };
    let held = BoostParams { monotone: vec![1, 1, 0, 0], ..params.clone() };
    let free = log_loss(&data, &boost(&data, &target, None, rows, &params), &target, &params);
    let kept = log_loss(&data, &boost(&data, &target, None, rows, &held), &target, &held);
    assert!(kept < free + 0.02, "{kept} and {free}");
    let none = BoostParams { monotone: vec![0, 0, 0, 0], ..params.clone() };
    assert!(boost(&data, &target, None, rows, &none).trees == boost(&data, &target, None, rows, &params).trees);
}

#[test]
fn features_meet_only_where_a_set_has_them() {
    let rows = 3000;
    let data = data(rows);
    let target = data.classes();
    let sets: [&[&[usize]]; 4] = [&[&[0, 1], &[3]], &[&[0], &[1], &[2]], &[&[0, 1], &[1, 3]], &[&[2]]];
    for sets in sets {
        for colsample_bytree in [1.0, 0.6] {
            let params = BoostParams {
                n_estimators: 30,
                min_samples_leaf: 5,
                colsample_bytree,
                interactions: sets.iter().map(|s| s.to_vec()).collect(),
                ..plain()
            };
            let trees = boost(&data, &target, None, rows, &params).trees;
            let mut used = std::collections::BTreeSet::new();
            // The features on the path to each node; children come after their parents.
            let mut paths = vec![Vec::new(); trees.nodes()];
            for n in (0..trees.nodes()).filter(|&n| trees.feature[n] != LEAF) {
                let feature = trees.feature[n] as usize;
                used.insert(feature);
                let path: Vec<usize> = paths[n].iter().copied().chain([feature]).collect();
                assert!(sets.iter().any(|s| path.iter().all(|f| s.contains(f))), "{path:?} in {sets:?}");
                paths[trees.left[n] as usize].clone_from(&path);
                paths[trees.right[n] as usize] = path;
            }
            let all: std::collections::BTreeSet<usize> = sets.iter().flat_map(|s| s.iter().copied()).collect();
            assert!(!used.is_empty() && used.is_subset(&all), "{used:?} of {all:?}");
        }
    }
}

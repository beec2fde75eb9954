//! Neural networks: slopes against differences, the accuracy of scikit-learn's, and what must not change a model.
#![allow(missing_docs)]

mod tables;

use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::judge::shap::Shap;
use orchard_engine::learn::network::{fit, Former, NetworkFit, NetworkParams, Normalization, Optimizer, Rows};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{score_columns, train, Outcome, Request};
use orchard_engine::learn::Target;
use orchard_engine::model::{Activation, Encoding, Feature, FeatureStats, InputKind, Network, NetworkEntry, Norm};
use orchard_engine::score::{choose, Level};
use serde_json::{json, Value};
use tables::input;

/// Numbers from 0 to below 1 that look drawn.
fn unit(row: usize, salt: usize) -> f64 {
    (((row + 1) * (7919 + 104_729 * salt) + 31 * salt) % 100_003) as f64 / 100_003.0
}

/// Rows of two numbers, one of them missing now and then, a category of three levels and one of sixty, as scoring takes them.
struct Given {
    features: Vec<Feature>,
    columns: Vec<Vec<f64>>,
    weight: Vec<f64>,
}

fn given(rows: usize) -> Given {
    let number = |salt: usize| -> Vec<f64> { (0..rows).map(|r| 10.0 * unit(r, salt)).collect() };
    let mut second = number(2);
    (0..rows).step_by(7).for_each(|r| second[r] = f64::NAN);
    let levels = |count: usize, salt: usize| -> Vec<f64> {
        (0..rows).map(|r| if r % 13 == salt { f64::NAN } else { (unit(r, salt) * count as f64).floor() }).collect()
    };
    let columns = vec![number(1), second, levels(4, 3), levels(60, 4)];
    let feature = |(f, column): (usize, &Vec<f64>)| {
        let there: Vec<f64> = column.iter().copied().filter(|x| !x.is_nan()).collect();
        let mean = there.iter().sum::<f64>() / there.len() as f64;
        let variance = there.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / there.len() as f64;
        let names = |count: usize| (0..count).map(|l| format!("l{l:02}")).collect();
        Feature {
            name: format!("f{f}"),
            encoding: match f {
                0 | 1 => Encoding::Number,
                2 => Encoding::Category { levels: names(3) },
                _ => Encoding::Category { levels: names(59) },
            },
            stats: FeatureStats {
                missing: (rows - there.len()) as u64,
                minimum: there.iter().copied().fold(f64::INFINITY, f64::min),
                maximum: there.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                mean,
                stddev: variance.sqrt(),
                ..FeatureStats::default()
            },
        }
    };
    let features = columns.iter().enumerate().map(feature).collect();
    Given { features, columns, weight: (0..rows).map(|r| 0.5 + unit(r, 9)).collect() }
}

impl Given {
    fn fit(&self, target: &Target, params: &NetworkParams, former: Option<&Former>, names: &[String]) -> NetworkFit {
        let rows = Rows {
            features: &self.features,
            columns: &self.columns,
            target,
            weight: Some(&self.weight),
            fit_rows: target.len(),
        };
        fit(rows, params, None, former, names, &Control::default()).unwrap()
    }

    fn former(&self, body: &Network, names: &[String]) -> Former {
        Former { features: self.features.clone(), body: body.clone(), classes: names.to_vec() }
    }
}

/// The mean loss of a network as it is stored, in double precision; sums of a batch are scaled by that batch.
fn loss(body: &Network, given: &Given, target: &Target, penalty: f64) -> f64 {
    let rows = target.len();
    let first = body.layers[0].outputs as usize;
    let place = |x: f64, count: usize| if x.is_nan() { count - 1 } else { (x as usize).min(count - 2) };
    let (mut inputs, mut direct) = (vec![vec![0.0; body.inputs as usize]; rows], vec![vec![0.0; first]; rows]);
    for (entry, column) in body.entries.iter().zip(&given.columns) {
        for (row, &x) in column.iter().enumerate() {
            match entry {
                NetworkEntry::Number { at, missing, shift, scale, low, high } => {
                    if *at != NetworkEntry::NONE && !x.is_nan() {
                        inputs[row][*at as usize] = f64::from(((x.clamp(*low, *high) - shift) * scale) as f32);
                    }
                    if *missing != NetworkEntry::NONE && x.is_nan() {
                        inputs[row][*missing as usize] = 1.0;
                    }
                }
                NetworkEntry::Levels { values } => {
                    let at = place(x, values.len() / first) * first;
                    direct[row].iter_mut().zip(&values[at..]).for_each(|(to, v)| *to += f64::from(*v));
                }
                NetworkEntry::Embedding { at, dimension, values } => {
                    let width = *dimension as usize;
                    let from = place(x, values.len() / width) * width;
                    let to = inputs[row][*at as usize..].iter_mut();
                    to.zip(&values[from..from + width]).for_each(|(to, v)| *to = f64::from(*v));
                }
            }
        }
    }
    let mut squares = 0.0;
    for (l, layer) in body.layers.iter().enumerate() {
        let width = layer.outputs as usize;
        squares += layer.weights.iter().map(|w| f64::from(*w) * f64::from(*w)).sum::<f64>();
        let mut sums: Vec<Vec<f64>> = (0..rows)
            .map(|row| {
                (0..width)
                    .map(|j| {
                        let from = inputs[row].iter().enumerate();
                        let all: f64 = from.map(|(i, x)| x * f64::from(layer.weights[i * width + j])).sum();
                        all + f64::from(layer.bias[j]) + if l == 0 { direct[row][j] } else { 0.0 }
                    })
                    .collect()
            })
            .collect();
        if l + 1 == body.layers.len() {
            inputs = sums;
            break;
        }
        let scale = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / values.len() as f64;
            (mean, 1.0 / (variance + 1e-5).sqrt())
        };
        match &layer.norm {
            Norm::None => {}
            Norm::Layer { gain, shift } => {
                for row in &mut sums {
                    let (mean, by) = scale(row);
                    let all = row.iter_mut().zip(gain).zip(shift);
                    all.for_each(|((x, g), s)| *x = (*x - mean) * by * f64::from(*g) + f64::from(*s));
                }
            }
            Norm::Batch { gain, shift, .. } => {
                for j in 0..width {
                    let column: Vec<f64> = sums.iter().map(|row| row[j]).collect();
                    let (mean, by) = scale(&column);
                    sums.iter_mut().for_each(|row| {
                        row[j] = (row[j] - mean) * by * f64::from(gain[j]) + f64::from(shift[j]);
                    });
                }
            }
        }
        let act = |x: f64| match body.activation {
            Activation::Relu => x.max(0.0),
            Activation::Tanh => x.tanh(),
            Activation::Gelu => {
                0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x * x * x)).tanh())
            }
        };
        sums.iter_mut().flatten().for_each(|x| *x = act(*x));
        inputs = sums;
    }
    let mean = given.weight.iter().sum::<f64>() / rows as f64;
    let of = |row: usize| {
        let out = &inputs[row];
        let lost = match target {
            // Half the squared error, on the scale of the network.
            Target::Number(values) => 0.5 * (out[0] - (values[row] - body.shift) / body.scale).powi(2),
            Target::Class { codes, classes } if *classes == 2 => {
                let away = if codes[row] == 1 { -out[0] } else { out[0] };
                away.max(0.0) + (-away.abs()).exp().ln_1p()
            }
            Target::Class { codes, .. } => {
                let most = out.iter().copied().fold(f64::MIN, f64::max);
                most + out.iter().map(|x| (x - most).exp()).sum::<f64>().ln() - out[codes[row] as usize]
            }
        };
        given.weight[row] / mean * lost
    };
    (0..rows).map(of).sum::<f64>() / rows as f64 + 0.5 * penalty * squares
}

/// Every number that is learned, by a way to reach it.
fn reach(body: &mut Network) -> Vec<&mut f32> {
    let mut all = Vec::new();
    for entry in &mut body.entries {
        if let NetworkEntry::Levels { values } | NetworkEntry::Embedding { values, .. } = entry {
            all.extend(values);
        }
    }
    for layer in &mut body.layers {
        all.extend(&mut layer.weights);
        all.extend(&mut layer.bias);
        match &mut layer.norm {
            Norm::None => {}
            Norm::Batch { gain, shift, .. } | Norm::Layer { gain, shift } => {
                all.extend(gain);
                all.extend(shift);
            }
        }
    }
    all
}

/// The targets of a regression, of two classes and of three.
fn targets(given: &Given) -> Vec<(Target, Vec<String>)> {
    let rows = given.weight.len();
    let class = |row: usize, count: usize| (unit(row, 5) * count as f64) as u32;
    let names = |count: usize| (0..count).map(|c| format!("c{c}")).collect::<Vec<_>>();
    let numbers = (0..rows).map(|r| 3.0 * given.columns[0][r] + 5.0 * unit(r, 6)).collect();
    vec![
        (Target::Number(numbers), Vec::new()),
        (Target::Class { codes: (0..rows).map(|r| class(r, 2)).collect(), classes: 2 }, names(2)),
        (Target::Class { codes: (0..rows).map(|r| class(r, 3)).collect(), classes: 3 }, names(3)),
    ]
}

#[test]
fn a_step_goes_down_the_slope_that_differences_show() {
    let given = given(90);
    for (target, names) in targets(&given) {
        for (activation, normalization, penalty) in [
            (Activation::Tanh, Normalization::None, 0.0),
            (Activation::Gelu, Normalization::None, 0.0),
            (Activation::Relu, Normalization::None, 0.0),
            (Activation::Tanh, Normalization::Layer, 0.0),
            (Activation::Gelu, Normalization::Batch, 0.0),
            (Activation::Tanh, Normalization::None, 0.125),
        ] {
            let usual = NetworkParams {
                hidden_layers: vec![9, 5],
                activation,
                normalization,
                embedding_dimension: Some(3),
                early_stopping_rounds: None,
                ..NetworkParams::default()
            };
            // Weights that are no longer those of the start.
            let params = NetworkParams { epochs: 6, learning_rate: 0.01, batch_size: 16, ..usual.clone() };
            let before = given.fit(&target, &params, None, &names).body;
            let former = given.former(&before, &names);
            let rate = 0.25;
            let step = NetworkParams {
                epochs: 1,
                batch_size: 90,
                optimizer: Optimizer::Sgd,
                learning_rate: rate,
                momentum: 0.0,
                weight_decay: Some(penalty),
                warm_start: true,
                ..usual
            };
            let mut after = given.fit(&target, &step, Some(&former), &names).body;
            let mut start = before.clone();
            let count = reach(&mut start).len();
            let moved: Vec<f64> = reach(&mut after).iter().map(|w| f64::from(**w)).collect();
            let tables: usize = before
                .entries
                .iter()
                .map(|e| match e {
                    NetworkEntry::Levels { values } | NetworkEntry::Embedding { values, .. } => values.len(),
                    NetworkEntry::Number { .. } => 0,
                })
                .sum();
            let mut told = 0;
            for at in (0..count).step_by(5) {
                let value = *reach(&mut start)[at];
                let mut at_value = |x: f32| {
                    *reach(&mut start)[at] = x;
                    // Tables have no penalty here: they are not among the squares.
                    let found = loss(&start, &given, &target, if at < tables { 0.0 } else { penalty });
                    (found, f64::from(x))
                };
                let h = 1e-3;
                let (high, low) = (at_value(value + h), at_value(value - h));
                at_value(value);
                let mut slope = (high.0 - low.0) / (high.1 - low.1);
                if at < tables {
                    // A level that no row has is the mean of the others.
                    if slope == 0.0 {
                        continue;
                    }
                    slope += penalty * f64::from(value);
                }
                let found = (f64::from(value) - moved[at]) / rate;
                // Where an activation has an edge, differences go over it.
                let apart = if activation == Activation::Relu { 3e-3 } else { 2e-4 };
                assert!(
                    (found - slope).abs() < apart + 2e-3 * slope.abs(),
                    "{activation:?} {normalization:?} {names:?} {at} of {count}: {found}, not {slope}"
                );
                told += usize::from(slope.abs() > 1e-4);
            }
            assert!(told > count / 40, "{told} of {count} slopes are not 0");
        }
    }
}

/// Rows of which class 1 lies between two circles.
fn rings(rows: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
    let x: Vec<f64> = (0..rows).map(|r| 4.0 * unit(r, 1) - 2.0).collect();
    let y: Vec<f64> = (0..rows).map(|r| 40.0 * unit(r, 2) - 20.0).collect();
    let class = |(x, y): (&f64, &f64)| f64::from(u8::from((0.7..1.5).contains(&x.hypot(y / 10.0))));
    let target = x.iter().zip(&y).map(class).collect();
    (vec![x, y], target)
}

fn request(columns: &[Vec<f64>], target: &[f64], order: &[usize], options: &Value) -> (Request, Control) {
    let control = Control::default();
    let mut table = Vec::new();
    for (c, column) in columns.iter().chain([&target.to_vec()]).enumerate() {
        let own: Vec<f64> = order.iter().map(|r| column[*r]).collect();
        table.push(Column::from_numbers(&format!("x{c}"), &own, &control).unwrap());
    }
    let inputs = (0..columns.len()).map(|c| input(c, &format!("x{c}"), InputKind::Number)).collect();
    let algorithm = Algorithm::NeuralNetwork;
    let options = Options::parse(options, algorithm).unwrap();
    let request = tables::request(Table { rows: order.len(), columns: table }, inputs, algorithm, options);
    let own = input(columns.len(), &format!("x{}", columns.len()), InputKind::Number);
    (Request { target: Some(own), ..request }, control)
}

fn learn(columns: &[Vec<f64>], target: &[f64], options: &Value) -> Outcome {
    let order: Vec<usize> = (0..target.len()).collect();
    let (request, control) = request(columns, target, &order, options);
    train(request, &control).unwrap()
}

fn metric(found: &Outcome, name: &str) -> f64 {
    found.metrics.iter().find(|m| m.name == name).and_then(|m| m.value).unwrap()
}

#[test]
fn what_is_no_sum_is_learned() {
    let (columns, target) = rings(4000);
    for options in [
        json!({}),
        json!({"activation": "tanh", "learning_rate": 0.005}),
        json!({"activation": "gelu"}),
        json!({"normalization": "batch"}),
        json!({"normalization": "layer"}),
        json!({"optimizer": "sgd", "learning_rate": 0.1}),
        json!({"optimizer": "adamw", "learning_rate_schedule": "cosine", "learning_rate": 0.003}),
        json!({"learning_rate_schedule": "exponential", "learning_rate": 0.005}),
        json!({"learning_rate_schedule": "plateau", "dropout": 0.1}),
        json!({"hidden_layers": [48], "batch_size": 100, "learning_rate": 0.02, "weight_decay": 0.0001}),
    ] {
        let found = learn(&columns, &target, &options);
        let auc = metric(&found, "roc_auc");
        assert!(auc > 0.985, "{options}: {auc}");
        let epochs = &found.insight.epochs;
        assert_eq!(epochs.iter().filter(|e| e.kept).count(), 1, "{options}");
        assert!(epochs.len() > 3 && epochs.iter().all(|e| e.validation_loss.is_some()), "{options}");
        assert!(epochs[0].training_loss > epochs[epochs.len() - 1].training_loss, "{options}");
    }
}

#[test]
fn neither_threads_nor_instructions_nor_the_order_of_rows_change_a_model() {
    let (columns, target) = rings(1500);
    let backwards: Vec<usize> = (0..1500).rev().collect();
    let forwards: Vec<usize> = (0..1500).collect();
    for options in [
        json!({"epochs": 4}),
        json!({"epochs": 3, "batch_size": 1200, "dropout": 0.25, "hidden_layers": [100, 40, 17], "activation": "gelu"}),
        json!({"epochs": 3, "normalization": "batch", "activation": "tanh"}),
        json!({"epochs": 3, "normalization": "layer", "optimizer": "adamw"}),
    ] {
        let mut all = Vec::new();
        for (order, threads, level) in [
            (&forwards, 1, None),
            (&backwards, 3, None),
            (&forwards, 2, Some(Level::Scalar)),
            (&forwards, 2, Some(Level::Avx2)),
        ] {
            if level.is_some_and(|level: Level| !level.is_there()) {
                continue;
            }
            choose(level);
            let (request, control) = request(&columns, &target, order, &options);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            all.push(pool.install(|| train(request, &control)).unwrap().bytes);
            choose(None);
        }
        assert!(all.windows(2).all(|two| two[0] == two[1]), "{options}");
    }
}

#[test]
fn rows_are_scored_the_same_with_any_instructions() {
    let (columns, target) = rings(700);
    let found = learn(&columns, &target, &json!({"epochs": 3, "hidden_layers": [70, 33], "activation": "gelu"}));
    let score = |level| {
        choose(level);
        let scores = score_columns(&found.scorer, &columns, &Control::default()).unwrap();
        choose(None);
        scores
    };
    let widest = score(None);
    assert_eq!(widest, score(Some(Level::Scalar)));
    assert!(widest.iter().all(|p| (0.0..=1.0).contains(p)));
}

#[test]
fn a_former_version_is_gone_on_from() {
    let given = given(400);
    for (target, names) in targets(&given) {
        for normalization in [Normalization::None, Normalization::Batch, Normalization::Layer] {
            let params = NetworkParams {
                normalization,
                hidden_layers: vec![12, 6],
                epochs: 5,
                early_stopping_rounds: None,
                ..NetworkParams::default()
            };
            let first = given.fit(&target, &params, None, &names);
            let former = given.former(&first.body, &names);
            // A step so small that nothing moves: the same network.
            let still = NetworkParams { learning_rate: 1e-30, epochs: 1, warm_start: true, ..params.clone() };
            let mut second = given.fit(&target, &still, Some(&former), &names).body;
            let mut before = first.body.clone();
            let pairs = reach(&mut before).into_iter().zip(reach(&mut second));
            let far = pairs.map(|(a, b)| (*a - *b).abs()).fold(0.0f32, f32::max);
            assert!(far < 1e-6, "{normalization:?} {names:?}: {far}");
            // Its losses go on where they ended.
            let more = NetworkParams { warm_start: true, ..params.clone() };
            let third = given.fit(&target, &more, Some(&former), &names);
            let (ended, went_on) = (first.losses[4].training, third.losses[0].training);
            assert!(went_on < ended * 1.1 && third.losses[4].training < first.losses[0].training, "{ended} {went_on}");
        }
    }
    let (target, names) = targets(&given).remove(1);
    let params = NetworkParams { epochs: 2, hidden_layers: vec![12, 6], ..NetworkParams::default() };
    let former = given.former(&given.fit(&target, &params, None, &names).body, &names);
    let other = NetworkParams { hidden_layers: vec![12], warm_start: true, ..params };
    let rows = Rows {
        features: &given.features,
        columns: &given.columns,
        target: &target,
        weight: None,
        fit_rows: target.len(),
    };
    let error = fit(rows, &other, None, Some(&former), &names, &Control::default()).unwrap_err();
    let error = format!("{error:?}");
    assert!(error.contains("needs the layers of the version before") && error.contains("[12, 6]"), "{error}");
}

#[test]
fn weights_of_classes_do_not_bend_probabilities() {
    // One row in five is of class 1, whatever the number says.
    let rows = 4000;
    let columns = vec![(0..rows).map(|r| unit(r, 1)).collect::<Vec<f64>>()];
    let target: Vec<f64> = (0..rows).map(|r| f64::from(u8::from(unit(r, 2) < 0.2))).collect();
    let found = learn(&columns, &target, &json!({"class_weight": "balanced", "epochs": 10}));
    let scores = score_columns(&found.scorer, &columns, &Control::default()).unwrap();
    let mean = scores.iter().sum::<f64>() / rows as f64;
    assert!((mean - 0.2).abs() < 0.03, "{mean}");
}

#[test]
fn hard_tables_are_learned() {
    let nan = f64::NAN;
    let huge = vec![1e305, -1e305, 3.0, 4.0, f64::INFINITY, f64::NEG_INFINITY, nan, 8.0];
    let constant = vec![7.0; 8];
    let missing = vec![nan; 8];
    let tiny = vec![1e-310, 2e-310, 0.0, 1e-300, 5e-324, -1e-310, 0.0, 0.0];
    let numbers_of = [0.0, 1.0, 5.0, 2.0, 9.0, 4.0, 7.0, 3.5];
    let two = [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0];
    let large = [1e300, -1e300, 5.0, 2.0, 1e305, 4.0, 7.0, 3.5];
    for target in [numbers_of, two, large] {
        for options in [
            json!({"epochs": 3, "holdout": 0}),
            json!({"epochs": 3, "holdout": 0, "normalization": "batch", "batch_size": 3}),
            json!({"epochs": 3, "holdout": 0, "hidden_layers": []}),
            json!({"epochs": 3}),
            json!({"epochs": 3, "refit": true, "min_group": 3}),
        ] {
            let columns = vec![huge.clone(), constant.clone(), missing.clone(), tiny.clone()];
            let order: Vec<usize> = (0..8).collect();
            let (request, control) = request(&columns, &target, &order, &options);
            let found = match train(request, &control) {
                Ok(found) => found,
                Err(error) if options["min_group"] == 3 => {
                    assert!(format!("{error:?}").contains("min_group"), "{error:?}");
                    continue;
                }
                Err(error) => panic!("{options}: {error:?}"),
            };
            let used = found.scorer.model().inputs.len();
            let cells: Vec<Vec<f64>> =
                (0..used).map(|_| vec![nan, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, 0.0]).collect();
            let scores = score_columns(&found.scorer, &cells, &Control::default()).unwrap();
            assert!(scores.iter().all(|s| s.is_finite()), "{options}: {scores:?}");
        }
    }
}

#[test]
fn a_rate_that_is_too_large_is_told() {
    let (columns, target) = rings(300);
    let order: Vec<usize> = (0..300).collect();
    let options = json!({"learning_rate": 1e30, "optimizer": "sgd"});
    let (request, control) = request(&columns, &target, &order, &options);
    let error = format!("{:?}", train(request, &control).unwrap_err());
    assert!(error.contains("leaves all bounds in its first epoch"), "{error}");
}

#[test]
fn a_cancel_ends_it() {
    let (columns, target) = rings(300);
    let order: Vec<usize> = (0..300).collect();
    let (request, control) =
        request(&columns, &target, &order, &json!({"epochs": 100_000, "early_stopping_rounds": 0}));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(200));
            control.cancel();
        });
        assert!(matches!(train(request, &control), Err(orchard_engine::Error::Cancelled)));
    });
}

#[test]
fn levels_of_many_have_embeddings_and_what_is_new_is_their_mean() {
    let given = given(600);
    let (target, names) = targets(&given).remove(1);
    let params = NetworkParams { epochs: 3, hidden_layers: vec![8], ..NetworkParams::default() };
    let body = given.fit(&target, &params, None, &names).body;
    let width = 3;
    assert!(matches!(&body.entries[2], NetworkEntry::Levels { values } if values.len() == 5 * 8));
    let NetworkEntry::Embedding { dimension, values, .. } = &body.entries[3] else { panic!("no embedding") };
    assert_eq!(values.len(), 61 * *dimension as usize);
    assert!(*dimension > width && *dimension <= 50);
    let mut never = given.columns[3].clone();
    never.iter_mut().filter(|x| **x == 5.0).for_each(|x| *x = 6.0);
    let other = Given {
        columns: vec![given.columns[0].clone(), given.columns[1].clone(), given.columns[2].clone(), never],
        ..given
    };
    let body = other.fit(&target, &params, None, &names).body;
    let NetworkEntry::Embedding { dimension, values, .. } = &body.entries[3] else { panic!("no embedding") };
    let width = *dimension as usize;
    let weights = |level: usize| -> f64 {
        let is_level = |x: f64| if x.is_nan() { level == 60 } else { (x as usize).min(59) == level };
        other.columns[3].iter().zip(&other.weight).filter(|(x, _)| is_level(**x)).map(|(_, w)| w).sum()
    };
    let whole: f64 = other.weight.iter().sum();
    for d in 0..width {
        let mean: f64 = (0..61).map(|l| weights(l) / whole * f64::from(values[l * width + d])).sum();
        // The level that no row has weighs nothing.
        assert!((mean - f64::from(values[5 * width + d])).abs() < 1e-6);
    }
}

#[test]
fn a_network_is_explained_by_asking_it() {
    let (columns, target) = rings(800);
    let found = learn(&columns, &target, &json!({"epochs": 8}));
    let scorer = &found.scorer;
    let say = |x: f64, y: f64| {
        let mut out = [0.0];
        scorer.predict(&[x, y], &mut out);
        out[0]
    };
    let stats: Vec<f64> = scorer.model().features.iter().map(|f| f.stats.mean).collect();
    let control = Control::default();
    let rows: Vec<&[f64]> = columns.iter().map(|c| &c[..40]).collect();
    let mut values = vec![0.0; 80];
    let mut shap = Shap::new(scorer, &control).unwrap();
    let mean = shap.explain(&rows, 0, &mut values, &control).unwrap();
    assert_eq!(mean, say(stats[0], stats[1]));
    // Of two columns there are two orders.
    let of = |x: f64, y: f64, (a, b): (f64, f64)| 0.5 * (say(x, b) - say(a, b) + say(x, y) - say(a, y));
    for (row, own) in values.chunks(2).enumerate() {
        let (x, y) = (columns[0][row], columns[1][row]);
        assert!((own[0] - of(x, y, (stats[0], stats[1]))).abs() < 1e-12);
        assert!((mean + own[0] + own[1] - say(x, y)).abs() < 1e-12);
    }
    let background: Vec<Vec<f64>> = columns.iter().map(|c| c[100..107].to_vec()).collect();
    let mut shap = Shap::against(scorer, &background, &control).unwrap();
    let mean = shap.explain(&rows, 0, &mut values, &control).unwrap();
    let all = || (0..7).map(|b| (background[0][b], background[1][b]));
    assert!((mean - all().map(|(a, b)| say(a, b)).sum::<f64>() / 7.0).abs() < 1e-12);
    for (row, own) in values.chunks(2).enumerate() {
        let (x, y) = (columns[0][row], columns[1][row]);
        assert!((own[0] - all().map(|b| of(x, y, b)).sum::<f64>() / 7.0).abs() < 1e-12);
    }
}

#[test]
fn of_many_columns_orders_are_drawn_and_sum_to_the_answer() {
    let rows = 600;
    let columns: Vec<Vec<f64>> = (0..16).map(|c| (0..rows).map(|r| unit(r, c + 1)).collect()).collect();
    let target: Vec<f64> = (0..rows).map(|r| 10.0 * columns[0][r] - 4.0 * columns[1][r]).collect();
    let found = learn(&columns, &target, &json!({"epochs": 30, "hidden_layers": [], "learning_rate": 0.02}));
    let control = Control::default();
    let own: Vec<&[f64]> = columns.iter().map(|c| &c[..20]).collect();
    let mut values = vec![0.0; 320];
    let mut shap = Shap::new(&found.scorer, &control).unwrap();
    let mean = shap.explain(&own, 0, &mut values, &control).unwrap();
    let scores = score_columns(&found.scorer, &columns, &control).unwrap();
    for (row, values) in values.chunks(16).enumerate() {
        assert!((mean + values.iter().sum::<f64>() - scores[row]).abs() < 1e-9);
        // Without a hidden layer it is a line, of which orders do not matter.
        let slope = 10.0 * (columns[0][row] - found.scorer.model().features[0].stats.mean);
        assert!((values[0] - slope).abs() < 0.1 + 0.1 * slope.abs(), "{} {slope}", values[0]);
    }
}

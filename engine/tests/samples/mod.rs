//! Small models of every shape, for the tests of the codec and of scoring.
#![allow(dead_code, missing_docs)]

use orchard_engine::clean::program::{
    Case, Comparison, GroupFill, Kind, Levels, MomentPart, NumberOp, Op, Output, Pair, PairOp, Program, ReadOp, Source,
    TextOp,
};
use orchard_engine::clean::text::{Form, Method};
use std::sync::Arc;

use orchard_engine::forecast::calendar::{Calendar, Step};
use orchard_engine::lifetime::worth::Amounts;
use orchard_engine::lifetime::{bgnbd, spend};
use orchard_engine::model::additive::Part;
use orchard_engine::model::forecast::NONE;
use orchard_engine::model::recommender::{self, Sparse, TraitColumn, Traits};
use orchard_engine::model::*;
use orchard_engine::model::{Forecast, Lifetime};

/// A named model; the name is that of its golden file.
pub fn all() -> Vec<(&'static str, Model)> {
    vec![
        ("tree", tree()),
        ("multiclass", multiclass()),
        ("regression", regression()),
        ("boosted", boosted()),
        ("softmax", softmax()),
        ("class_trees", class_trees()),
        ("one_class", one_class()),
        ("kmeans", kmeans()),
        ("spaces", spaces()),
        ("mixture", mixture(Covariance::Full)),
        ("isolation", isolation()),
        ("pca", pca()),
        ("additive", additive()),
        ("density", density()),
        ("neighbors", neighbors()),
        ("network", network()),
        ("network_number", network_number()),
        ("machine", machine()),
        ("voting", voting()),
        ("stacking", stacking()),
        ("uplift", uplift()),
        ("recommender", recommender()),
        ("recommender_ratings", recommender_ratings()),
        ("recommender_rules", recommender_rules()),
        ("forecast", forecast()),
        ("lifetime", lifetime()),
        ("lifetime_purchases", lifetime_purchases()),
        ("ordered", ordered()),
        ("calibrated", calibrated()),
        ("calibrated_classes", calibrated_classes()),
        ("moments", moments()),
        ("text", text()),
        ("cleaned", cleaned()),
        ("filled", filled()),
        ("unmarked", unmarked()),
        ("one_vs_rest", with_link(softmax(), Link::Logistic)),
        ("share", with_link(boosted(), Link::Logistic)),
    ]
}

pub fn number(name: &str) -> Feature {
    let stats = FeatureStats { minimum: -1.5, maximum: 9.0, mean: 3.25, stddev: 2.0, missing: 2, ..Default::default() };
    Feature { name: name.into(), encoding: Encoding::Number, stats }
}

pub fn category(name: &str, levels: &[&str]) -> Feature {
    let levels: Vec<String> = levels.iter().map(|l| l.to_string()).collect();
    let stats = FeatureStats { level_rows: vec![5; levels.len() + 1], distinct: 9, ..Default::default() };
    Feature { name: name.into(), encoding: Encoding::Category { levels }, stats }
}

/// The same trees for another answer; of one output a number.
fn with_link(mut model: Model, link: Link) -> Model {
    if let Body::Trees(trees) = &mut model.body {
        trees.link = link;
        if trees.outputs == 1 {
            model.task = Task::Regression;
        }
    }
    model
}

/// One input a feature.
pub fn inputs(features: &[Feature]) -> Vec<Input> {
    let input = |(i, f): (usize, &Feature)| {
        let kind = match f.encoding {
            Encoding::Number => InputKind::Number,
            _ => InputKind::Category,
        };
        Input { name: f.name.clone(), kind, first: i as u32, count: 1 }
    };
    features.iter().enumerate().map(input).collect()
}

pub fn model(features: Vec<Feature>, task: Task, body: Body) -> Model {
    Model { inputs: inputs(&features), features, task, body, cleaning: None }
}

pub fn classes(labels: &[&str], positive: u32) -> Task {
    Task::Classification { classes: labels.iter().map(|l| l.to_string()).collect(), positive }
}

/// Trees without a node, to be filled by [`leaf`] and [`split`].
pub fn empty(outputs: u32, link: Link) -> Trees {
    Trees { outputs, base: vec![0.0; outputs as usize], link, ..Default::default() }
}

fn node(trees: &mut Trees, feature: u32, left: u32, right: u32) -> usize {
    trees.feature.push(feature);
    trees.threshold.push(0.0);
    trees.left.push(left);
    trees.right.push(right);
    trees.missing_left.push(false);
    trees.set.push(0);
    trees.cover.push(10.0);
    trees.rows.push(10);
    trees.gain.push(if feature == LEAF { 0.0 } else { 0.5 });
    trees.feature.len() - 1
}

pub fn leaf(trees: &mut Trees, values: &[f64]) {
    let start = trees.values.len() as u32;
    trees.values.extend_from_slice(values);
    node(trees, LEAF, start, 0);
}

/// A leaf that speaks of one output alone.
#[allow(dead_code, reason = "not of every test that has this module")]
pub fn leaf_of(trees: &mut Trees, output: u32, value: f64) {
    let start = trees.values.len() as u32;
    trees.values.push(value);
    node(trees, LEAF, start, output + 1);
}

/// A numeric split of the node that comes next.
pub fn split(trees: &mut Trees, feature: u32, threshold: f64, missing_left: bool, left: u32, right: u32) {
    let n = node(trees, feature, left, right);
    trees.threshold[n] = threshold;
    trees.missing_left[n] = missing_left;
}

/// A split by a set of codes.
pub fn split_set(trees: &mut Trees, feature: u32, words: &[u64], missing_left: bool, left: u32, right: u32) {
    let n = node(trees, feature, left, right);
    trees.missing_left[n] = missing_left;
    trees.sets.push(CategorySet { start: trees.words.len() as u32, len: words.len() as u32 });
    trees.words.extend_from_slice(words);
    trees.set[n] = trees.sets.len() as u32;
}

/// Two classes, a number, a category and an array of two.
pub fn tree() -> Model {
    let features = vec![number("bid"), category("device", &["", "phone", "tablet"]), number("e[1]"), number("e[2]")];
    let mut t = empty(1, Link::Identity);
    t.roots = vec![0];
    split(&mut t, 0, 2.5, true, 1, 2);
    split_set(&mut t, 1, &[0b1010], false, 3, 4);
    split(&mut t, 3, -0.0, false, 5, 6);
    [0.25, 1.0, 0.0, 0.625].iter().for_each(|&p| leaf(&mut t, &[p]));
    let mut m = model(features, classes(&["no", "yes"], 1), Body::Trees(t));
    m.inputs.truncate(2);
    m.inputs.push(Input { name: "e".into(), kind: InputKind::Array, first: 2, count: 2 });
    m
}

/// The model of [`tree`] behind a cleaning that has every operation, of which it needs some.
pub fn cleaned() -> Model {
    let source = |name: &str, kind| Source { name: name.into(), kind };
    let levels = || Levels { levels: vec!["a".into(), "b".into()], numbers: vec![0.5, 1.5], other: 0.25 };
    let texts = |list: &[&str]| -> Vec<String> { list.iter().map(|t| t.to_string()).collect() };
    let mut ops = vec![Op::Read { from: 0, op: ReadOp::PlainNumber { comma: false, percent: true } }];
    let number = ops.len() as u32 + 3;
    let text_ops = [
        TextOp::FoldSpace,
        TextOp::Normalize(Form::Nfkc),
        TextOp::AsciiCase(Case::Lower),
        TextOp::Case(Case::Upper),
        TextOp::NullIf(texts(&["?", "-"])),
        TextOp::Map { from: texts(&["a", "b"]), to: vec![None, Some("c".into())], other: Some(None) },
        TextOp::Keep { levels: texts(&["phone", "tablet"]), other: "other".into() },
        TextOp::Fill("x".into()),
    ];
    ops.extend(text_ops.map(|op| Op::Text { from: 1, op }));
    let device = ops.len() as u32 + 3 - 2;
    let read_ops = [
        ReadOp::Number { comma: Some(true) },
        ReadOp::Boolean { yes: texts(&["ja"]), no: texts(&["nein"]) },
        ReadOp::Timestamp(Some("YYYY-MM-DD".into())),
        ReadOp::Date(None),
        ReadOp::Map(levels()),
        ReadOp::Is("a".into()),
        ReadOp::IsIn { values: texts(&["a"]), negate: true },
        ReadOp::Characters,
        ReadOp::Words,
        ReadOp::Digits,
        ReadOp::Capitals,
    ];
    let moment = ops.len() as u32 + 3 + 2;
    ops.extend(read_ops.map(|op| Op::Read { from: 1, op }));
    let number_ops = [
        NumberOp::NullIf(vec![-999.0]),
        NumberOp::Map(vec![1.0], vec![2.0]),
        NumberOp::Fill(0.0),
        NumberOp::Clip(-1.0, 5.5),
        NumberOp::NullOutside(0.0, 9.0),
        NumberOp::IsOutside(0.0, 9.0),
        NumberOp::Scale { shift: 1.0, scale: 2.0 },
        NumberOp::Log,
        NumberOp::Bin(vec![0.0, 1.0]),
        NumberOp::Place(vec![3.0]),
        NumberOp::Compare(Comparison::LessOrEqual, 3.0),
        NumberOp::IsIn(vec![1.0]),
        NumberOp::Is(1.0),
    ];
    ops.extend(number_ops.map(|op| Op::Number { from: number - 1, op }));
    let bid = ops.len() as u32 + 3 - 11;
    ops.push(Op::Number { from: moment, op: NumberOp::Part(MomentPart::Weekend) });
    ops.push(Op::Number { from: moment, op: NumberOp::Moment(Kind::Date) });
    ops.push(Op::IsMissing { from: 1 });
    ops.push(Op::Spell { from: number - 1 });
    ops.push(Op::Mask { from: 1, method: Method::HashAll, salt: "s".into() });
    let pairs = [PairOp::Ratio, PairOp::Difference];
    ops.extend(pairs.map(|op| Op::Pair(Pair { left: number - 1, right: number - 1, op })));
    ops.push(Op::Pair(Pair { left: moment, right: moment, op: PairOp::Days }));
    ops.push(Op::Pair(Pair { left: 1, right: 1, op: PairOp::ByFold(vec![levels(), levels()]) }));
    ops.push(Op::GroupFill(GroupFill { from: number - 1, group: 1, levels: levels() }));
    let output = |name: &str, register| Output { name: name.into(), register };
    let program = Program {
        inputs: vec![source("offer", Kind::Text), source("device", Kind::Text), source("e", Kind::Other)],
        ops,
        outputs: vec![output("bid", bid), output("device", device), output("e", 2)],
    };
    let raw = |name: &str, kind| RawColumn { name: name.into(), kind, zone: None };
    let columns = vec![
        raw("offer", InputKind::Category),
        raw("device", InputKind::Category),
        RawColumn { name: "e".into(), kind: InputKind::Array, zone: None },
    ];
    let target = Some(Program::new(vec![source("clicked", Kind::Text)]));
    Model { cleaning: Some(Cleaning { columns, program, target }), ..tree() }
}

/// The model of [`tree`] behind the operations of cleaning that came after those of [`cleaned`].
pub fn filled() -> Model {
    let cleaning = cleaned().cleaning.unwrap();
    let ops = vec![
        Op::Read { from: 0, op: ReadOp::PlainNumber { comma: false, percent: false } },
        Op::Text { from: 1, op: TextOp::Fill("phone".into()) },
        Op::Coalesce { from: 1, other: 4 },
        Op::Read { from: 1, op: ReadOp::Date(None) },
        Op::Number { from: 6, op: NumberOp::Compare(Comparison::Less, 9_497.0) },
    ];
    let output = |name: &str, register| Output { name: name.into(), register };
    let outputs = vec![output("bid", 3), output("device", 5), output("e", 2)];
    let program = Program { ops, outputs, ..cleaning.program };
    Model { cleaning: Some(Cleaning { program, target: None, ..cleaning }), ..tree() }
}

/// The model of [`tree`] behind what came after those of [`filled`].
pub fn unmarked() -> Model {
    let cleaning = cleaned().cleaning.unwrap();
    let ops = vec![
        Op::Read { from: 0, op: ReadOp::PlainNumber { comma: false, percent: false } },
        Op::Text { from: 1, op: TextOp::StripMark },
    ];
    let output = |name: &str, register| Output { name: name.into(), register };
    let outputs = vec![output("bid", 3), output("device", 4), output("e", 2)];
    let program = Program { ops, outputs, ..cleaning.program };
    Model { cleaning: Some(Cleaning { program, target: None, ..cleaning }), ..tree() }
}

/// A text whose levels have numbers.
pub fn ordered() -> Model {
    let mut ad = category("ad", &["a", "b", "c", "d"]);
    ad.encoding = Encoding::Ordered { levels: ad.encoding.levels().to_vec(), keys: vec![0.5, -1.0, 0.25, 0.5, 0.125] };
    let mut t = empty(1, Link::Identity);
    t.roots = vec![0];
    split(&mut t, 0, 0.25, true, 1, 2);
    split(&mut t, 0, -1.0, false, 3, 4);
    [0.75, 0.5, 0.25].iter().for_each(|&p| leaf(&mut t, &[p]));
    model(vec![ad], classes(&["no", "yes"], 1), Body::Trees(t))
}

/// A timestamp with time zone, a date and a timestamp, with some of their parts.
pub fn moments() -> Model {
    let with = |name: &str, encoding| Feature { encoding, ..number(name) };
    let features = vec![
        with("at", Encoding::Clock { zone: "Europe/Berlin".into() }),
        with("at.month", Encoding::Part(DatePart::Month)),
        with("at.day", Encoding::Part(DatePart::Day)),
        with("at.hour", Encoding::Part(DatePart::Hour)),
        number("on"),
        with("on.weekday", Encoding::Part(DatePart::Weekday)),
        number("then"),
    ];
    let mut t = empty(1, Link::Identity);
    t.roots = vec![0];
    split(&mut t, 3, 11.5, true, 1, 2);
    split(&mut t, 5, 5.5, false, 3, 4);
    split(&mut t, 0, 86_400.0, true, 5, 6);
    [1.0, 2.0, 3.0, 4.0].iter().for_each(|&v| leaf(&mut t, &[v]));
    let mut m = model(features, Task::Regression, Body::Trees(t));
    let input = |name: &str, kind, first, count| Input { name: name.into(), kind, first, count };
    m.inputs = vec![
        input("at", InputKind::Timestamptz, 0, 4),
        input("on", InputKind::Date, 4, 2),
        input("then", InputKind::Timestamp, 6, 1),
    ];
    m
}

/// A free text beside a category.
pub fn text() -> Model {
    let token = |token: &str, idf| Feature {
        name: format!("copy:{token}"),
        encoding: Encoding::Token { token: token.into(), idf },
        ..number("")
    };
    let words = Feature { encoding: Encoding::Words, ..number("copy.words") };
    let features =
        vec![category("device", &["phone"]), words, token("free", 1.5), token("paris", 2.0), token("跑步", 3.25)];
    let mut t = empty(1, Link::Identity);
    t.roots = vec![0];
    split(&mut t, 2, 1.0, true, 1, 2);
    split(&mut t, 1, 3.5, false, 3, 4);
    split(&mut t, 4, 3.5, true, 5, 6);
    [0.25, 0.5, 0.625, 0.75].iter().for_each(|&v| leaf(&mut t, &[v]));
    let mut m = model(features, classes(&["no", "yes"], 1), Body::Trees(t));
    m.inputs = vec![
        Input { name: "device".into(), kind: InputKind::Category, first: 0, count: 1 },
        Input { name: "copy".into(), kind: InputKind::Text, first: 1, count: 4 },
    ];
    m
}

/// Boosted trees through a curve of knots.
pub fn calibrated() -> Model {
    let mut m = boosted();
    let curve = Curve::Isotonic { from: vec![0.0, 0.25, 0.5, 0.75], to: vec![0.0, 0.125, 0.5, 1.0] };
    if let Body::Trees(t) = m.body {
        m.body = Body::trees(t, vec![curve]);
    }
    m
}

/// A tree of three classes, each with a curve.
pub fn calibrated_classes() -> Model {
    let mut m = multiclass();
    let curves = vec![
        Curve::Sigmoid { slope: 0.5, intercept: -0.25 },
        Curve::Isotonic { from: vec![0.5], to: vec![0.25] },
        Curve::Sigmoid { slope: 0.0, intercept: 1.0 },
    ];
    if let Body::Trees(t) = m.body {
        m.body = Body::trees(t, curves);
    }
    m
}

pub fn multiclass() -> Model {
    let mut t = empty(3, Link::Identity);
    t.roots = vec![0];
    split(&mut t, 0, 7.0, false, 1, 2);
    leaf(&mut t, &[0.5, 0.25, 0.25]);
    leaf(&mut t, &[0.0, 0.125, 0.875]);
    let mut m = model(vec![number("day")], classes(&["a", "b", "ü"], 2), Body::Trees(t));
    m.inputs[0].kind = InputKind::Date;
    m
}

pub fn regression() -> Model {
    let mut t = empty(1, Link::Identity);
    t.roots = vec![0];
    split(&mut t, 0, f64::NEG_INFINITY, true, 1, 2);
    leaf(&mut t, &[-12.5]);
    leaf(&mut t, &[1e300]);
    let mut m = model(vec![number("sold")], Task::Regression, Body::Trees(t));
    m.inputs[0].kind = InputKind::Boolean;
    m
}

/// Two trees through the logistic link; the positive class is the first.
pub fn boosted() -> Model {
    let mut t = empty(1, Link::Logistic);
    t.base = vec![-0.5];
    t.roots = vec![0, 3];
    split(&mut t, 0, 1.0, false, 1, 2);
    leaf(&mut t, &[-1.0]);
    leaf(&mut t, &[2.0]);
    split_set(&mut t, 1, &[1, 1 << 7], true, 4, 5);
    leaf(&mut t, &[0.125]);
    leaf(&mut t, &[-0.75]);
    let levels: Vec<String> = (0..90).map(|i| format!("ad-{i:02}")).collect();
    let levels: Vec<&str> = levels.iter().map(String::as_str).collect();
    model(vec![number("x"), category("ad", &levels)], classes(&["f", "t"], 0), Body::Trees(t))
}

/// Two trees of three outputs, averaged, through softmax.
pub fn softmax() -> Model {
    let mut t = empty(3, Link::Softmax);
    t.base = vec![0.1, 0.2, 0.3];
    t.average = true;
    t.roots = vec![0, 1];
    leaf(&mut t, &[1.0, 2.0, 3.0]);
    split(&mut t, 0, 0.5, true, 2, 3);
    leaf(&mut t, &[-800.0, 0.0, 1.0]);
    leaf(&mut t, &[0.0, 900.0, 1.0]);
    model(vec![number("x")], classes(&["1", "2", "3"], 0), Body::Trees(t))
}

/// A tree for each of three classes.
pub fn class_trees() -> Model {
    let mut t = empty(3, Link::Softmax);
    t.base = vec![0.1, 0.2, 0.3];
    t.roots = vec![0, 1, 4];
    leaf_of(&mut t, 2, 1.5);
    split(&mut t, 0, 0.5, true, 2, 3);
    leaf_of(&mut t, 0, -2.0);
    leaf_of(&mut t, 0, 0.25);
    leaf_of(&mut t, 1, 0.75);
    model(vec![number("x")], classes(&["1", "2", "3"], 0), Body::Trees(t))
}

/// Training saw the negative class only.
pub fn one_class() -> Model {
    let mut t = empty(1, Link::Identity);
    t.roots = vec![0];
    leaf(&mut t, &[1.0]);
    model(vec![number("x")], classes(&["false"], 1), Body::Trees(t))
}

/// Paths of an isolation forest.
pub fn isolation() -> Model {
    let mut t = empty(1, Link::Log);
    t.average = true;
    t.roots = vec![0, 3];
    split(&mut t, 0, 2.5, false, 1, 2);
    leaf(&mut t, &[-0.75]);
    leaf(&mut t, &[-0.125]);
    leaf(&mut t, &[-0.625]);
    model(vec![number("spend")], Task::Anomaly, Body::Trees(t))
}

pub fn kmeans() -> Model {
    let axes = vec![
        Axis::Number { fill: 2.0, shift: 1.0, scale: 0.5, low: -10.0, high: 10.0 },
        Axis::Category { dimension: vec![0, u32::MAX, 1], missing: 1, count: 2, scale: 0.75 },
    ];
    let centres = vec![0.5, 0.75, 0.0, -2.0, 0.0, 0.5];
    let body = KMeans { axes, dimensions: 3, centres, sizes: vec![30, 12], inertia: 4.5 };
    let features = vec![number("spend"), category("city", &["Lyon", "Paris"])];
    model(features, Task::Clustering, Body::KMeans(body))
}

/// Segments by a logarithm and by the direction of two numbers.
pub fn spaces() -> Model {
    let element = |count| Axis::Element { count, scale: 1.5, low: -4.0, high: 4.0 };
    let axes = vec![
        Axis::Logarithm { unit: 4.0, fill: 1.5, shift: 1.25, scale: 0.5, low: 0.0, high: 1e6 },
        element(0),
        element(2),
    ];
    let centres = vec![0.5, 1.5, 0.0, -0.5, 0.0, -1.5];
    let body = KMeans { axes, dimensions: 3, centres, sizes: vec![30, 12], inertia: 4.5 };
    model(vec![number("spend"), number("x"), number("y")], Task::Clustering, Body::KMeans(body))
}

/// A sum of what a number and a category say, for three classes.
pub fn additive() -> Model {
    let coefficient = |feature, of, output, value, std_error| Coefficient { feature, of, output, value, std_error };
    let body = Additive {
        outputs: 3,
        intercept: vec![0.5, -0.25, 0.0],
        terms: vec![
            Term::Number {
                low: -1.0,
                high: 9.0,
                shift: 0.0,
                slope: vec![0.25, -0.5, 0.0],
                square: vec![],
                missing: vec![0.5, -1.0, 0.0],
            },
            Term::Levels {
                values: vec![0.75, 0.0, -0.75, 0.125, 0.0, -0.125, 0.25, 0.0, -0.25],
                missing: vec![0.0, 0.0, 0.0],
            },
        ],
        means: vec![0.5, -1.0, 0.0, 0.25, 0.0, -0.25],
        link: Link::Softmax,
        coefficients: vec![
            coefficient(Coefficient::INTERCEPT, Part::Whole, 0, 0.5, Some(0.125)),
            coefficient(0, Part::Whole, 1, -0.5, None),
            coefficient(1, Part::Reference(0), 0, 0.0, None),
            coefficient(1, Part::Level(2), 0, -0.5, Some(0.25)),
        ],
        fit: FitStatistics {
            degrees: 0.0,
            dispersion: 1.0,
            deviance: 9.0,
            null_deviance: 12.0,
            alpha: 1.0,
            l1_ratio: 0.0,
            iterations: 7,
        },
    };
    let features = vec![number("spend"), category("city", &["Lyon", "Paris"])];
    model(features, classes(&["a", "b", "c"], 0), Body::Additive(body))
}

/// Two components of three dimensions.
pub fn pca() -> Model {
    let axes = vec![
        Axis::Number { fill: 2.0, shift: 1.0, scale: 0.5, low: -10.0, high: 10.0 },
        Axis::Category { dimension: vec![0, u32::MAX, 1], missing: 1, count: 2, scale: 0.75 },
    ];
    let components = vec![0.75, 0.5, -0.25, -0.5, 0.75, 0.125];
    let (mean, variance) = (vec![0.25, 0.5, 0.125], vec![1.5, 0.25]);
    let body = Projection { axes, dimensions: 3, mean, components, variance, total_variance: 2.0, whiten: true };
    let features = vec![number("spend"), category("city", &["Lyon", "Paris"])];
    model(features, Task::Reduction, Body::Projection(body))
}

/// The space and segments of [`kmeans`], found by three core rows.
pub fn density() -> Model {
    let mut model = kmeans();
    if let Body::KMeans(clusters) = model.body {
        model.body = Body::Density(Density {
            clusters,
            eps: 0.75,
            min_samples: 5,
            cores: vec![0.5, 0.75, 0.0, 0.25, 0.75, 0.0, -2.0, 0.0, 0.75],
            labels: vec![1, 1, 0],
            numbers: vec![1, 0],
            noise: 8,
        });
    }
    model
}

/// Three points in the space of [`kmeans`].
pub fn machine() -> Model {
    let mut model = neighbors();
    if let Body::Neighbors(rows) = model.body {
        model.body = Body::Machine(Machine {
            axes: rows.axes,
            dimensions: rows.dimensions,
            gamma: 0.5,
            points: rows.points,
            outputs: 3,
            weights: vec![1.5, -0.5, 0.0, -2.0, 0.25, 1.0, 0.0, 3.0, -1.25],
            intercept: vec![0.5, -0.25, 0.0],
            link: Link::Softmax,
        });
    }
    model
}

pub fn neighbors() -> Model {
    let mut model = kmeans();
    if let Body::KMeans(clusters) = model.body {
        model.task = classes(&["a", "b", "c"], 0);
        model.body = Body::Neighbors(Neighbors {
            axes: clusters.axes,
            dimensions: clusters.dimensions,
            points: vec![0.5, 0.75, 0.0, 0.25, 0.75, 0.0, -2.0, 0.0, 0.75],
            known: Known::Classes(vec![1, 0, 2]),
            weights: vec![1.0, 3.0, 2.5],
            n_neighbors: 5,
            weighting: Weighting::Distance,
        });
    }
    model
}

/// A network of a number, a category and an embedded one, for three classes.
pub fn network() -> Model {
    let layer = |inputs: usize, outputs: u32, norm| Layer {
        outputs,
        weights: (0..inputs * outputs as usize).map(|i| (i % 7) as f32 / 4.0 - 0.75).collect(),
        bias: (0..outputs).map(|i| i as f32 / 8.0 - 0.125).collect(),
        norm,
    };
    let body = Network {
        inputs: 4,
        entries: vec![
            NetworkEntry::Number { at: 0, missing: 1, shift: 2.0, scale: 0.5, low: -8.0, high: 12.0 },
            NetworkEntry::Levels { values: vec![0.5, -0.5, 0.25, 1.0, 0.0, -1.0, 0.125, 0.75] },
            NetworkEntry::Embedding { at: 2, dimension: 2, values: vec![0.5, 0.25, -0.5, 0.75, 0.0, 1.0] },
        ],
        activation: Activation::Gelu,
        layers: vec![
            layer(
                4,
                2,
                Norm::Batch {
                    mean: vec![0.25, -0.5],
                    by: vec![0.5, 2.0],
                    gain: vec![1.0, 0.75],
                    shift: vec![0.0, 0.25],
                },
            ),
            layer(2, 3, Norm::None),
        ],
        shift: 0.0,
        scale: 1.0,
        link: Link::Softmax,
    };
    let features = vec![number("spend"), category("city", &["Lyon", "Paris"]), category("ad", &["a1"])];
    model(features, classes(&["a", "b", "c"], 0), Body::Network(body))
}

/// A network that predicts a number.
pub fn network_number() -> Model {
    let mut m = network();
    m.task = Task::Regression;
    if let Body::Network(body) = &mut m.body {
        body.activation = Activation::Tanh;
        body.layers[0].norm = Norm::Layer { gain: vec![1.0, 0.5], shift: vec![0.25, 0.0] };
        body.layers[1] = Layer { outputs: 1, weights: vec![0.5, -1.5], bias: vec![0.25], norm: Norm::None };
        (body.shift, body.scale, body.link) = (40.0, 8.0, Link::Identity);
    }
    m
}

/// A sum and three points, each with levels of its own.
pub fn voting() -> Model {
    let mut sum = additive();
    if let Encoding::Category { levels } = &mut sum.features[1].encoding {
        levels[1] = "Nice".into();
    }
    let member = |algorithm: &str, places: Vec<u32>, model: Model| Member {
        algorithm: algorithm.into(),
        places,
        model: Arc::new(model),
    };
    let members = vec![
        member("logistic_regression", vec![2, 1], sum),
        member("knn", vec![2, 1], neighbors()),
        member("random_forest", vec![1, 0], three()),
    ];
    let body = Ensemble { members, join: Join::Mean(vec![1.0, 0.0, 2.5]) };
    let features = vec![number("age"), category("city", &["Lyon", "Nice", "Paris"]), number("spend")];
    model(features, classes(&["a", "b", "c"], 0), Body::Ensemble(body))
}

/// The mean of a tree that asks for a category and a number, of three classes.
fn three() -> Model {
    let mut trees = empty(3, Link::Identity);
    trees.average = true;
    trees.roots = vec![0];
    split_set(&mut trees, 0, &[0b01], true, 1, 2);
    leaf(&mut trees, &[0.5, 0.25, 0.25]);
    leaf(&mut trees, &[0.0, 1.0, 0.0]);
    let features = vec![category("city", &["Lyon"]), number("age")];
    model(features, classes(&["a", "b", "c"], 0), Body::Trees(trees))
}

/// The effects of two treatments by three models of numbers.
pub fn uplift() -> Model {
    let of = |algorithm: &str| {
        let mut model = regression();
        if let Body::Trees(trees) = &mut model.body {
            trees.values = vec![-12.5, 4.0];
        }
        let places = (0..model.features.len() as u32).collect();
        Member { algorithm: algorithm.into(), places, model: Arc::new(model) }
    };
    let members = vec![of("expected without treatment"), of("expected with a call"), of("expected with a letter")];
    let features = regression().features;
    let body = Ensemble { members, join: Join::Effects(vec![-1.0, 1.0, 0.0, -1.0, 0.0, 0.75]) };
    let treatments = vec!["call".to_owned(), "letter".to_owned()];
    let task = Task::Uplift { treatments, control: "none".into(), classes: Vec::new(), positive: 0 };
    model(features, task, Body::Ensemble(body))
}

/// The same members under a sum of what they say.
pub fn stacking() -> Model {
    let mut model_of = voting();
    let Body::Ensemble(body) = &mut model_of.body else { return model_of };
    let names: Vec<String> =
        body.members.iter().flat_map(|m| ["a", "b", "c"].map(|class| format!("{}: {class}", m.algorithm))).collect();
    let features: Vec<Feature> = names.iter().map(|name| number(name)).collect();
    let term = |at: usize| Term::Number {
        low: 0.0,
        high: 1.0,
        shift: 0.25,
        slope: vec![at as f64, -1.5, 0.5],
        square: Vec::new(),
        missing: vec![0.0, 0.5, -0.5],
    };
    let last = Additive {
        outputs: 3,
        intercept: vec![0.5, -0.25, 0.0],
        terms: (0..features.len()).map(term).collect(),
        means: vec![0.125; 3 * features.len()],
        link: Link::Softmax,
        coefficients: Vec::new(),
        fit: FitStatistics::default(),
    };
    body.join = Join::Model(Arc::new(model(features, classes(&["a", "b", "c"], 0), Body::Additive(last))));
    model_of
}

/// A mixture in the space of [`kmeans`].
pub fn mixture(covariance: Covariance) -> Model {
    let mut m = kmeans();
    let Body::KMeans(clusters) = m.body else { return m };
    let triangles = vec![2.0, -0.5, 1.5, 0.25, -1.0, 1.25, 1.0, 0.75, 2.5, 0.0, 0.5, 1.0];
    let (d, k) = (clusters.dimensions as usize, clusters.sizes.len());
    let precisions = match covariance {
        Covariance::Full | Covariance::Tied => triangles[..covariance.numbers(k, d).unwrap_or(0)].to_vec(),
        Covariance::Diagonal => vec![2.0, 1.5, 1.25, 1.0, 2.5, 1.0],
        Covariance::Spherical => vec![1.5, 0.75],
    };
    let (log_weights, log_peaks) = (vec![-0.25, -1.5], vec![-1.0, -1.75]);
    m.body = Body::Mixture(Mixture { clusters, log_weights, log_peaks, covariance, precisions });
    m
}

/// Forecasts of two steps of two shops and, as their sum, of all.
pub fn forecast() -> Model {
    let body = Forecast {
        calendar: Calendar::new(Step::Months(1), &[0, 31 * 86_400_000_000]),
        horizon: 2,
        level: 0.9,
        numbers: vec![Vec::new(), vec![1.0, 2.5]],
        keys: vec![0, 0, 1, 1, NONE, NONE],
        depths: vec![2, 2, 0],
        first: vec![2, 2, 1],
        methods: vec!["ets".into(), "theta".into()],
        method: vec![0, 1, 0],
        scales: vec![1.5, 0.0, 2.0],
        mean: vec![10.0, 11.0, 20.0, 21.0, 30.5, 31.5],
        low: vec![8.0, 8.5, 20.0, 21.0, 28.0, 27.5],
        high: vec![12.0, 13.5, 20.0, 21.0, 33.0, 35.5],
    };
    let mut m = model(
        vec![category("region", &["north", "south"]), number("shop"), number("day")],
        Task::Forecast,
        Body::Forecast(body),
    );
    m.inputs[2].kind = InputKind::Date;
    m
}

/// What customers buy and spend.
pub fn lifetime() -> Model {
    let body = Lifetime {
        period: 7.0,
        end: 9_400,
        times: bgnbd::Parameters { r: 0.25, alpha: 4.5, a: 0.75, b: 2.5 },
        amounts: Amounts::Model(spend::Parameters { p: 6.25, q: 3.75, v: 15.5 }),
        horizon: 52.0,
        discount_rate: 0.001,
    };
    let features = ["frequency", "recency", "age", "mean_amount"].map(number).to_vec();
    model(features, Task::Lifetime, Body::Lifetime(body))
}

/// What customers buy, without amounts.
pub fn lifetime_purchases() -> Model {
    let mut m = lifetime();
    if let Body::Lifetime(body) = &mut m.body {
        body.amounts = Amounts::None;
    }
    m.features.pop();
    m.inputs.pop();
    m
}

/// Factors of three users and two items, with what describes users.
pub fn recommender() -> Model {
    let age = TraitColumn { feature: 2, cuts: vec![30.0], levels: sparse(&[&[(0, 1.0)], &[(1, 1.0)]]) };
    let body = Recommender {
        method: recommender::Method::Factors,
        explicit: false,
        users: Vec::new(),
        items: vec![7.0, 12.5],
        seen: sparse(&[&[(0, 1.0), (1, 2.0)], &[(1, 1.0)], &[]]),
        factors: 2,
        user_factors: vec![0.5, -0.25, 1.0, 0.75, 0.0, 0.125],
        item_factors: vec![1.0, 0.5, -0.5, 0.25],
        user_bias: Vec::new(),
        item_bias: Vec::new(),
        mean: 0.0,
        low: 0.0,
        high: 0.0,
        regularization: 0.01,
        alpha: 1.0,
        gram: vec![1.25, 0.375, 0.375, 0.3125],
        neighbors: Sparse::default(),
        rules: recommender::Rules::default(),
        popularity: vec![0.25, 0.75],
        counts: vec![1, 2],
        user_traits: Traits {
            columns: vec![age],
            weights: vec![0.5, 0.25],
            of: sparse(&[&[(0, 0.5)], &[(0, 0.25), (1, 0.5)]]),
        },
        item_traits: Traits::default(),
    };
    let features = vec![category("user_id", &["ann", "bob", "eve"]), number("item_id"), number("age")];
    model(features, Task::Recommendation, Body::Recommender(body))
}

/// Items that are rated alike, and what describes them.
pub fn recommender_ratings() -> Model {
    let genre = TraitColumn { feature: 2, cuts: Vec::new(), levels: sparse(&[&[(0, 1.0)], &[(0, 1.0), (1, 1.0)]]) };
    let mut m = recommender();
    if let Body::Recommender(body) = &mut m.body {
        (body.method, body.explicit, body.factors, body.alpha) = (recommender::Method::Neighbors, true, 0, 0.0);
        (body.user_factors, body.item_factors, body.gram) = (Vec::new(), Vec::new(), Vec::new());
        (body.user_bias, body.item_bias) = (vec![0.25, -0.5, 0.0], vec![0.125, -0.25]);
        (body.mean, body.low, body.high) = (3.5, 1.0, 5.0);
        body.seen = sparse(&[&[(0, 4.0), (1, 3.0)], &[(1, 5.0)], &[]]);
        body.popularity = vec![3.625, 3.25];
        body.neighbors = sparse(&[&[(1, 0.5)], &[(0, 0.5)]]);
        body.user_traits = Traits::default();
        body.item_traits = Traits {
            columns: vec![genre],
            weights: vec![1.0, 1.5],
            of: sparse(&[&[(0, 1.0)], &[(0, 0.5), (1, 0.75)]]),
        };
    }
    m.features[2] = category("genre", &["drama", "drama|war"]);
    m.inputs[2].name = "genre".into();
    m.inputs[2].kind = InputKind::Category;
    m
}

/// Rules of three items.
pub fn recommender_rules() -> Model {
    let mut m = recommender();
    if let Body::Recommender(body) = &mut m.body {
        (body.method, body.factors, body.regularization, body.alpha) = (recommender::Method::Rules, 0, 0.0, 0.0);
        (body.user_factors, body.item_factors, body.gram) = (Vec::new(), Vec::new(), Vec::new());
        body.seen = sparse(&[&[(0, 1.0), (1, 2.0), (2, 1.0)], &[(1, 1.0), (2, 1.0)], &[]]);
        (body.items, body.popularity, body.counts) = (vec![7.0, 12.5, 13.0], vec![0.25, 0.75, 0.5], vec![1, 2, 2]);
        body.rules = recommender::Rules {
            users: 3,
            firsts: vec![0, 2, 4, 4],
            starts: vec![0, 1, 3, 4, 5],
            antecedents: vec![0, 0, 1, 1, 1],
            consequents: vec![1, 2, 0, 2],
            both: vec![1, 1, 1, 2],
            before: vec![1, 1, 2, 2],
        };
    }
    m
}

fn sparse(lists: &[&[(u32, f32)]]) -> Sparse {
    let mut out = Sparse { starts: vec![0], ..Sparse::default() };
    for list in lists {
        out.places.extend(list.iter().map(|own| own.0));
        out.values.extend(list.iter().map(|own| own.1));
        out.starts.push(out.places.len() as u64);
    }
    out
}

/// What may be known of the segments of [`kmeans`].
pub fn segments() -> SegmentFacts {
    let spend = SegmentFeature {
        missing: vec![2.0, 0.0],
        known: vec![28.0, 12.0],
        mean: vec![2.0, -3.0],
        stddev: vec![1.0, 0.5],
        levels: Vec::new(),
    };
    let city = SegmentFeature {
        missing: vec![0.0, 1.0],
        known: vec![0.0; 2],
        mean: vec![0.0; 2],
        stddev: vec![0.0; 2],
        levels: vec![25.0, 3.0, 2.0, 1.0, 10.0, 0.0],
    };
    SegmentFacts {
        sizes: vec![30, 12],
        weights: vec![30.0, 12.0],
        spread: vec![0.5, 0.25],
        silhouette: vec![Some(0.5), None],
        features: vec![spend, city],
        typical: vec![vec![2.0, 0.0, f64::INFINITY, 2.0], Vec::new()],
        names: vec![
            vec![Trait { feature: 1, kind: TraitKind::Level(0) }],
            vec![Trait { feature: 0, kind: TraitKind::Low }, Trait { feature: 0, kind: TraitKind::Number(2) }],
        ],
        value: Some(SegmentValue { column: "revenue".into(), rows: vec![30, 0], total: vec![99.5, 0.0] }),
        map: SegmentMap {
            variance: vec![0.5, 0.25],
            loadings: vec![vec![0.75, 0.25], vec![0.25, 0.75]],
            centres: vec![0.5, 0.0, -2.0, 0.5],
            spread: vec![1.0, 0.5, 0.0, 0.25, 0.25, 0.0],
            points: vec![0.5, 0.25],
            segments: vec![1],
        },
        candidates: vec![Candidate {
            n_clusters: 2,
            inertia: 4.5,
            silhouette: Some(0.5),
            bic: Some(100.0),
            icl: Some(101.0),
            stability: None,
            chosen: true,
        }],
    }
}

/// Rows that try every path: the values a number can take, codes within and beyond the levels, in every combination of the
/// first features and rotated over the others.
pub fn rows(features: usize) -> Vec<Vec<f64>> {
    let cells = [
        f64::NAN,
        -0.0,
        0.0,
        1.0,
        2.0,
        3.0,
        4.0,
        63.0,
        64.0,
        71.0,
        89.0,
        90.0,
        2.5,
        7.0,
        -1.0,
        1e300,
        -1e300,
        4294967295.0,
        4294967296.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
    ];
    let n = cells.len();
    (0..n * n).map(|i| (0..features).map(|f| cells[(i / n.pow(f as u32 % 2) + f / 2 * 5) % n]).collect()).collect()
}

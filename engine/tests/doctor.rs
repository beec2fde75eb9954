//! The doctor finds what was planted, and nothing in sound rows; in any order, on any number of threads.
#![allow(missing_docs)]

use orchard_engine::clean::doctor::{diagnose, Finding, Fix, Kind, Severity};
use orchard_engine::control::Control;
use orchard_engine::data::{Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{train, train_and_warn, Request, SourceInput};
use orchard_engine::model::InputKind;
use orchard_engine::Error;
use serde_json::{json, Value};

/// Columns by name; the target is "y", or there is none.
struct Plant {
    names: Vec<(&'static str, InputKind, bool)>,
    numbers: Vec<Option<Vec<f64>>>,
    texts: Vec<Option<Vec<Option<String>>>>,
    rows: usize,
}

/// A number from 0 to below 1 of a row and a column.
fn draw(row: usize, column: u64) -> f64 {
    let mut h = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ column.wrapping_mul(0xd6e8_feb8_6659_fd93);
    h = (h ^ (h >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    h = (h ^ (h >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((h ^ (h >> 32)) >> 11) as f64 / (1u64 << 53) as f64
}

fn clicked(row: usize) -> bool {
    draw(row, 1) < 0.15 + 0.5 * draw(row, 2) * draw(row, 2)
}

fn revenue(row: usize) -> f64 {
    (20.0 + 30.0 * draw(row, 2) + 15.0 * draw(row, 1)).round()
}

impl Plant {
    fn empty(rows: usize) -> Plant {
        Plant { names: Vec::new(), numbers: Vec::new(), texts: Vec::new(), rows }
    }

    /// Sound rows: two numbers, a category; classes or numbers to predict.
    fn sound(rows: usize, regression: bool) -> Plant {
        Plant::empty(rows)
            .number("bid", |i| draw(i, 2))
            .number("age", |i| (18.0 + 60.0 * draw(i, 3)).floor())
            .text("device", |i| Some(["phone", "tablet", "desktop"][(draw(i, 4) * 3.0) as usize].into()))
            .number("y", |i| if regression { revenue(i) } else { f64::from(u8::from(clicked(i))) })
    }

    fn push(&mut self, name: &'static str, kind: InputKind, integer: bool) {
        self.names.retain(|n| n.0 != name || name != "y");
        self.names.push((name, kind, integer));
    }

    fn kind(mut self, name: &'static str, kind: InputKind, integer: bool, value: impl Fn(usize) -> f64) -> Plant {
        self.drop_column(name);
        self.push(name, kind, integer);
        self.numbers.push(Some((0..self.rows).map(value).collect()));
        self.texts.push(None);
        self
    }

    fn number(self, name: &'static str, value: impl Fn(usize) -> f64) -> Plant {
        self.kind(name, InputKind::Number, false, value)
    }

    fn text(mut self, name: &'static str, value: impl Fn(usize) -> Option<String>) -> Plant {
        self.drop_column(name);
        self.push(name, InputKind::Category, false);
        self.numbers.push(None);
        self.texts.push(Some((0..self.rows).map(value).collect()));
        self
    }

    fn drop_column(&mut self, name: &str) {
        if let Some(at) = self.names.iter().position(|n| n.0 == name) {
            self.names.remove(at);
            self.numbers.remove(at);
            self.texts.remove(at);
        }
    }

    /// The rows in another order.
    fn request(&self, order: &dyn Fn(usize) -> usize, options: &Value, control: &Control) -> Request {
        let mut table = Table { rows: self.rows, columns: Vec::new() };
        let (mut inputs, mut target) = (Vec::new(), None);
        for (i, &(name, kind, integer)) in self.names.iter().enumerate() {
            let input = SourceInput { name: name.into(), kind, integer, uuid: false, fixed: false, first: i, count: 1 };
            table.columns.push(match (&self.numbers[i], &self.texts[i]) {
                (Some(numbers), _) => {
                    let values: Vec<f64> = (0..self.rows).map(|r| numbers[order(r)]).collect();
                    Column::from_numbers(name, &values, control).unwrap()
                }
                (_, Some(texts)) => {
                    let values: Vec<Option<&str>> = (0..self.rows).map(|r| texts[order(r)].as_deref()).collect();
                    Column::from_texts(name, &values, control).unwrap()
                }
                _ => unreachable!(),
            });
            if name == "y" {
                target = Some(input);
            } else {
                inputs.push(input);
            }
        }
        let options = Options::parse(options, Algorithm::GradientBoosting).unwrap();
        Request {
            table,
            inputs,
            target,
            weight: None,
            exposure: None,
            offset: None,
            time: None,
            groups: Vec::new(),
            zone: None,
            algorithm: Algorithm::GradientBoosting,
            options,
            beside: Vec::new(),
            previous: None,
            value: None,
            treatment: None,
            old_segments: None,
            former: None,
        }
    }

    fn texts(&self) -> Vec<String> {
        let named = self.names.iter().zip(&self.texts).filter(|(_, t)| t.is_some());
        named.map(|(n, _)| n.0.to_owned()).collect()
    }

    fn diagnose(&self) -> Vec<Finding> {
        let control = Control::default();
        let request = self.request(&|r| r, &json!({}), &control);
        let before = control.used();
        let found = diagnose(&request, &self.texts(), None, &control).unwrap();
        assert_eq!(control.used(), before, "memory was not given back");
        found
    }

    /// The finding of a kind and column, which must be there.
    fn finds(&self, kind: Kind, column: Option<&str>) -> Finding {
        let found = self.diagnose();
        let one = found.iter().find(|f| f.kind == kind && f.column.as_deref() == column);
        one.cloned().unwrap_or_else(|| panic!("{kind:?} of {column:?} is not in {found:#?}"))
    }

    fn nothing_found(&self) {
        assert_eq!(self.diagnose(), []);
    }
}

const ROWS: usize = 4000;

#[test]
fn sound_rows_are_sound() {
    Plant::sound(ROWS, false).nothing_found();
    Plant::sound(ROWS, true).nothing_found();
    let mut clustering = Plant::sound(ROWS, false);
    clustering.drop_column("y");
    clustering.nothing_found();
}

#[test]
fn columns_that_say_the_target_are_leaks() {
    let copied = Plant::sound(ROWS, false).text("status", |i| Some(if clicked(i) { "won" } else { "open" }.into()));
    let leak = copied.finds(Kind::Leak, Some("status"));
    assert_eq!(leak.severity, Severity::Error);
    assert!(leak.detail.contains("AUC 1.000); a model of the other columns reaches AUC 0.6"), "{}", leak.detail);
    assert_eq!(leak.fix, Fix::Exclude(vec!["status".into()]));
    // In one row of two hundred it is otherwise.
    let nearly = Plant::sound(ROWS, false).number("z", |i| f64::from(u8::from(clicked(i) ^ (draw(i, 9) < 0.005))));
    assert_eq!(nearly.finds(Kind::Leak, Some("z")).severity, Severity::Error);
    let weak = Plant::sound(ROWS, false).number("z", |i| f64::from(u8::from(clicked(i) ^ (draw(i, 9) < 0.05))));
    assert!(weak.diagnose().iter().all(|f| f.kind != Kind::Leak));
    // A curve of the target, with outliers.
    let curve = Plant::sound(ROWS, true).number("taxed", |i| (revenue(i) / 10.0).exp() + draw(i, 5));
    assert_eq!(curve.finds(Kind::Leak, Some("taxed")).severity, Severity::Error);
    // Amounts in a few rows among many zeros.
    let rare = |i: usize| draw(i, 8) < 0.01;
    let spend = Plant::sound(ROWS, false)
        .number("spend", move |i| if rare(i) { 10.0 + (100.0 * draw(i, 7)).round() } else { 0.0 })
        .number("y", move |i| f64::from(u8::from(rare(i))));
    assert_eq!(spend.finds(Kind::Leak, Some("spend")).severity, Severity::Error);
    let classes = ["a", "b", "c"];
    let class = |i: usize| classes[(draw(i, 6) * 3.0) as usize];
    let three =
        Plant::sound(ROWS, false).text("code", |i| Some(class(i).to_uppercase())).text("y", |i| Some(class(i).into()));
    assert!(three.finds(Kind::Leak, Some("code")).detail.contains("one class against the rest 1.000"));
}

#[test]
fn a_target_that_is_easy_is_no_sure_leak() {
    // Three copies: all are suspects, and what is left knows little.
    let copies = Plant::sound(ROWS, false)
        .number("a", |i| f64::from(u8::from(clicked(i))))
        .number("b", |i| 5.0 - f64::from(u8::from(clicked(i))));
    let leak = copies.finds(Kind::Leak, Some("b"));
    assert_eq!((leak.severity, leak.fix), (Severity::Error, Fix::Exclude(vec!["a".into(), "b".into()])));
    // What the others know as well as one does.
    let easy = Plant::empty(ROWS)
        .number("sum", |i| draw(i, 1) + draw(i, 2))
        .number("a", |i| draw(i, 1))
        .number("b", |i| draw(i, 2))
        .number("y", |i| f64::from(u8::from(draw(i, 1) + draw(i, 2) > 1.0)));
    assert_eq!(easy.finds(Kind::Leak, Some("sum")).severity, Severity::Warning);
}

#[test]
fn parts_of_the_target_are_leaks() {
    let casual = |i: usize| (30.0 * draw(i, 5)).floor();
    let sum = Plant::sound(ROWS, true).number("casual", casual).number("registered", move |i| revenue(i) - casual(i));
    for column in ["casual", "registered"] {
        let leak = sum.finds(Kind::Leak, Some(column));
        assert_eq!(leak.severity, Severity::Error);
        assert!(leak.detail.contains("\"y\" is \"casual\" plus \"registered\", but"), "{}", leak.detail);
        assert_eq!(leak.fix, Fix::Exclude(vec!["casual".into(), "registered".into()]));
    }
    let price = |i: usize| 1.0 + (100.0 * draw(i, 5)).floor();
    let product = Plant::empty(ROWS)
        .number("price", price)
        .number("quantity", |i| 1.0 + (9.0 * draw(i, 6)).floor())
        .number("other", |i| draw(i, 7))
        .number("y", move |i| price(i) * (1.0 + (9.0 * draw(i, 6)).floor()));
    assert!(product.finds(Kind::Leak, Some("quantity")).detail.contains("proportional"));
    let part = Plant::sound(ROWS, true).number("part", |i| revenue(i) * (0.5 + 0.5 * draw(i, 5)));
    assert!(part.diagnose().iter().all(|f| f.kind != Kind::Leak), "a part alone is a feature");
}

#[test]
fn what_is_known_only_afterwards_is_a_leak() {
    let call = |i: usize| 100.0 + 200.0 * f64::from(u8::from(clicked(i))) + 250.0 * draw(i, 5);
    let named = |name| Plant::sound(ROWS, false).number(name, call);
    let leak = named("duration").finds(Kind::Leak, Some("duration"));
    assert_eq!(leak.severity, Severity::Error);
    assert!(leak.detail.contains("the name of an outcome"), "{}", leak.detail);
    for innocent in ["income", "last_duration", "previous outcome"] {
        assert!(named(innocent).diagnose().iter().all(|f| f.kind != Kind::Leak), "{innocent}");
    }
    // Missing, or 0, but for those who clicked.
    let reason = Plant::sound(ROWS, false).text("reason", |i| (clicked(i) && draw(i, 5) < 0.5).then(|| "price".into()));
    let leak = reason.finds(Kind::Leak, Some("reason"));
    assert_eq!(leak.severity, Severity::Warning);
    assert!(reason.diagnose().iter().all(|f| f.kind != Kind::MissingDependsOnTarget), "it was said once");
    assert!(leak.detail.contains("where \"reason\" is known, none has \"y\" = 0"), "{}", leak.detail);
    let refunds = |i: usize| if clicked(i) && draw(i, 5) < 0.5 { 1.0 } else { 0.0 };
    assert_eq!(
        Plant::sound(ROWS, false).number("refund", refunds).finds(Kind::Leak, Some("refund")).severity,
        Severity::Error
    );
    let few = |i: usize| if clicked(i) && draw(i, 5) < 0.03 { 1.0 } else { 0.0 };
    let few = Plant::sound(ROWS, false).number("refund", few);
    assert_eq!(few.finds(Kind::Leak, Some("refund")).severity, Severity::Warning, "so few change little");
    assert_eq!(
        Plant::sound(ROWS, false).number("orders", refunds).finds(Kind::Leak, Some("orders")).severity,
        Severity::Warning
    );
}

#[test]
fn rows_that_are_there_twice_are_found() {
    let twice = |i: usize| if i % 100 == 7 { i - 1 } else { i };
    let plant = Plant::empty(ROWS)
        .number("bid", |i| draw(twice(i), 2))
        .number("age", |i| draw(twice(i), 3))
        .number("y", |i| f64::from(u8::from(clicked(twice(i)))));
    let found = plant.finds(Kind::DuplicateRows, None);
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.detail.starts_with("40 rows are exact copies of another (1.00 %)"), "{}", found.detail);
    let against = Plant::empty(ROWS)
        .number("bid", |i| draw(twice(i), 2))
        .number("age", |i| draw(twice(i), 3))
        .number("y", |i| f64::from(u8::from(clicked(twice(i)) ^ (i % 100 == 7))));
    let found = against.finds(Kind::LabelConflicts, Some("y"));
    assert_eq!((found.severity, &found.fix), (Severity::Warning, &Fix::Conflicts));
    assert!(
        found.detail.starts_with("80 rows (2.00 %)") && found.detail.contains("more than 99.0 % of"),
        "{}",
        found.detail
    );
    // Loaded three times.
    let thrice =
        Plant::empty(3000).number("bid", |i| draw(i / 3, 2)).number("y", |i| f64::from(u8::from(clicked(i / 3))));
    let found = thrice.finds(Kind::DuplicateRows, None);
    assert_eq!(found.severity, Severity::Warning);
    assert!(found.detail.contains("Every row is there 3 times"), "{}", found.detail);
    // Few combinations: that is how such a table is.
    let few = Plant::empty(ROWS)
        .number("hour", |i| (24.0 * draw(i, 2)).floor())
        .number("y", |i| f64::from(u8::from(clicked(i))));
    assert_eq!(few.finds(Kind::DuplicateRows, None).severity, Severity::Info);
    assert_eq!(few.finds(Kind::LabelConflicts, Some("y")).severity, Severity::Info);
}

#[test]
fn columns_that_say_nothing_or_too_much_are_found() {
    let sound = || Plant::sound(ROWS, false);
    let one = |plant: Plant, kind, column| plant.finds(kind, Some(column));
    one(sound().number("c", |_| 7.0), Kind::Constant, "c");
    one(sound().text("c", |_| Some("x".into())), Kind::Constant, "c");
    assert!(one(sound().number("c", |_| f64::NAN), Kind::Constant, "c").detail.contains("no value"));
    one(sound().number("c", |i| f64::from(u8::from(i == 9))), Kind::NearConstant, "c");
    let id = one(sound().text("u", |i| Some(format!("user-{i}"))), Kind::IdLike, "u");
    assert_eq!(id.fix, Fix::Exclude(vec!["u".into()]));
    let prose = |i| Some(format!("a very long text about something, number {i}"));
    assert_eq!(one(sound().text("u", prose), Kind::IdLike, "u").fix, Fix::Options(json!({"text_columns": ["u"]})));
    one(sound().kind("n", InputKind::Number, true, |i| 5.0 + i as f64), Kind::IdLike, "n");
    one(sound().kind("order_id", InputKind::Number, true, |i| (1e9 * draw(i, 5)).floor()), Kind::IdLike, "order_id");
    let cents = sound().kind("cents", InputKind::Number, true, |i| (1e9 * draw(i, 5)).floor());
    cents.nothing_found();
    let ads = one(sound().text("ad", |i| Some(format!("ad {}", i % 800))), Kind::HighCardinality, "ad");
    assert_eq!(ads.fix, Fix::Pooled("ad".into(), 10));
    let rare = sound().text("city", |i| Some(format!("city {}", if i % 20 == 0 { i / 40 } else { i % 8 })));
    assert!(one(rare, Kind::RareLevels, "city").detail.contains("have fewer than 10 rows each; "));
    one(sound().text("p", |i| Some(format!("${}.50", i % 30))), Kind::TextNumbers, "p");
    one(sound().text("p", |i| Some(format!("2026-03-{:02}", 1 + i % 30))), Kind::TextDates, "p");
    assert_eq!(
        one(sound().number("m", |i| if i % 3 == 0 { draw(i, 5) } else { f64::NAN }), Kind::MostlyMissing, "m").severity,
        Severity::Info
    );
    assert_eq!(
        one(sound().number("m", |i| if i % 50 == 0 { draw(i, 5) } else { f64::NAN }), Kind::MostlyMissing, "m")
            .severity,
        Severity::Warning
    );
}

#[test]
fn columns_that_say_the_same_are_found() {
    let sound = || Plant::sound(ROWS, false);
    let copy = sound().number("copy", |i| draw(i, 2));
    assert!(copy.finds(Kind::IdenticalColumns, Some("copy")).detail.contains("equal to \"bid\" in all 4000 rows"));
    let near = sound().number("near", |i| -3.0 * draw(i, 2) + 0.1 * draw(i, 5));
    assert!(near.finds(Kind::CorrelatedColumns, Some("near")).detail.contains("r -0.999"));
    let named = sound().text("kind", |i| Some(["p", "t", "d"][(draw(i, 4) * 3.0) as usize].into()));
    named.finds(Kind::CorrelatedColumns, Some("kind"));
    let coded = sound().number("code", |i| (draw(i, 4) * 3.0).floor());
    coded.finds(Kind::CorrelatedColumns, Some("code"));
    let gaps = sound().number("near", |i| if i % 5 == 0 { f64::NAN } else { 2.0 * draw(i, 2) });
    gaps.finds(Kind::CorrelatedColumns, Some("near"));
}

#[test]
fn targets_that_are_hard_are_found() {
    let y = |value: &'static dyn Fn(usize) -> f64| Plant::sound(ROWS, false).number("y", value);
    assert_eq!(y(&|_| 1.0).text("y", |_| Some("a".into())).finds(Kind::OneClass, Some("y")).severity, Severity::Error);
    assert_eq!(y(&|_| f64::NAN).finds(Kind::TargetMissing, Some("y")).severity, Severity::Error);
    let gaps = |i: usize| if i.is_multiple_of(10) { f64::NAN } else { f64::from(u8::from(clicked(i))) };
    let missing = Plant::sound(ROWS, false).number("y", gaps).finds(Kind::TargetMissing, Some("y"));
    assert!(
        missing.detail.starts_with("\"y\" is missing in 400 of 4000 rows (10.0 %)") && missing.fix == Fix::KnownTarget
    );
    let rare = y(&|i| f64::from(u8::from(draw(i, 1) < 0.015)));
    let rare = rare.finds(Kind::TargetImbalance, Some("y"));
    assert_eq!((rare.severity, rare.fix), (Severity::Warning, Fix::Options(json!({"class_weight": "balanced"}))));
    y(&|i| f64::from(u8::from(i % 400 == 0))).finds(Kind::TooFewRows, Some("y"));
    Plant::sound(150, false).finds(Kind::TooFewRows, None);
    let outliers = Plant::sound(ROWS, true).number("y", |i| if i == 9 { 1e6 } else { revenue(i) });
    assert!(outliers.finds(Kind::TargetOutliers, Some("y")).detail.starts_with("1 row lies"));
    let texts = Plant::sound(ROWS, false).text("y", |i| Some(format!("{}", i * 7)));
    assert_eq!(texts.finds(Kind::TextNumbers, Some("y")).severity, Severity::Error);
    let names = Plant::sound(ROWS, false).text("y", |i| Some(format!("name {i}")));
    assert_eq!(names.finds(Kind::TooManyClasses, Some("y")).severity, Severity::Error);
}

#[test]
fn what_depends_on_the_target_or_on_time_is_found() {
    let told = Plant::sound(ROWS, false).number("income", |i| {
        if draw(i, 5) < if clicked(i) { 0.6 } else { 0.2 } {
            f64::NAN
        } else {
            draw(i, 6)
        }
    });
    let found = told.finds(Kind::MissingDependsOnTarget, Some("income"));
    assert_eq!(found.severity, Severity::Warning);
    let by_chance =
        Plant::sound(ROWS, false).number("income", |i| if draw(i, 5) < 0.3 { f64::NAN } else { draw(i, 6) });
    by_chance.nothing_found();
    let amount = Plant::sound(ROWS, true).number("income", |i| {
        if revenue(i) > 45.0 && draw(i, 5) < 0.8 {
            f64::NAN
        } else {
            draw(i, 6)
        }
    });
    assert!(amount.finds(Kind::MissingDependsOnTarget, Some("income")).detail.contains("higher than elsewhere"));
    let day = |plant: Plant| plant.kind("day", InputKind::Date, false, |i| (i / 10) as f64);
    let steady = day(Plant::sound(ROWS, false)).finds(Kind::TimeOrder, Some("day"));
    assert_eq!(steady.severity, Severity::Info);
    let trend = |i: usize| revenue(i) + i as f64 / 200.0;
    let found = day(Plant::sound(ROWS, true).number("y", trend)).finds(Kind::TimeOrder, Some("day"));
    assert_eq!((found.severity, found.fix), (Severity::Warning, Fix::Options(json!({"time_column": "day"}))));
}

/// A plant with much to find.
fn sick(rows: usize) -> Plant {
    Plant::sound(rows, false)
        .text("ad", |i| Some(format!("ad {}", (2000.0 * draw(i, 5)) as usize)))
        .text("region", |i| Some(format!("r{}", (2000.0 * draw(i, 5)) as usize % 7)))
        .number("income", |i| if clicked(i) && draw(i, 7) < 0.5 { f64::NAN } else { draw(i, 6) })
        .number("net", |i| if clicked(i) && draw(i, 7) < 0.5 { f64::NAN } else { 0.8 * draw(i, 6) })
        .number("refund", |i| f64::from(u8::from(clicked(i) && draw(i, 5) < 0.5)))
        .kind("at", InputKind::Timestamp, false, |i| 60.0 * i as f64)
}

#[test]
fn findings_do_not_depend_on_order_or_threads() {
    let plant = sick(60_000);
    let expected = plant.diagnose();
    assert!(
        expected.len() >= 5 && expected.iter().any(|f| f.detail.contains("Computed on 50000 of 60000 rows.")),
        "{expected:#?}"
    );
    let control = Control::default();
    let turned = plant.request(&|r| (r * 7919 + 13) % 60_000, &json!({}), &control);
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| diagnose(&turned, &plant.texts(), None, &control)).unwrap();
        assert_eq!(found, expected);
    }
}

#[test]
fn warnings_leave_the_model_as_it_is() {
    let plant = sick(5000);
    let control = Control::default();
    let options = json!({"n_estimators": 10, "early_stopping_rounds": 0});
    let plain = train(plant.request(&|r| r, &options, &control), &control).unwrap();
    let (warned, warnings) = train_and_warn(plant.request(&|r| r, &options, &control), true, &control).unwrap();
    assert_eq!(plain.bytes, warned.bytes);
    assert_eq!(warnings.len(), 1);
    assert_eq!((warnings[0].severity, warnings[0].column.as_deref()), (Severity::Error, Some("refund")));
    assert!(train_and_warn(plant.request(&|r| r, &options, &control), false, &control).unwrap().1.is_empty());
}

#[test]
fn rows_that_are_odd_do_no_harm() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 1e308, -1e308, 5e-324];
    for rows in [0, 1, 2, 3, 19, 60, 700] {
        for target in 0..4 {
            let plant = Plant::empty(rows)
                .number("odd", |i| odd[i % 8])
                .number("nothing", |_| f64::NAN)
                .number("endless", |_| f64::INFINITY)
                .kind("at", InputKind::Timestamp, false, |i| odd[(i + 3) % 8])
                .kind("day", InputKind::Date, true, |i| i as f64 * 1e300)
                .kind("serial", InputKind::Number, true, |i| i as f64)
                .text("empty", |_| Some(String::new()))
                .text("none", |_| None)
                .text("\"; DROP", |i| Some(["\0", "'", "\u{202e}", ""][i % 4].into()));
            let plant = match target {
                0 => plant,
                1 => plant.number("y", |i| odd[i % 8]),
                2 => plant.number("y", |i| [0.0, 1.0, f64::NAN][i % 3]),
                _ => plant.text("y", |i| [None, Some(""), Some("a")][i % 3].map(str::to_owned)),
            };
            plant.diagnose();
        }
    }
}

#[test]
fn wide_and_long_tables_are_bounded() {
    let control = Control::default();
    let mut table = Table { rows: 300, columns: Vec::new() };
    let mut inputs = Vec::new();
    for c in 0..1600 {
        let name = format!("c{c}");
        if c % 2 == 0 {
            let values: Vec<f64> = (0..300).map(|r| draw(r, c)).collect();
            table.columns.push(Column::from_numbers(&name, &values, &control).unwrap());
        } else {
            let values: Vec<String> = (0..300).map(|r| format!("{}", (4.0 * draw(r, c)) as u8)).collect();
            let values: Vec<Option<&str>> = values.iter().map(|v| Some(v.as_str())).collect();
            table.columns.push(Column::from_texts(&name, &values, &control).unwrap());
        }
        let kind = if c % 2 == 0 { InputKind::Number } else { InputKind::Category };
        inputs.push(SourceInput { name, kind, integer: false, uuid: false, fixed: false, first: c as usize, count: 1 });
    }
    let target = inputs.pop();
    let mut request = Plant::empty(0).request(&|r| r, &json!({}), &control);
    (request.table, request.inputs, request.target) = (table, inputs, target);
    let begin = std::time::Instant::now();
    let found = diagnose(&request, &[], None, &control).unwrap();
    assert!(found.iter().any(|f| f.kind == Kind::TooFewRows && f.detail.contains("300 rows for 1599 features")));
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());

    let plant = Plant::sound(300_000, false).text("key", |i| Some(format!("key {i}")));
    plant.finds(Kind::IdLike, Some("key"));
}

#[test]
fn memory_and_cancel_are_minded() {
    let plant = sick(20_000);
    let control = Control::default();
    let request = plant.request(&|r| r, &json!({}), &control);
    control.cancel();
    assert_eq!(diagnose(&request, &plant.texts(), None, &control), Err(Error::Cancelled));
    let control = Control::default();
    let request = plant.request(&|r| r, &json!({}), &control);
    let tight = Control::new(100_000);
    assert!(matches!(diagnose(&request, &plant.texts(), None, &tight), Err(Error::OutOfMemory { .. })));
}

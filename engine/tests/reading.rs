//! Models as rules, drawings, SQL and PMML: whole for every shape of model, and told by the model's own answers.
//!
//! That the SQL and the PMML say what the model says is tested by those who run them: tests/clients/reading.py and tests/referees/reading.py.
#![allow(missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::error::Error;
use orchard_engine::judge::read::{diagram, pmml, rules, sql, Format, Rule, Telling, Words};
use orchard_engine::model::{InputKind, Link, Model, Task, Trees};
use orchard_engine::score::{walk, Scorer};

mod samples;

fn telling<'a>(model: &'a Model, tree: i32, class: Option<&'a str>, max_depth: usize) -> Telling<'a> {
    Telling { tree, class, max_depth, words: Words { model, levels: 3, isolated: false }, target: "y" }
}

fn all_rules(scorer: &Scorer, tree: i32, class: Option<&str>, control: &Control) -> Result<Vec<Rule>, Error> {
    rules(scorer, &telling(scorer.model(), tree, class, usize::MAX), control)
}

fn columns(model: &Model, cleaned: bool) -> Vec<sql::Column> {
    let column = |name: &str| sql::Column { text: sql::quoted(name), numeric: false };
    match cleaned {
        true => model.inputs.iter().map(|input| column(&input.name)).collect(),
        false => model.arguments().iter().map(|argument| column(argument.name())).collect(),
    }
}

fn expression(scorer: &Scorer, class: Option<&str>, cleaned: bool, control: &Control) -> Result<String, Error> {
    let columns = columns(scorer.model(), cleaned);
    sql::expression(scorer, &sql::Request { class, columns: &columns, cleaned, quote: sql::quoted }, control)
}

fn trees(model: &Model) -> &Trees {
    model.body.as_trees().expect("trees").0
}

/// Every class of a model, or none.
fn classes(model: &Model) -> Vec<Option<String>> {
    match model.classes() {
        [] => vec![None],
        labels => labels.iter().cloned().map(Some).collect(),
    }
}

fn has_words(model: &Model) -> bool {
    model.inputs.iter().any(|input| input.kind == InputKind::Text)
}

/// Without what stands between quotes.
fn bare(text: &str) -> String {
    let mut inside = false;
    text.chars()
        .filter(|c| {
            inside ^= *c == '\'';
            !inside && *c != '\''
        })
        .collect()
}

#[test]
fn every_model_can_be_read() {
    for (name, model) in samples::all() {
        let scorer = Scorer::new(model);
        let model = scorer.model();
        let control = Control::default();
        let Some((trees, _)) = model.body.as_trees() else {
            assert!(all_rules(&scorer, 1, None, &control).is_err(), "{name}");
            let is_plain = !matches!(
                name,
                "spaces"
                    | "density"
                    | "neighbors"
                    | "network"
                    | "network_number"
                    | "machine"
                    | "stacking"
                    | "recommender"
                    | "recommender_ratings"
                    | "recommender_rules"
                    | "forecast"
                    | "lifetime"
                    | "lifetime_purchases"
            );
            for class in classes(model) {
                let written = expression(&scorer, class.as_deref(), false, &control);
                assert_eq!(written.is_ok(), is_plain, "{name}");
            }
            continue;
        };
        for class in classes(model) {
            let class = class.as_deref();
            for tree in 1..=trees.roots.len() as i32 {
                let rules = all_rules(&scorer, tree, class, &control).expect(name);
                assert_eq!(rules.iter().filter(|r| r.leaf).count() as u32, rules[0].leaves, "{name}");
                for (i, rule) in rules.iter().enumerate() {
                    assert_eq!((rule.node, rule.parent < rule.node), (i as i32 + 1, true), "{name}");
                }
                for format in [Format::Svg, Format::Dot] {
                    let drawing = diagram(&scorer, &telling(model, tree, class, 4), format, &control).expect(name);
                    assert!(drawing.contains("Tree"), "{name}");
                }
            }
            for cleaned in [false, true] {
                match expression(&scorer, class, cleaned, &control) {
                    Ok(text) => {
                        let bare = bare(&text);
                        let count = |what: &str| bare.matches(what).count();
                        assert_eq!((count("("), count("CASE")), (count(")"), count("END")), "{name}: {text}");
                    }
                    // A text's words, and some steps of cleaning, are no plain SQL.
                    Err(error) => assert!(has_words(model) || model.cleaning.is_some(), "{name}: {error}"),
                }
            }
        }
        match pmml(&scorer, "m", "y", true, &control) {
            Ok(text) => assert!(is_nested(&text), "{name}: {text}"),
            Err(error) => assert!(has_words(model), "{name}: {error}"),
        }
    }
}

/// Whether each element ends where it should.
fn is_nested(xml: &str) -> bool {
    let mut open = Vec::new();
    for tag in xml.split('<').skip(2).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
        let name = tag.trim_start_matches('/').split_whitespace().next().unwrap_or_default();
        if tag.starts_with('/') {
            if open.pop() != Some(name) {
                return false;
            }
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    open.is_empty()
}

#[test]
fn the_rules_of_a_single_tree_have_its_answers() {
    for (name, model) in
        [("tree", samples::tree()), ("multiclass", samples::multiclass()), ("ordered", samples::ordered())]
    {
        let scorer = Scorer::new(model);
        let model = scorer.model();
        let stored = trees(model);
        for class in classes(model) {
            let rules = all_rules(&scorer, 1, class.as_deref(), &Control::default()).expect(name);
            // Leaves from the left to the right, as rules list them.
            let mut leaves: Vec<usize> = Vec::new();
            let mut open = vec![stored.roots[0] as usize];
            while let Some(node) = open.pop() {
                match stored.feature[node] == orchard_engine::model::LEAF {
                    true => leaves.push(node),
                    false => open.extend([stored.right[node] as usize, stored.left[node] as usize]),
                }
            }
            for row in samples::rows(model.features.len()) {
                // Codes as the walk takes them; a scorer wants places.
                let places: Vec<f64> = row.iter().enumerate().map(|(f, x)| scorer.place(f, *x)).collect();
                let coded: Vec<f64> = row
                    .iter()
                    .zip(&model.features)
                    .map(|(x, feature)| match &feature.encoding {
                        orchard_engine::model::Encoding::Ordered { keys, .. } if !x.is_nan() => {
                            keys[(walk::code(*x) as usize).min(keys.len() - 1)]
                        }
                        // What is beyond the levels is any other text.
                        encoding if encoding.is_category() && !x.is_nan() => x.min(encoding.levels().len() as f64),
                        _ => *x,
                    })
                    .collect();
                let mut out = vec![0.0; scorer.outputs()];
                scorer.predict(&places, &mut out);
                let at = leaves.iter().position(|leaf| *leaf == walk::leaf(stored, 0, &coded)).expect("a leaf");
                let rule = rules.iter().filter(|rule| rule.leaf).nth(at).expect("its rule");
                let index = model.classes().iter().position(|c| Some(c) == class.as_ref()).unwrap_or(0);
                let expected = match (&model.task, out.len()) {
                    (_, 2..) => out[index],
                    (Task::Classification { positive, .. }, _) if index != *positive as usize => 1.0 - out[0],
                    _ => out[0],
                };
                assert_eq!(rule.value, expected, "{name} {class:?} {row:?}");
            }
        }
    }
}

/// A tree in which every split sends all but one leaf on, to one side and the other in turn.
fn chain(depth: u32) -> Model {
    let mut t = samples::empty(1, Link::Identity);
    t.roots = vec![0];
    for i in 0..depth {
        let next = 2 * i + 1;
        let (left, right) = if i % 2 == 0 { (next, next + 1) } else { (next + 1, next) };
        samples::split(&mut t, 0, f64::from(i), i % 3 == 0, left, right);
        samples::leaf(&mut t, &[f64::from(i)]);
    }
    // The leaf of a split comes right after it, the rest of the chain behind that.
    samples::leaf(&mut t, &[-1.0]);
    samples::model(vec![samples::number("a")], Task::Regression, orchard_engine::model::Body::Trees(t))
}

#[test]
fn deep_trees_nest_nothing() {
    let depth = 20_000;
    let model = chain(depth);
    let control = Control::default();
    let scorer = Scorer::new(model);
    let text = expression(&scorer, None, false, &control).expect("an expression");
    let (mut nested, mut most) = (0_i32, 0);
    for word in text.split_whitespace() {
        nested += i32::from(word == "CASE") - i32::from(word == "END");
        most = most.max(nested);
    }
    assert_eq!((nested, most), (0, 1));
    assert!(pmml(&scorer, "m", "y", false, &control).is_ok());
    let shown = rules(&scorer, &telling(scorer.model(), 1, None, 3), &control).expect("rules");
    assert_eq!(shown.len(), 7);
}

#[test]
fn memory_is_counted_and_a_cancel_heard() {
    let scorer = Scorer::new(chain(3000));
    let short = Control::new(20_000);
    assert!(matches!(expression(&scorer, None, false, &short), Err(Error::OutOfMemory { .. })));
    assert!(matches!(pmml(&scorer, "m", "y", false, &short), Err(Error::OutOfMemory { .. })));
    let small = all_rules(&scorer, 1, None, &short);
    assert!(matches!(small, Err(Error::OutOfMemory { .. })));
    let cancelled = Control::default();
    cancelled.cancel();
    assert_eq!(expression(&scorer, None, false, &cancelled), Err(Error::Cancelled));
    assert_eq!(pmml(&scorer, "m", "y", false, &cancelled), Err(Error::Cancelled));
    assert!(matches!(all_rules(&scorer, 1, None, &cancelled), Err(Error::Cancelled)));
}

//! A table of people: levels that many have, and levels, words and numbers that one has alone.
#![allow(dead_code, missing_docs)]

use orchard_engine::control::Control;
use orchard_engine::data::{tokens::tokens, Column, Table};
use orchard_engine::learn::options::{Algorithm, Options};
use orchard_engine::learn::train::{train, Outcome, Request, SourceInput};
use orchard_engine::model::{encode_baseline, encode_segments, Argument, Encoding, InputKind, Model, Trees, LEAF};
use orchard_engine::score::{Cleaned, Scorer, Text};
use orchard_engine::{Error, Result};
use serde_json::Value;

pub const CITIES: [&str; 7] = ["Berlin", "Paris", "Rome", "Oslo", "Lima", "Quito", "Accra"];
pub const WORDS: [&str; 8] = ["shoes", "coat", "summer", "winter", "cheap", "gift", "large", "returned"];

/// What one person has alone.
pub const ALONE_TEXTS: [&str; 6] = ["Xanadu", "BERLlN", "zorkmid", "Paris  X", "n.a.", "Narnia"];
pub const ALONE_NUMBERS: [f64; 2] = [987_654.125, -31_337.375];

/// A cell of each column.
#[derive(Debug, Clone)]
pub struct Person {
    pub age: f64,
    pub spend: f64,
    pub city: Option<String>,
    pub country: Option<String>,
    pub contact: String,
    pub note: String,
    pub member: f64,
    pub weight: f64,
    pub y: f64,
    pub class: String,
}

pub fn people(rows: usize) -> Vec<Person> {
    let mut random = super::tables::numbers(5);
    let mut draw = || random.next().unwrap();
    let mut all = Vec::new();
    for i in 0..rows {
        let (age, spend) = ((18.0 + draw() * 60.0).floor(), (draw() * 4000.0).floor() / 8.0);
        let c = (draw() * draw() * 7.0) as usize;
        let mut note: Vec<&str> = (0..3).map(|_| WORDS[(draw() * 8.0) as usize]).collect();
        let mut city = Some(CITIES[c].to_owned());
        let mut country = Some(["DE", "FR", "IT", "NO", "PE", "EC", "GH"][c].to_owned());
        let (mut age, mut spend) = (if draw() < 0.05 { f64::NAN } else { age }, spend);
        if draw() < 0.06 {
            city = None;
        }
        match i {
            17 => city = Some("Xanadu".into()),
            39 => city = Some("BERLlN".into()),
            55 => city = Some("Paris  X".into()),
            71 => city = Some("n.a.".into()),
            83 => country = Some("Narnia".into()),
            91 => note.push("zorkmid"),
            101 => spend = ALONE_NUMBERS[0],
            103 => age = ALONE_NUMBERS[1],
            _ => {}
        }
        let p = 0.1 + if age > 40.0 { 0.3 } else { 0.0 } + if c.is_multiple_of(2) { 0.3 } else { 0.0 };
        let y = f64::from(u8::from(draw() < p));
        all.push(Person {
            age,
            spend,
            city,
            country,
            contact: format!("person{}@mail.example", i / 30),
            note: note.join(" "),
            member: f64::from(u8::from(draw() < 0.5)),
            weight: (draw() * 4.0).floor() / 2.0,
            y,
            class: if y > 0.0 {
                "gone"
            } else if spend > 300.0 {
                "rich"
            } else {
                "stays"
            }
            .to_owned(),
        });
    }
    all
}

fn input(name: &str, kind: InputKind, first: usize) -> SourceInput {
    SourceInput { name: name.into(), kind, integer: false, uuid: false, fixed: false, first, count: 1 }
}

/// Learn from people; `target` is y, class or spend.
pub fn learn(people: &[Person], target: &str, algorithm: Algorithm, options: &Value) -> Result<Outcome> {
    let control = Control::default();
    let numbers = |name: &str, of: &dyn Fn(&Person) -> f64| {
        Column::from_numbers(name, &people.iter().map(of).collect::<Vec<f64>>(), &control).unwrap()
    };
    let texts = |name: &str, of: &dyn Fn(&Person) -> Option<String>| {
        let all: Vec<Option<String>> = people.iter().map(of).collect();
        let all: Vec<Option<&str>> = all.iter().map(Option::as_deref).collect();
        Column::from_texts(name, &all, &control).unwrap()
    };
    let columns = vec![
        numbers("age", &|p| p.age),
        numbers("spend", &|p| p.spend),
        texts("city", &|p| p.city.clone()),
        texts("country", &|p| p.country.clone()),
        texts("contact", &|p| Some(p.contact.clone())),
        texts("note", &|p| Some(p.note.clone())),
        numbers("member", &|p| p.member),
        numbers("weight", &|p| p.weight),
        numbers("y", &|p| p.y),
        texts("class", &|p| Some(p.class.clone())),
    ];
    let given = Options::parse(options, algorithm)?;
    let mut inputs = vec![
        input("age", InputKind::Number, 0),
        input("spend", InputKind::Number, 1),
        input("city", InputKind::Category, 2),
        input("country", InputKind::Category, 3),
        input("contact", InputKind::Category, 4),
        input("note", InputKind::Category, 5),
        input("member", InputKind::Boolean, 6),
    ];
    inputs.retain(|i| i.name != target && !given.exclude.contains(&i.name));
    let target = match target {
        "class" => input("class", InputKind::Category, 9),
        "spend" => input("spend", InputKind::Number, 1),
        _ => input("y", InputKind::Number, 8),
    };
    let request = Request {
        table: Table { rows: people.len(), columns },
        inputs,
        target: algorithm.needs_target().then_some(target),
        weight: given.sample_weight.as_ref().map(|_| 7),
        exposure: None,
        offset: None,
        time: None,
        groups: Vec::new(),
        zone: None,
        algorithm,
        options: given,
        beside: Vec::new(),
        previous: None,
        value: None,
        treatment: None,
        old_segments: None,
        former: None,
    };
    train(request, &control)
}

/// The message of an error.
pub fn message(found: Result<Outcome>) -> (String, String) {
    match found {
        Err(Error::InvalidData { message, hint, .. } | Error::InvalidOption { message, hint }) => (message, hint),
        other => panic!("{other:?}"),
    }
}

/// A person as a model without cleaning takes one, by the definition of each encoding.
pub fn row(model: &Model, person: &Person) -> Vec<f64> {
    let mut out = Vec::new();
    for input in &model.inputs {
        let text = match input.name.as_str() {
            "city" => person.city.clone(),
            "country" => person.country.clone(),
            "contact" => Some(person.contact.clone()),
            _ => Some(person.note.clone()),
        };
        for feature in &model.features[input.first as usize..(input.first + input.count) as usize] {
            let place = |levels: &[String], text: &str| levels.iter().position(|l| l == text).unwrap_or(levels.len());
            out.push(match (&feature.encoding, &text) {
                (Encoding::Number, _) => match input.name.as_str() {
                    "age" => person.age,
                    "spend" => person.spend,
                    _ => person.member,
                },
                (Encoding::Category { levels }, Some(text)) => place(levels, text) as f64,
                (Encoding::Ordered { levels, keys }, Some(text)) => keys[place(levels, text)],
                (Encoding::Words, Some(text)) => f64::from(tokens(text.as_bytes(), |_| {})),
                (Encoding::Token { token, idf }, Some(text)) => {
                    let mut count = 0;
                    tokens(text.as_bytes(), |t| count += i32::from(t == token.as_bytes()));
                    f64::from(count) * idf
                }
                _ => f64::NAN,
            });
        }
    }
    out
}

/// The leaf of a tree that a row falls into, by the definition of the split rule.
pub fn leaf(trees: &Trees, tree: usize, row: &[f64]) -> usize {
    let root = trees.roots[tree] as usize;
    let mut node = root;
    while trees.feature[node] != LEAF {
        let value = row[trees.feature[node] as usize];
        let left = match trees.set[node] {
            _ if value.is_nan() => trees.missing_left[node],
            0 => value <= trees.threshold[node],
            set => trees.contains(trees.sets[set as usize - 1], value as u32),
        };
        node = if left { trees.left[node] } else { trees.right[node] } as usize;
    }
    node
}

/// All that is kept of a training but for the model's own bytes, and these.
pub fn kept(outcome: &Outcome) -> Vec<u8> {
    let mut bytes = outcome.bytes.clone();
    bytes.extend(outcome.held.iter().flatten());
    bytes.extend(outcome.importance.iter().flatten());
    bytes.extend(outcome.insight.write());
    bytes.extend(encode_baseline(&outcome.baseline).unwrap());
    bytes.extend(outcome.segments.iter().flat_map(|facts| encode_segments(facts).unwrap()));
    bytes
}

pub fn has(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// What a model says of a person as the table has them, through its cleaning.
pub fn score(scorer: &Scorer, person: &Person) -> Vec<u64> {
    let model = scorer.model();
    let mut row = vec![f64::NAN; model.features.len()];
    let value = |name: &str| match name {
        "age" => (person.age, None),
        "spend" => (person.spend, None),
        "member" => (person.member, None),
        "city" => (f64::NAN, person.city.as_deref()),
        "country" => (f64::NAN, person.country.as_deref()),
        "contact" => (f64::NAN, Some(person.contact.as_str())),
        _ => (f64::NAN, Some(person.note.as_str())),
    };
    let mut cleaned = Cleaned::new(scorer);
    let arguments = model.arguments();
    for argument in &arguments {
        let (number, text) = value(argument.name());
        match argument {
            Argument::Raw(at, _) => {
                let columns = cleaned.as_mut().unwrap().columns();
                columns.set_number(*at, number);
                columns.set_text(*at, text.map(str::as_bytes));
            }
            Argument::Input(input) => {
                let feature = input.first as usize;
                match (Text::new(scorer, input), text) {
                    (Some(words), Some(text)) => words.put(text.as_bytes(), &mut row),
                    (Some(words), None) => words.missing(&mut row),
                    (None, Some(text)) => row[feature] = scorer.category(feature, text.as_bytes()),
                    (None, None) => row[feature] = number,
                }
            }
        }
    }
    if let Some(cleaned) = &mut cleaned {
        cleaned.put(scorer, &mut row);
    }
    let mut out = vec![f64::NAN; scorer.outputs()];
    scorer.predict(&row, &mut out);
    out.iter().map(|v| v.to_bits()).collect()
}

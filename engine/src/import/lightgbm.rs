//! Reads the text that LightGBM writes of a model (`Booster.save_model`, formats v3 and v4).
//!
//! Trees of numbers with one output a row: `binary`, the regressions of identity and log link, and `rf` (averaged trees). What the
//! format says beyond that is refused by name, never read wrongly.

use crate::error::{Error, Result};
use crate::model::{Body, Encoding, Feature, FeatureStats, Input, InputKind, Link, Model, Task, Trees, LEAF};

/// A split whose column is a category.
const IS_CATEGORY: u8 = 1;
/// A missing value goes left.
const DEFAULT_LEFT: u8 = 2;

/// The model of a text. Its columns have LightGBM's names; for `binary` the classes are "0" and "1".
///
/// # Errors
/// [`Error::InvalidData`] for a text that is no model, or one that needs what is not read yet.
pub fn read_lightgbm(text: &str) -> Result<Model> {
    let mut sections = text.split("\nTree=");
    let header = sections.next().unwrap_or_default();
    if !header.starts_with("tree") {
        return Err(wrong("the text does not begin as LightGBM writes a model"));
    }
    let names: Vec<&str> = required(header, "feature_names")?.split_whitespace().collect();
    let (task, link, scale) = objective(header)?;
    if value(header, "num_tree_per_iteration").is_some_and(|n| n != "1") {
        return Err(unsupported("a model of several classes"));
    }
    let average = header.lines().any(|line| line == "average_output");
    let mut trees = Trees { outputs: 1, base: vec![0.0], link, average, ..Trees::default() };
    for section in sections {
        let section = section.split("\nend of trees").next().unwrap_or_default();
        add_tree(&mut trees, section, names.len(), scale)?;
    }
    if trees.roots.is_empty() {
        return Err(wrong("the text has no trees"));
    }
    let number =
        |name: &&str| Feature { name: (*name).to_owned(), encoding: Encoding::Number, stats: FeatureStats::default() };
    let input = |(i, name): (usize, &&str)| Input {
        name: (*name).to_owned(),
        kind: InputKind::Number,
        first: i as u32,
        count: 1,
    };
    let model = Model {
        inputs: names.iter().enumerate().map(input).collect(),
        features: names.iter().map(number).collect(),
        task,
        body: Body::Trees(trees),
        cleaning: None,
    };
    model.validate()?;
    Ok(model)
}

/// Task, link, and what the leaves are multiplied by.
fn objective(header: &str) -> Result<(Task, Link, f64)> {
    let objective = value(header, "objective").unwrap_or("regression");
    let mut words = objective.split_whitespace();
    match words.next().unwrap_or_default() {
        "binary" => {
            let sigmoid = words.find_map(|word| word.strip_prefix("sigmoid:")).unwrap_or("1");
            let classes = vec!["0".to_owned(), "1".to_owned()];
            Ok((Task::Classification { classes, positive: 1 }, Link::Logistic, parse(sigmoid)?))
        }
        "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape" if !objective.contains("sqrt") => {
            Ok((Task::Regression, Link::Identity, 1.0))
        }
        "poisson" | "gamma" | "tweedie" => Ok((Task::Regression, Link::Log, 1.0)),
        _ => Err(unsupported(&format!("the objective \"{objective}\""))),
    }
}

fn add_tree(trees: &mut Trees, section: &str, features: usize, scale: f64) -> Result<()> {
    let leaves: Vec<f64> = list(section, "leaf_value")?;
    if value(section, "is_linear").is_some_and(|linear| linear == "1") {
        return Err(unsupported("a tree of linear leaves"));
    }
    let feature: Vec<usize> = list(section, "split_feature")?;
    let threshold: Vec<f64> = list(section, "threshold")?;
    let kind: Vec<u8> = list(section, "decision_type")?;
    let gain: Vec<f64> = list(section, "split_gain")?;
    let children: [Vec<i64>; 2] = [list(section, "left_child")?, list(section, "right_child")?];
    let splits = feature.len();
    let lengths = [threshold.len(), kind.len(), gain.len(), children[0].len(), children[1].len(), leaves.len() - 1];
    if lengths.iter().any(|&len| len != splits) {
        return Err(wrong("the lists of a tree are of different lengths"));
    }
    let (split_rows, leaf_rows) =
        (counts(section, "internal_count", splits)?, counts(section, "leaf_count", leaves.len())?);
    let root = trees.feature.len() as u32;
    trees.roots.push(root);
    // What comes next, a split or (as a number below 0) a leaf; a node's place is known when its parent is laid.
    let mut order = vec![if splits == 0 { -1 } else { 0 }];
    let mut done = 0;
    while let Some(&node) = order.get(done) {
        done += 1;
        if done > 2 * leaves.len() - 1 {
            return Err(wrong("a node of a tree has two parents"));
        }
        let (mut missing_left, mut value, mut gained) = (false, 0.0, 0.0);
        let (mut asked, mut right) = (LEAF, 0);
        let (left, rows);
        if let Ok(split) = usize::try_from(node) {
            if split >= splits || feature[split] >= features {
                return Err(wrong("a tree names a node or a column that is not there"));
            }
            if kind[split] & IS_CATEGORY != 0 {
                return Err(unsupported("a split of categories"));
            }
            missing_left = match kind[split] >> 2 {
                // Without missing values in training, one is taken as 0.
                0 => 0.0 <= threshold[split],
                2 => kind[split] & DEFAULT_LEFT != 0,
                _ => return Err(unsupported("zero_as_missing")),
            };
            asked = feature[split] as u32;
            (value, gained) = (threshold[split], gain[split]);
            left = root + order.len() as u32;
            right = left + 1;
            rows = split_rows[split];
            order.extend([children[0][split], children[1][split]]);
        } else {
            let place = (-1 - node) as usize;
            let leaf = leaves.get(place).ok_or_else(|| wrong("a tree names a leaf that is not there"))?;
            left = trees.values.len() as u32;
            rows = leaf_rows[place];
            trees.values.push(leaf * scale);
        }
        trees.feature.push(asked);
        trees.threshold.push(value);
        trees.left.push(left);
        trees.right.push(right);
        trees.missing_left.push(missing_left);
        trees.set.push(0);
        trees.cover.push(rows);
        trees.rows.push(rows as u64);
        trees.gain.push(gained);
    }
    Ok(())
}

/// What stands behind `key=` at the beginning of a line.
fn value<'a>(section: &'a str, key: &str) -> Option<&'a str> {
    section.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

fn required<'a>(section: &'a str, key: &str) -> Result<&'a str> {
    value(section, key).ok_or_else(|| wrong(&format!("the text has no {key}")))
}

fn parse<T: std::str::FromStr>(word: &str) -> Result<T> {
    word.parse().map_err(|_| wrong(&format!("\"{word}\" is no number")))
}

fn list<T: std::str::FromStr>(section: &str, key: &str) -> Result<Vec<T>> {
    let words = if key == "leaf_value" { required(section, key)? } else { value(section, key).unwrap_or_default() };
    let list: Vec<T> = words.split_whitespace().map(parse).collect::<Result<_>>()?;
    if key == "leaf_value" && list.is_empty() {
        return Err(wrong("a tree has no leaves"));
    }
    Ok(list)
}

/// How many training rows reached each node of a kind; none, where the text does not say.
fn counts(section: &str, key: &str, nodes: usize) -> Result<Vec<f64>> {
    let mut counts: Vec<f64> = list(section, key)?;
    if counts.is_empty() {
        counts.resize(nodes, 0.0);
    }
    let fits = counts.len() == nodes && counts.iter().all(|count| count.is_finite() && *count >= 0.0);
    fits.then_some(counts).ok_or_else(|| wrong(&format!("the list {key} of a tree does not fit its nodes")))
}

fn wrong(what: &str) -> Error {
    Error::data(format!("{what}, so it is not a LightGBM model"), "Give the text that Booster.save_model writes.")
}

fn unsupported(what: &str) -> Error {
    Error::data(
        format!("cannot read {what} of a LightGBM model"),
        "Numeric trees for binary, regression, poisson, gamma and tweedie are read.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Scorer;

    const TEXT: &str = "tree\nversion=v4\nnum_tree_per_iteration=1\nobjective=binary sigmoid:2\nfeature_names=a b\n\nTree=0\nnum_leaves=3\n\
        split_feature=1 0\nsplit_gain=4 2\nthreshold=0.5 -1\ndecision_type=10 0\nleft_child=1 -1\nright_child=-3 -2\n\
        leaf_value=0.25 -0.5 1\n\n\nTree=1\nnum_leaves=1\nleaf_value=0.125\n\nend of trees\n\nparameters:\n";

    #[test]
    fn trees_answer_as_lightgbm_does() {
        let scorer = Scorer::new(read_lightgbm(TEXT).expect("a model"));
        let mut out = [0.0];
        let mut p = |a, b| {
            scorer.predict(&[a, b], &mut out);
            out[0]
        };
        let logistic = crate::score::link::logistic;
        assert_eq!(p(0.0, 1.0), logistic(2.0 + 0.25));
        assert_eq!(p(-1.0, 0.5), logistic(0.5 + 0.25));
        // A missing b goes left as the split says, a missing a is 0.
        assert_eq!(p(f64::NAN, f64::NAN), logistic(-1.0 + 0.25));
    }

    #[test]
    fn what_is_no_model_is_an_error() {
        for end in (0..TEXT.find("Tree=1").expect("a tree") - 4).filter(|end| TEXT.is_char_boundary(*end)) {
            assert!(read_lightgbm(&TEXT[..end]).is_err(), "{end}");
        }
        let wrongs = [
            ("split_feature=1 0", "split_feature=1 2"),
            ("left_child=1 -1", "left_child=0 -1"),
            ("left_child=1 -1", "left_child=7 -1"),
            ("left_child=1 -1", "left_child=1 -9"),
            ("decision_type=10 0", "decision_type=11 0"),
            ("decision_type=10 0", "decision_type=6 0"),
            ("binary sigmoid:2", "multiclass num_class:3"),
            ("threshold=0.5 -1", "threshold=0.5 x"),
            ("threshold=0.5 -1", "internal_count=9 8 7\nthreshold=0.5 -1"),
            ("threshold=0.5 -1", "leaf_count=3 2 -1\nthreshold=0.5 -1"),
        ];
        for (from, to) in wrongs {
            assert!(read_lightgbm(&TEXT.replace(from, to)).is_err(), "{to}");
        }
    }
}

//! One tree.

use super::{usual_path, IsolationParams};
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;
use crate::model::{CategorySet, Encoding, Feature, Trees};

/// Cuts that are drawn anew where one parts off too few rows for the sake of privacy.
const TRIES: usize = 20;

/// Grow a tree on the rows at `places`, at least one.
///
/// Fails when cancelled.
pub(super) fn tree(
    features: &[Feature],
    columns: &[&[f64]],
    places: &[u32],
    params: &IsolationParams,
    random: &mut Random,
    control: &Control,
) -> Result<Trees> {
    let rows = places.len();
    let deepest = rows.next_power_of_two().trailing_zeros();
    let usual = usual_path(rows);
    let own = some(features.len(), params.max_features.of(features.len()), random);
    let mut grower =
        Grower { features, columns, own, places: places.to_vec(), least: params.min_group, trees: Trees::default() };
    let root = grower.node(rows);
    let mut open = vec![(root, 0..rows, 0u32)];
    while let Some((node, part, depth)) = open.pop() {
        control.check()?;
        let cut = if depth < deepest { grower.cut(part.clone(), random) } else { None };
        match cut {
            Some((cut, middle)) => {
                let parts = [part.start..middle, middle..part.end];
                let children = parts.clone().map(|part| grower.node(part.len()));
                grower.split(node, &cut, children);
                let [left, right] = parts;
                open.push((children[1], right, depth + 1));
                open.push((children[0], left, depth + 1));
            }
            None => {
                let path = f64::from(depth) + usual_path(part.len());
                // One row, or rows that nothing tells apart, have no usual path: they are like the others.
                let share = if usual > 0.0 { path / usual } else { 1.0 };
                grower.leaf(node, -std::f64::consts::LN_2 * share);
            }
        }
    }
    Ok(grower.trees)
}

/// `wanted` of `all` numbers from 0.
fn some(all: usize, wanted: usize, random: &mut Random) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..all).collect();
    for i in 0..wanted.min(all) {
        let other = i + random.below(all - i);
        numbers.swap(i, other);
    }
    numbers.truncate(wanted);
    numbers
}

/// Which rows go left.
struct Cut {
    feature: usize,
    rule: Rule,
    missing_left: bool,
}

enum Rule {
    /// Those up to a number.
    Number(f64),
    /// Those of some levels, a bit each.
    Levels(Vec<u64>),
}

impl Cut {
    fn goes_left(&self, value: f64) -> bool {
        match &self.rule {
            _ if value.is_nan() => self.missing_left,
            Rule::Number(threshold) => value <= *threshold,
            Rule::Levels(words) => is_in(words, value as usize),
        }
    }
}

fn is_in(words: &[u64], code: usize) -> bool {
    words.get(code / 64).is_some_and(|word| word >> (code % 64) & 1 == 1)
}

struct Grower<'a> {
    features: &'a [Feature],
    columns: &'a [&'a [f64]],
    /// The features of this tree.
    own: Vec<usize>,
    /// Its rows; those of a node side by side.
    places: Vec<u32>,
    least: u64,
    trees: Trees,
}

impl Grower<'_> {
    /// Add a node of so many rows, not said yet what it is.
    fn node(&mut self, rows: usize) -> usize {
        let node = self.trees.add_node();
        self.trees.cover[node] = rows as f64;
        self.trees.rows[node] = rows as u64;
        node
    }

    fn leaf(&mut self, node: usize, value: f64) {
        self.trees.left[node] = self.trees.values.len() as u32;
        self.trees.values.push(value);
    }

    fn split(&mut self, node: usize, cut: &Cut, [left, right]: [usize; 2]) {
        let trees = &mut self.trees;
        trees.feature[node] = cut.feature as u32;
        (trees.left[node], trees.right[node]) = (left as u32, right as u32);
        trees.missing_left[node] = cut.missing_left;
        match &cut.rule {
            Rule::Number(threshold) => trees.threshold[node] = *threshold,
            Rule::Levels(words) => {
                trees.sets.push(CategorySet { start: trees.words.len() as u32, len: words.len() as u32 });
                trees.words.extend_from_slice(words);
                trees.set[node] = trees.sets.len() as u32;
            }
        }
    }

    /// Cut a part of the rows at random by a feature in which they differ, and put those that go left first: the cut, and where the others begin. `None`
    /// where no feature parts them, or none that leaves enough on each side was drawn.
    fn cut(&mut self, part: std::ops::Range<usize>, random: &mut Random) -> Option<(Cut, usize)> {
        if (part.len() as u64) < 2 * self.least.max(1) {
            return None;
        }
        for _ in 0..if self.least > 1 { TRIES } else { 1 } {
            let cut = self.draw(part.clone(), random)?;
            let middle = self.part(part.clone(), &cut);
            let sides = [middle - part.start, part.end - middle];
            if sides.iter().all(|rows| *rows as u64 >= self.least.max(1)) {
                return Some((self.with_unseen(cut, part, sides[0] < sides[1]), middle));
            }
        }
        None
    }

    /// A cut by one of the features in which the rows differ, each as likely.
    fn draw(&mut self, part: std::ops::Range<usize>, random: &mut Random) -> Option<Cut> {
        for tried in 0..self.own.len() {
            let other = tried + random.below(self.own.len() - tried);
            self.own.swap(tried, other);
            let feature = self.own[tried];
            let column = self.columns[feature];
            let values = self.places[part.clone()].iter().map(|place| column[*place as usize]);
            let cut = match self.features[feature].encoding {
                Encoding::Category { .. } => levels(values, random),
                _ => number(values, random),
            };
            if let Some((rule, missing_left)) = cut {
                return Some(Cut { feature, rule, missing_left });
            }
        }
        None
    }

    /// Put the rows that go left first; where the others begin.
    fn part(&mut self, part: std::ops::Range<usize>, cut: &Cut) -> usize {
        let column = self.columns[cut.feature];
        let rows = &mut self.places[part.clone()];
        let (left, right): (Vec<u32>, Vec<u32>) =
            rows.iter().partition(|place| cut.goes_left(column[**place as usize]));
        rows[..left.len()].copy_from_slice(&left);
        rows[left.len()..].copy_from_slice(&right);
        part.start + left.len()
    }

    /// The cut with a way for what none of the rows has: a level goes where fewer rows are, as it is unlike them all; a missing value where more are, as
    /// nothing is known of it.
    fn with_unseen(&self, mut cut: Cut, part: std::ops::Range<usize>, left_is_smaller: bool) -> Cut {
        let values = || self.places[part.clone()].iter().map(|place| self.columns[cut.feature][*place as usize]);
        if !values().any(f64::is_nan) {
            cut.missing_left = !left_is_smaller;
        }
        if let (Rule::Levels(words), true, Encoding::Category { levels }) =
            (&mut cut.rule, left_is_smaller, &self.features[cut.feature].encoding)
        {
            let codes = levels.len() + 1;
            let mut right = vec![0u64; codes.div_ceil(64)];
            for code in values().filter(|v| !v.is_nan()).map(|v| v as usize).filter(|code| !is_in(words, *code)) {
                right[code / 64] |= 1 << (code % 64);
            }
            let mut left = vec![0u64; codes.div_ceil(64)];
            (0..codes).filter(|code| !is_in(&right, *code)).for_each(|code| left[code / 64] |= 1 << (code % 64));
            *words = left;
        }
        cut
    }
}

/// A threshold between the least and the greatest number, and whether missing values go left; `None` where all rows are alike.
fn number(values: impl Iterator<Item = f64>, random: &mut Random) -> Option<(Rule, bool)> {
    let (mut low, mut high, mut missing, mut below, mut above) =
        (f64::INFINITY, f64::NEG_INFINITY, false, false, false);
    for value in values {
        match value {
            f64::INFINITY => above = true,
            f64::NEG_INFINITY => below = true,
            value if value.is_nan() => missing = true,
            value => (low, high) = (low.min(value), high.max(value)),
        }
    }
    let finite = low <= high;
    if low < high && (!(below || above) || random.unit() < 0.5) {
        let share = random.unit();
        // No difference that could be infinite.
        let drawn = low * (1.0 - share) + high * share;
        let threshold = if drawn >= low && drawn < high { drawn } else { low };
        return Some((Rule::Number(threshold), random.unit() < 0.5));
    }
    if [below, finite, above, missing].into_iter().filter(|there| *there).count() < 2 {
        return None;
    }
    // What is infinite or missing is parted from the others as a whole.
    let (threshold, missing_left) = match (below, finite) {
        (true, _) => (f64::MIN, false),
        (false, true) => (high, above && random.unit() < 0.5),
        (false, false) => (f64::MAX, true),
    };
    Some((Rule::Number(threshold), missing_left))
}

/// Levels that go left, each there is as likely as not but never none or all, and whether missing values, a level of their own, do.
fn levels(values: impl Iterator<Item = f64>, random: &mut Random) -> Option<(Rule, bool)> {
    let mut there: Vec<Option<usize>> = values.map(|v| (!v.is_nan()).then_some(v as usize)).collect();
    there.sort_unstable();
    there.dedup();
    if there.len() < 2 {
        return None;
    }
    let mut left: Vec<bool> = there.iter().map(|_| random.unit() < 0.5).collect();
    if left.iter().all(|l| *l == left[0]) {
        let other = random.below(left.len());
        left[other] = !left[other];
    }
    let most = there.iter().flatten().max().copied().unwrap_or(0);
    let mut words = vec![0u64; most / 64 + 1];
    let mut missing_left = false;
    for (level, _) in there.iter().zip(&left).filter(|(_, left)| **left) {
        match level {
            Some(code) => words[code / 64] |= 1 << (code % 64),
            None => missing_left = true,
        }
    }
    Some((Rule::Levels(words), missing_left))
}

//! Steps that bring levels together.

use std::collections::{BTreeMap, HashMap};

use unicode_normalization::UnicodeNormalization;

use super::stats::Level;
use super::{Cleaner, Live};
use crate::clean::program::{Kind, Levels, NumberOp, ReadOp, TextOp};
use crate::clean::step::{Scalar, Step};
use crate::clean::text;
use crate::error::{Error, Result};

/// Spellings more than this are merged by case, white space and accents alone: comparing each with each takes too long.
const MOST_COMPARED: usize = 2_000;

/// A level is a misspelling of another only where that is so many times as frequent.
const TIMES: u64 = 10;

/// Letters a level must have for each that may differ.
const LETTERS: usize = 4;

impl Cleaner<'_> {
    pub(super) fn map_values(
        &mut self,
        step: &Step,
        live: &Live,
        values: &[(String, Option<Scalar>)],
        other: Option<&Option<String>>,
    ) -> Result<()> {
        let detail = format!("{} values", values.len());
        if live.kind != Kind::Text {
            return self.map_numbers(step, live, values, other.is_some(), detail);
        }
        let all_numbers = values.iter().all(|(_, to)| !matches!(to, Some(Scalar::Text(_))));
        if all_numbers && values.iter().any(|(_, to)| to.is_some()) {
            if matches!(other, Some(Some(_))) {
                return Err(Error::option(
                    "\"other\" of step \"map_values\" is a text and the values become numbers",
                    "Write all values as texts, or leave \"other\" out: other texts become NULL.",
                ));
            }
            let numbers = values.iter().filter_map(|(from, to)| Some((from.clone(), to.as_ref()?.number()?)));
            let levels = Levels::new(numbers.collect::<HashMap<_, _>>(), f64::NAN);
            return self.read(step, live, ReadOp::Map(levels), detail);
        }
        let sorted: BTreeMap<String, Option<String>> =
            values.iter().map(|(from, to)| (from.clone(), to.as_ref().map(Scalar::text))).collect();
        let (from, to) = sorted.into_iter().unzip();
        self.text(step, live, TextOp::Map { from, to, other: other.cloned() }, detail)
    }

    fn map_numbers(
        &mut self,
        step: &Step,
        live: &Live,
        values: &[(String, Option<Scalar>)],
        other: bool,
        detail: String,
    ) -> Result<()> {
        let number = |s: &Scalar| match s {
            Scalar::Number(n) => Some(*n),
            Scalar::Text(_) => None,
        };
        let pair = |(from, to): &(String, Option<Scalar>)| {
            Some((Scalar::Text(from.clone()).number()?, to.as_ref().map_or(Some(f64::NAN), number)?))
        };
        let pairs: Option<Vec<(f64, f64)>> = values.iter().map(pair).collect();
        let Some(pairs) = pairs.filter(|_| !other) else {
            return Err(Error::option(
                format!("step \"map_values\" can make numbers of column \"{}\" numbers or NULL alone", live.name),
                "Write {\"1\": 10, \"2\": null}; for texts cast the column in the source.",
            ));
        };
        let (from, to) = pairs.into_iter().unzip();
        self.number(step, live, NumberOp::Map(from, to), detail)
    }

    pub(super) fn merge_levels(&mut self, step: &Step, live: &Live, max_distance: usize) -> Result<()> {
        let levels = self.levels(live)?;
        let merged = self.merged(&levels, max_distance)?;
        if merged.is_empty() {
            return self.nothing(step, live, "no level is spelt in two ways");
        }
        let shown: Vec<String> = merged.iter().take(5).map(|(from, to)| format!("\"{from}\" to \"{to}\"")).collect();
        let more = if merged.len() > 5 { format!(" and {} more", merged.len() - 5) } else { String::new() };
        let detail = format!("{}{more}", shown.join(", "));
        let (from, to) = merged.into_iter().map(|(from, to)| (from, Some(to))).unzip();
        self.text(step, live, TextOp::Map { from, to, other: None }, detail)
    }

    /// What each level that is spelt otherwise becomes, in C order.
    fn merged(&self, levels: &[Level], max_distance: usize) -> Result<BTreeMap<String, String>> {
        // A key in the map and one among the groups, and what becomes of each level.
        self.borrow(levels.iter().map(|l| 3 * l.text.len() + 4 * std::mem::size_of::<(String, &str, u64)>()).sum())?;
        // Levels come by frequency: the first of a key is its best spelling.
        let mut best: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<(String, &str, u64)> = Vec::new();
        let mut group_of = Vec::with_capacity(levels.len());
        for level in levels {
            let key = key(&level.text);
            let group = *best.entry(key.clone()).or_insert_with(|| {
                groups.push((key, &level.text, 0));
                groups.len() - 1
            });
            groups[group].2 += level.rows;
            group_of.push(group);
        }
        let mut target: Vec<usize> = (0..groups.len()).collect();
        if max_distance > 0 && groups.len() <= MOST_COMPARED {
            let mut order: Vec<usize> = (0..groups.len()).collect();
            order.sort_by(|&a, &b| groups[b].2.cmp(&groups[a].2).then(a.cmp(&b)));
            for (place, &rare) in order.iter().enumerate() {
                self.control.check()?;
                let candidates =
                    order[..place].iter().filter(|g| target[**g] == **g && groups[**g].2 >= TIMES * groups[rare].2);
                let near = candidates.filter_map(|&g| {
                    distance(&groups[rare].0, &groups[g].0, max_distance).map(|d| (d, place_of(&order, g), g))
                });
                if let Some((_, _, group)) = near.min() {
                    target[rare] = group;
                }
            }
        }
        let to = |i: usize| groups[target[group_of[i]]].1;
        let changed = levels.iter().enumerate().filter(|(i, level)| to(*i) != level.text);
        Ok(changed.map(|(i, level)| (level.text.clone(), to(i).to_owned())).collect())
    }

    pub(super) fn rare_levels(
        &mut self,
        step: &Step,
        live: &Live,
        (min_rows, min_share, max_levels): (u64, f64, Option<usize>),
        other: &str,
    ) -> Result<()> {
        let levels = self.levels(live)?;
        let rows: u64 = levels.iter().map(|l| l.rows).sum();
        let least = (min_share * rows as f64).max(min_rows as f64);
        let kept = levels.iter().filter(|l| l.rows as f64 >= least).take(max_levels.unwrap_or(usize::MAX));
        let mut kept: Vec<String> = kept.map(|l| l.text.clone()).collect();
        kept.sort();
        let detail = format!("{} of {} levels stay, the others become \"{other}\"", kept.len(), levels.len());
        self.text(step, live, TextOp::Keep { levels: kept, other: other.to_owned() }, detail)
    }
}

fn place_of(order: &[usize], group: usize) -> usize {
    order.iter().position(|g| *g == group).unwrap_or(usize::MAX)
}

/// What spellings of one level have in common: no case, no accents, single blanks.
fn key(level: &str) -> String {
    let folded = text::fold_space(level);
    let plain = folded.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c));
    plain.collect::<String>().to_lowercase()
}

/// In how many letters two keys differ, where that may be an error of typing: up to `most`, and the digits are the same.
fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (long, short) = (a.chars().count().max(b.chars().count()), a.chars().count().min(b.chars().count()));
    let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
    if long - short > most || short < LETTERS || digits(a) != digits(b) {
        return None;
    }
    let distance = strsim::osa_distance(a, b);
    (distance <= most && short >= LETTERS * distance).then_some(distance)
}

//! Steps that bring levels together.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use unicode_normalization::UnicodeNormalization;

use super::stats::Level;
use super::{Cleaner, Live};
use crate::clean::program::{Kind, Levels, NumberOp, ReadOp, TextOp};
use crate::clean::step::{Columns, Other, Scalar, Step};
use crate::clean::text;
use crate::error::{Error, Result};

/// Spellings more than this are merged by case, white space and accents alone: comparing each with each takes too long.
const MOST_COMPARED: usize = 2_000;

/// Letters that may differ unless a step says otherwise.
const DISTANCE: usize = 1;

/// A level is a misspelling of another only where that is so many times as frequent.
const TIMES: u64 = 10;

/// Letters a word must have for each that may differ: of four, as in Iran and Iraq, one makes another word.
const LETTERS: usize = 5;

impl Cleaner<'_> {
    pub(super) fn map_values(
        &mut self,
        step: &Step,
        live: &Live,
        values: &[(String, Option<Scalar>)],
        other: &Other,
    ) -> Result<()> {
        let detail = format!("{} {}", values.len(), if values.len() == 1 { "value" } else { "values" });
        if live.kind != Kind::Text {
            return self.map_numbers(step, live, values, matches!(other, Other::Becomes(_)), detail);
        }
        let all_numbers = values.iter().all(|(_, to)| !matches!(to, Some(Scalar::Text(_))));
        if all_numbers && values.iter().any(|(_, to)| to.is_some()) {
            if matches!(other, Other::Stay) {
                return Err(Error::option(
                    "\"other_to_null\" of step \"map_values\" is false and the values become numbers",
                    "Write all values as texts, or leave \"other_to_null\" out: other texts become NULL.",
                ));
            }
            if matches!(other, Other::Becomes(Some(_))) {
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
        let other = match other {
            Other::Becomes(other) => Some(other.clone()),
            Other::Default | Other::Stay => None,
        };
        self.text(step, live, TextOp::Map { from, to, other }, detail)
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

    pub(super) fn merge_levels(
        &mut self,
        step: &Step,
        live: &Live,
        max_distance: Option<usize>,
        accents: bool,
    ) -> Result<()> {
        let levels = self.levels(live)?;
        let (merged, compared) = self.merged(&levels, max_distance.unwrap_or(DISTANCE), accents)?;
        let named = matches!(step.columns, Columns::Named(_));
        if max_distance.is_some_and(|distance| distance > 0) && !compared && named {
            return Err(Error::option(
                format!("column \"{}\" has too many spellings to compare each with each", live.name),
                format!("Misspellings are looked for among {MOST_COMPARED}: make rare levels one before, or leave \"max_distance\" out to merge what differs by case, white space and accents alone."),
            ));
        }
        if merged.is_empty() {
            return self.nothing(step, live, "no level is spelt in two ways");
        }
        let shown: Vec<String> = merged.iter().take(5).map(|(from, to)| format!("\"{from}\" to \"{to}\"")).collect();
        let more = if merged.len() > 5 { format!(" and {} more", merged.len() - 5) } else { String::new() };
        let alone = if compared { "" } else { "; too many spellings to look for misspelt ones" };
        let detail = format!("{}{more}{alone}", shown.join(", "));
        let (from, to) = merged.into_iter().map(|(from, to)| (from, Some(to))).unzip();
        self.text(step, live, TextOp::Map { from, to, other: None }, detail)
    }

    /// What each level that is spelt otherwise becomes, in C order, and whether misspellings were looked for as far as they are wanted.
    fn merged(&self, levels: &[Level], max_distance: usize, accents: bool) -> Result<(BTreeMap<String, String>, bool)> {
        // A key in the map and one among the groups, its spellings, and what becomes of each level.
        self.borrow(levels.iter().map(|l| 5 * l.text.len() + 8 * std::mem::size_of::<Spelling<'_>>()).sum())?;
        let mut of_key: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut group_of = Vec::with_capacity(levels.len());
        let mut spellings: HashMap<(usize, Cow<'_, str>), u64> = HashMap::new();
        for level in levels {
            let (key, text) = (key(&level.text, accents), text::fold_space(&level.text));
            let group = *of_key.entry(key.clone()).or_insert_with(|| {
                groups.push(Group { key, rows: 0, best: Spelling { text: text.clone(), rows: 0 } });
                groups.len() - 1
            });
            groups[group].rows += level.rows;
            *spellings.entry((group, text)).or_default() += level.rows;
            group_of.push(group);
        }
        for ((group, text), rows) in spellings {
            let spelling = Spelling { text, rows };
            if spelling.is_better(&groups[group].best) {
                groups[group].best = spelling;
            }
        }
        let mut target: Vec<usize> = (0..groups.len()).collect();
        let few = groups.len() <= MOST_COMPARED;
        if max_distance > 0 && few {
            let mut order: Vec<usize> = (0..groups.len()).collect();
            order.sort_by(|&a, &b| groups[b].rows.cmp(&groups[a].rows).then(a.cmp(&b)));
            for (place, &rare) in order.iter().enumerate() {
                self.control.check()?;
                let candidates = order[..place].iter().enumerate();
                let near = candidates
                    .filter(|(_, g)| target[**g] == **g && groups[**g].rows / TIMES >= groups[rare].rows)
                    .filter_map(|(i, &g)| {
                        distance(&groups[rare].key, &groups[g].key, max_distance).map(|distance| (distance, i, g))
                    });
                if let Some((_, _, group)) = near.min() {
                    target[rare] = group;
                }
            }
        }
        let to = |i: usize| &*groups[target[group_of[i]]].best.text;
        let changed = levels.iter().enumerate().filter(|(i, level)| to(*i) != level.text);
        let merged = changed.map(|(i, level)| (level.text.clone(), to(i).to_owned())).collect();
        Ok((merged, few || max_distance == 0))
    }

    pub(super) fn rare_levels(
        &mut self,
        step: &Step,
        live: &Live,
        (min_rows, min_share, max_levels): (u64, f64, Option<usize>),
        other: &str,
    ) -> Result<()> {
        let levels = self.all_levels(live)?;
        let rows: u64 = levels.iter().map(|l| l.rows).sum();
        let least = (min_share * rows as f64).max(min_rows.max(self.least) as f64);
        let kept = levels.iter().filter(|l| l.rows as f64 >= least).take(max_levels.unwrap_or(usize::MAX));
        let mut kept: Vec<String> = kept.map(|l| l.text.clone()).collect();
        kept.sort();
        let detail = format!("{} of {} levels stay, the others become \"{other}\"", kept.len(), levels.len());
        self.text(step, live, TextOp::Keep { levels: kept, other: other.to_owned() }, detail)
    }
}

/// Levels that are one but for case, white space and accents.
struct Group<'a> {
    key: String,
    rows: u64,
    /// The best spelling so far.
    best: Spelling<'a>,
}

/// A spelling, white space folded, with its rows.
#[derive(Clone, PartialEq, Eq)]
struct Spelling<'a> {
    text: Cow<'a, str>,
    rows: u64,
}

impl Spelling<'_> {
    /// The best one is the most frequent; of equals one that is neither shouted nor all small, then the first in C order.
    fn is_better(&self, than: &Spelling<'_>) -> bool {
        let one_case = |text: &str| text.to_uppercase() == text || text.to_lowercase() == text;
        let rank = |s: &Spelling<'_>| (std::cmp::Reverse(s.rows), one_case(&s.text));
        rank(self).cmp(&rank(than)).then_with(|| self.text.cmp(&than.text)).is_lt()
    }
}

/// What spellings of one level have in common: no case, single blanks, and no accents unless these tell levels apart.
fn key(level: &str, accents: bool) -> String {
    let folded = text::fold_space(level);
    if accents {
        return folded.nfc().collect::<String>().to_lowercase();
    }
    let plain = folded.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c));
    plain.collect::<String>().to_lowercase()
}

/// In how many letters two keys differ, where that may be an error of typing: up to `most`, in long words that begin alike. The digits
/// are the same, and so are short words, which tell `Plan A` from `Plan B`; a blank or hyphen more or less counts as a letter.
fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
    if a.chars().count().abs_diff(b.chars().count()) > most || digits(a) != digits(b) {
        return None;
    }
    let is_gap = |c: char| matches!(c, ' ' | '-' | '_' | '.' | '/' | '\'');
    if a.chars().filter(|c| !is_gap(*c)).eq(b.chars().filter(|c| !is_gap(*c))) {
        return Some(strsim::osa_distance(a, b)).filter(|distance| *distance <= most);
    }
    let (mut left, mut right, mut sum) = (a.split(is_gap), b.split(is_gap), 0);
    loop {
        match (left.next(), right.next()) {
            (None, None) => return (sum <= most).then_some(sum),
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) => {
                let distance = strsim::osa_distance(one, other);
                let short = one.chars().count().min(other.chars().count());
                let begins_alike = one.chars().next() == other.chars().next();
                if !begins_alike || distance > most || short < LETTERS * distance {
                    return None;
                }
                sum += distance;
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_of_typing_are_near() {
        let near = |a: &str, b: &str| distance(&key(a, false), &key(b, false), 1);
        for (a, b) in [
            ("Germany", "Gremany"),
            ("Germany", "Germny"),
            ("New York", "NewYork"),
            ("Saint-Denis", "Saint Denis"),
            ("Massachusetts", "Massachusets"),
            ("red shoes 42", "red shoess 42"),
        ] {
            assert_eq!(near(a, b), Some(1), "{a} {b}");
        }
        for (a, b) in [
            ("Plan A", "Plan B"),
            ("iPhone X", "iPhone XS"),
            ("Iran", "Iraq"),
            ("Zambia", "Gambia"),
            ("male", "female"),
            ("Windows 7", "Windows 8"),
            ("Size 4", "Size 44"),
            ("Type I", "Type II"),
            ("New York", "New Jersey"),
            ("US", "UK"),
        ] {
            assert_eq!(near(a, b), None, "{a} {b}");
        }
        assert_eq!(distance("mississippi", "misisipi", 3), None);
        assert_eq!(distance("massachusetts bay", "massachusets baay", 3), None);
    }

    #[test]
    fn the_best_spelling_is_frequent_then_tidy() {
        let spelling = |text, rows| Spelling { text: Cow::Borrowed(text), rows };
        let (paris, small, shouted) = (spelling("Paris", 2), spelling("paris", 2), spelling("PARIS", 2));
        assert!(paris.is_better(&small) && paris.is_better(&shouted) && shouted.is_better(&small));
        assert!(spelling("PARIS", 3).is_better(&paris) && !paris.is_better(&paris));
    }
}

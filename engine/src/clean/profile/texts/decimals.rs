//! Points and commas between digits that may part something else than decimals: the parts of versions and times, the codes of lists.

use std::collections::{BTreeMap, BTreeSet};

use super::super::names;
use super::doubt::Seen;
use super::{quoted, Looked};
use crate::clean::parse::Grouping;
use crate::clean::text::trim_space;

/// Digits behind a point from which on it parts decimals, and not thousands or cents.
const FINE: usize = 4;

/// Whether a sign parts thousands in some numbers and cents in others: not where decimals are as long as they happen to be, of other lengths too or most of three.
pub fn both_meanings(seen: &[Seen<'_>], sign: char) -> bool {
    let likely = || seen.iter().filter(|s| s.written.grouping == Grouping::Likely(sign));
    let unclear = || seen.iter().filter(|s| s.written.grouping == Grouping::Unclear(sign));
    if likely().next().is_none() || likely().any(|s| s.written.behind >= FINE) {
        return false;
    }
    let rows = |seen: &mut dyn Iterator<Item = &Seen<'_>>| seen.map(|s| s.rows).sum::<u64>();
    let shortened = !likely().chain(unclear()).any(|s| s.written.ends_in_zero || s.is_amount());
    let lengths = likely().map(|s| s.written.behind).collect::<BTreeSet<_>>().len();
    !(shortened && (lengths > 1 || rows(&mut unclear()) >= 2 * rows(&mut likely())))
}

/// Parts of a list: digits that are no fraction.
fn parts(text: &str) -> Option<Vec<&str>> {
    let parts: Vec<&str> = trim_space(text).split(',').map(trim_space).collect();
    let is_code = |part: &&str| {
        (1..=3).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part.len() == 1 || !part.starts_with('0'))
    };
    (parts.len() > 1 && parts.iter().all(is_code)).then_some(parts)
}

/// The share of the parts of lists that are values of the column by themselves.
const ALONE: f64 = 0.75;

/// Whether numbers with a comma may be lists of the others, as of answers and codes: `1,2` beside 1 and 2, `101,205` beside 101 and 205.
pub fn list(looked: &Looked<'_>, seen: &[Seen<'_>]) -> Option<String> {
    let single: BTreeSet<&str> = seen
        .iter()
        .map(|s| trim_space(s.text))
        .filter(|text| text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    let with_comma = || looked.real.iter().filter(|v| v.text.contains(','));
    let mut lists = Vec::new();
    for value in with_comma() {
        lists.push((&value.text, parts(&value.text)?));
    }
    let (mut all, mut last) = (BTreeSet::new(), BTreeSet::new());
    for (_, parts) in &lists {
        let different: BTreeSet<&str> = parts.iter().copied().collect();
        // Nobody gives an answer twice.
        if different.len() < parts.len() {
            return None;
        }
        last.extend(parts.last().copied());
        all.extend(different);
    }
    let known = all.iter().filter(|part| single.contains(*part)).count();
    // Halves have always the same digit behind the comma.
    if last.len() < 2 || (known as f64) < ALONE * all.len() as f64 {
        return None;
    }
    let (example, _) = lists.first()?;
    Some(format!(
        "numbers with a comma, such as {}, may be lists of the others: nobody can tell codes from decimals or thousands, so name the step parse_number if they are numbers",
        quoted(example)
    ))
}

/// Whether groups of three digits may be codes side by side and not thousands: `101,205`, `123 456 789`. Thousands would begin with fewer digits, or a
/// group with a zero, somewhere; a currency or a fraction says that amounts are meant.
pub fn groups(seen: &[Seen<'_>]) -> Option<String> {
    let sign = |c: char| matches!(c, ',' | '.' | ' ' | '\'' | '_' | '\u{A0}' | '\u{202F}' | '\u{2009}');
    let of = |s: &Seen<'_>| -> Option<Vec<usize>> {
        let groups: Vec<&str> = trim_space(s.text).trim_start_matches(['-', '+']).split(sign).collect();
        let whole = groups.iter().all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
        let clear = groups.first().is_some_and(|first| first.len() < 3) || groups.iter().any(|g| g.starts_with('0'));
        (groups.len() > 1 && whole).then(|| if clear { Vec::new() } else { groups.iter().map(|g| g.len()).collect() })
    };
    let mut grouped = seen.iter().filter_map(|s| Some((s, of(s)?))).peekable();
    let (first, _) = grouped.peek()?;
    let example = quoted(first.text);
    let joined = seen.iter().any(|s| s.text.contains('_'));
    let codes = grouped.all(|(_, lengths)| !lengths.is_empty() && lengths.iter().all(|length| *length == 3));
    let alike = alike(seen);
    let amount =
        |s: &Seen<'_>| s.is_amount() || matches!(s.written.grouping, Grouping::Likely(_) | Grouping::Decimal(_));
    ((codes || joined || alike) && !seen.iter().any(amount)).then(|| {
        format!("groups of three digits, such as {example}, may be thousands or codes side by side: nobody can tell, so name the step parse_number if they are numbers")
    })
}

/// Whether all numbers have several separators and as many digits, as the numbers of articles have: `12.345.678`.
fn alike(seen: &[Seen<'_>]) -> bool {
    let shape = |s: &Seen<'_>| -> Vec<usize> {
        let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
        let groups = || trim_space(s.text).split(|c: char| !c.is_ascii_digit());
        groups().map(str::len).filter(|_| groups().all(digits)).collect()
    };
    let first = seen.first().map(shape).unwrap_or_default();
    seen.len() >= FEW && first.len() >= 3 && !first.contains(&0) && seen.iter().all(|s| shape(s) == first)
}

/// Different values from which on shapes that are alike may be no accident.
const FEW: usize = 3;

/// Different values from which on what they have in common is no accident.
const SEVERAL: usize = 5;
/// Numbers before the point, or between points, of which versions have fewer.
const MANY: f64 = 100.0;

/// Whether the digits behind a point may count from 1 and not be decimals, as in versions and times: numbers that are equal are written with more and
/// with fewer zeros, `1.1` and `1.10`; or all have two digits that are minutes, `9.05` and `18.30`. Amounts are not looked at.
pub fn places(name: &str, seen: &[Seen<'_>]) -> Option<String> {
    let parted = |s: &&Seen<'_>| {
        matches!(s.written.grouping, Grouping::Likely('.') | Grouping::Unclear('.') | Grouping::Decimal('.'))
    };
    let amount = names::is_amount(name) || seen.iter().any(Seen::is_amount);
    let numbers = || seen.iter().filter(parted);
    if amount || numbers().next().is_none() {
        return None;
    }
    let mut written: BTreeMap<u64, &Seen<'_>> = BTreeMap::new();
    for one in numbers() {
        let other = written.entry(one.number.to_bits()).or_insert(one);
        if other.written.behind != one.written.behind {
            return Some(format!(
                "{} and {} are equal as numbers, but not as versions, codes or times: nobody can tell, so name the step parse_number if they are numbers",
                quoted(other.text),
                quoted(one.text)
            ));
        }
    }
    // Who writes 1.10 for 1.1 does not write 1.9 beside, unless they count: a fraction that begins with a zero, or a longer one, does not.
    let counts = |s: &&Seen<'_>| {
        s.number.abs() < MANY && (s.written.behind == 1 || s.written.behind == 2 && s.number.abs().fract() >= 0.0995)
    };
    let one = |ends: &dyn Fn(&Seen<'_>) -> bool| numbers().find(|s| ends(s));
    let long = one(&|s| s.written.behind == 2 && s.written.ends_in_zero);
    let short = one(&|s| s.written.behind == 1 && !s.written.ends_in_zero);
    if let (Some(long), Some(short), true) = (long, short, numbers().all(|s| counts(&s))) {
        return Some(format!(
            "{} and {} have different numbers of digits behind the point, as versions and codes have: nobody can tell, so name the step parse_number if they are numbers",
            quoted(short.text),
            quoted(long.text)
        ));
    }
    let minutes = |s: &Seen<'_>| {
        let part = (s.number.abs().fract() * 100.0).round();
        s.written.behind == 2 && (0.0..24.0).contains(&s.number) && part < 60.0
    };
    let different: BTreeSet<u64> = numbers().map(|s| (s.number.fract() * 100.0).round().to_bits()).collect();
    let clock = names::is_clock(name) || different.len() >= SEVERAL;
    (clock && seen.iter().all(minutes)).then(|| {
        format!(
            "numbers such as {} may be times, with minutes behind the point: nobody can tell, so name the step parse_number if they are numbers",
            quoted(seen[0].text)
        )
    })
}

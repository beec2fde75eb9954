//! Changes of three columns and more: the most promising ones are followed, so that what is found is small but not proven the smallest.

use std::collections::BTreeMap;

use super::search::{change, nearest, Column, Hit};
use super::tester::Tester;
use super::Wish;
use crate::control::Control;
use crate::error::Result;
use crate::judge::given::Given;

/// Changes that are followed.
const WIDTH: usize = 64;
/// Of those of the same columns.
const ALIKE: usize = 4;

/// A change that does not reach the goal.
#[derive(Clone)]
struct State {
    at: Vec<(usize, usize)>,
    margin: f64,
    distance: f64,
}

/// Add what reaches the goal by more than two columns, none of which holds all columns of a hit.
pub(super) fn extend(
    tester: &mut Tester<'_>,
    columns: &[Column],
    wish: Wish,
    hits: &mut Vec<Hit>,
    control: &Control,
) -> Result<()> {
    let mut states = vec![State { at: Vec::new(), margin: f64::NEG_INFINITY, distance: 0.0 }];
    for size in 1..=wish.most_changes.min(columns.len()) {
        let (next, reached) = grow(tester, columns, &states, hits, control)?;
        // One and two columns were searched in full.
        if size > 2 {
            let mut best: BTreeMap<Vec<usize>, Hit> = BTreeMap::new();
            for hit in reached {
                let hit = refine(tester, columns, hit, control)?;
                let key = set(&hit.at);
                if covers(hits, &key) {
                    continue;
                }
                match best.get(&key) {
                    Some(known) if !hit.beats(known) => {}
                    _ => {
                        best.insert(key, hit);
                    }
                }
            }
            hits.extend(best.into_values());
            if hits.len() >= wish.alternatives {
                return Ok(());
            }
        }
        states = next;
    }
    Ok(())
}

/// The columns of a change.
fn set(at: &[(usize, usize)]) -> Vec<usize> {
    let mut set: Vec<usize> = at.iter().map(|(column, _)| *column).collect();
    set.sort_unstable();
    set
}

/// Whether the columns of a hit are all among some columns.
fn covers(hits: &[Hit], columns: &[usize]) -> bool {
    hits.iter().any(|hit| hit.at.iter().all(|(column, _)| columns.contains(column)))
}

/// All states with one more change: those worth to follow, and those that reach the goal, as far as they are of other columns than the hits.
fn grow(
    tester: &mut Tester<'_>,
    columns: &[Column],
    states: &[State],
    hits: &[Hit],
    control: &Control,
) -> Result<(Vec<State>, Vec<Hit>)> {
    let mut grown: BTreeMap<Vec<usize>, (Vec<State>, Option<Hit>)> = BTreeMap::new();
    for state in states {
        let own = set(&state.at);
        let fixed: Vec<(usize, &Given)> = state.at.iter().map(|&place| change(columns, place)).collect();
        for (at, column) in columns.iter().enumerate().filter(|(at, _)| !own.contains(at)) {
            let mut key = own.clone();
            key.push(at);
            key.sort_unstable();
            if covers(hits, &key) {
                continue;
            }
            let (alike, hit) = grown.entry(key).or_default();
            for from in (0..column.candidates.len()).step_by(tester.rows) {
                control.check()?;
                let part = &column.candidates[from..(from + tester.rows).min(column.candidates.len())];
                let rows = part.iter().map(|candidate| {
                    let mut row = fixed.clone();
                    row.push((column.argument, &candidate.value));
                    row
                });
                for (i, (after, margin)) in tester.test(rows).into_iter().enumerate() {
                    let distance = state.distance + part[i].distance;
                    let place = (at, from + i);
                    let whole = || state.at.iter().copied().chain([place]).collect::<Vec<_>>();
                    if margin >= 0.0 {
                        let own = Hit { at: whole(), distance, after, margin, proven: false };
                        if hit.as_ref().is_none_or(|known| own.beats(known)) {
                            *hit = Some(own);
                        }
                    } else if alike.len() < ALIKE || alike.last().is_some_and(|last| margin > last.margin) {
                        alike.push(State { at: whole(), margin, distance });
                        sort(alike);
                        alike.truncate(ALIKE);
                    }
                }
            }
        }
    }
    let (mut next, mut reached) = (Vec::new(), Vec::new());
    for (alike, hit) in grown.into_values() {
        next.extend(alike);
        reached.extend(hit);
    }
    sort(&mut next);
    next.truncate(WIDTH);
    Ok((next, reached))
}

/// The nearest to the goal first, then the smallest.
fn sort(states: &mut [State]) {
    states.sort_by(|a, b| {
        let by_margin = b.margin.total_cmp(&a.margin).then(a.distance.total_cmp(&b.distance));
        by_margin.then_with(|| a.at.cmp(&b.at))
    });
}

/// Leave out changes that are not needed, and make each of the others as small as the rest allows.
fn refine(tester: &mut Tester<'_>, columns: &[Column], mut hit: Hit, control: &Control) -> Result<Hit> {
    loop {
        let before = (hit.at.len(), hit.distance);
        for i in (0..hit.at.len()).rev() {
            let mut rest = hit.at.clone();
            let (column, _) = rest.remove(i);
            let changes: Vec<(usize, &Given)> = rest.iter().map(|&place| change(columns, place)).collect();
            let (after, margin) = tester.one(&changes);
            let distance = rest.iter().map(|&(c, v)| columns[c].candidates[v].distance).sum();
            if margin >= 0.0 && !rest.is_empty() {
                hit = Hit { at: rest, distance, after, margin, proven: false };
                break;
            }
            let (nearer, _) = nearest(tester, &rest, columns, column, hit.distance - distance, control)?;
            if let Some(nearer) = nearer.filter(|nearer| nearer.distance < hit.distance) {
                hit = Hit { proven: false, ..nearer };
            }
        }
        if before == (hit.at.len(), hit.distance) {
            return Ok(hit);
        }
    }
}

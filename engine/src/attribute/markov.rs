//! The removal effect: how many conversions a Markov chain of the journeys loses when a channel leads nowhere (Anderl, Becker, von Wangenheim and
//! Schumann 2016, "Mapping the customer journey").
//!
//! A state is the last touches of a journey, as many as the order of the chain; from it a customer goes on to another touch, converts, or is lost. Nothing is
//! simulated: with `N`, the inverse of `I - Q`, whose entry is how often a state is visited from another, the chance to convert from the start is `a N r`, and
//! what is lost without the states `C` of a channel is what the first visits to them would have brought: `a N[., C] (N[C, C])^-1 x[C]`, with `x = N r`. So one
//! inverse serves all channels.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::{look, Credit, Journeys};
use crate::control::Control;
use crate::error::{Error, Result};

/// More states than this are refused: the inverse takes their cube.
const MOST_STATES: usize = 2000;

/// Pairs of states whose memory is counted at once.
const ENTRIES: usize = 1024;
/// About what a pair takes in the map.
const ENTRY: usize = 48;

/// The chain.
struct Chain {
    /// The last channel of each state.
    last: Vec<u32>,
    /// How often each state was left, or in how many journeys it ended.
    visits: Vec<f64>,
    /// How often one state came after another.
    steps: BTreeMap<(u32, u32), f64>,
    /// How many journeys began in each state.
    starts: Vec<f64>,
    /// The conversions from each state, and their value.
    ends: Vec<[f64; 2]>,
}

impl Chain {
    fn of(journeys: &Journeys, order: usize, control: &Control) -> Result<Chain> {
        let mut places: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        let mut chain = Chain {
            last: Vec::new(),
            visits: Vec::new(),
            steps: BTreeMap::new(),
            starts: Vec::new(),
            ends: Vec::new(),
        };
        let (mut looks, mut entries) = (0, 0);
        for journey in journeys.iter() {
            // A journey of many conversions was gone so many times, and one without once.
            let weight = if journey.conversions > 0.0 { journey.conversions } else { 1.0 };
            let mut before: Option<u32> = None;
            for at in 0..journey.channels.len() {
                look(looks, control)?;
                looks += 1;
                let state = &journey.channels[(at + 1).saturating_sub(order)..=at];
                let place = match places.get(state) {
                    Some(&place) => place,
                    None => {
                        let place = places.len() as u32;
                        if places.len() == MOST_STATES {
                            return Err(Error::InvalidData {
                                message: format!("the journeys have more than {MOST_STATES} states"),
                                detail: format!("A state is the last {order} channels of a journey, one after the other."),
                                hint: "Lower the option \"order\", group channels in the source, or name other methods in \"methods\"."
                                    .into(),
                            });
                        }
                        places.insert(state.to_vec(), place);
                        chain.last.push(journey.channels[at]);
                        chain.visits.push(0.0);
                        chain.starts.push(0.0);
                        chain.ends.push([0.0; 2]);
                        place
                    }
                };
                chain.visits[place as usize] += weight;
                match before {
                    None => chain.starts[place as usize] += weight,
                    Some(before) => {
                        let steps = chain.steps.entry((before, place)).or_insert_with(|| {
                            entries += 1;
                            0.0
                        });
                        *steps += weight;
                        if entries == ENTRIES {
                            control.reserve(ENTRIES * ENTRY)?;
                            entries = 0;
                        }
                    }
                }
                before = Some(place);
            }
            if let Some(end) = before.map(|place| &mut chain.ends[place as usize]) {
                end[0] += journey.conversions;
                end[1] += journey.value;
            }
        }
        Ok(chain)
    }
}

/// Share conversions by the effect of removing each of `channels` channels; the value by its own effect.
///
/// # Errors
/// [`Error::InvalidData`] when the chain has too many states; [`Error::OutOfMemory`], [`Error::Cancelled`].
pub fn attribute(journeys: &Journeys, channels: usize, order: usize, control: &Control) -> Result<Vec<Credit>> {
    let chain = Chain::of(journeys, order, control)?;
    let size = chain.last.len();
    let conversions: f64 = chain.ends.iter().map(|end| end[0]).sum();
    let value: f64 = chain.ends.iter().map(|end| end[1]).sum();
    let mut credits: Vec<Credit> = control.filled(channels, Credit::default())?;
    if conversions <= 0.0 {
        return Ok(credits);
    }
    let visited = inverse(&chain, control)?;
    let row = |state: usize| &visited[state * size..(state + 1) * size];
    let all: f64 = chain.starts.iter().sum();
    // How often each state is visited from the start.
    let mut from_start: Vec<f64> = control.filled(size, 0.0)?;
    // What is to be expected from each state on.
    let mut worth: Vec<[f64; 2]> = control.filled(size, [0.0; 2])?;
    for (state, worth) in worth.iter_mut().enumerate() {
        control.check()?;
        let start = chain.starts[state] / all;
        for (to, &often) in row(state).iter().enumerate() {
            from_start[to] += start * often;
            for (sum, end) in worth.iter_mut().zip(chain.ends[to]) {
                *sum += often * (end / chain.visits[to]);
            }
        }
    }
    let mut states: Vec<Vec<usize>> = vec![Vec::new(); channels];
    for (state, &channel) in chain.last.iter().enumerate() {
        states[channel as usize].push(state);
    }
    let total = [0, 1].map(|of| (0..size).map(|state| chain.starts[state] / all * worth[state][of]).sum::<f64>());
    let mut lost: Vec<[f64; 2]> = control.filled(channels, [0.0; 2])?;
    for (channel, states) in states.iter().enumerate().filter(|(_, states)| !states.is_empty()) {
        let first = first_visits(&visited, size, states, &from_start, control)?;
        for (&state, often) in states.iter().zip(&first) {
            lost[channel][0] += often * worth[state][0];
            lost[channel][1] += often * worth[state][1];
        }
    }
    let sums = [0, 1].map(|of| lost.iter().map(|lost| lost[of]).sum::<f64>());
    // With returns some channels may lose and some win; shares of their sum would mean nothing then, and values go the way of the conversions.
    let one_sign = lost.iter().all(|lost| lost[1] >= 0.0) || lost.iter().all(|lost| lost[1] <= 0.0);
    let of = if one_sign && sums[1] != 0.0 { 1 } else { 0 };
    for (credit, lost) in credits.iter_mut().zip(&lost) {
        credit.removal_effect = Some((lost[0] / total[0]).clamp(0.0, 1.0));
        credit.conversions = conversions * (lost[0] / sums[0]);
        credit.value = value * (lost[of] / sums[of]);
    }
    control.release_vec(visited);
    Ok(credits)
}

/// The inverse of `I - Q`, by elimination in place. No pivots are sought: each row sums up to no less than 0 and its diagonal alone is above it, and
/// elimination keeps it so.
fn inverse(chain: &Chain, control: &Control) -> Result<Vec<f64>> {
    let size = chain.last.len();
    let mut matrix: Vec<f64> = control.filled(size * size, 0.0)?;
    for (&(from, to), steps) in &chain.steps {
        matrix[from as usize * size + to as usize] = -steps / chain.visits[from as usize];
    }
    for state in 0..size {
        // 1 less what stays is what goes elsewhere, which keeps its digits where nearly all stays.
        let stays = chain.steps.get(&(state as u32, state as u32)).copied().unwrap_or(0.0);
        matrix[state * size + state] = (chain.visits[state] - stays) / chain.visits[state];
    }
    let mut pivot_row: Vec<f64> = control.filled(size, 0.0)?;
    for pivot in 0..size {
        control.check()?;
        let row = &mut matrix[pivot * size..(pivot + 1) * size];
        let by = row[pivot];
        if by <= 0.0 || !by.is_finite() {
            return Err(Error::Internal("a state of the journeys has no end".into()));
        }
        row[pivot] = 1.0;
        row.iter_mut().for_each(|entry| *entry /= by);
        pivot_row.copy_from_slice(row);
        let pivot_row = &pivot_row;
        let eliminate = |(at, row): (usize, &mut [f64])| {
            let factor = row[pivot];
            if at == pivot || factor == 0.0 {
                return;
            }
            row[pivot] = 0.0;
            row.iter_mut().zip(pivot_row).for_each(|(entry, of_pivot)| *entry -= factor * of_pivot);
        };
        match size < 128 {
            true => matrix.chunks_mut(size).enumerate().for_each(eliminate),
            false => matrix.par_chunks_mut(size).enumerate().with_min_len(32).for_each(eliminate),
        }
    }
    control.release_vec(pivot_row);
    Ok(matrix)
}

/// The chance that each of some states is the first of them to be visited from the start: it is `h` of `h N[C, C] = a N[., C]`.
fn first_visits(
    visited: &[f64],
    size: usize,
    states: &[usize],
    from_start: &[f64],
    control: &Control,
) -> Result<Vec<f64>> {
    let count = states.len();
    // The transposed block, so that rows are eliminated.
    let mut block: Vec<f64> = control.filled(count * count, 0.0)?;
    for (i, &to) in states.iter().enumerate() {
        for (j, &from) in states.iter().enumerate() {
            block[i * count + j] = visited[from * size + to];
        }
    }
    let mut right: Vec<f64> = states.iter().map(|&state| from_start[state]).collect();
    for pivot in 0..count {
        control.check()?;
        // The largest of the column; the first where several are.
        let mut largest = pivot;
        for row in pivot + 1..count {
            if block[row * count + pivot].abs() > block[largest * count + pivot].abs() {
                largest = row;
            }
        }
        if block[largest * count + pivot] == 0.0 {
            return Err(Error::Internal("states of a channel cannot be told apart".into()));
        }
        if largest != pivot {
            (0..count).for_each(|column| block.swap(pivot * count + column, largest * count + column));
            right.swap(pivot, largest);
        }
        let (above, below) = block.split_at_mut((pivot + 1) * count);
        let pivot_row = &above[pivot * count..];
        let of_pivot = right[pivot];
        for (row, right) in below.chunks_mut(count).zip(right[pivot + 1..].iter_mut()) {
            let factor = row[pivot] / pivot_row[pivot];
            if factor != 0.0 {
                row[pivot..].iter_mut().zip(&pivot_row[pivot..]).for_each(|(entry, of)| *entry -= factor * of);
                *right -= factor * of_pivot;
            }
        }
    }
    for row in (0..count).rev() {
        let known: f64 = (row + 1..count).map(|column| block[row * count + column] * right[column]).sum();
        right[row] = (right[row] - known) / block[row * count + row];
    }
    control.release_vec(block);
    Ok(right)
}

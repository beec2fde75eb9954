//! Attribution: which channels brought the conversions, from the touches of customers before them.
//!
//! The touches of a customer in their order in time are parted into journeys, each of which ends by a conversion or is still without one. Methods then
//! share the conversions of each journey, and their value, among its channels: by place ([`Method::FirstTouch`] and others), by time, by what would be lost
//! without a channel in a Markov chain of all journeys ([`markov`]), or by Shapley values.
//!
//! Journeys are brought into an order of their own before anything is summed, so that the order of rows does not change a digit.

mod credit;
pub mod markov;

pub use credit::{attribute, Credit, Method, Weights};

use crate::control::Control;
use crate::data::{par_sort, MISSING};
use crate::error::Result;

/// Steps between two looks for a cancel.
const LOOK: usize = 1 << 16;

/// Look for a cancel now and then.
fn look(step: usize, control: &Control) -> Result<()> {
    match step % LOOK {
        0 => control.check(),
        _ => Ok(()),
    }
}

/// What happened to a customer at a moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// The customer.
    pub customer: u32,
    /// The channel that touched him; [`MISSING`] where there was none. Channels are in the order of their names.
    pub channel: u32,
    /// When, in days.
    pub time: f64,
    /// How many times he converted with that, 0 or more.
    pub conversions: f64,
    /// What that was worth.
    pub value: f64,
}

/// How journeys are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parting {
    /// Touches more than so many days before the end of a journey do not count.
    pub lookback: f64,
    /// Whether touches of one channel one after the other are one, the last of them.
    pub collapse: bool,
}

/// A journey, but for its touches.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Journey {
    start: usize,
    end: usize,
    conversions: f64,
    value: f64,
}

/// Journeys, in an order that their content alone decides.
#[derive(Debug, Default)]
pub struct Journeys {
    journeys: Vec<Journey>,
    channels: Vec<u32>,
    /// How many days before the end of its journey each touch was.
    ages: Vec<f64>,
    /// Conversions of journeys without a touch, and their value.
    pub untouched: (f64, f64),
}

/// A journey as it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// The channel of each touch, at least one.
    pub channels: &'a [u32],
    /// How many days before the end each was, falling.
    pub ages: &'a [f64],
    /// Its conversions; 0 where it ended without.
    pub conversions: f64,
    /// Their value.
    pub value: f64,
}

/// The conversions of some events, and their value.
fn brought(events: &[Event]) -> (f64, f64) {
    let converted = events.iter().filter(|e| e.conversions > 0.0);
    converted.fold((0.0, 0.0), |(conversions, value), e| (conversions + e.conversions, value + e.value))
}

impl Journeys {
    /// Part the events of customers into journeys.
    ///
    /// A conversion ends a journey, and what is at the same moment belongs to it: touches, and more conversions, as those of the lines of an order. What comes
    /// after belongs to the next journey, which has no conversion if none comes. At the same moment events without conversions come first, then those of
    /// channels in the order of names.
    pub fn of(mut events: Vec<Event>, parting: Parting, control: &Control) -> Result<Journeys> {
        let compare = |a: &Event, b: &Event| {
            let converts = |e: &Event| e.conversions > 0.0;
            (a.customer.cmp(&b.customer))
                .then(a.time.total_cmp(&b.time))
                .then(converts(a).cmp(&converts(b)))
                .then(a.channel.cmp(&b.channel))
                .then(a.conversions.total_cmp(&b.conversions))
                .then(a.value.total_cmp(&b.value))
        };
        par_sort(&mut events, &compare, control)?;
        let mut all = Journeys::default();
        // Untouched conversions are summed in an order of their own, too.
        let mut untouched: Vec<(f64, f64)> = Vec::new();
        let mut from = 0;
        for at in 0..events.len() {
            look(at, control)?;
            let event = events[at];
            let next = events.get(at + 1).filter(|next| next.customer == event.customer);
            let converted = event.conversions > 0.0 && next.is_none_or(|next| next.time > event.time);
            if converted || next.is_none() {
                if !all.end(&events[from..=at], parting, control)? && converted {
                    control.room(&mut untouched, 1)?;
                    untouched.push(brought(&events[from..=at]));
                }
                from = at + 1;
            }
        }
        control.release_vec(events);
        par_sort(&mut untouched, &|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)), control)?;
        all.untouched = untouched.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        control.release_vec(untouched);
        let mut journeys = std::mem::take(&mut all.journeys);
        let sorted = {
            let key = |j: &Journey| (&all.channels[j.start..j.end], &all.ages[j.start..j.end]);
            let compare = |a: &Journey, b: &Journey| {
                let ((a_channels, a_ages), (b_channels, b_ages)) = (key(a), key(b));
                let ages = || a_ages.iter().zip(b_ages).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne());
                (a_channels.cmp(b_channels))
                    .then(a.conversions.total_cmp(&b.conversions))
                    .then(a.value.total_cmp(&b.value))
                    .then_with(|| ages().unwrap_or(std::cmp::Ordering::Equal))
                    .then(a.start.cmp(&b.start))
            };
            par_sort(&mut journeys, &compare, control)
        };
        sorted?;
        all.journeys = journeys;
        Ok(all)
    }

    /// End a journey of these events; says whether it has a touch.
    fn end(&mut self, events: &[Event], parting: Parting, control: &Control) -> Result<bool> {
        let start = self.channels.len();
        let Some(last) = events.last() else { return Ok(false) };
        let touches = || events.iter().filter(|e| e.channel != MISSING);
        // Without a conversion the last touch is the end.
        let end = if last.conversions > 0.0 { Some(last.time) } else { touches().next_back().map(|e| e.time) };
        let Some(end) = end else { return Ok(false) };
        for touch in touches().filter(|e| end - e.time <= parting.lookback) {
            let again = parting.collapse && self.channels.len() > start && self.channels.last() == Some(&touch.channel);
            if again {
                self.channels.pop();
                self.ages.pop();
            }
            control.room(&mut self.channels, 1)?;
            control.room(&mut self.ages, 1)?;
            self.channels.push(touch.channel);
            self.ages.push(end - touch.time);
        }
        if self.channels.len() == start {
            return Ok(false);
        }
        control.room(&mut self.journeys, 1)?;
        let (conversions, value) = brought(events);
        self.journeys.push(Journey { start, end: self.channels.len(), conversions, value });
        Ok(true)
    }

    /// The number of journeys.
    pub fn len(&self) -> usize {
        self.journeys.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.journeys.is_empty()
    }

    /// A journey.
    pub fn get(&self, index: usize) -> View<'_> {
        let Journey { start, end, conversions, value } = self.journeys[index];
        View { channels: &self.channels[start..end], ages: &self.ages[start..end], conversions, value }
    }

    /// All journeys.
    pub fn iter(&self) -> impl Iterator<Item = View<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Journeys with the same channels one after the other, by what they brought: those of most conversions first, then those of most journeys, then by
    /// their channels.
    pub fn paths(&self, control: &Control) -> Result<Vec<Path>> {
        let mut paths: Vec<Path> = Vec::new();
        for (index, journey) in self.iter().enumerate() {
            look(index, control)?;
            // Equal paths follow each other.
            let same = paths.last().is_some_and(|path| self.get(path.journey).channels == journey.channels);
            if !same {
                control.room(&mut paths, 1)?;
                paths.push(Path { journey: index, ..Path::default() });
            }
            let Some(path) = paths.last_mut() else { continue };
            path.journeys += 1;
            path.converted += u64::from(journey.conversions > 0.0);
            path.conversions += journey.conversions;
            path.value += journey.value;
            path.days += journey.ages.first().copied().unwrap_or(0.0);
        }
        let compare = |a: &Path, b: &Path| {
            let by_channels = || self.get(a.journey).channels.cmp(self.get(b.journey).channels);
            b.conversions.total_cmp(&a.conversions).then(b.journeys.cmp(&a.journeys)).then_with(by_channels)
        };
        par_sort(&mut paths, &compare, control)?;
        Ok(paths)
    }
}

/// Journeys of the same channels.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Path {
    /// One of them, for its channels.
    pub journey: usize,
    /// How many.
    pub journeys: u64,
    /// How many of them ended by a conversion.
    pub converted: u64,
    /// Their conversions.
    pub conversions: f64,
    /// The value of these.
    pub value: f64,
    /// The days from the first touch to the end, of all together.
    pub days: f64,
}

#[cfg(test)]
mod tests;

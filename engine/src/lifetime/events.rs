//! Purchases by customer and day.

use std::ops::Range;

use crate::control::Control;
use crate::data::{par_sort, ColumnData, MISSING};
use crate::error::{Error, Result};
use crate::experiment::sample::{sum, LARGEST};

/// A day beyond this, counted from 2000-01-01, is no day of a purchase: about 10,000 years.
const FARTHEST: f64 = 3_650_000.0;

/// A purchase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// The rank of the customer, in C order of their names.
    pub customer: u32,
    /// The day, counted from 2000-01-01.
    pub day: i32,
    /// What was paid; 0 where there are no amounts.
    pub amount: f64,
}

/// Purchases, sorted by customer and day.
#[derive(Debug)]
pub struct Events {
    /// The codes of the customers in C order of their names.
    pub codes: Vec<u32>,
    /// The purchases.
    pub events: Vec<Event>,
    /// Rows without a customer, a day or an amount.
    pub left_out: u64,
    /// The last day of all, whatever `end` is.
    pub last_day: i32,
}

/// Read purchases up to and with the day `end`.
pub fn read(
    customer: &ColumnData,
    day: &ColumnData,
    amount: Option<&ColumnData>,
    rows: usize,
    end: Option<i32>,
    control: &Control,
) -> Result<Events> {
    let (ColumnData::Category { codes, dictionary }, ColumnData::Number(days)) = (customer, day) else {
        return Err(Error::Internal("a column was read as another kind".to_owned()));
    };
    let amounts = match amount {
        None => None,
        Some(ColumnData::Number(amounts)) => Some(amounts),
        Some(ColumnData::Category { .. }) => return Err(Error::Internal("a number was read as a text".to_owned())),
    };
    control.reserve(dictionary.len() * 8)?;
    let sorted = dictionary.sorted();
    control.check()?;
    let mut ranks = vec![0u32; sorted.len()];
    for (rank, code) in sorted.iter().enumerate() {
        if let Some(place) = ranks.get_mut(*code as usize) {
            *place = rank as u32;
        }
    }
    let mut events: Vec<Event> = control.vec(rows)?;
    let (mut left_out, mut last_day) = (0, i32::MIN);
    for row in 0..rows {
        if row % 65_536 == 0 {
            control.check()?;
        }
        let (code, day) = (codes.get(row), days.get(row).floor());
        let amount = amounts.map_or(0.0, |a| a.get(row) + 0.0);
        let rank = (code != MISSING).then(|| ranks.get(code as usize).copied()).flatten();
        match rank {
            Some(customer) if day.abs() <= FARTHEST && amount.abs() <= LARGEST => {
                let day = day as i32;
                last_day = last_day.max(day);
                if end.is_none_or(|end| day <= end) {
                    events.push(Event { customer, day, amount });
                }
            }
            _ => left_out += 1,
        }
    }
    let order = |a: &Event, b: &Event| {
        (a.customer, a.day).cmp(&(b.customer, b.day)).then_with(|| a.amount.total_cmp(&b.amount))
    };
    par_sort(&mut events, &order, control)?;
    Ok(Events { codes: sorted, events, left_out, last_day })
}

/// The purchases of a customer, as the models take them. Purchases of one day are one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Customer {
    /// The rank of the customer.
    pub customer: u32,
    /// Rows.
    pub rows: u32,
    /// Days with a purchase after the first.
    pub frequency: u32,
    /// Periods from the first to the last.
    pub recency: f64,
    /// Periods from the first to the end.
    pub age: f64,
    /// The mean amount of a day after the first; 0 where there is none.
    pub spend: f64,
}

/// Customers by their purchases up to the day `end`, in periods of so many days.
pub fn customers(events: &Events, end: i32, period: f64, control: &Control) -> Result<Vec<Customer>> {
    let mut all = Vec::new();
    let mut seen = 0usize;
    for of_one in events.events.chunk_by(|a, b| a.customer == b.customer) {
        if seen / 65_536 != (seen + of_one.len()) / 65_536 {
            control.check()?;
        }
        seen += of_one.len();
        let (Some(first), Some(last)) = (of_one.first(), of_one.last()) else { continue };
        let days = of_one.chunk_by(|a, b| a.day == b.day);
        let frequency = days.clone().count() as u32 - 1;
        let later = sum(of_one.iter().filter(|e| e.day > first.day).map(|e| e.amount));
        let spend = if frequency > 0 { later / f64::from(frequency) } else { 0.0 };
        let periods = |from: i32, to: i32| f64::from(to - from) / period;
        control.room(&mut all, 1)?;
        all.push(Customer {
            customer: first.customer,
            rows: of_one.len() as u32,
            frequency,
            recency: periods(first.day, last.day),
            age: periods(first.day, end),
            spend,
        });
    }
    Ok(all)
}

/// Parts of a list whose sums are added up in their order.
pub(super) fn parts(len: usize) -> impl rayon::iter::IndexedParallelIterator<Item = Range<usize>> {
    use rayon::prelude::*;
    const PART: usize = 4_096;
    (0..len.div_ceil(PART)).into_par_iter().map(move |i| i * PART..((i + 1) * PART).min(len))
}

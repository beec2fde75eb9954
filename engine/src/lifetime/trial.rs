//! How good expectations would have been: what customers did after a day, beside what was expected of them by what they had done until then.

use super::bgnbd::Parameters;
use super::events::{customers, Event, Events};
use super::worth::Amounts;
use crate::control::Control;
use crate::error::Result;
use crate::judge::Metric;

/// A time in the past from which on customers are expected to buy, and the last day they are watched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The last day that is known.
    pub end: i32,
    /// The last day that is judged.
    pub until: i32,
    /// The days of a period.
    pub period: f64,
}

/// The purchases up to and with a day.
pub fn before(events: &Events, end: i32, control: &Control) -> Result<Events> {
    let mut kept: Vec<Event> = control.vec(events.events.len())?;
    kept.extend(events.events.iter().filter(|e| e.day <= end).copied());
    Ok(Events { codes: Vec::new(), events: kept, left_out: 0, last_day: end })
}

/// Judge what is expected of the customers of `past`, the purchases before the span, by those of all `events`.
pub fn judge(
    events: &Events,
    past: &Events,
    span: Span,
    times: &Parameters,
    amounts: Amounts,
    control: &Control,
) -> Result<Vec<Metric>> {
    let known = customers(past, span.end, span.period, control)?;
    let periods = f64::from(span.until - span.end) / span.period;
    let mut later = events.events.chunk_by(|a, b| a.customer == b.customer).peekable();
    let (mut purchases, mut rate, mut value) = (Errors::default(), Errors::default(), Errors::default());
    for (i, customer) in known.iter().enumerate() {
        if i % 65_536 == 0 {
            control.check()?;
        }
        while later.next_if(|own| own.first().is_some_and(|e| e.customer < customer.customer)).is_some() {}
        let own = later.next_if(|own| own.first().is_some_and(|e| e.customer == customer.customer)).unwrap_or_default();
        let after = || own.iter().filter(|e| e.day > span.end && e.day <= span.until);
        let mut days: Vec<i32> = after().map(|e| e.day).collect();
        days.dedup();
        let actual = days.len() as f64;
        let expected = times.purchases(customer, periods);
        purchases.add(expected, actual);
        let so_far = if customer.age > 0.0 { f64::from(customer.frequency) / customer.age } else { 0.0 };
        rate.add(so_far * periods, actual);
        if let Some(amount) = amounts.of(customer) {
            value.add(expected * amount, after().map(|e| e.amount).sum());
        }
    }
    let days = span.until - span.end;
    let of = |what: &str| format!("{what} of {} customers in the last {days} days", known.len());
    let mut metrics = vec![
        metric("rmse", purchases.rmse(), of("purchases")),
        metric("mae", purchases.mae(), of("purchases")),
        metric("r2", purchases.r2(), of("purchases")),
        metric("calibration", purchases.ratio(), "all purchases that were expected for each that came".to_owned()),
        metric("mae_rate", rate.mae(), "of the rate of each customer so far going on".to_owned()),
        metric("customers", Some(known.len() as f64), String::new()),
    ];
    if amounts != Amounts::None {
        metrics.push(metric("value_mae", value.mae(), of("value")));
        metrics.push(metric(
            "value_calibration",
            value.ratio(),
            "all value that was expected for each that came".to_owned(),
        ));
    }
    Ok(metrics)
}

fn metric(name: &'static str, value: Option<f64>, note: String) -> Metric {
    Metric { name: name.into(), value: value.filter(|v| v.is_finite()), note, interval: None }
}

/// Sums of what was expected and came.
#[derive(Debug, Default)]
struct Errors {
    count: f64,
    absolute: f64,
    squares: f64,
    expected: f64,
    actual: f64,
    actual_squares: f64,
}

impl Errors {
    fn add(&mut self, expected: f64, actual: f64) {
        let error = expected - actual;
        self.count += 1.0;
        self.absolute += error.abs();
        self.squares += error * error;
        self.expected += expected;
        self.actual += actual;
        self.actual_squares += actual * actual;
    }

    fn some(&self) -> Option<f64> {
        Some(self.count).filter(|count| *count > 0.0)
    }

    fn rmse(&self) -> Option<f64> {
        Some((self.squares / self.some()?).sqrt())
    }

    fn mae(&self) -> Option<f64> {
        Some(self.absolute / self.some()?)
    }

    fn ratio(&self) -> Option<f64> {
        Some(self.expected / self.actual).filter(|_| self.actual > 0.0)
    }

    fn r2(&self) -> Option<f64> {
        let spread = self.actual_squares - self.actual * self.actual / self.some()?;
        Some(1.0 - self.squares / spread).filter(|_| spread > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_is_counted_by_days_after_the_end() {
        let event = |customer, day| Event { customer, day, amount: 2.0 };
        let all = vec![event(0, 1), event(0, 5), event(0, 12), event(0, 12), event(0, 40), event(1, 3), event(2, 11)];
        let events = Events { codes: Vec::new(), events: all, left_out: 0, last_day: 40 };
        let control = Control::default();
        let span = Span { end: 10, until: 20, period: 1.0 };
        let past = before(&events, 10, &control).unwrap();
        // With b without a bound nobody leaves, and the rate of all is r / alpha.
        let times = Parameters { r: 1e9, alpha: 1e10, a: 1e-9, b: 1e9 };
        let metrics = judge(&events, &past, span, &times, Amounts::Mean(Some(2.0)), &control).unwrap();
        let value = |name: &str| metrics.iter().find(|m| m.name == name).and_then(|m| m.value).unwrap();
        // One purchase is expected of each of two customers; one comes, of the first.
        assert_eq!(value("customers"), 2.0);
        assert!((value("mae") - 0.5).abs() < 1e-6 && (value("calibration") - 2.0).abs() < 1e-6);
        // Two rows of a day are one purchase and its value.
        assert!((value("value_mae") - (2.0 + 2.0) / 2.0).abs() < 1e-5);
        // The first bought once more in nine days.
        assert!((value("mae_rate") - (10.0_f64 / 9.0 - 1.0) / 2.0).abs() < 1e-12);
    }
}

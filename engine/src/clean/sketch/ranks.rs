//! Numbers by their rank.

/// Sorted numbers, each with how many there are up to it.
#[derive(Debug, Default)]
pub struct Ranks(Vec<(f64, u64)>);

impl Ranks {
    /// From sorted numbers with how many there are of each.
    pub fn of(mut items: Vec<(f64, u64)>) -> Ranks {
        let mut passed = 0u64;
        for (_, weight) in &mut items {
            passed = passed.saturating_add(*weight);
            *weight = passed;
        }
        Ranks(items)
    }

    /// How many numbers there are.
    pub fn count(&self) -> u64 {
        self.0.last().map_or(0, |(_, passed)| *passed)
    }

    /// The value at a fraction between 0 and 1, interpolated as by `percentile_cont`; `None` without a number.
    pub fn at(&self, fraction: f64) -> Option<f64> {
        let last = self.count().checked_sub(1)?;
        let place = fraction.clamp(0.0, 1.0) * last as f64;
        let below = (place.floor() as u64).min(last);
        let (low, high) = (self.at_rank(below)?, self.at_rank((below + 1).min(last))?);
        let part = place - below as f64;
        // As PostgreSQL: equal neighbours are not subtracted, which would be NaN for infinities.
        Some(if low == high || part == 0.0 { low } else { low + part * (high - low) })
    }

    fn at_rank(&self, rank: u64) -> Option<f64> {
        let at = self.0.partition_point(|(_, passed)| *passed <= rank);
        self.0.get(at).map(|(value, _)| *value)
    }
}

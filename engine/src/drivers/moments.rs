//! The sums of the rows of a segment, and how far its change is from that of the rest.

/// Sums over the rows of a segment in one period. `y` is the metric and `n` the weight of a row.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Side {
    /// Of the metric.
    pub y: f64,
    /// Of the weight.
    pub n: f64,
    /// The number of rows.
    pub m: f64,
    /// Of the metric squared; 0 of a ratio.
    pub yy: f64,
    /// Of the weight squared.
    pub nn: f64,
    /// Of the squares of `y - centre n`.
    pub ee: f64,
    /// Of `(y - centre n) n`.
    pub en: f64,
}

/// Before and after.
pub type Pair = [Side; 2];

impl Side {
    /// The metric a unit of weight; `None` without weight.
    pub fn rate(&self) -> Option<f64> {
        Some(self.y / self.n).filter(|_| self.n > 0.0)
    }

    /// What is left of a whole without this part.
    fn without(&self, part: &Side) -> Side {
        let rest = |whole: f64, part: f64| (whole - part).max(0.0);
        Side {
            y: self.y - part.y,
            n: rest(self.n, part.n),
            m: rest(self.m, part.m),
            yy: rest(self.yy, part.yy),
            nn: rest(self.nn, part.nn),
            ee: rest(self.ee, part.ee),
            en: self.en - part.en,
        }
    }

    /// The squares of what the rows are off their rate.
    fn residuals(&self, rate: f64, centre: f64) -> f64 {
        let off = rate - centre;
        // Rounding may leave less than there can be, even less than nothing.
        (self.ee - 2.0 * off * self.en + off * off * self.nn).max(1e-12 * rate * rate * self.nn)
    }
}

/// How a segment is compared with the rest.
#[derive(Debug, Clone, Copy)]
pub struct Test {
    /// Whether the metric is a ratio.
    pub ratio: bool,
    /// Whether no row has a metric below 0, so that growth is a factor.
    pub positive: bool,
    /// About what `ee` and `en` are.
    pub centre: f64,
}

/// A rate and its variance.
#[derive(Clone, Copy)]
struct Rate {
    value: f64,
    variance: f64,
}

/// How far a segment is from the rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// The lesser of the standard errors that it is from the rest and that it is from where it was: a segment that stayed while the rest moved is no driver.
    pub score: f64,
    /// The standard errors that its change is from what the rest did, with its sign.
    pub z: f64,
}

/// Rows of the whole that the variance of a segment's rows is mixed with: three rows that happen to be alike must not look like certainty.
const PRIOR_ROWS: f64 = 10.0;

impl Test {
    /// How far a segment is from the rest of the whole; `None` where that cannot be told, or it moved the other way than it differs.
    ///
    /// Two things are looked at, and the clearer is taken: what the segment adds in all, where the number of its rows is a matter of chance as that of orders is,
    /// and the mean of its rows alone, which tells more where there is a row a day and campaign whatever happens.
    pub fn verdict(&self, own: &Pair, total: &Pair) -> Option<Verdict> {
        let rest = [total[0].without(&own[0]), total[1].without(&own[1])];
        if rest[0].m < 1.0 || rest[1].m < 1.0 || own[0].m + own[1].m < 1.0 {
            return None;
        }
        let rates = |pair: &Pair| match [self.rate(&pair[0], &total[0]), self.rate(&pair[1], &total[1])] {
            [Some(before), Some(after)] => Some([before, after]),
            _ => None,
        };
        let (own_rates, rest_rates) = (rates(own), rates(&rest)?);
        let of_rates = own_rates.and_then(|own_rates| self.of_rates(&own_rates, &rest_rates));
        let of_all = match self.ratio {
            true => self.of_ratio(own, total, &rest_rates),
            false => self.of_sum(own, &rest, &rest_rates),
        };
        match (of_rates, of_all) {
            (Some(a), Some(b)) => Some(if a.score > b.score { a } else { b }),
            (a, b) => a.or(b),
        }
    }

    /// The rate of a side; `None` of fewer than two rows. The whole's variance in the same period is mixed in.
    fn rate(&self, side: &Side, total: &Side) -> Option<Rate> {
        let value = side.rate().filter(|_| side.m >= 2.0)?;
        let usual = total.residuals(total.rate()?, self.centre) / total.n * side.n;
        let residuals = (side.m * side.residuals(value, self.centre) + PRIOR_ROWS * usual) / (side.m + PRIOR_ROWS);
        Some(Rate { value, variance: residuals / (side.n * side.n) })
    }

    /// Whether the mean of the rows changed otherwise than the rest's: by another factor, or of ratios and where there are losses by another amount.
    fn of_rates(&self, own: &[Rate; 2], rest: &[Rate; 2]) -> Option<Verdict> {
        let own_change = (own[1].value - own[0].value, own[1].variance + own[0].variance);
        if self.ratio || !self.positive || rest[0].value <= 0.0 {
            let excess = own_change.0 - (rest[1].value - rest[0].value);
            return verdict((excess, own_change.1 + rest[1].variance + rest[0].variance), own_change);
        }
        let growth = rest[1].value / rest[0].value;
        let of_growth = (rest[1].variance + growth * growth * rest[0].variance) / (rest[0].value * rest[0].value);
        let excess = own[1].value - growth * own[0].value;
        let variance = own[1].variance + growth * growth * own[0].variance + own[0].value * own[0].value * of_growth;
        verdict((excess, variance), own_change)
    }

    /// Whether a sum changed otherwise than that of the rest, the number of rows being Poisson: the variance of a sum of so many is that of its squares.
    fn of_sum(&self, own: &Pair, rest: &Pair, rest_rates: &[Rate; 2]) -> Option<Verdict> {
        let [before, after] = own;
        let own_change = (after.y - before.y, after.yy + before.yy);
        if self.positive {
            if rest[0].y <= 0.0 {
                return None;
            }
            let growth = rest[1].y / rest[0].y;
            let of_growth = (rest[1].yy + growth * growth * rest[0].yy) / (rest[0].y * rest[0].y);
            let variance = after.yy + growth * growth * before.yy + before.y * before.y * of_growth;
            return verdict((after.y - before.y * growth, variance), own_change);
        }
        // With losses a factor means nothing: as many more rows as the rest has, each more by as much as the rest's are.
        let growth = rest[1].m / rest[0].m;
        let of_growth = (rest[1].m + growth * growth * rest[0].m) / (rest[0].m * rest[0].m);
        let expected = before.y + before.m * (rest_rates[1].value - rest_rates[0].value);
        let of_shift = (growth * before.m) * (growth * before.m) * (rest_rates[1].variance + rest_rates[0].variance);
        let variance = after.yy + growth * growth * before.yy + of_shift + expected * expected * of_growth;
        verdict((after.y - growth * expected, variance), own_change)
    }

    /// Whether a segment adds otherwise to a ratio than the rest: by its own ratio and by its share, whose part in the denominator is a matter of chance.
    fn of_ratio(&self, own: &Pair, total: &Pair, rest: &[Rate; 2]) -> Option<Verdict> {
        let (shares, of_shares) = (
            [own[0].n / total[0].n, own[1].n / total[1].n],
            [share_variance(&own[0], &total[0]), share_variance(&own[1], &total[1])],
        );
        let [before, after] = match [self.rate(&own[0], &total[0]), self.rate(&own[1], &total[1])] {
            [Some(before), Some(after)] => [before, after],
            // As in the effects, what is not there is as it is in the other period.
            [None, Some(one)] if own[0].n <= 0.0 => [one; 2],
            [Some(one), None] if own[1].n <= 0.0 => [one; 2],
            _ => return None,
        };
        let all = [total[0].rate()?, total[1].rate()?];
        let (mean, share) = ((before.value + after.value) / 2.0, (shares[0] + shares[1]) / 2.0);
        let (moved, of_moved) = (shares[1] - shares[0], of_shares[0] + of_shares[1]);
        let (change, of_change) = (after.value - before.value, after.variance + before.variance);
        let (rest_mean, of_rest) = ((rest[0].value + rest[1].value) / 2.0, rest[0].variance + rest[1].variance);
        let (far, off) = (mean - rest_mean, mean - (all[0] + all[1]) / 2.0);
        // The mean of two has a quarter of the variance of their sum.
        let noise = |off: f64, more: f64| {
            share * share * (of_change + more) + moved * moved * (of_change + more) / 4.0 + off * off * of_moved
        };
        let excess = share * (change - (rest[1].value - rest[0].value)) + moved * far;
        verdict((excess, noise(far, of_rest)), (share * change + moved * off, noise(off, 0.0)))
    }
}

/// The variance of a part's share, if rows come by chance.
fn share_variance(own: &Side, total: &Side) -> f64 {
    let share = own.n / total.n;
    let rest = (total.nn - own.nn).max(0.0);
    ((1.0 - share) * (1.0 - share) * own.nn + share * share * rest) / (total.n * total.n)
}

/// What two differences with their variances say together.
fn verdict(excess: (f64, f64), own: (f64, f64)) -> Option<Verdict> {
    let z = excess.0 / excess.1.sqrt();
    let moved = own.0 / own.1.sqrt();
    let together = z.is_finite() && moved.is_finite() && (z > 0.0) == (moved > 0.0);
    Some(Verdict { score: z.abs().min(moved.abs()), z }).filter(|v| together && v.score > 0.0)
}

//! Volume, mix and rate: what a segment adds to a change, and by what.

use super::moments::Pair;

/// What a segment adds to the change of the whole. The three effects sum to `change`, and the changes of all segments to that of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effects {
    /// All it adds: of a sum, its own change.
    pub change: f64,
    /// There are more or fewer rows in all, and it has a part in them. Always 0 of a ratio.
    pub volume: f64,
    /// It has a larger or smaller share of the rows (of a ratio: of the denominator) than before.
    pub mix: f64,
    /// Its rows have another mean (of a ratio: its own ratio is another).
    pub rate: f64,
}

/// The effects of a segment of a whole whose weights are above 0. A segment that is in one period alone takes its missing mean from the other, so that all of
/// its change is volume and mix.
///
/// With bars for the mean of before and after, N for the weight of the whole, w for the share and m for the mean of the segment, a sum's are
/// `volume = m̄ w̄ ΔN`, `mix = m̄ N̄ Δw` and `rate = n̄ Δm`; those of a ratio of mean R are `mix = (m̄ − R̄) Δw` and `rate = w̄ Δm`: what pulls a ratio is not how
/// large a share is, but how far its own ratio is from that of all.
pub fn effects(own: &Pair, total: &Pair, ratio: bool) -> Effects {
    let means = own.map(|side| side.rate());
    let whole = total.map(|side| side.rate().unwrap_or(0.0));
    let middle = |[a, b]: [f64; 2]| a / 2.0 + b / 2.0;
    let [before, after] = match means {
        [Some(before), Some(after)] => [before, after],
        [None, Some(one)] | [Some(one), None] => [one, one],
        [None, None] => [middle(whole); 2],
    };
    let share = [own[0].n / total[0].n, own[1].n / total[1].n];
    let (mean, moved) = (middle([before, after]), share[1] - share[0]);
    if ratio {
        let rate = match means {
            [Some(_), Some(_)] => middle(share) * (after - before),
            // What a segment without a denominator adds to the numerator is not of its share.
            _ => own[1].y / total[1].n - own[0].y / total[0].n - moved * mean,
        };
        let mix = moved * (mean - middle(whole));
        return Effects { change: mix + rate, volume: 0.0, mix, rate };
    }
    Effects {
        change: own[1].y - own[0].y,
        volume: mean * middle(share) * (total[1].n - total[0].n),
        mix: mean * middle([total[0].n, total[1].n]) * moved,
        rate: middle([own[0].n, own[1].n]) * (after - before),
    }
}

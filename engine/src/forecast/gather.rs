//! From rows to series at even steps: order, duplicates, gaps.

use super::calendar::{self, Calendar, Step};
use crate::control::Control;
use crate::error::{Error, Result};

/// How rows of one time become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Added up, but for rows that are there twice: see [`Gathered::repeated`].
    Auto,
    /// Added up.
    Sum,
    /// Their mean.
    Mean,
}

/// What stands where there is no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A line between the neighbours.
    Interpolate,
    /// 0; to the last time of the whole source.
    Zero,
    /// The value before.
    Previous,
}

/// When a row is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Times<'a> {
    /// Microseconds since 2000-01-01; [`NEVER`] for none.
    Moments(&'a [i64]),
    /// Plain numbers; NaN for none.
    Numbers(&'a [f64]),
}

/// The time of a row that has none.
pub const NEVER: i64 = i64::MIN;

/// A series at even steps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// The step of the first value.
    pub first: i64,
    /// All values from the first to the last, none missing; empty for a series without a value.
    pub values: Vec<f64>,
    /// Which of the values were filled in; empty for none.
    pub filled: Vec<bool>,
    /// What is known of the steps besides, a column each: of those of the values and of some or all that are forecast (see [`super::beside`]).
    pub beside: Vec<Vec<f64>>,
}

/// All series, and what was found on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// One for each number of a series.
    pub series: Vec<Series>,
    /// Their times.
    pub calendar: Calendar,
    /// The last step at which any series has a value.
    pub last: i64,
    /// Whether the step was inferred.
    pub inferred: bool,
    /// Rows without a time or with a value that is not a number.
    pub unusable: u64,
    /// Rows that are the same as another of their series, left out.
    pub repeated: u64,
    /// Rows that were put together with others of their step.
    pub merged: u64,
    /// Values that were filled in.
    pub gaps: u64,
    /// Values before a gap so long that they tell nothing of the time after it.
    pub cut: u64,
    /// Rows of the last step of the source that had only begun.
    pub unfinished: u64,
}

/// What to do with rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// The step, or `None` to infer it.
    pub step: Option<Step>,
    /// See there.
    pub aggregate: Aggregate,
    /// See there.
    pub missing: Missing,
}

/// Rows that are there twice are left out if they are fewer than this share of all: then they are a mistake. Where many times have many rows, they are sales that happen
/// to be of the same amount.
const RARE: f64 = 0.05;
/// A series spans at most so many times the values that it has; more, and it is cut.
const THINNEST: usize = 50;
/// But may always span so many.
const SHORT: i64 = 4000;

/// Put rows into series: `series[i]` is the number of that of row `i`, below `count`.
pub fn gather(
    times: Times<'_>,
    values: &[f64],
    series: &[u32],
    count: usize,
    rules: Rules,
    control: &Control,
) -> Result<Gathered> {
    let rows = values.len();
    let mut order: Vec<u32> = control.vec(rows)?;
    let timed = |i: usize| is_timed(times, i);
    let mut unusable = 0;
    for (i, value) in values.iter().enumerate() {
        if i % 65_536 == 0 {
            control.check()?;
        }
        // A row that is there to say nothing but that nothing is known is no mistake.
        match timed(i) && value.is_finite() && value.abs() <= LARGEST {
            true => {
                order.push(u32::try_from(i).map_err(|_| Error::data("the source has too many rows", "Give fewer."))?)
            }
            false => unusable += u64::from(!timed(i) || !value.is_nan()),
        }
    }
    let key = |i: u32| match times {
        Times::Moments(t) => t[i as usize] as f64,
        Times::Numbers(t) => t[i as usize],
    };
    let compare = |a: &u32, b: &u32| {
        let (i, j) = (*a as usize, *b as usize);
        series[i]
            .cmp(&series[j])
            .then_with(|| match times {
                Times::Moments(t) => t[i].cmp(&t[j]),
                Times::Numbers(t) => t[i].total_cmp(&t[j]),
            })
            .then_with(|| values[i].total_cmp(&values[j]))
    };
    control.check()?;
    {
        use rayon::slice::ParallelSliceMut;
        order.par_sort_unstable_by(compare);
    }
    control.check()?;
    // Where each series begins among the rows in order.
    let mut begins: Vec<usize> = control.vec(count + 1)?;
    let mut at = 0;
    for s in 0..=count {
        while at < order.len() && (series[order[at] as usize] as usize) < s {
            at += 1;
        }
        begins.push(at);
    }
    let (calendar, inferred, moments) = calendar_of(times, &order, &begins, rules.step, control)?;
    let index = |i: u32| step_of(&calendar, times, i as usize);
    // Rows that are there twice.
    let mut repeated = 0u64;
    if rules.aggregate == Aggregate::Auto {
        let same = |a: u32, b: u32| {
            series[a as usize] == series[b as usize] && key(a) == key(b) && values[a as usize] == values[b as usize]
        };
        let times_shared = order
            .windows(2)
            .filter(|w| series[w[0] as usize] == series[w[1] as usize] && key(w[0]) == key(w[1]))
            .count();
        let equal = order.windows(2).filter(|w| same(w[0], w[1])).count();
        if equal > 0 && equal == times_shared && (equal as f64) < RARE * order.len() as f64 {
            order.dedup_by(|b, a| same(*a, *b));
            repeated = equal as u64;
            begins.clear();
            let mut at = 0;
            for s in 0..=count {
                while at < order.len() && (series[order[at] as usize] as usize) < s {
                    at += 1;
                }
                begins.push(at);
            }
        }
    }
    let mut found = Gathered {
        series: control.vec(count)?,
        calendar,
        last: i64::MIN,
        inferred,
        unusable,
        repeated,
        merged: 0,
        gaps: 0,
        cut: 0,
        unfinished: 0,
    };
    let unfinished = unfinished(&calendar, moments);
    // The last step of all, which series with zeros go on to.
    let mut last = i64::MIN;
    for i in &order {
        let index = index(*i);
        if Some(index) != unfinished {
            last = last.max(index);
        }
    }
    found.last = last;
    for s in 0..count {
        if s % 256 == 0 {
            control.check()?;
        }
        let rows = &order[begins[s]..begins[s + 1]];
        found.one(rows, values, &index, (rules, unfinished), control)?;
    }
    control.release_vec(order);
    control.release_vec(begins);
    Ok(found)
}

/// The largest value that is reckoned with: the squares of larger ones would be infinite.
pub const LARGEST: f64 = 1e100;

/// The times that tell the step, the least and most difference of which is needed afterwards: the step of the rows themselves and the last of them.
type Moments = Option<(Step, i64)>;

fn calendar_of(
    times: Times<'_>,
    order: &[u32],
    begins: &[usize],
    step: Option<Step>,
    control: &Control,
) -> Result<(Calendar, bool, Moments)> {
    let spans = || begins.windows(2).map(|w| &order[w[0]..w[1]]).filter(|rows| !rows.is_empty());
    match times {
        Times::Numbers(t) => {
            let numbers: Vec<Vec<f64>> =
                spans().take(10_000).map(|rows| rows.iter().map(|i| t[*i as usize]).collect()).collect();
            control.check()?;
            let inferred = match step {
                Some(Step::Number(step)) => step,
                _ => calendar::infer_number(numbers.iter().map(Vec::as_slice)).unwrap_or(1.0),
            };
            let first = order.iter().map(|i| t[*i as usize]).fold(f64::INFINITY, f64::min);
            Ok((Calendar::of_numbers(inferred, if first.is_finite() { first } else { 0.0 }), step.is_none(), None))
        }
        Times::Moments(t) => {
            let moments: Vec<Vec<i64>> = spans()
                .take(10_000)
                .map(|rows| {
                    let mut times: Vec<i64> = rows.iter().map(|i| t[*i as usize]).collect();
                    times.dedup();
                    times
                })
                .collect();
            control.check()?;
            let own = calendar::infer(moments.iter().map(Vec::as_slice));
            let step_of = step.or(own).unwrap_or(Step::Fixed(calendar::DAY));
            let all: Vec<i64> = moments.concat();
            let latest = all.iter().max().copied();
            Ok((Calendar::new(step_of, &all), step.is_none(), step.and(own).zip(latest)))
        }
    }
}

/// The step that has only begun: where rows by day are added up by month, and the last is not there to its end.
fn unfinished(calendar: &Calendar, moments: Moments) -> Option<i64> {
    let (own, latest) = moments?;
    let next = match own {
        Step::Fixed(size) => latest.saturating_add(size),
        Step::BusinessDay => latest.saturating_add(3 * calendar::DAY),
        Step::Months(_) => {
            let own = Calendar::new(own, &[latest]);
            own.time(own.index(latest) + 1)
        }
        Step::Number(_) => return None,
    };
    let index = calendar.index(latest);
    // Steps as long as those of the rows are finished.
    (own != calendar.step && next < calendar.time(index + 1)).then_some(index)
}

/// A row of a column besides: its series, its step and its value.
type Told = (u32, i64, f64);

/// Steps beyond the last value that columns are read of, at most.
const MOST_AHEAD: i64 = 100_000;

/// Put what rows tell besides values into the series that [`gather`] made of them, as one more column: the mean of the rows of a step, NaN where none tells.
pub fn beside(
    found: &mut Gathered,
    times: Times<'_>,
    series: &[u32],
    value: impl Fn(usize) -> f64,
    control: &Control,
) -> Result<()> {
    let mut told: Vec<Told> = control.vec(series.len())?;
    for (row, s) in series.iter().enumerate() {
        if row % 65_536 == 0 {
            control.check()?;
        }
        let value = value(row);
        if !is_timed(times, row) || value.is_nan() || value.abs() > LARGEST {
            continue;
        }
        let one = &found.series[*s as usize];
        let at = step_of(&found.calendar, times, row).saturating_sub(one.first);
        if at >= 0 && at < one.values.len() as i64 + MOST_AHEAD {
            told.push((*s, at, value));
        }
    }
    {
        use rayon::slice::ParallelSliceMut;
        told.par_sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
    }
    let mut rest = &told[..];
    for (s, one) in found.series.iter_mut().enumerate() {
        let (own, others) = rest.split_at(rest.partition_point(|t| t.0 as usize <= s));
        rest = others;
        one.beside.push(means_of(own, one.values.len(), control)?);
    }
    control.release_vec(told);
    Ok(())
}

/// Whether a row has a time that is reckoned with.
fn is_timed(times: Times<'_>, row: usize) -> bool {
    match times {
        Times::Moments(t) => t[row] != NEVER && t[row].abs() < calendar::FAR,
        Times::Numbers(t) => t[row].is_finite() && t[row].abs() < 1e15,
    }
}

/// The step of a row that has a time.
fn step_of(calendar: &Calendar, times: Times<'_>, row: usize) -> i64 {
    match times {
        Times::Moments(t) => calendar.index(t[row]),
        Times::Numbers(t) => calendar.index_of(t[row]),
    }
}

/// The means of the rows of each step, as far as there are values or rows.
fn means_of(told: &[Told], values: usize, control: &Control) -> Result<Vec<f64>> {
    if values == 0 {
        return Ok(Vec::new());
    }
    let len = told.last().map_or(0, |t| t.1 as usize + 1).max(values);
    let mut means = control.filled(len, f64::NAN)?;
    for rows in told.chunk_by(|a, b| a.1 == b.1) {
        means[rows[0].1 as usize] = rows.iter().map(|t| t.2).sum::<f64>() / rows.len() as f64;
    }
    Ok(means)
}

impl Gathered {
    fn one(
        &mut self,
        rows: &[u32],
        values: &[f64],
        index: &impl Fn(u32) -> i64,
        (rules, unfinished): (Rules, Option<i64>),
        control: &Control,
    ) -> Result<()> {
        // One value a step.
        let mut known: Vec<(i64, f64)> = Vec::with_capacity(rows.len());
        let mut at = 0;
        while at < rows.len() {
            let step = index(rows[at]);
            let same = rows[at..].iter().take_while(|i| index(**i) == step).count();
            let sum: f64 = rows[at..at + same].iter().map(|i| values[*i as usize]).sum();
            at += same;
            if Some(step) == unfinished {
                self.unfinished += same as u64;
                continue;
            }
            self.merged += same as u64 - 1;
            known.push((step, if rules.aggregate == Aggregate::Mean { sum / same as f64 } else { sum }));
        }
        let Some(&(mut last, _)) = known.last() else {
            self.series.push(Series::default());
            return Ok(());
        };
        if rules.missing == Missing::Zero {
            last = last.max(self.last);
        }
        // What lies before a gap that is longer than all the rest is left out.
        let mut from = 0;
        let room = |from: usize| SHORT.max(((known.len() - from) * THINNEST) as i64);
        while from + 1 < known.len() && last - known[from].0 >= room(from) {
            from += 1;
        }
        self.cut += from as u64;
        let known = &known[from..];
        let first = known.first().map_or(0, |k| k.0);
        let len = (last.saturating_sub(first).saturating_add(1)).clamp(1, room(0).max(1)) as usize;
        let mut out: Vec<f64> = control.vec(len)?;
        let gaps = len - known.len().min(len);
        let mut filled = if gaps > 0 { control.filled(len, true)? } else { Vec::new() };
        for (i, &(step, value)) in known.iter().enumerate() {
            let place = (step - first) as usize;
            if let Some(flag) = filled.get_mut(place) {
                *flag = false;
            }
            let before = i.checked_sub(1).map_or(value, |i| known[i].1);
            let hole = place - out.len();
            for j in 0..hole {
                out.push(match rules.missing {
                    Missing::Zero => 0.0,
                    Missing::Previous => before,
                    Missing::Interpolate => before + (value - before) * (j + 1) as f64 / (hole + 1) as f64,
                });
            }
            out.push(value);
        }
        // Only zeros come after the last.
        out.resize(len, 0.0);
        self.gaps += gaps as u64;
        self.series.push(Series { first, values: out, filled, beside: Vec::new() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::calendar::DAY;
    use proptest::prelude::*;

    fn rules(missing: Missing) -> Rules {
        Rules { step: None, aggregate: Aggregate::Auto, missing }
    }

    fn days(rows: &[(i64, f64)], rules: Rules) -> Gathered {
        let times: Vec<i64> = rows.iter().map(|r| if r.0 == NEVER { NEVER } else { r.0 * DAY }).collect();
        let values: Vec<f64> = rows.iter().map(|r| r.1).collect();
        gather(Times::Moments(&times), &values, &vec![0; rows.len()], 1, rules, &Control::default()).unwrap()
    }

    #[test]
    fn gaps_are_filled_as_asked() {
        let rows = [(3, 4.0), (0, 1.0), (1, 2.0), (6, 10.0), (7, f64::NAN), (NEVER, 3.0), (2, f64::INFINITY)];
        let found = days(&rows, rules(Missing::Interpolate));
        assert_eq!(found.series[0].values, [1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(found.series[0].filled, [false, false, true, false, true, true, false]);
        assert_eq!((found.gaps, found.unusable, found.last), (3, 2, 6));
        assert_eq!(days(&rows, rules(Missing::Zero)).series[0].values[2..5], [0.0, 4.0, 0.0]);
        assert_eq!(days(&rows, rules(Missing::Previous)).series[0].values[2..5], [2.0, 4.0, 4.0]);
    }

    #[test]
    fn columns_besides_reach_beyond_the_last_value() {
        let rows = [(0, 1.0), (1, 2.0), (1, 2.0), (3, 4.0), (4, f64::NAN), (NEVER, 3.0), (-2, f64::NAN)];
        let times: Vec<i64> = rows.iter().map(|r| if r.0 == NEVER { NEVER } else { r.0 * DAY }).collect();
        let values: Vec<f64> = rows.iter().map(|r| r.1).collect();
        let times = Times::Moments(&times);
        let mut found = gather(times, &values, &[0; 7], 2, rules(Missing::Zero), &Control::default()).unwrap();
        let told = [5.0, 6.0, 8.0, f64::NAN, 9.0, 1.0, 1.0];
        beside(&mut found, times, &[0; 7], |row| told[row], &Control::default()).unwrap();
        let column = &found.series[0].beside[0];
        assert_eq!((column.len(), column[..2].to_vec(), column[4]), (5, vec![5.0, 7.0], 9.0));
        assert!(column[2].is_nan() && column[3].is_nan() && found.series[1].beside == [Vec::<f64>::new()]);
    }

    #[test]
    fn rows_that_are_there_twice_count_once_and_others_are_added_up() {
        let mut rows: Vec<(i64, f64)> = (0..50).map(|i| (i, i as f64)).collect();
        rows.push((7, 7.0));
        let found = days(&rows, rules(Missing::Zero));
        assert_eq!((found.repeated, found.merged, found.series[0].values[7]), (1, 0, 7.0));
        rows.push((9, 1.0));
        let found = days(&rows, rules(Missing::Zero));
        assert_eq!((found.repeated, found.merged), (0, 2));
        assert_eq!((found.series[0].values[7], found.series[0].values[9]), (14.0, 10.0));
        let mean = days(&rows, Rules { aggregate: Aggregate::Mean, ..rules(Missing::Zero) });
        assert_eq!((mean.series[0].values[7], mean.series[0].values[9]), (7.0, 5.0));
    }

    #[test]
    fn a_step_that_has_only_begun_is_left_out() {
        let rows: Vec<(i64, f64)> = (0..45).map(|i| (i, 1.0)).collect();
        let found = days(&rows, Rules { step: Some(Step::Months(1)), ..rules(Missing::Zero) });
        assert_eq!((found.series[0].values.clone(), found.unfinished), (vec![31.0], 14));
        let rows: Vec<(i64, f64)> = (0..60).map(|i| (i, 1.0)).collect();
        let found = days(&rows, Rules { step: Some(Step::Months(1)), ..rules(Missing::Zero) });
        assert_eq!((found.series[0].values.clone(), found.unfinished), (vec![31.0, 29.0], 0));
    }

    #[test]
    fn a_wrong_year_does_not_make_a_million_steps() {
        let mut rows: Vec<(i64, f64)> = (0..50).map(|i| (i, i as f64)).collect();
        rows.push((-700_000, 1.0));
        let found = days(&rows, rules(Missing::Interpolate));
        assert_eq!((found.cut, found.series[0].values.len()), (1, 50));
        rows.push((700_000, 1.0));
        let found = days(&rows, rules(Missing::Zero));
        assert_eq!(found.series[0].values.len(), 1);
    }

    proptest! {
        /// The sum of all is kept, each value is where the naive way puts it, and the order of the rows does not matter.
        #[test]
        fn sums_are_kept(rows in prop::collection::vec((0u32..4, 0i64..200, 0i32..50), 1..200), turn in 0usize..200) {
            let rule = Rules { step: Some(Step::Fixed(DAY)), aggregate: Aggregate::Sum, missing: Missing::Zero };
            let of = |rows: &[(u32, i64, i32)]| {
                let times: Vec<i64> = rows.iter().map(|r| r.1 * DAY).collect();
                let values: Vec<f64> = rows.iter().map(|r| f64::from(r.2)).collect();
                let series: Vec<u32> = rows.iter().map(|r| r.0).collect();
                gather(Times::Moments(&times), &values, &series, 4, rule, &Control::default()).unwrap()
            };
            let found = of(&rows);
            let mut turned = rows.clone();
            turned.rotate_left(turn % rows.len());
            prop_assert_eq!(&of(&turned), &found);
            for (s, series) in found.series.iter().enumerate() {
                for (i, v) in series.values.iter().enumerate() {
                    let day = found.calendar.time(series.first + i as i64) / DAY;
                    let truth: i32 = rows.iter().filter(|r| r.0 as usize == s && r.1 == day).map(|r| r.2).sum();
                    prop_assert_eq!(*v, f64::from(truth));
                }
                let all: i32 = rows.iter().filter(|r| r.0 as usize == s).map(|r| r.2).sum();
                prop_assert_eq!(series.values.iter().sum::<f64>(), f64::from(all));
            }
        }
    }
}

//! How well a model tells whom a treatment changes: the truth of a row is never seen, that of groups of rows is.
//!
//! Curves and coefficients are those of scikit-uplift (Radcliffe 2007; Devriendt, Guns, Verbeke 2020), ties in scores taken together, and weights besides.

use super::interval::Z;
use super::ranked::order;
use super::{sum, weight_of, Metric};
use crate::model::{HeldActual, HeldRows};
use crate::score::effects;

/// The share of rows of which [`Metric`] `uplift_at_30` speaks.
const TOP: f64 = 0.3;

/// Rows of one treatment and of none, with what a model says the treatment changes.
#[derive(Debug, Clone, Default)]
pub struct Treated {
    /// What the model says.
    pub scores: Vec<f64>,
    /// What came of each.
    pub outcome: Vec<f64>,
    /// Whether it was treated.
    pub treated: Vec<bool>,
    /// The weight of each, if they differ.
    pub weight: Option<Vec<f64>>,
}

/// The sums of some rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// The rows.
    pub rows: usize,
    /// The weight of treated rows.
    pub treated: f64,
    /// What came of them, in all.
    pub treated_outcome: f64,
    /// The weight of the other rows.
    pub control: f64,
    /// What came of them, in all.
    pub control_outcome: f64,
}

impl Sums {
    /// The weight of all.
    pub fn weight(&self) -> f64 {
        self.treated + self.control
    }

    /// What comes of a treated row, on average; `None` where there is none.
    pub fn treated_mean(&self) -> Option<f64> {
        (self.treated > 0.0).then(|| self.treated_outcome / self.treated)
    }

    /// What comes of another row.
    pub fn control_mean(&self) -> Option<f64> {
        (self.control > 0.0).then(|| self.control_outcome / self.control)
    }

    /// The difference of both.
    pub fn uplift(&self) -> Option<f64> {
        Some(self.treated_mean()? - self.control_mean()?)
    }

    /// What treated rows brought beyond what as many others did: a point of the Qini curve.
    pub fn incremental(&self) -> f64 {
        let ratio = if self.control > 0.0 { self.treated / self.control } else { 0.0 };
        self.treated_outcome - self.control_outcome * ratio
    }

    /// What all rows together would bring more if they were treated, by the difference of means: a point of the uplift curve.
    pub fn cumulative(&self) -> f64 {
        (self.treated_mean().unwrap_or(0.0) - self.control_mean().unwrap_or(0.0)) * self.weight()
    }

    fn add(&mut self, treated: bool, outcome: f64, weight: f64) {
        self.rows += 1;
        let (own, all) = match treated {
            true => (&mut self.treated, &mut self.treated_outcome),
            false => (&mut self.control, &mut self.control_outcome),
        };
        *own += weight;
        *all += weight * outcome;
    }
}

/// A part of the rows, those with the highest scores first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UpliftBucket {
    /// The rows of the bucket.
    pub own: Sums,
    /// The mean of what the model says of them.
    pub predicted: Option<f64>,
    /// Where the difference of their means lies with a confidence of 95 %.
    pub interval: Option<(f64, f64)>,
    /// The rows of this bucket and of those before.
    pub all: Sums,
}

impl Treated {
    /// The rows of a treatment, counted from 1, and of none. Scores are those for this treatment.
    pub fn of(held: &HeldRows, treatment: usize) -> Treated {
        let HeldActual::Treated { outcome, arms } = &held.actual else { return Treated::default() };
        let outputs = (held.outputs as usize).max(1);
        let rows: Vec<usize> = (0..arms.len()).filter(|r| arms[*r] == 0 || arms[*r] as usize == treatment).collect();
        Treated {
            scores: rows.iter().map(|r| effects(&held.scores[r * outputs..][..outputs])[treatment - 1]).collect(),
            outcome: rows.iter().map(|r| outcome[*r]).collect(),
            treated: rows.iter().map(|r| arms[*r] != 0).collect(),
            weight: held.weight.as_ref().map(|w| rows.iter().map(|r| w[*r]).collect()),
        }
    }

    /// The sums of all rows with the highest scores, for each score that there is, from none on.
    fn points(&self, scores: &[f64]) -> Vec<Sums> {
        let order = order(scores);
        let mut sums = Sums::default();
        let mut points = vec![sums];
        for tie in order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]) {
            for &row in tie {
                self.add(&mut sums, row as usize);
            }
            points.push(sums);
        }
        points
    }

    fn add(&self, sums: &mut Sums, row: usize) {
        sums.add(self.treated[row], self.outcome[row], weight_of(self.weight.as_deref(), row));
    }

    /// All rows.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        (0..self.outcome.len()).for_each(|row| self.add(&mut sums, row));
        sums
    }

    /// The area between a curve and the straight line to its end, over that of the best order of rows that can be: 1 is that, and 0 what chance does. `None` where nothing
    /// could be told apart.
    fn coefficient(&self, best: &[f64], of: fn(&Sums) -> f64) -> Option<f64> {
        let all = self.sums();
        if all.treated <= 0.0 || all.control <= 0.0 {
            return None;
        }
        let own = beyond_chance(&self.points(&self.scores), of);
        let best = beyond_chance(&self.points(best), of);
        Some(own / best).filter(|c| c.is_finite() && best > 0.0)
    }

    /// The Qini coefficient. The best order has treated rows with much first and other rows with much last.
    pub fn qini(&self) -> Option<f64> {
        let signed = |(outcome, treated): (&f64, &bool)| if *treated { *outcome } else { -outcome };
        let best: Vec<f64> = self.outcome.iter().zip(&self.treated).map(signed).collect();
        self.coefficient(&best, Sums::incremental)
    }

    /// The area under the uplift curve, of two classes.
    pub fn auuc(&self) -> Option<f64> {
        let rows = || self.outcome.iter().zip(&self.treated);
        let responders = rows().filter(|(y, t)| **y == 1.0 && !**t).count();
        let lost = rows().filter(|(y, t)| **y == 0.0 && **t).count();
        let one = |(outcome, treated): (&f64, &bool)| {
            let treated = f64::from(u8::from(*treated));
            let same = f64::from(u8::from(*outcome == treated));
            2.0 * same + if responders > lost { *outcome } else { treated }
        };
        let best: Vec<f64> = rows().map(one).collect();
        self.coefficient(&best, Sums::cumulative)
    }

    /// The standard error of the difference of means.
    fn error(&self, rows: impl Iterator<Item = usize> + Clone) -> Option<f64> {
        let doubt = |treated: bool| {
            let own = || rows.clone().filter(|row| self.treated[*row] == treated);
            let w = |row: usize| weight_of(self.weight.as_deref(), row);
            let total = sum(own().map(w));
            let count = own().filter(|row| w(*row) > 0.0).count() as f64;
            let mean = sum(own().map(|row| w(row) * self.outcome[row])) / total;
            let spread = sum(own().map(|row| (w(row) * (self.outcome[row] - mean)).powi(2)));
            (count >= 2.0 && total > 0.0).then(|| spread * count / (count - 1.0) / (total * total))
        };
        Some((doubt(true)? + doubt(false)?).sqrt())
    }

    /// The effect on a share of the rows, those with the highest scores. Of rows of one score that are not all among them each counts in part, so that the order
    /// in which they come does not matter.
    fn at_share(&self, share: f64) -> Option<f64> {
        let order = order(&self.scores);
        let mut left = (order.len() as f64 * share).floor();
        let mut sums = Sums::default();
        for tie in order.chunk_by(|&a, &b| self.scores[a as usize] == self.scores[b as usize]) {
            let part = (left / tie.len() as f64).min(1.0);
            if part <= 0.0 {
                break;
            }
            for row in tie.iter().map(|row| *row as usize) {
                sums.add(self.treated[row], self.outcome[row], part * weight_of(self.weight.as_deref(), row));
            }
            left -= tie.len() as f64;
        }
        sums.uplift()
    }

    /// Parts of as many rows, at least one part, by what the model says of them; rows of one score stay together, and a part that they fill is not made up for.
    pub fn buckets(&self, count: usize) -> Vec<UpliftBucket> {
        let order = order(&self.scores);
        let mut buckets: Vec<Vec<u32>> = Vec::new();
        let mut current: Vec<u32> = Vec::new();
        let (mut seen, mut due) = (0, 1);
        for tie in order.chunk_by(|&a, &b| self.scores[a as usize] == self.scores[b as usize]) {
            current.extend_from_slice(tie);
            seen += tie.len();
            if seen * count >= order.len() * due {
                buckets.push(std::mem::take(&mut current));
                due = seen * count / order.len() + 1;
            }
        }
        if !current.is_empty() {
            buckets.push(current);
        }
        let mut all = Sums::default();
        let one = |rows: &Vec<u32>| {
            let mut own = Sums::default();
            for &row in rows {
                self.add(&mut own, row as usize);
                self.add(&mut all, row as usize);
            }
            let w = |row: u32| weight_of(self.weight.as_deref(), row as usize);
            let said = sum(rows.iter().map(|&row| w(row) * self.scores[row as usize]));
            let error = self.error(rows.iter().map(|row| *row as usize));
            UpliftBucket {
                own,
                predicted: (own.weight() > 0.0).then(|| said / own.weight()),
                interval: own.uplift().zip(error).map(|(uplift, error)| (uplift - Z * error, uplift + Z * error)),
                all,
            }
        };
        buckets.iter().map(one).collect()
    }
}

/// The area between a curve and the straight line to its end, by the rule of trapezoids, over rows.
fn beyond_chance(points: &[Sums], of: fn(&Sums) -> f64) -> f64 {
    let step = |pair: &[Sums]| (pair[1].weight() - pair[0].weight()) * (of(&pair[0]) + of(&pair[1])) / 2.0;
    let area = sum(points.windows(2).map(step));
    let line = points.last().map_or(0.0, |last| last.weight() * of(last) / 2.0);
    area - line
}

/// Judge a model of uplift on rows of which it is known who was treated and what came of it: qini (the headline), auuc, uplift_at_30, the average effect of each treatment, and what it
/// would bring to treat each row as the model says.
pub fn uplift(held: &HeldRows, treatments: &[String], two_classes: bool) -> Vec<Metric> {
    let all: Vec<Treated> = (1..=treatments.len()).map(|treatment| Treated::of(held, treatment)).collect();
    let one = |name: &'static str, note: &str, reason: &str, of: &dyn Fn(&Treated) -> Option<f64>| {
        let found: Vec<(f64, Option<f64>)> = all.iter().map(|rows| (rows.sums().weight(), of(rows))).collect();
        let known = || found.iter().filter_map(|(weight, value)| Some((*weight, (*value)?)));
        let total = sum(known().map(|(weight, _)| weight));
        let mean = (total > 0.0).then(|| sum(known().map(|(weight, value)| weight * value)) / total);
        let each = |((_, value), name): (&(f64, Option<f64>), &String)| Some(format!("{name} {:.4}", (*value)?));
        let parts: Vec<String> = found.iter().zip(treatments).filter_map(each).collect();
        match (mean, parts.len()) {
            (None, _) => Metric::new(name, None, reason),
            (mean, 0 | 1) => Metric::new(name, mean, note),
            (mean, _) => {
                Metric::new(name, mean, format!("{note}; the mean of treatments by their rows: {}", parts.join(", ")))
            }
        }
    };
    let missing = "no rows with a treatment and without one";
    let mut metrics = vec![one(
        "qini",
        "area between the Qini curve and chance, over that of the best order; 0 is chance",
        "nothing to tell apart among the rows",
        &Treated::qini,
    )];
    metrics.push(match two_classes {
        true => one(
            "auuc",
            "area between the uplift curve and chance, over that of the best order",
            "nothing to tell apart among the rows",
            &Treated::auuc,
        ),
        false => Metric::new("auuc", None, "the best order is known of two classes only"),
    });
    let top = |rows: &Treated| rows.at_share(TOP);
    metrics.push(one("uplift_at_30", "effect on the 30 % of the rows with the highest scores", missing, &top));
    for (rows, name) in all.iter().zip(treatments) {
        let sums = rows.sums();
        let error = rows.error(0..rows.outcome.len());
        let effect = sums.uplift();
        let interval = effect.zip(error).map(|(e, error)| (e - Z * error, e + Z * error));
        let note = match effect {
            Some(_) => format!(
                "average effect of {name}: {} with it, {} without, {} rows",
                number(sums.treated_mean()),
                number(sums.control_mean()),
                sums.rows
            ),
            None => missing.to_owned(),
        };
        metrics.push(Metric::new("ate", effect, note).between(interval));
    }
    metrics.push(policy(held, treatments));
    metrics
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| format!("{value:.4}"))
}

/// What comes of a row on average where each has the treatment that the model says most of, or none where it says that of none, by the rows that had it.
fn policy(held: &HeldRows, treatments: &[String]) -> Metric {
    let HeldActual::Treated { outcome, arms } = &held.actual else {
        return Metric::new("policy_value", None, "nothing is known of the rows");
    };
    let w = |row: usize| weight_of(held.weight.as_deref(), row);
    let mean = |has: &dyn Fn(usize) -> bool, share: &dyn Fn(usize) -> f64| {
        let rows = || (0..arms.len()).filter(|row| has(*row) && share(*row) > 0.0);
        let total = sum(rows().map(|row| w(row) / share(row)));
        (total > 0.0).then(|| sum(rows().map(|row| w(row) / share(row) * outcome[row])) / total)
    };
    let total = sum((0..arms.len()).map(w));
    let of_arm = |arm: usize| sum((0..arms.len()).filter(|row| arms[*row] as usize == arm).map(w)) / total;
    let shares: Vec<f64> = (0..=treatments.len()).map(of_arm).collect();
    let outputs = (held.outputs as usize).max(1);
    let chosen: Vec<u32> = held.scores.chunks_exact(outputs).map(|said| best_treatment(effects(said))).collect();
    let own = mean(&|row| chosen[row] == arms[row], &|row| shares[arms[row] as usize]);
    let each: Vec<String> = std::iter::once("none")
        .chain(treatments.iter().map(String::as_str))
        .enumerate()
        .filter_map(|(arm, name)| Some(format!("{name} {:.4}", mean(&|row| arms[row] as usize == arm, &|_| 1.0)?)))
        .collect();
    let reason = "no row had what the model would give it";
    match own {
        Some(value) => {
            let note =
                format!("mean outcome where each row is treated as the model says; all alike: {}", each.join(", "));
            Metric::new("policy_value", Some(value), note)
        }
        None => Metric::new("policy_value", None, reason),
    }
}

/// The treatment, counted from 1, that raises the outcome most; 0 where none raises it.
pub fn best_treatment(effects: &[f64]) -> u32 {
    let best =
        |best: (u32, f64), (at, effect): (usize, &f64)| if *effect > best.1 { (at as u32 + 1, *effect) } else { best };
    effects.iter().enumerate().fold((0, 0.0), best).0
}

/// The area between the Qini curve and chance of rows whose weights are drawn anew: for the comparison of two models.
#[derive(Debug)]
pub(super) struct Resampled {
    /// By treatment, the rows from the highest score down, a list a score.
    all: Vec<Vec<Vec<(u32, bool, f64)>>>,
}

impl Resampled {
    pub fn new(scores: &[f64], rows: &HeldRows, outcome: &[f64], arms: &[u32]) -> Resampled {
        let outputs = (rows.outputs as usize).max(1);
        let one = |treatment: usize| {
            let own: Vec<u32> = (0..arms.len() as u32)
                .filter(|r| arms[*r as usize] == 0 || arms[*r as usize] as usize == treatment + 1)
                .collect();
            let said: Vec<f64> =
                own.iter().map(|r| effects(&scores[*r as usize * outputs..][..outputs])[treatment]).collect();
            let order = order(&said);
            let ties = order.chunk_by(|&a, &b| said[a as usize] == said[b as usize]);
            let row = |at: &u32| {
                let row = own[*at as usize];
                (row, arms[row as usize] != 0, outcome[row as usize])
            };
            ties.map(|tie| tie.iter().map(row).collect()).collect()
        };
        Resampled { all: (0..effects(&vec![0.0; outputs]).len()).map(one).collect() }
    }

    /// The mean over treatments, each by the weight of its rows.
    pub fn value(&self, weight: &impl Fn(usize) -> f64) -> f64 {
        let one = |ties: &Vec<Vec<(u32, bool, f64)>>| {
            let mut sums = Sums::default();
            let mut points = vec![sums];
            for tie in ties {
                tie.iter().for_each(|(row, treated, outcome)| sums.add(*treated, *outcome, weight(*row as usize)));
                points.push(sums);
            }
            // In what a row brings, whatever the number of rows.
            let all = sums.weight();
            (all, beyond_chance(&points, Sums::incremental) / (all * all).max(f64::MIN_POSITIVE))
        };
        let found: Vec<(f64, f64)> = self.all.iter().map(one).collect();
        let total: f64 = found.iter().map(|f| f.0).sum();
        found.iter().map(|(weight, value)| weight * value).sum::<f64>() / total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty rows of a generator that the script of the referee has, too.
    fn rows() -> HeldRows {
        let mut state = 12_345u64;
        let mut next = || {
            state = (state * 1_103_515_245 + 12_345) % (1 << 31);
            state as f64 / (1u64 << 31) as f64
        };
        let (mut scores, mut outcome, mut arms) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..40 {
            let (a, b, c) = (next(), next(), next());
            let score = (a * 10.0).floor() / 10.0 - 0.3;
            let treated = b < 0.6;
            let chance = 0.3 + if treated { score * 0.5 } else { 0.0 };
            scores.push(score);
            arms.push(u32::from(treated));
            outcome.push(f64::from(u8::from(c < chance)));
        }
        HeldRows { outputs: 1, scores, actual: HeldActual::Treated { outcome, arms }, weight: None }
    }

    fn value(metrics: &[Metric], name: &str) -> f64 {
        metrics.iter().find(|m| m.name == name).and_then(|m| m.value).unwrap_or(f64::NAN)
    }

    /// tests/referees/uplift.py
    #[test]
    fn coefficients_are_those_of_scikit_uplift() {
        let metrics = uplift(&rows(), &["mail".into()], true);
        assert!((value(&metrics, "qini") - QINI).abs() < 1e-12, "{}", value(&metrics, "qini"));
        assert!((value(&metrics, "auuc") - AUUC).abs() < 1e-12, "{}", value(&metrics, "auuc"));
    }

    const QINI: f64 = 0.138_737_902_664_077_15;
    const AUUC: f64 = 0.148_766_352_462_259_58;

    #[test]
    fn a_weight_is_so_many_rows() {
        let plain = rows();
        let HeldActual::Treated { outcome, arms } = &plain.actual else { unreachable!() };
        let times = |row: usize| row % 3 + 1;
        let mut twice = HeldRows { outputs: 1, scores: vec![], actual: HeldActual::None, weight: None };
        let (mut all_outcome, mut all_arms) = (vec![], vec![]);
        for row in 0..40 {
            for _ in 0..times(row) {
                twice.scores.push(plain.scores[row]);
                all_outcome.push(outcome[row]);
                all_arms.push(arms[row]);
            }
        }
        twice.actual = HeldActual::Treated { outcome: all_outcome, arms: all_arms };
        let weighted = HeldRows { weight: Some((0..40).map(|row| times(row) as f64).collect()), ..plain.clone() };
        for of in [Treated::qini, Treated::auuc] {
            let [a, b] = [&twice, &weighted].map(|held| of(&Treated::of(held, 1)).unwrap());
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn buckets_have_all_rows_once() {
        let rows = Treated::of(&rows(), 1);
        for count in [1, 3, 10, 100] {
            let buckets = rows.buckets(count);
            assert!(buckets.len() <= count);
            assert_eq!(buckets.iter().map(|b| b.own.rows).sum::<usize>(), 40);
            assert_eq!(buckets.last().map(|b| b.all), Some(rows.sums()));
        }
    }

    #[test]
    fn many_rows_of_one_score_leave_no_tiny_buckets() {
        let mut held = rows();
        held.scores.iter_mut().enumerate().for_each(|(row, s)| *s = if row < 24 { 1.0 } else { -(row as f64) });
        let sizes = |count| Treated::of(&held, 1).buckets(count).iter().map(|b| b.own.rows).collect::<Vec<usize>>();
        assert_eq!(sizes(5), [24, 8, 8]);
        assert_eq!(sizes(4), [24, 6, 10]);
    }

    #[test]
    fn the_order_of_rows_of_one_score_does_not_matter() {
        let one = rows();
        let HeldActual::Treated { outcome, arms } = &one.actual else { unreachable!() };
        let turned = |all: &[f64]| all.iter().rev().copied().collect::<Vec<f64>>();
        let actual = HeldActual::Treated { outcome: turned(outcome), arms: arms.iter().rev().copied().collect() };
        let other = HeldRows { scores: turned(&one.scores), actual, ..one.clone() };
        let [a, b] = [&one, &other].map(|held| value(&uplift(held, &["mail".into()], true), "uplift_at_30"));
        assert!((a - b).abs() < 1e-12 && a.is_finite(), "{a} {b}");
    }

    #[test]
    fn nothing_is_told_of_rows_that_say_nothing() {
        for actual in [
            HeldActual::Treated { outcome: vec![], arms: vec![] },
            HeldActual::Treated { outcome: vec![1.0, 0.0], arms: vec![1, 1] },
            HeldActual::Treated { outcome: vec![0.0, 0.0], arms: vec![0, 1] },
        ] {
            let count = if matches!(&actual, HeldActual::Treated { arms, .. } if arms.is_empty()) { 0 } else { 2 };
            let held = HeldRows { outputs: 1, scores: vec![0.5; count], actual, weight: None };
            let metrics = uplift(&held, &["mail".into()], true);
            assert_eq!(metrics[0].value, None, "{metrics:?}");
        }
    }

    #[test]
    fn the_best_treatment_is_none_where_none_helps() {
        assert_eq!(best_treatment(&[-0.1, 0.0]), 0);
        assert_eq!(best_treatment(&[0.1, 0.3, 0.3]), 2);
        assert_eq!(best_treatment(&[f64::NAN, 0.2]), 2);
    }
}

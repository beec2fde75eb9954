//! Calibration: curves that bring what trees say to what is seen on rows that they did not learn from.
//!
//! Training rows fall into folds; trees grown without a fold say a probability of each of its rows, and curves are fitted on these. The trees
//! of the model are grown on all training rows and go through the curves, as scikit-learn's CalibratedClassifierCV does with
//! `ensemble=False`. The held-out rows take no part. More than two classes get a curve each, one class against the rest, and are brought to
//! a sum of 1.

mod isotonic;
mod sigmoid;

use rayon::prelude::*;

use super::bin::{BinKind, BinnedFeature};
use super::fold::{Fold, Learned};
use super::ordered::FOLD;
use super::sum::sums;
use super::Target;
use crate::control::Control;
use crate::data::{mix, CHUNK};
use crate::error::{Error, Result};
use crate::model::{Curve, Trees};
use crate::score::curve::calibrate;
use crate::score::{link, walk};

/// Folds.
pub const FOLDS: usize = 5;
/// With fewer rows nothing is calibrated.
const FEWEST_ROWS: usize = 4 * FOLDS;

/// How probabilities are calibrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Not at all.
    None,
    /// By a sigmoid of the log-odds (Platt 1999).
    Sigmoid,
    /// By the best curve that never falls.
    Isotonic,
    /// As loses least on rows left out.
    Auto,
}

impl Method {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Method::None => "none",
            Method::Sigmoid => "sigmoid",
            Method::Isotonic => "isotonic",
            Method::Auto => "auto",
        }
    }
}

/// A row as a curve of one class sees it.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// What the trees said.
    said: f64,
    /// Whether it is of the class.
    hit: bool,
    weight: f64,
}

/// The fold of each row. The rows of a class are dealt out one by one in a random order, so that every fold has its share of each; rows of
/// a `group` stay together.
pub fn folds(classes: &[u32], group: Option<&dyn Fn(usize) -> u64>, control: &Control) -> Result<Vec<u8>> {
    let mut folds = control.filled(classes.len(), 0)?;
    if let Some(group) = group {
        let of = |row| (mix(group(row), FOLD) % FOLDS as u64) as u8;
        folds.iter_mut().enumerate().for_each(|(row, fold)| *fold = of(row));
        return Ok(folds);
    }
    let mut order: Vec<(u32, u64, u32)> = control.vec(classes.len())?;
    order.extend(classes.iter().enumerate().map(|(row, &class)| (class, mix(row as u64, FOLD), row as u32)));
    order.sort_unstable();
    order.iter().enumerate().for_each(|(place, row)| folds[row.2 as usize] = (place % FOLDS) as u8);
    control.release_vec(order);
    Ok(folds)
}

/// Fit curves for trees that are grown on all rows as `fit` grows them on a part; a step of a curve stands for at least `least` rows. None where
/// `method` says so or nothing can be told, and then `notices` says why.
pub fn curves(
    (method, least): (Method, u64),
    learned: &Learned<'_>,
    folds: &[u8],
    fit: impl Fn(&Fold) -> Result<Trees>,
    notices: &mut Vec<String>,
    control: &Control,
) -> Result<Vec<Curve>> {
    let Target::Class { codes, .. } = learned.rows.target else {
        return Err(Error::Internal("only probabilities are calibrated".into()));
    };
    let several = codes.iter().any(|c| *c != codes[0]);
    let whole = (0..FOLDS as u8).any(|fold| folds.iter().all(|&f| f == fold));
    if method == Method::None || !several || whole || codes.len() < FEWEST_ROWS {
        if method != Method::None {
            notices.push("nothing is calibrated: there are too few rows, classes or groups".into());
        }
        return Ok(Vec::new());
    }
    let before = control.used();
    let probabilities = cross_fit(learned, folds, fit, control)?;
    let said = Said { probabilities, codes, weight: learned.rows.weight, least };
    let mut everyone: Vec<u32> = control.vec(codes.len())?;
    everyone.extend(0..codes.len() as u32);
    let curves = match method {
        Method::Auto => said.best(folds, &everyone, notices, control)?,
        method => said.curves(method, &everyone, control)?,
    };
    control.release(control.used().saturating_sub(before));
    Ok(curves)
}

/// What trees say of each row that they did not learn from: a row's outputs one after the other.
fn cross_fit(
    learned: &Learned<'_>,
    folds: &[u8],
    fit: impl Fn(&Fold) -> Result<Trees>,
    control: &Control,
) -> Result<Vec<f64>> {
    let mut said: Vec<f64> = Vec::new();
    for own in (0..FOLDS as u8).filter(|own| folds.contains(own)) {
        let before = control.used();
        let mut fold = learned.fold(|r| folds[r] == own, control)?;
        fold.cut();
        let trees = fit(&fold)?;
        let outputs = trees.outputs as usize;
        let rows = &fold.order[fold.fit_rows..];
        let mut part: Vec<f64> = control.filled(rows.len() * outputs, 0.0)?;
        part.par_chunks_mut(CHUNK / 8 * outputs).enumerate().try_for_each(|(chunk, part)| {
            control.check()?;
            let mut row = vec![f64::NAN; fold.features.len()];
            for (i, out) in part.chunks_exact_mut(outputs).enumerate() {
                let r = fold.fit_rows + chunk * (CHUNK / 8) + i;
                row.iter_mut().zip(&fold.features).for_each(|(cell, feature)| *cell = feature.value(r));
                for tree in 0..trees.roots.len() {
                    let leaf = trees.leaf(walk::leaf(&trees, tree, &row));
                    leaf.each(|output, value| out[output] += value);
                }
                link::link(&trees, true, out);
            }
            Ok(())
        })?;
        drop(trees);
        let counted = control.used();
        if said.is_empty() {
            said = control.filled(folds.len() * outputs, 0.0)?;
        }
        for (&row, out) in rows.iter().zip(part.chunks_exact(outputs)) {
            said[row as usize * outputs..][..outputs].copy_from_slice(out);
        }
        // All but what was said goes with the fold.
        control.release(counted.saturating_sub(before));
    }
    Ok(said)
}

impl BinnedFeature {
    /// A number of the bin of a row, as the thresholds and sets of trees see it.
    fn value(&self, row: usize) -> f64 {
        let code = self.codes.get(row);
        match &self.kind {
            BinKind::Number { low, .. } | BinKind::Ordered { low, .. } => low.get(code).copied().unwrap_or(f64::NAN),
            BinKind::Category { levels } if code <= *levels => code as f64,
            BinKind::Category { .. } => f64::NAN,
        }
    }
}

/// What trees said, and what was true.
struct Said<'a> {
    probabilities: Vec<f64>,
    codes: &'a [u32],
    weight: Option<&'a [f64]>,
    /// The fewest rows of a step of a curve.
    least: u64,
}

impl Said<'_> {
    fn outputs(&self) -> usize {
        self.probabilities.len() / self.codes.len()
    }

    fn weight(&self, row: usize) -> f64 {
        self.weight.map_or(1.0, |w| w[row])
    }

    /// The curves of some rows; none of [`Method::None`].
    fn curves(&self, method: Method, rows: &[u32], control: &Control) -> Result<Vec<Curve>> {
        let outputs = self.outputs();
        let mut curves = Vec::with_capacity(outputs);
        for output in 0..outputs {
            // Of two classes the trees speak of the second.
            let class = if outputs == 1 { 1 } else { output as u32 };
            let mut seen: Vec<Seen> = control.vec(rows.len())?;
            seen.extend(rows.iter().map(|&r| {
                let r = r as usize;
                let said = self.probabilities[r * outputs + output];
                Seen { said, hit: self.codes[r] == class, weight: self.weight(r) }
            }));
            match method {
                Method::Sigmoid => curves.push(sigmoid::fit(&seen, control)?),
                Method::Isotonic => curves.push(isotonic::fit(&mut seen, self.least, control)?),
                Method::None | Method::Auto => {}
            }
            control.release_vec(seen);
        }
        Ok(curves)
    }

    /// The sum of the log loss of some rows through curves, and of their weights.
    fn loss(&self, curves: &[Curve], rows: &[u32], control: &Control) -> Result<[f64; 2]> {
        let outputs = self.outputs();
        sums(0..rows.len(), control, |part| {
            let mut out = vec![0.0; outputs];
            let (mut loss, mut total) = (0.0, 0.0);
            for &row in &rows[part] {
                let r = row as usize;
                out.copy_from_slice(&self.probabilities[r * outputs..][..outputs]);
                calibrate(curves, &mut out);
                let p = match (outputs, self.codes[r]) {
                    (1, 0) => 1.0 - out[0],
                    (1, _) => out[0],
                    (_, class) => out[class as usize],
                };
                loss -= self.weight(r) * libm::log(p.max(f64::EPSILON));
                total += self.weight(r);
            }
            [loss, total]
        })
    }

    /// The curves of the method that loses least on rows left out of their fitting.
    fn best(&self, folds: &[u8], everyone: &[u32], notices: &mut Vec<String>, control: &Control) -> Result<Vec<Curve>> {
        let mut sums = [Method::None, Method::Sigmoid, Method::Isotonic].map(|method| (method, 0.0, 0.0));
        for own in 0..FOLDS as u8 {
            let (mut left_out, mut others) = (control.vec(everyone.len())?, control.vec(everyone.len())?);
            for &r in everyone {
                if folds[r as usize] == own { &mut left_out } else { &mut others }.push(r);
            }
            for (method, loss, total) in &mut sums {
                let curves = self.curves(*method, &others, control)?;
                let [of_fold, weight] = self.loss(&curves, &left_out, control)?;
                *loss += of_fold;
                *total += weight;
            }
            control.release_vec(left_out);
            control.release_vec(others);
        }
        let losses = sums.map(|(method, loss, total): (_, f64, f64)| (method, loss / total.max(f64::MIN_POSITIVE)));
        // Of equals the first.
        let best = losses.iter().copied().reduce(|a, b| if b.1 < a.1 { b } else { a });
        let best = best.map_or(Method::None, |b| b.0);
        let told: Vec<String> = losses.iter().map(|(m, loss)| format!("{} {loss:.5}", m.name())).collect();
        notices.push(format!("calibration is \"{}\": log loss of rows left out {}", best.name(), told.join(", ")));
        self.curves(best, everyone, control)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::curve::apply;
    use crate::score::link::logistic;
    use proptest::prelude::*;

    fn random(seed: u64, count: usize) -> Vec<f64> {
        (0..count as u64).map(|i| (mix(mix(seed, i), seed) >> 11) as f64 / (1u64 << 53) as f64).collect()
    }

    /// Rows of which trees say `said`, of a class with the probability `truth` makes of it.
    fn said<'a>(said: &[f64], codes: &'a mut Vec<u32>, truth: impl Fn(f64) -> f64) -> Said<'a> {
        let draws = random(9, said.len());
        *codes = said.iter().zip(&draws).map(|(&p, &d)| u32::from(d < truth(p))).collect();
        Said { probabilities: said.to_vec(), codes, weight: None, least: 1 }
    }

    #[test]
    fn folds_share_classes_out_and_keep_groups() {
        let control = Control::default();
        let classes: Vec<u32> = (0..1003).map(|r| u32::from(r % 100 == 0)).collect();
        let found = folds(&classes, None, &control).unwrap();
        for fold in 0..FOLDS as u8 {
            let own = |class: u32| found.iter().zip(&classes).filter(|(f, c)| **f == fold && **c == class).count();
            assert!((198..=199).contains(&own(0)) && (2..=3).contains(&own(1)), "{} {}", own(0), own(1));
        }
        let found = folds(&classes, Some(&|r| r as u64 / 10), &control).unwrap();
        assert!(found.chunks(10).all(|group| group.iter().all(|f| *f == group[0])));
        assert!((0..FOLDS as u8).all(|f| found.contains(&f)));
    }

    #[test]
    fn each_method_undoes_what_it_is_for() {
        let control = Control::default();
        let p = random(4, 40_000);
        let too_sure = |p: f64| logistic(0.4 * crate::score::curve::log_odds(p) - 0.5);
        let steps = |p: f64| if p < 0.4 { 0.1 } else { 0.8 };
        let everyone: Vec<u32> = (0..p.len() as u32).collect();
        let by_row: Vec<u8> = (0..p.len()).map(|r| (r % FOLDS) as u8).collect();
        for (truth, method) in
            [(&too_sure as &dyn Fn(f64) -> f64, Method::Sigmoid), (&steps, Method::Isotonic), (&|p| p, Method::None)]
        {
            let mut codes = Vec::new();
            let said = said(&p, &mut codes, truth);
            let mut notices = Vec::new();
            let best = said.best(&by_row, &everyone, &mut notices, &control).unwrap();
            let kind = match best.first() {
                Some(Curve::Sigmoid { .. }) => Method::Sigmoid,
                Some(Curve::Isotonic { .. }) => Method::Isotonic,
                None => Method::None,
            };
            // A sigmoid that changes nothing may be as good as none.
            assert!(kind == method || (method == Method::None && kind == Method::Sigmoid), "{notices:?}");
            assert!(notices[0]
                .starts_with(&format!("calibration is \"{}\": log loss of rows left out none 0.", kind.name())));
            for q in [0.05, 0.2, 0.6, 0.95] {
                let found = best.first().map_or(q, |curve| apply(curve, q));
                assert!((found - truth(q)).abs() < 0.03, "{method:?} at {q}: {found}, not {}", truth(q));
            }
        }
    }

    proptest! {
        /// Against the definition: the weighted mean of the blocks is the best of all curves that never fall.
        #[test]
        fn isotonic_is_the_least_squares_curve(
            rows in prop::collection::vec((0u8..12, any::<bool>(), 0u8..4), 1..60),
        ) {
            let mut seen: Vec<Seen> = rows
                .iter()
                .map(|&(said, hit, weight)| Seen { said: f64::from(said) / 11.0, hit, weight: f64::from(weight) })
                .collect();
            let curve = isotonic::fit(&mut seen, 1, &Control::default()).unwrap();
            // The min-max formula (Barlow et al. 1972): at a place, the greatest over starts of the least over ends of the means.
            let places: std::collections::BTreeSet<u8> = rows.iter().filter(|r| r.2 > 0).map(|r| r.0).collect();
            let places: Vec<u8> = places.into_iter().collect();
            let mean = |from: u8, to: u8| {
                let part = || rows.iter().filter(move |r| (from..=to).contains(&r.0));
                let weight: f64 = part().map(|r| f64::from(r.2)).sum();
                part().map(|r| f64::from(r.2) * f64::from(u8::from(r.1))).sum::<f64>() / weight
            };
            for (i, &place) in places.iter().enumerate() {
                let least = |s: usize| places[i..].iter().map(|&t| mean(places[s], t)).fold(f64::INFINITY, f64::min);
                let expected = (0..=i).map(least).fold(f64::NEG_INFINITY, f64::max);
                let found = apply(&curve, f64::from(place) / 11.0);
                prop_assert!((found - expected).abs() < 1e-12, "{}: {} not {}", place, found, expected);
            }
        }

        #[test]
        fn steps_stand_for_enough_rows(rows in prop::collection::vec((0u8..40, any::<bool>()), 1..80), least in 1u64..12) {
            let mut seen: Vec<Seen> =
                rows.iter().map(|&(said, hit)| Seen { said: f64::from(said) / 40.0, hit, weight: 1.0 }).collect();
            let curve = isotonic::fit(&mut seen, least, &Control::default()).unwrap();
            let Curve::Isotonic { from, to } = &curve else { return Err(TestCaseError::fail("no steps")) };
            prop_assert!(to.is_sorted() && from.is_sorted_by(|a, b| a < b));
            for value in to {
                let of = |row: &&Seen| (apply(&curve, row.said) - value).abs() < 1e-12;
                let count = seen.iter().filter(of).count() as u64;
                prop_assert!(count >= least.min(rows.len() as u64), "{} rows at {}", count, value);
            }
        }

        #[test]
        fn a_sigmoid_never_falls(rows in prop::collection::vec((0.0f64..=1.0, any::<bool>(), 0.0f64..3.0), 1..40)) {
            let seen: Vec<Seen> = rows.iter().map(|&(said, hit, weight)| Seen { said, hit, weight }).collect();
            let Curve::Sigmoid { slope, intercept } = sigmoid::fit(&seen, &Control::default()).unwrap() else {
                return Err(TestCaseError::fail("no sigmoid"));
            };
            prop_assert!(slope >= 0.0 && slope.is_finite() && intercept.is_finite());
        }
    }
}

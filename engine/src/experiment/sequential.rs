//! Tests that are looked at while they run.
//!
//! With a number of looks that is set beforehand, the error is spent look by look (Lan and DeMets 1983): the boundary of each look is that which a Brownian
//! motion that has crossed none before crosses with just the probability that the look may spend, found by numerical integration from look to look (Armitage,
//! McPherson and Rowe 1969). Where anybody may look at any time, a mixture of likelihood ratios is valid at all times (Robbins 1970; Johari, Koomen, Pekelis and
//! Walsh, "Always valid inference", 2022).

use super::distribution::{integrate, normal_isf, normal_pdf, normal_sf};
use crate::control::Control;
use crate::error::{Error, Result};

/// How the error is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spending {
    /// As the boundaries of O'Brien and Fleming: next to nothing early, most at the end.
    ObrienFleming,
    /// As Pocock's: about as much at each look.
    Pocock,
}

impl Spending {
    /// The names.
    pub const NAMES: [&'static str; 2] = ["obrien_fleming", "pocock"];

    /// The spending of a name.
    pub fn parse(name: &str) -> Option<Spending> {
        match name {
            "obrien_fleming" => Some(Spending::ObrienFleming),
            "pocock" => Some(Spending::Pocock),
            _ => None,
        }
    }

    /// What of the error of one side is spent when a share `t` of the information is there.
    fn spent(self, t: f64, alpha: f64) -> f64 {
        match self {
            Spending::ObrienFleming => 2.0 * normal_sf(normal_isf(0.5 * alpha) / libm::sqrt(t)),
            Spending::Pocock => alpha * libm::log1p((std::f64::consts::E - 1.0) * t),
        }
        .min(alpha)
    }
}

/// The boundary of a look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boundary {
    /// The share of the information, 0 to 1.
    pub information: f64,
    /// The error that is spent up to this look, of both sides where there are two.
    pub spent: f64,
    /// The z statistic from which on the test stops.
    pub z: f64,
    /// The same as a p-value of the look by itself.
    pub p_value: f64,
}

/// The most looks.
pub const MOST_LOOKS: usize = 100;
/// The least information between two looks.
const LEAST_STEP: f64 = 1e-3;
/// A boundary that is not crossed: the probability is below 1e-32.
const FAR: f64 = 12.0;

/// The boundaries of looks at shares of the information that rise to at most 1.
pub fn boundaries(
    information: &[f64],
    alpha: f64,
    spending: Spending,
    two_sided: bool,
    control: &Control,
) -> Result<Vec<Boundary>> {
    if information.is_empty() || information.len() > MOST_LOOKS {
        return Err(Error::option(
            format!("a test must have 1 to {MOST_LOOKS} looks"),
            "Look less often, or use the option \"sequential\" of orchard.ab_test, with which one may look at any time.",
        ));
    }
    let mut before = 0.0;
    for &t in information {
        if !(t - before >= LEAST_STEP * 0.999_999 && t <= 1.0) {
            return Err(Error::option(
                "shares of information must rise by at least 0.001 from look to look, to at most 1",
                "Give for example [0.25, 0.5, 0.75, 1].",
            ));
        }
        before = t;
    }
    let sides = if two_sided { 2.0 } else { 1.0 };
    let alpha_side = alpha / sides;
    // Where the motion is that has crossed no boundary, at nodes with their weights times its density.
    let mut inside: Vec<(f64, f64)> = vec![(0.0, 1.0)];
    let (mut t_before, mut spent_before) = (0.0, 0.0);
    let mut found = Vec::with_capacity(information.len());
    for (look, &t) in information.iter().enumerate() {
        control.check()?;
        let spent = spending.spent(t, alpha_side);
        let due = spent - spent_before;
        let (root, step) = (libm::sqrt(t), libm::sqrt(t - t_before));
        // The probability to be above z here without having crossed before.
        let crosses = |z: f64| inside.iter().map(|&(s, w)| w * normal_sf((z * root - s) / step)).sum::<f64>();
        let (mut low, mut high) = (-FAR, FAR);
        if crosses(FAR) >= due {
            low = FAR;
        }
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if crosses(middle) > due {
                low = middle;
            } else {
                high = middle;
            }
            if high - low <= 1e-15 * high.abs() {
                break;
            }
        }
        let z = 0.5 * (low + high);
        let p_value = (sides * normal_sf(z)).min(1.0);
        found.push(Boundary { information: t, spent: sides * spent, z, p_value });
        control.check()?;
        if let Some(next) = information.get(look + 1) {
            // The kernels of this step and of the next are the narrowest that are integrated over.
            let narrow = step.min(libm::sqrt(next - t));
            let (top, bottom) = (z * root, if two_sided { -z * root } else { -FAR * root });
            let panels = ((top - bottom) / narrow).ceil().clamp(4.0, 2_000.0) as usize;
            let mut after = Vec::with_capacity(panels * 16);
            integrate(bottom, top, panels, |s, w| {
                let density: f64 = inside.iter().map(|&(u, v)| v * normal_pdf((s - u) / step)).sum();
                after.push((s, w * density / step));
            });
            // What is all but impossible need not be followed.
            after.retain(|&(_, w)| w > 1e-25);
            inside = after;
        }
        (t_before, spent_before) = (t, spent);
    }
    Ok(found)
}

/// The mixture of a test that may be looked at at any time: how wide the interval is, and what a statistic says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mixture {
    /// The variance of the mixture per variance of an observation.
    rho2: f64,
}

impl Mixture {
    /// The mixture whose interval is narrowest at about so many rows.
    pub fn tightest_at(rows: f64, alpha: f64) -> Mixture {
        // Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory" (2024), equation 24.
        let l = -2.0 * libm::log(alpha);
        Mixture { rho2: (l + libm::log(l + 1.0)) / rows }
    }

    /// The half-width of the interval in standard errors, after so many rows.
    pub fn width(&self, rows: f64, alpha: f64) -> f64 {
        let k = rows * self.rho2;
        libm::sqrt(2.0 * (k + 1.0) / k * (0.5 * libm::log1p(k) - libm::log(alpha)))
    }

    /// The p-value that is valid whenever it is looked at.
    pub fn p_value(&self, z: f64, rows: f64) -> f64 {
        let k = rows * self.rho2;
        libm::exp(0.5 * libm::log1p(k) - 0.5 * z * z * k / (k + 1.0)).min(1.0)
    }
}

/// The probability that a test with these boundaries is ever above them where the effect has this drift: for tests.
#[cfg(test)]
fn simulate(boundaries: &[Boundary], drift: f64, runs: u32) -> f64 {
    let mut state = 88_172_645_463_325_252_u64;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ((state >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    };
    let mut crossed = 0;
    for _ in 0..runs {
        let (mut s, mut before) = (0.0, 0.0);
        for b in boundaries {
            let step = b.information - before;
            s += normal_isf(uniform()) * step.sqrt() + drift * step;
            before = b.information;
            if s.abs() > b.z * before.sqrt() {
                crossed += 1;
                break;
            }
        }
    }
    f64::from(crossed) / f64::from(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equal(looks: usize) -> Vec<f64> {
        (1..=looks).map(|i| i as f64 / looks as f64).collect()
    }

    /// The tables of Reboussin, DeMets, Kim and Lan (2000), as the R package ldbounds prints them.
    #[test]
    fn boundaries_are_those_of_the_tables() {
        let control = Control::default();
        let of = |looks, spending| -> Vec<f64> {
            boundaries(&equal(looks), 0.05, spending, true, &control).unwrap().iter().map(|b| b.z).collect()
        };
        let close = |found: Vec<f64>, expected: &[f64]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1.2e-4), "{found:?} {expected:?}");
        };
        close(of(1, Spending::Pocock), &[1.95996]);
        close(of(5, Spending::ObrienFleming), &[4.87688, 3.35695, 2.68026, 2.28979, 2.03100]);
        close(of(5, Spending::Pocock), &[2.43798, 2.42677, 2.41014, 2.39658, 2.38591]);
    }

    #[test]
    fn the_error_is_kept_whatever_the_looks() {
        let control = Control::default();
        for (information, spending) in [
            (vec![0.1, 0.15, 0.6, 0.601, 1.0], Spending::Pocock),
            (equal(20), Spending::ObrienFleming),
            (vec![0.02, 0.9, 1.0], Spending::ObrienFleming),
        ] {
            let found = boundaries(&information, 0.05, spending, true, &control).unwrap();
            assert!((found.last().unwrap().spent - 0.05).abs() < 1e-15);
            let rate = simulate(&found, 0.0, 200_000);
            assert!((rate - 0.05).abs() < 0.0025, "{information:?} {rate}");
        }
        // One side.
        let found = boundaries(&equal(3), 0.025, Spending::Pocock, false, &control).unwrap();
        let both = boundaries(&equal(3), 0.05, Spending::Pocock, true, &control).unwrap();
        assert!(found.iter().zip(&both).all(|(a, b)| (a.z - b.z).abs() < 1e-4), "{found:?} {both:?}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let control = Control::default();
        for wrong in [vec![], vec![0.5, 0.5], vec![0.5, 1.2], vec![f64::NAN], vec![0.0, 1.0], vec![0.5; 101]] {
            assert!(boundaries(&wrong, 0.05, Spending::Pocock, true, &control).is_err());
        }
        control.cancel();
        assert!(boundaries(&[1.0], 0.05, Spending::Pocock, true, &control).is_err());
    }

    #[test]
    fn mixtures_agree_with_themselves() {
        let mixture = Mixture::tightest_at(5000.0, 0.05);
        for rows in [10.0, 5000.0, 1e7] {
            // A statistic at the end of the interval has the p-value alpha.
            let width = mixture.width(rows, 0.05);
            assert!((mixture.p_value(width, rows) - 0.05).abs() < 1e-12);
        }
        // Narrowest there, as a share of the width that one look would have.
        let at = |rows: f64| Mixture::tightest_at(rows, 0.05).width(5000.0, 0.05);
        assert!(at(5000.0) < at(4000.0) && at(5000.0) < at(6000.0));
        assert_eq!(mixture.p_value(0.0, 100.0), 1.0);
    }
}

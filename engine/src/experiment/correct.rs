//! P-values of several comparisons together.

/// How p-values are adjusted for their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Not at all.
    None,
    /// Each times their number.
    Bonferroni,
    /// Step by step from the smallest on (Holm 1979), which is never less powerful.
    Holm,
    /// The false discovery rate (Benjamini and Hochberg 1995).
    BenjaminiHochberg,
}

impl Correction {
    /// The names.
    pub const NAMES: [&'static str; 4] = ["none", "bonferroni", "holm", "benjamini-hochberg"];

    /// The correction of a name.
    pub fn parse(name: &str) -> Option<Correction> {
        match name {
            "none" => Some(Correction::None),
            "bonferroni" => Some(Correction::Bonferroni),
            "holm" => Some(Correction::Holm),
            "benjamini-hochberg" => Some(Correction::BenjaminiHochberg),
            _ => None,
        }
    }

    /// The adjusted p-values; those that are not known stay so and do not count.
    pub fn adjust(self, p_values: &[Option<f64>]) -> Vec<Option<f64>> {
        let mut known: Vec<(usize, f64)> = p_values.iter().enumerate().filter_map(|(i, p)| p.map(|p| (i, p))).collect();
        let count = known.len() as f64;
        known.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let mut adjusted = vec![None; p_values.len()];
        let mut keep = |at: usize, p: f64| {
            if let Some(place) = adjusted.get_mut(at) {
                *place = Some(p.min(1.0));
            }
        };
        match self {
            Correction::None => known.iter().for_each(|&(at, p)| keep(at, p)),
            Correction::Bonferroni => known.iter().for_each(|&(at, p)| keep(at, p * count)),
            Correction::Holm => {
                let mut most: f64 = 0.0;
                for (rank, &(at, p)) in known.iter().enumerate() {
                    most = most.max(p * (count - rank as f64));
                    keep(at, most);
                }
            }
            Correction::BenjaminiHochberg => {
                let mut least: f64 = 1.0;
                for (rank, &(at, p)) in known.iter().enumerate().rev() {
                    least = least.min(p * count / (rank + 1) as f64);
                    keep(at, least);
                }
            }
        }
        adjusted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As statsmodels' multipletests.
    #[test]
    fn p_values_are_adjusted() {
        let p = [Some(0.01), None, Some(0.04), Some(0.03), Some(0.8)];
        let close = |c: Correction, expected: [f64; 4]| {
            let adjusted = c.adjust(&p);
            assert_eq!(adjusted[1], None);
            let found: Vec<f64> = adjusted.into_iter().flatten().collect();
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{c:?} {found:?}");
        };
        close(Correction::None, [0.01, 0.04, 0.03, 0.8]);
        close(Correction::Bonferroni, [0.04, 0.16, 0.12, 1.0]);
        close(Correction::Holm, [0.04, 0.09, 0.09, 0.8]);
        close(Correction::BenjaminiHochberg, [0.04, 4.0 / 3.0 * 0.04, 4.0 / 3.0 * 0.04, 0.8]);
        assert!(Correction::Holm.adjust(&[]).is_empty());
    }
}

//! Mean, standard deviation and skewness in one pass, stable for large means (Pébay 2008, <https://doi.org/10.2172/1028931>).

/// Sums of powers of the distances from the mean.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moments {
    count: f64,
    mean: f64,
    second: f64,
    third: f64,
}

impl Moments {
    /// Take finite numbers.
    pub fn add(&mut self, values: &[f64]) {
        if values.is_empty() {
            return;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let (mut second, mut third) = (0.0, 0.0);
        for value in values {
            let distance = value - mean;
            let square = distance * distance;
            second += square;
            third += square * distance;
        }
        self.merge(&Moments { count, mean, second, third });
    }

    /// Take a finite number `rows` times.
    pub fn add_rows(&mut self, value: f64, rows: u64) {
        self.merge(&Moments { count: rows as f64, mean: value, second: 0.0, third: 0.0 });
    }

    fn merge(&mut self, other: &Moments) {
        let (a, b) = (self.count, other.count);
        let count = a + b;
        if count == 0.0 {
            return;
        }
        let distance = other.mean - self.mean;
        self.third += other.third
            + distance * distance * distance * a * b * (a - b) / (count * count)
            + 3.0 * distance * (a * other.second - b * self.second) / count;
        self.second += other.second + distance * distance * a * b / count;
        self.mean += distance * b / count;
        self.count = count;
    }

    /// The mean; `None` without a number, or where the sums overflow.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0 && self.mean.is_finite()).then_some(self.mean)
    }

    /// The standard deviation of a sample, as SQL's `stddev`; `None` below two numbers.
    pub fn stddev(&self) -> Option<f64> {
        let variance = self.second / (self.count - 1.0);
        (self.count > 1.0 && variance.is_finite()).then(|| variance.max(0.0).sqrt())
    }

    /// The skewness of the numbers themselves; `None` where they do not vary.
    pub fn skewness(&self) -> Option<f64> {
        let variance = self.second / self.count;
        let skewness = self.third / self.count / (variance * variance.sqrt());
        (self.count > 1.0 && skewness.is_finite()).then_some(skewness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_give_what_all_give(values in prop::collection::vec(-100.0..100.0f64, 2..200), cut in 0usize..200, far in prop_oneof![Just(0.0), Just(1e6)]) {
            let values: Vec<f64> = values.iter().map(|v| v + far).collect();
            let (first, rest) = values.split_at(cut.min(values.len()));
            let mut moments = Moments::default();
            moments.add(first);
            rest.iter().for_each(|v| moments.add_rows(*v, 1));
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let power = |p: i32| values.iter().map(|v| (v - mean).powi(p)).sum::<f64>();
            prop_assert!((moments.mean().unwrap() - mean).abs() < 1e-9 * (1.0 + far));
            let stddev = (power(2) / (n - 1.0)).sqrt();
            prop_assert!((moments.stddev().unwrap() - stddev).abs() < 1e-6);
            if stddev > 1.0 {
                let skewness = power(3) / n / (power(2) / n).powf(1.5);
                prop_assert!((moments.skewness().unwrap() - skewness).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn nothing_and_too_much_have_no_moments() {
        let mut moments = Moments::default();
        assert_eq!((moments.mean(), moments.stddev(), moments.skewness()), (None, None, None));
        moments.add(&[3.0]);
        assert_eq!((moments.mean(), moments.stddev(), moments.skewness()), (Some(3.0), None, None));
        moments.add(&[f64::MAX, f64::MAX]);
        assert_eq!((moments.mean(), moments.stddev()), (None, None));
    }
}

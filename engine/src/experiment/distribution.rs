//! Tails and quantiles of the normal, Student's, chi-square and beta distributions, to a relative error of about 1e-12.
//!
//! The tails of `statrs` lose digits where a parameter is large, as the difference of two log-gammas is then a small difference of large numbers. Here the
//! binomial term in front of the continued fraction is taken by Loader's saddle point ("Fast and accurate computation of binomial probabilities", 2000), and
//! the fractions are Lentz's, so that a test of a million rows is as exact as one of ten.

/// Terms of a continued fraction or a series, beyond which the last value is taken; the fractions need some multiple of the root of the largest parameter.
const MOST_TERMS: usize = 1_000_000;
/// Where a step changes nothing any more.
const SETTLED: f64 = 4e-16;
/// Stands for 0 in a denominator of Lentz's method.
const TINY: f64 = 1e-300;
/// Steps of a search for a quantile.
const STEPS: usize = 200;
/// Degrees of freedom from which on Student's distribution is the normal one to all digits.
const NORMAL_FROM: f64 = 1e15;

/// The probability that a standard normal number is above `z`.
pub fn normal_sf(z: f64) -> f64 {
    0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The probability that a standard normal number is at most `z`.
pub fn normal_cdf(z: f64) -> f64 {
    normal_sf(-z)
}

/// The density of a standard normal number.
pub fn normal_pdf(z: f64) -> f64 {
    const ROOT: f64 = 0.398_942_280_401_432_7;
    ROOT * libm::exp(-0.5 * z * z)
}

/// The number above which a standard normal one is with probability `p`; infinite for 0 and 1, NaN outside.
pub fn normal_isf(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.5 {
        return 0.0;
    }
    // The upper half by symmetry: 1 - p is exact for p from one half to one.
    if p > 0.5 {
        return -normal_isf(1.0 - p);
    }
    if p == 0.0 {
        return f64::INFINITY;
    }
    // Hastings' start (Abramowitz and Stegun 26.2.23, error below 4.5e-4), made exact by Halley's steps.
    let t = libm::sqrt(-2.0 * libm::log(p));
    let mut z =
        t - (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    for _ in 0..4 {
        let density = normal_pdf(z);
        if density == 0.0 {
            break;
        }
        let step = (normal_sf(z) - p) / density;
        z += step / (1.0 - 0.5 * z * step);
    }
    z
}

/// The error of Stirling's formula for `ln Γ(n + 1)`.
fn stirling_error(n: f64) -> f64 {
    // Half of ln(2 π).
    const HALF: f64 = 0.918_938_533_204_672_8;
    if n < 16.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - HALF;
    }
    let nn = n * n;
    (1.0 / 12.0
        - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - (1.0 / 1188.0 - 691.0 / 360_360.0 / nn) / nn) / nn) / nn) / nn)
        / n
}

/// `x ln(x / np) + np - x`, without the loss of digits where the two are close.
fn deviance(x: f64, np: f64) -> f64 {
    let difference = x - np;
    if difference.abs() >= 0.1 * (x + np) {
        return x * libm::log(x / np) + np - x;
    }
    let v = difference / (x + np);
    let mut sum = difference * v;
    let mut term = 2.0 * x * v;
    for j in 1..1000 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// `x^a (1 - x)^b / B(a, b)`, with `y` for `1 - x`.
fn beta_term(x: f64, y: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 || y <= 0.0 {
        return 0.0;
    }
    let n = a + b;
    // The binomial probability of a of n; digits of x and y are kept where either is near 0.
    let exponent = stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x) - deviance(b, n * y);
    let root = libm::sqrt(n / (2.0 * std::f64::consts::PI) / a / b);
    libm::exp(exponent) * root * (a / n * b)
}

/// The regularised incomplete beta function of `x`, with `y` for `1 - x`: the probability that a beta number is at most `x`.
pub fn beta_cdf(x: f64, y: f64, a: f64, b: f64) -> f64 {
    beta_tails(x, y, a, b).0
}

/// The probabilities that a beta number is at most `x`, and above it; each with all its digits.
pub fn beta_tails(x: f64, y: f64, a: f64, b: f64) -> (f64, f64) {
    if x.is_nan() || y.is_nan() {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    let term = beta_term(x, y, a, b);
    if x * (a + b + 2.0) < a + 1.0 {
        let low = (term * beta_fraction(x, y, a, b)).clamp(0.0, 1.0);
        (low, 1.0 - low)
    } else {
        let high = (term * beta_fraction(y, x, b, a)).clamp(0.0, 1.0);
        (1.0 - high, high)
    }
}

/// The continued fraction of the incomplete beta function, contracted (Didonato and Morris 1992, algorithm 708), with `y` for `1 - x`: what the lower tail is
/// times the term in front. The common form (DLMF 8.17.22) loses its digits where x is near 1 and a is large.
fn beta_fraction(x: f64, y: f64, a: f64, b: f64) -> f64 {
    // a - (a + b) x, from the smaller of x and y.
    let lambda = if y < x { (a + b) * y - b } else { a - (a + b) * x };
    let (first, ratio, one) = (1.0 + lambda, b / a, 1.0 + 1.0 / a);
    let (mut p, mut s) = (1.0, a + 1.0);
    let (mut over, mut under, mut next_over, mut next_under) = (0.0, 1.0, 1.0, first / one);
    let mut fraction = one / first;
    for i in 1..MOST_TERMS {
        let n = i as f64;
        let t = n / a;
        let w = n * (b - n) * x;
        let e = a / s;
        let alpha = p * (p + ratio) * e * e * (w * x);
        let beta = n + w / s + (1.0 + t) / (one + t + t) * (first + n * (1.0 + y));
        p = 1.0 + t;
        s += 2.0;
        (over, next_over) = (next_over, alpha * over + beta * next_over);
        (under, next_under) = (next_under, alpha * under + beta * next_under);
        let before = fraction;
        fraction = next_over / next_under;
        if (fraction - before).abs() <= SETTLED * fraction.abs() || fraction.is_nan() {
            break;
        }
        // Kept from growing without bound.
        over /= next_under;
        under /= next_under;
        next_over = fraction;
        next_under = 1.0;
    }
    fraction
}

/// The probability that a number of Student's distribution is above `t`.
pub fn t_sf(t: f64, df: f64) -> f64 {
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df >= NORMAL_FROM {
        return normal_sf(t);
    }
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    let tt = t * t;
    let (x, y) = if tt.is_finite() { (df / (df + tt), tt / (df + tt)) } else { (df / t / t, 1.0) };
    // Both tails at once; below one half they are those beyond |t|.
    let half = 0.5 * beta_cdf(x, y, 0.5 * df, 0.5);
    if t >= 0.0 {
        half
    } else {
        1.0 - half
    }
}

/// The density of Student's distribution.
fn t_pdf(t: f64, df: f64) -> f64 {
    let x = df / (df + t * t);
    // Γ((df+1)/2) / (√(df π) Γ(df/2)) by the beta term, which keeps its digits for many degrees of freedom.
    let y = t * t / (df + t * t);
    if y > 0.0 {
        beta_term(x, y, 0.5 * df, 0.5) / t.abs()
    } else {
        normal_pdf(0.0)
    }
}

/// The number above which one of Student's distribution is with probability `p`.
pub fn t_isf(p: f64, df: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if df >= NORMAL_FROM {
        return normal_isf(p);
    }
    if p == 0.5 {
        return 0.0;
    }
    if p > 0.5 {
        return -t_isf(1.0 - p, df);
    }
    if p == 0.0 {
        return f64::INFINITY;
    }
    // A bracket, Newton within it, and halving where that leaves it.
    let mut high = normal_isf(p).max(1.0);
    while t_sf(high, df) > p && high < 1e300 {
        high *= 2.0;
    }
    let mut low = 0.0;
    let mut t = normal_isf(p).clamp(low, high);
    for _ in 0..STEPS {
        let tail = t_sf(t, df);
        if tail > p {
            low = t;
        } else {
            high = t;
        }
        // In the logarithm of the tail, which is nearly a line where the tail itself is not.
        let slope = t_pdf(t, df) / tail;
        let next = t + libm::log(tail / p) / slope;
        let next = if next > low && next < high { next } else { low + 0.5 * (high - low) };
        if (next - t).abs() <= 4.0 * f64::EPSILON * t.abs() || high - low <= f64::EPSILON * high {
            return next;
        }
        t = next;
    }
    t
}

/// The probability that a chi-square number is above `x`.
pub fn chi2_sf(x: f64, df: f64) -> f64 {
    if x.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    let (a, x) = (0.5 * df, 0.5 * x);
    // x^a e^-x / Γ(a): a Poisson probability times a.
    let term = libm::exp(-stirling_error(a) - deviance(a, x)) * libm::sqrt(a / (2.0 * std::f64::consts::PI));
    if x < a + 1.0 {
        // The series of the lower tail.
        let (mut sum, mut step) = (1.0 / a, 1.0 / a);
        for n in 1..MOST_TERMS {
            step *= x / (a + n as f64);
            sum += step;
            if step <= sum * SETTLED {
                break;
            }
        }
        return (1.0 - term * sum).clamp(0.0, 1.0);
    }
    // The continued fraction of the upper one (DLMF 8.9.2).
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / TINY;
    let mut d = 1.0 / guard(b);
    let mut fraction = d;
    for i in 1..MOST_TERMS {
        let n = i as f64;
        let numerator = -n * (n - a);
        b += 2.0;
        d = 1.0 / guard(numerator * d + b);
        c = guard(b + numerator / c);
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() <= SETTLED {
            break;
        }
    }
    (term * fraction).clamp(0.0, 1.0)
}

/// The density of a beta number times its differential: for quadrature over `x`.
pub fn beta_pdf(x: f64, a: f64, b: f64) -> f64 {
    let y = 1.0 - x;
    if x <= 0.0 || y <= 0.0 {
        return 0.0;
    }
    beta_term(x, y, a, b) / (x * y)
}

/// The number below which a beta number is with probability `p`.
pub fn beta_ppf(p: f64, a: f64, b: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..STEPS {
        let middle = 0.5 * (low + high);
        if beta_cdf(middle, 1.0 - middle, a, b) < p {
            low = middle;
        } else {
            high = middle;
        }
        if high - low <= f64::EPSILON * high {
            break;
        }
    }
    0.5 * (low + high)
}

/// The power of a t-test: the probability that a number of the noncentral t distribution is above `t`, and that it is at most `t`.
///
/// Given the standard deviation that is found, s times the true one, the statistic is above t where a normal number is above t s - shift; what is found has
/// the density of the root of a chi-square number over its degrees of freedom, over which is integrated.
pub fn noncentral_t_tails(t: f64, df: f64, shift: f64) -> (f64, f64) {
    if df >= 1e8 {
        return (normal_sf(t - shift), normal_cdf(t - shift));
    }
    let half = 0.5 * df;
    // ln of the density at s without its constant: (df - 1) ln s - df (s² - 1) / 2, which is 0 at 1.
    let density = |s: f64| if s > 0.0 { libm::exp((df - 1.0) * libm::log(s) - half * (s * s - 1.0)) } else { 0.0 };
    let spread = libm::sqrt(0.5 / df);
    let (low, high) = ((1.0 - 14.0 * spread).max(0.0), 1.0 + 14.0 * spread);
    let (mut above, mut below, mut all) = (0.0, 0.0, 0.0);
    // The normal tail is a step of width 1 / t, so panels are no wider than that.
    let panels = 48 + (t.abs() * (high - low)).min(10_000.0) as usize;
    integrate(low, high, panels, |s, w| {
        let f = w * density(s);
        above += f * normal_sf(t * s - shift);
        below += f * normal_cdf(t * s - shift);
        all += f;
    });
    (above / all, below / all)
}

/// Nodes and weights of Gauss and Legendre of order 16, the upper half.
const GAUSS: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_59),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_7, 0.149_595_988_816_576_73),
    (0.755_404_408_355_003, 0.124_628_971_255_533_87),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_78),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_89),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_095),
];

/// Call `at` with the nodes and weights of an integral from `low` to `high`, in so many equal panels.
pub fn integrate(low: f64, high: f64, panels: usize, mut at: impl FnMut(f64, f64)) {
    let half = 0.5 * (high - low) / panels as f64;
    for panel in 0..panels {
        let middle = low + half * (2 * panel + 1) as f64;
        for (node, weight) in GAUSS {
            at(middle - half * node, half * weight);
            at(middle + half * node, half * weight);
        }
    }
}

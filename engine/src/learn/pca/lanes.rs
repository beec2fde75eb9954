//! Sums over eight lanes, which have the same order in registers of any width.

/// Numbers that are added side by side.
pub(crate) const LANES: usize = 8;

/// The sum of all lanes.
#[inline(always)]
fn join(s: &[f64; LANES]) -> f64 {
    ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

/// The sum of the products of numbers of the same place, of as many as the shorter has.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let len = a.len().min(b.len());
    let (a, a_left) = a[..len].as_chunks::<LANES>();
    let (b, b_left) = b[..len].as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for i in 0..LANES {
            lanes[i] += a[i] * b[i];
        }
    }
    for (lane, (a, b)) in lanes.iter_mut().zip(a_left.iter().zip(b_left)) {
        *lane += a * b;
    }
    join(&lanes)
}

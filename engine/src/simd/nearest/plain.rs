//! Four numbers of 32 bits in plain words, for processors without known vectors.

pub(super) const WIDTH: usize = 4;
type Vector = [f32; WIDTH];

#[inline(always)]
pub(super) fn splat(x: f32) -> Vector {
    [x; WIDTH]
}

#[inline(always)]
pub(super) fn load(numbers: &[f32; WIDTH]) -> Vector {
    *numbers
}

#[inline(always)]
pub(super) fn store(vector: Vector, numbers: &mut [f32; WIDTH]) {
    *numbers = vector;
}

/// The numbers of the nearest centres, which [`rank`] keeps as bits.
#[inline(always)]
pub(super) fn store_number(_best: Vector, number: Vector, _low: i32, numbers: &mut [i32; WIDTH]) {
    *numbers = number.map(|n| n.to_bits().cast_signed());
}

#[inline(always)]
pub(super) fn sum(sum: Vector, a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|i| a[i] * b[i] + sum[i])
}

/// The best score, the second best, and the best one's centre, with those of one more centre.
#[inline(always)]
pub(super) fn rank(
    (mut best, mut second, mut number): (Vector, Vector, Vector),
    score: Vector,
    own: i32,
    _low: i32,
) -> (Vector, Vector, Vector) {
    let own = f32::from_bits(own.cast_unsigned());
    for i in 0..WIDTH {
        let is_nearer = score[i] < best[i];
        let other = if is_nearer { best[i] } else { score[i] };
        second[i] = if other < second[i] { other } else { second[i] };
        best[i] = if is_nearer { score[i] } else { best[i] };
        number[i] = if is_nearer { own } else { number[i] };
    }
    (best, second, number)
}

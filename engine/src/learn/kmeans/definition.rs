//! What the nearest centre of a row is, to the last bit.

/// Centres that the definition looks at side by side.
pub(super) const SIDE: usize = 8;

/// Centres laid out for the definition: the distance of a row to several of them is worked out side by side, each in the order of its
/// dimensions.
pub(super) struct Definition {
    k: usize,
    d: usize,
    /// [`SIDE`] by [`SIDE`] centres, dimension by dimension.
    centres: Vec<[f64; SIDE]>,
}

impl Definition {
    /// Of centres of `d` numbers each.
    pub fn new(centres: &[f64], d: usize) -> Definition {
        let k = centres.len() / d;
        let mut sides = vec![[f64::NAN; SIDE]; k.div_ceil(SIDE) * d];
        for (c, centre) in centres.chunks_exact(d).enumerate() {
            sides[c / SIDE * d..].iter_mut().zip(centre).for_each(|(to, x)| to[c % SIDE] = *x);
        }
        Definition { k, d, centres: sides }
    }

    /// The number of centres.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Room for the squared distances of a row to all centres.
    pub fn room(&self) -> Vec<[f64; SIDE]> {
        vec![[0.0; SIDE]; self.k.div_ceil(SIDE)]
    }

    /// The squared distances of a row to all centres.
    #[inline(always)]
    pub fn distances(&self, row: &[f64], to: &mut [[f64; SIDE]]) {
        for (centres, to) in self.centres.chunks_exact(self.d).zip(to) {
            let mut far = [0.0; SIDE];
            for (x, centres) in row.iter().zip(centres) {
                for side in 0..SIDE {
                    far[side] += (x - centres[side]) * (x - centres[side]);
                }
            }
            *to = far;
        }
    }
}

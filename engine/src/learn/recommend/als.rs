//! Alternating least squares: users and items have factors, whose product is how much a user likes an item.
//!
//! Without ratings (Hu, Koren, Volinsky 2008: "Collaborative filtering for implicit feedback datasets") every pair counts: 1 is expected where a user has
//! an item, with a confidence of `1 + alpha * strength`, else 0 with a confidence of 1. With ratings (Zhou, Wilkinson, Schreiber, Pan 2008: "Large-scale
//! parallel collaborative filtering for the Netflix prize") only the ratings count, beside their mean and how much users and items differ from it. Either
//! way factors are held to 0 the more, the more is known: by the regularization times all confidences of a user or an item (Rendle, Krichene, Zhang, Koren
//! 2022: "Revisiting the performance of iALS on item recommendation benchmarks"), or times its ratings. Each set of factors is improved by a few steps of conjugate gradients from where it stood (Takács,
//! Pilászy, Tikk 2011: "Applications of the conjugate gradient method for implicit feedback collaborative filtering").
//!
//! All sums are of f32 over sixteen lanes, in an order that depends on neither threads nor instructions.

use rayon::prelude::*;

use super::{transpose, Interactions};
use crate::control::Control;
use crate::error::Result;
use crate::learn::random::Random;
use crate::model::recommender::Sparse;
use crate::simd::lanes::{run_lanes, Lanes, Work};
use crate::simd::product::{Product, Start, LANES};

/// Rows that a thread solves between two looks for a cancel.
const BLOCK: usize = 32;
/// Rows of factors whose products are summed in f32 before they are summed in f64.
const GRAM_BLOCK: usize = 1024;

/// What alternating least squares is told.
#[derive(Debug, Clone, PartialEq)]
pub struct AlsParams {
    /// The number of factors.
    pub factors: usize,
    /// How much factors are held to 0, for each confidence of 1 or rating; by [`USUAL`] or [`USUAL_RATINGS`] where it is not given.
    pub regularization: Option<f64>,
    /// How much the strength of an interaction adds to its confidence.
    pub alpha: f64,
    /// How many times users and items are solved; [`TURNS`] or [`TURNS_RATINGS`] times where it is not given.
    pub iterations: Option<u32>,
    /// The seed of the first factors.
    pub seed: u64,
}

impl Default for AlsParams {
    fn default() -> Self {
        AlsParams { factors: 64, regularization: None, alpha: 1.0, iterations: None, seed: 42 }
    }
}

impl AlsParams {
    /// The regularization that is given, or the usual one.
    pub fn regularization(&self, explicit: bool) -> f64 {
        self.regularization.unwrap_or(if explicit { USUAL_RATINGS } else { USUAL })
    }
}

/// The usual regularization without ratings.
pub const USUAL: f64 = 0.01;
/// The usual regularization with ratings.
pub const USUAL_RATINGS: f64 = 0.1;
/// The usual turns without ratings.
const TURNS: u32 = 15;
/// The usual turns with ratings, which settle sooner.
const TURNS_RATINGS: u32 = 8;

/// Factors of users and items.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Factors {
    /// User by user.
    pub users: Vec<f32>,
    /// Item by item.
    pub items: Vec<f32>,
    /// By how much users rate above the mean; none without ratings.
    pub user_bias: Vec<f32>,
    /// By how much items are rated above the mean.
    pub item_bias: Vec<f32>,
    /// The products of all pairs of columns of the factors of items; none with ratings.
    pub gram: Vec<f32>,
}

/// Learn factors. `mean` is the mean rating, or 0.
pub fn fit(data: &Interactions, mean: f64, params: &AlsParams, control: &Control) -> Result<Factors> {
    let explicit = data.explicit;
    let k = params.factors;
    let stride = (k + if explicit { 2 } else { 0 }).next_multiple_of(LANES);
    let lambda = params.regularization(explicit) as f32;
    let (items_of, from) = transpose(&data.by_user, data.items, control)?;
    let confidence = |sparse: &Sparse, at: &dyn Fn(usize) -> usize| -> Result<Vec<f32>> {
        let mut all = control.vec(sparse.values.len())?;
        all.extend(sparse.values.iter().enumerate().map(|(i, v)| match explicit {
            true => data.weights.get(at(i)).copied().unwrap_or(1.0),
            false => (params.alpha * f64::from(*v)) as f32,
        }));
        Ok(all)
    };
    let weights_by_user = confidence(&data.by_user, &|i| i)?;
    let weights_by_item = confidence(&items_of, &|i| from[i] as usize)?;
    control.release_vec(from);
    let mut users: Vec<f32> = control.filled(data.users() * stride, 0.0)?;
    let mut items: Vec<f32> = control.filled(data.items * stride, 0.0)?;
    let scale = if explicit { 0.1 } else { 0.1 / (k.max(1) as f64).sqrt() };
    for (item, row) in items.chunks_exact_mut(stride).enumerate() {
        let mut random = Random::new(params.seed, item as u64);
        row[..k].iter_mut().for_each(|x| *x = (scale * (random.unit() + random.unit() - 1.0) * 2.0) as f32);
        if explicit {
            row[k] = 1.0;
        }
    }
    if explicit {
        users.chunks_exact_mut(stride).for_each(|row| row[k + 1] = 1.0);
    }
    let mean = mean as f32;
    let side = |sparse, weights, solved, others: usize| -> Result<Side<'_>> {
        let unknown = if explicit { 0.0 } else { others as f32 };
        let held = held(sparse, weights, lambda, unknown, control)?;
        Ok(Side { sparse, weights, held, stride, k, explicit, solved, mean })
    };
    let by_user = side(&data.by_user, &weights_by_user, k, data.items)?;
    let by_item = side(&items_of, &weights_by_item, k + 1, data.users())?;
    let turns = params.iterations.unwrap_or(if explicit { TURNS_RATINGS } else { TURNS });
    control.start(u64::from(turns) * 2);
    for _ in 0..turns {
        by_user.solve(&mut users, &items, control)?;
        control.advance(1);
        by_item.solve(&mut items, &users, control)?;
        control.advance(1);
    }
    let taken = |rows: &[f32], first: usize, count: usize| -> Result<Vec<f32>> {
        let mut out = control.vec(rows.len() / stride * count)?;
        rows.chunks_exact(stride).for_each(|row| out.extend(&row[first..first + count]));
        Ok(out)
    };
    let biases = usize::from(explicit);
    let last = if explicit { Vec::new() } else { gram(&items, stride, control)? };
    let found = Factors {
        users: taken(&users, 0, k)?,
        items: taken(&items, 0, k)?,
        user_bias: taken(&users, if explicit { k } else { 0 }, biases)?,
        item_bias: taken(&items, if explicit { k + 1 } else { 0 }, biases)?,
        gram: last.chunks(stride).take(k).flat_map(|row| row.iter().take(k).copied()).collect(),
    };
    let held = [by_user.held, by_item.held];
    [users, items, weights_by_user, weights_by_item].into_iter().chain(held).for_each(|v| control.release_vec(v));
    release(items_of, control);
    Ok(found)
}

/// Give the memory of lists back.
pub fn release(lists: Sparse, control: &Control) {
    control.release_vec(lists.starts);
    control.release_vec(lists.places);
    control.release_vec(lists.values);
}

/// The products of all pairs of columns of rows.
fn gram(rows: &[f32], stride: usize, control: &Control) -> Result<Vec<f32>> {
    let part = |rows: &[f32]| -> Result<Vec<f32>> {
        control.check()?;
        let mut c = vec![0.0f32; stride * stride];
        let k = rows.len() / stride;
        let (a_row, a_step) = (1, stride);
        let start = Start::Zero;
        Product {
            a: rows,
            a_row,
            a_step,
            b: rows,
            b_row: stride,
            c: &mut c,
            c_row: stride,
            m: stride,
            n: stride,
            k,
            start,
        }
        .run();
        Ok(c)
    };
    // So many parts at a time, that their squares take little room.
    let mut sums = vec![0.0f64; stride * stride];
    for some in rows.chunks(GRAM_BLOCK * stride * 16) {
        let parts: Vec<Vec<f32>> = some.par_chunks(GRAM_BLOCK * stride).map(part).collect::<Result<_>>()?;
        for part in &parts {
            sums.iter_mut().zip(part).for_each(|(sum, x)| *sum += f64::from(*x));
        }
    }
    Ok(sums.into_iter().map(|x| x as f32).collect())
}

/// One half of a turn: users by items, or items by users.
struct Side<'a> {
    sparse: &'a Sparse,
    weights: &'a [f32],
    /// By row what holds its factors to 0.
    held: Vec<f32>,
    stride: usize,
    k: usize,
    explicit: bool,
    /// Where the bias stands that is solved.
    solved: usize,
    mean: f32,
}

/// What holds the factors of each row to 0: the more, the more is known of it. All that a row has not counts `unknown` together.
fn held(sparse: &Sparse, weights: &[f32], lambda: f32, unknown: f32, control: &Control) -> Result<Vec<f32>> {
    let mut held: Vec<f32> = control.vec(sparse.lists())?;
    let own = sparse.starts.windows(2).map(|ends| &weights[ends[0] as usize..ends[1] as usize]);
    held.extend(own.map(|weights| lambda * (weights.iter().sum::<f32>() + unknown)));
    Ok(held)
}

impl Side<'_> {
    fn solve(&self, own: &mut [f32], other: &[f32], control: &Control) -> Result<()> {
        let gram = if self.explicit { Vec::new() } else { gram(other, self.stride, control)? };
        own.par_chunks_mut(self.stride * BLOCK).enumerate().try_for_each(|(block, rows)| {
            control.check()?;
            run_lanes(Rows { side: self, first: block * BLOCK, rows, other, gram: &gram });
            Ok(())
        })
    }
}

/// Steps of conjugate gradients.
const STEPS: usize = 3;

/// Rows that are solved side by side.
struct Rows<'a> {
    side: &'a Side<'a>,
    first: usize,
    rows: &'a mut [f32],
    other: &'a [f32],
    gram: &'a [f32],
}

impl Work for Rows<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self, zero: L) {
        let Side { stride, k, explicit, solved, mean, .. } = *self.side;
        let mut ap = vec![0.0f32; self.rows.len()];
        let mut r = vec![0.0f32; self.rows.len()];
        let mut left = [0.0f32; BLOCK];
        times(self.gram, self.rows, stride, &mut ap);
        let rows = self.rows.chunks_exact_mut(stride).zip(r.chunks_exact_mut(stride)).zip(ap.chunks_exact(stride));
        for ((at, ((x, r), ap)), left) in rows.enumerate().zip(&mut left) {
            let (places, values, weights) = self.side.list(self.first + at);
            if places.is_empty() {
                // Nothing is known, so nothing is said.
                clear(x, k, explicit, solved);
                continue;
            }
            r.iter_mut().zip(ap).for_each(|(r, ap)| *r = -ap);
            hold(-self.side.held[self.first + at], x, r, k, explicit.then_some(solved));
            let factor = |said: f32, at: usize| match explicit {
                true => weights[at] * ((values[at] - mean) - said),
                false => 1.0 + weights[at] * (1.0 - said),
            };
            through(zero, (places, self.other), x, r, factor);
            keep(r, k, explicit, solved);
            *left = dot(zero, r, r);
        }
        let mut p = r.clone();
        for step in 1..=STEPS {
            times(self.gram, &p, stride, &mut ap);
            let rows = self.rows.chunks_exact_mut(stride).zip(r.chunks_exact_mut(stride));
            let rows = rows.zip(ap.chunks_exact_mut(stride).zip(p.chunks_exact_mut(stride)));
            for ((at, ((x, r), (ap, p))), left) in rows.enumerate().zip(&mut left) {
                if *left <= 1e-20 {
                    continue;
                }
                let (places, _, weights) = self.side.list(self.first + at);
                if explicit {
                    ap.fill(0.0);
                }
                hold(self.side.held[self.first + at], p, ap, k, explicit.then_some(solved));
                through(zero, (places, self.other), p, ap, |said, at| weights[at] * said);
                keep(ap, k, explicit, solved);
                let curve = dot(zero, p, ap);
                let length = *left / curve;
                if curve <= 0.0 || !length.is_finite() {
                    *left = 0.0;
                    continue;
                }
                add(zero, length, p, x);
                if step == STEPS {
                    continue;
                }
                add(zero, -length, ap, r);
                let now = dot(zero, r, r);
                let turn = now / *left;
                *left = now;
                p.iter_mut().zip(r).for_each(|(p, r)| *p = *r + turn * *p);
            }
        }
        for x in self.rows.chunks_exact_mut(stride) {
            // Numbers at the ends of their range may overflow on the way.
            if x.iter().any(|v| v.is_nan() || v.abs() > MOST) {
                clear(x, k, explicit, solved);
            }
        }
    }
}

/// What a factor is at most.
const MOST: f32 = 1e12;

impl Side<'_> {
    /// The places of a row, their values and their weights.
    #[inline(always)]
    fn list(&self, list: usize) -> (&[u32], &[f32], &[f32]) {
        let places = self.sparse.places_of(list);
        let from = self.sparse.starts[list] as usize;
        (places, self.sparse.values_of(list), &self.weights[from..from + places.len()])
    }
}

/// Say nothing of a row.
#[inline(always)]
fn clear(x: &mut [f32], k: usize, explicit: bool, solved: usize) {
    x[..k].fill(0.0);
    if explicit {
        x[solved] = 0.0;
    }
}

/// Add what holds numbers to 0.
#[inline(always)]
fn hold(by: f32, x: &[f32], to: &mut [f32], k: usize, solved: Option<usize>) {
    to.iter_mut().zip(x).take(k).for_each(|(to, x)| *to += by * x);
    if let Some(solved) = solved {
        to[solved] += by * x[solved];
    }
}

/// Forget what is not solved: the number that stands still, and those that fill the lanes.
#[inline(always)]
fn keep(r: &mut [f32], k: usize, explicit: bool, solved: usize) {
    let bias = if explicit { r[solved] } else { 0.0 };
    r[k..].fill(0.0);
    if explicit {
        r[solved] = bias;
    }
}

/// Rows that are multiplied side by side.
const SIDE: usize = 4;

/// Whole lanes of numbers.
#[inline(always)]
fn lanes(numbers: &[f32]) -> &[[f32; LANES]] {
    numbers.as_chunks().0
}

/// Add to `to` each of some rows times a factor, which is made of the product of the row and `x`.
#[inline(always)]
fn through<L: Lanes>(
    zero: L,
    (places, other): (&[u32], &[f32]),
    x: &[f32],
    to: &mut [f32],
    factor: impl Fn(f32, usize) -> f32,
) {
    let stride = x.len();
    let row = |place: u32| &other[place as usize * stride..][..stride];
    let (fours, rest) = places.as_chunks::<SIDE>();
    for (four, &[a, b, c, d]) in fours.iter().enumerate() {
        let [a, b, c, d] = [lanes(row(a)), lanes(row(b)), lanes(row(c)), lanes(row(d))];
        let [mut e, mut f, mut g, mut h] = [zero; SIDE];
        for ((((x, a), b), c), d) in lanes(x).iter().zip(a).zip(b).zip(c).zip(d) {
            let x = zero.load(x);
            e = e.plus(x.times(zero.load(a)));
            f = f.plus(x.times(zero.load(b)));
            g = g.plus(x.times(zero.load(c)));
            h = h.plus(x.times(zero.load(d)));
        }
        let at = four * SIDE;
        let (e, f) = (zero.splat(factor(e.sum(), at)), zero.splat(factor(f.sum(), at + 1)));
        let (g, h) = (zero.splat(factor(g.sum(), at + 2)), zero.splat(factor(h.sum(), at + 3)));
        for ((((to, a), b), c), d) in to.as_chunks_mut::<LANES>().0.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            let first = zero.load(to).plus(e.times(zero.load(a))).plus(f.times(zero.load(b)));
            first.plus(g.times(zero.load(c))).plus(h.times(zero.load(d))).store(to);
        }
    }
    for (i, place) in rest.iter().enumerate() {
        let row = row(*place);
        add(zero, factor(dot(zero, row, x), fours.len() * SIDE + i), row, to);
    }
}

/// The sum of the products of numbers of the same place.
#[inline(always)]
fn dot<L: Lanes>(zero: L, a: &[f32], b: &[f32]) -> f32 {
    let mut sums = zero;
    for (a, b) in lanes(a).iter().zip(lanes(b)) {
        sums = sums.plus(zero.load(a).times(zero.load(b)));
    }
    sums.sum()
}

/// Add a multiple.
#[inline(always)]
fn add<L: Lanes>(zero: L, factor: f32, from: &[f32], to: &mut [f32]) {
    let factor = zero.splat(factor);
    for (to, from) in to.as_chunks_mut::<LANES>().0.iter_mut().zip(lanes(from)) {
        zero.load(to).plus(factor.times(zero.load(from))).store(to);
    }
}

/// Rows times a symmetric matrix; nothing without a matrix.
#[inline(always)]
fn times(matrix: &[f32], rows: &[f32], stride: usize, out: &mut [f32]) {
    if matrix.is_empty() {
        return;
    }
    let m = rows.len() / stride;
    let (a, a_row, a_step, start) = (rows, stride, 1, Start::Zero);
    Product { a, a_row, a_step, b: matrix, b_row: stride, c: out, c_row: stride, m, n: stride, k: stride, start }.run();
}

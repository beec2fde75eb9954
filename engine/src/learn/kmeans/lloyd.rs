//! Lloyd's iterations.
//!
//! A row's centre is by definition the first of those at the smallest distance, as scoring finds it. Most rows are settled with less: by a
//! bound that says that no other centre can have come nearer (after Hamerly 2010: the gap between the distances to the nearest and to the
//! second nearest centre, less what centres moved), and then by the [`Screen`].

use rayon::prelude::*;

use super::assign::Assignment;
use super::screen::Screen;
use super::sums::Sums;
use super::Points;
use crate::control::Control;
use crate::error::Result;
use crate::simd::{run_wide, Kernel};

/// Rows whose sums are taken together.
pub(super) const BLOCK: usize = 4096;

/// The squared distance of two points.
#[inline]
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Where a start ended.
#[derive(Debug, PartialEq)]
pub(super) struct Fit {
    pub centres: Vec<f64>,
    pub labels: Vec<u32>,
    pub sizes: Vec<u64>,
    /// The rows that each centre is the mean of; those of its segment may be others where the iterations end early.
    pub made_of: Vec<u64>,
    pub inertia: f64,
    pub iterations: u32,
}

/// Iterate from `centres` until no row changes its centre, the centres move by no more than `tol` (squared), or `max_iter` times. The
/// screen may be exchanged for a finer one.
pub(super) fn run(
    points: &Points<'_>,
    screen: &mut Option<Screen>,
    mut centres: Vec<f64>,
    max_iter: u32,
    tol: f64,
    control: &Control,
) -> Result<Fit> {
    let d = points.dimensions;
    let k = centres.len() / d;
    let mut state = Assignment::new(points, k, control)?;
    let mut iterations = 0;
    let mut made_of = vec![0; k];
    loop {
        control.check()?;
        let changed = state.step(points, screen, &centres, control)?;
        if changed == 0 || iterations >= max_iter {
            break;
        }
        iterations += 1;
        let next = means(points, &mut state, &centres, &mut made_of, control)?;
        let moved = distance(&next, &centres);
        state.moved(screen.as_ref(), &centres, &next, d);
        centres = next;
        if moved <= tol {
            state.step(points, screen, &centres, control)?;
            break;
        }
    }
    let sizes = state.sums.sizes.iter().map(|size| size.unsigned_abs()).collect();
    let inertia = inertia(points, &state.labels, &centres, control)?;
    let labels = state.finish(control);
    Ok(Fit { centres, labels, sizes, made_of, inertia, iterations })
}

/// The means of the centres' rows. A centre without a row starts again at the row that is farthest from its own centre, as in
/// scikit-learn, which that centre loses; there are as many of these rows as there are centres without one.
fn means(
    points: &Points<'_>,
    state: &mut Assignment,
    centres: &[f64],
    made_of: &mut [u64],
    control: &Control,
) -> Result<Vec<f64>> {
    let d = points.dimensions;
    let mut next = centres.to_vec();
    let empty: Vec<usize> = (0..made_of.len()).filter(|&c| state.sums.sizes[c] == 0).collect();
    let mut sums = None;
    if !empty.is_empty() {
        let far = farthest(points, &state.labels, centres, empty.len(), control)?;
        let moved: &mut Sums = sums.insert(state.sums.clone());
        for (&to, (_, row)) in empty.iter().zip(far) {
            let from = state.labels[row] as usize;
            if moved.sizes[from] > 1 {
                moved.add(from, points, row, -1);
                moved.add(to, points, row, 1);
            }
        }
    }
    let sums = sums.as_ref().unwrap_or(&state.sums);
    for (c, (centre, made_of)) in next.chunks_exact_mut(d).zip(made_of).enumerate() {
        if sums.mean(c, centre) {
            points.restraints.iter().for_each(|restraint| restraint.hold(centre));
            *made_of = sums.sizes[c].unsigned_abs();
        }
    }
    Ok(next)
}

/// The `most` rows that are farthest from their centres, by weight times squared distance, the first of equals; none at distance 0.
fn farthest(
    points: &Points<'_>,
    labels: &[u32],
    centres: &[f64],
    most: usize,
    control: &Control,
) -> Result<Vec<(f64, usize)>> {
    let order = |a: &(f64, usize), b: &(f64, usize)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    let keep = |mut rows: Vec<(f64, usize)>| {
        if rows.len() > most {
            rows.select_nth_unstable_by(most, order);
            rows.truncate(most);
        }
        rows
    };
    let of_block = |(b, block): (usize, &[u32])| {
        control.check()?;
        let rows = block.iter().enumerate().map(|(j, &label)| {
            let i = b * BLOCK + j;
            (points.weight(i) * own_distance(points, i, label, centres), i)
        });
        Ok(keep(rows.filter(|row| row.0 > 0.0).collect()))
    };
    let blocks: Result<Vec<Vec<(f64, usize)>>> = labels.par_chunks(BLOCK).enumerate().map(of_block).collect();
    let mut all = blocks?.into_iter().fold(Vec::new(), |mut all, block| {
        all.extend(block);
        keep(all)
    });
    all.sort_by(order);
    Ok(all)
}

/// The squared distance of a row to its centre.
pub(super) fn own_distance(points: &Points<'_>, row: usize, label: u32, centres: &[f64]) -> f64 {
    let own = label as usize * points.dimensions;
    distance(points.row(row), &centres[own..own + points.dimensions])
}

/// The sum of weighted squared distances of rows to their centres, block by block.
pub(super) fn inertia(points: &Points<'_>, labels: &[u32], centres: &[f64], control: &Control) -> Result<f64> {
    let of_block = |(b, labels): (usize, &[u32])| {
        control.check()?;
        let mut total = 0.0;
        run_wide(Inertia { points, first: b * BLOCK, labels, centres, total: &mut total });
        Ok(total)
    };
    let parts: Result<Vec<f64>> = labels.par_chunks(BLOCK).enumerate().map(of_block).collect();
    Ok(parts?.into_iter().sum())
}

/// The sum over a block.
struct Inertia<'a> {
    points: &'a Points<'a>,
    first: usize,
    labels: &'a [u32],
    centres: &'a [f64],
    total: &'a mut f64,
}

impl Kernel for Inertia<'_> {
    #[inline(always)]
    fn run(self) {
        let d = self.points.dimensions;
        for (&label, row) in self.labels.iter().zip(self.first..) {
            let centre = &self.centres[label as usize * d..(label as usize + 1) * d];
            *self.total += self.points.weight(row) * apart(self.points.row(row), centre);
        }
    }
}

/// Numbers that are added side by side, whatever the instructions.
const LANES: usize = 8;

/// The squared distance of two points with sums in [`LANES`] lanes: quicker than [`distance`], and not the same to the last bit.
#[inline(always)]
pub(super) fn apart(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_left), (b, b_left)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += (a[lane] - b[lane]) * (a[lane] - b[lane]);
        }
    }
    for ((sum, x), y) in sums.iter_mut().zip(a_left).zip(b_left) {
        *sum += (x - y) * (x - y);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

impl Fit {
    /// The centres without that of the fewest rows, the last of equals, where these are fewer than `least`; `None` where there are enough, or
    /// nothing else would be left.
    pub fn without_smallest(&self, least: u64, d: usize) -> Option<Vec<f64>> {
        let rows = |c: usize| self.sizes[c].min(self.made_of[c]);
        let smallest = (0..self.sizes.len()).min_by_key(|&c| (rows(c), std::cmp::Reverse(c)))?;
        if rows(smallest) >= least || self.sizes.len() == 1 {
            return None;
        }
        let mut centres = self.centres.clone();
        centres.drain(smallest * d..(smallest + 1) * d);
        Some(centres)
    }

    /// Number the segments by size, the largest first, equals by centre; drop those without a row.
    pub fn sort(&mut self, d: usize) {
        let centre = |c: usize| &self.centres[c * d..(c + 1) * d];
        let mut order: Vec<usize> = (0..self.sizes.len()).filter(|&c| self.sizes[c] > 0).collect();
        order.sort_by(|&a, &b| {
            let by_centre = || centre(a).iter().zip(centre(b)).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne());
            self.sizes[b].cmp(&self.sizes[a]).then_with(|| by_centre().unwrap_or(std::cmp::Ordering::Equal))
        });
        let mut place = vec![0u32; self.sizes.len()];
        order.iter().enumerate().for_each(|(new, &old)| place[old] = new as u32);
        self.labels.iter_mut().for_each(|l| *l = place[*l as usize]);
        self.centres = order.iter().flat_map(|&c| centre(c).to_vec()).collect();
        self.sizes = order.iter().map(|&c| self.sizes[c]).collect();
    }
}

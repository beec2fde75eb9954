//! Rows to their nearest centres, and the sums of what changed: one pass over the rows.

use rayon::prelude::*;

use super::definition::{Definition, SIDE};
use super::gaps::{Compare, Shift};
use super::lloyd::{distance, BLOCK};
use super::screen::{Found, Marks, Screen, Targets, GAP, MARKED, OPEN};
use super::sums::Sums;
use super::Points;
use crate::control::Control;
use crate::error::Result;
use crate::simd::{run_wide, Kernel};

/// The most parts of the rows, each of which has sums of its own.
const PARTS: usize = 64;
/// Where more than one row of so many is left open by short integers, finer numbers are worth their memory.
const FINER: usize = 12;
/// Rows that the definition looks at between two looks for a cancel.
const OPEN_ROWS: usize = 64;
/// Rows that are fetched before they are added.
const AHEAD: usize = 12;
/// The centre of a row before the first step.
const NOWHERE: u32 = u32::MAX;
/// Fewer centres are as soon compared with all rows of a block as with those that are in doubt.
const FEW: usize = 16;

/// The rows and their centres.
pub(super) struct Assignment {
    /// The centre of each row; before the first step none.
    pub labels: Vec<u32>,
    /// How much farther than its own, at least, each row's other centres are, in units of the screen; none where centres are few.
    gaps: Vec<f32>,
    /// What gaps of the rows of a centre have lost since.
    shifts: Vec<f32>,
    /// All rows by centre.
    pub sums: Sums,
    /// What each part of the rows changes.
    parts: Vec<Sums>,
    /// Rows of a part, whole blocks.
    rows: usize,
    bytes: usize,
}

impl Assignment {
    /// Rows that belong nowhere yet.
    pub fn new(points: &Points<'_>, k: usize, control: &Control) -> Result<Assignment> {
        let (n, d) = (points.rows(), points.dimensions);
        // The number of parts depends on the rows alone, and their sums take at most a quarter of the rows' memory or so.
        let most = (n / (8 * k)).clamp(1, PARTS);
        let rows = n.div_ceil(BLOCK).div_ceil(most).max(1) * BLOCK;
        let parts = n.div_ceil(rows);
        let bytes = Sums::bytes(k, d).saturating_mul(parts + 2);
        control.reserve(bytes)?;
        Ok(Assignment {
            labels: control.filled(n, NOWHERE)?,
            gaps: Vec::new(),
            shifts: Vec::new(),
            sums: Sums::new(k, d, points.weight.is_some()),
            parts: vec![Sums::new(k, d, points.weight.is_some()); parts],
            rows,
            bytes,
        })
    }

    /// The rows' centres; the memory of all is given back.
    pub fn finish(self, control: &Control) -> Vec<u32> {
        control.release(self.bytes);
        control.release(self.labels.capacity() * 4);
        control.release_vec(self.gaps);
        self.labels
    }

    /// Give each row to its nearest centre, the first of equals; the number of rows that changed.
    pub fn step(
        &mut self,
        points: &Points<'_>,
        screen: &mut Option<Screen>,
        centres: &[f64],
        control: &Control,
    ) -> Result<usize> {
        let d = points.dimensions;
        let targets = screen.as_ref().and_then(|screen| screen.targets(centres, d));
        let quick = screen.as_ref().zip(targets.as_ref());
        let definition = Definition::new(centres, d);
        let is_few = quick.is_some_and(|(screen, _)| screen.is_for_few(definition.k()));
        if quick.is_some() && !is_few && self.gaps.is_empty() {
            self.gaps = control.filled(self.labels.len(), 0.0)?;
        }
        let pass = Pass { points, quick, is_few, definition: &definition, shifts: &self.shifts };
        let mut gaps = self.gaps.chunks_mut(self.rows);
        let parts: Vec<_> = self.labels.chunks_mut(self.rows).map(|l| (l, gaps.next().unwrap_or_default())).collect();
        let done: Result<Vec<Done>> = parts
            .into_par_iter()
            .zip(&mut self.parts)
            .enumerate()
            .map_init(
                || Room::new(&definition, is_few),
                |room, (part, ((labels, gaps), sums))| pass.part(part * self.rows, labels, gaps, sums, room, control),
            )
            .collect();
        let done = done?.into_iter().fold(Done::default(), Done::plus);
        self.parts.iter().for_each(|part| self.sums.merge(part));
        self.shifts.clear();
        if screen.as_ref().is_some_and(Screen::is_short) && done.open > done.looked / FINER {
            if let Some(coarse) = screen.take() {
                coarse.release(control);
            }
            *screen = Screen::new(points, true, control)?;
            // Gaps were in other units.
            self.gaps.fill(0.0);
        }
        Ok(done.changed)
    }

    /// Note that centres moved.
    pub fn moved(&mut self, screen: Option<&Screen>, before: &[f64], after: &[f64], d: usize) {
        let Some(screen) = screen else { return };
        let moves = before.chunks_exact(d).zip(after.chunks_exact(d));
        let moves: Vec<f64> = moves.map(|(a, b)| distance(a, b).sqrt() * screen.scale()).collect();
        let farthest = (0..moves.len()).max_by(|&a, &b| moves[a].total_cmp(&moves[b])).unwrap_or(0);
        let others = |of: usize| moves.iter().enumerate().filter(|m| m.0 != of).map(|m| *m.1).fold(0.0, f64::max);
        let (most, second) = (others(usize::MAX), others(farthest));
        let shift =
            |(c, own): (usize, &f64)| (own + if c == farthest { second } else { most }) as f32 * (1.0 + 1e-6) + GAP;
        self.shifts = moves.iter().enumerate().map(shift).collect();
        self.shifts.resize(moves.len().next_power_of_two(), f32::INFINITY);
    }
}

/// What came of a pass over rows.
#[derive(Default)]
struct Done {
    /// Rows that have another centre than before.
    changed: usize,
    /// Rows that were compared with all centres.
    looked: usize,
    /// Rows that were left for the definition.
    open: usize,
}

impl Done {
    fn plus(self, other: Done) -> Done {
        Done { changed: self.changed + other.changed, looked: self.looked + other.looked, open: self.open + other.open }
    }
}

/// What all rows of a pass are compared with.
struct Pass<'a> {
    points: &'a Points<'a>,
    quick: Option<(&'a Screen, &'a Targets)>,
    /// Whether all rows are compared with all centres, and no gaps are kept.
    is_few: bool,
    definition: &'a Definition,
    shifts: &'a [f32],
}

impl Pass<'_> {
    /// The rows from `first`, of which there are as many as labels.
    fn part(
        &self,
        first: usize,
        labels: &mut [u32],
        gaps: &mut [f32],
        sums: &mut Sums,
        room: &mut Room,
        control: &Control,
    ) -> Result<Done> {
        let mut done = Done::default();
        sums.clear();
        let mut gaps = gaps.chunks_mut(BLOCK);
        for (b, labels) in labels.chunks_mut(BLOCK).enumerate() {
            control.check()?;
            let first = first + b * BLOCK;
            let gaps = gaps.next().unwrap_or_default();
            let looked = if self.is_few { labels.len() } else { self.doubtful(labels, gaps, room) };
            if looked == 0 {
                continue;
            }
            done.looked += looked;
            room.open.clear();
            room.changes.clear();
            match self.quick {
                Some((screen, targets)) if self.is_few => self.compare(screen, targets, first, labels, room),
                Some((screen, targets)) => Self::screen(screen, targets, first, labels, gaps, room),
                None => room.open.extend(0..labels.len() as u32),
            }
            done.open += room.open.len();
            // The definition looks at a few rows at a time, so that a cancel is seen.
            for open in room.open.chunks(OPEN_ROWS) {
                control.check()?;
                let (distances, changes) = (&mut room.distances[..], &mut room.changes);
                run_wide(Settle { pass: self, first, open, labels, distances, changes });
            }
            done.changed += room.changes.len();
            run_wide(Change { points: self.points, first, changes: &room.changes, sums });
        }
        Ok(done)
    }

    /// Find the nearest of few centres of the rows of a block; note those that have another than before, and those it is not known of.
    fn compare(&self, screen: &Screen, targets: &Targets, first: usize, labels: &mut [u32], room: &mut Room) {
        let Room { marks, open, changes, .. } = room;
        for (part, labels) in labels.chunks_mut(MARKED).enumerate() {
            let before = part * MARKED;
            screen.mark(targets, first + before, labels, marks);
            for at in marks.flagged(labels.len()) {
                let (row, label) = (before + at, &mut labels[at]);
                match screen.marked(targets, first + before, at, marks) {
                    None => open.push(row as u32),
                    Some(centre) if centre != *label => {
                        changes.push((row as u32, std::mem::replace(label, centre), centre));
                    }
                    Some(_) => continue,
                }
                // It is added, or settled, when the block is through.
                self.points.prefetch(first + row);
            }
        }
    }

    /// Find the nearest centres of the doubtful rows of a block; note those that have another than before, and those it is not known of.
    fn screen(screen: &Screen, targets: &Targets, first: usize, labels: &mut [u32], gaps: &mut [f32], room: &mut Room) {
        let Room { some, is_whole, found, open, changes, flags, .. } = room;
        screen.find(targets, first, labels.len(), (!*is_whole).then_some(&some[..]), found);
        let mut note = |row: usize, at: usize, label: &mut u32| {
            let centre = found_centre(found, at);
            match centre {
                None => open.push(row as u32),
                Some(centre) if centre != *label => {
                    changes.push((row as u32, std::mem::replace(label, centre), centre));
                }
                Some(_) => {}
            }
        };
        if *is_whole {
            let (centre, gap) = (&found.centre[..], &found.gap[..]);
            run_wide(Compare { centre, gap, labels, gaps, flags });
            // Few rows are flagged, so eight are looked at at once.
            let eights = flags[..labels.len().next_multiple_of(8)].as_chunks::<8>().0.iter().enumerate();
            for (i, eight) in eights.filter(|(_, eight)| **eight != [0; 8]) {
                let rows = eight.iter().zip(8 * i..).filter(|(flag, _)| **flag != 0);
                rows.for_each(|(_, row)| note(row, row, &mut labels[row]));
            }
        } else {
            for (at, &row) in some.iter().enumerate() {
                gaps[row as usize] = found.gap[at].max(0.0);
                note(row as usize, at, &mut labels[row as usize]);
            }
        }
    }

    /// Count the rows of a block that may have another centre than before, and list them, unless all are to be looked at.
    fn doubtful(&self, labels: &[u32], gaps: &mut [f32], room: &mut Room) -> usize {
        let Room { some, is_whole, .. } = room;
        *is_whole = true;
        if self.shifts.is_empty() || self.quick.is_none() {
            return labels.len();
        }
        let mut count = 0;
        run_wide(Shift { shifts: self.shifts, labels, gaps, count: &mut count });
        *is_whole = count * (if self.definition.k() < FEW { 8 } else { 2 }) > labels.len();
        if *is_whole {
            return labels.len();
        }
        some.resize(labels.len(), 0);
        let mut listed = 0;
        for (row, gap) in (0u32..).zip(&*gaps) {
            some[listed] = row;
            listed += usize::from(*gap <= GAP);
        }
        some.truncate(listed);
        listed
    }
}

/// The nearest centre of the `at`-th row that was looked at; `None` where it is open.
fn found_centre(found: &Found, at: usize) -> Option<u32> {
    (found.gap[at] != OPEN).then(|| found.centre[at].cast_unsigned())
}

/// What a part needs beside its rows.
struct Room {
    /// The rows that are looked at.
    some: Vec<u32>,
    open: Vec<u32>,
    flags: Vec<u8>,
    /// Whether all rows of the block are looked at, and none is listed.
    is_whole: bool,
    /// Rows, their centres before, and their centres now.
    changes: Vec<(u32, u32, u32)>,
    found: Found,
    marks: Marks,
    distances: Vec<[f64; SIDE]>,
}

impl Room {
    fn new(definition: &Definition, is_few: bool) -> Room {
        let (some, open, changes) = (Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK), Vec::with_capacity(BLOCK));
        Room {
            some,
            open,
            changes,
            flags: vec![0; BLOCK],
            is_whole: true,
            found: Found::new(if is_few { 0 } else { BLOCK }),
            marks: Marks::new(),
            distances: definition.room(),
        }
    }
}

/// Rows to the sums of their new centres, and from those of their old ones.
struct Change<'a> {
    points: &'a Points<'a>,
    first: usize,
    changes: &'a [(u32, u32, u32)],
    sums: &'a mut Sums,
}

impl Kernel for Change<'_> {
    #[inline(always)]
    fn run(self) {
        for (at, &(row, old, new)) in self.changes.iter().enumerate() {
            if let Some(&(ahead, ..)) = self.changes.get(at + AHEAD) {
                self.points.prefetch(self.first + ahead as usize);
            }
            let row = self.first + row as usize;
            self.sums.add(new as usize, self.points, row, 1);
            if old != NOWHERE {
                self.sums.add(old as usize, self.points, row, -1);
            }
        }
    }
}

/// The nearest centres by the definition, the first of equals.
struct Settle<'a> {
    pass: &'a Pass<'a>,
    first: usize,
    open: &'a [u32],
    labels: &'a mut [u32],
    distances: &'a mut [[f64; SIDE]],
    changes: &'a mut Vec<(u32, u32, u32)>,
}

impl Kernel for Settle<'_> {
    #[inline(always)]
    fn run(self) {
        for &row in self.open {
            self.pass.definition.distances(self.pass.points.row(self.first + row as usize), self.distances);
            let mut best = (f64::INFINITY, 0);
            for (far, c) in self.distances.as_flattened().iter().zip(0u32..) {
                if *far < best.0 {
                    best = (*far, c);
                }
            }
            let label = &mut self.labels[row as usize];
            if *label != best.1 {
                self.changes.push((row, *label, best.1));
                *label = best.1;
            }
        }
    }
}

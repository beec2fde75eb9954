//! Many rows at a time.

use super::blocks::{Blocks, Space, ROWS};
use super::centres::Centres;
use super::ensemble;
use super::link::{join, LANES};
use super::mixture;
use super::Scorer;
use crate::model::Body;
use crate::simd::{level, Level};

/// Scores many rows at a time, with the same answers, bit for bit, as [`Scorer::predict`] gives row by row. Keeps what a block of rows
/// needs, so that scoring allocates nothing; every thread has its own.
#[derive(Debug)]
pub struct Batch {
    level: Level,
    space: Option<Space>,
    centres: Option<Centres>,
    mixture: Option<mixture::Room>,
    members: Option<ensemble::Room>,
    row: Vec<f64>,
    /// Of each row of a block and each output, the lanes of its sum.
    sums: Vec<[f64; LANES]>,
}

impl Batch {
    /// For the rows of a scorer, with the instructions in use ([`crate::score::level`]).
    pub fn new(scorer: &Scorer) -> Batch {
        Batch::with_level(scorer, level())
    }

    /// With the instructions of a level, or none where the processor does not have them.
    pub fn with_level(scorer: &Scorer, level: Level) -> Batch {
        let level = if level.is_there() { level } else { Level::Scalar };
        let space = scorer.blocks.as_ref().filter(|_| level != Level::Scalar).map(Blocks::space);
        let centres = match &scorer.model.body {
            Body::KMeans(body) => Some(Centres::new(body)),
            _ => None,
        };
        let mixture = match &scorer.model.body {
            Body::Mixture(body) => Some(mixture::Room::new(body)),
            _ => None,
        };
        let members = scorer.members.as_ref().map(|members| ensemble::Room::new(members, level));
        Batch {
            level,
            space,
            centres,
            mixture,
            members,
            row: vec![f64::NAN; scorer.model.features.len()],
            sums: Vec::new(),
        }
    }

    /// Rows that are best given at once, or a multiple of them.
    pub const ROWS: usize = ROWS;

    /// Predict rows given by column, each cell as [`Scorer::predict`] takes it, into `out`, [`Scorer::outputs`] numbers a row.
    ///
    /// Panics when there is not a column a feature, all of one length, or `out` is of another length, or the scorer is not that of
    /// [`Batch::new`].
    pub fn predict(&mut self, scorer: &Scorer, columns: &[&[f64]], out: &mut [f64]) {
        let (rows, outputs) = (out.len() / scorer.outputs(), scorer.outputs());
        assert_eq!(columns.len(), scorer.model.features.len(), "a column a feature");
        assert!(columns.iter().all(|column| column.len() == rows), "a cell a row");
        let by_row = scorer.near.is_some()
            || matches!(
                scorer.model.body,
                Body::Projection(_) | Body::Additive(_) | Body::Network(_) | Body::Machine(_)
            );
        if self.level == Level::Scalar || by_row {
            return self.row_by_row(scorer, columns, out);
        }
        let mut block: Vec<&[f64]> = Vec::with_capacity(columns.len());
        for (i, out) in out.chunks_mut(ROWS * outputs).enumerate() {
            let rows = out.len() / outputs;
            block.clear();
            block.extend(columns.iter().map(|column| &column[i * ROWS..][..rows]));
            self.block(scorer, &block, out);
        }
    }

    fn block(&mut self, scorer: &Scorer, columns: &[&[f64]], out: &mut [f64]) {
        if let (Body::KMeans(body), Some(centres)) = (&scorer.model.body, &mut self.centres) {
            return centres.find(self.level, body, columns, out);
        }
        if let (Body::Ensemble(body), Some(members), Some(room)) =
            (&scorer.model.body, &scorer.members, &mut self.members)
        {
            return room.predict(members, (body, &scorer.model.task), columns, scorer.outputs(), out);
        }
        if let (Body::Mixture(body), Some(mixture)) = (&scorer.model.body, &mut self.mixture) {
            return mixture.find(self.level, body, columns, out);
        }
        let (Some(nodes), Some((trees, _))) = (&scorer.nodes, scorer.model.body.as_trees()) else { return };
        let outputs = scorer.outputs();
        if trees.roots.len() == 1 {
            return nodes.each_leaf_of_rows(columns, out.len() / outputs, |row, _, start| {
                out[row * outputs..][..outputs].copy_from_slice(nodes.answers(start, outputs));
            });
        }
        if let (Some(blocks), Some(space)) = (&scorer.blocks, &mut self.space) {
            blocks.sums(self.level, columns, space, |row, output, lanes| out[row * outputs + output] = join(&lanes));
        } else {
            self.sums.clear();
            self.sums.resize(out.len(), [0.0; LANES]);
            let sums = &mut self.sums;
            nodes.each_leaf_of_rows(columns, out.len() / outputs, |row, tree, start| {
                let sums = &mut sums[row * outputs..][..outputs];
                nodes.answer_of(tree, start, outputs).each(|output, value| sums[output][tree % LANES] += value);
            });
            out.iter_mut().zip(sums).for_each(|(out, lanes)| *out = join(lanes));
        }
        out.chunks_exact_mut(outputs).for_each(|out| nodes.finish(trees, out));
    }

    fn row_by_row(&mut self, scorer: &Scorer, columns: &[&[f64]], out: &mut [f64]) {
        for (row, out) in out.chunks_exact_mut(scorer.outputs()).enumerate() {
            self.row.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[row]);
            scorer.predict(&self.row, out);
        }
    }
}

//! Answers to a row with changes.

use super::{judge, Goal, Start};
use crate::judge::given::{Encoder, Given};
use crate::score::{Batch, Scorer};

/// Rows that are scored at a time.
const ROWS: usize = 256;
/// Cells that they may have together.
const CELLS: usize = 1 << 18;

/// Scores changed rows; every thread has its own.
pub(super) struct Tester<'a> {
    pub scorer: &'a Scorer,
    pub start: Start<'a>,
    /// Rows that are scored at a time.
    pub rows: usize,
    goal: Goal,
    encoder: Encoder,
    batch: Batch,
    row: Vec<f64>,
    /// By feature, a cell a row.
    columns: Vec<Vec<f64>>,
    out: Vec<f64>,
}

impl<'a> Tester<'a> {
    pub fn new(scorer: &'a Scorer, start: Start<'a>, goal: Goal) -> Tester<'a> {
        let features = scorer.model().features.len();
        let rows = (CELLS / features.max(1)).clamp(1, ROWS);
        Tester {
            scorer,
            start,
            rows,
            goal,
            encoder: Encoder::new(scorer),
            batch: Batch::new(scorer),
            row: vec![f64::NAN; features],
            columns: vec![vec![f64::NAN; rows]; features],
            out: vec![f64::NAN; rows * scorer.outputs()],
        }
    }

    /// The features that change with a column.
    pub fn features(&self, argument: usize) -> Vec<usize> {
        self.encoder.features(self.scorer, argument)
    }

    /// The row with changes.
    pub fn changed(&mut self, changes: &[(usize, &Given)]) -> &[f64] {
        self.row.copy_from_slice(self.start.cells);
        if changes.iter().any(|(argument, _)| self.encoder.is_raw(*argument)) {
            for (argument, value) in self.start.given.iter().enumerate() {
                if self.encoder.is_raw(argument) {
                    self.encoder.set(self.scorer, argument, value, &mut self.row);
                }
            }
            for (argument, value) in changes {
                self.encoder.set(self.scorer, *argument, value, &mut self.row);
            }
            self.encoder.clean(self.scorer, &mut self.row);
        } else {
            for (argument, value) in changes {
                self.encoder.set(self.scorer, *argument, value, &mut self.row);
            }
        }
        &self.row
    }

    /// For at most [`Tester::rows`] rows of changes, what is looked at of the answer and how far it is beyond the goal.
    pub fn test<'c>(&mut self, rows: impl Iterator<Item = Vec<(usize, &'c Given)>>) -> Vec<(f64, f64)> {
        let mut count = 0;
        for changes in rows.take(self.rows) {
            self.changed(&changes);
            self.columns.iter_mut().zip(&self.row).for_each(|(column, cell)| column[count] = *cell);
            count += 1;
        }
        let columns: Vec<&[f64]> = self.columns.iter().map(|column| &column[..count]).collect();
        let outputs = self.scorer.outputs();
        let out = &mut self.out[..count * outputs];
        self.batch.predict(self.scorer, &columns, out);
        out.chunks_exact(outputs).map(|out| judge(self.scorer.model(), out, self.goal)).collect()
    }

    /// The same of one row.
    pub fn one(&mut self, changes: &[(usize, &Given)]) -> (f64, f64) {
        self.test(std::iter::once(changes.to_vec())).first().copied().unwrap_or((f64::NAN, f64::NAN))
    }
}

//! Training rows without a fold, with that fold behind them.

use super::bin::{BinnedFeature, Codes};
use super::{boost, ordered, Target};
use crate::control::Control;
use crate::error::Result;

/// What is learned from.
pub struct Learned<'a> {
    /// The features of all rows.
    pub binned: &'a [BinnedFeature],
    /// Of each feature that is cut by the numbers of its levels, the levels themselves: each fold makes numbers of its own.
    pub levels: &'a [Option<BinnedFeature>],
    /// The rows to boost on.
    pub rows: boost::Rows<'a>,
    /// The target and weights that levels get their numbers from.
    pub numbers: (&'a Target, Option<&'a [f64]>),
    /// A category of more levels is cut by numbers.
    pub most_subset_levels: usize,
    /// The most bins of those numbers.
    pub max_bins: usize,
}

/// The rows of [`Learned`] in another order: those to learn from, then the fold. Nothing of the fold is in the features of the others.
pub struct Fold {
    /// The old places of the rows.
    pub order: Vec<u32>,
    /// How many are to learn from.
    pub fit_rows: usize,
    /// The features of all rows.
    pub features: Vec<BinnedFeature>,
    target: Target,
    weight: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
}

impl Fold {
    /// All rows.
    pub fn rows(&self) -> boost::Rows<'_> {
        boost::Rows { target: &self.target, weight: self.weight.as_deref(), offset: self.offset.as_deref() }
    }

    /// Forget target, weight and offset of the fold.
    pub fn cut(&mut self) {
        match &mut self.target {
            Target::Class { codes, .. } => codes.truncate(self.fit_rows),
            Target::Number(values) => values.truncate(self.fit_rows),
        }
        self.weight.iter_mut().chain(&mut self.offset).for_each(|numbers| numbers.truncate(self.fit_rows));
    }
}

impl Learned<'_> {
    /// Put the rows that are a fold's `own` behind the others. What is counted is released by the caller, with all the fold held.
    pub fn fold(&self, own: impl Fn(usize) -> bool, control: &Control) -> Result<Fold> {
        let count = self.rows.target.len();
        let mut order: Vec<u32> = control.vec(count)?;
        order.extend((0..count as u32).filter(|&r| !own(r as usize)));
        let fit_rows = order.len();
        order.extend((0..count as u32).filter(|&r| own(r as usize)));
        let (target, weight) = (self.numbers.0.pick(&order, control)?, pick(self.numbers.1, &order, control)?);
        let mut features = Vec::with_capacity(self.binned.len());
        for (binned, levels) in self.binned.iter().zip(self.levels) {
            control.check()?;
            features.push(match levels {
                None => binned.pick(&order, control)?,
                Some(levels) => {
                    let levels = levels.pick(&order, control)?;
                    let numbers = ordered::order(
                        &levels,
                        &target,
                        weight.as_deref(),
                        fit_rows,
                        self.most_subset_levels,
                        (self.max_bins, 1),
                        control,
                    )?;
                    numbers.map_or(levels, |(numbers, _)| numbers)
                }
            });
        }
        Ok(Fold {
            fit_rows,
            features,
            target: self.rows.target.pick(&order, control)?,
            weight: pick(self.rows.weight, &order, control)?,
            offset: pick(self.rows.offset, &order, control)?,
            order,
        })
    }
}

/// The numbers of rows in another order.
fn pick(numbers: Option<&[f64]>, order: &[u32], control: &Control) -> Result<Option<Vec<f64>>> {
    numbers.map(|numbers| picked(numbers, order, control)).transpose()
}

fn picked<T: Copy>(from: &[T], order: &[u32], control: &Control) -> Result<Vec<T>> {
    let mut to = control.vec(order.len())?;
    to.extend(order.iter().map(|&r| from[r as usize]));
    Ok(to)
}

impl Target {
    /// The targets of rows in another order.
    pub(super) fn pick(&self, order: &[u32], control: &Control) -> Result<Target> {
        Ok(match self {
            Target::Class { codes, classes } => {
                Target::Class { codes: picked(codes, order, control)?, classes: *classes }
            }
            Target::Number(values) => Target::Number(picked(values, order, control)?),
        })
    }
}

impl BinnedFeature {
    fn pick(&self, order: &[u32], control: &Control) -> Result<BinnedFeature> {
        let codes = match &self.codes {
            Codes::U8(codes) => Codes::U8(picked(codes, order, control)?),
            Codes::U16(codes) => Codes::U16(picked(codes, order, control)?),
            Codes::U32(codes) => Codes::U32(picked(codes, order, control)?),
        };
        Ok(BinnedFeature { codes, kind: self.kind.clone() })
    }
}

//! What is asked of the columns of a clustering.

use crate::data::ColumnData;
use crate::error::{Error, Result};
use crate::learn::kmeans::{KMeansParams, Scaling, Treatment};
use crate::model::{Axis, InputKind};

use super::{Run, SourceInput};

impl Run<'_> {
    /// The parameters of a clustering with the options at hand.
    pub fn kmeans_params(&self) -> Result<KMeansParams> {
        let options = &self.request.options;
        if options.kmeans.modes && !self.used_columns().iter().any(|&c| self.is_category(c)) {
            return Err(Error::data(
                "there is no category, which kprototypes is for",
                "Use kmeans, or give columns of text, or of an enum.",
            ));
        }
        Ok(KMeansParams { seed: options.seed, treatments: self.treatments()?, ..options.kmeans.clone() })
    }

    fn is_category(&self, column: usize) -> bool {
        matches!(self.request.table.columns[column].data, ColumnData::Category { .. })
    }

    /// By feature, what is asked of it.
    fn treatments(&self) -> Result<Vec<Treatment>> {
        let (options, inputs) = (&self.request.options, &self.request.inputs);
        let names = || inputs.iter().map(|i| i.name.as_str()).collect::<Vec<_>>().join(", ");
        if let Some((name, _)) = options.feature_weights.iter().find(|(name, _)| inputs.iter().all(|i| i.name != *name))
        {
            return Err(Error::option(
                format!("option \"feature_weights\" names column \"{name}\", which is not learned from"),
                format!("The columns are {}.", names()),
            ));
        }
        if options.cosine && inputs.iter().all(|i| i.kind != InputKind::Array) {
            return Err(Error::option(
                "\"distance\": \"cosine\" needs a column of arrays",
                "Make one of numbers that belong together: ARRAY[a, b, c] AS direction.",
            ));
        }
        let of = |input: &SourceInput| {
            let weight = options.feature_weights.iter().find(|(name, _)| *name == input.name).map_or(1.0, |w| w.1);
            let directs = options.cosine && input.kind == InputKind::Array;
            let is_measure = matches!(input.kind, InputKind::Number | InputKind::Interval);
            let count = input.count;
            (0..count).map(move |at| {
                let last = if at + 1 == count { count as u32 } else { 0 };
                Treatment { weight, is_measure, element: directs.then_some(last) }
            })
        };
        let all: Vec<Treatment> = inputs.iter().flat_map(of).collect();
        match all.iter().any(|t| t.weight > 0.0) {
            true => Ok(all),
            false => Err(Error::option(
                "all columns have weight 0, so there is nothing to tell rows apart by",
                "Give a column a weight above 0 in \"feature_weights\".",
            )),
        }
    }

    /// Say which columns enter by their logarithm, where that was not asked for.
    pub(super) fn tell_bent(&mut self, columns: &[usize], axes: &[Axis]) {
        if self.request.options.kmeans.scaling != Scaling::Auto {
            return;
        }
        let bent = columns.iter().zip(axes).filter(|(_, axis)| matches!(axis, Axis::Logarithm { .. }));
        let names: Vec<String> = bent.map(|(&c, _)| format!("\"{}\"", self.request.table.columns[c].name)).collect();
        if let Some((first, more)) = names.split_first() {
            let them = match more {
                [] => format!("column {first} is skewed and enters by its logarithm"),
                _ => format!("columns {} are skewed and enter by their logarithms", names.join(", ")),
            };
            self.notices.push(format!("{them}: \"scaling\": \"standard\" takes numbers as they are"));
        }
    }
}

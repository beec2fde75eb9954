//! From columns to features: binned for the learner, encoded for scoring.

use crate::error::{Error, Result};
use crate::learn::calibrate::Method;
use crate::learn::kmeans::space::Space;
use crate::learn::options::{Algorithm, Options};
use crate::learn::{bin, boost, ordered, parts, text, Target};
use crate::model::{Encoding, Feature, Input, InputKind};

use super::{Run, SourceInput};

/// The rows that features are made for, in canonical order.
pub struct RowsOf<'a> {
    /// The training rows.
    pub train: &'a [u32],
    /// How many of them, the last, early stopping watches: they say nothing of a level or a word.
    pub watched: usize,
    /// The rows held out.
    pub held: &'a [u32],
    /// Of the training rows.
    pub target: &'a Target,
    /// Of the training rows.
    pub weight: Option<&'a [f64]>,
    pub(super) offset: Option<&'a [f64]>,
    pub(super) rates: Option<&'a (Target, Vec<f64>)>,
    pub(super) folds: Option<&'a [u8]>,
}

impl<'a> RowsOf<'a> {
    /// The target and weights by which levels and words are judged: of a rate, what a unit of exposure has.
    pub fn told(&self) -> (&'a Target, Option<&'a [f64]>) {
        match self.rates {
            Some((rates, weight)) => (rates, Some(weight.as_slice())),
            None => (self.target, self.weight),
        }
    }

    pub(super) fn boost(&self) -> boost::Rows<'a> {
        boost::Rows { target: self.target, weight: self.weight, offset: self.offset }
    }
}

/// Columns after binning.
#[derive(Default)]
pub(in crate::learn) struct Features {
    /// The columns, with their features numbered from 0.
    pub inputs: Vec<Input>,
    pub(super) binned: Vec<bin::BinnedFeature>,
    /// While some rows are watched: what stands for a feature whose numbers depend on the target, made without those rows.
    pub(super) watching: Vec<Option<bin::BinnedFeature>>,
    /// While folds are to make numbers of their own: the levels of a feature that is cut by numbers.
    pub(super) levels: Vec<Option<bin::BinnedFeature>>,
    pub features: Vec<Feature>,
    /// The held-out rows, by column.
    pub held: Vec<Vec<f64>>,
    /// The training rows in the same way, for learners that read numbers as they are.
    pub(super) values: Vec<Vec<f64>>,
    /// The training rows as points, for learners that go by distances.
    pub(super) space: Option<Space>,
}

impl Features {
    /// Add a feature, with what stands for it `while_watching` some rows.
    fn push(&mut self, name: String, binned: bin::Binned, watching: Option<bin::BinnedFeature>, while_watching: bool) {
        self.binned.push(binned.feature);
        self.features.push(Feature { name, encoding: binned.encoding, stats: binned.stats });
        self.held.push(binned.held);
        if while_watching {
            self.watching.push(watching);
        }
    }
}

impl Run<'_> {
    /// The columns of the features.
    pub fn used_columns(&self) -> Vec<usize> {
        self.request.inputs.iter().flat_map(|i| i.first..i.first + i.count).collect()
    }

    /// How the learner wants its columns: binned so, and cut as one number beyond so many levels.
    pub fn bin_params(&self) -> (bin::BinParams, usize) {
        let Options { tree, forest, boost, exact, .. } = &self.request.options;
        match self.request.algorithm {
            Algorithm::RandomForest | Algorithm::ExtraTrees => (forest.bin_params(), forest.max_subset_levels),
            Algorithm::GradientBoosting => (boost.bin_params(), boost.max_subset_levels),
            // Levels have numbers of their own.
            algorithm if algorithm.reads_values() => {
                let min_category_rows = match algorithm {
                    Algorithm::NaiveBayes => self.request.options.bayes.min_category_rows,
                    Algorithm::NeuralNetwork => self.request.options.network.min_category_rows,
                    _ => self.request.options.linear.min_category_rows,
                };
                let min_group = self.request.options.min_group;
                (bin::BinParams { max_bins: 0, min_category_rows, min_group }, usize::MAX)
            }
            // Every level that some member may tell apart.
            algorithm if algorithm.is_ensemble() || algorithm.is_meta() => {
                (bin::BinParams { min_category_rows: 1, ..tree.bin_params() }, usize::MAX)
            }
            // Nothing is known that levels could be put in order by, or they stand side by side.
            algorithm if algorithm == Algorithm::IsolationForest || algorithm.is_spaced() => {
                (tree.bin_params(), usize::MAX)
            }
            _ => {
                let bins = tree.bin_params();
                let max_bins = if *exact { bin::MOST_BINS } else { bins.max_bins };
                (bin::BinParams { max_bins, ..bins }, tree.max_subset_levels)
            }
        }
    }

    /// The options that features depend on; trials that have them in common can share features.
    pub fn features_key(&self) -> impl PartialEq {
        let options = &self.request.options;
        let rates = (options.exposure.is_some() || options.offset.is_some()).then_some(options.objective);
        let columns = (options.max_text_features, options.monotone_constraints.clone());
        let calibrated = options.calibration != Method::None;
        let space = (options.kmeans.scaling, options.kmeans.max_categories, options.cosine);
        let space = (space, options.feature_weights.clone());
        (self.request.algorithm, self.bin_params(), columns, rates, self.watched_share(), calibrated, space)
    }

    /// Turn columns into features: binned for the learner, encoded for scoring. The last `watched` of `train` say nothing of a level.
    /// Columns give their memory back as they go, unless they are to be `kept`.
    pub fn features(&mut self, rows: &RowsOf<'_>, keep: bool) -> Result<Features> {
        if self.request.algorithm.is_spaced() {
            return self.spaced(rows, keep);
        }
        if self.request.algorithm.is_ensemble() || self.request.algorithm.is_meta() {
            // Members make their own of the same columns.
            return self.binned(rows, true);
        }
        if !self.request.algorithm.reads_values() {
            return self.binned(rows, keep);
        }
        // Learning reads what scoring reads.
        let mut shown: Vec<u32> = self.control.vec(rows.train.len() + rows.held.len())?;
        shown.extend(rows.train.iter().chain(rows.held));
        let mut made = self.binned(&RowsOf { held: &shown, ..*rows }, keep)?;
        self.control.release_vec(shown);
        for column in &mut made.held {
            self.control.reserve(rows.held.len() * 8)?;
            let held = column.split_off(rows.train.len());
            made.values.push(std::mem::replace(column, held));
        }
        Ok(made)
    }

    pub(super) fn binned(&mut self, rows: &RowsOf<'_>, keep: bool) -> Result<Features> {
        let bins = self.bin_params();
        let used = self.used_columns();
        let request = &mut self.request;
        let others = request.target.as_ref().map(|t| t.first).into_iter().chain(request.weight).chain(request.time);
        let others = others.chain(request.exposure).chain(request.offset);
        let kept = others.chain(request.groups.iter().copied()).filter(|_| keep);
        // Who was treated is asked once features are made.
        let kept: Vec<usize> = kept.chain(request.treatment.as_ref().map(|t| t.first)).collect();
        for (i, column) in request.table.columns.iter_mut().enumerate() {
            if !used.contains(&i) && !kept.contains(&i) && !self.sharing {
                column.release(self.control);
            }
        }
        let mut out = Features::default();
        self.control.start(used.len() as u64 * 2);
        for input in self.request.inputs.clone() {
            let first = out.features.len();
            for c in input.first..input.first + input.count {
                self.control.check()?;
                self.column_features(&input, c, rows, bins, keep, &mut out)?;
                self.control.advance(1);
            }
            let count = (out.features.len() - first) as u32;
            out.inputs.push(Input { name: input.name, kind: input.kind, first: first as u32, count });
        }
        self.lap("bin");
        Ok(out)
    }

    /// Turn one column of the table into features, and give its memory back unless it is to be `kept`.
    fn column_features(
        &mut self,
        input: &SourceInput,
        column: usize,
        rows: &RowsOf<'_>,
        (params, most_subset_levels): (bin::BinParams, usize),
        keep: bool,
        out: &mut Features,
    ) -> Result<()> {
        let column = &mut self.request.table.columns[column];
        let name = column.name.clone();
        if input.kind == InputKind::Text {
            let most = self.request.options.max_text_features;
            let (words, tokens) = text::bin(column, keep, rows, !self.folds, most, &params, self.control)?;
            out.push(format!("{name}.words"), words, None, rows.watched > 0);
            for (token, binned) in tokens {
                out.push(format!("{name}:{token}"), binned, None, rows.watched > 0);
            }
            return Ok(());
        }
        let options = &self.request.options;
        let (b, parts) = if input.kind.is_moment() && options.date_parts && !options.is_monotone(&name) {
            parts::bin(column, input.kind, rows.train, rows.held, &params, self.control)?
        } else {
            (bin::bin(column, rows.train, rows.held, &params, self.control)?, Vec::new())
        };
        if !keep {
            column.release(self.control);
        }
        let fit_rows = rows.train.len() - rows.watched;
        let order = |fit_rows: usize| {
            let (target, weight) = rows.told();
            let kept = (params.max_bins, params.min_group);
            ordered::order(&b.feature, target, weight, fit_rows, most_subset_levels, kept, self.control)
        };
        let watching = if rows.watched > 0 { order(fit_rows)?.map(|ordered| ordered.0) } else { None };
        let (feature, encoding) = match (b.encoding, order(rows.train.len())?) {
            (Encoding::Category { levels }, Some((feature, keys))) => {
                if self.folds || rows.folds.is_some() {
                    out.levels.resize_with(out.binned.len(), || None);
                    out.levels.push(Some(b.feature));
                } else {
                    b.feature.codes.release(self.control);
                }
                (feature, Encoding::Ordered { levels, keys })
            }
            (Encoding::Number, _) if input.kind == InputKind::Timestamptz => {
                let zone = self.request.zone.clone();
                let zone = zone.ok_or_else(|| Error::Internal("a timestamp with time zone has no zone".into()))?;
                (b.feature, Encoding::Clock { zone })
            }
            (encoding, _) => (b.feature, encoding),
        };
        let whole = bin::Binned { feature, encoding, stats: b.stats, held: b.held };
        out.push(name.clone(), whole, watching, rows.watched > 0);
        for (part, binned) in parts {
            out.push(format!("{name}.{}", part.name()), binned, None, rows.watched > 0);
        }
        Ok(())
    }

    /// The inputs with their features numbered from 0.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let mut first = 0;
        let numbered = self.request.inputs.iter().map(|i| {
            let input = Input { name: i.name.clone(), kind: i.kind, first, count: i.count as u32 };
            first += i.count as u32;
            input
        });
        numbered.collect()
    }
}

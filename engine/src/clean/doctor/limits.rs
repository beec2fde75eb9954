//! Every threshold of the doctor. Effect sizes, not significance: of a million rows everything is significant.

/// A column that alone reaches this (AUC of classes, R2 of ranks of numbers) hardly does so honestly.
pub const NEAR_PERFECT: f64 = 0.99;
/// Two columns whose linear combination explains this share of the target's variance add up to it.
pub const EXACT_SUM: f64 = 0.9999;
/// A column of an outcome's name is one if alone it reaches this AUC ...
pub const OUTCOME_AUC: f64 = 0.7;
/// ... or this R2 ...
pub const OUTCOME_R2: f64 = 0.4;
/// ... and is stronger than every other column alone by this much ...
pub const OUTCOME_MARGIN: f64 = 0.02;
/// ... and, where that is looked at, falls short of all the others together by no more than this.
pub const OUTCOME_SHORT: f64 = 0.02;
/// Rows of a class that should have been seen beside a missing value or a zero, before their lack means something.
pub const EXPECTED_ROWS: f64 = 20.0;
/// A column of an outcome's name that is so divided is an error if alone it reaches this AUC: below, it changes little.
pub const DIVIDED_AUC: f64 = 0.6;
/// The least share of rows on either side of such a division.
pub const SIDE_SHARE: f64 = 0.005;

/// From this share of exact duplicates on they are a warning, below an info.
pub const DUPLICATES: f64 = 0.005;
/// Where fewer than this share of rows are distinct, rows that are alike are the nature of the table.
pub const FEW_COMBINATIONS: f64 = 0.5;
/// Combinations from which it is no chance that all are there equally often.
pub const MANY_COMBINATIONS: usize = 20;
/// From this share of rows in conflict on, labels are a warning.
pub const CONFLICTS: f64 = 0.01;

/// From this share of one value on a column is nearly constant.
pub const NEAR_CONSTANT: f64 = 0.995;
/// Rows below which a column of distinct values is no sign of an identifier.
pub const ID_ROWS: usize = 20;
/// The share of distinct values from which a text, or a whole number with the name of an identifier, identifies rows.
pub const ID_DISTINCT: f64 = 0.95;
/// From this share of missing values on a column is mostly missing; the second is a warning.
pub const MOSTLY_MISSING: (f64, f64) = (0.5, 0.95);
/// Levels from which a text may have too many, and the rows a level below which it has.
pub const MANY_LEVELS: usize = 50;
/// Mean rows a level below which levels say little.
pub const ROWS_A_LEVEL: f64 = 10.0;
/// A level of fewer rows is rare.
pub const RARE_ROWS: usize = 10;
/// Levels from which rare ones are counted, and the share of rows in rare ones from which they are reported.
pub const RARE_LEVELS: (usize, f64) = (10, 0.01);
/// Distinct texts of a column that are tried as numbers and dates.
pub const TRIED_TEXTS: usize = 2_000;

/// A minority class below this share is an info, below the second a warning, and so is one of fewer rows than the third.
pub const IMBALANCE: (f64, f64, u64) = (0.1, 0.01, 100);
/// Rows in all, rows of a class and rows a feature below which metrics are chance.
pub const FEW_ROWS: (usize, u64, usize) = (200, 30, 10);
/// The share of rows without a target from which it is a warning.
pub const TARGET_MISSING: f64 = 0.05;
/// Interquartile ranges beyond the quartiles that make a target an outlier.
pub const OUTLIER_RANGES: f64 = 10.0;

/// Rows in which both columns have a value, below which a correlation is chance.
pub const PAIR_LEAST: usize = 20;
/// |r| or Cramér's V from which two columns say the same.
pub const CORRELATED: f64 = 0.95;
/// Levels up to which Cramér's V is computed.
pub const PAIR_LEVELS: usize = 200;
/// Columns that are compared with each other.
pub const PAIR_COLUMNS: usize = 1000;
/// Cramér's V (or half of Cohen's d) between missing and the target: an info, a warning.
pub const MISSING_EFFECT: (f64, f64) = (0.1, 0.2);
/// Rows, missing and present, below which that is chance.
pub const MISSING_ROWS: u64 = 30;
/// Distinct times from which a column is one of time.
pub const TIMES: usize = 20;
/// The share of rows that count as the latest, as the holdout has it.
pub const LATEST: f64 = 0.2;
/// Cohen's d between the earlier and the latest rows from which time order matters.
pub const DRIFT: f64 = 0.2;

/// Rows of the sample on which scores are computed, and cells (rows x columns) up to which it is so large.
pub const SAMPLE: (usize, usize) = (50_000, 20_000_000);
/// The same for the warnings of a training.
pub const WARNING_SAMPLE: (usize, usize) = (10_000, 2_000_000);
/// The least rows of a sample.
pub const LEAST_SAMPLE: usize = 1_000;
/// Rows and cells of the sample from which a model of the other columns is learned.
pub const TOGETHER_SAMPLE: (usize, usize) = (10_000, 1_000_000);
/// Multiplications that comparing all pairs of columns may take.
pub const PAIR_WORK: usize = 1_000_000_000;
/// Rows of the sample on which pairs are compared.
pub const PAIR_ROWS: usize = 10_000;
/// Findings of a kind that are shown one by one.
pub const MOST_OF_A_KIND: usize = 10;
/// Warnings that a training shows.
pub const MOST_WARNINGS: usize = 3;

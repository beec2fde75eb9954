//! The cleaning of a model: what is done to the columns of a row before they become features.

use serde::{Deserialize, Serialize};

use super::{Input, InputKind, Model};
use crate::clean::program::{Kind, Op, Program};
use crate::error::{Error, Result};

/// What a model does to a row before it looks at it. Frozen, as the model is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cleaning {
    /// The columns that are read, one an input of the program.
    pub columns: Vec<RawColumn>,
    /// From them to the model's inputs, which are its outputs by name.
    pub program: Program,
    /// What was done to the target, and to the columns of weights, exposures, offsets, times and groups, before all else: an output a column, of the
    /// same name.
    pub target: Option<Program>,
}

/// A column as it comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RawColumn {
    /// The name.
    pub name: String,
    /// What it holds.
    pub kind: InputKind,
    /// The zone on whose clocks a timestamp with time zone is read.
    pub zone: Option<String>,
}

/// How a model comes by a column of a row.
#[derive(Debug, Clone)]
pub enum Argument<'a> {
    /// It is an input as it is.
    Input(&'a Input),
    /// The program reads it: its place among the program's inputs.
    Raw(usize, &'a RawColumn),
}

impl Argument<'_> {
    /// The name of the column.
    pub fn name(&self) -> &str {
        match self {
            Argument::Input(input) => &input.name,
            Argument::Raw(_, column) => &column.name,
        }
    }

    /// What it holds.
    pub fn kind(&self) -> InputKind {
        match self {
            Argument::Input(input) => input.kind,
            Argument::Raw(_, column) => column.kind,
        }
    }
}

impl Model {
    /// The columns of a row that the model reads, in the order of the arguments of `predict_<model>`.
    pub fn arguments(&self) -> Vec<Argument<'_>> {
        let Some(cleaning) = &self.cleaning else { return self.inputs.iter().map(Argument::Input).collect() };
        let columns = cleaning.columns.iter().enumerate();
        columns
            .map(|(i, column)| self.passed_on(cleaning, i).map_or(Argument::Raw(i, column), Argument::Input))
            .collect()
    }

    /// The input that is a column as it came, where nothing else is made of that.
    fn passed_on(&self, cleaning: &Cleaning, column: usize) -> Option<&Input> {
        let program = &cleaning.program;
        let mut shown = program.outputs.iter().filter(|o| o.register as usize == column);
        let output = shown.next().filter(|_| !program.is_read(column as u32))?;
        let input = self.inputs.iter().find(|i| i.name == output.name)?;
        (shown.next().is_none() && input.name == cleaning.columns[column].name).then_some(input)
    }

    /// The inputs that the program makes, with their registers.
    pub fn cleaned_inputs(&self) -> Vec<(&Input, u32)> {
        let Some(cleaning) = &self.cleaning else { return Vec::new() };
        let outputs = cleaning.program.outputs.iter().filter(|o| {
            let register = o.register as usize;
            register >= cleaning.columns.len() || self.passed_on(cleaning, register).is_none()
        });
        outputs.filter_map(|o| self.inputs.iter().find(|i| i.name == o.name).map(|i| (i, o.register))).collect()
    }

    /// The columns whose values are masked before anything else is done to them.
    pub fn masked_columns(&self) -> Vec<String> {
        let Some(cleaning) = &self.cleaning else { return Vec::new() };
        let masked = cleaning.program.ops.iter().filter_map(|op| match op {
            Op::Mask { from, .. } => cleaning.columns.get(*from as usize),
            _ => None,
        });
        masked.map(|column| column.name.clone()).collect()
    }

    /// Prove that the cleaning fits the inputs.
    pub(super) fn validate_cleaning(&self) -> Result<()> {
        let Some(cleaning) = &self.cleaning else { return Ok(()) };
        let wrong = |what: &str| Err(Error::InvalidModel(format!("the model is not valid: {what}")));
        cleaning.program.validate()?;
        cleaning.target.iter().try_for_each(Program::validate)?;
        let program = &cleaning.program;
        let same =
            |(a, b): (&RawColumn, &crate::clean::program::Source)| a.name == b.name && Kind::of(a.kind) == b.kind;
        if cleaning.columns.len() != program.inputs.len() || !cleaning.columns.iter().zip(&program.inputs).all(same) {
            return wrong("its cleaning reads other columns than the model");
        }
        if self.inputs.len() != program.outputs.len()
            || !self.inputs.iter().all(|i| program.outputs.iter().any(|o| o.name == i.name))
        {
            return wrong("its cleaning makes other columns than the model reads");
        }
        let kinds = program.kinds().unwrap_or_default();
        for (input, register) in self.cleaned_inputs() {
            let kind = kinds[register as usize];
            let fits = match input.kind {
                InputKind::Array | InputKind::Interval => false,
                // A truth value is a number, and either is told by a tree.
                InputKind::Number | InputKind::Boolean => kind.is_numeric(),
                other => Kind::of(other) == kind,
            };
            if !fits {
                return wrong("its cleaning makes a column of another kind than the model reads");
            }
        }
        Ok(())
    }
}

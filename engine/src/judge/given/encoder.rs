//! From rows as they come to rows as they are scored.

use super::{Given, Sample};
use crate::control::Control;
use crate::error::Result;
use crate::model::{Argument, InputKind};
use crate::score::{Cleaned, Moment, Scorer, Text};

/// Makes features of the columns of a row; every thread has its own.
#[derive(Debug)]
pub struct Encoder {
    /// By argument of the model.
    places: Vec<Place>,
    cleaned: Option<Cleaned>,
}

/// Where a column goes.
#[derive(Debug)]
enum Place {
    Number(usize),
    Category(usize),
    Moment(Moment),
    Text(Text),
    Array {
        first: usize,
        count: usize,
    },
    /// The cleaning reads it: its place among the inputs of the program, and whether that takes a text.
    Raw {
        input: usize,
        text: bool,
    },
}

impl Encoder {
    /// For the columns of [`crate::model::Model::arguments`].
    pub fn new(scorer: &Scorer) -> Encoder {
        let place = |argument: &Argument<'_>| match argument {
            Argument::Raw(input, column) => {
                Place::Raw { input: *input, text: matches!(column.kind, InputKind::Category | InputKind::Text) }
            }
            Argument::Input(input) => {
                let (first, count) = (input.first as usize, input.count as usize);
                match (input.kind, Moment::new(scorer, input), Text::new(scorer, input)) {
                    (_, Some(moment), _) => Place::Moment(moment),
                    (_, _, Some(text)) => Place::Text(text),
                    (InputKind::Category, ..) => Place::Category(first),
                    (InputKind::Array, ..) => Place::Array { first, count },
                    _ => Place::Number(first),
                }
            }
        };
        let places = scorer.model().arguments().iter().map(place).collect();
        Encoder { places, cleaned: Cleaned::new(scorer) }
    }

    /// Whether the model cleans a column, so that its features are there only after [`Encoder::clean`].
    pub fn is_raw(&self, argument: usize) -> bool {
        matches!(self.places.get(argument), Some(Place::Raw { .. }))
    }

    /// The features that change with a column.
    pub fn features(&self, scorer: &Scorer, argument: usize) -> Vec<usize> {
        match (self.places.get(argument), &self.cleaned) {
            (Some(Place::Raw { .. }), Some(cleaned)) => cleaned.features().to_vec(),
            _ => match scorer.model().arguments().get(argument) {
                Some(Argument::Input(input)) => (input.first as usize..(input.first + input.count) as usize).collect(),
                _ => Vec::new(),
            },
        }
    }

    /// Put a row of one value an argument.
    pub fn put(&mut self, scorer: &Scorer, values: &[Given], row: &mut [f64]) {
        for (argument, value) in values.iter().enumerate() {
            self.set(scorer, argument, value, row);
        }
        self.clean(scorer, row);
    }

    /// Put one column; [`Encoder::clean`] must follow where the model cleans.
    pub fn set(&mut self, scorer: &Scorer, argument: usize, value: &Given, row: &mut [f64]) {
        let Some(place) = self.places.get(argument) else { return };
        match place {
            Place::Number(at) => row[*at] = value.as_number(),
            Place::Moment(moment) => moment.put(value.as_number(), row),
            Place::Category(at) => {
                row[*at] = with_text(value, |text| text.map_or(f64::NAN, |text| scorer.category(*at, text)));
            }
            Place::Text(text) => with_text(value, |words| match words {
                Some(words) => text.put(words, row),
                None => text.missing(row),
            }),
            Place::Array { first, count } => {
                row[*first..first + count].fill(f64::NAN);
                if let Given::Array(values) = value {
                    row[*first..first + count].iter_mut().zip(values).for_each(|(cell, value)| *cell = *value);
                }
            }
            Place::Raw { input, text } => {
                let Some(cleaned) = &mut self.cleaned else { return };
                if *text {
                    with_text(value, |text| cleaned.columns().set_text(*input, text));
                } else {
                    cleaned.columns().set_number(*input, value.as_number());
                }
            }
        }
    }

    /// Put what the cleaning makes of the columns that were put.
    pub fn clean(&mut self, scorer: &Scorer, row: &mut [f64]) {
        if let Some(cleaned) = &mut self.cleaned {
            cleaned.put(scorer, row);
        }
    }

    /// The text that the cleaning made of the row for a feature that is a category.
    pub fn made_text(&self, feature: usize) -> Option<&str> {
        self.cleaned.as_ref()?.text(feature)
    }
}

/// The features of the rows of a sample, by column.
pub fn encode(scorer: &Scorer, sample: &Sample, control: &Control) -> Result<Vec<Vec<f64>>> {
    let features = scorer.model().features.len();
    let mut cells = (0..features).map(|_| control.vec(sample.rows.len())).collect::<Result<Vec<Vec<f64>>>>()?;
    let (mut encoder, mut row) = (Encoder::new(scorer), vec![f64::NAN; features]);
    for (i, values) in sample.rows.iter().enumerate() {
        if i % 64 == 0 {
            control.check()?;
        }
        encoder.put(scorer, values, &mut row);
        cells.iter_mut().zip(&row).for_each(|(column, cell)| column.push(*cell));
    }
    Ok(cells)
}

/// Hand the text of a value to `take`; a number that stands for a category is written with all its digits.
fn with_text<T>(value: &Given, take: impl FnOnce(Option<&[u8]>) -> T) -> T {
    match value {
        Given::Text(text) => take(Some(text.as_bytes())),
        Given::Number(number) => take(Some(format!("{number}").as_bytes())),
        Given::Missing | Given::Array(_) => take(None),
    }
}

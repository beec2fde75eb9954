//! The cleaned columns of a row that is scored.

use super::{Moment, Scorer, Text};
use crate::clean::program::Row;
use crate::model::InputKind;

/// From the columns of a row as they come to the features that the model's cleaning makes of them.
#[derive(Debug)]
pub struct Cleaned {
    row: Row,
    places: Vec<Place>,
    features: Vec<usize>,
}

/// Where what is in a register goes.
#[derive(Debug)]
struct Place {
    register: u32,
    feature: usize,
    what: What,
}

#[derive(Debug)]
enum What {
    Number,
    Category,
    Moment(Moment),
    Text(Text),
}

impl Cleaned {
    /// For a model; `None` for one without cleaning.
    pub fn new(scorer: &Scorer) -> Option<Cleaned> {
        let model = scorer.model();
        let cleaning = model.cleaning.as_ref()?;
        let (mut places, mut features) = (Vec::new(), Vec::new());
        for (input, register) in model.cleaned_inputs() {
            let feature = input.first as usize;
            features.extend(feature..feature + input.count as usize);
            let what = match (Text::new(scorer, input), Moment::new(scorer, input)) {
                (Some(text), _) => What::Text(text),
                (_, Some(moment)) => What::Moment(moment),
                _ if input.kind == InputKind::Category => What::Category,
                _ => What::Number,
            };
            places.push(Place { register, feature, what });
        }
        Some(Cleaned { row: Row::new(&cleaning.program), places, features })
    }

    /// The features it makes.
    pub fn features(&self) -> &[usize] {
        &self.features
    }

    /// The columns as they come: give each a number or a text before [`Cleaned::put`].
    pub fn columns(&mut self) -> &mut Row {
        &mut self.row
    }

    /// The model's inputs that the cleaning made of the last row, by name.
    pub fn made(&self, scorer: &Scorer) -> serde_json::Value {
        let inputs = scorer.model().cleaned_inputs();
        let value = |register: u32| self.row.value(register);
        serde_json::Value::Object(
            inputs.iter().map(|(input, register)| (input.name.clone(), value(*register))).collect(),
        )
    }

    /// What was given of a column before [`Cleaned::put`]: its number, and its text.
    pub fn given(&self, input: usize) -> (f64, Option<&str>) {
        (self.row.number(input as u32), self.row.text(input as u32))
    }

    /// The text that the cleaning made of the last row for a feature that is a category.
    pub fn text(&self, feature: usize) -> Option<&str> {
        let is_own = |place: &&Place| place.feature == feature && matches!(place.what, What::Category);
        self.row.text(self.places.iter().find(is_own)?.register)
    }

    /// Clean the row and put its features into `row`.
    pub fn put(&mut self, scorer: &Scorer, row: &mut [f64]) {
        let Some(cleaning) = &scorer.model().cleaning else { return };
        self.row.run(&cleaning.program);
        for place in &self.places {
            let text = || self.row.text(place.register);
            match &place.what {
                What::Number => row[place.feature] = self.row.number(place.register),
                What::Category => {
                    row[place.feature] = text().map_or(f64::NAN, |t| scorer.category(place.feature, t.as_bytes()));
                }
                What::Moment(moment) => moment.put(self.row.number(place.register), row),
                What::Text(words) => match text() {
                    Some(t) => words.put(t.as_bytes(), row),
                    None => words.missing(row),
                },
            }
        }
    }
}

//! Arguments as a row: one argument a column.

use orchard_engine::score::{Probe, Scorer};
use pgrx::pg_sys::NullableDatum;

use super::slot::Slot;
use crate::source::types::{self, Reader};

/// How the arguments of a call become a row, sorted by what is to be done, so that a row costs no decisions. Columns that no split
/// looks at are not read.
pub struct Arguments {
    /// Argument and feature of each number that needs no conversion.
    numbers: Vec<(usize, usize)>,
    /// Argument and feature of each text with few levels.
    texts: Vec<(usize, usize)>,
    /// Argument and feature of each text with many.
    far_texts: Vec<(usize, usize)>,
    /// By feature, for the latter.
    probes: Vec<Probe>,
    /// By feature, whether it is one of the latter.
    far: Vec<bool>,
    /// Argument and slot of the others.
    others: Vec<(usize, Slot)>,
    /// The argument of each feature that is a text; beyond all arguments for the others.
    text_of: Vec<usize>,
}

impl Arguments {
    /// For a slot an argument.
    pub fn new(scorer: &Scorer, slots: Vec<Slot>) -> Arguments {
        let (mut numbers, mut texts, mut far_texts, mut others) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let features = scorer.model().features.len();
        let mut text_of = vec![usize::MAX; features];
        for (argument, slot) in slots.into_iter().enumerate().filter(|(_, slot)| slot.is_used(scorer)) {
            if let Some(feature) = slot.plain_number() {
                numbers.push((argument, feature));
            } else if let Some(feature) = slot.plain_text() {
                let texts = if scorer.is_far(feature) { &mut far_texts } else { &mut texts };
                texts.push((argument, feature));
                text_of[feature] = argument;
            } else {
                others.push((argument, slot));
            }
        }
        let far = (0..features).map(|feature| scorer.is_far(feature)).collect();
        Arguments { far, numbers, texts, far_texts, probes: vec![Probe::default(); features], others, text_of }
    }

    /// Score a row.
    ///
    /// # Safety
    /// `args` are the arguments the slots were made for. May longjmp; no value with a destructor may be alive in the callers.
    #[inline]
    pub unsafe fn predict(&mut self, scorer: &Scorer, row: &mut [f64], out: &mut [f64], args: &[NullableDatum]) {
        for &(argument, feature) in &self.far_texts {
            let arg = &args[argument];
            row[feature] = if arg.isnull {
                f64::NAN
            } else if let Some(bytes) = types::short_text(arg.value) {
                self.probes[feature] = scorer.probe(feature, bytes);
                Scorer::LATER
            } else {
                types::category(Reader::Text, arg.value, |bytes| scorer.category(feature, bytes))
            };
        }
        for &(argument, feature) in &self.numbers {
            let arg = &args[argument];
            row[feature] = if arg.isnull { f64::NAN } else { f64::from_bits(arg.value.value() as u64) };
        }
        for &(argument, feature) in &self.texts {
            let arg = &args[argument];
            row[feature] = if arg.isnull { f64::NAN } else { Scorer::LATER };
        }
        for (argument, slot) in &mut self.others {
            let arg = &args[*argument];
            slot.put(scorer, row, if arg.isnull { None } else { Some(arg.value) });
        }
        let (text_of, far, probes) = (&self.text_of, &self.far, &self.probes);
        let look_up = |feature: usize| {
            // A number can be the very NaN that stands for a text; then it is missing, as any NaN.
            let Some(arg) = args.get(text_of[feature]) else { return f64::NAN };
            match types::short_text(arg.value) {
                Some(bytes) if far[feature] => scorer.category_at(feature, bytes, &probes[feature]),
                Some(bytes) => scorer.category(feature, bytes),
                None => types::category(Reader::Text, arg.value, |bytes| scorer.category(feature, bytes)),
            }
        };
        scorer.predict_lazy(row, look_up, out);
    }
}

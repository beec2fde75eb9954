//! `orchard.similar_rows`: one pass over the source, of which no more rows are kept than are asked for.

use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::judge::similar::{hash, Likeness, Nearest};
use orchard_engine::model::Task;
use orchard_engine::score::Scorer;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo, Oid};
use pgrx::IntoDatum;

use super::of_row;
use super::row::{named, number};
use crate::api::sampled::with_source;
use crate::api::score::{inputs, key_columns};
use crate::call::cells::Cells;
use crate::call::site::{label_of, top_of, Site};
use crate::catalog::{store, Found};
use crate::entry;
use crate::entry::value;
use crate::error::{Failure, Result};
use crate::set::Set;
use crate::source::stream::{stream, Sink};
use crate::source::{self, Attribute};
use crate::{json, settings};

/// More rows than this are refused.
const MOST: i32 = 1_000;

entry!(similar_rows, pg_finfo_similar_rows, fcinfo => of_row(fcinfo, rows));

/// Return the rows that are like the one that was just scored.
///
/// # Safety
/// `fcinfo` is the running call's, the site its own.
unsafe fn rows(fcinfo: FunctionCallInfo, site: &mut Site) -> Result<()> {
    let set = Set::new(fcinfo);
    let scorer = site.scorer.clone();
    let most = match value(fcinfo, 3).unwrap_or(10) {
        most @ 1..=MOST => most as usize,
        _ => return Err(Failure::argument(format!("top must be between 1 and {MOST}"))),
    };
    if let Some((does, look)) = scorer.model().task.apart() {
        let look = match scorer.model().task {
            Task::Recommendation => "orchard.similar_items gives the items most like an item.",
            _ => look,
        };
        return Err(Failure::argument(format!("rows of a model that {does} are not compared")).hint(look));
    }
    let found = named(fcinfo)?;
    let target = store::target(&found.deployed()?)?;
    let likeness = Likeness::new(&scorer, &site.row);
    let control = Control::new(settings::max_memory());
    let asked: Option<String> = value(fcinfo, 2);
    let mut all = Rows {
        out: vec![f64::NAN; scorer.outputs()],
        nearest: Nearest::new(most),
        reading: None,
        likeness,
        control: &control,
        scorer: scorer.clone(),
        found: &found,
    };
    with_source(&found, asked.as_deref(), |source| {
        let described = source::describe(source)?;
        // For its checks of the columns.
        key_columns(None, &described, scorer.model(), target.as_deref())?;
        // In an expression it is the whole row, whatever its columns are called.
        let whole = std::iter::once("COALESCE(s.*)".to_owned());
        let selected: Vec<String> = whole.chain(inputs(scorer.model())).collect();
        stream(&format!("SELECT {} FROM ({}\n) AS s", selected.join(", "), described.query), &mut all)
    })?;
    let Rows { nearest, likeness, .. } = all;
    for (at, (distance, kept)) in nearest.into_rows().enumerate() {
        let actual = target.as_deref().and_then(|target| kept.actual(target));
        set.put([
            (at as i32 + 1).into_datum(),
            number(likeness.similarity(distance)),
            number(distance),
            Some(json::jsonb(kept.row.into_bytes())),
            actual.into_datum(),
            number(kept.prediction.value()),
            kept.label.into_datum(),
        ])?;
    }
    Ok(())
}

/// A row that is kept. Ordered by what it says.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    /// As JSON.
    row: String,
    prediction: Bits,
    label: Option<String>,
}

/// A number that is only kept.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Bits(u64);

impl Bits {
    fn value(&self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl Kept {
    /// The text of a column.
    fn actual(&self, column: &str) -> Option<String> {
        let row: serde_json::Value = serde_json::from_str(&self.row).ok()?;
        match &row[column] {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// Takes the rows of the source: each row as a whole, then the columns that the model reads.
struct Rows<'a> {
    scorer: Rc<Scorer>,
    found: &'a Found,
    likeness: Likeness,
    nearest: Nearest<Kept>,
    reading: Option<Cells>,
    out: Vec<f64>,
    control: &'a Control,
}

impl Rows<'_> {
    /// Keep the row that was just put, if it is among the nearest.
    ///
    /// # Safety
    /// `whole` is a composite value. Runs under a guard.
    unsafe fn keep(&mut self, whole: Datum) -> Result<()> {
        let Some(reading) = &self.reading else { return Ok(()) };
        let (distance, hash) = (self.likeness.distance(&self.scorer, reading.row()), hash(reading.row()));
        if !self.nearest.admits(distance, hash) {
            return Ok(());
        }
        self.scorer.predict(reading.row(), &mut self.out);
        let (prediction, label) = match &self.scorer.model().task {
            Task::Classification { classes, .. } => {
                let prediction = if self.out.len() > 1 { top_of(&self.scorer, &self.out) } else { self.out[0] };
                (prediction, classes.get(label_of(&self.scorer, &self.out)).cloned())
            }
            Task::Reduction => (f64::NAN, None),
            _ => (self.out[0], None),
        };
        let text = pg_sys::OidFunctionCall1Coll(pg_sys::F_ROW_TO_JSON_RECORD.into(), Oid::INVALID, whole);
        let row = String::from_utf8_lossy(crate::source::types::Text::of(text).bytes()).into_owned();
        self.control.reserve(row.len())?;
        let kept = Kept { row, prediction: Bits(prediction.to_bits()), label };
        if let Some(gone) = self.nearest.push(distance, hash, kept) {
            self.control.release(gone.row.len());
        }
        Ok(())
    }
}

impl Sink for Rows<'_> {
    fn start(&mut self, columns: Vec<Attribute>) -> Result<()> {
        let types: Vec<Oid> = columns.iter().skip(1).map(|column| column.oid).collect();
        self.reading = Some(Cells::new(&self.scorer, self.found, &types)?);
        Ok(())
    }

    // SAFETY: as the trait says.
    unsafe fn row(&mut self, values: *const Datum, nulls: *const bool) -> Result<()> {
        if let Some(reading) = &mut self.reading {
            reading.put(values.add(1), nulls.add(1));
        }
        match *nulls {
            true => Ok(()),
            false => self.keep(*values),
        }
    }
}

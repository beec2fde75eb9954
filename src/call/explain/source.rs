//! `orchard.explain_source`: every row of a source, some hundreds at a time.

use std::rc::Rc;

use orchard_engine::control::Control;
use orchard_engine::judge::shap::{answers, columns, Explained, Explanation, Shap, Value};
use orchard_engine::model::Task;
use orchard_engine::score::Scorer;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo, Oid};
use pgrx::IntoDatum;

use super::row::number;
use super::{by_size, check_scores, class_of, shown, unit, Writer};
use crate::api::sampled::background;
use crate::api::score::{inputs, key_columns, key_object};
use crate::call::cells::Cells;
use crate::catalog::name::ModelName;
use crate::catalog::{self, cache, store, Found};
use crate::entry;
use crate::entry::{fill, value};
use crate::error::{given, Failure, Result};
use crate::set::Set;
use crate::source::stream::{stream, Sink};
use crate::source::{self, Attribute};
use crate::{interrupt, settings};

/// Rows that are explained at a time.
const ROWS: usize = 1024;
/// Numbers that they may have together.
const NUMBERS: usize = 1 << 21;
/// Bytes of keys and values that are enough to explain fewer rows.
const BYTES: usize = 16 << 20;

entry!(explain_source, pg_finfo_explain_source, fcinfo => fill(|| run(fcinfo)));

/// # Safety
/// `fcinfo` is the running call's, of a function that returns a set of rows.
unsafe fn run(fcinfo: FunctionCallInfo) -> Result<()> {
    let text = |i: usize, name: &str| -> Result<String> { given(value::<String>(fcinfo, i), name) };
    let (model, source) = (text(0, "model")?, text(1, "source")?);
    let top = match value::<i32>(fcinfo, 2) {
        Some(top) => usize::try_from(top)
            .ok()
            .filter(|top| *top > 0)
            .ok_or_else(|| Failure::argument("top must be at least 1").hint("Give NULL for all columns."))?,
        None => usize::MAX,
    };
    let found = catalog::find(&ModelName::parse(&model)?)?;
    let scorer = cache::deployed(&found)?;
    check_scores(scorer.model())?;
    let class = class_of(scorer.model(), value::<String>(fcinfo, 3).as_deref())?;
    let target = store::target(&found.deployed()?)?;
    let described = source::describe(&source)?;
    let key = key_columns(value(fcinfo, 4), &described, scorer.model(), target.as_deref())?;
    let selected: Vec<String> = std::iter::once(key_object("s", &key)).chain(inputs(scorer.model())).collect();
    let query = format!("SELECT {} FROM ({}\n) AS s", selected.join(", "), described.query);
    let control = Control::new(settings::max_memory());
    let against = match value::<String>(fcinfo, 5) {
        Some(source) => Some(background(&found, &scorer, &source, &control)?),
        // What a model is unfit for is said before the source is read.
        None => Shap::new(&scorer, &control).map(|_| None)?,
    };
    let set = Set::new(fcinfo);
    let mut rows = Rows::new(scorer, found, Answer { class, top, target, against }, set);
    stream(&query, &mut rows)?;
    rows.flush()
}

/// What is asked for.
struct Answer {
    class: Option<usize>,
    top: usize,
    target: Option<String>,
    /// The background, by feature.
    against: Option<Vec<Vec<f64>>>,
}

/// Gathers rows, and explains them when there are enough.
struct Rows {
    scorer: Rc<Scorer>,
    found: Found,
    explained: Vec<Explained>,
    answer: Answer,
    set: Set,
    /// Known when the columns are.
    reading: Option<Cells>,
    /// By argument, how it is shown, where it is.
    writers: Vec<Option<Writer>>,
    most: usize,
    /// Bytes of the keys and values.
    bytes: usize,
    /// By row, the bytes of its key.
    keys: Vec<Option<Vec<u8>>>,
    /// By feature, a number a row.
    cells: Vec<Vec<f64>>,
    /// By row, the values of its columns.
    values: Vec<Vec<Option<String>>>,
}

impl Rows {
    fn new(scorer: Rc<Scorer>, found: Found, answer: Answer, set: Set) -> Rows {
        let explained = columns(scorer.model());
        let features = scorer.model().features.len();
        let numbers = scorer.outputs().saturating_mul(explained.len()).saturating_add(features);
        Rows {
            most: (NUMBERS / numbers.max(1)).clamp(1, ROWS),
            scorer,
            found,
            explained,
            answer,
            set,
            reading: None,
            writers: Vec::new(),
            bytes: 0,
            keys: Vec::new(),
            cells: vec![Vec::new(); features],
            values: Vec::new(),
        }
    }

    /// Explain the rows that were gathered.
    ///
    /// # Safety
    /// Runs under a guard, in a context that outlives the call.
    unsafe fn flush(&mut self) -> Result<()> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let cells: Vec<&[f64]> = self.cells.iter().map(Vec::as_slice).collect();
        let control = &Control::new(settings::max_memory());
        let (scorer, explained, class) = (&*self.scorer, &self.explained, self.answer.class);
        let against = self.answer.against.as_deref();
        let all = interrupt::run("orchard.explain_source", control, || {
            answers(scorer, &cells, explained, class, against, control)
        })?;
        for ((explanation, key), values) in all.iter().zip(&self.keys).zip(&self.values) {
            self.put(explanation, key.as_deref(), values)?;
        }
        self.bytes = 0;
        self.keys.clear();
        self.values.clear();
        self.cells.iter_mut().for_each(Vec::clear);
        Ok(())
    }

    /// # Safety
    /// As for [`Rows::flush`].
    unsafe fn put(&self, explanation: &Explanation, key: Option<&[u8]>, values: &[Option<String>]) -> Result<()> {
        let model = self.scorer.model();
        let unit = unit(model, explanation.class, self.answer.target.as_deref());
        let label = match &model.task {
            Task::Classification { classes, .. } => classes.get(explanation.class).map(String::as_str),
            _ => None,
        };
        let parts = &explanation.columns;
        let order = by_size(parts.iter().map(|part| part.score));
        let (first, rest) = order.split_at(self.answer.top.min(order.len()));
        // Of several classes a column may move the others alone.
        let moves = |at: &usize| parts[*at].score != 0.0 || parts[*at].response != 0.0;
        let first: Vec<usize> = first.iter().copied().filter(moves).collect();
        let names: Vec<&str> = first.iter().map(|&at| self.explained[at].name.as_str()).collect();
        let shown: Vec<Option<&str>> = first.iter().map(|&at| values[at].as_deref()).collect();
        let scores: Vec<f64> = first.iter().map(|&at| parts[at].score).collect();
        let finite = |value: f64| value.is_finite().then_some(value);
        let responses: Vec<Option<f64>> = first.iter().map(|&at| finite(parts[at].response)).collect();
        let others = rest.iter().fold((0.0, 0.0), |sum, &at| (sum.0 + parts[at].score, sum.1 + parts[at].response));
        let clauses: Vec<(String, Option<String>, f64)> =
            first.iter().map(|&at| (self.explained[at].name.clone(), values[at].clone(), parts[at].response)).collect();
        self.set.put([
            // The tuplestore copies it.
            key.map(|key| Datum::from(key.as_ptr() as usize)),
            explanation.answer.into_datum(),
            label.into_datum(),
            names.into_datum(),
            shown.into_datum(),
            scores.into_datum(),
            responses.into_datum(),
            number(explanation.base.score),
            number(others.0),
            number(explanation.base.response),
            number(others.1),
            unit.summary(&clauses, others.1).into_datum(),
        ])
    }

    /// Keep the row that was just put, and its values.
    ///
    /// # Safety
    /// As for [`Sink::row`]; runs under a guard.
    unsafe fn keep(&mut self, key: Option<Datum>) {
        let bytes = |datum: Datum| {
            let jsonb = pg_sys::pg_detoast_datum(datum.cast_mut_ptr());
            std::slice::from_raw_parts(jsonb.cast::<u8>(), pgrx::varlena::varsize_any(jsonb)).to_vec()
        };
        let Some(reading) = &self.reading else { return };
        self.keys.push(key.map(bytes));
        self.cells.iter_mut().zip(reading.row()).for_each(|(column, cell)| column.push(*cell));
        let pairs = self.writers.iter_mut().zip(reading.args());
        let texts: Vec<Option<String>> = pairs
            .map(|(writer, arg)| writer.as_mut().filter(|_| !arg.isnull).map(|writer| writer.text(arg.value)))
            .collect();
        let values = shown::values(&self.scorer, &self.explained, &texts, reading.raw(), reading.row());
        self.bytes += values.iter().flatten().map(String::len).sum::<usize>();
        self.bytes += self.keys.last().and_then(Option::as_ref).map_or(0, Vec::len);
        self.values.push(values);
    }
}

impl Sink for Rows {
    fn start(&mut self, columns: Vec<Attribute>) -> Result<()> {
        let types: Vec<Oid> = columns.iter().skip(1).map(|column| column.oid).collect();
        self.reading = Some(Cells::new(&self.scorer, &self.found, &types)?);
        let is_shown = |at: usize| {
            let columns = self.explained.iter().filter(|column| column.value == Value::Argument(at));
            columns.flat_map(|column| &column.features).any(|&feature| self.scorer.uses(feature))
        };
        self.writers = types.iter().enumerate().map(|(at, oid)| is_shown(at).then(|| Writer::new(*oid))).collect();
        Ok(())
    }

    // SAFETY: as the trait says.
    unsafe fn row(&mut self, values: *const Datum, nulls: *const bool) -> Result<()> {
        // The first column is the key.
        if let Some(reading) = &mut self.reading {
            reading.put(values.add(1), nulls.add(1));
        }
        self.keep((!*nulls).then(|| *values));
        if self.keys.len() == self.most || self.bytes > BYTES {
            self.flush()?;
        }
        Ok(())
    }
}

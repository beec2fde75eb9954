//! The state of one call site: the model as the statement's snapshot sees it, and how each argument is read.

use std::rc::Rc;

use orchard_engine::judge::uplift::best_treatment;
use orchard_engine::model::{Argument, Task};
use orchard_engine::score::{effects, Scorer};
use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo, Oid};
use pgrx::PgSqlErrorCode;

use super::arguments::Arguments;
use super::cleaned::RawRow;
use super::json::JsonRow;
use super::record::RecordRow;
use super::slot::Slot;
use super::spare;
use crate::catalog::name::ModelName;
use crate::catalog::{self, cache, changes, relations, resolved, Found};
use crate::error::{Failure, Result};
use crate::source::types::Text;

/// The model and the buffers of a call site.
pub struct Site {
    /// What scores.
    pub scorer: Rc<Scorer>,
    /// One number a feature.
    pub row: Vec<f64>,
    /// What the scorer answers.
    pub out: Vec<f64>,
    /// Where the row comes from.
    pub input: InputRow,
    /// The name or id the model was found by.
    key: Vec<u8>,
    /// The version that the call asks for; `None` for the deployed one.
    version: Option<i32>,
    /// Whether the call names the same model, and version, in every row.
    same: bool,
    /// [`changes::count`] when the model was looked up.
    looked: u64,
    /// The types of the arguments.
    pub types: Vec<Oid>,
    /// What the model was known by, where the site may serve another statement.
    pub resolved: Option<Rc<resolved::Entry>>,
    /// Who may use the model.
    user: Oid,
    /// [`cache::evictions`] when the scorer was taken from the cache.
    evictions: u64,
    /// Called at the end of the statement.
    pub ended: pg_sys::MemoryContextCallback,
}

/// Where the row comes from.
pub enum InputRow {
    /// One argument a column.
    Arguments(Arguments),
    /// A composite value.
    Record(RecordRow),
    /// A JSON object.
    Json(JsonRow),
}

impl InputRow {
    /// What the model cleans of a record or JSON object.
    pub fn raw(&self) -> Option<&RawRow> {
        match self {
            InputRow::Record(record) => record.raw(),
            InputRow::Json(json) => json.raw(),
            InputRow::Arguments(_) => None,
        }
    }
}

/// How the first argument names the model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// By its id, as its function does.
    Id,
    /// By its name.
    Name,
    /// By its name, and the version by the third argument.
    Version,
}

/// How the other arguments hold the row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One argument a column.
    Columns,
    /// One argument, a row or JSON.
    Row,
}

impl Site {
    fn new(fcinfo: FunctionCallInfo, key: Key, shape: Shape, bytes: &[u8], version: Option<i32>) -> Result<Site> {
        let looked = changes::count();
        let found = find(key, bytes)?;
        let scorer = match version {
            Some(number) => cache::version(&catalog::version_id(&found.row, number)?, &found)?,
            None => cache::deployed(&found)?,
        };
        // SAFETY: flinfo belongs to the running call.
        let same = unsafe { is_constant((*fcinfo).flinfo, 0) && same_version(fcinfo, key) };
        let resolved = match bytes.try_into() {
            // A model that is not in the cache is not to be kept beside it.
            Ok(id) if key == Key::Id && same && cache::has(&scorer) => resolved::entry_of(id, &found),
            _ => None,
        };
        let key = if same && key != Key::Id { Vec::new() } else { bytes.to_vec() };
        let types = if shape == Shape::Columns { argument_types(fcinfo)? } else { Vec::new() };
        let input = match shape {
            Shape::Columns => arguments(fcinfo, &scorer, &found, &types)?,
            Shape::Row => match argument_type(fcinfo, 1)? {
                pg_sys::JSONBOID | pg_sys::JSONOID | pg_sys::TEXTOID | pg_sys::UNKNOWNOID => {
                    InputRow::Json(JsonRow::new(&scorer)?)
                }
                other if is_row(other) => InputRow::Record(RecordRow::default()),
                other => {
                    return Err(Failure::new(
                        PgSqlErrorCode::ERRCODE_DATATYPE_MISMATCH,
                        format!("a row cannot be given as {}", crate::source::types::display_name(other)),
                    )
                    .hint("Give a table row, a jsonb object or a ROW cast to a composite type."))
                }
            },
        };
        let row = vec![f64::NAN; scorer.model().features.len()];
        let out = vec![f64::NAN; scorer.outputs()];
        let (user, evictions) = (relations::current_user(), cache::evictions());
        let ended = pg_sys::MemoryContextCallback::default();
        Ok(Site { scorer, row, out, input, key, version, same, looked, types, resolved, user, evictions, ended })
    }

    /// Whether it was made for the model of an id and a user, and nothing has changed since.
    pub fn is_for(&self, id: &[u8], count: u64, user: Oid) -> bool {
        self.looked == count && self.user == user && self.key == id
    }

    /// Make ready for another statement; false where that needs a new site, or the model is kept by this one alone.
    #[cfg_attr(target_os = "linux", link_section = "orchard_row")]
    pub fn can_stay(&mut self, evictions: u64) -> bool {
        match &mut self.input {
            InputRow::Arguments(arguments) if self.resolved.is_some() && self.evictions == evictions => {
                arguments.renew()
            }
            _ => false,
        }
    }

    /// The labels of the model, and the place of the positive one; an error where it has none.
    pub fn classes(&self) -> Result<(&[String], usize)> {
        classes(&self.scorer)
    }

    /// The most probable label of the row just scored.
    pub fn label(&self) -> Result<&str> {
        if let Task::Uplift { treatments, control, .. } = &self.scorer.model().task {
            return Ok(treatments.get(label_of(&self.scorer, &self.out)).unwrap_or(control));
        }
        let (classes, _) = self.classes()?;
        Ok(classes.get(label_of(&self.scorer, &self.out)).map_or("", String::as_str))
    }
}

/// The labels that a model gives, by the places of [`label_of`]; an error where it gives none.
pub(in crate::call) fn labels(scorer: &Scorer) -> Result<Vec<&str>> {
    match &scorer.model().task {
        Task::Uplift { treatments, control, .. } => {
            Ok(treatments.iter().chain([control]).map(String::as_str).collect())
        }
        _ => Ok(classes(scorer)?.0.iter().map(String::as_str).collect()),
    }
}

/// The labels of a model, and the place of the positive one; an error where it has none.
pub(super) fn classes(scorer: &Scorer) -> Result<(&[String], usize)> {
    match &scorer.model().task {
        Task::Classification { classes, positive } => Ok((classes, *positive as usize)),
        Task::Regression => Err(not_a_classifier("a regression")),
        Task::Clustering => Err(not_a_classifier("a clustering")),
        Task::Anomaly => Err(not_a_classifier("an anomaly detection")),
        Task::Uplift { .. } => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            "the model predicts what treatments change, not probabilities",
        )
        .hint("Use orchard.predict_uplift for the effect of each treatment, or orchard.predict_label for the best.")),
        Task::Recommendation => Err(not_a_classifier("a recommendation")),
        Task::Forecast => Err(not_a_classifier("a forecast")),
        Task::Lifetime => Err(not_a_classifier("an expectation")),
        Task::Reduction => Err(Failure::new(
            PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE,
            "the model reduces rows to components and has no labels",
        )
        .hint("Use orchard.transform or the function of the model.")),
    }
}

/// The index of the most probable class of an answer of a classifier. Of a model of one class it may be that of a class that never occurred. Of a model of uplift that of the best
/// treatment, or their number where none raises anything.
pub(in crate::call) fn label_of(scorer: &Scorer, out: &[f64]) -> usize {
    if let Task::Uplift { treatments, .. } = &scorer.model().task {
        return (best_treatment(effects(out)) as usize).checked_sub(1).unwrap_or(treatments.len());
    }
    let Task::Classification { classes, positive } = &scorer.model().task else { return 0 };
    let positive = *positive as usize;
    match out {
        // One number is the probability of the positive class; with two classes the other one is 1 - positive.
        [p] if *p >= 0.5 || classes.len() < 2 => positive,
        [_] => 1 - positive.min(1),
        out => (1..out.len()).fold(0, |best, i| if out[i] > out[best] { i } else { best }),
    }
}

/// Whether an answer is that there is none: for a row in no dense part, a time that is not forecast, or what is no customer.
#[inline]
pub(in crate::call) fn in_none(scorer: &Scorer, answer: f64) -> bool {
    answer.is_nan() && scorer.model().may_be_silent()
}

/// The probability of the most probable class in an answer.
pub(in crate::call) fn top_of(scorer: &Scorer, out: &[f64]) -> f64 {
    match out {
        [p] => p.max(1.0 - p),
        out => out[label_of(scorer, out)],
    }
}

fn not_a_classifier(what: &str) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_WRONG_OBJECT_TYPE, format!("the model is {what} and has no labels"))
        .hint("Use orchard.predict or the function of the model.")
}

/// Whether an argument of a call is a constant. The server's get_fn_expr_arg_stable also says so of a parameter, but a call site outlives
/// the values of parameters: PL/pgSQL keeps an expression for a transaction, and its variables are parameters.
///
/// # Safety
/// `flinfo` belongs to the running call.
unsafe fn is_constant(flinfo: *const pg_sys::FmgrInfo, index: usize) -> bool {
    argument((*flinfo).fn_expr, index).is_some_and(|node| (*node).type_ == pg_sys::NodeTag::T_Const)
}

/// Whether a call asks for the same version in every row.
///
/// # Safety
/// Runs inside a call with `fcinfo`.
unsafe fn same_version(fcinfo: FunctionCallInfo, key: Key) -> bool {
    key != Key::Version || is_constant((*fcinfo).flinfo, VERSION)
}

/// The type and value of an argument of a call that is a constant and not NULL.
///
/// # Safety
/// `expression` is a live node or null.
pub(super) unsafe fn constant(expression: *const pg_sys::Node, index: usize) -> Option<(Oid, Datum)> {
    let node = argument(expression, index).filter(|node| (**node).type_ == pg_sys::NodeTag::T_Const)?;
    let constant = &*node.cast::<pg_sys::Const>();
    (!constant.constisnull).then_some((constant.consttype, constant.constvalue))
}

/// An argument of a call of a function.
///
/// # Safety
/// `expression` is a live node or null.
unsafe fn argument(expression: *const pg_sys::Node, index: usize) -> Option<*const pg_sys::Node> {
    if expression.is_null() || (*expression).type_ != pg_sys::NodeTag::T_FuncExpr {
        return None;
    }
    let arguments = (*expression.cast::<pg_sys::FuncExpr>()).args;
    if arguments.is_null() || index >= (*arguments).length as usize {
        return None;
    }
    Some((*(*arguments).elements.add(index)).ptr_value.cast::<pg_sys::Node>())
}

fn is_row(oid: Oid) -> bool {
    // SAFETY: a catalogue look-up on the main thread.
    oid == pg_sys::RECORDOID || unsafe { pg_sys::type_is_rowtype(oid) }
}

fn find(key: Key, bytes: &[u8]) -> Result<Rc<Found>> {
    match key {
        Key::Id => {
            let id = bytes.try_into().map_err(|_| Failure::internal("the id of a model has not 16 bytes"))?;
            catalog::find_by_id(&id)
        }
        Key::Name | Key::Version => catalog::find(&name(bytes)?).map(Rc::new),
    }
}

fn name(bytes: &[u8]) -> Result<ModelName> {
    // A database of another encoding can hold what is not UTF-8.
    let text = std::str::from_utf8(bytes).map_err(|_| Failure::argument("the name of a model is not valid text"))?;
    ModelName::parse(text)
}

/// The name of a model that a constant gives.
///
/// # Safety
/// `datum` is a non-null text. May longjmp.
pub(super) unsafe fn constant_name(datum: Datum) -> Result<ModelName> {
    name(key_bytes(datum, Key::Name))
}

fn argument_type(fcinfo: FunctionCallInfo, index: i32) -> Result<Oid> {
    // SAFETY: flinfo belongs to the running call.
    let oid = unsafe { pg_sys::get_fn_expr_argtype((*fcinfo).flinfo, index) };
    if oid == Oid::INVALID {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_INDETERMINATE_DATATYPE,
            "could not determine the type of an argument",
        ));
    }
    Ok(oid)
}

/// Whether the arguments of a call, all but the first, have these types. Said of a statement of one row before anything else, so types are read where they
/// stand, of the usual nodes; an expression of another kind has none.
///
/// # Safety
/// `flinfo` belongs to the running call.
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
pub(super) unsafe fn has_types(flinfo: *const pg_sys::FmgrInfo, types: &[Oid]) -> bool {
    let expression = (*flinfo).fn_expr;
    if expression.is_null() || (*expression).type_ != pg_sys::NodeTag::T_FuncExpr {
        return false;
    }
    let list = (*expression.cast::<pg_sys::FuncExpr>()).args;
    if list.is_null() || (*list).length as usize != types.len() + 1 {
        return false;
    }
    let arguments = std::slice::from_raw_parts((*list).elements, types.len() + 1);
    arguments[1..].iter().zip(types).all(|(cell, oid)| type_of(cell.ptr_value.cast()) == Some(*oid))
}

/// The type of an expression, where it is of a usual kind.
///
/// # Safety
/// `node` is live.
#[inline]
unsafe fn type_of(node: *const pg_sys::Node) -> Option<Oid> {
    Some(match (*node).type_ {
        pg_sys::NodeTag::T_Var => (*node.cast::<pg_sys::Var>()).vartype,
        pg_sys::NodeTag::T_Const => (*node.cast::<pg_sys::Const>()).consttype,
        pg_sys::NodeTag::T_Param => (*node.cast::<pg_sys::Param>()).paramtype,
        pg_sys::NodeTag::T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).funcresulttype,
        pg_sys::NodeTag::T_OpExpr => (*node.cast::<pg_sys::OpExpr>()).opresulttype,
        pg_sys::NodeTag::T_RelabelType => (*node.cast::<pg_sys::RelabelType>()).resulttype,
        pg_sys::NodeTag::T_CoerceViaIO => (*node.cast::<pg_sys::CoerceViaIO>()).resulttype,
        pg_sys::NodeTag::T_CaseExpr => (*node.cast::<pg_sys::CaseExpr>()).casetype,
        pg_sys::NodeTag::T_CoalesceExpr => (*node.cast::<pg_sys::CoalesceExpr>()).coalescetype,
        pg_sys::NodeTag::T_BoolExpr | pg_sys::NodeTag::T_NullTest => pg_sys::BOOLOID,
        _ => return None,
    })
}

/// The types of all arguments but the first.
fn argument_types(fcinfo: FunctionCallInfo) -> Result<Vec<Oid>> {
    // SAFETY: the running call's own record.
    let given = unsafe { (*fcinfo).nargs };
    (1..i32::from(given)).map(|i| argument_type(fcinfo, i)).collect()
}

fn arguments(fcinfo: FunctionCallInfo, scorer: &Scorer, found: &Found, types: &[Oid]) -> Result<InputRow> {
    // SAFETY: flinfo belongs to the running call.
    let constant = |i: usize| unsafe { is_constant((*fcinfo).flinfo, i + 1) };
    let (slots, raw) = slots(scorer, found, types, constant)?;
    Ok(InputRow::Arguments(Arguments::new(scorer, slots, raw)))
}

/// A slot an argument, `None` for one that the model cleans, and whether it is a constant.
pub(super) type Slots = Vec<(Option<Slot>, bool)>;

/// A slot for each column of the model, whose values come as `types`, and whether it is a constant; `None` for columns that the model cleans, and how
/// those are read.
pub(super) fn slots(
    scorer: &Scorer,
    found: &Found,
    types: &[Oid],
    constant: impl Fn(usize) -> bool,
) -> Result<(Slots, Option<RawRow>)> {
    let inputs = scorer.model().arguments();
    let given = types.len();
    if given != inputs.len() {
        return Err(Failure::new(
            PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE,
            format!("model \"{}.{}\" reads {} columns, not {given}", found.row.schema, found.row.name, inputs.len()),
        )
        .hint(format!("Call {}.", crate::catalog::function::identity(found.function))));
    }
    let slot = |(i, (argument, &oid)): (usize, (&Argument<'_>, &Oid))| match argument {
        Argument::Input(input) => Ok((Some(Slot::new(scorer, input, oid)?), constant(i))),
        Argument::Raw(..) => Ok((None, false)),
    };
    let slots = inputs.iter().zip(types).enumerate().map(slot).collect::<Result<_>>()?;
    let place = |name: &str| inputs.iter().position(|a| a.name() == name).map(|i| (i, types[i]));
    Ok((slots, RawRow::new(scorer, place)?))
}

/// The bytes that name the model: an id's sixteen, or a name's.
///
/// # Safety
/// Argument 0 is a non-null uuid or text.
unsafe fn key_bytes<'a>(datum: Datum, key: Key) -> &'a [u8] {
    match key {
        Key::Id => std::slice::from_raw_parts(datum.cast_mut_ptr::<u8>(), 16),
        Key::Name | Key::Version => Text::of(datum).bytes(),
    }
}

/// The state of the running call's site, made at its first call, and made anew when it names another model or the
/// models may have changed.
///
/// # Safety
/// Runs inside a call with `fcinfo`, whose argument 0 is not null. May longjmp.
#[inline]
pub unsafe fn site<'a>(fcinfo: FunctionCallInfo, key: Key, shape: Shape) -> &'a mut Site {
    let flinfo = (*fcinfo).flinfo;
    let site = (*flinfo).fn_extra.cast::<Site>();
    let datum = (*(*fcinfo).args.as_ptr()).value;
    if !site.is_null()
        && (*site).looked == changes::count()
        && ((*site).same || ((*site).key == key_bytes(datum, key) && (*site).version == version(fcinfo, key)))
    {
        return &mut *site;
    }
    make(fcinfo, key, shape, datum)
}

/// The argument that says which version is meant.
const VERSION: usize = 2;

/// The version that the running call asks for.
///
/// # Safety
/// Runs inside a call with `fcinfo`.
unsafe fn version(fcinfo: FunctionCallInfo, key: Key) -> Option<i32> {
    let args = (*fcinfo).args.as_slice((*fcinfo).nargs as usize);
    let given = args.get(VERSION).filter(|given| key == Key::Version && !given.isnull)?;
    Some(given.value.value() as i32)
}

/// # Safety
/// As for [`site`]; `datum` is argument 0.
#[cold]
#[cfg_attr(target_os = "linux", link_section = "orchard_row")]
unsafe fn make<'a>(fcinfo: FunctionCallInfo, key: Key, shape: Shape, datum: Datum) -> &'a mut Site {
    let flinfo = (*fcinfo).flinfo;
    let old = (*flinfo).fn_extra.cast::<Site>();
    if old.is_null() && key == Key::Id && shape == Shape::Columns {
        if let Some(site) = spare::again(flinfo, key_bytes(datum, key)) {
            return site;
        }
    }
    pgrx_extern_c_guard(|| match Site::new(fcinfo, key, shape, key_bytes(datum, key), version(fcinfo, key)) {
        Ok(new) if old.is_null() => spare::start(flinfo, Box::new(new)),
        Ok(new) => {
            // The server has the address of what it calls at the end.
            *old = Site { ended: (*old).ended, ..new };
            &mut *old
        }
        Err(failure) => failure.raise(),
    })
}

//! `orchard.predict(model, t)` as a call with one argument a column, which costs a fraction of one with a row.
//!
//! The planner asks; the answer is the call that `predict_<model>` stands for, where the model is a constant and the row one of a table or
//! subquery whose columns are known. A plan made so depends on the model's function: it is made anew when that changes. Where the row can be
//! the NULL of an outer join, the call stays as it is, because the answer is NULL then, not the score of a row of NULLs.

use std::ffi::CStr;

use orchard_engine::model::{Argument, InputKind, Model, Task};
use pgrx::pg_sys::{self, Datum, FuncExpr, List, Node, NodeTag, Oid, PlannerInfo, Var};

use super::batch::list::{elements, is, push};
use super::site::{constant, constant_name};
use crate::catalog::function::MOST_ARGUMENTS;
use crate::catalog::{self, cache, relations};

/// What is to stand for a call by name; `None` where it stays as it is.
///
/// # Safety
/// The planner's, on the main thread, inside a guard.
pub unsafe fn rewritten(root: *mut PlannerInfo, call: *mut FuncExpr) -> Option<*mut Node> {
    if root.is_null() || (*call).funcvariadic {
        return None;
    }
    match elements::<Node>((*call).args) {
        [_, _] => {}
        // A version that is asked for is left to the call.
        [_, _, version] if is_null(*version) => {}
        _ => return None,
    }
    let (_, name) = constant(call.cast(), 0).filter(|(oid, _)| *oid == pg_sys::TEXTOID)?;
    let row = elements::<Node>((*call).args)[1];
    if !is(row, NodeTag::T_Var) && !is(row, NodeTag::T_RowExpr) {
        return None;
    }
    let name = constant_name(name).ok()?;
    let found = catalog::find(&name).ok()?;
    let scorer = cache::deployed(&found).ok()?;
    let (function, result) = target((*call).funcid, scorer.model())?;
    let inputs = scorer.model().arguments();
    if inputs.len() > MOST_ARGUMENTS {
        return None;
    }
    let id: *mut [u8; 16] = pg_sys::palloc(16).cast();
    *id = found.row.id;
    let mut arguments: *mut List = std::ptr::null_mut();
    let key = pg_sys::makeConst(pg_sys::UUIDOID, -1, Oid::INVALID, 16, Datum::from(id as usize), false, false);
    push(&mut arguments, key);
    let row = Row::new(root, row)?;
    for input in inputs {
        push(&mut arguments, row.column(input.name())?);
    }
    pg_sys::record_plan_function_dependency(root, found.function);
    let collation = (*call).inputcollid;
    let form = pg_sys::CoercionForm::COERCE_EXPLICIT_CALL;
    Some(pg_sys::makeFuncExpr(function, result, arguments, (*call).funccollid, collation, form).cast())
}

/// Whether an argument is a NULL that is known when the query is planned.
///
/// # Safety
/// `node` is a live node.
unsafe fn is_null(node: *mut Node) -> bool {
    is(node, NodeTag::T_Const) && (*node.cast::<pg_sys::Const>()).constisnull
}

/// A call by id whose numbers are read as they are, without the casts that the types of `predict_<model>` ask for: the call reads every type of number, and
/// what a cast costs is more than that. `None` where there is none.
///
/// # Safety
/// The planner's, on the main thread, inside a guard.
pub unsafe fn without_casts(call: *mut FuncExpr) -> Option<*mut Node> {
    let arguments = elements::<Node>((*call).args);
    if (*call).funcvariadic || !arguments.iter().skip(1).any(|argument| uncast(*argument).is_some()) {
        return None;
    }
    let (_, id) = constant(call.cast(), 0).filter(|(oid, _)| *oid == pg_sys::UUIDOID)?;
    let scorer = cache::deployed(&*catalog::find_by_id(&*id.cast_mut_ptr::<[u8; 16]>()).ok()?).ok()?;
    let inputs = scorer.model().arguments();
    if inputs.len() + 1 != arguments.len() {
        return None;
    }
    let mut list: *mut List = std::ptr::null_mut();
    push(&mut list, arguments[0]);
    let mut changed = false;
    for (argument, input) in arguments[1..].iter().zip(&inputs) {
        let is_number = matches!(input, Argument::Input(input) if input.kind == InputKind::Number);
        let inner = if is_number { uncast(*argument) } else { None };
        changed |= inner.is_some();
        push(&mut list, inner.unwrap_or(*argument));
    }
    if !changed {
        return None;
    }
    let form = (*call).funcformat;
    let (collation, input) = ((*call).funccollid, (*call).inputcollid);
    Some(pg_sys::makeFuncExpr((*call).funcid, (*call).funcresulttype, list, collation, input, form).cast())
}

/// What a cast to float8 casts, where it is a number.
///
/// # Safety
/// `node` is live.
unsafe fn uncast(node: *mut Node) -> Option<*mut Node> {
    const CASTS: [u32; 5] = [
        pg_sys::F_FLOAT8_INT2,
        pg_sys::F_FLOAT8_INT4,
        pg_sys::F_FLOAT8_INT8,
        pg_sys::F_FLOAT8_FLOAT4,
        pg_sys::F_FLOAT8_NUMERIC,
    ];
    if !is(node, NodeTag::T_FuncExpr) {
        return None;
    }
    let cast = node.cast::<FuncExpr>();
    match elements::<Node>((*cast).args) {
        [inner] if CASTS.contains(&(*cast).funcid.to_u32()) => Some(*inner),
        _ => None,
    }
}

/// The function of columns that does what a function of a row does, and its type.
///
/// # Safety
/// Main thread, inside a guard.
unsafe fn target(function: Oid, model: &Model) -> Option<(Oid, Oid)> {
    let name = pg_sys::get_func_name(function);
    // Another session may have dropped it: a query that is being planned holds no lock on its functions.
    if name.is_null() {
        return None;
    }
    let (name, result) = match (CStr::from_ptr(name).to_bytes(), &model.task) {
        (b"predict", Task::Classification { classes, .. }) if classes.len() > 2 => return None,
        // An error that the call gives.
        (b"predict", Task::Reduction) => return None,
        (b"transform", Task::Reduction) => (c"score_components", pg_sys::FLOAT8ARRAYOID),
        (b"predict", _) => (c"score_number", pg_sys::FLOAT8OID),
        (b"predict_label", Task::Classification { .. }) => (c"score_label", pg_sys::TEXTOID),
        _ => return None,
    };
    let found = relations::function_of(pg_sys::get_func_namespace(function), name);
    (found != Oid::INVALID).then_some((found, result))
}

/// A row whose columns are expressions.
enum Row {
    /// Of a table.
    Table { var: *mut Var, table: Oid },
    /// The names and values of the columns.
    Columns(Vec<(String, *mut Node)>),
}

impl Row {
    /// The columns of `row`; `None` where they are not known.
    ///
    /// # Safety
    /// `root` is the planner's and `row` a live Var or RowExpr of its query; main thread, inside a guard.
    unsafe fn new(root: *mut PlannerInfo, row: *mut Node) -> Option<Row> {
        if is(row, NodeTag::T_RowExpr) {
            return Row::of_expression(row.cast());
        }
        let var = row.cast::<Var>();
        let query = &*(*root).parse;
        let tables = elements::<pg_sys::RangeTblEntry>(query.rtable);
        let is_outer = |entry: &*mut pg_sys::RangeTblEntry| {
            (**entry).rtekind == pg_sys::RTEKind::RTE_JOIN && (**entry).jointype != pg_sys::JoinType::JOIN_INNER
        };
        if (*var).varattno != 0 || (*var).varlevelsup != 0 || tables.iter().any(is_outer) {
            return None;
        }
        let entry = &**tables.get((*var).varno as usize - 1)?;
        match entry.rtekind {
            pg_sys::RTEKind::RTE_RELATION => Some(Row::Table { var, table: entry.relid }),
            pg_sys::RTEKind::RTE_SUBQUERY if !entry.subquery.is_null() => {
                let names = elements::<pg_sys::String>((*entry.eref).colnames);
                let mut columns = Vec::new();
                for target in elements::<pg_sys::TargetEntry>((*entry.subquery).targetList) {
                    let number = (**target).resno;
                    if (**target).resjunk || number < 1 || number as usize > names.len() {
                        continue;
                    }
                    let value = (**target).expr.cast::<Node>();
                    let (oid, collation) = (pg_sys::exprType(value), pg_sys::exprCollation(value));
                    let column = column_of(var, number, oid, pg_sys::exprTypmod(value), collation);
                    columns.push((text((*names[number as usize - 1]).sval), column.cast()));
                }
                Some(Row::Columns(columns))
            }
            _ => None,
        }
    }

    /// The columns of a ROW, which the planner makes of a row of a subquery too.
    ///
    /// # Safety
    /// `row` is a live node of its type; main thread, inside a guard.
    unsafe fn of_expression(row: *mut pg_sys::RowExpr) -> Option<Row> {
        let values = elements::<Node>((*row).args);
        if pg_sys::contain_volatile_functions((*row).args.cast()) {
            return None;
        }
        if !(*row).colnames.is_null() {
            let names = elements::<pg_sys::String>((*row).colnames).iter().map(|name| text((**name).sval));
            return Some(Row::Columns(names.zip(values.iter().copied()).collect()));
        }
        if (*row).row_typeid == pg_sys::RECORDOID {
            return None;
        }
        let desc = pg_sys::lookup_rowtype_tupdesc((*row).row_typeid, -1);
        let mut columns = Vec::new();
        for (i, value) in values.iter().enumerate().take((*desc).natts as usize) {
            let attribute = &*crate::compat::attribute(desc, i);
            if !attribute.attisdropped {
                columns.push((text(attribute.attname.data.as_ptr()), *value));
            }
        }
        if (*desc).tdrefcount >= 0 {
            pg_sys::DecrTupleDescRefCount(desc);
        }
        Some(Row::Columns(columns))
    }

    /// The value of a column.
    ///
    /// # Safety
    /// The nodes the row was made of are still live; main thread, inside a guard.
    unsafe fn column(&self, name: &str) -> Option<*mut Node> {
        match self {
            Row::Columns(columns) => {
                let mut own = columns.iter().filter(|(column, _)| column == name);
                let first = own.next()?;
                // Of two columns of a name, which one is meant is left to the call.
                own.next().is_none().then_some(first.1)
            }
            Row::Table { var, table } => {
                let name = std::ffi::CString::new(name).ok()?;
                let number = pg_sys::get_attnum(*table, name.as_ptr());
                if number < 1 {
                    return None;
                }
                let (mut oid, mut typmod, mut collation) = (Oid::INVALID, -1, Oid::INVALID);
                pg_sys::get_atttypetypmodcoll(*table, number, &mut oid, &mut typmod, &mut collation);
                Some(column_of(*var, number, oid, typmod, collation).cast())
            }
        }
    }
}

/// A column of the table whose whole row `var` is.
///
/// # Safety
/// `var` is a live node of its type; main thread, inside a guard.
unsafe fn column_of(var: *mut Var, number: i16, oid: Oid, typmod: i32, collation: Oid) -> *mut Var {
    let column = pg_sys::copyObjectImpl(var.cast()).cast::<Var>();
    ((*column).varattno, (*column).varattnosyn) = (number, number);
    ((*column).vartype, (*column).vartypmod, (*column).varcollid) = (oid, typmod, collation);
    column
}

/// # Safety
/// `name` is a terminated string.
unsafe fn text(name: *const std::ffi::c_char) -> String {
    CStr::from_ptr(name).to_string_lossy().into_owned()
}

//! The scoring calls in an expression.

use std::cell::Cell;
use std::ffi::c_void;

use pgrx::pg_sys::{self, FuncExpr, List, Node, NodeTag, Oid};

use super::list::{elements, has_equal, is, push};
use crate::call::site::constant;
use crate::catalog::{self, cache, changes, relations};

/// What a scoring function returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// float8.
    Number,
    /// float8: the probability of the label.
    Top,
    /// text.
    Label,
    /// int4.
    Segment,
}

/// The casts of PostgreSQL to float8 that every value passes.
const WIDENING: [u32; 4] =
    [pg_sys::F_FLOAT8_INT2, pg_sys::F_FLOAT8_INT4, pg_sys::F_FLOAT8_INT8, pg_sys::F_FLOAT8_FLOAT4];

/// What a look through an expression gathers.
struct Search {
    /// What is computed already.
    given: *mut List,
    /// Calls that can be scored in advance, each once.
    calls: *mut List,
    /// Whether what stands here is computed for some rows only.
    conditional: bool,
}

/// The calls of an expression that can be scored for many rows at once, each once, beside those in what is `given`, computed already.
///
/// # Safety
/// `expression` is a live expression or list of them, or null; `given` a list of nodes or null.
pub unsafe fn calls(expression: *mut Node, given: *mut List) -> *mut List {
    let mut search = Search { given, calls: std::ptr::null_mut(), conditional: false };
    look(expression, (&raw mut search).cast());
    search.calls
}

/// # Safety
/// `node` is a live node or null; `context` points to a [`Search`] that nothing else uses meanwhile; main thread, inside a guard.
unsafe extern "C-unwind" fn look(node: *mut Node, context: *mut c_void) -> bool {
    if node.is_null() {
        return false;
    }
    let search = &mut *context.cast::<Search>();
    if !is(node, NodeTag::T_List) && has_equal(search.given, node) {
        return false;
    }
    if can_be_scored(node, search.conditional) {
        if !has_equal(search.calls, node) {
            push(&mut search.calls, node);
        }
        return false;
    }
    let conditional = search.conditional;
    search.conditional |= match (*node).type_ {
        NodeTag::T_CaseExpr | NodeTag::T_CoalesceExpr | NodeTag::T_BoolExpr | NodeTag::T_MinMaxExpr => true,
        NodeTag::T_Aggref => !(*node.cast::<pg_sys::Aggref>()).aggfilter.is_null(),
        // Their arguments are of another level, or computed elsewhere.
        NodeTag::T_SubPlan | NodeTag::T_AlternativeSubPlan | NodeTag::T_PlaceHolderVar => return false,
        _ => false,
    };
    pg_sys::expression_tree_walker(node, Some(look), context);
    search.conditional = conditional;
    false
}

/// Whether a node is a scoring call of a model that gains by it, and computing it for every row raises nothing and changes nothing.
///
/// # Safety
/// `node` is a live node; main thread, inside a guard.
unsafe fn can_be_scored(node: *mut Node, conditional: bool) -> bool {
    if !is(node, NodeTag::T_FuncExpr) || kind(node.cast()).is_none() {
        return false;
    }
    let arguments = (*node.cast::<FuncExpr>()).args;
    let plain = elements::<Node>(arguments).iter().all(|argument| is_plain(*argument));
    if !plain {
        let list = arguments.cast::<Node>();
        let can_be_moved = !pg_sys::contain_volatile_functions(list)
            && !pg_sys::contain_subplans(list)
            && !pg_sys::expression_returns_set(list);
        let has_calls = !calls(list, std::ptr::null_mut()).is_null();
        if conditional || !can_be_moved || has_calls {
            return false;
        }
    }
    gains(node)
}

/// A column, a constant or a parameter, or a cast of one to float8: it cannot fail.
///
/// # Safety
/// `node` is a live node or null.
unsafe fn is_plain(mut node: *const Node) -> bool {
    loop {
        if is(node, NodeTag::T_RelabelType) {
            node = (*node.cast::<pg_sys::RelabelType>()).arg.cast();
        } else if is(node, NodeTag::T_FuncExpr) && WIDENING.contains(&(*node.cast::<FuncExpr>()).funcid.to_u32()) {
            match elements::<Node>((*node.cast::<FuncExpr>()).args) {
                [argument] => node = *argument,
                _ => return false,
            }
        } else {
            break;
        }
    }
    [NodeTag::T_Var, NodeTag::T_Const, NodeTag::T_Param].iter().any(|tag| is(node, *tag))
}

/// Whether the model of a call is quicker with many rows at once. One that cannot be used is left to the call, which says why.
///
/// # Safety
/// `call` is a live call for which [`kind`] answers, so that a constant in its first place is a uuid; main thread, inside a guard.
unsafe fn gains(call: *mut Node) -> bool {
    let Some((_, datum)) = constant(call, 0) else { return false };
    let id = *datum.cast_mut_ptr::<[u8; 16]>();
    catalog::find_by_id(&id).and_then(|found| cache::deployed(&found)).is_ok_and(|scorer| scorer.gains_from_batches())
}

thread_local! {
    /// [`changes::count`] when they were looked up, and the functions that score columns.
    static FUNCTIONS: Cell<(u64, [Oid; 4])> = const { Cell::new((u64::MAX, [Oid::INVALID; 4])) };
}

/// What a call of a function returns, if that scores columns by a model's id.
///
/// # Safety
/// `call` is a live node of its type.
pub unsafe fn kind(call: *const FuncExpr) -> Option<Kind> {
    // A call has an id and some columns; to look a name up is not for every function of a query.
    constant(call.cast(), 0).filter(|(oid, _)| *oid == pg_sys::UUIDOID)?;
    let (count, known) = FUNCTIONS.get();
    let functions = if count == changes::count() { known } else { look_up() };
    let at = functions.iter().position(|function| *function == (*call).funcid)?;
    Some([Kind::Number, Kind::Top, Kind::Label, Kind::Segment][at])
}

/// # Safety
/// Main thread, inside a guard and a transaction.
unsafe fn look_up() -> [Oid; 4] {
    let schema = pg_sys::get_namespace_oid(c"orchard".as_ptr(), true);
    let mut functions = [Oid::INVALID; 4];
    for (function, name) in functions.iter_mut().zip([c"score_number", c"score_top", c"score_label", c"score_segment"])
    {
        *function = relations::function_of(schema, name);
    }
    FUNCTIONS.set((changes::count(), functions));
    functions
}

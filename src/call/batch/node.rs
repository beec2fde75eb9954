//! The node in plan and execution.

use std::ffi::CString;
use std::rc::Rc;

use orchard_engine::score::{level, Batch, Scorer};
use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{
    self, CustomExecMethods, CustomPath, CustomPathMethods, CustomScan, CustomScanMethods, CustomScanState, Datum,
    EState, ExprState, FuncExpr, List, Node, NodeTag, NullableDatum, Plan, PlanState, PlannerInfo, RelOptInfo,
    TupleTableSlot,
};
use pgrx::PgMemoryContexts;

use super::find::{self, Kind};
use super::list::{elements, is, push};
use crate::call::arguments::{Arguments, Block};
use crate::call::site::{in_none, label_of, labels, slots, top_of};
use crate::catalog::{self, cache};
use crate::error::Result;
use crate::source::types::raw;

/// What EXPLAIN calls it.
const NAME: &std::ffi::CStr = c"Orchard Batch";
/// Rows of the first block; each further one is four times as large, so that a LIMIT reads few rows in vain.
const FIRST_ROWS: usize = 64;
/// Rows of a block at most.
const MOST_ROWS: usize = 4 * Batch::ROWS;
/// Fewer rows than this are scored one by one: a block takes as long for one row as for 256.
const FEW_ROWS: usize = 48;

/// Methods that hold pointers to constants alone.
struct Methods<T>(T);
// SAFETY: the pointers are to functions and literals.
unsafe impl<T> Sync for Methods<T> {}

static PATH_METHODS: Methods<CustomPathMethods> = Methods(CustomPathMethods {
    CustomName: NAME.as_ptr(),
    PlanCustomPath: Some(plan),
    ReparameterizeCustomPathByChild: None,
});
static SCAN_METHODS: Methods<CustomScanMethods> =
    Methods(CustomScanMethods { CustomName: NAME.as_ptr(), CreateCustomScanState: Some(create) });
static EXEC_METHODS: Methods<CustomExecMethods> = Methods(CustomExecMethods {
    CustomName: NAME.as_ptr(),
    BeginCustomScan: Some(begin),
    ExecCustomScan: Some(next),
    EndCustomScan: Some(end),
    ReScanCustomScan: Some(rescan),
    MarkPosCustomScan: None,
    RestrPosCustomScan: None,
    EstimateDSMCustomScan: None,
    InitializeDSMCustomScan: None,
    ReInitializeDSMCustomScan: None,
    InitializeWorkerCustomScan: None,
    ShutdownCustomScan: None,
    ExplainCustomScan: Some(explain),
});

/// Let plans with the node be read, as parallel workers do.
pub fn register() {
    // SAFETY: called once, from _PG_init; the methods live for ever.
    unsafe { pg_sys::RegisterCustomScanMethods(&raw const SCAN_METHODS.0) };
}

/// The methods of its paths.
pub fn path_methods() -> *const CustomPathMethods {
    &raw const PATH_METHODS.0
}

/// Make the plan of a path.
///
/// # Safety
/// Called by the planner.
unsafe extern "C-unwind" fn plan(
    _: *mut PlannerInfo,
    _: *mut RelOptInfo,
    path: *mut CustomPath,
    columns: *mut List,
    _: *mut List,
    plans: *mut List,
) -> *mut Plan {
    let below = elements::<Plan>(plans)[0];
    let calls = (*path).custom_private;
    let scan = pg_sys::palloc0(std::mem::size_of::<CustomScan>()).cast::<CustomScan>();
    (*scan).scan.plan.type_ = NodeTag::T_CustomScan;
    (*scan).scan.plan.targetlist = columns;
    (*scan).scan.plan.lefttree = below;
    (*scan).flags = (*path).flags;
    (*scan).methods = &raw const SCAN_METHODS.0;
    // A row of the node: the columns beneath, then the scores.
    let mut expressions: *mut List = std::ptr::null_mut();
    for entry in elements::<pg_sys::TargetEntry>((*below).targetlist) {
        push(&mut expressions, (**entry).expr);
    }
    for call in elements::<Node>(calls) {
        push(&mut expressions, *call);
    }
    for (i, expression) in elements::<pg_sys::Expr>(expressions).iter().enumerate() {
        let copy = pg_sys::copyObjectImpl((*expression).cast()).cast();
        let entry = pg_sys::makeTargetEntry(copy, i as i16 + 1, std::ptr::null_mut(), false);
        push(&mut (*scan).custom_scan_tlist, entry);
    }
    // The server turns columns in these into those of the node's row.
    for call in elements::<FuncExpr>(calls) {
        for argument in elements::<Node>((**call).args).iter().skip(1) {
            push(&mut (*scan).custom_exprs, pg_sys::copyObjectImpl((*argument).cast()).cast::<Node>());
        }
    }
    (*scan).custom_private = pg_sys::copyObjectImpl(calls.cast()).cast();
    scan.cast()
}

/// The node while it runs. The server knows the first part alone.
#[repr(C)]
struct Running {
    node: CustomScanState,
    state: *mut State,
}

/// Where an argument of a call comes from.
enum Argument {
    /// A column of the node beneath.
    Column(usize),
    /// An expression.
    Computed(*mut ExprState),
}

/// A call that is computed.
struct Call {
    expression: *mut FuncExpr,
    id: [u8; 16],
    kind: Kind,
    arguments: Vec<Argument>,
    given: Vec<NullableDatum>,
    model: Option<Model>,
}

/// The model of a call and the rows of a block.
struct Model {
    scorer: Rc<Scorer>,
    batch: Batch,
    arguments: Arguments,
    block: Block,
    /// By row, the numbers of the answer.
    out: Vec<f64>,
    /// The labels as the server has them, and an empty one.
    labels: Vec<Datum>,
}

/// What the node keeps.
struct State {
    calls: Vec<Call>,
    /// Columns of the node beneath, and those that are handed on, with their lengths where they are copied.
    columns: usize,
    kept: Vec<(usize, bool, i16)>,
    /// The values of the kept columns of a block, and of the scores, row by row.
    values: Vec<NullableDatum>,
    width: usize,
    /// The number of calls, and whether their models are loaded.
    scores: usize,
    loaded: bool,
    /// Where values of a block lie.
    memory: pg_sys::MemoryContext,
    rows: usize,
    at: usize,
    limit: usize,
    ended: bool,
}

/// # Safety
/// Called by the executor.
unsafe extern "C-unwind" fn create(scan: *mut CustomScan) -> *mut Node {
    let running = pg_sys::palloc0(std::mem::size_of::<Running>()).cast::<Running>();
    (*running).node.ss.ps.type_ = NodeTag::T_CustomScanState;
    (*running).node.flags = (*scan).flags;
    (*running).node.methods = &raw const EXEC_METHODS.0;
    running.cast()
}

/// # Safety
/// Called by the executor; slots and projection are made.
unsafe extern "C-unwind" fn begin(node: *mut CustomScanState, estate: *mut EState, flags: i32) {
    let scan = (*node).ss.ps.plan.cast::<CustomScan>();
    (*node).ss.ps.lefttree = pg_sys::ExecInitNode((*scan).scan.plan.lefttree, estate, flags);
    pgrx_extern_c_guard(|| {
        let columns = elements::<Node>((*(*scan).scan.plan.lefttree).targetlist).len();
        let mut expressions = elements::<Node>((*scan).custom_exprs).iter();
        let mut calls = Vec::new();
        for call in elements::<FuncExpr>((*scan).custom_private) {
            let count = elements::<Node>((**call).args).len() - 1;
            let argument = |expression: &*mut Node| argument(*expression, columns, &raw mut (*node).ss.ps);
            let arguments: Vec<Argument> = expressions.by_ref().take(count).map(argument).collect();
            calls.push(Call::new(*call, arguments));
        }
        let slot = (*node).ss.ss_ScanTupleSlot;
        let desc = (*slot).tts_tupleDescriptor;
        let wanted = wanted((*scan).scan.plan.targetlist, columns);
        let kept: Vec<(usize, bool, i16)> = wanted
            .into_iter()
            .map(|column| {
                let attribute = crate::compat::attribute(desc, column);
                (column, (*attribute).attbyval, (*attribute).attlen)
            })
            .collect();
        for i in 0..(*desc).natts as usize {
            *(*slot).tts_isnull.add(i) = true;
        }
        let query = (*estate).es_query_cxt;
        let memory = pg_sys::AllocSetContextCreateInternal(
            query,
            NAME.as_ptr(),
            pg_sys::ALLOCSET_DEFAULT_MINSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_INITSIZE as usize,
            pg_sys::ALLOCSET_DEFAULT_MAXSIZE as usize,
        );
        let width = kept.len() + calls.len();
        let state = State {
            scores: calls.len(),
            loaded: false,
            calls,
            columns,
            kept,
            values: Vec::new(),
            width,
            memory,
            rows: 0,
            at: 0,
            limit: FIRST_ROWS,
            ended: false,
        };
        (*node.cast::<Running>()).state = PgMemoryContexts::For(query).leak_and_drop_on_delete(state);
    });
}

/// Where an argument comes from.
///
/// # Safety
/// `expression` is a live expression of the node's plan, whose columns are numbered as its row; `parent` is the node's state. Main thread, inside a
/// guard.
unsafe fn argument(expression: *mut Node, columns: usize, parent: *mut PlanState) -> Argument {
    if is(expression, NodeTag::T_Var) {
        let var = &*expression.cast::<pg_sys::Var>();
        if var.varattno >= 1 && var.varattno as usize <= columns {
            return Argument::Column(var.varattno as usize - 1);
        }
    }
    Argument::Computed(pg_sys::ExecInitExpr(expression.cast(), parent))
}

/// The columns of the node beneath that the node's own columns read, counted from 0.
///
/// # Safety
/// `columns` is the live target list of a plan. Main thread, inside a guard.
unsafe fn wanted(columns: *mut List, below: usize) -> Vec<usize> {
    let vars = pg_sys::pull_var_clause(columns.cast(), pg_sys::PVC_RECURSE_PLACEHOLDERS as i32);
    let mut wanted: Vec<usize> = elements::<pg_sys::Var>(vars)
        .iter()
        .filter(|var| (***var).varattno >= 1)
        .map(|var| (**var).varattno as usize - 1)
        .filter(|column| *column < below)
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

impl Call {
    /// # Safety
    /// `expression` is a live scoring call, whose first argument is a constant uuid, and lives as long as the plan. Main thread, inside a guard.
    unsafe fn new(expression: *mut FuncExpr, arguments: Vec<Argument>) -> Call {
        let id = crate::call::site::constant(expression.cast(), 0).map(|(_, datum)| *datum.cast_mut_ptr::<[u8; 16]>());
        let given = vec![NullableDatum { value: Datum::from(0usize), isnull: true }; arguments.len()];
        let kind = find::kind(expression).unwrap_or(Kind::Number);
        Call { expression, id: id.unwrap_or_default(), kind, arguments, given, model: None }
    }

    /// Find the model, as the first call of a function would.
    ///
    /// # Safety
    /// The plan that `expression` belongs to is live. Main thread, inside a guard; the current memory context lives as long as the query.
    unsafe fn load(&self) -> Result<Model> {
        let found = catalog::find_by_id(&self.id)?;
        let scorer = cache::deployed(&found)?;
        let nodes = elements::<Node>((*self.expression).args);
        let types: Vec<pg_sys::Oid> = nodes.iter().skip(1).map(|node| pg_sys::exprType(*node)).collect();
        let constant = |i: usize| is(nodes[i + 1], NodeTag::T_Const);
        let (slots, raw) = slots(&scorer, &found, &types, constant)?;
        let arguments = Arguments::new(&scorer, slots, raw);
        let label = |text: &str| Datum::from(pg_sys::cstring_to_text_with_len(text.as_ptr().cast(), text.len() as i32));
        let labels = match self.kind {
            // Last the label of a class that never occurred, as a call has it.
            Kind::Label => labels(&scorer)?.into_iter().chain([""]).map(label).collect(),
            _ => Vec::new(),
        };
        Ok(Model {
            batch: Batch::new(&scorer),
            block: arguments.block(&scorer, MOST_ROWS),
            out: vec![f64::NAN; MOST_ROWS * scorer.outputs()],
            arguments,
            labels,
            scorer,
        })
    }
}

impl Model {
    /// Score the rows of the block.
    fn score(&mut self, rows: usize) {
        let outputs = self.scorer.outputs();
        let out = &mut self.out[..rows * outputs];
        self.arguments.find(&self.scorer, &mut self.block, rows);
        let Block { row, columns, .. } = &mut self.block;
        if rows < FEW_ROWS {
            for (r, out) in out.chunks_exact_mut(outputs).enumerate() {
                row.iter_mut().zip(&*columns).for_each(|(cell, column)| *cell = column[r]);
                self.scorer.predict(row, out);
            }
            return;
        }
        let cells: Vec<&[f64]> = columns.iter().map(|column| &column[..rows]).collect();
        self.batch.predict(&self.scorer, &cells, out);
    }

    /// The answer of a row of the block.
    fn answer(&self, kind: Kind, row: usize) -> NullableDatum {
        let outputs = self.scorer.outputs();
        let out = &self.out[row * outputs..][..outputs];
        let value = match kind {
            Kind::Number => Datum::from(out[0].to_bits() as usize),
            Kind::Top => Datum::from(top_of(&self.scorer, out).to_bits() as usize),
            Kind::Segment => Datum::from(out[0] as i32),
            // There is one, of a class or the last.
            Kind::Label => self.labels[label_of(&self.scorer, out).min(self.labels.len() - 1)],
        };
        let isnull = matches!(kind, Kind::Number | Kind::Segment) && in_none(&self.scorer, out[0]);
        NullableDatum { value, isnull }
    }
}

/// # Safety
/// Called by the executor. May longjmp: no frame has anything to drop while the server runs.
unsafe extern "C-unwind" fn next(node: *mut CustomScanState) -> *mut TupleTableSlot {
    let state = (*node.cast::<Running>()).state;
    if (*state).at == (*state).rows {
        fill(node, state);
        if (*state).rows == 0 {
            return std::ptr::null_mut();
        }
    }
    emit(node, state)
}

/// Read and score a block.
///
/// # Safety
/// As for [`next`].
unsafe fn fill(node: *mut CustomScanState, state: *mut State) {
    let below = (*node).ss.ps.lefttree;
    let context = (*node).ss.ps.ps_ExprContext;
    let slot = (*node).ss.ss_ScanTupleSlot;
    let (columns, limit) = ((*state).columns, (*state).limit);
    ((*state).rows, (*state).at) = (0, 0);
    raw::MemoryContextReset((*state).memory);
    if (*state).ended {
        return;
    }
    let width = columns + (*state).scores;
    while (*state).rows < limit {
        let Some(run) = (*below).ExecProcNode else { break };
        if !(*below).chgParam.is_null() {
            raw::ExecReScan(below);
        }
        let given = run(below);
        if given.is_null() || u32::from((*given).tts_flags) & pg_sys::TTS_FLAG_EMPTY != 0 {
            (*state).ended = true;
            break;
        }
        if ((*given).tts_nvalid as usize) < columns {
            raw::slot_getsomeattrs_int(given, columns as i32);
        }
        if !(*state).loaded {
            // Only now, as a call looks for its model when there is a row.
            pgrx_extern_c_guard(|| prepare(node, state));
        }
        // Expressions read the columns in our own row.
        std::ptr::copy_nonoverlapping((*given).tts_values, (*slot).tts_values, columns);
        std::ptr::copy_nonoverlapping((*given).tts_isnull, (*slot).tts_isnull, columns);
        (*slot).tts_nvalid = width as i16;
        (*slot).tts_flags &= !(pg_sys::TTS_FLAG_EMPTY as u16);
        (*context).ecxt_scantuple = slot;
        take_row(state, given, context);
        raw::MemoryContextReset((*context).ecxt_per_tuple_memory);
        (*state).rows += 1;
    }
    (*state).limit = (limit * 4).min(MOST_ROWS);
    if (*state).rows > 0 {
        pgrx_extern_c_guard(|| score(&mut *state));
    }
}

/// Take a row into the block.
///
/// # Safety
/// As for [`next`]; `given` has its columns.
unsafe fn take_row(state: *mut State, given: *mut TupleTableSlot, context: *mut pg_sys::ExprContext) {
    let State { calls, kept, values, width, memory, rows, .. } = &mut *state;
    for call in calls.iter_mut() {
        for (argument, datum) in call.arguments.iter().zip(call.given.iter_mut()) {
            match argument {
                Argument::Column(i) => {
                    datum.value = *(*given).tts_values.add(*i);
                    datum.isnull = *(*given).tts_isnull.add(*i);
                }
                Argument::Computed(expression) => {
                    let old = pg_sys::CurrentMemoryContext;
                    pg_sys::CurrentMemoryContext = (*context).ecxt_per_tuple_memory;
                    if let Some(run) = (**expression).evalfunc {
                        datum.value = run(*expression, context, &mut datum.isnull);
                    }
                    pg_sys::CurrentMemoryContext = old;
                }
            }
        }
        if let Some(model) = &mut call.model {
            model.arguments.put(&model.scorer, &mut model.block, *rows, &call.given);
        }
    }
    let values = &mut values[*rows * *width..][..kept.len()];
    for ((column, by_value, length), kept) in kept.iter().zip(values) {
        kept.isnull = *(*given).tts_isnull.add(*column);
        kept.value = *(*given).tts_values.add(*column);
        if !kept.isnull && !*by_value {
            let old = pg_sys::CurrentMemoryContext;
            pg_sys::CurrentMemoryContext = *memory;
            kept.value = raw::datumCopy(kept.value, false, i32::from(*length));
            pg_sys::CurrentMemoryContext = old;
        }
    }
}

/// Load the models.
///
/// # Safety
/// As for [`next`], inside a guard; nothing else uses `state` meanwhile.
unsafe fn prepare(node: *mut CustomScanState, state: *mut State) {
    let query = (*(*node).ss.ps.state).es_query_cxt;
    let state = &mut *state;
    for call in &mut state.calls {
        // Labels live as long as the query.
        let loaded = PgMemoryContexts::For(query).switch_to(|_| call.load());
        call.model = Some(loaded.unwrap_or_else(|failure| failure.raise()));
    }
    let value = NullableDatum { value: Datum::from(0usize), isnull: true };
    state.values.resize(MOST_ROWS * state.width, value);
    state.loaded = true;
}

/// Score the block.
fn score(state: &mut State) {
    let State { calls, kept, values, width, rows, .. } = state;
    for (i, call) in calls.iter_mut().enumerate() {
        let Some(model) = &mut call.model else { continue };
        model.score(*rows);
        for (row, values) in values.chunks_exact_mut(*width).take(*rows).enumerate() {
            values[kept.len() + i] = model.answer(call.kind, row);
        }
    }
}

/// Hand the next row of the block on.
///
/// # Safety
/// As for [`next`]; the block has one.
unsafe fn emit(node: *mut CustomScanState, state: *mut State) -> *mut TupleTableSlot {
    let slot = (*node).ss.ss_ScanTupleSlot;
    let State { kept, values, width, at, columns, .. } = &mut *state;
    let row = &values[*at * *width..][..*width];
    *at += 1;
    let places = kept.iter().map(|kept| kept.0).chain(*columns..);
    for (datum, place) in row.iter().zip(places) {
        *(*slot).tts_values.add(place) = datum.value;
        *(*slot).tts_isnull.add(place) = datum.isnull;
    }
    (*slot).tts_nvalid = (*(*slot).tts_tupleDescriptor).natts as i16;
    (*slot).tts_flags &= !(pg_sys::TTS_FLAG_EMPTY as u16);
    let projection = (*node).ss.ps.ps_ProjInfo;
    if projection.is_null() {
        return slot;
    }
    // As the server's ExecProject.
    let context = (*projection).pi_exprContext;
    raw::MemoryContextReset((*context).ecxt_per_tuple_memory);
    (*context).ecxt_scantuple = slot;
    let expression = &raw mut (*projection).pi_state;
    let result = (*expression).resultslot;
    if let Some(clear) = (*(*result).tts_ops).clear {
        clear(result);
    }
    let old = pg_sys::CurrentMemoryContext;
    pg_sys::CurrentMemoryContext = (*context).ecxt_per_tuple_memory;
    let mut null = false;
    if let Some(run) = (*expression).evalfunc {
        run(expression, context, &mut null);
    }
    pg_sys::CurrentMemoryContext = old;
    (*result).tts_flags &= !(pg_sys::TTS_FLAG_EMPTY as u16);
    (*result).tts_nvalid = (*(*result).tts_tupleDescriptor).natts as i16;
    result
}

/// # Safety
/// Called by the executor.
unsafe extern "C-unwind" fn end(node: *mut CustomScanState) {
    pg_sys::ExecEndNode((*node).ss.ps.lefttree);
}

/// # Safety
/// Called by the executor.
unsafe extern "C-unwind" fn rescan(node: *mut CustomScanState) {
    let state = (*node.cast::<Running>()).state;
    ((*state).rows, (*state).at, (*state).ended, (*state).limit) = (0, 0, false, FIRST_ROWS);
    let below = (*node).ss.ps.lefttree;
    // Where its parameters changed it does so by itself.
    if (*below).chgParam.is_null() {
        pg_sys::ExecReScan(below);
    }
}

/// # Safety
/// Called by EXPLAIN.
unsafe extern "C-unwind" fn explain(node: *mut CustomScanState, _: *mut List, explanation: *mut pg_sys::ExplainState) {
    pgrx_extern_c_guard(|| {
        let state = &*(*node.cast::<Running>()).state;
        let name = |call: &Call| match catalog::find_by_id(&call.id) {
            Ok(found) => {
                let (schema, name) = (&found.row.schema, &found.row.name);
                pgrx::spi::quote_qualified_identifier(schema, name)
            }
            Err(_) => crate::catalog::id_text(&call.id),
        };
        let names: Vec<String> = state.calls.iter().map(name).collect();
        let text = |text: String| CString::new(text).unwrap_or_default();
        let (models, instructions) = (text(names.join(", ")), text(level().name().to_owned()));
        pg_sys::ExplainPropertyText(c"Models".as_ptr(), models.as_ptr(), explanation);
        pg_sys::ExplainPropertyText(c"Instructions".as_ptr(), instructions.as_ptr(), explanation);
    });
}

//! Putting the node into the paths of a query level.

use std::collections::HashMap;

use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{self, AggPath, CustomPath, List, Node, NodeTag, Path, PathTarget, PlannerInfo, RelOptInfo};

use super::list::{elements, has_equal, is, push};
use super::{find, node};
use crate::settings;

/// The fewest rows for which the node is used: a block of fewer is no quicker than calls.
const FEW_ROWS: f64 = 200.0;

static mut NEXT: pg_sys::create_upper_paths_hook_type = None;

/// Listen to the planner.
pub fn listen() {
    // SAFETY: called once, from _PG_init, on the main thread.
    unsafe {
        NEXT = pg_sys::create_upper_paths_hook;
        pg_sys::create_upper_paths_hook = Some(paths_made);
    }
}

/// # Safety
/// Called by the planner.
unsafe extern "C-unwind" fn paths_made(
    root: *mut PlannerInfo,
    stage: pg_sys::UpperRelationKind::Type,
    input: *mut RelOptInfo,
    output: *mut RelOptInfo,
    extra: *mut std::ffi::c_void,
) {
    if let Some(next) = NEXT {
        next(root, stage, input, output, extra);
    }
    if stage == pg_sys::UpperRelationKind::UPPERREL_FINAL && settings::batches() && is_read_only(root) {
        pgrx_extern_c_guard(|| {
            let mut change = Change { root, done: HashMap::new() };
            for list in [(*output).pathlist, (*output).partial_pathlist] {
                elements::<Path>(list).iter_mut().for_each(|path| *path = change.path(*path));
            }
        });
    }
}

/// Whether a query level only reads: a row that another session changed meanwhile would be computed anew by the nodes beneath a lock or an
/// update, and those come row by row.
///
/// # Safety
/// `root` is the planner's.
unsafe fn is_read_only(root: *mut PlannerInfo) -> bool {
    let query = &*(*root).parse;
    let command = query.commandType;
    (command == pg_sys::CmdType::CMD_SELECT || command == pg_sys::CmdType::CMD_INSERT)
        && query.rowMarks.is_null()
        && (*root).rowMarks.is_null()
}

/// The change of the paths of a query level.
struct Change {
    root: *mut PlannerInfo,
    /// What each path became: paths share parts.
    done: HashMap<*mut Path, *mut Path>,
}

impl Change {
    /// What is to stand in the place of a path.
    ///
    /// # Safety
    /// `path` is a live path of the level; main thread, inside a guard.
    unsafe fn path(&mut self, path: *mut Path) -> *mut Path {
        if path.is_null() {
            return path;
        }
        if let Some(changed) = self.done.get(&path) {
            return *changed;
        }
        pg_sys::check_stack_depth();
        let changed = self.change(path);
        self.done.insert(path, changed);
        changed
    }

    /// [`Change::path`] for a path that is met for the first time.
    ///
    /// # Safety
    /// As for [`Change::path`]; `path` is not null.
    unsafe fn change(&mut self, path: *mut Path) -> *mut Path {
        macro_rules! below {
            ($type:ty) => {{
                let path = path.cast::<$type>();
                (*path).subpath = self.path((*path).subpath);
            }};
        }
        match (*path).type_ {
            NodeTag::T_AggPath => {
                below!(AggPath);
                let path = &mut *path.cast::<AggPath>();
                // What combines partial results has no arguments to compute.
                if path.aggsplit & pg_sys::AGGSPLITOP_COMBINE == 0 {
                    path.subpath = self.below(path.path.pathtarget, path.qual, path.subpath);
                }
            }
            NodeTag::T_WindowAggPath => {
                below!(pg_sys::WindowAggPath);
                let path = &mut *path.cast::<pg_sys::WindowAggPath>();
                path.subpath = self.below(path.path.pathtarget, std::ptr::null_mut(), path.subpath);
            }
            NodeTag::T_GroupPath => below!(pg_sys::GroupPath),
            NodeTag::T_SortPath => below!(pg_sys::SortPath),
            // The beginning of the struct is a SortPath.
            NodeTag::T_IncrementalSortPath => below!(pg_sys::SortPath),
            NodeTag::T_LimitPath => below!(pg_sys::LimitPath),
            NodeTag::T_GatherPath => below!(pg_sys::GatherPath),
            NodeTag::T_GatherMergePath => below!(pg_sys::GatherMergePath),
            NodeTag::T_MaterialPath => below!(pg_sys::MaterialPath),
            NodeTag::T_UpperUniquePath => below!(pg_sys::UpperUniquePath),
            NodeTag::T_ModifyTablePath => below!(pg_sys::ModifyTablePath),
            NodeTag::T_AppendPath => self.each((*path.cast::<pg_sys::AppendPath>()).subpaths),
            NodeTag::T_MergeAppendPath => self.each((*path.cast::<pg_sys::MergeAppendPath>()).subpaths),
            NodeTag::T_ProjectionPath => {
                let below = (*path.cast::<pg_sys::ProjectionPath>()).subpath;
                let changed = self.path(below);
                (*path.cast::<pg_sys::ProjectionPath>()).subpath = changed;
                return self.project(path, changed);
            }
            NodeTag::T_Path
            | NodeTag::T_IndexPath
            | NodeTag::T_BitmapHeapPath
            | NodeTag::T_TidPath
            | NodeTag::T_TidRangePath
            | NodeTag::T_SubqueryScanPath
            | NodeTag::T_NestPath
            | NodeTag::T_MergePath
            | NodeTag::T_HashPath => return self.scan(path),
            _ => {}
        }
        path
    }

    /// [`Change::path`] for each of a list.
    ///
    /// # Safety
    /// `paths` is a live list of such paths or null.
    unsafe fn each(&mut self, paths: *mut List) {
        elements::<Path>(paths).iter_mut().for_each(|path| *path = self.path(*path));
    }

    /// A scan or a join that computes calls: it is left the columns, and the node computes what it did.
    ///
    /// # Safety
    /// As for [`Change::change`].
    unsafe fn scan(&mut self, path: *mut Path) -> *mut Path {
        let target = (*path).pathtarget;
        let Some(calls) = self.calls_of((*target).exprs.cast(), path, std::ptr::null_mut()) else { return path };
        let mut rest = pg_sys::create_empty_pathtarget();
        for (i, expression) in elements::<Node>((*target).exprs).iter().enumerate() {
            if find::calls(*expression, std::ptr::null_mut()).is_null() {
                pg_sys::add_column_to_pathtarget(rest, (*expression).cast(), reference(target, i));
            } else {
                let flags = pg_sys::PVC_INCLUDE_PLACEHOLDERS;
                pg_sys::add_new_columns_to_pathtarget(rest, pg_sys::pull_var_clause(*expression, flags as i32));
            }
        }
        rest = pg_sys::set_pathtarget_cost_width(self.root, rest);
        let wrapped = self.wrap(path, target, calls);
        (*path).pathtarget = rest;
        wrapped
    }

    /// A projection that computes calls: the node stands in its place.
    ///
    /// # Safety
    /// As for [`Change::change`]; `below` is the live path beneath `path`.
    unsafe fn project(&mut self, path: *mut Path, below: *mut Path) -> *mut Path {
        let given = (*(*below).pathtarget).exprs;
        let Some(calls) = self.calls_of((*(*path).pathtarget).exprs.cast(), below, given) else { return path };
        let wrapped = self.wrap(below, (*path).pathtarget, calls);
        let changed = &mut (*wrapped.cast::<CustomPath>()).path;
        (changed.startup_cost, changed.total_cost) = ((*path).startup_cost, (*path).total_cost);
        (changed.parent, changed.rows) = ((*path).parent, (*path).rows);
        wrapped
    }

    /// An aggregate or window whose expressions (`target`, `having`) have calls: what is to stand below it, so that they are computed there.
    ///
    /// # Safety
    /// As for [`Change::change`]: all three belong to a path of the level and the path beneath it; `having` may be null.
    unsafe fn below(&mut self, target: *mut PathTarget, having: *mut List, below: *mut Path) -> *mut Path {
        let given = (*below).pathtarget;
        let Some(calls) = self.calls_of((*target).exprs.cast(), below, (*given).exprs) else { return below };
        // What is needed of the columns beside the calls.
        let mut needed: *mut List = std::ptr::null_mut();
        for expression in elements::<Node>((*target).exprs).iter().copied().chain([having.cast::<Node>()]) {
            needed = columns_beside(expression, calls, needed);
        }
        let new = pg_sys::create_empty_pathtarget();
        for (i, expression) in elements::<Node>((*given).exprs).iter().enumerate() {
            let reference = reference(given, i);
            if reference != 0 || !is(*expression, NodeTag::T_Var) || has_equal(needed, *expression) {
                pg_sys::add_column_to_pathtarget(new, (*expression).cast(), reference);
            }
        }
        pg_sys::add_new_columns_to_pathtarget(new, calls);
        let new = pg_sys::set_pathtarget_cost_width(self.root, new);
        self.wrap(below, new, calls)
    }

    /// The calls of expressions that `below` can be asked for, beside those in what is given; `None` for none, or where the rows are few.
    ///
    /// # Safety
    /// As for [`Change::change`]: `expressions` and `given` are live expressions or lists of them, or null.
    unsafe fn calls_of(&self, expressions: *mut Node, below: *mut Path, given: *mut List) -> Option<*mut List> {
        if (*below).rows < FEW_ROWS || !(*below).param_info.is_null() || (*below).parent.is_null() {
            return None;
        }
        let calls = find::calls(expressions, given);
        // Of a scan every column is there; above, what is given must have those of the calls.
        let vars = pg_sys::pull_var_clause(calls.cast(), pg_sys::PVC_INCLUDE_PLACEHOLDERS as i32);
        let there = given.is_null() || elements::<Node>(vars).iter().all(|var| has_equal(given, *var));
        (!calls.is_null() && there).then_some(calls)
    }

    /// The node above a path.
    ///
    /// # Safety
    /// As for [`Change::change`]: `target` and `calls` are live and belong to the level.
    unsafe fn wrap(&self, below: *mut Path, target: *mut PathTarget, calls: *mut List) -> *mut Path {
        let size = std::mem::size_of::<CustomPath>();
        let path = pg_sys::palloc0(size).cast::<CustomPath>();
        (*path).path = *below;
        (*path).path.type_ = NodeTag::T_CustomPath;
        (*path).path.pathtype = NodeTag::T_CustomScan;
        (*path).path.pathtarget = target;
        (*path).path.parallel_aware = false;
        (*path).flags = pg_sys::CUSTOMPATH_SUPPORT_PROJECTION;
        push(&mut (*path).custom_paths, below);
        (*path).custom_private = calls;
        (*path).methods = node::path_methods();
        path.cast()
    }
}

/// The label by which sorting and grouping know a column of a target; 0 for none.
///
/// # Safety
/// `target` is live and has more than `i` expressions.
unsafe fn reference(target: *mut PathTarget, i: usize) -> pg_sys::Index {
    if (*target).sortgrouprefs.is_null() {
        0
    } else {
        *(*target).sortgrouprefs.add(i)
    }
}

/// What a look for the columns outside of calls gathers.
struct Beside {
    calls: *mut List,
    columns: *mut List,
}

/// Add the columns of an expression that stand outside of `calls`.
///
/// # Safety
/// `expression` is a live expression or list of them, or null; `calls` and `columns` are lists of nodes or null. Main thread, inside a guard.
unsafe fn columns_beside(expression: *mut Node, calls: *mut List, columns: *mut List) -> *mut List {
    let mut beside = Beside { calls, columns };
    look_beside(expression, (&raw mut beside).cast());
    beside.columns
}

/// # Safety
/// `node` is a live node or null; `context` points to a [`Beside`] that nothing else uses meanwhile; main thread, inside a guard.
unsafe extern "C-unwind" fn look_beside(node: *mut Node, context: *mut std::ffi::c_void) -> bool {
    let beside = &mut *context.cast::<Beside>();
    if node.is_null() || (is(node, NodeTag::T_FuncExpr) && has_equal(beside.calls, node)) {
        return false;
    }
    if is(node, NodeTag::T_Var) {
        push(&mut beside.columns, node);
        return false;
    }
    pg_sys::expression_tree_walker(node, Some(look_beside), context)
}

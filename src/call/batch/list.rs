//! Lists of the server.

use pgrx::pg_sys::{self, List};

/// The elements of a list of pointers.
///
/// # Safety
/// `list` is a live list of pointers to `T`, or null, which is the empty list; it does not grow while the slice is used.
pub unsafe fn elements<'a, T>(list: *mut List) -> &'a mut [*mut T] {
    if list.is_null() {
        return &mut [];
    }
    // A cell is a union of the size of a pointer.
    std::slice::from_raw_parts_mut((*list).elements.cast::<*mut T>(), (*list).length as usize)
}

/// Whether a node is of a kind.
///
/// # Safety
/// `node` is a live node or null.
pub unsafe fn is<T>(node: *const T, tag: pg_sys::NodeTag) -> bool {
    !node.is_null() && *node.cast::<pg_sys::NodeTag>() == tag
}

/// Append a pointer to a list.
///
/// # Safety
/// As for [`elements`]; main thread.
pub unsafe fn push<T>(list: &mut *mut List, element: *mut T) {
    *list = pg_sys::lappend(*list, element.cast());
}

/// Whether an equal node is in a list.
///
/// # Safety
/// `list` is a live list of nodes or null.
pub unsafe fn has_equal(list: *mut List, node: *const pg_sys::Node) -> bool {
    pg_sys::list_member(list, node.cast())
}

//! The settings of the extension.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};

static THREADS: GucSetting<i32> = GucSetting::<i32>::new(0);
static MAX_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(1024 * 1024);
static CACHE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);
static PROGRESS: GucSetting<bool> = GucSetting::<bool>::new(false);

/// Define the settings; called once when the library is loaded.
pub fn define() {
    GucRegistry::define_int_guc(
        c"orchard.threads",
        c"Sets the number of threads a training uses.",
        c"0 means max_parallel_maintenance_workers + 1, as CREATE INDEX.",
        &THREADS,
        0,
        256,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"orchard.max_memory",
        c"Sets the memory that one call may take for its rows and its model.",
        c"A call that needs more is refused before it takes it.",
        &MAX_MEMORY,
        1024,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_int_guc(
        c"orchard.cache_size",
        c"Sets the memory a session keeps for models it has used.",
        c"The model used longest ago is dropped first.",
        &CACHE_SIZE,
        0,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_bool_guc(
        c"orchard.progress",
        c"Shows the progress of a training as notices.",
        c"The progress is in pg_stat_activity in any case.",
        &PROGRESS,
        GucContext::Userset,
        GucFlags::default(),
    );
    // SAFETY: called from _PG_init, where reserving a prefix is allowed; the literal lives for ever.
    unsafe { pgrx::pg_sys::MarkGUCPrefixReserved(c"orchard".as_ptr()) };
}

/// How many threads a training uses.
pub fn threads() -> usize {
    let set = THREADS.get();
    if set > 0 {
        return set as usize;
    }
    // SAFETY: a plain int of the server, read on the main thread.
    let workers = unsafe { pgrx::pg_sys::max_parallel_maintenance_workers };
    workers.max(0) as usize + 1
}

/// The memory budget of one call in bytes.
pub fn max_memory() -> usize {
    MAX_MEMORY.get().max(0) as usize * 1024
}

/// The memory the session keeps for decoded models, in bytes.
pub fn cache_size() -> usize {
    CACHE_SIZE.get().max(0) as usize * 1024
}

/// Whether progress goes to the client as notices.
pub fn progress() -> bool {
    PROGRESS.get()
}

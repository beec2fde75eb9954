//! The settings of the extension.

use std::ffi::{c_int, c_void};

use orchard_engine::score::{choose, Level};
use pgrx::guc::GucEnum;
use pgrx::{pg_sys, GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};

static BATCHES: GucSetting<bool> = GucSetting::<bool>::new(true);

/// The values of `orchard.simd`.
#[derive(Debug, Clone, Copy, PartialEq, PostgresGucEnum)]
enum Simd {
    #[name = c"auto"]
    Auto,
    #[name = c"avx512"]
    Avx512,
    #[name = c"avx2"]
    Avx2,
    #[name = c"neon"]
    Neon,
    #[name = c"scalar"]
    Scalar,
}

impl Simd {
    /// The level, where one is named.
    fn level(self) -> Option<Level> {
        match self {
            Simd::Auto => None,
            Simd::Avx512 => Some(Level::Avx512),
            Simd::Avx2 => Some(Level::Avx2),
            Simd::Neon => Some(Level::Neon),
            Simd::Scalar => Some(Level::Scalar),
        }
    }

    fn of(value: c_int) -> Simd {
        let all = [Simd::Auto, Simd::Avx512, Simd::Avx2, Simd::Neon, Simd::Scalar];
        all.into_iter().find(|simd| simd.to_ordinal() == value).unwrap_or(Simd::Auto)
    }
}

static THREADS: GucSetting<i32> = GucSetting::<i32>::new(0);
static MAX_MEMORY: GucSetting<i32> = GucSetting::<i32>::new(1024 * 1024);
static CACHE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);
static PROGRESS: GucSetting<bool> = GucSetting::<bool>::new(false);
static WARNINGS: GucSetting<bool> = GucSetting::<bool>::new(true);
static SIMD: GucSetting<Simd> = GucSetting::<Simd>::new(Simd::Auto);

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
    GucRegistry::define_bool_guc(
        c"orchard.warnings",
        c"Shows what a training finds wrong with its rows as warnings.",
        c"The model is the same without; orchard.diagnose looks closer.",
        &WARNINGS,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"orchard.enable_batch",
        c"Enables the planner's use of nodes that score many rows at once.",
        c"Answers are the same without.",
        &BATCHES,
        GucContext::Userset,
        GucFlags::EXPLAIN,
    );
    // SAFETY: the hooks are plain functions that neither panic nor raise.
    unsafe {
        GucRegistry::define_enum_guc_with_hooks(
            c"orchard.simd",
            c"Sets the instructions that scoring uses.",
            c"Answers are the same with all of them; auto takes the widest that the processor has.",
            &SIMD,
            GucContext::Userset,
            GucFlags::default(),
            Some(simd_is_there),
            Some(use_simd),
            None,
        );
    }
    // SAFETY: called from _PG_init, where reserving a prefix is allowed; the literal lives for ever.
    unsafe { pg_sys::MarkGUCPrefixReserved(c"orchard".as_ptr()) };
}

/// Whether the processor has the instructions that are asked for.
///
/// # Safety
/// Called by the server with a pointer to the new value.
unsafe extern "C-unwind" fn simd_is_there(new: *mut c_int, _: *mut *mut c_void, _: pg_sys::GucSource::Type) -> bool {
    let there = Simd::of(*new).level().is_none_or(Level::is_there);
    if !there {
        pg_sys::GUC_check_errdetail_string =
            pg_sys::pstrdup(c"The processor does not have these instructions.".as_ptr());
    }
    there
}

/// # Safety
/// Called by the server.
unsafe extern "C-unwind" fn use_simd(new: c_int, _: *mut c_void) {
    choose(Simd::of(new).level());
}

/// How many threads a training uses.
pub fn threads() -> usize {
    let set = THREADS.get();
    if set > 0 {
        return set as usize;
    }
    // SAFETY: a plain int of the server, read on the main thread.
    let workers = unsafe { pg_sys::max_parallel_maintenance_workers };
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

/// Whether a training looks for what is wrong with its rows.
pub fn warnings() -> bool {
    WARNINGS.get()
}

/// Whether plans may score many rows at once.
pub fn batches() -> bool {
    BATCHES.get()
}

//! Running the engine beside the server: the engine's threads compute, the main thread alone talks to Postgres.
//!
//! The danger: a backend that does not look at its interrupts for seconds makes other sessions hang (DROP DATABASE waits for every
//! backend to answer a barrier), and an ERROR thrown while threads still borrow the data would free it under them. So the main thread
//! looks every 50 ms; a cancel or terminate first stops the threads and is thrown only when they have ended.

use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::mpsc::{sync_channel, RecvTimeoutError};
use std::time::{Duration, Instant};

use orchard_engine::control::Control;
use pgrx::{check_for_interrupts, notice, pg_sys};

use crate::error::{Failure, Result};
use crate::settings;

const POLL: Duration = Duration::from_millis(50);
const SHOW: Duration = Duration::from_secs(1);

/// Run `work` on a private pool of `orchard.threads` threads; cancel, terminate and other interrupts are served meanwhile.
///
/// `label` says what is done, for `pg_stat_activity`.
pub fn run<T: Send>(
    label: &str,
    control: &Control,
    work: impl FnOnce() -> orchard_engine::Result<T> + Send,
) -> Result<T> {
    check_for_interrupts!();
    let pool = pool()?;
    let (sender, receiver) = sync_channel(1);
    let mut thrown = None;
    let mut ended = None;
    pool.in_place_scope(|scope| {
        scope.spawn(|_| {
            let result = catch_unwind(AssertUnwindSafe(work));
            // The receiver lives until this scope ends, so the send cannot fail.
            let _ = sender.send(result);
        });
        let mut progress = Progress::new(label);
        loop {
            match receiver.recv_timeout(POLL) {
                Ok(result) => {
                    ended = Some(result);
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if stop_requested() || thrown.is_some() {
                control.cancel();
            } else if interrupt_pending() {
                // Barriers, configuration reloads and the like; what it throws waits for the threads.
                thrown = catch_unwind(|| {
                    check_for_interrupts!();
                })
                .err();
            } else {
                progress.show(control.progress());
            }
        }
        progress.end();
    });
    drop(pool);
    if let Some(thrown) = thrown {
        resume_unwind(thrown);
    }
    check_for_interrupts!();
    match ended {
        Some(Ok(result)) => Ok(result?),
        Some(Err(panic)) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown");
            Err(Failure::internal(format!("a training thread panicked: {text}")))
        }
        None => Err(Failure::internal("a training thread ended without a result")),
    }
}

/// A pool whose threads never receive a signal, so that the server's handlers run on the main thread only.
fn pool() -> Result<rayon::ThreadPool> {
    // SAFETY: plain signal-mask calls on local sets; the old mask is put back on every path.
    let built = unsafe {
        let mut all: libc::sigset_t = std::mem::zeroed();
        let mut old: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
        let built = rayon::ThreadPoolBuilder::new()
            .num_threads(settings::threads())
            .thread_name(|i| format!("orchard {i}"))
            .build();
        libc::pthread_sigmask(libc::SIG_SETMASK, &old, std::ptr::null_mut());
        built
    };
    built.map_err(|e| {
        Failure::new(
            pgrx::PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES,
            format!("cannot start the training threads: {e}"),
        )
        .hint("Lower orchard.threads.")
    })
}

fn stop_requested() -> bool {
    // SAFETY: flags that signal handlers of this very thread set; a volatile read cannot tear.
    unsafe {
        std::ptr::read_volatile(&raw const pg_sys::QueryCancelPending) != 0
            || std::ptr::read_volatile(&raw const pg_sys::ProcDiePending) != 0
    }
}

fn interrupt_pending() -> bool {
    // SAFETY: as in stop_requested.
    unsafe { std::ptr::read_volatile(&raw const pg_sys::InterruptPending) != 0 }
}

/// What the session's row in `pg_stat_activity` says while the engine works.
struct Progress<'a> {
    label: &'a str,
    shown: Instant,
}

impl<'a> Progress<'a> {
    fn new(label: &'a str) -> Self {
        let progress = Progress { label, shown: Instant::now() };
        progress.report(0.0);
        progress
    }

    fn show(&mut self, share: f64) {
        if self.shown.elapsed() < SHOW {
            return;
        }
        self.shown = Instant::now();
        self.report(share);
        if settings::progress() {
            notice!("{}: {:.0} %", self.label, share * 100.0);
        }
    }

    fn report(&self, share: f64) {
        if let Ok(text) = std::ffi::CString::new(format!("{}: {:.0} %", self.label, share * 100.0)) {
            // SAFETY: main thread; the string is copied by the callee.
            unsafe { pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, text.as_ptr()) };
        }
    }

    fn end(self) {
        // SAFETY: main thread; debug_query_string is the client's statement or null, both of which the callee takes.
        unsafe { pg_sys::pgstat_report_activity(pg_sys::BackendState::STATE_RUNNING, pg_sys::debug_query_string) };
    }
}

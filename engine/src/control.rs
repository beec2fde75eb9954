//! How the caller cancels, watches and bounds a run, without the engine knowing who the caller is.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use bytemuck::Zeroable;

use crate::error::{Error, Result};

/// Shared between the thread that runs the engine and the thread that watches it.
///
/// All methods may be called from any thread.
#[derive(Debug)]
pub struct Control {
    cancelled: AtomicBool,
    used: AtomicUsize,
    peak: AtomicUsize,
    limit: usize,
    done: AtomicU64,
    total: AtomicU64,
    stages_done: AtomicU64,
    stages: AtomicU64,
    began: Instant,
    /// Milliseconds after it began at which checks fail; [`NEVER`] for none.
    deadline: AtomicU64,
}

/// No deadline.
const NEVER: u64 = u64::MAX;

impl Default for Control {
    fn default() -> Self {
        Control::new(usize::MAX)
    }
}

/// Bytes that are filled between two looks for a cancel.
const FILLED: usize = 16 << 20;

impl Control {
    /// A control with a memory budget of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Control {
            cancelled: AtomicBool::new(false),
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            limit,
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            stages_done: AtomicU64::new(0),
            stages: AtomicU64::new(0),
            began: Instant::now(),
            deadline: AtomicU64::new(NEVER),
        }
    }

    /// Ask the run to stop at its next check.
    pub fn cancel(&self) {
        self.cancelled.store(true, Relaxed);
    }

    /// Fail with [`Error::Cancelled`] once [`Control::cancel`] was called. Called at least every few milliseconds of work.
    pub fn check(&self) -> Result<()> {
        if self.cancelled.load(Relaxed) {
            return Err(Error::Cancelled);
        }
        match self.deadline.load(Relaxed) {
            NEVER => Ok(()),
            deadline if self.milliseconds() >= deadline => Err(Error::OutOfTime),
            _ => Ok(()),
        }
    }

    /// Let [`Control::check`] fail with [`Error::OutOfTime`] so many seconds from now; `None` takes that back.
    pub fn set_deadline(&self, seconds: Option<f64>) {
        // A cast saturates.
        let deadline =
            seconds.map_or(NEVER, |s| self.milliseconds().saturating_add((s * 1000.0) as u64).min(NEVER - 1));
        self.deadline.store(deadline, Relaxed);
    }

    fn milliseconds(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    /// Count `bytes` against the budget, before they are allocated.
    pub fn reserve(&self, bytes: usize) -> Result<()> {
        let needed = self.used.fetch_add(bytes, Relaxed).saturating_add(bytes);
        if needed > self.limit {
            self.used.fetch_sub(bytes, Relaxed);
            return Err(Error::OutOfMemory { needed, limit: self.limit });
        }
        self.peak.fetch_max(needed, Relaxed);
        Ok(())
    }

    /// Give back `bytes` counted by [`Control::reserve`].
    pub fn release(&self, bytes: usize) {
        let _ = self.used.fetch_update(Relaxed, Relaxed, |used| Some(used.saturating_sub(bytes)));
    }

    /// Bytes that may still be counted.
    pub fn left(&self) -> usize {
        self.limit.saturating_sub(self.used())
    }

    /// Bytes counted now.
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// The most bytes ever counted at once.
    pub fn peak(&self) -> usize {
        self.peak.load(Relaxed)
    }

    /// A vector with room for exactly `len` values, counted first. The caller gives the count back with
    /// [`Control::release_vec`] if the vector is dropped before the run ends.
    pub fn vec<T>(&self, len: usize) -> Result<Vec<T>> {
        let bytes = len.saturating_mul(std::mem::size_of::<T>());
        self.reserve(bytes)?;
        let mut v = Vec::new();
        if v.try_reserve_exact(len).is_err() {
            self.release(bytes);
            return Err(Error::OutOfMemory { needed: bytes, limit: self.limit });
        }
        Ok(v)
    }

    /// A vector of `len` times `value`, as [`Control::vec`] makes it. Memory that is touched for the first time takes long enough to look
    /// for a cancel on the way.
    pub fn filled<T: Clone>(&self, len: usize, value: T) -> Result<Vec<T>> {
        let mut v = self.vec(len)?;
        let part = (FILLED / std::mem::size_of::<T>().max(1)).max(1);
        while v.len() < len {
            self.check()?;
            v.resize((v.len() + part).min(len), value.clone());
        }
        Ok(v)
    }

    /// A vector of `len` zeros, as [`Control::vec`] makes it, whose memory is touched by who first writes to it.
    pub fn zeroed<T: Zeroable>(&self, len: usize) -> Result<Vec<T>> {
        let bytes = len.saturating_mul(std::mem::size_of::<T>());
        self.reserve(bytes)?;
        let zeros = bytemuck::allocation::try_zeroed_slice_box(len).map_err(|()| {
            self.release(bytes);
            Error::OutOfMemory { needed: bytes, limit: self.limit }
        })?;
        Ok(zeros.into_vec())
    }

    /// Make room for `more` values at the end of a vector, whose growth is counted first; it doubles, so that many small calls cost little.
    pub fn room<T>(&self, v: &mut Vec<T>, more: usize) -> Result<()> {
        if v.capacity() - v.len() >= more {
            return Ok(());
        }
        let len = v.len().saturating_add(more).max(v.capacity().saturating_mul(2)).max(16);
        let bytes = (len - v.capacity()).saturating_mul(std::mem::size_of::<T>());
        self.reserve(bytes)?;
        if v.try_reserve_exact(len - v.len()).is_err() {
            self.release(bytes);
            return Err(Error::OutOfMemory { needed: bytes, limit: self.limit });
        }
        Ok(())
    }

    /// Drop a vector made by [`Control::vec`] and give its count back.
    pub fn release_vec<T>(&self, v: Vec<T>) {
        self.release(v.capacity() * std::mem::size_of::<T>());
    }

    /// Say how many steps of work there will be.
    pub fn start(&self, total: u64) {
        self.done.store(0, Relaxed);
        self.total.store(total, Relaxed);
    }

    /// Say of how many runs of steps all the work consists, each begun by [`Control::start`].
    pub fn stage(&self, stages: u64) {
        self.stages_done.store(0, Relaxed);
        self.stages.store(stages, Relaxed);
    }

    /// Say that one more of the stages is done.
    pub fn end_stage(&self) {
        self.start(0);
        self.stages_done.fetch_add(1, Relaxed);
    }

    /// Say that `steps` more steps are done.
    pub fn advance(&self, steps: u64) {
        self.done.fetch_add(steps, Relaxed);
    }

    /// The share of the work that is done, 0 to 1.
    pub fn progress(&self) -> f64 {
        let share = |done: f64, total: u64| if total == 0 { 0.0 } else { (done / total as f64).min(1.0) };
        let steps = share(self.done.load(Relaxed) as f64, self.total.load(Relaxed));
        match self.stages.load(Relaxed) {
            0 => steps,
            stages => share(self.stages_done.load(Relaxed) as f64 + steps, stages),
        }
    }
}

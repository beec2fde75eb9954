//! The clocks of time zones: what a `timestamptz` reads in the zone of a model, whatever the zone of the session.
//!
//! PostgreSQL's own functions say what the offset is; an offset holds for months, so it is kept.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, CString};
use std::ptr::NonNull;

use pgrx::pg_sys;
use pgrx::PgSqlErrorCode;

use crate::error::{Failure, Result};

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;
/// Seconds from 1970-01-01 to 2000-01-01.
const UNIX: i64 = 946_684_800;
/// Time is cut into stretches of 2^21 seconds, 24 days: shorter than any two changes of a clock are apart but for a few in history.
const STRETCH: u32 = 21;
/// Stretches that are kept, 8 years; a power of two.
const KEPT: usize = 128;

/// The clocks of a zone. One for each zone that a session meets, kept to its end as PostgreSQL keeps the zone itself.
#[derive(Debug)]
pub struct Clock {
    name: String,
    zone: NonNull<pg_sys::pg_tz>,
    stretches: [Cell<Stretch>; KEPT],
}

/// The offset in one stretch of time, in seconds east of Greenwich; it changes once at most.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    number: i64,
    change: i64,
    before: i64,
    after: i64,
}

/// Zones are the same when PostgreSQL says so: it keeps each once.
impl PartialEq for Clock {
    fn eq(&self, other: &Clock) -> bool {
        self.zone == other.zone
    }
}

impl Eq for Clock {}

thread_local! {
    static CLOCKS: RefCell<Vec<&'static Clock>> = const { RefCell::new(Vec::new()) };
}

/// The clocks of a zone by its name; an error where the server does not know it.
pub fn of(name: &str) -> Result<&'static Clock> {
    if let Some(clock) = CLOCKS.with_borrow(|clocks| clocks.iter().copied().find(|c| c.name == name)) {
        return Ok(clock);
    }
    let c_name = CString::new(name).unwrap_or_default();
    // SAFETY: a terminated name; the result is null or lives as long as the process.
    let zone = NonNull::new(unsafe { pg_sys::pg_tzset(c_name.as_ptr()) }).ok_or_else(|| {
        Failure::new(
            PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT,
            format!("time zone \"{name}\" of the model is not known to this server"),
        )
        .hint("Update the server's time zones, or train the model again.")
    })?;
    // No stretch of a timestamp has this number.
    let none = Stretch { number: i64::MIN, change: 0, before: 0, after: 0 };
    let stretches = std::array::from_fn(|_| Cell::new(none));
    let clock: &'static Clock = Box::leak(Box::new(Clock { name: name.to_owned(), zone, stretches }));
    CLOCKS.with_borrow_mut(|clocks| clocks.push(clock));
    Ok(clock)
}

/// Zones whose names are abbreviations of offsets too, which AT TIME ZONE takes them for: CET in July is an hour off.
const ABBREVIATIONS: [&str; 7] = ["CET", "EET", "EST", "HST", "MET", "MST", "WET"];

/// Fail for a zone that AT TIME ZONE takes for another one.
pub fn check_in_sql(name: &str) -> Result<()> {
    match ABBREVIATIONS.iter().any(|a| a.eq_ignore_ascii_case(name)) {
        true => Err(Failure::argument(format!("time zone \"{name}\" is also the name of a fixed offset"))
            .detail("AT TIME ZONE takes it for the offset, which has no summer time.")
            .hint("SET TimeZone to the zone of a place, such as Europe/Paris.")),
        false => Ok(()),
    }
}

/// The clocks of the session's zone.
pub fn session() -> Result<&'static Clock> {
    // SAFETY: the server sets session_timezone at its start and never to null; the name lives as long as the zone.
    let name = unsafe { CStr::from_ptr(pg_sys::pg_get_timezone_name(pg_sys::session_timezone)) };
    of(&name.to_string_lossy())
}

impl Clock {
    /// The zone by the name PostgreSQL knows.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Seconds since 2000-01-01 on these clocks, for microseconds since 2000-01-01 UTC as a `timestamptz` holds them; infinities stay.
    /// Exactly the number that a `timestamp` of the same reading has.
    #[inline]
    pub fn seconds(&self, microseconds: i64) -> f64 {
        match microseconds {
            i64::MIN => f64::NEG_INFINITY,
            i64::MAX => f64::INFINITY,
            _ => {
                let offset = self.offset(microseconds.div_euclid(SECOND) + UNIX);
                microseconds.saturating_add(offset * SECOND) as f64 / SECOND as f64
            }
        }
    }

    /// [`Clock::seconds`] for seconds UTC that are whole microseconds.
    pub fn of_seconds(&self, seconds: f64) -> f64 {
        let microseconds = (seconds * SECOND as f64).round();
        // Beyond what a timestamp can hold, and for NaN, the number stays as it is.
        if microseconds.abs() < i64::MAX as f64 {
            self.seconds(microseconds as i64)
        } else {
            seconds
        }
    }

    /// The offset at a Unix time.
    #[inline]
    fn offset(&self, time: i64) -> i64 {
        let number = time >> STRETCH;
        let mut stretch = self.stretches[number as usize % KEPT].get();
        if stretch.number != number {
            stretch = self.stretch(number, time);
        }
        if time < stretch.change {
            stretch.before
        } else {
            stretch.after
        }
    }

    /// Look a stretch up, and keep it unless the clock changes twice in it. Either way it is right for `time`.
    #[cold]
    fn stretch(&self, number: i64, time: i64) -> Stretch {
        let start = number << STRETCH;
        let end = start + (1 << STRETCH);
        let before = self.look_up(start);
        let none = Stretch { number, change: i64::MAX, before, after: before };
        let found = match self.next_change(start) {
            Ok(Some(change)) if change < end => {
                let twice = !matches!(self.next_change(change), Ok(next) if next.is_none_or(|n| n >= end));
                (!twice).then(|| Stretch { number, change, before, after: self.look_up(change) })
            }
            Ok(_) => Some(none),
            Err(()) => None,
        };
        match found {
            Some(stretch) => {
                self.stretches[number as usize % KEPT].set(stretch);
                stretch
            }
            None => Stretch { before: self.look_up(time), ..none },
        }
    }

    /// When the clock changes next after a Unix time.
    fn next_change(&self, time: i64) -> std::result::Result<Option<i64>, ()> {
        let (mut change, mut gmtoff, mut isdst) = (0, [0; 2], [0; 2]);
        // SAFETY: all pointers are to live values; the function only computes.
        let found = unsafe {
            pg_sys::pg_next_dst_boundary(
                &time,
                &mut gmtoff[0],
                &mut isdst[0],
                &mut change,
                &mut gmtoff[1],
                &mut isdst[1],
                self.zone.as_ptr(),
            )
        };
        match found {
            0 => Ok(None),
            1 => Ok(Some(change)),
            _ => Err(()),
        }
    }

    /// The offset at a Unix time, as `AT TIME ZONE` has it; 0 where the server finds none.
    fn look_up(&self, time: i64) -> i64 {
        // SAFETY: a live zone; the result is null or a static buffer that is read at once.
        unsafe {
            let local = pg_sys::pg_localtime(&time, self.zone.as_ptr());
            if local.is_null() {
                0
            } else {
                (*local).tm_gmtoff
            }
        }
    }
}

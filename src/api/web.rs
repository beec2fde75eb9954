//! URLs and user agents: functions of texts that answer for every text.
//!
//! The engine reads UTF-8. In a database of another encoding each byte stands for a letter of its own on the way in, which leaves ASCII,
//! of which all that matters is made, as it is.

use std::borrow::Cow;

use orchard_engine::clean::web::agent;
use orchard_engine::clean::web::url::{Part, Url};
use pgrx::direct_function_call_as_datum;
use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo};

use crate::compat::is_utf8;
use crate::entry;
use crate::entry::null;
use crate::error::{Failure, Result};
use crate::source::types::Text;

/// Of a longer text the first so many bytes are read: no browser has longer URLs, and what is made of a text takes memory.
const LONGEST: usize = 1 << 20;

/// # Safety
/// `fcinfo` is the running call's, of a strict function whose argument `i` is a text.
unsafe fn text<'a>(fcinfo: FunctionCallInfo, i: usize) -> Cow<'a, str> {
    let arguments = (*fcinfo).args.as_slice((*fcinfo).nargs as usize);
    let Some(argument) = arguments.get(i) else { return Cow::Borrowed("") };
    // A copy that was made lives to the end of the row, as all that functions return does.
    let bytes = Text::of(argument.value).bytes();
    let bytes = bytes.get(..LONGEST).map_or(bytes, |start| match is_utf8() {
        // Not half a letter.
        true => start.get(..start.iter().rposition(|b| b & 0xC0 != 0x80).unwrap_or_default()).unwrap_or_default(),
        false => start,
    });
    match is_utf8() {
        true => String::from_utf8_lossy(bytes),
        false => Cow::Owned(bytes.iter().map(|&b| b as char).collect()),
    }
}

/// What a function returns: a text of the database's encoding, or NULL.
///
/// # Safety
/// `fcinfo` is the running call's.
unsafe fn answer(fcinfo: FunctionCallInfo, text: Option<&str>) -> Datum {
    let Some(text) = text else {
        return null(fcinfo);
    };
    let bytes = encode(text);
    Datum::from(pg_sys::cstring_to_text_with_len(bytes.as_ptr().cast(), bytes.len() as i32))
}

/// A text in the database's encoding; what it has no letter for is a question mark.
fn encode(text: &str) -> Cow<'_, [u8]> {
    if is_utf8() || text.is_ascii() {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    // SAFETY: looks at bytes that outlive the call; main thread.
    let is_valid = unsafe {
        pg_sys::pg_verify_mbstr(pg_sys::GetDatabaseEncoding(), bytes.as_ptr().cast(), bytes.len() as i32, true)
    };
    if !is_valid {
        bytes.iter_mut().filter(|b| !b.is_ascii()).for_each(|b| *b = b'?');
    }
    Cow::Owned(bytes)
}

/// # Safety
/// As for `text`, of a function of one text.
unsafe fn about(fcinfo: FunctionCallInfo, say: fn(&str) -> &'static str) -> Datum {
    pgrx_extern_c_guard(|| answer(fcinfo, Some(say(&text(fcinfo, 0)))))
}

fn part(name: &str) -> Result<Part> {
    Part::parse(name).ok_or_else(|| {
        let parts: Vec<&str> = Part::ALL.iter().map(|p| p.0).collect();
        let name: String = name.chars().take(60).collect();
        Failure::argument(format!("unrecognized part of a URL \"{name}\""))
            .hint(format!("Valid parts are: {}.", parts.join(", ")))
    })
}

entry!(url_part, pg_finfo_url_part, f => pgrx_extern_c_guard(|| {
    let (url, name) = (text(f, 0), text(f, 1));
    match part(&name) {
        Ok(part) => answer(f, Url::parse(&url).part(part).as_deref()),
        Err(failure) => failure.raise(),
    }
}));
entry!(url_parameter, pg_finfo_url_parameter, f => pgrx_extern_c_guard(|| {
    let (url, name) = (text(f, 0), text(f, 1));
    answer(f, Url::parse(&url).parameter(&name).as_deref())
}));
entry!(utm, pg_finfo_utm, f => pgrx_extern_c_guard(|| {
    let url = text(f, 0);
    let found = Url::parse(&url).campaign().into_iter().map(|(name, value)| (name.to_owned(), value.into()));
    let object = serde_json::Value::Object(found.collect()).to_string();
    let json = std::ffi::CString::new(encode(&object)).unwrap_or_default();
    direct_function_call_as_datum(pg_sys::jsonb_in, &[Some(Datum::from(json.as_ptr()))]).unwrap_or_else(|| null(f))
}));
entry!(user_agent_family, pg_finfo_user_agent_family, f => about(f, agent::family));
entry!(user_agent_device, pg_finfo_user_agent_device, f => about(f, agent::device));
entry!(user_agent_os, pg_finfo_user_agent_os, f => about(f, agent::system));

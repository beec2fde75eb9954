//! Texts from texts: normal forms, words for nothing, slugs, and masks over personal data.

use std::borrow::Cow;

use orchard_engine::clean::text;
use pgrx::pg_sys::panic::pgrx_extern_c_guard;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo};

use super::value::{self, answer, choice, failed, poll, read};
use crate::entry;
use crate::entry::{argument, null};
use crate::error::Result;

entry!(normalize_text, pg_finfo_normalize_text, f => written(f, |value, argument| {
    let form = choice("form", argument(1)?.unwrap_or("nfkc"), &text::FORMS)?;
    text::normalize(value, form, &poll).map_err(failed)
}));
entry!(slug, pg_finfo_slug, f => written(f, |value, _| text::slug(value, &poll).map(Cow::Owned).map_err(failed)));
entry!(mask_personal, pg_finfo_mask_personal, f => written(f, |value, argument| {
    let method = choice("method", argument(1)?.unwrap_or("redact"), &text::METHODS)?;
    text::mask(value, method, argument(2)?.unwrap_or_default(), &poll).map_err(failed)
}));
entry!(blank_to_null, pg_finfo_blank_to_null, f => {
    let original = argument(f, 0);
    read(f, |bytes| original.filter(|_| !std::str::from_utf8(bytes).is_ok_and(text::is_nothing)))
});
entry!(null_if_placeholder, pg_finfo_null_if_placeholder, f => {
    let (Some(value), Some(extra)) = (argument(f, 0), argument(f, 1)) else { return null(f) };
    let placeholder = pgrx_extern_c_guard(|| {
        // SAFETY: the arguments are a text and an array of texts of the running call, inside a guard.
        unsafe { is_placeholder(value, extra) }.unwrap_or_else(|failure| failure.raise())
    });
    if placeholder { null(f) } else { value }
});

/// The answer of a function that writes a text from argument 0; it gets the further arguments by their places.
///
/// # Safety
/// `fcinfo` is the running call's and its arguments are texts. May longjmp.
unsafe fn written(
    fcinfo: FunctionCallInfo,
    write: impl for<'a> FnOnce(&'a str, &dyn Fn(usize) -> Result<Option<&'a str>>) -> Result<Cow<'a, str>>,
) -> Datum {
    let Some(datum) = argument(fcinfo, 0) else { return null(fcinfo) };
    let write = std::panic::AssertUnwindSafe(write);
    pgrx_extern_c_guard(move || {
        let write = write;
        // SAFETY: as above, inside a guard.
        let further = |i| unsafe { argument(fcinfo, i).map(|datum| value::text(datum)).transpose() };
        let written = || {
            // SAFETY: as above.
            let before = unsafe { value::text(datum) }?;
            let after = (write.0)(before, &further)?;
            // SAFETY: the text was read from this datum.
            unsafe { answer(datum, before, after) }
        };
        written().unwrap_or_else(|failure| failure.raise())
    })
}

/// Whether a text stands for nothing, or is one of an array.
///
/// # Safety
/// The arguments are a text and an array of texts. Inside a guard; may longjmp.
unsafe fn is_placeholder(value: Datum, extra: Datum) -> Result<bool> {
    let value = value::text(value)?;
    if text::is_placeholder(value) {
        return Ok(true);
    }
    let array = pg_sys::pg_detoast_datum(extra.cast_mut_ptr()).cast::<pg_sys::ArrayType>();
    if (*array).ndim == 0 {
        return Ok(false);
    }
    let (mut elements, mut nulls, mut count) = (std::ptr::null_mut::<Datum>(), std::ptr::null_mut::<bool>(), 0);
    let (oid, align) = (pg_sys::TEXTOID, pg_sys::TYPALIGN_INT as std::ffi::c_char);
    pg_sys::deconstruct_array(array, oid, -1, false, align, &mut elements, &mut nulls, &mut count);
    for i in 0..usize::try_from(count).unwrap_or(0) {
        if !*nulls.add(i) && text::is_same(value, value::text(*elements.add(i))?) {
            return Ok(true);
        }
    }
    Ok(false)
}

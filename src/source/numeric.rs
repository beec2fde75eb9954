//! `numeric` to the nearest float8, without going through text for the numbers people have.

use pgrx::pg_sys;

use super::types::{raw, Text};

/// Powers of ten that a float8 holds exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// What a numeric is, read from its bytes.
struct Parts<'a> {
    negative: bool,
    weight: i32,
    digits: &'a [u8],
}

/// The nearest float8 of a numeric given by the bytes behind its varlena header.
///
/// Values beyond float8's range become infinite, as the nearest float8 is. `None` means that `bytes` needs the slow way:
/// more digits than fit into 53 bits.
pub fn fast_float8(bytes: &[u8]) -> Option<f64> {
    let parts = match parts(bytes) {
        Ok(parts) => parts,
        Err(special) => return Some(special),
    };
    let mut mantissa = 0u64;
    for digit in parts.digits.chunks_exact(2) {
        let digit = u64::from(u16::from_ne_bytes([digit[0], digit[1]]));
        mantissa = mantissa.checked_mul(10_000)?.checked_add(digit)?;
    }
    let mut exponent = 4 * (parts.weight + 1 - (parts.digits.len() / 2) as i32);
    // 12.50 is stored as 12 | 5000: strip the padding, so that it counts as 125 / 10.
    while exponent < 0 && mantissa != 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        exponent += 1;
    }
    if mantissa > 1 << 53 || exponent.unsigned_abs() as usize >= EXACT.len() {
        return if mantissa == 0 { Some(0.0) } else { None };
    }
    // Both operands are exact, so IEEE 754 rounds once, correctly.
    let power = EXACT[exponent.unsigned_abs() as usize];
    let value = if exponent < 0 { mantissa as f64 / power } else { mantissa as f64 * power };
    Some(if parts.negative { -value } else { value })
}

fn parts(bytes: &[u8]) -> Result<Parts<'_>, f64> {
    let header = u16::from_ne_bytes([bytes[0], bytes[1]]);
    match header & 0xC000 {
        0xC000 => Err(match header & 0xF000 {
            0xD000 => f64::INFINITY,
            0xF000 => f64::NEG_INFINITY,
            _ => f64::NAN,
        }),
        0x8000 => {
            let low = i32::from(header & 0x3F);
            let weight = if header & 0x40 != 0 { low - 64 } else { low };
            Ok(Parts { negative: header & 0x2000 != 0, weight, digits: &bytes[2..] })
        }
        sign => {
            let weight = i32::from(i16::from_ne_bytes([bytes[2], bytes[3]]));
            Ok(Parts { negative: sign == 0x4000, weight, digits: &bytes[4..] })
        }
    }
}

/// The nearest float8 of a numeric datum.
///
/// # Safety
/// `datum` is a non-null numeric. May raise a Postgres error (a longjmp): no value with a destructor may be alive in callers
/// up to the next guard.
pub unsafe fn to_float8(datum: pg_sys::Datum) -> f64 {
    let value = Text::of(datum);
    let fast = fast_float8(value.bytes());
    value.free();
    match fast {
        Some(v) => v,
        None => slow_float8(datum),
    }
}

/// # Safety
/// As for [`to_float8`].
#[cold]
unsafe fn slow_float8(datum: pg_sys::Datum) -> f64 {
    let text = raw::DirectFunctionCall1Coll(raw::numeric_out, pg_sys::InvalidOid, datum);
    let text = std::ffi::CStr::from_ptr(text.cast_mut_ptr());
    let value = text.to_str().ok().and_then(|t| t.parse().ok()).unwrap_or(f64::NAN);
    raw::pfree(text.as_ptr() as *mut _);
    value
}

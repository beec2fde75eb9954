//! Bytes of what is stored: a hand-coded header, then a body written by bincode. The only file that names bincode.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `ORCHARD\0` |
//! | 8..10 | format version, little endian; this field and the one before stay where they are for ever |
//! | 10 | kind: 1 a model, 2 held-out rows, 3 a model behind its cleaning, 4 an exported version, 5 the distributions of training rows, 6 what is known of segments |
//! | 11..16 | zero |
//! | 16..24 | length of the body |
//! | 24..32 | xxh3-64 of bytes 0..24 and of the body |
//! | 32.. | the body: little endian, integers of fixed width, so that a value has exactly one spelling |
//!
//! Bytes may come from anywhere (`orchard.import_model`), with a checksum that fits: reading never panics and never takes more
//! memory than a small multiple of the body, because bincode's limit is set to the body's length.

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::de::{read::Reader, read::SliceReader, Decode, Decoder, DecoderImpl};
use bincode::serde::Compat;
use serde::{de::DeserializeOwned, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::{Cleaning, Model};
use crate::error::{Error, Result};

/// The format written by this build, and the newest it reads.
pub const FORMAT_VERSION: u16 = 1;

const MAGIC: &[u8; 8] = b"ORCHARD\0";
const HEADER: usize = 32;
/// The byte that says what the bytes hold.
const KIND: usize = 10;
/// Bytes of the header under the checksum: all before it.
const SUMMED: usize = 24;
/// bincode counts what it reads up to this; [`decode_as`] claims all but the body's length beforehand.
const LIMIT: usize = usize::MAX / 2;

type Config = Configuration<LittleEndian, Fixint, Limit<LIMIT>>;

const CONFIG: Config = bincode::config::standard().with_little_endian().with_fixed_int_encoding().with_limit::<LIMIT>();

/// What the bytes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A [`Model`].
    Model = 1,
    /// The rows held out by training.
    Held = 2,
    /// A [`Cleaning`] and a [`Model`].
    Cleaned = 3,
    /// A [`super::Package`].
    Package = 4,
    /// How the features of the training rows were distributed.
    Baseline = 5,
    /// What is known of the segments of a clustering.
    Segments = 6,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Model | Kind::Cleaned => "a model",
            Kind::Held => "held-out rows",
            Kind::Baseline => "a baseline",
            Kind::Segments => "what is known of segments",
            Kind::Package => "an exported model",
        }
    }
}

/// The bytes of a model.
///
/// Fails with [`Error::InvalidModel`] when the model does not pass [`Model::validate`], so that nothing is stored that could not
/// be read again.
pub fn encode(model: &Model) -> Result<Vec<u8>> {
    model.validate()?;
    match &model.cleaning {
        None => encode_as(Kind::Model, model),
        Some(cleaning) => encode_as(Kind::Cleaned, &(cleaning, model)),
    }
}

/// The model that [`encode`] wrote, proved by [`Model::validate`].
///
/// Fails with [`Error::InvalidModel`] for anything else: truncated, damaged or foreign bytes, or a newer format.
pub fn decode(bytes: &[u8]) -> Result<Model> {
    let model = if bytes.get(KIND) == Some(&(Kind::Cleaned as u8)) {
        let (cleaning, model): (Cleaning, Model) = decode_as(Kind::Cleaned, bytes)?;
        Model { cleaning: Some(cleaning), ..model }
    } else {
        decode_as(Kind::Model, bytes)?
    };
    model.validate()?;
    Ok(model)
}

/// Header and body of a value.
pub(super) fn encode_as<T: Serialize>(kind: Kind, value: &T) -> Result<Vec<u8>> {
    let mut bytes = vec![0; HEADER];
    let body = bincode::serde::encode_into_std_write(value, &mut bytes, CONFIG)
        .map_err(|e| Error::Internal(format!("could not write {}: {e}", kind.name())))?;
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    bytes[KIND] = kind as u8;
    bytes[16..24].copy_from_slice(&(body as u64).to_le_bytes());
    let sum = checksum(&bytes);
    bytes[SUMMED..HEADER].copy_from_slice(&sum.to_le_bytes());
    Ok(bytes)
}

/// The value behind the header of `bytes`. What it says is not yet proved.
pub(super) fn decode_as<T: DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<T> {
    let body = body(kind, bytes)?;
    let damaged = |what: &str| Error::InvalidModel(format!("the bytes of {} are damaged: {what}", kind.name()));
    let mut decoder = DecoderImpl::new(SliceReader::new(body), CONFIG, ());
    // With all but `body.len()` bytes claimed, no length inside the body can make bincode allocate more than the body has.
    // (A vector is reserved by serde, at most 1 MB of it before its values are there.)
    decoder.claim_bytes_read(LIMIT - body.len()).map_err(|_| damaged("too long"))?;
    let Compat(value) = Compat::<T>::decode(&mut decoder).map_err(|e| match e {
        bincode::error::DecodeError::LimitExceeded | bincode::error::DecodeError::UnexpectedEnd { .. } => {
            damaged("a part is longer than the whole")
        }
        bincode::error::DecodeError::Utf8 { .. } => damaged("a text is not UTF-8"),
        _ => damaged("a part is not of its type"),
    })?;
    if decoder.reader().peek_read(1).is_some() {
        return Err(damaged("bytes are left over"));
    }
    Ok(value)
}

/// The body of `bytes`, after every field of the header was checked.
fn body(kind: Kind, bytes: &[u8]) -> Result<&[u8]> {
    let name = kind.name();
    let fail = |what: String| Err(Error::InvalidModel(what));
    if bytes.len() < 10 || &bytes[..8] != MAGIC {
        return fail(format!("the bytes are not {name} of orchard"));
    }
    // Before the checksum: of a newer format only the first ten bytes are known.
    let version = u16::from_le_bytes([bytes[8], bytes[9]]);
    if version > FORMAT_VERSION {
        return fail(format!(
            "the bytes have format version {version}, newer than version {FORMAT_VERSION} of this build: update the extension"
        ));
    }
    if version == 0 || bytes.len() < HEADER {
        return fail(format!("the bytes of {name} are damaged: the header is not whole"));
    }
    let field = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
    let body = &bytes[HEADER..];
    if field(16) != body.len() as u64 {
        return fail(format!("the bytes of {name} are damaged: {} bytes are there of {}", body.len(), field(16)));
    }
    if field(SUMMED) != checksum(bytes) {
        return fail(format!("the bytes of {name} are damaged: the checksum does not match"));
    }
    if bytes[KIND] != kind as u8 {
        return fail(format!("the bytes are not {name} but something else of orchard"));
    }
    if bytes[11..16] != [0; 5] {
        return fail(format!("the bytes of {name} are damaged: the header is not of this format"));
    }
    Ok(body)
}

/// Of the header before the checksum, and of the body. `bytes` has a header.
fn checksum(bytes: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&bytes[..SUMMED]);
    hash.update(&bytes[HEADER..]);
    hash.digest()
}

/// `bytes` with the checksum that fits them, as a forger would write them. For tests of what lies behind the checksum.
#[doc(hidden)]
pub fn reseal(bytes: &mut [u8]) {
    if bytes.len() >= HEADER {
        let length = (bytes.len() - HEADER) as u64;
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
        let sum = checksum(bytes);
        bytes[SUMMED..HEADER].copy_from_slice(&sum.to_le_bytes());
    }
}

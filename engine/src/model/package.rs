//! A version as it leaves a database: what is kept of it, in one piece.

use serde::{Deserialize, Serialize};

use super::codec::{decode_as, encode_as, Kind};
use crate::error::{Error, Result};

/// A version of a model with everything that another database needs. Frozen: a changed field is a new format version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Package {
    /// What the catalogue says of the version, as an object of JSON; keys that are not known are passed over.
    pub facts: String,
    /// What is stored of it, by kind, each kind once: the model, its held-out rows and so on.
    pub parts: Vec<(u16, Vec<u8>)>,
}

/// The bytes of a package.
pub fn encode_package(package: &Package) -> Result<Vec<u8>> {
    encode_as(Kind::Package, package)
}

/// The package that [`encode_package`] wrote. What its parts say is not yet proved.
///
/// Fails with [`Error::InvalidModel`] for anything else: truncated, damaged or foreign bytes, or a newer format.
pub fn decode_package(bytes: &[u8]) -> Result<Package> {
    let package: Package = decode_as(Kind::Package, bytes)?;
    if !package.parts.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(Error::InvalidModel("the bytes of an exported model are damaged: a part is there twice".into()));
    }
    Ok(package)
}

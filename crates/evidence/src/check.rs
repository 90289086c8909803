//! The validation of a single file.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::Sha256;

use crate::digest::{Digest, DigestError, LogFile, MAX_DIGEST, Previous, SHA_256_WITH_RSA, UnverifiedDigest};
use crate::gzip::{Damage, Unpacked, Unpacker};
use crate::hash::{Hash, decode_hex};
use crate::keys::{KeyLookup, PublicKey, PublicKeys};
use crate::location::{ChainId, DigestKind, ObjectLocation};
use crate::source::{Body, ObjectSource, ReadError};
use crate::verdict::Verdict;

/// The names of the metadata of a digest. See "Signature of the digest file" and "Backfill digest
/// files" in "CloudTrail digest file structure".
pub(crate) const SIGNATURE: &str = "signature";
pub(crate) const SIGNATURE_ALGORITHM: &str = "signature-algorithm";
pub(crate) const BACKFILL_TIME: &str = "backfill-generation-timestamp";

/// The largest log file that is hashed, decompressed. CloudTrail starts a new file long before this
/// size.
const MAX_LOG: u64 = 4 * 1024 * 1024 * 1024;

/// A digest file before its validation.
#[derive(Debug)]
pub(crate) struct DigestFile {
    metadata: Option<BTreeMap<String, String>>,
    content: Vec<u8>,
    has_trailing_bytes: bool,
}

/// A digest file after its validation.
#[derive(Debug)]
pub(crate) struct CheckedDigest {
    pub(crate) verdict: Verdict,
    /// The content and its signature, if CloudTrail signed the content. A file with trailing bytes,
    /// for example, still contains what CloudTrail signed.
    pub(crate) signed: Option<(Digest, Vec<u8>)>,
    /// The previous digest that the file claims, signed or not.
    pub(crate) previous: Option<Previous>,
}

impl From<Verdict> for CheckedDigest {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, signed: None, previous: None }
    }
}

/// A signature of a digest that the next digest of the chain names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedSignature {
    pub(crate) signature: Vec<u8>,
    /// Whether the next digest is verified. Any digest can name a signature that verifies, but only
    /// a verified digest proves that a digest without this signature is wrong.
    pub(crate) is_proven: bool,
}

/// Reads and decompresses a digest file.
pub(crate) async fn read_digest<S: ObjectSource>(
    source: &S,
    place: &ObjectLocation,
) -> Result<DigestFile, Verdict> {
    let mut object = source.get(place).await.map_err(unread)?;
    let mut unpacker = Unpacker::new(Vec::new(), MAX_DIGEST);
    while let Some(chunk) = object.body.chunk().await.map_err(unread)? {
        unpacker.push(&chunk).map_err(malformed)?;
    }
    let Unpacked { content, has_trailing_bytes } = unpacker.finish().map_err(malformed)?;
    Ok(DigestFile { metadata: object.metadata, content, has_trailing_bytes })
}

fn unread(error: ReadError) -> Verdict {
    match error {
        ReadError::NotFound => Verdict::Deleted,
        ReadError::Unreadable(reason) => Verdict::Unreadable(reason),
    }
}

fn malformed(damage: Damage) -> Verdict {
    match damage {
        Damage::Truncated => Verdict::Truncated,
        Damage::Corrupt => Verdict::Malformed(damage.to_string()),
        Damage::TooLarge(_) => Verdict::TooLarge,
    }
}

/// Validates a digest file that was found at a location. `named` is the signature that the next
/// digest of the chain names.
pub(crate) fn check_digest(
    id: &ChainId,
    place: &ObjectLocation,
    file: &DigestFile,
    named: Option<&NamedSignature>,
    keys: &PublicKeys,
) -> CheckedDigest {
    match UnverifiedDigest::parse(&file.content) {
        Ok(digest) => {
            let (verdict, signed) = check_signature(id, place, file, &digest, named, keys);
            CheckedDigest { verdict, signed, previous: digest.previous().cloned() }
        }
        Err(DigestError::Algorithm(name)) => Verdict::UnknownAlgorithm(name).into(),
        Err(error @ (DigestError::Json(_) | DigestError::Field(_))) => {
            Verdict::Malformed(error.to_string()).into()
        }
    }
}

fn check_signature(
    id: &ChainId,
    place: &ObjectLocation,
    file: &DigestFile,
    digest: &UnverifiedDigest,
    named: Option<&NamedSignature>,
    keys: &PublicKeys,
) -> (Verdict, Option<(Digest, Vec<u8>)>) {
    if digest.place() != place || digest.account() != id.account.as_str() {
        return (Verdict::WrongPlace, None);
    }
    let metadata = file.metadata.as_ref();
    let value = |name| metadata.and_then(|metadata| metadata.get(name));
    let algorithms = [Some(digest.algorithm()), value(SIGNATURE_ALGORITHM).map(String::as_str)];
    if let Some(unknown) = algorithms.into_iter().flatten().find(|name| *name != SHA_256_WITH_RSA) {
        return (Verdict::UnknownAlgorithm(unknown.to_owned()), None);
    }
    // The time only selects the key. The signature is then verified with this key.
    let time = value(BACKFILL_TIME).filter(|_| id.kind == DigestKind::Backfill);
    let time = time.and_then(|time| time.parse::<Timestamp>().ok()).unwrap_or(digest.end());
    let key = match keys.named(&id.region, digest.fingerprint(), time) {
        KeyLookup::Key(key) => key,
        KeyLookup::Foreign => return (Verdict::UnknownKey, None),
        KeyLookup::NoKeys => return (Verdict::NoKeys, None),
    };
    let own = value(SIGNATURE).map(|hex| decode_hex(hex).unwrap_or_default());
    let by_own = own.as_deref().and_then(|signature| verify(digest, key, signature));
    let is_own = by_own.is_some();
    let signed = by_own.or_else(|| verify(digest, key, &named?.signature));
    let verdict = match (metadata, own) {
        // The metadata is part of the object: CloudTrail writes the metadata, and S3 does not
        // change it without a new version of the object.
        (Some(_), None) => Verdict::NoSignature,
        (Some(_), Some(_)) if !is_own => Verdict::WrongSignature,
        (None, _) if signed.is_none() && named.is_some_and(|named| named.is_proven) => {
            Verdict::WrongSignature
        }
        (None, _) if signed.is_none() => Verdict::SignatureNotSaved,
        _ if file.has_trailing_bytes => Verdict::TrailingBytes,
        _ => Verdict::Verified,
    };
    (verdict, signed)
}

fn verify(digest: &UnverifiedDigest, key: &PublicKey, signature: &[u8]) -> Option<(Digest, Vec<u8>)> {
    Some((digest.clone().verify(key, signature)?, signature.to_vec()))
}

/// Reads and hashes a log file that a signed digest names. Returns the verdict and the bytes that
/// were read.
pub(crate) async fn check_log<S: ObjectSource>(source: &S, log: &LogFile) -> (Verdict, u64) {
    let mut bytes = 0;
    let verdict = hash_log(source, log, &mut bytes).await.unwrap_or_else(|verdict| verdict);
    (verdict, bytes)
}

async fn hash_log<S: ObjectSource>(source: &S, log: &LogFile, bytes: &mut u64) -> Result<Verdict, Verdict> {
    let damaged = |damage| match damage {
        Damage::Truncated => Verdict::Truncated,
        Damage::Corrupt => Verdict::Changed,
        Damage::TooLarge(_) => Verdict::TooLarge,
    };
    let mut object = source.get(&log.place).await.map_err(unread)?;
    let mut unpacker = Unpacker::new(Sha256::default(), MAX_LOG);
    while let Some(chunk) = object.body.chunk().await.map_err(unread)? {
        *bytes += chunk.len() as u64;
        unpacker.push(&chunk).map_err(damaged)?;
    }
    let Unpacked { content, has_trailing_bytes } = unpacker.finish().map_err(damaged)?;
    Ok(match Hash::finish(content) == log.hash {
        false => Verdict::Changed,
        true if has_trailing_bytes => Verdict::TrailingBytes,
        true => Verdict::Verified,
    })
}

//! Log and digest files as CloudTrail delivers them, signed with a key of our own: for tests, and
//! for the embedded AWS.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

use crate::check::{BACKFILL_TIME, SIGNATURE, SIGNATURE_ALGORITHM};
use crate::digest::{LogFile, MAX_DIGEST, SHA_256, SHA_256_WITH_RSA, signed_text};
use crate::hash::{Hash, encode_hex};
use crate::keys::PublicKey;
use crate::location::{ChainId, DigestKind, ObjectLocation, Root, day};
use crate::memory::Stored;

/// The reason why a file cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// The private key is not an RSA key in PKCS #8.
    #[error("the private key is not an RSA key of at least 2048 bits in PKCS #8")]
    Key,
    /// The signature could not be made.
    #[error("cannot sign the digest")]
    Sign,
    /// The digest after which a chain is to continue has no signature.
    #[error("the newest digest has no signature")]
    NoSignature,
    /// The file could not be compressed or decompressed.
    #[error("cannot compress or decompress the file")]
    Compress(#[from] std::io::Error),
}

/// A signer of digests: an RSA key pair.
pub struct Signer {
    pair: RsaKeyPair,
    fingerprint: String,
}

impl Signer {
    /// Reads a private key in PKCS #8 in DER.
    ///
    /// # Errors
    ///
    /// Fails if the key is not an RSA key that CloudTrail could use.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, MintError> {
        let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| MintError::Key)?;
        // The fingerprints of CloudTrail have the same length. AWS does not document how CloudTrail
        // computes them.
        let fingerprint = encode_hex(&Hash::of(pair.public_key().as_ref()).half().0);
        Ok(Self { pair, fingerprint })
    }

    /// Returns the public key, as `ListPublicKeys` returns it.
    pub fn public_key(&self, valid_from: Timestamp, valid_to: Timestamp) -> PublicKey {
        let der = self.pair.public_key().as_ref().to_vec();
        PublicKey { fingerprint: self.fingerprint.clone(), der, valid_from, valid_to }
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, MintError> {
        let mut signature = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        self.pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(|_| MintError::Sign)?;
        Ok(signature)
    }
}

/// A chain that grows by one digest after the other.
#[derive(Debug, Clone)]
pub struct Minted {
    /// The identity of the chain.
    pub id: ChainId,
    /// The folder into which the next files are delivered.
    pub root: Root,
    /// The digest that the next digest names; `None` to start a new chain, as CloudTrail does after
    /// logging was stopped.
    pub last: Option<LastDigest>,
}

/// The newest digest of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastDigest {
    place: ObjectLocation,
    hash: Hash,
    signature: String,
}

impl Minted {
    /// Starts a chain.
    pub fn new(id: ChainId, root: Root) -> Self {
        Self { id, root, last: None }
    }

    /// Continues a chain after a digest.
    ///
    /// # Errors
    ///
    /// Fails if the object is not a gzip file with a signature in its metadata.
    pub fn after(id: ChainId, root: Root, place: ObjectLocation, digest: &Stored) -> Result<Self, MintError> {
        let metadata = digest.metadata.as_ref();
        let signature = metadata.and_then(|it| it.get(SIGNATURE)).ok_or(MintError::NoSignature)?.clone();
        let mut content = Vec::new();
        GzDecoder::new(digest.body.as_slice()).take(MAX_DIGEST).read_to_end(&mut content)?;
        let hash = Hash::of(&content);
        Ok(Self { id, root, last: Some(LastDigest { place, hash, signature }) })
    }

    /// Returns a log file that was delivered at a time, and its entry in the digest. `unique` is
    /// the end of the name of the file.
    ///
    /// # Errors
    ///
    /// Fails if the content cannot be compressed.
    pub fn log(
        &self,
        delivered: Timestamp,
        unique: &str,
        content: &[u8],
    ) -> Result<(LogFile, Stored), MintError> {
        let ChainId { account, region, .. } = &self.id;
        let time = delivered.strftime("%Y%m%dT%H%MZ");
        let key = format!(
            "{}CloudTrail/{region}/{}/{account}_CloudTrail_{region}_{time}_{unique}.json.gz",
            self.root.account_folder(account),
            day(delivered),
        );
        let log = LogFile { place: self.root.place(key), hash: Hash::of(content) };
        Ok((log, Stored { body: gzip(content)?, metadata: Some(BTreeMap::new()), modified: Some(delivered) }))
    }

    /// Returns the digest of the log files that were delivered from start to end, and continues the
    /// chain with it.
    ///
    /// `generated` is the time at which CloudTrail wrote the digest.
    ///
    /// # Errors
    ///
    /// Fails if the digest cannot be signed or compressed.
    pub fn digest(
        &mut self,
        signer: &Signer,
        start: Timestamp,
        end: Timestamp,
        logs: &[LogFile],
        generated: Timestamp,
    ) -> Result<(ObjectLocation, Stored), MintError> {
        let place = self.root.place(self.id.key(&self.root, end));
        let last = self.last.as_ref();
        let files = logs.iter().map(|log| {
            json!({
                "s3Bucket": log.place.bucket,
                "s3Object": log.place.key,
                "hashValue": log.hash.to_string(),
                "hashAlgorithm": SHA_256,
                "newestEventTime": start.to_string(),
                "oldestEventTime": start.to_string(),
            })
        });
        let event_time = (!logs.is_empty()).then(|| start.to_string());
        let content = json!({
            "awsAccountId": self.id.account.as_str(),
            "digestStartTime": start.to_string(),
            "digestEndTime": end.to_string(),
            "digestS3Bucket": place.bucket,
            "digestS3Object": place.key,
            "digestPublicKeyFingerprint": signer.fingerprint,
            "digestSignatureAlgorithm": SHA_256_WITH_RSA,
            "newestEventTime": event_time,
            "oldestEventTime": event_time,
            "previousDigestS3Bucket": last.map(|last| &last.place.bucket),
            "previousDigestS3Object": last.map(|last| &last.place.key),
            "previousDigestHashValue": last.map(|last| last.hash.to_string()),
            "previousDigestHashAlgorithm": last.map(|_| SHA_256),
            "previousDigestSignature": last.map(|last| &last.signature),
            "logFiles": files.collect::<Vec<_>>(),
        });
        let content = content.to_string();
        let hash = Hash::of(content.as_bytes());
        let previous = last.map(|last| &*last.signature);
        let signature =
            encode_hex(&signer.sign(signed_text(&end.to_string(), &place, hash, previous).as_bytes())?);
        let mut metadata = BTreeMap::from([
            (SIGNATURE.to_owned(), signature.clone()),
            (SIGNATURE_ALGORITHM.to_owned(), SHA_256_WITH_RSA.to_owned()),
        ]);
        if self.id.kind == DigestKind::Backfill {
            metadata.insert(BACKFILL_TIME.to_owned(), generated.to_string());
        }
        self.last = Some(LastDigest { place: place.clone(), hash, signature });
        let body = gzip(content.as_bytes())?;
        Ok((place, Stored { body, metadata: Some(metadata), modified: Some(generated) }))
    }
}

fn gzip(content: &[u8]) -> Result<Vec<u8>, MintError> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

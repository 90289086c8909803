//! Digest files: their claims, and the content that their signatures prove.
//!
//! See "CloudTrail digest file structure" and "Custom implementations of CloudTrail log file
//! integrity validation" in the CloudTrail user guide.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hash::{Hash, decode_hex, hex};
use crate::keys::PublicKey;
use crate::location::ObjectLocation;

/// The largest digest that is read, both compressed and decompressed. A digest has about 600 bytes
/// for each log file of its hour.
pub(crate) const MAX_DIGEST: u64 = 64 * 1024 * 1024;

/// The content of a digest file whose signature has not been verified.
///
/// Only the values that are needed for the verification can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedDigest {
    content: Digest,
    end_text: String,
    previous_signature: Option<String>,
    fingerprint: String,
    algorithm: String,
    account: String,
}

/// The content of a digest file that CloudTrail signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// The start of the time in which the named log files were delivered.
    pub start: Timestamp,
    /// The end of the time in which the named log files were delivered.
    pub end: Timestamp,
    /// The location to which CloudTrail delivered the digest.
    pub place: ObjectLocation,
    /// The hash of the decompressed file.
    pub hash: Hash,
    /// The previous digest of the chain; `None` in the first digest of a chain.
    pub previous: Option<Previous>,
    /// The log files that were delivered from start to end.
    pub logs: Vec<LogFile>,
}

/// The previous digest, as a digest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// The location of the previous digest.
    pub place: ObjectLocation,
    /// The hash of the previous digest, decompressed.
    pub hash: Hash,
    /// The signature of the previous digest.
    #[serde(with = "hex")]
    pub signature: Vec<u8>,
}

/// A log file, as a digest names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// The location of the log file.
    pub place: ObjectLocation,
    /// The hash of the decompressed log file.
    pub hash: Hash,
}

/// The reason why a file is not a digest.
#[derive(Debug, thiserror::Error)]
pub enum DigestError {
    /// The file is not JSON with the documented fields.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A field has an unexpected value.
    #[error("`{0}` has an unexpected value")]
    Field(&'static str),
    /// The digest names a hash algorithm other than SHA-256.
    #[error("unknown hash algorithm `{0}`")]
    Algorithm(String),
}

impl UnverifiedDigest {
    /// Parses a decompressed digest file.
    ///
    /// # Errors
    ///
    /// Fails if the content does not have the documented structure.
    pub fn parse(content: &[u8]) -> Result<Self, DigestError> {
        let raw: RawDigest = serde_json::from_slice(content)?;
        let time = |text: &str, field| text.parse::<Timestamp>().map_err(|_| DigestError::Field(field));
        let start = time(&raw.digest_start_time, "digestStartTime")?;
        let end = time(&raw.digest_end_time, "digestEndTime")?;
        if start >= end {
            return Err(DigestError::Field("digestStartTime"));
        }
        let previous = raw.previous()?;
        let logs: Result<_, _> = raw.log_files.into_iter().map(RawLogFile::parse).collect();
        Ok(Self {
            content: Digest {
                start,
                end,
                place: ObjectLocation { bucket: raw.digest_s3_bucket, key: raw.digest_s3_object },
                hash: Hash::of(content),
                previous,
                logs: logs?,
            },
            end_text: raw.digest_end_time,
            previous_signature: raw.previous_signature,
            fingerprint: raw.digest_public_key_fingerprint,
            algorithm: raw.digest_signature_algorithm,
            account: raw.aws_account_id,
        })
    }

    /// The fingerprint of the public key that verifies the signature.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The algorithm of the signature.
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// The account whose log files the digest names.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The location to which the digest claims to have been delivered.
    pub fn place(&self) -> &ObjectLocation {
        &self.content.place
    }

    /// The claimed end of the digest.
    pub fn end(&self) -> Timestamp {
        self.content.end
    }

    /// The hash of the decompressed file.
    pub fn hash(&self) -> Hash {
        self.content.hash
    }

    /// The claimed previous digest. Its signature can be verified even if this digest is not
    /// signed.
    pub(crate) fn previous(&self) -> Option<&Previous> {
        self.content.previous.as_ref()
    }

    /// Returns the text that CloudTrail signs.
    pub fn signed_text(&self) -> String {
        signed_text(&self.end_text, self.place(), self.hash(), self.previous_signature.as_deref())
    }

    /// Returns the content if the signature was made with the key; otherwise returns `None`.
    pub fn verify(self, key: &PublicKey, signature: &[u8]) -> Option<Digest> {
        key.verifies(self.signed_text().as_bytes(), signature).then_some(self.content)
    }
}

/// The text of four lines that CloudTrail signs. See "Contents of the data signing string" in the
/// CloudTrail user guide. The first digest of a chain has the word `null` as the previous
/// signature, as in the AWS CLI.
pub(crate) fn signed_text(
    end: &str,
    place: &ObjectLocation,
    hash: Hash,
    previous_signature: Option<&str>,
) -> String {
    let ObjectLocation { bucket, key } = place;
    let previous = previous_signature.unwrap_or("null");
    format!("{end}\n{bucket}/{key}\n{hash}\n{previous}")
}

/// The name of the hash algorithm in digests.
pub(crate) const SHA_256: &str = "SHA-256";
/// The name of the signature algorithm in digests and in their metadata.
pub(crate) const SHA_256_WITH_RSA: &str = "SHA256withRSA";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDigest {
    aws_account_id: String,
    digest_start_time: String,
    digest_end_time: String,
    #[serde(rename = "digestS3Bucket")]
    digest_s3_bucket: String,
    #[serde(rename = "digestS3Object")]
    digest_s3_object: String,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: String,
    #[serde(rename = "previousDigestS3Bucket")]
    previous_bucket: Option<String>,
    #[serde(rename = "previousDigestS3Object")]
    previous_key: Option<String>,
    #[serde(rename = "previousDigestHashValue")]
    previous_hash: Option<String>,
    #[serde(rename = "previousDigestHashAlgorithm")]
    previous_algorithm: Option<String>,
    #[serde(rename = "previousDigestSignature")]
    previous_signature: Option<String>,
    log_files: Vec<RawLogFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLogFile {
    #[serde(rename = "s3Bucket")]
    bucket: String,
    #[serde(rename = "s3Object")]
    key: String,
    hash_value: String,
    hash_algorithm: String,
}

impl RawDigest {
    fn previous(&self) -> Result<Option<Previous>, DigestError> {
        let fields = (
            &self.previous_bucket,
            &self.previous_key,
            &self.previous_hash,
            &self.previous_algorithm,
            &self.previous_signature,
        );
        match fields {
            (None, None, None, None, None) => Ok(None),
            (Some(bucket), Some(key), Some(hash), Some(algorithm), Some(signature)) => {
                check_algorithm(algorithm)?;
                Ok(Some(Previous {
                    place: ObjectLocation { bucket: bucket.clone(), key: key.clone() },
                    hash: Hash::parse(hash).ok_or(DigestError::Field("previousDigestHashValue"))?,
                    signature: decode_hex(signature).ok_or(DigestError::Field("previousDigestSignature"))?,
                }))
            }
            // The first digest of a chain has none of these fields: see "Starting digest file".
            _ => Err(DigestError::Field("previousDigestS3Object")),
        }
    }
}

impl RawLogFile {
    fn parse(self) -> Result<LogFile, DigestError> {
        check_algorithm(&self.hash_algorithm)?;
        let hash = Hash::parse(&self.hash_value).ok_or(DigestError::Field("hashValue"))?;
        Ok(LogFile { place: ObjectLocation { bucket: self.bucket, key: self.key }, hash })
    }
}

fn check_algorithm(name: &str) -> Result<(), DigestError> {
    if name == SHA_256 { Ok(()) } else { Err(DigestError::Algorithm(name.to_owned())) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The empty digest of "'Empty' digest files".
    const DOCUMENTED: &str = r#"{"awsAccountId": "111122223333", "digestStartTime": "2015-08-20T17:01:31Z",
        "digestEndTime": "2015-08-20T18:01:31Z", "digestS3Bucket": "example-bucket-name",
        "digestS3Object": "AWSLogs/111122223333/CloudTrail-Digest/x.json.gz",
        "digestPublicKeyFingerprint": "31e8b5433410dfb61a9dc45cc65b22ff",
        "digestSignatureAlgorithm": "SHA256withRSA", "newestEventTime": null, "oldestEventTime": null,
        "previousDigestS3Bucket": "example-bucket-name", "previousDigestS3Object": "y.json.gz",
        "previousDigestHashValue": "ed96c4bac9eaa8fe9716ca0e515da51938be651b1db31d781956416a9d05cdfa",
        "previousDigestHashAlgorithm": "SHA-256", "previousDigestSignature": "82705525fb", "logFiles": []}"#;

    #[test]
    fn the_signed_text_has_the_documented_lines() {
        let digest = UnverifiedDigest::parse(DOCUMENTED.as_bytes()).unwrap();
        let hash = Hash::of(DOCUMENTED.as_bytes());
        let expected = format!(
            "2015-08-20T18:01:31Z\nexample-bucket-name/AWSLogs/111122223333/CloudTrail-Digest/x.json.gz\n{hash}\n82705525fb"
        );
        assert_eq!(digest.signed_text(), expected);
    }

    #[test]
    fn the_first_digest_of_a_chain_has_no_previous_digest() {
        let mut first: serde_json::Value = serde_json::from_str(DOCUMENTED).unwrap();
        for field in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
            first[format!("previousDigest{field}")] = serde_json::Value::Null;
        }
        let digest = UnverifiedDigest::parse(first.to_string().as_bytes()).unwrap();
        assert_eq!(digest.content.previous, None);
        assert!(digest.signed_text().ends_with("\nnull"));
    }

    #[test]
    fn wrong_digests_are_rejected_with_the_field() {
        let table = [
            ("17:01:31Z", "19:01:31Z", "`digestStartTime` has an unexpected value"),
            ("18:01:31Z", "soon", "`digestEndTime` has an unexpected value"),
            ("\"82705525fb\"", "null", "`previousDigestS3Object` has an unexpected value"),
            ("82705525fb", "8270552", "`previousDigestSignature` has an unexpected value"),
            ("ed96c4ba", "ed96", "`previousDigestHashValue` has an unexpected value"),
            ("\"SHA-256\"", "\"MD5\"", "unknown hash algorithm `MD5`"),
            (
                "[]",
                r#"[{"s3Bucket":"b","s3Object":"k","hashValue":"0","hashAlgorithm":"SHA-256"}]"#,
                "`hashValue` has an unexpected value",
            ),
        ];
        for (from, to, expected) in table {
            let error = UnverifiedDigest::parse(DOCUMENTED.replace(from, to).as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let twice = DOCUMENTED.replace("\"logFiles\"", "\"logFiles\": [], \"logFiles\"");
        assert!(matches!(UnverifiedDigest::parse(twice.as_bytes()), Err(DigestError::Json(_))));
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes: Vec<u8>, at: prop::sample::Index, with: u8) {
            let _ = UnverifiedDigest::parse(&bytes);
            let mut changed = DOCUMENTED.as_bytes().to_vec();
            let at = at.index(changed.len());
            changed[at] = with;
            let _ = UnverifiedDigest::parse(&changed);
        }
    }
}

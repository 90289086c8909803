//! The public keys of CloudTrail.
//!
//! CloudTrail signs the digests of each Region with different keys. See "Custom implementations of
//! CloudTrail log file integrity validation" in the CloudTrail user guide, and `ListPublicKeys` in
//! the CloudTrail API reference.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reconcile_policy::Region;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::location::hours;

/// A public key of CloudTrail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The fingerprint with which digests name the key.
    pub fingerprint: String,
    /// The key in DER. `ListPublicKeys` documents the form of PKCS #1, but its documented example
    /// also has a key in the form of `SubjectPublicKeyInfo`; both are accepted.
    pub der: Vec<u8>,
    /// The start of the validity of the key.
    pub valid_from: Timestamp,
    /// The end of the validity of the key.
    pub valid_to: Timestamp,
}

impl PublicKey {
    /// Returns whether a signature of a message was made with the private key of this key.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let der = pkcs1(&self.der).unwrap_or(&self.der);
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).verify(message, signature).is_ok()
    }

    /// Returns whether the key can have signed a digest that ends at a time. CloudTrail can sign a
    /// digest some hours after its end, with the key that is valid then. The AWS CLI allows two
    /// hours (aws/aws-cli#10072). A digest whose end is further from the validity of the key is not
    /// from CloudTrail.
    fn is_valid_at(&self, time: Timestamp) -> bool {
        (hours(self.valid_from, -KEY_SLACK_HOURS)..=hours(self.valid_to, KEY_SLACK_HOURS)).contains(&time)
    }
}

pub(crate) const KEY_SLACK_HOURS: i64 = 24;

/// The public keys of CloudTrail, by Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys(BTreeMap<Region, Vec<PublicKey>>);

/// The key that a digest names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyLookup<'a> {
    Key(&'a PublicKey),
    /// CloudTrail had keys in this Region at this time, and the named key is not one of them.
    Foreign,
    /// No key of this Region at this time is known.
    NoKeys,
}

impl PublicKeys {
    /// Adds keys of a Region.
    pub fn add(&mut self, region: Region, keys: impl IntoIterator<Item = PublicKey>) {
        self.0.entry(region).or_default().extend(keys);
    }

    /// Parses saved keys: a JSON object that has the output of `aws cloudtrail list-public-keys`
    /// for each Region.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let keys = reconcile_evidence::PublicKeys::parse(br#"{"eu-west-1": {"PublicKeyList": [{
    ///     "Fingerprint": "8eba5db5bea9b640d1c96a77256fe7f2", "Value": "MAA=",
    ///     "ValidityStartTime": 1436317441.0, "ValidityEndTime": "2015-08-07T01:04:01+00:00"}]}}"#)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the text is not a JSON object of this form. The error contains the position of the
    /// problem.
    pub fn parse(json: &[u8]) -> Result<Self, KeysError> {
        let saved: BTreeMap<Region, SavedKeys> = serde_json::from_slice(json)?;
        let mut keys = Self::default();
        for (region, list) in saved {
            let parsed: Result<Vec<_>, _> = list.keys.into_iter().map(SavedKey::parse).collect();
            keys.add(region, parsed?);
        }
        Ok(keys)
    }

    /// Returns the keys in the form that [`PublicKeys::parse`] accepts.
    pub fn to_json(&self) -> serde_json::Value {
        let saved = |key: &PublicKey| SavedKey {
            fingerprint: key.fingerprint.clone(),
            value: STANDARD.encode(&key.der),
            from: SavedTime::Text(key.valid_from.to_string()),
            to: SavedTime::Text(key.valid_to.to_string()),
        };
        let regions = self.0.iter().map(|(region, keys)| {
            (
                region.to_string(),
                serde_json::json!({ "PublicKeyList": keys.iter().map(saved).collect::<Vec<_>>() }),
            )
        });
        serde_json::Value::Object(regions.collect())
    }

    pub(crate) fn named(&self, region: &Region, fingerprint: &str, time: Timestamp) -> KeyLookup<'_> {
        let mut valid =
            self.0.get(region).into_iter().flatten().filter(|key| key.is_valid_at(time)).peekable();
        if valid.peek().is_none() {
            return KeyLookup::NoKeys;
        }
        valid.find(|key| key.fingerprint == fingerprint).map_or(KeyLookup::Foreign, KeyLookup::Key)
    }
}

/// The reason why saved keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file is not JSON of the documented form.
    #[error("cannot parse the public keys")]
    Json(#[from] serde_json::Error),
    /// The value of a key is not base64.
    #[error("the value of the public key `{0}` is not base64")]
    Value(String),
    /// The validity of a key is not a time.
    #[error("the validity of the public key `{0}` is not a time")]
    Validity(String),
}

#[derive(Deserialize)]
struct SavedKeys {
    #[serde(rename = "PublicKeyList")]
    keys: Vec<SavedKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SavedKey {
    fingerprint: String,
    value: String,
    #[serde(rename = "ValidityStartTime")]
    from: SavedTime,
    #[serde(rename = "ValidityEndTime")]
    to: SavedTime,
}

/// A time as version 1 of the AWS CLI prints it (seconds), or as version 2 does (ISO 8601).
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum SavedTime {
    Seconds(f64),
    Text(String),
}

impl SavedTime {
    fn parse(&self) -> Option<Timestamp> {
        match self {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a cast of a float saturates, and jiff checks the range"
            )]
            Self::Seconds(seconds) => Timestamp::from_second(*seconds as i64).ok(),
            // The documentation prints seconds within quotes.
            Self::Text(text) => match text.parse::<f64>() {
                Ok(seconds) => Self::Seconds(seconds).parse(),
                Err(_) => text.parse().ok(),
            },
        }
    }
}

impl SavedKey {
    fn parse(self) -> Result<PublicKey, KeysError> {
        let (Some(valid_from), Some(valid_to)) = (self.from.parse(), self.to.parse()) else {
            return Err(KeysError::Validity(self.fingerprint));
        };
        match STANDARD.decode(&self.value) {
            Ok(der) => Ok(PublicKey { fingerprint: self.fingerprint, der, valid_from, valid_to }),
            Err(_) => Err(KeysError::Value(self.fingerprint)),
        }
    }
}

/// Returns the key of PKCS #1 within a `SubjectPublicKeyInfo` of RSA; `None` if the bytes are in
/// another form. See sections 4.1 of RFC 5280 and 2.3.1 of RFC 3279.
fn pkcs1(der: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const BIT_STRING: u8 = 0x03;
    const RSA: [u8; 15] = [0x30, 13, 0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 0x05, 0];
    let info = der_value(der, SEQUENCE)?;
    der_value(info.strip_prefix(&RSA)?, BIT_STRING)?.strip_prefix(&[0])
}

fn der_value(der: &[u8], tag: u8) -> Option<&[u8]> {
    let (length, value) = match der.strip_prefix(&[tag])? {
        [0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        [0x81, length, rest @ ..] | [length @ ..=0x7f, rest @ ..] => (usize::from(*length), rest),
        _ => return None,
    };
    (value.len() == length).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of `ListPublicKeys` in "Custom implementations of CloudTrail log file integrity
    /// validation".
    const DOCUMENTED: &str = r#"{"us-east-2": {"PublicKeyList": [
        {"ValidityStartTime": "1436317441.0", "ValidityEndTime": "1438909441.0",
         "Value": "MIIBCgKCAQEAn11L2YZ9h7onug2ILi1MWyHiMRsTQjfWE+pHVRLk1QjfWhirG+lpOa8NrwQ/r7Ah5bNL6HepznOU9XTDSfmmnP97mqyc7z/upfZdS/AHhYcGaz7n6Wc/RRBU6VmiPCrAUojuSk6/GjvA8iOPFsYDuBtviXarvuLPlrT9kAd4Lb+rFfR5peEgBEkhlzc5HuWO7S0y+KunqxX6jQBnXGMtxmPBPP0FylgWGNdFtks/4YSKcgqwH0YDcawP9GGGDAeCIqPWIXDLG1jOjRRzWfCmD0iJUkz8vTsn4hq/5ZxRFE7UBAUiVcGbdnDdvVfhF9C3dQiDq3k7adQIziLT0cShgQIDAQAB",
         "Fingerprint": "8eba5db5bea9b640d1c96a77256fe7f2"},
        {"ValidityStartTime": 1434589370.0, "ValidityEndTime": "2015-07-18T01:02:50+00:00",
         "Value": "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqlzPJbvZJ42UdcmLfPUqXYNfOs6I8lCfao/tOs8CmzPOEdtLWugB9xoIUz78qVHdKIqxbaG4jWHfJBiOSSFBM0lt8cdVo4TnRa7oG9io5pysS6DJhBBAeXsicufsiFJR+wrUNh8RSLxL4k6G1+BhLX20tJkZ/erT97tDGBujAelqseGg3vPZbTx9SMfOLN65PdLFudLP7Gat0Z9p5jw/rjpclKfo9Bfc3heeBxWGKwBBOKnFAaN9V57pOaosCvPKmHd9bg7jsQkI9Xp22IzGLsTFJZYVA3KiTAElDMu80iFXPHEq9hKNbt9e4URFam+1utKVEiLkR2disdCmPTK0VQIDAQAB",
         "Fingerprint": "31e8b5433410dfb61a9dc45cc65b22ff"}]}}"#;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_documented_keys_are_read_in_both_forms() {
        let keys = PublicKeys::parse(DOCUMENTED.as_bytes()).unwrap();
        let [plain, wrapped] = &keys.0.values().next().unwrap()[..] else { panic!() };
        assert_eq!(
            (plain.valid_from, plain.valid_to),
            (time("2015-07-08T01:04:01Z"), time("2015-08-07T01:04:01Z"))
        );
        assert_eq!(wrapped.valid_to, time("2015-07-18T01:02:50Z"));
        assert_eq!(pkcs1(&plain.der), None);
        let inner = pkcs1(&wrapped.der).unwrap();
        assert_eq!((inner.len(), &inner[..2]), (270, &[0x30, 0x82][..]));
        assert_eq!(PublicKeys::parse(keys.to_json().to_string().as_bytes()).unwrap(), keys);
    }

    #[test]
    fn a_key_counts_only_in_its_region_and_near_its_validity() {
        let keys = PublicKeys::parse(DOCUMENTED.as_bytes()).unwrap();
        let named = |region: &str, key: &str, at| keys.named(&region.parse().unwrap(), key, time(at));
        let fingerprint = "8eba5db5bea9b640d1c96a77256fe7f2";
        assert!(matches!(named("us-east-2", fingerprint, "2015-08-07T03:00:00Z"), KeyLookup::Key(_)));
        assert_eq!(named("us-east-2", "0", "2015-08-07T03:00:00Z"), KeyLookup::Foreign);
        assert_eq!(named("us-east-2", fingerprint, "2015-07-06T00:00:00Z"), KeyLookup::Foreign);
        assert_eq!(named("us-east-2", fingerprint, "2015-09-07T00:00:00Z"), KeyLookup::NoKeys);
        assert_eq!(named("us-east-1", fingerprint, "2015-08-07T00:00:00Z"), KeyLookup::NoKeys);
    }

    #[test]
    fn wrong_keys_are_rejected_with_their_name() {
        let error =
            |from, to| PublicKeys::parse(DOCUMENTED.replace(from, to).as_bytes()).unwrap_err().to_string();
        assert_eq!(
            error("MIIBC", "?"),
            "the value of the public key `8eba5db5bea9b640d1c96a77256fe7f2` is not base64"
        );
        let validity = "the validity of the public key `8eba5db5bea9b640d1c96a77256fe7f2` is not a time";
        assert_eq!(error("1436317441.0", "soon"), validity);
        assert_eq!(error("\"1436317441.0\"", "1e300"), validity);
        assert_eq!(error("us-east-2", "here"), "cannot parse the public keys");
    }
}

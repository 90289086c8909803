use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A bucket. Its configurations are stored as they were sent, by the name of their query parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) owner: String,
    pub(crate) region: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<String>,
    #[serde(default)]
    pub(crate) configuration: BTreeMap<String, String>,
    /// The grants of the ACL to grantees other than the owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) grants: Vec<BucketGrant>,
    /// Objects by key, each in its only version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) objects: BTreeMap<String, Object>,
}

/// An object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub(crate) struct Object {
    pub(crate) content: Bytes,
    /// The user-defined metadata, without `x-amz-meta-`.
    pub(crate) metadata: BTreeMap<String, String>,
    /// The ARN of the KMS key with which the object is encrypted; `None` for a key of S3.
    pub(crate) key: Option<String>,
    /// The time of storage, in seconds since 1970.
    pub(crate) stored: i64,
}

/// An object in a state file. Older files contain only the text.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Saved {
    Text(String),
    Object {
        #[serde(flatten)]
        content: SavedContent,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        metadata: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        stored: i64,
    },
}

/// The content of an object in a state file. Text is stored as readable text.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedContent {
    Text(String),
    Base64(String),
}

impl TryFrom<Saved> for Object {
    type Error = base64::DecodeError;

    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        Ok(match saved {
            Saved::Text(text) => Self { content: text.into(), ..Self::default() },
            Saved::Object { content, metadata, key, stored } => {
                let content = match content {
                    SavedContent::Text(text) => text.into(),
                    SavedContent::Base64(text) => STANDARD.decode(text)?.into(),
                };
                Self { content, metadata, key, stored }
            }
        })
    }
}

impl From<Object> for Saved {
    fn from(object: Object) -> Self {
        let Object { content, metadata, key, stored } = object;
        let content = match std::str::from_utf8(&content) {
            Ok(text) => SavedContent::Text(text.to_owned()),
            Err(_) => SavedContent::Base64(STANDARD.encode(&content)),
        };
        Self::Object { content, metadata, key, stored }
    }
}

impl Object {
    /// The entity tag: a digest of the content, in quotes.
    pub(crate) fn etag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.content.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }
}

/// A grant of a bucket ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BucketGrant {
    /// The URI of a group, or the canonical ID of an account.
    pub(crate) grantee: String,
    /// The permission, such as `READ`.
    pub(crate) permission: String,
}

impl Bucket {
    pub(crate) fn new(owner: &str, region: &str, configuration: BTreeMap<String, String>) -> Self {
        Self {
            owner: owner.to_owned(),
            region: region.to_owned(),
            policy: None,
            configuration,
            grants: Vec::new(),
            objects: BTreeMap::new(),
        }
    }

    /// Returns whether one of the configurations contains a piece of XML.
    pub(crate) fn has(&self, parameter: &str, xml: &str) -> bool {
        self.configuration.get(parameter).is_some_and(|text| text.contains(xml))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_saved_as_texts_or_bytes_and_old_files_are_read() {
        let object = |content: &'static [u8]| Object {
            content: Bytes::from_static(content),
            metadata: BTreeMap::from([("signature".to_owned(), "00".to_owned())]),
            key: None,
            stored: 7,
        };
        for (object, expected) in [
            (object(b"lock"), r#"{"text":"lock","metadata":{"signature":"00"},"stored":7}"#),
            (object(b"\x1f\x8b"), r#"{"base64":"H4s=","metadata":{"signature":"00"},"stored":7}"#),
        ] {
            let saved = serde_json::to_string(&object).unwrap();
            assert_eq!(saved, expected);
            assert_eq!(serde_json::from_str::<Object>(&saved).unwrap(), object);
        }
        for old in ["\"lock\"", "{\"text\":\"lock\",\"stored\":0}"] {
            let expected = Object { content: Bytes::from_static(b"lock"), ..Object::default() };
            assert_eq!(serde_json::from_str::<Object>(old).unwrap(), expected);
        }
        assert!(serde_json::from_str::<Object>(r#"{"base64":"?","stored":0}"#).is_err());
    }
}

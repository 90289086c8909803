use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

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
    /// The grants of the ACL to others than the owner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) grants: Vec<Grant>,
    /// Objects by key, each in its only version.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) objects: BTreeMap<String, Object>,
}

/// An object: a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredObject")]
pub(crate) struct Object {
    pub(crate) text: String,
    /// The time of storage, in seconds since 1970.
    pub(crate) stored: i64,
}

/// An object in a state file. Older files contain only the text.
#[derive(Deserialize)]
#[serde(untagged)]
enum StoredObject {
    Text(String),
    Object { text: String, stored: i64 },
}

impl From<StoredObject> for Object {
    fn from(stored: StoredObject) -> Self {
        match stored {
            StoredObject::Text(text) => Self { text, stored: 0 },
            StoredObject::Object { text, stored } => Self { text, stored },
        }
    }
}

impl Object {
    /// The entity tag: a digest of the content, in quotes.
    pub(crate) fn etag(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.text.hash(&mut hasher);
        format!("\"{:016x}\"", hasher.finish())
    }
}

/// A grant of a bucket ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// The URI of a group, or the canonical id of an account.
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

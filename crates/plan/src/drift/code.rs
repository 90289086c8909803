//! The codes of findings.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::plan::{RefusalCode, WarningCode};

/// The code of a finding, for programs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingCode {
    /// A resource of the spec does not exist.
    Missing,
    /// A resource differs from the spec.
    Changed,
    /// A resource is not in the spec.
    Unexpected,
    /// An account could not be read.
    Unreadable,
    /// The policies do not allow a trail to deliver.
    Undeliverable,
    /// It is unknown whether the policies allow a trail to deliver.
    DeliveryUnknown,
    /// A trail outside the spec delivers to the bucket.
    UnlistedTrail,
    /// A trail outside the spec uses the bucket, but cannot deliver.
    UnlistedUndeliverable,
    /// Outsiders have access.
    Exposure,
    /// The digests of a Region or an account stopped.
    StaleDigests,
    /// The digests cannot be listed.
    UnreadableDigests,
    /// A plan refuses a change.
    Refusal(RefusalCode),
    /// A plan has a warning.
    Warning(WarningCode),
}

impl FindingCode {
    /// The codes that are neither codes of refusals nor codes of warnings.
    pub const OWN: &[Self] = &[
        Self::Missing,
        Self::Changed,
        Self::Unexpected,
        Self::Unreadable,
        Self::Undeliverable,
        Self::DeliveryUnknown,
        Self::UnlistedTrail,
        Self::UnlistedUndeliverable,
        Self::Exposure,
        Self::StaleDigests,
        Self::UnreadableDigests,
    ];

    /// The name of the code.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Missing => "missing",
            Self::Changed => "changed",
            Self::Unexpected => "unexpected",
            Self::Unreadable => "unreadable",
            Self::Undeliverable => "undeliverable",
            Self::DeliveryUnknown => "delivery-unknown",
            Self::UnlistedTrail => "unlisted-trail",
            Self::UnlistedUndeliverable => "unlisted-undeliverable",
            Self::Exposure => "exposure",
            Self::StaleDigests => "stale-digests",
            Self::UnreadableDigests => "unreadable-digests",
            Self::Refusal(code) => code.as_str(),
            Self::Warning(code) => code.as_str(),
        }
    }
}

impl From<RefusalCode> for FindingCode {
    fn from(code: RefusalCode) -> Self {
        Self::Refusal(code)
    }
}

impl From<WarningCode> for FindingCode {
    fn from(code: WarningCode) -> Self {
        Self::Warning(code)
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for FindingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Reads an unknown name as the code of a warning, because a history or a baseline can contain
/// names of a later version.
impl<'de> Deserialize<'de> for FindingCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if let Some(own) = Self::OWN.iter().find(|code| code.as_str() == name) {
            return Ok(own.clone());
        }
        if let Some(refusal) = RefusalCode::ALL.iter().find(|code| code.as_str() == name) {
            return Ok(refusal.clone().into());
        }
        WarningCode::deserialize(Value::String(name)).map(Self::Warning).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_own_code_is_in_the_book() {
        let page = include_str!("../../../../docs/src/reference/json.md");
        let (_, codes) = page.split_once("\n`code` is the type of the problem").unwrap();
        let (codes, _) = codes.split_once("\n\n").unwrap();
        for code in FindingCode::OWN {
            assert!(codes.contains(&format!("`{code}`")), "{code} is not on the page");
        }
    }

    #[test]
    fn a_code_is_its_name_in_json() {
        let of_plans = RefusalCode::ALL.iter().cloned().map(FindingCode::from);
        let of_warnings = WarningCode::ALL.iter().cloned().map(FindingCode::from);
        for code in FindingCode::OWN.iter().cloned().chain(of_plans).chain(of_warnings) {
            let name = json!(code.as_str());
            assert_eq!(serde_json::to_value(&code).unwrap(), name);
            let read: FindingCode = serde_json::from_value(name).unwrap();
            assert_eq!(read.as_str(), code.as_str());
        }
        let later: FindingCode = serde_json::from_value(json!("of-a-later-version")).unwrap();
        assert_eq!(later, FindingCode::Warning(WarningCode::Other("of-a-later-version".into())));
        assert!(serde_json::from_value::<FindingCode>(json!(1)).is_err());
    }
}

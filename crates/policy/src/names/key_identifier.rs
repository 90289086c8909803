use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Arn, Region};

/// A text by which a resource names its KMS key. Every text is kept as AWS returns it.
///
/// See "Key identifiers (`KeyId`)" in the KMS developer guide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum KeyIdentifier {
    /// The ARN of a key or of an alias.
    Arn(Arn),
    /// The name of an alias, with its `alias/`.
    Alias(String),
    /// The ID of a key.
    Id(String),
}

impl KeyIdentifier {
    /// The identifier in an answer of AWS; `None` if the answer has no text or an empty text.
    pub fn returned(text: Option<&str>) -> Option<Self> {
        text.filter(|text| !text.is_empty()).map(|text| text.to_owned().into())
    }

    /// The identifier as AWS writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Arn(arn) => arn.as_str(),
            Self::Alias(name) | Self::Id(name) => name,
        }
    }

    /// The ARN, if the identifier is one.
    pub fn arn(&self) -> Option<&Arn> {
        match self {
            Self::Arn(arn) => Some(arn),
            Self::Alias(_) | Self::Id(_) => None,
        }
    }

    /// Returns whether the identifier is the ARN or the ID of a key. Only KMS knows the key of an
    /// alias.
    pub fn is_of(&self, key: &Arn) -> bool {
        match self {
            Self::Arn(arn) => arn == key,
            Self::Id(id) => id == key.resource_name(),
            Self::Alias(_) => false,
        }
    }

    /// Returns the ARN of the key or alias that the identifier names for a `resource`. An ID or an
    /// alias name belongs to the account and Region of the resource.
    pub fn arn_for(&self, resource: &Arn) -> Option<Arn> {
        let name = match self {
            Self::Arn(arn) => return Some(arn.clone()),
            Self::Alias(name) => name.clone(),
            Self::Id(id) => format!("key/{id}"),
        };
        let region: Region = resource.region().parse().ok()?;
        Some(Arn::new(region.partition(), "kms", region.as_str(), resource.account(), &name))
    }
}

impl From<String> for KeyIdentifier {
    fn from(text: String) -> Self {
        match text.parse() {
            Ok(arn) => Self::Arn(arn),
            Err(_) if text.starts_with("alias/") => Self::Alias(text),
            Err(_) => Self::Id(text),
        }
    }
}

impl From<Arn> for KeyIdentifier {
    fn from(arn: Arn) -> Self {
        Self::Arn(arn)
    }
}

impl From<KeyIdentifier> for String {
    fn from(identifier: KeyIdentifier) -> Self {
        match identifier {
            KeyIdentifier::Arn(arn) => arn.into(),
            KeyIdentifier::Alias(name) | KeyIdentifier::Id(name) => name,
        }
    }
}

impl fmt::Display for KeyIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd";
    const ALIAS: &str = "arn:aws:kms:eu-west-1:111111111111:alias/logs";

    #[test]
    fn an_identifier_is_kept_and_names_a_key_of_the_account_and_region_of_its_resource() {
        let key: Arn = KEY.parse().unwrap();
        let topic = "arn:aws:sns:eu-west-1:111111111111:trails".parse().unwrap();
        let bucket = "arn:aws:s3:::logs".parse().unwrap();
        // The identifier, whether it is that of the key, and the ARN of the key for a topic.
        for (text, is_key, arn) in [
            (KEY, true, KEY),
            ("1234abcd", true, KEY),
            ("alias/logs", false, ALIAS),
            (ALIAS, false, ALIAS),
            ("other", false, "arn:aws:kms:eu-west-1:111111111111:key/other"),
            (
                "arn:aws:kms:us-east-1:111111111111:key/1234abcd",
                false,
                "arn:aws:kms:us-east-1:111111111111:key/1234abcd",
            ),
        ] {
            let identifier = KeyIdentifier::from(text.to_owned());
            assert_eq!(identifier.to_string(), text);
            assert_eq!(String::from(identifier.clone()), text);
            assert_eq!(identifier.is_of(&key), is_key, "{text}");
            assert_eq!(identifier.arn_for(&topic).unwrap().as_str(), arn);
            assert_eq!(identifier.arn().is_some(), text.starts_with("arn:"), "{text}");
            // The ARN of a bucket has no Region.
            assert_eq!(identifier.arn_for(&bucket).is_some(), text.starts_with("arn:"), "{text}");
        }
    }

    #[test]
    fn an_empty_text_is_no_identifier() {
        assert_eq!(KeyIdentifier::returned(None), None);
        assert_eq!(KeyIdentifier::returned(Some("")), None);
        assert_eq!(KeyIdentifier::returned(Some("id")), Some(KeyIdentifier::Id("id".to_owned())));
    }
}

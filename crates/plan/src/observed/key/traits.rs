//! The properties of a key, and their effect on trails. Pure.

use jiff::Timestamp;
use reconcile_policy::Arn;

/// The kind and the state of a key, as `DescribeKey` returns them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTraits {
    /// The usage of the key, such as `ENCRYPT_DECRYPT`.
    pub usage: String,
    /// The spec of the key, such as `SYMMETRIC_DEFAULT`.
    pub spec: String,
    /// The origin of the key material, such as `AWS_KMS`.
    pub origin: String,
    /// The primary key of which a multi-Region key is a replica.
    pub primary: Option<Arn>,
    /// The keys of other Regions that share the material of a multi-Region key.
    pub relatives: Vec<Arn>,
    /// The time at which imported material expires.
    pub expires: Option<Timestamp>,
    /// The state.
    pub state: KeyState,
}

/// The state of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// The key can be used.
    Enabled,
    /// Somebody disabled the key.
    Disabled,
    /// KMS deletes the key on a date.
    PendingDeletion {
        /// The date, if KMS returns one.
        date: Option<Timestamp>,
    },
    /// Another state in which the key cannot be used, as KMS calls it.
    Other(String),
}

/// The key whose settings control the automatic rotation of the material of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotated<'k> {
    /// The key itself.
    Own,
    /// The primary key of the key.
    AsPrimary(&'k Arn),
    /// No key: KMS does not rotate the material of such a key.
    Never,
}

/// An enabled key that was created without options.
impl Default for KeyTraits {
    fn default() -> Self {
        Self {
            usage: "ENCRYPT_DECRYPT".to_owned(),
            spec: "SYMMETRIC_DEFAULT".to_owned(),
            origin: "AWS_KMS".to_owned(),
            primary: None,
            relatives: Vec::new(),
            expires: None,
            state: KeyState::Enabled,
        }
    }
}

impl KeyTraits {
    /// The reason why CloudTrail cannot encrypt with the key; `None` if CloudTrail can.
    ///
    /// See "Configure AWS KMS key policies for CloudTrail" in the CloudTrail user guide, and "Key
    /// states of AWS KMS keys" in the KMS developer guide.
    pub fn obstacle(&self) -> Option<String> {
        if !self.is_symmetric_encryption() {
            return Some(format!(
                "is a key of spec {} with usage {}, and CloudTrail encrypts only with symmetric encryption keys",
                self.spec, self.usage
            ));
        }
        match &self.state {
            KeyState::Enabled => None,
            state => Some(format!("is {}", state.words())),
        }
    }

    /// Whether the key is a symmetric encryption key, the only kind with which AWS services
    /// encrypt.
    pub fn is_symmetric_encryption(&self) -> bool {
        self.spec == "SYMMETRIC_DEFAULT" && self.usage == "ENCRYPT_DECRYPT"
    }

    /// The key whose settings control the automatic rotation.
    ///
    /// See "Rotate AWS KMS keys" in the KMS developer guide: AWS rotates neither asymmetric and
    /// HMAC keys, nor imported material, nor keys of custom key stores; a replica shares the
    /// rotation of its primary key.
    pub fn rotated(&self) -> Rotated<'_> {
        if !self.is_symmetric_encryption() || self.origin != "AWS_KMS" {
            return Rotated::Never;
        }
        self.primary.as_ref().map_or(Rotated::Own, Rotated::AsPrimary)
    }
}

impl KeyState {
    /// The name of the state in KMS.
    pub fn name(&self) -> &str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion { .. } => "PendingDeletion",
            Self::Other(name) => name,
        }
    }

    /// The state in words, with the date if there is one: `pending deletion and will be deleted on
    /// 2026-12-01`.
    pub fn words(&self) -> String {
        match self {
            Self::Enabled => "enabled".to_owned(),
            Self::Disabled => "disabled".to_owned(),
            Self::PendingDeletion { date: None } => "pending deletion".to_owned(),
            Self::PendingDeletion { date: Some(date) } => {
                format!("pending deletion and will be deleted on {}", date.strftime("%Y-%m-%d"))
            }
            Self::Other(name) => lower_case(name),
        }
    }
}

/// Converts a name such as `PendingImport` to `pending import`.
fn lower_case(name: &str) -> String {
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn keys_encrypt_and_rotate_as_aws_documents() {
        let rows: Vec<Value> =
            serde_json::from_str(include_str!("../../../../../tests/aws_facts/keys.json")).unwrap();
        let primary: Arn = "arn:aws:kms:us-east-1:111111111111:key/mrk-1".parse().unwrap();
        for row in rows {
            let (key, default) = (&row["key"], KeyTraits::default());
            let text = |name: &str, default: String| key[name].as_str().map_or(default, str::to_owned);
            let traits = KeyTraits {
                usage: text("usage", default.usage),
                spec: text("spec", default.spec),
                origin: text("origin", default.origin),
                primary: (key["multi_region"] == "replica").then(|| primary.clone()),
                state: match key["state"].as_str() {
                    None => KeyState::Enabled,
                    Some("Disabled") => KeyState::Disabled,
                    Some("PendingDeletion") => KeyState::PendingDeletion { date: None },
                    Some(other) => KeyState::Other(other.to_owned()),
                },
                ..KeyTraits::default()
            };
            let rotation = match traits.rotated() {
                Rotated::Own => "own",
                Rotated::AsPrimary(_) => "primary",
                Rotated::Never => "none",
            };
            let rule = &row["rule"];
            assert_eq!(traits.obstacle().is_none(), row["encrypts"].as_bool().unwrap(), "{rule}");
            assert_eq!(rotation, row["rotation"].as_str().unwrap(), "{rule}");
        }
    }

    #[test]
    fn obstacles_say_what_the_key_is() {
        let date = "2026-12-01T08:00:00Z".parse().unwrap();
        let of = |state: KeyState| KeyTraits { state, ..KeyTraits::default() };
        let hmac = KeyTraits {
            spec: "HMAC_256".to_owned(),
            usage: "GENERATE_VERIFY_MAC".to_owned(),
            ..KeyTraits::default()
        };
        for (traits, expected) in [
            (of(KeyState::Disabled), "is disabled"),
            (
                of(KeyState::PendingDeletion { date: Some(date) }),
                "is pending deletion and will be deleted on 2026-12-01",
            ),
            (of(KeyState::Other("PendingImport".to_owned())), "is pending import"),
            (
                hmac,
                "is a key of spec HMAC_256 with usage GENERATE_VERIFY_MAC, and CloudTrail encrypts only with symmetric \
                 encryption keys",
            ),
        ] {
            assert_eq!(traits.obstacle().as_deref(), Some(expected));
        }
    }
}

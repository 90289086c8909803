use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Located;

/// The accounts in the order of the file.
#[derive(Debug)]
pub(crate) struct RawAccounts(pub(crate) Vec<(String, Located<RawAccount>)>);

impl<'de> Deserialize<'de> for RawAccounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = RawAccounts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("accounts by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawAccounts, A::Error> {
                let mut accounts = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    accounts.push(entry);
                }
                Ok(RawAccounts(accounts))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

impl JsonSchema for RawAccounts {
    fn schema_name() -> Cow<'static, str> {
        "Accounts".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "additionalProperties": generator.subschema_for::<RawAccount>(),
        })
    }
}

/// An AWS account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Account")]
pub(crate) struct RawAccount {
    /// The account id: 12 digits in quotes.
    pub(crate) id: Located<RawAccountId>,
    /// Name or ARN of the role to assume. Without a role, the current credentials must belong to
    /// this account.
    #[serde(default)]
    pub(crate) role: Option<Located<String>>,
    /// The external id that the trust policy of the role requires.
    #[serde(default)]
    pub(crate) external_id: Option<Located<String>>,
    /// The session name of the role, which CloudTrail records for calls of `reconcile`. Default:
    /// `reconcile-` and the `name` of the spec.
    #[serde(default)]
    pub(crate) session_name: Option<Located<String>>,
    /// The AWS profile to use instead of the current credentials.
    #[serde(default)]
    pub(crate) profile: Option<String>,
}

/// An account id. A number is rejected, because YAML drops its leading zeros.
#[derive(Debug, Clone)]
pub(crate) struct RawAccountId(pub(crate) String);

impl<'de> Deserialize<'de> for RawAccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = RawAccountId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an account id in quotes")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<RawAccountId, E> {
                Ok(RawAccountId(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

impl JsonSchema for RawAccountId {
    fn schema_name() -> Cow<'static, str> {
        "AccountId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9]{12}$" })
    }
}

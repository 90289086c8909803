//! Parses the names that AWS uses: account ids, Regions, partitions, ARNs, key identifiers and
//! statement ids.
//!
//! Each type holds only values that AWS accepts or returns, so no other code checks them again. The
//! types do not know whether the named resource exists.

mod account_id;
mod arn;
mod key_identifier;
mod region;
mod sid;

pub use account_id::AccountId;
pub(crate) use account_id::is_account_id;
pub use arn::Arn;
pub use key_identifier::KeyIdentifier;
pub use region::{Partition, Region};
pub use sid::Sid;

/// The reason why a text is not a valid name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct NameError {
    /// The invalid text.
    pub text: String,
    /// The expected value, as a noun phrase: `an AWS account id (12 digits)`.
    pub expected: &'static str,
}

impl NameError {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}

/// Implements the traits of all name types: a name is written as it was read, in text and in JSON.
macro_rules! string_name {
    ($name:ident) => {
        impl $name {
            /// The name as AWS writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::names::NameError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}
use string_name;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{NameError, string_name};

/// The id of an AWS account: exactly 12 digits, including leading zeros.
///
/// See "View AWS account identifiers" in the AWS Account Management reference guide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

string_name!(AccountId);

impl FromStr for AccountId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if is_account_id(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::new(text, "an AWS account id (12 digits)"))
        }
    }
}

/// Returns whether a text is an account id. Used for foreign text, which is not parsed into an
/// [`AccountId`].
pub(crate) fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_has_exactly_twelve_digits() {
        assert_eq!("012345678901".parse::<AccountId>().unwrap().as_str(), "012345678901");
        for text in
            ["", "12345678901", "1234567890123", "12345678901a", " 12345678901", "１２３４５６７８９０１２"]
        {
            assert!(text.parse::<AccountId>().is_err(), "{text:?}");
        }
    }
}

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{NameError, string_name};

/// The id of a managed statement: letters and digits only.
///
/// IAM allows only these characters. S3 and KMS allow more, so the Sid of a *live* statement is
/// plain text. See "IAM JSON policy elements: Sid".
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sid(String);

string_name!(Sid);

impl Sid {
    /// Creates a Sid from the letters and digits of a `text`, which must contain at least one.
    pub(crate) fn from_alphanumerics(text: &str) -> Self {
        Self(text.chars().filter(char::is_ascii_alphanumeric).collect())
    }
}

impl FromStr for Sid {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError::new(text, "a statement id (letters and digits)"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_id_has_letters_and_digits_only() {
        for text in ["SecTrailWrite", "1", "a9Z"] {
            assert_eq!(text.parse::<Sid>().unwrap().as_str(), text);
        }
        for text in ["", "Sec-Trail", "Sec Trail", "S\u{e9}c", "a*"] {
            assert!(text.parse::<Sid>().is_err(), "{text:?}");
        }
        assert_eq!(Sid::from_alphanumerics("a-b_c 1").as_str(), "abc1");
    }
}

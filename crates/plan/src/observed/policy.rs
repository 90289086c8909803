//! A policy as AWS stores it.

use reconcile_policy::Document;

use super::error::ReadError;

/// A policy as AWS stores it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPolicy {
    /// The text, byte for byte.
    pub text: String,
    /// The parsed text.
    pub document: Document,
}

impl StoredPolicy {
    /// Reads the policy of a resource.
    ///
    /// # Errors
    /// [`ReadError::Policy`] if the text is not a policy.
    pub fn parse(resource: &str, text: String) -> Result<Self, ReadError> {
        match text.parse() {
            Ok(document) => Ok(Self { text, document }),
            Err(error) => Err(ReadError::Policy { resource: resource.to_owned(), error }),
        }
    }
}

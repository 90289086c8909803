//! Validates and evaluates the policies of the twin.
//!
//! The evaluator of the workspace decides, unless the twin disagrees with it. Each service defines
//! the evaluated requests.

mod statement;

use reconcile_policy::{Document, Partition, Request, Statement, evaluate};
use serde_json::Value;

/// A service that saves policies of its resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    S3,
    Kms,
    Sns,
}

/// A policy document.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) document: Document,
}

impl Policy {
    /// Parses a document. The error is a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let document: Document =
            text.parse().map_err(|error| format!("Policies must be valid JSON: {error}"))?;
        if document.statements().is_empty() {
            return Err("Missing required field Statement".to_owned());
        }
        let is_for_nobody = |it: &Statement| it.principals().is_empty() && it.not_principals().is_empty();
        if document.statements().iter().any(is_for_nobody) {
            return Err("Missing required field Principal".to_owned());
        }
        Ok(Self { document })
    }

    /// Parses a document that a caller wants to save: AWS checks whether its principals exist.
    pub(crate) fn parse_new(text: &str, service: Service, partition: Partition) -> Result<Self, String> {
        let policy = Self::parse(text)?;
        let more_kinds: &[&str] = match service {
            Service::S3 => &[statement::CANONICAL_USER],
            Service::Kms | Service::Sns => &[],
        };
        for it in policy.statements() {
            statement::check(&it, partition, more_kinds)?;
        }
        Ok(policy)
    }

    /// The statements as JSON.
    pub(crate) fn statements(&self) -> Vec<Value> {
        // A statement is always a JSON object.
        self.document.statements().iter().filter_map(|it| serde_json::to_value(it).ok()).collect()
    }

    /// Returns whether the document allows the request. The twin knows every condition key of the
    /// request.
    pub(crate) fn allows(&self, request: Request) -> bool {
        evaluate(&self.document, &request.complete()).is_allowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_policies_are_rejected() {
        for text in [
            "",
            "{}",
            r#"{"Statement":[]}"#,
            r#"{"Statement":[{"Effect":"allow","Principal":"*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        ] {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_deleted_principal_is_rejected_only_on_write() {
        let text = r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"AROAEXAMPLEEXAMPLE12"},"Action":"*","Resource":"*"}]}"#;
        assert!(Policy::parse(text).is_ok());
        let parsed = Policy::parse_new(text, Service::Kms, Partition::Aws);
        assert_eq!(parsed.err().as_deref(), Some("Invalid principal in policy"));
    }
}

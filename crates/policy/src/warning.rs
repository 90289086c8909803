//! Finds elements of a document that are legal but probably not intended.
//!
//! This module must not change or reject anything, because the document can be foreign.

use crate::canonical::lowercase;
use crate::{Document, Statement, StatementRef, json};

/// A part of a document that its author should review.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// Only one of the two values takes effect, although both are visible.
    #[error("`{path}` appears more than once; AWS uses only the last value")]
    RepeatedKey {
        /// JSON pointer to the key.
        path: String,
    },
    /// KMS accepts the statement, but the statement has no effect.
    #[error("{statement} has no {element}, so it has no effect")]
    NoEffect {
        /// The statement.
        statement: StatementRef,
        /// The missing element: `Action` or `Resource`.
        element: &'static str,
    },
    /// AWS shows a deleted user or role by its unique id. The id matches nobody, even if a user or
    /// role of the same name is created again, and S3 and KMS refuse to save a document that
    /// contains it.
    ///
    /// See "AWS JSON policy elements: Principal" and "IAM identifiers".
    #[error(
        "{statement} names `{id}`, a user or role that was deleted or that AWS cannot resolve at the moment"
    )]
    UnresolvedPrincipal {
        /// The statement.
        statement: StatementRef,
        /// The unique id: `AIDA…` is a user, `AROA…` a role.
        id: String,
    },
}

impl Warning {
    /// A stable name for programs: `repeated-key`, `no-effect`, `unresolved-principal`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::RepeatedKey { .. } => "repeated-key",
            Self::NoEffect { .. } => "no-effect",
            Self::UnresolvedPrincipal { .. } => "unresolved-principal",
        }
    }

    pub(crate) fn all_of(document: &Document) -> Vec<Self> {
        let repeated =
            json::repeated_keys(&document.to_string()).into_iter().map(|path| Self::RepeatedKey { path });
        let statements = document.statements().iter().enumerate();
        repeated
            .chain(statements.flat_map(|(index, statement)| statement_warnings(index, statement)))
            .collect()
    }
}

/// Returns whether the statement belongs to a trust policy, which names no resource because the
/// role is the resource. See "AWS JSON policy elements: Resource".
fn is_of_trust(statement: &Statement) -> bool {
    let actions = statement.actions();
    !actions.is_empty() && actions.iter().all(|action| lowercase(action).starts_with("sts:"))
}

fn statement_warnings(index: usize, statement: &Statement) -> Vec<Warning> {
    let reference = || StatementRef { index, sid: statement.sid().map(str::to_owned) };
    let mut warnings = Vec::new();
    if statement.actions().is_empty() && statement.not_actions().is_empty() {
        warnings.push(Warning::NoEffect { statement: reference(), element: "Action" });
    }
    if !is_of_trust(statement) && statement.resources().is_empty() && statement.not_resources().is_empty() {
        warnings.push(Warning::NoEffect { statement: reference(), element: "Resource" });
    }
    for id in statement.unresolved_principals() {
        warnings.push(Warning::UnresolvedPrincipal { statement: reference(), id });
    }
    warnings
}

//! Turns a document into what is legal in it but probably not meant.
//!
//! It must not change or refuse anything: the document may be somebody else's.

use crate::canonical::lowercase;
use crate::{Document, Statement, StatementRef, json};

/// Something in a document that its author should look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Warning {
    /// One of the two values is not what takes effect, although both can be read.
    #[error("`{path}` appears more than once; AWS uses only the last value")]
    RepeatedKey {
        /// JSON pointer to the key.
        path: String,
    },
    /// KMS accepts such a statement, and it does nothing.
    #[error("{statement} has no {element}, so it has no effect")]
    NoEffect {
        /// Which statement.
        statement: StatementRef,
        /// The element that is missing: `Action` or `Resource`.
        element: &'static str,
    },
    /// AWS shows a user or role that was deleted by its unique id. It matches nobody any more, even if one of the same
    /// name is made again, and S3 and KMS refuse to save a document that names it.
    ///
    /// See "AWS JSON policy elements: Principal" and "IAM identifiers".
    #[error(
        "{statement} names `{id}`, a user or role that was deleted or that AWS cannot resolve at the moment"
    )]
    UnresolvedPrincipal {
        /// Which statement.
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
        repeated.chain(statements.flat_map(|(index, statement)| of_statement(index, statement))).collect()
    }
}

/// A trust policy names no resource: it is the role itself. See "AWS JSON policy elements: Resource".
fn is_of_trust(statement: &Statement) -> bool {
    let actions = statement.actions();
    !actions.is_empty() && actions.iter().all(|action| lowercase(action).starts_with("sts:"))
}

fn of_statement(index: usize, statement: &Statement) -> Vec<Warning> {
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

//! The settings for foreign statements, and their results.

use std::collections::{BTreeMap, BTreeSet};

use super::uses::Use;
use crate::{Arn, Ownership, Statement, StatementRef};

/// The known trails, and the settings of the spec for foreign statements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// The trails that managed statements allow to deliver.
    pub trails: BTreeSet<Arn>,
    /// Accounts and organization ids whose trails are all known: each of these trails that uses the
    /// bucket, key or topic is among `trails`, or keeps its access in a statement that stays.
    pub surveyed: BTreeSet<String>,
    /// The accounts of the spec.
    pub listed: BTreeSet<String>,
    /// The management accounts of organizations, by the ids of the organizations.
    pub managers: BTreeMap<String, String>,
    /// The organization of the accounts of all `trails`.
    pub organization: Option<String>,
    /// The setting for unrelated foreign statements.
    pub foreign_statements: Keep,
    /// The setting for access that adopted statements allow to accounts outside of the spec.
    pub unlisted_accounts: Keep,
    /// The setting for statements that name a deleted user or role. AWS refuses to save a document
    /// with such a statement.
    pub deleted_principals: Keep,
    /// Whether S3 refuses to save a public statement, because Block Public Access is on.
    pub refuses_public: bool,
}

/// Whether a foreign statement or its access is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// The statement or the access is kept.
    #[default]
    Keep,
    /// The statement or the access is removed.
    Remove,
}

/// The result for a foreign statement that changes, or that allows CloudTrail to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The statement in the live document.
    pub statement: StatementRef,
    /// The result for the statement.
    pub fate: AdoptionResult,
    /// The access that the statement still allows and that managed statements do not allow.
    pub stays: Vec<Use>,
    /// The access that the statement no longer allows and that managed statements do not allow
    /// either.
    pub ended: Vec<Use>,
}

/// The result for a foreign statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdoptionResult {
    /// The statement is removed: managed statements cover all access that still needs it.
    Replaced,
    /// The statement loses the members of its lists that are no longer needed.
    Narrowed,
    /// The statement is unchanged.
    Kept,
    /// The statement is removed or narrowed, as the spec requires, although it allows access to
    /// accounts outside of the spec.
    Revoked,
    /// The statement is removed, because the spec keeps no foreign statement.
    Removed,
    /// The statement is removed, because the spec keeps no foreign statement. The statement is
    /// public, and S3 would refuse to save it.
    PublicRemoved,
    /// The statement names a deleted principal, and the spec removes such statements.
    DeletedPrincipal {
        /// The unique ids.
        ids: Vec<String>,
    },
}

/// Returns whether AWS would refuse to save a statement and the spec removes such statements.
pub(super) fn is_unwritable(statement: &Statement, adoption: &Adoption, ownership: &Ownership) -> bool {
    adoption.deleted_principals == Keep::Remove
        && !ownership.has(statement)
        && !statement.unresolved_principals().is_empty()
}

//! Determines the rest of each foreign statement: grants that managed statements cover are adopted,
//! and grants that the spec revokes are removed.
//!
//! Nothing is removed early: only the contracted document changes. The exception is a statement
//! that AWS would refuse to save, which the expanded document does not contain either.

use std::collections::{BTreeMap, BTreeSet};

use super::Merged;
use super::judge::{Outcome, judge};
use super::uses::Use;
use crate::{Arn, Document, Ownership, Statement, StatementRef, exposed};

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

/// Whether something foreign is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// It is kept unchanged.
    #[default]
    Keep,
    /// It is removed.
    Remove,
}

/// The result for a foreign statement that changes, or that allows CloudTrail to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// The statement in the live document.
    pub statement: StatementRef,
    /// The result for the statement.
    pub fate: Fate,
    /// The access that the statement still allows and managed statements do not.
    pub stays: Vec<Use>,
    /// The access that the statement no longer allows and managed statements do not allow either.
    pub ended: Vec<Use>,
}

/// The result for a foreign statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The statement is removed: only access that managed statements cover needs it.
    Replaced,
    /// The statement loses the members of its lists that are no longer needed.
    Narrowed,
    /// The statement is unchanged.
    Kept,
    /// The statement is removed or narrowed, as the spec requires, although it allows something to
    /// accounts outside of the spec.
    Revoked,
    /// The statement is removed, because the spec keeps no foreign statement.
    Removed,
    /// Like [`Fate::Removed`], and the statement is public: S3 would refuse to save it.
    PublicRemoved,
    /// The statement names a deleted principal, and the spec removes such statements.
    DeletedPrincipal {
        /// The unique ids.
        ids: Vec<String>,
    },
}

impl Merged {
    /// Applies the settings of the spec to the foreign statements of the merge.
    #[must_use]
    pub fn adopt(mut self, adoption: &Adoption, ownership: &Ownership) -> Self {
        let (outcomes, left) = judge(&self.contracted, adoption, ownership);
        let live = self.live.as_ref().map(Document::statements).unwrap_or_default().iter().enumerate();
        let foreign = live.filter(|(_, statement)| !ownership.has(statement));
        let adopted = foreign.zip(outcomes).filter_map(|((index, statement), outcome)| {
            let Outcome { fate, stays, ended } = outcome?;
            let statement = StatementRef { index, sid: statement.sid().map(str::to_owned) };
            Some(Adopted { statement, fate, stays, ended })
        });
        self.adopted = adopted.collect();
        self.expanded = self.expanded.retain(|it| !is_unwritable(it, adoption, ownership));
        self.contracted = self.contracted.with_statements(left);
        if adoption.refuses_public { self.without_public(ownership) } else { self }
    }

    /// Removes the public statements that are not kept from the expanded document as well, because
    /// S3 would refuse to save them. A managed statement is replaced by its desired version at
    /// once.
    fn without_public(mut self, ownership: &Ownership) -> Self {
        let statements = self.expanded.statements();
        let public = exposed(&self.expanded);
        let public = public.iter().filter_map(|it| statements.get(it.statement.index));
        let is_to_go = |statement: &&Statement| !self.contracted.statements().contains(statement);
        let refused: Vec<Statement> = public.filter(is_to_go).cloned().collect();
        let successor = |statement: &Statement| {
            let mut wanted = self.contracted.statements().iter().filter(|_| ownership.has(statement));
            wanted
                .find(|wanted| wanted.sid() == statement.sid())
                .filter(|wanted| !statements.contains(wanted))
        };
        let left = statements.iter().filter_map(|statement| {
            if refused.contains(statement) { successor(statement) } else { Some(statement) }
        });
        let left = left.cloned().collect();
        let live = self.live.as_ref().map(Document::statements).unwrap_or_default();
        for adopted in self.adopted.iter_mut().filter(|it| it.fate == Fate::Removed) {
            if live.get(adopted.statement.index).is_some_and(|statement| refused.contains(statement)) {
                adopted.fate = Fate::PublicRemoved;
            }
        }
        self.expanded = self.expanded.with_statements(left);
        self
    }

    /// Removes the foreign statements that AWS would refuse to save.
    #[must_use]
    pub fn drop_unwritable(mut self, ownership: &Ownership) -> Self {
        let is_kept = |it: &Statement| ownership.has(it) || it.unresolved_principals().is_empty();
        self.expanded = self.expanded.retain(is_kept);
        self.contracted = self.contracted.retain(is_kept);
        self
    }
}

/// Returns whether AWS would refuse to save a statement and the spec removes such statements.
pub(super) fn is_unwritable(statement: &Statement, adoption: &Adoption, ownership: &Ownership) -> bool {
    adoption.deleted_principals == Keep::Remove
        && !ownership.has(statement)
        && !statement.unresolved_principals().is_empty()
}

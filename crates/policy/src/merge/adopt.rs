//! Turns foreign statements into what is left of them: what our own statements cover is taken over, and what the spec gives
//! up is removed.
//!
//! Nothing is taken away early: only the contracted document changes, except for statements that AWS would refuse to
//! save, which leave the expanded document, too.

use std::collections::{BTreeMap, BTreeSet};

use super::Merged;
use super::judge::{Outcome, judge};
use super::uses::Use;
use crate::{Arn, Document, Ownership, Statement, StatementRef, exposed};

/// What is known of the trails, and what the spec says of foreign statements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// The trails that our own statements let deliver.
    pub trails: BTreeSet<Arn>,
    /// Accounts, and ids of organizations, whose trails are all known: each that uses the bucket, key or topic either is
    /// among `trails`, or keeps what it needs in a statement that stays.
    pub surveyed: BTreeSet<String>,
    /// The accounts of the spec.
    pub listed: BTreeSet<String>,
    /// The management accounts of organizations, by the ids of the organizations.
    pub managers: BTreeMap<String, String>,
    /// The organization that the accounts of all `trails` are in.
    pub organization: Option<String>,
    /// Statements that have nothing to do with us.
    pub foreign_statements: Keep,
    /// What taken over statements allow to accounts that the spec does not have.
    pub unlisted_accounts: Keep,
    /// Statements that name a user or role that was deleted; AWS refuses to save a document that has one.
    pub deleted_principals: Keep,
    /// Whether S3 refuses to save a public statement, because Block Public Access is on.
    pub refuses_public: bool,
}

/// Whether something foreign may stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is taken away.
    Remove,
}

/// What becomes of one foreign statement that does not just stay, or that lets CloudTrail deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Which one, in the live document.
    pub statement: StatementRef,
    /// What becomes of it.
    pub fate: Fate,
    /// What it still allows and our own statements do not.
    pub stays: Vec<Use>,
    /// What it allows now and does not allow any more, and our own statements do not allow either.
    pub ended: Vec<Use>,
}

/// What becomes of a foreign statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It goes, since nothing that our own statements do not cover needs it.
    Replaced,
    /// It loses the members of its lists that nothing needs.
    Narrowed,
    /// It stays as it is.
    Kept,
    /// It goes, or is narrowed, although it allows something to accounts that the spec does not have: the spec says so.
    Revoked,
    /// It goes, since the spec says that no foreign statement may stay.
    Removed,
    /// The same, and the statement is public: S3 would refuse to save it.
    PublicRemoved,
    /// It names a principal that was deleted, and the spec says to drop such statements.
    DeletedPrincipal {
        /// The unique ids.
        ids: Vec<String>,
    },
}

impl Merged {
    /// The same merge, with what the spec says of foreign statements done to them.
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

    /// The same merge with the public statements that do not stay taken out of the expanded document already: S3 would
    /// refuse to save them. A managed statement gives way to the one that takes its place.
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

    /// The same merge, without the foreign statements that AWS would refuse to save.
    #[must_use]
    pub fn drop_unwritable(mut self, ownership: &Ownership) -> Self {
        let is_kept = |it: &Statement| ownership.has(it) || it.unresolved_principals().is_empty();
        self.expanded = self.expanded.retain(is_kept);
        self.contracted = self.contracted.retain(is_kept);
        self
    }
}

/// Whether AWS would refuse to save a statement, and the spec says to drop it for that.
pub(super) fn is_unwritable(statement: &Statement, adoption: &Adoption, ownership: &Ownership) -> bool {
    adoption.deleted_principals == Keep::Remove
        && !ownership.has(statement)
        && !statement.unresolved_principals().is_empty()
}

//! Turns foreign statements that our own make needless, or that the spec gives up, into what is left of them.
//!
//! What CloudTrail is allowed by statements that the console, a guide or a module wrote is taken over: what our statements
//! say for the same accounts is subtracted. All else that is foreign stays, unless the spec says otherwise in words.
//! It must not take anything away early: only the contracted document changes, except for statements that AWS
//! would refuse to save, which leave the expanded one, too.

use std::collections::BTreeSet;

use super::Merged;
use crate::trails::{Rest, TrailStatement};
use crate::{Document, Ownership, Statement, StatementRef, exposed};

/// What the spec says of statements that are not ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// Accounts whose trails our own statements let deliver, and ids of organizations whose trails they let deliver for
    /// all of their accounts.
    pub accounts: BTreeSet<String>,
    /// Statements that have nothing to do with us.
    pub foreign_statements: Keep,
    /// What adopted statements allow to accounts that are not ours.
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

/// What becomes of one foreign statement that does not just stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Which one, in the live document.
    pub statement: StatementRef,
    /// What becomes of it.
    pub fate: Fate,
}

/// What becomes of a foreign statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Our statements allow all that it does, so it goes.
    Replaced,
    /// What our statements allow goes from it; accounts or resources that are not ours stay in it.
    Narrowed {
        /// Account ids, and patterns where they are of no single account.
        others: Vec<String>,
    },
    /// It allows nothing that ours do, only accounts or resources that are not ours; so it stays as it is.
    Unlisted {
        /// Account ids, and patterns where they are of no single account.
        others: Vec<String>,
    },
    /// It lets accounts that are not ours deliver, and the spec says that they may not.
    UnlistedRemoved {
        /// Account ids, and patterns where they are of no single account.
        others: Vec<String>,
    },
    /// The spec says that no foreign statement may stay.
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
        let judge = Judge::of(&self.contracted, adoption, ownership);
        let live = self.live.as_ref().map(Document::statements).unwrap_or_default().iter().enumerate();
        let adopted = live.filter_map(|(index, statement)| {
            let statement_ref = StatementRef { index, sid: statement.sid().map(str::to_owned) };
            judge.judge(statement).0.map(|fate| Adopted { statement: statement_ref, fate })
        });
        self.adopted = adopted.collect();
        self.expanded = self.expanded.retain(|statement| !judge.is_unwritable(statement));
        let left = self.contracted.statements().iter().filter_map(|statement| judge.judge(statement).1);
        self.contracted = self.contracted.with_statements(left.collect());
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
}

/// What the spec says of foreign statements, ready to be asked of one.
struct Judge<'a> {
    adoption: &'a Adoption,
    ownership: &'a Ownership,
    accounts: BTreeSet<&'a str>,
    /// Other installations, which take care of their own statements.
    installations: Vec<Ownership>,
    /// Whether a statement that stays lets others deliver: they still need those that let CloudTrail look.
    keeps_others: bool,
}

impl<'a> Judge<'a> {
    fn of(document: &Document, adoption: &'a Adoption, ownership: &'a Ownership) -> Self {
        let accounts = adoption.accounts.iter().map(String::as_str).collect();
        let installations = ownership.others(document.statements().iter().filter_map(Statement::sid));
        let mut judge = Self { adoption, ownership, accounts, installations, keeps_others: false };
        judge.keeps_others = document.statements().iter().any(|statement| {
            let (fate, _) = judge.judge(statement);
            matches!(fate, Some(Fate::Narrowed { .. } | Fate::Unlisted { .. }))
        });
        judge
    }

    /// What becomes of a statement, if it does not just stay, and what is left of it.
    fn judge(&self, statement: &Statement) -> (Option<Fate>, Option<Statement>) {
        let kept = || Some(statement.clone());
        if self.ownership.has(statement) {
            return (None, kept());
        }
        if self.is_unwritable(statement) {
            return (Some(Fate::DeletedPrincipal { ids: statement.unresolved_principals() }), None);
        }
        let is_anothers = self.installations.iter().any(|it| it.has(statement));
        match TrailStatement::of(statement).filter(|_| !is_anothers).map(|it| it.without(&self.accounts)) {
            None if self.adoption.foreign_statements == Keep::Remove => (Some(Fate::Removed), None),
            None => (None, kept()),
            Some(Rest::Some { others, .. }) if self.adoption.unlisted_accounts == Keep::Remove => {
                (Some(Fate::UnlistedRemoved { others }), None)
            }
            Some(Rest::Some { statement: left, others }) if left == *statement => {
                (Some(Fate::Unlisted { others }), Some(left))
            }
            Some(Rest::Some { statement: left, others }) => (Some(Fate::Narrowed { others }), Some(left)),
            Some(Rest::Unscoped) if self.keeps_others => (None, kept()),
            Some(Rest::Nothing | Rest::Unscoped) => (Some(Fate::Replaced), None),
        }
    }

    /// Whether AWS would refuse to save it, and the spec says to drop it for that.
    fn is_unwritable(&self, statement: &Statement) -> bool {
        self.adoption.deleted_principals == Keep::Remove
            && !self.ownership.has(statement)
            && !statement.unresolved_principals().is_empty()
    }
}

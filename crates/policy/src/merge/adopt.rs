//! Turns foreign statements that our own make needless, or that the spec gives up, into what is left of them.
//!
//! What CloudTrail is allowed by statements that the console, a guide or a module wrote is taken over: what our statements
//! say for the same accounts is subtracted. All else that is foreign stays, unless the spec says otherwise in words.
//! It must not touch a document before the last moment: only the contracted one changes, but for statements that AWS
//! would refuse to save.

use std::collections::BTreeSet;

use super::Merged;
use crate::trails::{Rest, TrailStatement};
use crate::{Document, Ownership, Statement, StatementRef};

/// What the spec says of statements that are not ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adoption {
    /// Accounts whose trails our own statements let deliver.
    pub accounts: BTreeSet<String>,
    /// Statements that have nothing to do with us.
    pub foreign_statements: Keep,
    /// What adopted statements allow to accounts that are not ours.
    pub unlisted_accounts: Keep,
    /// Statements that name a user or role that was deleted; AWS refuses to save a document that has one.
    pub deleted_principals: Keep,
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
    /// It lets accounts or resources deliver that are not ours, and nothing that ours do.
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
        let mut found = Vec::new();
        if adoption.deleted_principals == Keep::Remove {
            let is_kept = |statement: &Statement| {
                is_ours(statement, ownership) || statement.unresolved_principals().is_empty()
            };
            for (index, statement) in self.foreign(ownership).filter(|(_, it)| !is_kept(it)) {
                let ids = statement.unresolved_principals();
                found.push(Adopted {
                    statement: reference(index, statement),
                    fate: Fate::DeletedPrincipal { ids },
                });
            }
            self.expanded = self.expanded.retain(is_kept);
            self.contracted = self.contracted.retain(is_kept);
        }

        let accounts: BTreeSet<&str> = adoption.accounts.iter().map(String::as_str).collect();
        let mut fates: Vec<(StatementRef, Option<Fate>, Option<Statement>)> = Vec::new();
        let mut leaves_any = false;
        let foreign = self.contracted.statements().iter().filter(|it| !is_ours(it, ownership));
        let foreign: Vec<Statement> = foreign.cloned().collect();
        for statement in &foreign {
            let reference = self.live_reference(statement);
            let (fate, left) = match TrailStatement::of(statement).map(|it| it.without(&accounts)) {
                None if adoption.foreign_statements == Keep::Remove => (Some(Fate::Removed), None),
                None => (None, Some(statement.clone())),
                Some(Rest::Nothing) => (Some(Fate::Replaced), None),
                Some(Rest::Some { others, .. }) if adoption.unlisted_accounts == Keep::Remove => {
                    (Some(Fate::UnlistedRemoved { others }), None)
                }
                Some(Rest::Some { statement: left, others }) => {
                    leaves_any = true;
                    let fate = if left == *statement {
                        Fate::Unlisted { others }
                    } else {
                        Fate::Narrowed { others }
                    };
                    (Some(fate), Some(left))
                }
                // It stays as long as one of the others needs it.
                Some(Rest::Unscoped) => (Some(Fate::Replaced), Some(statement.clone())),
            };
            fates.push((reference, fate, left));
        }
        let mut kept = Vec::new();
        for (statement, fate, left) in fates {
            let is_unscoped = fate == Some(Fate::Replaced) && left.is_some();
            let (fate, left) = match (is_unscoped, leaves_any) {
                (true, true) => (None, left),
                (true, false) => (fate, None),
                (false, _) => (fate, left),
            };
            found.extend(fate.map(|fate| Adopted { statement, fate }));
            kept.push(left);
        }
        let mut kept = kept.into_iter();
        let statements = self.contracted.statements().iter().filter_map(|statement| {
            if is_ours(statement, ownership) { Some(statement.clone()) } else { kept.next().flatten() }
        });
        self.contracted = self.contracted.with_statements(statements.collect());
        found.sort_by_key(|adopted| adopted.statement.index);
        self.adopted = found;
        self
    }

    fn foreign(&self, ownership: &Ownership) -> impl Iterator<Item = (usize, &Statement)> {
        let statements = self.live.as_ref().map(Document::statements).unwrap_or_default();
        statements.iter().enumerate().filter(|(_, it)| !is_ours(it, ownership))
    }

    /// The place of a foreign statement in the live document, where it stands as it does here.
    fn live_reference(&self, statement: &Statement) -> StatementRef {
        let statements = self.live.as_ref().map(Document::statements).unwrap_or_default();
        let index = statements.iter().position(|it| it == statement).unwrap_or_default();
        reference(index, statement)
    }
}

fn reference(index: usize, statement: &Statement) -> StatementRef {
    StatementRef { index, sid: statement.sid().map(str::to_owned) }
}

fn is_ours(statement: &Statement, ownership: &Ownership) -> bool {
    statement.sid().is_some_and(|sid| ownership.owns(sid))
}

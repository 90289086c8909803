//! Decides which part of each foreign statement remains: grants that managed statements cover are
//! adopted, and grants that the spec revokes are removed.
//!
//! Only the contracted document changes, so that nothing is removed early. The exception is a
//! statement that AWS would refuse to save: the expanded document does not contain it either.

use super::Merged;
use super::adoption::{Adopted, Adoption, AdoptionResult, is_unwritable};
use super::judge::{StatementOutcome, judge};
use crate::{Document, Ownership, Statement, StatementRef, exposed};

impl Merged {
    /// Applies the settings of the spec to the foreign statements of the merge.
    #[must_use]
    pub fn adopt(mut self, adoption: &Adoption, ownership: &Ownership) -> Self {
        let (outcomes, left) = judge(&self.contracted, adoption, ownership);
        let live = self.live.as_ref().map(Document::statements).unwrap_or_default().iter().enumerate();
        let foreign = live.filter(|(_, statement)| !ownership.has(statement));
        let adopted = foreign.zip(outcomes).filter_map(|((index, statement), outcome)| {
            let StatementOutcome { fate, stays, ended } = outcome?;
            let statement = StatementRef { index, sid: statement.sid().map(str::to_owned) };
            Some(Adopted { statement, fate, stays, ended })
        });
        self.adopted = adopted.collect();
        self.expanded = self.expanded.retain(|it| !is_unwritable(it, adoption, ownership));
        self.contracted = self.contracted.with_statements(left);
        if adoption.refuses_public { self.without_public(ownership) } else { self }
    }

    /// Also removes the public statements that are not kept from the expanded document, because S3
    /// would refuse to save them. The desired version of a managed statement replaces a public one
    /// at once.
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
        for adopted in self.adopted.iter_mut().filter(|it| it.fate == AdoptionResult::Removed) {
            if live.get(adopted.statement.index).is_some_and(|statement| refused.contains(statement)) {
                adopted.fate = AdoptionResult::PublicRemoved;
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

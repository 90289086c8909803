//! Turns the step from one document to another into the same step from a third: what a plan saw, what it wants, and what
//! is live when it is applied.

use crate::{Document, Ownership, Statement, merge, owned};

/// What a write of a plan has to do to a document, whatever that has become since.
#[derive(Debug, Clone)]
pub struct Step {
    /// Our statements afterwards.
    wanted: Vec<Statement>,
    /// Foreign statements that go, or are narrowed.
    edits: Vec<(Statement, Option<Statement>)>,
    version: Option<String>,
}

impl Step {
    /// The step from `before` to `after`; `None` stands for no document.
    pub fn between(before: Option<&Document>, after: Option<&Document>, ownership: &Ownership) -> Self {
        let foreign = |document: Option<&Document>| -> Vec<Statement> {
            let statements = document.map(Document::statements).unwrap_or_default();
            statements.iter().filter(|it| !ownership.has(it)).cloned().collect()
        };
        let (old, mut new) = (foreign(before), foreign(after));
        let mut edits = Vec::new();
        // What stands in both is no edit. What is left is paired in order: a statement keeps its place and its Sid.
        let changed: Vec<Statement> = old
            .into_iter()
            .filter(|old| match new.iter().position(|new| new == old) {
                Some(index) => {
                    new.remove(index);
                    false
                }
                None => true,
            })
            .collect();
        for old in changed {
            let successor = new.iter().position(|new| new.sid() == old.sid() && new.effect() == old.effect());
            edits.push((old, successor.map(|index| new.remove(index))));
        }
        let version = |document: Option<&Document>| document.and_then(Document::version).map(str::to_owned);
        let has_new_version = before.is_some() && version(before) != version(after);
        Self {
            wanted: after.map(|after| owned(after, ownership)).unwrap_or_default(),
            edits,
            version: version(after).filter(|_| has_new_version),
        }
    }

    /// Our statements afterwards.
    pub fn wanted(&self) -> &[Statement] {
        &self.wanted
    }

    /// The document after the step. A foreign statement that is not as it was is left alone.
    pub fn apply(&self, live: Option<&Document>, ownership: &Ownership) -> Document {
        let merged = merge(live, &self.wanted, ownership).contracted;
        let mut edits: Vec<Option<&(Statement, Option<Statement>)>> = self.edits.iter().map(Some).collect();
        let statements = merged.statements().iter().filter_map(|statement| {
            let edit = edits.iter_mut().find(|edit| edit.is_some_and(|(old, _)| old == statement));
            match edit.and_then(Option::take) {
                Some((_, new)) => new.clone(),
                None => Some(statement.clone()),
            }
        });
        let edited = merged.with_statements(statements.collect());
        match &self.version {
            Some(version) => edited.with_version(version),
            None => edited,
        }
    }

    /// Whether a foreign statement is still to be taken away or narrowed, or the version to be changed.
    pub fn is_pending(&self, live: Option<&Document>) -> bool {
        let statements = live.map(Document::statements).unwrap_or_default();
        let has_old_version =
            || self.version.is_some() && live.is_some_and(|live| live.version() != self.version.as_deref());
        self.edits.iter().any(|(old, _)| statements.contains(old)) || has_old_version()
    }
}

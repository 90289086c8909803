//! Applies the planned change between two documents to a third document: the live document during
//! the apply.

use super::handover::is_handed_over;
use crate::{Document, Ownership, Statement, merge, owned};

/// The change that a plan makes to a document, applicable to a later version of the document.
#[derive(Debug, Clone)]
pub struct Step {
    /// The managed statements after the change.
    wanted: Vec<Statement>,
    /// Foreign statements that are removed or narrowed.
    edits: Vec<(Statement, Option<Statement>)>,
    /// Managed statements that become unmanaged.
    additions: Vec<Statement>,
    version: Option<String>,
    /// The document that replaces a document without statements.
    fallback: Option<Document>,
}

impl Step {
    /// Computes the change from `before` to `after`; `None` stands for no document.
    ///
    /// If `after` has no statement of `before` and no managed statement, it is the replacement for
    /// an empty document. The replacement is written only if nothing else remains: statements that
    /// others have added in the meantime are kept.
    pub fn between(before: Option<&Document>, after: Option<&Document>, ownership: &Ownership) -> Self {
        let foreign = |document: Option<&Document>| -> Vec<Statement> {
            let statements = document.map(Document::statements).unwrap_or_default();
            statements.iter().filter(|it| !ownership.has(it)).cloned().collect()
        };
        let (old, mut new) = (foreign(before), foreign(after));
        let mut edits = Vec::new();
        // A statement in both documents is not edited. The rest is paired in order: a statement
        // keeps its place and its Sid.
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
        let wanted = after.map(|after| owned(after, ownership)).unwrap_or_default();
        let (additions, new): (Vec<Statement>, Vec<Statement>) = new.into_iter().partition(is_handed_over);
        let is_replaced = wanted.is_empty() && !new.is_empty() && new.len() == foreign(after).len();
        let version = |document: Option<&Document>| document.and_then(Document::version).map(str::to_owned);
        let has_new_version = !is_replaced && before.is_some() && version(before) != version(after);
        Self {
            wanted,
            edits,
            additions,
            version: version(after).filter(|_| has_new_version),
            fallback: after.filter(|_| is_replaced).cloned(),
        }
    }

    /// The managed statements after the change.
    pub fn wanted(&self) -> &[Statement] {
        &self.wanted
    }

    /// Returns the document after the change. A foreign statement that has changed in the meantime
    /// is not edited.
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
        let mut statements: Vec<Statement> = statements.collect();
        for added in &self.additions {
            if !statements.contains(added) {
                statements.push(added.clone());
            }
        }
        let edited = merged.with_statements(statements);
        match (&self.version, &self.fallback) {
            (_, Some(fallback)) if edited.statements().is_empty() => fallback.clone(),
            (Some(version), _) => edited.with_version(version),
            (None, _) => edited,
        }
    }

    /// Returns whether a foreign statement remains to be removed, narrowed or added, or the version
    /// remains to be changed.
    pub fn is_pending(&self, live: Option<&Document>) -> bool {
        let statements = live.map(Document::statements).unwrap_or_default();
        let has_old_version =
            || self.version.is_some() && live.is_some_and(|live| live.version() != self.version.as_deref());
        self.edits.iter().any(|(old, _)| statements.contains(old))
            || self.additions.iter().any(|added| !statements.contains(added))
            || has_old_version()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(version: &str, sids: &[&str]) -> Document {
        let statement = |sid: &&str| {
            format!(
                r#"{{"Sid":"{sid}","Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*"}}"#
            )
        };
        let statements: Vec<String> = sids.iter().map(statement).collect();
        format!(r#"{{"Version":"{version}","Statement":[{}]}}"#, statements.join(",")).parse().unwrap()
    }

    fn sids(document: &Document) -> Vec<&str> {
        document.statements().iter().filter_map(Statement::sid).collect()
    }

    #[test]
    fn the_replacement_of_an_empty_document_is_written_only_if_nothing_else_remains() {
        let ownership = Ownership::of("sec");
        let (before, after) =
            (document("2012-10-17", &["SecTrailNotify"]), document("2008-10-17", &["Default"]));
        let step = Step::between(Some(&before), Some(&after), &ownership);
        assert_eq!(step.apply(Some(&before), &ownership), after);
        assert!(!step.is_pending(Some(&after)));

        let shared = document("2012-10-17", &["SecTrailNotify", "Theirs"]);
        let written = step.apply(Some(&shared), &ownership);
        assert_eq!((sids(&written), written.version()), (vec!["Theirs"], Some("2012-10-17")));
        assert!(!step.is_pending(Some(&written)));
    }

    #[test]
    fn handed_over_statements_are_added_to_foreign_additions() {
        let ownership = Ownership::of("sec");
        let before = document("2012-10-17", &["SecTrailWrite"]);
        let after = document("2012-10-17", &["AWSCloudTrailWrite"]);
        let step = Step::between(Some(&before), Some(&after), &ownership);
        let shared = document("2012-10-17", &["SecTrailWrite", "Theirs"]);
        assert!(step.is_pending(Some(&shared)));
        let written = step.apply(Some(&shared), &ownership);
        assert_eq!(sids(&written), ["Theirs", "AWSCloudTrailWrite"]);
        assert!(!step.is_pending(Some(&written)));
        assert_eq!(step.apply(Some(&written), &ownership), written);
    }

    #[test]
    fn a_document_that_keeps_a_statement_is_not_a_replacement() {
        let ownership = Ownership::of("sec");
        let before = document("2008-10-17", &["Theirs", "Old"]);
        let after = document("2012-10-17", &["Theirs", "SecTrailNotify"]);
        let step = Step::between(Some(&before), Some(&after), &ownership);
        let emptied = document("2008-10-17", &["Old"]);
        let written = step.apply(Some(&emptied), &ownership);
        assert_eq!((sids(&written), written.version()), (vec!["SecTrailNotify"], Some("2012-10-17")));
    }

    #[test]
    fn the_successor_of_a_statement_has_its_sid_and_its_effect() {
        let ownership = Ownership::of("sec");
        let statement = |sid: &str, effect: &str, action: &str| {
            format!(
                r#"{{"Sid":"{sid}","Effect":"{effect}","Principal":"*","Action":"{action}","Resource":"*"}}"#
            )
        };
        let of = |statements: &[String]| -> Document {
            format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(",")).parse().unwrap()
        };
        let (old, kept) = (statement("A", "Allow", "s3:*"), statement("K", "Deny", "s3:Put*"));
        let narrowed = statement("A", "Allow", "s3:Get*");
        for other in [statement("B", "Allow", "s3:List*"), statement("A", "Deny", "s3:List*")] {
            let before = of(&[old.clone(), kept.clone()]);
            let after = of(&[other.clone(), narrowed.clone(), kept.clone()]);
            let step = Step::between(Some(&before), Some(&after), &ownership);
            let written = step.apply(Some(&before), &ownership);
            assert_eq!(written.statements()[0].to_string(), narrowed, "{other}");
        }
    }

    #[test]
    fn the_wanted_statements_are_the_managed_ones_of_the_document_after_the_change() {
        let ownership = Ownership::of("sec");
        let after = document("2012-10-17", &["Theirs", "SecTrailWrite", "SecTrailAclCheck"]);
        let step = Step::between(None, Some(&after), &ownership);
        assert_eq!(step.wanted(), &after.statements()[1..]);
        assert_eq!(Step::between(Some(&after), None, &ownership).wanted(), []);
    }
}

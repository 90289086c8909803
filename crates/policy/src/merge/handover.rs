//! Keeps access that other trails still need, in unmanaged statements.

use std::collections::BTreeSet;

use super::Merged;
use crate::ownership::StatementRole;
use crate::{Ownership, Sid, Statement};

impl Merged {
    /// Appends these managed statements to the contracted document as unmanaged statements. Each
    /// has a Sid from the AWS guides, so that another installation can adopt it.
    #[must_use]
    pub fn hand_over(mut self, statements: &[Statement], ownership: &Ownership) -> Self {
        let mut left = self.contracted.statements().to_vec();
        let mut sids: BTreeSet<String> = left.iter().filter_map(Statement::sid).map(str::to_owned).collect();
        for statement in statements {
            let role = StatementRole::ALL
                .into_iter()
                .find(|role| statement.sid() == Some(ownership.sid(*role).as_str()));
            let Some(name) = role.and_then(handed_over) else { continue };
            let numbers = (2..).map(|number: usize| format!("{name}{number}"));
            let fresh = std::iter::once(name.to_owned()).chain(numbers).find(|sid| !sids.contains(sid));
            if let Some(sid) = fresh {
                left.push(statement.with_sid(&Sid::from_alphanumerics(&sid)));
                sids.insert(sid);
            }
        }
        self.contracted = self.contracted.with_statements(left);
        self
    }
}

/// The Sid of a statement that is left behind; `None` if nothing else needs the statement.
fn handed_over(role: StatementRole) -> Option<&'static str> {
    match role {
        StatementRole::TrailAclCheck => Some("AWSCloudTrailAclCheck"),
        StatementRole::TrailWrite => Some("AWSCloudTrailWrite"),
        StatementRole::OrganizationWrite => Some("AWSCloudTrailOrganizationWrite"),
        StatementRole::TrailEncrypt => Some("AWSCloudTrailEncrypt"),
        StatementRole::TrailDescribe => Some("AWSCloudTrailDescribeKey"),
        StatementRole::TrailDecrypt => Some("AWSCloudTrailDecrypt"),
        StatementRole::TrailNotify => Some("AWSCloudTrailNotify"),
        StatementRole::Administration => Some("KeyAdministration"),
        // If a topic or log group is still encrypted, its managed statement is kept, so that the
        // next destroy finds it.
        StatementRole::DenyInsecureTransport
        | StatementRole::TrailTopicEncrypt
        | StatementRole::TrailLogGroupEncrypt => None,
    }
}

/// Returns whether a statement has a Sid of statements that are left behind.
pub(super) fn is_handed_over(statement: &Statement) -> bool {
    let name = statement.sid().unwrap_or_default().trim_end_matches(|it: char| it.is_ascii_digit());
    StatementRole::ALL.into_iter().filter_map(handed_over).any(|it| it == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Document, merge};

    fn statement(sid: &str) -> Statement {
        let value = serde_json::json!({
            "Sid": sid, "Effect": "Allow", "Principal": "*", "Action": "a", "Resource": "b",
        });
        Statement::from_value(value).unwrap()
    }

    #[test]
    fn a_statement_is_left_behind_under_a_free_sid_of_the_guides() {
        let ownership = Ownership::of("sec");
        for role in StatementRole::ALL {
            let sid = ownership.sid(role).as_str().to_owned();
            let free = handed_over(role);
            let occupied = free.map(|name| vec![statement(name), statement(&format!("{name}2"))]);
            let live = Document::new(occupied.clone().unwrap_or_default());
            let merged = merge(Some(&live), &[], &ownership).hand_over(&[statement(&sid)], &ownership);
            let sids: Vec<&str> = merged.contracted.statements().iter().filter_map(Statement::sid).collect();
            let expected = free.map(|name| ["", "2", "3"].map(|number| format!("{name}{number}")));
            assert_eq!(sids, expected.map(Vec::from).unwrap_or_default(), "{sid}");
        }
        let merged = merge(None, &[], &ownership)
            .hand_over(&[statement("SecExtraMine"), statement("Theirs")], &ownership);
        assert!(merged.contracted.statements().is_empty(), "{}", merged.contracted);
    }

    #[test]
    fn a_statement_that_was_left_behind_is_recognized() {
        for (sid, expected) in [
            ("AWSCloudTrailWrite", true),
            ("AWSCloudTrailWrite12", true),
            ("AWSCloudTrailNotify", true),
            ("KeyAdministration2", true),
            ("AWSCloudTrailWriteX", false),
            ("Theirs", false),
            ("", false),
        ] {
            assert_eq!(is_handed_over(&statement(sid)), expected, "{sid}");
        }
    }
}

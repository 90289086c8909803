//! Leaves access that other trails still need in unmanaged statements.

use std::collections::BTreeSet;

use super::Merged;
use crate::ownership::Role;
use crate::{Ownership, Sid, Statement};

impl Merged {
    /// Appends these managed statements to the contracted document as unmanaged statements. Each
    /// has a Sid from the AWS guides, so that another installation can adopt it.
    #[must_use]
    pub fn hand_over(mut self, statements: &[Statement], ownership: &Ownership) -> Self {
        let mut left = self.contracted.statements().to_vec();
        let mut sids: BTreeSet<String> = left.iter().filter_map(Statement::sid).map(str::to_owned).collect();
        for statement in statements {
            let role =
                Role::ALL.into_iter().find(|role| statement.sid() == Some(ownership.sid(*role).as_str()));
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
fn handed_over(role: Role) -> Option<&'static str> {
    match role {
        Role::TrailAclCheck => Some("AWSCloudTrailAclCheck"),
        Role::TrailWrite => Some("AWSCloudTrailWrite"),
        Role::OrganizationWrite => Some("AWSCloudTrailOrganizationWrite"),
        Role::TrailEncrypt => Some("AWSCloudTrailEncrypt"),
        Role::TrailDescribe => Some("AWSCloudTrailDescribeKey"),
        Role::TrailDecrypt => Some("AWSCloudTrailDecrypt"),
        Role::TrailNotify => Some("AWSCloudTrailNotify"),
        Role::Administration => Some("KeyAdministration"),
        // A topic or log group that stays encrypted keeps the managed statement: the next destroy
        // finds it.
        Role::DenyInsecureTransport | Role::TrailTopicEncrypt | Role::TrailLogGroupEncrypt => None,
    }
}

/// Returns whether a statement has a Sid of statements that are left behind.
pub(super) fn is_handed_over(statement: &Statement) -> bool {
    let name = statement.sid().unwrap_or_default().trim_end_matches(|it: char| it.is_ascii_digit());
    Role::ALL.into_iter().filter_map(handed_over).any(|it| it == name)
}

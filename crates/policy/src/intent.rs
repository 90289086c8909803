//! Turns the access that an installation needs into policy statements.
//!
//! This module must not read live policies. The merge takes existing statements into account.

mod bucket_policy;
mod extra;
mod key_policy;
mod reader;
mod role;
mod topic_policy;

use std::collections::BTreeSet;

pub use bucket_policy::{BucketIntent, Guest, OrganizationTrail};
pub use key_policy::KeyIntent;
pub use reader::{Logs, Reader};
pub use role::LogRoleIntent;
pub use topic_policy::TopicIntent;

use serde_json::{Value, json};

use crate::statement::compose::texts;
use crate::trail_statement::{CLOUDTRAIL, SOURCE_ACCOUNT, SOURCE_ORGANIZATION};
use crate::{Arn, Ownership, Statement, StatementForm};

/// The access that a policy must grant, which has statements in several forms.
pub trait Intent: Sized {
    /// Returns the intent with only the trails of these accounts.
    fn only(&self, accounts: &BTreeSet<String>) -> Self;

    /// Returns the statements in a form, each with a managed Sid; `None` if the form needs an
    /// organization and the intent has none. A short form lists only the accounts `only`, if some
    /// are given. The form by organization lists no accounts, so its statements do not change.
    fn in_form(
        &self,
        ownership: &Ownership,
        form: StatementForm,
        only: AccountFilter<'_>,
    ) -> Option<Vec<Statement>>;

    /// Returns the statements in a form for only these accounts, if some are given. The plain form
    /// names the trails of these accounts.
    fn compile_for(
        &self,
        ownership: &Ownership,
        form: StatementForm,
        only: AccountFilter<'_>,
    ) -> Option<Vec<Statement>> {
        match (form, only) {
            (StatementForm::Plain, Some(only)) => self.only(only).in_form(ownership, form, None),
            _ => self.in_form(ownership, form, only),
        }
    }

    /// Returns the statements in a form; `None` if the form needs an organization and the intent
    /// has none.
    fn compile(&self, ownership: &Ownership, form: StatementForm) -> Option<Vec<Statement>> {
        self.in_form(ownership, form, None)
    }

    /// Returns the statements in the plain form.
    fn statements(&self, ownership: &Ownership) -> Vec<Statement> {
        // The plain form never needs an organization.
        self.compile(ownership, StatementForm::Plain).unwrap_or_default()
    }
}

/// CloudTrail as a principal; its name is the same in every partition.
fn cloudtrail() -> Value {
    json!({ "Service": CLOUDTRAIL })
}

/// A condition on the ARNs of the trails. It prevents the confused deputy problem: no foreign trail
/// can use the resources of the installation.
fn source_arns<'a>(trails: impl Iterator<Item = &'a Arn>) -> Value {
    texts(trails.map(|trail| trail.as_str().to_owned()))
}

/// Returns a condition like [`source_arns`] in a short form: the names and home Regions of the
/// trails, in any account.
fn source_patterns<'a>(trails: impl Iterator<Item = &'a Arn>) -> Value {
    let pattern = |arn: &Arn| {
        format!("arn:{}:{}:{}:*:{}", arn.partition(), arn.service(), arn.region(), arn.resource())
    };
    texts(trails.map(pattern).collect::<BTreeSet<_>>())
}

/// The accounts that a short form lists. The plain form names trails instead, so it is compiled
/// from fewer trails.
pub type AccountFilter<'a> = Option<&'a BTreeSet<String>>;

/// Returns the condition key and values that list the accounts in a short form. Returns `None` in
/// the plain form, and if the form needs an organization and there is none.
fn accounts<'a>(
    form: StatementForm,
    trails: impl Iterator<Item = &'a Arn>,
    organization: Option<&str>,
    only: AccountFilter<'_>,
) -> Option<(&'static str, Value)> {
    match form {
        StatementForm::Plain => None,
        StatementForm::ByAccount => {
            let is_meant = |id: &String| only.is_none_or(|only| only.contains(id));
            let ids: BTreeSet<String> =
                trails.map(|trail| trail.account().to_owned()).filter(is_meant).collect();
            Some((SOURCE_ACCOUNT, texts(ids)))
        }
        StatementForm::ByOrganization => Some((SOURCE_ORGANIZATION, json!(organization?))),
    }
}

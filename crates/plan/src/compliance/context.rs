//! The context of all controls.

use reconcile_policy::Arn;
use reconcile_spec::{self as spec, AccountName, Desired};

use super::{ControlVerdict, Fix};
use crate::address::Address;
use crate::observed::Observed;
use crate::plan::AccountRef;
use crate::view::Trail;

/// The context of a control: the spec and the live state.
pub(super) struct ControlContext<'a> {
    pub(super) desired: &'a Desired,
    pub(super) observed: &'a Observed,
}

/// The verdict on one resource.
pub(super) struct Judged {
    /// The address of the resource, or of an account.
    pub(super) resource: String,
    pub(super) account: AccountName,
    pub(super) verdict: ControlVerdict,
}

impl Judged {
    /// The verdict on the resource of an address.
    pub(super) fn of(address: &Address, verdict: ControlVerdict) -> Self {
        Self { resource: address.to_string(), account: address.account.clone(), verdict }
    }

    /// The verdict on an account.
    pub(super) fn of_account(account: &AccountName, verdict: ControlVerdict) -> Self {
        Self { resource: format!("account/{account}"), account: account.clone(), verdict }
    }
}

/// A resource of the spec in live state.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum LiveResource<T> {
    Live(T),
    Absent,
    /// The error of the read.
    Unread(String),
}

impl<T> LiveResource<T> {
    /// Judges the resource, if it exists.
    pub(super) fn judge(self, kind: &str, judge: impl FnOnce(T) -> ControlVerdict) -> ControlVerdict {
        match self {
            Self::Live(live) => judge(live),
            Self::Absent => {
                ControlVerdict::Failed { why: format!("the {kind} does not exist"), fix: Fix::Apply }
            }
            Self::Unread(error) => ControlVerdict::Unreadable(error),
        }
    }
}

impl<'a> ControlContext<'a> {
    pub(super) fn account_ref(&self, name: &AccountName) -> Option<AccountRef> {
        self.desired.account(name).map(|it| AccountRef { name: it.name.clone(), id: it.id.clone() })
    }

    /// Returns a trail of the spec in live state.
    pub(super) fn trail(&self, wanted: &spec::Trail) -> LiveResource<&'a Trail> {
        self.seen(self.observed.trails.get(&wanted.arn), &wanted.site.account)
    }

    /// Returns a resource of an account. A resource without an entry could not be read together
    /// with its account.
    pub(super) fn seen<T>(&self, entry: Option<&'a Option<T>>, account: &AccountName) -> LiveResource<&'a T> {
        match entry {
            Some(Some(live)) => LiveResource::Live(live),
            Some(None) => LiveResource::Absent,
            None => LiveResource::Unread(self.unread(account)),
        }
    }

    /// The reason why resources of an account could not be read.
    fn unread(&self, account: &AccountName) -> String {
        match self.observed.unreadable.get(account) {
            Some(error) => format!("account `{account}` could not be read: {error}"),
            None => format!("account `{account}` could not be read"),
        }
    }

    /// Returns the trails of the spec that record an account: its own, and those of its
    /// organization.
    pub(super) fn recording(&self, account: &spec::Account) -> impl Iterator<Item = &'a spec::Trail> {
        let roster = self.observed.organization.as_ref().map(|it| &it.roster);
        let is_member = roster.is_some_and(|it| it.has(account.id.as_str()));
        let name = account.name.clone();
        self.desired
            .trails
            .iter()
            .filter(move |trail| trail.site.account == name || (trail.is_organization && is_member))
    }

    /// Returns the ARN of the log group of a live trail, without `:*`.
    pub(super) fn group_of(trail: &Trail) -> Option<Arn> {
        match trail.cloudwatch_logs.as_ref()? {
            crate::view::CloudWatchLogs::To { group, .. } => group.trim_end_matches(":*").parse().ok(),
            crate::view::CloudWatchLogs::Off => None,
        }
    }
}

/// Returns the fix for a setting: `apply` if the spec already has the setting, or else a line of
/// the spec.
pub(super) fn line(is_wanted: bool, key: impl Into<String>, value: impl Into<String>) -> Fix {
    match is_wanted {
        true => Fix::Apply,
        false => Fix::Spec { key: key.into(), value: value.into(), unmanaged: None },
    }
}

/// The key of a setting of a trail in the spec.
pub(super) fn trail_key(trail: &spec::Trail, setting: &str) -> String {
    format!("trails[{}].{setting}", trail.name)
}

/// Returns that the control passed if `is_so` is true, and otherwise that it failed.
pub(super) fn passed_if(is_so: bool, why: impl Into<String>, fix: Fix) -> ControlVerdict {
    match is_so {
        true => ControlVerdict::Passed,
        false => ControlVerdict::Failed { why: why.into(), fix },
    }
}

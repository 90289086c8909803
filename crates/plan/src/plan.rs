//! The plan: the changes, their order and their reasons. Plain data.
//!
//! A plan can be printed, stored, compared and applied. `apply` uses only the plan and live state.
//! Reasons and risks are for people, and do not affect `apply`.

mod action;
mod change;
mod code;
mod file;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reconcile_policy::{AccountId, Arn};
use reconcile_spec::AccountName;
use serde::{Deserialize, Serialize};

use crate::address::Address;

pub use action::{Act, Action, ActionKind, Create, CreateOrDelete, CreateOrUpdate, Delete, Views};
pub use change::{Change, Changed, Ended, FormTrial, Phase, Risk, TrailRef};
pub use code::{RefusalCode, WarningCode};
pub use file::{FORMAT_VERSION, PlanFileError};

/// The changes that bring live AWS to the state of a spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The version of this format, `1.0`.
    pub format_version: String,
    /// The version of the program that made the plan.
    pub reconcile_version: String,
    /// The spec from which the plan was made.
    pub spec: SpecRef,
    /// The time at which live state was read.
    pub created_at: Timestamp,
    /// Whether the plan was made for a sandbox, and must never be applied to anything else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// Whether the plan deletes the resources of the spec.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destroy: bool,
    /// The ARN of the key in use when live state was read; absent if there was none. `apply` uses
    /// this key, even if the alias points to another key in the meantime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arn>,
    /// Whether the plan leaves something out: resources of accounts that could not be read, or
    /// refused changes.
    pub partial: bool,
    /// The numbers of resources.
    pub summary: Summary,
    /// The changes, in the order in which `apply` makes them. A resource that is in sync has no
    /// change.
    pub changes: Vec<Change>,
    /// Messages for the user about facts that the plan does not change.
    pub warnings: Vec<Warning>,
    /// Accounts that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The parts of the spec that the plan leaves out, because they would do harm or AWS would
    /// refuse them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedChange>,
}

impl Plan {
    /// Keeps the changes of the requested addresses, and all changes that they depend on.
    pub fn target(&mut self, is_asked: impl Fn(&Address) -> bool) {
        let mut wanted: BTreeSet<Address> = BTreeSet::new();
        // The dependencies of a change come before the change.
        for change in self.changes.iter().rev() {
            if is_asked(&change.address) || wanted.contains(&change.address) {
                wanted.insert(change.address.clone());
                wanted.extend(change.depends_on.iter().cloned());
            }
        }
        self.changes.retain(|change| wanted.contains(&change.address));
        self.summarize();
    }

    /// Keeps the safe changes that depend only on safe changes.
    pub fn keep_safe(&mut self) {
        let mut withheld: BTreeSet<Address> = BTreeSet::new();
        // The dependencies of a change come before the change.
        for change in &self.changes {
            if change.risk != Risk::Safe || change.depends_on.iter().any(|it| withheld.contains(it)) {
                withheld.insert(change.address.clone());
            }
        }
        self.changes.retain(|change| !withheld.contains(&change.address));
        self.summarize();
    }

    /// The accounts in which `apply` makes or checks changes.
    pub fn accounts(&self) -> BTreeMap<AccountName, AccountId> {
        let changed = self.changes.iter().map(|change| &change.account);
        let asked = self.changes.iter().flat_map(|change| &change.confirm).map(|trail| &trail.account);
        changed.chain(asked).map(|account| (account.name.clone(), account.id.clone())).collect()
    }

    /// Updates the summary after changes or refusals were removed.
    pub(crate) fn summarize(&mut self) {
        let Summary { unchanged, unreadable, .. } = self.summary;
        let left_out: BTreeSet<&Address> = self.refused.iter().flat_map(|it| &it.left_out).collect();
        self.summary =
            Summary { refused: left_out.len(), ..Summary::of(&self.changes, unchanged, unreadable) };
        self.partial = !self.unreadable.is_empty() || !self.refused.is_empty();
    }

    /// Whether the plan has no changes, everything could be read, and nothing is refused.
    pub fn is_in_sync(&self) -> bool {
        self.changes.is_empty() && self.unreadable.is_empty() && self.refused.is_empty()
    }
}

/// The spec from which a plan was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecRef {
    /// The `name` in the spec.
    pub name: String,
    /// The path of the spec, as the user named it.
    pub path: String,
    /// The SHA-256 digest of the bytes of the spec, in hexadecimal.
    pub sha256: String,
}

/// An account, by its name and its ID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountRef {
    /// The name of the account in the spec.
    pub name: AccountName,
    /// The ID of the account in AWS.
    pub id: AccountId,
}

/// The numbers of resources that a plan creates, updates, deletes, leaves unchanged or leaves out,
/// and of accounts that could not be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Resources that do not exist.
    pub create: usize,
    /// Resources that differ from the spec. A resource that is written in two phases counts once.
    pub update: usize,
    /// Managed resources that the spec no longer has.
    pub delete: usize,
    /// Resources that are in sync with the spec.
    pub unchanged: usize,
    /// Accounts that could not be read.
    pub unreadable: usize,
    /// Resources whose changes are left out, because the changes are refused or depend on refused
    /// changes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refused: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Summary {
    /// Counts resources. A resource that is written in two phases counts once, by its first change.
    pub(crate) fn of(changes: &[Change], unchanged: usize, unreadable: usize) -> Self {
        let mut summary = Self { unchanged, unreadable, ..Self::default() };
        let mut seen = BTreeSet::new();
        for change in changes.iter().filter(|change| seen.insert(&change.address)) {
            match change.action() {
                ActionKind::Create => summary.create += 1,
                ActionKind::Update => summary.update += 1,
                ActionKind::Delete => summary.delete += 1,
            }
        }
        summary
    }
}

/// A message for the user about a fact that the plan does not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A stable name for scripts.
    pub code: WarningCode,
    /// The resource.
    pub address: Address,
    /// The message for people.
    pub message: String,
}

/// A part of the spec that a plan leaves out, because it would do harm or AWS would refuse it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedChange {
    /// A stable name for scripts.
    pub code: RefusalCode,
    /// The resource of the refusal.
    pub address: Address,
    /// The reason.
    pub message: String,
    /// The next step of the user.
    pub hint: String,
    /// The resources whose changes are left out: refused changes, and changes that depend on them.
    /// Empty if nothing would change.
    pub left_out: Vec<Address>,
}

/// An account that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The account.
    pub account: AccountRef,
    /// The error.
    pub error: String,
    /// The next step of the user, if one is known.
    pub hint: Option<String>,
}

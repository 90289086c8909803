//! The plan: the changes, their order and their reasons. Plain data.
//!
//! A plan can be printed, stored, compared and applied; apply takes nothing but the plan and live
//! state. Reasons and risks are for people and never steer it.

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
    /// Version of this format, `1.0`.
    pub format_version: String,
    /// Version of the program that made the plan.
    pub reconcile_version: String,
    /// The spec it was made from.
    pub spec: SpecRef,
    /// When live state was read.
    pub created_at: Timestamp,
    /// Whether it was made of a sandbox, and must never be applied to anything else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// Whether it takes away what the spec asks for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub destroy: bool,
    /// The ARN of the key in use when live state was read; absent if there was none. Apply uses
    /// this key, whatever an alias stands for meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arn>,
    /// Whether the plan leaves something out: of accounts that could not be read, or what is
    /// refused.
    pub partial: bool,
    /// The numbers of resources.
    pub summary: Summary,
    /// Real changes only, in the order in which apply would make them.
    pub changes: Vec<Change>,
    /// Messages for the user about which the plan does nothing.
    pub warnings: Vec<Warning>,
    /// Accounts that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// The parts of the spec that the plan leaves out, because they would do harm or AWS would
    /// refuse them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedChange>,
}

impl Plan {
    /// Keeps the changes of the addresses that are asked for, and all that those depend on.
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

    /// Keeps the changes that are safe, and that depend on no other change than safe ones.
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

    /// The accounts in which apply acts.
    pub fn accounts(&self) -> BTreeMap<AccountName, AccountId> {
        let changed = self.changes.iter().map(|change| &change.account);
        let asked = self.changes.iter().flat_map(|change| &change.confirm).map(|trail| &trail.account);
        changed.chain(asked).map(|account| (account.name.clone(), account.id.clone())).collect()
    }

    /// Counts again, after changes or refusals were removed.
    pub(crate) fn summarize(&mut self) {
        let Summary { unchanged, unreadable, .. } = self.summary;
        let left_out: BTreeSet<&Address> = self.refused.iter().flat_map(|it| &it.left_out).collect();
        self.summary =
            Summary { refused: left_out.len(), ..Summary::of(&self.changes, unchanged, unreadable) };
        self.partial = !self.unreadable.is_empty() || !self.refused.is_empty();
    }

    /// Whether there is nothing to do, everything could be read, and nothing is refused.
    pub fn is_in_sync(&self) -> bool {
        self.changes.is_empty() && self.unreadable.is_empty() && self.refused.is_empty()
    }
}

/// The spec that a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecRef {
    /// Its `name`.
    pub name: String,
    /// Its path, as the user named it.
    pub path: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// An account, by both of its names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountRef {
    /// As the spec calls it.
    pub name: AccountName,
    /// As AWS does.
    pub id: AccountId,
}

/// The numbers of resources that a plan creates, updates, deletes, does not change, and could not
/// read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Resources that are not there.
    pub create: usize,
    /// Resources that differ; one that is written in two phases counts once.
    pub update: usize,
    /// Managed resources that the spec no longer has.
    pub delete: usize,
    /// Resources that are as they should be.
    pub unchanged: usize,
    /// Accounts that could not be read.
    pub unreadable: usize,
    /// Resources whose changes are left out, since they are refused or depend on what is.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refused: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Summary {
    /// Counts resources: one that is written in two phases counts once, as what happens to it
    /// first.
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

/// Something that the user should know and nothing is done about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// A stable name for scripts.
    pub code: WarningCode,
    /// The resource.
    pub address: Address,
    /// The message for people.
    pub message: String,
}

/// Something that the spec asks for and a plan leaves out, since it would do harm or AWS would
/// refuse it.
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
    /// The resources whose changes are left out: what is refused, and what depends on it. Empty
    /// where nothing would change.
    pub left_out: Vec<Address>,
}

/// An account that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Which one.
    pub account: AccountRef,
    /// The error.
    pub error: String,
    /// The next step of the user, if one is known.
    pub hint: Option<String>,
}

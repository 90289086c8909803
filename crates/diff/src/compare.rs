//! Turns what is wanted and what is there into a plan. Pure: no AWS, no clock.
//!
//! Every kind compares itself; this file puts the kinds in order. Order is a promise: no change passes through a state
//! in which a trail that could deliver before, and can deliver after, cannot deliver. So permissions come first
//! (expand), then the trails (converge), and only then goes what nothing relies on any more (contract).

mod alias;
mod bucket;
mod bucket_policy;
mod change;
mod grant;
mod key;
mod key_policy;
mod policy;
mod trail;

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconcile_policy::Region;
use reconcile_spec::{AccountName, Desired, Site, Spec};

use crate::address::Address;
use crate::kind::Kind;
use crate::observe::Observed;
use crate::plan::{AccountRef, Change, FORMAT_VERSION, Plan, SpecRef, Summary, Unreadable, Warning};
use crate::view::KeyRef;
use change::Compared;

/// Compares what a spec wants with what is there.
pub fn compare(spec: &Spec, observed: &Observed, now: Timestamp) -> Plan {
    let desired = spec.desired();
    let scope = Scope::new(desired, observed);
    let mut compared = Compared::default();

    // Expand: the key and what hangs on it, then the bucket and its policy.
    key::compare(&scope, &mut compared);
    alias::compare(&scope, &mut compared);
    let key_policy = key_policy::compare(&scope, &mut compared);
    let grants = grant::compare(&scope, &mut compared);
    bucket::compare(&scope, &mut compared);
    let bucket_policy = bucket_policy::compare(&scope, &mut compared);
    // Converge: every trail that could be read.
    trail::compare(&scope, &mut compared);
    // Contract: what the expanded policies still hold, and grants of ours that nobody asks for.
    grant::contract(&scope, grants, &mut compared);
    key_policy::contract(&scope, &key_policy, &mut compared);
    bucket_policy::contract(&scope, &bucket_policy, &mut compared);

    let Compared { mut changes, unchanged, warnings } = compared;
    keep_dependencies_of_this_plan(&mut changes);
    let unreadable = scope.unreadable();
    Plan {
        format_version: FORMAT_VERSION.to_owned(),
        reconcile_version: env!("CARGO_PKG_VERSION").to_owned(),
        spec: SpecRef {
            name: desired.name.to_string(),
            path: spec.path().to_owned(),
            sha256: spec.sha256().to_owned(),
        },
        created_at: now,
        partial: !unreadable.is_empty(),
        summary: Summary::of(&changes, unchanged, unreadable.len()),
        sandbox: false,
        changes,
        warnings,
        unreadable,
    }
}

/// What all kinds look at.
struct Scope<'a> {
    desired: &'a Desired,
    observed: &'a Observed,
    /// The key that everything encrypts with.
    key: KeyRef,
}

impl<'a> Scope<'a> {
    fn new(desired: &'a Desired, observed: &'a Observed) -> Self {
        let key = match &observed.key {
            Some(hub) => KeyRef::known(&hub.key.arn),
            None => KeyRef::KnownAfterApply(key_address(desired)),
        };
        Self { desired, observed, key }
    }

    fn key_address(&self) -> Address {
        key_address(self.desired)
    }

    fn alias_address(&self) -> Address {
        Address::new(Kind::Alias, &self.desired.key.site.account, &self.desired.key.alias)
    }

    fn key_policy_address(&self) -> Address {
        Address::new(Kind::KeyPolicy, &self.desired.key.site.account, &self.desired.key.alias)
    }

    fn bucket_address(&self) -> Address {
        Address::new(Kind::Bucket, &self.desired.bucket.site.account, &self.desired.bucket.name)
    }

    fn bucket_policy_address(&self) -> Address {
        Address::new(Kind::BucketPolicy, &self.desired.bucket.site.account, &self.desired.bucket.name)
    }

    /// All trails of the spec.
    fn trail_addresses(&self) -> impl Iterator<Item = Address> {
        self.desired.trails.iter().map(|trail| Address::new(Kind::Trail, &trail.site.account, &trail.name))
    }

    fn account(&self, name: &AccountName) -> Option<AccountRef> {
        self.desired
            .account(name)
            .map(|account| AccountRef { name: account.name.clone(), id: account.id.clone() })
    }

    /// Where a resource is, as a change says it. A parsed spec declares every account that it names.
    fn place(&self, site: &Site) -> Option<(AccountRef, Region)> {
        Some((self.account(&site.account)?, site.region.clone()))
    }

    /// The same key may be named by its id alone, or by another of its names: by what we know it is ours.
    fn same_key(&self, key: KeyRef) -> KeyRef {
        match (&key, &self.key) {
            (KeyRef::Known(named), KeyRef::Known(ours))
                if ours.rsplit_once('/').is_some_and(|(_, id)| id == named) =>
            {
                self.key.clone()
            }
            _ => key,
        }
    }

    fn unreadable(&self) -> Vec<Unreadable> {
        self.observed
            .unreadable
            .iter()
            .filter_map(|(name, error)| {
                Some(Unreadable {
                    account: self.account(name)?,
                    error: error.to_string(),
                    hint: error.hint(),
                })
            })
            .collect()
    }

    /// Why nothing may be taken away: an account that could not be read may still rely on it.
    fn withholds(&self, address: &Address, what: &str) -> Option<Warning> {
        if self.observed.unreadable.is_empty() {
            return None;
        }
        let names: Vec<String> = self.observed.unreadable.keys().map(|name| format!("`{name}`")).collect();
        Some(Warning {
            code: "withheld".to_owned(),
            address: address.clone(),
            message: format!("{what} is withheld until {} can be read", names.join(", ")),
        })
    }
}

fn key_address(desired: &Desired) -> Address {
    Address::new(Kind::Key, &desired.key.site.account, &desired.key.alias)
}

/// Changes name all that they could depend on; what is as it should be needs no waiting for.
fn keep_dependencies_of_this_plan(changes: &mut [Change]) {
    let mut before: BTreeSet<Address> = BTreeSet::new();
    for change in changes {
        change.depends_on.retain(|address| before.contains(address));
        before.insert(change.address.clone());
    }
}

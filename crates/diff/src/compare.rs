//! Turns what is wanted and what is there into a plan. Pure: no AWS, no clock.
//!
//! Every kind compares itself; this file puts the kinds in order. Order is a promise: no change passes through a state
//! in which a trail that could deliver before, and can deliver after, cannot deliver. So permissions come first
//! (expand), then the trails (converge), and only then goes what nothing relies on any more (contract).

mod alias;
mod bucket;
mod bucket_policy;
mod change;
mod copy;
mod delivery;
mod grant;
mod key;
mod key_policy;
mod policy;
mod trail;

use std::collections::BTreeSet;

use jiff::Timestamp;
use reconcile_policy::{Arn, Region};
use reconcile_spec::{AccountName, Desired, Site, Spec};

use crate::address::Address;
use crate::delivery::{DeliveryPath, live_paths};
use crate::kind::Kind;
use crate::observe::Observed;
use crate::plan::{AccountRef, Change, FORMAT_VERSION, Plan, SpecRef, Summary, Unreadable, Warning};
use crate::refusal::Refusal;
use crate::view::{KeyRef, OtherTrail};
use change::Compared;
pub use copy::copy;
pub(crate) use policy::FOREIGN_STATEMENT;

/// What has come out of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What has to change. Not to be applied while there are refusals.
    pub plan: Plan,
    /// Why what the spec wants cannot be brought about as things are.
    pub refusals: Vec<Refusal>,
    /// Trails that are there and cannot deliver under the policies that are live now.
    pub undelivered: Vec<DeliveryPath>,
}

impl Comparison {
    /// Keeps what is of the addresses that are asked for, and all changes that those depend on.
    pub fn target(&mut self, is_asked: impl Fn(&Address) -> bool) {
        self.plan.target(&is_asked);
        // What is refused is of the bucket or the key, and whatever is to change relies on those.
        if self.plan.changes.is_empty() {
            self.refusals.retain(|refusal| is_asked(refusal.address()));
        }
        self.undelivered.retain(|path| is_asked(&path.address));
    }
}

/// Compares what a spec wants with what is there.
pub fn compare(spec: &Spec, observed: &Observed, now: Timestamp) -> Comparison {
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
    // Contract: trails of ours that nobody asks for, what the expanded policies still hold, and grants of ours that nobody asks for.
    trail::contract(&scope, &mut compared);
    grant::contract(&scope, grants, &mut compared);
    if let Some(outcome) = &key_policy {
        key_policy::contract(&scope, outcome, &mut compared);
    }
    if let Some(outcome) = &bucket_policy {
        bucket_policy::contract(&scope, outcome, &mut compared);
    }
    // What has come of it has to deliver, half-way and in the end.
    if let (Some(bucket), Some(key)) = (&bucket_policy, &key_policy) {
        let (bucket, key) = (&bucket.merged, &key.merged);
        delivery::refuse(&scope, &bucket.expanded, &key.expanded, &mut compared);
        if bucket.contract().is_some() || key.contract().is_some() {
            delivery::refuse(&scope, &bucket.contracted, &key.contracted, &mut compared);
        }
    }
    let undelivered = live_paths(desired, observed)
        .into_iter()
        .filter(|path| path.is_live && path.obstacles().next().is_some())
        .collect();

    compared.warnings.extend(scope.suspended());
    let refusals = std::mem::take(&mut compared.refusals);
    Comparison { plan: plan_of(spec, &scope, compared, now), refusals, undelivered }
}

fn plan_of(spec: &Spec, scope: &Scope<'_>, compared: Compared, now: Timestamp) -> Plan {
    let Compared { mut changes, unchanged, warnings, .. } = compared;
    keep_dependencies_of_this_plan(&mut changes);
    let unreadable = scope.unreadable();
    Plan {
        format_version: FORMAT_VERSION.to_owned(),
        reconcile_version: env!("CARGO_PKG_VERSION").to_owned(),
        spec: SpecRef {
            name: scope.desired.name.to_string(),
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

    /// Trails of ours that are to go.
    fn stray_addresses(&self) -> impl Iterator<Item = Address> {
        self.observed.strays.iter().map(|(arn, stray)| {
            Address::new(Kind::Trail, &stray.account, arn.resource().trim_start_matches("trail/"))
        })
    }

    /// Trails that deliver to the bucket, are not in the spec, and are to stay.
    fn guests(&self) -> impl Iterator<Item = &OtherTrail> {
        let is_to_go = |arn: &Arn| self.desired.deletion.trails && self.observed.strays.contains_key(arn);
        self.observed.guests.values().filter(move |guest| !is_to_go(&guest.arn))
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

    /// Accounts that would have joined, were they not closed or about to be.
    fn suspended(&self) -> Option<Warning> {
        let organization = self.desired.organization.as_ref().filter(|it| it.includes_all)?;
        let suspended = self.observed.organization.iter().flat_map(|it| &it.suspended);
        let suspended = suspended.filter(|member| !organization.exclude.contains(&member.id));
        let names: Vec<String> = suspended.map(|it| format!("`{}` ({})", it.name, it.id)).collect();
        (!names.is_empty()).then(|| Warning {
            code: "suspended-account".to_owned(),
            address: self.bucket_address(),
            message: format!("not among the accounts, since suspended: {}", names.join(", ")),
        })
    }

    /// The organization that the accounts of all these trails are in; none if one is not, or none is known.
    fn organization_of<'t>(&self, mut trails: impl Iterator<Item = &'t Arn>) -> Option<String> {
        let organization = self.observed.organization.as_ref()?;
        trails.all(|trail| organization.has(trail.account())).then(|| organization.id.clone())
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

//! Compares the spec with live state. The result is a plan. Pure: no AWS, no clock.
//!
//! Every kind compares itself; this file puts the kinds in order. Order is a promise: no change passes through a state
//! in which a trail that could deliver before, and can deliver after, cannot deliver. So permissions come first
//! (expand), then the trails (converge), and only then goes what nothing relies on any more (contract).

mod alias;
mod bucket;
mod bucket_policy;
mod caller;
mod caution;
mod change;
mod confirm;
mod copy;
mod delivery;
mod departed;
mod destroy;
mod doubt;
mod encryption;
mod foreign;
mod grant;
mod guest;
mod health;
mod key;
mod key_policy;
mod leftover;
mod log_group;
mod organization;
mod other_installation;
mod policy;
mod public_access;
mod quota;
mod refused;
mod role;
mod scope;
mod topic;
mod topic_policy;
mod trail;
mod trial;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reconcile_policy::AccountId;
use reconcile_spec::{AccountName, Spec};

use crate::address::Address;
use crate::delivery::DeliveryPath;
use crate::foreign::ForeignAccess;
use crate::kind::Kind;
use crate::observed::Observed;
use crate::outsider::{self, Outsider};
use crate::plan::{Change, FORMAT_VERSION, Plan, SpecRef, Summary};
use crate::refusal::Refusal;
use change::Compared;
pub use copy::copy;
pub use destroy::destroy;
pub use grant::allows_the_same;
pub(crate) use policy::not_ours;
use scope::Scope;

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The plan, without what is refused.
    pub plan: Plan,
    /// The reasons for what the plan leaves out, in the order of [`Plan::refused`].
    pub refusals: Vec<Refusal>,
    /// Trails that exist, and that the policies that are live now do not certainly let deliver. Policies of which the spec
    /// accepts whatever the proof says are passed over.
    pub undelivered: Vec<DeliveryPath>,
    /// Trails that are not in the spec, and deliver to its bucket or try to.
    pub outsiders: Vec<Outsider>,
    /// Trails of the spec that do not exist.
    pub absent: BTreeSet<Address>,
    /// The unknowns about policies besides deliveries, and not accepted by the spec.
    pub unsettled: BTreeMap<Address, String>,
    /// Settings of others that give outsiders access to the logs or to what protects them, or that endanger the logs.
    pub foreign: Vec<ForeignAccess>,
    /// Policies under which, as they are now, a trail of the spec cannot deliver.
    pub blocking: BTreeSet<Address>,
    /// The accounts of the spec, and those that left it and could be entered.
    pub accounts: BTreeMap<AccountName, AccountId>,
}

impl Comparison {
    /// Keeps what is of the addresses that are asked for, and all changes that those depend on.
    pub fn target(&mut self, is_asked: impl Fn(&Address) -> bool) {
        let refusals =
            std::mem::take(&mut self.refusals).into_iter().zip(std::mem::take(&mut self.plan.refused));
        (self.refusals, self.plan.refused) = refusals
            .filter(|(refusal, refused)| {
                is_asked(refusal.address())
                    || refusal.resources().iter().any(&is_asked)
                    || refused.left_out.iter().any(&is_asked)
            })
            .unzip();
        self.plan.target(&is_asked);
        self.undelivered.retain(|path| is_asked(&path.address));
        self.unsettled.retain(|address, _| is_asked(address));
        self.outsiders.retain(|outsider| is_asked(&outsider.address));
        self.foreign.retain(|access| is_asked(&access.address));
    }
}

/// Compares a spec with live state.
pub fn compare(spec: &Spec, observed: &Observed, now: Timestamp) -> Comparison {
    let desired = spec.desired();
    let scope = Scope::new(desired, observed);
    let mut compared = Compared::default();

    // Other installations that manage resources of the spec.
    other_installation::refuse(&scope, &mut compared);
    other_installation::warn(&scope, &mut compared);
    // Expand: what the organization allows; the key and what hangs on it; the bucket and its policy; what trails deliver to
    // besides.
    organization::compare(&scope, &mut compared);
    key::compare(&scope, &mut compared);
    alias::compare(&scope, &mut compared);
    let key_policy = key_policy::compare(&scope, &mut compared);
    let grants = grant::compare(&scope, &mut compared);
    let bucket_policy = bucket_policy::merge(&scope, &mut compared);
    bucket::compare(&scope, bucket_policy.as_ref(), &mut compared);
    if let Some(outcome) = &bucket_policy {
        bucket_policy::expand(&scope, outcome, &mut compared);
    }
    log_group::compare(&scope, &mut compared);
    role::compare(&scope, &mut compared);
    topic::compare(&scope, &mut compared);
    let topic_policies = topic_policy::compare(&scope, &mut compared);
    // Converge: every trail that could be read.
    trail::compare(&scope, &mut compared);
    if let Some(outcome) = &bucket_policy {
        bucket_policy::policy(&scope).try_form(outcome, &mut compared);
    }
    if let Some(outcome) = &key_policy {
        key_policy::policy(&scope).try_form(outcome, &mut compared);
    }
    topic_policy::try_forms(&scope, &topic_policies, &mut compared);
    quota::warn(&scope, &mut compared);
    // Contract: managed trails that the spec does not have, after their destinations; permissions of the expanded policies that
    // nothing needs; and managed grants that the spec does not have.
    trail::narrow(&scope, &mut compared);
    leftover::contract(&scope, &mut compared);
    trail::remove(&scope, &mut compared);
    role::contract(&scope, &mut compared);
    grant::contract(&scope, grants, &mut compared);
    if let Some(outcome) = &key_policy {
        key_policy::policy(&scope).contract(outcome, &mut compared);
    }
    if let Some(outcome) = &bucket_policy {
        bucket_policy::policy(&scope).contract(outcome, &mut compared);
    }
    topic_policy::contract(&scope, &topic_policies, &mut compared);
    // S3 saves no public policy while it blocks public access.
    public_access::refuse(&scope, &mut compared);
    // Every trail has to be able to deliver under the expanded policies and under the contracted ones.
    delivery::prove(&scope, bucket_policy.as_ref(), key_policy.as_ref(), &topic_policies, &mut compared);
    let undelivered = scope.paths.iter().filter(|path| path.is_live).filter_map(|path| {
        let mut path = path.clone();
        path.proofs.retain(|proof| !scope.accepts(proof.hop.policy(), &path.delivery));
        path.unproven.retain(|it| !scope.accepts(it.policy(), &path.delivery));
        (!path.is_proven()).then_some(path)
    });
    let undelivered: Vec<DeliveryPath> = undelivered.collect();
    health::warn(&scope, &undelivered, now, &mut compared);
    let cautions = caution::warn(&scope, &mut compared);
    // Access that others give to outsiders is kept and reported.
    let outcomes = foreign::Outcomes {
        bucket: bucket_policy.as_ref(),
        key: key_policy.as_ref(),
        topics: &topic_policies,
    };
    let foreign = foreign::judge(&scope, &outcomes, &cautions, &mut compared);
    let blocking = scope.blocking();

    let outsiders = outsider::find(desired, observed, scope.others_that_stay());

    compared.warnings.extend(scope.inactive().into_iter().chain(scope.nobody_joins()));
    let absent = desired.trails.iter().filter(|trail| observed.trails.get(&trail.arn) == Some(&None));
    let absent = absent.map(|trail| Address::new(Kind::Trail, &trail.site.account, &trail.name)).collect();
    let unsettled = std::mem::take(&mut compared.unsettled);
    let (plan, refusals) = plan_of(spec, &scope, compared, now);
    let accounts = scope.accounts();
    Comparison { plan, refusals, undelivered, outsiders, absent, unsettled, foreign, blocking, accounts }
}

fn plan_of(spec: &Spec, scope: &Scope<'_>, compared: Compared, now: Timestamp) -> (Plan, Vec<Refusal>) {
    let Compared { mut changes, unchanged, warnings, refusals, stranded, .. } = compared;
    let refused = refused::leave_out(&mut changes, &refusals, &stranded);
    keep_dependencies_of_this_plan(&mut changes);
    let unreadable = scope.unreadable();
    let mut plan = Plan {
        format_version: FORMAT_VERSION.to_owned(),
        reconcile_version: env!("CARGO_PKG_VERSION").to_owned(),
        spec: SpecRef {
            name: scope.desired.installation.name().to_string(),
            path: spec.path().to_owned(),
            sha256: spec.sha256().to_owned(),
        },
        created_at: now,
        key: scope.observed.key.as_ref().map(|hub| hub.key.arn.clone()),
        partial: false,
        summary: Summary::of(&changes, unchanged, unreadable.len()),
        sandbox: false,
        destroy: false,
        changes,
        warnings,
        unreadable,
        refused,
    };
    plan.summarize();
    (plan, refusals)
}

/// Each kind names all that its change could depend on; what this plan does not change before it is dropped.
fn keep_dependencies_of_this_plan(changes: &mut [Change]) {
    let mut before: BTreeSet<Address> = BTreeSet::new();
    for change in changes {
        change.depends_on.retain(|address| before.contains(address));
        before.insert(change.address.clone());
    }
}

//! Compares the spec with live state. The result is a plan. Pure: no AWS, no clock.
//!
//! Each kind has its own comparison; this file calls them in order. The order is a promise: no
//! change passes through a state in which a trail that could deliver before, and can deliver after,
//! cannot deliver. Permissions are added first (expand), then the trails change (converge), and at
//! the end everything that nothing relies on is removed (contract).

pub(crate) mod alarm;
mod alias;
mod bucket;
mod bucket_policy;
mod caution;
mod change;
mod confirm;
mod context;
mod copy;
mod delegated_administrator;
mod delivery;
mod departed;
mod destroy;
mod doubt;
mod encryption;
mod foreign;
mod grant;
mod guest;
mod key;
mod key_policy;
mod leftover;
mod log_group;
pub(crate) mod metric_filter;
mod other_installation;
mod policy;
mod public_access;
mod refused;
mod role;
mod service_access;
mod topic;
mod topic_policy;
mod trail;
mod trial;
mod triers;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reconcile_policy::AccountId;
use reconcile_spec::{AccountName, Spec};

use crate::address::Address;
use crate::delivery::DeliveryPath;
use crate::foreign::ForeignAccess;
use crate::freshness::DigestTrails;
use crate::observed::Observed;
use crate::outsider::{self, Outsider};
use crate::plan::{Change, FORMAT_VERSION, Plan, SpecRef, Summary};
use crate::refusal::Refusal;
use change::Compared;
use context::CompareContext;
pub use copy::copy;
pub use destroy::destroy;
pub use grant::allows_the_same;
pub(crate) use policy::not_ours;

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The plan, without the refused changes.
    pub plan: Plan,
    /// The reasons why the plan leaves out changes, in the order of [`Plan::refused`].
    pub refusals: Vec<Refusal>,
    /// Existing trails that the live policies do not certainly allow to deliver. A policy is
    /// skipped if the spec accepts the result of its proof (`proof: warn`).
    pub undelivered: Vec<DeliveryPath>,
    /// Trails that are not in the spec and deliver to its bucket, or try to deliver.
    pub outsiders: Vec<Outsider>,
    /// Trails of the spec that do not exist.
    pub absent: BTreeSet<Address>,
    /// Unknowns about policies that do not concern deliveries and that the spec does not accept.
    pub unsettled: BTreeMap<Address, String>,
    /// Foreign settings that give outsiders access to the logs or to the resources that protect
    /// them, or that endanger the logs.
    pub foreign: Vec<ForeignAccess>,
    /// The live policies under which a trail of the spec cannot deliver.
    pub blocking: BTreeSet<Address>,
    /// The accounts of the spec, and the accounts that left the spec and can still be read.
    pub accounts: BTreeMap<AccountName, AccountId>,
    /// The trails whose digests a check for stopped digests judges.
    pub digests: DigestTrails,
}

impl Comparison {
    /// Keeps the changes of the requested addresses, all changes that they depend on, and the
    /// findings about these addresses.
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
        self.digests.trails.retain(|trail| is_asked(&trail.address));
    }
}

/// Compares a spec with live state.
pub fn compare(spec: &Spec, observed: &Observed, now: Timestamp) -> Comparison {
    let desired = spec.desired();
    let context = CompareContext::new(desired, observed);
    let mut compared = Compared::default();

    // Other installations that manage resources of the spec.
    other_installation::refuse(&context, &mut compared);
    other_installation::warn(&context, &mut compared);
    // Expand: the permissions of the organization; the key with its policy and grants; the bucket
    // and its policy; the other destinations of the trails.
    service_access::compare(&context, &mut compared);
    delegated_administrator::compare(&context, &mut compared);
    key::compare(&context, &mut compared);
    alias::compare(&context, &mut compared);
    let key_policy = key_policy::compare(&context, &mut compared);
    let grants = grant::compare(&context, &mut compared);
    let bucket_policy = bucket_policy::merge(&context, &mut compared);
    bucket::compare(&context, bucket_policy.as_ref(), &mut compared);
    if let Some(outcome) = &bucket_policy {
        bucket_policy::expand(&context, outcome, &mut compared);
    }
    log_group::compare(&context, &mut compared);
    role::compare(&context, &mut compared);
    topic::compare(&context, &mut compared);
    let topic_policies = topic_policy::compare(&context, &mut compared);
    // Converge: every trail that could be read, and the alarms on delivered events.
    trail::compare(&context, &mut compared);
    metric_filter::compare(&context, &mut compared);
    alarm::compare(&context, &mut compared);
    if let Some(outcome) = &bucket_policy {
        bucket_policy::policy(&context).try_form(outcome, &mut compared);
    }
    if let Some(outcome) = &key_policy {
        key_policy::policy(&context).try_form(outcome, &mut compared);
    }
    topic_policy::try_forms(&context, &topic_policies, &mut compared);
    trail::quota::warn(&context, &mut compared);
    // Contract: managed trails that the spec does not have, after their destinations; permissions
    // of the expanded policies that nothing needs; and managed grants that the spec does not have.
    trail::narrow(&context, &mut compared);
    alarm::contract(&context, &mut compared);
    metric_filter::contract(&context, &mut compared);
    leftover::contract(&context, &mut compared);
    trail::remove(&context, &mut compared);
    role::contract(&context, &mut compared);
    grant::contract(&context, grants, &mut compared);
    if let Some(outcome) = &key_policy {
        key_policy::policy(&context).contract(outcome, &mut compared);
    }
    if let Some(outcome) = &bucket_policy {
        bucket_policy::policy(&context).contract(outcome, &mut compared);
    }
    topic_policy::contract(&context, &topic_policies, &mut compared);
    // S3 saves no public policy while it blocks public access.
    public_access::refuse(&context, &mut compared);
    // Every trail must be able to deliver under the expanded and under the contracted policies.
    delivery::prove(&context, bucket_policy.as_ref(), key_policy.as_ref(), &topic_policies, &mut compared);
    let undelivered = context.paths.iter().filter(|path| path.is_live).filter_map(|path| {
        let mut path = path.clone();
        path.proofs.retain(|proof| !context.accepts(proof.hop.policy(), &path.delivery));
        path.unproven.retain(|it| !context.accepts(it.policy(), &path.delivery));
        (!path.is_proven()).then_some(path)
    });
    let undelivered: Vec<DeliveryPath> = undelivered.collect();
    trail::health::warn(&context, &undelivered, now, &mut compared);
    let cautions = caution::warn(&context, &mut compared);
    // Access that others give to outsiders is kept and reported.
    let outcomes = foreign::Outcomes {
        bucket: bucket_policy.as_ref(),
        key: key_policy.as_ref(),
        topics: &topic_policies,
    };
    let foreign = foreign::judge(&context, &outcomes, &cautions, &mut compared);
    let blocking = context.blocking();

    let outsiders = outsider::find(desired, observed, context.others_that_stay());

    compared.warnings.extend(context.inactive().into_iter().chain(context.nobody_joins()));
    let absent = desired.trails.iter().filter(|trail| observed.trails.get(&trail.arn) == Some(&None));
    let absent = absent.map(Address::trail).collect();
    let unsettled = std::mem::take(&mut compared.unsettled);
    let (plan, refusals) = plan_of(spec, &context, compared, now);
    let accounts = context.accounts();
    let digests = DigestTrails::of(desired, observed);
    Comparison {
        plan,
        refusals,
        undelivered,
        outsiders,
        absent,
        unsettled,
        foreign,
        blocking,
        accounts,
        digests,
    }
}

fn plan_of(
    spec: &Spec,
    context: &CompareContext<'_>,
    compared: Compared,
    now: Timestamp,
) -> (Plan, Vec<Refusal>) {
    let Compared { mut changes, unchanged, warnings, refusals, stranded, .. } = compared;
    let refused = refused::leave_out(&mut changes, &refusals, &stranded);
    keep_dependencies_of_this_plan(&mut changes);
    let unreadable = context.unreadable();
    let mut plan = Plan {
        format_version: FORMAT_VERSION.to_owned(),
        reconcile_version: env!("CARGO_PKG_VERSION").to_owned(),
        spec: SpecRef {
            name: context.desired.installation.name().to_string(),
            path: spec.path().to_owned(),
            sha256: spec.sha256().to_owned(),
        },
        created_at: now,
        key: context.observed.key.as_ref().map(|hub| hub.key.arn.clone()),
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

/// Removes dependencies that this plan does not change earlier, because each kind lists all
/// possible dependencies of its changes.
fn keep_dependencies_of_this_plan(changes: &mut [Change]) {
    let mut before: BTreeSet<Address> = BTreeSet::new();
    for change in changes {
        change.depends_on.retain(|address| before.contains(address));
        before.insert(change.address.clone());
    }
}

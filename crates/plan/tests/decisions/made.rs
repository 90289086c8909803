//! Builds specs and live state by hand: the empty state, and the state after the plan of a spec was
//! applied.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::Timestamp;
use reconcile_operations::{Error, Operation};
use reconcile_plan::observed::{
    Conditions, HubKey, KeyTraits, Leftover, LiveKey, LiveOrganization, LiveTopic, Monitors, NameReceiver,
    Notifications, Observed, ReadError, Stray, UnreadableReason, What,
};
use reconcile_plan::plan::{Act, Change, Changed, Warning};
use reconcile_plan::view::{AccessLogs, AtRest, Encryption, KeyRef, ObjectLock};
use reconcile_plan::{Comparison, Difference, Finding, Plan, compare, findings};
use reconcile_policy::{Arn, Document, Region, Statement};
use reconcile_samples::{EditSpec, every_destination};
use reconcile_spec::{Desired, Site, Spec, parse};
use serde_json::Value;

/// The error of a call that the caller is not allowed to make in the account of the bucket.
pub fn denied(operation: Operation) -> Error {
    Error::answered("111111111111".parse().unwrap(), operation, "AccessDenied", "not authorized")
}

/// The error of a read that the caller is not allowed to make.
pub fn unread(operation: Operation) -> ReadError {
    ReadError::Aws(denied(operation))
}

/// The key that KMS creates for every spec.
const KEY: &str = "1a2b3c4d-0000-4000-8000-000000000000";

/// A spec whose trail delivers only to the bucket.
pub fn no_destinations() -> String {
    every_destination().without("trails.0.cloudwatch_logs").without("trails.0.sns_topic")
}

/// The spec with these settings of the bucket policy and of the key policy.
pub fn with_policies(text: &str, policy: &str) -> String {
    text.with("bucket.policy", policy).with("key.policy", policy)
}

/// Describes a comparison, one line for each change, refusal, warning and finding of drift.
pub fn described(comparison: &Comparison) -> String {
    let mut text = String::new();
    for change in &comparison.plan.changes {
        let (action, phase, risk) = (change.action(), change.phase, change.risk);
        writeln!(
            text,
            "  {action:?} in {phase:?}, {risk:?}: {}: {}",
            change.address,
            change.reasons.join("; ")
        )
        .unwrap();
        for trial in &change.trials {
            let retreat = if trial.retreat.is_some() { ", with a retreat" } else { "" };
            writeln!(
                text,
                "    {} tests the form {} of {}{retreat}",
                trial.trail,
                trial.form.name(),
                trial.policy
            )
            .unwrap();
        }
    }
    for refused in &comparison.plan.refused {
        writeln!(text, "  Refused: {}: {}", refused.address, refused.message).unwrap();
    }
    for warning in &comparison.plan.warnings {
        writeln!(text, "  Warning {}: {}: {}", warning.code, warning.address, warning.message).unwrap();
    }
    for Finding { kind, severity, address, message, review, accepted, .. } in findings(comparison) {
        let accepted = accepted.map(|reason| format!(" (accepted: {reason})")).unwrap_or_default();
        let review = review.map(|name| format!(" [{name}]")).unwrap_or_default();
        writeln!(text, "  drift, {severity:?} {kind:?}: {address}: {message}{review}{accepted}").unwrap();
    }
    text
}

/// Live state in which a person or another program changed something, under a spec.
pub struct Case {
    /// The change.
    pub name: &'static str,
    /// The spec.
    pub spec: fn() -> String,
    /// Changes live state that is in sync with the spec.
    pub edit: fn(&mut Observed),
}

/// Describes the comparison of each case.
pub fn outcomes(cases: &[Case]) -> String {
    let mut all = String::new();
    for case in cases {
        let spec = spec(&(case.spec)());
        let mut observed = made(&spec);
        (case.edit)(&mut observed);
        writeln!(all, "{}\n{}", case.name, described(&compared(&spec, &observed))).unwrap();
    }
    all
}

pub fn spec(text: &str) -> Spec {
    parse("spec.yaml", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"))
}

pub fn compared(spec: &Spec, observed: &Observed) -> Comparison {
    compare(spec, observed, Timestamp::UNIX_EPOCH)
}

/// Returns live state without any resource of the spec; all accounts could be read.
pub fn nothing(spec: &Spec) -> Observed {
    let desired = spec.desired();
    Observed {
        log_groups: desired.log_groups.iter().map(|it| (it.arn.clone(), None)).collect(),
        monitors: monitored(desired),
        roles: desired.log_roles.iter().map(|it| (it.arn.clone(), None)).collect(),
        topics: desired.topics.iter().map(|it| (it.arn.clone(), None)).collect(),
        trails: desired.trails.iter().map(|it| (it.arn.clone(), None)).collect(),
        others: desired.accounts.iter().map(|it| (it.name.clone(), Vec::new())).collect(),
        ..Observed::default()
    }
}

/// The log groups with alarms in a spec, without metric filters.
fn monitored(desired: &Desired) -> BTreeMap<Arn, Result<Monitors, ReadError>> {
    let monitors = desired.alarms.iter().map(|alarm| {
        let monitors = Monitors {
            account: alarm.site.account.clone(),
            region: alarm.site.region.clone(),
            group: alarm.group.to_string(),
            filters: BTreeMap::new(),
            alarms: BTreeMap::new(),
        };
        (alarm.group_arn.clone(), Ok(monitors))
    });
    monitors.collect()
}

/// Returns live state that is in sync with a spec.
pub fn made(spec: &Spec) -> Observed {
    made_from(spec, nothing(spec))
}

/// Returns live state that is in sync with a spec in an organization.
pub fn made_in(spec: &Spec, organization: LiveOrganization) -> Observed {
    made_from(spec, Observed { organization: Some(organization), ..nothing(spec) })
}

fn made_from(spec: &Spec, mut observed: Observed) -> Observed {
    let plan = compared(spec, &observed).plan;
    apply(spec.desired(), &mut observed, &plan);
    observed
}

/// Live state after `from` was applied, as it is read for the spec `to`. The caller of `to` cannot
/// read accounts that only `from` has.
pub fn moved(from: &Spec, to: &Spec) -> Observed {
    moved_from(from, made(from), to)
}

/// Live state that `from` made, as it is read for the spec `to`.
pub fn moved_from(from: &Spec, mut live: Observed, to: &Spec) -> Observed {
    let (before, after) = (from.desired(), to.desired());
    let absent = nothing(to);
    let account_of = |arn: &Arn| {
        let account = after.accounts.iter().find(|account| account.id.as_str() == arn.account());
        account.map(|account| account.name.clone())
    };
    let mut leave = |arn: &Arn, region: &Region, what: What| {
        let Some(account) = account_of(arn) else { return };
        let leftover = Leftover { account, region: region.clone(), what, additions: Vec::new() };
        live.leftovers.insert(arn.clone(), leftover);
    };
    for group in before.log_groups.iter().filter(|it| !absent.log_groups.contains_key(&it.arn)) {
        let found = live.log_groups.get(&group.arn).cloned().flatten().unwrap();
        leave(&group.arn, &group.site.region, What::LogGroup(found));
    }
    for role in before.log_roles.iter().filter(|it| !absent.roles.contains_key(&it.arn)) {
        let found = live.roles.get(&role.arn).cloned().flatten().unwrap();
        leave(&role.arn, &role.site.region, What::Role(found));
    }
    for topic in before.topics.iter().filter(|it| !absent.topics.contains_key(&it.arn)) {
        let found = live.topics.get(&topic.arn).cloned().flatten().unwrap();
        leave(&topic.arn, &topic.site.region, What::Topic(found));
    }
    for trail in before.trails.iter().filter(|it| !absent.trails.contains_key(&it.arn)) {
        let found = live.trails.remove(&trail.arn).flatten().unwrap();
        match account_of(&trail.arn) {
            Some(account) => _ = live.strays.insert(trail.arn.clone(), Stray { account, trail: found }),
            None => _ = live.departed.unseen.insert(trail.arn.clone(), UnreadableReason::Undeclared),
        }
    }
    live.log_groups.retain(|arn, _| absent.log_groups.contains_key(arn));
    live.roles.retain(|arn, _| absent.roles.contains_key(arn));
    live.role_policies.retain(|arn, _| absent.roles.contains_key(arn));
    live.topics.retain(|arn, _| absent.topics.contains_key(arn));
    live.others.retain(|account, _| absent.others.contains_key(account));
    absent.monitors.into_iter().for_each(|(arn, it)| _ = live.monitors.entry(arn).or_insert(it));
    absent.log_groups.into_keys().for_each(|arn| _ = live.log_groups.entry(arn).or_default());
    absent.roles.into_keys().for_each(|arn| _ = live.roles.entry(arn).or_default());
    absent.topics.into_keys().for_each(|arn| _ = live.topics.entry(arn).or_default());
    absent.trails.into_keys().for_each(|arn| _ = live.trails.entry(arn).or_default());
    absent.others.into_keys().for_each(|account| _ = live.others.entry(account).or_default());
    live
}

/// Describes the changes of a plan with their differences, its refusals, and the warnings that
/// `usual` does not have.
pub fn planned(plan: &Plan, usual: &[Warning]) -> String {
    let mut text = String::new();
    for change in &plan.changes {
        let (action, phase, risk) = (change.action(), change.phase, change.risk);
        let reasons = change.reasons.join("; ");
        writeln!(text, "  {action:?} in {phase:?}, {risk:?}: {}: {reasons}", change.address).unwrap();
        for difference in &change.diff {
            writeln!(text, "    {}", differs(difference)).unwrap();
        }
    }
    for refused in &plan.refused {
        writeln!(text, "  Refused: {}: {} ({})", refused.address, refused.message, refused.hint).unwrap();
        for address in &refused.left_out {
            writeln!(text, "    leaves out {address}").unwrap();
        }
    }
    for warning in plan.warnings.iter().filter(|it| !usual.contains(it)) {
        writeln!(text, "  Warning {}: {}: {}", warning.code, warning.address, warning.message).unwrap();
    }
    text
}

fn differs(difference: &Difference) -> String {
    match difference {
        Difference::Add { path, value } => format!("adds {path}: {value}"),
        Difference::Remove { path, value } => format!("removes {path}: {value}"),
        Difference::Replace { path, value, from } => format!("changes {path} from {from} to {value}"),
    }
}

/// Applies a plan to live state.
pub fn apply(desired: &Desired, observed: &mut Observed, plan: &Plan) {
    for change in &plan.changes {
        make(desired, observed, change);
    }
}

fn make(desired: &Desired, observed: &mut Observed, change: &Change) {
    let Change { address, changed, .. } = change;
    let key = key_arn(desired);
    let is_here = |site: &Site, name: &str| site.account == address.account && name == address.name;
    match changed {
        // The caller builds the organization.
        Changed::ServiceAccess(_) | Changed::DelegatedAdministrator(_) => {}
        Changed::Key(action) => match (&mut observed.key, action.after()) {
            (Some(hub), Some(after)) => hub.key.view = after.clone(),
            (None, Some(after)) => {
                let policy = after.initial_policy.clone().unwrap_or_else(|| Document::new(Vec::new()));
                let traits = KeyTraits::default();
                let key = LiveKey { arn: key, is_aliased: false, traits, view: after.clone() };
                observed.key = Some(HubKey { key, policy, grants: Vec::new() });
            }
            (_, None) => observed.key = None,
        },
        Changed::Alias(action) => hub(observed).key.is_aliased = action.views().after.is_some(),
        Changed::KeyPolicy(action) => hub(observed).policy = action.after.clone(),
        Changed::Grant(action) => {
            let grants = &mut hub(observed).grants;
            grants.retain(|grant| grant.name != address.name);
            grants.extend(action.views().after.cloned().map(|mut grant| {
                grant.key = KeyRef::known(&key);
                grant.id = Some(format!("id-of-{}", grant.name));
                grant
            }));
        }
        Changed::Bucket(action) => {
            observed.bucket = action.after().cloned().map(|mut bucket| {
                if let Some(Encryption::Kms { key: used, .. }) = &mut bucket.encryption {
                    *used = Some(KeyRef::known(&key));
                }
                bucket
            });
            observed.bucket_conditions = observed.bucket.as_ref().map(|_| of_a_new_bucket());
        }
        Changed::BucketPolicy(action) => observed.bucket_policy = action.after().cloned(),
        Changed::LogGroup(action) => {
            let group = desired.log_groups.iter().find(|it| is_here(&it.site, it.name.as_str())).unwrap();
            let live = action.after().cloned().map(|mut live| {
                know(&mut live.encryption, &key);
                live
            });
            observed.log_groups.insert(group.arn.clone(), live);
        }
        Changed::Role(action) => {
            let role = desired.log_roles.iter().find(|it| is_here(&it.site, it.name.as_str())).unwrap();
            observed.roles.insert(role.arn.clone(), action.after().cloned());
            observed.role_policies.insert(role.arn.clone(), Ok(Vec::new()));
        }
        Changed::Topic(action) => {
            let topic = desired.topics.iter().find(|it| is_here(&it.site, it.name.as_str())).unwrap();
            let live = observed.topics.entry(topic.arn.clone()).or_default();
            let policy = live.take().map_or_else(|| Document::new(Vec::new()), |live| live.policy);
            *live = action.after().cloned().map(|mut view| {
                know(&mut view.encryption, &key);
                LiveTopic { view, policy, subscriptions: Ok(Vec::new()), subscribers: Some(0), pending: 0 }
            });
        }
        Changed::TopicPolicy(action) => {
            let topic = desired.topics.iter().find(|it| is_here(&it.site, it.name.as_str())).unwrap();
            let live = observed.topics.get_mut(&topic.arn).unwrap().as_mut().unwrap();
            live.policy = action.after.clone();
        }
        Changed::Trail(action) => {
            let trail = desired.trails.iter().find(|it| is_here(&it.site, it.name.as_str())).unwrap();
            let live = action.after().cloned().map(|mut live| {
                live.kms_key = live.kms_key.map(|_| KeyRef::known(&key));
                live
            });
            observed.trails.insert(trail.arn.clone(), live);
        }
        Changed::MetricFilter(action) => {
            let (group, name) = address.name.rsplit_once('/').unwrap();
            for monitors in observed.monitors.values_mut().flatten() {
                if monitors.account == address.account && monitors.group == group {
                    monitors.filters.remove(name);
                    monitors.filters.extend(action.after().map(|it| (name.to_owned(), it.clone())));
                }
            }
        }
        Changed::Alarm(action) => {
            for monitors in observed.monitors.values_mut().flatten() {
                if monitors.account == address.account {
                    monitors.alarms.remove(&address.name);
                    monitors.alarms.extend(action.after().map(|it| (address.name.clone(), it.clone())));
                }
            }
        }
    }
}

/// The unmanaged settings of a new bucket.
fn of_a_new_bucket() -> Conditions {
    Conditions {
        requester_pays: Ok(false),
        grants: Ok(Vec::new()),
        expiries: Ok(Vec::new()),
        replications: Ok(Vec::new()),
        has_lifecycle: Ok(false),
        object_lock: Ok(ObjectLock::Off),
        access_logs: Ok(AccessLogs::Off),
        notifications: Ok(Notifications::default()),
        inventories: Ok(Vec::new()),
    }
}

/// Notifications of a bucket to these receivers.
pub fn notified(receivers: Vec<NameReceiver>) -> Notifications {
    Notifications { receivers, event_bridge: false }
}

/// Adds a statement to a policy.
pub fn add(policy: &mut Document, statement: Value) {
    let mut statements = policy.statements().to_vec();
    statements.push(Statement::from_value(statement).unwrap());
    *policy = Document::new(statements);
}

/// Adds a statement to the bucket policy.
pub fn to_bucket(live: &mut Observed, statement: Value) {
    add(live.bucket_policy.as_mut().unwrap(), statement);
}

/// Adds a statement to the key policy.
pub fn to_key(live: &mut Observed, statement: Value) {
    add(&mut hub(live).policy, statement);
}

fn know(encryption: &mut Option<AtRest>, key: &Arn) {
    if let Some(AtRest::Kms { key: used }) = encryption {
        *used = KeyRef::known(key);
    }
}

pub fn hub(observed: &mut Observed) -> &mut HubKey {
    observed.key.as_mut().expect("the key is made first")
}

fn key_arn(desired: &Desired) -> Arn {
    let site = &desired.key.site;
    let account = desired.account(&site.account).unwrap().id.as_str();
    Arn::new(site.region.partition(), "kms", site.region.as_str(), account, &format!("key/{KEY}"))
}

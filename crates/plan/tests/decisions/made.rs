//! Live state by hand: nothing of a spec, or what AWS shows after the plan of a spec was applied.

use jiff::Timestamp;
use reconcile_plan::observed::{Conditions, HubKey, KeyTraits, LiveKey, LiveTopic, Observed};
use reconcile_plan::plan::{Change, Changed};
use reconcile_plan::view::{AccessLogs, AtRest, Encryption, KeyRef};
use reconcile_plan::{Comparison, Plan, compare};
use reconcile_policy::{Arn, Document};
use reconcile_spec::{Desired, Site, Spec, parse};

/// The key that KMS makes for every spec.
const KEY: &str = "1a2b3c4d-0000-4000-8000-000000000000";

pub fn spec(text: &str) -> Spec {
    parse("spec.yaml", text.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"))
}

pub fn compared(spec: &Spec, observed: &Observed) -> Comparison {
    compare(spec, observed, Timestamp::UNIX_EPOCH)
}

/// Nothing of what a spec names exists, and all of its accounts could be read.
pub fn nothing(spec: &Spec) -> Observed {
    let desired = spec.desired();
    Observed {
        log_groups: desired.log_groups.iter().map(|it| (it.arn.clone(), None)).collect(),
        roles: desired.log_roles.iter().map(|it| (it.arn.clone(), None)).collect(),
        topics: desired.topics.iter().map(|it| (it.arn.clone(), None)).collect(),
        trails: desired.trails.iter().map(|it| (it.arn.clone(), None)).collect(),
        others: desired.accounts.iter().map(|it| (it.name.clone(), Vec::new())).collect(),
        ..Observed::default()
    }
}

/// Everything of a spec is as the spec says.
pub fn made(spec: &Spec) -> Observed {
    let mut observed = nothing(spec);
    let plan = compared(spec, &observed).plan;
    apply(spec.desired(), &mut observed, &plan);
    observed
}

/// Changes live state as a plan says.
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
        Changed::ServiceAccess(_) | Changed::DelegatedAdministrator(_) => {
            panic!("{address}: no organization is made here")
        }
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
        Changed::Alias(action) => hub(observed).key.is_aliased = action.after().is_some(),
        Changed::KeyPolicy(action) => hub(observed).policy = action.after().unwrap().clone(),
        Changed::Grant(action) => {
            let grants = &mut hub(observed).grants;
            grants.retain(|grant| grant.name != address.name);
            grants.extend(action.after().cloned().map(|mut grant| {
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
            live.policy = action.after().unwrap().clone();
        }
        Changed::Trail(action) => {
            let trail = desired.trails.iter().find(|it| is_here(&it.site, it.name.as_str())).unwrap();
            let live = action.after().cloned().map(|mut live| {
                live.kms_key = live.kms_key.map(|_| KeyRef::known(&key));
                live
            });
            observed.trails.insert(trail.arn.clone(), live);
        }
    }
}

/// What S3 says of a bucket for which nobody set up anything.
fn of_a_new_bucket() -> Conditions {
    Conditions {
        requester_pays: Ok(false),
        grants: Ok(Vec::new()),
        expiries: Ok(Vec::new()),
        replications: Ok(Vec::new()),
        access_logs: Ok(AccessLogs::Off),
        notifications: Ok(Vec::new()),
        inventories: Ok(Vec::new()),
    }
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

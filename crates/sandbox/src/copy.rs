//! Copies a live installation into the embedded AWS.

use std::path::Path;

use jiff::Timestamp;
use reconcile_apply::{ApplyOptions, Journal, JournalError, Outcome, apply};
use reconcile_aws::Aws;
use reconcile_plan::Plan;
use reconcile_plan::observed::{Conditions, KeyTraits, Live, Observed};
use reconcile_spec::{Desired, KeyIdentity};
use reconcile_twin::{KeyMaterial, Twin};

/// Returns the plan that creates live state in an empty AWS.
pub fn plan(live: &Live) -> Plan {
    Plan { sandbox: true, ..reconcile_plan::copy(&live.spec, &live.observed, Timestamp::now()) }
}

/// Creates live state in an embedded AWS: applies [`plan`] through the connection `aws`, and copies
/// the policies byte for byte.
///
/// The journal is in `folder`, and is removed at the end, because a copy is never resumed.
///
/// # Errors
/// Fails if the journal cannot be written.
pub async fn copy(
    twin: &Twin,
    aws: &Aws,
    live: &Live,
    plan: &Plan,
    options: ApplyOptions,
    folder: &Path,
) -> Result<Outcome, JournalError> {
    // The live AWS accepted these policies, so the embedded AWS does not check them again.
    twin.trust(true);
    let journal = Journal::open(folder, plan)?;
    let desired = live.spec.desired();
    let outcome = apply(aws, desired, plan, journal, options).await;
    copy_bucket(twin, desired, &live.observed);
    copy_key(twin, desired, &live.observed);
    twin.trust(false);
    // The journal of a copy is not needed any more.
    let _ = std::fs::remove_dir_all(folder);
    Ok(outcome)
}

fn copy_bucket(twin: &Twin, desired: &Desired, observed: &Observed) {
    let bucket = desired.bucket.name.as_str();
    if let Some(policy) = &observed.bucket_policy {
        twin.set_bucket_policy(bucket, &policy.to_string());
    }
    if let Some(Conditions { requester_pays, grants, .. }) = &observed.bucket_conditions {
        let grants = grants.as_deref().unwrap_or_default().iter();
        twin.set_bucket_grants(bucket, grants.map(|it| (it.grantee.clone(), it.permission.clone())));
        twin.set_requester_pays(bucket, *requester_pays.as_ref().unwrap_or(&false));
    }
}

fn copy_key(twin: &Twin, desired: &Desired, observed: &Observed) {
    let name = match &desired.key.identity {
        KeyIdentity::Alias(alias) => alias.with_prefix(),
        KeyIdentity::Existing(arn) => arn.resource_name().to_owned(),
        KeyIdentity::Unmanaged => return,
    };
    let Some(hub) = &observed.key else { return };
    let site = &desired.key.site;
    let account = desired.account(&site.account).map_or("", |account| account.id.as_str());
    let region = site.region.as_str();
    twin.set_key_policy(account, region, &name, &hub.policy.to_string());
    let traits = &hub.key.traits;
    twin.set_key_material(account, region, &name, material(traits));
    twin.set_key_state(account, region, &name, traits.state.name());
}

/// Returns the type of a key in the embedded AWS. A multi-Region key is copied without its
/// replicas.
fn material(traits: &KeyTraits) -> KeyMaterial {
    KeyMaterial {
        usage: traits.usage.clone(),
        spec: traits.spec.clone(),
        origin: traits.origin.clone(),
        multi_region: None,
    }
}

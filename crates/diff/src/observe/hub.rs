//! Reads the bucket and the key, which all accounts use.

use std::collections::BTreeMap;

use futures::future::{join, join3, join4, join5, try_join3};
use reconcile_aws::Session;
use reconcile_operations::Error;
use reconcile_plan::observed::{Conditions, Hidden, HubKey, ReadError, Spares};
use reconcile_plan::view::{Bucket, OpenEnum};
use reconcile_policy::{AccountId, Arn, Document, Region};
use reconcile_spec::{Desired, KeyIdentity, ObjectOwnership};

use super::bucket::Aspects;
use super::bucket::retention;
use super::error::understood;
use super::{bucket, bucket_policy, grant, key, key_policy, names, organization};

/// The bucket with its policy.
pub(super) struct HubBucket {
    pub(super) bucket: Option<Bucket>,
    pub(super) policy: Option<Document>,
    pub(super) is_empty: bool,
    pub(super) conditions: Option<Conditions>,
    pub(super) caller: Option<Arn>,
    pub(super) management: Option<AccountId>,
}

/// The key, or the keys one of which may be the key.
pub(super) struct FoundKey {
    pub(super) hub: Option<HubKey>,
    pub(super) spares: Spares,
    pub(super) hidden: BTreeMap<Arn, Hidden>,
}

/// Reads the key of the spec, with its policy, grants and tags.
///
/// # Errors
/// Returns an error if the key, its policy, its grants or its tags cannot be read.
pub(super) async fn read_key(session: &Session, desired: &Desired) -> Result<FoundKey, ReadError> {
    let (region, identity) = (&desired.key.site.region, &desired.key.identity);
    let search = key::find(session, region, identity, &desired.installation).await?;
    let account = || session.account().name.clone();
    let hidden = |(arn, error)| (arn, Hidden { account: account(), error: ReadError::Aws(error) });
    let hidden = search.hidden.into_iter().map(hidden).collect();
    let named = search.found.as_ref().map(|found| &found.arn);
    let spares = async {
        match identity {
            KeyIdentity::Alias(_) => key::find_spares(session, region, &desired.installation, named).await,
            // If the spec names a key by its ARN, the permission to list the keys of the account is
            // not required.
            KeyIdentity::Existing(_) | KeyIdentity::Unmanaged => Spares::default(),
        }
    };
    let hub = async {
        match &search.found {
            Some(found) => read_hub_key(session, region, found).await.map(Some),
            None => Ok(None),
        }
    };
    let (hub, spares) = join(hub, spares).await;
    Ok(FoundKey { hub: hub?, spares, hidden })
}

/// Reads a key with its policy, grants and tags.
pub(super) async fn read_hub_key(
    session: &Session,
    region: &Region,
    found: &key::DescribedKey,
) -> Result<HubKey, ReadError> {
    let (key, policy, grants) = try_join3(
        key::read(session, region, found),
        key_policy::read(session, region, &found.arn),
        grant::list(session, region, &found.arn),
    )
    .await?;
    Ok(HubKey { key, policy, grants })
}

/// Reads the bucket, its policy, and the settings that decide how a plan can change the bucket.
///
/// # Errors
/// Returns an error if a setting that the spec manages cannot be read. Errors of other settings are
/// values.
pub(super) async fn read_bucket(session: &Session, desired: &Desired) -> Result<HubBucket, ReadError> {
    let (region, name) = (&desired.bucket.site.region, &desired.bucket.name);
    // These settings are read separately below, even if the spec does not manage them, so the read
    // of the bucket omits them.
    let aspects = Aspects {
        lifecycle: false,
        object_lock: false,
        access_logs: false,
        eventbridge: false,
        installation: desired.installation.clone(),
    };
    let is_empty = async {
        if desired.deletion.bucket { bucket::is_empty(session, region, name).await } else { Ok(false) }
    };
    let settings = join3(
        bucket::read(session, region, name, &aspects),
        bucket_policy::read(session, region, name),
        is_empty,
    );
    let rest = join5(
        bucket::requester_pays(session, region, name),
        retention::read_rules(session, region, name),
        retention::replication(session, region, name),
        names::notifications(session, region, name),
        names::inventories(session, region, name),
    );
    let retained =
        join(retention::access_logs(session, region, name), retention::object_lock(session, region, name));
    let management = async {
        // The organization of the spec is already read.
        match desired.organization {
            Some(_) => None,
            None => organization::management(session, region).await,
        }
    };
    let (settings, rest, (access_logs, object_lock), management) =
        join4(settings, Box::pin(rest), retained, management).await;
    let (bucket, policy, is_empty) = settings;
    let (requester_pays, rules, replications, notifications, inventories) = rest;
    let requester_pays = understood(session, requester_pays, || false);
    let Some(mut bucket) = bucket.map_err(|error| elsewhere(error, desired))? else {
        // Every other answer means that the bucket does not exist.
        return Ok(HubBucket::absent(session, management));
    };
    if desired.bucket.lifecycle.enforced().is_some() {
        let rules = rules.as_ref().map_err(Clone::clone)?;
        bucket.lifecycle = Some(retention::views(rules).managed_rule(&desired.installation));
    }
    if desired.bucket.access_logs.enforced().is_some() {
        bucket.access_logs = Some(access_logs.clone()?);
    }
    if desired.bucket.eventbridge.enforced().is_some() {
        bucket.eventbridge = Some(notifications.as_ref().map_err(Clone::clone)?.event_bridge);
    }
    if desired.bucket.object_lock.enforced().is_some() {
        bucket.object_lock = Some(object_lock.clone()?);
    }
    let conditions = Conditions {
        requester_pays,
        grants: match has_acls(&bucket) {
            true => bucket::grants(session, region, name).await,
            false => Ok(Vec::new()),
        },
        has_lifecycle: rules.as_ref().map(retention::is_in_effect).map_err(Clone::clone),
        object_lock,
        expiries: rules.map(|rules| retention::expiries(&rules, &desired.installation)),
        replications,
        access_logs,
        notifications,
        inventories,
    };
    Ok(HubBucket {
        bucket: Some(bucket),
        policy: policy?,
        is_empty: is_empty?,
        conditions: Some(conditions),
        caller: session.caller().cloned(),
        management,
    })
}

impl HubBucket {
    /// Returns the values for a bucket that does not exist.
    fn absent(session: &Session, management: Option<AccountId>) -> Self {
        let caller = session.caller().cloned();
        Self { bucket: None, policy: None, is_empty: false, conditions: None, caller, management }
    }
}

/// Returns the error of a read of the bucket. If the bucket is in another Region, the error names
/// the Region of the spec.
fn elsewhere(error: ReadError, desired: &Desired) -> ReadError {
    let wanted = desired.bucket.site.region.as_str();
    match error {
        ReadError::Aws(Error { bucket_region: Some(actual), .. }) if *actual != *wanted => {
            let (name, wanted) = (desired.bucket.name.to_string(), wanted.to_owned());
            ReadError::BucketRegion { name, actual: actual.into(), wanted }
        }
        error => error,
    }
}

/// Returns whether the ACL of the bucket has an effect.
fn has_acls(live: &Bucket) -> bool {
    live.object_ownership != Some(OpenEnum::Known(ObjectOwnership::BucketOwnerEnforced))
}

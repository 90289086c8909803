//! Turns live AWS into values: [`Observed`]. Reads only, and decides nothing.
//!
//! All accounts are read at once. A read is three round trips deep, however many accounts there are: the session;
//! everything that can be addressed by name; what needs the id of the key. What could not be read is an error
//! value and never taken for absent.

pub mod bucket;
mod error;
pub mod grant;
pub mod key;
pub mod organization;
pub mod policy;
pub mod retention;
pub mod trail;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{join, try_join, try_join3};
use reconcile_aws::{Aws, Session};
use reconcile_policy::{Arn, Document, Region};
use reconcile_spec::{AccountName, Desired};
use tokio::task::JoinSet;

use crate::view::{Bucket, Grant, OtherTrail, Trail};
pub use bucket::Aspects;
pub use error::{ObserveError, ReadError};
pub use key::LiveKey;
pub use organization::LiveOrganization;
use trail::{Asked, Trails};

/// Live state of everything that a spec names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// The key that the alias stands for, or else one of ours that has lost its alias.
    pub key: Option<HubKey>,
    /// The bucket.
    pub bucket: Option<Bucket>,
    /// The bucket's policy.
    pub bucket_policy: Option<Document>,
    /// Every trail of the spec that could be read, by ARN; `None` where there is none.
    pub trails: BTreeMap<Arn, Option<Trail>>,
    /// Trails that deliver to the bucket and that the spec does not have, by ARN: as far as they can be seen from the
    /// accounts and Regions of the spec.
    pub guests: BTreeMap<Arn, OtherTrail>,
    /// Trails that carry the mark of this installation and that the spec does not have any more, by ARN.
    pub strays: BTreeMap<Arn, Stray>,
    /// The organization, if the spec names one.
    pub organization: Option<LiveOrganization>,
    /// Accounts that could not be read, and why. Their trails are not in `trails`.
    pub unreadable: BTreeMap<AccountName, ReadError>,
}

/// A trail of ours that the spec does not have.
#[derive(Debug, Clone, PartialEq)]
pub struct Stray {
    /// The account that it is in.
    pub account: AccountName,
    /// The trail.
    pub trail: Trail,
}

/// The key with what hangs on it.
#[derive(Debug, Clone, PartialEq)]
pub struct HubKey {
    /// The key itself.
    pub key: LiveKey,
    /// Its policy.
    pub policy: Document,
    /// All grants on it, ours and others'.
    pub grants: Vec<Grant>,
}

/// How far an observation is; read it from another task to show it.
#[derive(Debug, Default)]
pub struct Progress {
    accounts: AtomicUsize,
    done: AtomicUsize,
}

impl Progress {
    /// Accounts read so far, and in all.
    pub fn get(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.accounts.load(Ordering::Relaxed))
    }
}

/// The bucket with its policy.
struct HubBucket {
    bucket: Option<Bucket>,
    policy: Option<Document>,
}

/// What one account had to tell.
struct Found {
    key: Option<Result<Option<HubKey>, ReadError>>,
    bucket: Option<Result<HubBucket, ReadError>>,
    trails: Trails,
    strays: Vec<Trail>,
    unreadable: Option<ReadError>,
}

/// Reads everything that the spec names.
///
/// # Errors
/// Where the bucket or the key cannot be read: without them nothing can be said of any account. An account with
/// nothing but trails that cannot be read is in [`Observed::unreadable`].
pub async fn observe(
    aws: &Aws,
    desired: &Arc<Desired>,
    progress: &Arc<Progress>,
) -> Result<Observed, ObserveError> {
    let names: BTreeSet<&AccountName> = desired
        .trails
        .iter()
        .map(|trail| &trail.site.account)
        .chain([&desired.bucket.site.account, &desired.key.site.account])
        .collect();
    progress.accounts.store(names.len(), Ordering::Relaxed);

    let mut accounts = JoinSet::new();
    for name in names {
        let (aws, desired, progress, name) =
            (aws.clone(), Arc::clone(desired), Arc::clone(progress), name.clone());
        accounts.spawn(async move {
            let found = observe_account(&aws, &desired, &name).await;
            progress.done.fetch_add(1, Ordering::Relaxed);
            (name, found)
        });
    }

    let mut observed = Observed::default();
    while let Some(joined) = accounts.join_next().await {
        let (name, found) = joined.map_err(|_| ObserveError::Interrupted)?;
        let hub_error = |error| ObserveError::Hub { account: name.clone(), error };
        if let Some(key) = found.key {
            observed.key = key.map_err(hub_error)?;
        }
        if let Some(bucket) = found.bucket {
            let found = bucket.map_err(hub_error)?;
            (observed.bucket, observed.bucket_policy) = (found.bucket, found.policy);
        }
        observed.trails.extend(found.trails.asked);
        let strays = found.strays.into_iter();
        observed
            .strays
            .extend(strays.map(|trail| (trail.arn.clone(), Stray { account: name.clone(), trail })));
        let guests = found.trails.others.into_iter().filter(|it| it.bucket == desired.bucket.name.as_str());
        observed.guests.extend(guests.map(|guest| (guest.arn.clone(), guest)));
        if let Some(error) = found.unreadable {
            observed.unreadable.insert(name, error);
        }
    }
    Ok(observed)
}

/// Reads the organization that the spec names, before anything else: who is in it may be among the accounts.
///
/// # Errors
/// Where it cannot be read: without it nothing is known of the accounts that are to join.
pub async fn discover(aws: &Aws, desired: &Desired) -> Result<Option<LiveOrganization>, ObserveError> {
    let Some(organization) = &desired.organization else { return Ok(None) };
    let name = &organization.account;
    let failed = |error| ObserveError::Organization { account: name.clone(), error };
    let account =
        desired.account(name).ok_or_else(|| failed(ReadError::NoSuchAccount { account: name.clone() }))?;
    let session = Session::open(aws, account).await.map_err(|error| failed(ReadError::Aws(error)))?;
    organization::read(&session, &desired.bucket.site.region).await.map(Some).map_err(failed)
}

async fn observe_account(aws: &Aws, desired: &Desired, name: &AccountName) -> Found {
    let has_key = desired.key.site.account == *name;
    let has_bucket = desired.bucket.site.account == *name;
    let opened = match desired.account(name) {
        Some(account) => Session::open(aws, account).await.map_err(ReadError::Aws),
        None => Err(ReadError::NoSuchAccount { account: name.clone() }),
    };
    let session = match opened {
        Ok(session) => session,
        Err(error) => {
            return Found {
                key: has_key.then(|| Err(error.clone())),
                bucket: has_bucket.then(|| Err(error.clone())),
                trails: Trails::default(),
                strays: Vec::new(),
                unreadable: Some(error),
            };
        }
    };

    let key = async { if has_key { Some(observe_key(&session, desired).await) } else { None } };
    let bucket = async { if has_bucket { Some(observe_bucket(&session, desired).await) } else { None } };
    let (hub, trails) = join(join(key, bucket), observe_trails(&session, desired)).await;
    let ((trails, strays), unreadable) = match trails {
        Ok(found) => (found, None),
        Err(error) => ((Trails::default(), Vec::new()), Some(error)),
    };
    Found { key: hub.0, bucket: hub.1, trails, strays, unreadable }
}

async fn observe_key(session: &Session, desired: &Desired) -> Result<Option<HubKey>, ReadError> {
    let wanted = &desired.key;
    let Some(found) = key::find(session, &wanted.site.region, &wanted.alias, &desired.name).await? else {
        return Ok(None);
    };
    let (region, arn) = (&wanted.site.region, &found.arn);
    let (key, policy, grants) = try_join3(
        key::read(session, region, &found),
        policy::read_key_policy(session, region, arn),
        grant::list(session, region, arn),
    )
    .await?;
    Ok(Some(HubKey { key, policy, grants }))
}

async fn observe_bucket(session: &Session, desired: &Desired) -> Result<HubBucket, ReadError> {
    let (region, name) = (&desired.bucket.site.region, &desired.bucket.name);
    let aspects = Aspects {
        lifecycle: desired.bucket.lifecycle.enforced().is_some(),
        object_lock: desired.bucket.object_lock.enforced().is_some(),
        access_logs: desired.bucket.access_logs.enforced().is_some(),
        installation: desired.name.clone(),
    };
    let (bucket, policy) = try_join(
        bucket::read(session, region, name, &aspects),
        policy::read_bucket_policy(session, region, name),
    )
    .await?;
    Ok(HubBucket { bucket, policy })
}

async fn observe_trails(session: &Session, desired: &Desired) -> Result<(Trails, Vec<Trail>), ReadError> {
    let mut by_region: BTreeMap<&Region, Vec<Asked<'_>>> = BTreeMap::new();
    // Who manages the bucket may well have a trail of his own that delivers to it.
    let bucket = &desired.bucket.site;
    if bucket.account == session.account().name {
        by_region.entry(&bucket.region).or_default();
    }
    for trail in desired.trails.iter().filter(|trail| trail.site.account == session.account().name) {
        let asked = Asked { arn: &trail.arn, insights: trail.insights.is_some() };
        by_region.entry(&trail.site.region).or_default().push(asked);
    }
    let regions = by_region.iter().map(|(region, asked)| trail::read(session, region, asked));
    let mut trails = Trails::default();
    for found in futures::future::try_join_all(regions).await? {
        trails.asked.extend(found.asked);
        trails.others.extend(found.others);
    }
    // From another Region a trail of the spec is seen too.
    trails.others.retain(|other| desired.trails.iter().all(|trail| trail.arn != other.arn));
    let strays = observe_strays(session, desired, &trails.others).await?;
    Ok((trails, strays))
}

/// Of the trails that the spec does not have, those that are ours. Where there are no others, no call is made.
async fn observe_strays(
    session: &Session,
    desired: &Desired,
    others: &[OtherTrail],
) -> Result<Vec<Trail>, ReadError> {
    let mut by_region: BTreeMap<Region, BTreeSet<Arn>> = BTreeMap::new();
    for other in others.iter().filter(|other| other.arn.account() == session.id().as_str()) {
        if let Ok(region) = other.arn.region().parse() {
            by_region.entry(region).or_default().insert(other.arn.clone());
        }
    }
    let mut strays = Vec::new();
    for (region, arns) in by_region {
        let arns: Vec<Arn> = arns.into_iter().collect();
        let owned = trail::owned(session, &region, &arns, &desired.name).await?;
        if !owned.is_empty() {
            let asked: Vec<Asked<'_>> = owned.iter().map(|arn| Asked { arn, insights: false }).collect();
            let found = trail::read(session, &region, &asked).await?;
            strays.extend(found.asked.into_iter().filter_map(|(_, trail)| trail));
        }
    }
    Ok(strays)
}

//! Reads live AWS into [`Observed`]. This module must not decide anything.
//!
//! All accounts are read at the same time, up to `AT_ONCE`. The read of an account has three steps
//! in sequence: the session; everything that has a known name; and everything that needs the ID of
//! the key. If a resource cannot be read, the result is an error value, and the resource never
//! counts as absent.

pub mod alarm;
mod alias;
pub mod bucket;
pub mod bucket_policy;
mod by_account;
pub mod delegated_administrator;
mod destinations;
mod encryption;
mod error;
pub mod grant;
mod hub;
pub mod key;
pub mod key_policy;
mod leftover;
pub mod log_group;
pub mod metric_filter;
mod monitors;
pub mod names;
mod optional;
pub mod organization;
pub(crate) mod page;
pub mod role;
pub mod service_access;
pub mod survey;
pub mod topic;
pub mod trail;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{join, join3, try_join, try_join_all};
use reconcile_aws::{Aws, Session};
use reconcile_policy::{Arn, Region};
use reconcile_spec::{AccountName, Desired};
use tokio::task::JoinSet;

use by_account::ByAccount;
use destinations::LiveDestinations;
use hub::{FoundKey, HubBucket};
use reconcile_plan::observed::{LiveOrganization, ObserveError, Observed, ReadError, Stray};
use reconcile_plan::view::{OtherTrail, Trail};
use tracing::{Instrument, trace_span};
use trail::{TrailQuery, Trails};

/// The maximum number of accounts that are read at the same time.
///
/// The waiting calls of an account need about 130 KB. Many more accounts are read than calls are in
/// flight, so that accounts that do not answer do not delay other accounts.
pub(crate) const AT_ONCE: usize = 256;

/// The progress of a read. Another task can print it.
#[derive(Debug, Default)]
pub struct Progress {
    accounts: AtomicUsize,
    done: AtomicUsize,
}

impl Progress {
    /// Returns the number of accounts that were read, and the number of all accounts.
    pub fn get(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.accounts.load(Ordering::Relaxed))
    }
}

/// The result of reading one account.
struct AccountRead {
    key: Option<Result<FoundKey, ReadError>>,
    bucket: Option<Result<HubBucket, ReadError>>,
    seen: AccountTrails,
    destinations: LiveDestinations,
    unreadable: Option<ReadError>,
}

/// The trails of one account.
#[derive(Default)]
struct AccountTrails {
    trails: Trails,
    strays: Vec<Trail>,
    /// The error because of which the list of trails may be incomplete.
    incomplete: Option<ReadError>,
}

/// Reads everything that the spec names. `organization` is the organization of the spec, as
/// [`discover`] returned it.
///
/// # Errors
/// Returns an error if the bucket or the key cannot be read, because every account depends on them.
/// If a member account cannot be read, it is in [`Observed::unreadable`] instead.
pub async fn observe(
    aws: &Aws,
    desired: &Arc<Desired>,
    organization: Option<LiveOrganization>,
    progress: &Arc<Progress>,
) -> Result<Observed, ObserveError> {
    // An account that has no trail in the spec can still have a trail of the installation.
    let names: BTreeSet<&AccountName> = desired.accounts.iter().map(|account| &account.name).collect();
    progress.accounts.store(names.len(), Ordering::Relaxed);

    let spec = Arc::new(ByAccount::of(desired));
    let mut names = names.into_iter();
    let mut accounts = JoinSet::new();
    let mut observed = Observed { organization, ..Observed::default() };
    loop {
        while accounts.len() < AT_ONCE
            && let Some(name) = names.next()
        {
            let (aws, spec, progress, name) =
                (aws.clone(), Arc::clone(&spec), Arc::clone(progress), name.clone());
            let span = trace_span!("account", account = %name);
            let read = async move {
                let found = observe_account(&aws, &spec, &name).await;
                progress.done.fetch_add(1, Ordering::Relaxed);
                (name, found)
            };
            accounts.spawn(read.instrument(span));
        }
        let Some(joined) = accounts.join_next().await else { break };
        let (name, found) = joined.map_err(|_| ObserveError::Interrupted)?;
        let hub_error = |error| ObserveError::Hub { account: name.clone(), error };
        if let Some(key) = found.key {
            let found = key.map_err(hub_error)?;
            (observed.key, observed.spare_keys) = (found.hub, found.spares);
            observed.hidden.extend(found.hidden);
        }
        if let Some(bucket) = found.bucket {
            let found = bucket.map_err(hub_error)?;
            (observed.bucket, observed.bucket_policy) = (found.bucket, found.policy);
            observed.is_bucket_empty = found.is_empty;
            observed.bucket_conditions = found.conditions;
            observed.caller = found.caller;
            observed.management = found.management;
        }
        observed.trails.extend(found.seen.trails.asked);
        observed.deliveries.extend(found.seen.trails.deliveries);
        for (arn, live) in found.destinations.log_groups {
            let (view, traits) = live.map(|live| (live.view, live.traits)).unzip();
            observed.group_traits.extend(traits.map(|traits| (arn.clone(), traits)));
            observed.log_groups.insert(arn, view);
        }
        observed.log_access.extend(found.destinations.log_access);
        observed.monitors.extend(found.destinations.monitors);
        observed.alarm_topics.extend(found.destinations.alarm_topics);
        observed.roles.extend(found.destinations.roles);
        observed.role_policies.extend(found.destinations.role_policies);
        observed.topics.extend(found.destinations.topics);
        observed.existing_topics.extend(found.destinations.existing_topics);
        let strays = found.seen.strays.into_iter();
        observed
            .strays
            .extend(strays.map(|trail| (trail.arn.clone(), Stray { account: name.clone(), trail })));
        observed.others.insert(name.clone(), found.seen.trails.others);
        if let Some(error) = found.seen.incomplete {
            observed.unsurveyed.insert(name.clone(), error);
        }
        if let Some(error) = found.unreadable {
            observed.unreadable.insert(name, error);
        }
    }
    // Boxed like the reads below: these futures are large and rarely needed.
    Box::pin(key::in_use::settle(aws, desired, &mut observed)).await?;
    Box::pin(trail::stray::find(aws, desired, &mut observed)).await;
    Box::pin(leftover::find(aws, desired, &mut observed)).await;
    Box::pin(encryption::find(aws, desired, &mut observed)).await;
    Ok(observed)
}

/// Reads the organization of the spec. This is the first read, because members of the organization
/// can join the accounts of the spec.
///
/// # Errors
/// Returns an error if the organization cannot be read, because its members are then unknown.
pub async fn discover(aws: &Aws, desired: &Desired) -> Result<Option<LiveOrganization>, ObserveError> {
    let Some(organization) = &desired.organization else { return Ok(None) };
    let name = &organization.account;
    let failed = |error| ObserveError::Organization { account: name.clone(), error };
    let account =
        desired.account(name).ok_or_else(|| failed(ReadError::NoSuchAccount { account: name.clone() }))?;
    let session = Session::open(aws, account).await.map_err(|error| failed(ReadError::Aws(error)))?;
    let read = organization::read(&session, &desired.bucket.site.region, organization);
    Box::pin(read).await.map(Some).map_err(failed)
}

async fn observe_account(aws: &Aws, spec: &ByAccount, name: &AccountName) -> AccountRead {
    let desired = &*spec.desired;
    let has_key = desired.key.site.account == *name;
    let has_bucket = desired.bucket.site.account == *name;
    let opened = match desired.account(name) {
        Some(account) => Session::open(aws, account).await.map_err(ReadError::Aws),
        None => Err(ReadError::NoSuchAccount { account: name.clone() }),
    };
    let session = match opened {
        Ok(session) => session,
        Err(error) => {
            return AccountRead {
                key: has_key.then(|| Err(error.clone())),
                bucket: has_bucket.then(|| Err(error.clone())),
                seen: AccountTrails::default(),
                destinations: LiveDestinations::default(),
                unreadable: Some(error),
            };
        }
    };

    let key = async { if has_key { Some(hub::read_key(&session, desired).await) } else { None } };
    let bucket = async { if has_bucket { Some(hub::read_bucket(&session, desired).await) } else { None } };
    let of_trails = try_join(observe_trails(&session, spec), destinations::read(&session, spec));
    let (key, bucket, of_trails) = join3(key, bucket, of_trails).await;
    let ((seen, destinations), unreadable) = match of_trails {
        Ok(found) => (found, None),
        Err(error) => ((AccountTrails::default(), LiveDestinations::default()), Some(error)),
    };
    AccountRead { key, bucket, seen, destinations, unreadable }
}

async fn observe_trails(session: &Session, spec: &ByAccount) -> Result<AccountTrails, ReadError> {
    let desired = &*spec.desired;
    let mut by_region: BTreeMap<&Region, Vec<TrailQuery<'_>>> = BTreeMap::new();
    for trail in spec.trails(&session.account().name) {
        let asked = TrailQuery {
            arn: &trail.arn,
            insights: trail.insights.are_managed(),
            aggregation: trail.event_aggregation.is_some(),
        };
        by_region.entry(&trail.site.region).or_default().push(asked);
    }
    // The account of the bucket can have a foreign trail that delivers to the bucket. An account
    // that has no trail in the spec can have had a trail before.
    let bucket = &desired.bucket.site;
    if bucket.account == session.account().name || by_region.is_empty() {
        by_region.entry(&bucket.region).or_default();
    }
    let start = by_region.keys().next().copied().unwrap_or(&bucket.region);
    let regions = by_region.iter().map(|(region, asked)| trail::read(session, region, asked));
    let (listed, found) = join(trail::list(session, start), try_join_all(regions)).await;
    let mut trails = Trails::default();
    for found in found? {
        trails.asked.extend(found.asked);
        trails.deliveries.extend(found.deliveries);
        trails.others.extend(found.others);
    }
    let incomplete = observe_elsewhere(session, listed, &mut trails).await.err();
    // Trails of the spec are also in the lists of other Regions.
    trails.others.retain(|other| !spec.has_trail(&other.arn));
    let strays = observe_strays(session, desired, &trails.others).await?;
    Ok(AccountTrails { trails, strays, incomplete })
}

/// Adds the listed trails that were not read yet: single-Region trails in Regions that were not
/// read. Makes no call if there are no such trails.
async fn observe_elsewhere(
    session: &Session,
    listed: Result<Vec<Arn>, ReadError>,
    trails: &mut Trails,
) -> Result<(), ReadError> {
    let mut unseen: BTreeSet<Arn> = listed?.into_iter().collect();
    for (arn, _) in &trails.asked {
        unseen.remove(arn);
    }
    for other in &trails.others {
        unseen.remove(&other.arn);
    }
    let regions: BTreeSet<Region> = unseen.iter().filter_map(|arn| arn.region().parse().ok()).collect();
    let found = try_join_all(regions.iter().map(|region| trail::read(session, region, &[]))).await?;
    for other in found.into_iter().flat_map(|found| found.others) {
        if unseen.remove(&other.arn) {
            trails.others.push(other);
        }
    }
    match unseen.pop_first() {
        Some(arn) => Err(ReadError::Incomplete { resource: format!("trail {arn}"), what: "its settings" }),
        None => Ok(()),
    }
}

/// Returns the trails of this installation that are not in the spec. Makes no call if there are no
/// other trails.
async fn observe_strays(
    session: &Session,
    desired: &Desired,
    others: &[OtherTrail],
) -> Result<Vec<Trail>, ReadError> {
    let mut by_region: BTreeMap<Region, BTreeSet<Arn>> = BTreeMap::new();
    // A delegated administrator creates trails of the organization, but the management account owns
    // these trails.
    let makes_all = desired.organization.as_ref().is_some_and(|it| it.account == session.account().name);
    let is_here =
        |it: &&OtherTrail| it.arn.account() == session.id().as_str() || (makes_all && it.organization);
    for other in others.iter().filter(is_here) {
        if let Ok(region) = other.arn.region().parse() {
            by_region.entry(region).or_default().insert(other.arn.clone());
        }
    }
    let mut strays = Vec::new();
    for (region, arns) in by_region {
        let arns: Vec<Arn> = arns.into_iter().collect();
        let owned = trail::owned(session, &region, &arns, &desired.installation).await?;
        if !owned.is_empty() {
            let asked: Vec<TrailQuery<'_>> =
                owned.iter().map(|arn| TrailQuery { arn, insights: false, aggregation: false }).collect();
            let found = trail::read(session, &region, &asked).await?;
            strays.extend(found.asked.into_iter().filter_map(|(_, trail)| trail));
        }
    }
    Ok(strays)
}

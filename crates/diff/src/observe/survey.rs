//! Reads an installation that has no spec yet: the trails of accounts, the bucket to which they
//! deliver, its keys, and the other destinations of the trails.

mod destinations;

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, join_all, try_join3};
use futures::stream::{self, StreamExt, TryStreamExt};
use reconcile_aws::{Aws, Session};
use reconcile_operations::Operation;
use reconcile_plan::observed::{ReadError, Setup, SurveyError, SurveyFilter};
use reconcile_plan::view::{Bucket, LifecycleRules, OtherTrail, Trail};
use reconcile_policy::{Arn, Document, Partition, Region};
use reconcile_spec::{AccountName, BucketName, Installation, Spec};

use super::bucket::Aspects;
use super::bucket::retention;
use super::trail::TrailQuery;
use super::{AT_ONCE, bucket, bucket_policy, trail};

/// An account of a survey, with its session and the trails that it lists.
struct SurveyedAccount {
    name: AccountName,
    session: Session,
    /// The trails that the account lists.
    trails: BTreeMap<Arn, OtherTrail>,
    /// The error because of which the list of trails may be incomplete.
    unsurveyed: Option<ReadError>,
}

/// Returns the account of an ARN, if it is one of these accounts.
fn account_of<'p>(surveyed: &'p [SurveyedAccount], arn: &Arn) -> Option<&'p SurveyedAccount> {
    surveyed.iter().find(|account| account.session.id().as_str() == arn.account())
}

/// Reads all accounts of a spec that declares only accounts. Changes nothing.
///
/// # Errors
/// Returns a [`SurveyError`].
pub async fn survey(aws: &Aws, accounts: &Spec, wanted: &SurveyFilter) -> Result<Setup, SurveyError> {
    let desired = accounts.desired();
    let start = &desired.bucket.site.region;
    let opened = desired.accounts.iter().map(async |account| {
        let failed = |error| SurveyError::Account { account: account.name.clone(), error };
        let session = Session::open(aws, account).await.map_err(|error| failed(ReadError::Aws(error)))?;
        let (trails, unsurveyed) = list_trails(&session, start).await.map_err(failed)?;
        Ok(SurveyedAccount { name: account.name.clone(), session, trails, unsurveyed })
    });
    let surveyed: Vec<SurveyedAccount> = stream::iter(opened).buffered(AT_ONCE).try_collect().await?;
    let names = || desired.accounts.iter().map(|account| account.name.clone()).collect::<Vec<_>>();

    let name = wanted.only_bucket(surveyed.iter().flat_map(|account| account.trails.values()), names())?;
    let no_bucket = || SurveyError::NoBucket { bucket: name.clone(), accounts: names() };
    let (hub, region) = locate(&surveyed, &name, start.partition()).await?.ok_or_else(no_bucket)?;
    let trails =
        stream::iter(surveyed.iter().map(|account| trails_of(account, wanted, &name))).buffered(AT_ONCE);
    let trails: Vec<_> = trails.try_collect().await?;
    let mut trails: Vec<(AccountName, Trail)> = dedup_by_arn(trails.into_iter().flatten().collect());
    if trails.is_empty() {
        return Err(SurveyError::NoTrails { accounts: names() });
    }
    let aggregation_unread = read_aggregation(&surveyed, &mut trails).await;
    let failed = |error| SurveyError::Account { account: hub.name.clone(), error };
    let (view, bucket_policy, rules) =
        read_bucket(&hub.session, &region, &name, &desired.installation).await.map_err(failed)?;
    let (keys, destinations) = join(
        destinations::keys(&surveyed, &trails, &desired.installation),
        destinations::read(&surveyed, &trails, &desired.installation, &region),
    )
    .await;
    let organization = destinations::organization(&surveyed, &trails, &region).await;
    Ok(Setup {
        bucket_view: view.ok_or_else(no_bucket)?,
        bucket_account: hub.name.clone(),
        bucket: name,
        region,
        rules,
        bucket_policy,
        keys,
        trails,
        destinations,
        organization,
        unsurveyed: surveyed
            .into_iter()
            .filter_map(|account| Some((account.name, account.unsurveyed?)))
            .collect(),
        aggregation_unread,
    })
}

/// Reads the trails that a Region lists, and the single-Region trails of other Regions. Also
/// returns the error if the single-Region trails cannot be listed or described.
async fn list_trails(
    session: &Session,
    region: &Region,
) -> Result<(BTreeMap<Arn, OtherTrail>, Option<ReadError>), ReadError> {
    let found = trail::read(session, region, &[]).await?.others;
    let mut found: BTreeMap<Arn, OtherTrail> =
        found.into_iter().map(|trail| (trail.arn.clone(), trail)).collect();
    let listed = match trail::list(session, region).await {
        Ok(listed) => listed,
        Err(error) => return Ok((found, Some(error))),
    };
    let elsewhere: BTreeSet<Region> = listed
        .iter()
        .filter(|arn| !found.contains_key(*arn) && arn.account() == session.id().as_str())
        .filter_map(|arn| arn.region().parse().ok())
        .filter(|home| home != region)
        .collect();
    let mut unsurveyed = None;
    for home in elsewhere {
        match trail::read(session, &home, &[]).await {
            Ok(more) => found.extend(more.others.into_iter().map(|trail| (trail.arn.clone(), trail))),
            Err(error) => unsurveyed = Some(error),
        }
    }
    Ok((found, unsurveyed))
}

/// Finds the account that owns the bucket, and the Region of the bucket.
async fn locate<'p>(
    surveyed: &'p [SurveyedAccount],
    name: &BucketName,
    partition: Partition,
) -> Result<Option<(&'p SurveyedAccount, Region)>, SurveyError> {
    for account in surveyed {
        match location(&account.session, name, partition).await {
            Ok(region) => return Ok(Some((account, region))),
            // Another account owns the bucket, possibly one of these accounts.
            Err(ReadError::Aws(error)) if error.is_denied() || error.is_absent() => {}
            Err(error) => return Err(SurveyError::Account { account: account.name.clone(), error }),
        }
    }
    Ok(None)
}

/// Reads the Region of a bucket. See `GetBucketLocation` in the S3 API reference: an empty answer
/// means the first Region of the partition, such as `us-east-1`.
async fn location(session: &Session, name: &BucketName, partition: Partition) -> Result<Region, ReadError> {
    let call = |region: &Region| {
        session
            .s3(region)
            .get_bucket_location()
            .bucket(name.as_str())
            .expected_bucket_owner(session.id().as_str())
            .send()
    };
    let incomplete = || ReadError::Incomplete { resource: format!("bucket {name}"), what: "its Region" };
    let first = partition.first_region();
    let answer = session.call(Operation::GetBucketLocation, call(&first)).await?;
    let region = answer.location_constraint.map(|region| region.as_str().to_owned());
    match region.as_deref().filter(|region| !region.is_empty()) {
        None => Ok(first),
        // The name that S3 returns for `eu-west-1` in old buckets.
        Some("EU") => "eu-west-1".parse().map_err(|_| incomplete()),
        Some(region) => region.parse().map_err(|_| incomplete()),
    }
}

/// Reads the trails of an account that deliver to the bucket, with all their settings.
async fn trails_of(
    account: &SurveyedAccount,
    wanted: &SurveyFilter,
    bucket: &BucketName,
) -> Result<Vec<(AccountName, Trail)>, SurveyError> {
    let own = |trail: &&OtherTrail| {
        trail.bucket == bucket.as_str()
            && wanted.selects(trail)
            && trail.arn.account() == account.session.id().as_str()
    };
    let mut by_region: BTreeMap<Region, Vec<&Arn>> = BTreeMap::new();
    for trail in account.trails.values().filter(own) {
        if let Ok(region) = trail.arn.region().parse() {
            by_region.entry(region).or_default().push(&trail.arn);
        }
    }
    let mut found = Vec::new();
    for (region, arns) in by_region {
        let asked: Vec<TrailQuery<'_>> =
            arns.into_iter().map(|arn| TrailQuery { arn, insights: true, aggregation: false }).collect();
        let trails = trail::read(&account.session, &region, &asked).await;
        let trails = trails.map_err(|error| SurveyError::Account { account: account.name.clone(), error })?;
        found.extend(trails.asked.into_iter().filter_map(|(_, it)| Some((account.name.clone(), it?))));
    }
    Ok(found)
}

/// Reads the aggregation settings of the trails that record data events, and returns the errors. If
/// an endpoint does not support the operation, the import still continues.
async fn read_aggregation(
    surveyed: &[SurveyedAccount],
    trails: &mut [(AccountName, Trail)],
) -> BTreeMap<Arn, reconcile_operations::Error> {
    let asked = trails.iter_mut().filter(|(_, trail)| trail.selectors.has_data_events());
    let answers = join_all(asked.map(async |(_, trail)| {
        let (account, region) = (account_of(surveyed, &trail.arn)?, trail.arn.region().parse().ok()?);
        match trail::aggregation(&account.session, &region, &trail.arn).await {
            Ok(templates) => {
                trail.event_aggregation = Some(templates);
                None
            }
            Err(error) => Some((trail.arn.clone(), error)),
        }
    }));
    answers.await.into_iter().flatten().collect()
}

/// Removes repeated trails: many accounts list the trails of an organization.
fn dedup_by_arn(trails: Vec<(AccountName, Trail)>) -> Vec<(AccountName, Trail)> {
    let mut seen = BTreeSet::new();
    trails.into_iter().filter(|(_, trail)| seen.insert(trail.arn.clone())).collect()
}

async fn read_bucket(
    session: &Session,
    region: &Region,
    name: &BucketName,
    installation: &Installation,
) -> Result<(Option<Bucket>, Option<Document>, LifecycleRules), ReadError> {
    // The ID of the lifecycle rule depends on the name of the installation, which is not known yet.
    let aspects = Aspects {
        lifecycle: false,
        object_lock: true,
        access_logs: true,
        eventbridge: true,
        installation: installation.clone(),
    };
    let rules = async {
        let rules = retention::read_rules(session, region, name).await;
        rules.map(|rules| retention::views(&rules)).map_err(ReadError::Aws)
    };
    try_join3(
        bucket::read(session, region, name, &aspects),
        bucket_policy::read(session, region, name),
        rules,
    )
    .await
}

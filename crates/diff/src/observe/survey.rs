//! Looks for a set-up that has no spec yet: the trails of accounts, the bucket that they deliver to, and its key.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{try_join, try_join_all};
use reconcile_aws::{Aws, Class, Operation, Session};
use reconcile_policy::{Arn, Document, Partition, Region};
use reconcile_spec::{AccountName, AliasName, BucketName, Installation, KeyIdentity, Spec};

use super::error::ReadError;
use super::trail::Asked;
use super::{Aspects, LiveKey, bucket, key, policy, trail};
use crate::view::{Bucket, KeyRef, OtherTrail, Trail};

/// What to look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The bucket; if none is named, the one that the trails deliver to.
    pub bucket: Option<BucketName>,
    /// Only trails of this name.
    pub trail: Option<String>,
}

/// A set-up as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The name of the bucket.
    pub bucket: BucketName,
    /// The account that it is in.
    pub bucket_account: AccountName,
    /// The Region that it is in.
    pub region: Region,
    /// Its settings.
    pub bucket_view: Bucket,
    /// Its policy.
    pub bucket_policy: Option<Document>,
    /// The key that its trails encrypt with, if they do.
    pub key: Option<SetupKey>,
    /// The trails that deliver to it, with the account that each was seen in.
    pub trails: Vec<(AccountName, Trail)>,
}

/// The key of a set-up.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupKey {
    /// The account that it is in.
    pub account: AccountName,
    /// Its alias, if it has one.
    pub alias: Option<AliasName>,
    /// The key.
    pub key: LiveKey,
}

/// Why no set-up was found.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// An account could not be read.
    #[error("cannot read account `{account}`: {error}")]
    Account {
        /// Which one.
        account: AccountName,
        /// Why.
        #[source]
        error: ReadError,
    },
    /// No trail delivers anywhere that was asked for.
    #[error("no such trail was found in {}", names(accounts))]
    NoTrails {
        /// Where it was looked.
        accounts: Vec<AccountName>,
    },
    /// Trails deliver to several buckets.
    #[error("the trails deliver to several buckets: {}", buckets.join(", "))]
    ManyBuckets {
        /// Their names.
        buckets: Vec<String>,
    },
    /// None of the accounts has the bucket.
    #[error("bucket {bucket} is in none of the accounts {}", names(accounts))]
    NoBucket {
        /// Its name.
        bucket: BucketName,
        /// Where it was looked.
        accounts: Vec<AccountName>,
    },
    /// None of the accounts has the key.
    #[error("the trails encrypt with {key}, which is in none of the accounts {}", names(accounts))]
    NoKey {
        /// Its ARN.
        key: String,
        /// Where it was looked.
        accounts: Vec<AccountName>,
    },
}

impl SurveyError {
    /// What the user can do next.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Account { error, .. } => return error.hint(),
            Self::NoTrails { .. } => "name the accounts that have them (`--account NAME=ID:ROLE`); for trails of one Region, name that with `--region`".to_owned(),
            Self::ManyBuckets { .. } => "say which: `--bucket NAME`".to_owned(),
            Self::NoBucket { .. } | Self::NoKey { .. } => {
                "name the account that has it, too: `--account NAME=ID:ROLE`".to_owned()
            }
        })
    }
}

fn names(accounts: &[AccountName]) -> String {
    accounts.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// An account that is looked at.
struct Place {
    name: AccountName,
    session: Session,
    /// Trails that can be seen from it.
    trails: BTreeMap<Arn, OtherTrail>,
}

/// Looks at all accounts of a spec that says nothing but how to get into them. Reads only.
///
/// # Errors
/// [`SurveyError`].
pub async fn survey(aws: &Aws, accounts: &Spec, wanted: &Wanted) -> Result<Setup, SurveyError> {
    let desired = accounts.desired();
    let start = &desired.bucket.site.region;
    let mut places = try_join_all(desired.accounts.iter().map(async |account| {
        let failed = |error| SurveyError::Account { account: account.name.clone(), error };
        let session = Session::open(aws, account).await.map_err(|error| failed(ReadError::Aws(error)))?;
        let trails = seen(&session, start).await.map_err(failed)?;
        Ok(Place { name: account.name.clone(), session, trails })
    }))
    .await?;
    let names = || desired.accounts.iter().map(|account| account.name.clone()).collect::<Vec<_>>();

    let name = match &wanted.bucket {
        Some(name) => name.clone(),
        None => only_bucket(&places, wanted, names())?,
    };
    let (hub, region) = locate(&places, &name, start.partition())
        .await?
        .ok_or_else(|| SurveyError::NoBucket { bucket: name.clone(), accounts: names() })?;
    // Trails of one Region are seen only from there.
    if region != *start {
        for place in &mut places {
            let found = seen(&place.session, &region).await;
            let failed = |error| SurveyError::Account { account: place.name.clone(), error };
            place.trails.extend(found.map_err(failed)?);
        }
    }
    let trails = try_join_all(places.iter().map(|place| trails_of(place, wanted, &name))).await?;
    let trails: Vec<(AccountName, Trail)> = once(trails.into_iter().flatten().collect());
    if trails.is_empty() {
        return Err(SurveyError::NoTrails { accounts: names() });
    }
    let hub = places.iter().find(|place| place.name == hub);
    let hub = hub.ok_or_else(|| SurveyError::NoBucket { bucket: name.clone(), accounts: names() })?;
    let failed = |error| SurveyError::Account { account: hub.name.clone(), error };
    let (view, bucket_policy) =
        read_bucket(&hub.session, &region, &name, &desired.installation).await.map_err(failed)?;
    let view = view.ok_or_else(|| SurveyError::NoBucket { bucket: name.clone(), accounts: names() })?;
    let key = match key_of(&trails) {
        Some(arn) => Some(find_key(&places, &arn, &desired.installation, names()).await?),
        None => None,
    };
    Ok(Setup {
        bucket: name,
        bucket_account: hub.name.clone(),
        region,
        bucket_view: view,
        bucket_policy,
        key,
        trails,
    })
}

async fn seen(session: &Session, region: &Region) -> Result<BTreeMap<Arn, OtherTrail>, ReadError> {
    let found = trail::read(session, region, &[]).await?.others;
    Ok(found.into_iter().map(|trail| (trail.arn.clone(), trail)).collect())
}

fn is_asked(trail: &OtherTrail, wanted: &Wanted) -> bool {
    wanted.trail.as_ref().is_none_or(|name| name == trail.arn.resource_name())
}

fn only_bucket(
    places: &[Place],
    wanted: &Wanted,
    accounts: Vec<AccountName>,
) -> Result<BucketName, SurveyError> {
    let trails = places.iter().flat_map(|place| place.trails.values());
    let buckets: BTreeSet<&str> =
        trails.filter(|trail| is_asked(trail, wanted)).map(|trail| trail.bucket.as_str()).collect();
    let buckets: Vec<String> = buckets.into_iter().map(str::to_owned).collect();
    match buckets.as_slice() {
        [] => Err(SurveyError::NoTrails { accounts }),
        [one] => one.parse().map_err(|_| SurveyError::NoTrails { accounts }),
        _ => Err(SurveyError::ManyBuckets { buckets }),
    }
}

/// The account that has the bucket, and its Region.
async fn locate(
    places: &[Place],
    name: &BucketName,
    partition: Partition,
) -> Result<Option<(AccountName, Region)>, SurveyError> {
    for place in places {
        match location(&place.session, name, partition).await {
            Ok(region) => return Ok(Some((place.name.clone(), region))),
            // It is somebody else's: of another account of these, with luck.
            Err(ReadError::Aws(error)) if matches!(error.class, Class::Denied | Class::NotFound) => {}
            Err(error) => return Err(SurveyError::Account { account: place.name.clone(), error }),
        }
    }
    Ok(None)
}

/// See `GetBucketLocation` in the S3 API reference: no answer at all means the first Region there was.
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
        // What was called so before Regions had names.
        Some("EU") => "eu-west-1".parse().map_err(|_| incomplete()),
        Some(region) => region.parse().map_err(|_| incomplete()),
    }
}

/// The trails of an account that deliver to the bucket, with all their settings.
async fn trails_of(
    place: &Place,
    wanted: &Wanted,
    bucket: &BucketName,
) -> Result<Vec<(AccountName, Trail)>, SurveyError> {
    let own = |trail: &&OtherTrail| {
        trail.bucket == bucket.as_str()
            && is_asked(trail, wanted)
            && trail.arn.account() == place.session.id().as_str()
    };
    let mut by_region: BTreeMap<Region, Vec<&Arn>> = BTreeMap::new();
    for trail in place.trails.values().filter(own) {
        if let Ok(region) = trail.arn.region().parse() {
            by_region.entry(region).or_default().push(&trail.arn);
        }
    }
    let mut found = Vec::new();
    for (region, arns) in by_region {
        let asked: Vec<Asked<'_>> = arns.into_iter().map(|arn| Asked { arn, insights: true }).collect();
        let trails = trail::read(&place.session, &region, &asked).await;
        let trails = trails.map_err(|error| SurveyError::Account { account: place.name.clone(), error })?;
        found.extend(trails.asked.into_iter().filter_map(|(_, it)| Some((place.name.clone(), it?))));
    }
    Ok(found)
}

/// A trail of an organization is seen from many accounts.
fn once(trails: Vec<(AccountName, Trail)>) -> Vec<(AccountName, Trail)> {
    let mut seen = BTreeSet::new();
    trails.into_iter().filter(|(_, trail)| seen.insert(trail.arn.clone())).collect()
}

async fn read_bucket(
    session: &Session,
    region: &Region,
    name: &BucketName,
    installation: &Installation,
) -> Result<(Option<Bucket>, Option<Document>), ReadError> {
    // What of these is not said is left alone.
    let aspects = Aspects {
        lifecycle: false,
        object_lock: false,
        access_logs: false,
        installation: installation.clone(),
    };
    try_join(bucket::read(session, region, name, &aspects), policy::read_bucket_policy(session, region, name))
        .await
}

/// The key that most trails encrypt with.
fn key_of(trails: &[(AccountName, Trail)]) -> Option<Arn> {
    let mut counts: BTreeMap<Arn, usize> = BTreeMap::new();
    for (_, trail) in trails {
        if let Some(KeyRef::Known(arn)) = &trail.kms_key
            && let Ok(arn) = arn.parse()
        {
            *counts.entry(arn).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(arn, _)| arn)
}

async fn find_key(
    places: &[Place],
    arn: &Arn,
    installation: &Installation,
    accounts: Vec<AccountName>,
) -> Result<SetupKey, SurveyError> {
    let place = places.iter().find(|place| place.session.id().as_str() == arn.account());
    let (Some(place), Ok(region)) = (place, arn.region().parse::<Region>()) else {
        return Err(SurveyError::NoKey { key: arn.to_string(), accounts });
    };
    let read = async {
        let identity = KeyIdentity::Existing(arn.clone());
        let found = key::find(&place.session, &region, &identity, installation).await?;
        let found = found.found.ok_or_else(|| ReadError::NoSuchKey { arn: arn.clone() })?;
        let aliases = key::aliases(&place.session, &region, &found.arn);
        try_join(key::read(&place.session, &region, &found), aliases).await
    };
    let (key, aliases) =
        read.await.map_err(|error| SurveyError::Account { account: place.name.clone(), error })?;
    Ok(SetupKey { account: place.name.clone(), alias: aliases.into_iter().next(), key })
}

//! Delivers log files and digests of the trails of the embedded AWS, as CloudTrail does.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use reconcile_evidence::mint::{MintError, Minted, Signer};
use reconcile_evidence::{ChainId, DigestKind, ObjectLocation, Root, Stored};
use reconcile_policy::{AccountId, Region};
use reconcile_twin::{ORGANIZATION, StateSummary, StoredObject, TrailSummary, Twin, signing_key};
use serde_json::{Value, json};

/// The options of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryOptions {
    /// The bucket whose trails deliver.
    pub bucket: String,
    /// The number of hours, each with a digest for every trail, account and Region.
    pub hours: u32,
    /// The number of log files of each of these hours.
    pub files: u32,
    /// The end of the last hour.
    pub until: Timestamp,
}

/// The result of a delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The number of trails that delivered.
    pub trails: usize,
    /// The number of digests.
    pub digests: usize,
    /// The number of log files.
    pub logs: usize,
    /// Trails of the bucket that did not deliver, with the reason.
    pub silent: Vec<(String, String)>,
}

/// The reason why a delivery failed.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// No trail of the sandbox delivers to the bucket.
    #[error("no trail in the sandbox delivers to the bucket `{0}`")]
    NoTrail(String),
    /// A file could not be made.
    #[error("cannot create a log file or digest")]
    Mint(#[from] MintError),
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// The time between the end of a digest and its delivery.
const DIGEST_DELAY: SignedDuration = SignedDuration::from_mins(4);
/// The number of events in a log file.
const EVENTS: u32 = 10;

/// Delivers the log files and digests of all trails that log and deliver to a bucket.
///
/// A chain continues after its newest digest, so that no file is delivered twice. After a gap, a
/// new chain starts, as after logging was stopped.
///
/// # Errors
/// Fails if no trail delivers to the bucket, or if a file cannot be created.
pub fn deliver(twin: &Twin, options: &DeliveryOptions) -> Result<Delivered, DeliverError> {
    let summary = twin.summary();
    let trails = summary.accounts.iter().flat_map(|account| &account.trails);
    let trails: Vec<&TrailSummary> = trails.filter(|trail| trail.bucket == options.bucket).collect();
    if trails.is_empty() {
        return Err(DeliverError::NoTrail(options.bucket.clone()));
    }
    let mut delivered = Delivered::default();
    for trail in trails {
        let silence = match (&trail.undeliverable, trail.logging) {
            (_, false) => Some("it is stopped".to_owned()),
            (Some(why), true) => Some(format!("it cannot deliver: {why}")),
            (None, true) => None,
        };
        if let Some(why) = silence {
            delivered.silent.push((trail.arn.clone(), why));
            continue;
        }
        delivered.trails += 1;
        for (root, id) in chains(&summary, trail) {
            let chain = Chain { twin, trail, root, id };
            chain.deliver(options, &mut delivered)?;
        }
        twin.set_trail_status(&trail.arn, latest(trail, options));
    }
    Ok(delivered)
}

/// The times of the latest deliveries, as `GetTrailStatus` reports them.
fn latest(trail: &TrailSummary, options: &DeliveryOptions) -> impl Iterator<Item = (String, Value)> {
    let digest = has_digests(trail).then(|| ("LatestDigestDeliveryTime", options.until + DIGEST_DELAY));
    let log = (options.files > 0).then_some(("LatestDeliveryTime", options.until));
    digest.into_iter().chain(log).map(|(field, time)| (field.to_owned(), json!(time.as_second())))
}

/// The chains of a trail: one for each account and Region, with the folder of the trail.
fn chains(summary: &StateSummary, trail: &TrailSummary) -> Vec<(Root, ChainId)> {
    let setting = |name: &str| trail.settings[name].as_str();
    let is_on = |name: &str| trail.settings[name] == Value::Bool(true);
    let Some(home) = setting("home_region").and_then(|region| region.parse::<Region>().ok()) else {
        return Vec::new();
    };
    let mut regions = BTreeSet::from([home.clone()]);
    if is_on("multi_region") {
        regions.extend(Region::always_enabled(home.partition()));
    }
    let accounts: Vec<AccountId> = if is_on("organization") {
        summary.accounts.iter().filter_map(|account| account.id.parse().ok()).collect()
    } else {
        setting("account").and_then(|id| id.parse().ok()).into_iter().collect()
    };
    let organization = is_on("organization").then_some(ORGANIZATION);
    let root = Root::new(&trail.bucket, setting("prefix"), organization);
    let name = trail.arn.rsplit('/').next().unwrap_or_default();
    let id = |account: &AccountId, region: &Region| ChainId {
        account: account.clone(),
        region: region.clone(),
        trail: name.to_owned(),
        home: home.clone(),
        kind: DigestKind::Hourly,
    };
    let of_account = |account: &AccountId| {
        regions.iter().map(|region| (root.clone(), id(account, region))).collect::<Vec<_>>()
    };
    accounts.iter().flat_map(of_account).collect()
}

fn has_digests(trail: &TrailSummary) -> bool {
    trail.settings["log_file_validation"] == Value::Bool(true)
}

/// A chain of digests to be delivered.
struct Chain<'a> {
    twin: &'a Twin,
    trail: &'a TrailSummary,
    root: Root,
    id: ChainId,
}

impl Chain<'_> {
    fn deliver(&self, options: &DeliveryOptions, delivered: &mut Delivered) -> Result<(), MintError> {
        let first = options.until - HOUR * i32::try_from(options.hours).unwrap_or(i32::MAX);
        let (mut minted, mut start) = match self.newest() {
            Some((end, place, digest)) if end >= first => {
                (Minted::after(self.id.clone(), self.root.clone(), place, &digest)?, end)
            }
            _ => (Minted::new(self.id.clone(), self.root.clone()), first),
        };
        let has_digests = has_digests(self.trail);
        while start + HOUR <= options.until {
            let end = start + HOUR;
            let mut logs = Vec::new();
            for number in 0..options.files {
                let (log, file) = self.log(&minted, start, number, options.files)?;
                let key = self.trail.settings["kms_key"].as_str();
                self.put(&log.place, file, key.map(str::to_owned));
                logs.push(log);
                delivered.logs += 1;
            }
            if has_digests {
                let generated = end + DIGEST_DELAY;
                let signer = Signer::from_pkcs8(signing_key(self.id.region.as_str(), end).private)?;
                let (place, file) = minted.digest(&signer, start, end, &logs, generated)?;
                // CloudTrail encrypts digests with keys of S3.
                self.put(&place, file, None);
                delivered.digests += 1;
            }
            start = end;
        }
        Ok(())
    }

    /// The newest digest of the chain, and its end.
    fn newest(&self) -> Option<(Timestamp, ObjectLocation, Stored)> {
        let folder = format!("{}{}/", self.root.digests(&self.id.account), self.id.region);
        let keys = self.twin.keys(self.root.bucket(), &folder);
        let ends = keys.into_iter().filter_map(|key| {
            let (id, end) = ChainId::parse(&self.id.account, &self.id.region, &key)?;
            (id == self.id).then_some((end, key))
        });
        let (end, key) = ends.max()?;
        let StoredObject { content, metadata, stored, .. } = self.twin.object(self.root.bucket(), &key)?;
        let stored = Stored { body: content.to_vec(), metadata: Some(metadata), modified: Some(stored) };
        Some((end, ObjectLocation { bucket: self.root.bucket().to_owned(), key }, stored))
    }

    /// Returns a log file of an hour. The times of the files are spread over the hour.
    fn log(
        &self,
        minted: &Minted,
        hour: Timestamp,
        number: u32,
        of: u32,
    ) -> Result<(reconcile_evidence::LogFile, Stored), MintError> {
        let seconds = 3600 * i64::from(number) / i64::from(of.max(1));
        // An event is delivered after some minutes.
        let time = hour + SignedDuration::from_secs(seconds);
        let ChainId { account, region, .. } = &self.id;
        let seed = format!("{}/{account}/{region}/{time}/{number}", self.trail.arn);
        let records: Vec<Value> =
            (0..EVENTS).map(|event| record(account, region, time, &seed, event)).collect();
        minted.log(time, &letters(&seed), json!({ "Records": records }).to_string().as_bytes())
    }

    fn put(&self, place: &ObjectLocation, file: Stored, key: Option<String>) {
        let Stored { body, metadata, modified } = file;
        let object = StoredObject {
            content: body.into(),
            metadata: metadata.unwrap_or_default(),
            key,
            stored: modified.unwrap_or_default(),
        };
        self.twin.put_object(&place.bucket, &place.key, object);
    }
}

/// Returns a plausible event without a real cause.
fn record(account: &AccountId, region: &Region, time: Timestamp, seed: &str, event: u32) -> Value {
    let identity = reconcile_evidence::Hash::of(format!("{seed}/{event}").as_bytes()).to_string();
    json!({
        "eventVersion": "1.11",
        "userIdentity": { "type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com" },
        "eventTime": time,
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetBucketAcl",
        "awsRegion": region.as_str(),
        "sourceIPAddress": "cloudtrail.amazonaws.com",
        "eventID": identity,
        "readOnly": true,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": account.as_str(),
        "eventCategory": "Management",
    })
}

/// Returns the 16 letters and digits at the end of the name of a log file. They depend only on
/// `seed`.
fn letters(seed: &str) -> String {
    let hash = reconcile_evidence::Hash::of(seed.as_bytes()).to_string();
    hash.chars().take(16).collect()
}

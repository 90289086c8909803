//! The queries for the recorded events that explain a finding.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{Arn, CLOUDTRAIL, Region};
use reconcile_spec::{AccountName, Desired, Site, Topic};

use super::record::EventRecord;
use super::search::Listing;
use crate::address::Address;
use crate::difference::Difference;
use crate::drift::{Finding, FindingKind};
use crate::kind::Kind;
use crate::view::{AlarmField, BucketField, KeyField, LogGroupField, TopicField, TrailField};

/// A query for the newest call on a resource among some operations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BlameQuery {
    pub(super) account: AccountName,
    pub(super) region: Region,
    pub(super) subject: EventSubject,
    /// The operations that can cause the finding.
    pub(super) causes: Vec<&'static str>,
    /// The operations that end the finding. The cause of the finding is newer than such a call.
    pub(super) undoes: Vec<&'static str>,
}

impl BlameQuery {
    /// The lists of events that answer the query.
    pub(super) fn listings(&self) -> impl Iterator<Item = Listing> {
        self.causes.iter().chain(&self.undoes).map(|event| Listing {
            account: self.account.clone(),
            region: self.region.clone(),
            event,
        })
    }
}

/// The names by which events refer to a resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EventSubject {
    /// The service, such as `s3.amazonaws.com`.
    source: &'static str,
    /// The names that a caller can use.
    names: BTreeSet<String>,
    /// The request parameters that contain one of these names.
    parameters: &'static [&'static str],
    /// The attribute that `SetTopicAttributes` sets.
    attribute: Option<&'static str>,
    /// The names of the log group of a metric filter, because another log group can have a filter
    /// with the same name.
    group: BTreeSet<String>,
}

impl EventSubject {
    /// Whether an event is about the resource.
    pub(super) fn is_of(&self, record: &EventRecord) -> bool {
        let sets = record.parameter("attributeName");
        if record.event_source != self.source || sets.is_some() && sets != self.attribute {
            return false;
        }
        if self.parameters == FILTER_PARAMETERS {
            // A call that names no filter affects the log group with all its filters. See
            // `DeleteLogGroup` in the CloudWatch Logs API reference.
            let mut groups = GROUP_PARAMETERS.iter().flat_map(|parameter| record.texts(parameter));
            let mut filters =
                FILTER_PARAMETERS.iter().flat_map(|parameter| record.texts(parameter)).peekable();
            return groups.any(|name| self.group.contains(name))
                && (filters.peek().is_none() || filters.any(|name| self.names.contains(name)));
        }
        let mut arns = record.arns().peekable();
        // Some services record the ARN of the resource, even if the caller used another name. An
        // alias may point to another key now.
        if self.source == KMS && self.parameters == KEY_PARAMETERS && arns.peek().is_some() {
            return arns.any(|arn| self.names.contains(arn));
        }
        let named = self.parameters.iter().flat_map(|parameter| record.texts(parameter));
        named.chain(arns).any(|name| self.names.contains(name))
    }
}

const S3: &str = "s3.amazonaws.com";
const KMS: &str = "kms.amazonaws.com";
const SNS: &str = "sns.amazonaws.com";
const LOGS: &str = "logs.amazonaws.com";
const CLOUDWATCH: &str = "monitoring.amazonaws.com";

const TRAIL_PARAMETERS: &[&str] = &["name", "trailName", "resourceId"];
const BUCKET_PARAMETERS: &[&str] = &["bucketName", "resourceArn"];
const KEY_PARAMETERS: &[&str] = &["keyId"];
const ALIAS_PARAMETERS: &[&str] = &["aliasName"];
const TOPIC_PARAMETERS: &[&str] = &["topicArn", "resourceArn", "name"];
const GROUP_PARAMETERS: &[&str] =
    &["logGroupName", "resourceArn", "logGroupIdentifier", "resourceIdentifier"];
const FILTER_PARAMETERS: &[&str] = &["filterName"];
const ALARM_PARAMETERS: &[&str] = &["alarmName", "alarmNames"];

/// Returns the queries of a finding.
///
/// # Errors
/// The reason why the recorded events cannot name an author.
pub(super) fn queries(
    desired: &Desired,
    key: Option<&Arn>,
    finding: &Finding,
) -> Result<Vec<BlameQuery>, String> {
    let address: Address =
        finding.address.parse().map_err(|_| "the finding is not about a resource".to_owned())?;
    let (region, subject) = subject(desired, key, &address)?;
    let ask = |causes: Vec<&'static str>, undoes: &[&'static str]| BlameQuery {
        account: address.account.clone(),
        region: region.clone(),
        subject: subject.clone(),
        causes,
        undoes: undoes.to_vec(),
    };
    let kind = address.kind;
    match (finding.kind, finding.code.as_str()) {
        (FindingKind::Missing, _) => {
            let (causes, undoes) = removals(kind);
            Ok(vec![ask(causes.to_vec(), undoes)])
        }
        (FindingKind::Changed, "changed") => {
            let mut asked: BTreeMap<(Vec<&'static str>, &'static [&'static str]), BlameQuery> =
                BTreeMap::new();
            for difference in &finding.diff {
                let (causes, undoes) = setters(kind, difference);
                asked.entry((causes.clone(), undoes)).or_insert_with(|| ask(causes, undoes));
            }
            Ok(asked.into_values().collect())
        }
        (FindingKind::Changed, "key-unusable") => {
            let causes = vec!["DisableKey", "ScheduleKeyDeletion", "DeleteImportedKeyMaterial"];
            Ok(vec![ask(causes, &["EnableKey", "CancelKeyDeletion", "ImportKeyMaterial"])])
        }
        (FindingKind::Delivery, _) => {
            Err("calls on the bucket, the key or a policy can prevent deliveries; \
            see the findings about them"
                .to_owned())
        }
        (FindingKind::Unexpected, "unexpected") => Err("the resource has the tag of the installation, \
            and the spec no longer declares it"
            .to_owned()),
        // A policy statement, or access that a statement allows.
        _ if kind.is_policy() => Ok(vec![ask(writes(kind).to_vec(), &[])]),
        _ => Err("`--blame` does not know which calls cause such a finding".to_owned()),
    }
}

const NOT_IN_SPEC: &str = "the spec does not declare the resource";

/// Returns the Region that records the calls on a resource, which is the Region of the resource,
/// and the names by which events refer to the resource.
///
/// See "Working with CloudTrail event history" in the CloudTrail user guide.
fn subject(
    desired: &Desired,
    key: Option<&Arn>,
    address: &Address,
) -> Result<(Region, EventSubject), String> {
    let of = |site: &Site, source, parameters, names: Vec<String>| {
        let attribute = match address.kind {
            Kind::TopicPolicy => Some("Policy"),
            Kind::Topic => Some("KmsMasterKeyId"),
            Kind::Trail
            | Kind::Bucket
            | Kind::BucketPolicy
            | Kind::Key
            | Kind::KeyPolicy
            | Kind::Alias
            | Kind::Grant
            | Kind::LogGroup
            | Kind::MetricFilter
            | Kind::Alarm
            | Kind::Role
            | Kind::ServiceAccess
            | Kind::DelegatedAdministrator => None,
        };
        let names = names.into_iter().collect();
        let subject = EventSubject { source, names, parameters, attribute, group: BTreeSet::new() };
        (site.region.clone(), subject)
    };
    let name = &address.name;
    match address.kind {
        Kind::Trail => {
            let mut trails = desired.trails.iter();
            let trail = trails.find(|it| Address::trail(it) == *address).ok_or(NOT_IN_SPEC)?;
            Ok(of(&trail.site, CLOUDTRAIL, TRAIL_PARAMETERS, vec![name.clone(), trail.arn.to_string()]))
        }
        Kind::Bucket | Kind::BucketPolicy => {
            let site = &desired.bucket.site;
            let arn = format!("arn:{}:s3:::{name}", site.region.partition());
            Ok(of(site, S3, BUCKET_PARAMETERS, vec![name.clone(), arn]))
        }
        Kind::Key | Kind::KeyPolicy => {
            let key = key.ok_or("the ID of the key is unknown, because the key was not found")?;
            let names = vec![key.to_string(), key.resource_name().to_owned()];
            Ok(of(&desired.key.site, KMS, KEY_PARAMETERS, names))
        }
        Kind::Alias => {
            let alias = desired.key.identity.alias().ok_or(NOT_IN_SPEC)?;
            Ok(of(&desired.key.site, KMS, ALIAS_PARAMETERS, vec![alias.with_prefix()]))
        }
        Kind::Topic | Kind::TopicPolicy => {
            let is_it = |it: &&Topic| [Address::topic(it), Address::topic_policy(it)].contains(address);
            let topic = desired.topics.iter().find(is_it).ok_or(NOT_IN_SPEC)?;
            Ok(of(&topic.site, SNS, TOPIC_PARAMETERS, vec![name.clone(), topic.arn.to_string()]))
        }
        Kind::LogGroup => {
            let mut groups = desired.log_groups.iter();
            let group = groups.find(|it| Address::log_group(it) == *address).ok_or(NOT_IN_SPEC)?;
            let names = vec![name.clone(), group.arn.to_string(), format!("{}:*", group.arn)];
            Ok(of(&group.site, LOGS, GROUP_PARAMETERS, names))
        }
        Kind::MetricFilter => {
            let mut alarms = desired.alarms.iter();
            let alarm = alarms.find(|it| Address::metric_filter(it) == *address).ok_or(NOT_IN_SPEC)?;
            let (region, subject) = of(&alarm.site, LOGS, FILTER_PARAMETERS, vec![alarm.name.clone()]);
            let group = BTreeSet::from([alarm.group.to_string(), alarm.group_arn.to_string()]);
            Ok((region, EventSubject { group, ..subject }))
        }
        Kind::Alarm => {
            let mut alarms = desired.alarms.iter();
            let alarm = alarms.find(|it| Address::alarm(it) == *address).ok_or(NOT_IN_SPEC)?;
            Ok(of(&alarm.site, CLOUDWATCH, ALARM_PARAMETERS, vec![alarm.name.clone()]))
        }
        Kind::Grant => Err("CloudTrail events do not name the revoked grants".to_owned()),
        Kind::ServiceAccess | Kind::DelegatedAdministrator | Kind::Role => {
            Err("`--blame` does not read events of IAM and AWS Organizations".to_owned())
        }
    }
}

/// Returns the calls that delete a resource, and the calls that create the resource.
fn removals(kind: Kind) -> (&'static [&'static str], &'static [&'static str]) {
    match kind {
        Kind::Trail => (&["DeleteTrail"], &["CreateTrail"]),
        Kind::Bucket => (&["DeleteBucket"], &["CreateBucket"]),
        Kind::BucketPolicy => (&["DeleteBucketPolicy", "DeleteBucket"], &["PutBucketPolicy"]),
        Kind::Key | Kind::KeyPolicy => (&["ScheduleKeyDeletion"], &["CreateKey"]),
        Kind::Alias => (&["DeleteAlias"], &["CreateAlias", "UpdateAlias"]),
        Kind::Topic | Kind::TopicPolicy => (&["DeleteTopic"], &["CreateTopic"]),
        Kind::LogGroup => (&["DeleteLogGroup"], &["CreateLogGroup"]),
        Kind::MetricFilter => (&["DeleteMetricFilter", "DeleteLogGroup"], &["PutMetricFilter"]),
        Kind::Alarm => (&["DeleteAlarms"], &["PutMetricAlarm"]),
        Kind::Grant | Kind::ServiceAccess | Kind::DelegatedAdministrator | Kind::Role => (&[], &[]),
    }
}

/// Returns the calls that set a value, and the calls after which the value matches the spec.
fn setters(kind: Kind, difference: &Difference) -> (Vec<&'static str>, &'static [&'static str]) {
    if kind == Kind::Trail && difference.field() == Some(TrailField::Logging) {
        let is_wanted = match difference {
            Difference::Add { value, .. } | Difference::Replace { value, .. } => {
                value.as_bool() == Some(true)
            }
            Difference::Remove { .. } => false,
        };
        return match is_wanted {
            // A new trail is not logging.
            true => (vec!["StopLogging", "CreateTrail"], &["StartLogging"]),
            false => (vec!["StartLogging"], &["StopLogging"]),
        };
    }
    if kind == Kind::Alarm && difference.field() == Some(AlarmField::ActionsEnabled) {
        // A spec never disables the actions of an alarm.
        return (vec!["DisableAlarmActions", "PutMetricAlarm"], &["EnableAlarmActions"]);
    }
    let mut causes = match kind {
        Kind::Trail => difference.field().map_or(NO_CALLS, trail_setters),
        Kind::Bucket => difference.field().map_or(NO_CALLS, bucket_setters),
        Kind::Key => difference.field().map_or(NO_CALLS, key_setters),
        Kind::LogGroup => difference.field().map_or(NO_CALLS, log_group_setters),
        Kind::Topic => difference.field().map_or(NO_CALLS, topic_setters),
        Kind::Alias => &["UpdateAlias"],
        Kind::MetricFilter => &["PutMetricFilter"],
        Kind::Alarm => &["PutMetricAlarm"],
        Kind::BucketPolicy | Kind::KeyPolicy | Kind::TopicPolicy => writes(kind),
        Kind::Grant | Kind::ServiceAccess | Kind::DelegatedAdministrator | Kind::Role => NO_CALLS,
    }
    .to_vec();
    let created = removals(kind).1.iter().filter(|it| it.starts_with("Create"));
    causes.extend(created);
    causes.dedup();
    (causes, &[])
}

const NO_CALLS: &[&str] = &[];

fn trail_setters(field: TrailField) -> &'static [&'static str] {
    match field {
        TrailField::Logging => &["StartLogging", "StopLogging"],
        TrailField::Selectors => &["PutEventSelectors"],
        TrailField::Insights => &["PutInsightSelectors"],
        TrailField::EventAggregation => &["PutEventConfiguration"],
        TrailField::Tags => &["AddTags", "RemoveTags"],
        TrailField::RecursiveLogging => &["PutEventSelectors", "UpdateTrail"],
        TrailField::Arn
        | TrailField::Bucket
        | TrailField::Prefix
        | TrailField::KmsKey
        | TrailField::MultiRegion
        | TrailField::GlobalServiceEvents
        | TrailField::LogFileValidation
        | TrailField::Organization
        | TrailField::CloudwatchLogs
        | TrailField::Notification => &["UpdateTrail"],
    }
}

/// Returns the calls that set a value of a bucket. S3 events have the names of older operations and
/// of IAM actions: see "Amazon S3 CloudTrail events" in the S3 user guide.
fn bucket_setters(field: BucketField) -> &'static [&'static str] {
    match field {
        BucketField::Encryption | BucketField::BlockedEncryptionTypes => {
            &["PutBucketEncryption", "DeleteBucketEncryption"]
        }
        BucketField::Versioning => &["PutBucketVersioning"],
        BucketField::PublicAccessBlock => &["PutBucketPublicAccessBlock", "DeleteBucketPublicAccessBlock"],
        BucketField::ObjectOwnership => &["PutBucketOwnershipControls", "DeleteBucketOwnershipControls"],
        BucketField::Lifecycle => {
            &["PutBucketLifecycle", "PutBucketLifecycleConfiguration", "DeleteBucketLifecycle"]
        }
        BucketField::ObjectLock => &["PutBucketObjectLockConfiguration", "PutObjectLockConfiguration"],
        BucketField::AccessLogs => &["PutBucketLogging"],
        BucketField::Eventbridge => &["PutBucketNotification", "PutBucketNotificationConfiguration"],
        BucketField::Tags => &["PutBucketTagging", "DeleteBucketTagging", "TagResource", "UntagResource"],
    }
}

fn key_setters(field: KeyField) -> &'static [&'static str] {
    match field {
        KeyField::Description => &["UpdateKeyDescription"],
        KeyField::Rotation => &["DisableKeyRotation", "EnableKeyRotation"],
        KeyField::Tags => &["TagResource", "UntagResource"],
        KeyField::InitialPolicy => NO_CALLS,
    }
}

fn log_group_setters(field: LogGroupField) -> &'static [&'static str] {
    match field {
        LogGroupField::RetentionDays => &["PutRetentionPolicy", "DeleteRetentionPolicy"],
        LogGroupField::Encryption => &["AssociateKmsKey", "DisassociateKmsKey"],
        LogGroupField::Tags => &["TagResource", "UntagResource", "TagLogGroup", "UntagLogGroup"],
    }
}

fn topic_setters(field: TopicField) -> &'static [&'static str] {
    match field {
        TopicField::Tags => &["TagResource", "UntagResource"],
        TopicField::Arn | TopicField::Encryption => &["SetTopicAttributes"],
    }
}

/// Returns the calls that write a policy.
fn writes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::BucketPolicy => &["PutBucketPolicy"],
        Kind::KeyPolicy => &["PutKeyPolicy", "CreateKey"],
        Kind::TopicPolicy => &["SetTopicAttributes", "AddPermission", "RemovePermission", "CreateTopic"],
        Kind::Trail
        | Kind::Bucket
        | Kind::Key
        | Kind::Alias
        | Kind::Topic
        | Kind::LogGroup
        | Kind::MetricFilter
        | Kind::Alarm
        | Kind::Grant
        | Kind::ServiceAccess
        | Kind::DelegatedAdministrator
        | Kind::Role => NO_CALLS,
    }
}

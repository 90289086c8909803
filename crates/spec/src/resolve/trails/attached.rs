//! Resolves the other destinations of trails: log groups with their roles, and topics.

use reconcile_policy::{Arn, LogRoleIntent, Region, TopicIntent};

use super::super::Resolver;
use super::super::policies::{is_managed, key_policy, on_doubt};
use super::alarms::{self, Alarms, TrailAlarms};
use crate::desired::{
    AtRest, ExistingTopic, Foreign, LogDelivery, LogGroup, LogRole, OnDoubt, Site, Topic, Trail,
};
use crate::diagnostic::SourceSpan;
use crate::names::{AccountName, LogGroupName, PolicyName, RoleName, TopicName};
use crate::problems::Problems;
use crate::raw::{Located, OrUnmanaged, RawAtRest, RawCloudWatchLogs, RawSnsTopic, RawSpec, RawTrail};

/// The retention periods of CloudWatch Logs, in days. See `PutRetentionPolicy` in its API
/// reference.
const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The other destinations of one trail of the spec, in each of its accounts.
pub(super) struct Attached {
    logs: Option<Logs>,
    topic: Option<Notification>,
}

struct Logs {
    place: SourceSpan,
    group: LogGroupName,
    retention_days: Option<u32>,
    role: RoleName,
    boundary: Option<Boundary>,
    encryption: AtRest,
    alarms: Option<TrailAlarms>,
}

/// The managed policy that is the permissions boundary of a role.
enum Boundary {
    /// A policy of the account of the trail.
    OfAccount(PolicyName),
    /// A policy of AWS.
    OfAws(Arn),
}

struct Notification {
    place: SourceSpan,
    topic: ToTopic,
    proof: OnDoubt,
}

enum ToTopic {
    /// A managed topic, which is created if it does not exist.
    Named(NamedTopic),
    /// An unmanaged topic.
    Existing(Arn),
}

struct NamedTopic {
    name: TopicName,
    account: AccountName,
    encryption: AtRest,
}

/// The destinations of all trails. Shared destinations are listed once.
#[derive(Default)]
pub(super) struct Attachments {
    pub(super) log_groups: Vec<LogGroup>,
    pub(super) alarms: Alarms,
    pub(super) log_roles: Vec<LogRole>,
    pub(super) topics: Vec<Topic>,
    pub(super) existing_topics: Vec<ExistingTopic>,
}

/// The properties of the key that decide what it can encrypt.
pub(super) struct KeyFacts<'r> {
    /// The Region of the key, which is the Region of the bucket; `None` if it has a problem.
    region: Option<&'r Region>,
    /// Whether the spec has a key.
    exists: bool,
    /// Whether the key policy gets the statements that the encryption requires.
    is_policy_managed: bool,
}

impl<'r> KeyFacts<'r> {
    pub(super) fn of(raw: &RawSpec, region: Option<&'r Region>) -> Self {
        Self {
            region,
            exists: matches!(raw.key.value, OrUnmanaged::Value(_)),
            is_policy_managed: is_managed(key_policy(&raw.key.value)),
        }
    }

    /// Returns whether services of a Region can use the key.
    fn is_in(&self, region: &Region) -> bool {
        self.region.is_none_or(|own| own == region)
    }

    /// Checks an encryption in the spec; `what` is the resource to encrypt, in this Region.
    fn check(&self, raw: &Located<RawAtRest>, what: &str, region: Option<&Region>, problems: &mut Problems) {
        if raw.value == RawAtRest::Unmanaged {
            return;
        }
        if !self.exists {
            problems.add(
                raw.place,
                format!("{what} cannot be encrypted with the key: the spec has `key: unmanaged`"),
                "set an `alias` or an `arn` in `key`, or set `encryption: unmanaged`",
            );
        } else if let (Some(region), Some(own)) = (region.filter(|region| !self.is_in(region)), self.region) {
            problems.add(
                raw.place,
                format!("{what} is in {region}, but the key is in {own}"),
                "AWS encrypts only with a key of the same Region: set `encryption: unmanaged`",
            );
        }
    }
}

/// Resolves the destinations of a trail whose home Region is `region`; `None` if there is a
/// problem.
pub(super) fn resolve(
    raw: &RawSpec,
    trail: &RawTrail,
    region: Option<&Region>,
    resolver: &Resolver<'_>,
    key: &KeyFacts<'_>,
    problems: &mut Problems,
) -> Option<Attached> {
    let logs = match &trail.cloudwatch_logs {
        Some(logs) => Some(resolve_logs(logs, region, resolver, key, problems)?),
        None => None,
    };
    let topic = match &trail.sns_topic {
        Some(topic) => {
            let (place, proof) = (topic.place, on_doubt(topic.value.proof.as_ref()));
            let topic = resolve_topic(raw, topic, region, resolver, key, problems)?;
            Some(Notification { place, topic, proof })
        }
        None => None,
    };
    Some(Attached { logs, topic })
}

fn resolve_logs(
    raw: &Located<RawCloudWatchLogs>,
    region: Option<&Region>,
    resolver: &Resolver<'_>,
    key: &KeyFacts<'_>,
    problems: &mut Problems,
) -> Option<Logs> {
    let logs = &raw.value;
    if let Some(days) = logs.retention_days.as_ref().filter(|days| !RETENTION_DAYS.contains(&days.value)) {
        let known = RETENTION_DAYS.map(|days| days.to_string()).join(", ");
        let message = format!("CloudWatch Logs cannot keep events for {} days", days.value);
        problems.add(days.place, message, format!("use one of {known}"));
    }
    let group = problems.name(&logs.log_group, "");
    let role = match &logs.role_name {
        Some(role) => problems.name(role, "")?,
        None => format!("reconcile-{}-cloudtrail", resolver.installation.name()).parse().ok()?,
    };
    let boundary = match &logs.permissions_boundary {
        Some(boundary) => Some(resolve_boundary(boundary, region, problems)?),
        None => None,
    };
    let retention_days = logs.retention_days.as_ref().map(|days| days.value);
    let encryption = match &logs.encryption {
        Some(encryption) => {
            key.check(encryption, "the log group", region, problems);
            at_rest(encryption)
        }
        None => AtRest::Unmanaged,
    };
    let alarms = match &logs.alarms {
        Some(alarms) => Some(alarms::resolve(alarms, region, problems)?),
        None => None,
    };
    Some(Logs { place: raw.place, group: group?, retention_days, role, boundary, encryption, alarms })
}

/// Resolves the boundary. IAM accepts a policy of the account of the role, or a policy of AWS. See
/// `PutRolePermissionsBoundary` in the IAM API reference.
fn resolve_boundary(
    raw: &Located<String>,
    region: Option<&Region>,
    problems: &mut Problems,
) -> Option<Boundary> {
    if !raw.value.starts_with("arn:") {
        return problems.name(raw, "").map(Boundary::OfAccount);
    }
    let arn: Arn = problems.name(raw, "")?;
    let is_policy = arn.service() == "iam" && arn.resource().starts_with("policy/");
    if !is_policy || arn.account() != "aws" {
        problems.add(
            raw.place,
            format!("`{arn}` is not the ARN of a managed policy of AWS"),
            "write the name of a policy instead, such as `boundaries/Logs`: each account has its own policy",
        );
        return None;
    }
    if let Some(region) = region.filter(|region| region.partition().as_str() != arn.partition()) {
        problems.add(
            raw.place,
            format!("the policy is in the partition {}, but the trail is in {region}", arn.partition()),
            "write the ARN of a policy in the partition of the trail",
        );
        return None;
    }
    Some(Boundary::OfAws(arn))
}

fn at_rest(raw: &Located<RawAtRest>) -> AtRest {
    match raw.value {
        RawAtRest::Key => AtRest::Key,
        RawAtRest::Unmanaged => AtRest::Unmanaged,
    }
}

fn resolve_topic(
    raw: &RawSpec,
    topic: &Located<RawSnsTopic>,
    region: Option<&Region>,
    resolver: &Resolver<'_>,
    key: &KeyFacts<'_>,
    problems: &mut Problems,
) -> Option<ToTopic> {
    let RawSnsTopic { name, account, encryption, arn, proof: _ } = &topic.value;
    match (name, arn) {
        (Some(name), None) => {
            let account = match account {
                Some(account) => resolver.account(account, problems),
                // A problem of the account of the bucket is reported with the bucket.
                None => raw.bucket.account.value.parse().ok(),
            };
            let encryption = match encryption {
                Some(encryption) => {
                    key.check(encryption, "the topic", region, problems);
                    at_rest(encryption)
                }
                None if key.exists && key.is_policy_managed && region.is_some_and(|it| key.is_in(it)) => {
                    AtRest::KeyFromCreation
                }
                None => AtRest::Unmanaged,
            };
            let name = problems.name(name, "");
            Some(ToTopic::Named(NamedTopic { name: name?, account: account?, encryption }))
        }
        (None, Some(arn)) => {
            let settings = [
                account.as_ref().map(|it| (it.place, "account")),
                encryption.as_ref().map(|it| (it.place, "encryption")),
            ];
            for (place, setting) in settings.into_iter().flatten() {
                let message = format!("`{setting}` has no effect for a topic with an `arn`");
                problems.add(place, message, "remove this setting: a topic with an `arn` is only read");
            }
            existing_topic(arn, region, problems).map(ToTopic::Existing)
        }
        (Some(_), Some(arn)) => {
            let message = "`name` and `arn` are mutually exclusive";
            problems.add(
                arn.place,
                message,
                "use `name` for a managed topic, or `arn` for an existing topic, which is only read",
            );
            None
        }
        (None, None) => {
            problems.add(topic.place, "the topic has neither a `name` nor an `arn`", "add a `name`");
            None
        }
    }
}

/// Resolves the ARN of an unmanaged topic. CloudTrail publishes to standard topics of its
/// partition, in any account and Region. See `SnsTopicName` of `CreateTrail` in the CloudTrail API
/// reference: the name or the ARN of a topic, at most 256 characters.
fn existing_topic(raw: &Located<String>, region: Option<&Region>, problems: &mut Problems) -> Option<Arn> {
    let arn: Arn = problems.name(raw, "")?;
    let is_topic = arn.service() == "sns"
        && arn.resource().parse::<TopicName>().is_ok()
        && arn.region().parse::<Region>().is_ok()
        && arn.account().parse::<reconcile_policy::AccountId>().is_ok();
    if !is_topic || raw.value.len() > 256 {
        problems.add(
            raw.place,
            format!("`{arn}` is not the ARN of a topic that CloudTrail can publish to"),
            "write the ARN of a standard topic, such as `arn:aws:sns:us-east-1:111111111111:log-files`",
        );
        return None;
    }
    if let Some(region) = region.filter(|region| region.partition().as_str() != arn.partition()) {
        problems.add(
            raw.place,
            format!("the topic is in the partition {}, but the trail is in {region}", arn.partition()),
            "use a topic in the partition of the trail",
        );
        return None;
    }
    Some(arn)
}

impl Attachments {
    /// Sets the other destinations of a trail.
    pub(super) fn attach(
        &mut self,
        attached: &Attached,
        trail: &mut Trail,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) {
        if let Some(logs) = &attached.logs {
            trail.logs = self.log_to(logs, trail, resolver, problems);
        }
        if let Some(Notification { place, topic, proof }) = &attached.topic {
            trail.topic = match topic {
                ToTopic::Named(topic) => self.publish_to(topic, *proof, *place, trail, resolver, problems),
                ToTopic::Existing(arn) => {
                    Some(self.publish_to_existing(arn, *proof, *place, trail, resolver, problems))
                }
            };
        }
    }

    fn log_to(
        &mut self,
        logs: &Logs,
        trail: &Trail,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) -> Option<LogDelivery> {
        let site = &trail.site;
        let (partition, id) = (site.region.partition(), resolver.id(&site.account)?);
        let group = |end| {
            let name = format!("log-group:{}{end}", logs.group);
            Arn::new(partition, "logs", site.region.as_str(), id.as_str(), &name)
        };
        let role = Arn::new(partition, "iam", "", id.as_str(), &format!("role/{}", logs.role));
        let known = self.log_groups.iter().find(|it| it.site == *site && it.name == logs.group);
        match known {
            Some(known) if known.retention_days != logs.retention_days => problems.add(
                logs.place,
                format!(
                    "log group `{}` has two different values of `retention_days` in account `{}`",
                    logs.group, site.account
                ),
                "set the same `retention_days` everywhere for this log group",
            ),
            Some(known) if known.encryption != logs.encryption => problems.add(
                logs.place,
                format!(
                    "log group `{}` has two different values of `encryption` in account `{}`",
                    logs.group, site.account
                ),
                "set the same `encryption` everywhere for this log group",
            ),
            Some(_) => {}
            None => self.log_groups.push(LogGroup {
                site: site.clone(),
                name: logs.group.clone(),
                arn: group(""),
                retention_days: logs.retention_days,
                encryption: logs.encryption,
                tags: resolver.tags.clone(),
            }),
        }
        self.alarms.add(logs.alarms.as_ref(), &logs.group, &group(""), site, resolver, problems);
        let intent = LogRoleIntent {
            partition,
            account: id.clone(),
            region: site.region.clone(),
            log_group: logs.group.to_string(),
            organization: resolver.roster.map(|roster| roster.id.clone()).filter(|_| trail.is_organization),
        };
        let boundary = logs.boundary.as_ref().map(|boundary| match boundary {
            Boundary::OfAccount(name) => {
                Arn::new(partition, "iam", "", id.as_str(), &format!("policy/{name}"))
            }
            Boundary::OfAws(arn) => arn.clone(),
        });
        let is_same = |it: &&mut LogRole| it.site.account == site.account && it.name == logs.role;
        match self.log_roles.iter_mut().find(is_same) {
            Some(known) if known.boundary != boundary => problems.add(
                logs.place,
                format!(
                    "role `{}` has two different values of `permissions_boundary` in account `{}`",
                    logs.role, site.account
                ),
                "set the same `permissions_boundary` everywhere for this role",
            ),
            Some(known) if known.intents.contains(&intent) => {}
            Some(known) => known.intents.push(intent),
            None => self.log_roles.push(LogRole {
                site: site.clone(),
                name: logs.role.clone(),
                arn: role.clone(),
                policy_name: resolver.installation.log_policies().present,
                intents: vec![intent],
                boundary,
                tags: resolver.tags.clone(),
            }),
        }
        Some(LogDelivery { group: group(":*"), role })
    }

    fn publish_to(
        &mut self,
        wanted: &NamedTopic,
        proof: OnDoubt,
        place: SourceSpan,
        trail: &Trail,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) -> Option<Arn> {
        let NamedTopic { name, account, encryption } = wanted;
        let region = &trail.site.region;
        let id = resolver.id(account)?;
        let arn = Arn::new(region.partition(), "sns", region.as_str(), id.as_str(), name.as_str());
        if self.existing_topics.iter().any(|it| it.arn == arn) {
            report_named_twice(&arn, place, problems);
        }
        match self.topics.iter_mut().find(|topic| topic.arn == arn) {
            Some(topic) if topic.encryption != *encryption => problems.add(
                place,
                format!("topic `{name}` has two different values of `encryption` in account `{account}`"),
                "set the same `encryption` everywhere for this topic",
            ),
            Some(topic) if topic.proof != proof => report_two_proofs(&arn, place, problems),
            Some(topic) => topic.intent.trails.push(trail.arn.clone()),
            None => self.topics.push(Topic {
                site: Site { account: account.clone(), region: region.clone() },
                name: name.clone(),
                arn: arn.clone(),
                encryption: *encryption,
                intent: TopicIntent { topic: arn.clone(), trails: vec![trail.arn.clone()] },
                ownership: resolver.installation.ownership(),
                foreign: Foreign::default(),
                proof,
                tags: resolver.tags.clone(),
            }),
        }
        Some(arn)
    }

    fn publish_to_existing(
        &mut self,
        arn: &Arn,
        proof: OnDoubt,
        place: SourceSpan,
        trail: &Trail,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) -> Arn {
        if self.topics.iter().any(|topic| topic.arn == *arn) {
            report_named_twice(arn, place, problems);
        }
        match self.existing_topics.iter().find(|it| it.arn == *arn) {
            Some(known) if known.proof != proof => report_two_proofs(arn, place, problems),
            Some(_) => {}
            None => {
                let mut accounts = resolver.accounts.iter().chain(&resolver.joined);
                let owner = accounts.find(|it| it.id.as_str() == arn.account());
                let reader = owner.map_or_else(|| trail.site.account.clone(), |owner| owner.name.clone());
                self.existing_topics.push(ExistingTopic { arn: arn.clone(), reader, proof });
            }
        }
        arn.clone()
    }
}

fn report_two_proofs(arn: &Arn, place: SourceSpan, problems: &mut Problems) {
    problems.add(
        place,
        format!("topic `{arn}` has two different values of `proof`"),
        "set the same `proof` everywhere for this topic",
    );
}

fn report_named_twice(arn: &Arn, place: SourceSpan, problems: &mut Problems) {
    problems.add(
        place,
        format!("one trail refers to the topic `{arn}` by `name`, and another trail by `arn`"),
        "use `name` if reconcile manages the topic, or `arn` if reconcile only reads the topic",
    );
}

//! Resolves what is made for trails: log groups, the roles that deliver to them, and topics.

use reconcile_policy::{Arn, LogRoleIntent, TopicIntent};

use super::super::Scope;
use crate::desired::{Foreign, LogDelivery, LogGroup, LogRole, Site, Topic, Trail};
use crate::diagnostic::Place;
use crate::names::{AccountName, LogGroupName, RoleName, TopicName};
use crate::problems::Problems;
use crate::raw::{Located, RawCloudWatchLogs, RawSnsTopic, RawSpec, RawTrail};

/// Days that CloudWatch Logs can keep events. See `PutRetentionPolicy` in its API reference.
const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// What one trail of the spec asks for, in every account that has it.
pub(super) struct Attached {
    logs: Option<Logs>,
    topic: Option<(TopicName, AccountName)>,
}

struct Logs {
    place: Place,
    group: LogGroupName,
    retention_days: Option<u32>,
    role: RoleName,
}

/// What all trails ask for; what several of them share stands here once.
#[derive(Default)]
pub(super) struct Attachments {
    pub(super) log_groups: Vec<LogGroup>,
    pub(super) log_roles: Vec<LogRole>,
    pub(super) topics: Vec<Topic>,
}

/// `None` where there is a problem.
pub(super) fn resolve(
    raw: &RawSpec,
    trail: &RawTrail,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<Attached> {
    let logs = match &trail.cloudwatch_logs {
        Some(logs) => Some(resolve_logs(logs, scope, problems)?),
        None => None,
    };
    let topic = match &trail.sns_topic {
        Some(topic) => Some(resolve_topic(raw, &topic.value, scope, problems)?),
        None => None,
    };
    Some(Attached { logs, topic })
}

fn resolve_logs(
    raw: &Located<RawCloudWatchLogs>,
    scope: &Scope<'_>,
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
        None => format!("reconcile-{}-cloudtrail", scope.installation.name()).parse().ok()?,
    };
    let retention_days = logs.retention_days.as_ref().map(|days| days.value);
    Some(Logs { place: raw.place, group: group?, retention_days, role })
}

fn resolve_topic(
    raw: &RawSpec,
    topic: &RawSnsTopic,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<(TopicName, AccountName)> {
    let account = match &topic.account {
        Some(account) => scope.account(account, problems),
        // What is wrong with the bucket's account is told there.
        None => raw.bucket.account.value.parse().ok(),
    };
    let name = problems.name(&topic.name, "");
    Some((name?, account?))
}

impl Attachments {
    /// Gives a trail what it asks for.
    pub(super) fn attach(
        &mut self,
        attached: &Attached,
        trail: &mut Trail,
        scope: &Scope<'_>,
        problems: &mut Problems,
    ) {
        if let Some(logs) = &attached.logs {
            trail.logs = self.log_to(logs, trail, scope, problems);
        }
        if let Some((name, account)) = &attached.topic {
            trail.topic = self.tell(name, account, trail, scope);
        }
    }

    fn log_to(
        &mut self,
        logs: &Logs,
        trail: &Trail,
        scope: &Scope<'_>,
        problems: &mut Problems,
    ) -> Option<LogDelivery> {
        let site = &trail.site;
        let (partition, id) = (site.region.partition(), scope.id(&site.account)?);
        let group = |end| {
            let name = format!("log-group:{}{end}", logs.group);
            Arn::new(partition, "logs", site.region.as_str(), id.as_str(), &name)
        };
        let role = Arn::new(partition, "iam", "", id.as_str(), &format!("role/{}", logs.role));
        let known = self.log_groups.iter().find(|it| it.site == *site && it.name == logs.group);
        match known {
            Some(known) if known.retention_days != logs.retention_days => problems.add(
                logs.place,
                format!("log group `{}` is given two retentions in account `{}`", logs.group, site.account),
                "say the same `retention_days` wherever the log group is named",
            ),
            Some(_) => {}
            None => self.log_groups.push(LogGroup {
                site: site.clone(),
                name: logs.group.clone(),
                arn: group(""),
                retention_days: logs.retention_days,
                tags: scope.tags.clone(),
            }),
        }
        let intent = LogRoleIntent {
            partition,
            account: id.clone(),
            region: site.region.clone(),
            log_group: logs.group.to_string(),
            organization: scope.roster.map(|roster| roster.id.clone()).filter(|_| trail.is_organization),
        };
        let is_same = |it: &&mut LogRole| it.site.account == site.account && it.name == logs.role;
        match self.log_roles.iter_mut().find(is_same) {
            Some(known) if known.intents.contains(&intent) => {}
            Some(known) => known.intents.push(intent),
            None => self.log_roles.push(LogRole {
                site: site.clone(),
                name: logs.role.clone(),
                arn: role.clone(),
                policy_name: scope.installation.log_policies().present,
                intents: vec![intent],
                tags: scope.tags.clone(),
            }),
        }
        Some(LogDelivery { group: group(":*"), role })
    }

    fn tell(
        &mut self,
        name: &TopicName,
        account: &AccountName,
        trail: &Trail,
        scope: &Scope<'_>,
    ) -> Option<Arn> {
        let region = &trail.site.region;
        let partition = region.partition();
        let arn = Arn::new(partition, "sns", region.as_str(), scope.id(account)?.as_str(), name.as_str());
        match self.topics.iter_mut().find(|topic| topic.arn == arn) {
            Some(topic) => topic.intent.trails.push(trail.arn.clone()),
            None => self.topics.push(Topic {
                site: Site { account: account.clone(), region: region.clone() },
                name: name.clone(),
                arn: arn.clone(),
                intent: TopicIntent { topic: arn.clone(), trails: vec![trail.arn.clone()] },
                ownership: scope.installation.ownership(),
                foreign: Foreign::default(),
                tags: scope.tags.clone(),
            }),
        }
        Some(arn)
    }
}

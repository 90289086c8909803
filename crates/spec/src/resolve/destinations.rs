//! Resolves the destinations of trails besides the bucket: log groups with their roles and alarms,
//! and topics.

use reconcile_policy::{LogRoleIntent, Region};

use super::at_rest::KeyFacts;
use super::{Resolver, alarm, known, log_group, role, topic};
use crate::desired::{LogDelivery, Trail};
use crate::problems::Problems;
use crate::raw::{Located, RawCloudWatchLogs, RawSpec, RawTrail};

/// The destinations besides the bucket of one trail of the spec, in each of its accounts.
pub(super) struct TrailDestinations {
    logs: Option<TrailLogs>,
    topic: Option<topic::TrailTopic>,
}

struct TrailLogs {
    group: log_group::TrailLogGroup,
    role: role::TrailRole,
    alarms: Option<alarm::TrailAlarms>,
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
) -> Option<TrailDestinations> {
    let logs = trail.cloudwatch_logs.as_ref();
    let logs = logs.map(|logs| resolve_logs(logs, region, resolver, key, problems));
    let topic = trail.sns_topic.as_ref();
    let topic = topic.map(|topic| topic::resolve(raw, topic, region, resolver, key, problems));
    // Both are resolved before `?` returns from this function, so that all problems are reported.
    Some(TrailDestinations { logs: known(logs)?, topic: known(topic)? })
}

fn resolve_logs(
    raw: &Located<RawCloudWatchLogs>,
    region: Option<&Region>,
    resolver: &Resolver<'_>,
    key: &KeyFacts<'_>,
    problems: &mut Problems,
) -> Option<TrailLogs> {
    let group = log_group::resolve(raw, region, key, problems);
    let role = role::resolve(raw, region, resolver, problems);
    let alarms = raw.value.alarms.as_ref().map(|alarms| alarm::resolve(alarms, region, problems));
    Some(TrailLogs { group: group?, role: role?, alarms: known(alarms)? })
}

/// The destinations of all trails. Shared destinations are listed once.
#[derive(Default)]
pub(super) struct Destinations {
    pub(super) log_groups: log_group::LogGroups,
    pub(super) alarms: alarm::Alarms,
    pub(super) roles: role::Roles,
    pub(super) topics: topic::Topics,
}

impl Destinations {
    /// Adds the destinations of a trail in one account, and sets them in the trail.
    pub(super) fn add(
        &mut self,
        wanted: &TrailDestinations,
        trail: &mut Trail,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) {
        if let Some(logs) = &wanted.logs {
            trail.logs = self.add_logs(logs, trail, resolver, problems);
        }
        if let Some(topic) = &wanted.topic {
            trail.topic = self.topics.add(topic, trail, resolver, problems);
        }
    }

    fn add_logs(
        &mut self,
        wanted: &TrailLogs,
        trail: &Trail,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) -> Option<LogDelivery> {
        let TrailLogs { group, role, alarms } = wanted;
        let site = &trail.site;
        let id = resolver.id(&site.account)?;
        let arn = log_group::arn(&group.name, "", site, id);
        self.log_groups.add(group, &arn, site, resolver, problems);
        self.alarms.add(alarms.as_ref(), &group.name, &arn, site, resolver, problems);
        let intent = LogRoleIntent {
            partition: site.region.partition(),
            account: id.clone(),
            region: site.region.clone(),
            log_group: group.name.to_string(),
            organization: resolver.roster.map(|roster| roster.id.clone()).filter(|_| trail.is_organization),
        };
        let role = self.roles.add(role, intent, site, resolver, problems);
        Some(LogDelivery { group: log_group::arn(&group.name, ":*", site, id), role })
    }
}

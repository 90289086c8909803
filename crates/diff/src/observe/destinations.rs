//! Reads the destinations of trails other than the bucket: log groups with their roles, and topics.

use futures::future::{join, join_all, join4, try_join_all, try_join3};
use reconcile_aws::Session;
use reconcile_plan::observed::{LiveTopic, LogAccess, Monitors, OtherPolicy, ReadError, TopicAttributes};
use reconcile_plan::view::Role;
use reconcile_policy::Arn;

use super::by_account::ByAccount;
use super::log_group::LiveLogGroup;
use super::monitors::{self, AlarmTopics};
use super::{log_group, role, topic};

/// The log groups, roles and topics of one account.
#[derive(Default)]
pub(super) struct LiveDestinations {
    pub(super) log_groups: Vec<(Arn, Option<LiveLogGroup>)>,
    pub(super) log_access: Vec<(Arn, LogAccess)>,
    pub(super) monitors: Vec<(Arn, Result<Monitors, ReadError>)>,
    pub(super) alarm_topics: AlarmTopics,
    pub(super) roles: Vec<(Arn, Option<Role>)>,
    pub(super) role_policies: Vec<(Arn, Result<Vec<OtherPolicy>, ReadError>)>,
    pub(super) topics: Vec<(Arn, Option<LiveTopic>)>,
    pub(super) existing_topics: Vec<(Arn, Result<Option<TopicAttributes>, ReadError>)>,
}

/// Reads the log groups, roles and topics of the spec in this account.
///
/// # Errors
/// Returns an error if a log group, a role or a topic that the spec manages cannot be read.
pub(super) async fn read(session: &Session, spec: &ByAccount) -> Result<LiveDestinations, ReadError> {
    let (account, installation) = (&session.account().name, &spec.desired.installation);
    let groups = spec.log_groups(account).map(async |it| {
        let (region, name) = (&it.site.region, it.name.as_str());
        let found = log_group::read_live(session, region, name).await?;
        let is_asked = spec.alarms(account).any(|alarm| alarm.group_arn == it.arn);
        let has_filters = found.as_ref().is_some_and(|live| live.traits.metric_filters > 0);
        let monitors = match is_asked || has_filters {
            true => Some(monitors::read(session, region, name, installation, is_asked).await),
            false => None,
        };
        match monitors {
            Some(Err(error)) if is_asked => Err(error),
            monitors => Ok((it.arn.clone(), found, monitors)),
        }
    });
    let roles = spec.log_roles(account).map(async |it| {
        Ok::<_, ReadError>((it.arn.clone(), role::read_own(session, it, installation).await?))
    });
    let role_policies = spec.log_roles(account).map(async |it| {
        let marks = installation.log_policies();
        (it.arn.clone(), role::others(session, &it.site.region, it.name.as_str(), &marks).await)
    });
    let topics = spec.topics(account).map(async |it| {
        let found = topic::read(session, &it.site.region, &it.arn).await?;
        Ok::<_, ReadError>((it.arn.clone(), found))
    });
    // If an unmanaged topic cannot be read, the account is still readable.
    let existing = spec
        .existing_topics(account)
        .map(async |it| (it.arn.clone(), topic::read_existing(session, it).await));
    let log_access = log_group::access::read(session, spec.log_groups(account));
    let more = join(Box::pin(log_access), Box::pin(monitors::topics(session, spec)));
    let (own, existing_topics, role_policies, (log_access, alarm_topics)) = join4(
        try_join3(try_join_all(groups), try_join_all(roles), try_join_all(topics)),
        join_all(existing),
        join_all(role_policies),
        more,
    )
    .await;
    let (groups, roles, topics) = own?;
    let (mut log_groups, mut monitors) = (Vec::new(), Vec::new());
    for (arn, live, found) in groups {
        monitors.extend(found.map(|found| (arn.clone(), found)));
        log_groups.push((arn, live));
    }
    Ok(LiveDestinations {
        log_groups,
        log_access,
        monitors,
        alarm_topics,
        roles,
        role_policies,
        topics,
        existing_topics,
    })
}

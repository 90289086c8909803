//! Reads the metric filters of log groups, the alarms of the installation, and the topics that the
//! alarms notify.

use std::collections::BTreeMap;

use futures::future::join_all;
use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::{Monitors, ReadError, TopicAttributes};
use reconcile_policy::{Arn, Region};
use reconcile_spec::{AccountName, Installation};

use super::by_account::ByAccount;
use super::{alarm, metric_filter, topic};

/// Reads all metric filters of a log group. Also reads the alarms with names of the installation,
/// if the log group has filters of the installation, or will have them (`is_asked`).
///
/// # Errors
/// Returns an error if the metric filters or the alarms cannot be read.
pub(super) async fn read(
    session: &Session,
    region: &Region,
    group: &str,
    installation: &Installation,
    is_asked: bool,
) -> Result<Monitors, ReadError> {
    let account = &session.account().name;
    let filters = metric_filter::list(session, region, group).await?;
    let mut monitors = Monitors {
        account: account.clone(),
        region: region.clone(),
        group: group.to_owned(),
        filters: filters.into_iter().collect(),
        alarms: BTreeMap::new(),
    };
    if is_asked || monitors.filters.keys().any(|name| installation.owns_alarm(name)) {
        for prefix in installation.alarm_prefixes() {
            let alarms = alarm::list(session, region, Some(&prefix)).await?;
            monitors.alarms.extend(ours(alarms, installation));
        }
    }
    Ok(monitors)
}

fn ours(
    alarms: Vec<(String, alarm::LiveAlarm)>,
    installation: &Installation,
) -> impl Iterator<Item = (String, reconcile_plan::view::Alarm)> {
    let ours = alarms.into_iter().filter(|(name, _)| installation.owns_alarm(name));
    ours.map(|(name, live)| (name, live.view))
}

/// The topics of alarms, by account and ARN.
pub(super) type AlarmTopics = Vec<((AccountName, Arn), Result<Option<TopicAttributes>, ReadError>)>;

/// Reads the topics that the alarms of the spec in this account notify. If a topic cannot be read,
/// the account is still readable.
pub(super) async fn topics(session: &Session, spec: &ByAccount) -> AlarmTopics {
    let account = &session.account().name;
    let mut topics: Vec<(&Arn, &Region)> =
        spec.alarms(account).map(|alarm| (&alarm.topic, &alarm.site.region)).collect();
    topics.dedup();
    let read = topics.into_iter().map(async |(arn, region)| {
        let found = topic::read_attributes(session, region, arn, Operation::ReadAlarmTopic).await;
        ((account.clone(), arn.clone()), found)
    });
    join_all(read).await
}

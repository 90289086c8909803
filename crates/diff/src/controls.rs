//! Reads foreign alarms and their topics, which only controls need.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use futures::stream::{self, StreamExt};
use reconcile_aws::{Aws, Session};
use reconcile_operations::Operation;
use reconcile_plan::observed::{Monitors, Observed, ReadError};
use reconcile_plan::view::Alarm;
use reconcile_policy::{Arn, Region};
use reconcile_spec::{AccountName, Desired};

use crate::observe::{AT_ONCE, alarm, topic};

/// Reads all alarms of each account and Region in which a log group has metric filters, and the
/// topics that the alarms on the metrics of these filters notify. Errors are values in `observed`.
pub(crate) async fn read_alarms(aws: &Aws, desired: &Desired, observed: &mut Observed) {
    let mut filtered: BTreeMap<(AccountName, Region), Vec<Monitors>> = BTreeMap::new();
    for monitors in observed.monitors.values().flatten().filter(|it| !it.filters.is_empty()) {
        let site = (monitors.account.clone(), monitors.region.clone());
        filtered.entry(site).or_default().push(monitors.clone());
    }
    let read = filtered.into_iter().map(async |(site, monitors)| {
        let found = read_site(aws, desired, &site, &monitors).await;
        (site, found)
    });
    let read: Vec<_> = stream::iter(read).buffered(AT_ONCE).collect().await;
    for (site, found) in read {
        let alarms = found.map(|(alarms, topics)| {
            for (arn, topic) in topics {
                observed.alarm_topics.entry((site.0.clone(), arn)).or_insert(topic);
            }
            alarms
        });
        observed.all_alarms.insert(site, alarms);
    }
}

type Topics = Vec<(Arn, Result<Option<reconcile_plan::observed::TopicAttributes>, ReadError>)>;

async fn read_site(
    aws: &Aws,
    desired: &Desired,
    (account, region): &(AccountName, Region),
    monitors: &[Monitors],
) -> Result<(BTreeMap<String, Alarm>, Topics), ReadError> {
    let account =
        desired.account(account).ok_or_else(|| ReadError::NoSuchAccount { account: account.clone() })?;
    let session = Session::open(aws, account).await?;
    let alarms = alarm::list(&session, region, None).await?;
    let alarms: BTreeMap<String, Alarm> = alarms.into_iter().map(|(name, live)| (name, live.view)).collect();
    let metrics: BTreeSet<(&str, &str)> = monitors
        .iter()
        .flat_map(|it| it.filters.values().flat_map(|filter| &filter.metrics))
        .map(|metric| (metric.namespace.as_str(), metric.name.as_str()))
        .collect();
    let on_metrics =
        alarms.values().filter(|it| metrics.contains(&(it.namespace.as_str(), it.metric.as_str())));
    let topics: BTreeSet<Arn> = on_metrics
        .flat_map(|alarm| alarm.actions.iter().filter_map(|action| action.parse::<Arn>().ok()))
        .filter(|action| action.service() == "sns")
        .collect();
    let read = topics.into_iter().map(async |arn| {
        let found = topic::read_attributes(&session, region, &arn, Operation::ReadAlarmTopic).await;
        (arn, found)
    });
    let topics = join_all(read).await;
    Ok((alarms, topics))
}

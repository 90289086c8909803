//! Resolves the alarms on log groups.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{AccountId, Arn, Region};

use super::Resolver;
use crate::desired::{Alarm, Site, Topic};
use crate::diagnostic::SourceSpan;
use crate::facts::alarm::{CIS_ALARMS, CisAlarm};
use crate::names::{AccountName, LogGroupName, TopicName};
use crate::problems::Problems;
use crate::raw::{Located, RawAlarms, RawCis, RawCisAlarm, WordOr};

/// The alarms of one trail of the spec, in each of its accounts.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct TrailAlarms {
    place: SourceSpan,
    detect: Vec<&'static CisAlarm>,
    topic: ToTopic,
}

#[derive(Clone, PartialEq, Eq)]
enum ToTopic {
    /// The topic of this name in the account and Region of each log group.
    Local(TopicName),
    /// One topic for all alarms.
    Of(Arn),
}

/// Resolves the alarms of a trail whose home Region is `region`; `None` if there is a problem.
pub(super) fn resolve(
    raw: &Located<RawAlarms>,
    region: Option<&Region>,
    problems: &mut Problems,
) -> Option<TrailAlarms> {
    let RawAlarms { controls, topic } = &raw.value;
    let detect = match controls.as_ref().map(|it| (it.place, &it.value)) {
        None | Some((_, WordOr::Word(RawCis::Cis))) => CIS_ALARMS.iter().collect(),
        Some((place, WordOr::Value(listed))) => listed_ones(listed, place, problems),
    };
    let topic = match topic.value.starts_with("arn:") {
        true => topic_in(topic, region, problems).map(ToTopic::Of),
        false => problems.name(topic, "").map(ToTopic::Local),
    };
    Some(TrailAlarms { place: raw.place, detect, topic: topic? })
}

fn listed_ones(
    listed: &[Located<RawCisAlarm>],
    place: SourceSpan,
    problems: &mut Problems,
) -> Vec<&'static CisAlarm> {
    if listed.is_empty() {
        problems.add(place, "the list has no alarm", "write `cis` for all of them, or remove `alarms`");
    }
    let mut detect: Vec<&'static CisAlarm> = Vec::new();
    for Located { value: RawCisAlarm(alarm), place } in listed {
        if detect.contains(alarm) {
            let message = format!("`{}` is in the list twice", alarm.id);
            problems.add(*place, message, "remove one of the two");
        } else {
            detect.push(alarm);
        }
    }
    detect.sort_by_key(|alarm| CIS_ALARMS.iter().position(|it| it == *alarm));
    detect
}

/// Resolves the ARN of a topic. CloudWatch accepts only topics of the Region of the alarm, and a
/// topic of another account if the policy of the topic allows the alarms to publish. See
/// `AlarmActions` of `PutMetricAlarm` in the CloudWatch API reference.
fn topic_in(raw: &Located<String>, region: Option<&Region>, problems: &mut Problems) -> Option<Arn> {
    let arn: Arn = problems.name(raw, "")?;
    let is_topic = arn.service() == "sns"
        && arn.resource().parse::<TopicName>().is_ok()
        && arn.account().parse::<AccountId>().is_ok();
    if !is_topic {
        problems.add(
            raw.place,
            format!("`{arn}` is not the ARN of a topic that alarms can notify"),
            "write the ARN of a standard topic, such as `arn:aws:sns:us-east-1:111111111111:security-alarms`",
        );
        return None;
    }
    if let Some(region) = region.filter(|region| region.as_str() != arn.region()) {
        problems.add(
            raw.place,
            format!("the topic is in {}, but the alarms are in {region}", arn.region()),
            "use a topic in the home Region of the trail: CloudWatch notifies no topic of another Region",
        );
        return None;
    }
    Some(arn)
}

/// The alarms of all trails, each with its place in the spec.
#[derive(Default)]
pub(super) struct Alarms {
    /// The alarms of each log group; `None` if the log group has none.
    groups: BTreeMap<Arn, Option<TrailAlarms>>,
    /// For each account with alarms, the log group with the alarms.
    accounts: BTreeMap<AccountName, LogGroupName>,
    alarms: Vec<(Alarm, SourceSpan)>,
}

impl Alarms {
    /// Adds the alarms of a log group. All trails that deliver to the log group must declare the
    /// same alarms.
    pub(super) fn add(
        &mut self,
        asked: Option<&TrailAlarms>,
        group: &LogGroupName,
        group_arn: &Arn,
        site: &Site,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) {
        let account = &site.account;
        if let Some(known) = self.groups.get(group_arn) {
            let contents = |it: &TrailAlarms| (it.detect.clone(), it.topic.clone());
            let place = asked.or(known.as_ref()).map(|it| it.place);
            if let Some(place) = place.filter(|_| known.as_ref().map(contents) != asked.map(contents)) {
                let message = format!(
                    "log group `{group}` has two different values of `alarms` in account `{account}`"
                );
                problems.add(place, message, "set the same `alarms` everywhere for this log group");
            }
            return;
        }
        self.groups.insert(group_arn.clone(), asked.cloned());
        let (Some(asked), Some(id)) = (asked, resolver.id(account)) else { return };
        if let Some(other) = self.accounts.get(account) {
            let message =
                format!("account `{account}` has alarms on two log groups, `{other}` and `{group}`");
            let hint = "remove one of the two: each event would be counted twice, and the alarms have the same names";
            problems.add(asked.place, message, hint);
            return;
        }
        self.accounts.insert(account.clone(), group.clone());
        let region = &site.region;
        let topic = match &asked.topic {
            ToTopic::Local(name) => {
                Arn::new(region.partition(), "sns", region.as_str(), id.as_str(), name.as_str())
            }
            ToTopic::Of(arn) => arn.clone(),
        };
        let installation = &resolver.installation;
        self.alarms.extend(asked.detect.iter().map(|detects| {
            let alarm = Alarm {
                site: site.clone(),
                name: installation.alarm_name(detects),
                group: group.clone(),
                group_arn: group_arn.clone(),
                detects,
                namespace: format!("reconcile/{}", installation.name()),
                topic: topic.clone(),
                tags: resolver.tags.clone(),
            };
            (alarm, asked.place)
        }));
    }

    /// Returns the alarms. Rejects a topic that CloudTrail notifies of every log file: subscribers
    /// would not notice an alarm, and CloudWatch cannot use the key that encrypts the topic.
    pub(super) fn resolve(self, topics: &[Topic], problems: &mut Problems) -> Vec<Alarm> {
        let topics: BTreeSet<&Arn> = topics.iter().map(|topic| &topic.arn).collect();
        for (alarm, place) in &self.alarms {
            if topics.contains(&alarm.topic) {
                let message = format!("topic `{}` is notified of every log file", alarm.topic);
                problems.add(*place, message, "use another topic for the alarms, with its own subscribers");
            }
        }
        self.alarms.into_iter().map(|(alarm, _)| alarm).collect()
    }
}

use reconcile_policy::Arn;

use super::{Installation, Site, Tags};
use crate::facts::alarm::{CIS_ALARMS, CisAlarm};
use crate::names::LogGroupName;

/// An alarm on events of a log group: a metric filter, and the CloudWatch alarm on its metric. Both
/// have the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The account and Region of the log group, and of the alarm.
    pub site: Site,
    /// The name of the metric filter and of the alarm, derived from the name of the installation.
    pub name: String,
    /// The name of the log group.
    pub group: LogGroupName,
    /// The ARN of the log group, without the suffix `:*`.
    pub group_arn: Arn,
    /// The alarm of the benchmark, with the pattern of the detected events.
    pub detects: &'static CisAlarm,
    /// The namespace of the metric, whose name is the name of [`Alarm::detects`].
    pub namespace: String,
    /// The topic that the alarm notifies.
    pub topic: Arn,
    /// The tags of the alarm. Metric filters have no tags.
    pub tags: Tags,
}

impl Installation {
    /// The prefixes of the names of the installation's metric filters and alarms, one for each name
    /// of the installation: the present name and the previous one.
    pub fn alarm_prefixes(&self) -> impl Iterator<Item = String> {
        self.names().map(|name| format!("reconcile-{name}-"))
    }

    /// Returns whether a metric filter or an alarm with this name belongs to the installation,
    /// under its present or its previous name.
    pub fn owns_alarm(&self, name: &str) -> bool {
        let mut prefixes = self.alarm_prefixes();
        prefixes.any(|prefix| {
            name.strip_prefix(&prefix).is_some_and(|rest| CIS_ALARMS.iter().any(|alarm| alarm.name == rest))
        })
    }

    /// The name of the metric filter and of the alarm that detect these events.
    pub(crate) fn alarm_name(&self, detects: &CisAlarm) -> String {
        format!("reconcile-{}-{}", self.name(), detects.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_installation_owns_its_names_under_both_of_its_names_and_no_others() {
        let installation = |name: &str, previous: Option<&str>| {
            Installation::new(name.parse().unwrap(), previous.map(|name| name.parse().unwrap()))
        };
        let of = installation("log", Some("old"));
        for (name, is_owned) in [
            ("reconcile-log-root-user", true),
            ("reconcile-old-root-user", true),
            ("reconcile-log-archive-root-user", false),
            ("reconcile-log-", false),
            ("reconcile-log-root", false),
            ("log-root-user", false),
            ("RootUser", false),
        ] {
            assert_eq!(of.owns_alarm(name), is_owned, "{name}");
        }
        for alarm in &CIS_ALARMS {
            let name = installation("log-archive", None).alarm_name(alarm);
            assert!(installation("log-archive", None).owns_alarm(&name), "{name}");
            assert!(!of.owns_alarm(&name), "{name}");
        }
    }
}

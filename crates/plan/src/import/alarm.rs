//! Writes the metric filters and alarms of an installation as YAML of a spec.
//!
//! The plan of a draft without metric filters and alarms deletes them, and its changes show them.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::Arn;
use reconcile_spec::{AccountName, CIS_ALARMS, SpecName};

use super::draft::Draft;
use super::text::{quoted, scalar};
use crate::plan::{Act, Change, Changed};
use crate::view::Trail;

/// The metric filters and alarms that plans of a draft delete in an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ImportedAlarms {
    /// The log groups of the metric filters.
    groups: BTreeSet<String>,
    /// The names of the metric filters, without the prefix of the installation.
    filters: BTreeSet<String>,
    /// The names of the alarms, without the prefix of the installation.
    alarms: BTreeSet<String>,
    /// The ARNs that the alarms notify.
    actions: BTreeSet<String>,
    /// Whether a plan would still change the metric filters or alarms, so that the spec cannot
    /// describe them.
    pub(super) is_other: bool,
}

/// The metric filters and alarms that were found in each account.
pub(super) type FoundAlarms = BTreeMap<AccountName, ImportedAlarms>;

/// Records the metric filter or alarm that a change deletes. Returns whether the draft can describe
/// it.
pub(super) fn carry(found: &mut FoundAlarms, name: &SpecName, change: &Change) -> bool {
    let found = found.entry(change.address.account.clone()).or_default();
    let prefix = format!("reconcile-{name}-");
    let is_new = match &change.changed {
        Changed::MetricFilter(_) => change.address.name.rsplit_once('/').and_then(|(group, filter)| {
            found.groups.insert(group.to_owned());
            Some(found.filters.insert(filter.strip_prefix(&prefix)?.to_owned()))
        }),
        Changed::Alarm(action) => change.address.name.strip_prefix(&prefix).map(|alarm| {
            found.actions.extend(action.views().before.into_iter().flat_map(|it| it.actions.clone()));
            found.alarms.insert(alarm.to_owned())
        }),
        Changed::ServiceAccess(_)
        | Changed::DelegatedAdministrator(_)
        | Changed::Key(_)
        | Changed::Alias(_)
        | Changed::KeyPolicy(_)
        | Changed::Grant(_)
        | Changed::Bucket(_)
        | Changed::BucketPolicy(_)
        | Changed::LogGroup(_)
        | Changed::Role(_)
        | Changed::Topic(_)
        | Changed::TopicPolicy(_)
        | Changed::Trail(_) => None,
    };
    // A draft cannot describe a resource that it already contains and that a plan still deletes.
    is_new == Some(true)
}

impl Draft<'_> {
    /// Returns the YAML of the alarms on the log group of a trail, if the spec can describe them.
    pub(super) fn alarms_of(&self, trail: &Trail, group: &str) -> Option<String> {
        let account = self.account(trail.arn.account())?;
        let found = self.alarms.get(&account.name).filter(|found| !found.is_other)?;
        let is_one = found.groups.len() == 1 && found.groups.contains(group);
        let [topic] = found.actions.iter().collect::<Vec<_>>()[..] else { return None };
        if !is_one || found.filters != found.alarms {
            return None;
        }
        let topic: Arn = topic.parse().ok().filter(|topic: &Arn| topic.service() == "sns")?;
        let is_local = topic.account() == trail.arn.account() && topic.region() == trail.arn.region();
        let topic = if is_local { scalar(topic.resource()) } else { quoted(topic.as_str()) };
        let ids = CIS_ALARMS.iter().filter(|alarm| found.alarms.contains(alarm.name)).map(|alarm| alarm.id);
        let ids: Vec<&str> = ids.collect();
        let controls = match ids.len() == CIS_ALARMS.len() {
            true => String::new(),
            false => format!("controls: [{}], ", ids.join(", ")),
        };
        Some(format!("alarms: {{ {controls}topic: {topic} }}"))
    }
}

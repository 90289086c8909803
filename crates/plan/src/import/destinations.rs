//! Writes the log groups and topics of trails as YAML of a spec.

use std::collections::BTreeSet;

use reconcile_policy::Arn;

use super::LeftOut;
use super::choice::Aspect;
use super::draft::Draft;
use super::key::is_key;
use super::text::{quoted, scalar};
use crate::observed::LiveTopic;
use crate::view::{AtRest, CloudWatchLogs, LogGroup, Notification, Tags, Trail};

impl Draft<'_> {
    /// The delivery to a log group, with a role of the installation.
    pub(super) fn logs_of(&self, trail: &Trail) -> Option<String> {
        let (group, role) = logs(trail)?;
        if self.why_not_logs(trail).is_some() {
            return None;
        }
        let live =
            self.setup.destinations.log_groups.get(&group).and_then(|it| it.as_ref().ok()?.as_ref())?;
        let LogGroup { retention_days, encryption, .. } = live;
        let mut parts =
            vec![format!("log_group: {}", scalar(group.resource().trim_start_matches("log-group:")))];
        parts.extend(retention_days.map(|days| format!("retention_days: {days}")));
        let (role, arn) = (role.resource_name(), role.clone());
        if role != format!("reconcile-{}-cloudtrail", self.name) {
            parts.push(format!("role_name: {}", scalar(role)));
        }
        parts.extend(self.boundary_of(&arn).map(|it| format!("permissions_boundary: {it}")));
        if self.is_with_key(encryption.as_ref()) {
            parts.push("encryption: key".to_owned());
        }
        parts.extend(self.alarms_of(trail, group.resource().trim_start_matches("log-group:")));
        Some(format!("cloudwatch_logs: {{ {} }}", parts.join(", ")))
    }

    /// The permissions boundary of a role, by name where its account has it.
    fn boundary_of(&self, role: &Arn) -> Option<String> {
        let live = self.setup.destinations.roles.get(role)?.as_ref().ok()?.as_ref()?;
        let boundary = live.boundary.as_ref()?;
        let name =
            boundary.resource().strip_prefix("policy/").filter(|_| boundary.account() == role.account());
        Some(name.map_or_else(|| quoted(boundary.as_str()), scalar))
    }

    /// Returns the reason why the spec does not name the log group of a trail.
    pub(super) fn why_not_logs(&self, trail: &Trail) -> Option<String> {
        let (group, role) = logs(trail)?;
        let destinations = &self.setup.destinations;
        if let Some(Err(error)) = destinations.log_groups.get(&group) {
            return Some(format!("it cannot be read: {error}"));
        }
        match destinations.roles.get(&role) {
            Some(Ok(Some(live))) if self.is_own(&live.tags) => {}
            Some(Ok(Some(live))) => return Some(foreign_reason(&format!("role {role}"), &live.tags)),
            Some(Err(error)) => return Some(format!("role {role} cannot be read: {error}")),
            Some(Ok(None)) | None => return Some(format!("role {role} does not exist")),
        }
        let is_aside = self.aside.contains(&Aspect::Logs(trail.arn.clone()));
        is_aside.then(|| "a plan would change the log group, its role or its encryption".to_owned())
    }

    /// The topic: one of the installation by its name, one of others by its ARN.
    pub(super) fn topic_of(&self, trail: &Trail) -> Option<String> {
        let arn = topic(trail)?;
        if self.aside.contains(&Aspect::Topic(trail.arn.clone())) {
            return None;
        }
        let by_arn = || Some(format!("sns_topic: {{ arn: {} }}", quoted(arn.as_str())));
        let live = self.setup.destinations.topics.get(&arn).and_then(|it| it.as_ref().ok()?.as_ref());
        let Some(live) = live.filter(|live| self.is_own_topic(live)) else { return by_arn() };
        let is_aside = self.aside.contains(&Aspect::TopicByName(trail.arn.clone()));
        let Some(account) = self.account(arn.account()).filter(|_| !is_aside) else { return by_arn() };
        if arn.region() != trail.arn.region() {
            return by_arn();
        }
        let mut parts = vec![format!("name: {}", scalar(arn.resource()))];
        if account.name != self.setup.bucket_account {
            parts.push(format!("account: {}", scalar(account.name.as_str())));
        }
        if self.is_with_key(live.view.encryption.as_ref()) {
            parts.push("encryption: key".to_owned());
        } else if self.manages_key_policy() && arn.region() == self.setup.region.as_str() {
            // By default, a topic that is created anew would be encrypted.
            parts.push("encryption: unmanaged".to_owned());
        }
        Some(format!("sns_topic: {{ {} }}", parts.join(", ")))
    }

    /// Returns whether the installation manages a topic: the topic has the tag, or a statement of the installation.
    fn is_own_topic(&self, live: &LiveTopic) -> bool {
        let ownership = self.ownership();
        self.is_own(&live.view.tags) || live.policy.statements().iter().any(|it| ownership.has(it))
    }

    /// Whether the key of the spec encrypts a log group or a topic.
    fn is_with_key(&self, encryption: Option<&AtRest>) -> bool {
        let key = self.key.filter(|_| !self.aside.contains(&Aspect::Key));
        let named = encryption.and_then(AtRest::key);
        key.zip(named).is_some_and(|(key, named)| is_key(named, key))
    }

    /// The log groups and topics of trails that the spec does not have.
    pub(super) fn destinations_left_out(&self) -> BTreeSet<LeftOut> {
        let mut left_out = BTreeSet::new();
        let mut add = |what: String, why: String| left_out.insert(LeftOut { what, why, hint: None });
        for (_, trail) in self.included() {
            if let (Some((group, _)), Some(why)) = (logs(trail), self.why_not_logs(trail)) {
                let why = format!("trail {} keeps delivering to it, unmanaged: {why}", trail.arn);
                add(format!("log group {group}"), why);
            }
            if let Some(arn) = topic(trail)
                && self.topic_of(trail).is_none()
            {
                let why = format!(
                    "trail {} keeps notifying it, unmanaged: reconcile cannot prove that CloudTrail can publish \
                     to it",
                    trail.arn
                );
                add(format!("topic {arn}"), why);
            }
        }
        left_out
    }
}

fn foreign_reason(what: &str, tags: &Tags) -> String {
    match tags.owner() {
        Some(owner) => format!("installation `{owner}` manages {what}"),
        None => format!("{what} does not carry the tag of this installation"),
    }
}

/// The log group of a trail and the role that delivers to it.
fn logs(trail: &Trail) -> Option<(Arn, Arn)> {
    let Some(CloudWatchLogs::To { group, role }) = &trail.cloudwatch_logs else { return None };
    Some((group.trim_end_matches(":*").parse().ok()?, role.parse().ok()?))
}

/// The topic of a trail.
pub(super) fn topic(trail: &Trail) -> Option<Arn> {
    match &trail.notification {
        Some(Notification::To { topic }) => topic.parse().ok(),
        Some(Notification::Off) | None => None,
    }
}

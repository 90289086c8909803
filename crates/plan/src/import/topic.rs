//! Writes the topics of trails as YAML of a spec.

use reconcile_policy::Arn;

use super::choice::Aspect;
use super::draft::Draft;
use super::text::{quoted, scalar};
use crate::observed::LiveTopic;
use crate::view::{Notification, Trail};

impl Draft<'_> {
    /// Returns the YAML of the topic: a topic of the installation by its name, and a foreign topic
    /// by its ARN.
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
            // By default, a topic that is created again would be encrypted.
            parts.push("encryption: unmanaged".to_owned());
        }
        Some(format!("sns_topic: {{ {} }}", parts.join(", ")))
    }

    /// Returns whether the installation manages a topic: the topic has the tag, or a statement of
    /// the installation.
    fn is_own_topic(&self, live: &LiveTopic) -> bool {
        let ownership = self.ownership();
        self.is_own(&live.view.tags) || live.policy.statements().iter().any(|it| ownership.has(it))
    }
}

/// Returns the topic of a trail.
pub(super) fn topic(trail: &Trail) -> Option<Arn> {
    match &trail.notification {
        Some(Notification::To { topic }) => topic.parse().ok(),
        Some(Notification::Off) | None => None,
    }
}

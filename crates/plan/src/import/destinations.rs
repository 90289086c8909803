//! The decisions of an import about both log groups and topics.

use std::collections::BTreeSet;

use super::LeftOut;
use super::choice::Aspect;
use super::draft::Draft;
use super::key::is_key;
use super::log_group::logs;
use super::topic::topic;
use crate::view::AtRest;

impl Draft<'_> {
    /// Returns whether the key of the spec encrypts a log group or a topic.
    pub(super) fn is_with_key(&self, encryption: Option<&AtRest>) -> bool {
        let key = self.key.filter(|_| !self.aside.contains(&Aspect::Key));
        let named = encryption.and_then(AtRest::key);
        key.zip(named).is_some_and(|(key, named)| is_key(named, key))
    }

    /// Returns the log groups and topics of trails that the spec does not have.
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

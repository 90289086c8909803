use std::collections::BTreeMap;

use super::Installation;

/// The tag that says that a resource is ours; its value is the name of the spec.
pub const OWNER_TAG: &str = "reconcile:spec";

/// The tag of a bucket, key or topic that lists the forms of its policy in which CloudTrail refused a trail.
///
/// The memory is a tag because every machine that plans sees it, a fresh CI runner included, and because it exists as long as
/// the policy can. The journal is on one disk, and the policy itself is restored byte for byte after a refusal.
pub const REFUSED_FORMS_TAG: &str = "reconcile:refused-forms";

/// The tag of a trail that names the log group to which the trail delivered before.
pub const FORMER_LOG_GROUP_TAG: &str = "reconcile:former-log-group";
/// The tag of a trail that names the role with which the trail delivered to a log group before.
pub const FORMER_ROLE_TAG: &str = "reconcile:former-role";
/// The tag of a trail that names the topic that the trail notified before.
pub const FORMER_TOPIC_TAG: &str = "reconcile:former-topic";

/// The tags that `reconcile` sets by itself.
pub const OWN_TAGS: [&str; 5] =
    [OWNER_TAG, REFUSED_FORMS_TAG, FORMER_LOG_GROUP_TAG, FORMER_ROLE_TAG, FORMER_TOPIC_TAG];

/// The tags of every taggable resource. Always holds [`OWNER_TAG`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    tags: BTreeMap<String, String>,
    is_enforced: bool,
    installation: Installation,
}

impl Tags {
    /// Tags that every resource has to have.
    pub(crate) fn enforced(installation: &Installation, given: BTreeMap<String, String>) -> Self {
        let (tags, installation) = (with_owner(installation, given), installation.clone());
        Self { tags, is_enforced: true, installation }
    }

    /// What exists keeps its tags; what is made is marked as ours all the same, or it could not be found
    /// again.
    pub(crate) fn unmanaged(installation: &Installation) -> Self {
        let (tags, installation) = (with_owner(installation, BTreeMap::new()), installation.clone());
        Self { tags, is_enforced: false, installation }
    }

    /// The tags that a resource has to have. `live` are the tags of a resource that exists, `None` of one that is to be
    /// created.
    ///
    /// The mark of another installation stays: that installation was there first. The mark of the previous name of this
    /// one is replaced, also where tags are left alone: without it, the resource would seem to be another installation's.
    pub fn wanted(&self, live: Option<&BTreeMap<String, String>>) -> BTreeMap<String, String> {
        let owner = live.and_then(|live| live.get(OWNER_TAG));
        let is_marked = owner.is_some_and(|owner| self.installation.has_name(owner));
        let is_wanted = |key: &str| match key {
            OWNER_TAG => is_marked || (owner.is_none() && (self.is_enforced || live.is_none())),
            _ => self.is_enforced || live.is_none(),
        };
        let wanted = self.tags.iter().filter(|(key, _)| is_wanted(key));
        wanted.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

fn with_owner(installation: &Installation, mut tags: BTreeMap<String, String>) -> BTreeMap<String, String> {
    tags.insert(OWNER_TAG.to_owned(), installation.name().to_string());
    tags
}

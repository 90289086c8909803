use std::collections::BTreeMap;

use super::Installation;

/// The tag that marks managed resources; its value is the name of the spec.
pub const OWNER_TAG: &str = "reconcile:spec";

/// The tag of a bucket, key or topic that lists the forms of its policy with which CloudTrail
/// refused a trail.
///
/// A tag stores the forms because every machine that plans can read the tag, including a fresh CI
/// runner, and because the tag exists as long as the resource. The journal exists on one machine
/// only. The policy cannot store the forms: after a refusal, `apply` restores the previous policy
/// byte for byte.
pub const REFUSED_FORMS_TAG: &str = "reconcile:refused-forms";

/// The tag of a trail that names its earlier log group.
pub const FORMER_LOG_GROUP_TAG: &str = "reconcile:former-log-group";
/// The tag of a trail that names the role with which it delivered to an earlier log group.
pub const FORMER_ROLE_TAG: &str = "reconcile:former-role";
/// The tag of a trail that names its earlier topic.
pub const FORMER_TOPIC_TAG: &str = "reconcile:former-topic";

/// The tags that `reconcile` sets by itself.
pub const OWN_TAGS: [&str; 5] =
    [OWNER_TAG, REFUSED_FORMS_TAG, FORMER_LOG_GROUP_TAG, FORMER_ROLE_TAG, FORMER_TOPIC_TAG];

/// The tags of every taggable resource. They always contain [`OWNER_TAG`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    tags: BTreeMap<String, String>,
    is_enforced: bool,
    installation: Installation,
}

impl Tags {
    /// Creates tags that every resource must have.
    pub(crate) fn enforced(installation: &Installation, given: BTreeMap<String, String>) -> Self {
        let (tags, installation) = (with_owner(installation, given), installation.clone());
        Self { tags, is_enforced: true, installation }
    }

    /// Creates tags that are not enforced on existing resources. New resources still get the tag of
    /// the owner, because they could not be found again without it.
    pub(crate) fn unmanaged(installation: &Installation) -> Self {
        let (tags, installation) = (with_owner(installation, BTreeMap::new()), installation.clone());
        Self { tags, is_enforced: false, installation }
    }

    /// Returns the tags that a resource must have. `live` are the tags of an existing resource, or
    /// `None` for a resource that will be created.
    ///
    /// The owner tag of another installation is kept, because that installation claimed the
    /// resource first. The owner tag with the previous name of this installation is replaced, even
    /// if tags are unmanaged: otherwise, the resource would seem to belong to another installation.
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

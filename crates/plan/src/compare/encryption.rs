//! Decides which topics and log groups the key of the spec encrypts, besides log files.

use std::collections::BTreeSet;

use reconcile_policy::Arn;
use reconcile_spec::AtRest;

use super::CompareContext;
use super::change::Compared;
use crate::address::Address;
use crate::observed::UsedKey;
use crate::plan::{Warning, WarningCode};
use crate::view::{self, Tags};

impl CompareContext<'_> {
    /// Returns the addresses that an encryption depends on: the key, and the key policy, which
    /// allows CloudWatch Logs and CloudTrail to use the key.
    pub(super) fn needs_of(&self, encryption: Option<&view::AtRest>) -> Vec<Address> {
        match encryption {
            Some(_) => vec![self.key_address(), self.key_policy_address()],
            None => Vec::new(),
        }
    }

    /// Returns the wanted encryption of a topic or log group; `None` leaves the encryption
    /// unmanaged. `live` is `None` if the resource does not exist.
    pub(super) fn at_rest(
        &self,
        wanted: AtRest,
        arn: &Arn,
        live: Option<(Option<&view::AtRest>, &Tags)>,
    ) -> Option<view::AtRest> {
        let is_wanted = match (wanted, live) {
            (AtRest::Key, _) | (AtRest::KeyFromCreation, None) => true,
            // A managed resource that was created with encryption stays encrypted. The resource is
            // encrypted now, or the key policy shows that it was encrypted.
            (AtRest::KeyFromCreation, Some((encryption, tags))) => {
                let is_encrypted = matches!(encryption, Some(view::AtRest::Kms { .. }));
                let was_encrypted = || self.granted.contains(arn);
                tags.belong_to(&self.desired.installation) && (is_encrypted || was_encrypted())
            }
            (AtRest::Unmanaged, _) => false,
        };
        let as_named = live.and_then(|(encryption, _)| encryption).filter(|_| self.is_encrypted(arn));
        // A topic can also name the key by its ID or alias.
        let with_key = || as_named.cloned().unwrap_or(view::AtRest::Kms { key: self.key.clone() });
        is_wanted.then(with_key)
    }

    /// Returns whether the key of the spec encrypts the topic or log group now.
    fn is_encrypted(&self, arn: &Arn) -> bool {
        self.observed.used_keys.get(arn) == Some(&UsedKey::Own)
    }

    /// Returns the topics that the key encrypts under the plan, and for which CloudTrail needs
    /// permission to use the key.
    pub(super) fn encrypted_topics(&self) -> Vec<Arn> {
        let (desired, observed) = (self.desired, self.observed);
        let own = desired.topics.iter().filter(|topic| match observed.topics.get(&topic.arn) {
            Some(live) => {
                let live = live.as_ref().map(|live| (live.view.encryption.as_ref(), &live.view.tags));
                self.is_encrypted(&topic.arn) || self.at_rest(topic.encryption, &topic.arn, live).is_some()
            }
            None => self.granted.contains(&topic.arn),
        });
        let existing =
            desired.existing_topics.iter().filter(|topic| match observed.existing_topics.get(&topic.arn) {
                Some(Ok(_)) => self.is_encrypted(&topic.arn),
                Some(Err(_)) | None => self.granted.contains(&topic.arn),
            });
        let own = own.map(|topic| &topic.arn).chain(existing.map(|topic| &topic.arn));
        self.with_others(own, "sns")
    }

    /// Returns the log groups that the key encrypts or has encrypted, because CloudWatch Logs needs
    /// the key to read these events.
    pub(super) fn encrypted_log_groups(&self) -> Vec<Arn> {
        let (desired, observed) = (self.desired, self.observed);
        let own = desired.log_groups.iter().filter(|group| {
            let live = observed.log_groups.get(&group.arn).and_then(Option::as_ref);
            let live = live.map(|live| (live.encryption.as_ref(), &live.tags));
            let is_gone = observed.log_groups.get(&group.arn) == Some(&None);
            self.is_encrypted(&group.arn)
                || self.at_rest(group.encryption, &group.arn, live).is_some()
                || (self.granted.contains(&group.arn) && !is_gone)
        });
        self.with_others(own.map(|group| &group.arn), "logs")
    }

    fn with_others<'a>(&self, own: impl Iterator<Item = &'a Arn>, service: &str) -> Vec<Arn> {
        let others = self.still_encrypted().filter(|arn| arn.service() == service);
        let all: BTreeSet<Arn> = own.cloned().chain(others.cloned()).collect();
        all.into_iter().collect()
    }

    /// Returns the topics and log groups that are not in the spec, are kept, and still need the
    /// key.
    pub(super) fn still_encrypted(&self) -> impl Iterator<Item = &Arn> {
        self.observed.still_encrypted.keys().filter(|arn| !self.is_deleted(arn.as_str()))
    }
}

/// Warns about resources that are not in the spec and are still encrypted with the key.
pub(super) fn warn(context: &CompareContext<'_>, compared: &mut Compared) {
    for arn in context.still_encrypted() {
        let why = match context.observed.still_encrypted.get(arn) {
            Some(Some(why)) => format!("which cannot be read: {why}"),
            Some(None) | None => "which is not in the spec".to_owned(),
        };
        compared.warnings.push(Warning {
            code: WarningCode::StillEncrypted,
            address: context.key_policy_address(),
            message: format!("the key policy still allows the use of the key for {arn}, {why}"),
        });
    }
}

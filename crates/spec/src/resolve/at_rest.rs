//! Resolves the encryption of log groups and topics.

use reconcile_policy::Region;

use super::{key_policy, policy};
use crate::desired::AtRest;
use crate::problems::Problems;
use crate::raw::{Located, OrUnmanaged, RawAtRest, RawSpec};

/// The properties of the key that decide which resources the key can encrypt.
pub(super) struct KeyFacts<'r> {
    /// The Region of the key, which is the Region of the bucket; `None` if the Region has a
    /// problem.
    region: Option<&'r Region>,
    /// Whether the spec has a key.
    exists: bool,
    /// Whether the key policy gets the statements that the encryption requires.
    is_policy_managed: bool,
}

impl<'r> KeyFacts<'r> {
    pub(super) fn of(raw: &RawSpec, region: Option<&'r Region>) -> Self {
        Self {
            region,
            exists: matches!(raw.key.value, OrUnmanaged::Value(_)),
            is_policy_managed: policy::is_managed(key_policy::settings_of(&raw.key.value)),
        }
    }

    /// Returns whether services of a Region can use the key.
    fn is_in(&self, region: &Region) -> bool {
        self.region.is_none_or(|own| own == region)
    }

    /// Returns whether new resources of a Region are encrypted with the key by default.
    pub(super) fn is_default_in(&self, region: Option<&Region>) -> bool {
        self.exists && self.is_policy_managed && region.is_some_and(|it| self.is_in(it))
    }

    /// Resolves the encryption of a resource. `what` is the noun for the resource in messages, and
    /// `region` is its Region.
    pub(super) fn resolve(
        &self,
        raw: &Located<RawAtRest>,
        what: &str,
        region: Option<&Region>,
        problems: &mut Problems,
    ) -> AtRest {
        if raw.value == RawAtRest::Unmanaged {
            return AtRest::Unmanaged;
        }
        if !self.exists {
            problems.add(
                raw.place,
                format!("{what} cannot be encrypted with the key: the spec has `key: unmanaged`"),
                "set an `alias` or an `arn` in `key`, or set `encryption: unmanaged`",
            );
        } else if let (Some(region), Some(own)) = (region.filter(|region| !self.is_in(region)), self.region) {
            problems.add(
                raw.place,
                format!("{what} is in {region}, but the key is in {own}"),
                "AWS encrypts only with a key of the same Region: set `encryption: unmanaged`",
            );
        }
        AtRest::Key
    }
}

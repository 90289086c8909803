//! Writes the key of an installation as YAML of a spec.

use reconcile_policy::KeyIdentifier;
use reconcile_spec::AliasName;

use super::choice::Aspect;
use super::draft::Draft;
use super::text::{About, Text, quoted, scalar};
use crate::observed::SetupKey;
use crate::view::Rotation;

impl Draft<'_> {
    /// The alias by which the spec names the key. If trails have the tag of the installation but
    /// the key does not, the key is foreign, and the spec names it by its ARN.
    pub(super) fn alias(&self) -> Option<&AliasName> {
        let key = self.key?;
        let is_of_others = self.is_installation() && !self.is_own(&key.key.view.tags);
        key.alias.as_ref().filter(|_| !is_of_others && !self.aside.contains(&Aspect::Alias))
    }

    pub(super) fn write_key(&self, text: &mut Text) {
        let Some(key) = self.key.filter(|_| !self.aside.contains(&Aspect::Key)) else {
            self.write_no_key(text);
            return;
        };
        let fixed = About::Fixed(format!("key {}", key.key.arn));
        text.push("key:", &fixed);
        match self.alias() {
            Some(alias) => text.push(format!("  alias: {}", scalar(alias.as_str())), &fixed),
            None => text.push(format!("  arn: {}", quoted(key.key.arn.as_str())), &fixed),
        }
        if key.account != self.setup.bucket_account {
            text.push(format!("  account: {}", scalar(key.account.as_str())), &fixed);
        }
        if self.alias().is_some() {
            self.write_description(key, text);
            self.write_rotation(key, text);
        }
        self.write_administrators(key, text);
        self.write_grants(key, text);
        self.write_key_policy(text);
        text.comment("");
    }

    /// Writes `key: unmanaged`, and a comment with the line that would create a key.
    fn write_no_key(&self, text: &mut Text) {
        text.comment("# To encrypt every trail with one key, replace `key: unmanaged` with this line. `reconcile` creates the key if");
        text.comment("# no key has this alias:");
        text.comment(format!("# key: {{ alias: {}-cloudtrail }}", self.name));
        text.push("key: unmanaged", &About::Aspect(Aspect::Key));
        text.comment("");
    }

    fn write_description(&self, key: &SetupKey, text: &mut Text) {
        let live = key.key.view.description.as_deref().unwrap_or_default();
        let is_default = live == format!("CloudTrail logs of {}", self.name);
        let is_managed = is_default || self.is_own(&key.key.view.tags);
        if self.aside.contains(&Aspect::Description) || !is_managed {
            text.keep("  description: unmanaged", Aspect::Description);
        } else if !is_default {
            text.push(format!("  description: {}", quoted(live)), &About::Aspect(Aspect::Description));
        }
    }

    fn write_rotation(&self, key: &SetupKey, text: &mut Text) {
        match key.key.view.rotation.filter(|_| !self.aside.contains(&Aspect::Rotation)) {
            Some(Rotation::EveryDays(365)) => {}
            Some(Rotation::EveryDays(days)) => {
                text.push(format!("  rotation_days: {days}"), &About::Aspect(Aspect::Rotation));
            }
            Some(Rotation::Off) | None => text.keep("  rotation_days: unmanaged", Aspect::Rotation),
        }
    }
}

/// Returns whether the key has this name: its ARN, its ID, or the name or ARN of its alias.
pub(super) fn is_key(name: &KeyIdentifier, key: &SetupKey) -> bool {
    let arn = &key.key.arn;
    let alias = key.alias.as_ref().map(AliasName::with_prefix);
    let is_alias = |alias: String| match name {
        KeyIdentifier::Arn(named) => {
            named.account() == arn.account() && named.region() == arn.region() && named.resource() == alias
        }
        KeyIdentifier::Alias(named) => *named == alias,
        KeyIdentifier::Id(_) => false,
    };
    name.is_of(arn) || alias.is_some_and(is_alias)
}

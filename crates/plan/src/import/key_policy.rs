//! Writes the key policy of an installation, and the administrators of the key, as YAML of a spec.

use reconcile_policy::{Arn, Recovered};

use super::choice::Aspect;
use super::draft::Draft;
use super::policy::write_policy;
use super::text::{About, Text, quoted};
use crate::observed::SetupKey;

impl Draft<'_> {
    /// The content of the managed statements, if the spec manages the key policy.
    pub(super) fn own_key_statements(&self) -> Option<&Recovered> {
        self.own_key.as_ref().filter(|_| self.manages_key_policy())
    }

    pub(super) fn manages_key_policy(&self) -> bool {
        self.lacking.key || !self.aside.contains(&Aspect::KeyPolicy)
    }

    pub(super) fn write_key_policy(&self, text: &mut Text) {
        if !self.manages_key_policy() {
            text.keep("  policy: unmanaged", Aspect::KeyPolicy);
            return;
        }
        write_policy(self.own_key_statements(), self.lacking.key, Aspect::KeyPolicy, text);
    }

    /// Writes the administrators, unless they are the default: the root principal of the account of
    /// the key, or nobody if the spec names the key by its ARN.
    pub(super) fn write_administrators(&self, key: &SetupKey, text: &mut Text) {
        let Some(own) = self.own_key_statements().filter(|_| !self.aside.contains(&Aspect::Administrators))
        else {
            return;
        };
        let partition = self.setup.region.partition();
        let root = Arn::new(partition, "iam", "", key.key.arn.account(), "root");
        let is_default = match self.alias() {
            Some(_) => own.administrators == [root],
            None => own.administrators.is_empty(),
        };
        if !is_default && !own.administrators.is_empty() {
            let arns: Vec<String> = own.administrators.iter().map(|arn| quoted(arn.as_str())).collect();
            let about = About::Aspect(Aspect::Administrators);
            text.push(format!("  administrators: [{}]", arns.join(", ")), &about);
        }
    }
}

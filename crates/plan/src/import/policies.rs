//! Writes policies, readers, grants and administrators as YAML of a spec.

use reconcile_policy::{Arn, Logs, Reader, Recovered};
use reconcile_spec::{self as spec, ConstraintKind, Grantee, Site};
use serde_json::Value;

use super::choice::Aspect;
use super::draft::Draft;
use super::text::{About, Text, quoted, scalar};
use crate::observed::SetupKey;
use crate::view::{Constraints, Grant};

impl Draft<'_> {
    /// The content of the managed statements, if the spec manages the bucket policy.
    fn managed_bucket(&self) -> Option<&Recovered> {
        self.own_bucket.as_ref().filter(|_| self.manages_bucket_policy())
    }

    /// The content of the managed statements, if the spec manages the key policy.
    fn managed_key(&self) -> Option<&Recovered> {
        self.own_key.as_ref().filter(|_| self.manages_key_policy())
    }

    pub(super) fn manages_bucket_policy(&self) -> bool {
        self.lacking.bucket || !self.aside.contains(&Aspect::BucketPolicy)
    }

    pub(super) fn manages_key_policy(&self) -> bool {
        self.lacking.key || !self.aside.contains(&Aspect::KeyPolicy)
    }

    pub(super) fn write_bucket_policy(&self, text: &mut Text) {
        if !self.manages_bucket_policy() {
            text.keep("  policy: unmanaged", Aspect::BucketPolicy);
            return;
        }
        write_policy(self.managed_bucket(), self.lacking.bucket, Aspect::BucketPolicy, text);
    }

    pub(super) fn write_key_policy(&self, text: &mut Text) {
        if !self.manages_key_policy() {
            text.keep("  policy: unmanaged", Aspect::KeyPolicy);
            return;
        }
        write_policy(self.managed_key(), self.lacking.key, Aspect::KeyPolicy, text);
    }

    /// The readers of the policies that the spec manages.
    pub(super) fn write_readers(&self, text: &mut Text) {
        let own = self.managed_bucket().or_else(|| self.managed_key());
        let readers: Vec<String> =
            own.into_iter().flat_map(|own| &own.readers).filter_map(|reader| self.reader(reader)).collect();
        if readers.is_empty() || self.aside.contains(&Aspect::Readers) {
            return;
        }
        let about = About::Aspect(Aspect::Readers);
        text.push("readers:", &about);
        for reader in readers {
            text.push(format!("  - {reader}"), &about);
        }
        text.comment("");
    }

    /// The reader in the words of a spec; `None` where it reads logs of an account that the spec does not declare.
    fn reader(&self, reader: &Reader) -> Option<String> {
        let principal = &reader.principal;
        let root = self.account(principal.account()).filter(|_| principal.resource() == "root");
        let who = match root {
            Some(account) => format!("account: {}", scalar(account.name.as_str())),
            None => format!("principal: {}", quoted(principal.as_str())),
        };
        let logs = match &reader.logs {
            Logs::All => "all".to_owned(),
            Logs::Of(accounts) => match accounts.as_slice() {
                [one] if one.as_str() == principal.account() => "own".to_owned(),
                accounts => {
                    let name = |id: &reconcile_policy::AccountId| {
                        Some(scalar(self.account(id.as_str())?.name.as_str()))
                    };
                    let names: Option<Vec<String>> = accounts.iter().map(name).collect();
                    format!("[{}]", names?.join(", "))
                }
            },
        };
        Some(format!("{{ {who}, logs: {logs} }}"))
    }

    /// Administrators other than the default: the root of the account of the key, or nobody for a key by its ARN.
    pub(super) fn write_administrators(&self, key: &SetupKey, text: &mut Text) {
        let Some(own) = self.managed_key().filter(|_| !self.aside.contains(&Aspect::Administrators)) else {
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

    /// The grants of the installation.
    pub(super) fn write_grants(&self, key: &SetupKey, text: &mut Text) {
        let grants: Vec<(&Grant, String)> = key
            .grants
            .iter()
            .filter(|grant| !self.aside.contains(&Aspect::Grant(grant.name.clone())))
            .filter_map(|grant| Some((grant, self.grant(key, grant)?)))
            .collect();
        if grants.is_empty() {
            return;
        }
        text.push("  grants:", &About::Fixed(format!("key {}", key.key.arn)));
        for (grant, said) in grants {
            text.push(format!("    - {said}"), &About::Aspect(Aspect::Grant(grant.name.clone())));
        }
    }

    /// A grant in the words of a spec; `None` where it is not one of the installation.
    fn grant(&self, key: &SetupKey, grant: &Grant) -> Option<String> {
        let grantee = match &grant.source_arn {
            Some(source) => {
                Grantee::Service { name: grant.grantee.clone(), source_arn: source.parse().ok()? }
            }
            None => Grantee::Principal(grant.grantee.parse().ok()?),
        };
        let constraints = grant.constraints.as_ref().map(|constraints| match constraints {
            Constraints::EncryptionContextEquals(pairs) => (ConstraintKind::Equals, pairs),
            Constraints::EncryptionContextSubset(pairs) => (ConstraintKind::Subset, pairs),
        });
        let retiring = grant.retiring_principal.as_ref().map(|arn| arn.parse()).transpose().ok()?;
        let desired = spec::Grant {
            site: Site { account: key.account.clone(), region: self.setup.region.clone() },
            aws_name: grant.name.clone(),
            grantee,
            operations: grant.operations.clone(),
            constraints: constraints
                .map(|(kind, pairs)| spec::Constraints { kind, encryption_context: pairs.clone() }),
            retiring_principal: retiring,
        };
        let name = desired.name_in_spec(&self.found)?;
        let mut parts = vec![format!("name: {}", scalar(&name))];
        match &desired.grantee {
            Grantee::Principal(arn) => parts.push(format!("grantee: {}", quoted(arn.as_str()))),
            Grantee::Service { name, source_arn } => {
                parts.push(format!("grantee_service: {}", quoted(name)));
                parts.push(format!("source_arn: {}", quoted(source_arn.as_str())));
            }
        }
        parts.push(format!("operations: [{}]", desired.operations.join(", ")));
        if let Some(constraints) = &desired.constraints {
            let kind = match constraints.kind {
                ConstraintKind::Equals => "encryption_context_equals",
                ConstraintKind::Subset => "encryption_context_subset",
            };
            let pairs = Value::from_iter(constraints.encryption_context.clone());
            parts.push(format!("constraints: {{ {kind}: {pairs} }}"));
        }
        if let Some(arn) = &desired.retiring_principal {
            parts.push(format!("retiring_principal: {}", quoted(arn.as_str())));
        }
        Some(format!("{{ {} }}", parts.join(", ")))
    }
}

/// Writes the statements that a user wrote out for a policy that the spec manages.
fn write_policy(own: Option<&Recovered>, completes: bool, aspect: Aspect, text: &mut Text) {
    if completes {
        text.comment("  # The live policy does not let every trail deliver, so this spec manages it.");
    }
    let extra = own.map(|own| own.extra.as_slice()).unwrap_or_default();
    if extra.is_empty() {
        return;
    }
    let about = About::Aspect(aspect);
    text.push("  policy:", &about);
    text.push("    extra_statements:", &about);
    for statement in extra {
        text.push(format!("      - {statement}"), &about);
    }
}

//! Writes the grants of an installation as YAML of a spec.

use reconcile_spec::{self as spec, ConstraintKind, Grantee, Site};
use serde_json::Value;

use super::choice::Aspect;
use super::draft::Draft;
use super::text::{About, Text, quoted, scalar};
use crate::observed::SetupKey;
use crate::view::{Constraints, Grant};

impl Draft<'_> {
    /// Writes the grants of the installation.
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

    /// Returns the YAML of a grant; `None` if the grant does not belong to the installation.
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

//! Compares the KMS grants that the spec asks for. Others' grants are not looked at.

use reconcile_spec::{self as spec, ConstraintKind};

use super::Scope;
use super::change::{Compared, Terms};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::{Action, Changed, Phase, Risk};
use crate::view::{Constraints, Grant};

/// Adds the grants that are missing. Gives those of ours that nobody asks for, to be revoked in the contract phase:
/// a grant that changes is made anew first, and the old one goes when nothing relies on it.
pub(super) fn compare(scope: &Scope<'_>, compared: &mut Compared) -> Vec<Grant> {
    let live = scope.observed.key.iter().flat_map(|hub| &hub.grants);
    let mut ours: Vec<&Grant> =
        live.filter(|grant| scope.desired.installation.owns_grant(&grant.name)).collect();

    for desired in &scope.desired.grants {
        let wanted = view(scope, desired);
        // The name ends in a digest of the content; what KMS shows of the content may be spelled otherwise (a service
        // for a principal, an id for an ARN), so the name decides.
        match ours.iter().position(|grant| grant.name == wanted.name) {
            Some(position) => {
                ours.remove(position);
                compared.unchanged += 1;
            }
            None => compared.view(terms(scope, &wanted.name, Phase::Expand), None, wanted),
        }
    }
    ours.into_iter().cloned().collect()
}

/// Revokes what [`compare`] found to be nobody's wish.
pub(super) fn contract(scope: &Scope<'_>, unwanted: Vec<Grant>, compared: &mut Compared) {
    for grant in unwanted {
        let terms = terms(scope, &grant.name, Phase::Contract);
        if !scope.desired.deletion.grants {
            compared.warn_of_kept(&terms.address, "deletion.grants");
            continue;
        }
        match scope.withholds(&terms.address, "revoking this grant") {
            Some(warning) => compared.warnings.push(warning),
            None => compared.delete(terms, grant),
        }
    }
}

fn terms(scope: &Scope<'_>, name: &str, phase: Phase) -> Terms<Grant> {
    let account = &scope.desired.key.site.account;
    Terms {
        address: Address::new(Kind::Grant, account, name),
        place: scope.place(&scope.desired.key.site),
        phase,
        depends_on: match phase {
            Phase::Expand | Phase::Converge => vec![scope.key_address()],
            // Every grant that may take the place of this one.
            Phase::Contract => scope
                .desired
                .grants
                .iter()
                .map(|grant| Address::new(Kind::Grant, account, &grant.aws_name))
                .collect(),
        },
        changed: Changed::Grant,
        explain,
    }
}

fn view(scope: &Scope<'_>, grant: &spec::Grant) -> Grant {
    Grant {
        name: grant.aws_name.clone(),
        key: scope.key.clone(),
        id: None,
        grantee: grant.grantee.to_string(),
        operations: grant.operations.clone(),
        constraints: grant.constraints.as_ref().map(|constraints| {
            let pairs = constraints.encryption_context.clone();
            match constraints.kind {
                ConstraintKind::Equals => Constraints::EncryptionContextEquals(pairs),
                ConstraintKind::Subset => Constraints::EncryptionContextSubset(pairs),
            }
        }),
        source_arn: grant.source_arn().map(ToString::to_string),
        retiring_principal: grant.retiring_principal.as_ref().map(ToString::to_string),
    }
}

fn explain(action: &Action<Grant>, _: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        Action::Create { after } => (vec![format!("{} may not use the key yet", after.grantee)], Risk::Safe),
        Action::Update { .. } | Action::Delete { .. } => {
            (vec!["the spec has no such grant (any more)".to_owned()], Risk::Disruptive)
        }
    }
}

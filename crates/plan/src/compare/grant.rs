//! Compares the KMS grants of the spec by their content. Foreign grants are not compared.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_spec::{self as spec, ConstraintKind};

use super::CompareContext;
use super::change::{ChangeParts, Compared};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::{Changed, CreateOrDelete, Phase, Risk, WarningCode};
use crate::view::{Constraints, Grant};

/// Adds the missing grants. Returns the managed grants that are not in the spec, for the contract
/// phase. If a grant changes, the new grant is created first, and the old grant is revoked when
/// nothing relies on the old grant.
pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) -> Vec<Grant> {
    let live = context.observed.key.iter().flat_map(|hub| &hub.grants);
    let mut ours: Vec<&Grant> =
        live.filter(|grant| context.desired.installation.owns_grant(&grant.name)).collect();

    for desired in &context.desired.grants {
        let wanted = view(context, desired);
        // The name ends in a digest of the content, but anybody can create a grant of the same name
        // with other content.
        match ours.iter().position(|grant| grant.name == wanted.name && allows_the_same(grant, &wanted)) {
            Some(position) => {
                let live = ours.remove(position);
                if is_unique_id(&live.grantee) {
                    let address = Address::new(Kind::Grant, &context.desired.key.site.account, &wanted.name);
                    compared.warn(WarningCode::GranteeById, address, by_id(&live.grantee, &wanted.grantee));
                }
                compared.unchanged += 1;
            }
            None => compared.create(parts(context, &wanted.name, Phase::Expand), wanted),
        }
    }
    ours.into_iter().cloned().collect()
}

/// Revokes the grants that [`compare`] returned.
pub(super) fn contract(context: &CompareContext<'_>, unwanted: Vec<Grant>, compared: &mut Compared) {
    for grant in unwanted {
        let parts = parts(context, &unwanted_name(context, &grant), Phase::Contract);
        if !context.desired.deletion.grants {
            compared.warn_of_kept(&parts.address, "deletion.grants");
            continue;
        }
        match context.withholds(&parts.address, "revoking this grant") {
            Some(warning) => compared.warnings.push(warning),
            None => compared.delete(parts, grant),
        }
    }
}

/// Returns whether a live grant allows the same operations as the wanted grant, to the same
/// principals and under the same constraints.
///
/// KMS does not always return the values of the request: KMS can show a principal by its unique ID,
/// and ignores the case of the keys of an encryption context. See "Grants in AWS KMS" in the KMS
/// developer guide, and `ListGrants` in the KMS API reference.
pub fn allows_the_same(live: &Grant, wanted: &Grant) -> bool {
    let operations = |grant: &Grant| grant.operations.iter().cloned().collect::<BTreeSet<_>>();
    is_same_principal(&live.grantee, &wanted.grantee)
        && operations(live) == operations(wanted)
        && live.constraints.as_ref().map(folded) == wanted.constraints.as_ref().map(folded)
        && live.source_arn == wanted.source_arn
        && match (&live.retiring_principal, &wanted.retiring_principal) {
            (Some(live), Some(wanted)) => is_same_principal(live, wanted),
            (live, wanted) => live == wanted,
        }
}

/// Returns whether a live name of a principal can mean the wanted principal. The unique ID of a
/// role or user may be the ID of the wanted principal; only IAM knows.
fn is_same_principal(live: &str, wanted: &str) -> bool {
    let of_kind = |kind: &str| wanted.split(':').nth(5).is_some_and(|it| it.starts_with(kind));
    match live.get(..4) {
        _ if live == wanted => true,
        Some("AROA") => of_kind("role/") || of_kind("assumed-role/"),
        Some("AIDA") => of_kind("user/"),
        // KMS can name an account by its ID.
        _ => wanted.ends_with(":root") && wanted.split(':').nth(4) == Some(live),
    }
}

/// Returns whether a principal is a unique ID. See "Unique identifiers" under "IAM identifiers" in
/// the IAM user guide.
fn is_unique_id(principal: &str) -> bool {
    matches!(principal.get(..4), Some("AROA" | "AIDA"))
}

fn by_id(id: &str, wanted: &str) -> String {
    format!(
        "KMS shows the grantee as `{id}`. If that is not the current id of {wanted}, the principal was deleted \
         and created again, and the grant has no effect: revoke the grant, and the next apply creates it again"
    )
}

/// The constraints with the keys of the encryption context in lower case.
fn folded(constraints: &Constraints) -> Constraints {
    let fold = |pairs: &BTreeMap<String, String>| {
        pairs.iter().map(|(key, value)| (key.to_lowercase(), value.clone())).collect()
    };
    match constraints {
        Constraints::EncryptionContextEquals(pairs) => Constraints::EncryptionContextEquals(fold(pairs)),
        Constraints::EncryptionContextSubset(pairs) => Constraints::EncryptionContextSubset(fold(pairs)),
    }
}

/// Returns the name of an unwanted grant in its address. If a wanted grant has the same name, the
/// ID is added.
fn unwanted_name(context: &CompareContext<'_>, grant: &Grant) -> String {
    let is_taken = context.desired.grants.iter().any(|desired| desired.aws_name == grant.name);
    match &grant.id {
        Some(id) if is_taken => format!("{}/{id}", grant.name),
        _ => grant.name.clone(),
    }
}

fn parts(context: &CompareContext<'_>, name: &str, phase: Phase) -> ChangeParts<CreateOrDelete<Grant>> {
    let account = &context.desired.key.site.account;
    ChangeParts {
        address: Address::new(Kind::Grant, account, name),
        place: context.place(&context.desired.key.site),
        phase,
        depends_on: match phase {
            Phase::Expand | Phase::Converge => vec![context.key_address()],
            // The dependencies are all grants that may replace this grant.
            Phase::Contract => context
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

fn view(context: &CompareContext<'_>, grant: &spec::Grant) -> Grant {
    Grant {
        name: grant.aws_name.clone(),
        key: context.key.clone(),
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

fn explain(action: &CreateOrDelete<Grant>, _: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        CreateOrDelete::Create { after } => {
            (vec![format!("no grant allows {} the operations of the spec", after.grantee)], Risk::Safe)
        }
        CreateOrDelete::Delete { .. } => {
            (vec!["no grant of the spec has this name and content".to_owned()], Risk::Disruptive)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111111111111:role/Reader";

    fn grant() -> Grant {
        let context = BTreeMap::from([("aws:cloudtrail:arn".to_owned(), "trail".to_owned())]);
        Grant {
            name: "test-g-0123456789ab".to_owned(),
            key: crate::view::KeyRef::Known("key".to_owned().into()),
            id: None,
            grantee: ROLE.to_owned(),
            operations: vec!["Decrypt".to_owned(), "DescribeKey".to_owned()],
            constraints: Some(Constraints::EncryptionContextSubset(context)),
            source_arn: None,
            retiring_principal: Some(ROLE.to_owned()),
        }
    }

    #[test]
    fn grants_are_the_same_if_they_allow_the_same() {
        type Edit = fn(&mut Grant);
        let context = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let table: [(&str, Edit, bool); 9] = [
            ("as it is", |_| {}, true),
            ("in another order", |it| it.operations.reverse(), true),
            ("one more operation", |it| it.operations.push("CreateGrant".to_owned()), false),
            ("one operation less", |it| drop(it.operations.pop()), false),
            ("another grantee", |it| it.grantee = "arn:aws:iam::222222222222:role/Reader".to_owned(), false),
            ("the role by its id", |it| it.grantee = "AROAEXAMPLEEXAMPLE12".to_owned(), true),
            ("a user by its id", |it| it.grantee = "AIDAEXAMPLEEXAMPLE12".to_owned(), false),
            ("no constraints", |it| it.constraints = None, false),
            ("nobody retires it", |it| it.retiring_principal = None, false),
        ];
        for (case, edit, is_same) in table {
            let mut live = grant();
            edit(&mut live);
            assert_eq!(allows_the_same(&live, &grant()), is_same, "{case}");
        }
        for (constraints, is_same) in [
            (Constraints::EncryptionContextSubset(context("AWS:CloudTrail:ARN", "trail")), true),
            (Constraints::EncryptionContextSubset(context("aws:cloudtrail:arn", "Trail")), false),
            (Constraints::EncryptionContextEquals(context("aws:cloudtrail:arn", "trail")), false),
        ] {
            let live = Grant { constraints: Some(constraints), ..grant() };
            assert_eq!(allows_the_same(&live, &grant()), is_same, "{:?}", live.constraints);
        }
    }

    #[test]
    fn principals_have_several_spellings() {
        for (live, wanted, is_same) in [
            (ROLE, ROLE, true),
            ("AROAEXAMPLEEXAMPLE12", ROLE, true),
            ("AIDAEXAMPLEEXAMPLE12", ROLE, false),
            ("AIDAEXAMPLEEXAMPLE12", "arn:aws:iam::111111111111:user/Ann", true),
            ("111111111111", "arn:aws:iam::111111111111:root", true),
            ("222222222222", "arn:aws:iam::111111111111:root", false),
            ("111111111111", ROLE, false),
            ("logs.amazonaws.com", "cloudtrail.amazonaws.com", false),
        ] {
            assert_eq!(is_same_principal(live, wanted), is_same, "{live} for {wanted}");
        }
    }
}

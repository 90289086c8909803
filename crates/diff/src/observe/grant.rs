//! Reads the grants on a key.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{GrantConstraints, GrantListEntry, GrantOperation};
use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::ReadError;
use reconcile_plan::view::{Constraints, Grant, KeyRef};
use reconcile_policy::{Arn, Region};

use super::page::{self, Next};

/// Reads all grants on a key, managed and foreign.
///
/// # Errors
/// Returns an error if `ListGrants` fails, or if its answer is incomplete or does not end.
pub async fn list(session: &Session, region: &Region, key: &Arn) -> Result<Vec<Grant>, ReadError> {
    let kms = &session.kms(region);
    let grants = page::all(session, Operation::ListGrants, |marker| async move {
        let call = kms.list_grants().key_id(key.as_str()).set_marker(marker).send();
        let page = session.call(Operation::ListGrants, call).await?;
        let grants = page.grants.ok_or_else(|| session.incomplete(Operation::ListGrants, "Grants"))?;
        Ok::<_, ReadError>((grants, Next::truncated(page.truncated, page.next_marker)))
    });
    Ok(grants.await?.into_iter().map(|grant| view(key, grant)).collect())
}

fn view(key: &Arn, grant: GrantListEntry) -> Grant {
    let mut operations: Vec<String> =
        grant.operations().iter().map(GrantOperation::as_str).map(str::to_owned).collect();
    operations.sort();
    let source_arn = grant.constraints().and_then(GrantConstraints::source_arn).map(str::to_owned);
    Grant {
        key: KeyRef::known(key),
        id: grant.grant_id,
        constraints: grant.constraints.and_then(constraints),
        grantee: grant.grantee_service_principal.or(grant.grantee_principal).unwrap_or_default(),
        operations,
        source_arn,
        retiring_principal: grant.retiring_service_principal.or(grant.retiring_principal),
        name: grant.name.unwrap_or_default(),
    }
}

fn constraints(constraints: GrantConstraints) -> Option<Constraints> {
    let sorted = |pairs: std::collections::HashMap<_, _>| -> BTreeMap<_, _> { pairs.into_iter().collect() };
    let equals = constraints.encryption_context_equals.map(sorted).map(Constraints::EncryptionContextEquals);
    equals.or_else(|| {
        constraints.encryption_context_subset.map(sorted).map(Constraints::EncryptionContextSubset)
    })
}

//! Reads the delegated administrators of the organization for CloudTrail.

use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::ReadError;
use reconcile_policy::{AccountId, CLOUDTRAIL, Region};

use super::page;

/// Reads the delegated administrators for CloudTrail.
///
/// # Errors
/// Returns an error if `ListDelegatedAdministrators` fails, or if its answer is incomplete or does
/// not end.
pub async fn list(session: &Session, region: &Region) -> Result<Vec<AccountId>, ReadError> {
    let client = &session.organizations(region);
    let accounts = page::all(session, Operation::ListDelegatedAdministrators, |token| async move {
        let call = client.list_delegated_administrators().service_principal(CLOUDTRAIL);
        let call = call.set_next_token(token).send();
        let page = session.call(Operation::ListDelegatedAdministrators, call).await?;
        let listed = page.delegated_administrators.ok_or_else(|| {
            session.incomplete(Operation::ListDelegatedAdministrators, "DelegatedAdministrators")
        })?;
        Ok::<_, ReadError>((listed, page.next_token))
    });
    Ok(accounts.await?.into_iter().filter_map(|account| account.id?.parse().ok()).collect())
}

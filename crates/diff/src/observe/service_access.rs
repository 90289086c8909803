//! Reads whether CloudTrail has trusted access to the organization.

use reconcile_aws::Session;
use reconcile_operations::Operation;
use reconcile_plan::observed::ReadError;
use reconcile_policy::{CLOUDTRAIL, Region};

use super::page;

/// Returns whether CloudTrail has trusted access.
///
/// # Errors
/// Returns an error if `ListAWSServiceAccessForOrganization` fails, or if its answer is incomplete
/// or does not end.
pub async fn is_enabled(session: &Session, region: &Region) -> Result<bool, ReadError> {
    let client = &session.organizations(region);
    let services = page::all(session, Operation::ListServiceAccess, |token| async move {
        let call = client.list_aws_service_access_for_organization().set_next_token(token).send();
        let page = session.call(Operation::ListServiceAccess, call).await?;
        let listed = page
            .enabled_service_principals
            .ok_or_else(|| session.incomplete(Operation::ListServiceAccess, "EnabledServicePrincipals"))?;
        Ok::<_, ReadError>((listed, page.next_token))
    });
    Ok(services.await?.iter().any(|it| it.service_principal.as_deref() == Some(CLOUDTRAIL)))
}

//! Turns the credentials of one account into those of a role in another, and renews them.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::operation::assume_role::{AssumeRoleError, AssumeRoleOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use reconcile_operations::{Operation, SessionPolicy};
use reconcile_spec::RoleAccess;
use tokio::sync::Mutex;

use crate::call;

/// The SDK has a provider for this as well; it hides what AWS answered behind its own error, and users need to
/// see that answer. So the first call is made in the open, by [`Session`](crate::Session), and its result kept here.
#[derive(Debug)]
pub(crate) struct AssumedRole {
    sts: aws_sdk_sts::Client,
    role: RoleAccess,
    policy: Option<SessionPolicy>,
    first: Mutex<Option<Credentials>>,
}

impl AssumedRole {
    pub(crate) fn new(sts: aws_sdk_sts::Client, role: RoleAccess, policy: Option<SessionPolicy>) -> Self {
        Self { sts, role, policy, first: Mutex::new(None) }
    }

    /// Assumes the role and keeps the credentials for the first that asks.
    pub(crate) async fn open(&self) -> Result<(), SdkError<AssumeRoleError, HttpResponse>> {
        let answer = self.assume().await?;
        *self.first.lock().await = credentials(answer);
        Ok(())
    }

    async fn assume(&self) -> Result<AssumeRoleOutput, SdkError<AssumeRoleError, HttpResponse>> {
        let send = self
            .sts
            .assume_role()
            .role_arn(self.role.arn.as_str())
            .role_session_name(&self.role.session_name)
            .set_external_id(self.role.external_id.as_ref().map(|secret| secret.expose().to_owned()))
            .set_policy(self.policy.as_ref().map(|policy| policy.as_str().to_owned()))
            .send();
        // Credentials are renewed in the middle of another call.
        call::make(Operation::AssumeRole, send).await.0
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            if let Some(first) = self.first.lock().await.take() {
                return Ok(first);
            }
            let answer = self.assume().await.map_err(CredentialsError::provider_error)?;
            credentials(answer).ok_or_else(|| CredentialsError::unhandled("AssumeRole gave no credentials"))
        })
    }
}

fn credentials(answer: AssumeRoleOutput) -> Option<Credentials> {
    let given = answer.credentials?;
    let expiry = SystemTime::try_from(given.expiration).ok();
    Some(Credentials::new(
        given.access_key_id,
        given.secret_access_key,
        Some(given.session_token),
        expiry,
        "reconcile::AssumedRole",
    ))
}

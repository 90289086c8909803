//! The credentials of an assumed role, and their renewal.

use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::{Duration, SystemTime};

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

/// Credentials are renewed this long before they expire, so that they are valid when a request
/// reaches AWS.
const MARGIN: Duration = Duration::from_secs(15);

/// A provider of the credentials of a role, which keeps them until they expire or AWS rejects them.
///
/// The provider of the SDK hides the answer of STS behind its own error. The identity cache of the
/// SDK keeps credentials until they expire by the clock of this machine, even after AWS has
/// reported that they have expired. Therefore, [`Session`](crate::Session) makes the first call
/// itself, to report its error, and this provider is its own cache.
#[derive(Debug, Clone)]
pub(crate) struct AssumedRole(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    sts: aws_sdk_sts::Client,
    role: RoleAccess,
    policy: Option<SessionPolicy>,
    /// The current credentials. The call that renews them holds the lock, so that concurrent calls
    /// assume the role once.
    current: Mutex<Option<Credentials>>,
    /// The session token that AWS rejected last.
    refused: SyncMutex<Option<String>>,
}

impl AssumedRole {
    pub(crate) fn new(sts: aws_sdk_sts::Client, role: RoleAccess, policy: Option<SessionPolicy>) -> Self {
        Self(Arc::new(Shared { sts, role, policy, current: Mutex::default(), refused: SyncMutex::default() }))
    }

    /// Assumes the role, and keeps the credentials.
    pub(crate) async fn open(&self) -> Result<(), SdkError<AssumeRoleError, HttpResponse>> {
        let answer = self.assume().await?;
        *self.0.current.lock().await = credentials(answer);
        Ok(())
    }

    /// Marks a session token as rejected. If the current credentials have this token, the role is
    /// assumed again before the next request.
    pub(crate) fn refuse(&self, token: String) {
        *self.0.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
    }

    async fn assume(&self) -> Result<AssumeRoleOutput, SdkError<AssumeRoleError, HttpResponse>> {
        let Shared { sts, role, policy, .. } = &*self.0;
        let send = sts
            .assume_role()
            .role_arn(role.arn.as_str())
            .role_session_name(&role.session_name)
            .set_external_id(role.external_id.as_ref().map(|secret| secret.expose().to_owned()))
            .set_policy(policy.as_ref().map(|policy| policy.as_str().to_owned()))
            .send();
        // The renewal of credentials is a call in the middle of another call.
        call::make(Operation::AssumeRole, send).await.0
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let mut current = self.0.current.lock().await;
        let refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(usable) =
            current.as_ref().filter(|it| is_usable(it, refused.as_deref(), SystemTime::now()))
        {
            return Ok(usable.clone());
        }
        let answer = self.assume().await.map_err(CredentialsError::provider_error)?;
        let renewed = credentials(answer)
            .ok_or_else(|| CredentialsError::unhandled("AssumeRole returned no credentials"))?;
        Ok(current.insert(renewed).clone())
    }
}

impl ProvideCredentials for AssumedRole {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

/// Whether credentials are neither expired nor rejected.
fn is_usable(credentials: &Credentials, refused: Option<&str>, now: SystemTime) -> bool {
    let is_refused = refused.is_some() && credentials.session_token() == refused;
    !is_refused && credentials.expiry().is_none_or(|expiry| now + MARGIN < expiry)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_used_until_they_expire_or_are_refused() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(1);
        for (life, refused, expected) in [
            (Some(Duration::from_mins(15)), None, true),
            (Some(Duration::from_mins(15)), Some("earlier"), true),
            (Some(Duration::from_mins(15)), Some("token"), false),
            (Some(MARGIN), None, false),
            (Some(Duration::ZERO), None, false),
            (None, None, true),
            (None, Some("token"), false),
        ] {
            let expiry = life.map(|life| now + life);
            let credentials = Credentials::new("ASIA", "secret", Some("token".to_owned()), expiry, "test");
            assert_eq!(is_usable(&credentials, refused, now), expected, "{life:?} {refused:?}");
        }
        // Credentials without a session token are not the rejected credentials.
        let credentials = Credentials::new("AKIA", "secret", None, None, "test");
        assert!(is_usable(&credentials, Some("token"), now) && is_usable(&credentials, None, now));
    }
}

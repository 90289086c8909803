//! The caller of a request, and the check of the operations that it is allowed to call.

use reconcile_policy::Region;

use crate::fault::Fault;
use crate::request::Request;
use crate::session_policy;
use crate::state::{State, partition};

/// The ARN of a caller: the session of a role, or the user of an account.
pub(crate) fn user_arn(account: &str, region: &str, role: Option<&str>) -> String {
    let partition = partition(region);
    match role {
        Some(role) => format!("arn:{partition}:sts::{account}:assumed-role/{role}"),
        None => format!("arn:{partition}:iam::{account}:user/twin"),
    }
}

/// The calling account and the called Region, after the check that the account exists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'r> {
    pub(crate) account: &'r str,
    pub(crate) region: &'r str,
    /// The policy of the session, if the caller has assumed a role with one.
    session_policy: Option<&'r str>,
}

impl<'r> Caller<'r> {
    /// Creates the caller for the account itself, without the limits of a session.
    pub(crate) fn account(account: &'r str, region: &'r str) -> Self {
        Self { account, region, session_policy: None }
    }

    /// Returns the caller in another Region.
    pub(crate) fn in_region(self, region: &'r str) -> Self {
        Self { region, ..self }
    }

    /// Returns the caller of a request, if its account and the partition of its Region exist.
    /// `code` is the error code of the service if the account does not exist.
    pub(crate) fn of(state: &State, request: &'r Request, code: &'static str) -> Result<Self, Fault> {
        let account = request.account().filter(|account| {
            state.accounts.contains_key(*account) || state.ambient.as_deref() == Some(*account)
        });
        let account = account
            .ok_or_else(|| Fault::new(403, code, "the security token included in the request is invalid"))?;
        let region = request.scope.region.as_str();
        if let Err(error) = region.parse::<Region>() {
            let message = format!("Credential should be scoped to a valid Region: {error}");
            return Err(Fault::new(403, "InvalidSignatureException", message));
        }
        Ok(Self { account, region, session_policy: request.scope.session_policy.as_deref() })
    }

    /// Returns the caller if nothing denies the operation (`kms:CreateKey`). `code` is the error
    /// code of the service for a denial.
    pub(crate) fn permitted(self, state: &State, operation: &str, code: &'static str) -> Result<Self, Fault> {
        if let Some(fault) =
            state.denials.iter().find_map(|denial| denial.fault(self.account, self.region, operation, code))
        {
            return Err(fault);
        }
        // No policy can deny this operation. See `GetCallerIdentity` in the STS API reference.
        let is_free = operation == "sts:GetCallerIdentity";
        if self.session_policy.is_some_and(|policy| !is_free && !session_policy::allows(policy, operation)) {
            let message = format!(
                "not authorized to perform: {operation} because no session policy allows the {operation} action"
            );
            return Err(Fault::new(403, code, message));
        }
        Ok(self)
    }
}

//! Finds the service and the operation of a request.

pub(crate) mod cloudtrail;
mod iam;
mod json;
pub(crate) mod kms;
mod logs;
pub(crate) mod organizations;
mod page;
pub(crate) mod query;
pub(crate) mod s3;
pub(crate) mod sns;
mod sts;
mod tags;

use bytes::Bytes;
use http::Response;
use reconcile_policy::Region;

use crate::fault::Fault;
use crate::protocol;
use crate::request::Request;
use crate::session_policy;
use crate::state::State;

/// The result of a request.
pub(crate) struct Answer {
    pub(crate) response: Response<Bytes>,
    /// Service and operation: `kms:CreateKey`.
    pub(crate) operation: String,
    pub(crate) mutating: bool,
    pub(crate) error: Option<&'static str>,
}

/// The calling account and the called Region, after the check that the account exists.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'r> {
    pub(crate) account: &'r str,
    pub(crate) region: &'r str,
    /// The policy of the session, if the caller has assumed a role with one.
    session_policy: Option<&'r str>,
}

pub(crate) fn answer(state: &mut State, request: &Request) -> Answer {
    match request.scope.service.as_str() {
        "s3" => s3::answer(state, request),
        "sts" => sts::answer(state, request),
        "iam" => query::answer(&iam::SERVICE, state, request),
        "logs" => json::answer("logs", "InvalidParameterException", logs::OPERATIONS, state, request),
        "sns" => query::answer(&sns::SERVICE, state, request),
        "kms" => json::answer("kms", "ValidationException", kms::OPERATIONS, state, request),
        "cloudtrail" => {
            json::answer("cloudtrail", "ValidationException", cloudtrail::OPERATIONS, state, request)
        }
        "organizations" => {
            json::answer("organizations", "InvalidInputException", organizations::OPERATIONS, state, request)
        }
        other => {
            let fault = Fault::bad("UnknownOperationException", format!("the twin has no service `{other}`"));
            Answer {
                response: unavailable(&fault),
                operation: format!("{other}:?"),
                mutating: false,
                error: Some(fault.code),
            }
        }
    }
}

/// Returns the operation of a request, such as `kms:CreateKey`, and whether the operation changes
/// anything.
pub(crate) fn requested(request: &Request) -> (String, bool) {
    match request.scope.service.as_str() {
        "s3" => s3::requested(request),
        "sts" => {
            let form = query::Form::of(request);
            (format!("sts:{}", form.optional("Action").unwrap_or_default()), false)
        }
        "iam" => query::requested(&iam::SERVICE, request),
        "logs" => json::requested("logs", logs::OPERATIONS, request),
        "sns" => query::requested(&sns::SERVICE, request),
        "kms" => json::requested("kms", kms::OPERATIONS, request),
        "cloudtrail" => json::requested("cloudtrail", cloudtrail::OPERATIONS, request),
        "organizations" => json::requested("organizations", organizations::OPERATIONS, request),
        other => (format!("{other}:?"), false),
    }
}

/// Returns the refusal of a request.
pub(crate) fn refuse(request: &Request, operation: String, mutating: bool, fault: &Fault) -> Answer {
    let mut response = refusal(operation.split(':').next().unwrap_or_default(), fault);
    if request.method == http::Method::HEAD {
        *response.body_mut() = Bytes::new();
    }
    Answer { response, operation, mutating, error: Some(fault.code) }
}

/// Writes an error in the protocol of a service.
pub(crate) fn refusal(service: &str, fault: &Fault) -> Response<Bytes> {
    match service {
        "s3" => protocol::s3_error(fault),
        "sts" => protocol::query(sts::NAMESPACE, "", &Err(fault.clone())),
        "iam" => protocol::query(iam::SERVICE.namespace, "", &Err(fault.clone())),
        "sns" => protocol::query(sns::SERVICE.namespace, "", &Err(fault.clone())),
        _ => protocol::json(&Err(fault.clone())),
    }
}

/// Returns an answer for an unknown service.
pub(crate) fn unavailable(fault: &Fault) -> Response<Bytes> {
    protocol::json(&Err(fault.clone()))
}

impl<'r> Caller<'r> {
    /// Creates the caller for the account itself, without the limits of a session.
    pub(crate) fn account(account: &'r str, region: &'r str) -> Self {
        Self { account, region, session_policy: None }
    }

    /// Returns the caller of a request, if the account of its credentials and the partition of its
    /// Region exist. `code` is the error code of the service if the account does not exist.
    fn of(state: &State, request: &'r Request, code: &'static str) -> Result<Self, Fault> {
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
    fn permitted(self, state: &State, operation: &str, code: &'static str) -> Result<Self, Fault> {
        if let Some(fault) = state.denials.iter().find_map(|denial| denial.of(self, operation, code)) {
            return Err(fault);
        }
        // Every caller is allowed to call it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    #[test]
    fn every_operation_has_its_model() {
        let mut known = vec![("sts", "AssumeRole".to_owned()), ("sts", "GetCallerIdentity".to_owned())];
        for (service, operations) in [
            ("cloudtrail", cloudtrail::OPERATIONS),
            ("kms", kms::OPERATIONS),
            ("logs", logs::OPERATIONS),
            ("organizations", organizations::OPERATIONS),
        ] {
            known.extend(operations.iter().map(|it| (service, it.name.to_owned())));
        }
        for service in [iam::SERVICE, sns::SERVICE] {
            known.extend(service.operations.iter().map(|it| (service.name, it.name.to_owned())));
        }
        for (service, operation) in known {
            assert!(Model::of(service).unwrap().has(&operation), "{service}:{operation}");
        }
    }
}

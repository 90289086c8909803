//! Finds the service and the operation of a request.

pub(crate) mod cloudtrail;
mod cloudwatch;
mod events;
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

use crate::answer::Answer;
use crate::fault::Fault;
use crate::protocol;
use crate::request::Request;
use crate::state::State;

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
        cloudwatch::SIGNED_AS => cloudwatch::answer(state, request),
        "events" => json::answer("events", "ValidationException", events::OPERATIONS, state, request),
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

/// Records an answered call in the event history of CloudTrail, if the call changes something.
/// Calls that write an object or send a message are data events, which the history does not
/// contain.
pub(crate) fn record(state: &mut State, request: &Request, answer: &Answer) {
    let bucket = match request.scope.service.as_str() {
        "s3" => s3::changed_bucket(request),
        _ => None,
    };
    let is_data = match answer.operation.as_str() {
        "sns:Publish" | "events:PutEvents" => true,
        _ => request.scope.service == "s3" && bucket.is_none(),
    };
    if answer.mutating && !is_data {
        cloudtrail::history::record(state, request, answer, bucket);
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
        cloudwatch::SIGNED_AS => cloudwatch::requested(request),
        "events" => json::requested("events", events::OPERATIONS, request),
        "organizations" => json::requested("organizations", organizations::OPERATIONS, request),
        other => (format!("{other}:?"), false),
    }
}

/// Returns the answer that rejects a request.
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
        "cloudwatch" => protocol::cbor(&Err(fault.clone())),
        _ => protocol::json(&Err(fault.clone())),
    }
}

/// Returns an answer for an unknown service.
pub(crate) fn unavailable(fault: &Fault) -> Response<Bytes> {
    protocol::json(&Err(fault.clone()))
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
            ("cloudwatch", cloudwatch::OPERATIONS),
            ("events", events::OPERATIONS),
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

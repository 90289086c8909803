//! Implements bucket policies.

mod statement;

use bytes::Bytes;
use http::{Method, Response};
use reconcile_policy::Partition;

use super::{body, owned, public};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::policy::{Policy, Service};
use crate::protocol::response;
use crate::request::Request;
use crate::state::{State, partition};

/// The maximum size of a bucket policy. See "Bucket policies" in the S3 user guide: 20 KB.
const LIMIT: usize = 20 * 1024;

pub(super) fn answer(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
) -> Result<Response<Bytes>, Fault> {
    // S3 never returns the policy to a principal of another account, even if the principal is
    // allowed to read the bucket.
    let is_foreign = state.buckets.get(name).is_some_and(|bucket| bucket.owner != caller.account);
    if is_foreign {
        let message = "The specified method is not allowed against this resource.";
        return Err(Fault::new(405, "MethodNotAllowed", message));
    }
    let bucket = owned(state, caller, request, name)?;
    match request.method {
        Method::PUT => {
            let text = body(request)?;
            let policy = check(text, name, partition(caller.region))?;
            if bucket.has("publicAccessBlock", "<BlockPublicPolicy>true") && public::is_public(&policy) {
                let message = "public policies are prevented by the BlockPublicPolicy setting in S3 Block \
                    Public Access";
                return Err(Fault::new(403, "AccessDenied", message));
            }
            bucket.policy = Some(text.to_owned());
            Ok(response(204, "application/xml", ""))
        }
        Method::DELETE => {
            bucket.policy = None;
            Ok(response(204, "application/xml", ""))
        }
        _ => match &bucket.policy {
            Some(text) => Ok(response(200, "application/json", text.clone())),
            None => Err(Fault::new(404, "NoSuchBucketPolicy", "The bucket policy does not exist")),
        },
    }
}

fn check(text: &str, bucket: &str, partition: Partition) -> Result<Policy, Fault> {
    let malformed = |message: &str| Fault::bad("MalformedPolicy", message);
    if text.len() > LIMIT {
        return Err(malformed("Policy exceeds the maximum allowed document size."));
    }
    let policy = Policy::parse_new(text, Service::S3, partition).map_err(|error| malformed(&error))?;
    for it in policy.statements() {
        statement::check(&it, bucket).map_err(malformed)?;
    }
    Ok(policy)
}

//! Implements S3: buckets and their configuration.

mod acl;
mod bucket;
mod configuration;
mod inventory;
mod lifecycle;
mod list;
mod notification;
mod object;
mod policy;
mod public;
mod tagging;

use bytes::Bytes;
use http::{Method, Response};

use crate::answer::Answer;
use crate::caller::Caller;
use crate::fault::Fault;
use crate::model::{Invalid, Malformed, Model};
use crate::protocol;
use crate::request::Request;
use crate::setup::SetupBucket;
use crate::state::{Bucket, State};

/// Creates a bucket with the default settings of S3 if no bucket has the name.
pub(crate) fn provide(state: &mut State, bucket: &SetupBucket) {
    state.buckets.entry(bucket.name.clone()).or_insert_with(|| {
        Bucket::new(
            &bucket.owner,
            &bucket.region,
            configuration::defaults("BucketOwnerEnforced", &bucket.region),
        )
        .into()
    });
}

/// Sets whether the requester pays for requests to a bucket.
pub(crate) fn set_requester_pays(bucket: &mut Bucket, is_paying: bool) {
    bucket.configuration.remove(configuration::REQUEST_PAYMENT);
    if is_paying {
        let xml = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>";
        bucket.configuration.insert(configuration::REQUEST_PAYMENT.to_owned(), xml.to_owned());
    }
}

/// The resource of a request to S3.
enum S3Resource<'r> {
    /// The list of all buckets.
    Service,
    /// The bucket itself.
    Bucket(&'r str),
    /// A configuration of the bucket, by the name of the query parameter.
    Configuration(&'r str, &'static configuration::ConfigurationKind),
    /// The inventories of the bucket, or the inventory with this ID.
    Inventory(&'r str, Option<&'r str>),
    /// The policy of the bucket.
    Policy(&'r str),
    /// The ACL of the bucket.
    Acl(&'r str),
    /// The Region of the bucket.
    Location(&'r str),
    /// The objects of the bucket, in all versions.
    Versions(&'r str),
    /// The objects of the bucket, and whether the request is for the second version of the list.
    Objects(&'r str, bool),
    /// An object, by its key.
    Object(&'r str, &'r str),
}

impl<'r> S3Resource<'r> {
    /// The bucket and the key of the object; empty texts if the resource has none.
    fn names(&self) -> (&'r str, &'r str) {
        match *self {
            Self::Service => ("", ""),
            Self::Object(bucket, key) => (bucket, key),
            Self::Bucket(bucket)
            | Self::Configuration(bucket, _)
            | Self::Inventory(bucket, _)
            | Self::Policy(bucket)
            | Self::Acl(bucket)
            | Self::Location(bucket)
            | Self::Versions(bucket)
            | Self::Objects(bucket, _) => (bucket, ""),
        }
    }
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let target = target(request);
    let (operation, is_read) = named(&target, request.method.as_str());
    let result = target.and_then(|target| {
        let caller = Caller::of(state, request, "InvalidAccessKeyId")?;
        let caller = caller.permitted(state, &operation, "AccessDenied")?;
        check(&operation, request, &target)?;
        run(state, caller, request, &target)
    });
    let error = result.as_ref().err().map(|fault| fault.code);
    let response = result.unwrap_or_else(|fault| {
        let mut response = protocol::s3_error(&fault);
        if fault.code == "PermanentRedirect"
            && let Some(region) =
                bucket_name(request).and_then(|name| state.buckets.get(name)).map(|it| &it.region)
            && let Ok(region) = region.parse()
        {
            response.headers_mut().insert("x-amz-bucket-region", region);
        }
        if request.method == Method::HEAD {
            *response.body_mut() = Bytes::new();
        }
        response
    });
    Answer { response, operation, mutating: !is_read, error }
}

/// Returns the bucket of a request about the bucket itself, not about its objects.
pub(super) fn changed_bucket(request: &Request) -> Option<&str> {
    match target(request).ok()?.names() {
        ("", _) => None,
        (bucket, "") => Some(bucket),
        _ => None,
    }
}

/// Returns the operation of a request, and whether the operation changes anything.
pub(super) fn requested(request: &Request) -> (String, bool) {
    let (operation, is_read) = named(&target(request), request.method.as_str());
    (operation, !is_read)
}

fn named(target: &Result<S3Resource<'_>, Fault>, method: &str) -> (String, bool) {
    match target {
        Ok(target) => operation(target, method),
        Err(_) => (format!("s3:{method}"), true),
    }
}

/// Returns the name of the operation in the log, and whether the operation only reads.
fn operation(target: &S3Resource<'_>, method: &str) -> (String, bool) {
    let (verb, is_read) = match method {
        "GET" => ("Get", true),
        "HEAD" => ("Head", true),
        "DELETE" => ("Delete", false),
        _ => ("Put", false),
    };
    let name = match target {
        S3Resource::Service => "ListBuckets".to_owned(),
        S3Resource::Bucket(_) if verb == "Put" => "CreateBucket".to_owned(),
        S3Resource::Bucket(_) => format!("{verb}Bucket"),
        S3Resource::Configuration(_, kind) => format!("{verb}{}", kind.name),
        S3Resource::Inventory(_, id) => inventory::operation(method, id.is_some()).to_owned(),
        S3Resource::Policy(_) => format!("{verb}BucketPolicy"),
        S3Resource::Acl(_) => format!("{verb}BucketAcl"),
        S3Resource::Location(_) => format!("{verb}BucketLocation"),
        S3Resource::Versions(_) => "ListObjectVersions".to_owned(),
        S3Resource::Objects(_, true) => "ListObjectsV2".to_owned(),
        S3Resource::Objects(_, false) => "ListObjects".to_owned(),
        S3Resource::Object(..) => format!("{verb}Object"),
    };
    (format!("s3:{name}"), is_read)
}

/// The bucket of a request. In the twin, the path contains the bucket.
fn bucket_name(request: &Request) -> Option<&str> {
    request.path.trim_start_matches('/').split('/').next().filter(|name| !name.is_empty())
}

fn target(request: &Request) -> Result<S3Resource<'_>, Fault> {
    let Some(name) = bucket_name(request) else { return Ok(S3Resource::Service) };
    let key = request.path.trim_start_matches('/').strip_prefix(name).unwrap_or_default();
    let key = key.trim_start_matches('/');
    if !key.is_empty() {
        return Ok(S3Resource::Object(name, key));
    }
    let asked = |parameter: &str| request.query(parameter).is_some();
    let kind = configuration::KINDS.iter().find(|kind| asked(kind.parameter));
    Ok(match kind {
        Some(kind) => S3Resource::Configuration(name, kind),
        None if asked("inventory") => S3Resource::Inventory(name, request.query("id")),
        None if asked("policy") => S3Resource::Policy(name),
        None if asked("acl") => S3Resource::Acl(name),
        None if asked("location") => S3Resource::Location(name),
        None if asked("versions") => S3Resource::Versions(name),
        None if request.method == Method::GET => {
            S3Resource::Objects(name, request.query("list-type") == Some("2"))
        }
        None => S3Resource::Bucket(name),
    })
}

/// Rejects a request that the model of S3 does not allow.
///
/// See "List of error codes" in the S3 API reference: `MalformedXML` for a body, `InvalidArgument`
/// for other values.
fn check(operation: &str, request: &Request, target: &S3Resource<'_>) -> Result<(), Fault> {
    let Some(model) = Model::of("s3") else { return Ok(()) };
    let operation = operation.trim_start_matches("s3:");
    let (bucket, key) = target.names();
    let input = model.input_of_rest(operation, request, bucket, key).map_err(|Malformed| malformed_xml())?;
    model.check(operation, &input).map_err(|error| match error {
        Invalid::Constraint { in_payload: false, message, .. } => Fault::bad("InvalidArgument", message),
        Invalid::Constraint { .. } | Invalid::Type(_) => malformed_xml(),
    })
}

fn run(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    target: &S3Resource<'_>,
) -> Result<Response<Bytes>, Fault> {
    match target {
        S3Resource::Service => Ok(bucket::list(state, caller)),
        S3Resource::Bucket(name) => match request.method {
            Method::PUT => bucket::create(state, caller, request, name),
            Method::DELETE => bucket::delete(state, caller, request, name),
            Method::HEAD => bucket::head(state, caller, request, name),
            _ => Err(Fault::new(405, "MethodNotAllowed", "The specified method is not allowed")),
        },
        S3Resource::Objects(name, is_second_version) => {
            list::answer(state, caller, request, name, *is_second_version)
        }
        S3Resource::Location(name) => bucket::location(state, caller, request, name),
        S3Resource::Configuration(name, kind) => configuration::answer(state, caller, request, name, kind),
        S3Resource::Inventory(name, _) => inventory::answer(state, caller, request, name),
        S3Resource::Policy(name) => policy::answer(state, caller, request, name),
        S3Resource::Acl(name) => acl::answer(state, caller, request, name),
        S3Resource::Versions(name) => object::versions(state, caller, request, name),
        S3Resource::Object(name, key) => object::answer(state, caller, request, name, key),
    }
}

/// Returns the bucket if it exists, is in the called Region, and belongs to the caller.
fn owned<'s>(
    state: &'s mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
) -> Result<&'s mut Bucket, Fault> {
    let bucket = state
        .buckets
        .get_mut(name)
        .ok_or_else(|| Fault::new(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    let is_expected =
        request.header("x-amz-expected-bucket-owner").is_none_or(|expected| expected == bucket.owner);
    if !is_expected || bucket.owner != caller.account {
        return Err(Fault::new(403, "AccessDenied", "Access Denied"));
    }
    if bucket.region != caller.region {
        let message =
            "The bucket you are attempting to access must be addressed using the specified endpoint.";
        return Err(Fault::new(301, "PermanentRedirect", message));
    }
    Ok(bucket)
}

fn body(request: &Request) -> Result<&str, Fault> {
    std::str::from_utf8(&request.body).map_err(|_| malformed_xml())
}

fn malformed_xml() -> Fault {
    Fault::bad(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our schema",
    )
}

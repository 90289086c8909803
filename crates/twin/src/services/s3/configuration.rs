//! Implements the configurations of a bucket that the twin stores as they were sent.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response};

use super::{acl, body, lifecycle, malformed_xml, notification, owned, tagging};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::protocol::response;
use crate::request::Request;
use crate::state::{Bucket, State};

const ABAC: &str = "abac";
const LIFECYCLE: &str = "lifecycle";
const OWNERSHIP: &str = "ownershipControls";
const NOTIFICATION: &str = "notification";
pub(super) const REQUEST_PAYMENT: &str = "requestPayment";
const REPLICATION: &str = "replication";
pub(super) const TAGGING: &str = "tagging";
const VERSIONING: &str = "versioning";

/// A kind of bucket configuration.
pub(super) struct ConfigurationKind {
    /// The query parameter of the configuration.
    pub(super) parameter: &'static str,
    /// The name of the configuration in operations.
    pub(super) name: &'static str,
    /// The answer of S3 if there is no configuration.
    absent: Absent,
}

enum Absent {
    /// The error with this code.
    Error(&'static str),
    /// The empty element with this name.
    Empty(&'static str),
    /// A document with the default setting of buckets.
    Default(&'static str),
}

pub(super) const KINDS: &[ConfigurationKind] = &[
    ConfigurationKind {
        parameter: "encryption",
        name: "BucketEncryption",
        absent: Absent::Error("ServerSideEncryptionConfigurationNotFoundError"),
    },
    ConfigurationKind {
        parameter: VERSIONING,
        name: "BucketVersioning",
        absent: Absent::Empty("VersioningConfiguration"),
    },
    ConfigurationKind {
        parameter: "publicAccessBlock",
        name: "PublicAccessBlock",
        absent: Absent::Error("NoSuchPublicAccessBlockConfiguration"),
    },
    ConfigurationKind {
        parameter: OWNERSHIP,
        name: "BucketOwnershipControls",
        absent: Absent::Error("OwnershipControlsNotFoundError"),
    },
    ConfigurationKind { parameter: TAGGING, name: "BucketTagging", absent: Absent::Error("NoSuchTagSet") },
    ConfigurationKind {
        parameter: LIFECYCLE,
        name: "BucketLifecycleConfiguration",
        absent: Absent::Error("NoSuchLifecycleConfiguration"),
    },
    ConfigurationKind {
        parameter: "object-lock",
        name: "ObjectLockConfiguration",
        absent: Absent::Error("ObjectLockConfigurationNotFoundError"),
    },
    ConfigurationKind {
        parameter: REPLICATION,
        name: "BucketReplication",
        absent: Absent::Error("ReplicationConfigurationNotFoundError"),
    },
    ConfigurationKind {
        parameter: NOTIFICATION,
        name: "BucketNotificationConfiguration",
        absent: Absent::Empty("NotificationConfiguration"),
    },
    ConfigurationKind {
        parameter: "logging",
        name: "BucketLogging",
        absent: Absent::Empty("BucketLoggingStatus"),
    },
    ConfigurationKind {
        parameter: REQUEST_PAYMENT,
        name: "BucketRequestPayment",
        absent: Absent::Default(
            "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
        ),
    },
    ConfigurationKind {
        parameter: ABAC,
        name: "BucketAbac",
        absent: Absent::Default("<AbacStatus><Status>Disabled</Status></AbacStatus>"),
    },
];

/// Regions in which S3 blocks no encryption type of a new bucket. See "Default SSE-C setting for
/// new buckets FAQ" in the S3 user guide.
const BLOCKS_NO_ENCRYPTION: [&str; 2] = ["me-central-1", "me-south-1"];

/// The configurations of a new bucket: encryption with keys of S3 and not with keys that callers
/// provide, blocked public access, and disabled ACLs.
pub(super) fn defaults(ownership: &str, region: &str) -> BTreeMap<String, String> {
    let blocked = match BLOCKS_NO_ENCRYPTION.contains(&region) {
        true => "",
        false => "<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>",
    };
    let encryption = format!(
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
        <SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
        <BucketKeyEnabled>false</BucketKeyEnabled>{blocked}</Rule></ServerSideEncryptionConfiguration>"
    );
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
        <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
        <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    let ownership = format!(
        "<OwnershipControls><Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule></OwnershipControls>"
    );
    BTreeMap::from([
        ("encryption".to_owned(), encryption),
        ("publicAccessBlock".to_owned(), block.to_owned()),
        ("ownershipControls".to_owned(), ownership),
    ])
}

pub(super) fn answer(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
    kind: &ConfigurationKind,
) -> Result<Response<Bytes>, Fault> {
    let is_trusting = state.is_trusting;
    owned(state, caller, request, name)?;
    if kind.parameter == NOTIFICATION && request.method == Method::PUT && !is_trusting {
        notification::check(state, request, body(request)?)?;
    }
    let bucket = owned(state, caller, request, name)?;
    match request.method {
        Method::PUT => {
            let xml = body(request)?;
            if !is_trusting {
                check(bucket, kind, xml)?;
            }
            if kind.parameter == LIFECYCLE {
                bucket.configuration.insert(lifecycle::LEAST_SIZE.to_owned(), lifecycle::least_size(request));
            }
            bucket.configuration.insert(kind.parameter.to_owned(), xml.to_owned());
            Ok(response(200, "application/xml", ""))
        }
        Method::DELETE => {
            bucket.configuration.remove(kind.parameter);
            Ok(response(204, "application/xml", ""))
        }
        _ => match (bucket.configuration.get(kind.parameter), &kind.absent) {
            (Some(xml), _) => {
                let mut response = response(200, "application/xml", xml.clone());
                if kind.parameter == LIFECYCLE {
                    lifecycle::tell_least_size(&bucket.configuration, &mut response);
                }
                Ok(response)
            }
            (None, Absent::Default(xml)) => Ok(response(200, "application/xml", *xml)),
            (None, Absent::Empty(element)) => Ok(response(200, "application/xml", format!("<{element}/>"))),
            (None, Absent::Error(code)) => Err(Fault::new(404, code, format!("there is no {}", kind.name))),
        },
    }
}

/// Rejects a configuration that S3 rejects for the bucket.
fn check(bucket: &Bucket, kind: &ConfigurationKind, xml: &str) -> Result<(), Fault> {
    let document = roxmltree::Document::parse(xml).map_err(|_| malformed_xml())?;
    match kind.parameter {
        LIFECYCLE => lifecycle::check(&document),
        OWNERSHIP => acl::check_ownership(bucket, xml),
        // See "Requirements for replication" and "List of replication-related error codes" in the
        // S3 documentation.
        REPLICATION if !bucket.has(VERSIONING, "<Status>Enabled") => {
            let message = "Versioning must be 'Enabled' on the bucket to apply a replication configuration";
            Err(Fault::bad("InvalidRequest", message))
        }
        // With ABAC, only `TagResource` of S3 Control writes tags. The documentation does not state
        // the error. See "Enabling ABAC in general purpose buckets" in the S3 user guide.
        TAGGING if bucket.has(ABAC, "<Status>Enabled") => {
            let message = "The specified method is not allowed against this resource.";
            Err(Fault::new(405, "MethodNotAllowed", message))
        }
        TAGGING => tagging::check(bucket.configuration.get(TAGGING), &document),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    #[test]
    fn every_configuration_has_its_models() {
        for kind in KINDS {
            for verb in ["Get", "Put"] {
                let operation = format!("{verb}{}", kind.name);
                assert!(Model::of("s3").unwrap().has(&operation), "{operation}");
            }
        }
    }
}

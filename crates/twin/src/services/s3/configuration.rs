//! The configurations of a bucket that the twin keeps as they were sent.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response};

use super::super::Caller;
use super::lifecycle;
use super::{body, malformed_xml, owned};
use crate::fault::Fault;
use crate::protocol::response;
use crate::request::Request;
use crate::state::State;

const LIFECYCLE: &str = "lifecycle";

/// One sort of configuration.
pub(super) struct Kind {
    /// The query parameter that asks for it.
    pub(super) parameter: &'static str,
    /// Its name in operations.
    pub(super) name: &'static str,
    /// What S3 answers where there is none.
    absent: Absent,
}

enum Absent {
    /// An error of this code.
    Error(&'static str),
    /// An empty element.
    Empty(&'static str),
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        parameter: "encryption",
        name: "BucketEncryption",
        absent: Absent::Error("ServerSideEncryptionConfigurationNotFoundError"),
    },
    Kind {
        parameter: "versioning",
        name: "BucketVersioning",
        absent: Absent::Empty("VersioningConfiguration"),
    },
    Kind {
        parameter: "publicAccessBlock",
        name: "PublicAccessBlock",
        absent: Absent::Error("NoSuchPublicAccessBlockConfiguration"),
    },
    Kind {
        parameter: "ownershipControls",
        name: "BucketOwnershipControls",
        absent: Absent::Error("OwnershipControlsNotFoundError"),
    },
    Kind { parameter: "tagging", name: "BucketTagging", absent: Absent::Error("NoSuchTagSet") },
    Kind {
        parameter: LIFECYCLE,
        name: "BucketLifecycleConfiguration",
        absent: Absent::Error("NoSuchLifecycleConfiguration"),
    },
    Kind {
        parameter: "object-lock",
        name: "ObjectLockConfiguration",
        absent: Absent::Error("ObjectLockConfigurationNotFoundError"),
    },
    Kind { parameter: "logging", name: "BucketLogging", absent: Absent::Empty("BucketLoggingStatus") },
];

/// What S3 gives every new bucket: encryption with its own keys, public access blocked, no ACLs.
pub(super) fn defaults(ownership: &str) -> BTreeMap<String, String> {
    let encryption = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
        <SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault>\
        <BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>";
    let block = "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
        <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
        <RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    let ownership = format!(
        "<OwnershipControls><Rule><ObjectOwnership>{ownership}</ObjectOwnership></Rule></OwnershipControls>"
    );
    BTreeMap::from([
        ("encryption".to_owned(), encryption.to_owned()),
        ("publicAccessBlock".to_owned(), block.to_owned()),
        ("ownershipControls".to_owned(), ownership),
    ])
}

pub(super) fn answer(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
    kind: &Kind,
) -> Result<Response<Bytes>, Fault> {
    let configuration = &mut owned(state, caller, request, name)?.configuration;
    match request.method {
        Method::PUT => {
            let xml = body(request)?;
            let document = roxmltree::Document::parse(xml).map_err(|_| malformed_xml())?;
            if kind.parameter == LIFECYCLE {
                lifecycle::check(&document)?;
                configuration.insert(lifecycle::LEAST_SIZE.to_owned(), lifecycle::least_size(request));
            }
            configuration.insert(kind.parameter.to_owned(), xml.to_owned());
            Ok(response(200, "application/xml", ""))
        }
        Method::DELETE => {
            configuration.remove(kind.parameter);
            Ok(response(204, "application/xml", ""))
        }
        _ => match (configuration.get(kind.parameter), &kind.absent) {
            (Some(xml), _) => {
                let mut response = response(200, "application/xml", xml.clone());
                if kind.parameter == LIFECYCLE {
                    lifecycle::tell_least_size(configuration, &mut response);
                }
                Ok(response)
            }
            (None, Absent::Empty(element)) => Ok(response(200, "application/xml", format!("<{element}/>"))),
            (None, Absent::Error(code)) => Err(Fault::new(404, code, format!("there is no {}", kind.name))),
        },
    }
}

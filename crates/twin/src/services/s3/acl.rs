//! Implements bucket ACLs: grants to grantees other than the owner.
//!
//! See "Access control list (ACL) overview" and, for refusals, "Troubleshooting" under "Controlling
//! ownership of objects and disabling ACLs for your bucket" in the S3 user guide.

use std::fmt::Write;

use bytes::Bytes;
use http::{Method, Response};
use roxmltree::Document;

use super::{body, malformed_xml, owned};
use crate::caller::Caller;
use crate::fault::Fault;
use crate::protocol::{escape, response};
use crate::request::Request;
use crate::state::{Bucket, BucketGrant, State};

const GROUPS: &str = "http://acs.amazonaws.com/groups/";
const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

pub(super) fn answer(
    state: &mut State,
    caller: Caller<'_>,
    request: &Request,
    name: &str,
) -> Result<Response<Bytes>, Fault> {
    let bucket = owned(state, caller, request, name)?;
    if request.method == Method::GET {
        return Ok(response(200, "application/xml", to_xml(bucket)));
    }
    if bucket.has("ownershipControls", "BucketOwnerEnforced") {
        return Err(Fault::bad("AccessControlListNotSupported", "The bucket does not allow ACLs"));
    }
    let grants = match request.header("x-amz-acl") {
        Some(canned) => parse_canned(canned)?,
        None => parse_xml(body(request)?, &bucket.owner)?,
    };
    if grants.iter().any(is_public) && bucket.has("publicAccessBlock", "<BlockPublicAcls>true") {
        return Err(Fault::new(403, "AccessDenied", "Access Denied"));
    }
    bucket.grants = grants;
    Ok(response(200, "application/xml", ""))
}

/// Rejects disabling the ACL of a bucket while the ACL has grants to grantees other than the owner.
pub(super) fn check_ownership(bucket: &Bucket, controls: &str) -> Result<(), Fault> {
    if controls.contains("BucketOwnerEnforced") && !bucket.grants.is_empty() {
        let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(Fault::bad("InvalidBucketAclWithObjectOwnership", message));
    }
    Ok(())
}

fn is_public(grant: &BucketGrant) -> bool {
    [ALL_USERS, AUTHENTICATED_USERS].contains(&grant.grantee.as_str())
}

fn parse_canned(canned: &str) -> Result<Vec<BucketGrant>, Fault> {
    let grants: &[(&str, &str)] = match canned {
        "private" | "bucket-owner-full-control" => &[],
        "public-read" => &[(ALL_USERS, "READ")],
        "public-read-write" => &[(ALL_USERS, "READ"), (ALL_USERS, "WRITE")],
        "authenticated-read" => &[(AUTHENTICATED_USERS, "READ")],
        "log-delivery-write" => &[(LOG_DELIVERY, "WRITE"), (LOG_DELIVERY, "READ_ACP")],
        _ => return Err(Fault::bad("InvalidArgument", format!("`{canned}` is not a canned ACL"))),
    };
    let grant = |(grantee, permission): &(&str, &str)| BucketGrant {
        grantee: (*grantee).to_owned(),
        permission: (*permission).to_owned(),
    };
    Ok(grants.iter().map(grant).collect())
}

/// The grants of an `AccessControlPolicy` to grantees other than the owner.
fn parse_xml(xml: &str, owner: &str) -> Result<Vec<BucketGrant>, Fault> {
    let document = Document::parse(xml).map_err(|_| malformed_xml())?;
    let grants = document.descendants().filter(|node| node.tag_name().name() == "Grant").map(|grant| {
        let text = |name: &str| grant.descendants().find(|it| it.tag_name().name() == name)?.text();
        let grantee = text("URI").or_else(|| text("ID"))?.to_owned();
        Some(BucketGrant { grantee, permission: text("Permission")?.to_owned() })
    });
    let grants = grants.collect::<Option<Vec<BucketGrant>>>().ok_or_else(malformed_xml)?;
    Ok(grants.into_iter().filter(|grant| grant.grantee != owner).collect())
}

/// The effective ACL: without public grants if S3 ignores them.
fn to_xml(bucket: &Bucket) -> String {
    let ignores_public = bucket.has("publicAccessBlock", "<IgnorePublicAcls>true");
    let owner = BucketGrant { grantee: bucket.owner.clone(), permission: "FULL_CONTROL".to_owned() };
    let others = bucket.grants.iter().filter(|grant| !(ignores_public && is_public(grant)));
    let mut grants = String::new();
    for BucketGrant { grantee, permission } in std::iter::once(&owner).chain(others) {
        let (kind, tag) =
            if grantee.starts_with(GROUPS) { ("Group", "URI") } else { ("CanonicalUser", "ID") };
        let _ = write!(
            grants,
            "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"{kind}\">\
             <{tag}>{}</{tag}></Grantee><Permission>{permission}</Permission></Grant>",
            escape(grantee)
        );
    }
    format!(
        "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>{}</ID></Owner>\
         <AccessControlList>{grants}</AccessControlList></AccessControlPolicy>",
        bucket.owner
    )
}

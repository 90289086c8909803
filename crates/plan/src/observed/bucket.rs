//! Settings of a bucket that the spec does not manage, and that decide how a plan can use the
//! bucket.

use reconcile_operations::Error;

use super::names::{NameReceiver, Notifications};
use crate::view::{AccessLogs, Expiry, ObjectLock, Replication};

/// Settings of a bucket that no plan changes, and that decide how a plan can use the bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// Whether the requester pays (Requester Pays), or the error of the read.
    pub requester_pays: Result<bool, Error>,
    /// The grants of the ACL to others than the owner: empty if ACLs are disabled, or the error if
    /// the ACL could not be read.
    pub grants: Result<Vec<AclGrant>, Error>,
    /// Foreign lifecycle rules by which objects expire, or the error of the read.
    pub expiries: Result<Vec<Expiry>, Error>,
    /// Whether any lifecycle rule is in effect, managed or foreign, or the error of the read.
    pub has_lifecycle: Result<bool, Error>,
    /// The default retention of Object Lock, or the error of the read.
    pub object_lock: Result<ObjectLock, Error>,
    /// Rules that replicate objects to other buckets, or the error of the read.
    pub replications: Result<Vec<Replication>, Error>,
    /// The destination of access logs, or the error of the read.
    pub access_logs: Result<AccessLogs, Error>,
    /// The notifications of S3 about objects, or the error of the read.
    pub notifications: Result<Notifications, Error>,
    /// The buckets to which S3 writes inventories, or the error of the read.
    pub inventories: Result<Vec<NameReceiver>, Error>,
}

/// A grant of a bucket ACL to anybody except the owner of the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclGrant {
    /// The URI of a group, or the canonical ID of an account.
    pub grantee: String,
    /// The permission, such as `READ`.
    pub permission: String,
}

impl AclGrant {
    const GROUPS: &str = "http://acs.amazonaws.com/groups/";

    /// Whether the grant is to everybody, or to everybody with an AWS account.
    ///
    /// See "The meaning of public" in "Blocking public access to your Amazon S3 storage" in the S3
    /// user guide.
    pub fn is_public(&self) -> bool {
        let group = self.grantee.strip_prefix(Self::GROUPS);
        matches!(group, Some("global/AllUsers" | "global/AuthenticatedUsers"))
    }
}

impl std::fmt::Display for AclGrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { grantee, permission } = self;
        match grantee.strip_prefix(Self::GROUPS) {
            Some("global/AllUsers") => write!(f, "{permission} to everybody"),
            Some("global/AuthenticatedUsers") => write!(f, "{permission} to every AWS account"),
            Some("s3/LogDelivery") => write!(f, "{permission} to the log delivery of S3"),
            _ => write!(f, "{permission} to `{grantee}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The groups of "Access control list (ACL) overview" in the S3 user guide.
    #[test]
    fn a_grant_is_public_if_its_group_has_members_of_every_account() {
        for (grantee, is_public, text) in [
            ("http://acs.amazonaws.com/groups/global/AllUsers", true, "READ to everybody"),
            ("http://acs.amazonaws.com/groups/global/AuthenticatedUsers", true, "READ to every AWS account"),
            ("http://acs.amazonaws.com/groups/s3/LogDelivery", false, "READ to the log delivery of S3"),
            ("0123456789abcdef", false, "READ to `0123456789abcdef`"),
        ] {
            let grant = AclGrant { grantee: grantee.to_owned(), permission: "READ".to_owned() };
            assert_eq!((grant.is_public(), grant.to_string()), (is_public, text.to_owned()));
        }
    }
}

//! The error of an AWS call.

use reconcile_policy::{AccountId, PolicyKind};

use crate::table::classify;
use crate::{CallFailure, Class, Endpoint, NotVisible, Operation};

/// An AWS call that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} in account {account}: {}", self.detail())]
pub struct Error {
    /// The account whose session made the call.
    pub account: AccountId,
    /// The operation that was called.
    pub operation: Operation,
    /// The class, which says what a caller can do about the error.
    pub class: Class,
    /// The error code of AWS, if there was an answer with a code.
    pub code: Option<Box<str>>,
    /// The answer of AWS, or the reason why there was none.
    pub message: Box<str>,
    /// The Region of the bucket, if S3 answered that the bucket is not in the Region of the call.
    pub bucket_region: Option<Box<str>>,
    /// The destination of the call, if a request was sent.
    pub endpoint: Option<Box<Endpoint>>,
    /// The reason why there was no answer, if there was none.
    pub failure: Option<CallFailure>,
}

impl Error {
    /// The error of an answer of AWS.
    pub fn answered(account: AccountId, operation: Operation, code: &str, message: &str) -> Self {
        let class = classify(operation, Some(code), message, None);
        Self { code: Some(code.into()), ..Self::new(account, operation, class, message) }
    }

    /// An error without an error code of AWS.
    pub fn new(account: AccountId, operation: Operation, class: Class, message: &str) -> Self {
        Self {
            account,
            operation,
            class,
            code: None,
            message: message.into(),
            bucket_region: None,
            endpoint: None,
            failure: None,
        }
    }

    /// Whether the resource that the call asks for does not exist.
    pub fn is_absent(&self) -> bool {
        self.class == Class::Absent
    }

    /// Whether S3 answers that the bucket of the call does not exist.
    pub fn is_of_absent_bucket(&self) -> bool {
        self.code.as_deref() == Some("NoSuchBucket")
    }

    /// Whether the resource that the call creates already exists. After a retry, this answer can
    /// mean that an earlier attempt succeeded.
    pub fn is_conflict(&self) -> bool {
        self.class == Class::Conflict
    }

    /// Whether the caller is not allowed to make the call.
    pub fn is_denied(&self) -> bool {
        self.class == Class::Denied
    }

    /// Whether AWS rejects the call from every caller or from this caller: another attempt gets the
    /// same answer.
    pub fn is_rejected(&self) -> bool {
        matches!(self.class, Class::Denied | Class::Refused)
    }

    /// Whether the credentials are the cause of the error.
    pub fn is_of_credentials(&self) -> bool {
        self.class == Class::Credentials
    }

    /// Whether AWS received too many calls.
    pub fn is_throttled(&self) -> bool {
        self.class == Class::Throttled
    }

    /// Whether the account has not enabled the Region of the call. The Region then cannot contain a
    /// resource of the account.
    pub fn is_region_not_enabled(&self) -> bool {
        self.class == Class::RegionNotEnabled
    }

    /// Whether it is unknown if the call took effect.
    pub fn has_unknown_outcome(&self) -> bool {
        self.class == Class::Unavailable
    }

    /// Whether the outcome is unknown and there is no error code, as in an answer that is not in
    /// the form of AWS.
    pub fn is_unreadable_answer(&self) -> bool {
        self.has_unknown_outcome() && self.code.is_none()
    }

    /// Whether the error can be the answer of a service that does not see a resource that was just
    /// created or written. Excludes access to an organization.
    pub fn is_unready(&self) -> bool {
        match self.class {
            Class::NotYetSeen(unseen) => unseen != NotVisible::Organization,
            Class::Absent | Class::Busy => true,
            Class::Conflict
            | Class::Throttled
            | Class::LimitReached
            | Class::Denied
            | Class::Credentials
            | Class::Clock
            | Class::RegionNotEnabled
            | Class::Unavailable
            | Class::Refused => false,
        }
    }

    /// Whether the error can disappear without a change of the call and of the resources that it
    /// needs.
    pub fn is_passing(&self) -> bool {
        match self.class {
            Class::NotYetSeen(unseen) => unseen != NotVisible::Organization,
            Class::Busy | Class::Throttled | Class::Unavailable => true,
            Class::Absent
            | Class::Conflict
            | Class::LimitReached
            | Class::Denied
            | Class::Credentials
            | Class::Clock
            | Class::RegionNotEnabled
            | Class::Refused => false,
        }
    }

    /// Whether CloudTrail does not see a bucket, a key, a topic or a policy that a trail needs.
    pub fn is_unseen_delivery(&self) -> bool {
        matches!(self.class, Class::NotYetSeen(NotVisible::Delivery(_)))
    }

    /// Whether CloudTrail does not accept the policy of a trail's bucket, key or topic, or does not
    /// see it yet.
    pub fn is_about_policy(&self, policy: PolicyKind) -> bool {
        matches!(self.class, Class::NotYetSeen(NotVisible::Delivery(checked)) if checked.policies().contains(&policy))
    }

    /// Whether a service does not see a principal that a policy or a grant names. The principal
    /// does not exist, or was created a moment ago.
    pub fn is_unseen_principal(&self) -> bool {
        self.class == Class::NotYetSeen(NotVisible::Principal)
    }

    /// Whether CloudTrail does not see that it is allowed to act for the organization. The answer
    /// is the same for a while after trusted access was enabled or a delegated administrator was
    /// registered.
    pub fn is_unseen_organization(&self) -> bool {
        self.class == Class::NotYetSeen(NotVisible::Organization)
    }

    fn detail(&self) -> String {
        match &self.code {
            Some(code) => format!("{code}: {}", self.message),
            None => self.message.to_string(),
        }
    }
}

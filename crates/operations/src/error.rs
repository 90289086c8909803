//! The error of an AWS call.

use reconcile_policy::{AccountId, PolicyKind};

use crate::table::classify;
use crate::{CallFailure, Class, Endpoint, NotVisible, Operation};

/// An AWS call that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} in account {account}: {}", self.detail())]
pub struct Error {
    /// The account whose session made the call.
    pub account: AccountId,
    /// The operation that was called.
    pub operation: Operation,
    /// What can be done about it.
    pub class: Class,
    /// The error code of AWS, where there was an answer with one.
    pub code: Option<Box<str>>,
    /// The answer of AWS, or the reason why there was none.
    pub message: Box<str>,
    /// The Region of the bucket, where S3 answered that the bucket is not in the Region that was
    /// called.
    pub bucket_region: Option<Box<str>>,
    /// Where the call went, if a request was sent.
    pub endpoint: Option<Box<Endpoint>>,
    /// Why there was no answer, if there was none.
    pub failure: Option<CallFailure>,
}

impl Error {
    /// The error of an answer of AWS.
    pub fn answered(account: AccountId, operation: Operation, code: &str, message: &str) -> Self {
        let class = classify(operation, Some(code), message, None);
        Self { code: Some(code.into()), ..Self::new(account, operation, class, message) }
    }

    /// An error that AWS did not answer with.
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

    /// Whether the resource that the call creates already exists. After a call that may have been
    /// repeated, that is its success.
    pub fn is_conflict(&self) -> bool {
        self.class == Class::Conflict
    }

    /// Whether the caller is not allowed to make the call.
    pub fn is_denied(&self) -> bool {
        self.class == Class::Denied
    }

    /// Whether AWS accepts the call from nobody, or not from this caller: another attempt gets the
    /// same answer.
    pub fn is_rejected(&self) -> bool {
        matches!(self.class, Class::Denied | Class::Refused)
    }

    /// Whether the credentials are the cause.
    pub fn is_of_credentials(&self) -> bool {
        self.class == Class::Credentials
    }

    /// Whether AWS received too many calls.
    pub fn is_throttled(&self) -> bool {
        self.class == Class::Throttled
    }

    /// Whether the account has not enabled the Region of the call. Nothing of the account can be
    /// there.
    pub fn is_region_not_enabled(&self) -> bool {
        self.class == Class::RegionNotEnabled
    }

    /// Whether it is not known if the call took effect.
    pub fn has_unknown_outcome(&self) -> bool {
        self.class == Class::Unavailable
    }

    /// Whether there was an answer that is not in the form of AWS.
    pub fn is_unreadable_answer(&self) -> bool {
        self.has_unknown_outcome() && self.code.is_none()
    }

    /// Whether the error can be the answer of a service that does not see yet what was created or
    /// written a moment ago, other than access to an organization.
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

    /// Whether the error can pass by itself, without a change of what the call asks for.
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

    /// Whether a service does not see a principal that a policy or a grant names. That is the
    /// answer where the user or role does not exist, and for a while after it was created.
    pub fn is_unseen_principal(&self) -> bool {
        self.class == Class::NotYetSeen(NotVisible::Principal)
    }

    /// Whether CloudTrail does not see that it is allowed to act for the organization. That is also
    /// the answer for a while after trusted access was given, or a delegated administrator was
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

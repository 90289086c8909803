//! Errors of reading.

use reconcile_policy::{Arn, ParseError};
use reconcile_spec::AccountName;

/// Why a resource could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// AWS did not give it.
    #[error(transparent)]
    Aws(#[from] reconcile_operations::Error),
    /// The live policy is not one.
    #[error("the live policy of {resource} cannot be read: {error}")]
    Policy {
        /// The bucket, key, topic or role.
        resource: String,
        /// What is wrong with it, and where.
        error: ParseError,
    },
    /// AWS gave an answer that lacks what it always has.
    #[error("AWS returned {resource} without {what}")]
    Incomplete {
        /// What was read.
        resource: String,
        /// What is not there.
        what: &'static str,
    },
    /// A trail of that name exists with another home Region, where alone it can be changed.
    #[error("trail `{name}` exists with home Region {actual}, but its home Region in the spec is {wanted}")]
    HomeRegion {
        /// Its name.
        name: String,
        /// Where it is.
        actual: String,
        /// Where the spec wants it.
        wanted: String,
    },
    /// The bucket exists in another Region than the spec says.
    #[error("bucket `{name}` is in Region {actual}, but the spec says {wanted}")]
    BucketRegion {
        /// The name of the bucket.
        name: String,
        /// The Region that it is in.
        actual: String,
        /// The Region that the spec names.
        wanted: String,
    },
    /// There is no key of the ARN that the spec names.
    #[error("key {arn} does not exist")]
    NoSuchKey {
        /// Which key.
        arn: Arn,
    },
    /// A role of the name that ours is to have exists, and does not carry the mark of this installation.
    #[error("role `{name}` exists and is not managed by this installation")]
    ForeignRole {
        /// Its name.
        name: String,
        /// The installation whose mark it carries.
        owner: Option<String>,
    },
    /// The spec names an account that it does not declare; a parsed spec never does.
    #[error("account `{account}` is not declared")]
    NoSuchAccount {
        /// Its name.
        account: AccountName,
    },
}

impl ReadError {
    /// The next step of the user, where it is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Aws(error) => error.hint(),
            Self::Policy { .. } => Some(
                "correct the policy by hand; reconcile does not overwrite a policy that it cannot read"
                    .to_owned(),
            ),
            Self::HomeRegion { actual, name, .. } => Some(format!(
                "set `home_region: {actual}` for the trail, or delete `{name}` in {actual}, so that the next \
                 apply creates it"
            )),
            Self::BucketRegion { actual, .. } => Some(format!(
                "set `bucket.region: {actual}` if the bucket is yours, or name another bucket: bucket names are shared \
                 by all of AWS"
            )),
            Self::NoSuchKey { .. } => Some(
                "correct `key.arn`, or set `key.alias` instead, so that reconcile creates a key".to_owned(),
            ),
            Self::ForeignRole { owner: Some(owner), .. } => Some(format!(
                "installation `{owner}` manages the role: if this spec was renamed, add the line `previous_name: {owner}`; \
                 otherwise set another `cloudwatch_logs.role_name`"
            )),
            Self::ForeignRole { name, owner: None } => Some(format!(
                "set another `cloudwatch_logs.role_name`, or tag `{name}` with `reconcile:spec` and the name of \
                 the spec, so that this spec manages the role"
            )),
            Self::Incomplete { .. } | Self::NoSuchAccount { .. } => None,
        }
    }
}

/// Why nothing can be said of live state.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObserveError {
    /// The bucket or the key could not be read.
    #[error("cannot read the central bucket or key in account `{account}`: {error}")]
    Hub {
        /// The account that holds them.
        account: AccountName,
        /// Why.
        #[source]
        error: ReadError,
    },
    /// The organization could not be read.
    #[error("cannot read the organization from account `{account}`: {error}")]
    Organization {
        /// The account that is to list it.
        account: AccountName,
        /// Why.
        #[source]
        error: ReadError,
    },
    /// The runtime stopped in the middle.
    #[error("reading live state was interrupted")]
    Interrupted,
}

impl ObserveError {
    /// The next step of the user, where it is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Hub { error, .. } | Self::Organization { error, .. } => error.hint(),
            Self::Interrupted => None,
        }
    }
}

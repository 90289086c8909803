//! Errors of reading.

use reconcile_policy::{Arn, ParseError};
use reconcile_spec::AccountName;
use reconcile_text::Hint;

/// The reason why a resource could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// The call to AWS failed.
    #[error(transparent)]
    Aws(#[from] reconcile_operations::Error),
    /// The live policy is not a valid policy.
    #[error("the live policy of {resource} cannot be read: {error}")]
    Policy {
        /// The bucket, key, topic or role.
        resource: String,
        /// The problem, and its place.
        error: ParseError,
    },
    /// AWS returned an answer without an element that every answer has.
    #[error("AWS returned {resource} without {what}")]
    Incomplete {
        /// The resource.
        resource: String,
        /// The missing element.
        what: &'static str,
    },
    /// A trail with this name exists with another home Region. CloudTrail changes a trail only in
    /// its home Region.
    #[error("trail `{name}` exists with home Region {actual}, but its home Region in the spec is {wanted}")]
    HomeRegion {
        /// The name of the trail.
        name: String,
        /// The home Region of the trail.
        actual: String,
        /// The home Region in the spec.
        wanted: String,
    },
    /// The bucket exists in another Region than the Region in the spec.
    #[error("bucket `{name}` is in Region {actual}, but the spec says {wanted}")]
    BucketRegion {
        /// The name of the bucket.
        name: String,
        /// The Region of the bucket.
        actual: String,
        /// The Region that the spec names.
        wanted: String,
    },
    /// The key with the ARN in the spec does not exist.
    #[error("key {arn} does not exist")]
    NoSuchKey {
        /// The ARN of the key.
        arn: Arn,
    },
    /// A role with the managed name exists, but does not have the tag of this installation.
    #[error("role `{name}` exists and is not managed by this installation")]
    ForeignRole {
        /// The name of the role.
        name: String,
        /// The installation whose tag the role has.
        owner: Option<String>,
    },
    /// The spec names an account that it does not declare. A parsed spec declares every account
    /// that it names.
    #[error("account `{account}` is not declared")]
    NoSuchAccount {
        /// The name of the account in the spec.
        account: AccountName,
    },
}

impl Hint for ReadError {
    fn own_hint(&self) -> Option<String> {
        match self {
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
            Self::Aws(_) | Self::Incomplete { .. } | Self::NoSuchAccount { .. } => None,
        }
    }

    fn caused_by(&self) -> Option<&(dyn Hint + 'static)> {
        match self {
            Self::Aws(error) => Some(error),
            Self::Policy { .. }
            | Self::Incomplete { .. }
            | Self::HomeRegion { .. }
            | Self::BucketRegion { .. }
            | Self::NoSuchKey { .. }
            | Self::ForeignRole { .. }
            | Self::NoSuchAccount { .. } => None,
        }
    }
}

/// The reason why live state is unknown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ObserveError {
    /// The bucket or the key could not be read.
    #[error("cannot read the central bucket or key in account `{account}`")]
    Hub {
        /// The account of the bucket or the key.
        account: AccountName,
        /// The error of the read.
        #[source]
        error: ReadError,
    },
    /// The organization could not be read.
    #[error("cannot read the organization from account `{account}`")]
    Organization {
        /// The account that lists the organization.
        account: AccountName,
        /// The error of the read.
        #[source]
        error: ReadError,
    },
    /// The runtime stopped during the read.
    #[error("reading live state was interrupted")]
    Interrupted,
}

impl Hint for ObserveError {
    fn own_hint(&self) -> Option<String> {
        None
    }

    fn caused_by(&self) -> Option<&(dyn Hint + 'static)> {
        match self {
            Self::Hub { error, .. } | Self::Organization { error, .. } => Some(error),
            Self::Interrupted => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use reconcile_text::message;

    use super::*;

    /// Returns the error after another one, or the first error for `None`. A new variant does not
    /// compile until it has a place here.
    fn next(last: Option<&ReadError>) -> Option<ReadError> {
        let foreign = |owner: Option<&str>| ReadError::ForeignRole {
            name: "delivery".to_owned(),
            owner: owner.map(str::to_owned),
        };
        Some(match last {
            None => ReadError::Aws(reconcile_operations::Error::answered(
                "111111111111".parse().unwrap(),
                reconcile_operations::Operation::GetBucketPolicy,
                "AccessDenied",
                "Access Denied",
            )),
            Some(ReadError::Aws(_)) => ReadError::Policy {
                resource: "bucket logs".to_owned(),
                error: "{".parse::<reconcile_policy::Document>().unwrap_err(),
            },
            Some(ReadError::Policy { .. }) => {
                ReadError::Incomplete { resource: "key 1".to_owned(), what: "an ARN" }
            }
            Some(ReadError::Incomplete { .. }) => ReadError::HomeRegion {
                name: "Trail".to_owned(),
                actual: "eu-west-1".to_owned(),
                wanted: "us-east-1".to_owned(),
            },
            Some(ReadError::HomeRegion { .. }) => ReadError::BucketRegion {
                name: "logs".to_owned(),
                actual: "eu-west-1".to_owned(),
                wanted: "us-east-1".to_owned(),
            },
            Some(ReadError::BucketRegion { .. }) => {
                ReadError::NoSuchKey { arn: "arn:aws:kms:us-east-1:111111111111:key/1".parse().unwrap() }
            }
            Some(ReadError::NoSuchKey { .. }) => foreign(Some("audit")),
            Some(ReadError::ForeignRole { owner: Some(_), .. }) => foreign(None),
            Some(ReadError::ForeignRole { owner: None, .. }) => {
                ReadError::NoSuchAccount { account: "production".parse().unwrap() }
            }
            Some(ReadError::NoSuchAccount { .. }) => return None,
        })
    }

    #[test]
    fn the_wording_of_every_error_of_a_read_is_reviewed() {
        let all = std::iter::successors(next(None), |last| next(Some(last)));
        let text: Vec<String> = all
            .map(|it| {
                format!("{}\n  hint: {}\n", message(&it), it.hint().unwrap_or_else(|| "none".to_owned()))
            })
            .collect();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!("errors_of_reads", text.join("\n"));
        });
    }
}

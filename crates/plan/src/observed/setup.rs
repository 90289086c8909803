//! An existing configuration that has no spec yet.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_policy::{AccountId, Arn, Document, Region};
use reconcile_spec::{AccountName, AliasName, BucketName, TrailName};
use reconcile_text::Hint;

use super::error::ReadError;
use super::key::LiveKey;
use super::topic::LiveTopic;
use crate::view::{Bucket, Grant, LifecycleRules, LogGroup, OtherTrail, Role, Trail};

/// The filter of a survey: the bucket and the trails to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SurveyFilter {
    /// The bucket; `None` for the only bucket to which the trails deliver.
    pub bucket: Option<BucketName>,
    /// The name of the trails; `None` for all trails.
    pub trail: Option<TrailName>,
}

impl SurveyFilter {
    /// Returns whether the filter selects a trail.
    pub fn selects(&self, trail: &OtherTrail) -> bool {
        self.trail.as_ref().is_none_or(|name| name.as_str() == trail.arn.resource_name())
    }

    /// Returns the bucket of the filter, or else the only bucket to which the selected trails
    /// deliver.
    ///
    /// # Errors
    /// If no trail is selected, or if the selected trails deliver to several buckets. The error
    /// contains `accounts`, the accounts of the trails.
    pub fn only_bucket<'t>(
        &self,
        trails: impl IntoIterator<Item = &'t OtherTrail>,
        accounts: Vec<AccountName>,
    ) -> Result<BucketName, SurveyError> {
        if let Some(bucket) = &self.bucket {
            return Ok(bucket.clone());
        }
        let selected = trails.into_iter().filter(|trail| self.selects(trail));
        let buckets: BTreeSet<&str> = selected.map(|trail| trail.bucket.as_str()).collect();
        let buckets: Vec<String> = buckets.into_iter().map(str::to_owned).collect();
        match buckets.as_slice() {
            [] => Err(SurveyError::NoTrails { accounts }),
            [one] => one.parse().map_err(|_| SurveyError::NoTrails { accounts }),
            _ => Err(SurveyError::ManyBuckets { buckets }),
        }
    }
}

/// A live configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// The name of the bucket.
    pub bucket: BucketName,
    /// The account of the bucket.
    pub bucket_account: AccountName,
    /// The Region of the bucket.
    pub region: Region,
    /// The settings of the bucket, without lifecycle rules.
    pub bucket_view: Bucket,
    /// The lifecycle rules of the bucket.
    pub rules: LifecycleRules,
    /// The policy of the bucket.
    pub bucket_policy: Option<Document>,
    /// The keys with which the trails encrypt, by ARN.
    pub keys: BTreeMap<Arn, Result<SetupKey, MissingKey>>,
    /// The trails that deliver to the bucket, each with the account in which the trail was found.
    pub trails: Vec<(AccountName, Trail)>,
    /// The other destinations of the trails, if they are in one of the accounts.
    pub destinations: SetupDestinations,
    /// Permissions of CloudTrail in the organization; `None` if there is no organization trail.
    pub organization: Option<Result<SetupOrganization, ReadError>>,
    /// Accounts that may have more trails with other home Regions, each with the error of listing
    /// these trails.
    pub unsurveyed: BTreeMap<AccountName, ReadError>,
    /// Trails whose aggregation of data events could not be read, each with the error.
    pub aggregation_unread: BTreeMap<Arn, reconcile_operations::Error>,
}

/// A key of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupKey {
    /// The account of the key.
    pub account: AccountName,
    /// The alias of the key, if it has one.
    pub alias: Option<AliasName>,
    /// The key.
    pub key: LiveKey,
    /// The policy of the key.
    pub policy: Document,
    /// All grants on the key.
    pub grants: Vec<Grant>,
}

/// The reason why a key is unknown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MissingKey {
    /// None of the accounts has the key.
    #[error("it is in an account that was not named")]
    Elsewhere,
    /// The key could not be read.
    #[error("it cannot be read: {0}")]
    Unreadable(ReadError),
}

impl From<ReadError> for MissingKey {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}

/// A resource that a trail uses: the error if the resource could not be read, or `None` if it does
/// not exist.
pub type Used<T> = Result<Option<T>, ReadError>;

/// The destinations of trails besides the bucket, by ARN, without destinations in accounts that the
/// user did not name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SetupDestinations {
    /// Log groups.
    pub log_groups: BTreeMap<Arn, Used<LogGroup>>,
    /// Roles that deliver to log groups. Their inline policies are not read.
    pub roles: BTreeMap<Arn, Used<Role>>,
    /// Topics.
    pub topics: BTreeMap<Arn, Used<LiveTopic>>,
}

/// Permissions of CloudTrail in an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupOrganization {
    /// Whether CloudTrail has trusted access.
    pub service_access: bool,
    /// Delegated administrators for CloudTrail.
    pub delegated_administrators: Vec<AccountId>,
}

/// The reason why no configuration was found.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// An account could not be read.
    #[error("cannot read account `{account}`")]
    Account {
        /// The account that could not be read.
        account: AccountName,
        /// The error of the read.
        #[source]
        error: ReadError,
    },
    /// No trail matches the filter.
    #[error("no matching trail was found in {}", names(accounts))]
    NoTrails {
        /// The accounts that were searched.
        accounts: Vec<AccountName>,
    },
    /// Trails deliver to several buckets.
    #[error("the trails deliver to several buckets: {}", buckets.join(", "))]
    ManyBuckets {
        /// The names of the buckets.
        buckets: Vec<String>,
    },
    /// None of the accounts has the bucket.
    #[error("bucket {bucket} is in none of the accounts {}", names(accounts))]
    NoBucket {
        /// The name of the bucket.
        bucket: BucketName,
        /// The accounts that were searched.
        accounts: Vec<AccountName>,
    },
}

impl Hint for SurveyError {
    fn own_hint(&self) -> Option<String> {
        Some(match self {
            Self::Account { .. } => return None,
            Self::NoTrails { .. } => {
                "name the accounts that have the trails: `--account NAME=ID:ROLE`".to_owned()
            }
            Self::ManyBuckets { .. } => "choose one of them: `--bucket NAME`".to_owned(),
            Self::NoBucket { .. } => "name its account as well: `--account NAME=ID:ROLE`".to_owned(),
        })
    }

    fn caused_by(&self) -> Option<&(dyn Hint + 'static)> {
        match self {
            Self::Account { error, .. } => Some(error),
            Self::NoTrails { .. } | Self::ManyBuckets { .. } | Self::NoBucket { .. } => None,
        }
    }
}

fn names(accounts: &[AccountName]) -> String {
    accounts.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(name: &str, bucket: &str) -> OtherTrail {
        OtherTrail {
            arn: format!("arn:aws:cloudtrail:us-east-1:111111111111:trail/{name}").parse().unwrap(),
            bucket: bucket.to_owned(),
            prefix: None,
            kms_key: None,
            topic: None,
            log_file_validation: true,
            home_region: "us-east-1".to_owned(),
            multi_region: true,
            organization: false,
        }
    }

    #[test]
    fn the_bucket_is_that_of_the_filter_or_the_only_one_of_the_selected_trails() {
        let trails = [trail("Audit", "audit-logs"), trail("Audit", "audit-logs"), trail("Test", "test-logs")];
        let filter = |bucket: Option<&str>, name: Option<&str>| SurveyFilter {
            bucket: bucket.map(|it| it.parse().unwrap()),
            trail: name.map(|it| it.parse().unwrap()),
        };
        for (filter, expected) in [
            (filter(Some("named"), None), Ok("named")),
            (filter(None, Some("Audit")), Ok("audit-logs")),
            (filter(None, Some("None")), Err("no matching trail was found in `security`")),
            (filter(None, None), Err("audit-logs")),
        ] {
            let found = filter.only_bucket(&trails, vec!["security".parse().unwrap()]);
            match expected {
                Ok(name) => assert_eq!(found.unwrap().as_str(), name),
                Err(part) => {
                    let message = found.unwrap_err().to_string();
                    assert!(message.contains(part), "{message}");
                }
            }
        }
    }
}

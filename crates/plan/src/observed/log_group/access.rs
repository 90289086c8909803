//! Policies that allow others to write into log groups, and filters that send events elsewhere.

use reconcile_policy::Document;

use super::super::error::ReadError;

/// The access to a log group that others may have set up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LogAccess {
    /// The resource policies of the account and Region, and the policy of the log group itself.
    pub policies: Vec<ResourcePolicy>,
    /// The filters that send events of the log group, or of all log groups of the account and
    /// Region.
    pub subscriptions: Vec<Subscription>,
    /// The kinds of settings that could not be read, each with the error.
    pub unread: Vec<(Unread, ReadError)>,
}

/// A resource policy of CloudWatch Logs.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourcePolicy {
    /// The name of the policy; `None` for the policy of the log group itself.
    pub name: Option<String>,
    /// The statements of the policy.
    pub document: Document,
}

/// A subscription filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The name of the filter.
    pub name: String,
    /// The ARN of the receiver of the events.
    pub destination: String,
    /// The pattern of the events that are sent; empty for all events.
    pub pattern: String,
    /// The log groups to which the filter applies.
    pub reach: Reach,
}

/// The log groups of a subscription filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// One log group.
    Group,
    /// The log groups of the account and Region that the selection criteria select; all if there
    /// are no criteria.
    Account {
        /// The selection criteria, as CloudWatch Logs shows them.
        criteria: Option<String>,
    },
}

/// A kind of settings that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// The resource policies of the account and Region.
    AccountPolicies,
    /// The resource policy of the log group.
    GroupPolicy,
    /// The subscription filter policies of the account and Region.
    AccountSubscriptions,
    /// The subscription filters of the log group.
    GroupSubscriptions,
}

impl LogAccess {
    /// Returns the access together with the access that the account and Region give to all log
    /// groups.
    #[must_use]
    pub fn with(self, account: Self) -> Self {
        let Self { policies, subscriptions, unread } = self;
        Self {
            policies: [account.policies, policies].concat(),
            subscriptions: [account.subscriptions, subscriptions].concat(),
            unread: [account.unread, unread].concat(),
        }
    }
}

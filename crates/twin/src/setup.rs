//! The initial accounts and resources of a twin.

/// The accounts and resources that a twin must have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Setup {
    /// The account of the current credentials.
    pub ambient: Option<String>,
    /// The management account of the organization, if it is not the ambient account.
    pub management: Option<String>,
    /// The accounts.
    pub accounts: Vec<SetupAccount>,
    /// ARNs of keys that must exist.
    pub keys: Vec<String>,
    /// ARNs of topics that must exist, and to which CloudTrail can publish.
    pub topics: Vec<String>,
    /// ARNs of topics that must exist, and that alarms can notify.
    pub alarm_topics: Vec<String>,
    /// Buckets that must exist.
    pub buckets: Vec<SetupBucket>,
}

/// A bucket that a twin must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupBucket {
    /// The name of the bucket.
    pub name: String,
    /// The account that owns the bucket.
    pub owner: String,
    /// The Region of the bucket.
    pub region: String,
}

/// An account that a twin must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupAccount {
    /// The ID of the account.
    pub id: String,
    /// The name of the account.
    pub name: String,
    /// Names of the roles in the account that other accounts are allowed to assume.
    pub roles: Vec<String>,
}

use reconcile_policy::{BucketIntent, Ownership, StatementForm};

use super::{Foreign, OnDoubt, Site};

/// The desired policy of the bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketPolicy {
    /// The account and Region of the bucket.
    pub site: Site,
    /// The access that the policy must grant.
    pub intent: BucketIntent,
    /// The only form of the managed statements to use; `None` to use the first form that fits the
    /// size limit.
    pub form: Option<StatementForm>,
    /// Whether the policy is managed.
    pub is_managed: bool,
    /// Decides which statements are managed.
    pub ownership: Ownership,
    /// The treatment of foreign statements.
    pub foreign: Foreign,
    /// The consequence if the proof of the policy fails or is uncertain.
    pub proof: OnDoubt,
}

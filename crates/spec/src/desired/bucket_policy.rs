use reconcile_policy::{BucketIntent, Form, Ownership};

use super::{Foreign, OnDoubt, Site};

/// What the policy of the bucket has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct BucketPolicy {
    /// Where the bucket is.
    pub site: Site,
    /// What it has to say.
    pub intent: BucketIntent,
    /// The only form of the statements to use; `None` for the first that fits.
    pub form: Option<Form>,
    /// Whether it is ours to write.
    pub is_managed: bool,
    /// Which statements are ours.
    pub ownership: Ownership,
    /// What becomes of those that are not.
    pub foreign: Foreign,
    /// What its proof does where it says no, or cannot tell.
    pub proof: OnDoubt,
}

use reconcile_policy::{Document, KeyIntent, Ownership, StatementForm};

use super::{Foreign, OnDoubt, Site};

/// The desired policy of the key.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPolicy {
    /// The account and Region of the key.
    pub site: Site,
    /// The access that the policy must grant.
    pub intent: KeyIntent,
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

impl KeyPolicy {
    /// The policy with which a new key is created. It allows only the administrators.
    pub fn initial(&self) -> Document {
        Document::new(vec![self.intent.administration(&self.ownership)])
    }
}

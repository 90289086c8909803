use reconcile_policy::{Document, Form, KeyIntent, Ownership};

use super::{Foreign, OnDoubt, Site};

/// What the policy of the key has to say.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyPolicy {
    /// Where the key is.
    pub site: Site,
    /// What it has to say.
    pub intent: KeyIntent,
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

impl KeyPolicy {
    /// The policy that a new key is made with: who may administer it, and nothing else.
    pub fn initial(&self) -> Document {
        Document::new(vec![self.intent.administration(&self.ownership)])
    }
}

/// Foreign access that somebody reviewed and accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// The name of the access in a plan: kind, name and digest.
    pub finding: String,
    /// The reason why it is accepted.
    pub reason: String,
}

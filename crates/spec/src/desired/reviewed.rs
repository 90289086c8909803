/// Access of others that somebody reviewed and accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewed {
    /// The access, as a plan names it: kind, name and digest.
    pub finding: String,
    /// The reason why it is accepted.
    pub reason: String,
}

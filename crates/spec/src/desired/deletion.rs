/// What of ours may be taken away when the spec no longer has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    /// Trails.
    pub trails: bool,
    /// Grants on the key.
    pub grants: bool,
    /// Statements in the two policies, and what they allow.
    pub statements: bool,
}

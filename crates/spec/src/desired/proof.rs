/// The consequence if the proof of a policy fails or is uncertain.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDoubt {
    /// If the proof fails, the plan leaves out the changes that depend on it. If the proof is
    /// uncertain, the plan warns.
    #[default]
    Refuse,
    /// The plan warns in both cases, and keeps the changes.
    Warn,
}

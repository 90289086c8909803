/// What the proof of a policy does where it says no, or cannot tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDoubt {
    /// A no leaves what depends on it out of the plan; where the proof cannot tell, the plan warns.
    #[default]
    Refuse,
    /// The user accepts either, and the plan says so.
    Warn,
}

/// The encryption of a topic or a log group, as far as the spec asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtRest {
    /// The key of the spec encrypts it.
    Key,
    /// The key of the spec encrypts it from its creation on; the encryption of one that exists is left alone.
    KeyFromCreation,
    /// Left alone.
    Unmanaged,
}

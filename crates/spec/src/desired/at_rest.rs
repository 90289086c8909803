/// The encryption that the spec requires for a topic or a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtRest {
    /// Encrypted with the key of the spec.
    Key,
    /// Created with the key of the spec; the encryption of an existing resource is not changed.
    KeyFromCreation,
    /// Not changed.
    Unmanaged,
}

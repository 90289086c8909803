/// The encryption that the spec requires for a topic or a log group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtRest {
    /// The resource is encrypted with the key of the spec.
    Key,
    /// A new resource is encrypted with the key of the spec. The encryption of an existing resource
    /// is not changed.
    KeyFromCreation,
    /// The encryption is not changed.
    Unmanaged,
}

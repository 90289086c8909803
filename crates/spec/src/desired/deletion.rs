/// The managed resources that `reconcile` is allowed to delete when they are no longer in the spec,
/// or in a destroy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, one a sort of resource")]
pub struct Deletion {
    /// Trails, and the log groups, roles and topics that were created for them.
    pub trails: bool,
    /// Grants on the key.
    pub grants: bool,
    /// Policy statements, and the access that they allow.
    pub statements: bool,
    /// The bucket: only in a destroy, and only if the bucket is empty.
    pub bucket: bool,
    /// The key: only in a destroy.
    pub key: bool,
}

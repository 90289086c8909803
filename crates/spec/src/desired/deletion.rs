/// The managed resources that can be deleted when they are no longer in the spec, or by a destroy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, one a sort of resource")]
pub struct Deletion {
    /// Trails, and the log groups, roles and topics that were created for them.
    pub trails: bool,
    /// Grants on the key.
    pub grants: bool,
    /// Policy statements, and the access that they allow.
    pub statements: bool,
    /// The bucket: only by a destroy, and only if it is empty.
    pub bucket: bool,
    /// The key: only by a destroy.
    pub key: bool,
}

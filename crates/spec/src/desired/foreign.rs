use reconcile_policy::{Adoption, Keep};

/// The treatment of foreign policy statements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Foreign {
    /// The treatment of unrelated statements.
    pub statements: ForeignStatements,
    /// The treatment of the access of accounts and trails that are not in the spec.
    pub unlisted_accounts: Unlisted,
    /// The treatment of statements that name a deleted user or role.
    pub deleted_principals: Keep,
}

impl Foreign {
    /// Keeps every foreign statement that AWS can save. AWS rejects a policy that names a deleted
    /// user or role, so the treatment of such statements does not change.
    pub(super) fn only_writable(self) -> Self {
        Self { deleted_principals: self.deleted_principals, ..Self::default() }
    }
}

/// The treatment of unrelated foreign statements.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForeignStatements {
    /// The statements are kept.
    #[default]
    Keep,
    /// The statements are kept, and drift reports them.
    Report,
    /// The statements are removed.
    Remove,
}

/// The treatment of the permissions of accounts and trails that are not in the spec.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// The permissions are kept, with a warning.
    Keep,
    /// The permissions are kept, with a warning, and drift reports them.
    #[default]
    Report,
    /// The permissions are revoked.
    Remove,
}

impl Foreign {
    /// Returns the treatment of foreign statements in a merge, without known trails.
    pub fn adoption(self) -> Adoption {
        Adoption {
            foreign_statements: match self.statements {
                ForeignStatements::Keep | ForeignStatements::Report => Keep::Keep,
                ForeignStatements::Remove => Keep::Remove,
            },
            unlisted_accounts: match self.unlisted_accounts {
                Unlisted::Keep | Unlisted::Report => Keep::Keep,
                Unlisted::Remove => Keep::Remove,
            },
            deleted_principals: self.deleted_principals,
            ..Adoption::default()
        }
    }
}

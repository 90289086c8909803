use reconcile_policy::{Adoption, Keep};

/// What a spec says of policy statements that are not ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Foreign {
    /// Statements that have nothing to do with us.
    pub statements: ForeignStatements,
    /// What accounts and trails that are not in the spec are allowed.
    pub unlisted_accounts: Unlisted,
    /// Statements that name a user or role that was deleted.
    pub deleted_principals: Keep,
}

/// What becomes of statements that have nothing to do with us.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForeignStatements {
    /// They stay.
    #[default]
    Keep,
    /// They stay, and drift reports them.
    Report,
    /// They go.
    Remove,
}

/// What becomes of the permissions of accounts and trails that are not in the spec.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// They are kept, with a warning.
    Keep,
    /// They are kept, with a warning, and drift reports them.
    #[default]
    Report,
    /// They are revoked.
    Remove,
}

impl Foreign {
    /// The terms of a merge, in which nothing is known of trails yet.
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

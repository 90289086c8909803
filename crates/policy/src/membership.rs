//! Turns what is known of the organization of an account into what a request has under the keys for it.

use crate::{Known, Request};

/// What is known of the organization of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Membership {
    /// The account is in this organization.
    In {
        /// The id of the organization.
        id: String,
        /// The path of the account in it, `o-…/r-…/ou-…/`, if known.
        path: Option<String>,
    },
    /// The account is not in this organization. It may be in another.
    NotIn {
        /// The id of the organization.
        id: String,
    },
    /// Nothing is known.
    #[default]
    Unknown,
}

impl Membership {
    /// The id of the organization that the account is known to be in.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::In { id, .. } => Some(id),
            Self::NotIn { .. } | Self::Unknown => None,
        }
    }

    /// What a request has under the keys for the id of the organization of an account, and for the path of the account.
    ///
    /// See `aws:SourceOrgID`, `aws:SourceOrgPaths` and their like in "AWS global condition context keys".
    fn known(&self) -> (Known, Known) {
        match self {
            Self::In { id, path: Some(path) } => {
                (Known::Values(vec![id.clone()]), Known::Values(vec![path.clone()]))
            }
            Self::In { id, path: None } => {
                (Known::Values(vec![id.clone()]), Known::Like(format!("{id}/r-*")))
            }
            Self::NotIn { id } => (Known::NoneOf(vec![id.clone()]), Known::Nothing),
            Self::Unknown => (Known::Nothing, Known::Nothing),
        }
    }

    /// The request with the keys for the organization of the account that owns the resource.
    pub fn of_resource(&self, request: Request) -> Request {
        let (id, path) = self.known();
        request.with_known("aws:ResourceOrgID", id).with_known("aws:ResourceOrgPaths", path)
    }

    /// The request with the keys for the organization of the account of the principal.
    pub fn of_principal(&self, request: Request) -> Request {
        let (id, path) = self.known();
        request.with_known("aws:PrincipalOrgID", id).with_known("aws:PrincipalOrgPaths", path)
    }

    /// The request with the keys for the organization of the account that a service acts for.
    pub fn of_source(&self, request: Request) -> Request {
        let (id, path) = self.known();
        request.with_known("aws:SourceOrgID", id).with_known("aws:SourceOrgPaths", path)
    }
}

//! Turns the known organization of an account into the condition keys of a request.

use crate::{Known, Request};

/// The organization of an account, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Membership {
    /// The account is in this organization.
    In {
        /// The id of the organization.
        id: String,
        /// The path of the account in the organization, `o-…/r-…/ou-…/`, if known.
        path: Option<String>,
    },
    /// The account is not in this organization, but can be in another organization.
    NotIn {
        /// The id of the organization.
        id: String,
    },
    /// The organization is unknown.
    #[default]
    Unknown,
}

impl Membership {
    /// The id of the organization of the account, if known.
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::In { id, .. } => Some(id),
            Self::NotIn { .. } | Self::Unknown => None,
        }
    }

    /// The values of the condition keys for the organization id and for the organization path of an
    /// account.
    ///
    /// See `aws:SourceOrgID`, `aws:SourceOrgPaths` and similar keys in "AWS global condition
    /// context keys".
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

    /// Adds the condition keys for the organization of the account that owns the resource.
    pub fn add_resource_organization(&self, request: Request) -> Request {
        let (id, path) = self.known();
        request.with_known("aws:ResourceOrgID", id).with_known("aws:ResourceOrgPaths", path)
    }

    /// Adds the condition keys for the organization of the account of the principal.
    pub fn add_principal_organization(&self, request: Request) -> Request {
        let (id, path) = self.known();
        request.with_known("aws:PrincipalOrgID", id).with_known("aws:PrincipalOrgPaths", path)
    }

    /// Adds the condition keys for the organization of the account on whose behalf a service acts.
    pub fn add_source_organization(&self, request: Request) -> Request {
        let (id, path) = self.known();
        request.with_known("aws:SourceOrgID", id).with_known("aws:SourceOrgPaths", path)
    }
}

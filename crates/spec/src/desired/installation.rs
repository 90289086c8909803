use reconcile_policy::Ownership;

use super::grant;
use crate::names::SpecName;

/// The installation that a spec describes. All markers of ownership derive from its name: tags,
/// Sids, and the names of grants, of the lifecycle rule and of role policies.
///
/// After a rename of the installation, resources with the previous name are still managed, and the
/// next apply gives them the present name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    name: SpecName,
    previous: Option<SpecName>,
}

impl Installation {
    /// Creates an installation, with its previous name if it was renamed.
    pub fn new(name: SpecName, previous: Option<SpecName>) -> Self {
        Self { name, previous }
    }

    /// The name of the installation.
    pub fn name(&self) -> &SpecName {
        &self.name
    }

    /// The previous name of the installation.
    pub fn previous(&self) -> Option<&SpecName> {
        self.previous.as_ref()
    }

    /// Returns whether the value of the tag [`OWNER_TAG`](super::OWNER_TAG) is the name or the
    /// previous name of the installation.
    pub fn has_name(&self, mark: &str) -> bool {
        self.names().any(|name| name.as_str() == mark)
    }

    /// Decides which policy statements belong to the installation.
    pub fn ownership(&self) -> Ownership {
        let ownership = Ownership::of(self.name.as_str());
        match &self.previous {
            Some(previous) => ownership.formerly(previous.as_str()),
            None => ownership,
        }
    }

    /// Returns whether a KMS grant with this name belongs to the installation: `<spec name>-<grant
    /// name>-<digest>`.
    pub fn owns_grant(&self, aws_name: &str) -> bool {
        self.names().any(|name| grant::is_of(name, aws_name))
    }

    /// The ID of the lifecycle rule, and the ID under the previous name.
    pub fn rule_ids(&self) -> DerivedNames {
        self.marks(|name| format!("reconcile-{name}"))
    }

    /// The name of the inline policy with which the roles of the installation deliver to log
    /// groups, and the name under the previous name.
    pub fn log_policies(&self) -> DerivedNames {
        self.marks(|name| format!("reconcile-{name}"))
    }

    /// The name of the role that delivers to log groups, if the spec does not name one.
    pub fn log_role_name(&self) -> String {
        format!("reconcile-{}-cloudtrail", self.name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &SpecName> {
        [&self.name].into_iter().chain(&self.previous)
    }

    fn marks(&self, of: impl Fn(&SpecName) -> String) -> DerivedNames {
        DerivedNames { present: of(&self.name), previous: self.previous.as_ref().map(of) }
    }
}

/// Two names: one derived from the name of an installation, and one from its previous name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedNames {
    /// The name derived from the present name.
    pub present: String,
    /// The name derived from the previous name.
    pub previous: Option<String>,
}

impl DerivedNames {
    /// Returns whether a text is one of the two names.
    pub fn has(&self, text: &str) -> bool {
        self.present == text || self.previous.as_deref() == Some(text)
    }
}

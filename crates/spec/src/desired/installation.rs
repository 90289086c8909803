use reconcile_policy::Ownership;

use super::grant;
use crate::names::SpecName;

/// The installation that a spec describes. Every mark of ownership derives from its name: tags, Sids, and the names of
/// grants, of the lifecycle rule and of role policies.
///
/// What carries the previous name of a renamed installation counts as its own, and is renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    name: SpecName,
    previous: Option<SpecName>,
}

impl Installation {
    /// An installation, with the name that it had before, if it was renamed.
    pub fn new(name: SpecName, previous: Option<SpecName>) -> Self {
        Self { name, previous }
    }

    /// Its name.
    pub fn name(&self) -> &SpecName {
        &self.name
    }

    /// The name that it had before.
    pub fn previous(&self) -> Option<&SpecName> {
        self.previous.as_ref()
    }

    /// Whether the value of the tag [`OWNER_TAG`](super::OWNER_TAG) is its name, or its previous name.
    pub fn has_name(&self, mark: &str) -> bool {
        self.names().any(|name| name.as_str() == mark)
    }

    /// Which policy statements are its own.
    pub fn ownership(&self) -> Ownership {
        let ownership = Ownership::of(self.name.as_str());
        match &self.previous {
            Some(previous) => ownership.formerly(previous.as_str()),
            None => ownership,
        }
    }

    /// Whether a KMS grant of this name is its own: `<spec name>-<grant name>-<digest>`.
    pub fn owns_grant(&self, aws_name: &str) -> bool {
        self.names().any(|name| grant::is_of(name, aws_name))
    }

    /// The ID of its lifecycle rule, and the ID under its previous name.
    pub fn rule_ids(&self) -> Marks {
        self.marks(|name| format!("reconcile-{name}"))
    }

    /// The name of the inline policy with which its roles deliver to log groups, and the name under its previous name.
    pub fn log_policies(&self) -> Marks {
        self.marks(|name| format!("reconcile-{name}"))
    }

    fn names(&self) -> impl Iterator<Item = &SpecName> {
        [&self.name].into_iter().chain(&self.previous)
    }

    fn marks(&self, of: impl Fn(&SpecName) -> String) -> Marks {
        Marks { present: of(&self.name), previous: self.previous.as_ref().map(of) }
    }
}

/// A name that derives from the name of an installation, and the one that derived from its previous name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// From the present name.
    pub present: String,
    /// From the previous name.
    pub previous: Option<String>,
}

impl Marks {
    /// Whether a text is one of the two.
    pub fn has(&self, text: &str) -> bool {
        self.present == text || self.previous.as_deref() == Some(text)
    }
}

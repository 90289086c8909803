use std::collections::BTreeMap;
use std::fmt;

use reconcile_policy::Arn;

use super::Site;
use crate::digest::sha256_hex;
use crate::names::SpecName;

/// A KMS grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Where the key is.
    pub site: Site,
    /// Its name in KMS: `<spec name>-<grant name>-<digest>`. A grant cannot be changed: with other content it
    /// has another digest, and so is another grant.
    pub aws_name: String,
    /// Who is allowed.
    pub grantee: Grantee,
    /// What is allowed, as KMS names it; sorted, each once.
    pub operations: Vec<String>,
    /// The encryption context that is asked for.
    pub constraints: Option<Constraints>,
    /// Who may retire the grant.
    pub retiring_principal: Option<Arn>,
}

/// Who a grant allows something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// A principal.
    Principal(Arn),
    /// A service, on behalf of a resource.
    Service {
        /// Such as `cloudtrail.amazonaws.com`.
        name: String,
        /// The resource.
        source_arn: Arn,
    },
}

impl fmt::Display for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal(arn) => arn.fmt(f),
            Self::Service { name, .. } => f.pad(name),
        }
    }
}

/// The encryption context that a grant asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraints {
    /// How.
    pub kind: ConstraintKind,
    /// Names and values.
    pub encryption_context: BTreeMap<String, String>,
}

/// How an encryption context is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    /// Exactly these pairs.
    Equals,
    /// At least these pairs.
    Subset,
}

impl Grant {
    /// The resource on whose behalf a service may act.
    pub fn source_arn(&self) -> Option<&Arn> {
        match &self.grantee {
            Grantee::Principal(_) => None,
            Grantee::Service { source_arn, .. } => Some(source_arn),
        }
    }

    /// Gives the grant its name from its content.
    pub(crate) fn named(mut self, spec: &SpecName, name: &str) -> Self {
        let content = format!(
            "{name} {:?} {:?} {:?} {:?}",
            self.grantee, self.operations, self.constraints, self.retiring_principal
        );
        let digest = sha256_hex(content.as_bytes());
        let digest = digest.get(..DIGEST).unwrap_or(&digest);
        // In KMS a grant's own name has no hyphen, so that `sec` does not claim what `sec-prod` made.
        self.aws_name = format!("{spec}-{}-{digest}", name.replace('-', "_"));
        self
    }
}

/// Hexadecimal digits of the digest in a grant's name.
const DIGEST: usize = 12;

/// Whether a grant of this name is of this installation.
pub(super) fn is_of(spec: &SpecName, aws_name: &str) -> bool {
    let Some(rest) = aws_name.strip_prefix(spec.as_str()).and_then(|rest| rest.strip_prefix('-')) else {
        return false;
    };
    rest.split_once('-').is_some_and(|(name, digest)| {
        is_name(name) && digest.len() == DIGEST && digest.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// What a grant may be called in a spec.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

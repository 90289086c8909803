use std::collections::BTreeMap;
use std::fmt;

use reconcile_policy::Arn;

use super::Site;
use crate::digest::sha256_hex;
use crate::names::SpecName;

/// A KMS grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The account and Region of the key.
    pub site: Site,
    /// The name of the grant in KMS: `<spec name>-<grant name>-<digest>`. A grant cannot be
    /// changed: if the content in the spec changes, so does the digest, and `reconcile` creates
    /// another grant.
    pub aws_name: String,
    /// The grantee.
    pub grantee: Grantee,
    /// The allowed operations, by their names in KMS; sorted and distinct.
    pub operations: Vec<String>,
    /// The required encryption context.
    pub constraints: Option<Constraints>,
    /// The principal that is allowed to retire the grant.
    pub retiring_principal: Option<Arn>,
}

/// The grantee of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// A principal.
    Principal(Arn),
    /// A service, on behalf of a resource.
    Service {
        /// The service principal, such as `cloudtrail.amazonaws.com`.
        name: String,
        /// The ARN of the resource.
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

/// The encryption context that a grant requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraints {
    /// The kind of comparison.
    pub kind: ConstraintKind,
    /// The required pairs of names and values.
    pub encryption_context: BTreeMap<String, String>,
}

/// The kind of comparison with an encryption context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintKind {
    /// The context has exactly these pairs.
    Equals,
    /// The context has at least these pairs.
    Subset,
}

impl Grant {
    /// The ARN of the resource on whose behalf a service is allowed to act; `None` if the grantee
    /// is a principal.
    pub fn source_arn(&self) -> Option<&Arn> {
        match &self.grantee {
            Grantee::Principal(_) => None,
            Grantee::Service { source_arn, .. } => Some(source_arn),
        }
    }

    /// Returns the name of the grant in the spec, derived from the name of the grant in KMS.
    /// Returns `None` if the name in KMS does not match the content of the grant. A hyphen in the
    /// spec becomes an underscore in KMS, so each underscore is tested as a hyphen and as an
    /// underscore.
    pub fn name_in_spec(&self, spec: &SpecName) -> Option<String> {
        /// The maximum number of underscores: each doubles the work.
        const MOST: usize = 10;

        let rest = self.aws_name.strip_prefix(spec.as_str())?.strip_prefix('-')?;
        let (name, _) = rest.split_once('-').filter(|(name, _)| is_name(name))?;
        let places: Vec<usize> = name.match_indices('_').map(|(at, _)| at).collect();
        if places.len() > MOST {
            return None;
        }
        (0..1_usize << places.len()).find_map(|hyphens| {
            let is_hyphen =
                |at: usize| places.iter().position(|it| *it == at).is_some_and(|n| hyphens >> n & 1 == 1);
            let letters = name.char_indices().map(|(at, letter)| if is_hyphen(at) { '-' } else { letter });
            let name: String = letters.collect();
            (self.clone().named(spec, &name).aws_name == self.aws_name).then_some(name)
        })
    }

    /// Derives the name in KMS from the content of the grant.
    pub(crate) fn named(mut self, spec: &SpecName, name: &str) -> Self {
        let content = format!(
            "{name} {:?} {:?} {:?} {:?}",
            self.grantee, self.operations, self.constraints, self.retiring_principal
        );
        let digest = sha256_hex(content.as_bytes());
        let digest = digest.get(..DIGEST).unwrap_or(&digest);
        // In KMS, the grant's part of the name has no hyphen, so that the installation `sec` does
        // not claim grants of the installation `sec-prod`.
        self.aws_name = format!("{spec}-{}-{digest}", name.replace('-', "_"));
        self
    }
}

/// The number of hexadecimal digits of the digest in the name of a grant.
const DIGEST: usize = 12;

/// Returns whether a grant with this name in KMS belongs to the installation.
pub(super) fn is_of(spec: &SpecName, aws_name: &str) -> bool {
    let Some(rest) = aws_name.strip_prefix(spec.as_str()).and_then(|rest| rest.strip_prefix('-')) else {
        return false;
    };
    rest.split_once('-').is_some_and(|(name, digest)| {
        is_name(name) && digest.len() == DIGEST && digest.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Returns whether the text can be the name of a grant in a spec.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_a_spec_is_derived_from_the_name_in_kms() {
        let spec: SpecName = "sec-prod".parse().unwrap();
        for name in ["audit", "audit-team", "audit_team", "a-b_c-d", "_"] {
            let site = Site { account: "master".parse().unwrap(), region: "eu-west-1".parse().unwrap() };
            let grant = Grant {
                site,
                aws_name: String::new(),
                grantee: Grantee::Principal("arn:aws:iam::111111111111:role/A".parse().unwrap()),
                operations: vec!["Decrypt".to_owned()],
                constraints: None,
                retiring_principal: None,
            };
            let grant = grant.named(&spec, name);
            assert_eq!(grant.name_in_spec(&spec).as_deref(), Some(name));
            let other = Grant { operations: vec!["Encrypt".to_owned()], ..grant.clone() };
            assert_eq!(other.name_in_spec(&spec), None);
            assert_eq!(grant.name_in_spec(&"sec".parse().unwrap()), None);
        }
    }
}

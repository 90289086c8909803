//! Public access through a policy or an ACL.

use reconcile_policy::{Allowed, Asset, AssetKind, Capability, Document, Holds, Insiders, Who, exposures};

use super::{ControlVerdict, Fix};

/// A capability that everybody has, or may have.
pub(super) struct Public {
    /// The statement or the ACL that gives the capability.
    pub(super) by: String,
    pub(super) capability: Capability,
    /// The condition keys on which the access depends; `None` if the access is certain.
    pub(super) doubt: Option<Vec<String>>,
}

/// The resource of a policy.
pub(super) struct Resource {
    pub(super) kind: AssetKind,
    pub(super) arn: String,
    pub(super) account: String,
}

/// Returns the public access that the policy of a resource allows.
pub(super) fn by_policy(document: &Document, Resource { kind, arn, account }: Resource) -> Vec<Public> {
    let logs = vec![format!("{arn}/*")];
    let asset = Asset { kind, bucket: arn.clone(), arn, account, logs };
    let found = exposures(document, &asset, &Insiders::default(), |_| true);
    found
        .into_iter()
        .flat_map(|exposure| {
            let by = exposure.statement.to_string();
            exposure.allowed.into_iter().filter_map(move |allowed| public_access(by.clone(), allowed))
        })
        .collect()
}

/// Returns the public access that an entry of a policy or of an ACL allows; `None` if the entry is
/// not public, or has no effect.
pub(super) fn public_access(by: String, allowed: Allowed) -> Option<Public> {
    let doubt = match allowed.holds {
        Holds::Always => None,
        Holds::Under(keys) => Some(keys),
        Holds::OwnAccountOnly | Holds::NotEnforced => return None,
    };
    (allowed.who == Who::Anybody).then_some(Public { by, capability: allowed.capability, doubt })
}

/// Judges public access: the control failed if any access is certain, and a person must check
/// access that depends on conditions.
pub(super) fn verdict(found: &[Public], fix: impl FnOnce() -> Fix) -> ControlVerdict {
    if let Some(certain) = found.iter().find(|it| it.doubt.is_none()) {
        let why = format!("{} lets everybody {}", certain.by, certain.capability.words());
        return ControlVerdict::Failed { why, fix: fix() };
    }
    match found.first() {
        Some(Public { by, capability, doubt }) => {
            let keys = doubt.iter().flatten().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            ControlVerdict::Manual(format!(
                "{by} may let everybody {}: this depends on {keys}",
                capability.words()
            ))
        }
        None => ControlVerdict::Passed,
    }
}

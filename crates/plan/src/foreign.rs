//! Determines the severity of the access that a foreign statement, grant, rule or configuration
//! gives, and the name with which the spec can accept the access. Pure.

use reconcile_policy::{Allowed, AssetKind, Capability, Holds, Standing};
use reconcile_spec::sha256_hex;

use crate::address::Address;
use crate::severity::Severity;

/// A foreign setting that gives outsiders access to the logs or to the resources that protect them,
/// or that endangers the logs in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignAccess {
    /// The resource that has the statement, grant, rule or configuration.
    pub address: Address,
    /// The name of the statement, grant or rule for people.
    pub subject: String,
    /// The name that accepts the access under `reviewed` in the spec: kind, name and digest.
    pub review: String,
    /// The severity.
    pub severity: Severity,
    /// The message for people, with the access and the principals.
    pub message: String,
    /// The reason why the spec accepts the access, if it does.
    pub accepted: Option<String>,
}

/// The number of hexadecimal digits of the digest in the name of a review.
const DIGITS: usize = 12;

/// Returns the name that accepts an access under `reviewed`. The name changes if `content` changes.
pub(crate) fn review(kind: &str, name: &str, content: &str) -> String {
    let digest: String = sha256_hex(content.as_bytes()).chars().take(DIGITS).collect();
    format!("{kind}/{name}@{digest}")
}

/// Returns a text that changes with the access and the principals, and that does not depend on the
/// message.
pub(crate) fn content(allowed: &[Allowed]) -> String {
    let mut lines: Vec<String> = allowed
        .iter()
        .map(|Allowed { who, capability, files, holds }| {
            let holds = match holds {
                Holds::Always => "always".to_owned(),
                Holds::Under(keys) => format!("under {}", keys.join(" ").to_ascii_lowercase()),
                Holds::OwnAccountOnly => "own account".to_owned(),
                Holds::NotEnforced => "not enforced".to_owned(),
            };
            format!(
                "{who}\t{}\t{}\t{holds}",
                capability.words(),
                files.as_deref().unwrap_or_default().join(" ")
            )
        })
        .collect();
    lines.sort();
    lines.join("\n")
}

use Severity::{Critical, High, Low, Medium};

/// The severity of each capability for everybody, for a named outsider, for an AWS service on
/// behalf of anybody, and for an AWS service on behalf of a named outsider. `None` is not reported.
///
/// The page "How foreign access is judged" of the book shows the same table, and a test compares
/// the two.
pub(crate) const WEIGHTS: [(Capability, [Option<Severity>; 4]); Capability::ALL.len()] = [
    (Capability::Read, [Some(Critical), Some(High), Some(Medium), Some(Low)]),
    (Capability::List, [Some(Medium), Some(Low), None, None]),
    (Capability::Write, [Some(Critical), Some(High), Some(Medium), Some(Low)]),
    (Capability::Delete, [Some(Critical), Some(Critical), Some(Critical), Some(High)]),
    (Capability::Expire, [Some(Critical), Some(Critical), Some(Critical), Some(High)]),
    (Capability::Replicate, [Some(Critical), Some(Critical), Some(High), Some(Medium)]),
    (Capability::EndRetention, [Some(Critical), Some(Critical), Some(Critical), Some(High)]),
    (Capability::ChangeAcl, [Some(Critical), Some(High), Some(Medium), Some(Low)]),
    (Capability::Weaken, [Some(Critical), Some(Critical), Some(Critical), Some(High)]),
    (
        Capability::ChangePolicy(AssetKind::Bucket),
        [Some(Critical), Some(Critical), Some(Critical), Some(High)],
    ),
    (Capability::ChangePolicy(AssetKind::Key), [Some(Critical), Some(Critical), Some(Critical), Some(High)]),
    (Capability::ChangePolicy(AssetKind::Topic), [Some(High), Some(High), Some(Medium), Some(Low)]),
    (Capability::Decrypt, [Some(Critical), Some(High), Some(Medium), Some(Low)]),
    (Capability::CreateGrant, [Some(Critical), Some(Critical), Some(High), Some(Medium)]),
    (Capability::RetireGrant, [Some(Medium), Some(Low), None, None]),
    (Capability::DisableKey, [Some(Critical), Some(Critical), Some(Critical), Some(High)]),
    (Capability::Publish, [Some(Medium), Some(Medium), Some(Low), None]),
    (Capability::Subscribe, [Some(High), Some(Medium), Some(Low), None]),
    (Capability::ReadEvents, [Some(Critical), Some(High), Some(Medium), Some(Low)]),
    (Capability::WriteEvents, [Some(High), Some(Medium), Some(Low), None]),
    (Capability::DeleteEvents, [Some(High), Some(High), Some(High), Some(Medium)]),
    (Capability::SendEvents, [Some(Critical), Some(Critical), Some(High), Some(Medium)]),
    (Capability::ChangePolicy(AssetKind::LogGroup), [Some(High), Some(High), Some(Medium), Some(Low)]),
];

/// Returns the highest severity of the allowed access; `None` if none of the access is reported.
pub(crate) fn severity(allowed: &[Allowed]) -> Option<Severity> {
    allowed.iter().filter_map(weight).min()
}

/// Returns the severity of one access: one step lower if the access depends on conditions that may
/// not hold, and low if the access has no effect.
pub(crate) fn weight(Allowed { who, capability, holds, .. }: &Allowed) -> Option<Severity> {
    let (_, weights) = WEIGHTS.iter().find(|(it, _)| it == capability)?;
    let column = match who.standing() {
        Standing::Anybody => 0,
        Standing::Outsider => 1,
        Standing::AnySource => 2,
        Standing::NamedSource => 3,
    };
    let weight = (*weights.get(column)?)?;
    Some(match holds {
        Holds::Always => weight,
        Holds::Under(_) => weight.lower(),
        Holds::OwnAccountOnly | Holds::NotEnforced => Low,
    })
}

#[cfg(test)]
mod tests {
    use reconcile_policy::Who;

    use super::*;

    fn word(severity: Option<Severity>) -> &'static str {
        match severity {
            Some(Critical) => "critical",
            Some(High) => "high",
            Some(Medium) => "medium",
            Some(Low) => "low",
            None => "not reported",
        }
    }

    #[test]
    fn the_book_has_the_same_weights() {
        let page = include_str!("../../../docs/src/reference/foreign.md");
        for (capability, weights) in WEIGHTS {
            let cells: Vec<&str> = weights.into_iter().map(word).collect();
            let row = format!("| {} | {} |", capability.words(), cells.join(" | "));
            assert!(page.contains(&row), "the page has no row {row}");
        }
    }

    #[test]
    fn every_capability_has_a_weight() {
        for capability in Capability::ALL {
            assert!(WEIGHTS.iter().any(|(it, _)| *it == capability), "{capability:?}");
        }
    }

    #[test]
    fn what_may_not_hold_weighs_less() {
        let allowed = |holds| Allowed {
            who: Who::Account("444455556666".to_owned()),
            capability: Capability::ChangePolicy(AssetKind::Key),
            files: None,
            holds,
        };
        assert_eq!(weight(&allowed(Holds::Always)), Some(Critical));
        assert_eq!(weight(&allowed(Holds::Under(vec!["aws:SourceIp".to_owned()]))), Some(High));
        assert_eq!(weight(&allowed(Holds::OwnAccountOnly)), Some(Low));
    }

    #[test]
    fn a_review_names_exactly_what_is_allowed_and_to_whom() {
        let of = |account: &str, capability| {
            let who = Who::Account(account.to_owned());
            let allowed = [Allowed { who, capability, files: None, holds: Holds::Always }];
            review("bucket_policy", "Auditors", &content(&allowed))
        };
        let reviewed = of("444455556666", Capability::Read);
        assert_eq!(reviewed, of("444455556666", Capability::Read));
        assert_ne!(reviewed, of("777788889999", Capability::Read));
        assert_ne!(reviewed, of("444455556666", Capability::Delete));
    }
}

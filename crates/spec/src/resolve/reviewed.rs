//! Resolves the reviewed findings.

use std::collections::BTreeSet;

use crate::desired::Reviewed;
use crate::problems::Problems;
use crate::raw::{Located, RawReviewed};

/// The number of hexadecimal digits of the digest at the end of a finding.
const DIGITS: usize = 12;

pub(super) fn resolve(raw: &[Located<RawReviewed>], problems: &mut Problems) -> Vec<Reviewed> {
    let mut seen = BTreeSet::new();
    for Located { value: RawReviewed { finding, reason }, .. } in raw {
        if !is_finding(&finding.value) {
            problems.add(
                finding.place,
                format!("`{}` does not name a finding", finding.value),
                "copy it from `plan` or `drift`, such as `bucket_policy/Auditors@3f9a1c0e77b2`",
            );
        } else if !seen.insert(finding.value.as_str()) {
            problems.add(
                finding.place,
                format!("`{}` is reviewed twice", finding.value),
                "remove one of the two",
            );
        }
        if reason.value.trim().is_empty() {
            problems.add(
                reason.place,
                "the reason is empty",
                "write why this access is accepted, and who decided it",
            );
        }
    }
    let reviewed = raw.iter().map(|it| &it.value);
    reviewed
        .map(|it| Reviewed { finding: it.finding.value.clone(), reason: it.reason.value.trim().to_owned() })
        .collect()
}

/// Returns whether a text has the form `kind/name@digest`.
fn is_finding(text: &str) -> bool {
    let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    text.rsplit_once('@').is_some_and(|(subject, digest)| {
        subject.split_once('/').is_some_and(|(kind, name)| !kind.is_empty() && !name.is_empty())
            && digest.len() == DIGITS
            && digest.bytes().all(is_digit)
    })
}

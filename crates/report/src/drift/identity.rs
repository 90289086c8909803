//! Names of findings that stay the same from check to check.

use std::collections::HashMap;

use reconcile_plan::Finding;
use reconcile_spec::sha256_hex;

use super::SpecDrift;

/// Returns each finding of a check with its name of 32 hexadecimal digits. The name depends on the spec, the address, the code and,
/// for access of outsiders, on what the access is. It does not depend on the message, which can contain times. A resource with several
/// findings of one code gets a name for each, in their order.
pub(super) fn named(check: &SpecDrift) -> impl Iterator<Item = (&Finding, String)> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    check.findings().iter().map(move |finding| {
        let Finding { address, code, review, .. } = finding;
        let text = format!("{}\n{address}\n{code}\n{}", check.spec, review.as_deref().unwrap_or_default());
        let number = seen.entry(text.clone()).or_default();
        *number += 1;
        let digest = sha256_hex(format!("{text}\n{number}").as_bytes());
        (finding, digest.chars().take(32).collect())
    })
}

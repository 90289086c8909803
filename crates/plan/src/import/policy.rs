//! Writes the extra statements of a policy as YAML of a spec.

use reconcile_policy::Recovered;

use super::choice::Aspect;
use super::text::{About, Text};

/// Writes `extra_statements` of a policy that the spec manages.
pub(super) fn write_policy(own: Option<&Recovered>, completes: bool, aspect: Aspect, text: &mut Text) {
    if completes {
        text.comment("  # The live policy does not let every trail deliver, so this spec manages it.");
    }
    let extra = own.map(|own| own.extra.as_slice()).unwrap_or_default();
    if extra.is_empty() {
        return;
    }
    let about = About::Aspect(aspect);
    text.push("  policy:", &about);
    text.push("    extra_statements:", &about);
    for statement in extra {
        text.push(format!("      - {statement}"), &about);
    }
}

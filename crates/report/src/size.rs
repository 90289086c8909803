//! The size of a policy by owner, compared with the limit of AWS.

use reconcile_plan::plan::Change;
use reconcile_policy::{Ownership, Sizes};

/// Returns a text such as `` 2841 of 20480 bytes: 2512 managed, 289 foreign, 40 for JSON syntax and
/// `Version` ``; `None` for a change that is not about a policy, or that deletes the policy.
pub(crate) fn size(change: &Change, spec: &str) -> Option<String> {
    let sizes = Sizes::of(change.changed.policy()?.after?, &Ownership::of(spec));
    let limit = change.address.kind.policy_limit()?;
    Some(format!("{} of {limit} bytes: {sizes}", sizes.total()))
}

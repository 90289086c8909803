//! How much of AWS's limit a policy takes, and whose bytes they are.

use reconcile_diff::plan::{Change, Changed};
use reconcile_policy::{Ownership, sizes};

/// `2841 of 20480 bytes: 2512 ours, 329 of others`; none for what is no policy, or goes.
pub(crate) fn size(change: &Change, spec: &str) -> Option<String> {
    let (Changed::BucketPolicy(action) | Changed::KeyPolicy(action) | Changed::TopicPolicy(action)) =
        &change.changed
    else {
        return None;
    };
    let (ours, others) = sizes(action.after()?, &Ownership::of(spec));
    let limit = change.address.kind.policy_limit()?;
    Some(format!("{} of {limit} bytes: {ours} ours, {others} of others", ours + others))
}

//! The size of a policy by owner, compared with the limit of AWS.

use reconcile_plan::plan::{Change, Changed};
use reconcile_policy::{Ownership, Sizes};

/// `2841 of 20480 bytes: 2512 managed, 289 foreign, 40 for the frame of the document`. Returns `None` for a change
/// that is not of a policy, or that deletes the policy.
pub(crate) fn size(change: &Change, spec: &str) -> Option<String> {
    let (Changed::BucketPolicy(action) | Changed::KeyPolicy(action) | Changed::TopicPolicy(action)) =
        &change.changed
    else {
        return None;
    };
    let sizes = Sizes::of(action.after()?, &Ownership::of(spec));
    let limit = change.address.kind.policy_limit()?;
    Some(format!("{} of {limit} bytes: {sizes}", sizes.total()))
}

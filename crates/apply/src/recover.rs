//! Completes the confirmation of a policy that an earlier, interrupted apply wrote.
//!
//! The journals of the spec record the policy and the document that it replaced.

use crate::context::Context;
use crate::execute::resume;
use crate::journal::Journal;
use crate::outcome::ChangeResult;
use crate::work::timed;

/// Has CloudTrail confirm each policy whose confirmation is open, or restores the document before
/// it. Returns those that were restored, or could not be dealt with.
pub(crate) async fn recover(context: &Context, journal: &Journal) -> Vec<ChangeResult> {
    let mut results = Vec::new();
    if context.confirm.is_none() {
        return results;
    }
    for open in journal.open_confirmations() {
        let journal = open.journal();
        let result = timed(context, &journal, &open.change, async |work| resume(work, open).await).await;
        if result.status.error().is_some() {
            results.push(result);
        }
    }
    results
}

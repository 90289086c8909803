//! Completes the confirmation of a policy write of an earlier apply that was interrupted.
//!
//! The journals of the spec record the policy and the document that it replaced.

use crate::context::Context;
use crate::execute::resume;
use crate::journal::Journal;
use crate::outcome::ChangeResult;
use crate::work::timed;

/// Asks CloudTrail to confirm each policy whose confirmation was interrupted, or restores the
/// previous document. Returns the results for policies that were restored or that could not be
/// handled.
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

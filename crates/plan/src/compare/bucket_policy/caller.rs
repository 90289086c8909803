//! Warns of a bucket policy that prevents the caller of this program from changing the policy
//! again.

use reconcile_policy::{
    Arn, BUCKET_POLICY_ACTIONS, DenyDecision, Document, Doubt, Fitted, Owner, denies_caller,
};

use super::super::CompareContext;
use super::super::change::Compared;
use super::super::doubt::{self, how_to_settle};
use crate::delivery::{bucket_arn, depends, owner};
use crate::plan::{Warning, WarningCode};

/// Warns if the live policy denies the planned write to the caller, or if the written policy denies
/// the next write. Reports certain denials, and denials that depend on condition keys that the
/// caller does not know.
pub(super) fn warn(context: &CompareContext<'_>, outcome: &Fitted, compared: &mut Compared) {
    let (Some(caller), Some(owner)) = (&context.observed.caller, owner(context.desired, context.observed))
    else {
        return;
    };
    let bucket = bucket_arn(context.desired);
    let of = |document, action| denies_caller(document, caller, action, &bucket, &owner);
    let live = context.observed.bucket_policy.as_ref();
    let merged = &outcome.merged;
    let is_written = merged.expand().is_some() || merged.contract().is_some();
    let found = live
        .filter(|_| is_written)
        .map(|document| (document, "this plan cannot write the policy"))
        .into_iter()
        .chain(
            [&merged.expanded, &merged.contracted]
                .map(|document| (document, "no later plan could change the policy")),
        );
    for (document, consequence) in found {
        for action in BUCKET_POLICY_ACTIONS {
            let message = match of(document, action) {
                DenyDecision::None => continue,
                DenyDecision::By(statement) => {
                    format!("{statement} denies `{action}` to {caller}: {consequence}")
                }
                DenyDecision::Unknown(doubts) => {
                    let doubts: Vec<Doubt> = doubts
                        .into_iter()
                        .filter(|it| !is_refuted(it, document, live, caller, &bucket, &owner))
                        .collect();
                    if doubts.is_empty() {
                        continue;
                    }
                    let settled = doubts.iter().flat_map(|it| &it.keys);
                    let settled = settled.map(|key| how_to_settle(context, key));
                    let what = format!("whether {caller} is allowed to call `{action}`");
                    let depends = depends(&doubts, "allows this to the caller", "denies this to the caller");
                    doubt::describe(&what, &depends, settled)
                }
            };
            compared.warnings.push(Warning {
                code: WarningCode::CallerDenied,
                address: context.bucket_policy_address(),
                message,
            });
            return;
        }
    }
}

/// Returns whether a statement certainly does not deny the caller. The program has just read the
/// policy, so a live statement that denies reading under the same condition did not apply.
fn is_refuted(
    doubt: &Doubt,
    document: &Document,
    live: Option<&Document>,
    caller: &Arn,
    bucket: &Arn,
    owner: &Owner,
) -> bool {
    let (Some(statement), Some(live)) = (document.statements().get(doubt.statement.index), live) else {
        return false;
    };
    let [_, get] = BUCKET_POLICY_ACTIONS;
    let Some(index) = live.statements().iter().position(|it| it == statement) else { return false };
    match denies_caller(live, caller, get, bucket, owner) {
        DenyDecision::Unknown(doubts) => {
            doubts.iter().any(|it| it.statement.index == index && it.keys == doubt.keys)
        }
        DenyDecision::None | DenyDecision::By(_) => false,
    }
}

//! Views of `explain`: the delivery of a trail, and the planned changes of an address.

use reconcile_plan::plan::Change;
use reconcile_plan::{Address, DeliveryPath};
use reconcile_policy::{Decision, PolicyKind};
use reconcile_text::{Line, Text};
use serde_json::{Value, json};

use crate::error::hint_line;
use crate::fold::{self, few, fold};
use crate::paint::{ADD, CHANGE, DIM, REMOVE, STRONG, beginning, sign};
use crate::{FORMAT_VERSION, TextOptions};

/// The explanation of one address.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The resource.
    pub address: Address,
    /// The delivery path, if the resource is a trail.
    pub path: Option<DeliveryPath>,
    /// The planned changes of the resource, in order.
    pub changes: Vec<Change>,
}

/// The text view of explanations.
pub fn text(explanations: &[Explanation], options: TextOptions) -> Text {
    let mut text = beginning(options);
    for (index, group) in fold(explanations, likeness).iter().enumerate() {
        let Some(explanation) = group.first() else { continue };
        if index > 0 {
            text.blank();
        }
        let address = fold::address(&explanation.address.to_string(), group.len());
        text.line(Line::styled(STRONG, address));
        if group.len() > 1 {
            let accounts = few(group.iter().map(|it| it.address.account.to_string()));
            text.line(format_args!("  in {accounts}; shown for {}", explanation.address.account));
        }
        text.append(&body(explanation));
    }
    text
}

/// The values that two explanations must share to be folded: all shown values except the account.
fn likeness(explanation: &Explanation) -> String {
    let Explanation { address, path, changes } = explanation;
    let of_change = || changes.first().map(|change| change.account.id.as_str());
    let account = path.as_ref().map(|path| path.delivery.trail.account()).or_else(of_change);
    let resource = fold::in_every_account(&address.to_string());
    let shown = format!("{resource}\n{}", body(explanation).as_str());
    let shown = account.map_or(shown.clone(), |account| shown.replace(account, "#"));
    shown.replace(&format!("/{}/", address.account), "/#/")
}

/// The text of an explanation after its address.
fn body(explanation: &Explanation) -> Text {
    let mut text = Text::default();
    if let Some(path) = &explanation.path {
        path_text(&mut text, path);
    }
    if explanation.changes.is_empty() {
        text.line("  In sync with the spec.");
    }
    for change in &explanation.changes {
        text.line(format_args!("  Planned change: {} {}", sign(change.action()), change.address));
        for reason in &change.reasons {
            text.line(format_args!("      {reason}"));
        }
    }
    text
}

fn path_text(text: &mut Text, path: &DeliveryPath) {
    let delivery = &path.delivery;
    let prefix =
        delivery.prefix.as_ref().map(|prefix| format!(" under the prefix `{prefix}`")).unwrap_or_default();
    let verb =
        if path.is_live { "The trail delivers" } else { "The trail does not exist yet. It will deliver" };
    text.line(format_args!("  {verb} to bucket {}{prefix}.", delivery.bucket));
    let (yes, no, unknown) = ((ADD, "yes"), (REMOVE.bold(), "NO "), (CHANGE.bold(), "?  "));
    let hop = |(style, mark), told: String| Line::from("  ").and_styled(style, mark).and(told);
    for proof in &path.proofs {
        let (mark, verdict) = match &proof.decision {
            Decision::Allowed(_) => (yes, ALLOWED),
            Decision::Denied(_) | Decision::NotAllowed(_) => (no, NOT_ALLOWED),
            Decision::Unknown(_) => (unknown, UNKNOWN),
        };
        text.line(hop(mark, format!("  {verdict} {}", proof.hop)));
        let request = format_args!("{} on {}", proof.action, proof.resource);
        text.line(Line::from("       ").and_styled(DIM, request));
        text.line(format_args!("       {}", proof.decision));
    }
    for unproven in &path.unproven {
        let (mark, verdict) = if unproven.is_refused() { (no, NOT_ALLOWED) } else { (unknown, UNKNOWN) };
        text.line(hop(mark, format!("  {verdict} {}", unproven.hop)));
        text.line(format_args!("       {}", unproven.why));
        text.line(hint_line(7, &unproven.hint()));
    }
    text.line(match verdict(path) {
        "yes" => "  The trail can deliver.",
        "no" => "  The trail cannot deliver.",
        _ => "  It is not known whether the trail can deliver.",
    });
    text.line("  Service control policies and resource control policies are not read.");
}

const ALLOWED: &str = "CloudTrail is allowed to";
const NOT_ALLOWED: &str = "CloudTrail is not allowed to";
const UNKNOWN: &str = "It is not known whether CloudTrail is allowed to";

/// Whether a trail can deliver: `yes`, `no` or `unknown`.
fn verdict(path: &DeliveryPath) -> &'static str {
    match (path.refusals().is_empty(), path.is_proven()) {
        (false, _) => "no",
        (true, true) => "yes",
        (true, false) => "unknown",
    }
}

/// The JSON view of explanations.
///
/// # Errors
/// None in practice: every view can be written as JSON.
pub fn json(explanations: &[Explanation]) -> Result<String, serde_json::Error> {
    let resources: Vec<Value> = explanations
        .iter()
        .map(|explanation| {
            json!({
                "address": explanation.address,
                "delivery": explanation.path.as_ref().map(path_json),
                "changes": explanation.changes,
            })
        })
        .collect();
    let document = json!({ "format_version": FORMAT_VERSION, "resources": resources });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn path_json(path: &DeliveryPath) -> Value {
    let proofs = path.proofs.iter().map(|proof| {
        let statement = match &proof.decision {
            Decision::Allowed(by) | Decision::Denied(by) => Some(by),
            Decision::NotAllowed(miss) => miss.as_ref().map(|miss| &miss.statement),
            Decision::Unknown(doubts) => doubts.first().map(|doubt| &doubt.statement),
        };
        json!({
            "hop": proof.hop.code(),
            "policy": policy_code(proof.hop.policy()),
            "action": proof.action,
            "resource": proof.resource,
            "decision": match &proof.decision {
                Decision::Allowed(_) => "allowed",
                Decision::Denied(_) => "denied",
                Decision::NotAllowed(_) => "not_allowed",
                Decision::Unknown(_) => "unknown",
            },
            "statement": statement.map(|by| json!({ "index": by.index, "sid": by.sid })),
            "keys": match &proof.decision {
                Decision::Unknown(doubts) => doubts.iter().flat_map(|doubt| &doubt.keys).collect(),
                Decision::Allowed(_) | Decision::Denied(_) | Decision::NotAllowed(_) => Vec::new(),
            },
            "message": proof.decision.to_string(),
        })
    });
    let unproven = path.unproven.iter().map(|unproven| {
        json!({
            "hop": unproven.hop.code(),
            "policy": policy_code(unproven.policy()),
            "action": unproven.action(),
            "resource": unproven.resource(),
            "decision": if unproven.is_refused() { "not_allowed" } else { "unknown" },
            "statement": null,
            "keys": [],
            "message": unproven.why.to_string(),
        })
    });
    let hops: Vec<Value> = proofs.chain(unproven).collect();
    json!({
        "is_live": path.is_live,
        "can_deliver": path.is_proven(),
        "verdict": verdict(path),
        "hops": hops,
        "not_read": ["service control policies", "resource control policies"],
    })
}

fn policy_code(kind: PolicyKind) -> &'static str {
    match kind {
        PolicyKind::Bucket => "bucket",
        PolicyKind::Key => "key",
        PolicyKind::Topic => "topic",
        PolicyKind::TopicKey => "topic_key",
    }
}

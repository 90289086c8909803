//! The authors of findings, as lines.

use reconcile_plan::Finding;
use reconcile_plan::blame::RecordedCall;

/// Returns the authors of equal findings in many accounts. In these lines, `*` stands for the
/// account.
pub(crate) fn lines(group: &[&Finding]) -> Vec<String> {
    let Some(blame) = group.first().and_then(|finding| finding.blame.as_ref()) else { return Vec::new() };
    let calls = blame.calls.iter().enumerate().map(|(index, call)| {
        let of_all = group.iter().filter_map(|finding| finding.blame.as_ref()?.calls.get(index));
        let times: Vec<_> = of_all.map(|call| call.event_time).collect();
        let (first, last) = (times.iter().min(), times.iter().max());
        let when = match (first, last) {
            (Some(first), Some(last)) if first < last => format!("{first} to {last}"),
            _ => call.event_time.to_string(),
        };
        match group.len() {
            1 => format!("{}, {when}, event {}", who(call), call.event_id),
            _ => format!("{}, {when}", who(call).replace(call.account_id.as_str(), "*")),
        }
    });
    calls.chain(blame.unknown.iter().map(|reason| format!("author unknown: {reason}"))).collect()
}

/// The values that the authors of two findings must share for the findings to be folded: everything
/// except the times and the event IDs.
pub(crate) fn likeness(finding: &Finding) -> String {
    let Some(blame) = &finding.blame else { return String::new() };
    let calls: Vec<String> = blame.calls.iter().map(who).collect();
    format!("{calls:?}\n{:?}", blame.unknown)
}

/// The call and its author.
fn who(call: &RecordedCall) -> String {
    let RecordedCall { event_name, principal, source_address, by_reconcile, .. } = call;
    let with = if *by_reconcile { " with reconcile" } else { "" };
    format!("last changed by {principal}{with} ({event_name} from {source_address})")
}

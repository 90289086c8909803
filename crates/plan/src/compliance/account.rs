//! Controls on each account: at least one trail must meet them.

use reconcile_spec::{self as spec, RecordedCalls};

use super::context::{ControlContext, Judged, LiveResource, line, trail_key};
use super::{ControlVerdict, Fix};
use crate::view::{OtherTrail, Trail};

/// A property that one trail of each account must have.
struct Property {
    /// The reason of a failure.
    why: &'static str,
    is_met: fn(&Trail) -> bool,
    /// Returns whether a trail that the spec does not have can have the property. The event
    /// selectors of such a trail are not read.
    may_be_met: fn(&OtherTrail) -> bool,
    /// Returns the setting that a trail of the spec lacks, as a key and a value; `None` if the
    /// trail has the property.
    lacking: fn(&spec::Trail) -> Option<(&'static str, &'static str)>,
}

fn each(context: &ControlContext<'_>, property: &Property) -> Vec<Judged> {
    let accounts = context.desired.accounts.iter();
    accounts.map(|account| Judged::of_account(&account.name, judge(context, account, property))).collect()
}

fn judge(context: &ControlContext<'_>, account: &spec::Account, property: &Property) -> ControlVerdict {
    let mut unread = None;
    for wanted in context.recording(account) {
        match context.trail(wanted) {
            LiveResource::Live(live) if (property.is_met)(live) => return ControlVerdict::Passed,
            LiveResource::Live(_) | LiveResource::Absent => {}
            LiveResource::Unread(error) => unread = Some(error),
        }
    }
    let unlisted = context.observed.unsurveyed.get(&account.name);
    let unlisted = unlisted.map(|error| format!("not every trail of the account could be read: {error}"));
    let others = context.observed.others.get(&account.name).into_iter().flatten();
    let mut others = others.filter(|it| (property.may_be_met)(it));
    let foreign = others.next().map(|other| {
        format!("{}; trail {} is not in the spec, and its events are not read", property.why, other.arn)
    });
    if let Some(unknown) = unread.or(unlisted).or(foreign) {
        return ControlVerdict::Unreadable(unknown);
    }
    ControlVerdict::Failed { why: property.why.to_owned(), fix: fix(context, account, property) }
}

/// Returns the line that gives the property to the first trail that records the account, or `apply`
/// if a trail of the spec already has the property.
fn fix(context: &ControlContext<'_>, account: &spec::Account, property: &Property) -> Fix {
    let lacking = |trail| Some((trail, (property.lacking)(trail)?));
    let all: Option<Vec<_>> = context.recording(account).map(lacking).collect();
    match all.as_ref().map(|all| all.first()) {
        Some(Some((trail, (setting, value)))) => line(false, trail_key(trail, setting), *value),
        Some(None) => line(false, "trails", format!("[{{ name: NAME, accounts: [{}] }}]", account.name)),
        None => Fix::Apply,
    }
}

/// See `multi-region-cloudtrail-enabled` in the AWS Config developer guide: a trail with excluded
/// sources does not count.
pub(super) fn all_management_events(context: &ControlContext<'_>) -> Vec<Judged> {
    let property = Property {
        why: "no multi-Region trail of the spec that is logging records all management events",
        is_met: |live| {
            live.logging && live.multi_region && is_all(live.selectors.recorded_management_events())
        },
        may_be_met: |other| other.multi_region,
        lacking: |wanted| {
            let is_complete = is_all(wanted.selectors.recorded_management_events());
            base(wanted).or((!is_complete).then_some(("management_events", "all")))
        },
    };
    each(context, &property)
}

/// See `cloudtrail-enabled` in the AWS Config developer guide.
pub(super) fn any_trail(context: &ControlContext<'_>) -> Vec<Judged> {
    let property = Property {
        why: "no trail of the spec is logging",
        is_met: |live| live.logging,
        may_be_met: |_| true,
        lacking: |wanted| (!wanted.enabled).then_some(("enabled", "true")),
    };
    each(context, &property)
}

/// See `cloudtrail-all-write-s3-data-event-check` in the AWS Config developer guide.
pub(super) fn object_writes(context: &ControlContext<'_>) -> Vec<Judged> {
    let property = Property {
        why: "no multi-Region trail of the spec that is logging records writes of the objects of all buckets",
        is_met: |live| {
            live.logging && live.multi_region && recorded_object_calls(&live.selectors, live).writes
        },
        may_be_met: |other| other.multi_region,
        lacking: |wanted| {
            let is_complete = wanted.selectors.recorded_of_objects(&every_object(&wanted.arn)).writes;
            base(wanted).or((!is_complete).then_some(("data_events", "{ s3: all }")))
        },
    };
    each(context, &property)
}

/// See `cloudtrail-all-read-s3-data-event-check` in the AWS Config developer guide.
pub(super) fn object_reads(context: &ControlContext<'_>) -> Vec<Judged> {
    let property = Property {
        why: "no multi-Region trail of the spec that is logging records reads of the objects of all buckets",
        is_met: |live| {
            live.logging && live.multi_region && recorded_object_calls(&live.selectors, live).reads
        },
        may_be_met: |other| other.multi_region,
        lacking: |wanted| {
            let is_complete = wanted.selectors.recorded_of_objects(&every_object(&wanted.arn)).reads;
            base(wanted).or((!is_complete).then_some(("data_events", "{ s3: all }")))
        },
    };
    each(context, &property)
}

/// Returns the setting besides the recorded events that a trail lacks for these controls.
fn base(wanted: &spec::Trail) -> Option<(&'static str, &'static str)> {
    let enabled = (!wanted.enabled).then_some(("enabled", "true"));
    enabled.or((!wanted.multi_region).then_some(("multi_region", "true")))
}

fn is_all(recorded: RecordedCalls) -> bool {
    recorded.reads && recorded.writes
}

fn recorded_object_calls(selectors: &spec::Selectors, live: &Trail) -> RecordedCalls {
    selectors.recorded_of_objects(&every_object(&live.arn))
}

/// The prefix of the ARNs of all objects in the partition of a trail.
fn every_object(trail: &reconcile_policy::Arn) -> String {
    let partition = trail.as_str().split(':').nth(1).unwrap_or_default();
    format!("arn:{partition}:s3:::")
}

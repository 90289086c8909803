//! The metric filters that count for the controls of an account.

pub(super) mod pattern;

use reconcile_spec as spec;

use super::context::{ControlContext, LiveResource};
use crate::observed::Monitors;

/// The metric filters of an account that count for controls.
pub(super) enum Filters<'a> {
    /// An organization trail records the account. The log group is in the account of the trail.
    Elsewhere(String),
    Unread(String),
    /// No multi-Region trail of the account that is logging delivers to a log group.
    NoLogGroup,
    /// The metric filters of each log group that has metric filters.
    Of(Vec<&'a Monitors>),
}

pub(super) fn filters<'a>(context: &ControlContext<'a>, account: &spec::Account) -> Filters<'a> {
    let is_own = |trail: &&spec::Trail| trail.site.account == account.name;
    if let Some(trail) = context.recording(account).find(|trail| !is_own(trail))
        && !context.recording(account).any(|trail| is_own(&trail))
    {
        return Filters::Elsewhere(trail.site.account.to_string());
    }
    let (mut all, mut has_group) = (Vec::new(), false);
    for wanted in context.recording(account).filter(is_own) {
        let live = match context.trail(wanted) {
            LiveResource::Live(live) => live,
            LiveResource::Absent => continue,
            LiveResource::Unread(error) => return Filters::Unread(error),
        };
        let Some(group) = ControlContext::group_of(live).filter(|_| live.logging && live.multi_region) else {
            continue;
        };
        let Some(traits) = context.observed.group_traits.get(&group) else {
            return Filters::Unread(format!("log group {group} could not be read"));
        };
        match context.observed.monitors.get(&group) {
            Some(Ok(monitors)) => all.push(monitors),
            Some(Err(error)) => return Filters::Unread(error.to_string()),
            None if traits.metric_filters > 0 => {
                return Filters::Unread(format!("the metric filters of log group {group} could not be read"));
            }
            None => {}
        }
        has_group = true;
    }
    if has_group { Filters::Of(all) } else { Filters::NoLogGroup }
}

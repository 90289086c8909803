//! Compares the metric filters of log groups.

use std::collections::BTreeSet;

use reconcile_policy::Arn;
use reconcile_spec::{self as spec, Site};

use super::CompareContext;
use super::change::{ChangeParts, Compared, reasons};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::observed::Monitors;
use crate::plan::{Action, Changed, Phase, Risk, WarningCode};
use crate::view::{Metric, MetricFilter, MetricFilterField};

pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    for alarm in &context.desired.alarms {
        let Some(Ok(live)) = context.observed.monitors.get(&alarm.group_arn) else { continue };
        let parts = parts(
            context,
            Address::metric_filter(alarm),
            &alarm.site,
            Phase::Converge,
            vec![Address::new(Kind::LogGroup, &alarm.site.account, &alarm.group)],
        );
        compared.view(parts, live.filters.get(&alarm.name).cloned(), wanted(alarm));
    }
}

/// Deletes the metric filters of the installation that the spec no longer has, after their alarms,
/// because a plan finds an alarm only through its metric filter.
pub(super) fn contract(context: &CompareContext<'_>, compared: &mut Compared) {
    let wanted = wanted_names(context);
    for (group, monitors) in &context.observed.monitors {
        match monitors {
            Ok(monitors) => {
                for (name, live) in unwanted(context, &wanted, group, monitors) {
                    let address = address(monitors, name);
                    if !context.desired.deletion.trails {
                        compared.warn_of_kept(&address, "deletion.trails");
                        continue;
                    }
                    let alarm = Address::new(Kind::Alarm, &monitors.account, name);
                    let site = Site { account: monitors.account.clone(), region: monitors.region.clone() };
                    let parts = parts(context, address, &site, Phase::Contract, vec![alarm]);
                    compared.delete(parts, live.clone());
                }
            }
            Err(error) => {
                let Some(wanted) = context.desired.log_groups.iter().find(|it| it.arn == *group) else {
                    continue;
                };
                let message = format!(
                    "its metric filters cannot be read ({error}), so they are kept: they may belong to this installation"
                );
                compared.warn(WarningCode::Hidden, Address::log_group(wanted), message);
            }
        }
    }
}

/// Returns the addresses of the metric filters that are deleted from a log group.
pub(super) fn deleted_from(context: &CompareContext<'_>, group: &Arn) -> Vec<Address> {
    let Some(Ok(monitors)) = context.observed.monitors.get(group) else { return Vec::new() };
    unwanted(context, &wanted_names(context), group, monitors)
        .map(|(name, _)| address(monitors, name))
        .collect()
}

/// Returns the log group and the name of each metric filter of the spec.
fn wanted_names<'s>(context: &'s CompareContext<'_>) -> BTreeSet<(&'s Arn, &'s str)> {
    context.desired.alarms.iter().map(|alarm| (&alarm.group_arn, alarm.name.as_str())).collect()
}

/// Returns the metric filters of the installation on a log group that the spec does not have.
fn unwanted<'m>(
    context: &CompareContext<'_>,
    wanted: &BTreeSet<(&Arn, &str)>,
    group: &Arn,
    monitors: &'m Monitors,
) -> impl Iterator<Item = (&'m String, &'m MetricFilter)> {
    let is_wanted = |name: &str| wanted.contains(&(group, name));
    let ours = monitors.filters.iter().filter(|(name, _)| context.desired.installation.owns_alarm(name));
    ours.filter(move |(name, _)| !is_wanted(name))
}

fn address(monitors: &Monitors, filter: &str) -> Address {
    Address::new(Kind::MetricFilter, &monitors.account, format_args!("{}/{filter}", monitors.group))
}

/// Returns the metric filter, which writes the value 1 for each event, and no value without events:
/// see the remediation of CloudWatch.1 in the Security Hub user guide.
pub(crate) fn wanted(alarm: &spec::Alarm) -> MetricFilter {
    MetricFilter {
        pattern: alarm.detects.pattern.to_owned(),
        metrics: vec![Metric {
            namespace: alarm.namespace.clone(),
            name: alarm.detects.name.to_owned(),
            value: "1".to_owned(),
            default_value: None,
            dimensions: std::collections::BTreeMap::new(),
        }],
        criteria: None,
        on_transformed: false,
        system_dimensions: Vec::new(),
    }
}

fn parts(
    context: &CompareContext<'_>,
    address: Address,
    site: &Site,
    phase: Phase,
    depends_on: Vec<Address>,
) -> ChangeParts<Action<MetricFilter>> {
    ChangeParts {
        address,
        place: context.place(site),
        phase,
        depends_on,
        changed: Changed::MetricFilter,
        explain,
    }
}

fn explain(action: &Action<MetricFilter>, diff: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        Action::Create { .. } => (vec!["the metric filter does not exist".to_owned()], Risk::Safe),
        Action::Delete { .. } => {
            (vec!["no alarm of the spec needs this metric filter".to_owned()], Risk::Disruptive)
        }
        Action::Update { .. } => {
            let why = reasons(diff, |field, _| match field {
                MetricFilterField::Pattern => "the pattern differs from the control".to_owned(),
                MetricFilterField::Metrics => "it does not write the metric of its alarm".to_owned(),
                MetricFilterField::Criteria => "it leaves out events of some accounts or Regions".to_owned(),
                MetricFilterField::OnTransformed => "it reads transformed events".to_owned(),
                MetricFilterField::SystemDimensions => {
                    "its metric has dimensions, which the alarm does not watch".to_owned()
                }
            });
            (why, Risk::Safe)
        }
    }
}

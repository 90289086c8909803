//! Compares alarms on the metrics of metric filters.

use std::collections::{BTreeMap, BTreeSet};

use reconcile_spec::{self as spec, AccountName, Site};

use super::CompareContext;
use super::change::{ChangeParts, Compared, reasons};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::{Action, Changed, Phase, Risk, WarningCode};
use crate::view::{Alarm, AlarmField, Condition};

pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    let mut topics = BTreeSet::new();
    for alarm in &context.desired.alarms {
        let Some(Ok(live)) = context.observed.monitors.get(&alarm.group_arn) else { continue };
        let filter = Address::metric_filter(alarm);
        let parts = parts(context, Address::alarm(alarm), &alarm.site, Phase::Converge, vec![filter]);
        compared.view(parts, live.alarms.get(&alarm.name).cloned(), wanted(alarm));
        if topics.insert((&alarm.site.account, &alarm.topic)) {
            warn_of_topic(context, alarm, compared);
        }
    }
}

/// Warns of a topic through which an alarm reaches nobody, because CloudWatch creates an alarm
/// without checking its topic.
fn warn_of_topic(context: &CompareContext<'_>, alarm: &spec::Alarm, compared: &mut Compared) {
    let topic = &alarm.topic;
    let Some(live) = context.observed.alarm_topics.get(&(alarm.site.account.clone(), topic.clone())) else {
        return;
    };
    let message = match live {
        Ok(None) => format!("topic {topic} does not exist, so the alarms notify nobody"),
        Ok(Some(live)) if live.subscribers == Some(0) => {
            format!("topic {topic} has no confirmed subscription, so the alarms notify nobody")
        }
        Ok(Some(_)) => return,
        Err(error) => {
            format!(
                "topic {topic} cannot be read ({error}), so it is not known whether the alarms notify anybody"
            )
        }
    };
    compared.warn(WarningCode::AlarmTopic, Address::alarm(alarm), message);
}

/// Deletes the alarms of the installation that the spec no longer has.
pub(super) fn contract(context: &CompareContext<'_>, compared: &mut Compared) {
    let alarms = context.desired.alarms.iter();
    let wanted: BTreeSet<(&AccountName, &str)> =
        alarms.map(|alarm| (&alarm.site.account, alarm.name.as_str())).collect();
    let mut unwanted: BTreeMap<Address, (Site, &Alarm)> = BTreeMap::new();
    for monitors in context.observed.monitors.values().flatten() {
        let ours = monitors.alarms.iter().filter(|(name, _)| context.desired.installation.owns_alarm(name));
        for (name, live) in ours.filter(|(name, _)| !wanted.contains(&(&monitors.account, name.as_str()))) {
            let site = Site { account: monitors.account.clone(), region: monitors.region.clone() };
            unwanted.insert(Address::new(Kind::Alarm, &monitors.account, name), (site, live));
        }
    }
    for (address, (site, live)) in unwanted {
        if context.desired.deletion.trails {
            compared.delete(parts(context, address, &site, Phase::Contract, Vec::new()), live.clone());
        } else {
            compared.warn_of_kept(&address, "deletion.trails");
        }
    }
}

/// Returns the alarm, which goes off if there was an event within five minutes: see the remediation
/// of CloudWatch.1 in the Security Hub user guide. Periods without events have no data, and are not
/// in breach.
pub(crate) fn wanted(alarm: &spec::Alarm) -> Alarm {
    Alarm {
        namespace: alarm.namespace.clone(),
        metric: alarm.detects.name.to_owned(),
        condition: Condition {
            statistic: Some("Sum".to_owned()),
            period: Some(300),
            periods: Some(1),
            breaches: None,
            comparison: Some("GreaterThanOrEqualToThreshold".to_owned()),
            threshold: Some(1.0),
            missing_data: Some("notBreaching".to_owned()),
            dimensions: BTreeMap::new(),
            unit: None,
            on_wall_clock: false,
            warm_up: None,
        },
        actions_enabled: true,
        actions: BTreeSet::from([alarm.topic.to_string()]),
    }
}

fn parts(
    context: &CompareContext<'_>,
    address: Address,
    site: &Site,
    phase: Phase,
    depends_on: Vec<Address>,
) -> ChangeParts<Action<Alarm>> {
    ChangeParts { address, place: context.place(site), phase, depends_on, changed: Changed::Alarm, explain }
}

fn explain(action: &Action<Alarm>, diff: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        Action::Create { .. } => (vec!["the alarm does not exist".to_owned()], Risk::Safe),
        Action::Delete { .. } => (vec!["the spec does not ask for this alarm".to_owned()], Risk::Disruptive),
        Action::Update { .. } => {
            let why = reasons(diff, |field, _| match field {
                AlarmField::Namespace | AlarmField::Metric => {
                    "it does not watch the metric of the metric filter".to_owned()
                }
                AlarmField::Condition => "it enters the `ALARM` state under another condition".to_owned(),
                AlarmField::ActionsEnabled => "its actions are disabled".to_owned(),
                AlarmField::Actions => "it does not notify the topic of the spec".to_owned(),
            });
            (why, Risk::Safe)
        }
    }
}

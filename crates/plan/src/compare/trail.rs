//! Compares the trails.

pub(super) mod health;
pub(super) mod quota;

use reconcile_policy::Arn;
use reconcile_spec as spec;

use super::change::{ChangeParts, Compared, reasons};
use super::{CompareContext, leftover};
use crate::address::Address;
use crate::difference::Difference;
use crate::kind::Kind;
use crate::plan::{Action, Changed, Phase, Risk, Warning, WarningCode};
use crate::view::trail::former;
use crate::view::{CloudWatchLogs, DATA, Insight, MANAGEMENT, Notification, Tags, Trail, TrailField};

/// Compares every trail that could be read. Trails that could not be read do not change.
pub(super) fn compare(context: &CompareContext<'_>, compared: &mut Compared) {
    for desired in &context.desired.trails {
        let Some(live) = context.observed.trails.get(&desired.arn) else { continue };
        if !desired.selectors.has_management_events() {
            compared.warnings.push(Warning {
                code: WarningCode::NoManagementEvents,
                address: Address::trail(desired),
                message: "it records no management events, such as changes of IAM".to_owned(),
            });
        }
        if let (Some(_), Some(Trail { recursive_logging: None, .. })) = (desired.recursive_logging, live) {
            compared.warnings.push(Warning {
                code: WarningCode::RecursiveLoggingUnknown,
                address: Address::trail(desired),
                message: "CloudTrail does not report whether recursive logging is on, so the plan does not compare it"
                    .to_owned(),
            });
        }
        let kept: Vec<&str> = kept_insights(&desired.insights, live.as_ref()).collect();
        if !kept.is_empty() {
            compared.warnings.push(Warning {
                code: WarningCode::InsightsKept,
                address: Address::trail(desired),
                message: format!(
                    "keeps recording insights of a category that the spec does not name: {}; name the category in `insights` to \
                     manage it",
                    kept.join(", ")
                ),
            });
        }
        if !narrows(live.as_ref(), desired) {
            change(context, desired, live.clone(), Phase::Converge, compared);
        }
    }
}

/// Returns whether the live trail records the accounts of the organization, but the trail in the
/// spec records only its own account. The other accounts may have no other trail yet.
fn narrows(live: Option<&Trail>, desired: &spec::Trail) -> bool {
    !desired.is_organization && live.is_some_and(|live| live.organization)
}

fn change(
    context: &CompareContext<'_>,
    desired: &spec::Trail,
    live: Option<Trail>,
    phase: Phase,
    compared: &mut Compared,
) {
    let live = live.map(|live| Trail { kms_key: live.kms_key.map(|key| context.same_key(key)), ..live });
    let wanted = wanted(context, desired, live.as_ref());
    let mut parts = parts(context, desired, phase);
    if phase == Phase::Contract {
        parts.depends_on.extend(context.trail_addresses().filter(|it| *it != parts.address));
    }
    compared.view(parts, live, wanted);
}

/// Narrows trails from their organization to their own account, after the trails that replace them
/// record.
pub(super) fn narrow(context: &CompareContext<'_>, compared: &mut Compared) {
    for desired in &context.desired.trails {
        let Some(Some(live)) = context.observed.trails.get(&desired.arn) else { continue };
        if !narrows(Some(live), desired) {
            continue;
        }
        let address = Address::trail(desired);
        match context.withholds(&address, "the change from an organization trail to a trail of one account") {
            Some(warning) => compared.warnings.push(warning),
            None => change(context, desired, Some(live.clone()), Phase::Contract, compared),
        }
    }
}

/// Deletes the managed trails that are no longer in the spec: after the trails that replace them
/// record, and after the log groups, roles and topics that only these trails reference. If an apply
/// is interrupted in between, the trail still references these destinations. The delivery to the
/// bucket is not affected.
pub(super) fn remove(context: &CompareContext<'_>, compared: &mut Compared) {
    for (arn, stray) in &context.observed.strays {
        let address = Address::new(Kind::Trail, &stray.account, arn.resource_name());
        if !context.desired.deletion.trails {
            compared.warn_of_kept(&address, "deletion.trails");
            continue;
        }
        if let Some(warning) = context.withholds_stray(&address, stray) {
            compared.warnings.push(warning);
            continue;
        }
        let is_of_all = context.is_of_organization(stray);
        let Ok(region) = arn.region().parse() else { continue };
        let site = spec::Site { account: stray.account.clone(), region };
        let parts = ChangeParts {
            address,
            place: context.place(&site),
            phase: Phase::Contract,
            depends_on: context
                .trail_addresses()
                .filter(|it| is_of_all || it.account == stray.account)
                .chain(leftover::addresses(context, &stray.trail))
                .collect(),
            changed: Changed::Trail,
            explain,
        };
        compared.delete(parts, stray.trail.clone());
    }
}

fn parts(context: &CompareContext<'_>, desired: &spec::Trail, phase: Phase) -> ChangeParts<Action<Trail>> {
    ChangeParts {
        address: Address::trail(desired),
        place: context.place(&desired.site),
        phase,
        // CloudTrail checks all of these resources when a trail is created or updated.
        depends_on: [
            context.key_address(),
            context.key_policy_address(),
            context.bucket_address(),
            context.bucket_policy_address(),
        ]
        .into_iter()
        .chain(context.destination_addresses(desired))
        .collect(),
        changed: Changed::Trail,
        explain,
    }
}

fn wanted(context: &CompareContext<'_>, desired: &spec::Trail, live: Option<&Trail>) -> Trail {
    let mut wanted = wanted_settings(context, desired, live);
    let left = live.map(|live| left(context, live, &wanted)).unwrap_or_default();
    wanted.tags.0.extend(former::tags(left.into_iter()).0);
    wanted
}

/// Returns the destinations that the trail stops using and that this installation manages or may
/// manage.
fn left(context: &CompareContext<'_>, live: &Trail, wanted: &Trail) -> Vec<Arn> {
    let stays = Trail {
        cloudwatch_logs: wanted.cloudwatch_logs.clone().or_else(|| live.cloudwatch_logs.clone()),
        notification: wanted.notification.clone().or_else(|| live.notification.clone()),
        ..wanted.clone()
    };
    let stays: Vec<Arn> = stays.destinations().collect();
    let (leftovers, hidden) = (&context.observed.leftovers, &context.observed.hidden);
    let is_ours = |arn: &Arn| leftovers.contains_key(arn) || hidden.contains_key(arn);
    live.destinations().filter(|arn| !stays.contains(arn) && is_ours(arn)).collect()
}

fn wanted_settings(context: &CompareContext<'_>, desired: &spec::Trail, live: Option<&Trail>) -> Trail {
    Trail {
        arn: desired.arn.clone(),
        bucket: desired.bucket.to_string(),
        prefix: desired.prefix.clone(),
        kms_key: match context.desired.key.identity {
            spec::KeyIdentity::Unmanaged => live.and_then(|live| live.kms_key.clone()),
            spec::KeyIdentity::Alias(_) | spec::KeyIdentity::Existing(_) => Some(context.key.clone()),
        },
        multi_region: desired.multi_region,
        global_service_events: desired.global_service_events,
        log_file_validation: desired.log_file_validation,
        organization: desired.is_organization,
        logging: desired.enabled,
        selectors: desired.selectors.clone(),
        recursive_logging: desired.recursive_logging,
        insights: insights(&desired.insights, live),
        event_aggregation: desired.event_aggregation.clone(),
        cloudwatch_logs: cloudwatch_logs(context, desired, live),
        notification: notification(context, desired, live),
        tags: Tags::wanted(&desired.tags, live.map(|live| &live.tags)),
    }
}

/// Returns the wanted insights of a trail: the categories of the spec, and the live insights of all
/// other categories, because `PutInsightSelectors` replaces the insights of all categories.
fn insights(desired: &spec::Insights, live: Option<&Trail>) -> Option<Vec<String>> {
    let of = |kinds: &Option<Vec<String>>, category: &'static str| -> Vec<String> {
        let kinds = kinds.iter().flatten();
        kinds.map(|kind| Insight { kind, category }.to_string()).collect()
    };
    let mut wanted = of(&desired.management, MANAGEMENT);
    wanted.extend(of(&desired.data, DATA));
    wanted.extend(kept_insights(desired, live).map(str::to_owned));
    wanted.sort();
    desired.are_managed().then_some(wanted)
}

/// Returns the live insights of categories that the spec does not name.
fn kept_insights<'l>(desired: &spec::Insights, live: Option<&'l Trail>) -> impl Iterator<Item = &'l str> {
    let (has_management, has_data) = (desired.management.is_some(), desired.data.is_some());
    let live = live.and_then(|live| live.insights.as_deref()).unwrap_or_default();
    live.iter().map(String::as_str).filter(move |name| match Insight::of(name).category {
        MANAGEMENT => !has_management,
        DATA => !has_data,
        _ => true,
    })
}

/// Returns the wanted delivery to CloudWatch Logs. If the spec names no log group, delivery to a
/// managed log group ends, and delivery to a foreign log group is kept. Delivery to a managed log
/// group that must be kept is kept as well: only the trail references the log group.
fn cloudwatch_logs(
    context: &CompareContext<'_>,
    desired: &spec::Trail,
    live: Option<&Trail>,
) -> Option<CloudWatchLogs> {
    if let Some(spec::LogDelivery { group, role }) = &desired.logs {
        return Some(CloudWatchLogs::To { group: group.to_string(), role: role.to_string() });
    }
    match live?.cloudwatch_logs.as_ref()? {
        CloudWatchLogs::To { group, role } => {
            let goes = context.ends_use(group.trim_end_matches(":*")) || context.ends_use(role);
            goes.then_some(CloudWatchLogs::Off)
        }
        CloudWatchLogs::Off => None,
    }
}

fn notification(
    context: &CompareContext<'_>,
    desired: &spec::Trail,
    live: Option<&Trail>,
) -> Option<Notification> {
    if let Some(topic) = &desired.topic {
        return Some(Notification::To { topic: topic.to_string() });
    }
    match live?.notification.as_ref()? {
        Notification::To { topic } => context.ends_use(topic).then_some(Notification::Off),
        Notification::Off => None,
    }
}

fn explain(action: &Action<Trail>, diff: &[Difference]) -> (Vec<String>, Risk) {
    match action {
        Action::Create { .. } => (vec!["the trail does not exist".to_owned()], Risk::Safe),
        Action::Delete { .. } => (vec!["the trail is not in the spec".to_owned()], Risk::Destructive),
        Action::Update { before, after } => {
            (reasons(diff, |field, it| reason(field, it, before, after)), risk(before, after))
        }
    }
}

fn reason(field: TrailField, difference: &Difference, before: &Trail, after: &Trail) -> String {
    match field {
        TrailField::Logging if after.logging => {
            "logging is stopped: somebody stopped it, or an earlier apply ended before it started logging"
                .to_owned()
        }
        TrailField::Logging => "logging is on, but the spec turns it off".to_owned(),
        TrailField::Selectors => "the recorded events differ from the spec".to_owned(),
        TrailField::RecursiveLogging if after.recursive_logging == Some(true) => {
            "recursive logging is off: its data events leave out CloudTrail's own deliveries".to_owned()
        }
        TrailField::RecursiveLogging => {
            "recursive logging is on: its data events include CloudTrail's own deliveries".to_owned()
        }
        TrailField::Insights => "the recorded insights differ from the spec".to_owned(),
        TrailField::EventAggregation if after.event_aggregation.as_ref().is_some_and(Vec::is_empty) => {
            "it aggregates data events, which the spec does not ask for".to_owned()
        }
        TrailField::EventAggregation => {
            "the templates for the aggregation of data events differ from the spec".to_owned()
        }
        TrailField::KmsKey if before.kms_key.is_none() => {
            "log files are not encrypted with a KMS key".to_owned()
        }
        TrailField::KmsKey => "log files are encrypted with another key".to_owned(),
        TrailField::Bucket => format!("it delivers to bucket {}", before.bucket),
        TrailField::Prefix => "it delivers under another prefix".to_owned(),
        TrailField::MultiRegion if after.multi_region => "it does not record all Regions".to_owned(),
        TrailField::MultiRegion => "it records all Regions".to_owned(),
        TrailField::GlobalServiceEvents if after.global_service_events => {
            "it does not record global services such as IAM".to_owned()
        }
        TrailField::GlobalServiceEvents => "it records global services such as IAM".to_owned(),
        TrailField::LogFileValidation if after.log_file_validation => "log file validation is off".to_owned(),
        TrailField::LogFileValidation => "log file validation is on".to_owned(),
        TrailField::Organization if after.organization => {
            "it does not record the accounts of the organization".to_owned()
        }
        TrailField::Organization => "it records all accounts of the organization".to_owned(),
        TrailField::CloudwatchLogs if after.cloudwatch_logs == Some(CloudWatchLogs::Off) => {
            "it delivers to CloudWatch Logs, which the spec does not ask for".to_owned()
        }
        TrailField::CloudwatchLogs => "it does not deliver to the log group of the spec".to_owned(),
        TrailField::Notification if after.notification == Some(Notification::Off) => {
            "it sends notifications that the spec does not ask for".to_owned()
        }
        TrailField::Notification => "it does not send notifications to the topic of the spec".to_owned(),
        TrailField::Tags if former::is_key(difference.path().trim_start_matches("/tags/")) => {
            "tags record the earlier destinations, so that an interrupted apply finds them again".to_owned()
        }
        TrailField::Tags => "tags are missing or differ".to_owned(),
        TrailField::Arn => "the ARN differs from the spec".to_owned(),
    }
}

/// Returns the risk of a change: `Disruptive` if the trail records or delivers less than now.
fn risk(before: &Trail, after: &Trail) -> Risk {
    let loses = |before: bool, after: bool| before && !after;
    let is_less = loses(before.logging, after.logging)
        || loses(before.multi_region, after.multi_region)
        || loses(before.global_service_events, after.global_service_events)
        || loses(before.log_file_validation, after.log_file_validation)
        || loses(before.organization, after.organization)
        || after.cloudwatch_logs == Some(CloudWatchLogs::Off)
        || after.notification == Some(Notification::Off)
        || before.bucket != after.bucket
        || before.selectors != after.selectors;
    if is_less { Risk::Disruptive } else { Risk::Safe }
}

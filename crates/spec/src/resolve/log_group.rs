//! Resolves the log groups of trails.

use reconcile_policy::{AccountId, Arn, Region};

use super::Resolver;
use super::at_rest::KeyFacts;
use crate::desired::{AtRest, LogGroup, Site};
use crate::diagnostic::SourceSpan;
use crate::names::LogGroupName;
use crate::problems::Problems;
use crate::raw::{Located, RawCloudWatchLogs};

/// The retention periods of CloudWatch Logs, in days. See `PutRetentionPolicy` in its API
/// reference.
const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The log group of one trail of the spec, in each of its accounts.
pub(super) struct TrailLogGroup {
    place: SourceSpan,
    pub(super) name: LogGroupName,
    retention_days: Option<u32>,
    encryption: AtRest,
}

/// Resolves the log group of a trail whose home Region is `region`; `None` if there is a problem.
pub(super) fn resolve(
    raw: &Located<RawCloudWatchLogs>,
    region: Option<&Region>,
    key: &KeyFacts<'_>,
    problems: &mut Problems,
) -> Option<TrailLogGroup> {
    let RawCloudWatchLogs { log_group, retention_days, encryption, .. } = &raw.value;
    if let Some(days) = retention_days.as_ref().filter(|days| !RETENTION_DAYS.contains(&days.value)) {
        let known = RETENTION_DAYS.map(|days| days.to_string()).join(", ");
        let message = format!("CloudWatch Logs cannot keep events for {} days", days.value);
        problems.add(days.place, message, format!("use one of {known}"));
    }
    let name = problems.name(log_group, "");
    let encryption = encryption.as_ref().map(|it| key.resolve(it, "the log group", region, problems));
    Some(TrailLogGroup {
        place: raw.place,
        name: name?,
        retention_days: retention_days.as_ref().map(|days| days.value),
        encryption: encryption.unwrap_or(AtRest::Unmanaged),
    })
}

/// The ARN of a log group, with `end` after the name: CloudTrail names log groups with `:*`.
pub(super) fn arn(name: &LogGroupName, end: &str, site: &Site, id: &AccountId) -> Arn {
    let region = &site.region;
    let resource = format!("log-group:{name}{end}");
    Arn::new(region.partition(), "logs", region.as_str(), id.as_str(), &resource)
}

/// The log groups of all trails, each once.
#[derive(Default)]
pub(super) struct LogGroups(pub(super) Vec<LogGroup>);

impl LogGroups {
    /// Adds a log group with this ARN. All trails that deliver to the log group must declare the
    /// same settings for it.
    pub(super) fn add(
        &mut self,
        wanted: &TrailLogGroup,
        arn: &Arn,
        site: &Site,
        resolver: &Resolver<'_>,
        problems: &mut Problems,
    ) {
        let TrailLogGroup { place, name, retention_days, encryption } = wanted;
        let mut report = |setting: &str| {
            let account = &site.account;
            problems.add(
                *place,
                format!("log group `{name}` has two different values of `{setting}` in account `{account}`"),
                format!("set the same `{setting}` everywhere for this log group"),
            );
        };
        match self.0.iter().find(|it| it.arn == *arn) {
            Some(known) if known.retention_days != *retention_days => report("retention_days"),
            Some(known) if known.encryption != *encryption => report("encryption"),
            Some(_) => {}
            None => self.0.push(LogGroup {
                site: site.clone(),
                name: name.clone(),
                arn: arn.clone(),
                retention_days: *retention_days,
                encryption: *encryption,
                tags: resolver.tags.clone(),
            }),
        }
    }
}
